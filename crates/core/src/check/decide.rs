//! Branches that the type of a variable decides: `x is None`, `isinstance(x, int)`, `x == None`.
//!
//! Enters: a block of the flow graph. Leaves: the variable that its branch asks about, and where the branch goes for a type of
//! that variable. Inference narrows the variable behind the branch, and what is never reached gets no code.

use super::flow::{Arg, End, FlowBlock, StepKind, VarId};
use super::{function, instance, tuple};
use crate::ir::Constant;
use crate::ops::{self, Recipe};
use crate::types::{Type, TypeSet};

/// The variable whose type may decide the branch at the end of a block: it still holds there what the test was made on.
#[must_use]
pub fn tested(block: &FlowBlock) -> Option<VarId> {
    let End::Branch(Arg::Var(condition), ..) = block.end else { return None };
    let (variable, at) = subject(block, condition, block.steps.len())?;
    let unchanged = block.steps[at..].iter().all(|step| step.target != variable);
    unchanged.then_some(variable)
}

/// What the branch does if the variable has this type; `None` if its value decides.
#[must_use]
pub fn outcome(block: &FlowBlock, variable: VarId, one: Type) -> Option<bool> {
    let End::Branch(Arg::Var(condition), ..) = block.end else { return None };
    truth(block, condition, block.steps.len(), variable, one)
}

/// The types with which a variable gets to the one and to the other side of the branch.
#[must_use]
pub fn sides(block: &FlowBlock, variable: VarId, types: TypeSet) -> [TypeSet; 2] {
    // Nothing is known about tuples and arrays of which nothing is known.
    let others = if types.has_any() { types.compounds() } else { TypeSet::EMPTY };
    let with = |side: bool| {
        let members = types.iter().filter(|&one| outcome(block, variable, one) != Some(!side));
        members.map(TypeSet::of).fold(others, TypeSet::join)
    };
    [with(true), with(false)]
}

/// Where a variable is written in a block, before a step.
fn definition(block: &FlowBlock, variable: VarId, before: usize) -> Option<usize> {
    block.steps[..before].iter().rposition(|step| step.target == variable)
}

/// The one variable that a truth value is about, and the first step that reads it.
fn subject(block: &FlowBlock, value: VarId, before: usize) -> Option<(VarId, usize)> {
    let at = definition(block, value, before)?;
    match &block.steps[at].kind {
        StepKind::Copy(Arg::Var(source)) => subject(block, *source, at),
        StepKind::Op("truth." | "not", args) => {
            let source = args.first()?.var()?;
            subject(block, source, at).or_else(|| decides("truth.").then_some((source, at)))
        }
        StepKind::Op("|" | "&", args) => {
            let [left, right] = args.as_slice() else { return None };
            let (left, right) = (subject(block, left.var()?, at)?, subject(block, right.var()?, at)?);
            (left.0 == right.0).then_some((left.0, left.1.min(right.1)))
        }
        StepKind::Op(name, args) if decides(name) => {
            let mut variables = args.iter().filter_map(|arg| arg.var());
            let variable = variables.next()?;
            variables.next().is_none().then_some((variable, at))
        }
        StepKind::Copy(_)
        | StepKind::Keep(_)
        | StepKind::Tuple(_)
        | StepKind::Item(..)
        | StepKind::Place(..)
        | StepKind::Create(_)
        | StepKind::Function(_)
        | StepKind::Call(_)
        | StepKind::Hold(_)
        | StepKind::Op(..)
        | StepKind::Leave(_) => None,
    }
}

/// True if there are operands of an operation whose types alone decide it.
fn decides(name: &str) -> bool {
    let is_constant = |op: ops::OpId| matches!(op.row().recipe, Recipe::Constant(_));
    ops::overloads(name).any(is_constant) || instance::is_of_numpy(name)
}

fn truth(block: &FlowBlock, value: VarId, before: usize, variable: VarId, one: Type) -> Option<bool> {
    let at = definition(block, value, before)?;
    let of = |arg: &Arg| truth(block, arg.var()?, at, variable, one);
    match &block.steps[at].kind {
        StepKind::Copy(arg) => of(arg),
        StepKind::Op("not", args) => of(args.first()?).map(|truth| !truth),
        StepKind::Op("truth.", args) if args.first()?.var()? != variable => of(args.first()?),
        StepKind::Op("|", args) => Some(of(args.first()?)? | of(args.get(1)?)?),
        StepKind::Op("&", args) => Some(of(args.first()?)? & of(args.get(1)?)?),
        StepKind::Op(name, args) => {
            if let (Type::Tuple(_), false) = (one, instance::is_of_numpy(name)) {
                let constants = args.iter().map(|arg| match arg {
                    Arg::Constant(constant) => Some(*constant),
                    Arg::Var(_) => None,
                });
                let is_first = args.first()?.var() == Some(variable);
                return is_first.then(|| tuple::constant_answer(name, one.into(), &constants.collect::<Vec<_>>()))?;
            }
            let types = args.iter().map(|arg| match arg {
                Arg::Var(read) => (*read == variable).then_some(one),
                Arg::Constant(constant) => Some(constant.ty()),
            });
            let types = types.collect::<Option<Vec<_>>>()?;
            if let [one] = types.as_slice()
                && let Some(answer) = instance::answer(name, *one)
            {
                return Some(answer);
            }
            if function::is_among(&types) {
                return match function::answer(name, &types)? {
                    Constant::Bool(answer) => Some(answer),
                    _ => None,
                };
            }
            let row = ops::resolve(name, &types)?.row();
            match row.recipe {
                Recipe::Constant(value) => Some(value),
                _ => None,
            }
        }
        StepKind::Keep(_)
        | StepKind::Tuple(_)
        | StepKind::Item(..)
        | StepKind::Place(..)
        | StepKind::Create(_)
        | StepKind::Function(_)
        | StepKind::Call(_)
        | StepKind::Hold(_)
        | StepKind::Leave(_) => None,
    }
}

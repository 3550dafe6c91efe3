//! Operations on scalars: the row of the table, its operands converted, its exit.

use super::{Specialiser, State, Waiting};
use crate::check::choose::{Choice, choose, convert_constant};
use crate::check::flow::{Arg, EntryId, Step};
use crate::check::narrow::Need;
use crate::check::promote;
use crate::ir::{BlockId, Chain, Constant, Function, LocalId, Operand, Statement, Tree, Value};
use crate::ops::Recipe;
use crate::source::Span;
use crate::types::Type;

/// A scalar that is being worked with.
pub(super) type Scalar = (Operand, Type);

/// Where operations are emitted: a block, the types there, the exit and the place of the step.
pub(super) struct Site<'a> {
    pub block: BlockId,
    pub state: &'a State,
    pub entry: EntryId,
    pub span: Span,
}

impl Specialiser<'_> {
    /// Does an operation; false if it has no row or its row always leaves.
    pub(super) fn operation(&mut self, at: &mut Waiting, step: &Step, name: &str, args: &[Arg]) -> bool {
        // Every operand is read before anything is done.
        if args.iter().any(|&arg| self.types(arg, &at.state).contains(Type::Unbound)) {
            return false;
        }
        if name == "shortest." && args.iter().any(|&arg| matches!(self.operand(arg, &at.state), Tree::Array(..))) {
            return self.shortest(at, step, args);
        }
        if self.by_type(at, step, name, args) {
            return true;
        }
        if name == "is.same." {
            return self.same_object(at, step, args);
        }
        let mut operands = Vec::with_capacity(args.len());
        for &arg in args {
            let one = self.types(arg, &at.state).single();
            match (self.operand(arg, &at.state), one) {
                (_, None | Some(Type::Unbound)) => return false,
                (Tree::Leaf(operand), Some(one)) => operands.push((operand, one)),
                (Tree::Tuple(_), Some(_)) => return self.on_tuples(at, step, name, args),
                (Tree::Array(..), Some(_)) => return self.on_arrays(at, step, name, args),
                (Tree::Function(_), Some(_)) => return self.on_functions(at, step, name, args),
            }
        }
        if let ("lengths.", [(length, one)]) = (name, operands.as_slice()) {
            return self.one_length(at, step, (*length, *one));
        }
        let need = self.narrow.need(step.target);
        let low = match need {
            Need::Low => true,
            Need::Remainder(number) => self.is_of_ints(number, &at.state),
            Need::All | Need::Wide => false,
        };
        let known = operands.iter().map(|&(operand, one)| (one, constant(operand))).collect::<Vec<_>>();
        let Some(choice) = choose(name, &known, low) else { return false };
        let result = choice.op.row().result;
        let target = self.leaf(step.target, &Vec::new(), result.into());
        let site = Site { block: at.block, state: &at.state, entry: step.entry, span: step.span };
        if !self.emit(&site, choice, &operands, target) {
            return false;
        }
        let chain = self.chain(choice.op.row().recipe, need);
        if let Some(last) = self.function.blocks[at.block.0 as usize].statements.last_mut() {
            last.chain = chain;
        }
        at.state.insert(step.target, result.into());
        true
    }

    /// A row on operands of known types, into a local of its own.
    pub(super) fn compute(&mut self, site: &Site<'_>, name: &str, operands: &[Scalar]) -> Option<Scalar> {
        let known = operands.iter().map(|&(operand, one)| (one, constant(operand))).collect::<Vec<_>>();
        let choice = choose(name, &known, false)?;
        let result = choice.op.row().result;
        let target = self.intermediate(result);
        self.emit(site, choice, operands, target).then_some((Operand::Local(target), result))
    }

    /// Writes what a row gives; false if a constant has no form of the parameter's type.
    fn emit(&mut self, site: &Site<'_>, choice: Choice, operands: &[Scalar], target: LocalId) -> bool {
        let row = choice.op.row();
        if row.recipe == Recipe::Leave {
            return false;
        }
        let mut args = Vec::with_capacity(row.params.len());
        for (at, &param) in row.params.iter().enumerate() {
            if let Some((place, constant)) = choice.constant
                && place == at
            {
                args.push(Operand::Constant(constant));
                continue;
            }
            let Some(&(operand, one)) = operands.get(at) else { return false };
            let Some(converted) = self.converted(site, operand, one, param) else { return false };
            args.push(converted);
        }
        let exit = row.leaves().then(|| self.exit(site.entry, site.state));
        self.push(site.block, target, Value::Op { op: choice.op, args, exit }, site.span);
        true
    }

    /// An operand as a row takes it.
    fn converted(&mut self, site: &Site<'_>, operand: Operand, one: Type, param: Type) -> Option<Operand> {
        match operand {
            _ if one == param => Some(operand),
            _ if matches!(one, Type::Scalar(_)) || matches!(param, Type::Scalar(_)) => {
                let op = promote::conversion((one, constant(operand)), param)?;
                let target = self.intermediate(op.row().result);
                let choice = Choice { op, constant: None };
                self.emit(site, choice, &[(operand, one)], target).then_some(Operand::Local(target))
            }
            Operand::Constant(constant) if param == Type::Low => {
                let constant = low_constant(constant).map(Operand::Constant)?;
                Some(self.convert(site, constant, param))
            }
            Operand::Constant(constant) => convert_constant(constant, param).map(Operand::Constant),
            // An int that is negative has no form without a sign.
            Operand::Local(_) if (one, param) == (Type::Int, Type::Nat) => {
                self.compute(site, "nat.", &[(operand, one)]).map(|(operand, _)| operand)
            }
            Operand::Local(_) if (one, param) == (Type::Nat, Type::Int) => {
                self.compute(site, "fit.", &[(operand, one)]).map(|(operand, _)| operand)
            }
            Operand::Local(_) => Some(self.convert(site, operand, param)),
        }
    }

    fn convert(&mut self, site: &Site<'_>, operand: Operand, to: Type) -> Operand {
        let target = self.intermediate(to);
        self.push(site.block, target, Value::Convert(operand), site.span);
        Operand::Local(target)
    }

    /// True if everything that the intermediates of a remainder are computed from is known to be an int.
    fn is_of_ints(&self, remainder: u32, state: &State) -> bool {
        self.narrow.leaves(remainder).iter().all(|variable| {
            let types = state.get(variable).copied().unwrap_or_default();
            matches!(types.single(), Some(Type::Bool | Type::Int | Type::Nat | Type::Low))
        })
    }

    /// The place of a statement in a chain that may be done in 128 bits.
    fn chain(&self, recipe: Recipe, need: Need) -> Chain {
        match recipe {
            Recipe::AddInt | Recipe::SubInt | Recipe::MulInt if need == Need::Wide => Chain::Part,
            Recipe::ModInt | Recipe::FloorDivInt | Recipe::ShrInt => Chain::End,
            _ => Chain::Alone,
        }
    }
}

fn constant(operand: Operand) -> Option<Constant> {
    match operand {
        Operand::Constant(constant) => Some(constant),
        Operand::Local(_) => None,
    }
}

/// A constant whose low 64 bits can be taken.
fn low_constant(constant: Constant) -> Option<Constant> {
    match constant {
        Constant::Bool(_) | Constant::Int(_) | Constant::Nat(_) => Some(constant),
        Constant::None | Constant::Float(_) | Constant::Complex(..) => None,
    }
}

/// Settles which statements of a block are chains: an end, and in one row before it the parts that it is computed from, with
/// the conversions of bools between them. Nothing else reads what they write: it is not there if they are done in 128 bits.
/// Others are statements of their own.
pub(super) fn settle_chains(function: &Function, statements: &mut [Statement]) {
    let wanted = statements.iter_mut().map(|one| std::mem::take(&mut one.chain)).collect::<Vec<_>>();
    let reads = |value: &Value| value.operands().into_iter().filter_map(Operand::local).collect::<Vec<_>>();
    let converts_bool = |one: &Statement| {
        let from = match one.value {
            Value::Convert(operand) => function.types(operand).single(),
            Value::Op { .. } | Value::Create(_) | Value::Call(_) | Value::Given(_) => None,
        };
        from == Some(Type::Bool) && function.local(one.target).types.single() == Some(Type::Int)
    };
    for end in (0..statements.len()).filter(|&at| wanted[at] == Chain::End) {
        let mut needed = reads(&statements[end].value);
        let mut first = end;
        while let Some(before) = first.checked_sub(1) {
            let one = &statements[before];
            // Names of the source are there for exits, too.
            let is_temporary = function.local(one.target).name.starts_with('.');
            let belongs = is_temporary && (wanted[before] == Chain::Part || converts_bool(one));
            if !belongs || one.chain != Chain::Alone || !needed.contains(&one.target) {
                break;
            }
            needed.extend(reads(&one.value));
            first = before;
        }
        let divided = match &statements[end].value {
            Value::Op { args, .. } => args.first().and_then(|arg| arg.local()),
            Value::Convert(_) | Value::Create(_) | Value::Call(_) | Value::Given(_) => None,
        };
        let is_part = |at: usize| wanted[at] == Chain::Part && Some(statements[at].target) == divided;
        if (first..end).any(is_part) {
            statements[first..end].iter_mut().for_each(|one| one.chain = Chain::Part);
            statements[end].chain = Chain::End;
        }
    }
}

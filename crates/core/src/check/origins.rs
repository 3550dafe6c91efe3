//! Which parameters' very objects a variable may hold.
//!
//! Copies, tuples and their elements give an object on: whatever is computed is a new one. What compiled code gives back, to the caller or to the
//! interpreter at an exit, must be the same object where CPython has the same object.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::flow::{Arg, Call, End, Flow, Item, StepKind, VarId};
use crate::ir::Constant;
use crate::ops;
use crate::types::Type;

/// For each variable, the parameters whose object it may hold, by their place in `parameters`.
#[derive(Debug)]
pub struct Origins(HashMap<VarId, Vec<u32>>);

impl Origins {
    /// Follows the copies.
    #[must_use]
    pub fn of(
        flow: &Flow,
        parameters: impl Iterator<Item = (VarId, Type)>,
        given_back: &dyn Fn(&Call) -> Vec<usize>,
    ) -> Self {
        let copies = flow.blocks.iter().flat_map(|block| &block.steps).flat_map(|step| {
            let objects;
            let sources = match &step.kind {
                StepKind::Copy(source) | StepKind::Keep(source) => std::slice::from_ref(source),
                StepKind::Tuple(sources) => sources,
                StepKind::Op(name, args) if ops::may_give_operand(name, args.len()) => &args[..1],
                // An element, or the whole.
                StepKind::Op("[]" | "unpack." | "unpack.star." | "at." | "over." | "min" | "max" | "tuple", args) => {
                    &args[..1]
                }
                // A slice of a tuple may be the whole, which is the tuple itself; one with another step is a new tuple.
                StepKind::Item(source, items) if is_run(items) => std::slice::from_ref(source),
                StepKind::Call(call) => {
                    let args = call.args.iter().copied().chain(call.keywords.iter().map(|&(_, arg)| arg));
                    let all = args.chain(call.cells.iter().map(|&(_, here)| Arg::Var(here))).collect::<Vec<_>>();
                    objects = given_back(call).into_iter().map(|at| all[at]).collect::<Vec<_>>();
                    &objects
                }
                StepKind::Item(..)
                | StepKind::Place(..)
                | StepKind::Hold(_)
                | StepKind::Create(_)
                | StepKind::Function(_)
                | StepKind::Op(..)
                | StepKind::Leave(_) => &[],
            };
            // The real part of a scalar of NumPy is the scalar; whatever else is computed of it is another one.
            let of_scalars = match &step.kind {
                StepKind::Op(name, args) if ops::may_give_operand(name, args.len()) => {
                    matches!(*name, ".real" | ".numerator")
                }
                _ => true,
            };
            let sources = sources.iter().filter_map(|source| source.var()).collect::<Vec<_>>();
            sources.into_iter().map(move |source| (source, step.target, of_scalars))
        });
        let mut targets = HashMap::<VarId, Vec<(VarId, bool)>>::new();
        copies.for_each(|(source, target, of_scalars)| targets.entry(source).or_default().push((target, of_scalars)));
        let mut origins = HashMap::<VarId, Vec<u32>>::new();
        for (parameter, (variable, one)) in (0..).zip(parameters) {
            let is_scalar = matches!(one, Type::Scalar(_));
            let mut waiting = vec![variable];
            while let Some(variable) = waiting.pop() {
                let known = origins.entry(variable).or_default();
                if known.last() != Some(&parameter) {
                    known.push(parameter);
                    let followed = targets.get(&variable).into_iter().flatten();
                    waiting
                        .extend(followed.filter(|(_, of_scalars)| *of_scalars || !is_scalar).map(|(target, _)| target));
                }
            }
        }
        Self(origins)
    }

    /// Parameters whose object a `return` may give back.
    #[must_use]
    pub fn returned(&self, flow: &Flow) -> Vec<u32> {
        let ends = flow.blocks.iter().filter_map(|block| match block.end {
            End::Return(arg, ..) => arg.var(),
            End::Jump(_) | End::Branch(..) => None,
        });
        let all = ends.filter_map(|variable| self.0.get(&variable)).flatten().copied().collect::<BTreeSet<_>>();
        all.into_iter().collect()
    }

    /// The same by the names of what a continuation knows.
    #[must_use]
    pub fn named(self, flow: &Flow) -> BTreeMap<String, Vec<u32>> {
        let variable = |id: VarId| &flow.variables[id.0 as usize];
        let in_frame = self.0.into_iter().filter(|(id, _)| variable(*id).in_frame);
        in_frame.map(|(id, origins)| (variable(id).name.clone(), origins)).collect()
    }
}

/// True for one slice without a step, or with step 1.
fn is_run(items: &[Item]) -> bool {
    matches!(items, [Item::Slice([_, _, Arg::Constant(Constant::None | Constant::Int(1) | Constant::Bool(true))])])
}

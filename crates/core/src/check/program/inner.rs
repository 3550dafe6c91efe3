//! Functions within functions among the instances of a program.
//!
//! Enters: the types of such functions as a call has them for operands, and what it may hand down of the function around them. Leaves:
//! the functions as they are handed on, which tell the types of their cells.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::{Body, Calls, Instance, Known, Program};
use crate::check::flow::{Call, Lent};
use crate::ir::Options;
use crate::outside::FunctionKey;
use crate::types::{FunctionType, FunctionValue, LocalFunction, Type, TypeSet};

/// The functions within functions by their keys, with what they want, as the function around them does.
pub(super) type Inners = BTreeMap<FunctionKey, (Arc<Body>, Option<Options>)>;

/// The instances whose hidden arguments an instance hands down. Cells are its own affair where it, or one on the way, has them.
pub(super) fn below(instances: &[Rc<Instance>], at: usize) -> Vec<usize> {
    // What is reached without going through a function that has these cells itself.
    let reach = |cells: Option<FunctionKey>| {
        let has_them = |one: usize| cells.is_some() && instances[one].body.flow.cells_key == cells;
        let (mut reached, mut waiting) = (BTreeSet::new(), vec![at]);
        while let Some(from) = waiting.pop() {
            if has_them(from) {
                continue;
            }
            let called = instances.iter().enumerate().filter(|(_, one)| one.callers.borrow().contains(&from));
            waiting.extend(called.map(|(to, _)| to).filter(|&to| reached.insert(to)));
        }
        reached
    };
    let reached = reach(None);
    let owners = reached.iter().filter_map(|&one| instances[one].body.flow.owner).collect::<BTreeSet<_>>();
    let plain = reached.iter().filter(|&&one| instances[one].body.flow.owner.is_none()).copied();
    let within = owners.into_iter().flat_map(|owner| {
        let reached = reach(Some(owner)).into_iter();
        reached.filter(|&one| instances[one].body.flow.owner == Some(owner)).collect::<Vec<_>>()
    });
    plain.chain(within).collect()
}

impl Program<'_> {
    /// A function within a function, as it was handed on.
    pub(super) fn known_local(&self, local: &LocalFunction) -> Option<Known> {
        let (body, options) = self.inner.borrow().get(&local.callee.key)?.clone();
        Some(Known {
            defaults: vec![None; body.flow.parameters.len()],
            body,
            hidden: local.cells.clone()?,
            options: Some(options?),
            in_place: true,
        })
    }
}

impl Calls<'_> {
    /// The operands of a call without the cells; functions within functions as they are handed on. `None` if something that they need has
    /// no value, or if one stands in a tuple.
    pub(super) fn handed_on(&self, call: &Call, operands: &[Type]) -> Option<Vec<Type>> {
        let (operands, cells) = operands.split_at(operands.len().checked_sub(call.cells.len())?);
        let lent = call.cells.iter().zip(cells).map(|(lent, &one)| (*lent, one)).collect::<Vec<_>>();
        operands.iter().map(|&one| self.as_handed_on(one, &lent)).collect()
    }

    /// A value as it is handed on, among what functions within functions have here.
    fn as_handed_on(&self, one: Type, lent: &[(Lent, Type)]) -> Option<Type> {
        let Type::Function(function) = one else { return (!is_in_tuple(one)).then_some(one) };
        let Some(local) = function.as_local().filter(|local| local.cells.is_none()) else { return Some(one) };
        let (body, _) = self.program.inner.borrow().get(&local.callee.key)?.clone();
        let types = body.flow.hidden.iter().map(|hidden| {
            let outer = hidden.cell?.outer;
            let is_it = |(lent, _): &&(Lent, Type)| body.flow.owner == Some(lent.of) && lent.outer == outer;
            let found = lent.iter().find(is_it)?.1;
            // Only the functions of the same one around are at hand there, too.
            let found =
                if self.is_of_another(found, body.flow.owner) { self.as_handed_on(found, lent)? } else { found };
            (found != Type::Unbound && !is_in_tuple(found)).then_some(found)
        });
        let cells = Some(types.collect::<Option<Vec<_>>>()?);
        let local = LocalFunction { cells, ..local.clone() };
        Some(Type::Function(FunctionType::new(FunctionValue::Local(local))))
    }

    /// True for a function within another function than the one with this key.
    fn is_of_another(&self, one: Type, owner: Option<FunctionKey>) -> bool {
        let Type::Function(function) = one else { return false };
        function.as_local().is_some_and(|local| self.owner(local) != owner)
    }

    /// The function around a function, by the key of its cells.
    fn owner(&self, local: &LocalFunction) -> Option<FunctionKey> {
        self.program.inner.borrow().get(&local.callee.key).and_then(|(body, _)| body.flow.owner)
    }

    /// True if this may hold a function that the function with these cells has made: whoever gets it has none of them.
    pub(super) fn has_made(&self, cells: FunctionKey, types: TypeSet) -> bool {
        types.iter().any(|one| match one {
            Type::Function(function) => function.as_local().is_some_and(|local| self.owner(local) == Some(cells)),
            _ => one.has_local_functions(),
        })
    }

    /// The cells whose very object functions within a function may give back, however a call leads to them; their places are behind those
    /// of the arguments.
    pub(super) fn cells_given_back(&self, call: &Call) -> Vec<(usize, bool)> {
        let instances = self.program.instances.borrow();
        let within = instances.iter().filter_map(|one| Some((one, one.body.flow.owner?)));
        let outer = within.flat_map(|(one, owner)| {
            let flow = &one.body.flow;
            let hidden = |at: u32| flow.hidden.get((at as usize).checked_sub(flow.parameters.len())?);
            let returned = one.returned.borrow();
            let outer =
                returned.iter().filter_map(|one| Some((owner, hidden(one.parameter)?.cell?.outer, one.is_whole)));
            outer.collect::<Vec<_>>()
        });
        let outer = outer.collect::<BTreeSet<_>>();
        let first = call.args.len() + call.keywords.len();
        let found = outer.into_iter().filter_map(|(owner, outer, is_whole)| {
            let at = call.cells.iter().position(|one| (one.of, one.outer) == (owner, outer))?;
            Some((first + at, is_whole))
        });
        found.collect()
    }
}

fn is_in_tuple(one: Type) -> bool {
    matches!(one, Type::Tuple(_)) && one.has_local_functions()
}

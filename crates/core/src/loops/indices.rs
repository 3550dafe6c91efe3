//! Conversions of floats to ints of which nothing but indices is made.
//!
//! The processor gives the least int for what does not fit, which is no index of any array: the test of the index is one of the conversion,
//! too. Enters: a function. Leaves: the places of such conversions. Needs no LLVM.

use std::collections::{HashMap, HashSet};

use super::plan::Place;
use crate::ir::{BlockId, ExitId, Function, LocalId, Operand, Statement, Terminator, Value};
use crate::ops::{Element, Recipe};
use crate::types::{Dtype, Type};

/// Finds them: something reads one, and all that does stands behind it in its block, is an index, and leaves where it would leave itself.
#[must_use]
pub fn only_indices(function: &Function) -> HashSet<Place> {
    let places = || {
        let blocks = function.blocks.iter().enumerate();
        blocks.flat_map(|(at, block)| {
            (0..).zip(&block.statements).map(move |(place, one)| ((BlockId(at as u32), place), one))
        })
    };
    let mut made = HashMap::<LocalId, (Place, ExitId)>::new();
    for (place, statement) in places() {
        if let Some(exit) = converts(statement) {
            made.insert(statement.target, (place, exit));
        }
    }
    if made.is_empty() {
        return HashSet::new();
    }
    let mut read = HashSet::new();
    for (place, statement) in places() {
        // What is written elsewhere, too, is not followed.
        if made.get(&statement.target).is_some_and(|(own, _)| *own != place) {
            made.remove(&statement.target);
        }
        for (at, operand) in statement.value.operands().into_iter().enumerate() {
            let Some(local) = operand.local() else { continue };
            let is_index = |&((block, before), exit): &(Place, ExitId)| {
                at == 0 && block == place.0 && before < place.1 && indexes(statement) == Some(exit)
            };
            match made.get(&local).map(is_index) {
                Some(true) => {
                    read.insert(local);
                }
                Some(false) => {
                    made.remove(&local);
                }
                None => {}
            }
        }
    }
    let ends = function.blocks.iter().flat_map(|block| match &block.terminator {
        Terminator::Branch { condition, .. } => condition.local().into_iter().collect(),
        Terminator::Return(value) => value.leaves().into_iter().filter_map(Operand::local).collect(),
        Terminator::Switch { subject, .. } => vec![*subject],
        Terminator::Jump(_) | Terminator::Leave(_) => Vec::new(),
    });
    let live = function.exits.iter().flat_map(|exit| &exit.live).flat_map(|live| live.value.leaves());
    for local in ends.chain(live) {
        made.remove(&local);
    }
    made.into_iter().filter(|(local, _)| read.contains(local)).map(|(_, (place, _))| place).collect()
}

/// The exit of a conversion of a float to a 64-bit int.
fn converts(statement: &Statement) -> Option<ExitId> {
    let Value::Op { op, exit, .. } = &statement.value else { return None };
    let row = op.row();
    let is_float = matches!(row.params, [Type::Float | Type::Scalar(Dtype::Float32 | Dtype::Float64)]);
    let cuts_off = matches!(row.recipe, Recipe::ToInt(_) | Recipe::Scalar(Element::Fit));
    exit.filter(|_| is_float && cuts_off && row.result == Type::Int)
}

/// The exit of the test of an index.
fn indexes(statement: &Statement) -> Option<ExitId> {
    match &statement.value {
        Value::Op { op, exit, .. } if op.row().recipe == Recipe::Index => *exit,
        Value::Op { .. } | Value::Convert(_) | Value::Create(_) | Value::Call(_) | Value::Given(_) => None,
    }
}

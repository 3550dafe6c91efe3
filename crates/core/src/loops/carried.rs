//! What a turn of an innermost loop leaves to the next one.

use std::collections::{HashMap, HashSet};

use fixedbitset::FixedBitSet;

use super::overlap::Turn;
use super::ranges::is_int;
use super::{cost, statements};
use crate::ir::{BlockId, Function, LocalId, Operand, Statement, Value};
use crate::ops::Recipe;
use crate::types::{Dtype, Type};

/// The ints that a turn writes and may read before that.
pub(super) fn carried(function: &Function, header: BlockId, order: &[BlockId]) -> HashSet<LocalId> {
    let mut found = all_carried(function, header, order);
    found.retain(|&local| is_int(function, local));
    found
}

/// True if a turn computes something from what the last one has made of it, other than a sum: then turns wait for each other, and
/// to write out several of them wins nothing.
#[must_use]
pub fn recurs(function: &Function, header: BlockId, blocks: &[BlockId]) -> bool {
    let Some(order) = super::order(function, header, blocks) else { return true };
    let carried = all_carried(function, header, &order);
    statements(function, &order).any(|statement| carried.contains(&statement.target) && !adds(statement))
}

/// What costs less than this is over before floats that are added in order have been added, and pays no vector that has to be gathered.
const DEAR: u64 = 8;

/// True if turns do little but add floats to what they carry, in a local or in one element: each addition waits for the last one, whether
/// the rest is done in vectors or not.
#[must_use]
pub fn only_adds_floats(
    function: &Function,
    header: BlockId,
    blocks: &[BlockId],
    counter: Option<&super::Counter>,
) -> bool {
    let Some(order) = super::order(function, header, blocks) else { return false };
    let is_float = |ty: Option<Type>| matches!(ty, Some(Type::Float | Type::Scalar(Dtype::Float32 | Dtype::Float64)));
    let mut carried = all_carried(function, header, &order);
    carried.retain(|&local| is_float(function.local(local).types.single()));
    let stores_float = |statement: &Statement| match &statement.value {
        Value::Op { op, .. } if op.row().recipe == Recipe::Store => is_float(op.row().params.get(1).copied()),
        Value::Op { .. } | Value::Convert(_) | Value::Create(_) | Value::Call(_) | Value::Given(_) => false,
    };
    // All turns write the same element.
    let to_one = counter.is_some_and(|counter| {
        let turn = Turn::new(function, blocks, counter);
        let is_fixed = |place| turn.address(place).is_some_and(|made| Turn::is_fixed(&made));
        order.iter().any(|&block| {
            let statements = function.block(block).statements.iter().enumerate();
            statements.filter(|(_, one)| stores_float(one)).any(|(at, _)| is_fixed((block, at)))
        })
    });
    let adds = statements(function, &order).any(|statement| carried.contains(&statement.target));
    (adds || to_one) && is_cheap(function, header, blocks)
}

/// True if no statement of a turn is dear: the time goes to reading, adding and writing.
#[must_use]
pub fn is_cheap(function: &Function, header: BlockId, blocks: &[BlockId]) -> bool {
    let order = super::order(function, header, blocks);
    order.is_some_and(|order| statements(function, &order).all(|statement| cost(&statement.value) < DEAR))
}

/// True of a statement that adds to its target.
fn adds(statement: &Statement) -> bool {
    let Value::Op { op, args, .. } = &statement.value else { return false };
    let own = |at: usize| args.get(at) == Some(&Operand::Local(statement.target));
    match op.row().recipe {
        Recipe::AddInt | Recipe::WrappingAdd | Recipe::AddFloat => own(0) || own(1),
        Recipe::SubInt | Recipe::SubFloat | Recipe::StepUp | Recipe::StepDown => own(0),
        _ => false,
    }
}

/// What a turn writes and may read before that.
fn all_carried(function: &Function, header: BlockId, order: &[BlockId]) -> HashSet<LocalId> {
    let count = function.locals.len();
    let written_here = statements(function, order).map(|statement| statement.target).collect::<HashSet<_>>();
    let mut found = HashSet::new();
    let mut before = HashMap::from([(header, FixedBitSet::with_capacity(count))]);
    for &block in order {
        let Some(mut written) = before.get(&block).cloned() else { continue };
        let mut read = |written: &FixedBitSet, operand: Operand| {
            if let Some(local) = operand.local()
                && written_here.contains(&local)
                && !written.contains(local.0 as usize)
            {
                found.insert(local);
            }
        };
        for statement in &function.block(block).statements {
            operands(statement).iter().for_each(|&operand| read(&written, operand));
            written.insert(statement.target.0 as usize);
        }
        for to in function.block(block).terminator.successors() {
            if to != header && order.contains(&to) {
                before.entry(to).and_modify(|known| known.intersect_with(&written)).or_insert_with(|| written.clone());
            }
        }
    }
    found
}

fn operands(statement: &Statement) -> Vec<Operand> {
    statement.value.operands()
}

/// The locals that a turn may read after it has written them.
pub(super) fn unsettled(function: &Function, header: BlockId, order: &[BlockId]) -> HashSet<LocalId> {
    let mut found = HashSet::new();
    let mut before = HashMap::<BlockId, HashSet<LocalId>>::new();
    for &block in order {
        let mut written = before.get(&block).cloned().unwrap_or_default();
        for statement in &function.block(block).statements {
            found.extend(operands(statement).iter().filter_map(|one| one.local()).filter(|one| written.contains(one)));
            written.insert(statement.target);
        }
        for to in function.block(block).terminator.successors() {
            if to != header && order.contains(&to) {
                before.entry(to).or_default().extend(&written);
            }
        }
    }
    found
}

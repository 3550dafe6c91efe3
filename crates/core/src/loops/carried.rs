//! What a turn of an innermost loop leaves to the next one.

use std::collections::{HashMap, HashSet};

use fixedbitset::FixedBitSet;

use super::ranges::is_int;
use super::statements;
use crate::ir::{BlockId, Function, LocalId, Operand, Statement};

/// The ints that a turn writes and may read before that.
pub(super) fn carried(function: &Function, header: BlockId, order: &[BlockId]) -> HashSet<LocalId> {
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
                && is_int(function, local)
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

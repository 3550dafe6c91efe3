//! Branches that keep a place which the next test reads from: `if a[i] > a[best]: best = i`.
//!
//! Enters: an innermost loop. Leaves: the blocks that end in such a branch, and which way sets the place. Without the branch, each turn
//! waits for the last one to select the place and to read there, three times as long as a turn takes that goes ahead; and what
//! is the best of many so far changes seldom. Needs no LLVM.

use std::collections::{HashMap, HashSet};

use super::{Shape, statements};
use crate::ir::{BlockId, Function, LocalId, Operand, Statement, Terminator, Value};
use crate::ops::Recipe;

/// The branches; true where the way to set the place is taken when the condition holds.
#[must_use]
pub fn seldom(function: &Function, shape: &Shape) -> HashMap<BlockId, bool> {
    let mut found = HashMap::new();
    if !shape.innermost || !shape.repeats {
        return found;
    }
    for &branch in &shape.blocks {
        let block = function.block(branch);
        let Terminator::Branch { condition: Operand::Local(tested), then_block, else_block } = block.terminator else {
            continue;
        };
        let sets = |way: BlockId, other: BlockId| {
            let only_sets = shape.blocks.contains(&way) && function.block(way).statements.iter().all(copies);
            let meets = function.block(way).terminator.successors() == [other];
            if only_sets && meets {
                function.block(way).statements.iter().map(|one| one.target).collect()
            } else {
                Vec::new()
            }
        };
        let (then, other) = (sets(then_block, else_block), sets(else_block, then_block));
        if then.is_empty() && other.is_empty() {
            continue;
        }
        let places = places_read(function, shape, tested);
        let is_place = |one: &LocalId| places.contains(one);
        if then.iter().any(is_place) {
            found.insert(branch, true);
        } else if other.iter().any(is_place) {
            found.insert(branch, false);
        }
    }
    found
}

/// The locals of which an address is made that a value is read from, in a turn.
fn places_read(function: &Function, shape: &Shape, value: LocalId) -> HashSet<LocalId> {
    let (mut seen, mut open, mut places) = (HashSet::new(), vec![(value, false)], HashSet::new());
    while let Some((local, is_place)) = open.pop() {
        if !seen.insert((local, is_place)) {
            continue;
        }
        if is_place {
            places.insert(local);
        }
        for one in statements(function, &shape.blocks).filter(|one| one.target == local) {
            let reads = matches!(&one.value, Value::Op { op, .. } if op.row().recipe == Recipe::Load);
            open.extend(
                one.value.operands().iter().filter_map(|one| one.local()).map(|from| (from, is_place || reads)),
            );
        }
    }
    places
}

fn copies(statement: &Statement) -> bool {
    match &statement.value {
        Value::Convert(_) => true,
        Value::Op { op, .. } => op.row().recipe == Recipe::Same,
        Value::Create(_) | Value::Call(_) | Value::Given(_) => false,
    }
}

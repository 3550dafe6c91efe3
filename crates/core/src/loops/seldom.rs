//! Branches that keep the best of many: `if a[i] > a[best]: best = i`, and `if d < least: least = d; at = i`.
//!
//! Enters: an innermost loop. Leaves: the blocks that end in such a branch, and which way keeps another one. The best of so many
//! changes seldom. Without the branch, each turn waits for the last one to select a place and to read there, or to select two values by
//! what it has selected, which takes two to ten times as long; of the least value alone, without its place, LLVM makes vectors. Needs
//! no LLVM.

use std::collections::{HashMap, HashSet};

use super::{Shape, statements};
use crate::ir::{BlockId, Function, LocalId, Operand, Statement, Terminator, Value};
use crate::ops::Recipe;

/// The branches; true where another one is kept when the condition holds.
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
        let keeps = |way: BlockId, other: BlockId| {
            let kept = shape.blocks.contains(&way).then(|| kept(function, way, other)).flatten();
            kept.is_some_and(|kept| is_best(function, shape, tested, &kept))
        };
        if keeps(then_block, else_block) {
            found.insert(branch, true);
        } else if keeps(else_block, then_block) {
            found.insert(branch, false);
        }
    }
    found
}

/// The names that a way sets which does nothing else, and comes to where the other one is.
fn kept(function: &Function, way: BlockId, other: BlockId) -> Option<Vec<LocalId>> {
    let block = function.block(way);
    if block.terminator.successors() != [other] || !block.statements.iter().all(keeps) {
        return None;
    }
    let targets = block.statements.iter().map(|one| one.target);
    Some(targets.filter(|&one| !function.local(one).name.starts_with('.')).collect())
}

/// True if the test reads from where a kept name says, or compares one of several with something that is not kept.
fn is_best(function: &Function, shape: &Shape, tested: LocalId, kept: &[LocalId]) -> bool {
    if kept.is_empty() {
        return false;
    }
    let (mut seen, mut open) = (HashSet::new(), vec![(tested, false)]);
    while let Some((local, is_place)) = open.pop() {
        if !seen.insert((local, is_place)) {
            continue;
        }
        for one in statements(function, &shape.blocks).filter(|one| one.target == local) {
            let is_place = is_place || is_load(&one.value);
            open.extend(one.value.operands().iter().filter_map(|one| one.local()).map(|from| (from, is_place)));
        }
    }
    let compared = kept.iter().filter(|&&one| seen.contains(&(one, false))).count();
    kept.iter().any(|&one| seen.contains(&(one, true))) || compared == 1 && kept.len() > 1
}

fn keeps(statement: &Statement) -> bool {
    match &statement.value {
        Value::Convert(_) => true,
        Value::Op { op, .. } => {
            let is_address = matches!(
                op.row().recipe,
                Recipe::Same | Recipe::Index | Recipe::Bound | Recipe::MulKnown | Recipe::AddKnown | Recipe::Locate
            );
            is_address || is_load(&statement.value)
        }
        Value::Create(_) | Value::Call(_) | Value::Given(_) => false,
    }
}

fn is_load(value: &Value) -> bool {
    matches!(value, Value::Op { op, .. } if op.row().recipe == Recipe::Load)
}

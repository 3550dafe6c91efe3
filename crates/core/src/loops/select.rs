//! Branches of proven turns that can be done both ways.
//!
//! Enters: an innermost loop and its [`Plan`]. Leaves: a [`Region`] for each branch behind which there is little to do that cannot leave,
//! loads of elements that are proven to be there among it, before its ways meet again. Lowering does all of a region and selects, so
//! that LLVM, which does not know that the loads may be done, finds turns without branches. Needs no LLVM.

use std::collections::{HashMap, HashSet};

use super::plan::Plan;
use super::{cost, order};
use crate::ir::{BlockId, Chain, Function, LocalId, Operand, Statement, Terminator, Value};
use crate::ops::Recipe;
use crate::types::Type;

/// What is done in place of a branch.
#[derive(Clone, Debug)]
pub struct Region {
    /// The blocks, each behind those before it.
    pub blocks: Vec<BlockId>,
    /// Where control goes then.
    pub join: BlockId,
}

/// A region costs no more than this.
const MOST: u64 = 16;

/// The regions of a loop, by the block that branches.
#[must_use]
pub fn regions(
    function: &Function,
    (header, own): (BlockId, &[BlockId]),
    plan: &Plan,
    seldom: &HashMap<BlockId, bool>,
) -> HashMap<BlockId, Region> {
    let mut found = HashMap::<BlockId, Region>::new();
    let Some(order) = order(function, header, own) else { return found };
    let mut before = HashMap::<BlockId, Vec<BlockId>>::new();
    for (at, block) in function.blocks.iter().enumerate() {
        for to in block.terminator.successors() {
            before.entry(to).or_default().push(BlockId(at as u32));
        }
    }
    let mut taken = HashSet::new();
    for &branch in &order {
        let is_branch = matches!(function.block(branch).terminator, Terminator::Branch { .. });
        if branch == header || taken.contains(&branch) || !is_branch || seldom.contains_key(&branch) {
            continue;
        }
        let Some(region) = region(function, (header, branch), &order, &before, plan) else { continue };
        taken.extend(region.blocks.iter().copied());
        found.insert(branch, region);
    }
    found
}

fn region(
    function: &Function,
    (header, branch): (BlockId, BlockId),
    order: &[BlockId],
    before: &HashMap<BlockId, Vec<BlockId>>,
    plan: &Plan,
) -> Option<Region> {
    let mut blocks = Vec::<BlockId>::new();
    for &block in order.iter().filter(|&&block| block != header && block != branch) {
        let from_inside = |from: &BlockId| *from == branch || blocks.contains(from);
        if before.get(&block).is_some_and(|all| all.iter().all(from_inside)) && can_be_done(function, block, plan) {
            blocks.push(block);
        }
    }
    let statements = || blocks.iter().flat_map(|&block| &function.block(block).statements);
    let mut joins = blocks.iter().chain([&branch]).flat_map(|&block| function.block(block).terminator.successors());
    let join = joins.find(|to| !blocks.contains(to))?;
    let loads = statements().any(|one| matches!(&one.value, Value::Op { op, .. } if op.row().recipe == Recipe::Load));
    let meets = joins.all(|to| to == join || blocks.contains(&to)) && order.contains(&join);
    let cheap = statements().map(|one| cost(&one.value)).sum::<u64>() <= MOST;
    let useful = loads && meets && cheap && blocks.iter().all(|&block| begins_outside(function, block, &blocks));
    drop(joins);
    useful.then_some(Region { blocks, join })
}

/// True if some turns write elements and others do not.
#[must_use]
pub fn branches(function: &Function, header: BlockId, own: &[BlockId]) -> bool {
    let writes = |statement: &Statement| match &statement.value {
        Value::Op { op, .. } => op.row().recipe == Recipe::Store,
        Value::Convert(_) | Value::Create(_) | Value::Call(_) | Value::Given(_) => false,
    };
    let writers = own.iter().copied().filter(|&block| function.block(block).statements.iter().any(writes));
    let writers = writers.collect::<Vec<_>>();
    !writers.is_empty() && comes_back(function, header, own, &writers)
}

/// True if a turn can come to its end without coming through some blocks.
pub(super) fn comes_back(function: &Function, header: BlockId, own: &[BlockId], without: &[BlockId]) -> bool {
    let (mut waiting, mut seen) = (vec![header], without.iter().copied().collect::<HashSet<_>>());
    while let Some(block) = waiting.pop() {
        for to in function.block(block).terminator.successors() {
            if to == header {
                return true;
            }
            if own.contains(&to) && seen.insert(to) {
                waiting.push(to);
            }
        }
    }
    false
}

/// True of a block whose statements neither leave nor do anything that is seen.
fn can_be_done(function: &Function, block: BlockId, plan: &Plan) -> bool {
    let of = function.block(block);
    let ends = matches!(of.terminator, Terminator::Jump(_) | Terminator::Branch { .. });
    ends && of.statements.iter().enumerate().all(|(at, statement)| {
        let proof = plan.proofs.get(&(block, at)).copied().unwrap_or_default();
        let is_held = |local: LocalId| match function.local(local).types.single() {
            Some(Type::Int | Type::Float | Type::Bool | Type::Pointer) => true,
            Some(Type::Scalar(dtype)) => dtype.words() == 1,
            _ => false,
        };
        let can = match &statement.value {
            Value::Convert(operand) => {
                function.types(*operand).single() == function.local(statement.target).types.single()
            }
            Value::Create(_) | Value::Call(_) | Value::Given(_) => false,
            Value::Op { op, exit, .. } => match op.row().recipe {
                Recipe::AddInt | Recipe::SubInt | Recipe::MulInt => proof.fits,
                Recipe::Index | Recipe::Bound => proof.within || proof.from_end,
                Recipe::Same | Recipe::Not | Recipe::TruthInt | Recipe::Constant(_) => true,
                Recipe::CompareInt(_) | Recipe::CompareFloat(_) | Recipe::AddFloat | Recipe::SubFloat => true,
                Recipe::MulFloat | Recipe::AddKnown | Recipe::MulKnown | Recipe::Locate | Recipe::Load => true,
                Recipe::Scalar(element) => (exit.is_none() || proof.fits) && element.cost() <= 1,
                _ => false,
            },
        };
        can && statement.chain == Chain::Alone && is_held(statement.target)
    })
}

/// True of a block that computes from what was there before the region, and only passes on what other blocks of it have made: they
/// may have made nothing of use.
fn begins_outside(function: &Function, block: BlockId, blocks: &[BlockId]) -> bool {
    let elsewhere = blocks.iter().filter(|&&one| one != block).flat_map(|&one| &function.block(one).statements);
    let elsewhere = elsewhere.map(|one| one.target).collect::<HashSet<_>>();
    let mut written = HashSet::new();
    // What was passed on within the block.
    let mut passed = HashSet::new();
    function.block(block).statements.iter().all(|statement| {
        let doubtful = |operand: &Operand| {
            let local = operand.local();
            local
                .is_some_and(|local| passed.contains(&local) || elsewhere.contains(&local) && !written.contains(&local))
        };
        let in_doubt = statement.value.operands().iter().any(doubtful);
        written.insert(statement.target);
        if in_doubt {
            passed.insert(statement.target);
        } else {
            passed.remove(&statement.target);
        }
        !in_doubt || passes_on(statement)
    })
}

/// True of a statement that copies, or turns the truth of, what it is given.
fn passes_on(statement: &Statement) -> bool {
    match &statement.value {
        Value::Convert(_) => true,
        Value::Create(_) | Value::Call(_) | Value::Given(_) => false,
        Value::Op { op, .. } => matches!(op.row().recipe, Recipe::Same | Recipe::Not),
    }
}

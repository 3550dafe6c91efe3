//! What is left when loops have been written out or taken away: branches of which one way is known, and blocks that are one.
//!
//! Enters: verified IR. Leaves: IR that does the same with fewer blocks and statements.

use std::collections::{HashMap, HashSet};

use super::index::Index;
use crate::ir::{Block, BlockId, Chain, Function, LoopId, Operand, Statement, Terminator, Tree, Value};
use crate::ops::{Predicate, Recipe};

/// Follows what is known, and puts together what follows each other.
pub(super) fn tidy(function: &mut Function) {
    let known = known_ways(&Index::new(function));
    for (block, way) in known {
        function.blocks[block.0 as usize].terminator = Terminator::Jump(way);
    }
    remove_unreached(function);
    join_blocks(function);
    remove_unread(function);
}

/// True if a comparison holds.
pub(super) const fn holds(predicate: Predicate, left: i64, right: i64) -> bool {
    match predicate {
        Predicate::Lt => left < right,
        Predicate::Le => left <= right,
        Predicate::Gt => left > right,
        Predicate::Ge => left >= right,
        Predicate::Eq => left == right,
        Predicate::Ne => left != right,
    }
}

/// Where blocks go that compare constants at their end. Headers keep their tests.
fn known_ways(index: &Index<'_>) -> Vec<(BlockId, BlockId)> {
    let blocks = index.function.blocks.iter().enumerate().map(|(at, block)| (BlockId(at as u32), block));
    let known = blocks.filter(|(at, _)| !index.is_header(*at)).filter_map(|(at, block)| {
        let Terminator::Branch { condition: Operand::Local(tested), then_block, else_block } = block.terminator else {
            return None;
        };
        let place = block.statements.iter().rposition(|one| one.target == tested)?;
        let Value::Op { op, args, exit: None } = &block.statements[place].value else { return None };
        let (Recipe::CompareInt(predicate), &[left, right]) = (op.row().recipe, args.as_slice()) else { return None };
        let holds = holds(predicate, index.at(left, (at, place))?, index.at(right, (at, place))?);
        Some((at, if holds { then_block } else { else_block }))
    });
    known.collect()
}

/// Puts a block behind the only one that leads to it, if that leads nowhere else.
fn join_blocks(function: &mut Function) {
    let index = Index::new(function);
    let alone = |to: BlockId| index.leading(to).len() == 1 && !index.is_header(to) && to != BlockId(0);
    let joined = |block: &Block| match block.terminator {
        Terminator::Jump(to) => Some(to).filter(|&to| alone(to) && function.block(to).in_loop == block.in_loop),
        Terminator::Branch { .. } | Terminator::Switch { .. } | Terminator::Return(_) | Terminator::Leave(_) => None,
    };
    let next = function.blocks.iter().map(joined).collect::<Vec<_>>();
    let behind = next.iter().flatten().copied().collect::<HashSet<_>>();
    for first in (0..next.len()).filter(|&at| !behind.contains(&BlockId(at as u32))) {
        let mut last = next[first];
        while let Some(at) = last {
            let (statements, terminator) = {
                let taken = &mut function.blocks[at.0 as usize];
                (std::mem::take(&mut taken.statements), taken.terminator.clone())
            };
            let block = &mut function.blocks[first];
            block.statements.extend(statements);
            block.terminator = terminator;
            last = next[at.0 as usize];
        }
    }
    remove_unreached(function);
}

/// Takes out copies, steps and comparisons of ints that nothing reads.
fn remove_unread(function: &mut Function) {
    let statements = || function.blocks.iter().flat_map(|block| &block.statements);
    let mut read =
        statements().flat_map(|one| one.value.operands()).filter_map(|one| one.local()).collect::<HashSet<_>>();
    read.extend(function.exits.iter().flat_map(|exit| &exit.live).flat_map(|live| live.value.leaves()));
    for block in &function.blocks {
        match &block.terminator {
            Terminator::Branch { condition, .. } => read.extend(condition.local()),
            Terminator::Switch { subject, .. } => read.extend([*subject]),
            Terminator::Return(value) => read.extend(Tree::leaves(value).iter().filter_map(|one| one.local())),
            Terminator::Jump(_) | Terminator::Leave(_) => {}
        }
    }
    let does_nothing = |one: &Statement| match &one.value {
        Value::Convert(_) => true,
        Value::Op { op, exit: None, .. } => {
            matches!(op.row().recipe, Recipe::Same | Recipe::CompareInt(_) | Recipe::StepUp | Recipe::StepDown)
        }
        Value::Op { .. } | Value::Create(_) | Value::Call(_) | Value::Given(_) => false,
    };
    for block in &mut function.blocks {
        block.statements.retain(|one| one.chain != Chain::Alone || !does_nothing(one) || read.contains(&one.target));
    }
}

/// Takes a loop that has no blocks of its own any more out of the nest.
pub(super) fn remove_loop(function: &mut Function, id: LoopId) {
    function.loops.remove(id.0 as usize);
    let later = |one: LoopId| if one.0 > id.0 { LoopId(one.0 - 1) } else { one };
    for block in &mut function.blocks {
        block.in_loop = block.in_loop.map(later);
    }
    for inner in &mut function.loops {
        inner.parent = inner.parent.map(later);
    }
}

pub(super) fn redirect(terminator: &mut Terminator, goes: impl Fn(BlockId) -> BlockId) {
    match terminator {
        Terminator::Jump(to) => *to = goes(*to),
        Terminator::Branch { then_block, else_block, .. } => {
            *then_block = goes(*then_block);
            *else_block = goes(*else_block);
        }
        Terminator::Switch { arms, .. } => arms.iter_mut().for_each(|(_, to)| *to = goes(*to)),
        Terminator::Return(_) | Terminator::Leave(_) => {}
    }
}

/// Takes out the blocks to which nothing leads, and the loops of which these are headers.
pub(super) fn remove_unreached(function: &mut Function) {
    let (mut reached, mut open) = (vec![false; function.blocks.len()], vec![BlockId(0)]);
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut reached[at.0 as usize], true) {
            open.extend(function.block(at).terminator.successors());
        }
    }
    for at in (0..function.loops.len()).rev() {
        if !reached[function.loops[at].header.0 as usize] {
            // All of it is behind the header.
            function
                .blocks
                .iter_mut()
                .filter(|block| block.in_loop == Some(LoopId(at as u32)))
                .for_each(|block| block.in_loop = None);
            function
                .loops
                .iter_mut()
                .filter(|one| one.parent == Some(LoopId(at as u32)))
                .for_each(|one| one.parent = None);
            remove_loop(function, LoopId(at as u32));
        }
    }
    let mut names = HashMap::new();
    for at in (0..reached.len()).filter(|&at| reached[at]) {
        names.insert(BlockId(at as u32), BlockId(names.len() as u32));
    }
    let goes = |to: BlockId| names.get(&to).copied().unwrap_or(to);
    let mut kept = reached.iter();
    function.blocks.retain(|_| kept.next().copied().unwrap_or_default());
    function.blocks.iter_mut().for_each(|block| redirect(&mut block.terminator, goes));
    function.loops.iter_mut().for_each(|one| one.header = goes(one.header));
}

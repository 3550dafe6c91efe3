//! First turns that stand by themselves, where it is known that there is one.
//!
//! Enters: verified IR. Leaves: IR that does the same, without the tests, and without what follows where there is no turn. A name that
//! has another type once a loop has turned (`s = 0.0`, then `s += a[i]`) makes a version of the loop of which the first turn goes
//! over to the next version: it is a loop in the nest, but never repeats. Where it counts between constants, it is no loop at all then,
//! and what is around it may be an innermost one.

use std::borrow::Cow;
use std::collections::HashMap;

use super::compared;
use super::index::Index;
use super::unroll::{redirect, remove_loop};
use crate::ir::{BlockId, Function, LoopId, Operand, Terminator};
use crate::ops::Predicate;

/// Loops whose first turns are joined in one function.
const MOST_LOOPS: usize = 32;

/// Joins what is in front of such turns with them.
#[must_use]
pub fn first_turns_joined(function: &Function) -> Cow<'_, Function> {
    let mut function = Cow::Borrowed(function);
    for _ in 0..MOST_LOOPS {
        let index = Index::new(&function);
        // Inner loops first: what follows them is known to come then.
        let single = (0..function.loops.len()).rev().map(|at| LoopId(at as u32)).filter(|&id| !index.repeats(id));
        let certain = single.filter_map(|id| Some((id, certain_turn(&index, id)?))).next();
        match certain {
            Some((id, turn)) => join(function.to_mut(), id, turn),
            None => break,
        }
    }
    function
}

/// Where the first turn of a loop begins, if there is one.
fn certain_turn(index: &Index<'_>, id: LoopId) -> Option<BlockId> {
    let header = index.function.loops[id.0 as usize].header;
    let ([left, right], predicate, [inside, _]) = compared(index.function, header, index.own(id))?;
    let Operand::Local(counter) = left else { return None };
    let (start, stop) = (index.at_entry(counter, id)?, index.constant(right, &[])?);
    let goes_on = match predicate {
        Predicate::Lt => start < stop,
        Predicate::Le => start <= stop,
        Predicate::Gt => start > stop,
        Predicate::Ge => start >= stop,
        Predicate::Eq => start == stop,
        Predicate::Ne => start != stop,
    };
    goes_on.then_some(inside)
}

fn join(function: &mut Function, id: LoopId, turn: BlockId) {
    let Some(one) = function.loops.get(id.0 as usize) else { return };
    let (header, parent) = (one.header, one.parent);
    function.blocks[header.0 as usize].terminator = Terminator::Jump(turn);
    for block in function.blocks.iter_mut().filter(|block| block.in_loop == Some(id)) {
        block.in_loop = parent;
    }
    for inner in function.loops.iter_mut().filter(|inner| inner.parent == Some(id)) {
        inner.parent = parent;
    }
    remove_loop(function, id);
    remove_unreached(function);
}

/// Takes out the blocks to which nothing leads, and the loops of which these are headers.
fn remove_unreached(function: &mut Function) {
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

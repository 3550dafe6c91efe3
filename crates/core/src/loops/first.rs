//! First turns that stand by themselves, where it is known that there is one.
//!
//! Enters: verified IR. Leaves: IR that does the same, without the tests, and without what follows where there is no turn. A name that
//! has another type once a loop has turned (`s = 0.0`, then `s += a[i]`) makes a version of the loop of which the first turn goes
//! over to the next version: it is a loop in the nest, but never repeats. Where it counts between constants, it is no loop at all then,
//! and what is around it may be an innermost one.

use std::borrow::Cow;

use super::compared;
use super::index::Index;
use super::tidy::{holds, remove_loop, remove_unreached};
use crate::ir::{BlockId, Function, LoopId, Operand, Terminator};

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
    holds(predicate, start, stop).then_some(inside)
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

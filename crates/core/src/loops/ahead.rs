//! What a header computes of what no turn changes, ahead of the loop.
//!
//! Enters: verified IR. Leaves: IR that does the same, in which `while i < len(a) - 1` computes `len(a) - 1` once, in front of its
//! header, `while i + 1 < n` compares `i` with `n - 1`, which it computes once ([`sums`]), and `while 0 <= i < n`, where `i` grows, asks
//! once whether it is negative ([`lasting`]): so the turns are counted. A header is always done once, and first of all in its loop; what
//! it leaves by it leaves by then, or never. Of `while True` the header is what stands before the first way out. Exits stay what they
//! are.

mod lasting;
mod sums;

use std::borrow::Cow;
use std::collections::HashSet;

use super::tidy::redirect;
use super::within;
use crate::ir::{
    Block, BlockId, Chain, ExitId, Function, LocalId, LoopId, Operand, Overflow, Statement, Terminator, Value,
};
use crate::ops::Recipe;

/// Moves what can be moved, out of inner loops first.
#[must_use]
pub fn computed_ahead(function: &Function, overflow: Overflow) -> Cow<'_, Function> {
    let mut function = Cow::Borrowed(function);
    for at in (0..function.loops.len()).rev() {
        let id = LoopId(at as u32);
        if let Some(first) = first_way_out(&function, id) {
            join_header(function.to_mut(), id, first);
        }
        // Ints that wrap may become what they have been asked not to be.
        if let Some(split) = lasting::split(&function, id).filter(|_| overflow == Overflow::Exact) {
            lasting::ask_once(function.to_mut(), id, &split);
        }
        let moved = moved(&function, id);
        if !moved.is_empty() {
            put_ahead(function.to_mut(), id, &moved);
        }
        // Once only: of a sum of a sum, what remains would be compared with the end of 64 bits as if that were its stop.
        if let Some(sum) = sums::compared(&function, id) {
            sums::move_constant(function.to_mut(), id, &sum);
        }
    }
    function
}

/// The block that an empty header goes to, and nobody else, if it writes no names and the loop may end behind it.
fn first_way_out(function: &Function, id: LoopId) -> Option<BlockId> {
    let header = function.loops[id.0 as usize].header;
    let Block { in_loop, statements, terminator: Terminator::Jump(first) } = function.block(header) else {
        return None;
    };
    let block = function.block(*first);
    let Terminator::Branch { then_block, else_block, .. } = block.terminator else { return None };
    let ends = [then_block, else_block].into_iter().filter(|&to| !within(function, to, id) || returns(function, to));
    let ways = function.blocks.iter().flat_map(|block| block.terminator.successors()).filter(|to| to == first).count();
    let is_own = *in_loop == Some(id) && block.in_loop == Some(id) && *first != header;
    let only_tests = block.statements.iter().all(|one| function.local(one.target).name.starts_with('.'));
    (statements.is_empty() && is_own && ends.count() == 1 && ways == 1 && only_tests).then_some(*first)
}

/// True of a block from which nothing goes back into a loop.
fn returns(function: &Function, block: BlockId) -> bool {
    function.block(block).terminator.successors().is_empty()
}

/// Does in the header what the block does that follows it. A way out that returns is no part of the loop then.
fn join_header(function: &mut Function, id: LoopId, first: BlockId) {
    let header = function.loops[id.0 as usize].header;
    for to in function.block(first).terminator.successors() {
        if returns(function, to) && function.block(to).in_loop == Some(id) {
            function.blocks[to.0 as usize].in_loop = function.loops[id.0 as usize].parent;
        }
    }
    let Block { statements, terminator, .. } = function.blocks.remove(first.0 as usize);
    let earlier = |block: BlockId| if block.0 > first.0 { BlockId(block.0 - 1) } else { block };
    for one in &mut function.loops {
        one.header = earlier(one.header);
    }
    let joined = &mut function.blocks[earlier(header).0 as usize];
    (joined.statements, joined.terminator) = (statements, terminator);
    for block in &mut function.blocks {
        redirect(&mut block.terminator, earlier);
    }
}

/// The places of the statements of a header that do the same in front of it.
fn moved(function: &Function, id: LoopId) -> Vec<usize> {
    let header = function.loops[id.0 as usize].header;
    let block = function.block(header);
    if !matches!(block.terminator, Terminator::Branch { .. }) {
        return Vec::new();
    }
    let writes = writes(function, id);
    let written = writes.iter().copied().collect::<HashSet<_>>();
    let once = |local: LocalId| writes.iter().filter(|&&one| one == local).count() == 1;
    let (mut moved, mut ahead) = (Vec::new(), HashSet::new());
    // What stays behind, and what of it has been read.
    let (mut stays, mut read, mut leaves) = (HashSet::new(), HashSet::new(), false);
    for (at, statement) in block.statements.iter().enumerate() {
        let operands = statement.value.operands();
        let same =
            |operand: &Operand| operand.local().is_none_or(|one| !written.contains(&one) || ahead.contains(&one));
        let live = |exit: ExitId| {
            let live = function.exits[exit.0 as usize].live.iter();
            live.flat_map(|one| one.value.in_frame()).any(|one| stays.contains(&one))
        };
        let may_leave_first = statement.value.exit().is_none_or(|exit| !leaves && !live(exit));
        let target = statement.target;
        if is_movable(statement)
            && operands.iter().all(same)
            && once(target)
            && !read.contains(&target)
            && may_leave_first
        {
            ahead.insert(target);
            moved.push(at);
            continue;
        }
        if matches!(statement.value, Value::Create(_) | Value::Call(_) | Value::Given(_)) {
            break;
        }
        leaves |= statement.value.exit().is_some();
        read.extend(operands.iter().filter_map(|operand| operand.local()));
        stays.insert(target);
    }
    // Copies alone are worth nothing.
    let copies = |&at: &usize| matches!(block.statements[at].value, Value::Convert(_));
    if moved.iter().all(copies) { Vec::new() } else { moved }
}

/// What is written in a loop, as often as it is.
fn writes(function: &Function, id: LoopId) -> Vec<LocalId> {
    let own = (0..function.blocks.len()).map(|at| BlockId(at as u32)).filter(|&block| within(function, block, id));
    own.flat_map(|block| function.block(block).statements.iter().map(|statement| statement.target)).collect()
}

/// A computation with ints that reads nothing but its operands.
fn is_movable(statement: &Statement) -> bool {
    let Value::Op { op, .. } = &statement.value else { return matches!(statement.value, Value::Convert(_)) };
    let recipe = op.row().recipe;
    statement.chain == Chain::Alone
        && matches!(
            recipe,
            Recipe::AddInt
                | Recipe::SubInt
                | Recipe::MulInt
                | Recipe::FloorDivInt
                | Recipe::ModInt
                | Recipe::ShlInt
                | Recipe::ShrInt
                | Recipe::And
                | Recipe::Or
                | Recipe::Xor
                | Recipe::NegInt
                | Recipe::AbsInt
                | Recipe::Same
                | Recipe::Least
                | Recipe::Filled
                | Recipe::SubCut
                | Recipe::AddKnown
                | Recipe::MulKnown
        )
}

/// Makes a block in front of the header, through which all goes that enters the loop, with these statements of the header.
fn put_ahead(function: &mut Function, id: LoopId, moved: &[usize]) {
    let header = function.loops[id.0 as usize].header;
    let (mut ahead, mut stay) = (Vec::new(), Vec::new());
    let statements = std::mem::take(&mut function.blocks[header.0 as usize].statements);
    for (at, statement) in statements.into_iter().enumerate() {
        if moved.contains(&at) { ahead.push(statement) } else { stay.push(statement) }
    }
    function.blocks[header.0 as usize].statements = stay;
    // It stands where the header stood, so that blocks stay in an order in which they are reached.
    let later = |block: BlockId| if block.0 >= header.0 { BlockId(block.0 + 1) } else { block };
    let (front, behind) = (header, later(header));
    let inside = (0..function.blocks.len()).map(|at| within(function, BlockId(at as u32), id)).collect::<Vec<_>>();
    for (block, inside) in function.blocks.iter_mut().zip(inside) {
        redirect(&mut block.terminator, |to| if to == header && !inside { front } else { later(to) });
    }
    for one in &mut function.loops {
        one.header = later(one.header);
    }
    let in_loop = function.loops[id.0 as usize].parent;
    function
        .blocks
        .insert(front.0 as usize, Block { in_loop, statements: ahead, terminator: Terminator::Jump(behind) });
}

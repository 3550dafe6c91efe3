//! Short loops between constants, turn by turn.
//!
//! Enters: verified IR. Leaves: IR that does the same, in which innermost loops of a few turns whose number is known are written
//! out: the loop around them is an innermost one then, whose turns can be counted, tested and vectorised. Exits stay what they are.

use std::borrow::Cow;
use std::collections::HashMap;

use super::first::first_turns_joined;
use super::index::Index;
use super::tidy::{redirect, remove_loop, tidy};
use super::{Shape, shape, statements};
use crate::ir::{BlockId, Function, LoopId, Terminator};

/// Loops of more turns stay loops.
const MOST_TURNS: u64 = 16;
/// Statements that a loop written out may have.
const MOST_STATEMENTS: usize = 240;
/// Loops that are written out in one function.
const MOST_LOOPS: usize = 8;

/// Writes out what is short enough.
#[must_use]
pub fn unrolled(function: &Function) -> Cow<'_, Function> {
    let mut function = first_turns_joined(function);
    for _ in 0..MOST_LOOPS {
        let index = Index::new(&function);
        let short = (0..function.loops.len()).find_map(|at| {
            let id = LoopId(at as u32);
            let shape = shape(&index, id);
            turns(&function, &shape).map(|turns| (id, shape, turns))
        });
        match short {
            Some((id, shape, turns)) => write_out(function.to_mut(), id, &shape, turns),
            None => break,
        }
    }
    function
}

/// How often a loop turns that is short enough, unless it is left early.
fn turns(function: &Function, shape: &Shape) -> Option<usize> {
    let counter = shape.counter.filter(|counter| counter.hidden && counter.steps.0 == counter.steps.1)?;
    let turns = shape.turns.filter(|&turns| turns <= MOST_TURNS)? as usize;
    let count = statements(function, &shape.blocks).count() + shape.blocks.len();
    (counter.steps.0.abs() == 1 && turns * count <= MOST_STATEMENTS).then_some(turns)
}

fn write_out(function: &mut Function, id: LoopId, shape: &Shape, turns: usize) {
    let Some(counter) = shape.counter else { return };
    let header = function.loops[id.0 as usize].header;
    let parent = function.loops[id.0 as usize].parent;
    // The first turn keeps the blocks, every other one and the end after the last one get new ones.
    let mut names = vec![shape.blocks.iter().map(|&block| (block, block)).collect::<HashMap<_, _>>()];
    for turn in 1..=turns {
        let copied = shape.blocks.iter().filter(|&&block| turn < turns || block == header);
        let mut copies = HashMap::new();
        for &block in copied {
            let copy = function.block(block).clone();
            function.blocks.push(copy);
            copies.insert(block, BlockId(function.blocks.len() as u32 - 1));
        }
        names.push(copies);
    }
    for (turn, copies) in names.iter().enumerate() {
        for (&block, &copy) in copies {
            let goes = |to: BlockId| match names.get(turn + 1) {
                Some(next) if to == header => next.get(&to).copied().unwrap_or(to),
                Some(_) | None => copies.get(&to).copied().unwrap_or(to),
            };
            let copied = &mut function.blocks[copy.0 as usize];
            copied.in_loop = parent;
            // Headers know: there is another turn, or none.
            let end = if turn < turns { copies.get(&counter.inside).copied() } else { Some(counter.outside) };
            match end.filter(|_| block == header) {
                Some(end) => copied.terminator = Terminator::Jump(end),
                None => redirect(&mut copied.terminator, goes),
            }
        }
    }
    remove_loop(function, id);
    tidy(function);
}

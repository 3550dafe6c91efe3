//! The elements that a turn of an innermost loop reads and writes.
//!
//! Enters: a function, the blocks of a loop and what counts its turns. Leaves: how many elements, how large, whether they stand side by
//! side. Needs no LLVM.

use super::Counter;
use super::overlap::{Made, Turn};
use crate::ir::{BlockId, Function, Value};
use crate::ops::Recipe;
use crate::types::Type;

/// The elements of a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Elements {
    /// Places where an element is read or written.
    pub places: usize,
    /// Those where one is written.
    pub writes: usize,
    /// Bytes of the largest.
    pub largest: u32,
    /// Some stand elsewhere than beside those of the turn before.
    pub apart: bool,
    /// Some are written to an array of which some are read.
    pub in_place: bool,
}

/// Finds them.
#[must_use]
pub fn elements(function: &Function, blocks: &[BlockId], counter: &Counter) -> Elements {
    let turn = Turn::new(function, blocks, counter);
    let mut found = Elements::default();
    let (mut read, mut written) = (Vec::new(), Vec::new());
    let in_steps_of_one = matches!(counter.steps, (1, 1) | (-1, -1));
    let is_header = |&block: &BlockId| function.block(block).terminator.successors().contains(&counter.inside);
    for &block in blocks.iter().filter(|block| !is_header(block)) {
        for (at, statement) in function.block(block).statements.iter().enumerate() {
            let (op, element) = match &statement.value {
                Value::Op { op, .. } => match op.row().recipe {
                    Recipe::Load => (op, Some(op.row().result)),
                    Recipe::Store => (op, op.row().params.get(1).copied()),
                    _ => (op, None),
                },
                Value::Convert(_) | Value::Create(_) | Value::Call(_) | Value::Given(_) => continue,
            };
            if let Some(element) = element {
                found.places += 1;
                let writes = op.row().recipe == Recipe::Store;
                found.writes += usize::from(writes);
                found.largest = found.largest.max(size(element));
                if let Some(made) = turn.address((block, at)) {
                    found.apart |= !is_beside(&made) || !in_steps_of_one && !Turn::is_fixed(&made);
                    let bases = if writes { &mut written } else { &mut read };
                    bases.extend(base(made));
                }
            }
        }
    }
    found.in_place = written.iter().any(|one| read.contains(one));
    found
}

/// Where the array begins that an address is in.
fn base(address: Made) -> Option<Made> {
    match address {
        Made::Of(op, args) if op.row().recipe == Recipe::Locate => args.into_iter().next(),
        Made::Of(..) | Made::Fixed(_) | Made::Turn => None,
    }
}

const fn size(element: Type) -> u32 {
    match element {
        Type::Scalar(dtype) => dtype.size(),
        Type::Bool => 1,
        _ => 8,
    }
}

/// True of an address, or of an index in it, that is the same in the next turn, or that of the element beside.
fn is_beside(made: &Made) -> bool {
    let Made::Of(op, args) = made else { return true };
    match (op.row().recipe, args.as_slice()) {
        (Recipe::Locate, [base, index, _]) => Turn::is_fixed(base) && is_beside(index),
        (Recipe::Index | Recipe::Bound, [index, _]) => is_beside(index),
        (Recipe::NegInt, [one]) => is_beside(one),
        (Recipe::AddKnown | Recipe::AddInt | Recipe::SubInt, [one, other]) => {
            Turn::is_fixed(one) && is_beside(other) || Turn::is_fixed(other) && is_beside(one)
        }
        _ => Turn::is_fixed(made),
    }
}

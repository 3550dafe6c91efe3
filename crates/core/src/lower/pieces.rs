//! A large function as pieces: functions of LLVM's that go from one to the other over the locals in memory, so that LLVM, whose time grows
//! faster than a function does, never sees a large one.
//!
//! Enters: a function as it was lowered. Leaves: a driver in its place, which calls the pieces one after the other, and the pieces. A piece
//! takes the parameters of the function, the *area* with the locals that are handed on, and where it is to begin; it gives where to go on,
//! or 0 when the function has returned and its result is in the area. What a piece reads it loads when it begins, into slots of its own,
//! and what it writes it stores when another piece goes on; exits leave from the slots. So any way to cut is right, and a good one is
//! found along an order of the blocks in which those of a loop stand together: where few edges pass, and none of a loop's.

mod graph;
mod slots;
mod take_apart;

use std::collections::HashMap;

use inkwell::llvm_sys::LLVMOpcode;
use inkwell::llvm_sys::core::{
    LLVMGetFirstInstruction, LLVMGetInstructionOpcode, LLVMGetInstructionParent, LLVMGetNextInstruction,
};
use inkwell::llvm_sys::prelude::{LLVMBasicBlockRef, LLVMValueRef};

use self::graph::Graph;
use super::Lowerer;
use super::builder::Builder;
use crate::ir::Function;

/// Functions of so many statements are cut.
const LARGE: usize = 1_500;
/// Pieces have about so many, or fewer.
pub(crate) const IN_PIECE: usize = 300;
/// A block of more statements than this becomes several, in functions that are cut.
const MOST_IN_BLOCK: usize = 64;

/// True for functions that are cut.
pub(crate) fn is_large(function: &Function) -> bool {
    function.blocks.iter().map(|block| block.statements.len()).sum::<usize>() > LARGE
}

impl Lowerer<'_, '_> {
    /// Begins a new block in front of a statement of a function that is cut, where many stand behind the one at which the last block was `begun`.
    pub(super) fn begin_part(&self, statement: usize, begun: &mut usize) {
        if self.is_large && statement >= *begun + MOST_IN_BLOCK {
            let next = self.b.block("");
            self.b.jump(next);
            self.b.at_end(next);
            *begun = statement;
        }
    }
}

/// Cuts the function that the builder has made, if it is one that can be: where its slots are all made as it begins.
pub(super) fn cut(b: &mut Builder<'_>) {
    // SAFETY: the function is whole, and nothing but its own blocks refers to what is in it.
    unsafe {
        let graph = Graph::new(b.function);
        if graph.blocks.iter().skip(1).any(|&block| instructions(block).any(is_slot)) {
            return;
        }
        let pieces = graph.pieces();
        if pieces.len() > 1 {
            take_apart::take_apart(b, &graph, &pieces);
        }
    }
}

/// # Safety
/// A block.
unsafe fn instructions(block: LLVMBasicBlockRef) -> impl Iterator<Item = LLVMValueRef> {
    // SAFETY: the caller's promise.
    let first = unsafe { LLVMGetFirstInstruction(block) };
    std::iter::successors((!first.is_null()).then_some(first), |&one| {
        // SAFETY: an instruction of the block.
        let next = unsafe { LLVMGetNextInstruction(one) };
        (!next.is_null()).then_some(next)
    })
}

fn is(instruction: LLVMValueRef, opcode: LLVMOpcode) -> bool {
    // SAFETY: an instruction, as all that is asked about here.
    unsafe { LLVMGetInstructionOpcode(instruction) == opcode }
}

fn is_slot(instruction: LLVMValueRef) -> bool {
    is(instruction, LLVMOpcode::LLVMAlloca)
}

/// Which piece each block belongs to; the first block is the driver's.
struct Owners {
    of_block: HashMap<LLVMBasicBlockRef, usize>,
}

impl Owners {
    const DRIVER: usize = usize::MAX;

    fn new(graph: &Graph, pieces: &[Vec<usize>]) -> Self {
        let of_pieces = pieces
            .iter()
            .enumerate()
            .flat_map(|(at, blocks)| blocks.iter().map(move |&block| (graph.blocks[block], at)));
        Self { of_block: of_pieces.chain([(graph.blocks[0], Self::DRIVER)]).collect() }
    }

    fn of(&self, block: LLVMBasicBlockRef) -> usize {
        self.of_block[&block]
    }

    fn of_instruction(&self, instruction: LLVMValueRef) -> usize {
        // SAFETY: an instruction within a block of the function.
        self.of(unsafe { LLVMGetInstructionParent(instruction) })
    }
}

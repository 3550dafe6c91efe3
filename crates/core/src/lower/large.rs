//! What is done otherwise in large functions, so that LLVM takes time by their size, not by its square.
//!
//! Enters: a function as it is being lowered, and when it is. Leaves: the same function. To turn a slot into registers LLVM walks over all
//! that comes behind its first write, however early its last use is; so slots that are in use at different places become one
//! ([`share_slots`]). And what is alive from end to end and used in many exits is looked for among all these exits at each of them; so exits
//! read it from memory ([`Homes`]).

use std::collections::{HashMap, HashSet};

use inkwell::llvm_sys::LLVMOpcode;
use inkwell::llvm_sys::core::{
    LLVMGetAllocatedType, LLVMGetFirstBasicBlock, LLVMGetFirstInstruction, LLVMGetFirstUse, LLVMGetInstructionOpcode,
    LLVMGetNextBasicBlock, LLVMGetNextInstruction, LLVMGetNextUse, LLVMGetNumSuccessors, LLVMGetOperand,
    LLVMGetSuccessor, LLVMGetTypeKind, LLVMGetVolatile, LLVMInstructionEraseFromParent, LLVMReplaceAllUsesWith,
};
use inkwell::llvm_sys::prelude::{LLVMTypeRef, LLVMValueRef};
use inkwell::llvm_sys::{LLVMTypeKind, core::LLVMGetBasicBlockTerminator};
use inkwell::values::{AsValueRef, BasicValue, BasicValueEnum, FunctionValue, PointerValue};

use super::builder::Builder;
use crate::ir::{Function, LocalId};

/// From so many exits on, exits read what no statement changes from memory.
const MANY_EXITS: usize = 256;
/// From so many blocks times slots on, slots are shared.
const MANY_SLOTS: usize = 500_000;
/// A slot that is in none of so many others' way is enough of a choice.
const MOST_TRIED: usize = 8;

/// The frame and the parameters that no statement writes to, in memory of which LLVM makes no registers.
pub(super) struct Homes<'ctx> {
    frame: PointerValue<'ctx>,
    parameters: HashMap<LocalId, Vec<PointerValue<'ctx>>>,
}

impl<'ctx> Homes<'ctx> {
    /// Writes them, where the function begins; nothing if exits are few.
    pub(super) fn new(b: &Builder<'ctx>, function: &Function) -> Option<Self> {
        if function.exits.len() < MANY_EXITS {
            return None;
        }
        let written = function.blocks.iter().flat_map(|block| &block.statements).map(|statement| statement.target);
        let written = written.collect::<HashSet<_>>();
        let home = |value: BasicValueEnum<'ctx>| {
            let slot = b.alloca(value.get_type(), "home");
            b.store(slot, value);
            slot
        };
        let mut word = 0;
        let mut parameters = HashMap::new();
        for at in 0..function.parameters {
            let local = LocalId(at);
            let words = word..word + function.local(local).types.words();
            word = words.end;
            if !written.contains(&local) {
                parameters.insert(local, words.map(|at| home(b.load(b.i64, b.word(at)))).collect());
            }
        }
        Some(Self { frame: home(b.frame().into()), parameters })
    }

    /// The frame, in an exit.
    pub(super) fn frame(&self, b: &Builder<'ctx>) -> PointerValue<'ctx> {
        read(b, b.pointer.into(), self.frame).into_pointer_value()
    }

    /// The words of a parameter, in an exit, if it has a home.
    pub(super) fn words(&self, b: &Builder<'ctx>, local: LocalId) -> Option<Vec<BasicValueEnum<'ctx>>> {
        let homes = self.parameters.get(&local)?;
        Some(homes.iter().map(|&home| read(b, b.i64.into(), home)).collect())
    }
}

/// Reads memory that stays memory.
fn read<'ctx>(
    b: &Builder<'ctx>,
    ty: inkwell::types::BasicTypeEnum<'ctx>,
    home: PointerValue<'ctx>,
) -> BasicValueEnum<'ctx> {
    let value = b.load(ty, home);
    if let Some(load) = value.as_instruction_value() {
        load.set_volatile(true).expect("a load");
    }
    value
}

/// A slot: one word of memory that is read and written, and whose address goes nowhere.
struct Slot {
    address: LLVMValueRef,
    uses: usize,
    writes: usize,
    /// The blocks that use it, and whether they read it before they write it.
    blocks: Vec<(usize, bool)>,
}

/// A slot that stands for several.
struct Shared {
    address: LLVMValueRef,
    /// One bit for each block in which one of them is in use.
    taken: Vec<u64>,
}

/// Has slots of one type share memory where no block is in the reach of two of them: from what writes one to what reads it.
pub(super) fn share_slots(function: FunctionValue<'_>) {
    // SAFETY: the function is whole, and nothing else refers to its slots: what this follows are its own blocks and instructions,
    // and each has the operands that its opcode says.
    unsafe {
        let (mut slots, successors) = slots(function);
        // What is written once, or used in one block, costs LLVM little.
        slots.retain(|slot| slot.writes > 1 && slot.blocks.len() > 1 && count_uses(slot.address) == slot.uses);
        if slots.len() * successors.len() < MANY_SLOTS {
            return;
        }
        let mut predecessors = vec![Vec::new(); successors.len()];
        for (from, all) in successors.iter().enumerate() {
            all.iter().for_each(|&to: &usize| predecessors[to].push(from));
        }
        let mut shared: HashMap<LLVMTypeRef, Vec<Shared>> = HashMap::new();
        let mut seen = vec![usize::MAX; successors.len()];
        for (at, slot) in slots.iter().enumerate() {
            let reach = reach(slot, &predecessors, &mut seen, at);
            let of_type = shared.entry(LLVMGetAllocatedType(slot.address)).or_default();
            let is_free =
                |one: &&mut Shared| reach.iter().all(|&block| (one.taken[block / 64] >> (block % 64)) & 1 == 0);
            // Those that were begun last are most likely to be out of use where this one is in use.
            let own = match of_type.iter_mut().rev().take(MOST_TRIED).find(is_free) {
                Some(one) => {
                    LLVMReplaceAllUsesWith(slot.address, one.address);
                    LLVMInstructionEraseFromParent(slot.address);
                    one
                }
                None => {
                    of_type.push(Shared { address: slot.address, taken: vec![0; successors.len().div_ceil(64)] });
                    let Some(last) = of_type.last_mut() else { continue };
                    last
                }
            };
            reach.iter().for_each(|&block| own.taken[block / 64] |= 1 << (block % 64));
        }
    }
}

/// The slots of a function, and the successors of its blocks.
///
/// # Safety
/// The function is whole.
unsafe fn slots(function: FunctionValue<'_>) -> (Vec<Slot>, Vec<Vec<usize>>) {
    // SAFETY: the caller's promise; blocks have terminators, loads one operand, stores two.
    unsafe {
        let mut blocks = HashMap::new();
        let mut block = LLVMGetFirstBasicBlock(function.as_value_ref());
        let mut in_order = Vec::new();
        while !block.is_null() {
            blocks.insert(block, in_order.len());
            in_order.push(block);
            block = LLVMGetNextBasicBlock(block);
        }
        let mut slots = Vec::new();
        let mut known = HashMap::new();
        let mut successors = Vec::with_capacity(in_order.len());
        for (at, &block) in in_order.iter().enumerate() {
            let mut instruction = LLVMGetFirstInstruction(block);
            while !instruction.is_null() {
                match LLVMGetInstructionOpcode(instruction) {
                    LLVMOpcode::LLVMAlloca if at == 0 && is_scalar(LLVMGetAllocatedType(instruction)) => {
                        known.insert(instruction, slots.len());
                        slots.push(Slot { address: instruction, uses: 0, writes: 0, blocks: Vec::new() });
                    }
                    opcode @ (LLVMOpcode::LLVMLoad | LLVMOpcode::LLVMStore) => {
                        let is_read = opcode == LLVMOpcode::LLVMLoad;
                        let address = LLVMGetOperand(instruction, u32::from(!is_read));
                        // What is volatile counts as a use of another kind.
                        if let Some(&slot) = known.get(&address)
                            && LLVMGetVolatile(instruction) == 0
                        {
                            let slot: &mut Slot = &mut slots[slot];
                            slot.uses += 1;
                            slot.writes += usize::from(!is_read);
                            if slot.blocks.last().is_none_or(|&(last, _)| last != at) {
                                slot.blocks.push((at, is_read));
                            }
                        }
                    }
                    _ => {}
                }
                instruction = LLVMGetNextInstruction(instruction);
            }
            let terminator = LLVMGetBasicBlockTerminator(block);
            let count = if terminator.is_null() { 0 } else { LLVMGetNumSuccessors(terminator) };
            successors.push((0..count).map(|to| blocks[&LLVMGetSuccessor(terminator, to)]).collect());
        }
        (slots, successors)
    }
}

/// # Safety
/// A type.
unsafe fn is_scalar(ty: LLVMTypeRef) -> bool {
    // SAFETY: the caller's promise.
    let kind = unsafe { LLVMGetTypeKind(ty) };
    matches!(
        kind,
        LLVMTypeKind::LLVMIntegerTypeKind
            | LLVMTypeKind::LLVMDoubleTypeKind
            | LLVMTypeKind::LLVMFloatTypeKind
            | LLVMTypeKind::LLVMPointerTypeKind
    )
}

/// # Safety
/// A value.
unsafe fn count_uses(value: LLVMValueRef) -> usize {
    // SAFETY: the caller's promise.
    let first = unsafe { LLVMGetFirstUse(value) };
    std::iter::successors((!first.is_null()).then_some(first), |&one| {
        // SAFETY: a use of the value.
        let next = unsafe { LLVMGetNextUse(one) };
        (!next.is_null()).then_some(next)
    })
    .count()
}

/// The blocks that use a slot, and those between a write and a read.
fn reach(slot: &Slot, predecessors: &[Vec<usize>], seen: &mut [usize], mark: usize) -> Vec<usize> {
    let mut reach = slot.blocks.iter().map(|&(block, _)| block).collect::<Vec<_>>();
    reach.iter().for_each(|&block| seen[block] = mark);
    let mut open =
        slot.blocks.iter().filter(|(_, reads_first)| *reads_first).map(|&(block, _)| block).collect::<Vec<_>>();
    while let Some(block) = open.pop() {
        for &before in &predecessors[block] {
            // Where it is used, it is written, or what is read there has been followed.
            if seen[before] != mark {
                seen[before] = mark;
                reach.push(before);
                open.push(before);
            }
        }
    }
    reach
}

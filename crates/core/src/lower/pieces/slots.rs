//! The slots of a function that is cut: which of them pieces hand on to each other.

use std::collections::{HashMap, HashSet};

use fixedbitset::FixedBitSet;
use inkwell::llvm_sys::LLVMOpcode;
use inkwell::llvm_sys::core::{
    LLVMGetAllocatedType, LLVMGetFirstUse, LLVMGetInstructionOpcode, LLVMGetNextUse, LLVMGetNumOperands,
    LLVMGetOperand, LLVMGetUser, LLVMGetVolatile,
};
use inkwell::llvm_sys::prelude::{LLVMTypeRef, LLVMUseRef, LLVMValueRef};

use super::graph::Graph;
use super::{Owners, instructions, is_slot};

/// Where a slot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// Each piece has its own, and it holds nothing when a piece begins.
    Own,
    /// Each piece has its own, and another one of this number in the area hands it on.
    HandedOn(usize),
    /// In the area only, under this number: its address goes elsewhere.
    Area(usize),
}

/// The slots, and the types of what is in the area.
pub(super) struct Slots {
    pub(super) homes: Vec<(LLVMValueRef, LLVMTypeRef, Home)>,
    pub(super) area: Vec<LLVMTypeRef>,
    /// For each piece the slots that it uses, and whether it writes to them.
    pub(super) of_pieces: Vec<Vec<(usize, bool)>>,
}

/// What a block does with one slot.
#[derive(Clone, Copy)]
struct Use {
    slot: usize,
    reads_first: bool,
    writes: bool,
}

impl Slots {
    /// `entries` are the blocks at which pieces begin; `area` what is there already.
    ///
    /// # Safety
    /// The graph is that of a function which is whole, and all its slots are in its first block.
    pub(super) unsafe fn new(
        graph: &Graph,
        pieces: &[Vec<usize>],
        (owners, entries): (&Owners, &HashMap<usize, usize>),
        mut area: Vec<LLVMTypeRef>,
    ) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            let slots = instructions(graph.blocks[0]).filter(|&one| is_slot(one)).collect::<Vec<_>>();
            let numbers = slots.iter().enumerate().map(|(at, &slot)| (slot, at)).collect::<HashMap<_, _>>();
            let goes_elsewhere = slots.iter().map(|&slot| uses(slot).any(|user| access(user) != Some(slot)));
            let goes_elsewhere = goes_elsewhere.collect::<Vec<_>>();
            let mut handed_on = HashSet::new();
            let mut of_pieces = Vec::new();
            for piece in pieces {
                let uses = piece.iter().map(|&block| block_uses(graph, block, &numbers)).collect::<Vec<_>>();
                let mut used: HashMap<usize, bool> = HashMap::new();
                for one in uses.iter().flatten() {
                    *used.entry(one.slot).or_default() |= one.writes;
                }
                let mut used = used.into_iter().collect::<Vec<_>>();
                used.sort_unstable();
                let live = live_at_start(graph, piece, &uses, &used);
                let begins = piece.iter().zip(&live).filter(|(block, _)| entries.contains_key(block));
                handed_on.extend(begins.flat_map(|(_, live)| live.ones().map(|at| used[at].0)));
                of_pieces.push(used);
            }
            let mut homes = Vec::with_capacity(slots.len());
            for (at, &slot) in slots.iter().enumerate() {
                let ty = LLVMGetAllocatedType(slot);
                let own = owners.of_block[&graph.blocks[0]];
                let in_pieces = || uses(slot).any(|user| owners.of_instruction(user) != own);
                let home = match () {
                    () if goes_elsewhere[at] && in_pieces() => Home::Area(area.len()),
                    () if handed_on.contains(&at) => Home::HandedOn(area.len()),
                    () => Home::Own,
                };
                if home != Home::Own {
                    area.push(ty);
                }
                homes.push((slot, ty, home));
            }
            Self { homes, area, of_pieces }
        }
    }
}

/// The users of a value.
///
/// # Safety
/// A value.
pub(super) unsafe fn uses(value: LLVMValueRef) -> impl Iterator<Item = LLVMValueRef> {
    // SAFETY: the caller's promise.
    let first = unsafe { LLVMGetFirstUse(value) };
    let next = |&one: &LLVMUseRef| {
        // SAFETY: a use of the value.
        let next = unsafe { LLVMGetNextUse(one) };
        (!next.is_null()).then_some(next)
    };
    // SAFETY: as above.
    std::iter::successors((!first.is_null()).then_some(first), next).map(|one| unsafe { LLVMGetUser(one) })
}

/// The address that an instruction reads from or writes to, and does nothing else with.
///
/// # Safety
/// An instruction.
unsafe fn access(instruction: LLVMValueRef) -> Option<LLVMValueRef> {
    // SAFETY: the caller's promise; a read has one operand, a write two.
    unsafe {
        match LLVMGetInstructionOpcode(instruction) {
            LLVMOpcode::LLVMLoad if LLVMGetVolatile(instruction) == 0 => Some(LLVMGetOperand(instruction, 0)),
            LLVMOpcode::LLVMStore if LLVMGetVolatile(instruction) == 0 => {
                let (value, address) = (LLVMGetOperand(instruction, 0), LLVMGetOperand(instruction, 1));
                (value != address).then_some(address)
            }
            _ => None,
        }
    }
}

/// # Safety
/// As [`Slots::new`].
unsafe fn block_uses(graph: &Graph, block: usize, numbers: &HashMap<LLVMValueRef, usize>) -> Vec<Use> {
    let mut places: HashMap<usize, usize> = HashMap::new();
    let mut all: Vec<Use> = Vec::new();
    // SAFETY: the caller's promise; the operands of an instruction are as many as it says.
    unsafe {
        for one in instructions(graph.blocks[block]) {
            let accessed = access(one);
            let count = LLVMGetNumOperands(one).cast_unsigned();
            for operand in (0..count).map(|at| LLVMGetOperand(one, at)) {
                let Some(&slot) = numbers.get(&operand) else { continue };
                let writes = accessed.is_none() || LLVMGetInstructionOpcode(one) == LLVMOpcode::LLVMStore;
                let place = *places.entry(slot).or_insert_with(|| {
                    all.push(Use { slot, reads_first: !writes, writes: false });
                    all.len() - 1
                });
                all[place].writes |= writes;
            }
        }
    }
    all
}

/// Which of the slots that a piece uses are read behind the start of each of its blocks before they are written, within the piece.
fn live_at_start(graph: &Graph, piece: &[usize], uses: &[Vec<Use>], used: &[(usize, bool)]) -> Vec<FixedBitSet> {
    let of_slot = used.iter().enumerate().map(|(at, &(slot, _))| (slot, at)).collect::<HashMap<_, _>>();
    let places = piece.iter().enumerate().map(|(at, &block)| (block, at)).collect::<HashMap<_, _>>();
    let empty = FixedBitSet::with_capacity(used.len());
    let set = |of: &[Use], which: fn(&Use) -> bool| {
        let mut set = empty.clone();
        of.iter().filter(|one| which(one)).for_each(|one| set.insert(of_slot[&one.slot]));
        set
    };
    let read = uses.iter().map(|of| set(of, |one| one.reads_first)).collect::<Vec<_>>();
    let written = uses.iter().map(|of| set(of, |one| !one.reads_first)).collect::<Vec<_>>();
    let mut live = read.clone();
    let mut changed = true;
    while changed {
        changed = false;
        for at in (0..piece.len()).rev() {
            let mut behind = empty.clone();
            for to in graph.successors(piece[at]).iter().filter_map(|to| places.get(to)) {
                behind.union_with(&live[*to]);
            }
            behind.difference_with(&written[at]);
            behind.union_with(&read[at]);
            if behind != live[at] {
                live[at] = behind;
                changed = true;
            }
        }
    }
    live
}

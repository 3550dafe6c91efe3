//! Blocks of turns that are checked when they are over ([`crate::loops::late`]).
//!
//! What turns write is kept before the block. If a check would have found something, it is put back, and the copy with checks does the
//! block again, up to where it leaves.

use inkwell::IntPredicate;
use inkwell::basic_block::BasicBlock;
use inkwell::values::{IntValue, PointerValue};

use super::super::Loaded;
use super::super::Lowerer;
use crate::ir::{BlockId, LocalId};
use crate::loops::plan::{Apart, Plan};
use crate::loops::statements;
use crate::types::Type;

/// When the checks are made of which a plan says that they are late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lower) enum Checks {
    /// Behind the block, which has done what it does.
    Behind,
    /// Behind a look at the block, in which nothing is written.
    First,
    /// They have been made.
    Over,
}

/// An element has so many bytes at most, in loops that are looked at first.
const LARGEST_ELEMENT: i64 = 8;

/// The blocks around the turns that are checked late.
pub(super) struct Late<'ctx> {
    /// Where the block of turns is entered.
    pub begin: BasicBlock<'ctx>,
    /// Where it is over.
    pub done: BasicBlock<'ctx>,
    gate: BasicBlock<'ctx>,
    checked: BasicBlock<'ctx>,
    /// What turns write.
    written: Vec<LocalId>,
}

impl<'ctx> Lowerer<'ctx, '_> {
    /// For a loop with these blocks: where all is well it goes on at the `gate`, else in the copy with checks.
    pub(super) fn late_checks(
        &self,
        own: &[BlockId],
        (gate, checked): (BasicBlock<'ctx>, BasicBlock<'ctx>),
    ) -> Late<'ctx> {
        let written = statements(self.function, own).map(|statement| statement.target);
        let is_held = |local: &LocalId| self.function.local(*local).types.single() != Some(Type::None);
        let mut written = written.filter(is_held).collect::<Vec<_>>();
        written.sort_unstable();
        written.dedup();
        Late { begin: self.b.block("turn.unchecked"), done: self.b.block("look"), gate, checked, written }
    }

    /// What stands in front of the turns and behind them.
    pub(super) fn begin_with_late_checks(&mut self, late: &Late<'ctx>, turns: BasicBlock<'ctx>, first: Option<&Apart>) {
        let found = self.found();
        self.b.at_end(late.begin);
        self.b.store(found, self.b.int(0));
        let mut kept = Vec::new();
        for &local in &late.written {
            let slot = self.slots[local.0 as usize].payload[0];
            let value = self.held(local);
            let copy = self.b.alloca_at_entry(value.get_type(), "kept");
            self.b.store(copy, value);
            kept.push((slot, copy, value.get_type()));
        }
        self.loops.checks = if first.is_some() { Checks::First } else { Checks::Behind };
        self.loops.streams.clear();
        for &place in first.into_iter().flatten().flat_map(|(read, write)| [read, write]) {
            if !self.loops.streams.contains_key(&place) {
                let bounds = ["least", "greatest"].map(|name| self.b.alloca_at_entry(self.b.i64, name));
                self.loops.streams.insert(place, bounds);
            }
        }
        for &[least, greatest] in self.loops.streams.values() {
            // Addresses are positive numbers.
            self.b.store(least, self.b.int(i64::MAX));
            self.b.store(greatest, self.b.int(0));
        }
        self.b.jump(turns);
        self.b.at_end(late.done);
        let mut is_found =
            self.b.compare(IntPredicate::NE, self.b.load(self.b.i64, found).into_int_value(), self.b.int(0));
        let put_back = |lowerer: &Self| {
            for &(slot, copy, ty) in &kept {
                lowerer.b.store(slot, lowerer.b.load(ty, copy));
            }
        };
        let Some(first) = first else {
            let again = self.b.block("again");
            self.b.branch_unlikely(is_found, again, late.gate);
            self.b.at_end(again);
            put_back(self);
            return self.b.jump(late.checked);
        };
        for (read, write) in first {
            is_found = self.b.or(is_found, self.meet(self.loops.streams[read], self.loops.streams[write]));
        }
        put_back(self);
        self.b.branch_unlikely(is_found, late.checked, late.gate);
    }

    /// True if elements between two pairs of addresses may be the same.
    fn meet(&self, one: [PointerValue<'ctx>; 2], other: [PointerValue<'ctx>; 2]) -> IntValue<'ctx> {
        let [one, other] = [one, other].map(|both| both.map(|slot| self.b.load(self.b.i64, slot).into_int_value()));
        let begins_before_end = |begin: IntValue<'ctx>, end: IntValue<'ctx>| {
            let end = self.b.add(end, self.b.int(LARGEST_ELEMENT));
            self.b.compare(IntPredicate::SLT, begin, end)
        };
        self.b.and(begins_before_end(one[0], other[1]), begins_before_end(other[0], one[1]))
    }

    /// The turns of a block that has been looked at, from `entry` on.
    pub(super) fn sure_turns(
        &mut self,
        header: BlockId,
        own: &[BlockId],
        (entry, gate): (BasicBlock<'ctx>, BasicBlock<'ctx>),
        plan: &Plan,
    ) {
        let outer = self.blocks.clone();
        for block in own {
            self.blocks[block.0 as usize] = self.b.block(&format!("bb{}.sure", block.0));
        }
        self.loops.checks = Checks::Over;
        self.turns(header, own, (entry, gate), Some((plan, None)));
        self.loops.checks = Checks::Behind;
        self.blocks = outer;
    }

    /// True while a block is looked at, in which nothing is written.
    fn only_looks(&self) -> bool {
        self.loops.checks == Checks::First
    }

    /// True if what a late check asks is to be told from what a function is given: that is in time.
    pub(in crate::lower) fn checks_what_is_given(&self) -> bool {
        self.loops.proof.late && self.only_looks()
    }

    /// Reads an element.
    pub(in crate::lower) fn element_read(&self, from: PointerValue<'ctx>, one: Type) -> Loaded<'ctx> {
        self.note_address(from);
        self.load_element(from, one)
    }

    /// Writes an element, unless the block is only looked at.
    pub(in crate::lower) fn element_written(&self, to: PointerValue<'ctx>, value: Loaded<'ctx>) -> Loaded<'ctx> {
        self.note_address(to);
        if !self.only_looks() {
            self.store_element(to, value);
        }
        Loaded::Unit(Type::None)
    }

    fn note_address(&self, address: PointerValue<'ctx>) {
        let Some(&[least, greatest]) = self.loops.streams.get(&self.loops.at).filter(|_| self.only_looks()) else {
            return;
        };
        let address = self.b.address(address);
        for (slot, name) in [(least, "llvm.smin"), (greatest, "llvm.smax")] {
            let known = self.b.load(self.b.i64, slot);
            let bound = self.b.intrinsic(name, &[self.b.i64.into()], &[known.into(), address.into()]);
            self.b.store(slot, bound);
        }
    }

    /// Takes note of what a late check has found.
    pub(in crate::lower) fn found_late(&mut self, condition: IntValue<'ctx>) {
        if self.loops.checks == Checks::Over {
            return;
        }
        let slot = self.found();
        let found = self.b.load(self.b.i64, slot).into_int_value();
        self.b.store(slot, self.b.or(found, self.b.widen(condition, self.b.i64)));
    }

    fn found(&mut self) -> PointerValue<'ctx> {
        match self.loops.found {
            Some(slot) => slot,
            None => *self.loops.found.insert(self.b.alloca_at_entry(self.b.i64, "found")),
        }
    }
}

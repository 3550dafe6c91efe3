//! Blocks of turns that are checked when they are over ([`crate::loops::late`]).
//!
//! What turns write is kept before the block. If a check would have found something, it is put back, and the copy with checks does the
//! block again, up to where it leaves.

use inkwell::IntPredicate;
use inkwell::basic_block::BasicBlock;
use inkwell::values::{IntValue, PointerValue};

use super::super::Lowerer;
use crate::ir::{BlockId, LocalId};
use crate::loops::statements;

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
        let mut written = statements(self.function, own).map(|statement| statement.target).collect::<Vec<_>>();
        written.sort_unstable();
        written.dedup();
        Late { begin: self.b.block("turn.unchecked"), done: self.b.block("look"), gate, checked, written }
    }

    /// What stands in front of the turns and behind them.
    pub(super) fn begin_with_late_checks(&mut self, late: &Late<'ctx>, turns: BasicBlock<'ctx>) {
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
        self.b.jump(turns);
        self.b.at_end(late.done);
        let again = self.b.block("again");
        let is_found = self.b.compare(IntPredicate::NE, self.b.load(self.b.i64, found).into_int_value(), self.b.int(0));
        self.b.branch_unlikely(is_found, again, late.gate);
        self.b.at_end(again);
        for (slot, copy, ty) in kept {
            self.b.store(slot, self.b.load(ty, copy));
        }
        self.b.jump(late.checked);
    }

    /// Takes note of what a late check has found.
    pub(in crate::lower) fn found_late(&mut self, condition: IntValue<'ctx>) {
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

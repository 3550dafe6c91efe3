//! Blocks of turns whose first or last indices are negative.
//!
//! Where a test fails, and some index that grows with the counter is negative at first, as in `a[i - 1]` from 0 on, the block is cut
//! off where that is over: those turns run with checks, and the gate tests the rest. Where the counter falls, and such an index is
//! negative at last, the block is cut off before that begins, and tested again. It is done once for each run of a loop, so that
//! a loop of which nothing can be proven pays no more than one gate for it.

use inkwell::IntPredicate;
use inkwell::basic_block::BasicBlock;
use inkwell::values::{IntValue, PhiValue};

use super::super::Lowerer;
use super::Left;
use crate::loops::Counter;
use crate::loops::plan::Plan;
use crate::ops::Predicate;

/// A test that can be made again, and what it takes for the end of the block.
pub(super) type Again<'ctx> = (BasicBlock<'ctx>, PhiValue<'ctx>);

/// True if a test of the plan can fail for the first turns only, or for the last ones.
pub(super) fn can_be(plan: &Plan, counter: &Counter) -> bool {
    counter.goes_on != Predicate::Eq && plan.guards.is_empty() && !plan.first_indices().is_empty()
}

impl<'ctx> Lowerer<'ctx, '_> {
    /// A run begins. The gate that turns go back to, where the builder is left.
    pub(super) fn may_split(&mut self) -> BasicBlock<'ctx> {
        let slot = match self.loops.whole {
            Some(slot) => slot,
            None => *self.loops.whole.insert(self.b.alloca_at_entry(self.b.i64, "whole")),
        };
        self.b.store(slot, self.b.int(1));
        let again = self.b.block("again");
        self.b.jump(again);
        self.b.at_end(again);
        again
    }

    /// Where a block of a falling counter is tested, at first with the end that it has, and its ends. The builder is left there.
    pub(super) fn may_test_again(&mut self, left: &mut Left<'ctx>) -> Option<Again<'ctx>> {
        let Left::Counted(counter, end) = left else { return None };
        if counter.is_up() {
            return None;
        }
        let (before, test) = (self.b.current(), self.b.block("test"));
        self.b.jump(test);
        self.b.at_end(test);
        let ends = self.b.phi_int_from((*end, before));
        *end = ends.as_basic_value().into_int_value();
        Some((test, ends))
    }

    /// Goes to one of two copies, and says where the block ends for that with checks: behind the turns in which the `least` index is
    /// negative, if there are some behind these. What was paid for others is given back. Or goes `back` to the test, with an end
    /// before the turns in which it is.
    pub(super) fn split(
        &mut self,
        counter: &Counter,
        (end, least): (IntValue<'ctx>, IntValue<'ctx>),
        shift: u32,
        (holds, back): (IntValue<'ctx>, Option<Again<'ctx>>),
        (proven, checked): (BasicBlock<'ctx>, BasicBlock<'ctx>),
    ) -> IntValue<'ctx> {
        let (failed, cut, begin) = (self.b.block("failed"), self.b.block("cut"), self.b.block("checked"));
        self.b.branch(holds, proven, failed);
        self.b.at_end(failed);
        let Some(slot) = self.loops.whole else { panic!("a gate that may split") };
        let (local, one) = (self.read(counter.local).int(), self.b.int(1));
        let negative = self.b.sub(self.b.int(0), least);
        let distance = if back.is_some() { self.b.sub(local, end) } else { self.b.sub(end, local) };
        let is_part = self.b.compare(IntPredicate::ULT, self.b.sub(negative, one), self.b.sub(distance, one));
        let is_first = self.b.compare(IntPredicate::NE, self.b.load(self.b.i64, slot).into_int_value(), self.b.int(0));
        self.b.branch(self.b.and(is_first, is_part), cut, begin);
        self.b.at_end(cut);
        self.b.store(slot, self.b.int(0));
        let behind = self.b.add(if back.is_some() { end } else { local }, negative);
        let last = if counter.goes_on == Predicate::Le { self.b.sub(behind, one) } else { behind };
        let rest = if back.is_some() { negative } else { self.b.sub(end, last) };
        let price = self.b.shl(rest, self.b.int(shift.into()));
        self.b.store(self.loops.fuel, self.b.add(self.fuel(), price));
        let end = match back {
            Some((test, ends)) => {
                ends.add_incoming(&[(&last, cut)]);
                self.b.jump(test);
                self.b.at_end(begin);
                end
            }
            None => {
                self.b.jump(begin);
                self.b.at_end(begin);
                self.b.phi_int((end, failed), (last, cut))
            }
        };
        self.b.jump(checked);
        end
    }
}

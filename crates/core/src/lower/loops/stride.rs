//! How many turns remain, and, of loops whose step is a local, where they go, if steps are positive.

use inkwell::values::{IntValue, PointerValue};

use super::super::Lowerer;
use super::cost::least_step;
use crate::loops::{Counter, Stride};
use crate::ops::Predicate;

impl<'ctx> Lowerer<'ctx, '_> {
    /// The turns that a loop with a stride does after the next one, which it does; steps that are not positive count as one.
    pub(super) fn turns_after_first(&self, stride: &Stride) -> IntValue<'ctx> {
        let (local, stop) = (self.read(stride.local).int(), self.operand(stride.stop).int());
        let remains = if stride.is_up() { self.b.sub(stop, local) } else { self.b.sub(local, stop) };
        let remains = if stride.reaches_stop() { remains } else { self.b.sub(remains, self.b.int(1)) };
        let step = self.read(stride.step).int();
        let step = self.b.intrinsic("llvm.smax", &[self.b.i64.into()], &[step.into(), self.b.int(1).into()]);
        self.b.div_unsigned(remains, step.into_int_value())
    }

    /// The least and the greatest value of the local where the turns of a block begin, if steps are positive.
    pub(super) fn strides(&self, stride: &Stride, slot: PointerValue<'ctx>) -> (IntValue<'ctx>, IntValue<'ctx>) {
        let (local, step) = (self.read(stride.local).int(), self.read(stride.step).int());
        let turns = self.b.load(self.b.i64, slot).into_int_value();
        let way = self.b.mul(step, self.b.sub(turns, self.b.int(1)));
        if stride.is_up() { (local, self.b.add(local, way)) } else { (self.b.sub(local, way), local) }
    }

    /// The most turns that there may be until the counter, in steps of this size at least, reaches a value that lies in its way.
    pub(super) fn turns_between(&self, counter: &Counter, end: IntValue<'ctx>) -> IntValue<'ctx> {
        // The comparison may hold at the end itself; and the last step may be longer than what remains.
        let step = i64::try_from(least_step(counter)).unwrap_or(i64::MAX);
        let beyond = step - i64::from(matches!(counter.goes_on, Predicate::Lt | Predicate::Gt | Predicate::Ne));
        let way = self.b.add(self.remains(counter, end), self.b.int(beyond));
        if step == 1 { way } else { self.b.div_unsigned(way, self.b.int(step)) }
    }
}

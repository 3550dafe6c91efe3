//! Ints without a sign, of 64 bits.

use inkwell::values::{FloatValue, IntValue};
use inkwell::{FloatPredicate, IntPredicate};

use super::super::Lowerer;
use super::{Leaving, unsigned};
use crate::ops::Predicate;

impl<'ctx> Lowerer<'ctx, '_> {
    /// An operation that leaves on unsigned overflow, whatever the user wants of signed ints.
    pub(super) fn checked_nat(
        &mut self,
        name: &str,
        left: IntValue<'ctx>,
        right: IntValue<'ctx>,
        exit: Leaving,
    ) -> IntValue<'ctx> {
        let pair = self.b.intrinsic(name, &[self.b.i64.into()], &[left.into(), right.into()]);
        let overflow = self.b.part(pair, 1);
        self.leave_if(overflow, exit);
        self.b.part(pair, 0)
    }

    pub(super) fn div_nat(&mut self, left: IntValue<'ctx>, right: IntValue<'ctx>, exit: Leaving) -> FloatValue<'ctx> {
        self.leave_if_zero_int(right, exit);
        self.b.call("brrr_nat_div", self.b.f64.into(), &[left.into(), right.into()], true).into_float_value()
    }

    pub(super) fn shl_nat(&mut self, value: IntValue<'ctx>, count: IntValue<'ctx>, exit: Leaving) -> IntValue<'ctx> {
        self.leave_if_negative(count, exit);
        let near = self.at_most_63(count);
        let shifted = self.b.shl(value, near);
        let lost = self.b.compare(IntPredicate::NE, self.b.shr_unsigned(shifted, near), value);
        let far = self.b.compare(IntPredicate::SGT, count, self.b.int(63));
        let nonzero = self.b.compare(IntPredicate::NE, value, self.b.int(0));
        let overflow = self.b.or(lost, self.b.and(far, nonzero));
        self.leave_if(overflow, exit);
        shifted
    }

    pub(super) fn shr_nat(&mut self, value: IntValue<'ctx>, count: IntValue<'ctx>, exit: Leaving) -> IntValue<'ctx> {
        self.leave_if_negative(count, exit);
        let shifted = self.b.shr_unsigned(value, self.at_most_63(count));
        let far = self.b.compare(IntPredicate::SGT, count, self.b.int(63));
        self.b.select(far, self.b.int(0), shifted)
    }

    pub(super) fn shl_low(&mut self, value: IntValue<'ctx>, count: IntValue<'ctx>, exit: Leaving) -> IntValue<'ctx> {
        self.leave_if_negative(count, exit);
        let shifted = self.b.shl(value, self.at_most_63(count));
        let far = self.b.compare(IntPredicate::SGT, count, self.b.int(63));
        self.b.select(far, self.b.int(0), shifted)
    }

    /// The least i64 is the negation of 2**63.
    pub(super) fn neg_nat(&mut self, value: IntValue<'ctx>, exit: Leaving) -> IntValue<'ctx> {
        let large = self.b.compare(IntPredicate::UGT, value, self.b.int(i64::MIN));
        self.leave_if(large, exit);
        self.b.sub(self.b.int(0), value)
    }

    /// A negative int is below every int without a sign.
    pub(super) fn compare_nat_int(
        &self,
        predicate: Predicate,
        nat: IntValue<'ctx>,
        int: IntValue<'ctx>,
    ) -> IntValue<'ctx> {
        let negative = self.b.compare(IntPredicate::SLT, int, self.b.int(0));
        let compared = self.b.compare(unsigned(predicate), nat, int);
        match predicate {
            Predicate::Gt | Predicate::Ge | Predicate::Ne => self.b.or(negative, compared),
            Predicate::Lt | Predicate::Le | Predicate::Eq => self.b.and(self.b.not(negative), compared),
        }
    }

    /// Exact, as [`Self::compare_mixed`]: unequal floats decide, else the ints, except that 2**64 is above every one.
    pub(super) fn compare_nat_float(
        &self,
        predicate: Predicate,
        nat: IntValue<'ctx>,
        float: FloatValue<'ctx>,
    ) -> IntValue<'ctx> {
        let rounded = self.b.unsigned_to_float(nat);
        let types = [self.b.i64.into(), self.b.f64.into()];
        let whole = self.b.intrinsic("llvm.fptoui.sat", &types, &[float.into()]).into_int_value();
        let beyond = self.b.fcompare(FloatPredicate::OGE, float, self.b.float(18_446_744_073_709_551_616.0));
        let tie = self.b.fcompare(FloatPredicate::OEQ, rounded, float);
        let equal = || {
            let same = self.b.compare(IntPredicate::EQ, nat, whole);
            self.b.and(tie, self.b.and(same, self.b.not(beyond)))
        };
        let less = || {
            let below = self.b.or(self.b.compare(IntPredicate::ULT, nat, whole), beyond);
            self.b.or(self.b.fcompare(FloatPredicate::OLT, rounded, float), self.b.and(tie, below))
        };
        let greater = || {
            let above = self.b.and(self.b.compare(IntPredicate::UGT, nat, whole), self.b.not(beyond));
            self.b.or(self.b.fcompare(FloatPredicate::OGT, rounded, float), self.b.and(tie, above))
        };
        match predicate {
            Predicate::Eq => equal(),
            Predicate::Ne => self.b.not(equal()),
            Predicate::Lt => less(),
            Predicate::Le => self.b.or(less(), equal()),
            Predicate::Gt => greater(),
            Predicate::Ge => self.b.or(greater(), equal()),
        }
    }
}

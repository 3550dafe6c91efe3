//! Recipes to instructions: one arm for each way of lowering a row of the table.
//!
//! The rules are CPython's; each arm that is not plain says which.

mod array;
mod complex;
mod math;
mod nat;
mod power;
mod scalar;
mod scalar_complex;
mod ufunc;

use std::mem::offset_of;

use inkwell::values::{FloatValue, IntValue};
use inkwell::{FloatPredicate, IntPredicate};

use super::{Loaded, Lowerer};
use crate::abi::Services;
use crate::backend::Overflow;
use crate::ir::ExitId;
use crate::ops::{OpId, Predicate, Recipe};
use crate::types::Type;

/// Constant exponents up to here are multiplied out.
const MULTIPLIED_OUT: u64 = 64;

/// The exit of an operation that can leave; the verifier has seen that it is there.
type Leaving = Option<ExitId>;

impl<'ctx> Lowerer<'ctx, '_> {
    /// The result of a row on operands of its types; [`super::fastmath`] says whether floats have flags.
    pub(super) fn exact_recipe(&mut self, op: OpId, args: &[Loaded<'ctx>], exit: Leaving) -> Loaded<'ctx> {
        let int = |at: usize| args[at].int();
        let float = |at: usize| args[at].float();
        match op.row().recipe {
            Recipe::AddInt => Loaded::Int(self.checked("llvm.sadd.with.overflow", int(0), int(1), exit)),
            Recipe::SubInt => Loaded::Int(self.checked("llvm.ssub.with.overflow", int(0), int(1), exit)),
            Recipe::MulInt => Loaded::Int(self.checked("llvm.smul.with.overflow", int(0), int(1), exit)),
            Recipe::NegInt => Loaded::Int(self.checked("llvm.ssub.with.overflow", self.b.int(0), int(0), exit)),
            Recipe::DivInt => Loaded::Float(self.div_int(int(0), int(1), exit)),
            Recipe::FloorDivInt => Loaded::Int(self.floor_div_int(int(0), int(1), exit)),
            Recipe::ModInt => Loaded::Int(self.mod_int(int(0), int(1), exit)),
            Recipe::PowInt => Loaded::Int(self.pow_int(int(0), int(1), exit)),
            Recipe::ShlInt => Loaded::Int(self.shl_int(int(0), int(1), exit)),
            Recipe::ShrInt => {
                let negative = self.b.compare(IntPredicate::SLT, int(1), self.b.int(0));
                self.leave_if(negative, exit);
                let count = self.at_most_63(int(1));
                Loaded::Int(self.b.shr(int(0), count))
            }
            Recipe::And | Recipe::Mask => Loaded::Int(self.b.and(int(0), int(1))),
            Recipe::Or => Loaded::Int(self.b.or(int(0), int(1))),
            Recipe::Xor => Loaded::Int(self.b.xor(int(0), int(1))),
            Recipe::InvertInt => Loaded::Int(self.b.not(int(0))),
            Recipe::Same => args[0],
            Recipe::AddFloat => Loaded::Float(self.b.fadd(float(0), float(1))),
            Recipe::SubFloat => Loaded::Float(self.b.fsub(float(0), float(1))),
            Recipe::MulFloat => Loaded::Float(self.b.fmul(float(0), float(1))),
            Recipe::DivFloat => {
                self.leave_if_zero(float(1), exit);
                Loaded::Float(self.b.fdiv(float(0), float(1)))
            }
            Recipe::FloorDivFloat => Loaded::Float(self.floor_div_float(float(0), float(1), exit)),
            Recipe::ModFloat => Loaded::Float(self.mod_float(float(0), float(1), exit)),
            Recipe::PowFloat => Loaded::Float(self.pow_float(float(0), float(1), exit)),
            Recipe::NegFloat => Loaded::Float(self.b.fneg(float(0))),
            Recipe::CompareInt(predicate) => Loaded::Bool(self.b.compare(signed(predicate), int(0), int(1))),
            Recipe::CompareFloat(predicate) => Loaded::Bool(self.b.fcompare(ordered(predicate), float(0), float(1))),
            Recipe::CompareIntFloat(predicate) => Loaded::Bool(self.compare_mixed(predicate, int(0), float(1))),
            Recipe::CompareFloatInt(predicate) => {
                Loaded::Bool(self.compare_mixed(predicate.swapped(), int(1), float(0)))
            }
            Recipe::SameFloat => {
                let nan = |value| self.b.fcompare(FloatPredicate::UNO, value, value);
                let both = self.b.and(nan(float(0)), nan(float(1)));
                self.leave_if(both, exit);
                Loaded::Bool(self.b.fcompare(FloatPredicate::OEQ, float(0), float(1)))
            }
            Recipe::Not => Loaded::Bool(self.b.not(args[0].bits())),
            Recipe::TruthInt => Loaded::Bool(self.b.compare(IntPredicate::NE, int(0), self.b.int(0))),
            Recipe::TruthFloat => Loaded::Bool(self.b.fcompare(FloatPredicate::UNE, float(0), self.b.float(0.0))),
            Recipe::Constant(value) => Loaded::Bool(self.b.bool(value)),
            Recipe::NonZero => {
                let zero = self.b.compare(IntPredicate::EQ, int(0), self.b.int(0));
                self.leave_if(zero, exit);
                args[0]
            }
            Recipe::RangeCount => Loaded::Int(self.range_count(int(0), int(1), int(2))),
            Recipe::StepUp => Loaded::Int(self.b.add_no_wrap(int(0), self.b.int(1))),
            Recipe::StepDown => Loaded::Int(self.b.sub_no_wrap(int(0), self.b.int(1))),
            Recipe::WrappingAdd => Loaded::Int(self.b.add(int(0), int(1))),
            Recipe::AddNat => Loaded::Nat(self.checked_nat("llvm.uadd.with.overflow", int(0), int(1), exit)),
            Recipe::SubNat => Loaded::Nat(self.checked_nat("llvm.usub.with.overflow", int(0), int(1), exit)),
            Recipe::MulNat => Loaded::Nat(self.checked_nat("llvm.umul.with.overflow", int(0), int(1), exit)),
            Recipe::DivNat => Loaded::Float(self.div_nat(int(0), int(1), exit)),
            Recipe::FloorDivNat => {
                self.leave_if_zero_int(int(1), exit);
                Loaded::Nat(self.b.div_unsigned(int(0), int(1)))
            }
            Recipe::ModNat => {
                self.leave_if_zero_int(int(1), exit);
                Loaded::Nat(self.b.rem_unsigned(int(0), int(1)))
            }
            Recipe::ModNatInt => {
                let unfit = self.b.compare(IntPredicate::SLE, int(1), self.b.int(0));
                self.leave_if(unfit, exit);
                Loaded::Int(self.b.rem_unsigned(int(0), int(1)))
            }
            Recipe::ShlNat => Loaded::Nat(self.shl_nat(int(0), int(1), exit)),
            Recipe::ShrNat => Loaded::Nat(self.shr_nat(int(0), int(1), exit)),
            Recipe::NegNat => Loaded::Int(self.neg_nat(int(0), exit)),
            Recipe::InvertNat => {
                self.leave_if_negative(int(0), exit);
                Loaded::Int(self.b.not(int(0)))
            }
            Recipe::CompareNat(predicate) => Loaded::Bool(self.b.compare(unsigned(predicate), int(0), int(1))),
            Recipe::CompareNatInt(predicate) => Loaded::Bool(self.compare_nat_int(predicate, int(0), int(1))),
            Recipe::CompareIntNat(predicate) => Loaded::Bool(self.compare_nat_int(predicate.swapped(), int(1), int(0))),
            Recipe::CompareNatFloat(predicate) => Loaded::Bool(self.compare_nat_float(predicate, int(0), float(1))),
            Recipe::CompareFloatNat(predicate) => {
                Loaded::Bool(self.compare_nat_float(predicate.swapped(), int(1), float(0)))
            }
            // A u64 beyond i64 has its highest bit set, as a negative i64 has.
            Recipe::NatOfInt | Recipe::IntOfNat => {
                self.leave_if_negative(int(0), exit);
                Loaded::Int(int(0))
            }
            Recipe::AddLow => Loaded::Low(self.b.add(int(0), int(1))),
            Recipe::SubLow => Loaded::Low(self.b.sub(int(0), int(1))),
            Recipe::MulLow => Loaded::Low(self.b.mul(int(0), int(1))),
            Recipe::NegLow => Loaded::Low(self.b.sub(self.b.int(0), int(0))),
            Recipe::ShlLow => Loaded::Low(self.shl_low(int(0), int(1), exit)),
            Recipe::PowLow => {
                self.leave_if_negative(int(1), exit);
                let args = [int(0).into(), int(1).into()];
                Loaded::Low(self.b.call("brrr_int_pow_wrapping", self.b.i64.into(), &args, true).into_int_value())
            }
            Recipe::AddComplex
            | Recipe::SubComplex
            | Recipe::MulComplex
            | Recipe::DivComplex
            | Recipe::NegComplex
            | Recipe::EqualComplex(_)
            | Recipe::EqualComplexInt(..)
            | Recipe::TruthComplex
            | Recipe::AbsComplex
            | Recipe::Real
            | Recipe::Imag
            | Recipe::Conjugate
            | Recipe::ComplexOf => self.complex_recipe(op.row().recipe, args, exit),
            Recipe::LeaveIf => {
                self.leave_if(args[0].bits(), exit);
                args[0]
            }
            Recipe::Index | Recipe::Bound if self.loops.proof.within => args[0],
            Recipe::Index if self.loops.proof.from_end => Loaded::Int(self.b.add_no_wrap(args[0].int(), args[1].int())),
            Recipe::Index => Loaded::Int(self.index(int(0), int(1), exit)),
            Recipe::Bound => {
                self.leave_unless_below(int(0), int(1), exit);
                args[0]
            }
            Recipe::Least | Recipe::SubCut => {
                let both = [int(0).into(), int(1).into()];
                let name = if op.row().recipe == Recipe::Least { "llvm.smin" } else { "llvm.ssub.sat" };
                Loaded::Int(self.b.intrinsic(name, &[self.b.i64.into()], &both).into_int_value())
            }
            Recipe::Filled => {
                let both = [int(0).into(), self.b.int(1).into()];
                Loaded::Int(self.b.intrinsic("llvm.smax", &[self.b.i64.into()], &both).into_int_value())
            }
            Recipe::AddKnown => Loaded::Int(self.b.add_no_wrap(int(0), int(1))),
            Recipe::MulKnown => Loaded::Int(self.b.mul_no_wrap(int(0), int(1))),
            Recipe::Locate => {
                let size = int(2).get_zero_extended_constant().unwrap_or(1);
                Loaded::Pointer(self.b.within(self.b.i8.array_type(size as u32), args[0].pointer(), int(1)))
            }
            Recipe::Move => Loaded::Pointer(self.b.within(self.b.i8, args[0].pointer(), int(1))),
            Recipe::Data => Loaded::Pointer(self.array_data(args[0].pointer())),
            Recipe::SameObject => {
                let [one, other] = [0, 1].map(|at| self.b.address(args[at].pointer()));
                Loaded::Bool(self.b.compare(IntPredicate::EQ, one, other))
            }
            Recipe::Length => Loaded::Int(self.array_length(args[0].pointer(), int(1))),
            Recipe::Stride => Loaded::Int(self.array_stride(args[0].pointer(), int(1))),
            Recipe::PartStride => {
                let passed = [args[0].pointer().into(), int(1).into()];
                Loaded::Int(self.b.call("brrr_part_stride", self.b.i64.into(), &passed, false).into_int_value())
            }
            Recipe::Load => self.element_read(args[0].pointer(), op.row().result),
            Recipe::Store => self.element_written(args[0].pointer(), args[1]),
            Recipe::SameComplex => Loaded::Bool(self.same_complex(args[0].complex(), args[1].complex(), exit)),
            Recipe::Scalar(element) => self.element(element, op.row(), args, exit),
            Recipe::AbsInt => Loaded::Int(self.abs_int(int(0), exit)),
            Recipe::AbsFloat => Loaded::Float(self.fabs(float(0))),
            Recipe::CopySign => Loaded::Float(self.copysign(float(0), float(1))),
            Recipe::Zero if op.row().result == Type::Float => Loaded::Float(self.b.float(0.0)),
            Recipe::Zero => Loaded::Int(self.b.int(0)),
            Recipe::One => Loaded::Int(self.b.int(1)),
            Recipe::ToInt(rounding) => Loaded::Int(self.rounded(rounding, float(0), exit)),
            Recipe::Is(kind) => Loaded::Bool(self.is(kind, float(0))),
            Recipe::BitLength => Loaded::Int(self.bit_length(self.magnitude_of_int(op.row().params[0], int(0)))),
            Recipe::BitCount => Loaded::Int(self.bit_count(self.magnitude_of_int(op.row().params[0], int(0)))),
            Recipe::Sqrt => Loaded::Float(self.sqrt(float(0), exit)),
            Recipe::Degrees => Loaded::Float(self.b.fmul(float(0), self.b.float(180.0 / std::f64::consts::PI))),
            Recipe::Radians => Loaded::Float(self.b.fmul(float(0), self.b.float(std::f64::consts::PI / 180.0))),
            Recipe::IsClose if args.len() == 2 => {
                let (relative, absolute) = (self.b.float(1e-9), self.b.float(0.0));
                Loaded::Bool(self.is_close([float(0), float(1), relative, absolute], exit))
            }
            Recipe::IsClose => Loaded::Bool(self.is_close([float(0), float(1), float(2), float(3)], exit)),
            Recipe::Log(function) => Loaded::Float(self.log(function, float(0), exit)),
            Recipe::LogBase => {
                let (number, base) = (self.log("log", float(0), exit), self.log("log", float(1), exit));
                self.leave_if_zero(base, exit);
                Loaded::Float(self.b.fdiv(number, base))
            }
            Recipe::Checked(function) => Loaded::Float(self.checked_call(function, args, exit)),
            Recipe::Call(function) => self.pure_call(function, args, op.row().result),
            Recipe::Helper(function) => self.helper(function, args, op.row().result, exit),
            Recipe::Host => self.host(op, args, exit),
            Recipe::HostOver(_) => self.host_over(op, args, exit),
            Recipe::RoundFloat => Loaded::Float(self.round_float(op, args, exit)),
            Recipe::Probe => {
                let asked = self.b.service(offset_of!(Services, probe), self.b.i8.into(), &[]).into_int_value();
                let leaves = self.b.compare(IntPredicate::NE, asked, self.b.i8.const_zero());
                self.leave_if(leaves, exit);
                Loaded::Unit(Type::None)
            }
            // Never an operation of verified IR: a row that always leaves is a terminator.
            Recipe::Leave => {
                self.leave_if(self.b.bool(true), exit);
                args[0]
            }
        }
    }

    fn wraps(&self) -> bool {
        self.options.overflow == Overflow::Wrap
    }

    /// An operation that leaves on overflow, or wraps if the user wants that.
    fn checked(&mut self, name: &str, left: IntValue<'ctx>, right: IntValue<'ctx>, exit: Leaving) -> IntValue<'ctx> {
        if self.loops.proof.fits {
            return match name {
                "llvm.sadd.with.overflow" => self.b.add_no_wrap(left, right),
                "llvm.ssub.with.overflow" => self.b.sub_no_wrap(left, right),
                _ => self.b.mul_no_wrap(left, right),
            };
        }
        if self.wraps() {
            return match name {
                "llvm.sadd.with.overflow" => self.b.add(left, right),
                "llvm.ssub.with.overflow" => self.b.sub(left, right),
                _ => self.b.mul(left, right),
            };
        }
        let pair = self.b.intrinsic(name, &[self.b.i64.into()], &[left.into(), right.into()]);
        let overflow = self.b.part(pair, 1);
        match self.overflow_to {
            Some(aside) => self.branch_away_if(overflow, aside),
            None => self.leave_if(overflow, exit),
        }
        self.b.part(pair, 0)
    }

    pub(super) fn leave_if_negative(&mut self, value: IntValue<'ctx>, exit: Leaving) {
        let negative = self.b.compare(IntPredicate::SLT, value, self.b.int(0));
        self.leave_if(negative, exit);
    }

    fn leave_if_zero_int(&mut self, value: IntValue<'ctx>, exit: Leaving) {
        let zero = self.b.compare(IntPredicate::EQ, value, self.b.int(0));
        self.leave_if(zero, exit);
    }

    fn at_most_63(&self, count: IntValue<'ctx>) -> IntValue<'ctx> {
        self.b.intrinsic("llvm.umin", &[self.b.i64.into()], &[count.into(), self.b.int(63).into()]).into_int_value()
    }

    /// The nearest float to the quotient. Of ints that floats hold exactly it is the quotient of the floats.
    fn div_int(&mut self, left: IntValue<'ctx>, right: IntValue<'ctx>, exit: Leaving) -> FloatValue<'ctx> {
        let zero = self.b.compare(IntPredicate::EQ, right, self.b.int(0));
        self.leave_if(zero, exit);
        let exact = |value: IntValue<'ctx>| {
            let shifted = self.b.add(value, self.b.int(1 << 53));
            self.b.compare(IntPredicate::ULE, shifted, self.b.int(1 << 54))
        };
        let small = self.b.and(exact(left), exact(right));
        let (quick, slow, after) = (self.b.block("div"), self.b.block("div.large"), self.b.block("div.after"));
        self.b.branch(small, quick, slow);
        self.b.at_end(quick);
        let quotient = self.b.fdiv(self.b.int_to_float(left), self.b.int_to_float(right));
        self.b.jump(after);
        self.b.at_end(slow);
        let rounded =
            self.b.call("brrr_int_div", self.b.f64.into(), &[left.into(), right.into()], true).into_float_value();
        self.b.jump(after);
        self.b.at_end(after);
        self.b.phi((quotient, quick), (rounded, slow))
    }

    /// `idiv` traps on the one quotient that overflows, so that is tested first.
    fn floor_div_int(&mut self, left: IntValue<'ctx>, right: IntValue<'ctx>, exit: Leaving) -> IntValue<'ctx> {
        if let Some(bits) = power_of_two(right) {
            return self.b.shr(left, self.b.int(bits));
        }
        let proof = self.loops.proof;
        if !proof.divisor_positive {
            let zero = self.b.compare(IntPredicate::EQ, right, self.b.int(0));
            self.leave_if(zero, exit);
        }
        if proof.dividend_not_negative {
            return self.b.div_unsigned(left, right);
        }
        if proof.divisor_not_negative {
            let (quotient, rest) = (self.b.div(left, right), self.b.rem(left, right));
            let below = self.b.sub(quotient, self.b.int(1));
            return self.unless_negative(rest, quotient, below, right.is_const());
        }
        let least = self.b.compare(IntPredicate::EQ, left, self.b.int(i64::MIN));
        let minus_one = self.b.compare(IntPredicate::EQ, right, self.b.int(-1));
        let overflow = self.b.and(least, minus_one);
        let divisor = if self.wraps() {
            self.b.select(overflow, self.b.int(1), right)
        } else {
            self.leave_if(overflow, exit);
            right
        };
        let quotient = self.b.div(left, divisor);
        let rest = self.b.rem(left, divisor);
        let below = self.b.sub(quotient, self.b.int(1));
        self.unless_signs_agree(rest, divisor, quotient, below)
    }

    /// `other` if the rest is not zero and its sign is not the divisor's, else `usual`. A branch, which is predicted as the
    /// usual case, keeps the correction off the path from one division to the next.
    fn unless_signs_agree(
        &self,
        rest: IntValue<'ctx>,
        divisor: IntValue<'ctx>,
        usual: IntValue<'ctx>,
        other: IntValue<'ctx>,
    ) -> IntValue<'ctx> {
        let inexact = self.b.compare(IntPredicate::NE, rest, self.b.int(0));
        let signs_differ = self.b.compare(IntPredicate::SLT, self.b.xor(rest, divisor), self.b.int(0));
        self.unless(self.b.and(inexact, signs_differ), usual, other, divisor.is_const())
    }

    /// The same beside a divisor that is positive.
    fn unless_negative(
        &self,
        rest: IntValue<'ctx>,
        usual: IntValue<'ctx>,
        other: IntValue<'ctx>,
        cheap: bool,
    ) -> IntValue<'ctx> {
        self.unless(self.b.compare(IntPredicate::SLT, rest, self.b.int(0)), usual, other, cheap)
    }

    fn unless(
        &self,
        corrected: IntValue<'ctx>,
        usual: IntValue<'ctx>,
        other: IntValue<'ctx>,
        cheap: bool,
    ) -> IntValue<'ctx> {
        if cheap {
            return self.b.select(corrected, other, usual);
        }
        let (from, correct, after) = (self.b.current(), self.b.block("floor"), self.b.block("floor.after"));
        self.b.branch_unlikely(corrected, correct, after);
        self.b.at_end(correct);
        self.b.jump(after);
        self.b.at_end(after);
        self.b.phi_int((usual, from), (other, correct))
    }

    /// Every int is a multiple of -1: there the divisor 1 gives the same rest and no trap.
    fn mod_int(&mut self, left: IntValue<'ctx>, right: IntValue<'ctx>, exit: Leaving) -> IntValue<'ctx> {
        if power_of_two(right).is_some() {
            return self.b.and(left, self.b.sub(right, self.b.int(1)));
        }
        let proof = self.loops.proof;
        if !proof.divisor_positive {
            let zero = self.b.compare(IntPredicate::EQ, right, self.b.int(0));
            self.leave_if(zero, exit);
        }
        if proof.dividend_not_negative {
            return self.b.rem_unsigned(left, right);
        }
        if proof.divisor_not_negative {
            let rest = self.b.rem(left, right);
            let moved = self.b.add(rest, right);
            return self.unless_negative(rest, rest, moved, right.is_const());
        }
        let minus_one = self.b.compare(IntPredicate::EQ, right, self.b.int(-1));
        let divisor = self.b.select(minus_one, self.b.int(1), right);
        let rest = self.b.rem(left, divisor);
        let moved = self.b.add(rest, right);
        self.unless_signs_agree(rest, right, rest, moved)
    }

    fn pow_int(&mut self, base: IntValue<'ctx>, exponent: IntValue<'ctx>, exit: Leaving) -> IntValue<'ctx> {
        if let Some(constant) = exponent.get_zero_extended_constant().filter(|&constant| constant <= MULTIPLIED_OUT) {
            return self.multiplied_out(base, constant, exit);
        }
        let negative = self.b.compare(IntPredicate::SLT, exponent, self.b.int(0));
        self.leave_if(negative, exit);
        if self.wraps() {
            let args = [base.into(), exponent.into()];
            return self.b.call("brrr_int_pow_wrapping", self.b.i64.into(), &args, true).into_int_value();
        }
        let result = self.scratch();
        let args = [base.into(), exponent.into(), result.into()];
        let failed = self.b.call("brrr_int_pow", self.b.i8.into(), &args, false).into_int_value();
        let overflow = self.b.compare(IntPredicate::NE, failed, self.b.i8.const_zero());
        self.leave_if(overflow, exit);
        self.b.load(self.b.i64, result).into_int_value()
    }

    /// Repeated squaring: no square is taken that the result does not contain, so none overflows unless the result does.
    fn multiplied_out(&mut self, base: IntValue<'ctx>, exponent: u64, exit: Leaving) -> IntValue<'ctx> {
        let mut power: Option<IntValue<'ctx>> = None;
        let mut square = base;
        let mut rest = exponent;
        while rest > 0 {
            if rest % 2 == 1 {
                power = Some(match power {
                    Some(power) => self.checked("llvm.smul.with.overflow", power, square, exit),
                    None => square,
                });
            }
            rest /= 2;
            if rest > 0 {
                square = self.checked("llvm.smul.with.overflow", square, square, exit);
            }
        }
        power.unwrap_or_else(|| self.b.int(1))
    }

    /// Zero may be shifted by any count; another int fits if shifting back gives it again.
    fn shl_int(&mut self, value: IntValue<'ctx>, count: IntValue<'ctx>, exit: Leaving) -> IntValue<'ctx> {
        if self.loops.proof.fits {
            return self.b.shl(value, count);
        }
        let negative = self.b.compare(IntPredicate::SLT, count, self.b.int(0));
        self.leave_if(negative, exit);
        let near = self.at_most_63(count);
        let shifted = self.b.shl(value, near);
        let far = self.b.compare(IntPredicate::SGT, count, self.b.int(63));
        if self.wraps() {
            return self.b.select(far, self.b.int(0), shifted);
        }
        let lost = self.b.compare(IntPredicate::NE, self.b.shr(shifted, near), value);
        let nonzero = self.b.compare(IntPredicate::NE, value, self.b.int(0));
        let overflow = self.b.or(lost, self.b.and(far, nonzero));
        self.leave_if(overflow, exit);
        shifted
    }

    /// The hot path tests for zero or NaN, which is one jump on x86; the cold one sends NaN back.
    fn leave_if_zero(&mut self, divisor: FloatValue<'ctx>, exit: Leaving) {
        let zero = self.b.float(0.0);
        if self.loops.proof.divisor_positive {
            return;
        }
        if self.loops.proof.late {
            let is_zero = self.b.fcompare(FloatPredicate::OEQ, divisor, zero);
            self.found_late(is_zero);
            return;
        }
        let suspect = self.b.fcompare(FloatPredicate::UEQ, divisor, zero);
        let (look, stay) = (self.b.block("zero"), self.b.block(""));
        self.b.branch_unlikely(suspect, look, stay);
        self.b.at_end(look);
        let is_zero = self.b.fcompare(FloatPredicate::OEQ, divisor, zero);
        self.leave_if(is_zero, exit);
        self.b.jump(stay);
        self.b.at_end(stay);
    }

    /// `float_rem` of CPython: the rest takes the sign of the divisor, and so does a rest of zero.
    fn mod_float(&mut self, left: FloatValue<'ctx>, right: FloatValue<'ctx>, exit: Leaving) -> FloatValue<'ctx> {
        self.leave_if_zero(right, exit);
        let rest = self.b.frem(left, right);
        let moved = self.b.select(self.signs_differ(rest, right), self.b.fadd(rest, right), rest);
        let zero = self.b.fcompare(FloatPredicate::OEQ, rest, self.b.float(0.0));
        self.b.select(zero, self.copysign(self.b.float(0.0), right), moved)
    }

    /// `_float_div_mod` of CPython, rounding included.
    fn floor_div_float(&mut self, left: FloatValue<'ctx>, right: FloatValue<'ctx>, exit: Leaving) -> FloatValue<'ctx> {
        self.leave_if_zero(right, exit);
        let rest = self.b.frem(left, right);
        let exact = self.b.fdiv(self.b.fsub(left, rest), right);
        let inexact = self.b.fcompare(FloatPredicate::UNE, rest, self.b.float(0.0));
        let down = self.b.and(inexact, self.signs_differ(rest, right));
        let quotient = self.b.select(down, self.b.fsub(exact, self.b.float(1.0)), exact);
        let floor = self.b.intrinsic("llvm.floor", &[self.b.f64.into()], &[quotient.into()]).into_float_value();
        let cut = self.b.fcompare(FloatPredicate::OGT, self.b.fsub(quotient, floor), self.b.float(0.5));
        let rounded = self.b.select(cut, self.b.fadd(floor, self.b.float(1.0)), floor);
        let zero = self.b.fcompare(FloatPredicate::OEQ, quotient, self.b.float(0.0));
        let signed_zero = self.copysign(self.b.float(0.0), self.b.fdiv(left, right));
        self.b.select(zero, signed_zero, rounded)
    }

    fn signs_differ(&self, left: FloatValue<'ctx>, right: FloatValue<'ctx>) -> IntValue<'ctx> {
        let negative = |value| self.b.fcompare(FloatPredicate::OLT, value, self.b.float(0.0));
        self.b.xor(negative(left), negative(right))
    }

    fn copysign(&self, magnitude: FloatValue<'ctx>, sign: FloatValue<'ctx>) -> FloatValue<'ctx> {
        self.b.intrinsic("llvm.copysign", &[self.b.f64.into()], &[magnitude.into(), sign.into()]).into_float_value()
    }

    /// Exact comparison. Rounding the int keeps the order, so unequal floats decide; if they are equal, the float is a whole
    /// number, and the ints decide, except that 2**63 is above every int.
    fn compare_mixed(&self, predicate: Predicate, int: IntValue<'ctx>, float: FloatValue<'ctx>) -> IntValue<'ctx> {
        let rounded = self.b.int_to_float(int);
        let types = [self.b.i64.into(), self.b.f64.into()];
        let whole = self.b.intrinsic("llvm.fptosi.sat", &types, &[float.into()]).into_int_value();
        let beyond = self.b.fcompare(FloatPredicate::OGE, float, self.b.float(9_223_372_036_854_775_808.0));
        let tie = self.b.fcompare(FloatPredicate::OEQ, rounded, float);
        let equal = || {
            let same = self.b.compare(IntPredicate::EQ, int, whole);
            self.b.and(tie, self.b.and(same, self.b.not(beyond)))
        };
        let less = || {
            let below = self.b.or(self.b.compare(IntPredicate::SLT, int, whole), beyond);
            self.b.or(self.b.fcompare(FloatPredicate::OLT, rounded, float), self.b.and(tie, below))
        };
        let greater = || {
            let above = self.b.compare(IntPredicate::SGT, int, whole);
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

    /// `get_len_of_range` of CPython, unsigned; the step is not zero.
    fn range_count(&self, start: IntValue<'ctx>, stop: IntValue<'ctx>, step: IntValue<'ctx>) -> IntValue<'ctx> {
        let (zero, one) = (self.b.int(0), self.b.int(1));
        let up = self.b.compare(IntPredicate::SGT, step, zero);
        let low = self.b.select(up, start, stop);
        let high = self.b.select(up, stop, start);
        let stride = self.b.select(up, step, self.b.sub(zero, step));
        let any = self.b.compare(IntPredicate::SLT, low, high);
        let span = self.b.sub(self.b.sub(high, one), low);
        let count = self.b.add(self.b.div_unsigned(span, stride), one);
        self.b.select(any, count, zero)
    }
}

/// The exponent of a constant power of two: shifts and masks round down as Python does.
fn power_of_two(value: IntValue<'_>) -> Option<i64> {
    let constant = value.get_sign_extended_constant().filter(|&constant| constant > 0)?;
    (constant.count_ones() == 1).then(|| i64::from(constant.trailing_zeros()))
}

pub(super) const fn signed(predicate: Predicate) -> IntPredicate {
    match predicate {
        Predicate::Lt => IntPredicate::SLT,
        Predicate::Le => IntPredicate::SLE,
        Predicate::Eq => IntPredicate::EQ,
        Predicate::Ne => IntPredicate::NE,
        Predicate::Gt => IntPredicate::SGT,
        Predicate::Ge => IntPredicate::SGE,
    }
}

const fn unsigned(predicate: Predicate) -> IntPredicate {
    match predicate {
        Predicate::Lt => IntPredicate::ULT,
        Predicate::Le => IntPredicate::ULE,
        Predicate::Eq => IntPredicate::EQ,
        Predicate::Ne => IntPredicate::NE,
        Predicate::Gt => IntPredicate::UGT,
        Predicate::Ge => IntPredicate::UGE,
    }
}

const fn ordered(predicate: Predicate) -> FloatPredicate {
    match predicate {
        Predicate::Lt => FloatPredicate::OLT,
        Predicate::Le => FloatPredicate::OLE,
        Predicate::Eq => FloatPredicate::OEQ,
        // NaN is unequal to everything.
        Predicate::Ne => FloatPredicate::UNE,
        Predicate::Gt => FloatPredicate::OGT,
        Predicate::Ge => FloatPredicate::OGE,
    }
}

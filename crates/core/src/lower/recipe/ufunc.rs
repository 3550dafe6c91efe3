//! NumPy's functions on scalars: the loops of its `loops*.c.src`, on one element.

use inkwell::values::{FloatValue, IntValue};
use inkwell::{FloatPredicate, IntPredicate};

use super::super::Lowerer;
use super::Leaving;
use super::scalar::Number;
use crate::ops::{Element, Kind as Test, Predicate, Rounding};
use crate::types::{Dtype, Kind};

/// Of equal numbers `fmin` and `fmax` give the first as float64 and the second as float32: zeros have signs.
pub(super) const fn number_first(predicate: Predicate, of: Number<'_>) -> Predicate {
    match (predicate, of) {
        (Predicate::Le, Number::Float(Dtype::Float32, _)) => Predicate::Lt,
        (Predicate::Ge, Number::Float(Dtype::Float32, _)) => Predicate::Gt,
        _ => predicate,
    }
}

/// Of the names of a function for float64 and float32 that for a dtype.
fn of_dtype(names: [&'static str; 2], dtype: Dtype) -> &'static str {
    names[usize::from(dtype == Dtype::Float32)]
}

impl<'ctx> Lowerer<'ctx, '_> {
    /// Zero of a type.
    pub(super) fn zero(&self, like: Number<'ctx>) -> Number<'ctx> {
        match like {
            Number::Int(dtype, value) => Number::Int(dtype, value.get_type().const_zero()),
            Number::Float(dtype, value) => Number::Float(dtype, value.get_type().const_zero()),
            Number::Complex(dtype, (part, _)) => {
                let zero = part.get_type().const_zero();
                Number::Complex(dtype, (zero, zero))
            }
        }
    }

    pub(super) fn magnitude_of(&self, value: IntValue<'ctx>) -> IntValue<'ctx> {
        let args = [value.into(), self.b.bool(false).into()];
        self.b.intrinsic("llvm.abs", &[value.get_type().into()], &args).into_int_value()
    }

    /// The first operand if the predicate holds, else the second; with NaN among floats NaN, or the number.
    pub(super) fn extreme(
        &self,
        predicate: Predicate,
        left: Number<'ctx>,
        right: Number<'ctx>,
        passes_nan: bool,
    ) -> Number<'ctx> {
        let holds = self.ordered(predicate, left, right);
        match (left, right) {
            (Number::Float(dtype, left), Number::Float(_, right)) => {
                let is_nan = |value| self.b.fcompare(FloatPredicate::UNO, value, value);
                let first = self.b.or(holds, if passes_nan { is_nan(left) } else { is_nan(right) });
                Number::Float(dtype, self.b.select(first, left, right))
            }
            (Number::Int(dtype, left), Number::Int(_, right)) => Number::Int(dtype, self.b.select(holds, left, right)),
            _ => panic!("ints or floats were verified"),
        }
    }

    pub(super) fn is_kind(&self, kind: Test, value: FloatValue<'ctx>) -> IntValue<'ctx> {
        let infinity = value.get_type().const_float(f64::INFINITY);
        let magnitude = self.float_function("llvm.fabs", &[value]);
        match kind {
            Test::Nan => self.b.fcompare(FloatPredicate::UNO, value, value),
            Test::Infinite => self.b.fcompare(FloatPredicate::OEQ, magnitude, infinity),
            Test::Finite => self.b.fcompare(FloatPredicate::OLT, magnitude, infinity),
            Test::Whole => {
                let finite = self.b.fcompare(FloatPredicate::OLT, magnitude, infinity);
                let cut = self.float_function("llvm.trunc", &[value]);
                self.b.and(finite, self.b.fcompare(FloatPredicate::OEQ, cut, value))
            }
        }
    }

    pub(super) fn sign_bit(&self, dtype: Dtype, value: FloatValue<'ctx>) -> IntValue<'ctx> {
        let word = self.b.to_word(dtype, value.into());
        let shifted = self.b.shr_unsigned(word, self.b.int(if dtype == Dtype::Float32 { 31 } else { 63 }));
        self.b.narrow(shifted, self.b.i1)
    }

    pub(super) fn float_function_1(&self, element: Element, dtype: Dtype, value: FloatValue<'ctx>) -> FloatValue<'ctx> {
        use std::f64::consts::PI;
        let ty = value.get_type();
        // The quotient is one of floats of the dtype.
        let constant = |above: f64, below: f64| match dtype {
            Dtype::Float32 => ty.const_float(f64::from(above as f32 / below as f32)),
            _ => ty.const_float(above / below),
        };
        let one = ty.const_float(1.0);
        match element {
            Element::Sqrt => self.float_function("llvm.sqrt", &[value]),
            Element::Whole(Rounding::Floor) => self.float_function("llvm.floor", &[value]),
            Element::Whole(Rounding::Ceil) => self.float_function("llvm.ceil", &[value]),
            Element::Whole(Rounding::Trunc) => self.float_function("llvm.trunc", &[value]),
            Element::Whole(Rounding::Even) => self.float_function("llvm.roundeven", &[value]),
            Element::Square => self.b.fmul(value, value),
            Element::Reciprocal => self.b.fdiv(one, value),
            Element::Degrees => self.b.fmul(value, constant(180.0, PI)),
            Element::Radians => self.b.fmul(value, constant(PI, 180.0)),
            Element::Sign => {
                let zero = ty.const_zero();
                let above = self.b.fcompare(FloatPredicate::OGT, value, zero);
                let below = self.b.fcompare(FloatPredicate::OLT, value, zero);
                let is_zero = self.b.fcompare(FloatPredicate::OEQ, value, zero);
                let rest = self.b.select(is_zero, zero, value);
                self.b.select(above, one, self.b.select(below, ty.const_float(-1.0), rest))
            }
            Element::Call(names) => self.libm(of_dtype(names, dtype), &[value]),
            _ => panic!("a function of one float was verified"),
        }
    }

    pub(super) fn float_function_2(
        &self,
        element: Element,
        dtype: Dtype,
        left: FloatValue<'ctx>,
        right: FloatValue<'ctx>,
    ) -> FloatValue<'ctx> {
        let ty = left.get_type();
        let zero = ty.const_zero();
        match element {
            Element::Call(names) => self.libm(of_dtype(names, dtype), &[left, right]),
            Element::Power => {
                let is = |exponent: f64| self.b.fcompare(FloatPredicate::OEQ, right, ty.const_float(exponent));
                let power = self.libm_power(of_dtype(["pow", "powf"], dtype), left, right);
                let power = self.b.select(is(2.0), self.b.fmul(left, left), power);
                let power = self.b.select(is(0.5), self.float_function("llvm.sqrt", &[left]), power);
                self.b.select(is(-1.0), self.b.fdiv(ty.const_float(1.0), left), power)
            }
            Element::Fmod => self.b.frem(left, right),
            Element::CopySign => self.float_function("llvm.copysign", &[left, right]),
            Element::Heaviside => {
                let is = |predicate| self.b.fcompare(predicate, left, zero);
                let step = self.b.select(is(FloatPredicate::OLT), zero, ty.const_float(1.0));
                let step = self.b.select(is(FloatPredicate::OEQ), right, step);
                self.b.select(is(FloatPredicate::UNO), left, step)
            }
            // What two infinities of one sign would differ by is no number.
            Element::LogAddExp => {
                let apart = self.b.fsub(left, right);
                let is = |predicate, one, other| self.b.fcompare(predicate, one, other);
                let above = is(FloatPredicate::OGT, apart, zero);
                let larger = self.b.select(above, left, right);
                let away = self.b.fneg(self.float_function("llvm.fabs", &[apart]));
                let power = self.libm(of_dtype(["exp", "expf"], dtype), &[away]);
                let sum = self.b.fadd(larger, self.libm(of_dtype(["log1p", "log1pf"], dtype), &[power]));
                let sum = self.b.select(is(FloatPredicate::UNO, apart, apart), apart, sum);
                let twice = self.b.fadd(left, ty.const_float(std::f64::consts::LN_2));
                self.b.select(is(FloatPredicate::OEQ, left, right), twice, sum)
            }
            _ => panic!("a function of two floats was verified"),
        }
    }

    /// C's remainder; zero if the divisor is zero.
    pub(super) fn remainder(&self, dtype: Dtype, left: IntValue<'ctx>, right: IntValue<'ctx>) -> IntValue<'ctx> {
        let ty = left.get_type();
        let (zero, one) = (ty.const_zero(), ty.const_int(1, false));
        let by_zero = self.b.compare(IntPredicate::EQ, right, zero);
        if dtype.kind() != Kind::Signed {
            let divisor = self.b.select(by_zero, one, right);
            return self.b.select(by_zero, zero, self.b.rem_unsigned(left, divisor));
        }
        // By 1 there is no rest, as by -1, where the instruction traps for one dividend.
        let by_minus_one = self.b.compare(IntPredicate::EQ, right, ty.const_all_ones());
        let divisor = self.b.select(self.b.or(by_zero, by_minus_one), one, right);
        self.b.rem(left, divisor)
    }

    /// The greatest common divisor, or the least common multiple, of the magnitudes, which wrap.
    pub(super) fn multiple(
        &self,
        element: Element,
        dtype: Dtype,
        left: IntValue<'ctx>,
        right: IntValue<'ctx>,
    ) -> IntValue<'ctx> {
        let ty = left.get_type();
        let magnitude = |value| if dtype.kind() == Kind::Signed { self.magnitude_of(value) } else { value };
        let (left, right) = (magnitude(left), magnitude(right));
        let wide = |value| self.resized_int(value, Dtype::UInt64, self.b.i64);
        let args = [wide(left).into(), wide(right).into()];
        let divisor = self.b.call("brrr_common_divisor", self.b.i64.into(), &args, true).into_int_value();
        let divisor = self.resized_int(divisor, Dtype::UInt64, ty);
        if element == Element::Gcd {
            return divisor;
        }
        let nothing = self.b.compare(IntPredicate::EQ, divisor, ty.const_zero());
        let by = self.b.select(nothing, ty.const_int(1, false), divisor);
        self.b.mul(self.b.div_unsigned(left, by), right)
    }

    /// `ldexp` of C, whose count is an int of 32 bits: what is beyond counts as the most there is.
    pub(super) fn scaled(&self, dtype: Dtype, value: FloatValue<'ctx>, count: IntValue<'ctx>) -> FloatValue<'ctx> {
        let bound = |name: &str, count: IntValue<'ctx>, most: i32| {
            let args = [count.into(), self.b.int(most.into()).into()];
            self.b.intrinsic(name, &[self.b.i64.into()], &args).into_int_value()
        };
        let count = bound("llvm.smin", bound("llvm.smax", count, i32::MIN), i32::MAX);
        let count = self.b.narrow(count, self.b.context.i32_type());
        let name = if dtype == Dtype::Float32 { "ldexpf" } else { "ldexp" };
        self.b.call(name, value.get_type().into(), &[value.into(), count.into()], true).into_float_value()
    }

    /// `PyArray_Round`: a float, or a part of a complex, is scaled by a power of ten, rounded and scaled back. An int is, as a float, if digits before the
    /// point go. The number of digits is an int of C.
    pub(super) fn round_to(&mut self, value: Number<'ctx>, digits: IntValue<'ctx>, exit: Leaving) -> Number<'ctx> {
        let zero = self.b.int(0);
        let short = self.b.widen_signed(self.b.narrow(digits, self.b.context.i32_type()), self.b.i64);
        let long = self.b.compare(IntPredicate::NE, short, digits);
        self.leave_if(long, exit);
        let negative = self.b.compare(IntPredicate::SLT, digits, zero);
        let magnitude = self.b.select(negative, self.b.sub(zero, digits), digits);
        let power = self.b.call("brrr_power_of_ten", self.b.f64.into(), &[magnitude.into()], true).into_float_value();
        let none = self.b.compare(IntPredicate::EQ, digits, zero);
        let part = |float: FloatValue<'ctx>| {
            let power = self.b.resized(power, float.get_type());
            let rounded = |value| self.float_function("llvm.roundeven", &[value]);
            let up = self.b.fdiv(rounded(self.b.fmul(float, power)), power);
            let down = self.b.fmul(rounded(self.b.fdiv(float, power)), power);
            let scaled = self.b.select(negative, down, up);
            self.b.select(none, rounded(float), scaled)
        };
        match value {
            Number::Float(dtype, float) => Number::Float(dtype, part(float)),
            Number::Complex(dtype, (real, imag)) => Number::Complex(dtype, (part(real), part(imag))),
            Number::Int(dtype, int) => {
                let float = self.b.int_as_float(int, self.b.f64, dtype.kind() == Kind::Signed);
                let rounded = self.float_function("llvm.roundeven", &[self.b.fdiv(float, power)]);
                let scaled = Number::Float(Dtype::Float64, self.b.fmul(rounded, power));
                Number::Int(dtype, self.b.select(negative, self.cast_to_int(scaled, dtype), int))
            }
        }
    }
}

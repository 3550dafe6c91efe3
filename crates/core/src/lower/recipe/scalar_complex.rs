//! Complex scalars of NumPy, by the formulas of its `scalarmath.c.src`, `loops.c.src` and `npy_math_complex.c.src`.

use inkwell::FloatPredicate;
use inkwell::values::{FloatValue, IntValue};

use super::super::Lowerer;
use super::MULTIPLIED_OUT;
use super::scalar::{Number, Pair, part_of};
use crate::ops::{Element, Kind, Predicate, Rounding};
use crate::types::Dtype;

/// Of the names of a function for complex128 and complex64 that for a dtype.
fn of_dtype(names: [&'static str; 2], dtype: Dtype) -> &'static str {
    names[usize::from(dtype == Dtype::Complex64)]
}

impl<'ctx> Lowerer<'ctx, '_> {
    pub(super) fn complex_1(&mut self, element: Element, dtype: Dtype, (real, imag): Pair<'ctx>) -> Number<'ctx> {
        match element {
            Element::Neg => Number::Complex(dtype, (self.b.fneg(real), self.b.fneg(imag))),
            Element::Abs => Number::Float(part_of(dtype), self.length(dtype, (real, imag))),
            Element::Square => Number::Complex(dtype, self.complex_product((real, imag), (real, imag))),
            Element::Sign => Number::Complex(dtype, self.direction(dtype, (real, imag))),
            Element::Reciprocal => Number::Complex(dtype, self.inverse((real, imag))),
            Element::Whole(Rounding::Even) => {
                let rounded = |part| self.float_function("llvm.roundeven", &[part]);
                Number::Complex(dtype, (rounded(real), rounded(imag)))
            }
            Element::CallComplex(names) => {
                Number::Complex(dtype, self.complex_helper(of_dtype(names, dtype), &[real, imag]))
            }
            Element::Real => Number::Float(part_of(dtype), real),
            Element::Imag => Number::Float(part_of(dtype), imag),
            Element::Conjugate => Number::Complex(dtype, (real, self.b.fneg(imag))),
            Element::Is(kind) => {
                let (real, imag) = (self.is_kind(kind, real), self.is_kind(kind, imag));
                let both = kind == Kind::Finite;
                Number::Int(Dtype::Bool, if both { self.b.and(real, imag) } else { self.b.or(real, imag) })
            }
            _ => panic!("an operation on one complex was verified"),
        }
    }

    pub(super) fn complex_2(
        &mut self,
        element: Element,
        dtype: Dtype,
        (a, b): Pair<'ctx>,
        (c, d): Pair<'ctx>,
    ) -> Pair<'ctx> {
        match element {
            Element::Add => (self.b.fadd(a, c), self.b.fadd(b, d)),
            Element::Sub => (self.b.fsub(a, c), self.b.fsub(b, d)),
            Element::Mul => self.complex_product((a, b), (c, d)),
            Element::Pow => self.complex_power(dtype, (a, b), (c, d)),
            Element::Div => self.quotient((a, b), (c, d)),
            _ => panic!("an operation on two complex numbers was verified"),
        }
    }

    /// A helper that gives the real part and writes the imaginary one.
    fn complex_helper(&mut self, name: &str, args: &[FloatValue<'ctx>]) -> Pair<'ctx> {
        let ty = args[0].get_type();
        let written = self.wide_scratch();
        let mut passed = args.iter().map(|&arg| arg.into()).collect::<Vec<_>>();
        passed.push(written.into());
        let real = self.b.call(name, ty.into(), &passed, false).into_float_value();
        (real, self.b.load(ty, written).into_float_value())
    }

    fn length(&self, dtype: Dtype, (real, imag): Pair<'ctx>) -> FloatValue<'ctx> {
        let args = [real.into(), imag.into()];
        self.b.call(of_dtype(["hypot", "hypotf"], dtype), real.get_type().into(), &args, true).into_float_value()
    }

    fn complex_product(&self, (a, b): Pair<'ctx>, (c, d): Pair<'ctx>) -> Pair<'ctx> {
        let real = self.b.fsub(self.b.fmul(a, c), self.b.fmul(b, d));
        (real, self.b.fadd(self.b.fmul(a, d), self.b.fmul(b, c)))
    }

    /// The quotient by the magnitude. Where that is infinite, an infinite real part alone counts, or else the imaginary one.
    fn direction(&self, dtype: Dtype, (real, imag): Pair<'ctx>) -> Pair<'ctx> {
        let ty = real.get_type();
        let (zero, one, nan) = (ty.const_zero(), ty.const_float(1.0), ty.const_float(f64::NAN));
        let length = self.length(dtype, (real, imag));
        let unit = |part| {
            let above = self.b.fcompare(FloatPredicate::OGT, part, zero);
            self.b.select(above, one, ty.const_float(-1.0))
        };
        let (far, by_real) = (self.is_kind(Kind::Infinite, length), self.is_kind(Kind::Infinite, real));
        let both = self.b.and(by_real, self.is_kind(Kind::Infinite, imag));
        let is_zero = self.b.fcompare(FloatPredicate::OEQ, length, zero);
        let part = |part, at_infinity| {
            let at_infinity = self.b.select(both, nan, at_infinity);
            let rest = self.b.select(is_zero, zero, self.b.fdiv(part, length));
            self.b.select(far, at_infinity, rest)
        };
        let at_infinity = (self.b.select(by_real, unit(real), zero), self.b.select(by_real, zero, unit(imag)));
        // The quotients of a number with a part that is NaN may be of one part alone.
        let is_nan = self.is_kind(Kind::Nan, length);
        let of_number = |value| self.b.select(is_nan, nan, value);
        (of_number(part(real, at_infinity.0)), of_number(part(imag, at_infinity.1)))
    }

    /// `reciprocal`, which divides by what [`Self::quotient`] takes the reciprocal of.
    fn inverse(&self, (real, imag): Pair<'ctx>) -> Pair<'ctx> {
        let one = real.get_type().const_float(1.0);
        let magnitude = |part| self.float_function("llvm.fabs", &[part]);
        let by_real = self.b.fcompare(FloatPredicate::OLE, magnitude(imag), magnitude(real));
        let of_real = self.b.fdiv(imag, real);
        let below = self.b.fadd(real, self.b.fmul(imag, of_real));
        let first = (self.b.fdiv(one, below), self.b.fdiv(self.b.fneg(of_real), below));
        let of_imag = self.b.fdiv(real, imag);
        let below = self.b.fadd(self.b.fmul(real, of_imag), imag);
        let second = (self.b.fdiv(of_imag, below), self.b.fdiv(self.b.fneg(one), below));
        (self.b.select(by_real, first.0, second.0), self.b.select(by_real, first.1, second.1))
    }

    /// `npy_cpow`. Small whole constants are multiplied out here, in its order.
    fn complex_power(&mut self, dtype: Dtype, base: Pair<'ctx>, exponent: Pair<'ctx>) -> Pair<'ctx> {
        let constant = |part: FloatValue<'ctx>| part.get_constant().map(|(value, _)| value);
        let whole = match (constant(exponent.0), constant(exponent.1)) {
            (Some(real), Some(0.0)) if real.fract() == 0.0 && real.abs() <= MULTIPLIED_OUT as f64 => real as i64,
            _ => {
                let args = [base.0, base.1, exponent.0, exponent.1];
                return self.complex_helper(of_dtype(["brrr_cpow", "brrr_cpowf"], dtype), &args);
            }
        };
        let ty = base.0.get_type();
        let (zero, one) = (ty.const_zero(), ty.const_float(1.0));
        let power = match whole {
            0 => return (one, zero),
            1 => base,
            2 => self.complex_product(base, base),
            3 => self.complex_product(base, self.complex_product(base, base)),
            _ => {
                let (mut power, mut square, mut rest) = ((one, zero), base, whole.unsigned_abs());
                loop {
                    if rest % 2 == 1 {
                        power = self.complex_product(power, square);
                    }
                    rest /= 2;
                    if rest == 0 {
                        break;
                    }
                    square = self.complex_product(square, square);
                }
                if whole < 0 { self.quotient((one, zero), power) } else { power }
            }
        };
        let is_zero = |part| self.b.fcompare(FloatPredicate::OEQ, part, zero);
        let nothing = self.b.and(is_zero(base.0), is_zero(base.1));
        let of_zero = if whole > 0 { zero } else { ty.const_float(f64::NAN) };
        (self.b.select(nothing, of_zero, power.0), self.b.select(nothing, of_zero, power.1))
    }

    /// NumPy's loops: the first operand where it is NaN (or, for `fmin` and `fmax`, where the second is) or in order before the second.
    pub(super) fn extreme_complex(&self, element: Element, left: Number<'ctx>, right: Number<'ctx>) -> Number<'ctx> {
        let (predicate, passes_nan) = match element {
            Element::Least => (Predicate::Le, true),
            Element::LeastNumber => (Predicate::Le, false),
            Element::Greatest => (Predicate::Ge, true),
            _ => (Predicate::Ge, false),
        };
        let holds = self.ordered_without_nan(predicate, left, right);
        let nan = self.has_nan(if passes_nan { left } else { right });
        self.either(self.b.or(holds, nan), left, right)
    }

    /// `npy_clip`, whose order does not look at what is NaN in imaginary parts.
    pub(super) fn clipped_complex(&self, numbers: &[Number<'ctx>]) -> Number<'ctx> {
        let &[value, low, high] = numbers else { panic!("a number and two bounds were verified") };
        let nearer = |predicate, value, bound| {
            let kept = self.b.or(self.has_nan(value), self.ordered(predicate, value, bound));
            self.either(kept, value, bound)
        };
        nearer(Predicate::Lt, nearer(Predicate::Gt, value, low), high)
    }

    fn has_nan(&self, value: Number<'ctx>) -> IntValue<'ctx> {
        let Number::Complex(_, (real, imag)) = value else { panic!("a complex number was verified") };
        self.b.fcompare(FloatPredicate::UNO, real, imag)
    }

    fn either(&self, first: IntValue<'ctx>, left: Number<'ctx>, right: Number<'ctx>) -> Number<'ctx> {
        let (Number::Complex(dtype, left), Number::Complex(_, right)) = (left, right) else {
            panic!("complex numbers were verified")
        };
        Number::Complex(dtype, (self.b.select(first, left.0, right.0), self.b.select(first, left.1, right.1)))
    }

    /// Scaled by the larger part of the divisor; by zero each part is divided on its own.
    fn quotient(&self, (a, b): Pair<'ctx>, (c, d): Pair<'ctx>) -> Pair<'ctx> {
        let ty = a.get_type();
        let (zero, one) = (ty.const_zero(), ty.const_float(1.0));
        let magnitude = |part| self.float_function("llvm.fabs", &[part]);
        let (abs_c, abs_d) = (magnitude(c), magnitude(d));
        let is_zero = |part| self.b.fcompare(FloatPredicate::OEQ, part, zero);
        let nothing = self.b.and(is_zero(c), is_zero(d));
        let by_real = self.b.fcompare(FloatPredicate::OGE, abs_c, abs_d);
        let product = |left, right| self.b.fmul(left, right);
        // With the real part larger: ratio = d / c, scale = 1 / (c + d * ratio), and (a + b * ratio) and (b - a * ratio) scaled.
        let ratio = self.b.fdiv(d, c);
        let scale = self.b.fdiv(one, self.b.fadd(c, product(d, ratio)));
        let real = product(self.b.fadd(a, product(b, ratio)), scale);
        let imag = product(self.b.fsub(b, product(a, ratio)), scale);
        // With the imaginary part larger: ratio = c / d, and so on.
        let ratio = self.b.fdiv(c, d);
        let scale = self.b.fdiv(one, self.b.fadd(product(c, ratio), d));
        let other_real = product(self.b.fadd(product(a, ratio), b), scale);
        let other_imag = product(self.b.fsub(product(b, ratio), a), scale);
        let chosen = |one, other, part| {
            let scaled = self.b.select(by_real, one, other);
            self.b.select(nothing, self.b.fdiv(part, abs_c), scaled)
        };
        (chosen(real, other_real, a), chosen(imag, other_imag, b))
    }
}

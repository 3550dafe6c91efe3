//! Complex scalars of NumPy, by the formulas of its `scalarmath.c.src`.

use inkwell::FloatPredicate;

use super::super::Lowerer;
use super::scalar::{Number, Pair, part_of};
use crate::ops::Element;
use crate::types::Dtype;

impl<'ctx> Lowerer<'ctx, '_> {
    pub(super) fn complex_1(&self, element: Element, dtype: Dtype, (real, imag): Pair<'ctx>) -> Number<'ctx> {
        match element {
            Element::Neg => Number::Complex(dtype, (self.b.fneg(real), self.b.fneg(imag))),
            Element::Abs => {
                let name = if dtype == Dtype::Complex64 { "hypotf" } else { "hypot" };
                let args = [real.into(), imag.into()];
                Number::Float(part_of(dtype), self.b.call(name, real.get_type().into(), &args, true).into_float_value())
            }
            Element::Real => Number::Float(part_of(dtype), real),
            Element::Imag => Number::Float(part_of(dtype), imag),
            Element::Conjugate => Number::Complex(dtype, (real, self.b.fneg(imag))),
            Element::Is(kind) => {
                let (real, imag) = (self.is_kind(kind, real), self.is_kind(kind, imag));
                let both = kind == crate::ops::Kind::Finite;
                Number::Int(Dtype::Bool, if both { self.b.and(real, imag) } else { self.b.or(real, imag) })
            }
            _ => panic!("an operation on one complex was verified"),
        }
    }

    pub(super) fn complex_2(&self, element: Element, (a, b): Pair<'ctx>, (c, d): Pair<'ctx>) -> Pair<'ctx> {
        match element {
            Element::Add => (self.b.fadd(a, c), self.b.fadd(b, d)),
            Element::Sub => (self.b.fsub(a, c), self.b.fsub(b, d)),
            Element::Mul => {
                let real = self.b.fsub(self.b.fmul(a, c), self.b.fmul(b, d));
                (real, self.b.fadd(self.b.fmul(a, d), self.b.fmul(b, c)))
            }
            Element::Div => self.quotient((a, b), (c, d)),
            _ => panic!("an operation on two complex numbers was verified"),
        }
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

//! Complex numbers, by the formulas of CPython's `Objects/complexobject.c`.

use inkwell::FloatPredicate;
use inkwell::values::{FloatValue, IntValue};

use super::super::{Loaded, Lowerer};
use super::Leaving;
use crate::ops::{Predicate, Recipe};

impl<'ctx> Lowerer<'ctx, '_> {
    /// The result of a recipe on complex numbers.
    pub(super) fn complex_recipe(&mut self, recipe: Recipe, args: &[Loaded<'ctx>], exit: Leaving) -> Loaded<'ctx> {
        match (recipe, args) {
            (Recipe::EqualComplexInt(wanted, place), [_, _]) => {
                let (complex, int) = (args[usize::from(place)].complex(), args[1 - usize::from(place)].int());
                let real = self.compare_mixed(Predicate::Eq, int, complex.0);
                let equal = self.b.and(real, self.b.fcompare(FloatPredicate::OEQ, complex.1, self.b.float(0.0)));
                Loaded::Bool(if wanted { equal } else { self.b.not(equal) })
            }
            (Recipe::ComplexOf, [real, imag]) => Loaded::Complex(real.float(), imag.float()),
            (_, [one]) => self.of_one(recipe, one.complex(), exit),
            (_, [left, right]) => self.of_two(recipe, left.complex(), right.complex(), exit),
            _ => panic!("one or two operands were verified"),
        }
    }

    fn of_one(
        &mut self,
        recipe: Recipe,
        (real, imag): (FloatValue<'ctx>, FloatValue<'ctx>),
        exit: Leaving,
    ) -> Loaded<'ctx> {
        match recipe {
            Recipe::NegComplex => Loaded::Complex(self.b.fneg(real), self.b.fneg(imag)),
            Recipe::Conjugate => Loaded::Complex(real, self.b.fneg(imag)),
            Recipe::Real => Loaded::Float(real),
            Recipe::Imag => Loaded::Float(imag),
            Recipe::TruthComplex => {
                let nonzero = |part| self.b.fcompare(FloatPredicate::UNE, part, self.b.float(0.0));
                Loaded::Bool(self.b.or(nonzero(real), nonzero(imag)))
            }
            Recipe::AbsComplex => {
                let length = self.b.call("hypot", self.b.f64.into(), &[real.into(), imag.into()], true);
                let length = length.into_float_value();
                let infinite = |value: FloatValue<'ctx>| {
                    let magnitude = self.b.intrinsic("llvm.fabs", &[self.b.f64.into()], &[value.into()]);
                    self.b.fcompare(FloatPredicate::OEQ, magnitude.into_float_value(), self.b.float(f64::INFINITY))
                };
                let given = self.b.or(infinite(real), infinite(imag));
                let lost = self.b.and(infinite(length), self.b.not(given));
                self.leave_if(lost, exit);
                Loaded::Float(length)
            }
            _ => panic!("a recipe on one complex number"),
        }
    }

    fn of_two(
        &mut self,
        recipe: Recipe,
        (a, b): (FloatValue<'ctx>, FloatValue<'ctx>),
        (c, d): (FloatValue<'ctx>, FloatValue<'ctx>),
        exit: Leaving,
    ) -> Loaded<'ctx> {
        match recipe {
            Recipe::AddComplex => Loaded::Complex(self.b.fadd(a, c), self.b.fadd(b, d)),
            Recipe::SubComplex => Loaded::Complex(self.b.fsub(a, c), self.b.fsub(b, d)),
            Recipe::MulComplex => {
                let real = self.b.fsub(self.b.fmul(a, c), self.b.fmul(b, d));
                Loaded::Complex(real, self.b.fadd(self.b.fmul(a, d), self.b.fmul(b, c)))
            }
            Recipe::DivComplex => self.div_complex((a, b), (c, d), exit),
            Recipe::EqualComplex(wanted) => {
                let equal = |one, other| self.b.fcompare(FloatPredicate::OEQ, one, other);
                let equal = self.b.and(equal(a, c), equal(b, d));
                Loaded::Bool(if wanted { equal } else { self.b.not(equal) })
            }
            _ => panic!("a recipe on two complex numbers"),
        }
    }

    /// `_Py_c_quot`: scaled by the larger part of the divisor; a divisor with a NaN gives NaN. Selects stand for its branches: what
    /// is not taken raises nothing here.
    fn div_complex(
        &mut self,
        (a, b): (FloatValue<'ctx>, FloatValue<'ctx>),
        (c, d): (FloatValue<'ctx>, FloatValue<'ctx>),
        exit: Leaving,
    ) -> Loaded<'ctx> {
        let zero = self.b.float(0.0);
        let is_zero = |part| self.b.fcompare(FloatPredicate::OEQ, part, zero);
        let nothing = self.b.and(is_zero(c), is_zero(d));
        self.leave_if(nothing, exit);
        let magnitude = |part: FloatValue<'ctx>| {
            self.b.intrinsic("llvm.fabs", &[self.b.f64.into()], &[part.into()]).into_float_value()
        };
        let by_real = self.b.fcompare(FloatPredicate::OGE, magnitude(c), magnitude(d));
        let by_imag = self.b.fcompare(FloatPredicate::OGE, magnitude(d), magnitude(c));
        // With the real part larger: ratio = d / c, denominator = c + d * ratio, and the parts a + b * ratio and b - a * ratio.
        let ratio = self.b.fdiv(d, c);
        let below = self.b.fadd(c, self.b.fmul(d, ratio));
        let real = self.b.fdiv(self.b.fadd(a, self.b.fmul(b, ratio)), below);
        let imag = self.b.fdiv(self.b.fsub(b, self.b.fmul(a, ratio)), below);
        // With the imaginary part larger: ratio = c / d, and so on.
        let ratio = self.b.fdiv(c, d);
        let below = self.b.fadd(self.b.fmul(c, ratio), d);
        let other_real = self.b.fdiv(self.b.fadd(self.b.fmul(a, ratio), b), below);
        let other_imag = self.b.fdiv(self.b.fsub(self.b.fmul(b, ratio), a), below);
        let nan = self.b.float(f64::NAN);
        let chosen = |one, other| {
            let rest = self.b.select(by_imag, other, nan);
            self.b.select(by_real, one, rest)
        };
        Loaded::Complex(chosen(real, other_real), chosen(imag, other_imag))
    }

    /// Equality; leaves if both have a part that is NaN, for they may be one object.
    pub(super) fn same_complex(
        &mut self,
        (a, b): (FloatValue<'ctx>, FloatValue<'ctx>),
        (c, d): (FloatValue<'ctx>, FloatValue<'ctx>),
        exit: Leaving,
    ) -> IntValue<'ctx> {
        let pair = |predicate, one, other| self.b.fcompare(predicate, one, other);
        let nan = self.b.and(pair(FloatPredicate::UNO, a, b), pair(FloatPredicate::UNO, c, d));
        let equal = self.b.and(pair(FloatPredicate::OEQ, a, c), pair(FloatPredicate::OEQ, b, d));
        self.leave_if(nan, exit);
        equal
    }
}

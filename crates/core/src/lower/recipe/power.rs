//! Powers of floats with a small constant exponent: libm's `pow` and `powf`, to the last bit, without calling them but for one base in
//! twenty.
//!
//! The power is computed with some 50 bits more than a float has (of float32 numbers as a float64), as a float and a rest. Where the rest
//! is well below half a unit of the float's last place, every `pow` that errs by less than what lacks to that half gives this float. What
//! is left, and what is very large, very small, zero or no number, is libm's.

use inkwell::FloatPredicate;
use inkwell::values::{FloatValue, IntValue};

use super::super::Lowerer;
use super::super::fastmath::is_there;

/// What the rest is multiplied with to be half a unit: it is taken up to 0.475 units. Before it is rounded, glibc's `pow` errs by at most
/// 0.011 units of the result, and 0.009 more within the largest that is taken (`sysdeps/ieee754/dbl-64/e_pow.c`; before 2.28 it was correctly
/// rounded); some 7 * 10^8 random bases show 0.009. Its `powf` errs by at most 0.0032 units, of all bases and the exponents here.
const MARGIN: f64 = 0.5 / 0.475;
/// The largest whole exponent, of either sign.
const LARGEST_EXPONENT: f64 = 8.0;

/// The unevaluated sum of two float64 numbers; the second is less than a unit of the first one's last place. It may be known to be zero.
#[derive(Clone, Copy)]
struct Sum<'ctx> {
    high: FloatValue<'ctx>,
    low: Option<FloatValue<'ctx>>,
}

impl<'ctx> Lowerer<'ctx, '_> {
    /// A power of float64 or float32 numbers, as libm's function gives it.
    pub(in crate::lower) fn exact_power(
        &self,
        name: &str,
        base: FloatValue<'ctx>,
        exponent: FloatValue<'ctx>,
    ) -> FloatValue<'ctx> {
        let libm = || self.libm(name, &[base, exponent]);
        let Some((constant, _)) = exponent.get_constant().filter(|_| is_there("fma")) else {
            return libm();
        };
        let is_whole = constant.fract() == 0.0 && (1.0..=LARGEST_EXPONENT).contains(&constant.abs());
        if !is_whole && constant != 0.5 || constant == 1.0 {
            return libm();
        }
        let is_narrow = base.get_type() != self.b.f64;
        let wide = self.b.resized(base, self.b.f64);
        let (power, is_sure) = match (is_whole, is_narrow) {
            (true, false) => self.sure(self.whole_power(wide, constant)),
            (true, true) => self.narrowed(self.whole_power(wide, constant).high, base),
            (false, false) => self.root(wide),
            (false, true) => self.narrowed(self.float_function("llvm.sqrt", &[wide]), base),
        };
        let (quick, slow, after) = (self.b.current(), self.b.block("power.libm"), self.b.block("power.after"));
        self.b.branch_unlikely(self.b.not(is_sure), slow, after);
        self.b.at_end(slow);
        let asked = libm();
        self.b.jump(after);
        self.b.at_end(after);
        self.b.phi((power, quick), (asked, slow))
    }

    /// The first float of a sum, and true if what is close to the sum is rounded to it.
    fn sure(&self, sum: Sum<'ctx>) -> (FloatValue<'ctx>, IntValue<'ctx>) {
        let rest = sum.low.unwrap_or_else(|| self.b.float(0.0));
        let further = self.fma(rest, self.b.float(MARGIN), sum.high);
        let stays = self.b.fcompare(FloatPredicate::OEQ, further, sum.high);
        // Products have no rest that is too small for a float.
        (sum.high, self.b.and(stays, self.is_between(sum.high, 256)))
    }

    /// The float32 closest to a float64, and true if what is close to that is rounded to it.
    fn narrowed(&self, power: FloatValue<'ctx>, like: FloatValue<'ctx>) -> (FloatValue<'ctx>, IntValue<'ctx>) {
        let narrow = self.b.resized(power, like.get_type());
        let rest = self.b.fsub(power, self.b.resized(narrow, self.b.f64));
        let further = self.fma(rest, self.b.float(MARGIN - 1.0), power);
        let stays = self.b.fcompare(FloatPredicate::OEQ, self.b.resized(further, like.get_type()), narrow);
        (narrow, self.b.and(stays, self.is_between(power, 120)))
    }

    /// True if a number is between powers of two, but for its sign.
    fn is_between(&self, value: FloatValue<'ctx>, exponent: i32) -> IntValue<'ctx> {
        let (size, largest) = (self.fabs(value), f64::from(exponent).exp2());
        let from = self.b.fcompare(FloatPredicate::OGE, size, self.b.float(1.0 / largest));
        self.b.and(from, self.b.fcompare(FloatPredicate::OLE, size, self.b.float(largest)))
    }

    /// The square root, and true if what is close to the root is rounded to it: what is missing from the square is less than twice
    /// the root by so much of a unit.
    fn root(&self, base: FloatValue<'ctx>) -> (FloatValue<'ctx>, IntValue<'ctx>) {
        let root = self.float_function("llvm.sqrt", &[base]);
        let missing = self.fma(self.b.fneg(root), root, base);
        // The power of two below; a root that is one has smaller units below it.
        let before = self.b.sub(self.b.bits(root), self.b.int(1));
        let binade = self.b.float_of_bits(self.b.and(before, self.b.int(0x7ff0_0000_0000_0000)));
        let most = self.b.fmul(root, self.b.fmul(binade, self.b.float(f64::EPSILON / MARGIN)));
        let stays = self.b.fcompare(FloatPredicate::OLT, self.fabs(missing), most);
        (root, self.b.and(stays, self.is_between(root, 256)))
    }

    /// A whole power, by squares.
    fn whole_power(&self, base: FloatValue<'ctx>, exponent: f64) -> Sum<'ctx> {
        let (mut power, mut square, mut bits) = (None, Sum { high: base, low: None }, exponent.abs() as u32);
        loop {
            if bits % 2 == 1 {
                power = Some(power.map_or(square, |power| self.product(power, square)));
            }
            bits /= 2;
            if bits == 0 {
                break;
            }
            square = self.product(square, square);
        }
        let power = power.unwrap_or(square);
        if exponent > 0.0 {
            return power;
        }
        // What is missing from one, over the power.
        let one = self.b.float(1.0);
        let quotient = self.b.fdiv(one, power.high);
        let negated = self.b.fneg(quotient);
        let missing = self.fma(negated, power.high, one);
        let missing = power.low.map_or(missing, |low| self.fma(negated, low, missing));
        self.settled(quotient, self.b.fmul(missing, quotient))
    }

    fn product(&self, left: Sum<'ctx>, right: Sum<'ctx>) -> Sum<'ctx> {
        let high = self.b.fmul(left.high, right.high);
        let mut low = self.fma(left.high, right.high, self.b.fneg(high));
        if let Some(of_right) = right.low {
            low = self.fma(left.high, of_right, low);
        }
        if let Some(of_left) = left.low {
            low = self.fma(of_left, right.high, low);
        }
        if left.low.or(right.low).is_some() { self.settled(high, low) } else { Sum { high, low: Some(low) } }
    }

    /// A sum of which the second may be more than half a unit of the first.
    fn settled(&self, high: FloatValue<'ctx>, low: FloatValue<'ctx>) -> Sum<'ctx> {
        let sum = self.b.fadd(high, low);
        Sum { high: sum, low: Some(self.b.fsub(low, self.b.fsub(sum, high))) }
    }

    fn fma(&self, left: FloatValue<'ctx>, right: FloatValue<'ctx>, plus: FloatValue<'ctx>) -> FloatValue<'ctx> {
        self.float_function("llvm.fma", &[left, right, plus])
    }
}

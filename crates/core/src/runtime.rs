//! Helpers that compiled code calls, and the one list of symbols that object code may refer to.

mod float;
mod int;

use std::ffi::c_void;

/// A symbol that object code may refer to, with its address.
#[derive(Debug)]
pub struct Symbol {
    /// Its name.
    pub name: &'static str,
    /// Where it is.
    pub address: usize,
}

macro_rules! symbols {
    ($($name:ident as $type:ty;)*) => { vec![$(Symbol { name: stringify!($name), address: $name as $type as usize }),*] };
}

type Int1 = extern "C" fn(i64, &mut i64) -> u8;
type Int2 = extern "C" fn(i64, i64, &mut i64) -> u8;
type Int3 = extern "C" fn(i64, i64, i64, &mut i64) -> u8;
type Libm1 = unsafe extern "C" fn(f64) -> f64;
type Libm2 = unsafe extern "C" fn(f64, f64) -> f64;

/// Every symbol. The functions of libm are the process's own, the ones CPython calls; LLVM may turn stores into calls of those
/// of `mem`, and `floor` and the like into calls where the machine has no instruction.
#[must_use]
pub fn symbols() -> Vec<Symbol> {
    use float::{brrr_ldexp, brrr_ulp};
    use int::{
        brrr_comb, brrr_factorial, brrr_gcd, brrr_isqrt, brrr_lcm, brrr_perm, brrr_pow_mod, brrr_range_all,
        brrr_range_any, brrr_range_len, brrr_range_max, brrr_range_min, brrr_range_sum, brrr_round_int,
    };
    use libc::{memcpy, memmove, memset};
    symbols! {
        memset as unsafe extern "C" fn(*mut c_void, i32, usize) -> *mut c_void;
        memcpy as unsafe extern "C" fn(*mut c_void, *const c_void, usize) -> *mut c_void;
        memmove as unsafe extern "C" fn(*mut c_void, *const c_void, usize) -> *mut c_void;
        brrr_int_div as extern "C" fn(i64, i64) -> f64;
        brrr_int_pow as Int2;
        brrr_int_pow_wrapping as extern "C" fn(i64, i64) -> i64;
        brrr_comb as Int2;
        brrr_factorial as Int1;
        brrr_gcd as Int2;
        brrr_isqrt as Int1;
        brrr_lcm as Int2;
        brrr_perm as Int2;
        brrr_pow_mod as Int3;
        brrr_round_int as Int2;
        brrr_range_len as Int3;
        brrr_range_sum as Int3;
        brrr_range_any as extern "C" fn(i64, i64, i64) -> i64;
        brrr_range_all as extern "C" fn(i64, i64, i64) -> i64;
        brrr_range_min as Int3;
        brrr_range_max as Int3;
        brrr_ldexp as extern "C" fn(f64, i64, &mut f64) -> u8;
        brrr_ulp as extern "C" fn(f64) -> f64;
        acos as Libm1;
        acosh as Libm1;
        asin as Libm1;
        asinh as Libm1;
        atan as Libm1;
        atan2 as Libm2;
        atanh as Libm1;
        cbrt as Libm1;
        ceil as Libm1;
        cos as Libm1;
        cosh as Libm1;
        erf as Libm1;
        erfc as Libm1;
        exp as Libm1;
        exp2 as Libm1;
        expm1 as Libm1;
        floor as Libm1;
        fma as unsafe extern "C" fn(f64, f64, f64) -> f64;
        fmod as Libm2;
        log as Libm1;
        log10 as Libm1;
        log1p as Libm1;
        log2 as Libm1;
        nextafter as Libm2;
        pow as Libm2;
        remainder as Libm2;
        roundeven as extern "C" fn(f64) -> f64;
        sin as Libm1;
        sinh as Libm1;
        sqrt as Libm1;
        tan as Libm1;
        tanh as Libm1;
        trunc as Libm1;
    }
}

unsafe extern "C" {
    fn acos(value: f64) -> f64;
    fn acosh(value: f64) -> f64;
    fn asin(value: f64) -> f64;
    fn asinh(value: f64) -> f64;
    fn atan(value: f64) -> f64;
    fn atan2(y: f64, x: f64) -> f64;
    fn atanh(value: f64) -> f64;
    fn cbrt(value: f64) -> f64;
    fn ceil(value: f64) -> f64;
    fn cos(value: f64) -> f64;
    fn cosh(value: f64) -> f64;
    fn erf(value: f64) -> f64;
    fn erfc(value: f64) -> f64;
    fn exp(value: f64) -> f64;
    fn exp2(value: f64) -> f64;
    fn expm1(value: f64) -> f64;
    fn floor(value: f64) -> f64;
    fn fma(left: f64, right: f64, more: f64) -> f64;
    fn fmod(value: f64, modulus: f64) -> f64;
    fn log(value: f64) -> f64;
    fn log10(value: f64) -> f64;
    fn log1p(value: f64) -> f64;
    fn log2(value: f64) -> f64;
    fn nextafter(from: f64, towards: f64) -> f64;
    fn pow(base: f64, exponent: f64) -> f64;
    fn remainder(value: f64, modulus: f64) -> f64;
    fn sin(value: f64) -> f64;
    fn sinh(value: f64) -> f64;
    fn sqrt(value: f64) -> f64;
    fn tan(value: f64) -> f64;
    fn tanh(value: f64) -> f64;
    fn trunc(value: f64) -> f64;
}

/// The nearest whole number, of two as near the even one.
extern "C" fn roundeven(value: f64) -> f64 {
    value.round_ties_even()
}

/// The correctly rounded quotient of two ints; `divisor` is not zero.
///
/// The quotient of the magnitudes is taken with at least 55 bits, its last bit set if anything was cut off, so that
/// converting it rounds once and correctly; scaling by a power of two is exact.
pub extern "C" fn brrr_int_div(dividend: i64, divisor: i64) -> f64 {
    let (above, below) = (u128::from(dividend.unsigned_abs()), u128::from(divisor.unsigned_abs()));
    if below == 0 {
        return f64::NAN;
    }
    let bits = |value: u128| 128 - value.leading_zeros();
    let shift = (56 + bits(below)).saturating_sub(bits(above));
    let scaled = above << shift;
    let quotient = (scaled / below) | u128::from(scaled % below != 0);
    let magnitude = quotient as f64 * f64::from_bits((1023 - u64::from(shift)) << 52);
    if (dividend < 0) != (divisor < 0) { -magnitude } else { magnitude }
}

/// `base ** exponent` for an exponent that is not negative. Gives 0 and writes the result if it fits 64 bits, else 1.
pub extern "C" fn brrr_int_pow(base: i64, exponent: i64, result: &mut i64) -> u8 {
    let power = match (base, exponent) {
        // Exponents beyond 32 bits: only these bases have a power that fits.
        (1, _) | (_, 0) => Some(1),
        (0, _) => Some(0),
        (-1, _) => Some(if exponent % 2 == 0 { 1 } else { -1 }),
        _ => u32::try_from(exponent).ok().and_then(|exponent| base.checked_pow(exponent)),
    };
    match power {
        Some(power) => {
            *result = power;
            0
        }
        None => 1,
    }
}

/// `base ** exponent` modulo 2**64 for an exponent that is not negative.
pub extern "C" fn brrr_int_pow_wrapping(base: i64, exponent: i64) -> i64 {
    let (mut power, mut square, mut rest) = (1_i64, base, exponent.cast_unsigned());
    while rest > 0 {
        if rest % 2 == 1 {
            power = power.wrapping_mul(square);
        }
        square = square.wrapping_mul(square);
        rest /= 2;
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_are_correctly_rounded() {
        assert_eq!(brrr_int_div(7, 2), 3.5);
        assert_eq!(brrr_int_div(-1, 3), -1.0 / 3.0);
        assert_eq!(brrr_int_div(0, -5).to_bits(), (-0.0_f64).to_bits());
        // The quotient of the nearest floats is 1.0000000000000002 here.
        assert_eq!(brrr_int_div((1 << 53) + 1, 1 << 53), 1.0);
        assert_eq!(brrr_int_div(i64::MIN, -1), 63_f64.exp2());
        assert_eq!(brrr_int_div(i64::MIN, i64::MAX), -1.0);
        assert_eq!(brrr_int_div(1, i64::MIN), -(-63_f64).exp2());
    }

    #[test]
    fn powers_that_do_not_fit_say_so() {
        let mut result = 0;
        assert_eq!((brrr_int_pow(3, 39, &mut result), result), (0, 4_052_555_153_018_976_267));
        assert_eq!(brrr_int_pow(3, 40, &mut result), 1);
        assert_eq!((brrr_int_pow(-2, 63, &mut result), result), (0, i64::MIN));
        assert_eq!((brrr_int_pow(-1, i64::MAX, &mut result), result), (0, -1));
        assert_eq!(brrr_int_pow(2, i64::MAX, &mut result), 1);
    }
}

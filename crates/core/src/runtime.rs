//! Helpers that compiled code calls, and the one list of symbols that object code may refer to.

use std::ffi::c_void;

/// A symbol that object code may refer to, with its address.
#[derive(Debug)]
pub struct Symbol {
    /// Its name.
    pub name: &'static str,
    /// Where it is.
    pub address: usize,
}

/// Every symbol. `pow`, `fmod` and `floor` are libm's own, the ones CPython calls; LLVM may turn stores into calls of the last
/// three.
#[must_use]
pub fn symbols() -> [Symbol; 9] {
    let symbol = |name, address| Symbol { name, address };
    [
        symbol("brrr_int_div", brrr_int_div as extern "C" fn(i64, i64) -> f64 as usize),
        symbol("brrr_int_pow", brrr_int_pow as extern "C" fn(i64, i64, &mut i64) -> u8 as usize),
        symbol("brrr_int_pow_wrapping", brrr_int_pow_wrapping as extern "C" fn(i64, i64) -> i64 as usize),
        symbol("floor", floor as unsafe extern "C" fn(f64) -> f64 as usize),
        symbol("pow", pow as unsafe extern "C" fn(f64, f64) -> f64 as usize),
        symbol("memset", libc::memset as unsafe extern "C" fn(*mut c_void, i32, usize) -> *mut c_void as usize),
        symbol(
            "memcpy",
            libc::memcpy as unsafe extern "C" fn(*mut c_void, *const c_void, usize) -> *mut c_void as usize,
        ),
        symbol(
            "memmove",
            libc::memmove as unsafe extern "C" fn(*mut c_void, *const c_void, usize) -> *mut c_void as usize,
        ),
        symbol("fmod", fmod as unsafe extern "C" fn(f64, f64) -> f64 as usize),
    ]
}

unsafe extern "C" {
    fn pow(base: f64, exponent: f64) -> f64;
    fn floor(value: f64) -> f64;
    fn fmod(value: f64, modulus: f64) -> f64;
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

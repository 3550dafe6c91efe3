//! Helpers that compiled code calls, and the one list of symbols that object code may refer to.

mod array;
mod complex;
mod float;
mod int;

use std::ffi::{CStr, CString, c_void};
use std::sync::OnceLock;

use crate::ops::vectors::{self, SCALAR, SETS, Vectors};

/// A symbol that object code may refer to, with its address.
#[derive(Debug)]
pub struct Symbol {
    /// Its name.
    pub name: &'static str,
    /// Where it is.
    pub address: usize,
}

type Int1 = extern "C" fn(i64, &mut i64) -> u8;
type Int2 = extern "C" fn(i64, i64, &mut i64) -> u8;
type Int3 = extern "C" fn(i64, i64, i64, &mut i64) -> u8;
type Complex64 = extern "C" fn(f32, f32, &mut f32) -> f32;
type Complex128 = extern "C" fn(f64, f64, &mut f64) -> f64;
type Test3 = extern "C" fn(i64, i64, i64) -> i64;

/// Functions of libm that compiled code calls, or that LLVM may call where the machine has no instruction.
const LIBM: &[&CStr] = &[
    c"acos",
    c"acosf",
    c"acosh",
    c"acoshf",
    c"asin",
    c"asinf",
    c"asinh",
    c"asinhf",
    c"atan",
    c"atan2",
    c"atan2f",
    c"atanf",
    c"atanh",
    c"atanhf",
    c"cbrt",
    c"cbrtf",
    c"ceil",
    c"ceilf",
    c"cos",
    c"cosf",
    c"cosh",
    c"coshf",
    c"erf",
    c"erfc",
    c"exp",
    c"exp2",
    c"exp2f",
    c"expf",
    c"expm1",
    c"expm1f",
    c"floor",
    c"floorf",
    c"fma",
    c"fmod",
    c"fmodf",
    c"hypot",
    c"hypotf",
    c"ldexp",
    c"ldexpf",
    c"log",
    c"log10",
    c"log10f",
    c"log1p",
    c"log1pf",
    c"log2",
    c"log2f",
    c"logf",
    c"nextafter",
    c"nextafterf",
    c"pow",
    c"powf",
    c"remainder",
    c"roundeven",
    c"roundevenf",
    c"sin",
    c"sinf",
    c"sinh",
    c"sinhf",
    c"sqrt",
    c"sqrtf",
    c"tan",
    c"tanf",
    c"tanh",
    c"tanhf",
    c"trunc",
    c"truncf",
];

macro_rules! helpers {
    ($($name:ident as $type:ty;)*) => { vec![$(Symbol { name: stringify!($name), address: $name as $type as usize }),*] };
}

/// Every symbol. LLVM may turn stores into calls of those of `mem`.
#[must_use]
pub fn symbols() -> &'static [Symbol] {
    static SYMBOLS: OnceLock<Vec<Symbol>> = OnceLock::new();
    SYMBOLS.get_or_init(|| {
        let mut symbols = helpers();
        symbols.extend(libm());
        symbols
    })
}

/// The address of a symbol that object code refers to, if it may.
#[must_use]
pub fn address(name: &str) -> Option<usize> {
    if vectors::is_symbol(name) {
        return vector_symbol(name);
    }
    let name = name.strip_prefix(SCALAR).unwrap_or(name);
    symbols().iter().find(|known| known.name == name).map(|known| known.address)
}

/// The functions of the vector library that this machine has.
#[must_use]
pub fn vectors() -> Vectors {
    static FOUND: OnceLock<Vectors> = OnceLock::new();
    // A version for every set of instructions, or none: all libraries have them for all.
    let is_there = |name: &str, operands: usize| {
        let both = [(1, ""), (2, "f")];
        SETS.iter().all(|&(set, lanes)| {
            both.iter().all(|(width, behind)| {
                let name = format!("{name}{behind}");
                vector_symbol(&vectors::symbol(set, width * lanes, operands, &name)).is_some()
            })
        })
    };
    *FOUND.get_or_init(|| Vectors::of(is_there))
}

fn vector_symbol(name: &str) -> Option<usize> {
    static LIBRARY: OnceLock<usize> = OnceLock::new();
    // For tests, and for who wants the scalar functions: as if the library were not there.
    let open = || match std::env::var_os(NO_VECTORS_VARIABLE).is_some_and(|value| !value.is_empty() && value != "0") {
        true => 0,
        // SAFETY: a library of glibc's, which has no initialisers; it is never closed.
        false => unsafe { libc::dlopen(c"libmvec.so.1".as_ptr(), libc::RTLD_LAZY) as usize },
    };
    let library = *LIBRARY.get_or_init(open) as *mut c_void;
    let name = CString::new(name).ok().filter(|_| !library.is_null())?;
    // SAFETY: the handle is that of a library that stays open; the name ends with a zero byte.
    let address = unsafe { libc::dlsym(library, name.as_ptr()) };
    (!address.is_null()).then_some(address as usize)
}

/// The variable under which the vector library is not looked for.
pub const NO_VECTORS_VARIABLE: &str = "BRRR_NO_LIBMVEC";

fn helpers() -> Vec<Symbol> {
    use array::{
        brrr_part_stride, brrr_slice_first, brrr_slice_last, brrr_slice_length, brrr_slice_start, brrr_slice_step,
        brrr_slice_stop,
    };
    use complex::{
        brrr_cacos, brrr_cacosf, brrr_cacosh, brrr_cacoshf, brrr_casin, brrr_casinf, brrr_casinh, brrr_casinhf,
        brrr_catan, brrr_catanf, brrr_catanh, brrr_catanhf, brrr_ccos, brrr_ccosf, brrr_ccosh, brrr_ccoshf, brrr_cexp,
        brrr_cexp2, brrr_cexp2f, brrr_cexpf, brrr_cexpm1, brrr_cexpm1f, brrr_clog, brrr_clog2, brrr_clog2f,
        brrr_clog10, brrr_clog10f, brrr_clogf, brrr_cpow, brrr_cpowf, brrr_csin, brrr_csinf, brrr_csinh, brrr_csinhf,
        brrr_csqrt, brrr_csqrtf, brrr_ctan, brrr_ctanf, brrr_ctanh, brrr_ctanhf,
    };
    use float::{
        brrr_denominator, brrr_exponent, brrr_fraction, brrr_ldexp, brrr_mantissa, brrr_numerator, brrr_power_of_ten,
        brrr_round_float, brrr_ulp,
    };
    use int::{
        brrr_comb, brrr_common_divisor, brrr_factorial, brrr_gcd, brrr_isqrt, brrr_lcm, brrr_perm, brrr_pow_mod,
        brrr_range_all, brrr_range_any, brrr_range_in, brrr_range_in_float, brrr_range_len, brrr_range_max,
        brrr_range_min, brrr_range_sum, brrr_round_int,
    };
    use libc::{memcpy, memmove, memset};
    helpers! {
        memset as unsafe extern "C" fn(*mut c_void, i32, usize) -> *mut c_void;
        memcpy as unsafe extern "C" fn(*mut c_void, *const c_void, usize) -> *mut c_void;
        memmove as unsafe extern "C" fn(*mut c_void, *const c_void, usize) -> *mut c_void;
        brrr_int_div as extern "C" fn(i64, i64) -> f64;
        brrr_nat_div as extern "C" fn(u64, u64) -> f64;
        brrr_wide_mul as extern "C" fn(u64, i64, u64, i64, &mut i128) -> u8;
        brrr_wide_mod as extern "C" fn(u64, i64, i64, &mut i64) -> u8;
        brrr_wide_floor_div as extern "C" fn(u64, i64, i64, &mut i64) -> u8;
        brrr_part_stride as unsafe extern "C" fn(*const c_void, i64) -> i64;
        brrr_slice_start as Test3;
        brrr_slice_stop as Test3;
        brrr_slice_first as extern "C" fn(i64, i64) -> i64;
        brrr_slice_last as extern "C" fn(i64, i64) -> i64;
        brrr_slice_length as Test3;
        brrr_slice_step as extern "C" fn(i64, i64) -> i64;
        brrr_int_pow as Int2;
        brrr_int_pow_wrapping as extern "C" fn(i64, i64) -> i64;
        brrr_common_divisor as extern "C" fn(u64, u64) -> u64;
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
        brrr_range_any as Test3;
        brrr_range_all as Test3;
        brrr_range_in as extern "C" fn(i64, i64, i64, i64) -> i64;
        brrr_range_in_float as extern "C" fn(f64, i64, i64, i64) -> i64;
        brrr_range_min as Int3;
        brrr_range_max as Int3;
        brrr_ldexp as extern "C" fn(f64, i64, &mut f64) -> u8;
        brrr_round_float as extern "C" fn(f64, i64, &mut f64) -> u8;
        brrr_power_of_ten as extern "C" fn(i64) -> f64;
        brrr_ulp as extern "C" fn(f64) -> f64;
        brrr_fraction as extern "C" fn(f64) -> f64;
        brrr_mantissa as extern "C" fn(f64) -> f64;
        brrr_exponent as extern "C" fn(f64) -> i64;
        brrr_numerator as extern "C" fn(f64, &mut i64) -> u8;
        brrr_denominator as extern "C" fn(f64, &mut i64) -> u8;
        brrr_cacos as Complex128;
        brrr_cacosf as Complex64;
        brrr_cacosh as Complex128;
        brrr_cacoshf as Complex64;
        brrr_casin as Complex128;
        brrr_casinf as Complex64;
        brrr_casinh as Complex128;
        brrr_casinhf as Complex64;
        brrr_catan as Complex128;
        brrr_catanf as Complex64;
        brrr_catanh as Complex128;
        brrr_catanhf as Complex64;
        brrr_ccos as Complex128;
        brrr_ccosf as Complex64;
        brrr_ccosh as Complex128;
        brrr_ccoshf as Complex64;
        brrr_cexp as Complex128;
        brrr_cexpf as Complex64;
        brrr_cexp2 as Complex128;
        brrr_cexp2f as Complex64;
        brrr_cexpm1 as Complex128;
        brrr_cexpm1f as Complex64;
        brrr_clog as Complex128;
        brrr_clogf as Complex64;
        brrr_clog10 as Complex128;
        brrr_clog10f as Complex64;
        brrr_clog2 as Complex128;
        brrr_clog2f as Complex64;
        brrr_csin as Complex128;
        brrr_csinf as Complex64;
        brrr_csinh as Complex128;
        brrr_csinhf as Complex64;
        brrr_csqrt as Complex128;
        brrr_csqrtf as Complex64;
        brrr_ctan as Complex128;
        brrr_ctanf as Complex64;
        brrr_ctanh as Complex128;
        brrr_ctanhf as Complex64;
        brrr_cpow as extern "C" fn(f64, f64, f64, f64, &mut f64) -> f64;
        brrr_cpowf as extern "C" fn(f32, f32, f32, f32, &mut f32) -> f32;
    }
}

/// The functions of the libm that the process has loaded, which is the one that CPython calls. What the linker would put in their
/// place may be another implementation: Rust has some of its own, whose last bits differ.
fn libm() -> impl Iterator<Item = Symbol> {
    // SAFETY: a library that the process needs anyway; it is never closed.
    let library = unsafe { libc::dlopen(c"libm.so.6".as_ptr(), libc::RTLD_LAZY) };
    let library = if library.is_null() { libc::RTLD_DEFAULT } else { library };
    LIBM.iter().filter_map(move |name| {
        // SAFETY: the handle is that of a library that stays open; the name ends with a zero byte.
        let address = unsafe { libc::dlsym(library, name.as_ptr()) };
        (!address.is_null()).then(|| Symbol { name: name.to_str().unwrap_or_default(), address: address as usize })
    })
}

/// The correctly rounded quotient of two ints; `divisor` is not zero.
pub extern "C" fn brrr_int_div(dividend: i64, divisor: i64) -> f64 {
    let magnitude = brrr_nat_div(dividend.unsigned_abs(), divisor.unsigned_abs());
    if (dividend < 0) != (divisor < 0) { -magnitude } else { magnitude }
}

/// The correctly rounded quotient of two ints without a sign; `divisor` is not zero.
///
/// The quotient is taken with at least 55 bits, its last bit set if anything was cut off, so that converting it rounds once and
/// correctly; scaling by a power of two is exact.
pub extern "C" fn brrr_nat_div(dividend: u64, divisor: u64) -> f64 {
    let (above, below) = (u128::from(dividend), u128::from(divisor));
    if below == 0 {
        return f64::NAN;
    }
    let bits = |value: u128| 128 - value.leading_zeros();
    let shift = (56 + bits(below)).saturating_sub(bits(above));
    let scaled = above << shift;
    let quotient = (scaled / below) | u128::from(scaled % below != 0);
    quotient as f64 * f64::from_bits((1023 - u64::from(shift)) << 52)
}

const fn wide(low: u64, high: i64) -> i128 {
    (high as i128) << 64 | low as i128
}

/// The product of two ints of 128 bits. Gives 0 and writes it if it fits, else 1.
pub extern "C" fn brrr_wide_mul(low: u64, high: i64, other_low: u64, other_high: i64, result: &mut i128) -> u8 {
    match wide(low, high).checked_mul(wide(other_low, other_high)) {
        Some(product) => {
            *result = product;
            0
        }
        None => 1,
    }
}

/// The remainder of an int of 128 bits, with the sign of `divisor`, which is not zero. Gives 0.
pub extern "C" fn brrr_wide_mod(low: u64, high: i64, divisor: i64, result: &mut i64) -> u8 {
    let dividend = wide(low, high);
    let rest = remainder(dividend.unsigned_abs(), divisor.unsigned_abs());
    let rest = if rest != 0 && (dividend < 0) != (divisor < 0) { divisor.unsigned_abs() - rest } else { rest };
    *result = if divisor < 0 { rest.cast_signed().wrapping_neg() } else { rest.cast_signed() };
    0
}

/// The quotient of an int of 128 bits, rounded down; `divisor` is not zero. Gives 0 and writes it if it fits 64 bits, else 1.
pub extern "C" fn brrr_wide_floor_div(low: u64, high: i64, divisor: i64, result: &mut i64) -> u8 {
    let (dividend, divisor) = (wide(low, high), i128::from(divisor));
    let quotient = dividend.checked_div(divisor).and_then(|quotient| {
        let inexact = dividend % divisor != 0 && (dividend < 0) != (divisor < 0);
        i64::try_from(quotient - i128::from(inexact)).ok()
    });
    match quotient {
        Some(quotient) => {
            *result = quotient;
            0
        }
        None => 1,
    }
}

/// The machine divides 128 bits by 64 where the quotient fits 64 bits; a first division of the upper half sees to that.
#[cfg(target_arch = "x86_64")]
fn remainder(dividend: u128, divisor: u64) -> u64 {
    let (high, low) = ((dividend >> 64) as u64, dividend as u64);
    let high = if high < divisor { high } else { high % divisor };
    let rest: u64;
    // SAFETY: the upper half is below the divisor, so the quotient fits and the instruction does not trap.
    unsafe {
        std::arch::asm!(
            "div {divisor}",
            divisor = in(reg) divisor,
            inlateout("rax") low => _,
            inlateout("rdx") high => rest,
            options(pure, nomem, nostack),
        );
    }
    rest
}

#[cfg(not(target_arch = "x86_64"))]
fn remainder(dividend: u128, divisor: u64) -> u64 {
    (dividend % u128::from(divisor)) as u64
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
    fn wide_ints_divide_as_pythons() {
        let dividends =
            [0, 1, -1, 7, -7, i128::from(i64::MIN), i128::from(u64::MAX) * 3, -(1 << 100), i128::MAX, i128::MIN];
        let divisors = [1, -1, 2, -3, 7, i64::MAX, i64::MIN, 1 << 40];
        for dividend in dividends {
            for divisor in divisors {
                let (low, high) = (dividend as u64, (dividend >> 64) as i64);
                let mut result = 0;
                let wide = i128::from(divisor);
                let rest = dividend.wrapping_rem(wide);
                let rest = if rest != 0 && (rest < 0) != (wide < 0) { rest + wide } else { rest };
                assert_eq!((brrr_wide_mod(low, high, divisor, &mut result), i128::from(result)), (0, rest));
                let quotient = dividend.checked_sub(rest).and_then(|whole| whole.checked_div(wide));
                let fits = quotient.and_then(|quotient| i64::try_from(quotient).ok());
                let failed = brrr_wide_floor_div(low, high, divisor, &mut result);
                assert_eq!((failed == 0).then_some(result), fits, "{dividend} // {divisor}");
            }
        }
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

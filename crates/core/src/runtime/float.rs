//! Helpers on floats.

/// The distance to the next float away from zero; of the largest finite float, to the one below.
pub(super) extern "C" fn brrr_ulp(value: f64) -> f64 {
    let magnitude = value.abs();
    if !magnitude.is_finite() {
        return magnitude;
    }
    let next = f64::from_bits(magnitude.to_bits() + 1);
    if next.is_finite() { next - magnitude } else { magnitude - f64::from_bits(magnitude.to_bits() - 1) }
}

/// `value * 2**exponent`, rounded once. Gives 1 if a finite number becomes infinite.
pub(super) extern "C" fn brrr_ldexp(value: f64, exponent: i64, result: &mut f64) -> u8 {
    unsafe extern "C" {
        fn ldexp(value: f64, exponent: i32) -> f64;
    }
    if value == 0.0 || !value.is_finite() {
        *result = value;
        return 0;
    }
    // Beyond these bounds every result is infinite, or zero.
    let exponent = exponent.clamp(-5_000, 5_000) as i32;
    // SAFETY: a function of libm's without conditions.
    *result = unsafe { ldexp(value, exponent) };
    u8::from(result.is_infinite())
}

/// What is behind the point, with the number's sign; nothing of an infinity.
pub(super) extern "C" fn brrr_fraction(value: f64) -> f64 {
    let fraction = if value.is_infinite() { 0.0 } else { value - value.trunc() };
    fraction.copysign(value)
}

/// A number as a fraction of at least 0.5 and less than 1, times a power of two. Zero, NaN and infinities are themselves.
fn scaled(value: f64) -> (f64, i64) {
    if value == 0.0 || !value.is_finite() {
        return (value, 0);
    }
    // Subnormal numbers are made normal first.
    let (normal, shifted) = if value.is_normal() { (value, 0) } else { (value * 64_f64.exp2(), 64) };
    let bits = normal.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1022;
    (f64::from_bits(bits & !(0x7ff << 52) | 1022 << 52), exponent - shifted)
}

/// The first part of `math.frexp`.
pub(super) extern "C" fn brrr_mantissa(value: f64) -> f64 {
    scaled(value).0
}

/// The second part of `math.frexp`.
pub(super) extern "C" fn brrr_exponent(value: f64) -> i64 {
    scaled(value).1
}

/// The ratio of two ints without common factors that is equal to a number, if both fit 64 bits.
fn ratio(value: f64) -> Option<(i64, i64)> {
    if !value.is_finite() {
        return None;
    }
    let (fraction, exponent) = scaled(value);
    // 53 bits before the point, then as few as there are.
    let (whole, exponent) = ((fraction * 53_f64.exp2()) as i64, exponent - 53);
    let twos = if whole == 0 { 0 } else { i64::from(whole.trailing_zeros()) };
    let (odd, exponent) = (whole >> twos, if whole == 0 { 0 } else { exponent + twos });
    let scaled = |number: i64, exponent: i64| {
        let shift = u32::try_from(exponent).ok().filter(|&shift| shift < 64)?;
        i64::try_from(i128::from(number) << shift).ok()
    };
    match exponent {
        0.. => Some((scaled(odd, exponent)?, 1)),
        _ => Some((odd, scaled(1, -exponent)?)),
    }
}

/// `round(value, digits)`, of two as near the even one, where 128 bits hold what is between.
///
/// The decimal is an int of at most 53 bits times or over a power of ten that a float holds exactly, so that one operation on
/// floats gives the float that is nearest to it. A number of more decimal digits than that is the float nearest to them itself.
fn rounded(value: f64, digits: i64) -> Option<f64> {
    if value == 0.0 || !value.is_finite() {
        return Some(value);
    }
    let unit = 10_u128.pow(u32::try_from(digits.unsigned_abs()).ok().filter(|&digits| digits <= 22)?);
    let (fraction, exponent) = scaled(value.abs());
    let (mantissa, exponent) = ((fraction * 53_f64.exp2()) as u128, exponent - 53);
    if digits >= 0 && exponent >= 0 {
        return Some(value);
    }
    let shift = u32::try_from(-exponent).ok();
    // The number times or over the unit is `above / below`.
    let (above, below) = match shift {
        // Below a half, whatever the digits.
        Some(128..) => return Some(0.0_f64.copysign(value)),
        Some(shift) if digits >= 0 => (mantissa * unit, 1_u128 << shift.min(127)),
        Some(54..) => return Some(0.0_f64.copysign(value)),
        Some(shift) => (mantissa, unit << shift),
        None => (mantissa << u32::try_from(exponent).ok().filter(|&shift| shift <= 74)?, unit),
    };
    let (quotient, rest) = (above / below, above % below);
    let up = rest > below - rest || rest == below - rest && quotient % 2 == 1;
    let whole = quotient + u128::from(up);
    if whole > 1 << 53 {
        return (digits >= 0).then_some(value);
    }
    let (whole, unit) = (whole as f64, unit as f64);
    Some(if digits >= 0 { whole / unit } else { whole * unit }.copysign(value))
}

/// `round(value, digits)`; gives 1 where the interpreter has to do it.
pub(super) extern "C" fn brrr_round_float(value: f64, digits: i64, result: &mut f64) -> u8 {
    rounded(value, digits).map_or(1, |value| {
        *result = value;
        0
    })
}

fn give(value: Option<i64>, result: &mut i64) -> u8 {
    value.map_or(1, |value| {
        *result = value;
        0
    })
}

/// The first part of `float.as_integer_ratio`.
pub(super) extern "C" fn brrr_numerator(value: f64, result: &mut i64) -> u8 {
    give(ratio(value).map(|(above, _)| above), result)
}

/// The second part of `float.as_integer_ratio`.
pub(super) extern "C" fn brrr_denominator(value: f64, result: &mut i64) -> u8 {
    give(ratio(value).map(|(_, below)| below), result)
}

/// A power of ten as NumPy has it: from 10**23 on no power is exact, and it multiplies step by step.
pub(super) extern "C" fn brrr_power_of_ten(exponent: i64) -> f64 {
    let exact = usize::try_from(exponent.clamp(0, 9)).unwrap_or(0);
    // Beyond the largest float all are infinite.
    let steps = (exponent - 9).clamp(0, 400);
    (0..steps).fold([1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9][exact], |power, _| power * 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(brrr_ulp(1.0), f64::EPSILON);
        assert_eq!(brrr_ulp(-0.0), 5e-324);
        assert_eq!(brrr_ulp(f64::MAX), 2_f64.powi(971));
        assert_eq!(brrr_ulp(f64::NEG_INFINITY), f64::INFINITY);
        assert!(brrr_ulp(f64::NAN).is_nan());
    }

    #[test]
    fn parts() {
        assert_eq!((brrr_fraction(-2.5), brrr_fraction(f64::INFINITY)), (-0.5, 0.0));
        assert!(brrr_fraction(-2.0).is_sign_negative());
        assert_eq!(scaled(6.0), (0.75, 3));
        assert_eq!(scaled(-5e-324), (-0.5, -1073));
        assert_eq!((ratio(0.75), ratio(-6.0), ratio(0.0)), (Some((3, 4)), Some((-6, 1)), Some((0, 1))));
        assert_eq!((ratio(1e300), ratio(5e-324), ratio(f64::NAN)), (None, None, None));
        assert_eq!(ratio(62_f64.exp2()), Some((1 << 62, 1)));
        assert_eq!((ratio(-63_f64.exp2()), ratio(63_f64.exp2())), (Some((i64::MIN, 1)), None));
    }

    #[test]
    fn powers_of_ten() {
        assert_eq!((brrr_power_of_ten(0), brrr_power_of_ten(9), brrr_power_of_ten(22)), (1.0, 1e9, 1e22));
        assert_eq!((brrr_power_of_ten(400), brrr_power_of_ten(i64::MAX)), (f64::INFINITY, f64::INFINITY));
    }

    #[test]
    fn decimals() {
        assert_eq!((rounded(2.675, 2), rounded(0.125, 2), rounded(0.375, 2)), (Some(2.67), Some(0.12), Some(0.38)));
        assert_eq!((rounded(-25.0, -1), rounded(35.0, -1), rounded(1e22, -22)), (Some(-20.0), Some(40.0), Some(1e22)));
        assert!(rounded(-0.001, 2).is_some_and(|zero| zero == 0.0 && zero.is_sign_negative()));
        assert_eq!(
            (rounded(5e-324, 22), rounded(0.5, -1), rounded(1e15 + 0.3, 2)),
            (Some(0.0), Some(0.0), Some(1e15 + 0.25))
        );
        assert_eq!((rounded(1e300, 2), rounded(1e300, -2), rounded(1.5, 23)), (Some(1e300), None, None));
        assert!(rounded(f64::NAN, 400).is_some_and(f64::is_nan));
    }

    #[test]
    fn scaling_rounds_once_and_says_where_it_overflows() {
        let mut result = 0.0;
        assert_eq!((brrr_ldexp(1.5, 2, &mut result), result), (0, 6.0));
        assert_eq!((brrr_ldexp(1.0, i64::MIN, &mut result), result), (0, 0.0));
        assert_eq!(brrr_ldexp(1.0, i64::MAX, &mut result), 1);
        assert_eq!((brrr_ldexp(0.0, i64::MAX, &mut result), result), (0, 0.0));
        assert_eq!((brrr_ldexp(3.0, -1075, &mut result), result), (0, 1e-323));
    }
}

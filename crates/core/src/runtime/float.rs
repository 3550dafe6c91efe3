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
    fn scaling_rounds_once_and_says_where_it_overflows() {
        let mut result = 0.0;
        assert_eq!((brrr_ldexp(1.5, 2, &mut result), result), (0, 6.0));
        assert_eq!((brrr_ldexp(1.0, i64::MIN, &mut result), result), (0, 0.0));
        assert_eq!(brrr_ldexp(1.0, i64::MAX, &mut result), 1);
        assert_eq!((brrr_ldexp(0.0, i64::MAX, &mut result), result), (0, 0.0));
        assert_eq!((brrr_ldexp(3.0, -1075, &mut result), result), (0, 1e-323));
    }
}

//! Helpers on ints. Each gives 0 with its result written, or 1: the statement leaves compiled code.

fn give(value: Option<i64>, result: &mut i64) -> u8 {
    match value {
        Some(value) => {
            *result = value;
            0
        }
        None => 1,
    }
}

fn gcd(left: u64, right: u64) -> u64 {
    let (mut left, mut right) = (left, right);
    if left == 0 || right == 0 {
        return left | right;
    }
    let shift = (left | right).trailing_zeros();
    left >>= left.trailing_zeros();
    while right != 0 {
        right >>= right.trailing_zeros();
        if left > right {
            std::mem::swap(&mut left, &mut right);
        }
        right -= left;
    }
    left << shift
}

/// Greatest common divisor.
pub(super) extern "C" fn brrr_gcd(left: i64, right: i64, result: &mut i64) -> u8 {
    give(i64::try_from(gcd(left.unsigned_abs(), right.unsigned_abs())).ok(), result)
}

/// Greatest common divisor of ints without a sign.
pub(super) extern "C" fn brrr_common_divisor(left: u64, right: u64) -> u64 {
    gcd(left, right)
}

/// Least common multiple; zero if one of the two is.
pub(super) extern "C" fn brrr_lcm(left: i64, right: i64, result: &mut i64) -> u8 {
    let (left, right) = (left.unsigned_abs(), right.unsigned_abs());
    if left == 0 || right == 0 {
        return give(Some(0), result);
    }
    let multiple = (left / gcd(left, right)).checked_mul(right);
    give(multiple.and_then(|multiple| i64::try_from(multiple).ok()), result)
}

/// Square root rounded down, of what is not negative.
pub(super) extern "C" fn brrr_isqrt(value: i64, result: &mut i64) -> u8 {
    give(value.checked_isqrt(), result)
}

/// Product of the first ints.
pub(super) extern "C" fn brrr_factorial(value: i64, result: &mut i64) -> u8 {
    let product = |value: i64| (1..=value).try_fold(1_i64, |product, next| product.checked_mul(next));
    give((0..=20).contains(&value).then(|| product(value)).flatten(), result)
}

/// Ways to choose `some` of `all`, in order.
pub(super) extern "C" fn brrr_perm(all: i64, some: i64, result: &mut i64) -> u8 {
    if all < 0 || some < 0 {
        return 1;
    }
    if some > all {
        return give(Some(0), result);
    }
    // At most 66 turns until the product is beyond 64 bits; products with a factor of 1 are at the end.
    let product = (0..some).try_fold(1_i64, |product, at| product.checked_mul(all - at));
    give(product, result)
}

/// Ways to choose `some` of `all`.
pub(super) extern "C" fn brrr_comb(all: i64, some: i64, result: &mut i64) -> u8 {
    if all < 0 || some < 0 {
        return 1;
    }
    if some > all {
        return give(Some(0), result);
    }
    let some = some.min(all - some);
    // Each step is the next binomial coefficient, so the division is exact and only the last one has to fit.
    let mut ways = 1_u128;
    for at in 0..some {
        ways = ways * (all - at) as u128 / (at as u128 + 1);
        if ways > i64::MAX as u128 {
            // The coefficients grow up to the middle.
            return 1;
        }
    }
    give(i64::try_from(ways).ok(), result)
}

/// `pow(base, exponent, modulus)`: the sign of the modulus, the inverse for a negative exponent.
pub(super) extern "C" fn brrr_pow_mod(base: i64, exponent: i64, modulus: i64, result: &mut i64) -> u8 {
    let size = modulus.unsigned_abs();
    if size == 0 {
        return 1;
    }
    let wide = u128::from(size);
    let mut square = i128::from(base).rem_euclid(i128::from(size)).unsigned_abs();
    if exponent < 0 {
        let Some(inverse) = inverse(square, wide) else { return 1 };
        square = inverse;
    }
    let mut power = 1 % wide;
    let mut rest = exponent.unsigned_abs();
    // Products of numbers below 2**32 stay within 64 bits, where division is quick.
    if let (Ok(small), true) = (u32::try_from(size), rest > 0) {
        let small = u64::from(small);
        let (mut quick, mut factor) = (power as u64, square as u64);
        while rest > 0 {
            if rest % 2 == 1 {
                quick = quick * factor % small;
            }
            factor = factor * factor % small;
            rest /= 2;
        }
        power = u128::from(quick);
    }
    while rest > 0 {
        if rest % 2 == 1 {
            power = power * square % wide;
        }
        square = square * square % wide;
        rest /= 2;
    }
    let power = power as i128;
    let signed = if modulus < 0 && power != 0 { power - i128::from(size) } else { power };
    give(i64::try_from(signed).ok(), result)
}

/// The number whose product with `value` is 1 modulo `modulus`, by Euclid's algorithm.
fn inverse(value: u128, modulus: u128) -> Option<u128> {
    let (mut rests, mut factors) = ((modulus as i128, value as i128), (0_i128, 1_i128));
    while rests.1 != 0 {
        let quotient = rests.0 / rests.1;
        rests = (rests.1, rests.0 - quotient * rests.1);
        factors = (factors.1, factors.0 - quotient * factors.1);
    }
    (rests.0 == 1).then(|| factors.0.rem_euclid(modulus as i128) as u128)
}

/// `round(value, digits)`: a negative number of digits rounds to a multiple of a power of ten, half to even.
pub(super) extern "C" fn brrr_round_int(value: i64, digits: i64, result: &mut i64) -> u8 {
    if digits >= 0 {
        return give(Some(value), result);
    }
    // Half of 10**20 is more than every int of 64 bits.
    let unit = 10_i128.pow(digits.unsigned_abs().min(20) as u32);
    let wide = i128::from(value);
    let (below, rest) = (wide.div_euclid(unit), wide.rem_euclid(unit));
    let up = rest * 2 > unit || rest * 2 == unit && below % 2 != 0;
    give(i64::try_from((below + i128::from(up)) * unit).ok(), result)
}

/// The number of turns; the step is not zero.
fn turns(start: i64, stop: i64, step: i64) -> i128 {
    let (start, stop, step) = (i128::from(start), i128::from(stop), i128::from(step));
    let (low, high, stride) = if step > 0 { (start, stop, step) } else { (stop, start, -step) };
    if low < high { (high - low - 1) / stride + 1 } else { 0 }
}

fn last(start: i64, count: i128, step: i64) -> i64 {
    (i128::from(start) + (count - 1) * i128::from(step)) as i64
}

/// `len(range(start, stop, step))`.
pub(super) extern "C" fn brrr_range_len(start: i64, stop: i64, step: i64, result: &mut i64) -> u8 {
    give(i64::try_from(turns(start, stop, step)).ok(), result)
}

/// `sum(range(start, stop, step))`.
pub(super) extern "C" fn brrr_range_sum(start: i64, stop: i64, step: i64, result: &mut i64) -> u8 {
    let count = turns(start, stop, step);
    if count == 0 {
        return give(Some(0), result);
    }
    // What is beyond 128 bits is beyond 64 when it is halved.
    let ends = i128::from(start) + i128::from(last(start, count, step));
    let doubled = ends.checked_mul(count);
    give(doubled.and_then(|doubled| i64::try_from(doubled / 2).ok()), result)
}

/// `any(range(start, stop, step))`, as 0 and 1.
pub(super) extern "C" fn brrr_range_any(start: i64, stop: i64, step: i64) -> i64 {
    let count = turns(start, stop, step);
    i64::from(count > 1 || count == 1 && start != 0)
}

/// `all(range(start, stop, step))`, as 0 and 1.
pub(super) extern "C" fn brrr_range_all(start: i64, stop: i64, step: i64) -> i64 {
    let count = turns(start, stop, step);
    let (wide, step) = (i128::from(start), i128::from(step));
    let has_zero = count > 0 && wide % step == 0 && (0..count).contains(&(-wide / step));
    i64::from(!has_zero)
}

/// `value in range(start, stop, step)`, as 0 and 1.
pub(super) extern "C" fn brrr_range_in(value: i64, start: i64, stop: i64, step: i64) -> i64 {
    let within = if step > 0 { start <= value && value < stop } else { stop < value && value <= start };
    i64::from(within && (i128::from(value) - i128::from(start)) % i128::from(step) == 0)
}

/// The same for a float, which is in a range if an int that is equal to it is.
pub(super) extern "C" fn brrr_range_in_float(value: f64, start: i64, stop: i64, step: i64) -> i64 {
    const LIMIT: f64 = (1_u64 << 63) as f64;
    let is_int = value.trunc() == value && (-LIMIT..LIMIT).contains(&value);
    if is_int { brrr_range_in(value as i64, start, stop, step) } else { 0 }
}

/// `min(range(start, stop, step))` of a range that is not empty.
pub(super) extern "C" fn brrr_range_min(start: i64, stop: i64, step: i64, result: &mut i64) -> u8 {
    let count = turns(start, stop, step);
    give((count > 0).then(|| start.min(last(start, count, step))), result)
}

/// `max(range(start, stop, step))` of a range that is not empty.
pub(super) extern "C" fn brrr_range_max(start: i64, stop: i64, step: i64, result: &mut i64) -> u8 {
    let count = turns(start, stop, step);
    give((count > 0).then(|| start.max(last(start, count, step))), result)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a helper gives.
    fn got(call: impl FnOnce(&mut i64) -> u8) -> Option<i64> {
        let mut result = 0;
        (call(&mut result) == 0).then_some(result)
    }

    #[test]
    fn divisors_and_multiples() {
        assert_eq!(got(|to| brrr_gcd(-12, 18, to)), Some(6));
        assert_eq!(got(|to| brrr_gcd(0, 0, to)), Some(0));
        assert_eq!(got(|to| brrr_gcd(i64::MIN, 0, to)), None);
        assert_eq!(got(|to| brrr_gcd(i64::MIN, 48, to)), Some(16));
        assert_eq!(got(|to| brrr_lcm(-4, 6, to)), Some(12));
        assert_eq!(got(|to| brrr_lcm(0, i64::MIN, to)), Some(0));
        assert_eq!(got(|to| brrr_lcm(i64::MAX, 2, to)), None);
    }

    #[test]
    fn roots_and_ways() {
        assert_eq!(got(|to| brrr_isqrt(i64::MAX, to)), Some(3_037_000_499));
        assert_eq!(got(|to| brrr_isqrt(-1, to)), None);
        assert_eq!(got(|to| brrr_factorial(20, to)), Some(2_432_902_008_176_640_000));
        assert_eq!((got(|to| brrr_factorial(21, to)), got(|to| brrr_factorial(-1, to))), (None, None));
        assert_eq!(got(|to| brrr_comb(66, 33, to)), Some(7_219_428_434_016_265_740));
        assert_eq!(got(|to| brrr_comb(68, 34, to)), None);
        assert_eq!(got(|to| brrr_comb(i64::MAX, i64::MAX - 1, to)), Some(i64::MAX));
        assert_eq!(got(|to| brrr_perm(20, 20, to)), Some(2_432_902_008_176_640_000));
        assert_eq!(got(|to| brrr_perm(i64::MAX, 0, to)), Some(1));
        assert_eq!((got(|to| brrr_perm(3, 4, to)), got(|to| brrr_perm(3, -1, to))), (Some(0), None));
    }

    #[test]
    fn modular_powers() {
        assert_eq!(got(|to| brrr_pow_mod(3, 200, 1000, to)), Some(1));
        assert_eq!(got(|to| brrr_pow_mod(3, -1, 7, to)), Some(5));
        assert_eq!(got(|to| brrr_pow_mod(2, -1, 4, to)), None);
        assert_eq!(got(|to| brrr_pow_mod(2, 3, -5, to)), Some(-2));
        assert_eq!(got(|to| brrr_pow_mod(0, 0, 1, to)), Some(0));
        assert_eq!(got(|to| brrr_pow_mod(5, -3, 1, to)), Some(0));
        assert_eq!(got(|to| brrr_pow_mod(i64::MIN, i64::MAX, i64::MIN, to)), Some(0));
        assert_eq!(got(|to| brrr_pow_mod(i64::MAX, 2, i64::MIN, to)), Some(i64::MIN + 1));
    }

    #[test]
    fn half_goes_to_even() {
        assert_eq!(
            [1250, 1350, -1250, 1251].map(|value| got(|to| brrr_round_int(value, -2, to))),
            [1200, 1400, -1200, 1300].map(Some)
        );
        assert_eq!(got(|to| brrr_round_int(i64::MAX, -19, to)), None);
        assert_eq!(got(|to| brrr_round_int(i64::MAX, i64::MIN, to)), Some(0));
        assert_eq!(got(|to| brrr_round_int(7, 0, to)), Some(7));
    }

    #[test]
    fn ranges_as_python_has_them() {
        assert_eq!(got(|to| brrr_range_len(i64::MIN, i64::MAX, 1, to)), None);
        assert_eq!(got(|to| brrr_range_len(10, 0, -3, to)), Some(4));
        assert_eq!(got(|to| brrr_range_sum(10, 0, -3, to)), Some(22));
        assert_eq!(got(|to| brrr_range_sum(i64::MIN, i64::MAX, 1, to)), None);
        assert_eq!(got(|to| brrr_range_sum(-5, 6, 1, to)), Some(0));
        assert_eq!((brrr_range_any(0, 1, 1), brrr_range_any(0, 2, 1), brrr_range_any(0, 0, 1)), (0, 1, 0));
        assert_eq!((brrr_range_all(-4, 5, 2), brrr_range_all(-5, 5, 2), brrr_range_all(1, 1, 1)), (0, 1, 1));
        assert_eq!((brrr_range_all(1, 5, 1), brrr_range_all(4, 0, -4), brrr_range_all(4, -1, -4)), (1, 1, 0));
        assert_eq!((brrr_range_in(3, 1, 5, 2), brrr_range_in(2, 1, 5, 2), brrr_range_in(5, 1, 5, 2)), (1, 0, 0));
        assert_eq!((brrr_range_in(i64::MAX, i64::MIN, i64::MAX, 1), brrr_range_in(1, 5, 0, -2)), (0, 1));
        assert_eq!((brrr_range_in_float(-0.0, 0, 1, 1), brrr_range_in_float(0.5, 0, 1, 1)), (1, 0));
        assert_eq!((brrr_range_in_float(f64::NAN, 0, 9, 1), brrr_range_in_float(9.3e18, 0, i64::MAX, 1)), (0, 0));
        assert_eq!(got(|to| brrr_range_min(10, 0, -3, to)), Some(1));
        assert_eq!(got(|to| brrr_range_max(10, 0, -3, to)), Some(10));
        assert_eq!(got(|to| brrr_range_max(0, 0, 1, to)), None);
    }
}

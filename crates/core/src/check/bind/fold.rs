//! Constant int expressions, such as `2**64 - 1`: computed when the function is bound, as CPython's compiler does.
//!
//! The intermediates are ints of any size, so that only what an expression gives has to fit compiled code. What raises is left
//! as it is, and so is what would be huge.

use rustpython_parser::ast::bigint::{BigInt, Sign};
use rustpython_parser::ast::{Constant, Expr, Operator, UnaryOp};

/// Ints beyond so many bits are not made.
const MOST_BITS: u64 = 8_192;

/// The value of an expression that is made of int literals; `None` if it is another one, raises, or is no int.
pub(in crate::check) fn int(expression: &Expr) -> Option<BigInt> {
    match expression {
        Expr::Constant(constant) => match &constant.value {
            Constant::Int(value) => Some(value.clone()),
            _ => None,
        },
        Expr::UnaryOp(inner) => {
            let operation = match inner.op {
                UnaryOp::USub => |value: BigInt| -value,
                UnaryOp::UAdd => |value| value,
                UnaryOp::Invert => |value: BigInt| !value,
                UnaryOp::Not => return None,
            };
            int(&inner.operand).map(operation)
        }
        Expr::BinOp(inner) => {
            let left = int(&inner.left)?;
            binary(inner.op, left, int(&inner.right)?)
        }
        _ => None,
    }
}

fn binary(operator: Operator, left: BigInt, right: BigInt) -> Option<BigInt> {
    let zero = BigInt::default();
    match operator {
        Operator::Add => Some(left + right),
        Operator::Sub => Some(left - right),
        Operator::Mult => (left.bits() + right.bits() <= MOST_BITS).then(|| left * right),
        Operator::FloorDiv | Operator::Mod if right == zero => None,
        Operator::FloorDiv => Some(floor_div(&left, &right)),
        Operator::Mod => Some(&left - floor_div(&left, &right) * right),
        Operator::Pow => {
            let exponent = u32::try_from(&right).ok()?;
            // Zero and one stay what they are, whatever the exponent.
            let bits = if left.bits() <= 1 { 1 } else { left.bits().checked_mul(exponent.into())? };
            (bits <= MOST_BITS).then(|| left.pow(exponent))
        }
        Operator::LShift => {
            let count = u32::try_from(&right).ok()?;
            (left.bits() + u64::from(count) <= MOST_BITS).then(|| left << count)
        }
        Operator::RShift => u32::try_from(&right).ok().map(|count| left >> count),
        Operator::BitAnd => Some(left & right),
        Operator::BitOr => Some(left | right),
        Operator::BitXor => Some(left ^ right),
        // A float, and what numbers do not have.
        Operator::Div | Operator::MatMult => None,
    }
}

/// Division rounds towards zero; Python's rounds down.
fn floor_div(left: &BigInt, right: &BigInt) -> BigInt {
    let (quotient, rest) = (left / right, left % right);
    let rounded_up = rest.sign() != Sign::NoSign && rest.sign() != right.sign();
    if rounded_up { quotient - 1 } else { quotient }
}

#[cfg(test)]
mod tests {
    use rustpython_parser::Parse;

    use super::*;

    fn value(text: &str) -> Option<String> {
        int(&Expr::parse(text, "constant").unwrap()).map(|value| value.to_string())
    }

    #[test]
    fn values_are_those_of_python() {
        for (text, expected) in [
            ("2**64 - 1", "18446744073709551615"),
            ("-2**63", "-9223372036854775808"),
            ("(1 << 63) ^ -1", "-9223372036854775809"),
            ("-7 // 2", "-4"),
            ("7 // -2", "-4"),
            ("-8 // 2", "-4"),
            ("-7 % 3", "2"),
            ("7 % -3", "-2"),
            ("-1 >> 70", "-1"),
            ("~10**18", "-1000000000000000001"),
            ("+-+5 | 2", "-5"),
            ("2**4000 % 97", "61"),
            ("0**0", "1"),
            ("(-1)**99999", "-1"),
        ] {
            assert_eq!(value(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_raises_is_huge_or_no_int_stays() {
        for text in [
            "1 // 0",
            "1 % 0",
            "1 << -1",
            "1 >> -1",
            "2**-1",
            "2**100000",
            "1 << 100000",
            "1 / 1",
            "1 @ 1",
            "1.5 + 1",
            "x",
        ] {
            assert_eq!(value(text), None, "{text}");
        }
    }
}

//! The row of the table for an operation on operands of known types, with what only the low bits of ints need.
//!
//! Enters: a name, the types of the operands, those that are constants, and what is needed of the result. Leaves: the row, which
//! says by its parameters what the operands are converted to. Inference and specialisation ask the same question here, so that
//! they agree.

use super::narrow::{is_mask, power_of_two};
use super::promote;
use crate::ir::Constant;
use crate::ops::{self, OpId};
use crate::types::Type;

/// One operand: its type, and its value if it is a constant.
pub type Operand = (Type, Option<Constant>);

/// A row, and constants that take the place of operands.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// The row.
    pub op: OpId,
    /// In place of the operand with this number.
    pub constant: Option<(usize, Constant)>,
}

/// The row for an operation; `low` if only the low 64 bits of its result are needed. `None` if there is none.
#[must_use]
pub fn choose(name: &str, operands: &[Operand], low: bool) -> Option<Choice> {
    if promote::is_numpy(name, operands) {
        return promote::operation(name, operands);
    }
    let found = masked(name, operands).or_else(|| if low { wrapping(name, operands) } else { None });
    found.or_else(|| shifted(name, operands)).or_else(|| {
        let types = operands.iter().map(|&(one, _)| one).collect::<Vec<_>>();
        ops::resolve(name, &types).map(|op| Choice { op, constant: None })
    })
}

/// A mask that is a constant, or a remainder by a power of two: only the low bits of the other operand count.
fn masked(name: &str, operands: &[Operand]) -> Option<Choice> {
    let (value, mask, at) = match (name, operands) {
        ("&", &[(value, _), (_, Some(mask))]) if is_mask(mask) => (value, mask, 1),
        ("&", &[(_, Some(mask)), (value, _)]) if is_mask(mask) => (value, mask, 0),
        ("%", &[(value, _), (_, Some(modulus))]) => (value, power_of_two(modulus)?, 1),
        ("%64.", &[(value, _)]) => (value, Constant::Nat(u64::MAX), 1),
        _ => return None,
    };
    let needed = match value {
        Type::Low | Type::Nat => true,
        // An int of 64 bits and a small mask have a row of their own.
        Type::Int | Type::Bool => matches!(mask, Constant::Nat(_)) || name != "&" && is_beyond(operands),
        Type::Unbound
        | Type::None
        | Type::Float
        | Type::Complex
        | Type::Scalar(_)
        | Type::Object
        | Type::Pointer
        | Type::Tuple(_)
        | Type::Array(_)
        | Type::Function(_) => false,
    };
    let params = if at == 0 { [mask.ty(), Type::Low] } else { [Type::Low, mask.ty()] };
    let op = needed.then(|| ops::find("&", &params)).flatten()?;
    Some(Choice { op, constant: Some((at, mask)) })
}

/// The modulus is 2**63.
fn is_beyond(operands: &[Operand]) -> bool {
    operands.iter().any(|(_, constant)| matches!(constant, Some(Constant::Nat(_))))
}

/// Arithmetic modulo 2**64.
fn wrapping(name: &str, operands: &[Operand]) -> Option<Choice> {
    let is_int = |one: Type| matches!(one, Type::Bool | Type::Int | Type::Nat | Type::Low);
    if !operands.iter().all(|&(one, _)| is_int(one)) {
        return None;
    }
    let mut params = vec![Type::Low; operands.len()];
    if matches!(name, "<<" | "**") {
        // The count is needed whole.
        matches!(operands.get(1)?.0, Type::Bool | Type::Int).then_some(())?;
        params[1] = Type::Int;
    }
    ops::find(name, &params).map(|op| Choice { op, constant: None })
}

/// A u64 that is shifted by a constant fits i64.
fn shifted(name: &str, operands: &[Operand]) -> Option<Choice> {
    match (name, operands) {
        (">>", [(Type::Nat, _), (_, Some(Constant::Int(1..)))]) => {
            ops::find("nat>>.", &[Type::Nat, Type::Int]).map(|op| Choice { op, constant: None })
        }
        _ => None,
    }
}

/// The constant as the type that an operation takes; `None` if its value has no such form.
#[must_use]
pub fn convert_constant(constant: Constant, to: Type) -> Option<Constant> {
    Some(match (constant, to) {
        (same, to) if same.ty() == to => same,
        (Constant::Bool(value), Type::Int) => Constant::Int(value.into()),
        (Constant::Bool(value), Type::Nat) => Constant::Nat(value.into()),
        (Constant::Bool(value), Type::Float) => Constant::Float(f64::from(u8::from(value))),
        (Constant::Bool(value), Type::Complex) => Constant::Complex(f64::from(u8::from(value)), 0.0),
        (Constant::Int(value), Type::Float) => Constant::Float(value as f64),
        (Constant::Int(value), Type::Complex) => Constant::Complex(value as f64, 0.0),
        (Constant::Int(value), Type::Nat) => Constant::Nat(u64::try_from(value).ok()?),
        (Constant::Nat(value), Type::Float) => Constant::Float(value as f64),
        (Constant::Nat(value), Type::Complex) => Constant::Complex(value as f64, 0.0),
        (Constant::Float(value), Type::Complex) => Constant::Complex(value, 0.0),
        (
            Constant::None
            | Constant::Bool(_)
            | Constant::Int(_)
            | Constant::Nat(_)
            | Constant::Float(_)
            | Constant::Complex(..),
            _,
        ) => return None,
    })
}

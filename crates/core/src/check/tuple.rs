//! What operations on tuples give, by types alone: shared by inference and specialisation.

use crate::ir::Constant;
use crate::types::{Shape, Type, TypeSet};

/// What may stand in the brackets behind a tuple.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// An int, or a bool.
    Variable,
    /// TypeError.
    None,
}

/// The types of the elements of a tuple.
#[must_use]
pub fn elements(types: TypeSet) -> Option<&'static [TypeSet]> {
    match types.single()? {
        Type::Tuple(shape) => Some(shape.elements()),
        _ => None,
    }
}

/// Whether a value of this type is an index.
#[must_use]
pub const fn index_type(one: Type) -> Index {
    match one {
        Type::Int | Type::Bool => Index::Variable,
        Type::Scalar(dtype) if dtype.is_int() => Index::Variable,
        Type::Unbound
        | Type::None
        | Type::Float
        | Type::Nat
        | Type::Complex
        | Type::Low
        | Type::Scalar(_)
        | Type::Object
        | Type::Pointer
        | Type::Tuple(_)
        | Type::Array(_) => Index::None,
    }
}

/// The element that a constant index means.
#[must_use]
pub fn constant_index(index: Constant, length: usize) -> Option<usize> {
    let index = match index {
        Constant::Int(index) => index,
        Constant::Bool(index) => index.into(),
        Constant::None | Constant::Float(_) | Constant::Nat(_) | Constant::Complex(..) => return None,
    };
    let from_start = if index < 0 { index.checked_add(length as i64)? } else { index };
    usize::try_from(from_start).ok().filter(|&at| at < length)
}

/// The tuple of the elements of two.
#[must_use]
pub fn joined(left: TypeSet, right: TypeSet) -> Option<TypeSet> {
    let all = elements(left)?.iter().chain(elements(right)?).copied().collect::<Vec<_>>();
    Shape::new(&all).map(|shape| Type::Tuple(shape).into())
}

/// The answer of a question about the type of a tuple, which stands before these constants.
#[must_use]
pub fn constant_answer(name: &str, types: TypeSet, constants: &[Option<Constant>]) -> Option<bool> {
    let length = elements(types)?.len() as i64;
    let of_length = |holds: fn(i64, i64) -> bool| match constants {
        [_, Some(Constant::Int(wanted))] => Some(holds(length, *wanted)),
        _ => None,
    };
    match name {
        "is.long." => of_length(|length, wanted| length == wanted),
        "is.longer." => of_length(|length, wanted| length >= wanted),
        "isinstance.tuple" => Some(true),
        _ if name.starts_with("isinstance.") || name.starts_with("is.") => Some(false),
        _ => None,
    }
}

/// What an operation with a tuple among its operands gives; empty if compiled code does not do it.
#[must_use]
pub fn result(name: &str, operands: &[TypeSet], constants: &[Option<Constant>]) -> TypeSet {
    let found = match (name, operands) {
        ("[]", [types, index]) => elements(*types).and_then(|elements| match (constants[1], index.single()) {
            (Some(constant), _) => constant_index(constant, elements.len()).map(|at| elements[at]),
            (None, Some(one)) if index_type(one) == Index::Variable => {
                Some(elements.iter().copied().fold(TypeSet::EMPTY, TypeSet::join))
            }
            (None, _) => None,
        }),
        ("unpack.", [types, _, _]) => match (elements(*types), constants[1], constants[2]) {
            (Some(elements), Some(Constant::Int(count)), Some(Constant::Int(at))) if elements.len() as i64 == count => {
                let none = elements.is_empty().then(|| Type::None.into());
                none.or_else(|| usize::try_from(at).ok().and_then(|at| elements.get(at).copied()))
            }
            _ => None,
        },
        ("len", [_]) => Some(Type::Int.into()),
        ("truth." | "same." | "==" | "!=" | "<" | "<=" | ">" | ">=", _) => Some(Type::Bool.into()),
        ("+", [left, right]) => joined(*left, *right),
        _ => operands.first().and_then(|&types| constant_answer(name, types, constants)).map(|_| Type::Bool.into()),
    };
    found.unwrap_or_default()
}

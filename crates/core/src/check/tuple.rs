//! What operations on tuples give, by types alone: shared by inference and specialisation.

use super::array;
use super::flow::{Arg, Item};
use super::over;
use crate::ir::Constant;
use crate::ops;
use crate::types::{MOST_LEAVES, Shape, Type, TypeSet};

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
        | Type::Array(_)
        | Type::Function(_) => Index::None,
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

/// True for numbers of Python's own, `None`, and tuples of them.
#[must_use]
pub fn is_plain(types: TypeSet) -> bool {
    match elements(types) {
        Some(elements) => elements.iter().all(|&types| is_plain(types)),
        None => types.iter().all(|one| one == Type::None || ops::rank(one).is_some()),
    }
}

/// True if elements of these types can be compared with `<` or `>`.
#[must_use]
pub fn has_order(name: &str, left: TypeSet, right: TypeSet) -> bool {
    match (elements(left), elements(right)) {
        // Which elements decide, their values say.
        (Some(_), Some(_)) => true,
        (None, None) => match (left.single(), right.single()) {
            (Some(left), Some(right)) => ops::resolve(name, &[left, right]).is_some(),
            _ => false,
        },
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// The tuple of the elements of two.
#[must_use]
pub fn joined(left: TypeSet, right: TypeSet) -> Option<TypeSet> {
    let all = elements(left)?.iter().chain(elements(right)?).copied().collect::<Vec<_>>();
    Shape::new(&all).map(|shape| Type::Tuple(shape).into())
}

/// The tuple of one length, if it can be one.
#[must_use]
pub fn one_length(one: Type) -> Option<TypeSet> {
    array::is_index(one).then(|| Shape::new(&[Type::Int.into()])).flatten().map(|shape| Type::Tuple(shape).into())
}

/// Lengths of dimensions as a tuple of ints, if these are ints.
#[must_use]
pub fn lengths(types: TypeSet) -> Option<TypeSet> {
    let elements = elements(types)?;
    let all = elements.iter().all(|types| types.single().is_some_and(array::is_index));
    let ints = vec![Type::Int.into(); elements.len()];
    all.then(|| Shape::new(&ints)).flatten().map(|shape| Type::Tuple(shape).into())
}

/// The length of the shortest of some tuples.
#[must_use]
pub fn shortest(all: &[TypeSet]) -> Option<usize> {
    all.iter()
        .map(|&types| elements(types).map(<[TypeSet]>::len))
        .try_fold(usize::MAX, |least, length| Some(least.min(length?)))
}

/// An element of a tuple that has at least so many, which an unpacking with a starred name takes; `None` stands for no element.
#[must_use]
pub fn around(types: TypeSet, constants: &[Option<Constant>]) -> Option<TypeSet> {
    let (elements, &[_, Some(Constant::Int(least)), Some(at)]) = (elements(types)?, constants) else { return None };
    (elements.len() as i64 >= least).then_some(())?;
    if least == 0 {
        return Some(Type::None.into());
    }
    constant_index(at, elements.len()).map(|at| elements[at])
}

/// The tuple among two operands of `*`, and how often it is repeated.
#[must_use]
pub fn times(operands: &[TypeSet], constants: &[Option<Constant>]) -> Option<(usize, i64)> {
    let at = operands.iter().position(|&types| elements(types).is_some())?;
    match constants.get(1 - at)? {
        Some(Constant::Int(count)) => Some((at, *count)),
        Some(Constant::Bool(count)) => Some((at, (*count).into())),
        _ => None,
    }
}

/// A tuple so many times.
#[must_use]
pub fn repeated(types: TypeSet, count: i64) -> Option<TypeSet> {
    let elements = elements(types)?;
    let count = usize::try_from(count.max(0)).ok()?;
    let length = elements.len().checked_mul(count).filter(|&length| length <= MOST_LEAVES)?;
    let all = elements.iter().copied().cycle().take(length).collect::<Vec<_>>();
    Shape::new(&all).map(|shape| Type::Tuple(shape).into())
}

/// What stands in the brackets behind a tuple, if it is a slice.
#[must_use]
pub fn part(types: TypeSet, items: &[Item]) -> Option<TypeSet> {
    let elements = elements(types)?;
    let part = slice(elements.len(), items)?.into_iter().map(|at| elements[at]).collect::<Vec<_>>();
    Shape::new(&part).map(|shape| Type::Tuple(shape).into())
}

/// The elements that a slice takes; `None` if its bounds are no constants, or its step is zero.
#[must_use]
pub fn slice(length: usize, items: &[Item]) -> Option<Vec<usize>> {
    let &[Item::Slice(bounds)] = items else { return None };
    let bound = |at: usize| match bounds[at] {
        Arg::Constant(Constant::None) => Some(None),
        Arg::Constant(Constant::Int(value)) => Some(Some(value)),
        // Beyond every length.
        Arg::Constant(Constant::Nat(_)) => Some(Some(i64::MAX)),
        Arg::Constant(Constant::Bool(value)) => Some(Some(value.into())),
        Arg::Constant(Constant::Float(_) | Constant::Complex(..)) | Arg::Var(_) => None,
    };
    let length = i64::try_from(length).ok()?;
    let (lower, upper, step) = (bound(0)?, bound(1)?, bound(2)?.unwrap_or(1));
    // Where it begins and where it ends, which may be before the first element if it goes backwards.
    let (least, most) = if step < 0 { (-1, length - 1) } else { (0, length) };
    let place = |at: i64| if at < 0 { at.saturating_add(length).max(least) } else { at.min(most) };
    let (first, last) = if step < 0 { (most, least) } else { (least, most) };
    let (mut at, end) = (lower.map_or(first, place), upper.map_or(last, place));
    let mut taken = Vec::new();
    while step != 0 && if step < 0 { at > end } else { at < end } {
        taken.push(usize::try_from(at).ok()?);
        at = at.saturating_add(step);
    }
    (step != 0).then_some(taken)
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
        "isinstance.tuple." => Some(true),
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
        ("unpack.star.", [types, _, _]) => around(*types, constants),
        ("at.", [types, _]) => {
            elements(*types).map(|elements| elements.iter().copied().fold(TypeSet::EMPTY, TypeSet::join))
        }
        ("over." | "starred.", [types]) => elements(*types).map(|_| *types),
        ("lengths.", [types]) => lengths(*types),
        ("indices.", [types]) => lengths(*types).map(|_| Type::Int.into()),
        ("origin.", [types]) | ("next.", [types, _]) => lengths(*types),
        ("shortest.", all) => shortest(all).map(|_| Type::Int.into()),
        ("len", [_]) => Some(Type::Int.into()),
        ("truth." | "same." | "==" | "!=" | "<" | "<=" | ">" | ">=", _) => Some(Type::Bool.into()),
        ("+", [left, right]) => joined(*left, *right),
        ("*", [one, other]) => {
            times(&[*one, *other], constants).and_then(|(at, count)| repeated([*one, *other][at], count))
        }
        ("tuple", [types]) => Some(*types),
        ("in." | "any" | "all", [types, ..]) => elements(*types).map(|_| Type::Bool.into()),
        ("range.in.", _) => Some(Type::Bool.into()),
        (".count" | ".index", [types, _]) => elements(*types).map(|_| Type::Int.into()),
        ("min" | "max", [types]) => {
            elements(*types).map(|elements| elements.iter().copied().fold(TypeSet::EMPTY, TypeSet::join))
        }
        ("sum" | "math.prod", [types, start]) => elements(*types).map(|elements| over::folded(name, elements, *start)),
        ("math.fsum" | "math.hypot*", [types]) => elements(*types).map(|elements| over::asked(name, elements)),
        ("math.dist" | "math.sumprod", [left, right]) => match (elements(*left), elements(*right)) {
            (Some(left), Some(right)) if left.len() == right.len() => Some(over::asked(name, &[left, right].concat())),
            _ => None,
        },
        _ => operands.first().and_then(|&types| constant_answer(name, types, constants)).map(|_| Type::Bool.into()),
    };
    found.unwrap_or_default()
}

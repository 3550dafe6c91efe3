//! What functions over a tuple give, by the types of its elements: shared by inference and specialisation.

use super::choose::choose;
use crate::ops::{self, OpId};
use crate::types::{Type, TypeSet};

/// The row by which the elements are added or multiplied one by one.
#[must_use]
pub fn step(name: &str, all: impl Iterator<Item = Type>) -> Option<&'static str> {
    match name {
        "math.prod" => Some("*"),
        // From CPython 3.12 on sums of other numbers than ints are compensated: the interpreter does them.
        "sum" if ops::python() < 12 => Some("+"),
        "sum" => widest(all).is_some_and(|rank| rank == 0).then_some("sum.int."),
        _ => None,
    }
}

/// The row of a function that the interpreter does, for numbers of these types; `None` if it takes no such numbers.
#[must_use]
pub fn row(name: &str, all: impl Iterator<Item = Type>) -> Option<OpId> {
    // Marked where the elements are the arguments.
    let name = format!("{}.", name.trim_end_matches('*'));
    let least = usize::from(widest(all)?);
    [Type::Int, Type::Float, Type::Complex][least..].iter().find_map(|&one| ops::find(&name, &[one]))
}

/// The rank of the widest number; `None` if something else is among them.
fn widest(mut all: impl Iterator<Item = Type>) -> Option<u8> {
    all.try_fold(0, |rank, one| Some(rank.max(ops::rank(one)?)))
}

/// One type of each element: those that make the result narrowest, or widest.
fn extreme(elements: &[TypeSet], wide: bool) -> Option<Vec<Type>> {
    let of = |types: &TypeSet| {
        let numbers = types.iter().filter(|&one| ops::rank(one).is_some());
        if wide { numbers.max_by_key(|&one| ops::rank(one)) } else { numbers.min_by_key(|&one| ops::rank(one)) }
    };
    elements.iter().map(of).collect()
}

/// What a function that the interpreter does may give.
#[must_use]
pub fn asked(name: &str, elements: &[TypeSet]) -> TypeSet {
    let of = |wide| extreme(elements, wide).and_then(|all| row(name, all.into_iter()));
    let (Some(narrow), wide) = (of(false), of(true)) else { return TypeSet::EMPTY };
    let results = [Type::Int, Type::Float, Type::Complex].into_iter();
    let rank = |one: OpId| ops::rank(one.row().result);
    let within = |one: Type| ops::rank(one) >= rank(narrow) && wide.is_none_or(|wide| ops::rank(one) <= rank(wide));
    results.filter(|&one| within(one)).collect()
}

/// What a sum or a product may give.
#[must_use]
pub fn folded(name: &str, elements: &[TypeSet], start: TypeSet) -> TypeSet {
    let all = || elements.iter().copied().chain([start]).collect::<Vec<_>>();
    if elements.is_empty() {
        return start;
    }
    let asks = |wide| extreme(&all(), wide).is_some_and(|all| step(name, all.into_iter()).is_none());
    let by_steps = |only: fn(Type) -> bool, step: &str| {
        elements.iter().fold(start, |results, types| {
            let results = results.iter().filter(|&one| only(one)).flat_map(|one| {
                let second = types.iter().filter(|&one| only(one));
                second.filter_map(move |other| choose(step, &[(one, None), (other, None)], false))
            });
            results.map(|choice| choice.op.row().result).collect()
        })
    };
    match (asks(false), asks(true)) {
        (true, _) => asked(name, &all()),
        (false, true) => {
            by_steps(|one| ops::rank(one) == Some(0), "sum.int.").join(asked(name, &all()).without(Type::Int))
        }
        (false, false) => by_steps(|_| true, step(name, std::iter::empty()).unwrap_or("sum.int.")),
    }
}

//! What turns cost, and how far counters go, in numbers that are known when code is made.

use super::MOST_COST;
use crate::loops::{Counter, Shape};
use crate::ops::Predicate;

/// What a turn of a loop behind a gate costs: a power of two.
pub(super) fn price(shape: &Shape) -> u64 {
    shape.weight.clamp(1, MOST_COST).next_power_of_two()
}

/// By how much a turn moves a counter at least.
pub(super) fn least_step(counter: &Counter) -> u64 {
    counter.steps.0.unsigned_abs().min(counter.steps.1.unsigned_abs())
}

/// How far a counter is from its stop at most, where a block begins that moves it by `most`.
pub(super) fn most_between(counter: &Counter, most: u64) -> u64 {
    match counter.goes_on {
        Predicate::Le | Predicate::Ge => most - 1,
        Predicate::Lt | Predicate::Gt | Predicate::Ne | Predicate::Eq => most,
    }
}

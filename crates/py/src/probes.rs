//! Probes: the test mode in which side exits are forced.
//!
//! With `BRRR_PROBES=1` in the environment when a function is decorated, its code asks at every entry point whether it leaves
//! there. Ordinary code has no probes. `eager(True)` enters compiled code again at the first loop header after each exit.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use pyo3::prelude::*;

static VISITS: AtomicU64 = AtomicU64::new(0);
static FORCED: AtomicU64 = AtomicU64::new(0);

/// True if functions that are decorated now get probes.
pub fn are_wanted() -> bool {
    std::env::var_os("BRRR_PROBES").is_some_and(|value| !value.is_empty() && value != "0")
}

/// Chooses the visit, counted from now on over all probes, that takes its side exit; with 0 none does. Gives the number of visits
/// since the last choice.
#[pyfunction]
#[pyo3(signature = (visit = 0, /))]
pub fn probe(visit: u64) -> u64 {
    FORCED.store(visit, Ordering::Relaxed);
    VISITS.swap(0, Ordering::Relaxed)
}

/// Counts a visit; true if it is the chosen one.
pub fn visit() -> bool {
    let visit = VISITS.fetch_add(1, Ordering::Relaxed) + 1;
    visit == FORCED.load(Ordering::Relaxed)
}

static EAGER: AtomicBool = AtomicBool::new(false);

/// Whether compiled code is entered again as soon as possible after each exit, instead of when that pays.
#[pyfunction]
#[pyo3(signature = (eager, /))]
pub fn eager(eager: bool) {
    EAGER.store(eager, Ordering::Relaxed);
}

/// What was last asked of [`eager`].
pub fn is_eager() -> bool {
    EAGER.load(Ordering::Relaxed)
}

//! Two tiers of machine code: quick code at the first call, and what the optimiser can do for what proves hot.
//!
//! Enters: machine code that runs often or long ([`Warmth`]). Leaves: code of the full tier for the same unit, made by a thread of its own
//! and put in the place of the quick one: from then on calls enter it, while runs that are going on keep what they run
//! ([`crate::activation::Running::pin`]). The request to LLVM is bytes, so that the thread needs neither the GIL nor an object.
//!
//! [`crate::work`] has the thread, and says what it owes the rest of the process.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use brrr_core::backend::{Options, Output, Request, Tier};
use brrr_core::cache::{Cache, Key};
use brrr_core::{ir, load, runtime};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::{code, work};

/// The variable that chooses a [`Policy`].
const VARIABLE: &str = "BRRR_TIER";

/// Code is hot that has been called so often, or has run for so many microseconds in loops: some times less than what its full tier
/// takes to compile.
const HOT: i64 = 10_000;
/// After so many calls or microseconds it is looked whether the full tier is there.
const AGAIN: i64 = 200;
/// Of the full tier nothing is expected.
const NEVER: i64 = i64::MAX;

/// Which tiers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The quick one first, the full one for what proves hot.
    Auto,
    /// The quick one only.
    Quick,
    /// The full one only, at the first call.
    Full,
    /// As `Auto`, where everything is hot at once: for tests.
    Eager,
}

const POLICIES: [(Policy, &str); 4] =
    [(Policy::Auto, "auto"), (Policy::Quick, "quick"), (Policy::Full, "full"), (Policy::Eager, "eager")];
/// No choice has been made yet.
const UNKNOWN: u8 = u8::MAX;
static CHOSEN: AtomicU8 = AtomicU8::new(UNKNOWN);

/// What compilations go by from now on: `BRRR_TIER` when the first one begins, then what [`tier`] chose.
pub fn policy() -> Policy {
    let known = |at: u8| POLICIES.get(usize::from(at)).map(|one| one.0);
    known(CHOSEN.load(Ordering::Relaxed)).unwrap_or_else(|| {
        let wanted = std::env::var(VARIABLE).unwrap_or_default();
        let at = POLICIES.iter().position(|one| one.1 == wanted).unwrap_or(0);
        CHOSEN.store(at as u8, Ordering::Relaxed);
        POLICIES[at].0
    })
}

/// Chooses the tiers of what is compiled from now on; gives the choice before.
///
/// # Errors
/// If there is no such choice.
#[pyfunction]
#[pyo3(signature = (name = None, /))]
pub fn tier(name: Option<&str>) -> PyResult<&'static str> {
    let before = policy();
    if let Some(name) = name {
        let at = POLICIES.iter().position(|one| one.1 == name);
        let at = at.ok_or_else(|| PyValueError::new_err("tiers are 'auto', 'quick', 'full' and 'eager'"))?;
        CHOSEN.store(at as u8, Ordering::Relaxed);
    }
    Ok(POLICIES.iter().find(|one| one.0 == before).map_or("auto", |one| one.1))
}

/// The full tier of one unit, to be made by the thread.
#[derive(Debug)]
pub struct Job {
    request: Vec<u8>,
    /// Where its code is kept on the disk.
    kept: Option<(Cache, Key)>,
    made: OnceLock<Made>,
}

fn request(unit: ir::Unit, options: Options) -> Request {
    Request::new(unit, options, Output::Object).with_vectors(runtime::vectors)
}

/// Code of the full tier, or why there is none.
pub type Made = Result<Arc<load::Code>, String>;

impl Job {
    /// For this unit; nothing happens yet.
    ///
    /// # Errors
    /// Only if memory runs out.
    pub fn new(unit: ir::Unit, (options, cache): (Options, bool)) -> Result<Arc<Self>, String> {
        let request = request(unit, options).encode()?;
        let kept = code::kept(&request, cache);
        Ok(Arc::new(Self { request, kept, made: OnceLock::new() }))
    }

    /// Where its code is kept on the disk, if it is.
    pub const fn kept(&self) -> Option<&(Cache, Key)> {
        self.kept.as_ref()
    }

    /// What came of it, if it is over.
    pub fn made(&self) -> Option<&Made> {
        self.made.get()
    }

    /// True if it is the full tier of this unit.
    pub fn is_of(&self, unit: ir::Unit, options: Options) -> bool {
        request(unit, options).encode().is_ok_and(|request| request == self.request)
    }

    /// Has the thread do it: next, if somebody is waiting.
    pub fn submit(self: &Arc<Self>, is_next: bool) {
        work::submit(self.clone(), is_next);
    }

    /// Does it here, unless it is done.
    pub fn run(&self) -> &Made {
        self.made.get_or_init(|| {
            let made = catch_unwind(AssertUnwindSafe(|| self.compile()));
            made.unwrap_or_else(|_| Err("the compiler panicked".to_owned()))
        })
    }

    fn compile(&self) -> Made {
        // Another process may have made it meanwhile.
        let known = self.kept.as_ref().and_then(|(cache, key)| cache.load(*key));
        if let Some(code) = known.and_then(|object| load::Code::load(&object).ok()) {
            return Ok(Arc::new(code));
        }
        let object = code::opened()?.run_encoded(&self.request)?;
        let code = load::Code::load(&object)?;
        if let Some((cache, key)) = &self.kept {
            cache.store(*key, &object);
        }
        Ok(Arc::new(code))
    }
}

/// Where code stands between the tiers.
#[derive(Debug)]
enum Stage {
    /// It is the full tier, or will never be.
    Settled,
    /// It is the quick one.
    Quick,
    /// The full one has been asked for.
    Asked(Arc<Job>),
    /// It could not be made.
    Failed(String),
}

/// How hot code is, and what tier it is of. The GIL is held by whoever asks.
#[derive(Debug)]
pub struct Warmth {
    /// What remains until something is to be done: a call is one, and so is a microsecond in loops.
    remains: Cell<i64>,
    tier: Cell<Tier>,
    stage: RefCell<Stage>,
    /// What the code depends on beside its unit, and whether it is kept on the disk.
    manner: (Options, bool),
}

impl Warmth {
    /// Of code that was just made.
    pub fn new(tier: Tier, manner: (Options, bool)) -> Self {
        let remains = match (tier, policy()) {
            (Tier::Full, _) | (_, Policy::Quick | Policy::Full) => NEVER,
            (Tier::Quick, Policy::Auto) => HOT,
            (Tier::Quick, Policy::Eager) => 1,
        };
        let stage = if tier == Tier::Full { Stage::Settled } else { Stage::Quick };
        Self { remains: Cell::new(remains), tier: Cell::new(tier), stage: RefCell::new(stage), manner }
    }

    /// Of the same code for other functions as values.
    pub fn again(&self) -> Self {
        Self::new(self.tier.get(), self.manner)
    }

    /// The tier of the code that calls enter.
    pub fn tier(&self) -> Tier {
        self.tier.get()
    }

    /// The options of the code.
    pub const fn options(&self) -> Options {
        self.manner.0
    }

    /// What its jobs need to know.
    pub const fn manner(&self) -> (Options, bool) {
        self.manner
    }

    /// True if a full tier is to be expected.
    #[inline(always)]
    pub fn is_expecting(&self) -> bool {
        // What settled long ago has been counted down by its calls.
        self.remains.get() < NEVER / 2
    }

    /// True if the full tier is, or will be, better.
    pub fn may_improve(&self) -> bool {
        matches!(policy(), Policy::Auto | Policy::Eager)
    }

    /// A call: true if [`Self::look`] is due.
    #[inline(always)]
    pub fn call(&self) -> bool {
        let remains = self.remains.get() - 1;
        self.remains.set(remains);
        remains <= 0
    }

    /// Time in loops: true if [`Self::look`] is due.
    pub fn spend(&self, time: Duration) -> bool {
        let time = i64::try_from(time.as_micros()).unwrap_or(NEVER).max(1);
        self.remains.set(self.remains.get().saturating_sub(time));
        self.remains.get() <= 0
    }

    /// Asks for the full tier of `unit`, if that has not been done; gives it when it is there.
    pub fn look(&self, unit: impl FnOnce() -> ir::Unit) -> Option<Arc<load::Code>> {
        self.remains.set(if policy() == Policy::Eager { 1 } else { AGAIN });
        let mut stage = self.stage.borrow_mut();
        let next = match &*stage {
            Stage::Settled | Stage::Failed(_) => {
                self.remains.set(NEVER);
                return None;
            }
            Stage::Quick => match Job::new(unit(), self.manner) {
                Ok(job) => {
                    job.submit(false);
                    Stage::Asked(job)
                }
                Err(problem) => Stage::Failed(problem),
            },
            Stage::Asked(job) => match job.made() {
                None => {
                    work::go_on();
                    return None;
                }
                Some(Ok(code)) => {
                    let code = code.clone();
                    drop(stage);
                    self.settle();
                    return Some(code);
                }
                Some(Err(problem)) => Stage::Failed(problem.clone()),
            },
        };
        *stage = next;
        None
    }

    /// The code is of the full tier now.
    pub fn settle(&self) {
        self.remains.set(NEVER);
        self.tier.set(Tier::Full);
        *self.stage.borrow_mut() = Stage::Settled;
    }

    /// Why there is no full tier, if there could be none.
    pub fn problem(&self) -> Option<String> {
        match &*self.stage.borrow() {
            Stage::Failed(problem) => Some(problem.clone()),
            Stage::Asked(job) => job.made().and_then(|made| made.as_ref().err().cloned()),
            Stage::Settled | Stage::Quick => None,
        }
    }
}

//! Runs that move: quick code, long inside a loop, goes on in code of the full tier for the rest of the function.
//!
//! Enters: a poll of a run of quick code ([`Moving::at_poll`]). Leaves: nothing at first, but the full tier from that loop header on is asked
//! for; once it is there, the order to leave by the exit of the loop header. [`entry`] then finds the code from that header on, so that
//! the call goes on in it, and the interpreter does nothing in between. Names whose type is not known before the record is read, and
//! parts of arrays for which there is no object, stay where they are.

use std::sync::Arc;
use std::time::Duration;

use brrr_core::abi::{NO_EXIT, Value};
use brrr_core::backend::Tier;
use brrr_core::compile::Prepared;
use brrr_core::ir::{self, Tree};
use brrr_core::types::{Shape, Type, TypeSet};
use pyo3::prelude::*;
use pyo3::types::PyFunction;

use crate::activation::Running;
use crate::again::{Code, Entry};
use crate::binding::Specialisation;
use crate::convert::{Argument, classify};
use crate::specialise::{Body, How};
use crate::tiers::{self, Job, Policy};

/// A run that takes longer is worth code of its own: this is about what its IR and its compilation take.
const LONG: Duration = Duration::from_millis(30);
/// So many polls of other loops, and the header that was asked for is not where the run is.
const ELSEWHERE: u32 = 256;
/// So many runs of a function ask for code to move to.
const MOST: u32 = 64;

/// What a run of quick code is about to do.
#[derive(Debug)]
pub enum Moving {
    /// It has not run for long.
    Waiting,
    /// The full tier has been asked for from the header that has this exit on; so many polls were elsewhere since it is there.
    Asked(Arc<Job>, u64, u32),
    /// It stays.
    Never,
}

impl Moving {
    /// Of a run of this code that begins.
    pub fn of(code: &Specialisation) -> Option<Self> {
        (code.warmth.tier() == Tier::Quick).then_some(Self::Waiting)
    }

    /// At a poll of a header, which has this exit; the code has run so long since the last time, and in all. True if it is to leave.
    ///
    /// # Errors
    /// What was raised meanwhile.
    ///
    /// # Safety
    /// The thread holds the GIL; the code of `running` is running, and is held.
    pub unsafe fn at_poll(&mut self, running: &Running, exit: u64, spent: Duration, total: Duration) -> PyResult<bool> {
        // SAFETY: as the caller promises: the callable that is called owns its code.
        let (code, body) = unsafe { (&*running.specialisation, (*running.callable).body()) };
        if code.warmth.spend(spent) {
            code.look();
        }
        // Code that is entered in a loop could not tell which functions the run has made.
        let Some(body) = body.filter(|body| !body.makes_functions()) else { return Ok(false) };
        match self {
            Self::Waiting => {
                let is_eager = tiers::policy() == Policy::Eager;
                if exit != NO_EXIT && code.warmth.may_improve() && (total >= LONG || is_eager) {
                    // SAFETY: as the caller promises.
                    *self = unsafe { ask(running, code, body, exit)? };
                }
            }
            Self::Asked(job, at, elsewhere) => match job.made() {
                None => crate::work::go_on(),
                Some(Err(_)) => *self = Self::Never,
                Some(Ok(_)) if *at == exit => {
                    let how = How::Arrive(job.clone());
                    *self = Self::Never;
                    // SAFETY: as the caller promises.
                    return unsafe { compile(running, code, body, exit, &how) };
                }
                Some(Ok(_)) => {
                    *elsewhere += 1;
                    if *elsewhere > ELSEWHERE {
                        *self = Self::Waiting;
                    }
                }
            },
            Self::Never => {}
        }
        Ok(false)
    }
}

/// Asks for the full tier from a loop header on.
///
/// # Safety
/// As [`Moving::at_poll`].
unsafe fn ask(running: &Running, code: &Specialisation, body: &Body, exit: u64) -> PyResult<Moving> {
    if body.asked.get() >= MOST {
        return Ok(Moving::Never);
    }
    body.asked.set(body.asked.get() + 1);
    let how = How::Ask(Default::default());
    // SAFETY: as the caller promises.
    unsafe { compile(running, code, body, exit, &how)? };
    let How::Ask(job) = how else { return Ok(Moving::Never) };
    Ok(job.take().map_or(Moving::Never, |job| {
        job.submit(true);
        Moving::Asked(job, exit, 0)
    }))
}

/// True if there is code from the header on now.
///
/// # Safety
/// As [`Moving::at_poll`].
unsafe fn compile(running: &Running, code: &Specialisation, body: &Body, exit: u64, how: &How) -> PyResult<bool> {
    // SAFETY: the thread holds the GIL, and the callable holds its function while it is called.
    let original = unsafe {
        let py = Python::assume_attached();
        Bound::from_borrowed_ptr_or_opt(py, (*running.callable).original)
    };
    let Some(Ok(original)) = original.map(Bound::cast_into::<PyFunction>) else { return Ok(false) };
    let Some(exit) = code.function.exits.get(exit as usize).filter(|_| !code.is_weak) else { return Ok(false) };
    let prepared = body.bound(&original)?;
    let Some(bound) = bound(&prepared, &code.function, exit) else { return Ok(false) };
    body.specialise_header(&original, exit.statement, &bound, how)
}

/// The names that are bound at a header with their types; `None` if they do not tell all that the record holds.
fn bound<'a>(prepared: &'a Prepared, function: &ir::Function, exit: &ir::Exit) -> Option<Vec<(&'a str, Type)>> {
    let names = prepared.header_names(exit.statement)?;
    let mut known = 0;
    let mut bound = Vec::with_capacity(names.len());
    for name in names {
        let Some(live) = exit.live.iter().find(|live| live.name == name) else { continue };
        known += 1;
        // Which of several arguments it is, only the record tells, and the interpreter would have to begin anew if it does not.
        if function.origins.get(name).is_some_and(|origins| !is_clear(origins)) {
            return None;
        }
        match type_of(function, &live.value)? {
            Type::Unbound => {}
            one => bound.push((name, one)),
        }
    }
    (known == exit.live.len()).then_some(bound)
}

/// True if a name that may hold these parameters' objects can be told from its value to hold one of them, or none.
fn is_clear(origins: &[ir::Origin]) -> bool {
    match origins {
        [] => true,
        // A tuple that holds it is made anew, with it; of what a tuple holds, several may be equal.
        [one] => !one.is_part,
        [_, _, ..] => false,
    }
}

/// The type of what stands in an exit record, as its object will have it.
fn type_of(function: &ir::Function, value: &Tree<ir::LocalId>) -> Option<Type> {
    match value {
        Tree::Leaf(id) => function.local(*id).types.single(),
        Tree::Array(array, _) => (!array.view).then_some(Type::Array(*array)),
        Tree::Tuple(parts) => {
            let parts = parts.iter().map(|part| type_of(function, part).map(TypeSet::from));
            Shape::new(&parts.collect::<Option<Vec<_>>>()?).map(Type::Tuple)
        }
        Tree::Function(_) => None,
    }
}

/// True if this is the exit of a header at which code polls.
pub fn is_at_poll(code: &Specialisation, exit: usize) -> bool {
    let is_it = |one: &ir::Loop| one.poll.is_some_and(|poll| poll.0 as usize == exit);
    code.callee.is_none() && code.function.loops.iter().any(is_it)
}

/// Where a run goes on that has left by such an exit with these values of its names: code of the full tier, if it can be entered with them.
///
/// # Errors
/// If the function has lost what functions have.
pub fn entry(
    original: &Bound<'_, PyFunction>,
    body: &Body,
    exit: &ir::Exit,
    live: &[(&str, Value)],
    values: &[Bound<'_, PyAny>],
) -> PyResult<Option<Entry>> {
    let prepared = body.bound(original)?;
    let Some(names) = prepared.header_names(exit.statement) else { return Ok(None) };
    let at = |name: &str| live.iter().position(|one| one.0 == name);
    let known = names.into_iter().filter_map(|name| Some((name, values.get(at(name)?)?))).collect::<Vec<_>>();
    if known.len() != live.len() || values.len() != live.len() {
        return Ok(None);
    }
    let found = body.search_headers(|header, code| {
        let of_header = header.names.iter().map(String::as_str).zip(code.declared().iter().copied());
        // SAFETY: the objects are alive, and the thread holds the GIL.
        let is_of = |object: &Bound<'_, PyAny>, one| unsafe { classify(object.as_ptr()) } == Argument::Compiled(one);
        let is_it = header.statement == exit.statement
            && code.warmth.tier() == Tier::Full
            && header.names.len() == known.len()
            && of_header.zip(&known).all(|((name, one), &(known, value))| name == known && is_of(value, one))
            // SAFETY: as above.
            && unsafe { code.can_run() };
        is_it.then(|| Code(code.clone()))
    });
    Ok(found.map(|code| Entry {
        statement: exit.statement,
        names: known.iter().map(|&(name, _)| name.to_owned()).collect(),
        values: known.iter().map(|&(_, value)| value.clone().unbind()).collect(),
        code: Some(code),
        turns: 0,
    }))
}

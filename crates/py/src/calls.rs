//! Calls between compiled functions: what they ask for when one of them leaves, or when they are nested deeply.
//!
//! Where a called function leaves, the interpreter does the rest of it in place ([`leave`]). What it gives goes back to compiled code,
//! if the caller can hold it; else the run keeps it, or what was raised, and each caller leaves in turn, behind its call: the continuation
//! of the innermost one gets the object in place of the call, or a function that raises the exception.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;

use brrr_core::abi::{Activation, EXIT_BASE, FIRST_DEPTH, PENDING};
use brrr_core::types::{Type, TypeSet};
use pyo3::prelude::*;
use pyo3::types::{PyFunction, PyTuple};

use crate::activation::Running;
use crate::binding::Specialisation;
use crate::callable::Callable;
use crate::convert::{Argument, classify, write};
use crate::dispatch::interrupted;
use crate::errors::panic_refusal;
use crate::resume::{Outcome, resume, stuck};
use crate::{arrays, depth, numpy, poll};

/// Levels that are granted at once.
const BATCH: i64 = 48;

/// What a call has come to that compiled code cannot hold.
#[derive(Debug)]
pub enum Came {
    /// An object.
    Given(Py<PyAny>),
    /// An exception.
    Raised(PyErr),
}

impl Came {
    /// The result of a call: a new reference, or null with the exception set.
    pub fn into_result(self, py: Python<'_>) -> *mut pyo3::ffi::PyObject {
        match self {
            Self::Given(object) => object.into_ptr(),
            Self::Raised(error) => {
                error.restore(py);
                null_mut()
            }
        }
    }
}

/// Raises an exception that was raised before, as it was then: in place of the call that raised it.
#[pyclass(module = "brrr._brrr", name = "_Raise")]
pub struct Raise(Option<PyErr>);

#[pymethods]
impl Raise {
    // The exception has the frame that calls in its traceback then, which holds this object: it goes at once.
    fn __call__(&mut self) -> PyResult<Py<PyAny>> {
        Err(self.0.take().unwrap_or_else(stuck))
    }
}

impl Raise {
    /// For this exception.
    pub const fn new(error: PyErr) -> Self {
        Self(Some(error))
    }
}

/// Levels that compiled code has in use.
///
/// # Safety
/// The code of `running` is running, and there are calls in its unit.
unsafe fn in_use(running: *const Running) -> i64 {
    // SAFETY: the entry of such a unit writes the depth before anything else.
    unsafe { FIRST_DEPTH + (*running).granted - (*running).head.depth.assume_init() }
}

/// The service `deeper`.
///
/// # Safety
/// The activation is the head of a [`Running`] whose code is running in this thread.
pub unsafe extern "C" fn deeper(activation: *mut Activation) -> u8 {
    let running = activation.cast::<Running>();
    // SAFETY: as the caller promises; the GIL is taken here if a poll has released it.
    unsafe {
        poll::hold(running);
        let py = Python::assume_attached();
        let depth = (*running).head.depth.assume_init();
        let in_use = in_use(running);
        let left = depth::levels_left(py, in_use);
        if left <= 0 {
            return 0;
        }
        let granted = left.min(BATCH).max(-depth);
        // The levels so far tell how much stack one takes.
        let each = (running as usize).saturating_sub(depth::here()) / in_use.max(1) as usize;
        if !depth::has_stack(2 * each * granted as usize) {
            return 0;
        }
        (*running).granted += granted;
        (*running).head.depth.write(depth + granted);
    }
    1
}

/// The service `leave`.
///
/// # Safety
/// As [`deeper`]; the record of this exit stands in the frame of the run.
pub unsafe extern "C" fn leave(activation: *mut Activation, function: u64, exit: u64) -> u64 {
    let running = activation.cast::<Running>();
    // SAFETY: as the caller promises; the GIL is taken here if a poll has released it.
    unsafe {
        poll::hold(running);
        (*running).pin();
        let py = Python::assume_attached();
        let finished = catch_unwind(AssertUnwindSafe(|| finish(py, running, function as usize, exit as usize)));
        let kept = match finished {
            Ok(Ok(None)) => return 0,
            Ok(Ok(Some(object))) => Came::Given(object),
            Ok(Err(error)) => Came::Raised(error),
            Err(panic) => Came::Raised(panic_refusal(panic.as_ref()).error(py)),
        };
        (*running).keep(kept);
    }
    PENDING
}

/// Has the interpreter do the rest of a called function. `None` if the result stands in the frame, else the result.
///
/// # Errors
/// What it raises.
///
/// # Safety
/// As [`leave`].
unsafe fn finish(py: Python<'_>, running: *mut Running, function: usize, exit: usize) -> PyResult<Option<Py<PyAny>>> {
    // SAFETY: as the caller promises. The callable that was called is alive, and owns the code; it holds those of the other members.
    unsafe {
        let unit = &*(*running).specialisation;
        let (this, code) = member(&*running, function).ok_or_else(stuck)?;
        let frame = (*running).head.frame.assume_init();
        let words = code.exit_words.get(exit).copied().ok_or_else(stuck)?;
        if let Some(raised) = poll::raised(running) {
            interrupted(this, code, EXIT_BASE + exit as u64, frame, raised);
            return Err(PyErr::fetch(py));
        }
        let kept = (*running).take_kept();
        let record = std::slice::from_raw_parts(frame, words).to_vec();
        let callable: Bound<'_, PyAny> = Bound::from_borrowed_ptr(py, this.cast());
        let (Some(body), false) = ((*this).body(), (*this).original.is_null()) else { return Err(stuck()) };
        let original = Bound::from_borrowed_ptr(py, (*this).original).cast_into::<PyFunction>()?;
        let outcome = resume(this, &original, body, (code, exit, record), Vec::new(), (kept, in_use(running)));
        drop(callable);
        body.has_moved.set(false);
        let result = match outcome {
            Outcome::Done(result) => Bound::from_owned_ptr_or_err(py, result)?,
            Outcome::Original => return Err(stuck()),
        };
        let Some(called) = &code.function.called else { return Err(stuck()) };
        let mut fitted = Vec::with_capacity(called.gives.words());
        if !poll::holds(&*running) || !fit(&result, called.gives, &mut fitted) {
            return Ok(Some(result.unbind()));
        }
        debug_assert!(fitted.len() <= unit.words, "the frame has room for what members give");
        fitted.iter().enumerate().for_each(|(at, &word)| frame.add(at).write(word));
        hold_arrays(running, &result);
        Ok(None)
    }
}

/// A function of the unit that runs, and its part of the code.
///
/// # Safety
/// The code of `running` is running.
pub unsafe fn member(running: &Running, function: usize) -> Option<(*mut Callable, &Specialisation)> {
    // SAFETY: as the caller promises.
    let unit = unsafe { &*running.specialisation };
    match function.checked_sub(1) {
        None => Some((running.callable, unit)),
        Some(at) => {
            let member = unit.members.get(at)?;
            Some((member.callable(), &member.code)).filter(|(callable, _)| !callable.is_null())
        }
    }
}

/// The words of an object as a set of types holds it; false if it does not hold it.
fn fit(object: &Bound<'_, PyAny>, gives: TypeSet, words: &mut Vec<u64>) -> bool {
    if let Some(tagged) = gives.mixed() {
        let start = words.len();
        let others = gives.apart();
        let mut at = start + tagged.words();
        for (says, one) in others {
            let mut own = Vec::new();
            if fit(object, one.into(), &mut own) {
                words.push(says.tag().unwrap_or_default().into());
                words.resize(at, 0);
                words.append(&mut own);
                words.resize(start + gives.words(), 0);
                return true;
            }
            at += one.words();
        }
        // What says which of the others it is no object has.
        let fits = fit(object, tagged, words);
        words.resize(start + gives.words(), 0);
        return fits;
    }
    match gives.single() {
        Some(Type::Tuple(shape)) => object.cast_exact::<PyTuple>().is_ok_and(|tuple| {
            let elements = shape.elements();
            tuple.len() == elements.len() && tuple.iter().zip(elements).all(|(one, &types)| fit(&one, types, words))
        }),
        // SAFETY: the object is alive, and the thread holds the GIL.
        Some(Type::Array(array)) if array.view => unsafe { numpy::view_words(object.as_ptr(), array, words) },
        Some(one) => payload(object, one, words),
        None => {
            // SAFETY: as above.
            let Argument::Compiled(one) = (unsafe { classify(object.as_ptr()) }) else { return false };
            let (Some(tag), true) = (one.tag(), gives.contains(one)) else { return false };
            let end = words.len() + gives.words();
            words.push(tag.into());
            let fits = payload(object, one, words);
            words.resize(end, 0);
            fits
        }
    }
}

fn payload(object: &Bound<'_, PyAny>, one: Type, words: &mut Vec<u64>) -> bool {
    let start = words.len();
    words.resize(start + one.words(), 0);
    // SAFETY: the object is alive, the thread holds the GIL, and there are as many words as the type has.
    unsafe { write(object.as_ptr(), one, words.as_mut_ptr().add(start)).is_some() }
}

/// Has the run hold the arrays of a result.
///
/// # Safety
/// The thread holds the GIL; the code of `running` is running.
unsafe fn hold_arrays(running: *mut Running, result: &Bound<'_, PyAny>) {
    // SAFETY: as the caller promises.
    unsafe {
        if let Ok(tuple) = result.cast_exact::<PyTuple>() {
            tuple.iter().for_each(|one| hold_arrays(running, &one));
        } else if numpy::is_array(result.as_ptr()) {
            arrays::hold(running, result.clone().into_ptr());
        }
    }
}

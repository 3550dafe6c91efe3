//! What is done where machine code does not come to its end.
//!
//! Enters: a run that has left, by which exit, and its frame. Leaves: what the interpreter makes of the rest, or an exception.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;

use brrr_core::abi::{EXIT_BASE, PENDING};
use brrr_core::ir::Origin;
use brrr_core::types::Type;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::types::{PyCode, PyFunction};

use super::returned::MOST_WORDS;
use super::{Call, null_with, original, raise_panic};
use crate::activation::Running;
use crate::binding::Specialisation;
use crate::callable::Callable;
use crate::calls::Came;
use crate::convert::write;
use crate::interrupt;
use crate::resume::{Outcome, resume, stuck};

/// A signal handler has raised while the code ran, which has left by the exit of the loop header where it polled.
///
/// # Safety
/// As [`leave`], of a call of `this`.
#[cold]
#[inline(never)]
pub unsafe fn interrupted(
    this: *mut Callable,
    from: &Specialisation,
    status: u64,
    frame: *const u64,
    raised: PyErr,
) -> *mut PyObject {
    // SAFETY: the exit has written as many words as its record has; the callable is alive and holds its function and code.
    unsafe {
        let py = Python::assume_attached();
        let original = Bound::from_borrowed_ptr_or_opt(py, (*this).original);
        let code = Bound::from_borrowed_ptr_or_opt(py, (*this).code);
        let exit = status.checked_sub(EXIT_BASE).map(|exit| exit as usize);
        let exit = exit.and_then(|exit| Some((from.function.exits.get(exit)?, *from.exit_words.get(exit)?)));
        let prepared = (*this).body().and_then(|body| body.prepared(py).ok());
        if let (Some(original), Some(Ok(code)), Some(exit), Some(prepared)) =
            (original, code.map(Bound::cast_into::<PyCode>), exit, prepared)
        {
            let (exit, words) = exit;
            let words = std::slice::from_raw_parts(frame, words);
            interrupt::raise(raised, &original, &code, prepared.source(), &from.function, (exit, words));
        } else {
            raised.restore(py);
        }
    }
    null_mut()
}

/// A side exit: the interpreter goes on at the statement.
///
/// # Safety
/// As [`enter`]; the entry has just left by this exit.
#[cold]
#[inline(never)]
pub unsafe fn leave(
    call: Call,
    from: &Specialisation,
    args: *const *mut PyObject,
    status: u64,
    frame: *const u64,
    running: *mut Running,
) -> *mut PyObject {
    // SAFETY: the callable is alive; the exit has written as many words as its record has, and the frame has room for every record;
    // the arguments are alive, and are held from here on, for Python code runs.
    unsafe {
        (*call.this).others += 1;
        let kept = (*running).take_kept();
        if status == PENDING {
            return finished(from, args, kept);
        }
        let exit = status - EXIT_BASE;
        let (Some(body), false) = ((*call.this).body(), (*call.this).original.is_null()) else { return original(call) };
        let resume = |py: Python<'_>| {
            let function = Bound::from_borrowed_ptr(py, (*call.this).original);
            let Ok(function) = function.cast_into::<PyFunction>() else { return Outcome::Original };
            let args = (0..from.params.len()).map(|at| Bound::from_borrowed_ptr(py, *args.add(at)));
            let args = args.collect::<Vec<_>>();
            let exit = exit as usize;
            let words = from.exit_words.get(exit).copied().unwrap_or(0);
            let frame = std::slice::from_raw_parts(frame, words).to_vec();
            resume(call.this, &function, body, (from, exit, frame), args, (kept, 0))
        };
        match catch_unwind(AssertUnwindSafe(|| Python::try_attach(resume))) {
            Ok(Some(Outcome::Done(result))) => {
                if body.has_moved.take() {
                    (*call.this).others -= 1;
                    (*call.this).compiled += 1;
                }
                result
            }
            Ok(Some(Outcome::Original) | None) => original(call),
            Err(panic) => raise_panic(panic.as_ref()),
        }
    }
}

/// The result of a function that calls itself, where the interpreter has done the rest of the outermost call.
///
/// # Safety
/// As [`leave`].
unsafe fn finished(from: &Specialisation, args: *const *mut PyObject, kept: Option<Came>) -> *mut PyObject {
    // SAFETY: the thread holds the GIL, and the arguments are alive.
    unsafe {
        let py = Python::assume_attached();
        let result = match kept {
            Some(kept) => kept.into_result(py),
            None => return null_with(stuck()),
        };
        if result.is_null() {
            return result;
        }
        // An argument that comes back is the same object.
        let words = |object: *mut PyObject, one: Type| {
            let mut words = [0; MOST_WORDS];
            write(object, one, words.as_mut_ptr()).map(|_| words)
        };
        let is_it = |origin: &Origin| {
            let index = origin.parameter as usize;
            let one = from.params.get(index).copied().filter(|one| one.tag().is_some())?;
            let argument = *args.add(index);
            (words(argument, one)? == words(result, one)?).then_some(argument)
        };
        match from.returned.iter().find_map(is_it) {
            Some(argument) => {
                ffi::Py_DECREF(result);
                ffi::Py_NewRef(argument)
            }
            None => result,
        }
    }
}

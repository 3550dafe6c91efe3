//! An exception of a signal handler, raised where compiled code polled.
//!
//! Enters: the exception and the exit of a loop header with its frame. Leaves: the same exception, set, with the traceback that
//! it has in CPython: above the handler's own frames stands one of the function that was interrupted, at the jump back to the
//! header of its loop, or at its start where a called function polled there, with the function's locals.

use brrr_core::abi;
use brrr_core::ir::{Exit, Function, Point};
use brrr_core::source::SourceFile;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyCode, PyDict, PyTraceback};

use crate::convert::object;

/// Sets the exception.
pub fn raise(
    raised: PyErr,
    original: &Bound<'_, PyAny>,
    code: &Bound<'_, PyCode>,
    source: &SourceFile,
    function: &Function,
    (exit, frame): (&Exit, &[u64]),
) {
    let py = original.py();
    match extended(&raised, original, code, source, function, (exit, frame)) {
        Ok(traceback) => {
            let value = raised.into_value(py).into_bound(py);
            match value.setattr("__traceback__", traceback) {
                Ok(()) => PyErr::from_value(value.into_any()).restore(py),
                Err(error) => error.restore(py),
            }
        }
        Err(error) => error.restore(py),
    }
}

/// The exception's traceback with the interrupted function above it.
fn extended<'py>(
    raised: &PyErr,
    original: &Bound<'py, PyAny>,
    code: &Bound<'py, PyCode>,
    source: &SourceFile,
    function: &Function,
    (exit, words): (&Exit, &[u64]),
) -> PyResult<Bound<'py, PyAny>> {
    let py = original.py();
    let frame = frame(original, code)?;
    let locals = PyDict::new(py);
    // Iterators have names that no source can have, and no place in a frame.
    for (name, value) in abi::read_exit(function, exit, words).into_iter().filter(|(name, _)| !name.starts_with('.')) {
        locals.set_item(name, object(py, &value)?)?;
    }
    fill(&frame, &locals)?;
    let place = |at: u32| {
        let line = source.line(at);
        let start = source.text()[..at as usize].rfind('\n').map_or(0, |newline| newline + 1);
        (line, at as usize - start)
    };
    let module = py.import("brrr._interrupt")?;
    let at_start = function.called.as_ref().and_then(|called| function.exits.get(called.exit.0 as usize));
    let (offset, line) = if at_start.is_some_and(|start| std::ptr::eq(start, exit)) {
        module.call_method1("start", (code,))?
    } else {
        let is_for = exit.point == Point::Advance;
        module.call_method1("jump_back", (code, is_for, place(exit.span.start), place(exit.span.end)))?
    }
    .extract::<(i32, i32)>()?;
    let below = raised.traceback(py);
    py.get_type::<PyTraceback>().call1((below, frame, offset, line))
}

/// A frame object of a code object, as a call would make it.
fn frame<'py>(original: &Bound<'py, PyAny>, code: &Bound<'py, PyCode>) -> PyResult<Bound<'py, PyAny>> {
    let py = original.py();
    let globals = original.getattr("__globals__")?;
    // SAFETY: a code object, a dict of globals; the locals of such code are its own. The frame is a new reference.
    unsafe {
        let frame =
            ffi::PyFrame_New(ffi::PyThreadState_Get(), code.as_ptr().cast(), globals.as_ptr(), std::ptr::null_mut());
        Bound::from_owned_ptr_or_err(py, frame.cast())
    }
}

/// Gives the frame its locals.
fn fill(frame: &Bound<'_, PyAny>, locals: &Bound<'_, PyDict>) -> PyResult<()> {
    frame.getattr("f_locals")?.call_method1("update", (locals,))?;
    // From 3.13 on `f_locals` writes through.
    #[cfg(not(Py_3_13))]
    // SAFETY: the object is a frame that is not running.
    unsafe {
        ffi::PyFrame_LocalsToFast(frame.as_ptr().cast(), 0);
    }
    Ok(())
}

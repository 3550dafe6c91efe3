//! How deeply calls of compiled functions may be nested: CPython's own counter, and the stack of the thread.
//!
//! Compiled functions push no frames of the interpreter, so its counter does not see them. A run that nests deeply asks it for
//! levels ([`levels_left`]); while the interpreter runs for a called function, the counter is told how many levels are in use
//! ([`charge`]), so that RecursionError comes where it comes from: the interpreter.

use std::cell::Cell;
use std::mem::MaybeUninit;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyCFunction;

/// Stack that is left to whoever compiled code calls.
const SPARE: usize = 256 << 10;

/// Where the thread's state has the levels that remain and, behind them, their limit, in bytes, for versions that are known.
const fn place(minor: u8) -> Option<usize> {
    match minor {
        11 => Some(32),
        12 => Some(28),
        13 => Some(44),
        _ => None,
    }
}

/// The same, if it was found to be there.
fn verified(py: Python<'_>) -> Option<usize> {
    static PLACE: PyOnceLock<Option<usize>> = PyOnceLock::new();
    *PLACE.get_or_init(py, || {
        let place = place(py.version_info().minor)?;
        let read = move || {
            // SAFETY: the thread holds the GIL; its state is larger than that in every version that is known.
            unsafe {
                let state = ffi::PyThreadState_Get().cast::<u8>().add(place).cast::<i32>();
                (state.read(), state.add(1).read())
            }
        };
        let own = PyCFunction::new_closure(py, None, None, move |_, _| read()).ok()?;
        let nested = py.eval(c"lambda read: read()", None, None).ok()?;
        let (outer, limit) = own.call0().ok()?.extract::<(i32, i32)>().ok()?;
        let (inner, same) = nested.call1((own,)).ok()?.extract::<(i32, i32)>().ok()?;
        let known = py.import("sys").ok()?.call_method0("getrecursionlimit").ok()?.extract::<i32>().ok()?;
        (limit == known && same == known && inner == outer - 1 && outer <= limit).then_some(place)
    })
}

/// Looks whether CPython's counter is where it should be: to be done before anything is nested deeply.
pub fn prepare(py: Python<'_>) {
    verified(py);
}

/// CPython's counter in this thread; `None` if it is not known where it is.
fn counter(py: Python<'_>) -> Option<*mut i32> {
    let place = verified(py)?;
    // SAFETY: it was found to be there.
    Some(unsafe { ffi::PyThreadState_Get().cast::<u8>().add(place).cast() })
}

/// Levels that may be added to so many that compiled code has in use.
pub fn levels_left(py: Python<'_>, in_use: i64) -> i64 {
    let all = match counter(py) {
        // SAFETY: the counter is this thread's own.
        Some(counter) => i64::from(unsafe { counter.read() }),
        // SAFETY: the thread holds the GIL.
        None => i64::from(unsafe { ffi::Py_GetRecursionLimit() }),
    };
    all - in_use
}

/// What was taken from the counter, or given to it, for as long as this is there.
pub struct Charged<'py> {
    py: Python<'py>,
    levels: i32,
}

/// Tells the interpreter that compiled code has so many levels in use, until what is given is dropped.
pub fn charge(py: Python<'_>, levels: i64) -> Charged<'_> {
    let mut charged = Charged { py, levels: 0 };
    if levels > 0
        && let Some(counter) = counter(py)
    {
        // SAFETY: as above. Below zero CPython may take the stack for lost.
        unsafe {
            let remaining = counter.read();
            charged.levels = i32::try_from(levels).unwrap_or(i32::MAX).clamp(0, remaining.max(0));
            counter.write(remaining - charged.levels);
        }
    }
    charged
}

/// Lets code of brrr's own, which is nobody's business, nest as deeply as it has to, until what is given is dropped.
pub fn lend(py: Python<'_>) -> Charged<'_> {
    /// More than a continuation takes that can be made at all.
    const ENOUGH: i32 = 500;
    let mut charged = Charged { py, levels: 0 };
    if let Some(counter) = counter(py).filter(|_| has_stack_for_interpreter()) {
        charged.levels = -ENOUGH;
        // SAFETY: as above.
        unsafe { counter.write(counter.read().saturating_add(ENOUGH)) };
    }
    charged
}

impl Drop for Charged<'_> {
    fn drop(&mut self) {
        if let Some(counter) = counter(self.py) {
            // SAFETY: as above.
            unsafe { counter.write(counter.read() + self.levels) };
        }
    }
}

/// The address at which the stack of this thread ends, and its size; zeros if that is not known.
fn stack() -> (usize, usize) {
    thread_local! {
        static STACK: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
    }
    STACK.with(|known| {
        if let Some(stack) = known.get() {
            return stack;
        }
        let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
        let (mut start, mut size, mut guard) = (std::ptr::null_mut(), 0, 0);
        // SAFETY: attributes of the running thread, which are given up again.
        let found = unsafe {
            libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) == 0 && {
                let attributes = attributes.as_mut_ptr();
                let found = libc::pthread_attr_getstack(attributes, &raw mut start, &raw mut size) == 0
                    && libc::pthread_attr_getguardsize(attributes, &raw mut guard) == 0;
                libc::pthread_attr_destroy(attributes);
                found
            }
        };
        let stack = if found { (start as usize + guard, size) } else { (0, 0) };
        known.set(Some(stack));
        stack
    })
}

/// Where the stack stands, about.
#[inline(never)]
pub fn here() -> usize {
    let on_stack = 0_u8;
    std::hint::black_box(&raw const on_stack) as usize
}

/// True if there is stack for `wanted` bytes beside what is left to whoever compiled code calls.
pub fn has_stack(wanted: usize) -> bool {
    let (end, size) = stack();
    here().saturating_sub(end) >= wanted + SPARE.min(size / 4)
}

/// True if there is stack to run the interpreter.
pub fn has_stack_for_interpreter() -> bool {
    let (end, size) = stack();
    here().saturating_sub(end) >= (SPARE / 2).min(size / 8)
}

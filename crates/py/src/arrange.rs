//! The arguments of a call in the places of their parameters.
//!
//! Enters: what CPython's vectorcall passes. Leaves: an object for each parameter, from positional arguments, keywords and defaults, as
//! CPython binds them, and a new tuple for `*args`. What does not fit the original function is told of, in CPython's own words.

use std::ptr::null_mut;

use pyo3::ffi::{self, Py_ssize_t, PyObject};

use crate::binding::Specialisation;
use crate::callable::Callable;
use crate::dispatch::enter;
use crate::specialise::Body;

/// One call, as CPython made it. The pointers are valid until it returns.
#[derive(Clone, Copy)]
pub struct Call {
    /// What was called.
    pub this: *mut Callable,
    /// The positional arguments, and behind them the values of keywords.
    pub args: *const *mut PyObject,
    /// The number of positional arguments, with a flag of CPython's.
    pub nargsf: usize,
    /// The names of the keywords, a tuple; null if there are none.
    pub kwnames: *mut PyObject,
}

/// Arguments in the places of their parameters, until the call is over.
pub struct Arranged {
    /// The call.
    pub call: Call,
    /// The tuple of `*args`, which is ours.
    rest: *mut PyObject,
}

impl Arranged {
    /// Fills the slots of the parameters; `None` if the arguments do not fit them. The references are borrowed.
    ///
    /// # Safety
    /// The call is still going on, and `body` is that of its callable.
    #[inline(always)]
    pub unsafe fn new(call: Call, body: &Body, slots: &mut [*mut PyObject]) -> Option<Self> {
        // SAFETY: as the caller promises.
        unsafe {
            if slots.len() != body.parameters.slots() || !arrange(call, body, slots) {
                return None;
            }
            let mut rest = null_mut();
            if body.parameters.variadic {
                rest = rest_of(call, body.parameters.positional);
                if rest.is_null() {
                    ffi::PyErr_Clear();
                    return None;
                }
                slots[body.parameters.names.len()] = rest;
            }
            Some(Self { call, rest })
        }
    }

    /// Runs machine code.
    ///
    /// # Safety
    /// `slots` and `frame` have what `to` takes.
    #[inline(always)]
    pub unsafe fn enter(&self, to: &Specialisation, slots: &[*mut PyObject], frame: *mut u64) -> *mut PyObject {
        // SAFETY: as the caller promises. While the code runs, a signal handler or another thread may give the function other defaults,
        // or names outside of it other values: whatever the caller does not hold is held here.
        unsafe {
            slots.iter().for_each(|&object| ffi::Py_INCREF(object));
            let result = enter(self.call, to, slots.as_ptr(), frame);
            slots.iter().for_each(|&object| ffi::Py_DECREF(object));
            result
        }
    }
}

impl Drop for Arranged {
    fn drop(&mut self) {
        // SAFETY: the reference is ours, and the thread that called holds the GIL.
        unsafe { ffi::Py_XDECREF(self.rest) };
    }
}

/// The tuple of the positional arguments that have no parameter of their own; null with an exception set if memory runs out.
///
/// # Safety
/// The call is still going on.
unsafe fn rest_of(call: Call, positional: usize) -> *mut PyObject {
    // SAFETY: the tuple is new, so that its empty items are ours to fill.
    unsafe {
        let count = (ffi::PyVectorcall_NARGS(call.nargsf) as usize).saturating_sub(positional);
        let rest = ffi::PyTuple_New(count as Py_ssize_t);
        if !rest.is_null() {
            for at in 0..count {
                ffi::PyTuple_SET_ITEM(rest, at as Py_ssize_t, ffi::Py_NewRef(*call.args.add(positional + at)));
            }
        }
        rest
    }
}

/// Fills `slots`, one for each parameter but `*args`, from positional arguments, keywords and defaults, as CPython binds them. False if
/// they do not fit: the original function raises.
///
/// # Safety
/// As [`dispatch`]. The references are borrowed.
unsafe fn arrange(call: Call, body: &Body, slots: &mut [*mut PyObject]) -> bool {
    let parameters = &body.parameters;
    let slots = &mut slots[..parameters.names.len()];
    slots.fill(null_mut());
    // SAFETY: `args` has the positional arguments and then the values of the keywords; defaults belong to the function.
    unsafe {
        let positional = ffi::PyVectorcall_NARGS(call.nargsf) as usize;
        if positional > parameters.positional && !parameters.variadic {
            return false;
        }
        for (index, slot) in slots[..positional.min(parameters.positional)].iter_mut().enumerate() {
            *slot = *call.args.add(index);
        }
        let keywords = if call.kwnames.is_null() { 0 } else { ffi::PyTuple_GET_SIZE(call.kwnames) };
        for index in 0..keywords {
            let name = ffi::PyTuple_GET_ITEM(call.kwnames, index);
            let Some(found) = parameter(body, name) else { return false };
            if found < parameters.positional_only || !slots[found].is_null() {
                return false;
            }
            slots[found] = *call.args.add(positional + index as usize);
        }
        if slots.iter().all(|slot| !slot.is_null()) {
            return true;
        }
        defaults(call, body, slots) && slots.iter().all(|slot| !slot.is_null())
    }
}

/// The parameter of a keyword. Names are interned, so that comparing pointers nearly always does.
///
/// # Safety
/// `name` is a live str.
unsafe fn parameter(body: &Body, name: *mut PyObject) -> Option<usize> {
    let names = &body.parameters.names;
    names.iter().position(|one| one.as_ptr() == name).or_else(|| {
        // SAFETY: only exact strs are compared, which runs no Python code and does not fail.
        unsafe {
            let exact = ffi::PyUnicode_CheckExact(name) != 0;
            names.iter().position(|one| exact && ffi::PyUnicode_Compare(one.as_ptr(), name) == 0)
        }
    })
}

/// Fills the empty slots with the defaults as they are now.
///
/// # Safety
/// As [`arrange`].
unsafe fn defaults(call: Call, body: &Body, slots: &mut [*mut PyObject]) -> bool {
    let parameters = &body.parameters;
    // SAFETY: the original function is one, its defaults are a tuple or null, its keyword defaults a dict or null.
    unsafe {
        let function = (*call.this).original;
        let defaults = ffi::PyFunction_GetDefaults(function);
        if !defaults.is_null() {
            let count = ffi::PyTuple_GET_SIZE(defaults) as usize;
            let Some(first) = parameters.positional.checked_sub(count) else { return false };
            for (index, slot) in slots[first..parameters.positional].iter_mut().enumerate() {
                if slot.is_null() {
                    *slot = ffi::PyTuple_GET_ITEM(defaults, index as Py_ssize_t);
                }
            }
        }
        let by_keyword = ffi::PyFunction_GetKwDefaults(function);
        if by_keyword.is_null() {
            return true;
        }
        let names = &parameters.names[parameters.positional..];
        for (name, slot) in names.iter().zip(&mut slots[parameters.positional..]) {
            if slot.is_null() {
                *slot = ffi::PyDict_GetItemWithError(by_keyword, name.as_ptr());
            }
        }
        if !ffi::PyErr_Occurred().is_null() {
            ffi::PyErr_Clear();
            return false;
        }
    }
    true
}

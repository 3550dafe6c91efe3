//! The arguments of a call in the places of their parameters.
//!
//! Enters: what CPython's vectorcall passes. Leaves: an object for each parameter, from positional arguments, keywords and defaults, as
//! CPython binds them, and a new tuple for `*args`. What does not fit the original function is told of, in CPython's own words.

use std::ptr::null_mut;

use pyo3::ffi::{self, Py_ssize_t, PyObject};

use crate::binding::Specialisation;
use crate::callable::Callable;
use crate::dispatch::enter;
use crate::env::Parameters;
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
    borrowed: Borrowed,
}

/// Who holds the arguments.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Borrowed {
    /// The caller, until the call is over.
    OfTheCaller,
    /// Some are defaults, which the function has.
    OfTheFunction,
}

impl Arranged {
    /// Fills the slots of the parameters; `None` if the arguments do not fit them. The references are borrowed.
    ///
    /// # Safety
    /// The call is still going on, `body` is that of its callable, and there is a slot for each of its parameters.
    #[inline(always)]
    pub unsafe fn new(call: Call, body: &Body, slots: *mut *mut PyObject) -> Option<Self> {
        // SAFETY: as the caller promises.
        unsafe {
            let borrowed = arrange(call, &body.parameters, slots)?;
            let mut rest = null_mut();
            if body.parameters.variadic {
                rest = rest_of(call, body.parameters.positional);
                if rest.is_null() {
                    ffi::PyErr_Clear();
                    return None;
                }
                slots.add(body.parameters.names.len()).write(rest);
            }
            Some(Self { call, rest, borrowed })
        }
    }

    /// Runs machine code.
    ///
    /// # Safety
    /// `slots` and `frame` have what `to` takes.
    #[inline(always)]
    pub unsafe fn enter(&self, to: &Specialisation, slots: *const *mut PyObject, frame: *mut u64) -> *mut PyObject {
        // SAFETY: as the caller promises.
        unsafe {
            // While the code runs, a signal handler or another thread may give the function other defaults, or names outside of it other
            // values: whatever the caller does not hold is held here.
            let first = match self.borrowed {
                Borrowed::OfTheCaller => to.declared,
                Borrowed::OfTheFunction => 0,
            };
            let held = first..to.params.len();
            held.clone().for_each(|at| ffi::Py_INCREF(*slots.add(at)));
            let result = enter(self.call, to, slots, frame);
            held.for_each(|at| ffi::Py_DECREF(*slots.add(at)));
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

/// Fills `slots`, one for each parameter but `*args`, from positional arguments, keywords and defaults, as CPython binds them. `None` if
/// they do not fit: the original function raises.
///
/// # Safety
/// As [`Arranged::new`]. The references are borrowed.
#[inline(always)]
unsafe fn arrange(call: Call, parameters: &Parameters, slots: *mut *mut PyObject) -> Option<Borrowed> {
    let count = parameters.names.len();
    // SAFETY: `args` has the positional arguments and then the values of the keywords; defaults belong to the function.
    unsafe {
        let positional = ffi::PyVectorcall_NARGS(call.nargsf) as usize;
        if positional > parameters.positional && !parameters.variadic {
            return None;
        }
        let given = positional.min(parameters.positional);
        for at in 0..given {
            slots.add(at).write(*call.args.add(at));
        }
        for at in given..count {
            slots.add(at).write(null_mut());
        }
        let mut open = count - given;
        let keywords = if call.kwnames.is_null() { 0 } else { ffi::PyTuple_GET_SIZE(call.kwnames) as usize };
        // Most come in the order of the parameters.
        let mut likely = given;
        for at in 0..keywords {
            let name = ffi::PyTuple_GET_ITEM(call.kwnames, at as Py_ssize_t);
            let found = match parameters.names.get(likely) {
                Some(next) if next.as_ptr() == name => likely,
                Some(_) | None => parameter(parameters, name)?,
            };
            if found < parameters.positional_only || !(*slots.add(found)).is_null() {
                return None;
            }
            slots.add(found).write(*call.args.add(positional + at));
            likely = found + 1;
            open -= 1;
        }
        if open == 0 {
            return Some(Borrowed::OfTheCaller);
        }
        defaults(call, parameters, std::slice::from_raw_parts_mut(slots, count)).then_some(Borrowed::OfTheFunction)
    }
}

/// The parameter of a keyword. Names are interned, so that comparing pointers nearly always does.
///
/// # Safety
/// `name` is a live str.
unsafe fn parameter(parameters: &Parameters, name: *mut PyObject) -> Option<usize> {
    let names = &parameters.names;
    names.iter().position(|one| one.as_ptr() == name).or_else(|| {
        // SAFETY: only exact strs are compared, which runs no Python code and does not fail.
        unsafe {
            let exact = ffi::PyUnicode_CheckExact(name) != 0;
            names.iter().position(|one| exact && ffi::PyUnicode_Compare(one.as_ptr(), name) == 0)
        }
    })
}

/// Fills the empty slots with the defaults as they are now; false if one stays empty.
///
/// # Safety
/// As [`arrange`].
unsafe fn defaults(call: Call, parameters: &Parameters, slots: &mut [*mut PyObject]) -> bool {
    // SAFETY: the original function is one, its defaults are a tuple or null, its keyword defaults a dict or null.
    unsafe {
        let function = (*call.this).original.cast::<ffi::PyFunctionObject>();
        let defaults = (*function).func_defaults;
        if !defaults.is_null() {
            let count = ffi::PyTuple_GET_SIZE(defaults) as usize;
            let Some(first) = parameters.positional.checked_sub(count) else { return false };
            for (index, slot) in slots[first..parameters.positional].iter_mut().enumerate() {
                if slot.is_null() {
                    *slot = ffi::PyTuple_GET_ITEM(defaults, index as Py_ssize_t);
                }
            }
        }
        let by_keyword = (*function).func_kwdefaults;
        let (plain, named) = slots.split_at_mut(parameters.positional);
        for (name, slot) in parameters.names[parameters.positional..].iter().zip(named) {
            if slot.is_null() {
                if by_keyword.is_null() {
                    return false;
                }
                *slot = ffi::PyDict_GetItemWithError(by_keyword, name.as_ptr());
                if slot.is_null() {
                    ffi::PyErr_Clear();
                    return false;
                }
            }
        }
        plain.iter().all(|slot| !slot.is_null())
    }
}

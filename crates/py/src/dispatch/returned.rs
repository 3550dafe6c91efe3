//! Which object comes back.
//!
//! Enters: the status and the frame of a run, and the arguments of its call. Leaves: the argument that compiled code has given back, which
//! is the same object then.

use brrr_core::abi::COMPOUND_BASE;
use brrr_core::types::{MOST_LEAVES, Type};
use pyo3::ffi::PyObject;

use crate::binding::Specialisation;
use crate::convert::{each_within, write};

/// Words of the largest type, a tuple of complex numbers.
pub const MOST_WORDS: usize = 2 * MOST_LEAVES;

/// What a result is.
pub enum Returned {
    /// A value that compiled code made.
    New,
    /// An argument, or what a tuple among them holds: it comes back as the same object.
    Argument(*mut PyObject),
    /// One of several of these that are equal and not the same object; only the interpreter knows which.
    Unclear,
}

/// Looks for the result among the arguments that may come back.
///
/// # Safety
/// `args` has an element for each parameter of `to`.
pub unsafe fn same_object(to: &Specialisation, args: *const *mut PyObject, status: u64, frame: *const u64) -> Returned {
    let mut found = Returned::New;
    let returned = match status.checked_sub(COMPOUND_BASE) {
        Some(at) => to.function.compound(at as usize),
        None => Type::from_tag(status),
    };
    let Some(returned) = returned else { return found };
    let mut consider = |object: *mut PyObject| {
        let mut words = [0; MOST_WORDS];
        // SAFETY: the object is an argument or in one, and alive, for its caller holds it; no type of a value has more words.
        let same = unsafe {
            write(object, returned, words.as_mut_ptr()).is_some()
                && (0..returned.words()).all(|at| frame.add(at).read() == words[at])
        };
        if same {
            match found {
                Returned::New => found = Returned::Argument(object),
                Returned::Argument(before) if before == object => {}
                // Done once more, the call would write to arrays once more: any of the equal arguments has to do.
                Returned::Argument(_) if to.function.effects => {}
                Returned::Argument(_) | Returned::Unclear => found = Returned::Unclear,
            }
        }
        matches!(found, Returned::Unclear)
    };
    for origin in &to.returned {
        let index = origin.parameter as usize;
        let Some(&one) = to.params.get(index) else { continue };
        // SAFETY: the index is that of a parameter.
        let argument = unsafe { *args.add(index) };
        if origin.is_whole && one == returned && consider(argument) {
            break;
        }
        if origin.is_part {
            // SAFETY: the argument is alive and a tuple, which holds what it holds for ever.
            unsafe { each_within(argument, &mut consider) };
        }
    }
    found
}

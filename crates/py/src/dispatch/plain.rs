//! Calls as most are: by position, or with keywords in the order of the parameters, of code that gives back a scalar of its own.
//!
//! Enters: a call of what ran last. Leaves: its result, or nothing where something is rare. What has to be looked at is found out once, when a
//! specialisation is made, so that a call reads one kind for each argument and the words of the watch.

use std::mem::MaybeUninit;

use brrr_core::abi::COMPOUND_BASE;
use brrr_core::types::Type;
use pyo3::ffi::{self, Py_ssize_t, PyObject};

use super::{Call, STACK_WORDS, finish};
use crate::activation::Running;
use crate::binding::Specialisation;
use crate::callable::Callable;
use crate::convert::{boxed, boxed_int, tag_of, unbox_float, unbox_int_object, write};
use crate::numpy;

/// Parameters at the most.
const MOST: usize = 8;

/// How an argument comes into the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One of Python's ints.
    Int,
    /// One of Python's floats.
    Float,
    /// One of Python's bools.
    Bool,
    /// An array.
    Array,
    /// By its type.
    Other,
}

impl Kind {
    const fn of(param: Type) -> Self {
        match param {
            Type::Int => Self::Int,
            Type::Float => Self::Float,
            Type::Bool => Self::Bool,
            Type::Array(_) => Self::Array,
            Type::Unbound
            | Type::None
            | Type::Nat
            | Type::Complex
            | Type::Low
            | Type::Scalar(_)
            | Type::Object
            | Type::Pointer
            | Type::Tuple(_)
            | Type::Function(_) => Self::Other,
        }
    }
}

/// What calls of a specialisation have to look at.
#[derive(Debug)]
pub struct Plain {
    /// How many arguments it takes; `usize::MAX` if it is none for such calls.
    count: usize,
    kinds: [Kind; MOST],
}

impl Plain {
    /// Of no such calls.
    pub const fn none() -> Self {
        Self { count: usize::MAX, kinds: [Kind::Other; MOST] }
    }

    /// Of a specialisation that is complete.
    pub fn of(one: &Specialisation) -> Self {
        let takes = one.direct <= MOST && one.words <= STACK_WORDS && !one.is_weak && one.returned.is_empty();
        if !takes {
            return Self::none();
        }
        let mut kinds = [Kind::Other; MOST];
        for (kind, param) in kinds.iter_mut().zip(&one.params) {
            *kind = Kind::of(*param);
        }
        Self { count: one.direct, kinds }
    }
}

/// Does a call by what ran last, or by what ran before that, which is the last one then. `None` if it is not such a call, or the arguments are
/// of other types.
///
/// # Safety
/// CPython's contract of `vectorcallfunc`; `last` belongs to the callable.
#[inline(always)]
pub unsafe fn call<const BEFORE: bool>(
    last: &Specialisation,
    this: *mut Callable,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> Option<*mut PyObject> {
    // SAFETY: CPython keeps the callable and its arguments alive through the call, and the callable its specialisations.
    unsafe {
        let plain = &last.plain;
        let count = plain.count;
        let given = ffi::PyVectorcall_NARGS(nargsf) as usize;
        let fits = if kwnames.is_null() { given == count } else { in_order(this, kwnames, given, count) };
        if !fits || !last.is_unchanged() && !(*this).can_still_run(last) {
            return None;
        }
        let mut frame = MaybeUninit::<[u64; STACK_WORDS]>::uninit();
        let frame = frame.as_mut_ptr().cast::<u64>();
        let mut word = frame;
        for at in 0..count {
            let object = *args.add(at);
            // The count is that of the kinds, at the most.
            let payload = match plain.kinds.get(at)? {
                Kind::Int => unbox_int_object(object)?,
                Kind::Float => unbox_float(object)?,
                Kind::Bool if object == ffi::Py_True() => 1,
                Kind::Bool if object == ffi::Py_False() => 0,
                Kind::Bool => return None,
                Kind::Array if is_array_of(object, last, at) => object as u64,
                Kind::Array => return None,
                Kind::Other => {
                    word = other(object, last, at, word)?;
                    continue;
                }
            };
            word.write(payload);
            word = word.add(1);
        }
        if BEFORE {
            (*this).runs(last);
        }
        let mut running = Running::new(this, last, args);
        let status = last.entry()(frame, running.activation());
        if status >= COMPOUND_BASE || !running.is_untouched() {
            return Some(finish(Call { this, args, nargsf, kwnames }, last, args, frame, status, &raw mut running));
        }
        (*this).compiled += 1;
        if last.warmth.call() {
            last.look();
        }
        Some(if status == tag_of(Type::Int) {
            boxed_int(*frame)
        } else if status == tag_of(Type::Float) {
            ffi::PyFloat_FromDouble(f64::from_bits(*frame))
        } else {
            boxed_other(status, frame)
        })
    }
}

/// # Safety
/// As [`boxed`].
#[inline(never)]
unsafe fn boxed_other(status: u64, frame: *const u64) -> *mut PyObject {
    // SAFETY: as the caller promises.
    unsafe { boxed(status, frame) }
}

/// True if argument number `at` is an array of the very type of its parameter.
///
/// # Safety
/// The object is alive, and the thread holds the GIL.
#[inline(never)]
unsafe fn is_array_of(object: *mut PyObject, last: &Specialisation, at: usize) -> bool {
    // SAFETY: as the caller promises; what is exactly an array has its layout.
    unsafe {
        match last.params.get(at) {
            Some(Type::Array(array)) => numpy::is_array(object) && numpy::array_type(object) == Some(*array),
            Some(_) | None => false,
        }
    }
}

/// Writes the payload of argument number `at`.
///
/// # Safety
/// As [`write`].
#[inline(never)]
unsafe fn other(object: *mut PyObject, last: &Specialisation, at: usize, word: *mut u64) -> Option<*mut u64> {
    // SAFETY: as the caller promises.
    unsafe { write(object, *last.params.get(at)?, word) }
}

/// True if all arguments are there, and those with names stand in the order of the parameters, so that they are where they would be by
/// position. Names are interned; where one is not, that is not seen here.
///
/// # Safety
/// As [`call`]; there are names.
#[inline(always)]
unsafe fn in_order(this: *mut Callable, kwnames: *mut PyObject, given: usize, count: usize) -> bool {
    // SAFETY: the names are a tuple of strs, as many as there are values behind the positional arguments.
    unsafe {
        let named = ffi::PyTuple_GET_SIZE(kwnames) as usize;
        let Some(body) = (*this).body() else { return false };
        given + named == count
            && given >= body.parameters.positional_only
            && body.parameters.names.get(given..count).is_some_and(|names| {
                let mut names = names.iter().enumerate();
                names.all(|(at, name)| name.as_ptr() == ffi::PyTuple_GET_ITEM(kwnames, at as Py_ssize_t))
            })
    }
}

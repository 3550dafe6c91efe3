//! The call: arguments to a specialisation to machine code to the result.
//!
//! Enters: what CPython's vectorcall passes. Leaves: a new reference, or null with an exception set. The hot path is
//! [`vectorcall`]: arguments of the types of the last call reach the entry without an allocation; keywords, defaults and hidden
//! arguments are put in their places first. Everything rarer is in [`slow`]: other specialisations, compilation. Calls that compiled code does
//! not do (wrong arguments, numbers it does not hold) the original function does, with the very arguments that came, so that its
//! result, its exception and its traceback are CPython's own; what leaves by a side exit goes on in [`crate::resume`]. No panic
//! crosses into CPython.

mod leave;
pub mod plain;
mod returned;

use std::any::Any;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;

use brrr_core::abi::{COMPOUND_BASE, EXIT_BASE};
use brrr_core::types::{Signature, Type};
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::types::PyFunction;

use crate::activation::Running;
use crate::arrange::{Arranged, Call};
use crate::binding::Specialisation;
use crate::callable::Callable;
use crate::convert::{Argument, boxed, boxed_compound, classify, describe, is_of, write};
use crate::errors::panic_refusal;
use crate::resume::Outcome;
use crate::specialise::{Body, How};
use crate::{arrays, depth, poll};
pub use leave::interrupted;
use leave::leave;
use returned::{Returned, same_object};

/// Frames up to this size stand on the stack.
const STACK_WORDS: usize = 64;
/// Rearranged arguments up to this number stand on the stack.
const STACK_ARGUMENTS: usize = 16;

/// The entry of every call.
///
/// # Safety
/// CPython's contract of `vectorcallfunc`, on an object of the type [`Callable`].
pub unsafe extern "C" fn vectorcall(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    let this = callable.cast::<Callable>();
    // SAFETY: CPython keeps the callable and its arguments alive through the call, and the callable its specialisations.
    unsafe {
        if let Some(last) = (*this).last.as_ref() {
            // A call that is handed on stands in memory; this one is in registers.
            return match plain::call::<false>(last, this, args, nargsf, kwnames) {
                Some(result) => result,
                None => by_turns(this, args, nargsf, kwnames),
            };
        }
        slow(Call { this, args, nargsf, kwnames })
    }
}

/// Calls that are not done by what ran last: those with two kinds of arguments by turns are done by what ran before.
///
/// # Safety
/// As [`vectorcall`].
#[inline(never)]
unsafe fn by_turns(
    this: *mut Callable,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: as the caller promises; what ran is the callable's.
    unsafe {
        if let Some(before) = (*this).before.as_ref()
            && let Some(result) = plain::call::<true>(before, this, args, nargsf, kwnames)
        {
            return result;
        }
        quick(Call { this, args, nargsf, kwnames })
    }
}

/// Calls that need no look at what there is but what ran last.
///
/// # Safety
/// As [`by_turns`].
#[inline(never)]
unsafe fn quick(call: Call) -> *mut PyObject {
    // SAFETY: as the caller promises.
    unsafe {
        if let Some(last) = (*call.this).last.as_ref()
            && last.words <= STACK_WORDS
            && (last.is_unchanged() || (*call.this).can_still_run(last))
        {
            let mut frame = MaybeUninit::<[u64; STACK_WORDS]>::uninit();
            let frame = frame.as_mut_ptr().cast::<u64>();
            if ffi::PyVectorcall_NARGS(call.nargsf) as usize == last.direct && call.kwnames.is_null() {
                if unbox_all(last, call.args, frame) {
                    return enter(call, last, call.args, frame);
                }
                if let Some(result) = enter_before(call, frame) {
                    return result;
                }
            } else if last.params.len() <= STACK_ARGUMENTS
                && let Some(result) = enter_arranged(call, last, frame)
            {
                return result;
            }
        }
        slow(call)
    }
}

/// Runs the specialisation that ran before the last one, by position. `None` if the arguments do not fit it either.
///
/// # Safety
/// The call is still going on, by position; `frame` has [`STACK_WORDS`].
#[inline(never)]
unsafe fn enter_before(call: Call, frame: *mut u64) -> Option<*mut PyObject> {
    // SAFETY: the callable is alive, and so is what it has run; there are as many arguments as parameters.
    unsafe {
        let before = (*call.this).before.as_ref()?;
        let fits = ffi::PyVectorcall_NARGS(call.nargsf) as usize == before.direct && before.words <= STACK_WORDS;
        if !fits || !before.is_unchanged() && !(*call.this).can_still_run(before) {
            return None;
        }
        if !unbox_all(before, call.args, frame) {
            return None;
        }
        (*call.this).runs(before);
        Some(enter(call, before, call.args, frame))
    }
}

/// Puts the arguments of the call in their places and runs machine code. `None` if they do not fit it.
///
/// # Safety
/// The call is still going on; `frame` has the words of `to`, whose guards hold.
#[inline(never)]
unsafe fn enter_arranged(call: Call, to: &Specialisation, frame: *mut u64) -> Option<*mut PyObject> {
    // SAFETY: the callable is alive; there are as many slots as parameters and hidden arguments.
    unsafe {
        let body = (*call.this).body()?;
        if to.declared != body.parameters.slots() {
            return None;
        }
        let mut slots = MaybeUninit::<[*mut PyObject; STACK_ARGUMENTS]>::uninit();
        let slots = slots.as_mut_ptr().cast::<*mut PyObject>();
        let arguments = Arranged::new(call, body, slots)?;
        if !to.read_hidden(slots.add(to.declared)) || !unbox_all(to, slots, frame) {
            return None;
        }
        Some(arguments.enter(to, slots, frame))
    }
}

/// Writes the payloads of all arguments; false at the first one of another type.
///
/// # Safety
/// `args` and `frame` have an element for each parameter.
#[inline(always)]
unsafe fn unbox_all(to: &Specialisation, args: *const *mut PyObject, frame: *mut u64) -> bool {
    let mut word = frame;
    for (index, &expected) in to.params.iter().enumerate() {
        // SAFETY: the caller promises the elements, CPython that they are live objects.
        match unsafe { write(*args.add(index), expected, word) } {
            Some(behind) => word = behind,
            None => return false,
        }
    }
    true
}

/// Runs machine code and boxes its result, or has the original function do the call.
///
/// # Safety
/// `frame` has the words of `to`, the first of which are the payloads of `args`, one for each parameter.
#[inline(always)]
pub unsafe fn enter(call: Call, to: &Specialisation, args: *const *mut PyObject, frame: *mut u64) -> *mut PyObject {
    // SAFETY: the entry was made for such a frame. Polls may run Python code: `args` and what they hold stay, for the caller sees to
    // that.
    unsafe {
        if to.is_weak {
            return enter_holding(call, to, args, frame);
        }
        enter_plain(call, to, args, frame)
    }
}

/// The same for code that functions were passed to.
///
/// # Safety
/// As [`enter`].
#[inline(never)]
unsafe fn enter_holding(call: Call, to: &Specialisation, args: *const *mut PyObject, frame: *mut u64) -> *mut PyObject {
    // SAFETY: as the caller promises.
    unsafe {
        let held = to.hold();
        let result = enter_plain(call, to, args, frame);
        drop(held);
        result
    }
}

/// # Safety
/// As [`enter`].
#[inline(always)]
unsafe fn enter_plain(call: Call, to: &Specialisation, args: *const *mut PyObject, frame: *mut u64) -> *mut PyObject {
    // SAFETY: as the caller promises.
    unsafe {
        let mut running = Running::new(call.this, to, args);
        let status = to.entry()(frame, running.activation());
        finish(call, to, args, frame, status, &raw mut running)
    }
}

/// What a run that is over has come to, and what it holds goes.
///
/// # Safety
/// As [`left`].
#[inline(never)]
unsafe fn finish(
    call: Call,
    to: &Specialisation,
    args: *const *mut PyObject,
    frame: *mut u64,
    status: u64,
    running: *mut Running,
) -> *mut PyObject {
    // SAFETY: as the caller promises.
    unsafe {
        let result = left(call, to, args, frame, status, running);
        if !(*running).made.is_null() || !(*running).pinned.is_null() {
            (*running).unpin();
            arrays::release((*running).made);
        }
        result
    }
}

/// What a run that is over has come to.
///
/// # Safety
/// As [`enter`], after the entry has returned with `status`.
#[inline(always)]
unsafe fn left(
    call: Call,
    to: &Specialisation,
    args: *const *mut PyObject,
    frame: *mut u64,
    status: u64,
    running: *mut Running,
) -> *mut PyObject {
    // SAFETY: as the caller promises.
    unsafe {
        if !(*running).watch.is_null()
            && let Some(raised) = poll::end(running)
        {
            (*call.this).others += 1;
            return interrupted(call.this, to, status, frame, raised);
        }
        if status >= EXIT_BASE {
            return leave(call, to, args, status, frame, running);
        }
        (*call.this).compiled += 1;
        if to.warmth.call() {
            to.look();
        }
        if !to.returned.is_empty() {
            match same_object(to, args, status, frame) {
                Returned::New => {}
                Returned::Argument(same) => return ffi::Py_NewRef(same),
                // The call did run compiled, and is counted so; the value is known, the object is not.
                Returned::Unclear => return original(call),
            }
        }
        if status >= COMPOUND_BASE {
            return boxed_result(to, status - COMPOUND_BASE, frame);
        }
        boxed(status, frame)
    }
}

/// The returned tuple or array.
///
/// # Safety
/// As [`enter`]; the entry has just returned with this shape.
#[inline(never)]
unsafe fn boxed_result(to: &Specialisation, at: u64, frame: *const u64) -> *mut PyObject {
    // SAFETY: the frame has the words of every type that the function returns.
    unsafe {
        match to.function.compound(at as usize) {
            Some(one) => boxed_compound(one, &mut frame.cast()),
            None => boxed(u64::MAX, frame),
        }
    }
}

/// Sets an exception.
///
/// # Safety
/// The thread holds the GIL.
unsafe fn null_with(error: PyErr) -> *mut PyObject {
    // SAFETY: as the caller promises.
    error.restore(unsafe { Python::assume_attached() });
    null_mut()
}

/// Raises what is said about a panic.
///
/// # Safety
/// The thread holds the GIL.
unsafe fn raise_panic(panic: &(dyn Any + Send)) -> *mut PyObject {
    let raise = |py: Python<'_>| panic_refusal(panic).error(py).restore(py);
    if Python::try_attach(raise).is_none() {
        // SAFETY: as the caller promises.
        unsafe { ffi::PyErr_SetString(ffi::PyExc_SystemError, c"the compiler failed".as_ptr()) };
    }
    null_mut()
}

/// Does the call by the original function.
///
/// # Safety
/// The call is still going on.
unsafe fn original(call: Call) -> *mut PyObject {
    // SAFETY: the arguments are passed on as they came; the original function is held by the callable.
    unsafe {
        let function = (*call.this).original;
        if function.is_null() {
            ffi::PyErr_SetString(ffi::PyExc_ReferenceError, c"the function is being destroyed".as_ptr());
            return null_mut();
        }
        // Where the interpreter calls compiled functions, and they the interpreter, the stack grows.
        if !depth::has_stack_for_interpreter() {
            ffi::PyErr_SetString(ffi::PyExc_RecursionError, c"maximum recursion depth exceeded".as_ptr());
            return null_mut();
        }
        ffi::PyObject_Vectorcall(function, call.args, call.nargsf, call.kwnames)
    }
}

/// Everything but the hot path.
///
/// # Safety
/// The call is still going on.
#[cold]
#[inline(never)]
unsafe fn slow(call: Call) -> *mut PyObject {
    // SAFETY: the callable is alive; the body is there unless the callable is being destroyed.
    unsafe {
        let body = match (*call.this).body() {
            Some(body) if (!body.is_interpreted() || !body.is_read()) && (*call.this).has_its_code() => body,
            _ => {
                (*call.this).others += 1;
                return original(call);
            }
        };
        match catch_unwind(AssertUnwindSafe(|| dispatch(call, body))) {
            Ok(Outcome::Done(result)) => result,
            Ok(Outcome::Original) => {
                (*call.this).others += 1;
                original(call)
            }
            Err(panic) => {
                (*call.this).others += 1;
                raise_panic(panic.as_ref())
            }
        }
    }
}

/// Finds the specialisation for the arguments, compiles it if there is none, and runs it.
///
/// # Safety
/// The call is still going on, and `body` is that of its callable.
unsafe fn dispatch(call: Call, body: &Body) -> Outcome {
    if !body.is_read() {
        // SAFETY: the callable is alive and holds its function; Python code may run, which the arguments do not mind.
        let read = Python::try_attach(|py| unsafe {
            let function = Bound::from_borrowed_ptr(py, (*call.this).original);
            function.cast::<PyFunction>().map_err(PyErr::from).and_then(|function| body.read(function))
        });
        match read {
            Some(Ok(())) if !body.is_interpreted() => {}
            Some(Ok(())) | None => return Outcome::Original,
            Some(Err(error)) => {
                // SAFETY: the callable is alive.
                unsafe { (*call.this).others += 1 };
                return if Python::try_attach(|py| error.restore(py)).is_some() {
                    Outcome::Done(null_mut())
                } else {
                    Outcome::Original
                };
            }
        }
    }
    let mut slots = vec![null_mut(); body.parameters.slots()];
    // Compiling may run Python code, after which defaults are read anew: hence the second turn.
    for compiled in [false, true] {
        // SAFETY: the borrowed references in `slots` are used only while no Python code runs.
        unsafe {
            let Some(arguments) = Arranged::new(call, body, slots.as_mut_ptr()) else { return Outcome::Original };
            let found = body.search(|one| (matches(one, &slots) && one.can_run()).then_some(&raw const *one));
            if let Some(found) = found {
                return run(&arguments, &*found, &slots);
            }
            if compiled {
                return Outcome::Original;
            }
            match prepare(call, body, &slots) {
                Ok(true) => {}
                Ok(false) => return Outcome::Original,
                Err(Raised) => {
                    (*call.this).others += 1;
                    return Outcome::Done(null_mut());
                }
            }
        }
    }
    Outcome::Original
}

/// # Safety
/// `slots` holds a live object for each parameter.
unsafe fn matches(one: &Specialisation, slots: &[*mut PyObject]) -> bool {
    // SAFETY: as the caller promises.
    one.declared().iter().zip(slots).all(|(&expected, &object)| unsafe { is_of(object, expected) })
}

/// Runs a specialisation whose parameters match `slots`.
///
/// # Safety
/// As [`dispatch`]; `to` belongs to the callable.
unsafe fn run(arguments: &Arranged, to: &Specialisation, slots: &[*mut PyObject]) -> Outcome {
    let mut stack = MaybeUninit::<[u64; STACK_WORDS]>::uninit();
    let mut heap = Vec::<u64>::new();
    let frame = if to.words <= STACK_WORDS {
        stack.as_mut_ptr().cast()
    } else {
        heap.resize(to.words, 0);
        heap.as_mut_ptr()
    };
    // SAFETY: the frame has the words it needs, and every slot holds an object of the expected type.
    unsafe {
        if !to.holds() {
            return Outcome::Original;
        }
        let Some(hidden) = to.hidden() else { return Outcome::Original };
        let slots = slots.iter().copied().chain(hidden).collect::<Vec<_>>();
        if slots.len() != to.params.len() || !unbox_all(to, slots.as_ptr(), frame) {
            return Outcome::Original;
        }
        (*arguments.call.this).runs(to);
        Outcome::Done(arguments.enter(to, slots.as_ptr(), frame))
    }
}

/// An exception is set.
struct Raised;

/// Compiles for the types in `slots`. False if the original function has to do the call; so it has when the interpreter is
/// shutting down.
///
/// # Errors
/// If an exception is set: why the call, or the function with these types, cannot be compiled.
///
/// # Safety
/// As [`dispatch`]; `slots` is not used any more after it.
unsafe fn prepare(call: Call, body: &Body, slots: &[*mut PyObject]) -> Result<bool, Raised> {
    // SAFETY: nothing has run since the slots were filled.
    let is_known = |&object: &*mut PyObject| matches!(unsafe { classify(object) }, Argument::Compiled(_));
    // NumPy's scalars may be what they are, or, as float64, instances of a subclass of Python's.
    if !slots.iter().all(is_known) {
        Python::try_attach(crate::numpy::look);
    }
    // SAFETY: as above.
    let kinds = slots.iter().map(|&object| unsafe { classify(object) }).collect::<Vec<_>>();
    let compile = |py: Python<'_>| {
        if let Some(index) = kinds.iter().position(|&kind| kind == Argument::Unsupported) {
            // SAFETY: as above; the new reference keeps the argument alive from here on.
            let argument = unsafe { Bound::from_borrowed_ptr(py, slots[index]) };
            body.refuse(py, &body.argument_refusal(index, &describe_argument(body, index, &argument)?))?;
            return Ok(false);
        }
        let params = kinds.iter().map(|kind| match kind {
            Argument::Compiled(one) => Some(*one),
            Argument::Interpreted | Argument::Unsupported => None,
        });
        let Some(params) = params.collect::<Option<Vec<Type>>>() else { return Ok(false) };
        // SAFETY: the callable is alive and holds its function.
        let function = unsafe { Bound::from_borrowed_ptr(py, (*call.this).original) };
        body.specialise(function.cast::<PyFunction>()?, &Signature { params }, &How::Call)
    };
    let compiled = Python::try_attach(|py| compile(py).map_err(|error| error.restore(py)));
    compiled.unwrap_or(Ok(false)).map_err(|()| Raised)
}

/// What an argument is that cannot be compiled: of `*args`, the first one that cannot.
fn describe_argument(body: &Body, index: usize, argument: &Bound<'_, PyAny>) -> PyResult<String> {
    if index < body.parameters.names.len() {
        return Ok(describe(argument));
    }
    for item in argument.try_iter()? {
        let item = item?;
        // SAFETY: the item is alive, and the thread holds the GIL.
        if unsafe { classify(item.as_ptr()) } == Argument::Unsupported {
            return Ok(describe(&item));
        }
    }
    Ok(describe(argument))
}

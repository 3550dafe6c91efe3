//! After a side exit: the interpreter goes on at the statement that left.
//!
//! Enters: the exit that was taken, its frame, the arguments of the call. Leaves: the call's result. The rest of the function
//! from that point on is a Python function, the continuation, which `brrr._resume` makes once for each exit and set of bound
//! names; it is called with the live locals as objects. A local that still holds an argument gets that very object; where it cannot be
//! told which of several equal arguments it holds, the original function does the whole call, which repeats nothing, for compiled
//! code has no effects.

use std::cell::{Cell, RefCell};
use std::ptr::null_mut;

use brrr_core::abi::{self, Value};
use brrr_core::ir::Point;
use pyo3::exceptions::PyException;
use pyo3::ffi::{self, PyObject};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyFunction, PyTuple};

use crate::convert::{holds, object};
use crate::specialise::{Body, Specialisation};

/// Sets of bound names that are kept for one exit; more are made anew each time.
const KEPT: usize = 16;

/// The continuations of a function.
#[derive(Debug, Default)]
pub struct Continuations {
    /// The function as `brrr._resume` reads it.
    source: RefCell<Option<Py<PyAny>>>,
    made: RefCell<Vec<Py<PyFunction>>>,
    /// There are none to be had: the original function does the calls that leave.
    refused: Cell<bool>,
}

/// A continuation of one exit: the names that are bound, and its place among the [`Continuations`].
#[derive(Debug)]
pub struct Kept {
    names: Box<[String]>,
    at: usize,
}

impl Continuations {
    /// Shows every object to the garbage collector until one says stop.
    pub fn traverse(&self, mut visit: impl FnMut(*mut PyObject) -> i32) -> i32 {
        // Borrowed only while one is put in, which runs no collector.
        let (Ok(source), Ok(made)) = (self.source.try_borrow(), self.made.try_borrow()) else { return 0 };
        let source = source.iter().map(Py::as_ptr);
        source.chain(made.iter().map(Py::as_ptr)).map(&mut visit).find(|&stop| stop != 0).unwrap_or(0)
    }

    /// Gives up every object.
    pub fn clear(&self, py: Python<'_>) {
        self.refused.set(true);
        let (source, made) = (self.source.take(), self.made.take());
        source.into_iter().for_each(|one| one.drop_ref(py));
        made.into_iter().for_each(|one| one.drop_ref(py));
    }

    fn source<'py>(&self, original: &Bound<'py, PyFunction>, body: &Body) -> PyResult<Bound<'py, PyAny>> {
        let py = original.py();
        if let Some(source) = self.source.borrow().as_ref() {
            return Ok(source.bind(py).clone());
        }
        let code = original.getattr(intern!(py, "__code__"))?;
        let class = py.import(intern!(py, "brrr._resume"))?.getattr(intern!(py, "Source"))?;
        let source = class.call1((code, body.prepared(py)?.text()))?;
        let before = self.source.replace(Some(source.clone().unbind()));
        drop(before);
        Ok(source)
    }

    /// The continuation from an exit. `None` if there is none.
    ///
    /// # Errors
    /// What has to end the program, such as KeyboardInterrupt.
    fn get<'py>(
        &self,
        original: &Bound<'py, PyFunction>,
        body: &Body,
        left: &Left<'_>,
    ) -> PyResult<Option<Bound<'py, PyFunction>>> {
        let py = original.py();
        let Some(kept) = left.code.continuations.get(left.exit) else { return Ok(None) };
        let names = left.live.iter().map(|&(name, _)| name);
        let same = |one: &&Kept| one.names.iter().map(String::as_str).eq(names.clone());
        if let Some(found) = kept.borrow().iter().find(same) {
            return Ok(self.made.borrow().get(found.at).map(|one| one.bind(py).clone()));
        }
        if self.refused.get() {
            return Ok(None);
        }
        let made = match self.make(original, body, left) {
            Ok(made) => made,
            // A statement that has no rule, too deep a nesting, too little memory: the original function can do it.
            Err(error) if error.is_instance_of::<PyException>(py) => return Ok(None),
            Err(error) => {
                error.set_traceback(py, None);
                return Err(error);
            }
        };
        let mut kept = kept.borrow_mut();
        if kept.len() < KEPT {
            let mut all = self.made.borrow_mut();
            kept.push(Kept { names: names.map(str::to_owned).collect(), at: all.len() });
            all.push(made.clone().unbind());
        }
        Ok(Some(made))
    }

    fn make<'py>(
        &self,
        original: &Bound<'py, PyFunction>,
        body: &Body,
        left: &Left<'_>,
    ) -> PyResult<Bound<'py, PyFunction>> {
        let py = original.py();
        let Some(record) = left.code.function.exits.get(left.exit) else {
            return Err(PyException::new_err("no such exit"));
        };
        let source = self.source(original, body)?;
        let names = PyTuple::new(py, left.live.iter().map(|&(name, _)| name))?;
        let place = (original, record.statement, point_name(record.point), names, false);
        let made = source.call_method1(intern!(py, "continuation"), place)?.cast_into::<PyFunction>()?;
        same_builtins(&made, original);
        Ok(made)
    }
}

/// Gives a function the builtins of another one: those that it had when it was made, whatever its globals say now.
fn same_builtins(function: &Bound<'_, PyFunction>, original: &Bound<'_, PyFunction>) {
    let function = function.as_ptr().cast::<ffi::PyFunctionObject>();
    let original = original.as_ptr().cast::<ffi::PyFunctionObject>();
    // SAFETY: both are functions; the first one was just made and has never run, so that nothing relies on its builtins.
    unsafe {
        let builtins = (*original).func_builtins;
        if (*function).func_builtins != builtins && !builtins.is_null() {
            ffi::Py_INCREF(builtins);
            let before = std::mem::replace(&mut (*function).func_builtins, builtins);
            ffi::Py_XDECREF(before);
        }
    }
}

/// The name of a point, in `_last_exit()` and in `brrr._resume`.
pub const fn point_name(point: Point) -> &'static str {
    match point {
        Point::Start => "start",
        Point::Condition => "condition",
        Point::Iterable => "iterable",
        Point::Advance => "advance",
        Point::Target => "target",
    }
}

/// How a call goes on.
pub enum Outcome {
    /// It is done: a new reference, or null with an exception set.
    Done(*mut PyObject),
    /// The original function has to do it.
    Original,
}

/// Compiled code that has left.
struct Left<'a> {
    code: &'a Specialisation,
    exit: usize,
    /// The bound locals.
    live: Vec<(&'a str, Value)>,
}

/// Goes on after side exit `exit` of `code`, which was called with `args` and has left `frame`.
pub fn resume(
    original: &Bound<'_, PyFunction>,
    body: &Body,
    code: &Specialisation,
    exit: usize,
    args: &[Bound<'_, PyAny>],
    frame: Vec<u64>,
) -> Outcome {
    let py = original.py();
    let Some(record) = code.function.exits.get(exit) else { return Outcome::Original };
    let live = abi::read_exit(&code.function, record, &frame);
    body.record_exit(code, exit, frame);
    let left = Left { code, exit, live };
    let continuation = match body.continuations.get(original, body, &left) {
        Ok(Some(continuation)) => continuation,
        Ok(None) => return Outcome::Original,
        Err(error) => {
            error.restore(py);
            return Outcome::Done(null_mut());
        }
    };
    match objects(py, &left, args) {
        Ok(Some(mut values)) => {
            values.push(py.None().into_bound(py));
            values.push(0_u8.into_pyobject(py).map_or_else(|error| match error {}, Bound::into_any));
            Outcome::Done(run(&continuation, &values))
        }
        Ok(None) => Outcome::Original,
        Err(error) => {
            error.restore(py);
            Outcome::Done(null_mut())
        }
    }
}

/// The locals as objects; `None` if it cannot be told which of several arguments one of them holds.
///
/// # Errors
/// If memory runs out.
fn objects<'py>(
    py: Python<'py>,
    left: &Left<'_>,
    args: &[Bound<'py, PyAny>],
) -> PyResult<Option<Vec<Bound<'py, PyAny>>>> {
    let mut objects = Vec::with_capacity(left.live.len() + 2);
    for (name, value) in &left.live {
        let origins = left.code.function.origins.get(*name).map(Vec::as_slice).unwrap_or_default();
        let mut found: Option<&Bound<'py, PyAny>> = None;
        for argument in origins.iter().filter_map(|&at| args.get(at as usize)) {
            if !holds(argument, value) {
                continue;
            }
            if found.is_some_and(|found| !found.is(argument)) {
                return Ok(None);
            }
            found = Some(argument);
        }
        objects.push(match found {
            Some(argument) => argument.clone(),
            None => object(py, value)?,
        });
    }
    Ok(Some(objects))
}

/// Calls a function with positional arguments: a new reference, or null with the exception as it was raised.
fn run(function: &Bound<'_, PyFunction>, values: &[Bound<'_, PyAny>]) -> *mut PyObject {
    // A `Bound` is a pointer to its object.
    let args = values.as_ptr().cast::<*mut PyObject>();
    // SAFETY: `args` has as many live objects as are said, and the thread holds the GIL.
    unsafe { ffi::PyObject_Vectorcall(function.as_ptr(), args, values.len(), null_mut()) }
}

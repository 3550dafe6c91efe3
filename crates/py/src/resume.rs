//! After a side exit: the interpreter goes on at the statement that left.
//!
//! Enters: the exit that was taken, its frame, the arguments of the call. Leaves: the call's result. The rest of the function
//! from that point on is a Python function, the continuation, which `brrr._resume` makes once for each exit and set of bound
//! names; it is called with the live locals as objects, and may ask for compiled code to go on ([`crate::again`]). A local that still holds an argument gets that very object; where it cannot be
//! told which of several equal arguments it holds, the original function does the whole call, which repeats nothing, for compiled
//! code has no effects.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::ptr::null_mut;
use std::rc::Rc;
use std::time::Instant;

use brrr_core::abi::{self, COMPOUND_BASE, EXIT_BASE, PENDING, Value};
use brrr_core::ir::{Origin, Point};
use brrr_core::types::Type;
use pyo3::exceptions::{PyException, PyRecursionError, PyRuntimeError};
use pyo3::ffi::{self, PyObject};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyFunction, PyTuple};

use crate::activation::Running;
use crate::again::{self, Ask};
use crate::arrays::{Made, release};
use crate::binding::Specialisation;
use crate::callable::Callable;
use crate::calls::{Came, Raise};
use crate::convert::{each_within, holds, object, write};
use crate::dispatch::interrupted;
use crate::specialise::Body;
use crate::{depth, moves, poll};

/// Continuations that are kept in one place; more are made anew each time.
const KEPT: usize = 32;

/// The continuations of a function.
#[derive(Debug, Default)]
pub struct Continuations {
    /// The function as `brrr._resume` reads it.
    source: RefCell<Option<Py<PyAny>>>,
    made: RefCell<Vec<Py<PyFunction>>>,
    /// Those from loop headers on, where a continuation has asked and the interpreter goes on.
    headers: RefCell<Vec<Kept>>,
    /// There are none to be had: the original function does the calls that leave.
    refused: Cell<bool>,
}

/// A continuation that is kept, and its place among the [`Continuations`].
#[derive(Debug)]
pub struct Kept {
    statement: u32,
    names: Box<[String]>,
    asks: &'static str,
    at: usize,
}

/// Where a continuation enters.
struct Place<'a> {
    statement: u32,
    point: Point,
    /// The bound names.
    names: Vec<&'a str>,
    /// How it asks for compiled code.
    asks: &'static str,
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

    /// The function as `brrr._resume` reads it.
    ///
    /// # Errors
    /// If it cannot read it.
    pub fn source<'py>(&self, original: &Bound<'py, PyFunction>, body: &Body) -> PyResult<Bound<'py, PyAny>> {
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

    /// A continuation, which may be among `kept`. `None` if there is none.
    ///
    /// # Errors
    /// What has to end the program, such as KeyboardInterrupt.
    fn get<'py>(
        &self,
        original: &Bound<'py, PyFunction>,
        body: &Body,
        place: &Place<'_>,
        kept: &RefCell<Vec<Kept>>,
    ) -> PyResult<Option<Bound<'py, PyFunction>>> {
        let py = original.py();
        let same = |one: &&Kept| {
            one.statement == place.statement && one.asks == place.asks && one.names.iter().eq(&place.names)
        };
        if let Some(found) = kept.borrow().iter().find(same) {
            return Ok(self.made.borrow().get(found.at).map(|one| one.bind(py).clone()));
        }
        if self.refused.get() {
            return Ok(None);
        }
        let lent = depth::lend(py);
        let made = self.make(original, body, place);
        drop(lent);
        let made = match made {
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
            kept.push(Kept {
                statement: place.statement,
                names: place.names.iter().map(|&name| name.to_owned()).collect(),
                asks: place.asks,
                at: all.len(),
            });
            all.push(made.clone().unbind());
        }
        Ok(Some(made))
    }

    fn make<'py>(
        &self,
        original: &Bound<'py, PyFunction>,
        body: &Body,
        place: &Place<'_>,
    ) -> PyResult<Bound<'py, PyFunction>> {
        let py = original.py();
        let source = self.source(original, body)?;
        let names = PyTuple::new(py, &place.names)?;
        let args = (original, place.statement, point_name(place.point), names, place.asks);
        let made = source.call_method1(intern!(py, "continuation"), args)?.cast_into::<PyFunction>()?;
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
    /// The bound locals.
    live: Vec<(&'a str, Value)>,
}

/// Goes on after side exit `exit` of `code`, which was entered with `args` by a call of `this` and has left `frame`; of a function that
/// compiled code has called there are no arguments. `kept` is what a call has come to, if the exit stands behind one; compiled code
/// has so many `levels` of calls in use. Where the continuation asks for it, compiled code is entered again; it may leave again, and so on: the stack does not grow.
///
/// # Safety
/// `this` is the callable of `original` and `body`, and stays alive; the thread holds the GIL.
pub unsafe fn resume<'py>(
    this: *mut Callable,
    original: &Bound<'py, PyFunction>,
    body: &Body,
    (code, exit, frame): (&Specialisation, usize, Vec<u64>),
    args: Vec<Bound<'py, PyAny>>,
    (kept, levels): (Option<Came>, i64),
) -> Outcome {
    let py = original.py();
    // SAFETY: as the caller promises.
    let callable = unsafe { Bound::from_borrowed_ptr(py, this.cast()) };
    // SAFETY: as above.
    match unsafe { go_on(&callable, original, body, (code, exit, frame), args, (kept, levels)) } {
        Ok(outcome) => outcome,
        Err(error) => {
            error.restore(py);
            Outcome::Done(null_mut())
        }
    }
}

/// # Safety
/// As [`resume`].
unsafe fn go_on<'py>(
    callable: &Bound<'py, PyAny>,
    original: &Bound<'py, PyFunction>,
    body: &Body,
    (mut code, mut exit, mut frame): (&Specialisation, usize, Vec<u64>),
    mut args: Vec<Bound<'py, PyAny>>,
    (mut pending, levels): (Option<Came>, i64),
) -> PyResult<Outcome> {
    let py = original.py();
    if !depth::has_stack_for_interpreter() {
        let error = PyRecursionError::new_err("maximum recursion depth exceeded");
        return Err(if let Some(Came::Raised(raised)) = pending { raised } else { error });
    }
    let this = callable.as_ptr().cast::<Callable>();
    let mut outside = args.clone();
    let ask = Bound::new(py, Ask::new(callable.clone()))?;
    let mut held = Held::default();
    // Held until the next run.
    let mut _in_use = None;
    let mut is_interpreted = false;
    loop {
        let Some(record) = code.function.exits.get(exit) else { return Ok(Outcome::Original) };
        let left = Left { code, live: abi::read_exit(&code.function, record, &frame) };
        let is_at_poll = moves::is_at_poll(code, exit);
        if !is_at_poll {
            body.record_exit(code, exit, std::mem::take(&mut frame));
        }
        let effects = code.function.effects;
        let Some(mut values) = objects(py, &left, &args, &outside)? else {
            if is_at_poll {
                body.record_exit(code, exit, std::mem::take(&mut frame));
            }
            return Ok(Outcome::Original);
        };
        // A run that moves to better code does not leave.
        let moved = if is_at_poll { moves::entry(original, body, record, &left.live, &values)? } else { None };
        let moved = moved.and_then(|entry| {
            let again::Code(found) = entry.code.as_ref()?;
            let found = found.clone();
            // What a header computes leaves by the exit of its poll: code that was entered there, and has left there at once, would do so again.
            if std::ptr::eq(Rc::as_ptr(&found), code) {
                return None;
            }
            // SAFETY: the thread holds the GIL.
            let (words, hidden) = unsafe { entering(py, &found, &entry.values) }?;
            Some((found, words, hidden, entry))
        });
        if is_at_poll && moved.is_none() {
            body.record_exit(code, exit, std::mem::take(&mut frame));
        }
        match moved {
            Some(_) => body.moves.set(body.moves.get() + 1),
            None => is_interpreted = true,
        }
        let mut turns = Ask::first(body);
        let named = left.live.iter().map(|(name, value)| named(name, value)).collect::<Vec<_>>();
        let mut names = named.iter().map(|name| &**name).collect::<Vec<_>>();
        // Behind a call that is over: what it has come to.
        let pin: String;
        if let Some(name) = &record.pending {
            let value;
            (pin, value) = match pending.take().ok_or_else(stuck)? {
                Came::Given(object) => (name.clone(), object.into_bound(py)),
                Came::Raised(error) => {
                    let place = name.strip_prefix(".pin").unwrap_or(name);
                    (format!(".raise{place}"), Bound::new(py, Raise::new(error))?.into_any())
                }
            };
            names.push(&pin);
            values.push(value);
        }
        let asks = Ask::manner(body, turns);
        let place = Place { statement: record.statement, point: record.point, names, asks };
        let Some(kept) = code.continuations.get(exit) else { return Ok(Outcome::Original) };
        let mut continuation = match moved {
            Some(_) => None,
            None => body.continuations.get(original, body, &place, kept)?,
        };
        // The interpreter goes on until compiled code can.
        let (found, mut words, entered, entry) = loop {
            if let Some(moved) = moved {
                break moved;
            }
            let Some(function) = continuation else {
                return if effects { Err(stuck()) } else { Ok(Outcome::Original) };
            };
            values.push(ask.clone().into_any());
            values.push(turns.into_pyobject(py)?.into_any());
            ask.borrow_mut().begin();
            // Making the continuation is no business of the program's.
            let charged = depth::charge(py, levels);
            let result = run(&function, &values);
            drop(charged);
            let entry = ask.borrow_mut().end(body);
            if result != ask.as_ptr() {
                return Ok(Outcome::Done(result));
            }
            // SAFETY: the continuation has given back a reference to `ask`.
            unsafe { ffi::Py_DECREF(result) };
            let Some(entry) = entry else { return if effects { Err(stuck()) } else { Ok(Outcome::Original) } };
            if let Some(again::Code(found)) = &entry.code
                // SAFETY: the thread holds the GIL.
                && let Some((words, hidden)) = unsafe { entering(py, found, &entry.values) }
            {
                break (found.clone(), words, hidden, entry);
            }
            values = entry.values.into_iter().map(|one| one.into_bound(py)).collect();
            turns = entry.turns;
            let names = entry.names.iter().map(String::as_str).collect();
            let place = Place { statement: entry.statement, point: Point::Advance, names, asks: "rarely" };
            continuation = body.continuations.get(original, body, &place, &body.continuations.headers)?;
        };
        // SAFETY: the body owns the code as long as it lives, and what functions were passed to is held by this run.
        code = unsafe { &*Rc::as_ptr(&found) };
        outside.extend(entered.iter().cloned());
        args = entry.values.into_iter().map(|one| one.into_bound(py)).chain(entered).collect();
        // SAFETY: the thread holds the GIL.
        _in_use = code.is_weak.then(|| unsafe { code.hold() });
        // What the run before this one has made is held by the objects that came of it.
        drop(std::mem::take(&mut held));
        // A `Bound` is a pointer to its object.
        let mut running = Running::new(this, code, args.as_ptr().cast());
        let start = Instant::now();
        // SAFETY: the frame has the words that the code needs, the first of which are its arguments, which stay alive.
        let status = unsafe { code.entry()(words.as_mut_ptr(), running.activation()) };
        let stayed = start.elapsed();
        held.0 = running.made;
        running.unpin();
        // SAFETY: the code has returned.
        let raised = unsafe { poll::end(&raw mut running) };
        pending = running.take_kept();
        if let Some(raised) = raised {
            // SAFETY: the frame is that of this code, which has left.
            return Ok(Outcome::Done(unsafe { interrupted(this, code, status, words.as_ptr(), raised) }));
        }
        body.again.stayed(stayed);
        if status == PENDING {
            return pending.map(|kept| Outcome::Done(kept.into_result(py))).ok_or_else(stuck);
        }
        let Some(left_by) = status.checked_sub(EXIT_BASE) else {
            let Some(value) = returned(code, status, words) else { return Err(stuck()) };
            return Ok(match same_object(py, &code.returned, &value, &args, &outside)? {
                Some(result) => {
                    body.has_moved.set(!is_interpreted);
                    Outcome::Done(result.into_ptr())
                }
                None if effects => Outcome::Done(object(py, &value)?.into_ptr()),
                None => Outcome::Original,
            });
        };
        exit = left_by as usize;
        words.truncate(code.exit_words.get(exit).copied().unwrap_or(0));
        frame = words;
    }
}

/// A local as `brrr._resume` is told of it: the function that it holds may be one that the continuation makes.
fn named<'a>(name: &'a str, value: &Value) -> Cow<'a, str> {
    match value {
        Value::Function(one) => match one.as_local() {
            Some(local) => format!(".fun{} {name}", local.place).into(),
            None => name.into(),
        },
        _ => name.into(),
    }
}

/// What a run has made, until its results are objects.
struct Held(*mut Made);

impl Default for Held {
    fn default() -> Self {
        Self(null_mut())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: the run is over, and whoever goes on after it holds the GIL.
        unsafe { release(self.0) };
    }
}

/// What cannot be begun again, and cannot go on: memory has run out, or the continuation cannot be made.
pub fn stuck() -> PyErr {
    PyRuntimeError::new_err("brrr: the interpreter cannot go on where compiled code has left")
}

/// The frame to enter code with, and the hidden arguments; `None` if its guards do not hold, or a value is of another type.
///
/// # Safety
/// The thread holds the GIL.
unsafe fn entering<'py>(
    py: Python<'py>,
    code: &Specialisation,
    values: &[Py<PyAny>],
) -> Option<(Vec<u64>, Vec<Bound<'py, PyAny>>)> {
    // SAFETY: as the caller promises; the function of the code is alive, and what was just read is, too.
    let hidden = unsafe {
        let read = code.holds().then(|| code.hidden())??;
        read.into_iter().map(|object| Bound::from_borrowed_ptr(py, object)).collect::<Vec<_>>()
    };
    let args = values.iter().map(|one| one.bind(py)).chain(&hidden).cloned().collect::<Vec<_>>();
    let mut words = vec![0; code.words];
    (args.len() == code.params.len() && unbox_all(&args, &code.params, &mut words)).then_some((words, hidden))
}

/// Writes the arguments of code to its frame; false if one is of another type.
fn unbox_all(args: &[Bound<'_, PyAny>], params: &[Type], frame: &mut [u64]) -> bool {
    if params.iter().map(|one| one.words()).sum::<usize>() > frame.len() {
        return false;
    }
    let mut word = frame.as_mut_ptr();
    args.iter().zip(params).all(|(arg, &one)| {
        // SAFETY: the argument is alive, and the frame has the words of all parameters.
        let behind = unsafe { write(arg.as_ptr(), one, word) };
        word = behind.unwrap_or(word);
        behind.is_some()
    })
}

/// What code has returned with this status. `None` cannot come from verified code.
fn returned(code: &Specialisation, status: u64, frame: Vec<u64>) -> Option<Value> {
    let mut words = frame.into_iter();
    match status.checked_sub(COMPOUND_BASE) {
        Some(at) => Value::compound(code.function.compound(at as usize)?, &mut words),
        None => Value::read(Type::from_tag(status)?.into(), &mut words),
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
    outside: &[Bound<'py, PyAny>],
) -> PyResult<Option<Vec<Bound<'py, PyAny>>>> {
    let mut objects = Vec::with_capacity(left.live.len() + 2);
    for (name, value) in &left.live {
        if matches!(value, Value::Function(one) if one.as_local().is_some()) {
            objects.push(py.None().into_bound(py));
            continue;
        }
        let origins = left.code.function.origins.get(*name).map(Vec::as_slice).unwrap_or_default();
        match same_object(py, origins, value, args, outside)? {
            Some(object) => objects.push(object),
            // Begun again, the call would write to arrays once more: any of the equal arguments has to do.
            None if left.code.function.effects => {
                objects.extend(equal(origins, value, args).into_iter().next());
            }
            None => return Ok(None),
        }
    }
    Ok(Some(objects))
}

/// The object of a value that may be one of the arguments at `origins`, or in one that is a tuple: that very object, if it is equal to
/// the bit, else a new one, or a new tuple with such objects. `None` if several are, not all the same object, and one of them came from
/// `outside`, where the difference can be seen.
///
/// # Errors
/// If memory runs out.
fn same_object<'py>(
    py: Python<'py>,
    origins: &[Origin],
    value: &Value,
    args: &[Bound<'py, PyAny>],
    outside: &[Bound<'py, PyAny>],
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let mut equal = equal(origins, value, args).into_iter();
    let Some(first) = equal.next() else { return made(py, origins, value, args).map(Some) };
    let is_clear = equal.clone().all(|other| other.is(&first));
    let is_from_outside = |one: &Bound<'py, PyAny>| outside.iter().any(|known| known.is(one) || is_within(known, one));
    let is_seen = !is_clear && (is_from_outside(&first) || equal.any(|other| is_from_outside(&other)));
    Ok((!is_seen).then_some(first))
}

/// A new object of a value; what a tuple holds are the arguments at `origins`, and what those hold, wherever just one is equal.
fn made<'py>(
    py: Python<'py>,
    origins: &[Origin],
    value: &Value,
    args: &[Bound<'py, PyAny>],
) -> PyResult<Bound<'py, PyAny>> {
    let Value::Tuple(items) = value else { return object(py, value) };
    let held = |one: &Origin| Origin { is_whole: one.is_holder, is_part: one.is_part || one.is_holder, ..*one };
    let held = origins.iter().map(held).collect::<Vec<_>>();
    let item = |value: &Value| {
        let mut equal = equal(&held, value, args).into_iter();
        match equal.next() {
            Some(first) if equal.all(|other| other.is(&first)) => Ok(first),
            _ => made(py, origins, value, args),
        }
    };
    let items = items.iter().map(item).collect::<PyResult<Vec<_>>>()?;
    Ok(PyTuple::new(py, items)?.into_any())
}

/// The arguments at `origins` that are this very value, and what the tuples among them hold that is.
fn equal<'py>(origins: &[Origin], value: &Value, args: &[Bound<'py, PyAny>]) -> Vec<Bound<'py, PyAny>> {
    let mut equal = Vec::new();
    for origin in origins {
        let Some(argument) = args.get(origin.parameter as usize) else { continue };
        let mut consider = |one: &Bound<'py, PyAny>| {
            if holds(one, value) {
                equal.push(one.clone());
            }
        };
        if origin.is_whole {
            consider(argument);
        }
        if origin.is_part {
            within(argument, |one| {
                consider(one);
                false
            });
        }
    }
    equal
}

/// True if a tuple, or a tuple in it, holds this very object.
fn is_within(tuple: &Bound<'_, PyAny>, one: &Bound<'_, PyAny>) -> bool {
    let mut found = false;
    within(tuple, |held| {
        found |= held.is(one);
        found
    });
    found
}

/// [`each_within`] for objects of which the thread may hold references.
fn within<'py>(object: &Bound<'py, PyAny>, mut visit: impl FnMut(&Bound<'py, PyAny>) -> bool) {
    // SAFETY: the object is alive, and the thread holds the GIL; a tuple holds what it holds for ever.
    unsafe { each_within(object.as_ptr(), |held| visit(&Bound::from_borrowed_ptr(object.py(), held))) }
}

/// Calls a function with positional arguments: a new reference, or null with the exception as it was raised.
fn run(function: &Bound<'_, PyFunction>, values: &[Bound<'_, PyAny>]) -> *mut PyObject {
    // A `Bound` is a pointer to its object.
    let args = values.as_ptr().cast::<*mut PyObject>();
    // SAFETY: `args` has as many live objects as are said, and the thread holds the GIL.
    unsafe { ffi::PyObject_Vectorcall(function.as_ptr(), args, values.len(), null_mut()) }
}

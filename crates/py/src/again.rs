//! Entering compiled code again: the question that continuations ask at the end of a turn.
//!
//! Enters: the ordinal of a loop and the locals at its header. Leaves: the number of turns until the next question, or 0: then
//! the continuation returns, and [`crate::resume`] enters the code that was found. Code for a loop header is compiled only once
//! interpreted turns have taken as long as a compilation takes, so that waiting for it never more than doubles the time of a call.
//! Where stays in compiled code are too short to pay, the questions become rare.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use brrr_core::types::Type;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::callable::{self, View};
use crate::convert::{Argument, classify};
use crate::probes;
use crate::specialise::{Body, Specialisation};

/// Turns between two questions while nothing is compiled.
const STRIDE: u32 = 1024;
/// The longest wait, in turns.
const RARELY: u32 = 1 << 16;
/// Turns of a continuation that need not ask.
const NEVER: u32 = 1 << 30;
/// Loop headers, with types, for which one function is compiled.
const HEADERS: usize = 16;
/// What a compilation costs at most, in time of the interpreter: the first one of a process also opens LLVM.
const COMPILATION: Duration = Duration::from_millis(20);
/// A stay in compiled code that pays for the exit: in this time it does what takes the interpreter a few microseconds.
const WORTH_IT: Duration = Duration::from_nanos(300);

/// What a function knows about entering its code again.
#[derive(Debug)]
pub struct Again {
    /// Time spent in continuations since something was compiled.
    spent: Cell<Duration>,
    /// Turns that a continuation waits before it asks.
    patience: Cell<u32>,
    /// Compilations for loop headers, failed ones too.
    compiled: Cell<usize>,
    loops: RefCell<Vec<Loop>>,
}

/// The names at a loop header.
#[derive(Debug)]
struct Loop {
    statement: u32,
    names: Vec<String>,
    /// The same as `locals()` has them.
    keys: Vec<Py<PyString>>,
}

impl Default for Again {
    fn default() -> Self {
        Self { spent: Cell::default(), patience: Cell::new(1), compiled: Cell::default(), loops: RefCell::default() }
    }
}

impl Again {
    /// Gives up every object.
    pub fn release(&self, py: Python<'_>) {
        for key in self.loops.take().into_iter().flat_map(|one| one.keys) {
            key.drop_ref(py);
        }
    }

    /// Learns how long compiled code stayed until it left again.
    pub fn stayed(&self, time: Duration) {
        let patience = self.patience.get();
        self.patience.set(match () {
            () if time < WORTH_IT => (patience * 2).min(RARELY),
            () if time < 10 * WORTH_IT => (patience / 2).max(1),
            () => 1,
        });
    }

    /// Adds time spent in a continuation.
    fn spend(&self, time: Duration) {
        self.spent.set(self.spent.get() + time);
    }

    /// True once waiting has cost as much as compiling will.
    fn is_due(&self, body: &Body) -> bool {
        let compiled = self.compiled.get();
        if compiled >= HEADERS {
            return false;
        }
        let price = body.compilation().map_or(COMPILATION, |seen| seen.min(COMPILATION));
        probes::is_eager() || self.spent.get() >= price
    }
}

/// Where compiled code goes on.
pub struct Entry {
    /// The code; owned by the body.
    pub code: *const Specialisation,
    /// An argument for each parameter.
    pub args: Vec<Py<PyAny>>,
}

// SAFETY: the pointer is followed with the GIL held only, by the call whose function owns the code.
unsafe impl Send for Entry {}
// SAFETY: as above.
unsafe impl Sync for Entry {}

/// What a continuation asks, as `.ask`.
#[pyclass(module = "brrr._brrr", name = "_Ask", weakref)]
pub struct Ask {
    callable: Option<Py<PyAny>>,
    entry: Option<Entry>,
    since: Instant,
    /// Turns to wait while the locals do not fit.
    misfit: u32,
}

#[pymethods]
impl Ask {
    fn __call__(mut slf: PyRefMut<'_, Self>, statement: u32, locals: &Bound<'_, PyDict>) -> PyResult<u32> {
        let py = slf.py();
        let Some(callable) = slf.callable.as_ref().map(|one| one.bind(py).clone()) else { return Ok(NEVER) };
        let Some(view) = callable::view(&callable) else { return Ok(NEVER) };
        slf.clock(&view);
        let misfit = slf.misfit;
        // Compiling may run Python code: nothing is borrowed meanwhile.
        let this: Py<Self> = slf.into();
        let answer = answer(&view, statement, locals);
        let mut slf = this.borrow_mut(py);
        slf.since = Instant::now();
        match answer {
            Ok(Answer::Enter(entry)) => {
                slf.entry = Some(entry);
                slf.misfit = 1;
                Ok(0)
            }
            Ok(Answer::Misfit) => {
                slf.misfit = (misfit * 2).min(RARELY);
                Ok(misfit)
            }
            Ok(Answer::Wait(turns)) => Ok(turns),
            Err(error) => {
                // Such as KeyboardInterrupt, in a helper that is nobody's business.
                error.set_traceback(py, None);
                Err(error)
            }
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if let Some(callable) = &self.callable {
            visit.call(callable)?;
        }
        self.entry.iter().flat_map(|entry| &entry.args).try_for_each(|arg| visit.call(arg))
    }

    fn __clear__(&mut self) {
        self.callable = None;
        self.entry = None;
    }
}

impl Ask {
    /// For the continuations of one call of `callable`.
    pub fn new(callable: Bound<'_, PyAny>) -> Self {
        Self { callable: Some(callable.unbind()), entry: None, since: Instant::now(), misfit: 1 }
    }

    /// A continuation begins: the turns until its first question.
    pub fn begin(&mut self, body: &Body) -> u32 {
        self.since = Instant::now();
        let again = &body.again;
        if probes::is_eager() {
            return 1;
        }
        if again.compiled.get() > 0 || again.is_due(body) { again.patience.get() } else { STRIDE }
    }

    /// A continuation has ended: where compiled code goes on, if it asked for that.
    pub fn end(&mut self, body: &Body) -> Option<Entry> {
        body.again.spend(self.since.elapsed());
        self.entry.take()
    }

    fn clock(&mut self, view: &View<'_, '_>) {
        view.body.again.spend(self.since.elapsed());
        self.since = Instant::now();
    }
}

enum Answer {
    Enter(Entry),
    /// Locals that compiled code does not hold.
    Misfit,
    Wait(u32),
}

fn answer(view: &View<'_, '_>, statement: u32, locals: &Bound<'_, PyDict>) -> PyResult<Answer> {
    let body = view.body;
    if body.is_interpreted() {
        return Ok(Answer::Wait(NEVER));
    }
    let of_loop = |header: &crate::specialise::Header, _: &_, _| (header.statement == statement).then_some(());
    let is_known = body.search_headers(of_loop).is_some();
    let is_due = body.again.is_due(body);
    if !is_known && !is_due {
        return Ok(Answer::Wait(if body.again.compiled.get() >= HEADERS { RARELY } else { STRIDE }));
    }
    let Some(values) = values(view, statement, locals)? else { return Ok(Answer::Wait(NEVER)) };
    let mut bound = Vec::with_capacity(values.len());
    let mut args = Vec::with_capacity(values.len());
    for (name, value) in &values {
        // SAFETY: the object is alive, and the thread holds the GIL.
        match unsafe { classify(value.as_ptr()) } {
            Argument::Compiled(one) => bound.push((name.as_str(), one)),
            Argument::Interpreted | Argument::Unsupported => return Ok(Answer::Misfit),
        }
        args.push(value.clone().unbind());
    }
    if let Some(code) = find(body, statement, &bound) {
        return Ok(Answer::Enter(Entry { code, args }));
    }
    if !is_due {
        return Ok(Answer::Wait(STRIDE));
    }
    body.again.compiled.set(body.again.compiled.get() + 1);
    body.again.spent.set(Duration::ZERO);
    body.specialise_header(&view.original, statement, &bound)?;
    body.again.patience.set(1);
    Ok(match find(body, statement, &bound) {
        Some(code) => Answer::Enter(Entry { code, args }),
        None => Answer::Wait(NEVER),
    })
}

/// The code for the names and types at a loop header.
fn find(body: &Body, statement: u32, bound: &[(&str, Type)]) -> Option<*const Specialisation> {
    body.search_headers(|header, code, pointer| {
        let names = header.names.iter().map(String::as_str).zip(code.params.iter().copied());
        (header.statement == statement && names.eq(bound.iter().copied())).then_some(pointer)
    })
}

/// The bound names at a loop header with their values, iterators as compiled code keeps them; `None` if there is no such loop, or
/// an iterator is of another kind.
fn values<'py>(
    view: &View<'_, 'py>,
    statement: u32,
    locals: &Bound<'py, PyDict>,
) -> PyResult<Option<Vec<(String, Bound<'py, PyAny>)>>> {
    let py = locals.py();
    let Some(names) = names(view, statement)? else { return Ok(None) };
    let mut values = Vec::with_capacity(names.len());
    let mut iterators: Vec<(String, Option<[Bound<'py, PyAny>; 4]>)> = Vec::new();
    for (name, key) in names {
        let Some((part, ordinal)) = iterator_part(&name) else {
            if let Some(value) = locals.get_item(key)? {
                values.push((name, value));
            }
            continue;
        };
        let at = match iterators.iter().position(|(known, _)| known == ordinal) {
            Some(at) => at,
            None => {
                let state = match locals.get_item(format!(".rest{ordinal}"))? {
                    Some(iterator) => {
                        let module = py.import(intern!(py, "brrr._resume"))?;
                        let state = module.call_method1(intern!(py, "iterator_state"), (iterator,))?;
                        state.extract::<Option<[Bound<'py, PyAny>; 4]>>()?
                    }
                    None => None,
                };
                iterators.push((ordinal.to_owned(), state));
                iterators.len() - 1
            }
        };
        let Some(state) = &iterators[at].1 else { return Ok(None) };
        let value = state[part].clone();
        values.push((name, value));
    }
    Ok(Some(values))
}

/// Which part of the state of which iterator a name stands for: the place in what `iterator_state` gives, and the ordinal.
fn iterator_part(name: &str) -> Option<(usize, &str)> {
    let parts = [".next", ".stop", ".step", ".left"];
    parts.into_iter().enumerate().find_map(|(at, part)| Some((at, name.strip_prefix(part)?)))
}

/// The names at a loop header, and their keys in `locals()`.
fn names<'py>(view: &View<'_, 'py>, statement: u32) -> PyResult<Option<Vec<(String, Bound<'py, PyString>)>>> {
    let py = view.object.py();
    let again = &view.body.again;
    let known = |one: &Loop| {
        let keys = one.keys.iter().map(|key| key.bind(py).clone());
        one.names.iter().cloned().zip(keys).collect()
    };
    if let Some(found) = again.loops.borrow().iter().find(|one| one.statement == statement) {
        return Ok(Some(known(found)));
    }
    let Some(names) = view.body.prepared(py)?.header_names(statement) else { return Ok(None) };
    let names = names.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let source = view.body.continuations.source(&view.original, view.body)?;
    let keys = source.call_method1(intern!(py, "keys"), (names.clone(),))?.extract::<Vec<Bound<'py, PyString>>>()?;
    let one = Loop { statement, names, keys: keys.into_iter().map(Bound::unbind).collect() };
    let found = known(&one);
    again.loops.borrow_mut().push(one);
    Ok(Some(found))
}

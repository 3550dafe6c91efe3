//! Entering compiled code again: the question that continuations ask at the end of a turn.
//!
//! Enters: the ordinal of a loop and the locals at its header. Leaves: a number of turns until the next question, as an iterator, or
//! None: then the continuation returns, and [`crate::resume`] enters the code that was found, or a continuation from that header
//! on that asks rarely, in which interpreted loops run as fast as they do without brrr. Code for a loop header is compiled only once
//! interpreted turns have taken as long as a compilation takes, so that waiting for it never more than doubles the time of a call.
//! Where stays in compiled code are too short to pay, the questions become rare.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use brrr_core::compile::Prepared;
use brrr_core::types::{FunctionType, Type};
use pyo3::ffi;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFunction, PyString};

use crate::binding::Specialisation;
use crate::callable::{self, View};
use crate::convert::{Argument, classify};
use crate::probes;
use crate::shared::Header;
use crate::specialise::{Body, How};

/// Turns between two questions while nothing is compiled.
const STRIDE: u32 = 1024;
/// From so many turns on, the continuation is one that asks rarely.
const LONG: u32 = 64;
/// The longest wait, in turns.
const RARELY: u32 = 1 << 16;
/// The wait if there is nothing to wait for.
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
    /// The function as it was bound, whose address tells it from others.
    bound: *const Prepared,
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
        match () {
            () if time < WORTH_IT => {
                self.wait_longer();
            }
            () if time < 10 * WORTH_IT => self.patience.set((self.patience.get() / 2).max(1)),
            () => self.patience.set(1),
        }
    }

    /// Asking did not pay, or the locals did not fit: the turns to wait now.
    fn wait_longer(&self) -> u32 {
        let patience = self.patience.get();
        self.patience.set((patience * 2).min(RARELY));
        patience
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

/// Where the call goes on, once its continuation has returned.
pub struct Entry {
    /// The ordinal of the loop at whose header it does.
    pub statement: u32,
    /// The bound names there.
    pub names: Vec<String>,
    /// Their values.
    pub values: Vec<Py<PyAny>>,
    /// Code for these names and types.
    pub code: Option<Code>,
    /// The turns that the interpreter does before it asks again, if there is no code.
    pub turns: u32,
}

/// Compiled code, held until it is entered: what runs before that may make room for other code.
pub struct Code(pub Rc<Specialisation>);

// SAFETY: references are counted, and code is followed, with the GIL held only.
unsafe impl Send for Code {}
// SAFETY: as above.
unsafe impl Sync for Code {}

/// What a continuation asks, as `.ask`.
#[pyclass(module = "brrr._brrr", name = "_Ask", weakref)]
pub struct Ask {
    callable: Option<Py<PyAny>>,
    entry: Option<Entry>,
    since: Instant,
}

#[pymethods]
impl Ask {
    fn __call__<'py>(
        mut slf: PyRefMut<'py, Self>,
        statement: u32,
        locals: &Bound<'py, PyDict>,
        must_leave: bool,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = slf.py();
        let Some(callable) = slf.callable.as_ref().map(|one| one.bind(py).clone()) else { return Ok(None) };
        let Some(view) = callable::view(&callable) else { return Ok(None) };
        slf.clock(&view);
        // Compiling may run Python code: nothing is borrowed meanwhile.
        let this: Py<Self> = slf.into();
        let answer = answer(&view, statement, locals, must_leave);
        let mut slf = this.borrow_mut(py);
        slf.since = Instant::now();
        match answer {
            Ok(Answer::Leave(entry)) => {
                slf.entry = Some(entry);
                Ok(None)
            }
            Ok(Answer::Stay(wait)) => turns(py, wait),
            Ok(Answer::GiveUp) => Ok(None),
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
        self.entry.iter().flat_map(|entry| &entry.values).try_for_each(|arg| visit.call(arg))
    }

    fn __clear__(&mut self) {
        self.callable = None;
        self.entry = None;
    }
}

impl Ask {
    /// For the continuations of one call of `callable`.
    pub fn new(callable: Bound<'_, PyAny>) -> Self {
        Self { callable: Some(callable.unbind()), entry: None, since: Instant::now() }
    }

    /// A continuation is going to begin after an exit: the turns until its first question.
    pub fn first(body: &Body) -> u32 {
        let again = &body.again;
        match () {
            () if probes::is_eager() => 1,
            () if again.compiled.get() > 0 || again.is_due(body) => again.patience.get(),
            () => STRIDE,
        }
    }

    /// How a continuation asks that has so many turns until its first question.
    pub fn manner(body: &Body, turns: u32) -> &'static str {
        // Another continuation would not have the variables of the functions that this one has made.
        if turns >= LONG && body.again.compiled.get() > 0 && !body.makes_functions() { "rarely" } else { "often" }
    }

    /// A continuation begins.
    pub fn begin(&mut self) {
        self.since = Instant::now();
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

/// Things by the names of a loop header.
type Named<T> = Vec<(String, T)>;

/// Functions that a continuation has made, with their types.
type MadeFunctions<'py> = Vec<(Bound<'py, PyAny>, FunctionType)>;

enum Answer {
    Leave(Entry),
    Stay(u32),
    /// The original function does the whole call.
    GiveUp,
}

/// An iterator of so many items.
fn turns(py: Python<'_>, turns: u32) -> PyResult<Option<Bound<'_, PyAny>>> {
    let repeat = py.import(intern!(py, "itertools"))?.getattr(intern!(py, "repeat"))?;
    repeat.call1((py.None(), turns)).map(Some)
}

/// The answer; with `must_leave` the continuation does not stay.
fn answer(view: &View<'_, '_>, statement: u32, locals: &Bound<'_, PyDict>, must_leave: bool) -> PyResult<Answer> {
    let body = view.body;
    let of_loop = |header: &Header, _: &_| (header.statement == statement).then_some(());
    let is_known = body.search_headers(of_loop).is_some();
    let is_due = body.again.is_due(body);
    if !must_leave && !is_known && !is_due && body.again.compiled.get() < HEADERS {
        return Ok(Answer::Stay(STRIDE));
    }
    let Some(all) = values(view, statement, locals)? else { return Ok(Answer::GiveUp) };
    let makes_functions = body.makes_functions();
    let made = if makes_functions { made_functions(view, locals, &all)? } else { Some(Vec::new()) };
    let (mut names, mut values, mut types) = (Vec::new(), Vec::new(), Vec::new());
    for (name, value) in all {
        let is_it = |(object, _): &&(Bound<'_, PyAny>, FunctionType)| object.is(&value);
        types.push(match made.as_ref().map(|made| made.iter().find(is_it)) {
            None => None,
            Some(Some(&(_, one))) => Some(Type::Function(one)),
            // SAFETY: the object is alive, and the thread holds the GIL.
            Some(None) => match unsafe { classify(value.as_ptr()) } {
                Argument::Compiled(one) => Some(one),
                Argument::Interpreted | Argument::Unsupported => None,
            },
        });
        names.push(name);
        values.push(value.unbind());
    }
    let types = types.into_iter().collect::<Option<Vec<_>>>();
    let wait = if let Some(types) = &types {
        let bound = names.iter().map(String::as_str).zip(types.iter().copied()).collect::<Vec<_>>();
        let mut code = find(body, statement, &bound);
        if code.is_none() && is_due {
            body.again.compiled.set(body.again.compiled.get() + 1);
            body.again.spent.set(Duration::ZERO);
            body.specialise_header(&view.original, statement, &bound, &How::Call)?;
            body.again.patience.set(1);
            code = find(body, statement, &bound);
        }
        if code.is_some() {
            return Ok(Answer::Leave(Entry { statement, names, values, code, turns: 0 }));
        }
        if body.again.compiled.get() < HEADERS { STRIDE } else { NEVER }
    } else {
        body.again.wait_longer()
    };
    Ok(if must_leave || wait >= LONG && !makes_functions {
        Answer::Leave(Entry { statement, names, values, code: None, turns: wait })
    } else {
        Answer::Stay(wait)
    })
}

/// The functions that the continuation has made at its beginning, with their types; `None` if compiled code could not go on with them:
/// there are others that it has made, or somebody beside it has one of them, who would see that the next continuation makes new ones.
fn made_functions<'py>(
    view: &View<'_, 'py>,
    locals: &Bound<'py, PyDict>,
    values: &Named<Bound<'py, PyAny>>,
) -> PyResult<Option<MadeFunctions<'py>>> {
    let py = locals.py();
    let prepared = view.body.bound(&view.original)?;
    let mut made = Vec::new();
    for one in prepared.made_functions() {
        let Some(local) = one.as_local().filter(|local| !local.is_remade) else { return Ok(None) };
        let Some(object) = locals.get_item(format!(".made{}", local.place))? else { return Ok(None) };
        let is_function = object.cast_exact::<PyFunction>().is_ok();
        if !is_function || object.getattr(intern!(py, "__dict__"))?.len()? > 0 {
            return Ok(None);
        }
        made.push((object, one));
    }
    for (object, _) in &made {
        // Each name has it, and so does `locals` for each name.
        let names = locals.values().iter().filter(|value| value.is(object)).count();
        let here = 1 + values.iter().filter(|(_, value)| value.is(object)).count();
        // SAFETY: the object is alive, and the thread holds the GIL.
        let references = unsafe { ffi::Py_REFCNT(object.as_ptr()) };
        if usize::try_from(references) != Ok(2 * names + here) {
            return Ok(None);
        }
    }
    Ok(Some(made))
}

/// The code for the names and types at a loop header.
fn find(body: &Body, statement: u32, bound: &[(&str, Type)]) -> Option<Code> {
    body.search_headers(|header, code| {
        let names = header.names.iter().map(String::as_str).zip(code.declared().iter().copied());
        // SAFETY: a continuation asks, which has the GIL.
        let is_it = header.statement == statement && names.eq(bound.iter().copied()) && unsafe { code.can_run() };
        is_it.then(|| Code(code.clone()))
    })
}

/// The bound names at a loop header with their values, iterators as compiled code keeps them, or themselves if they are of another
/// kind. `None` if there is no such loop.
fn values<'py>(
    view: &View<'_, 'py>,
    statement: u32,
    locals: &Bound<'py, PyDict>,
) -> PyResult<Option<Named<Bound<'py, PyAny>>>> {
    let py = locals.py();
    let Some(names) = names(view, statement)? else { return Ok(None) };
    let mut values = Vec::with_capacity(names.len());
    let mut iterators: Vec<(String, Option<Bound<'py, PyDict>>)> = Vec::new();
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
                        state.cast_into::<PyDict>().ok()
                    }
                    None => None,
                };
                iterators.push((ordinal.to_owned(), state));
                iterators.len() - 1
            }
        };
        let state = iterators[at].1.as_ref().map(|state| state.get_item(&part)).transpose()?.flatten();
        match state {
            Some(state) => values.push((name, state)),
            None => {
                let rest = format!(".rest{ordinal}");
                if let (Some(iterator), false) = (locals.get_item(&rest)?, values.iter().any(|(name, _)| *name == rest))
                {
                    values.push((rest, iterator));
                }
            }
        }
    }
    Ok(Some(values))
}

/// Which part of the state of which iterator a name stands for: the part as `iterator_state` names it, and the ordinal.
fn iterator_part(name: &str) -> Option<(String, &str)> {
    let parts = ["next", "stop", "step", "left", "turns", "at", "by", "over", "count"];
    parts.into_iter().find_map(|part| {
        let rest = name.strip_prefix('.')?.strip_prefix(part)?;
        let (ordinal, number) = rest.find('.').map_or((rest, ""), |at| rest.split_at(at));
        Some((format!("{part}{number}"), ordinal)).filter(|_| ordinal.starts_with(|one: char| one.is_ascii_digit()))
    })
}

/// The names at a loop header, and their keys in `locals()`.
fn names<'py>(view: &View<'_, 'py>, statement: u32) -> PyResult<Option<Named<Bound<'py, PyString>>>> {
    let py = view.object.py();
    let again = &view.body.again;
    let known = |one: &Loop| {
        let keys = one.keys.iter().map(|key| key.bind(py).clone());
        one.names.iter().cloned().zip(keys).collect()
    };
    // Bound functions live as long as the body.
    let prepared = view.body.bound(&view.original)?;
    let bound = Rc::as_ptr(&prepared);
    let is_it = |one: &&Loop| one.statement == statement && one.bound == bound;
    if let Some(found) = again.loops.borrow().iter().find(is_it) {
        return Ok(Some(known(found)));
    }
    let Some(names) = prepared.header_names(statement) else { return Ok(None) };
    let names = names.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let source = view.body.continuations.source(&view.original, view.body)?;
    let keys = source.call_method1(intern!(py, "keys"), (names.clone(),))?.extract::<Vec<Bound<'py, PyString>>>()?;
    let one = Loop { statement, bound, names, keys: keys.into_iter().map(Bound::unbind).collect() };
    let found = known(&one);
    again.loops.borrow_mut().push(one);
    Ok(Some(found))
}

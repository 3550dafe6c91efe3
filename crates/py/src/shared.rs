//! What functions with the same code share: closures that a factory returns, functions made in a loop.
//!
//! Enters: a code object. Leaves: its [`Shared`], which lives as long as the code object: the parsed function, once for each meaning of
//! the names outside of it, with the machine code made for it. There are no references to functions, namespaces or captured
//! objects here, so that functions go when nobody needs them. A captured variable that is not the same in every closure, and a name
//! that keeps changing, become hidden arguments.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::c_void;
use std::ptr::null_mut;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use brrr_core::abi::{self, Entry};
use brrr_core::backend::{Options, Tier};
use brrr_core::compile::{Compiled, Prepared};
use brrr_core::diagnostic::Diagnostic;
use brrr_core::ir::Origin;
use brrr_core::outside::{Constant, FunctionKey};
use brrr_core::types::{FunctionType, Type};
use brrr_core::{ir, load, syntax};
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyFunction;

use crate::arrays::Maker;
use crate::code::Loaded;
use crate::functions::Resolved;
use crate::outside::Names;
use crate::tiers::{Job, Warmth};
use crate::values;

/// What machine code depends on beside the code object and the names outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// What the user asked for.
    pub options: Options,
    /// There is a probe at every entry point.
    pub probes: bool,
    /// It is a static method.
    pub is_static: bool,
}

/// Machine code for the types of the parameters and hidden arguments.
#[derive(Debug)]
pub struct Machine {
    /// The types of the parameters, and behind them those of the hidden arguments: its own, and those that it hands to functions that
    /// it calls.
    pub params: Box<[Type]>,
    /// How many of them are no hidden arguments.
    pub declared: usize,
    /// What it hands down: which hidden argument of which function of the unit.
    pub handed: Box<[(FunctionKey, usize)]>,
    /// The loop header where the code begins, if it is not the function's start.
    pub header: Option<Header>,
    /// The machine code, of whatever tier it is now.
    entry: Cell<Entry>,
    /// How hot it is, and of what tier.
    pub warmth: Warmth,
    /// Words its frame needs.
    pub words: usize,
    /// Parameters whose very object may be returned.
    pub returned: Box<[Origin]>,
    /// The IR, which the exits refer to.
    pub function: ir::Function,
    /// The calls by which it makes arrays.
    pub makers: Rc<[Maker]>,
    /// Words of the frame that each exit writes.
    pub exit_words: Box<[usize]>,
    /// The other functions of the unit.
    pub members: Box<[Rc<Machine>]>,
    /// Which function it is, if it is one that is called within a unit.
    pub callee: Option<Callee>,
    /// The memory of the whole unit; a part of one that is called has none.
    code: RefCell<Option<Arc<load::Code>>>,
    /// The functions that it knows by name as values.
    known: BTreeSet<FunctionType>,
}

/// The functions among types, in their order, each once.
fn functions_in_order(params: &[Type]) -> Vec<FunctionType> {
    let mut found = Vec::new();
    for &one in params {
        values::each_function(one, &mut |one| {
            if !found.contains(&one) {
                found.push(one);
            }
        });
    }
    found
}

/// A loop header where compiled code is entered again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The ordinal of the loop's statement.
    pub statement: u32,
    /// The names that are bound there: the parameters of the code.
    pub names: Box<[String]>,
}

/// The function that a part of a unit is.
#[derive(Clone, Debug)]
pub struct Callee {
    /// Its key when the code was made.
    pub key: FunctionKey,
    /// What its names meant. It may be what holds the code.
    pub meaning: Weak<Meaning>,
    /// The defaults that were compiled in.
    pub defaults: Vec<Option<Constant>>,
    /// The types that its hidden arguments had.
    pub hidden: Vec<Type>,
}

impl Callee {
    fn of(Resolved { key, meaning, defaults, hidden, .. }: Resolved) -> Self {
        Self { key, meaning: Rc::downgrade(&meaning), defaults, hidden }
    }
}

impl Machine {
    /// What was made for a function and for those that it calls, which are `callees`; it is `own` if it may call itself.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn new(
        py: Python<'_>,
        header: Option<Header>,
        declared: usize,
        made: Compiled,
        (own, callees): (Option<Resolved>, Vec<Resolved>),
        (loaded, manner): (Loaded, (Options, bool)),
    ) -> PyResult<Self> {
        let code = loaded.code;
        let handed = made.handed.iter().map(|one| (one.of, one.index)).collect();
        let words = made.unit.functions.iter().map(abi::frame_words).max().unwrap_or(1);
        let known = made.known;
        let mut functions = made.unit.functions.into_iter();
        let part = |function: ir::Function| {
            let exit_words = function.exits.iter().map(|exit| abi::exit_words(&function, exit)).collect();
            let makers = function.creations.iter().map(|creation| Maker::new(py, creation)).collect::<PyResult<_>>()?;
            PyResult::Ok(Self {
                params: function.params.clone().into(),
                declared: function.params.len(),
                handed: Box::default(),
                header: None,
                entry: Cell::new(code.entry()),
                // Of the first one, which is entered.
                warmth: Warmth::new(loaded.tier, manner),
                words,
                returned: function.returned.as_slice().into(),
                makers,
                exit_words,
                function,
                members: Box::default(),
                callee: None,
                code: RefCell::new(None),
                known: BTreeSet::new(),
            })
        };
        let first = functions.next().ok_or_else(|| PyRuntimeError::new_err("a unit without functions"))?;
        let mut first = part(first)?;
        let members = functions
            .zip(callees)
            .map(|(function, callee)| Ok(Rc::new(Self { callee: Some(Callee::of(callee)), ..part(function)? })));
        first.members = members.collect::<PyResult<_>>()?;
        first.callee = own.map(Callee::of);
        (first.declared, first.handed, first.header) = (declared, handed, header);
        (first.code, first.known) = (RefCell::new(Some(code)), known);
        Ok(first)
    }

    /// The machine code.
    #[inline(always)]
    pub fn entry(&self) -> Entry {
        self.entry.get()
    }

    /// The memory of the machine code: who runs it while Python code may run holds it, for it may be replaced.
    pub fn memory(&self) -> Option<Arc<load::Code>> {
        self.code.borrow().clone()
    }

    /// The functions that the code was made from.
    pub fn unit(&self) -> ir::Unit {
        let members = self.members.iter().map(|one| one.function.clone());
        ir::Unit { functions: std::iter::once(self.function.clone()).chain(members).collect() }
    }

    /// Has the calls to come enter other code, of the full tier, for the same unit. The one before goes when nobody runs it.
    pub fn install(&self, code: Arc<load::Code>) {
        self.entry.set(code.entry());
        self.warmth.settle();
        let before = self.code.replace(Some(code));
        drop(before);
    }

    /// Has the calls to come enter what this job makes, now if it has not been made; they stay with what they have if it cannot be made.
    pub fn improve(&self, job: &Job) {
        if let Ok(code) = job.run()
            && self.warmth.tier() != Tier::Full
        {
            self.install(code.clone());
        }
    }

    /// It is time to look after the full tier: asks for it, or puts it in its place.
    #[cold]
    #[inline(never)]
    pub fn look(&self) {
        if let Some(code) = self.warmth.look(|| self.unit()) {
            self.install(code);
        }
    }

    /// The same machine code for parameters with other functions as values; `None` if that makes a difference. What these functions do
    /// is not looked at here.
    pub fn renamed(&self, params: &[Type]) -> Option<Self> {
        let (before, now) = (functions_in_order(&self.params), functions_in_order(params));
        let names = before.iter().copied().zip(now.iter().copied()).collect::<BTreeMap<_, _>>();
        let other = |one: FunctionType| names.get(&one).copied().unwrap_or(one);
        let own = &self.params[..self.params.len() - self.handed.len()];
        let is_same = own.iter().map(|one| one.renamed(&other)).eq(params.iter().copied());
        let distinct = names.values().collect::<BTreeSet<_>>().len() == names.len();
        // Those of the user's that are called are members, which are compared; Python's own are not.
        let may_differ = |one: &FunctionType, other: &FunctionType| {
            let are_callees = one.as_callee().is_some() && other.as_callee().is_some();
            are_callees && one.name() == other.name() && !self.known.contains(one) && !self.known.contains(other)
        };
        let fits = names.iter().all(|(one, other)| one == other || may_differ(one, other));
        (before.len() == now.len() && is_same && distinct && fits).then(|| self.with_functions(&other))
    }

    fn with_functions(&self, other: &dyn Fn(FunctionType) -> FunctionType) -> Self {
        let key = |before: FunctionKey| {
            let is_it = |one: &FunctionType| one.as_callee().is_some_and(|known| known.key == before);
            let one = functions_in_order(&self.params).into_iter().find(is_it);
            one.and_then(|one| other(one).as_callee()).map_or(before, |callee| callee.key)
        };
        let part = |one: &Self, callee: Option<Callee>| Self {
            params: one.params.iter().map(|one| one.renamed(other)).collect(),
            declared: one.declared,
            handed: one.handed.iter().map(|&(of, index)| (key(of), index)).collect(),
            header: one.header.clone(),
            entry: one.entry.clone(),
            warmth: one.warmth.again(),
            words: one.words,
            returned: one.returned.clone(),
            function: one.function.renamed(other),
            makers: one.makers.clone(),
            exit_words: one.exit_words.clone(),
            members: Box::default(),
            callee,
            code: one.code.clone(),
            known: one.known.clone(),
        };
        let callee = |callee: &Callee| Callee { key: key(callee.key), ..callee.clone() };
        let member = |one: &Rc<Self>| Rc::new(part(one, one.callee.as_ref().map(callee)));
        Self { members: self.members.iter().map(member).collect(), ..part(self, self.callee.as_ref().map(callee)) }
    }
}

/// The function for one meaning of the names that it relies on.
#[derive(Debug)]
pub struct Meaning {
    /// What these names mean, as text.
    keys: BTreeMap<String, String>,
    /// What can be compiled.
    pub prepared: Rc<Prepared>,
    machines: RefCell<Vec<Rc<Machine>>>,
    /// What it calls cannot be compiled: the interpreter runs it while its names mean this.
    pub is_interpreted: Cell<bool>,
    /// What was done in place of its calls within loops left often: they are calls from then on.
    pub leaves_often: Cell<bool>,
}

impl Meaning {
    fn new(prepared: Rc<Prepared>, names: &Names) -> Self {
        let paths = prepared.guards().iter().map(String::as_str).chain(prepared.hidden());
        let keys = paths.map(|path| (path.to_owned(), names.key(path))).collect();
        Self {
            keys,
            prepared,
            machines: RefCell::default(),
            is_interpreted: Cell::new(false),
            leaves_often: Cell::new(false),
        }
    }

    /// The code that has been made for a start with these types of the parameters and its own hidden arguments; several times, if what it calls has changed.
    pub fn machines(&self, header: Option<&Header>, params: &[Type]) -> Vec<Rc<Machine>> {
        let all = self.machines.borrow();
        let own = |one: &Machine| one.params.len() - one.handed.len() == params.len() && one.params.starts_with(params);
        let is_it = |one: &&Rc<Machine>| one.header.as_ref() == header && own(one) && self.takes(&one.function);
        all.iter().filter(is_it).cloned().collect()
    }

    /// False for code in which calls were done in place, if they are calls by now.
    pub fn takes(&self, function: &ir::Function) -> bool {
        !self.leaves_often.get() || function.inlined.is_empty()
    }

    /// The code that has been made for the same start with other functions as values, each for what the types are now.
    pub fn machines_like(&self, header: Option<&Header>, params: &[Type]) -> Vec<Rc<Machine>> {
        let all = self.machines.borrow();
        let others = all.iter().filter(|one| {
            one.header.as_ref() == header && !one.params.starts_with(params) && self.takes(&one.function)
        });
        others.filter_map(|one| one.renamed(params)).map(Rc::new).collect()
    }

    /// Keeps what was made.
    pub fn keep(&self, machine: Rc<Machine>) {
        self.machines.borrow_mut().push(machine);
    }
}

/// A name that was taken as a constant is one no more after so many changes.
const MOST_CHANGES: u32 = 2;
/// Meanings that are kept for functions to come.
const MOST_MEANINGS: usize = 64;

/// All that functions with the same code share.
#[derive(Debug)]
pub struct Shared {
    manner: Manner,
    prepared: Rc<Prepared>,
    meanings: RefCell<Vec<Rc<Meaning>>>,
    /// The text is what the code object was made from.
    pub verified: Cell<bool>,
    /// The paths that are arguments, if they can be.
    variables: RefCell<BTreeSet<String>>,
    /// How often constants were something else than before.
    changes: RefCell<BTreeMap<String, u32>>,
    /// What each captured constant was last.
    captured: RefCell<BTreeMap<String, String>>,
}

/// The constants that a function has been bound with: the addresses of their objects.
pub type Constants = BTreeMap<String, usize>;

impl Shared {
    /// For a function that was read and bound.
    pub fn new(manner: Manner, prepared: Prepared, names: &Names) -> (Rc<Self>, Rc<Meaning>) {
        let prepared = Rc::new(prepared);
        let meaning = Rc::new(Meaning::new(prepared.clone(), names));
        let shared = Self {
            manner,
            prepared,
            meanings: RefCell::new(vec![meaning.clone()]),
            verified: Cell::new(false),
            variables: RefCell::default(),
            changes: RefCell::default(),
            captured: RefCell::default(),
        };
        shared.compare(names, None);
        (Rc::new(shared), meaning)
    }

    /// What its code depends on besides.
    pub const fn manner(&self) -> Manner {
        self.manner
    }

    /// The function as it was read first.
    pub fn prepared(&self) -> &Rc<Prepared> {
        &self.prepared
    }

    /// What the names outside a function mean now. `before` is what its constants were, if it was bound before.
    ///
    /// # Errors
    /// If the function lacks what functions have.
    pub fn names(&self, function: &Bound<'_, PyFunction>, before: Option<&Constants>) -> PyResult<Names> {
        let variables = self.variables.borrow().clone();
        let names = Names::of(function, &variables)?;
        if !self.compare(&names, before) {
            return Ok(names);
        }
        names.release(function.py());
        let variables = self.variables.borrow().clone();
        Names::of(function, &variables)
    }

    /// Learns which constants are none; true if there are more of them.
    fn compare(&self, names: &Names, before: Option<&Constants>) -> bool {
        let mut more = false;
        for (path, address, is_captured) in names.constants() {
            let key = is_captured.then(|| names.key(path));
            let last = key.as_ref().and_then(|key| self.captured.borrow_mut().insert(path.to_owned(), key.clone()));
            let differs = last.is_some() && last != key;
            let changed = before.is_some_and(|before| before.get(path).is_some_and(|&known| known != address));
            let mut changes = self.changes.borrow_mut();
            if changed {
                *changes.entry(path.to_owned()).or_default() += 1;
            }
            if differs || changed && changes.get(path).is_some_and(|&count| count >= MOST_CHANGES) {
                more |= self.variables.borrow_mut().insert(path.to_owned());
            }
        }
        more
    }

    /// The function for what the names mean. Run it within [`syntax::with_stack`].
    ///
    /// # Errors
    /// Why it cannot be compiled.
    pub fn meaning(&self, names: &Names) -> Result<Rc<Meaning>, Vec<Diagnostic>> {
        let is_it = |one: &&Rc<Meaning>| one.keys.iter().all(|(path, key)| names.key(path) == *key);
        if let Some(known) = self.meanings.borrow().iter().find(is_it) {
            return Ok(known.clone());
        }
        let prepared = syntax::with_stack(|| self.prepared.again(&names.env))?;
        let meaning = Rc::new(Meaning::new(Rc::new(prepared), names));
        let mut all = self.meanings.borrow_mut();
        if all.len() < MOST_MEANINGS {
            all.push(meaning.clone());
        }
        Ok(meaning)
    }
}

/// What is attached to a code object.
type Attached = RefCell<Vec<Rc<Shared>>>;

/// The place for it in code objects; negative if there is none.
fn index(py: Python<'_>) -> ffi::Py_ssize_t {
    static INDEX: PyOnceLock<ffi::Py_ssize_t> = PyOnceLock::new();
    // SAFETY: the thread holds the GIL, and the function below takes what is put there.
    *INDEX.get_or_init(py, || unsafe { ffi::PyUnstable_Eval_RequestCodeExtraIndex(free) })
}

/// A code object is gone.
unsafe extern "C" fn free(attached: *mut c_void) {
    if !attached.is_null() {
        // SAFETY: it was made by `Box` in `keep`, and is nobody else's now.
        unsafe { drop(Box::from_raw(attached.cast::<Attached>())) };
    }
}

/// What is attached to a code object, if anything is.
fn attached<'a>(code: &'a Bound<'_, PyAny>) -> Option<&'a Attached> {
    let index = index(code.py());
    let mut found = null_mut();
    // SAFETY: the object is a code object, and what is attached to it lives as long as it does.
    unsafe {
        if index < 0 || ffi::PyUnstable_Code_GetExtra(code.as_ptr(), index, &raw mut found) != 0 {
            ffi::PyErr_Clear();
            return None;
        }
        found.cast::<Attached>().as_ref()
    }
}

/// What functions with this code object share, if there was one before.
pub fn of(code: &Bound<'_, PyAny>, manner: Manner) -> Option<Rc<Shared>> {
    attached(code)?.borrow().iter().find(|one| one.manner == manner).cloned()
}

/// Keeps it for functions to come.
pub fn keep(code: &Bound<'_, PyAny>, shared: Rc<Shared>) {
    if let Some(known) = attached(code) {
        return known.borrow_mut().push(shared);
    }
    let index = index(code.py());
    if index < 0 {
        return;
    }
    let made = Box::into_raw(Box::new(Attached::new(vec![shared])));
    // SAFETY: the object is a code object; what cannot be attached is dropped again.
    unsafe {
        if ffi::PyUnstable_Code_SetExtra(code.as_ptr(), index, made.cast()) != 0 {
            ffi::PyErr_Clear();
            drop(Box::from_raw(made));
        }
    }
}

//! One function under the decorator: what was read at decoration and what has been compiled since.
//!
//! Enters: the types of the arguments. Leaves: a [`Specialisation`]: machine code that functions with the same code share
//! ([`crate::shared`]), with what is this function's own. A specialisation is dropped with its function, or when a function that was passed
//! as a value is gone ([`living`]): a pointer to one for functions as values is followed across Python code only by who holds it
//! ([`Specialisation::hold`]). Everything that may run Python code runs without a borrow: the same function may be called, and compiled,
//! in the middle of it.

mod exits;
mod living;
mod make;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::ptr::null_mut;
use std::rc::Rc;
use std::time::{Duration, Instant};

use brrr_core::backend::{Options, Output, Overflow, Tier};
use brrr_core::compile::Prepared;
use brrr_core::diagnostic::{Code, Diagnostic};
use brrr_core::outside::FunctionKey;
use brrr_core::types::{Signature, Type};
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi::PyObject;
use pyo3::prelude::*;
use pyo3::types::PyFunction;

use crate::again::Again;
use crate::binding::{Binding, Specialisation, hidden_types};
use crate::code::{self, Origin};
use crate::decorate::{self, Read, Unread};
use crate::env::{self, Parameters};
use crate::errors::{Refusal, guarded};
use crate::functions::{self, Live};
use crate::guards::Guards;
use crate::resume::Continuations;
use crate::shared::{Header, Meaning, Shared};
use exits::LastExit;
pub use make::How;

/// What the user asked of the decorator.
#[derive(Clone, Copy, Debug)]
pub struct Choices {
    /// What machine code depends on.
    pub options: Options,
    /// Unsupported code runs in the interpreter.
    pub fallback: bool,
    /// Machine code is kept on the disk.
    pub cache: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Self { options: Options::default(), fallback: false, cache: true }
    }
}

/// A function is bound anew when a name outside of it comes to mean something else, up to so many times; then the interpreter
/// runs it while its names mean what they never meant before.
const MOST_BINDINGS: usize = 32;

/// Functions are passed as values for so many compilations; then the interpreter runs what has not been compiled for.
const MOST_OF_FUNCTIONS: u32 = 64;
/// A function as the names outside of it stand, and what must be true of them.
pub type Understood = (Rc<Meaning>, Rc<Guards>);

/// The state behind a function under the decorator.
#[derive(Debug)]
pub struct Body {
    /// Its parameters.
    pub parameters: Parameters,
    /// What the user asked for.
    pub choices: Choices,
    /// The object by which others call the function; not held.
    object: Cell<*mut PyObject>,
    /// The parsed function, or why the interpreter runs it; empty until the first call of one that came out of a pickle.
    shared: OnceCell<Result<Rc<Shared>, Refusal>>,
    /// How it is read then.
    unread: RefCell<Option<Unread>>,
    /// What the names outside the function have meant so far.
    bindings: RefCell<Vec<Rc<Binding>>>,
    /// Every call runs the original function.
    interpreted: Cell<bool>,
    warned: Cell<bool>,
    specialisations: RefCell<Vec<Rc<Specialisation>>>,
    last_exit: RefCell<Option<LastExit>>,
    /// Exits taken by code of other functions' units, by line.
    elsewhere: RefCell<BTreeMap<u32, u64>>,
    /// What goes on after side exits.
    pub continuations: Continuations,
    /// Where compiled code is entered again.
    pub again: Again,
    /// Seconds spent in checking and compiling.
    pub seconds: Cell<f64>,
    /// The quickest compilation.
    quickest: Cell<Option<Duration>>,
    /// How much has been compiled for functions as values.
    of_functions: Cell<u32>,
    /// Where the code compiled last came from.
    origin: Cell<Origin>,
    /// How many runs have asked for better code to move to, and how many have moved.
    pub asked: Cell<u32>,
    pub moves: Cell<u64>,
    /// The run that has just been finished after an exit did so, and no more than that.
    pub has_moved: Cell<bool>,
}

impl Body {
    /// The state after decoration.
    ///
    /// # Errors
    /// If the function lacks what functions have.
    pub fn new(
        function: &Bound<'_, PyFunction>,
        parameters: Parameters,
        choices: Choices,
        read: Read,
    ) -> PyResult<Self> {
        let body = Self::unread(parameters, choices, None);
        body.fill(function, read)?;
        Ok(body)
    }

    /// The state of a function that is read at its first call.
    pub fn unread(parameters: Parameters, choices: Choices, unread: Option<Unread>) -> Self {
        Self {
            parameters,
            choices,
            object: Cell::new(null_mut()),
            shared: OnceCell::new(),
            unread: RefCell::new(unread),
            bindings: RefCell::default(),
            interpreted: Cell::new(true),
            warned: Cell::new(false),
            specialisations: RefCell::default(),
            last_exit: RefCell::default(),
            elsewhere: RefCell::default(),
            continuations: Continuations::default(),
            again: Again::default(),
            seconds: Cell::new(0.0),
            quickest: Cell::new(None),
            of_functions: Cell::new(0),
            origin: Cell::default(),
            asked: Cell::new(0),
            moves: Cell::new(0),
            has_moved: Cell::new(false),
        }
    }

    fn fill(&self, function: &Bound<'_, PyFunction>, read: Read) -> PyResult<()> {
        let interpreted = read.is_err() || self.parameters.doubled;
        let shared = match read {
            Ok((shared, meaning, names)) => {
                let binding = Binding::new(function, Some(meaning), names)?;
                self.bindings.borrow_mut().push(Rc::new(binding));
                Ok(shared)
            }
            Err(refusal) => Err(refusal),
        };
        if self.shared.set(shared).is_ok() {
            self.interpreted.set(interpreted);
            self.warned.set(interpreted);
        }
        Ok(())
    }

    /// True if the function has been read, as all have that were decorated here.
    pub fn is_read(&self) -> bool {
        self.shared.get().is_some()
    }

    /// Reads a function that has not been read.
    ///
    /// # Errors
    /// Why it cannot be compiled.
    pub fn read(&self, function: &Bound<'_, PyFunction>) -> PyResult<()> {
        if self.is_read() {
            return Ok(());
        }
        let unread = self.unread.borrow().clone();
        let read = decorate::read_again(function, self.choices, unread)?;
        self.fill(function, read)
    }

    /// Options and text, as a pickle has them: path, first line and text.
    pub fn pickled(&self) -> (decorate::Pickled, Option<(String, u32, String)>) {
        let options = self.choices.options;
        let wrap = options.overflow == Overflow::Wrap;
        let (is_static, text) = match (self.shared.get(), &*self.unread.borrow()) {
            (Some(Ok(shared)), _) => {
                let prepared = shared.prepared();
                let text =
                    (prepared.source().path().to_owned(), prepared.first_line(), format!("{}\n", prepared.text()));
                (shared.manner().is_static, Some(text))
            }
            (_, Some(unread)) => (unread.is_static, unread.text.clone()),
            _ => (false, None),
        };
        ((wrap, self.choices.fallback, is_static, self.choices.cache, options.fastmath), text)
    }

    fn shared(&self, py: Python<'_>) -> PyResult<&Rc<Shared>> {
        let unread = || PyRuntimeError::new_err("brrr: the function has not been read");
        self.shared.get().ok_or_else(unread)?.as_ref().map_err(|refusal| refusal.error(py))
    }

    /// True if there are functions within the function.
    pub fn makes_functions(&self) -> bool {
        self.known().is_some_and(|shared| shared.prepared().makes_functions())
    }

    fn known(&self) -> Option<&Rc<Shared>> {
        self.shared.get()?.as_ref().ok()
    }

    /// Shows every object to the garbage collector until it says stop.
    pub fn traverse(&self, mut visit: impl FnMut(*mut PyObject) -> i32) -> i32 {
        let stop = self.continuations.traverse(&mut visit);
        // Borrowed only while one is put in, which runs no collector.
        let Ok(bindings) = self.bindings.try_borrow() else { return stop };
        if stop != 0 {
            return stop;
        }
        let stop = bindings.iter().map(|binding| binding.guards.traverse(&mut visit)).find(|&stop| stop != 0);
        let (None, Ok(all)) = (stop, self.specialisations.try_borrow()) else { return stop.unwrap_or(0) };
        all.iter().map(|one| one.traverse(&mut visit)).find(|&stop| stop != 0).unwrap_or(0)
    }

    /// Gives up what may refer to the function in turn.
    pub fn clear(&self, py: Python<'_>) {
        self.interpreted.set(true);
        self.continuations.clear(py);
        let bindings = self.bindings.borrow().clone();
        bindings.iter().for_each(|binding| binding.guards.clear(py));
        let all = self.specialisations.borrow();
        all.iter().for_each(|one| one.clear(py));
    }

    /// Gives up everything, references to Python objects included.
    pub fn release(self, py: Python<'_>) {
        self.clear(py);
        self.again.release(py);
        for name in self.parameters.names {
            name.drop_ref(py);
        }
    }

    /// True if every call runs the original function.
    pub fn is_interpreted(&self) -> bool {
        self.interpreted.get()
    }

    /// The function as it was read.
    ///
    /// # Errors
    /// Why it cannot be compiled.
    pub fn prepared(&self, py: Python<'_>) -> PyResult<&Prepared> {
        self.shared(py).map(|shared| &**shared.prepared())
    }

    /// The function as the names outside of it stand now: the one of a meaning that they had before, or bound anew. `None` if
    /// the interpreter runs it.
    ///
    /// # Errors
    /// Why it cannot be compiled, if that is known only now because a name was bound nowhere before.
    fn binding(&self, function: &Bound<'_, PyFunction>) -> PyResult<Option<Rc<Binding>>> {
        let py = function.py();
        let known = self.bindings.borrow().clone();
        // SAFETY: `function` proves that the thread holds the GIL.
        if let Some(found) = known.iter().rev().find(|binding| unsafe { binding.guards.hold() }) {
            return Ok(Some(found.clone()));
        }
        if known.len() > MOST_BINDINGS {
            return Ok(None);
        }
        let shared = self.shared(py)?;
        let names = shared.names(function, known.last().map(|last| &last.constants))?;
        let meaning = match shared.meaning(&names) {
            Ok(meaning) => Some(meaning),
            Err(diagnostics) => {
                if known.last().is_some_and(|last| last.lacked(&names)) {
                    self.refuse(py, &Refusal::InSource(shared.prepared().source().clone(), diagnostics))?;
                }
                None
            }
        };
        let binding = Rc::new(Binding::new(function, meaning, names)?);
        self.bindings.borrow_mut().push(binding.clone());
        Ok(Some(binding))
    }

    /// True for what the names mean when all of them are bound for the first time.
    fn is_first(&self, binding: &Rc<Binding>) -> bool {
        let all = self.bindings.borrow();
        all.iter().find(|one| !one.lacks()).is_none_or(|first| Rc::ptr_eq(first, binding))
    }

    /// The function as others call it, as the names outside of it stand now, with what must be true of them; or why it cannot be
    /// compiled: nothing is said if that is so only now.
    ///
    /// # Errors
    /// If something was raised meanwhile.
    pub fn as_callee(&self, function: &Bound<'_, PyFunction>) -> PyResult<Result<Understood, Option<Refusal>>> {
        self.read(function)?;
        if let Some(Err(refusal)) = self.shared.get() {
            return Ok(Err(Some(refusal.clone())));
        }
        if let Some(refusal) = self.verify(function)? {
            return Ok(Err(Some(refusal)));
        }
        let binding = self.binding(function)?;
        let found = binding.and_then(|binding| Some((binding.meaning.clone()?, binding.guards.clone())));
        Ok(found.ok_or(None))
    }

    /// The function as the names outside of it stand now.
    ///
    /// # Errors
    /// Why it cannot be compiled.
    pub fn bound(&self, function: &Bound<'_, PyFunction>) -> PyResult<Rc<Prepared>> {
        let py = function.py();
        let binding = guarded(py, || self.binding(function))?;
        let bound = binding.and_then(|binding| binding.meaning.as_ref().map(|meaning| meaning.prepared.clone()));
        bound.map_or_else(|| self.shared(py).map(|shared| shared.prepared().clone()), Ok)
    }

    /// The function as the names outside of it stand now, and a signature for the types of the parameters: with those of the hidden
    /// arguments.
    ///
    /// # Errors
    /// Why it cannot be compiled.
    pub fn bound_for(
        &self,
        function: &Bound<'_, PyFunction>,
        declared: &[Type],
    ) -> PyResult<(Rc<Prepared>, Signature)> {
        let prepared = self.bound(function)?;
        let binding = guarded(function.py(), || self.binding(function))?;
        let hidden = binding.and_then(|binding| hidden_types(&binding.guards));
        // What has no type now has some type for who only wants to read.
        let hidden = hidden.filter(|hidden| hidden.len() == prepared.hidden().len());
        let hidden = hidden.unwrap_or_else(|| vec![Type::Int; prepared.hidden().len()]);
        Ok((prepared, Signature { params: declared.iter().copied().chain(hidden).collect() }))
    }

    /// Hands every specialisation of the whole function, the last compiled first, to `choose` until it answers.
    pub fn search<T>(&self, choose: impl FnMut(&Specialisation) -> Option<T>) -> Option<T> {
        let all = self.specialisations.borrow();
        all.iter().rev().map(|one| &**one).filter(|one| one.header.is_none()).find_map(choose)
    }

    /// Hands the code for every loop header to `choose` until it answers.
    pub fn search_headers<T>(&self, mut choose: impl FnMut(&Header, &Rc<Specialisation>) -> Option<T>) -> Option<T> {
        let all = self.specialisations.borrow();
        all.iter().find_map(|one| choose(one.header.as_ref()?, one))
    }

    /// The signature compiled last.
    pub fn last_signature(&self) -> Option<Signature> {
        self.search(|one| Some(Signature { params: one.declared().to_vec() }))
    }

    /// The tier of the code for each compiled signature, and for those that wait for a better one in vain, why.
    pub fn tiers(&self) -> (BTreeMap<String, Tier>, BTreeMap<String, String>) {
        let (mut tiers, mut problems) = (BTreeMap::new(), BTreeMap::new());
        for one in self.specialisations.borrow().iter().filter(|one| one.header.is_none()) {
            let text = Signature { params: one.declared().to_vec() }.python(one.function.result);
            problems.extend(one.warmth.problem().map(|problem| (text.clone(), problem)));
            tiers.insert(text, one.warmth.tier());
        }
        (tiers, problems)
    }

    /// Compiled signatures in the order of their compilation.
    pub fn signatures(&self) -> Vec<String> {
        let text = |one: &Specialisation| Signature { params: one.declared().to_vec() }.python(one.function.result);
        let mut all = Vec::new();
        for text in self.specialisations.borrow().iter().filter(|one| one.header.is_none()).map(|one| text(one)) {
            if !all.contains(&text) {
                all.push(text);
            }
        }
        all
    }

    /// Compiles for a signature, unless that has been done. False if the interpreter runs this function instead, which
    /// only happens when the user chose `fallback`.
    ///
    /// # Errors
    /// Why it cannot be compiled.
    pub fn specialise(&self, function: &Bound<'_, PyFunction>, signature: &Signature, how: &How) -> PyResult<bool> {
        let py = function.py();
        if self.is_interpreted() {
            return Ok(false);
        }
        let must_be_full = matches!(how, How::Full);
        if self.has(&signature.params, must_be_full) {
            return Ok(true);
        }
        let start = Instant::now();
        let made = guarded(py, || {
            let typed = |prepared: &Prepared, hidden: &[Type], key, live: &Live<'_>| {
                let params = signature.params.iter().chain(hidden).copied().collect();
                Some(prepared.unit(key, &Signature { params }, live))
            };
            self.make(function, None, &signature.params, how, typed)
        });
        self.spend(start.elapsed());
        match made? {
            None => Ok(false),
            Some(Ok(made)) => {
                // Compiling may have run Python code that called this function with the same types.
                if !self.has(&signature.params, made.warmth.tier() == Tier::Full) {
                    return Ok(self.push(py, made));
                }
                made.clear(py);
                Ok(true)
            }
            Some(Err(refusal)) => {
                self.refuse(py, &refusal)?;
                self.interpreted.set(true);
                Ok(false)
            }
        }
    }

    /// Where the code compiled last came from.
    pub fn origin(&self) -> Origin {
        self.origin.get()
    }

    /// What a compilation of this function takes, if one was seen.
    pub fn compilation(&self) -> Option<Duration> {
        self.quickest.get()
    }

    fn spend(&self, time: Duration) {
        self.seconds.set(self.seconds.get() + time.as_secs_f64());
        self.quickest.set(Some(self.quickest.get().map_or(time, |before| before.min(time))));
    }

    /// Raises a refusal, or warns once if the user chose `fallback`.
    ///
    /// # Errors
    /// The refusal, or the warning if the user made warnings errors.
    pub fn refuse(&self, py: Python<'_>, refusal: &Refusal) -> PyResult<()> {
        if !self.choices.fallback {
            return Err(refusal.error(py));
        }
        if self.warned.replace(true) {
            return Ok(());
        }
        let name = self.known().map_or("the function", |shared| shared.prepared().name());
        refusal.warn(py, name)
    }

    fn has(&self, declared: &[Type], must_be_full: bool) -> bool {
        let is_fit = |one: &Specialisation| !must_be_full || one.warmth.tier() == Tier::Full;
        // SAFETY: whoever asks is about to compile for a function, with the GIL.
        let is_it = |one: &Specialisation| *one.declared() == *declared && is_fit(one) && unsafe { one.can_run() };
        self.search(|one| is_it(one).then_some(())).is_some()
    }

    /// Says which object the function is called by.
    pub fn set_object(&self, object: *mut PyObject) {
        if self.object.get().is_null() {
            self.object.set(object);
        }
    }

    /// The key by which the function is called.
    pub fn key(&self, py: Python<'_>) -> FunctionKey {
        // SAFETY: the object lives as long as the body, or is what the body is hidden behind, which is being called.
        let object = unsafe { Bound::from_borrowed_ptr_or_opt(py, self.object.get()) };
        // A function that is called by no object has no key.
        object.and_then(|object| functions::callee(&object)).map_or(FunctionKey(0), |callee| callee.key)
    }

    /// Once per code object: is the text still what it was made from?
    fn verify(&self, function: &Bound<'_, PyFunction>) -> PyResult<Option<Refusal>> {
        let shared = self.shared(function.py())?;
        if shared.verified.get() {
            return Ok(None);
        }
        let refusal = env::verify(function, shared.prepared())?;
        shared.verified.set(refusal.is_none());
        Ok(refusal)
    }

    /// The text that LLVM gives for a signature.
    ///
    /// # Errors
    /// Why it cannot be compiled.
    pub fn text(&self, function: &Bound<'_, PyFunction>, signature: &Signature, output: Output) -> PyResult<String> {
        let py = function.py();
        let (prepared, signature) = self.bound_for(function, &signature.params)?;
        let prepared = &*prepared;
        let refused = |diagnostics| Refusal::InSource(prepared.source().clone(), diagnostics).error(py);
        let live = Live::new(py, self.choices.options, true);
        let made = prepared.unit(self.key(py), &signature, &live);
        if let Some(raised) = live.raised() {
            return Err(raised);
        }
        let made = made.map_err(refused)?;
        let backend = code::backend(py).map_err(|message| broken(prepared, message).error(py))?;
        let text = prepared.code(backend, made.unit, self.choices.options, output);
        let text = text.map_err(|diagnostic| refused(vec![diagnostic]))?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

fn broken(prepared: &Prepared, message: String) -> Refusal {
    let diagnostic = Diagnostic::new(Code::Backend, message, prepared.name_span(), "while compiling this function");
    Refusal::InSource(prepared.source().clone(), vec![diagnostic])
}

//! One function under the decorator: what was read at decoration and what has been compiled since.
//!
//! Enters: a signature. Leaves: a [`Specialisation`] with a loaded entry. Specialisations are never dropped before their
//! function, so a pointer to one stays valid while the function is alive. Everything that may run Python code runs without
//! a borrow: the same function may be called, and compiled, in the middle of it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use brrr_core::abi::{self, Entry};
use brrr_core::backend::{Backend, Options, Output};
use brrr_core::compile::Prepared;
use brrr_core::diagnostic::{Code, Diagnostic};
use brrr_core::ir;
use brrr_core::load;
use brrr_core::syntax;
use brrr_core::types::{Signature, Type};
use pyo3::prelude::*;
use pyo3::types::PyFunction;

use crate::again::Again;
use crate::arrays::Maker;
use crate::env::{self, Parameters};
use crate::errors::{Refusal, guarded};
use crate::outside::{Guards, Names};
use crate::resume::{Continuations, Kept};

/// What the user asked of the decorator.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choices {
    /// What machine code depends on.
    pub options: Options,
    /// Unsupported code runs in the interpreter.
    pub fallback: bool,
}

/// Machine code for one signature.
#[derive(Debug)]
pub struct Specialisation {
    /// The types of the parameters.
    pub params: Box<[Type]>,
    /// The loop header where the code begins, if it is not the function's start.
    pub header: Option<Header>,
    /// The machine code.
    pub entry: Entry,
    /// Words its frame needs.
    pub words: usize,
    /// Parameters whose very object may be returned.
    pub returned: Box<[usize]>,
    /// What must still be true of names outside the function.
    pub guards: Guards,
    /// The IR, which the exits refer to.
    pub function: ir::Function,
    /// The calls by which it makes arrays.
    pub makers: Box<[Maker]>,
    /// How often each exit was taken.
    pub exits: Box<[Cell<u64>]>,
    /// The continuations of each exit.
    pub continuations: Box<[RefCell<Vec<Kept>>]>,
    /// Words of the frame that each exit writes.
    pub exit_words: Box<[usize]>,
    _code: load::Code,
}

/// A loop header where compiled code is entered again.
#[derive(Debug, PartialEq, Eq)]
pub struct Header {
    /// The ordinal of the loop's statement.
    pub statement: u32,
    /// The names that are bound there: the parameters of the code.
    pub names: Box<[String]>,
}

/// A function is bound anew when a name outside of it comes to mean something else, up to so many times; then the interpreter
/// runs it while its names mean what they never meant before.
const MOST_BINDINGS: usize = 8;

/// The function for one meaning of the names outside of it.
#[derive(Debug)]
struct Binding {
    /// What can be compiled; `None` if with these names nothing can, so that the interpreter runs it.
    prepared: Option<Rc<Prepared>>,
    names: Names,
    /// True as long as the names mean what they meant.
    guards: Guards,
}

impl Binding {
    fn new(function: &Bound<'_, PyFunction>, prepared: Option<Rc<Prepared>>, names: Names) -> PyResult<Self> {
        let guards = names.guards(function, prepared.as_ref().map(|prepared| prepared.guards()))?;
        Ok(Self { prepared, names, guards })
    }

    /// True if it relies on a name that was bound nowhere and is bound now.
    fn lacked(&self, now: &Names) -> bool {
        let guards = self.prepared.iter().flat_map(|prepared| prepared.guards());
        guards.into_iter().any(|path| self.names.missing.contains(path) && !now.missing.contains(path))
    }

    fn release(self, py: Python<'_>) {
        self.names.release(py);
        self.guards.release(py);
    }
}

/// A side exit as it is shown: where, and the live locals by name.
#[derive(Debug)]
pub struct ExitRecord {
    /// The line in the file.
    pub line: u32,
    /// The ordinal of the statement.
    pub statement: u32,
    /// The part of the statement.
    pub point: ir::Point,
    /// Names and values; unbound names are left out.
    pub locals: Vec<(String, abi::Value)>,
}

/// The last side exit: which, and its frame.
#[derive(Debug)]
struct LastExit {
    specialisation: usize,
    exit: usize,
    frame: Vec<u64>,
}

/// The state behind a function under the decorator.
#[derive(Debug)]
pub struct Body {
    /// Its parameters.
    pub parameters: Parameters,
    /// What the user asked for.
    pub choices: Choices,
    /// The parsed function, or why the interpreter runs it.
    prepared: Result<Rc<Prepared>, Refusal>,
    /// What the names outside the function have meant so far.
    bindings: RefCell<Vec<Rc<Binding>>>,
    /// Every call runs the original function.
    interpreted: Cell<bool>,
    verified: Cell<bool>,
    warned: Cell<bool>,
    #[expect(clippy::vec_box, reason = "pointers to specialisations stay valid while the list grows")]
    specialisations: RefCell<Vec<Box<Specialisation>>>,
    last_exit: RefCell<Option<LastExit>>,
    /// What goes on after side exits.
    pub continuations: Continuations,
    /// Where compiled code is entered again.
    pub again: Again,
    /// Seconds spent in checking and compiling.
    pub seconds: Cell<f64>,
    /// The quickest compilation.
    quickest: Cell<Option<Duration>>,
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
        read: Result<(Prepared, Names), Refusal>,
    ) -> PyResult<Self> {
        let interpreted = read.is_err() || parameters.variadic;
        let (prepared, bindings) = match read {
            Ok((prepared, names)) => {
                let prepared = Rc::new(prepared);
                let binding = Binding::new(function, Some(prepared.clone()), names)?;
                (Ok(prepared), vec![Rc::new(binding)])
            }
            Err(refusal) => (Err(refusal), Vec::new()),
        };
        Ok(Self {
            parameters,
            choices,
            prepared,
            bindings: RefCell::new(bindings),
            interpreted: Cell::new(interpreted),
            verified: Cell::new(false),
            warned: Cell::new(interpreted),
            specialisations: RefCell::default(),
            last_exit: RefCell::default(),
            continuations: Continuations::default(),
            again: Again::default(),
            seconds: Cell::new(0.0),
            quickest: Cell::new(None),
        })
    }

    /// Gives up everything, references to Python objects included.
    pub fn release(self, py: Python<'_>) {
        self.continuations.clear(py);
        self.again.release(py);
        for name in self.parameters.names {
            name.drop_ref(py);
        }
        self.specialisations.into_inner().into_iter().for_each(|one| one.guards.release(py));
        let bindings = self.bindings.into_inner().into_iter().filter_map(Rc::into_inner);
        bindings.for_each(|binding| binding.release(py));
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
        self.prepared.as_ref().map(|prepared| &**prepared).map_err(|refusal| refusal.error(py))
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
        let names = Names::of(function)?;
        let prepared = self.prepared(py)?;
        let bound = match syntax::with_stack(|| prepared.again(&names.env)) {
            Ok(bound) => Some(Rc::new(bound)),
            Err(diagnostics) => {
                if known.last().is_some_and(|last| last.lacked(&names)) {
                    self.refuse(py, &Refusal::InSource(prepared.source().clone(), diagnostics))?;
                }
                None
            }
        };
        let binding = Rc::new(Binding::new(function, bound, names)?);
        self.bindings.borrow_mut().push(binding.clone());
        Ok(Some(binding))
    }

    /// The function as the names outside of it stand now.
    ///
    /// # Errors
    /// Why it cannot be compiled.
    pub fn bound(&self, function: &Bound<'_, PyFunction>) -> PyResult<Rc<Prepared>> {
        let py = function.py();
        let binding = guarded(py, || self.binding(function))?;
        let first = || self.prepared.as_ref().map(Rc::clone).map_err(|refusal| refusal.error(py));
        binding.and_then(|binding| binding.prepared.clone()).map_or_else(first, Ok)
    }

    /// Hands every specialisation of the whole function, the last compiled first, to `choose` until it answers.
    pub fn search<T>(&self, choose: impl FnMut(&Specialisation) -> Option<T>) -> Option<T> {
        let all = self.specialisations.borrow();
        all.iter().rev().map(|one| &**one).filter(|one| one.header.is_none()).find_map(choose)
    }

    /// Hands the code for every loop header to `choose`, with a pointer that is valid as long as the body, until it answers.
    pub fn search_headers<T>(
        &self,
        mut choose: impl FnMut(&Header, &Specialisation, *const Specialisation) -> Option<T>,
    ) -> Option<T> {
        let all = self.specialisations.borrow();
        all.iter().find_map(|one| choose(one.header.as_ref()?, one, &raw const **one))
    }

    /// The signature compiled last.
    pub fn last_signature(&self) -> Option<Signature> {
        self.search(|one| Some(Signature { params: one.params.to_vec() }))
    }

    /// Compiled signatures in the order of their compilation.
    pub fn signatures(&self) -> Vec<String> {
        let text = |one: &Specialisation| Signature { params: one.params.to_vec() }.python(one.function.result);
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
    pub fn specialise(&self, function: &Bound<'_, PyFunction>, signature: &Signature) -> PyResult<bool> {
        let py = function.py();
        if self.is_interpreted() {
            return Ok(false);
        }
        if self.has(signature) {
            return Ok(true);
        }
        let start = Instant::now();
        let made =
            guarded(py, || self.make(function, None, &signature.params, |prepared| Some(prepared.typed(signature))));
        self.spend(start.elapsed());
        match made? {
            None => Ok(false),
            Some(Ok(made)) => {
                // Compiling may have run Python code that called this function with the same types.
                if !self.has(signature) {
                    self.specialisations.borrow_mut().push(Box::new(made));
                }
                Ok(true)
            }
            Some(Err(refusal)) => {
                self.refuse(py, &refusal)?;
                self.interpreted.set(true);
                Ok(false)
            }
        }
    }

    /// Compiles the rest of the function from a loop header on, for the names that are bound there and their types. False if
    /// there is no such code.
    ///
    /// # Errors
    /// If the compilation was broken off.
    pub fn specialise_header(
        &self,
        function: &Bound<'_, PyFunction>,
        statement: u32,
        bound: &[(&str, Type)],
    ) -> PyResult<bool> {
        let start = Instant::now();
        let header = Header { statement, names: bound.iter().map(|&(name, _)| name.to_owned()).collect() };
        let params = bound.iter().map(|&(_, one)| one).collect::<Vec<_>>();
        let made = guarded(function.py(), || {
            self.make(function, Some(header), &params, |prepared| prepared.typed_from(statement, bound, &[]))
        });
        self.spend(start.elapsed());
        let Some(Ok(made)) = made? else { return Ok(false) };
        self.specialisations.borrow_mut().push(Box::new(made));
        Ok(true)
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
        let name = self.prepared.as_ref().map_or("the function", |prepared| prepared.name());
        refusal.warn(py, name)
    }

    fn has(&self, signature: &Signature) -> bool {
        // SAFETY: whoever asks is about to compile for a function, with the GIL.
        let is_it = |one: &Specialisation| *one.params == *signature.params && unsafe { one.guards.hold() };
        self.search(|one| is_it(one).then_some(())).is_some()
    }

    /// `None` if the interpreter runs the function as the names outside of it stand.
    fn make(
        &self,
        function: &Bound<'_, PyFunction>,
        header: Option<Header>,
        params: &[Type],
        typed: impl FnOnce(&Prepared) -> Option<Result<ir::Function, Vec<Diagnostic>>>,
    ) -> PyResult<Option<Result<Specialisation, Refusal>>> {
        let py = function.py();
        if let Some(refusal) = self.verify(function)? {
            return Ok(Some(Err(refusal)));
        }
        let Some(binding) = self.binding(function)? else { return Ok(None) };
        let Some(prepared) = &binding.prepared else { return Ok(None) };
        let in_source = |diagnostics| Refusal::InSource(prepared.source().clone(), diagnostics);
        let typed = match typed(prepared) {
            Some(Ok(typed)) => typed,
            Some(Err(diagnostics)) => return Ok(Some(Err(in_source(diagnostics)))),
            None => return Ok(None),
        };
        let backend = match backend(py) {
            Ok(backend) => backend,
            Err(message) => return Ok(Some(Err(broken(prepared, message)))),
        };
        let object = match prepared.code(backend, typed.clone(), self.choices.options, Output::Object) {
            Ok(object) => object,
            Err(diagnostic) => return Ok(Some(Err(in_source(vec![diagnostic])))),
        };
        let guards = binding.names.guards(function, Some(&typed.guards))?;
        match load::Code::load(&object) {
            Ok(code) => {
                let makers =
                    typed.creations.iter().map(|creation| Maker::new(py, creation)).collect::<PyResult<_>>()?;
                Ok(Some(Ok(Specialisation::new(header, params, (typed, makers), guards, code))))
            }
            Err(message) => Ok(Some(Err(broken(prepared, message)))),
        }
    }

    /// Once per function: is the text still what the code object was made from?
    fn verify(&self, function: &Bound<'_, PyFunction>) -> PyResult<Option<Refusal>> {
        if self.verified.get() {
            return Ok(None);
        }
        let refusal = env::verify(function, self.prepared(function.py())?)?;
        self.verified.set(refusal.is_none());
        Ok(refusal)
    }

    /// The text that LLVM gives for a signature.
    ///
    /// # Errors
    /// Why it cannot be compiled.
    pub fn text(&self, function: &Bound<'_, PyFunction>, signature: &Signature, output: Output) -> PyResult<String> {
        let py = function.py();
        let prepared = &*self.bound(function)?;
        let refused = |diagnostics| Refusal::InSource(prepared.source().clone(), diagnostics).error(py);
        let typed = prepared.typed(signature).map_err(refused)?;
        let backend = backend(py).map_err(|message| broken(prepared, message).error(py))?;
        let text = prepared.code(backend, typed, self.choices.options, output);
        let text = text.map_err(|diagnostic| refused(vec![diagnostic]))?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Counts a side exit and keeps its frame.
    pub fn record_exit(&self, taken: &Specialisation, exit: usize, frame: Vec<u64>) {
        let Some(count) = taken.exits.get(exit) else { return };
        count.set(count.get() + 1);
        let all = self.specialisations.borrow();
        let Some(specialisation) = all.iter().position(|one| std::ptr::eq(&raw const **one, taken)) else { return };
        self.last_exit.replace(Some(LastExit { specialisation, exit, frame }));
    }

    /// How often each line left compiled code.
    pub fn exits(&self) -> BTreeMap<u32, u64> {
        let mut lines = BTreeMap::new();
        let Ok(prepared) = &self.prepared else { return lines };
        for one in self.specialisations.borrow().iter() {
            for (exit, count) in one.function.exits.iter().zip(&one.exits).filter(|(_, count)| count.get() > 0) {
                *lines.entry(prepared.source().line(exit.span.start)).or_default() += count.get();
            }
        }
        lines
    }

    /// The last side exit.
    pub fn last_exit(&self) -> Option<ExitRecord> {
        let last = self.last_exit.borrow();
        let last = last.as_ref()?;
        let all = self.specialisations.borrow();
        let taken = all.get(last.specialisation)?;
        let exit = taken.function.exits.get(last.exit)?;
        let line = self.prepared.as_ref().ok()?.source().line(exit.span.start);
        let locals = abi::read_exit(&taken.function, exit, &last.frame);
        // Arrays are known by their addresses, and may be gone by now.
        let locals = locals.into_iter().filter(|(_, value)| !value.has_array());
        let locals = locals.map(|(name, value)| (name.to_owned(), value)).collect();
        Some(ExitRecord { line, statement: exit.statement, point: exit.point, locals })
    }

    /// Why an argument cannot be compiled, drawn at its parameter.
    pub fn argument_refusal(&self, index: usize, what: &str) -> Refusal {
        let Ok(prepared) = &self.prepared else {
            return Refusal::bare(Code::ArgumentType, format!("cannot compile {what}"), "pass numbers");
        };
        let name = prepared.parameters().nth(index).unwrap_or("?");
        let span = prepared.parameter_span(index);
        let diagnostic = Diagnostic::new(
            Code::ArgumentType,
            format!("argument `{name}` of `{}` is of type `{what}`, which cannot be compiled", prepared.name()),
            span,
            format!("got `{what}` here"),
        )
        .help(
            "pass an `int`, a `float`, a `bool`, a `complex` or `None`, tuples of them, or NumPy's scalars and arrays of them in this machine's byte order; `@brrr(fallback=True)` runs such calls in the interpreter",
        );
        Refusal::InSource(prepared.source().clone(), vec![diagnostic])
    }
}

fn broken(prepared: &Prepared, message: String) -> Refusal {
    let diagnostic = Diagnostic::new(Code::Backend, message, prepared.name_span(), "while compiling this function");
    Refusal::InSource(prepared.source().clone(), vec![diagnostic])
}

impl Specialisation {
    fn new(
        header: Option<Header>,
        params: &[Type],
        (typed, makers): (ir::Function, Box<[Maker]>),
        guards: Guards,
        code: load::Code,
    ) -> Self {
        let words = |exit: &ir::Exit| abi::exit_words(&typed, exit);
        Self {
            params: params.into(),
            header,
            entry: code.entry(),
            words: abi::frame_words(&typed),
            returned: typed.returned.iter().map(|&index| index as usize).collect(),
            guards,
            makers,
            exits: typed.exits.iter().map(|_| Cell::new(0)).collect(),
            continuations: typed.exits.iter().map(|_| RefCell::default()).collect(),
            exit_words: typed.exits.iter().map(words).collect(),
            function: typed,
            _code: code,
        }
    }
}

/// LLVM, opened at the first compilation of the process.
fn backend(py: Python<'_>) -> Result<&'static Backend, String> {
    static BACKEND: OnceLock<Backend> = OnceLock::new();
    if let Some(backend) = BACKEND.get() {
        return Ok(backend);
    }
    let path = library(py).map_err(|error| format!("cannot tell where brrr is installed: {error}"))?;
    let opened = Backend::open(&path)?;
    Ok(BACKEND.get_or_init(|| opened))
}

/// The library beside this extension.
fn library(py: Python<'_>) -> PyResult<PathBuf> {
    let own = py.import("brrr._brrr")?.getattr("__file__")?.extract::<PathBuf>()?;
    Ok(own.with_file_name("_llvm.so"))
}

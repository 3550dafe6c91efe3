//! The decorator.
//!
//! Enters: a function and options. Leaves: the callable, or a `BrrrError` that says what cannot be compiled and what to write
//! instead. Decoration reads, parses and checks; it compiles nothing. It is a builtin function, so that tracebacks end at
//! the user's line.

use std::collections::BTreeSet;
use std::rc::Rc;

use brrr_core::backend::{Options, Overflow};
use brrr_core::compile::Prepared;
use brrr_core::diagnostic::Code;
use brrr_core::outside::Env;
use brrr_core::syntax;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyFunction, PyString, PyTuple, PyType};

use crate::callable;
use crate::convert::{characters, type_name};
use crate::env::{self, Lines};
use crate::errors::{Bare, Refusal, guarded};
use crate::outside::Names;
use crate::probes;
use crate::shared::{self, Manner, Meaning, Shared};
use crate::specialise::{Body, Choices};

/// `brrr(f)`, `@brrr`, `@brrr(overflow=..., fastmath=..., fallback=..., cache=...)`.
#[pyfunction]
#[pyo3(signature = (*args, **options), text_signature = "(function=None, /, *, overflow='exact', fastmath=False, fallback=False, cache=True)")]
pub fn brrr<'py>(
    py: Python<'py>,
    args: &Bound<'py, PyTuple>,
    options: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let choices = choices(options)?;
    match args.len() {
        0 => Ok(decorator(py, choices)?.into_any()),
        1 => decorate(&args.get_item(0)?, choices),
        given => {
            Err(PyTypeError::new_err(format!("brrr() takes one function, but {given} positional arguments were given")))
        }
    }
}

fn decorator<'py>(py: Python<'py>, choices: Choices) -> PyResult<Bound<'py, PyCFunction>> {
    let decorate = move |args: &Bound<'_, PyTuple>, kwargs: Option<&Bound<'_, PyDict>>| {
        if args.len() != 1 || kwargs.is_some_and(|kwargs| !kwargs.is_empty()) {
            return Err(PyTypeError::new_err("the decorator brrr(...) takes one function"));
        }
        decorate(&args.get_item(0)?, choices).map(Bound::unbind)
    };
    PyCFunction::new_closure(py, Some(c"brrr"), Some(c"The decorator with its options."), decorate)
}

fn choices(options: Option<&Bound<'_, PyDict>>) -> PyResult<Choices> {
    let mut choices = Choices::default();
    for (name, value) in options.into_iter().flatten() {
        match characters(&name).as_str() {
            "overflow" => choices.options.overflow = overflow(&value)?,
            "fastmath" => choices.options.fastmath = truth("fastmath", &value)?,
            "fallback" => choices.fallback = truth("fallback", &value)?,
            "cache" => choices.cache = truth("cache", &value)?,
            other => {
                let message = format!(
                    "brrr() has no option `{other}`; the options are `overflow`, `fastmath`, `fallback` and `cache`"
                );
                return Err(PyTypeError::new_err(message));
            }
        }
    }
    Ok(choices)
}

fn truth(option: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let wrong = |_| PyTypeError::new_err(format!("brrr(): `{option}` is True or False, not {}", repr(value)));
    value.extract::<bool>().map_err(wrong)
}

fn overflow(value: &Bound<'_, PyAny>) -> PyResult<Overflow> {
    let text = value.cast::<PyString>().map_err(|_| {
        PyTypeError::new_err(format!("brrr(): `overflow` is \"exact\" or \"wrap\", not {}", repr(value)))
    })?;
    match text.to_str()? {
        "exact" => Ok(Overflow::Exact),
        "wrap" => Ok(Overflow::Wrap),
        _ => Err(PyValueError::new_err(format!("brrr(): `overflow` is \"exact\" or \"wrap\", not {}", repr(value)))),
    }
}

fn repr(value: &Bound<'_, PyAny>) -> String {
    value.repr().map_or_else(|_| "that".to_owned(), |shown| characters(&shown))
}

/// A callable for a function that is under no decorator, and that compiled code calls. What cannot be compiled, its state says.
pub fn hidden<'py>(function: &Bound<'py, PyFunction>) -> PyResult<Bound<'py, PyAny>> {
    let py = function.py();
    let choices = Choices { fallback: true, ..Choices::default() };
    let parameters = env::parameters(&function.getattr("__code__")?)?;
    let prepared = guarded(py, || prepare(function, choices, false, None))?;
    let body = Body::new(function, parameters, choices, prepared)?;
    body.set_object(function.as_ptr());
    callable::new(function, body)
}

fn decorate<'py>(target: &Bound<'py, PyAny>, choices: Choices) -> PyResult<Bound<'py, PyAny>> {
    let py = target.py();
    let builtins = py.import("builtins")?;
    if target.is_exact_instance(&builtins.getattr("staticmethod")?) {
        let inner = decorate_function(&target.getattr("__func__")?, choices, true)?;
        return builtins.getattr("staticmethod")?.call1((inner,));
    }
    decorate_function(target, choices, false)
}

fn decorate_function<'py>(
    target: &Bound<'py, PyAny>,
    choices: Choices,
    is_static: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let py = target.py();
    let function = match (target.cast::<PyFunction>(), callable::view(target)) {
        (Ok(function), _) => function.clone(),
        // Under the decorator again: the function itself, with the options of now.
        (Err(_), Some(view)) => view.original,
        (Err(_), None) => return Err(not_a_function(target).error(py)),
    };
    if is_disabled() {
        function.setattr("original_func", &function)?;
        function.setattr("py_func", &function)?;
        return Ok(function.into_any());
    }
    let parameters = env::parameters(&function.getattr("__code__")?)?;
    let read = accepted(&function, choices, |function| match function.getattr("__code__")? {
        code if code.getattr("co_name")?.eq(LAMBDA)? => a_lambda(&code, "write a function with `def`").map(Err),
        _ => prepare(function, choices, is_static, None),
    })?;
    let body = Body::new(&function, parameters, choices, read)?;
    callable::new(&function, body)
}

/// The decorator returns the plain function.
fn is_disabled() -> bool {
    std::env::var_os("BRRR_DISABLE").is_some_and(|value| !value.is_empty() && value != "0")
}

/// What the function shares with others of the same code, and what the names outside of it mean; or why it cannot be compiled.
pub type Read = Result<(Rc<Shared>, Rc<Meaning>, Names), Refusal>;

/// What is known of a function that came out of a pickle, until it is read.
#[derive(Clone, Debug, Default)]
pub struct Unread {
    /// It is a static method.
    pub is_static: bool,
    /// Path, first line, and the text from there on.
    pub text: Option<(String, u32, String)>,
}

/// The options as a pickle has them: whether `overflow` is "wrap", `fallback`, whether it is a static method, `cache`, `fastmath`.
pub type Pickled = (bool, bool, bool, bool, bool);

/// The function under the decorator again, out of a pickle. It is read at its first call: what it refers to may not be there yet.
#[pyfunction]
pub fn _restore<'py>(
    function: &Bound<'py, PyFunction>,
    options: Pickled,
    text: Option<(String, u32, String)>,
) -> PyResult<Bound<'py, PyAny>> {
    let (wrap, fallback, is_static, cache, fastmath) = options;
    if is_disabled() {
        return decorate_function(function, Choices::default(), is_static);
    }
    let overflow = if wrap { Overflow::Wrap } else { Overflow::Exact };
    let choices = Choices { options: Options { overflow, fastmath }, fallback, cache };
    let parameters = env::parameters(&function.getattr("__code__")?)?;
    callable::new(function, Body::unread(parameters, choices, Some(Unread { is_static, text })))
}

/// Reads a function out of a pickle.
///
/// # Errors
/// Why it cannot be compiled, unless the user chose `fallback`.
pub fn read_again(function: &Bound<'_, PyFunction>, choices: Choices, unread: Option<Unread>) -> PyResult<Read> {
    let Unread { is_static, text } = unread.unwrap_or_default();
    accepted(function, choices, |function| prepare(function, choices, is_static, text))
}

/// Reads a function; a refusal is raised, or warned of if the user chose `fallback`.
fn accepted(
    function: &Bound<'_, PyFunction>,
    choices: Choices,
    read: impl FnOnce(&Bound<'_, PyFunction>) -> PyResult<Read>,
) -> PyResult<Read> {
    let py = function.py();
    let read = guarded(py, || read(function))?;
    if let Err(refusal) = &read {
        guarded(py, || match choices.fallback {
            true => refusal.warn(py, &characters(&function.getattr("__qualname__")?)),
            false => Err(refusal.error(py)),
        })?;
    }
    Ok(read)
}

fn prepare(
    function: &Bound<'_, PyFunction>,
    choices: Choices,
    is_static: bool,
    text: Option<(String, u32, String)>,
) -> PyResult<Read> {
    let code = function.getattr("__code__")?;
    let manner = Manner { options: choices.options, probes: probes::are_wanted(), is_static };
    if let Some(known) = shared::of(&code, manner) {
        let names = known.names(function, None)?;
        return Ok(match known.meaning(&names) {
            Ok(meaning) => Ok((known, meaning, names)),
            Err(diagnostics) => Err(Refusal::InSource(known.prepared().source().clone(), diagnostics)),
        });
    }
    let name = characters(&code.getattr("co_name")?);
    let lines = match text {
        Some((path, first_line, text)) => {
            let lines = text.split_inclusive('\n').map(str::to_owned).collect::<Vec<_>>();
            Lines { path, first_line, rest: Box::new(lines.into_iter()) }
        }
        None => match env::lines(function)? {
            Ok(lines) if name == LAMBDA => match env::lambda(&code, lines)? {
                Some(lines) => lines,
                None => return a_lambda(&code, "write it on one line, or as a function with `def`").map(Err),
            },
            Ok(lines) => lines,
            Err(refusal) => return Ok(Err(refusal)),
        },
    };
    let names = Names::of(function, &BTreeSet::new())?;
    let qualname = characters(&code.getattr("co_qualname")?);
    let in_class = !is_static && qualname.rsplit('.').nth(1).is_some_and(|outer| outer != "<locals>");
    // No Python code runs on the stack that the core makes for deep trees.
    let prepared = syntax::with_stack(|| read(lines, in_class, &names.env));
    // Python made a function from other lines, if these are none, or another one.
    let is_other = match &prepared {
        Ok(prepared) => prepared.name() != env::written_name(&name),
        Err(Refusal::InSource(_, all)) => {
            all.iter().any(|one| one.code == Code::NotAFunction) && !env::is_async(&code)?
        }
        Err(Refusal::Bare(_)) => false,
    };
    if is_other {
        return Ok(Err(other_source(&name, env::place(&code)?)));
    }
    Ok(match prepared {
        Ok(prepared) => {
            let (known, meaning) = Shared::new(manner, prepared, &names);
            shared::keep(&code, known.clone());
            Ok((known, meaning, names))
        }
        Err(refusal) => Err(refusal),
    })
}

/// The name that all lambdas have.
pub const LAMBDA: &str = "<lambda>";

/// What is said of a lambda that cannot be read, or that stands under the decorator.
fn a_lambda(code: &Bound<'_, PyAny>, help: &str) -> PyResult<Refusal> {
    Ok(Refusal::Bare(Bare {
        code: Code::NotAFunction,
        message: "a lambda cannot be compiled".to_owned(),
        help: help.to_owned(),
        place: Some(env::place(code)?),
    }))
}

fn other_source(name: &str, place: (String, u32)) -> Refusal {
    Refusal::Bare(Bare {
        code: Code::SourceChanged,
        message: format!("what stands at the place of `{name}` is not its source"),
        help: "load the module again; code that `exec` runs needs a file name of its own, and its text in `linecache` under \
               that name"
            .to_owned(),
        place: Some(place),
    })
}

fn read(lines: Lines<'_>, in_class: bool, env: &Env) -> Result<Prepared, Refusal> {
    let Lines { path, first_line, mut rest } = lines;
    let (source, mut parsed) = syntax::read_function(&path, first_line, &mut || rest.next())
        .map_err(|(source, diagnostic)| Refusal::InSource(source, vec![diagnostic]))?;
    parsed.in_class = in_class;
    Prepared::new(source, parsed, env, probes::are_wanted())
        .map_err(|(source, diagnostics)| Refusal::InSource(source, diagnostics))
}

fn not_a_function(target: &Bound<'_, PyAny>) -> Refusal {
    let class = target.get_type();
    let kind = type_name(&class);
    let (what, help) = match kind.as_str() {
        "classmethod" => ("a class method", "use `@staticmethod`, and pass what is needed as numbers".to_owned()),
        "property" => ("a property", "write a function, and call it from the property".to_owned()),
        "method" => ("a bound method", "put the decorator on a function without `self`".to_owned()),
        "builtin_function_or_method" => ("a builtin function", "write a Python function with `def`".to_owned()),
        "functools.partial" => ("a partial function", "put the decorator on the function inside of it".to_owned()),
        _ if target.cast::<PyType>().is_ok() => {
            ("a class", "put the decorator on functions: on static methods of the class, say".to_owned())
        }
        _ => ("", "put the decorator on a function written with `def`; options are given by name".to_owned()),
    };
    let message = if what.is_empty() {
        format!("`brrr` takes a function written with `def`, not an object of type `{kind}`")
    } else {
        format!("`brrr` takes a function written with `def`, not {what}")
    };
    Refusal::bare(Code::NotAFunction, message, help)
}

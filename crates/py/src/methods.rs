//! The methods of a function under the decorator.
//!
//! Enters: a view of the function and the method's arguments. Leaves: a Python object. No rule about types lives here.

use std::collections::BTreeMap;

use brrr_core::abi::Value;
use brrr_core::backend::Output;
use brrr_core::diagnostic::Code;
use brrr_core::runtime;
use brrr_core::types::{Signature, Type, split_types};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyComplex, PyDict, PyFloat, PyInt, PyString, PyTuple, PyType};

use crate::callable::View;
use crate::convert::{characters, object};
use crate::errors::{Refusal, guarded};
use crate::functions::Live;
use crate::resume::point_name;
use crate::specialise::How;

type Arguments<'a, 'py> = (&'a Bound<'py, PyTuple>, Option<&'a Bound<'py, PyDict>>);

/// `repr(f)`.
pub fn repr(view: &View<'_, '_>) -> PyResult<Py<PyAny>> {
    let name = view.object.getattr("__qualname__")?;
    let text = format!("<brrr function {name} at {:#x}>", view.object.as_ptr() as usize);
    Ok(PyString::new(view.object.py(), &text).into_any().unbind())
}

/// `f.__signature__`.
pub fn signature(view: &View<'_, '_>) -> PyResult<Py<PyAny>> {
    if let Ok(own) = view.original.getattr("__signature__") {
        return Ok(own.unbind());
    }
    let inspect = view.object.py().import("inspect")?;
    Ok(inspect.call_method1("signature", (&view.original,))?.unbind())
}

/// `f.signatures`.
pub fn signatures(view: &View<'_, '_>) -> PyResult<Py<PyAny>> {
    Ok(view.body.signatures().into_pyobject(view.object.py())?.into_any().unbind())
}

/// `f.__reduce__()`: the name under which the module has it, or how to make it again.
pub fn reduce(
    view: View<'_, '_>,
    args: &Bound<'_, PyTuple>,
    kwargs: Option<&Bound<'_, PyDict>>,
) -> PyResult<Py<PyAny>> {
    bind("__reduce__", (args, kwargs), [])?;
    let (options, text) = view.body.pickled();
    let module = view.object.py().import("brrr._pickle")?;
    Ok(module.call_method1("reduce", (view.object, options, text))?.unbind())
}

/// `copy.copy(f)`, `copy.deepcopy(f)`.
pub fn copy(view: View<'_, '_>, args: &Bound<'_, PyTuple>, kwargs: Option<&Bound<'_, PyDict>>) -> PyResult<Py<PyAny>> {
    bind("__copy__", (args, kwargs), ["memo"])?;
    Ok(view.object.clone().unbind())
}

/// `f.compile(*types)`.
pub fn compile(
    view: View<'_, '_>,
    args: &Bound<'_, PyTuple>,
    kwargs: Option<&Bound<'_, PyDict>>,
) -> PyResult<Py<PyAny>> {
    let py = view.object.py();
    view.body.read(&view.original)?;
    if kwargs.is_some_and(|kwargs| !kwargs.is_empty()) {
        return Err(PyTypeError::new_err("compile() takes no keyword arguments"));
    }
    if !view.body.is_interpreted() {
        let signature = if args.is_empty() { annotated(&view)? } else { Some(given(&view, args)?) };
        if let Some(signature) = signature {
            view.body.specialise(&view.original, &signature, &How::Full)?;
        }
    }
    Ok(py.None())
}

/// `f.inspect_types(signature=None)`.
pub fn inspect_types(
    view: View<'_, '_>,
    args: &Bound<'_, PyTuple>,
    kwargs: Option<&Bound<'_, PyDict>>,
) -> PyResult<Py<PyAny>> {
    let py = view.object.py();
    let [signature] = bind("inspect_types", (args, kwargs), ["signature"])?;
    let signature = asked(&view, signature)?;
    let (prepared, signature) = view.body.bound_for(&view.original, &signature.params)?;
    let live = Live::new(py, view.body.choices.options, true);
    let text = guarded(py, || Ok(prepared.types_text(view.body.key(py), &signature, &live)))?;
    if let Some(raised) = live.raised() {
        return Err(raised);
    }
    Ok(PyString::new(py, &text).into_any().unbind())
}

/// `f.inspect_llvm(signature=None, optimized=True)`.
pub fn inspect_llvm(
    view: View<'_, '_>,
    args: &Bound<'_, PyTuple>,
    kwargs: Option<&Bound<'_, PyDict>>,
) -> PyResult<Py<PyAny>> {
    let [signature, optimized] = bind("inspect_llvm", (args, kwargs), ["signature", "optimized"])?;
    let optimized = optimized.map_or(Ok(true), |optimized| optimized.is_truthy())?;
    text(&view, signature, if optimized { Output::OptimizedLlvm } else { Output::Llvm })
}

/// `f.inspect_asm(signature=None)`.
pub fn inspect_asm(
    view: View<'_, '_>,
    args: &Bound<'_, PyTuple>,
    kwargs: Option<&Bound<'_, PyDict>>,
) -> PyResult<Py<PyAny>> {
    let [signature] = bind("inspect_asm", (args, kwargs), ["signature"])?;
    text(&view, signature, Output::Assembly)
}

/// `f.stats()`.
pub fn stats(view: View<'_, '_>, args: &Bound<'_, PyTuple>, kwargs: Option<&Bound<'_, PyDict>>) -> PyResult<Py<PyAny>> {
    bind("stats", (args, kwargs), [])?;
    let stats = PyDict::new(view.object.py());
    stats.set_item("calls", view.compiled + view.others)?;
    stats.set_item("compiled", view.compiled)?;
    stats.set_item("exits", view.body.exits())?;
    stats.set_item("compile_seconds", view.body.seconds.get())?;
    stats.set_item("cache", view.body.origin().name())?;
    let (tiers, problems) = view.body.tiers();
    stats.set_item("tiers", tiers.into_iter().map(|(text, tier)| (text, tier.name())).collect::<BTreeMap<_, _>>())?;
    stats.set_item("tier_problems", problems)?;
    stats.set_item("moves", view.body.moves.get())?;
    let fastmath = match view.body.choices.options.fastmath {
        false => "off",
        true if runtime::vectors().is_empty() => "scalar",
        true => "vectors",
    };
    stats.set_item("fastmath", fastmath)?;
    Ok(stats.into_any().unbind())
}

/// `f._last_exit()`.
pub fn last_exit(
    view: View<'_, '_>,
    args: &Bound<'_, PyTuple>,
    kwargs: Option<&Bound<'_, PyDict>>,
) -> PyResult<Py<PyAny>> {
    let py = view.object.py();
    bind("_last_exit", (args, kwargs), [])?;
    let Some(last) = view.body.last_exit() else { return Ok(py.None()) };
    let locals = PyDict::new(py);
    for (name, value) in last.locals {
        // There is no object of a function that the function has made.
        if matches!(&value, Value::Function(one) if one.as_local().is_some()) {
            continue;
        }
        locals.set_item(name, object(py, &value)?)?;
    }
    let exit = PyDict::new(py);
    exit.set_item("line", last.line)?;
    exit.set_item("statement", last.statement)?;
    exit.set_item("point", point_name(last.point))?;
    exit.set_item("locals", locals)?;
    Ok(exit.into_any().unbind())
}

fn text(view: &View<'_, '_>, signature: Option<Bound<'_, PyAny>>, output: Output) -> PyResult<Py<PyAny>> {
    let py = view.object.py();
    let signature = asked(view, signature)?;
    let text = guarded(py, || view.body.text(&view.original, &signature, output))?;
    Ok(PyString::new(py, &text).into_any().unbind())
}

/// Binds the arguments of a method whose parameters are all optional.
fn bind<'py, const N: usize>(
    method: &str,
    (args, kwargs): Arguments<'_, 'py>,
    names: [&str; N],
) -> PyResult<[Option<Bound<'py, PyAny>>; N]> {
    if args.len() > N {
        let given = args.len();
        let most = if N == 0 { "no".to_owned() } else { format!("at most {N}") };
        return Err(PyTypeError::new_err(format!("{method}() takes {most} arguments ({given} given)")));
    }
    let mut bound = [const { None }; N];
    for (slot, value) in bound.iter_mut().zip(args) {
        *slot = Some(value);
    }
    for (name, value) in kwargs.into_iter().flatten() {
        let name = characters(&name);
        let at = names.iter().position(|one| *one == name);
        match at.and_then(|at| bound.get_mut(at)) {
            Some(slot @ None) => *slot = Some(value),
            Some(Some(_)) => {
                return Err(PyTypeError::new_err(format!("{method}() got multiple values for argument '{name}'")));
            }
            None => {
                return Err(PyTypeError::new_err(format!("{method}() got an unexpected keyword argument '{name}'")));
            }
        }
    }
    Ok(bound)
}

/// The signature to show: the one asked for, else the last compiled, else the annotations.
fn asked(view: &View<'_, '_>, signature: Option<Bound<'_, PyAny>>) -> PyResult<Signature> {
    let py = view.object.py();
    view.body.read(&view.original)?;
    view.body.prepared(py)?;
    match signature {
        Some(signature) if !signature.is_none() => match signature.cast::<PyTuple>() {
            Ok(types) => given(view, types),
            Err(_) => given(view, &PyTuple::new(py, [signature])?),
        },
        _ => match view.body.last_signature() {
            Some(last) => Ok(last),
            None => annotated(view)?.ok_or_else(|| PyTypeError::new_err("the function runs in the interpreter")),
        },
    }
}

/// The signature of the annotations; `None` if they do not give one and the user chose `fallback`.
fn annotated(view: &View<'_, '_>) -> PyResult<Option<Signature>> {
    let py = view.object.py();
    let prepared = view.body.prepared(py)?;
    guarded(py, || match prepared.annotated() {
        Ok(mut signature) => {
            signature.params.truncate(prepared.parameters().len());
            Ok(Some(signature))
        }
        Err(diagnostic) => {
            view.body.refuse(py, &Refusal::InSource(prepared.source().clone(), vec![diagnostic]))?;
            Ok(None)
        }
    })
}

/// The signature that a user writes: Python types, their names, or one text of several names.
fn given(view: &View<'_, '_>, types: &Bound<'_, PyTuple>) -> PyResult<Signature> {
    let mut params = Vec::new();
    for one in types {
        match one.cast::<PyString>() {
            Ok(text) => texts(text.to_str()?).try_for_each(|name| {
                params.push(Type::from_python(name).ok_or_else(|| unknown(view, name))?);
                Ok::<_, PyErr>(())
            })?,
            Err(_) => params.push(type_of(&one)?.ok_or_else(|| unknown(view, &shown(&one)))?),
        }
    }
    let expected = view.body.parameters.slots();
    if params.len() != expected {
        let name = view.object.getattr("__qualname__")?;
        let message = format!("{name}() needs as many types as it has parameters, {expected}, not {}", params.len());
        return Err(PyTypeError::new_err(message));
    }
    Ok(Signature { params })
}

/// `(int, float) -> float`, `int, float`, `int`: the names of the parameters' types.
fn texts(text: &str) -> impl Iterator<Item = &str> {
    let params = text.split("->").next().unwrap_or("").trim();
    let params = params.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(params);
    split_types(params).into_iter()
}

fn type_of(one: &Bound<'_, PyAny>) -> PyResult<Option<Type>> {
    let py = one.py();
    let is = |class: Bound<'_, PyType>| one.is(&class);
    Ok(match () {
        () if is(py.get_type::<PyInt>()) => Some(Type::Int),
        () if is(py.get_type::<PyFloat>()) => Some(Type::Float),
        () if is(py.get_type::<PyBool>()) => Some(Type::Bool),
        () if is(py.get_type::<PyComplex>()) => Some(Type::Complex),
        () if one.is_none() || is(py.None().bind(py).get_type()) => Some(Type::None),
        // `tuple[int, float]`, which prints as it is written.
        () if one.getattr("__origin__").is_ok_and(|origin| origin.is(py.get_type::<PyTuple>())) => {
            Type::from_python(&characters(one.repr()?.as_any()))
        }
        () => None,
    })
}

fn shown(one: &Bound<'_, PyAny>) -> String {
    match one.cast::<PyType>() {
        Ok(class) => crate::convert::type_name(class),
        Err(_) => one.repr().map_or_else(|_| "?".to_owned(), |shown| characters(&shown)),
    }
}

fn unknown(view: &View<'_, '_>, name: &str) -> PyErr {
    let message = format!("the type `{name}` cannot be compiled");
    let help = "the types of parameters are `int`, `float`, `bool` and `None`";
    Refusal::bare(Code::ArgumentType, message, help).error(view.object.py())
}

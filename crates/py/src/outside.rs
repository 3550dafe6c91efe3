//! What names outside a live function mean.
//!
//! Enters: a Python function, and the names that have kept changing. Leaves: an [`Env`] for the binder with the objects behind it
//! ([`Names`]), and from those the [`Guards`] of what the binder relied on. Numbers and tuples of them are constants until they
//! change; then, and arrays from the start, they are arguments that every call reads anew.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CStr;

use brrr_core::outside::{self, Constant, Env, Outside};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyCFunction, PyCode, PyComplex, PyDict, PyFloat, PyFunction, PyInt, PyModule, PyRange, PyTuple, PyType,
};

use crate::convert::{Argument, characters, classify, type_name};
use crate::guards::{GLOBALS, Guards, Seen};
use crate::{functions, numpy_names, values};

/// Tuples within tuples up to here are constants.
const MOST_NESTED: usize = 20;
/// Modules within modules up to here are looked into.
const MOST_MODULES: usize = 3;

/// What the names that a function reads from outside are.
#[derive(Debug, Default)]
pub struct Names {
    /// What they mean.
    pub env: Env,
    /// The object of each path.
    objects: BTreeMap<String, Seen>,
    /// The free variables, with the places of their cells.
    cells: BTreeMap<String, usize>,
    /// Names that are bound nowhere, and may come to be bound before the call.
    pub missing: BTreeSet<String>,
}

impl Names {
    /// Looks up every name that the function's code may read from outside. Paths among `variables` are arguments, if they can be.
    ///
    /// # Errors
    /// If the function lacks what functions have.
    pub fn of(function: &Bound<'_, PyFunction>, variables: &BTreeSet<String>) -> PyResult<Self> {
        let globals = function.getattr("__globals__")?;
        let builtins = function.getattr("__builtins__")?;
        let code = function.getattr("__code__")?;
        let read = names_in(&code)?;
        let mut names = Self::default();
        let flags = function.py().import(intern!(function.py(), "sys"))?.getattr(intern!(function.py(), "flags"))?;
        names.env.without_asserts = flags.getattr(intern!(function.py(), "optimize"))?.extract::<i32>()? > 0;
        let context = Context { read: &read, variables };
        let cells = function.getattr(intern!(function.py(), "__closure__"))?;
        let cells = cells.cast_into::<PyTuple>().ok();
        for (at, name) in code.getattr("co_freevars")?.extract::<Vec<String>>()?.into_iter().enumerate() {
            let cell = cells.as_ref().and_then(|cells| cells.get_item(at).ok());
            // Empty, it raises ValueError.
            let content = cell.and_then(|cell| cell.getattr(intern!(function.py(), "cell_contents")).ok());
            names.cells.insert(name.clone(), at);
            names.add(name, content.as_ref(), &context, MOST_MODULES)?;
        }
        // Namespaces of another class than dict may answer anything at any time.
        let (Ok(globals), Ok(builtins)) = (globals.cast_exact::<PyDict>(), builtins.cast_exact::<PyDict>()) else {
            let what = Outside::Other("a name in a namespace that is no plain dict".to_owned());
            read.iter().chain(&["range".to_owned()]).for_each(|name| names.env.insert(name, what.clone()));
            return Ok(names);
        };
        for name in &read {
            // A free variable of the same name comes first.
            if names.cells.contains_key(name) {
                continue;
            }
            let found = match globals.get_item(name)? {
                Some(found) => Some(found),
                None => builtins.get_item(name)?,
            };
            names.add(name.clone(), found.as_ref(), &context, MOST_MODULES)?;
        }
        Ok(names)
    }

    /// Adds a path and, of a module, the attributes that the code may read.
    fn add(
        &mut self,
        path: String,
        object: Option<&Bound<'_, PyAny>>,
        context: &Context<'_>,
        depth: usize,
    ) -> PyResult<()> {
        let mut means = object.map_or(Outside::Missing, meaning);
        if matches!(means, Outside::Constant(_) | Outside::Scalar(..)) && context.variables.contains(&path) {
            means = Outside::Variable(None);
        }
        if means == Outside::Missing {
            self.missing.insert(path.clone());
        }
        if let (Outside::Module(_) | Outside::Namespace(_), Some(object), true) = (&means, object, depth > 0)
            && let Ok(module) = object.cast_exact::<PyModule>()
        {
            // Within a module that compiled code knows there is none of the user.
            let depth = if matches!(means, Outside::Module(_)) { 1 } else { depth };
            for attribute in context.read {
                let found = module.dict().get_item(attribute)?;
                if let Some(means) = made(module, &means, attribute, found.is_some())? {
                    self.env.insert(format!("{path}.{attribute}"), means);
                    continue;
                }
                self.add(format!("{path}.{attribute}"), found.as_ref(), context, depth - 1)?;
            }
        }
        // What is an argument is read at each call, and may hold the function.
        let held = !matches!(means, Outside::Other(_) | Outside::Variable(_));
        self.env.insert(path.clone(), means);
        self.objects.insert(path, Seen::new(object, held));
        Ok(())
    }

    /// What a path means, as text: the same for what compiled code cannot tell apart.
    pub fn key(&self, path: &str) -> String {
        let means = match path.rsplit_once('.') {
            Some((module, attribute)) => self.env.attribute(module, attribute),
            None => Some(self.env.meaning(path)),
        };
        format!("{means:?}")
    }

    /// The paths that are constants, with the address of the object, and whether a free variable is their root.
    pub fn constants(&self) -> impl Iterator<Item = (&str, usize, bool)> {
        self.objects.iter().filter_map(|(path, seen)| {
            let is_constant = matches!(self.env.get(path), Some(Outside::Constant(_) | Outside::Scalar(..)));
            is_constant.then(|| (path.as_str(), seen.address() as usize, self.cells.contains_key(path)))
        })
    }

    /// The guards for paths whose meaning was taken as given, or for all of them if `paths` is `None`; and the hidden arguments.
    ///
    /// # Errors
    /// If the function lacks what functions have.
    pub fn guards<'a>(
        &self,
        function: &Bound<'_, PyFunction>,
        paths: Option<&[String]>,
        hidden: impl Iterator<Item = &'a str>,
    ) -> PyResult<Guards> {
        let py = function.py();
        let mut guards = Guards::new(function);
        let paths = paths.map_or_else(|| self.objects.keys().cloned().collect::<Vec<_>>(), <[String]>::to_vec);
        for path in &paths {
            let Some(seen) = self.objects.get(path) else { continue };
            match self.place(py, &mut guards, path) {
                Some(Place::Cell(index)) => guards.cell(py, index, seen),
                Some(Place::Named(space, name)) => guards.name(py, space, name, seen),
                None => {}
            }
        }
        for path in hidden {
            match self.place(py, &mut guards, path) {
                Some(Place::Cell(index)) => guards.hidden_cell(index),
                Some(Place::Named(space, name)) => guards.hidden_name(py, space, name),
                // A module that is none any more has no value for it: the guard of the module fails.
                None => guards.hidden_name(py, GLOBALS, path),
            }
        }
        Ok(guards)
    }

    /// Where a path is looked up; the modules in front of it are guarded.
    fn place<'a>(&self, py: Python<'_>, guards: &mut Guards, path: &'a str) -> Option<Place<'a>> {
        let Some((module, attribute)) = path.rsplit_once('.') else {
            return Some(self.cells.get(path).map_or(Place::Named(GLOBALS, path), |&index| Place::Cell(index)));
        };
        let seen = self.objects.get(module)?;
        match self.place(py, guards, module)? {
            Place::Cell(index) => guards.cell(py, index, seen),
            Place::Named(space, name) => guards.name(py, space, name, seen),
        }
        Some(Place::Named(guards.space(seen.held(py)?)?, attribute))
    }

    /// Gives up the references.
    pub fn release(self, py: Python<'_>) {
        self.objects.into_values().for_each(|seen| seen.release(py));
    }
}

/// What an attribute means that a module makes when it is asked for it, or may make if it is not there. It is not asked: that may import half
/// of a library.
fn made(module: &Bound<'_, PyModule>, means: &Outside, attribute: &str, is_there: bool) -> PyResult<Option<Outside>> {
    Ok(match means {
        // Whether the program has asked before makes no difference.
        Outside::Module("np") => outside::within_numpy(attribute),
        Outside::Module(_) => None,
        _ if is_there => None,
        _ => module.dict().contains(intern!(module.py(), "__getattr__"))?.then_some(Outside::Untold),
    })
}

/// Where a path is looked up.
enum Place<'a> {
    Cell(usize),
    Named(usize, &'a str),
}

/// What a code object reads.
struct Context<'a> {
    /// Its names, of globals and attributes alike.
    read: &'a [String],
    /// Paths that are arguments, if they can be.
    variables: &'a BTreeSet<String>,
}

/// What an object means as the value of a name.
fn meaning(object: &Bound<'_, PyAny>) -> Outside {
    if let Some(name) = known_function(object) {
        return Outside::Function(name);
    }
    if let Some((_, name)) = known_module(object) {
        return Outside::Module(name);
    }
    if let Some(constant) = constant(object, MOST_NESTED) {
        return Outside::Constant(constant);
    }
    if let Some(class) = numpy_names::scalar_class(object)
        && let Some(constant) = object.call_method0("item").ok().and_then(|value| constant(&value, 0))
    {
        return Outside::Scalar(class, constant);
    }
    if let Some(callee) = functions::callee(object) {
        return Outside::Callee(callee);
    }
    if let Some(tuple) = tuple_of_functions(object, MOST_NESTED) {
        return tuple;
    }
    // Arrays, and tuples that have some.
    // SAFETY: the object is alive, and the thread holds the GIL.
    let classified = unsafe { classify(object.as_ptr()) };
    // What is read anew is not held, and functions must be.
    if matches!(classified, Argument::Compiled(one) if values::functions_among(&[one]).is_empty()) {
        return Outside::Variable(None);
    }
    let named = || object.getattr("__name__").map_or_else(|_| "?".to_owned(), |name| characters(&name));
    Outside::Other(match object {
        _ if is_builtin(object).unwrap_or(false) => format!("Python's `{}`", named()),
        _ if object.cast_exact::<PyModule>().is_ok() => return Outside::Namespace(format!("the module `{}`", named())),
        _ if object.is_instance_of::<PyModule>() => format!("the module `{}`", named()),
        _ if object.is_instance_of::<PyType>() => format!("the class `{}`", named()),
        _ => format!("an object of type `{}`", type_name(&object.get_type())),
    })
}

/// A tuple that holds functions, and otherwise constants.
fn tuple_of_functions(object: &Bound<'_, PyAny>, depth: usize) -> Option<Outside> {
    let tuple = object.cast_exact::<PyTuple>().ok().filter(|_| depth > 0)?;
    let parts = tuple.iter().map(|part| match part.cast_exact::<PyTuple>() {
        Ok(_) => tuple_of_functions(&part, depth - 1).or_else(|| constant(&part, depth - 1).map(Outside::Constant)),
        Err(_) => Some(meaning(&part)),
    });
    Outside::tuple(parts.collect::<Option<_>>()?)
}

/// True for what Python has under its name among its builtins.
fn is_builtin(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = object.py();
    let builtins = py.import(intern!(py, "builtins"))?;
    let name = object.getattr(intern!(py, "__name__"))?;
    Ok(builtins.dict().get_item(name)?.is_some_and(|found| found.is(object)))
}

/// The names of globals and attributes that a code object, or one within it, may read.
///
/// # Errors
/// If it lacks what code objects have.
pub fn names_in(code: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let mut names = code.getattr(intern!(code.py(), "co_names"))?.extract::<Vec<String>>()?;
    for constant in code.getattr(intern!(code.py(), "co_consts"))?.cast_into::<PyTuple>()?.iter() {
        if constant.is_instance_of::<PyCode>() {
            let inner = names_in(&constant)?;
            names.extend(inner.into_iter().filter(|name| !names.contains(name)).collect::<Vec<_>>());
        }
    }
    Ok(names)
}

/// The value of a number, or of a tuple of numbers.
pub fn constant_of(object: &Bound<'_, PyAny>) -> Option<Constant> {
    constant(object, MOST_NESTED)
}

/// The same for tuples up to so many levels.
fn constant(object: &Bound<'_, PyAny>, depth: usize) -> Option<Constant> {
    if object.is_none() {
        return Some(Constant::None);
    }
    if let Ok(value) = object.cast_exact::<PyBool>() {
        return Some(Constant::Bool(value.is_true()));
    }
    if let Ok(value) = object.cast_exact::<PyFloat>() {
        return Some(Constant::Float(value.value()));
    }
    if object.cast_exact::<PyInt>().is_ok() {
        // Hexadecimal digits come at once, whatever the length.
        let digits = characters(&object.call_method1("__format__", ("x",)).ok()?);
        return outside::int(&digits);
    }
    if let Ok(value) = object.cast_exact::<PyComplex>() {
        return Some(Constant::Complex { real: value.real(), imag: value.imag() });
    }
    let tuple = object.cast_exact::<PyTuple>().ok().filter(|_| depth > 0)?;
    let parts = tuple.iter().map(|part| constant(&part, depth - 1)).collect::<Option<_>>()?;
    Some(Constant::Tuple(parts))
}

/// The name of a function or type of Python's own, by what the object is and not by what it is called.
pub fn known_function(object: &Bound<'_, PyAny>) -> Option<&'static str> {
    let py = object.py();
    // SAFETY: types of the interpreter, which live as long as it does.
    let own = |one: *mut ffi::PyTypeObject| unsafe {
        Bound::from_borrowed_ptr(py, one.cast()).cast_into_unchecked::<PyType>()
    };
    let types = [
        ("range", py.get_type::<PyRange>()),
        ("int", py.get_type::<PyInt>()),
        ("float", py.get_type::<PyFloat>()),
        ("bool", py.get_type::<PyBool>()),
        ("complex", py.get_type::<PyComplex>()),
        ("tuple", py.get_type::<PyTuple>()),
        ("type", py.get_type::<PyType>()),
        ("enumerate", own(&raw mut ffi::PyEnum_Type)),
        ("reversed", own(&raw mut ffi::PyReversed_Type)),
        ("zip", own(&raw mut ffi::PyZip_Type)),
    ];
    if let Some((name, _)) = types.iter().find(|(_, class)| object.is(class)) {
        return outside::function_of("builtins", name);
    }
    let Ok(function) = object.cast_exact::<PyCFunction>() else { return numpy_names::function(object) };
    // SAFETY: the object is a builtin function; what it is bound to is null or a live object.
    let own = unsafe { Bound::from_borrowed_ptr_or_opt(py, ffi::PyCFunction_GetSelf(function.as_ptr())) }?;
    let known = defined_name(own.cast_exact::<PyModule>().ok()?).and_then(|module| {
        let name = characters(&object.getattr("__name__").ok()?);
        outside::function_of(module.to_str().ok()?, &name)
    });
    known.or_else(|| numpy_names::function(object))
}

/// The object itself, if it is a module that compiled code knows, and what it knows it as.
fn known_module<'py>(object: &Bound<'py, PyAny>) -> Option<(Bound<'py, PyModule>, &'static str)> {
    let module = object.cast_exact::<PyModule>().ok()?;
    let name = match defined_name(module) {
        Some(name) => name.to_str().ok()?,
        None if numpy_names::is_module(module) => "numpy",
        None => return None,
    };
    Some((module.clone(), outside::module(name)?))
}

/// The name that a module written in C was defined under, which nobody can change.
fn defined_name<'a>(module: &'a Bound<'_, PyModule>) -> Option<&'a CStr> {
    // SAFETY: the object is a module; its definition, if it has one, lives as long as the module.
    unsafe {
        let definition = ffi::PyModule_GetDef(module.as_ptr());
        if definition.is_null() || (*definition).m_name.is_null() {
            return None;
        }
        Some(CStr::from_ptr((*definition).m_name))
    }
}

/// The interpreter's own object of a row's function; `None` if somebody has put another one in its place.
pub fn host_function<'py>(py: Python<'py>, name: &'static str) -> Option<Bound<'py, PyAny>> {
    let name = if matches!(name, "**" | "**-") { "pow" } else { name.trim_end_matches('.') };
    if name.starts_with("np.") {
        return numpy_names::object(py, name);
    }
    let (module, own) = name.split_once('.').unwrap_or(("builtins", name));
    let found = py.import(module).ok()?.getattr(own).ok()?;
    (known_function(&found) == Some(name)).then_some(found)
}

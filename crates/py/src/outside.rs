//! What names outside a live function mean, and whether they still do.
//!
//! Enters: a Python function. Leaves: an [`Env`] for the binder with the objects behind it ([`Names`]), and from those [`Guards`]:
//! each is a name, or an attribute of a module, that must still be the same object. A namespace that has not changed since the
//! last check, by the version that CPython gives its dicts, is not looked up again.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CStr;
use std::ptr::null_mut;

use brrr_core::outside::{self, Constant, Env, Outside};
use pyo3::ffi::{self, PyObject};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyCFunction, PyComplex, PyDict, PyFloat, PyFunction, PyInt, PyModule, PyRange, PyString, PyTuple, PyType,
};

use crate::convert::type_name;
use crate::numpy_names;

/// Tuples within tuples up to here are constants.
const MOST_NESTED: usize = 20;

/// What the names that a function reads from outside are.
#[derive(Debug, Default)]
pub struct Names {
    /// What they mean.
    pub env: Env,
    /// The object of each path.
    objects: BTreeMap<String, Seen>,
    /// Names that are bound nowhere, and may come to be bound before the call.
    pub missing: BTreeSet<String>,
}

/// An object that a name had.
#[derive(Debug)]
struct Seen {
    /// Its address; null where there was none.
    address: *mut PyObject,
    /// Only what means something is held: anything else may hold the function in turn. Where another object comes to have its
    /// address, the function stays with the interpreter, which is never wrong.
    held: Option<Py<PyAny>>,
}

impl Names {
    /// Looks up every name that the function's code may read from outside.
    ///
    /// # Errors
    /// If the function lacks what functions have.
    pub fn of(function: &Bound<'_, PyFunction>) -> PyResult<Self> {
        let globals = function.getattr("__globals__")?;
        let builtins = function.getattr("__builtins__")?;
        let code = function.getattr("__code__")?;
        let read = code.getattr("co_names")?.extract::<Vec<String>>()?;
        let mut names = Self::default();
        let flags = function.py().import(intern!(function.py(), "sys"))?.getattr(intern!(function.py(), "flags"))?;
        names.env.without_asserts = flags.getattr(intern!(function.py(), "optimize"))?.extract::<i32>()? > 0;
        // Namespaces of another class than dict may answer anything at any time.
        let (Ok(globals), Ok(builtins)) = (globals.cast_exact::<PyDict>(), builtins.cast_exact::<PyDict>()) else {
            let what = Outside::Other("a name in a namespace that is no plain dict".to_owned());
            read.iter().chain(&["range".to_owned()]).for_each(|name| names.env.insert(name, what.clone()));
            return Ok(names);
        };
        for name in code.getattr("co_freevars")?.extract::<Vec<String>>()? {
            names.env.insert(name, Outside::Other("a variable of the enclosing function".to_owned()));
        }
        for name in &read {
            let found = match globals.get_item(name)? {
                Some(found) => Some(found),
                None => builtins.get_item(name)?,
            };
            if let Some((module, _)) = found.as_ref().and_then(known_module) {
                for attribute in &read {
                    let path = format!("{name}.{attribute}");
                    let found = module.dict().get_item(attribute)?;
                    names.add(path, found.as_ref());
                }
            }
            names.add(name.clone(), found.as_ref());
        }
        Ok(names)
    }

    fn add(&mut self, path: String, object: Option<&Bound<'_, PyAny>>) {
        let means = object.map_or(Outside::Missing, meaning);
        if means == Outside::Missing {
            self.missing.insert(path.clone());
        }
        let held = object.filter(|_| !matches!(means, Outside::Other(_))).map(|object| object.clone().unbind());
        let address = object.map_or(null_mut(), Bound::as_ptr);
        // A free variable of the same name comes first.
        if self.env.get(&path).is_none() {
            self.env.insert(path.clone(), means);
        }
        self.objects.insert(path, Seen { address, held });
    }

    /// The guards for paths whose meaning was taken as given; for all of them if `paths` is `None`.
    ///
    /// # Errors
    /// If the function lacks what functions have.
    pub fn guards(&self, function: &Bound<'_, PyFunction>, paths: Option<&[String]>) -> PyResult<Guards> {
        let py = function.py();
        let mut guards = Guards::new(function);
        let paths = paths.map_or_else(|| self.objects.keys().cloned().collect::<Vec<_>>(), <[String]>::to_vec);
        for path in &paths {
            let Some(seen) = self.objects.get(path) else { continue };
            match path.split_once('.') {
                None => guards.push(py, GLOBALS, path, seen),
                Some((name, attribute)) => {
                    let Some(module) = self.objects.get(name) else { continue };
                    guards.push(py, GLOBALS, name, module);
                    let space = module.held.as_ref().and_then(|module| guards.space(py, module));
                    space.into_iter().for_each(|space| guards.push(py, space, attribute, seen));
                }
            }
        }
        Ok(guards)
    }
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
    let named = || object.getattr("__name__").map_or_else(|_| "?".to_owned(), |name| name.to_string());
    Outside::Other(match object {
        _ if object.is_instance_of::<PyFunction>() => format!("the function `{}`", named()),
        _ if object.is_instance_of::<PyModule>() => format!("the module `{}`", named()),
        _ if object.is_instance_of::<PyType>() => format!("the class `{}`", named()),
        _ => format!("an object of type `{}`", type_name(&object.get_type())),
    })
}

/// The value of a number, or of a tuple of numbers.
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
        let digits = object.call_method1("__format__", ("x",)).ok()?.to_string();
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
fn known_function(object: &Bound<'_, PyAny>) -> Option<&'static str> {
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
        let name = object.getattr("__name__").ok()?.to_string();
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
    let (module, own) = name.split_once('.').unwrap_or(("builtins", name));
    let found = py.import(module).ok()?.getattr(own).ok()?;
    (known_function(&found) == Some(name)).then_some(found)
}

/// Names outside a function that must still be what they were. Whoever asks holds the function.
#[derive(Debug)]
pub struct Guards {
    function: *mut ffi::PyFunctionObject,
    /// Where the names are looked up: the function's globals, its builtins, then modules.
    spaces: Vec<Space>,
    guards: Vec<Guard>,
}

/// A namespace.
#[derive(Debug)]
struct Space {
    place: Place,
    /// The version of the dict at the last check.
    version: Cell<u64>,
}

/// Whose namespace it is. The function's own are not held, for the function is among its globals.
#[derive(Debug)]
enum Place {
    Globals,
    Builtins,
    /// A module, which must still be a plain one, and its dict.
    Module(Py<PyAny>, Py<PyDict>),
}

/// A name.
#[derive(Debug)]
struct Guard {
    /// Index of the module's namespace; 0 for a name of the function, which builtins may have.
    space: usize,
    /// Interned.
    name: Py<PyString>,
    seen: Seen,
}

const GLOBALS: usize = 0;

impl Guards {
    fn new(function: &Bound<'_, PyFunction>) -> Self {
        let space = |place| Space { place, version: Cell::new(0) };
        let spaces = vec![space(Place::Globals), space(Place::Builtins)];
        Self { function: function.as_ptr().cast(), spaces, guards: Vec::new() }
    }

    fn push(&mut self, py: Python<'_>, space: usize, name: &str, seen: &Seen) {
        let name = PyString::intern(py, name).unbind();
        if !self.guards.iter().any(|guard| guard.space == space && guard.name.is(&name)) {
            let held = seen.held.as_ref().map(|held| held.clone_ref(py));
            self.guards.push(Guard { space, name, seen: Seen { address: seen.address, held } });
        }
    }

    /// The namespace of a module; `None` if it has ceased to be a plain one.
    fn space(&mut self, py: Python<'_>, module: &Py<PyAny>) -> Option<usize> {
        let plain = module.bind(py).cast_exact::<PyModule>().ok()?;
        let is_known = |space: &Space| matches!(&space.place, Place::Module(known, _) if known.is(module));
        if let Some(known) = self.spaces.iter().position(is_known) {
            return Some(known);
        }
        let place = Place::Module(module.clone_ref(py), plain.dict().unbind());
        self.spaces.push(Space { place, version: Cell::new(0) });
        Some(self.spaces.len() - 1)
    }

    /// True if nothing was taken as given.
    #[inline(always)]
    pub const fn is_empty(&self) -> bool {
        self.guards.is_empty()
    }

    /// True if everything still is what it was. No Python code runs, unless a namespace has keys that are no plain strings.
    ///
    /// # Safety
    /// The thread holds the GIL, and the function is alive.
    #[inline(always)]
    pub unsafe fn hold(&self) -> bool {
        // SAFETY: as the caller promises.
        self.is_empty() || unsafe { self.spaces.iter().all(|space| self.is_unchanged(space)) || self.look_up() }
    }

    /// The dict of a namespace; null if the function is being destroyed, or the module has ceased to be a plain one.
    ///
    /// # Safety
    /// As [`Self::hold`].
    #[inline(always)]
    unsafe fn dict(&self, space: &Space) -> *mut PyObject {
        // SAFETY: as the caller promises; the module is held.
        unsafe {
            match &space.place {
                Place::Globals => (*self.function).func_globals,
                Place::Builtins => (*self.function).func_builtins,
                Place::Module(module, dict) if ffi::PyModule_CheckExact(module.as_ptr()) != 0 => dict.as_ptr(),
                Place::Module(..) => null_mut(),
            }
        }
    }

    /// # Safety
    /// As [`Self::hold`].
    #[inline(always)]
    unsafe fn is_unchanged(&self, space: &Space) -> bool {
        let known = space.version.get();
        // SAFETY: as the caller promises.
        unsafe {
            let dict = self.dict(space);
            known != 0 && !dict.is_null() && version(dict) == known
        }
    }

    /// # Safety
    /// As [`Self::hold`].
    #[cold]
    #[inline(never)]
    unsafe fn look_up(&self) -> bool {
        // SAFETY: as the caller promises; names are held.
        unsafe {
            let mut versions = Vec::with_capacity(self.spaces.len());
            for space in &self.spaces {
                let dict = self.dict(space);
                if dict.is_null() {
                    return false;
                }
                versions.push(version(dict));
            }
            if !self.guards.iter().all(|guard| self.is_same(guard)) {
                // Only a key of another type than str can raise here; the original function then meets it itself.
                ffi::PyErr_Clear();
                return false;
            }
            self.spaces.iter().zip(versions).for_each(|(space, version)| space.version.set(version));
        }
        true
    }

    /// # Safety
    /// As [`Self::hold`]; all namespaces are there.
    unsafe fn is_same(&self, guard: &Guard) -> bool {
        let Some(space) = self.spaces.get(guard.space) else { return false };
        // SAFETY: as the caller promises.
        unsafe {
            let mut found = ffi::PyDict_GetItemWithError(self.dict(space), guard.name.as_ptr());
            if let (true, Place::Globals) = (found.is_null(), &space.place) {
                found = ffi::PyDict_GetItemWithError((*self.function).func_builtins, guard.name.as_ptr());
            }
            found == guard.seen.address
        }
    }

    /// Gives up the references.
    pub fn release(self, py: Python<'_>) {
        for space in self.spaces {
            if let Place::Module(module, dict) = space.place {
                module.drop_ref(py);
                dict.drop_ref(py);
            }
        }
        for guard in self.guards {
            guard.name.drop_ref(py);
            guard.seen.held.into_iter().for_each(|held| held.drop_ref(py));
        }
    }
}

impl Names {
    /// Gives up the references.
    pub fn release(self, py: Python<'_>) {
        self.objects.into_values().filter_map(|seen| seen.held).for_each(|held| held.drop_ref(py));
    }
}

/// The version of a dict: it changes whenever the dict does. Zero where CPython has none: then nothing is known.
///
/// # Safety
/// `dict` is a live dict, and the thread holds the GIL.
#[inline(always)]
unsafe fn version(dict: *mut PyObject) -> u64 {
    #[cfg(not(Py_3_14))]
    {
        /// How CPython up to 3.13 lays out a dict.
        #[repr(C)]
        struct DictObject {
            base: PyObject,
            used: isize,
            version: u64,
        }
        // SAFETY: as the caller promises.
        unsafe { (*dict.cast::<DictObject>()).version }
    }
    #[cfg(Py_3_14)]
    {
        let _ = dict;
        0
    }
}

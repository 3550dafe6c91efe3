//! Functions as values: which object is which function.
//!
//! Enters: a function object. Leaves: its [`FunctionKey`], a number that no other function ever gets, and its [`FunctionType`], which knows
//! where the object is as long as it lives. Nothing here holds a function of the user's: a weak reference tells when it dies. What compiled
//! code needs of a plain function that was passed as a value, its hidden callable, hangs on the function itself, so that both go together.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use brrr_core::outside::FunctionKey;
use brrr_core::types::{FunctionType, Type, TypeSet};
use pyo3::exceptions::PyReferenceError;
use pyo3::ffi::{self, PyObject};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyFunction, PyType, PyWeakrefReference};

use crate::{callable, outside};

/// The functions of the user's that have been seen, as long as they live.
#[derive(Default)]
struct Seen {
    keys: HashMap<usize, u64>,
    entries: HashMap<u64, Entry>,
    /// Python's own functions, which are held: there are few.
    builtins: HashMap<&'static str, Py<PyAny>>,
    /// The keys of dead functions, by the address of the code and the name: the next function with both gets one of them, so that there are no
    /// more keys and types than functions at one time, and machine code for who calls the dead one serves for who calls the next one, if it
    /// means the same. Whatever was made for the dead one notices that it is gone, or has held it.
    dead: HashMap<(usize, String), Vec<u64>>,
    last: u64,
}

/// Names and codes of dead functions without types, at the most.
const MOST_DEAD: usize = 4096;

struct Entry {
    address: usize,
    /// The address of its code, and its name.
    code: (usize, String),
    /// Tells of the end.
    _reference: Py<PyWeakrefReference>,
    /// The type, if there is one.
    of_type: Option<FunctionType>,
}

fn seen() -> MutexGuard<'static, Option<Seen>> {
    static SEEN: Mutex<Option<Seen>> = Mutex::new(None);
    SEEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Is called when a function is gone.
#[pyclass(module = "brrr._brrr", name = "_Gone", frozen)]
struct Gone(u64);

#[pymethods]
impl Gone {
    fn __call__(&self, _reference: &Bound<'_, PyAny>) {
        let entry = seen().as_mut().and_then(|seen| {
            let entry = seen.entries.remove(&self.0)?;
            if seen.keys.get(&entry.address) == Some(&self.0) {
                seen.keys.remove(&entry.address);
            }
            if let Some(one) = entry.of_type {
                one.set_place(0);
            }
            // Where a program makes code without end, few of these come again.
            if entry.of_type.is_some() || seen.dead.len() < MOST_DEAD {
                seen.dead.entry(entry.code.clone()).or_default().push(self.0);
            }
            Some(entry)
        });
        // Not under the lock.
        drop(entry);
    }
}

/// The key of a function of the user's.
///
/// # Errors
/// If memory runs out.
pub fn key_of(object: &Bound<'_, PyAny>, name: &str) -> PyResult<FunctionKey> {
    let py = object.py();
    let address = object.as_ptr() as usize;
    let known = || seen().as_ref().and_then(|seen| seen.keys.get(&address).copied());
    if let Some(known) = known() {
        return Ok(FunctionKey(known));
    }
    let code = (code_of(object), name.to_owned());
    let key = {
        let mut seen = seen();
        let seen = seen.get_or_insert_default();
        match seen.dead.get_mut(&code).and_then(Vec::pop) {
            Some(key) => key,
            None => {
                seen.last += 1;
                seen.last
            }
        }
    };
    // May run the collector, and with it anything.
    let reference = PyWeakrefReference::new_with(object, Bound::new(py, Gone(key))?)?.unbind();
    if let Some(known) = known() {
        return Ok(FunctionKey(known));
    }
    let mut seen = seen();
    let seen = seen.get_or_insert_default();
    seen.keys.insert(address, key);
    seen.entries.insert(key, Entry { address, code, _reference: reference, of_type: None });
    Ok(FunctionKey(key))
}

/// The address of the code object of a function.
fn code_of(object: &Bound<'_, PyAny>) -> usize {
    // SAFETY: what is exactly a function has the layout of one; a callable of ours is one.
    unsafe {
        match object.cast_exact::<PyFunction>() {
            Ok(function) => (*function.as_ptr().cast::<ffi::PyFunctionObject>()).func_code as usize,
            Err(_) => (*object.as_ptr().cast::<callable::Callable>()).code as usize,
        }
    }
}

/// The function of a key, if it lives.
pub fn object_of<'py>(py: Python<'py>, key: FunctionKey) -> Option<Bound<'py, PyAny>> {
    let address = seen().as_ref()?.entries.get(&key.0)?.address;
    // SAFETY: an entry goes before its object does, and the thread holds the GIL.
    Some(unsafe { Bound::from_borrowed_ptr(py, address as *mut PyObject) })
}

/// The type of a function, if it is one that compiled code can hold: of the user's, or one of Python's own that it knows.
///
/// # Errors
/// If memory runs out.
pub fn type_of(object: &Bound<'_, PyAny>) -> PyResult<Option<FunctionType>> {
    if let Some(callee) = crate::functions::callee(object) {
        let one = FunctionType::callee(&callee);
        // The type of a dead function is nobody's any more, for no other has its key.
        if let Some(entry) = seen().as_mut().and_then(|seen| seen.entries.get_mut(&callee.key.0)) {
            entry.of_type = Some(one);
            one.set_place(entry.address);
        }
        return Ok(Some(one));
    }
    let may_be_known = object.cast_exact::<PyCFunction>().is_ok() || object.cast::<PyType>().is_ok();
    let is_numpy = |name: &str| name == "ufunc" || name.ends_with("DType");
    if !may_be_known && !is_numpy(object.get_type().name()?.to_str()?) {
        return Ok(None);
    }
    Ok(outside::known_function(object).and_then(|name| builtin(object, name)))
}

/// The type of one of Python's own functions; `None` for a second object of the same name, as a module that is imported once more has.
fn builtin(object: &Bound<'_, PyAny>, name: &'static str) -> Option<FunctionType> {
    let one = FunctionType::builtin(name);
    let mut seen = seen();
    let held = seen.get_or_insert_default().builtins.entry(name).or_insert_with(|| object.clone().unbind());
    one.set_place(held.as_ptr() as usize);
    held.is(object).then_some(one)
}

/// The object of a type.
///
/// # Errors
/// If it does not live any more.
pub fn object<'py>(py: Python<'py>, one: FunctionType) -> PyResult<Bound<'py, PyAny>> {
    let found = match (one.as_callee(), one.builtin_name()) {
        (Some(callee), _) => object_of(py, callee.key),
        (None, Some(name)) => {
            let known = seen().as_ref().and_then(|seen| seen.builtins.get(name).map(|held| held.clone_ref(py)));
            known.map(|known| known.into_bound(py)).or_else(|| {
                let found = outside::host_function(py, name)?;
                builtin(&found, name)?;
                Some(found)
            })
        }
        (None, None) => None,
    };
    found.ok_or_else(|| PyReferenceError::new_err(format!("the function `{}` is gone", one.name())))
}

/// True if the object is the very function.
#[inline(always)]
pub fn is_it(object: *mut PyObject, one: FunctionType) -> bool {
    one.place() == object as usize
}

/// Hands on each function that a type is, or holds.
pub fn each_function(one: Type, found: &mut dyn FnMut(FunctionType)) {
    match one {
        Type::Function(one) => found(one),
        Type::Tuple(shape) => {
            shape.elements().iter().flat_map(|types: &TypeSet| types.iter()).for_each(|one| each_function(one, found));
        }
        _ => {}
    }
}

/// The functions from outside among the types of parameters: not those that a function makes itself.
pub fn functions_among(params: &[Type]) -> BTreeSet<FunctionType> {
    let mut found = BTreeSet::new();
    params.iter().for_each(|&one| {
        each_function(one, &mut |one| {
            if one.as_local().is_none() {
                found.insert(one);
            }
        });
    });
    found
}

/// What hangs on a plain function that was passed as a value: its hidden callable.
#[pyclass(module = "brrr._brrr", name = "_Attached")]
pub struct Attached(Option<Py<PyAny>>);

#[pymethods]
impl Attached {
    #[new]
    const fn new() -> Self {
        Self(None)
    }

    /// Copies, and what comes out of a pickle, have nothing to do with the function.
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyType>, ()) {
        (slf.get_type(), ())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.0.iter().try_for_each(|held| visit.call(held))
    }

    fn __clear__(&mut self) {
        self.0 = None;
    }
}

/// The hidden callable of a plain function that is a value; `make` makes it.
///
/// # Errors
/// If it cannot be made.
pub fn attached<'py>(
    function: &Bound<'py, PyFunction>,
    make: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = function.py();
    let name = intern!(py, "__brrr__");
    let dict = function.getattr(intern!(py, "__dict__"))?.cast_into::<PyDict>()?;
    if let Some(Ok(found)) = dict.get_item(name)?.map(|found| found.cast_into::<Attached>())
        && let Some(held) = &found.borrow().0
        && callable::view(held.bind(py)).is_some_and(|view| view.original.is(function))
    {
        return Ok(held.bind(py).clone());
    }
    let made = make()?;
    dict.set_item(name, Bound::new(py, Attached(Some(made.clone().unbind())))?)?;
    Ok(made)
}

/// A reference to an object that is held, or that may go.
#[derive(Debug)]
pub enum Reference {
    /// Held.
    Strong(crate::guards::Held),
    /// Not held: a weak reference to it, which is.
    Weak(crate::guards::Held),
}

impl Reference {
    /// The object; null if it is gone, or the reference was given up.
    #[inline(always)]
    pub fn get(&self) -> *mut PyObject {
        /// How CPython lays out a weak reference.
        #[repr(C)]
        struct WeakReference {
            base: PyObject,
            object: *mut PyObject,
        }
        match self {
            Self::Strong(held) => held.get(),
            Self::Weak(reference) if reference.get().is_null() => std::ptr::null_mut(),
            Self::Weak(reference) => {
                // SAFETY: a weak reference is held; what it refers to is an object, or None once that is gone.
                unsafe {
                    let object = (*reference.get().cast::<WeakReference>()).object;
                    if std::ptr::eq(object, ffi::Py_None()) { std::ptr::null_mut() } else { object }
                }
            }
        }
    }

    /// What is held.
    pub const fn held(&self) -> &crate::guards::Held {
        match self {
            Self::Strong(held) | Self::Weak(held) => held,
        }
    }
}

//! NumPy's functions and types by what they are, not by what they are called.
//!
//! The objects are looked at once, when the program has imported NumPy: a function counts as NumPy's own if it is among those of
//! its module in C, or is of the type of its functions in Python and says of itself that it is NumPy's.

use std::collections::HashMap;

use brrr_core::outside::{classes_of_numpy, function_of, functions_of_numpy};
use brrr_core::types::{Dtype, FunctionType};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyModule, PyType};

use crate::convert::characters;
use crate::numpy;

/// The objects, which are held, by their addresses.
type Names = HashMap<usize, (Py<PyAny>, &'static str)>;

/// True for the module that the program has imported as NumPy.
pub fn is_module(module: &Bound<'_, PyModule>) -> bool {
    let py = module.py();
    numpy::look(py);
    let imported = || py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?.get_item(intern!(py, "numpy"));
    numpy::is_known() && imported().is_ok_and(|numpy| numpy.is(module))
}

/// The one name of a function or type of NumPy that compiled code knows.
pub fn function(object: &Bound<'_, PyAny>) -> Option<&'static str> {
    numpy::look(object.py());
    if !numpy::is_known() {
        return None;
    }
    names(object.py()).get(&(object.as_ptr() as usize)).map(|(_, name)| *name)
}

/// NumPy's object of a name.
pub fn object<'py>(py: Python<'py>, name: &str) -> Option<Bound<'py, PyAny>> {
    numpy::look(py);
    if !numpy::is_known() {
        return None;
    }
    let found = names(py).values().find(|(_, known)| *known == name);
    found.map(|(object, _)| object.bind(py).clone())
}

/// The name of the type of a scalar.
pub fn scalar_class(object: &Bound<'_, PyAny>) -> Option<&'static str> {
    let dtype = numpy::dtype_of_class(object.get_type().as_ptr())?;
    function_of("np", dtype.scalar_name())
}

fn names(py: Python<'_>) -> &Names {
    static NAMES: PyOnceLock<Names> = PyOnceLock::new();
    NAMES.get_or_init(py, || {
        let mut names = Names::new();
        // Without the module there are no names.
        if let (Ok(numpy), Ok(core)) = (py.import("numpy"), py.import("numpy._core._multiarray_umath")) {
            for dtype in Dtype::ALL {
                let made = numpy.getattr(intern!(py, "dtype")).and_then(|class| class.call1((dtype.name(),)));
                if let (Ok(made), Some(name)) = (made, FunctionType::dtype(dtype).builtin_name()) {
                    names.insert(made.as_ptr() as usize, (made.unbind(), name));
                }
            }
            for name in functions_of_numpy().chain(classes_of_numpy()) {
                let Some(own) = name.strip_prefix("np.") else { continue };
                let Ok(Some(found)) = numpy.dict().get_item(own) else { continue };
                if is_type(&found, own)
                    || is_of_core(&found, &core)
                    || is_dispatcher(&found, own)
                    || is_python(&found, own)
                {
                    names.entry(found.as_ptr() as usize).or_insert_with(|| (found.unbind(), name));
                }
            }
        }
        names
    })
}

/// A type of scalars.
fn is_type(object: &Bound<'_, PyAny>, own: &str) -> bool {
    numpy::dtype_of_class(object.as_ptr()).map(Dtype::scalar_name) == Some(own)
}

/// A function on elements, which the module in C has under the name that the function has.
fn is_of_core(object: &Bound<'_, PyAny>, core: &Bound<'_, PyModule>) -> bool {
    let Ok(name) = object.getattr("__name__") else { return false };
    core.dict().get_item(name).is_ok_and(|found| found.is_some_and(|found| found.is(object)))
}

/// A function or class of Python's, of one of NumPy's own modules.
fn is_python(object: &Bound<'_, PyAny>, own: &str) -> bool {
    let is = |attribute: &str, wanted: &str| object.getattr(attribute).is_ok_and(|found| characters(&found) == wanted);
    let module = |object: &Bound<'_, PyAny>| object.getattr("__globals__")?.get_item("__name__")?.extract::<String>();
    let made_by = match object.cast::<PyType>() {
        Ok(class) => class.getattr("__init__").and_then(|init| module(&init)),
        Err(_) => module(object),
    };
    let of_numpy = made_by.is_ok_and(|module| module.starts_with("numpy."));
    of_numpy && is("__module__", "numpy") && is("__name__", own)
}

/// A function that NumPy has written in Python.
fn is_dispatcher(object: &Bound<'_, PyAny>, own: &str) -> bool {
    let class = object.get_type();
    // SAFETY: the type is a live one.
    let in_c = unsafe { (*class.as_type_ptr()).tp_flags } & ffi::Py_TPFLAGS_HEAPTYPE == 0;
    let is = |attribute: &str, wanted: &str| object.getattr(attribute).is_ok_and(|found| characters(&found) == wanted);
    in_c && class.name().is_ok_and(|name| name == "_ArrayFunctionDispatcher")
        && is("__module__", "numpy")
        && is("__name__", own)
}

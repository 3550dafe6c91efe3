//! `_brrr`: the extension module behind the Python package `brrr`.
//!
//! Read [`decorate`] for what the decorator does, [`dispatch`] for what a call does. No rule about types lives in this crate,
//! and no LLVM: that is opened at the first compilation ([`code`]).

mod activation;
mod again;
mod arrange;
mod arrays;
mod binding;
mod callable;
mod calls;
mod code;
mod convert;
mod decorate;
mod depth;
mod dispatch;
mod env;
mod errors;
mod functions;
mod guards;
mod host;
mod interrupt;
mod methods;
mod moves;
mod numpy;
mod numpy_names;
mod outside;
mod poll;
mod probes;
mod resume;
mod shared;
mod specialise;
mod spot;
mod tables;
mod tiers;
mod values;
mod watch;
mod work;

#[cfg(Py_GIL_DISABLED)]
compile_error!("brrr needs a CPython with the GIL");
#[cfg(not(Py_3_11))]
compile_error!("brrr needs CPython 3.11 or later");
#[cfg(not(target_pointer_width = "64"))]
compile_error!("brrr needs a 64-bit machine");

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

/// Fills the module.
#[pymodule]
fn _brrr(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let digits: u32 = py.import("sys")?.getattr("int_info")?.getattr("bits_per_digit")?.extract()?;
    if digits != convert::BITS_IN_DIGIT {
        return Err(PyImportError::new_err(format!("brrr needs a CPython with ints of 30-bit digits, not {digits}")));
    }
    errors::install_panic_hook();
    work::watch_forks();
    brrr_core::ops::set_python(py.version_info().minor);
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("Function", callable::class(py)?)?;
    module.add_class::<values::Attached>()?;
    module.add_function(wrap_pyfunction!(decorate::brrr, module)?)?;
    module.add_function(wrap_pyfunction!(decorate::_restore, module)?)?;
    module.add_function(wrap_pyfunction!(probes::probe, module)?)?;
    module.add_function(wrap_pyfunction!(probes::eager, module)?)?;
    module.add_function(wrap_pyfunction!(tiers::tier, module)?)?;
    module.add_function(wrap_pyfunction!(tables::operators, module)?)?;
    module.add_function(wrap_pyfunction!(tables::faults, module)?)
}

//! The core's tables for Python: the fuzzer, the tests and the documentation are made from them.

use brrr_core::ops::{Op, TABLE};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

/// The table of operators, as far as this CPython has them: a dict for each row.
#[pyfunction]
pub fn operators(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let minor = py.version_info().minor;
    let rows = TABLE.iter().filter(|op| op.since <= minor);
    PyList::new(py, rows.map(|op| row(py, op)).collect::<PyResult<Vec<_>>>()?)
}

fn row<'py>(py: Python<'py>, op: &Op) -> PyResult<Bound<'py, PyDict>> {
    let row = PyDict::new(py);
    row.set_item("name", op.name)?;
    row.set_item("params", op.params.iter().map(|one| one.python()).collect::<Vec<_>>())?;
    row.set_item("result", op.result.python())?;
    row.set_item("leaves", op.leaves_if.iter().map(|one| one.text()).collect::<Vec<_>>())?;
    row.set_item("doc", op.doc)?;
    row.set_item("example", op.example)?;
    row.set_item("internal", op.is_internal())?;
    Ok(row)
}

/// The names of the faults that were planted into this build to prove the tests; none in a release.
#[pyfunction]
pub fn faults() -> Vec<String> {
    #[cfg(feature = "faults")]
    let names = brrr_core::faults::names().into_iter().map(String::from).collect();
    #[cfg(not(feature = "faults"))]
    let names = Vec::new();
    names
}

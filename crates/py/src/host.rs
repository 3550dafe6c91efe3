//! Rows that the interpreter does: its own function is called with the payloads boxed, and gives what it gives.
//!
//! That is for functions whose last bit is a matter of CPython's version. They are functions of C on exact numbers: no Python
//! code runs in them.

use std::ptr::null_mut;

use brrr_core::abi::HOST_OVER_WORDS;
use brrr_core::check::call::keywords;
use brrr_core::ops::{Op, Passed, Recipe, TABLE};
use brrr_core::types::Type;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

use crate::convert::{boxed, write};
use crate::outside::host_function;

/// The most parameters that such a row has.
const MOST_PARAMETERS: usize = 8;

/// The function of a row.
struct Host {
    function: Py<PyAny>,
    /// The names of its last arguments.
    keywords: Option<Py<PyTuple>>,
}

impl Host {
    fn of(py: Python<'_>, row: &Op) -> Option<Self> {
        if !row.recipe.asks_host() || row.params.len() > MOST_PARAMETERS {
            return None;
        }
        let function = host_function(py, row.name)?.unbind();
        let by_name = keywords(row.name);
        let keywords = match by_name.is_empty() {
            true => None,
            false => Some(PyTuple::new(py, by_name).ok()?.unbind()),
        };
        Some(Self { function, keywords })
    }
}

/// The function of a row, by its number. What is not there is looked for again: NumPy may be imported later.
fn host(py: Python<'_>, row: usize) -> Option<&'static Host> {
    static HOSTS: [PyOnceLock<Host>; TABLE.len()] = [const { PyOnceLock::new() }; TABLE.len()];
    let kept = HOSTS.get(row)?;
    match kept.get(py) {
        Some(host) => Some(host),
        None => {
            let found = Host::of(py, TABLE.get(row)?)?;
            Some(kept.get_or_init(py, || found))
        }
    }
}

/// Does a row; `None` if the function raises, or gives what is not of the row's type.
///
/// # Safety
/// `args` has the payloads of the parameters of the row, `result` has room for two words, and the thread holds the GIL.
pub unsafe fn call(row: u64, args: *const u64, result: *mut u64) -> Option<()> {
    // SAFETY: as the caller promises.
    let py = unsafe { Python::assume_attached() };
    let row = usize::try_from(row).ok()?;
    let host = host(py, row)?;
    let op = TABLE.get(row)?;
    if let Recipe::HostOver(passed) = op.recipe {
        // SAFETY: as the caller promises.
        return unsafe { call_over(py, host, passed, args, op.result, result) };
    }
    let mut objects = [null_mut::<PyObject>(); MOST_PARAMETERS];
    // SAFETY: as the caller promises; every object made here is given up here.
    unsafe {
        let mut word = args;
        for (object, one) in objects.iter_mut().zip(op.params) {
            *object = boxed(one.tag().unwrap_or_default().into(), word);
            word = word.add(one.words());
        }
        let made = objects[..op.params.len()].iter().all(|object| !object.is_null());
        let names = host.keywords.as_ref().map_or(null_mut(), Py::as_ptr);
        let by_name = host.keywords.as_ref().map_or(0, |names| names.bind(py).len());
        let positional = op.params.len().checked_sub(by_name)?;
        let given = match made {
            true => ffi::PyObject_Vectorcall(host.function.as_ptr(), objects.as_ptr(), positional, names),
            false => null_mut(),
        };
        objects.iter().for_each(|&object| ffi::Py_XDECREF(object));
        taken(given, op.result, result)
    }
}

/// Does a row that takes any number of operands.
///
/// # Safety
/// `args` has the number of operands and, for each, its tag and its payload; the rest is as for [`call`].
unsafe fn call_over<'py>(
    py: Python<'py>,
    host: &Host,
    passed: Passed,
    args: *const u64,
    one: Type,
    result: *mut u64,
) -> Option<()> {
    // SAFETY: as the caller promises.
    let operands = unsafe {
        let count = usize::try_from(args.read()).ok()?;
        (0..count).map(|at| {
            let place = args.add(1 + at * HOST_OVER_WORDS);
            Bound::from_owned_ptr_or_err(py, boxed(place.read(), place.add(1)))
        })
    };
    // Without memory the interpreter does it.
    let given = operands.collect::<PyResult<Vec<_>>>().and_then(|mut operands| {
        let function = host.function.bind(py);
        let tuple = |part: &[Bound<'py, PyAny>]| PyTuple::new(py, part);
        match passed {
            Passed::Each => function.call1(tuple(&operands)?),
            Passed::Tuple => function.call1((tuple(&operands)?,)),
            Passed::Halves => {
                let (left, right) = operands.split_at(operands.len() / 2);
                function.call1((tuple(left)?, tuple(right)?))
            }
            Passed::Start => {
                let start = operands.pop();
                function.call1((tuple(&operands)?, start))
            }
        }
    });
    // SAFETY: the reference is given away, and `result` has room as the caller promises.
    given.ok().and_then(|given| unsafe { taken(given.into_ptr(), one, result) })
}

/// Writes what a function has given; `None` if that is nothing, or not of the type.
///
/// # Safety
/// `given` is a reference to give away, or null with an exception set; `result` has room for the type, and the thread holds the GIL.
unsafe fn taken(given: *mut PyObject, one: Type, result: *mut u64) -> Option<()> {
    // SAFETY: as the caller promises.
    unsafe {
        if given.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        let written = write(given, one, result).map(drop);
        ffi::Py_DECREF(given);
        written
    }
}

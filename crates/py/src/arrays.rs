//! Arrays that compiled code has NumPy make, and who holds them.
//!
//! A run keeps every array it has made until it is over, so that compiled code counts no references and nothing is lost on any
//! way out. When they become many or large, those that the code does not need any more go: a creation says which ones it does, of
//! those that its function has made. A called function marks where it begins; what was made behind the mark is its own, and goes when it
//! ends, but for what it returns, which is its caller's from then on.

use std::ffi::c_void;
use std::ptr::null_mut;

use brrr_core::abi;
use brrr_core::ir::Creation;
use brrr_core::types::{Layout, Type};
use pyo3::ffi::{self, PyObject};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::activation::Running;
use crate::convert::boxed_compound;
use crate::{calls, numpy};

/// Arrays that are kept before the first look for those that may go.
const FEW: usize = 32;
/// Bytes that are made before the next look.
const LARGE: usize = 32 << 20;

/// The arrays that a run has made.
#[derive(Debug)]
pub struct Made {
    objects: Vec<*mut PyObject>,
    /// Those from here on were made since the innermost called function began.
    mark: usize,
    /// How many there may be before the next look.
    most: usize,
    /// Bytes made since the last look.
    bytes: usize,
}

impl Made {
    const fn new() -> Self {
        Self { objects: Vec::new(), mark: 0, most: FEW, bytes: 0 }
    }

    /// Gives up all behind the mark but those that are still needed.
    ///
    /// # Safety
    /// The thread holds the GIL.
    unsafe fn sweep(&mut self, alive: &[u64]) {
        let own = self.objects.split_off(self.mark.min(self.objects.len()));
        let (kept, gone) = own.into_iter().partition::<Vec<_>, _>(|&object| alive.contains(&(object as u64)));
        self.objects.extend(kept);
        // SAFETY: each is a reference of this run. Freeing an array may run Python code, which cannot reach this list.
        gone.into_iter().for_each(|object| unsafe { ffi::Py_DECREF(object) });
    }

    /// The same if it is time, and says when it is time again.
    ///
    /// # Safety
    /// As [`Self::sweep`].
    unsafe fn look(&mut self, alive: &[u64]) {
        if self.objects.len() >= self.most || self.bytes >= LARGE {
            // SAFETY: as the caller promises.
            unsafe { self.sweep(alive) };
            self.most = FEW.max(2 * self.objects.len());
            self.bytes = 0;
        }
    }
}

/// Gives up what a run has made.
///
/// # Safety
/// The thread holds the GIL; `made` is that of a run which is over, or null.
#[cold]
pub unsafe fn release(made: *mut Made) {
    if !made.is_null() {
        // SAFETY: it was made by `Box` in `create`.
        unsafe {
            let mut made = Box::from_raw(made);
            made.mark = 0;
            made.sweep(&[]);
        }
    }
}

/// A call that makes arrays, ready to be made.
#[derive(Debug)]
pub struct Maker {
    function: Py<PyAny>,
    /// The names of the last arguments.
    keywords: Option<Py<PyTuple>>,
    /// The arguments that are always the same, behind the others.
    constants: Vec<Py<PyAny>>,
    /// The first argument is the shape of the first one that the creation has.
    of_shape: bool,
}

impl Maker {
    /// For a creation.
    ///
    /// # Errors
    /// If NumPy does not have the function.
    pub fn new(py: Python<'_>, creation: &Creation) -> PyResult<Self> {
        let module = py.import(intern!(py, "numpy"))?;
        // `np.zeros` has memory that is zero from the start; `np.zeros_like` would write to all of it.
        let of_shape =
            creation.function == "np.zeros_like" && creation.params.len() == 1 && creation.keywords.is_empty();
        // Of a strided array NumPy finds the order itself.
        let order = match creation.params.first() {
            Some(Type::Array(array)) if array.layout == creation.result.layout => match array.layout {
                Layout::C => Some('C'),
                Layout::F => Some('F'),
                Layout::Strided => None,
            },
            _ => None,
        };
        if let (true, Some(order)) = (of_shape, order) {
            let dtype = module.getattr(intern!(py, "dtype"))?.call1((creation.result.dtype.name(),))?;
            let order = order.to_string().into_pyobject(py)?.into_any();
            let names = PyTuple::new(py, [intern!(py, "dtype"), intern!(py, "order")])?;
            return Ok(Self {
                function: module.getattr(intern!(py, "zeros"))?.unbind(),
                keywords: Some(names.unbind()),
                constants: vec![dtype.unbind(), order.unbind()],
                of_shape,
            });
        }
        let function = match creation.function.strip_prefix('.') {
            Some(method) => module.getattr(intern!(py, "ndarray"))?.getattr(method)?,
            None => module.getattr(creation.function.trim_start_matches("np."))?,
        };
        let mut keywords = creation.keywords.clone();
        let mut constants = Vec::new();
        if let Some(dtype) = creation.dtype {
            keywords.push("dtype".to_owned());
            constants.push(module.getattr(intern!(py, "dtype"))?.call1((dtype.name(),))?.unbind());
        }
        if let Some(order) = creation.order {
            keywords.push("order".to_owned());
            constants.push(order.to_string().into_pyobject(py)?.into_any().unbind());
        }
        if let Some(copy) = creation.copy {
            keywords.push("copy".to_owned());
            constants.push(copy.into_pyobject(py)?.to_owned().into_any().unbind());
        }
        let names = keywords.iter().map(|name| pyo3::types::PyString::intern(py, name));
        let keywords = match keywords.is_empty() {
            true => None,
            false => Some(PyTuple::new(py, names)?.unbind()),
        };
        Ok(Self { function: function.unbind(), keywords, constants, of_shape: false })
    }
}

/// Has NumPy make an array; null if it raises, or makes something else than was expected.
pub extern "C" fn create(activation: *mut abi::Activation, creation: u64, args: *const u64, alive: u64) -> *mut c_void {
    // SAFETY: compiled code passes its activation, the head of a `Running`, the number of one of its function's creations, as many
    // words as the arguments have, and behind them the objects that stay. The GIL is taken here if a poll has released it.
    unsafe {
        let running = activation.cast::<Running>();
        crate::poll::hold(running);
        (*running).pin();
        let (function, number) = ((creation >> 32) as usize, creation as u32 as usize);
        let Some((_, code)) = calls::member(&*running, function) else { return null_mut() };
        let (Some(creation), Some(maker)) = (code.function.creations.get(number), code.makers.get(number)) else {
            return null_mut();
        };
        let mut words = args;
        let object = call(creation, maker, &mut words);
        if object.is_null() {
            ffi::PyErr_Clear();
            return null_mut();
        }
        let fits = numpy::is_array(object) && numpy::is_laid_out(object, creation.result);
        if !fits {
            ffi::Py_DECREF(object);
            return null_mut();
        }
        let made = made(running);
        made.bytes += numpy::bytes(object);
        made.look(std::slice::from_raw_parts(words, alive as usize));
        made.objects.push(object);
        object.cast()
    }
}

/// What a run has made.
///
/// # Safety
/// `running` is a run of this thread, and nobody else looks at what it has made meanwhile.
unsafe fn made<'a>(running: *mut Running) -> &'a mut Made {
    // SAFETY: as the caller promises; it is given up when the run is over.
    unsafe {
        if (*running).made.is_null() {
            (*running).made = Box::into_raw(Box::new(Made::new()));
        }
        &mut *(*running).made
    }
}

/// Has a run hold an array that came out of the interpreter.
///
/// # Safety
/// As [`made`]; the reference is given away.
pub unsafe fn hold(running: *mut Running, object: *mut PyObject) {
    // SAFETY: as the caller promises.
    unsafe { made(running).objects.push(object) };
}

/// A called function begins that may make arrays: the mark of the one before it.
///
/// # Safety
/// The activation is the head of a [`Running`] whose code is running in this thread.
pub unsafe extern "C" fn mark(activation: *mut abi::Activation) -> u64 {
    // SAFETY: as the caller promises.
    unsafe {
        let made = made(activation.cast());
        let behind = made.objects.len();
        std::mem::replace(&mut made.mark, behind) as u64
    }
}

/// The called function that got this mark ends.
///
/// # Safety
/// As [`mark`]; there are as many objects as is said.
pub unsafe extern "C" fn settle(activation: *mut abi::Activation, mark: u64, kept: *const u64, count: u64) {
    let running = activation.cast::<Running>();
    // SAFETY: as the caller promises. What goes may run Python code: the GIL is taken if a poll has released it.
    unsafe {
        let made = made(running);
        if made.objects.len() > made.mark {
            crate::poll::hold(running);
            made.sweep(std::slice::from_raw_parts(kept, count as usize));
        }
        made.mark = mark as usize;
    }
}

/// After a call that has given an array: if much has been made, what is not needed goes.
///
/// # Safety
/// As [`settle`].
pub unsafe extern "C" fn sweep(activation: *mut abi::Activation, kept: *const u64, count: u64) {
    let running = activation.cast::<Running>();
    // SAFETY: as in `settle`.
    unsafe {
        let made = made(running);
        crate::poll::hold(running);
        made.look(std::slice::from_raw_parts(kept, count as usize));
    }
}

/// Calls NumPy; `words` comes to stand behind the words of the arguments.
///
/// # Safety
/// The thread holds the GIL, and `words` has the words of the arguments, whose arrays are alive.
unsafe fn call(creation: &Creation, maker: &Maker, words: &mut *const u64) -> *mut PyObject {
    let mut objects = Vec::with_capacity(creation.params.len() + maker.constants.len());
    // SAFETY: as the caller promises; every object that is made here is given up here.
    unsafe {
        for &param in &creation.params {
            objects.push(boxed_compound(param, words));
        }
        let made = objects.len();
        if let Some(array) = objects.first_mut().filter(|array| maker.of_shape && !array.is_null()) {
            let shape = ffi::PyObject_GetAttrString(*array, c"shape".as_ptr());
            ffi::Py_DECREF(std::mem::replace(array, shape));
        }
        objects.extend(maker.constants.iter().map(Py::as_ptr));
        let keywords = maker.keywords.as_ref().map_or(null_mut(), Py::as_ptr);
        let named = creation.keywords.len() + maker.constants.len();
        let result = match objects.iter().all(|object| !object.is_null()) {
            true => {
                let positional = objects.len() - named;
                ffi::PyObject_Vectorcall(maker.function.as_ptr(), objects.as_ptr(), positional, keywords)
            }
            false => null_mut(),
        };
        objects[..made].iter().for_each(|&object| ffi::Py_XDECREF(object));
        result
    }
}

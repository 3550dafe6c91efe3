//! The type of functions under the decorator, `brrr.Function`.
//!
//! A heap type made through the C API, because a call must cost less than calling the plain function: it has vectorcall, binds
//! to instances as functions do, takes part in garbage collection, can be weakly referenced and has a `__dict__`. What it
//! does not say itself it asks of the original function, so that reading and assigning `__defaults__`, say, is reading and
//! assigning the original's. Its methods are safe functions of [`crate::methods`].

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::mem::offset_of;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;

use pyo3::ffi::{self, Py_ssize_t, PyObject};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyFunction, PyTuple, PyType};

use crate::binding::Specialisation;
use crate::dispatch::vectorcall;
use crate::errors::panic_refusal;
use crate::methods;
use crate::specialise::Body;

unsafe extern "C" {
    /// Of the C API, but not among PyO3's declarations. Both references are borrowed.
    fn PyMethod_New(function: *mut PyObject, instance: *mut PyObject) -> *mut PyObject;
}

/// A function under the decorator. All fields are null between allocation and the end of [`new`].
#[repr(C)]
pub struct Callable {
    base: PyObject,
    vectorcall: Option<ffi::vectorcallfunc>,
    dict: *mut PyObject,
    weak_references: *mut PyObject,
    /// The function as Python made it; null while the callable is being destroyed.
    pub original: *mut PyObject,
    /// Its code object at decoration, held so that no other one can have its address.
    pub code: *mut PyObject,
    body: *mut Body,
    /// What the last call ran, if it can be run by position; owned by the body.
    pub last: *const Specialisation,
    /// What ran before it, likewise, if that was another one: calls with two kinds of arguments by turns.
    pub before: *const Specialisation,
    /// Calls that ran compiled code from start to end.
    pub compiled: u64,
    /// All other calls.
    pub others: u64,
}

impl Callable {
    /// The state; `None` only before the object is complete.
    ///
    /// # Safety
    /// The reference must not outlive the object.
    #[inline(always)]
    pub unsafe fn body<'a>(&self) -> Option<&'a Body> {
        // SAFETY: the body is dropped with the object, and only ever borrowed immutably.
        unsafe { self.body.as_ref() }
    }

    /// Notes that a call runs this specialisation.
    #[inline(always)]
    pub fn runs(&mut self, one: *const Specialisation) {
        if self.last != one {
            self.before = self.last;
            self.last = one;
        }
    }

    /// Forgets what the last calls ran.
    pub fn ran_nothing(&mut self) {
        self.last = std::ptr::null();
        self.before = std::ptr::null();
    }

    /// True if what it ran can be run once more, as far as its names and those of what it calls go, where that is not known at once.
    ///
    /// # Safety
    /// The thread holds the GIL.
    #[cold]
    #[inline(never)]
    pub unsafe fn can_still_run(&self, one: &Specialisation) -> bool {
        // SAFETY: as the caller promises; a callable that has its code has its function.
        self.has_its_code() && unsafe { one.holds_again() }
    }

    /// True unless somebody has given the original function another code object.
    #[inline(always)]
    pub fn has_its_code(&self) -> bool {
        // SAFETY: `original` is null or a function, and this is the layout of functions.
        !self.original.is_null() && unsafe { (*self.original.cast::<ffi::PyFunctionObject>()).func_code } == self.code
    }
}

/// The type object.
///
/// # Errors
/// If memory runs out.
pub fn class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CLASS.get_or_try_init(py, || make_class(py)).map(|class| class.bind(py))
}

/// Puts a function under the decorator.
///
/// # Errors
/// If memory runs out.
pub fn new<'py>(original: &Bound<'py, PyFunction>, body: Body) -> PyResult<Bound<'py, PyAny>> {
    let py = original.py();
    let class = class(py)?;
    let code = original.getattr("__code__")?;
    let dict = original.getattr("__dict__")?.cast_into::<PyDict>()?.copy()?;
    for name in ["__module__", "__doc__"] {
        dict.set_item(name, original.getattr(name)?)?;
    }
    dict.set_item("__wrapped__", original)?;
    // What hangs on the original is its own.
    if dict.contains("__brrr__")? {
        dict.del_item("__brrr__")?;
    }
    // SAFETY: the type's own allocator gives a zeroed object that the collector may already visit; every field is written
    // before anybody else sees it.
    unsafe {
        let object = ffi::PyType_GenericAlloc(class.as_type_ptr(), 0);
        let object = Bound::from_owned_ptr_or_err(py, object)?;
        let this = object.as_ptr().cast::<Callable>();
        (*this).vectorcall = Some(vectorcall);
        (*this).dict = dict.into_ptr();
        (*this).original = original.clone().into_ptr();
        (*this).code = code.into_ptr();
        body.set_object(object.as_ptr());
        (*this).body = Box::into_raw(Box::new(body));
        Ok(object)
    }
}

/// Forgets what the last calls of a function under the decorator ran.
pub fn forget_last(object: &Bound<'_, PyAny>) {
    if view(object).is_some() {
        // SAFETY: the type is exactly ours, and alive.
        unsafe { (*object.as_ptr().cast::<Callable>()).ran_nothing() };
    }
}

/// What the methods see of a function under the decorator.
#[derive(Clone)]
pub struct View<'a, 'py> {
    /// The object.
    pub object: &'a Bound<'py, PyAny>,
    /// The original function.
    pub original: Bound<'py, PyFunction>,
    /// The state.
    pub body: &'a Body,
    /// Calls that ran compiled code from start to end.
    pub compiled: u64,
    /// All other calls.
    pub others: u64,
}

/// Looks into a function under the decorator; `None` for any other object.
pub fn view<'a, 'py>(object: &'a Bound<'py, PyAny>) -> Option<View<'a, 'py>> {
    if !object.is_exact_instance(class(object.py()).ok()?) {
        return None;
    }
    let this = object.as_ptr().cast::<Callable>();
    // SAFETY: the type is exactly ours; the body lives as long as the object, which the borrow `'a` keeps alive.
    unsafe {
        let body = (*this).body()?;
        let original = Bound::from_borrowed_ptr_or_opt(object.py(), (*this).original)?;
        let original = original.cast_into::<PyFunction>().ok()?;
        Some(View { object, original, body, compiled: (*this).compiled, others: (*this).others })
    }
}

/// Runs safe code behind a function pointer of the C API. Null with an exception set for errors and panics, and when the
/// interpreter is shutting down.
fn shielded(work: impl FnOnce(Python<'_>) -> PyResult<Py<PyAny>>) -> *mut PyObject {
    let result = Python::try_attach(|py| {
        let result = catch_unwind(AssertUnwindSafe(|| work(py)));
        match result.unwrap_or_else(|panic| Err(panic_refusal(panic.as_ref()).error(py))) {
            Ok(object) => object.into_ptr(),
            Err(error) => {
                error.restore(py);
                null_mut()
            }
        }
    });
    result.unwrap_or_else(|| {
        // SAFETY: CPython calls the type's functions with the GIL held.
        unsafe { ffi::PyErr_SetString(ffi::PyExc_RuntimeError, c"the interpreter is shutting down".as_ptr()) };
        null_mut()
    })
}

/// # Safety
/// `object` is one of ours and alive.
unsafe fn with_view(object: *mut PyObject, work: impl FnOnce(View<'_, '_>) -> PyResult<Py<PyAny>>) -> *mut PyObject {
    shielded(|py| {
        // SAFETY: as the caller promises.
        let object = unsafe { Bound::from_borrowed_ptr(py, object) };
        match view(&object) {
            Some(view) => work(view),
            None => Err(pyo3::exceptions::PyReferenceError::new_err("the function is being destroyed")),
        }
    })
}

type Method = fn(View<'_, '_>, &Bound<'_, PyTuple>, Option<&Bound<'_, PyDict>>) -> PyResult<Py<PyAny>>;

/// Makes the C function of a method, and its row in the table of methods.
macro_rules! method {
    ($function:path, $name:literal, $doc:literal) => {{
        unsafe extern "C" fn call(object: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> *mut PyObject {
            const METHOD: Method = $function;
            // SAFETY: CPython has checked the type of `object`; `args` is a tuple, `kwargs` a dict or null.
            unsafe {
                with_view(object, |view| {
                    let py = view.object.py();
                    let args = Bound::from_borrowed_ptr(py, args).cast_into::<PyTuple>()?;
                    let kwargs = Bound::from_borrowed_ptr_or_opt(py, kwargs);
                    let kwargs = kwargs.map(|kwargs| kwargs.cast_into::<PyDict>()).transpose()?;
                    METHOD(view, &args, kwargs.as_ref())
                })
            }
        }
        ffi::PyMethodDef {
            ml_name: $name.as_ptr(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunctionWithKeywords: call },
            ml_flags: ffi::METH_VARARGS | ffi::METH_KEYWORDS,
            ml_doc: $doc.as_ptr(),
        }
    }};
}

fn method_table() -> Vec<ffi::PyMethodDef> {
    vec![
        method!(
            methods::compile,
            c"compile",
            c"compile($self, /, *types)\n--\n\nCompile ahead of the first call, for types or their names; without any, for the annotations."
        ),
        method!(
            methods::inspect_types,
            c"inspect_types",
            c"inspect_types($self, /, signature=None)\n--\n\nThe source with the types of its names."
        ),
        method!(
            methods::inspect_llvm,
            c"inspect_llvm",
            c"inspect_llvm($self, /, signature=None, optimized=True)\n--\n\nThe LLVM IR."
        ),
        method!(
            methods::inspect_asm,
            c"inspect_asm",
            c"inspect_asm($self, /, signature=None)\n--\n\nThe machine code as assembly."
        ),
        method!(
            methods::stats,
            c"stats",
            c"stats($self, /)\n--\n\nCounts of calls, of calls that ran compiled code from start to end, and of side exits by line."
        ),
        method!(
            methods::last_exit,
            c"_last_exit",
            c"_last_exit($self, /)\n--\n\nThe last side exit with its live locals, or None."
        ),
        method!(methods::reduce, c"__reduce__", c"__reduce__($self, /)\n--\n\nPickled by reference, as functions are."),
        method!(methods::copy, c"__copy__", c"__copy__($self, /)\n--\n\nItself, as of functions."),
        method!(methods::copy, c"__deepcopy__", c"__deepcopy__($self, memo, /)\n--\n\nItself, as of functions."),
        ffi::PyMethodDef::zeroed(),
    ]
}

/// Attributes that are the original function's.
const FORWARDED: [&CStr; 11] = [
    c"__name__",
    c"__qualname__",
    c"__defaults__",
    c"__kwdefaults__",
    c"__annotations__",
    c"__annotate__",
    c"__type_params__",
    c"__code__",
    c"__globals__",
    c"__closure__",
    c"__builtins__",
];

fn attribute_table() -> Vec<ffi::PyGetSetDef> {
    let row = |name: &'static CStr, get, set, doc: &'static CStr| ffi::PyGetSetDef {
        name: name.as_ptr(),
        get: Some(get),
        set,
        doc: doc.as_ptr(),
        closure: name.as_ptr().cast_mut().cast(),
    };
    let mut rows = FORWARDED
        .into_iter()
        .map(|name| {
            row(name, get_forwarded as ffi::getter, Some(set_forwarded as ffi::setter), c"The original function's.")
        })
        .collect::<Vec<_>>();
    rows.push(row(
        c"__signature__",
        get_signature,
        Some(set_forwarded),
        c"As inspect.signature of the original function.",
    ));
    rows.push(row(c"signatures", get_signatures, None, c"The compiled signatures."));
    rows.push(row(c"original_func", get_original, None, c"The plain function."));
    rows.push(row(c"py_func", get_original, None, c"The plain function."));
    rows.push(ffi::PyGetSetDef {
        name: c"__dict__".as_ptr(),
        get: Some(ffi::PyObject_GenericGetDict),
        set: Some(ffi::PyObject_GenericSetDict),
        doc: std::ptr::null(),
        closure: null_mut(),
    });
    rows.push(ffi::PyGetSetDef::default());
    rows
}

unsafe extern "C" fn get_forwarded(object: *mut PyObject, name: *mut c_void) -> *mut PyObject {
    // SAFETY: the closure is the attribute's name; CPython has checked the type of the object.
    unsafe {
        let original = (*object.cast::<Callable>()).original;
        if original.is_null() {
            ffi::PyErr_SetString(ffi::PyExc_ReferenceError, c"the function is being destroyed".as_ptr());
            return null_mut();
        }
        ffi::PyObject_GetAttrString(original, name.cast::<c_char>())
    }
}

unsafe extern "C" fn set_forwarded(object: *mut PyObject, value: *mut PyObject, name: *mut c_void) -> c_int {
    // SAFETY: as above; a null value deletes the attribute.
    unsafe {
        let original = (*object.cast::<Callable>()).original;
        if original.is_null() {
            ffi::PyErr_SetString(ffi::PyExc_ReferenceError, c"the function is being destroyed".as_ptr());
            return -1;
        }
        ffi::PyObject_SetAttrString(original, name.cast::<c_char>(), value)
    }
}

unsafe extern "C" fn get_signature(object: *mut PyObject, _: *mut c_void) -> *mut PyObject {
    // SAFETY: CPython has checked the type of the object.
    unsafe { with_view(object, |view| methods::signature(&view)) }
}

unsafe extern "C" fn get_signatures(object: *mut PyObject, _: *mut c_void) -> *mut PyObject {
    // SAFETY: as above.
    unsafe { with_view(object, |view| methods::signatures(&view)) }
}

unsafe extern "C" fn get_original(object: *mut PyObject, _: *mut c_void) -> *mut PyObject {
    // SAFETY: as above.
    unsafe { with_view(object, |view| Ok(view.original.into_any().unbind())) }
}

unsafe extern "C" fn repr(object: *mut PyObject) -> *mut PyObject {
    // SAFETY: as above.
    unsafe { with_view(object, |view| methods::repr(&view)) }
}

/// Binds as functions do: through a class it is itself, through an instance a bound method.
unsafe extern "C" fn descr_get(object: *mut PyObject, instance: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    // SAFETY: both are live objects; the instance may be null.
    unsafe {
        if instance.is_null() || instance == ffi::Py_None() {
            return ffi::Py_NewRef(object);
        }
        PyMethod_New(object, instance)
    }
}

unsafe extern "C" fn traverse(object: *mut PyObject, visit: ffi::visitproc, context: *mut c_void) -> c_int {
    let this = object.cast::<Callable>();
    // SAFETY: the fields are null or owned references; a heap type is visited by its instances.
    unsafe {
        for held in [ffi::Py_TYPE(object).cast(), (*this).dict, (*this).original, (*this).code] {
            if !held.is_null() {
                let stop = visit(held, context);
                if stop != 0 {
                    return stop;
                }
            }
        }
        let visit = |held| visit(held, context);
        (*this).body().map_or(0, |body| body.traverse(visit))
    }
}

unsafe extern "C" fn clear(object: *mut PyObject) -> c_int {
    let this = object.cast::<Callable>();
    // SAFETY: each field is emptied before its reference is given up, for that may run Python code.
    unsafe {
        (*this).ran_nothing();
        let dict = std::mem::replace(&mut (*this).dict, null_mut());
        let original = std::mem::replace(&mut (*this).original, null_mut());
        ffi::Py_XDECREF(dict);
        ffi::Py_XDECREF(original);
        if let Some(body) = (*this).body() {
            body.clear(Python::assume_attached());
        }
    }
    0
}

unsafe extern "C" fn dealloc(object: *mut PyObject) {
    let this = object.cast::<Callable>();
    // SAFETY: nobody refers to the object any more; the body was made by `Box`; CPython calls this with the GIL held, also when
    // the interpreter is shutting down and PyO3 would not attach any more.
    unsafe {
        ffi::PyObject_GC_UnTrack(object.cast());
        if !(*this).weak_references.is_null() {
            ffi::PyObject_ClearWeakRefs(object);
        }
        clear(object);
        let code = std::mem::replace(&mut (*this).code, null_mut());
        ffi::Py_XDECREF(code);
        let body = std::mem::replace(&mut (*this).body, null_mut());
        if !body.is_null() {
            Box::from_raw(body).release(Python::assume_attached());
        }
        let class = ffi::Py_TYPE(object);
        ffi::PyObject_GC_Del(object.cast());
        ffi::Py_DECREF(class.cast());
    }
}

fn make_class(py: Python<'_>) -> PyResult<Py<PyType>> {
    let member = |name: &'static CStr, offset: usize| ffi::PyMemberDef {
        name: name.as_ptr(),
        type_code: ffi::Py_T_PYSSIZET,
        offset: offset as Py_ssize_t,
        flags: ffi::Py_READONLY,
        doc: std::ptr::null(),
    };
    // The type keeps pointers into these tables for as long as the process lives.
    let members = Vec::leak(vec![
        member(c"__vectorcalloffset__", offset_of!(Callable, vectorcall)),
        member(c"__dictoffset__", offset_of!(Callable, dict)),
        member(c"__weaklistoffset__", offset_of!(Callable, weak_references)),
        ffi::PyMemberDef::default(),
    ]);
    let methods = Vec::leak(method_table());
    let attributes = Vec::leak(attribute_table());
    let doc = c"A function under the decorator `brrr`: called as the plain function is, by compiled code.";
    let mut slots = [
        slot(ffi::Py_tp_doc, doc.as_ptr().cast_mut().cast()),
        slot(ffi::Py_tp_call, ffi::PyVectorcall_Call as *mut c_void),
        slot(ffi::Py_tp_descr_get, descr_get as *mut c_void),
        slot(ffi::Py_tp_repr, repr as *mut c_void),
        slot(ffi::Py_tp_traverse, traverse as *mut c_void),
        slot(ffi::Py_tp_clear, clear as *mut c_void),
        slot(ffi::Py_tp_dealloc, dealloc as *mut c_void),
        slot(ffi::Py_tp_members, members.as_mut_ptr().cast()),
        slot(ffi::Py_tp_methods, methods.as_mut_ptr().cast()),
        slot(ffi::Py_tp_getset, attributes.as_mut_ptr().cast()),
        ffi::PyType_Slot::default(),
    ];
    let flags = ffi::Py_TPFLAGS_DEFAULT
        | ffi::Py_TPFLAGS_HAVE_GC
        | ffi::Py_TPFLAGS_HAVE_VECTORCALL
        | ffi::Py_TPFLAGS_METHOD_DESCRIPTOR
        | ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION
        | ffi::Py_TPFLAGS_IMMUTABLETYPE;
    let mut spec = ffi::PyType_Spec {
        name: c"brrr.Function".as_ptr(),
        basicsize: size_of::<Callable>() as c_int,
        itemsize: 0,
        flags: flags as c_uint,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the specification is complete and ends with an empty slot; name and tables live for ever.
    let class = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyType_FromSpec(&raw mut spec))? };
    Ok(class.cast_into::<PyType>()?.unbind())
}

const fn slot(slot: c_int, pfunc: *mut c_void) -> ffi::PyType_Slot {
    ffi::PyType_Slot { slot, pfunc }
}

//! Python objects to machine words and back.
//!
//! Enters: a borrowed object and the type a specialisation expects. Leaves: its payload as [`brrr_core::abi`] lays it out, or
//! nothing if the object is of another type. Only exact types match: a subclass may redefine anything.

use brrr_core::abi::Value;
use brrr_core::types::Type;
use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;

/// How CPython lays out an int: the field behind the header is `ob_size` up to 3.11 and `lv_tag` from 3.12 on.
#[repr(C)]
struct IntObject {
    base: PyObject,
    size: usize,
    digits: [u32; 2],
}

/// Bits in a digit of an int; the module refuses to load on a CPython built otherwise.
pub const BITS_IN_DIGIT: u32 = 30;

/// The payload of an object that is exactly of the type `expected` and fits a word.
///
/// # Safety
/// `object` is a live object, and the thread holds the GIL.
#[inline(always)]
pub unsafe fn unbox(object: *mut PyObject, expected: Type) -> Option<u64> {
    // SAFETY: the caller promises a live object; after the test of its exact type the layout is known.
    unsafe {
        match expected {
            Type::Int if ffi::Py_TYPE(object) == &raw mut ffi::PyLong_Type => unbox_int(object),
            Type::Float if ffi::Py_TYPE(object) == &raw mut ffi::PyFloat_Type => {
                Some((*object.cast::<ffi::PyFloatObject>()).ob_fval.to_bits())
            }
            Type::Bool if object == ffi::Py_True() => Some(1),
            Type::Bool if object == ffi::Py_False() => Some(0),
            Type::None if object == ffi::Py_None() => Some(0),
            Type::Unbound | Type::None | Type::Bool | Type::Int | Type::Float => None,
        }
    }
}

/// # Safety
/// `object` is exactly an int.
#[inline(always)]
unsafe fn unbox_int(object: *mut PyObject) -> Option<u64> {
    let int = object.cast::<IntObject>();
    // SAFETY: an int has at least one digit, and a second one if its length says so.
    unsafe {
        let (length, negative) = length_and_sign((*int).size);
        let magnitude = match length {
            0 => return Some(0),
            1 => u64::from((&raw const (*int).digits).cast::<u32>().read()),
            2 => {
                let digits = (&raw const (*int).digits).cast::<u32>();
                u64::from(digits.read()) | u64::from(digits.add(1).read()) << BITS_IN_DIGIT
            }
            _ => return unbox_long(object),
        };
        Some(if negative { magnitude.wrapping_neg() } else { magnitude })
    }
}

#[cfg(not(Py_3_12))]
#[inline(always)]
fn length_and_sign(size: usize) -> (usize, bool) {
    let size = size.cast_signed();
    (size.unsigned_abs(), size < 0)
}

#[cfg(Py_3_12)]
#[inline(always)]
fn length_and_sign(tag: usize) -> (usize, bool) {
    // The two lowest bits are 1 minus the sign, so zero has tag 1 and length 0.
    (tag >> 3, tag & 3 == 2)
}

/// Ints of three digits and more: the larger part of them does not fit.
///
/// # Safety
/// `object` is exactly an int.
#[cold]
unsafe fn unbox_long(object: *mut PyObject) -> Option<u64> {
    let mut overflow = 0;
    // SAFETY: an int never makes this function raise.
    let value = unsafe { ffi::PyLong_AsLongLongAndOverflow(object, &raw mut overflow) };
    (overflow == 0).then_some(value.cast_unsigned())
}

/// A new reference to the object of a type's tag and a payload, or null with an exception set.
///
/// # Safety
/// The thread holds the GIL.
#[inline(always)]
pub unsafe fn boxed(tag: u64, payload: u64) -> *mut PyObject {
    const NONE: u64 = Type::None.tag() as u64;
    const BOOL: u64 = Type::Bool.tag() as u64;
    const INT: u64 = Type::Int.tag() as u64;
    const FLOAT: u64 = Type::Float.tag() as u64;
    // SAFETY: constructors of the C API, with the GIL held.
    unsafe {
        match tag {
            INT => ffi::PyLong_FromLongLong(payload.cast_signed()),
            FLOAT => ffi::PyFloat_FromDouble(f64::from_bits(payload)),
            BOOL => ffi::Py_NewRef(if payload == 0 { ffi::Py_False() } else { ffi::Py_True() }),
            NONE => ffi::Py_NewRef(ffi::Py_None()),
            _ => {
                ffi::PyErr_SetString(ffi::PyExc_SystemError, c"compiled code returned no type".as_ptr());
                std::ptr::null_mut()
            }
        }
    }
}

/// The object of a value.
///
/// # Errors
/// If memory runs out.
pub fn object(py: Python<'_>, value: Value) -> PyResult<Bound<'_, PyAny>> {
    let (one, payload) = value.encode();
    // SAFETY: the thread holds the GIL; the reference is new.
    unsafe { Bound::from_owned_ptr_or_err(py, boxed(one.tag().into(), payload)) }
}

/// True if an object is of the very type and bits of a value.
pub fn holds(object: &Bound<'_, PyAny>, value: Value) -> bool {
    let (one, payload) = value.encode();
    // SAFETY: the object is alive, and the thread holds the GIL.
    unsafe { unbox(object.as_ptr(), one) == Some(payload) }
}

/// What an argument is to a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A value of compiled code.
    Compiled(Type),
    /// A number that only the interpreter handles: an int over 64 bits, or an instance of a subclass of int or float.
    Interpreted,
    /// Anything else.
    Unsupported,
}

/// Classifies an argument.
///
/// # Safety
/// `object` is a live object, and the thread holds the GIL.
pub unsafe fn classify(object: *mut PyObject) -> Argument {
    const TYPES: [Type; 4] = [Type::Int, Type::Float, Type::Bool, Type::None];
    // SAFETY: the caller promises a live object.
    let found = TYPES.into_iter().find(|&one| unsafe { unbox(object, one) }.is_some());
    // SAFETY: as above.
    let is_number = || unsafe { ffi::PyLong_Check(object) != 0 || ffi::PyFloat_Check(object) != 0 };
    match found {
        Some(one) => Argument::Compiled(one),
        None if is_number() => Argument::Interpreted,
        None => Argument::Unsupported,
    }
}

/// An argument that cannot be compiled, as a diagnostic names it: its type, and dtype and dimensions of an array.
pub fn describe(object: &Bound<'_, PyAny>) -> String {
    array(object).unwrap_or_else(|| type_name(&object.get_type()))
}

/// `str`, `decimal.Decimal`.
pub fn type_name(class: &Bound<'_, pyo3::types::PyType>) -> String {
    let name = class.qualname().and_then(|name| name.extract::<String>()).unwrap_or_else(|_| "object".to_owned());
    match class.module().and_then(|module| module.extract::<String>()) {
        Ok(module) if module != "builtins" && module != "__main__" => format!("{module}.{name}"),
        _ => name,
    }
}

/// Dtype and dimensions of a NumPy array. NumPy is not imported for it: without NumPy there are no arrays.
fn array(object: &Bound<'_, PyAny>) -> Option<String> {
    let modules = object.py().import("sys").and_then(|sys| sys.getattr("modules")).ok()?;
    if !modules.contains("numpy").unwrap_or(false) {
        return None;
    }
    let array = object.cast::<PyUntypedArray>().ok()?;
    let dtype = array.dtype();
    let dtype = dtype.str().map_or_else(|_| format!("kind {}", dtype.kind() as char), |text| text.to_string());
    let dimensions = array.ndim();
    let plural = if dimensions == 1 { "" } else { "s" };
    Some(format!("{} of {dtype} with {dimensions} dimension{plural}", type_name(&object.get_type())))
}

//! Python objects to machine words and back.
//!
//! Enters: a borrowed object and the type a specialisation expects. Leaves: its payload as [`brrr_core::abi`] lays it out, or
//! nothing if the object is of another type. Only exact types match: a subclass may redefine anything.

use ::numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use brrr_core::abi::Value;
use brrr_core::types::{MOST_LEAVES, Shape, Type, TypeSet};
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyComplex, PyComplexMethods, PyFloat, PyString, PyTuple};

use crate::{numpy, values};

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
            Type::Int => unbox_int_object(object),
            Type::Float => unbox_float(object),
            Type::Bool if object == ffi::Py_True() => Some(1),
            Type::Bool if object == ffi::Py_False() => Some(0),
            Type::None if object == ffi::Py_None() => Some(0),
            Type::Nat if ffi::Py_TYPE(object) == &raw mut ffi::PyLong_Type => unbox_nat(object),
            Type::Unbound
            | Type::None
            | Type::Bool
            | Type::Nat
            | Type::Complex
            | Type::Low
            | Type::Scalar(_)
            | Type::Object
            | Type::Pointer
            | Type::Tuple(_)
            | Type::Array(_)
            | Type::Function(_) => None,
        }
    }
}

/// The payload of what is exactly an int, and fits a word.
///
/// # Safety
/// As [`unbox`].
#[inline(always)]
pub unsafe fn unbox_int_object(object: *mut PyObject) -> Option<u64> {
    // SAFETY: as the caller promises; the exact type has this layout.
    unsafe { if ffi::Py_TYPE(object) == &raw mut ffi::PyLong_Type { unbox_int(object) } else { None } }
}

/// The payload of what is exactly a float.
///
/// # Safety
/// As [`unbox`].
#[inline(always)]
pub unsafe fn unbox_float(object: *mut PyObject) -> Option<u64> {
    // SAFETY: as the caller promises; the exact type has this layout.
    unsafe {
        let is_it = ffi::Py_TYPE(object) == &raw mut ffi::PyFloat_Type;
        is_it.then(|| (*object.cast::<ffi::PyFloatObject>()).ob_fval.to_bits())
    }
}

/// Writes the payload of an object that is exactly of the type `expected`; gives the place behind it, or nothing if the object
/// is of another type.
///
/// # Safety
/// As [`unbox`], and `to` has room for the words of the type.
#[inline(always)]
pub unsafe fn write(object: *mut PyObject, expected: Type, to: *mut u64) -> Option<*mut u64> {
    // SAFETY: as the caller promises.
    unsafe {
        match expected {
            Type::Complex | Type::Tuple(_) => write_several(object, expected, to),
            Type::Scalar(dtype) => {
                numpy::is_scalar(object, dtype).then_some(())?;
                numpy::write_scalar(object, dtype, to);
                Some(to.add(dtype.words()))
            }
            Type::Array(array) => {
                (numpy::is_array(object) && numpy::array_type(object) == Some(array)).then_some(())?;
                to.write(object as u64);
                Some(to.add(1))
            }
            // Of those that the function itself makes, whoever has found the type has looked at the object.
            Type::Function(one) => (values::is_it(object, one) || one.as_local().is_some()).then_some(to),
            Type::Unbound
            | Type::None
            | Type::Bool
            | Type::Int
            | Type::Float
            | Type::Nat
            | Type::Low
            | Type::Object
            | Type::Pointer => {
                to.write(unbox(object, expected)?);
                Some(to.add(1))
            }
        }
    }
}

/// Gives `visit` what a tuple holds, and what the tuples in it hold, until it says stop.
///
/// # Safety
/// As [`unbox`]; the object holds what it holds for as long as this runs.
pub unsafe fn each_within(object: *mut PyObject, mut visit: impl FnMut(*mut PyObject) -> bool) {
    let mut waiting = vec![object];
    while let Some(one) = waiting.pop() {
        // SAFETY: as the caller promises; a tuple has as many items as its size says.
        unsafe {
            if ffi::Py_TYPE(one) != &raw mut ffi::PyTuple_Type {
                continue;
            }
            for at in 0..ffi::PyTuple_GET_SIZE(one) {
                let item = ffi::PyTuple_GET_ITEM(one, at);
                if visit(item) {
                    return;
                }
                waiting.push(item);
            }
        }
    }
}

/// True if the object is exactly of the type, and fits.
///
/// # Safety
/// As [`unbox`].
pub unsafe fn is_of(object: *mut PyObject, expected: Type) -> bool {
    let mut words = [0; 2 * MOST_LEAVES];
    // SAFETY: no type has more words.
    unsafe { write(object, expected, words.as_mut_ptr()).is_some() }
}

/// # Safety
/// As [`write`].
unsafe fn write_several(object: *mut PyObject, expected: Type, mut to: *mut u64) -> Option<*mut u64> {
    // SAFETY: as the caller promises; a tuple has as many items as its size says.
    unsafe {
        match expected {
            Type::Complex if ffi::Py_TYPE(object) == &raw mut ffi::PyComplex_Type => {
                to.write(ffi::PyComplex_RealAsDouble(object).to_bits());
                to.add(1).write(ffi::PyComplex_ImagAsDouble(object).to_bits());
                Some(to.add(2))
            }
            Type::Tuple(shape) if ffi::Py_TYPE(object) == &raw mut ffi::PyTuple_Type => {
                let elements = shape.elements();
                if ffi::PyTuple_GET_SIZE(object) as usize != elements.len() {
                    return None;
                }
                for (at, types) in elements.iter().enumerate() {
                    to = write(ffi::PyTuple_GET_ITEM(object, at as ffi::Py_ssize_t), types.single()?, to)?;
                }
                Some(to)
            }
            Type::Complex
            | Type::Tuple(_)
            | Type::Unbound
            | Type::None
            | Type::Bool
            | Type::Int
            | Type::Float
            | Type::Nat
            | Type::Low
            | Type::Scalar(_)
            | Type::Object
            | Type::Pointer
            | Type::Array(_)
            | Type::Function(_) => None,
        }
    }
}

/// Ints of 2**63 to 2**64 - 1: smaller ones are of type [`Type::Int`].
///
/// # Safety
/// `object` is exactly an int.
#[cold]
unsafe fn unbox_nat(object: *mut PyObject) -> Option<u64> {
    let mut overflow = 0;
    // SAFETY: an int never makes the first function raise; the second one may, and what it sets is taken back.
    unsafe {
        ffi::PyLong_AsLongLongAndOverflow(object, &raw mut overflow);
        if overflow <= 0 {
            return None;
        }
        let value = ffi::PyLong_AsUnsignedLongLong(object);
        if !ffi::PyErr_Occurred().is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        Some(value)
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

/// A new reference to the object of a scalar's tag and its payload, or null with an exception set.
///
/// # Safety
/// The thread holds the GIL, and `words` has the words of the type.
#[inline(always)]
pub unsafe fn boxed(tag: u64, words: *const u64) -> *mut PyObject {
    const NONE: u64 = tag_of(Type::None);
    const BOOL: u64 = tag_of(Type::Bool);
    const INT: u64 = tag_of(Type::Int);
    const FLOAT: u64 = tag_of(Type::Float);
    const NAT: u64 = tag_of(Type::Nat);
    const COMPLEX: u64 = tag_of(Type::Complex);
    // SAFETY: constructors of the C API, with the GIL held.
    unsafe {
        match tag {
            INT => boxed_int(words.read()),
            FLOAT => ffi::PyFloat_FromDouble(f64::from_bits(words.read())),
            BOOL => ffi::Py_NewRef(if words.read() == 0 { ffi::Py_False() } else { ffi::Py_True() }),
            NONE => ffi::Py_NewRef(ffi::Py_None()),
            NAT => ffi::PyLong_FromUnsignedLongLong(words.read()),
            COMPLEX => ffi::PyComplex_FromDoubles(f64::from_bits(words.read()), f64::from_bits(words.add(1).read())),
            _ => {
                if let Some(Type::Scalar(dtype)) = Type::from_tag(tag) {
                    return numpy::boxed_scalar(dtype, words);
                }
                ffi::PyErr_SetString(ffi::PyExc_SystemError, c"compiled code returned no type".as_ptr());
                std::ptr::null_mut()
            }
        }
    }
}

/// A new reference to an int, or null with an exception set.
///
/// # Safety
/// The thread holds the GIL.
#[inline(always)]
pub unsafe fn boxed_int(payload: u64) -> *mut PyObject {
    // SAFETY: as the caller promises. Where C's `long` has 64 bits, CPython has a shorter way for ints of one digit there.
    unsafe {
        #[cfg(unix)]
        return ffi::PyLong_FromLong(payload.cast_signed());
        #[cfg(not(unix))]
        return ffi::PyLong_FromLongLong(payload.cast_signed());
    }
}

/// The tag of a scalar's type.
pub const fn tag_of(one: Type) -> u64 {
    match one.tag() {
        Some(tag) => tag as u64,
        None => panic!("a scalar has a tag"),
    }
}

/// A new reference to a returned tuple, array or function, or null with an exception set. `words` comes to stand behind the last word read.
///
/// # Safety
/// As [`boxed_tuple`].
pub unsafe fn boxed_compound(one: Type, words: &mut *const u64) -> *mut PyObject {
    // SAFETY: as the caller promises.
    unsafe { boxed_element(one.into(), words) }
}

/// A new reference to a tuple of a shape, or null with an exception set. `words` comes to stand behind the last word read.
///
/// # Safety
/// The thread holds the GIL, and `words` has the words of the shape.
unsafe fn boxed_tuple(shape: Shape, words: &mut *const u64) -> *mut PyObject {
    // SAFETY: the tuple is new, so that its empty items are ours to fill; on an error it is given up with what it has.
    unsafe {
        let tuple = ffi::PyTuple_New(shape.elements().len() as ffi::Py_ssize_t);
        if tuple.is_null() {
            return tuple;
        }
        for (at, &types) in shape.elements().iter().enumerate() {
            let item = boxed_element(types, words);
            if item.is_null() {
                ffi::Py_DECREF(tuple);
                return item;
            }
            ffi::PyTuple_SET_ITEM(tuple, at as ffi::Py_ssize_t, item);
        }
        tuple
    }
}

/// # Safety
/// As [`boxed_tuple`].
unsafe fn boxed_element(types: TypeSet, words: &mut *const u64) -> *mut PyObject {
    // SAFETY: as the caller promises; a tagged element is its tag and the words of its largest member.
    unsafe {
        match types.single() {
            Some(Type::Tuple(shape)) => boxed_tuple(shape, words),
            Some(Type::Array(array)) => {
                let item = numpy::boxed_array(array, *words);
                *words = words.add(array.words());
                item
            }
            Some(Type::Function(one)) => {
                let py = Python::assume_attached();
                match values::object(py, one) {
                    Ok(object) => object.into_ptr(),
                    Err(error) => {
                        error.restore(py);
                        std::ptr::null_mut()
                    }
                }
            }
            Some(one) => {
                let item = boxed(one.tag().unwrap_or_default().into(), *words);
                *words = words.add(one.words());
                item
            }
            None => {
                let item = boxed(words.read(), words.add(1));
                *words = words.add(types.words());
                item
            }
        }
    }
}

/// The object of a value.
///
/// # Errors
/// If memory runs out.
pub fn object<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Unbound | Value::None => py.None().into_bound(py),
        Value::Bool(value) => PyBool::new(py, *value).to_owned().into_any(),
        Value::Int(value) => value.into_pyobject(py)?.into_any(),
        Value::Nat(value) => value.into_pyobject(py)?.into_any(),
        Value::Float(value) => PyFloat::new(py, *value).into_any(),
        Value::Complex(real, imag) => PyComplex::from_doubles(py, *real, *imag).into_any(),
        // SAFETY: the words are those of the type, and the owner of an array is held by the run that the value comes from.
        Value::Scalar(dtype, words) => unsafe { new(py, numpy::boxed_scalar(*dtype, words.as_ptr()))? },
        // SAFETY: as above.
        Value::Array(array, words) => unsafe { new(py, numpy::boxed_array(*array, words.as_ptr()))? },
        Value::Function(one) => values::object(py, *one)?,
        Value::Tuple(elements) => {
            let elements = elements.iter().map(|element| object(py, element)).collect::<PyResult<Vec<_>>>()?;
            PyTuple::new(py, elements)?.into_any()
        }
    })
}

/// # Safety
/// `object` is a new reference, or null with an exception set.
unsafe fn new(py: Python<'_>, object: *mut PyObject) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: as the caller promises.
    unsafe { Bound::from_owned_ptr_or_err(py, object) }
}

/// True if an object is of the very type and bits of a value.
pub fn holds(object: &Bound<'_, PyAny>, value: &Value) -> bool {
    let is = |one: Type, payload: u64| {
        // SAFETY: the object is alive, and the thread holds the GIL.
        unsafe { unbox(object.as_ptr(), one) == Some(payload) }
    };
    match value {
        Value::Unbound => false,
        Value::None => is(Type::None, 0),
        Value::Bool(value) => is(Type::Bool, (*value).into()),
        Value::Int(value) => is(Type::Int, value.cast_unsigned()),
        Value::Nat(value) => is(Type::Nat, *value),
        Value::Float(value) => is(Type::Float, value.to_bits()),
        Value::Complex(real, imag) => object.cast_exact::<PyComplex>().is_ok_and(|complex| {
            (complex.real().to_bits(), complex.imag().to_bits()) == (real.to_bits(), imag.to_bits())
        }),
        Value::Scalar(dtype, words) => {
            let mut own = [0; 2];
            // SAFETY: the object is alive; no scalar has more words.
            let written = unsafe { write(object.as_ptr(), Type::Scalar(*dtype), own.as_mut_ptr()).is_some() };
            written && own[..dtype.words()] == words[..dtype.words()]
        }
        Value::Function(one) => values::is_it(object.as_ptr(), *one),
        Value::Array(array, words) => !array.view && words.first() == Some(&(object.as_ptr() as u64)),
        Value::Tuple(elements) => object.cast_exact::<PyTuple>().is_ok_and(|tuple| {
            tuple.len() == elements.len() && tuple.iter().zip(elements).all(|(object, value)| holds(&object, value))
        }),
    }
}

/// What an argument is to a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A value of compiled code.
    Compiled(Type),
    /// What only the interpreter handles: an int over 64 bits, an array of many dimensions, or an instance of a subclass of int,
    /// float or `numpy.ndarray`.
    Interpreted,
    /// Anything else.
    Unsupported,
}

/// Classifies an argument.
///
/// # Safety
/// `object` is a live object, and the thread holds the GIL.
pub unsafe fn classify(object: *mut PyObject) -> Argument {
    const TYPES: [Type; 5] = [Type::Int, Type::Float, Type::Bool, Type::None, Type::Nat];
    // SAFETY: the caller promises a live object.
    let found = TYPES.into_iter().find(|&one| unsafe { unbox(object, one) }.is_some());
    // SAFETY: as above.
    unsafe {
        match found {
            Some(one) => Argument::Compiled(one),
            None if numpy::scalar_type(object).is_some() => numpy::scalar_type(object)
                .map_or(Argument::Unsupported, |dtype| Argument::Compiled(Type::Scalar(dtype))),
            None if numpy::is_array(object) => {
                let other = if numpy::is_beyond(object) { Argument::Interpreted } else { Argument::Unsupported };
                numpy::array_type(object).map_or(other, |array| Argument::Compiled(Type::Array(array)))
            }
            None if numpy::is_of_subclass(object) => Argument::Interpreted,
            None if ffi::Py_TYPE(object) == &raw mut ffi::PyComplex_Type => Argument::Compiled(Type::Complex),
            None if ffi::Py_TYPE(object) == &raw mut ffi::PyTuple_Type => classify_tuple(object),
            None if ffi::PyLong_Check(object) != 0
                || ffi::PyFloat_Check(object) != 0
                || ffi::PyComplex_Check(object) != 0
                || ffi::PyTuple_Check(object) != 0 =>
            {
                Argument::Interpreted
            }
            None => classify_function(object),
        }
    }
}

/// A tuple is what its elements are; one that is too large stays with the interpreter.
///
/// # Safety
/// `object` is a live tuple, and the thread holds the GIL.
unsafe fn classify_tuple(object: *mut PyObject) -> Argument {
    // A tuple may hold itself, and be deep: no more is looked at than can be compiled.
    let mut elements = Vec::new();
    // SAFETY: the index is below the size.
    let items = unsafe { (0..ffi::PyTuple_GET_SIZE(object)).map(|at| ffi::PyTuple_GET_ITEM(object, at)) };
    if items.len() > MOST_LEAVES {
        return Argument::Interpreted;
    }
    for item in items {
        // SAFETY: an item of a live tuple is alive.
        let nested = unsafe { ffi::Py_TYPE(item) == &raw mut ffi::PyTuple_Type && depth(item, MOST_DEPTH).is_none() };
        if nested {
            return Argument::Interpreted;
        }
        // SAFETY: as above.
        match unsafe { classify(item) } {
            Argument::Compiled(one) => elements.push(one.into()),
            other => return other,
        }
    }
    Shape::new(&elements).map_or(Argument::Interpreted, |shape| Argument::Compiled(Type::Tuple(shape)))
}

/// A function of the user's, or one of Python's own that compiled code knows.
///
/// # Safety
/// `object` is a live object, and the thread holds the GIL.
unsafe fn classify_function(object: *mut PyObject) -> Argument {
    // SAFETY: as the caller promises.
    let object = unsafe { Bound::from_borrowed_ptr(Python::assume_attached(), object) };
    match values::type_of(&object) {
        Ok(Some(one)) => Argument::Compiled(Type::Function(one)),
        Ok(None) | Err(_) => Argument::Unsupported,
    }
}

/// Tuples within tuples, at the most.
const MOST_DEPTH: usize = 8;

/// How deep a tuple is nested; `None` if deeper than `most`.
///
/// # Safety
/// `object` is a live object, and the thread holds the GIL.
unsafe fn depth(object: *mut PyObject, most: usize) -> Option<usize> {
    // SAFETY: as above.
    unsafe {
        if ffi::Py_TYPE(object) != &raw mut ffi::PyTuple_Type {
            return Some(0);
        }
        let most = most.checked_sub(1)?;
        let size = ffi::PyTuple_GET_SIZE(object).min(MOST_LEAVES as ffi::Py_ssize_t + 1);
        let mut deepest = 0;
        for at in 0..size {
            deepest = deepest.max(depth(ffi::PyTuple_GET_ITEM(object, at), most)?);
        }
        Some(deepest + 1)
    }
}

/// An argument that cannot be compiled, as a diagnostic names it: its type, and dtype and dimensions of an array.
pub fn describe(object: &Bound<'_, PyAny>) -> String {
    array(object).unwrap_or_else(|| type_name(&object.get_type()))
}

/// The characters of a string. `Display` would be Python's `str()`, which looks for signals first: an exception of their handlers would
/// be lost.
pub fn characters(string: &Bound<'_, PyAny>) -> String {
    match string.cast::<PyString>() {
        Ok(string) => string.to_string_lossy().into_owned(),
        Err(_) => format!("<{}>", type_name(&string.get_type())),
    }
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
    let dtype = dtype.str().map_or_else(|_| format!("kind {}", dtype.kind() as char), |name| characters(&name));
    let dimensions = array.ndim();
    let plural = if dimensions == 1 { "" } else { "s" };
    let flag = object.getattr("flags").and_then(|flags| flags.getattr("aligned"));
    let unaligned = if flag.is_ok_and(|flag| flag.is_truthy().unwrap_or(true)) { "" } else { "unaligned " };
    // Another type than `int64`, of the same name.
    let long = if matches!(array.dtype().char(), b'q' | b'Q') { " (`long long`)" } else { "" };
    let class = type_name(&object.get_type());
    Some(format!("{unaligned}{class} of {dtype}{long} with {dimensions} dimension{plural}"))
}

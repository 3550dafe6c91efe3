//! NumPy's objects: the types of scalars and arrays, how they lie in memory, and objects made of what compiled code has.
//!
//! Nothing here imports NumPy before the program has: without NumPy there are no arrays. Arrays and scalars are read by the
//! layout that NumPy's headers give for its C API, which holds for all of NumPy 2.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::OnceLock;

use ::numpy::npyffi::{
    NPY_ARRAY_ALIGNED, NPY_ARRAY_WRITEABLE, NPY_TYPES, NpyTypes, PY_ARRAY_API, PyArrayObject, get_type_object, npy_intp,
};
use brrr_core::types::{ArrayType, Dtype, Layout, MOST_DIMENSIONS};
use pyo3::ffi::{self, PyObject};
use pyo3::intern;
use pyo3::prelude::*;

/// What is known of the NumPy that the program has imported.
struct Api {
    array: usize,
    /// The types of scalars, in the order of [`Dtype::ALL`].
    scalars: [usize; Dtype::ALL.len()],
}

static API: OnceLock<Api> = OnceLock::new();

/// NumPy's numbers of the dtypes, in the order of [`Dtype::ALL`]: those of C's types of fixed width on this platform.
const NUMBERS: [NPY_TYPES; Dtype::ALL.len()] = [
    NPY_TYPES::NPY_BOOL,
    NPY_TYPES::NPY_BYTE,
    NPY_TYPES::NPY_SHORT,
    NPY_TYPES::NPY_INT,
    NPY_TYPES::NPY_LONG,
    NPY_TYPES::NPY_UBYTE,
    NPY_TYPES::NPY_USHORT,
    NPY_TYPES::NPY_UINT,
    NPY_TYPES::NPY_ULONG,
    NPY_TYPES::NPY_FLOAT,
    NPY_TYPES::NPY_DOUBLE,
    NPY_TYPES::NPY_CFLOAT,
    NPY_TYPES::NPY_CDOUBLE,
];

/// The types of scalars, in the order of [`Dtype::ALL`].
const SCALARS: [NpyTypes; Dtype::ALL.len()] = [
    NpyTypes::PyBoolArrType_Type,
    NpyTypes::PyByteArrType_Type,
    NpyTypes::PyShortArrType_Type,
    NpyTypes::PyIntArrType_Type,
    NpyTypes::PyLongArrType_Type,
    NpyTypes::PyUByteArrType_Type,
    NpyTypes::PyUShortArrType_Type,
    NpyTypes::PyUIntArrType_Type,
    NpyTypes::PyULongArrType_Type,
    NpyTypes::PyFloatArrType_Type,
    NpyTypes::PyDoubleArrType_Type,
    NpyTypes::PyCFloatArrType_Type,
    NpyTypes::PyCDoubleArrType_Type,
];

/// Learns about NumPy if the program has imported it.
pub fn look(py: Python<'_>) {
    if API.get().is_some() {
        return;
    }
    let imported = || {
        let modules = py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?;
        // Half imported, its C API is not there yet.
        modules.contains("numpy._core._multiarray_umath").and_then(|core| Ok(core && modules.contains("numpy.lib")?))
    };
    if !imported().unwrap_or(false) {
        return;
    }
    // SAFETY: NumPy is imported and the thread holds the GIL.
    let address = |one: NpyTypes| unsafe { get_type_object(py, one) as usize };
    let _ = API.set(Api { array: address(NpyTypes::PyArray_Type), scalars: SCALARS.map(address) });
}

/// The dtype whose scalars are of this type.
pub fn dtype_of_class(class: *mut PyObject) -> Option<Dtype> {
    let at = API.get()?.scalars.iter().position(|&one| one == class as usize)?;
    Some(Dtype::ALL[at])
}

/// True if the program has imported NumPy, as far as [`look`] knows.
pub fn is_known() -> bool {
    API.get().is_some()
}

/// The dtype of a scalar, by its exact type.
///
/// # Safety
/// `object` is a live object, and the thread holds the GIL.
pub unsafe fn scalar_type(object: *mut PyObject) -> Option<Dtype> {
    // SAFETY: as the caller promises.
    let class = unsafe { ffi::Py_TYPE(object) } as usize;
    let at = API.get()?.scalars.iter().position(|&one| one == class)?;
    Some(Dtype::ALL[at])
}

/// True if the object is a scalar of exactly this dtype.
///
/// # Safety
/// As [`scalar_type`].
#[inline(always)]
pub unsafe fn is_scalar(object: *mut PyObject, dtype: Dtype) -> bool {
    // SAFETY: as the caller promises.
    let class = unsafe { ffi::Py_TYPE(object) } as usize;
    API.get().is_some_and(|api| api.scalars[dtype as usize] == class)
}

/// Writes the words of a scalar.
///
/// # Safety
/// As [`scalar_type`]; the object is a scalar of this dtype, and `to` has room for its words.
#[inline(always)]
pub unsafe fn write_scalar(object: *mut PyObject, dtype: Dtype, to: *mut u64) {
    // SAFETY: the value stands behind the header, aligned to at most 8 bytes, which the header's size is a multiple of.
    unsafe {
        let value = object.cast::<u8>().add(size_of::<PyObject>());
        match dtype {
            Dtype::Bool => to.write((value.read() != 0).into()),
            Dtype::UInt8 => to.write(value.read().into()),
            Dtype::Int8 => to.write(i64::from(value.cast::<i8>().read()).cast_unsigned()),
            Dtype::Int16 => to.write(i64::from(value.cast::<i16>().read()).cast_unsigned()),
            Dtype::UInt16 => to.write(value.cast::<u16>().read().into()),
            Dtype::Int32 => to.write(i64::from(value.cast::<i32>().read()).cast_unsigned()),
            Dtype::UInt32 | Dtype::Float32 => to.write(value.cast::<u32>().read().into()),
            Dtype::Int64 | Dtype::UInt64 | Dtype::Float64 => to.write(value.cast::<u64>().read()),
            Dtype::Complex64 => {
                to.write(value.cast::<u32>().read().into());
                to.add(1).write(value.cast::<u32>().add(1).read().into());
            }
            Dtype::Complex128 => {
                to.write(value.cast::<u64>().read());
                to.add(1).write(value.cast::<u64>().add(1).read());
            }
        }
    }
}

/// A new reference to a scalar, or null with an exception set.
///
/// # Safety
/// The thread holds the GIL, `words` has the words of the dtype, and NumPy is known ([`look`]): it is where a value of such a type
/// came from.
pub unsafe fn boxed_scalar(dtype: Dtype, words: *const u64) -> *mut PyObject {
    // SAFETY: as the caller promises; NumPy's scalar is copied from a buffer that is as large as the dtype says.
    unsafe {
        let mut value = [words.read(), if dtype.words() > 1 { words.add(1).read() } else { 0 }];
        if dtype == Dtype::Complex64 {
            value[0] = u64::from(value[0] as u32) | value[1] << 32;
        }
        let py = Python::assume_attached();
        let descr = PY_ARRAY_API.PyArray_DescrFromType(py, NUMBERS[dtype as usize] as i32);
        if descr.is_null() {
            return null_mut();
        }
        let scalar = PY_ARRAY_API.PyArray_Scalar(py, value.as_mut_ptr().cast::<c_void>(), descr, null_mut());
        ffi::Py_DECREF(descr.cast());
        scalar
    }
}

/// True if the object is exactly an array.
///
/// # Safety
/// As [`scalar_type`].
#[inline(always)]
pub unsafe fn is_array(object: *mut PyObject) -> bool {
    // SAFETY: as the caller promises.
    let class = unsafe { ffi::Py_TYPE(object) } as usize;
    API.get().is_some_and(|api| api.array == class)
}

/// True for an instance of a subclass of `numpy.ndarray`, which may redefine anything.
///
/// # Safety
/// As [`scalar_type`].
pub unsafe fn is_of_subclass(object: *mut PyObject) -> bool {
    // SAFETY: as the caller promises; the class of arrays lives as long as NumPy, which is never unloaded.
    API.get().is_some_and(|api| unsafe {
        ffi::PyType_IsSubtype(ffi::Py_TYPE(object), api.array as *mut ffi::PyTypeObject) != 0
    })
}

/// True if an array has more dimensions than compiled code knows.
///
/// # Safety
/// As [`array_type`].
pub unsafe fn is_beyond(object: *mut PyObject) -> bool {
    // SAFETY: as the caller promises.
    unsafe { (*object.cast::<PyArrayObject>()).fields.nd > i32::from(MOST_DIMENSIONS) }
}

/// The type of an array; `None` if its elements are of a dtype that compiled code does not know, unaligned or byte-swapped, or it
/// has too many dimensions.
///
/// # Safety
/// The object is an array, and the thread holds the GIL.
#[inline(always)]
pub unsafe fn array_type(object: *mut PyObject) -> Option<ArrayType> {
    // SAFETY: as the caller promises.
    unsafe {
        let fields = &raw const (*object.cast::<PyArrayObject>()).fields;
        let descr = (*fields).descr;
        let (flags, ndim) = ((*fields).flags, (*fields).nd);
        let number = (*descr).fields.type_num;
        let swapped = !matches!((*descr).fields.byteorder as u8, b'=' | b'|');
        if flags & NPY_ARRAY_ALIGNED == 0 || swapped || !(0..=i32::from(MOST_DIMENSIONS)).contains(&ndim) {
            return None;
        }
        let dtype = *BY_NUMBER.get(number as usize)?.as_ref()?;
        let (shape, strides) = ((*fields).dimensions, (*fields).strides);
        let layout = layout(ndim as usize, shape, strides, dtype.size() as npy_intp);
        Some(ArrayType { dtype, ndim: ndim as u8, layout, writable: flags & NPY_ARRAY_WRITEABLE != 0, view: false })
    }
}

/// True of an array of a type, and of one that is only laid out otherwise and has no elements: code for the type finds all of them.
///
/// # Safety
/// As [`array_type`].
pub unsafe fn is_laid_out(object: *mut PyObject, array: ArrayType) -> bool {
    // SAFETY: as the caller promises.
    let (found, bytes) = unsafe { (array_type(object), bytes(object)) };
    found.is_some_and(|found| found == array || bytes == 0 && ArrayType { layout: array.layout, ..found } == array)
}

/// Bytes that an array's elements take at the most: as if each was of the largest dtype.
///
/// # Safety
/// The object is an array, and the thread holds the GIL.
pub unsafe fn bytes(object: *mut PyObject) -> usize {
    // SAFETY: as the caller promises; there are as many lengths as dimensions.
    unsafe {
        let fields = &raw const (*object.cast::<PyArrayObject>()).fields;
        let lengths = (0..(*fields).nd as usize).map(|at| (*fields).dimensions.add(at).read().max(0) as usize);
        lengths.product::<usize>().saturating_mul(16)
    }
}

/// The dtype of each of NumPy's numbers.
static BY_NUMBER: [Option<Dtype>; 16] = {
    let mut all = [None; 16];
    let mut at = 0;
    while at < Dtype::ALL.len() {
        all[NUMBERS[at] as usize] = Some(Dtype::ALL[at]);
        at += 1;
    }
    all
};

/// How the elements lie: by strides that are just those of a new array, in which a length of 0 counts as 1, or any. NumPy gives
/// arrays without elements strides of 0, or what those had of which they are parts, and so have their own parts.
///
/// # Safety
/// Both have `ndim` elements.
#[inline(always)]
unsafe fn layout(ndim: usize, shape: *const npy_intp, strides: *const npy_intp, size: npy_intp) -> Layout {
    // SAFETY: as the caller promises.
    let (length, stride) = unsafe { (|at: usize| shape.add(at).read(), |at: usize| strides.add(at).read()) };
    let mut wanted = size;
    let mut is_c = true;
    for at in (0..ndim).rev() {
        is_c &= stride(at) == wanted;
        wanted *= length(at).max(1);
    }
    if is_c {
        return Layout::C;
    }
    wanted = size;
    for at in 0..ndim {
        if stride(at) != wanted {
            return Layout::Strided;
        }
        wanted *= length(at).max(1);
    }
    Layout::F
}

/// The words of an array as a view of it has them: itself, its data, its lengths, and its strides if the layout does not give them. False
/// if it is no array of this type.
///
/// # Safety
/// The thread holds the GIL, and the object is alive.
pub unsafe fn view_words(object: *mut PyObject, array: ArrayType, words: &mut Vec<u64>) -> bool {
    // SAFETY: as the caller promises; there are as many lengths and strides as dimensions.
    unsafe {
        if !is_array(object) || array_type(object) != Some(array.as_object()) {
            return false;
        }
        let fields = &raw const (*object.cast::<PyArrayObject>()).fields;
        let numbers = |from: *mut npy_intp| (0..usize::from(array.ndim)).map(move |at| from.add(at).read() as u64);
        words.extend([object as u64, (*fields).data as u64]);
        words.extend(numbers((*fields).dimensions));
        if array.has_strides() {
            words.extend(numbers((*fields).strides));
        }
    }
    true
}

/// A new reference to an array from its words: the object itself, or a view that is made of its parts. Null with an exception set
/// if memory runs out.
///
/// # Safety
/// The thread holds the GIL, and `words` has the words of the type; the owner is alive.
pub unsafe fn boxed_array(array: ArrayType, words: *const u64) -> *mut PyObject {
    // SAFETY: as the caller promises; shape and strides are those of a part of the owner's memory.
    unsafe {
        let owner = words.read() as *mut PyObject;
        if !array.view {
            return ffi::Py_NewRef(owner);
        }
        let ndim = usize::from(array.ndim);
        let data = words.add(1).read() as *mut c_void;
        let mut shape = [0 as npy_intp; MOST_DIMENSIONS as usize];
        let mut strides = [0 as npy_intp; MOST_DIMENSIONS as usize];
        let mut wanted = array.dtype.size() as npy_intp;
        for (at, length) in shape[..ndim].iter_mut().enumerate() {
            *length = words.add(2 + at).read() as npy_intp;
        }
        let dense = |at: usize, strides: &mut [npy_intp], wanted: &mut npy_intp| {
            strides[at] = *wanted;
            *wanted *= shape[at].max(1);
        };
        match array.layout {
            Layout::C => (0..ndim).rev().for_each(|at| dense(at, &mut strides, &mut wanted)),
            Layout::F => (0..ndim).for_each(|at| dense(at, &mut strides, &mut wanted)),
            Layout::Strided => (0..ndim).for_each(|at| strides[at] = words.add(2 + ndim + at).read() as npy_intp),
        }
        // What has no elements when it is made has no distances between them.
        let of_owner = &raw const (*owner.cast::<PyArrayObject>()).fields;
        let has_none = |at: usize| (*of_owner).strides.add(at).read() == 0;
        if bytes(owner) == 0 && (0..(*of_owner).nd as usize).all(has_none) {
            strides = [0; MOST_DIMENSIONS as usize];
        }
        let py = Python::assume_attached();
        // The dtype is the owner's object, but for a view of the parts of complex elements.
        let number = NUMBERS[array.dtype as usize] as i32;
        let own = (*of_owner).descr;
        let descr = if (*own).fields.type_num == number {
            ffi::Py_INCREF(own.cast());
            own
        } else {
            PY_ARRAY_API.PyArray_DescrFromType(py, number)
        };
        if descr.is_null() {
            return null_mut();
        }
        let flags = if array.writable { NPY_ARRAY_WRITEABLE } else { 0 };
        let class = ffi::Py_TYPE(owner);
        let made = PY_ARRAY_API.PyArray_NewFromDescr(
            py,
            class,
            descr,
            ndim as i32,
            shape.as_mut_ptr(),
            strides.as_mut_ptr(),
            data,
            flags,
            null_mut(),
        );
        if made.is_null() {
            return made;
        }
        if PY_ARRAY_API.PyArray_SetBaseObject(py, made.cast(), ffi::Py_NewRef(owner)) < 0 {
            ffi::Py_DECREF(made);
            return null_mut();
        }
        made
    }
}

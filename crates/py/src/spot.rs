//! Where a dict keeps the value of a name, so that looking it up again takes a few loads.
//!
//! Enters: a dict and an interned name. Leaves: the value, from where it was the last time, if the dict says that it is there still; or that
//! the name is not among the keys, if these are what they were. A namespace that gets new values all the time, such as that of a module
//! whose loops stand outside of functions, has its names where they were.

use std::cell::Cell;
use std::ptr::null;

use pyo3::ffi::{self, PyObject};

/// A place in a dict.
#[derive(Debug)]
pub struct Spot {
    keys: Cell<*const u8>,
    /// The number of the entry.
    at: Cell<usize>,
    /// The version of the keys that a name is not among; 0 if there is none.
    absent: Cell<u32>,
}

impl Spot {
    /// Nothing is known.
    pub const fn new() -> Self {
        Self { keys: Cell::new(null()), at: Cell::new(0), absent: Cell::new(0) }
    }

    /// What the dict has for the name, or null, with an exception if a key is no plain string and raises.
    ///
    /// # Safety
    /// `dict` is a live dict, `name` a live, interned string; the thread holds the GIL.
    pub unsafe fn get(&self, dict: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
        // SAFETY: as the caller promises.
        unsafe {
            if let Some(known) = self.known(dict, name) {
                return known;
            }
            let found = ffi::PyDict_GetItemWithError(dict, name);
            self.note(dict, name, found);
            found
        }
    }
}

/// How CPython 3.11 to 3.13 lay out dicts (`Include/cpython/dictobject.h`, `Include/internal/pycore_dict.h`).
#[cfg(not(Py_3_14))]
mod layout {
    use pyo3::ffi::PyObject;

    #[repr(C)]
    pub struct Dict {
        base: PyObject,
        used: isize,
        version: u64,
        pub keys: *const Keys,
        /// Null unless keys are shared with other dicts.
        pub values: *const PyObject,
    }

    #[repr(C)]
    pub struct Keys {
        references: isize,
        log2_size: u8,
        /// Entries stand behind so many bytes of indices.
        pub log2_index_bytes: u8,
        pub kind: u8,
        /// No other keys have had it, and these have another one when a name comes or goes; 0 if nobody has asked for one.
        pub version: u32,
        usable: isize,
        pub entries: isize,
    }

    /// Keys of which all are plain strings.
    pub const UNICODE: u8 = 1;

    #[repr(C)]
    pub struct Entry {
        pub key: *mut PyObject,
        pub value: *mut PyObject,
    }
}

#[cfg(not(Py_3_14))]
impl Spot {
    /// The value, null for none, if it is known without looking it up.
    #[inline]
    unsafe fn known(&self, dict: *mut PyObject, name: *mut PyObject) -> Option<*mut PyObject> {
        // SAFETY: a live dict has keys; the entry is one of those that they have now, whatever they were the last time.
        unsafe {
            let keys = (*dict.cast::<layout::Dict>()).keys;
            let version = (*keys).version;
            if version != 0 && version == self.absent.get() {
                return Some(std::ptr::null_mut());
            }
            if keys.cast() != self.keys.get() {
                return None;
            }
            let entry = entries(dict)?.get(self.at.get())?;
            (entry.key == name && !entry.value.is_null()).then_some(entry.value)
        }
    }

    /// Remembers where the name has been found.
    unsafe fn note(&self, dict: *mut PyObject, name: *mut PyObject, found: *mut PyObject) {
        // SAFETY: as for `known`.
        unsafe {
            let keys = (*dict.cast::<layout::Dict>()).keys;
            self.absent.set(0);
            let Some(entries) = entries(dict) else { return };
            if found.is_null() {
                if ffi::PyErr_Occurred().is_null() {
                    self.absent.set((*keys).version);
                }
            } else if let Some(at) = entries.iter().position(|entry| entry.key == name) {
                self.keys.set(keys.cast());
                self.at.set(at);
            }
        }
    }
}

/// The entries of a dict of its own keys, all plain strings.
///
/// # Safety
/// `dict` is a live dict, which stays as it is while they are looked at; the thread holds the GIL.
#[cfg(not(Py_3_14))]
unsafe fn entries<'a>(dict: *mut PyObject) -> Option<&'a [layout::Entry]> {
    // SAFETY: as the caller promises; this is the layout of dicts.
    unsafe {
        let dict = dict.cast::<layout::Dict>();
        let keys = (*dict).keys;
        if (*keys).kind != layout::UNICODE || !(*dict).values.is_null() {
            return None;
        }
        let first = keys.add(1).cast::<u8>().add(1 << (*keys).log2_index_bytes).cast::<layout::Entry>();
        Some(std::slice::from_raw_parts(first, usize::try_from((*keys).entries).ok()?))
    }
}

#[cfg(Py_3_14)]
impl Spot {
    unsafe fn known(&self, _: *mut PyObject, _: *mut PyObject) -> Option<*mut PyObject> {
        None
    }

    unsafe fn note(&self, _: *mut PyObject, _: *mut PyObject, _: *mut PyObject) {}
}

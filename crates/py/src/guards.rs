//! Whether names outside a live function still mean what they did, and the values that every call reads anew.
//!
//! Enters: the objects that names had ([`crate::outside::Names`]) and the paths that were relied on. Leaves: [`Guards`] of one
//! function. A guard is a name, an attribute of a module, or a variable of an enclosing function that must still be the same object.
//! A hidden argument is one of these whose object is read, whatever it is. A namespace that has not changed since the last look, by the
//! version that CPython gives its dicts, is not looked up again; a cell is read each time, which costs no more.

use std::cell::Cell;
use std::ptr::null_mut;

use pyo3::ffi::{self, Py_ssize_t, PyObject};
use pyo3::prelude::*;
use pyo3::types::{PyFunction, PyModule, PyString};

/// A reference that is held until it is given up by name: there is nobody to ask for the interpreter where such things are dropped.
#[derive(Debug)]
pub struct Held(Cell<*mut PyObject>);

impl Held {
    /// Holds an object.
    pub fn new(object: &Bound<'_, PyAny>) -> Self {
        Self(Cell::new(object.clone().into_ptr()))
    }

    /// Holds nothing.
    pub const fn nothing() -> Self {
        Self(Cell::new(null_mut()))
    }

    /// The object; null if nothing is held.
    #[inline(always)]
    pub const fn get(&self) -> *mut PyObject {
        self.0.get()
    }

    /// Gives up the reference.
    pub fn clear(&self, _: Python<'_>) {
        let object = self.0.replace(null_mut());
        // SAFETY: the reference was ours, and the thread holds the GIL.
        unsafe { ffi::Py_XDECREF(object) };
    }
}

/// An object that a name had.
#[derive(Debug)]
pub struct Seen {
    /// Its address; null where there was none.
    address: *mut PyObject,
    /// Only what means something is held: anything else may hold the function in turn. Where another object comes to have its
    /// address, the function stays with the interpreter, which is never wrong.
    held: Option<Py<PyAny>>,
}

impl Seen {
    /// Notes an object, which is held if it `means` something.
    pub fn new(object: Option<&Bound<'_, PyAny>>, means: bool) -> Self {
        let held = object.filter(|_| means).map(|object| object.clone().unbind());
        Self { address: object.map_or(null_mut(), Bound::as_ptr), held }
    }

    /// The address of the object.
    pub const fn address(&self) -> *mut PyObject {
        self.address
    }

    /// The object, if it is held.
    pub fn held<'py>(&self, py: Python<'py>) -> Option<&Bound<'py, PyAny>> {
        self.held.as_ref().map(|held| held.bind(py))
    }

    /// Gives up the reference.
    pub fn release(self, py: Python<'_>) {
        self.held.into_iter().for_each(|held| held.drop_ref(py));
    }
}

/// Names outside a function that must still be what they were, and those whose values are arguments. Whoever asks holds the function.
#[derive(Debug)]
pub struct Guards {
    function: *mut ffi::PyFunctionObject,
    /// Where the names are looked up: the function's globals, its builtins, then modules.
    spaces: Vec<Space>,
    names: Vec<Guard>,
    cells: Vec<CellGuard>,
    hidden: Vec<Hidden>,
    /// Something is looked up in namespaces.
    looks: bool,
}

/// A namespace.
#[derive(Debug)]
struct Space {
    place: Place,
    /// The version of the dict at the last look.
    version: Cell<u64>,
}

/// Whose namespace it is. The function's own are not held, for the function is among its globals.
#[derive(Debug)]
enum Place {
    Globals,
    Builtins,
    /// A module, which must still be a plain one, and its dict.
    Module(Held, Held),
}

/// A name that must still have its object.
#[derive(Debug)]
struct Guard {
    /// Index of the module's namespace; 0 for a name of the function, which builtins may have.
    space: usize,
    /// Interned.
    name: Held,
    address: *mut PyObject,
    /// The object, if it is held.
    held: Held,
}

/// A variable of an enclosing function that must still have its object.
#[derive(Debug)]
struct CellGuard {
    index: usize,
    address: *mut PyObject,
    held: Held,
}

/// Where the value of a hidden argument is read.
#[derive(Debug)]
enum Hidden {
    Cell(usize),
    /// A name in a namespace, and what it has had there since the last look: the namespace holds it.
    Named {
        space: usize,
        name: Held,
        now: Cell<*mut PyObject>,
    },
}

/// The first namespace.
pub const GLOBALS: usize = 0;

impl Guards {
    /// No guards yet.
    pub fn new(function: &Bound<'_, PyFunction>) -> Self {
        let space = |place| Space { place, version: Cell::new(0) };
        let spaces = vec![space(Place::Globals), space(Place::Builtins)];
        Self {
            function: function.as_ptr().cast(),
            spaces,
            names: Vec::new(),
            cells: Vec::new(),
            hidden: Vec::new(),
            looks: false,
        }
    }

    /// Guards a name in a namespace.
    pub fn name(&mut self, py: Python<'_>, space: usize, name: &str, seen: &Seen) {
        let name = PyString::intern(py, name);
        if !self.names.iter().any(|guard| guard.space == space && guard.name.get() == name.as_ptr()) {
            let held = seen.held(py).map_or_else(Held::nothing, Held::new);
            self.looks = true;
            self.names.push(Guard { space, name: Held::new(&name), address: seen.address, held });
        }
    }

    /// Guards a variable of an enclosing function.
    pub fn cell(&mut self, py: Python<'_>, index: usize, seen: &Seen) {
        if !self.cells.iter().any(|guard| guard.index == index) {
            let held = seen.held(py).map_or_else(Held::nothing, Held::new);
            self.cells.push(CellGuard { index, address: seen.address, held });
        }
    }

    /// Adds a hidden argument in a namespace.
    pub fn hidden_name(&mut self, py: Python<'_>, space: usize, name: &str) {
        let name = Held::new(&PyString::intern(py, name));
        self.looks = true;
        self.hidden.push(Hidden::Named { space, name, now: Cell::new(null_mut()) });
    }

    /// Adds a hidden argument in a cell.
    pub fn hidden_cell(&mut self, index: usize) {
        self.hidden.push(Hidden::Cell(index));
    }

    /// The namespace of a module; `None` if it has ceased to be a plain one.
    pub fn space(&mut self, module: &Bound<'_, PyAny>) -> Option<usize> {
        let plain = module.cast_exact::<PyModule>().ok()?;
        let is_known =
            |space: &Space| matches!(&space.place, Place::Module(known, _) if known.get() == module.as_ptr());
        if let Some(known) = self.spaces.iter().position(is_known) {
            return Some(known);
        }
        let place = Place::Module(Held::new(module), Held::new(&plain.dict()));
        self.spaces.push(Space { place, version: Cell::new(0) });
        Some(self.spaces.len() - 1)
    }

    /// How many hidden arguments there are.
    #[inline(always)]
    pub const fn hidden_len(&self) -> usize {
        self.hidden.len()
    }

    /// True if nothing was taken as given, and nothing is read.
    #[inline(always)]
    pub const fn is_empty(&self) -> bool {
        self.names.is_empty() && self.cells.is_empty() && self.hidden.is_empty()
    }

    /// True if everything still is what it was. No Python code runs, unless a namespace has keys that are no plain strings.
    ///
    /// # Safety
    /// The thread holds the GIL, and the function is alive.
    #[inline(always)]
    pub unsafe fn hold(&self) -> bool {
        // SAFETY: as the caller promises.
        unsafe {
            self.cells.iter().all(|guard| self.content(guard.index) == guard.address)
                && (!self.looks || self.spaces.iter().all(|space| self.is_unchanged(space)) || self.look_up())
        }
    }

    /// Reads the hidden arguments: false if one has no value. The references are borrowed, and valid until Python code runs.
    ///
    /// # Safety
    /// As [`Self::hold`], which has just been true; `to` has room for [`Self::hidden_len`].
    #[inline(always)]
    pub unsafe fn read_hidden(&self, to: *mut *mut PyObject) -> bool {
        let mut complete = true;
        for (at, hidden) in self.hidden.iter().enumerate() {
            // SAFETY: as the caller promises.
            unsafe {
                let object = self.value(hidden);
                complete &= !object.is_null();
                to.add(at).write(object);
            }
        }
        complete
    }

    /// True if the hidden arguments still are these objects.
    ///
    /// # Safety
    /// As [`Self::read_hidden`]; `objects` has as many.
    pub unsafe fn are_same(&self, objects: *const *mut PyObject) -> bool {
        // SAFETY: as the caller promises.
        self.hidden.iter().enumerate().all(|(at, hidden)| unsafe { self.value(hidden) == objects.add(at).read() })
    }

    /// # Safety
    /// As [`Self::read_hidden`].
    #[inline(always)]
    unsafe fn value(&self, hidden: &Hidden) -> *mut PyObject {
        match hidden {
            // SAFETY: as the caller promises.
            Hidden::Cell(index) => unsafe { self.content(*index) },
            Hidden::Named { now, .. } => now.get(),
        }
    }

    /// What a cell of the closure holds: null if nothing.
    ///
    /// # Safety
    /// As [`Self::hold`].
    #[inline(always)]
    unsafe fn content(&self, index: usize) -> *mut PyObject {
        // SAFETY: as the caller promises; the closure of a function is a tuple of cells, as many as its code has free variables,
        // and cannot be replaced.
        unsafe {
            let closure = (*self.function).func_closure;
            if closure.is_null() {
                return null_mut();
            }
            let cell = ffi::PyTuple_GET_ITEM(closure, index as Py_ssize_t);
            (*cell.cast::<ffi::PyCellObject>()).ob_ref
        }
    }

    /// The dict of a namespace; null if the function is being destroyed, or the module has ceased to be a plain one.
    ///
    /// # Safety
    /// As [`Self::hold`].
    #[inline(always)]
    unsafe fn dict(&self, space: &Space) -> *mut PyObject {
        // SAFETY: as the caller promises; the module is held, unless everything was given up.
        unsafe {
            match &space.place {
                Place::Globals => (*self.function).func_globals,
                Place::Builtins => (*self.function).func_builtins,
                Place::Module(module, dict)
                    if !module.get().is_null() && ffi::PyModule_CheckExact(module.get()) != 0 =>
                {
                    dict.get()
                }
                Place::Module(..) => null_mut(),
            }
        }
    }

    /// # Safety
    /// As [`Self::hold`].
    #[inline(always)]
    unsafe fn is_unchanged(&self, space: &Space) -> bool {
        let known = space.version.get();
        // SAFETY: as the caller promises.
        unsafe {
            let dict = self.dict(space);
            known != 0 && !dict.is_null() && version(dict) == known
        }
    }

    /// # Safety
    /// As [`Self::hold`].
    #[cold]
    #[inline(never)]
    unsafe fn look_up(&self) -> bool {
        // SAFETY: as the caller promises; names are held.
        unsafe {
            for space in &self.spaces {
                let dict = self.dict(space);
                if dict.is_null() {
                    return false;
                }
                // What runs in between, and changes something, is seen at the next look.
                space.version.set(version(dict));
            }
            let same = self.names.iter().all(|guard| self.find(guard.space, &guard.name) == guard.address);
            if same {
                for hidden in &self.hidden {
                    match hidden {
                        Hidden::Named { space, name, now } => now.set(self.find(*space, name)),
                        Hidden::Cell(_) => {}
                    }
                }
            } else {
                self.spaces.iter().for_each(|space| space.version.set(0));
            }
            if !ffi::PyErr_Occurred().is_null() {
                // Only a key of another type than str can raise here; the original function then meets it itself.
                ffi::PyErr_Clear();
                self.spaces.iter().for_each(|space| space.version.set(0));
                return false;
            }
            same
        }
    }

    /// What a name has in a namespace, or null.
    ///
    /// # Safety
    /// As [`Self::hold`]; all namespaces are there.
    unsafe fn find(&self, space: usize, name: &Held) -> *mut PyObject {
        let Some(space) = self.spaces.get(space).filter(|_| !name.get().is_null()) else { return null_mut() };
        // SAFETY: as the caller promises.
        unsafe {
            let found = ffi::PyDict_GetItemWithError(self.dict(space), name.get());
            match space.place {
                Place::Globals if found.is_null() => {
                    ffi::PyDict_GetItemWithError((*self.function).func_builtins, name.get())
                }
                Place::Globals | Place::Builtins | Place::Module(..) => found,
            }
        }
    }

    /// Everything that is held.
    fn held(&self) -> impl Iterator<Item = &Held> {
        let spaces = self.spaces.iter().flat_map(|space| match &space.place {
            Place::Globals | Place::Builtins => [None, None],
            Place::Module(module, dict) => [Some(module), Some(dict)],
        });
        let names = self.names.iter().flat_map(|guard| [Some(&guard.name), Some(&guard.held)]);
        let cells = self.cells.iter().map(|guard| Some(&guard.held));
        let hidden = self.hidden.iter().map(|hidden| match hidden {
            Hidden::Cell(_) => None,
            Hidden::Named { name, .. } => Some(name),
        });
        spaces.chain(names).chain(cells).chain(hidden).flatten()
    }

    /// Shows every object to the garbage collector until it says stop.
    pub fn traverse(&self, mut visit: impl FnMut(*mut PyObject) -> i32) -> i32 {
        let objects = self.held().map(Held::get).filter(|object| !object.is_null());
        objects.map(&mut visit).find(|&stop| stop != 0).unwrap_or(0)
    }

    /// Gives up the references: nothing holds any more.
    pub fn clear(&self, py: Python<'_>) {
        self.spaces.iter().for_each(|space| space.version.set(0));
        self.held().for_each(|held| held.clear(py));
    }
}

/// The version of a dict: it changes whenever the dict does. Zero where CPython has none: then nothing is known.
///
/// # Safety
/// `dict` is a live dict, and the thread holds the GIL.
#[inline(always)]
unsafe fn version(dict: *mut PyObject) -> u64 {
    #[cfg(not(Py_3_14))]
    {
        /// How CPython up to 3.13 lays out a dict.
        #[repr(C)]
        struct DictObject {
            base: PyObject,
            used: isize,
            version: u64,
        }
        // SAFETY: as the caller promises.
        unsafe { (*dict.cast::<DictObject>()).version }
    }
    #[cfg(Py_3_14)]
    {
        let _ = dict;
        0
    }
}

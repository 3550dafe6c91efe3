//! Whether names outside a live function still mean what they did, and the values that every call reads anew.
//!
//! Enters: the objects that names had ([`crate::outside::Names`]) and the paths that were relied on. Leaves: [`Guards`] of one
//! function. A guard is a name, an attribute of a module, or a variable of an enclosing function that must still be the same object.
//! A hidden argument is one of these whose object is read, whatever it is. In a namespace that has not changed since the last look, by the
//! version that CPython gives its dicts, nothing is looked up again, and in others where names were the last time ([`Spot`]); a cell is
//! read each time, which costs no more.

use std::cell::Cell;
use std::ptr::null_mut;

use pyo3::ffi::{self, Py_ssize_t, PyObject};
use pyo3::prelude::*;
use pyo3::types::{PyFunction, PyModule, PyString};

use crate::spot::Spot;
use crate::watch::Places;

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
    /// The versions of the function's globals and builtins at the last look.
    globals: Cell<u64>,
    builtins: Cell<u64>,
    /// Some name was not among the globals at the first look. One that ceases to be there later means something else.
    is_builtin: Cell<bool>,
    /// Everything was what it was, at least once.
    is_known: Cell<bool>,
    /// Names among the globals and builtins are to be looked up.
    is_open: Cell<bool>,
    /// Modules in which names are looked up.
    modules: Vec<Module>,
    names: Vec<Guard>,
    cells: Vec<CellGuard>,
    hidden: Vec<Hidden>,
    /// Something is looked up in namespaces.
    looks: bool,
}

/// A module.
#[derive(Debug)]
struct Module {
    /// It must still be a plain one.
    module: Held,
    dict: Held,
    /// The version of the dict at the last look.
    version: Cell<u64>,
    /// Its names are to be looked up.
    is_open: Cell<bool>,
}

/// The version of a dict at which nobody has looked.
const NEVER: u64 = u64::MAX;

/// A name that must still have its object.
#[derive(Debug)]
struct Guard {
    /// The namespace: [`GLOBALS`], or one more than the index of a module.
    space: usize,
    /// Interned.
    name: Held,
    address: *mut PyObject,
    /// The object, if it is held.
    held: Held,
    spots: Spots,
}

/// Where a name was found: in its namespace, and of a name of the function among the builtins.
#[derive(Debug)]
struct Spots {
    own: Spot,
    builtin: Spot,
}

impl Spots {
    const fn new() -> Self {
        Self { own: Spot::new(), builtin: Spot::new() }
    }
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
        spots: Spots,
    },
}

/// The namespace of the function: its globals, and behind them the builtins. They are not held, for the function is among them.
pub const GLOBALS: usize = 0;

impl Guards {
    /// No guards yet.
    pub fn new(function: &Bound<'_, PyFunction>) -> Self {
        Self {
            function: function.as_ptr().cast(),
            globals: Cell::new(NEVER),
            builtins: Cell::new(NEVER),
            is_builtin: Cell::new(true),
            is_known: Cell::new(false),
            is_open: Cell::new(true),
            modules: Vec::new(),
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
            let (name, spots) = (Held::new(&name), Spots::new());
            self.names.push(Guard { space, name, address: seen.address, held, spots });
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
        self.hidden.push(Hidden::Named { space, name, now: Cell::new(null_mut()), spots: Spots::new() });
    }

    /// Adds a hidden argument in a cell.
    pub fn hidden_cell(&mut self, index: usize) {
        self.hidden.push(Hidden::Cell(index));
    }

    /// The namespace of a module; `None` if it has ceased to be a plain one.
    pub fn space(&mut self, module: &Bound<'_, PyAny>) -> Option<usize> {
        let plain = module.cast_exact::<PyModule>().ok()?;
        let known = self.modules.iter().position(|known| known.module.get() == module.as_ptr());
        let at = known.unwrap_or_else(|| {
            let dict = Held::new(&plain.dict());
            let (version, is_open) = (Cell::new(NEVER), Cell::new(true));
            self.modules.push(Module { module: Held::new(module), dict, version, is_open });
            self.modules.len() - 1
        });
        Some(at + 1)
    }

    /// The function, which whoever asks holds.
    #[inline(always)]
    pub const fn function(&self) -> *mut PyObject {
        self.function.cast()
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
                && (!self.looks
                    || is_unchanged((*self.function).func_globals, &self.globals)
                        && (!self.is_builtin.get() || is_unchanged((*self.function).func_builtins, &self.builtins))
                        && self.modules.iter().all(|module| module.is_unchanged())
                    || self.look_up())
        }
    }

    /// Where the words are that stay the same as long as this holds.
    ///
    /// # Safety
    /// As [`Self::hold`].
    pub unsafe fn places(&self, to: &mut Places) {
        // SAFETY: as the caller promises; the closure of the function has as many cells, and modules are held.
        unsafe {
            if self.looks {
                to.add_dict((*self.function).func_globals);
                if self.is_builtin.get() {
                    to.add_dict((*self.function).func_builtins);
                }
                for module in &self.modules {
                    to.add_type(module.module.get());
                    to.add_dict(module.dict.get());
                }
            }
            for guard in &self.cells {
                match self.cell_at(guard.index).as_ref() {
                    Some(cell) => to.add((&raw const cell.ob_ref).cast(), (&raw const *cell).cast_mut().cast()),
                    None => to.add_dict(null_mut()),
                }
            }
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

    /// One of the hidden arguments; null if it has no value. The reference is borrowed.
    ///
    /// # Safety
    /// As [`Self::read_hidden`].
    #[inline(always)]
    pub unsafe fn hidden_at(&self, index: usize) -> *mut PyObject {
        // SAFETY: as the caller promises.
        self.hidden.get(index).map_or(null_mut(), |hidden| unsafe { self.value(hidden) })
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
        // SAFETY: as the caller promises.
        unsafe {
            let cell = self.cell_at(index);
            if cell.is_null() { null_mut() } else { (*cell).ob_ref }
        }
    }

    /// A cell of the closure; null once the function has none.
    ///
    /// # Safety
    /// As [`Self::hold`].
    #[inline(always)]
    unsafe fn cell_at(&self, index: usize) -> *mut ffi::PyCellObject {
        // SAFETY: as the caller promises; the closure of a function is a tuple of cells, as many as its code has free variables,
        // and cannot be replaced.
        unsafe {
            let closure = (*self.function).func_closure;
            if closure.is_null() { null_mut() } else { ffi::PyTuple_GET_ITEM(closure, index as Py_ssize_t).cast() }
        }
    }

    /// # Safety
    /// As [`Self::hold`].
    #[cold]
    #[inline(never)]
    unsafe fn look_up(&self) -> bool {
        // SAFETY: as the caller promises; names are held.
        unsafe {
            let (globals, builtins) = ((*self.function).func_globals, (*self.function).func_builtins);
            if globals.is_null() || builtins.is_null() || self.modules.iter().any(|module| module.dict().is_null()) {
                return false;
            }
            // What runs in between, and changes something, is seen at the next look.
            // What is open stays so until all of it has been looked up, by whoever does that first.
            if [has_changed(globals, &self.globals), has_changed(builtins, &self.builtins)] != [false; 2] {
                self.is_open.set(true);
            }
            for module in &self.modules {
                if has_changed(module.dict.get(), &module.version) {
                    module.is_open.set(true);
                }
            }
            let is_open = |space: usize| match space.checked_sub(1) {
                Some(at) => self.modules.get(at).is_none_or(|module| module.is_open.get()),
                None => self.is_open.get(),
            };
            let (was_known, was_builtin) = (self.is_known.get(), self.is_builtin.get());
            self.is_builtin.set(was_builtin && !self.is_open.get());
            let is_same = |guard: &Guard| {
                !is_open(guard.space) || self.find(guard.space, &guard.name, &guard.spots) == guard.address
            };
            let mut same = self.names.iter().all(is_same);
            if same {
                for hidden in &self.hidden {
                    match hidden {
                        Hidden::Named { space, name, now, spots } if is_open(*space) => {
                            now.set(self.find(*space, name, spots));
                        }
                        Hidden::Named { .. } | Hidden::Cell(_) => {}
                    }
                }
            }
            if was_known {
                // Who watches a name is told of the namespaces that it was in.
                same &= was_builtin || !self.is_builtin.get();
                self.is_builtin.set(was_builtin);
            }
            let raised = !ffi::PyErr_Occurred().is_null();
            if raised {
                // Only a key of another type than str can raise here; the original function then meets it itself.
                ffi::PyErr_Clear();
            }
            if raised || !same {
                self.forget();
            } else {
                self.is_open.set(false);
                self.modules.iter().for_each(|module| module.is_open.set(false));
                self.is_known.set(true);
            }
            same && !raised
        }
    }

    /// What a name has in a namespace, or null.
    ///
    /// # Safety
    /// As [`Self::hold`]; all namespaces are there.
    unsafe fn find(&self, space: usize, name: &Held, spots: &Spots) -> *mut PyObject {
        if name.get().is_null() {
            return null_mut();
        }
        // SAFETY: as the caller promises.
        unsafe {
            if let Some(module) = space.checked_sub(1).and_then(|at| self.modules.get(at)) {
                return spots.own.get(module.dict.get(), name.get());
            }
            let found = spots.own.get((*self.function).func_globals, name.get());
            if !found.is_null() {
                return found;
            }
            self.is_builtin.set(true);
            spots.builtin.get((*self.function).func_builtins, name.get())
        }
    }

    /// Everything is looked up anew the next time.
    fn forget(&self) {
        self.globals.set(NEVER);
        self.is_open.set(true);
        for module in &self.modules {
            module.version.set(NEVER);
            module.is_open.set(true);
        }
    }

    /// Everything that is held.
    fn held(&self) -> impl Iterator<Item = &Held> {
        let modules = self.modules.iter().flat_map(|module| [Some(&module.module), Some(&module.dict)]);
        let names = self.names.iter().flat_map(|guard| [Some(&guard.name), Some(&guard.held)]);
        let cells = self.cells.iter().map(|guard| Some(&guard.held));
        let hidden = self.hidden.iter().map(|hidden| match hidden {
            Hidden::Cell(_) => None,
            Hidden::Named { name, .. } => Some(name),
        });
        modules.chain(names).chain(cells).chain(hidden).flatten()
    }

    /// Shows every object to the garbage collector until it says stop.
    pub fn traverse(&self, mut visit: impl FnMut(*mut PyObject) -> i32) -> i32 {
        let objects = self.held().map(Held::get).filter(|object| !object.is_null());
        objects.map(&mut visit).find(|&stop| stop != 0).unwrap_or(0)
    }

    /// Gives up the references: nothing holds any more.
    pub fn clear(&self, py: Python<'_>) {
        self.forget();
        self.held().for_each(|held| held.clear(py));
    }
}

impl Module {
    /// Its dict; null if it has ceased to be a plain module.
    ///
    /// # Safety
    /// The thread holds the GIL.
    #[inline(always)]
    unsafe fn dict(&self) -> *mut PyObject {
        // SAFETY: the module is held, unless everything was given up.
        let is_plain = unsafe { !self.module.get().is_null() && ffi::PyModule_CheckExact(self.module.get()) != 0 };
        if is_plain { self.dict.get() } else { null_mut() }
    }

    /// # Safety
    /// The thread holds the GIL.
    #[inline(always)]
    unsafe fn is_unchanged(&self) -> bool {
        // SAFETY: as the caller promises.
        unsafe { is_unchanged(self.dict(), &self.version) }
    }
}

/// True if a dict is there, and has the version that it had at the last look.
///
/// # Safety
/// `dict` is null or a live dict, and the thread holds the GIL.
#[inline(always)]
unsafe fn is_unchanged(dict: *mut PyObject, seen: &Cell<u64>) -> bool {
    // SAFETY: as the caller promises.
    !dict.is_null() && unsafe { version(dict) } == seen.get()
}

/// Remembers the version of a dict; false if it is what it was. Where CPython has none, the next look is never spared.
///
/// # Safety
/// As [`version`].
unsafe fn has_changed(dict: *mut PyObject, seen: &Cell<u64>) -> bool {
    // SAFETY: as the caller promises.
    let now = match unsafe { version(dict) } {
        0 => NEVER,
        now => now,
    };
    seen.replace(now) != now || now == NEVER
}

/// The version of a dict: it changes whenever the dict does. Zero where CPython has none: then nothing is known.
///
/// # Safety
/// `dict` is a live dict, and the thread holds the GIL.
#[inline(always)]
pub unsafe fn version(dict: *mut PyObject) -> u64 {
    // SAFETY: as the caller promises.
    unsafe { version_at(dict).map_or(0, |at| at.read()) }
}

/// Where the version of a dict is, which no other dict ever has; `None` where CPython has none.
///
/// # Safety
/// `dict` is a live dict.
#[inline(always)]
pub const unsafe fn version_at(dict: *mut PyObject) -> Option<*const u64> {
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
        Some(unsafe { &raw const (*dict.cast::<DictObject>()).version })
    }
    #[cfg(Py_3_14)]
    {
        let _ = dict;
        None
    }
}

//! The functions behind the names that compiled code calls.
//!
//! Enters: an object that a name outside a function has, or that was passed. Leaves: its [`FunctionKey`] and, when a call of it is
//! compiled, the callable that has its code: the function itself if it is under the decorator, else a hidden one that is made for
//! it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use brrr_core::backend::Options;
use brrr_core::compile::{Callees, Known};
use brrr_core::diagnostic::{Code, Diagnostic};
use brrr_core::outside::{Callee, Constant, FunctionKey};
use brrr_core::types::Type;
use pyo3::ffi::{self, PyObject};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyFunction, PyTuple, PyWeakrefReference};

use crate::binding::{Specialisation, hidden_types};
use crate::callable::{self, Callable};
use crate::convert::characters;
use crate::decorate;
use crate::errors::Refusal;
use crate::guards::{Guards, Held, version};
use crate::outside::constant_of;
use crate::shared::Meaning;
use crate::values::{self, Reference};
use crate::watch::Places;

/// What calls call, if the object is a function of Python's or one under the decorator.
pub fn callee(object: &Bound<'_, PyAny>) -> Option<Callee> {
    let is_function = object.cast_exact::<PyFunction>().is_ok() || callable::view(object).is_some();
    let name = is_function.then(|| object.getattr(intern!(object.py(), "__name__")).ok()).flatten()?;
    let name = characters(&name);
    Some(Callee { key: values::key_of(object, &name).ok()?, name })
}

/// The callable that has the code of a function: one for each function, as long as somebody needs it.
fn callable_of<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    static HIDDEN: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let py = object.py();
    let Ok(function) = object.cast_exact::<PyFunction>() else { return Ok(object.clone()) };
    let hidden = HIDDEN.get_or_init(py, || PyDict::new(py).unbind()).bind(py);
    let address = object.as_ptr() as usize;
    let living = |reference: Bound<'py, PyAny>| reference.call0().ok().filter(|found| !found.is_none());
    if let Some(found) = hidden.get_item(address)?.and_then(living)
        && callable::view(&found).is_some_and(|view| view.original.is(function))
    {
        return Ok(found);
    }
    let made = decorate::hidden(function)?;
    // What is gone makes room.
    if hidden.len().is_power_of_two() && hidden.len() > 32 {
        let gone = hidden.iter().filter(|(_, reference)| living(reference.clone()).is_none());
        for address in gone.map(|(address, _)| address).collect::<Vec<_>>() {
            hidden.del_item(address)?;
        }
    }
    hidden.set_item(address, PyWeakrefReference::new(&made)?)?;
    Ok(made)
}

/// A function that a call was compiled for.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Its key.
    pub key: FunctionKey,
    /// What has its code.
    pub callable: Rc<Py<PyAny>>,
    /// The function as the names outside of it stand.
    pub meaning: Rc<Meaning>,
    /// What must still be true of these names.
    pub guards: Rc<Guards>,
    /// The defaults that were compiled in.
    pub defaults: Vec<Option<Constant>>,
    /// The types of its hidden arguments.
    pub hidden: Vec<Type>,
    /// What its decorator wants; `None` if it wants what its caller does.
    pub options: Option<Options>,
}

impl Resolved {
    /// Its defaults as they are now; `None` if it is being destroyed.
    pub fn current_defaults(&self, py: Python<'_>) -> Option<Defaults> {
        callable::view(self.callable.bind(py)).map(|view| Defaults::new(&view.original))
    }
}

/// The functions of the running program, for one compilation.
pub struct Live<'py> {
    py: Python<'py>,
    options: Options,
    /// Functions were passed as values: what is called may go when they do.
    weak: bool,
    /// Small functions may be done in place of their calls within loops of the function that is entered.
    in_place: bool,
    /// What has been asked for.
    found: RefCell<Vec<Resolved>>,
    /// An exception that was raised meanwhile.
    raised: RefCell<Option<PyErr>>,
}

impl<'py> Live<'py> {
    /// For code with these options.
    pub const fn new(py: Python<'py>, options: Options, in_place: bool) -> Self {
        Self { py, options, in_place, weak: false, found: RefCell::new(Vec::new()), raised: RefCell::new(None) }
    }

    /// The same where functions were passed as values, if so.
    pub fn weak(self, weak: bool) -> Self {
        Self { weak, ..self }
    }

    /// The function behind a key, as it is now.
    ///
    /// # Errors
    /// Why it cannot be compiled.
    pub fn resolve(&self, key: FunctionKey) -> Result<Resolved, Vec<Diagnostic>> {
        if let Some(known) = self.found.borrow().iter().find(|one| one.key == key) {
            return Ok(known.clone());
        }
        let Some(object) = values::object_of(self.py, key) else { return Err(Vec::new()) };
        match self.look_up(key, &object) {
            Ok(Ok(resolved)) => {
                self.found.borrow_mut().push(resolved.clone());
                Ok(resolved)
            }
            Ok(Err(refusal)) => Err(refusal.map(Refusal::diagnostics).unwrap_or_default()),
            Err(error) => {
                self.raised.replace(Some(error));
                Err(Vec::new())
            }
        }
    }

    fn look_up(&self, key: FunctionKey, object: &Bound<'py, PyAny>) -> PyResult<Result<Resolved, Option<Refusal>>> {
        let callable = match object.cast_exact::<PyFunction>() {
            Ok(function) if self.weak => values::attached(function, || decorate::hidden(function))?,
            Ok(_) | Err(_) => callable_of(object)?,
        };
        let Some(view) = callable::view(&callable) else {
            return Ok(Err(Some(Refusal::bare(Code::Call, "it is no function any more", "call a function"))));
        };
        // A plain function has none of its own.
        let is_plain = object.cast_exact::<PyFunction>().is_ok();
        let options = (!is_plain).then_some(view.body.choices.options);
        let (meaning, guards) = match view.body.as_callee(&view.original)? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let defaults = defaults(&view.original, &meaning)?;
        // What has no value, or one that compiled code does not know, only the interpreter can pass.
        let Some(hidden) = hidden_types(&guards) else { return Ok(Err(None)) };
        Ok(Ok(Resolved {
            key,
            callable: Rc::new(callable.clone().unbind()),
            meaning,
            guards,
            defaults,
            hidden,
            options,
        }))
    }

    /// True if what is called may go when functions that were passed as values do.
    pub const fn is_weak(&self) -> bool {
        self.weak
    }

    /// The exception that was raised, if there was one.
    pub fn raised(&self) -> Option<PyErr> {
        self.raised.take()
    }
}

impl Callees for Live<'_> {
    fn known(&self, callee: &Callee) -> Result<Known, Vec<Diagnostic>> {
        let resolved = self.resolve(callee.key)?;
        let body = resolved.meaning.prepared.body();
        let (defaults, hidden, options) = (resolved.defaults, resolved.hidden, resolved.options);
        let in_place = !resolved.meaning.leaves_often.get();
        Ok(Known { body, defaults, hidden, options, in_place })
    }

    fn options(&self) -> Options {
        self.options
    }

    fn in_place(&self) -> bool {
        self.in_place
    }
}

/// The defaults of the parameters that compiled code can be given, as they are now.
fn defaults(function: &Bound<'_, PyFunction>, meaning: &Meaning) -> PyResult<Vec<Option<Constant>>> {
    let parameters = meaning.prepared.parameters().len();
    let mut defaults = vec![None; parameters];
    let given = function.getattr(intern!(function.py(), "__defaults__"))?;
    if let Ok(given) = given.cast_into::<PyTuple>() {
        let positional = meaning.prepared.positional();
        for (at, value) in given.iter().rev().enumerate() {
            if let Some(slot) = positional.checked_sub(at + 1).and_then(|at| defaults.get_mut(at)) {
                *slot = constant_of(&value);
            }
        }
    }
    if let Some(by_name) = keyword_defaults(function) {
        for (name, slot) in meaning.prepared.parameters().zip(&mut defaults).skip(meaning.prepared.positional()) {
            *slot = by_name.get_item(name)?.as_ref().and_then(constant_of);
        }
    }
    Ok(defaults)
}

/// The defaults of parameters that take keywords only.
fn keyword_defaults<'py>(function: &Bound<'py, PyFunction>) -> Option<Bound<'py, PyDict>> {
    // SAFETY: the keyword defaults of a function are a dict or null.
    let found =
        unsafe { Bound::from_borrowed_ptr_or_opt(function.py(), ffi::PyFunction_GetKwDefaults(function.as_ptr())) };
    found?.cast_into_exact::<PyDict>().ok()
}

/// A dict of defaults that must still have the same objects.
#[derive(Debug)]
struct ByName {
    dict: Held,
    items: Vec<(Held, Held)>,
    /// The version of the dict at the last look.
    version: Cell<u64>,
}

impl ByName {
    fn new(function: &Bound<'_, PyFunction>) -> Self {
        let found = keyword_defaults(function);
        let items = found.iter().flatten().map(|(name, value)| (Held::new(&name), Held::new(&value))).collect();
        let dict = found.map_or_else(Held::nothing, |dict| Held::new(&dict));
        Self { dict, items, version: Cell::new(0) }
    }

    /// # Safety
    /// The thread holds the GIL, and `function` is a live function.
    #[inline(always)]
    unsafe fn holds(&self, function: *mut ffi::PyFunctionObject) -> bool {
        // SAFETY: as the caller promises.
        let dict = unsafe { (*function).func_kwdefaults };
        // SAFETY: as above; it is the dict that is held.
        dict == self.dict.get() && (dict.is_null() || unsafe { self.has_items(dict) })
    }

    /// # Safety
    /// The thread holds the GIL, and `dict` is the one that is held.
    #[inline(never)]
    unsafe fn has_items(&self, dict: *mut PyObject) -> bool {
        // SAFETY: as the caller promises; what was in the dict is held.
        unsafe {
            let version = version(dict);
            if version != 0 && version == self.version.get() {
                return true;
            }
            let same = |(name, value): &(Held, Held)| {
                let found = ffi::PyDict_GetItemWithError(dict, name.get());
                found == value.get()
            };
            let all = self.items.iter().all(same);
            ffi::PyErr_Clear();
            self.version.set(if all { version } else { 0 });
            all
        }
    }

    fn held(&self) -> impl Iterator<Item = &Held> {
        std::iter::once(&self.dict).chain(self.items.iter().flat_map(|(name, value)| [name, value]))
    }
}

/// The defaults of a function, which must still be the same objects.
#[derive(Debug)]
pub struct Defaults {
    /// The tuple, or null.
    positional: Held,
    by_name: ByName,
}

impl Defaults {
    /// As they are now.
    pub fn new(function: &Bound<'_, PyFunction>) -> Self {
        // SAFETY: the defaults of a function are a tuple or null.
        let positional =
            unsafe { Bound::from_borrowed_ptr_or_opt(function.py(), ffi::PyFunction_GetDefaults(function.as_ptr())) };
        let positional = positional.map_or_else(Held::nothing, |defaults| Held::new(&defaults));
        Self { positional, by_name: ByName::new(function) }
    }

    /// True if the function still has them.
    ///
    /// # Safety
    /// The thread holds the GIL, and `function` is a live function.
    #[inline(always)]
    pub unsafe fn hold(&self, function: *mut PyObject) -> bool {
        let function = function.cast::<ffi::PyFunctionObject>();
        // SAFETY: as the caller promises; this is the layout of functions.
        unsafe { (*function).func_defaults == self.positional.get() && self.by_name.holds(function) }
    }

    /// Where the words are that stay the same as long as this holds. Where there are no defaults, calls were compiled that need none,
    /// whatever defaults may come.
    ///
    /// # Safety
    /// As [`Self::hold`].
    pub unsafe fn places(&self, function: *mut PyObject, to: &mut Places) {
        let function = function.cast::<ffi::PyFunctionObject>();
        // SAFETY: as the caller promises; this is the layout of functions, and the dict is held.
        unsafe {
            if !self.positional.get().is_null() {
                to.add((&raw const (*function).func_defaults).cast(), function.cast());
            }
            if !self.by_name.dict.get().is_null() {
                to.add((&raw const (*function).func_kwdefaults).cast(), function.cast());
                to.add_dict(self.by_name.dict.get());
            }
        }
    }

    /// Everything that is held.
    pub fn held(&self) -> impl Iterator<Item = &Held> {
        std::iter::once(&self.positional).chain(self.by_name.held())
    }
}

/// A function of a unit at run time: one that compiled code calls.
#[derive(Debug)]
pub struct Member {
    /// What has its code; it is resumed as this.
    callable: Reference,
    /// The code that leaves: its own IR, exits and continuations. It is entered by calls within the unit only.
    pub code: Specialisation,
    defaults: Defaults,
}

impl Member {
    /// A member with its part of the machine code; `None` if it is being destroyed, or memory runs out.
    pub fn new(py: Python<'_>, resolved: &Resolved, code: Specialisation, weak: bool) -> Option<Self> {
        let callable = resolved.callable.bind(py);
        let defaults = resolved.current_defaults(py)?;
        let callable = match weak {
            true => Reference::Weak(Held::new(PyWeakrefReference::new(callable).ok()?.as_any())),
            false => Reference::Strong(Held::new(callable)),
        };
        Some(Self { callable, code, defaults })
    }

    /// The callable; null once it is gone or has been given up.
    pub fn callable(&self) -> *mut Callable {
        self.callable.get().cast()
    }

    /// True if the function still is what was compiled, and names mean for it what they meant.
    ///
    /// # Safety
    /// The thread holds the GIL.
    #[inline(always)]
    pub unsafe fn holds(&self) -> bool {
        let callable = self.callable();
        // SAFETY: the callable is held, and so is its function.
        unsafe {
            !callable.is_null()
                && (*callable).has_its_code()
                && self.defaults.hold((*callable).original)
                && self.code.holds_itself()
        }
    }

    /// Where the words are that stay the same as long as this holds; false if it has been given up.
    ///
    /// # Safety
    /// As [`Self::holds`].
    pub unsafe fn places(&self, to: &mut Places) -> bool {
        let callable = self.callable();
        // SAFETY: as above.
        unsafe {
            if callable.is_null() || (*callable).original.is_null() {
                return false;
            }
            to.add_code((*callable).original);
            self.defaults.places((*callable).original, to);
            self.code.places(to);
        }
        true
    }

    /// Shows every object to the garbage collector until it says stop.
    pub fn traverse(&self, mut visit: impl FnMut(*mut PyObject) -> i32) -> i32 {
        let objects = std::iter::once(self.callable.held()).chain(self.defaults.held()).map(Held::get);
        objects.filter(|object| !object.is_null()).map(&mut visit).find(|&stop| stop != 0).unwrap_or(0)
    }

    /// Gives up the references: nothing holds any more.
    pub fn clear(&self, py: Python<'_>) {
        self.callable.held().clear(py);
        self.defaults.held().for_each(|held| held.clear(py));
    }
}

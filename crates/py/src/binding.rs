//! What one function has of the machine code that functions with the same code share, and of the names outside of it.
//!
//! Enters: machine code, and what the names mean ([`crate::shared`]). Leaves: a [`Specialisation`], which counts its exits and keeps their
//! continuations, and a [`Binding`], with the guards of this very function.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::Deref;
use std::ptr::null_mut;
use std::rc::Rc;

use brrr_core::types::Type;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::types::PyFunction;

use crate::convert::{Argument, classify, is_of};
use crate::env::Parameters;
use crate::functions::Member;
use crate::guards::Guards;
use crate::outside::Names;
use crate::resume::Kept;
use crate::shared::{Constants, Machine, Meaning};
use crate::values;

/// Machine code as one function runs it.
#[derive(Debug)]
pub struct Specialisation {
    /// The code, which functions share.
    machine: Rc<Machine>,
    /// What must still be true of names outside the function, and where its hidden arguments are.
    pub guards: Rc<Guards>,
    /// How many arguments by position it takes as they come; `usize::MAX` if they have to be arranged.
    pub direct: usize,
    /// How often each exit was taken.
    pub exits: Box<[Cell<u64>]>,
    /// The continuations of each exit.
    pub continuations: Box<[RefCell<Vec<Kept>>]>,
    /// The other functions of the unit, those that compiled code calls: function `n` of the unit is member `n - 1`.
    pub members: Box<[Member]>,
    /// Functions were passed as values: the members are not held.
    pub is_weak: bool,
}

impl Deref for Specialisation {
    type Target = Machine;

    #[inline(always)]
    fn deref(&self) -> &Machine {
        &self.machine
    }
}

impl Specialisation {
    /// For a function with these parameters.
    pub fn new(machine: Rc<Machine>, guards: Rc<Guards>, parameters: &Parameters) -> Self {
        let is_direct = machine.header.is_none()
            && machine.params.len() == parameters.positional
            && parameters.slots() == parameters.positional;
        Self {
            direct: if is_direct { parameters.positional } else { usize::MAX },
            exits: machine.function.exits.iter().map(|_| Cell::new(0)).collect(),
            continuations: machine.function.exits.iter().map(|_| RefCell::default()).collect(),
            is_weak: !values::functions_among(&machine.params).is_empty(),
            machine,
            guards,
            members: Box::default(),
        }
    }

    /// The part of a unit that is another function: calls within the unit enter it, nobody else.
    pub fn of_member(machine: Rc<Machine>, guards: Rc<Guards>) -> Self {
        Self {
            direct: usize::MAX,
            exits: machine.function.exits.iter().map(|_| Cell::new(0)).collect(),
            continuations: machine.function.exits.iter().map(|_| RefCell::default()).collect(),
            is_weak: !values::functions_among(&machine.params).is_empty(),
            machine,
            guards,
            members: Box::default(),
        }
    }

    /// The same with the other functions of its unit.
    pub fn with_members(self, members: Vec<Member>) -> Self {
        Self { members: members.into(), ..self }
    }

    /// True if everything outside that the code relies on still is what it was.
    ///
    /// # Safety
    /// The thread holds the GIL, and the function is alive.
    #[inline(always)]
    pub unsafe fn holds(&self) -> bool {
        // SAFETY: as the caller promises.
        unsafe { self.guards.hold() && self.members.iter().all(|member| member.holds()) }
    }

    /// True if a function that it was made for is gone: it never runs again.
    pub fn is_gone(&self) -> bool {
        self.is_weak
            && (values::functions_among(&self.params).iter().any(|one| one.place() == 0)
                || self.members.iter().any(|member| member.callable().is_null()))
    }

    /// Holds what the members are resumed as, while the code runs.
    ///
    /// # Safety
    /// The thread holds the GIL, also when what is given is dropped.
    pub unsafe fn hold_members(&self) -> MembersHeld {
        let all = self.members.iter().map(|member| member.callable().cast::<PyObject>());
        // SAFETY: a member's callable is null or alive.
        MembersHeld(all.filter(|one| !one.is_null()).map(|one| unsafe { ffi::Py_NewRef(one) }).collect())
    }

    /// The types of the parameters.
    pub fn declared(&self) -> &[Type] {
        &self.params[..self.declared]
    }

    /// True if the guards hold, and the hidden arguments have the types that the code was made for: whether it can be entered.
    ///
    /// # Safety
    /// The thread holds the GIL, and the function is alive.
    pub unsafe fn can_run(&self) -> bool {
        // SAFETY: as the caller promises.
        unsafe {
            self.holds()
                && hidden(&self.guards).is_some_and(|hidden| {
                    self.params[self.declared..].iter().zip(hidden).all(|(&one, object)| is_of(object, one))
                })
        }
    }
}

/// References to the callables of members.
pub struct MembersHeld(Vec<*mut PyObject>);

impl Drop for MembersHeld {
    fn drop(&mut self) {
        // SAFETY: the references are ours, and the thread holds the GIL, as whoever made this has promised.
        self.0.drain(..).for_each(|one| unsafe { ffi::Py_DECREF(one) });
    }
}

/// The hidden arguments as they are now; `None` if one has no value. The references are borrowed.
///
/// # Safety
/// The thread holds the GIL, and the guards hold.
pub unsafe fn hidden(guards: &Guards) -> Option<Vec<*mut PyObject>> {
    let mut objects = vec![null_mut(); guards.hidden_len()];
    // SAFETY: as the caller promises.
    unsafe { guards.read_hidden(objects.as_mut_ptr()) }.then_some(objects)
}

/// One function for one meaning of the names outside of it.
#[derive(Debug)]
pub struct Binding {
    /// What can be compiled; `None` if with these names nothing can, so that the interpreter runs it.
    pub meaning: Option<Rc<Meaning>>,
    /// Names that were bound nowhere.
    missing: BTreeSet<String>,
    /// The constants as they were.
    pub constants: Constants,
    /// True as long as the names mean what they meant.
    pub guards: Rc<Guards>,
}

impl Binding {
    /// For a function whose names mean this.
    ///
    /// # Errors
    /// If the function lacks what functions have.
    pub fn new(function: &Bound<'_, PyFunction>, meaning: Option<Rc<Meaning>>, names: Names) -> PyResult<Self> {
        let guards = match &meaning {
            Some(meaning) => names.guards(function, Some(meaning.prepared.guards()), meaning.prepared.hidden()),
            None => names.guards(function, None, std::iter::empty()),
        };
        let guards = Rc::new(guards?);
        let constants = names.constants().map(|(path, address, _)| (path.to_owned(), address)).collect();
        let missing = names.missing.clone();
        names.release(function.py());
        Ok(Self { meaning, missing, constants, guards })
    }

    /// True if it relies on a name that was bound nowhere.
    pub fn lacks(&self) -> bool {
        let guards = self.meaning.iter().flat_map(|meaning| meaning.prepared.guards());
        guards.into_iter().any(|path| self.missing.contains(path))
    }

    /// True if it relies on a name that was bound nowhere and is bound now.
    pub fn lacked(&self, now: &Names) -> bool {
        let guards = self.meaning.iter().flat_map(|meaning| meaning.prepared.guards());
        guards.into_iter().any(|path| self.missing.contains(path) && !now.missing.contains(path))
    }
}

/// The types of the hidden arguments as they are now; `None` if compiled code does not know one.
pub fn hidden_types(guards: &Guards) -> Option<Vec<Type>> {
    // SAFETY: whoever asks holds the GIL and the function; where the guards do not hold, nothing is read.
    let objects = unsafe { guards.hold().then(|| hidden(guards))?? };
    // SAFETY: the objects are alive: nothing has run since.
    let types = objects.into_iter().map(|object| match unsafe { classify(object) } {
        Argument::Compiled(one) => Some(one),
        Argument::Interpreted | Argument::Unsupported => None,
    });
    types.collect()
}

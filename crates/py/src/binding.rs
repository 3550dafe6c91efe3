//! What one function has of the machine code that functions with the same code share, and of the names outside of it.
//!
//! Enters: machine code, and what the names mean ([`crate::shared`]). Leaves: a [`Specialisation`], which counts its exits and keeps their
//! continuations, and a [`Binding`], with the guards of this very function.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::Deref;
use std::ptr::null_mut;
use std::rc::{Rc, Weak};

use brrr_core::types::Type;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::types::PyFunction;

use crate::convert::{Argument, classify, is_of};
use crate::dispatch::plain::Plain;
use crate::env::Parameters;
use crate::functions::{Defaults, Member};
use crate::guards::{Guards, Held};
use crate::outside::Names;
use crate::resume::Kept;
use crate::shared::{Constants, Machine, Meaning};
use crate::values;
use crate::watch::{Places, Watch};

/// Machine code as one function runs it.
#[derive(Debug)]
pub struct Specialisation {
    /// The code, which functions share.
    machine: Rc<Machine>,
    /// What must still be true of names outside the function, and where its hidden arguments are.
    pub guards: Rc<Guards>,
    /// How many arguments by position it takes as they come; `usize::MAX` if they have to be arranged.
    pub direct: usize,
    /// What most calls have to look at.
    pub plain: Plain,
    /// How often each exit was taken.
    pub exits: Box<[Cell<u64>]>,
    /// The continuations of each exit.
    pub continuations: Box<[RefCell<Vec<Kept>>]>,
    /// The other functions of the unit, those that compiled code calls: function `n` of the unit is member `n - 1`.
    pub members: Box<[Member]>,
    /// Functions were passed as values: the members are not held.
    pub is_weak: bool,
    /// Where the hidden arguments are that it hands down.
    handed: Box<[Handed]>,
    /// Its own defaults, if it may call itself.
    defaults: Option<Defaults>,
    /// Not zero if there will be better code.
    is_retired: Cell<u64>,
    /// What all that must still be true comes down to at each call; of a member there is none.
    watch: Watch,
    /// Itself, among those of its function; of a member there is none.
    own: Weak<Self>,
}

/// What a function calls, as it is now.
#[derive(Debug)]
pub struct Called {
    /// The other functions of its unit.
    pub members: Vec<Member>,
    /// Its own defaults, if it may call itself.
    pub defaults: Option<Defaults>,
}

/// A hidden argument of a function that is called.
#[derive(Debug)]
struct Handed {
    /// Those of that function, which is a member.
    guards: Rc<Guards>,
    index: usize,
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
            plain: Plain::none(),
            members: Box::default(),
            handed: Box::default(),
            defaults: None,
            is_retired: Cell::new(0),
            watch: Watch::default(),
            own: Weak::new(),
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
            plain: Plain::none(),
            members: Box::default(),
            handed: Box::default(),
            defaults: None,
            is_retired: Cell::new(0),
            watch: Watch::default(),
            own: Weak::new(),
        }
    }

    /// The same with what it calls; `None` if a function is missing.
    pub fn with(self, Called { members, defaults }: Called) -> Option<Self> {
        let guards = |of| {
            let is_it = |member: &&Member| member.code.callee.as_ref().is_some_and(|callee| callee.key == of);
            members.iter().find(is_it).map(|member| member.code.guards.clone())
        };
        let handed = self.machine.handed.iter().map(|&(of, index)| Some(Handed { guards: guards(of)?, index }));
        let handed = handed.collect::<Option<_>>()?;
        Some(Self { members: members.into(), handed, defaults, ..self })
    }

    /// The same as one of its function's, so that runs can hold it. The function is alive.
    pub fn shared(self, py: Python<'_>) -> Rc<Self> {
        let mut places = Places::default();
        // SAFETY: `py` proves that the thread holds the GIL; members hold their functions, and stay where they are.
        let is_complete = unsafe {
            places.add_code(self.guards.function());
            self.guards.places(&mut places);
            self.defaults.iter().for_each(|defaults| defaults.places(self.guards.function(), &mut places));
            // Members that are not held may go, and the words with them.
            !self.is_weak && self.members.iter().all(|member| member.places(&mut places))
        };
        let watch = Watch::new(py, places, !is_complete);
        Rc::new_cyclic(|own| Self { own: own.clone(), watch, plain: Plain::of(&self), ..self })
    }

    /// Where the words of a member are that stay the same as long as it holds.
    ///
    /// # Safety
    /// As [`Self::holds`].
    pub unsafe fn places(&self, to: &mut Places) {
        // SAFETY: as the caller promises.
        unsafe { self.guards.places(to) };
        if !self.function.inlined.is_empty() {
            to.add_own(self.is_retired.as_ptr());
        }
    }

    /// Reads the hidden arguments, its own and those that it hands down: false if one has no value. The references are borrowed, and
    /// valid until Python code runs.
    ///
    /// # Safety
    /// The thread holds the GIL, and [`Self::holds`] has just been true; `to` has room for them.
    #[inline(always)]
    pub unsafe fn read_hidden(&self, to: *mut *mut PyObject) -> bool {
        // SAFETY: as the caller promises; the members hold their functions.
        unsafe {
            let mut complete = self.guards.read_hidden(to);
            for (at, handed) in self.handed.iter().enumerate() {
                let object = handed.guards.hidden_at(handed.index);
                complete &= !object.is_null();
                to.add(self.guards.hidden_len() + at).write(object);
            }
            complete
        }
    }

    /// True if the hidden arguments still are these objects.
    ///
    /// # Safety
    /// As [`Self::read_hidden`]; `objects` has as many.
    pub unsafe fn are_same(&self, objects: *const *mut PyObject) -> bool {
        // SAFETY: as the caller promises.
        unsafe {
            let behind = objects.add(self.guards.hidden_len());
            let is_same =
                |(at, handed): (usize, &Handed)| handed.guards.hidden_at(handed.index) == behind.add(at).read();
            self.guards.are_same(objects) && self.handed.iter().enumerate().all(is_same)
        }
    }

    /// The hidden arguments as they are now; `None` if one has no value. The references are borrowed.
    ///
    /// # Safety
    /// As [`Self::read_hidden`].
    pub unsafe fn hidden(&self) -> Option<Vec<*mut PyObject>> {
        let mut objects = vec![null_mut(); self.guards.hidden_len() + self.handed.len()];
        // SAFETY: as the caller promises.
        unsafe { self.read_hidden(objects.as_mut_ptr()) }.then_some(objects)
    }

    /// True if it is known at once that [`Self::holds`], and that the function still has the code object that it had.
    ///
    /// # Safety
    /// As [`Self::holds`].
    #[inline(always)]
    pub unsafe fn is_unchanged(&self) -> bool {
        // SAFETY: as the caller promises; words of no object are those of members.
        unsafe { self.watch.is_unchanged() }
    }

    /// The same as [`Self::holds`] for a function that has the code object that it had: from then on it is known at once.
    ///
    /// # Safety
    /// As [`Self::holds`].
    #[cold]
    #[inline(never)]
    pub unsafe fn holds_again(&self) -> bool {
        // SAFETY: as the caller promises.
        unsafe { self.watch.look(|| self.holds()) }
    }

    /// True if everything outside that the code relies on still is what it was.
    ///
    /// # Safety
    /// The thread holds the GIL, and the function is alive.
    #[inline(always)]
    pub unsafe fn holds(&self) -> bool {
        // SAFETY: as the caller promises.
        unsafe { self.holds_itself() && self.members.iter().all(|member| member.holds()) }
    }

    /// The same for what was relied on where this function itself was bound: all that there is for a member.
    ///
    /// # Safety
    /// As [`Self::holds`].
    #[inline(always)]
    pub unsafe fn holds_itself(&self) -> bool {
        // SAFETY: as the caller promises.
        unsafe {
            self.is_retired.get() == 0
                && self.guards.hold()
                && self.defaults.as_ref().is_none_or(|defaults| defaults.hold(self.guards.function()))
        }
    }

    /// Says that there will be better code: this holds no more.
    pub fn retire(&self) {
        self.is_retired.set(1);
        self.watch.forget();
    }

    /// Shows every object to the garbage collector until it says stop.
    pub fn traverse(&self, mut visit: impl FnMut(*mut PyObject) -> i32) -> i32 {
        let members = self.members.iter().map(|member| member.traverse(&mut visit)).find(|&stop| stop != 0);
        let held = self.defaults.iter().flat_map(Defaults::held).chain(self.watch.held());
        let held = held.map(Held::get).filter(|object| !object.is_null());
        members.or_else(|| held.map(visit).find(|&stop| stop != 0)).unwrap_or(0)
    }

    /// Gives up the references: nothing holds any more.
    pub fn clear(&self, py: Python<'_>) {
        self.watch.clear(py);
        self.members.iter().for_each(|member| member.clear(py));
        self.defaults.iter().flat_map(Defaults::held).for_each(|held| held.clear(py));
    }

    /// True if a function that it was made for is gone: it never runs again.
    pub fn is_gone(&self) -> bool {
        self.is_weak
            && (values::functions_among(&self.params).iter().any(|one| one.place() == 0)
                || self.members.iter().any(|member| member.callable().is_null()))
    }

    /// Holds this, and what the members are resumed as, while the code runs: Python code that runs meanwhile may compile for other
    /// functions, which makes room.
    ///
    /// # Safety
    /// The thread holds the GIL, also when what is given is dropped.
    pub unsafe fn hold(&self) -> InUse {
        let all = self.members.iter().map(|member| member.callable().cast::<PyObject>());
        // SAFETY: a member's callable is null or alive.
        let members = all.filter(|one| !one.is_null()).map(|one| unsafe { ffi::Py_NewRef(one) }).collect();
        InUse { members, _own: self.own.upgrade() }
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
                && self.hidden().is_some_and(|hidden| {
                    let types = &self.params[self.declared..];
                    types.len() == hidden.len() && types.iter().zip(hidden).all(|(&one, object)| is_of(object, one))
                })
        }
    }
}

/// References to the callables of members, and to the specialisation.
pub struct InUse {
    members: Vec<*mut PyObject>,
    _own: Option<Rc<Specialisation>>,
}

impl Drop for InUse {
    fn drop(&mut self) {
        // SAFETY: the references are ours, and the thread holds the GIL, as whoever made this has promised.
        self.members.drain(..).for_each(|one| unsafe { ffi::Py_DECREF(one) });
    }
}

/// The hidden arguments of a function as they are now; `None` if one has no value. The references are borrowed.
///
/// # Safety
/// The thread holds the GIL, and the guards hold.
unsafe fn hidden(guards: &Guards) -> Option<Vec<*mut PyObject>> {
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

//! Specialisations that call functions, and functions that come and go.
//!
//! Enters: machine code, and the functions as they are now. Leaves: its members; and the specialisations of a function without those that
//! were made for functions that are gone.

use std::rc::Rc;

use pyo3::prelude::*;

use super::Body;
use crate::binding::{Called, Specialisation};
use crate::callable;
use crate::functions::{Live, Member};
use crate::shared::{Callee, Machine};

/// Specialisations for functions as values that live at one time.
const MOST_LIVING: usize = 256;

impl Body {
    /// Adds a specialisation; false if there are too many. Those for functions that are gone make room; who runs one holds it.
    pub(super) fn push(&self, py: Python<'_>, made: Specialisation) -> bool {
        let mut gone = Vec::new();
        if made.is_weak {
            let mut all = self.specialisations.borrow_mut();
            if all.iter().any(|one| one.is_gone()) {
                self.last_exit.take();
                let (dead, alive) = std::mem::take(&mut *all).into_iter().partition(|one| one.is_gone());
                (gone, *all) = (dead, alive);
            }
            if all.iter().filter(|one| one.is_weak).count() >= MOST_LIVING {
                made.clear(py);
                return false;
            }
        }
        let made = made.shared(py);
        self.specialisations.borrow_mut().push(made);
        if !gone.is_empty() {
            // SAFETY: the object lives as long as the body, or is what the body is hidden behind, which is being called.
            let object = unsafe { Bound::from_borrowed_ptr_or_opt(py, self.object.get()) };
            object.iter().for_each(callable::forget_last);
            gone.iter().for_each(|one| one.clear(py));
        }
        true
    }
}

/// The functions of a unit as they are now; `None` if one of them is not what the code was made from.
pub(super) fn called(py: Python<'_>, machine: &Machine, live: &Live<'_>) -> Option<Called> {
    let resolve = |callee: &Callee| {
        let resolved = live.resolve(callee.key).ok()?;
        let same = Rc::ptr_eq(&resolved.meaning, &callee.meaning.upgrade()?)
            && resolved.defaults == callee.defaults
            && resolved.hidden == callee.hidden;
        same.then_some(resolved)
    };
    let member = |one: &Rc<Machine>| {
        let resolved = resolve(one.callee.as_ref()?).filter(|resolved| resolved.meaning.takes(&one.function))?;
        let code = Specialisation::of_member(one.clone(), resolved.guards.clone());
        Member::new(py, &resolved, code, live.is_weak())
    };
    let members = machine.members.iter().map(member).collect::<Option<_>>()?;
    let defaults = match &machine.callee {
        Some(own) => Some(resolve(own)?.current_defaults(py)?),
        None => None,
    };
    Some(Called { members, defaults })
}

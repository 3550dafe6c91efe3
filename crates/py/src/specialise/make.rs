//! Machine code for a function, from its start or from the header of a loop on.
//!
//! Enters: what the names outside mean now, the types of parameters or of the names at the header, and how much is wanted ([`How`]). Leaves: a
//! [`Specialisation`], of code that functions with the same code object had, or of new code.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use brrr_core::backend::Tier;
use brrr_core::compile::{Compiled, Prepared};
use brrr_core::diagnostic::{Code, Diagnostic};
use brrr_core::outside::FunctionKey;
use brrr_core::types::Type;
use pyo3::prelude::*;
use pyo3::types::PyFunction;

use super::living::called;
use super::{Body, MOST_OF_FUNCTIONS, broken};
use crate::binding::{Specialisation, hidden_types};
use crate::code::{self, Failure, Loaded};
use crate::errors::{Refusal, guarded};
use crate::functions::Live;
use crate::shared::{Header, Machine};
use crate::tiers::Job;
use crate::{depth, values};

/// How much is wanted.
#[derive(Debug)]
pub enum How {
    /// Code to enter at once, of the tier that there is or that is made first.
    Call,
    /// Code of the full tier, at once.
    Full,
    /// No code: the full tier is to be asked for, by the job that is put here.
    Ask(RefCell<Option<Arc<Job>>>),
    /// Code of the full tier, which this job has made.
    Arrive(Arc<Job>),
}

impl Body {
    /// Compiles the rest of the function from a loop header on, for the names that are bound there and their types. False if
    /// there is no such code, or if it is only asked for.
    ///
    /// # Errors
    /// If the compilation was broken off.
    pub fn specialise_header(
        &self,
        function: &Bound<'_, PyFunction>,
        statement: u32,
        bound: &[(&str, Type)],
        how: &How,
    ) -> PyResult<bool> {
        let start = Instant::now();
        let header = Header { statement, names: bound.iter().map(|&(name, _)| name.to_owned()).collect() };
        let params = bound.iter().map(|&(_, one)| one).collect::<Vec<_>>();
        let typed =
            |prepared: &Prepared, hidden: &[Type], _, live: &Live<'_>| prepared.unit_at(statement, bound, hidden, live);
        let made = guarded(function.py(), || self.make(function, Some(header), &params, how, typed));
        match how {
            How::Call | How::Full => self.spend(start.elapsed()),
            // That is no measure of what a compilation takes.
            How::Ask(_) | How::Arrive(_) => self.seconds.set(self.seconds.get() + start.elapsed().as_secs_f64()),
        }
        let Some(Ok(made)) = made? else { return Ok(false) };
        Ok(self.push(function.py(), made))
    }

    /// `None` if the interpreter runs the function as the names outside of it stand, or if code is only asked for.
    pub(super) fn make(
        &self,
        function: &Bound<'_, PyFunction>,
        header: Option<Header>,
        declared: &[Type],
        how: &How,
        typed: impl FnOnce(&Prepared, &[Type], FunctionKey, &Live<'_>) -> Option<Result<Compiled, Vec<Diagnostic>>>,
    ) -> PyResult<Option<Result<Specialisation, Refusal>>> {
        let py = function.py();
        if let Some(refusal) = self.verify(function)? {
            return Ok(Some(Err(refusal)));
        }
        let Some(binding) = self.binding(function)? else { return Ok(None) };
        let Some(meaning) = binding.meaning.as_ref().filter(|meaning| !meaning.is_interpreted.get()) else {
            return Ok(None);
        };
        let Some(hidden) = hidden_types(&binding.guards) else { return Ok(None) };
        let params = declared.iter().chain(&hidden).copied().collect::<Vec<_>>();
        let specialised = |machine| Specialisation::new(machine, binding.guards.clone(), &self.parameters);
        let weak = !values::functions_among(&params).is_empty();
        let live = Live::new(py, self.choices.options, !meaning.leaves_often.get()).weak(weak);
        let exact = meaning.machines(header.as_ref(), &params);
        let like = if weak { meaning.machines_like(header.as_ref(), &params) } else { Vec::new() };
        for machine in exact.into_iter().chain(like) {
            if let Some(called) = called(py, &machine, &live) {
                let manner = machine.warmth.manner();
                match how {
                    How::Call => {}
                    How::Ask(job) => {
                        job.replace(Job::new(machine.unit(), manner).ok());
                        return Ok(None);
                    }
                    How::Arrive(job) if !job.is_of(machine.unit(), manner.0) => continue,
                    How::Arrive(job) => machine.improve(job),
                    // What cannot be made better is as it is.
                    How::Full => Job::new(machine.unit(), manner).iter().for_each(|job| machine.improve(job)),
                }
                return Ok(specialised(machine).with(called).map(Ok));
            }
        }
        let prepared = &*meaning.prepared;
        let in_source = |diagnostics| Refusal::InSource(prepared.source().clone(), diagnostics);
        if weak && self.of_functions.replace(self.of_functions.get() + 1) >= MOST_OF_FUNCTIONS {
            return Ok(None);
        }
        let typed = typed(prepared, &hidden, self.key(py), &live);
        if let Some(raised) = live.raised() {
            return Err(raised);
        }
        let made = match typed {
            Some(Ok(made)) => made,
            // What names mean now is no mistake of the program: they meant something else before.
            Some(Err(diagnostics))
                if diagnostics.iter().all(|one| one.code == Code::Call) && !self.is_first(&binding) =>
            {
                meaning.is_interpreted.set(true);
                return Ok(None);
            }
            Some(Err(diagnostics)) => return Ok(Some(Err(in_source(diagnostics)))),
            None => return Ok(None),
        };
        if made.unit.functions.iter().any(|function| function.called.is_some()) {
            depth::prepare(py);
        }
        let manner = (self.choices.options, self.choices.cache);
        let called_with = header.is_none().then_some(declared);
        let loaded = match how {
            How::Call | How::Full => {
                let must_be_full = matches!(how, How::Full);
                code::code(py, prepared, made.unit.clone(), self.choices, must_be_full, called_with)
            }
            How::Ask(job) => {
                job.replace(Job::new(made.unit, manner).ok());
                return Ok(None);
            }
            How::Arrive(job) => match job.made() {
                Some(Ok(code)) if job.is_of(made.unit.clone(), manner.0) => {
                    if let Some((place, key)) = job.kept() {
                        code::note(place, prepared, called_with, *key);
                    }
                    Ok(Loaded { code: code.clone(), tier: Tier::Full, origin: None })
                }
                Some(_) | None => return Ok(None),
            },
        };
        let loaded = match loaded {
            Ok(loaded) => {
                loaded.origin.into_iter().for_each(|origin| self.origin.set(origin));
                loaded
            }
            Err(Failure::Broken(message)) => return Ok(Some(Err(broken(prepared, message)))),
            Err(Failure::Refused(diagnostic)) => return Ok(Some(Err(in_source(vec![diagnostic])))),
        };
        let resolved = |key: &Option<FunctionKey>| live.resolve(key.as_ref().copied()?).ok();
        let is_called = made.unit.functions.first().is_some_and(|first| first.called.is_some());
        let own = is_called.then(|| resolved(&Some(self.key(py))));
        let callees = made.members.iter().skip(1).map(resolved).collect::<Option<Vec<_>>>();
        let (Some(callees), None | Some(Some(_))) = (callees, &own) else { return Ok(None) };
        // Another thread may have waited for the same code.
        let is_of = |one: &Rc<Machine>| one.memory().is_some_and(|code| Arc::ptr_eq(&code, &loaded.code));
        let machine = match meaning.machines(header.as_ref(), &params).into_iter().find(is_of) {
            Some(known) => known,
            None => {
                let code = (loaded, manner);
                let made = Machine::new(py, header, declared.len(), made, (own.flatten(), callees), code)?;
                let made = Rc::new(made);
                meaning.keep(made.clone());
                made
            }
        };
        let Some(called) = called(py, &machine, &live) else { return Ok(None) };
        Ok(specialised(machine).with(called).map(Ok))
    }
}

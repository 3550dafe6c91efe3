//! Polls: what compiled code in a loop owes the rest of the process.
//!
//! Enters: an activation, from a loop header, at intervals that the answer sets: the fuel until the next poll, adapted so that
//! polls come about every 75 microseconds. Within:
//!
//! - Signals are handled, by the handlers that Python code has set. Only an exception ends the run; it is kept, and raised at
//!   the loop header by [`crate::interrupt`].
//! - Guards are looked at again, for handlers and other threads may rebind names.
//! - Quick code that runs for long moves to the full tier ([`crate::moves`]): it leaves, and goes on there.
//! - The GIL is released once a run has lasted some 0.1 ms and there are other threads, and taken again from time to time, for
//!   signals and guards. A call that takes microseconds never gives it up: it might not get it back for milliseconds.
//!
//! In an interpreter that is shutting down, a thread that wants the GIL back never returns from there (PyO3 sees to it that the
//! stack is not unwound); what it holds stays as it is until the process ends.

use std::ptr::null_mut;
use std::time::{Duration, Instant};

use brrr_core::abi;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::activation::Running;
use crate::moves::Moving;

/// The time between two polls that is aimed at.
const INTERVAL: Duration = Duration::from_micros(75);
/// After so long in compiled code the GIL is released.
const RELEASE_AFTER: Duration = Duration::from_micros(100);
/// After so long without the GIL, or without asking the interpreter for all that it has to do, a run does so.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The same where no signals come and nothing is guarded: exceptions that other threads ask for are heard all the same.
const LOOK_RARELY: Duration = Duration::from_millis(500);
/// Bounds of the fuel. A unit is about an addition, so that the upper one is one or two milliseconds, however wrong an estimate
/// was that the code itself has made cheaper.
const FUEL: (f64, f64) = (4096.0, 2_097_152.0);
/// The first estimate.
const FIRST_FUEL: f64 = 262_144.0;

/// What is known of a run that has polled.
#[derive(Debug)]
pub struct Watch {
    /// The thread's state while the GIL is released, else null.
    released: *mut ffi::PyThreadState,
    /// What a handler has raised.
    raised: Option<PyErr>,
    first: Instant,
    last: Instant,
    looked: Instant,
    /// Until when the code's heat has been told.
    told: Instant,
    /// Whether it moves to better code; `None` of code of the full tier.
    moving: Option<Moving>,
    fuel: f64,
}

impl Watch {
    fn new(now: Instant, moving: Option<Moving>) -> Self {
        let (released, fuel) = (null_mut(), FIRST_FUEL);
        Self { released, raised: None, first: now, last: now, looked: now, told: now, moving, fuel }
    }

    /// Takes the GIL, unless it is held.
    fn take(&mut self) {
        let state = std::mem::replace(&mut self.released, null_mut());
        if !state.is_null() {
            // SAFETY: the state is this thread's own, as it was given when the GIL was released.
            unsafe { ffi::PyEval_RestoreThread(state) };
        }
    }

    /// The fuel that lasts as long as it should, by what the last one did.
    fn adapt(&mut self, now: Instant) {
        let spent = now.duration_since(self.last).as_secs_f64().max(1e-9);
        let factor = (INTERVAL.as_secs_f64() / spent).clamp(0.25, 4.0);
        self.fuel = (self.fuel * factor).clamp(FUEL.0, FUEL.1);
    }
}

/// The service `poll`: the fuel until the next poll, or -1 if the code has to leave here.
///
/// # Safety
/// The activation is the head of a [`Running`] whose code is running in this thread.
pub unsafe extern "C" fn poll(activation: *mut abi::Activation, exit: u64) -> i64 {
    let now = Instant::now();
    let running = activation.cast::<Running>();
    // SAFETY: as the caller promises. The watch is this run's alone: what Python code does in between makes runs of its own.
    unsafe {
        let is_first = (*running).watch.is_null();
        if is_first {
            (*running).pin();
            let moving = Moving::of(&*(*running).specialisation);
            (*running).watch = Box::into_raw(Box::new(Watch::new(now, moving)));
        }
        let watch = &mut *(*running).watch;
        if !is_first {
            watch.adapt(now);
        }
        let specialisation = &*(*running).specialisation;
        let since = now.duration_since(watch.looked);
        let quiet = || specialisation.guards.is_empty() && specialisation.members.is_empty() && !is_main_thread();
        let due = since >= LOOK_EVERY && (since >= LOOK_RARELY || !quiet());
        if due || watch.released.is_null() {
            watch.take();
            if due {
                watch.looked = now;
            }
            if !look(&*running, watch, due) || !improve(&*running, watch, exit, now) {
                return -1;
            }
            if now.duration_since(watch.first) >= RELEASE_AFTER && other_threads() {
                watch.released = ffi::PyEval_SaveThread();
            }
            // Neither handlers nor waiting are the code's own time.
            watch.last = Instant::now();
        } else {
            watch.last = now;
        }
        watch.fuel as i64
    }
}

/// Signals and guards; all else that the interpreter does between two instructions too, if `everything` is due. False if the
/// code has to leave.
///
/// # Safety
/// The thread holds the GIL; `running` is the run that polls.
unsafe fn look(running: &Running, watch: &mut Watch, everything: bool) -> bool {
    // SAFETY: the GIL is held.
    let py = unsafe { Python::assume_attached() };
    let mut done = py.check_signals();
    if done.is_ok() && everything {
        done = breathe(py);
    }
    if let Err(raised) = done {
        watch.raised = Some(raised);
        return false;
    }
    // SAFETY: as the caller promises.
    unsafe { holds(running) }
}

/// Quick code on its way to the full tier. False if the code has to leave, for it goes on there, or something was raised.
///
/// # Safety
/// As [`look`].
unsafe fn improve(running: &Running, watch: &mut Watch, exit: u64, now: Instant) -> bool {
    let Some(mut moving) = watch.moving.take() else { return true };
    let (spent, total) = (now.duration_since(watch.told), now.duration_since(watch.first));
    watch.told = now;
    // SAFETY: as the caller promises.
    let leaves = unsafe { moving.at_poll(running, exit, spent, total) };
    watch.moving = Some(moving);
    match leaves {
        Ok(leaves) => !leaves,
        Err(raised) => {
            watch.raised = Some(raised);
            false
        }
    }
}

/// Calls a Python function that does nothing. On its way in the interpreter does what it does between two instructions:
/// pending calls, exceptions that other threads have asked for.
fn breathe(py: Python<'_>) -> PyResult<()> {
    static NOTHING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let nothing = NOTHING.get_or_try_init(py, || py.eval(c"lambda: None", None, None).map(Bound::unbind))?;
    let Err(raised) = nothing.call0(py) else { return Ok(()) };
    // The frame of that function is nobody's business.
    if let Some(own) = raised.traceback(py) {
        let rest = own.getattr("tb_next")?;
        raised.value(py).setattr("__traceback__", rest)?;
        return Err(PyErr::from_value(raised.value(py).clone().into_any()));
    }
    Err(raised)
}

/// True in the process's first thread, which is the one that handles signals, also after a fork.
fn is_main_thread() -> bool {
    // SAFETY: these calls only read.
    unsafe { libc::syscall(libc::SYS_gettid) == libc::c_long::from(libc::getpid()) }
}

/// True if the interpreter has more threads than this one.
///
/// # Safety
/// The thread holds the GIL.
unsafe fn other_threads() -> bool {
    // SAFETY: only this thread's own state is looked into, which lives as long as the thread.
    unsafe {
        let own = ffi::PyThreadState_Get();
        let head = ffi::PyInterpreterState_ThreadHead(ffi::PyInterpreterState_Get());
        head != own || !ffi::PyThreadState_Next(own).is_null()
    }
}

/// Takes the GIL again, if a poll has released it: before anything that needs the interpreter.
///
/// # Safety
/// `running` is the run of this thread.
pub unsafe fn hold(running: *mut Running) {
    // SAFETY: as the caller promises.
    unsafe {
        if let Some(watch) = (*running).watch.as_mut() {
            watch.take();
        }
    }
}

/// What a handler has raised, if the run is about to end by that.
///
/// # Safety
/// `running` is the run of this thread.
pub unsafe fn raised(running: *mut Running) -> Option<PyErr> {
    // SAFETY: as the caller promises.
    unsafe { (*running).watch.as_mut()?.raised.take() }
}

/// True if everything outside that the code relies on still is what it was.
///
/// # Safety
/// The thread holds the GIL; the code of `running` is running.
pub unsafe fn holds(running: &Running) -> bool {
    // SAFETY: the callable is alive while it is called, and owns its specialisations; the arguments are those of the run.
    unsafe {
        let specialisation = &*running.specialisation;
        specialisation.holds() && specialisation.are_same(running.args.add(specialisation.declared))
    }
}

/// The end of a run that has polled: the GIL is held again. What a handler has raised, if the run ended by that.
///
/// # Safety
/// `running` is the run of this thread, and its code has returned.
#[cold]
pub unsafe fn end(running: *mut Running) -> Option<PyErr> {
    // SAFETY: the watch was made by `Box` in `poll`.
    unsafe {
        hold(running);
        let watch = std::mem::replace(&mut (*running).watch, null_mut());
        if watch.is_null() { None } else { Box::from_raw(watch).raised }
    }
}

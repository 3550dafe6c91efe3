//! LLVM at work beside Python: the thread for what is hot, and threads that make code at their first calls.
//!
//! Enters: jobs for the thread ([`submit`]), and encoded requests of threads that wait for their code ([`make`]). Leaves: loaded code. LLVM
//! needs neither the GIL nor an object: a thread that waits for code has released it, so that two threads compile at once. Of threads that ask
//! for the same at once one makes it, and the others wait for that one.
//!
//! The thread is begun when there is work and ends when there is none. Nothing waits for it when the process ends, and a signal never
//! comes to it. A fork waits for what is being made, so that in the child no lock of LLVM's is held by a thread that is not there; what
//! was waiting for the thread is done by a thread of the child's.

use std::cell::Cell;
use std::collections::VecDeque;
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use brrr_core::load;

use crate::tiers::Job;

/// The stack of the thread: deeply nested code is compiled by recursion.
const STACK: usize = 16 << 20;

/// Why there is no code.
#[derive(Clone, Debug)]
pub enum Problem {
    /// LLVM is not there, or what it made cannot be loaded.
    Broken(String),
    /// What LLVM says about the function.
    Refused(String),
}

/// Loaded code, or why there is none.
pub type Made = Result<Arc<load::Code>, Problem>;

/// A request that a thread is at work on.
struct Making {
    request: Vec<u8>,
    made: OnceLock<Made>,
}

/// What is to be done, and what is being done.
struct Work {
    /// What the thread has to do.
    waiting: VecDeque<Arc<Job>>,
    /// There is a thread.
    is_running: bool,
    /// So many threads are within LLVM, or on their way there.
    busy: usize,
    /// So many threads wait for these to pause.
    forks: usize,
    /// What threads wait for that have called a function.
    making: Vec<Arc<Making>>,
}

static WORK: Mutex<Work> =
    Mutex::new(Work { waiting: VecDeque::new(), is_running: false, busy: 0, forks: 0, making: Vec::new() });
/// Somebody has done something.
static PAUSED: Condvar = Condvar::new();

fn lock() -> MutexGuard<'static, Work> {
    WORK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The same where no fork is about to happen.
fn lock_between_forks() -> MutexGuard<'static, Work> {
    let mut work = lock();
    while work.forks > 0 {
        drop(work);
        thread::sleep(Duration::from_micros(50));
        work = lock();
    }
    work
}

/// Has the thread do a job: next, if somebody is waiting.
pub fn submit(job: Arc<Job>, is_next: bool) {
    let mut work = lock();
    match is_next {
        true => work.waiting.push_front(job),
        false => work.waiting.push_back(job),
    }
    begin(&mut work);
}

/// What comes of `work`, which makes the code for a request; of what another thread does, if that is at work on the same. The GIL is not held.
pub fn make(request: &[u8], work: impl FnOnce() -> Made) -> Made {
    let mut all = lock_between_forks();
    loop {
        let known = all.making.iter().find(|one| one.request == request).cloned();
        let Some(known) = known else { break };
        while known.made.get().is_none() && all.making.iter().any(|one| Arc::ptr_eq(one, &known)) {
            all = PAUSED.wait(all).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(made) = known.made.get() {
            return made.clone();
        }
        // It has panicked, where it does not bother us.
    }
    let own = Own(Arc::new(Making { request: request.to_owned(), made: OnceLock::new() }));
    all.making.push(own.0.clone());
    all.busy += 1;
    drop(all);
    let made = work();
    own.0.made.get_or_init(|| made).clone()
}

/// A request that this thread is at work on until it is dropped.
struct Own(Arc<Making>);

impl Drop for Own {
    fn drop(&mut self) {
        let mut work = lock();
        work.making.retain(|one| !Arc::ptr_eq(one, &self.0));
        work.busy -= 1;
        drop(work);
        PAUSED.notify_all();
    }
}

/// Sees to it that there is a thread, if there is work. Without one, what waits goes on waiting.
fn begin(work: &mut Work) {
    if work.is_running || work.waiting.is_empty() {
        return;
    }
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: both sets are written before they are read. A thread begins with the mask of the one that makes it: the new one gets no
    // signals, for those are to wake the threads of the program.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        if libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) != 0 {
            return;
        }
        let made = thread::Builder::new().name("brrr".to_owned()).stack_size(STACK).spawn(labour);
        libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), null_mut());
        work.is_running = made.is_ok();
    }
}

/// Sees to it that what waits is done: in the child of a fork, or where there could be no thread before.
pub fn go_on() {
    begin(&mut lock());
}

/// The thread: job after job, until there are no more.
fn labour() {
    loop {
        let mut work = lock_between_forks();
        let Some(job) = work.waiting.pop_front() else {
            work.is_running = false;
            return;
        };
        work.busy += 1;
        drop(work);
        // Of a function that is gone nobody asks any more.
        if Arc::strong_count(&job) > 1 {
            job.run();
        }
        // What was asked for by nobody else goes here.
        drop(job);
        lock().busy -= 1;
        PAUSED.notify_all();
    }
}

thread_local! {
    /// Held by the thread that forks, from before to behind.
    static FORKING: Cell<Option<MutexGuard<'static, Work>>> = const { Cell::new(None) };
}

/// Has forks wait, from now on. For the import, which holds the GIL from end to end: a fork in the middle of it would leave a child that waits
/// for ever for the thread that was at it.
pub fn watch_forks() {
    static WATCHED: Once = Once::new();
    // SAFETY: the functions stay where they are as long as the process lives, for extensions are never unloaded.
    WATCHED.call_once(|| unsafe {
        libc::pthread_atfork(Some(before_fork), Some(behind_fork), Some(in_child));
    });
}

unsafe extern "C" fn before_fork() {
    let mut work = lock();
    work.forks += 1;
    while work.busy > 0 {
        work = PAUSED.wait(work).unwrap_or_else(PoisonError::into_inner);
    }
    work.forks -= 1;
    // Where a thread ends, there is no place for it: then nothing is held.
    let _ = FORKING.try_with(|held| held.set(Some(work)));
}

unsafe extern "C" fn behind_fork() {
    let _ = FORKING.try_with(Cell::take);
}

unsafe extern "C" fn in_child() {
    if let Ok(Some(mut work)) = FORKING.try_with(Cell::take) {
        // Only the thread that forked is here, and nobody waits.
        (work.is_running, work.forks) = (false, 0);
    }
}

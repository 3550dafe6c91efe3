//! How far a long run is, on a terminal that shows standard error; elsewhere nothing.

use std::io::{self, IsTerminal};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Runs shorter than this show nothing.
const PATIENCE: Duration = Duration::from_millis(300);

/// Time between two drawings.
const PACE: Duration = Duration::from_millis(80);

/// A line that says how many of how many are done. Erased when dropped.
pub(super) struct Progress {
    total: usize,
    done: AtomicUsize,
    /// When it is to be drawn next; none if it never is.
    next: Option<Mutex<Instant>>,
    drawn: AtomicUsize,
}

impl Progress {
    /// Nothing is done yet. With `quiet`, nothing is shown.
    pub(super) fn new(total: usize, quiet: bool) -> Self {
        let shown = !quiet && io::stderr().is_terminal();
        let next = shown.then(|| Mutex::new(Instant::now() + PATIENCE));
        Self { total, done: AtomicUsize::new(0), next, drawn: AtomicUsize::new(0) }
    }

    /// One more is done.
    pub(super) fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        // Whoever holds the lock draws; the others need not wait for it.
        let Some(mut next) = self.next.as_ref().and_then(|next| next.try_lock().ok()) else { return };
        let now = Instant::now();
        if now >= *next {
            *next = now + PACE;
            self.drawn.store(done, Ordering::Relaxed);
            super::aside(&format!("\r\x1b[2Kchecked {done} of {} files", self.total));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.drawn.load(Ordering::Relaxed) > 0 {
            super::aside("\r\x1b[2K");
        }
    }
}

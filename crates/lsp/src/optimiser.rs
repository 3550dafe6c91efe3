//! LLVM's remarks about the functions of a file.
//!
//! Enters: what is known about a file. Leaves: the same, whose hints now have what LLVM says. Promised: LLVM works in a child process,
//! within a time limit; a function is asked about once, whatever becomes of it.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use brrr_core::query::Snapshot;

use crate::worker::{Failure, Worker};

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Something new was heard.
    pub heard: bool,
    /// The functions about which nothing was heard, by their numbers, and why.
    pub failures: Vec<(usize, Failure)>,
}

/// Asks LLVM about every function of a file of which it has not been heard, as long as `goes_on` says so.
pub fn listen(
    snapshot: &Snapshot,
    worker: &Worker,
    limit: Duration,
    cancelled: &AtomicBool,
    goes_on: &dyn Fn() -> bool,
) -> Outcome {
    let mut outcome = Outcome::default();
    for located in snapshot.functions() {
        let (function, signature) = (located.function, snapshot.hinted(located));
        if function.has_heard(&signature) {
            continue;
        }
        if !goes_on() {
            break;
        }
        let Some(asked) = function.ask_optimiser(&signature) else {
            // Nothing can go wrong without an answer.
            let _ = function.hear(&signature, None);
            continue;
        };
        let answer = worker.run(&asked.request, limit, cancelled);
        let heard =
            answer.and_then(|answer| function.hear(&signature, Some((&asked, &answer))).map_err(Failure::Refused));
        match heard {
            Ok(()) => outcome.heard = true,
            // Without LLVM, or when nobody waits any more, there is no use in going on.
            Err(failure @ (Failure::Missing(_) | Failure::Cancelled)) => {
                outcome.failures.push((located.index, failure));
                break;
            }
            Err(failure @ (Failure::Crashed(_) | Failure::Late(_) | Failure::Refused(_))) => {
                let _ = function.hear(&signature, None);
                outcome.failures.push((located.index, failure));
            }
        }
    }
    outcome
}

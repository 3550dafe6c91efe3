//! What is wrong with functions of other files, said at the calls that lead to them.
//!
//! Enters: the program of a function, whose types are inferred. Leaves: a diagnostic for each call of the function that cannot be
//! compiled, with the way from there to what is wrong. What is wrong with functions of the same file, these say themselves.

use std::collections::BTreeMap;

use super::modules::Foreigner;
use super::moved;
use crate::check::program::Program;
use crate::diagnostic::Diagnostic;
use crate::outside::FunctionKey;

type Foreign = BTreeMap<FunctionKey, Foreigner>;

/// A way is shown so far.
const LONGEST: usize = 32;

/// The calls of the program's first function that lead to something that cannot be compiled, in the order of the source.
pub(super) fn refused_calls(program: &Program<'_>, foreign: &Foreign) -> Vec<Diagnostic> {
    if foreign.is_empty() {
        return Vec::new();
    }
    let mut said = Vec::new();
    for one in program.refused() {
        if let Some(reason) = one.reasons.iter().find(|reason| reason.is_error()) {
            let diagnostic = Diagnostic::of_call(&one.callee.name, one.call, reason.clone());
            said.extend(from_first(program, foreign, one.caller, diagnostic));
        }
    }
    for at in 1..program.count() {
        let instance = program.instance(at);
        if instance.key.is_none_or(|key| !foreign.contains_key(&key)) {
            continue;
        }
        let (_, _, findings) = program.inferred(at).report(&instance.body.flow);
        if let Some(error) = findings.into_iter().find(Diagnostic::is_error) {
            said.extend(from_first(program, foreign, at, error));
        }
    }
    said.sort_by_key(Diagnostic::span);
    said.dedup_by_key(|one| one.span());
    said
}

/// What is said about a place in an instance, at the call in the first one that leads there; nothing if the way goes through another
/// function of the same file.
fn from_first(program: &Program<'_>, foreign: &Foreign, mut at: usize, mut said: Diagnostic) -> Option<Diagnostic> {
    for _ in 0..LONGEST {
        if at == 0 {
            return Some(said);
        }
        let instance = program.instance(at);
        let of = foreign.get(&instance.key?)?;
        let (caller, call) = instance.called_at()?;
        said = Diagnostic::of_call(of.function.name(), call, moved(said, of.start).elsewhere(&of.file));
        at = caller;
    }
    None
}

//! Answers to questions about one version of a document: pure functions from what is known to LSP's data.

pub mod actions;
pub mod functions;
pub mod hints;
pub mod hover;
mod kept;
pub mod lenses;
pub mod tokens;

use std::collections::HashMap;
use std::sync::Arc;

use brrr_core::query::function::Candidate;
use brrr_core::query::{Located, calls::CallSite};
use brrr_core::types::Signature;
use tower_lsp::lsp_types as lsp;

use crate::convert::Profile;
use crate::lines::Lines;
use crate::session::Version;
use crate::settings::Settings;
use crate::trace::Seen;

/// One version of a document, and all that an answer depends on beside it.
#[derive(Clone, Debug)]
pub struct View {
    /// The document.
    pub uri: lsp::Url,
    /// What is known about it.
    pub version: Arc<Version>,
    /// What the client is like.
    pub profile: Arc<Profile>,
    /// What the user has set.
    pub settings: Arc<Settings>,
    /// The signatures that the user has picked in this document.
    pub picks: HashMap<String, Signature>,
    /// Calls of its functions in other files.
    pub calls: Arc<Vec<CallSite>>,
    /// What runs have seen of its functions.
    pub seen: Arc<Vec<Seen>>,
}

impl View {
    /// The lines of the text.
    #[must_use]
    pub fn lines(&self) -> Lines<'_> {
        Lines::known(self.version.snapshot.file().text(), &self.version.starts, self.profile.encoding)
    }

    /// The byte offset of a position.
    #[must_use]
    pub fn offset(&self, position: lsp::Position) -> u32 {
        u32::try_from(self.lines().offset(position)).unwrap_or(u32::MAX)
    }

    /// The signatures that a function may be shown for, the likeliest first, and the number of the one that it is shown for.
    #[must_use]
    pub fn candidates(&self, located: Located<'_>) -> (Vec<Candidate>, usize) {
        let name = located.function.name();
        let own = self.version.snapshot.calls().map(|(call, _)| call);
        let calls = own.chain(self.calls.iter()).filter(|call| call.name == name);
        let mut all = located.function.candidates(calls);
        for candidate in self.seen_of(located).flat_map(|seen| seen.candidates(located.function)) {
            if !all.iter().any(|known| known.signature == candidate.signature) {
                all.push(candidate);
            }
        }
        let picked = self.picks.get(name);
        if let Some(picked) = picked.filter(|picked| picked.params.len() == all[0].signature.params.len()) {
            return match all.iter().position(|one| one.signature == *picked) {
                Some(at) => (all, at),
                None => {
                    let origins = vec![brrr_core::query::function::Origin::Assumed; picked.params.len()];
                    all.push(Candidate { signature: picked.clone(), origins });
                    let last = all.len() - 1;
                    (all, last)
                }
            };
        }
        (all, 0)
    }

    /// The signature that a function is shown for.
    #[must_use]
    pub fn chosen(&self, located: Located<'_>) -> Candidate {
        let (mut all, at) = self.candidates(located);
        all.swap_remove(at)
    }

    /// What runs have seen of a function, as it stands now.
    pub fn seen_of<'a>(&'a self, located: Located<'a>) -> impl Iterator<Item = &'a Seen> {
        self.seen.iter().filter(move |seen| seen.function == located.function.name())
    }

    /// The function at a position, or on its line.
    #[must_use]
    pub fn function_at(&self, position: lsp::Position) -> Option<Located<'_>> {
        let snapshot = &self.version.snapshot;
        snapshot.function_at(self.offset(position)).or_else(|| {
            let line = lsp::Position { character: u32::MAX, ..position };
            snapshot.function_at(self.offset(line))
        })
    }
}

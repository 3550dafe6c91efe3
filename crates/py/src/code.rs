//! Machine code for a unit: from the disk if it was kept there, else from LLVM.
//!
//! Enters: a verified unit. Leaves: loaded code, its tier, and where it came from. LLVM is opened when it is needed first. Code of the full
//! tier that was kept is taken whatever tier would be made.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use brrr_core::backend::{BUILD, Backend, Output, Request, Tier};
use brrr_core::cache::{self, Cache, Key, Subject};
use brrr_core::compile::Prepared;
use brrr_core::diagnostic::Diagnostic;
use brrr_core::types::Type;
use brrr_core::{ir, load, runtime};
use pyo3::prelude::*;

use crate::specialise::Choices;
use crate::tiers::{self, Policy};
use crate::work::{self, Problem};

/// Where machine code came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nothing was looked for on the disk.
    #[default]
    Off,
    /// From the disk.
    Hit,
    /// From LLVM; it is kept on the disk now, if it can be.
    Miss,
}

impl Origin {
    /// As `f.stats()` names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Hit => "hit",
            Self::Miss => "miss",
        }
    }
}

/// Why there is no code.
pub enum Failure {
    /// LLVM is not there, or what it made cannot be loaded.
    Broken(String),
    /// What LLVM says about the function.
    Refused(Diagnostic),
}

/// Loaded code.
#[derive(Debug)]
pub struct Loaded {
    /// The code.
    pub code: Arc<load::Code>,
    /// Its tier.
    pub tier: Tier,
    /// Where it came from; `None` if that is no news.
    pub origin: Option<Origin>,
}

/// Machine code for a unit of this function, of the full tier if that is wanted in any case; `signature` has the types of the arguments
/// if it is entered by calls.
///
/// # Errors
/// Why there is none.
pub fn code(
    py: Python<'_>,
    prepared: &Prepared,
    unit: ir::Unit,
    choices: Choices,
    must_be_full: bool,
    signature: Option<&[Type]>,
) -> Result<Loaded, Failure> {
    installed(py).map_err(|error| Failure::Broken(format!("cannot tell where brrr is installed: {error}")))?;
    let looked_for: &[Tier] = match tiers::policy() {
        _ if must_be_full => &[Tier::Full],
        Policy::Full => &[Tier::Full],
        Policy::Quick => &[Tier::Quick],
        Policy::Auto | Policy::Eager => &[Tier::Full, Tier::Quick],
    };
    let mut request = Request::new(unit, choices.options, Output::Object).with_vectors(runtime::vectors);
    let mut last = None;
    for &tier in looked_for {
        request.tier = tier;
        let bytes = request.encode().map_err(Failure::Broken)?;
        let kept = kept(&bytes, choices.cache);
        if let Some((place, key)) = &kept
            // What is whole and cannot be loaded is taken for damage.
            && let Some(code) = place.load(*key).and_then(|object| load::Code::load(&object).ok())
        {
            note(place, prepared, signature, *key);
            return Ok(Loaded { code: Arc::new(code), tier, origin: Some(Origin::Hit) });
        }
        last = Some((bytes, kept));
    }
    let (bytes, kept) = last.ok_or_else(|| Failure::Broken("no tier was looked for".to_owned()))?;
    // Other threads of Python's go on meanwhile, and may compile something else.
    let made = py.detach(|| work::make(&bytes, || made(&bytes, kept.as_ref())));
    let code = made.map_err(|problem| match problem {
        Problem::Broken(message) => Failure::Broken(message),
        Problem::Refused(message) => Failure::Refused(prepared.not_made(&message)),
    })?;
    let origin = match &kept {
        Some((place, key)) => {
            note(place, prepared, signature, *key);
            Origin::Miss
        }
        None => Origin::Off,
    };
    Ok(Loaded { code, tier: request.tier, origin: Some(origin) })
}

/// Machine code from LLVM, which is kept where it is to be kept.
fn made(request: &[u8], kept: Option<&(Cache, Key)>) -> work::Made {
    let object = opened().map_err(Problem::Broken)?.run_encoded(request).map_err(Problem::Refused)?;
    let code = load::Code::load(&object).map_err(Problem::Broken)?;
    if let Some((place, key)) = kept {
        place.store(*key, &object);
    }
    Ok(Arc::new(code))
}

/// Notes for editors what is kept: the code of which function, for calls with which types.
pub fn note(place: &Cache, prepared: &Prepared, signature: Option<&[Type]>, key: Key) {
    let Some(signature) = signature else { return };
    if let Some(subject) = Subject::of(Path::new(prepared.source().path()), prepared.name(), prepared.text()) {
        let types = signature.iter().map(|one| one.python()).collect::<Vec<_>>().join(", ");
        place.note(subject, &types, key);
    }
}

/// Where the code for a request is kept on the disk, if it is to be. [`code`] has been called before.
pub fn kept(request: &[u8], is_wanted: bool) -> Option<(Cache, Key)> {
    let place = is_wanted.then(cache::folder).flatten().map(Cache::new);
    place.and_then(|place| Some((place, Key::of([builds()?, request]))))
}

/// What machine code depends on beside the request and the processor: who makes it and who runs it. `None` if they cannot be told from
/// other builds.
fn builds() -> Option<&'static [u8]> {
    static BUILDS: OnceLock<Option<Vec<u8>>> = OnceLock::new();
    let found = || {
        let own = EXTENSION.get()?;
        let parts = [BUILD.to_vec(), cache::build_of(own)?, cache::build_of(&library(own))?];
        Some(parts.concat())
    };
    BUILDS.get_or_init(found).as_deref()
}

/// LLVM, opened at the first compilation of the process.
///
/// # Errors
/// If the library is not there, cannot be opened, or belongs to another build.
pub fn backend(py: Python<'_>) -> Result<&'static Backend, String> {
    installed(py).map_err(|error| format!("cannot tell where brrr is installed: {error}"))?;
    opened()
}

/// The same for any thread, once [`code`] has been called.
///
/// # Errors
/// As [`backend`].
pub fn opened() -> Result<&'static Backend, String> {
    static BACKEND: OnceLock<Backend> = OnceLock::new();
    if let Some(backend) = BACKEND.get() {
        return Ok(backend);
    }
    let own = EXTENSION.get().ok_or("cannot tell where brrr is installed")?;
    // Two threads may open it: it is the same library.
    let opened = Backend::open(&library(own))?;
    Ok(BACKEND.get_or_init(|| opened))
}

/// The file of this extension.
static EXTENSION: OnceLock<PathBuf> = OnceLock::new();

/// Finds out where this extension is.
fn installed(py: Python<'_>) -> PyResult<()> {
    if EXTENSION.get().is_none() {
        let found = py.import("brrr._brrr")?.getattr("__file__")?.extract::<PathBuf>()?;
        EXTENSION.get_or_init(|| found);
    }
    Ok(())
}

/// The library beside it.
fn library(extension: &Path) -> PathBuf {
    extension.with_file_name("_llvm.so")
}

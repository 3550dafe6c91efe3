//! Machine code for a unit: from the disk if it was kept there, else from LLVM.
//!
//! Enters: a verified unit. Leaves: loaded code, and where it came from. LLVM is opened when it is needed first.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use brrr_core::backend::{BUILD, Backend, Output, Request};
use brrr_core::cache::{self, Cache, Key, Subject};
use brrr_core::compile::Prepared;
use brrr_core::diagnostic::Diagnostic;
use brrr_core::types::Type;
use brrr_core::{ir, load};
use pyo3::prelude::*;

use crate::specialise::Choices;

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

/// Machine code for a unit of this function; `signature` has the types of the arguments if it is entered by calls.
///
/// # Errors
/// Why there is none.
pub fn code(
    py: Python<'_>,
    prepared: &Prepared,
    unit: ir::Unit,
    choices: Choices,
    signature: Option<&[Type]>,
) -> Result<(load::Code, Origin), Failure> {
    let request = Request::new(unit, choices.options, Output::Object).encode().map_err(Failure::Broken)?;
    let place = choices.cache.then(cache::folder).flatten().map(Cache::new);
    let kept = place.and_then(|place| Some((place, Key::of([builds(py)?, &request]))));
    if let Some((place, key)) = &kept
        // What is whole and cannot be loaded is taken for damage.
        && let Some(code) = place.load(*key).and_then(|object| load::Code::load(&object).ok())
    {
        note(place, prepared, signature, *key);
        return Ok((code, Origin::Hit));
    }
    let object = prepared.run(backend(py).map_err(Failure::Broken)?, &request).map_err(Failure::Refused)?;
    let code = load::Code::load(&object).map_err(Failure::Broken)?;
    let Some((place, key)) = kept else { return Ok((code, Origin::Off)) };
    place.store(key, &object);
    note(&place, prepared, signature, key);
    Ok((code, Origin::Miss))
}

/// Notes for editors what is kept: the code of which function, for calls with which types.
fn note(place: &Cache, prepared: &Prepared, signature: Option<&[Type]>, key: Key) {
    let Some(signature) = signature else { return };
    if let Some(subject) = Subject::of(Path::new(prepared.source().path()), prepared.name(), prepared.text()) {
        let types = signature.iter().map(|one| one.python()).collect::<Vec<_>>().join(", ");
        place.note(subject, &types, key);
    }
}

/// What machine code depends on beside the request and the processor: who makes it and who runs it. `None` if they cannot be told from
/// other builds.
fn builds(py: Python<'_>) -> Option<&'static [u8]> {
    static BUILDS: OnceLock<Option<Vec<u8>>> = OnceLock::new();
    let found = || {
        let own = extension(py).ok()?;
        let parts = [BUILD.to_vec(), cache::build_of(&own)?, cache::build_of(&library(&own))?];
        Some(parts.concat())
    };
    BUILDS.get_or_init(found).as_deref()
}

/// LLVM, opened at the first compilation of the process.
///
/// # Errors
/// If the library is not there, cannot be opened, or belongs to another build.
pub fn backend(py: Python<'_>) -> Result<&'static Backend, String> {
    static BACKEND: OnceLock<Backend> = OnceLock::new();
    if let Some(backend) = BACKEND.get() {
        return Ok(backend);
    }
    let own = extension(py).map_err(|error| format!("cannot tell where brrr is installed: {error}"))?;
    let opened = Backend::open(&library(&own))?;
    Ok(BACKEND.get_or_init(|| opened))
}

/// The file of this extension.
fn extension(py: Python<'_>) -> PyResult<PathBuf> {
    py.import("brrr._brrr")?.getattr("__file__")?.extract::<PathBuf>()
}

/// The library beside it.
fn library(extension: &Path) -> PathBuf {
    extension.with_file_name("_llvm.so")
}

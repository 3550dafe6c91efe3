//! The way to LLVM and back: bytes in, bytes out.
//!
//! LLVM stands in a shared object of its own (`crates/llvm`), which is opened at the first compilation, so that importing
//! brrr, checking a file and running cached code never pay for it. What crosses the border is an encoded [`Request`]; what
//! comes back is the object code or the text that was asked for. A child process can serve the same requests.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::ir;
pub use crate::ir::{Options, Overflow};
use crate::ops::vectors::Vectors;
use crate::source::Span;
use crate::stack;

/// The stack that LLVM has for a request, and for each byte of it: it follows values through a function by recursion, and a thread may have
/// a small stack.
const STACK: usize = 1 << 20;
const STACK_FOR_BYTE: usize = 256;

/// How much time goes into code. Its results, its exits and its frames are the same either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Tier {
    /// As little as gives decent code: for the first calls.
    Quick,
    /// Whatever makes the code faster: for what runs often or long, and for who reads it.
    #[default]
    Full,
}

impl Tier {
    /// As `f.stats()` and `BRRR_TIER` name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Full => "full",
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Output {
    /// Relocatable object code.
    Object,
    /// LLVM IR as it was lowered.
    Llvm,
    /// LLVM IR after optimisation.
    OptimizedLlvm,
    /// Assembly.
    Assembly,
    /// What the optimiser says: a list of [`Remark`]s, for [`remarks`]. Only of requests with places, and only in a process of its own:
    /// LLVM cannot be told to be silent again.
    Remarks,
}

/// Something that the optimiser says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Remark {
    /// The place that it is about, as the request numbers them.
    pub place: u32,
    /// The place of the loop around it; 0 for none.
    pub of_loop: u32,
    /// What is said.
    pub said: Said,
}

/// What the optimiser says of a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Said {
    /// A remark of LLVM's.
    Llvm(String),
    /// Here is a check that stays in the loop.
    Check,
}

/// Reads the answer to a request for remarks.
///
/// # Errors
/// If the bytes are none.
pub fn remarks(answer: &[u8]) -> Result<Vec<Remark>, String> {
    postcard::from_bytes(answer).map_err(|error| error.to_string())
}

/// Where the statements of a function come from, as numbers; 0 for nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    /// For each block the number of each statement.
    pub statements: Vec<Vec<u32>>,
    /// For each loop the number of its header.
    pub loops: Vec<u32>,
}

/// One piece of work for LLVM.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Verified IR.
    pub unit: ir::Unit,
    /// What the function that is entered wants; those that are called say themselves what they want ([`ir::Called::options`]).
    pub options: Options,
    /// What is asked for.
    pub output: Output,
    /// How much time goes into it.
    pub tier: Tier,
    /// The places which the answer is to name, for each function of the unit that stands in the text of the first one. Machine code does
    /// not depend on them.
    pub places: Option<Vec<Option<Places>>>,
    /// The functions of the vector library that are there, for functions that want `fastmath`.
    pub vectors: Vectors,
}

impl Request {
    /// A request for code of the full tier, or for a text of that without places.
    #[must_use]
    pub const fn new(unit: ir::Unit, options: Options, output: Output) -> Self {
        Self { unit, options, output, tier: Tier::Full, places: None, vectors: Vectors::NONE }
    }

    /// The same of another tier.
    #[must_use]
    pub const fn of_tier(mut self, tier: Tier) -> Self {
        self.tier = tier;
        self
    }

    /// The same where these functions of the vector library are there. For functions without `fastmath`, of which none calls any, it
    /// makes no difference.
    #[must_use]
    pub fn with_vectors(mut self, found: impl FnOnce() -> Vectors) -> Self {
        let called = self.unit.functions.iter().filter_map(|function| function.called.as_ref());
        if self.options.fastmath || called.into_iter().any(|called| called.options.fastmath) {
            self.vectors = found();
        }
        self
    }

    /// The same for an answer that names places, such as lines, which `number` gives for a span; [`crate::listing`] reads them out of a text.
    #[must_use]
    pub fn with_places(mut self, mut number: impl FnMut(Span) -> u32) -> Self {
        let mut places_of = |function: &ir::Function| {
            let statements =
                function.blocks.iter().map(|block| block.statements.iter().map(|one| number(one.span)).collect());
            let statements = statements.collect();
            let header = |one: &ir::Loop| one.poll.map_or(0, |poll| number(function.exits[poll.0 as usize].span));
            Places { statements, loops: function.loops.iter().map(header).collect() }
        };
        let functions = self.unit.functions.iter().enumerate();
        let places = functions.map(|(at, one)| (at == 0 || one.within).then(|| places_of(one)));
        self.places = Some(places.collect());
        self
    }

    /// As bytes, for [`Self::decode`].
    ///
    /// # Errors
    /// Only if memory runs out.
    pub fn encode(&self) -> Result<Vec<u8>, String> {
        postcard::to_stdvec(self).map_err(|error| error.to_string())
    }

    /// Reads bytes back.
    ///
    /// # Errors
    /// If they are no request.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        postcard::from_bytes(bytes).map_err(|error| error.to_string())
    }
}

/// Bytes that `crates/llvm` hands over; it gets them back through [`RELEASE_SYMBOL`].
#[repr(C)]
#[derive(Debug)]
pub struct Answer {
    /// 0 if the bytes are what was asked for, 1 if they are an error message.
    pub failed: u32,
    /// First byte.
    pub data: *mut u8,
    /// Number of bytes.
    pub length: usize,
}

/// Symbol of `extern "C" fn(request: *const u8, length: usize) -> Answer`.
pub const RUN_SYMBOL: &[u8] = b"brrr_llvm_run\0";
/// Symbol of `extern "C" fn(answer: Answer)`.
pub const RELEASE_SYMBOL: &[u8] = b"brrr_llvm_release\0";
/// Symbol of a static `[u8; 8]`, equal to [`BUILD`] in a library that belongs to this build.
pub const BUILD_SYMBOL: &[u8] = b"BRRR_LLVM_BUILD\0";
/// Identifies the encoding of requests: a hash of the sources that say what a request is and what its numbers mean.
pub const BUILD: [u8; 8] = {
    let mut hash = FNV_OFFSET;
    hash = fnv(hash, include_bytes!("types.rs"));
    hash = fnv(hash, include_bytes!("ir.rs"));
    hash = fnv(hash, include_bytes!("abi.rs"));
    hash = fnv(hash, include_bytes!("ops.rs"));
    fnv(hash, include_bytes!("backend.rs")).to_le_bytes()
};

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// FNV-1a, which can run while compiling.
const fn fnv(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(FNV_PRIME);
        at += 1;
    }
    hash
}

type Run = unsafe extern "C" fn(*const u8, usize) -> Answer;
type Release = unsafe extern "C" fn(Answer);

/// The opened library.
#[derive(Debug)]
pub struct Backend {
    run: Run,
    release: Release,
    _library: libloading::Library,
}

impl Backend {
    /// Opens the library.
    ///
    /// # Errors
    /// If it is not there, cannot be loaded, or belongs to another build of brrr.
    pub fn open(path: &Path) -> Result<Self, String> {
        let failed = |error: libloading::Error| format!("cannot open {}: {error}", path.display());
        // SAFETY: the library is brrr's own; its initialisers are LLVM's, which need nothing from us.
        let library = unsafe { libloading::Library::new(path) }.map_err(failed)?;
        // SAFETY: the symbol is an array of eight bytes in every build.
        let build = unsafe { **library.get::<*const [u8; 8]>(BUILD_SYMBOL).map_err(failed)? };
        if build != BUILD {
            return Err(format!("{} belongs to another build of brrr; install brrr again", path.display()));
        }
        // SAFETY: the build number says that the symbols have these types.
        let (run, release) = unsafe {
            let run = *library.get::<Run>(RUN_SYMBOL).map_err(failed)?;
            (run, *library.get::<Release>(RELEASE_SYMBOL).map_err(failed)?)
        };
        Ok(Self { run, release, _library: library })
    }

    /// Does one piece of work.
    ///
    /// # Errors
    /// What LLVM says when it cannot make code for the function.
    pub fn run(&self, request: &Request) -> Result<Vec<u8>, String> {
        self.run_encoded(&request.encode()?)
    }

    /// The same for a request that is encoded.
    ///
    /// # Errors
    /// As [`Self::run`], and if the bytes are no request.
    pub fn run_encoded(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let stack = STACK + STACK_FOR_BYTE * bytes.len();
        stack::with(stack, stack, || self.run_here(bytes))
    }

    fn run_here(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        // SAFETY: `bytes` lives through the call; the answer's bytes are copied before they are released.
        let (failed, output) = unsafe {
            let answer = (self.run)(bytes.as_ptr(), bytes.len());
            let failed = answer.failed != 0;
            let output = std::slice::from_raw_parts(answer.data, answer.length).to_vec();
            (self.release)(answer);
            (failed, output)
        };
        if failed { Err(String::from_utf8_lossy(&output).into_owned()) } else { Ok(output) }
    }
}

//! brrr's core: source text to typed IR to machine code. Knows neither Python objects nor LSP.
//!
//! The modules stand in their order: each imports only those above it. Start reading at [`compile`].

pub mod abi;
pub mod backend;
pub mod check;
pub mod compile;
pub mod diagnostic;
#[cfg(feature = "llvm")]
pub mod emit;
pub mod ir;
pub mod load;
#[cfg(feature = "llvm")]
pub mod lower;
pub mod ops;
pub mod report;
pub mod runtime;
pub mod source;
pub mod syntax;
pub mod types;

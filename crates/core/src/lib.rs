//! brrr's core: source text to typed IR to machine code. Knows neither Python objects nor LSP.
//!
//! The modules stand in their order: each imports only those above it. Start reading at [`compile`].

pub mod abi;
pub mod backend;
pub mod compile;
pub mod diagnostic;
pub mod ir;
pub mod load;
pub mod ops;
pub mod report;
pub mod source;
pub mod syntax;
pub mod types;

//! brrr's core: source text to typed IR to machine code. Knows neither Python objects nor LSP.
//!
//! Start reading at [`compile`]: the steps in their order. From the ground up the modules are [`stack`], [`source`], [`types`], [`ir`] with
//! [`ops`], [`abi`], [`diagnostic`], [`outside`], [`syntax`], [`suppress`], [`check`], [`report`], [`backend`], [`loops`], [`nesting`], `lower`, `emit`, [`runtime`], [`load`],
//! [`query`], [`compile`]; each imports only those before it. All but `lower` and `emit` work without LLVM.

pub mod abi;
pub mod backend;
pub mod cache;
pub mod check;
pub mod compile;
pub mod diagnostic;
#[cfg(feature = "llvm")]
pub mod emit;
#[cfg(feature = "faults")]
pub mod faults;
pub mod inline;
pub mod ir;
pub mod listing;
pub mod load;
pub mod loops;
#[cfg(feature = "llvm")]
pub mod lower;
pub mod nesting;
pub mod ops;
pub mod outside;
pub mod query;
pub mod report;
pub mod runtime;
pub mod source;
pub mod stack;
pub mod suppress;
pub mod syntax;
pub mod types;

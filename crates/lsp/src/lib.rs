//! brrr's language server, and the `brrr` command, which shares its way from files to what is said about them.
//!
//! Two programs are made of it, `brrr-lsp` (`main.rs`) and `brrr` (`bin/brrr.rs`); neither needs Python or LLVM to start.

mod answers;
pub mod cli;
pub mod config;
mod convert;
mod library;
mod lines;
pub mod llvm;
mod optimiser;
mod pages;
pub mod python;
pub mod select;
pub mod serve;
mod server;
mod session;
mod settings;
mod stages;
mod trace;
mod transport;
mod worker;
mod workspace;

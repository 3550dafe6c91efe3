//! brrr's language server, and the `brrr` command, which shares its way from files to what is said about them.
//!
//! Two programs are made of it, `brrr-lsp` (`main.rs`) and `brrr` (`bin/brrr.rs`); neither needs Python or LLVM to start.

mod convert;
pub mod serve;
mod server;
mod session;
mod transport;

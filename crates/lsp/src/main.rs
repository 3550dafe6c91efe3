//! `brrr-lsp`, the language server.

use std::process::ExitCode;

fn main() -> ExitCode {
    brrr_lsp::serve::main(std::env::args().skip(1))
}

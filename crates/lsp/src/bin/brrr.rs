//! `brrr`, the command.

use std::process::ExitCode;

fn main() -> ExitCode {
    brrr_lsp::cli::main(std::env::args_os())
}

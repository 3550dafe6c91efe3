//! The process of the language server, `brrr-lsp` or `brrr lsp`.
//!
//! Enters: LSP on standard input. Leaves: LSP on standard output, and nothing else there; what people may want to read goes
//! to standard error.

use std::io::{self, IsTerminal};
use std::panic;
use std::path::PathBuf;
use std::process::{self, ExitCode};

use crate::{server, session, worker};

const USAGE: &str = "\
The language server of brrr: it shows in your editor what the compiler says.

Usage: brrr-lsp [--stdio]

It speaks the Language Server Protocol on standard input and output; an editor starts it.

Options:
  --stdio    speak on standard input and output (always so)
  --version  print the version
  --help     print this text
";

/// As for other tools: the command line was wrong.
const BAD_USAGE: u8 = 2;

/// As for a panic of Rust's main thread.
const PANICKED: i32 = 101;

/// Does what the arguments say: serves, or prints a text.
pub fn main(arguments: impl Iterator<Item = String>) -> ExitCode {
    match command(arguments) {
        Ok(Command::Serve) => serve(),
        Ok(Command::Work(libraries)) => worker::serve(&libraries),
        Ok(Command::Print(text)) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("brrr-lsp: {message}\n\n{USAGE}");
            ExitCode::from(BAD_USAGE)
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Command {
    Serve,
    /// The child that uses the LLVM library at one of these paths.
    Work(Vec<PathBuf>),
    Print(String),
}

fn command(mut arguments: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut command = Command::Serve;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--stdio" => {}
            worker::FLAG => return Ok(Command::Work(arguments.map(PathBuf::from).collect())),
            "--version" | "-V" => command = Command::Print(format!("brrr-lsp {}\n", env!("CARGO_PKG_VERSION"))),
            "--help" | "-h" => command = Command::Print(USAGE.to_owned()),
            _ => return Err(format!("unknown argument `{argument}`")),
        }
    }
    Ok(command)
}

/// Serves the client on standard input and output until it leaves.
#[must_use]
pub fn serve() -> ExitCode {
    exit_on_panic();
    if io::stdin().is_terminal() {
        eprintln!("brrr-lsp waits for an editor on standard input; `brrr-lsp --help` says more");
    }
    match server::run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("brrr-lsp: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A thread that dies would leave a server that answers nothing.
fn exit_on_panic() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        report(panic);
        if !session::is_contained() {
            process::exit(PANICKED);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Command, String> {
        command(arguments.iter().map(|&argument| argument.to_owned()))
    }

    #[test]
    fn arguments() {
        assert_eq!(parsed(&[]), Ok(Command::Serve));
        assert_eq!(parsed(&["--stdio"]), Ok(Command::Serve));
        assert_eq!(parsed(&["--help"]), Ok(Command::Print(USAGE.to_owned())));
        let version = format!("brrr-lsp {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(parsed(&["--stdio", "--version"]), Ok(Command::Print(version)));
        assert_eq!(parsed(&["--port=7"]), Err("unknown argument `--port=7`".to_owned()));
    }

    #[test]
    #[ignore = "runs in a process of its own, started by the next test"]
    fn panics_on_a_thread() {
        exit_on_panic();
        let _ = std::thread::spawn(|| panic!("on purpose")).join();
    }

    #[test]
    fn a_panic_ends_the_process() {
        let this = std::env::current_exe().unwrap();
        let mut child = process::Command::new(this);
        let child = child.args(["--ignored", "--exact", "serve::tests::panics_on_a_thread"]).output().unwrap();
        assert_eq!(child.status.code(), Some(PANICKED), "{child:?}");
        // The exit code of a failed test run is the same; one that failed would have said so.
        assert!(!String::from_utf8_lossy(&child.stdout).contains("test result"), "{child:?}");
    }
}

//! The `brrr` command.
//!
//! Enters: arguments, files, standard input. Leaves: text on standard output, what went wrong on standard error, and an exit code:
//! 0 if nothing was found, 1 if errors were, 2 if the command could not do what it was asked to. Promised: nothing that
//! a file holds ends the process, and a reader that goes away (`| head`) ends it in silence.

mod bench;
mod cache;
mod check;
mod decode;
mod explain;
mod files;
mod fix;
mod format;
mod ir;
mod markdown;
mod progress;
mod target;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::Styles;
use clap::builder::styling::AnsiColor;
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use crate::{llvm, worker};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Numeric Python made fast by one decorator, exact to the last bit.
///
/// Says what the compiler says about functions under `@brrr`, shows what it makes of them, and measures them.
#[derive(Debug, Parser)]
#[command(name = "brrr", version, styles = STYLES, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 nothing found, 1 errors found, 2 bad usage or unreadable path.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// When to colour: auto, always or never; auto hears NO_COLOR and FORCE_COLOR, then looks whether a terminal shows the text
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN", hide_possible_values = true)]
    color: Color,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the brrr functions in files and folders
    Check(check::Check),
    /// Show what is made of a function: typed IR, LLVM IR, assembly
    Ir(ir::Ir),
    /// Show the assembly of a function: `ir --stage asm`
    Asm(ir::Asm),
    /// Explain a code, such as BRRR223; without one, list them all
    Explain(explain::Explain),
    /// Measure a function against CPython, and compare the results
    Bench(bench::Bench),
    /// Show or clear the cache on disk
    Cache(cache::Cache),
    /// Run the language server on standard input and output
    Lsp(Lsp),
    /// Print a script that completes the command line in a shell
    Completions(Completions),
}

/// Run the language server on standard input and output.
#[derive(Debug, clap::Args)]
struct Lsp {
    /// Speak on standard input and output (always so)
    #[arg(long)]
    stdio: bool,
}

/// Print a script that completes the command line in a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "Bash:  brrr completions bash > ~/.local/share/bash-completion/completions/brrr
Zsh:   brrr completions zsh > ~/.zfunc/_brrr
Fish:  brrr completions fish > ~/.config/fish/completions/brrr.fish")]
struct Completions {
    /// The shell
    shell: clap_complete::Shell,
}

/// When text is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// By the environment, then by whether a terminal shows it.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether text for this output is coloured.
    fn on(self, terminal: bool) -> bool {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if set("NO_COLOR") => false,
            Self::Auto if std::env::var_os("FORCE_COLOR").is_some_and(|value| value != "0" && !value.is_empty()) => {
                true
            }
            Self::Auto => terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
        }
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// Nothing was found, or what was asked for was done.
    Clean,
    /// Errors were found, or results differ.
    Found,
    /// The command could not do what it was asked to; why has been said.
    Failed,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        match status {
            Status::Clean => Self::SUCCESS,
            Status::Found => Self::from(1),
            Status::Failed => Self::from(2),
        }
    }
}

/// Where a command writes to.
pub(crate) struct Out {
    stdout: io::BufWriter<io::Stdout>,
    terminal: bool,
    color: Color,
}

impl Out {
    fn new(color: Color) -> Self {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        Self { stdout: io::BufWriter::with_capacity(1 << 16, stdout), terminal, color }
    }

    /// True if standard output is coloured.
    fn color(&self) -> bool {
        self.color.on(self.terminal)
    }

    /// The columns of the terminal that shows standard output; none if no terminal does.
    fn width(&self) -> Option<usize> {
        let columns = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        self.terminal.then(columns).flatten()
    }

    /// Text with a line break behind it.
    fn line(&mut self, text: &str) -> io::Result<()> {
        self.stdout.write_all(text.as_bytes())?;
        self.stdout.write_all(b"\n")
    }

    /// Shows what was written so far, so that what standard error says next stands behind it.
    fn flush(&mut self) -> io::Result<()> {
        self.stdout.flush()
    }

    /// Text as it is.
    fn text(&mut self, text: &str) -> io::Result<()> {
        self.stdout.write_all(text.as_bytes())
    }
}

/// Says on standard error what went wrong; where nobody hears it, nothing more can be done.
pub(crate) fn complain(text: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "brrr: {text}");
}

/// Writes to standard error as it is.
pub(crate) fn aside(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Does what the arguments say; the first is the program's name.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments = arguments.collect::<Vec<_>>();
    if let [_, first, libraries @ ..] = arguments.as_slice()
        && first == ir::SERVE
    {
        // A child of this program. Its parent hears how it ends.
        return llvm::serve(libraries).map_or_else(|_| Status::Failed.into(), |()| Status::Clean.into());
    }
    if let [_, first, libraries @ ..] = arguments.as_slice()
        && first == worker::FLAG
    {
        return worker::serve(&libraries.iter().map(PathBuf::from).collect::<Vec<_>>());
    }
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(said) => {
            // Help and versions are no errors; whoever does not hear them has left.
            let _ = said.print();
            return if said.use_stderr() { Status::Failed.into() } else { Status::Clean.into() };
        }
    };
    if let Command::Lsp(Lsp { stdio: _ }) = arguments.command {
        return crate::serve::serve();
    }
    let mut out = Out::new(arguments.color);
    let done = run(arguments.command, &mut out).and_then(|status| out.flush().map(|()| status));
    match done {
        Ok(status) => status.into(),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Status::Clean.into(),
        Err(error) => {
            complain(format_args!("cannot write: {error}"));
            Status::Failed.into()
        }
    }
}

/// Runs a command.
///
/// # Errors
/// If what it has to say cannot be written.
fn run(command: Command, out: &mut Out) -> io::Result<Status> {
    match command {
        Command::Check(check) => check::run(&check, out),
        Command::Ir(ir) => ir::run(&ir, out),
        Command::Asm(asm) => ir::run(&asm.into(), out),
        Command::Explain(explain) => explain::run(&explain, out),
        Command::Bench(bench) => bench::run(&bench, out),
        Command::Cache(cache) => cache::run(&cache, out),
        Command::Completions(Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "brrr", &mut script);
            out.stdout.write_all(&script)?;
            Ok(Status::Clean)
        }
        Command::Lsp(_) => Ok(Status::Clean),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn colors() {
        assert!(Color::Always.on(false));
        assert!(!Color::Never.on(true));
    }
}

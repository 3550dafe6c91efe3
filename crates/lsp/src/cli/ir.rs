//! `brrr ir`: what is made of a function for one signature, at several stages.

use std::io::{self, IsTerminal};

use brrr_core::backend::{Output, Request};
use brrr_core::diagnostic::{Code, Diagnostic};
use brrr_core::query::{Located, Snapshot};
use brrr_core::report::{self, Style};
use brrr_core::source::SourceFile;
use brrr_core::{ir, runtime};
use clap::{Args, ValueEnum};

use super::check::guarded;
use super::target::Target;
use super::{Out, Status, aside, complain, decode};
use crate::select::nearest;
use crate::{library, llvm};

/// What the child process that asks LLVM is told to do; no command for people.
pub(super) const SERVE: &str = "__llvm";

/// Show what is made of a function: typed IR, LLVM IR, assembly.
#[derive(Debug, Args)]
pub(super) struct Ir {
    #[command(flatten)]
    of: Of,
    /// What to show
    #[arg(long, value_enum, default_value = "typed")]
    stage: Stage,
}

/// Show the assembly of a function: `ir --stage asm`.
#[derive(Debug, Args)]
pub(super) struct Asm {
    #[command(flatten)]
    of: Of,
}

impl From<Asm> for Ir {
    fn from(Asm { of }: Asm) -> Self {
        Self { of, stage: Stage::Asm }
    }
}

#[derive(Debug, Args)]
struct Of {
    /// The function, as in `kernels.py::mean`
    #[arg(value_name = "FILE::FUNC")]
    target: Target,
    /// The types of the arguments, as in "int, float64[::1]" [default: what annotations, defaults and calls in the file say, else int]
    #[arg(long, value_name = "TYPES")]
    types: Option<String>,
}

/// What is shown of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Stage {
    /// brrr's own IR.
    Typed,
    /// LLVM IR as it was lowered.
    Llvm,
    /// LLVM IR after optimisation.
    LlvmOpt,
    /// Assembly.
    Asm,
}

/// Why nothing is shown.
enum Refusal {
    /// The function cannot be compiled: what there is to say about it.
    Diagnostics(SourceFile, Vec<Diagnostic>),
    /// The command cannot be carried out, in words.
    Failed(String),
}

/// Runs the command.
///
/// # Errors
/// If what it has to say cannot be written.
pub(super) fn run(ir: &Ir, out: &mut Out) -> io::Result<Status> {
    let made = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(64 << 20);
        let work = || guarded(|| show(&ir.of, ir.stage)).unwrap_or_else(|panic| Err(Refusal::Failed(panic)));
        let spawned = thread.spawn_scoped(scope, work).map(|thread| thread.join());
        spawned.map_err(|error| Refusal::Failed(format!("the system gives no thread: {error}")))
    });
    let made = made.and_then(|joined| joined.unwrap_or_else(|_| Err(Refusal::Failed("the compiler ended".to_owned()))));
    match made {
        Ok(text) => {
            out.line(text.trim_end())?;
            Ok(Status::Clean)
        }
        Err(Refusal::Failed(problem)) => {
            complain(problem);
            Ok(Status::Failed)
        }
        Err(Refusal::Diagnostics(file, diagnostics)) => {
            let style = Style::PLAIN.color(out.color.on(io::stderr().is_terminal()));
            aside(&format!("{}\n", report::draw(&file, &diagnostics, style)));
            Ok(Status::Found)
        }
    }
}

fn show(of: &Of, stage: Stage) -> Result<String, Refusal> {
    let path = &of.target.file;
    let failed = |problem: String| Refusal::Failed(problem);
    let bytes = std::fs::read(path).map_err(|error| failed(format!("cannot read {}: {error}", path.display())))?;
    let (text, _) = decode::decode(bytes).map_err(|wrong| failed(format!("{}: {}", path.display(), wrong.message)))?;
    let snapshot = library::among_others(&SourceFile::new(path.display().to_string(), text));
    let located = find(&snapshot, &of.target.function)?;
    let function = located.function;
    let refused = |said: Vec<Diagnostic>| Refusal::Diagnostics(snapshot.file().clone(), said);
    let within = |one: &&Diagnostic| located.span().contains(one.span().start) && one.is_error();
    let errors = snapshot.diagnostics().iter().filter(within).cloned().collect::<Vec<_>>();
    if !errors.is_empty() {
        return Err(refused(errors));
    }
    let signature = match &of.types {
        Some(types) => function.signature(types).map_err(failed)?,
        None => {
            let calls = snapshot.calls().map(|(call, _)| call).filter(|call| call.name == function.name());
            let candidates = function.candidates(calls);
            candidates.into_iter().next().map_or_else(|| function.annotated().clone(), |first| first.signature)
        }
    };
    let typed =
        function.unit(&signature).map_err(|said| refused(said.into_iter().map(|one| located.moved(one)).collect()))?;
    let output = match stage {
        Stage::Typed => return Ok(typed.functions.iter().map(ir::print::print).collect::<Vec<_>>().join("\n")),
        Stage::Llvm => Output::Llvm,
        Stage::LlvmOpt => Output::OptimizedLlvm,
        Stage::Asm => Output::Assembly,
    };
    let made = llvm::ask(&[SERVE], &Request::new(typed, function.options(), output).with_vectors(runtime::vectors))
        .map_err(failed)?;
    Ok(String::from_utf8_lossy(&made).into_owned())
}

/// The function of this name.
fn find<'a>(snapshot: &'a Snapshot, name: &str) -> Result<Located<'a>, Refusal> {
    let last = name.rsplit('.').next().unwrap_or(name);
    if let Some(located) = snapshot.function_named(last) {
        return Ok(located);
    }
    // A function that does not parse has no tree.
    let broken = snapshot.diagnostics().iter().filter(|one| one.code == Code::Syntax).cloned().collect::<Vec<_>>();
    if !broken.is_empty() {
        return Err(Refusal::Diagnostics(snapshot.file().clone(), broken));
    }
    let names = snapshot.functions().map(|located| located.function.name().to_owned()).collect::<Vec<_>>();
    let more = match (nearest(last, names.iter().cloned()), names.is_empty()) {
        (Some(near), _) => format!("; did you mean `{near}`?"),
        (None, true) => ": there is no function under @brrr in it".to_owned(),
        (None, false) => format!("; it has `{}`", names.join("`, `")),
    };
    Err(Refusal::Failed(format!("{} has no brrr function `{name}`{more}", snapshot.file().path())))
}

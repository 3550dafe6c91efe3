//! `brrr ir`: what is made of a function for one signature, at several stages.

use std::ffi::OsString;
use std::io::{self, IsTerminal};

use brrr_core::backend::{Options, Output, Overflow, Request};
use brrr_core::compile::{self, Prepared};
use brrr_core::diagnostic::Diagnostic;
use brrr_core::report::{self, Style};
use brrr_core::source::SourceFile;
use brrr_core::types::{Signature, Type, split_types};
use brrr_core::{ir, syntax};
use clap::{Args, ValueEnum};

use super::check::guarded;
use super::target::Target;
use super::{Out, Status, aside, complain, decode};
use crate::llvm;
use crate::select::nearest;

/// The hidden command that the child process runs.
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
    /// The source with the types of its names.
    Types,
    /// brrr's own IR.
    Typed,
    /// LLVM IR as it was lowered.
    Llvm,
    /// LLVM IR after optimisation.
    LlvmOpt,
    /// Assembly.
    Asm,
}

/// Serve one request to LLVM, for this command's own use.
#[derive(Debug, Args)]
pub(super) struct Serve {
    libraries: Vec<OsString>,
}

/// Runs the hidden command.
///
/// # Errors
/// If the request cannot be read or the answer not be written.
pub(super) fn serve(serve: &Serve) -> io::Result<Status> {
    llvm::serve(&serve.libraries).map(|()| Status::Clean)
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
    let file = SourceFile::new(path.display().to_string(), text);
    let (function, assumed) = find(&file, &of.target.function)?;
    let options = Options { overflow: if function.wraps() { Overflow::Wrap } else { Overflow::Exact } };
    let prepared = prepared(&file, function)?;
    let signature = match &of.types {
        Some(types) => signature(&prepared, types).map_err(failed)?,
        None => assumed,
    };
    let typed = || prepared.typed(&signature).map_err(|said| Refusal::Diagnostics(prepared.source().clone(), said));
    let output = match stage {
        Stage::Types => return Ok(prepared.types_text(&signature)),
        Stage::Typed => return Ok(ir::print::print(&typed()?)),
        Stage::Llvm => Output::Llvm,
        Stage::LlvmOpt => Output::OptimizedLlvm,
        Stage::Asm => Output::Assembly,
    };
    let request = Request { function: typed()?, options, output };
    let made = llvm::ask(&[SERVE], &request).map_err(failed)?;
    Ok(String::from_utf8_lossy(&made).into_owned())
}

/// The last function of this name, as Python has it, and the signature to assume for it.
fn find(file: &SourceFile, name: &str) -> Result<(syntax::Function, Signature), Refusal> {
    let analysis = compile::analyze(file);
    let module = syntax::parse(file);
    let last = name.rsplit('.').next().unwrap_or(name);
    let names = module.functions.iter().map(|function| function.name.clone()).collect::<Vec<_>>();
    let Some(function) = module.functions.into_iter().rfind(|function| function.name == last) else {
        // A function that does not parse has no tree.
        let broken = analysis.diagnostics.into_iter().filter(Diagnostic::is_error).collect::<Vec<_>>();
        if names.is_empty() && !broken.is_empty() {
            return Err(Refusal::Diagnostics(file.clone(), broken));
        }
        let more = match (nearest(last, names.iter().cloned()), names.is_empty()) {
            (Some(near), _) => format!("; did you mean `{near}`?"),
            (None, true) => ": there is no function under @brrr in it".to_owned(),
            (None, false) => format!("; it has `{}`", names.join("`, `")),
        };
        return Err(Refusal::Failed(format!("{} has no brrr function `{name}`{more}", file.path())));
    };
    let assumed = analysis.functions.into_iter().find(|one| one.span == function.span);
    let assumed = assumed.map(|one| one.signature).unwrap_or_default();
    Ok((function, assumed))
}

/// The function as decoration prepares it: its own lines are its source.
fn prepared(file: &SourceFile, function: syntax::Function) -> Result<Prepared, Refusal> {
    let first = file.line(function.span.start);
    let start = file.text()[..function.span.start as usize].rfind('\n').map_or(0, |at| at + 1);
    let mut lines = file.text()[start..].split_inclusive('\n');
    let read = syntax::read_function(file.path(), first, &mut || lines.next().map(str::to_owned));
    let (source, mut own) = read.map_err(|(source, said)| Refusal::Diagnostics(source, vec![said]))?;
    own.in_class = function.in_class;
    Prepared::new(source, own, &function.env, false).map_err(|(source, said)| Refusal::Diagnostics(source, said))
}

fn signature(prepared: &Prepared, types: &str) -> Result<Signature, String> {
    let named = split_types(types);
    let params = named.iter().map(|one| {
        Type::from_python(one).ok_or_else(|| {
            format!("`{one}` is no type of compiled code; such are `int`, `float`, `bool`, `float64[::1]`")
        })
    });
    let params = params.collect::<Result<Vec<_>, _>>()?;
    let names = prepared.parameters().collect::<Vec<_>>();
    if params.len() != names.len() {
        let wanted = super::format::count(names.len(), "parameter");
        let given = super::format::count(params.len(), "type");
        return Err(format!("`{}` has {wanted} ({}), --types names {given}", prepared.name(), names.join(", ")));
    }
    Ok(Signature { params })
}

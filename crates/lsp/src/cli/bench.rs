//! `brrr bench`: runs `brrr._bench` in the interpreter that has the package.

use std::io;
use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use super::target::Target;
use super::{Out, Status, complain};
use crate::python;

/// Measure a function against CPython, and compare the results.
#[derive(Debug, Args)]
#[command(after_help = "Runs the file as a module, its name is not `__main__`. Exit code 1 if the results differ.")]
pub(super) struct Bench {
    /// The function, as in `kernels.py::mean`
    #[arg(value_name = "FILE::FUNC")]
    target: Target,
    /// The arguments, a tuple; names of the file, and `np` and `math`, can be used
    #[arg(long, value_name = "TUPLE", default_value = "()", allow_hyphen_values = true)]
    args: String,
    /// Seconds for each of the two
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds)]
    time: f64,
    /// As a JSON object
    #[arg(long)]
    json: bool,
    /// Also write the JSON object to this file
    #[arg(long, value_name = "PATH")]
    save: Option<PathBuf>,
    /// The interpreter [default: the one beside this program, of VIRTUAL_ENV, or on the PATH that has brrr]
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
}

fn seconds(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().map_err(|error| error.to_string())?;
    if number > 0.0 && number <= 3600.0 { Ok(number) } else { Err("more than 0 and at most 3600".to_owned()) }
}

/// Says by its exit code whether the package is there.
const HAS_BRRR: &str = "import importlib.util as u, sys\nsys.exit(u.find_spec('brrr') is None)";

const SCRIPT: &str = "import sys\nfrom brrr._bench import main\nsys.exit(main())";

/// Runs the command.
///
/// # Errors
/// None: what goes wrong is said.
pub(super) fn run(bench: &Bench, out: &mut Out) -> io::Result<Status> {
    let candidates = python::candidates(bench.python.as_deref());
    // -P: a file `brrr.py` in the current folder is not the package.
    let has_brrr = |interpreter: &PathBuf| {
        let run = Command::new(interpreter).args(["-P", "-c", HAS_BRRR]).stderr(std::process::Stdio::null()).status();
        run.is_ok_and(|status| status.success())
    };
    let Some(interpreter) = candidates.iter().find(|one| has_brrr(one)) else {
        let tried = candidates.iter().map(|one| one.display().to_string()).collect::<Vec<_>>().join(", ");
        complain(format_args!("no Python that has brrr is found; name one by --python (tried: {tried})"));
        return Ok(Status::Failed);
    };
    let mut command = Command::new(interpreter);
    command.args(["-P", "-c", SCRIPT]).arg(&bench.target.file).arg(&bench.target.function).arg(&bench.args);
    command.arg(bench.time.to_string()).arg(if bench.json { "json" } else { "text" });
    command.arg(if out.color() { "color" } else { "plain" });
    command.args(&bench.save);
    match command.status() {
        Ok(status) => Ok(match status.code() {
            Some(0) => Status::Clean,
            Some(1) => Status::Found,
            Some(_) => Status::Failed,
            None => {
                complain(format_args!("the benchmark did not survive ({status})"));
                Status::Failed
            }
        }),
        Err(error) => {
            complain(format_args!("cannot run {}: {error}", interpreter.display()));
            Ok(Status::Failed)
        }
    }
}

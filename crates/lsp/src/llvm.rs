//! LLVM for programs that are not Python: where its library is, and a child process that asks it.
//!
//! Enters: a [`Request`]. Leaves: what LLVM made of it, or why there is nothing, in words. Promised: whatever LLVM does, an abort
//! included, it does in the child.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use brrr_core::backend::{Backend, Request};

use crate::python;

/// Names the library, in place of looking for it.
const VARIABLE: &str = "BRRR_LLVM";

/// Its name in the Python package.
const NAME: &str = "_llvm.so";

/// The first byte of an answer.
const MADE: u8 = 0;
const REFUSED: u8 = 1;

/// Asks a child process, which is this program with `arguments`; it calls [`serve`] with them.
///
/// # Errors
/// Why there is no answer, in words.
pub fn ask(arguments: &[&str], request: &Request) -> Result<Vec<u8>, String> {
    let libraries = libraries();
    if libraries.is_empty() {
        return Err(format!(
            "LLVM is needed for this, and its library, {NAME}, which comes with the Python package, is not found; \
             install the package beside this program, or set {VARIABLE} to the library"
        ));
    }
    let program = std::env::current_exe().map_err(|error| format!("this program cannot find itself: {error}"))?;
    let encoded = request.encode()?;
    let mut child = Command::new(program);
    child.args(arguments).args(&libraries).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = child.spawn().map_err(|error| format!("cannot start the process that asks LLVM: {error}"))?;
    // A child that has ended early has not read it all; how it ended says more.
    if let Some(mut input) = child.stdin.take() {
        let _ = input.write_all(&encoded);
    }
    let output = child.wait_with_output().map_err(|error| format!("the process that asks LLVM is lost: {error}"))?;
    match output.stdout.split_first() {
        Some((&MADE, made)) if output.status.success() => Ok(made.to_vec()),
        Some((&REFUSED, said)) if output.status.success() => Err(String::from_utf8_lossy(said).into_owned()),
        _ => Err(format!("LLVM did not survive this function ({}): please report it", ending(output.status))),
    }
}

/// How a process ended, in words.
fn ending(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("signal {signal}");
    }
    status.code().map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"))
}

/// Answers one request on standard input with the first of these libraries that belongs to this build.
///
/// # Errors
/// If the request cannot be read or the answer not be written.
pub fn serve(libraries: &[OsString]) -> io::Result<()> {
    let mut encoded = Vec::new();
    io::stdin().lock().read_to_end(&mut encoded)?;
    let answer = answer(&encoded, libraries);
    let mut stdout = io::stdout().lock();
    let (kind, bytes) = match answer {
        Ok(bytes) => (MADE, bytes),
        Err(said) => (REFUSED, said.into_bytes()),
    };
    stdout.write_all(&[kind])?;
    stdout.write_all(&bytes)?;
    stdout.flush()
}

fn answer(encoded: &[u8], libraries: &[OsString]) -> Result<Vec<u8>, String> {
    let mut problems = Vec::new();
    for library in libraries {
        match Backend::open(Path::new(library)) {
            Ok(backend) => return backend.run_encoded(encoded),
            Err(problem) => problems.push(problem),
        }
    }
    Err(problems.join("; "))
}

/// The places where the library is, the likeliest first.
#[must_use]
pub fn libraries() -> Vec<PathBuf> {
    let mut found = beside();
    if found.is_empty() {
        // An editable installation, or one elsewhere: Python knows.
        let asked = python::candidates(None).into_iter().filter_map(|python| package_of(&python));
        found.extend(asked.map(|package| package.join(NAME)).filter(|path| path.is_file()).take(1));
    }
    found
}

/// The same without asking Python, which runs what is installed there.
#[must_use]
pub fn beside() -> Vec<PathBuf> {
    if let Some(named) = std::env::var_os(VARIABLE).filter(|named| !named.is_empty()) {
        return vec![PathBuf::from(named)];
    }
    let mut found = Vec::new();
    let program = std::env::current_exe().ok().and_then(|path| path.canonicalize().ok());
    if let Some(folder) = program.as_deref().and_then(Path::parent) {
        // Where cargo builds it, and where an installation puts the package.
        let built = ["libbrrr_llvm.so", "../llvm/libbrrr_llvm.so", "../debug/libbrrr_llvm.so"];
        found.extend([NAME].into_iter().chain(built).map(|name| folder.join(name)));
        found.extend(packages(folder).into_iter().map(|package| package.join(NAME)));
    }
    let mut found =
        found.into_iter().filter(|path| path.is_file()).filter_map(|path| path.canonicalize().ok()).collect::<Vec<_>>();
    found.dedup();
    found
}

/// The folders where a package is that was installed together with a program in this folder.
fn packages(scripts: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Some(prefix) = scripts.parent() else { return found };
    for library in ["lib", "lib64"] {
        let Ok(entries) = std::fs::read_dir(prefix.join(library)) else { continue };
        let is_python = |name: &OsStr| name.to_string_lossy().starts_with("python3");
        let versions = entries.flatten().filter(|entry| is_python(&entry.file_name())).map(|entry| entry.path());
        for site in versions.flat_map(|one| ["site-packages", "dist-packages"].map(|name| one.join(name))) {
            found.extend(editable(&site).into_iter().map(|folder| folder.join("brrr")));
            found.push(site.join("brrr"));
        }
    }
    found.sort();
    found
}

/// The folders that editable installations add to Python's path: the lines of `.pth` files that are no code.
fn editable(site: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(site) else { return Vec::new() };
    let files = entries.flatten().map(|entry| entry.path()).filter(|path| path.extension() == Some(OsStr::new("pth")));
    let texts = files.filter_map(|path| std::fs::read_to_string(path).ok()).collect::<Vec<_>>();
    let lines = texts.iter().flat_map(|text| text.lines()).map(str::trim_end);
    let is_folder = |line: &&str| !line.is_empty() && !line.starts_with(['#']) && !line.starts_with("import");
    lines.filter(is_folder).map(|line| site.join(line)).collect()
}

/// The folder of the package that an interpreter would import.
fn package_of(interpreter: &Path) -> Option<PathBuf> {
    const SCRIPT: &str =
        "import importlib.util as u\nprint(next(iter(u.find_spec('brrr').submodule_search_locations)))";
    let mut asked = Command::new(interpreter);
    // Isolated: what PYTHONPATH names may be the user's code.
    asked.args(["-I", "-c", SCRIPT]).stdin(Stdio::null()).stderr(Stdio::null());
    let output = asked.output().ok().filter(|output| output.status.success())?;
    let folder = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(folder.trim_end())).filter(|folder| folder.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_stand_beside_their_scripts() {
        let prefix = std::env::temp_dir().join(format!("brrr-llvm-{}", std::process::id()));
        let package = prefix.join("lib/python3.12/site-packages/brrr");
        std::fs::create_dir_all(&package).unwrap();
        assert!(packages(&prefix.join("bin")).contains(&package));
        let site = package.parent().unwrap();
        std::fs::write(site.join("one.pth"), "# a comment\nimport os; os.abort()\n/elsewhere/python\n\nnear\n")
            .unwrap();
        assert_eq!(editable(site), [PathBuf::from("/elsewhere/python"), site.join("near")]);
        assert!(packages(&prefix.join("bin")).contains(&PathBuf::from("/elsewhere/python/brrr")));
        std::fs::remove_dir_all(&prefix).unwrap();
        assert!(packages(&prefix.join("bin")).is_empty());
    }

    #[test]
    fn without_a_library_there_is_no_answer() {
        let answer = answer(b"", &[OsString::from("/nowhere/_llvm.so")]);
        assert!(answer.is_err_and(|said| said.contains("/nowhere/_llvm.so")));
    }
}

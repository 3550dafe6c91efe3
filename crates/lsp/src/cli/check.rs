//! `brrr check`.
//!
//! Enters: paths, or a text on standard input. Leaves: what the compiler says about each brrr function, in the order of files and
//! lines, in one of several formats. Files are checked on all cores; a defect of brrr that one of them meets is reported and ends
//! nothing else.

use std::any::Any;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use brrr_core::diagnostic::{Code, Diagnostic, Severity};
use brrr_core::query::Snapshot;
use brrr_core::report::{self, Style};
use brrr_core::source::{SourceFile, Span};
use clap::Args;

use super::decode::{self, Encoding};
use super::files::{self, Listed, Rules};
use super::fix;
use super::format::{self, Report};
use super::progress::Progress;
use super::{Out, Status, aside, complain};
use crate::config::{Broken, Configurations, OutputFormat, Overrides, Settings};
use crate::select::Selector;
use crate::worker::{Failure, Worker};
use crate::{library, llvm, optimiser, stages, trace};

/// Stack of a thread that checks: deep source makes deep recursion.
const STACK: usize = 64 << 20;

/// LLVM may take so long for a function.
const LIMIT: Duration = Duration::from_secs(10);

/// Larger files are no source.
const LARGEST: u64 = 256 << 20;

/// Check the brrr functions in files and folders.
#[derive(Debug, Default, Args)]
#[command(
    after_help = "Folders are searched for *.py, ignoring what git ignores, hidden folders and virtual environments.
Options can be set in pyproject.toml, under [tool.brrr]; `brrr explain BRRR803` shows all of them.
A comment `# brrr: ignore[BRRR223]` ignores what is found on its line."
)]
pub(super) struct Check {
    /// Files and folders, `-` for standard input [default: the current folder]
    paths: Vec<PathBuf>,
    /// Codes to show: numbers, slugs, prefixes such as BRRR2, or ALL
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    select: Vec<Selector>,
    /// Codes not to show
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    ignore: Vec<Selector>,
    /// Show hints, too: what compiles and could be faster, and what LLVM says about loops and calls
    #[arg(long)]
    hints: bool,
    /// How to write what is found [default: full]
    #[arg(long, value_enum, value_name = "FORMAT")]
    output_format: Option<OutputFormat>,
    /// Apply the fixes that are safe
    #[arg(long)]
    fix: bool,
    /// Show what --fix would change, and change nothing
    #[arg(long, conflicts_with = "fix")]
    diff: bool,
    /// The name of what comes on standard input
    #[arg(long, value_name = "PATH")]
    stdin_filename: Option<PathBuf>,
    /// Use this configuration for all files
    #[arg(long, value_name = "PYPROJECT_TOML", conflicts_with = "isolated")]
    config: Option<PathBuf>,
    /// Use no configuration
    #[arg(long)]
    isolated: bool,
    /// Leave out what the configuration excludes, also where it is named here
    #[arg(long)]
    force_exclude: bool,
    /// Check what git ignores, too
    #[arg(long)]
    no_respect_gitignore: bool,
    /// Let warnings make the exit code 1
    #[arg(long)]
    error_on_warning: bool,
    /// Say nothing when nothing is found, and do not count what is
    #[arg(long, short)]
    quiet: bool,
    /// Threads [default: as many as there are cores]
    #[arg(long, short, value_name = "N")]
    jobs: Option<usize>,
}

/// What came of one file.
#[derive(Debug, Default)]
struct Checked {
    /// The file with what is shown about it; none if that is nothing.
    report: Option<Report>,
    /// What went wrong, in words.
    problem: Option<String>,
    /// The fixes that were made.
    fixed: usize,
    /// What they change, as a unified diff.
    diff: String,
}

/// Runs the command.
///
/// # Errors
/// If what it has to say cannot be written.
pub(super) fn run(check: &Check, out: &mut Out) -> io::Result<Status> {
    let overrides = Overrides {
        select: (!check.select.is_empty()).then(|| check.select.clone()),
        ignore: (!check.ignore.is_empty()).then(|| check.ignore.clone()),
        hints: check.hints,
    };
    let configurations = match &check.config {
        _ if check.isolated => Configurations::isolated(overrides),
        None => Configurations::nearest(overrides),
        Some(path) => match Configurations::from_file(path, overrides) {
            Ok(configurations) => configurations,
            Err(problem) => {
                complain(problem);
                return Ok(Status::Failed);
            }
        },
    };
    let configurations = Arc::new(configurations);
    let paths = if check.paths.is_empty() { &[PathBuf::from(".")][..] } else { &check.paths };
    let is_stdin = |path: &PathBuf| path.as_os_str() == "-";
    if paths.len() > 1 && paths.iter().any(is_stdin) {
        complain("standard input, `-`, cannot be checked together with files");
        return Ok(Status::Failed);
    }
    // What concerns the whole run, the configuration of the first path says.
    let first = if is_stdin(&paths[0]) { check.stdin_filename.as_deref() } else { Some(paths[0].as_path()) };
    let first = first.unwrap_or(Path::new("."));
    let whole = configurations.of(&if first.is_dir() { first.join("-") } else { first.to_owned() });
    let format = check.output_format.unwrap_or(whole.output_format);
    let run = Run { check, format, worker: OnceLock::new(), is_missing: AtomicBool::new(false) };
    if is_stdin(&paths[0]) {
        return run.stdin(&configurations, &whole, out);
    }
    let rules =
        Rules { gitignore: whole.respect_gitignore && !check.no_respect_gitignore, force_exclude: check.force_exclude };
    let found = files::find(paths, rules, &configurations);
    if let Some(status) = broken(&configurations.broken(), out) {
        return Ok(status);
    }
    for problem in &found.problems {
        complain(problem);
    }
    if found.files.is_empty() && found.problems.is_empty() && !check.quiet {
        complain("no Python files found");
    }
    let progress = Progress::new(found.files.len(), check.quiet);
    let checked = each(&found.files, check.jobs, |listed| {
        let checked = run.file(listed);
        progress.step();
        checked
    });
    drop(progress);
    let status = run.report(found.files.len(), checked, &whole, out)?;
    Ok(if found.problems.is_empty() { status } else { Status::Failed })
}

/// Draws the configurations that do not hold.
fn broken(broken: &[Broken], out: &Out) -> Option<Status> {
    let color = out.color.on(io::IsTerminal::is_terminal(&io::stderr()));
    for one in broken {
        aside(&format!("{}\n", report::draw(&one.file, &one.diagnostics, Style::PLAIN.color(color))));
    }
    (!broken.is_empty()).then_some(Status::Failed)
}

struct Run<'a> {
    check: &'a Check,
    format: OutputFormat,
    /// Whom hints are asked for.
    worker: OnceLock<Worker>,
    /// It was said that there is no LLVM.
    is_missing: AtomicBool,
}

impl Run<'_> {
    fn file(&self, listed: &Listed) -> Checked {
        let shown = listed.path.display().to_string();
        let bytes = match read(&listed.path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let problem = Some(format!("cannot read {shown}: {error}"));
                return Checked { problem, ..Checked::default() };
            }
        };
        let mut checked = self.bytes(&shown, &listed.path, bytes, &listed.settings);
        if let (true, Some((text, encoding))) = (self.check.fix, checked.1.take()) {
            let written = decode::encode(&text, encoding).ok_or_else(|| "the fixed text cannot be encoded".to_owned());
            let written =
                written.and_then(|bytes| std::fs::write(&listed.path, bytes).map_err(|error| error.to_string()));
            if let Err(problem) = written {
                checked.0.problem = Some(format!("cannot write {shown}: {problem}"));
            }
        }
        checked.0
    }

    /// Checks the bytes of a file; the text, if there is one with fixes.
    fn bytes(
        &self,
        shown: &str,
        path: &Path,
        bytes: Vec<u8>,
        settings: &Settings,
    ) -> (Checked, Option<(String, Encoding)>) {
        let mut checked = Checked::default();
        let (text, encoding) = match decode::decode(bytes) {
            Ok(decoded) => decoded,
            Err(wrong) => {
                // Python cannot run it either; whether that is brrr's business, the name of the decorator tells.
                if wrong.text.contains("brrr") {
                    let at = wrong.offset as u32;
                    let length = wrong.text[wrong.offset..].chars().next().map_or(0, char::len_utf8);
                    let place = Span::new(at, at + length as u32);
                    let diagnostic = Diagnostic::new(Code::Syntax, wrong.message, place, "here").help(wrong.help);
                    let file = SourceFile::new(shown, wrong.text);
                    checked.report = shown_of(file, vec![diagnostic], path, settings);
                }
                return (checked, None);
            }
        };
        let original = SourceFile::new(shown, text);
        let outcome = guarded(|| {
            if self.check.fix || self.check.diff {
                let fixable = |one: &Diagnostic| settings.shows(one, path);
                fix::all(&original, fixable)
            } else {
                (original.clone(), self.said(&original, path, settings), 0)
            }
        });
        match outcome {
            Ok((file, diagnostics, fixed)) => {
                checked.fixed = fixed;
                if self.check.diff && fixed > 0 {
                    checked.diff = fix::diff(&original, file.text());
                }
                let text = (fixed > 0).then(|| (file.text().to_owned(), encoding));
                checked.report = shown_of(file, diagnostics, path, settings);
                (checked, text)
            }
            Err(panic) => {
                checked.problem = Some(format!(
                    "a defect of brrr ended the check of {shown}: {panic}; please report it with the file"
                ));
                (checked, None)
            }
        }
    }

    fn stdin(&self, configurations: &Arc<Configurations>, whole: &Settings, out: &mut Out) -> io::Result<Status> {
        let path = self.check.stdin_filename.as_deref();
        let settings = configurations.of(path.unwrap_or(Path::new("-")));
        if let Some(status) = broken(&configurations.broken(), out) {
            return Ok(status);
        }
        let mut bytes = Vec::new();
        if let Err(error) = io::stdin().lock().take(LARGEST).read_to_end(&mut bytes) {
            complain(format_args!("cannot read standard input: {error}"));
            return Ok(Status::Failed);
        }
        let path = path.unwrap_or(Path::new("-"));
        let excluded = self.check.force_exclude && settings.excludes(path, false);
        let mut fixed = None;
        let checked = if excluded {
            fixed = String::from_utf8(bytes).ok().map(|text| (text, Encoding::Utf8 { mark: false }));
            Checked::default()
        } else {
            let original = self.check.fix.then(|| bytes.clone());
            let one = [()];
            let mut results =
                each(&one, Some(1), |()| self.bytes(&path.display().to_string(), path, bytes.clone(), &settings));
            let (checked, text) = results.pop().unwrap_or_default();
            fixed = fixed.or(text).or_else(|| decode::decode(original?).ok());
            checked
        };
        if self.check.fix {
            // The text, fixed or not, is the answer; what remains to be said must not be mixed with it.
            if let Some((text, _)) = fixed {
                out.text(&text)?;
            }
            let mut status = Status::Clean;
            if let Some(report) = &checked.report {
                let color = out.color.on(io::IsTerminal::is_terminal(&io::stderr()));
                aside(&format!("{}\n", report::draw(&report.file, &report.diagnostics, Style::PLAIN.color(color))));
                status = self.status(std::slice::from_ref(report), whole);
            }
            if let Some(problem) = checked.problem {
                complain(problem);
                status = Status::Failed;
            }
            return Ok(status);
        }
        self.report(1, vec![checked], whole, out)
    }

    /// Writes what came of all files.
    fn report(&self, count: usize, checked: Vec<Checked>, whole: &Settings, out: &mut Out) -> io::Result<Status> {
        let mut problems = Vec::new();
        let mut reports = Vec::new();
        let (mut fixed, mut changed) = (0, 0);
        let mut diffs = String::new();
        for one in checked {
            fixed += one.fixed;
            changed += usize::from(one.fixed > 0);
            diffs += &one.diff;
            problems.extend(one.problem);
            reports.extend(one.report);
        }
        let status = if self.check.diff {
            out.text(&if out.color() { fix::colored(&diffs) } else { diffs })?;
            out.flush()?;
            if changed > 0 {
                complain(format_args!(
                    "{} would be fixed in {}",
                    format::count(fixed, "problem"),
                    format::count(changed, "file")
                ));
            }
            if changed > 0 { Status::Found } else { Status::Clean }
        } else {
            format::write(self.format, &reports, out)?;
            if !self.check.quiet && matches!(self.format, OutputFormat::Full | OutputFormat::Concise) {
                out.line(&format::summary(&reports, count, fixed, changed))?;
            }
            self.status(&reports, whole)
        };
        out.flush()?;
        problems.iter().for_each(complain);
        Ok(if problems.is_empty() { status } else { Status::Failed })
    }

    /// What there is to say about a file, hints only where somebody wants some.
    fn said(&self, file: &SourceFile, path: &Path, settings: &Settings) -> Vec<Diagnostic> {
        let snapshot = library::among_others(file);
        let mut diagnostics = snapshot.diagnostics().to_vec();
        let mut codes = Code::ALL.iter().filter(|code| code.severity() == Severity::Hint);
        if settings.hints || codes.any(|&code| settings.select.iter().any(|one| one.names(code))) {
            diagnostics.extend(self.heard(&snapshot));
            diagnostics.extend(snapshot.hints());
            diagnostics.extend(trace::exits(&snapshot, &trace::of_file(path, &[])));
            diagnostics.sort_by_key(Diagnostic::span);
        }
        diagnostics
    }

    /// Has LLVM say what it has to about the functions of a file; gives what is wrong.
    fn heard(&self, snapshot: &Snapshot) -> Vec<Diagnostic> {
        if self.is_missing.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let worker = self.worker.get_or_init(|| Worker::with(llvm::libraries()));
        let outcome = optimiser::listen(snapshot, worker, LIMIT, &AtomicBool::new(false), &|| true);
        let mut defects = Vec::new();
        for (at, failure) in outcome.failures {
            let Some(located) = snapshot.functions().nth(at) else { continue };
            match failure {
                Failure::Missing(why) => {
                    if !self.is_missing.swap(true, Ordering::Relaxed) {
                        complain(format_args!("hints are shown without what LLVM says, which cannot be asked: {why}"));
                    }
                }
                Failure::Late(limit) => {
                    let (name, path) = (located.function.name(), snapshot.file().path());
                    complain(format_args!("LLVM was asked for {} s about `{name}` in {path}", limit.as_secs()));
                }
                Failure::Crashed(_) | Failure::Refused(_) => defects.push(stages::defect(located, &failure)),
                Failure::Cancelled => {}
            }
        }
        defects
    }

    fn status(&self, reports: &[Report], whole: &Settings) -> Status {
        let least =
            if self.check.error_on_warning || whole.error_on_warning { Severity::Warning } else { Severity::Error };
        // The graver comes first.
        let counts = |one: &Diagnostic| one.severity() <= least;
        let found = reports.iter().flat_map(|report| &report.diagnostics).any(counts);
        if found { Status::Found } else { Status::Clean }
    }
}

/// What is shown of what there is to say about a file.
fn shown_of(file: SourceFile, mut diagnostics: Vec<Diagnostic>, path: &Path, settings: &Settings) -> Option<Report> {
    diagnostics.retain(|one| settings.shows(one, path));
    (!diagnostics.is_empty()).then_some(Report { file, diagnostics })
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("it is too large for a source file"));
    }
    Ok(bytes)
}

/// Runs work whose panics are defects of brrr.
///
/// # Errors
/// What the panic said.
pub(super) fn guarded<R>(work: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| panic_text(panic.as_ref()))
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("panic").to_owned()
}

/// Does work for each item on several threads; the results are in the order of the items.
fn each<I: Sync, T: Send + Default>(items: &[I], jobs: Option<usize>, work: impl Fn(&I) -> T + Sync) -> Vec<T> {
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    let jobs = jobs.unwrap_or_else(cores).clamp(1, items.len().clamp(1, 256));
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    let take = || {
        let at = next.fetch_add(1, Ordering::Relaxed);
        items.get(at).map(|item| (at, item))
    };
    let worker = || {
        while let Some((at, item)) = take() {
            let done = work(item);
            results.lock().unwrap_or_else(PoisonError::into_inner).push((at, done));
        }
    };
    thread::scope(|scope| {
        let spawn = |_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, worker);
        let started = (0..jobs).map(spawn).filter(Result::is_ok).count();
        if started == 0 {
            // The system gives no thread: this one has to do.
            worker();
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, done)| done).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_in_any_order_and_given_in_the_order_of_the_items() {
        let items = (0..1000).collect::<Vec<_>>();
        assert_eq!(each(&items, Some(7), |one| one * 2), items.iter().map(|one| one * 2).collect::<Vec<_>>());
        assert_eq!(each(&[0; 0], None, |one: &i32| *one), Vec::<i32>::new());
    }

    #[test]
    fn a_panic_is_said() {
        assert_eq!(guarded(|| 1), Ok(1));
        assert_eq!(guarded(|| panic!("on {}", "purpose")), Err::<(), _>("on purpose".to_owned()));
    }
}

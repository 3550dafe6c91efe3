//! Diagnostics to Python exceptions and warnings.
//!
//! Enters: diagnostics with the source they point into. Leaves: a `BrrrError` that is not raised yet, so that the traceback
//! ends at the user's line. Panics of the compiler end here too.

use std::any::Any;
use std::cell::RefCell;
use std::ffi::CString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use brrr_core::diagnostic::{Code, Diagnostic, Severity};
use brrr_core::report::{self, Style};
use brrr_core::source::{Position, SourceFile, Span};
use pyo3::prelude::*;

/// Why a function, or a call of it, is refused.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// With the source it points into.
    InSource(SourceFile, Vec<Diagnostic>),
    /// About a function whose source is not at hand.
    Bare(Bare),
}

/// What is said without source.
#[derive(Clone, Debug)]
pub struct Bare {
    /// The row of the table of codes.
    pub code: Code,
    /// As in a diagnostic.
    pub message: String,
    /// What to do instead.
    pub help: String,
    /// Where the function stands, as far as that is known.
    pub place: Option<(String, u32)>,
}

impl Refusal {
    /// A refusal without source or place.
    pub fn bare(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Bare(Bare { code, message: message.into(), help: help.into(), place: None })
    }

    /// What is said, without the source.
    pub fn diagnostics(self) -> Vec<Diagnostic> {
        match self {
            Self::InSource(source, all) => {
                let source = Arc::new(source);
                all.into_iter().map(|one| one.elsewhere(&source)).collect()
            }
            Self::Bare(bare) => vec![Diagnostic::new(bare.code, bare.message, Span::default(), "").help(bare.help)],
        }
    }

    /// The exception.
    pub fn error(&self, py: Python<'_>) -> PyErr {
        self.try_error(py).unwrap_or_else(|error| error)
    }

    fn try_error(&self, py: Python<'_>) -> PyResult<PyErr> {
        let errors = py.import("brrr._errors")?;
        let class = errors.getattr("Diagnostic")?;
        let (text, colored, diagnostics) = match self {
            Self::InSource(source, all) => {
                let objects = all.iter().map(|one| object(&class, source, one)).collect::<PyResult<Vec<_>>>()?;
                let style = Style::PLAIN.width(WIDTH);
                (report::draw(source, all, style), report::draw(source, all, style.color(true)), objects)
            }
            Self::Bare(bare) => (bare.text(), bare.text(), vec![bare.object(&class)?]),
        };
        let text = if wants_color(py) { &colored } else { &text };
        let exception = errors.getattr("BrrrError")?.call1((text, diagnostics))?;
        exception.setattr("_colored", &colored)?;
        exception.call_method0("_note")?;
        Ok(PyErr::from_value(exception))
    }

    /// Warns that the function `name` runs in the interpreter. An error if the user made warnings errors.
    pub fn warn(&self, py: Python<'_>, name: &str) -> PyResult<()> {
        let (code, message, path, line) = match self {
            Self::InSource(source, all) => match all.iter().find(|one| one.is_error()).or_else(|| all.first()) {
                Some(first) => {
                    let line = source.line(first.span().start);
                    (first.code, first.message.as_str(), source.path(), line)
                }
                None => (Code::Backend, "it was refused", source.path(), source.first_line()),
            },
            Self::Bare(bare) => {
                let (path, line) = bare.place.as_ref().map_or(("<unknown>", 1), |(path, line)| (path.as_str(), *line));
                (bare.code, bare.message.as_str(), path, line)
            }
        };
        let text = format!("`{name}` runs in the interpreter: {message} [{}]", code.text());
        let category = py.import("brrr._errors")?.getattr("BrrrWarning")?;
        let text = CString::new(text.replace('\0', " "))?;
        let path = CString::new(path.replace('\0', " "))?;
        let line = i32::try_from(line).unwrap_or(i32::MAX);
        PyErr::warn_explicit(py, &category, &text, &path, line, None, None)
    }
}

impl Bare {
    fn text(&self) -> String {
        let place = self.place.as_ref().map(|(path, line)| format!("\n  At: {path}:{line}")).unwrap_or_default();
        let kind = match self.code.severity() {
            Severity::Error => "Error",
            Severity::Warning => "Warning",
            Severity::Hint => "Hint",
        };
        format!("[{}] {kind}: {}{place}\n  Help: {}", self.code.text(), self.message, self.help)
    }

    fn object<'py>(&self, class: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let path = self.place.as_ref().map(|(path, _)| path.as_str());
        let start = self.place.as_ref().map(|&(_, line)| (line, 1));
        let severity = self.code.severity().text();
        class.call1((self.code.text(), self.code.slug(), severity, &self.message, path, start, start, Some(&self.help)))
    }
}

fn object<'py>(class: &Bound<'py, PyAny>, source: &SourceFile, diagnostic: &Diagnostic) -> PyResult<Bound<'py, PyAny>> {
    let pair = |offset| {
        let Position { line, column } = source.position(offset);
        (line, column)
    };
    let span = diagnostic.span();
    let labels = diagnostic.labels.iter().map(|label| {
        let file = label.file.as_deref().unwrap_or(source);
        let pair = |offset| {
            let Position { line, column } = file.position(offset);
            (line, column)
        };
        (file.path(), pair(label.span.start), pair(label.span.end), label.text.as_str())
    });
    let fixes = diagnostic.fixes.iter().map(|fix| {
        let edits =
            fix.edits.iter().map(|edit| (pair(edit.span.start), pair(edit.span.end), edit.replacement.as_str()));
        (fix.message.as_str(), fix.applicability.text(), edits.collect::<Vec<_>>())
    });
    class.call1((
        diagnostic.code.text(),
        diagnostic.code.slug(),
        diagnostic.code.severity().text(),
        &diagnostic.message,
        source.path(),
        pair(span.start),
        pair(span.end),
        diagnostic.help.as_deref(),
        labels.collect::<Vec<_>>(),
        diagnostic.notes.iter().map(String::as_str).collect::<Vec<_>>(),
        fixes.collect::<Vec<_>>(),
    ))
}

/// The columns of a drawing: what a terminal or a notebook shows without a line break.
const WIDTH: usize = 120;

/// Colour where the text is most likely read: on a terminal, unless the user says otherwise.
fn wants_color(py: Python<'_>) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if set("NO_COLOR") {
        return false;
    }
    if set("FORCE_COLOR") {
        return true;
    }
    let terminal = || py.import("sys")?.getattr("stderr")?.call_method0("isatty")?.is_truthy();
    std::env::var_os("TERM").is_none_or(|term| term != "dumb") && terminal().unwrap_or(false)
}

thread_local! {
    /// Where the last panic of this thread happened.
    static PANIC_PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Panics are reported by the exception they become, not on stderr.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        PANIC_PLACE.with(|last| last.replace(place));
    }));
}

/// Runs code of the compiler. A panic is a defect of brrr; it becomes an exception and never crosses into CPython.
///
/// # Errors
/// The exception of `work`, or a `BrrrError` for a panic.
pub fn guarded<T>(py: Python<'_>, work: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panic_refusal(panic.as_ref()).error(py)))
}

/// What is said about a panic.
pub fn panic_refusal(panic: &(dyn Any + Send)) -> Refusal {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let place = PANIC_PLACE.with(|last| last.take()).unwrap_or_else(|| "an unknown place".to_owned());
    Refusal::bare(
        Code::Backend,
        format!("the compiler failed at {place}: {}", text.unwrap_or("no message")),
        "this is a defect of brrr, please report it; `@brrr(fallback=True)` or `BRRR_DISABLE=1` runs the function in the \
         interpreter",
    )
}

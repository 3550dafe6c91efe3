//! What was found, as text for people and for tools.

mod sarif;

use std::io;

use brrr_core::diagnostic::{Diagnostic, Severity};
use brrr_core::report::{self, Style};
use brrr_core::source::{Position, SourceFile, Span};
use serde::Serialize;

use super::Out;
use crate::config::OutputFormat;

/// A file and what is said about it; something is.
#[derive(Debug)]
pub(super) struct Report {
    /// The text that places are in.
    pub(super) file: SourceFile,
    /// In the order of the source.
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// Where a place of a diagnostic begins and ends.
    fn positions(&self, span: Span) -> (Position, Position) {
        positions(&self.file, span)
    }
}

fn positions(file: &SourceFile, span: Span) -> (Position, Position) {
    (file.position(span.start), file.position(span.end.max(span.start)))
}

/// Writes reports.
///
/// # Errors
/// If they cannot be written.
pub(super) fn write(format: OutputFormat, reports: &[Report], out: &mut Out) -> io::Result<()> {
    let style = Style::PLAIN.color(out.color()).width(out.width().unwrap_or(0));
    match format {
        OutputFormat::Full => {
            for report in reports {
                let drawn = report::draw(&report.file, &report.diagnostics, style);
                out.text(&drawn)?;
                out.text("\n\n")?;
            }
            Ok(())
        }
        OutputFormat::Concise => {
            reports.iter().try_for_each(|one| out.line(&report::draw(&one.file, &one.diagnostics, style.concise())))
        }
        OutputFormat::Json => {
            let all = each(reports).map(|(report, one)| object(report, one)).collect::<Vec<_>>();
            out.line(&pretty(&all))
        }
        OutputFormat::Github => each(reports).try_for_each(|(report, one)| out.line(&annotation(report, one))),
        OutputFormat::Sarif => out.line(&pretty(&sarif::log(reports))),
    }
}

fn each(reports: &[Report]) -> impl Iterator<Item = (&Report, &Diagnostic)> {
    reports.iter().flat_map(|report| report.diagnostics.iter().map(move |one| (report, one)))
}

fn pretty(value: &impl Serialize) -> String {
    // Maps with other keys than strings, which could not be written, there are none.
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// What is relied on (`code slug severity message path start end help`), and more.
#[derive(Serialize)]
struct Object<'a> {
    code: String,
    slug: &'static str,
    severity: &'static str,
    message: &'a str,
    path: &'a str,
    start: Place,
    end: Place,
    help: Option<&'a str>,
    notes: &'a [String],
    labels: Vec<Label<'a>>,
    fixes: Vec<Fix<'a>>,
}

/// A line and a column, from 1, columns in characters.
#[derive(Serialize)]
struct Place {
    line: u32,
    column: u32,
}

/// The first is the diagnostic's own place.
#[derive(Serialize)]
struct Label<'a> {
    path: &'a str,
    start: Place,
    end: Place,
    text: &'a str,
}

#[derive(Serialize)]
struct Fix<'a> {
    message: &'a str,
    applicability: &'static str,
    edits: Vec<Edit<'a>>,
}

#[derive(Serialize)]
struct Edit<'a> {
    start: Place,
    end: Place,
    replacement: &'a str,
}

fn object<'a>(report: &'a Report, one: &'a Diagnostic) -> Object<'a> {
    let places = |file: &SourceFile, span: Span| {
        let (start, end) = positions(file, span);
        let place = |at: Position| Place { line: at.line, column: at.column };
        (place(start), place(end))
    };
    let (start, end) = places(&report.file, one.span());
    let labels = one.labels.iter().map(|label| {
        let file = label.file.as_deref().unwrap_or(&report.file);
        let (start, end) = places(file, label.span);
        Label { path: file.path(), start, end, text: &label.text }
    });
    let fixes = one.fixes.iter().map(|fix| {
        let edits = fix.edits.iter().map(|edit| {
            let (start, end) = places(&report.file, edit.span);
            Edit { start, end, replacement: &edit.replacement }
        });
        Fix { message: &fix.message, applicability: fix.applicability.text(), edits: edits.collect() }
    });
    Object {
        code: one.code.text(),
        slug: one.code.slug(),
        severity: one.severity().text(),
        message: &one.message,
        path: report.file.path(),
        start,
        end,
        help: one.help.as_deref(),
        notes: &one.notes,
        labels: labels.collect(),
        fixes: fixes.collect(),
    }
}

/// A workflow command of GitHub.
fn annotation(report: &Report, one: &Diagnostic) -> String {
    let level = match one.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "notice",
    };
    let (start, end) = report.positions(one.span());
    let escaped = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| escaped(text).replace(':', "%3A").replace(',', "%2C");
    // Columns mean something to GitHub only within one line.
    let columns = match start.line == end.line {
        true => format!(",col={},endColumn={}", start.column, end.column),
        false => String::new(),
    };
    let help = one.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    format!(
        "::{level} title={},file={},line={},endLine={}{columns}::{}",
        property(&format!("brrr ({})", one.code.text())),
        property(report.file.path()),
        start.line,
        end.line,
        escaped(&format!(
            "{}:{}:{}: {} {}{help}",
            report.file.path(),
            start.line,
            start.column,
            one.code.text(),
            one.message
        )),
    )
}

/// A number of things.
pub(super) fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// What was found, in one line.
pub(super) fn summary(reports: &[Report], files: usize, fixed: usize, changed: usize) -> String {
    let of = |severity| each(reports).filter(|(_, one)| one.severity() == severity).count();
    let kinds = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Hint, "hint")];
    let kinds = kinds.into_iter().map(|(severity, name)| (of(severity), name)).filter(|(number, _)| *number > 0);
    let kinds = kinds.map(|(number, name)| count(number, name)).collect::<Vec<_>>();
    let found = match kinds.as_slice() {
        [] => format!("Nothing found in {}", count(files, "file")),
        kinds => {
            let listed = match kinds.split_last() {
                Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
                _ => kinds.concat(),
            };
            match files {
                1 => format!("Found {listed} in 1 file"),
                _ => format!("Found {listed} in {} of {}", reports.len(), count(files, "file")),
            }
        }
    };
    let fixable = each(reports).filter(|(_, one)| one.machine_applicable().is_some()).count();
    let fixes = match (fixed, fixable) {
        (0, 0) => String::new(),
        (0, _) => format!("; `--fix` can fix {fixable}"),
        (_, _) => format!("; fixed {} in {}", count(fixed, "problem"), count(changed, "file")),
    };
    format!("{found}{fixes}.")
}

#[cfg(test)]
mod tests {
    use brrr_core::diagnostic::{Code, Fix};
    use serde_json::{Value, json, to_value};

    use super::*;

    fn report() -> Report {
        let file = SourceFile::new("a, b%.py", "é = 1\nxy\n");
        let first = Diagnostic::new(Code::Statement, "100% `x`", Span::new(7, 9), "here").help("write `y`");
        let second = Diagnostic::new(Code::UnusedIgnore, "two\nlines", Span::new(0, 9), "").fix(Fix::new(
            "remove it",
            Span::new(0, 2),
            "z",
        ));
        Report { file, diagnostics: vec![first, second] }
    }

    #[test]
    fn objects_for_tools() {
        let report = report();
        let first = to_value(object(&report, &report.diagnostics[0])).unwrap();
        assert_eq!(first["start"], json!({ "line": 2, "column": 1 }));
        assert_eq!(first["end"], json!({ "line": 2, "column": 3 }));
        assert_eq!((&first["code"], &first["help"]), (&json!("BRRR201"), &json!("write `y`")));
        let second = to_value(object(&report, &report.diagnostics[1])).unwrap();
        assert_eq!((&second["help"], &second["severity"]), (&Value::Null, &json!("warning")));
        assert_eq!(second["fixes"][0]["edits"][0]["end"], json!({ "line": 1, "column": 2 }));
        assert_eq!(second["fixes"][0]["applicability"], json!("machine-applicable"));
    }

    #[test]
    fn annotations_are_escaped() {
        let report = report();
        assert_eq!(
            annotation(&report, &report.diagnostics[0]),
            "::error title=brrr (BRRR201),file=a%2C b%25.py,line=2,endLine=2,col=1,endColumn=3::\
             a, b%25.py:2:1: BRRR201 100%25 `x`%0Ahelp: write `y`"
        );
        assert_eq!(
            annotation(&report, &report.diagnostics[1]),
            "::warning title=brrr (BRRR801),file=a%2C b%25.py,line=1,endLine=2::a, b%25.py:1:1: BRRR801 two%0Alines"
        );
    }

    #[test]
    fn summaries() {
        assert_eq!(summary(&[], 1, 0, 0), "Nothing found in 1 file.");
        assert_eq!(summary(&[report()], 7, 0, 0), "Found 1 error and 1 warning in 1 of 7 files; `--fix` can fix 1.");
        assert_eq!(summary(&[], 7, 2, 1), "Nothing found in 7 files; fixed 2 problems in 1 file.");
    }
}

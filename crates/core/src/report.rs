//! Diagnostics to text.
//!
//! Enters: diagnostics and the file that they are about. Leaves: a drawing of each with its lines of source (ariadne), or one line
//! each. Whatever a span is, it is drawn: places outside of the text are moved into it.

mod lines;

use std::fmt;

use ariadne::{Cache, Color, Config, Fmt, IndexType, Label, Report, ReportKind, Source};

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{SourceFile, Span};

/// How much is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// A drawing with the lines of source, labels, notes and help.
    #[default]
    Full,
    /// `path:line:column: error[BRRR201]: message`.
    Concise,
}

/// How diagnostics are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// With the escapes that terminals take for colours.
    pub color: bool,
    /// The columns that there are; lines of source that have more are cut round what is marked. Zero for no limit.
    pub width: usize,
    /// How much is said.
    pub detail: Detail,
}

impl Style {
    /// Drawings without colours and without a limit.
    pub const PLAIN: Self = Self { color: false, width: 0, detail: Detail::Full };

    /// The same, in colours.
    #[must_use]
    pub const fn color(mut self, color: bool) -> Self {
        self.color = color;
        self
    }

    /// The same, for a width.
    #[must_use]
    pub const fn width(mut self, width: usize) -> Self {
        self.width = width;
        self
    }

    /// One line each.
    #[must_use]
    pub const fn concise(mut self) -> Self {
        self.detail = Detail::Concise;
        self
    }
}

/// All of them, one after the other, without a line break at the end; empty if there are none.
#[must_use]
pub fn draw(file: &SourceFile, diagnostics: &[Diagnostic], style: Style) -> String {
    let drawn = diagnostics.iter().map(|one| match style.detail {
        Detail::Full => full(file, one, style),
        Detail::Concise => concise(file, one, style),
    });
    let between = match style.detail {
        Detail::Full => "\n\n",
        Detail::Concise => "\n",
    };
    drawn.collect::<Vec<_>>().join(between)
}

fn concise(file: &SourceFile, diagnostic: &Diagnostic, style: Style) -> String {
    let place = file.position(diagnostic.span().start);
    let (path, severity, code) = (file.path(), diagnostic.severity().text(), diagnostic.code.text());
    let head = format!("{severity}[{code}]");
    let head = if style.color { head.fg(color_of(diagnostic.severity())).to_string() } else { head };
    let message = lines::printable(&diagnostic.message);
    format!("{}:{}:{}: {head}: {message}", lines::printable(path), place.line, place.column)
}

const fn color_of(severity: Severity) -> Color {
    match severity {
        Severity::Error => Color::Red,
        Severity::Warning => Color::Yellow,
        Severity::Hint => Color::Cyan,
    }
}

fn full(file: &SourceFile, diagnostic: &Diagnostic, style: Style) -> String {
    let mut sources = Sources::default();
    let mut marks = Vec::new();
    for (at, label) in diagnostic.labels.iter().enumerate() {
        let source = label.file.as_deref().unwrap_or(file);
        marks.push(Mark { source: sources.of(source), span: label.span, primary: at == 0, text: &label.text });
    }
    let shown = sources.files.iter().enumerate().map(|(at, source)| {
        let spans = marks.iter().filter(|mark| mark.source == at).map(|mark| mark.span);
        lines::Shown::new(source, spans, style.width)
    });
    let mut shown =
        Shelf { shown: shown.map(|shown| (Source::from(shown.text().to_owned()), shown)).collect(), sources };
    // A place further up in the same file stands above.
    marks.sort_by_key(|mark| (mark.source, mark.span.start, !mark.primary));

    let color = color_of(diagnostic.severity());
    let kind = match diagnostic.severity() {
        Severity::Error => ReportKind::Error,
        Severity::Warning => ReportKind::Warning,
        Severity::Hint => ReportKind::Custom("Hint", color),
    };
    let config = Config::default().with_color(style.color).with_index_type(IndexType::Char);
    let place = |source: usize, span: Span| (source, shown.shown[source].1.range(shown.sources.files[source], span));
    let mut report = Report::build(kind, place(0, diagnostic.span()))
        .with_config(config)
        .with_code(diagnostic.code.text())
        .with_message(lines::printable(&diagnostic.message));
    for (order, mark) in marks.iter().enumerate() {
        let color = if mark.primary { color } else { Color::Blue };
        let mut label = Label::new(place(mark.source, mark.span)).with_color(color).with_priority(mark.primary.into());
        if !mark.text.is_empty() {
            label = label.with_message(lines::printable(mark.text));
        }
        report = report.with_label(label.with_order(if mark.source == 0 { 0 } else { order as i32 }));
    }
    for note in &diagnostic.notes {
        report = report.with_note(lines::wrapped(note, style.width));
    }
    if let Some(help) = help(file, diagnostic, style) {
        report = report.with_help(help);
    }
    let mut drawn = Vec::new();
    // Writing to memory cannot fail.
    let _ = report.finish().write(&mut shown, &mut drawn);
    let text = shown.with_places(&String::from_utf8_lossy(&drawn));
    let text = if style.color { merged(&text) } else { without_escapes(&text) };
    text.trim_end().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// Stands before the number of a file where its path is to be.
const PATH: char = '\u{1}';

/// A kind of report with a name of its own has its colour even where there are to be none.
fn without_escapes(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or(part, |(_, rest)| rest))
}

/// The same colours with fewer escapes: ariadne colours each character by itself.
fn merged(text: &str) -> String {
    const RESET: &str = "\u{1b}[0m";
    let mut merged = String::with_capacity(text.len());
    let (mut rest, mut color) = (text, "");
    while let Some(at) = rest.find('\u{1b}') {
        merged.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find('m').map_or(rest.len(), |end| end + 1);
        let escape = &rest[..end];
        rest = &rest[end..];
        if escape != RESET {
            merged.push_str(escape);
            color = escape;
        } else if let Some(same) = rest.strip_prefix(color).filter(|_| !color.is_empty()) {
            rest = same;
        } else {
            merged.push_str(RESET);
        }
    }
    merged.push_str(rest);
    merged
}

/// What to write instead, and what the best fix would make of the lines.
fn help(file: &SourceFile, diagnostic: &Diagnostic, style: Style) -> Option<String> {
    let fix = diagnostic.fixes.first();
    let mut lines = diagnostic.help.as_ref().map(|help| lines::wrapped(help, style.width)).unwrap_or_default();
    if let Some(fix) = fix {
        let changed = lines::changed(file, fix);
        if lines.is_empty() {
            lines = lines::wrapped(&fix.message, style.width);
        }
        for (sign, text) in changed {
            let line = lines::cut(&format!("{sign} {text}"), style.width.saturating_sub(MARGIN));
            let color = if sign == '+' { Color::Green } else { Color::Red };
            lines += &if style.color { format!("\n{}", line.fg(color)) } else { format!("\n{line}") };
        }
    }
    (!lines.is_empty()).then_some(lines)
}

/// What stands to the left of a line of help.
const MARGIN: usize = 16;

/// A place to be marked.
struct Mark<'a> {
    source: usize,
    span: Span,
    primary: bool,
    text: &'a str,
}

/// The files of a diagnostic, each once; the first is the one that it is about.
#[derive(Default)]
struct Sources<'a> {
    files: Vec<&'a SourceFile>,
}

impl<'a> Sources<'a> {
    fn of(&mut self, file: &'a SourceFile) -> usize {
        let known = self.files.iter().position(|known| std::ptr::eq(*known, file) || **known == *file);
        known.unwrap_or_else(|| {
            self.files.push(file);
            self.files.len() - 1
        })
    }
}

/// The same as ariadne asks for it.
struct Shelf<'a> {
    sources: Sources<'a>,
    shown: Vec<(Source<String>, lines::Shown)>,
}

impl Shelf<'_> {
    /// The drawing with the paths of the files, and columns as they are in the files; those of the lines shown may be others.
    fn with_places(&self, drawn: &str) -> String {
        let mut text = String::with_capacity(drawn.len());
        for (at, part) in drawn.split(PATH).enumerate() {
            if at == 0 {
                text.push_str(part);
                continue;
            }
            let place = part.split(' ').next().unwrap_or_default();
            let mut numbers = place.split(':').map(|number| number.parse::<usize>().ok());
            let found = (|| {
                let (id, line, column) = (numbers.next()??, numbers.next()??, numbers.next()??);
                let (file, shown) = (self.sources.files.get(id)?, &self.shown.get(id)?.1);
                let line = u32::try_from(line).ok()?;
                let column = shown.column(file, line, column - 1);
                Some(format!("{}:{line}:{column}", lines::printable(file.path())))
            })();
            text.push_str(&found.unwrap_or_default());
            text.push_str(&part[place.len()..]);
        }
        text
    }
}

impl Cache<usize> for &mut Shelf<'_> {
    type Storage = String;

    fn fetch(&mut self, id: &usize) -> Result<&Source<String>, impl fmt::Debug> {
        self.shown.get(*id).map(|(source, _)| source).ok_or("no such file")
    }

    fn display<'d>(&self, id: &'d usize) -> Option<impl fmt::Display + 'd> {
        (*id < self.sources.files.len()).then(|| format!("{PATH}{id}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    #[test]
    fn a_fragment_is_drawn_with_the_lines_of_its_file() {
        let file = SourceFile::fragment("a.py", "def f(é):\n    del é\n", 41);
        let diagnostic =
            Diagnostic::new(Code::Statement, "`del` cannot be compiled", Span::new(15, 21), "not supported");
        let drawn = draw(&file, &[diagnostic.help("leave it")], Style::PLAIN);
        assert!(drawn.contains("[BRRR201] Error: `del` cannot be compiled"), "{drawn}");
        assert!(drawn.contains("a.py:42:5"), "{drawn}");
        assert!(drawn.contains("42 │     del é"), "{drawn}");
        assert!(drawn.contains("Help: leave it"), "{drawn}");
    }

    #[test]
    fn one_line_each() {
        let file = SourceFile::fragment("a.py", "é = 1\ny = 2\n", 9);
        let one = |start, end| Diagnostic::new(Code::Statement, "no", Span::new(start, end), "here");
        let drawn = draw(&file, &[one(3, 4), one(7, 8)], Style::PLAIN.concise());
        assert_eq!(drawn, "a.py:9:3: error[BRRR201]: no\na.py:10:1: error[BRRR201]: no");
        assert!(draw(&file, &[one(3, 4)], Style::PLAIN.concise().color(true)).contains("\u{1b}[31merror[BRRR201]"));
        assert_eq!(draw(&file, &[], Style::PLAIN), "");
    }
}

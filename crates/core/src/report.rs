//! Diagnostics to text.

use ariadne::{Color, Config, IndexType, Label, Report, ReportKind, Source};

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{SourceFile, Span};

/// Draws diagnostics with their source lines; colours are terminal escapes.
#[must_use]
pub fn draw(file: &SourceFile, diagnostics: &[Diagnostic], color: bool) -> String {
    let offset = (file.first_line() as usize).saturating_sub(1);
    // Empty lines stand for those above a fragment: ariadne's own line offset does not reach the numbers in the margin.
    let source = Source::from("\n".repeat(offset) + file.text());
    let mut drawn = Vec::new();
    for diagnostic in diagnostics {
        let (kind, primary) = match diagnostic.code.severity() {
            Severity::Error => (ReportKind::Error, Color::Red),
            Severity::Warning => (ReportKind::Warning, Color::Yellow),
        };
        let config = Config::default().with_color(color).with_index_type(IndexType::Byte).with_tab_width(4);
        let place = |span: Span| (file.path(), range(file, span));
        let mut report = Report::build(kind, place(diagnostic.span()))
            .with_config(config)
            .with_code(diagnostic.code.text())
            .with_message(&diagnostic.message);
        for (at, label) in diagnostic.labels.iter().enumerate() {
            let color = if at == 0 { primary } else { Color::Blue };
            report = report.with_label(Label::new(place(label.span)).with_message(&label.text).with_color(color));
        }
        if let Some(help) = &diagnostic.help {
            report = report.with_help(help);
        }
        // Writing to memory cannot fail.
        let _ = report.finish().write((file.path(), &source), &mut drawn);
    }
    let text = String::from_utf8_lossy(&drawn);
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// A span within the text, on character boundaries, behind the empty lines above it.
fn range(file: &SourceFile, span: Span) -> std::ops::Range<usize> {
    let text = file.text();
    let boundary = |mut at: usize| {
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = boundary((span.start as usize).min(text.len()));
    let end = boundary((span.end as usize).min(text.len()));
    let above = (file.first_line() as usize).saturating_sub(1);
    start + above..end.max(start) + above
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
        let drawn = draw(&file, &[diagnostic.help("leave it")], false);
        assert!(drawn.contains("[BRRR201] Error: `del` cannot be compiled"), "{drawn}");
        assert!(drawn.contains("a.py:42:5"), "{drawn}");
        assert!(drawn.contains("42 │     del é"), "{drawn}");
        assert!(drawn.contains("Help: leave it"), "{drawn}");
    }
}

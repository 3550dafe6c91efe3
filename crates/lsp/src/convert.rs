//! Between the session's data and LSP: the one place that knows how clients count columns.
//!
//! Enters: LSP's edits and capabilities, and [`Report`]s. Leaves: edited text, and LSP's diagnostics. Promised: no position
//! that a client sends, however wrong, makes this fail; what lies outside the text is clamped to it.

use brrr_core::diagnostic::{Diagnostic, Severity};
use brrr_core::source::Span;
use tower_lsp::lsp_types as lsp;

use crate::session::Report;

/// What columns count, as agreed with the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// What every client knows, and counts unless it says otherwise.
    Utf16,
    /// Characters.
    Utf32,
}

/// What the client told about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The columns it gets and sends.
    pub encoding: Encoding,
    /// True if it shows the places that belong to a diagnostic.
    pub related_information: bool,
    /// The process that the server must not outlive.
    pub process: Option<u32>,
}

impl Profile {
    /// Reads what the client says; its first encoding that is known here is taken.
    #[must_use]
    pub fn new(params: &lsp::InitializeParams) -> Self {
        let offered = params.capabilities.general.as_ref().and_then(|general| general.position_encodings.as_ref());
        let encoding = offered.and_then(|kinds| kinds.iter().find_map(Encoding::from_lsp)).unwrap_or(Encoding::Utf16);
        let documents = params.capabilities.text_document.as_ref();
        let diagnostics = documents.and_then(|documents| documents.publish_diagnostics.as_ref());
        let related_information = diagnostics.and_then(|one| one.related_information).unwrap_or(false);
        Self { encoding, related_information, process: params.process_id }
    }
}

impl Encoding {
    /// The name that LSP has for it.
    #[must_use]
    pub const fn lsp(self) -> lsp::PositionEncodingKind {
        match self {
            Self::Utf8 => lsp::PositionEncodingKind::UTF8,
            Self::Utf16 => lsp::PositionEncodingKind::UTF16,
            Self::Utf32 => lsp::PositionEncodingKind::UTF32,
        }
    }

    fn from_lsp(kind: &lsp::PositionEncodingKind) -> Option<Self> {
        [Self::Utf8, Self::Utf16, Self::Utf32].into_iter().find(|encoding| encoding.lsp() == *kind)
    }

    const fn units(self, character: char) -> usize {
        match self {
            Self::Utf8 => character.len_utf8(),
            Self::Utf16 => character.len_utf16(),
            Self::Utf32 => 1,
        }
    }
}

/// True if the document is Python, by what the client calls its language or, failing that, by its name.
#[must_use]
pub fn is_python(document: &lsp::TextDocumentItem) -> bool {
    let language = &document.language_id;
    language.eq_ignore_ascii_case("python") || language.is_empty() && document.uri.path().ends_with(".py")
}

/// The text after the edits, each of which has its places in the text that the one before it left.
#[must_use]
pub fn edited(text: &str, edits: &[lsp::TextDocumentContentChangeEvent], encoding: Encoding) -> String {
    let mut text = text.to_owned();
    for edit in edits {
        match edit.range {
            None => text.clone_from(&edit.text),
            Some(range) => {
                let lines = Lines::new(&text, encoding);
                let (start, end) = (lines.offset(range.start), lines.offset(range.end));
                text.replace_range(start.min(end)..start.max(end), &edit.text);
            }
        }
    }
    text
}

/// A report as the notification that shows it; none if the document's name is no URI.
#[must_use]
pub fn diagnostics(report: &Report, profile: Profile) -> Option<lsp::PublishDiagnosticsParams> {
    let uri = lsp::Url::parse(&report.name).ok()?;
    let lines = Lines::new(report.file.text(), profile.encoding);
    let diagnostics = report.diagnostics.iter().map(|one| diagnostic(one, &uri, &lines, profile)).collect();
    Some(lsp::PublishDiagnosticsParams { uri, diagnostics, version: report.version })
}

/// The message stands alone and the range shows what it is about, so the text of the primary label is left out.
fn diagnostic(from: &Diagnostic, uri: &lsp::Url, lines: &Lines<'_>, profile: Profile) -> lsp::Diagnostic {
    let secondary = from.labels.iter().skip(1).filter(|label| label.file.is_none() && !label.text.is_empty());
    let mut message = from.message.clone();
    let mut related = Vec::new();
    for label in secondary {
        let range = lines.range(label.span);
        if profile.related_information {
            let location = lsp::Location { uri: uri.clone(), range };
            related.push(lsp::DiagnosticRelatedInformation { location, message: label.text.clone() });
        } else {
            message.push_str(&format!("\nline {}: {}", range.start.line + 1, label.text));
        }
    }
    if let Some(help) = &from.help {
        message.push_str(&format!("\nhelp: {help}"));
    }
    lsp::Diagnostic {
        range: lines.range(from.span()),
        severity: Some(match from.code.severity() {
            Severity::Error => lsp::DiagnosticSeverity::ERROR,
            Severity::Warning => lsp::DiagnosticSeverity::WARNING,
            Severity::Hint => lsp::DiagnosticSeverity::HINT,
        }),
        code: Some(lsp::NumberOrString::String(from.code.text())),
        source: Some("brrr".to_owned()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        ..lsp::Diagnostic::default()
    }
}

/// Where the lines of a text begin. LSP ends a line at `\n`, `\r\n` or `\r`, as Python does, so a lone `\r` counts here.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    encoding: Encoding,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str, encoding: Encoding) -> Self {
        let bytes = text.as_bytes();
        let ends = |&(at, &byte): &(usize, &u8)| byte == b'\n' || byte == b'\r' && bytes.get(at + 1) != Some(&b'\n');
        let starts = bytes.iter().enumerate().filter(ends).map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(starts).collect(), encoding }
    }

    /// A span in which nothing can be seen, such as the line break where something is missing, becomes the visible
    /// character before it.
    fn range(&self, span: Span) -> lsp::Range {
        let (mut start, mut end) = (span.start as usize, span.end as usize);
        if self.text.get(start..end).is_none_or(|text| text.trim().is_empty()) {
            let before = self.text.get(..start).unwrap_or(self.text).trim_end();
            if let Some((last, character)) = before.char_indices().next_back() {
                (start, end) = (last, last + character.len_utf8());
            }
        }
        lsp::Range { start: self.position(start), end: self.position(end) }
    }

    fn position(&self, offset: usize) -> lsp::Position {
        let line = self.starts.partition_point(|&start| start <= offset).saturating_sub(1);
        let content = self.content(line);
        let within = offset.saturating_sub(self.starts[line]);
        let before = content.char_indices().take_while(|&(at, character)| at + character.len_utf8() <= within);
        let column = before.map(|(_, character)| self.encoding.units(character)).sum();
        lsp::Position { line: to_u32(line), character: to_u32(column) }
    }

    /// A column inside a character means the place before it.
    fn offset(&self, position: lsp::Position) -> usize {
        let line = position.line as usize;
        let Some(&start) = self.starts.get(line) else {
            return self.text.len();
        };
        let content = self.content(line);
        let mut column = 0;
        let inside = |&(_, character): &(usize, char)| {
            column += self.encoding.units(character);
            column > position.character as usize
        };
        start + content.char_indices().find(inside).map_or(content.len(), |(at, _)| at)
    }

    /// A line without its line break.
    fn content(&self, line: usize) -> &'a str {
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        self.text[self.starts[line]..end].trim_end_matches(['\r', '\n'])
    }
}

fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use brrr_core::diagnostic::Code;
    use brrr_core::source::SourceFile;
    use serde_json::json;

    use super::*;

    fn range(start: (u32, u32), end: (u32, u32)) -> lsp::Range {
        let position = |(line, character)| lsp::Position { line, character };
        lsp::Range { start: position(start), end: position(end) }
    }

    fn edit(start: (u32, u32), end: (u32, u32), text: &str) -> lsp::TextDocumentContentChangeEvent {
        let range = Some(range(start, end));
        lsp::TextDocumentContentChangeEvent { range, range_length: None, text: text.to_owned() }
    }

    fn profile(client: serde_json::Value) -> Profile {
        Profile::new(&serde_json::from_value(json!({ "capabilities": client, "processId": 7 })).unwrap())
    }

    fn report(text: &str, diagnostics: Vec<Diagnostic>) -> Report {
        let file = SourceFile::new("a.py", text);
        Report { name: "file:///a%20b.py".to_owned(), version: Some(3), file, diagnostics, failure: None }
    }

    #[test]
    fn the_first_known_encoding_is_taken_and_utf16_is_the_default() {
        assert_eq!(profile(json!({})).encoding, Encoding::Utf16);
        let offers = |kinds: &[&str]| profile(json!({ "general": { "positionEncodings": kinds } })).encoding;
        assert_eq!(offers(&["utf-8", "utf-16"]), Encoding::Utf8);
        assert_eq!(offers(&["utf-7", "utf-32", "utf-8"]), Encoding::Utf32);
        assert_eq!(offers(&["utf-7"]), Encoding::Utf16);
        assert_eq!(offers(&[]), Encoding::Utf16);
        assert_eq!(profile(json!({})).process, Some(7));
    }

    #[test]
    fn columns_count_what_was_agreed() {
        // One, two, three and four bytes; one, one, one and two UTF-16 units.
        let text = "\naé宽🙂z";
        for (encoding, columns) in [
            (Encoding::Utf8, [0, 1, 3, 6, 10, 11]),
            (Encoding::Utf16, [0, 1, 2, 3, 5, 6]),
            (Encoding::Utf32, [0, 1, 2, 3, 4, 5]),
        ] {
            let lines = Lines::new(text, encoding);
            let offsets = text.char_indices().skip(1).map(|(at, _)| at).chain([text.len()]);
            for (offset, character) in offsets.zip(columns) {
                let position = lsp::Position { line: 1, character };
                assert_eq!(lines.position(offset), position);
                assert_eq!(lines.offset(position), offset);
            }
        }
    }

    #[test]
    fn every_line_break_of_lsp_counts() {
        let text = "a\r\nb\rc\nd";
        let lines = Lines::new(text, Encoding::Utf16);
        let at = |wanted: char| lines.position(text.find(wanted).unwrap()).line;
        assert_eq!(['a', 'b', 'c', 'd'].map(at), [0, 1, 2, 3]);
        assert_eq!(edited(text, &[edit((0, 9), (1, 0), "")], Encoding::Utf16), "ab\rc\nd");
        assert_eq!(edited(text, &[edit((2, 1), (3, 0), "!")], Encoding::Utf16), "a\r\nb\rc!d");
    }

    #[test]
    fn each_edit_sees_the_text_that_the_one_before_left() {
        let edits = [edit((0, 2), (0, 3), "xy"), edit((0, 4), (0, 4), "\nz"), edit((1, 0), (1, 1), "w")];
        assert_eq!(edited("🙂a", &edits, Encoding::Utf16), "🙂xy\nw");
        let whole = lsp::TextDocumentContentChangeEvent { range: None, range_length: None, text: "new".to_owned() };
        assert_eq!(edited("old", &[whole, edit((0, 3), (0, 3), "er")], Encoding::Utf16), "newer");
    }

    #[test]
    fn wrong_places_are_clamped() {
        let clamp = |start, end| edited("🙂b\ncd", &[edit(start, end, "-")], Encoding::Utf16);
        assert_eq!(clamp((9, 9), (9, 9)), "🙂b\ncd-");
        assert_eq!(clamp((0, 99), (0, 99)), "🙂b-\ncd");
        assert_eq!(clamp((0, 1), (0, 1)), "-🙂b\ncd", "between the halves of a surrogate pair");
        assert_eq!(clamp((1, 1), (0, 2)), "🙂-d", "end before start");
        assert_eq!(clamp((u32::MAX, u32::MAX), (0, 0)), "-");
        assert_eq!(edited("", &[edit((0, 0), (5, 5), "x")], Encoding::Utf16), "x");
    }

    #[test]
    fn spans_outside_the_text_are_clamped() {
        let lines = Lines::new("🙂\r\n", Encoding::Utf16);
        let position = |offset| lines.position(offset);
        assert_eq!(position(2), lsp::Position { line: 0, character: 0 }, "inside a character");
        assert_eq!(position(5), lsp::Position { line: 0, character: 2 }, "inside a line break");
        assert_eq!(position(99), lsp::Position { line: 1, character: 0 });
    }

    #[test]
    fn a_span_without_visible_text_shows_the_character_before_it() {
        let text = "x = 🙂 \r\n  \n";
        let lines = Lines::new(text, Encoding::Utf16);
        let shown = |start, end| lines.range(Span::new(start, end));
        for (start, end) in [(8, 9), (9, 11), (9, 10), (13, 14), (14, 14), (99, 100)] {
            assert_eq!(shown(start, end), range((0, 4), (0, 6)), "{start}..{end}");
        }
        assert_eq!(shown(0, 1), range((0, 0), (0, 1)));
        assert_eq!(Lines::new(" \n", Encoding::Utf16).range(Span::new(1, 2)), range((0, 1), (1, 0)), "nothing to see");
    }

    #[test]
    fn a_diagnostic_carries_its_reasons_and_help() {
        let text = "🙂 = 1\nbad\n";
        let from = Diagnostic::new(Code::Statement, "`bad` is bad", Span::new(9, 12), "here")
            .label(Span::new(0, 4), "because of this")
            .help("write `good`");
        let one = |profile| diagnostics(&report(text, vec![from.clone()]), profile).unwrap();

        let sent = one(profile(json!({ "textDocument": { "publishDiagnostics": { "relatedInformation": true } } })));
        assert_eq!((sent.uri.as_str(), sent.version), ("file:///a%20b.py", Some(3)));
        let [sent] = sent.diagnostics.try_into().unwrap();
        assert_eq!(sent.range, range((1, 0), (1, 3)));
        assert_eq!(sent.severity, Some(lsp::DiagnosticSeverity::ERROR));
        assert_eq!(sent.code, Some(lsp::NumberOrString::String("BRRR201".to_owned())));
        assert_eq!(sent.source.as_deref(), Some("brrr"));
        assert_eq!(sent.message, "`bad` is bad\nhelp: write `good`");
        let [reason] = sent.related_information.unwrap().try_into().unwrap();
        assert_eq!((reason.location.range, reason.message.as_str()), (range((0, 0), (0, 2)), "because of this"));

        let [sent] = one(profile(json!({}))).diagnostics.try_into().unwrap();
        assert_eq!(sent.message, "`bad` is bad\nline 1: because of this\nhelp: write `good`");
        assert_eq!(sent.related_information, None);
    }

    #[test]
    fn severities_follow_the_table_of_codes() {
        let from = Diagnostic::new(Code::OperandTypes, "no", Span::new(0, 1), "");
        let sent = diagnostics(&report("x", vec![from]), profile(json!({}))).unwrap();
        assert_eq!(sent.diagnostics[0].severity, Some(lsp::DiagnosticSeverity::WARNING));
        assert_eq!(sent.diagnostics[0].message, "no");
    }
}

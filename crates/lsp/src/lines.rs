//! Lines and columns as clients count them.
//!
//! Enters: text, byte offsets, positions. Leaves: positions, byte offsets, edited text. Promised: no position that a client sends,
//! however wrong, makes this fail; what lies outside the text is clamped to it.

use std::borrow::Cow;

use brrr_core::source::Span;
use tower_lsp::lsp_types as lsp;

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

    /// The encoding of a name.
    #[must_use]
    pub fn from_lsp(kind: &lsp::PositionEncodingKind) -> Option<Self> {
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

/// Where the lines of a text begin. LSP ends a line at `\n`, `\r\n` or `\r`, as Python does, so a lone `\r` counts here.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    text: &'a str,
    starts: Cow<'a, [u32]>,
    encoding: Encoding,
}

/// Where each line of a text begins.
#[must_use]
pub fn starts(text: &str) -> Vec<u32> {
    if !text.contains('\r') {
        let starts = text.match_indices('\n').map(|(at, _)| at as u32 + 1);
        return std::iter::once(0).chain(starts).collect();
    }
    let bytes = text.as_bytes();
    let ends = |&(at, &byte): &(usize, &u8)| byte == b'\n' || byte == b'\r' && bytes.get(at + 1) != Some(&b'\n');
    let starts = bytes.iter().enumerate().filter(ends).map(|(at, _)| at as u32 + 1);
    std::iter::once(0).chain(starts).collect()
}

impl<'a> Lines<'a> {
    /// Those of a text.
    #[must_use]
    pub fn new(text: &'a str, encoding: Encoding) -> Self {
        Self { text, starts: Cow::Owned(starts(text)), encoding }
    }

    /// The same, of a text whose [`starts`] are known.
    #[must_use]
    pub const fn known(text: &'a str, starts: &'a [u32], encoding: Encoding) -> Self {
        Self { text, starts: Cow::Borrowed(starts), encoding }
    }

    /// The range of a span as it is.
    #[must_use]
    pub fn exact(&self, span: Span) -> lsp::Range {
        lsp::Range { start: self.position(span.start as usize), end: self.position(span.end as usize) }
    }

    /// The line of an offset, from 0.
    #[must_use]
    pub fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|&start| start as usize <= offset).saturating_sub(1)
    }

    /// A span in which nothing can be seen, such as the line break where something is missing, becomes the visible
    /// character before it.
    #[must_use]
    pub fn range(&self, span: Span) -> lsp::Range {
        let (mut start, mut end) = (span.start as usize, span.end as usize);
        if self.text.get(start..end).is_none_or(|text| text.trim().is_empty()) {
            let before = self.text.get(..start).unwrap_or(self.text).trim_end();
            if let Some((last, character)) = before.char_indices().next_back() {
                (start, end) = (last, last + character.len_utf8());
            }
        }
        lsp::Range { start: self.position(start), end: self.position(end) }
    }

    /// The position of a byte offset.
    #[must_use]
    pub fn position(&self, offset: usize) -> lsp::Position {
        let line = self.line(offset);
        let content = self.content(line);
        let within = offset.saturating_sub(self.starts[line] as usize);
        let before = content.char_indices().take_while(|&(at, character)| at + character.len_utf8() <= within);
        let column = before.map(|(_, character)| self.encoding.units(character)).sum();
        lsp::Position { line: to_u32(line), character: to_u32(column) }
    }

    /// A column inside a character means the place before it.
    #[must_use]
    pub fn offset(&self, position: lsp::Position) -> usize {
        let line = position.line as usize;
        let Some(&start) = self.starts.get(line) else {
            return self.text.len();
        };
        let start = start as usize;
        let content = self.content(line);
        let mut column = 0;
        let inside = |&(_, character): &(usize, char)| {
            column += self.encoding.units(character);
            column > position.character as usize
        };
        start + content.char_indices().find(inside).map_or(content.len(), |(at, _)| at)
    }

    /// A line without its line break.
    #[must_use]
    pub fn content(&self, line: usize) -> &'a str {
        let end = self.starts.get(line + 1).map_or(self.text.len(), |&end| end as usize);
        self.text[self.starts[line] as usize..end].trim_end_matches(['\r', '\n'])
    }
}

fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: (u32, u32), end: (u32, u32)) -> lsp::Range {
        let position = |(line, character)| lsp::Position { line, character };
        lsp::Range { start: position(start), end: position(end) }
    }

    fn edit(start: (u32, u32), end: (u32, u32), text: &str) -> lsp::TextDocumentContentChangeEvent {
        let range = Some(range(start, end));
        lsp::TextDocumentContentChangeEvent { range, range_length: None, text: text.to_owned() }
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
}

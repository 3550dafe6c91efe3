//! Source text and places in it.
//!
//! Enters: text with a path. Leaves: [`SourceFile`], which turns byte offsets ([`Span`]) into lines and columns.
//! A fragment of a file (one function, as the decorator sees it) is a `SourceFile` whose first line has a number.

use serde::{Deserialize, Serialize};

/// A half-open range of byte offsets into one [`SourceFile`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The range `start..end`.
    #[must_use]
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// True if `offset` lies within, its end included, as a cursor behind the last character does.
    #[must_use]
    pub const fn contains(self, offset: u32) -> bool {
        self.start <= offset && offset <= self.end
    }
}

/// A line and a column, both from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1, in the file on disk.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

/// The text of a file, or of a run of whole lines of one. Lines end with `\n`, `\r\n` or `\r`, as in Python.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    path: String,
    text: String,
    first_line: u32,
    line_starts: Vec<u32>,
}

impl SourceFile {
    /// A whole file.
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self::fragment(path, text, 1)
    }

    /// Whole lines of a file, the first of which is number `first_line` (from 1).
    #[must_use]
    pub fn fragment(path: impl Into<String>, text: impl Into<String>, first_line: u32) -> Self {
        let text = text.into();
        let bytes = text.as_bytes();
        let ends = |&(at, byte): &(usize, u8)| byte == b'\n' || byte == b'\r' && bytes.get(at + 1) != Some(&b'\n');
        let ends = bytes.iter().copied().enumerate().filter(ends).map(|(at, _)| at as u32 + 1);
        let line_starts = std::iter::once(0).chain(ends).collect();
        Self { path: path.into(), text, first_line, line_starts }
    }

    /// The path as it was given.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The number of the first line of the text.
    #[must_use]
    pub const fn first_line(&self) -> u32 {
        self.first_line
    }

    /// The text of a span; empty if the span is not in the text.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// The line (from 1, in the file on disk) that holds a byte offset.
    #[must_use]
    pub fn line(&self, offset: u32) -> u32 {
        self.first_line + self.line_index(offset) as u32
    }

    /// Line and column of a byte offset, columns in characters.
    #[must_use]
    pub fn position(&self, offset: u32) -> Position {
        let prefix = self.line_prefix(offset);
        Position { line: self.line(offset), column: prefix.chars().count() as u32 + 1 }
    }

    /// Line from 0 within this text and column in UTF-16 units, as LSP counts by default.
    #[must_use]
    pub fn utf16(&self, offset: u32) -> (u32, u32) {
        let units = self.line_prefix(offset).chars().map(char::len_utf16).sum::<usize>();
        (self.line_index(offset) as u32, units as u32)
    }

    /// The byte offset of a line from 0 within this text and a column in UTF-16 units; what lies outside is clamped.
    #[must_use]
    pub fn offset_of_utf16(&self, line: u32, column: u32) -> u32 {
        let Some(&start) = self.line_starts.get(line as usize) else {
            return self.text.len() as u32;
        };
        let mut units = 0;
        let mut offset = start;
        for character in self.text[start as usize..].chars() {
            if units >= column || matches!(character, '\n' | '\r') {
                break;
            }
            units += character.len_utf16() as u32;
            offset += character.len_utf8() as u32;
        }
        offset
    }

    /// The line (from 1, in the file on disk) without its line break, or `None` outside the text.
    #[must_use]
    pub fn line_text(&self, line: u32) -> Option<&str> {
        let index = line.checked_sub(self.first_line)? as usize;
        self.line_starts.get(index)?;
        Some(self.slice(self.line_span(line)))
    }

    /// The place of a line (from 1, in the file on disk) without its line break; the end of the text outside of it.
    #[must_use]
    pub fn line_span(&self, line: u32) -> Span {
        let index = line.saturating_sub(self.first_line) as usize;
        let end = self.text.len();
        let start = self.line_starts.get(index).map_or(end, |&start| start as usize);
        let end = self.line_starts.get(index + 1).map_or(end, |&end| end as usize);
        Span::new(start as u32, (start + self.text[start..end].trim_end_matches(['\n', '\r']).len()) as u32)
    }

    fn line_index(&self, offset: u32) -> usize {
        self.line_starts.partition_point(|&start| start <= offset) - 1
    }

    fn line_prefix(&self, offset: u32) -> &str {
        let start = self.line_starts[self.line_index(offset)] as usize;
        let mut end = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        &self.text[start..end.max(start)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_and_utf16_units() {
        let file = SourceFile::fragment("a.py", "x = 1\n🙂é = 2", 10);
        let offset = file.text().find('=').map(|_| file.text().rfind('=').unwrap()).unwrap() as u32;
        assert_eq!(file.position(offset), Position { line: 11, column: 4 });
        assert_eq!(file.utf16(offset), (1, 4));
        assert_eq!(file.offset_of_utf16(1, 4), offset);
        assert_eq!(file.line_text(11), Some("🙂é = 2"));
        assert_eq!(file.line_text(9), None);
    }

    #[test]
    fn offsets_outside_are_clamped() {
        let file = SourceFile::new("a.py", "ab\n");
        assert_eq!(file.offset_of_utf16(7, 0), 3);
        assert_eq!(file.offset_of_utf16(0, 99), 2);
        assert_eq!(file.position(99).line, 2);
        assert_eq!(file.line_span(1), Span::new(0, 2));
        assert_eq!((file.line_span(2), file.line_span(9)), (Span::new(3, 3), Span::new(3, 3)));
    }

    #[test]
    fn lines_end_as_in_python() {
        let file = SourceFile::new("a.py", "a\r\nb\rc\nd");
        assert_eq!([1, 2, 3, 4].map(|line| file.line_text(line)), [Some("a"), Some("b"), Some("c"), Some("d")]);
        assert_eq!(file.offset_of_utf16(1, 9), 4);
    }
}

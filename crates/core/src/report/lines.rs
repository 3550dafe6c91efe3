//! Lines of source as they can be shown.
//!
//! Enters: a file and the places in it that are to be marked. Leaves: a text of the same line numbers that holds the lines with
//! places, made fit for a terminal: tabs are spaces, what would move the cursor or turn the direction of writing is `�`, and lines
//! that are too long are cut round their places. Places are found again in it, in characters.

use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use crate::diagnostic::{Edit, Fix};
use crate::source::{SourceFile, Span};

/// Columns to the next stop.
const TAB: usize = 4;

/// The margin with a line's number, and room for the start of a label.
const MARGIN: usize = 12;

/// Lines are never cut to less.
const LEAST: usize = 24;

/// A file's text as it is shown.
pub(super) struct Shown {
    text: String,
    /// Where places are drawn, in the order in which they were given.
    lines: Vec<Line>,
}

/// A line that is shown.
struct Line {
    /// Its number in the file.
    number: u32,
    /// Where it starts in the text shown, in characters.
    start: usize,
    /// For each byte of the line, and its end: the character shown.
    columns: Vec<usize>,
}

impl Shown {
    /// Shows the lines of these places, in `width` columns (zero for any number).
    pub(super) fn new(file: &SourceFile, spans: impl Iterator<Item = Span>, width: usize) -> Self {
        let mut marked: Vec<(u32, Vec<Range<usize>>)> = Vec::new();
        let mut add = |number: u32, part: Option<Range<usize>>| match marked.iter_mut().find(|(one, _)| *one == number)
        {
            Some((_, parts)) => parts.extend(part),
            None => marked.push((number, part.into_iter().collect())),
        };
        for span in spans.map(|span| visible(file, span)) {
            let (first, last) = (file.line(span.start), file.line(span.end.saturating_sub(1).max(span.start)));
            for number in first..=last {
                let line = file.line_span(number);
                let (from, to) = (span.start.max(line.start), span.end.min(line.end).max(line.start));
                let whole = first != last;
                // Of places over several lines the ends are shown, with what stands at the start of the lines between.
                let part =
                    (!whole || number == first).then(|| (from - line.start) as usize..(to - line.start) as usize);
                add(number, if whole { part.map(|part| part.start..part.start) } else { part });
            }
        }
        marked.sort_by_key(|(number, _)| *number);
        let mut shown = Self { text: String::new(), lines: Vec::new() };
        let (mut at, mut characters) = (1, 0);
        for (number, parts) in marked {
            while at < number {
                shown.text.push('\n');
                (at, characters) = (at + 1, characters + 1);
            }
            let (text, columns) = line(file.slice(file.line_span(number)), &parts, width);
            shown.lines.push(Line { number, start: characters, columns });
            characters += text.chars().count() + 1;
            shown.text.push_str(&text);
            shown.text.push('\n');
            at += 1;
        }
        shown
    }

    /// The text, in which lines without places are empty.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// A place in it, in characters; never empty.
    pub(super) fn range(&self, file: &SourceFile, span: Span) -> Range<usize> {
        let span = visible(file, span);
        let start = self.find(file, span.start);
        let end = if span.end > span.start { self.find(file, span.end - 1) + 1 } else { start };
        start..end.max(start + 1)
    }

    /// The column, from 1, that a character has in the file which is number `shown`, from 0, in its line here.
    pub(super) fn column(&self, file: &SourceFile, number: u32, shown: usize) -> usize {
        let Some(line) = self.lines.iter().find(|line| line.number == number) else { return 1 };
        let at = line.columns.iter().rposition(|&column| column == shown).unwrap_or(0);
        let text = file.slice(file.line_span(number));
        // Each byte of a character has its column; the last one is within it.
        text.char_indices().take_while(|&(start, one)| start + one.len_utf8() <= at).count() + 1
    }

    fn find(&self, file: &SourceFile, offset: u32) -> usize {
        let number = file.line(offset);
        let Some(line) = self.lines.iter().find(|line| line.number == number) else { return 0 };
        let within = offset.saturating_sub(file.line_span(number).start) as usize;
        line.start + line.columns.get(within).or_else(|| line.columns.last()).copied().unwrap_or(0)
    }
}

/// A span within the text, on character boundaries; one at the start of an empty line moves to the end of the text before it.
fn visible(file: &SourceFile, span: Span) -> Span {
    let text = file.text();
    let boundary = |at: u32| {
        let mut at = (at as usize).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (mut start, mut end) = (boundary(span.start), boundary(span.end.max(span.start)));
    let blank = file.slice(file.line_span(file.line(start as u32))).trim().is_empty();
    if blank && text[start..end].trim().is_empty() {
        let before = text[..start].trim_end();
        (start, end) = (before.len(), before.len());
        if let Some((last, _)) = before.char_indices().next_back() {
            start = last;
        }
    } else {
        // What ends with line breaks ends with its last line.
        end = start + text[start..end].trim_end_matches(['\n', '\r']).len();
    }
    Span::new(start as u32, end as u32)
}

/// True for what a terminal would not show as a character of its own, or would obey.
fn is_unfit(character: char) -> bool {
    let direction = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let hidden = matches!(character, '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{feff}');
    character.is_control() || direction || hidden
}

/// A text in which nothing is obeyed by a terminal; line breaks remain.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|one| if is_unfit(one) && one != '\n' { '\u{fffd}' } else { one }).collect()
}

/// A line as it is shown, and the character shown for each of its bytes and its end.
fn line(source: &str, parts: &[Range<usize>], width: usize) -> (String, Vec<usize>) {
    let mut text = String::new();
    let (mut columns, mut count, mut cells) = (Vec::with_capacity(source.len() + 1), 0, 0);
    for character in source.chars() {
        columns.extend(std::iter::repeat_n(count, character.len_utf8()));
        let shown = if is_unfit(character) { '\u{fffd}' } else { character };
        if character == '\t' {
            let spaces = TAB - cells % TAB;
            text.extend(std::iter::repeat_n(' ', spaces));
            (count, cells) = (count + spaces, cells + spaces);
        } else {
            text.push(shown);
            (count, cells) = (count + 1, cells + cell(shown));
        }
    }
    columns.push(count);
    let room = width.saturating_sub(MARGIN).max(LEAST);
    if width == 0 || cells <= room {
        return (text, columns);
    }
    let shown = |byte: usize| columns.get(byte).copied().unwrap_or(count);
    let first = parts.iter().map(|part| shown(part.start)).min().unwrap_or(0);
    let last = parts.iter().map(|part| shown(part.end)).max().unwrap_or(0);
    let (text, window) = window(&text, first..last, room);
    let dropped = usize::from(window.start > 0);
    let most = text.chars().count();
    let column = |column: usize| (column.max(window.start) - window.start + dropped).min(most);
    let columns = columns.into_iter().map(column).collect();
    (text, columns)
}

/// The part of a line that shows a range of its characters in so many cells, and which characters that are.
fn window(text: &str, marked: Range<usize>, room: usize) -> (String, Range<usize>) {
    let cells = text.chars().map(cell).collect::<Vec<_>>();
    let room = room - 2;
    let until = |start: usize| {
        let mut free = room;
        let fits = |&&one: &&usize| free.checked_sub(one).inspect(|rest| free = *rest).is_some();
        start + cells[start..].iter().take_while(fits).count()
    };
    let mut start = 0;
    if marked.end > until(0) {
        // A bit of what stands before, and all of what is marked if it can be; else its start.
        start = marked.start.min(cells.len());
        let mut before = room / 4;
        while start > 0 && cells[start - 1] <= before && until(start - 1) >= marked.end {
            start -= 1;
            before -= cells[start];
        }
    }
    let end = until(start);
    let mut shown = String::new();
    if start > 0 {
        shown.push('…');
    }
    shown.extend(text.chars().skip(start).take(end - start));
    if end < cells.len() {
        shown.push('…');
    }
    (shown, start..end)
}

fn cell(character: char) -> usize {
    if character.is_whitespace() { 1 } else { character.width().unwrap_or(1) }
}

fn cells(text: &str) -> usize {
    text.chars().map(cell).sum()
}

/// A line that has at most `width` cells (zero for any number).
pub(super) fn cut(text: &str, width: usize) -> String {
    let room = width.max(LEAST);
    if width == 0 || cells(text) <= room { text.to_owned() } else { window(text, 0..0, room).0 }
}

/// A text in lines of a width (zero for any), broken at spaces outside of short code.
pub(super) fn wrapped(text: &str, width: usize) -> String {
    let text = printable(text);
    if width == 0 {
        return text;
    }
    let room = width.saturating_sub(super::MARGIN).max(LEAST);
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut current = String::new();
        for word in words(line, room / 2) {
            if !current.is_empty() && cells(&current) + 1 + cells(word) > room {
                lines.push(std::mem::take(&mut current));
            }
            if !current.is_empty() {
                current.push(' ');
            }
            current.push_str(word);
        }
        lines.push(current);
    }
    lines.join("\n")
}

/// The words of a line; code in backticks of up to `longest` bytes is one.
fn words(line: &str, longest: usize) -> Vec<&str> {
    let (mut words, mut start, mut code) = (Vec::new(), 0, None);
    for (at, character) in line.char_indices() {
        match (character, code) {
            ('`', None) => code = Some(at),
            ('`', Some(_)) => code = None,
            (' ', None) => {
                words.push(&line[start..at]);
                start = at + 1;
            }
            (' ', Some(opened)) if at - opened > longest => code = None,
            _ => {}
        }
    }
    words.push(&line[start..]);
    words
}

/// The lines that a fix takes away (`-`) and those that it puts in their place (`+`).
pub(super) fn changed(file: &SourceFile, fix: &Fix) -> Vec<(char, String)> {
    let mut groups: Vec<(u32, u32, Vec<&Edit>)> = Vec::new();
    for edit in &fix.edits {
        let (first, last) = (file.line(edit.span.start), file.line(edit.span.end));
        match groups.last_mut() {
            Some((_, end, edits)) if first <= *end => {
                *end = last.max(*end);
                edits.push(edit);
            }
            _ => groups.push((first, last, vec![edit])),
        }
    }
    let mut changed = Vec::new();
    for (first, last, edits) in groups {
        let whole = Span::new(file.line_span(first).start, file.line_span(last).end);
        let inside = edits.iter().map(|edit| Edit {
            span: Span::new(edit.span.start - whole.start, edit.span.end - whole.start),
            replacement: edit.replacement.clone(),
        });
        let fix = Fix { edits: inside.collect(), ..fix.clone() };
        let Some(new) = fix.apply(file.slice(whole)) else { return Vec::new() };
        let mut old = file.slice(whole).lines().collect::<Vec<_>>();
        let mut new = new.lines().collect::<Vec<_>>();
        while old.first().is_some_and(|line| new.first() == Some(line)) {
            old.remove(0);
            new.remove(0);
        }
        while old.last().is_some_and(|line| new.last() == Some(line)) {
            old.pop();
            new.pop();
        }
        let shown = |sign: char, lines: Vec<&str>| {
            lines.into_iter().map(move |text| (sign, line(text, &[], 0).0)).collect::<Vec<_>>()
        };
        changed.extend(shown('-', old));
        changed.extend(shown('+', new));
    }
    let indent = |text: &str| text.len() - text.trim_start().len();
    let filled = changed.iter().filter(|(_, text)| !text.trim().is_empty());
    let common = filled.map(|(_, text)| indent(text)).min().unwrap_or(0);
    changed.into_iter().map(|(sign, text)| (sign, text.get(common..).unwrap_or_default().to_owned())).collect()
}

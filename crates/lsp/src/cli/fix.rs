//! Fixes that may be applied unasked, and what they change.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use brrr_core::compile;
use brrr_core::diagnostic::{Diagnostic, Edit};
use brrr_core::source::SourceFile;

/// Fixes may make others possible; a file that is not settled after so many rounds never will be.
const ROUNDS: usize = 10;

/// Applies the machine-applicable fixes of the diagnostics that are `wanted`: the file after that, what there is to say about it, and
/// how many fixes were made.
pub(super) fn all(file: &SourceFile, wanted: impl Fn(&Diagnostic) -> bool) -> (SourceFile, Vec<Diagnostic>, usize) {
    let mut file = file.clone();
    let mut diagnostics = compile::analyze(&file).diagnostics;
    let mut fixed = 0;
    for _ in 0..ROUNDS {
        let (text, count) = round(file.text(), diagnostics.iter().filter(|one| wanted(one)));
        if count == 0 {
            break;
        }
        fixed += count;
        file = SourceFile::new(file.path(), text);
        diagnostics = compile::analyze(&file).diagnostics;
    }
    (file, diagnostics, fixed)
}

/// A text with the fixes that do not touch each other, and their number.
fn round<'a>(text: &str, diagnostics: impl Iterator<Item = &'a Diagnostic>) -> (String, usize) {
    let mut edits: Vec<&Edit> = Vec::new();
    let mut count = 0;
    for fix in diagnostics.filter_map(Diagnostic::machine_applicable) {
        let apart = |one: &Edit, other: &Edit| one.span.end < other.span.start || other.span.end < one.span.start;
        let valid = |one: &Edit| text.get(one.span.start as usize..one.span.end as usize).is_some();
        let same = |one: &Edit| edits.contains(&one);
        if !fix.edits.is_empty() && fix.edits.iter().all(same) {
            continue;
        }
        if fix.edits.iter().all(|edit| valid(edit) && edits.iter().all(|other| apart(edit, other))) {
            edits.extend(&fix.edits);
            count += 1;
        }
    }
    edits.sort_by_key(|edit| edit.span);
    let mut made = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        made.push_str(text.get(at..edit.span.start as usize).unwrap_or_default());
        made.push_str(&edit.replacement);
        at = edit.span.end as usize;
    }
    made.push_str(text.get(at..).unwrap_or_default());
    (made, count)
}

/// What changes, as a unified diff.
pub(super) fn diff(file: &SourceFile, fixed: &str) -> String {
    let changes = similar::TextDiff::from_lines(file.text(), fixed);
    changes.unified_diff().context_radius(3).header(file.path(), file.path()).to_string()
}

/// A diff in colours.
pub(super) fn colored(diff: &str) -> String {
    let mut text = String::with_capacity(diff.len() * 2);
    for line in diff.split_inclusive('\n') {
        let style = match line.as_bytes().first() {
            Some(b'+') if !line.starts_with("+++ ") => Style::new().fg_color(Some(AnsiColor::Green.into())),
            Some(b'-') if !line.starts_with("--- ") => Style::new().fg_color(Some(AnsiColor::Red.into())),
            Some(b'@') => Style::new().fg_color(Some(AnsiColor::Cyan.into())),
            Some(b'+' | b'-') => Style::new().bold(),
            _ => Style::new(),
        };
        let body = line.trim_end_matches('\n');
        // Writing to memory cannot fail.
        let _ = write!(text, "{style}{body}{style:#}{}", &line[body.len()..]);
    }
    text
}

#[cfg(test)]
mod tests {
    use brrr_core::diagnostic::{Code, Fix};
    use brrr_core::source::Span;

    use super::*;

    fn fixing(start: u32, end: u32, text: &str) -> Diagnostic {
        let span = Span::new(start, end);
        Diagnostic::new(Code::Call, "", span, "").fix(Fix::new("", span, text))
    }

    #[test]
    fn fixes_that_touch_wait_for_the_next_round() {
        let all = [fixing(4, 6, "EF"), fixing(0, 1, "A"), fixing(5, 7, "-"), fixing(99, 100, "-")];
        assert_eq!(round("abcdefgh", all.iter()), ("AbcdEFgh".to_owned(), 2));
        let twice = [fixing(0, 1, "A"), fixing(0, 1, "A")];
        assert_eq!(round("ab", twice.iter()), ("Ab".to_owned(), 1));
        assert_eq!(round("ab", [].iter()), ("ab".to_owned(), 0));
    }

    #[test]
    fn comments_that_ignore_nothing_are_removed() {
        let text = "from brrr import brrr\n\n@brrr\ndef f(a):\n    return a  # brrr: ignore[BRRR201]\n";
        let file = SourceFile::new("a.py", text);
        let (fixed, left, count) = all(&file, |_| true);
        assert_eq!((fixed.text(), left.len(), count), (text.replace("  # brrr: ignore[BRRR201]", "").as_str(), 0, 1));
        let (same, left, count) = all(&file, |_| false);
        assert_eq!((same.text(), left.len(), count), (text, 1, 0));
        let diff = diff(&file, fixed.text());
        assert!(diff.starts_with("--- a.py\n+++ a.py\n@@ -2,4 +2,4 @@\n"), "{diff}");
        assert!(diff.contains("\n-    return a  # brrr: ignore[BRRR201]\n+    return a\n"), "{diff}");
        assert!(colored(&diff).contains("\u{1b}[32m+    return a\u{1b}[0m\n"), "{}", colored(&diff));
    }
}

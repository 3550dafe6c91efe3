//! Comments that take diagnostics away: `# brrr: ignore[BRRR223]`.
//!
//! Enters: a file and what there is to say about it. Leaves: the same in the order of the source, without what comments on the same
//! lines ignore, and with what there is to say about the comments: codes that are ignored in vain, or that do not exist. A diagnostic is on the line where
//! its primary place begins, and on the one where it ends.

use crate::diagnostic::{Code, Diagnostic, Fix, Severity};
use crate::source::{SourceFile, Span};
use crate::syntax;

/// Applies the comments of a file.
#[must_use]
pub fn apply(file: &SourceFile, mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut comments = find(file.text());
    if !comments.is_empty() {
        diagnostics.retain(|one| {
            let lines =
                [one.span().start, one.span().end.saturating_sub(1).max(one.span().start)].map(|at| file.line(at));
            let of_lines = comments.iter_mut().filter(|comment| lines.contains(&file.line(comment.span.start)));
            let codes = of_lines.flat_map(|comment| &mut comment.codes);
            let ignored = codes.filter(|ignored| ignored.code == Some(one.code)).map(|ignored| ignored.used = true);
            ignored.count() == 0
        });
        diagnostics.extend(comments.iter().filter_map(|comment| comment.unused(file)));
        diagnostics.extend(comments.iter().filter_map(Comment::invalid));
    }
    diagnostics.sort_by_key(Diagnostic::span);
    diagnostics
}

/// A comment that ignores.
struct Comment {
    /// From `brrr:` to the closing bracket.
    span: Span,
    /// The whole comment, from its `#`.
    whole: Span,
    codes: Vec<Ignored>,
    /// It has brackets.
    closed: bool,
}

/// A code in a comment.
struct Ignored {
    span: Span,
    text: String,
    /// None if there is no such code.
    code: Option<Code>,
    used: bool,
}

/// What every such comment holds.
const MARK: &str = "brrr:";

fn find(text: &str) -> Vec<Comment> {
    // Most files have none, and need not be looked at closely.
    if !text.match_indices(MARK).any(|(at, _)| text[..at].trim_end_matches([' ', '\t']).ends_with('#')) {
        return Vec::new();
    }
    let comments = syntax::comments(text);
    let ignores = comments.iter().flat_map(|&whole| {
        let comment = text.get(whole.start as usize..whole.end as usize).unwrap_or("");
        let marks = comment.match_indices(MARK).map(|(at, _)| at);
        let marks = marks.filter(|&at| comment[..at].trim_end_matches([' ', '\t']).ends_with('#'));
        marks.filter_map(move |at| read(comment, at, whole)).collect::<Vec<_>>()
    });
    ignores.collect()
}

/// The comment whose mark stands at `at` in the text of a whole one.
fn read(comment: &str, at: usize, whole: Span) -> Option<Comment> {
    let place = |from: usize, to: usize| Span::new(whole.start + from as u32, whole.start + to as u32);
    let behind = at + MARK.len();
    let word = comment[behind..].trim_start_matches([' ', '\t']);
    let rest = word.strip_prefix("ignore")?;
    // `# brrr: ignored values are ...` is prose.
    if rest.starts_with(|one: char| one.is_alphanumeric() || one == '_') {
        return None;
    }
    let open = comment.len() - rest.len();
    let inner = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')).map(|(inner, _)| inner);
    let Some(inner) = inner else {
        return Some(Comment { span: place(at, open), whole, codes: Vec::new(), closed: false });
    };
    let mut codes = Vec::new();
    let mut from = open + 1;
    for part in inner.split(',') {
        let text = part.trim();
        let start = from + part.len() - part.trim_start().len();
        if !text.is_empty() {
            let span = place(start, start + text.len());
            codes.push(Ignored { span, text: text.to_owned(), code: Code::parse(text), used: false });
        }
        from += part.len() + 1;
    }
    Some(Comment { span: place(at, open + inner.len() + 2), whole, codes, closed: true })
}

impl Comment {
    /// What is said about codes that ignore nothing.
    fn unused(&self, file: &SourceFile) -> Option<Diagnostic> {
        let idle = |ignored: &&Ignored| !ignored.used && ignored.code.is_some_and(is_found_by_checking);
        let unused = self.codes.iter().filter(idle).collect::<Vec<_>>();
        let first = unused.first()?;
        let names = unused.iter().map(|ignored| format!("`{}`", ignored.text)).collect::<Vec<_>>().join(", ");
        let message = format!("nothing with {names} is to be ignored on this line");
        let diagnostic = Diagnostic::new(Code::UnusedIgnore, message, first.span, "ignored in vain");
        let all = unused.len() == self.codes.len();
        let fix = if all { self.removal(file) } else { self.without(&unused) };
        let help = if all { "remove the comment" } else { "leave the code out" };
        Some(diagnostic.help(help).fix(fix))
    }

    /// Removes the comment with the space before it; of one in which more is said, what is not ours stays.
    fn removal(&self, file: &SourceFile) -> Fix {
        let text = file.text();
        let hash = text[..self.span.start as usize].rfind('#').map_or(self.span.start, |at| at as u32);
        let before = text[..hash as usize].trim_end_matches([' ', '\t']).len() as u32;
        let behind = text[self.span.end as usize..self.whole.end as usize].trim_start_matches([' ', '\t']);
        let own_line = before == 0 || text[..before as usize].ends_with(['\n', '\r']);
        let span = if behind.starts_with('#') {
            Span::new(hash, self.whole.end - behind.len() as u32)
        } else if behind.is_empty() && own_line {
            let rest = &text[self.whole.end as usize..];
            let line_break =
                rest.len() - rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')).unwrap_or(rest).len();
            Span::new(before, self.whole.end + line_break as u32)
        } else if behind.is_empty() {
            Span::new(before, self.whole.end)
        } else {
            // The reason that stands behind it remains as a comment.
            return Fix::new("remove the comment", Span::new(hash, self.whole.end - behind.len() as u32), "# ");
        };
        Fix::new("remove the comment", span, "")
    }

    /// Removes some of the codes.
    fn without(&self, unused: &[&Ignored]) -> Fix {
        let left = self.codes.iter().filter(|one| unused.iter().all(|other| other.span != one.span));
        let left = left.map(|one| one.text.as_str()).collect::<Vec<_>>().join(", ");
        let (first, last) = (self.codes.first().map(|one| one.span), self.codes.last().map(|one| one.span));
        let span = Span::new(first.unwrap_or_default().start, last.unwrap_or_default().end);
        Fix::new("leave the code out", span, left)
    }

    /// What is said about a comment that does not say what it ignores.
    fn invalid(&self) -> Option<Diagnostic> {
        let unknown = self.codes.iter().find(|ignored| ignored.code.is_none());
        if let Some(ignored) = unknown {
            let message = format!("there is no code `{}`", ignored.text.replace('`', "'"));
            let diagnostic = Diagnostic::new(Code::InvalidIgnore, message, ignored.span, "ignores nothing");
            return Some(diagnostic.help("`brrr explain` lists the codes"));
        }
        if !self.codes.is_empty() {
            return None;
        }
        let message = if self.closed { "the comment names no code" } else { "the comment has no codes in brackets" };
        let diagnostic = Diagnostic::new(Code::InvalidIgnore, message, self.span, "ignores nothing");
        Some(diagnostic.help("write what is to be ignored: `# brrr: ignore[BRRR223]`"))
    }
}

/// False for codes that only compiling or running finds: whether they are ignored in vain, checking cannot tell.
fn is_found_by_checking(code: Code) -> bool {
    let by_running = matches!(
        code,
        Code::NoSource
            | Code::SourceChanged
            | Code::TooLarge
            | Code::ArgumentType
            | Code::Configuration
            | Code::Backend
    );
    !by_running && code.severity() != Severity::Hint
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said about a file on which there are diagnostics of these codes at these texts.
    fn applied(text: &str, found: &[(Code, &str)]) -> Vec<(Code, String)> {
        let file = SourceFile::new("a.py", text);
        let found = found.iter().map(|&(code, at)| {
            let start = text.find(at).unwrap() as u32;
            Diagnostic::new(code, "", Span::new(start, start + at.len() as u32), "")
        });
        let left = apply(&file, found.collect());
        left.into_iter().map(|one| (one.code, file.slice(one.span()).to_owned())).collect()
    }

    /// A text after the fixes of what is said about its comments.
    fn fixed(text: &str) -> String {
        let file = SourceFile::new("a.py", text);
        let said = apply(&file, Vec::new());
        said.iter()
            .filter_map(Diagnostic::machine_applicable)
            .fold(text.to_owned(), |text, fix| fix.apply(&text).unwrap())
    }

    #[test]
    fn comments_ignore_what_is_on_their_line() {
        let text = "x  # brrr: ignore[BRRR201]\ny\n";
        assert_eq!(applied(text, &[(Code::Statement, "x")]), []);
        assert_eq!(applied("x # noqa # brrr:ignore[unsupported-statement] because", &[(Code::Statement, "x")]), []);
        let two = [(Code::Statement, "x"), (Code::Call, "x")];
        assert_eq!(applied("x  # brrr: ignore[BRRR201, BRRR301]", &two), []);
        assert_eq!(applied(text, &two), [(Code::Call, "x".to_owned())]);
        let (statement, unused) = ((Code::Statement, "y".to_owned()), (Code::UnusedIgnore, "BRRR201".to_owned()));
        assert_eq!(applied(text, &[(Code::Statement, "y")]), [unused, statement]);
    }

    #[test]
    fn a_place_over_several_lines_has_two() {
        for text in ["(a, # brrr: ignore[BRRR202]\nb\n)", "(a,\nb\n) # brrr: ignore[BRRR202]"] {
            let whole = &text[..text.find(')').unwrap() + 1];
            assert_eq!(applied(text, &[(Code::Expression, whole)]), [], "{text}");
        }
        let text = "(a,\nb # brrr: ignore[BRRR202]\n)";
        assert_eq!(applied(text, &[(Code::Expression, text)]).len(), 2);
    }

    #[test]
    fn strings_and_prose_are_no_comments() {
        for text in
            ["x = '# brrr: ignore[BRRR201]'", "'''\n# brrr: ignore[BRRR201]\n'''", "# brrr: ignored [x]", "# brrr: x"]
        {
            assert_eq!(applied(text, &[]), [], "{text}");
        }
    }

    #[test]
    fn what_is_ignored_in_vain_is_said() {
        assert_eq!(applied("x # brrr: ignore[BRRR201]", &[]), [(Code::UnusedIgnore, "BRRR201".to_owned())]);
        assert_eq!(applied("x # brrr: ignore[BRRR701]", &[]), [], "only a call can tell");
        assert_eq!(applied("x # brrr: ignore[BRRR9]", &[]), [(Code::InvalidIgnore, "BRRR9".to_owned())]);
        assert_eq!(applied("x # brrr: ignore[]", &[]), [(Code::InvalidIgnore, "brrr: ignore[]".to_owned())]);
        assert_eq!(applied("x # brrr: ignore", &[]), [(Code::InvalidIgnore, "brrr: ignore".to_owned())]);
        assert_eq!(applied("x # brrr: ignore[BRRR201", &[]), [(Code::InvalidIgnore, "brrr: ignore".to_owned())]);
    }

    #[test]
    fn fixes_remove_what_ignores_nothing() {
        assert_eq!(fixed("x  # brrr: ignore[BRRR201]\ny"), "x\ny");
        assert_eq!(fixed("x  # brrr: ignore[BRRR201]  # noqa\ny"), "x  # noqa\ny");
        assert_eq!(fixed("x  # noqa # brrr: ignore[BRRR201]\ny"), "x  # noqa\ny");
        assert_eq!(fixed("x  # brrr: ignore[BRRR201] as told\ny"), "x  # as told\ny");
        assert_eq!(fixed("x\n    # brrr: ignore[BRRR201]\r\ny"), "x\ny");
        assert_eq!(fixed("# brrr: ignore[BRRR201]"), "");
        assert_eq!(fixed("x  # brrr: ignore[BRRR201, BRRR701]\n"), "x  # brrr: ignore[BRRR701]\n");
    }
}

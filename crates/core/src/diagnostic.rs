//! What is said to users about their code.
//!
//! A [`Diagnostic`] is inert data; [`crate::report`], the language server and the Python exception draw it. What it is about is
//! a row of [the table of codes](Code).

mod codes;
mod nearest;

use std::sync::Arc;

pub use codes::Code;
pub use nearest::of as nearest;

use crate::source::{SourceFile, Span};

/// How grave a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The function is not compiled.
    Error,
    /// The function is compiled; a statement of it always runs in the interpreter, or always raises.
    Warning,
    /// The function is compiled as it should be, and could be faster. Shown on request.
    Hint,
}

impl Severity {
    /// `error`, `warning`, `hint`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }
}

/// A place with a remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The file that the place is in; none for the file that the diagnostic is about.
    pub file: Option<Arc<SourceFile>>,
    /// The place.
    pub span: Span,
    /// The remark; says what at the primary label, why at the others.
    pub text: String,
}

/// How sure it is that a fix is what the user wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Applicability {
    /// The function means the same afterwards, or what the message says it was meant to: tools may apply it unasked.
    MachineApplicable,
    /// To be looked at before it is applied, by the user's own choice.
    MaybeIncorrect,
}

impl Applicability {
    /// `machine-applicable`, `maybe-incorrect`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::MachineApplicable => "machine-applicable",
            Self::MaybeIncorrect => "maybe-incorrect",
        }
    }
}

/// A piece of text in place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced, in the file that the diagnostic is about; empty to insert.
    pub span: Span,
    /// What comes in its place.
    pub replacement: String,
}

/// A change of the source that puts something right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as a command: `write it as a loop`.
    pub message: String,
    /// All of them together, in the order of the source; they do not overlap.
    pub edits: Vec<Edit>,
    /// Whether it may be applied unasked.
    pub applicability: Applicability,
}

impl Fix {
    /// A fix of one edit.
    #[must_use]
    pub fn new(message: impl Into<String>, span: Span, replacement: impl Into<String>) -> Self {
        let edits = vec![Edit { span, replacement: replacement.into() }];
        Self { message: message.into(), edits, applicability: Applicability::MachineApplicable }
    }

    /// Adds an edit.
    #[must_use]
    pub fn edit(mut self, span: Span, replacement: impl Into<String>) -> Self {
        let at = self.edits.partition_point(|edit| edit.span <= span);
        self.edits.insert(at, Edit { span, replacement: replacement.into() });
        self
    }

    /// The same, to be looked at before it is applied.
    #[must_use]
    pub fn maybe(mut self) -> Self {
        self.applicability = Applicability::MaybeIncorrect;
        self
    }

    /// The text with the edits made; `None` if an edit lies outside of it, or edits overlap.
    #[must_use]
    pub fn apply(&self, text: &str) -> Option<String> {
        let mut edited = String::with_capacity(text.len());
        let mut at = 0;
        for edit in &self.edits {
            let (start, end) = (edit.span.start as usize, edit.span.end as usize);
            text.get(start..end)?;
            edited.push_str(text.get(at..start)?);
            edited.push_str(&edit.replacement);
            at = end;
        }
        edited.push_str(text.get(at..)?);
        Some(edited)
    }
}

/// One thing said about a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The row of the table of codes.
    pub code: Code,
    /// Stands alone; lower case, no full stop, backticks round code.
    pub message: String,
    /// The first is the primary one, and in the file that the diagnostic is about; others may be in other files.
    pub labels: Vec<Label>,
    /// More about it: why it is so, what else plays a part.
    pub notes: Vec<String>,
    /// What to write instead.
    pub help: Option<Box<str>>,
    /// Changes that put it right, the best first; each alone is enough.
    pub fixes: Vec<Fix>,
}

impl Diagnostic {
    /// A diagnostic with its primary label.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        let labels = vec![Label { file: None, span, text: label.into() }];
        Self { code, message: message.into(), labels, notes: Vec::new(), help: None, fixes: Vec::new() }
    }

    /// Says what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<Box<str>>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a note.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds a secondary label.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { file: None, span, text: text.into() });
        self
    }

    /// Adds a secondary label in another file.
    #[must_use]
    pub fn label_in(mut self, file: Arc<SourceFile>, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { file: Some(file), span, text: text.into() });
        self
    }

    /// Adds a fix.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fixes.push(fix);
        self
    }

    /// Adds a fix if there is one.
    #[must_use]
    pub fn maybe_fix(mut self, fix: Option<Fix>) -> Self {
        self.fixes.extend(fix);
        self
    }

    /// The same, to be told about another file: its places are in this one, where nothing is to be changed.
    #[must_use]
    pub fn elsewhere(mut self, file: &Arc<SourceFile>) -> Self {
        for label in &mut self.labels {
            label.file.get_or_insert_with(|| file.clone());
        }
        self.fixes.clear();
        self
    }

    /// Why a call cannot be compiled: the call, then what is said about the function that is called, which may be about a call in
    /// turn. Of `reason`, places in other files are shown ([`Self::elsewhere`]).
    #[must_use]
    pub fn of_call(name: &str, call: Span, reason: Self) -> Self {
        let message = format!("the call of `{name}` cannot be compiled: {}", reason.message);
        let mut diagnostic = Self::new(Code::Call, message, call, format!("`{name}` is called here"));
        diagnostic.help = reason.help.map(|help| format!("in `{name}`: {help}").into());
        diagnostic.notes = reason.notes;
        let shown = reason.labels.into_iter().filter(|label| label.file.is_some()).enumerate();
        diagnostic.labels.extend(shown.map(|(at, label)| match (at, label.text.is_empty()) {
            (0, true) => Label { text: reason.message.clone(), ..label },
            _ => label,
        }));
        diagnostic
    }

    /// The place of the primary label.
    #[must_use]
    pub fn span(&self) -> Span {
        self.labels.first().map(|label| label.span).unwrap_or_default()
    }

    /// How grave it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// Errors stop compilation, warnings and hints do not.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity() == Severity::Error
    }

    /// The fix that tools may apply unasked.
    #[must_use]
    pub fn machine_applicable(&self) -> Option<&Fix> {
        self.fixes.iter().find(|fix| fix.applicability == Applicability::MachineApplicable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_made_in_the_order_of_the_source() {
        let fix = Fix::new("", Span::new(4, 5), "é").edit(Span::new(0, 1), "").edit(Span::new(2, 2), "--");
        assert_eq!(fix.apply("abcdef").as_deref(), Some("b--cdéf"));
        assert_eq!(fix.apply("abc"), None, "outside of the text");
        assert_eq!(fix.clone().edit(Span::new(3, 5), "").apply("abcdef"), None, "edits overlap");
        assert_eq!(Fix::new("", Span::new(1, 1), "").apply("é"), None, "inside of a character");
    }

    #[test]
    fn a_call_shows_the_chain() {
        let (deep, middle) = (SourceFile::new("deep.py", "x"), SourceFile::new("middle.py", "yy"));
        let reason = Diagnostic::new(Code::List, "a list cannot be compiled", Span::new(0, 1), "no lists")
            .help("write a tuple")
            .fix(Fix::new("", Span::new(0, 1), ""));
        let reason = reason.elsewhere(&Arc::new(deep));
        let reason = Diagnostic::of_call("h", Span::new(0, 2), reason).elsewhere(&Arc::new(middle));
        let said = Diagnostic::of_call("g", Span::new(5, 6), reason);
        let message =
            "the call of `g` cannot be compiled: the call of `h` cannot be compiled: a list cannot be compiled";
        assert_eq!((said.code, said.message.as_str(), said.span()), (Code::Call, message, Span::new(5, 6)));
        let labels = said.labels.iter().map(|label| (label.file.as_ref().map(|file| file.path()), label.text.as_str()));
        let expected =
            [(None, "`g` is called here"), (Some("middle.py"), "`h` is called here"), (Some("deep.py"), "no lists")];
        assert_eq!(labels.collect::<Vec<_>>(), expected);
        assert_eq!(said.help.as_deref(), Some("in `g`: in `h`: write a tuple"));
        assert_eq!(said.fixes, []);
    }

    #[test]
    fn only_what_is_sure_is_applied_unasked() {
        let fix = Fix::new("first", Span::new(0, 1), "a");
        let diagnostic = Diagnostic::new(Code::Call, "", Span::new(0, 1), "").fix(fix.clone().maybe());
        assert_eq!(diagnostic.machine_applicable(), None);
        assert_eq!(diagnostic.fix(fix.clone()).machine_applicable(), Some(&fix));
    }
}

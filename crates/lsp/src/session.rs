//! The open documents and what is to be said about them. Knows neither LSP nor a transport.
//!
//! Enters: documents opened, edited and closed, in the order in which it happened. Leaves: [`Job`]s, which may run on
//! another thread, and [`Report`]s, what the editor is to show. Promised: a report is about the newest text of its document
//! or it is dropped; what was shown for a document that is closed, or has nothing to say any more, is cleared.

use std::any::Any;
use std::cell::Cell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use brrr_core::compile::Analysis;
use brrr_core::diagnostic::Diagnostic;
use brrr_core::source::SourceFile;

/// The open documents, each under the name that the client gave it.
#[derive(Debug, Default)]
pub struct Session {
    documents: HashMap<String, Document>,
    stamps: u64,
}

#[derive(Debug)]
struct Document {
    version: i32,
    text: String,
    /// Unique for each state of each document: a document that was closed and opened again may repeat its versions.
    stamp: u64,
    pending: bool,
    /// True if the client shows diagnostics, so that an empty report must follow.
    shown: bool,
}

/// The text of a document, to be analysed.
#[derive(Debug)]
pub struct Job {
    name: String,
    version: i32,
    stamp: u64,
    file: SourceFile,
}

/// What the editor is to show for a document, in place of what it shows now.
#[derive(Debug)]
pub struct Report {
    /// The document.
    pub name: String,
    /// The version of the text that this is about; none for a document that was closed.
    pub version: Option<i32>,
    /// The text that spans point into.
    pub file: SourceFile,
    /// In the order of the source.
    pub diagnostics: Vec<Diagnostic>,
    /// Why the analysis ended without a result: a bug in brrr.
    pub failure: Option<String>,
}

/// Why an edit was not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The document is not open.
    NotOpen,
    /// The edit leads to a version that is not newer than the one that is here.
    Outdated {
        /// The version that is here.
        current: i32,
    },
}

impl Session {
    /// A document with its whole text; replaces one of the same name.
    pub fn open(&mut self, name: &str, version: i32, text: String) {
        let shown = self.documents.get(name).is_some_and(|document| document.shown);
        let stamp = self.next_stamp();
        self.documents.insert(name.to_owned(), Document { version, text, stamp, pending: true, shown });
    }

    /// A new version of a document: `edit` makes its text from the current one.
    ///
    /// # Errors
    /// If the document is not open, or the version is not newer. The text stays as it is.
    pub fn change(&mut self, name: &str, version: i32, edit: impl FnOnce(&str) -> String) -> Result<(), Refusal> {
        let stamp = self.next_stamp();
        let document = self.documents.get_mut(name).ok_or(Refusal::NotOpen)?;
        if version <= document.version {
            return Err(Refusal::Outdated { current: document.version });
        }
        document.text = edit(&document.text);
        document.version = version;
        document.stamp = stamp;
        document.pending = true;
        Ok(())
    }

    /// Forgets a document. The report, if there is one, clears what is shown for it.
    pub fn close(&mut self, name: &str) -> Option<Report> {
        let document = self.documents.remove(name)?;
        document.shown.then(|| Report {
            name: name.to_owned(),
            version: None,
            file: SourceFile::new(name, document.text),
            diagnostics: Vec::new(),
            failure: None,
        })
    }

    /// The document to analyse next: the one that was edited last, for that is where the user looks.
    pub fn next_job(&mut self) -> Option<Job> {
        let newest = self.documents.iter_mut().filter(|(_, document)| document.pending);
        let (name, document) = newest.max_by_key(|(_, document)| document.stamp)?;
        document.pending = false;
        Some(Job {
            name: name.clone(),
            version: document.version,
            stamp: document.stamp,
            file: SourceFile::new(name.as_str(), document.text.as_str()),
        })
    }

    /// What to show after a job; nothing if its text is outdated, or there is nothing to say in a file where brrr has
    /// shown nothing.
    pub fn finish(&mut self, job: Job, outcome: Result<Analysis, String>) -> Option<Report> {
        let document = self.documents.get_mut(&job.name).filter(|document| document.stamp == job.stamp)?;
        let (analysis, failure) = match outcome {
            Ok(analysis) => (analysis, None),
            Err(failure) => (Analysis { functions: Vec::new(), diagnostics: Vec::new() }, Some(failure)),
        };
        let concerned = !analysis.functions.is_empty() || !analysis.diagnostics.is_empty();
        if !concerned && !document.shown && failure.is_none() {
            return None;
        }
        document.shown = !analysis.diagnostics.is_empty();
        Some(Report {
            name: job.name,
            version: Some(job.version),
            file: job.file,
            diagnostics: analysis.diagnostics,
            failure,
        })
    }

    const fn next_stamp(&mut self) -> u64 {
        self.stamps += 1;
        self.stamps
    }
}

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

impl Job {
    /// Analyses the text. A panic is a failure of this job alone.
    ///
    /// # Errors
    /// What the panic said.
    pub fn run(&self, analyze: impl FnOnce(&SourceFile) -> Analysis) -> Result<Analysis, String> {
        CONTAINED.set(true);
        let outcome = catch_unwind(AssertUnwindSafe(|| analyze(&self.file)));
        CONTAINED.set(false);
        outcome.map_err(|panic| panic_text(panic.as_ref()))
    }
}

/// True while this thread runs a [`Job`], whose panics end the job and not the process.
#[must_use]
pub fn is_contained() -> bool {
    CONTAINED.get()
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("panic").to_owned()
}

#[cfg(test)]
mod tests {
    use brrr_core::compile::FunctionAnalysis;
    use brrr_core::diagnostic::Code;
    use brrr_core::source::Span;
    use brrr_core::types::{Signature, TypeSet};

    use super::*;

    /// Stands for the checker: each `!` is an error, each `f` a function.
    fn analyze(file: &SourceFile) -> Analysis {
        let places =
            |wanted: char| file.text().match_indices(wanted).map(|(at, _)| Span::new(at as u32, at as u32 + 1));
        let function = |span| FunctionAnalysis {
            name: "f".to_owned(),
            span,
            signature: Signature::default(),
            result: TypeSet::EMPTY,
            bindings: Vec::new(),
        };
        Analysis {
            functions: places('f').map(function).collect(),
            diagnostics: places('!').map(|span| Diagnostic::new(Code::Statement, "bang", span, "")).collect(),
        }
    }

    fn turn(session: &mut Session) -> Option<(String, Option<i32>, usize)> {
        let job = session.next_job()?;
        let outcome = job.run(analyze);
        session.finish(job, outcome).map(|report| (report.name, report.version, report.diagnostics.len()))
    }

    fn said(name: &str, version: i32, count: usize) -> Option<(String, Option<i32>, usize)> {
        Some((name.to_owned(), Some(version), count))
    }

    #[test]
    fn errors_are_shown_and_cleared() {
        let mut session = Session::default();
        session.open("a", 1, "f !".to_owned());
        assert_eq!(turn(&mut session), said("a", 1, 1));
        session.change("a", 2, |text| text.replace('!', "")).unwrap();
        assert_eq!(turn(&mut session), said("a", 2, 0));
        assert!(session.next_job().is_none());
    }

    #[test]
    fn a_file_without_functions_is_silent() {
        let mut session = Session::default();
        session.open("a", 1, "x".to_owned());
        assert_eq!(turn(&mut session), None);
        assert!(session.close("a").is_none());
    }

    #[test]
    fn a_function_that_is_gone_leaves_nothing_shown() {
        let mut session = Session::default();
        session.open("a", 1, "f !".to_owned());
        turn(&mut session);
        session.change("a", 2, |_| String::new()).unwrap();
        assert_eq!(turn(&mut session), said("a", 2, 0));
        session.change("a", 3, |_| "x".to_owned()).unwrap();
        assert_eq!(turn(&mut session), None);
    }

    #[test]
    fn edits_apply_to_the_text_before_them() {
        let mut session = Session::default();
        session.open("a", 1, "f".to_owned());
        for version in 2..=51 {
            session.change("a", version, |text| format!("{text}!")).unwrap();
        }
        assert_eq!(turn(&mut session), said("a", 51, 50));
        assert!(session.next_job().is_none(), "fifty edits are one analysis");
    }

    #[test]
    fn old_versions_and_unknown_documents_are_refused() {
        let mut session = Session::default();
        session.open("a", 5, "f".to_owned());
        let outdated = Err(Refusal::Outdated { current: 5 });
        assert_eq!(session.change("a", 5, |_| "!".to_owned()), outdated);
        assert_eq!(session.change("a", 4, |_| "!".to_owned()), outdated);
        assert_eq!(session.change("b", 1, |_| "!".to_owned()), Err(Refusal::NotOpen));
        assert_eq!(turn(&mut session), said("a", 5, 0));
    }

    #[test]
    fn a_result_for_old_text_is_dropped() {
        let mut session = Session::default();
        session.open("a", 1, "f !".to_owned());
        let job = session.next_job().unwrap();
        let outcome = job.run(analyze);
        session.change("a", 2, |_| "f".to_owned()).unwrap();
        assert!(session.finish(job, outcome).is_none());
        assert_eq!(turn(&mut session), said("a", 2, 0));
    }

    #[test]
    fn a_result_for_a_closed_document_is_dropped_even_if_it_is_open_again() {
        let mut session = Session::default();
        session.open("a", 1, "f !".to_owned());
        let job = session.next_job().unwrap();
        let outcome = job.run(analyze);
        session.close("a");
        session.open("a", 1, "f".to_owned());
        assert!(session.finish(job, outcome).is_none());
        assert_eq!(turn(&mut session), said("a", 1, 0));
    }

    #[test]
    fn closing_clears_what_is_shown() {
        let mut session = Session::default();
        session.open("a", 1, "f !".to_owned());
        turn(&mut session);
        let report = session.close("a").unwrap();
        assert_eq!((report.version, report.diagnostics.len()), (None, 0));
        assert!(session.close("a").is_none());
    }

    #[test]
    fn opening_again_without_closing_still_clears() {
        let mut session = Session::default();
        session.open("a", 1, "f !".to_owned());
        turn(&mut session);
        session.open("a", 1, "x".to_owned());
        assert_eq!(turn(&mut session), said("a", 1, 0));
    }

    #[test]
    fn the_document_edited_last_comes_first() {
        let mut session = Session::default();
        session.open("a", 1, "f".to_owned());
        session.open("b", 1, "f".to_owned());
        session.change("a", 2, str::to_owned).unwrap();
        assert_eq!(turn(&mut session), said("a", 2, 0));
        assert_eq!(turn(&mut session), said("b", 1, 0));
    }

    #[test]
    fn a_panic_costs_one_job() {
        let mut session = Session::default();
        session.open("a", 1, "f !".to_owned());
        turn(&mut session);
        session.change("a", 2, |text| format!("{text}!")).unwrap();
        let job = session.next_job().unwrap();
        let outcome = job.run(|_| panic!("no rule for `{}`", 7));
        assert!(!is_contained());
        let report = session.finish(job, outcome).unwrap();
        assert_eq!(report.failure.as_deref(), Some("no rule for `7`"));
        assert!(report.diagnostics.is_empty(), "stale places are not left behind");
        session.change("a", 3, |text| format!("{text}!")).unwrap();
        assert_eq!(turn(&mut session), said("a", 3, 3));
    }
}

//! The open documents and what is known about them. Knows neither LSP nor a transport.
//!
//! Enters: documents opened, edited and closed, in the order in which it happened. Leaves: [`Job`]s, which may run on another
//! thread, [`Version`]s, which answer questions, and [`Report`]s, what the editor is to show. Promised: a report is about the newest
//! text of its document or it is dropped; what was shown for a document that is closed, or has nothing to say any more, is cleared;
//! who waits for a text that is no more is told so.

use std::any::Any;
use std::cell::Cell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use brrr_core::diagnostic::Diagnostic;
use brrr_core::query::{Cells, Snapshot};
use brrr_core::source::SourceFile;
use brrr_core::types::Signature;
use tokio::sync::oneshot;
use tower_lsp::lsp_types::Url;

use crate::library::Library;
use crate::lines;

/// The open documents, each under the name that the client gave it.
#[derive(Debug, Default)]
pub struct Session {
    documents: HashMap<String, Document>,
    /// The signatures that the user has picked for functions.
    picks: HashMap<(String, String), Signature>,
    /// The order of the cells of notebooks, as far as clients tell it.
    orders: HashMap<String, Vec<String>>,
    stamps: u64,
}

#[derive(Debug)]
struct Document {
    number: i32,
    text: String,
    /// Unique for each state of each document: a document that was closed and opened again may repeat its versions.
    stamp: u64,
    pending: bool,
    /// True if the client shows diagnostics, so that an empty report must follow.
    shown: bool,
    /// The notebook that it is a cell of.
    notebook: Option<String>,
    known: Option<Arc<Version>>,
    /// What LLVM could not do with this text.
    defects: Vec<Diagnostic>,
    waiting: Vec<oneshot::Sender<Arc<Version>>>,
}

/// One text of a document, analysed.
#[derive(Debug)]
pub struct Version {
    /// The document.
    pub name: String,
    /// The client's number of it.
    pub number: i32,
    /// Unique among all texts of all documents.
    pub stamp: u64,
    /// What is known. Of a file without text if the analysis failed.
    pub snapshot: Arc<Snapshot>,
    /// Where the lines of the text begin.
    pub starts: Vec<u32>,
    /// The other cells of the notebook that it was analysed with, and how many of them stand in front of it.
    around: (Vec<u64>, usize),
}

/// The text of a document, to be analysed.
#[derive(Debug)]
pub struct Job {
    name: String,
    number: i32,
    stamp: u64,
    text: String,
    previous: Option<Arc<Version>>,
    /// The other cells of its notebook in their order: those in front of it, and those behind it.
    before: Vec<Arc<Version>>,
    after: Vec<Arc<Version>>,
    /// What is known of the open documents, by their names.
    others: Vec<(String, Option<Arc<Version>>)>,
}

/// What the editor is to show for a document, in place of what it shows now.
#[derive(Debug)]
pub struct Report {
    /// The document.
    pub name: String,
    /// What is known; none for a document that was closed.
    pub version: Option<Arc<Version>>,
    /// What LLVM could not do with the text.
    pub defects: Vec<Diagnostic>,
    /// Why the analysis ended without a result: a bug in brrr.
    pub failure: Option<String>,
    /// The same text has been analysed before, with other documents, and something else was found.
    pub again: bool,
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

/// What is known about the newest text of a document.
#[derive(Debug)]
pub enum Newest {
    /// It is analysed.
    Known(Arc<Version>),
    /// It will be. The sender is dropped if the text changes before that.
    Awaited(oneshot::Receiver<Arc<Version>>),
    /// It is not open.
    NotOpen,
}

impl Session {
    /// A document with its whole text; replaces one of the same name. `notebook` is what it is a cell of.
    pub fn open(&mut self, name: &str, number: i32, text: String, notebook: Option<String>) {
        let shown = self.documents.get(name).is_some_and(|document| document.shown);
        let stamp = self.next_stamp();
        let document = Document {
            number,
            text,
            stamp,
            pending: true,
            shown,
            notebook,
            known: None,
            defects: Vec::new(),
            waiting: Vec::new(),
        };
        self.documents.insert(name.to_owned(), document);
    }

    /// A new version of a document: `edit` makes its text from the current one.
    ///
    /// # Errors
    /// If the document is not open, or the version is not newer. The text stays as it is.
    pub fn change(&mut self, name: &str, number: i32, edit: impl FnOnce(&str) -> String) -> Result<(), Refusal> {
        let stamp = self.next_stamp();
        let document = self.documents.get_mut(name).ok_or(Refusal::NotOpen)?;
        if number <= document.number {
            return Err(Refusal::Outdated { current: document.number });
        }
        document.text = edit(&document.text);
        document.number = number;
        document.stamp = stamp;
        document.pending = true;
        document.waiting.clear();
        document.defects.clear();
        Ok(())
    }

    /// Forgets a document. The report, if there is one, clears what is shown for it.
    pub fn close(&mut self, name: &str) -> Option<Report> {
        let document = self.documents.remove(name)?;
        self.picks.retain(|(of, _), _| of != name);
        self.touch_cells(name, document.notebook.as_deref());
        let depends =
            |one: &&mut Document| one.known.as_ref().is_some_and(|known| known.snapshot.depends().contains(name));
        // Now its file counts.
        self.documents.values_mut().filter(depends).for_each(|one| one.pending = true);
        document.shown.then(|| Report {
            name: name.to_owned(),
            version: None,
            defects: Vec::new(),
            failure: None,
            again: false,
        })
    }

    /// The names of the open documents.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.documents.keys().map(String::as_str)
    }

    /// The cells of a notebook.
    pub fn cells(&self, notebook: &str) -> Vec<String> {
        let cells = self.documents.iter().filter(|(_, one)| one.notebook.as_deref() == Some(notebook));
        cells.map(|(name, _)| name.clone()).collect()
    }

    /// Replaces a part of a notebook's cells by others, in their order.
    pub fn order(&mut self, notebook: &str, start: usize, removed: usize, cells: Vec<String>) {
        let order = self.orders.entry(notebook.to_owned()).or_default();
        let start = start.min(order.len());
        let end = start.saturating_add(removed).min(order.len());
        order.splice(start..end, cells);
        self.touch_cells("", Some(notebook));
    }

    /// Forgets the order of a notebook's cells.
    pub fn close_notebook(&mut self, notebook: &str) {
        self.orders.remove(notebook);
    }

    /// Analyses everything again: what it depends on beside its text has changed.
    pub fn touch(&mut self) {
        for document in self.documents.values_mut() {
            document.pending = true;
        }
    }

    /// What is known about the newest text of a document.
    pub fn newest(&mut self, name: &str) -> Newest {
        let Some(document) = self.documents.get_mut(name) else { return Newest::NotOpen };
        match &document.known {
            Some(known) if known.stamp == document.stamp && !document.pending => Newest::Known(known.clone()),
            _ => {
                let (sender, receiver) = oneshot::channel();
                document.waiting.retain(|one| !one.is_closed());
                document.waiting.push(sender);
                Newest::Awaited(receiver)
            }
        }
    }

    /// What was known last about each open document.
    pub fn all_known(&self) -> Vec<Arc<Version>> {
        self.documents.values().filter_map(|document| document.known.clone()).collect()
    }

    /// Shows a function for a signature; `None` for what its calls and annotations say.
    pub fn pick(&mut self, name: &str, function: &str, signature: Option<Signature>) {
        let key = (name.to_owned(), function.to_owned());
        match signature {
            Some(signature) => drop(self.picks.insert(key, signature)),
            None => drop(self.picks.remove(&key)),
        }
    }

    /// The signatures that the user has picked in a document.
    #[must_use]
    pub fn picks(&self, name: &str) -> HashMap<String, Signature> {
        let own = self.picks.iter().filter(|((of, _), _)| of == name);
        own.map(|((_, function), signature)| (function.clone(), signature.clone())).collect()
    }

    /// Adds what LLVM could not do with a text; nothing if that text is no more.
    pub fn add_defect(&mut self, version: &Arc<Version>, defect: Diagnostic) -> Option<Report> {
        let document = self.documents.get_mut(&version.name).filter(|one| one.stamp == version.stamp)?;
        if document.defects.contains(&defect) {
            return None;
        }
        document.defects.push(defect);
        document.shown = true;
        let (version, defects) = (Some(version.clone()), document.defects.clone());
        Some(Report { name: version.as_ref()?.name.clone(), version, defects, failure: None, again: false })
    }

    /// The stamp of the newest text of a document, if it is analysed.
    #[must_use]
    pub fn newest_known(&self, name: &str) -> Option<u64> {
        let document = self.documents.get(name)?;
        document.known.as_ref().map(|known| known.stamp).filter(|&stamp| stamp == document.stamp)
    }

    /// What is to be shown of a text now that more is known about it; nothing if that text is no more.
    pub fn report(&mut self, version: &Arc<Version>) -> Option<Report> {
        let document = self.documents.get_mut(&version.name).filter(|one| one.stamp == version.stamp)?;
        document.shown = true;
        let defects = document.defects.clone();
        Some(Report {
            name: version.name.clone(),
            version: Some(version.clone()),
            defects,
            failure: None,
            again: false,
        })
    }

    /// What LLVM could not do with the newest text of a document.
    #[must_use]
    pub fn defects(&self, name: &str) -> Vec<Diagnostic> {
        self.documents.get(name).map(|document| document.defects.clone()).unwrap_or_default()
    }

    /// Says that the client shows diagnostics for a document already.
    pub fn is_shown(&mut self, name: &str) {
        if let Some(document) = self.documents.get_mut(name) {
            document.shown = true;
        }
    }

    /// The document to analyse next: the one that was edited last, for that is where the user looks.
    pub fn next_job(&mut self) -> Option<Job> {
        let pending = self.documents.iter().filter(|(_, document)| document.pending);
        let name = pending.max_by_key(|(_, document)| document.stamp)?.0.clone();
        let (before, after) = self.context(&name);
        let others = self.documents.iter().map(|(name, one)| (name.clone(), one.known.clone())).collect();
        let document = self.documents.get_mut(&name)?;
        document.pending = false;
        Some(Job {
            number: document.number,
            stamp: document.stamp,
            text: document.text.clone(),
            previous: document.known.clone(),
            before,
            after,
            others,
            name,
        })
    }

    /// What is known of the other cells of the notebook that a document is a cell of: those in front of it, and those behind it. Where
    /// no order is known, all stand in front.
    fn context(&self, name: &str) -> (Vec<Arc<Version>>, Vec<Arc<Version>>) {
        let Some(notebook) = self.documents.get(name).and_then(|document| document.notebook.as_ref()) else {
            return (Vec::new(), Vec::new());
        };
        let order = self.orders.get(notebook).map(Vec::as_slice).unwrap_or_default();
        let place = |name: &str| order.iter().position(|one| one == name).unwrap_or(usize::MAX);
        let own = place(name);
        let others =
            self.documents.iter().filter(|(other, one)| *other != name && one.notebook.as_ref() == Some(notebook));
        let mut others = others.filter_map(|(_, one)| one.known.clone()).collect::<Vec<_>>();
        others.sort_by_cached_key(|one| (place(&one.name), one.name.clone()));
        others.into_iter().partition(|one| place(&one.name) <= own)
    }

    /// What is known of the other cells of the notebook that a document is a cell of.
    #[must_use]
    pub fn beside(&self, name: &str) -> Vec<Arc<Version>> {
        let (mut all, after) = self.context(name);
        all.extend(after);
        all
    }

    /// Cells that were analysed with another text of this one, or in another order, are analysed again.
    fn touch_cells(&mut self, name: &str, notebook: Option<&str>) {
        let Some(notebook) = notebook else { return };
        for cell in self.cells(notebook) {
            let (before, after) = self.context(&cell);
            let around = stamps(&before, &after);
            if let Some(document) = self.documents.get_mut(&cell).filter(|_| cell != name) {
                document.pending |= document.known.as_ref().is_some_and(|known| known.around != around);
            }
        }
    }

    /// Documents that depend on this one, by way of others too, are analysed again if they may get something else from it now.
    fn touch_dependents(&mut self, before: Option<&Version>, now: &Version) {
        let depends =
            |one: &Document| one.known.as_ref().is_some_and(|known| known.snapshot.depends().contains(&now.name));
        // Whether there is something else is asked only where somebody depends on it.
        if self.documents.values().any(depends)
            && before.map(|one| one.snapshot.fingerprint()) != Some(now.snapshot.fingerprint())
        {
            self.documents.values_mut().filter(|one| depends(one)).for_each(|one| one.pending = true);
        }
    }

    /// Has the documents that import something analysed again: files have changed.
    pub fn touch_importers(&mut self) {
        let imports = |one: &&mut Document| one.text.contains("import");
        self.documents.values_mut().filter(imports).for_each(|one| one.pending = true);
    }

    /// What to show after a job; nothing if its text is outdated, or there is nothing to say in a file where brrr has
    /// shown nothing.
    pub fn finish(&mut self, job: Job, outcome: Result<Snapshot, String>) -> Option<Report> {
        let document = self.documents.get_mut(&job.name).filter(|document| document.stamp == job.stamp)?;
        let (snapshot, failure) = match outcome {
            Ok(snapshot) => (snapshot, None),
            Err(failure) => (Snapshot::new(None, SourceFile::new(&*job.name, ""), &[]), Some(failure)),
        };
        let starts = lines::starts(snapshot.file().text());
        let around = stamps(&job.before, &job.after);
        let snapshot = Arc::new(snapshot);
        let version =
            Arc::new(Version { name: job.name, number: job.number, stamp: job.stamp, snapshot, starts, around });
        let before = document.known.replace(version.clone());
        let again = before.as_ref().is_some_and(|before| {
            let (before, now) = (&*before.snapshot, &*version.snapshot);
            before.functions().count() != now.functions().count() || before.diagnostics() != now.diagnostics()
        }) && before.as_ref().is_some_and(|before| before.stamp == version.stamp);
        let waiting = std::mem::take(&mut document.waiting);
        let concerned = version.snapshot.is_concerned() || document.shown || failure.is_some();
        document.shown = !version.snapshot.diagnostics().is_empty() || !document.defects.is_empty();
        let notebook = document.notebook.clone();
        waiting.into_iter().for_each(|one| drop(one.send(version.clone())));
        self.touch_cells(&version.name, notebook.as_deref());
        self.touch_dependents(before.as_deref(), &version);
        let defects = self.defects(&version.name);
        concerned.then(|| Report { name: version.name.clone(), version: Some(version), defects, failure, again })
    }

    const fn next_stamp(&mut self) -> u64 {
        self.stamps += 1;
        self.stamps
    }
}

/// What a cell was analysed with.
fn stamps(before: &[Arc<Version>], after: &[Arc<Version>]) -> (Vec<u64>, usize) {
    (before.iter().chain(after).map(|one| one.stamp).collect(), before.len())
}

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

impl Job {
    /// Analyses the text. A panic is a failure of this job alone.
    ///
    /// # Errors
    /// What the panic said.
    pub fn run(&self, library: &mut Library, roots: &[PathBuf]) -> Result<Snapshot, String> {
        contained(|| {
            let cells = |cells: &[Arc<Version>]| cells.iter().map(|one| one.snapshot.clone()).collect::<Vec<_>>();
            let (before, after) = (cells(&self.before), cells(&self.after));
            let previous = self.previous.as_ref().map(|previous| &*previous.snapshot);
            let path = |name: &str| Url::parse(name).ok()?.to_file_path().ok();
            let open = self.others.iter();
            let open = open.filter_map(|(name, one)| Some((path(name)?, one.as_ref().map(|one| one.snapshot.clone()))));
            library.begin(roots.to_vec(), open.collect());
            Snapshot::among(
                previous,
                SourceFile::new(&*self.name, &*self.text),
                Cells { before: &before, after: &after },
                library,
            )
        })
    }
}

/// Runs something whose panics end it and not the process.
///
/// # Errors
/// What the panic said.
pub fn contained<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    let around = CONTAINED.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(run));
    CONTAINED.set(around);
    outcome.map_err(|panic| panic_text(panic.as_ref()))
}

/// True while this thread is within [`contained`].
#[must_use]
pub fn is_contained() -> bool {
    CONTAINED.get()
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("panic").to_owned()
}

#[cfg(test)]
mod tests;

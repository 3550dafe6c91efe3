//! What the threads of the server share, and the work of those that are not the dispatcher.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use brrr_core::diagnostic::{Diagnostic, Severity};
use brrr_core::query::{Cells, Snapshot};
use brrr_core::source::SourceFile;
use serde_json::{Value, json};
use tower_lsp::lsp_types as lsp;
use tower_lsp::lsp_types::notification::{LogMessage, Notification, PublishDiagnostics};

use crate::answers::View;
use crate::config::{Configurations, Overrides};
use crate::convert::{self, Profile};
use crate::library::{Library, Naming};
use crate::lines::Lines;
use crate::optimiser::{self, Outcome};
use crate::session::{self, Report, Session, Version};
use crate::settings::Settings;
use crate::stages::{self, Stages};
use crate::trace;
use crate::transport::Outbox;
use crate::worker::Failure;
use crate::workspace::{Open, Told, Workspace};

/// How long nothing must have changed before other files are looked at.
const QUIET: Duration = Duration::from_millis(250);

/// Files beyond which the looking is shown.
const SLOW: usize = 300;

/// What the threads share.
#[derive(Debug)]
pub struct Shared {
    session: Mutex<Session>,
    /// Told when the session may have a job.
    pub work: Condvar,
    pub profile: OnceLock<Arc<Profile>>,
    settings: Mutex<Arc<Settings>>,
    told: Mutex<HashMap<PathBuf, Told>>,
    roots: Mutex<Vec<PathBuf>>,
    /// Counts what makes it necessary to look at other files.
    stirred: Mutex<u64>,
    stir: Condvar,
    /// What `pyproject.toml`s say.
    configurations: Mutex<Arc<Configurations>>,
    /// Configurations for which diagnostics are shown.
    wrong: Mutex<HashSet<lsp::Url>>,
    pub stages: Stages,
    /// Counts what makes it necessary to ask the optimiser.
    unheard: Mutex<u64>,
    hearing: Condvar,
    /// It was said that there is no LLVM.
    is_missing: AtomicBool,
    pub left: AtomicBool,
    pub outbox: Outbox,
    requests: AtomicU64,
    /// Tokens of progress that the user has cancelled.
    pub cancelled: Mutex<HashSet<String>>,
    /// Files that are not open and for which diagnostics are shown.
    pub checked: Mutex<HashSet<lsp::Url>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until a count is another than the one that was seen, and has stayed as it is for a while: not while somebody types.
fn quiet(count: &Mutex<u64>, told: &Condvar, mut seen: u64) -> u64 {
    let mut counted = lock(count);
    while *counted == seen {
        counted = told.wait(counted).unwrap_or_else(PoisonError::into_inner);
    }
    loop {
        seen = *counted;
        let (guard, waited) = told.wait_timeout(counted, QUIET).unwrap_or_else(PoisonError::into_inner);
        counted = guard;
        if waited.timed_out() && *counted == seen {
            return seen;
        }
    }
}

impl Shared {
    pub fn new(outbox: Outbox) -> Self {
        Self {
            session: Mutex::default(),
            work: Condvar::new(),
            profile: OnceLock::new(),
            settings: Mutex::default(),
            told: Mutex::default(),
            roots: Mutex::default(),
            stirred: Mutex::new(0),
            stir: Condvar::new(),
            configurations: Mutex::default(),
            wrong: Mutex::default(),
            stages: Stages::new(),
            unheard: Mutex::new(0),
            hearing: Condvar::new(),
            is_missing: AtomicBool::new(false),
            left: AtomicBool::new(false),
            outbox,
            requests: AtomicU64::new(0),
            cancelled: Mutex::default(),
            checked: Mutex::default(),
        }
    }

    pub fn session(&self) -> MutexGuard<'_, Session> {
        lock(&self.session)
    }

    pub fn settings(&self) -> Arc<Settings> {
        lock(&self.settings).clone()
    }

    pub fn cancelled(&self) -> MutexGuard<'_, HashSet<String>> {
        lock(&self.cancelled)
    }

    pub fn checked(&self) -> MutexGuard<'_, HashSet<lsp::Url>> {
        lock(&self.checked)
    }

    pub fn roots(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        lock(&self.roots)
    }

    pub fn profile(&self) -> Arc<Profile> {
        let default = || Arc::new(Profile::new(&lsp::InitializeParams::default()));
        self.profile.get().cloned().unwrap_or_else(default)
    }

    /// Takes over settings, and has everything shown anew if that changes something.
    pub fn set(&self, said: &Value) {
        let mut settings = lock(&self.settings);
        let mut new = Settings::clone(&settings);
        new.update(said);
        if new == **settings {
            return;
        }
        let diagnostics = new.remarks != settings.remarks;
        *settings = Arc::new(new);
        drop(settings);
        if diagnostics {
            self.is_missing.store(false, Ordering::Relaxed);
            self.session().touch();
            self.work.notify_one();
        }
        self.refresh();
    }

    /// The view of a version.
    pub fn view(&self, uri: &lsp::Url, version: Arc<Version>) -> View {
        let picks = self.session().picks(&version.name);
        let told = uri.to_file_path().ok().and_then(|path| lock(&self.told).get(&path).cloned()).unwrap_or_default();
        let seen = told.seen.iter().filter(|seen| version.snapshot.functions().any(|one| seen.is_of(one.function)));
        let beside = self.session().beside(&version.name);
        let calls = match beside.is_empty() {
            true => told.calls,
            false => {
                let own = beside.iter().flat_map(|cell| cell.snapshot.calls().map(|(call, _)| call));
                Arc::new(own.chain(told.calls.iter()).cloned().collect())
            }
        };
        View {
            uri: uri.clone(),
            profile: self.profile(),
            settings: self.settings(),
            picks,
            calls,
            seen: Arc::new(seen.cloned().collect()),
            version,
        }
    }

    /// Analyses what is to be analysed, for ever.
    pub fn analyze(&self) {
        let mut library = Library::new(Naming::Address);
        let mut session = self.session();
        loop {
            let Some(job) = session.next_job() else {
                session = self.work.wait(session).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(session);
            let roots = self.roots().clone();
            let outcome = job.run(&mut library, &roots);
            session = self.session();
            if let Some(report) = session.finish(job, outcome) {
                self.publish(&report);
                if report.again {
                    // Who asks for what there is to say has no reason to ask: the text is the same.
                    self.refresh();
                }
                self.look_again();
                self.listen_again();
            }
        }
    }

    /// The diagnostics to show for a version.
    pub fn diagnostics(&self, version: &Version, defects: &[Diagnostic]) -> Vec<Diagnostic> {
        let path = lsp::Url::parse(&version.name).ok().and_then(|uri| uri.to_file_path().ok());
        self.wanted(path.as_deref(), &version.snapshot, defects)
    }

    /// Those of a file that its configuration and the user want to see, in the order of the source.
    fn wanted(&self, path: Option<&Path>, snapshot: &Snapshot, defects: &[Diagnostic]) -> Vec<Diagnostic> {
        let configuration = path.map(|path| (path, lock(&self.configurations).clone().of(path)));
        if configuration.as_ref().is_some_and(|(path, configuration)| configuration.excludes(path, false)) {
            return Vec::new();
        }
        let remarks = self.settings().remarks;
        let mut hints = Vec::new();
        if remarks || configuration.as_ref().is_some_and(|(_, configuration)| configuration.hints) {
            hints = snapshot.hints();
            if let Some(told) = path.and_then(|path| lock(&self.told).get(path).cloned()) {
                hints.extend(trace::exits(snapshot, &told.seen));
            }
        }
        let is_wanted = |one: &&Diagnostic| {
            let asked_for = remarks && one.severity() == Severity::Hint;
            asked_for || configuration.as_ref().is_none_or(|(path, configuration)| configuration.shows(one, path))
        };
        let all = snapshot.diagnostics().iter().chain(defects).chain(&hints);
        let mut wanted = all.filter(is_wanted).cloned().collect::<Vec<_>>();
        wanted.sort_by_key(Diagnostic::span);
        wanted
    }

    /// Reads the configurations again, and says what is wrong with them.
    pub fn configure(&self) {
        let fresh = Arc::new(Configurations::nearest(Overrides::default()));
        let known = self.session().all_known();
        for version in known {
            if let Some(path) = lsp::Url::parse(&version.name).ok().and_then(|uri| uri.to_file_path().ok()) {
                // What it says is asked for again later; here it matters that it is read.
                let _ = fresh.of(&path);
            }
        }
        let broken = fresh.broken();
        *lock(&self.configurations) = fresh;
        let profile = self.profile();
        let mut wrong = lock(&self.wrong);
        let mut gone = std::mem::take(&mut *wrong);
        for one in broken {
            let path = std::path::absolute(one.file.path()).unwrap_or_default();
            let Ok(uri) = lsp::Url::from_file_path(path) else { continue };
            let lines = Lines::new(one.file.text(), profile.encoding);
            let diagnostics =
                one.diagnostics.iter().map(|one| convert::diagnostic(one, &uri, &lines, &profile)).collect();
            gone.remove(&uri);
            wrong.insert(uri.clone());
            self.notify::<PublishDiagnostics>(&lsp::PublishDiagnosticsParams { uri, diagnostics, version: None });
        }
        for uri in gone {
            let diagnostics = Vec::new();
            self.notify::<PublishDiagnostics>(&lsp::PublishDiagnosticsParams { uri, diagnostics, version: None });
        }
        drop(wrong);
        self.session().touch();
        self.work.notify_one();
        if profile.refreshes.contains(&"diagnostic") {
            self.request("workspace/diagnostic/refresh", &Value::Null);
        }
    }

    /// The same, for the client.
    pub fn shown(&self, uri: &lsp::Url, version: &Version, defects: &[Diagnostic]) -> Vec<lsp::Diagnostic> {
        let profile = self.profile();
        let lines = Lines::known(version.snapshot.file().text(), &version.starts, profile.encoding);
        let all = self.diagnostics(version, defects);
        all.iter().map(|one| convert::diagnostic(one, uri, &lines, &profile)).collect()
    }

    /// Called with the session locked, so that reports leave in the order in which they were made.
    pub fn publish(&self, report: &Report) {
        if let Some(failure) = &report.failure {
            let message = format!("brrr failed on {}: {failure}; this is a bug in brrr", report.name);
            self.log(lsp::MessageType::ERROR, message);
        }
        if self.profile().pulls_diagnostics {
            return;
        }
        let Ok(uri) = lsp::Url::parse(&report.name) else { return };
        let (diagnostics, version) = match &report.version {
            None => (Vec::new(), None),
            Some(version) => (self.shown(&uri, version, &report.defects), Some(version.number)),
        };
        self.notify::<PublishDiagnostics>(&lsp::PublishDiagnosticsParams { uri, diagnostics, version });
    }

    pub fn log(&self, typ: lsp::MessageType, message: String) {
        self.notify::<LogMessage>(&lsp::LogMessageParams { typ, message });
    }

    pub fn notify<N: Notification>(&self, params: &N::Params) {
        self.outbox.send(json!({ "jsonrpc": "2.0", "method": N::METHOD, "params": json!(params) }));
    }

    /// Sends a request. Nothing waits for the answer; what matters in it, [`Self::answered`] sees.
    pub fn request(&self, method: &str, params: &Value) {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let id = format!("{method}#{number}");
        self.outbox.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
    }

    /// An answer of the client.
    pub fn answered(&self, response: &Value) {
        let id = response.get("id").and_then(Value::as_str).unwrap_or_default();
        if id.starts_with("workspace/configuration#")
            && let Some(said) = response.pointer("/result/0")
        {
            self.set(said);
        }
    }

    /// Asks for the settings.
    pub fn ask_configuration(&self) {
        if self.profile().has_configuration {
            self.request("workspace/configuration", &json!({ "items": [{ "section": "brrr" }] }));
        }
    }

    /// Has the client ask again for what it shows.
    pub fn refresh(&self) {
        for name in &self.profile().refreshes {
            self.request(&format!("workspace/{name}/refresh"), &Value::Null);
        }
    }

    /// True if hints about a document are shown.
    fn shows_hints(&self, name: &str) -> bool {
        let path = || lsp::Url::parse(name).ok().and_then(|uri| uri.to_file_path().ok());
        self.settings().remarks || path().is_some_and(|path| self.shows_hints_at(&path))
    }

    fn shows_hints_at(&self, path: &Path) -> bool {
        self.settings().remarks || lock(&self.configurations).clone().of(path).hints
    }

    /// Says that there may be functions about which the optimiser was not heard.
    fn listen_again(&self) {
        *lock(&self.unheard) += 1;
        self.hearing.notify_one();
    }

    /// Asks the optimiser about functions for which hints are shown, whenever nobody types, for ever.
    pub fn listen(&self) {
        let mut seen = 0;
        loop {
            seen = quiet(&self.unheard, &self.hearing, seen);
            let versions = self.session().all_known();
            for version in versions.iter().filter(|version| self.shows_hints(&version.name)) {
                if self.is_missing.load(Ordering::Relaxed) {
                    break;
                }
                let newest =
                    || matches!(self.session().newest_known(&version.name), Some(stamp) if stamp == version.stamp);
                let asked = session::contained(|| {
                    let (limit, never) = (self.settings().time_limit, AtomicBool::new(false));
                    let goes_on = || newest() && self.shows_hints(&version.name);
                    optimiser::listen(&version.snapshot, self.stages.worker(), limit, &never, &goes_on)
                });
                let Ok(outcome) = asked else { continue };
                self.was_heard(version, &outcome);
            }
        }
    }

    /// Shows a document with what was heard about its functions.
    fn was_heard(&self, version: &Arc<Version>, outcome: &Outcome) {
        let mut defect = None;
        for (at, failure) in &outcome.failures {
            let Some(located) = version.snapshot.functions().nth(*at) else { continue };
            match failure {
                Failure::Missing(_) => {
                    self.is_missing.store(true, Ordering::Relaxed);
                    let message = format!("hints are shown without what LLVM says: {}", failure.text());
                    self.log(lsp::MessageType::INFO, message);
                }
                Failure::Late(_) => {
                    let message = format!("no remarks about `{}`: {}", located.function.name(), failure.text());
                    self.log(lsp::MessageType::INFO, message);
                }
                Failure::Crashed(_) | Failure::Refused(_) => {
                    defect = self.session().add_defect(version, stages::defect(located, failure)).or(defect);
                }
                Failure::Cancelled => {}
            }
        }
        let mut session = self.session();
        let report = if outcome.heard { session.report(version) } else { defect };
        let Some(report) = report else { return };
        self.publish(&report);
        drop(session);
        if self.profile().pulls_diagnostics && self.profile().refreshes.contains(&"diagnostic") {
            self.request("workspace/diagnostic/refresh", &Value::Null);
        }
    }

    /// Says that other files may tell something new.
    pub fn look_again(&self) {
        *lock(&self.stirred) += 1;
        self.stir.notify_one();
    }

    /// Looks at other files whenever they may tell something new, for ever.
    pub fn look(&self) {
        let mut workspace = Workspace::default();
        let mut seen = 0;
        loop {
            seen = quiet(&self.stirred, &self.stir, seen);
            workspace.set_roots(self.roots().clone());
            let open = self.open_documents();
            if let Ok(told) = session::contained(|| self.tell(&mut workspace, &open)) {
                let mut known = lock(&self.told);
                let changed = told.len() != known.len()
                    || told.iter().any(|(path, new)| {
                        known.get(path).is_none_or(|old| old.calls != new.calls || old.seen != new.seen)
                    });
                *known = told;
                drop(known);
                if changed {
                    if open.iter().any(|one| self.shows_hints_at(&one.path)) {
                        // Where runs have left compiled code is a hint.
                        self.session().touch();
                        self.work.notify_one();
                    }
                    self.refresh();
                }
            }
        }
    }

    fn tell(&self, workspace: &mut Workspace, open: &[Open]) -> HashMap<PathBuf, Told> {
        let mut progress = None;
        let told = workspace.tell(open, &mut |at, of| {
            if of >= SLOW && progress.is_none() {
                progress = Some(Progress::begin(self, "brrr: looking for calls", None));
            }
            progress.as_mut().is_none_or(|progress| progress.report(at, of))
        });
        if let Some(progress) = progress {
            progress.end();
        }
        told
    }

    fn open_documents(&self) -> Vec<Open> {
        let session = self.session();
        let known = session.all_known().into_iter().filter_map(|version| {
            let path = lsp::Url::parse(&version.name).ok()?.to_file_path().ok()?;
            let text = version.snapshot.file().text().to_owned();
            Some(Open { path, text, concerned: version.snapshot.functions().next().is_some() })
        });
        known.collect()
    }

    /// Analyses every file of the workspace and shows what there is to say; gives the number of files and of diagnostics.
    pub fn check_workspace(&self, token: Option<lsp::NumberOrString>) -> (usize, usize) {
        let mut workspace = Workspace::default();
        workspace.set_roots(self.roots().clone());
        let files = workspace.files();
        let open = self.session().names().filter_map(|name| lsp::Url::parse(name).ok()).collect::<HashSet<_>>();
        let mut progress = Progress::begin(self, "brrr: checking the workspace", token);
        let (mut checked, mut found) = (0, 0);
        let profile = self.profile();
        let mut library = Library::new(Naming::Address);
        let known = self.session().all_known().into_iter();
        let known = known.filter_map(|one| {
            Some((lsp::Url::parse(&one.name).ok()?.to_file_path().ok()?, Some(one.snapshot.clone())))
        });
        library.begin(self.roots().clone(), known.collect());
        for (at, path) in files.iter().enumerate() {
            if !progress.report(at, files.len()) {
                break;
            }
            let Ok(uri) = lsp::Url::from_file_path(path) else { continue };
            let Ok(text) = std::fs::read_to_string(path) else { continue };
            if open.contains(&uri) || !text.contains("brrr") {
                continue;
            }
            checked += 1;
            let analyzed = session::contained(|| {
                Snapshot::among(None, SourceFile::new(uri.as_str(), text), Cells::default(), &library)
            });
            let Ok(snapshot) = analyzed else { continue };
            let lines = Lines::new(snapshot.file().text(), profile.encoding);
            let said = self.wanted(Some(path), &snapshot, &[]);
            let diagnostics =
                said.iter().map(|one| convert::diagnostic(one, &uri, &lines, &profile)).collect::<Vec<_>>();
            found += diagnostics.len();
            let known =
                if diagnostics.is_empty() { self.checked().remove(&uri) } else { !self.checked().insert(uri.clone()) };
            if known || !diagnostics.is_empty() {
                self.notify::<PublishDiagnostics>(&lsp::PublishDiagnosticsParams { uri, diagnostics, version: None });
            }
        }
        progress.end();
        (checked, found)
    }
}

/// Work that takes its time, shown by the client if it can.
struct Progress<'a> {
    shared: &'a Shared,
    token: Option<lsp::NumberOrString>,
    percentage: u32,
}

impl<'a> Progress<'a> {
    /// `token` is the client's, if it has given one.
    fn begin(shared: &'a Shared, title: &str, token: Option<lsp::NumberOrString>) -> Self {
        let token = token.or_else(|| {
            shared.profile().shows_progress.then(|| {
                let number = shared.requests.fetch_add(1, Ordering::Relaxed);
                let token = lsp::NumberOrString::String(format!("brrr/{number}"));
                shared.request("window/workDoneProgress/create", &json!({ "token": token }));
                token
            })
        });
        let progress = Self { shared, token, percentage: 0 };
        progress.send(json!({ "kind": "begin", "title": title, "cancellable": true, "percentage": 0 }));
        progress
    }

    /// Says how far it is; false if the user wants it to end.
    fn report(&mut self, at: usize, of: usize) -> bool {
        let percentage = u32::try_from(at * 100 / of.max(1)).unwrap_or(100);
        if percentage > self.percentage {
            self.percentage = percentage;
            self.send(json!({ "kind": "report", "percentage": percentage, "message": format!("{at} of {of} files") }));
        }
        !self.token.as_ref().is_some_and(|token| self.shared.cancelled().contains(&token_text(token)))
    }

    fn end(self) {
        self.send(json!({ "kind": "end" }));
        if let Some(token) = &self.token {
            self.shared.cancelled().remove(&token_text(token));
        }
    }

    fn send(&self, value: Value) {
        if let Some(token) = &self.token {
            let params = json!({ "token": token, "value": value });
            self.shared.outbox.send(json!({ "jsonrpc": "2.0", "method": "$/progress", "params": params }));
        }
    }
}

/// A token of progress as a key.
pub fn token_text(token: &lsp::NumberOrString) -> String {
    json!(token).to_string()
}

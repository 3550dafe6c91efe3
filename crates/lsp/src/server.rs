//! The language server: dispatch only.
//!
//! Enters: the messages of one client. Leaves: answers and notifications. Promised: documents change in the order of the
//! wire, analysis never holds up a message, and the process ends soon after `exit`, the end of the input, or the end of
//! the client.
//!
//! Four threads: one reads, one dispatches, one analyses, one writes; a fifth watches the client's process.

use std::future::poll_fn;
use std::io::{self, Write};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use brrr_core::compile;
use serde_json::json;
use tokio::sync::mpsc;
use tower_lsp::jsonrpc::{Id, Request, Response, Result};
use tower_lsp::lsp_types as lsp;
use tower_lsp::lsp_types::notification::{LogMessage, Notification, PublishDiagnostics};
use tower_lsp::{LanguageServer, LspService};
use tower_service::Service;

use crate::convert::{self, Encoding, Profile};
use crate::session::{Refusal, Report, Session};
use crate::transport::{self, Incoming, Outbox};

/// How long unwritten messages may delay the end.
const GRACE: Duration = Duration::from_millis(25);

/// How often the client's process is looked for.
const WATCH: Duration = Duration::from_millis(500);

/// Deeply nested source makes deep recursion.
const ANALYSIS_STACK: usize = 256 << 20;

/// Serves the client on standard input and output until it leaves. Returns the exit code that LSP asks for: 0 if the client
/// said `shutdown` before it left.
///
/// # Errors
/// If the system gives no thread.
pub fn run() -> io::Result<u8> {
    let outbox = Outbox::new(io::stdout(), || process::exit(1));
    let shared = Arc::new(Shared {
        session: Mutex::default(),
        work: Condvar::new(),
        profile: OnceLock::new(),
        left: AtomicBool::new(false),
        outbox,
    });
    let analyst = Arc::clone(&shared);
    thread::Builder::new().name("analysis".to_owned()).stack_size(ANALYSIS_STACK).spawn(move || analyst.analyze())?;
    let (sender, mut messages) = mpsc::unbounded_channel();
    thread::Builder::new().name("reader".to_owned()).spawn(move || {
        let _ = transport::read(io::stdin().lock(), |incoming| sender.send(incoming).is_ok());
    })?;
    let (mut service, _) = LspService::new(|_| Server { shared: Arc::clone(&shared) });
    tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
        while let Some(incoming) = messages.recv().await {
            match incoming {
                Incoming::Request(request) if request.method() == "exit" => break,
                Incoming::Request(request) => dispatch(&mut service, request, &shared.outbox).await,
                Incoming::Garbage(error) => {
                    complain(&format!("the input is not a message: {error}"));
                    answer(&shared.outbox, Some(Response::from_error(Id::Null, error)));
                }
            }
        }
    });
    shared.outbox.flush(GRACE);
    Ok(if shared.left.load(Ordering::Relaxed) { 0 } else { 1 })
}

/// The first poll happens here, in the order of the wire; as handlers of document events never wait, it applies them.
async fn dispatch(service: &mut LspService<Server>, request: Request, outbox: &Outbox) {
    if poll_fn(|context| service.poll_ready(context)).await.is_err() {
        return;
    }
    let mut response = service.call(request);
    match response.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(response) => answer(outbox, response.ok().flatten()),
        Poll::Pending => {
            let outbox = outbox.clone();
            tokio::spawn(async move { answer(&outbox, response.await.ok().flatten()) });
        }
    }
}

fn answer(outbox: &Outbox, response: Option<Response>) {
    if let Some(response) = response {
        outbox.send(json!(response));
    }
}

#[derive(Debug)]
struct Shared {
    session: Mutex<Session>,
    /// Told when the session may have a job.
    work: Condvar,
    profile: OnceLock<Profile>,
    left: AtomicBool,
    outbox: Outbox,
}

impl Shared {
    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn encoding(&self) -> Encoding {
        self.profile.get().map_or(Encoding::Utf16, |profile| profile.encoding)
    }

    fn analyze(&self) {
        let mut session = self.session();
        loop {
            let Some(job) = session.next_job() else {
                session = self.work.wait(session).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(session);
            let outcome = job.run(compile::analyze);
            session = self.session();
            if let Some(report) = session.finish(job, outcome) {
                self.publish(&report);
            }
        }
    }

    /// Called with the session locked, so that reports leave in the order in which they were made.
    fn publish(&self, report: &Report) {
        if let Some(failure) = &report.failure {
            let message = format!("brrr failed on {}: {failure}; this is a bug in brrr", report.name);
            self.log(lsp::MessageType::ERROR, message);
        }
        let shown = self.profile.get().and_then(|profile| convert::diagnostics(report, *profile));
        if let Some(shown) = shown {
            self.notify::<PublishDiagnostics>(&shown);
        }
    }

    fn log(&self, typ: lsp::MessageType, message: String) {
        self.notify::<LogMessage>(&lsp::LogMessageParams { typ, message });
    }

    fn notify<N: Notification>(&self, params: &N::Params) {
        self.outbox.send(json!({ "jsonrpc": "2.0", "method": N::METHOD, "params": json!(params) }));
    }
}

#[derive(Debug)]
struct Server {
    shared: Arc<Shared>,
}

#[tower_lsp::async_trait]
impl LanguageServer for Server {
    async fn initialize(&self, params: lsp::InitializeParams) -> Result<lsp::InitializeResult> {
        let profile = *self.shared.profile.get_or_init(|| Profile::new(&params));
        if let Some(process) = profile.process {
            watch(process);
        }
        let sync = lsp::TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(lsp::TextDocumentSyncKind::INCREMENTAL),
            ..lsp::TextDocumentSyncOptions::default()
        };
        Ok(lsp::InitializeResult {
            capabilities: lsp::ServerCapabilities {
                position_encoding: Some(profile.encoding.lsp()),
                text_document_sync: Some(sync.into()),
                ..lsp::ServerCapabilities::default()
            },
            server_info: Some(lsp::ServerInfo {
                name: "brrr-lsp".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
        })
    }

    async fn did_open(&self, params: lsp::DidOpenTextDocumentParams) {
        let document = params.text_document;
        if convert::is_python(&document) {
            self.shared.session().open(document.uri.as_str(), document.version, document.text);
            self.shared.work.notify_one();
        }
    }

    async fn did_change(&self, params: lsp::DidChangeTextDocumentParams) {
        let (name, version) = (params.text_document.uri.as_str(), params.text_document.version);
        let edit = |text: &str| convert::edited(text, &params.content_changes, self.shared.encoding());
        let refusal = self.shared.session().change(name, version, edit);
        match refusal {
            Ok(()) => self.shared.work.notify_one(),
            // A document that is not Python, most likely.
            Err(Refusal::NotOpen) => {}
            Err(Refusal::Outdated { current }) => {
                let message = format!("an edit to version {version} of {name} is ignored: version {current} is here");
                self.shared.log(lsp::MessageType::WARNING, message);
            }
        }
    }

    async fn did_close(&self, params: lsp::DidCloseTextDocumentParams) {
        let mut session = self.shared.session();
        if let Some(report) = session.close(params.text_document.uri.as_str()) {
            self.shared.publish(&report);
        }
    }

    async fn shutdown(&self) -> Result<()> {
        self.shared.left.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// Says something to people. Whether standard error is heard does not matter: `eprintln!` would panic if it is not.
fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "brrr-lsp: {message}");
}

/// Ends this process when the client's has ended: the input may stay open in another process. A number that means
/// nothing here, as from outside a container, is not watched.
fn watch(process: u32) {
    if is_alive(process) {
        thread::spawn(move || {
            while is_alive(process) {
                thread::sleep(WATCH);
            }
            complain(&format!("process {process} is gone"));
            process::exit(1);
        });
    }
}

#[cfg(unix)]
fn is_alive(process: u32) -> bool {
    let id = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw);
    // Whoever may not be asked is there.
    id.is_some_and(|id| rustix::process::test_kill_process(id) != Err(rustix::io::Errno::SRCH))
}

/// Elsewhere the end of the input has to do.
#[cfg(not(unix))]
fn is_alive(_: u32) -> bool {
    false
}

//! The language server: dispatch only.
//!
//! Enters: the messages of one client. Leaves: answers and notifications. Promised: documents change in the order of the
//! wire, analysis never holds up a message, no request holds up another, and the process ends soon after `exit`, the end of the
//! input, or the end of the client.
//!
//! One thread reads, one dispatches, one analyses, one writes, one looks at other files, one asks the
//! optimiser, one watches the client's process; answers are
//! made on threads of their own.

mod handlers;
mod shared;

use std::future::poll_fn;
use std::io::{self, Write};
use std::process;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tower_lsp::LspService;
use tower_lsp::jsonrpc::{Id, Request, Response};
use tower_service::Service;

use crate::transport::{self, Incoming, Outbox};
use handlers::Server;
use shared::Shared;

/// How long unwritten messages may delay the end.
const GRACE: Duration = Duration::from_millis(25);

/// How often the client's process is looked for.
const WATCH: Duration = Duration::from_millis(500);

/// Deeply nested source makes deep recursion.
const ANALYSIS_STACK: usize = 256 << 20;

/// Answers that are made at the same time.
const MOST_ANSWERS: usize = 16;

/// Serves the client on standard input and output until it leaves. Returns the exit code that LSP asks for: 0 if the client
/// said `shutdown` before it left.
///
/// # Errors
/// If the system gives no thread.
pub fn run() -> io::Result<u8> {
    let outbox = Outbox::new(io::stdout(), || process::exit(1));
    let shared = Arc::new(Shared::new(outbox));
    let analyst = Arc::clone(&shared);
    thread::Builder::new().name("analysis".to_owned()).stack_size(ANALYSIS_STACK).spawn(move || analyst.analyze())?;
    let looker = Arc::clone(&shared);
    thread::Builder::new().name("workspace".to_owned()).spawn(move || looker.look())?;
    let listener = Arc::clone(&shared);
    // It makes IR, whose source may be deep.
    let listening = thread::Builder::new().name("remarks".to_owned()).stack_size(ANALYSIS_STACK);
    listening.spawn(move || listener.listen())?;
    let (sender, mut messages) = mpsc::unbounded_channel();
    thread::Builder::new().name("reader".to_owned()).spawn(move || {
        let _ = transport::read(io::stdin().lock(), |incoming| sender.send(incoming).is_ok());
    })?;
    let (mut service, _) = LspService::build(|_| Server { shared: Arc::clone(&shared) })
        .custom_method("brrr/ir", Server::ir)
        .custom_method("brrr/functions", Server::functions)
        .custom_method("notebookDocument/didOpen", Server::open_notebook)
        .custom_method("notebookDocument/didChange", Server::change_notebook)
        .custom_method("notebookDocument/didSave", Server::save_notebook)
        .custom_method("notebookDocument/didClose", Server::close_notebook)
        .custom_method("window/workDoneProgress/cancel", Server::cancel_progress)
        .finish();
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(MOST_ANSWERS).build()?;
    runtime.block_on(async {
        while let Some(incoming) = messages.recv().await {
            match incoming {
                Incoming::Request(request) if request.method() == "exit" => break,
                Incoming::Request(request) => dispatch(&mut service, request, &shared.outbox).await,
                Incoming::Response(response) => shared.answered(&response),
                Incoming::Garbage(error) => {
                    complain(&format!("the input is not a message: {error}"));
                    answer(&shared.outbox, Some(Response::from_error(Id::Null, error)));
                }
            }
        }
    });
    shared.outbox.flush(GRACE);
    // Answers that nobody waits for any more do not hold up the end.
    runtime.shutdown_background();
    Ok(if shared.left.load(Ordering::Relaxed) { 0 } else { 1 })
}

/// The first poll happens here, in the order of the wire; as handlers of document events never wait, it applies them.
async fn dispatch(service: &mut LspService<Server>, request: Request, outbox: &Outbox) {
    if poll_fn(|context| service.poll_ready(context)).await.is_err() {
        return;
    }
    let is_first = request.method() == "initialize";
    let mut response = service.call(request);
    match response.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(response) => {
            let response = response.ok().flatten();
            if is_first { introduce(outbox, response) } else { answer(outbox, response) }
        }
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

/// The answer to `initialize`, with what tower-lsp has no field for.
fn introduce(outbox: &Outbox, response: Option<Response>) {
    let Some(response) = response else { return };
    let mut response = json!(response);
    if let Some(Value::Object(capabilities)) = response.pointer_mut("/result/capabilities") {
        let cells = json!({ "notebook": "*", "cells": [{ "language": "python" }] });
        capabilities.insert("notebookDocumentSync".to_owned(), json!({ "notebookSelector": [cells] }));
    }
    outbox.send(response);
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

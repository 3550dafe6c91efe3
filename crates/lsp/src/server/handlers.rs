//! The handlers: each turns parameters into a question and an answer into a response, and knows nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tower_lsp::LanguageServer;
use tower_lsp::jsonrpc::{Error, ErrorCode, Result};
use tower_lsp::lsp_types as lsp;

use super::shared::{Shared, token_text};
use super::watch;
use crate::answers::{View, actions, functions, hints, hover, lenses, tokens};
use crate::config;
use crate::convert::{self, Profile};
use crate::lines;
use crate::session::{self, Newest, Refusal};
use crate::stages::{self, Params, Text};
use crate::trace;

/// Checks every file of the workspace, with progress.
const CHECK_WORKSPACE: &str = "brrr.checkWorkspace";

#[derive(Debug)]
pub struct Server {
    pub shared: Arc<Shared>,
}

/// Tells the worker that nobody waits any more, when the request is dropped.
struct Guard(Arc<AtomicBool>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn failed(message: impl Into<String>) -> Error {
    Error { code: ErrorCode::ServerError(-32_803), message: message.into().into(), data: None }
}

impl Server {
    /// The view of the newest text of a document; waits until it is analysed. `None` if it is not open.
    async fn view(&self, uri: &lsp::Url) -> Result<Option<View>> {
        let newest = self.shared.session().newest(uri.as_str());
        let version = match newest {
            Newest::Known(version) => version,
            Newest::Awaited(receiver) => receiver.await.map_err(|_| Error::content_modified())?,
            Newest::NotOpen => return Ok(None),
        };
        Ok(Some(self.shared.view(uri, version)))
    }

    /// An answer about a document, made on a thread of its own. `None` if the document is not open.
    async fn answer<T: Send + 'static>(
        &self,
        uri: &lsp::Url,
        answer: impl FnOnce(&View) -> T + Send + 'static,
    ) -> Result<Option<T>> {
        let Some(view) = self.view(uri).await? else { return Ok(None) };
        apart(move || answer(&view)).await.map(Some)
    }

    /// `brrr/ir`.
    pub async fn ir(&self, params: Params) -> Result<Text> {
        let Some(view) = self.view(&params.text_document.uri).await? else {
            return Err(failed("the document is not open"));
        };
        let (shared, flag) = (Arc::clone(&self.shared), Arc::new(AtomicBool::new(false)));
        let _guard = Guard(Arc::clone(&flag));
        let made = apart(move || {
            let made = shared.stages.text(&view, &params, &flag);
            if let Err(stages::Refusal::Worker(function, failure)) = &made
                && failure.is_defect()
                && let Some(located) = view.version.snapshot.functions().nth(*function)
            {
                let defect = stages::defect(located, failure);
                let mut session = shared.session();
                if let Some(report) = session.add_defect(&view.version, defect) {
                    shared.publish(&report);
                }
            }
            made
        });
        made.await?.map_err(|refusal| failed(refusal.text()))
    }

    /// `brrr/functions`.
    pub async fn functions(&self, params: lsp::CodeLensParams) -> Result<Option<Vec<functions::Function>>> {
        self.answer(&params.text_document.uri, functions::functions).await
    }

    /// Shows a function for another signature: the one that is named, or the next one.
    async fn choose_signature(&self, argument: &Value) -> Result<Value> {
        let uri = argument.get("uri").and_then(Value::as_str).and_then(|uri| lsp::Url::parse(uri).ok());
        let uri = uri.ok_or_else(|| Error::invalid_params("`uri` is missing"))?;
        let position = argument.get("position").and_then(|position| serde_json::from_value(position.clone()).ok());
        let position = position.ok_or_else(|| Error::invalid_params("`position` is missing"))?;
        let Some(view) = self.view(&uri).await? else { return Err(failed("the document is not open")) };
        let located = view.function_at(position).ok_or_else(|| failed("there is no brrr function here"))?;
        let (all, chosen) = view.candidates(located);
        let signature = match argument.get("signature").and_then(Value::as_str) {
            Some(text) => located.function.signature(text).map_err(failed)?,
            None => all[(chosen + 1) % all.len()].signature.clone(),
        };
        let text = located.function.text_of(&located.function.typed(&signature));
        self.shared.session().pick(&view.version.name, located.function.name(), Some(signature));
        self.shared.refresh();
        Ok(json!({ "signature": text }))
    }

    fn opened(&self, document: lsp::TextDocumentItem, notebook: Option<String>) {
        if convert::is_python(&document.language_id, &document.uri) {
            let mut session = self.shared.session();
            session.open(document.uri.as_str(), document.version, document.text, notebook);
            if self.shared.checked().remove(&document.uri) {
                session.is_shown(document.uri.as_str());
            }
            self.shared.work.notify_one();
        }
    }

    fn changed(&self, uri: &lsp::Url, version: i32, edits: &[lsp::TextDocumentContentChangeEvent]) {
        let encoding = self.shared.profile().encoding;
        let edit = |text: &str| lines::edited(text, edits, encoding);
        let refusal = self.shared.session().change(uri.as_str(), version, edit);
        match refusal {
            Ok(()) => self.shared.work.notify_one(),
            // A document that is not Python, most likely.
            Err(Refusal::NotOpen) => {}
            Err(Refusal::Outdated { current }) => {
                let message = format!("an edit to version {version} of {uri} is ignored: version {current} is here");
                self.shared.log(lsp::MessageType::WARNING, message);
            }
        }
    }

    fn closed(&self, uri: &lsp::Url) {
        let mut session = self.shared.session();
        if let Some(report) = session.close(uri.as_str()) {
            self.shared.publish(&report);
        }
        self.shared.work.notify_one();
    }

    /// `notebookDocument/didOpen`.
    pub async fn open_notebook(&self, params: Value) {
        let notebook = params.pointer("/notebookDocument/uri").and_then(Value::as_str).map(str::to_owned);
        if let Some(notebook) = &notebook {
            let order = cells_of(params.pointer("/notebookDocument/cells"));
            self.shared.session().order(notebook, 0, usize::MAX, order);
        }
        let cells = params.get("cellTextDocuments").cloned().unwrap_or_default();
        for cell in serde_json::from_value::<Vec<lsp::TextDocumentItem>>(cells).unwrap_or_default() {
            self.opened(cell, notebook.clone());
        }
    }

    /// `notebookDocument/didChange`.
    pub async fn change_notebook(&self, params: Value) {
        let notebook = params.pointer("/notebookDocument/uri").and_then(Value::as_str).map(str::to_owned);
        let list = |path: &str| params.pointer(path).cloned().unwrap_or_else(|| json!([]));
        if let (Some(notebook), Some(array)) = (&notebook, params.pointer("/change/cells/structure/array")) {
            let number = |name: &str| array.get(name).and_then(Value::as_u64).and_then(|one| usize::try_from(one).ok());
            let (start, removed) = (number("start").unwrap_or(0), number("deleteCount").unwrap_or(0));
            self.shared.session().order(notebook, start, removed, cells_of(array.get("cells")));
            self.shared.work.notify_one();
        }
        let closed = list("/change/cells/structure/didClose");
        for cell in serde_json::from_value::<Vec<lsp::TextDocumentIdentifier>>(closed).unwrap_or_default() {
            self.closed(&cell.uri);
        }
        let opened = list("/change/cells/structure/didOpen");
        for cell in serde_json::from_value::<Vec<lsp::TextDocumentItem>>(opened).unwrap_or_default() {
            self.opened(cell, notebook.clone());
        }
        for cell in list("/change/cells/textContent").as_array().into_iter().flatten() {
            let document = cell.get("document").cloned().unwrap_or_default();
            let changes = cell.get("changes").cloned().unwrap_or_default();
            let document = serde_json::from_value::<lsp::VersionedTextDocumentIdentifier>(document);
            if let (Ok(document), Ok(changes)) = (document, serde_json::from_value::<Vec<_>>(changes)) {
                self.changed(&document.uri, document.version, &changes);
            }
        }
    }

    /// `notebookDocument/didSave`.
    pub async fn save_notebook(&self, _: Value) {}

    /// `notebookDocument/didClose`.
    pub async fn close_notebook(&self, params: Value) {
        if let Some(notebook) = params.pointer("/notebookDocument/uri").and_then(Value::as_str) {
            self.shared.session().close_notebook(notebook);
        }
        let cells = params.get("cellTextDocuments").cloned().unwrap_or_default();
        for cell in serde_json::from_value::<Vec<lsp::TextDocumentIdentifier>>(cells).unwrap_or_default() {
            self.closed(&cell.uri);
        }
    }

    /// `window/workDoneProgress/cancel`.
    pub async fn cancel_progress(&self, params: lsp::WorkDoneProgressCancelParams) {
        self.shared.cancelled().insert(token_text(&params.token));
    }
}

/// The documents of a notebook's cells.
fn cells_of(cells: Option<&Value>) -> Vec<String> {
    let cells = cells.and_then(Value::as_array).into_iter().flatten();
    // As documents are named: by their addresses, as they are written when they have been read.
    let name = |cell: &Value| {
        let uri = cell.get("document").and_then(Value::as_str).unwrap_or_default();
        lsp::Url::parse(uri).map_or_else(|_| uri.to_owned(), String::from)
    };
    cells.map(name).collect()
}

/// Runs something on another thread. A panic there is the failure of this request alone.
async fn apart<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let outcome = tokio::task::spawn_blocking(move || session::contained(run)).await;
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(panic)) => Err(failed(format!("brrr failed: {panic}; this is a bug in brrr"))),
        Err(error) => Err(failed(error.to_string())),
    }
}

fn capabilities(profile: &Profile) -> lsp::ServerCapabilities {
    let sync = lsp::TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(lsp::TextDocumentSyncKind::INCREMENTAL),
        ..lsp::TextDocumentSyncOptions::default()
    };
    let hints = lsp::InlayHintOptions { resolve_provider: Some(true), ..lsp::InlayHintOptions::default() };
    let actions = lsp::CodeActionOptions {
        code_action_kinds: Some(vec![
            lsp::CodeActionKind::QUICKFIX,
            lsp::CodeActionKind::from(actions::FIX_ALL.to_owned()),
        ]),
        ..lsp::CodeActionOptions::default()
    };
    let commands = [lenses::SHOW_IR, lenses::CHOOSE_SIGNATURE, CHECK_WORKSPACE].map(str::to_owned);
    let tokens = lsp::SemanticTokensOptions {
        legend: tokens::legend(),
        full: Some(lsp::SemanticTokensFullOptions::Bool(true)),
        ..lsp::SemanticTokensOptions::default()
    };
    let folders = lsp::WorkspaceFoldersServerCapabilities {
        supported: Some(true),
        change_notifications: Some(lsp::OneOf::Left(true)),
    };
    lsp::ServerCapabilities {
        position_encoding: Some(profile.encoding.lsp()),
        text_document_sync: Some(sync.into()),
        hover_provider: Some(lsp::HoverProviderCapability::Simple(true)),
        inlay_hint_provider: Some(lsp::OneOf::Right(lsp::InlayHintServerCapabilities::Options(hints))),
        code_action_provider: Some(lsp::CodeActionProviderCapability::Options(actions)),
        code_lens_provider: Some(lsp::CodeLensOptions { resolve_provider: Some(false) }),
        execute_command_provider: Some(lsp::ExecuteCommandOptions {
            commands: commands.to_vec(),
            ..lsp::ExecuteCommandOptions::default()
        }),
        diagnostic_provider: (!profile.wants_pushes).then(|| {
            lsp::DiagnosticServerCapabilities::Options(lsp::DiagnosticOptions {
                identifier: Some("brrr".to_owned()),
                inter_file_dependencies: true,
                workspace_diagnostics: false,
                work_done_progress_options: lsp::WorkDoneProgressOptions::default(),
            })
        }),
        semantic_tokens_provider: Some(tokens.into()),
        workspace: Some(lsp::WorkspaceServerCapabilities { workspace_folders: Some(folders), file_operations: None }),
        ..lsp::ServerCapabilities::default()
    }
}

#[tower_lsp::async_trait]
impl LanguageServer for Server {
    async fn initialize(&self, params: lsp::InitializeParams) -> Result<lsp::InitializeResult> {
        let profile = self.shared.profile.get_or_init(|| Arc::new(Profile::new(&params)));
        if let Some(process) = profile.process {
            watch(process);
        }
        let folders = params.workspace_folders.unwrap_or_default().into_iter().map(|folder| folder.uri);
        let mut roots = folders.filter_map(|uri| uri.to_file_path().ok()).collect::<Vec<_>>();
        if roots.is_empty() {
            roots.extend(params.root_uri.and_then(|uri| uri.to_file_path().ok()));
        }
        *self.shared.roots() = roots;
        if let Some(options) = &params.initialization_options {
            self.shared.set(options);
        }
        Ok(lsp::InitializeResult {
            capabilities: capabilities(profile),
            server_info: Some(lsp::ServerInfo {
                name: "brrr-lsp".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
        })
    }

    async fn initialized(&self, _: lsp::InitializedParams) {
        self.shared.ask_configuration();
        if self.shared.profile().tells_configuration {
            let one = json!({ "id": "brrr/configuration", "method": "workspace/didChangeConfiguration" });
            self.shared.request("client/registerCapability", &json!({ "registrations": [one] }));
        }
        if self.shared.profile().watches_files {
            let watchers = ["**/*.py", "**/.brrr/types.json", "**/pyproject.toml"];
            let watchers = watchers.map(|pattern| json!({ "globPattern": pattern }));
            let method = "workspace/didChangeWatchedFiles";
            let options = json!({ "watchers": watchers });
            let one = json!({ "id": "brrr/files", "method": method, "registerOptions": options });
            self.shared.request("client/registerCapability", &json!({ "registrations": [one] }));
        }
    }

    async fn did_open(&self, params: lsp::DidOpenTextDocumentParams) {
        let notebook = convert::notebook_of(&params.text_document.uri);
        self.opened(params.text_document, notebook);
    }

    async fn did_change(&self, params: lsp::DidChangeTextDocumentParams) {
        self.changed(&params.text_document.uri, params.text_document.version, &params.content_changes);
    }

    async fn did_close(&self, params: lsp::DidCloseTextDocumentParams) {
        self.closed(&params.text_document.uri);
    }

    async fn did_change_configuration(&self, params: lsp::DidChangeConfigurationParams) {
        if !params.settings.is_null() {
            self.shared.set(&params.settings);
        }
        self.shared.ask_configuration();
    }

    async fn did_change_workspace_folders(&self, params: lsp::DidChangeWorkspaceFoldersParams) {
        let paths = |folders: Vec<lsp::WorkspaceFolder>| {
            folders.into_iter().filter_map(|folder| folder.uri.to_file_path().ok()).collect::<Vec<_>>()
        };
        let (added, removed) = (paths(params.event.added), paths(params.event.removed));
        let mut roots = self.shared.roots();
        roots.retain(|root| !removed.contains(root));
        roots.extend(added);
        drop(roots);
        self.shared.look_again();
    }

    async fn did_change_watched_files(&self, params: lsp::DidChangeWatchedFilesParams) {
        if params.changes.iter().any(|change| change.uri.path().ends_with(config::FILE)) {
            self.shared.configure();
        }
        if params.changes.iter().any(|change| change.uri.path().ends_with(".py")) {
            self.shared.session().touch_importers();
            self.shared.work.notify_one();
        }
        self.shared.look_again();
    }

    async fn hover(&self, params: lsp::HoverParams) -> Result<Option<lsp::Hover>> {
        let place = params.text_document_position_params;
        let answer = self.answer(&place.text_document.uri, move |view| hover::hover(view, place.position));
        Ok(answer.await?.flatten())
    }

    async fn inlay_hint(&self, params: lsp::InlayHintParams) -> Result<Option<Vec<lsp::InlayHint>>> {
        self.answer(&params.text_document.uri, move |view| hints::hints(view, params.range)).await
    }

    async fn inlay_hint_resolve(&self, hint: lsp::InlayHint) -> Result<lsp::InlayHint> {
        let Some((uri, ..)) = hints::target(&hint) else { return Ok(hint) };
        let kept = hint.clone();
        Ok(self.answer(&uri, move |view| hints::resolve(view, hint)).await?.unwrap_or(kept))
    }

    async fn code_lens(&self, params: lsp::CodeLensParams) -> Result<Option<Vec<lsp::CodeLens>>> {
        self.answer(&params.text_document.uri, lenses::lenses).await
    }

    async fn code_action(&self, params: lsp::CodeActionParams) -> Result<Option<lsp::CodeActionResponse>> {
        let shared = Arc::clone(&self.shared);
        let actions = self.answer(&params.text_document.uri, move |view| {
            let all = shared.diagnostics(&view.version, &[]);
            actions::actions(view, &all, params.range, params.context.only.as_deref())
        });
        let actions = actions.await?.unwrap_or_default();
        Ok(Some(actions.into_iter().map(lsp::CodeActionOrCommand::CodeAction).collect()))
    }

    async fn semantic_tokens_full(
        &self,
        params: lsp::SemanticTokensParams,
    ) -> Result<Option<lsp::SemanticTokensResult>> {
        let data = self.answer(&params.text_document.uri, tokens::tokens).await?.unwrap_or_default();
        Ok(Some(lsp::SemanticTokensResult::Tokens(lsp::SemanticTokens { result_id: None, data })))
    }

    async fn diagnostic(&self, params: lsp::DocumentDiagnosticParams) -> Result<lsp::DocumentDiagnosticReportResult> {
        let uri = params.text_document.uri;
        let view = self.view(&uri).await?;
        let (items, id) = match view {
            None => (Vec::new(), None),
            Some(view) => {
                let defects = self.shared.session().defects(&view.version.name);
                let items = self.shared.shown(&uri, &view.version, &defects);
                // What is shown depends on settings and configurations, too.
                let id = trace::text_hash(&json!([view.version.stamp, items]).to_string()).to_string();
                if params.previous_result_id.as_deref() == Some(&*id) {
                    let report = lsp::UnchangedDocumentDiagnosticReport { result_id: id };
                    let report = lsp::RelatedUnchangedDocumentDiagnosticReport {
                        related_documents: None,
                        unchanged_document_diagnostic_report: report,
                    };
                    return Ok(lsp::DocumentDiagnosticReport::Unchanged(report).into());
                }
                (items, Some(id))
            }
        };
        let report = lsp::FullDocumentDiagnosticReport { result_id: id, items };
        let report = lsp::RelatedFullDocumentDiagnosticReport {
            related_documents: None,
            full_document_diagnostic_report: report,
        };
        Ok(lsp::DocumentDiagnosticReport::Full(report).into())
    }

    async fn execute_command(&self, params: lsp::ExecuteCommandParams) -> Result<Option<Value>> {
        let argument = params.arguments.into_iter().next().unwrap_or_default();
        match params.command.as_str() {
            lenses::SHOW_IR => {
                let mut wanted = argument;
                if let Some(uri) = wanted.get("uri").cloned() {
                    wanted["textDocument"] = json!({ "uri": uri });
                }
                let params =
                    serde_json::from_value(wanted).map_err(|error| Error::invalid_params(error.to_string()))?;
                self.ir(params).await.map(|text| Some(json!(text)))
            }
            lenses::CHOOSE_SIGNATURE => self.choose_signature(&argument).await.map(Some),
            CHECK_WORKSPACE => {
                let shared = Arc::clone(&self.shared);
                let token = params.work_done_progress_params.work_done_token;
                let (files, diagnostics) = apart(move || shared.check_workspace(token)).await?;
                Ok(Some(json!({ "files": files, "diagnostics": diagnostics })))
            }
            other => Err(Error::invalid_params(format!("unknown command `{other}`"))),
        }
    }

    async fn shutdown(&self) -> Result<()> {
        self.shared.left.store(true, Ordering::Relaxed);
        Ok(())
    }
}

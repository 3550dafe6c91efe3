//! Between what the core says and LSP.
//!
//! Enters: LSP's capabilities and documents, and what is known about a [`Version`]. Leaves: a [`Profile`] of the client, and LSP's
//! diagnostics.

use brrr_core::diagnostic::{Applicability, Diagnostic, Fix, Severity};
use serde_json::{Value, json};
use tower_lsp::lsp_types as lsp;

use crate::lines::{Encoding, Lines};
use crate::pages;

/// What the client told about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a list of what the client can do")]
pub struct Profile {
    /// The columns it gets and sends.
    pub encoding: Encoding,
    /// True if it shows the places that belong to a diagnostic.
    pub related_information: bool,
    /// True if it shows tags of diagnostics.
    pub tags: bool,
    /// True if it opens the page of a code.
    pub code_description: bool,
    /// True if it asks for diagnostics itself: they are not sent then, or they would be shown twice.
    pub pulls_diagnostics: bool,
    /// True if it can ask, but says that it wants them sent.
    pub wants_pushes: bool,
    /// True if it can be asked for settings.
    pub has_configuration: bool,
    /// True if it watches files for the server.
    pub watches_files: bool,
    /// True if it can be asked to say when its configuration changes.
    pub tells_configuration: bool,
    /// True if it shows progress that the server begins.
    pub shows_progress: bool,
    /// What it asks for again when it is told to: `inlayHint`, `codeLens`, `semanticTokens`, `diagnostics`.
    pub refreshes: Vec<&'static str>,
    /// Commands that it does itself.
    pub commands: Vec<String>,
    /// The process that the server must not outlive.
    pub process: Option<u32>,
}

impl Profile {
    /// Reads what the client says; its first encoding that is known here is taken.
    #[must_use]
    pub fn new(params: &lsp::InitializeParams) -> Self {
        let offered = params.capabilities.general.as_ref().and_then(|general| general.position_encodings.as_ref());
        let encoding = offered.and_then(|kinds| kinds.iter().find_map(Encoding::from_lsp)).unwrap_or(Encoding::Utf16);
        let said = json!(params.capabilities);
        let has = |path: &str| said.pointer(path).is_some_and(|value| *value == Value::Bool(true));
        let options = params.initialization_options.as_ref();
        let wants_pushes = options.and_then(|options| options.get("diagnostics")) == Some(&json!("push"));
        let mut refreshes = Vec::new();
        for (name, path) in [
            ("inlayHint", "/workspace/inlayHint/refreshSupport"),
            ("codeLens", "/workspace/codeLens/refreshSupport"),
            ("semanticTokens", "/workspace/semanticTokens/refreshSupport"),
            ("diagnostic", "/workspace/diagnostic/refreshSupport"),
        ] {
            if has(path) && (name != "diagnostic" || !wants_pushes) {
                refreshes.push(name);
            }
        }
        let commands = options.and_then(|options| options.get("commands")).and_then(Value::as_array);
        let commands = commands.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned));
        let pulls = !wants_pushes && said.pointer("/textDocument/diagnostic").is_some_and(Value::is_object);
        Self {
            encoding,
            related_information: has("/textDocument/publishDiagnostics/relatedInformation"),
            tags: knows_unnecessary(said.pointer("/textDocument/publishDiagnostics/tagSupport"))
                || knows_unnecessary(said.pointer("/textDocument/diagnostic/tagSupport")),
            code_description: has("/textDocument/publishDiagnostics/codeDescriptionSupport"),
            pulls_diagnostics: pulls,
            wants_pushes,
            has_configuration: has("/workspace/configuration"),
            watches_files: has("/workspace/didChangeWatchedFiles/dynamicRegistration"),
            tells_configuration: has("/workspace/didChangeConfiguration/dynamicRegistration"),
            shows_progress: has("/window/workDoneProgress"),
            refreshes,
            commands: commands.collect(),
            process: params.process_id,
        }
    }
}

/// True if the document is Python, by what the client calls its language or, failing that, by its name.
#[must_use]
pub fn is_python(language: &str, uri: &lsp::Url) -> bool {
    language.eq_ignore_ascii_case("python") || language.is_empty() && uri.path().ends_with(".py")
}

/// The notebook that a document is a cell of, if its name says so.
#[must_use]
pub fn notebook_of(uri: &lsp::Url) -> Option<String> {
    (uri.scheme() == "vscode-notebook-cell").then(|| {
        let mut whole = uri.clone();
        whole.set_fragment(None);
        whole.to_string()
    })
}

/// The message stands alone and the range shows what it is about, so the text of the primary label is left out.
#[must_use]
pub fn diagnostic(from: &Diagnostic, uri: &lsp::Url, lines: &Lines<'_>, profile: &Profile) -> lsp::Diagnostic {
    let mut message = from.message.clone();
    let mut related = Vec::new();
    for label in from.labels.iter().skip(1).filter(|label| !label.text.is_empty()) {
        let location = match &label.file {
            None => Some((uri.clone(), lines.range(label.span))),
            Some(file) => {
                let place = Lines::new(file.text(), profile.encoding).range(label.span);
                let uri = lsp::Url::parse(file.path()).or_else(|_| lsp::Url::from_file_path(file.path()).map_err(drop));
                uri.ok().map(|uri| (uri, place))
            }
        };
        let Some((of, range)) = location else { continue };
        if profile.related_information {
            let location = lsp::Location { uri: of, range };
            related.push(lsp::DiagnosticRelatedInformation { location, message: label.text.clone() });
        } else {
            message.push_str(&format!("\nline {}: {}", range.start.line + 1, label.text));
        }
    }
    for note in &from.notes {
        message.push_str(&format!("\nnote: {note}"));
    }
    if let Some(help) = &from.help {
        message.push_str(&format!("\nhelp: {help}"));
    }
    let page = profile.code_description.then(|| pages::link(from.code)).flatten();
    let unnecessary = profile.tags && from.code.slug().starts_with("unused");
    lsp::Diagnostic {
        range: lines.range(from.span()),
        severity: Some(match from.severity() {
            Severity::Error => lsp::DiagnosticSeverity::ERROR,
            Severity::Warning => lsp::DiagnosticSeverity::WARNING,
            Severity::Hint => lsp::DiagnosticSeverity::HINT,
        }),
        code: Some(lsp::NumberOrString::String(from.code.text())),
        code_description: page.map(|href| lsp::CodeDescription { href }),
        source: Some("brrr".to_owned()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        tags: unnecessary.then(|| vec![lsp::DiagnosticTag::UNNECESSARY]),
        ..lsp::Diagnostic::default()
    }
}

/// The edits of a fix.
#[must_use]
pub fn edits(fix: &Fix, lines: &Lines<'_>) -> Vec<lsp::TextEdit> {
    let edit = |edit: &brrr_core::diagnostic::Edit| lsp::TextEdit {
        range: lines.exact(edit.span),
        new_text: edit.replacement.clone(),
    };
    fix.edits.iter().map(edit).collect()
}

/// True if a fix may be applied unasked.
#[must_use]
pub const fn is_sure(fix: &Fix) -> bool {
    matches!(fix.applicability, Applicability::MachineApplicable)
}

/// True if a client that says this about tags knows `Unnecessary`, whose number is 1; of the numbers that it leaves out it knows none.
fn knows_unnecessary(said: Option<&Value>) -> bool {
    let Some(said) = said.filter(|said| said.is_object()) else { return false };
    said.get("valueSet").and_then(Value::as_array).is_none_or(|known| known.iter().any(|one| one.as_u64() == Some(1)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use brrr_core::diagnostic::Code;
    use brrr_core::source::{SourceFile, Span};

    use super::*;

    fn profile(client: Value) -> Profile {
        Profile::new(&serde_json::from_value(json!({ "capabilities": client, "processId": 7 })).unwrap())
    }

    fn shown(text: &str, from: &Diagnostic, profile: &Profile) -> lsp::Diagnostic {
        let uri = lsp::Url::parse("file:///a%20b.py").unwrap();
        diagnostic(from, &uri, &Lines::new(text, profile.encoding), profile)
    }

    fn range(start: (u32, u32), end: (u32, u32)) -> lsp::Range {
        let position = |(line, character)| lsp::Position { line, character };
        lsp::Range { start: position(start), end: position(end) }
    }

    #[test]
    fn the_first_known_encoding_is_taken_and_utf16_is_the_default() {
        assert_eq!(profile(json!({})).encoding, Encoding::Utf16);
        let offers = |kinds: &[&str]| profile(json!({ "general": { "positionEncodings": kinds } })).encoding;
        assert_eq!(offers(&["utf-8", "utf-16"]), Encoding::Utf8);
        assert_eq!(offers(&["utf-7", "utf-32", "utf-8"]), Encoding::Utf32);
        assert_eq!(offers(&["utf-7"]), Encoding::Utf16);
        assert_eq!(offers(&[]), Encoding::Utf16);
        assert_eq!(profile(json!({})).process, Some(7));
    }

    #[test]
    fn a_diagnostic_carries_its_reasons_help_and_page() {
        let text = "🙂 = 1\nbad\n";
        let other = Arc::new(SourceFile::new("/tmp/other.py", "x = 2\n"));
        let from = Diagnostic::new(Code::Statement, "`bad` is bad", Span::new(9, 12), "here")
            .label(Span::new(0, 4), "because of this")
            .label_in(other, Span::new(4, 5), "and of that")
            .note("it is so")
            .help("write `good`");

        let client = json!({ "textDocument": { "publishDiagnostics":
            { "relatedInformation": true, "codeDescriptionSupport": true, "tagSupport": { "valueSet": [1] } } } });
        let sent = shown(text, &from, &profile(client));
        assert_eq!(sent.range, range((1, 0), (1, 3)));
        assert_eq!(sent.severity, Some(lsp::DiagnosticSeverity::ERROR));
        assert_eq!(sent.code, Some(lsp::NumberOrString::String("BRRR201".to_owned())));
        assert_eq!(sent.code_description.map(|page| page.href), pages::link(Code::Statement));
        assert_eq!(sent.source.as_deref(), Some("brrr"));
        assert_eq!(sent.message, "`bad` is bad\nnote: it is so\nhelp: write `good`");
        let [reason, that] = sent.related_information.unwrap().try_into().unwrap();
        assert_eq!((reason.location.range, reason.message.as_str()), (range((0, 0), (0, 2)), "because of this"));
        assert_eq!((that.location.uri.as_str(), that.location.range), ("file:///tmp/other.py", range((0, 4), (0, 5))));

        let sent = shown(text, &from, &profile(json!({})));
        assert!(sent.message.starts_with("`bad` is bad\nline 1: because of this\n"), "{}", sent.message);
        assert_eq!((sent.related_information, sent.code_description), (None, None));
    }

    #[test]
    fn severities_follow_the_table_of_codes() {
        let from = Diagnostic::new(Code::OperandTypes, "no", Span::new(0, 1), "");
        let sent = shown("x", &from, &profile(json!({})));
        assert_eq!(sent.severity, Some(lsp::DiagnosticSeverity::WARNING));
        assert_eq!(sent.message, "no");
    }

    #[test]
    fn cells_name_their_notebook() {
        let notebook = |uri: &str| notebook_of(&lsp::Url::parse(uri).unwrap());
        let book = Some("vscode-notebook-cell:/work/a.ipynb".to_owned());
        assert_eq!(notebook("vscode-notebook-cell:/work/a.ipynb#W1sZmlsZQ"), book);
        assert_eq!(notebook("file:///work/a.py"), None);
    }
}

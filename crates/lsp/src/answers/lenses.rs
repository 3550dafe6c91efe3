//! Commands above each function.

use serde_json::json;
use tower_lsp::lsp_types as lsp;

use super::View;

/// Shows the text of a stage: answered by the server.
pub const SHOW_IR: &str = "brrr.showIr";
/// Shows a function for another signature: answered by the server; an editor may ask the user first.
pub const CHOOSE_SIGNATURE: &str = "brrr.chooseSignature";
/// Runs a benchmark: the server never runs user code, so this is the editor's.
pub const RUN_BENCHMARK: &str = "brrr.runBenchmark";

/// The lenses of a document.
#[must_use]
pub fn lenses(view: &View) -> Vec<lsp::CodeLens> {
    if !view.settings.lenses {
        return Vec::new();
    }
    let lines = view.lines();
    let mut shown = Vec::new();
    for located in view.version.snapshot.functions() {
        let name = located.place(located.function.name_span());
        let position = lines.position(name.start as usize);
        let range = lines.exact(located.place(located.function.decorator()));
        let range = lsp::Range { start: range.start, end: range.start };
        let (all, chosen) = view.candidates(located);
        let candidate = &all[chosen];
        let typed = located.function.typed(&candidate.signature);
        let mut lens = |title: String, command: &str, mut argument: serde_json::Value| {
            argument["uri"] = json!(view.uri);
            argument["position"] = json!(position);
            let command = lsp::Command { title, command: command.to_owned(), arguments: Some(vec![argument]) };
            shown.push(lsp::CodeLens { range, command: Some(command), data: None });
        };
        if !located.function.is_refused() {
            let stage = if view.settings.optimized { "llvm-opt" } else { "llvm" };
            lens("IR".to_owned(), SHOW_IR, json!({ "stage": stage }));
            lens("asm".to_owned(), SHOW_IR, json!({ "stage": "asm" }));
        }
        let more = if all.len() > 1 { format!(" (+{})", all.len() - 1) } else { String::new() };
        let title = if located.function.is_refused() {
            "cannot be compiled".to_owned()
        } else {
            format!("{}{more}", located.function.text_of(&typed))
        };
        lens(title, CHOOSE_SIGNATURE, json!({}));
        let runs = view.profile.commands.iter().any(|command| command == RUN_BENCHMARK);
        if runs
            && !located.function.is_refused()
            && let Some(name) = located.function.qualified_name()
        {
            lens("run benchmark".to_owned(), RUN_BENCHMARK, json!({ "function": name }));
        }
    }
    shown
}

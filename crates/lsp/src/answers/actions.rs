//! Quick fixes.

use std::collections::HashMap;

use brrr_core::diagnostic::{Diagnostic, Fix};
use tower_lsp::lsp_types as lsp;

use super::View;
use crate::convert;

/// The kind of the action that applies everything that is sure.
pub const FIX_ALL: &str = "source.fixAll.brrr";

/// What can be done about the diagnostics in a range, of the kinds that are wanted; all kinds if none is named.
#[must_use]
pub fn actions(
    view: &View,
    diagnostics: &[Diagnostic],
    range: lsp::Range,
    only: Option<&[lsp::CodeActionKind]>,
) -> Vec<lsp::CodeAction> {
    let wanted = |kind: &str| {
        let covers =
            |only: &lsp::CodeActionKind| kind == only.as_str() || kind.starts_with(&format!("{}.", only.as_str()));
        only.is_none_or(|kinds| kinds.iter().any(covers))
    };
    let lines = view.lines();
    let (first, last) = (view.offset(range.start), view.offset(range.end));
    let mut all = Vec::new();
    if wanted("quickfix") {
        for diagnostic in diagnostics {
            let span = diagnostic.span();
            if span.end < first || last < span.start {
                continue;
            }
            let shown = convert::diagnostic(diagnostic, &view.uri, &lines, &view.profile);
            for fix in &diagnostic.fixes {
                all.push(lsp::CodeAction {
                    title: fix.message.clone(),
                    kind: Some(lsp::CodeActionKind::QUICKFIX),
                    diagnostics: Some(vec![shown.clone()]),
                    edit: Some(edit(view, convert::edits(fix, &lines))),
                    is_preferred: Some(convert::is_sure(fix)),
                    ..lsp::CodeAction::default()
                });
            }
        }
    }
    if wanted(FIX_ALL) {
        let sure = diagnostics.iter().filter_map(|one| one.fixes.iter().find(|fix| convert::is_sure(fix)));
        let edits = disjoint(sure).into_iter().flat_map(|fix| convert::edits(fix, &lines)).collect::<Vec<_>>();
        if !edits.is_empty() {
            all.push(lsp::CodeAction {
                title: "apply every sure fix of brrr".to_owned(),
                kind: Some(lsp::CodeActionKind::from(FIX_ALL.to_owned())),
                edit: Some(edit(view, edits)),
                ..lsp::CodeAction::default()
            });
        }
    }
    all
}

/// The fixes that do not touch what one before them changes.
fn disjoint<'a>(fixes: impl Iterator<Item = &'a Fix>) -> Vec<&'a Fix> {
    let mut taken = Vec::new();
    let mut kept = Vec::new();
    for fix in fixes {
        let spans = fix.edits.iter().map(|edit| edit.span).collect::<Vec<_>>();
        let meets = |one: &brrr_core::source::Span, other: &brrr_core::source::Span| {
            one.start <= other.end && other.start <= one.end
        };
        if !spans.iter().any(|span| taken.iter().any(|other| meets(span, other))) {
            taken.extend(spans);
            kept.push(fix);
        }
    }
    kept
}

fn edit(view: &View, edits: Vec<lsp::TextEdit>) -> lsp::WorkspaceEdit {
    lsp::WorkspaceEdit { changes: Some(HashMap::from([(view.uri.clone(), edits)])), ..lsp::WorkspaceEdit::default() }
}

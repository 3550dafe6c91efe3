//! Types within the text.

use brrr_core::query::function::Origin;
use brrr_core::query::hints::{Hint, HintKind};
use serde_json::json;
use tower_lsp::lsp_types as lsp;

use super::View;

/// The hints in a range. What they say when they are pointed at is left to [`resolve`].
#[must_use]
pub fn hints(view: &View, range: lsp::Range) -> Vec<lsp::InlayHint> {
    if !view.settings.hints {
        return Vec::new();
    }
    let (first, last) = (view.offset(range.start), view.offset(range.end));
    let lines = view.lines();
    let mut shown = Vec::new();
    for located in view.version.snapshot.functions() {
        let span = located.span();
        if span.end < first || last < span.start {
            continue;
        }
        let candidate = view.chosen(located);
        let typed = located.function.typed(&candidate.signature);
        for (number, hint) in located.function.hints(&typed).into_iter().enumerate() {
            let offset = hint.offset + located.start;
            let wanted = match hint.kind {
                HintKind::Parameter => true,
                HintKind::Binding | HintKind::Change => view.settings.variables,
                HintKind::Return => view.settings.results,
                HintKind::Conversion => view.settings.conversions,
            };
            if wanted && first <= offset && offset <= last {
                shown.push(lsp::InlayHint {
                    position: lines.position(offset as usize),
                    label: lsp::InlayHintLabel::String(hint.text),
                    kind: Some(lsp::InlayHintKind::TYPE),
                    text_edits: None,
                    tooltip: None,
                    padding_left: None,
                    padding_right: None,
                    data: Some(json!({ "uri": view.uri, "stamp": view.version.stamp, "function": located.index, "hint": number })),
                });
            }
        }
    }
    shown
}

/// The document, the text and the hint that a hint was made for.
#[must_use]
pub fn target(hint: &lsp::InlayHint) -> Option<(lsp::Url, u64, usize, usize)> {
    let data = hint.data.as_ref()?;
    let number = |name: &str| usize::try_from(data.get(name)?.as_u64()?).ok();
    let uri = lsp::Url::parse(data.get("uri")?.as_str()?).ok()?;
    Some((uri, data.get("stamp")?.as_u64()?, number("function")?, number("hint")?))
}

/// Adds what a hint says when it is pointed at, if the text is still the one that it was made for.
#[must_use]
pub fn resolve(view: &View, mut shown: lsp::InlayHint) -> lsp::InlayHint {
    let Some((_, stamp, function, number)) = target(&shown) else { return shown };
    let located = view.version.snapshot.functions().nth(function).filter(|_| view.version.stamp == stamp);
    let Some(located) = located else { return shown };
    let candidate = view.chosen(located);
    let typed = located.function.typed(&candidate.signature);
    if let Some(hint) = located.function.hints(&typed).get(number) {
        let is_it = |name: &str| hint.within.is_none() && name == hint.name;
        let origin = located.function.parameters().position(|(name, ..)| is_it(name));
        let origin = origin.and_then(|at| candidate.origins.get(at).copied());
        let value = tooltip(hint, origin);
        let markup = lsp::MarkupContent { kind: lsp::MarkupKind::Markdown, value };
        shown.tooltip = Some(lsp::InlayHintTooltip::MarkupContent(markup));
    }
    shown
}

fn tooltip(hint: &Hint, origin: Option<Origin>) -> String {
    let (name, types) = (&hint.name, super::hover::types_text(hint.types));
    match hint.kind {
        HintKind::Parameter if hint.within.is_some() => {
            format!("`{name}: {types}`, from the calls of `{}`", hint.within.as_deref().unwrap_or_default())
        }
        HintKind::Parameter => {
            let origin = origin.unwrap_or(Origin::Assumed);
            format!("`{name}: {types}`, from {}", origin.text())
        }
        HintKind::Binding => format!("`{name}: {types}` from here on"),
        HintKind::Change => format!("`{name}: {types}` from here on: its type changes"),
        HintKind::Return => format!("`{name}` returns `{types}`"),
        HintKind::Conversion => format!("`{name}` is converted to `{types}` for this operation"),
    }
}

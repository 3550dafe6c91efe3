//! What a Python server does not know: which functions are compiled, which values carry a tag.

use brrr_core::source::Span;
use tower_lsp::lsp_types as lsp;

use super::View;

/// The types and modifiers, in the order of their numbers.
#[must_use]
pub fn legend() -> lsp::SemanticTokensLegend {
    lsp::SemanticTokensLegend {
        token_types: vec![lsp::SemanticTokenType::FUNCTION, lsp::SemanticTokenType::VARIABLE],
        token_modifiers: vec![lsp::SemanticTokenModifier::new("compiled"), lsp::SemanticTokenModifier::new("tagged")],
    }
}

/// The tokens of a document; none unless they are wanted.
#[must_use]
pub fn tokens(view: &View) -> Vec<lsp::SemanticToken> {
    if !view.settings.tokens {
        return Vec::new();
    }
    let mut found = Vec::<(Span, u32)>::new();
    for located in view.version.snapshot.functions() {
        if !located.function.is_refused() {
            found.push((located.place(located.function.name_span()), 0));
        }
        let typed = located.function.typed(&view.chosen(located).signature);
        let tagged = located.function.tagged(&typed).into_iter().map(|span| (located.place(span), 1));
        found.extend(tagged);
    }
    found.sort_unstable();
    found.dedup();
    let lines = view.lines();
    let (mut line, mut column) = (0, 0);
    let mut tokens = Vec::new();
    for (span, kind) in found {
        let range = lines.exact(span);
        let delta_line = range.start.line - line;
        let delta_start =
            if delta_line == 0 { range.start.character.saturating_sub(column) } else { range.start.character };
        tokens.push(lsp::SemanticToken {
            delta_line,
            delta_start,
            length: range.end.character.saturating_sub(range.start.character),
            token_type: kind,
            token_modifiers_bitset: 1 << kind,
        });
        (line, column) = (range.start.line, range.start.character);
    }
    tokens
}

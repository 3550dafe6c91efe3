//! The functions of a document, for editors that show something of their own beside them.

use serde::Serialize;
use tower_lsp::lsp_types as lsp;

use super::View;

/// A function under the decorator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its name behind those of its classes, as commands take it; nothing where only another function gets at it.
    pub qualified: Option<String>,
    /// Where its name stands: a place to ask `brrr/ir` about.
    pub position: lsp::Position,
    /// From the first decorator to the last statement.
    pub range: lsp::Range,
    /// The signature that it is shown for.
    pub signature: String,
    /// The types of the parameters of that signature.
    pub parameters: Vec<String>,
    /// True if it cannot be compiled, whatever the types are.
    pub is_refused: bool,
}

/// The functions of a document, from its top.
#[must_use]
pub fn functions(view: &View) -> Vec<Function> {
    let lines = view.lines();
    let functions = view.version.snapshot.functions().map(|located| {
        let function = located.function;
        let name = located.place(function.name_span());
        let signature = view.chosen(located).signature;
        Function {
            name: function.name().to_owned(),
            qualified: function.qualified_name(),
            position: lines.position(name.start as usize),
            range: lines.exact(located.span()),
            parameters: signature.params.iter().map(|one| one.python()).collect(),
            signature: function.text_of(&function.typed(&signature)),
            is_refused: function.is_refused(),
        }
    });
    functions.collect()
}

//! Text to functions.
//!
//! Enters: a [`SourceFile`], or the lines of one function. Leaves: the functions under `@brrr` with their syntax trees.
//! A syntax error costs one function, not the file.

use rustpython_parser::ast;

use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};
use crate::types::Env;

/// One function under the decorator.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The place of the name.
    pub name_span: Span,
    /// From the first decorator to the last statement.
    pub span: Span,
    /// True if it stands in a class body.
    pub in_class: bool,
    /// The tree; its offsets are those of the source file.
    pub ast: ast::StmtFunctionDef,
}

/// The brrr functions of a file.
#[derive(Debug)]
pub struct Module {
    /// In the order of the source, nested ones included.
    pub functions: Vec<Function>,
    /// Syntax errors in brrr functions.
    pub diagnostics: Vec<Diagnostic>,
    /// What the module's own names mean.
    pub env: Env,
}

/// Finds the functions under the decorator, whatever it was imported as.
#[must_use]
pub fn parse(_file: &SourceFile) -> Module {
    todo!()
}

/// Reads one function whose first line (its first decorator, or its `def`) is number `first_line` of the file at `path`.
/// `next_line` gives that line and those that follow, with their line breaks; no more are asked for than the function has,
/// and a few.
///
/// # Errors
/// A diagnostic with the source it points into, if there is no `def` there or it is not valid Python.
pub fn read_function(
    _path: &str,
    _first_line: u32,
    _next_line: &mut dyn FnMut() -> Option<String>,
) -> Result<(SourceFile, Function), (SourceFile, Diagnostic)> {
    todo!()
}

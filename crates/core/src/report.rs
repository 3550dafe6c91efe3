//! Diagnostics to text.

use crate::diagnostic::Diagnostic;
use crate::source::SourceFile;

/// Draws diagnostics with their source lines.
#[must_use]
pub fn draw(_file: &SourceFile, _diagnostics: &[Diagnostic], _color: bool) -> String {
    todo!()
}

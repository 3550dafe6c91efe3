//! The drivers: the corridor from text to machine code, step by step.

use crate::backend::{Backend, Options, Output, Request};
use crate::diagnostic::Diagnostic;
use crate::ir;
use crate::source::{SourceFile, Span};
use crate::syntax;
use crate::types::{Env, Signature, TypeSet};

/// All that is known about a file without running or compiling it.
#[derive(Debug)]
pub struct Analysis {
    /// The brrr functions.
    pub functions: Vec<FunctionAnalysis>,
    /// Everything there is to say, in the order of the source.
    pub diagnostics: Vec<Diagnostic>,
}

/// What is known about one function, for its annotations (`int` where there is none).
#[derive(Debug)]
pub struct FunctionAnalysis {
    /// Its name.
    pub name: String,
    /// From the first decorator to the last statement.
    pub span: Span,
    /// The signature assumed.
    pub signature: Signature,
    /// What it returns.
    pub result: TypeSet,
    /// The types of names where they are bound, and of returned values, in the order of the source.
    pub bindings: Vec<Binding>,
}

/// The type a name gets where it is bound.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The name; `return` for a returned value.
    pub name: String,
    /// The place of the name, or of the `return` statement.
    pub span: Span,
    /// What it may hold from there on.
    pub types: TypeSet,
}

/// Checks a file: the door of the editor and the command line.
#[must_use]
pub fn analyze(_file: &SourceFile) -> Analysis {
    todo!()
}

/// A function that was parsed and bound: what decoration does. Types come with a signature.
#[derive(Debug)]
pub struct Prepared {
    source: SourceFile,
    function: syntax::Function,
}

impl Prepared {
    /// Binds the names of a function and refuses what cannot be compiled.
    ///
    /// # Errors
    /// Every reason why it cannot be compiled, whatever its signature.
    pub fn new(
        _source: SourceFile,
        _function: syntax::Function,
        _env: &Env,
    ) -> Result<Self, (SourceFile, Vec<Diagnostic>)> {
        todo!()
    }

    /// The source it was read from.
    #[must_use]
    pub const fn source(&self) -> &SourceFile {
        &self.source
    }

    /// The tree.
    #[must_use]
    pub const fn function(&self) -> &syntax::Function {
        &self.function
    }

    /// The signature that the annotations give; `None` names the first parameter without a usable annotation.
    ///
    /// # Errors
    /// The diagnostic for the first parameter that has none.
    pub fn annotated(&self) -> Result<Signature, Diagnostic> {
        todo!()
    }

    /// The verified IR for a signature (one type a parameter, keyword-only ones included, in the order of the source).
    ///
    /// # Errors
    /// Why it cannot be compiled for these types.
    pub fn typed(&self, _signature: &Signature) -> Result<ir::Function, Vec<Diagnostic>> {
        todo!()
    }

    /// The source with the types of its names beside each line, for people.
    #[must_use]
    pub fn types_text(&self, _signature: &Signature) -> String {
        todo!()
    }

    /// Machine code, or its text, for IR of this function.
    ///
    /// # Errors
    /// A diagnostic with code `Backend` that holds what LLVM says.
    pub fn code(
        &self,
        backend: &Backend,
        function: ir::Function,
        options: Options,
        output: Output,
    ) -> Result<Vec<u8>, Diagnostic> {
        let _ = Request { function, options, output };
        let _ = backend;
        todo!()
    }
}

//! A function at each stage of the compiler, as text with a map to its lines.
//!
//! Enters: a view of a document, a position, a stage. Leaves: [`Text`]. LLVM's part is done by the [`Worker`].

use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use brrr_core::backend::{Output, Request};
use brrr_core::diagnostic::{Code, Diagnostic};
use brrr_core::listing::Listing;
use brrr_core::query::Located;
use brrr_core::query::function::Function;
use brrr_core::runtime;
use brrr_core::source::Span;
use brrr_core::types::Signature;
use serde::{Deserialize, Serialize};
use tower_lsp::lsp_types as lsp;

use crate::answers::View;
use crate::worker::{Failure, Worker};

/// Texts that are kept.
const MOST_KEPT: usize = 32;

/// A stage of the compiler, as users name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// The typed IR.
    #[serde(rename = "typed")]
    Typed,
    /// LLVM IR as it is made.
    #[serde(rename = "llvm")]
    Llvm,
    /// LLVM IR after optimisation.
    #[serde(rename = "llvm-opt")]
    Optimized,
    /// Assembly.
    #[serde(rename = "asm")]
    Assembly,
}

impl Stage {
    const fn name(self) -> &'static str {
        match self {
            Self::Typed => "typed",
            Self::Llvm => "llvm",
            Self::Optimized => "llvm-opt",
            Self::Assembly => "asm",
        }
    }

    const fn language(self) -> &'static str {
        match self {
            Self::Typed => "brrr-ir",
            Self::Llvm | Self::Optimized => "llvm",
            Self::Assembly => "asm",
        }
    }
}

/// What `brrr/ir` is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Params {
    /// The document.
    pub text_document: lsp::TextDocumentIdentifier,
    /// A place in the function.
    pub position: lsp::Position,
    /// The signature, as users write it; the one that the function is shown for if there is none.
    pub signature: Option<String>,
    /// The stage.
    pub stage: Stage,
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Text {
    /// A name for the text.
    pub title: String,
    /// How it is to be coloured.
    pub language_id: &'static str,
    /// The text.
    pub text: String,
    /// The signature that it is made for.
    pub signature: String,
    /// The signatures that there are to choose from.
    pub signatures: Vec<String>,
    /// Which lines belong together, from 0; several entries for a line whose code is in several places.
    pub mapping: Vec<Mapping>,
    /// The function.
    pub function: String,
    /// The stage.
    pub stage: Stage,
    /// The version of the document that it is made from.
    pub version: i32,
}

/// A line of the source and a run of lines of the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mapping {
    /// The line in the document.
    pub line: u32,
    /// First and last line of the text.
    pub ir_lines: [u32; 2],
}

/// Why there is no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no function at the position.
    NoFunction,
    /// The signature cannot be read, or is not one of this function.
    Signature(String),
    /// The function cannot be compiled for it.
    Errors(Vec<String>),
    /// The worker failed on this function.
    Worker(usize, Failure),
}

impl Refusal {
    /// In words.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::NoFunction => "there is no brrr function here".to_owned(),
            Self::Signature(why) => why.clone(),
            Self::Errors(all) => format!("the function cannot be compiled: {}", all.join("; ")),
            Self::Worker(_, failure) => failure.text(),
        }
    }
}

/// What a function is at a stage for a signature.
type Key = (Arc<Function>, Signature, Stage);

/// Makes texts and keeps the last ones.
#[derive(Debug)]
pub struct Stages {
    worker: Worker,
    kept: Mutex<VecDeque<(Key, Arc<Listing>)>>,
}

impl Stages {
    /// With a worker of its own.
    #[must_use]
    pub fn new() -> Self {
        Self { worker: Worker::new(), kept: Mutex::default() }
    }

    /// Who asks LLVM.
    pub const fn worker(&self) -> &Worker {
        &self.worker
    }

    /// The text of the function at a position.
    ///
    /// # Errors
    /// Why there is none.
    pub fn text(&self, view: &View, params: &Params, cancelled: &AtomicBool) -> Result<Text, Refusal> {
        let located = view.function_at(params.position).ok_or(Refusal::NoFunction)?;
        let function = located.function;
        let (all, chosen) = view.candidates(located);
        let signature = match &params.signature {
            None => all[chosen].signature.clone(),
            Some(text) => function.signature(text).map_err(Refusal::Signature)?,
        };
        let listing = self.listing(located, &signature, params.stage, view, cancelled)?;
        let python = |signature: &Signature| function.text_of(&function.typed(signature));
        let name = function.name();
        let first = view.lines().line(located.start as usize) as u32;
        let mapping =
            listing.mapping().into_iter().map(|(line, ir_lines)| Mapping { line: first + line - 1, ir_lines });
        Ok(Text {
            title: format!("{name}{} ({})", python(&signature), params.stage.name()),
            language_id: params.stage.language(),
            text: listing.text.clone(),
            signature: python(&signature),
            signatures: all.iter().map(|one| python(&one.signature)).collect(),
            mapping: mapping.collect(),
            function: name.to_owned(),
            stage: params.stage,
            version: view.version.number,
        })
    }

    /// The text, with lines of the function's piece, from 1.
    ///
    /// # Errors
    /// Why there is none.
    pub fn listing(
        &self,
        located: Located<'_>,
        signature: &Signature,
        stage: Stage,
        view: &View,
        cancelled: &AtomicBool,
    ) -> Result<Arc<Listing>, Refusal> {
        let function = located.function;
        if let Some(known) = self.known(function, signature, stage) {
            return Ok(known);
        }
        let errors = |all: Vec<Diagnostic>| Refusal::Errors(all.into_iter().map(|one| one.message).collect());
        let unit = function.unit(signature).map_err(errors)?;
        let file = function.file();
        // What stands nowhere in the source belongs to no line.
        let line = |span: Span| if span == Span::default() { 0 } else { file.line(span.start) };
        let output = match stage {
            Stage::Typed => None,
            Stage::Llvm => Some(Output::Llvm),
            Stage::Optimized => Some(Output::OptimizedLlvm),
            Stage::Assembly => Some(Output::Assembly),
        };
        let listing = match output {
            None => Listing::of_unit(&unit, line),
            Some(output) => {
                let request =
                    Request::new(unit, function.options(), output).with_vectors(runtime::vectors).with_places(line);
                let made = self.worker.run(&request, view.settings.time_limit, cancelled);
                let made = made.map_err(|failure| Refusal::Worker(located.index, failure))?;
                let text = String::from_utf8_lossy(&made);
                if stage == Stage::Assembly { Listing::assembly(&text) } else { Listing::llvm(&text) }
            }
        };
        let listing = Arc::new(listing);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_front(((function.clone(), signature.clone(), stage), listing.clone()));
        kept.truncate(MOST_KEPT);
        Ok(listing)
    }

    /// The text, if it was made before.
    #[must_use]
    pub fn known(&self, function: &Arc<Function>, signature: &Signature, stage: Stage) -> Option<Arc<Listing>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let is = |(of, its, at): &Key| Arc::ptr_eq(of, function) && its == signature && *at == stage;
        kept.iter().find(|(key, _)| is(key)).map(|(_, listing)| listing.clone())
    }
}

/// What the editor shows at a function that the worker failed on.
#[must_use]
pub fn defect(located: Located<'_>, failure: &Failure) -> Diagnostic {
    let place = located.place(located.function.name_span());
    Diagnostic::new(Code::Backend, failure.text(), place, "this function")
}

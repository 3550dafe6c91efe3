//! Functions within a brrr function: where they stand, and the types in them.
//!
//! Enters: the tree of the function around, and its program, whose types are inferred. Leaves: a [`Header`] for each `def` and `lambda` in
//! it, and an [`Inner`] for each that is compiled with it, with the types of all calls that the function around leads to. Promised: what
//! is never called has no types, and nothing is assumed for it.

use std::sync::Arc;

use rustpython_parser::ast::{self, Expr, Stmt};

use super::header::end_of_parameters;
use crate::check::flow::{Annotation, Flow, Parameter};
use crate::check::infer::{Binding, Inferred};
use crate::check::program::{Body, Program};
use crate::source::{SourceFile, Span};
use crate::syntax::{blocks, span, walk};
use crate::types::{Signature, Type, TypeSet};

/// Where a function within another one stands.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    /// All of it.
    pub span: Span,
    /// Its name; of a `lambda`, this word.
    pub name: Span,
    /// Behind its parameters.
    pub end: u32,
    /// What it returns is annotated.
    pub returns: bool,
}

impl Header {
    /// The `def`s and `lambda`s in a body, those within them among them.
    pub(super) fn all(body: &[Stmt], file: &SourceFile) -> Vec<Self> {
        let mut found = Vec::new();
        body.iter().for_each(|statement| in_statement(statement, file, &mut found));
        found
    }

    fn of_def(def: &ast::StmtFunctionDef, file: &SourceFile) -> Self {
        let whole = span(def);
        let after = whole.start + file.slice(whole).find("def").map_or(0, |at| at as u32 + "def".len() as u32);
        let start = after + file.slice(Span::new(after, whole.end)).find(def.name.as_str()).unwrap_or(0) as u32;
        let name = Span::new(start, start + def.name.as_str().len() as u32);
        let end = end_of_parameters(file, &def.args, name.end, whole.end);
        Self { span: whole, name, end, returns: def.returns.is_some() }
    }

    fn of_lambda(lambda: &ast::ExprLambda, file: &SourceFile) -> Self {
        let whole = span(lambda);
        let name = Span::new(whole.start, whole.start + "lambda".len() as u32);
        let body = span(&*lambda.body).start;
        // A bracket in front of the body is no part of its tree.
        let last = super::header::last_of(&lambda.args).unwrap_or(name.end);
        let colon = file.slice(Span::new(last, body.max(last))).find(':');
        Self { span: whole, name, end: colon.map_or(last, |at| last + at as u32), returns: false }
    }
}

fn in_statement(statement: &Stmt, file: &SourceFile, found: &mut Vec<Header>) {
    if let Stmt::FunctionDef(def) = statement {
        found.push(Header::of_def(def, file));
        walk::defaults(&def.args).for_each(|default| in_expression(default, file, found));
        def.body.iter().for_each(|inner| in_statement(inner, file, found));
        return;
    }
    walk::expressions(statement).into_iter().for_each(|one| in_expression(one, file, found));
    blocks(statement).into_iter().flatten().for_each(|inner| in_statement(inner, file, found));
}

fn in_expression(expression: &Expr, file: &SourceFile, found: &mut Vec<Header>) {
    walk::each(expression, &mut |one| {
        if let Expr::Lambda(lambda) = one {
            found.push(Header::of_lambda(lambda, file));
        }
    });
}

/// The types in a function within another one.
#[derive(Debug)]
pub struct Inner {
    /// Where it stands.
    pub header: Header,
    /// Its calls: the types of its parameters, and what comes back.
    pub calls: Vec<(Signature, TypeSet)>,
    /// The types of names where they are bound, and of returned values, in the order of the source, for all calls.
    pub bindings: Vec<Binding>,
    /// The function around it, by its place among all; `None` for the brrr function itself.
    pub(super) around: Option<usize>,
    body: Arc<Body>,
    pub(super) inferred: Vec<Inferred>,
}

impl Inner {
    /// Those of the program's first function, each behind the one around it; run it when everything is settled.
    pub(super) fn all(program: &Program<'_>, flow: &Flow, headers: &[Header]) -> Vec<Self> {
        let mut all = Vec::new();
        Self::add(program, flow, headers, None, &mut all);
        all
    }

    fn add(program: &Program<'_>, flow: &Flow, headers: &[Header], around: Option<usize>, all: &mut Vec<Self>) {
        for inner in &flow.inner {
            let Some(&header) = headers.iter().find(|header| header.span == inner.span) else { continue };
            let mut made = Self {
                header,
                calls: Vec::new(),
                bindings: Vec::new(),
                around,
                body: inner.body.clone(),
                inferred: Vec::new(),
            };
            for at in 1..program.count() {
                let instance = program.instance(at);
                // A call that was found to be another one on the way is no call.
                if instance.key != Some(inner.function.callee.key) || !instance.is_called() {
                    continue;
                }
                let inferred = program.inferred(at);
                let (bindings, result, _) = inferred.report(&made.body.flow);
                let taken = instance.start.parameters.iter().map(|&(_, one)| one);
                let params = taken.take(made.body.flow.parameters.len()).collect::<Vec<Type>>();
                made.bindings.extend(bindings);
                made.inferred.push(inferred);
                let signature = Signature { params };
                match made.calls.iter_mut().find(|(known, _)| *known == signature) {
                    Some((_, known)) => *known = known.join(result),
                    None => made.calls.push((signature, result)),
                }
            }
            made.bindings.sort_by_key(|binding| binding.span);
            all.push(made);
            Self::add(program, &inner.body.flow, headers, Some(all.len() - 1), all);
        }
    }

    /// Its flow graph.
    pub(super) fn flow(&self) -> &Flow {
        &self.body.flow
    }

    /// Its name, `<lambda>` if it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.body.flow.name
    }

    /// The types of its parameters, for all calls.
    #[must_use]
    pub fn params(&self) -> Vec<TypeSet> {
        let of = |at: usize| {
            let types = self.calls.iter().map(|(signature, _)| TypeSet::of(signature.params[at]));
            types.fold(TypeSet::EMPTY, TypeSet::join)
        };
        (0..self.body.flow.parameters.len()).map(of).collect()
    }

    /// What its calls give.
    #[must_use]
    pub fn result(&self) -> TypeSet {
        self.calls.iter().fold(TypeSet::EMPTY, |all, (_, one)| all.join(*one))
    }

    /// The names and places of its parameters, and whether nothing can be written behind them.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (&str, Span, bool)> {
        let is_told = |one: &Parameter| one.variadic || !matches!(one.annotation, Annotation::Missing);
        self.body.flow.parameters.iter().map(move |one| (one.name.as_str(), one.span, is_told(one)))
    }
}

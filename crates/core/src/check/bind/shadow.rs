//! Names that are written inside a statement before it is over: by `:=`, and by the patterns of a `match`.
//!
//! Such a name has a shadow, a temporary that holds what the name means from there on. It begins as a copy of the name, which may
//! be unbound, and is copied back when the statement is over. So an exit anywhere within the statement finds the names of the
//! source as they stood at its start, and what the interpreter does again has not been done.

use rustpython_parser::ast::{self, Expr};

use super::Binder;
use crate::check::flow::{Arg, StepKind, VarId};
use crate::source::Span;
use crate::syntax::{span, walk};

impl Binder<'_> {
    /// Opens shadows for the names that `:=` writes in these expressions.
    pub(super) fn open_named<'e>(&mut self, expressions: impl IntoIterator<Item = &'e Expr>, place: Span) {
        let expressions = expressions.into_iter().collect::<Vec<_>>();
        self.open_pins(expressions.iter().copied());
        let mut names = Vec::new();
        expressions.into_iter().for_each(|expression| walk::named(expression, &mut names));
        self.open_shadows(names, place);
    }

    /// Opens shadows for names; the current block is where the statement starts.
    pub(super) fn open_shadows(&mut self, names: Vec<String>, place: Span) {
        self.shadows.clear();
        for name in names {
            let Some(variable) = self.local(&name).filter(|variable| !self.shadows.contains_key(variable)) else {
                continue;
            };
            let shadow = self.variable(format!("{name}'"), false);
            self.flow.variables[shadow.0 as usize].shadows = Some(variable);
            self.shadows.insert(variable, shadow);
            self.step(shadow, StepKind::Keep(Arg::Var(variable)), place);
        }
    }

    /// The statement is over on this path: the names hold what their shadows hold.
    pub(super) fn write_back(&mut self, place: Span) {
        for (variable, shadow) in self.shadows.clone() {
            self.step(variable, StepKind::Keep(Arg::Var(shadow)), place);
        }
    }

    /// True if the statement at hand writes names before it is over.
    pub(super) fn has_shadows(&self) -> bool {
        !self.shadows.is_empty()
    }

    /// The statement is over on every path.
    pub(in crate::check) fn close_shadows(&mut self, place: Span) {
        self.write_back(place);
        self.shadows.clear();
    }

    /// Where a name is written by the statement at hand, if that is not the name itself.
    pub(in crate::check) fn shadow(&self, variable: VarId) -> Option<VarId> {
        self.shadows.get(&variable).copied()
    }

    /// `(name := value)`.
    pub(in crate::check) fn named(&mut self, inner: &ast::ExprNamedExpr) -> Arg {
        let value = self.expression(&inner.value);
        let Expr::Name(name) = &*inner.target else { return value };
        if let Some(shadow) = self.local(name.id.as_str()).and_then(|variable| self.shadow(variable)) {
            self.step(shadow, StepKind::Copy(value), span(&*inner.target));
        }
        if self.has_calls() {
            // Behind a call the name is written, and what it was computed from may be the name itself.
            return self.pinned_value(value, span(inner));
        }
        value
    }
}

/// True for a target that reads nothing: a name, or names in a row.
pub(super) fn only_binds(target: &Expr) -> bool {
    match target {
        Expr::Name(_) => true,
        Expr::Starred(starred) => only_binds(&starred.value),
        Expr::Tuple(tuple) => tuple.elts.iter().all(only_binds),
        Expr::List(list) => list.elts.iter().all(only_binds),
        _ => false,
    }
}

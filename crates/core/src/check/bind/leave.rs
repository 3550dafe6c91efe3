//! Statements that the interpreter does: `raise`, and an `assert` that fails; and `del`, which leaves a name without a value.
//!
//! Whatever expressions stand there, compiled code leaves at the statement; it only has to know which names they read.

use rustpython_parser::ast::{self, Expr};

use super::Binder;
use crate::check::flow::{Arg, End, StepKind, VarId};
use crate::diagnostic::Code;
use crate::ir::Point;
use crate::source::Span;
use crate::syntax::{span, walk};

/// Builtins that see the locals of the function that calls them.
pub(super) const SEES_LOCALS: [&str; 5] = ["locals", "vars", "dir", "eval", "exec"];

impl Binder<'_> {
    pub(super) fn raise(&mut self, inner: &ast::StmtRaise) {
        let place = span(inner);
        self.entry(Point::Start, place);
        let expressions = [&inner.exc, &inner.cause].into_iter().flatten().map(|one| &**one);
        self.leave(expressions, place);
    }

    pub(super) fn assert(&mut self, inner: &ast::StmtAssert) {
        if self.env.without_asserts {
            return;
        }
        let place = span(inner);
        self.entry(Point::Start, place);
        self.open_named([&*inner.test].into_iter().chain(inner.msg.as_deref()), place);
        let (holds, fails) = (self.block(), self.block());
        self.condition(&inner.test, holds, fails);
        self.enter(fails);
        self.leave(inner.msg.as_deref(), place);
        self.enter(holds);
        self.close_shadows(place);
    }

    pub(super) fn delete(&mut self, inner: &ast::StmtDelete) {
        let place = span(inner);
        self.entry(Point::Start, place);
        let mut deleted = Vec::new();
        inner.targets.iter().for_each(|target| self.deleted(target, &mut deleted));
        let unbound = self.never_bound();
        for &(variable, place) in &deleted {
            self.flow.reads.push((variable, place));
            self.check_bound(Arg::Var(variable), place);
        }
        for (at, &(variable, _)) in deleted.iter().enumerate() {
            // The second `del` of a name in one statement raises.
            if deleted[..at].iter().any(|&(before, _)| before == variable) {
                return self.leave_reading(deleted.iter().map(|&(variable, _)| variable).collect(), place);
            }
        }
        for (variable, place) in deleted {
            self.step(variable, StepKind::Keep(Arg::Var(unbound)), place);
        }
    }

    fn deleted(&mut self, target: &Expr, found: &mut Vec<(VarId, Span)>) {
        match target {
            Expr::Name(name) => found.extend(self.local(name.id.as_str()).map(|variable| (variable, span(target)))),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|target| self.deleted(target, found)),
            Expr::List(list) => list.elts.iter().for_each(|target| self.deleted(target, found)),
            _ => drop(self.refuse_as(Code::Deleted, span(target))),
        }
    }

    /// Leaves for good: the interpreter evaluates these expressions.
    fn leave<'e>(&mut self, expressions: impl IntoIterator<Item = &'e Expr>, place: Span) {
        let mut reads = Vec::new();
        for expression in expressions {
            walk::each(expression, &mut |inner| match inner {
                Expr::Name(name) => match self.local(name.id.as_str()) {
                    Some(variable) => reads.push(variable),
                    None if SEES_LOCALS.contains(&name.id.as_str()) => reads.extend(self.names.values()),
                    None => {}
                },
                Expr::Await(_) | Expr::Yield(_) | Expr::YieldFrom(_) => {
                    self.refuse_expression(inner);
                }
                _ => {}
            });
        }
        reads.sort_unstable();
        reads.dedup();
        self.leave_reading(reads, place);
    }

    /// Leaves for good: the interpreter reads these variables.
    pub(super) fn leave_reading(&mut self, reads: Vec<VarId>, place: Span) {
        let target = self.temporary();
        self.step(target, StepKind::Leave(reads), place);
        // Nothing gets beyond the step, so that where the block leads does not matter.
        let here = self.current;
        self.finish(End::Jump(here));
    }
}

//! Loops: `while`, and `for` over a range, with their `else`; other loops are in [`super::iterate`].

use rustpython_parser::ast::{self, Expr, Stmt};

use super::Binder;
use crate::check::flow::{Arg, End, FlowId, FlowLoop, FlowLoopId, StepKind, VarId};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Constant, Point};
use crate::outside::Outside;
use crate::source::Span;
use crate::syntax::span;

/// A loop around the statement at hand: where `break` and `continue` go.
pub(super) struct LoopTargets {
    pub(super) id: FlowLoopId,
    pub(super) header: FlowId,
    pub(super) after: FlowId,
}

impl Binder<'_> {
    /// Opens a loop whose header is a new block, which becomes the current one, and an entry point of this kind.
    pub(super) fn open_loop(&mut self, after: FlowId, point: Point, place: Span) -> FlowId {
        let parent = self.loops.last().map(|targets| targets.id);
        let id = FlowLoopId(self.flow.loops.len() as u32);
        // The header belongs to the loop, so the loop must be the current one when its block is made.
        self.loops.push(LoopTargets { id, header: FlowId(0), after });
        let header = self.block();
        if let Some(targets) = self.loops.last_mut() {
            targets.header = header;
        }
        self.finish(End::Jump(header));
        self.enter(header);
        let entry = self.entry(point, place);
        self.flow.loops.push(FlowLoop { header, parent, entry });
        header
    }

    /// The body of a loop, then its `else`.
    pub(super) fn close_loop(
        &mut self,
        body: &[Stmt],
        header: FlowId,
        orelse: &[Stmt],
        else_block: FlowId,
        after: FlowId,
    ) {
        self.body(body);
        self.finish(End::Jump(header));
        self.loops.pop();
        self.enter(else_block);
        self.body(orelse);
        self.finish(End::Jump(after));
        self.enter(after);
    }

    pub(super) fn while_loop(&mut self, inner: &ast::StmtWhile) {
        let (after, else_block) = (self.block(), self.block());
        let place = span(&*inner.test);
        let header = self.open_loop(after, Point::Condition, place);
        self.open_named([&*inner.test], place);
        let body = self.block();
        self.condition(&inner.test, body, else_block);
        self.enter(else_block);
        self.write_back(place);
        self.enter(body);
        self.close_shadows(place);
        self.close_loop(&inner.body, header, &inner.orelse, else_block, after);
    }

    pub(super) fn for_loop(&mut self, inner: &ast::StmtFor) {
        let ordinal = self.statement;
        let place = span(&*inner.iter);
        self.entry(Point::Iterable, place);
        self.open_named([&*inner.iter], place);
        let Expr::Call(call) = &*inner.iter else { return self.other_loop(inner) };
        if !self.is_range(call) {
            return self.other_loop(inner);
        }
        let Some(target) = self.for_target(&inner.target) else {
            self.skip_bodies(&inner.body, &inner.orelse);
            return;
        };
        let Some([start, stop, step]) = self.range_of(call) else {
            self.skip_bodies(&inner.body, &inner.orelse);
            return;
        };
        let next = self.iterator("next", ordinal);
        let end = self.iterator("stop", ordinal);
        self.step(next, StepKind::Op("index.", vec![start]), place);
        self.step(end, StepKind::Op("index.", vec![stop]), place);
        match step {
            Arg::Constant(Constant::Int(1)) => self.counted_loop(inner, target, next, "<", "up.", end),
            Arg::Constant(Constant::Int(-1)) => self.counted_loop(inner, target, next, ">", "down.", end),
            _ => self.stepped_loop(inner, target, next, step, end),
        }
    }

    /// A loop over anything but a range.
    fn other_loop(&mut self, inner: &ast::StmtFor) {
        if self.iterating_loop(inner).is_none() {
            self.skip_bodies(&inner.body, &inner.orelse);
        }
    }

    pub(super) fn iterator(&mut self, part: &str, ordinal: u32) -> VarId {
        self.variable(format!(".{part}{ordinal}"), true)
    }

    /// A range with step 1 or -1: the iterator is its next value, which cannot overflow before it meets the stop.
    fn counted_loop(
        &mut self,
        inner: &ast::StmtFor,
        target: VarId,
        next: VarId,
        test: &'static str,
        advance: &'static str,
        stop: VarId,
    ) {
        let place = span(&*inner.target);
        self.close_shadows(place);
        let (after, else_block) = (self.block(), self.block());
        let statement = self.statement;
        let header = self.open_loop(after, Point::Advance, place);
        let more = self.temporary();
        self.step(more, StepKind::Op(test, vec![Arg::Var(next), Arg::Var(stop)]), place);
        let body = self.block();
        self.finish(End::Branch(Arg::Var(more), body, else_block));
        self.enter(body);
        self.statement = statement;
        self.entry(Point::Target, place);
        self.step(target, StepKind::Copy(Arg::Var(next)), place);
        self.step(next, StepKind::Op(advance, vec![Arg::Var(next)]), place);
        self.close_loop(&inner.body, header, &inner.orelse, else_block, after);
    }

    /// A range with another step: the iterator is its next value and the number of turns that remain, modulo 2**64.
    fn stepped_loop(&mut self, inner: &ast::StmtFor, target: VarId, next: VarId, step: Arg, stop: VarId) {
        let place = span(&*inner.target);
        let ordinal = self.statement;
        let by = self.iterator("step", ordinal);
        let left = self.iterator("left", ordinal);
        let checked = self.temporary();
        self.step(checked, StepKind::Op("index.", vec![step]), span(&*inner.iter));
        self.step(by, StepKind::Op("step.", vec![Arg::Var(checked)]), span(&*inner.iter));
        let range = vec![Arg::Var(next), Arg::Var(stop), Arg::Var(by)];
        self.step(left, StepKind::Op("count.", range), span(&*inner.iter));
        self.close_shadows(place);
        let (after, else_block) = (self.block(), self.block());
        let header = self.open_loop(after, Point::Advance, place);
        let more = self.temporary();
        let zero = Arg::Constant(Constant::Int(0));
        self.step(more, StepKind::Op("!=", vec![Arg::Var(left), zero]), place);
        let body = self.block();
        self.finish(End::Branch(Arg::Var(more), body, else_block));
        self.enter(body);
        self.entry(Point::Target, place);
        self.step(target, StepKind::Copy(Arg::Var(next)), place);
        self.step(next, StepKind::Op("advance.", vec![Arg::Var(next), Arg::Var(by)]), place);
        let less = Arg::Constant(Constant::Int(-1));
        self.step(left, StepKind::Op("advance.", vec![Arg::Var(left), less]), place);
        self.close_loop(&inner.body, header, &inner.orelse, else_block, after);
    }

    /// The loop itself is refused; what is inside is still looked at, as a body of its own.
    pub(in crate::check) fn skip_bodies(&mut self, body: &[Stmt], orelse: &[Stmt]) {
        self.shadows.clear();
        let (after, else_block) = (self.block(), self.block());
        let header = self.open_loop(after, Point::Advance, Span::default());
        self.close_loop(body, header, orelse, else_block, after);
    }

    fn for_target(&mut self, target: &Expr) -> Option<VarId> {
        if let Expr::Name(name) = target {
            return self.local(name.id.as_str());
        }
        let diagnostic = Diagnostic::new(
            Code::Target,
            "the target of this `for` cannot be compiled",
            span(target),
            "not a single name",
        );
        self.diagnostics.push(diagnostic.help("`range` gives one int at a time: write `for i in range(...)`"));
        None
    }

    /// True for a call of Python's own `range`.
    pub(in crate::check) fn is_range(&self, call: &ast::ExprCall) -> bool {
        self.is_builtin(&call.func, "range")
    }

    /// True if an expression is the name of a builtin.
    pub(in crate::check) fn is_builtin(&self, expression: &Expr, builtin: &'static str) -> bool {
        matches!(expression, Expr::Name(name)
            if self.local(name.id.as_str()).is_none()
                && self.env.meaning(name.id.as_str()) == Outside::Function(builtin))
    }

    /// `range(stop)`, `range(start, stop)`, `range(start, stop, step)` as its three arguments.
    pub(in crate::check) fn range_of(&mut self, call: &ast::ExprCall) -> Option<[Arg; 3]> {
        let refuse = |binder: &mut Self, label: &str| {
            let message = "this `range` cannot be compiled";
            let diagnostic = Diagnostic::new(Code::RangeArguments, message, span(call), label);
            binder
                .diagnostics
                .push(diagnostic.help("write `range(stop)`, `range(start, stop)` or `range(start, stop, step)`"));
            None
        };
        if !call.keywords.is_empty() || call.args.iter().any(|argument| matches!(argument, Expr::Starred(_))) {
            return refuse(self, "takes plain arguments only");
        }
        if let Expr::Name(name) = &*call.func {
            self.guard(name.id.as_str());
        }
        let args = call.args.iter().map(|argument| self.expression(argument)).collect::<Vec<_>>();
        let (zero, one) = (Arg::Constant(Constant::Int(0)), Arg::Constant(Constant::Int(1)));
        match *args.as_slice() {
            [stop] => Some([zero, stop, one]),
            [start, stop] => Some([start, stop, one]),
            [start, stop, step] => Some([start, stop, step]),
            _ => refuse(self, "takes one to three arguments"),
        }
    }
}

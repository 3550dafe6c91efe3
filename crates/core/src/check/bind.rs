//! Syntax tree to flow graph: binds names, makes control flow explicit, refuses what cannot be compiled.
//!
//! Enters: a [`Function`] and an [`Env`]. Leaves: a [`Flow`] and every diagnostic that holds whatever the types are. All
//! problems are reported, not only the first.

use std::collections::{BTreeMap, BTreeSet};

use rustpython_parser::ast::{self, Expr, Stmt};

use super::flow::{
    Annotation, Arg, End, EntryId, EntryPoint, Flow, FlowBlock, FlowId, FlowLoop, FlowLoopId, Parameter, Step,
    StepKind, VarId, Variable,
};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Constant, Point};
use crate::outside::{Env, Outside};
use crate::source::{SourceFile, Span};
use crate::syntax::{Function, bind_target, identifier, span};
use crate::types::Type;

/// Binds a function.
#[must_use]
pub fn bind(function: &Function, env: &Env, file: &SourceFile) -> (Flow, Vec<Diagnostic>) {
    let mut binder = Binder::new(function, env, file);
    binder.parameters(function);
    binder.locals(&function.ast.body);
    binder.start();
    binder.body(&function.ast.body);
    let end = Span::new(function.span.end, function.span.end);
    let entry = binder.entry(Point::Start, end);
    binder.finish(End::Return(Arg::Constant(Constant::None), entry, end));
    (binder.flow, binder.diagnostics)
}

/// The state of one walk over a body.
pub(super) struct Binder<'a> {
    pub(super) flow: Flow,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) file: &'a SourceFile,
    pub(super) env: &'a Env,
    names: BTreeMap<String, VarId>,
    /// The block that is being filled.
    pub(super) current: FlowId,
    /// The entry point of the statement that is being taken apart.
    pub(super) at: EntryId,
    /// Ordinal of the next statement, and of the current one.
    next_statement: u32,
    statement: u32,
    /// The loops around, innermost last: where `break` and `continue` go.
    loops: Vec<LoopTargets>,
}

struct LoopTargets {
    id: FlowLoopId,
    header: FlowId,
    after: FlowId,
}

impl<'a> Binder<'a> {
    fn new(function: &Function, env: &'a Env, file: &'a SourceFile) -> Self {
        let flow = Flow {
            name: function.name.clone(),
            parameters: Vec::new(),
            variables: Vec::new(),
            blocks: Vec::new(),
            loops: Vec::new(),
            entries: Vec::new(),
            guards: Vec::new(),
            reads: Vec::new(),
        };
        Self {
            flow,
            diagnostics: Vec::new(),
            file,
            env,
            names: BTreeMap::new(),
            current: FlowId(0),
            at: EntryId(0),
            next_statement: 0,
            statement: 0,
            loops: Vec::new(),
        }
    }

    fn start(&mut self) {
        self.current = self.block();
    }

    fn parameters(&mut self, function: &Function) {
        let arguments = &function.ast.args;
        let plain = arguments.posonlyargs.iter().chain(&arguments.args).chain(&arguments.kwonlyargs);
        for argument in plain {
            let at = span(&argument.def);
            let written = argument.def.arg.as_str();
            let name = identifier(written);
            let name_span = Span::new(at.start, at.start + written.len() as u32);
            let annotation = match argument.def.annotation.as_deref() {
                None => Annotation::Missing,
                Some(expression) => self.annotation(expression),
            };
            let variable = self.variable(name.clone(), true);
            self.names.insert(name.clone(), variable);
            self.flow.parameters.push(Parameter { name, span: name_span, annotation });
        }
        for (starred, what) in [(&arguments.vararg, "*"), (&arguments.kwarg, "**")] {
            if let Some(starred) = starred {
                let message = format!("parameter `{what}{}` cannot be compiled", starred.arg);
                let label = "takes any number of arguments";
                let diagnostic = Diagnostic::new(Code::Parameter, message, span(&**starred), label);
                self.diagnostics.push(diagnostic.help("name each parameter; defaults and keywords work"));
            }
        }
        let first = arguments.posonlyargs.iter().chain(&arguments.args).next();
        if let Some(first) = first.filter(|first| function.in_class && first.def.arg.as_str() == "self") {
            let message = format!("method `{}` cannot be compiled: `self` is an object", function.name);
            let diagnostic = Diagnostic::new(Code::Method, message, span(&first.def), "any object of the class");
            self.diagnostics
                .push(diagnostic.help("make it a `@staticmethod` above `@brrr` that takes the numbers it needs"));
        }
    }

    fn annotation(&self, expression: &Expr) -> Annotation {
        let text = match expression {
            Expr::Constant(ast::ExprConstant { value: ast::Constant::Str(text), .. }) => text.as_str(),
            Expr::Constant(ast::ExprConstant { value: ast::Constant::None, .. }) => "None",
            Expr::Name(name) => name.id.as_str(),
            _ => "",
        };
        Type::from_python(text.trim()).map_or_else(|| Annotation::Other(span(expression)), Annotation::Type)
    }

    /// Every name that is written anywhere in the body is a local of the function.
    fn locals(&mut self, body: &[Stmt]) {
        for statement in body {
            let mut written = BTreeSet::new();
            match statement {
                Stmt::Assign(assign) => assign.targets.iter().for_each(|target| bind_target(target, &mut written)),
                Stmt::AugAssign(assign) => bind_target(&assign.target, &mut written),
                Stmt::AnnAssign(assign) => bind_target(&assign.target, &mut written),
                Stmt::For(inner) => bind_target(&inner.target, &mut written),
                _ => {}
            }
            for name in written {
                if !self.names.contains_key(&name) {
                    let variable = self.variable(name.clone(), true);
                    self.names.insert(name, variable);
                }
            }
            match statement {
                Stmt::For(inner) => [&inner.body, &inner.orelse].into_iter().for_each(|body| self.locals(body)),
                Stmt::While(inner) => [&inner.body, &inner.orelse].into_iter().for_each(|body| self.locals(body)),
                Stmt::If(inner) => [&inner.body, &inner.orelse].into_iter().for_each(|body| self.locals(body)),
                _ => {}
            }
        }
    }

    pub(super) fn variable(&mut self, name: String, in_frame: bool) -> VarId {
        self.flow.variables.push(Variable { name, in_frame });
        VarId(self.flow.variables.len() as u32 - 1)
    }

    pub(super) fn temporary(&mut self) -> VarId {
        let name = format!(".{}", self.flow.variables.len());
        self.variable(name, false)
    }

    /// A local of the function, if the name is one.
    pub(super) fn local(&self, name: &str) -> Option<VarId> {
        self.names.get(&identifier(name)).copied()
    }

    /// A new block in the current loop.
    pub(super) fn block(&mut self) -> FlowId {
        let in_loop = self.loops.last().map(|targets| targets.id);
        // The end is written when the block is finished; a block that never is goes nowhere and is never reached.
        let end = End::Jump(FlowId(self.flow.blocks.len() as u32));
        self.flow.blocks.push(FlowBlock { in_loop, steps: Vec::new(), end });
        FlowId(self.flow.blocks.len() as u32 - 1)
    }

    /// Ends the current block; what follows goes into a block that nothing reaches, until [`Self::enter`].
    pub(super) fn finish(&mut self, end: End) {
        self.flow.blocks[self.current.0 as usize].end = end;
        self.current = self.block();
    }

    pub(super) fn enter(&mut self, block: FlowId) {
        self.current = block;
    }

    pub(super) fn step(&mut self, target: VarId, kind: StepKind, span: Span) {
        let entry = self.at;
        self.flow.blocks[self.current.0 as usize].steps.push(Step { target, kind, entry, span });
    }

    /// Begins a place where a continuation can enter.
    fn entry(&mut self, point: Point, span: Span) -> EntryId {
        let start = (self.current, self.flow.blocks[self.current.0 as usize].steps.len() as u32);
        self.flow.entries.push(EntryPoint { statement: self.statement, point, span, start });
        self.at = EntryId(self.flow.entries.len() as u32 - 1);
        self.at
    }

    fn body(&mut self, body: &[Stmt]) {
        body.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &Stmt) {
        self.statement = self.next_statement;
        self.next_statement += 1;
        let place = span(statement);
        match statement {
            Stmt::Pass(_) => {}
            Stmt::Expr(inner) => {
                self.entry(Point::Start, place);
                if !is_docstring(&inner.value) {
                    let value = self.expression(&inner.value);
                    // A name alone is read, and may be unbound.
                    if let (Arg::Var(_), Expr::Name(_)) = (value, &*inner.value) {
                        let target = self.temporary();
                        self.step(target, StepKind::Copy(value), place);
                    }
                }
            }
            Stmt::Assign(assign) => {
                self.entry(Point::Start, place);
                self.assign(&assign.targets, &assign.value);
            }
            Stmt::AnnAssign(assign) => {
                self.entry(Point::Start, place);
                match &assign.value {
                    Some(value) => self.assign(std::slice::from_ref(&*assign.target), value),
                    None => self.check_target(&assign.target),
                }
            }
            Stmt::AugAssign(assign) => {
                self.entry(Point::Start, place);
                self.augmented(assign);
            }
            Stmt::Return(inner) => {
                let entry = self.entry(Point::Start, place);
                let value = match &inner.value {
                    Some(value) => self.expression(value),
                    None => Arg::Constant(Constant::None),
                };
                self.finish(End::Return(value, entry, place));
            }
            Stmt::If(inner) => self.if_statement(inner),
            Stmt::While(inner) => self.while_loop(inner),
            Stmt::For(inner) => self.for_loop(inner),
            Stmt::Break(_) => match self.loops.last().map(|targets| targets.after) {
                Some(after) => self.finish(End::Jump(after)),
                None => self.outside_loop("break", place),
            },
            Stmt::Continue(_) => match self.loops.last().map(|targets| targets.header) {
                Some(header) => self.finish(End::Jump(header)),
                None => self.outside_loop("continue", place),
            },
            other => self.refuse_statement(other),
        }
    }

    fn outside_loop(&mut self, word: &str, place: Span) {
        let message = format!("invalid syntax: `{word}` outside a loop");
        self.diagnostics.push(Diagnostic::new(Code::Syntax, message, place, "no loop around it"));
    }

    fn if_statement(&mut self, inner: &ast::StmtIf) {
        self.entry(Point::Condition, span(&*inner.test));
        let (then_block, else_block, after) = (self.block(), self.block(), self.block());
        self.condition(&inner.test, then_block, else_block);
        self.enter(then_block);
        self.body(&inner.body);
        self.finish(End::Jump(after));
        self.enter(else_block);
        self.body(&inner.orelse);
        self.finish(End::Jump(after));
        self.enter(after);
    }

    /// Opens a loop whose header is a new block, which becomes the current one.
    fn open_loop(&mut self, after: FlowId) -> FlowId {
        let parent = self.loops.last().map(|targets| targets.id);
        let id = FlowLoopId(self.flow.loops.len() as u32);
        // The header belongs to the loop, so the loop must be the current one when its block is made.
        self.loops.push(LoopTargets { id, header: FlowId(0), after });
        let header = self.block();
        if let Some(targets) = self.loops.last_mut() {
            targets.header = header;
        }
        self.flow.loops.push(FlowLoop { header, parent });
        self.finish(End::Jump(header));
        self.enter(header);
        header
    }

    /// The body of a loop, then its `else`.
    fn close_loop(&mut self, body: &[Stmt], header: FlowId, orelse: &[Stmt], else_block: FlowId, after: FlowId) {
        self.body(body);
        self.finish(End::Jump(header));
        self.loops.pop();
        self.enter(else_block);
        self.body(orelse);
        self.finish(End::Jump(after));
        self.enter(after);
    }

    fn while_loop(&mut self, inner: &ast::StmtWhile) {
        let (after, else_block) = (self.block(), self.block());
        let header = self.open_loop(after);
        self.entry(Point::Condition, span(&*inner.test));
        let body = self.block();
        self.condition(&inner.test, body, else_block);
        self.enter(body);
        self.close_loop(&inner.body, header, &inner.orelse, else_block, after);
    }

    fn for_loop(&mut self, inner: &ast::StmtFor) {
        let ordinal = self.statement;
        let place = span(&*inner.iter);
        self.entry(Point::Iterable, place);
        let Some(target) = self.for_target(&inner.target) else {
            self.skip_bodies(&inner.body, &inner.orelse);
            return;
        };
        let Some([start, stop, step]) = self.range(&inner.iter) else {
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

    fn iterator(&mut self, part: &str, ordinal: u32) -> VarId {
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
        let (after, else_block) = (self.block(), self.block());
        let statement = self.statement;
        let header = self.open_loop(after);
        self.entry(Point::Advance, place);
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
        let (after, else_block) = (self.block(), self.block());
        let header = self.open_loop(after);
        self.entry(Point::Advance, place);
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
    fn skip_bodies(&mut self, body: &[Stmt], orelse: &[Stmt]) {
        let (after, else_block) = (self.block(), self.block());
        let header = self.open_loop(after);
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

    /// `range(stop)`, `range(start, stop)`, `range(start, stop, step)` as its three arguments.
    pub(super) fn range(&mut self, iterable: &Expr) -> Option<[Arg; 3]> {
        let refuse = |binder: &mut Self, label: &str, help: &str| {
            let message = "a `for` loop over this cannot be compiled";
            binder.diagnostics.push(Diagnostic::new(Code::Iterable, message, span(iterable), label).help(help));
            None
        };
        let Expr::Call(call) = iterable else {
            return refuse(
                self,
                "not a call of `range`",
                "loop over `range(...)` and compute the element inside the loop",
            );
        };
        let is_range = matches!(&*call.func, Expr::Name(name)
            if self.local(name.id.as_str()).is_none()
                && self.env.meaning(name.id.as_str()) == Outside::Function("range"));
        if !is_range {
            return refuse(
                self,
                "not Python's own `range`",
                "loop over `range(...)` and compute the element inside the loop",
            );
        }
        if !call.keywords.is_empty() || call.args.iter().any(|argument| matches!(argument, Expr::Starred(_))) {
            return refuse(self, "takes plain arguments only", "write `range(start, stop, step)`");
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
            _ => refuse(self, "takes one to three arguments", "write `range(start, stop, step)`"),
        }
    }

    fn refuse_statement(&mut self, statement: &Stmt) {
        let (what, help) = match statement {
            Stmt::FunctionDef(_) | Stmt::AsyncFunctionDef(_) => {
                ("a function inside a function", "write the code in place of the call")
            }
            Stmt::ClassDef(_) => ("a class", "define it outside the function"),
            Stmt::Delete(_) => ("`del`", "leave the name bound"),
            Stmt::AsyncFor(_) | Stmt::AsyncWith(_) => ("`async`", "write a plain function"),
            Stmt::With(_) => ("`with`", "call the compiled part from a plain function that has the `with`"),
            Stmt::Match(_) => ("`match`", "write `if` and `elif`"),
            Stmt::Raise(_) => ("`raise`", "return a value that says so and raise in the caller"),
            Stmt::Try(_) | Stmt::TryStar(_) => {
                ("`try`", "call the compiled part from a plain function that has the `try`")
            }
            Stmt::Assert(_) => ("`assert`", "check before the call"),
            Stmt::Import(_) | Stmt::ImportFrom(_) => ("an import", "import outside the function"),
            Stmt::Global(_) => ("`global`", "pass the value as an argument and return the new one"),
            Stmt::Nonlocal(_) => ("`nonlocal`", "pass the value as an argument and return the new one"),
            _ => ("this statement", "use plain assignments, loops and branches"),
        };
        let whole = span(statement);
        let first_line = self.file.slice(whole).lines().next().unwrap_or("").trim_end().len() as u32;
        let place = Span::new(whole.start, whole.start + first_line);
        let diagnostic = Diagnostic::new(Code::Statement, format!("{what} cannot be compiled"), place, "not supported");
        self.diagnostics.push(diagnostic.help(help));
    }
}

fn is_docstring(expression: &Expr) -> bool {
    use ast::Constant::{Bytes, Complex, Ellipsis, Str};
    matches!(expression, Expr::Constant(constant) if matches!(constant.value, Str(_) | Bytes(_) | Complex { .. } | Ellipsis))
}

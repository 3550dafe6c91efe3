//! Syntax tree to flow graph: binds names, makes control flow explicit, refuses what cannot be compiled.
//!
//! Enters: a [`Function`] and an [`Env`]. Leaves: a [`Flow`] and every diagnostic that holds whatever the types are. All
//! problems are reported, not only the first.

pub(super) mod fold;
mod further;
mod iterate;
mod leave;
mod local;
mod loops;
mod membership;
mod over;
mod pattern;
mod pins;
mod scope;
mod shadow;
mod shared;

use std::collections::{BTreeMap, BTreeSet};

use rustpython_parser::ast::{self, Expr, Stmt};

use super::flow::{Arg, End, EntryId, EntryPoint, Flow, FlowBlock, FlowId, Step, StepKind, VarId, Variable};
use super::refuse::Refused;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Constant, Point};
use crate::outside::Env;
use crate::source::{SourceFile, Span};
use crate::syntax::{Function, identifier, span};
use loops::LoopTargets;
use pins::Pins;
use shadow::only_binds;

/// Binds a function. With `probes`, the code asks at every entry point whether it leaves there: for tests.
#[must_use]
pub fn bind(function: &Function, env: &Env, file: &SourceFile, probes: bool) -> (Flow, Vec<Diagnostic>) {
    let mut binder = Binder::new(function, env, file);
    binder.probes = probes;
    binder.parameters(function);
    binder.locals(&function.ast.body);
    binder.further.own = further::writers(&function.ast.body);
    binder.find_reads(&function.ast.body);
    binder.start();
    binder.body(&function.ast.body);
    binder.statement = binder.next_statement;
    let end = Span::new(function.span.end, function.span.end);
    let entry = binder.entry(Point::Start, end);
    binder.finish(End::Return(Arg::Constant(Constant::None), entry, end));
    binder.close_cells();
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
    /// The loops around, innermost last.
    loops: Vec<LoopTargets>,
    probes: bool,
    /// The names that the statement at hand writes inside its expressions, each with its shadow.
    shadows: BTreeMap<VarId, VarId>,
    /// The names that the function reads, or deletes; `None` if it may read any.
    read: Option<BTreeSet<String>>,
    /// The names that the function calls.
    called: BTreeSet<String>,
    /// A variable that never has a value, once one is needed.
    unbound: Option<VarId>,
    /// What the statement at hand has of calls of other functions.
    pins: Pins,
    /// The line of the file on which the function begins.
    first_line: u32,
    /// The function as a whole, from its first decorator on.
    pub(super) first: Span,
    pub(super) refused: Refused,
    /// The functions within this one that have been met.
    drafts: Vec<local::Draft>,
    /// It is itself within a function that is compiled.
    is_local: bool,
    /// Where it stands there; empty if it is not.
    place: String,
    /// The names of the function around that it writes.
    pub(super) shared: BTreeSet<String>,
    /// The functions that write variables of functions around, and what a call of them makes of this one.
    further: further::Further,
}

impl<'a> Binder<'a> {
    fn new(function: &Function, env: &'a Env, file: &'a SourceFile) -> Self {
        let flow = Flow {
            name: function.name.clone(),
            parameters: Vec::new(),
            positional: function.ast.args.posonlyargs.len() + function.ast.args.args.len(),
            positional_only: function.ast.args.posonlyargs.len(),
            variables: Vec::new(),
            blocks: Vec::new(),
            loops: Vec::new(),
            entries: Vec::new(),
            guards: Vec::new(),
            hidden: Vec::new(),
            reads: Vec::new(),
            inner: Vec::new(),
            cells_key: None,
            cells: Vec::new(),
            owner: None,
            writes: Vec::new(),
            further: Vec::new(),
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
            probes: false,
            shadows: BTreeMap::new(),
            read: Some(BTreeSet::new()),
            called: BTreeSet::new(),
            unbound: None,
            pins: Pins::default(),
            first_line: file.line(function.span.start),
            first: function.span,
            refused: Refused::default(),
            drafts: Vec::new(),
            is_local: false,
            place: String::new(),
            shared: BTreeSet::new(),
            further: further::Further::default(),
        }
    }

    fn start(&mut self) {
        self.current = self.block();
    }

    pub(super) fn variable(&mut self, name: String, in_frame: bool) -> VarId {
        self.flow.variables.push(Variable { name, in_frame, shadows: None });
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

    /// The names of the locals.
    pub(super) fn local_names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
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
        if self.probes {
            let nothing = self.temporary();
            self.step(nothing, StepKind::Op("probe.", Vec::new()), span);
        }
        self.at
    }

    pub(super) fn body(&mut self, body: &[Stmt]) {
        for statement in body {
            let before = self.diagnostics.len();
            self.statement(statement);
            if self.diagnostics.len() > before {
                self.stands_among(body.len());
                self.fix_statement(statement, before);
            }
        }
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
                    self.open_named([&*inner.value], place);
                    let value = self.expression(&inner.value);
                    // A name alone is read, and may be unbound.
                    if let (Arg::Var(_), Expr::Name(_)) = (value, &*inner.value) {
                        let target = self.temporary();
                        self.step(target, StepKind::Copy(value), place);
                    }
                    self.close_shadows(place);
                }
            }
            Stmt::Assign(assign) => {
                self.entry(Point::Start, place);
                let read = assign.targets.iter().filter(|target| !only_binds(target));
                self.open_named(read.chain([&*assign.value]), place);
                self.assign(&assign.targets, &assign.value);
            }
            Stmt::AnnAssign(assign) => {
                self.entry(Point::Start, place);
                match &assign.value {
                    Some(value) => {
                        let read = Some(&*assign.target).filter(|target| !only_binds(target));
                        self.open_named(read.into_iter().chain([&**value]), place);
                        self.assign(std::slice::from_ref(&*assign.target), value);
                    }
                    None => self.check_target(&assign.target),
                }
            }
            Stmt::AugAssign(assign) => {
                self.entry(Point::Start, place);
                self.open_named([&*assign.target, &*assign.value], place);
                self.augmented(assign);
            }
            Stmt::Return(inner) => {
                self.entry(Point::Start, place);
                self.open_named(inner.value.as_deref(), place);
                let value = match inner.value.as_deref() {
                    Some(Expr::Lambda(lambda)) if !self.is_local => self.returned_lambda(span(lambda)),
                    Some(value) => self.expression(value),
                    None => Arg::Constant(Constant::None),
                };
                self.finish(End::Return(value, self.at, place));
                self.shadows.clear();
            }
            Stmt::Raise(inner) => self.raise(inner),
            Stmt::Delete(inner) => self.delete(inner),
            Stmt::Match(inner) => self.match_statement(inner),
            Stmt::FunctionDef(def) => self.definition(def, statement),
            Stmt::Global(inner) => self.declaration(Code::Global, &inner.names, place),
            Stmt::Nonlocal(inner) => self.declaration(Code::Nonlocal, &inner.names, place),
            Stmt::Assert(inner) => self.assert(inner),
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
        let place = span(&*inner.test);
        self.entry(Point::Condition, place);
        self.open_named([&*inner.test], place);
        let (then_block, else_block, after) = (self.block(), self.block(), self.block());
        self.condition(&inner.test, then_block, else_block);
        self.enter(else_block);
        self.write_back(place);
        self.enter(then_block);
        self.close_shadows(place);
        self.body(&inner.body);
        self.finish(End::Jump(after));
        self.enter(else_block);
        self.body(&inner.orelse);
        self.finish(End::Jump(after));
        self.enter(after);
    }
}

fn is_docstring(expression: &Expr) -> bool {
    use ast::Constant::{Bytes, Complex, Ellipsis, Str};
    matches!(expression, Expr::Constant(constant) if matches!(constant.value, Str(_) | Bytes(_) | Complex { .. } | Ellipsis))
}

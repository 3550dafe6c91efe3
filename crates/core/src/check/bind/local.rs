//! Functions within functions: `def` and `lambda` in the body of a function that is compiled.
//!
//! Enters: their trees. Leaves: a flow graph for each, whose hidden arguments are what it reads of the function around it, as that stands
//! when it is called: *cells*. A default is a variable of the function around, too, written where the function is made. What each call
//! may need of these variables is known once the whole function is bound ([`Binder::close_cells`]).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustpython_parser::ast::{self, Expr, Stmt};

use super::Binder;
use crate::check::flow::{Arg, Cell, End, Flow, FlowId, Hidden, Inner, Lent, Step, StepKind, VarId};
use crate::check::program::Body;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Constant, Point};
use crate::outside::{Callee, FunctionKey, Outside, hash_of};
use crate::source::Span;
use crate::syntax::{Function, identifier, span, walk};
use crate::types::{FunctionType, FunctionValue, LocalFunction};

/// A function within the one that is being bound.
pub(super) struct Draft {
    function: LocalFunction,
    pub(super) flow: Flow,
    /// The variables of the function around that hold its defaults.
    given: Vec<VarId>,
    /// Its place in the source.
    span: Span,
    /// The variables of the function around that it writes itself.
    pub(super) writes: BTreeSet<VarId>,
}

impl Draft {
    pub(super) fn name(&self) -> &str {
        &self.function.callee.name
    }
}

impl Binder<'_> {
    /// `def`: what the name holds from here on.
    pub(super) fn definition(&mut self, def: &ast::StmtFunctionDef, statement: &Stmt) {
        let place = span(def);
        let is_plain = def.decorator_list.is_empty() && def.type_params.is_empty();
        let defaults = walk::defaults(&def.args).collect::<Vec<_>>();
        self.entry(Point::Start, self.first_line_of(place));
        if !is_plain {
            return self.refuse_statement(statement);
        }
        self.open_named(defaults.iter().copied(), place);
        if !self.has_plain_annotations(def) {
            let nothing = self.op("name.", Vec::new(), self.first_line_of(place));
            let _ = nothing;
        }
        let value = self.made(&def.name, def.clone(), place);
        self.close_shadows(place);
        let Some(variable) = self.local(def.name.as_str()) else { return };
        let after = place.start + self.file.slice(place).find("def").map_or(0, |at| at as u32 + 3);
        let rest = self.file.slice(Span::new(after, place.end));
        let start = after + rest.find(def.name.as_str()).unwrap_or(0) as u32;
        self.step(variable, StepKind::Copy(value), Span::new(start, start + def.name.as_str().len() as u32));
    }

    /// An expression that may be a `lambda`, where one can be held: called, handed on, or given a name. `is_direct` where nothing can leave
    /// between its defaults and whatever holds it.
    pub(in crate::check) fn function_or_value(&mut self, expression: &Expr, is_direct: bool) -> Arg {
        match expression {
            Expr::Lambda(lambda) => self.lambda(lambda, expression, is_direct),
            other => self.expression(other),
        }
    }

    fn lambda(&mut self, inner: &ast::ExprLambda, expression: &Expr, is_direct: bool) -> Arg {
        let mut defaults = walk::defaults(&inner.args);
        if !is_direct && defaults.next().is_some() {
            return self.refuse_expression(expression);
        }
        let body =
            Stmt::Return(ast::StmtReturn { range: ast::Ranged::range(&*inner.body), value: Some(inner.body.clone()) });
        let def = ast::StmtFunctionDef {
            range: inner.range,
            name: ast::Identifier::new("<lambda>"),
            args: inner.args.clone(),
            body: vec![body],
            decorator_list: Vec::new(),
            returns: None,
            type_comment: None,
            type_params: Vec::new(),
        };
        self.made("<lambda>", def, span(expression))
    }

    fn first_line_of(&self, whole: Span) -> Span {
        let first = self.file.slice(whole).lines().next().unwrap_or("").trim_end().len() as u32;
        Span::new(whole.start, whole.start + first)
    }

    /// True if nothing is lost where annotations are not evaluated: they are constants, and names that are there.
    fn has_plain_annotations(&self, def: &ast::StmtFunctionDef) -> bool {
        let arguments = &def.args;
        let plain = arguments.posonlyargs.iter().chain(&arguments.args).chain(&arguments.kwonlyargs);
        let plain = plain.map(|argument| &argument.def);
        let all = plain.chain(arguments.vararg.iter().map(|one| &**one)).filter_map(|one| one.annotation.as_deref());
        all.chain(def.returns.as_deref()).all(|one| self.is_plain_annotation(one))
    }

    fn is_plain_annotation(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Constant(_) => true,
            Expr::Name(name) => {
                let name = identifier(name.id.as_str());
                self.local(&name).is_none() && !matches!(self.env.meaning(&name), Outside::Missing | Outside::Untold)
            }
            Expr::Attribute(attribute) => {
                self.member(attribute).is_some_and(|(_, means)| !matches!(means, Outside::Missing | Outside::Untold))
            }
            Expr::Tuple(tuple) => tuple.elts.iter().all(|one| self.is_plain_annotation(one)),
            Expr::Subscript(inner) => {
                let is_tuple = matches!(&*inner.value, Expr::Name(name) if name.id.as_str() == "tuple");
                is_tuple && self.is_plain_annotation(&inner.value) && self.is_plain_annotation(&inner.slice)
            }
            _ => false,
        }
    }

    /// Makes a function: its defaults are evaluated, and then nothing can leave.
    fn made(&mut self, name: &str, def: ast::StmtFunctionDef, place: Span) -> Arg {
        let values = walk::defaults(&def.args).map(|one| self.expression(one)).collect::<Vec<_>>();
        let evaluated = values.into_iter().map(|value| {
            let target = self.temporary();
            self.step(target, StepKind::Copy(value), place);
            Arg::Var(target)
        });
        let evaluated = evaluated.collect::<Vec<_>>();
        let (line, column) = self.position(place.start);
        let at = format!("{line}:{column}");
        let known = self.drafts.iter().position(|draft| draft.function.place == at);
        let known = known.unwrap_or_else(|| {
            let draft = self.draft(name, def, place, at);
            self.drafts.push(draft);
            self.drafts.len() - 1
        });
        for (variable, value) in self.drafts[known].given.clone().into_iter().zip(evaluated) {
            self.step(variable, StepKind::Copy(value), place);
        }
        let function = FunctionType::new(FunctionValue::Local(self.drafts[known].function.clone()));
        let target = self.temporary();
        self.step(target, StepKind::Function(function), place);
        Arg::Var(target)
    }

    /// Binds a function within this one.
    fn draft(&mut self, name: &str, def: ast::StmtFunctionDef, place: Span, at: String) -> Draft {
        let mut env = self.env.clone();
        self.names.keys().for_each(|name| env.insert(name.clone(), Outside::Variable(None)));
        let arguments = &def.args;
        let plain = arguments.posonlyargs.iter().chain(&arguments.args).chain(&arguments.kwonlyargs).enumerate();
        let with_default = plain.filter(|(_, one)| one.default.is_some()).map(|(at, _)| at).collect::<Vec<_>>();
        let function = Function {
            name: name.to_owned(),
            name_span: place,
            span: place,
            in_class: false,
            env: Arc::new(env.clone()),
            ast: def,
        };
        let mut binder = Binder::new(&function, &env, self.file);
        binder.probes = self.probes;
        binder.is_local = true;
        binder.place = format!("{} {}:{at}", self.place, self.first_line);
        binder.parameters(&function);
        binder.further = self.further.clone();
        binder.shared(&function.ast.body, |name| self.local(name).is_some());
        binder.locals(&function.ast.body);
        binder.further.own = super::further::writers(&function.ast.body);
        binder.find_reads(&function.ast.body);
        binder.start();
        binder.body(&function.ast.body);
        binder.statement = binder.next_statement;
        let end = Span::new(place.end, place.end);
        let entry = binder.entry(Point::Start, end);
        binder.finish(End::Return(Arg::Constant(Constant::None), entry, end));
        binder.close_cells();
        let writes = binder.shared.iter().filter_map(|name| self.local(name)).collect();
        let (mut flow, diagnostics) = (binder.flow, binder.diagnostics);
        let is_refused = diagnostics.iter().any(Diagnostic::is_error);
        self.diagnostics.extend(diagnostics);
        if !is_refused && goes_on_after_writing(&flow) {
            let message =
                "a function inside of a function that goes on after it has written to an array cannot be compiled";
            let label = "writes to an array, and then does more";
            let diagnostic = Diagnostic::new(Code::Nested, message, self.first_line_of(place), label);
            let help = "make that the last thing it does, have it return the value and write that in the function around it, or move it out";
            self.diagnostics.push(diagnostic.help(help));
        }
        let mut meanings = String::new();
        for path in std::mem::take(&mut flow.guards) {
            meanings += &format!("{path}={:?}\n", self.env.get(&path));
            self.guard(&path);
        }
        for hidden in &mut flow.hidden {
            let outer = match self.local(&hidden.path) {
                Some(variable) => variable,
                None => self.hidden(&hidden.path, hidden.told),
            };
            hidden.cell = Some(Cell { outer, default_of: None });
        }
        let mut given = Vec::new();
        for (number, parameter) in with_default.into_iter().enumerate() {
            let outer = self.variable(format!(".given{at}.{number}"), true);
            given.push(outer);
            let path = format!(".given{number}");
            flow.variables.push(crate::check::flow::Variable { name: path.clone(), in_frame: false, shadows: None });
            let variable = VarId(flow.variables.len() as u32 - 1);
            let cell = Some(Cell { outer, default_of: Some(parameter) });
            flow.hidden.push(Hidden { path, variable, told: None, cell });
        }
        let text = self.file.slice(self.first);
        let (path, line, probes) = (self.file.path(), self.first_line, self.probes);
        let key = FunctionKey(hash_of(&format!("{path}\n{line}\n{probes}\n{text}\n{}\n{at}\n{meanings}", self.place)));
        let callee = Callee { key, name: name.to_owned() };
        let is_remade = !self.loops.is_empty();
        let function = LocalFunction { callee, place: at, is_remade, cells: None };
        Draft { function, flow, given, span: place, writes }
    }

    /// The whole function is bound: says of each function within it, and of each call, which variables of this function it may need.
    pub(super) fn close_cells(&mut self) {
        if self.drafts.is_empty() {
            return;
        }
        let mut drafts = std::mem::take(&mut self.drafts);
        let held = held(&self.flow, &drafts);
        let needs = needs(&held, &drafts);
        let of =
            |found: &BTreeSet<usize>| found.iter().flat_map(|&at| needs[at].iter().copied()).collect::<BTreeSet<_>>();
        let key = {
            let (path, text) = (self.file.path(), self.file.slice(self.first));
            FunctionKey(hash_of(&format!("{path}\n{}\n{text}\n{}\ncells", self.first_line, self.place)))
        };
        for step in self.flow.blocks.iter_mut().flat_map(|block| &mut block.steps) {
            let StepKind::Call(call) = &mut step.kind else { continue };
            let variables = call.operands().into_iter().filter_map(Arg::var);
            let found = variables.filter_map(|variable| held.get(&variable)).flatten().copied().collect();
            call.cells = of(&found).into_iter().map(|one| Lent { of: key, outer: one, here: one }).collect();
        }
        for (at, draft) in drafts.iter_mut().enumerate() {
            let flow = &mut draft.flow;
            for &outer in &needs[at] {
                let is_it = |hidden: &Hidden| hidden.cell.is_some_and(|cell| cell.outer == outer);
                if !flow.hidden.iter().any(is_it) {
                    let path = format!(".cell{}", outer.0);
                    flow.variables.push(crate::check::flow::Variable {
                        name: path.clone(),
                        in_frame: false,
                        shadows: None,
                    });
                    let variable = VarId(flow.variables.len() as u32 - 1);
                    flow.hidden.push(Hidden {
                        path,
                        variable,
                        told: None,
                        cell: Some(Cell { outer, default_of: None }),
                    });
                }
            }
            let here = flow.hidden.iter().filter_map(|hidden| Some((hidden.cell?.outer, hidden.variable)));
            let here = here.collect::<BTreeMap<_, _>>();
            let held = spread(flow, captured(flow, &held));
            for step in flow.blocks.iter_mut().flat_map(|block| &mut block.steps) {
                let StepKind::Call(call) = &mut step.kind else { continue };
                let variables = call.operands().into_iter().filter_map(Arg::var);
                let found = variables.filter_map(|variable| held.get(&variable)).flatten().copied().collect();
                let lent = |outer| Some(Lent { of: key, outer, here: *here.get(&outer)? });
                call.cells.extend(of(&found).into_iter().filter_map(lent));
            }
            flow.owner = Some(key);
        }
        self.give_back(&mut drafts, &held, key);
        let cells = needs.iter().flatten().copied().chain(drafts.iter().flat_map(|draft| draft.given.clone()));
        let in_frame = cells.filter(|one| self.flow.variables[one.0 as usize].in_frame).collect::<BTreeSet<_>>();
        self.flow.cells = in_frame.into_iter().collect();
        self.flow.cells_key = Some(key);
        let inner = drafts.into_iter().map(|draft| {
            let Draft { function, flow, span, .. } = draft;
            Inner { function, body: Arc::new(Body::new(flow)), span }
        });
        self.flow.inner = inner.collect();
    }
}

/// True if something may leave behind a write to an array: the interpreter would do the call again from its start.
fn goes_on_after_writing(flow: &Flow) -> bool {
    let can_leave = |step: &Step| match &step.kind {
        StepKind::Op(name, _) => !matches!(*name, "store." | "probe."),
        StepKind::Copy(Arg::Var(one)) => flow.variables[one.0 as usize].in_frame,
        StepKind::Copy(Arg::Constant(_)) | StepKind::Keep(_) | StepKind::Hold(_) | StepKind::Function(_) => false,
        StepKind::Tuple(_)
        | StepKind::Item(..)
        | StepKind::Place(..)
        | StepKind::Create(_)
        | StepKind::Call(_)
        | StepKind::Leave(_) => true,
    };
    let (mut behind, mut waiting) = (BTreeSet::new(), Vec::new());
    for block in &flow.blocks {
        let stores = |step: &Step| matches!(step.kind, StepKind::Op("store.", _));
        let Some(first) = block.steps.iter().position(stores) else { continue };
        if block.steps[first + 1..].iter().any(can_leave) {
            return true;
        }
        waiting.extend(block.successors());
    }
    while let Some(at) = waiting.pop() {
        if behind.insert(at) {
            waiting.extend(flow.block(at).successors());
        }
    }
    let is_header = |at: FlowId| flow.loops.iter().any(|one| one.header == at);
    behind.into_iter().any(|at| is_header(at) || flow.block(at).steps.iter().any(can_leave))
}

/// The functions, by their numbers, that each variable may hold.
pub(super) type Held = BTreeMap<VarId, BTreeSet<usize>>;

fn held(flow: &Flow, drafts: &[Draft]) -> Held {
    let mut made = Held::new();
    for step in flow.blocks.iter().flat_map(|block| &block.steps) {
        let StepKind::Function(one) = &step.kind else { continue };
        let is_it = |draft: &Draft| one.as_local() == Some(&draft.function);
        if let Some(at) = drafts.iter().position(is_it) {
            made.entry(step.target).or_default().insert(at);
        }
    }
    spread(flow, made)
}

/// The functions that the variables of a function within the function hold from the start.
pub(super) fn captured(flow: &Flow, held: &Held) -> Held {
    let cells = flow.hidden.iter().filter_map(|hidden| Some((hidden.variable, hidden.cell?.outer)));
    cells.filter_map(|(variable, outer)| Some((variable, held.get(&outer)?.clone()))).collect()
}

/// Follows values through everything that may give an operand on.
pub(super) fn spread(flow: &Flow, mut held: Held) -> Held {
    loop {
        let mut changed = false;
        for step in flow.blocks.iter().flat_map(|block| &block.steps) {
            if matches!(step.kind, StepKind::Call(_) | StepKind::Leave(_) | StepKind::Hold(_)) {
                continue;
            }
            let found = Step::reads(step).filter_map(|one| held.get(&one)).flatten().copied().collect::<BTreeSet<_>>();
            if !found.is_empty() {
                let known = held.entry(step.target).or_default();
                changed |= !found.is_subset(known);
                known.extend(found);
            }
        }
        if !changed {
            return held;
        }
    }
}

/// The variables of the function around that each function needs, by way of others, too.
fn needs(held: &Held, drafts: &[Draft]) -> Vec<BTreeSet<VarId>> {
    let own = |draft: &Draft| draft.flow.hidden.iter().filter_map(|one| Some(one.cell?.outer)).collect::<BTreeSet<_>>();
    let mut needs = drafts.iter().map(own).collect::<Vec<_>>();
    loop {
        let mut changed = false;
        for at in 0..needs.len() {
            let others = needs[at].iter().filter_map(|one| held.get(one)).flatten().copied().collect::<BTreeSet<_>>();
            let more = others.into_iter().flat_map(|other| needs[other].clone()).collect::<BTreeSet<_>>();
            changed |= !more.is_subset(&needs[at]);
            needs[at].extend(more);
        }
        if !changed {
            return needs;
        }
    }
}

//! Variables of the function around that functions within it write: `nonlocal`.
//!
//! Enters: the flow graphs of a function and of those within it, once all are bound. Leaves: those that write give their variables back in a
//! tuple, behind their own value, and whoever calls them writes them to its own. So nothing outside of a function is written before it is
//! over: where it leaves, it can be called again from its start. What could see the difference is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustpython_parser::ast::{Expr, Stmt, StmtFunctionDef};

use super::Binder;
use super::further::{Writers, mentioned};
use super::local::{Draft, Held, captured, spread};
use super::scope::written;
use crate::check::flow::{Arg, End, Flow, Hidden, Step, StepKind, Target, VarId};
use crate::check::program::Body;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Constant;
use crate::outside::FunctionKey;
use crate::syntax::{blocks, identifier, walk};

impl Binder<'_> {
    /// Makes variables for the names of the function around that a body writes, as far as compiled code can do that.
    pub(super) fn shared(&mut self, body: &[Stmt], is_around: impl Fn(&str) -> bool) {
        let mut names = Names::default();
        names.add(body);
        let own = self.names.keys().cloned().collect::<BTreeSet<_>>();
        let bound = names.own(&own);
        self.further = self.further.inside(&bound);
        names.add_called(body, &own, &self.further.here);
        names.add_from_within(body, &own, &self.further.within);
        for name in names.declared {
            if names.written.contains(&name) && !names.deleted.contains(&name) && is_around(&name) {
                let variable = self.variable(name.clone(), true);
                self.names.insert(name.clone(), variable);
                self.flow.hidden.push(Hidden { path: name.clone(), variable, told: None, cell: None });
                self.shared.insert(name);
            }
        }
    }

    /// Has what functions within this one write come back to whoever calls them; `held` are those that the variables of this one may hold.
    pub(super) fn give_back(&mut self, drafts: &mut [Draft], held: &Held, cells: FunctionKey) {
        if drafts.iter().all(|draft| draft.writes.is_empty()) {
            return;
        }
        let within = drafts.iter().map(|draft| spread(&draft.flow, captured(&draft.flow, held))).collect::<Vec<_>>();
        let writes = writes(drafts, &within);
        let names = drafts.iter().map(|draft| draft.name().to_owned()).collect::<Vec<_>>();
        let outer_names = self.flow.variables.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
        let only = only(&self.flow, held, BTreeSet::new());
        let around = Around { cells, writes: &writes, names: &names, outer_names: &outer_names };
        for ((draft, held), writes) in drafts.iter_mut().zip(&within).zip(&writes) {
            let flow = &mut draft.flow;
            let here = self::cells(flow);
            let further = around.further(flow, held, &self::only_here(flow, held, &only), &here);
            self.diagnostics.extend(further);
            let only = only_here(flow, held, &only);
            for variable in writes.iter().filter_map(|outer| here.get(outer)) {
                flow.variables[variable.0 as usize].in_frame = true;
            }
            self.diagnostics.extend(around.calls(flow, held, &only, &|outer| here.get(&outer).copied()));
            let values =
                writes.iter().filter_map(|outer| here.get(outer)).map(|&one| Arg::Var(one)).collect::<Vec<_>>();
            if !values.is_empty() {
                returns(flow, &values);
            }
            flow.writes = writes.iter().copied().collect();
        }
        self.diagnostics.extend(around.calls(&mut self.flow, held, &only, &Some));
    }
}

/// The names that a body, and not functions within it, declares, writes and deletes.
#[derive(Default)]
pub(super) struct Names {
    pub(super) declared: BTreeSet<String>,
    pub(super) written: BTreeSet<String>,
    deleted: BTreeSet<String>,
}

impl Names {
    pub(super) fn add(&mut self, body: &[Stmt]) {
        for statement in body {
            self.written.extend(written(statement));
            match statement {
                Stmt::Nonlocal(inner) => self.declared.extend(inner.names.iter().map(|one| identifier(one.as_str()))),
                Stmt::Delete(inner) => {
                    let mut names = Vec::new();
                    inner.targets.iter().for_each(|target: &Expr| walk::targets(target, &mut names));
                    self.deleted.extend(names);
                }
                _ => {}
            }
            if !matches!(statement, Stmt::FunctionDef(_) | Stmt::AsyncFunctionDef(_) | Stmt::ClassDef(_)) {
                blocks(statement).into_iter().for_each(|body| self.add(body));
            }
        }
    }
}

impl Names {
    /// The names that are the body's own; `own` are its parameters.
    fn own(&self, own: &BTreeSet<String>) -> BTreeSet<String> {
        own.iter().chain(self.written.difference(&self.declared)).cloned().collect()
    }

    /// Adds what functions write that the body, and not functions within it, may call; `own` are its parameters.
    fn add_called(&mut self, body: &[Stmt], own: &BTreeSet<String>, writers: &Writers) {
        let mut names = BTreeSet::new();
        if !writers.is_empty() {
            mentioned(body, false, &mut names);
        }
        let bound = self.own(own);
        let called = names.iter().filter(|name| !bound.contains(*name)).filter_map(|name| writers.get(name));
        for name in called.flatten().filter(|name| !bound.contains(*name)).cloned().collect::<Vec<_>>() {
            self.declared.insert(name.clone());
            self.written.insert(name);
        }
    }

    /// Adds what functions within the body write of the functions around it, or may by calling `writers`; `own` are its parameters.
    pub(super) fn add_from_within(&mut self, body: &[Stmt], own: &BTreeSet<String>, writers: &Writers) {
        for statement in body {
            if let Stmt::FunctionDef(def) = statement {
                let (mut within, parameters) = (Self::default(), parameters(def));
                within.add(&def.body);
                within.add_called(&def.body, &parameters, writers);
                within.add_from_within(&def.body, &parameters, writers);
                let outer = within.declared.into_iter().filter(|name| !own.contains(name));
                // What this body binds without declaring it is its own.
                let outer = outer.filter(|name| !self.written.contains(name) || self.declared.contains(name));
                for name in outer.collect::<Vec<_>>() {
                    self.declared.insert(name.clone());
                    if within.written.contains(&name) {
                        self.written.insert(name.clone());
                    }
                    if within.deleted.contains(&name) {
                        self.deleted.insert(name);
                    }
                }
            } else {
                blocks(statement).into_iter().for_each(|body| self.add_from_within(body, own, writers));
            }
        }
    }
}

pub(super) fn parameters(def: &StmtFunctionDef) -> BTreeSet<String> {
    let arguments = &def.args;
    let plain = arguments.posonlyargs.iter().chain(&arguments.args).chain(&arguments.kwonlyargs);
    let plain = plain.map(|argument| argument.def.arg.as_str());
    let starred = arguments.vararg.iter().chain(&arguments.kwarg).map(|argument| argument.arg.as_str());
    plain.chain(starred).map(identifier).collect()
}

/// The variables of the function around that a function within it has, each with the one that holds it there.
fn cells(flow: &Flow) -> BTreeMap<VarId, VarId> {
    flow.hidden.iter().filter_map(|hidden| Some((hidden.cell?.outer, hidden.variable))).collect()
}

/// The variables of a function within the function that hold nothing but such functions; `only` are those of the function around.
fn only_here(flow: &Flow, held: &Held, only: &BTreeSet<VarId>) -> BTreeSet<VarId> {
    let seeds = cells(flow).into_iter().filter(|(outer, _)| only.contains(outer)).map(|(_, here)| here);
    self::only(flow, held, seeds.collect())
}

/// The variables of the function around that each function writes, by way of others, too.
fn writes(drafts: &[Draft], within: &[Held]) -> Vec<BTreeSet<VarId>> {
    let mut writes = drafts.iter().map(|draft| draft.writes.clone()).collect::<Vec<_>>();
    loop {
        let mut changed = false;
        for (at, (draft, held)) in drafts.iter().zip(within).enumerate() {
            let calls = draft.flow.blocks.iter().flat_map(|block| &block.steps).filter_map(|step| match &step.kind {
                StepKind::Call(call) => Some(call),
                _ => None,
            });
            let operands = calls.flat_map(|call| call.operands()).filter_map(Arg::var);
            let called = operands.filter_map(|one| held.get(&one)).flatten();
            let more = called.flat_map(|&other| writes[other].clone()).collect::<BTreeSet<_>>();
            changed |= !more.is_subset(&writes[at]);
            writes[at].extend(more);
        }
        if !changed {
            return writes;
        }
    }
}

/// The variables that hold nothing but functions within the function: those of `seeds`, and what only they are copied to.
fn only(flow: &Flow, held: &Held, seeds: BTreeSet<VarId>) -> BTreeSet<VarId> {
    let steps = || flow.blocks.iter().flat_map(|block| &block.steps);
    let parameters = flow.parameters.len();
    let bound = steps().map(|step| step.target).filter(|one| one.0 as usize >= parameters && held.contains_key(one));
    let mut only = bound.chain(seeds.iter().copied()).collect::<BTreeSet<_>>();
    loop {
        let is_other = |step: &Step| match &step.kind {
            StepKind::Function(one) => one.as_local().is_none(),
            StepKind::Copy(Arg::Var(source)) | StepKind::Keep(Arg::Var(source)) => !only.contains(source),
            _ => true,
        };
        let others = steps().filter(|step| only.contains(&step.target) && is_other(step));
        let others = others.map(|step| step.target).collect::<BTreeSet<_>>();
        if others.is_empty() {
            return only;
        }
        only.retain(|one| !others.contains(one));
    }
}

/// Adds what it has written to what a function returns.
fn returns(flow: &mut Flow, values: &[Arg]) {
    for at in 0..flow.blocks.len() {
        let End::Return(value, entry, span) = flow.blocks[at].end else { continue };
        let target = flow.temporary();
        let kind = StepKind::Tuple([&[value], values].concat());
        flow.blocks[at].steps.push(Step { target, kind, entry, span });
        flow.blocks[at].end = End::Return(Arg::Var(target), entry, span);
    }
}

/// The functions within a function.
struct Around<'d> {
    /// The [`Flow::cells_key`] of the function around.
    cells: FunctionKey,
    /// What each of them writes.
    writes: &'d [BTreeSet<VarId>],
    names: &'d [String],
    /// The names of the variables of the function around.
    outer_names: &'d [String],
}

impl Around<'_> {
    /// Has every call in a flow graph write what the function that it calls has written; says what cannot be compiled.
    fn calls(
        &self,
        flow: &mut Flow,
        held: &Held,
        only: &BTreeSet<VarId>,
        here: &dyn Fn(VarId) -> Option<VarId>,
    ) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        for block in 0..flow.blocks.len() {
            let mut at = 0;
            while at < flow.blocks[block].steps.len() {
                let step = flow.blocks[block].steps[at].clone();
                at += 1;
                let StepKind::Call(call) = &step.kind else { continue };
                let of = |arg: &Arg| arg.var().and_then(|one| held.get(&one));
                let writer = |arg: &Arg| of(arg)?.iter().copied().find(|&one| !self.writes[one].is_empty());
                let mut given = call.args.iter().chain(call.keywords.iter().map(|(_, arg)| arg));
                if let Some(one) = given.find_map(writer) {
                    diagnostics.push(self.refused(
                        one,
                        &step,
                        "is passed on",
                        "call it by its name, in the function around it",
                    ));
                    continue;
                }
                let Target::Value(called) = &call.target else { continue };
                let Some(one) = writer(called) else { continue };
                let is_alike =
                    of(called).is_some_and(|all| all.iter().all(|&other| self.writes[other] == self.writes[one]));
                if !is_alike || !called.var().is_some_and(|one| only.contains(&one)) {
                    let help = "give each function a name of its own";
                    diagnostics.push(self.refused(one, &step, "is one of several functions here", help));
                    continue;
                }
                let targets = self.writes[one].iter().filter_map(|&outer| here(outer)).collect::<Vec<_>>();
                if targets.len() != self.writes[one].len() {
                    let help = "call it by its name, in a `def`, or have it return the value";
                    diagnostics.push(self.refused(one, &step, "is called further inside", help));
                    continue;
                }
                if is_seen(flow, &step, &targets) {
                    let help = "call it in a statement of its own, and use what it gives in the next one";
                    diagnostics.push(self.refused(one, &step, "is called in a statement that reads it, too", help));
                    continue;
                }
                unpack(flow, (block, at - 1), &targets);
            }
        }
        diagnostics
    }

    /// The same for the functions within a function within this one, and within those; `here` are the variables that hold those of this one.
    fn further(
        &self,
        flow: &mut Flow,
        held: &Held,
        only: &BTreeSet<VarId>,
        here: &BTreeMap<VarId, VarId>,
    ) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        for at in 0..flow.inner.len() {
            let mut inner = flow.inner[at].body.flow.clone();
            let held = spread(&inner, captured(&inner, held));
            if !held.values().flatten().any(|&one| !self.writes[one].is_empty()) {
                continue;
            }
            let cells = cells(&inner);
            let only = only_here(&inner, &held, only);
            let written = here.iter().filter(|(_, between)| inner.writes.contains(between));
            let written = written.filter_map(|(&outer, between)| Some((outer, *cells.get(between)?)));
            let written = written.collect::<BTreeMap<_, _>>();
            diagnostics.extend(self.calls(&mut inner, &held, &only, &|outer| written.get(&outer).copied()));
            inner.further.extend(written.iter().map(|(&outer, &here)| (self.cells, outer, here)));
            let all = here.iter().filter_map(|(&outer, between)| Some((outer, *cells.get(between)?))).collect();
            diagnostics.extend(self.further(&mut inner, &held, &only, &all));
            flow.inner[at].body = Arc::new(Body::new(inner));
        }
        diagnostics
    }

    fn refused(&self, one: usize, step: &Step, why: &str, help: &str) -> Diagnostic {
        let name = &self.names[one];
        let variable = self.writes[one].first().map_or("", |one| self.outer_names[one.0 as usize].as_str());
        let message = format!("`{name}` writes `{variable}` of the function around it, and {why}");
        Diagnostic::new(Code::Nonlocal, message, step.span, format!("may write `{variable}`")).help(help)
    }
}

/// True if the statement of a call reads or writes one of these variables elsewhere: by then, or when the interpreter does the rest of
/// it, the call has written them.
fn is_seen(flow: &Flow, call: &Step, variables: &[VarId]) -> bool {
    let statement = |step: &Step| flow.entries[step.entry.0 as usize].statement;
    let within = |step: &Step| call.span.start <= step.span.start && step.span.end <= call.span.end;
    let is_it = |one: VarId| {
        let shadows = flow.variables[one.0 as usize].shadows;
        variables.contains(&one) || shadows.is_some_and(|name| variables.contains(&name))
    };
    let sees = |step: &Step| match &step.kind {
        StepKind::Hold(_) => false,
        StepKind::Call(inner) => {
            let cells = inner.cells.len();
            let operands = inner.operands();
            operands[..operands.len() - cells].iter().filter_map(|arg| arg.var()).any(is_it)
        }
        _ => step.reads().any(is_it) || flow.variables[step.target.0 as usize].shadows.is_some_and(is_it),
    };
    let mut steps = flow.blocks.iter().flat_map(|block| &block.steps);
    let returned = flow.blocks.iter().any(|block| match block.end {
        End::Return(Arg::Var(one), entry, _) => {
            flow.entries[entry.0 as usize].statement == statement(call) && is_it(one)
        }
        _ => false,
    });
    returned || steps.any(|step| statement(step) == statement(call) && !within(step) && sees(step))
}

/// Behind a call, takes apart what it gives: its value, and what these variables hold now.
fn unpack(flow: &mut Flow, (block, at): (usize, usize), targets: &[VarId]) {
    let whole = flow.temporary();
    let step = &mut flow.blocks[block].steps[at];
    let (value, entry, span) = (step.target, step.entry, step.span);
    step.target = whole;
    if let StepKind::Call(call) = &mut step.kind {
        call.gives_back = true;
    }
    let part = |number: usize| StepKind::Op("[]", vec![Arg::Var(whole), Arg::Constant(Constant::Int(number as i64))]);
    let mut made = vec![Step { target: value, kind: part(0), entry, span }];
    for (number, &target) in (1..).zip(targets) {
        let element = flow.temporary();
        made.push(Step { target: element, kind: part(number), entry, span });
        made.push(Step { target, kind: StepKind::Keep(Arg::Var(element)), entry, span });
    }
    let count = made.len() as u32;
    flow.blocks[block].steps.splice(at + 1..at + 1, made);
    let behind = |start: (crate::check::flow::FlowId, u32)| start.0.0 as usize == block && start.1 as usize > at;
    flow.entries.iter_mut().filter(|entry| behind(entry.start)).for_each(|entry| entry.start.1 += count);
}

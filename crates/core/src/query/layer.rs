//! A function, or one within it, with the types for which places in it are asked about.
//!
//! Enters: flow graphs and the types in them; a place. Leaves: what `hover` answers.

use std::collections::{BTreeMap, BTreeSet};

use super::function::{Function, Typed};
use super::hover::{Answer, CallAnswer, Operation, Reason};
use super::inner::Inner;
use crate::check::choose::choose;
use crate::check::flow::{Arg, End, Flow, FlowId, Hidden, Step, StepKind, Target, VarId};
use crate::check::infer::{Binding, Inferred, StepVisitor, read};
use crate::ir::{Constant, Point};
use crate::ops::{Op, overloads};
use crate::outside::Callee;
use crate::source::{SourceFile, Span};
use crate::types::{Type, TypeSet};

/// The place of a step.
type StepAt = (FlowId, usize);

/// One function with its types.
pub(super) struct Layer<'a> {
    file: &'a SourceFile,
    flow: &'a Flow,
    /// The types, once for each signature that it is called with.
    inferred: Vec<&'a Inferred>,
    bindings: &'a [Binding],
    /// The types of the parameters.
    params: Vec<TypeSet>,
    /// The function around it.
    around: Option<Box<Self>>,
}

impl<'a> Layer<'a> {
    /// A function under the decorator.
    pub(super) fn of(function: &'a Function, typed: &'a Typed) -> Self {
        let params = typed.signature.params.iter().map(|&one| TypeSet::of(one)).collect();
        let (flow, inferred) = (&function.body.flow, vec![&typed.inferred]);
        Self { file: function.file(), flow, inferred, bindings: &typed.bindings, params, around: None }
    }

    /// A function within it.
    pub(super) fn within(self, typed: &'a Typed, inner: &'a Inner) -> Self {
        let around = match inner.around.and_then(|at| typed.inner.get(at)) {
            Some(one) => self.within(typed, one),
            None => self,
        };
        let inferred = inner.inferred.iter().collect();
        let (file, bindings, params) = (around.file, &inner.bindings[..], inner.params());
        Self { file, flow: inner.flow(), inferred, bindings, params, around: Some(Box::new(around)) }
    }

    /// Each step of it that is reached, once for each signature.
    pub(super) fn each_step(&self, visit: &mut StepVisitor<'_>) {
        self.inferred.iter().for_each(|one| one.each_step(self.flow, visit));
    }

    /// Its flow graph.
    pub(super) const fn flow(&self) -> &'a Flow {
        self.flow
    }

    /// What is known about a place in it.
    pub(super) fn hover(&self, offset: u32) -> Option<Answer> {
        if self.inferred.is_empty() {
            // Of what is never called nothing is known.
            return None;
        }
        self.parameter_at(offset)
            .or_else(|| self.read_at(offset))
            .or_else(|| self.binding_at(offset))
            .or_else(|| self.operation_at(offset))
    }

    /// The smallest call of a function of the user's that holds a place.
    pub(super) fn call_at(&self, offset: u32) -> Option<CallAnswer> {
        let mut best: Option<(Span, CallAnswer)> = None;
        self.each_step(&mut |_, step, before, after| {
            let StepKind::Call(call) = &step.kind else { return };
            let callee = match &call.target {
                Target::Known(callee) => callee.clone(),
                Target::Value(arg) => match read(*arg, before).without(Type::Unbound).single().and_then(function_of) {
                    Some(callee) => callee,
                    None => return,
                },
            };
            let length = |span: Span| span.end - span.start;
            if !step.span.contains(offset) || best.as_ref().is_some_and(|(best, _)| length(*best) < length(step.span)) {
                return;
            }
            let types = |arg: Arg| read(arg, before).without(Type::Unbound);
            let args = call.args.iter().map(|&arg| types(arg)).collect::<Vec<_>>();
            let keywords = call.keywords.iter().map(|(name, arg)| (name.clone(), types(*arg))).collect::<Vec<_>>();
            let gives = after.map_or(TypeSet::EMPTY, |after| after[step.target.0 as usize].without(Type::Unbound));
            match &mut best {
                // The same call is reached on several paths.
                Some((span, known)) if *span == step.span => {
                    let joined = |known: &mut TypeSet, more: TypeSet| *known = known.join(more);
                    known.args.iter_mut().zip(args).for_each(|(known, more)| joined(known, more));
                    known.keywords.iter_mut().zip(keywords).for_each(|((_, known), (_, more))| joined(known, more));
                    joined(&mut known.gives, gives);
                }
                _ => best = Some((step.span, CallAnswer { callee, span: step.span, args, keywords, gives })),
            }
        });
        best.map(|(_, answer)| answer)
    }

    fn parameter_at(&self, offset: u32) -> Option<Answer> {
        let parameter = self.flow.parameters.iter().position(|one| one.span.contains(offset))?;
        let reason = self.parameter(parameter)?;
        let (span, types) = (reason.span, Some(reason.types));
        Some(Answer { text: self.source(span), span, types, reasons: vec![reason], known: None, operation: None })
    }

    fn read_at(&self, offset: u32) -> Option<Answer> {
        let (variable, span) = *self.flow.reads.iter().find(|(_, span)| span.contains(offset))?;
        let is_it = |hidden: &&Hidden| hidden.variable == variable;
        if self.flow.hidden.iter().find(is_it).is_some_and(|hidden| hidden.cell.is_none() && hidden.told.is_none()) {
            // Only the running program knows.
            return None;
        }
        let mut types = TypeSet::EMPTY;
        let mut readers = Vec::new();
        self.each_step(&mut |at, step, before, _| {
            if self.reads_at(step, variable, span) {
                types = types.join(read(Arg::Var(variable), before).without(Type::Unbound));
                readers.push(at);
            }
        });
        for (at, block) in self.flow.blocks.iter().enumerate() {
            let (arg, place) = match &block.end {
                End::Return(arg, _, place) => (*arg, *place),
                End::Branch(arg, ..) => (*arg, span),
                End::Jump(_) => continue,
            };
            if arg.var() != Some(variable) || !(place.start <= span.start && span.end <= place.end) {
                continue;
            }
            let id = FlowId(at as u32);
            for before in self.inferred.iter().filter_map(|one| one.at(self.flow, id, block.steps.len())) {
                types = types.join(read(arg, &before).without(Type::Unbound));
                readers.push((id, block.steps.len()));
            }
        }
        let deciders = self.reaching(variable, &readers);
        let reasons = self.reasons(variable, &deciders);
        let known = self.known(variable, &deciders);
        let types = (!readers.is_empty()).then_some(types);
        Some(Answer { text: self.source(span), span, types, reasons, known, operation: None })
    }

    /// True if a step reads a name where it stands in the source.
    fn reads_at(&self, step: &Step, variable: VarId, place: Span) -> bool {
        let statement = self.flow.entries[step.entry.0 as usize].span;
        let within = |outer: Span| outer.start <= place.start && place.end <= outer.end;
        step.reads().any(|one| one == variable) && (within(step.span) || within(statement))
    }

    fn binding_at(&self, offset: u32) -> Option<Answer> {
        let is_name = |span: Span, name: &str| self.file.slice(span) == name;
        let here = self.bindings.iter().filter(|one| one.span.contains(offset) && is_name(one.span, &one.name));
        let span = here.clone().map(|one| one.span).next()?;
        let types = here.filter(|one| one.span == span).fold(TypeSet::EMPTY, |types, one| types.join(one.types));
        let mut known = None;
        for block in &self.flow.blocks {
            for step in &block.steps {
                if step.span == span && matches!(step.kind, StepKind::Copy(_)) {
                    known = known.or_else(|| self.known_of(step, &block.steps));
                }
            }
        }
        Some(Answer { text: self.source(span), span, types: Some(types), reasons: Vec::new(), known, operation: None })
    }

    /// The smallest expression with an operation of the table that holds the place.
    fn operation_at(&self, offset: u32) -> Option<Answer> {
        let mut best: Option<Answer> = None;
        // What an expression gives that is made of several operations.
        let mut copied = BTreeMap::<Span, TypeSet>::new();
        self.each_step(&mut |_, step, before, after| {
            if !step.span.contains(offset) || step.span.start == step.span.end {
                return;
            }
            if let (StepKind::Copy(_), Some(after)) = (&step.kind, after) {
                let types = copied.entry(step.span).or_insert(TypeSet::EMPTY);
                *types = types.join(after[step.target.0 as usize].without(Type::Unbound));
            }
            let length = |span: Span| span.end - span.start;
            if best.as_ref().is_some_and(|best| length(best.span) < length(step.span)) {
                return;
            }
            let types = after.map(|after| after[step.target.0 as usize]);
            let operation = match &step.kind {
                StepKind::Op(name, args) if !name.ends_with('.') => {
                    let name = if *name == "**-" { "**" } else { name };
                    let operands = args.iter().map(|&arg| read(arg, before).without(Type::Unbound)).collect::<Vec<_>>();
                    let rows = rows(name, args, &operands);
                    Some(Operation { name: name.to_owned(), operands, rows })
                }
                StepKind::Create(creation) => {
                    let operands = creation.args.iter().map(|&(_, arg)| read(arg, before)).collect();
                    Some(Operation { name: creation.function.to_owned(), operands, rows: Vec::new() })
                }
                StepKind::Item(..) | StepKind::Place(..) | StepKind::Tuple(_) | StepKind::Call(_) => None,
                StepKind::Op(..)
                | StepKind::Copy(_)
                | StepKind::Keep(_)
                | StepKind::Leave(_)
                | StepKind::Function(_)
                | StepKind::Hold(_) => {
                    return;
                }
            };
            match &mut best {
                // The same expression is reached on several paths.
                Some(best)
                    if best.span == step.span
                        && best.operation.as_ref().map(|one| &one.name) == operation.as_ref().map(|one| &one.name) =>
                {
                    let joined = [best.types, types].into_iter().flatten().reduce(TypeSet::join);
                    best.types = joined;
                    if let (Some(known), Some(more)) = (&mut best.operation, operation) {
                        for (known, more) in known.operands.iter_mut().zip(&more.operands) {
                            *known = known.join(*more);
                        }
                        for row in more.rows {
                            if !known.rows.iter().any(|one| std::ptr::eq(*one, row)) {
                                known.rows.push(row);
                            }
                        }
                    }
                }
                Some(best) if best.span == step.span && operation.is_none() => {}
                _ => {
                    best = Some(Answer {
                        span: step.span,
                        text: self.source(step.span),
                        types,
                        reasons: Vec::new(),
                        known: None,
                        operation,
                    });
                }
            }
        });
        let whole = best.as_ref().and_then(|best| copied.get(&best.span).copied());
        best.map(|best| Answer { types: whole.or(best.types), ..best })
    }

    fn source(&self, span: Span) -> String {
        self.file.slice(span).to_owned()
    }

    /// The steps whose value of a variable may be the one that is read at these places.
    fn reaching(&self, variable: VarId, readers: &[StepAt]) -> BTreeSet<Option<StepAt>> {
        // `None` stands for the value that the function begins with.
        let writes = |block: FlowId, before: usize| {
            let steps = &self.flow.block(block).steps[..before];
            steps.iter().rposition(|step| step.target == variable).map(|at| (block, at))
        };
        let mut predecessors = BTreeMap::<FlowId, Vec<FlowId>>::new();
        for (at, block) in self.flow.blocks.iter().enumerate() {
            for to in block.successors() {
                predecessors.entry(to).or_default().push(FlowId(at as u32));
            }
        }
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut waiting = readers.to_vec();
        while let Some((block, before)) = waiting.pop() {
            if let Some(write) = writes(block, before) {
                found.insert(Some(write));
                continue;
            }
            if block == FlowId(0) {
                found.insert(None);
            }
            for &from in predecessors.get(&block).map(Vec::as_slice).unwrap_or_default() {
                if seen.insert(from) {
                    waiting.push((from, self.flow.block(from).steps.len()));
                }
            }
        }
        found
    }

    /// The lines that decided about the type of a variable; in a function within another one also those of the variable around it.
    fn reasons(&self, variable: VarId, deciders: &BTreeSet<Option<StepAt>>) -> Vec<Reason> {
        let mut reasons = Vec::<Reason>::new();
        self.each_step(&mut |at, step, _, after| {
            if let (true, Some(after)) = (deciders.contains(&Some(at)), after) {
                add(&mut reasons, step.span, after[step.target.0 as usize].without(Type::Unbound));
            }
        });
        if deciders.contains(&None) {
            reasons.extend(
                self.flow
                    .parameters
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| at == &(variable.0 as usize))
                    .find_map(|(at, _)| self.parameter(at).filter(|reason| !reason.types.is_empty())),
            );
            let hidden = self.flow.hidden.iter().find(|hidden| hidden.variable == variable);
            if let (Some(cell), Some(around)) = (hidden.and_then(|hidden| hidden.cell), &self.around) {
                reasons.extend(around.parameter(cell.outer.0 as usize));
                let name = around.flow.name(cell.outer);
                let bindings = around.bindings.iter().filter(|one| one.name == name);
                bindings.for_each(|one| add(&mut reasons, one.span, one.types.without(Type::Unbound)));
            }
        }
        reasons.sort_by_key(|one| one.span);
        reasons
    }

    /// A parameter and the types that it is given.
    fn parameter(&self, at: usize) -> Option<Reason> {
        let (parameter, types) = (self.flow.parameters.get(at)?, *self.params.get(at)?);
        Some(Reason { span: parameter.span, types, is_parameter: true })
    }

    /// What is known of a value that one step alone has written.
    fn known(&self, _: VarId, deciders: &BTreeSet<Option<StepAt>>) -> Option<String> {
        let mut all = deciders.iter();
        match (all.next(), all.next()) {
            (Some(Some((block, at))), None) => {
                let steps = &self.flow.block(*block).steps;
                self.known_of(&steps[*at], &steps[..*at])
            }
            _ => None,
        }
    }

    fn known_of(&self, step: &Step, before: &[Step]) -> Option<String> {
        let StepKind::Copy(arg) = step.kind else { return None };
        let name = self.flow.name(step.target);
        if let Some(range) = self.range(step) {
            return Some(range);
        }
        match arg {
            Arg::Constant(constant) => Some(format!("{name} = {}", constant_text(constant))),
            Arg::Var(variable) => {
                let made = before.iter().rev().find(|one| one.target == variable)?;
                let StepKind::Op(operation, args) = &made.kind else { return None };
                bounds(operation, args).map(|bounds| bounds.replace("{}", name))
            }
        }
    }

    /// `0 <= i < n` for the name of a loop over a range, as the range is written.
    fn range(&self, step: &Step) -> Option<String> {
        let target = &self.flow.entries[step.entry.0 as usize];
        if target.point != Point::Target {
            return None;
        }
        let header =
            self.flow.entries.iter().find(|one| one.statement == target.statement && one.point == Point::Iterable)?;
        let text = self.file.slice(header.span);
        let inner = text.strip_prefix("range")?.trim_start().strip_prefix('(')?.strip_suffix(')')?;
        let name = self.flow.name(step.target);
        if self.file.slice(target.span) != name {
            return None;
        }
        let parts = crate::types::split_types(inner);
        match parts.as_slice() {
            [stop] => Some(format!("0 <= {name} < {stop}")),
            [start, stop] => Some(format!("{start} <= {name} < {stop}")),
            [start, stop, step] => {
                let step = step.replace('_', "").parse::<i64>().ok()?;
                match step {
                    1.. => Some(format!("{start} <= {name} < {stop}, in steps of {step}")),
                    ..=-1 => Some(format!("{stop} < {name} <= {start}, in steps of {step}")),
                    0 => None,
                }
            }
            _ => None,
        }
    }
}

/// Adds a place that decided.
fn add(reasons: &mut Vec<Reason>, span: Span, types: TypeSet) {
    match reasons.iter_mut().find(|one| one.span == span) {
        Some(known) => known.types = known.types.join(types),
        None if !types.is_empty() => reasons.push(Reason { span, types, is_parameter: false }),
        None => {}
    }
}

/// The function of the user's that a value of a type is.
fn function_of(one: Type) -> Option<Callee> {
    let Type::Function(function) = one else { return None };
    function.as_callee().or_else(|| function.as_local().map(|local| &local.callee)).cloned()
}

/// The rows of the table that do an operation on every choice of the operands' types.
fn rows(name: &str, args: &[Arg], operands: &[TypeSet]) -> Vec<&'static Op> {
    let mut choices: Vec<Vec<_>> = vec![Vec::new()];
    for (&arg, types) in args.iter().zip(operands) {
        let constant = match arg {
            Arg::Constant(constant) => Some(constant),
            Arg::Var(_) => None,
        };
        let longer = choices.iter().flat_map(|before: &Vec<(Type, Option<Constant>)>| {
            types.iter().map(move |one| before.iter().copied().chain([(one, constant)]).collect())
        });
        choices = longer.take(64).collect();
    }
    let mut rows = Vec::<&'static Op>::new();
    for operands in &choices {
        if operands.iter().any(|(one, _)| matches!(one, Type::Array(_) | Type::Tuple(_) | Type::Function(_))) {
            continue;
        }
        if let Some(choice) = choose(name, operands, false)
            && !rows.iter().any(|one| std::ptr::eq(*one, choice.op.row()))
        {
            rows.push(choice.op.row());
        }
    }
    if rows.is_empty() {
        rows.extend(overloads(name).map(|op| op.row()).take(1));
    }
    rows
}

/// What an operation says of its result, which stands for `{}`.
fn bounds(name: &str, args: &[Arg]) -> Option<String> {
    let int = |arg: &Arg| match arg {
        Arg::Constant(Constant::Int(value)) => Some(*value),
        Arg::Constant(_) | Arg::Var(_) => None,
    };
    match (name, args) {
        ("&", [one, other]) => {
            int(one).or(int(other)).filter(|&mask| mask >= 0).map(|mask| format!("0 <= {{}} <= {mask}"))
        }
        ("%", [_, modulus]) => match int(modulus)? {
            modulus @ 1.. => Some(format!("0 <= {{}} < {modulus}")),
            modulus @ ..=-1 => Some(format!("{modulus} < {{}} <= 0")),
            0 => None,
        },
        ("len", _) => Some("{} >= 0".to_owned()),
        _ => None,
    }
}

fn constant_text(constant: Constant) -> String {
    match constant {
        Constant::None => "None".to_owned(),
        Constant::Bool(value) => if value { "True" } else { "False" }.to_owned(),
        Constant::Int(value) => value.to_string(),
        Constant::Nat(value) => value.to_string(),
        Constant::Float(value) => format!("{value:?}"),
        Constant::Complex(real, imag) => format!("complex({real:?}, {imag:?})"),
    }
}

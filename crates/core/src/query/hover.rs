//! What is known about a place in a function.
//!
//! Enters: a function, its types, a place. Leaves: an [`Answer`]: the type of what stands there, why it has it, what is known of its
//! value, and the rows of the table for the operation.

use std::collections::{BTreeMap, BTreeSet};

use super::function::{Function, Typed};
use crate::check::choose::choose;
use crate::check::flow::{Arg, End, FlowId, Step, StepKind, Target, VarId};
use crate::check::infer::read;
use crate::ir::{Constant, Point};
use crate::ops::{Op, overloads};
use crate::outside::{self, Callee};
use crate::source::Span;
use crate::types::{Type, TypeSet};

/// What stands at a place.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The place of what the answer is about.
    pub span: Span,
    /// The source of it.
    pub text: String,
    /// What it may hold; `None` if it is no value, as an operator's name.
    pub types: Option<TypeSet>,
    /// The places that decided about the type.
    pub reasons: Vec<Reason>,
    /// What is known of the value, as a formula: `= 7`, `0 <= i < n`.
    pub known: Option<String>,
    /// The operation, if one stands there.
    pub operation: Option<Operation>,
}

/// A place where a name got a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The name that is bound there.
    pub span: Span,
    /// What it got.
    pub types: TypeSet,
    /// True for a parameter.
    pub is_parameter: bool,
}

/// An operation and the rows of the table that do it.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Python's name for it.
    pub name: String,
    /// The types of its operands here.
    pub operands: Vec<TypeSet>,
    /// The rows for these types.
    pub rows: Vec<&'static Op>,
}

/// A call of a function from outside, and what it is compiled for.
#[derive(Clone, Debug)]
pub struct CallAnswer {
    /// What is called.
    pub callee: Callee,
    /// The types of the arguments that are given by position.
    pub args: Vec<TypeSet>,
    /// The types of those that are given by name.
    pub keywords: Vec<(String, TypeSet)>,
    /// What the call gives.
    pub gives: TypeSet,
}

impl CallAnswer {
    /// As a signature: `g(float, b=int) -> float`.
    #[must_use]
    pub fn text(&self) -> String {
        let args = self.args.iter().map(|one| one.python());
        let named = self.keywords.iter().map(|(name, one)| format!("{name}={}", one.python()));
        let all = args.chain(named).collect::<Vec<_>>().join(", ");
        format!("{}({all}) -> {}", self.callee.name, self.gives.python())
    }
}

/// The place of a step.
type StepAt = (FlowId, usize);

impl Function {
    /// What is known about a place in it; `None` where nothing stands that has a type.
    #[must_use]
    pub fn hover(&self, typed: &Typed, offset: u32) -> Option<Answer> {
        self.parameter_at(typed, offset)
            .or_else(|| self.read_at(typed, offset))
            .or_else(|| self.binding_at(typed, offset))
            .or_else(|| self.operation_at(typed, offset))
    }

    /// The smallest call of a function from outside that holds a place.
    #[must_use]
    pub fn call_at(&self, typed: &Typed, offset: u32) -> Option<CallAnswer> {
        let mut best: Option<(Span, CallAnswer)> = None;
        typed.inferred.each_step(&self.body.flow, &mut |_, step, before, after| {
            let StepKind::Call(call) = &step.kind else { return };
            let Target::Known(callee) = &call.target else { return };
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
                _ => best = Some((step.span, CallAnswer { callee: callee.clone(), args, keywords, gives })),
            }
        });
        best.map(|(_, answer)| answer)
    }

    fn parameter_at(&self, typed: &Typed, offset: u32) -> Option<Answer> {
        let parameter = self.body.flow.parameters.iter().position(|one| one.span.contains(offset))?;
        let (span, types) =
            (self.body.flow.parameters[parameter].span, TypeSet::of(*typed.signature.params.get(parameter)?));
        Some(Answer {
            text: self.source(span),
            span,
            types: Some(types),
            reasons: Vec::new(),
            known: None,
            operation: None,
        })
    }

    fn read_at(&self, typed: &Typed, offset: u32) -> Option<Answer> {
        let (variable, span) = *self.body.flow.reads.iter().find(|(_, span)| span.contains(offset))?;
        let mut types = TypeSet::EMPTY;
        let mut readers = Vec::new();
        typed.inferred.each_step(&self.body.flow, &mut |at, step, before, _| {
            if self.reads_at(step, variable, span) {
                types = types.join(read(Arg::Var(variable), before).without(Type::Unbound));
                readers.push(at);
            }
        });
        for (at, block) in self.body.flow.blocks.iter().enumerate() {
            let (arg, place) = match &block.end {
                End::Return(arg, _, place) => (*arg, *place),
                End::Branch(arg, ..) => (*arg, span),
                End::Jump(_) => continue,
            };
            if arg.var() != Some(variable) || !(place.start <= span.start && span.end <= place.end) {
                continue;
            }
            let id = FlowId(at as u32);
            if let Some(before) = typed.inferred.at(&self.body.flow, id, block.steps.len()) {
                types = types.join(read(arg, &before).without(Type::Unbound));
                readers.push((id, block.steps.len()));
            }
        }
        let deciders = self.reaching(variable, &readers);
        let reasons = self.reasons(typed, &deciders);
        let known = self.known(variable, &deciders);
        let types = (!readers.is_empty()).then_some(types);
        Some(Answer { text: self.source(span), span, types, reasons, known, operation: None })
    }

    /// True if a step reads a name where it stands in the source.
    fn reads_at(&self, step: &Step, variable: VarId, place: Span) -> bool {
        let statement = self.body.flow.entries[step.entry.0 as usize].span;
        let within = |outer: Span| outer.start <= place.start && place.end <= outer.end;
        step.reads().any(|one| one == variable) && (within(step.span) || within(statement))
    }

    fn binding_at(&self, typed: &Typed, offset: u32) -> Option<Answer> {
        let is_name = |span: Span, name: &str| self.file().slice(span) == name;
        let here = typed.bindings.iter().filter(|one| one.span.contains(offset) && is_name(one.span, &one.name));
        let span = here.clone().map(|one| one.span).next()?;
        let types = here.filter(|one| one.span == span).fold(TypeSet::EMPTY, |types, one| types.join(one.types));
        let mut known = None;
        for block in &self.body.flow.blocks {
            for step in &block.steps {
                if step.span == span && matches!(step.kind, StepKind::Copy(_)) {
                    known = known.or_else(|| self.known_of(step, &block.steps));
                }
            }
        }
        Some(Answer { text: self.source(span), span, types: Some(types), reasons: Vec::new(), known, operation: None })
    }

    /// The smallest expression with an operation of the table that holds the place.
    fn operation_at(&self, typed: &Typed, offset: u32) -> Option<Answer> {
        let mut best: Option<Answer> = None;
        typed.inferred.each_step(&self.body.flow, &mut |_, step, before, after| {
            if !step.span.contains(offset) || step.span.start == step.span.end {
                return;
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
        best
    }

    fn source(&self, span: Span) -> String {
        self.file().slice(span).to_owned()
    }

    /// The steps whose value of a variable may be the one that is read at these places.
    fn reaching(&self, variable: VarId, readers: &[StepAt]) -> BTreeSet<Option<StepAt>> {
        // `None` stands for the value that the function begins with.
        let writes = |block: FlowId, before: usize| {
            let steps = &self.body.flow.block(block).steps[..before];
            steps.iter().rposition(|step| step.target == variable).map(|at| (block, at))
        };
        let mut predecessors = BTreeMap::<FlowId, Vec<FlowId>>::new();
        for (at, block) in self.body.flow.blocks.iter().enumerate() {
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
                    waiting.push((from, self.body.flow.block(from).steps.len()));
                }
            }
        }
        found
    }

    fn reasons(&self, typed: &Typed, deciders: &BTreeSet<Option<StepAt>>) -> Vec<Reason> {
        let mut reasons = Vec::<Reason>::new();
        typed.inferred.each_step(&self.body.flow, &mut |at, step, _, after| {
            if let (true, Some(after)) = (deciders.contains(&Some(at)), after) {
                let types = after[step.target.0 as usize].without(Type::Unbound);
                match reasons.iter_mut().find(|one| one.span == step.span) {
                    Some(known) => known.types = known.types.join(types),
                    None if !types.is_empty() => reasons.push(Reason { span: step.span, types, is_parameter: false }),
                    None => {}
                }
            }
        });
        reasons.sort_by_key(|one| one.span);
        reasons
    }

    /// The parameter of a name and its type, if it is one: the value that the function begins with.
    #[must_use]
    pub fn parameter(&self, typed: &Typed, name: &str) -> Option<Reason> {
        let at = self.body.flow.parameters.iter().position(|one| one.name == name)?;
        let types = TypeSet::of(*typed.signature.params.get(at)?);
        Some(Reason { span: self.body.flow.parameters[at].span, types, is_parameter: true })
    }

    /// What is known of a value that one step alone has written.
    fn known(&self, _: VarId, deciders: &BTreeSet<Option<StepAt>>) -> Option<String> {
        let mut all = deciders.iter();
        match (all.next(), all.next()) {
            (Some(Some((block, at))), None) => {
                let steps = &self.body.flow.block(*block).steps;
                self.known_of(&steps[*at], &steps[..*at])
            }
            _ => None,
        }
    }

    fn known_of(&self, step: &Step, before: &[Step]) -> Option<String> {
        let StepKind::Copy(arg) = step.kind else { return None };
        let name = self.body.flow.name(step.target);
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
        let target = &self.body.flow.entries[step.entry.0 as usize];
        if target.point != Point::Target {
            return None;
        }
        let header = self
            .body
            .flow
            .entries
            .iter()
            .find(|one| one.statement == target.statement && one.point == Point::Iterable)?;
        let text = self.file().slice(header.span);
        let inner = text.strip_prefix("range")?.trim_start().strip_prefix('(')?.strip_suffix(')')?;
        let name = self.body.flow.name(step.target);
        if self.file().slice(target.span) != name {
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

/// A constant from outside of a function, as Python writes it; `None` for one that compiled code does not know.
#[must_use]
pub fn outside_text(constant: &outside::Constant) -> Option<String> {
    use outside::Constant as C;
    match constant {
        C::None => Some("None".to_owned()),
        C::Bool(value) => Some(if *value { "True" } else { "False" }.to_owned()),
        C::Int(value) => Some(value.to_string()),
        C::Float(value) => Some(format!("{value:?}")),
        C::Complex { real, imag } => Some(format!("complex({real:?}, {imag:?})")),
        C::Tuple(parts) => {
            let parts = parts.iter().map(outside_text).collect::<Option<Vec<_>>>()?;
            Some(if parts.len() == 1 { format!("({},)", parts[0]) } else { format!("({})", parts.join(", ")) })
        }
        C::Str(_) | C::Bytes(_) | C::Ellipsis => None,
    }
}

//! The types of every variable at every place, for one signature.
//!
//! A forward analysis over the flow graph: where paths join, the types join. It is what the editor shows and what the
//! specialiser falls back on; it also finds operations that no types that reach them can do.

mod refused;
mod sheet;

use std::collections::{BTreeSet, HashMap};

use super::choose::{Operand, choose};
use super::creation::{self, Given};
use super::decide;
use super::dtype::{self, Attribute};
use super::flow::{Arg, Call, Creation, DtypeArg, End, Flow, FlowId, Item, Start, Step, StepKind, Target, VarId};
use super::live::Liveness;
use super::narrow::{Narrow, Need};
use super::{array, function, half, instance, tuple, why};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Constant;
use crate::source::Span;
use crate::types::{Dtype, Shape, Type, TypeSet};
use sheet::{Sheet, written};

/// The type a name gets where it is bound.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The name; `return` for a returned value.
    pub name: String,
    /// The place of the name, or of the `return` statement.
    pub span: Span,
    /// What it may hold from there on.
    pub types: TypeSet,
}

/// The types of all variables at one place.
pub type Types = Vec<TypeSet>;

/// Is given the place of a step among those of its block, the step, the types before it, and those after it.
pub type StepVisitor<'a> = dyn FnMut((FlowId, usize), &Step, &Types, Option<&Types>) + 'a;

/// The types of the variables that matter at one place, in the order of their numbers.
type Known = Vec<(VarId, TypeSet)>;

/// The result of the analysis.
#[derive(Debug)]
pub struct Inferred {
    /// At the start of each block; `None` where no path leads.
    blocks: Vec<Option<Known>>,
    /// What is needed of intermediates.
    pub(super) narrow: Narrow,
    /// What each call of another function gives, by the pin and the types of the operands.
    gives: HashMap<(VarId, Vec<Type>), TypeSet>,
}

/// Tells what a call of another function gives for operands of these types.
pub type Gives<'a> = &'a dyn Fn(&Call, Span, &[Type]) -> TypeSet;

/// Analyses what follows from a start.
#[must_use]
pub fn infer(flow: &Flow, liveness: &Liveness, start: &Start, gives: Gives<'_>) -> Inferred {
    let mut types = vec![TypeSet::EMPTY; flow.variables.len()];
    for (slot, variable) in types.iter_mut().zip(&flow.variables) {
        *slot = if variable.in_frame { Type::Unbound.into() } else { TypeSet::EMPTY };
    }
    for &(variable, one) in &start.parameters {
        types[variable.0 as usize] = one.into();
    }
    let mut inferred =
        Inferred { blocks: vec![None; flow.blocks.len()], narrow: Narrow::of(flow), gives: HashMap::new() };
    if let Some(first) = inferred.blocks.get_mut(start.block.0 as usize) {
        *first = Some(types.into_iter().enumerate().map(|(at, types)| (VarId(at as u32), types)).collect());
    }
    // In reverse post-order every join outside loops is complete before it is passed on.
    let order = flow.reverse_post_order();
    let mut waiting = BTreeSet::from([(order[start.block.0 as usize], start.block)]);
    let mut sheet = Sheet::new(flow);
    while let Some((_, at)) = waiting.pop_first() {
        let block = flow.block(at);
        let Some(types) = inferred.through(flow, at, &mut sheet, gives) else { continue };
        // A branch narrows what its condition asks about.
        let tested = liveness.tested(at).map(|variable| (variable.0 as usize, variable));
        let sides = tested.map(|(slot, variable)| (slot, decide::sides(block, variable, types[slot])));
        for (side, successor) in block.successors().into_iter().enumerate() {
            if let Some((slot, sides)) = sides {
                types[slot] = sides[side];
                if types[slot].is_empty() {
                    continue;
                }
            }
            if inferred.join(successor, types, liveness) {
                waiting.insert((order[successor.0 as usize], successor));
            }
        }
    }
    inferred
}

impl Inferred {
    /// The types before a step of a block; `None` if it is never reached.
    #[must_use]
    pub fn at(&self, flow: &Flow, block: FlowId, step: usize) -> Option<Types> {
        let mut sheet = Sheet::new(flow);
        self.before(flow, block, step, &mut sheet)?;
        Some(sheet.into_types())
    }

    fn before<'a>(&self, flow: &Flow, block: FlowId, step: usize, sheet: &'a mut Sheet<'_>) -> Option<&'a mut Types> {
        let types = sheet.turn(self, block)?;
        for step in &flow.block(block).steps[..step] {
            self.transfer(step, types)?;
        }
        Some(types)
    }

    /// The types at the end of a block, with what its calls give.
    fn through<'a>(
        &mut self,
        flow: &Flow,
        block: FlowId,
        sheet: &'a mut Sheet<'_>,
        gives: Gives<'_>,
    ) -> Option<&'a mut Types> {
        let types = sheet.turn(self, block)?;
        for step in &flow.block(block).steps {
            if let StepKind::Call(call) = &step.kind {
                for operands in choices(call, types) {
                    let given = gives(call, step.span, &operands);
                    self.gives.insert((step.target, operands), given);
                }
            }
            self.transfer(step, types)?;
        }
        Some(types)
    }

    /// Joins the types of live variables into those at the start of a block; true if that changed them.
    fn join(&mut self, block: FlowId, types: &Types, liveness: &Liveness) -> bool {
        let mut live = liveness.start(block);
        let slot = &mut self.blocks[block.0 as usize];
        let Some(known) = slot else {
            *slot = Some(live.map(|variable| (variable, types[variable.0 as usize])).collect());
            return true;
        };
        let mut changed = false;
        let mut wanted = live.next();
        // All that are live are among them, in the same order.
        for (variable, known) in known {
            if wanted == Some(*variable) {
                let new = types[variable.0 as usize];
                changed |= !known.includes(new);
                *known = known.join(new);
                wanted = live.next();
            }
        }
        changed
    }

    /// Walks over every step that is reached, with the types before it and, unless it cannot be done, after it.
    pub fn each_step(&self, flow: &Flow, visit: &mut StepVisitor<'_>) {
        let (mut sheet, mut earlier) = (Sheet::new(flow), Sheet::new(flow));
        for (at, block) in flow.blocks.iter().enumerate() {
            let at = FlowId(at as u32);
            let (Some(types), Some(before)) = (sheet.turn(self, at), earlier.turn(self, at)) else { continue };
            for (number, step) in block.steps.iter().enumerate() {
                let done = self.transfer(step, types).is_some();
                visit((at, number), step, before, done.then_some(&*types));
                if !done {
                    break;
                }
                for variable in step.reads().chain(written(step)) {
                    before[variable.0 as usize] = types[variable.0 as usize];
                }
            }
        }
    }

    /// Walks over everything that is reached: the types of names where they are bound and of returned values, and what
    /// there is to say about operations.
    #[must_use]
    pub fn report(&self, flow: &Flow) -> (Vec<Binding>, TypeSet, Vec<Diagnostic>) {
        let mut bindings = Vec::new();
        let mut diagnostics = Vec::new();
        let mut operands = Vec::new();
        let mut result = TypeSet::EMPTY;
        let mut sheet = Sheet::new(flow);
        for (at, block) in flow.blocks.iter().enumerate() {
            let Some(types) = sheet.turn(self, FlowId(at as u32)) else { continue };
            let mut reached = true;
            for step in &block.steps {
                if self.transfer(step, types).is_none() {
                    if let Some(diagnostic) = failure(step, types, flow) {
                        operands.push((diagnostics.len(), why::operands(step, types)));
                        diagnostics.push(diagnostic);
                    }
                    reached = false;
                    break;
                }
                let name = flow.name(step.target);
                if matches!(step.kind, StepKind::Copy(_)) && !name.starts_with('.') {
                    bindings.push(Binding {
                        name: name.to_owned(),
                        span: step.span,
                        types: types[step.target.0 as usize],
                    });
                }
            }
            if let (true, End::Return(arg, _, span)) = (reached, &block.end) {
                let returned = own(flow, returned(*arg, types));
                if read(*arg, types).without(Type::Unbound).is_empty() {
                    diagnostics.extend(unbound(*arg, *span, flow));
                    continue;
                }
                result = result.join(returned);
                if span.start < span.end {
                    bindings.push(Binding { name: "return".to_owned(), span: *span, types: returned });
                }
            }
        }
        bindings.sort_by_key(|binding| binding.span);
        for (at, operands) in operands {
            why::explain(&mut diagnostics[at], &operands, flow, &bindings);
        }
        (bindings, result, diagnostics)
    }
}

/// What a function may return of a value: the interpreter returns functions that were made on the way.
fn returned(arg: Arg, types: &Types) -> TypeSet {
    let all = read(arg, types).without(Type::Unbound);
    if all.has_any() { all } else { all.iter().filter(|one| !one.has_local_functions()).collect() }
}

/// What a function returns of what it gives back: a function within a function gives back what it has written of the one around, too.
fn own(flow: &Flow, given: TypeSet) -> TypeSet {
    if flow.writes.is_empty() {
        return given;
    }
    let value = |one: Type| match one {
        Type::Tuple(shape) => shape.elements().first().copied(),
        _ => None,
    };
    given.iter().filter_map(value).fold(TypeSet::EMPTY, TypeSet::join)
}

/// The types an argument may have.
#[must_use]
pub fn read(arg: Arg, types: &Types) -> TypeSet {
    match arg {
        Arg::Var(variable) => types[variable.0 as usize],
        Arg::Constant(constant) => constant.ty().into(),
    }
}

impl Inferred {
    /// The types after a step; `None` if no types that reach it can do it.
    fn transfer(&self, step: &Step, types: &mut Types) -> Option<()> {
        let result = match &step.kind {
            StepKind::Copy(arg) => read(*arg, types).without(Type::Unbound),
            StepKind::Keep(arg) => {
                types[step.target.0 as usize] = read(*arg, types);
                return Some(());
            }
            StepKind::Tuple(args) => display(args, types),
            StepKind::Item(value, items) => part(*value, items, types),
            StepKind::Create(creation) => created(creation, types),
            StepKind::Place(value, items) => match part(*value, items, types).iter().next() {
                Some(Type::Scalar(_)) => Type::Pointer.into(),
                _ => TypeSet::EMPTY,
            },
            StepKind::Op(name, args) => self.results(step.target, name, args, types),
            StepKind::Function(one) => Type::Function(*one).into(),
            StepKind::Call(call) => self.called(step, call, types),
            StepKind::Hold(_) => return Some(()),
            StepKind::Leave(_) => return None,
        };
        if result.is_empty() {
            return None;
        }
        // What functions within the function may need can be without a value.
        let cells = match &step.kind {
            StepKind::Call(call) => call.cells.as_slice(),
            _ => &[],
        };
        for variable in step.reads().filter(|one| !cells.iter().any(|lent| lent.here == *one)) {
            let slot = &mut types[variable.0 as usize];
            *slot = slot.without(Type::Unbound);
        }
        types[step.target.0 as usize] = result;
        Some(())
    }

    /// What a call gives: of another function, or of one of Python's own that is a value.
    fn called(&self, step: &Step, call: &Call, types: &mut Types) -> TypeSet {
        let given = choices(call, types).into_iter().map(|operands| self.gives.get(&(step.target, operands)));
        let mut result = given.flatten().copied().fold(TypeSet::EMPTY, TypeSet::join);
        let functions = match call.target {
            Target::Value(function) => read(function, types),
            Target::Known(_) => TypeSet::EMPTY,
        };
        for one in functions.iter() {
            let Type::Function(one) = one else { continue };
            let Some((name, args)) = function::operation(one, call) else { continue };
            types[call.packed.0 as usize] = display(&call.args, types);
            result = result.join(match function::parts(name) {
                None => self.results(step.target, name, &args, types),
                Some((rows, _)) => {
                    let parts = rows.map(|row| self.results(step.target, row, &args, types));
                    let shape = (!parts.iter().any(|part| part.is_empty())).then(|| Shape::new(&parts)).flatten();
                    shape.map_or(TypeSet::EMPTY, |shape| Type::Tuple(shape).into())
                }
            });
        }
        result
    }

    /// What the function may return.
    #[must_use]
    pub fn result(&self, flow: &Flow) -> TypeSet {
        let mut sheet = Sheet::new(flow);
        let returned = flow.blocks.iter().enumerate().filter_map(|(at, block)| {
            let End::Return(arg, ..) = block.end else { return None };
            let types = self.before(flow, FlowId(at as u32), block.steps.len(), &mut sheet)?;
            Some(self::returned(arg, types))
        });
        returned.fold(TypeSet::EMPTY, TypeSet::join)
    }

    /// The join of the results over every choice of operand types.
    fn results(&self, target: VarId, name: &str, args: &[Arg], types: &Types) -> TypeSet {
        let sets = args.iter().map(|&arg| read(arg, types).without(Type::Unbound)).collect::<Vec<_>>();
        if let Some(any) = sets.iter().find(|types| types.has_any()) {
            return any.compounds();
        }
        let mut choices: Vec<Vec<Operand>> = vec![Vec::new()];
        for (&arg, types) in args.iter().zip(&sets) {
            let extended = |prefix: Vec<Operand>| {
                types.iter().map(move |one| prefix.iter().copied().chain([(one, constant(arg))]).collect())
            };
            choices = choices.into_iter().flat_map(extended).collect();
        }
        // Whether only the low bits are made depends on types that are not looked at here: both is possible.
        let needs: &[bool] = match self.narrow.need(target) {
            Need::Low | Need::Remainder(_) => &[true, false],
            Need::All | Need::Wide => &[false],
        };
        let mut result = TypeSet::EMPTY;
        for operands in &choices {
            if let [(one, _)] = operands.as_slice() {
                let found = dtype::attribute(name, *one).map(Attribute::ty);
                if let Some(found) = found.or_else(|| instance::answer(name, *one).map(|_| Type::Bool)) {
                    result = result.join(found.into());
                    continue;
                }
            }
            if operands.iter().any(|(one, _)| matches!(one, Type::Function(_))) {
                let types = operands.iter().map(|&(one, _)| one).collect::<Vec<_>>();
                result = function::answer(name, &types).map_or(result, |answer| result.join(answer.ty().into()));
                continue;
            }
            if operands.iter().any(|(one, _)| matches!(one, Type::Array(_))) {
                if let ("[]", [(Type::Array(array), _), _]) = (name, operands.as_slice()) {
                    let index = operands[1].0;
                    let found = array::item(*array, &[Item::At(args[1])], &|_| index.into());
                    result = found.map_or(result, |one| result.join(one.into()));
                    continue;
                }
                result = result.join(array::result(name, operands));
                continue;
            }
            if operands.iter().any(|(one, _)| matches!(one, Type::Tuple(_))) {
                let types = operands.iter().map(|&(one, _)| one.into()).collect::<Vec<_>>();
                let constants = operands.iter().map(|&(_, constant)| constant).collect::<Vec<_>>();
                result = result.join(tuple::result(name, &types, &constants));
                continue;
            }
            if let ("lengths.", [(one, _)]) = (name, operands.as_slice()) {
                result = tuple::one_length(*one).map_or(result, |types| result.join(types));
                continue;
            }
            // What always leaves gives nothing back; its row still says what the result would be.
            let rows = needs.iter().filter_map(|&low| choose(name, operands, low));
            result = rows.fold(result, |result, choice| result.join(choice.op.row().result.into()));
        }
        result
    }
}

/// Every choice of the types of a call's operands; none if they are too many to be told.
fn choices(call: &Call, types: &Types) -> Vec<Vec<Type>> {
    let mut choices = vec![Vec::new()];
    let operands = call.operands();
    let first_cell = operands.len() - call.cells.len();
    for (at, arg) in operands.into_iter().enumerate() {
        let set = match read(arg, types) {
            set if at < first_cell => set.without(Type::Unbound),
            set if set.is_empty() => Type::Unbound.into(),
            set => set,
        };
        if set.has_any() {
            return Vec::new();
        }
        let extended =
            |prefix: Vec<Type>| set.iter().map(move |one| prefix.iter().copied().chain([one]).collect::<Vec<_>>());
        choices = choices.into_iter().flat_map(extended).collect();
    }
    choices
}

/// A tuple of values, of several shapes if an element may be one of several tuples.
fn display(args: &[Arg], types: &Types) -> TypeSet {
    let elements = args.iter().map(|&arg| read(arg, types).without(Type::Unbound)).collect::<Vec<_>>();
    // A tuple of functions that the function makes is no value of compiled code.
    let is_local = |types: &TypeSet| types.iter().any(Type::has_local_functions);
    if elements.iter().any(|types| types.is_empty() || is_local(types)) {
        return TypeSet::EMPTY;
    }
    Shape::new(&elements).map_or(TypeSet::ANY_TUPLE, |shape| Type::Tuple(shape).into())
}

/// What stands behind a value in brackets.
fn part(value: Arg, items: &[Item], types: &Types) -> TypeSet {
    let set = read(value, types).without(Type::Unbound);
    if set.has_any() {
        return set.compounds();
    }
    let of = |one: Type| match one {
        Type::Array(array) => {
            array::item(array, items, &|arg| read(arg, types).without(Type::Unbound)).map(TypeSet::of)
        }
        Type::Tuple(_) => tuple::part(one.into(), items),
        _ => None,
    };
    set.iter().filter_map(of).fold(TypeSet::EMPTY, TypeSet::join)
}

/// The array that a call makes, for every choice of the types of its arguments.
fn created(creation: &Creation, types: &Types) -> TypeSet {
    let sets = creation.args.iter().map(|&(name, arg)| (name, read(arg, types).without(Type::Unbound)));
    let mut choices = vec![Vec::new()];
    for (name, set) in sets {
        if set.has_any() {
            return set.compounds();
        }
        let extended = |before: Vec<(&'static str, Type)>| {
            set.iter().map(move |one| before.iter().copied().chain([(name, one)]).collect::<Vec<_>>())
        };
        choices = choices.into_iter().flat_map(extended).collect();
    }
    let dtypes: Vec<Option<Dtype>> = match creation.dtype {
        None => vec![None],
        Some(DtypeArg::Known(dtype)) => vec![Some(dtype)],
        Some(DtypeArg::Of(value)) => read(value, types).iter().filter_map(dtype::given).collect(),
    };
    let each = choices.iter().flat_map(|args| dtypes.iter().map(move |&dtype| (args, dtype)));
    let made = |(args, dtype): (&Vec<(&'static str, Type)>, Option<Dtype>)| {
        let given = Given { args, dtype, order: creation.order, copy: creation.copy };
        creation::result(creation.function, &given).map(Type::Array)
    };
    each.filter_map(made).collect()
}

const fn constant(arg: Arg) -> Option<Constant> {
    match arg {
        Arg::Constant(constant) => Some(constant),
        Arg::Var(_) => None,
    }
}

/// Why a step that was reached cannot be done.
fn failure(step: &Step, types: &Types, flow: &Flow) -> Option<Diagnostic> {
    let refused = refused::whole_array(step, types)
        .or_else(|| refused::identity(step, types))
        .or_else(|| half::refusal(step, types));
    if let Some(refused) = refused {
        return Some(refused);
    }
    let (name, args) = match &step.kind {
        StepKind::Item(value, items) | StepKind::Place(value, items) => {
            let args = std::iter::once(*value).chain(items.iter().flat_map(Item::args)).collect::<Vec<_>>();
            return failed("[]", &args, step, types, flow).map(|said| why::of_part(said, *value, items, types));
        }
        StepKind::Create(creation) => return failed(creation.function, &creation.operands(), step, types, flow),
        StepKind::Copy(arg) => return unbound(*arg, step.span, flow),
        StepKind::Op(name, args) => (*name, args),
        // Always does what it says.
        StepKind::Keep(_) | StepKind::Leave(_) | StepKind::Tuple(_) | StepKind::Hold(_) | StepKind::Function(_) => {
            return None;
        }
        // Either what is called has been reported, or it never comes back.
        StepKind::Call(call) => {
            let unknown = |arg: &Arg| read(*arg, types).without(Type::Unbound).is_empty();
            return call.operands().into_iter().find(unknown).and_then(|arg| unbound(arg, step.span, flow));
        }
    };
    failed(name, args, step, types, flow)
}

/// Why an operation on these operands cannot be done.
fn failed(name: &str, args: &[Arg], step: &Step, types: &Types, flow: &Flow) -> Option<Diagnostic> {
    if let Some(&arg) = args.iter().find(|arg| read(**arg, types).without(Type::Unbound).is_empty()) {
        return unbound(arg, step.span, flow);
    }
    let operands = args.iter().map(|&arg| format!("`{}`", read(arg, types).without(Type::Unbound).python()));
    let operands = operands.collect::<Vec<_>>().join(" and ");
    let (message, label, help) = match name {
        // The literal or the name itself was reported where it stands; nothing comes out of an empty tuple.
        "literal." | "name." | "at." => return None,
        "call." => (
            "the arguments do not fit the parameters of the function".to_owned(),
            "TypeError in Python".to_owned(),
            "pass what the function takes",
        ),
        "starred." => (
            format!("a starred argument has no compiled form for {operands}"),
            "no tuple".to_owned(),
            "pass a tuple, such as `*a.shape`, or write each argument",
        ),
        "index." => (
            format!("`range` takes ints, not {operands}"),
            "TypeError in Python".to_owned(),
            "convert the argument before the call",
        ),
        _ => {
            let name = match name {
                "**-" => "**",
                "%64." => "%",
                "[]" => "[...]",
                "into." | "store." | "load." => "assignment to an element",
                "unpack." | "unpack.star." => "unpacking",
                "over." | "elements." => "for",
                "in." | "range.in." => "in",
                "is.same." => "is",
                "math.hypot*" => "math.hypot",
                same => same,
            };
            (
                format!("`{name}` has no compiled form for {operands}"),
                format!("for {operands}"),
                why::help(name, args.iter().map(|&arg| read(arg, types))),
            )
        }
    };
    Some(Diagnostic::new(Code::OperandTypes, message, step.span, label).help(help))
}

fn unbound(arg: Arg, span: Span, flow: &Flow) -> Option<Diagnostic> {
    let variable = arg.var()?;
    let name = flow.name(variable);
    // The name itself, within the expression that reads it.
    let within =
        |&&(read, place): &&(VarId, Span)| read == variable && span.start <= place.start && place.end <= span.end;
    let span = flow.reads.iter().find(within).map_or(span, |&(_, place)| place);
    let message = format!("`{name}` has no value here");
    let diagnostic = Diagnostic::new(Code::Unbound, message, span, "UnboundLocalError in Python");
    Some(diagnostic.help(format!("assign to `{name}` before this line on every path")))
}

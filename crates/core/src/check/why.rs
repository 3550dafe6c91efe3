//! Why operands have the types that they have: where types clash, each operand's own reason is shown.
//!
//! Enters: a diagnostic about the types of an operation, and its operands. Leaves: secondary labels, at the operation or the
//! parameter that decided, and what to write.

use super::flow::{Annotation, Arg, Flow, Item, Step, StepKind, VarId};
use super::infer::{Binding, Types, read};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::types::{Type, TypeSet};

/// More operands than that are not explained.
const MOST: usize = 2;

/// The variables among the operands of a step, with their types there.
pub(super) fn operands(step: &Step, types: &Types) -> Vec<(VarId, TypeSet)> {
    let args: Vec<Arg> = match &step.kind {
        StepKind::Op(_, args) => args.clone(),
        StepKind::Item(value, _) | StepKind::Place(value, _) => vec![*value],
        _ => Vec::new(),
    };
    let of = |arg: Arg| Some((arg.var()?, read(arg, types).without(Type::Unbound)));
    args.into_iter().filter_map(of).collect()
}

/// Adds to a diagnostic about types where each operand has its type from.
pub(super) fn explain(diagnostic: &mut Diagnostic, operands: &[(VarId, TypeSet)], flow: &Flow, bindings: &[Binding]) {
    if !matches!(diagnostic.code, Code::OperandTypes | Code::WholeArray | Code::Half) {
        return;
    }
    let place = diagnostic.span();
    let mut labels: Vec<(Span, String)> = Vec::new();
    let is_array = |types: TypeSet| types.iter().any(|one| matches!(one, Type::Array(_)));
    for &(variable, types) in operands {
        if diagnostic.code == Code::WholeArray && !is_array(types) {
            continue;
        }
        let reason = if flow.name(variable).starts_with('.') {
            part(variable, types, flow)
        } else {
            name(variable, types, flow, bindings, place)
        };
        let known = |labels: &[(Span, String)], at: Span| labels.iter().any(|(known, _)| *known == at);
        if let Some((at, text)) = reason
            && at != place
            && !known(&labels, at)
        {
            labels.push((at, text));
        }
    }
    for (at, text) in labels.into_iter().take(MOST) {
        diagnostic.labels.push(crate::diagnostic::Label { file: None, span: at, text });
    }
}

/// Why a part of the expression has its type.
fn part(variable: VarId, types: TypeSet, flow: &Flow) -> Option<(Span, String)> {
    let step = definition(variable, flow)?;
    let what = said(&step.kind)?;
    Some((step.span, format!("{what} gives `{}`", types.python())))
}

/// Why a name has its type at a place.
fn name(variable: VarId, types: TypeSet, flow: &Flow, bindings: &[Binding], place: Span) -> Option<(Span, String)> {
    let name = flow.name(variable);
    let shown = types.python();
    let fits = |binding: &&Binding| {
        binding.name == name && binding.types.iter().any(|one| types.iter().any(|other| one == other))
    };
    let before = bindings.iter().filter(fits).rfind(|binding| binding.span.end <= place.start);
    let Some(binding) = before.or_else(|| bindings.iter().find(fits)) else {
        let parameter = flow.parameters.get(variable.0 as usize)?;
        let annotated = matches!(parameter.annotation, Annotation::Type(one) if TypeSet::from(one) == types);
        let reason = if annotated { "by its annotation" } else { "in this call" };
        return Some((parameter.span, format!("`{name}` is `{shown}` {reason}")));
    };
    let steps = flow.blocks.iter().flat_map(|block| &block.steps);
    let written = steps.into_iter().find(|step| step.target == variable && step.span == binding.span)?;
    let source = match &written.kind {
        StepKind::Copy(Arg::Var(value)) => definition(*value, flow),
        _ => None,
    };
    match source.and_then(|step| Some((step.span, said(&step.kind)?))) {
        Some((at, what)) => Some((at, format!("`{name}` is `{shown}` here because of {what}"))),
        None => Some((binding.span, format!("`{name}` is `{shown}` from here on"))),
    }
}

/// The step that gives a temporary its value, if there is one only.
fn definition(variable: VarId, flow: &Flow) -> Option<&Step> {
    if !flow.name(variable).starts_with('.') {
        return None;
    }
    let mut steps = flow.blocks.iter().flat_map(|block| &block.steps).filter(|step| step.target == variable);
    let only = steps.next()?;
    steps.next().is_none().then_some(only)
}

/// An operation in words.
fn said(kind: &StepKind) -> Option<String> {
    let name = match kind {
        StepKind::Op(name, _) => *name,
        StepKind::Tuple(_) => return Some("this tuple".to_owned()),
        StepKind::Create(creation) => return Some(format!("`{}`", creation.function)),
        StepKind::Item(..) => return Some("this part".to_owned()),
        _ => return None,
    };
    Some(match name {
        "+" => "this sum".to_owned(),
        "-" => "this difference".to_owned(),
        "*" => "this product".to_owned(),
        "/" => "this division".to_owned(),
        "//" => "this division".to_owned(),
        "%" | "%64." => "this remainder".to_owned(),
        "**" | "**-" => "this power".to_owned(),
        "==" | "!=" | "<" | "<=" | ">" | ">=" => "this comparison".to_owned(),
        "[]" | "load." => "this element".to_owned(),
        "len" => "this length".to_owned(),
        name if name.ends_with('.') => return None,
        name => format!("`{}`", name.trim_end_matches('*')),
    })
}

/// A diagnostic about a part of a value in better words, where the brackets are what does not fit.
pub(super) fn of_part(mut said: Diagnostic, value: Arg, items: &[Item], types: &Types) -> Diagnostic {
    let value = read(value, types).without(Type::Unbound);
    let is_int = |one| matches!(one, Type::Int | Type::Bool | Type::Unbound);
    let is_open = |item: &Item| {
        let mut bounds = item.args().into_iter().filter(|arg| arg.var().is_some());
        matches!(item, Item::Slice(_)) && bounds.any(|arg| read(arg, types).iter().all(is_int))
    };
    let is_tuple = value.iter().all(|one| matches!(one, Type::Tuple(_)));
    let dimensions = value.iter().filter_map(|one| if let Type::Array(array) = one { Some(array.ndim) } else { None });
    let indices = items.iter().filter(|item| matches!(item, Item::At(_) | Item::Slice(_))).count();
    let (message, label, help) = if said.code != Code::OperandTypes {
        return said;
    } else if is_tuple && !items.is_empty() && items.iter().all(is_open) {
        (
            "a part of a tuple has to have bounds that are written out".to_owned(),
            "how many values it has, only the running program can tell".to_owned(),
            "write ints as the bounds, or use an array: its parts may have any length",
        )
    } else if let Some(most) = dimensions.max().map(usize::from).filter(|&most| indices > most) {
        let plural = if most == 1 { "" } else { "s" };
        (
            format!("`{}` has {most} dimension{plural}, and there are {indices} indices", value.python()),
            "IndexError in Python".to_owned(),
            "write one index for each dimension",
        )
    } else {
        return said;
    };
    said.message = message;
    if let Some(first) = said.labels.first_mut() {
        first.text = label;
    }
    said.help(help)
}

/// What to write where an operation does not fit its operands.
pub(super) fn help(name: &str, operands: impl Iterator<Item = TypeSet>) -> &'static str {
    let operands = operands.collect::<Vec<_>>();
    let has = |wanted: Type| operands.iter().any(|types| types.iter().any(|one| one == wanted));
    let bits = matches!(name, "<<" | ">>" | "&" | "|" | "^" | "~");
    if has(Type::None) && !matches!(name, "==" | "!=") {
        "test for `None` first: `if x is not None:`"
    } else if bits && has(Type::Float) {
        "bits are those of ints: write `//` where a division gives the float, or `int(x)` where the fraction is not needed"
    } else if name == "[...]" && operands.iter().skip(1).any(|types| types.iter().any(|one| one == Type::Float)) {
        "indices are ints: write `//` where a division gives the float, or `int(x)`"
    } else if matches!(name, "<" | "<=" | ">" | ">=") && has(Type::Complex) {
        "complex numbers have no order: compare their absolute values, `abs(z)`"
    } else if matches!(name, "//" | "%") && has(Type::Complex) {
        "complex numbers have no remainder: take `z.real` or `z.imag`"
    } else {
        "the statement runs in the interpreter, which raises if the types do not fit: check the types of the operands"
    }
}

//! Functions as values: what calls of Python's own do, and what is known of a function by its type alone.

use super::flow::{Arg, Call, Flow, VarId};
use super::{creation, dtype};
use crate::ir::Constant;
use crate::ops;
use crate::types::{Dtype, FunctionType, Type, TypeSet};

/// The operation that a call of one of Python's own functions is, if it is one: its rows and their operands. What the function takes as
/// one tuple, the call's arguments are made into, in [`Call::packed`].
#[must_use]
pub fn operation(function: FunctionType, call: &Call) -> Option<(&'static str, Vec<Arg>)> {
    let name = function.builtin_name()?;
    if !call.keywords.is_empty() || creation::maker(name).is_some() {
        return None;
    }
    let args = call.args.clone();
    if parts(name).is_some_and(|(_, count)| args.len() == count) {
        return Some((name, args));
    }
    let is_type = Dtype::from_constructor(name).is_some();
    match (name, args.as_slice()) {
        ("min" | "max", [_, _, ..]) => Some((name, vec![Arg::Var(call.packed)])),
        ("min" | "max" | "len" | "any" | "all" | "tuple" | "math.fsum", [_]) => Some((name, args)),
        ("sum" | "math.prod", &[values]) => {
            let start = if name == "sum" { 0 } else { 1 };
            Some((name, vec![values, Arg::Constant(Constant::Int(start))]))
        }
        ("sum", [_, _]) => Some((name, args)),
        ("pow", [_, exponent]) => {
            let is_negative = matches!(exponent, Arg::Constant(Constant::Int(exponent)) if *exponent < 0);
            Some((if is_negative { "**-" } else { "**" }, args))
        }
        ("round", [number, Arg::Constant(Constant::None)]) => Some((name, vec![*number])),
        (_, [_]) if is_type => Some((name, args)),
        _ if name.starts_with("np.") => {
            (!is_type && ops::ufunc::way(name, args.len()).is_some()).then_some((name, args))
        }
        _ => ops::takes(name, args.len()).then_some((name, args)),
    }
}

/// The rows that the elements of the pair come from that one of Python's own functions gives, and how many operands they take.
#[must_use]
pub fn parts(name: &str) -> Option<([&'static str; 2], usize)> {
    match name {
        "divmod" => Some((["//", "%"], 2)),
        "math.modf" => Some((["modf.fraction.", "modf.whole."], 1)),
        "math.frexp" => Some((["frexp.fraction.", "frexp.exponent."], 1)),
        _ => None,
    }
}

/// True for those of Python's own functions that can be called as values.
#[must_use]
pub fn is_value(name: &str) -> bool {
    const OVER: &[&str] = &["min", "max", "len", "any", "all", "tuple", "sum", "pow"];
    let is_type = Dtype::from_constructor(name).is_some();
    let has_rows = || (1..=4).any(|count| ops::takes(name, count) || ops::ufunc::way(name, count).is_some());
    let is_dtype = FunctionType::builtin(name).as_dtype().is_some();
    creation::maker(name).is_none()
        && (is_type || is_dtype || OVER.contains(&name) || parts(name).is_some() || has_rows())
}

/// The operands of a call whose very object one of Python's own functions may give back.
#[must_use]
pub fn given_back(function: FunctionType, call: &Call) -> Vec<usize> {
    match operation(function, call) {
        Some(("min" | "max", _)) => (0..call.args.len()).collect(),
        Some((name, args)) if name == "tuple" || ops::may_give_operand(name, args.len()) => vec![0],
        Some(_) | None => Vec::new(),
    }
}

/// True where a function within a loop would get a second name: which of those that were made in turn it is, its type does not tell.
#[must_use]
pub fn is_mixed_up(flow: &Flow, target: VarId, source: Arg, types: TypeSet) -> bool {
    let is_name = source.var().is_some_and(|one| flow.variables[one.0 as usize].in_frame);
    let is_remade = |one: Type| match one {
        Type::Function(one) => one.as_local().is_some_and(|local| local.is_remade),
        _ => false,
    };
    let mut steps = flow.blocks.iter().flat_map(|block| &block.steps);
    is_name
        && types.iter().any(is_remade)
        && (flow.variables[target.0 as usize].in_frame || steps.any(|step| step.reads().any(|one| one == target)))
}

/// What the types of the operands decide, one of which is a function or the object of a dtype.
#[must_use]
pub fn answer(name: &str, operands: &[Type]) -> Option<Constant> {
    dtype::answer(name, operands).unwrap_or_else(|| question(name, operands).map(Constant::Bool))
}

/// The answer of a question about functions.
fn question(name: &str, operands: &[Type]) -> Option<bool> {
    let is_question =
        name == "truth." || name == "bool" || name.starts_with("isinstance.") || name.starts_with("is.None");
    if !is_question && operands.iter().any(|one| one.has_local_functions()) {
        return None;
    }
    match (name, operands) {
        ("is.same.", [one, other]) => Some(one == other),
        ("==" | "same.", [Type::Function(one), Type::Function(other)]) => Some(one == other),
        ("!=", [Type::Function(one), Type::Function(other)]) => Some(one != other),
        ("truth." | "bool", [Type::Function(_)]) => Some(true),
        (_, [Type::Function(_)]) if name.starts_with("is.") || name.starts_with("isinstance.") => Some(false),
        _ => None,
    }
}

/// True for what [`answer`] is about.
#[must_use]
pub fn is_among(operands: &[Type]) -> bool {
    operands.iter().any(|one| matches!(one, Type::Function(_)))
}

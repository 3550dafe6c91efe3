//! What the parameters of a function get in a call.
//!
//! Enters: the function and the call. Leaves: a value for each parameter, or nothing where CPython raises TypeError.

use super::{Known, Passed};
use crate::check::flow::{Call, Flow, Hidden, Parameter};
use crate::ir::{Constant, Operand, Tree};
use crate::outside;
use crate::types::{Shape, Type, TypeSet};

/// For each parameter but `*args` the operand that it gets, counted without what is called, and the operands that are left for
/// `*args`; `None` if CPython raises.
pub(super) fn slots(flow: &Flow, call: &Call) -> Option<(Vec<Option<usize>>, Vec<usize>)> {
    let mut slots = vec![None; flow.parameters.len()];
    let positional = call.args.len().min(flow.positional);
    let rest = (positional..call.args.len()).collect::<Vec<_>>();
    if !rest.is_empty() && !flow.parameters.iter().any(|parameter| parameter.variadic) {
        return None;
    }
    for (at, slot) in slots.iter_mut().enumerate().take(positional) {
        *slot = Some(at);
    }
    for (at, (name, _)) in call.keywords.iter().enumerate() {
        let is_it = |parameter: &Parameter| parameter.name == *name && !parameter.variadic;
        let parameter = flow.parameters.iter().position(is_it)?;
        if parameter < flow.positional_only || slots[parameter].is_some() {
            return None;
        }
        slots[parameter] = Some(call.args.len() + at);
    }
    Some((slots, rest))
}

/// A value for each parameter of a function.
pub(super) fn passed(known: &Known, call: &Call, operands: &[Type]) -> Option<Vec<Passed>> {
    let flow = &known.body.flow;
    let (slots, rest) = slots(flow, call)?;
    let each = slots.into_iter().enumerate().map(|(at, slot)| match slot {
        _ if flow.parameters[at].variadic => {
            let elements =
                rest.iter().map(|&at| Some((*operands.get(at)?).into())).collect::<Option<Vec<TypeSet>>>()?;
            Some(Passed::Rest(Type::Tuple(Shape::new(&elements)?), rest.clone()))
        }
        Some(operand) if operand < operands.len() => Some(Passed::Operand(operand)),
        Some(_) => None,
        None if flow.owner.is_some() => {
            let is_it = |hidden: &Hidden| hidden.cell.is_some_and(|cell| cell.default_of == Some(at));
            let number = flow.hidden.iter().position(is_it)?;
            Some(Passed::Hidden(*known.hidden.get(number)?, number))
        }
        None => {
            let (one, tree) = value(known.defaults.get(at)?.as_ref()?)?;
            Some(Passed::Default(one, tree))
        }
    });
    each.collect()
}

/// A constant as the IR has it; `None` if it does not fit.
fn value(constant: &outside::Constant) -> Option<(Type, Tree<Operand>)> {
    let one = match constant {
        outside::Constant::None => Constant::None,
        outside::Constant::Bool(value) => Constant::Bool(*value),
        outside::Constant::Float(value) => Constant::Float(*value),
        outside::Constant::Complex { real, imag } => Constant::Complex(*real, *imag),
        outside::Constant::Int(value) => match (i64::try_from(value), u64::try_from(value)) {
            (Ok(value), _) => Constant::Int(value),
            (_, Ok(value)) => Constant::Nat(value),
            (Err(_), Err(_)) => return None,
        },
        outside::Constant::Tuple(parts) => {
            let (types, trees): (Vec<_>, Vec<_>) =
                parts.iter().map(value).collect::<Option<Vec<_>>>()?.into_iter().unzip();
            let types = types.into_iter().map(TypeSet::of).collect::<Vec<_>>();
            return Some((Type::Tuple(Shape::new(&types)?), Tree::Tuple(trees)));
        }
        outside::Constant::Str(_) | outside::Constant::Bytes(_) | outside::Constant::Ellipsis => return None,
    };
    Some((one.ty(), Tree::Leaf(Operand::Constant(one))))
}

//! What is said where NumPy gives a float16: its functions on floats, of a bool or an int of 8 bits.

use super::choose::Operand;
use super::flow::{Arg, Flow, Step, StepKind};
use super::infer::{Types, read};
use super::promote;
use crate::diagnostic::{Code, Diagnostic};
use crate::types::Type;

/// True if there may be such a call.
#[must_use]
pub fn may_occur(flow: &Flow) -> bool {
    let steps = flow.blocks.iter().flat_map(|block| &block.steps);
    let may_give = |step: &Step| match &step.kind {
        StepKind::Op(name, args) => promote::may_give_half(name, args.len()),
        _ => false,
    };
    steps.into_iter().any(may_give)
}

/// The refusal of a call that gives a float16 whatever the types of its operands are here.
pub(super) fn refusal(step: &Step, types: &Types) -> Option<Diagnostic> {
    let StepKind::Op(name, args) = &step.kind else { return None };
    let mut every: Vec<Vec<Operand>> = vec![Vec::new()];
    for &arg in name.starts_with("np.").then_some(args)? {
        let constant = match arg {
            Arg::Constant(constant) => Some(constant),
            Arg::Var(_) => None,
        };
        let set = read(arg, types).without(Type::Unbound);
        let longer = |before: &Vec<Operand>, one| before.iter().copied().chain([(one, constant)]).collect();
        every = every.iter().flat_map(|before| set.iter().map(move |one| longer(before, one))).collect();
    }
    (!every.is_empty() && every.iter().all(|operands| promote::gives_half(name, operands))).then_some(())?;
    let shown = args.iter().map(|&arg| format!("`{}`", read(arg, types).without(Type::Unbound).python()));
    let shown = shown.collect::<Vec<_>>().join(" and ");
    let message = format!("`{name}` of {shown} cannot be compiled");
    let help = format!("convert the number first: `{name}(np.float64(x))`");
    Some(Diagnostic::new(Code::Half, message, step.span, "NumPy gives a float16").help(help))
}

//! What a call gives, in words.
//!
//! Enters: a function and its types. Leaves: its signature as users read it. Promised: [`Function::signature`] reads it back.

use std::collections::BTreeSet;

use super::function::{Function, Typed};
use crate::check::flow::{End, FlowId, StepKind};

impl Function {
    /// As users read it: `(int, float) -> float`; where compiled code returns nothing, why: `(int): always raises`.
    #[must_use]
    pub fn text_of(&self, typed: &Typed) -> String {
        let whole = typed.signature.python(typed.result);
        match whole.rsplit_once(" -> ") {
            Some((params, _)) if typed.result.is_empty() => format!("{params}: {}", self.why_nothing()),
            _ => whole,
        }
    }

    /// Why compiled code returns nothing, if every statement but `raise` and `assert` is taken to end.
    fn why_nothing(&self) -> &'static str {
        let flow = &self.body.flow;
        let raises = |at: FlowId| {
            let mut places = flow.block(at).steps.iter().filter(|step| matches!(step.kind, StepKind::Leave(_)));
            places.any(|step| {
                let text = self.file().slice(step.span);
                text.starts_with("raise") || text.starts_with("assert")
            })
        };
        let (mut seen, mut waiting, mut raised) = (BTreeSet::from([FlowId(0)]), vec![FlowId(0)], false);
        while let Some(at) = waiting.pop() {
            if raises(at) {
                raised = true;
                continue;
            }
            if matches!(flow.block(at).end, End::Return(..)) || self.is_refused() {
                return "finished by the interpreter";
            }
            waiting.extend(flow.block(at).successors().into_iter().filter(|&to| seen.insert(to)));
        }
        if raised { "always raises" } else { "never returns" }
    }
}

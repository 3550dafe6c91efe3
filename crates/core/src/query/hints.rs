//! Types that an editor shows within the text, where the source does not say them.
//!
//! Enters: a function and its types. Leaves: [`Hint`]s in the order of the source.

use std::collections::HashSet;

use super::function::{Function, Typed};
use crate::check::choose::choose;
use crate::check::flow::{Arg, StepKind};
use crate::check::infer::read;
use crate::source::Span;
use crate::types::{Type, TypeSet};

/// What a hint is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HintKind {
    /// A parameter without annotation.
    Parameter,
    /// The first binding of a name.
    Binding,
    /// A later binding, which changes the type.
    Change,
    /// The result.
    Return,
    /// An operand that is converted.
    Conversion,
}

/// A text to show at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Where: behind the name, the bracket or the operand.
    pub offset: u32,
    /// `: i64`, `-> f64`, `as f64`.
    pub text: String,
    /// What it is about.
    pub kind: HintKind,
    /// The name.
    pub name: String,
    /// The types.
    pub types: TypeSet,
}

impl Function {
    /// The hints for these types.
    #[must_use]
    pub fn hints(&self, typed: &Typed) -> Vec<Hint> {
        let mut hints = Vec::new();
        for ((name, span, annotated), &one) in self.parameters().zip(&typed.signature.params) {
            if !annotated {
                let (types, kind) = (TypeSet::of(one), HintKind::Parameter);
                hints.push(Hint {
                    offset: span.end,
                    text: format!(": {}", types.machine()),
                    kind,
                    name: name.to_owned(),
                    types,
                });
            }
        }
        if self.returns().is_none() && !typed.result.is_empty() {
            let (types, kind) = (typed.result, HintKind::Return);
            let text = format!(" -> {}", types.machine());
            hints.push(Hint { offset: self.header_end(), text, kind, name: self.name().to_owned(), types });
        }
        let mut seen: std::collections::HashMap<&str, TypeSet> =
            self.parameters().zip(&typed.signature.params).map(|((name, ..), &one)| (name, TypeSet::of(one))).collect();
        let mut places = HashSet::new();
        // What is refused has no value, whatever is taken for one so that more can be said.
        let errors = self.diagnostics().iter().filter(|one| one.is_error());
        let refused = errors.map(|one| self.file().line(one.span().start)).collect::<HashSet<_>>();
        let is_refused = |span: Span| refused.contains(&self.file().line(span.start));
        for binding in typed.bindings.iter().filter(|one| one.name != "return" && !is_refused(one.span)) {
            let known = seen.get(binding.name.as_str());
            let changes = known.is_none_or(|known| !known.includes(binding.types));
            if changes && places.insert(binding.span) && self.file().slice(binding.span) == binding.name {
                let kind = if known.is_none() { HintKind::Binding } else { HintKind::Change };
                let types = at_place(typed, binding.span);
                let text = format!(": {}", types.machine());
                hints.push(Hint { offset: binding.span.end, text, kind, name: binding.name.clone(), types });
            }
            let joined = known.map_or(binding.types, |known| known.join(binding.types));
            seen.insert(&binding.name, joined);
        }
        hints.extend(self.conversions(typed));
        hints.sort_by_key(|hint| (hint.offset, hint.kind));
        hints
    }

    /// Names that an operation takes as another type than they have.
    fn conversions(&self, typed: &Typed) -> Vec<Hint> {
        let mut hints = Vec::new();
        typed.inferred.each_step(&self.body.flow, &mut |_, step, before, _| {
            let StepKind::Op(name, args) = &step.kind else { return };
            if name.ends_with('.') {
                return;
            }
            let mut operands = Vec::new();
            for &arg in args {
                let constant = match arg {
                    Arg::Constant(constant) => Some(constant),
                    Arg::Var(_) => None,
                };
                match read(arg, before).without(Type::Unbound).single() {
                    Some(one) => operands.push((one, constant)),
                    None => return,
                }
            }
            let Some(choice) = choose(name, &operands, false) else { return };
            for ((&arg, &(has, _)), &takes) in args.iter().zip(&operands).zip(choice.op.row().params) {
                let (Some(variable), true) = (arg.var(), has != takes && takes != Type::Low && takes != Type::Nat)
                else {
                    continue;
                };
                let within = |place: Span| step.span.start <= place.start && place.end <= step.span.end;
                let of = |(read, place): &&(_, Span)| *read == variable && within(*place);
                for (_, place) in self.body.flow.reads.iter().filter(of) {
                    let types = TypeSet::of(takes);
                    let hint = Hint {
                        offset: place.end,
                        text: format!(" as {}", types.machine()),
                        kind: HintKind::Conversion,
                        name: self.body.flow.name(variable).to_owned(),
                        types,
                    };
                    if !hints.contains(&hint) {
                        hints.push(hint);
                    }
                }
            }
        });
        hints
    }
}

/// Everything that a name is bound to at one place.
fn at_place(typed: &Typed, span: Span) -> TypeSet {
    let here = typed.bindings.iter().filter(|one| one.span == span);
    here.fold(TypeSet::EMPTY, |types, one| types.join(one.types))
}

//! Types that an editor shows within the text, where the source does not say them.
//!
//! Enters: a function and its types. Leaves: [`Hint`]s in the order of the source.

use std::collections::{HashMap, HashSet};

use super::function::{Function, Typed};
use super::layer::Layer;
use crate::check::choose::choose;
use crate::check::flow::{Arg, StepKind};
use crate::check::infer::{Binding, read};
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
    /// The function within the brrr function that it is in, if it is in one.
    pub within: Option<String>,
}

impl Function {
    /// The hints for these types.
    #[must_use]
    pub fn hints(&self, typed: &Typed) -> Vec<Hint> {
        let mut hints = Vec::new();
        let params = typed.signature.params.iter().map(|&one| TypeSet::of(one)).collect::<Vec<_>>();
        header(&mut hints, self.parameters(), &params);
        if self.returns().is_none() && !self.is_refused() {
            returned(&mut hints, self.header_end(), self.name(), typed.result);
        }
        let known = self.parameters().map(|(name, ..)| name).zip(params);
        self.bindings(&mut hints, &typed.bindings, known.collect());
        hints.extend(conversions(&Layer::of(self, typed)));
        for inner in typed.inner.iter().filter(|inner| !inner.calls.is_empty()) {
            let (params, first) = (inner.params(), hints.len());
            header(&mut hints, inner.parameters(), &params);
            if !inner.header.returns {
                returned(&mut hints, inner.header.end, inner.name(), inner.result());
            }
            let known = inner.parameters().map(|(name, ..)| name).zip(params);
            self.bindings(&mut hints, &inner.bindings, known.collect());
            hints.extend(conversions(&Layer::of(self, typed).within(typed, inner)));
            hints[first..].iter_mut().for_each(|hint| hint.within = Some(inner.name().to_owned()));
        }
        hints.sort_by_key(|hint| (hint.offset, hint.kind));
        hints
    }

    /// The first binding of each name, and those that change its type.
    fn bindings<'a>(&self, hints: &mut Vec<Hint>, bindings: &'a [Binding], mut seen: HashMap<&'a str, TypeSet>) {
        let mut places = HashSet::new();
        // What is refused has no value, whatever is taken for one so that more can be said.
        let errors = self.diagnostics().iter().filter(|one| one.is_error());
        let refused = errors.map(|one| self.file().line(one.span().start)).collect::<HashSet<_>>();
        let is_refused = |span: Span| refused.contains(&self.file().line(span.start));
        for binding in bindings.iter().filter(|one| one.name != "return" && !is_refused(one.span)) {
            let known = seen.get(binding.name.as_str());
            let changes = known.is_none_or(|known| !known.includes(binding.types));
            let types = at_place(bindings, binding.span);
            if changes
                && !is_definition(types)
                && places.insert(binding.span)
                && self.file().slice(binding.span) == binding.name
            {
                let kind = if known.is_none() { HintKind::Binding } else { HintKind::Change };
                let text = format!(": {}", types.machine());
                hints.push(Hint {
                    offset: binding.span.end,
                    text,
                    kind,
                    name: binding.name.clone(),
                    types,
                    within: None,
                });
            }
            let joined = known.map_or(binding.types, |known| known.join(binding.types));
            seen.insert(&binding.name, joined);
        }
    }
}

/// The parameters without annotations.
fn header<'a>(hints: &mut Vec<Hint>, parameters: impl Iterator<Item = (&'a str, Span, bool)>, params: &[TypeSet]) {
    for ((name, span, is_told), &types) in parameters.zip(params) {
        if !is_told {
            let text = format!(": {}", types.machine());
            hints.push(Hint {
                offset: span.end,
                text,
                kind: HintKind::Parameter,
                name: name.to_owned(),
                types,
                within: None,
            });
        }
    }
}

fn returned(hints: &mut Vec<Hint>, offset: u32, name: &str, types: TypeSet) {
    if !types.is_empty() {
        let text = format!(" -> {}", types.machine());
        hints.push(Hint { offset, text, kind: HintKind::Return, name: name.to_owned(), types, within: None });
    }
}

/// True for what a `def` or a `lambda` within the function makes: that says itself what it is.
fn is_definition(types: TypeSet) -> bool {
    matches!(types.single(), Some(Type::Function(function)) if function.as_local().is_some())
}

/// Names that an operation takes as another type than they have.
fn conversions(layer: &Layer<'_>) -> Vec<Hint> {
    let mut hints = Vec::new();
    layer.each_step(&mut |_, step, before, _| {
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
            let (Some(variable), true) = (arg.var(), has != takes && takes != Type::Low && takes != Type::Nat) else {
                continue;
            };
            let within = |place: Span| step.span.start <= place.start && place.end <= step.span.end;
            let of = |(read, place): &&(_, Span)| *read == variable && within(*place);
            for (_, place) in layer.flow().reads.iter().filter(of) {
                let types = TypeSet::of(takes);
                let hint = Hint {
                    offset: place.end,
                    text: format!(" as {}", types.machine()),
                    kind: HintKind::Conversion,
                    name: layer.flow().name(variable).trim_start_matches('.').to_owned(),
                    types,
                    within: None,
                };
                if !hints.contains(&hint) {
                    hints.push(hint);
                }
            }
        }
    });
    hints
}

/// Everything that a name is bound to at one place.
fn at_place(bindings: &[Binding], span: Span) -> TypeSet {
    let here = bindings.iter().filter(|one| one.span == span);
    here.fold(TypeSet::EMPTY, |types, one| types.join(one.types))
}

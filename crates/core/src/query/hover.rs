//! What is known about a place in a function.
//!
//! Enters: a function, its types, a place. Leaves: an [`Answer`]: the type of what stands there, why it has it, what is known of its
//! value, and the rows of the table for the operation.

use super::function::{Function, Typed};
use super::inner::Inner;
use super::layer::Layer;
use crate::ops::Op;
use crate::outside::{self, Callee};
use crate::source::Span;
use crate::types::TypeSet;

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

/// A call of a function of the user's, and what it is compiled for.
#[derive(Clone, Debug)]
pub struct CallAnswer {
    /// What is called.
    pub callee: Callee,
    /// The whole call.
    pub span: Span,
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

impl Function {
    /// What is known about a place in it; `None` where nothing stands that has a type.
    #[must_use]
    pub fn hover(&self, typed: &Typed, offset: u32) -> Option<Answer> {
        let layer = Layer::of(self, typed);
        match typed.inner_at(offset) {
            // Defaults are of the function around.
            Some(inner) if offset < inner.header.end => {
                let around = match inner.around.and_then(|at| typed.inner.get(at)) {
                    Some(one) => Layer::of(self, typed).within(typed, one).hover(offset),
                    None => layer.hover(offset),
                };
                layer.within(typed, inner).hover(offset).or(around)
            }
            Some(inner) => layer.within(typed, inner).hover(offset),
            None => layer.hover(offset),
        }
    }

    /// The smallest call of a function of the user's that holds a place.
    #[must_use]
    pub fn call_at(&self, typed: &Typed, offset: u32) -> Option<CallAnswer> {
        let layer = Layer::of(self, typed);
        match typed.inner_at(offset) {
            Some(inner) if offset >= inner.header.end => layer.within(typed, inner).call_at(offset),
            _ => layer.call_at(offset),
        }
    }
}

impl Typed {
    /// The function within it that holds a place.
    #[must_use]
    pub fn inner_at(&self, offset: u32) -> Option<&Inner> {
        self.inner
            .iter()
            .filter(|one| one.header.span.contains(offset))
            .min_by_key(|one| one.header.span.end - one.header.span.start)
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

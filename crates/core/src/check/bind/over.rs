//! Functions over a range or a tuple: `sum`, `min`, `any`, `math.fsum` and the like.
//!
//! What is written there, `max((a, b))`, is taken apart here; a tuple of which only the type tells the length is an operand, and
//! [`crate::check::specialise`] takes it apart.

use rustpython_parser::ast::{self, Expr};

use super::Binder;
use crate::check::flow::{Arg, End, StepKind};
use crate::ir::Constant;
use crate::ops;
use crate::source::Span;
use crate::syntax::span;
use crate::types::MOST_LEAVES;

impl Binder<'_> {
    /// `sum((a, b))` and the like: a tuple or list that is written there is taken apart. `None` if there is none.
    pub(in crate::check) fn over_display(&mut self, function: &str, call: &ast::ExprCall) -> Option<Arg> {
        let ([display, rest @ ..], place) = (call.args.as_slice(), span(call)) else { return None };
        let elements = match display {
            Expr::Tuple(tuple) => &tuple.elts,
            Expr::List(list) => &list.elts,
            _ => return None,
        };
        let folded = matches!(function, "sum" | "math.prod");
        let takes = match function {
            "len" | "any" | "all" | "min" | "max" => rest.is_empty() && call.keywords.is_empty(),
            "sum" => rest.len() + call.keywords.len() <= 1,
            "math.prod" => rest.is_empty() && call.keywords.len() <= 1,
            _ => false,
        };
        if function == "sum" && elements.len() <= MOST_LEAVES && ops::python() >= 12 {
            return None;
        }
        let is_start = |keyword: &ast::Keyword| folded && keyword.arg.as_deref() == Some("start");
        let starred = elements.iter().any(|element| matches!(element, Expr::Starred(_)));
        if !takes || starred || !call.keywords.iter().all(is_start) {
            return None;
        }
        let values = elements.iter().map(|element| self.expression(element)).collect::<Vec<_>>();
        let start = rest.first().or(call.keywords.first().map(|keyword| &keyword.value));
        let start = start.map(|start| self.expression(start));
        let bool_of = |value| Arg::Constant(Constant::Bool(value));
        Some(match function {
            "len" => {
                // Nothing is done with them, but a name among them has to have a value.
                values.iter().for_each(|&value| self.check_bound(value, place));
                Arg::Constant(Constant::Int(values.len() as i64))
            }
            "any" | "all" => {
                let truths = values.iter().map(|&value| self.op("truth.", vec![value], place)).collect::<Vec<_>>();
                let (name, none) = if function == "any" { ("|", false) } else { ("&", true) };
                let fold = |before, next| self.op(name, vec![before, next], place);
                truths.into_iter().reduce(fold).unwrap_or(bool_of(none))
            }
            "sum" => {
                // From CPython 3.12 on the sum of floats is compensated: what is not too large is made a tuple, whose types tell.
                let name = if ops::python() < 12 { "+" } else { "sum.int." };
                let start = start.unwrap_or(Arg::Constant(Constant::Int(0)));
                values.into_iter().fold(start, |sum, next| self.op(name, vec![sum, next], place))
            }
            "math.prod" => {
                let start = start.unwrap_or(Arg::Constant(Constant::Int(1)));
                values.into_iter().fold(start, |product, next| self.op("*", vec![product, next], place))
            }
            _ => self.extreme_of(function, &values, place),
        })
    }

    /// `sum(t)` and the like: one operation on tuples. `None` if the arguments are not of this kind.
    pub(in crate::check) fn over_tuple(&mut self, function: &'static str, call: &ast::ExprCall) -> Option<Arg> {
        let zero = Arg::Constant(Constant::Int(0));
        let one = Arg::Constant(Constant::Int(1));
        let (tuples, start, by_position) = match function {
            "any" | "all" | "min" | "max" | "tuple" | "math.fsum" => (1, None, false),
            "sum" => (1, Some(zero), true),
            "math.prod" => (1, Some(one), false),
            "math.dist" | "math.sumprod" => (2, None, false),
            _ => return None,
        };
        let place = span(call);
        if (function, call.args.len(), call.keywords.len()) == ("tuple", 0, 0) {
            return Some(self.tuple(Vec::new(), place));
        }
        let more = call.args.len().checked_sub(tuples)?;
        let is_start = |keyword: &ast::Keyword| start.is_some() && keyword.arg.as_deref() == Some("start");
        let starred = call.args.iter().any(|one| matches!(one, Expr::Starred(_)));
        if starred
            || more > usize::from(by_position)
            || more + call.keywords.len() > 1
            || !call.keywords.iter().all(is_start)
        {
            return None;
        }
        let mut args = call.args[..tuples].iter().map(|one| self.iterable(one)).collect::<Vec<_>>();
        let given = call.args.get(tuples).or(call.keywords.first().map(|keyword| &keyword.value));
        args.extend(given.map(|given| self.expression(given)).or(start));
        Some(self.op(function, args, place))
    }

    /// An argument that is gone over: a list that is written there is no other than a tuple.
    pub(super) fn iterable(&mut self, argument: &Expr) -> Arg {
        match argument {
            Expr::List(list) if !list.elts.iter().any(|part| matches!(part, Expr::Starred(_))) => {
                let parts = list.elts.iter().map(|part| self.expression(part)).collect();
                self.tuple(parts, span(argument))
            }
            _ => self.expression(argument),
        }
    }

    /// `len(range(...))` and the like: one operation on the ends of the range. `None` if there is no range in it.
    pub(in crate::check) fn over_range(&mut self, function: &str, call: &ast::ExprCall) -> Option<Arg> {
        let name = ops::name(&format!("range.{function}."))?;
        let (range, start) = match call.args.as_slice() {
            [range] => (range, None),
            [range, start] if function == "sum" => (range, Some(start)),
            _ => return None,
        };
        let Expr::Call(inner) = range else { return None };
        if !self.is_range(inner) {
            return None;
        }
        let place = span(call);
        let [first, stop, step] = self.range_of(inner)?;
        let ends = [first, stop, step].map(|end| self.op("index.", vec![end], place));
        let step = self.op("step.", vec![ends[2]], place);
        let mut keywords = call.keywords.iter();
        let start = match (start, keywords.next()) {
            (Some(start), None) => Some(self.expression(start)),
            (None, Some(keyword)) if function == "sum" && keyword.arg.as_deref() == Some("start") => {
                Some(self.expression(&keyword.value))
            }
            (None, None) => None,
            _ => {
                let args = call.keywords.iter().map(|keyword| &keyword.value).chain(start);
                let args = args.collect::<Vec<_>>().into_iter().map(|value| self.expression(value)).collect();
                return Some(self.leaving("call.", args, place));
            }
        };
        let value = self.op(name, vec![ends[0], ends[1], step], place);
        Some(match start {
            // Exact for ints: the order of the additions does not matter, only what is beyond 64 bits on the way.
            Some(start) => self.op("range.start.", vec![start, value], place),
            None => value,
        })
    }

    pub(in crate::check) fn extreme_of(&mut self, function: &str, values: &[Arg], place: Span) -> Arg {
        let Some((&first, rest)) = values.split_first() else { return self.leaving("call.", Vec::new(), place) };
        let chosen = self.temporary();
        self.step(chosen, StepKind::Copy(first), place);
        for &next in rest {
            let name = if function == "min" { "<" } else { ">" };
            let better = self.op(name, vec![next, Arg::Var(chosen)], place);
            let better = self.op("truth.", vec![better], place);
            let (take, after) = (self.block(), self.block());
            self.finish(End::Branch(better, take, after));
            self.enter(take);
            self.step(chosen, StepKind::Copy(next), place);
            self.finish(End::Jump(after));
            self.enter(after);
        }
        Arg::Var(chosen)
    }
}

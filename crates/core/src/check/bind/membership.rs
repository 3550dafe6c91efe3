//! `is`, and `in` a display: comparisons that are not operators of numbers.

use rustpython_parser::ast::{self, CmpOp, Expr};

use super::Binder;
use crate::check::flow::{Annotation, Arg, End, FlowId, Parameter, StepKind};
use crate::diagnostic::Code;
use crate::ir::Constant;
use crate::source::Span;
use crate::syntax::span;
use crate::types::Type;

impl Binder<'_> {
    /// `left is right`, where one of them is `None`, `True` or `False`: what is asked for is a type, or a bool.
    pub(in crate::check) fn identity(&mut self, operator: CmpOp, left: Arg, right: Arg, place: Span) -> Arg {
        let (value, name) = match (singleton(right), singleton(left)) {
            (Some(name), _) => (left, name),
            (None, Some(name)) => (right, name),
            // Of functions and arrays the types tell.
            (None, None) if !self.may_be_object(left) && !self.may_be_object(right) => {
                return self.refuse_as(Code::Identity, place);
            }
            (None, None) => {
                let is = self.op("is.same.", vec![left, right], place);
                return if operator == CmpOp::IsNot { self.op("not", vec![is], place) } else { is };
            }
        };
        let is = self.op(name, vec![value], place);
        if operator == CmpOp::IsNot { self.op("not", vec![is], place) } else { is }
    }

    /// True for a function from outside, for what is known only when the function is called, for a variable that is called somewhere, for
    /// a parameter of which nothing is said, and for an array that the function makes or is said to get, under another name, too.
    fn may_be_object(&self, arg: Arg) -> bool {
        let Arg::Var(variable) = arg else { return false };
        let (mut names, mut at) = (vec![variable], 0);
        while let Some(&variable) = names.get(at) {
            let parameter = self.flow.parameters.get(variable.0 as usize).filter(|one| !one.variadic);
            let is_first = at == 0;
            at += 1;
            let is_told = |one: &Parameter| match one.annotation {
                // Of a parameter that is copied it is more likely a number.
                Annotation::Missing => is_first,
                Annotation::Type(one) => matches!(one, Type::Array(_)),
                _ => false,
            };
            if parameter.is_some_and(is_told) || self.is_called(self.flow.name(variable)) {
                return true;
            }
            let steps = self.flow.blocks.iter().flat_map(|block| &block.steps);
            for step in steps.filter(|step| step.target == variable) {
                match step.kind {
                    StepKind::Function(_) | StepKind::Create(_) | StepKind::Op("name." | ".dtype", _) => return true,
                    StepKind::Copy(Arg::Var(source)) if !names.contains(&source) => names.push(source),
                    _ => {}
                }
            }
        }
        false
    }

    /// `value in (a, b, c)`: true if one of them is the same object or equal. The elements are evaluated first, then compared
    /// one by one. Goes to one of two blocks; false if the container cannot be compiled.
    pub(in crate::check) fn membership(
        &mut self,
        value: Arg,
        container: &Expr,
        found: FlowId,
        missing: FlowId,
    ) -> bool {
        let elements = match container {
            Expr::Tuple(display) => &display.elts,
            Expr::List(display) => &display.elts,
            Expr::Set(display) => &display.elts,
            Expr::Call(call) if self.is_range(call) => return self.within_range(value, call, found, missing),
            _ => {
                self.check_bound(value, span(container));
                let container_value = self.expression(container);
                let is = self.op("in.", vec![container_value, value], span(container));
                self.finish(End::Branch(is, found, missing));
                return true;
            }
        };
        if elements.iter().any(|element| matches!(element, Expr::Starred(_))) {
            self.refuse_expression(container);
            return false;
        }
        self.check_bound(value, span(container));
        let mut evaluated = Vec::with_capacity(elements.len());
        for element in elements {
            let place = span(element);
            let arg = self.expression(element);
            self.check_bound(arg, place);
            evaluated.push((arg, place));
        }
        for (element, place) in evaluated {
            // An object is equal to itself even if it is NaN; a literal is no other object than itself.
            let is_literal = |arg: Arg| matches!(arg, Arg::Constant(constant) if !is_nan(constant));
            let name = if is_literal(element) || is_literal(value) { "==" } else { "same." };
            let same = self.op(name, vec![element, value], place);
            let same = self.op("truth.", vec![same], place);
            let next = self.block();
            self.finish(End::Branch(same, found, next));
            self.enter(next);
        }
        self.finish(End::Jump(missing));
        true
    }

    /// `value in range(...)`: an int, or a float that is a whole number, between the ends and on a step.
    fn within_range(&mut self, value: Arg, range: &ast::ExprCall, found: FlowId, missing: FlowId) -> bool {
        let place = span(range);
        self.check_bound(value, place);
        let Some([first, stop, step]) = self.range_of(range) else { return false };
        let [first, stop, step] = [first, stop, step].map(|end| self.op("index.", vec![end], place));
        let step = self.op("step.", vec![step], place);
        let is = self.op("range.in.", vec![value, first, stop, step], place);
        self.finish(End::Branch(is, found, missing));
        true
    }

    /// Leaves here if a name has no value, since what follows may not read it.
    pub(in crate::check) fn check_bound(&mut self, arg: Arg, place: Span) {
        if let Arg::Var(variable) = arg
            && self.flow.variables[variable.0 as usize].in_frame
        {
            let read = self.temporary();
            self.step(read, StepKind::Copy(arg), place);
        }
    }
}

fn singleton(arg: Arg) -> Option<&'static str> {
    match arg {
        Arg::Constant(Constant::None) => Some("is.None."),
        Arg::Constant(Constant::Bool(true)) => Some("is.True."),
        Arg::Constant(Constant::Bool(false)) => Some("is.False."),
        Arg::Constant(Constant::Int(_) | Constant::Float(_) | Constant::Nat(_) | Constant::Complex(..))
        | Arg::Var(_) => None,
    }
}

const fn is_nan(constant: Constant) -> bool {
    match constant {
        Constant::Float(value) => value.is_nan(),
        Constant::Complex(real, imag) => real.is_nan() || imag.is_nan(),
        Constant::None | Constant::Bool(_) | Constant::Int(_) | Constant::Nat(_) => false,
    }
}

//! Expressions and assignments to steps: the part of [`super::bind`] below statements.

use rustpython_parser::ast::bigint::BigInt;
use rustpython_parser::ast::{self, BoolOp, CmpOp, Expr, Operator, UnaryOp};

use super::bind::{Binder, fold};
use super::flow::{Arg, End, FlowId, StepKind, VarId};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Constant;
use crate::source::Span;
use crate::syntax::span;

impl Binder<'_> {
    /// Evaluates an expression; what it gives stands until the statement ends.
    pub(super) fn expression(&mut self, expression: &Expr) -> Arg {
        let place = span(expression);
        if let Some(value) = fold::int(expression) {
            return self.constant_int(&value, place);
        }
        match expression {
            Expr::Constant(constant) => self.constant(&constant.value, place),
            Expr::Name(name) => self.name(name.id.as_str(), place),
            Expr::BinOp(inner) => {
                let left = self.expression(&inner.left);
                if inner.op == Operator::Mod && is_beyond_mask(&inner.right) {
                    return self.op("%64.", vec![left], place);
                }
                let right = self.expression(&inner.right);
                self.op(binary(inner.op, right), vec![left, right], place)
            }
            Expr::UnaryOp(inner) => self.unary(inner, place),
            Expr::BoolOp(inner) => self.and_or(inner, place),
            Expr::Compare(inner) => self.comparison(inner, place),
            Expr::IfExp(inner) => {
                let (then_block, else_block, after) = (self.block(), self.block(), self.block());
                let target = self.temporary();
                self.condition(&inner.test, then_block, else_block);
                for (block, value) in [(then_block, &inner.body), (else_block, &inner.orelse)] {
                    self.enter(block);
                    let value = self.function_or_value(value, false);
                    self.step(target, StepKind::Copy(value), place);
                    self.finish(End::Jump(after));
                }
                self.enter(after);
                Arg::Var(target)
            }
            Expr::Call(call) => self.call(call),
            Expr::Attribute(attribute) => self.attribute(attribute),
            Expr::NamedExpr(inner) => self.named(inner),
            Expr::Tuple(tuple) if !tuple.elts.iter().any(|part| matches!(part, Expr::Starred(_))) => {
                let parts = tuple.elts.iter().map(|part| self.expression(part)).collect();
                self.tuple(parts, place)
            }
            Expr::Subscript(inner) => self.subscript(inner, place),
            other => self.refuse_expression(other),
        }
    }

    pub(super) fn tuple(&mut self, parts: Vec<Arg>, place: Span) -> Arg {
        let target = self.temporary();
        self.step(target, StepKind::Tuple(parts), place);
        Arg::Var(target)
    }

    pub(super) fn op(&mut self, name: &'static str, args: Vec<Arg>, place: Span) -> Arg {
        let target = self.temporary();
        self.step(target, StepKind::Op(name, args), place);
        Arg::Var(target)
    }

    pub(super) fn constant(&mut self, constant: &ast::Constant, place: Span) -> Arg {
        match constant {
            ast::Constant::None => Arg::Constant(Constant::None),
            ast::Constant::Bool(value) => Arg::Constant(Constant::Bool(*value)),
            ast::Constant::Float(value) => Arg::Constant(Constant::Float(*value)),
            ast::Constant::Int(value) => self.constant_int(value, place),
            ast::Constant::Str(_) => self.refuse_as(Code::String, place),
            ast::Constant::Bytes(_) => self.refuse_as(Code::Bytes, place),
            ast::Constant::Complex { real, imag } => Arg::Constant(Constant::Complex(*real, *imag)),
            ast::Constant::Tuple(parts) => {
                let parts = parts.iter().map(|part| self.constant(part, place)).collect();
                self.tuple(parts, place)
            }
            ast::Constant::Ellipsis => self.refuse_as(Code::Ellipsis, place),
        }
    }

    /// An int that the source gives.
    pub(super) fn constant_int(&mut self, value: &BigInt, place: Span) -> Arg {
        if let Ok(value) = i64::try_from(value) {
            return Arg::Constant(Constant::Int(value));
        }
        if let Ok(value) = u64::try_from(value) {
            return Arg::Constant(Constant::Nat(value));
        }
        let message = "this int does not fit 64 bits: the statement runs in the interpreter";
        let diagnostic = Diagnostic::new(Code::Literal, message, place, "over 64 bits");
        self.diagnostics.push(diagnostic.help("compiled code holds ints of -2**63 to 2**64 - 1"));
        // No row has this name: the statement always leaves.
        self.op("literal.", Vec::new(), place)
    }

    fn name(&mut self, name: &str, place: Span) -> Arg {
        if let Some(variable) = self.local(name) {
            self.flow.reads.push((variable, place));
            let Some(shadow) = self.shadow(variable) else {
                // A call behind it must not be made if it has no value.
                if self.has_calls() {
                    self.check_bound(Arg::Var(variable), place);
                }
                return Arg::Var(variable);
            };
            // What it holds now, whatever is written later in the statement.
            self.flow.reads.push((shadow, place));
            let value = self.temporary();
            self.step(value, StepKind::Copy(Arg::Var(shadow)), place);
            return Arg::Var(value);
        }
        self.outside(name, place)
    }

    fn unary(&mut self, inner: &ast::ExprUnaryOp, place: Span) -> Arg {
        if inner.op == UnaryOp::Not {
            let value = self.expression(&inner.operand);
            let truth = self.op("truth.", vec![value], span(&*inner.operand));
            return self.op("not", vec![truth], place);
        }
        if let (UnaryOp::USub, Expr::Constant(constant)) = (inner.op, &*inner.operand)
            && let ast::Constant::Float(value) = &constant.value
        {
            return Arg::Constant(Constant::Float(-*value));
        }
        let value = self.expression(&inner.operand);
        let name = match inner.op {
            UnaryOp::Invert => "~",
            UnaryOp::UAdd => "+",
            UnaryOp::USub | UnaryOp::Not => "-",
        };
        self.op(name, vec![value], place)
    }

    /// `and` and `or` as values: the operand that decides.
    fn and_or(&mut self, inner: &ast::ExprBoolOp, place: Span) -> Arg {
        let target = self.temporary();
        let after = self.block();
        let last = inner.values.len().saturating_sub(1);
        for (at, operand) in inner.values.iter().enumerate() {
            let value = self.expression(operand);
            self.step(target, StepKind::Copy(value), place);
            if at < last {
                let truth = self.op("truth.", vec![Arg::Var(target)], span(operand));
                let next = self.block();
                let (then_block, else_block) = match inner.op {
                    BoolOp::And => (next, after),
                    BoolOp::Or => (after, next),
                };
                self.finish(End::Branch(truth, then_block, else_block));
                self.enter(next);
            }
        }
        self.finish(End::Jump(after));
        self.enter(after);
        Arg::Var(target)
    }

    /// A comparison as a value; a chain evaluates each operand once and stops at the first that is false.
    fn comparison(&mut self, inner: &ast::ExprCompare, place: Span) -> Arg {
        let target = self.temporary();
        let after = self.block();
        let mut left = self.first_compared(inner);
        let last = inner.ops.len().saturating_sub(1);
        for (at, (&operator, [before, operand])) in inner.ops.iter().zip(sides(inner)).enumerate() {
            if let Some(ends) = self.ends_of_membership(operator, at == last, place) {
                let (holds, fails) = (self.block(), self.block());
                let (found, missing) = if ends { (holds, fails) } else { (fails, holds) };
                if self.membership(left, operand, found, missing) {
                    for (block, value) in [(holds, true), (fails, false)] {
                        self.enter(block);
                        self.step(target, StepKind::Copy(Arg::Constant(Constant::Bool(value))), place);
                        self.finish(End::Jump(after));
                    }
                    self.enter(after);
                    return Arg::Var(target);
                }
                continue;
            }
            let right = self.compared(operator, operand, before);
            let result = self.compare(operator, left, right, place);
            self.step(target, StepKind::Copy(result), place);
            if at < last {
                let next = self.block();
                let truth = self.op("truth.", vec![Arg::Var(target)], place);
                self.finish(End::Branch(truth, next, after));
                self.enter(next);
            }
            left = right;
        }
        self.finish(End::Jump(after));
        self.enter(after);
        Arg::Var(target)
    }

    /// The first operand of a comparison.
    fn first_compared(&mut self, inner: &ast::ExprCompare) -> Arg {
        match (inner.ops.first(), inner.comparators.first()) {
            (Some(&operator), Some(beside)) => self.compared(operator, &inner.left, beside),
            (_, _) => self.expression(&inner.left),
        }
    }

    fn compare(&mut self, operator: CmpOp, left: Arg, right: Arg, place: Span) -> Arg {
        let name = match operator {
            CmpOp::Eq => "==",
            CmpOp::NotEq => "!=",
            CmpOp::Lt => "<",
            CmpOp::LtE => "<=",
            CmpOp::Gt => ">",
            CmpOp::GtE => ">=",
            CmpOp::Is | CmpOp::IsNot => return self.identity(operator, left, right, place),
            CmpOp::In | CmpOp::NotIn => return left,
        };
        self.op(name, vec![left, right], place)
    }

    /// For `in` and `not in`: whether an element that is found makes it true. In the middle of a chain they are refused, since
    /// the container is compared with what follows.
    fn ends_of_membership(&mut self, operator: CmpOp, is_last: bool, place: Span) -> Option<bool> {
        let ends = match operator {
            CmpOp::In => true,
            CmpOp::NotIn => false,
            _ => return None,
        };
        if !is_last {
            self.refuse_as(Code::Membership, place);
        }
        Some(ends)
    }

    /// Evaluates an expression for its truth and goes to one of two blocks.
    pub(super) fn condition(&mut self, expression: &Expr, then_block: FlowId, else_block: FlowId) {
        match expression {
            Expr::BoolOp(inner) => {
                let last = inner.values.len().saturating_sub(1);
                for (at, operand) in inner.values.iter().enumerate() {
                    if at == last {
                        self.condition(operand, then_block, else_block);
                        return;
                    }
                    let next = self.block();
                    match inner.op {
                        BoolOp::And => self.condition(operand, next, else_block),
                        BoolOp::Or => self.condition(operand, then_block, next),
                    }
                    self.enter(next);
                }
            }
            Expr::UnaryOp(ast::ExprUnaryOp { op: UnaryOp::Not, operand, .. }) => {
                self.condition(operand, else_block, then_block);
            }
            Expr::Compare(inner) => {
                let mut left = self.first_compared(inner);
                let last = inner.ops.len().saturating_sub(1);
                for (at, (&operator, [before, operand])) in inner.ops.iter().zip(sides(inner)).enumerate() {
                    if let Some(ends) = self.ends_of_membership(operator, at == last, span(expression)) {
                        let (found, missing) = if ends { (then_block, else_block) } else { (else_block, then_block) };
                        self.membership(left, operand, found, missing);
                        return;
                    }
                    let right = self.compared(operator, operand, before);
                    let result = self.compare(operator, left, right, span(expression));
                    let next = if at == last { then_block } else { self.block() };
                    let truth = self.op("truth.", vec![result], span(expression));
                    self.finish(End::Branch(truth, next, else_block));
                    self.enter(next);
                    left = right;
                }
            }
            _ => {
                let value = self.expression(expression);
                match value {
                    Arg::Constant(constant) => {
                        let truth = truth_of(constant);
                        self.finish(End::Jump(if truth { then_block } else { else_block }));
                    }
                    Arg::Var(_) => {
                        let truth = self.op("truth.", vec![value], span(expression));
                        self.finish(End::Branch(truth, then_block, else_block));
                    }
                }
            }
        }
    }

    /// `targets = value`, any number of targets, each a name or names in parentheses.
    pub(super) fn assign(&mut self, targets: &[Expr], value: &Expr) {
        targets.iter().for_each(|target| self.check_target(target));
        let unpacks = targets.iter().any(|target| !matches!(target, Expr::Name(_) | Expr::Subscript(_)))
            || targets.len() > 1 && targets.iter().any(|target| matches!(target, Expr::Subscript(_)));
        if !unpacks {
            let evaluated = self.function_or_value(value, true);
            if let [Expr::Subscript(target)] = targets {
                let write = self.element_write(target, evaluated);
                self.close_shadows(span(value));
                self.finish_writes(vec![write]);
                return;
            }
            self.close_shadows(span(value));
            let value = evaluated;
            for target in targets {
                self.write(target, value);
            }
            return;
        }
        // Every part is evaluated before the first name or element is written.
        let mut writes = Vec::new();
        let mut parts = Parts::of(self, value);
        for target in targets {
            self.unpack(target, &mut parts, &mut writes);
        }
        self.close_shadows(span(value));
        self.finish_writes(writes);
    }

    /// Writes what a statement assigns; nothing here can leave.
    pub(super) fn finish_writes(&mut self, writes: Vec<Write>) {
        for write in writes {
            match write {
                Write::Name(variable, value, place) => self.step(variable, StepKind::Copy(value), place),
                Write::Element(element) => {
                    let parts = vec![element.array, element.place, element.value];
                    self.op("store.", parts, element.span);
                }
            }
        }
    }

    pub(super) fn augmented(&mut self, assign: &ast::StmtAugAssign) {
        if let Expr::Subscript(target) = &*assign.target {
            let (array, place) = self.place_of(target);
            let left = self.pinned(span(target));
            self.step(left, StepKind::Op("load.", vec![array, place]), span(target));
            let left = Arg::Var(left);
            let right = self.expression(&assign.value);
            let value = self.op(binary(assign.op, right), vec![left, right], span(assign));
            let write = self.converted_write(target, (array, place), value);
            self.close_shadows(span(assign));
            self.finish_writes(vec![Write::Element(write)]);
            return;
        }
        let Expr::Name(target) = &*assign.target else {
            self.check_target(&assign.target);
            self.expression(&assign.value);
            self.close_shadows(span(assign));
            return;
        };
        let left = self.name(target.id.as_str(), span(&*assign.target));
        if assign.op == Operator::Mod && is_beyond_mask(&assign.value) {
            let value = self.op("%64.", vec![left], span(assign));
            self.write(&assign.target, value);
            return;
        }
        let right = self.expression(&assign.value);
        let value = self.op(binary(assign.op, right), vec![left, right], span(assign));
        self.close_shadows(span(assign));
        self.write(&assign.target, value);
    }

    fn write(&mut self, target: &Expr, value: Arg) {
        if let Expr::Name(name) = target
            && let Some(variable) = self.local(name.id.as_str())
        {
            self.step(variable, StepKind::Copy(value), span(target));
        }
    }

    /// Pairs the names and elements of a target with the parts of a value.
    pub(super) fn unpack(&mut self, target: &Expr, parts: &mut Parts, writes: &mut Vec<Write>) {
        let targets = match target {
            Expr::Tuple(tuple) => &tuple.elts,
            Expr::List(list) => &list.elts,
            Expr::Name(name) => {
                if let Some(variable) = self.local(name.id.as_str()) {
                    let value = self.whole(parts);
                    writes.push(Write::Name(variable, value, span(target)));
                }
                return;
            }
            Expr::Subscript(inner) => {
                let value = self.whole(parts);
                if !writes.is_empty() && !self.is_settled(inner, writes) {
                    let message = "this target reads what the statement has written before it";
                    let diagnostic = Diagnostic::new(Code::Target, message, span(target), "not supported");
                    self.diagnostics.push(diagnostic.help("write one statement for each element"));
                    return;
                }
                let write = self.element_write(inner, value);
                writes.push(write);
                return;
            }
            _ => return,
        };
        if let Some(star) = targets.iter().position(|target| matches!(target, Expr::Starred(_))) {
            return self.unpack_around(targets, star, parts, writes, span(target));
        }
        match parts {
            Parts::Many { values, .. } if values.len() == targets.len() => {
                for (target, value) in targets.iter().zip(values) {
                    self.unpack(target, value, writes);
                }
            }
            Parts::Many { values, .. } => {
                self.refuse_unpacking(None, targets.len(), values.len(), span(target));
            }
            Parts::One(value) => {
                let place = span(target);
                let count = Arg::Constant(Constant::Int(targets.len() as i64));
                let whole = *value;
                if targets.is_empty() {
                    self.op("unpack.", vec![whole, count, count], place);
                }
                for (at, target) in targets.iter().enumerate() {
                    let at = Arg::Constant(Constant::Int(at as i64));
                    let part = self.op("unpack.", vec![whole, count, at], place);
                    self.unpack(target, &mut Parts::One(part), writes);
                }
            }
        }
    }

    /// The same with a starred name, which takes what nobody reads.
    fn unpack_around(
        &mut self,
        targets: &[Expr],
        star: usize,
        parts: &mut Parts,
        writes: &mut Vec<Write>,
        place: Span,
    ) {
        let least = targets.len() - 1;
        let others = targets.iter().enumerate().filter(|&(at, _)| at != star);
        match parts {
            Parts::Many { values, .. } if values.len() >= least => {
                let more = values.len() - least;
                for (at, target) in others {
                    let at = if at < star { at } else { at - 1 + more };
                    self.unpack(target, &mut values[at], writes);
                }
            }
            Parts::Many { values, .. } => {
                self.refuse_unpacking(Some(least), targets.len(), values.len(), place);
            }
            Parts::One(value) => {
                let (whole, count) = (*value, Arg::Constant(Constant::Int(least as i64)));
                if least == 0 {
                    self.op("unpack.star.", vec![whole, count, count], place);
                }
                for (at, target) in others {
                    let at = if at < star { at as i64 } else { at as i64 - targets.len() as i64 };
                    let part = self.op("unpack.star.", vec![whole, count, Arg::Constant(Constant::Int(at))], place);
                    self.unpack(target, &mut Parts::One(part), writes);
                }
            }
        }
    }

    /// The value itself, where it is not taken apart.
    fn whole(&mut self, parts: &Parts) -> Arg {
        match parts {
            Parts::One(value) => *value,
            Parts::Many { place, is_list: true, .. } => self.refuse_as(Code::List, *place),
            Parts::Many { values, place, is_list: false } => {
                let values = values.iter().map(|part| self.whole(part)).collect();
                self.tuple(values, *place)
            }
        }
    }

    /// Refuses targets that are neither names nor names in parentheses.
    pub(super) fn check_target(&mut self, target: &Expr) {
        if self.is_unread_star(target) {
            return;
        }
        match target {
            Expr::Name(_) | Expr::Subscript(_) => {}
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|target| self.check_target(target)),
            Expr::List(list) => list.elts.iter().for_each(|target| self.check_target(target)),
            other => self.refuse_target(other),
        }
    }
}

/// The two operands of each operator of a comparison.
fn sides(inner: &ast::ExprCompare) -> impl Iterator<Item = [&Expr; 2]> {
    let before = std::iter::once(&*inner.left).chain(&inner.comparators);
    before.zip(&inner.comparators).map(|(before, operand)| [before, operand])
}

/// What a statement writes when everything is evaluated.
pub(super) enum Write {
    Name(VarId, Arg, Span),
    Element(Element),
}

/// An element that is written: nothing about it can fail any more.
pub(super) struct Element {
    pub(super) array: Arg,
    pub(super) place: Arg,
    pub(super) value: Arg,
    pub(super) span: Span,
}

/// A value to be unpacked: evaluated, in the shape in which it is written.
pub(super) enum Parts {
    One(Arg),
    Many { values: Vec<Parts>, place: Span, is_list: bool },
}

impl Parts {
    fn of(binder: &mut Binder<'_>, value: &Expr) -> Self {
        let (elements, is_list) = match value {
            Expr::Tuple(tuple) if !tuple.elts.iter().any(|part| matches!(part, Expr::Starred(_))) => {
                (&tuple.elts, false)
            }
            Expr::List(list) => (&list.elts, true),
            _ => {
                let place = span(value);
                let evaluated = binder.expression(value);
                // A name may be among those that are written: its value is kept.
                let kept = match evaluated {
                    Arg::Var(_) => {
                        let target = binder.temporary();
                        binder.step(target, StepKind::Copy(evaluated), place);
                        Arg::Var(target)
                    }
                    Arg::Constant(_) => evaluated,
                };
                return Self::One(kept);
            }
        };
        let values = elements.iter().map(|element| Self::of(binder, element)).collect();
        Self::Many { values, place: span(value), is_list }
    }
}

/// The literal 2**64, by which a remainder is the low 64 bits.
fn is_beyond_mask(expression: &Expr) -> bool {
    fold::int(expression).is_some_and(|value| value == BigInt::from(u64::MAX) + 1)
}

/// The rows of a binary operator. A power with a negative literal is a float whatever the base.
fn binary(operator: Operator, right: Arg) -> &'static str {
    match operator {
        Operator::Add => "+",
        Operator::Sub => "-",
        Operator::Mult => "*",
        Operator::Div => "/",
        Operator::FloorDiv => "//",
        Operator::Mod => "%",
        Operator::Pow if matches!(right, Arg::Constant(Constant::Int(exponent)) if exponent < 0) => "**-",
        Operator::Pow => "**",
        Operator::LShift => "<<",
        Operator::RShift => ">>",
        Operator::BitAnd => "&",
        Operator::BitOr => "|",
        Operator::BitXor => "^",
        // No row has this name: numbers have no such operator, and Python says so.
        Operator::MatMult => "@",
    }
}

fn truth_of(constant: Constant) -> bool {
    match constant {
        Constant::None => false,
        Constant::Bool(value) => value,
        Constant::Int(value) => value != 0,
        Constant::Float(value) => value != 0.0,
        Constant::Nat(value) => value != 0,
        Constant::Complex(real, imag) => real != 0.0 || imag != 0.0,
    }
}

//! Brackets: elements and parts of arrays and tuples, read and written. A part of [`super::bind`] like [`super::expression`].

use rustpython_parser::ast::{self, Expr};

use super::bind::Binder;
use super::expression::{Element, Write};
use super::flow::{Arg, Item, StepKind};
use crate::ir::Constant;
use crate::source::Span;
use crate::syntax::span;

const NONE: Arg = Arg::Constant(Constant::None);

impl Binder<'_> {
    /// `value[...]`.
    pub(super) fn subscript(&mut self, inner: &ast::ExprSubscript, place: Span) -> Arg {
        let value = self.expression(&inner.value);
        let items = self.items(&inner.slice);
        if let [Item::At(index)] = items.as_slice() {
            let target = self.pinned(place);
            self.step(target, StepKind::Op("[]", vec![value, *index]), place);
            return Arg::Var(target);
        }
        let target = self.pinned(place);
        self.step(target, StepKind::Item(value, items), place);
        Arg::Var(target)
    }

    /// What stands in the brackets, evaluated from left to right.
    fn items(&mut self, slice: &Expr) -> Vec<Item> {
        match slice {
            Expr::Tuple(tuple) if !tuple.elts.iter().any(|part| matches!(part, Expr::Starred(_))) => {
                let mut items: Vec<_> = tuple.elts.iter().map(|part| self.one_item(part)).collect();
                // A comma makes a tuple of a single one, too: of an array `a[t,]` is not `a[t]`, and of a tuple there is no `t[i,]`.
                match items.as_slice() {
                    &[Item::At(index)] => vec![Item::At(self.tuple(vec![index], span(slice)))],
                    [Item::Slice(_)] => {
                        items.push(Item::Ellipsis);
                        items
                    }
                    _ => items,
                }
            }
            other => vec![self.one_item(other)],
        }
    }

    fn one_item(&mut self, part: &Expr) -> Item {
        match part {
            Expr::Slice(slice) => {
                let bounds = [&slice.lower, &slice.upper, &slice.step];
                Item::Slice(bounds.map(|bound| bound.as_deref().map_or(NONE, |bound| self.expression(bound))))
            }
            Expr::Constant(constant) if constant.value == ast::Constant::Ellipsis => Item::Ellipsis,
            other => match self.expression(other) {
                Arg::Constant(Constant::None) => Item::NewAxis,
                index => Item::At(index),
            },
        }
    }

    /// The array and the place of an element that is written: within the array, which can be written.
    pub(super) fn place_of(&mut self, target: &ast::ExprSubscript) -> (Arg, Arg) {
        let array = self.expression(&target.value);
        let items = self.items(&target.slice);
        let place = self.temporary();
        self.step(place, StepKind::Place(array, items), span(target));
        (array, Arg::Var(place))
    }

    /// `target = value`, up to the writing itself.
    pub(super) fn element_write(&mut self, target: &ast::ExprSubscript, value: Arg) -> Write {
        let place = self.place_of(target);
        Write::Element(self.converted_write(target, place, value))
    }

    pub(super) fn converted_write(&mut self, target: &ast::ExprSubscript, place: (Arg, Arg), value: Arg) -> Element {
        let (array, place) = place;
        let value = self.op("into.", vec![array, value], span(target));
        Element { array, place, value, span: span(target) }
    }

    /// True if a target of a statement means the same whether or not `writes` have been done: it reads no elements, and no names
    /// that are among them.
    pub(super) fn is_settled(&self, target: &ast::ExprSubscript, writes: &[Write]) -> bool {
        let written = |name: &str| {
            let variable = self.local(name);
            let same = |write: &Write| matches!(write, Write::Name(one, ..) if Some(*one) == variable);
            variable.is_some() && writes.iter().any(same)
        };
        fn reads_names(expression: &Expr, written: &dyn Fn(&str) -> bool) -> bool {
            match expression {
                Expr::Name(name) => !written(name.id.as_str()),
                Expr::Constant(_) => true,
                Expr::BinOp(inner) => reads_names(&inner.left, written) && reads_names(&inner.right, written),
                Expr::UnaryOp(inner) => reads_names(&inner.operand, written),
                Expr::Tuple(inner) => inner.elts.iter().all(|part| reads_names(part, written)),
                _ => false,
            }
        }
        reads_names(&target.value, &written) && reads_names(&target.slice, &written)
    }
}

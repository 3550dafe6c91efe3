//! `a.transpose(1, 0)`, `np.swapaxes(a, 0, 1)`: views of an array with its dimensions in another order.
//!
//! Enters: the call. Leaves: an operation on the array and the axes, which are written out, so that the types tell how the elements lie.

use rustpython_parser::ast::{self, Expr};

use super::array;
use super::bind::{Binder, fold};
use super::flow::Arg;
use crate::diagnostic::Code;
use crate::ir::Constant;
use crate::syntax::span;
use crate::types::{ArrayType, Layout};

/// The methods of arrays that put dimensions in another order; NumPy has functions of the same names.
pub const METHODS: [&str; 2] = [".transpose", ".swapaxes"];

/// The method that a function of NumPy is.
#[must_use]
pub fn method(function: &str) -> Option<&'static str> {
    match function {
        "np.transpose" => Some(".transpose"),
        "np.swapaxes" => Some(".swapaxes"),
        _ => None,
    }
}

impl Binder<'_> {
    /// A call of such a method, or of the function of that name.
    pub(super) fn turned(&mut self, method: &'static str, receiver: Option<&Expr>, call: &ast::ExprCall) -> Arg {
        let place = span(call);
        if let Some(keyword) = call.keywords.first() {
            return self.refuse_keyword(keyword, method, "leave the name out");
        }
        let (array, axes) = match (receiver, call.args.split_first()) {
            (Some(receiver), _) => (receiver, call.args.as_slice()),
            (None, Some((array, axes))) => (array, axes),
            (None, None) => return self.leaving("call.", Vec::new(), place),
        };
        if let Some(starred) = call.args.iter().find(|one| matches!(one, Expr::Starred(_))) {
            return self.refuse_as(Code::StarredArgument, span(starred));
        }
        let array = self.expression(array);
        let axes = match (method, axes) {
            (".transpose", [] | [Expr::Constant(ast::ExprConstant { value: ast::Constant::None, .. })]) => {
                return self.op(".T", vec![array], place);
            }
            (".transpose", [Expr::Tuple(ast::ExprTuple { elts, .. }) | Expr::List(ast::ExprList { elts, .. })]) => elts,
            (_, axes) => axes,
        };
        let mut operands = vec![array];
        for axis in axes {
            let Some(axis) = fold::int(axis).and_then(|axis| i64::try_from(axis).ok()) else {
                let what = format!("`{}` as an axis of an array", self.file.slice(span(axis)));
                let help = "write the axes out, as in `a.transpose(1, 0)`";
                return self.refuse_with(Code::ArrayArgument, span(axis), &what, "known at run time only", help);
            };
            operands.push(Arg::Constant(Constant::Int(axis)));
        }
        self.op(method, operands, place)
    }
}

/// Which dimension of an array comes to stand where; `None` where NumPy raises.
#[must_use]
pub fn order(method: &str, ndim: usize, axes: &[Constant]) -> Option<Vec<usize>> {
    let place = |axis: &Constant| match axis {
        Constant::Int(axis) if *axis < 0 => usize::try_from(axis + ndim as i64).ok(),
        Constant::Int(axis) => usize::try_from(*axis).ok().filter(|&axis| axis < ndim),
        _ => None,
    };
    let axes = axes.iter().map(place).collect::<Option<Vec<_>>>()?;
    match (method, axes.as_slice()) {
        (".transpose", all) => {
            let is_there = |axis: usize| all.contains(&axis);
            (all.len() == ndim && (0..ndim).all(is_there)).then(|| all.to_vec())
        }
        (".swapaxes", &[one, other]) => {
            let mut all = (0..ndim).collect::<Vec<_>>();
            all.swap(one, other);
            Some(all)
        }
        _ => None,
    }
}

/// The type of a view with the dimensions in this order.
#[must_use]
pub fn viewed(array: ArrayType, order: &[usize]) -> ArrayType {
    if order.is_sorted() {
        return ArrayType { view: true, ..array };
    }
    match order.is_sorted_by_key(|&axis| std::cmp::Reverse(axis)) {
        true => array::transposed(array),
        false => ArrayType { layout: Layout::Strided, view: true, ..array },
    }
}

//! Faults in what arrays are taken apart into, and in scalars of NumPy.

use super::{each_op, each_statement, row};
use crate::ir::{Constant, Function, Operand, Value};
use crate::types::Type::{self, Int};

const ZERO: Operand = Operand::Constant(Constant::Int(0));

/// Elements are written nowhere.
pub(super) fn store_dropped(function: &mut Function) {
    each_statement(function, |_, mut statement| {
        if let Value::Op { op, .. } = &statement.value
            && op.row().recipe.has_effect()
        {
            statement.value = Value::Convert(Operand::Constant(Constant::None));
        }
        vec![statement]
    });
}

/// What a row asks of the second dimension it asks of the first.
pub(super) fn of_first_dimension(function: &mut Function, name: &str) {
    each_op(function, name, |_, _, _, args, _| {
        if args[1] == Operand::Constant(Constant::Int(1)) {
            args[1] = ZERO;
        }
    });
}

/// Indices are taken as they are.
pub(super) fn bounds_unchecked(function: &mut Function) {
    let Some(plus) = row("plus.", &[Int, Int]) else { return };
    each_op(function, "at.", |_, _, op, args, exit| {
        (*op, args[1], *exit) = (plus, ZERO, None);
    });
}

/// The place of an element or a view is that of the first.
pub(super) fn stays(function: &mut Function, name: &str) {
    each_op(function, name, |_, _, _, args, _| args[1] = ZERO);
}

/// Python's ints that become elements wrap.
pub(super) fn stored_int_wraps(function: &mut Function) {
    each_statement(function, |_, mut statement| {
        if let Value::Op { op, exit, .. } = &mut statement.value
            && let Some(dtype) = op.row().name.strip_prefix("into.")
            && op.row().params == [Int]
            && let Some(cast) = row(&format!("as.{dtype}"), &[Int])
        {
            (*op, *exit) = (cast, None);
        }
        vec![statement]
    });
}

/// An operation on scalars of NumPy is another one of the same types.
pub(super) fn scalars_renamed(function: &mut Function, from: &str, to: &str) {
    each_op(function, from, |_, _, op, _, exit| {
        if let [Type::Scalar(_), ..] = op.row().params
            && let Some(other) = row(to, op.row().params)
            && other.row().result == op.row().result
            && exit.is_none()
            && !other.row().leaves()
        {
            *op = other;
        }
    });
}

//! Faults in what arrays are taken apart into.

use super::{each_op, each_statement};
use crate::ir::{Constant, Function, Operand, Value};

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

/// Every element is the first one.
pub(super) fn element_is_first(function: &mut Function) {
    each_op(function, "element.", |_, _, _, args, _| args[1] = Operand::Constant(Constant::Int(0)));
}

/// What a row asks of the second dimension it asks of the first.
pub(super) fn of_first_dimension(function: &mut Function, name: &str) {
    each_op(function, name, |_, _, _, args, _| {
        if args[1] == Operand::Constant(Constant::Int(1)) {
            args[1] = Operand::Constant(Constant::Int(0));
        }
    });
}

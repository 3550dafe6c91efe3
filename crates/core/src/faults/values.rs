//! Faults in what ints of several widths, complex numbers, tuples and names written inside an expression mean.

use super::{converting, each_op, each_statement, operation, row};
use crate::ir::verify::verify;
use crate::ir::{Constant, Function, LocalId, Operand, Statement, Terminator, Tree, Value};
use crate::types::Type::{Float, Int, Low, Nat};

/// `& 0xff` becomes `& 0x7f`.
pub(super) fn mask_loses_top_bit(function: &mut Function) {
    each_op(function, "&", |_, _, _, args, _| {
        for arg in args {
            match arg {
                Operand::Constant(Constant::Int(mask)) if *mask > 0 => *mask >>= 1,
                Operand::Constant(Constant::Nat(mask)) => *mask >>= 1,
                Operand::Constant(_) | Operand::Local(_) => {}
            }
        }
    });
}

/// A product of ints is taken modulo 2**64.
pub(super) fn product_wraps(function: &mut Function) {
    let rows = (row("*", &[Low, Low]), row("&", &[Low, Nat]), row("fit.", &[Nat]));
    let (Some(times), Some(mask), Some(fit)) = rows else { return };
    each_op(function, "*", |function, made, op, args, _| {
        if op.row().params == [Int, Int] {
            let low = args.iter().map(|&arg| super::convert(function, made, arg, Low)).collect();
            let product = operation(function, made, times, low);
            let bits = vec![product, Operand::Constant(Constant::Nat(u64::MAX))];
            *args = vec![operation(function, made, mask, bits)];
            *op = fit;
        }
    });
}

/// `in` and comparisons of tuples take equal for the same.
pub(super) fn identity_is_equality(function: &mut Function) {
    let Some(equal) = row("==", &[Float, Float]) else { return };
    each_op(function, "same.", |_, _, op, _, exit| {
        if op.row().params == [Float, Float] {
            (*op, *exit) = (equal, None);
        }
    });
}

/// The first two elements of a returned tuple change places.
pub(super) fn returned_elements_swapped(function: &mut Function) {
    for at in 0..function.blocks.len() {
        let mut changed = function.clone();
        if let Terminator::Return(Tree::Tuple(parts)) = &mut changed.blocks[at].terminator
            && parts.len() > 1
        {
            parts.swap(0, 1);
            // Elements of one type only, or the shape would be another one.
            if verify(&changed).is_ok() {
                *function = changed;
            }
        }
    }
}

fn is_shadow(function: &Function, id: LocalId) -> bool {
    function.local(id).name.ends_with('\'')
}

/// A name written inside an expression is not written back.
pub(super) fn shadow_dropped(function: &mut Function) {
    for at in 0..function.blocks.len() {
        for number in (0..function.blocks[at].statements.len()).rev() {
            let Statement { target, value, .. } = &function.blocks[at].statements[number];
            let back = matches!(value, Value::Convert(Operand::Local(from)) if is_shadow(function, *from));
            if back && !is_shadow(function, *target) {
                let mut without = function.clone();
                without.blocks[at].statements.remove(number);
                if verify(&without).is_ok() {
                    *function = without;
                }
            }
        }
    }
}

/// A name written inside an expression is written before the statement is over, so that an exit finds the new value.
pub(super) fn shadow_written_at_once(function: &mut Function) {
    each_statement(function, |function, statement| {
        let target = function.local(statement.target);
        let name = target.name.strip_suffix('\'').map(str::to_owned);
        let meant = name.and_then(|name| {
            let same = |local: &crate::ir::Local| local.name == name && local.types == target.types;
            function.locals.iter().position(same).and_then(|at| u32::try_from(at).ok())
        });
        match meant {
            Some(at) => {
                let copy = converting(LocalId(at), Operand::Local(statement.target));
                vec![statement, copy]
            }
            None => vec![statement],
        }
    });
}

//! Floats of which the operations that make them tell that they are not negative, so that who divides by one need not ask whether it is zero.
//!
//! Enters: the statements of a block, one after the other. NaN may be among the floats: it is not zero either.

use std::collections::HashMap;

use crate::ir::{Constant, LocalId, Operand, Statement, Value};
use crate::ops::{Element, Recipe};
use crate::types::{Dtype, Type};

/// What is known of a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    NotNegative,
    Positive,
}

/// What is known of the floats that a block has made so far.
#[derive(Debug, Default)]
pub(super) struct Signs(HashMap<LocalId, Sign>);

impl Signs {
    /// Takes note of a statement.
    pub(super) fn see(&mut self, statement: &Statement) {
        match self.made(&statement.value) {
            Some(sign) => self.0.insert(statement.target, sign),
            None => self.0.remove(&statement.target),
        };
    }

    /// True of a division whose divisor is positive.
    pub(super) fn divides_by_positive(&self, statement: &Statement) -> bool {
        let Value::Op { op, args, .. } = &statement.value else { return false };
        op.row().recipe == Recipe::DivFloat && self.of(args[1]) == Some(Sign::Positive)
    }

    fn of(&self, operand: Operand) -> Option<Sign> {
        match operand {
            Operand::Local(local) => self.0.get(&local).copied(),
            Operand::Constant(Constant::Float(value)) if value > 0.0 => Some(Sign::Positive),
            Operand::Constant(Constant::Float(0.0)) => Some(Sign::NotNegative),
            Operand::Constant(_) => None,
        }
    }

    fn made(&self, value: &Value) -> Option<Sign> {
        let (op, args) = match value {
            Value::Convert(operand) => return self.of(*operand),
            Value::Op { op, args, .. } => (op.row(), args),
            Value::Create(_) | Value::Call(_) | Value::Given(_) => return None,
        };
        // Ints that wrap have any sign.
        let is_float = matches!(op.result, Type::Float | Type::Scalar(Dtype::Float32 | Dtype::Float64));
        if !is_float {
            return None;
        }
        let all = || args.iter().map(|&arg| self.of(arg)).collect::<Option<Vec<_>>>();
        match op.recipe {
            Recipe::Same => self.of(args[0]),
            Recipe::Checked("cosh") => Some(Sign::Positive),
            Recipe::Checked("exp" | "exp2") | Recipe::Sqrt | Recipe::AbsFloat => Some(Sign::NotNegative),
            Recipe::Scalar(Element::Call(["exp" | "exp2" | "cosh", _]) | Element::Sqrt) => Some(Sign::NotNegative),
            Recipe::AddFloat | Recipe::Scalar(Element::Add) => all()?.into_iter().max(),
            Recipe::MulFloat | Recipe::Scalar(Element::Mul) if args[0] == args[1] && args[0].local().is_some() => {
                Some(Sign::NotNegative)
            }
            // What is small may become zero.
            Recipe::MulFloat | Recipe::DivFloat | Recipe::Scalar(Element::Mul | Element::Div) => {
                all().map(|_| Sign::NotNegative)
            }
            Recipe::Scalar(Element::Cast) if op.result != Type::Scalar(Dtype::Float32) => self.of(args[0]),
            _ => None,
        }
    }
}

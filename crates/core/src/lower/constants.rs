//! Locals that hold a constant: what a row makes of constants alone, such as `as.float64(2)`, the exponent of an element's power.
//!
//! Recipes look at constants among their operands; through a local's slot they would not see them.

use std::collections::{HashMap, HashSet};

use inkwell::values::BasicValueEnum;

use super::Loaded;
use crate::ir::{Function, LocalId, Operand, Statement, Value};

/// The locals that are written by one statement alone, which computes them from constants and cannot leave, and what has been found
/// of them as yet.
#[derive(Default)]
pub(super) struct Constants<'ctx> {
    of_constants: HashSet<LocalId>,
    known: HashMap<LocalId, Loaded<'ctx>>,
}

impl<'ctx> Constants<'ctx> {
    pub(super) fn new(function: &Function) -> Self {
        let statements = || function.blocks.iter().flat_map(|block| &block.statements);
        let mut of_constants =
            statements().filter(|one| is_of_constants(one)).map(|one| one.target).collect::<HashSet<_>>();
        if !of_constants.is_empty() {
            let mut written = HashSet::new();
            for one in statements().map(|one| one.target) {
                if of_constants.contains(&one) && !written.insert(one) {
                    of_constants.remove(&one);
                }
            }
        }
        of_constants.retain(|id| id.0 >= function.parameters);
        Self { of_constants, known: HashMap::new() }
    }

    /// Takes note of what a local was given.
    pub(super) fn learn(&mut self, id: LocalId, value: Loaded<'ctx>) {
        let is_constant = match value {
            Loaded::Scalar(_, BasicValueEnum::IntValue(value)) => value.is_const(),
            Loaded::Scalar(_, BasicValueEnum::FloatValue(value)) | Loaded::Float(value) => value.is_const(),
            Loaded::Int(value) => value.is_const(),
            Loaded::Unit(_)
            | Loaded::Bool(_)
            | Loaded::Nat(_)
            | Loaded::Low(_)
            | Loaded::Complex(..)
            | Loaded::Scalar(..)
            | Loaded::ScalarComplex(..)
            | Loaded::Object(_)
            | Loaded::Pointer(_)
            | Loaded::Tagged(..) => false,
        };
        if is_constant && self.of_constants.contains(&id) {
            self.known.insert(id, value);
        }
    }

    /// The constant that a local holds.
    pub(super) fn get(&self, id: LocalId) -> Option<Loaded<'ctx>> {
        self.known.get(&id).copied()
    }
}

fn is_of_constants(statement: &Statement) -> bool {
    match &statement.value {
        Value::Op { args, exit: None, .. } => args.iter().all(|arg| matches!(arg, Operand::Constant(_))),
        Value::Op { .. } | Value::Convert(_) | Value::Create(_) | Value::Call(_) | Value::Given(_) => false,
    }
}

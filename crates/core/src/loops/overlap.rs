//! Loops that write to an array of which they read other elements.
//!
//! LLVM makes vectors of such a loop behind a test that what is written and what is read lie apart, which it moves in front of the loop
//! around, for all runs at once, where it can. Of one array that holds for each row but one, and never for all: such tests are to
//! be made for each run. Enters: a function and the blocks of an innermost loop. Needs no LLVM.

use std::collections::HashMap;

use super::statements;
use crate::ir::{BlockId, Function, LocalId, Operand, Statement, Value};
use crate::ops::Recipe;

/// Addresses are followed through so many statements.
const DEPTH: usize = 8;

/// True if the loop writes elements of an array, and reads others of it.
#[must_use]
pub fn overlaps(function: &Function, blocks: &[BlockId]) -> bool {
    let mut made = HashMap::<LocalId, Option<&Statement>>::new();
    for statement in statements(function, blocks) {
        // What is written twice is not followed.
        made.entry(statement.target).and_modify(|one| *one = None).or_insert(Some(statement));
    }
    let of = |recipe: Recipe| {
        let all = statements(function, blocks).filter_map(move |one| match &one.value {
            Value::Op { op, args, .. } if op.row().recipe == recipe => args.first().copied(),
            Value::Op { .. } | Value::Convert(_) | Value::Create(_) | Value::Call(_) | Value::Given(_) => None,
        });
        all.map(|address| (base(&made, address), address)).collect::<Vec<_>>()
    };
    let (read, written) = (of(Recipe::Load), of(Recipe::Store));
    written.iter().any(|&(base, to)| {
        let same = read.iter().filter(|one| base.is_some() && one.0 == base);
        same.into_iter().any(|&(_, from)| !equal(&made, from, to, DEPTH))
    })
}

/// What makes locals.
type Made<'a> = HashMap<LocalId, Option<&'a Statement>>;

/// What an operand is a copy of.
fn source(made: &Made<'_>, mut operand: Operand) -> Operand {
    for _ in 0..DEPTH {
        let statement = operand.local().and_then(|local| made.get(&local).copied().flatten());
        match statement.map(|one| &one.value) {
            Some(&Value::Convert(of)) => operand = of,
            Some(Value::Op { op, args, .. }) if op.row().recipe == Recipe::Same => operand = args[0],
            Some(_) | None => break,
        }
    }
    operand
}

/// Where the array begins that an address is in.
fn base(made: &Made<'_>, address: Operand) -> Option<Operand> {
    let statement = made.get(&source(made, address).local()?).copied().flatten()?;
    match &statement.value {
        Value::Op { op, args, .. } if op.row().recipe == Recipe::Locate => args.first().copied(),
        Value::Op { .. } | Value::Convert(_) | Value::Create(_) | Value::Call(_) | Value::Given(_) => None,
    }
}

/// True if two operands are made in the same way of the same.
fn equal(made: &Made<'_>, one: Operand, other: Operand, depth: usize) -> bool {
    let (one, other) = (source(made, one), source(made, other));
    if one == other {
        return true;
    }
    let of = |operand: Operand| made.get(&operand.local()?).copied().flatten().map(|statement| &statement.value);
    match (of(one), of(other)) {
        (Some(Value::Op { op, args, .. }), Some(Value::Op { op: other, args: others, .. })) if depth > 0 => {
            let mut pairs = args.iter().zip(others);
            op == other && args.len() == others.len() && pairs.all(|(&one, &other)| equal(made, one, other, depth - 1))
        }
        _ => false,
    }
}

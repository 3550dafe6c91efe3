//! Loops that write to an array of which they read other elements.
//!
//! LLVM makes vectors of such a loop behind a test that what is written and what is read lie apart, which it moves in front of the loop
//! around, for all runs at once, where it can. Of one array that holds for each row but one, and never for all: such tests are to
//! be made for each run. Enters: a function and the blocks of an innermost loop. Needs no LLVM.

use std::collections::HashMap;

use super::plan::{Apart, Place};
use super::{Counter, statements};
use crate::ir::{BlockId, Function, LocalId, Operand, Statement, Value};
use crate::ops::{OpId, Recipe};

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
type Makers<'a> = HashMap<LocalId, Option<&'a Statement>>;

/// What an operand is a copy of.
fn source(made: &Makers<'_>, mut operand: Operand) -> Operand {
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
fn base(made: &Makers<'_>, address: Operand) -> Option<Operand> {
    let statement = made.get(&source(made, address).local()?).copied().flatten()?;
    match &statement.value {
        Value::Op { op, args, .. } if op.row().recipe == Recipe::Locate => args.first().copied(),
        Value::Op { .. } | Value::Convert(_) | Value::Create(_) | Value::Call(_) | Value::Given(_) => None,
    }
}

/// True if two operands are made in the same way of the same.
fn equal(made: &Makers<'_>, one: Operand, other: Operand, depth: usize) -> bool {
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

/// Pairs beyond are not compared.
const MOST_PAIRS: usize = 12;

/// The reads and writes whose addresses must not meet, so that no turn reads what another one has written; `None` if they are
/// sure to, or too many. What a turn reads and then writes itself, and no other turn does, is none of them.
pub(super) fn apart(
    function: &Function,
    blocks: &[BlockId],
    counter: &Counter,
    (reads, writes): (&[Place], &[Place]),
) -> Option<Apart> {
    let turn = Turn::new(function, blocks, counter);
    let mut found = Vec::new();
    for &read in reads {
        for &write in writes {
            let (from, to) = (turn.address(read)?, turn.address(write)?);
            if from == to && turn.moves(&from) {
                continue;
            }
            match (&from, &to) {
                (Made::Of(_, from), Made::Of(_, to)) if from.first() != to.first() => found.push((read, write)),
                _ => return None,
            }
        }
    }
    (found.len() <= MOST_PAIRS).then_some(found)
}

/// The addresses that turns read, and those that they write, of the same arrays; `None` for those that are not followed.
fn of_same<'a>(
    function: &'a Function,
    blocks: &'a [BlockId],
    counter: &'a Counter,
) -> impl Iterator<Item = Option<(Made, Made)>> {
    let turn = Turn::new(function, blocks, counter);
    let places = |recipe: Recipe| {
        let of = |block: BlockId| function.block(block).statements.iter().enumerate().map(move |one| (block, one));
        let is = move |statement: &Statement| match &statement.value {
            Value::Op { op, .. } => op.row().recipe == recipe,
            Value::Convert(_) | Value::Create(_) | Value::Call(_) | Value::Given(_) => false,
        };
        let places = blocks.iter().flat_map(move |&block| of(block)).filter(move |(_, (_, one))| is(one));
        places.map(|(block, (at, _))| (block, at)).collect::<Vec<_>>()
    };
    let (reads, writes) = (places(Recipe::Load), places(Recipe::Store));
    let mut found = Vec::new();
    for &read in &reads {
        for &write in &writes {
            let differ = turn.base(read).zip(turn.base(write)).is_some_and(|(from, to)| from != to);
            if !differ {
                found.push(turn.address(read).zip(turn.address(write)));
            }
        }
    }
    found.into_iter()
}

/// True if what a turn reads may be what another one has written: elements beside those that it writes, in the direction of the loop.
#[must_use]
pub fn reads_beside_written(function: &Function, blocks: &[BlockId], counter: &Counter) -> bool {
    of_same(function, blocks, counter).any(|both| match &both {
        Some((from, to)) => !Turn::is_fixed(from) && moving(from) != moving(to),
        None => true,
    })
}

/// True if all turns read one element of an array of which each writes another one.
#[must_use]
pub fn reads_one_written(function: &Function, blocks: &[BlockId], counter: &Counter) -> bool {
    of_same(function, blocks, counter).flatten().any(|(from, to)| Turn::is_fixed(&from) && !Turn::is_fixed(&to))
}

/// What of an address is not the same in all turns.
fn moving(made: &Made) -> &Made {
    match made {
        Made::Of(op, args) => match (op.row().recipe, args.as_slice()) {
            (Recipe::Locate | Recipe::Move, [_, index, ..]) => moving(index),
            (Recipe::AddKnown, [one, other]) if Turn::is_fixed(one) => moving(other),
            (Recipe::AddKnown, [one, other]) if Turn::is_fixed(other) => moving(one),
            _ => made,
        },
        Made::Fixed(_) | Made::Turn => made,
    }
}

/// How a value is made in a turn.
#[derive(Debug, PartialEq)]
pub(super) enum Made {
    /// It is the same in all turns.
    Fixed(Operand),
    /// It is the counter, as it is when the turn begins.
    Turn,
    /// By an operation on others.
    Of(OpId, Vec<Made>),
}

/// What turns write.
pub(super) struct Turn<'a> {
    function: &'a Function,
    counter: &'a Counter,
    /// Where each local is written, if it is so once.
    written: HashMap<LocalId, Option<Place>>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(function: &'a Function, blocks: &[BlockId], counter: &'a Counter) -> Self {
        let mut written = HashMap::new();
        for &block in blocks {
            for (at, statement) in function.block(block).statements.iter().enumerate() {
                written.entry(statement.target).and_modify(|one| *one = None).or_insert(Some((block, at)));
            }
        }
        Self { function, counter, written }
    }

    fn value(&self, (block, at): Place) -> &Value {
        &self.function.block(block).statements[at].value
    }

    /// The address that a statement reads or writes.
    pub(super) fn address(&self, place: Place) -> Option<Made> {
        let Value::Op { args, .. } = self.value(place) else { return None };
        self.made(*args.first()?, place, DEPTH)
    }

    /// Where the array begins that a statement reads or writes.
    fn base(&self, place: Place) -> Option<Made> {
        let Value::Op { args, .. } = self.value(place) else { return None };
        let (mut operand, mut before) = (*args.first()?, place);
        for _ in 0..DEPTH {
            let made = self.written.get(&operand.local()?).copied().flatten()?;
            if made.0 != before.0 || made.1 >= before.1 {
                return None;
            }
            before = made;
            operand = match self.value(made) {
                Value::Convert(of) => *of,
                Value::Op { op, args, .. } if op.row().recipe == Recipe::Same => args[0],
                Value::Op { op, args, .. } if matches!(op.row().recipe, Recipe::Locate | Recipe::Move) => {
                    return self.made(args[0], made, DEPTH);
                }
                Value::Op { .. } | Value::Create(_) | Value::Call(_) | Value::Given(_) => return None,
            };
        }
        None
    }

    /// How an operand of the statement at a place is made; by what stands before it in its block, but for the counter.
    fn made(&self, operand: Operand, (block, before): Place, depth: usize) -> Option<Made> {
        let local = match operand {
            Operand::Local(local) => local,
            Operand::Constant(_) => return Some(Made::Fixed(operand)),
        };
        let Some(&place) = self.written.get(&local) else { return Some(Made::Fixed(operand)) };
        let place = place?;
        // The counter itself, if it is stepped behind that.
        let is_counter =
            local == self.counter.local && block == self.counter.inside && !(place.0 == block && place.1 < before);
        if is_counter || self.is_turn(place, (block, before)) {
            return Some(Made::Turn);
        }
        if depth == 0 || place.0 != block || place.1 >= before {
            return None;
        }
        match self.value(place) {
            Value::Convert(of) => self.made(*of, place, depth - 1),
            Value::Op { op, args, .. } if op.row().recipe == Recipe::Same => self.made(args[0], place, depth - 1),
            Value::Op { op, args, .. } => {
                let args = args.iter().map(|&arg| self.made(arg, place, depth - 1));
                Some(Made::Of(*op, args.collect::<Option<Vec<_>>>()?))
            }
            Value::Create(_) | Value::Call(_) | Value::Given(_) => None,
        }
    }

    /// True if what is written there is a copy of the counter that is made where each turn begins, in front of the other place.
    fn is_turn(&self, place: Place, before: Place) -> bool {
        let copies = matches!(self.value(place), Value::Convert(Operand::Local(of)) if *of == self.counter.local);
        copies && place.0 == self.counter.inside && (before.0 != place.0 || place.1 < before.1)
    }

    /// True of an address that is another one in every turn: indices are within their arrays.
    fn moves(&self, made: &Made) -> bool {
        let Made::Of(op, args) = made else { return *made == Made::Turn };
        let is_fixed = |one: &Made| Self::is_fixed(one);
        match (op.row().recipe, args.as_slice()) {
            (Recipe::Locate, [base, index, _]) => is_fixed(base) && self.moves(index),
            (Recipe::Index | Recipe::Bound, [index, length]) => is_fixed(length) && self.moves(index),
            (Recipe::AddKnown, [one, other]) => {
                self.moves(one) && is_fixed(other) || is_fixed(one) && self.moves(other)
            }
            _ => false,
        }
    }

    pub(super) fn is_fixed(made: &Made) -> bool {
        match made {
            Made::Fixed(_) => true,
            Made::Turn => false,
            Made::Of(op, args) => !matches!(op.row().recipe, Recipe::Load) && args.iter().all(Self::is_fixed),
        }
    }
}

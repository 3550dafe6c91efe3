//! The loops of verified IR as lowering needs them: what belongs to a loop, what a turn costs, which turns are counted.
//!
//! Enters: a [`Function`]. Leaves: a [`Shape`] for each of its loops. Needs no LLVM.

pub mod ahead;
pub mod carried;
pub mod elements;
mod first;
pub mod index;
pub mod indices;
pub mod late;
pub mod nest;
pub mod overlap;
pub mod plan;
pub mod ranges;
pub mod seldom;
pub mod select;
mod signs;
mod tidy;
pub mod unroll;

use std::collections::{HashMap, HashSet};

use crate::ir::{BlockId, Constant, Function, LocalId, LoopId, Operand, Statement, Terminator, Value};
use crate::ops::{Predicate, Recipe};
use crate::types::{Type, TypeSet};
use index::Index;

/// What lowering must know of a loop.
#[derive(Debug)]
pub struct Shape {
    /// Its own blocks, those of loops inside left out, in the order of the function.
    pub blocks: Vec<BlockId>,
    /// No loop is inside.
    pub innermost: bool,
    /// Control comes back to the header from inside: it is a loop indeed and not a first turn made by itself.
    pub repeats: bool,
    /// What a turn costs, in units of about an addition; loops inside that poll charge for themselves.
    pub weight: u64,
    /// What counts its turns, if the header tests that and nothing else.
    pub counter: Option<Counter>,
    /// What moves towards an end in steps that are known only when it runs, if the header tests that and nothing else.
    pub stride: Option<Stride>,
    /// The header does nothing but compare, and goes to this block of its own for another turn: a turn may be paid for there.
    pub begins: Option<BlockId>,
    /// Two locals that turns move towards each other, if the header tests that they have not met and nothing else.
    pub meeting: Option<Meeting>,
    /// The number of turns, if it is known beforehand.
    pub turns: Option<u64>,
    /// Steps of the counter, by block and place in it, that cannot overflow: the header has just compared.
    pub certain: HashSet<(BlockId, usize)>,
}

/// A local that the header compares, and that every turn moves towards the end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counter {
    /// The local.
    pub local: LocalId,
    /// What it is compared with; the loop does not write it.
    pub stop: Operand,
    /// The comparison under which another turn begins. [`Predicate::Ne`] comes with steps of 1 or -1 only.
    pub goes_on: Predicate,
    /// The least and the greatest change of the local in a turn, of one sign.
    pub steps: (i64, i64),
    /// The least and the greatest distance of the local, anywhere in a turn, from what the header compared.
    pub reach: (i64, i64),
    /// The local is an iterator of the compiler's own: its steps cannot overflow before the stop.
    pub hidden: bool,
    /// Where a turn begins.
    pub inside: BlockId,
    /// Where the loop ends.
    pub outside: BlockId,
}

/// A local that the header compares, and that every turn moves by what another local holds: towards the end, if that is positive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stride {
    /// The local.
    pub local: LocalId,
    /// What it is compared with; the loop does not write it.
    pub stop: Operand,
    /// The comparison under which another turn begins: `<` and `<=` where turns add the step, `>` and `>=` where they subtract it.
    pub goes_on: Predicate,
    /// The local that holds the step; the loop does not write it.
    pub step: LocalId,
    /// Where a turn begins.
    pub inside: BlockId,
    /// Where the loop ends.
    pub outside: BlockId,
}

/// Two locals that the header compares: no turn makes the lower one less, or the higher one greater.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Meeting {
    /// The one that is lower where a turn begins.
    pub low: LocalId,
    /// The other one.
    pub high: LocalId,
    /// A turn begins when they are equal, too.
    pub may_be_equal: bool,
    /// How much greater the lower one becomes within a turn at most, and how much less the higher one.
    pub reach: (i64, i64),
}

impl Counter {
    /// The local grows.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        self.steps.0 > 0
    }

    /// The local may begin beyond the stop, and turns move it away from there.
    #[must_use]
    pub const fn may_miss(&self) -> bool {
        matches!(self.goes_on, Predicate::Ne)
    }
}

impl Stride {
    /// The local grows.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        matches!(self.goes_on, Predicate::Lt | Predicate::Le)
    }

    /// The header compares with the stop itself, too.
    #[must_use]
    pub const fn reaches_stop(&self) -> bool {
        matches!(self.goes_on, Predicate::Le | Predicate::Ge)
    }
}

/// Turns of a loop up to this cost are not worth a poll of their own.
const SHORT: u64 = 1 << 10;

/// The shapes of all loops, in their order.
#[must_use]
pub fn shapes(function: &Function) -> Vec<Shape> {
    let index = Index::new(function);
    let mut shapes = (0..function.loops.len()).map(|at| shape(&index, LoopId(at as u32))).collect::<Vec<_>>();
    // Inner loops stand behind outer ones.
    for at in (0..shapes.len()).rev() {
        if let (Some(parent), Some(cost)) = (function.loops[at].parent, shapes[at].short()) {
            shapes[parent.0 as usize].weight += cost;
        }
    }
    shapes
}

impl Shape {
    /// What all its turns cost, if they are so few that the loop does without polls.
    #[must_use]
    pub fn short(&self) -> Option<u64> {
        let cost = self.turns?.saturating_mul(self.weight);
        (self.innermost && cost <= SHORT).then_some(cost)
    }
}

fn shape(index: &Index<'_>, id: LoopId) -> Shape {
    let function = index.function;
    let header = function.loops[id.0 as usize].header;
    let blocks = index.own(id).to_vec();
    let (innermost, repeats) = (index.is_innermost(id), index.repeats(id));
    let statements = blocks.iter().flat_map(|&block| &function.block(block).statements);
    let weight = statements.map(|statement| cost(&statement.value)).sum::<u64>() + blocks.len() as u64;
    let tested = if innermost && repeats { tested(index, header, &blocks) } else { None };
    let counter = tested.as_ref().and_then(|tested| counter(function, header, &blocks, tested));
    let stride = tested.filter(|_| counter.is_none()).and_then(|tested| stride(function, header, &blocks, &tested));
    let begins = compared(function, header, &blocks).filter(|_| repeats).map(|(_, _, [inside, _])| inside);
    let meeting = if innermost && repeats { meeting(function, header, &blocks) } else { None };
    let turns = counter.and_then(|counter| turns(index, id, &counter, &blocks));
    let certain = counter.map(|counter| certain(function, header, &counter, &blocks)).unwrap_or_default();
    Shape { blocks, innermost, repeats, weight, counter, stride, begins, meeting, turns, certain }
}

/// True if a block belongs to a loop or to one inside.
pub(crate) fn within(function: &Function, block: BlockId, id: LoopId) -> bool {
    let mut around = function.block(block).in_loop;
    while let Some(one) = around {
        if one == id {
            return true;
        }
        around = function.loops[one.0 as usize].parent;
    }
    false
}

/// A rough cost: an addition is 1.
fn cost(value: &Value) -> u64 {
    match value {
        Value::Convert(_) | Value::Given(_) => 0,
        Value::Call(_) => 60,
        Value::Create(_) => 300,
        Value::Op { op, .. } => match op.row().recipe {
            Recipe::DivInt | Recipe::FloorDivInt | Recipe::ModInt | Recipe::DivFloat => 8,
            Recipe::PowInt | Recipe::PowFloat | Recipe::ModFloat | Recipe::FloorDivFloat => 40,
            Recipe::Checked(_) | Recipe::Log(_) | Recipe::Call(_) | Recipe::Helper(_) => 40,
            Recipe::LogBase | Recipe::RoundFloat => 80,
            Recipe::Host | Recipe::HostOver(_) => 300,
            Recipe::Scalar(element) => element.cost(),
            // Proven, folded into addresses, or done once outside.
            Recipe::Index | Recipe::Bound | Recipe::AddKnown | Recipe::MulKnown => 0,
            Recipe::Locate | Recipe::Move | Recipe::Data | Recipe::Length | Recipe::Stride => 0,
            _ => 1,
        },
    }
}

/// The statements of some blocks.
pub(crate) fn statements<'a>(function: &'a Function, blocks: &'a [BlockId]) -> impl Iterator<Item = &'a Statement> {
    blocks.iter().flat_map(|&block| &function.block(block).statements)
}

/// What a header compares that does nothing else: a local that turns write with an operand that they do not.
struct Tested {
    local: LocalId,
    stop: Operand,
    goes_on: Predicate,
    inside: BlockId,
    outside: BlockId,
    /// The locals that turns write.
    written: HashSet<LocalId>,
}

/// The comparison that a header makes, if it does nothing else but copy ints for it, of what they are copies of, and where it goes.
fn compared(
    function: &Function,
    header: BlockId,
    blocks: &[BlockId],
) -> Option<([Operand; 2], Predicate, [BlockId; 2])> {
    let block = function.block(header);
    let Terminator::Branch { condition: Operand::Local(condition), then_block, else_block } = block.terminator else {
        return None;
    };
    let mut copies = HashMap::new();
    let of = |copies: &HashMap<LocalId, Operand>, operand: Operand| match operand {
        Operand::Local(local) => copies.get(&local).copied().unwrap_or(operand),
        Operand::Constant(_) => operand,
    };
    for statement in &block.statements {
        let Some(copied) = copied(function, statement) else { break };
        let copied = of(&copies, copied);
        // What is written anew is no longer what others are copies of.
        let target = Operand::Local(statement.target);
        if copies.values().any(|one| *one == target) || copies.insert(statement.target, copied).is_some() {
            return None;
        }
    }
    let (first, rest) = block.statements[copies.len()..].split_first()?;
    let Value::Op { op, args, exit: None } = &first.value else { return None };
    let (left, right, predicate) = match (op.row().recipe, args.as_slice()) {
        (Recipe::CompareInt(predicate), &[left, right]) => (left, right, predicate),
        (Recipe::TruthInt, &[only]) if function.types(only).single() == Some(Type::Int) => {
            (only, Operand::Constant(Constant::Int(0)), Predicate::Ne)
        }
        _ => return None,
    };
    let mut tested = first.target;
    for statement in rest {
        // The truth of a bool is the bool.
        let Value::Op { op, args, exit: None } = &statement.value else { return None };
        if op.row().recipe != Recipe::Same || *args != [Operand::Local(tested)] {
            return None;
        }
        tested = statement.target;
    }
    let own = |to: BlockId| to != header && blocks.contains(&to);
    let outside = |to: BlockId| block.in_loop.is_some_and(|id| !within(function, to, id));
    let (predicate, ways) = match [then_block, else_block] {
        _ if tested != condition => return None,
        [then, other] if own(then) && outside(other) => (predicate, [then, other]),
        // `while not i >= n`, and `while True` with `if i >= n: break` first.
        [then, other] if outside(then) && own(other) => (predicate.negated(), [other, then]),
        _ => return None,
    };
    Some(([of(&copies, left), of(&copies, right)], predicate, ways))
}

/// What a statement copies, if it copies an int.
fn copied(function: &Function, statement: &Statement) -> Option<Operand> {
    let source = match &statement.value {
        Value::Convert(source) => *source,
        Value::Op { op, args, exit: None } if op.row().recipe == Recipe::Same => *args.first()?,
        Value::Op { .. } | Value::Create(_) | Value::Call(_) | Value::Given(_) => return None,
    };
    let is_int = |types: TypeSet| types.single() == Some(Type::Int);
    (is_int(function.types(source)) && is_int(function.local(statement.target).types)).then_some(source)
}

/// What the header compares, if it does nothing else and nobody else reads the outcome.
fn tested(index: &Index<'_>, header: BlockId, blocks: &[BlockId]) -> Option<Tested> {
    let function = index.function;
    let (args, predicate, [inside, outside]) = compared(function, header, blocks)?;
    let statements_of_header = &function.block(header).statements;
    let outcomes = statements_of_header.iter().map(|statement| statement.target).collect::<HashSet<_>>();
    if outcomes.iter().any(|&outcome| !index.is_read_at_once(outcome)) {
        return None;
    }
    let written = statements(function, blocks).map(|statement| statement.target).collect::<HashSet<_>>();
    let varies = |operand: Operand| operand.local().filter(|local| written.contains(local));
    let (local, stop, goes_on) = match (varies(args[0]), varies(args[1])) {
        (Some(local), None) => (local, args[1], predicate),
        (None, Some(local)) => (local, args[0], predicate.swapped()),
        (Some(_), Some(_)) | (None, None) => return None,
    };
    Some(Tested { local, stop, goes_on, inside, outside, written })
}

fn meeting(function: &Function, header: BlockId, blocks: &[BlockId]) -> Option<Meeting> {
    let (args, predicate, _) = compared(function, header, blocks)?;
    let (low, high) = match predicate {
        Predicate::Lt | Predicate::Le => (args[0].local()?, args[1].local()?),
        Predicate::Gt | Predicate::Ge => (args[1].local()?, args[0].local()?),
        Predicate::Eq | Predicate::Ne => return None,
    };
    let may_be_equal = matches!(predicate, Predicate::Le | Predicate::Ge);
    let steps = |local| steps(function, header, blocks, local, |value| added(value, local));
    let (up, down) = (steps(low)?, steps(high)?);
    let towards = up.steps.0 >= 0 && up.reach.0 == 0 && down.steps.1 <= 0 && down.reach.1 == 0;
    // With one that stays where it is, the other one is the counter.
    let both = up.reach.1 > 0 && down.reach.0 < 0;
    let reach = (up.reach.1, down.reach.0.checked_neg()?);
    (low != high && towards && both).then_some(Meeting { low, high, may_be_equal, reach })
}

fn counter(function: &Function, header: BlockId, blocks: &[BlockId], tested: &Tested) -> Option<Counter> {
    let Tested { local, stop, goes_on, inside, outside, .. } = *tested;
    let Steps { steps, reach, .. } = steps(function, header, blocks, local, |value| added(value, local))?;
    let fits = match goes_on {
        Predicate::Lt | Predicate::Le => steps.0 > 0,
        Predicate::Gt | Predicate::Ge => steps.1 < 0,
        Predicate::Ne => steps == (1, 1) || steps == (-1, -1),
        Predicate::Eq => false,
    };
    let hidden = function.local(local).name.starts_with('.');
    let counter = Counter { local, stop, goes_on, steps, reach, hidden, inside, outside };
    (fits && steps.0.unsigned_abs() <= LARGEST_STEP && steps.1.unsigned_abs() <= LARGEST_STEP).then_some(counter)
}

fn stride(function: &Function, header: BlockId, blocks: &[BlockId], tested: &Tested) -> Option<Stride> {
    let Tested { local, stop, goes_on, inside, outside, ref written } = *tested;
    let own = Operand::Local(local);
    let step = |value: &Value| {
        let Value::Op { op, args, .. } = value else { return None };
        let other = match (op.row().recipe, goes_on, args.as_slice()) {
            (Recipe::AddInt, Predicate::Lt | Predicate::Le, &[one, other]) if one == own => other,
            (Recipe::AddInt, Predicate::Lt | Predicate::Le, &[other, one]) if one == own => other,
            (Recipe::SubInt, Predicate::Gt | Predicate::Ge, &[one, other]) if one == own => other,
            _ => return None,
        };
        let is_int = |step: &LocalId| function.local(*step).types.single() == Some(Type::Int);
        other.local().filter(|step| !written.contains(step)).filter(is_int)
    };
    let first = statements(function, blocks).find(|statement| statement.target == local)?;
    let by = step(&first.value)?;
    let Steps { steps, reach, .. } =
        steps(function, header, blocks, local, |value| (step(value) == Some(by)).then_some(1))?;
    (steps == (1, 1) && reach == (0, 1)).then_some(Stride { local, stop, goes_on, step: by, inside, outside })
}

/// Steps beyond are not counted: distances of whole blocks of turns must stay small numbers.
const LARGEST_STEP: u64 = 1 << 20;

/// What turns do to a local.
struct Steps {
    /// The change in a turn, at least and at most.
    steps: (i64, i64),
    /// The change since the start of the turn, at least and at most over all places in it.
    reach: (i64, i64),
    /// That change where a block begins.
    before: HashMap<BlockId, (i64, i64)>,
}

/// How turns change a local, over all ways through them; `None` if something is written to it whose `change` is unknown, or if
/// all ways cannot be seen.
fn steps(
    function: &Function,
    header: BlockId,
    blocks: &[BlockId],
    local: LocalId,
    change: impl Fn(&Value) -> Option<i64>,
) -> Option<Steps> {
    // Blocks in an order in which each stands before its successors: an innermost loop has no other cycle.
    let order = order(function, header, blocks)?;
    let mut before = HashMap::from([(header, (0_i64, 0_i64))]);
    let mut turn: Option<(i64, i64)> = None;
    let mut reach = (0_i64, 0_i64);
    for block in order {
        let Some(&(mut after)) = before.get(&block) else { continue };
        for write in function.block(block).statements.iter().filter(|statement| statement.target == local) {
            let change = change(&write.value)?;
            after = (after.0.checked_add(change)?, after.1.checked_add(change)?);
            reach = (reach.0.min(after.0), reach.1.max(after.1));
        }
        let join = |known: (i64, i64)| (known.0.min(after.0), known.1.max(after.1));
        for to in function.block(block).terminator.successors() {
            if to == header {
                turn = Some(turn.map_or(after, join));
            } else if blocks.contains(&to) {
                let known = before.get(&to).copied().map_or(after, join);
                before.insert(to, known);
            }
        }
    }
    Some(Steps { steps: turn?, reach, before })
}

/// The first steps of a turn, if they are steps of one towards a stop that the counter has not reached.
fn certain(function: &Function, header: BlockId, counter: &Counter, blocks: &[BlockId]) -> HashSet<(BlockId, usize)> {
    let towards = match counter.goes_on {
        Predicate::Lt => 1,
        Predicate::Gt => -1,
        Predicate::Le | Predicate::Ge | Predicate::Eq | Predicate::Ne => return HashSet::new(),
    };
    let local = counter.local;
    let Some(Steps { before, .. }) = steps(function, header, blocks, local, |value| added(value, local)) else {
        return HashSet::new();
    };
    let first = blocks.iter().filter(|block| before.get(block) == Some(&(0, 0))).filter_map(|&block| {
        let mut writes = function.block(block).statements.iter().enumerate();
        let (at, write) = writes.find(|(_, statement)| statement.target == local)?;
        (added(&write.value, local) == Some(towards)).then_some((block, at))
    });
    first.collect()
}

/// The blocks of an innermost loop, each before its successors; `None` if there is a cycle that misses the header.
pub(crate) fn order(function: &Function, header: BlockId, blocks: &[BlockId]) -> Option<Vec<BlockId>> {
    let inner = |block: BlockId| {
        let successors = function.block(block).terminator.successors();
        successors.into_iter().filter(|to| *to != header && blocks.contains(to)).collect::<HashSet<_>>()
    };
    let mut waiting_for = HashMap::<BlockId, usize>::new();
    for &block in blocks {
        inner(block).into_iter().for_each(|to| *waiting_for.entry(to).or_default() += 1);
    }
    let mut ready = blocks.iter().copied().filter(|block| !waiting_for.contains_key(block)).collect::<Vec<_>>();
    let mut order = Vec::new();
    while let Some(block) = ready.pop() {
        order.push(block);
        for to in inner(block) {
            if let Some(count) = waiting_for.get_mut(&to) {
                *count -= 1;
                if *count == 0 {
                    ready.push(to);
                }
            }
        }
    }
    (order.len() == blocks.len()).then_some(order)
}

/// What `value` adds to `local`, if it is that local with a constant added.
fn added(value: &Value, local: LocalId) -> Option<i64> {
    let Value::Op { op, args, .. } = value else { return None };
    let constant = |at: usize| match args.get(at) {
        Some(Operand::Constant(Constant::Int(value))) => Some(*value),
        _ => None,
    };
    let own = |at: usize| args.get(at) == Some(&Operand::Local(local));
    match op.row().recipe {
        Recipe::StepUp if own(0) => Some(1),
        Recipe::StepDown if own(0) => Some(-1),
        Recipe::AddInt | Recipe::WrappingAdd if own(0) => constant(1),
        Recipe::AddInt if own(1) => constant(0),
        Recipe::SubInt if own(0) => constant(1)?.checked_neg(),
        _ => None,
    }
}

/// The number of turns of a counted loop between constants.
fn turns(index: &Index<'_>, id: LoopId, counter: &Counter, blocks: &[BlockId]) -> Option<u64> {
    let stop = index.constant(counter.stop, &[])?;
    let start = index.constant(Operand::Local(counter.local), blocks);
    let start = start.or_else(|| index.at_entry(counter.local, id))?;
    let towards = |distance: &i64| *distance >= 0 && !counter.hidden;
    let distance = match counter.goes_on {
        Predicate::Lt => stop.checked_sub(start)?,
        Predicate::Gt => start.checked_sub(stop)?,
        Predicate::Ne if counter.is_up() => stop.checked_sub(start).filter(towards)?,
        Predicate::Ne => start.checked_sub(stop).filter(towards)?,
        Predicate::Le | Predicate::Ge | Predicate::Eq => return None,
    };
    let step = counter.steps.0.unsigned_abs().min(counter.steps.1.unsigned_abs());
    Some(u64::try_from(distance).unwrap_or(0).div_ceil(step))
}

//! Which checks of an innermost loop a test before a block of its turns makes unnecessary.
//!
//! Enters: a function and the [`Shape`] of a loop. Leaves: a [`Plan`]: intervals for the ints of the loop, as a small program on
//! the values that they have before the block, and what is proven of which statement if nothing in the program fails. Needs no
//! LLVM; [`Plan::holds`] runs the program as lowered code does.
//!
//! A local that every turn only adds to stays, within `T` turns, between what it is and what `T` times the least and the
//! greatest addend make of it. A local that is written otherwise lies between the least and the greatest of what is written.
//! Both are computed in rounds from intervals that are true of any int, so that each round is true if the last one was. What
//! remains unknown may still be known not to be negative: if no turn makes it so, its value before the block decides.
//!
//! A new kind of check takes four places. A field of [`super::plan::Proof`] says what is proven, and the recipe's lowering asks
//! `self.loops.proof` for it (`lower/recipe`). The recipe's arm of `Search::value` (`ranges/values`) notes it in the last round, as
//! `Search::fits` and `Search::division` do: a node that must not fail goes into [`Plan::computed`], a node whose lower bound
//! is demanded into [`Plan::at_least`] (an upper bound is the lower one of a [`Node::Sub`]), and [`Plan::gains`] counts what there
//! is to gain. What is known of a value whether the test holds or not is its `Known::fixed`, and nothing that a test decides may
//! go there while `Search::whatever` is set. `crates/core/tests/ranges.rs` then has to know the recipe and what contradicts the
//! proof. The test itself, here and in `lower/version`, changes only with a new [`Node`].

mod values;

use std::collections::{HashMap, HashSet};

use super::carried::{carried, unsettled};
use super::index::constant;
use super::plan::{NOT_NEGATIVE, Node, NodeId, Plan};
use super::{Meeting, Shape, order, statements};
use crate::ir::{BlockId, Constant, Function, LocalId, Operand, Value};
use crate::ops::{Predicate, Recipe};
use crate::types::Type;

/// Loops with more statements get no second copy.
const MOST_STATEMENTS: usize = 320;
/// Nor do loops whose test would be longer than this.
const MOST_NODES: usize = 128;
/// How often intervals are computed from those of the last round.
const ROUNDS: usize = 4;

/// Bounds that a local may be tested for at every turn, if nothing else is known of it: for sums and small multiples, then for
/// products.
const LIMITS: [i64; 2] = [1 << 60, 1 << 31];
/// So many locals are tested at every turn.
const MOST_GUARDED: usize = 2;

/// The plan for an innermost loop, if there is anything to gain.
#[must_use]
pub fn plan(function: &Function, header: BlockId, shape: &Shape) -> Option<Plan> {
    let count = statements(function, &shape.blocks).count();
    if !shape.innermost || !shape.repeats || count > MOST_STATEMENTS {
        return None;
    }
    let order = order(function, header, &shape.blocks)?;
    let carried = carried(function, header, &order);
    let passed = passed(function, header, &order);
    let mut turn =
        Turn { function, shape, order: &order, carried: &carried, passed: &passed, naturals: HashSet::new() };
    turn.naturals = turn.naturals();
    let (plan, unknown) = turn.plan(&HashMap::new())?;
    let unsettled = unsettled(function, header, &order);
    let guarded = unknown.into_iter().filter(|local| !unsettled.contains(local)).collect::<Vec<_>>();
    if !guarded.is_empty() && guarded.len() <= MOST_GUARDED {
        for limit in LIMITS {
            let guards = guarded.iter().map(|&local| (local, limit)).collect();
            match turn.plan(&guards) {
                Some((better, _)) if better.gains > plan.gains && better.is_possible() => return Some(better),
                Some(_) | None => {}
            }
        }
    }
    (plan.gains > 0).then_some(plan)
}

/// A loop and what a turn of it does.
struct Turn<'a> {
    function: &'a Function,
    shape: &'a Shape,
    order: &'a [BlockId],
    carried: &'a HashSet<LocalId>,
    passed: &'a HashSet<BlockId>,
    /// Carried locals that are never negative, whether a test holds or not.
    naturals: HashSet<LocalId>,
}

impl Turn<'_> {
    /// The carried locals that begin with constants that are not negative, and that no turn makes negative.
    fn naturals(&self) -> HashSet<LocalId> {
        let mut found =
            self.carried.iter().copied().filter(|&local| self.begins_natural(local)).collect::<HashSet<_>>();
        // Each turn gives up one at least, so that this ends.
        while !found.is_empty() {
            let turn = Turn { naturals: found.clone(), ..*self };
            let (none_hoped, none_guarded) = (HashSet::new(), HashMap::new());
            let mut search = Search::new(&turn, &none_hoped, &none_guarded);
            search.whatever = true;
            search.rounds();
            search.round();
            found.retain(|local| {
                let mut writes = search.writes.get(local).into_iter().flatten();
                writes.all(|(Write::Adds(value) | Write::Sets(value))| value.fixed.0 >= 0)
            });
            if found.len() == turn.naturals.len() {
                break;
            }
        }
        found
    }

    /// True if a local holds constants that are not negative before the loop, and nothing in the loop lets it wrap.
    fn begins_natural(&self, local: LocalId) -> bool {
        let blocks = self.function.blocks.iter().enumerate();
        let is_natural = |operand: &Operand| matches!(operand, Operand::Constant(Constant::Int(value)) if *value >= 0);
        local.0 >= self.function.parameters
            && blocks.flat_map(|(at, block)| block.statements.iter().map(move |one| (at, one))).all(|(at, one)| {
                let inside = self.shape.blocks.contains(&BlockId(at as u32));
                one.target != local
                    || match &one.value {
                        Value::Convert(operand) => inside || is_natural(operand),
                        Value::Create(_) | Value::Call(_) | Value::Given(_) => false,
                        Value::Op { op, args, .. } => match op.row().recipe {
                            Recipe::WrappingAdd => false,
                            Recipe::Same => inside || args.iter().all(is_natural),
                            _ => inside,
                        },
                    }
            })
    }

    /// The plan if these locals are within 0 and their limits at the start of every turn, and the carried locals that remain
    /// unknown. `None` if it is too large.
    fn plan(&self, guards: &HashMap<LocalId, i64>) -> Option<(Plan, Vec<LocalId>)> {
        let counted = match (self.shape.counter, self.shape.stride) {
            (Some(counter), _) => Some(counter.local),
            (None, Some(stride)) => Some(stride.local),
            (None, None) => None,
        };
        let open =
            |local: &LocalId| !guards.contains_key(local) && !self.naturals.contains(local) && counted != Some(*local);
        let mut hoped = self.carried.iter().copied().filter(open).collect::<HashSet<_>>();
        // Each turn gives up a hope, so that this ends.
        for _ in 0..=self.carried.len() {
            let mut search = Search::new(self, &hoped, guards);
            search.rounds();
            search.last = true;
            search.round();
            match search.disappointed() {
                Some(local) => {
                    hoped.remove(&local);
                }
                None => return search.finish(),
            }
        }
        None
    }
}

/// The blocks that a turn has come through wherever it is that stands behind them.
fn passed(function: &Function, header: BlockId, order: &[BlockId]) -> HashSet<BlockId> {
    let places = order.iter().enumerate().map(|(at, &block)| (block, at)).collect::<HashMap<_, _>>();
    let (mut found, mut farthest) = (HashSet::new(), 0);
    for (at, &block) in order.iter().enumerate() {
        if farthest <= at {
            found.insert(block);
        }
        let ways = function.block(block).terminator.successors().into_iter().filter(|&to| to != header);
        farthest = ways.filter_map(|to| places.get(&to).copied()).fold(farthest, usize::max);
    }
    found
}

pub(super) fn is_int(function: &Function, local: LocalId) -> bool {
    function.local(local).types.single() == Some(Type::Int)
}

/// What is known of a value: its node, and without running anything.
#[derive(Clone, Copy, Debug)]
struct Known {
    node: NodeId,
    /// The node says something beyond `fixed`.
    bounded: bool,
    /// What holds whatever the values are.
    fixed: (i64, i64),
    /// Nothing in it is negative unless what enters is.
    hopeful: bool,
}

const ANY: (i64, i64) = (i64::MIN, i64::MAX);

struct Search<'a> {
    function: &'a Function,
    shape: &'a Shape,
    order: &'a [BlockId],
    carried: &'a HashSet<LocalId>,
    /// What they write is what a local is from there on.
    passed: &'a HashSet<BlockId>,
    naturals: &'a HashSet<LocalId>,
    hoped: &'a HashSet<LocalId>,
    guards: &'a HashMap<LocalId, i64>,
    /// Nothing may be concluded but what holds whether a test holds or not.
    whatever: bool,
    written: HashSet<LocalId>,
    nodes: Vec<Node>,
    /// The ints that the loop writes.
    known: HashMap<LocalId, Known>,
    /// Those that turns add to, as they are in a turn before it has done so.
    begins: HashMap<LocalId, Known>,
    /// What is written to carried locals in this round.
    writes: HashMap<LocalId, Vec<Write>>,
    /// Nothing is decided before the last round.
    last: bool,
    plan: Plan,
}

/// A write of a carried local.
#[derive(Clone, Copy)]
enum Write {
    /// It adds this to the local.
    Adds(Known),
    /// It sets the local.
    Sets(Known),
}

impl<'a> Search<'a> {
    fn new(turn: &'a Turn<'_>, hoped: &'a HashSet<LocalId>, guards: &'a HashMap<LocalId, i64>) -> Self {
        let Turn { function, shape, order, carried, passed, ref naturals } = *turn;
        Self {
            function,
            shape,
            order,
            carried,
            passed,
            naturals,
            hoped,
            guards,
            whatever: false,
            written: statements(function, order).map(|statement| statement.target).collect(),
            nodes: Vec::new(),
            known: HashMap::new(),
            begins: HashMap::new(),
            writes: HashMap::new(),
            last: false,
            plan: Plan::default(),
        }
    }

    fn node(&mut self, node: Node) -> NodeId {
        if let Some(at) = self.nodes.iter().position(|one| *one == node) {
            return NodeId(at as u32);
        }
        self.nodes.push(node);
        NodeId(self.nodes.len() as u32 - 1)
    }

    fn fixed(&mut self, fixed: (i64, i64), bounded: bool) -> Known {
        Known { node: self.node(Node::Fixed(fixed.0, fixed.1)), bounded, fixed, hopeful: fixed.0 >= 0 }
    }

    fn unknown(&mut self, not_negative: bool) -> Known {
        self.fixed(if not_negative { NOT_NEGATIVE } else { ANY }, false)
    }

    fn entry(&mut self, local: LocalId) -> Known {
        let fixed = if self.naturals.contains(&local) { NOT_NEGATIVE } else { ANY };
        Known { node: self.node(Node::Entry(local)), bounded: true, fixed, hopeful: true }
    }

    /// Carried locals begin as any int, or as any that is not negative.
    fn rounds(&mut self) {
        for local in sorted(self.carried.iter().copied()) {
            let known = match self.counter(local) {
                Some(known) => known,
                None if self.guards.contains_key(&local) => {
                    let limit = self.guards.get(&local).copied().unwrap_or_default();
                    self.fixed((0, limit), true)
                }
                None if self.hoped.contains(&local) => {
                    let node = self.node(Node::NonNegative(local));
                    Known { node, bounded: false, fixed: NOT_NEGATIVE, hopeful: true }
                }
                None => self.unknown(self.naturals.contains(&local)),
            };
            self.known.insert(local, known);
        }
        for _ in 0..ROUNDS {
            self.round();
            let mut writes = std::mem::take(&mut self.writes).into_iter().collect::<Vec<_>>();
            writes.sort_unstable_by_key(|&(local, _)| local);
            let mut changed = false;
            for (local, writes) in writes {
                if self.known.get(&local).is_some_and(|known| known.bounded) {
                    continue;
                }
                if let Some((begins, known)) = self.after(local, &writes) {
                    self.begins.insert(local, begins);
                    self.known.insert(local, known);
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
    }

    /// What counts the turns, as it is in a turn before anything writes it: what the header has compared.
    fn compared(&mut self) -> Option<(LocalId, Known)> {
        let local = match (self.shape.counter, self.shape.stride) {
            (Some(counter), _) => counter.local,
            (None, Some(stride)) => stride.local,
            (None, None) => return None,
        };
        let fixed = self.counted()?;
        Some((local, Known { node: self.node(Node::Counter), bounded: true, fixed, hopeful: true }))
    }

    /// The loop's counter lies between its value before the block and that behind it; one of the source reaches beyond.
    fn counter(&mut self, local: LocalId) -> Option<Known> {
        if let Some(known) = self.shape.meeting.and_then(|meeting| self.meeting(&meeting, local)) {
            return Some(known);
        }
        if let Some(stride) = self.shape.stride.filter(|stride| stride.local == local) {
            let fixed = self.counted()?;
            let known = Known { node: self.node(Node::Counter), bounded: true, fixed, hopeful: true };
            let step = self.entry(stride.step);
            let step = self.towards_zero(step);
            let reached = if stride.is_up() { self.add(known, step) } else { self.sub(known, step) };
            return Some(Known { hopeful: true, fixed: ANY, ..reached });
        }
        let counter = self.shape.counter.filter(|counter| counter.local == local)?;
        let fixed = self.counted()?;
        let known = Known { node: self.node(Node::Counter), bounded: true, fixed, hopeful: true };
        if counter.hidden {
            return Some(known);
        }
        let reach = self.fixed(counter.reach, true);
        Some(Known { hopeful: true, ..self.add(known, reach) })
    }

    /// Where turns move two locals towards each other, each lies between its value before the block and that of the other one, and
    /// in the last turn beyond.
    fn meeting(&mut self, meeting: &Meeting, local: LocalId) -> Option<Known> {
        let apart = i64::from(!meeting.may_be_equal);
        let (other, beyond) = match local {
            low if low == meeting.low => (meeting.high, meeting.reach.0.checked_sub(apart)?),
            high if high == meeting.high => (meeting.low, apart.checked_sub(meeting.reach.1)?),
            _ => return None,
        };
        let (own, other, beyond) = (self.entry(local), self.entry(other), self.fixed((beyond, beyond), true));
        let end = Known { hopeful: true, ..self.add(other, beyond) };
        Some(self.hull(own, end))
    }

    /// Between what the counter lies where a turn begins, whatever the values are.
    fn counted(&self) -> Option<(i64, i64)> {
        let (goes_on, local, stop) = match (self.shape.counter, self.shape.stride) {
            (Some(counter), _) => (counter.goes_on, Some(counter.local), Some(counter.stop)),
            // Steps may be negative.
            (None, Some(stride)) => (stride.goes_on, None, None),
            (None, None) => return None,
        };
        let start = local.and_then(|local| constant(self.function, Operand::Local(local), &self.shape.blocks));
        let stop = match stop {
            Some(Operand::Constant(Constant::Int(stop))) => Some(stop),
            Some(_) | None => None,
        };
        let upwards = |last: i64| (start.unwrap_or(i64::MIN).min(last), last);
        let downwards = |last: i64| (last, start.unwrap_or(i64::MAX).max(last));
        match goes_on {
            Predicate::Lt => Some(upwards(stop.unwrap_or(i64::MAX).saturating_sub(1))),
            Predicate::Le => Some(upwards(stop.unwrap_or(i64::MAX))),
            Predicate::Gt => Some(downwards(stop.unwrap_or(i64::MIN).saturating_add(1))),
            Predicate::Ge => Some(downwards(stop.unwrap_or(i64::MIN))),
            // It may begin beyond the stop. The steps of the compiler's own may count what is above 63 bits.
            Predicate::Ne if self.shape.counter.is_some_and(|counter| counter.hidden) => Some(ANY),
            Predicate::Ne if self.shape.counter.is_some_and(|counter| counter.is_up()) => Some(upwards(i64::MAX)),
            Predicate::Ne => Some(downwards(i64::MIN)),
            Predicate::Eq => None,
        }
    }

    /// A carried local within the block, from all that is written to it: before a turn has done so, and anywhere.
    fn after(&mut self, local: LocalId, writes: &[Write]) -> Option<(Known, Known)> {
        let (mut begins, mut all) = (self.entry(local), self.entry(local));
        for write in writes {
            (begins, all) = match *write {
                Write::Adds(addend) if addend.bounded => {
                    let fixed = (
                        if addend.fixed.0 >= 0 { 0 } else { i64::MIN },
                        if addend.fixed.1 <= 0 { 0 } else { i64::MAX },
                    );
                    let (earlier, sums) = (self.node(Node::Earlier(addend.node)), self.node(Node::Sums(addend.node)));
                    let known = |node| Known { node, bounded: true, fixed, hopeful: addend.hopeful };
                    (self.add(begins, known(earlier)), self.add(all, known(sums)))
                }
                Write::Sets(value) if value.bounded && writes.iter().all(|one| matches!(one, Write::Sets(_))) => {
                    let all = self.hull(all, value);
                    (all, all)
                }
                Write::Adds(_) | Write::Sets(_) => return None,
            };
        }
        Some((begins, all))
    }

    fn add(&mut self, left: Known, right: Known) -> Known {
        Known {
            node: self.node(Node::Add(left.node, right.node)),
            bounded: true,
            fixed: (left.fixed.0.saturating_add(right.fixed.0), left.fixed.1.saturating_add(right.fixed.1)),
            hopeful: left.hopeful && right.hopeful,
        }
    }

    fn hull(&mut self, left: Known, right: Known) -> Known {
        let fixed = (left.fixed.0.min(right.fixed.0), left.fixed.1.max(right.fixed.1));
        let bounded = left.bounded && right.bounded;
        let node = if bounded { Node::Hull(left.node, right.node) } else { Node::Fixed(fixed.0, fixed.1) };
        Known { node: self.node(node), bounded, fixed, hopeful: left.hopeful && right.hopeful }
    }

    /// All statements, each block before its successors.
    fn round(&mut self) {
        self.known.retain(|local, _| self.carried.contains(local));
        self.writes.clear();
        // Blocks stand before their successors: nothing on the way to what stands before the first write has written it.
        let begins = self.begins.iter().map(|(&local, &known)| (local, known)).collect::<Vec<_>>();
        let mut unwritten = HashMap::new();
        for (local, begins) in begins.into_iter().chain(self.compared()) {
            if let Some(known) = self.known.get_mut(&local) {
                unwritten.entry(local).or_insert(*known);
                *known = begins;
            }
        }
        for &block in self.order {
            for (at, statement) in self.function.block(block).statements.iter().enumerate() {
                let target = statement.target;
                if let Some(known) = unwritten.remove(&target) {
                    self.known.insert(target, known);
                }
                if !is_int(self.function, target) {
                    if self.last {
                        self.value(statement, (block, at));
                    }
                    continue;
                }
                let adds = self.carried.contains(&target) && !self.guards.contains_key(&target);
                let addend = if adds { self.addend((block, at)) } else { None };
                let value = match self.known.get(&target) {
                    // What it becomes is within what it is known to be.
                    Some(&known) if addend.is_some() && known.bounded => match statement.value {
                        Value::Op { exit: Some(_), .. } if !self.shape.certain.contains(&(block, at)) => {
                            self.fits(known, (block, at))
                        }
                        Value::Op { .. } | Value::Convert(_) | Value::Create(_) | Value::Call(_) | Value::Given(_) => {
                            known
                        }
                    },
                    Some(_) | None => self.value(statement, (block, at)),
                };
                if self.carried.contains(&target) {
                    let write = addend.map_or(Write::Sets(value), Write::Adds);
                    self.writes.entry(target).or_default().push(write);
                } else {
                    let before = self.known.get(&target).copied().filter(|_| !self.passed.contains(&block));
                    let value = before.map_or(value, |before| self.hull(before, value));
                    self.known.insert(target, value);
                }
            }
        }
    }

    /// What a statement adds to its target, if it does that: itself, or one before it in its block, of which it takes the sum.
    fn addend(&mut self, (block, at): (BlockId, usize)) -> Option<Known> {
        let statements = &self.function.block(block).statements[..=at];
        let (target, mut sum) = (statements[at].target, at);
        while let Some(&of) = copied(&statements[sum].value) {
            sum = statements[..sum].iter().rposition(|one| Operand::Local(one.target) == of)?;
        }
        let Value::Op { op, args, .. } = &statements[sum].value else { return None };
        let own = Operand::Local(target);
        // What it is made of is the same until the copy.
        if statements[sum..at].iter().any(|one| args.contains(&Operand::Local(one.target))) {
            return None;
        }
        match (op.row().recipe, args.as_slice()) {
            (Recipe::AddInt | Recipe::WrappingAdd, &[left, right]) if left == own && right != own => {
                Some(self.operand(right))
            }
            (Recipe::AddInt | Recipe::WrappingAdd, &[left, right]) if right == own && left != own => {
                Some(self.operand(left))
            }
            (Recipe::SubInt, &[left, right]) if left == own && right != own => {
                let zero = self.fixed((0, 0), true);
                let right = self.operand(right);
                right.bounded.then(|| self.sub(zero, right))
            }
            (Recipe::StepUp, &[left]) if left == own => Some(self.fixed((1, 1), true)),
            (Recipe::StepDown, &[left]) if left == own => Some(self.fixed((-1, -1), true)),
            _ => None,
        }
    }

    fn sub(&mut self, left: Known, right: Known) -> Known {
        let fixed = (left.fixed.0.saturating_sub(right.fixed.1), left.fixed.1.saturating_sub(right.fixed.0));
        Known { node: self.node(Node::Sub(left.node, right.node)), bounded: true, fixed, hopeful: fixed.0 >= 0 }
    }

    fn operand(&mut self, operand: Operand) -> Known {
        match operand {
            Operand::Constant(Constant::Int(value)) => self.fixed((value, value), true),
            Operand::Constant(Constant::Bool(_)) => self.fixed((0, 1), true),
            Operand::Constant(_) => self.unknown(false),
            Operand::Local(local) => match self.function.local(local).types.single() {
                Some(Type::Bool) => self.fixed((0, 1), true),
                Some(Type::Int) if self.written.contains(&local) => match self.known.get(&local) {
                    Some(&known) => known,
                    None => self.unknown(false),
                },
                Some(Type::Int) => self.entry(local),
                _ => self.unknown(false),
            },
        }
    }

    /// A local that was hoped not to become negative, and which a turn may make so.
    fn disappointed(&mut self) -> Option<LocalId> {
        for local in sorted(self.hoped.iter().copied()) {
            // It was hoped for while there was no interval; what has been concluded from it must not stay.
            if self.known.get(&local).is_none_or(|known| known.bounded) {
                return Some(local);
            }
            for write in self.writes.get(&local).cloned().unwrap_or_default() {
                let (value, added) = match write {
                    Write::Sets(value) => (value, false),
                    // What is added stays checked, so that the sum of two that are not negative is none.
                    Write::Adds(value) => (value, true),
                };
                if value.fixed.0 >= 0 {
                    continue;
                }
                if !value.bounded || !value.hopeful || added {
                    return Some(local);
                }
                self.plan.at_least.push((value.node, 0));
            }
        }
        None
    }

    fn finish(mut self) -> Option<(Plan, Vec<LocalId>)> {
        // Whatever was concluded from a hope holds only if the local is not negative before the block.
        for local in sorted(self.hoped.iter().copied()) {
            let node = self.node(Node::NonNegative(local));
            self.plan.computed.push(node);
        }
        // Turns are counted, and lead to the end, only in steps that are positive.
        if let Some(stride) = self.shape.stride {
            let step = self.node(Node::Entry(stride.step));
            self.plan.at_least.push((step, 1));
        }
        let counted = self.counted().unwrap_or(ANY);
        let mut fixed = Vec::new();
        for node in &self.nodes {
            let enters = match *node {
                Node::Entry(local) if self.naturals.contains(&local) => NOT_NEGATIVE,
                Node::Counter => counted,
                _ => ANY,
            };
            fixed.push(node.fixed(|part| fixed[part.0 as usize], enters));
        }
        let bounded = |local: &LocalId| self.known.get(local).is_some_and(|known| known.bounded);
        let unknown = sorted(self.carried.iter().copied().filter(|local| !bounded(local)));
        let mut plan = self.plan;
        plan.nodes = self.nodes;
        plan.fixed = fixed;
        plan.may_miss = self.shape.counter.is_some_and(|counter| counter.may_miss());
        plan.guards = sorted(self.guards.iter().map(|(&local, &limit)| (local, limit)));
        (plan.used().count() <= MOST_NODES).then_some((plan, unknown))
    }
}

/// What a statement is a copy of.
fn copied(value: &Value) -> Option<&Operand> {
    match value {
        Value::Convert(of) => Some(of),
        Value::Op { op, args, .. } if op.row().recipe == Recipe::Same => args.first(),
        Value::Op { .. } | Value::Create(_) | Value::Call(_) | Value::Given(_) => None,
    }
}

fn sorted<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut all = all.collect::<Vec<_>>();
    all.sort_unstable();
    all
}

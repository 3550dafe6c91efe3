//! The test of an inner loop, made once for a whole run of the loop around it.
//!
//! Enters: a function, an innermost loop with a [`Plan`], the loop around that. Leaves: a [`Nest`], a program of the same kind, to be
//! run before the first turn of the outer loop: what does not change within it enters as it is, its counter as an interval, what
//! a turn computes of these as that makes of it. If nothing in the program fails, the plan's own test holds before every run of the
//! inner loop, for all turns of that run at once. Needs no LLVM.

use std::collections::{HashMap, HashSet};

use super::index::constant;
use super::plan::{NOT_NEGATIVE, Node, NodeId, Plan};
use super::{added, compared, within};
use crate::ir::{BlockId, Constant, Function, LocalId, LoopId, Operand, Value};
use crate::ops::{Predicate, Recipe};
use crate::types::Type;

/// What holds for all runs of an inner loop within one of the loop around it.
#[derive(Clone, Debug)]
pub struct Nest {
    /// The loop around.
    pub around: LoopId,
    /// What counts its turns: [`Node::Counter`] of the plan.
    pub counter: Around,
    /// The program; it proves what the inner loop's own plan does.
    pub plan: Plan,
}

/// A local that the header of a loop compares, and that turns move towards the end, at one place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Around {
    /// The local.
    pub local: LocalId,
    /// What it is compared with; nothing in the loop writes it.
    pub stop: Operand,
    /// The comparison under which another turn begins. [`Predicate::Ne`] comes with steps of 1 or -1 only.
    pub goes_on: Predicate,
    /// What is added.
    pub step: i64,
    /// Where.
    written: (BlockId, usize),
}

/// Values are followed through so many statements.
const DEPTH: usize = 12;
/// The program is no longer than this.
const MOST_NODES: usize = 128;

/// The nest for a loop that is counted by `counter` and has this plan, if values can be followed. It says, too, that the counter is
/// no further than `most` from its stop where a run begins.
#[must_use]
pub fn nest(function: &Function, inner: LoopId, counter: &super::Counter, plan: &Plan, most: i64) -> Option<Nest> {
    let around = function.loops[inner.0 as usize].parent.filter(|_| plan.guards.is_empty())?;
    let blocks = (0..function.blocks.len()).map(|at| BlockId(at as u32));
    let blocks = blocks.filter(|&block| within(function, block, around)).collect::<Vec<_>>();
    let mut written = HashSet::new();
    let mut before = HashMap::<BlockId, Vec<BlockId>>::new();
    for &block in &blocks {
        written.extend(function.block(block).statements.iter().map(|statement| statement.target));
        for to in function.block(block).terminator.successors() {
            before.entry(to).or_default().push(block);
        }
    }
    let of_around = counter_of(function, around, &blocks, &written)?;
    let mut search = Search {
        function,
        around,
        inner,
        counter: of_around,
        written,
        before,
        nodes: Vec::new(),
        naturals: Vec::new(),
    };
    let mapped = search.map(counter, plan)?;
    let below = search.distance(counter, most)?;
    let start = constant(function, Operand::Local(of_around.local), &blocks);
    let enters = match of_around.goes_on {
        Predicate::Lt => (start.unwrap_or(i64::MIN), i64::MAX - 1),
        Predicate::Le => (start.unwrap_or(i64::MIN), i64::MAX),
        Predicate::Gt => (i64::MIN + 1, start.unwrap_or(i64::MAX)),
        Predicate::Ge => (i64::MIN, start.unwrap_or(i64::MAX)),
        Predicate::Ne if of_around.step > 0 => (start.unwrap_or(i64::MIN), i64::MAX),
        Predicate::Ne => (i64::MIN, start.unwrap_or(i64::MAX)),
        Predicate::Eq => return None,
    };
    let of = |node: &NodeId| mapped[node.0 as usize];
    let mut found = Plan {
        computed: plan.computed.iter().map(of).collect(),
        at_least: plan.at_least.iter().map(|(node, least)| (of(node), *least)).collect(),
        below: plan.below.iter().map(|(lower, upper)| (of(lower), of(upper))).collect(),
        nodes: search.nodes,
        may_miss: of_around.goes_on == Predicate::Ne,
        ..Plan::default()
    };
    found.below.push(below);
    found.at_least.extend(search.naturals.into_iter().map(|node| (node, 0)));
    for node in &found.nodes {
        let entering = if *node == Node::Counter { enters } else { (i64::MIN, i64::MAX) };
        found.fixed.push(node.fixed(|part| found.fixed[part.0 as usize], entering));
    }
    (found.used().count() <= MOST_NODES && found.is_possible()).then_some(Nest {
        around,
        counter: of_around,
        plan: found,
    })
}

/// What counts the turns of a loop with others inside.
fn counter_of(function: &Function, id: LoopId, blocks: &[BlockId], written: &HashSet<LocalId>) -> Option<Around> {
    let own = blocks.iter().copied().filter(|&block| function.block(block).in_loop == Some(id)).collect::<Vec<_>>();
    let ([left, right], predicate, _) = compared(function, function.loops[id.0 as usize].header, &own)?;
    let varies = |operand: Operand| operand.local().filter(|local| written.contains(local));
    let (local, stop, goes_on) = match (varies(left), varies(right)) {
        (Some(local), None) => (local, right, predicate),
        (None, Some(local)) => (local, left, predicate.swapped()),
        (Some(_), Some(_)) | (None, None) => return None,
    };
    let mut writes = blocks.iter().flat_map(|&block| {
        let statements = function.block(block).statements.iter().enumerate();
        statements.filter(|(_, one)| one.target == local).map(move |(at, one)| ((block, at), one))
    });
    let (place, only) = writes.next()?;
    let step = added(&only.value, local).filter(|_| writes.next().is_none() && own.contains(&place.0))?;
    let towards = match goes_on {
        Predicate::Lt | Predicate::Le => step > 0,
        Predicate::Gt | Predicate::Ge => step < 0,
        Predicate::Ne => step.abs() == 1,
        Predicate::Eq => false,
    };
    towards.then_some(Around { local, stop, goes_on, step, written: place })
}

/// A point of the function: in front of a statement of a block.
type Point = (BlockId, usize);

struct Search<'a> {
    function: &'a Function,
    around: LoopId,
    inner: LoopId,
    counter: Around,
    /// What the outer loop writes, the loops in it included.
    written: HashSet<LocalId>,
    /// The predecessors of blocks within the outer loop.
    before: HashMap<BlockId, Vec<BlockId>>,
    nodes: Vec<Node>,
    /// Nodes that must not be negative.
    naturals: Vec<NodeId>,
}

impl Search<'_> {
    /// The node for each node of the inner loop's plan.
    fn map(&mut self, counter: &super::Counter, plan: &Plan) -> Option<Vec<NodeId>> {
        let mut mapped = Vec::<NodeId>::new();
        let used = plan.used().collect::<HashSet<_>>();
        for (at, node) in plan.nodes.iter().enumerate() {
            let of = |node: NodeId| mapped[node.0 as usize];
            let made = match *node {
                // It takes the place of what nobody asks for.
                _ if !used.contains(&NodeId(at as u32)) => self.node(Node::Fixed(i64::MIN, i64::MAX)),
                Node::Fixed(..) => self.node(*node),
                Node::Entry(local) => self.at_entry(Operand::Local(local))?,
                Node::NonNegative(local) => {
                    let entry = self.at_entry(Operand::Local(local))?;
                    self.naturals.push(entry);
                    self.node(Node::Fixed(NOT_NEGATIVE.0, NOT_NEGATIVE.1))
                }
                Node::Counter => self.counted(counter)?,
                Node::Hull(left, right) => self.node(Node::Hull(of(left), of(right))),
                Node::Span(left, right) => self.node(Node::Span(of(left), of(right))),
                Node::Add(left, right) => self.node(Node::Add(of(left), of(right))),
                Node::Sub(left, right) => self.node(Node::Sub(of(left), of(right))),
                Node::Mul(left, right) => self.node(Node::Mul(of(left), of(right))),
                Node::Sums(only) | Node::Earlier(only) => self.sums(counter, *node, of(only))?,
                Node::WithZero(only) => self.node(Node::WithZero(of(only))),
                Node::Rest(only) => self.node(Node::Rest(of(only))),
            };
            mapped.push(made);
        }
        Some(mapped)
    }

    fn node(&mut self, node: Node) -> NodeId {
        let known = self.nodes.iter().position(|one| *one == node);
        let at = known.unwrap_or_else(|| {
            self.nodes.push(node);
            self.nodes.len() - 1
        });
        NodeId(at as u32)
    }

    /// All values of the inner loop's counter where turns begin.
    fn counted(&mut self, counter: &super::Counter) -> Option<NodeId> {
        let (start, stop) = (self.at_entry(Operand::Local(counter.local))?, self.at_entry(counter.stop)?);
        let one = self.node(Node::Fixed(1, 1));
        Some(match counter.goes_on.ordered(counter.is_up()) {
            Predicate::Lt => {
                let last = self.node(Node::Sub(stop, one));
                self.node(Node::Span(start, last))
            }
            Predicate::Le => self.node(Node::Span(start, stop)),
            Predicate::Gt => {
                let last = self.node(Node::Add(stop, one));
                self.node(Node::Span(last, start))
            }
            Predicate::Ge => self.node(Node::Span(stop, start)),
            Predicate::Eq | Predicate::Ne => return None,
        })
    }

    /// Sums of up to as many addends as a run has turns, or turns before the last one.
    fn sums(&mut self, counter: &super::Counter, node: Node, addend: NodeId) -> Option<NodeId> {
        let is_earlier = matches!(node, Node::Earlier(_));
        if counter.steps.0.abs() != 1 || counter.steps.1.abs() != 1 || counter.may_miss() && !counter.hidden {
            return Some(self.node(if is_earlier { Node::Earlier(addend) } else { Node::Sums(addend) }));
        }
        let (start, stop) = (self.at_entry(Operand::Local(counter.local))?, self.at_entry(counter.stop)?);
        let distance = if counter.is_up() { Node::Sub(stop, start) } else { Node::Sub(start, stop) };
        let (mut distance, none) = (self.node(distance), self.node(Node::Fixed(0, 0)));
        let one = self.node(Node::Fixed(1, 1));
        match (matches!(counter.goes_on, Predicate::Le | Predicate::Ge), is_earlier) {
            (true, false) => distance = self.node(Node::Add(distance, one)),
            (false, true) => distance = self.node(Node::Sub(distance, one)),
            (true, true) | (false, false) => {}
        }
        let (turns, addend) = (self.node(Node::Span(none, distance)), self.node(Node::WithZero(addend)));
        Some(self.node(Node::Mul(addend, turns)))
    }

    /// The distance from the counter to its stop, and what is above those that a block may have.
    fn distance(&mut self, counter: &super::Counter, most: i64) -> Option<(NodeId, NodeId)> {
        let (start, stop) = (self.at_entry(Operand::Local(counter.local))?, self.at_entry(counter.stop)?);
        let distance = if counter.is_up() { Node::Sub(stop, start) } else { Node::Sub(start, stop) };
        let distance = self.node(distance);
        if counter.may_miss() {
            self.naturals.push(distance);
        }
        Some((distance, self.node(Node::Fixed(most.checked_add(1)?, i64::MAX))))
    }

    /// What an operand may be where the inner loop is entered.
    fn at_entry(&mut self, operand: Operand) -> Option<NodeId> {
        let header = self.function.loops[self.inner.0 as usize].header;
        let before = self.before.get(&header)?.iter().copied();
        let ends = before.filter(|&block| !within(self.function, block, self.inner)).map(|block| self.end_of(block));
        let ends = ends.collect::<Vec<_>>();
        self.operand(operand, &ends, 0)
    }

    fn end_of(&self, block: BlockId) -> Point {
        (block, self.function.block(block).statements.len())
    }

    /// What an operand may be at some points of a turn of the outer loop.
    fn operand(&mut self, operand: Operand, at: &[Point], depth: usize) -> Option<NodeId> {
        let local = match operand {
            Operand::Constant(Constant::Int(value)) => return Some(self.node(Node::Fixed(value, value))),
            Operand::Constant(Constant::Bool(_)) => return Some(self.node(Node::Fixed(0, 1))),
            Operand::Constant(Constant::None | Constant::Float(_) | Constant::Nat(_) | Constant::Complex(..)) => {
                return None;
            }
            Operand::Local(local) => local,
        };
        match self.function.local(local).types.single() {
            Some(Type::Bool) => return Some(self.node(Node::Fixed(0, 1))),
            Some(Type::Int) => {}
            _ => return None,
        }
        if !self.written.contains(&local) {
            return Some(self.node(Node::Entry(local)));
        }
        if depth > DEPTH {
            return None;
        }
        let (writes, from_before) = self.reaching(local, at);
        let mut all = Vec::new();
        if local == self.counter.local {
            let counter = self.node(Node::Counter);
            all.extend(from_before.then_some(counter));
            if writes.contains(&self.counter.written) {
                let step = self.node(Node::Fixed(self.counter.step, self.counter.step));
                all.push(self.node(Node::Add(counter, step)));
            }
        } else if from_before {
            return None;
        } else {
            for write in writes {
                all.push(self.value(write, depth)?);
            }
        }
        all.into_iter().reduce(|one, other| if one == other { one } else { self.node(Node::Hull(one, other)) })
    }

    /// The writes of a local whose values may be there at some points of a turn, and whether that of the turn before may.
    fn reaching(&self, local: LocalId, at: &[Point]) -> (Vec<Point>, bool) {
        let header = self.function.loops[self.around.0 as usize].header;
        let (mut found, mut from_before) = (Vec::new(), false);
        let (mut waiting, mut seen) = (at.to_vec(), HashSet::new());
        while let Some((block, end)) = waiting.pop() {
            let statements = &self.function.block(block).statements[..end];
            if let Some(at) = statements.iter().rposition(|one| one.target == local) {
                if !found.contains(&(block, at)) {
                    found.push((block, at));
                }
            } else if block == header {
                from_before = true;
            } else {
                let before = self.before.get(&block).into_iter().flatten();
                waiting.extend(before.filter(|&&one| seen.insert(one)).map(|&one| self.end_of(one)));
            }
        }
        (found, from_before)
    }

    /// What a statement may write.
    fn value(&mut self, (block, at): Point, depth: usize) -> Option<NodeId> {
        let function = self.function;
        let here = [(block, at)];
        let (op, args) = match &function.block(block).statements[at].value {
            Value::Convert(operand) => return self.operand(*operand, &here, depth + 1),
            Value::Create(_) | Value::Call(_) | Value::Given(_) => return None,
            Value::Op { op, args, .. } => (op.row(), args.as_slice()),
        };
        let mut operand = |operand: Operand| self.operand(operand, &here, depth + 1);
        match (op.recipe, args) {
            (Recipe::Same, &[only]) => operand(only),
            (Recipe::AddInt, &[left, right]) => {
                let sum = Node::Add(operand(left)?, operand(right)?);
                Some(self.node(sum))
            }
            (Recipe::SubInt, &[left, right]) => {
                let difference = Node::Sub(operand(left)?, operand(right)?);
                Some(self.node(difference))
            }
            (Recipe::MulInt, &[left, right]) => {
                let product = Node::Mul(operand(left)?, operand(right)?);
                Some(self.node(product))
            }
            (Recipe::StepUp, &[only]) => {
                let only = operand(only)?;
                let one = self.node(Node::Fixed(1, 1));
                Some(self.node(Node::Add(only, one)))
            }
            (Recipe::StepDown, &[only]) => {
                let only = operand(only)?;
                let one = self.node(Node::Fixed(1, 1));
                Some(self.node(Node::Sub(only, one)))
            }
            _ => None,
        }
    }
}

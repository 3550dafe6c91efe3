//! The test before a block of turns of a loop: a small program on intervals, and what it proves.
//!
//! Made by [`super::ranges`]; lowering writes it as instructions, [`Plan::holds`] runs it as those do.

use std::collections::HashMap;

use fixedbitset::FixedBitSet;

use crate::ir::{BlockId, LocalId};

/// All ints that are not negative.
pub const NOT_NEGATIVE: (i64, i64) = (0, i64::MAX);
/// A block has at most so many turns.
pub const MOST_TURNS: u64 = 1 << 14;

/// Indices that may be as large as this are not hoped to be within an array.
const LONGEST: i64 = 1 << 31;

/// Index of a [`Node`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// An interval, computed from others. Each can fail, and then nothing is proven.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Node {
    /// These bounds, whatever happens.
    Fixed(i64, i64),
    /// The value of a local before the block.
    Entry(LocalId),
    /// The value of a local before the block, which fails if it is negative; then any int that is not.
    NonNegative(LocalId),
    /// The values of the loop's counter where the turns of the block begin; fails if there are none and [`Plan::may_miss`].
    Counter,
    /// Both intervals and what is between.
    Hull(NodeId, NodeId),
    /// From the least of the first to the greatest of the second: there is nothing between if that is less.
    Span(NodeId, NodeId),
    /// Sums; fails if one leaves 64 bits, as do the others.
    Add(NodeId, NodeId),
    /// Differences.
    Sub(NodeId, NodeId),
    /// Products.
    Mul(NodeId, NodeId),
    /// Sums of up to as many addends of the interval as the block has turns, none included.
    Sums(NodeId),
    /// The same of the turns before the last one: what there is where a turn begins.
    Earlier(NodeId),
    /// The interval and zero.
    WithZero(NodeId),
    /// From zero to the greatest divisor less one; fails unless all divisors are positive.
    Rest(NodeId),
}

/// What is proven of a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// The result fits.
    pub fits: bool,
    /// The first operand is not negative.
    pub dividend_not_negative: bool,
    /// The second operand is not negative.
    pub divisor_not_negative: bool,
    /// The second operand is not zero either.
    pub divisor_positive: bool,
    /// The first operand, an index, is within the second, a length.
    pub within: bool,
    /// It is negative, and within the length from the end.
    pub from_end: bool,
    /// What the operation leaves for is looked for behind the block ([`super::late`]).
    pub late: bool,
}

/// The outcome for one loop.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Each refers to earlier ones only.
    pub nodes: Vec<Node>,
    /// Between what the bounds of each node lie, whatever the values are: what need not be computed, and not be tested.
    pub fixed: Vec<(i64, i64)>,
    /// Nodes that must not fail.
    pub computed: Vec<NodeId>,
    /// Nodes whose lower bound must be at least this.
    pub at_least: Vec<(NodeId, i64)>,
    /// Pairs of nodes, of which the upper bound of the first must be below the lower bound of the second.
    pub below: Vec<(NodeId, NodeId)>,
    /// What holds then, by block and place in it.
    pub proofs: HashMap<(BlockId, usize), Proof>,
    /// Locals that every turn tests: if one is not within 0 and its limit, the turn is done with all checks.
    pub guards: Vec<(LocalId, i64)>,
    /// The counter may begin beyond its stop, which it must not be equal to: then its least value is above the greatest.
    pub may_miss: bool,
    /// Turns write elements, so that they cannot be done again: blocks are looked at first ([`super::late`]).
    pub first: Option<Apart>,
    /// How much there is to gain: checks and corrections that are left out.
    pub gains: usize,
}

/// A statement by its block and place in it.
pub type Place = (BlockId, usize);

/// The reads and writes of elements of which no two may meet within a block of turns.
pub type Apart = Vec<(Place, Place)>;

/// What a program says: bounds of each node, or that it failed.
type Bounds = Option<(i64, i64)>;

/// What has to be tested of a node, the lower and the upper bound: the rest follows from [`Plan::fixed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tests {
    /// The lower bound may be too small (for [`Node::Rest`] and [`Node::NonNegative`]: what enters), or, for [`Node::Counter`], too
    /// large for the upper one.
    pub low: bool,
    /// The upper bound may be too large.
    pub high: bool,
}

impl Plan {
    /// The nodes that the test has to compute, in order.
    pub fn used(&self) -> impl Iterator<Item = NodeId> {
        let mut used = FixedBitSet::with_capacity(self.nodes.len());
        let roots = self.computed.iter().copied().chain(self.at_least.iter().map(|&(node, _)| node));
        let roots = roots.chain(self.below.iter().flat_map(|&(lower, upper)| [lower, upper]));
        used.extend(roots.map(|node| node.0 as usize));
        for at in (0..self.nodes.len()).rev() {
            if used.contains(at) {
                used.extend(self.nodes[at].parts().into_iter().flatten().map(|node| node.0 as usize));
            }
        }
        let used = used.ones().map(|at| NodeId(at as u32)).collect::<Vec<_>>();
        used.into_iter()
    }

    /// What is known of a part of a node.
    #[must_use]
    pub fn fixed(&self, node: NodeId) -> (i64, i64) {
        self.fixed[node.0 as usize]
    }

    /// What has to be tested of a node. A bound beyond one end is not tested where the other bound would be beyond it, too.
    #[must_use]
    pub fn tests(&self, id: NodeId) -> Tests {
        let wide = |part: NodeId| {
            let (low, high) = self.fixed(part);
            (i128::from(low), i128::from(high))
        };
        let beyond = |low: i128, high: i128| Tests { low: low < i64::MIN.into(), high: high > i64::MAX.into() };
        match self.nodes[id.0 as usize] {
            Node::Fixed(..) | Node::Entry(_) | Node::Hull(..) | Node::Span(..) | Node::WithZero(_) => {
                Tests { low: false, high: false }
            }
            Node::Counter => Tests { low: self.may_miss, high: false },
            Node::NonNegative(_) => Tests { low: true, high: false },
            Node::Add(left, right) => beyond(wide(left).0 + wide(right).0, wide(left).1 + wide(right).1),
            Node::Sub(left, right) => beyond(wide(left).0 - wide(right).1, wide(left).1 - wide(right).0),
            Node::Mul(left, right) if self.is_product_of_naturals(left, right) => {
                beyond(0, wide(left).1 * wide(right).1)
            }
            Node::Mul(..) => Tests { low: true, high: true },
            Node::Sums(only) | Node::Earlier(only) => {
                beyond(wide(only).0 * i128::from(MOST_TURNS), wide(only).1 * i128::from(MOST_TURNS))
            }
            Node::Rest(only) => Tests { low: wide(only).0 < 1, high: false },
        }
    }

    /// True if no factor is negative: then the bounds are the products of the bounds.
    #[must_use]
    pub fn is_product_of_naturals(&self, left: NodeId, right: NodeId) -> bool {
        self.fixed(left).0 >= 0 && self.fixed(right).0 >= 0
    }

    /// The demands of [`Plan::at_least`] that do not hold anyway.
    pub fn demands(&self) -> impl Iterator<Item = (NodeId, i64)> {
        self.at_least.iter().copied().filter(|&(node, least)| self.fixed(node).0 < least)
    }

    /// The nodes that must not be negative and are computed from the loop's counter: where it grows, they may be so in the first turns
    /// only.
    #[must_use]
    pub fn first_indices(&self) -> Vec<NodeId> {
        let mut counted = FixedBitSet::with_capacity(self.nodes.len());
        for (at, node) in self.nodes.iter().enumerate() {
            let of_parts = node.parts().into_iter().flatten().any(|part| counted.contains(part.0 as usize));
            counted.set(at, *node == Node::Counter || of_parts);
        }
        let negative = self.demands().filter(|&(_, least)| least == 0).map(|(node, _)| node);
        negative.filter(|node| counted.contains(node.0 as usize)).collect()
    }

    /// True if some checks are made behind the block.
    #[must_use]
    pub fn has_late_checks(&self) -> bool {
        self.proofs.values().any(|proof| proof.late)
    }

    /// False if the test fails whatever the values are, because of limits and constants alone.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        // An index that is known for nothing but to be below a limit: no array is that long.
        let beyond = |&(index, _): &(NodeId, NodeId)| match self.nodes[index.0 as usize] {
            Node::Fixed(_, high) => high >= LONGEST,
            _ => false,
        };
        if self.below.iter().any(beyond) {
            return false;
        }
        let mut bounds = vec![None; self.nodes.len()];
        for id in self.used() {
            let node = self.nodes[id.0 as usize];
            let fixed = match node {
                Node::Fixed(..) => true,
                Node::Entry(_) | Node::NonNegative(_) | Node::Counter | Node::Sums(_) | Node::Earlier(_) => false,
                Node::Hull(..)
                | Node::Span(..)
                | Node::Add(..)
                | Node::Sub(..)
                | Node::Mul(..)
                | Node::WithZero(_)
                | Node::Rest(_) => node.parts().into_iter().flatten().all(|part| bounds[part.0 as usize].is_some()),
            };
            if fixed {
                let of = |part: NodeId| bounds[part.0 as usize].unwrap_or_default();
                match self.bounds(id, of, &|_| 0, (0, 0), 0) {
                    Some(both) => bounds[id.0 as usize] = Some(both),
                    None => return false,
                }
            }
        }
        true
    }

    /// Runs the test: on the values of locals before the block, the bounds of the counter within it, and at most so many turns.
    pub fn holds(&self, entry: impl Fn(LocalId) -> i64, counter: (i64, i64), turns: i64) -> bool {
        let mut bounds = vec![(0, 0); self.nodes.len()];
        for id in self.used() {
            let of = |node: NodeId| bounds[node.0 as usize];
            match self.bounds(id, of, &entry, counter, turns) {
                Some(both) => bounds[id.0 as usize] = both,
                None => return false,
            }
        }
        let of = |node: NodeId| bounds[node.0 as usize];
        self.demands().all(|(node, least)| of(node).0 >= least)
            && self.below.iter().all(|&(lower, upper)| of(lower).1 < of(upper).0)
    }

    fn bounds(
        &self,
        id: NodeId,
        of: impl Fn(NodeId) -> (i64, i64),
        entry: &impl Fn(LocalId) -> i64,
        counter: (i64, i64),
        turns: i64,
    ) -> Bounds {
        let tests = self.tests(id);
        // What is not tested wraps, as it does in machine code.
        let both = |low: (i64, bool), high: (i64, bool)| {
            let failed = tests.low && low.1 || tests.high && high.1;
            (!failed).then_some((low.0, high.0))
        };
        match self.nodes[id.0 as usize] {
            Node::Fixed(low, high) => Some((low, high)),
            Node::Entry(local) => Some((entry(local), entry(local))),
            Node::NonNegative(local) => (entry(local) >= 0).then_some(NOT_NEGATIVE),
            Node::Counter => (!tests.low || counter.0 <= counter.1).then_some(counter),
            Node::Hull(left, right) => Some((of(left).0.min(of(right).0), of(left).1.max(of(right).1))),
            Node::Span(left, right) => Some((of(left).0, of(right).1)),
            Node::Add(left, right) => {
                both(of(left).0.overflowing_add(of(right).0), of(left).1.overflowing_add(of(right).1))
            }
            Node::Sub(left, right) => {
                both(of(left).0.overflowing_sub(of(right).1), of(left).1.overflowing_sub(of(right).0))
            }
            Node::Mul(left, right) if self.is_product_of_naturals(left, right) => {
                both(of(left).0.overflowing_mul(of(right).0), of(left).1.overflowing_mul(of(right).1))
            }
            Node::Mul(left, right) if left == right => {
                let (low, high) = of(left);
                Some((0, low.checked_mul(low)?.max(high.checked_mul(high)?)))
            }
            Node::Mul(left, right) => {
                let (left, right) = (of(left), of(right));
                let corners = [(left.0, right.0), (left.0, right.1), (left.1, right.0), (left.1, right.1)];
                let products = corners.map(|(left, right)| left.checked_mul(right));
                let products = products.into_iter().collect::<Option<Vec<_>>>()?;
                Some((*products.iter().min()?, *products.iter().max()?))
            }
            Node::Sums(only) => {
                both(of(only).0.min(0).overflowing_mul(turns), of(only).1.max(0).overflowing_mul(turns))
            }
            Node::Earlier(only) => {
                let turns = turns - 1;
                both(of(only).0.min(0).overflowing_mul(turns), of(only).1.max(0).overflowing_mul(turns))
            }
            Node::WithZero(only) => Some((of(only).0.min(0), of(only).1.max(0))),
            Node::Rest(only) => (!tests.low || of(only).0 >= 1).then(|| (0, of(only).1.wrapping_sub(1))),
        }
    }
}

impl Node {
    /// The nodes it is computed from.
    #[must_use]
    pub const fn parts(self) -> [Option<NodeId>; 2] {
        match self {
            Self::Fixed(..) | Self::Entry(_) | Self::NonNegative(_) | Self::Counter => [None, None],
            Self::Hull(left, right)
            | Self::Span(left, right)
            | Self::Add(left, right)
            | Self::Sub(left, right)
            | Self::Mul(left, right) => [Some(left), Some(right)],
            Self::Sums(only) | Self::Earlier(only) | Self::WithZero(only) | Self::Rest(only) => [Some(only), None],
        }
    }

    /// Between what the bounds lie, from the same of its parts; of what enters if nothing is computed.
    #[must_use]
    pub fn fixed(self, of: impl Fn(NodeId) -> (i64, i64), enters: (i64, i64)) -> (i64, i64) {
        let wide = |part: NodeId| (i128::from(of(part).0), i128::from(of(part).1));
        let cut = |low: i128, high: i128| {
            let cut = |one: i128| one.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
            (cut(low), cut(high))
        };
        match self {
            Self::Fixed(low, high) => (low, high),
            Self::Entry(_) | Self::Counter => enters,
            Self::NonNegative(_) => NOT_NEGATIVE,
            Self::Hull(left, right) => (of(left).0.min(of(right).0), of(left).1.max(of(right).1)),
            Self::Span(left, right) => (of(left).0, of(right).1),
            Self::Add(left, right) => cut(wide(left).0 + wide(right).0, wide(left).1 + wide(right).1),
            Self::Sub(left, right) => cut(wide(left).0 - wide(right).1, wide(left).1 - wide(right).0),
            Self::Mul(left, right) => {
                let ((a, b), (c, d)) = (wide(left), wide(right));
                let corners = [a * c, a * d, b * c, b * d];
                let (low, high) =
                    corners.into_iter().fold((i128::MAX, i128::MIN), |(low, high), one| (low.min(one), high.max(one)));
                cut(if left == right { low.max(0) } else { low }, high)
            }
            Self::Sums(only) | Self::Earlier(only) => {
                let turns = i128::from(MOST_TURNS);
                cut(wide(only).0.min(0) * turns, wide(only).1.max(0) * turns)
            }
            Self::WithZero(only) => (of(only).0.min(0), of(only).1.max(0)),
            Self::Rest(only) => (0, of(only).1.saturating_sub(1).max(0)),
        }
    }
}

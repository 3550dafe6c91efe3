//! The test before a block of turns of a loop: a small program on intervals, and what it proves.
//!
//! Made by [`super::ranges`]; lowering writes it as instructions, [`Plan::holds`] runs it as those do.

use std::collections::HashMap;

use fixedbitset::FixedBitSet;

use crate::ir::{BlockId, LocalId};

/// All ints that are not negative.
pub const NOT_NEGATIVE: (i64, i64) = (0, i64::MAX);

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
    /// The values of the loop's hidden counter within the turns of the block.
    Counter,
    /// Both intervals and what is between.
    Hull(NodeId, NodeId),
    /// Sums; fails if one leaves 64 bits, as do the others.
    Add(NodeId, NodeId),
    /// Differences.
    Sub(NodeId, NodeId),
    /// Products.
    Mul(NodeId, NodeId),
    /// Sums of up to as many addends of the interval as the block has turns, none included.
    Sums(NodeId),
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
}

/// The outcome for one loop.
#[derive(Debug, Default)]
pub struct Plan {
    /// Each refers to earlier ones only.
    pub nodes: Vec<Node>,
    /// Nodes that must not fail.
    pub computed: Vec<NodeId>,
    /// Nodes whose lower bound must be at least this.
    pub at_least: Vec<(NodeId, i64)>,
    /// What holds then, by block and place in it.
    pub proofs: HashMap<(BlockId, usize), Proof>,
    /// Locals that every turn tests: if one is not within 0 and its limit, the turn is done with all checks.
    pub guards: Vec<(LocalId, i64)>,
    /// How much there is to gain: checks and corrections that are left out.
    pub gains: usize,
}

/// What a program says: bounds of each node, or that it failed.
type Bounds = Option<(i64, i64)>;

impl Plan {
    /// The nodes that the test has to compute, in order.
    pub fn used(&self) -> impl Iterator<Item = NodeId> {
        let mut used = FixedBitSet::with_capacity(self.nodes.len());
        let roots = self.computed.iter().copied().chain(self.at_least.iter().map(|&(node, _)| node));
        used.extend(roots.map(|node| node.0 as usize));
        for at in (0..self.nodes.len()).rev() {
            if used.contains(at) {
                used.extend(self.nodes[at].parts().into_iter().flatten().map(|node| node.0 as usize));
            }
        }
        let used = used.ones().map(|at| NodeId(at as u32)).collect::<Vec<_>>();
        used.into_iter()
    }

    /// False if the test fails whatever the values are, because of limits and constants alone.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        let mut bounds = vec![None; self.nodes.len()];
        for id in self.used() {
            let node = self.nodes[id.0 as usize];
            let fixed = match node {
                Node::Fixed(..) => true,
                Node::Entry(_) | Node::NonNegative(_) | Node::Counter | Node::Sums(_) => false,
                Node::Hull(..) | Node::Add(..) | Node::Sub(..) | Node::Mul(..) | Node::WithZero(_) | Node::Rest(_) => {
                    node.parts().into_iter().flatten().all(|part| bounds[part.0 as usize].is_some())
                }
            };
            if fixed {
                let of = |part: NodeId| bounds[part.0 as usize].unwrap_or_default();
                match node.bounds(of, &|_| 0, (0, 0), 0) {
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
            match self.nodes[id.0 as usize].bounds(of, &entry, counter, turns) {
                Some(both) => bounds[id.0 as usize] = both,
                None => return false,
            }
        }
        self.at_least.iter().all(|&(node, least)| bounds[node.0 as usize].0 >= least)
    }
}

impl Node {
    /// The nodes it is computed from.
    #[must_use]
    pub const fn parts(self) -> [Option<NodeId>; 2] {
        match self {
            Self::Fixed(..) | Self::Entry(_) | Self::NonNegative(_) | Self::Counter => [None, None],
            Self::Hull(left, right) | Self::Add(left, right) | Self::Sub(left, right) | Self::Mul(left, right) => {
                [Some(left), Some(right)]
            }
            Self::Sums(only) | Self::WithZero(only) | Self::Rest(only) => [Some(only), None],
        }
    }

    fn bounds(
        self,
        of: impl Fn(NodeId) -> (i64, i64),
        entry: &impl Fn(LocalId) -> i64,
        counter: (i64, i64),
        turns: i64,
    ) -> Bounds {
        match self {
            Self::Fixed(low, high) => Some((low, high)),
            Self::Entry(local) => Some((entry(local), entry(local))),
            Self::NonNegative(local) => (entry(local) >= 0).then_some(NOT_NEGATIVE),
            Self::Counter => Some(counter),
            Self::Hull(left, right) => Some((of(left).0.min(of(right).0), of(left).1.max(of(right).1))),
            Self::Add(left, right) => {
                Some((of(left).0.checked_add(of(right).0)?, of(left).1.checked_add(of(right).1)?))
            }
            Self::Sub(left, right) => {
                Some((of(left).0.checked_sub(of(right).1)?, of(left).1.checked_sub(of(right).0)?))
            }
            Self::Mul(left, right) => {
                let (left, right) = (of(left), of(right));
                let corners = [(left.0, right.0), (left.0, right.1), (left.1, right.0), (left.1, right.1)];
                let products = corners.map(|(left, right)| left.checked_mul(right));
                let products = products.into_iter().collect::<Option<Vec<_>>>()?;
                Some((*products.iter().min()?, *products.iter().max()?))
            }
            Self::Sums(only) => Some((of(only).0.min(0).checked_mul(turns)?, of(only).1.max(0).checked_mul(turns)?)),
            Self::WithZero(only) => Some((of(only).0.min(0), of(only).1.max(0))),
            Self::Rest(only) => (of(only).0 >= 1).then(|| (0, of(only).1 - 1)),
        }
    }
}

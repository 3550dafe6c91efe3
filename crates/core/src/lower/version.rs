//! The test before a block of turns, as instructions: [`Plan`] on the values of the slots.
//!
//! What [`Plan::tests`] leaves out is neither computed nor tested, and what is computed of constants is a constant: every
//! instruction here is optimised and selected again for each loop, which is most of what a second copy costs.

use inkwell::IntPredicate;
use inkwell::values::IntValue;

use super::Lowerer;
use crate::loops::plan::{Node, NodeId, Plan, Tests};

/// Bounds of a node.
#[derive(Clone, Copy)]
struct Bounds<'ctx> {
    low: IntValue<'ctx>,
    high: IntValue<'ctx>,
}

impl<'ctx> Lowerer<'ctx, '_> {
    /// True if all that the plan proves holds in the block: `counter` bounds the loop's counter where turns begin; there are no
    /// more than `turns`, at most [`crate::loops::plan::MOST_TURNS`]. `None` if nothing has to be tested.
    pub(super) fn test(
        &self,
        plan: &Plan,
        counter: Option<(IntValue<'ctx>, IntValue<'ctx>)>,
        turns: IntValue<'ctx>,
    ) -> Option<IntValue<'ctx>> {
        self.test_and_least(plan, counter, turns).0
    }

    /// The same, and the least of [`Plan::first_indices`].
    pub(super) fn test_and_least(
        &self,
        plan: &Plan,
        counter: Option<(IntValue<'ctx>, IntValue<'ctx>)>,
        turns: IntValue<'ctx>,
    ) -> (Option<IntValue<'ctx>>, Option<IntValue<'ctx>>) {
        let bounds = vec![None; plan.nodes.len()];
        let mut test = Test { lowerer: self, plan, counter, turns, bounds, failed: Vec::new() };
        for id in plan.used() {
            let bounds = test.node(id);
            test.bounds[id.0 as usize] = Some(bounds);
        }
        for (node, least) in plan.demands() {
            let failed = self.b.compare(IntPredicate::SLT, test.of(node).low, self.b.int(least));
            test.failed.push(failed);
        }
        for &(lower, upper) in &plan.below {
            let failed = self.b.compare(IntPredicate::SGE, test.of(lower).high, test.of(upper).low);
            test.failed.push(failed);
        }
        let lows = plan.first_indices().into_iter().map(|node| test.of(node).low);
        let least = lows.reduce(|one, other| test.least(one, other));
        let failed = test.failed.into_iter().reduce(|one, other| self.b.or(one, other));
        (failed.map(|failed| self.b.not(failed)), least)
    }
}

struct Test<'a, 'ctx, 'ir> {
    lowerer: &'a Lowerer<'ctx, 'ir>,
    plan: &'a Plan,
    counter: Option<(IntValue<'ctx>, IntValue<'ctx>)>,
    turns: IntValue<'ctx>,
    bounds: Vec<Option<Bounds<'ctx>>>,
    failed: Vec<IntValue<'ctx>>,
}

/// An operation that may overflow: the intrinsic that tells, and what it does to constants.
#[derive(Clone, Copy)]
enum Checked {
    Add,
    Sub,
    Mul,
}

impl<'ctx> Test<'_, 'ctx, '_> {
    fn of(&self, node: NodeId) -> Bounds<'ctx> {
        self.bounds[node.0 as usize].expect("nodes refer to earlier ones")
    }

    fn node(&mut self, id: NodeId) -> Bounds<'ctx> {
        let b = &self.lowerer.b;
        let plan = self.plan;
        let Tests { low: test_low, high: test_high } = plan.tests(id);
        match plan.nodes[id.0 as usize] {
            Node::Fixed(low, high) => Bounds { low: b.int(low), high: b.int(high) },
            Node::Entry(local) => {
                let value = self.lowerer.read(local).int();
                Bounds { low: value, high: value }
            }
            Node::NonNegative(local) => {
                let value = self.lowerer.read(local).int();
                self.failed.push(b.compare(IntPredicate::SLT, value, b.int(0)));
                Bounds { low: b.int(0), high: b.int(i64::MAX) }
            }
            Node::Counter => {
                let (low, high) = self.counter.expect("a loop with a counter");
                if test_low {
                    self.failed.push(b.compare(IntPredicate::SGT, low, high));
                }
                Bounds { low, high }
            }
            Node::Hull(left, right) => self.hull(left, right),
            Node::Span(left, right) => Bounds { low: self.of(left).low, high: self.of(right).high },
            Node::Add(left, right) => {
                let (left, right) = (self.of(left), self.of(right));
                let low = self.checked(Checked::Add, left.low, right.low, test_low);
                Bounds { low, high: self.checked(Checked::Add, left.high, right.high, test_high) }
            }
            Node::Sub(left, right) => {
                let (left, right) = (self.of(left), self.of(right));
                let low = self.checked(Checked::Sub, left.low, right.high, test_low);
                Bounds { low, high: self.checked(Checked::Sub, left.high, right.low, test_high) }
            }
            Node::Mul(left, right) if plan.is_product_of_naturals(left, right) => {
                let (left, right) = (self.of(left), self.of(right));
                let low = self.checked(Checked::Mul, left.low, right.low, test_low);
                Bounds { low, high: self.checked(Checked::Mul, left.high, right.high, test_high) }
            }
            Node::Mul(left, right) if left == right => {
                let only = self.of(left);
                let high = self.checked(Checked::Mul, only.high, only.high, test_high);
                let low =
                    if only.low == only.high { high } else { self.checked(Checked::Mul, only.low, only.low, test_low) };
                Bounds { low: b.int(0), high: self.greatest(low, high) }
            }
            Node::Mul(left, right) => self.product(self.of(left), self.of(right)),
            Node::Sums(only) | Node::Earlier(only) => {
                let signs = self.with_zero(only);
                let is_earlier = matches!(plan.nodes[id.0 as usize], Node::Earlier(_));
                let turns = if is_earlier { b.sub(self.turns, b.int(1)) } else { self.turns };
                let low = self.checked(Checked::Mul, signs.low, turns, test_low);
                Bounds { low, high: self.checked(Checked::Mul, signs.high, turns, test_high) }
            }
            Node::WithZero(only) => self.with_zero(only),
            Node::Rest(only) => {
                let only = self.of(only);
                if test_low {
                    self.failed.push(b.compare(IntPredicate::SLT, only.low, b.int(1)));
                }
                Bounds { low: b.int(0), high: self.checked(Checked::Sub, only.high, b.int(1), false) }
            }
        }
    }

    fn hull(&self, left: NodeId, right: NodeId) -> Bounds<'ctx> {
        let ((a, b), (c, d)) = (self.plan.fixed(left), self.plan.fixed(right));
        let (left, right) = (self.of(left), self.of(right));
        let low = match () {
            () if b <= c => left.low,
            () if d <= a => right.low,
            () => self.least(left.low, right.low),
        };
        let high = match () {
            () if b <= c => right.high,
            () if d <= a => left.high,
            () => self.greatest(left.high, right.high),
        };
        Bounds { low, high }
    }

    fn with_zero(&self, only: NodeId) -> Bounds<'ctx> {
        let (least, most) = self.plan.fixed(only);
        let (only, zero) = (self.of(only), self.lowerer.b.int(0));
        Bounds {
            low: if least >= 0 { zero } else { self.least(only.low, zero) },
            high: if most <= 0 { zero } else { self.greatest(only.high, zero) },
        }
    }

    /// The least and the greatest of the products of the bounds.
    fn product(&mut self, left: Bounds<'ctx>, right: Bounds<'ctx>) -> Bounds<'ctx> {
        let mut corners = Vec::new();
        for one in [left.low, left.high] {
            for other in [right.low, right.high] {
                if !corners.contains(&(one, other)) {
                    corners.push((one, other));
                }
            }
        }
        let products = corners.into_iter().map(|(one, other)| self.checked(Checked::Mul, one, other, true));
        let products = products.collect::<Vec<_>>();
        let (first, rest) = products.split_first().expect("a product");
        Bounds {
            low: rest.iter().fold(*first, |low, &one| self.least(low, one)),
            high: rest.iter().fold(*first, |high, &one| self.greatest(high, one)),
        }
    }

    fn checked(&mut self, what: Checked, left: IntValue<'ctx>, right: IntValue<'ctx>, test: bool) -> IntValue<'ctx> {
        let b = &self.lowerer.b;
        let known = (constant(left), constant(right));
        let (folded, name) = match what {
            Checked::Add => {
                (known.0.zip(known.1).and_then(|(one, other)| one.checked_add(other)), "llvm.sadd.with.overflow")
            }
            Checked::Sub => {
                (known.0.zip(known.1).and_then(|(one, other)| one.checked_sub(other)), "llvm.ssub.with.overflow")
            }
            Checked::Mul => {
                (known.0.zip(known.1).and_then(|(one, other)| one.checked_mul(other)), "llvm.smul.with.overflow")
            }
        };
        match (what, known) {
            (_, _) if folded.is_some() => b.int(folded.unwrap_or_default()),
            (Checked::Add | Checked::Sub, (_, Some(0))) | (Checked::Mul, (_, Some(1))) => left,
            (Checked::Add, (Some(0), _)) | (Checked::Mul, (Some(1), _)) => right,
            (Checked::Mul, (Some(0), _) | (_, Some(0))) => b.int(0),
            (_, _) if test => {
                let pair = b.intrinsic(name, &[b.i64.into()], &[left.into(), right.into()]);
                self.failed.push(b.part(pair, 1));
                b.part(pair, 0)
            }
            (Checked::Add, _) => b.add(left, right),
            (Checked::Sub, _) => b.sub(left, right),
            (Checked::Mul, _) => b.mul(left, right),
        }
    }

    fn least(&self, left: IntValue<'ctx>, right: IntValue<'ctx>) -> IntValue<'ctx> {
        match (constant(left), constant(right)) {
            (Some(one), Some(other)) => self.lowerer.b.int(one.min(other)),
            _ => self.pick("llvm.smin", left, right),
        }
    }

    fn greatest(&self, left: IntValue<'ctx>, right: IntValue<'ctx>) -> IntValue<'ctx> {
        match (constant(left), constant(right)) {
            (Some(one), Some(other)) => self.lowerer.b.int(one.max(other)),
            _ => self.pick("llvm.smax", left, right),
        }
    }

    fn pick(&self, name: &str, left: IntValue<'ctx>, right: IntValue<'ctx>) -> IntValue<'ctx> {
        let b = &self.lowerer.b;
        if left == right {
            left
        } else {
            b.intrinsic(name, &[b.i64.into()], &[left.into(), right.into()]).into_int_value()
        }
    }
}

fn constant(value: IntValue<'_>) -> Option<i64> {
    value.get_sign_extended_constant()
}

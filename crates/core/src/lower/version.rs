//! The test before a block of turns, as instructions: [`Plan`] on the values of the slots.

use inkwell::IntPredicate;
use inkwell::values::IntValue;

use super::Lowerer;
use crate::loops::plan::{Node, NodeId, Plan};

/// Bounds of a node, and whether it failed.
#[derive(Clone, Copy)]
struct Bounds<'ctx> {
    low: IntValue<'ctx>,
    high: IntValue<'ctx>,
}

impl<'ctx> Lowerer<'ctx, '_> {
    /// True if all that the plan proves holds in the block: `counter` bounds the loop's hidden counter, `turns` the turns.
    pub(super) fn test(
        &self,
        plan: &Plan,
        counter: Option<(IntValue<'ctx>, IntValue<'ctx>)>,
        turns: u64,
    ) -> IntValue<'ctx> {
        let mut test = Test { lowerer: self, bounds: vec![None; plan.nodes.len()], failed: Vec::new() };
        for id in plan.used() {
            let bounds = test.node(plan.nodes[id.0 as usize], counter, turns);
            test.bounds[id.0 as usize] = Some(bounds);
        }
        for &(node, least) in &plan.at_least {
            let failed = self.b.compare(IntPredicate::SLT, test.of(node).low, self.b.int(least));
            test.failed.push(failed);
        }
        let failed = test.failed.into_iter().reduce(|one, other| self.b.or(one, other));
        failed.map_or_else(|| self.b.bool(true), |failed| self.b.not(failed))
    }
}

struct Test<'a, 'ctx, 'ir> {
    lowerer: &'a Lowerer<'ctx, 'ir>,
    bounds: Vec<Option<Bounds<'ctx>>>,
    failed: Vec<IntValue<'ctx>>,
}

impl<'ctx> Test<'_, 'ctx, '_> {
    fn of(&self, node: NodeId) -> Bounds<'ctx> {
        self.bounds[node.0 as usize].expect("nodes refer to earlier ones")
    }

    fn node(&mut self, node: Node, counter: Option<(IntValue<'ctx>, IntValue<'ctx>)>, turns: u64) -> Bounds<'ctx> {
        let b = &self.lowerer.b;
        match node {
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
                let (low, high) = counter.expect("a loop with a hidden counter");
                Bounds { low, high }
            }
            Node::Hull(left, right) => {
                let (left, right) = (self.of(left), self.of(right));
                Bounds { low: self.least(left.low, right.low), high: self.greatest(left.high, right.high) }
            }
            Node::Add(left, right) => {
                let (left, right) = (self.of(left), self.of(right));
                let low = self.checked("llvm.sadd.with.overflow", left.low, right.low);
                Bounds { low, high: self.checked("llvm.sadd.with.overflow", left.high, right.high) }
            }
            Node::Sub(left, right) => {
                let (left, right) = (self.of(left), self.of(right));
                let low = self.checked("llvm.ssub.with.overflow", left.low, right.high);
                Bounds { low, high: self.checked("llvm.ssub.with.overflow", left.high, right.low) }
            }
            Node::Mul(left, right) => self.product(self.of(left), self.of(right)),
            Node::Sums(only) => {
                let (only, zero) = (self.of(only), b.int(0));
                let turns = b.int(turns.cast_signed());
                let low = self.checked("llvm.smul.with.overflow", self.least(only.low, zero), turns);
                let high = self.checked("llvm.smul.with.overflow", self.greatest(only.high, zero), turns);
                Bounds { low, high }
            }
            Node::WithZero(only) => {
                let (only, zero) = (self.of(only), b.int(0));
                Bounds { low: self.least(only.low, zero), high: self.greatest(only.high, zero) }
            }
            Node::Rest(only) => {
                let only = self.of(only);
                self.failed.push(b.compare(IntPredicate::SLT, only.low, b.int(1)));
                Bounds { low: b.int(0), high: b.sub(only.high, b.int(1)) }
            }
        }
    }

    /// The least and the greatest of the products of the bounds.
    fn product(&mut self, left: Bounds<'ctx>, right: Bounds<'ctx>) -> Bounds<'ctx> {
        let mut corners =
            vec![(left.low, right.low), (left.low, right.high), (left.high, right.low), (left.high, right.high)];
        corners.dedup();
        let products = corners.into_iter().map(|(one, other)| self.checked("llvm.smul.with.overflow", one, other));
        let products = products.collect::<Vec<_>>();
        let (first, rest) = products.split_first().expect("four products");
        Bounds {
            low: rest.iter().fold(*first, |low, &one| self.least(low, one)),
            high: rest.iter().fold(*first, |high, &one| self.greatest(high, one)),
        }
    }

    fn checked(&mut self, name: &str, left: IntValue<'ctx>, right: IntValue<'ctx>) -> IntValue<'ctx> {
        let b = &self.lowerer.b;
        let pair = b.intrinsic(name, &[b.i64.into()], &[left.into(), right.into()]);
        self.failed.push(b.part(pair, 1));
        b.part(pair, 0)
    }

    fn least(&self, left: IntValue<'ctx>, right: IntValue<'ctx>) -> IntValue<'ctx> {
        self.pick("llvm.smin", left, right)
    }

    fn greatest(&self, left: IntValue<'ctx>, right: IntValue<'ctx>) -> IntValue<'ctx> {
        self.pick("llvm.smax", left, right)
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

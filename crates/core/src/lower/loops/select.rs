//! Regions of proven turns: all their ways are done, and what the way taken has written is selected.
//!
//! A way that is not taken may compute with what was never written. So every condition is selected, not computed from others by `and`
//! and `or`, which would pass on LLVM's poison; and a block sees its own values, as if its way were taken, until it is over.

use std::collections::HashMap;

use inkwell::values::{BasicValueEnum, IntValue};

use super::super::{Loaded, Lowerer};
use crate::ir::{BlockId, LocalId, Terminator};
use crate::loops::plan::{Plan, Proof};
use crate::loops::select::Region;

impl<'ctx> Lowerer<'ctx, '_> {
    /// Does a region in place of the branch at the end of a block, which the builder is at.
    pub(super) fn select_ways(&mut self, branch: BlockId, region: &Region, plan: &Plan) {
        let function = self.function;
        let mut edges = HashMap::<BlockId, IntValue<'ctx>>::new();
        self.leave_way(branch, None, &mut edges);
        let mut fresh = region.fresh.clone();
        for &block in &region.blocks {
            let taken = edges.get(&block).copied().unwrap_or_else(|| self.b.bool(false));
            let of = function.block(block);
            let mut targets = of.statements.iter().map(|one| one.target).collect::<Vec<_>>();
            targets.sort_unstable();
            targets.dedup();
            let before = targets.iter().map(|&local| self.held(local)).collect::<Vec<_>>();
            for (at, statement) in of.statements.iter().enumerate() {
                self.loops.at = (block, at);
                self.loops.proof = plan.proofs.get(&(block, at)).copied().unwrap_or_default();
                self.statement(statement);
            }
            self.loops.proof = Proof::default();
            self.leave_way(block, Some(taken), &mut edges);
            for (local, before) in targets.into_iter().zip(before) {
                // Nothing is there to be kept as yet.
                if fresh.remove(&local) {
                    continue;
                }
                let value = self.b.select(taken, self.held(local), before);
                self.b.store(self.slots[local.0 as usize].payload[0], value);
            }
            // Nobody comes here any more.
            let current = self.b.current();
            self.b.at_end(self.blocks[block.0 as usize]);
            self.b.unreachable();
            self.b.at_end(current);
        }
        let join = self.edge(region.join);
        self.b.jump(join);
    }

    /// Takes note of the conditions under which control goes from a block, to which it comes under one, to others.
    fn leave_way(&self, block: BlockId, taken: Option<IntValue<'ctx>>, edges: &mut HashMap<BlockId, IntValue<'ctx>>) {
        let within = |condition: IntValue<'ctx>| match taken {
            Some(taken) => self.b.select(taken, condition, self.b.bool(false)),
            None => condition,
        };
        let ways = match &self.function.block(block).terminator {
            Terminator::Jump(to) => vec![(*to, within(self.b.bool(true)))],
            Terminator::Branch { condition, then_block, else_block } => {
                let condition = self.operand(*condition).bits();
                vec![(*then_block, within(condition)), (*else_block, within(self.b.not(condition)))]
            }
            Terminator::Switch { .. } | Terminator::Return(_) | Terminator::Leave(_) => {
                panic!("a region has jumps and branches")
            }
        };
        for (to, condition) in ways {
            let known = edges.get(&to).copied();
            let all = known.map_or(condition, |known| self.b.select(known, self.b.bool(true), condition));
            edges.insert(to, all);
        }
    }

    /// What a local of one word holds.
    pub(super) fn held(&self, local: LocalId) -> BasicValueEnum<'ctx> {
        match self.read(local) {
            Loaded::Int(value) | Loaded::Bool(value) | Loaded::Nat(value) | Loaded::Low(value) => value.into(),
            Loaded::Float(value) => value.into(),
            Loaded::Scalar(_, value) => value,
            Loaded::Object(value) | Loaded::Pointer(value) => value.into(),
            Loaded::Unit(_) | Loaded::Complex(..) | Loaded::ScalarComplex(..) | Loaded::Tagged(..) => {
                panic!("a region writes locals of one word")
            }
        }
    }
}

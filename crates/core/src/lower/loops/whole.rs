//! Runs of inner loops that are one proven block.
//!
//! A loop inside of others, whose runs are many and short, is made a third time: behind its gate there is a loop that ends where
//! the source's does, with no loop of blocks around it. What its runs ask for is tested in front of the loop around it
//! ([`crate::loops::nest`]) where that can be done, else before each run; where it does not hold, or there is more to do than
//! a block, or too little fuel, the run goes the usual way of blocks.

use std::collections::HashSet;
use std::rc::Rc;

use inkwell::IntPredicate;
use inkwell::basic_block::BasicBlock;
use inkwell::types::BasicType;

use super::super::{Lowerer, Slot};
use super::{Gated, Left, least_step, most_between};
use crate::ir::{BlockId, Function, LocalId, LoopId, Statement, Value};
use crate::loops::nest::{Around, nest};
use crate::loops::plan::Plan;
use crate::loops::{self, Counter, Shape};
use crate::ops::Recipe;
use crate::types::Type;

/// What stands in front of a loop: tests for all its turns.
#[derive(Clone, Copy)]
pub(super) struct Front<'ctx> {
    id: LoopId,
    header: BlockId,
    front: BasicBlock<'ctx>,
    own: BasicBlock<'ctx>,
}

/// True of a loop that a copy for whole runs makes faster, if it is inside of others: it goes over elements.
pub(super) fn pays(function: &Function, shape: &Shape, plan: &Plan) -> bool {
    let has_memory = |statement: &Statement| match &statement.value {
        Value::Op { op, .. } => matches!(op.row().recipe, Recipe::Load | Recipe::Store),
        Value::Convert(_) | Value::Create(_) | Value::Call(_) | Value::Given(_) => false,
    };
    shape.counter.is_some()
        && shape.short().is_none()
        && plan.guards.is_empty()
        && loops::statements(function, &shape.blocks).any(has_memory)
}

impl<'ctx> Lowerer<'ctx, '_> {
    /// Makes ready what is tested in front of loops. The builder is at the start of the function.
    pub(in crate::lower) fn tests_in_front(&mut self) {
        for (at, inner) in self.function.loops.iter().enumerate() {
            let id = LoopId(at as u32);
            let Some(counter) = self.loops.shapes[at].counter.filter(|_| self.loops.wholes.contains(&id)) else {
                continue;
            };
            let polls = inner.parent.is_some_and(|around| {
                self.loops.shapes[around.0 as usize].repeats && self.function.loops[around.0 as usize].poll.is_some()
            });
            let Some(plan) = self.loops.plans.get(&id).filter(|_| polls) else { continue };
            let most = most_between(&counter, self.most(id) * least_step(&counter)).cast_signed();
            let Some(nest) = nest(self.function, id, &counter, plan, most) else { continue };
            let (Some(around), slot) = (inner.parent, self.b.alloca(self.b.i64, "nest")) else { continue };
            let header = self.function.loops[around.0 as usize].header;
            self.loops.nests.insert(id, (Rc::new(nest), slot));
            if self.loops.fronts.iter().all(|front| front.id != around) {
                let (front, own) = (self.b.block("front"), self.blocks[header.0 as usize]);
                self.loops.fronts.push(Front { id: around, header, front, own });
                self.blocks[header.0 as usize] = front;
            }
        }
    }

    /// Before a block of the function is lowered: those outside of a loop enter it through its tests.
    pub(super) fn pass_fronts(&mut self, at: BlockId) {
        for front in self.loops.fronts.clone() {
            if front.header == at {
                self.front(&front);
            }
            let inside = loops::within(self.function, at, front.id);
            self.blocks[front.header.0 as usize] = if inside { front.own } else { front.front };
        }
    }

    /// The tests in front of a loop.
    fn front(&mut self, front: &Front<'ctx>) {
        self.b.at_end(front.front);
        let inner = (0..self.function.loops.len()).map(|at| LoopId(at as u32));
        for id in inner.filter(|id| self.function.loops[id.0 as usize].parent == Some(front.id)) {
            let Some((nest, slot)) = self.loops.nests.get(&id).cloned() else { continue };
            let Around { local, stop, goes_on, .. } = nest.counter;
            let within = self.between(goes_on, self.read(local).int(), self.operand(stop).int());
            let holds = self.test(&nest.plan, within, self.most(id));
            // Or LLVM would test parts of it again at every turn.
            let holds = self.b.widen(holds.unwrap_or(self.b.bool(true)), self.b.i64);
            self.b.store(slot, self.b.opaque(holds.into()));
        }
        self.b.jump(front.own);
    }

    /// The copy for whole runs. Leaves the builder at the gate of the others, which it returns.
    pub(super) fn whole(
        &mut self,
        id: LoopId,
        counter: &Counter,
        plan: &Rc<Plan>,
        (most, shift): (u64, u32),
        own: &[BlockId],
    ) -> BasicBlock<'ctx> {
        let (go, paid, gate) = (self.b.block("run"), self.b.block("run.whole"), self.b.block("gate"));
        let outside = self.blocks[counter.outside.0 as usize];
        let stop = self.operand(counter.stop).int();
        let more = self.goes_on(counter, stop);
        self.b.branch(more, go, outside);
        self.b.at_end(go);
        let (fuel, price, affordable) = self.affordable(counter, most, shift);
        let may = match self.loops.nests.get(&id) {
            // It is a block at most, and the loop around polls behind it if there was less fuel than that.
            Some(&(_, slot)) => {
                let holds = self.b.load(self.b.i64, slot).into_int_value();
                self.b.compare(IntPredicate::NE, holds, self.b.int(0))
            }
            None => match self.test(plan, self.within(counter, stop), most) {
                Some(holds) => self.b.and(holds, affordable),
                None => affordable,
            },
        };
        self.b.branch(may, paid, gate);
        self.b.at_end(paid);
        self.b.store(self.loops.fuel, self.b.sub_no_wrap(fuel, price));
        let proven = self.b.block("turn.whole");
        self.b.jump(proven);
        let outer = self.blocks.clone();
        for block in own {
            self.blocks[block.0 as usize] = self.b.block(&format!("bb{}.whole", block.0));
        }
        self.loops.gated = Some(Gated { id, left: Left::Counted(*counter, stop), shift: Some(shift) });
        let header = self.function.loops[id.0 as usize].header;
        self.turns(header, own, (proven, outside), Some((plan, None)));
        self.loops.gated = None;
        self.blocks = outer;
        self.b.at_end(gate);
        self.put_aside(id, own);
        gate
    }

    /// The copies that follow do not see that what the loops around write grows from turn to turn: else LLVM would keep pointers
    /// up to date for them, at every turn of these loops.
    fn put_aside(&mut self, id: LoopId, own: &[BlockId]) {
        let Some(around) = self.function.loops[id.0 as usize].parent else { return };
        let (mut inside, mut outside) = (HashSet::new(), HashSet::new());
        for (at, block) in self.function.blocks.iter().enumerate() {
            let at = BlockId(at as u32);
            if loops::within(self.function, at, around) {
                let written = if block.in_loop == Some(id) { &mut inside } else { &mut outside };
                written.extend(block.statements.iter().map(|one| one.target));
            }
        }
        let is_held =
            |local: LocalId| matches!(self.function.local(local).types.single(), Some(Type::Int | Type::Pointer));
        let mut read = loops::statements(self.function, own).flat_map(|one| one.value.operands()).collect::<Vec<_>>();
        read.retain(|operand| {
            operand.local().is_some_and(|local| is_held(local) && outside.contains(&local) && !inside.contains(&local))
        });
        for local in read.into_iter().filter_map(|operand| operand.local()) {
            let slot = &self.slots[local.0 as usize];
            let &[payload] = slot.payload.as_slice() else { continue };
            if self.loops.aside.contains_key(&local) {
                continue;
            }
            let ty = match slot.types.single() {
                Some(Type::Pointer) => self.b.pointer.as_basic_type_enum(),
                _ => self.b.i64.as_basic_type_enum(),
            };
            let aside = self.b.alloca_at_entry(ty, "aside");
            self.b.store(aside, self.b.opaque(self.b.load(ty, payload)));
            self.loops.aside.insert(local, Slot { types: slot.types, tag: None, payload: vec![aside] });
        }
    }
}

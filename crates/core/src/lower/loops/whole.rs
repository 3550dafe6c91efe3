//! Runs of inner loops that are one proven block.
//!
//! A loop inside of others, whose runs are many and short, is made a third time: behind its gate there is a loop that ends where
//! the source's does, with no loop of blocks around it. What its runs ask for is tested before each run, unless that can be done in
//! front of the loop around it ([`super::rows`]); where it does not hold, or there is more to do than a block, or too little fuel,
//! the run goes the usual way of blocks.
//!
//! Small elements are many in a vector, and most of a short row is less than what LLVM does at a time. On machines that read and write
//! parts of vectors, what is left of a run behind its full vectors is one of them, of which a part is masked: always where elements are
//! bytes, or cost much; else where LLVM would leave many to be done one by one.

use std::collections::HashSet;
use std::rc::Rc;

use inkwell::IntPredicate;
use inkwell::basic_block::BasicBlock;
use inkwell::types::BasicType;
use inkwell::values::IntValue;

use super::super::fastmath::is_there;
use super::super::{Lowerer, Slot};
use super::rows::MOST_PLACES;
use super::{Gated, Left};
use crate::ir::{BlockId, Function, LocalId, LoopId, Statement, Value};
use crate::loops::elements::elements;
use crate::loops::plan::Plan;
use crate::loops::{self, Counter, Shape};
use crate::ops::{Predicate, Recipe};
use crate::types::Type;

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

/// Bytes of a vector.
const VECTOR: u32 = 64;
/// What LLVM does at a time of what remains behind its vectors.
const SHORT_VECTOR: u32 = 8;

/// How what is left of a run behind full vectors becomes one, too.
#[derive(Clone, Copy)]
pub(super) struct Rest {
    /// The elements of a vector.
    lanes: u32,
    /// So many elements are left at least, behind the vectors of [`SHORT_VECTOR`]. Of a few, each on its own costs less than a mask.
    least: u32,
}

/// Whether what is left of a loop's runs behind full vectors is to be one, too. Not where elements are read that the
/// run before may just have written: processors wait until what a mask has written is in memory.
pub(super) fn rest(function: &Function, header: BlockId, shape: &Shape) -> Option<Rest> {
    let counter = shape.counter.filter(|counter| counter.steps == (1, 1) && counter.goes_on == Predicate::Lt)?;
    let found = elements(function, &shape.blocks, &counter);
    let ends_early = |&block: &BlockId| {
        let successors = function.block(block).terminator.successors();
        block != header && successors.iter().any(|to| !shape.blocks.contains(to))
    };
    let least = match found.largest {
        // Of bytes there are always many.
        1 | 2 => 0,
        // Each element costs more then, and what two ways need would not stay in registers.
        4 if found.places > MOST_PLACES => 0,
        4 => 5,
        _ => return None,
    };
    let can = found.writes > 0 && !found.apart && !found.in_place && !shape.blocks.iter().any(ends_early);
    (can && is_there("avx512bw")).then(|| Rest { lanes: VECTOR / found.largest, least })
}

impl<'ctx> Lowerer<'ctx, '_> {
    /// The copy for whole runs, behind a test of its own. Leaves the builder at the gate of the others, which it returns.
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
        let may = match self.test(plan, self.within(counter, stop), self.turns_between(counter, stop)) {
            Some(holds) => self.b.and(holds, affordable),
            None => affordable,
        };
        self.b.branch(may, paid, gate);
        self.b.at_end(paid);
        self.b.store(self.loops.fuel, self.b.sub_no_wrap(fuel, price));
        self.whole_turns(id, counter, stop, plan, shift, own);
        self.b.at_end(gate);
        self.put_aside(id, own);
        gate
    }

    /// The turns of a whole run that is paid for, up to where it stops.
    pub(super) fn whole_turns(
        &mut self,
        id: LoopId,
        counter: &Counter,
        stop: IntValue<'ctx>,
        plan: &Rc<Plan>,
        shift: u32,
        own: &[BlockId],
    ) {
        let outside = self.blocks[counter.outside.0 as usize];
        let Some(Rest { lanes, least }) = self.loops.wholes.get(&id).copied().flatten() else {
            return self.turns_up_to((id, shift), counter, (stop, false), outside, plan, own);
        };
        let (local, rest) = (self.read(counter.local).int(), self.b.block("rest"));
        let remains = self.b.sub(stop, local);
        if least > 0 {
            let (masked, each) = (self.b.block("masked"), self.b.block("each"));
            let left = self.b.and(remains, self.b.int(i64::from(SHORT_VECTOR) - 1));
            let many = self.b.compare(IntPredicate::UGE, left, self.b.int(least.into()));
            self.b.branch(many, masked, each);
            self.b.at_end(each);
            self.turns_up_to((id, shift), counter, (stop, false), outside, plan, own);
            self.b.at_end(masked);
        }
        let few = self.b.and(remains, self.b.int(i64::from(lanes) - 1));
        let full = self.b.add(local, self.b.sub(remains, few));
        self.turns_up_to((id, shift), counter, (full, false), rest, plan, own);
        self.b.at_end(rest);
        // It is there already, which LLVM would have to find out.
        self.b.store(self.slots[counter.local.0 as usize].payload[0], full);
        self.turns_up_to((id, shift), counter, (self.b.add(full, few), true), outside, plan, own);
    }

    fn turns_up_to(
        &mut self,
        (id, shift): (LoopId, u32),
        counter: &Counter,
        (end, masked): (IntValue<'ctx>, bool),
        outside: BasicBlock<'ctx>,
        plan: &Rc<Plan>,
        own: &[BlockId],
    ) {
        let proven = self.b.block("turn.whole");
        self.b.jump(proven);
        let outer = self.blocks.clone();
        for block in own {
            self.blocks[block.0 as usize] = self.b.block(&format!("bb{}.whole", block.0));
        }
        self.loops.gated = Some(Gated { id, left: Left::Counted(*counter, end), shift: Some(shift), masked });
        let header = self.function.loops[id.0 as usize].header;
        self.turns(header, own, (proven, outside), Some((plan, None)));
        self.loops.gated = None;
        self.blocks = outer;
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

//! Loops around runs that are all proven.
//!
//! Where the tests of all loops inside of a loop can be made in front of it ([`crate::loops::nest`]), it is made twice. In the one copy,
//! whose tests hold, the loops inside are whole runs and nothing else: what they need stays in registers, and a run costs next to
//! nothing beside its turns. The other one has their usual copies.

use std::rc::Rc;

use inkwell::basic_block::BasicBlock;

use super::super::Lowerer;
use super::{least_step, most_between, price};
use crate::ir::{BlockId, LoopId};
use crate::loops::elements::elements;
use crate::loops::nest::{Around, Nest, nest};
use crate::loops::{self, statements};

/// A loop with a copy of whole runs.
pub(super) struct Front<'ctx> {
    id: LoopId,
    header: BlockId,
    /// Where others enter it.
    front: BasicBlock<'ctx>,
    /// The header of the copy that proves nothing.
    own: BasicBlock<'ctx>,
    /// What is tested for loops inside.
    nests: Vec<(LoopId, Rc<Nest>)>,
}

/// All such loops together have so many statements of their own.
const MOST_AROUND: usize = 160;
/// Turns that read and write elements at so many places find out for each run whether arrays overlap.
pub(super) const MOST_PLACES: usize = 4;

impl<'ctx> Lowerer<'ctx, '_> {
    /// Finds the loops that are made twice. The builder is at the start of the function.
    pub(in crate::lower) fn find_fronts(&mut self) {
        let mut copied = 0;
        for (at, around) in self.function.loops.iter().enumerate() {
            let id = LoopId(at as u32);
            let shape = &self.loops.shapes[at];
            let count = statements(self.function, &shape.blocks).count();
            if !shape.repeats || around.poll.is_none() || copied + count > MOST_AROUND {
                continue;
            }
            let Some(nests) = self.nests(id) else { continue };
            copied += count;
            let (front, own) = (self.b.block("front"), self.blocks[around.header.0 as usize]);
            self.blocks[around.header.0 as usize] = front;
            self.loops.fronts.push(Rc::new(Front { id, header: around.header, front, own, nests }));
        }
    }

    /// What is tested for the loops inside of one, if all that is to be tested for them can be tested in front of it.
    fn nests(&self, around: LoopId) -> Option<Vec<(LoopId, Rc<Nest>)>> {
        let mut found = Vec::new();
        for (at, inner) in self.function.loops.iter().enumerate().filter(|(_, inner)| inner.parent == Some(around)) {
            let id = LoopId(at as u32);
            if !self.loops.wholes.contains_key(&id) {
                // Others are made again as they are.
                let is_plain = self.loops.shapes[at].innermost && self.has_gate(id).is_none();
                is_plain.then_some(())?;
                continue;
            }
            let (counter, plan) = (self.loops.shapes[at].counter?, self.loops.plans.get(&id)?);
            let most = most_between(&counter, self.most(id) * least_step(&counter)).cast_signed();
            debug_assert!(inner.poll.is_some());
            found.push((id, Rc::new(nest(self.function, id, &counter, plan, most)?)));
        }
        (!found.is_empty()).then_some(found)
    }

    /// True of a loop whose whole runs are in a copy of the loop around it.
    pub(super) fn has_front(&self, inner: LoopId) -> bool {
        let around = self.function.loops[inner.0 as usize].parent;
        self.loops.fronts.iter().any(|front| Some(front.id) == around)
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

    /// The tests in front of a loop, and the copy for which they hold.
    fn front(&mut self, front: &Front<'ctx>) {
        self.b.at_end(front.front);
        let mut all = self.b.bool(true);
        for (id, nest) in &front.nests {
            let Around { local, stop, goes_on, step, .. } = nest.counter;
            let within = self.between(goes_on.ordered(step > 0), self.read(local).int(), self.operand(stop).int());
            if let Some(holds) = self.test(&nest.plan, within, self.b.int(self.most(*id).cast_signed())) {
                all = self.b.and(all, holds);
            }
        }
        let inside = (0..self.function.blocks.len()).map(|at| BlockId(at as u32));
        let mut inside = inside.filter(|&at| loops::within(self.function, at, front.id)).collect::<Vec<_>>();
        // Of a run there is the header, which lowers all of it.
        let of_nest =
            |at: BlockId| self.function.block(at).in_loop.filter(|one| front.nests.iter().any(|(id, _)| id == one));
        inside.retain(|&at| of_nest(at).is_none_or(|id| self.function.loops[id.0 as usize].header == at));
        let inside = inside.into_iter().map(|at| (at, of_nest(at))).collect::<Vec<_>>();
        let outer = self.blocks.clone();
        for &(at, _) in &inside {
            self.blocks[at.0 as usize] = self.b.block(&format!("bb{}.rows", at.0));
        }
        self.b.branch_likely(all, self.blocks[front.header.0 as usize], front.own);
        for &(at, of_nest) in &inside {
            match of_nest {
                None => self.lower_block(at),
                Some(id) => self.run(id),
            }
        }
        self.blocks = outer;
    }

    /// A run of a loop inside, whose header is the block to be entered.
    fn run(&mut self, id: LoopId) {
        let header = self.function.loops[id.0 as usize].header;
        let shape = &self.loops.shapes[id.0 as usize];
        let (Some(counter), Some(plan)) = (shape.counter, self.loops.plans.get(&id).cloned()) else { return };
        let own = shape.blocks.iter().copied().filter(|&block| block != header).collect::<Vec<_>>();
        let shift = price(shape).trailing_zeros().saturating_sub(least_step(&counter).ilog2());
        self.b.at_end(self.blocks[header.0 as usize]);
        let (go, outside) = (self.b.block("run"), self.blocks[counter.outside.0 as usize]);
        let stop = self.operand(counter.stop).int();
        self.b.branch(self.goes_on(&counter, stop), go, outside);
        self.b.at_end(go);
        // What LLVM computes of where a run stops, such as how many turns are full vectors and what they cost, is an operation or two. Computed in
        // front of the loops around it is read from the stack for each run, and processors wait there for vectors that are being written. Tests of
        // whether many arrays overlap cost more, and are moved out.
        let few = elements(self.function, &shape.blocks, &counter).places <= MOST_PLACES;
        let stop = if few { self.b.opaque_by(stop, self.fuel()) } else { stop };
        // It is a block at most, and the loop around polls behind it if there was less fuel than that.
        let price = self.b.shl(self.remains(&counter, stop), self.b.int(shift.into()));
        self.b.store(self.loops.fuel, self.b.sub_no_wrap(self.fuel(), price));
        self.whole_turns(id, &counter, stop, &plan, shift, &own);
    }
}

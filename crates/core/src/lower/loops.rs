//! Loops to instructions: polls, and blocks of turns.
//!
//! One slot, `fuel`, counts down what turns cost; when it runs out, a cold block asks [`crate::abi::Services::poll`] for more. A
//! loop that has others inside, or whose turns nobody counts, pays at every turn. A counted innermost loop runs in blocks of
//! turns: a gate before each block computes where the block ends and pays for all of it, so that within a block there is a plain
//! counted loop, which LLVM can vectorise or replace by a closed form.

use std::mem::offset_of;

use inkwell::IntPredicate;
use inkwell::basic_block::BasicBlock;
use inkwell::values::{IntValue, PointerValue};

use super::{Lowerer, signed};
use crate::abi::Services;
use crate::ir::{BlockId, ExitId, LoopId};
use crate::loops::{Counter, Shape};
use crate::ops::Predicate;

/// What a function may spend before its first poll, in units of about an addition.
const FIRST_FUEL: i64 = 1 << 17;
/// A block has at most so many turns, and less if turns are dear.
const MOST_TURNS: u64 = 1 << 14;
/// A block costs at most so much.
const MOST_COST: u64 = 1 << 17;

/// What is known while the blocks of a gated loop are made.
struct Gated<'ctx> {
    id: LoopId,
    counter: Counter,
    /// The local's value at which the block ends.
    stop: IntValue<'ctx>,
    /// Cost of a step of one, as a shift.
    shift: u32,
}

/// The parts of lowering that belong to loops.
pub(super) struct Loops<'ctx> {
    fuel: PointerValue<'ctx>,
    shapes: Vec<Shape>,
    gated: Option<Gated<'ctx>>,
}

impl<'ctx> Loops<'ctx> {
    pub(super) fn new(fuel: PointerValue<'ctx>, shapes: Vec<Shape>) -> Self {
        Self { fuel, shapes, gated: None }
    }
}

impl<'ctx> Lowerer<'ctx, '_> {
    /// At the start of the function.
    pub(super) fn fill_up(&self) {
        self.b.store(self.loops.fuel, self.b.int(FIRST_FUEL));
    }

    /// The counter of a loop that runs in blocks of turns.
    fn runs_in_blocks(&self, id: LoopId) -> Option<(Counter, ExitId)> {
        let shape = &self.loops.shapes[id.0 as usize];
        let (Some(counter), Some(poll)) = (shape.counter, self.function.loops[id.0 as usize].poll) else { return None };
        shape.short().is_none().then_some((counter, poll))
    }

    /// Lowers a block of the function, or the whole loop that it is the header of.
    pub(super) fn block(&mut self, at: BlockId) {
        let in_loop = self.function.block(at).in_loop;
        let is_header = in_loop.filter(|id| self.function.loops[id.0 as usize].header == at);
        self.b.at_end(self.blocks[at.0 as usize]);
        match in_loop.and_then(|id| self.runs_in_blocks(id)) {
            Some((counter, poll)) => {
                if let Some(id) = is_header {
                    self.in_blocks(id, counter, poll);
                }
            }
            None => {
                if let Some(id) = is_header {
                    self.poll_each_turn(id);
                }
                self.fill(at);
            }
        }
    }

    /// The statements and the end of a block.
    fn fill(&mut self, at: BlockId) {
        let block = self.function.block(at);
        self.statements(&block.statements);
        self.terminator(&block.terminator);
    }

    /// Every turn pays.
    fn poll_each_turn(&mut self, id: LoopId) {
        let shape = &self.loops.shapes[id.0 as usize];
        let Some(exit) = self.function.loops[id.0 as usize].poll else { return };
        if !shape.repeats || shape.short().is_some() {
            return;
        }
        let price = self.b.int(shape.weight.min(MOST_COST).cast_signed());
        self.pay(price, exit);
    }

    /// Takes a price from the fuel, and polls if it runs out.
    fn pay(&mut self, price: IntValue<'ctx>, exit: ExitId) {
        let fuel = self.b.load(self.b.i64, self.loops.fuel).into_int_value();
        let fuel = self.b.sub_no_wrap(fuel, price);
        self.b.store(self.loops.fuel, fuel);
        let empty = self.b.compare(IntPredicate::SLT, fuel, self.b.int(0));
        let (poll, refuel, go) = (self.b.block("poll"), self.b.block("refuel"), self.b.block("go"));
        self.b.branch_unlikely(empty, poll, go);
        self.b.at_end(poll);
        let given = self.b.service(offset_of!(Services, poll), self.b.i64.into(), &[]).into_int_value();
        let leave = self.b.compare(IntPredicate::SLT, given, self.b.int(0));
        let exit = self.exit_block(exit);
        self.b.branch_unlikely(leave, exit, refuel);
        self.b.at_end(refuel);
        self.b.store(self.loops.fuel, given);
        self.b.jump(go);
        self.b.at_end(go);
    }

    /// The gate, which is what everybody else takes for the header, then the loop behind it.
    fn in_blocks(&mut self, id: LoopId, counter: Counter, poll: ExitId) {
        let header = self.function.loops[id.0 as usize].header;
        let shape = &self.loops.shapes[id.0 as usize];
        let own = shape.blocks.clone();
        let weight = shape.weight.clamp(1, MOST_COST).next_power_of_two();
        let step = counter.steps.0.unsigned_abs().min(counter.steps.1.unsigned_abs());
        let turns = (MOST_COST / weight).clamp(1, MOST_TURNS);
        let shift = weight.trailing_zeros().saturating_sub(step.ilog2());
        let gate = self.blocks[header.0 as usize];
        let (go, outside) = (self.b.block("block"), self.blocks[counter.outside.0 as usize]);
        let more = self.goes_on(&counter, self.operand(counter.stop).int());
        self.b.branch(more, go, outside);
        self.b.at_end(go);
        let (stop, distance) = self.block_end(&counter, turns * step);
        let price = self.b.shl(distance, self.b.int(shift.into()));
        self.pay(price, poll);
        let inner = self.b.block("turn");
        self.b.jump(inner);
        self.blocks[header.0 as usize] = inner;
        self.b.at_end(inner);
        let more = self.goes_on(&counter, stop);
        self.b.branch(more, self.blocks[counter.inside.0 as usize], gate);
        self.loops.gated = Some(Gated { id, counter, stop, shift });
        for &block in own.iter().filter(|&&block| block != header) {
            self.b.at_end(self.blocks[block.0 as usize]);
            self.fill(block);
        }
        self.loops.gated = None;
        self.blocks[header.0 as usize] = gate;
    }

    fn goes_on(&self, counter: &Counter, stop: IntValue<'ctx>) -> IntValue<'ctx> {
        let local = self.read(counter.local).int();
        self.b.compare(signed(counter.goes_on), local, stop)
    }

    /// Where a block ends that moves the counter by `most` or hardly more, and how far that is. There is a turn to do.
    fn block_end(&self, counter: &Counter, most: u64) -> (IntValue<'ctx>, IntValue<'ctx>) {
        let (local, stop) = (self.read(counter.local).int(), self.operand(counter.stop).int());
        let up = counter.steps.0 > 0;
        let most = match counter.goes_on {
            Predicate::Le | Predicate::Ge => most - 1,
            Predicate::Lt | Predicate::Gt | Predicate::Ne | Predicate::Eq => most,
        };
        let remains = if up { self.b.sub(stop, local) } else { self.b.sub(local, stop) };
        let most = self.b.int(most.cast_signed());
        let distance =
            self.b.intrinsic("llvm.umin", &[self.b.i64.into()], &[remains.into(), most.into()]).into_int_value();
        let end = if up { self.b.add(local, distance) } else { self.b.sub(local, distance) };
        (end, distance)
    }

    /// The block that an edge of the IR goes to. One that leaves a gated loop early gets back what was paid for the turns that
    /// are not done.
    pub(super) fn edge(&self, to: BlockId) -> BasicBlock<'ctx> {
        let target = self.blocks[to.0 as usize];
        let Some(gated) = &self.loops.gated else { return target };
        if self.function.block(to).in_loop == Some(gated.id) {
            return target;
        }
        let current = self.b.current();
        let early = self.b.block("early");
        self.b.at_end(early);
        let local = self.read(gated.counter.local).int();
        let up = gated.counter.steps.0 > 0;
        let rest = if up { self.b.sub(gated.stop, local) } else { self.b.sub(local, gated.stop) };
        let price = self.b.shl(rest, self.b.int(gated.shift.into()));
        let fuel = self.b.load(self.b.i64, self.loops.fuel).into_int_value();
        self.b.store(self.loops.fuel, self.b.add(fuel, price));
        self.b.jump(target);
        self.b.at_end(current);
        early
    }
}

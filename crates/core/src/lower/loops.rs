//! Loops to instructions: polls, and blocks of turns.
//!
//! One slot, `fuel`, counts down what turns cost; when it runs out, a cold block asks [`crate::abi::Services::poll`] for more. A
//! loop that has others inside, or whose turns nobody counts, pays at every turn. A counted innermost loop runs in blocks of
//! turns: a gate before each block computes where the block ends and pays for all of it, so that within a block there is a plain
//! counted loop, which LLVM can vectorise or replace by a closed form.

mod back;
mod cost;
mod late;
mod rows;
mod select;
mod split;
mod stride;
mod whole;

use std::collections::{HashMap, HashSet};
use std::mem::offset_of;
use std::rc::Rc;

use inkwell::IntPredicate;
use inkwell::basic_block::BasicBlock;
use inkwell::values::{IntValue, PointerValue};

use self::cost::{least_step, most_between, price};
use self::late::Checks;
use self::rows::Front;
use self::whole::Rest;
use super::{Lowerer, Slot, signed};
use crate::abi::{NO_EXIT, Services};
use crate::backend::{Options, Overflow};
use crate::ir::{BlockId, Chain, ExitId, Function, LocalId, LoopId};
use crate::loops::indices::only_indices;
use crate::loops::late::with_late_checks;
use crate::loops::overlap::overlaps;
use crate::loops::plan::{MOST_TURNS, Place, Plan, Proof};
use crate::loops::seldom::seldom;
use crate::loops::select::{Region, regions};
use crate::loops::{self, Counter, Shape, Stride, ranges};
use crate::ops::Predicate;
use crate::types::Type;

/// What a function may spend before its first poll, in units of about an addition.
pub(super) const FIRST_FUEL: i64 = 1 << 18;
/// A block costs at most so much.
const MOST_COST: u64 = 1 << 18;

/// What is known while the blocks of a loop behind a gate are made.
struct Gated<'ctx> {
    id: LoopId,
    /// What is left of the turns that were paid for.
    left: Left<'ctx>,
    /// Cost of a turn, or of a step of one of the counter, as a shift; `None` if nothing was paid.
    shift: Option<u32>,
    /// They are fewer than what a vector holds.
    masked: bool,
}

/// How a block of turns ends.
#[derive(Clone, Copy)]
enum Left<'ctx> {
    /// When the counter reaches this value.
    Counted(Counter, IntValue<'ctx>),
    /// When as many turns are done as the slot says. With a stride, they are no more than the header allows, if steps are
    /// positive.
    Slot(PointerValue<'ctx>, Option<Stride>),
}

/// The parts of lowering that belong to loops.
pub(super) struct Loops<'ctx> {
    pub(super) fuel: PointerValue<'ctx>,
    /// Turns that a block of an uncounted loop has left; innermost loops are never at work at the same time.
    turns: PointerValue<'ctx>,
    shapes: Vec<Shape>,
    plans: HashMap<LoopId, Rc<Plan>>,
    /// The loops that have a copy for whole runs, and whether what is left of one is a vector.
    wholes: HashMap<LoopId, Option<Rest>>,
    /// The loops around such loops that have a copy for these.
    fronts: Vec<Rc<Front<'ctx>>>,
    gated: Option<Gated<'ctx>>,
    /// The function reads or writes elements.
    has_memory: bool,
    /// When what is checked late is so.
    checks: Checks,
    /// Where the statement stands that is being lowered.
    at: Place,
    /// The least and the greatest address of each read or write that is noted.
    streams: HashMap<Place, [PointerValue<'ctx>; 2]>,
    /// What is done both ways in the copy that is being lowered.
    regions: HashMap<BlockId, Region>,
    /// Not zero if a late check of the block has found something.
    found: Option<PointerValue<'ctx>>,
    /// Not zero until a block of the loop at work has been split.
    whole: Option<PointerValue<'ctx>>,
    /// Where locals are found in the copies of a loop that are not its usual way.
    pub(super) aside: HashMap<LocalId, Slot<'ctx>>,
    /// What is proven of the statement that is being lowered.
    pub(super) proof: Proof,
    /// Conversions of which nothing but indices is made.
    only_indices: HashSet<Place>,
    /// Blocks that end in a branch one way of which is seldom taken, and whether the condition holds then.
    pub(super) seldom: HashMap<BlockId, bool>,
}

/// All loops together get second copies of so many statements.
const MOST_COPIED: usize = 480;
/// And third copies of so many.
const MOST_WHOLE: usize = 280;

impl<'ctx> Loops<'ctx> {
    pub(super) fn new(
        (fuel, turns): (PointerValue<'ctx>, PointerValue<'ctx>),
        function: &Function,
        options: Options,
    ) -> Self {
        let shapes = loops::shapes(function);
        let mut plans = HashMap::new();
        let seldom = shapes.iter().flat_map(|shape| seldom(function, shape)).collect();
        let (mut wholes, mut copied, mut copied_whole) = (HashMap::new(), 0, 0);
        for (at, (shape, inner)) in shapes.iter().zip(&function.loops).enumerate() {
            // Ints that wrap need no checks.
            if options.overflow == Overflow::Wrap || inner.poll.is_none() {
                continue;
            }
            let count = loops::statements(function, &shape.blocks).count();
            if copied + count > MOST_COPIED {
                continue;
            }
            let plan = ranges::plan(function, inner.header, shape);
            if let Some(plan) = with_late_checks(function, (inner.header, shape), plan, options.fastmath) {
                copied += if plan.first.is_some() { 2 * count } else { count };
                let is_whole = inner.parent.is_some() && !plan.has_late_checks() && whole::pays(function, shape, &plan);
                if is_whole && copied_whole + count <= MOST_WHOLE {
                    copied_whole += count;
                    let rest =
                        whole::rest(function, inner.header, shape).filter(|_| copied_whole + count <= MOST_WHOLE);
                    copied_whole += rest.map_or(0, |_| count);
                    wholes.insert(LoopId(at as u32), rest);
                }
                plans.insert(LoopId(at as u32), Rc::new(plan));
            }
        }
        Self {
            fuel,
            turns,
            shapes,
            plans,
            wholes,
            fronts: Vec::new(),
            gated: None,
            has_memory: function.locals.iter().any(|local| local.types.single() == Some(Type::Pointer)),
            found: None,
            whole: None,
            checks: Checks::Behind,
            at: (BlockId(0), 0),
            streams: HashMap::new(),
            regions: HashMap::new(),
            aside: HashMap::new(),
            proof: Proof::default(),
            only_indices: only_indices(function),
            seldom,
        }
    }
}

impl<'ctx> Lowerer<'ctx, '_> {
    /// The poll of a loop that has a gate: its turns are counted, or there is a test to make before a block of them.
    fn has_gate(&self, id: LoopId) -> Option<ExitId> {
        let shape = &self.loops.shapes[id.0 as usize];
        let counted = shape.counter.is_some() && shape.short().is_none();
        if counted || self.loops.plans.contains_key(&id) { self.function.loops[id.0 as usize].poll } else { None }
    }

    /// Lowers a block of the function, or the whole loop that it is the header of.
    pub(super) fn block(&mut self, at: BlockId) {
        self.pass_fronts(at);
        self.lower_block(at);
    }

    fn lower_block(&mut self, at: BlockId) {
        self.calls.at = at;
        let in_loop = self.function.block(at).in_loop;
        let is_header = in_loop.filter(|id| self.function.loops[id.0 as usize].header == at);
        self.b.at_end(self.blocks[at.0 as usize]);
        self.place_loop(in_loop);
        match in_loop.and_then(|id| self.has_gate(id)) {
            Some(poll) => {
                if let Some(id) = is_header {
                    self.behind_gate(id, poll);
                }
            }
            None => match is_header.and_then(|id| self.paid_behind(id)) {
                // LLVM counts the turns of a loop that begins with its test.
                Some((id, inside)) => {
                    let (target, paid) = (self.blocks[inside.0 as usize], self.b.block("paid"));
                    self.blocks[inside.0 as usize] = paid;
                    self.fill(at, None);
                    self.blocks[inside.0 as usize] = target;
                    self.b.at_end(paid);
                    self.poll_each_turn(id);
                    self.b.jump(target);
                }
                None => {
                    if let Some(id) = is_header {
                        self.poll_each_turn(id);
                    }
                    self.fill(at, None);
                }
            },
        }
    }

    /// A loop whose turns are paid for one by one and whose header does nothing but compare, and the block where a turn begins: what
    /// is live at the poll is the same in front of the test and behind it. Not where LLVM would make one test for all turns of what
    /// holds for each but a few.
    fn paid_behind(&self, id: LoopId) -> Option<(LoopId, BlockId)> {
        let mut inner = self.function.loops.iter().zip(&self.loops.shapes).filter(|(one, _)| one.parent == Some(id));
        if inner.any(|(_, shape)| overlaps(self.function, &shape.blocks)) {
            return None;
        }
        let inside = self.loops.shapes[id.0 as usize].begins?;
        let of = &self.function.loops[id.0 as usize];
        let live = &self.function.exits[of.poll?.0 as usize].live;
        let tested = &self.function.block(of.header).statements;
        let is_live =
            live.iter().flat_map(|one| one.value.in_frame()).any(|at| tested.iter().any(|one| one.target == at));
        (!is_live).then_some((id, inside))
    }

    /// The statements and the end of a block.
    fn fill(&mut self, at: BlockId, plan: Option<&Plan>) {
        self.calls.at = at;
        self.count(at);
        let block = self.function.block(at);
        let (mut place, mut begun) = (0, 0);
        while let Some(statement) = block.statements.get(place) {
            self.begin_part(place, &mut begun);
            let parts = block.statements[place..].iter().take_while(|one| one.chain == Chain::Part).count();
            let certain = block.in_loop.map(|id| &self.loops.shapes[id.0 as usize].certain);
            let proof = |place| match plan.and_then(|plan| plan.proofs.get(&(at, place))) {
                Some(&proof) => proof,
                None => Proof { fits: certain.is_some_and(|all| all.contains(&(at, place))), ..Proof::default() },
            };
            if parts > 0 {
                let proofs = (place..=place + parts).map(proof).collect::<Vec<_>>();
                self.chain(&block.statements[place..=place + parts], &proofs);
            } else {
                self.loops.proof = proof(place);
                self.loops.proof.fits |= self.loops.only_indices.contains(&(at, place));
                self.loops.at = (at, place);
                self.statement(statement);
            }
            place += parts + 1;
        }
        self.loops.proof = Proof::default();
        match plan.zip(self.loops.regions.get(&at).cloned()) {
            Some((plan, region)) => self.select_ways(at, &region, plan),
            None => self.terminator(&block.terminator),
        }
    }

    /// Every turn pays.
    fn poll_each_turn(&mut self, id: LoopId) {
        let shape = &self.loops.shapes[id.0 as usize];
        let Some(exit) = self.function.loops[id.0 as usize].poll else { return };
        if !shape.repeats || shape.short().is_some() {
            return;
        }
        let price = self.b.int(shape.weight.min(MOST_COST).cast_signed());
        let fuel = self.b.sub_no_wrap(self.fuel(), price);
        self.b.store(self.loops.fuel, fuel);
        self.poll_below(self.b.int(0), exit);
    }

    pub(super) fn fuel(&self) -> IntValue<'ctx> {
        self.b.load(self.b.i64, self.loops.fuel).into_int_value()
    }

    /// Polls if the fuel is below this.
    pub(super) fn poll_below(&mut self, least: IntValue<'ctx>, exit: ExitId) {
        let empty = self.b.compare(IntPredicate::SLT, self.fuel(), least);
        let (poll, refuel, go) = (self.b.block("poll"), self.b.block("refuel"), self.b.block("go"));
        self.b.branch_unlikely(empty, poll, go);
        self.b.at_end(poll);
        let number = if self.calls.is_called() { NO_EXIT } else { exit.0.into() };
        let number = self.b.i64.const_int(number, false);
        let given = self.b.service(offset_of!(Services, poll), self.b.i64.into(), &[number.into()]).into_int_value();
        let leave = self.b.compare(IntPredicate::SLT, given, self.b.int(0));
        let exit = self.exit_block(exit);
        self.b.branch_unlikely(leave, exit, refuel);
        self.b.at_end(refuel);
        // Less than what a turn costs would never let a block begin.
        let given = self.b.intrinsic("llvm.smax", &[self.b.i64.into()], &[given.into(), least.into()]);
        self.b.store(self.loops.fuel, given.into_int_value());
        self.b.jump(go);
        self.b.at_end(go);
    }

    /// The gate, which is what everybody else takes for the header, then the loop behind it: twice, if a test before a block of
    /// turns can prove something.
    fn behind_gate(&mut self, id: LoopId, poll: ExitId) {
        let header = self.function.loops[id.0 as usize].header;
        let plan = self.loops.plans.get(&id).cloned();
        let shape = &self.loops.shapes[id.0 as usize];
        let own = shape.blocks.iter().copied().filter(|&block| block != header).collect::<Vec<_>>();
        let weight = price(shape);
        let most = self.most(id);
        let (counter, short) = (shape.counter, shape.short().is_some());
        let entry = self.blocks[header.0 as usize];
        let mut gate = entry;
        let has_whole = plan.as_ref().filter(|_| self.loops.wholes.contains_key(&id) && !self.has_front(id)).cloned();
        // What is done again behind a late check is the whole block.
        let may_split =
            |(plan, counter): (&Rc<Plan>, Counter)| !plan.has_late_checks() && split::can_be(plan, &counter);
        let splits = !short && plan.as_ref().zip(counter).is_some_and(may_split);
        let (mut left, shift) = match counter {
            Some(counter) => {
                let step = least_step(&counter);
                let shift = weight.trailing_zeros().saturating_sub(step.ilog2());
                if let Some(plan) = has_whole {
                    gate = self.whole(id, &counter, &plan, (most * step, shift), &own);
                }
                if splits {
                    gate = self.may_split();
                }
                let (go, outside) = (self.b.block("block"), self.blocks[counter.outside.0 as usize]);
                let more = self.goes_on(&counter, self.operand(counter.stop).int());
                self.b.branch(more, go, outside);
                self.b.at_end(go);
                let end = match short {
                    true => self.operand(counter.stop).int(),
                    false => self.counted_block(&counter, most * step, shift, poll),
                };
                (Left::Counted(counter, end), (!short).then_some(shift))
            }
            None => {
                let shift = weight.trailing_zeros();
                let stride = shape.stride;
                if let Some(stride) = &stride {
                    let (go, outside) = (self.b.block("block"), self.blocks[stride.outside.0 as usize]);
                    let local = self.read(stride.local).int();
                    let more = self.b.compare(signed(stride.goes_on), local, self.operand(stride.stop).int());
                    self.b.branch(more, go, outside);
                    self.b.at_end(go);
                }
                self.poll_below(self.b.int(1 << shift), poll);
                let remain = stride.map(|stride| self.turns_after_first(&stride));
                (Left::Slot(self.uncounted_block(most, remain, shift), stride), Some(shift))
            }
        };
        let back = if splits { self.may_test_again(&mut left) } else { None };
        let checked = if let Some(plan) = &plan {
            let within = match left {
                Left::Counted(counter, end) => self.within(&counter, end),
                Left::Slot(slot, Some(stride)) => Some(self.strides(&stride, slot)),
                Left::Slot(_, None) => None,
            };
            let turns = match left {
                Left::Counted(counter, end) if !short => self.turns_between(&counter, end),
                Left::Slot(slot, Some(_)) => self.b.load(self.b.i64, slot).into_int_value(),
                Left::Counted(..) | Left::Slot(_, None) => self.b.int(most.cast_signed()),
            };
            let (holds, least) = self.test_and_least(plan, within, turns);
            let proven = self.b.block("turn.proven");
            let is_tested = holds.is_some() || !plan.guards.is_empty() || plan.has_late_checks();
            let checked = is_tested.then(|| self.b.block("turn"));
            let sure = plan.first.as_ref().map(|_| self.b.block("turn.sure"));
            let late = checked.filter(|_| plan.has_late_checks());
            let late = late.map(|checked| self.late_checks(&own, (sure.unwrap_or(gate), checked)));
            let entered = late.as_ref().map_or(proven, |late| late.begin);
            let whole = left;
            match holds.zip(checked) {
                Some((holds, checked)) => match (left, least.filter(|_| splits), shift) {
                    (Left::Counted(counter, end), Some(least), Some(shift)) => {
                        let ways = (entered, checked);
                        let end = self.split(&counter, (end, least), shift, (holds, back), ways);
                        left = Left::Counted(counter, end);
                    }
                    _ => {
                        self.b.branch(holds, entered, checked);
                    }
                },
                None => self.b.jump(entered),
            }
            let outer = self.blocks.clone();
            for block in own.iter().filter(|_| checked.is_some()) {
                self.blocks[block.0 as usize] = self.b.block(&format!("bb{}.proven", block.0));
            }
            self.loops.gated = Some(Gated { id, left: whole, shift, masked: false });
            let done = late.as_ref().map_or(gate, |late| late.done);
            if let Some(late) = late {
                self.begin_with_late_checks(&late, proven, plan.first.as_ref());
            }
            self.turns(header, &own, (proven, done), Some((plan, checked)));
            self.blocks = outer;
            if let Some(sure) = sure {
                self.sure_turns(header, &own, (sure, gate), plan);
            }
            checked
        } else {
            let only = self.b.block("turn");
            self.b.jump(only);
            Some(only)
        };
        if let Some(checked) = checked {
            self.loops.gated = Some(Gated { id, left, shift, masked: false });
            self.turns(header, &own, (checked, gate), None);
        }
        self.loops.gated = None;
        self.loops.aside.clear();
        self.blocks[header.0 as usize] = entry;
    }

    /// The fuel, what all that remains costs, and whether it is one block for which there is fuel.
    fn affordable(&self, counter: &Counter, most: u64, shift: u32) -> (IntValue<'ctx>, IntValue<'ctx>, IntValue<'ctx>) {
        let most = self.b.int(most_between(counter, most).cast_signed());
        let remains = self.remains(counter, self.operand(counter.stop).int());
        let fuel = self.fuel();
        let price = self.b.shl(remains, self.b.int(shift.into()));
        let few = self.b.compare(IntPredicate::ULE, remains, most);
        (fuel, price, self.b.and(few, self.b.compare(IntPredicate::SLE, price, fuel)))
    }

    fn remains(&self, counter: &Counter, stop: IntValue<'ctx>) -> IntValue<'ctx> {
        let local = self.read(counter.local).int();
        if counter.is_up() { self.b.sub(stop, local) } else { self.b.sub(local, stop) }
    }

    /// The blocks of a loop behind its gate; `entry` takes the place of its header.
    fn turns(
        &mut self,
        header: BlockId,
        own: &[BlockId],
        (entry, gate): (BasicBlock<'ctx>, BasicBlock<'ctx>),
        plan: Option<(&Plan, Option<BasicBlock<'ctx>>)>,
    ) {
        let Some(left) = self.loops.gated.as_ref().map(|gated| gated.left) else { return };
        self.blocks[header.0 as usize] = entry;
        self.b.at_end(entry);
        let more = match left {
            Left::Counted(counter, end) => self.goes_on(&counter, end),
            Left::Slot(slot, _) => {
                let turns = self.b.load(self.b.i64, slot).into_int_value();
                self.b.compare(IntPredicate::NE, turns, self.b.int(0))
            }
        };
        let go = self.b.block("go");
        self.b.branch(more, go, gate);
        self.b.at_end(go);
        if let Some((plan, Some(checked))) = plan {
            for &(local, limit) in &plan.guards {
                let beyond = self.b.compare(IntPredicate::UGT, self.read(local).int(), self.b.int(limit));
                let within = self.b.block("within");
                self.b.branch_unlikely(beyond, checked, within);
                self.b.at_end(within);
            }
        }
        // One way back to the header, however many turns end early: of several, LLVM makes nested loops, and no vectors.
        let (go, latch) = (self.b.current(), self.b.block("latch"));
        self.blocks[header.0 as usize] = latch;
        self.b.at_end(go);
        let plan = plan.map(|(plan, _)| plan);
        match left {
            Left::Counted(counter, _) => self.b.jump(self.blocks[counter.inside.0 as usize]),
            Left::Slot(_, Some(stride)) if plan.is_some() => self.b.jump(self.blocks[stride.inside.0 as usize]),
            Left::Slot(..) => self.fill(header, plan),
        }
        if let Some(plan) = plan {
            let id = self.loops.gated.as_ref().map(|gated| gated.id);
            let blocks = id.map(|id| self.loops.shapes[id.0 as usize].blocks.clone()).unwrap_or_default();
            self.loops.regions = regions(self.function, (header, &blocks), plan, &self.loops.seldom);
        }
        let done = self.loops.regions.values().flat_map(|region| &region.blocks).copied().collect::<HashSet<_>>();
        for &block in own.iter().filter(|block| !done.contains(block)) {
            self.b.at_end(self.blocks[block.0 as usize]);
            self.fill(block, plan);
        }
        self.loops.regions.clear();
        self.b.at_end(latch);
        if let Left::Slot(slot, _) = left {
            // At the end, where the processor makes one operation of it and of the test that follows.
            self.b.store(slot, self.turns_behind(slot));
        }
        self.way_back(header, own, entry, plan.is_some());
    }

    /// Turns of a block, at most.
    fn most(&self, id: LoopId) -> u64 {
        let shape = &self.loops.shapes[id.0 as usize];
        shape.turns.unwrap_or(u64::MAX).min((MOST_COST / price(shape)).clamp(1, MOST_TURNS)).max(1)
    }

    fn goes_on(&self, counter: &Counter, stop: IntValue<'ctx>) -> IntValue<'ctx> {
        let local = self.read(counter.local).int();
        self.b.compare(signed(counter.goes_on), local, stop)
    }

    /// The least and the greatest value of the counter where the turns of a block begin.
    fn within(&self, counter: &Counter, end: IntValue<'ctx>) -> Option<(IntValue<'ctx>, IntValue<'ctx>)> {
        self.between(counter.goes_on.ordered(counter.is_up()), self.read(counter.local).int(), end)
    }

    fn between(
        &self,
        goes_on: Predicate,
        start: IntValue<'ctx>,
        end: IntValue<'ctx>,
    ) -> Option<(IntValue<'ctx>, IntValue<'ctx>)> {
        let one = self.b.int(1);
        match goes_on {
            Predicate::Lt => Some((start, self.b.sub(end, one))),
            Predicate::Le => Some((start, end)),
            Predicate::Gt => Some((self.b.add(end, one), start)),
            Predicate::Ge => Some((end, start)),
            Predicate::Ne | Predicate::Eq => None,
        }
    }

    fn unsigned_least(&self, one: IntValue<'ctx>, other: IntValue<'ctx>) -> IntValue<'ctx> {
        self.b.intrinsic("llvm.umin", &[self.b.i64.into()], &[one.into(), other.into()]).into_int_value()
    }

    /// Where a block ends that moves the counter by `most` at most, and by no more than there is fuel for, which it takes. There
    /// is a turn to do.
    fn counted_block(&mut self, counter: &Counter, most: u64, shift: u32, poll: ExitId) -> IntValue<'ctx> {
        let (local, stop) = (self.read(counter.local).int(), self.operand(counter.stop).int());
        let up = counter.is_up();
        let remains = self.remains(counter, stop);
        // Mostly all that remains is one block and there is fuel for it: the way for loops inside of others, which come here often.
        let (fuel, price, paid) = self.affordable(counter, most, shift);
        let (most, least) = (self.b.int(most_between(counter, most).cast_signed()), self.b.int(1 << shift));
        let shift = self.b.int(shift.into());
        let (whole, part, begin) = (self.b.block("whole"), self.b.block("part"), self.b.block("begin"));
        self.b.branch(paid, whole, part);
        self.b.at_end(whole);
        self.b.store(self.loops.fuel, self.b.sub_no_wrap(fuel, price));
        self.b.jump(begin);
        self.b.at_end(part);
        self.poll_below(least, poll);
        let fuel = self.fuel();
        let distance = self.unsigned_least(remains, self.unsigned_least(self.b.shr_unsigned(fuel, shift), most));
        self.b.store(self.loops.fuel, self.b.sub_no_wrap(fuel, self.b.shl(distance, shift)));
        let end = if up { self.b.add(local, distance) } else { self.b.sub(local, distance) };
        let part = self.b.current();
        self.b.jump(begin);
        self.b.at_end(begin);
        self.b.phi_int((stop, whole), (end, part))
    }

    /// The slot that holds the turns of a block, `most` at most, no more than there is fuel for, which it takes, and no more than
    /// the first and those that `remain`.
    fn uncounted_block(&self, most: u64, remain: Option<IntValue<'ctx>>, shift: u32) -> PointerValue<'ctx> {
        let slot = self.loops.turns;
        let (fuel, shift, one) = (self.fuel(), self.b.int(shift.into()), self.b.int(1));
        let most = match remain {
            Some(remain) => self.b.add(self.unsigned_least(remain, self.b.int(most.cast_signed() - 1)), one),
            None => self.b.int(most.cast_signed()),
        };
        let turns = self.unsigned_least(self.b.shr_unsigned(fuel, shift), most);
        self.b.store(slot, turns);
        self.b.store(self.loops.fuel, self.b.sub_no_wrap(fuel, self.b.shl(turns, shift)));
        slot
    }

    /// The turns that a block has left behind the one that is being done.
    fn turns_behind(&self, slot: PointerValue<'ctx>) -> IntValue<'ctx> {
        let turns = self.b.load(self.b.i64, slot).into_int_value();
        self.b.sub_no_wrap(turns, self.b.int(1))
    }

    /// The block that an edge of the IR goes to. One that leaves a gated loop early gets back what was paid for the turns that
    /// are not done.
    pub(super) fn edge(&self, to: BlockId) -> BasicBlock<'ctx> {
        let target = self.blocks[to.0 as usize];
        let Some(gated) = &self.loops.gated else { return target };
        let Some(shift) = gated.shift else { return target };
        if self.function.block(to).in_loop == Some(gated.id) {
            return target;
        }
        let current = self.b.current();
        let early = self.b.block("early");
        self.b.at_end(early);
        let rest = match gated.left {
            Left::Counted(counter, end) => {
                let local = self.read(counter.local).int();
                if counter.is_up() { self.b.sub(end, local) } else { self.b.sub(local, end) }
            }
            Left::Slot(slot, _) => self.turns_behind(slot),
        };
        let price = self.b.shl(rest, self.b.int(shift.into()));
        self.b.store(self.loops.fuel, self.b.add(self.fuel(), price));
        self.b.jump(target);
        self.b.at_end(current);
        early
    }
}

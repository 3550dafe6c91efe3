//! Calls within a unit, and what a function owes those that call it.
//!
//! A function that is called is an internal function of the module: its parameters come in registers, the activation behind them, and
//! a struct goes back: 0 and the leaves of what it gives, or [`PENDING`] and nothing. Where it leaves, [`Services::leave`] has the
//! interpreter do the rest of it. Functions that come back to themselves are written out some levels deep ([`crate::nesting`]), and
//! count how deeply their calls are nested.

use std::collections::BTreeSet;
use std::mem::offset_of;

use inkwell::IntPredicate;
use inkwell::basic_block::BasicBlock;
use inkwell::types::BasicTypeEnum;
use inkwell::values::{BasicValueEnum, FunctionValue, IntValue, PointerValue};

use super::builder::Builder;
use super::large::Homes;
use super::loops::FIRST_FUEL;
use super::{Loaded, Lowerer, payload_types};
use crate::abi::{Activation, COMPOUND_BASE, FIRST_DEPTH, PENDING, Services};
use crate::ir::{BlockId, Call, Called, ExitId, Function, LocalId, Operand, Tree, Unit, Value};
use crate::nesting::{self, Count, Nesting};
use crate::types::{Type, TypeSet};

/// What a call costs beside its body, in units of fuel.
const CALL: i64 = 16;

/// The functions of a unit that are called.
pub(super) struct Members<'ctx, 'ir> {
    pub(super) unit: &'ir Unit,
    nesting: Nesting,
    /// For each function its copies, if it is called.
    copies: Vec<Vec<FunctionValue<'ctx>>>,
}

impl<'ctx, 'ir> Members<'ctx, 'ir> {
    /// Declares them.
    pub(super) fn new(b: &Builder<'ctx>, unit: &'ir Unit) -> Self {
        let nesting = Nesting::of(unit);
        let reached = nesting::reached(unit).into_iter();
        let first = unit.functions[0].called.is_some().then_some(0);
        let is_called = reached.flat_map(|at| nesting::callees(&unit.functions[at])).chain(first);
        let is_called = is_called.collect::<BTreeSet<_>>();
        let declare = |(at, function): (usize, &Function)| {
            let called = function.called.as_ref().filter(|_| is_called.contains(&at));
            let Some(called) = called else { return Vec::new() };
            let params = parameters(function).flat_map(|types| registers(b, types)).collect::<Vec<_>>();
            let gives = called.gives.in_frame().into_iter().flat_map(|types| registers(b, types));
            let result = std::iter::once(b.i64.into()).chain(gives).collect::<Vec<_>>();
            let result = b.context.struct_type(&result, false);
            let levels = nesting.levels(at);
            (0..levels).map(|level| b.internal(&format!("f{at}.{level}"), &params, result, level > 0)).collect()
        };
        let copies = unit.functions.iter().enumerate().map(declare).collect();
        Self { unit, nesting, copies }
    }

    /// Every function to make, by its number and that of its copy.
    pub(super) fn all(&self) -> Vec<(usize, usize)> {
        let of = |(at, copies): (usize, &Vec<_>)| (0..copies.len()).map(move |level| (at, level)).collect::<Vec<_>>();
        self.copies.iter().enumerate().flat_map(of).collect()
    }

    pub(super) fn function(&self, (at, level): (usize, usize)) -> FunctionValue<'ctx> {
        self.copies[at][level]
    }
}

/// True if there are calls in what may run of a unit.
pub(crate) fn has_calls(unit: &Unit) -> bool {
    unit.functions[0].called.is_some()
        || nesting::reached(unit).into_iter().any(|at| calls(&unit.functions[at]).next().is_some())
}

fn calls(function: &Function) -> impl Iterator<Item = &Call> {
    function.blocks.iter().flat_map(|block| &block.statements).filter_map(|statement| match &statement.value {
        Value::Call(call) => Some(&**call),
        Value::Convert(_) | Value::Op { .. } | Value::Create(_) | Value::Given(_) => None,
    })
}

/// The types of the parameters, as they stand in a frame.
fn parameters(function: &Function) -> impl Iterator<Item = TypeSet> {
    function.locals[..function.parameters as usize].iter().map(|local| local.types)
}

/// The registers that hold a scalar.
fn registers<'ctx>(b: &Builder<'ctx>, types: TypeSet) -> Vec<BasicTypeEnum<'ctx>> {
    let tag = types.is_tagged().then(|| b.i8.into());
    tag.into_iter().chain(payload_types(b, types)).collect()
}

/// What the function that is being lowered has to do with calls.
pub(super) struct Calls<'ctx> {
    /// Its number in the unit.
    pub(super) member: u32,
    /// The number of the copy, if it is called.
    level: Option<usize>,
    /// There are calls in the unit.
    is_shared: bool,
    /// Where calls of it are counted.
    count: Option<Count>,
    /// Levels that one count stands for.
    levels: u32,
    /// It has polls in its loops, and so it has the fuel in a slot of its own.
    pub(super) has_fuel: bool,
    /// The mark of what it makes.
    mark: Option<IntValue<'ctx>>,
    /// The block of the IR that is being lowered.
    pub(super) at: BlockId,
    /// What the last call has given.
    given: Vec<Loaded<'ctx>>,
    /// Where a called function returns, and what it returns then: the status and the registers of what it gives. One place for all,
    /// for where it is written out nothing but single values is left then.
    out: Option<(BasicBlock<'ctx>, Vec<PointerValue<'ctx>>)>,
    /// Where exits of a called function go with their number, without and with its count.
    left: [Option<(BasicBlock<'ctx>, PointerValue<'ctx>)>; 2],
}

impl<'ctx> Calls<'ctx> {
    pub(super) fn new(members: &Members<'_, '_>, function: &Function, member: usize, level: Option<usize>) -> Self {
        let nesting = &members.nesting;
        let counts = |callee: usize| nesting.together(member, callee);
        let count = level.filter(|&level| level == 0).and_then(|_| Count::of(function, counts));
        Self {
            member: member as u32,
            level,
            is_shared: has_calls(members.unit),
            count,
            levels: nesting.levels(member),
            has_fuel: function.loops.iter().any(|one| one.poll.is_some()),
            mark: None,
            at: BlockId(0),
            given: Vec::new(),
            out: None,
            left: [None; 2],
        }
    }

    /// True if the block that is being lowered comes after the count.
    pub(super) fn is_counted(&self) -> bool {
        self.count.as_ref().is_some_and(|count| count.behind.contains(&self.at))
    }

    /// True for a function that its caller has done again where it leaves.
    pub(super) fn restarts(&self, function: &Function) -> bool {
        self.is_called() && function.called.as_ref().is_some_and(|called| called.restarts)
    }

    pub(super) const fn is_called(&self) -> bool {
        self.level.is_some()
    }
}

/// Words for the objects that calls keep.
pub(super) fn kept_words(unit: &Unit, function: &Function) -> usize {
    let objects = |types: TypeSet| types.in_frame().into_iter().filter(|&one| one == Type::Object.into()).count();
    let own = function.called.as_ref().map_or(0, |called| objects(called.gives));
    let given = calls(function).map(|call| given(unit, call).map_or(0, |called| objects(called.gives))).max();
    match given.unwrap_or(0) {
        0 => own,
        given => own.max(given + function.locals.iter().filter(|local| local.types == Type::Object.into()).count()),
    }
}

fn given<'ir>(unit: &'ir Unit, call: &Call) -> Option<&'ir Called> {
    unit.functions[call.callee as usize].called.as_ref()
}

impl<'ctx> Lowerer<'ctx, '_> {
    fn activation_field(&self, field: usize) -> PointerValue<'ctx> {
        self.b.field(field)
    }

    /// Where the function begins: parameters from registers, or from the frame, and what calls need.
    pub(super) fn enter(&mut self) {
        if !self.calls.is_called() {
            if self.calls.is_shared {
                self.b.store(self.activation_field(offset_of!(Activation, fuel)), self.b.int(FIRST_FUEL));
                self.b.store(self.activation_field(offset_of!(Activation, depth)), self.b.int(FIRST_DEPTH));
                self.b.store(self.activation_field(offset_of!(Activation, frame)), self.b.frame());
            }
            self.parameters();
            if !self.is_large {
                self.homes = Homes::new(&self.b, self.function);
            }
            self.b.store(self.loops.fuel, self.b.int(FIRST_FUEL));
            return;
        }
        let mut registers = self.b.function.get_params().into_iter();
        for (at, types) in parameters(self.function).enumerate() {
            let value = self.of_registers(types, &mut registers);
            self.write(LocalId(at as u32), value);
        }
        self.take_fuel();
        let makes = |call: &Call| given(self.unit, call).is_some_and(|called| has_array(called.gives));
        if !self.function.creations.is_empty() || calls(self.function).any(makes) {
            let mark = self.b.service(offset_of!(Services, mark), self.b.i64.into(), &[]).into_int_value();
            self.calls.mark = Some(mark);
        }
    }

    /// A value from the registers that hold it.
    fn of_registers(&self, types: TypeSet, from: &mut impl Iterator<Item = BasicValueEnum<'ctx>>) -> Loaded<'ctx> {
        let mut next = || from.next().expect("as many registers as the type has");
        match types.single() {
            None => {
                let tag = next().into_int_value();
                let mut payload = [None; 2];
                for part in payload.iter_mut().take(types.words() - 1) {
                    *part = Some(next().into_int_value());
                }
                Loaded::Tagged(tag, payload)
            }
            Some(Type::Bool) => Loaded::Bool(next().into_int_value()),
            Some(Type::Int) => Loaded::Int(next().into_int_value()),
            Some(Type::Nat) => Loaded::Nat(next().into_int_value()),
            Some(Type::Low) => Loaded::Low(next().into_int_value()),
            Some(Type::Float) => Loaded::Float(next().into_float_value()),
            Some(Type::Complex) => Loaded::Complex(next().into_float_value(), next().into_float_value()),
            Some(Type::Object) => Loaded::Object(next().into_pointer_value()),
            Some(Type::Pointer) => Loaded::Pointer(next().into_pointer_value()),
            Some(Type::Scalar(dtype)) if dtype.words() == 1 => Loaded::Scalar(dtype, next()),
            Some(Type::Scalar(dtype)) => {
                Loaded::ScalarComplex(dtype, next().into_float_value(), next().into_float_value())
            }
            Some(one @ (Type::None | Type::Unbound)) => Loaded::Unit(one),
            Some(Type::Tuple(_) | Type::Array(_) | Type::Function(_)) => {
                panic!("no register holds a tuple or an array")
            }
        }
    }

    /// The registers of a value.
    fn registers(&self, value: Loaded<'ctx>, types: TypeSet) -> Vec<BasicValueEnum<'ctx>> {
        match value {
            Loaded::Unit(_) => Vec::new(),
            Loaded::Bool(one) | Loaded::Int(one) | Loaded::Nat(one) | Loaded::Low(one) => vec![one.into()],
            Loaded::Float(one) => vec![one.into()],
            Loaded::Scalar(_, one) => vec![one],
            Loaded::Complex(real, imag) | Loaded::ScalarComplex(_, real, imag) => vec![real.into(), imag.into()],
            Loaded::Object(one) | Loaded::Pointer(one) => vec![one.into()],
            Loaded::Tagged(tag, payload) => {
                let payload = payload.into_iter().take(types.words() - 1);
                let payload = payload.map(|part| part.unwrap_or_else(|| self.b.int(0)).into());
                std::iter::once(tag.into()).chain(payload).collect()
            }
        }
    }

    /// Takes the fuel that is common to all functions into the slot of this one, if it has one.
    fn take_fuel(&self) {
        if self.calls.is_shared && self.calls.has_fuel {
            let common = self.b.load(self.b.i64, self.activation_field(offset_of!(Activation, fuel)));
            self.b.store(self.loops.fuel, common);
        }
    }

    /// The opposite.
    fn give_fuel(&self) {
        if self.calls.is_shared && self.calls.has_fuel {
            self.b.store(self.activation_field(offset_of!(Activation, fuel)), self.fuel());
        }
    }

    /// Calls a function of the unit; it goes on with what that gives.
    pub(super) fn call(&mut self, call: &Call) {
        let callee = call.callee as usize;
        let (unit, copies) = (self.unit, &self.members.copies[callee]);
        let within = self.calls.level.filter(|_| self.members.nesting.together(self.calls.member as usize, callee));
        let to = copies[within.map_or(0, |level| (level + 1) % copies.len())];
        let types = parameters(&unit.functions[callee]);
        let args = call.args.iter().flat_map(Tree::in_frame).zip(types);
        let args = args.flat_map(|(arg, types)| self.registers(self.operand(arg), types));
        let args = args.chain([self.b.activation().into()]).map(Into::into).collect::<Vec<_>>();
        self.give_fuel();
        let result = self.b.call_internal(to, &args);
        self.take_fuel();
        let status = self.b.part(result, 0);
        let pending = self.b.compare(IntPredicate::NE, status, self.b.int(0));
        let restarts = given(unit, call).is_some_and(|called| called.restarts);
        self.leave_if(pending, Some(if restarts { call.again } else { call.exit }));
        let gives = given(unit, call).map(|called| called.gives).unwrap_or_default();
        let leaves = gives.in_frame();
        let count = result.into_struct_value().get_type().count_fields();
        let mut parts = (1..count).map(|at| self.b.element_of(result, at)).collect::<Vec<_>>().into_iter();
        self.calls.given = leaves.into_iter().map(|types| self.of_registers(types, &mut parts)).collect();
        if has_array(gives) {
            self.sweep();
        }
    }

    /// A leaf of what the last call has given.
    pub(super) fn given(&self, leaf: u32) -> Loaded<'ctx> {
        self.calls.given[leaf as usize]
    }

    /// After a call that gave an array: what nobody needs any more may go. An object that a local of this function holds may be needed.
    fn sweep(&self) {
        let locals = self.function.locals.iter().enumerate();
        let locals = locals.filter(|(_, local)| local.types == Type::Object.into());
        let locals = locals.map(|(at, _)| self.read(LocalId(at as u32)));
        let kept = self.calls.given.iter().copied().chain(locals).collect::<Vec<_>>();
        let (kept, count) = self.objects(kept);
        self.b.tell(offset_of!(Services, sweep), &[kept.into(), count.into()]);
    }

    /// The objects among values, in memory, and their number.
    fn objects(&self, values: Vec<Loaded<'ctx>>) -> (PointerValue<'ctx>, IntValue<'ctx>) {
        let objects = values.into_iter().filter_map(|one| match one {
            Loaded::Object(object) => Some(object),
            _ => None,
        });
        let objects = objects.collect::<Vec<_>>();
        let words = self.boxes(objects.len().max(1));
        for (at, object) in objects.iter().enumerate() {
            self.b.store(self.b.element(words, at), *object);
        }
        (words, self.b.int(objects.len() as i64))
    }

    /// At the start of the block where calls of this function are counted.
    pub(super) fn count(&mut self, at: BlockId) {
        if self.calls.count.as_ref().is_none_or(|count| count.block != at) {
            return;
        }
        let Some(called) = &self.function.called else { return };
        let exit = called.exit;
        let levels = i64::from(self.calls.levels);
        let field = self.activation_field(offset_of!(Activation, depth));
        let depth = self.b.load(self.b.i64, field).into_int_value();
        let depth = self.b.sub_no_wrap(depth, self.b.int(levels));
        self.b.store(field, depth);
        let (deeper, go) = (self.b.block("deeper"), self.b.block("counted"));
        let too_deep = self.b.compare(IntPredicate::SLT, depth, self.b.int(0));
        self.b.branch_unlikely(too_deep, deeper, go);
        self.b.at_end(deeper);
        let granted = self.b.service(offset_of!(Services, deeper), self.b.i8.into(), &[]).into_int_value();
        let refused = self.b.compare(IntPredicate::EQ, granted, self.b.i8.const_zero());
        let leave = self.exit_block(exit);
        self.b.branch_unlikely(refused, leave, go);
        self.b.at_end(go);
        let fuel = self.b.sub_no_wrap(self.fuel(), self.b.int(CALL * levels));
        self.b.store(self.loops.fuel, fuel);
        self.poll_below(self.b.int(0), exit);
    }

    /// Takes the count back.
    fn uncount(&self, is_counted: bool) {
        if is_counted {
            let field = self.activation_field(offset_of!(Activation, depth));
            let depth = self.b.load(self.b.i64, field).into_int_value();
            self.b.store(field, self.b.add_no_wrap(depth, self.b.int(self.calls.levels.into())));
        }
    }

    /// What was made within goes, but for what is returned.
    fn settle(&self, returned: Vec<Loaded<'ctx>>) {
        if let Some(mark) = self.calls.mark {
            let (kept, count) = self.objects(returned);
            self.b.tell(offset_of!(Services, settle), &[mark.into(), kept.into(), count.into()]);
        }
    }

    /// Returns from a called function with a status and registers, if there are any.
    fn give(&mut self, status: u64, registers: &[BasicValueEnum<'ctx>]) {
        let (block, slots) = match &self.calls.out {
            Some((block, slots)) => (*block, slots.clone()),
            None => self.way_out(),
        };
        self.b.store(slots[0], self.b.i64.const_int(status, false));
        slots[1..].iter().zip(registers).for_each(|(&slot, &register)| self.b.store(slot, register));
        self.b.jump(block);
    }

    /// The one block that returns.
    fn way_out(&mut self) -> (BasicBlock<'ctx>, Vec<PointerValue<'ctx>>) {
        let gives = self.function.called.as_ref().map(|called| called.gives.in_frame()).unwrap_or_default();
        let types = gives.into_iter().flat_map(|types| registers(&self.b, types));
        let types = std::iter::once(self.b.i64.into()).chain(types).collect::<Vec<BasicTypeEnum<'ctx>>>();
        let slots = types.iter().map(|&one| self.b.alloca_at_entry(one, "out")).collect::<Vec<_>>();
        let (current, block) = (self.b.current(), self.b.block("out"));
        self.b.at_end(block);
        let parts = types.iter().zip(&slots).map(|(&one, &slot)| self.b.load(one, slot)).collect::<Vec<_>>();
        self.b.ret_all(&parts);
        self.b.at_end(current);
        self.calls.out = Some((block, slots.clone()));
        (block, slots)
    }

    /// Returns from a called function.
    pub(super) fn return_to_caller(&mut self, value: &Tree<Operand>) {
        let Some(called) = &self.function.called else { return };
        let mut leaves = Vec::new();
        self.as_given(value, called.gives, &mut leaves);
        self.settle(leaves.iter().map(|&(value, _)| value).collect());
        self.give_fuel();
        self.uncount(self.calls.is_counted());
        let registers = leaves.into_iter().flat_map(|(value, types)| self.registers(value, types)).collect::<Vec<_>>();
        self.give(0, &registers);
    }

    /// The leaves of a value as a set that holds it has them.
    fn as_given(&self, value: &Tree<Operand>, gives: TypeSet, leaves: &mut Vec<(Loaded<'ctx>, TypeSet)>) {
        if let Some(tagged) = gives.mixed() {
            let others = gives.apart();
            let it = others.iter().position(|&(_, one)| is_form(value, one));
            let first = match (value, it) {
                (Tree::Leaf(operand), None) => self.operand(*operand),
                (_, Some(at)) => self.nothing(others[at].0.into()),
                _ => panic!("what a function returns is what it gives"),
            };
            leaves.push((self.convert(first, tagged), tagged));
            for (at, (_, one)) in others.into_iter().enumerate() {
                let one = TypeSet::of(one);
                if it == Some(at) {
                    self.as_given(value, one, leaves);
                } else {
                    leaves.extend(one.in_frame().into_iter().map(|types| (self.nothing(types), types)));
                }
            }
            return;
        }
        match (value, gives.single()) {
            (Tree::Tuple(parts), Some(Type::Tuple(shape))) => {
                parts.iter().zip(shape.elements()).for_each(|(part, &types)| self.as_given(part, types, leaves));
            }
            (Tree::Array(_, parts), Some(Type::Array(array))) => {
                let types = gives.in_frame();
                let parts = parts.iter().take(array.words()).zip(types);
                leaves.extend(parts.map(|(&part, types)| (self.operand(part), types)));
            }
            (Tree::Function(_), _) => {}
            (Tree::Leaf(operand), _) => leaves.push((self.convert(self.operand(*operand), gives), gives)),
            (Tree::Tuple(_) | Tree::Array(..), _) => panic!("what a function returns is what it gives"),
        }
    }

    /// What stands for a value that there is none of.
    fn nothing(&self, types: TypeSet) -> Loaded<'ctx> {
        let zeros = registers(&self.b, types).into_iter().map(|one| one.const_zero());
        self.of_registers(types, &mut zeros.collect::<Vec<_>>().into_iter())
    }

    /// At an exit of a function that its caller has done again: nothing is written.
    pub(super) fn leave_to_restart(&mut self, is_counted: bool) {
        self.give_fuel();
        self.uncount(is_counted);
        self.settle(Vec::new());
        self.give(PENDING, &[]);
    }

    /// After the record of an exit of a called function has been written: the interpreter does the rest.
    pub(super) fn leave_to_caller(&mut self, exit: ExitId, is_counted: bool) {
        let number = self.b.int(exit.0.into());
        if let Some((block, slot)) = self.calls.left[usize::from(is_counted)] {
            self.b.store(slot, number);
            self.b.jump(block);
            return;
        }
        let (block, slot) = (self.b.block("left"), self.b.alloca_at_entry(self.b.i64, "left"));
        self.calls.left[usize::from(is_counted)] = Some((block, slot));
        self.b.store(slot, number);
        self.b.jump(block);
        self.b.at_end(block);
        self.give_fuel();
        let number = self.b.load(self.b.i64, slot);
        let member = self.b.int(self.calls.member.into());
        let args = [member.into(), number.into()];
        let status = self.b.service(offset_of!(Services, leave), self.b.i64.into(), &args).into_int_value();
        self.uncount(is_counted);
        let types = self.function.called.as_ref().map(|called| called.gives.in_frame()).unwrap_or_default();
        let (done, pending) = (self.b.block("done"), self.b.block("pending"));
        let is_pending = self.b.compare(IntPredicate::NE, status, self.b.int(0));
        self.b.branch(is_pending, pending, done);
        self.b.at_end(pending);
        self.settle(Vec::new());
        self.give(PENDING, &[]);
        self.b.at_end(done);
        self.common_frame();
        let mut word = 0;
        let load = |types: TypeSet| (self.load_leaf(types, &mut word), types);
        let leaves = types.into_iter().map(load).collect::<Vec<_>>();
        self.settle(leaves.iter().map(|&(value, _)| value).collect());
        let registers = leaves.into_iter().flat_map(|(value, types)| self.registers(value, types)).collect::<Vec<_>>();
        self.give(0, &registers);
    }

    /// A scalar of any types from the frame.
    fn load_leaf(&self, types: TypeSet, word: &mut usize) -> Loaded<'ctx> {
        if !types.is_tagged() {
            return self.load_words(types, word);
        }
        let mut next = || {
            *word += 1;
            self.b.load(self.b.i64, self.b.word(*word - 1)).into_int_value()
        };
        let tag = next();
        let mut payload = [None; 2];
        payload.iter_mut().take(types.words() - 1).for_each(|part| *part = Some(next()));
        Loaded::Tagged(self.b.narrow(tag, self.b.i8), payload)
    }

    /// The frame as the entry of the unit was given it.
    pub(super) fn common_frame(&mut self) {
        let frame = self.b.load(self.b.pointer, self.activation_field(offset_of!(Activation, frame)));
        self.b.set_frame(frame.into_pointer_value());
    }

    /// The entry of a unit whose first function is called by others: it calls that function.
    pub(super) fn entry_calls(&mut self) {
        let Some(called) = &self.function.called else { return };
        let mut word = 0;
        let values = parameters(self.function).map(|types| (self.load_words(types, &mut word), types));
        let values = values.collect::<Vec<_>>();
        let args = values.into_iter().flat_map(|(value, types)| self.registers(value, types));
        let args = args.chain([self.b.activation().into()]).map(Into::into).collect::<Vec<_>>();
        self.b.store(self.activation_field(offset_of!(Activation, fuel)), self.b.int(FIRST_FUEL));
        self.b.store(self.activation_field(offset_of!(Activation, depth)), self.b.int(FIRST_DEPTH));
        self.b.store(self.activation_field(offset_of!(Activation, frame)), self.b.frame());
        self.b.place(0, 0);
        let result = self.b.call_internal(self.members.copies[0][0], &args);
        let status = self.b.part(result, 0);
        let (pending, done) = (self.b.block("pending"), self.b.block("done"));
        self.b.branch_unlikely(self.b.compare(IntPredicate::NE, status, self.b.int(0)), pending, done);
        self.b.at_end(pending);
        self.b.ret(self.b.i64.const_int(PENDING, false));
        self.b.at_end(done);
        let count = result.into_struct_value().get_type().count_fields();
        let mut parts = (1..count).map(|at| self.b.element_of(result, at)).collect::<Vec<_>>().into_iter();
        let leaves = called.gives.in_frame();
        let leaves = leaves.into_iter().map(|types| (self.of_registers(types, &mut parts), types)).collect::<Vec<_>>();
        if let (Some(tagged), [(first, _), rest @ ..]) = (called.gives.mixed(), leaves.as_slice()) {
            let (tag, _) = self.to_tagged(*first);
            let mut rest = rest;
            for (says, compound) in called.gives.apart() {
                let says = self.b.i8.const_int(says.tag().unwrap_or_default().into(), false);
                let (whole, other) = (self.b.block("whole"), self.b.block("other"));
                let is_whole = self.b.compare(IntPredicate::EQ, tag, says);
                self.b.branch(is_whole, whole, other);
                self.b.at_end(whole);
                let own = rest.split_at(TypeSet::of(compound).in_frame().len());
                rest = own.1;
                self.return_from_entry(compound.into(), own.0);
                self.b.at_end(other);
            }
            self.return_from_entry(tagged, &[(*first, tagged)]);
            return;
        }
        self.return_from_entry(called.gives, &leaves);
    }

    /// Returns a value from the entry, by its leaves.
    fn return_from_entry(&mut self, gives: TypeSet, leaves: &[(Loaded<'ctx>, TypeSet)]) {
        let mut word = 0;
        match (gives.single(), leaves) {
            (Some(compound @ (Type::Tuple(_) | Type::Array(_) | Type::Function(_))), leaves) => {
                leaves.iter().for_each(|&(value, types)| self.store_words(value, types, &mut word));
                let compounds = &self.function.compounds;
                let given = self.function.called.iter().flat_map(|called| called.gives.compounds().iter());
                let all = compounds.iter().copied().chain(given);
                let Some(at) = all.into_iter().position(|one| one == compound) else {
                    panic!("what a function gives is one of what it gives")
                };
                self.b.ret(self.b.i64.const_int(COMPOUND_BASE + at as u64, false));
            }
            (_, &[(value, _)]) => {
                let (tag, payload) = self.to_tagged(value);
                for part in payload.into_iter().flatten().take(gives.iter().map(Type::words).max().unwrap_or(1)) {
                    self.b.store(self.b.word(word), part);
                    word += 1;
                }
                self.b.ret(self.b.widen(tag, self.b.i64));
            }
            _ => panic!("one scalar was verified"),
        }
    }
}

/// True if a value is of this type, as far as tuples, arrays and functions go.
fn is_form(value: &Tree<Operand>, one: Type) -> bool {
    match (value, one) {
        (Tree::Tuple(parts), Type::Tuple(shape)) => {
            let is_part = |(part, types): (&Tree<Operand>, &TypeSet)| match types.compounds().single() {
                Some(one) => is_form(part, one),
                None => matches!(part, Tree::Leaf(_)),
            };
            parts.len() == shape.elements().len() && parts.iter().zip(shape.elements()).all(is_part)
        }
        (Tree::Array(array, _), Type::Array(one)) => *array == one,
        (Tree::Function(function), Type::Function(one)) => *function == one,
        (Tree::Leaf(_) | Tree::Tuple(_) | Tree::Array(..) | Tree::Function(_), _) => false,
    }
}

fn has_array(types: TypeSet) -> bool {
    types.in_frame().contains(&Type::Object.into())
}

//! Verified IR to an LLVM module: the entry, and one internal function for each function of a unit that is called.
//!
//! Every local is a stack slot, which LLVM turns into registers. The live locals of an exit are read in a cold block of the
//! exit's own, so that the hot path pays a branch and nothing else.

mod builder;
mod calls;
mod chain;
mod constants;
mod fastmath;
mod hints;
mod large;
mod loaded;
mod loops;
mod pieces;
mod places;
mod recipe;
mod version;

use std::collections::HashMap;
use std::mem::offset_of;

use inkwell::basic_block::BasicBlock;
use inkwell::context::Context;
use inkwell::module::Module;
use inkwell::types::BasicTypeEnum;
use inkwell::values::{FloatValue, IntValue, PointerValue};

use crate::abi::{self, Activation, COMPOUND_BASE, ENTRY_SYMBOL, EXIT_BASE, host_over_words};
use crate::backend::Options;
use crate::ir::{
    BlockId, Constant, Create, ExitId, Function, LocalId, Operand, Statement, Terminator, Tree, Unit, Value,
};
use crate::loops::ahead::computed_ahead;
use crate::loops::unroll::unrolled;
use crate::ops::Recipe;
use crate::ops::vectors::Vectors;
use crate::types::{Type, TypeSet};
use builder::Builder;
pub(crate) use calls::has_calls;
use calls::{Calls, Members, kept_words};
use constants::Constants;
use large::{Homes, share_slots};
use loaded::{Loaded, Payload};
pub(crate) use pieces::{IN_PIECE, is_large};
use recipe::signed;

/// Lowers a unit that [`crate::ir::verify`] accepts. With `placed`, the spans of the statements of the functions of which it says so, and
/// of the exits of their polls, are lines and columns, which become debug locations. `vectors` are the functions of the vector library
/// that may be called.
#[must_use]
pub fn lower<'ctx>(
    context: &'ctx Context,
    unit: &Unit,
    (options, vectors): (Options, Vectors),
    placed: Option<&[bool]>,
) -> Module<'ctx> {
    let words = abi::unit_words(&unit.functions);
    let mut b = Builder::new(context, ENTRY_SYMBOL, words, has_calls(unit));
    if placed.is_some() {
        b.keep_places();
    }
    b.offer_vectors(vectors);
    let members = Members::new(&b, unit);
    let function = computed_ahead(&unit.functions[0], options.overflow);
    let function = unrolled(&function);
    let mut b = match function.called {
        Some(_) => {
            let mut lowerer = Lowerer::new(b, &members, &function, (0, None), options);
            lowerer.entry_calls();
            lowerer.b
        }
        None => Lowerer::new(b, &members, &function, (0, None), options).all(),
    };
    for (member, level) in members.all() {
        let own = unit.functions[member].called.as_ref().map_or(options, |called| called.options);
        let function = computed_ahead(&unit.functions[member], own.overflow);
        let function = unrolled(&function);
        let placed = placed.and_then(|placed| placed.get(member)).copied().unwrap_or_default();
        b.begin(members.function((member, level)), placed);
        b = Lowerer::new(b, &members, &function, (member, Some(level)), options).all();
    }
    b.finish_places();
    b.keep_vectors();
    b.module
}

/// Words for the arguments of the calls that the interpreter does, if there are such calls.
fn boxes<'ctx>(b: &Builder<'ctx>, unit: &Unit, function: &Function) -> Option<PointerValue<'ctx>> {
    let statements = function.blocks.iter().flat_map(|block| &block.statements);
    let words = statements.filter_map(|statement| match &statement.value {
        Value::Op { op, args, .. } => {
            let words = || match op.row().recipe {
                Recipe::HostOver(_) => host_over_words(args.len()),
                _ => op.row().params.iter().map(|one| one.words()).sum::<usize>().max(args.len()),
            };
            op.row().recipe.asks_host().then(words)
        }
        Value::Convert(_) | Value::Call(_) | Value::Given(_) => None,
        Value::Create(create) => Some(create_words(function, create)),
    });
    let kept = Some(kept_words(unit, function)).filter(|&words| words > 0);
    words.max().max(kept).map(|words| b.alloca(b.i64.array_type(words.max(1) as u32), "boxes"))
}

/// Words for the arguments of a creation and the objects that stay.
fn create_words(function: &Function, create: &Create) -> usize {
    function.creations[create.creation as usize].params.iter().map(|one| one.words()).sum::<usize>()
        + create.alive.len()
}

/// Where a local lives.
struct Slot<'ctx> {
    types: TypeSet,
    tag: Option<PointerValue<'ctx>>,
    payload: Vec<PointerValue<'ctx>>,
}

impl<'ctx> Slot<'ctx> {
    fn new(b: &Builder<'ctx>, name: &str, types: TypeSet) -> Self {
        let payload = payload_types(b, types).into_iter().map(|one| b.alloca(one, name)).collect();
        let tag = types.is_tagged().then(|| b.alloca(b.i8, &format!("{name}.tag")));
        Self { types, tag, payload }
    }
}

/// The registers of a scalar's payload.
fn payload_types<'ctx>(b: &Builder<'ctx>, types: TypeSet) -> Vec<BasicTypeEnum<'ctx>> {
    match types.single() {
        None => vec![b.i64.into(); types.words() - 1],
        Some(Type::Int | Type::Nat | Type::Low) => vec![b.i64.into()],
        Some(Type::Float) => vec![b.f64.into()],
        Some(Type::Complex) => vec![b.f64.into(); 2],
        Some(Type::Bool) => vec![b.i1.into()],
        Some(Type::Object | Type::Pointer) => vec![b.pointer.into()],
        Some(Type::Scalar(dtype)) => vec![b.register(dtype); dtype.words()],
        Some(Type::None | Type::Unbound | Type::Tuple(_) | Type::Array(_) | Type::Function(_)) => Vec::new(),
    }
}

struct Lowerer<'ctx, 'ir> {
    b: Builder<'ctx>,
    unit: &'ir Unit,
    members: &'ir Members<'ctx, 'ir>,
    /// What the function has to do with calls.
    calls: Calls<'ctx>,
    function: &'ir Function,
    options: Options,
    slots: Vec<Slot<'ctx>>,
    constants: Constants<'ctx>,
    blocks: Vec<BasicBlock<'ctx>>,
    /// The blocks of exits; those after the function's count are others than those before.
    exits: HashMap<(ExitId, bool), BasicBlock<'ctx>>,
    scratch: Option<PointerValue<'ctx>>,
    wide_scratch: Option<PointerValue<'ctx>>,
    /// Where overflow goes instead of an exit, within a chain.
    overflow_to: Option<BasicBlock<'ctx>>,
    /// The arguments of a call that the interpreter does.
    boxes: Option<PointerValue<'ctx>>,
    /// What exits read from memory, if they are many.
    homes: Option<Homes<'ctx>>,
    /// It is cut into pieces when it is whole.
    is_large: bool,
    loops: loops::Loops<'ctx>,
}

impl<'ctx, 'ir> Lowerer<'ctx, 'ir> {
    /// Begins the function that the builder is at: member number so of the unit, and if it is called, which copy of it.
    fn new(
        b: Builder<'ctx>,
        members: &'ir Members<'ctx, 'ir>,
        function: &'ir Function,
        (member, level): (usize, Option<usize>),
        options: Options,
    ) -> Self {
        let unit = members.unit;
        let entry = b.block("entry");
        b.at_end(entry);
        let slots = function.locals.iter().map(|local| Slot::new(&b, &local.name, local.types)).collect();
        let calls = Calls::new(members, function, member, level);
        let fuel = match calls.is_called() && !calls.has_fuel {
            true => b.field(offset_of!(Activation, fuel)),
            false => b.alloca(b.i64, "fuel"),
        };
        // An entry that only calls its function has none of its blocks.
        let own = if level.is_none() && function.called.is_some() { 0 } else { function.blocks.len() };
        let blocks = (0..own).map(|at| b.block(&format!("bb{at}"))).collect();
        // Only the function that is entered has the options of the whole.
        let options = match (&function.called, level) {
            (Some(called), Some(_)) => called.options,
            (Some(_) | None, _) => options,
        };
        let loops = loops::Loops::new((fuel, b.alloca(b.i64, "turns")), function, options);
        let boxes = boxes(&b, unit, function);
        let scratch = Some(b.alloca(b.i64, "scratch"));
        Self {
            b,
            unit,
            members,
            calls,
            function,
            options,
            slots,
            constants: Constants::new(function),
            blocks,
            exits: HashMap::new(),
            scratch,
            wide_scratch: None,
            overflow_to: None,
            boxes,
            homes: None,
            is_large: pieces::is_large(function),
            loops,
        }
    }

    /// The whole function.
    fn all(mut self) -> Builder<'ctx> {
        self.enter();
        self.find_fronts();
        self.b.jump(self.blocks[0]);
        (0..self.function.blocks.len()).for_each(|at| self.block(BlockId(at as u32)));
        if self.is_large {
            pieces::cut(&mut self.b);
        } else {
            share_slots(self.b.function);
        }
        self.b
    }
}

impl<'ctx> Lowerer<'ctx, '_> {
    fn parameters(&self) {
        let mut word = 0;
        for (at, local) in self.function.locals.iter().enumerate().take(self.function.parameters as usize) {
            let value = self.load_words(local.types, &mut word);
            self.write(LocalId(at as u32), value);
        }
    }

    /// Reads a value of one type from the frame.
    fn load_words(&self, types: TypeSet, word: &mut usize) -> Loaded<'ctx> {
        let Some(one) = types.single() else { panic!("parameters of one type were verified") };
        let mut payload = [None; 2];
        for slot in payload.iter_mut().take(one.words()) {
            *slot = Some(self.b.load(self.b.i64, self.b.word(*word)).into_int_value());
            *word += 1;
        }
        self.of_payload(one, payload)
    }

    /// Writes a value, which a local of these types holds, to the frame.
    fn store_words(&self, value: Loaded<'ctx>, types: TypeSet, word: &mut usize) {
        let (tag, payload) = self.to_tagged(value);
        let end = *word + types.words();
        if types.is_tagged() {
            self.b.store(self.b.word(*word), self.b.widen(tag, self.b.i64));
            *word += 1;
        }
        for part in payload.into_iter().flatten() {
            if *word < end {
                self.b.store(self.b.word(*word), part);
                *word += 1;
            }
        }
        *word = end;
    }

    /// A word of memory for a helper to write to.
    fn scratch(&self) -> PointerValue<'ctx> {
        self.scratch.unwrap_or_else(|| self.b.alloca(self.b.i64, "scratch"))
    }

    /// Two words of memory for a helper to write to.
    fn wide_scratch(&mut self) -> PointerValue<'ctx> {
        *self.wide_scratch.get_or_insert_with(|| self.b.alloca_at_entry(self.b.i128, "scratch.wide"))
    }

    /// Words of memory for the arguments of a call that the interpreter does.
    fn boxes(&self, words: usize) -> PointerValue<'ctx> {
        self.boxes.unwrap_or_else(|| self.b.alloca(self.b.i64.array_type(words as u32), "boxes"))
    }

    fn statement(&mut self, statement: &Statement) {
        self.b.place(statement.span.start, statement.span.end);
        let target = self.function.local(statement.target).types;
        let value = match &statement.value {
            Value::Convert(operand) => self.convert(self.operand(*operand), target),
            Value::Create(create) => self.create(create),
            Value::Call(call) => {
                self.call(call);
                Loaded::Unit(Type::None)
            }
            Value::Given(leaf) => self.given(*leaf),
            Value::Op { op, args, exit } => {
                let args = args.iter().map(|&arg| self.operand(arg)).collect::<Vec<_>>();
                self.recipe(*op, &args, *exit).of_type(op.row().result)
            }
        };
        self.constants.learn(statement.target, value);
        self.write(statement.target, value);
    }

    fn terminator(&mut self, terminator: &Terminator) {
        let block = |id: BlockId| self.edge(id);
        match terminator {
            Terminator::Jump(to) => self.b.jump(block(*to)),
            Terminator::Branch { condition, then_block, else_block } => {
                let (condition, then, other) =
                    (self.operand(*condition).bits(), block(*then_block), block(*else_block));
                match self.loops.seldom.get(&self.calls.at) {
                    Some(true) => self.b.branch_unlikely(condition, then, other),
                    Some(false) => self.b.branch_likely(condition, then, other),
                    None => drop(self.b.branch(condition, then, other)),
                }
            }
            Terminator::Switch { subject, arms } => {
                let Loaded::Tagged(tag, _) = self.read(*subject) else { panic!("a tagged local was verified") };
                let case = |&(one, to): &(Type, _)| {
                    (self.b.i8.const_int(one.tag().unwrap_or_default().into(), false), block(to))
                };
                let cases = arms.iter().map(case).collect::<Vec<_>>();
                // The arms are all there are, so any of them serves as the default.
                if let Some((last, rest)) = cases.split_last() {
                    self.b.switch(tag, last.1, rest);
                }
            }
            Terminator::Return(value) if self.calls.is_called() => self.return_to_caller(value),
            Terminator::Return(value) => {
                let mut word = 0;
                for operand in value.in_frame() {
                    self.store_words_of(operand, value, &mut word);
                }
                let status = match self.function.returned_types(value).and_then(TypeSet::single) {
                    Some(compound @ (Type::Tuple(_) | Type::Array(_) | Type::Function(_))) => {
                        let at = self.function.compounds.iter().position(|&one| one == compound).unwrap_or_default();
                        self.b.i64.const_int(COMPOUND_BASE + at as u64, false)
                    }
                    _ => {
                        let (tag, _) = self.to_tagged(self.operand(value.leaves()[0]));
                        self.b.widen(tag, self.b.i64)
                    }
                };
                self.b.ret(status);
            }
            Terminator::Leave(exit) => {
                let block = self.exit_block(*exit);
                self.b.jump(block);
            }
        }
    }

    fn operand(&self, operand: Operand) -> Loaded<'ctx> {
        match operand {
            Operand::Local(id) => self.constants.get(id).unwrap_or_else(|| self.read(id)),
            Operand::Constant(Constant::None) => Loaded::Unit(Type::None),
            Operand::Constant(Constant::Bool(value)) => Loaded::Bool(self.b.bool(value)),
            Operand::Constant(Constant::Int(value)) => Loaded::Int(self.b.int(value)),
            Operand::Constant(Constant::Float(value)) => Loaded::Float(self.b.float(value)),
            Operand::Constant(Constant::Nat(value)) => Loaded::Nat(self.b.i64.const_int(value, false)),
            Operand::Constant(Constant::Complex(real, imag)) => Loaded::Complex(self.b.float(real), self.b.float(imag)),
        }
    }

    /// Writes a leaf of a returned value to the frame: the tag of a scalar is the status.
    fn store_words_of(&self, operand: Operand, whole: &Tree<Operand>, word: &mut usize) {
        let value = self.operand(operand);
        let types = self.function.types(operand);
        match whole {
            Tree::Leaf(_) => {
                let (_, payload) = self.to_tagged(value);
                for part in payload.into_iter().flatten() {
                    self.b.store(self.b.word(*word), part);
                    *word += 1;
                }
            }
            Tree::Tuple(_) | Tree::Array(..) | Tree::Function(_) => self.store_words(value, types, word),
        }
    }

    fn read(&self, id: LocalId) -> Loaded<'ctx> {
        let slot = self.loops.aside.get(&id).unwrap_or(&self.slots[id.0 as usize]);
        let int = |at: usize| self.b.load(self.b.i64, slot.payload[at]).into_int_value();
        let float = |at: usize| self.b.load(self.b.f64, slot.payload[at]).into_float_value();
        match (slot.types.single(), slot.tag) {
            (None, Some(tag)) => {
                let tag = self.b.load(self.b.i8, tag).into_int_value();
                Loaded::Tagged(tag, [Some(int(0)), (slot.payload.len() > 1).then(|| int(1))])
            }
            (Some(Type::Int), _) => Loaded::Int(int(0)),
            (Some(Type::Nat), _) => Loaded::Nat(int(0)),
            (Some(Type::Low), _) => Loaded::Low(int(0)),
            (Some(Type::Float), _) => Loaded::Float(float(0)),
            (Some(Type::Complex), _) => Loaded::Complex(float(0), float(1)),
            (Some(Type::Bool), _) => Loaded::Bool(self.b.load(self.b.i1, slot.payload[0]).into_int_value()),
            (Some(one @ (Type::None | Type::Unbound)), _) => Loaded::Unit(one),
            (Some(Type::Object), _) => {
                Loaded::Object(self.b.load(self.b.pointer, slot.payload[0]).into_pointer_value())
            }
            (Some(Type::Pointer), _) => {
                Loaded::Pointer(self.b.load(self.b.pointer, slot.payload[0]).into_pointer_value())
            }
            (Some(Type::Scalar(dtype)), _) => {
                let part = |at: usize| self.b.load(self.b.register(dtype), slot.payload[at]);
                match slot.payload.len() {
                    1 => Loaded::Scalar(dtype, part(0)),
                    _ => Loaded::ScalarComplex(dtype, part(0).into_float_value(), part(1).into_float_value()),
                }
            }
            (Some(Type::Tuple(_) | Type::Array(_) | Type::Function(_)), _) | (None, None) => {
                panic!("a local is a scalar of one type or has a tag")
            }
        }
    }

    fn write(&self, id: LocalId, value: Loaded<'ctx>) {
        let slot = &self.slots[id.0 as usize];
        match (value, slot.tag, slot.payload.as_slice()) {
            (Loaded::Tagged(tag, payload), Some(tag_slot), slots) => {
                self.b.store(tag_slot, tag);
                for (&slot, part) in slots.iter().zip(payload) {
                    self.b.store(slot, part.unwrap_or_else(|| self.b.int(0)));
                }
            }
            (Loaded::Int(value) | Loaded::Nat(value) | Loaded::Low(value) | Loaded::Bool(value), None, &[slot]) => {
                self.b.store(slot, value);
            }
            (Loaded::Float(value), None, &[slot]) => self.b.store(slot, value),
            (Loaded::Scalar(_, value), None, &[slot]) => self.b.store(slot, value),
            (Loaded::Object(value) | Loaded::Pointer(value), None, &[slot]) => self.b.store(slot, value),
            (Loaded::Complex(real, imag) | Loaded::ScalarComplex(_, real, imag), None, &[first, second]) => {
                self.b.store(first, real);
                self.b.store(second, imag);
            }
            (Loaded::Unit(_), None, []) => {}
            _ => panic!("a value of the local's type was verified"),
        }
    }

    /// The value as the types of another local hold it.
    fn convert(&self, value: Loaded<'ctx>, to: TypeSet) -> Loaded<'ctx> {
        let Some(to) = to.single() else {
            let (tag, payload) = self.to_tagged(value);
            return Loaded::Tagged(tag, payload);
        };
        match (value, to) {
            (Loaded::Tagged(_, payload), one) => self.of_payload(one, payload),
            (Loaded::Bool(bit), Type::Int) => Loaded::Int(self.b.widen(bit, self.b.i64)),
            (Loaded::Bool(bit), Type::Nat) => Loaded::Nat(self.b.widen(bit, self.b.i64)),
            (Loaded::Bool(bit), Type::Low) => Loaded::Low(self.b.widen(bit, self.b.i64)),
            (Loaded::Int(int) | Loaded::Nat(int), Type::Low) => Loaded::Low(int),
            (Loaded::Bool(_) | Loaded::Int(_) | Loaded::Nat(_), Type::Float) => Loaded::Float(self.as_float(value)),
            (Loaded::Bool(_) | Loaded::Int(_) | Loaded::Nat(_) | Loaded::Float(_), Type::Complex) => {
                Loaded::Complex(self.as_float(value), self.b.float(0.0))
            }
            (same, _) => same,
        }
    }

    /// A real number as the nearest float.
    fn as_float(&self, value: Loaded<'ctx>) -> FloatValue<'ctx> {
        match value {
            Loaded::Int(int) => self.b.int_to_float(int),
            Loaded::Bool(bits) | Loaded::Nat(bits) => self.b.unsigned_to_float(bits),
            Loaded::Unit(_)
            | Loaded::Low(_)
            | Loaded::Float(_)
            | Loaded::Complex(..)
            | Loaded::Scalar(..)
            | Loaded::ScalarComplex(..)
            | Loaded::Object(_)
            | Loaded::Pointer(_)
            | Loaded::Tagged(..) => value.float(),
        }
    }

    fn to_tagged(&self, value: Loaded<'ctx>) -> (IntValue<'ctx>, Payload<'ctx>) {
        let tag = |one: Type| self.b.i8.const_int(one.tag().unwrap_or_default().into(), false);
        match value {
            Loaded::Unit(one) => (tag(one), [Some(self.b.int(0)), None]),
            Loaded::Bool(bit) => (tag(Type::Bool), [Some(self.b.widen(bit, self.b.i64)), None]),
            Loaded::Int(int) => (tag(Type::Int), [Some(int), None]),
            Loaded::Nat(int) => (tag(Type::Nat), [Some(int), None]),
            Loaded::Low(int) => (tag(Type::Low), [Some(int), None]),
            Loaded::Float(float) => (tag(Type::Float), [Some(self.b.bits(float)), None]),
            Loaded::Complex(real, imag) => (tag(Type::Complex), [Some(self.b.bits(real)), Some(self.b.bits(imag))]),
            Loaded::Scalar(dtype, value) => (tag(Type::Scalar(dtype)), [Some(self.b.to_word(dtype, value)), None]),
            Loaded::ScalarComplex(dtype, real, imag) => {
                let word = |part: FloatValue<'ctx>| Some(self.b.to_word(dtype, part.into()));
                (tag(Type::Scalar(dtype)), [word(real), word(imag)])
            }
            Loaded::Object(pointer) => (tag(Type::Object), [Some(self.b.address(pointer)), None]),
            Loaded::Pointer(pointer) => (tag(Type::Pointer), [Some(self.b.address(pointer)), None]),
            Loaded::Tagged(tag, payload) => (tag, payload),
        }
    }

    fn of_payload(&self, one: Type, payload: Payload<'ctx>) -> Loaded<'ctx> {
        let word = |at: usize| payload[at].unwrap_or_else(|| self.b.int(0));
        match one {
            Type::Unbound | Type::None => Loaded::Unit(one),
            Type::Bool => Loaded::Bool(self.b.narrow(word(0), self.b.i1)),
            Type::Int => Loaded::Int(word(0)),
            Type::Nat => Loaded::Nat(word(0)),
            Type::Low => Loaded::Low(word(0)),
            Type::Float => Loaded::Float(self.b.float_of_bits(word(0))),
            Type::Complex => Loaded::Complex(self.b.float_of_bits(word(0)), self.b.float_of_bits(word(1))),
            Type::Object => Loaded::Object(self.b.at_address(word(0))),
            Type::Pointer => Loaded::Pointer(self.b.at_address(word(0))),
            Type::Scalar(dtype) => {
                let part = |at: usize| self.b.of_word(dtype, word(at));
                match dtype.words() {
                    1 => Loaded::Scalar(dtype, part(0)),
                    _ => Loaded::ScalarComplex(dtype, part(0).into_float_value(), part(1).into_float_value()),
                }
            }
            Type::Tuple(_) | Type::Array(_) | Type::Function(_) => panic!("no local holds a tuple or an array"),
        }
    }

    /// Goes to the exit if a condition holds; what follows is built in a new block.
    fn leave_if(&mut self, condition: IntValue<'ctx>, exit: Option<ExitId>) {
        let Some(exit) = exit else { return };
        let leave = self.exit_block(exit);
        self.branch_away_if(condition, leave);
    }

    /// Goes to a cold block if a condition holds; what follows is built in a new block.
    fn branch_away_if(&mut self, condition: IntValue<'ctx>, to: BasicBlock<'ctx>) {
        let stay = self.b.block("");
        self.b.branch_unlikely(condition, to, stay);
        self.b.at_end(stay);
    }

    /// The cold block that writes the exit record: one for each exit, since the locals stand alike wherever it is taken.
    fn exit_block(&mut self, id: ExitId) -> BasicBlock<'ctx> {
        let is_counted = self.calls.is_counted();
        if let Some(&block) = self.exits.get(&(id, is_counted)) {
            return block;
        }
        // Other copies of a loop may come here, too.
        let aside = std::mem::take(&mut self.loops.aside);
        let current = self.b.current();
        let block = self.b.block(&format!("exit{}", id.0));
        self.exits.insert((id, is_counted), block);
        self.b.at_end(block);
        if self.calls.restarts(self.function) {
            self.leave_to_restart(is_counted);
            self.b.at_end(current);
            self.loops.aside = aside;
            return block;
        }
        if self.calls.is_called() {
            self.common_frame();
        }
        let frame = self.b.frame();
        if let Some(homes) = &self.homes {
            self.b.set_frame(homes.frame(&self.b));
        }
        let mut word = 0;
        for local in self.function.exits[id.0 as usize].live.iter().flat_map(|live| live.value.in_frame()) {
            match self.homes.as_ref().and_then(|homes| homes.words(&self.b, local)) {
                Some(words) => {
                    words.iter().enumerate().for_each(|(at, &one)| self.b.store(self.b.word(word + at), one));
                    word += words.len();
                }
                None => self.store_words(self.read(local), self.function.local(local).types, &mut word),
            }
        }
        self.b.set_frame(frame);
        if self.calls.is_called() {
            self.leave_to_caller(id, is_counted);
        } else {
            self.b.ret(self.b.i64.const_int(EXIT_BASE + u64::from(id.0), false));
        }
        self.b.at_end(current);
        self.loops.aside = aside;
        block
    }
}

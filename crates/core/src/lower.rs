//! Verified IR to an LLVM module.
//!
//! Every local is a stack slot, which LLVM turns into registers. The live locals of an exit are read in a cold block of the
//! exit's own, so that the hot path pays a branch and nothing else.

mod builder;
mod loops;
mod recipe;
mod version;

use std::collections::HashMap;

use inkwell::basic_block::BasicBlock;
use inkwell::context::Context;
use inkwell::module::Module;
use inkwell::values::{FloatValue, IntValue, PointerValue};

use crate::abi::{self, ENTRY_SYMBOL, EXIT_BASE};
use crate::backend::Options;
use crate::ir::{BlockId, Constant, ExitId, Function, LocalId, Operand, Statement, Terminator, Value};
use crate::ops::Recipe;
use crate::types::{Type, TypeSet};
use builder::Builder;
use recipe::signed;

/// Lowers a function that [`crate::ir::verify`] accepts.
#[must_use]
pub fn lower<'ctx>(context: &'ctx Context, function: &Function, options: Options) -> Module<'ctx> {
    let b = Builder::new(context, ENTRY_SYMBOL, abi::frame_words(function));
    let entry = b.block("entry");
    b.at_end(entry);
    let slots = function.locals.iter().map(|local| Slot::new(&b, &local.name, local.types)).collect();
    let blocks = (0..function.blocks.len()).map(|at| b.block(&format!("bb{at}"))).collect();
    let loops = loops::Loops::new((b.alloca(b.i64, "fuel"), b.alloca(b.i64, "turns")), function, options);
    let boxes = boxes(&b, function);
    let mut lowerer =
        Lowerer { b, function, options, slots, blocks, exits: HashMap::new(), scratch: None, boxes, loops };
    lowerer.scratch = Some(lowerer.b.alloca(lowerer.b.i64, "scratch"));
    lowerer.parameters();
    lowerer.fill_up();
    lowerer.b.jump(lowerer.blocks[0]);
    (0..function.blocks.len()).for_each(|at| lowerer.block(BlockId(at as u32)));
    lowerer.b.module
}

/// Words for the arguments of the calls that the interpreter does, if there are such calls.
fn boxes<'ctx>(b: &Builder<'ctx>, function: &Function) -> Option<PointerValue<'ctx>> {
    let statements = function.blocks.iter().flat_map(|block| &block.statements);
    let words = statements.filter_map(|statement| match &statement.value {
        Value::Op { op, args, .. } => (op.row().recipe == Recipe::Host).then_some(args.len()),
        Value::Convert(_) => None,
    });
    words.max().map(|words| b.alloca(b.i64.array_type(words.max(1) as u32), "boxes"))
}

/// Where a local lives.
struct Slot<'ctx> {
    types: TypeSet,
    tag: Option<PointerValue<'ctx>>,
    payload: Option<PointerValue<'ctx>>,
}

impl<'ctx> Slot<'ctx> {
    fn new(b: &Builder<'ctx>, name: &str, types: TypeSet) -> Self {
        let payload = match types.single() {
            None => Some(b.alloca(b.i64, name)),
            Some(Type::Int) => Some(b.alloca(b.i64, name)),
            Some(Type::Float) => Some(b.alloca(b.f64, name)),
            Some(Type::Bool) => Some(b.alloca(b.i1, name)),
            Some(Type::None | Type::Unbound) => None,
        };
        let tag = types.is_tagged().then(|| b.alloca(b.i8, &format!("{name}.tag")));
        Self { types, tag, payload }
    }
}

/// A value in registers.
#[derive(Clone, Copy)]
enum Loaded<'ctx> {
    /// `None`, or an unbound name: nothing but its type.
    Unit(Type),
    Bool(IntValue<'ctx>),
    Int(IntValue<'ctx>),
    Float(FloatValue<'ctx>),
    /// Tag (i8) and payload (i64).
    Tagged(IntValue<'ctx>, IntValue<'ctx>),
}

impl<'ctx> Loaded<'ctx> {
    fn int(self) -> IntValue<'ctx> {
        self.bits()
    }

    /// An int or a bool.
    fn bits(self) -> IntValue<'ctx> {
        match self {
            Self::Int(value) | Self::Bool(value) => value,
            Self::Unit(_) | Self::Float(_) | Self::Tagged(..) => panic!("an int or a bool was verified"),
        }
    }

    fn float(self) -> FloatValue<'ctx> {
        match self {
            Self::Float(value) => value,
            Self::Unit(_) | Self::Bool(_) | Self::Int(_) | Self::Tagged(..) => panic!("a float was verified"),
        }
    }

    /// An int or a bool like this one.
    fn with_bits(self, bits: IntValue<'ctx>) -> Self {
        if matches!(self, Self::Bool(_)) { Self::Bool(bits) } else { Self::Int(bits) }
    }
}

struct Lowerer<'ctx, 'ir> {
    b: Builder<'ctx>,
    function: &'ir Function,
    options: Options,
    slots: Vec<Slot<'ctx>>,
    blocks: Vec<BasicBlock<'ctx>>,
    exits: HashMap<ExitId, BasicBlock<'ctx>>,
    scratch: Option<PointerValue<'ctx>>,
    /// The arguments of a call that the interpreter does.
    boxes: Option<PointerValue<'ctx>>,
    loops: loops::Loops<'ctx>,
}

impl<'ctx> Lowerer<'ctx, '_> {
    fn parameters(&self) {
        for (at, slot) in self.slots.iter().enumerate().take(self.function.parameters as usize) {
            let Some(one) = slot.types.single() else { continue };
            let word = self.b.load(self.b.i64, self.b.word(at)).into_int_value();
            self.write(LocalId(at as u32), self.of_payload(one, word));
        }
    }

    /// A word of memory for a helper to write to.
    fn scratch(&self) -> PointerValue<'ctx> {
        self.scratch.unwrap_or_else(|| self.b.alloca(self.b.i64, "scratch"))
    }

    /// Words of memory for the arguments of a call that the interpreter does.
    fn boxes(&self, words: usize) -> PointerValue<'ctx> {
        self.boxes.unwrap_or_else(|| self.b.alloca(self.b.i64.array_type(words as u32), "boxes"))
    }

    fn statement(&mut self, statement: &Statement) {
        let target = self.function.local(statement.target).types;
        let value = match &statement.value {
            Value::Convert(operand) => self.convert(self.operand(*operand), target),
            Value::Op { op, args, exit } => {
                let args = args.iter().map(|&arg| self.operand(arg)).collect::<Vec<_>>();
                self.recipe(*op, &args, *exit)
            }
        };
        self.write(statement.target, value);
    }

    fn terminator(&mut self, terminator: &Terminator) {
        let block = |id: BlockId| self.edge(id);
        match terminator {
            Terminator::Jump(to) => self.b.jump(block(*to)),
            Terminator::Branch { condition, then_block, else_block } => {
                self.b.branch(self.operand(*condition).bits(), block(*then_block), block(*else_block));
            }
            Terminator::Switch { subject, arms } => {
                let Loaded::Tagged(tag, _) = self.read(*subject) else { panic!("a tagged local was verified") };
                let case = |&(one, to): &(Type, _)| (self.b.i8.const_int(one.tag().into(), false), block(to));
                let cases = arms.iter().map(case).collect::<Vec<_>>();
                // The arms are all there are, so any of them serves as the default.
                if let Some((last, rest)) = cases.split_last() {
                    self.b.switch(tag, last.1, rest);
                }
            }
            Terminator::Return(operand) => {
                let (tag, payload) = self.to_tagged(self.operand(*operand));
                self.b.store(self.b.word(0), payload);
                self.b.ret(self.b.widen(tag, self.b.i64));
            }
            Terminator::Leave(exit) => {
                let block = self.exit_block(*exit);
                self.b.jump(block);
            }
        }
    }

    fn operand(&self, operand: Operand) -> Loaded<'ctx> {
        match operand {
            Operand::Local(id) => self.read(id),
            Operand::Constant(Constant::None) => Loaded::Unit(Type::None),
            Operand::Constant(Constant::Bool(value)) => Loaded::Bool(self.b.bool(value)),
            Operand::Constant(Constant::Int(value)) => Loaded::Int(self.b.int(value)),
            Operand::Constant(Constant::Float(value)) => Loaded::Float(self.b.float(value)),
        }
    }

    fn read(&self, id: LocalId) -> Loaded<'ctx> {
        let slot = &self.slots[id.0 as usize];
        match (slot.types.single(), slot.tag, slot.payload) {
            (None, Some(tag), Some(payload)) => {
                let tag = self.b.load(self.b.i8, tag).into_int_value();
                Loaded::Tagged(tag, self.b.load(self.b.i64, payload).into_int_value())
            }
            (Some(Type::Int), _, Some(payload)) => Loaded::Int(self.b.load(self.b.i64, payload).into_int_value()),
            (Some(Type::Float), _, Some(payload)) => Loaded::Float(self.b.load(self.b.f64, payload).into_float_value()),
            (Some(Type::Bool), _, Some(payload)) => Loaded::Bool(self.b.load(self.b.i1, payload).into_int_value()),
            (Some(one), _, _) => Loaded::Unit(one),
            (None, _, _) => panic!("a tagged local has a tag and a payload"),
        }
    }

    fn write(&self, id: LocalId, value: Loaded<'ctx>) {
        let slot = &self.slots[id.0 as usize];
        match (value, slot.tag, slot.payload) {
            (Loaded::Tagged(tag, payload), Some(tag_slot), Some(payload_slot)) => {
                self.b.store(tag_slot, tag);
                self.b.store(payload_slot, payload);
            }
            (Loaded::Int(value) | Loaded::Bool(value), None, Some(slot)) => self.b.store(slot, value),
            (Loaded::Float(value), None, Some(slot)) => self.b.store(slot, value),
            (Loaded::Unit(_), None, None) => {}
            _ => panic!("a value of the local's type was verified"),
        }
    }

    /// The value as the types of another local hold it.
    fn convert(&self, value: Loaded<'ctx>, to: TypeSet) -> Loaded<'ctx> {
        match (value, to.single()) {
            (_, None) => {
                let (tag, payload) = self.to_tagged(value);
                Loaded::Tagged(tag, payload)
            }
            (Loaded::Tagged(_, payload), Some(one)) => self.of_payload(one, payload),
            (Loaded::Bool(bit), Some(Type::Int)) => Loaded::Int(self.b.widen(bit, self.b.i64)),
            (Loaded::Bool(bit), Some(Type::Float)) => Loaded::Float(self.b.bool_to_float(bit)),
            (Loaded::Int(int), Some(Type::Float)) => Loaded::Float(self.b.int_to_float(int)),
            (same, Some(_)) => same,
        }
    }

    fn to_tagged(&self, value: Loaded<'ctx>) -> (IntValue<'ctx>, IntValue<'ctx>) {
        let tag = |one: Type| self.b.i8.const_int(one.tag().into(), false);
        match value {
            Loaded::Unit(one) => (tag(one), self.b.int(0)),
            Loaded::Bool(bit) => (tag(Type::Bool), self.b.widen(bit, self.b.i64)),
            Loaded::Int(int) => (tag(Type::Int), int),
            Loaded::Float(float) => (tag(Type::Float), self.b.bits(float)),
            Loaded::Tagged(tag, payload) => (tag, payload),
        }
    }

    fn of_payload(&self, one: Type, payload: IntValue<'ctx>) -> Loaded<'ctx> {
        match one {
            Type::Unbound | Type::None => Loaded::Unit(one),
            Type::Bool => Loaded::Bool(self.b.narrow(payload, self.b.i1)),
            Type::Int => Loaded::Int(payload),
            Type::Float => Loaded::Float(self.b.float_of_bits(payload)),
        }
    }

    /// Goes to the exit if a condition holds; what follows is built in a new block.
    fn leave_if(&mut self, condition: IntValue<'ctx>, exit: Option<ExitId>) {
        let Some(exit) = exit else { return };
        let leave = self.exit_block(exit);
        let stay = self.b.block("");
        self.b.branch_unlikely(condition, leave, stay);
        self.b.at_end(stay);
    }

    /// The cold block that writes the exit record: one for each exit, since the locals stand alike wherever it is taken.
    fn exit_block(&mut self, id: ExitId) -> BasicBlock<'ctx> {
        if let Some(&block) = self.exits.get(&id) {
            return block;
        }
        let current = self.b.current();
        let block = self.b.block(&format!("exit{}", id.0));
        self.exits.insert(id, block);
        self.b.at_end(block);
        let mut word = 0;
        for &local in &self.function.exits[id.0 as usize].live {
            let (tag, payload) = self.to_tagged(self.read(local));
            if self.function.local(local).types.is_tagged() {
                self.b.store(self.b.word(word), self.b.widen(tag, self.b.i64));
                word += 1;
            }
            self.b.store(self.b.word(word), payload);
            word += 1;
        }
        self.b.ret(self.b.i64.const_int(EXIT_BASE + u64::from(id.0), false));
        self.b.at_end(current);
        block
    }
}

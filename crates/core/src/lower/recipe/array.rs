//! Recipes of arrays: indices, and what is read from and written to memory.

use std::mem::offset_of;

use inkwell::IntPredicate;
use inkwell::values::{BasicValueEnum, IntValue, PointerValue};

use super::{Leaving, Loaded, Lowerer};
use crate::abi::{ARRAY_DATA, ARRAY_LENGTHS, ARRAY_STRIDES, Services, creation_number};
use crate::ir::{Create, Tree};
use crate::lower::create_words;
use crate::types::{Dtype, Kind, Type};

impl<'ctx> Lowerer<'ctx, '_> {
    fn below(&self, index: IntValue<'ctx>, length: IntValue<'ctx>) -> IntValue<'ctx> {
        self.b.compare(IntPredicate::ULT, index, length)
    }

    pub(super) fn leave_unless_below(&mut self, index: IntValue<'ctx>, length: IntValue<'ctx>, exit: Leaving) {
        let outside = self.b.not(self.below(index, length));
        self.leave_if(outside, exit);
    }

    /// The hot path tests once, for an index from the start; the cold one counts from the end.
    pub(super) fn index(&mut self, index: IntValue<'ctx>, length: IntValue<'ctx>, exit: Leaving) -> IntValue<'ctx> {
        let outside = self.b.not(self.below(index, length));
        let (from, cold, after) = (self.b.current(), self.b.block("index.end"), self.b.block("index"));
        self.b.branch_unlikely(outside, cold, after);
        self.b.at_end(cold);
        let from_end = self.b.add(index, length);
        self.leave_unless_below(from_end, length, exit);
        let cold = self.b.current();
        self.b.jump(after);
        self.b.at_end(after);
        self.b.phi_int((index, from), (from_end, cold))
    }

    fn field(&self, object: PointerValue<'ctx>, offset: usize) -> PointerValue<'ctx> {
        self.b.within(self.b.i8, object, self.b.int(offset as i64))
    }

    pub(super) fn array_data(&self, object: PointerValue<'ctx>) -> PointerValue<'ctx> {
        self.b.load(self.b.pointer, self.field(object, ARRAY_DATA)).into_pointer_value()
    }

    pub(super) fn array_length(&self, object: PointerValue<'ctx>, at: IntValue<'ctx>) -> IntValue<'ctx> {
        let lengths = self.b.load(self.b.pointer, self.field(object, ARRAY_LENGTHS)).into_pointer_value();
        self.b.load_length(self.b.within(self.b.i64, lengths, at))
    }

    pub(super) fn array_stride(&self, object: PointerValue<'ctx>, at: IntValue<'ctx>) -> IntValue<'ctx> {
        let strides = self.b.load(self.b.pointer, self.field(object, ARRAY_STRIDES)).into_pointer_value();
        self.b.load(self.b.i64, self.b.within(self.b.i64, strides, at)).into_int_value()
    }

    /// Has NumPy make an array.
    pub(in crate::lower) fn create(&mut self, create: &Create) -> Loaded<'ctx> {
        let words = self.boxes(create_words(self.function, create).max(1));
        let mut at = 0;
        for operand in create.args.iter().flat_map(Tree::in_frame) {
            let (_, payload) = self.to_tagged(self.operand(operand));
            let count = self.function.types(operand).words();
            for part in payload.into_iter().flatten().take(count) {
                self.b.store(self.b.element(words, at), part);
                at += 1;
            }
        }
        for &object in &create.alive {
            let Loaded::Object(object) = self.read(object) else { panic!("an object was verified") };
            self.b.store(self.b.element(words, at), object);
            at += 1;
        }
        let number = self.b.int(creation_number(self.calls.member, create.creation).cast_signed());
        let alive = self.b.int(create.alive.len() as i64);
        let args = [number.into(), words.into(), alive.into()];
        let object = self.b.service(offset_of!(Services, create), self.b.pointer.into(), &args).into_pointer_value();
        let failed = self.b.compare(IntPredicate::EQ, self.b.address(object), self.b.int(0));
        self.leave_if(failed, Some(create.exit));
        Loaded::Object(object)
    }

    /// A bool is a byte in memory, and a bit in a register.
    pub(in crate::lower) fn load_element(&self, from: PointerValue<'ctx>, one: Type) -> Loaded<'ctx> {
        let Type::Scalar(dtype) = one else { panic!("an element was verified") };
        match dtype.kind() {
            Kind::Bool => {
                let byte = self.b.load(self.b.i8, from).into_int_value();
                let bit = self.b.compare(IntPredicate::NE, byte, self.b.i8.const_zero());
                Loaded::Scalar(dtype, bit.into())
            }
            Kind::Signed | Kind::Unsigned | Kind::Float => {
                Loaded::Scalar(dtype, self.b.load(self.b.register(dtype), from))
            }
            Kind::Complex => {
                let part = |at: i64| self.b.load(self.b.register(dtype), self.part(dtype, from, at)).into_float_value();
                Loaded::ScalarComplex(dtype, part(0), part(1))
            }
        }
    }

    pub(in crate::lower) fn store_element(&self, to: PointerValue<'ctx>, value: Loaded<'ctx>) {
        match value {
            Loaded::Scalar(Dtype::Bool, BasicValueEnum::IntValue(bit)) => {
                self.b.store(to, self.b.widen(bit, self.b.i8))
            }
            Loaded::Scalar(_, value) => self.b.store(to, value),
            Loaded::ScalarComplex(dtype, real, imag) => {
                self.b.store(self.part(dtype, to, 0), real);
                self.b.store(self.part(dtype, to, 1), imag);
            }
            Loaded::Unit(_)
            | Loaded::Bool(_)
            | Loaded::Int(_)
            | Loaded::Nat(_)
            | Loaded::Low(_)
            | Loaded::Float(_)
            | Loaded::Complex(..)
            | Loaded::Object(_)
            | Loaded::Pointer(_)
            | Loaded::Tagged(..) => panic!("an element was verified"),
        }
    }

    fn part(&self, dtype: Dtype, element: PointerValue<'ctx>, at: i64) -> PointerValue<'ctx> {
        self.b.within(self.b.register(dtype), element, self.b.int(at))
    }
}

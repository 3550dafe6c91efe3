//! inkwell's builder, whose calls can fail only if a rule of LLVM is broken, wrapped once.
//!
//! What LLVM could object to (a builder without a block, operands of unequal types) would be a defect of `lower`, which takes
//! verified IR: it panics here, and the panic is caught at the border of the library.

use inkwell::attributes::{Attribute, AttributeLoc};
use inkwell::basic_block::BasicBlock;
use inkwell::builder::Builder as Inner;
use inkwell::context::Context;
use inkwell::intrinsics::Intrinsic;
use inkwell::module::{Linkage, Module};
use inkwell::types::{BasicMetadataTypeEnum, BasicType, BasicTypeEnum, FloatType, IntType, PointerType, StructType};
use inkwell::values::{
    BasicMetadataValueEnum, BasicValue, BasicValueEnum, CallSiteValue, FloatValue, FunctionValue, InstructionValue,
    IntValue, PhiValue, PointerValue,
};
use inkwell::{AddressSpace, FloatPredicate, IntPredicate};

use super::fastmath::FastMath;
use super::places::Places;

use crate::abi::Activation;
use crate::types::{Dtype, Kind};

/// A builder for the functions of one module, one after the other.
pub struct Builder<'ctx> {
    pub context: &'ctx Context,
    pub module: Module<'ctx>,
    pub function: FunctionValue<'ctx>,
    frame: PointerValue<'ctx>,
    activation: PointerValue<'ctx>,
    pub i1: IntType<'ctx>,
    pub i8: IntType<'ctx>,
    pub i64: IntType<'ctx>,
    pub i128: IntType<'ctx>,
    pub f64: FloatType<'ctx>,
    pub pointer: PointerType<'ctx>,
    pub(super) inner: Inner<'ctx>,
    pub(super) places: Option<Places<'ctx>>,
    pub(super) fastmath: FastMath<'ctx>,
}

macro_rules! binary {
    ($($name:ident($kind:ident) = $call:ident;)*) => {
        $(pub fn $name(&self, left: $kind<'ctx>, right: $kind<'ctx>) -> $kind<'ctx> {
            self.inner.$call(left, right, "").expect("operands of equal types")
        })*
    };
}

impl<'ctx> Builder<'ctx> {
    /// A module with one function `u64 name(u64 *frame, Activation *activation)`; the frame has `words` words, and nobody else knows it
    /// unless it is `shared`.
    pub fn new(context: &'ctx Context, name: &str, words: usize, shared: bool) -> Self {
        let module = context.create_module("brrr");
        let pointer = context.ptr_type(AddressSpace::default());
        let ty = context.i64_type().fn_type(&[pointer.into(), pointer.into()], false);
        let function = module.add_function(name, ty, None);
        let builder = Self {
            context,
            module,
            function,
            frame: function.get_first_param().expect("the frame").into_pointer_value(),
            activation: function.get_nth_param(1).expect("the activation").into_pointer_value(),
            i1: context.bool_type(),
            i8: context.i8_type(),
            i64: context.i64_type(),
            i128: context.i128_type(),
            f64: context.f64_type(),
            pointer,
            inner: context.create_builder(),
            places: None,
            fastmath: FastMath::default(),
        };
        function.add_attribute(AttributeLoc::Function, builder.attribute("nounwind", 0));
        for (name, value) in [("noalias", 0), ("nocapture", 0), ("noundef", 0), ("dereferenceable", words as u64 * 8)] {
            if !shared || !name.starts_with("no") || name == "noundef" {
                function.add_attribute(AttributeLoc::Param(0), builder.attribute(name, value));
            }
        }
        builder.describe_activation(function, 1);
        builder
    }

    fn describe_activation(&self, function: FunctionValue<'ctx>, at: u32) {
        for (name, value) in [("noundef", 0), ("dereferenceable", size_of::<Activation>() as u64)] {
            function.add_attribute(AttributeLoc::Param(at), self.attribute(name, value));
        }
    }

    /// A function that only this module calls, with the activation behind its parameters; one that is `written_out` wherever it is called.
    pub fn internal(
        &self,
        name: &str,
        params: &[BasicTypeEnum<'ctx>],
        result: StructType<'ctx>,
        written_out: bool,
    ) -> FunctionValue<'ctx> {
        let params = params.iter().map(|&one| one.into()).chain([self.pointer.into()]).collect::<Vec<_>>();
        let function = self.module.add_function(name, result.fn_type(&params, false), Some(Linkage::Internal));
        function.add_attribute(AttributeLoc::Function, self.attribute("nounwind", 0));
        if written_out {
            function.add_attribute(AttributeLoc::Function, self.attribute("alwaysinline", 0));
        }
        self.describe_activation(function, params.len() as u32 - 1);
        function
    }

    /// Goes on with another function, the last of whose parameters is the activation; one that is `placed` has debug locations, if
    /// there are any.
    pub fn begin(&mut self, function: FunctionValue<'ctx>, placed: bool) {
        self.inner.unset_current_debug_location();
        if let Some(places) = &mut self.places {
            places.begin(function, placed);
        }
        self.function = function;
        self.activation = function.get_last_param().expect("the activation").into_pointer_value();
    }

    /// From here on, words are those of this frame.
    pub fn set_frame(&mut self, frame: PointerValue<'ctx>) {
        self.frame = frame;
    }

    /// The address of a field of the activation, this many bytes from its start.
    pub fn field(&self, offset: usize) -> PointerValue<'ctx> {
        let offset = self.i64.const_int(offset as u64, false);
        // SAFETY: the offset is that of a field.
        unsafe { self.inner.build_in_bounds_gep(self.i8, self.activation, &[offset], "") }
            .expect("a pointer and an index")
    }

    /// Calls a function of the module.
    pub fn call_internal(
        &self,
        callee: FunctionValue<'ctx>,
        args: &[BasicMetadataValueEnum<'ctx>],
    ) -> BasicValueEnum<'ctx> {
        self.inner.build_call(callee, args, "").expect("arguments that fit").try_as_basic_value().unwrap_basic()
    }

    /// Returns a struct of these values.
    pub fn ret_all(&self, values: &[BasicValueEnum<'ctx>]) {
        self.inner.build_aggregate_return(values).expect("a current block");
    }

    /// A part of a struct.
    pub fn element_of(&self, whole: BasicValueEnum<'ctx>, at: u32) -> BasicValueEnum<'ctx> {
        self.inner.build_extract_value(whole.into_struct_value(), at, "").expect("a part")
    }

    /// From now on instructions have debug locations.
    pub fn keep_places(&mut self) {
        self.places = Some(Places::new(self.context, &self.module, self.function));
    }

    /// What is built next belongs to this line and column; 0 for none.
    pub fn place(&self, line: u32, column: u32) {
        if let Some(location) = self.places.as_ref().and_then(|places| places.at(self.context, line, column)) {
            self.inner.set_current_debug_location(location);
        }
    }

    /// To be called when everything is built.
    pub fn finish_places(&self) {
        if let Some(places) = &self.places {
            places.finish();
        }
    }

    pub(super) fn attribute(&self, name: &str, value: u64) -> Attribute {
        self.context.create_enum_attribute(Attribute::get_named_enum_kind_id(name), value)
    }

    pub fn block(&self, name: &str) -> BasicBlock<'ctx> {
        self.context.append_basic_block(self.function, name)
    }

    pub fn at_end(&self, block: BasicBlock<'ctx>) {
        self.inner.position_at_end(block);
    }

    pub fn current(&self) -> BasicBlock<'ctx> {
        self.inner.get_insert_block().expect("a current block")
    }

    pub const fn frame(&self) -> PointerValue<'ctx> {
        self.frame
    }

    pub const fn activation(&self) -> PointerValue<'ctx> {
        self.activation
    }

    /// Calls one of the [`crate::abi::Services`], the one at this offset in bytes, with the activation and `args`.
    pub fn service(
        &self,
        offset: usize,
        result: BasicTypeEnum<'ctx>,
        args: &[BasicMetadataValueEnum<'ctx>],
    ) -> BasicValueEnum<'ctx> {
        self.ask(offset, Some(result), args).try_as_basic_value().unwrap_basic()
    }

    /// The same for one that gives nothing.
    pub fn tell(&self, offset: usize, args: &[BasicMetadataValueEnum<'ctx>]) {
        self.ask(offset, None, args);
    }

    fn ask(
        &self,
        offset: usize,
        result: Option<BasicTypeEnum<'ctx>>,
        args: &[BasicMetadataValueEnum<'ctx>],
    ) -> CallSiteValue<'ctx> {
        let pointer = self.context.ptr_type(AddressSpace::default());
        let services = self.load(pointer, self.activation()).into_pointer_value();
        let offset = self.i64.const_int(offset as u64, false);
        // SAFETY: the offset is that of a field of the table that the activation points to.
        let field = unsafe { self.inner.build_in_bounds_gep(self.i8, services, &[offset], "") };
        let callee = self.load(pointer, field.expect("a pointer and an index")).into_pointer_value();
        let args = std::iter::once(self.activation().into()).chain(args.iter().copied()).collect::<Vec<_>>();
        let param = |arg: &BasicMetadataValueEnum<'ctx>| -> BasicMetadataTypeEnum<'ctx> {
            match arg {
                BasicMetadataValueEnum::PointerValue(_) => pointer.into(),
                _ => self.i64.into(),
            }
        };
        let params = args.iter().map(param).collect::<Vec<_>>();
        let ty = match result {
            Some(result) => result.fn_type(&params, false),
            None => self.context.void_type().fn_type(&params, false),
        };
        let call = self.inner.build_indirect_call(ty, callee, &args, "").expect("arguments that fit");
        call.add_attribute(AttributeLoc::Function, self.attribute("nounwind", 0));
        call.add_attribute(AttributeLoc::Function, self.attribute("cold", 0));
        call
    }

    /// The address of a word of the frame.
    pub fn word(&self, at: usize) -> PointerValue<'ctx> {
        let index = self.i64.const_int(at as u64, false);
        // SAFETY: the frame has as many words as `abi::frame_words` says, and no index beyond is asked for.
        unsafe { self.inner.build_in_bounds_gep(self.i64, self.frame(), &[index], "") }.expect("a pointer and an index")
    }

    /// The address of a word of an array of words that has more than `at` of them.
    pub fn element(&self, array: PointerValue<'ctx>, at: usize) -> PointerValue<'ctx> {
        let index = self.i64.const_int(at as u64, false);
        // SAFETY: as the caller promises.
        unsafe { self.inner.build_in_bounds_gep(self.i64, array, &[index], "") }.expect("a pointer and an index")
    }

    /// The address of an element of an array of this type, which has more than `at` of them, or just as many.
    pub fn within(
        &self,
        ty: impl BasicType<'ctx>,
        array: PointerValue<'ctx>,
        at: IntValue<'ctx>,
    ) -> PointerValue<'ctx> {
        // SAFETY: as the caller promises.
        unsafe { self.inner.build_in_bounds_gep(ty, array, &[at], "") }.expect("a pointer and an index")
    }

    /// Reads an int that is known not to be negative.
    pub fn load_length(&self, from: PointerValue<'ctx>) -> IntValue<'ctx> {
        let length = self.load(self.i64, from).into_int_value();
        let bound = |value: u64| self.i64.const_int(value, false).into();
        let range = self.context.metadata_node(&[bound(0), bound(i64::MIN as u64)]);
        if let Some(load) = length.as_instruction() {
            load.set_metadata(range, self.context.get_kind_id("range")).expect("a load");
        }
        length
    }

    pub fn alloca(&self, ty: impl BasicType<'ctx>, name: &str) -> PointerValue<'ctx> {
        self.inner.build_alloca(ty, name).expect("a sized type")
    }

    /// A slot that is made where the function begins, whatever block is current.
    pub fn alloca_at_entry(&self, ty: impl BasicType<'ctx>, name: &str) -> PointerValue<'ctx> {
        let current = self.current();
        let entry = self.function.get_first_basic_block().expect("an entry");
        match entry.get_first_instruction() {
            Some(first) => self.inner.position_before(&first),
            None => self.inner.position_at_end(entry),
        }
        let slot = self.alloca(ty, name);
        self.inner.position_at_end(current);
        slot
    }

    pub fn load(&self, ty: impl BasicType<'ctx>, from: PointerValue<'ctx>) -> BasicValueEnum<'ctx> {
        self.inner.build_load(ty, from, "").expect("a sized type")
    }

    pub fn store(&self, to: PointerValue<'ctx>, value: impl BasicValue<'ctx>) {
        self.inner.build_store(to, value).expect("a pointer");
    }

    pub fn int(&self, value: i64) -> IntValue<'ctx> {
        self.i64.const_int(value.cast_unsigned(), true)
    }

    pub fn float(&self, value: f64) -> FloatValue<'ctx> {
        self.f64.const_float(value)
    }

    pub fn bool(&self, value: bool) -> IntValue<'ctx> {
        self.i1.const_int(value.into(), false)
    }

    binary! {
        add(IntValue) = build_int_add;
        add_no_wrap(IntValue) = build_int_nsw_add;
        sub(IntValue) = build_int_sub;
        sub_no_wrap(IntValue) = build_int_nsw_sub;
        div(IntValue) = build_int_signed_div;
        mul(IntValue) = build_int_mul;
        div_unsigned(IntValue) = build_int_unsigned_div;
        rem(IntValue) = build_int_signed_rem;
        rem_unsigned(IntValue) = build_int_unsigned_rem;
        mul_no_wrap(IntValue) = build_int_nsw_mul;
        and(IntValue) = build_and;
        or(IntValue) = build_or;
        xor(IntValue) = build_xor;
        shl(IntValue) = build_left_shift;
        frem(FloatValue) = build_float_rem;
    }

    pub fn shr(&self, value: IntValue<'ctx>, count: IntValue<'ctx>) -> IntValue<'ctx> {
        self.inner.build_right_shift(value, count, true, "").expect("ints of equal types")
    }

    pub fn shr_unsigned(&self, value: IntValue<'ctx>, count: IntValue<'ctx>) -> IntValue<'ctx> {
        self.inner.build_right_shift(value, count, false, "").expect("ints of equal types")
    }

    pub fn widen_signed(&self, value: IntValue<'ctx>, to: IntType<'ctx>) -> IntValue<'ctx> {
        self.inner.build_int_s_extend(value, to, "").expect("a wider type")
    }

    pub fn fneg(&self, value: FloatValue<'ctx>) -> FloatValue<'ctx> {
        self.relaxed(self.inner.build_float_neg(value, "").expect("a float"))
    }

    pub fn not(&self, value: IntValue<'ctx>) -> IntValue<'ctx> {
        self.inner.build_not(value, "").expect("an int")
    }

    pub fn compare(&self, predicate: IntPredicate, left: IntValue<'ctx>, right: IntValue<'ctx>) -> IntValue<'ctx> {
        self.inner.build_int_compare(predicate, left, right, "").expect("ints of equal types")
    }

    pub fn fcompare(
        &self,
        predicate: FloatPredicate,
        left: FloatValue<'ctx>,
        right: FloatValue<'ctx>,
    ) -> IntValue<'ctx> {
        self.inner.build_float_compare(predicate, left, right, "").expect("floats")
    }

    /// One of two values of one kind.
    pub fn select<V>(&self, condition: IntValue<'ctx>, then: V, other: V) -> V
    where
        V: BasicValue<'ctx> + TryFrom<BasicValueEnum<'ctx>>,
    {
        let value = self.inner.build_select(condition, then, other, "").expect("values of equal types");
        value.try_into().ok().expect("a value of the same kind")
    }

    pub fn unreachable(&self) {
        self.inner.build_unreachable().expect("a current block");
    }

    pub fn widen(&self, value: IntValue<'ctx>, to: IntType<'ctx>) -> IntValue<'ctx> {
        self.inner.build_int_z_extend(value, to, "").expect("a wider type")
    }

    pub fn narrow(&self, value: IntValue<'ctx>, to: IntType<'ctx>) -> IntValue<'ctx> {
        self.inner.build_int_truncate(value, to, "").expect("a narrower type")
    }

    pub fn int_to_float(&self, value: IntValue<'ctx>) -> FloatValue<'ctx> {
        self.inner.build_signed_int_to_float(value, self.f64, "").expect("an int")
    }

    /// Towards zero; the least int if there is none that fits.
    pub fn float_to_int_or_least(&self, value: FloatValue<'ctx>) -> IntValue<'ctx> {
        let pair = self.f64.vec_type(2).get_poison();
        let pair = self.inner.build_insert_element(pair, value, self.int(0), "").expect("a lane");
        self.intrinsic("llvm.x86.sse2.cvttsd2si64", &[], &[pair.into()]).into_int_value()
    }

    /// The nearest float of a type.
    pub fn int_as_float(&self, value: IntValue<'ctx>, to: FloatType<'ctx>, signed: bool) -> FloatValue<'ctx> {
        let made = match signed {
            true => self.inner.build_signed_int_to_float(value, to, ""),
            false => self.inner.build_unsigned_int_to_float(value, to, ""),
        };
        made.expect("an int")
    }

    /// Towards zero, as an int of a type; one that does not fit gives no value.
    pub fn float_as_int(&self, value: FloatValue<'ctx>, to: IntType<'ctx>, signed: bool) -> IntValue<'ctx> {
        let made = match signed {
            true => self.inner.build_float_to_signed_int(value, to, ""),
            false => self.inner.build_float_to_unsigned_int(value, to, ""),
        };
        made.expect("a float")
    }

    /// A float as one of another width.
    pub fn resized(&self, value: FloatValue<'ctx>, to: FloatType<'ctx>) -> FloatValue<'ctx> {
        self.inner.build_float_cast(value, to, "").expect("a float")
    }

    pub fn unsigned_to_float(&self, value: IntValue<'ctx>) -> FloatValue<'ctx> {
        self.inner.build_unsigned_int_to_float(value, self.f64, "").expect("an int")
    }

    pub fn bits(&self, value: FloatValue<'ctx>) -> IntValue<'ctx> {
        self.inner.build_bit_cast(value, self.i64, "").expect("64 bits").into_int_value()
    }

    pub fn float_of_bits(&self, value: IntValue<'ctx>) -> FloatValue<'ctx> {
        self.inner.build_bit_cast(value, self.f64, "").expect("64 bits").into_float_value()
    }

    /// The type in which a register holds a scalar of NumPy, or a part of a complex one.
    pub fn register(&self, dtype: Dtype) -> BasicTypeEnum<'ctx> {
        match dtype {
            Dtype::Bool => self.i1.into(),
            Dtype::Int8 | Dtype::UInt8 => self.i8.into(),
            Dtype::Int16 | Dtype::UInt16 => self.context.i16_type().into(),
            Dtype::Int32 | Dtype::UInt32 => self.context.i32_type().into(),
            Dtype::Int64 | Dtype::UInt64 => self.i64.into(),
            Dtype::Float32 | Dtype::Complex64 => self.context.f32_type().into(),
            Dtype::Float64 | Dtype::Complex128 => self.f64.into(),
        }
    }

    /// A scalar, or a part of one, as it stands in a word.
    pub fn to_word(&self, dtype: Dtype, value: BasicValueEnum<'ctx>) -> IntValue<'ctx> {
        match dtype.kind() {
            Kind::Bool | Kind::Unsigned => self.widen(value.into_int_value(), self.i64),
            Kind::Signed => self.widen_signed(value.into_int_value(), self.i64),
            Kind::Float | Kind::Complex => {
                let bits = match self.register(dtype) == self.f64.into() {
                    true => self.i64,
                    false => self.context.i32_type(),
                };
                let bits = self.inner.build_bit_cast(value, bits, "").expect("as many bits").into_int_value();
                self.widen(bits, self.i64)
            }
        }
    }

    /// A scalar, or a part of one, from its word.
    pub fn of_word(&self, dtype: Dtype, word: IntValue<'ctx>) -> BasicValueEnum<'ctx> {
        match self.register(dtype) {
            BasicTypeEnum::IntType(int) => self.narrow(word, int).into(),
            float if float == self.f64.into() => self.float_of_bits(word).into(),
            float => {
                let bits = self.narrow(word, self.context.i32_type());
                self.inner.build_bit_cast(bits, float, "").expect("as many bits")
            }
        }
    }

    pub fn address(&self, pointer: PointerValue<'ctx>) -> IntValue<'ctx> {
        self.inner.build_ptr_to_int(pointer, self.i64, "").expect("a pointer")
    }

    pub fn at_address(&self, address: IntValue<'ctx>) -> PointerValue<'ctx> {
        self.inner.build_int_to_ptr(address, self.pointer, "").expect("an int")
    }

    pub fn part(&self, pair: BasicValueEnum<'ctx>, at: u32) -> IntValue<'ctx> {
        self.inner.build_extract_value(pair.into_struct_value(), at, "").expect("a pair").into_int_value()
    }

    pub fn jump(&self, to: BasicBlock<'ctx>) {
        self.jumped(to);
    }

    pub fn jumped(&self, to: BasicBlock<'ctx>) -> InstructionValue<'ctx> {
        self.inner.build_unconditional_branch(to).expect("a current block")
    }

    pub fn branch(
        &self,
        condition: IntValue<'ctx>,
        then: BasicBlock<'ctx>,
        other: BasicBlock<'ctx>,
    ) -> InstructionValue<'ctx> {
        self.inner.build_conditional_branch(condition, then, other).expect("a current block")
    }

    pub fn switch(&self, value: IntValue<'ctx>, other: BasicBlock<'ctx>, cases: &[(IntValue<'ctx>, BasicBlock<'ctx>)]) {
        self.inner.build_switch(value, other, cases).expect("a current block");
    }

    pub fn ret(&self, status: IntValue<'ctx>) {
        self.inner.build_return(Some(&status)).expect("a current block");
    }

    /// A float from one of two blocks.
    pub fn phi(
        &self,
        one: (FloatValue<'ctx>, BasicBlock<'ctx>),
        two: (FloatValue<'ctx>, BasicBlock<'ctx>),
    ) -> FloatValue<'ctx> {
        let phi = self.inner.build_phi(one.0.get_type(), "").expect("a current block");
        phi.add_incoming(&[(&one.0, one.1), (&two.0, two.1)]);
        phi.as_basic_value().into_float_value()
    }

    /// An int from one of two blocks.
    pub fn phi_int(
        &self,
        one: (IntValue<'ctx>, BasicBlock<'ctx>),
        two: (IntValue<'ctx>, BasicBlock<'ctx>),
    ) -> IntValue<'ctx> {
        let phi = self.inner.build_phi(self.i64, "").expect("a current block");
        phi.add_incoming(&[(&one.0, one.1), (&two.0, two.1)]);
        phi.as_basic_value().into_int_value()
    }

    /// An int that comes from this block, and from others that are added.
    pub fn phi_int_from(&self, one: (IntValue<'ctx>, BasicBlock<'ctx>)) -> PhiValue<'ctx> {
        let phi = self.inner.build_phi(self.i64, "").expect("a current block");
        phi.add_incoming(&[(&one.0, one.1)]);
        phi
    }

    /// Calls one of LLVM's intrinsics, overloaded for the types given.
    pub fn intrinsic(
        &self,
        name: &str,
        types: &[BasicTypeEnum<'ctx>],
        args: &[BasicMetadataValueEnum<'ctx>],
    ) -> BasicValueEnum<'ctx> {
        let intrinsic = Intrinsic::find(name).expect("an intrinsic of LLVM");
        let callee = intrinsic.get_declaration(&self.module, types).expect("types that fit");
        self.inner.build_call(callee, args, "").expect("arguments that fit").try_as_basic_value().unwrap_basic()
    }

    /// Calls a helper or a function of libm. LLVM may not take it for one it knows, so that it neither folds nor rewrites it;
    /// `pure` says that it depends on its arguments alone and changes nothing.
    pub fn call(
        &self,
        name: &str,
        result: BasicTypeEnum<'ctx>,
        args: &[BasicMetadataValueEnum<'ctx>],
        pure: bool,
    ) -> BasicValueEnum<'ctx> {
        let callee = self.module.get_function(name).unwrap_or_else(|| {
            let param = |arg: &BasicMetadataValueEnum<'ctx>| -> BasicMetadataTypeEnum<'ctx> {
                match arg {
                    BasicMetadataValueEnum::FloatValue(value) => value.get_type().into(),
                    BasicMetadataValueEnum::IntValue(value) => value.get_type().into(),
                    BasicMetadataValueEnum::PointerValue(_) => self.context.ptr_type(AddressSpace::default()).into(),
                    _ => self.i64.into(),
                }
            };
            let params = args.iter().map(param).collect::<Vec<_>>();
            let callee = self.module.add_function(name, result.fn_type(&params, false), None);
            callee.add_attribute(AttributeLoc::Function, self.attribute("nounwind", 0));
            callee.add_attribute(AttributeLoc::Function, self.attribute("willreturn", 0));
            if pure {
                callee.add_attribute(AttributeLoc::Function, self.attribute("memory", 0));
            }
            callee
        });
        let call = self.inner.build_call(callee, args, "").expect("arguments that fit");
        call.add_attribute(AttributeLoc::Function, self.attribute("nobuiltin", 0));
        call.try_as_basic_value().unwrap_basic()
    }
}

//! What functions with the option `fastmath` do otherwise: flags of arithmetic of floats, and functions of libm's of which a loop may call
//! the vector version.
//!
//! LLVM is told of these versions by an attribute of the call; that its vectorisers find them, they are declared and kept to the end. The scalar
//! function has a name that LLVM does not know, or it would fold calls of it and put others in their place; the loader does.

use std::cell::{Cell, RefCell};

use inkwell::AddressSpace;
use inkwell::attributes::AttributeLoc;
use inkwell::module::Linkage;
use inkwell::types::{BasicMetadataTypeEnum, FloatType};
use inkwell::values::{BasicMetadataValueEnum, FastMathFlags, FloatValue, FunctionValue, PointerValue};

use super::builder::Builder;
use super::{Loaded, Lowerer};
use crate::ir::ExitId;
use crate::ops::OpId;
use crate::ops::vectors::{self, SCALAR, SETS, Vectors};

/// What a builder knows of it.
#[derive(Default)]
pub struct FastMath<'ctx> {
    /// Arithmetic of floats is done with [`RELAXED`] flags.
    is_relaxed: Cell<bool>,
    /// The functions of the vector library that may be called.
    offered: Cell<Vectors>,
    /// The versions that were declared.
    declared: RefCell<Vec<PointerValue<'ctx>>>,
}

/// The sets of instructions of this machine.
fn sets() -> impl Iterator<Item = (char, u32)> {
    SETS.into_iter().filter(|&(set, _)| match set {
        'd' => is_there("avx2"),
        'e' => is_there("avx512f"),
        _ => true,
    })
}

/// True if the processor has a set of instructions.
#[cfg(target_arch = "x86_64")]
pub(super) fn is_there(feature: &str) -> bool {
    match feature {
        "fma" => std::arch::is_x86_feature_detected!("fma"),
        "avx2" => std::arch::is_x86_feature_detected!("avx2"),
        // Masks for elements of one and two bytes.
        "avx512bw" => std::arch::is_x86_feature_detected!("avx512bw"),
        _ => std::arch::is_x86_feature_detected!("avx512f"),
    }
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn is_there(_: &str) -> bool {
    false
}

/// What LLVM may do with arithmetic of floats: nothing that needs numbers to be there where NaN and infinities may be.
const RELAXED: FastMathFlags = FastMathFlags::AllowReassoc
    .union(FastMathFlags::AllowContract)
    .union(FastMathFlags::AllowReciprocal)
    .union(FastMathFlags::NoSignedZeros)
    .union(FastMathFlags::ApproxFunc);

macro_rules! relaxed {
    ($($name:ident = $call:ident;)*) => {
        $(pub fn $name(&self, left: FloatValue<'ctx>, right: FloatValue<'ctx>) -> FloatValue<'ctx> {
            self.relaxed(self.inner.$call(left, right, "").expect("operands of equal types"))
        })*
    };
}

impl<'ctx> Builder<'ctx> {
    relaxed! {
        fadd = build_float_add;
        fsub = build_float_sub;
        fmul = build_float_mul;
        fdiv = build_float_div;
    }

    /// Says whether arithmetic of floats is done with the flags of `fastmath` from here on: in any order, rounded once where a product is
    /// added, with reciprocals, and without regard to the sign of zero. NaN and infinities stay what they are.
    pub fn relax(&self, is_relaxed: bool) {
        self.fastmath.is_relaxed.set(is_relaxed);
    }

    pub(super) fn relaxed(&self, value: FloatValue<'ctx>) -> FloatValue<'ctx> {
        if self.fastmath.is_relaxed.get()
            && let Some(made) = value.as_instruction().filter(|made| made.can_use_fast_math_flags())
        {
            made.set_fast_math_flags(RELAXED).expect("arithmetic of floats");
        }
        value
    }

    /// From here on these functions may be called as vectors.
    pub fn offer_vectors(&self, vectors: Vectors) {
        self.fastmath.offered.set(vectors);
    }

    /// Calls a function of libm's, by its name for float64 or float32, which depends on its arguments alone: one by one or as vectors.
    fn call_as_vectors(&self, name: &str, args: &[FloatValue<'ctx>]) -> FloatValue<'ctx> {
        let (ty, scalar) = (args[0].get_type(), format!("{SCALAR}{name}"));
        let callee = self.module.get_function(&scalar).unwrap_or_else(|| self.declare(&scalar, ty, args.len(), 1));
        let mut versions = Vec::new();
        for (set, lanes) in sets() {
            let lanes = if ty == self.f64 { lanes } else { 2 * lanes };
            let version = vectors::symbol(set, lanes, args.len(), name);
            if self.module.get_function(&version).is_none() {
                let declared = self.declare(&version, ty, args.len(), lanes);
                self.fastmath.declared.borrow_mut().push(declared.as_global_value().as_pointer_value());
            }
            versions.push(format!("{}({version})", vectors::symbol(set, lanes, args.len(), &scalar)));
        }
        let args = args.iter().map(|&arg| arg.into()).collect::<Vec<BasicMetadataValueEnum<'ctx>>>();
        let call = self.inner.build_call(callee, &args, "").expect("arguments that fit");
        let versions = self.context.create_string_attribute("vector-function-abi-variant", &versions.join(","));
        call.add_attribute(AttributeLoc::Function, versions);
        call.try_as_basic_value().unwrap_basic().into_float_value()
    }

    fn declare(&self, name: &str, ty: FloatType<'ctx>, operands: usize, lanes: u32) -> FunctionValue<'ctx> {
        let made = match lanes {
            1 => ty.fn_type(&vec![BasicMetadataTypeEnum::from(ty); operands], false),
            _ => {
                let vector = ty.vec_type(lanes);
                vector.fn_type(&vec![BasicMetadataTypeEnum::from(vector); operands], false)
            }
        };
        let function = self.module.add_function(name, made, None);
        for attribute in ["nounwind", "willreturn", "memory"] {
            function.add_attribute(AttributeLoc::Function, self.attribute(attribute, 0));
        }
        function
    }

    /// Has LLVM keep what was declared and nobody calls yet. To be called when everything is built.
    pub fn keep_vectors(&self) {
        let declared = self.fastmath.declared.borrow();
        if declared.is_empty() {
            return;
        }
        let pointer = self.context.ptr_type(AddressSpace::default());
        let kept = self.module.add_global(pointer.array_type(declared.len() as u32), None, "llvm.compiler.used");
        kept.set_linkage(Linkage::Appending);
        kept.set_section(Some("llvm.metadata"));
        kept.set_initializer(&pointer.const_array(&declared));
    }
}

impl<'ctx> Lowerer<'ctx, '_> {
    /// The result of a row on operands of its types.
    pub(super) fn recipe(&mut self, op: OpId, args: &[Loaded<'ctx>], exit: Option<ExitId>) -> Loaded<'ctx> {
        self.b.relax(self.options.fastmath && op.row().recipe.is_arithmetic_of_floats());
        let result = self.exact_recipe(op, args, exit);
        self.b.relax(false);
        result
    }

    /// A function of libm's that depends on its arguments alone, by its name for their type.
    pub(super) fn libm(&self, name: &str, args: &[FloatValue<'ctx>]) -> FloatValue<'ctx> {
        if self.options.fastmath && self.b.fastmath.offered.get().has(name) {
            return self.b.call_as_vectors(name, args);
        }
        let passed = args.iter().map(|&arg| arg.into()).collect::<Vec<_>>();
        self.b.call(name, args[0].get_type().into(), &passed, true).into_float_value()
    }

    /// A power: where `fastmath` is wanted, small whole ones are products.
    pub(super) fn libm_power(
        &self,
        name: &str,
        base: FloatValue<'ctx>,
        exponent: FloatValue<'ctx>,
    ) -> FloatValue<'ctx> {
        let constant = exponent.get_constant().filter(|_| self.options.fastmath).map(|(value, _)| value);
        let Some(constant) = constant.filter(|value| value.fract() == 0.0 && (1.0..=8.0).contains(&value.abs())) else {
            // A loop may call the vector version.
            let is_called = self.options.fastmath;
            return if is_called { self.libm(name, &[base, exponent]) } else { self.exact_power(name, base, exponent) };
        };
        self.b.relax(true);
        let (mut power, mut square, mut rest) = (None, base, constant.abs() as u32);
        loop {
            if rest % 2 == 1 {
                power = Some(power.map_or(square, |power| self.b.fmul(power, square)));
            }
            rest /= 2;
            if rest == 0 {
                break;
            }
            square = self.b.fmul(square, square);
        }
        let power = power.unwrap_or(base);
        let one = base.get_type().const_float(1.0);
        let power = if constant < 0.0 { self.b.fdiv(one, power) } else { power };
        self.b.relax(false);
        power
    }
}

//! What LLVM is told beside the code: which way a branch mostly goes, where it is not to know where a value comes from, and of a loop, at its
//! way back, which of the loops that it makes of it are worth writing out several times.
//!
//! It would write out the turns that remain when it makes vectors, too, as if all turns came there. They are a few, and what is made of
//! them took up to a quarter of the time of a compilation. It writes out turns that branch over writes, which has them in the same
//! order with more branches, each of which is predicted worse; turns of which each waits for the last one; and those with all their
//! checks. And where floats are added up in order and little else is done, it would make vectors only to take them apart again.

use std::ffi::CStr;

use inkwell::basic_block::BasicBlock;
use inkwell::context::AsContextRef;
use inkwell::llvm_sys::core::{
    LLVMConstInt, LLVMInt32TypeInContext, LLVMMDNodeInContext2, LLVMMDStringInContext2, LLVMMetadataAsValue,
    LLVMSetMetadata, LLVMValueAsMetadata,
};
use inkwell::llvm_sys::debuginfo::{LLVMMetadataReplaceAllUsesWith, LLVMTemporaryMDNode};
use inkwell::llvm_sys::prelude::LLVMMetadataRef;
use inkwell::types::BasicType;
use inkwell::values::{AsValueRef, BasicValueEnum, IntValue};

use super::builder::Builder;

const ROLLED: &CStr = c"llvm.loop.unroll.runtime.disable";
const VECTORIZED: &CStr = c"llvm.loop.isvectorized";
const MASKED: &CStr = c"llvm.loop.vectorize.predicate.enable";
const OF_VECTORS: &CStr = c"llvm.loop.vectorize.followup_vectorized";
const OF_THE_REST: &CStr = c"llvm.loop.vectorize.followup_epilogue";

/// What LLVM is to do with a loop.
#[derive(Clone, Copy)]
pub(super) struct Hints {
    /// It stays rolled, unless it becomes vectors.
    pub rolled: bool,
    /// What remains of it when it becomes vectors may be all of it.
    pub stays: bool,
    /// It does not become vectors.
    pub serial: bool,
    /// It becomes vectors of which the last one is not full.
    pub masked: bool,
}

/// Branches, and values.
impl<'ctx> Builder<'ctx> {
    /// A branch that is hardly ever taken.
    pub fn branch_unlikely(&self, condition: IntValue<'ctx>, then: BasicBlock<'ctx>, other: BasicBlock<'ctx>) {
        self.branch_by(condition, (then, 1), (other, 1 << 20));
    }

    /// A branch that is mostly taken.
    pub fn branch_likely(&self, condition: IntValue<'ctx>, then: BasicBlock<'ctx>, other: BasicBlock<'ctx>) {
        self.branch_by(condition, (then, 2_000), (other, 1));
    }

    /// A branch whose ways are taken by turns of these numbers.
    fn branch_by(
        &self,
        condition: IntValue<'ctx>,
        (then, often): (BasicBlock<'ctx>, u64),
        (other, seldom): (BasicBlock<'ctx>, u64),
    ) {
        let branch = self.branch(condition, then, other);
        let i32 = self.context.i32_type();
        let weights = self.context.metadata_node(&[
            self.context.metadata_string("branch_weights").into(),
            i32.const_int(often, false).into(),
            i32.const_int(seldom, false).into(),
        ]);
        branch.set_metadata(weights, self.context.get_kind_id("prof")).expect("a branch");
    }

    /// The same value, of which the optimiser does not know where it comes from.
    pub fn opaque(&self, value: BasicValueEnum<'ctx>) -> BasicValueEnum<'ctx> {
        let ty = value.get_type().fn_type(&[value.get_type().into()], false);
        let nothing = self.context.create_inline_asm(ty, String::new(), "=r,0".to_owned(), false, false, None, false);
        let call = self.inner.build_indirect_call(ty, nothing, &[value.into()], "").expect("arguments that fit");
        call.try_as_basic_value().unwrap_basic()
    }

    /// The same value, of which the optimiser thinks that it depends on another one: what is computed of it stays where that is known.
    pub fn opaque_by(&self, value: IntValue<'ctx>, other: IntValue<'ctx>) -> IntValue<'ctx> {
        let ty = value.get_type().fn_type(&[value.get_type().into(), other.get_type().into()], false);
        let nothing = self.context.create_inline_asm(ty, String::new(), "=r,0,r".to_owned(), false, false, None, false);
        let args = [value.into(), other.into()];
        let call = self.inner.build_indirect_call(ty, nothing, &args, "").expect("arguments that fit");
        call.try_as_basic_value().unwrap_basic().into_int_value()
    }
}

/// Loops.
impl<'ctx> Builder<'ctx> {
    /// The way back to the header of a loop.
    pub(super) fn jump_back(&self, header: BasicBlock<'ctx>, Hints { rolled, stays, serial, masked }: Hints) {
        let jump = self.jumped(header);
        let disabled = self.property(ROLLED, &[]);
        let vectorized = self.property(VECTORIZED, &[self.one()]);
        let rest = if stays && !rolled { vec![vectorized] } else { vec![disabled, vectorized] };
        let mut properties = vec![self.property(OF_THE_REST, &rest)];
        if rolled {
            properties.extend([disabled, self.property(OF_VECTORS, &[vectorized])]);
        }
        if serial {
            properties.push(self.property(VECTORIZED, &[self.one()]));
        }
        if masked {
            properties.push(self.property(MASKED, &[self.one()]));
        }
        let kind = self.context.get_kind_id("llvm.loop");
        // SAFETY: the nodes belong to the context of the module. A loop's own node is its first part: the temporary node stands for it
        // until it is there, and nothing else refers to that one.
        unsafe {
            let context = self.context.as_ctx_ref();
            let itself = LLVMTemporaryMDNode(context, std::ptr::null_mut(), 0);
            properties.insert(0, itself);
            let node = LLVMMDNodeInContext2(context, properties.as_mut_ptr(), properties.len());
            LLVMMetadataReplaceAllUsesWith(itself, node);
            LLVMSetMetadata(jump.as_value_ref(), kind, LLVMMetadataAsValue(context, node));
        }
    }

    fn property(&self, name: &CStr, of: &[LLVMMetadataRef]) -> LLVMMetadataRef {
        // SAFETY: the text lives for ever, the nodes as long as the context.
        unsafe {
            let context = self.context.as_ctx_ref();
            let mut parts = vec![LLVMMDStringInContext2(context, name.as_ptr(), name.count_bytes())];
            parts.extend_from_slice(of);
            LLVMMDNodeInContext2(context, parts.as_mut_ptr(), parts.len())
        }
    }

    fn one(&self) -> LLVMMetadataRef {
        // SAFETY: a constant of the context.
        unsafe { LLVMValueAsMetadata(LLVMConstInt(LLVMInt32TypeInContext(self.context.as_ctx_ref()), 1, 0)) }
    }
}

//! What LLVM is told of a loop, at its way back: which of the loops that it makes of it are worth writing out several times.
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
use inkwell::values::AsValueRef;

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
    /// It does not become vectors.
    pub serial: bool,
    /// It becomes vectors of which the last one is not full.
    pub masked: bool,
}

impl<'ctx> Builder<'ctx> {
    /// The way back to the header of a loop.
    pub(super) fn jump_back(&self, header: BasicBlock<'ctx>, Hints { rolled, serial, masked }: Hints) {
        let jump = self.jumped(header);
        let disabled = self.property(ROLLED, &[]);
        let vectorized = self.property(VECTORIZED, &[self.one()]);
        let rest = self.property(OF_THE_REST, &[disabled, vectorized]);
        let mut properties = vec![rest];
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

//! Lines of the source as debug locations: how the texts of later stages know where an instruction comes from.
//!
//! Enters: the module and its functions, one after the other. Leaves: locations. The tables of a debugger are made as well, which
//! [`crate::listing`] takes out of the text; machine code for running never has them.

use inkwell::context::Context;
use inkwell::debug_info::DIFlags;
use inkwell::debug_info::{
    AsDIScope, DICompileUnit, DIFlagsConstants, DILocation, DISubprogram, DWARFEmissionKind, DWARFSourceLanguage,
    DebugInfoBuilder,
};
use inkwell::llvm_sys::debuginfo::{
    LLVMDILocationGetColumn, LLVMDILocationGetLine, LLVMInstructionGetDebugLoc, LLVMInstructionSetDebugLoc,
};
use inkwell::module::{FlagBehavior, Module};
use inkwell::values::{AsValueRef, FunctionValue};

use super::Lowerer;
use crate::ir::LoopId;
use crate::source::Span;

/// The one file, and the function at hand.
#[derive(Debug)]
pub(super) struct Places<'ctx> {
    builder: DebugInfoBuilder<'ctx>,
    unit: DICompileUnit<'ctx>,
    /// `None` for one whose lines nobody knows.
    function: Option<DISubprogram<'ctx>>,
}

impl<'ctx> Places<'ctx> {
    pub(super) fn new(context: &'ctx Context, module: &Module<'ctx>, function: FunctionValue<'ctx>) -> Self {
        let version = context.i32_type().const_int(inkwell::debug_info::debug_metadata_version().into(), false);
        module.add_basic_value_flag("Debug Info Version", FlagBehavior::Warning, version);
        let (builder, unit) = module.create_debug_info_builder(
            false,
            DWARFSourceLanguage::Python,
            "brrr",
            ".",
            "brrr",
            true,
            "",
            0,
            "",
            DWARFEmissionKind::LineTablesOnly,
            0,
            false,
            false,
            "",
            "",
        );
        let mut places = Self { builder, unit, function: None };
        places.begin(function, true);
        places
    }

    /// Goes on with another function.
    pub(super) fn begin(&mut self, function: FunctionValue<'ctx>, placed: bool) {
        self.function = placed.then(|| self.described(function));
    }

    fn described(&self, function: FunctionValue<'ctx>) -> DISubprogram<'ctx> {
        let (file, scope) = (self.unit.get_file(), self.unit.as_debug_info_scope());
        let ty = self.builder.create_subroutine_type(file, None, &[], DIFlags::PUBLIC);
        let name = function.get_name().to_string_lossy().into_owned();
        let made = self.builder.create_function(scope, &name, None, file, 0, ty, false, true, 0, DIFlags::PUBLIC, true);
        function.set_subprogram(made);
        made
    }

    /// Has instructions that were moved from the function at hand to another one have their places there.
    pub(super) fn take_along(&self, context: &'ctx Context, to: FunctionValue<'ctx>) {
        if self.function.is_none() {
            return;
        }
        let scope = self.described(to).as_debug_info_scope();
        for instruction in to.get_basic_block_iter().flat_map(|block| block.get_instructions()) {
            // SAFETY: an instruction, and its location, if it has one, which is one of ours.
            let place = unsafe {
                let location = LLVMInstructionGetDebugLoc(instruction.as_value_ref());
                (!location.is_null()).then(|| (LLVMDILocationGetLine(location), LLVMDILocationGetColumn(location)))
            };
            if let Some((line, column)) = place {
                let location = self.builder.create_debug_location(context, line, column, scope, None);
                // SAFETY: the location is one of this function.
                unsafe { LLVMInstructionSetDebugLoc(instruction.as_value_ref(), location.as_mut_ptr()) }
            }
        }
    }

    pub(super) fn at(&self, context: &'ctx Context, line: u32, column: u32) -> Option<DILocation<'ctx>> {
        let scope = self.function?.as_debug_info_scope();
        Some(self.builder.create_debug_location(context, line, column, scope, None))
    }

    pub(super) fn finish(&self) {
        self.builder.finalize();
    }
}

impl Lowerer<'_, '_> {
    /// What is built next, until a statement says otherwise, belongs to a loop.
    pub(super) fn place_loop(&self, id: Option<LoopId>) {
        let poll = id.and_then(|id| self.function.loops[id.0 as usize].poll);
        let place = poll.map_or_else(Span::default, |poll| self.function.exits[poll.0 as usize].span);
        self.b.place(place.start, place.end);
    }
}

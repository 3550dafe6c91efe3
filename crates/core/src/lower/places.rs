//! Lines of the source as debug locations: how the texts of later stages know where an instruction comes from.
//!
//! Enters: the module and its one function. Leaves: locations. The tables of a debugger are made as well, which
//! [`crate::listing`] takes out of the text; machine code for running never has them.

use inkwell::context::Context;
use inkwell::debug_info::DIFlags;
use inkwell::debug_info::{
    AsDIScope, DIFlagsConstants, DILocation, DISubprogram, DWARFEmissionKind, DWARFSourceLanguage, DebugInfoBuilder,
};
use inkwell::module::{FlagBehavior, Module};
use inkwell::values::FunctionValue;

/// The one file, and the function in it.
#[derive(Debug)]
pub(super) struct Places<'ctx> {
    builder: DebugInfoBuilder<'ctx>,
    function: DISubprogram<'ctx>,
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
        let ty = builder.create_subroutine_type(unit.get_file(), None, &[], DIFlags::PUBLIC);
        let name = function.get_name().to_string_lossy().into_owned();
        let scope = unit.as_debug_info_scope();
        let made =
            builder.create_function(scope, &name, None, unit.get_file(), 0, ty, false, true, 0, DIFlags::PUBLIC, true);
        function.set_subprogram(made);
        Self { builder, function: made }
    }

    pub(super) fn at(&self, context: &'ctx Context, line: u32) -> DILocation<'ctx> {
        self.builder.create_debug_location(context, line, 0, self.function.as_debug_info_scope(), None)
    }

    pub(super) fn finish(&self) {
        self.builder.finalize();
    }
}

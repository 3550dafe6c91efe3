//! The pair of floats of which the first is cut off, where it is cut off, for LLVM's quick selection of instructions.
//!
//! Enters: an optimised module. Leaves: the same with each such pair in the block that needs it. The selection one by one looks through the
//! making of a pair to the float in it, and takes for granted that the float's own block hands it on, which that does only if the float
//! itself is read elsewhere: of a pair made in front of a loop, it would read a register that nothing has written.

use inkwell::builder::BuilderError;
use inkwell::context::Context;
use inkwell::module::Module;
use inkwell::values::{AnyValueEnum, BasicValue, BasicValueEnum, InstructionOpcode, Operand};

const CUT_OFF: &str = "llvm.x86.sse2.cvttsd2si64";

/// Makes pairs once more where they are read in other blocks.
///
/// # Errors
/// Only if LLVM's function is not what it is called.
pub fn make_where_read(context: &Context, module: &Module<'_>) -> Result<(), BuilderError> {
    let Some(function) = module.get_function(CUT_OFF) else { return Ok(()) };
    let builder = context.create_builder();
    let zero = context.i64_type().const_zero();
    let mut next = function.as_global_value().as_pointer_value().get_first_use();
    while let Some(used) = next {
        next = used.get_next_use();
        let AnyValueEnum::IntValue(result) = used.get_user() else { continue };
        let Some(call) = result.as_instruction() else { continue };
        let Some(BasicValueEnum::VectorValue(pair)) = call.get_operand(0).and_then(Operand::value) else { continue };
        let made = pair.as_instruction().filter(|one| one.get_opcode() == InstructionOpcode::InsertElement);
        let Some(made) = made.filter(|one| one.get_parent() != call.get_parent()) else { continue };
        let Some(float) = made.get_operand(1).and_then(Operand::value) else { continue };
        builder.position_before(&call);
        let here = builder.build_insert_element(pair.get_type().get_poison(), float, zero, "")?;
        call.set_operand(0, here);
    }
    Ok(())
}

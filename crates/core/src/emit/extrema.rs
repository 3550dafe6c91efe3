//! The least and the greatest of two ints as a comparison and a choice, for LLVM's quick selection of instructions.
//!
//! Enters: an optimised module. Leaves: the same without LLVM's functions for these. The selection one by one does not know them, and would
//! have the graphs do each, whose code and tables are then read in for nothing else: every loop that counts its turns asks for the
//! least of what remains and of what the fuel allows. What the two make of it is the same.

use inkwell::IntPredicate;
use inkwell::builder::BuilderError;
use inkwell::context::Context;
use inkwell::module::Module;
use inkwell::values::{AnyValueEnum, BasicValue, BasicValueEnum, Operand};

/// The functions, and when the first operand is the result.
const EXTREMA: [(&str, IntPredicate); 4] = [
    ("llvm.smax.i64", IntPredicate::SGT),
    ("llvm.smin.i64", IntPredicate::SLT),
    ("llvm.umax.i64", IntPredicate::UGT),
    ("llvm.umin.i64", IntPredicate::ULT),
];

/// Puts comparisons and choices in the place of the calls.
///
/// # Errors
/// Only if LLVM's functions are not what they are called.
pub fn spell_out(context: &Context, module: &Module<'_>) -> Result<(), BuilderError> {
    let builder = context.create_builder();
    for (name, predicate) in EXTREMA {
        let Some(function) = module.get_function(name) else { continue };
        let pointer = function.as_global_value().as_pointer_value();
        while let Some(AnyValueEnum::IntValue(result)) = pointer.get_first_use().map(|first| first.get_user()) {
            let Some(call) = result.as_instruction() else { break };
            let operand = |at| call.get_operand(at).and_then(Operand::value).map(BasicValueEnum::into_int_value);
            let (Some(one), Some(other)) = (operand(0), operand(1)) else { break };
            builder.position_before(&call);
            let is_one = builder.build_int_compare(predicate, one, other, "")?;
            result.replace_all_uses_with(builder.build_select(is_one, one, other, "")?.into_int_value());
            call.erase_from_basic_block();
        }
    }
    Ok(())
}

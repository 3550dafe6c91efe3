//! LLVM set up for this processor, once for a process; the machines that make code for it, one for each thread and tier.
//!
//! Enters: a tier. Leaves: a machine for it. A thread may do ahead, and beside what leads to the first request, all that this request would
//! find cold ([`prepare`]); a request waits for what has been begun, and does what has not.

use std::cell::OnceCell;
use std::ffi::CStr;
use std::sync::{Mutex, OnceLock, PoisonError};

use inkwell::builder::BuilderError;
use inkwell::context::Context;
use inkwell::intrinsics::Intrinsic;
use inkwell::llvm_sys::support::LLVMParseCommandLineOptions;
use inkwell::llvm_sys::target::{
    LLVMInitializeX86AsmPrinter, LLVMInitializeX86Target, LLVMInitializeX86TargetInfo, LLVMInitializeX86TargetMC,
};
use inkwell::module::Module;
use inkwell::targets::{CodeModel, FileType, RelocMode, Target, TargetMachine, TargetTriple};
use inkwell::{AddressSpace, IntPredicate, OptimizationLevel};

use crate::backend::Tier;

thread_local! {
    /// Kept by each thread, one for each tier: to make one takes LLVM as long as a pass or two.
    static MACHINES: [OnceCell<TargetMachine>; 2] = const { [const { OnceCell::new() }; 2] };
}

/// A machine that no thread has yet.
struct Spare(TargetMachine);

// SAFETY: a machine is bound to no thread; it is used by one at a time, which has it whole.
unsafe impl Send for Spare {}

/// What has been made ahead, one for each tier, for the first thread that needs it. Locked while it is made.
static SPARE: [Mutex<Option<Spare>>; 2] = [const { Mutex::new(None) }; 2];

/// Gives the thread's machine for a tier.
///
/// # Errors
/// What LLVM says if there can be none.
pub fn with<T>(tier: Tier, work: impl FnOnce(&TargetMachine) -> T) -> Result<T, String> {
    MACHINES.with(|all| {
        let kept = &all[number(tier)];
        let machine = match kept.get() {
            Some(machine) => machine,
            None => {
                let spare = SPARE[number(tier)].lock().unwrap_or_else(PoisonError::into_inner).take();
                let made = spare.map_or_else(|| machine(tier), |spare| Ok(spare.0))?;
                kept.get_or_init(|| made)
            }
        };
        Ok(work(machine))
    })
}

const fn number(tier: Tier) -> usize {
    match tier {
        Tier::Quick => 0,
        Tier::Full => 1,
    }
}

/// Does what the first request for code of a tier would do first: sets LLVM up, makes the machine, and has a small function compiled, so
/// that code of LLVM's is in memory, and tables of its are filled, when the request comes to where they are needed. That may be at the same time.
///
/// # Errors
/// What LLVM says.
pub fn prepare(tier: Tier) -> Result<(), String> {
    let mut spare = SPARE[number(tier)].lock().unwrap_or_else(PoisonError::into_inner);
    if spare.is_none() {
        *spare = Some(Spare(machine(tier)?));
    }
    drop(spare);
    rehearse(&machine(tier)?)
}

/// Compiles a function of the kind that functions with loops are: it counts, checks for overflow, and leaves.
fn rehearse(machine: &TargetMachine) -> Result<(), String> {
    let context = Context::create();
    let module = counting(&context).map_err(|error| error.to_string())?;
    module.set_triple(&machine.get_triple());
    module.set_data_layout(&machine.get_target_data().get_data_layout());
    machine.write_to_memory_buffer(&module, FileType::Object).map_err(|error| error.to_string())?;
    Ok(())
}

/// `total = 0; for i in range(n): total += i`, with `n` in the frame, where the total goes.
fn counting(context: &Context) -> Result<Module<'_>, BuilderError> {
    let module = context.create_module("rehearsal");
    let (int, pointer) = (context.i64_type(), context.ptr_type(AddressSpace::default()));
    let function = module.add_function("rehearsal", int.fn_type(&[pointer.into()], false), None);
    let sum = Intrinsic::find("llvm.sadd.with.overflow").and_then(|sum| sum.get_declaration(&module, &[int.into()]));
    let (Some(frame), Some(sum)) = (function.get_first_param(), sum) else { return Ok(module) };
    let frame = frame.into_pointer_value();
    let block = |name: &str| context.append_basic_block(function, name);
    let (entry, header, turn, next, over, left) =
        (block("entry"), block("header"), block("turn"), block("next"), block("over"), block("left"));
    let builder = context.create_builder();
    builder.position_at_end(entry);
    let n = builder.build_load(int, frame, "n")?.into_int_value();
    builder.build_unconditional_branch(header)?;
    builder.position_at_end(header);
    let (i, total) = (builder.build_phi(int, "i")?, builder.build_phi(int, "total")?);
    let (count, sum_before) = (i.as_basic_value().into_int_value(), total.as_basic_value().into_int_value());
    let goes_on = builder.build_int_compare(IntPredicate::SLT, count, n, "")?;
    builder.build_conditional_branch(goes_on, turn, over)?;
    builder.position_at_end(turn);
    let pair = builder.build_call(sum, &[sum_before.into(), count.into()], "")?;
    let pair = pair.try_as_basic_value().unwrap_basic().into_struct_value();
    let leaves = builder.build_extract_value(pair, 1, "")?.into_int_value();
    builder.build_conditional_branch(leaves, left, next)?;
    builder.position_at_end(next);
    let more = builder.build_extract_value(pair, 0, "")?;
    let behind = builder.build_int_nsw_add(count, int.const_int(1, false), "")?;
    builder.build_unconditional_branch(header)?;
    let zero = int.const_zero();
    i.add_incoming(&[(&zero, entry), (&behind, next)]);
    total.add_incoming(&[(&zero, entry), (&more, next)]);
    for (block, status) in [(over, 0), (left, 1)] {
        builder.position_at_end(block);
        builder.build_store(frame, sum_before)?;
        builder.build_return(Some(&int.const_int(status, false)))?;
    }
    Ok(module)
}

/// What is left of a loop over vectors is done in shorter vectors, from those of eight elements on: rows of matrices are short. And the
/// least of two ints stays a conditional move: LLVM's guess that a branch would be predicted costs Levenshtein half of its speed. And strides
/// that are not known are not guessed to be one element: where they are, arrays have a type that says so. And floats that are added up
/// become vectors, whose elements are added in the order of the source: that pays where turns divide or take roots (`lower/hints`).
///
/// Registers are allocated with care in the quick tier, too: what LLVM does otherwise there, where it chooses instructions one by one, keeps
/// no local of a loop in a register. It takes a millisecond, of the four that the choice of instructions for the full tier takes.
const OPTIONS: [&CStr; 6] = [
    c"brrr",
    c"-epilogue-vectorization-minimum-VF=8",
    c"-x86-cmov-converter=false",
    c"-enable-mem-access-versioning=false",
    c"-optimize-regalloc",
    c"-force-ordered-reductions",
];

/// Sets what LLVM has options of the command line for and nothing else. To be called once, before anything is compiled.
fn configure() {
    let options = OPTIONS.map(CStr::as_ptr);
    // SAFETY: the strings live for ever and are as many as is said; LLVM 19, which is linked, knows these options. Passes and the generator of
    // code read them, and run when there is a machine; another thread may be lowering, which reads none.
    unsafe { LLVMParseCommandLineOptions(OPTIONS.len() as i32, options.as_ptr(), std::ptr::null()) };
}

/// A machine for the host CPU with all its features.
fn machine(tier: Tier) -> Result<TargetMachine, String> {
    static HOST: OnceLock<(TargetTriple, String, String)> = OnceLock::new();
    let (triple, cpu, features) = HOST.get_or_init(|| {
        // SAFETY: they fill tables of LLVM's, which are read when there is a machine, and none is made before. `Target::initialize_x86` would link the parser of
        // assembly, and the disassembler, whose options would be set up whenever the library is opened.
        unsafe {
            LLVMInitializeX86TargetInfo();
            LLVMInitializeX86Target();
            LLVMInitializeX86TargetMC();
            LLVMInitializeX86AsmPrinter();
        }
        configure();
        let text = |text: inkwell::support::LLVMString| text.to_string();
        let (cpu, features) = (TargetMachine::get_host_cpu_name(), TargetMachine::get_host_cpu_features());
        (TargetMachine::get_default_triple(), text(cpu), text(features))
    });
    let level = match tier {
        Tier::Quick => OptimizationLevel::None,
        Tier::Full => OptimizationLevel::Default,
    };
    let target = Target::from_triple(triple).map_err(|error| error.to_string())?;
    let made = target.create_target_machine(triple, cpu, features, level, RelocMode::PIC, CodeModel::Small);
    made.ok_or_else(|| "LLVM has no machine for this CPU".to_owned())
}

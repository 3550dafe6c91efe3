//! LLVM set up for this processor, once for a process; the machines that make code for it, one for each thread and tier.
//!
//! Enters: a tier. Leaves: a machine for it.

use std::cell::OnceCell;
use std::ffi::CStr;
use std::sync::OnceLock;

use inkwell::OptimizationLevel;
use inkwell::llvm_sys::support::LLVMParseCommandLineOptions;
use inkwell::llvm_sys::target::{
    LLVMInitializeX86AsmPrinter, LLVMInitializeX86Target, LLVMInitializeX86TargetInfo, LLVMInitializeX86TargetMC,
};
use inkwell::targets::{CodeModel, RelocMode, Target, TargetMachine, TargetTriple};

use crate::backend::Tier;

/// Does something with the thread's machine for a tier.
///
/// # Errors
/// What LLVM says if there can be none.
pub fn with<T>(tier: Tier, work: impl FnOnce(&TargetMachine) -> T) -> Result<T, String> {
    thread_local! {
        /// Kept by each thread, one for each tier: to make one takes LLVM as long as a pass or two.
        static MACHINES: [OnceCell<TargetMachine>; 2] = const { [const { OnceCell::new() }; 2] };
    }
    MACHINES.with(|[quick, full]| {
        let kept = match tier {
            Tier::Quick => quick,
            Tier::Full => full,
        };
        let machine = match kept.get() {
            Some(machine) => machine,
            None => {
                let made = machine(tier)?;
                kept.get_or_init(|| made)
            }
        };
        Ok(work(machine))
    })
}

/// What is left of a loop over vectors is done in shorter vectors, from those of eight elements on: rows of matrices are short. And the
/// least of two ints stays a conditional move: LLVM's guess that a branch would be predicted costs Levenshtein half of its speed. And strides
/// that are not known are not guessed to be one element: where they are, arrays have a type that says so. And floats that are added up
/// become vectors, whose elements are added in the order of the source: that pays where turns divide or take roots (`lower/hints`). Nothing is
/// gained by looking for ints that could be kept in registers of masks, which takes half of the time of a large function.
///
/// Registers are allocated with care in the quick tier, too: what LLVM does otherwise there, where it chooses instructions one by one, keeps
/// no local of a loop in a register. It takes a millisecond, of the four that the choice of instructions for the full tier takes.
pub(super) const OPTIONS: [&CStr; 7] = [
    c"brrr",
    c"-epilogue-vectorization-minimum-VF=8",
    c"-x86-cmov-converter=false",
    c"-enable-mem-access-versioning=false",
    c"-optimize-regalloc",
    c"-force-ordered-reductions",
    c"-disable-x86-domain-reassignment",
];

/// Processors, by the beginning of LLVM's names, that read a vector of elements which do not stand side by side no faster than one after the
/// other; LLVM's costs are those of others. Loops with strides take 0.6 to 0.9 of the time there without.
const SLOW_GATHERS: &str = "znver";

/// Sets what LLVM has options of the command line for and nothing else. To be called once, before anything is compiled.
fn configure() {
    let options = OPTIONS.map(CStr::as_ptr);
    // SAFETY: the strings live for ever and are as many as is said; LLVM 19, which is linked, knows these options, and no other thread
    // is within LLVM yet.
    unsafe { LLVMParseCommandLineOptions(OPTIONS.len() as i32, options.as_ptr(), std::ptr::null()) };
}

/// A machine for the host CPU with all its features.
fn machine(tier: Tier) -> Result<TargetMachine, String> {
    static HOST: OnceLock<(TargetTriple, String, String)> = OnceLock::new();
    let (triple, cpu, features) = HOST.get_or_init(|| {
        // SAFETY: they fill tables of LLVM's, and no other thread is within LLVM yet. `Target::initialize_x86` would link the parser of
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
        let (cpu, mut features) = (text(cpu), text(features));
        if cpu.starts_with(SLOW_GATHERS) {
            features.push_str(",+prefer-no-gather,+prefer-no-scatter");
        }
        (TargetMachine::get_default_triple(), cpu, features)
    });
    let level = match tier {
        Tier::Quick => OptimizationLevel::None,
        Tier::Full => OptimizationLevel::Default,
    };
    let target = Target::from_triple(triple).map_err(|error| error.to_string())?;
    let made = target.create_target_machine(triple, cpu, features, level, RelocMode::PIC, CodeModel::Small);
    made.ok_or_else(|| "LLVM has no machine for this CPU".to_owned())
}

//! LLVM module to object code, or to text.

use std::sync::OnceLock;

use inkwell::OptimizationLevel;
use inkwell::context::Context;
use inkwell::module::Module;
use inkwell::passes::PassBuilderOptions;
use inkwell::targets::{CodeModel, FileType, InitializationConfig, RelocMode, Target, TargetMachine, TargetTriple};

use crate::backend::{Output, Request};
use crate::lower::lower;

/// What the optimiser runs. Unrolling is left out: it adds some 5 % to the time of a compilation and won on no kernel measured.
const PASSES: &str = "default<O2>";

/// Does a piece of work. The IR must be verified.
///
/// # Errors
/// What LLVM says.
pub fn run(request: &Request) -> Result<Vec<u8>, String> {
    let context = Context::create();
    let machine = machine()?;
    let module = lower(&context, &request.function, request.options);
    module.set_triple(&machine.get_triple());
    module.set_data_layout(&machine.get_target_data().get_data_layout());
    if cfg!(debug_assertions) {
        module.verify().map_err(|error| error.to_string())?;
    }
    if request.output == Output::Llvm {
        return Ok(module.print_to_string().to_bytes().to_vec());
    }
    optimize(&module, &machine)?;
    let kind = match request.output {
        Output::Llvm | Output::OptimizedLlvm => return Ok(module.print_to_string().to_bytes().to_vec()),
        Output::Object => FileType::Object,
        Output::Assembly => FileType::Assembly,
    };
    let buffer = machine.write_to_memory_buffer(&module, kind).map_err(|error| error.to_string())?;
    // The buffer of text ends with a zero byte that is not part of it.
    let bytes = buffer.as_slice();
    let text = kind == FileType::Assembly;
    Ok(bytes.strip_suffix(&[0]).filter(|_| text).unwrap_or(bytes).to_vec())
}

fn optimize(module: &Module<'_>, machine: &TargetMachine) -> Result<(), String> {
    let options = PassBuilderOptions::create();
    options.set_loop_unrolling(false);
    options.set_loop_vectorization(true);
    options.set_loop_slp_vectorization(true);
    options.set_loop_interleaving(true);
    module.run_passes(PASSES, machine, options).map_err(|error| error.to_string())
}

/// A machine for the host CPU with all its features.
fn machine() -> Result<TargetMachine, String> {
    static HOST: OnceLock<(TargetTriple, String, String)> = OnceLock::new();
    let (triple, cpu, features) = HOST.get_or_init(|| {
        Target::initialize_x86(&InitializationConfig {
            asm_parser: false,
            asm_printer: true,
            base: true,
            disassembler: false,
            info: true,
            machine_code: true,
        });
        let text = |text: inkwell::support::LLVMString| text.to_string();
        let (cpu, features) = (TargetMachine::get_host_cpu_name(), TargetMachine::get_host_cpu_features());
        (TargetMachine::get_default_triple(), text(cpu), text(features))
    });
    let target = Target::from_triple(triple).map_err(|error| error.to_string())?;
    let made = target.create_target_machine(
        triple,
        cpu,
        features,
        OptimizationLevel::Default,
        RelocMode::PIC,
        CodeModel::Small,
    );
    made.ok_or_else(|| "LLVM has no machine for this CPU".to_owned())
}

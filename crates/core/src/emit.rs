//! LLVM module to object code, to text, or to what the optimiser says about it.

mod extrema;
mod machines;
mod remarks;

use inkwell::context::Context;
use inkwell::module::Module;
use inkwell::passes::PassBuilderOptions;
use inkwell::targets::{FileType, TargetMachine};

use crate::backend::{Output, Places, Request, Tier};
use crate::ir;
use crate::loops::ahead::computed_ahead;
use crate::loops::shapes;
use crate::lower::{has_calls, lower};
use crate::source::Span;
use crate::types::Type;

/// What the optimiser runs for functions that read and write elements of arrays.
const WITH_MEMORY: &str = "default<O2>";
/// What it runs before anything else where functions call each other: bodies are made small, and put where they are called.
const INLINE: &str = "function(mem2reg,early-cse<>,simplifycfg<keep-loops>,instcombine<max-iterations=1;no-verify-fixpoint>),always-inline,cgscc(inline),\
    globaldce,function(sroa)";
/// What it runs first for others: `default<O2>` less what does not change the code of any kernel of `benchmarks/`, which is more than
/// half of its time. There is one function without calls of others, and no memory but slots, the frame and the activation: what
/// looks at calls, globals and memory finds nothing.
const FIRST: &str = "mem2reg,early-cse<>,simplifycfg<keep-loops>,instcombine<max-iterations=1;no-verify-fixpoint>,jump-threading,\
    reassociate,loop-mssa(loop-instsimplify,licm<no-allowspeculation>,loop-rotate<header-duplication;no-prepare-for-lto>,\
    licm<allowspeculation>)";
/// Closed forms: for functions with loops whose turns are counted.
const COUNTED: &str = "loop(indvars,loop-deletion)";
/// What it runs in any case after these.
const THEN: &str = "gvn<>,correlated-propagation";
/// Vectors, for the same functions, and several turns at once where turns do not wait for each other (`lower/hints`).
const VECTORS: &str = "loop-vectorize<no-interleave-forced-only;no-vectorize-forced-only>,loop-unroll<O2>";
/// What it runs last. What vectors need is not moved out of the loop of blocks around: where these are short, most have no use for it.
const LAST: &str = "instcombine<max-iterations=1;no-verify-fixpoint>,loop-mssa(licm<no-allowspeculation>),\
    simplifycfg<forward-switch-cond;switch-range-to-icmp;switch-to-lookup;no-keep-loops;hoist-common-insts;sink-common-insts;\
    speculate-unpredictables>";

/// The quick tier: what makes loops decent and costs little. Vectors, unrolling and what finds equal loads across blocks take most of the
/// time of a compilation, and are what the full tier is for.
const QUICK: &str = "mem2reg,early-cse<>,simplifycfg<keep-loops>,instcombine<max-iterations=1;no-verify-fixpoint>,\
    loop-mssa(licm<no-allowspeculation>,loop-rotate<header-duplication;no-prepare-for-lto>,licm<allowspeculation>)";
/// The same where there are many loops. To rotate one, and to find its closed form, LLVM follows what it computes through the rest of the
/// function and keeps trees of the whole of it up to date: for loops one behind the other that is quadratic.
const QUICK_MANY: &str = "mem2reg,early-cse<>,simplifycfg<keep-loops>,instcombine<max-iterations=1;no-verify-fixpoint>,\
    loop-mssa(licm<allowspeculation>)";
/// The full tier where there are even more.
const FULL_MANY: &str = "mem2reg,early-cse<>,simplifycfg<keep-loops>,instcombine<max-iterations=1;no-verify-fixpoint>,reassociate,\
    loop-mssa(licm<allowspeculation>),gvn<>,instcombine<max-iterations=1;no-verify-fixpoint>,simplifycfg";
/// So many loops times statements are many for closed forms in the quick tier, for rotation there, and for what is quadratic in the full
/// tier. To rotate takes a microsecond and a half for each; closed forms take three to five times as much.
const MOST_WORK: [usize; 3] = [4_000, 20_000, 1_000_000];

/// What it runs last.
const QUICK_LAST: &str = "early-cse<>,simplifycfg";
/// What it runs before anything else where functions call each other.
const QUICK_INLINE: &str = "always-inline,globaldce,function(sroa)";

/// Does a piece of work. The IR must be verified.
///
/// # Errors
/// What LLVM says.
pub fn run(request: &Request) -> Result<Vec<u8>, String> {
    machines::with(request.tier, |machine| run_on(machine, request))?
}

fn run_on(machine: &TargetMachine, request: &Request) -> Result<Vec<u8>, String> {
    let context = Context::create();
    let wanted = (request.options, request.vectors);
    let module = match &request.places {
        None => lower(&context, &request.unit, wanted, None),
        Some(places) => {
            let have_places = places.iter().map(Option::is_some).collect::<Vec<_>>();
            lower(&context, &placed(&request.unit, places), wanted, Some(&have_places))
        }
    };
    module.set_triple(&machine.get_triple());
    module.set_data_layout(&machine.get_target_data().get_data_layout());
    if cfg!(debug_assertions) {
        module.verify().map_err(|error| error.to_string())?;
    }
    if request.output == Output::Llvm {
        return Ok(module.print_to_string().to_bytes().to_vec());
    }
    let optimized = || optimize(&module, machine, &passes(&request.unit, request.tier));
    if request.output == Output::Remarks {
        let remarks = remarks::listen(&context, &module, optimized)?;
        return postcard::to_stdvec(&remarks).map_err(|error| error.to_string());
    }
    optimized()?;
    let kind = match request.output {
        Output::Llvm | Output::OptimizedLlvm | Output::Remarks => {
            return Ok(module.print_to_string().to_bytes().to_vec());
        }
        Output::Object => FileType::Object,
        Output::Assembly => FileType::Assembly,
    };
    if request.tier == Tier::Quick {
        extrema::spell_out(&context, &module).map_err(|error| error.to_string())?;
    }
    let buffer = machine.write_to_memory_buffer(&module, kind).map_err(|error| error.to_string())?;
    // The buffer of text ends with a zero byte that is not part of it.
    let bytes = buffer.as_slice();
    let text = kind == FileType::Assembly;
    Ok(bytes.strip_suffix(&[0]).filter(|_| text).unwrap_or(bytes).to_vec())
}

/// The unit in which the spans of the statements of functions with places, and of what their loops' polls leave by, are the numbers of
/// their places: those of the statement and of the loop that it is in.
fn placed(unit: &ir::Unit, places: &[Option<Places>]) -> ir::Unit {
    let mut unit = unit.clone();
    for (function, places) in unit.functions.iter_mut().zip(places) {
        if let Some(places) = places {
            place(function, places);
        }
    }
    unit
}

fn place(function: &mut ir::Function, places: &Places) {
    // More does not fit a column.
    let of_loop = |at: ir::LoopId| {
        places.loops.get(at.0 as usize).copied().filter(|number| u16::try_from(*number).is_ok()).unwrap_or(0)
    };
    for (block, numbers) in function.blocks.iter_mut().zip(&places.statements) {
        let header = block.in_loop.map_or(0, of_loop);
        for (statement, &number) in block.statements.iter_mut().zip(numbers) {
            statement.span = Span::new(number, header);
        }
    }
    for (at, one) in function.loops.iter().enumerate() {
        if let Some(poll) = one.poll {
            let header = of_loop(ir::LoopId(at as u32));
            function.exits[poll.0 as usize].span = Span::new(header, header);
        }
    }
}

/// The passes for a unit.
fn passes(unit: &ir::Unit, tier: Tier) -> String {
    let has_memory =
        |function: &ir::Function| function.locals.iter().any(|local| local.types.single() == Some(Type::Pointer));
    let has_memory = unit.functions.iter().any(has_memory);
    let statements =
        |function: &ir::Function| function.blocks.iter().map(|block| block.statements.len()).sum::<usize>();
    let work = unit.functions.iter().map(|function| function.loops.len() * statements(function)).sum::<usize>();
    let [of_closed_forms, of_rotation, of_full] = MOST_WORK;
    if tier == Tier::Full && work > of_full {
        let passes = format!("function({FULL_MANY})");
        return if has_calls(unit) { format!("{INLINE},{passes}") } else { passes };
    }
    if has_memory && tier == Tier::Full {
        return WITH_MEMORY.to_owned();
    }
    let counts = |function: &ir::Function| {
        shapes(&computed_ahead(function)).iter().any(|shape| shape.counter.is_some() || shape.stride.is_some())
    };
    let counted = unit.functions.iter().any(counts);
    if tier == Tier::Quick {
        // Closed forms are worth a million turns; with memory there are none.
        let first = if work > of_rotation { QUICK_MANY } else { QUICK };
        let has_closed_forms = counted && !has_memory && work <= of_closed_forms;
        let passes = if has_closed_forms { vec![first, COUNTED, QUICK_LAST] } else { vec![first, QUICK_LAST] };
        let passes = format!("function({})", passes.join(","));
        return if has_calls(unit) { format!("{QUICK_INLINE},{passes}") } else { passes };
    }
    let passes = if counted { vec![FIRST, COUNTED, THEN, VECTORS, LAST] } else { vec![FIRST, THEN, LAST] };
    let passes = format!("function({})", passes.join(","));
    if has_calls(unit) { format!("{INLINE},{passes}") } else { passes }
}

/// Unrolling adds some 5 % to the time of a compilation. It wins a quarter on loops over elements that are no vectors, such as a sum
/// in order or a transposition; without elements it wins as much on sums, where a compilation takes a third longer, and nothing where a
/// turn needs what the last one has computed: those stay as they are.
fn optimize(module: &Module<'_>, machine: &TargetMachine, passes: &str) -> Result<(), String> {
    let options = PassBuilderOptions::create();
    options.set_loop_unrolling(passes == WITH_MEMORY);
    options.set_loop_vectorization(true);
    options.set_loop_slp_vectorization(true);
    options.set_loop_interleaving(true);
    module.run_passes(passes, machine, options).map_err(|error| error.to_string())
}

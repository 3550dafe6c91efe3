//! LLVM module to object code, to text, or to what the optimiser says about it.

mod extrema;
mod machines;
mod pairs;
mod remarks;

use std::cell::Cell;
use std::ffi::CStr;

use inkwell::context::{AsContextRef, Context};
use inkwell::llvm_sys::core::LLVMContextSetDiscardValueNames;
use inkwell::module::Module;
use inkwell::passes::PassBuilderOptions;
use inkwell::targets::{FileType, TargetMachine};

use crate::backend::{Output, Places, Request, Tier};
use crate::ir::{self, Overflow};
use crate::loops::ahead::computed_ahead;
use crate::loops::shapes;
use crate::lower::{IN_PIECE, has_calls, is_large, lower};
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
const QUICK: &str = "mem2reg,early-cse<>,simplifycfg<keep-loops>,instcombine<max-iterations=1;no-verify-fixpoint>";
/// Its loops.
const QUICK_LOOPS: &str =
    "loop-mssa(licm<no-allowspeculation>,loop-rotate<header-duplication;no-prepare-for-lto>,licm<allowspeculation>)";
/// The same where there are many loops, in either tier.
const MANY_LOOPS: &str = "loop-mssa(licm<allowspeculation>)";
/// The full tier of large functions, in front of their loops; what finds equal values behind them; and what comes last.
const FULL_MANY: &str =
    "mem2reg,early-cse<>,simplifycfg<keep-loops>,instcombine<max-iterations=1;no-verify-fixpoint>,reassociate";
const EQUAL_VALUES: &str = "gvn<>";
const EQUAL_VALUES_MANY: &str = "early-cse<memssa>";
const FULL_MANY_LAST: &str = "instcombine<max-iterations=1;no-verify-fixpoint>,simplifycfg";

/// What it runs last.
const QUICK_LAST: &str = "early-cse<>,simplifycfg";
/// What it runs before anything else where functions call each other.
const QUICK_INLINE: &str = "always-inline,globaldce,function(sroa)";

/// True for the name of an option of LLVM's command line that is set here.
#[must_use]
pub fn sets_option(name: &[u8]) -> bool {
    // As they are given: `-name` or `-name=value`.
    let is_given = |given: &CStr| {
        let rest = given.to_bytes().strip_prefix(b"-").and_then(|given| given.strip_prefix(name));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"="))
    };
    machines::OPTIONS.iter().chain(&remarks::OPTIONS).any(|given| is_given(given))
}

thread_local! {
    /// The tier of the code that the thread makes.
    static TIER: Cell<Tier> = const { Cell::new(Tier::Full) };
}

/// True if the thread makes code in which instructions are put into an order that suits the processor.
#[must_use]
pub fn schedules() -> bool {
    TIER.get() == Tier::Full
}

/// Does a piece of work. The IR must be verified.
///
/// # Errors
/// What LLVM says.
pub fn run(request: &Request) -> Result<Vec<u8>, String> {
    TIER.set(request.tier);
    let tier = if Size::of(&request.unit).is_selected() { request.tier } else { Tier::Quick };
    machines::with(tier, |machine| run_on(machine, request, tier))?
}

fn run_on(machine: &TargetMachine, request: &Request, selection: Tier) -> Result<Vec<u8>, String> {
    let context = Context::create();
    if request.output == Output::Object {
        // Names of values are for who reads them; to keep them apart takes a tenth of the time, and of a large function half.
        // SAFETY: the context is alive.
        unsafe { LLVMContextSetDiscardValueNames((&context).as_ctx_ref(), 1) };
    }
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
    if selection == Tier::Quick {
        extrema::spell_out(&context, &module).map_err(|error| error.to_string())?;
        pairs::make_where_read(&context, &module).map_err(|error| error.to_string())?;
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

/// What of a unit LLVM takes time for that grows faster than the unit does.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    /// Statements.
    statements: usize,
    /// Loops times statements, of each function. To rotate a loop, and to find its closed form, LLVM follows what it computes through the
    /// rest of the function and keeps trees of the whole of it up to date.
    loops: usize,
    /// The same as if no function were cut into pieces.
    all_loops: usize,
    /// Exits times statements, of each loop. Before anything is done with a loop, LLVM has each of its exits say of each value that is read
    /// outside where it comes from.
    exits: usize,
}

impl Size {
    fn of(unit: &ir::Unit) -> Self {
        let mut size = Self::default();
        for function in &unit.functions {
            let mut of_loops = vec![(0, 0); function.loops.len()];
            let mut statements = 0;
            for block in &function.blocks {
                let exits = block.statements.iter().filter(|statement| statement.value.exit().is_some()).count();
                let around = |&one: &ir::LoopId| function.loops[one.0 as usize].parent;
                for one in std::iter::successors(block.in_loop, around) {
                    let (of_loop, exits_of_loop) = &mut of_loops[one.0 as usize];
                    *of_loop += block.statements.len();
                    *exits_of_loop += exits;
                }
                statements += block.statements.len();
            }
            // LLVM sees pieces of a large function, and no loop that is larger than that.
            let piece = if is_large(function) { IN_PIECE } else { statements };
            let of_loops = of_loops.iter().filter(|(of_loop, _)| *of_loop <= piece);
            let exits = of_loops.map(|(of_loop, exits)| of_loop * exits).sum::<usize>();
            size.statements += piece;
            size.all_loops += function.loops.len() * statements;
            size.loops += function.loops.len() * piece * piece / statements.max(1);
            size.exits += exits * piece / statements.max(1);
        }
        size
    }

    /// Closed forms are worth their time in the quick tier; they take three to five times as much as rotation.
    const fn has_closed_forms(self) -> bool {
        self.all_loops <= 4_000
    }

    /// Rotation is worth its time in the quick tier, which is a microsecond and a half for each loop and statement.
    const fn is_rotated(self) -> bool {
        self.all_loops <= 20_000 && self.has_loops()
    }

    /// Anything is done with loops as such.
    const fn has_loops(self) -> bool {
        self.exits <= 2_000_000
    }

    /// The full tier has all its passes.
    const fn is_optimized(self) -> bool {
        self.loops <= 500_000 && self.has_loops() && self.is_small()
    }

    /// It is known of each value, and of each element that is read, where it is known already; branches are followed through blocks that only lead
    /// to others.
    const fn is_small(self) -> bool {
        self.statements <= 5_000
    }

    /// The full tier chooses and schedules instructions with care, which keeps what is computed once for the whole function, and takes time
    /// by the square of that.
    const fn is_selected(self) -> bool {
        self.statements <= 1_500
    }
}

/// The passes for a unit.
fn passes(unit: &ir::Unit, tier: Tier) -> String {
    let has_memory =
        |function: &ir::Function| function.locals.iter().any(|local| local.types.single() == Some(Type::Pointer));
    let has_memory = unit.functions.iter().any(has_memory);
    let size = Size::of(unit);
    let many = size.has_loops().then_some(MANY_LOOPS);
    if tier == Tier::Full && !size.is_optimized() {
        let equal = if size.is_small() { EQUAL_VALUES } else { EQUAL_VALUES_MANY };
        let passes = [Some(FULL_MANY), many, Some(equal), Some(FULL_MANY_LAST)];
        let passes = passes.into_iter().flatten().collect::<Vec<_>>();
        let passes = format!("function({})", passes.join(","));
        return if has_calls(unit) { format!("{INLINE},{passes}") } else { passes };
    }
    if has_memory && tier == Tier::Full {
        return WITH_MEMORY.to_owned();
    }
    let counts = |function: &ir::Function| {
        shapes(&computed_ahead(function, Overflow::Exact))
            .iter()
            .any(|shape| shape.counter.is_some() || shape.stride.is_some())
    };
    if tier == Tier::Quick {
        let loops = if size.is_rotated() { Some(QUICK_LOOPS) } else { many };
        // Closed forms are worth a million turns; with memory there are none.
        let closed_forms = size.is_rotated() && size.has_closed_forms() && !has_memory;
        let closed_forms = (closed_forms && unit.functions.iter().any(counts)).then_some(COUNTED);
        let passes = [Some(QUICK), loops, closed_forms, Some(QUICK_LAST)].into_iter().flatten().collect::<Vec<_>>();
        let passes = format!("function({})", passes.join(","));
        return if has_calls(unit) { format!("{QUICK_INLINE},{passes}") } else { passes };
    }
    let counted = unit.functions.iter().any(counts);
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

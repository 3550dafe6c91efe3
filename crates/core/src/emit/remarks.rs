//! What the optimiser says about the code that it makes.
//!
//! Enters: a module with places, before and after optimisation. Leaves: [`Remark`]s: what LLVM has vectorised, inlined or found to be
//! without effect, and why not, in its own words; and the checks that are left in innermost loops. Which loop a remark is about is
//! told by the column of its place, which holds the place of the loop ([`crate::backend::Request::with_places`]).

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::{CStr, c_void};
use std::sync::Once;

use inkwell::basic_block::BasicBlock;
use inkwell::context::Context;
use inkwell::llvm_sys::LLVMDiagnosticSeverity;
use inkwell::llvm_sys::core::{
    LLVMContextSetDiagnosticHandler, LLVMDisposeMessage, LLVMGetDebugLocColumn, LLVMGetDebugLocLine,
    LLVMGetDiagInfoDescription, LLVMGetDiagInfoSeverity, LLVMGetMDKindIDInContext, LLVMGetMDNodeNumOperands,
    LLVMGetMDNodeOperands, LLVMGetMetadata, LLVMMDNodeInContext2, LLVMMetadataAsValue, LLVMSetMetadata,
    LLVMValueAsMetadata,
};
use inkwell::llvm_sys::debuginfo::{
    LLVMDIBuilderCreateDebugLocation, LLVMGetSubprogram, LLVMInstructionGetDebugLoc, LLVMMetadataReplaceAllUsesWith,
    LLVMTemporaryMDNode,
};
use inkwell::llvm_sys::prelude::LLVMDiagnosticInfoRef;
use inkwell::llvm_sys::support::LLVMParseCommandLineOptions;
use inkwell::module::Module;
use inkwell::values::{AsValueRef, BasicMetadataValueEnum, FunctionValue, InstructionOpcode, InstructionValue};

use crate::backend::{Remark, Said};

/// Of which passes LLVM tells what they did, what they did not do, and why not.
pub(super) const OPTIONS: [&CStr; 4] = [
    c"brrr",
    c"-pass-remarks=^(loop-vectorize|slp-vectorizer|inline|loop-delete)$",
    c"-pass-remarks-missed=^(inline)$",
    c"-pass-remarks-analysis=^(loop-vectorize|loop-accesses)$",
];

/// What LLVM has said about one module so far.
#[derive(Debug, Default)]
struct Heard {
    remarks: Vec<String>,
    errors: Vec<String>,
}

/// Has a module optimised, and listens.
///
/// # Errors
/// What LLVM says if it fails.
pub(super) fn listen(
    context: &Context,
    module: &Module<'_>,
    optimize: impl FnOnce() -> Result<(), String>,
) -> Result<Vec<Remark>, String> {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let options = OPTIONS.map(CStr::as_ptr);
        // SAFETY: the strings live for ever and are as many as is said, and LLVM 19, which is linked, knows these options. Remarks are
        // asked for in a process of their own, which has no other thread within LLVM.
        unsafe { LLVMParseCommandLineOptions(OPTIONS.len() as i32, options.as_ptr(), std::ptr::null()) };
    });
    module.get_functions().for_each(|function| name_loops(context, module, function));
    let heard = RefCell::new(Heard::default());
    // SAFETY: the handler is taken back before `heard` goes, and it alone reads the pointer.
    unsafe { LLVMContextSetDiagnosticHandler(context.raw(), Some(hear), (&raw const heard).cast_mut().cast()) };
    let done = optimize();
    // SAFETY: the context is there; no handler is the state that it began with.
    unsafe { LLVMContextSetDiagnosticHandler(context.raw(), None, std::ptr::null_mut()) };
    done?;
    let heard = heard.into_inner();
    if let Some(error) = heard.errors.into_iter().next() {
        return Err(error);
    }
    let mut remarks = heard.remarks.iter().filter_map(|said| remark(said)).collect::<Vec<_>>();
    remarks.extend(checks(module));
    remarks.sort();
    remarks.dedup();
    Ok(remarks)
}

/// Keeps what LLVM says.
extern "C" fn hear(info: LLVMDiagnosticInfoRef, heard: *mut c_void) {
    // SAFETY: LLVM hands over what was given to it with this function, which lives until it is taken back, and calls it from the thread
    // that optimises; the description is a string of LLVM's, which is copied and then given back.
    let (text, severity, heard) = unsafe {
        let description = LLVMGetDiagInfoDescription(info);
        let text = CStr::from_ptr(description).to_string_lossy().into_owned();
        LLVMDisposeMessage(description);
        (text, LLVMGetDiagInfoSeverity(info), &*heard.cast::<RefCell<Heard>>())
    };
    let Ok(mut heard) = heard.try_borrow_mut() else { return };
    match severity {
        LLVMDiagnosticSeverity::LLVMDSError => heard.errors.push(text),
        LLVMDiagnosticSeverity::LLVMDSRemark => heard.remarks.push(text),
        LLVMDiagnosticSeverity::LLVMDSWarning | LLVMDiagnosticSeverity::LLVMDSNote => {}
    }
}

/// `brrr:12:5: loop not vectorized: ...`; `None` for what has no place.
fn remark(said: &str) -> Option<Remark> {
    let (place, text) = said.split_once(": ")?;
    let mut numbers = place.rsplit(':').map(|number| number.parse::<u32>().ok());
    let (of_loop, place) = (numbers.next()??, numbers.next()??);
    (place > 0).then(|| Remark { place, of_loop, said: Said::Llvm(text.trim_end().to_owned()) })
}

/// Gives each loop of a function a place of its own, that of the instruction by which it goes on to the next turn: LLVM would take what
/// stands in front of it.
fn name_loops(context: &Context, module: &Module<'_>, function: FunctionValue<'_>) {
    // SAFETY: the function is one of the module; all that is made is made in the module's context, of nodes that are there.
    unsafe {
        let kind = LLVMGetMDKindIDInContext(context.raw(), c"llvm.loop".as_ptr(), "llvm.loop".len() as u32);
        let own = LLVMGetSubprogram(function.as_value_ref());
        // Of a function without places it is said that its loops have none.
        let of = if own.is_null() {
            module.get_functions().map(|one| LLVMGetSubprogram(one.as_value_ref())).find(|one| !one.is_null())
        } else {
            Some(own)
        };
        let Some(scope) = of else { return };
        for latch in Graph::of(function).latches() {
            let Some(end) = latch.get_terminator() else { continue };
            let of_loop = if own.is_null() { 0 } else { place(end).1 };
            let mut nodes = vec![
                LLVMTemporaryMDNode(context.raw(), std::ptr::null_mut(), 0),
                LLVMDIBuilderCreateDebugLocation(context.raw(), of_loop, of_loop, scope, std::ptr::null_mut()),
            ];
            // What it has been told of the loop stays; the first part of the node is the node itself.
            let known = LLVMGetMetadata(end.as_value_ref(), kind);
            if !known.is_null() {
                let mut parts = vec![std::ptr::null_mut(); LLVMGetMDNodeNumOperands(known) as usize];
                LLVMGetMDNodeOperands(known, parts.as_mut_ptr());
                nodes.extend(parts.into_iter().skip(1).map(|part| LLVMValueAsMetadata(part)));
            }
            let node = LLVMMDNodeInContext2(context.raw(), nodes.as_mut_ptr(), nodes.len());
            LLVMMetadataReplaceAllUsesWith(nodes[0], node);
            LLVMSetMetadata(end.as_value_ref(), kind, LLVMMetadataAsValue(context.raw(), node));
        }
    }
}

/// The place of an instruction, and that of its loop.
fn place(of: InstructionValue<'_>) -> (u32, u32) {
    // SAFETY: the instruction is there; its location is asked for only if there is one.
    unsafe {
        match LLVMInstructionGetDebugLoc(of.as_value_ref()).is_null() {
            true => (0, 0),
            false => (LLVMGetDebugLocLine(of.as_value_ref()), LLVMGetDebugLocColumn(of.as_value_ref())),
        }
    }
}

/// The blocks of a function and where they go.
struct Graph<'ctx> {
    blocks: Vec<BasicBlock<'ctx>>,
    successors: Vec<Vec<usize>>,
    /// Edges that go back to the header of a loop: from, to.
    back: Vec<(usize, usize)>,
}

impl<'ctx> Graph<'ctx> {
    fn of(function: FunctionValue<'ctx>) -> Self {
        let blocks = function.get_basic_blocks();
        let numbers = blocks.iter().enumerate().map(|(at, &block)| (block, at)).collect::<HashMap<_, _>>();
        let successors = |block: &BasicBlock<'ctx>| {
            let end = block.get_terminator();
            let operands = end.iter().flat_map(|end| (0..end.get_num_operands()).filter_map(|at| end.get_operand(at)));
            let blocks = operands.filter_map(|one| one.block());
            blocks.filter_map(|to| numbers.get(&to).copied()).collect::<Vec<_>>()
        };
        let successors = blocks.iter().map(successors).collect::<Vec<_>>();
        let mut graph = Self { blocks, successors, back: Vec::new() };
        graph.find_back_edges();
        graph
    }

    /// Edges to a block that is on the way from the entry: loops have one entry each.
    fn find_back_edges(&mut self) {
        if self.blocks.is_empty() {
            return;
        }
        let (mut seen, mut on_way) = (vec![false; self.blocks.len()], vec![false; self.blocks.len()]);
        let mut way = vec![(0, 0)];
        (seen[0], on_way[0]) = (true, true);
        while let Some((block, next)) = way.last_mut() {
            let (from, to) = (*block, self.successors[*block].get(*next).copied());
            *next += 1;
            match to {
                None => {
                    on_way[from] = false;
                    way.pop();
                }
                Some(to) if on_way[to] => self.back.push((from, to)),
                Some(to) if !seen[to] => {
                    (seen[to], on_way[to]) = (true, true);
                    way.push((to, 0));
                }
                Some(_) => {}
            }
        }
    }

    fn latches(&self) -> Vec<BasicBlock<'ctx>> {
        self.back.iter().map(|&(from, _)| self.blocks[from]).collect()
    }

    /// The blocks of each loop without others inside.
    fn innermost(&self) -> Vec<HashSet<usize>> {
        let mut before = vec![Vec::new(); self.blocks.len()];
        for (from, all) in self.successors.iter().enumerate() {
            all.iter().for_each(|&to| before[to].push(from));
        }
        let mut loops = BTreeMap::<usize, HashSet<usize>>::new();
        for &(latch, header) in &self.back {
            let blocks = loops.entry(header).or_insert_with(|| HashSet::from([header]));
            let mut waiting = vec![latch];
            while let Some(next) = waiting.pop() {
                if blocks.insert(next) {
                    waiting.extend(&before[next]);
                }
            }
        }
        let inner =
            |header: &usize, blocks: &HashSet<usize>| !loops.keys().any(|one| one != header && blocks.contains(one));
        loops.iter().filter(|(header, blocks)| inner(header, blocks)).map(|(_, blocks)| blocks.clone()).collect()
    }
}

/// The checks in the innermost loops: of several copies of a loop, in the one that has the fewest.
fn checks(module: &Module<'_>) -> Vec<Remark> {
    let mut fewest = BTreeMap::<u32, Vec<u32>>::new();
    for function in module.get_functions() {
        let graph = Graph::of(function);
        for blocks in graph.innermost() {
            let mut counts = BTreeMap::<u32, usize>::new();
            let instructions = blocks.iter().flat_map(|&at| graph.blocks[at].get_instructions());
            instructions
                .map(|one| place(one).1)
                .filter(|&of| of > 0)
                .for_each(|of| *counts.entry(of).or_default() += 1);
            let Some((&of_loop, _)) = counts.iter().max_by_key(|(_, count)| **count) else { continue };
            let mut left = blocks.iter().filter_map(|&at| check(&graph, at, &blocks)).collect::<Vec<_>>();
            left.sort_unstable();
            left.dedup();
            let known = fewest.entry(of_loop).or_insert_with(|| left.clone());
            if left.len() < known.len() {
                *known = left;
            }
        }
    }
    let all = fewest.into_iter().flat_map(|(of_loop, places)| places.into_iter().map(move |place| (of_loop, place)));
    all.filter(|(_, place)| *place > 0).map(|(of_loop, place)| Remark { place, of_loop, said: Said::Check }).collect()
}

/// The place of the check at the end of a block of a loop: a branch out of it that is not expected to be taken. Polls are none.
fn check(graph: &Graph<'_>, at: usize, within: &HashSet<usize>) -> Option<u32> {
    let block = graph.blocks[at];
    let end = block.get_terminator()?;
    let leaves = graph.successors[at].iter().any(|to| !within.contains(to));
    let weights = end.get_metadata(end_kind(block))?;
    let calls = block.get_instructions().any(|one| one.get_opcode() == InstructionOpcode::Call && !is_intrinsic(one));
    let weights = weights.get_node_values();
    let weights = weights.iter().flatten().filter_map(|one| match one {
        BasicMetadataValueEnum::IntValue(weight) => weight.get_zero_extended_constant(),
        BasicMetadataValueEnum::ArrayValue(_)
        | BasicMetadataValueEnum::FloatValue(_)
        | BasicMetadataValueEnum::PointerValue(_)
        | BasicMetadataValueEnum::StructValue(_)
        | BasicMetadataValueEnum::VectorValue(_)
        | BasicMetadataValueEnum::ScalableVectorValue(_)
        | BasicMetadataValueEnum::MetadataValue(_) => None,
    });
    let (least, most) = weights.fold((u64::MAX, 0), |(least, most), one| (least.min(one), most.max(one)));
    if !leaves || calls || graph.successors[at].len() != 2 || most <= least.saturating_mul(1 << 10) {
        return None;
    }
    // The branch may stand for two; what it tests is more telling than the loop.
    let (own, of_loop) = place(end);
    let tested = block.get_instructions().map(|one| place(one).0).filter(|&one| one > 0 && one != of_loop);
    Some(if own > 0 && own != of_loop { own } else { tested.last().unwrap_or(own) })
}

fn end_kind(block: BasicBlock<'_>) -> u32 {
    block.get_context().get_kind_id("prof")
}

fn is_intrinsic(call: InstructionValue<'_>) -> bool {
    let callee =
        call.get_num_operands().checked_sub(1).and_then(|last| call.get_operand(last)).and_then(|one| one.value());
    callee.is_some_and(|one| one.get_name().to_string_lossy().starts_with("llvm."))
}

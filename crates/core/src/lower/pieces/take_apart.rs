//! Blocks to functions of their own.

use std::collections::{HashMap, HashSet};

use inkwell::attributes::AttributeLoc;
use inkwell::llvm_sys::LLVMOpcode;
use inkwell::llvm_sys::core::{
    LLVMAddCase, LLVMAppendBasicBlockInContext, LLVMBuildAlloca, LLVMBuildBr, LLVMBuildCall2, LLVMBuildLoad2,
    LLVMBuildRet, LLVMBuildRetVoid, LLVMBuildStore, LLVMBuildStructGEP2, LLVMBuildSwitch, LLVMConstInt,
    LLVMGetBasicBlockTerminator, LLVMGetFirstInstruction, LLVMGetIncomingBlock, LLVMGetInstructionParent,
    LLVMGetNextInstruction, LLVMGetNumOperands, LLVMGetOperand, LLVMInstructionEraseFromParent,
    LLVMMoveBasicBlockAfter, LLVMPositionBuilderAtEnd, LLVMPositionBuilderBefore, LLVMReplaceAllUsesWith,
    LLVMSetOperand, LLVMSetSuccessor, LLVMTypeOf,
};
use inkwell::llvm_sys::prelude::{LLVMBasicBlockRef, LLVMBuilderRef, LLVMTypeRef, LLVMValueRef};
use inkwell::module::Linkage;
use inkwell::types::{AsTypeRef, BasicMetadataTypeEnum, BasicTypeEnum, IntType, StructType};
use inkwell::values::{AsValueRef, FunctionValue};

use super::graph::Graph;
use super::slots::{Home, Slots, uses};
use super::{Owners, instructions, is, is_slot};
use crate::lower::builder::Builder;

/// Makes the pieces functions, and what is left the driver.
///
/// # Safety
/// The graph is that of the builder's function, which is whole, and all its slots are in its first block; the pieces have all other blocks.
pub(super) unsafe fn take_apart(b: &mut Builder<'_>, graph: &Graph, pieces: &[Vec<usize>]) {
    let driver = b.function;
    let owners = Owners::new(graph, pieces);
    // SAFETY: the caller's promise; what is built has the types that LLVM asks for.
    unsafe {
        let cutter = Cutter { b, owners: &owners, entry: graph.blocks[0] };
        let entries = entries(graph, &owners);
        cutter.b.inner.unset_current_debug_location();
        cutter.joins_to_slots(graph);
        cutter.values_to_slots(graph, &entries);
        let result = driver.get_type().get_return_type();
        let area = result.iter().map(|one| one.as_type_ref()).collect();
        let slots = Slots::new(graph, pieces, (&owners, &entries), area);
        let cut = Cut { cutter, graph, entries, slots, result };
        cut.all(pieces);
    }
}

/// The blocks that edges from other pieces lead to, with their numbers, from 1 on.
fn entries(graph: &Graph, owners: &Owners) -> HashMap<usize, usize> {
    let mut entries = HashMap::new();
    for from in 0..graph.blocks.len() {
        for &to in graph.successors(from) {
            if owners.of(graph.blocks[from]) != owners.of(graph.blocks[to]) {
                let next = entries.len() + 1;
                entries.entry(to).or_insert(next);
            }
        }
    }
    entries
}

struct Cutter<'a, 'ctx> {
    b: &'a mut Builder<'ctx>,
    owners: &'a Owners,
    entry: LLVMBasicBlockRef,
}

impl Cutter<'_, '_> {
    fn inner(&self) -> LLVMBuilderRef {
        self.b.inner.as_mut_ptr()
    }

    /// A new slot where the function begins.
    unsafe fn slot(&self, ty: LLVMTypeRef) -> LLVMValueRef {
        // SAFETY: the first block has a terminator, if nothing else.
        unsafe {
            LLVMPositionBuilderBefore(self.inner(), LLVMGetFirstInstruction(self.entry));
            LLVMBuildAlloca(self.inner(), ty, c"".as_ptr())
        }
    }

    /// What is chosen by the edge that a block was entered by goes through a slot, if one of these edges is cut.
    unsafe fn joins_to_slots(&self, graph: &Graph) {
        // SAFETY: the caller's promise; a phi has a value for each block that leads to its own.
        unsafe {
            for &block in &graph.blocks {
                let joins = instructions(block).take_while(|&one| is(one, LLVMOpcode::LLVMPHI)).collect::<Vec<_>>();
                for join in joins {
                    let ways = (0..LLVMGetNumOperands(join).cast_unsigned())
                        .map(|at| (LLVMGetIncomingBlock(join, at), LLVMGetOperand(join, at)))
                        .collect::<Vec<_>>();
                    if ways.iter().all(|&(from, _)| self.owners.of(from) == self.owners.of(block)) {
                        continue;
                    }
                    let slot = self.slot(LLVMTypeOf(join));
                    for (from, value) in ways {
                        LLVMPositionBuilderBefore(self.inner(), LLVMGetBasicBlockTerminator(from));
                        LLVMBuildStore(self.inner(), value, slot);
                    }
                    self.behind_joins(block);
                    let read = LLVMBuildLoad2(self.inner(), LLVMTypeOf(join), slot, c"".as_ptr());
                    LLVMReplaceAllUsesWith(join, read);
                    LLVMInstructionEraseFromParent(join);
                }
            }
        }
    }

    unsafe fn behind_joins(&self, block: LLVMBasicBlockRef) {
        // SAFETY: a block with a terminator.
        unsafe {
            if let Some(first) = instructions(block).find(|&one| !is(one, LLVMOpcode::LLVMPHI)) {
                LLVMPositionBuilderBefore(self.inner(), first);
            }
        }
    }

    /// What one piece computes and another one reads goes through a slot, and so does what is read in another block of a piece that can be
    /// entered in between.
    unsafe fn values_to_slots(&self, graph: &Graph, entries: &HashMap<usize, usize>) {
        let mut ways_in: HashMap<usize, usize> = HashMap::new();
        entries.keys().for_each(|&entry| *ways_in.entry(self.owners.of(graph.blocks[entry])).or_default() += 1);
        // SAFETY: the caller's promise; a phi has a value for each block that leads to its own.
        unsafe {
            for &block in &graph.blocks {
                let own = self.owners.of(block);
                let is_whole = ways_in.get(&own).is_none_or(|&ways| ways == 1);
                // Where a value is read that a user has for its operand of this number.
                let reads = |user: LLVMValueRef, at: u32| match is(user, LLVMOpcode::LLVMPHI) {
                    true => LLVMGetIncomingBlock(user, at),
                    false => LLVMGetInstructionParent(user),
                };
                let elsewhere = |from: LLVMBasicBlockRef| from != block && (!is_whole || self.owners.of(from) != own);
                let far = |value: LLVMValueRef| {
                    let users = uses(value).collect::<HashSet<_>>();
                    let operands = users.into_iter().flat_map(move |user| {
                        let count = LLVMGetNumOperands(user).cast_unsigned();
                        (0..count).filter(move |&at| LLVMGetOperand(user, at) == value).map(move |at| (user, at))
                    });
                    operands.filter(|&(user, at)| elsewhere(reads(user, at))).collect::<Vec<_>>()
                };
                let values = instructions(block).filter(|&one| !is_slot(one)).map(|one| (one, far(one)));
                for (value, far) in values.filter(|(_, far)| !far.is_empty()).collect::<Vec<_>>() {
                    let slot = self.slot(LLVMTypeOf(value));
                    if is(value, LLVMOpcode::LLVMPHI) {
                        self.behind_joins(block);
                    } else {
                        LLVMPositionBuilderBefore(self.inner(), LLVMGetNextInstruction(value));
                    }
                    LLVMBuildStore(self.inner(), value, slot);
                    for (user, at) in far {
                        let before = match is(user, LLVMOpcode::LLVMPHI) {
                            true => LLVMGetBasicBlockTerminator(LLVMGetIncomingBlock(user, at)),
                            false => user,
                        };
                        LLVMPositionBuilderBefore(self.inner(), before);
                        let read = LLVMBuildLoad2(self.inner(), LLVMTypeOf(value), slot, c"".as_ptr());
                        LLVMSetOperand(user, at, read);
                    }
                }
            }
        }
    }
}

struct Cut<'a, 'ctx> {
    cutter: Cutter<'a, 'ctx>,
    graph: &'a Graph,
    entries: HashMap<usize, usize>,
    slots: Slots,
    result: Option<BasicTypeEnum<'ctx>>,
}

/// The area and the numbers of entries as a function has them.
struct Piece<'ctx> {
    function: FunctionValue<'ctx>,
    area: LLVMValueRef,
    /// What the slots and parameters of the driver are here.
    values: HashMap<LLVMValueRef, LLVMValueRef>,
    /// Slots that are handed on when another piece goes on, and their numbers in the area.
    written: Vec<(LLVMValueRef, LLVMTypeRef, usize)>,
    /// The blocks that go on elsewhere.
    ways_out: HashMap<usize, LLVMBasicBlockRef>,
}

impl<'ctx> Cut<'_, 'ctx> {
    unsafe fn all(mut self, pieces: &[Vec<usize>]) {
        let driver = self.cutter.b.function;
        let context = self.cutter.b.context;
        let number = context.i32_type();
        let fields = self.slots.area.iter();
        // SAFETY: the types are those of slots and of the result.
        let fields = fields.map(|&one| unsafe { BasicTypeEnum::new(one) }).collect::<Vec<_>>();
        let area_type = context.struct_type(&fields, false);
        // SAFETY: the caller's promise.
        unsafe {
            let made = pieces.iter().enumerate();
            let made = made.map(|(at, piece)| self.piece((at, piece), area_type, number)).collect::<Vec<_>>();
            let builder = self.cutter.inner();
            LLVMPositionBuilderBefore(builder, LLVMGetFirstInstruction(self.cutter.entry));
            let area = LLVMBuildAlloca(builder, area_type.as_type_ref(), c"area".as_ptr());
            let next = LLVMBuildAlloca(builder, number.as_type_ref(), c"next".as_ptr());
            let mut fields = Vec::new();
            for &(slot, _, home) in &self.slots.homes {
                if let Home::HandedOn(at) | Home::Area(at) = home {
                    fields.push((slot, self.field(area_type, area, at)));
                }
            }
            for (slot, field) in fields {
                LLVMReplaceAllUsesWith(slot, field);
                LLVMInstructionEraseFromParent(slot);
            }
            // Calls of functions with places need one.
            self.cutter.b.place(0, 0);
            let (dispatch, finish) = (self.block(driver), self.block(driver));
            // Whatever the first block leads to.
            let terminator = LLVMGetBasicBlockTerminator(self.cutter.entry);
            for (at, &to) in self.graph.successors(0).iter().enumerate() {
                let way = self.block(driver);
                LLVMPositionBuilderAtEnd(builder, way);
                LLVMBuildStore(builder, constant(number, self.entries[&to]), next);
                LLVMBuildBr(builder, dispatch);
                LLVMSetSuccessor(terminator, at as u32, way);
            }
            LLVMPositionBuilderAtEnd(builder, dispatch);
            let entry = LLVMBuildLoad2(builder, number.as_type_ref(), next, c"".as_ptr());
            let switch = LLVMBuildSwitch(builder, entry, finish, self.entries.len() as u32);
            for (function, blocks) in made.iter().zip(pieces) {
                let call = self.block(driver);
                LLVMPositionBuilderAtEnd(builder, call);
                let mut args = driver.get_params().iter().map(|one| one.as_value_ref()).collect::<Vec<_>>();
                args.extend([area, entry]);
                let ty = function.get_type().as_type_ref();
                let count = args.len() as u32;
                let given =
                    LLVMBuildCall2(builder, ty, function.as_value_ref(), args.as_mut_ptr(), count, c"".as_ptr());
                LLVMBuildStore(builder, given, next);
                LLVMBuildBr(builder, dispatch);
                for entry in blocks.iter().filter_map(|block| self.entries.get(block)) {
                    LLVMAddCase(switch, constant(number, *entry), call);
                }
            }
            LLVMPositionBuilderAtEnd(builder, finish);
            match self.result {
                Some(result) => {
                    let field = LLVMBuildStructGEP2(builder, area_type.as_type_ref(), area, 0, c"".as_ptr());
                    LLVMBuildRet(builder, LLVMBuildLoad2(builder, result.as_type_ref(), field, c"".as_ptr()));
                }
                None => {
                    LLVMBuildRetVoid(builder);
                }
            }
        }
    }

    fn block(&self, function: FunctionValue<'ctx>) -> LLVMBasicBlockRef {
        // SAFETY: a function of the context.
        unsafe { LLVMAppendBasicBlockInContext(self.cutter.b.context.raw(), function.as_value_ref(), c"".as_ptr()) }
    }

    /// Makes one piece.
    unsafe fn piece(
        &mut self,
        (at, blocks): (usize, &[usize]),
        area_type: StructType<'ctx>,
        number: IntType<'ctx>,
    ) -> FunctionValue<'ctx> {
        let b = &*self.cutter.b;
        let driver = b.function;
        let mut params = driver.get_type().get_param_types();
        params.extend([BasicMetadataTypeEnum::from(b.pointer), number.into()]);
        let name = format!("{}.{at}", driver.get_name().to_string_lossy());
        let function = b.module.add_function(&name, number.fn_type(&params, false), Some(Linkage::Internal));
        for name in ["nounwind", "noinline"] {
            function.add_attribute(AttributeLoc::Function, b.attribute(name, 0));
        }
        for at in 0..driver.count_params() {
            for attribute in driver.attributes(AttributeLoc::Param(at)) {
                function.add_attribute(AttributeLoc::Param(at), attribute);
            }
        }
        for name in ["noalias", "noundef", "nonnull"] {
            function.add_attribute(AttributeLoc::Param(driver.count_params()), b.attribute(name, 0));
        }
        let all = function.get_params().iter().map(|one| one.as_value_ref()).collect::<Vec<_>>();
        let values = driver.get_params().iter().map(|one| one.as_value_ref()).zip(all.iter().copied()).collect();
        let (area, entry) = (all[all.len() - 2], all[all.len() - 1]);
        let mut piece = Piece { function, area, values, written: Vec::new(), ways_out: HashMap::new() };
        // SAFETY: the caller's promise.
        unsafe {
            let builder = self.cutter.inner();
            let begin = self.block(function);
            LLVMPositionBuilderAtEnd(builder, begin);
            for &(slot, writes) in &self.slots.of_pieces[at] {
                let (slot, ty, home) = self.slots.homes[slot];
                let here = match home {
                    Home::Own => LLVMBuildAlloca(builder, ty, c"".as_ptr()),
                    Home::Area(at) => self.field(area_type, piece.area, at),
                    Home::HandedOn(at) => {
                        let here = LLVMBuildAlloca(builder, ty, c"".as_ptr());
                        let given = LLVMBuildLoad2(builder, ty, self.field(area_type, piece.area, at), c"".as_ptr());
                        LLVMBuildStore(builder, given, here);
                        if writes {
                            piece.written.push((here, ty, at));
                        }
                        here
                    }
                };
                piece.values.insert(slot, here);
            }
            let mut last = begin;
            for &block in blocks {
                let block = self.graph.blocks[block];
                LLVMMoveBasicBlockAfter(block, last);
                last = block;
            }
            self.begin(blocks, (begin, entry), number);
            for &block in blocks {
                self.rewrite(&mut piece, block, area_type, number);
            }
            if let Some(places) = &self.cutter.b.places {
                places.take_along(self.cutter.b.context, piece.function);
            }
        }
        piece.function
    }

    unsafe fn field(&self, area_type: StructType<'ctx>, area: LLVMValueRef, at: usize) -> LLVMValueRef {
        // SAFETY: the area has as many fields.
        unsafe { LLVMBuildStructGEP2(self.cutter.inner(), area_type.as_type_ref(), area, at as u32, c"".as_ptr()) }
    }

    /// Goes from the start of a piece to where it is entered.
    unsafe fn begin(&self, blocks: &[usize], (begin, entry): (LLVMBasicBlockRef, LLVMValueRef), number: IntType<'ctx>) {
        let mut own = blocks.iter().filter_map(|block| Some((*block, *self.entries.get(block)?)));
        // SAFETY: the caller's promise.
        unsafe {
            let builder = self.cutter.inner();
            LLVMPositionBuilderAtEnd(builder, begin);
            let Some((first, _)) = own.next() else {
                // Nothing leads here.
                LLVMBuildRet(builder, constant(number, 0));
                return;
            };
            let others = own.collect::<Vec<_>>();
            let switch = LLVMBuildSwitch(builder, entry, self.graph.blocks[first], others.len() as u32);
            for (block, entry) in others {
                LLVMAddCase(switch, constant(number, entry), self.graph.blocks[block]);
            }
        }
    }

    /// Has what a block refers to be the piece's own.
    unsafe fn rewrite(
        &self,
        piece: &mut Piece<'ctx>,
        block: usize,
        area_type: StructType<'ctx>,
        number: IntType<'ctx>,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            let builder = self.cutter.inner();
            for one in instructions(self.graph.blocks[block]) {
                for at in 0..LLVMGetNumOperands(one).cast_unsigned() {
                    if let Some(&here) = piece.values.get(&LLVMGetOperand(one, at)) {
                        LLVMSetOperand(one, at, here);
                    }
                }
            }
            let terminator = LLVMGetBasicBlockTerminator(self.graph.blocks[block]);
            if is(terminator, LLVMOpcode::LLVMRet) {
                LLVMPositionBuilderBefore(builder, terminator);
                if LLVMGetNumOperands(terminator) > 0 {
                    let field = self.field(area_type, piece.area, 0);
                    LLVMBuildStore(builder, LLVMGetOperand(terminator, 0), field);
                }
                LLVMBuildRet(builder, constant(number, 0));
                LLVMInstructionEraseFromParent(terminator);
                return;
            }
            let own = self.cutter.owners.of(self.graph.blocks[block]);
            for (at, &to) in self.graph.successors(block).iter().enumerate() {
                if self.cutter.owners.of(self.graph.blocks[to]) == own {
                    continue;
                }
                let way = match piece.ways_out.get(&to) {
                    Some(&way) => way,
                    None => {
                        let way = self.block(piece.function);
                        LLVMPositionBuilderAtEnd(builder, way);
                        for &(slot, ty, at) in &piece.written {
                            let value = LLVMBuildLoad2(builder, ty, slot, c"".as_ptr());
                            LLVMBuildStore(builder, value, self.field(area_type, piece.area, at));
                        }
                        LLVMBuildRet(builder, constant(number, self.entries[&to]));
                        piece.ways_out.insert(to, way);
                        way
                    }
                };
                LLVMSetSuccessor(terminator, at as u32, way);
            }
        }
    }
}

fn constant(ty: IntType<'_>, value: usize) -> LLVMValueRef {
    // SAFETY: a type of ints.
    unsafe { LLVMConstInt(ty.as_type_ref(), value as u64, 0) }
}

//! The blocks of a function, and where to cut them.

use std::collections::HashMap;

use inkwell::llvm_sys::LLVMOpcode;
use inkwell::llvm_sys::core::{
    LLVMGetBasicBlockTerminator, LLVMGetFirstBasicBlock, LLVMGetNextBasicBlock, LLVMGetNumSuccessors, LLVMGetSuccessor,
};
use inkwell::llvm_sys::prelude::LLVMBasicBlockRef;
use inkwell::values::{AsValueRef, FunctionValue};

use super::{instructions, is};

/// A piece has about so many instructions, as they are lowered.
const TARGET: usize = 4_000;
/// What it counts to cut through a loop, a way into a block that is not the first of its piece, and a block that looks where it was
/// entered from; and what to have a piece of twice the size.
const LOOP: usize = 10_000;
const WAY: usize = 40;
const JOIN: usize = 1_000;
const SIZE: usize = 100;

pub(super) struct Graph {
    pub(super) blocks: Vec<LLVMBasicBlockRef>,
    successors: Vec<Vec<usize>>,
    predecessors: Vec<Vec<usize>>,
    /// Instructions of each block.
    weights: Vec<usize>,
    has_joins: Vec<bool>,
}

impl Graph {
    /// # Safety
    /// The function is whole.
    pub(super) unsafe fn new(function: FunctionValue<'_>) -> Self {
        // SAFETY: the caller's promise; every block has a terminator.
        unsafe {
            let first = LLVMGetFirstBasicBlock(function.as_value_ref());
            let blocks = std::iter::successors(Some(first), |&block| {
                let next = LLVMGetNextBasicBlock(block);
                (!next.is_null()).then_some(next)
            });
            let blocks = blocks.collect::<Vec<_>>();
            let numbers = blocks.iter().enumerate().map(|(at, &block)| (block, at)).collect::<HashMap<_, _>>();
            let successors = blocks.iter().map(|&block| {
                let terminator = LLVMGetBasicBlockTerminator(block);
                let count = LLVMGetNumSuccessors(terminator);
                (0..count).map(|to| numbers[&LLVMGetSuccessor(terminator, to)]).collect::<Vec<_>>()
            });
            let successors = successors.collect::<Vec<_>>();
            let mut predecessors = vec![Vec::new(); blocks.len()];
            for (from, all) in successors.iter().enumerate() {
                all.iter().for_each(|&to| predecessors[to].push(from));
            }
            let weights = blocks.iter().map(|&block| instructions(block).count()).collect();
            let is_join =
                |&block: &LLVMBasicBlockRef| instructions(block).next().is_some_and(|one| is(one, LLVMOpcode::LLVMPHI));
            let has_joins = blocks.iter().map(is_join).collect();
            Self { blocks, successors, predecessors, weights, has_joins }
        }
    }

    pub(super) fn successors(&self, block: usize) -> &[usize] {
        &self.successors[block]
    }

    /// The pieces: each block but the first is in one.
    pub(super) fn pieces(&self) -> Vec<Vec<usize>> {
        let order = self.order();
        let costs = self.costs(&order);
        let mut pieces = Vec::new();
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let from = order.len() - rest.len();
            let mut weight = 0;
            // Where the next piece may begin, and what that costs.
            let mut best = (usize::MAX, rest.len());
            for (at, &block) in rest.iter().enumerate() {
                let size = TARGET.abs_diff(weight) * SIZE / TARGET;
                if weight > TARGET / 4 || at > 0 && weight + self.weights[block] > TARGET * 3 / 2 {
                    best = best.min((costs[from + at] + size, at));
                }
                weight += self.weights[block];
                if weight > TARGET * 3 / 2 && best.0 < usize::MAX {
                    break;
                }
            }
            // The rest is small enough.
            let count = if weight <= TARGET * 3 / 2 { rest.len() } else { best.1 };
            let (piece, others) = rest.split_at(count);
            pieces.push(piece.to_vec());
            rest = others;
        }
        pieces
    }

    /// The blocks but for the first, in an order in which edges lead onwards, but those of loops, and a loop's blocks stand together. What
    /// leads nowhere stands behind the last block that leads there.
    fn order(&self) -> Vec<usize> {
        let depths = self.depths();
        let mut successors = self.successors.clone();
        // What is visited first comes last.
        successors.iter_mut().for_each(|all| all.sort_by_key(|&to| depths[to]));
        let (mut order, _) = depth_first(&successors);
        order.reverse();
        let mut reached = vec![false; self.blocks.len()];
        order.iter().for_each(|&block| reached[block] = true);
        order.extend((0..reached.len()).filter(|&block| !reached[block]));
        let mut places = vec![0; order.len()];
        order.iter().enumerate().for_each(|(place, &block)| places[block] = place);
        let ends = |block: usize| self.successors[block].is_empty();
        let mut behind = vec![Vec::new(); order.len()];
        for &block in order.iter().filter(|&&block| ends(block)) {
            let last = self.predecessors[block].iter().copied().max_by_key(|&from| places[from]);
            behind[last.unwrap_or(block)].push(block);
        }
        let with_ends = |&block: &usize| {
            let own = (block != 0 && !ends(block)).then_some(block);
            own.into_iter().chain(behind[block].iter().copied()).collect::<Vec<_>>()
        };
        order.iter().flat_map(with_ends).collect()
    }

    /// How many loops each block is in.
    fn depths(&self) -> Vec<usize> {
        let (_, ways_back) = depth_first(&self.successors);
        let mut latches: HashMap<usize, Vec<usize>> = HashMap::new();
        ways_back.into_iter().for_each(|(from, header)| latches.entry(header).or_default().push(from));
        let mut depths = vec![0; self.blocks.len()];
        let mut seen = vec![usize::MAX; self.blocks.len()];
        for (header, mut open) in latches {
            seen[header] = header;
            depths[header] += 1;
            while let Some(block) = open.pop() {
                if seen[block] != header {
                    seen[block] = header;
                    depths[block] += 1;
                    open.extend(&self.predecessors[block]);
                }
            }
        }
        depths
    }

    /// What it costs to have a piece begin at each place of the order.
    fn costs(&self, order: &[usize]) -> Vec<usize> {
        let mut places = vec![None; self.blocks.len()];
        order.iter().enumerate().for_each(|(place, &block)| places[block] = Some(place));
        // How much more, or less, it costs than at the place before.
        let mut changes = vec![0; order.len() + 1];
        let mut add = |from: usize, to: usize, cost: usize| {
            changes[from] += cost.cast_signed();
            changes[to] -= cost.cast_signed();
        };
        for (place, &block) in order.iter().enumerate() {
            let from = self.predecessors[block].iter().filter_map(|&from| places[from]);
            let (first, last) = from.fold((place, place), |(first, last), one| (first.min(one), last.max(one)));
            add(first + 1, place + 1, if self.has_joins[block] { JOIN } else { WAY });
            add(place + 1, last + 1, LOOP);
        }
        let costs = changes.into_iter().scan(0isize, |cost, change| {
            *cost += change;
            Some(cost.cast_unsigned())
        });
        costs.take(order.len()).collect()
    }
}

/// The blocks that are reached, each behind those that it leads to, and the edges that lead back to what is being visited.
fn depth_first(successors: &[Vec<usize>]) -> (Vec<usize>, Vec<(usize, usize)>) {
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut states = vec![State::New; successors.len()];
    let (mut done, mut back) = (Vec::new(), Vec::new());
    let mut path = vec![(0, 0)];
    states[0] = State::Open;
    while let Some((block, next)) = path.last_mut() {
        let block = *block;
        match successors[block].get(*next) {
            Some(&to) => {
                *next += 1;
                match states[to] {
                    State::New => {
                        states[to] = State::Open;
                        path.push((to, 0));
                    }
                    State::Open => back.push((block, to)),
                    State::Done => {}
                }
            }
            None => {
                states[block] = State::Done;
                done.push(block);
                path.pop();
            }
        }
    }
    (done, back)
}

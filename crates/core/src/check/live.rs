//! Liveness: which variables a place may still read.
//!
//! Computed twice. First as usual, which gives the live locals of every entry point: what a continuation from there reads.
//! Then with each step that may leave reading those as well, so that they are still there in the middle of a statement that
//! runs over several blocks.

use fixedbitset::FixedBitSet;

use super::flow::{End, EntryId, Flow, FlowBlock, FlowId, VarId};

/// The live variables of a flow graph.
#[derive(Debug)]
pub struct Liveness {
    /// At the start of each block.
    blocks: Vec<FixedBitSet>,
    /// At each entry point, only what a continuation knows: names of the source and iterators.
    entries: Vec<FixedBitSet>,
}

impl Liveness {
    /// Computes it.
    #[must_use]
    pub fn of(flow: &Flow) -> Self {
        let nothing = FixedBitSet::with_capacity(flow.variables.len());
        let mut frames = nothing.clone();
        for (at, variable) in flow.variables.iter().enumerate() {
            frames.set(at, variable.in_frame);
        }
        let plain = Self {
            blocks: vec![nothing.clone(); flow.blocks.len()],
            entries: vec![nothing.clone(); flow.entries.len()],
        };
        let plain = plain.solve(flow);
        let entries = flow.entries.iter().map(|entry| {
            let mut live = plain.at(flow, entry.start.0, entry.start.1 as usize);
            live.intersect_with(&frames);
            live
        });
        Self { entries: entries.collect(), blocks: vec![nothing; flow.blocks.len()] }.solve(flow)
    }

    /// The live variables before a step of a block, or before its end.
    #[must_use]
    pub fn at(&self, flow: &Flow, block: FlowId, step: usize) -> FixedBitSet {
        let block = flow.block(block);
        let mut live = self.at_end(block);
        for step in block.steps[step.min(block.steps.len())..].iter().rev() {
            live.set(step.target.0 as usize, false);
            step.reads().for_each(|variable| live.insert(variable.0 as usize));
            live.union_with(&self.entries[step.entry.0 as usize]);
        }
        live
    }

    /// The live variables at the start of a block.
    pub fn start(&self, block: FlowId) -> impl Iterator<Item = VarId> {
        self.blocks[block.0 as usize].ones().map(|at| VarId(at as u32))
    }

    /// True if nothing reads `variable` from this step on.
    #[must_use]
    pub fn is_dead(&self, flow: &Flow, block: FlowId, step: usize, variable: VarId) -> bool {
        let steps = &flow.block(block).steps[step..];
        for step in steps {
            if step.reads().any(|read| read == variable)
                || self.entries[step.entry.0 as usize].contains(variable.0 as usize)
            {
                return false;
            }
            if step.target == variable {
                return true;
            }
        }
        !self.at_end(flow.block(block)).contains(variable.0 as usize)
    }

    /// The variables that a continuation from an entry point reads.
    pub fn entry(&self, entry: EntryId) -> impl Iterator<Item = VarId> {
        self.entries[entry.0 as usize].ones().map(|at| VarId(at as u32))
    }

    fn at_end(&self, block: &FlowBlock) -> FixedBitSet {
        let mut live = self.blocks.first().map(|first| FixedBitSet::with_capacity(first.len())).unwrap_or_default();
        for successor in block.successors() {
            live.union_with(&self.blocks[successor.0 as usize]);
        }
        match block.end {
            End::Jump(_) => {}
            End::Branch(arg, ..) => live.extend(arg.var().map(|variable| variable.0 as usize)),
            End::Return(arg, entry, _) => {
                live.extend(arg.var().map(|variable| variable.0 as usize));
                live.union_with(&self.entries[entry.0 as usize]);
            }
        }
        live
    }

    fn solve(mut self, flow: &Flow) -> Self {
        let mut predecessors = vec![Vec::new(); flow.blocks.len()];
        for (at, block) in flow.blocks.iter().enumerate() {
            for successor in block.successors() {
                predecessors[successor.0 as usize].push(at);
            }
        }
        let mut waiting = (0..flow.blocks.len()).collect::<Vec<_>>();
        let mut is_waiting = vec![true; flow.blocks.len()];
        while let Some(at) = waiting.pop() {
            is_waiting[at] = false;
            let live = self.at(flow, FlowId(at as u32), 0);
            if live != self.blocks[at] {
                self.blocks[at] = live;
                for &before in &predecessors[at] {
                    if !std::mem::replace(&mut is_waiting[before], true) {
                        waiting.push(before);
                    }
                }
            }
        }
        self
    }
}

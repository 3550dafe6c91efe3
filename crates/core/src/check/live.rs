//! Liveness: which variables a place may still read.
//!
//! Computed twice. First as usual, which gives the live locals of every entry point: what a continuation from there reads.
//! Then with each step that may leave reading those as well, so that they are still there in the middle of a statement that
//! runs over several blocks.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;

use super::decide;
use super::flow::{End, EntryId, Flow, FlowId, Step, StepKind, VarId};

/// The live variables of a flow graph.
#[derive(Debug)]
pub struct Liveness {
    /// At the start of each block.
    blocks: Vec<FixedBitSet>,
    /// At each entry point, only what a continuation knows: names of the source and iterators.
    entries: Vec<Vec<VarId>>,
    /// For each block the variable whose type may decide its branch.
    tested: Vec<Option<VarId>>,
}

impl Liveness {
    /// Computes it.
    #[must_use]
    pub fn of(flow: &Flow) -> Self {
        let nothing = vec![FixedBitSet::with_capacity(flow.variables.len()); flow.blocks.len()];
        let tested = flow.blocks.iter().map(decide::tested).collect::<Vec<_>>();
        let entries = vec![Vec::new(); flow.entries.len()];
        let plain = Self { blocks: nothing.clone(), entries, tested: tested.clone() }.solve(flow);
        Self { entries: plain.live_at_entries(flow), blocks: nothing, tested }.solve(flow)
    }

    /// One walk over each block, against the order of control.
    fn live_at_entries(&self, flow: &Flow) -> Vec<Vec<VarId>> {
        let mut starts = vec![Vec::new(); flow.blocks.len()];
        for (at, entry) in flow.entries.iter().enumerate() {
            starts[entry.start.0.0 as usize].push((entry.start.1 as usize, at));
        }
        let mut entries = vec![Vec::new(); flow.entries.len()];
        for (id, (block, starts)) in flow.blocks.iter().zip(starts).enumerate() {
            let mut live = self.at_end(flow, FlowId(id as u32));
            // Entries of a block stand in the order of its steps.
            let mut starts = starts.into_iter().rev().peekable();
            for at in (0..=block.steps.len()).rev() {
                if let Some(step) = block.steps.get(at) {
                    self.before(step, &mut live);
                }
                while let Some((_, entry)) = starts.next_if(|&(start, _)| start == at) {
                    let in_frame = live.ones().filter(|&variable| flow.variables[variable].in_frame);
                    let in_frame = in_frame.map(|variable| VarId(variable as u32)).collect::<BTreeSet<_>>();
                    // Where a function within this one is at hand, what it reads is, too.
                    entries[entry] = in_frame
                        .into_iter()
                        .chain(flow.cells.iter().copied())
                        .collect::<BTreeSet<_>>()
                        .into_iter()
                        .collect();
                }
            }
        }
        entries
    }

    /// The live variables before a step of a block, or before its end.
    #[must_use]
    pub fn at(&self, flow: &Flow, block: FlowId, step: usize) -> FixedBitSet {
        let mut live = self.at_end(flow, block);
        let block = flow.block(block);
        for step in block.steps[step.min(block.steps.len())..].iter().rev() {
            self.before(step, &mut live);
        }
        live
    }

    /// Turns the variables that are live behind a step into those that are live before it.
    fn before(&self, step: &Step, live: &mut FixedBitSet) {
        let wanted = live.contains(step.target.0 as usize);
        live.set(step.target.0 as usize, false);
        match step.kind {
            // Cannot leave, so it reads nothing if nobody wants what it writes.
            StepKind::Keep(_) if !wanted => return,
            StepKind::Hold(_) => return step.reads().for_each(|variable| live.insert(variable.0 as usize)),
            StepKind::Leave(_) => live.clear(),
            StepKind::Copy(_)
            | StepKind::Keep(_)
            | StepKind::Tuple(_)
            | StepKind::Item(..)
            | StepKind::Place(..)
            | StepKind::Create(_)
            | StepKind::Function(_)
            | StepKind::Call(_)
            | StepKind::Op(..) => {}
        }
        step.reads().for_each(|variable| live.insert(variable.0 as usize));
        if matches!(step.kind, StepKind::Keep(_)) {
            return;
        }
        live.extend(self.entry(step.entry).map(|variable| variable.0 as usize));
    }

    /// The live variables at the start of a block.
    pub fn start(&self, block: FlowId) -> impl Iterator<Item = VarId> {
        self.blocks[block.0 as usize].ones().map(|at| VarId(at as u32))
    }

    /// The variables that a continuation from an entry point reads.
    pub fn entry(&self, entry: EntryId) -> impl Iterator<Item = VarId> {
        self.entries[entry.0 as usize].iter().copied()
    }

    /// The variable whose type may decide the branch at the end of a block.
    #[must_use]
    pub fn tested(&self, block: FlowId) -> Option<VarId> {
        self.tested[block.0 as usize]
    }

    fn at_end(&self, flow: &Flow, id: FlowId) -> FixedBitSet {
        let block = flow.block(id);
        let mut live = self.blocks.first().map(|first| FixedBitSet::with_capacity(first.len())).unwrap_or_default();
        for successor in block.successors() {
            live.union_with(&self.blocks[successor.0 as usize]);
        }
        match block.end {
            End::Jump(_) => {}
            End::Branch(arg, ..) => {
                live.extend(arg.var().map(|variable| variable.0 as usize));
                // Its type says where the branch goes.
                live.extend(self.tested(id).map(|variable| variable.0 as usize));
            }
            End::Return(arg, entry, _) => {
                live.extend(arg.var().map(|variable| variable.0 as usize));
                live.extend(self.entry(entry).map(|variable| variable.0 as usize));
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
        // Against the order of control, so that what follows a block is known before it outside loops.
        let order = flow.reverse_post_order();
        let mut waiting = (0..flow.blocks.len()).map(|at| (Reverse(order[at]), at)).collect::<BTreeSet<_>>();
        while let Some((_, at)) = waiting.pop_first() {
            let live = self.at(flow, FlowId(at as u32), 0);
            if live != self.blocks[at] {
                self.blocks[at] = live;
                waiting.extend(predecessors[at].iter().map(|&before| (Reverse(order[before]), before)));
            }
        }
        self
    }
}

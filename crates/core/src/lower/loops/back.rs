//! The way back to the start of a turn, and what is said there of the loop ([`super::super::hints`]).

use inkwell::basic_block::BasicBlock;

use super::super::Lowerer;
use super::super::hints::Hints;
use crate::ir::BlockId;
use crate::loops::Counter;
use crate::loops::carried::{is_cheap, only_adds_floats, recurs};
use crate::loops::elements::elements;
use crate::loops::overlap::{reads_beside_written, reads_one_written};
use crate::loops::select::branches;

impl<'ctx> Lowerer<'ctx, '_> {
    /// Goes back to the `entry` of the copy of a loop that has these blocks of its own.
    pub(super) fn way_back(&self, header: BlockId, own: &[BlockId], entry: BasicBlock<'ctx>, is_proven: bool) {
        let blocks = own.iter().copied().chain([header]).collect::<Vec<_>>();
        let id = self.loops.gated.as_ref().map(|gated| gated.id);
        let is_checked = !is_proven && id.is_some_and(|id| self.loops.plans.contains_key(&id));
        let counter = self.counter_at_work();
        // Without elements, it is not worth writing out what has all its checks, or turns that wait for each other.
        let waits = || is_checked || recurs(self.function, header, &blocks);
        let rolled = self.branches_over_writes(header, own, &blocks) || !self.loops.has_memory && waits();
        // Where all turns read what one of them may write, LLVM's vectors may have no turn, and what remains all.
        let stays = counter.is_some_and(|counter| reads_one_written(self.function, &blocks, &counter));
        // What may be added in any order becomes vectors; and what stands side by side in a loop inside of others, whose runs do not wait
        // for each other: the less there is to do, the more of them are under way at once.
        let is_apart = || counter.is_none_or(|counter| elements(self.function, &blocks, &counter).apart);
        let adds = only_adds_floats(self.function, header, &blocks, counter.as_ref());
        let is_inside = id.is_some_and(|id| self.function.loops[id.0 as usize].parent.is_some());
        let waits_for_sums = !self.options.fastmath && adds && (!is_inside || is_apart());
        let masked = self.loops.gated.as_ref().is_some_and(|gated| gated.masked);
        self.b.jump_back(
            entry,
            Hints { rolled, stays, serial: waits_for_sums || self.puts_apart(header, &blocks), masked },
        );
    }

    /// True if some turns write nothing, and what others write is read by those beside them: LLVM makes selects of the branches, but of
    /// those of one turn only.
    fn branches_over_writes(&self, header: BlockId, own: &[BlockId], blocks: &[BlockId]) -> bool {
        let beside = || match self.counter_at_work() {
            Some(counter) => reads_beside_written(self.function, blocks, &counter),
            None => true,
        };
        branches(self.function, header, own) && beside()
    }

    /// True if turns write elements and do little else, and some do not stand side by side: to gather them in a vector takes longer
    /// than to do with each what is to be done.
    fn puts_apart(&self, header: BlockId, blocks: &[BlockId]) -> bool {
        let found = self.counter_at_work().map(|counter| elements(self.function, blocks, &counter));
        found.is_some_and(|found| found.apart && found.writes > 0) && is_cheap(self.function, header, blocks)
    }

    /// What counts the turns of the loop that is being lowered.
    fn counter_at_work(&self) -> Option<Counter> {
        self.loops.gated.as_ref().and_then(|gated| self.loops.shapes[gated.id.0 as usize].counter)
    }
}

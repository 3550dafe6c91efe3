//! The way back to the start of a turn, and what is said there of the loop ([`super::super::hints`]).

use inkwell::basic_block::BasicBlock;

use super::super::Lowerer;
use super::super::hints::Hints;
use crate::ir::BlockId;
use crate::loops::carried::{only_adds_floats, recurs};
use crate::loops::elements::elements;
use crate::loops::select::branches;

impl<'ctx> Lowerer<'ctx, '_> {
    /// Goes back to the `entry` of the copy of a loop that has these blocks of its own.
    pub(super) fn way_back(&self, header: BlockId, own: &[BlockId], entry: BasicBlock<'ctx>, is_proven: bool) {
        let blocks = own.iter().copied().chain([header]).collect::<Vec<_>>();
        let id = self.loops.gated.as_ref().map(|gated| gated.id);
        let is_checked = !is_proven && id.is_some_and(|id| self.loops.plans.contains_key(&id));
        // Without elements, it is not worth writing out what has all its checks, or turns that wait for each other.
        let waits = || is_checked || recurs(self.function, header, &blocks);
        let rolled = branches(self.function, header, own) || !self.loops.has_memory && waits();
        // What may be added in any order becomes vectors.
        let adds = !self.options.fastmath && only_adds_floats(self.function, header, &blocks);
        let masked = self.loops.gated.as_ref().is_some_and(|gated| gated.masked);
        self.b.jump_back(entry, Hints { rolled, serial: adds || self.puts_apart(&blocks), masked });
    }

    /// True if turns only put elements elsewhere, which do not stand side by side on both sides: to gather them in a vector takes longer
    /// than to put them where they go.
    fn puts_apart(&self, blocks: &[BlockId]) -> bool {
        let counter = self.loops.gated.as_ref().and_then(|gated| self.loops.shapes[gated.id.0 as usize].counter);
        let found = counter.map(|counter| elements(self.function, blocks, &counter));
        found.is_some_and(|found| found.moves && found.apart && found.writes > 0)
    }
}

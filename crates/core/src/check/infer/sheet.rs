//! The types at one place after the other.
//!
//! Enters: the types at the start of a block, of those variables that matter there. Leaves: the types of all variables, to be changed step by step.

use super::{Inferred, Types};
use crate::check::flow::{Flow, FlowId, Step, StepKind, VarId};
use crate::types::TypeSet;

/// The types of all variables at a place of one block after the other. In a large function few of them matter in each, and to write down
/// all of them each time would take longer than everything else.
pub(super) struct Sheet<'a> {
    flow: &'a Flow,
    types: Types,
    block: Option<FlowId>,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(flow: &'a Flow) -> Self {
        Self { flow, types: vec![TypeSet::EMPTY; flow.variables.len()], block: None }
    }

    /// The types at the start of a block; `None` where no path leads.
    pub(super) fn turn(&mut self, inferred: &Inferred, block: FlowId) -> Option<&mut Types> {
        if let Some(before) = self.block.take() {
            let known = inferred.blocks[before.0 as usize].iter().flatten().map(|&(variable, _)| variable);
            for variable in known.chain(self.flow.block(before).steps.iter().flat_map(written)) {
                self.types[variable.0 as usize] = TypeSet::EMPTY;
            }
        }
        for &(variable, types) in inferred.blocks[block.0 as usize].as_ref()? {
            self.types[variable.0 as usize] = types;
        }
        self.block = Some(block);
        Some(&mut self.types)
    }

    pub(super) fn into_types(self) -> Types {
        self.types
    }
}

/// The variables that a step gives types that they may not have had at all.
pub(super) fn written(step: &Step) -> impl Iterator<Item = VarId> + use<> {
    let packed = match &step.kind {
        StepKind::Call(call) => Some(call.packed),
        _ => None,
    };
    packed.into_iter().chain([step.target])
}

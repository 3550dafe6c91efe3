//! The versions of blocks and loops: which one an edge goes to, and how many there are.

use super::{Context, Specialiser, State, Waiting};
use crate::check::flow::{End, FlowId, FlowLoopId, StepKind, VarId};
use crate::ir::{BlockId, Loop, LoopId, Operand, Terminator, Tree};
use crate::source::Span;
use crate::types::TypeSet;

/// Versions of one block within one version of the loops around it.
const VERSIONS: usize = 4;
/// The same where no local can hold the joined types (a tuple here, a number there): of what one can hold, the types are joined.
const UNJOINED: usize = 16;
/// So many blocks for each of the flow graph, and so many more. Functions whose names have one type at each place need less than
/// one.
const ROOM: (usize, usize) = (2, 64);

/// The versions of one loop within one version of the loops around it.
#[derive(Default)]
pub(super) struct Instances {
    /// In the order in which they were made.
    special: Vec<(State, LoopId)>,
    /// The one for the joined types.
    general: Option<LoopId>,
}

impl Specialiser<'_> {
    /// The block that a branch goes to, with a block in between if types must be converted on the way.
    pub(super) fn edge(&mut self, at: &Waiting, to: FlowId) -> BlockId {
        let (block, there) = self.go(at, to);
        let converts = there.iter().any(|(variable, types)| at.state.get(variable) != Some(types));
        if !converts {
            return block;
        }
        let between = self.block(&at.context);
        self.convert_edge(between, &at.state, &there);
        self.end(between, Terminator::Jump(block));
        between
    }

    /// Writes the locals of the state `there` from those of the state `here`.
    pub(super) fn convert_edge(&mut self, block: BlockId, here: &State, there: &State) {
        for (&variable, &types) in there {
            let before = here.get(&variable).copied().unwrap_or_default();
            if before != types {
                let source = self.place(variable, before).map(&mut Operand::Local);
                let target = self.place(variable, types);
                self.push_copies(block, &target, &source, Span::default());
            }
        }
    }

    /// The version of a block that an edge goes to, and the types there.
    pub(super) fn go(&mut self, at: &Waiting, to: FlowId) -> (BlockId, State) {
        let to = self.skip_empty(to);
        let around = self.flow.loops_around(to);
        let Some(&inner) = around.last().filter(|inner| self.flow.loops[inner.0 as usize].header == to) else {
            let context = at.context[..around.len()].to_vec();
            return self.version(to, 0, context, &at.state);
        };
        let from_inside = self.flow.loops_around(at.flow).contains(&inner);
        let outer = at.context[..around.len() - 1].to_vec();
        let current = from_inside.then(|| at.context[around.len() - 1]).flatten();
        let state = self.restrict(to, 0, &at.state);
        self.loop_version(inner, outer, current, to, state)
    }

    /// Blocks without steps that lead to one other block are passed over; headers stay.
    fn skip_empty(&self, mut to: FlowId) -> FlowId {
        for _ in 0..self.flow.blocks.len() {
            let block = self.flow.block(to);
            let is_header = block.in_loop.is_some_and(|inner| self.flow.loops[inner.0 as usize].header == to);
            match block.end {
                End::Jump(next) if block.steps.is_empty() && !is_header => to = next,
                End::Jump(_) | End::Branch(..) | End::Return(..) => break,
            }
        }
        to
    }

    fn loop_version(
        &mut self,
        of: FlowLoopId,
        outer: Context,
        current: Option<LoopId>,
        header: FlowId,
        state: State,
    ) -> (BlockId, State) {
        let has_room = self.has_room(self.promised(of));
        let instances = self.instances.entry((of, outer.clone())).or_default();
        let position = |id: LoopId| instances.special.iter().position(|&(_, special)| special == id);
        // From a special version only to itself or to later ones; from the general one only to itself.
        let first = match current {
            None => Some(0),
            Some(id) => position(id),
        };
        if let Some(first) = first {
            if let Some((state, id)) = instances.special[first..].iter().find(|(special, _)| *special == state) {
                return (self.function.loops[id.0 as usize].header, state.clone());
            }
            if instances.special.len() < VERSIONS && has_room {
                let id = LoopId(self.function.loops.len() as u32);
                instances.special.push((state.clone(), id));
                return (self.new_loop(of, outer, header, state.clone()), state);
            }
        }
        let general = instances.general;
        let fits = first.is_some() && has_room && instances.special.len() < UNJOINED;
        let Some(state) = self.general(header, 0, &state) else {
            let joined = self.joined(header, 0, &state);
            let instances = self.instances.entry((of, outer.clone())).or_default();
            let behind = &instances.special[first.unwrap_or(instances.special.len())..];
            if let Some((joined, id)) = behind.iter().find(|(special, _)| *special == joined) {
                return (self.function.loops[id.0 as usize].header, joined.clone());
            }
            if !fits {
                return self.left(header, 0, &outer, state);
            }
            let state = joined;
            let id = LoopId(self.function.loops.len() as u32);
            self.instances.entry((of, outer.clone())).or_default().special.push((state.clone(), id));
            return (self.new_loop(of, outer, header, state.clone()), state);
        };
        if let Some(id) = general {
            return (self.function.loops[id.0 as usize].header, state);
        }
        let id = LoopId(self.function.loops.len() as u32);
        if let Some(instances) = self.instances.get_mut(&(of, outer.clone())) {
            instances.general = Some(id);
        }
        (self.new_loop(of, outer, header, state.clone()), state)
    }

    fn new_loop(&mut self, of: FlowLoopId, outer: Context, header: FlowId, state: State) -> BlockId {
        let id = LoopId(self.function.loops.len() as u32);
        let parent = innermost(&outer);
        let mut context = outer;
        context.push(Some(id));
        let block = self.block(&context);
        let poll = Some(self.exit(self.flow.loops[of.0 as usize].entry, &state));
        self.function.loops.push(Loop { header: block, parent, poll });
        self.waiting.push(Waiting { block, flow: header, step: 0, one_step: false, context, state });
        block
    }

    /// The version of a place that is no loop header for a state; the general one if there are too many.
    pub(super) fn version(&mut self, flow: FlowId, step: usize, context: Context, state: &State) -> (BlockId, State) {
        let place = (flow, step, context);
        let mut state = self.restrict(flow, step, state);
        if let Some(&block) = self.versions.get(&(place.clone(), state.clone())) {
            return (block, state);
        }
        let has_room = self.has_room(0);
        let count = self.counts.get(&place).copied().unwrap_or_default();
        if count >= VERSIONS || !has_room {
            match self.general(flow, step, &state) {
                Some(general) => {
                    state = general;
                    if let Some(&block) = self.versions.get(&(place.clone(), state.clone())) {
                        return (block, state);
                    }
                }
                None => {
                    let joined = self.joined(flow, step, &state);
                    if let Some(&block) = self.versions.get(&(place.clone(), joined.clone())) {
                        return (block, joined);
                    }
                    if count >= UNJOINED || !has_room {
                        return self.left(flow, step, &place.2, state);
                    }
                    state = joined;
                }
            }
        }
        self.counts.insert(place.clone(), count + 1);
        let context = place.2.clone();
        let block = self.block(&context);
        self.versions.insert((place, state.clone()), block);
        self.waiting.push(Waiting { block, flow, step, one_step: false, context, state: state.clone() });
        (block, state)
    }

    /// Special versions are made as long as the IR stays within a small multiple of the flow graph; one of a loop needs `more` blocks.
    fn has_room(&self, more: usize) -> bool {
        self.function.blocks.len() + more < ROOM.0 * self.flow.blocks.len() + ROOM.1
    }

    /// About so many blocks come of a version of this loop and of those that have been begun.
    fn promised(&self, of: FlowLoopId) -> usize {
        let begun = self.waiting.iter().filter_map(|waiting| {
            let inner = self.flow.block(waiting.flow).in_loop?;
            (self.flow.loops[inner.0 as usize].header == waiting.flow).then_some(inner)
        });
        begun.chain([of]).map(|id| self.loop_sizes[id.0 as usize]).sum()
    }

    /// The live part of a state.
    fn restrict(&self, flow: FlowId, step: usize, state: &State) -> State {
        let live = self.liveness.at(self.flow, flow, step);
        let types = |at: usize| state.get(&VarId(at as u32)).map(|&types| (VarId(at as u32), types));
        live.ones().filter_map(types).collect()
    }

    /// The state that includes every other at a place, the one given among them; `None` if no local can hold what a variable may
    /// be there.
    fn general(&self, flow: FlowId, step: usize, state: &State) -> Option<State> {
        let types = self.inferred.at(self.flow, flow, step).unwrap_or_default();
        let live = self.liveness.at(self.flow, flow, step);
        let types = |at: usize| types.get(at).map(|&types| (VarId(at as u32), types));
        let general = live.ones().filter_map(types).filter(|(_, types)| !types.is_empty()).collect::<State>();
        let includes = |(variable, types): (&VarId, &TypeSet)| {
            general.get(variable).is_some_and(|general| general.includes(*types))
        };
        let holds = general.values().all(|types| types.is_held()) && state.iter().all(includes);
        holds.then_some(general)
    }

    /// A state with the types that every other at a place may have, but for variables of which no local can hold them all.
    fn joined(&self, flow: FlowId, step: usize, state: &State) -> State {
        let all = self.inferred.at(self.flow, flow, step).unwrap_or_default();
        let join = |(&variable, &own): (&VarId, &TypeSet)| {
            let held = all.get(variable.0 as usize).filter(|all| all.is_held() && all.includes(own));
            (variable, held.copied().unwrap_or(own))
        };
        state.iter().map(join).collect()
    }

    /// A block that leaves at a place, for a state that no version is made for.
    fn left(&mut self, flow: FlowId, step: usize, context: &[Option<LoopId>], state: State) -> (BlockId, State) {
        let block = self.block(context);
        let context = context.to_vec();
        self.leave_at(Waiting { block, flow, step, one_step: false, context, state: state.clone() });
        (block, state)
    }

    /// Leaves at the next step that may leave: only there everything is at hand that a continuation reads. What leads there is done.
    fn leave_at(&mut self, mut at: Waiting) {
        let entry = loop {
            let here = self.flow.block(at.flow);
            match (here.steps.get(at.step), &here.end) {
                (Some(step), _) => match &step.kind {
                    StepKind::Keep(arg) => {
                        self.keep(&mut at, step, *arg);
                        at.step += 1;
                    }
                    StepKind::Hold(_) => at.step += 1,
                    _ => break step.entry,
                },
                (None, End::Return(_, entry, _)) => break *entry,
                (None, End::Jump(next)) => (at.flow, at.step) = (*next, 0),
                (None, End::Branch(condition, then_flow, else_flow)) => {
                    let Tree::Leaf(condition) = self.operand(*condition, &at.state) else {
                        panic!("the checker branches by a truth value")
                    };
                    let (then_block, _) = self.left(*then_flow, 0, &at.context, at.state.clone());
                    let (else_block, _) = self.left(*else_flow, 0, &at.context, at.state);
                    self.end(at.block, Terminator::Branch { condition, then_block, else_block });
                    return;
                }
            }
        };
        let exit = self.exit(entry, &at.state);
        self.end(at.block, Terminator::Leave(exit));
    }
}

/// The innermost of the loops that the code is really in.
pub(super) fn innermost(context: &[Option<LoopId>]) -> Option<LoopId> {
    context.iter().rev().find_map(|&id| id)
}

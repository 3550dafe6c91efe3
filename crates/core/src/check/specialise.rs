//! Flow graph to typed IR, for one signature.
//!
//! Blocks are versioned by the types of the variables that are live at their start: where paths with different types join, the
//! rest of the function is made once for each combination, as far as [`VERSIONS`] allows, and beyond it once for the joined
//! types, with tagged values. So `total = 0`, then `total += x * 0.5` in a loop gives a first turn with an int and a loop over
//! floats, without a tag. An operation on a tagged value first switches on the tag.
//!
//! Versions of a loop are numbered in the order in which they are made, and control goes from one to a later one only, through
//! its header: every loop of the IR is entered at one block. (After: Chevalier-Boisvert and Feeley, "Simple and effective
//! type check removal through lazy basic block versioning", ECOOP 2015; here all versions are made ahead of time.)

mod operation;
mod tuple;

use std::collections::{BTreeMap, HashMap};

use super::decide;
use super::flow::{Arg, End, EntryId, Flow, FlowId, FlowLoopId, Start, Step, StepKind, VarId};
use super::infer::Inferred;
use super::live::Liveness;
use super::narrow::Narrow;
use super::origins::Origins;
use crate::abi::MOST_COMPOUNDS;
use crate::ir::{
    Block, BlockId, Chain, Exit, ExitId, Function, Live, Local, LocalId, Loop, LoopId, Operand, Statement, Terminator,
    Tree, Value,
};
use crate::source::Span;
use crate::types::{Shape, Type, TypeSet};

/// Versions of one block within one version of the loops around it.
const VERSIONS: usize = 4;

/// The types of the live variables at a place.
type State = BTreeMap<VarId, TypeSet>;

/// Makes the IR. It is what [`crate::ir::verify`] accepts.
#[must_use]
pub fn specialise(flow: &Flow, liveness: &Liveness, inferred: &Inferred, start: &Start) -> Function {
    let origins = Origins::of(flow, start.parameters.iter().map(|&(variable, _)| variable));
    let function = Function {
        name: flow.name.clone(),
        parameters: 0,
        locals: Vec::new(),
        blocks: Vec::new(),
        exits: Vec::new(),
        loops: Vec::new(),
        result: TypeSet::EMPTY,
        compounds: Vec::new(),
        returned: origins.returned(flow),
        origins: origins.named(flow),
        guards: flow.guards.clone(),
    };
    let mut specialiser = Specialiser {
        flow,
        liveness,
        inferred,
        function,
        locals: HashMap::new(),
        versions: HashMap::new(),
        counts: HashMap::new(),
        instances: HashMap::new(),
        exits: HashMap::new(),
        narrow: &inferred.narrow,
        waiting: Vec::new(),
    };
    specialiser.run(start);
    specialiser.function
}

/// The versions of the loops around a place, outermost first; `None` for a loop in whose midst the code was entered, until
/// it is entered through its header: what is left of that turn is no part of a loop.
type Context = Vec<Option<LoopId>>;

/// A block that is made but not filled.
struct Waiting {
    block: BlockId,
    flow: FlowId,
    step: usize,
    /// Do this one step, then go on in a version of what follows: the step had to know a tag.
    one_step: bool,
    context: Context,
    state: State,
}

/// The versions of one loop within one version of the loops around it.
#[derive(Default)]
struct Instances {
    /// In the order in which they were made.
    special: Vec<(State, LoopId)>,
    /// The one for the joined types.
    general: Option<LoopId>,
}

type Place = (FlowId, usize, Context);

/// A scalar within a variable: the elements that lead to it.
type Path = Vec<usize>;

struct Specialiser<'a> {
    flow: &'a Flow,
    liveness: &'a Liveness,
    inferred: &'a Inferred,
    function: Function,
    locals: HashMap<(VarId, Path, TypeSet), LocalId>,
    versions: HashMap<(Place, State), BlockId>,
    counts: HashMap<Place, usize>,
    instances: HashMap<(FlowLoopId, Context), Instances>,
    exits: HashMap<(EntryId, Vec<Live>), ExitId>,
    narrow: &'a Narrow,
    waiting: Vec<Waiting>,
}

impl Specialiser<'_> {
    fn run(&mut self, start: &Start) {
        let mut state = State::new();
        for (at, variable) in self.flow.variables.iter().enumerate() {
            if variable.in_frame {
                state.insert(VarId(at as u32), Type::Unbound.into());
            }
        }
        for &(variable, one) in &start.parameters {
            state.insert(variable, one.into());
            self.place(variable, one.into());
        }
        self.function.parameters = self.function.locals.len() as u32;
        let block = self.block(&[]);
        let context = vec![None; self.flow.loops_around(start.block).len()];
        let at = Waiting { block, flow: start.block, step: 0, one_step: false, context, state };
        match start.header {
            None => self.waiting.push(at),
            Some(_) => {
                let (header, there) = self.go(&at, start.block);
                self.convert_edge(block, &at.state, &there);
                self.end(block, Terminator::Jump(header));
            }
        }
        while let Some(waiting) = self.waiting.pop() {
            self.fill(waiting);
        }
        let mut blocks = std::mem::take(&mut self.function.blocks);
        blocks.iter_mut().for_each(|block| operation::settle_chains(&self.function, &mut block.statements));
        self.function.blocks = blocks;
    }

    fn block(&mut self, context: &[Option<LoopId>]) -> BlockId {
        // Every block is filled before the work ends; until then it leads nowhere.
        let terminator = Terminator::Jump(BlockId(0));
        self.function.blocks.push(Block { in_loop: innermost(context), statements: Vec::new(), terminator });
        BlockId(self.function.blocks.len() as u32 - 1)
    }

    /// The locals that hold a variable of these types.
    fn place(&mut self, variable: VarId, types: TypeSet) -> Tree<LocalId> {
        self.part(variable, &mut Path::new(), types)
    }

    fn part(&mut self, variable: VarId, path: &mut Path, types: TypeSet) -> Tree<LocalId> {
        let Some(Type::Tuple(shape)) = types.single() else {
            return Tree::Leaf(self.leaf(variable, path, types));
        };
        let part = |(at, &types)| {
            path.push(at);
            let part = self.part(variable, path, types);
            path.pop();
            part
        };
        Tree::Tuple(shape.elements().iter().enumerate().map(part).collect())
    }

    fn leaf(&mut self, variable: VarId, path: &Path, types: TypeSet) -> LocalId {
        let locals = &mut self.function.locals;
        *self.locals.entry((variable, path.clone(), types)).or_insert_with(|| {
            let name = &self.flow.variables[variable.0 as usize].name;
            let name = path.iter().fold(name.clone(), |name, at| format!("{name}.{at}"));
            locals.push(Local { name, types });
            LocalId(locals.len() as u32 - 1)
        })
    }

    /// A local for an intermediate value.
    fn intermediate(&mut self, one: Type) -> LocalId {
        let at = self.function.locals.len();
        self.function.locals.push(Local { name: format!(".c{at}"), types: one.into() });
        LocalId(at as u32)
    }

    fn push(&mut self, block: BlockId, target: LocalId, value: Value, span: Span) {
        let chain = Chain::Alone;
        self.function.blocks[block.0 as usize].statements.push(Statement { target, value, chain, span });
    }

    /// Copies scalars to scalars that can hold them.
    fn push_copies(&mut self, block: BlockId, targets: &Tree<LocalId>, sources: &Tree<Operand>, span: Span) {
        for (target, source) in targets.leaves().into_iter().zip(sources.leaves()) {
            if source != Operand::Local(target) {
                self.push(block, target, Value::Convert(source), span);
            }
        }
    }

    fn end(&mut self, block: BlockId, terminator: Terminator) {
        self.function.blocks[block.0 as usize].terminator = terminator;
    }

    fn fill(&mut self, mut at: Waiting) {
        let flow_block = self.flow.block(at.flow);
        for step in &flow_block.steps[at.step..] {
            let (args, whole): (&[Arg], bool) = match &step.kind {
                StepKind::Copy(arg) => (std::slice::from_ref(arg), true),
                StepKind::Tuple(args) => (args, true),
                StepKind::Op(_, args) => (args, false),
                StepKind::Keep(_) | StepKind::Leave(_) => (&[], true),
            };
            if let Some((variable, path)) = self.must_split(args, whole, &at.state) {
                self.split(&at, variable, &path);
                return;
            }
            let done = match &step.kind {
                StepKind::Copy(arg) => self.copy(&mut at, step, *arg),
                StepKind::Keep(arg) => self.keep(&mut at, step, *arg),
                StepKind::Tuple(args) => self.display(&mut at, step, args),
                StepKind::Op(name, args) => match self.element(&at, step, name, args) {
                    Some(()) => return,
                    None => self.operation(&mut at, step, name, args),
                },
                StepKind::Leave(_) => false,
            };
            if !done {
                let exit = self.exit(step.entry, &at.state);
                self.end(at.block, Terminator::Leave(exit));
                return;
            }
            at.step += 1;
            if at.one_step {
                let state = at.state.clone();
                let (block, state_there) = self.version(at.flow, at.step, at.context.clone(), &state);
                self.convert_edge(at.block, &state, &state_there);
                self.end(at.block, Terminator::Jump(block));
                return;
            }
        }
        match flow_block.end.clone() {
            End::Jump(to) => {
                let (block, there) = self.go(&at, to);
                self.convert_edge(at.block, &at.state, &there);
                self.end(at.block, Terminator::Jump(block));
            }
            End::Branch(condition, then_block, else_block) => {
                let tested = self.liveness.tested(at.flow);
                let types = tested.map(|variable| (variable, self.types(Arg::Var(variable), &at.state)));
                if let Some((variable, types)) = types {
                    let of = |one: Type| decide::outcome(flow_block, variable, one);
                    match types.single() {
                        Some(one) => {
                            if let Some(truth) = of(one) {
                                let to = if truth { then_block } else { else_block };
                                let (block, there) = self.go(&at, to);
                                self.convert_edge(at.block, &at.state, &there);
                                self.end(at.block, Terminator::Jump(block));
                                return;
                            }
                        }
                        None if types.iter().any(|one| of(one).is_some()) => {
                            self.split(&at, variable, &Path::new());
                            return;
                        }
                        None => {}
                    }
                }
                let Tree::Leaf(condition) = self.operand(condition, &at.state) else {
                    panic!("the checker branches by a truth value")
                };
                let then_block = self.edge(&at, then_block);
                let else_block = self.edge(&at, else_block);
                self.end(at.block, Terminator::Branch { condition, then_block, else_block });
            }
            End::Return(arg, entry, _) => {
                if let Some((variable, path)) = self.must_split(&[arg], true, &at.state) {
                    self.split(&at, variable, &path);
                    return;
                }
                let types = self.types(arg, &at.state);
                if types.contains(Type::Unbound) || !self.can_return(types) {
                    let exit = self.exit(entry, &at.state);
                    self.end(at.block, Terminator::Leave(exit));
                    return;
                }
                self.function.result = self.function.result.join(types);
                let value = self.operand(arg, &at.state);
                self.end(at.block, Terminator::Return(value));
            }
        }
    }

    fn types(&self, arg: Arg, state: &State) -> TypeSet {
        match arg {
            Arg::Var(variable) => state.get(&variable).copied().unwrap_or_default(),
            Arg::Constant(constant) => constant.ty().into(),
        }
    }

    /// Takes note of the type of a returned tuple or array; false if there are too many.
    fn can_return(&mut self, types: TypeSet) -> bool {
        let Some(compound @ (Type::Tuple(_) | Type::Array(_))) = types.single() else { return true };
        let compounds = &mut self.function.compounds;
        if !compounds.contains(&compound) {
            if compounds.len() >= MOST_COMPOUNDS {
                return false;
            }
            compounds.push(compound);
        }
        true
    }

    fn operand(&mut self, arg: Arg, state: &State) -> Tree<Operand> {
        match arg {
            Arg::Var(variable) => {
                let types = self.types(arg, state);
                self.place(variable, types).map(&mut Operand::Local)
            }
            Arg::Constant(constant) => Tree::Leaf(Operand::Constant(constant)),
        }
    }

    /// A scalar whose tag must be known first: an operation needs one type, a copy (`whole`) needs the value to be there.
    fn must_split(&self, args: &[Arg], whole: bool, state: &State) -> Option<(VarId, Path)> {
        args.iter().copied().filter_map(Arg::var).find_map(|variable| {
            let types = self.types(Arg::Var(variable), state);
            let path = if whole {
                (types.is_tagged() && types.contains(Type::Unbound)).then(Path::new)
            } else {
                tagged(types)
            };
            path.map(|path| (variable, path))
        })
    }

    /// Switches on the tag of a scalar in a variable; each arm goes on at the same step.
    fn split(&mut self, at: &Waiting, variable: VarId, path: &Path) {
        let whole = self.types(Arg::Var(variable), &at.state);
        let types = part_of(whole, path);
        let subject = self.leaf(variable, path, types);
        let at_end = at.step == self.flow.block(at.flow).steps.len();
        let mut arms = Vec::new();
        for one in types.iter() {
            let block = self.block(&at.context);
            let known = self.leaf(variable, path, one.into());
            if one != Type::Unbound {
                self.push(block, known, Value::Convert(Operand::Local(subject)), Span::default());
            }
            let mut state = at.state.clone();
            state.insert(variable, with_part(whole, path, one.into()));
            arms.push((one, block));
            self.waiting.push(Waiting {
                block,
                flow: at.flow,
                step: at.step,
                one_step: !at_end,
                context: at.context.clone(),
                state,
            });
        }
        self.end(at.block, Terminator::Switch { subject, arms });
    }

    /// Does a copy; false if there is nothing to copy.
    fn copy(&mut self, at: &mut Waiting, step: &Step, arg: Arg) -> bool {
        let types = self.types(arg, &at.state);
        if types.contains(Type::Unbound) {
            return false;
        }
        self.copied(at, step, arg, types);
        true
    }

    /// Does a copy that may be of nothing: a variable that nobody reads any more has no types here.
    fn keep(&mut self, at: &mut Waiting, step: &Step, arg: Arg) -> bool {
        let types = self.types(arg, &at.state);
        if types.is_empty() {
            at.state.remove(&step.target);
        } else {
            self.copied(at, step, arg, types);
        }
        true
    }

    fn copied(&mut self, at: &mut Waiting, step: &Step, arg: Arg, types: TypeSet) {
        let source = self.operand(arg, &at.state);
        let target = self.place(step.target, types);
        at.state.insert(step.target, types);
        // A temporary that was made just now and is read by nothing else is written into the target at once.
        if let (Arg::Var(variable), Tree::Leaf(Operand::Local(local)), Tree::Leaf(target)) = (arg, &source, &target) {
            let read_once = self.narrow.is_read_once(variable);
            let last = self.function.blocks[at.block.0 as usize].statements.last_mut();
            if let Some(last) = last.filter(|last| read_once && last.target == *local) {
                last.target = *target;
                return;
            }
        }
        self.push_copies(at.block, &target, &source, step.span);
    }

    /// Makes a tuple; false if an element is unbound or the tuple is too large.
    fn display(&mut self, at: &mut Waiting, step: &Step, args: &[Arg]) -> bool {
        let elements = args.iter().map(|&arg| self.types(arg, &at.state)).collect::<Vec<_>>();
        let Some(shape) = Shape::new(&elements) else { return false };
        let sources = Tree::Tuple(args.iter().map(|&arg| self.operand(arg, &at.state)).collect());
        let types = TypeSet::of(Type::Tuple(shape));
        let target = self.place(step.target, types);
        self.push_copies(at.block, &target, &sources, step.span);
        at.state.insert(step.target, types);
        true
    }

    fn exit(&mut self, entry: EntryId, state: &State) -> ExitId {
        let live = self.liveness.entry(entry).filter_map(|variable| {
            let types = state.get(&variable).copied().unwrap_or_default();
            (types.without(Type::Unbound) != TypeSet::EMPTY).then_some((variable, types))
        });
        let live = live.collect::<Vec<_>>();
        let live = live.into_iter().map(|(variable, types)| {
            let name = self.flow.variables[variable.0 as usize].name.clone();
            Live { name, value: self.place(variable, types) }
        });
        let live = live.collect::<Vec<_>>();
        let place = &self.flow.entries[entry.0 as usize];
        let exits = &mut self.function.exits;
        *self.exits.entry((entry, live.clone())).or_insert_with(|| {
            exits.push(Exit { statement: place.statement, point: place.point, live, span: place.span });
            ExitId(exits.len() as u32 - 1)
        })
    }

    /// The block that a branch goes to, with a block in between if types must be converted on the way.
    fn edge(&mut self, at: &Waiting, to: FlowId) -> BlockId {
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
    fn convert_edge(&mut self, block: BlockId, here: &State, there: &State) {
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
    fn go(&mut self, at: &Waiting, to: FlowId) -> (BlockId, State) {
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
        let has_room = self.has_room();
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
        let Some(state) = self.general(header, 0, &state) else { return self.left(header, 0, &outer, state) };
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
    fn version(&mut self, flow: FlowId, step: usize, context: Context, state: &State) -> (BlockId, State) {
        let place = (flow, step, context);
        let mut state = self.restrict(flow, step, state);
        if let Some(&block) = self.versions.get(&(place.clone(), state.clone())) {
            return (block, state);
        }
        let has_room = self.has_room();
        let count = self.counts.entry(place.clone()).or_default();
        if *count >= VERSIONS || !has_room {
            let Some(general) = self.general(flow, step, &state) else { return self.left(flow, step, &place.2, state) };
            state = general;
            if let Some(&block) = self.versions.get(&(place.clone(), state.clone())) {
                return (block, state);
            }
        } else {
            *count += 1;
        }
        let context = place.2.clone();
        let block = self.block(&context);
        self.versions.insert((place, state.clone()), block);
        self.waiting.push(Waiting { block, flow, step, one_step: false, context, state: state.clone() });
        (block, state)
    }

    /// Special versions are made as long as the IR stays within a small multiple of the flow graph.
    fn has_room(&self) -> bool {
        self.function.blocks.len() < 8 * self.flow.blocks.len() + 64
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

    /// A block that leaves at a place, for a state that no version is made for.
    fn left(
        &mut self,
        mut flow: FlowId,
        mut step: usize,
        context: &[Option<LoopId>],
        state: State,
    ) -> (BlockId, State) {
        // Blocks without steps lead to the place where something is done next.
        let entry = loop {
            let here = self.flow.block(flow);
            match (here.steps.get(step), &here.end) {
                (Some(step), _) => break step.entry,
                (None, End::Return(_, entry, _)) => break *entry,
                (None, End::Jump(next)) => (flow, step) = (*next, 0),
                (None, End::Branch(_, next, _)) => (flow, step) = (*next, 0),
            }
        };
        let block = self.block(context);
        let exit = self.exit(entry, &state);
        self.end(block, Terminator::Leave(exit));
        (block, state)
    }
}

/// The innermost of the loops that the code is really in.
fn innermost(context: &[Option<LoopId>]) -> Option<LoopId> {
    context.iter().rev().find_map(|&id| id)
}

/// The path to the first scalar that has a tag.
fn tagged(types: TypeSet) -> Option<Path> {
    if types.is_tagged() {
        return Some(Path::new());
    }
    let Some(Type::Tuple(shape)) = types.single() else { return None };
    shape.elements().iter().enumerate().find_map(|(at, &types)| {
        let mut path = tagged(types)?;
        path.insert(0, at);
        Some(path)
    })
}

/// The types at a path.
fn part_of(types: TypeSet, path: &[usize]) -> TypeSet {
    match (path.split_first(), types.single()) {
        (Some((&at, rest)), Some(Type::Tuple(shape))) => part_of(shape.elements()[at], rest),
        _ => types,
    }
}

/// The types with others at a path, which leave the number of leaves as it is.
fn with_part(types: TypeSet, path: &[usize], part: TypeSet) -> TypeSet {
    let (Some((&at, rest)), Some(Type::Tuple(shape))) = (path.split_first(), types.single()) else { return part };
    let mut elements = shape.elements().to_vec();
    elements[at] = with_part(elements[at], rest, part);
    Shape::new(&elements).map_or(types, |shape| Type::Tuple(shape).into())
}

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

mod array;
mod call;
mod elements;
mod function;
mod operation;
mod over;
mod tuple;
mod versions;

use std::collections::{BTreeMap, HashMap};

use self::call::After;
use self::versions::{Instances, innermost};
use super::decide;
use super::flow::{Arg, Call, End, EntryId, Flow, FlowId, FlowLoopId, Start, Step, StepKind, VarId};
use super::function::{self as functions, is_mixed_up};
use super::infer::Inferred;
use super::live::Liveness;
use super::narrow::Narrow;
use super::origins::Origins;
use super::program::{Calls, Handed};
use crate::abi::MOST_COMPOUNDS;
use crate::ir::{
    Block, BlockId, Chain, Exit, ExitId, Function, Live, Local, LocalId, LoopId, Operand, Options, Statement,
    Terminator, Tree, Value,
};
use crate::source::Span;
use crate::types::{Shape, Type, TypeSet};

/// The types of the live variables at a place.
type State = BTreeMap<VarId, TypeSet>;

/// A unit of functions that call each other, while it is made.
#[derive(Debug)]
pub struct Calling<'a> {
    /// Answers what is called.
    pub calls: Calls<'a>,
    /// The instances of the unit so far, in the order of its functions; those that are called and not among them are added.
    pub members: &'a mut Vec<usize>,
    /// Its own hidden arguments, as others know them, and what others hand to it.
    pub hidden: (Vec<Handed>, Vec<Handed>),
    /// What calls of this function give, if it is called.
    pub gives: Option<TypeSet>,
    /// What its ints do that do not fit.
    pub options: Options,
}

/// Makes the IR. It is what [`crate::ir::verify`] accepts. Without `calling`, calls of other functions leave.
#[must_use]
pub fn specialise(
    flow: &Flow,
    liveness: &Liveness,
    inferred: &Inferred,
    start: &Start,
    calling: Option<Calling<'_>>,
) -> Function {
    let given_back = |call: &Call| calling.as_ref().map_or_else(Vec::new, |calling| calling.calls.given_back(call));
    let origins = Origins::of(flow, start.parameters.iter().copied(), &given_back);
    let handed = calling.iter().flat_map(|calling| &calling.hidden.1);
    let function = Function {
        name: flow.name.clone(),
        params: start.parameters.iter().map(|&(_, one)| one).chain(handed.clone().map(|one| one.one)).collect(),
        called: None,
        parameters: 0,
        locals: Vec::new(),
        blocks: Vec::new(),
        exits: Vec::new(),
        loops: Vec::new(),
        result: TypeSet::EMPTY,
        compounds: Vec::new(),
        creations: Vec::new(),
        inlined: Vec::new(),
        effects: flow.has_effects(),
        returned: origins.returned(flow),
        origins: origins.named(flow),
        within: false,
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
        calling,
        handed: Vec::new(),
        waiting: Vec::new(),
        loop_sizes: loop_sizes(flow),
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
    exits: HashMap<(EntryId, Vec<Live>, Option<String>), ExitId>,
    narrow: &'a Narrow,
    calling: Option<Calling<'a>>,
    /// What it can hand to those that it calls.
    handed: Vec<(Handed, Tree<Operand>)>,
    waiting: Vec<Waiting>,
    /// The blocks of each loop of the flow graph, those of loops inside among them.
    loop_sizes: Vec<usize>,
}

fn loop_sizes(flow: &Flow) -> Vec<usize> {
    let mut sizes = vec![0; flow.loops.len()];
    for at in 0..flow.blocks.len() {
        for around in flow.loops_around(FlowId(at as u32)) {
            sizes[around.0 as usize] += 1;
        }
    }
    sizes
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
            self.parameter(variable, &mut Path::new(), one.into());
        }
        let (own, handed) = self.calling.as_ref().map(|calling| calling.hidden.clone()).unwrap_or_default();
        // What is handed down only has no variable of the function.
        let beyond = self.flow.variables.len() as u32;
        let handed = (beyond..).map(VarId).zip(handed).collect::<Vec<_>>();
        for &(variable, one) in &handed {
            self.parameter(variable, &mut Path::new(), one.one.into());
        }
        self.function.parameters = self.function.locals.len() as u32;
        let block = self.block(&[]);
        let parameters =
            start.parameters.iter().copied().chain(handed.iter().map(|&(variable, one)| (variable, one.one)));
        for (variable, one) in parameters.collect::<Vec<_>>() {
            let value = self.place(variable, one.into());
            self.open(block, &value);
        }
        let own = self.flow.hidden.iter().map(|hidden| hidden.variable).zip(own);
        for (variable, one) in own.chain(handed).collect::<Vec<_>>() {
            let value = self.place(variable, one.one.into()).map(&mut Operand::Local);
            self.handed.push((one, value));
        }
        self.callable(&state);
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
        let shape = match types.single() {
            Some(Type::Tuple(shape)) => shape,
            Some(Type::Array(array)) => return Tree::Array(array, self.array_leaves(variable, path, array)),
            Some(Type::Function(function)) => return Tree::Function(function),
            _ => return Tree::Leaf(self.leaf(variable, path, types)),
        };
        let part = |(at, &types)| {
            path.push(at);
            let part = self.part(variable, path, types);
            path.pop();
            part
        };
        Tree::Tuple(shape.elements().iter().enumerate().map(part).collect())
    }

    /// Makes the locals of a parameter that the caller fills.
    fn parameter(&mut self, variable: VarId, path: &mut Path, types: TypeSet) {
        match types.single() {
            Some(Type::Tuple(shape)) => {
                for (at, &types) in shape.elements().iter().enumerate() {
                    path.push(at);
                    self.parameter(variable, path, types);
                    path.pop();
                }
            }
            Some(Type::Array(array)) if array.view => {
                self.array_leaves(variable, path, array);
            }
            Some(Type::Function(_)) => {}
            Some(Type::Array(_)) => {
                path.push(0);
                self.leaf(variable, path, Type::Object.into());
                path.pop();
            }
            _ => {
                self.leaf(variable, path, types);
            }
        }
    }

    fn leaf(&mut self, variable: VarId, path: &Path, types: TypeSet) -> LocalId {
        let locals = &mut self.function.locals;
        *self.locals.entry((variable, path.clone(), types)).or_insert_with(|| {
            let name = self.flow.variables.get(variable.0 as usize).map(|variable| variable.name.clone());
            let name = name.unwrap_or_else(|| format!(".handed{}", variable.0 as usize - self.flow.variables.len()));
            let name = path.iter().fold(name, |name, at| format!("{name}.{at}"));
            locals.push(Local { name, types });
            LocalId(locals.len() as u32 - 1)
        })
    }

    /// A local for an intermediate value.
    fn intermediate(&mut self, one: Type) -> LocalId {
        self.intermediate_of(one.into())
    }

    /// A local for an intermediate value of one of several types.
    fn intermediate_of(&mut self, types: TypeSet) -> LocalId {
        let at = self.function.locals.len();
        self.function.locals.push(Local { name: format!(".c{at}"), types });
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
            let (args, whole) = match &step.kind {
                StepKind::Copy(_) | StepKind::Tuple(_) => (step.operands(), true),
                StepKind::Create(_) | StepKind::Call(_) => (step.operands(), false),
                StepKind::Op(..) | StepKind::Item(..) | StepKind::Place(..) => (step.operands(), false),
                StepKind::Keep(_) | StepKind::Leave(_) | StepKind::Hold(_) | StepKind::Function(_) => {
                    (Vec::new(), true)
                }
            };
            if let Some((variable, path)) = self.must_split(&args, whole, &at.state) {
                self.split(&at, variable, &path);
                return;
            }
            let done = match &step.kind {
                StepKind::Copy(arg) => self.copy(&mut at, step, *arg),
                StepKind::Keep(arg) => self.keep(&mut at, step, *arg),
                StepKind::Tuple(args) => self.display(&mut at, step, args),
                StepKind::Item(value, items) => self.item(&mut at, step, *value, items),
                StepKind::Create(creation) => self.create(&mut at, step, creation),
                StepKind::Function(one) => {
                    at.state.insert(step.target, Type::Function(*one).into());
                    true
                }
                StepKind::Call(call) => match self.builtin_of(&at, call) {
                    None => match self.call(&mut at, step, call) {
                        Some(After::Here) => true,
                        Some(After::Spread) => return,
                        None => false,
                    },
                    Some(one) => match self.packed(&mut at, step, one, call) {
                        None => false,
                        Some((name, args)) if functions::parts(name).is_some() => self.pair(&mut at, step, name, &args),
                        Some((name, args)) => match self.spread(&at, step, name, &args) {
                            Some(()) => return,
                            None => self.operation(&mut at, step, name, &args),
                        },
                    },
                },
                StepKind::Hold(_) => true,
                StepKind::Place(value, items) => self.element_place(&mut at, step, *value, items),
                StepKind::Op(name, args) => match self.spread(&at, step, name, args) {
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
                if types.contains(Type::Unbound) {
                    let exit = self.exit(entry, &at.state);
                    self.end(at.block, Terminator::Leave(exit));
                    return;
                }
                let value = self.operand(arg, &at.state);
                let (value, types) = self.given_back(at.block, value, types);
                if !self.can_return(types) {
                    let exit = self.exit(entry, &at.state);
                    self.end(at.block, Terminator::Leave(exit));
                    return;
                }
                self.function.result = self.function.result.join(types);
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

    /// Takes note of the type of a returned tuple, array or function; false if there are too many.
    fn can_return(&mut self, types: TypeSet) -> bool {
        let Some(compound @ (Type::Tuple(_) | Type::Array(_) | Type::Function(_))) = types.single() else {
            return true;
        };
        if compound.has_local_functions() {
            return false;
        }
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
        if types.contains(Type::Unbound) || is_mixed_up(self.flow, step.target, arg, types) {
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

    fn exit(&mut self, entry: EntryId, state: &State) -> ExitId {
        self.exit_pending(entry, state, None)
    }

    /// The exit at an entry point behind a call whose value, or exception, comes from the runtime under this name.
    fn exit_pending(&mut self, entry: EntryId, state: &State, pending: Option<String>) -> ExitId {
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
        *self.exits.entry((entry, live.clone(), pending.clone())).or_insert_with(|| {
            exits.push(Exit { statement: place.statement, point: place.point, live, pending, span: place.span });
            ExitId(exits.len() as u32 - 1)
        })
    }
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

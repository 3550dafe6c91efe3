//! The flow graph: a function whose names are bound and whose control flow is explicit, before it has types.
//!
//! Expressions are taken apart into steps on variables: those of the source, and temporaries, which are written once on each
//! path. A simple statement evaluates into temporaries first and writes its variables last, so that at every step that can
//! leave, the variables of the source stand as they stood at the start of the statement. Names that are written inside an
//! expression, or by the patterns of a `match`, are written to shadows meanwhile.

use std::sync::Arc;

use super::program::Body;
use crate::ir::{Constant, Point, reverse_post_order};
use crate::outside::{Callee, FunctionKey};
use crate::source::Span;
use crate::types::{Dtype, FunctionType, LocalFunction, Shape, Signature, Type};

/// Index of a [`Variable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VarId(pub u32);

/// Index of a [`FlowBlock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowId(pub u32);

/// Index of an [`EntryPoint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub u32);

/// Index of a [`FlowLoop`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowLoopId(pub u32);

/// A function before typing.
#[derive(Clone, Debug)]
pub struct Flow {
    /// The function's name.
    pub name: String,
    /// The parameters, which are the first variables.
    pub parameters: Vec<Parameter>,
    /// The first so many can be given by position.
    pub positional: usize,
    /// The first so many cannot be given by name.
    pub positional_only: usize,
    /// All variables.
    pub variables: Vec<Variable>,
    /// All blocks; the first is the entry.
    pub blocks: Vec<FlowBlock>,
    /// All loops, outer before inner.
    pub loops: Vec<FlowLoop>,
    /// The places where a continuation can enter.
    pub entries: Vec<EntryPoint>,
    /// Names outside the function whose meaning was taken as given: paths such as `range` or `math.sqrt`.
    pub guards: Vec<String>,
    /// Values from outside the function that every call reads anew: hidden arguments, behind the parameters.
    pub hidden: Vec<Hidden>,
    /// Where the source reads each local.
    pub reads: Vec<(VarId, Span)>,
    /// The functions that it makes while it runs.
    pub inner: Vec<Inner>,
    /// The key of what these functions have of its variables, if there are some.
    pub cells_key: Option<FunctionKey>,
    /// What an exit must know for functions that were made: names that they read, and their defaults.
    pub cells: Vec<VarId>,
    /// Of a function within a function: the [`Flow::cells_key`] of the one around it.
    pub owner: Option<FunctionKey>,
    /// The variables of the function around that it writes: what it returns is a tuple of its value and these.
    pub writes: Vec<VarId>,
    /// Variables of functions further around that it writes by calling others: the [`Flow::cells_key`] of that function, the variable there, and
    /// the one that holds it here.
    pub further: Vec<(FunctionKey, VarId, VarId)>,
}

/// A function within a function. What it has of the one around it are its hidden arguments, each a [`Cell`].
#[derive(Clone, Debug)]
pub struct Inner {
    /// Which it is.
    pub function: LocalFunction,
    /// What it does.
    pub body: Arc<Body>,
    /// Its place in the source.
    pub span: Span,
}

/// A variable of the function around, as a hidden argument of one within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The variable of the function around.
    pub outer: VarId,
    /// The parameter whose default it is.
    pub default_of: Option<usize>,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its place.
    pub span: Span,
    /// Its annotation; that of each value, if there are many.
    pub annotation: Annotation,
    /// It is `*args`: a tuple of whatever comes.
    pub variadic: bool,
}

impl Parameter {
    /// Its type for values of this type: of many, as far as nothing else is known, two.
    #[must_use]
    pub fn assumed(&self, one: Type) -> Type {
        let pair = || Shape::new(&[one.into(), one.into()]).map_or(one, Type::Tuple);
        if self.variadic { pair() } else { one }
    }
}

/// A value from outside the function that comes as an argument.
#[derive(Clone, Debug)]
pub struct Hidden {
    /// The name, or a path such as `module.name`.
    pub path: String,
    /// What holds it. It is no name of the function, so that a continuation does not get it.
    pub variable: VarId,
    /// Its type, as far as the editor knows it.
    pub told: Option<Type>,
    /// Of a function within a function: what it is in the one around it.
    pub cell: Option<Cell>,
}

/// What an annotation says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Annotation {
    /// There is none.
    Missing,
    /// A type of compiled code.
    Type(Type),
    /// Something else, at this place.
    Other(Span),
}

/// A variable.
#[derive(Clone, Debug)]
pub struct Variable {
    /// The name in the source, or one that begins with a dot.
    pub name: String,
    /// True for what a continuation must know: names of the source and the state of iterators.
    pub in_frame: bool,
    /// The name of the source that this is the shadow of: what the name holds within a statement that writes it inside an
    /// expression.
    pub shadows: Option<VarId>,
}

/// A block of steps.
#[derive(Clone, Debug)]
pub struct FlowBlock {
    /// The innermost loop around it.
    pub in_loop: Option<FlowLoopId>,
    /// Executed in order.
    pub steps: Vec<Step>,
    /// How it ends.
    pub end: End,
}

/// A loop of the source.
#[derive(Clone, Debug)]
pub struct FlowLoop {
    /// The one block through which it is entered.
    pub header: FlowId,
    /// The loop around it.
    pub parent: Option<FlowLoopId>,
    /// The entry point at the start of the header.
    pub entry: EntryId,
}

/// One step; `entry` is where the interpreter resumes if the step cannot finish.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is written.
    pub target: VarId,
    /// What is computed.
    pub kind: StepKind,
    /// The place a continuation enters.
    pub entry: EntryId,
    /// The place in the source: the expression, or the name that is bound.
    pub span: Span,
}

/// What a step computes.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// A copy; leaves if there is no value.
    Copy(Arg),
    /// A copy that keeps a name unbound: between a name that is written inside an expression and its shadow.
    Keep(Arg),
    /// A tuple of values.
    Tuple(Vec<Arg>),
    /// A part of an array.
    Item(Arg, Vec<Item>),
    /// The place of an element of an array that is to be written.
    Place(Arg, Vec<Item>),
    /// A new array, made by NumPy.
    Create(Box<Creation>),
    /// Rows of the table of this name, or, with a tuple among the operands, what [`super::specialise`] does with tuples.
    Op(&'static str, Vec<Arg>),
    /// A function as a value.
    Function(FunctionType),
    /// A call of another function; the target is a pin.
    Call(Box<Call>),
    /// Nothing is done; a continuation from an entry point before it reads these variables, as far as they are bound.
    Hold(Vec<VarId>),
    /// The side exit, always: the interpreter does the statement, and reads these variables. Nothing is written.
    Leave(Vec<VarId>),
}

/// A call of another function.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is called.
    pub target: Target,
    /// The arguments that are given by position.
    pub args: Vec<Arg>,
    /// The arguments that are given by name.
    pub keywords: Vec<(String, Arg)>,
    /// Where the interpreter goes on once the call is over.
    pub after: EntryId,
    /// The variable for all that is given by position, as a tuple: for functions that go over one.
    pub packed: VarId,
    /// What functions within a function, which this call may lead to, have of the functions around them.
    pub cells: Vec<Lent>,
    /// What it calls gives what it has written back, behind its value.
    pub gives_back: bool,
}

/// What a function within a function has of the one around it, where it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lent {
    /// The [`Flow::cells_key`] of the function around.
    pub of: FunctionKey,
    /// Its variable.
    pub outer: VarId,
    /// The variable that holds it here.
    pub here: VarId,
}

/// What a call calls.
#[derive(Clone, Debug)]
pub enum Target {
    /// A function from outside.
    Known(Callee),
    /// A function that is a value.
    Value(Arg),
}

impl Call {
    /// What it reads.
    #[must_use]
    pub fn operands(&self) -> Vec<Arg> {
        let function = match &self.target {
            Target::Known(_) => None,
            Target::Value(function) => Some(*function),
        };
        let args = self.args.iter().copied().chain(self.keywords.iter().map(|&(_, arg)| arg));
        function.into_iter().chain(args).chain(self.cells.iter().map(|one| Arg::Var(one.here))).collect()
    }
}

/// A call that makes an array.
#[derive(Clone, Debug)]
pub struct Creation {
    /// The name among [`super::creation::MAKERS`].
    pub function: &'static str,
    /// The parameter and the value of each argument, positional ones first.
    pub args: Vec<(&'static str, Arg)>,
    /// The first so many of them are given by position.
    pub positional: usize,
    /// The argument `dtype`.
    pub dtype: Option<DtypeArg>,
    /// The argument `order`.
    pub order: Option<char>,
    /// The argument `copy`.
    pub copy: Option<bool>,
}

/// An argument `dtype`.
#[derive(Clone, Copy, Debug)]
pub enum DtypeArg {
    /// A dtype that is known where the function is bound.
    Known(Dtype),
    /// The value of an expression, such as `a.dtype`.
    Of(Arg),
}

/// What stands between the brackets behind a value, from comma to comma.
#[derive(Clone, Copy, Debug)]
pub enum Item {
    /// An index.
    At(Arg),
    /// `start:stop:step`; what is left out is `None`.
    Slice([Arg; 3]),
    /// `...`
    Ellipsis,
    /// `None`, where it is written so.
    NewAxis,
}

/// What a step reads.
#[derive(Clone, Copy, Debug)]
pub enum Arg {
    /// A variable.
    Var(VarId),
    /// A constant.
    Constant(Constant),
}

/// How a block ends.
#[derive(Clone, Debug)]
pub enum End {
    /// To another block.
    Jump(FlowId),
    /// By a truth value, which is always a `bool`.
    Branch(Arg, FlowId, FlowId),
    /// Out of the function. The value is read at `entry`.
    Return(Arg, EntryId, Span),
}

/// A place where a continuation can enter.
#[derive(Clone, Debug)]
pub struct EntryPoint {
    /// Ordinal of the statement, pre-order.
    pub statement: u32,
    /// The part of it.
    pub point: Point,
    /// The statement or its header.
    pub span: Span,
    /// The first step that belongs to it.
    pub start: (FlowId, u32),
}

/// Where compiled code begins, and with what.
#[derive(Clone, Debug)]
pub struct Start {
    /// The first block: the function's, or the header of a loop.
    pub block: FlowId,
    /// The loop, if it is a header.
    pub header: Option<FlowLoopId>,
    /// The variables that are bound there, with their types, in the order of the IR's parameters.
    pub parameters: Vec<(VarId, Type)>,
}

impl Start {
    /// True if arrays come in: whether what is done with them can be compiled, their types decide.
    #[must_use]
    pub fn has_arrays(&self) -> bool {
        fn is_array(one: Type) -> bool {
            match one {
                Type::Array(_) => true,
                Type::Tuple(shape) => shape.elements().iter().any(|types| types.iter().any(is_array)),
                _ => false,
            }
        }
        self.parameters.iter().any(|&(_, one)| is_array(one))
    }

    /// The start of the function, with a type for each of its parameters and then for each of its hidden arguments.
    #[must_use]
    pub fn call(flow: &Flow, signature: &Signature) -> Self {
        let plain = (0..flow.parameters.len()).map(|at| VarId(at as u32));
        let variables = plain.chain(flow.hidden.iter().map(|hidden| hidden.variable));
        let parameters = variables.zip(signature.params.iter().copied()).collect();
        Self { block: FlowId(0), header: None, parameters }
    }
}

impl Flow {
    /// The loop whose statement has this ordinal.
    #[must_use]
    pub fn loop_of(&self, statement: u32) -> Option<FlowLoopId> {
        let of = |one: &FlowLoop| self.entries[one.entry.0 as usize].statement == statement;
        self.loops.iter().position(of).map(|at| FlowLoopId(at as u32))
    }

    /// True if something is written that is there when the call is over.
    #[must_use]
    pub fn has_effects(&self) -> bool {
        self.blocks.iter().flat_map(|block| &block.steps).any(|step| matches!(step.kind, StepKind::Place(..)))
    }

    /// The functions from outside that are values, or are called, in functions within it, too.
    #[must_use]
    pub fn functions(&self) -> Vec<FunctionType> {
        let inner = self.inner.iter().flat_map(|one| one.body.flow.functions()).collect::<Vec<_>>();
        self.own_functions().chain(inner).collect()
    }

    fn own_functions(&self) -> impl Iterator<Item = FunctionType> {
        self.blocks.iter().flat_map(|block| &block.steps).filter_map(|step| match &step.kind {
            StepKind::Function(one) => one.as_local().is_none().then_some(*one),
            StepKind::Call(call) => match &call.target {
                Target::Known(callee) => Some(FunctionType::callee(callee)),
                Target::Value(_) => None,
            },
            _ => None,
        })
    }

    /// The function that is made at a place, if this function makes it.
    #[must_use]
    pub fn inner_of(&self, key: FunctionKey) -> Option<&Inner> {
        self.inner.iter().find(|one| one.function.callee.key == key)
    }

    /// True if there are calls that make arrays.
    #[must_use]
    pub fn makes_arrays(&self) -> bool {
        self.blocks.iter().flat_map(|block| &block.steps).any(|step| matches!(step.kind, StepKind::Create(_)))
    }

    /// The block with this id.
    #[must_use]
    pub fn block(&self, id: FlowId) -> &FlowBlock {
        &self.blocks[id.0 as usize]
    }

    /// A new variable for an intermediate value.
    pub fn temporary(&mut self) -> VarId {
        let name = format!(".{}", self.variables.len());
        self.variables.push(Variable { name, in_frame: false, shadows: None });
        VarId(self.variables.len() as u32 - 1)
    }

    /// What a variable is called in the source: a shadow like its name.
    #[must_use]
    pub fn name(&self, id: VarId) -> &str {
        let variable = &self.variables[id.0 as usize];
        &self.variables[variable.shadows.unwrap_or(id).0 as usize].name
    }

    /// The place of each block in reverse post-order; blocks that nothing reaches come last.
    #[must_use]
    pub fn reverse_post_order(&self) -> Vec<usize> {
        let successors = |at: usize| self.blocks[at].successors().into_iter().map(|to| to.0 as usize).collect();
        reverse_post_order(self.blocks.len(), successors)
    }

    /// The loops around a block, outermost first.
    #[must_use]
    pub fn loops_around(&self, block: FlowId) -> Vec<FlowLoopId> {
        let mut chain = Vec::new();
        let mut next = self.block(block).in_loop;
        while let Some(id) = next {
            chain.push(id);
            next = self.loops[id.0 as usize].parent;
        }
        chain.reverse();
        chain
    }
}

impl FlowBlock {
    /// The blocks it can go to.
    #[must_use]
    pub fn successors(&self) -> Vec<FlowId> {
        match self.end {
            End::Jump(block) => vec![block],
            End::Branch(_, then_block, else_block) => vec![then_block, else_block],
            End::Return(..) => Vec::new(),
        }
    }
}

impl Step {
    /// The variables it reads.
    pub fn reads(&self) -> impl Iterator<Item = VarId> {
        let (args, items, variables) = match &self.kind {
            StepKind::Copy(arg) | StepKind::Keep(arg) => (std::slice::from_ref(arg), [].as_slice(), [].as_slice()),
            StepKind::Op(_, args) | StepKind::Tuple(args) => (args.as_slice(), [].as_slice(), [].as_slice()),
            StepKind::Item(arg, items) | StepKind::Place(arg, items) => {
                (std::slice::from_ref(arg), items.as_slice(), [].as_slice())
            }
            StepKind::Leave(variables) | StepKind::Hold(variables) => {
                ([].as_slice(), [].as_slice(), variables.as_slice())
            }
            StepKind::Create(_) | StepKind::Call(_) | StepKind::Function(_) => {
                ([].as_slice(), [].as_slice(), [].as_slice())
            }
        };
        let items = items.iter().flat_map(Item::args);
        let made = match &self.kind {
            StepKind::Create(creation) => creation.operands(),
            StepKind::Call(call) => call.operands(),
            _ => Vec::new(),
        };
        let args = args.iter().copied().chain(items).chain(made);
        args.filter_map(Arg::var).chain(variables.iter().copied())
    }

    /// What it reads of one type each, tags known: the operands of an operation.
    #[must_use]
    pub fn operands(&self) -> Vec<Arg> {
        match &self.kind {
            StepKind::Copy(arg) | StepKind::Keep(arg) => vec![*arg],
            StepKind::Op(_, args) | StepKind::Tuple(args) => args.clone(),
            StepKind::Item(arg, items) | StepKind::Place(arg, items) => {
                std::iter::once(*arg).chain(items.iter().flat_map(Item::args)).collect()
            }
            StepKind::Create(creation) => creation.operands(),
            StepKind::Call(call) => call.operands(),
            StepKind::Leave(_) | StepKind::Hold(_) | StepKind::Function(_) => Vec::new(),
        }
    }
}

impl Creation {
    /// What it reads.
    #[must_use]
    pub fn operands(&self) -> Vec<Arg> {
        let dtype = match self.dtype {
            Some(DtypeArg::Of(value)) => Some(value),
            Some(DtypeArg::Known(_)) | None => None,
        };
        self.args.iter().map(|&(_, arg)| arg).chain(dtype).collect()
    }
}

impl Item {
    /// What it is made of.
    #[must_use]
    pub fn args(&self) -> Vec<Arg> {
        match self {
            Self::At(index) => vec![*index],
            Self::Slice(bounds) => bounds.to_vec(),
            Self::Ellipsis | Self::NewAxis => Vec::new(),
        }
    }
}

impl Arg {
    /// The variable, if it is one.
    #[must_use]
    pub const fn var(self) -> Option<VarId> {
        match self {
            Self::Var(id) => Some(id),
            Self::Constant(_) => None,
        }
    }
}

//! The typed IR: one function, specialised for one signature.
//!
//! A control-flow graph of basic blocks over typed locals. Every local has one [`TypeSet`] for its whole life: a name of the
//! source that changes its type is several locals. Every operation names one row of the table of operators
//! ([`crate::ops`]), whose parameter types equal its operands'. Every operation that can leave names a side exit.
//! Spans and lines are not part of what is encoded: the encoded form is what machine code depends on, and nothing else.
//!
//! [`verify`] holds the invariants, [`print`] the text form.

pub mod print;
mod rename;
pub mod verify;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ops::OpId;
use crate::source::Span;
use crate::types::{ArrayType, Dtype, FunctionType, Shape, Type, TypeSet};

/// Index of a [`Local`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LocalId(pub u32);

/// Index of a [`Block`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BlockId(pub u32);

/// Index of an [`Exit`]: the ordinal that compiled code reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ExitId(pub u32);

/// Index of a [`Loop`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LoopId(pub u32);

/// What is compiled together: a function and those that it calls, each for one signature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    /// The functions; the first is the one that is entered from outside.
    pub functions: Vec<Function>,
}

/// One function for one signature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Function {
    /// The function's name in the source.
    pub name: String,
    /// The types of the parameters.
    pub params: Vec<Type>,
    /// How compiled code calls it; `None` if none does.
    pub called: Option<Called>,
    /// The first so many locals are the parameters, each of one type; a tuple is as many as it has leaves, an array is its object.
    pub parameters: u32,
    /// All locals.
    pub locals: Vec<Local>,
    /// All blocks; the first is the entry and has no predecessor.
    pub blocks: Vec<Block>,
    /// All side exits.
    pub exits: Vec<Exit>,
    /// All loops, outer before inner.
    pub loops: Vec<Loop>,
    /// Every type the function may return.
    pub result: TypeSet,
    /// The types of the tuples and arrays that it returns: the status of a returned one counts from the first of them.
    pub compounds: Vec<Type>,
    /// Parameters whose very object, or what they hold, may be returned, so that the caller gives back the same object.
    pub returned: Vec<Origin>,
    /// For each name of the source, the parameters whose very object it may hold, if there are any. Exits need it; machine code
    /// does not depend on it.
    #[serde(skip)]
    pub origins: BTreeMap<String, Vec<Origin>>,
    /// The calls that make arrays.
    pub creations: Vec<Creation>,
    /// The exits by which functions leave that are done in place of their calls.
    #[serde(skip)]
    pub inlined: Vec<ExitId>,
    /// True if it changes arrays: a call that has begun is never begun again.
    pub effects: bool,
    /// True for one that stands within the unit's first function: its spans are places in the same text. Machine code does not depend on it.
    #[serde(skip)]
    pub within: bool,
}

/// A function as compiled code calls it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Called {
    /// What a call gives: a set that includes everything the function returns, and that one value can be held in; or such a set of scalars
    /// together with one of a compound: of that the leaves are a scalar, which is unbound if it is the compound, and those of the
    /// compound ([`TypeSet::mixed`]).
    pub gives: TypeSet,
    /// The exit at its start, with the parameters live: taken where calls are nested too deeply.
    pub exit: ExitId,
    /// It may call itself, by way of others too: calls of it are counted.
    pub is_recursive: bool,
    /// Where it leaves, its caller leaves in front of the call, and so does the caller of that, down to the function that has the variables
    /// which only functions within it know: the interpreter does the call from its start. It has no effects.
    pub restarts: bool,
    /// What its decorator wants.
    pub options: Options,
}

/// What the decorator of a function wants of its machine code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Options {
    /// The decorator's `overflow`.
    pub overflow: Overflow,
    /// The decorator's `fastmath`: floats may be added up in another order, multiplied and added with one rounding, and divided by way
    /// of a reciprocal; the sign of zero does not count; functions are those of the vector library where that is faster.
    pub fastmath: bool,
}

/// What to do with ints that do not fit 64 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Overflow {
    /// Leave compiled code: exact.
    #[default]
    Exact,
    /// Wrap as C's 64-bit integers do.
    Wrap,
}

/// A local: a name of the source with its type, a temporary, or the state of a loop's iterator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Local {
    /// The name in the source; temporaries and iterators have names that no source can have, such as `.2` and `.next`.
    pub name: String,
    /// What it may hold.
    pub types: TypeSet,
}

/// A basic block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// The innermost loop it belongs to.
    pub in_loop: Option<LoopId>,
    /// Executed in order.
    pub statements: Vec<Statement>,
    /// How it ends.
    pub terminator: Terminator,
}

/// A loop. Loops are reducible: `header` is the one block through which it is entered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loop {
    /// The block every turn begins with.
    pub header: BlockId,
    /// The loop around it.
    pub parent: Option<LoopId>,
    /// Where it leaves if the poll at its header says so.
    pub poll: Option<ExitId>,
}

/// `target = value`. The only statement; a row that stores an element is the only one that has an effect on more than its target,
/// and nothing of the same simple statement of the source that could leave stands behind it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// The local written.
    pub target: LocalId,
    /// What is written.
    pub value: Value,
    /// Whether it may be done in 128 bits.
    pub chain: Chain,
    /// The place in the source.
    #[serde(skip)]
    pub span: Span,
}

/// Statements in a row that compute one int from others. Where an intermediate does not fit 64 bits, all of them are done in
/// 128 bits, aside, and only a last result that does not fit leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Chain {
    /// Part of no chain.
    #[default]
    Alone,
    /// An intermediate, which nothing outside of the chain reads.
    Part,
    /// The last statement.
    End,
}

/// What a statement computes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// A copy, or the conversion to the target's type that loses nothing: `bool` to `int`, `int` to the nearest `float`,
    /// any type to a tagged set that includes it, a tagged value to a member that a [`Terminator::Switch`] proved.
    Convert(Operand),
    /// A row of the table applied to operands; `exit` is there exactly if the row can leave.
    Op {
        /// The row.
        op: OpId,
        /// Its operands.
        args: Vec<Operand>,
        /// Where it goes if it cannot finish.
        exit: Option<ExitId>,
    },
    /// A new array object, made by a function of NumPy.
    Create(Box<Create>),
    /// A call of another function of the unit, or of this one. The target holds nothing: what the call gives is read by
    /// [`Value::Given`], one statement for each leaf, right behind the call.
    Call(Box<Call>),
    /// A leaf, by its number, of what the call before this statement gives.
    Given(u32),
}

/// A call of a function of the unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// What is called: an index of [`Unit::functions`].
    pub callee: u32,
    /// A value for each parameter.
    pub args: Vec<Tree<Operand>>,
    /// The exit in front of the call: what leaves there makes the call again.
    pub again: ExitId,
    /// Where the caller goes if the callee gives nothing that compiled code can hold. The call is done, or has raised: the
    /// runtime knows, and the exit says which name its result has ([`Exit::pending`]).
    pub exit: ExitId,
}

/// An array that NumPy makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Create {
    /// What is called: an index of [`Function::creations`].
    pub creation: u32,
    /// Its arguments, each as it stands in a frame.
    pub args: Vec<Tree<Operand>>,
    /// The objects that own the arrays which are still needed when it is done: all others that the run has made may go.
    pub alive: Vec<LocalId>,
    /// Where it goes if NumPy raises, or makes something else.
    pub exit: ExitId,
}

/// A call that makes an array.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Creation {
    /// The function, `numpy.zeros`, or a method of arrays, `.copy`, whose first argument is the array.
    pub function: String,
    /// The types of the arguments, the positional ones first.
    pub params: Vec<Type>,
    /// The names of the last arguments.
    pub keywords: Vec<String>,
    /// The argument `dtype`.
    pub dtype: Option<Dtype>,
    /// The argument `order`.
    pub order: Option<char>,
    /// The argument `copy`.
    pub copy: Option<bool>,
    /// The type of the array that must come out.
    pub result: ArrayType,
}

/// A parameter whose object a value may be, or may have to do with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Its place among the parameters.
    pub parameter: u32,
    /// It may be the object itself.
    pub is_whole: bool,
    /// It may be an object that that one, a tuple, holds.
    pub is_part: bool,
    /// It may be a tuple that holds that object, or a part of it.
    pub is_holder: bool,
}

impl Value {
    /// What it reads.
    #[must_use]
    pub fn operands(&self) -> Vec<Operand> {
        match self {
            Self::Convert(operand) => vec![*operand],
            Self::Op { args, .. } => args.clone(),
            Self::Create(create) => {
                let alive = create.alive.iter().copied().map(Operand::Local);
                create.args.iter().flat_map(Tree::leaves).chain(alive).collect()
            }
            Self::Call(call) => call.args.iter().flat_map(Tree::leaves).collect(),
            Self::Given(_) => Vec::new(),
        }
    }

    /// Where it goes if it cannot finish.
    #[must_use]
    pub fn exit(&self) -> Option<ExitId> {
        match self {
            Self::Convert(_) | Self::Given(_) => None,
            Self::Op { exit, .. } => *exit,
            Self::Create(create) => Some(create.exit),
            Self::Call(call) => Some(call.exit),
        }
    }
}

/// A value of the source: a scalar, a tuple of values, an array, or a function.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Tree<T> {
    /// A scalar.
    Leaf(T),
    /// A tuple.
    Tuple(Vec<Tree<T>>),
    /// An array: owner, data, lengths, and strides if its layout does not give them.
    Array(ArrayType, Vec<T>),
    /// A function, of which the type says all.
    Function(FunctionType),
}

impl<T: Copy> Tree<T> {
    /// The scalars, depth first.
    pub fn leaves(&self) -> Vec<T> {
        match self {
            Self::Leaf(leaf) => vec![*leaf],
            Self::Tuple(parts) => parts.iter().flat_map(Self::leaves).collect(),
            Self::Array(_, leaves) => leaves.clone(),
            Self::Function(_) => Vec::new(),
        }
    }

    /// The scalars that stand in a frame, depth first: of an array that has an object, that object.
    pub fn in_frame(&self) -> Vec<T> {
        match self {
            Self::Leaf(leaf) => vec![*leaf],
            Self::Tuple(parts) => parts.iter().flat_map(Self::in_frame).collect(),
            Self::Array(array, leaves) => leaves[..array.words()].to_vec(),
            Self::Function(_) => Vec::new(),
        }
    }

    /// The same tree of other leaves.
    pub fn map<U>(&self, change: &mut impl FnMut(T) -> U) -> Tree<U> {
        match self {
            Self::Leaf(leaf) => Tree::Leaf(change(*leaf)),
            Self::Tuple(parts) => Tree::Tuple(parts.iter().map(|part| part.map(change)).collect()),
            Self::Array(array, leaves) => Tree::Array(*array, leaves.iter().map(|&leaf| change(leaf)).collect()),
            Self::Function(function) => Tree::Function(*function),
        }
    }

    /// The types of the value, given those of its leaves; `None` for a tuple that is too large.
    pub fn types(&self, of: &impl Fn(T) -> TypeSet) -> Option<TypeSet> {
        match self {
            Self::Leaf(leaf) => Some(of(*leaf)),
            Self::Array(array, _) => Some(Type::Array(*array).into()),
            Self::Function(function) => Some(Type::Function(*function).into()),
            Self::Tuple(parts) => {
                let parts = parts.iter().map(|part| part.types(of)).collect::<Option<Vec<_>>>()?;
                Shape::new(&parts).map(|shape| Type::Tuple(shape).into())
            }
        }
    }
}

/// What an operation reads.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Operand {
    /// A local.
    Local(LocalId),
    /// A constant.
    Constant(Constant),
}

/// A constant.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Constant {
    /// `None`.
    None,
    /// `True`, `False`.
    Bool(bool),
    /// An integer of 64 bits.
    Int(i64),
    /// A float.
    Float(f64),
    /// An integer of 64 bits without a sign.
    Nat(u64),
    /// Real and imaginary part.
    Complex(f64, f64),
}

impl Constant {
    /// Its type.
    #[must_use]
    pub const fn ty(self) -> Type {
        match self {
            Self::None => Type::None,
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Float(_) => Type::Float,
            Self::Nat(_) => Type::Nat,
            Self::Complex(..) => Type::Complex,
        }
    }
}

/// How a block ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Terminator {
    /// To another block.
    Jump(BlockId),
    /// By a `bool`.
    Branch {
        /// The condition, of type `bool`.
        condition: Operand,
        /// Taken if it is true.
        then_block: BlockId,
        /// Taken if it is false.
        else_block: BlockId,
    },
    /// By the tag of a tagged local; one arm for each member of its type set.
    Switch {
        /// The local.
        subject: LocalId,
        /// A block for each type.
        arms: Vec<(Type, BlockId)>,
    },
    /// Back to the caller.
    Return(Tree<Operand>),
    /// The side exit, always: the statement cannot be done in compiled code.
    Leave(ExitId),
}

/// A side exit: where the interpreter takes over, and with which locals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exit {
    /// Ordinal of the statement among all statements of the function's body, in the order of the source (pre-order), from 0.
    pub statement: u32,
    /// The part of the statement at which it is entered again.
    pub point: Point,
    /// What the rest of the function may read, as it stands at that point; bound or tagged as unbound.
    pub live: Vec<Live>,
    /// The hidden name that stands for a call that compiled code has made and that is over: what it gave, or what it raised, comes
    /// from the runtime.
    pub pending: Option<String>,
    /// The place of the statement, or of its header.
    #[serde(skip)]
    pub span: Span,
}

/// A variable in an exit record.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Live {
    /// The name in the source, or that of an iterator's state.
    pub name: String,
    /// The locals that hold its value.
    pub value: Tree<LocalId>,
}

/// Where within a statement a continuation enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Point {
    /// The start of a simple statement.
    Start,
    /// Before the condition of an `if` or a `while`.
    Condition,
    /// Before the iterable of a `for`.
    Iterable,
    /// Before the next turn of a `for`.
    Advance,
    /// Before the target of a `for` is bound.
    Target,
}

impl Unit {
    /// The compact form, which holds all that machine code depends on and no place in the source.
    ///
    /// # Errors
    /// Only if memory runs out.
    pub fn encode(&self) -> Result<Vec<u8>, String> {
        postcard::to_stdvec(self).map_err(|error| error.to_string())
    }
}

impl Function {
    /// The local with this id.
    #[must_use]
    pub fn local(&self, id: LocalId) -> &Local {
        &self.locals[id.0 as usize]
    }

    /// The block with this id.
    #[must_use]
    pub fn block(&self, id: BlockId) -> &Block {
        &self.blocks[id.0 as usize]
    }

    /// What an operand may hold.
    #[must_use]
    pub fn types(&self, operand: Operand) -> TypeSet {
        match operand {
            Operand::Local(id) => self.local(id).types,
            Operand::Constant(constant) => constant.ty().into(),
        }
    }

    /// The type of the tuple or array whose status is so far from the first: of those that it returns, and behind them of those that it
    /// gives when it is called.
    #[must_use]
    pub fn compound(&self, at: usize) -> Option<Type> {
        let given = || {
            let gives = self.called.as_ref()?.gives.compounds();
            gives.iter().nth(at.checked_sub(self.compounds.len())?)
        };
        self.compounds.get(at).copied().or_else(given)
    }

    /// The types of a returned value.
    #[must_use]
    pub fn returned_types(&self, value: &Tree<Operand>) -> Option<TypeSet> {
        value.types(&|operand| self.types(operand))
    }

    /// The compact form, which holds all that machine code depends on and no place in the source.
    ///
    /// # Errors
    /// Only if memory runs out.
    pub fn encode(&self) -> Result<Vec<u8>, String> {
        postcard::to_stdvec(self).map_err(|error| error.to_string())
    }

    /// Reads the compact form back; spans are empty.
    ///
    /// # Errors
    /// If the bytes are not one encoded function.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        postcard::from_bytes(bytes).map_err(|error| error.to_string())
    }
}

/// The place of each node of a graph in reverse post-order from node 0; what nothing reaches comes last.
pub(crate) fn reverse_post_order(nodes: usize, successors: impl Fn(usize) -> Vec<usize>) -> Vec<usize> {
    let mut place = vec![usize::MAX; nodes];
    let mut seen = vec![false; nodes];
    let mut next = nodes;
    let mut path = vec![(0, successors(0).into_iter())];
    seen[0] = true;
    while let Some((node, rest)) = path.last_mut() {
        match rest.next() {
            Some(to) if !std::mem::replace(&mut seen[to], true) => path.push((to, successors(to).into_iter())),
            Some(_) => {}
            None => {
                next -= 1;
                place[*node] = next;
                path.pop();
            }
        }
    }
    place
}

impl Terminator {
    /// The blocks it can go to.
    #[must_use]
    pub fn successors(&self) -> Vec<BlockId> {
        match self {
            Self::Jump(block) => vec![*block],
            Self::Branch { then_block, else_block, .. } => vec![*then_block, *else_block],
            Self::Switch { arms, .. } => arms.iter().map(|&(_, block)| block).collect(),
            Self::Return(_) | Self::Leave(_) => Vec::new(),
        }
    }
}

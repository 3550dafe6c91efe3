//! How Rust and compiled code meet: the entry, its status, the frame of words, and what code asks of its caller as it runs.
//!
//! An entry has the C signature `u64 entry(u64 *frame, Activation *activation)`. On entering, the frame holds the arguments, one
//! after the other. On leaving, the status says what happened:
//!
//! - below [`COMPOUND_BASE`]: the function returned a scalar; the status is the tag of its type, its payload begins the frame.
//! - from [`COMPOUND_BASE`] on: it returned a tuple, an array or a function, whose type is number `status - COMPOUND_BASE` of the function's.
//! - [`PENDING`]: the interpreter has done the rest of the function, and its result is known to whoever runs the code.
//! - from [`EXIT_BASE`] on: side exit number `status - EXIT_BASE`; the frame holds that exit's live locals in the order of
//!   the exit record.
//!
//! A value of one type is its payload, a tagged one its tag and then the payload (of as many words as the largest member
//! has), a tuple its elements. A payload is an i64, a u64, the bits of an f64, 0 or 1 for a bool, two words of f64 for a
//! complex; `None` and an unbound name have the payload 0. A scalar of NumPy is its bits, an int with a sign extended by it, a
//! complex of either size in two words. An array is the address of its object; a view, for which there is no object, is its
//! leaves ([`crate::types::ArrayType::leaves`]). A function has no word.

use std::ffi::c_void;
use std::mem::MaybeUninit;

use crate::ir::{Exit, Function, LocalId, Tree};
use crate::types::{ArrayType, Dtype, FunctionType, Shape, Type, TypeSet};

/// Statuses from here on are tuples, arrays and functions.
pub const COMPOUND_BASE: u64 = 32;
/// Statuses from here on are side exits, but for [`PENDING`].
pub const EXIT_BASE: u64 = 1 << 12;
/// Types of tuples and arrays that one function can return.
pub const MOST_COMPOUNDS: usize = (EXIT_BASE - COMPOUND_BASE) as usize;

/// The machine code of one specialisation. The frame must have [`frame_words`] words; the activation lives through the call and is
/// nobody else's meanwhile.
pub type Entry = unsafe extern "C" fn(frame: *mut u64, activation: *mut Activation) -> u64;

/// One run of compiled code, as the code sees it: the head of a struct that whoever enters the code makes on its stack. All but the
/// services is written by the entry of a unit in which there are calls, and read by nobody else before.
#[repr(C)]
#[derive(Debug)]
pub struct Activation {
    /// What the code may call.
    pub services: *const Services,
    /// What may be spent until the next poll, while no function of the unit has it in a register.
    pub fuel: MaybeUninit<i64>,
    /// How many more calls of functions that may call themselves may be nested.
    pub depth: MaybeUninit<i64>,
    /// The frame that the entry was called with: what a called function leaves, and what it is given for that.
    pub frame: MaybeUninit<*mut u64>,
}

impl Activation {
    /// The head of a run that is about to begin.
    #[inline(always)]
    #[must_use]
    pub const fn new(services: *const Services) -> Self {
        let (fuel, depth, frame) = (MaybeUninit::uninit(), MaybeUninit::uninit(), MaybeUninit::uninit());
        Self { services, fuel, depth, frame }
    }
}

/// The `depth` of a run that begins.
pub const FIRST_DEPTH: i64 = 12;

/// A call that has not come to a value that its caller can hold. It is over: whoever runs the code knows what it has given or raised.
/// That is what [`Services::leave`] gives, and also the status of an entry whose function calls itself.
pub const PENDING: u64 = u64::MAX;

/// No exit of the function that was entered.
pub const NO_EXIT: u64 = u64::MAX;

/// What compiled code asks of whoever entered it. The table is static; the activation says for which run.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Services {
    /// Looks after the world outside: signals, other threads, guards. Gives the fuel until the next poll, or a negative number: the
    /// code leaves by the exit of the loop header at which it polls, which is `exit` of the function that was entered, or
    /// [`NO_EXIT`] if the code is within a function that is called.
    pub poll: unsafe extern "C" fn(activation: *mut Activation, exit: u64) -> i64,
    /// Calls the function that row number `function` of the table stands for in the interpreter, with boxed `args`: the payloads of
    /// the row's parameters; where it takes any number of operands, their number, then for each its tag and
    /// [`HOST_OVER_WORDS`] - 1 words for its payload. Gives 0 with the result's payload written, else the code leaves.
    pub host:
        unsafe extern "C" fn(activation: *mut Activation, function: u64, args: *const u64, result: *mut u64) -> u8,
    /// Has NumPy make an array: number `creation` ([`creation_number`]), with boxed `args`, behind which `alive` objects stand: others
    /// that this run has made since the innermost called function began may go. Gives the object, which the run holds, or null: the code
    /// leaves.
    pub create:
        unsafe extern "C" fn(activation: *mut Activation, creation: u64, args: *const u64, alive: u64) -> *mut c_void,
    /// A function that compiled code has called leaves by one of its exits, whose record stands in [`Activation::frame`]. The
    /// interpreter does the rest of it. Gives 0 with the result in the frame, as [`crate::ir::Called::gives`] has it; or [`PENDING`]:
    /// each caller leaves by the exit of its call.
    pub leave: unsafe extern "C" fn(activation: *mut Activation, function: u64, exit: u64) -> u64,
    /// [`Activation::depth`] is below zero. Not zero if calls may be nested more deeply, by so many as have been added to it, else the
    /// function that was called leaves.
    pub deeper: unsafe extern "C" fn(activation: *mut Activation) -> u8,
    /// A called function begins that may make arrays. Gives a mark, for [`Self::settle`].
    pub mark: unsafe extern "C" fn(activation: *mut Activation) -> u64,
    /// The called function that got this mark ends: what has been made since may go, but for so many objects.
    pub settle: unsafe extern "C" fn(activation: *mut Activation, mark: u64, kept: *const u64, count: u64),
    /// What has been made since the innermost called function began may go, but for so many objects, if it has become much.
    pub sweep: unsafe extern "C" fn(activation: *mut Activation, kept: *const u64, count: u64),
    /// Asks whether the code leaves here although it need not: not zero if so. Only code made for tests asks.
    pub probe: unsafe extern "C" fn(activation: *mut Activation) -> u8,
}

/// The number by which compiled code names creation number `creation` of function number `function` of its unit.
#[must_use]
pub const fn creation_number(function: u32, creation: u32) -> u64 {
    (function as u64) << 32 | creation as u64
}

/// Words for each operand of a row that takes any number of them and that the interpreter does.
pub const HOST_OVER_WORDS: usize = 3;

/// Words for all operands of such a row.
#[must_use]
pub const fn host_over_words(operands: usize) -> usize {
    1 + HOST_OVER_WORDS * operands
}

/// Where NumPy keeps the address of an array's first element in its object, in bytes.
pub const ARRAY_DATA: usize = 16;
/// Where it keeps the address of the lengths, each an i64.
pub const ARRAY_LENGTHS: usize = 32;
/// Where an array object has the number of its dimensions, an `int`.
pub const ARRAY_DIMENSIONS: usize = 24;
/// Where it keeps the address of the strides, each an i64, in bytes.
pub const ARRAY_STRIDES: usize = 40;

/// The name of the entry's symbol in object code.
pub const ENTRY_SYMBOL: &str = "brrr_entry";

/// Words that the frame of a function needs: the arguments, the result, and the largest exit record.
#[must_use]
pub fn frame_words(function: &Function) -> usize {
    let parameters = function.locals[..function.parameters as usize].iter().map(|local| local.types.words()).sum();
    let scalar = function.result.iter().map(Type::words).max().unwrap_or(0);
    let compounds = function.compounds.iter().map(|one| one.words()).max().unwrap_or(0);
    let records = function.exits.iter().map(|exit| exit_words(function, exit)).max().unwrap_or(0);
    let gives = function.called.as_ref().map_or(0, |called| called.gives.words());
    usize::max(parameters, scalar).max(compounds).max(records).max(gives).max(1)
}

/// Words that the frame of a unit needs: what its functions leave, and what they give then, stands in it as well.
#[must_use]
pub fn unit_words(functions: &[Function]) -> usize {
    functions.iter().map(frame_words).max().unwrap_or(1)
}

/// Words that an exit writes.
#[must_use]
pub fn exit_words(function: &Function, exit: &Exit) -> usize {
    let words = |id: LocalId| function.local(id).types.words();
    exit.live.iter().flat_map(|live| live.value.in_frame()).map(words).sum()
}

/// One value as it stands in a frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// The name is not bound.
    Unbound,
    /// `None`.
    None,
    /// A `bool`.
    Bool(bool),
    /// An `int`.
    Int(i64),
    /// A `float`.
    Float(f64),
    /// An `int` without a sign.
    Nat(u64),
    /// Real and imaginary part.
    Complex(f64, f64),
    /// A scalar of NumPy, by its words.
    Scalar(Dtype, [u64; 2]),
    /// A `tuple`.
    Tuple(Vec<Value>),
    /// An array, by its words.
    Array(ArrayType, Vec<u64>),
    /// A function.
    Function(FunctionType),
}

impl Value {
    /// Reads a value of one of the types from the words of a frame. `None` if the words end, or a tag is no type's: that
    /// cannot come from verified code.
    pub fn read(types: TypeSet, words: &mut impl Iterator<Item = u64>) -> Option<Self> {
        match types.single() {
            Some(one) => Self::payload(one, words),
            None => {
                let one = Type::from_tag(words.next()?)?;
                let value = Self::payload(one, words)?;
                // The payload of a smaller member is padded.
                (one.words() + 1..types.words()).for_each(|_| {
                    words.next();
                });
                Some(value)
            }
        }
    }

    /// True if it is, or holds, an array.
    #[must_use]
    pub fn has_array(&self) -> bool {
        match self {
            Self::Array(..) => true,
            Self::Tuple(elements) => elements.iter().any(Self::has_array),
            Self::Unbound
            | Self::None
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Nat(_)
            | Self::Complex(..)
            | Self::Scalar(..)
            | Self::Function(_) => false,
        }
    }

    fn payload(one: Type, words: &mut impl Iterator<Item = u64>) -> Option<Self> {
        match one {
            Type::Tuple(shape) => return Self::tuple(shape, words),
            Type::Function(function) => return Some(Self::Function(function)),
            Type::Array(array) => {
                let words = words.take(array.words()).collect::<Vec<_>>();
                return (words.len() == array.words()).then_some(Self::Array(array, words));
            }
            _ => {}
        }
        let word = words.next()?;
        Some(match one {
            Type::Unbound => Self::Unbound,
            Type::None => Self::None,
            Type::Bool => Self::Bool(word != 0),
            Type::Int => Self::Int(word.cast_signed()),
            Type::Float => Self::Float(f64::from_bits(word)),
            Type::Nat => Self::Nat(word),
            Type::Complex => Self::Complex(f64::from_bits(word), f64::from_bits(words.next()?)),
            Type::Scalar(dtype) => Self::Scalar(dtype, [word, if dtype.words() > 1 { words.next()? } else { 0 }]),
            Type::Low | Type::Object | Type::Pointer | Type::Tuple(_) | Type::Array(_) | Type::Function(_) => {
                return None;
            }
        })
    }

    /// Reads a returned tuple, array or function.
    pub fn compound(one: Type, words: &mut impl Iterator<Item = u64>) -> Option<Self> {
        Self::payload(one, words)
    }

    /// Reads a tuple of a shape.
    fn tuple(shape: Shape, words: &mut impl Iterator<Item = u64>) -> Option<Self> {
        let elements = shape.elements().iter().map(|&types| Self::read(types, words));
        elements.collect::<Option<Vec<_>>>().map(Self::Tuple)
    }
}

/// Reads the live locals of an exit from its frame: `(name, value)`, names unbound there left out.
///
/// A frame that is too short ends the list.
#[must_use]
pub fn read_exit<'a>(function: &Function, exit: &'a Exit, frame: &[u64]) -> Vec<(&'a str, Value)> {
    let mut words = frame.iter().copied();
    let mut live = Vec::with_capacity(exit.live.len());
    for one in &exit.live {
        let Some(value) = read_tree(function, &one.value, &mut words) else { break };
        if value != Value::Unbound {
            live.push((one.name.as_str(), value));
        }
    }
    live
}

fn read_tree(function: &Function, tree: &Tree<LocalId>, words: &mut impl Iterator<Item = u64>) -> Option<Value> {
    match tree {
        Tree::Leaf(id) => Value::read(function.local(*id).types, words),
        Tree::Array(array, _) => Value::read(Type::Array(*array).into(), words),
        Tree::Function(function) => Some(Value::Function(*function)),
        Tree::Tuple(parts) => {
            let parts = parts.iter().map(|part| read_tree(function, part, words));
            parts.collect::<Option<Vec<_>>>().map(Value::Tuple)
        }
    }
}

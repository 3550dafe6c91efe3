//! How Rust and compiled code meet: the entry, its status, the frame of words, and what code asks of its caller as it runs.
//!
//! An entry has the C signature `u64 entry(u64 *frame, Activation *activation)`. On entering, the frame holds the arguments, one
//! word each. On leaving, the status says what happened:
//!
//! - below [`EXIT_BASE`]: the function returned; the status is the tag of the result's type, `frame[0]` its payload.
//! - from [`EXIT_BASE`] on: side exit number `status - EXIT_BASE`; the frame holds that exit's live locals in the order of
//!   the exit record: one word for a local of one type, two (tag, payload) for a tagged one.
//!
//! A payload is an i64, the bits of an f64, or 0 and 1 for a bool; `None` and an unbound name have payload 0.

use crate::ir::{Exit, Function};
use crate::types::{Type, TypeSet};

/// Statuses from here on are side exits.
pub const EXIT_BASE: u64 = 16;

/// The machine code of one specialisation. The frame must have [`frame_words`] words; the activation lives through the call and is
/// nobody else's meanwhile.
pub type Entry = unsafe extern "C" fn(frame: *mut u64, activation: *mut Activation) -> u64;

/// One run of compiled code, as the code sees it: the head of a struct that whoever enters the code makes on its stack.
#[repr(C)]
#[derive(Debug)]
pub struct Activation {
    /// What the code may call.
    pub services: *const Services,
}

/// What compiled code asks of whoever entered it. The table is static; the activation says for which run.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Services {
    /// Looks after the world outside: signals, other threads, guards. Gives the fuel until the next poll, or a negative number: the
    /// code leaves by the exit of the loop header at which it polls.
    pub poll: unsafe extern "C" fn(activation: *mut Activation) -> i64,
    /// Calls the function that row number `function` of the table stands for in the interpreter, with boxed `args`. Gives 0 with
    /// the result's payload written, else the code leaves.
    pub host:
        unsafe extern "C" fn(activation: *mut Activation, function: u64, args: *const u64, result: *mut u64) -> u8,
    /// Asks whether the code leaves here although it need not: not zero if so. Only code made for tests asks.
    pub probe: unsafe extern "C" fn(activation: *mut Activation) -> u8,
}

/// The name of the entry's symbol in object code.
pub const ENTRY_SYMBOL: &str = "brrr_entry";

/// Words that a local takes in an exit's frame.
#[must_use]
pub fn words(types: TypeSet) -> usize {
    if types.is_tagged() { 2 } else { 1 }
}

/// Words that the frame of a function needs: the arguments, the result, and the largest exit record.
#[must_use]
pub fn frame_words(function: &Function) -> usize {
    let record = |exit: &Exit| exit.live.iter().map(|&local| words(function.local(local).types)).sum::<usize>();
    let largest = function.exits.iter().map(record).max().unwrap_or(0);
    largest.max(function.parameters as usize).max(1)
}

/// One value as it stands in a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
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
}

impl Value {
    /// The value of a type's tag and a payload.
    #[must_use]
    pub const fn decode(one: Type, payload: u64) -> Self {
        match one {
            Type::Unbound => Self::Unbound,
            Type::None => Self::None,
            Type::Bool => Self::Bool(payload != 0),
            Type::Int => Self::Int(payload.cast_signed()),
            Type::Float => Self::Float(f64::from_bits(payload)),
        }
    }

    /// The value's type and payload.
    #[must_use]
    pub const fn encode(self) -> (Type, u64) {
        match self {
            Self::Unbound => (Type::Unbound, 0),
            Self::None => (Type::None, 0),
            Self::Bool(value) => (Type::Bool, value as u64),
            Self::Int(value) => (Type::Int, value.cast_unsigned()),
            Self::Float(value) => (Type::Float, value.to_bits()),
        }
    }
}

/// Reads the live locals of an exit from its frame: `(name, value)`, names unbound there left out.
///
/// Words beyond `frame`, or a tag that is no type's, end the list: they cannot come from verified code.
#[must_use]
pub fn read_exit<'a>(function: &'a Function, exit: &Exit, frame: &[u64]) -> Vec<(&'a str, Value)> {
    let mut words = frame.iter().copied();
    let mut live = Vec::with_capacity(exit.live.len());
    for &id in &exit.live {
        let local = function.local(id);
        let tagged = match local.types.single() {
            Some(one) => Some(one),
            None => words.next().and_then(Type::from_tag),
        };
        let (Some(one), Some(payload)) = (tagged, words.next()) else { break };
        if one != Type::Unbound {
            live.push((local.name.as_str(), Value::decode(one, payload)));
        }
    }
    live
}

//! Which intermediates of int expressions are needed in part only.
//!
//! Enters: a flow graph. Leaves: for each temporary, whether only its low 64 bits are needed (`(x * a + c) & mask`), or whether it
//! is an intermediate of an expression whose result is likely to fit again (`(a * b) % m`). Both are about temporaries that are
//! read once: whatever else a name may hold, it holds whole.

use std::collections::HashMap;

use super::flow::{Arg, End, Flow, Step, StepKind, VarId};
use crate::ir::Constant;

/// What is needed of the temporaries of a flow graph.
#[derive(Debug)]
pub struct Narrow {
    needs: Vec<Need>,
    once: Vec<bool>,
    /// For each remainder by a power of two, the variables that its intermediates are computed from.
    remainders: Vec<Vec<VarId>>,
}

/// What is needed of one temporary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The whole value.
    All,
    /// The low 64 bits: what reads it is a mask, which takes ints only.
    Low,
    /// The low 64 bits, if it is an int: what reads it is a remainder by a power of two, with this number.
    Remainder(u32),
    /// The whole value, which may have up to 128 bits.
    Wide,
}

impl Narrow {
    /// Looks at every temporary.
    #[must_use]
    pub fn of(flow: &Flow) -> Self {
        let (reads, writes) = (reads(flow), writes(flow));
        let of_temporary = |at: usize| !flow.variables[at].in_frame && reads[at] == 1;
        let once = (0..flow.variables.len()).map(of_temporary).collect::<Vec<_>>();
        let needs = vec![Need::All; flow.variables.len()];
        let mut narrow = Self { needs, once, remainders: Vec::new() };
        let defined = definitions(flow);
        // What reads a temporary stands behind it in the order in which blocks are made, but for loops, which no temporary crosses.
        let steps =
            flow.blocks.iter().rev().flat_map(|block| (0..block.steps.len()).rev().map(move |at| (&block.steps, at)));
        for (steps, place) in steps {
            let step = &steps[place];
            let StepKind::Op(name, args) = &step.kind else { continue };
            let own = narrow.needs[step.target.0 as usize];
            for (at, need) in narrow.needs_of_operands(name, args, own) {
                let Some(read) = args[at].var() else { continue };
                let read = if need == Need::Wide { read } else { behind_name(steps, place, read) };
                let Some(variable) = Some(read).filter(|one| narrow.is_read_once(*one)) else { continue };
                let id = variable.0 as usize;
                let Some(made_by) = defined.get(&variable).filter(|_| writes[id] == 1) else { continue };
                if matches!((need, *made_by), (Need::Wide, "+" | "-" | "*"))
                    || need != Need::Wide && keeps_low_bits(made_by)
                {
                    narrow.needs[id] = need;
                }
            }
        }
        narrow.find_leaves(flow);
        narrow
    }

    /// What is needed of a variable.
    #[must_use]
    pub fn need(&self, variable: VarId) -> Need {
        self.needs[variable.0 as usize]
    }

    /// True for a temporary that one step reads.
    #[must_use]
    pub fn is_read_once(&self, variable: VarId) -> bool {
        self.once[variable.0 as usize]
    }

    /// The variables that the intermediates of a remainder are computed from.
    #[must_use]
    pub fn leaves(&self, remainder: u32) -> &[VarId] {
        &self.remainders[remainder as usize]
    }

    /// What an operation needs of its operands, by their place.
    fn needs_of_operands(&mut self, name: &str, args: &[Arg], own: Need) -> Vec<(usize, Need)> {
        match (name, args) {
            ("&", [Arg::Constant(mask), _]) if is_mask(*mask) => vec![(1, Need::Low)],
            ("&", [_, Arg::Constant(mask)]) if is_mask(*mask) => vec![(0, Need::Low)],
            ("%", [_, Arg::Constant(modulus)]) if power_of_two(*modulus).is_some() => self.remainder(),
            ("%64.", [_]) => self.remainder(),
            // Beside a constant of another type it is no operation on ints.
            (name, _)
                if own != Need::All && own != Need::Wide && keeps_low_bits(name) && args.iter().all(may_be_int) =>
            {
                let operands = if matches!(name, "<<" | "**") { 1 } else { args.len() };
                (0..operands).map(|at| (at, own)).collect()
            }
            ("%" | "//" | ">>", _) => vec![(0, Need::Wide)],
            ("+" | "-" | "*", _) if own == Need::Wide => (0..args.len()).map(|at| (at, Need::Wide)).collect(),
            _ => Vec::new(),
        }
    }

    fn remainder(&mut self) -> Vec<(usize, Need)> {
        self.remainders.push(Vec::new());
        vec![(0, Need::Remainder(self.remainders.len() as u32 - 1))]
    }

    fn find_leaves(&mut self, flow: &Flow) {
        for step in flow.blocks.iter().flat_map(|block| &block.steps) {
            let (Need::Remainder(number), StepKind::Op(_, args)) = (self.need(step.target), &step.kind) else {
                continue;
            };
            let leaves = args.iter().filter_map(|arg| arg.var());
            let leaves = leaves.filter(|&one| self.need(one) != Need::Remainder(number)).collect::<Vec<_>>();
            self.remainders[number as usize].extend(leaves);
        }
    }
}

/// What a name holds that a step reads: of `h = h * p` and then `h = h & m`, where the one value of `h` is read only to make the other,
/// the value that was just made.
fn behind_name(steps: &[Step], at: usize, read: VarId) -> VarId {
    let copied = |at: usize| match (&steps[at].kind, steps[at].target == read) {
        (StepKind::Copy(Arg::Var(value)), true) => Some(*value),
        _ => None,
    };
    let StepKind::Op(_, args) = &steps[at].kind else { return read };
    let reads_once = args.iter().filter(|arg| arg.var() == Some(read)).count() == 1;
    match (at.checked_sub(1).and_then(copied), steps.get(at + 1).and_then(|_| copied(at + 1))) {
        (Some(value), Some(made)) if reads_once && made == steps[at].target => value,
        _ => read,
    }
}

/// False for a constant that is no int.
fn may_be_int(arg: &Arg) -> bool {
    match arg {
        Arg::Var(_) => true,
        Arg::Constant(constant) => matches!(constant, Constant::Bool(_) | Constant::Int(_) | Constant::Nat(_)),
    }
}

/// The low 64 bits of the result depend on nothing but the low 64 bits of the operands (of the first one, for `<<` and `**`).
fn keeps_low_bits(name: &str) -> bool {
    matches!(name, "+" | "-" | "*" | "<<" | "**" | "&" | "|" | "^" | "~")
}

/// A mask that leaves nothing above 64 bits.
#[must_use]
pub fn is_mask(constant: Constant) -> bool {
    match constant {
        Constant::Int(value) => value >= 0,
        Constant::Nat(_) => true,
        Constant::None | Constant::Bool(_) | Constant::Float(_) | Constant::Complex(..) => false,
    }
}

/// The mask that is the remainder by a power of two.
#[must_use]
pub fn power_of_two(constant: Constant) -> Option<Constant> {
    match constant {
        Constant::Int(value) if value > 0 && value.count_ones() == 1 => Some(Constant::Int(value - 1)),
        Constant::Nat(value) if value.count_ones() == 1 => Some(Constant::Int((value - 1).cast_signed())),
        _ => None,
    }
}

/// The name of the operation that writes each temporary.
fn definitions(flow: &Flow) -> HashMap<VarId, &'static str> {
    let steps = flow.blocks.iter().flat_map(|block| &block.steps);
    let named = steps.filter_map(|step| match step.kind {
        StepKind::Op(name, _) => Some((step.target, name)),
        StepKind::Copy(_)
        | StepKind::Keep(_)
        | StepKind::Tuple(_)
        | StepKind::Item(..)
        | StepKind::Place(..)
        | StepKind::Create(_)
        | StepKind::Function(_)
        | StepKind::Call(_)
        | StepKind::Hold(_)
        | StepKind::Leave(_) => None,
    });
    named.collect()
}

/// How many steps and ends read each variable.
fn reads(flow: &Flow) -> Vec<u32> {
    let mut reads = vec![0; flow.variables.len()];
    for block in &flow.blocks {
        let end = match block.end {
            End::Jump(_) => None,
            End::Branch(arg, ..) | End::Return(arg, ..) => arg.var(),
        };
        let steps = block.steps.iter().flat_map(|step| step.reads().collect::<Vec<_>>());
        steps.chain(end).for_each(|variable| reads[variable.0 as usize] += 1);
    }
    reads
}

/// How many steps write each variable.
fn writes(flow: &Flow) -> Vec<u32> {
    let mut writes = vec![0; flow.variables.len()];
    flow.blocks.iter().flat_map(|block| &block.steps).for_each(|step| writes[step.target.0 as usize] += 1);
    writes
}

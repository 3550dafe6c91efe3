//! Checks of floats that are made behind a block of turns.
//!
//! Enters: a counted innermost loop, and its [`Plan`] if it has one. Leaves: the plan with a [`Proof::late`] for each division whose divisor
//! may be zero, and each root of what may be negative, if all else in a turn cannot leave and nothing outside of the turn's
//! locals is written; with `fastmath`, functions of libm's, too, and elements may be read. Lowering does a block without these checks, on
//! the numbers that IEEE 754 has for what they are to find, and notes whether one of them would have found something; if so, the block begins
//! again from the locals as they were, with all its checks. So LLVM finds turns without branches.
//!
//! Where turns write elements, a block is **looked at first**: its turns are done without writing, and with checks of what functions are given
//! rather than of what they give, so that LLVM leaves out the functions. That is only what the block does if nothing that it reads
//! is written by an earlier turn: addresses are noted, too, and compared ([`Plan::first`]). Needs no LLVM.

use super::Shape;
use super::overlap::apart;
use super::plan::{Plan, Proof};
use super::signs::Signs;
use crate::ir::{BlockId, Chain, Function, Statement, Terminator, Value};
use crate::ops::Recipe;
use crate::types::Type;

/// The plan with late checks, where they are possible; else the plan as it is.
#[must_use]
pub fn with_late_checks(
    function: &Function,
    (header, shape): (BlockId, &Shape),
    plan: Option<Plan>,
    fastmath: bool,
) -> Option<Plan> {
    let is_counted = shape.counter.is_some_and(|counter| {
        let stays = |block: &BlockId| stays(function, *block, header, shape);
        shape.short().is_none() && shape.blocks.contains(&counter.inside) && shape.blocks.iter().all(stays)
    });
    if !is_counted || plan.as_ref().is_some_and(|plan| !plan.guards.is_empty()) {
        return plan;
    }
    let (mut late, mut reads, mut writes) = (Vec::new(), Vec::new(), Vec::new());
    let mut positive = Vec::new();
    for &block in shape.blocks.iter().filter(|&&block| block != header) {
        let mut signs = Signs::default();
        for (at, statement) in function.block(block).statements.iter().enumerate() {
            let proof = plan.as_ref().and_then(|plan| plan.proofs.get(&(block, at))).copied().unwrap_or_default();
            let fits = proof.fits || shape.certain.contains(&(block, at));
            if fastmath && signs.divides_by_positive(statement) {
                positive.push((block, at));
                signs.see(statement);
                continue;
            }
            signs.see(statement);
            match &statement.value {
                Value::Op { op, .. } if fastmath && op.row().recipe == Recipe::Load => reads.push((block, at)),
                Value::Op { op, args, .. } if fastmath && op.row().recipe == Recipe::Store => {
                    let is_small = |ty: Option<Type>| matches!(ty, Some(Type::Scalar(dtype)) if dtype.words() == 1);
                    if !args.get(1).is_some_and(|&one| is_small(function.types(one).single())) {
                        return plan;
                    }
                    writes.push((block, at));
                    continue;
                }
                Value::Op { .. } | Value::Convert(_) | Value::Create(_) | Value::Call(_) | Value::Given(_) => {}
            }
            match check(function, statement, Proof { fits, ..proof }, fastmath) {
                Check::None => {}
                Check::Late => late.push((block, at)),
                Check::Other => return plan,
            }
        }
    }
    if late.is_empty() {
        return plan;
    }
    let first = match (writes.is_empty(), shape.counter) {
        (false, Some(counter)) => match apart(function, &shape.blocks, &counter, (&reads, &writes)) {
            Some(apart) => Some(apart),
            None => return plan,
        },
        (_, _) => None,
    };
    let mut plan = Plan { first, ..plan.unwrap_or_default() };
    for at in late {
        plan.proofs.entry(at).or_default().late = true;
    }
    for at in positive {
        plan.proofs.entry(at).or_default().divisor_positive = true;
    }
    Some(plan)
}

/// True of a block from which control leaves the loop only by the header.
fn stays(function: &Function, block: BlockId, header: BlockId, shape: &Shape) -> bool {
    let terminator = &function.block(block).terminator;
    let inside = terminator.successors().iter().all(|to| shape.blocks.contains(to));
    matches!(terminator, Terminator::Jump(_) | Terminator::Branch { .. }) && (inside || block == header)
}

/// What a statement asks before it goes on.
enum Check {
    /// Nothing, or what is proven.
    None,
    /// Something that may be asked behind the block.
    Late,
    /// Something else, or it does more than to write a local of one word.
    Other,
}

fn check(function: &Function, statement: &Statement, proof: Proof, fastmath: bool) -> Check {
    let is_held = |ty: Option<Type>| match ty {
        Some(Type::Int | Type::Float | Type::Bool) => true,
        Some(Type::Pointer) => fastmath,
        Some(Type::Scalar(dtype)) => fastmath && dtype.words() == 1,
        _ => false,
    };
    let target = function.local(statement.target).types.single();
    // What a write of an element gives.
    let is_nothing = fastmath && target == Some(Type::None) && matches!(statement.value, Value::Convert(_));
    if is_nothing {
        return Check::None;
    }
    if !is_held(target) {
        return Check::Other;
    }
    let proven = |holds: bool| if holds { Check::None } else { Check::Other };
    match &statement.value {
        Value::Convert(operand) => proven(is_held(function.types(*operand).single())),
        Value::Create(_) | Value::Call(_) | Value::Given(_) => Check::Other,
        Value::Op { op, exit, .. } => match op.row().recipe {
            Recipe::DivFloat | Recipe::Sqrt if statement.chain == Chain::Alone => Check::Late,
            Recipe::Checked(_) | Recipe::Log(_) | Recipe::PowFloat if fastmath && statement.chain == Chain::Alone => {
                Check::Late
            }
            Recipe::Index | Recipe::Bound => proven(proof.within),
            Recipe::Locate
            | Recipe::Move
            | Recipe::AddKnown
            | Recipe::MulKnown
            | Recipe::Least
            | Recipe::Filled
            | Recipe::Load => proven(exit.is_none()),
            Recipe::Scalar(_) | Recipe::Call(_) | Recipe::Degrees | Recipe::Radians if fastmath => {
                proven(exit.is_none())
            }
            Recipe::AddInt | Recipe::SubInt | Recipe::MulInt | Recipe::NegInt => proven(proof.fits || exit.is_none()),
            Recipe::FloorDivInt | Recipe::ModInt => proven(proof.divisor_positive && proof.divisor_not_negative),
            Recipe::AddFloat | Recipe::SubFloat | Recipe::MulFloat | Recipe::NegFloat | Recipe::AbsFloat => Check::None,
            Recipe::CompareInt(_) | Recipe::CompareFloat(_) | Recipe::Same | Recipe::Not => proven(exit.is_none()),
            Recipe::TruthInt | Recipe::TruthFloat | Recipe::CopySign | Recipe::WrappingAdd => proven(exit.is_none()),
            Recipe::StepUp | Recipe::StepDown | Recipe::And | Recipe::Or | Recipe::Xor => proven(exit.is_none()),
            _ => Check::Other,
        },
    }
}

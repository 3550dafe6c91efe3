//! Headers that compare a sum of what turns write and a constant with what they do not.
//!
//! `i + c < n` is `i < n - c`, of which the right side is computed once. Where that is beyond 64 bits, the end of 64 bits takes its place:
//! of `<` and `<=`, which say the same of stops that differ by one, there is always one that is right then, too. `i + c != n` is
//! `i != n - c`, computed modulo 2**64: of an `i` that is equal to that the sum is equal to `n`, or beyond 64 bits. Which one it is, the
//! sum itself says, behind the loop.

use super::{put_ahead, writes};
use crate::ir::{
    Block, BlockId, Chain, Constant, Function, Local, LocalId, LoopId, Operand, Statement, Terminator, Value,
};
use crate::loops::tidy::redirect;
use crate::loops::within;
use crate::ops::{self, Predicate, Recipe};
use crate::types::Type;

/// A header's comparison of `i + 1`, or `i - 1`, with what no turn writes.
pub(super) struct Sum {
    /// The places of the sum and of the comparison in the header.
    sum: usize,
    comparison: usize,
    /// The variable part of the sum, how it is compared, and with what, before `constant` is taken from that.
    variable: LocalId,
    predicate: Predicate,
    stop: Operand,
    constant: i64,
    /// The way on which the sum is equal to the stop, if that has to be asked once more.
    equal: Option<BlockId>,
}

/// The first such comparison of a header.
pub(super) fn compared(function: &Function, id: LoopId) -> Option<Sum> {
    let header = function.block(function.loops[id.0 as usize].header);
    let Terminator::Branch { .. } = header.terminator else { return None };
    let writes = writes(function, id);
    let comparisons = header.statements.iter().enumerate();
    comparisons.filter_map(|(at, one)| Some((at, comparison(one)?))).find_map(|(at, (args, predicate))| {
        let swapped = ([args[1], args[0]], predicate.swapped());
        [(args, predicate), swapped].into_iter().find_map(|([own, stop], predicate)| {
            let (sum, variable, constant) = sum(function, &header.statements[..at], own)?;
            let once = |one: &&LocalId| Operand::Local(**one) == own;
            let is_own = writes.iter().filter(once).count() == 1 && reads(function, own) == 1;
            let kept = header.statements[sum..at].iter().all(|one| one.target != variable);
            let is_fixed = match stop {
                Operand::Constant(Constant::Int(_)) => true,
                Operand::Constant(_) => false,
                Operand::Local(local) => !writes.contains(&local),
            };
            let (predicate, constant) = at_the_end(predicate, constant)?;
            let found = Sum { sum, comparison: at, variable, predicate, stop, constant, equal: None };
            let equal = match (predicate, stop) {
                (Predicate::Lt | Predicate::Le | Predicate::Gt | Predicate::Ge, _) => None,
                (Predicate::Eq | Predicate::Ne, Operand::Constant(Constant::Int(stop)))
                    if stop.checked_sub(constant).is_some() =>
                {
                    None
                }
                (Predicate::Eq | Predicate::Ne, _) => Some(equal_way(function, id, &found)?),
            };
            (is_own && kept && is_fixed).then_some(Sum { equal, ..found })
        })
    })
}

/// What a statement compares, and how, if it compares ints.
fn comparison(statement: &Statement) -> Option<([Operand; 2], Predicate)> {
    let Value::Op { op, args, exit: None } = &statement.value else { return None };
    match (op.row().recipe, args.as_slice()) {
        (Recipe::CompareInt(predicate), &[one, other]) => Some(([one, other], predicate)),
        (Recipe::TruthInt, &[only]) => Some(([only, Operand::Constant(Constant::Int(0))], Predicate::Ne)),
        _ => None,
    }
}

/// The place of the last of these statements that writes `own`, if that is a sum which may leave, and its parts.
fn sum(function: &Function, statements: &[Statement], own: Operand) -> Option<(usize, LocalId, i64)> {
    let at = statements.iter().rposition(|one| Operand::Local(one.target) == own)?;
    let Value::Op { op, args, exit: Some(_) } = &statements[at].value else { return None };
    let (variable, constant) = match (op.row().recipe, args.as_slice()) {
        (Recipe::AddInt, &[one, Operand::Constant(Constant::Int(constant))])
        | (Recipe::AddInt, &[Operand::Constant(Constant::Int(constant)), one]) => (one, constant),
        (Recipe::SubInt, &[one, Operand::Constant(Constant::Int(constant))]) => (one, constant.checked_neg()?),
        _ => return None,
    };
    let is_int = function.local(statements[at].target).types.single() == Some(Type::Int);
    (is_int && statements[at].chain == Chain::Alone).then_some((at, variable.local()?, constant))
}

/// The comparison that says the same, and is right, too, where the stop less the constant is the end of 64 bits that it is beyond: one
/// that no int passes, or every one.
fn at_the_end(predicate: Predicate, constant: i64) -> Option<(Predicate, i64)> {
    Some(match predicate {
        Predicate::Lt if constant < 0 => (Predicate::Le, constant.checked_add(1)?),
        Predicate::Ge if constant < 0 => (Predicate::Gt, constant.checked_add(1)?),
        Predicate::Le if constant > 0 => (Predicate::Lt, constant.checked_sub(1)?),
        Predicate::Gt if constant > 0 => (Predicate::Ge, constant.checked_sub(1)?),
        Predicate::Lt | Predicate::Le | Predicate::Gt | Predicate::Ge | Predicate::Eq | Predicate::Ne => {
            (predicate, constant)
        }
    })
}

/// The way that a header takes if what it compares is equal: it ends with the comparison, and goes out of the loop then.
fn equal_way(function: &Function, id: LoopId, sum: &Sum) -> Option<BlockId> {
    let header = function.block(function.loops[id.0 as usize].header);
    let Terminator::Branch { condition, then_block, else_block } = header.terminator else { return None };
    let (first, rest) = header.statements[sum.comparison..].split_first()?;
    let mut tested = first.target;
    for statement in rest {
        let Value::Op { op, args, exit: None } = &statement.value else { return None };
        if op.row().recipe != Recipe::Same || *args != [Operand::Local(tested)] {
            return None;
        }
        tested = statement.target;
    }
    let equal = if sum.predicate == Predicate::Eq { then_block } else { else_block };
    let goes_out = then_block != else_block && !within(function, equal, id);
    (condition == Operand::Local(tested) && goes_out).then_some(equal)
}

/// How often an operand is read, by exits too.
fn reads(function: &Function, operand: Operand) -> usize {
    let blocks = function.blocks.iter().map(|block| {
        let statements = block.statements.iter().flat_map(|statement| statement.value.operands());
        let end = match &block.terminator {
            Terminator::Branch { condition, .. } => vec![*condition],
            Terminator::Return(value) => value.leaves(),
            Terminator::Switch { subject, .. } => vec![Operand::Local(*subject)],
            Terminator::Jump(_) | Terminator::Leave(_) => Vec::new(),
        };
        statements.chain(end).filter(|&one| one == operand).count()
    });
    let live = function.exits.iter().flat_map(|exit| &exit.live).flat_map(|live| live.value.leaves());
    blocks.sum::<usize>() + live.filter(|&one| Operand::Local(one) == operand).count()
}

/// Writes the comparison anew. The sum's own local holds the new stop, ahead of the loop.
pub(super) fn move_constant(function: &mut Function, id: LoopId, sum: &Sum) {
    let header = function.loops[id.0 as usize].header;
    let asked = function.block(header).statements[sum.sum].clone();
    let name = match sum.predicate {
        Predicate::Lt => "<",
        Predicate::Le => "<=",
        Predicate::Eq => "==",
        Predicate::Ne => "!=",
        Predicate::Gt => ">",
        Predicate::Ge => ">=",
    };
    let stop = match sum.stop {
        Operand::Constant(Constant::Int(stop)) if sum.equal.is_some() => int(stop.wrapping_sub(sum.constant)),
        Operand::Constant(Constant::Int(stop)) => int(stop.saturating_sub(sum.constant)),
        Operand::Constant(_) | Operand::Local(_) => Operand::Local(asked.target),
    };
    // An equal one, modulo 2**64, is asked for behind the loop.
    let (less, constant) = match sum.equal {
        Some(_) => (ops::find("advance.", &[Type::Int; 2]), sum.constant.wrapping_neg()),
        None => (ops::find("cut.", &[Type::Int; 2]), sum.constant),
    };
    let (Some(row), Some(less)) = (ops::find(name, &[Type::Int; 2]), less) else { return };
    let compares = Value::Op { op: row, args: vec![Operand::Local(sum.variable), stop], exit: None };
    function.blocks[header.0 as usize].statements[sum.comparison].value = compares;
    if let Some(equal) = sum.equal {
        ask_behind(function, id, equal, asked);
    }
    let header = function.loops[id.0 as usize].header;
    if stop.local().is_none() {
        function.blocks[header.0 as usize].statements.remove(sum.sum);
        return;
    }
    put_ahead(function, id, &[sum.sum]);
    let front = function.loops[id.0 as usize].header.0 as usize - 1;
    if let Some(last) = function.blocks[front].statements.last_mut() {
        last.value = Value::Op { op: less, args: vec![sum.stop, int(constant)], exit: None };
    }
}

const fn int(value: i64) -> Operand {
    Operand::Constant(Constant::Int(value))
}

/// Makes a block behind the loop, on the header's way to another one, that does a statement again, into a local that nobody reads: for
/// what it leaves by.
fn ask_behind(function: &mut Function, id: LoopId, to: BlockId, mut asked: Statement) {
    let Local { types, .. } = function.local(asked.target).clone();
    asked.target = LocalId(function.locals.len() as u32);
    function.locals.push(Local { name: format!(".{}", asked.target.0), types });
    let last = (0..function.blocks.len()).rev().find(|&at| within(function, BlockId(at as u32), id));
    let behind = BlockId(last.map_or(function.blocks.len(), |last| last + 1) as u32);
    let later = |block: BlockId| if block.0 >= behind.0 { BlockId(block.0 + 1) } else { block };
    let header = function.loops[id.0 as usize].header;
    for (at, block) in function.blocks.iter_mut().enumerate() {
        let is_header = at == header.0 as usize;
        redirect(&mut block.terminator, |way| if is_header && way == to { behind } else { later(way) });
    }
    for one in &mut function.loops {
        one.header = later(one.header);
    }
    let in_loop = function.loops[id.0 as usize].parent;
    let terminator = Terminator::Jump(later(to));
    function.blocks.insert(behind.0 as usize, Block { in_loop, statements: vec![asked], terminator });
}

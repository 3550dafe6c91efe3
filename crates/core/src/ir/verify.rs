//! The invariants of the IR. What passes is what `lower` may rely on:
//!
//! 1. Every id names something. The parameters are the first locals, each of one type.
//! 2. Every local has a type; only a tagged one may be unbound, or one that is never written.
//! 3. An operation's operands have exactly its row's types (any numbers, if the row takes any number of them), its target the row's result; it has an exit exactly if the row can leave.
//! 4. A conversion loses nothing: equal types, bool to int, an int without a sign, a number to a float or a complex, an int to its
//!    low bits, into a tagged set, out of one to a member.
//! 5. A branch is by a bool, a switch is over exactly the types of a tagged local, a return gives types that the result includes.
//! 6. The first block has no predecessor. A loop is entered at its header only, outer loops stand before inner ones.
//! 7. Every local is written before it is read, on every path, by exits too.
//! 8. The live variables of an exit have distinct names.
//! 9. A returned tuple is of one of the function's shapes. No local holds a tuple.
//! 10. A chain is parts, with conversions from bool between them, and their end, one behind the other; its intermediates are ints.
//! 11. A call's operands are what the callee takes; behind it stand the statements that read what it gives, in order.
//! 12. The exit of a loop's poll can be taken at the start of its header.

use std::collections::{BTreeSet, HashMap};

use fixedbitset::FixedBitSet;

use super::{
    BlockId, Chain, Function, LocalId, LoopId, Operand, Statement, Terminator, Tree, Unit, Value, reverse_post_order,
};
use crate::ops::{Recipe, TABLE};
use crate::types::{Type, TypeSet};

/// Checks every invariant.
///
/// # Errors
/// The first one that does not hold, with its place.
pub fn verify(function: &Function) -> Result<(), String> {
    ids(function)?;
    for (at, block) in function.blocks.iter().enumerate() {
        let place = |problem: String| format!("`{}`, block {at}: {problem}", function.name);
        for statement in &block.statements {
            check_statement(function, statement).map_err(place)?;
        }
        chains(function, &block.statements).map_err(place)?;
        check_terminator(function, &block.terminator).map_err(place)?;
    }
    loops(function)?;
    written_before_read(function)
}

/// Checks a unit: each function, and that calls agree with what they call.
///
/// # Errors
/// The first invariant that does not hold, with its place.
pub fn verify_unit(unit: &Unit) -> Result<(), String> {
    ensure(!unit.functions.is_empty(), || "no functions".to_owned())?;
    unit.functions.iter().try_for_each(|function| {
        verify(function)?;
        function.blocks.iter().try_for_each(|block| calls(unit, function, &block.statements))
    })
}

/// Calls of one block, each with the statements that read what it gives right behind it.
fn calls(unit: &Unit, function: &Function, statements: &[Statement]) -> Result<(), String> {
    let mut given = Vec::new();
    let mut next = 0;
    for statement in statements {
        match &statement.value {
            Value::Call(call) => {
                let callee = unit.functions.get(call.callee as usize).ok_or("a call of no function")?;
                let name = &callee.name;
                let called = callee.called.as_ref().ok_or_else(|| format!("`{name}` cannot be called"))?;
                let fits =
                    |(tree, &param): (&Tree<Operand>, &Type)| function.returned_types(tree) == Some(param.into());
                let args = callee.params.len() == call.args.len() && call.args.iter().zip(&callee.params).all(fits);
                ensure(args, || format!("`{name}` is called with other operands"))?;
                let pending = function.exits.get(call.exit.0 as usize).is_some_and(|exit| exit.pending.is_some());
                ensure(pending, || format!("the call of `{name}` has no name for what it gives"))?;
                (given, next) = (called.gives.in_frame(), 0);
            }
            Value::Given(leaf) => {
                let types = given.get(next).copied();
                ensure(*leaf as usize == next && types == Some(function.local(statement.target).types), || {
                    format!("`{}` is not what the call gives", function.local(statement.target).name)
                })?;
                next += 1;
            }
            Value::Convert(_) | Value::Op { .. } | Value::Create(_) => (given, next) = (Vec::new(), 0),
        }
    }
    Ok(())
}

fn ensure(holds: bool, problem: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(problem()) }
}

fn ids(function: &Function) -> Result<(), String> {
    ensure(!function.blocks.is_empty(), || "no blocks".to_owned())?;
    ensure(function.parameters as usize <= function.locals.len(), || "parameters that are no locals".to_owned())?;
    let count = function.locals.len();
    for local in &function.locals[..function.parameters as usize] {
        let single = local.types.single().is_some_and(|one| one != Type::Unbound);
        ensure(single, || format!("parameter `{}` has no one type", local.name))?;
    }
    for local in &function.locals {
        ensure(!local.types.is_empty(), || format!("local `{}` has no type", local.name))?;
        let is_scalar = local.types.is_held() && local.types.iter().all(|one| one.tag().is_some());
        ensure(is_scalar, || format!("local `{}` is no scalar", local.name))?;
    }
    for block in &function.blocks {
        for statement in &block.statements {
            match &statement.value {
                Value::Convert(_) | Value::Call(_) | Value::Given(_) => {}
                Value::Op { op, .. } => ensure((op.0 as usize) < TABLE.len(), || "no such row".to_owned())?,
                Value::Create(create) => {
                    let known = (create.creation as usize) < function.creations.len();
                    ensure(known, || "no such creation".to_owned())?;
                }
            }
            let (args, exit) = (statement.value.operands(), statement.value.exit());
            let mut named = args.iter().filter_map(|arg| arg.local()).chain([statement.target]);
            ensure(named.all(|id| (id.0 as usize) < count), || "no such local".to_owned())?;
            ensure(exit.is_none_or(|exit| (exit.0 as usize) < function.exits.len()), || "no such exit".to_owned())?;
            if let Value::Call(call) = &statement.value {
                let known = (call.again.0 as usize) < function.exits.len();
                ensure(known, || "no exit in front of a call".to_owned())?;
            }
        }
        let blocks = block.terminator.successors();
        ensure(blocks.iter().all(|id| (id.0 as usize) < function.blocks.len()), || "no such block".to_owned())?;
        ensure(blocks.iter().all(|id| id.0 != 0), || "the first block has a predecessor".to_owned())?;
        ensure(block.in_loop.is_none_or(|id| (id.0 as usize) < function.loops.len()), || "no such loop".to_owned())?;
        match &block.terminator {
            Terminator::Jump(_) => {}
            Terminator::Branch { condition: operand, .. } => {
                ensure(operand.local().is_none_or(|id| (id.0 as usize) < count), || "no such local".to_owned())?;
            }
            Terminator::Return(value) => {
                let mut locals = value.leaves().into_iter().filter_map(Operand::local);
                ensure(locals.all(|id| (id.0 as usize) < count), || "no such local".to_owned())?;
            }
            Terminator::Switch { subject, .. } => {
                ensure((subject.0 as usize) < count, || "no such local".to_owned())?;
            }
            Terminator::Leave(exit) => {
                ensure((exit.0 as usize) < function.exits.len(), || "no such exit".to_owned())?;
            }
        }
    }
    for exit in &function.exits {
        let mut locals = exit.live.iter().flat_map(|live| live.value.leaves());
        ensure(locals.all(|id| (id.0 as usize) < count), || "no such local".to_owned())?;
        let mut names = exit.live.iter().map(|live| live.name.as_str()).collect::<Vec<_>>();
        names.sort_unstable();
        ensure(names.windows(2).all(|pair| pair[0] != pair[1]), || "an exit has a name twice".to_owned())?;
    }
    Ok(())
}

fn check_statement(function: &Function, statement: &Statement) -> Result<(), String> {
    let target = function.local(statement.target);
    match &statement.value {
        Value::Convert(operand) => {
            let source = function.types(*operand);
            ensure(converts(source, target.types), || {
                format!("`{}`: {} cannot become {}", target.name, source.machine(), target.types.machine())
            })
        }
        Value::Create(create) => {
            let creation = &function.creations[create.creation as usize];
            let fits = |(tree, param): (&Tree<Operand>, &Type)| function.returned_types(tree) == Some((*param).into());
            let args = creation.params.len() == create.args.len() && create.args.iter().zip(&creation.params).all(fits);
            ensure(args, || format!("`{}` with other operands", creation.function))?;
            let objects = create.alive.iter().all(|&id| function.local(id).types == Type::Object.into());
            ensure(objects, || "what is kept alive is no object".to_owned())?;
            ensure(target.types == Type::Object.into(), || format!("`{}` gives an object", creation.function))
        }
        Value::Call(_) => ensure(target.types == Type::None.into(), || format!("`{}` holds a call", target.name)),
        Value::Given(_) => Ok(()),
        Value::Op { op, args, exit } => {
            let row = op.row();
            ensure(row.recipe != Recipe::Leave, || format!("`{}` always leaves", row.name))?;
            ensure(row.takes(args.iter().map(|&arg| function.types(arg).single())), || {
                let machine = |types: &mut dyn Iterator<Item = String>| types.collect::<Vec<_>>().join(", ");
                let takes = machine(&mut row.params.iter().map(|one| one.machine()));
                format!(
                    "`{}` takes {takes}, not {}",
                    row.name,
                    machine(&mut args.iter().map(|&arg| function.types(arg).machine()))
                )
            })?;
            ensure(target.types.single() == Some(row.result), || {
                format!("`{}` gives {}", row.name, row.result.machine())
            })?;
            ensure(exit.is_some() == row.leaves(), || format!("`{}` and its exit do not agree", row.name))
        }
    }
}

/// True if a value of the types `source` can be held as `target` without loss.
fn converts(source: TypeSet, target: TypeSet) -> bool {
    match (source.single(), target.single()) {
        _ if source == target => true,
        (Some(Type::Bool), Some(Type::Int | Type::Nat | Type::Float | Type::Complex | Type::Low))
        | (Some(Type::Int | Type::Nat), Some(Type::Float | Type::Complex | Type::Low))
        | (Some(Type::Float), Some(Type::Complex)) => true,
        (Some(_), Some(_)) => false,
        (None, Some(member)) => source.contains(member) && member != Type::Unbound,
        (Some(_) | None, None) => target.includes(source),
    }
}

fn chains(function: &Function, statements: &[Statement]) -> Result<(), String> {
    let mut inside = false;
    for statement in statements {
        let ints = match &statement.value {
            Value::Convert(_) => true,
            Value::Create(_) | Value::Call(_) | Value::Given(_) => false,
            Value::Op { op, .. } => op.row().params.iter().chain([&op.row().result]).all(|one| *one == Type::Int),
        };
        ensure(statement.chain == Chain::Alone || ints, || "a chain of other types than ints".to_owned())?;
        let holds = match statement.chain {
            Chain::Alone => !inside,
            Chain::Part => function.local(statement.target).types == Type::Int.into(),
            Chain::End => inside && matches!(statement.value, Value::Op { .. }),
        };
        ensure(holds, || "a chain is broken".to_owned())?;
        inside = statement.chain == Chain::Part;
    }
    ensure(!inside, || "a chain has no end".to_owned())?;
    // The parts that still stand in their targets, each with the end of its chain and whether it was read. From the last statement back, to
    // know where a chain ends.
    let mut ends = vec![0; statements.len()];
    for (at, one) in statements.iter().enumerate().rev() {
        ends[at] = if one.chain == Chain::Part { ends[at + 1] } else { at };
    }
    let mut parts = HashMap::new();
    let is_read = |part: Option<(usize, bool)>| {
        ensure(part.is_none_or(|(_, read)| read), || "what a chain leaves out is read".to_owned())
    };
    for (at, one) in statements.iter().enumerate() {
        for id in one.value.operands().into_iter().filter_map(Operand::local) {
            if let Some((end, read)) = parts.get_mut(&id) {
                ensure(at <= *end, || "what a chain leaves out is read".to_owned())?;
                *read = true;
            }
        }
        is_read(match one.chain {
            Chain::Part => parts.insert(one.target, (ends[at], false)),
            Chain::Alone | Chain::End => parts.remove(&one.target),
        })?;
    }
    parts.into_values().try_for_each(|part| is_read(Some(part)))?;
    Ok(())
}

fn check_terminator(function: &Function, terminator: &Terminator) -> Result<(), String> {
    match terminator {
        Terminator::Jump(_) | Terminator::Leave(_) => Ok(()),
        Terminator::Branch { condition, .. } => {
            let types = function.types(*condition);
            ensure(types.single() == Some(Type::Bool), || format!("a branch by {}", types.machine()))
        }
        Terminator::Switch { subject, arms } => {
            let types = function.local(*subject).types;
            let covered = arms.iter().map(|&(one, _)| one).collect::<TypeSet>();
            let holds = types.is_tagged() && covered == types && arms.len() == types.iter().count();
            ensure(holds, || format!("a switch over {} with arms for {}", types.machine(), covered.machine()))
        }
        Terminator::Return(value) => {
            let types = function.returned_types(value).unwrap_or_default();
            let known = match types.single() {
                Some(compound @ (Type::Tuple(_) | Type::Array(_) | Type::Function(_))) => {
                    function.compounds.contains(&compound)
                }
                _ => true,
            };
            let holds = !types.is_empty() && function.result.includes(types) && !types.contains(Type::Unbound);
            ensure(holds && known && !types.contains(Type::Low), || format!("returns {}", types.machine()))
        }
    }
}

fn loops(function: &Function) -> Result<(), String> {
    for (at, inner) in function.loops.iter().enumerate() {
        let known = (inner.header.0 as usize) < function.blocks.len();
        ensure(known && inner.parent.is_none_or(|parent| (parent.0 as usize) < at), || {
            format!("loop {at} is misplaced")
        })?;
        let id = LoopId(at as u32);
        ensure(function.block(inner.header).in_loop == Some(id), || format!("the header of loop {at} is outside it"))?;
        let exit = inner.poll.is_none_or(|exit| (exit.0 as usize) < function.exits.len());
        ensure(exit, || format!("loop {at} polls and has no such exit"))?;
    }
    let around = |block: BlockId| {
        let mut chain = Vec::new();
        let mut next = function.block(block).in_loop;
        while let Some(id) = next {
            chain.push(id);
            next = function.loops[id.0 as usize].parent;
        }
        chain
    };
    for (at, block) in function.blocks.iter().enumerate() {
        let from = around(BlockId(at as u32));
        for to in block.terminator.successors() {
            let entered = around(to).into_iter().filter(|id| !from.contains(id));
            for id in entered {
                ensure(function.loops[id.0 as usize].header == to, || {
                    format!("block {at} enters loop {} in its middle", id.0)
                })?;
            }
        }
    }
    Ok(())
}

fn written_before_read(function: &Function) -> Result<(), String> {
    let count = function.locals.len();
    let mut start = FixedBitSet::with_capacity(count);
    for (at, local) in function.locals.iter().enumerate() {
        // A local that is only ever unbound has nothing to be written.
        start.set(at, at < function.parameters as usize || local.types == Type::Unbound.into());
    }
    let mut states: Vec<Option<FixedBitSet>> = vec![None; function.blocks.len()];
    states[0] = Some(start);
    let successors =
        |at: usize| function.blocks[at].terminator.successors().into_iter().map(|to| to.0 as usize).collect::<Vec<_>>();
    let order = reverse_post_order(function.blocks.len(), successors);
    let mut waiting = BTreeSet::from([(0, 0)]);
    while let Some((_, at)) = waiting.pop_first() {
        let Some(mut written) = states[at].clone() else { continue };
        for statement in &function.blocks[at].statements {
            written.insert(statement.target.0 as usize);
        }
        for to in successors(at) {
            let changed = match &mut states[to] {
                slot @ None => {
                    *slot = Some(written.clone());
                    true
                }
                Some(known) => {
                    let changed = !known.is_subset(&written);
                    known.intersect_with(&written);
                    changed
                }
            };
            if changed {
                waiting.insert((order[to], to));
            }
        }
    }
    let polls = function.loops.iter().filter_map(|inner| Some((inner.header, inner.poll?))).collect::<HashMap<_, _>>();
    for (at, block) in function.blocks.iter().enumerate() {
        let Some(written) = &mut states[at] else { continue };
        let read = |written: &FixedBitSet, id: LocalId| {
            ensure(written.contains(id.0 as usize), || {
                format!("`{}`, block {at}: `{}` is read before it is written", function.name, function.local(id).name)
            })
        };
        let leave = |written: &FixedBitSet, exit: super::ExitId| {
            let live = function.exits[exit.0 as usize].live.iter().flat_map(|live| live.value.leaves());
            live.into_iter().try_for_each(|id| read(written, id))
        };
        polls.get(&BlockId(at as u32)).map_or(Ok(()), |&exit| leave(written, exit))?;
        for statement in &block.statements {
            let (args, exit) = (statement.value.operands(), statement.value.exit());
            args.iter().filter_map(|arg| arg.local()).try_for_each(|id| read(written, id))?;
            exit.map_or(Ok(()), |exit| leave(written, exit))?;
            written.insert(statement.target.0 as usize);
        }
        match &block.terminator {
            Terminator::Jump(_) => {}
            Terminator::Branch { condition: operand, .. } => {
                operand.local().map_or(Ok(()), |id| read(written, id))?;
            }
            Terminator::Return(value) => {
                value.leaves().into_iter().filter_map(Operand::local).try_for_each(|id| read(written, id))?;
            }
            Terminator::Switch { subject, .. } => read(written, *subject)?,
            Terminator::Leave(exit) => leave(written, *exit)?,
        }
    }
    Ok(())
}

impl Operand {
    /// The local, if it is one.
    #[must_use]
    pub const fn local(self) -> Option<LocalId> {
        match self {
            Self::Local(id) => Some(id),
            Self::Constant(_) => None,
        }
    }
}

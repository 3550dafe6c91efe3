//! Small functions in place of their calls within loops, so that what [`crate::loops`] proves of a loop holds for what it calls, too.
//!
//! Enters: a unit, whose functions know whether they call themselves. Leaves: the same unit with fewer calls; functions that nobody calls any
//! more stay, for the names that they rely on are still looked at. A function that is done in place has done nothing by the time it
//! leaves, and so its caller leaves in its stead, in front of the call ([`Call::again`]): the interpreter calls it then.

use std::collections::BTreeSet;

use crate::ir::{
    Block, BlockId, Call, Constant, ExitId, Function, Local, LocalId, Operand, Options, Statement, Terminator, Tree,
    Unit, Value,
};
use crate::nesting;

/// Statements of a function that is done in place, those of functions within it among them.
const MOST_STATEMENTS: usize = 48;
/// Statements that come into one function.
const MOST_ADDED: usize = 240;
/// Functions within functions.
const MOST_NESTED: usize = 4;

/// Puts functions in place of their calls; `options` says what each function wants, `in_place` whether that is
/// wanted within its loops.
pub fn inline(unit: &mut Unit, options: &[Options], in_place: &[bool]) {
    let reached = nesting::reached(unit);
    for at in 0..unit.functions.len() {
        if !reached.contains(&at) || unit.functions[at].loops.is_empty() || in_place.get(at) != Some(&true) {
            continue;
        }
        let mut caller = unit.functions[at].clone();
        let in_loop = |block: &Block| block.in_loop.is_some();
        let body = |callee: usize| {
            let body = (options.get(callee) == options.get(at)).then(|| flat(unit, callee, options, 0))?;
            body.filter(leaves_in_front_of_effects)
        };
        replace(&mut caller, in_loop, body, MOST_ADDED);
        unit.functions[at] = caller;
    }
}

/// A function without calls and loops; `None` if it has some, or is too large.
fn flat(unit: &Unit, at: usize, options: &[Options], depth: usize) -> Option<Function> {
    let function = unit.functions.get(at)?;
    let is_recursive = function.called.as_ref().is_none_or(|called| called.is_recursive);
    if is_recursive || depth > MOST_NESTED || !function.loops.is_empty() || !function.creations.is_empty() {
        return None;
    }
    let is_held = function.called.as_ref().is_some_and(|called| called.gives.is_held());
    if !is_held || statements(function) > MOST_STATEMENTS {
        return None;
    }
    let mut function = function.clone();
    let body = |callee: usize| {
        (options.get(callee) == options.get(at)).then(|| flat(unit, callee, options, depth + 1)).flatten()
    };
    replace(&mut function, |_| true, body, MOST_STATEMENTS);
    (nesting::callees(&function).is_empty() && statements(&function) <= MOST_STATEMENTS).then_some(function)
}

fn statements(function: &Function) -> usize {
    function.blocks.iter().map(|block| block.statements.len() + 1).sum()
}

/// True if nothing of a function without loops can leave once it has had an effect.
fn leaves_in_front_of_effects(function: &Function) -> bool {
    writes_last(function, &|_| false)
}

/// True if nothing of a function can leave once it has had an effect; `has_effects` says of what it calls whether it has some.
pub fn writes_last(function: &Function, has_effects: &dyn Fn(u32) -> bool) -> bool {
    let mut behind = BTreeSet::new();
    let mut waiting = Vec::new();
    for block in &function.blocks {
        let effect = |one: &Statement| match &one.value {
            Value::Op { op, .. } => op.row().recipe.has_effect(),
            Value::Call(call) => has_effects(call.callee),
            Value::Convert(_) | Value::Create(_) | Value::Given(_) => false,
        };
        let Some(first) = block.statements.iter().position(effect) else { continue };
        if block.statements[first + 1..].iter().any(|one| one.value.exit().is_some())
            || matches!(block.terminator, Terminator::Leave(_))
        {
            return false;
        }
        waiting.extend(block.terminator.successors());
    }
    while let Some(at) = waiting.pop() {
        if behind.insert(at) {
            waiting.extend(function.block(at).terminator.successors());
        }
    }
    let leaves = |block: &Block| {
        matches!(block.terminator, Terminator::Leave(_))
            || block.statements.iter().any(|one| one.value.exit().is_some())
    };
    // Loops poll at their headers.
    let is_header = |at: BlockId| function.loops.iter().any(|one| one.header == at);
    !behind.into_iter().any(|at| is_header(at) || leaves(function.block(at)))
}

/// Replaces the calls in some blocks of a function, as long as no more than so many statements are added.
fn replace(
    caller: &mut Function,
    within: impl Fn(&Block) -> bool,
    body: impl Fn(usize) -> Option<Function>,
    mut room: usize,
) {
    let mut at = 0;
    while at < caller.blocks.len() {
        let calls = caller.blocks[at].statements.iter().enumerate().filter_map(|(place, one)| match &one.value {
            Value::Call(call) => Some((place, (**call).clone())),
            Value::Convert(_) | Value::Op { .. } | Value::Create(_) | Value::Given(_) => None,
        });
        let calls = calls.collect::<Vec<_>>();
        // From the last one on: what stands in front of it stays in this block.
        for (place, call) in calls.into_iter().rev() {
            let found = within(&caller.blocks[at]).then(|| body(call.callee as usize)).flatten();
            if let Some(body) = found.filter(|body| statements(body) <= room) {
                room -= statements(&body);
                splice(caller, BlockId(at as u32), place, &call, &body);
            }
        }
        at += 1;
    }
}

/// Puts a body in place of a call, which stands at this place of a block.
fn splice(caller: &mut Function, at: BlockId, place: usize, call: &Call, body: &Function) {
    if !caller.inlined.contains(&call.again) {
        caller.inlined.push(call.again);
    }
    let first_local = caller.locals.len() as u32;
    caller.locals.extend(body.locals.iter().map(|local| Local {
        name: format!(".{}.{}", body.name.trim_start_matches('.'), local.name.trim_start_matches('.')),
        types: local.types,
    }));
    let first_block = caller.blocks.len() as u32;
    let block = &mut caller.blocks[at.0 as usize];
    let mut behind = block.statements.split_off(place).into_iter();
    let span = behind.next().map(|call| call.span).unwrap_or_default();
    let mut behind = behind.peekable();
    let mut given = Vec::new();
    while let Some(one) = behind.next_if(|one| matches!(one.value, Value::Given(_))) {
        given.push(one.target);
    }
    let behind = behind.collect::<Vec<_>>();
    let into = Into { first_local, first_block, exit: call.again, opened: opened(&call.args) };
    let plain = |target, value| Statement { target, value, chain: Default::default(), span };
    let args = call.args.iter().flat_map(Tree::in_frame).zip(first_local..);
    block.statements.extend(args.map(|(arg, local)| plain(LocalId(local), Value::Convert(arg))));
    let give = |value: &Tree<Operand>| {
        let leaves = value.in_frame().into_iter().map(|leaf| into.operand(leaf));
        let given = given.iter().zip(leaves.collect::<Vec<_>>());
        given.map(|(&target, leaf)| plain(target, Value::Convert(leaf))).collect::<Vec<_>>()
    };
    let statements = |block: &Block| {
        let map = |one: &Statement| Statement {
            target: into.local(one.target),
            value: into.value(&one.value),
            chain: one.chain,
            // What stands elsewhere comes from the call.
            span: if body.within { one.span } else { span },
        };
        block.statements.iter().map(map).collect::<Vec<_>>()
    };
    // Most are a single block.
    if let [only] = body.blocks.as_slice()
        && let Terminator::Return(value) = &only.terminator
    {
        block.statements.extend(statements(only));
        block.statements.extend(give(value));
        block.statements.extend(behind);
        return;
    }
    let in_loop = block.in_loop;
    let last = BlockId(first_block + body.blocks.len() as u32);
    let terminator = std::mem::replace(&mut block.terminator, Terminator::Jump(BlockId(first_block)));
    for from in &body.blocks {
        let mut statements = statements(from);
        let terminator = match &from.terminator {
            Terminator::Return(value) => {
                statements.extend(give(value));
                Terminator::Jump(last)
            }
            Terminator::Jump(to) => Terminator::Jump(into.block(*to)),
            Terminator::Branch { condition, then_block, else_block } => Terminator::Branch {
                condition: into.operand(*condition),
                then_block: into.block(*then_block),
                else_block: into.block(*else_block),
            },
            Terminator::Switch { subject, arms } => Terminator::Switch {
                subject: into.local(*subject),
                arms: arms.iter().map(|&(one, to)| (one, into.block(to))).collect(),
            },
            Terminator::Leave(_) => Terminator::Leave(into.exit),
        };
        caller.blocks.push(Block { in_loop, statements, terminator });
    }
    caller.blocks.push(Block { in_loop, statements: behind, terminator });
}

/// What the caller knows of arrays that it passes: for the place of the object among the parameters the row, and the dimension, that
/// would read it anew.
type Opened = Vec<(u32, &'static str, i64, Operand)>;

fn opened(args: &[Tree<Operand>]) -> Opened {
    fn add(tree: &Tree<Operand>, next: &mut u32, opened: &mut Opened) {
        match tree {
            Tree::Leaf(_) => *next += 1,
            Tree::Function(_) => {}
            Tree::Tuple(parts) => parts.iter().for_each(|part| add(part, next, opened)),
            Tree::Array(array, _) if array.view => *next += array.words() as u32,
            Tree::Array(array, leaves) => {
                let ndim = usize::from(array.ndim);
                opened.push((*next, "data.", 0, leaves[1]));
                for at in 0..ndim {
                    opened.push((*next, "length.", at as i64, leaves[2 + at]));
                    if array.has_strides() {
                        opened.push((*next, "stride.", at as i64, leaves[2 + ndim + at]));
                    }
                }
                *next += 1;
            }
        }
    }
    let mut opened = Opened::new();
    let mut next = 0;
    args.iter().for_each(|tree| add(tree, &mut next, &mut opened));
    opened
}

/// Where a body goes.
struct Into {
    first_local: u32,
    first_block: u32,
    exit: ExitId,
    opened: Opened,
}

impl Into {
    fn local(&self, id: LocalId) -> LocalId {
        LocalId(id.0 + self.first_local)
    }

    fn block(&self, id: BlockId) -> BlockId {
        BlockId(id.0 + self.first_block)
    }

    fn operand(&self, operand: Operand) -> Operand {
        match operand {
            Operand::Local(id) => Operand::Local(self.local(id)),
            Operand::Constant(_) => operand,
        }
    }

    fn value(&self, value: &Value) -> Value {
        match value {
            Value::Convert(operand) => Value::Convert(self.operand(*operand)),
            Value::Op { op, args, exit } => {
                if let Some(known) = self.known(op.row().name, args) {
                    return Value::Convert(known);
                }
                let args = args.iter().map(|&arg| self.operand(arg)).collect();
                Value::Op { op: *op, args, exit: exit.map(|_| self.exit) }
            }
            Value::Create(_) | Value::Call(_) | Value::Given(_) => panic!("a body makes no arrays and no calls"),
        }
    }

    /// What a read of an array's header gives that the caller has done before.
    fn known(&self, row: &str, args: &[Operand]) -> Option<Operand> {
        let (Operand::Local(owner), rest) = args.split_first()? else { return None };
        let dimension = match rest {
            [] => 0,
            [Operand::Constant(Constant::Int(at))] => *at,
            _ => return None,
        };
        let is_it =
            |&&(place, name, at, _): &&(u32, &str, i64, Operand)| place == owner.0 && name == row && at == dimension;
        self.opened.iter().find(is_it).map(|&(.., known)| known)
    }
}

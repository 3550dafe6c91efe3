//! Tests of a loop's header that hold in every turn if they hold in the first.
//!
//! `while 0 <= i < n` has two tests, in two blocks. Where turns only add to `i` what is not negative, the first one is made once, in front
//! of the loop, and what remains in the loop is a header that compares `i` with `n`. In front, all tests are made in their order, so that
//! what they leave by they leave by there.

use std::collections::{HashMap, HashSet};

use super::{is_movable, writes};
use crate::ir::{Block, BlockId, Function, Local, LocalId, LoopId, Operand, Statement, Terminator, Value};
use crate::loops::tidy::redirect;
use crate::loops::{added, within};
use crate::ops::{Predicate, Recipe};
use crate::types::{Type, TypeSet};

/// The tests that a loop begins with.
pub(super) struct Split {
    links: Vec<Link>,
}

/// A test: a block that does nothing else.
struct Link {
    block: BlockId,
    /// Where it goes for another turn.
    next: BlockId,
    /// It holds in every turn if it does in the first.
    lasts: bool,
}

/// How turns change a value.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Still,
    Up,
    Down,
}

/// The tests, if some of them last and some do not.
pub(super) fn split(function: &Function, id: LoopId) -> Option<Split> {
    let header = function.loops[id.0 as usize].header;
    let is_alone = function.loops.iter().filter(|one| one.header == header).count() == 1;
    let mut search = Search { function, id, written: HashMap::new(), defined: HashMap::new() };
    for local in writes(function, id) {
        *search.written.entry(local).or_default() += 1;
    }
    let mut links = Vec::<Link>::new();
    let mut at = header;
    while let Some(link) = search.link(at, links.last().map(|one| one.block)) {
        at = link.next;
        links.push(link);
        if at == header {
            return None;
        }
    }
    // What the tests compute nobody else reads.
    let blocks = links.iter().map(|link| link.block).collect::<HashSet<_>>();
    let is_computed = |operand: &Operand| operand.local().is_some_and(|local| search.defined.contains_key(&local));
    let others = function.blocks.iter().enumerate().filter(|(at, _)| !blocks.contains(&BlockId(*at as u32)));
    let mut read = others.flat_map(|(_, block)| {
        let statements = block.statements.iter();
        statements.flat_map(|one| one.value.operands()).chain(read_by(&block.terminator)).collect::<Vec<_>>()
    });
    let mut live = function.exits.iter().flat_map(|exit| &exit.live).flat_map(|live| live.value.leaves());
    let is_read = read.any(|one| is_computed(&one)) || live.any(|one| search.defined.contains_key(&one));
    let lasting = links.iter().filter(|link| link.lasts).count();
    (is_alone && !is_read && lasting > 0 && lasting < links.len()).then_some(Split { links })
}

fn read_by(terminator: &Terminator) -> Vec<Operand> {
    match terminator {
        Terminator::Branch { condition, .. } => vec![*condition],
        Terminator::Return(value) => value.leaves(),
        Terminator::Switch { subject, .. } => vec![Operand::Local(*subject)],
        Terminator::Jump(_) | Terminator::Leave(_) => Vec::new(),
    }
}

struct Search<'a> {
    function: &'a Function,
    id: LoopId,
    /// How often the loop writes what it writes.
    written: HashMap<LocalId, usize>,
    /// What the tests so far compute.
    defined: HashMap<LocalId, &'a Value>,
}

impl<'a> Search<'a> {
    /// The test that a block makes, if it does nothing else and comes behind the one before only.
    fn link(&mut self, at: BlockId, before: Option<BlockId>) -> Option<Link> {
        let block: &'a Block = self.function.block(at);
        let Terminator::Branch { condition: Operand::Local(condition), then_block, else_block } = block.terminator
        else {
            return None;
        };
        let inside = |to: BlockId| within(self.function, to, self.id);
        let (next, if_true) = match (inside(then_block), inside(else_block)) {
            (true, false) => (then_block, true),
            (false, true) => (else_block, false),
            (true, true) | (false, false) => return None,
        };
        let is_entered = |other: &Block| other.terminator.successors().contains(&at);
        let mut entries = self.function.blocks.iter().enumerate().filter(|(_, one)| is_entered(one));
        let is_next = before.is_none_or(|before| entries.all(|(one, _)| one == before.0 as usize));
        let only_tests = block.statements.iter().all(|one| {
            let is_own = self.function.local(one.target).name.starts_with('.') && self.written[&one.target] == 1;
            is_own && is_pure(one)
        });
        if block.in_loop != Some(self.id) || !is_next || !only_tests {
            return None;
        }
        self.defined.extend(block.statements.iter().map(|one| (one.target, &one.value)));
        let lasts = self.lasts(Operand::Local(condition), if_true);
        Some(Link { block: at, next, lasts })
    }

    /// True of a condition that, if it is `expected` once, is so in all turns that follow.
    fn lasts(&self, condition: Operand, expected: bool) -> bool {
        if self.way(condition) == Some(Way::Still) {
            return true;
        }
        let Some(Value::Op { op, args, exit: None }) = condition.local().and_then(|one| self.defined.get(&one)) else {
            return false;
        };
        match (op.row().recipe, args.as_slice()) {
            (Recipe::Same, &[only]) => self.lasts(only, expected),
            (Recipe::Not, &[only]) => self.lasts(only, !expected),
            (Recipe::CompareInt(predicate), &[left, right]) => {
                let predicate = if expected { predicate } else { predicate.negated() };
                let (Some(left), Some(right)) = (self.way(left), self.way(right)) else { return false };
                match predicate {
                    Predicate::Lt | Predicate::Le => left != Way::Up && right != Way::Down,
                    Predicate::Gt | Predicate::Ge => left != Way::Down && right != Way::Up,
                    Predicate::Eq | Predicate::Ne => false,
                }
            }
            _ => false,
        }
    }

    /// How turns change an operand of a test; `None` if it is not known.
    fn way(&self, operand: Operand) -> Option<Way> {
        let Operand::Local(local) = operand else { return Some(Way::Still) };
        match self.defined.get(&local) {
            Some(Value::Convert(source)) => {
                self.way(*source).filter(|&way| way == Way::Still || self.are_ints(local, *source))
            }
            Some(Value::Op { op, args, .. }) => match (op.row().recipe, args.as_slice()) {
                (Recipe::Same, &[only]) if self.are_ints(local, only) => self.way(only),
                (Recipe::AddInt, &[only, Operand::Constant(_)] | &[Operand::Constant(_), only])
                | (Recipe::SubInt, &[only, Operand::Constant(_)]) => self.way(only),
                (_, all) => all.iter().all(|&one| self.way(one) == Some(Way::Still)).then_some(Way::Still),
            },
            Some(Value::Create(_) | Value::Call(_) | Value::Given(_)) => None,
            None if self.written.contains_key(&local) => self.way_of(local),
            None => Some(Way::Still),
        }
    }

    fn are_ints(&self, local: LocalId, operand: Operand) -> bool {
        let is_int = |types: TypeSet| types.single() == Some(Type::Int);
        is_int(self.function.local(local).types) && is_int(self.function.types(operand))
    }

    /// How turns change a local that they write.
    fn way_of(&self, local: LocalId) -> Option<Way> {
        let blocks = self.function.blocks.iter().enumerate();
        let own = blocks.filter(|(at, _)| within(self.function, BlockId(*at as u32), self.id));
        let all = own.flat_map(|(_, block)| &block.statements).filter(|one| one.target == local);
        let ways = all.map(|one| {
            let Value::Op { op, .. } = &one.value else { return None };
            let change = added(&one.value, local)?;
            // What leaves rather than to wrap.
            let is_exact = matches!(op.row().recipe, Recipe::AddInt | Recipe::SubInt);
            is_exact.then_some(if change < 0 { Way::Down } else { Way::Up })
        });
        let ways = ways.collect::<Option<Vec<_>>>()?;
        let first = *ways.first()?;
        ways.iter().all(|&one| one == first).then_some(first)
    }
}

/// A computation that reads nothing but its operands, and is worth little.
fn is_pure(statement: &Statement) -> bool {
    let Value::Op { op, .. } = &statement.value else { return is_movable(statement) };
    is_movable(statement)
        || matches!(
            op.row().recipe,
            Recipe::CompareInt(_)
                | Recipe::CompareFloat(_)
                | Recipe::CompareIntFloat(_)
                | Recipe::CompareFloatInt(_)
                | Recipe::TruthInt
                | Recipe::TruthFloat
                | Recipe::Not
        )
}

/// Makes all tests in front of the loop, and in the loop those that do not last.
pub(super) fn ask_once(function: &mut Function, id: LoopId, Split { links }: &Split) {
    let Some(first) = links.iter().position(|link| !link.lasts) else { return };
    let header = function.loops[id.0 as usize].header;
    let mut front = in_front(function, id, links);
    let inside = (0..function.blocks.len()).map(|at| within(function, BlockId(at as u32), id)).collect::<Vec<_>>();
    // What the remaining tests need of what the others compute stands in front of them.
    let mut needed = HashSet::new();
    let mut statements = Vec::new();
    for link in links.iter().rev() {
        let block = &mut function.blocks[link.block.0 as usize];
        if !link.lasts {
            needed.extend(read_by(&block.terminator).into_iter().filter_map(Operand::local));
        }
        let mut kept = std::mem::take(&mut block.statements);
        kept.reverse();
        kept.retain(|one| {
            let is_needed = needed.contains(&one.target);
            if is_needed {
                needed.extend(one.value.operands().into_iter().filter_map(Operand::local));
            }
            is_needed
        });
        kept.reverse();
        statements.push(kept);
    }
    statements.reverse();
    let mut ahead = Vec::new();
    for (link, mut kept) in links.iter().zip(statements) {
        ahead.append(&mut kept);
        if !link.lasts {
            function.blocks[link.block.0 as usize].statements = std::mem::take(&mut ahead);
        }
    }
    // The next one that remains, from each test on.
    let mut goes = HashMap::new();
    for link in links.iter().rev() {
        let next = goes.get(&link.next).copied().unwrap_or(link.next);
        goes.insert(link.block, if link.lasts { next } else { link.block });
    }
    let gone = links.iter().filter(|link| link.lasts).map(|link| link.block.0).collect::<Vec<_>>();
    let gone_before = |block: BlockId| gone.iter().filter(|&&one| one < block.0).count() as u32;
    // The tests in front stand where the header stood, so that blocks stay in an order in which they are reached.
    let (count, place) = (front.len() as u32, header.0 - gone_before(header));
    let moved = |block: BlockId| {
        let shift = if block.0 >= header.0 { count } else { 0 };
        BlockId(block.0 + shift - gone_before(block))
    };
    for (block, inside) in function.blocks.iter_mut().zip(inside) {
        redirect(&mut block.terminator, |to| match goes.get(&to) {
            Some(&stays) if inside => moved(stays),
            Some(_) => BlockId(place),
            None => moved(to),
        });
    }
    for one in &mut function.loops {
        one.header = if one.header == header { moved(links[first].block) } else { moved(one.header) };
    }
    for (at, (block, link)) in front.iter_mut().zip(links).enumerate() {
        let behind = place + at as u32 + 1;
        let next = if behind < place + count { BlockId(behind) } else { moved(links[first].block) };
        redirect(&mut block.terminator, |to| if to == link.next { next } else { moved(to) });
    }
    let mut at = 0;
    function.blocks.retain(|_| {
        at += 1;
        !gone.contains(&(at - 1))
    });
    function.blocks.splice(place as usize..place as usize, front);
}

/// The blocks of the tests once more, with locals of their own; where they go is not yet changed.
fn in_front(function: &mut Function, id: LoopId, links: &[Link]) -> Vec<Block> {
    let parent = function.loops[id.0 as usize].parent;
    let mut own = HashMap::new();
    let mut blocks = Vec::new();
    for link in links {
        let mut block = function.block(link.block).clone();
        block.in_loop = parent;
        for statement in &mut block.statements {
            if let Value::Convert(only) = &mut statement.value {
                rename(&own, only);
            }
            if let Value::Op { args, .. } = &mut statement.value {
                args.iter_mut().for_each(|arg| rename(&own, arg));
            }
            let Local { types, .. } = function.local(statement.target).clone();
            let renamed = LocalId(function.locals.len() as u32);
            function.locals.push(Local { name: format!(".{}", renamed.0), types });
            own.insert(statement.target, renamed);
            statement.target = renamed;
        }
        if let Terminator::Branch { condition, .. } = &mut block.terminator {
            rename(&own, condition);
        }
        blocks.push(block);
    }
    blocks
}

fn rename(own: &HashMap<LocalId, LocalId>, operand: &mut Operand) {
    if let Operand::Local(local) = operand
        && let Some(&renamed) = own.get(local)
    {
        *local = renamed;
    }
}

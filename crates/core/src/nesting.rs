//! The calls within a unit: which functions come back to themselves, how many levels of such calls are written out, and where in a
//! function a call of it is counted.
//!
//! Enters: a verified [`Unit`]. Leaves: [`Nesting`] and [`Count`]. Needs no LLVM.

use std::collections::BTreeSet;

use crate::ir::{BlockId, Function, LocalId, Statement, Unit, Value};

/// Levels of calls that are written out where functions are small: copies of them that call each other in turn. A level costs
/// as much as its body then, and no more than one in so many pays for depth and fuel.
const MOST_LEVELS: u32 = 3;
/// Statements of a function with all levels below it written out.
const MOST_STATEMENTS: usize = 320;

/// The calls of a unit.
#[derive(Debug)]
pub struct Nesting {
    /// For each function one of those that it calls, by way of others too, and that call it; `None` if there is none.
    groups: Vec<Option<usize>>,
    levels: Vec<u32>,
}

impl Nesting {
    /// Looks at all calls.
    #[must_use]
    pub fn of(unit: &Unit) -> Self {
        let direct = unit.functions.iter().map(callees).collect::<Vec<_>>();
        let reached =
            (0..direct.len()).map(|from| reach(direct[from].clone(), |at| direct[at].clone())).collect::<Vec<_>>();
        let group =
            |at: usize| (0..direct.len()).find(|&other| reached[at].contains(&other) && reached[other].contains(&at));
        let groups = (0..direct.len()).map(|at| group(at).filter(|_| reached[at].contains(&at))).collect::<Vec<_>>();
        let mut nesting = Self { levels: vec![1; groups.len()], groups };
        for at in 0..nesting.groups.len() {
            let Some(group) = nesting.groups[at] else { continue };
            let members = (0..nesting.groups.len()).filter(|&other| nesting.groups[other] == Some(group));
            let members = members.collect::<Vec<_>>();
            let loops = members.iter().any(|&one| !unit.functions[one].loops.is_empty());
            let fits = |&levels: &u32| {
                let size = |&one: &usize| nesting.written_out(unit, &direct, one, levels) <= MOST_STATEMENTS;
                members.iter().all(size)
            };
            let most = if loops { 1 } else { MOST_LEVELS };
            let levels = (2..=most).rev().find(fits).unwrap_or(1);
            nesting.levels[at] = levels;
        }
        nesting
    }

    /// How many copies of a function there are: a call within its group goes from one to the next, and from the last to the first.
    #[must_use]
    pub fn levels(&self, function: usize) -> u32 {
        self.levels[function]
    }

    /// True if two functions come back to each other.
    #[must_use]
    pub fn together(&self, one: usize, other: usize) -> bool {
        self.groups[one].is_some() && self.groups[one] == self.groups[other]
    }

    /// Statements of a function with so many levels of calls, its own among them.
    fn written_out(&self, unit: &Unit, direct: &[Vec<usize>], function: usize, levels: u32) -> usize {
        let own = unit.functions[function].blocks.iter().map(|block| block.statements.len() + 1).sum::<usize>();
        let below = direct[function].iter().filter(|&&callee| levels > 1 && self.together(function, callee));
        let mut all = own;
        for &callee in below {
            all += self.written_out(unit, direct, callee, levels - 1);
            if all > MOST_STATEMENTS {
                break;
            }
        }
        all
    }
}

/// The functions of a unit that may run: the first, and what is called from there.
#[must_use]
pub fn reached(unit: &Unit) -> BTreeSet<usize> {
    reach(vec![0], |at| unit.functions.get(at).map(callees).unwrap_or_default())
}

/// What a function calls, once for each call.
#[must_use]
pub fn callees(function: &Function) -> Vec<usize> {
    function.blocks.iter().flat_map(|block| &block.statements).filter_map(callee).collect()
}

fn callee(statement: &Statement) -> Option<usize> {
    match &statement.value {
        Value::Call(call) => Some(call.callee as usize),
        Value::Convert(_) | Value::Op { .. } | Value::Create(_) | Value::Given(_) => None,
    }
}

/// All that is reached from these nodes, themselves among it.
fn reach(mut waiting: Vec<usize>, next: impl Fn(usize) -> Vec<usize>) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    while let Some(at) = waiting.pop() {
        if found.insert(at) {
            waiting.extend(next(at));
        }
    }
    found
}

/// Where a call of a function is counted.
#[derive(Debug, PartialEq, Eq)]
pub struct Count {
    /// At the start of this block.
    pub block: BlockId,
    /// The blocks behind, this one among them: who returns there takes the count back.
    pub behind: BTreeSet<BlockId>,
}

impl Count {
    /// As late as it can be: calls that come to an end without calls of their own are cheaper for it. Up to there nothing is done that
    /// the exit at the function's start would repeat. `None` if it makes no call that `counts`.
    #[must_use]
    pub fn of(function: &Function, counts: impl Fn(usize) -> bool) -> Option<Self> {
        let next = |at: usize| -> Vec<usize> {
            function.blocks[at].terminator.successors().into_iter().map(|to| to.0 as usize).collect()
        };
        let calls = |at: usize| function.blocks[at].statements.iter().filter_map(callee).any(&counts);
        let behind = |at: usize| reach(vec![at], next);
        let parameters = |id: LocalId| id.0 < function.parameters;
        let passes = |statement: &Statement| match &statement.value {
            Value::Convert(_) => !parameters(statement.target),
            Value::Op { op, .. } => !parameters(statement.target) && !op.row().recipe.has_effect(),
            Value::Create(_) | Value::Call(_) | Value::Given(_) => false,
        };
        let mut at = 0;
        if !behind(at).into_iter().any(calls) {
            return None;
        }
        while function.blocks[at].statements.iter().all(passes) {
            let ways = next(at).into_iter().collect::<BTreeSet<_>>();
            let (with, without) = ways.iter().partition::<Vec<_>, _>(|&&way| behind(way).into_iter().any(calls));
            let &[&way] = with.as_slice() else { break };
            let all = behind(way);
            let entered = (0..function.blocks.len()).filter(|&from| next(from).contains(&way)).count();
            let apart = without.into_iter().all(|&other| behind(other).is_disjoint(&all));
            if entered != 1 || !apart || function.blocks[way].in_loop.is_some() {
                break;
            }
            at = way;
        }
        Some(Self { block: BlockId(at as u32), behind: behind(at).into_iter().map(|at| BlockId(at as u32)).collect() })
    }
}

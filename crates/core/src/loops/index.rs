//! What is asked for each loop of a function, found in one walk over all of it: a function may have thousands of loops.
//!
//! Enters: a [`Function`]. Leaves: the blocks of each loop, which loops repeat, and where locals are read and written.

use std::collections::{HashMap, HashSet};

use crate::ir::{BlockId, Constant, Function, LocalId, LoopId, Operand, Statement, Terminator, Value};
use crate::ops::Recipe;
use crate::types::Type;

use super::within;

/// The answers for one function.
#[derive(Debug)]
pub struct Index<'a> {
    /// The function.
    pub function: &'a Function,
    /// The blocks of each loop, those of loops inside left out.
    own: Vec<Vec<BlockId>>,
    /// Loops that have others inside.
    outer: HashSet<LoopId>,
    /// Loops to whose headers control comes back from inside.
    repeating: HashSet<LoopId>,
    /// Locals that something reads which does not stand behind a write in the same block.
    read_elsewhere: HashSet<LocalId>,
    /// The statements that write each local, in the order of the function.
    writes: HashMap<LocalId, Vec<(BlockId, &'a Statement)>>,
    /// The blocks that lead to each block.
    leading: HashMap<BlockId, Vec<BlockId>>,
    /// The loops of which a block is the header.
    headers: HashMap<BlockId, Vec<LoopId>>,
}

impl<'a> Index<'a> {
    /// Walks over the function.
    #[must_use]
    pub fn new(function: &'a Function) -> Self {
        let mut headers = HashMap::<BlockId, Vec<LoopId>>::new();
        for (at, one) in function.loops.iter().enumerate() {
            headers.entry(one.header).or_default().push(LoopId(at as u32));
        }
        let mut found = Self {
            function,
            own: vec![Vec::new(); function.loops.len()],
            outer: function.loops.iter().filter_map(|one| one.parent).collect(),
            repeating: HashSet::new(),
            read_elsewhere: HashSet::new(),
            writes: HashMap::new(),
            leading: HashMap::new(),
            headers: HashMap::new(),
        };
        for (at, block) in function.blocks.iter().enumerate() {
            let id = BlockId(at as u32);
            if let Some(own) = block.in_loop {
                found.own[own.0 as usize].push(id);
            }
            let successors = block.terminator.successors();
            let ways = successors.iter().filter_map(|to| headers.get(to)).flatten();
            found.repeating.extend(ways.filter(|&&of| within(function, id, of)));
            successors.iter().for_each(|&to| found.leading.entry(to).or_default().push(id));
            found.locals(id);
        }
        found.headers = headers;
        let live = function.exits.iter().flat_map(|exit| &exit.live);
        found.read_elsewhere.extend(live.flat_map(|live| live.value.leaves()));
        found
    }

    /// The reads and writes of a block.
    fn locals(&mut self, id: BlockId) {
        let block = self.function.block(id);
        let mut written = HashSet::new();
        let mut read = |written: &HashSet<LocalId>, operand: &Operand| {
            self.read_elsewhere.extend(operand.local().filter(|local| !written.contains(local)));
        };
        for statement in &block.statements {
            statement.value.operands().iter().for_each(|operand| read(&written, operand));
            written.insert(statement.target);
            self.writes.entry(statement.target).or_default().push((id, statement));
        }
        match &block.terminator {
            Terminator::Branch { condition, .. } => read(&written, condition),
            Terminator::Return(value) => value.leaves().iter().for_each(|operand| read(&written, operand)),
            Terminator::Switch { subject, .. } => read(&written, &Operand::Local(*subject)),
            Terminator::Jump(_) | Terminator::Leave(_) => {}
        }
    }

    /// The blocks of a loop, those of loops inside left out, in the order of the function.
    #[must_use]
    pub fn own(&self, id: LoopId) -> &[BlockId] {
        &self.own[id.0 as usize]
    }

    /// No loop is inside.
    #[must_use]
    pub fn is_innermost(&self, id: LoopId) -> bool {
        !self.outer.contains(&id)
    }

    /// Control comes back to the header from inside.
    #[must_use]
    pub fn repeats(&self, id: LoopId) -> bool {
        self.repeating.contains(&id)
    }

    /// True if every read of a local follows a write of it in the same block: then a block that leaves the write out, and what would
    /// read it, leaves nothing else undone.
    #[must_use]
    pub fn is_read_at_once(&self, local: LocalId) -> bool {
        !self.read_elsewhere.contains(&local)
    }

    /// The one constant that an operand holds wherever it is written, these blocks left out.
    #[must_use]
    pub fn constant(&self, operand: Operand, except: &[BlockId]) -> Option<i64> {
        let local = match of(self.function, operand)? {
            Held::Constant(value) => return Some(value),
            Held::Local(local) => local,
        };
        one_constant(self.writes.get(&local)?.iter().copied(), except)
    }

    /// The constant that a local holds whenever a loop is entered: as it was set, or moved by turns that were made by themselves.
    #[must_use]
    pub fn at_entry(&self, local: LocalId, id: LoopId) -> Option<i64> {
        let ways = self.leading.get(&self.function.loops[id.0 as usize].header)?;
        let outside = ways.iter().filter(|&&from| !within(self.function, from, id));
        let mut left = MOST_BLOCKS;
        agreed(outside.map(|&from| self.before(local, (from, usize::MAX), &mut left)))
    }

    /// The constant that an operand holds in front of a statement of a block.
    #[must_use]
    pub fn at(&self, operand: Operand, place: (BlockId, usize)) -> Option<i64> {
        match of(self.function, operand)? {
            Held::Constant(value) => Some(value),
            Held::Local(local) => self.before(local, place, &mut MOST_BLOCKS.clone()),
        }
    }

    /// The same of a local; so many blocks may be looked at.
    fn before(&self, local: LocalId, (block, end): (BlockId, usize), left: &mut usize) -> Option<i64> {
        *left = left.checked_sub(1)?;
        let mut moved = 0;
        let statements = self.function.block(block).statements.iter().enumerate().take(end);
        for (at, statement) in statements.rev().filter(|(_, one)| one.target == local) {
            if let Some(value) = written_constant(statement) {
                return value.checked_add(moved);
            }
            let own = Operand::Local(local);
            let copied = match &statement.value {
                Value::Convert(operand) => *operand,
                Value::Op { op, args, .. } => match (op.row().recipe, args.as_slice()) {
                    (Recipe::Same, &[only]) => only,
                    (Recipe::StepUp, &[only]) if only == own => {
                        moved += 1;
                        continue;
                    }
                    (Recipe::StepDown, &[only]) if only == own => {
                        moved -= 1;
                        continue;
                    }
                    _ => return None,
                },
                Value::Create(_) | Value::Call(_) | Value::Given(_) => return None,
            };
            return match of(self.function, copied)? {
                Held::Constant(value) => Some(value),
                Held::Local(other) => self.before(other, (block, at), left),
            }?
            .checked_add(moved);
        }
        // The turns of a loop that does not write it change nothing.
        let writes = self.writes.get(&local).map_or(&[][..], Vec::as_slice);
        let stays = |id: LoopId| !writes.iter().any(|&(at, _)| within(self.function, at, id));
        let passed = self.headers.get(&block).into_iter().flatten().filter(|&&id| stays(id)).collect::<Vec<_>>();
        let from_turn = |from: BlockId| passed.iter().any(|&&id| within(self.function, from, id));
        let ways = self.leading.get(&block)?.iter().filter(|&&from| !from_turn(from));
        agreed(ways.map(|&from| self.before(local, (from, usize::MAX), left)))?.checked_add(moved)
    }

    /// The blocks that lead to a block.
    #[must_use]
    pub fn leading(&self, block: BlockId) -> &[BlockId] {
        self.leading.get(&block).map_or(&[], Vec::as_slice)
    }

    /// True of the block with which turns of a loop begin.
    #[must_use]
    pub fn is_header(&self, block: BlockId) -> bool {
        self.headers.contains_key(&block)
    }
}

/// The blocks that are looked at for what a local holds.
const MOST_BLOCKS: usize = 64;

/// What all say, if they are some and say the same.
fn agreed(mut all: impl Iterator<Item = Option<i64>>) -> Option<i64> {
    let first = all.next()??;
    all.all(|one| one == Some(first)).then_some(first)
}

/// The same for one local of a function without an index.
#[must_use]
pub fn constant(function: &Function, operand: Operand, except: &[BlockId]) -> Option<i64> {
    let local = match of(function, operand)? {
        Held::Constant(value) => return Some(value),
        Held::Local(local) => local,
    };
    let all = function
        .blocks
        .iter()
        .enumerate()
        .flat_map(|(at, block)| block.statements.iter().map(move |statement| (BlockId(at as u32), statement)));
    one_constant(all.filter(|(_, statement)| statement.target == local), except)
}

/// What may hold one constant.
enum Held {
    Constant(i64),
    Local(LocalId),
}

/// `None` of what can hold no constant int.
fn of(function: &Function, operand: Operand) -> Option<Held> {
    match operand {
        Operand::Constant(Constant::Int(value)) => Some(Held::Constant(value)),
        Operand::Constant(
            Constant::None | Constant::Bool(_) | Constant::Float(_) | Constant::Nat(_) | Constant::Complex(..),
        ) => None,
        Operand::Local(local) => {
            let is_own_int = local.0 >= function.parameters && function.local(local).types.single() == Some(Type::Int);
            is_own_int.then_some(Held::Local(local))
        }
    }
}

/// The one constant that all of these statements write, but for those in some blocks.
fn one_constant<'a>(writes: impl Iterator<Item = (BlockId, &'a Statement)>, except: &[BlockId]) -> Option<i64> {
    let mut found = None;
    for (_, statement) in writes.filter(|(block, _)| !except.contains(block)) {
        let value = written_constant(statement)?;
        if found.is_some_and(|known| known != value) {
            return None;
        }
        found = Some(value);
    }
    found
}

/// The constant that a statement writes.
fn written_constant(statement: &Statement) -> Option<i64> {
    match &statement.value {
        Value::Convert(Operand::Constant(Constant::Int(value))) => Some(*value),
        Value::Op { op, args, .. } if op.row().recipe == Recipe::Same => match args.as_slice() {
            [Operand::Constant(Constant::Int(value))] => Some(*value),
            _ => None,
        },
        Value::Convert(_) | Value::Op { .. } | Value::Create(_) | Value::Call(_) | Value::Given(_) => None,
    }
}

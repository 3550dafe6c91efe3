//! Faults in the records of side exits: where the interpreter takes over, and with what.

use super::{converting, definitions, each_statement, local};
use crate::ir::{Constant, Exit, ExitId, Function, Live, Local, LocalId, Operand, Point, Terminator, Tree};
use crate::source::Span;
use crate::types::Type::{self, Bool, Float, Int};

/// The last `return` leaves compiled code, with an empty record.
pub(super) fn exit_without_need(function: &mut Function) {
    let is_return = |at: &usize| matches!(function.blocks[*at].terminator, Terminator::Return(_));
    let Some(at) = (0..function.blocks.len()).rev().find(is_return) else { return };
    let exit = ExitId(u32::try_from(function.exits.len()).expect("fewer exits than 2**32"));
    function.exits.push(Exit {
        statement: 0,
        point: Point::Start,
        live: Vec::new(),
        pending: None,
        span: Span::default(),
    });
    function.blocks[at].terminator = Terminator::Leave(exit);
}

pub(super) fn each_exit(function: &mut Function, change: impl Fn(&mut Exit, &[Local])) {
    for exit in &mut function.exits {
        change(exit, &function.locals);
    }
}

pub(super) fn is_name(local: &Local) -> bool {
    !local.name.starts_with('.')
}

pub(super) fn is_iterator(local: &Local) -> bool {
    local.name.starts_with(".next")
}

pub(super) fn drop_iterators(exit: &mut Exit, locals: &[Local]) {
    exit.live.retain(|live| live.value.leaves().iter().all(|id| is_name(&locals[id.0 as usize])));
}

pub(super) fn drop_local(exit: &mut Exit, locals: &[Local]) {
    let named = |live: &Live| live.value.leaves().iter().any(|id| is_name(&locals[id.0 as usize]));
    if let Some(at) = exit.live.iter().position(named) {
        exit.live.remove(at);
    }
}

/// Two locals of the same types change places.
pub(super) fn swap_locals(exit: &mut Exit, locals: &[Local]) {
    let types = |live: &Live| match live.value {
        Tree::Leaf(id) if is_name(&locals[id.0 as usize]) => Some(locals[id.0 as usize].types),
        Tree::Leaf(_) | Tree::Tuple(_) | Tree::Array(..) | Tree::Function(_) => None,
    };
    for first in 0..exit.live.len() {
        for second in first + 1..exit.live.len() {
            if types(&exit.live[first]).is_some() && types(&exit.live[first]) == types(&exit.live[second]) {
                let value = exit.live[first].value.clone();
                exit.live[first].value = std::mem::replace(&mut exit.live[second].value, value);
                return;
            }
        }
    }
}

pub(super) const fn other_point(point: Point) -> Point {
    match point {
        Point::Start => Point::Condition,
        Point::Condition => Point::Iterable,
        Point::Iterable => Point::Advance,
        Point::Advance => Point::Target,
        Point::Target => Point::Start,
    }
}

/// Exits read a copy of each local that is meant; the copy misses the last place where it is written.
pub(super) fn exit_holds_stale(function: &mut Function, is_meant: fn(&Local) -> bool) {
    let records = function.exits.iter().flat_map(|exit| &exit.live);
    let mut live = records.flat_map(|live| live.value.leaves()).collect::<Vec<_>>();
    live.sort_unstable();
    live.dedup();
    for id in live {
        let original = function.local(id).clone();
        let writes = definitions(function, id);
        if !is_meant(&original) || writes == 0 || original.types.is_tagged() || original.types.contains(Type::Unbound) {
            continue;
        }
        let stale = local(function, original.types);
        function.locals[stale.0 as usize].name = original.name;
        let mut seen = 0;
        each_statement(function, |_, statement| {
            let written = statement.target == id;
            seen += usize::from(written);
            let copy = converting(stale, Operand::Local(id));
            if written && seen < writes { vec![statement, copy] } else { vec![statement] }
        });
        if let Some(start) = start_value(function, id) {
            function.blocks[0].statements.insert(0, converting(stale, start));
        }
        for exit in &mut function.exits {
            for live in &mut exit.live {
                live.value = live.value.map(&mut |one| if one == id { stale } else { one });
            }
        }
    }
}

/// What a stale copy holds before its name is written: the parameter, or a value that stands out.
fn start_value(function: &Function, id: LocalId) -> Option<Operand> {
    if id.0 < function.parameters {
        return Some(Operand::Local(id));
    }
    let constant = match function.local(id).types.single()? {
        Type::Unbound | Type::None => Constant::None,
        Bool => Constant::Bool(false),
        Int => Constant::Int(987_654_321),
        Float => Constant::Float(0.123_456_789),
        Type::Nat => Constant::Nat(u64::MAX - 987_654_321),
        Type::Complex => Constant::Complex(0.123_456_789, -9.876_543_21),
        Type::Low
        | Type::Scalar(_)
        | Type::Object
        | Type::Pointer
        | Type::Tuple(_)
        | Type::Array(_)
        | Type::Function(_) => return None,
    };
    Some(Operand::Constant(constant))
}

//! Planted faults: wrong compilers on purpose, which the test suite must find.
//!
//! Enters: verified IR and the name of a fault. Leaves: IR that is well formed and wrong. Built with the feature `faults`
//! only, chosen by the variable `BRRR_FAULT`, never part of a release.

use crate::ir::verify::verify;
use crate::ir::{
    Chain, Constant, Exit, ExitId, Function, Live, Local, LocalId, Operand, Point, Statement, Terminator, Tree, Value,
};
use crate::ops::{OpId, TABLE};
use crate::source::Span;
use crate::types::Type::{self, Bool, Float, Int};
use crate::types::TypeSet;

/// The variable that names the fault.
pub const VARIABLE: &str = "BRRR_FAULT";

type Plant = fn(&mut Function);

const FAULTS: &[(&str, Plant)] = &[
    ("addition-wraps", addition_wraps),
    ("subtraction-swapped", |function| each_row(function, "-", |args| args.reverse())),
    ("power-swapped", |function| each_row(function, "**", |args| args.reverse())),
    ("floor-division-of-swapped", |function| each_row(function, "//", |args| args.reverse())),
    ("int-division-rounds-twice", |function| through_float(function, "/", &[Int, Int])),
    ("comparison-converts-int", comparison_converts_int),
    ("less-is-at-most", |function| renamed(function, "<", "<=")),
    ("at-least-is-greater", |function| renamed(function, ">=", ">")),
    ("or-is-exclusive", |function| renamed(function, "|", "^")),
    ("modulo-is-floor-division", |function| renamed(function, "%", "//")),
    ("float-negation-subtracts", float_negation_subtracts),
    ("float-truth-by-greater", float_truth_by_greater),
    ("negation-dropped", negation_dropped),
    ("shift-count-masked", shift_count_masked),
    ("branch-swapped", branch_swapped),
    ("copy-dropped", copy_dropped),
    ("constant-off-by-one", constant_off_by_one),
    ("range-stop-off-by-one", range_stop_off_by_one),
    ("range-step-of-two", range_step_of_two),
    ("range-step-unchecked", range_step_unchecked),
    ("join-widens-int", join_widens_int),
    ("switch-takes-first-arm", switch_takes_first_arm),
    ("int-returned-as-float", |function| returned_as(function, Int, Float)),
    ("bool-returned-as-int", |function| returned_as(function, Bool, Int)),
    ("returned-objects-forgotten", |function| function.returned.clear()),
    ("guard-dropped", |function| function.guards.clear()),
    ("leave-returns-none", leave_returns_none),
    ("exit-without-need", exit_without_need),
    ("exit-drops-local", |function| each_exit(function, drop_local)),
    ("exit-drops-iterator", |function| each_exit(function, drop_iterators)),
    ("exit-holds-stale-local", |function| exit_holds_stale(function, is_name)),
    ("exit-holds-stale-iterator", |function| exit_holds_stale(function, is_iterator)),
    ("exit-names-next-statement", |function| each_exit(function, |exit, _| exit.statement += 1)),
    ("exit-at-wrong-point", |function| each_exit(function, |exit, _| exit.point = other_point(exit.point))),
];

/// The names of all faults.
#[must_use]
pub fn names() -> Vec<&'static str> {
    FAULTS.iter().map(|(name, _)| *name).collect()
}

/// Makes the function wrong in the way of the fault; some functions have no place for some faults.
///
/// # Panics
/// If there is no fault of that name.
pub fn plant(name: &str, function: &mut Function) {
    let fault = FAULTS.iter().find(|(one, _)| *one == name);
    let (_, plant) = fault.unwrap_or_else(|| panic!("no fault is called {name}"));
    plant(function);
}

/// Plants the fault that `BRRR_FAULT` names, if it is set.
pub fn plant_from_env(function: &mut Function) {
    if let Ok(name) = std::env::var(VARIABLE) {
        plant(&name, function);
    }
}

fn row(name: &str, params: &[Type]) -> Option<OpId> {
    let at = TABLE.iter().position(|op| op.name == name && op.params == params)?;
    u16::try_from(at).ok().map(OpId)
}

fn local(function: &mut Function, types: TypeSet) -> LocalId {
    let id = LocalId(u32::try_from(function.locals.len()).expect("fewer locals than 2**32"));
    function.locals.push(Local { name: format!(".fault{}", id.0), types });
    id
}

/// Rewrites every statement to a list of statements.
fn each_statement(function: &mut Function, mut rewrite: impl FnMut(&mut Function, Statement) -> Vec<Statement>) {
    for at in 0..function.blocks.len() {
        let statements = std::mem::take(&mut function.blocks[at].statements);
        let count = statements.len();
        let mut rewritten = statements.into_iter().flat_map(|one| rewrite(function, one)).collect::<Vec<_>>();
        if rewritten.len() != count {
            // What was put in between would break chains.
            rewritten.iter_mut().for_each(|one| one.chain = Chain::Alone);
        }
        function.blocks[at].statements = rewritten;
    }
}

/// Rewrites every operation of rows with a name.
fn each_op(
    function: &mut Function,
    name: &str,
    mut rewrite: impl FnMut(&mut Function, &mut Vec<Statement>, &mut OpId, &mut Vec<Operand>, &mut Option<ExitId>),
) {
    each_statement(function, |function, mut statement| {
        let mut made = Vec::new();
        if let Value::Op { op, args, exit } = &mut statement.value
            && op.row().name == name
        {
            rewrite(function, &mut made, op, args, exit);
        }
        made.push(statement);
        made
    });
}

/// Changes the operands of rows with a name and two equal parameter types.
fn each_row(function: &mut Function, name: &str, change: impl Fn(&mut Vec<Operand>)) {
    each_op(function, name, |_, _, op, args, _| {
        if let [left, right] = op.row().params
            && left == right
        {
            change(args);
        }
    });
}

/// Takes the row of another name with the same types.
fn renamed(function: &mut Function, from: &str, to: &str) {
    each_op(function, from, |_, _, op, _, exit| {
        if let Some(other) = row(to, op.row().params)
            && other.row().result == op.row().result
            && (exit.is_some() || !other.row().leaves())
        {
            *op = other;
            *exit = exit.filter(|_| other.row().leaves());
        }
    });
}

fn convert(function: &mut Function, made: &mut Vec<Statement>, operand: Operand, to: Type) -> Operand {
    let target = local(function, to.into());
    made.push(Statement { target, value: Value::Convert(operand), chain: Chain::Alone, span: Span::default() });
    Operand::Local(target)
}

fn operation(function: &mut Function, made: &mut Vec<Statement>, op: OpId, args: Vec<Operand>) -> Operand {
    let target = local(function, op.row().result.into());
    made.push(Statement {
        target,
        value: Value::Op { op, args, exit: None },
        chain: Chain::Alone,
        span: Span::default(),
    });
    Operand::Local(target)
}

fn through_float(function: &mut Function, name: &str, params: &[Type]) {
    each_op(function, name, |function, made, op, args, exit| {
        let Some(other) = row(name, &[Float, Float]) else { return };
        if op.row().params != params {
            return;
        }
        for arg in args.iter_mut() {
            if function.types(*arg) == TypeSet::of(Int) {
                *arg = convert(function, made, *arg, Float);
            }
        }
        *op = other;
        *exit = exit.filter(|_| other.row().leaves());
    });
}

fn comparison_converts_int(function: &mut Function) {
    for name in ["<", "<=", "==", "!=", ">", ">="] {
        through_float(function, name, &[Int, Float]);
        through_float(function, name, &[Float, Int]);
    }
}

fn addition_wraps(function: &mut Function) {
    each_op(function, "+", |_, _, op, _, exit| {
        if let (&[Int, Int], Some(wrapping)) = (op.row().params, row("advance.", &[Int, Int])) {
            *op = wrapping;
            *exit = None;
        }
    });
}

fn float_negation_subtracts(function: &mut Function) {
    each_op(function, "-", |_, _, op, args, _| {
        if let (&[Float], Some(subtraction)) = (op.row().params, row("-", &[Float, Float])) {
            *op = subtraction;
            args.insert(0, Operand::Constant(Constant::Float(0.0)));
        }
    });
}

fn float_truth_by_greater(function: &mut Function) {
    each_op(function, "truth.", |_, _, op, args, _| {
        if let (&[Float], Some(greater)) = (op.row().params, row(">", &[Float, Float])) {
            *op = greater;
            args.push(Operand::Constant(Constant::Float(0.0)));
        }
    });
}

fn negation_dropped(function: &mut Function) {
    each_op(function, "not", |_, _, op, _, _| {
        if let Some(same) = row("truth.", &[Bool]) {
            *op = same;
        }
    });
}

fn shift_count_masked(function: &mut Function) {
    let Some(and) = row("&", &[Int, Int]) else { return };
    for name in ["<<", ">>"] {
        each_op(function, name, |function, made, _, args, _| {
            let count = vec![args[1], Operand::Constant(Constant::Int(63))];
            args[1] = operation(function, made, and, count);
        });
    }
}

fn branch_swapped(function: &mut Function) {
    let branches = function.blocks.iter_mut().rev();
    let mut terminators = branches.map(|block| &mut block.terminator);
    let last = terminators.find(|terminator| matches!(terminator, Terminator::Branch { .. }));
    if let Some(Terminator::Branch { then_block, else_block, .. }) = last {
        std::mem::swap(then_block, else_block);
    }
}

fn definitions(function: &Function, id: LocalId) -> usize {
    let statements = function.blocks.iter().flat_map(|block| &block.statements);
    statements.filter(|statement| statement.target == id).count()
}

/// Drops the last copy into a name that is also written elsewhere.
fn copy_dropped(function: &mut Function) {
    let written = |id: LocalId| definitions(function, id) + usize::from(id.0 < function.parameters);
    for at in (0..function.blocks.len()).rev() {
        for number in (0..function.blocks[at].statements.len()).rev() {
            let statement = &function.blocks[at].statements[number];
            let copy = matches!(statement.value, Value::Convert(Operand::Local(_)));
            if copy && written(statement.target) > 1 {
                let mut without = function.clone();
                without.blocks[at].statements.remove(number);
                // Where it would leave a name unwritten, the verifier would say so, and the tests would prove nothing.
                if verify(&without).is_ok() {
                    *function = without;
                    return;
                }
            }
        }
    }
}

fn constant_off_by_one(function: &mut Function) {
    let mut planted = false;
    each_statement(function, |_, mut statement| {
        if let Value::Op { op, args, .. } = &mut statement.value {
            for arg in args.iter_mut() {
                if let Operand::Constant(Constant::Int(value)) = arg
                    && !planted
                    && !op.row().is_internal()
                {
                    *value = value.wrapping_add(1);
                    planted = true;
                }
            }
        }
        vec![statement]
    });
}

fn range_stop_off_by_one(function: &mut Function) {
    let Some(advance) = row("advance.", &[Int, Int]) else { return };
    each_op(function, "count.", |function, made, _, args, _| {
        let stop = vec![args[1], Operand::Constant(Constant::Int(1))];
        args[1] = operation(function, made, advance, stop);
    });
}

fn range_step_of_two(function: &mut Function) {
    let Some(advance) = row("advance.", &[Int, Int]) else { return };
    each_op(function, "up.", |_, _, op, args, _| {
        *op = advance;
        args.push(Operand::Constant(Constant::Int(2)));
    });
}

fn range_step_unchecked(function: &mut Function) {
    each_statement(function, |_, mut statement| {
        if let Value::Op { op, args, .. } = &statement.value
            && op.row().name == "step."
        {
            statement.value = Value::Convert(args[0]);
        }
        vec![statement]
    });
}

fn join_widens_int(function: &mut Function) {
    each_statement(function, |function, mut statement| {
        let mut made = Vec::new();
        let target = function.local(statement.target).types;
        if let Value::Convert(operand) = &mut statement.value
            && target.is_tagged()
            && target.contains(Float)
            && function.types(*operand) == TypeSet::of(Int)
        {
            *operand = convert(function, &mut made, *operand, Float);
        }
        made.push(statement);
        made
    });
}

fn switch_takes_first_arm(function: &mut Function) {
    for block in &mut function.blocks {
        if let Terminator::Switch { arms, .. } = &mut block.terminator {
            let first = arms[0].1;
            arms.iter_mut().for_each(|(_, block)| *block = first);
        }
    }
}

fn returned_as(function: &mut Function, from: Type, to: Type) {
    for at in 0..function.blocks.len() {
        let Terminator::Return(Tree::Leaf(operand)) = function.blocks[at].terminator else { continue };
        if function.types(operand) == TypeSet::of(from) {
            let mut made = Vec::new();
            let converted = convert(function, &mut made, operand, to);
            function.blocks[at].statements.append(&mut made);
            function.blocks[at].terminator = Terminator::Return(Tree::Leaf(converted));
            function.result = function.result.join(to.into());
        }
    }
}

fn leave_returns_none(function: &mut Function) {
    for block in &mut function.blocks {
        if let Terminator::Leave(_) = block.terminator {
            block.terminator = Terminator::Return(Tree::Leaf(Operand::Constant(Constant::None)));
            function.result = function.result.join(Type::None.into());
        }
    }
}

/// The last `return` leaves compiled code, with an empty record.
fn exit_without_need(function: &mut Function) {
    let is_return = |at: &usize| matches!(function.blocks[*at].terminator, Terminator::Return(_));
    let Some(at) = (0..function.blocks.len()).rev().find(is_return) else { return };
    let exit = ExitId(u32::try_from(function.exits.len()).expect("fewer exits than 2**32"));
    function.exits.push(Exit { statement: 0, point: Point::Start, live: Vec::new(), span: Span::default() });
    function.blocks[at].terminator = Terminator::Leave(exit);
}

fn each_exit(function: &mut Function, change: impl Fn(&mut Exit, &[Local])) {
    for exit in &mut function.exits {
        change(exit, &function.locals);
    }
}

fn is_name(local: &Local) -> bool {
    !local.name.starts_with('.')
}

fn is_iterator(local: &Local) -> bool {
    local.name.starts_with(".next")
}

fn drop_iterators(exit: &mut Exit, locals: &[Local]) {
    exit.live.retain(|live| live.value.leaves().iter().all(|id| is_name(&locals[id.0 as usize])));
}

fn drop_local(exit: &mut Exit, locals: &[Local]) {
    let named = |live: &Live| live.value.leaves().iter().any(|id| is_name(&locals[id.0 as usize]));
    if let Some(at) = exit.live.iter().position(named) {
        exit.live.remove(at);
    }
}

const fn other_point(point: Point) -> Point {
    match point {
        Point::Start => Point::Condition,
        Point::Condition => Point::Iterable,
        Point::Iterable => Point::Advance,
        Point::Advance => Point::Target,
        Point::Target => Point::Start,
    }
}

/// Exits read a copy of each local that is meant; the copy misses the last place where it is written.
fn exit_holds_stale(function: &mut Function, is_meant: fn(&Local) -> bool) {
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

fn converting(target: LocalId, operand: Operand) -> Statement {
    Statement { target, value: Value::Convert(operand), chain: Chain::Alone, span: Span::default() }
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
        Type::Low | Type::Tuple(_) => return None,
    };
    Some(Operand::Constant(constant))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Block;

    fn sample() -> Function {
        let int = TypeSet::of(Int);
        let name = |name: &str| Local { name: name.to_owned(), types: int };
        let statement = Statement {
            target: LocalId(1),
            value: Value::Op {
                op: row("+", &[Int, Int]).unwrap(),
                args: vec![Operand::Local(LocalId(0)), Operand::Constant(Constant::Int(1))],
                exit: Some(ExitId(0)),
            },
            chain: Chain::Alone,
            span: Span::default(),
        };
        let terminator = Terminator::Return(Tree::Leaf(Operand::Local(LocalId(1))));
        let live = vec![Live { name: "a".to_owned(), value: Tree::Leaf(LocalId(0)) }];
        Function {
            name: "f".to_owned(),
            parameters: 1,
            locals: vec![name("a"), name("b")],
            blocks: vec![Block { in_loop: None, statements: vec![statement], terminator }],
            exits: vec![Exit { statement: 0, point: Point::Start, live, span: Span::default() }],
            loops: Vec::new(),
            result: int,
            tuples: Vec::new(),
            returned: Vec::new(),
            origins: Default::default(),
            guards: Vec::new(),
        }
    }

    #[test]
    fn names_are_unique() {
        let mut all = names();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), FAULTS.len());
        assert!(all.len() >= 22);
    }

    #[test]
    fn faults_change_the_function() {
        for name in ["addition-wraps", "constant-off-by-one", "int-returned-as-float", "exit-drops-local"] {
            let mut function = sample();
            plant(name, &mut function);
            assert_ne!(function, sample(), "{name}");
        }
        let mut function = sample();
        plant("addition-wraps", &mut function);
        let Value::Op { op, exit, .. } = &function.blocks[0].statements[0].value else { panic!("not an operation") };
        assert_eq!((op.row().name, *exit), ("advance.", None));
    }

    #[test]
    #[should_panic(expected = "no fault is called nothing")]
    fn unknown_names_are_refused() {
        plant("nothing", &mut sample());
    }
}

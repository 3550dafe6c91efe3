//! Planted faults: wrong compilers on purpose, which the test suite must find.
//!
//! Enters: verified IR and the name of a fault. Leaves: IR that is well formed and wrong, or fewer guards than it needs. Built with the feature `faults`
//! only, chosen by the variable `BRRR_FAULT`, never part of a release.

use crate::ir::verify::verify;
use crate::ir::{Chain, Constant, ExitId, Function, Local, LocalId, Operand, Statement, Terminator, Tree, Value};
use crate::ops::{OpId, TABLE};
use crate::source::Span;
use crate::types::Type::{self, Bool, Complex, Float, Int, Nat};
use crate::types::TypeSet;

/// The variable that names the fault.
pub const VARIABLE: &str = "BRRR_FAULT";

mod arrays;
mod exits;
mod values;

use arrays::{bounds_unchecked, of_first_dimension, scalars_renamed, stays, store_dropped, stored_int_wraps};

use exits::{
    drop_iterators, drop_local, each_exit, exit_holds_stale, exit_without_need, is_iterator, is_name, other_point,
    swap_locals,
};
use values::{
    identity_is_equality, mask_loses_top_bit, product_wraps, returned_elements_swapped, shadow_dropped,
    shadow_written_at_once,
};

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
    ("leave-returns-none", leave_returns_none),
    ("exit-without-need", exit_without_need),
    ("mask-loses-top-bit", mask_loses_top_bit),
    ("product-wraps", product_wraps),
    ("unsigned-comparison-swapped", |function| swapped(function, "<", &[Nat, Nat])),
    ("complex-quotient-swapped", |function| swapped(function, "/", &[Complex, Complex])),
    ("imaginary-part-is-real", |function| renamed(function, ".imag", ".real")),
    ("conjugate-dropped", |function| renamed(function, ".conjugate", "+")),
    ("rounding-is-truncation", |function| renamed(function, "round", "int")),
    ("floor-is-ceiling", |function| renamed(function, "math.floor", "math.ceil")),
    ("absolute-value-dropped", |function| renamed(function, "abs", "+")),
    ("none-is-not-none", |function| renamed(function, "is.None.", "is.True.")),
    ("identity-is-equality", identity_is_equality),
    ("returned-elements-swapped", returned_elements_swapped),
    ("shadow-dropped", shadow_dropped),
    ("shadow-written-at-once", shadow_written_at_once),
    ("index-from-end-leaves", |function| renamed(function, "at.", "bound.")),
    ("index-unchecked", bounds_unchecked),
    ("element-is-first", |function| stays(function, "element.")),
    ("view-is-at-start", |function| stays(function, "move.")),
    ("stored-int-wraps", stored_int_wraps),
    ("store-dropped", store_dropped),
    ("length-of-first-dimension", |function| of_first_dimension(function, "length.")),
    ("stride-of-first-dimension", |function| of_first_dimension(function, "stride.")),
    ("scalar-floor-division-is-modulo", |function| scalars_renamed(function, "//", "%")),
    ("scalar-shift-is-left", |function| scalars_renamed(function, ">>", "<<")),
    ("scalar-greater-is-at-least", |function| scalars_renamed(function, ">", ">=")),
    ("slice-starts-at-end", |function| renamed(function, "slice.first.", "slice.last.")),
    ("exit-swaps-locals", |function| each_exit(function, swap_locals)),
    ("exit-drops-local", |function| each_exit(function, drop_local)),
    ("exit-drops-iterator", |function| each_exit(function, drop_iterators)),
    ("exit-holds-stale-local", |function| exit_holds_stale(function, is_name)),
    ("exit-holds-stale-iterator", |function| exit_holds_stale(function, is_iterator)),
    ("exit-names-next-statement", |function| each_exit(function, |exit, _| exit.statement += 1)),
    ("exit-at-wrong-point", |function| each_exit(function, |exit, _| exit.point = other_point(exit.point))),
];

/// The fault that is none of the IR: the names that were taken as given are forgotten.
const GUARDS_DROPPED: &str = "guard-dropped";

/// The guards that are looked after.
#[must_use]
pub fn guards(known: &[String]) -> &[String] {
    if std::env::var(VARIABLE).is_ok_and(|name| name == GUARDS_DROPPED) { &[] } else { known }
}

/// The names of all faults.
#[must_use]
pub fn names() -> Vec<&'static str> {
    FAULTS.iter().map(|(name, _)| *name).chain([GUARDS_DROPPED]).collect()
}

/// Makes the function wrong in the way of the fault; some functions have no place for some faults.
///
/// # Panics
/// If there is no fault of that name.
pub fn plant(name: &str, function: &mut Function) {
    if name == GUARDS_DROPPED {
        return;
    }
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

/// Swaps the operands of one row.
fn swapped(function: &mut Function, name: &str, params: &[Type]) {
    each_op(function, name, |_, _, op, args, _| {
        if op.row().params == params {
            args.reverse();
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

fn converting(target: LocalId, operand: Operand) -> Statement {
    Statement { target, value: Value::Convert(operand), chain: Chain::Alone, span: Span::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Block, Exit, Live, Point};

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
            params: vec![Type::Int],
            called: None,
            parameters: 1,
            locals: vec![name("a"), name("b")],
            blocks: vec![Block { in_loop: None, statements: vec![statement], terminator }],
            exits: vec![Exit { statement: 0, point: Point::Start, live, pending: None, span: Span::default() }],
            loops: Vec::new(),
            result: int,
            compounds: Vec::new(),
            creations: Vec::new(),
            inlined: Vec::new(),
            effects: false,
            within: false,
            returned: Vec::new(),
            origins: Default::default(),
        }
    }

    #[test]
    fn names_are_unique() {
        let mut all = names();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), FAULTS.len() + 1);
        assert!(all.len() >= 45);
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

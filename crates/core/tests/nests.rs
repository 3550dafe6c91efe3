//! The tests in front of a loop for those inside: where one holds, the inner loop's own test holds before each of its runs. And the
//! proof of that: programs that are too weak are found.

use std::collections::HashMap;

use brrr_core::compile::Prepared;
use brrr_core::ir::{BlockId, Constant, Function, LocalId, LoopId, Operand, Terminator, Value};
use brrr_core::loops::nest::{Nest, nest};
use brrr_core::loops::plan::Plan;
use brrr_core::loops::{Counter, ranges, shapes};
use brrr_core::ops::{Predicate, Recipe};
use brrr_core::outside::Env;
use brrr_core::syntax;
use brrr_core::types::{ArrayType, Dtype, Layout, Signature, Type};

/// Loops in loops, each with the number of its int parameters.
const LOOPS: &[(&str, usize)] = &[
    ("def f(n, m, A, B):\n    for i in range(n):\n        for j in range(m):\n            B[i, j] = A[j]\n", 2),
    (
        "def f(n, m, A, B):\n    for i in range(1, n - 1):\n        for j in range(2, m - 2):\n            B[i - 1, j] = B[i + 1, j - 2] + B[i, j + 2]\n",
        2,
    ),
    ("def f(n, m, A, B):\n    for i in range(n):\n        for j in range(i + 1, n):\n            A[j] = A[i]\n", 2),
    (
        "def f(n, m, A, B):\n    for i in range(n):\n        for j in range(n - 1 - i):\n            A[j] = A[j + 1]\n",
        2,
    ),
    (
        "def f(n, m, A, B):\n    for i in range(n, m, -1):\n        for j in range(i, m - 2, -1):\n            A[j] = A[i]\n",
        2,
    ),
    (
        "def f(n, k, A, B):\n    i = k\n    while i < n:\n        low = i * 2 - 4\n        high = low + k\n        j = low\n        while j <= high:\n            A[j] = A[low]\n            j += 1\n        i += 2\n",
        2,
    ),
    (
        "def f(n, k, A, B):\n    for i in range(n):\n        if i > k + 5:\n            left = i - k\n        else:\n            left = k\n        for j in range(left, n):\n            A[j] = A[left]\n",
        2,
    ),
    (
        "def f(n, k, A, B):\n    i = 0\n    while i < n:\n        i += 1\n        for j in range(k):\n            A[j] = A[i]\n",
        2,
    ),
    (
        "def f(n, m, A, B):\n    i = 0\n    while i != n:\n        j = i\n        while j != m:\n            A[j] = A[i]\n            j += 1\n        i += 1\n",
        2,
    ),
    (
        "def f(n, m, A, B):\n    while n:\n        n -= 1\n        j = m\n        while not j == n:\n            j -= 1\n            A[j] = A[n]\n",
        2,
    ),
    (
        "def f(n, k, A, B):\n    i = 0\n    while i < n:\n        if k > 3:\n            i += 1\n        for j in range(9):\n            A[j] = A[i]\n        k += 1\n",
        2,
    ),
];

/// Turns of a block.
const MOST: i64 = 64;

struct Case {
    function: Function,
    inner: LoopId,
    counter: Counter,
    plan: Plan,
    nest: Nest,
}

fn typed(source: &str, parameters: usize) -> Function {
    let mut lines = source.split_inclusive('\n').map(str::to_owned);
    let (file, function) = syntax::read_function("case.py", 1, &mut || lines.next()).expect("a function");
    let prepared = Prepared::new(file, function, &Env::default(), false).expect("a function that compiles");
    let array = |ndim| ArrayType { dtype: Dtype::Int64, ndim, layout: Layout::C, writable: true, view: false };
    let mut params = vec![Type::Int; parameters];
    params.extend([Type::Array(array(1)), Type::Array(array(2))]);
    prepared.typed(&Signature { params }).expect("verified IR")
}

fn case(source: &str, parameters: usize) -> Option<Case> {
    let function = typed(source, parameters);
    for (at, shape) in shapes(&function).into_iter().enumerate() {
        let inner = LoopId(at as u32);
        let Some(plan) = ranges::plan(&function, function.loops[at].header, &shape) else { continue };
        let Some(counter) = shape.counter else { continue };
        if let Some(nest) = nest(&function, inner, &counter, &plan, MOST) {
            return Some(Case { function, inner, counter, plan, nest });
        }
    }
    None
}

struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> i64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16).cast_signed().rem_euclid(bound.cast_signed())
    }

    fn int(&mut self) -> i64 {
        match self.below(40) {
            0 => i64::MAX - self.below(3),
            1 => i64::MIN + self.below(3),
            2..20 => self.below(12) - 4,
            _ => self.below(80) - 8,
        }
    }
}

type State = HashMap<LocalId, i64>;

fn read(state: &State, operand: Operand) -> i64 {
    match operand {
        Operand::Local(local) => state.get(&local).copied().unwrap_or(0),
        Operand::Constant(Constant::Int(value)) => value,
        Operand::Constant(Constant::Bool(value)) => value.into(),
        Operand::Constant(other) => panic!("{other:?} in a loop over ints"),
    }
}

fn holds(predicate: Predicate, left: i64, right: i64) -> bool {
    match predicate {
        Predicate::Lt => left < right,
        Predicate::Le => left <= right,
        Predicate::Eq => left == right,
        Predicate::Ne => left != right,
        Predicate::Gt => left > right,
        Predicate::Ge => left >= right,
    }
}

fn between(goes_on: Predicate, start: i64, stop: i64) -> (i64, i64) {
    match goes_on {
        Predicate::Lt => (start, stop.wrapping_sub(1)),
        Predicate::Le => (start, stop),
        Predicate::Gt => (stop.wrapping_add(1), start),
        Predicate::Ge => (stop, start),
        Predicate::Eq | Predicate::Ne => panic!("a test of equality"),
    }
}

/// The value of an operation; `None` where it leaves.
fn operation(recipe: Recipe, args: &[i64], numbers: &mut Numbers) -> Option<i64> {
    match (recipe, args) {
        (Recipe::AddInt | Recipe::AddKnown, &[left, right]) => left.checked_add(right),
        (Recipe::SubInt, &[left, right]) => left.checked_sub(right),
        (Recipe::MulInt | Recipe::MulKnown, &[left, right]) => left.checked_mul(right),
        (Recipe::StepUp, &[only]) => only.checked_add(1),
        (Recipe::StepDown, &[only]) => only.checked_sub(1),
        (Recipe::Same, &[only]) => Some(only),
        (Recipe::TruthInt, &[only]) => Some((only != 0).into()),
        (Recipe::CompareInt(predicate), &[left, right]) => Some(holds(predicate, left, right).into()),
        (Recipe::Index, &[index, length]) if index < 0 => (index >= -length).then_some(index + length),
        (Recipe::Index | Recipe::Bound, &[index, length]) => (0..length).contains(&index).then_some(index),
        (Recipe::Locate | Recipe::Load | Recipe::Store | Recipe::Scalar(_), _) => Some(0),
        (Recipe::Data | Recipe::Length, _) => Some(numbers.below(70)),
        (other, _) => panic!("{other:?} is not known here"),
    }
}

/// What happens when a program stands in front of the loop around: how many runs of the inner loop it held for, and what was
/// wrong with one of them.
fn tried(case: &Case, of: &Plan, seed: u64, states: usize) -> (usize, Option<String>) {
    let Case { function, inner, counter, plan, nest } = case;
    let (inner_header, header) =
        (function.loops[inner.0 as usize].header, function.loops[nest.around.0 as usize].header);
    let mut numbers = Numbers(seed);
    let mut held = 0;
    for _ in 0..states {
        let mut state = State::new();
        for (at, local) in function.locals.iter().enumerate().take(function.parameters as usize) {
            if local.types.single() == Some(Type::Int) {
                state.insert(LocalId(at as u32), numbers.int());
            }
        }
        let (mut at, mut from, mut steps) = (BlockId(0), None, 0);
        let mut promised = false;
        'run: while steps < 700 {
            let inside = |block: BlockId, id: LoopId| {
                let mut around = function.block(block).in_loop;
                while let Some(one) = around.filter(|one| *one != id) {
                    around = function.loops[one.0 as usize].parent;
                }
                around.is_some()
            };
            let entered = |id: LoopId| from.is_none_or(|from| !inside(from, id));
            let value = |local| read(&state, Operand::Local(local));
            if at == header && entered(nest.around) {
                let within = between(
                    nest.counter.goes_on.ordered(nest.counter.step > 0),
                    value(nest.counter.local),
                    read(&state, nest.counter.stop),
                );
                promised = of.holds(value, within, MOST);
            }
            let (local, stop) = (value(counter.local), read(&state, counter.stop));
            if at == inner_header && entered(*inner) && promised && holds(counter.goes_on, local, stop) {
                held += 1;
                let distance = if counter.steps.0 > 0 { stop.checked_sub(local) } else { local.checked_sub(stop) };
                let near = distance.is_some_and(|distance| (0..=MOST).contains(&distance));
                if !near || !plan.holds(value, between(counter.goes_on.ordered(counter.is_up()), local, stop), MOST) {
                    return (held, Some(format!("from {local} to {stop}, {state:?}")));
                }
            }
            steps += 1;
            let block = function.block(at);
            for statement in &block.statements {
                let value = match &statement.value {
                    Value::Create(_) | Value::Call(_) | Value::Given(_) => panic!("loops over ints make no arrays"),
                    Value::Convert(operand) => Some(read(&state, *operand)),
                    Value::Op { op, args, .. } => {
                        let args = args.iter().map(|&arg| read(&state, arg)).collect::<Vec<_>>();
                        operation(op.row().recipe, &args, &mut numbers)
                    }
                };
                let Some(value) = value else { break 'run };
                state.insert(statement.target, value);
            }
            from = Some(at);
            at = match &block.terminator {
                Terminator::Jump(to) => *to,
                Terminator::Branch { condition, then_block, else_block } => {
                    if read(&state, *condition) != 0 {
                        *then_block
                    } else {
                        *else_block
                    }
                }
                Terminator::Return(_) | Terminator::Leave(_) => break,
                other @ Terminator::Switch { .. } => panic!("{other:?} in a loop over ints"),
            };
        }
    }
    (held, None)
}

#[test]
fn what_is_tested_in_front_holds_inside() {
    for (number, &(source, parameters)) in LOOPS.iter().enumerate() {
        let case = case(source, parameters).unwrap_or_else(|| panic!("no nest for\n{source}"));
        let (held, problem) = tried(&case, &case.nest.plan, 3 + number as u64, 600);
        assert!(problem.is_none(), "{source}{}", problem.unwrap_or_default());
        assert!(held > 40, "the test in front of\n{source}held for {held} runs");
    }
}

#[test]
fn programs_that_are_too_weak_are_found() {
    for &(source, parameters) in LOOPS {
        let case = case(source, parameters).unwrap_or_else(|| panic!("no nest for\n{source}"));
        let full = &case.nest.plan;
        let mut weak = vec![("the ends", Plan { below: Vec::new(), ..full.clone() })];
        if full.demands().next().is_some() {
            weak.push(("the signs", Plan { at_least: Vec::new(), ..full.clone() }));
        }
        for (what, plan) in weak {
            assert!(tried(&case, &plan, 3, 2_000).1.is_some(), "{what} are not tested in front of\n{source}");
        }
    }
}

#[test]
fn what_depends_on_the_turn_before_has_no_test_in_front() {
    for source in [
        "def f(n, t, A, B):\n    for i in range(n):\n        for j in range(n):\n            t += j * i\n            A[j] = 0\n    return t\n",
        "def f(n, k, A, B):\n    for i in range(n):\n        k = k * 2 - i\n        for j in range(k):\n            A[j] = 0\n",
        "def f(n, k, A, B):\n    for i in range(n):\n        for j in range(A[i]):\n            A[j] = 0\n",
        "def f(n, k, A, B):\n    for i in range(n):\n        for j in range(9):\n            A[k] = j\n        k += 1\n",
        "def f(n, k, A, B):\n    for i in range(n):\n        n -= 1\n        for j in range(k):\n            A[n] = j\n",
    ] {
        assert!(case(source, 2).is_none(), "{source}");
    }
}

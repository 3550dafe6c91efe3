//! The tests before blocks of turns, against runs of the loops in wider ints: where a test holds, nothing that it proves fails.
//! And the proof of that: tests that are too weak are found.

use std::collections::HashMap;

use brrr_core::compile::Prepared;
use brrr_core::ir::{Constant, Function, LocalId, Operand, Overflow, Terminator, Value};
use brrr_core::loops::plan::{Node, Plan};
use brrr_core::loops::{Shape, Stride, ranges, shapes};
use brrr_core::ops::{Predicate, Recipe};
use brrr_core::outside::Env;
use brrr_core::syntax;
use brrr_core::types::{ArrayType, Dtype, Layout, Signature, Type};

/// Loops that have a plan, each with the number of its int parameters.
const LOOPS: &[(&str, usize)] = &[
    ("def f(i, n, A, B):\n    for i in range(i, n):\n        A[i] = A[i - 2]\n", 2),
    ("def f(i, n, k, A, B):\n    while i > n:\n        A[i] = A[k]\n        i -= 2\n", 3),
    ("def f(i, n, A, B):\n    while i != n:\n        A[i] = A[i - 2]\n        i += 1\n", 2),
    ("def f(i, n, k, A, B):\n    while not (i == n):\n        A[i] = A[k]\n        i -= 1\n", 3),
    ("def f(i, n, t, A, B):\n    while i:\n        i -= 1\n        t += i * n\n        A[i] = t\n", 3),
    ("def f(i, n, A, B):\n    while not i >= n:\n        A[i + 1] = A[i]\n        i += 1\n", 2),
    ("def f(i, n, k, A, B):\n    for i in range(n):\n        B[k, i] = B[i + k, k * 2]\n", 3),
    ("def f(i, n, m, A, B):\n    for i in range(i, n):\n        A[i % m] = A[i // 2]\n", 3),
    ("def f(i, n, A, B):\n    while i < len(A):\n        A[i + 1] = n\n        i += 2\n", 2),
    ("def f(i, k, A, B):\n    while k <= B.shape[1]:\n        B[i, k - 1] = B[i, 0]\n        k += 1\n", 2),
    ("def f(a, n, t):\n    for i in range(a, n):\n        t += i\n    return t\n", 3),
    ("def f(a, n, t):\n    for i in range(a, n, -1):\n        t -= i * 3\n    return t\n", 3),
    ("def f(a, n, t, c):\n    while a < n:\n        t = t - a * c\n        a += 3\n    return t\n", 4),
    ("def f(a, n, m, t):\n    for i in range(a, n):\n        t += i * i % m + i // m\n    return t\n", 4),
    ("def f(a, n, t, s):\n    for i in range(a, n, s):\n        t += i\n    return t\n", 4),
    ("def f(n, m, a, b):\n    for _ in range(n):\n        a, b = b, (a + b) % m\n    return a\n", 4),
    ("def f(a, b, c):\n    while b != 0:\n        a, b = b, a % b\n        c += 5\n    return a\n", 3),
    (
        "def f(x, c):\n    while x != 1:\n        if x % 2 == 0:\n            x = x // 2\n        else:\n            x = 3 * x + 1\n        c += 1\n    return c\n",
        2,
    ),
    (
        "def f(n, d, c):\n    while d * d <= n:\n        if n % d == 0:\n            break\n        d += 1\n        c -= d\n    return c\n",
        3,
    ),
    ("def f(n, a, b, c):\n    for i in range(n):\n        a += b\n        b += c\n        c += i\n    return a\n", 4),
    ("def f(n, t, d):\n    i = 0\n    while i != n:\n        t += d << 7\n        i += 1\n    return t\n", 3),
    (
        "def f(n, t, d):\n    while n >= 0:\n        n -= 2\n        if n % 3 == d:\n            continue\n        t = -n + t\n    return t\n",
        3,
    ),
    (
        "def f(n, x, y):\n    for i in range(n):\n        x = (y >> 1) + (i & 255)\n        y = x * 2 + y // 5\n    return x\n",
        3,
    ),
    (
        "def f(n, x, y):\n    for i in range(n):\n        if x > y:\n            x = i\n        else:\n            x = y * 2\n    return x\n",
        3,
    ),
    (
        "def f(n, t):\n    i = 0\n    while i <= n:\n        t += i\n        i += 1\n        if t > 100:\n            i += 1\n    return t\n",
        2,
    ),
    (
        "def f(a, n, m):\n    t = 0\n    while a < n:\n        t += a * a\n        a += 1\n        if t % 7 == m:\n            a += 1\n            break\n    return t\n",
        3,
    ),
    (
        "def f(a, n, p, t):\n    while a < n:\n        t += a & 7\n        a += p\n        if t == 5:\n            break\n    return t\n",
        4,
    ),
    ("def f(a, n, p, t):\n    while n >= a:\n        a = p + a\n        t += a\n    return t\n", 4),
    ("def f(a, n, p, t):\n    while a > n:\n        t -= a * 3\n        a -= p\n    return t\n", 4),
    ("def f(i, n, A, B):\n    for i in range(i, n, 3):\n        A[i] = A[i - 1]\n", 2),
    ("def f(i, n, k, A, B):\n    for i in range(i, n, -2):\n        A[i] = A[k]\n        k += 2\n", 3),
    ("def f(n, k, m, A, B):\n    for i in range(n):\n        A[k] = m\n        k, m = k + 3, m + i\n", 3),
    (
        "def f(n, k, m, A, B):\n    for i in range(n):\n        if i & 3 != m:\n            k, m = k + 2, m\n        A[k] = m\n",
        3,
    ),
    ("def f(k, A, B):\n    for i, x in enumerate(A):\n        B[k, i] = x\n", 1),
    ("def f(n, k, A, B):\n    for i in range(n):\n        A[-1 - i] = A[i + k]\n", 2),
    ("def f(i, j, t):\n    while i < j:\n        t += i * j\n        i += 1\n        j -= 1\n    return t\n", 3),
    (
        "def f(i, j, t, c):\n    while j >= i:\n        if t % 3 == c:\n            i += 2\n        else:\n            j -= 3\n        t += i - j\n    return t\n",
        4,
    ),
    ("def f(i, j, n, A, B):\n    while i < j:\n        A[i] = A[j]\n        i += 1\n        j -= 2\n", 3),
    ("def f(a, p, t):\n    while a >= 0:\n        a -= p\n        t -= a\n        t += 3\n    return t\n", 3),
    (
        "def f(a, n, m):\n    t = 3\n    while a > n:\n        a -= 1\n        t = t * 2 + (a & 7)\n        if t > m:\n            t = 0\n            a -= 2\n    return t\n",
        3,
    ),
];

struct Case {
    function: Function,
    at: usize,
    shape: Shape,
    plan: Plan,
}

fn case(source: &str, parameters: usize) -> Case {
    let mut lines = source.split_inclusive('\n').map(str::to_owned);
    let (file, function) = syntax::read_function("case.py", 1, &mut || lines.next()).expect("a function");
    let prepared = Prepared::new(file, function, &Env::default(), false).expect("a function that compiles");
    let mut params = vec![Type::Int; parameters];
    let array = |ndim| ArrayType { dtype: Dtype::Int64, ndim, layout: Layout::C, writable: true, view: false };
    params.extend([Type::Array(array(1)), Type::Array(array(2))].iter().filter(|_| source.contains(", A, B")));
    let function = prepared.typed(&Signature { params }).expect("verified IR");
    for (at, shape) in shapes(&function).into_iter().enumerate() {
        if let Some(plan) = ranges::plan(&function, function.loops[at].header, &shape) {
            return Case { function, at, shape, plan };
        }
    }
    panic!("no plan for\n{source}");
}

/// A generator of numbers that are near where something happens.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: u64) -> i64 {
        (self.next() % bound).cast_signed()
    }

    fn int(&mut self) -> i64 {
        let edges =
            [0, 0, i64::MAX, i64::MIN, 1 << 62, 3_037_000_499, 1 << 31, 1 << 60, i64::MAX / 3, i64::MAX / TURNS];
        let edge = edges[self.below(edges.len() as u64) as usize];
        let edge = if self.below(4) == 0 { edge.wrapping_neg() } else { edge };
        let near = [3, 100, 5_000][self.below(3) as usize];
        edge.saturating_add(self.below(2 * near) - near.cast_signed())
    }
}

/// Turns of a block.
const TURNS: i64 = 64;

type State = HashMap<LocalId, i128>;

fn read(state: &State, operand: Operand) -> i128 {
    match operand {
        Operand::Local(local) => state.get(&local).copied().unwrap_or(0),
        Operand::Constant(Constant::Int(value)) => value.into(),
        Operand::Constant(Constant::Bool(value)) => value.into(),
        Operand::Constant(other) => panic!("{other:?} in a loop over ints"),
    }
}

fn compare(predicate: Predicate, left: i128, right: i128) -> bool {
    match predicate {
        Predicate::Lt => left < right,
        Predicate::Le => left <= right,
        Predicate::Eq => left == right,
        Predicate::Ne => left != right,
        Predicate::Gt => left > right,
        Predicate::Ge => left >= right,
    }
}

/// The value of an operation, not cut to 64 bits; `None` for a division by zero.
fn operation(recipe: Recipe, args: &[i128]) -> Option<i128> {
    Some(match (recipe, args) {
        (Recipe::AddInt, &[left, right]) => left + right,
        (Recipe::WrappingAdd, &[left, right]) => ((left + right) as i64).into(),
        (Recipe::SubInt, &[left, right]) => left - right,
        (Recipe::MulInt, &[left, right]) => left * right,
        (Recipe::NegInt, &[only]) => -only,
        (Recipe::FloorDivInt, &[_, 0]) | (Recipe::ModInt, &[_, 0]) => return None,
        (Recipe::FloorDivInt, &[left, right]) => (left - ((left % right + right) % right)) / right,
        (Recipe::ModInt, &[left, right]) => (left % right + right) % right,
        (Recipe::ShlInt, &[left, right]) => left << right.clamp(0, 63),
        (Recipe::ShrInt, &[left, right]) => left >> right.clamp(0, 63),
        (Recipe::And, &[left, right]) => left & right,
        (Recipe::StepUp, &[only]) => only + 1,
        (Recipe::StepDown, &[only]) => only - 1,
        (Recipe::Same, &[only]) => only,
        (Recipe::CompareInt(predicate), &[left, right]) => compare(predicate, left, right).into(),
        (Recipe::Index, &[index, length]) if index < 0 => {
            return (index + length >= 0).then_some(index + length);
        }
        (Recipe::Index | Recipe::Bound, &[index, length]) => return (0..length).contains(&index).then_some(index),
        (Recipe::AddKnown, &[left, right]) => left + right,
        (Recipe::MulKnown, &[left, right]) => left * right,
        // Memory holds zeros, at whatever address.
        (Recipe::Locate | Recipe::Load | Recipe::Store | Recipe::Scalar(_), _) => 0,
        (Recipe::TruthInt, &[only]) => i128::from(only != 0),
        (Recipe::Not, &[only]) => 1 - only,
        (other, _) => panic!("{other:?} is not known here"),
    })
}

/// How a block ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// When the counter is no more before this value.
    At(i64),
    /// After so many turns.
    After(i64),
}

/// Runs a block of turns from a state. What was proven and does not hold.
fn run(case: &Case, plan: &Plan, mut state: State, end: End) -> Option<String> {
    let header = case.function.loops[case.at].header;
    let mut at = header;
    let mut turns = 0;
    loop {
        if at == header {
            let beyond = |&(local, limit): &(LocalId, i64)| {
                !(0..=i128::from(limit)).contains(&read(&state, Operand::Local(local)))
            };
            let done = match (case.shape.counter, end) {
                (Some(counter), End::At(end)) => {
                    !compare(counter.goes_on, read(&state, Operand::Local(counter.local)), end.into())
                }
                (_, End::After(end)) => turns == end,
                (None, End::At(_)) => panic!("nothing is counted"),
            };
            if done || plan.guards.iter().any(beyond) {
                return None;
            }
            // The copy without checks does not ask.
            if let Some(stride) = case.shape.stride.filter(|_| !plan.proofs.is_empty()) {
                let (local, stop) = (read(&state, Operand::Local(stride.local)), read(&state, stride.stop));
                if !compare(stride.goes_on, local, stop) {
                    return Some(format!("the loop is over after {turns} turns"));
                }
            }
            turns += 1;
            assert!(turns <= TURNS, "a block of {turns} turns");
        }
        let block = case.function.block(at);
        for (place, statement) in block.statements.iter().enumerate() {
            let value = match &statement.value {
                Value::Create(_) | Value::Call(_) | Value::Given(_) => panic!("loops over ints make no arrays"),
                Value::Convert(operand) => read(&state, *operand),
                Value::Op { op, args, .. } => {
                    let args = args.iter().map(|&arg| read(&state, arg)).collect::<Vec<_>>();
                    let proof = plan.proofs.get(&(at, place)).copied().unwrap_or_default();
                    let fits = |value: i128| i64::try_from(value).is_ok();
                    let value = operation(op.row().recipe, &args);
                    let fits_anyway = case.shape.certain.contains(&(at, place));
                    let wrong = (proof.fits || fits_anyway) && value.is_some_and(|value| !fits(value))
                        || proof.dividend_not_negative && args[0] < 0
                        || proof.divisor_not_negative && args[1] < 0
                        || proof.divisor_positive && args[1] <= 0
                        || proof.within && !(0..args[1]).contains(&args[0])
                        || proof.from_end && !(-args[1]..0).contains(&args[0]);
                    if wrong {
                        return Some(format!("{at:?} {place}: {}{args:?} in turn {turns}", op.row().name));
                    }
                    // What is not proven leaves.
                    match value {
                        Some(value) if fits(value) => value,
                        Some(_) | None => return None,
                    }
                }
            };
            state.insert(statement.target, value);
        }
        at = match &block.terminator {
            Terminator::Jump(to) => *to,
            Terminator::Branch { condition, then_block, else_block } => {
                if read(&state, *condition) != 0 {
                    *then_block
                } else {
                    *else_block
                }
            }
            other => panic!("{other:?} in a loop over ints"),
        };
        if !case.shape.blocks.contains(&at) {
            return None;
        }
    }
}

/// A state before a block, with the end of the block if turns are counted; `None` if no turn begins.
fn entry(case: &Case, numbers: &mut Numbers) -> Option<(State, End, (i64, i64))> {
    let locals = (0..case.function.locals.len()).map(|at| LocalId(at as u32));
    let ints = locals.filter(|&local| case.function.local(local).types.single() == Some(Type::Int));
    let mut state = ints.map(|local| (local, numbers.int().into())).collect::<State>();
    // What the plan knows of values before the block is true of them.
    for (node, &(least, most)) in case.plan.nodes.iter().zip(&case.plan.fixed) {
        let known = match (*node, case.shape.counter) {
            (Node::Entry(local), _) => Some(local),
            (Node::Counter, Some(counter)) => Some(counter.local),
            (_, _) => None,
        };
        if let Some(value) = known.and_then(|local| state.get_mut(&local)) {
            let mirrored = if *value < i128::from(least) { -1 - *value } else { *value };
            *value = mirrored.clamp(least.into(), most.into());
        }
    }
    if let Some(stride) = case.shape.stride {
        return strides(&stride, numbers, state);
    }
    let Some(counter) = case.shape.counter else { return Some((state, End::After(TURNS), (0, 0))) };
    let start = i64::try_from(read(&state, Operand::Local(counter.local))).ok()?;
    if let Operand::Local(stop) = counter.stop {
        // Mostly near, so that something happens.
        if numbers.below(4) != 0 {
            let distance = numbers.below(200);
            let near = if counter.steps.0 > 0 { start.checked_add(distance) } else { start.checked_sub(distance) };
            state.insert(stop, near?.into());
        }
    }
    let stop = i64::try_from(read(&state, counter.stop)).ok()?;
    if !compare(counter.goes_on, start.into(), stop.into()) {
        return None;
    }
    let step = counter.steps.0.unsigned_abs().min(counter.steps.1.unsigned_abs());
    let most = TURNS.unsigned_abs() * step - u64::from(matches!(counter.goes_on, Predicate::Le | Predicate::Ge));
    let remains = if counter.steps.0 > 0 { stop.wrapping_sub(start) } else { start.wrapping_sub(stop) };
    let distance = remains.cast_unsigned().min(most).cast_signed();
    let end = if counter.steps.0 > 0 { start.wrapping_add(distance) } else { start.wrapping_sub(distance) };
    let within = match counter.goes_on.ordered(counter.is_up()) {
        Predicate::Lt => (start, end.wrapping_sub(1)),
        Predicate::Le => (start, end),
        Predicate::Gt => (end.wrapping_add(1), start),
        Predicate::Ge => (end, start),
        Predicate::Eq | Predicate::Ne => panic!("an ordering"),
    };
    Some((state, End::At(end), within))
}

/// The same for a loop whose steps are known only now.
fn strides(stride: &Stride, numbers: &mut Numbers, mut state: State) -> Option<(State, End, (i64, i64))> {
    let start = i64::try_from(read(&state, Operand::Local(stride.local))).ok()?;
    if numbers.below(4) != 0 {
        state.insert(stride.step, (numbers.below(100) - 3).into());
    }
    if let (Operand::Local(stop), 1..) = (stride.stop, numbers.below(4)) {
        let distance = numbers.below(4_000);
        let near = if stride.is_up() { start.checked_add(distance) } else { start.checked_sub(distance) };
        state.insert(stop, near?.into());
    }
    let stop = i64::try_from(read(&state, stride.stop)).ok()?;
    if !compare(stride.goes_on, start.into(), stop.into()) {
        return None;
    }
    let remains = if stride.is_up() { stop.wrapping_sub(start) } else { start.wrapping_sub(stop) }.cast_unsigned();
    let remains = if stride.reaches_stop() { remains } else { remains - 1 };
    let step = i64::try_from(read(&state, Operand::Local(stride.step))).ok()?;
    let more = (remains / step.max(1).cast_unsigned()).min(TURNS.cast_unsigned() - 1).cast_signed();
    let way = step.wrapping_mul(more);
    let within = if stride.is_up() { (start, start.wrapping_add(way)) } else { (start.wrapping_sub(way), start) };
    Some((state, End::After(more + 1), within))
}

/// The most turns that a block from a state to its end may have.
fn turns(case: &Case, state: &State, end: End) -> i64 {
    match (case.shape.counter, end) {
        (Some(counter), End::At(end)) => {
            let local = i64::try_from(read(state, Operand::Local(counter.local))).expect("64 bits");
            let way = if counter.is_up() { end.wrapping_sub(local) } else { local.wrapping_sub(end) };
            let step = counter.steps.0.abs().min(counter.steps.1.abs());
            let reaches_end = matches!(counter.goes_on, Predicate::Le | Predicate::Ge);
            (way + step - i64::from(!reaches_end)) / step
        }
        (None, End::At(_)) => panic!("nothing is counted"),
        (_, End::After(turns)) => turns,
    }
}

/// Tries the plan on many states: how often its test held, and a state where it held and should not have.
fn tried(case: &Case, plan: &Plan, seed: u64, states: usize) -> (usize, Option<String>) {
    let mut numbers = Numbers(seed);
    let mut held = 0;
    let nothing = Plan { proofs: HashMap::new(), guards: Vec::new(), ..plan.clone() };
    for turn in 0..states {
        let Some((state, end, within)) = entry(case, &mut numbers) else { continue };
        let value = |local| i64::try_from(read(&state, Operand::Local(local))).expect("64 bits");
        if plan.holds(value, within, turns(case, &state, end)) {
            held += 1;
            if let Some(problem) = run(case, plan, state.clone(), end) {
                return (held, Some(format!("{problem} from {state:?} to {end:?}")));
            }
        } else if turn % 16 == 0
            && let Some(problem) = run(case, &nothing, state.clone(), end)
        {
            return (held, Some(format!("{problem} from {state:?} to {end:?}, without a test")));
        }
    }
    (held, None)
}

#[test]
fn what_a_test_proves_holds() {
    for (number, &(source, parameters)) in LOOPS.iter().enumerate() {
        let case = case(source, parameters);
        let (held, problem) = tried(&case, &case.plan, 7 + number as u64, 2_500);
        assert!(problem.is_none(), "{source}{}", problem.unwrap_or_default());
        assert!(held > 40, "the test of\n{source}held {held} times of 2 500");
    }
}

/// A test of which any part is left out lets something through.
#[test]
fn tests_that_are_too_weak_are_found() {
    let mut planted = 0;
    let mut missed = Vec::new();
    for &(source, parameters) in LOOPS {
        let case = case(source, parameters);
        let mut weak = Vec::new();
        let everything = Plan {
            computed: Vec::new(),
            at_least: Vec::new(),
            below: Vec::new(),
            guards: Vec::new(),
            ..case.plan.clone()
        };
        weak.push(("nothing is tested", everything));
        if !case.plan.guards.is_empty() {
            weak.push(("no turn is tested", Plan { guards: Vec::new(), ..case.plan.clone() }));
        }
        if !case.plan.at_least.is_empty() {
            weak.push(("signs are not tested", Plan { at_least: Vec::new(), ..case.plan.clone() }));
        }
        if !case.plan.below.is_empty() {
            weak.push(("lengths are not tested", Plan { below: Vec::new(), ..case.plan.clone() }));
        }
        for (what, plan) in weak {
            planted += 1;
            if tried(&case, &plan, 7, 20_000).1.is_none() {
                missed.push(format!("{what} in\n{source}"));
            }
        }
        // The sums of one turn in place of those of a block.
        if case.plan.nodes.iter().any(|node| matches!(node, Node::Sums(_))) {
            planted += 1;
            let mut numbers = Numbers(7);
            let found = (0..20_000).any(|_| {
                let Some((state, end, within)) = entry(&case, &mut numbers) else { return false };
                let value = |local| i64::try_from(read(&state, Operand::Local(local))).expect("64 bits");
                case.plan.holds(value, within, 1) && run(&case, &case.plan, state, end).is_some()
            });
            if !found {
                missed.push(format!("one turn is tested in\n{source}"));
            }
        }
    }
    assert!(planted >= 25, "only {planted} were planted");
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// A walk to the very end of an array, of which not one turn more could be done, is proven.
#[test]
fn walks_up_to_the_end_are_proven() {
    for (source, parameters) in [
        ("def f(n, A, B):\n    for i, x in enumerate(A):\n        B[0, i] = x\n", 1),
        ("def f(n, A, B):\n    for i in range(1, 100, 2):\n        A[i] = A[i - 1]\n", 1),
        ("def f(n, A, B):\n    for i in range(99, 0, -2):\n        A[i] = A[i - 1]\n", 1),
        (
            "def f(n, A, B):\n    k = 0\n    for i in range(len(A)):\n        B[0, k] = A[i]\n        k, i = k + 1, k\n",
            1,
        ),
        ("def f(n, A, B):\n    for i in range(len(A)):\n        B[0, -1 - i] = A[i]\n", 1),
    ] {
        let case = case(source, parameters);
        let mut state = State::new();
        for (at, local) in case.function.locals.iter().enumerate() {
            // The number behind a hidden name is that of the statement.
            let value = match local.name.trim_end_matches(['0', '1']) {
                "A.2" | "B.3" | ".turns" | ".stop" => 100,
                "B.2" => 1,
                ".next" if source.contains("1, 100, 2") => 1,
                ".next" if source.contains("99, 0") => 99,
                ".step" if source.contains("99, 0") => -2,
                ".step" => 2,
                ".left" => 50,
                _ => 0,
            };
            state.insert(LocalId(at as u32), value);
        }
        let counter = case.shape.counter.expect("a counter");
        let stop = i64::try_from(read(&state, counter.stop)).expect("64 bits");
        let start = i64::try_from(read(&state, Operand::Local(counter.local))).expect("64 bits");
        let within = if counter.is_up() { (start, stop - 1) } else { (stop + 1, start) };
        let value = |local| i64::try_from(read(&state, Operand::Local(local))).expect("64 bits");
        let most = turns(&case, &state, End::At(stop));
        assert!(case.plan.holds(value, within, most), "{source}{most} turns from {state:?}");
        assert!(!case.plan.holds(value, within, most + 1) || source.contains("-1 - i"), "{source}");
    }
}

#[test]
fn loops_with_nothing_to_gain_have_no_plan() {
    for source in [
        "def f(a, n):\n    i = 0\n    while i < n:\n        a ^= i\n        i += 1\n    return a\n",
        "def f(a, n):\n    for i in range(n):\n        a = (a | i) >> 1\n    return a\n",
        "def f(a, n):\n    for i in range(n):\n        a ^= i // 8\n    return a\n",
    ] {
        let mut lines = source.split_inclusive('\n').map(str::to_owned);
        let (file, function) = syntax::read_function("case.py", 1, &mut || lines.next()).expect("a function");
        let prepared = Prepared::new(file, function, &Env::default(), false).expect("a function that compiles");
        let function = prepared.typed(&Signature { params: vec![Type::Int; 2] }).expect("verified IR");
        for (inner, shape) in function.loops.iter().zip(shapes(&function)) {
            assert!(ranges::plan(&function, inner.header, &shape).is_none(), "{source}");
        }
    }
}

#[test]
fn loops_that_are_written_out_make_valid_ir() {
    let source = "def f(n, x):\n    for i in range(n):\n        for j in range(5):\n            if i * j == x:\n                break\n            if j == i:\n                continue\n            x += j * i\n        else:\n            x -= 1\n        for j in range(7, 2, -1):\n            for k in range(2):\n                x ^= j * k\n    return x\n";
    let mut lines = source.split_inclusive('\n').map(str::to_owned);
    let (file, function) = syntax::read_function("case.py", 1, &mut || lines.next()).expect("a function");
    let prepared = Prepared::new(file, function, &Env::default(), false).expect("a function that compiles");
    let function = prepared.typed(&Signature { params: vec![Type::Int; 2] }).expect("verified IR");
    let unrolled = brrr_core::loops::unroll::unrolled(&function);
    assert_eq!((function.loops.len(), unrolled.loops.len()), (4, 1));
    assert_eq!(function.exits, unrolled.exits);
    brrr_core::ir::verify::verify(&unrolled).expect("valid IR");
    assert!(shapes(&unrolled)[0].counter.is_some());
}

#[test]
fn headers_computed_ahead_make_valid_ir() {
    for (source, counted) in [
        ("def f(n, x):\n    i = 0\n    while i < n * 2 - x:\n        i += 1\n    return i\n", true),
        ("def f(n, x):\n    while x + 1 < n:\n        x += 1\n    return x\n", true),
        (
            "def f(n, x):\n    for i in range(n):\n        j = n\n        while n - i < j - 2:\n            j -= 1\n    return x\n",
            true,
        ),
        (
            "def f(n, x):\n    while True:\n        if x == n - 1:\n            break\n        x += 1\n    return x\n",
            true,
        ),
        (
            "def f(n, x):\n    while True:\n        if x + 1 < n:\n            x += 1\n        else:\n            return n\n",
            true,
        ),
        ("def f(n, x):\n    while True:\n        x += 1\n        if x == n:\n            break\n    return x\n", false),
        ("def f(n, x):\n    i = 0\n    while i < n - 1:\n        n -= x\n        i += 1\n    return i\n", false),
        ("def f(n, x):\n    while x + 1 <= n:\n        x += 1\n    return x\n", true),
        ("def f(n, x):\n    while x - 1 < n:\n        x += 1\n    return x\n", true),
        ("def f(n, x):\n    while x + 1 != n:\n        x += 1\n    return x\n", true),
        ("def f(n, x):\n    while x + 1 + 1 < n:\n        x += 1\n    else:\n        x = 0\n    return x\n", false),
        ("def f(n, x):\n    while not n + 1 == 3 + x:\n        x -= 1\n    return x\n", true),
        ("def f(n, x):\n    while x + 5:\n        x -= 1\n    return x\n", true),
        ("def f(n, x):\n    while x + n != n:\n        x -= 1\n    return x\n", false),
        ("def f(n, x):\n    for i in range(9):\n        while x + 1 != n:\n            x += 1\n    return x\n", true),
        ("def f(n, x):\n    while 0 <= x < n:\n        x += 1\n    return x\n", true),
        ("def f(n, x):\n    while n > x >= 0:\n        x -= 1\n    return x\n", true),
        ("def f(n, x):\n    while n and x >= 0 and n > 3 and x + 1 < n:\n        x += 1\n    return x\n", true),
        ("def f(n, x):\n    while n - 1 > x + 1 > 0:\n        x += 1\n    return x\n", true),
        ("def f(n, x):\n    while not (x < 0 or x >= n):\n        x += 2\n    return x\n", true),
        ("def f(n, x):\n    while 0 <= x < n:\n        x += n\n    return x\n", false),
        (
            "def f(n, x):\n    while 0 <= x < n:\n        x += 2\n        if x == 8:\n            x -= 1\n    return x\n",
            false,
        ),
        (
            "def f(n, x):\n    while 0 <= n < 9:\n        while 0 <= x < n:\n            x += 1\n        n += 1\n    return x\n",
            true,
        ),
        (
            "def f(n, x):\n    t = 0\n    while True:\n        if x < 0:\n            break\n        if x >= n:\n            return t\n        x += 1\n    return x\n",
            false,
        ),
    ] {
        let mut lines = source.split_inclusive('\n').map(str::to_owned);
        let (file, function) = syntax::read_function("case.py", 1, &mut || lines.next()).expect("a function");
        let prepared = Prepared::new(file, function, &Env::default(), false).expect("a function that compiles");
        let function = prepared.typed(&Signature { params: vec![Type::Int; 2] }).expect("verified IR");
        let ahead = brrr_core::loops::ahead::computed_ahead(&function, Overflow::Exact);
        brrr_core::ir::verify::verify(&ahead).expect("valid IR");
        assert_eq!(function.exits, ahead.exits);
        let is_counted =
            |function: &Function| shapes(function).iter().all(|one| !one.innermost || one.counter.is_some());
        assert!(!is_counted(&function), "{source}");
        assert_eq!(is_counted(&ahead), counted, "{source}");
    }
}

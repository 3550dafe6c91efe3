//! Functions that call each other, without Python: units are made of functions whose calls are written as calls of `math` (`isqrt` of
//! one argument, `comb` of two), which are made calls of members here.
#![cfg(feature = "llvm")]

use std::ffi::c_void;

use brrr_core::abi::{self, Activation, COMPOUND_BASE, EXIT_BASE, PENDING, Services, Value};
use brrr_core::backend::{Options, Output, Request};
use brrr_core::compile::Prepared;
use brrr_core::ir::{Call, Called, Chain, Exit, ExitId, Function, Live, Local, LocalId, Point, Statement, Tree, Unit};
use brrr_core::load::Code;
use brrr_core::ops;
use brrr_core::outside::{Env, Outside};
use brrr_core::types::{Signature, Type, TypeSet};
use brrr_core::{emit, ir, syntax};

/// From the function, the exit and the live locals to the words of the result.
type Leave = fn(u64, u64, &[(String, Value)]) -> Option<Vec<u64>>;

/// One run: what the code sees, and what the services do.
#[repr(C)]
struct Run {
    head: Activation,
    /// What calls that leave come to: the value, or what is pending.
    leave: Leave,
    functions: *const [Function],
    /// The members that have left, by their names, with the locals they left with.
    left: Vec<(String, Vec<(String, Value)>)>,
    /// How often calls may be nested more deeply.
    grants: u64,
    polls: u64,
    /// What a poll answers.
    fuel: i64,
    deepest: i64,
    sweeps: Vec<Vec<u64>>,
}

static SERVICES: Services = Services { poll, host, create, leave, deeper, mark, settle, sweep, probe };

unsafe extern "C" fn poll(activation: *mut Activation, _: u64) -> i64 {
    // SAFETY: every activation here is the head of a `Run`.
    let run = unsafe { &mut *activation.cast::<Run>() };
    run.polls += 1;
    run.fuel
}

extern "C" fn create(_: *mut Activation, _: u64, _: *const u64, _: u64) -> *mut c_void {
    std::ptr::null_mut()
}

extern "C" fn host(_: *mut Activation, _: u64, _: *const u64, _: *mut u64) -> u8 {
    1
}

unsafe extern "C" fn leave(activation: *mut Activation, function: u64, exit: u64) -> u64 {
    // SAFETY: as above; a unit with calls writes the frame before it calls anything.
    unsafe {
        let run = &mut *activation.cast::<Run>();
        let frame = run.head.frame.assume_init();
        let functions = &*run.functions;
        let member = &functions[function as usize];
        let record = &member.exits[exit as usize];
        let words = std::slice::from_raw_parts(frame, abi::exit_words(member, record));
        let live = abi::read_exit(member, record, words);
        let live = live.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Vec<_>>();
        run.deepest = run.deepest.max(abi::FIRST_DEPTH - run.head.depth.assume_init());
        run.left.push((member.name.clone(), live.clone()));
        match (run.leave)(function, exit, &live) {
            Some(words) => {
                words.into_iter().enumerate().for_each(|(at, word)| frame.add(at).write(word));
                0
            }
            None => PENDING,
        }
    }
}

unsafe extern "C" fn deeper(activation: *mut Activation) -> u8 {
    // SAFETY: as above.
    unsafe {
        let run = &mut *activation.cast::<Run>();
        if run.grants == 0 {
            return 0;
        }
        run.grants -= 1;
        run.head.depth.write(run.head.depth.assume_init() + 48);
    }
    1
}

extern "C" fn mark(_: *mut Activation) -> u64 {
    0
}

extern "C" fn settle(_: *mut Activation, _: u64, _: *const u64, _: u64) {}

unsafe extern "C" fn sweep(activation: *mut Activation, kept: *const u64, count: u64) {
    // SAFETY: as above; the objects are as many as is said.
    unsafe {
        let kept = std::slice::from_raw_parts(kept, count as usize).to_vec();
        (*activation.cast::<Run>()).sweeps.push(kept);
    }
}

extern "C" fn probe(_: *mut Activation) -> u8 {
    0
}

/// The IR of a function, with calls of `math.isqrt` made calls of member `one` and those of `math.comb` calls of member `two`.
fn member(source: &str, params: &[Type], called: bool, (one, two): (u32, u32)) -> Function {
    let source = format!("import math\n{source}");
    let mut lines = source.split_inclusive('\n').skip(1).map(str::to_owned);
    let (file, function) = syntax::read_function("case.py", 1, &mut || lines.next()).expect("a function");
    let env = environment();
    let prepared = Prepared::new(file, function, &env, false).expect("a function that compiles");
    let mut function = prepared.typed(&Signature { params: params.to_vec() }).expect("verified IR");
    let callee = |op: ops::OpId| match op.row().name {
        "math.isqrt" => Some(one),
        "math.comb" => Some(two),
        _ => None,
    };
    let nothing = LocalId(function.locals.len() as u32);
    function.locals.push(Local { name: ".call".to_owned(), types: Type::None.into() });
    for block in &mut function.blocks {
        let mut statements = Vec::new();
        for statement in std::mem::take(&mut block.statements) {
            let (to, args, exit) = match &statement.value {
                ir::Value::Op { op, args, exit: Some(exit) } if callee(*op).is_some() => {
                    (callee(*op).unwrap_or_default(), args.clone(), *exit)
                }
                _ => {
                    statements.push(statement);
                    continue;
                }
            };
            let pending = Exit { pending: Some(".pin0".to_owned()), ..function.exits[exit.0 as usize].clone() };
            let exit = ExitId(function.exits.len() as u32);
            function.exits.push(pending);
            let args = args.into_iter().map(Tree::Leaf).collect();
            let call = ir::Value::Call(Box::new(Call { callee: to, args, again: exit, exit }));
            statements.push(Statement { target: nothing, value: call, chain: Chain::Alone, span: statement.span });
            statements.push(Statement { value: ir::Value::Given(0), chain: Chain::Alone, ..statement });
        }
        block.statements = statements;
    }
    if called {
        give(&mut function, None);
    }
    function
}

/// Makes it a function that is called.
fn give(function: &mut Function, gives: Option<TypeSet>) {
    let live = (0..function.parameters)
        .map(|at| Live { name: function.locals[at as usize].name.clone(), value: Tree::Leaf(LocalId(at)) });
    let exit = ExitId(function.exits.len() as u32);
    let live = live.collect();
    function.exits.push(Exit { statement: 0, point: Point::Start, live, pending: None, span: Default::default() });
    let gives = gives.unwrap_or(function.result);
    function.called = Some(Called { gives, exit, is_recursive: true, restarts: false, options: Options::default() });
}

fn environment() -> Env {
    let mut env = Env::default();
    env.insert("math", Outside::Module("math"));
    env
}

fn run_of(functions: &[Function]) -> Run {
    Run {
        head: Activation::new(&raw const SERVICES),
        leave: |_, _, _| None,
        functions: std::ptr::from_ref(functions),
        left: Vec::new(),
        grants: u64::MAX,
        polls: 0,
        fuel: 1 << 20,
        deepest: 0,
        sweeps: Vec::new(),
    }
}

fn object(functions: &[Function], output: Output) -> Vec<u8> {
    let unit = Unit { functions: functions.to_vec() };
    ir::verify::verify_unit(&unit).expect("a unit that holds");
    emit::run(&Request::new(unit, Options::default(), output)).expect("object code")
}

/// What the entry gave: a status, and the frame.
fn enter(functions: &[Function], run: &mut Run, args: &[u64]) -> (u64, Vec<u64>) {
    let code = Code::load(&object(functions, Output::Object)).expect("loaded code");
    let mut frame = vec![0; abi::unit_words(functions).max(args.len())];
    frame[..args.len()].copy_from_slice(args);
    // SAFETY: the frame has as many words as the unit needs; the activation is the head of `run`.
    let status = unsafe { (code.entry())(frame.as_mut_ptr(), std::ptr::from_mut(run).cast()) };
    (status, frame)
}

fn int(value: i64) -> u64 {
    value.cast_unsigned()
}

fn is_int(answer: &(u64, Vec<u64>)) -> Option<i64> {
    (Type::from_tag(answer.0) == Some(Type::Int)).then(|| answer.1[0].cast_signed())
}

const FIB: &str = "def fib(n):\n    if n < 2:\n        return n\n    return math.isqrt(n - 1) + math.isqrt(n - 2)\n";

fn fib() -> Vec<Function> {
    vec![member(FIB, &[Type::Int], true, (0, 0))]
}

#[test]
fn a_function_calls_itself() {
    let functions = fib();
    let mut run = run_of(&functions);
    assert_eq!(is_int(&enter(&functions, &mut run, &[25])), Some(75_025));
    assert!(run.left.is_empty());
    assert!(run.polls > 0, "a poll every {} units", 1 << 18);
}

#[test]
fn calls_nested_too_deeply_leave() {
    let source = "def down(n):\n    if n == 0:\n        return 0\n    return math.isqrt(n - 1) + 1\n";
    let functions = [member(source, &[Type::Int], true, (0, 0))];
    let mut run = run_of(&functions);
    run.grants = 3;
    // The interpreter does the call that is nested too deeply.
    run.leave = |_, _, live| match live {
        [(_, Value::Int(n))] => Some(vec![int(*n)]),
        _ => None,
    };
    assert_eq!(is_int(&enter(&functions, &mut run, &[1000])), Some(1000));
    let Some((_, live)) = run.left.first() else { panic!("the call did not leave") };
    let Some((_, Value::Int(n))) = live.first() else { panic!("`n` is an int") };
    assert!((1000 - 12 - 3 * 48 - 3..=1000 - 12 - 3 * 48 + 3).contains(n), "{n}");
    assert_eq!((run.left.len(), run.grants), (1, 0));
    run.left.clear();
    run.leave = |_, _, _| None;
    assert_eq!(enter(&functions, &mut run, &[1000]).0, PENDING);
    // Each caller leaves by the exit of its call.
    assert!(run.left.len() > 10, "{}", run.left.len());
    assert!(run.left[1..].iter().all(|(_, live)| live.is_empty() || live.len() == 1));
    assert!(run.deepest >= abi::FIRST_DEPTH, "{}", run.deepest);
}

#[test]
fn an_entry_leaves_where_its_call_is_pending() {
    let root = member(
        "def root(a, b):\n    c = a + 1\n    return math.isqrt(b) + c\n",
        &[Type::Int, Type::Int],
        false,
        (1, 1),
    );
    let leaf = member("def leaf(x):\n    return x * x\n", &[Type::Int], true, (1, 1));
    let functions = [root, leaf];
    let mut run = run_of(&functions);
    assert_eq!(is_int(&enter(&functions, &mut run, &[1, 5])), Some(27));
    let (status, frame) = enter(&functions, &mut run, &[1, int(i64::MAX)]);
    let exit = &functions[0].exits[status.checked_sub(EXIT_BASE).expect("an exit") as usize];
    assert_eq!(exit.pending.as_deref(), Some(".pin0"));
    let live = abi::read_exit(&functions[0], exit, &frame);
    assert!(live.contains(&("c", Value::Int(2))), "{live:?}");
    assert_eq!(run.left, [("leaf".to_owned(), vec![("x".to_owned(), Value::Int(i64::MAX))])]);
    // What the interpreter gives is what the call gives.
    run.leave = |_, _, _| Some(vec![int(40)]);
    assert_eq!(is_int(&enter(&functions, &mut run, &[1, int(i64::MAX)])), Some(42));
}

#[test]
fn two_functions_call_each_other() {
    let even = "def even(n):\n    if n == 0:\n        return 1\n    return math.isqrt(n - 1)\n";
    let odd = "def odd(n):\n    if n == 0:\n        return 0\n    return math.isqrt(n - 1)\n";
    let functions = [member(even, &[Type::Int], true, (1, 1)), member(odd, &[Type::Int], true, (0, 0))];
    let mut run = run_of(&functions);
    assert_eq!(is_int(&enter(&functions, &mut run, &[10_000])), Some(1));
    assert_eq!(is_int(&enter(&functions, &mut run, &[10_001])), Some(0));
    assert!(u64::MAX - run.grants > 400, "{}", u64::MAX - run.grants);
}

#[test]
fn results_are_tagged_where_their_types_differ() {
    let source =
        "def f(n):\n    if n < 0:\n        return n * 0.5\n    if n == 0:\n        return None\n    return n\n";
    let mut leaf = member(source, &[Type::Int], true, (1, 1));
    assert!(leaf.result.is_tagged());
    let functions = |leaf: &Function| {
        let mut root = member("def root(n):\n    return math.isqrt(n)\n", &[Type::Int], false, (1, 1));
        let given = root.blocks.iter_mut().flat_map(|block| &mut block.statements);
        let target = given.filter(|one| matches!(one.value, ir::Value::Given(_))).map(|one| one.target).next();
        let target = target.expect("a call");
        root.locals[target.0 as usize].types = leaf.result;
        root.result = leaf.result;
        [root, leaf.clone()]
    };
    let both = functions(&leaf);
    let mut run = run_of(&both);
    assert_eq!(is_int(&enter(&both, &mut run, &[7])), Some(7));
    assert_eq!(Type::from_tag(enter(&both, &mut run, &[0]).0), Some(Type::None));
    let half = enter(&both, &mut run, &[int(-3)]);
    assert_eq!((Type::from_tag(half.0), f64::from_bits(half.1[0])), (Some(Type::Float), -1.5));
    // A thin entry gives the same.
    leaf.blocks.iter_mut().for_each(|block| block.in_loop = None);
    let alone = [leaf];
    let mut run = run_of(&alone);
    let half = enter(&alone, &mut run, &[int(-3)]);
    assert_eq!((Type::from_tag(half.0), f64::from_bits(half.1[0])), (Some(Type::Float), -1.5));
    assert_eq!(is_int(&enter(&alone, &mut run, &[9])), Some(9));
}

#[test]
fn tuples_are_joined_where_their_types_differ() {
    let source = "def f(n):\n    if n < 0:\n        return (n, 1.5)\n    return (n, n * 2)\n";
    let mut function = member(source, &[Type::Int], false, (0, 0));
    let pair =
        |second: TypeSet| Type::Tuple(brrr_core::types::Shape::new(&[Type::Int.into(), second]).expect("a shape"));
    let both = [Type::Int, Type::Float].into_iter().collect::<TypeSet>();
    give(&mut function, Some(pair(both).into()));
    let functions = [function];
    let mut run = run_of(&functions);
    let (status, frame) = enter(&functions, &mut run, &[4]);
    let at = status.checked_sub(COMPOUND_BASE).expect("a tuple") as usize;
    let read = |at: usize, frame: Vec<u64>| {
        Value::compound(functions[0].compound(at).expect("a type"), &mut frame.into_iter())
    };
    assert_eq!(read(at, frame), Some(Value::Tuple(vec![Value::Int(4), Value::Int(8)])));
    let (status, frame) = enter(&functions, &mut run, &[int(-4)]);
    let at = (status - COMPOUND_BASE) as usize;
    assert_eq!(read(at, frame), Some(Value::Tuple(vec![Value::Int(-4), Value::Float(1.5)])));
    // So does the interpreter.
    run.leave = |_, _, _| Some(vec![5, Type::Float.tag().unwrap_or_default().into(), 2.5_f64.to_bits()]);
    let (status, frame) = enter(&functions, &mut run, &[int(i64::MAX)]);
    let at = (status - COMPOUND_BASE) as usize;
    assert_eq!(read(at, frame), Some(Value::Tuple(vec![Value::Int(5), Value::Float(2.5)])));
    assert_eq!(run.left.len(), 1);
}

#[test]
fn loops_share_their_fuel() {
    let leaf = "def leaf(n):\n    s = 0\n    for i in range(n):\n        s = (s * 31 + i) % 1000003\n    return s\n";
    let root = "def root(n):\n    s = 0\n    for i in range(n):\n        s = s + math.isqrt(n)\n    return s\n";
    let functions = [member(root, &[Type::Int], false, (1, 1)), member(leaf, &[Type::Int], true, (1, 1))];
    let mut run = run_of(&functions);
    let one = (0..300).fold(0_i64, |s, i| (s * 31 + i) % 1_000_003);
    run.fuel = 1 << 14;
    assert_eq!(is_int(&enter(&functions, &mut run, &[300])), Some(one * 300));
    assert!(run.polls > 10, "{}", run.polls);
    // A poll that ends the run: the leaf leaves by its loop, the root by its call.
    run.polls = 0;
    run.fuel = -1;
    let (status, _) = enter(&functions, &mut run, &[3000]);
    let exit = &functions[0].exits[(status - EXIT_BASE) as usize];
    assert_eq!((exit.pending.is_some(), run.polls), (true, 1));
    assert_eq!(run.left.len(), 1);
}

#[test]
#[ignore = "prints code, for people"]
fn fib_as_text() {
    println!("{}", String::from_utf8_lossy(&object(&fib(), Output::OptimizedLlvm)));
    println!("{}", String::from_utf8_lossy(&object(&fib(), Output::Assembly)));
}

#[test]
#[ignore = "measures"]
fn fib_is_quick() {
    let functions = fib();
    let start = std::time::Instant::now();
    let bytes = object(&functions, Output::Object);
    println!("compiled in {:?}", start.elapsed());
    let start = std::time::Instant::now();
    object(&functions, Output::Object);
    println!("again in {:?}", start.elapsed());
    let code = Code::load(&bytes).expect("loaded code");
    let mut best = f64::INFINITY;
    for _ in 0..15 {
        let mut run = run_of(&functions);
        let mut frame = vec![0; abi::unit_words(&functions)];
        frame[0] = 32;
        let start = std::time::Instant::now();
        // SAFETY: as in `enter`.
        unsafe { (code.entry())(frame.as_mut_ptr(), (&raw mut run).cast()) };
        best = best.min(start.elapsed().as_secs_f64());
        assert_eq!(frame[0], 2_178_309);
    }
    println!("fib(32): {:.2} ms", best * 1e3);
}

//! The whole corridor without Python: source to typed IR to object code to a call.
#![cfg(feature = "llvm")]

use std::ffi::c_void;

use brrr_core::abi::{Activation, COMPOUND_BASE, EXIT_BASE, PENDING, Services, Value, frame_words, read_exit};
use brrr_core::backend::{Options, Output, Overflow, Request};
use brrr_core::compile::Prepared;
use brrr_core::listing::Listing;
use brrr_core::load::Code;
use brrr_core::outside::Env;
use brrr_core::types::{Shape, Signature, Type, TypeSet};
use brrr_core::{emit, ir, syntax};

/// What a call gave: the value, or the exit's statement and live locals.
#[derive(Debug, PartialEq)]
enum Outcome {
    Returned(Value),
    Left(u32, Vec<(String, Value)>),
}

/// A world in which nothing happens.
static SERVICES: Services = Services { poll, host, create, leave, deeper, mark, settle, sweep, probe };

extern "C" fn poll(_: *mut Activation, _: u64) -> i64 {
    1 << 14
}

extern "C" fn create(_: *mut Activation, _: u64, _: *const u64, _: u64) -> *mut c_void {
    std::ptr::null_mut()
}

extern "C" fn host(_: *mut Activation, _: u64, _: *const u64, _: *mut u64) -> u8 {
    1
}

extern "C" fn leave(_: *mut Activation, _: u64, _: u64) -> u64 {
    PENDING
}

extern "C" fn deeper(_: *mut Activation) -> u8 {
    0
}

extern "C" fn mark(_: *mut Activation) -> u64 {
    0
}

extern "C" fn settle(_: *mut Activation, _: u64, _: *const u64, _: u64) {}

extern "C" fn sweep(_: *mut Activation, _: *const u64, _: u64) {}

extern "C" fn probe(_: *mut Activation) -> u8 {
    0
}

fn typed(source: &str, params: &[Type]) -> ir::Function {
    let mut lines = source.split_inclusive('\n').map(str::to_owned);
    let (file, function) = syntax::read_function("case.py", 1, &mut || lines.next()).expect("a function");
    let prepared = Prepared::new(file, function, &Env::default(), false).expect("a function that compiles");
    prepared.typed(&Signature { params: params.to_vec() }).expect("verified IR")
}

fn call_with(source: &str, args: &[Value], options: Options) -> Outcome {
    let (params, words): (Vec<Type>, Vec<Vec<u64>>) = args.iter().map(encode).unzip();
    let words = words.concat();
    let function = typed(source, &params);
    let mut frame = vec![0; frame_words(&function)];
    frame[..words.len()].copy_from_slice(&words);
    let unit = ir::Unit { functions: vec![function.clone()] };
    let object = emit::run(&Request::new(unit, options, Output::Object)).expect("object code");
    let code = Code::load(&object).expect("loaded code");
    let mut activation = Activation::new(&raw const SERVICES);
    // SAFETY: the frame has as many words as the function needs.
    let status = unsafe { (code.entry())(frame.as_mut_ptr(), &raw mut activation) };
    match status.checked_sub(EXIT_BASE) {
        None => {
            let mut words = frame.iter().copied();
            let value = match status.checked_sub(COMPOUND_BASE) {
                Some(at) => Value::compound(function.compounds[at as usize], &mut words),
                None => Value::read(Type::from_tag(status).expect("a tag").into(), &mut words),
            };
            Outcome::Returned(value.expect("a value"))
        }
        Some(at) => {
            let exit = &function.exits[at as usize];
            let live = read_exit(&function, exit, &frame);
            Outcome::Left(exit.statement, live.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
        }
    }
}

fn encode(value: &Value) -> (Type, Vec<u64>) {
    match value {
        Value::Unbound => (Type::Unbound, vec![0]),
        Value::None => (Type::None, vec![0]),
        Value::Bool(value) => (Type::Bool, vec![(*value).into()]),
        Value::Int(value) => (Type::Int, vec![value.cast_unsigned()]),
        Value::Nat(value) => (Type::Nat, vec![*value]),
        Value::Float(value) => (Type::Float, vec![value.to_bits()]),
        Value::Complex(real, imag) => (Type::Complex, vec![real.to_bits(), imag.to_bits()]),
        Value::Scalar(dtype, words) => (Type::Scalar(*dtype), words[..dtype.words()].to_vec()),
        Value::Array(array, words) => (Type::Array(*array), words.clone()),
        Value::Function(one) => (Type::Function(*one), Vec::new()),
        Value::Tuple(elements) => {
            let (types, words): (Vec<Type>, Vec<Vec<u64>>) = elements.iter().map(encode).unzip();
            let types = types.into_iter().map(TypeSet::of).collect::<Vec<_>>();
            (Type::Tuple(Shape::new(&types).expect("a shape")), words.concat())
        }
    }
}

fn call(source: &str, args: &[Value]) -> Outcome {
    call_with(source, args, Options::default())
}

const SUM: &str =
    "def foo(a):\n    b = 0\n    i = 0\n    while i < a:\n        b = b + i\n        i = i + 1\n    return b\n";

#[test]
fn a_loop_gives_its_sum() {
    assert_eq!(call(SUM, &[Value::Int(1_000_000)]), Outcome::Returned(Value::Int(499_999_500_000)));
    assert_eq!(call(SUM, &[Value::Float(3.5)]), Outcome::Returned(Value::Int(6)));
}

#[test]
fn tuples_go_in_and_out() {
    let source = "def f(t):\n    a, (b, c) = t\n    return (c, a * 2, (b, t[0]))\n";
    let pair = Value::Tuple(vec![Value::Complex(1.0, 2.0), Value::Bool(true)]);
    let given = Value::Tuple(vec![Value::Int(5), pair]);
    let inner = Value::Tuple(vec![Value::Complex(1.0, 2.0), Value::Int(5)]);
    let expected = Value::Tuple(vec![Value::Bool(true), Value::Int(10), inner]);
    assert_eq!(call(source, &[given]), Outcome::Returned(expected));
}

#[test]
fn masks_and_wide_intermediates_do_not_leave() {
    let source = "def f(x):\n    return (x * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF\n";
    let expected = u64::MAX.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    assert_eq!(call(source, &[Value::Nat(u64::MAX)]), Outcome::Returned(Value::Nat(expected)));
    let source = "def f(a, b, m):\n    return (a * b + a * b) % m\n";
    let (a, b, m) = (i64::MAX - 5, -i64::MAX + 77, 1_000_000_007);
    let product = (i128::from(a) * i128::from(b) * 2).rem_euclid(i128::from(m)) as i64;
    assert_eq!(call(source, &[Value::Int(a), Value::Int(b), Value::Int(m)]), Outcome::Returned(Value::Int(product)));
}

#[test]
fn overflow_leaves_with_the_locals_of_the_statement() {
    let source = "def f(a):\n    b = a\n    for i in range(100):\n        b = b * 3\n    return b\n";
    let Outcome::Left(statement, live) = call(source, &[Value::Int(5)]) else { panic!("left compiled code") };
    assert_eq!(statement, 2);
    assert!(live.contains(&("b".to_owned(), Value::Int(5 * 3_i64.pow(38)))), "{live:?}");
    assert!(live.contains(&(".next1".to_owned(), Value::Int(39))), "{live:?}");
    let wrapping = Options { overflow: Overflow::Wrap, ..Options::default() };
    assert!(matches!(call_with(source, &[Value::Int(5)], wrapping), Outcome::Returned(Value::Int(_))));
}

#[test]
fn an_accumulator_that_turns_float_needs_no_tag() {
    let source = "def f(n):\n    total = 0\n    for i in range(n):\n        total += i * 0.5\n    return total\n";
    let function = typed(source, &[Type::Int]);
    assert!(function.locals.iter().all(|local| !local.types.is_tagged()), "{}", ir::print::print(&function));
    assert_eq!(call(source, &[Value::Int(0)]), Outcome::Returned(Value::Int(0)));
    assert_eq!(call(source, &[Value::Int(5)]), Outcome::Returned(Value::Float(5.0)));
}

#[test]
fn an_unbound_name_leaves() {
    let source = "def f(n):\n    if n > 3:\n        x = 1\n    return x\n";
    assert_eq!(call(source, &[Value::Int(4)]), Outcome::Returned(Value::Int(1)));
    assert_eq!(call(source, &[Value::Int(3)]), Outcome::Left(2, vec![]));
}

#[test]
fn ranges_of_any_step_end_where_python_ends_them() {
    let source = "def f(a, b, c):\n    n = 0\n    x = a\n    for x in range(a, b, c):\n        n += 1\n    return x if n == 3 else -n\n";
    let args = |a, b, c| [Value::Int(a), Value::Int(b), Value::Int(c)];
    assert_eq!(call(source, &args(1, 8, 3)), Outcome::Returned(Value::Int(7)));
    assert_eq!(call(source, &args(8, 1, -3)), Outcome::Returned(Value::Int(2)));
    assert_eq!(call(source, &args(i64::MAX - 5, i64::MAX, 2)), Outcome::Returned(Value::Int(i64::MAX - 1)));
    assert_eq!(call(source, &args(i64::MIN, i64::MAX, i64::MAX)), Outcome::Returned(Value::Int(i64::MAX - 1)));
    assert!(matches!(call(source, &args(1, 2, 0)), Outcome::Left(2, _)));
}

#[test]
fn an_exit_with_many_equal_locals_is_written_whole() {
    // Adjacent stores of zeros become a call of memset.
    let names = (0..200).map(|at| format!("x{at}")).collect::<Vec<_>>();
    let zeros = names.iter().map(|name| format!("    {name} = 0\n")).collect::<String>();
    let source = format!("def f(a):\n{zeros}    a = a * a\n    return a + {}\n", names.join(" + "));
    assert_eq!(call(&source, &[Value::Int(3)]), Outcome::Returned(Value::Int(9)));
    let Outcome::Left(statement, live) = call(&source, &[Value::Int(i64::MAX)]) else { panic!("left compiled code") };
    assert_eq!((statement, live.len()), (200, 201));
    assert!(live.contains(&("x199".to_owned(), Value::Int(0))));
}

const KERNELS: &[(&str, &[Type])] = &[
    ("def f(n):\n    total = 0\n    for i in range(n):\n        total += i * i % 7\n    return total\n", &[Type::Int]),
    (
        "def f(n, x):\n    total = 0\n    while n > 0:\n        total += x / n\n        n -= 1\n    return total\n",
        &[Type::Int, Type::Float],
    ),
    ("def f(a, b):\n    while b:\n        a, b = b, a % b\n    return a\n", &[Type::Int, Type::Int]),
];

fn kernels() -> Vec<ir::Function> {
    let array = Type::from_python("float64[::1]").expect("a type");
    let sum = "def f(a):\n    total = 0.0\n    for i in range(len(a)):\n        total += a[i]\n        a[i] = total\n    return total\n";
    let plain = KERNELS.iter().map(|(source, params)| typed(source, params));
    plain.chain([typed(sum, &[array])]).collect()
}

#[test]
fn a_text_with_places_is_the_text_without_them() {
    for function in kernels() {
        for output in [Output::Llvm, Output::OptimizedLlvm, Output::Assembly] {
            let text = |request: &Request| String::from_utf8(emit::run(request).expect("a text")).expect("UTF-8");
            let request = Request::new(ir::Unit { functions: vec![function.clone()] }, Options::default(), output);
            let plain = text(&request);
            let placed = text(&request.with_places(|span| span.start + 1));
            let listing = match output {
                Output::Assembly => Listing::assembly(&placed),
                Output::Llvm | Output::OptimizedLlvm | Output::Object | Output::Remarks => Listing::llvm(&placed),
            };
            assert_eq!(listing.text, plain, "{output:?}");
            assert_eq!(listing.lines.len(), listing.text.lines().count());
            let known = listing.lines.iter().flatten().collect::<std::collections::BTreeSet<_>>();
            assert!(known.len() >= 2, "{output:?}: {known:?}");
        }
    }
}

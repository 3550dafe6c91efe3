//! Functions that call functions: from their text to the IR of a unit.

use brrr_core::compile::{Callees, Compiled, Known, Prepared};
use brrr_core::diagnostic::Diagnostic;
use brrr_core::ir::{Function, Origin, Value, print, verify};
use brrr_core::outside::{Callee, Env, FunctionKey, Outside};
use brrr_core::syntax;
use brrr_core::types::{Signature, Type};

/// Functions that know each other, by the order in which they stand.
struct Module(Vec<Prepared>);

impl Module {
    fn new(texts: &[&str]) -> Self {
        Self::with(texts, &[])
    }

    /// With names of the module whose values change.
    fn with(texts: &[&str], variables: &[&str]) -> Self {
        let name = |text: &str| text["def ".len()..].split('(').next().expect("a name").to_owned();
        let mut env = Env::default();
        for (key, text) in (0..).zip(texts) {
            let callee = Callee { key: FunctionKey(key), name: name(text) };
            env.insert(name(text), Outside::Callee(callee));
        }
        variables.iter().for_each(|one| env.insert((*one).to_owned(), Outside::Variable(None)));
        let read = |text: &&str| {
            let text = format!("@brrr\n{text}");
            let mut lines = text.split_inclusive('\n').map(str::to_owned);
            let (file, function) = syntax::read_function("case.py", 1, &mut || lines.next()).expect("a function");
            Prepared::new(file, function, &env, false).expect("a function that compiles")
        };
        Self(texts.iter().map(read).collect())
    }

    fn unit(&self, params: &[Type]) -> Compiled {
        let signature = Signature { params: params.to_vec() };
        self.0[0].unit(FunctionKey(0), &signature, self).expect("a unit")
    }
}

impl Callees for Module {
    fn known(&self, callee: &Callee) -> Result<Known, Vec<Diagnostic>> {
        let body = self.0[callee.key.0 as usize].body();
        let defaults = vec![None; body.flow.parameters.len()];
        let hidden = vec![Type::Int; body.flow.hidden.len()];
        Ok(Known { body, defaults, hidden, options: None, in_place: true })
    }
}

fn calls(function: &Function) -> Vec<u32> {
    let statements = function.blocks.iter().flat_map(|block| &block.statements);
    let callee = |value: &Value| if let Value::Call(call) = value { Some(call.callee) } else { None };
    statements.filter_map(|statement| callee(&statement.value)).collect()
}

#[test]
fn hidden_arguments_are_handed_down() {
    let texts = [
        "def first(n):\n    return second(n) + 1\n",
        "def second(n):\n    return third(n) * k\n",
        "def third(n):\n    return j if n == 0 else second(n - 1)\n",
        "def apart(n):\n    return n\n",
    ];
    let module = Module::with(&texts, &["j", "k"]);
    let made = module.unit(&[Type::Int]);
    let handed = made.handed.iter().map(|one| (one.of.0, one.index, one.one)).collect::<Vec<_>>();
    assert_eq!(handed, [(1, 0, Type::Int), (2, 0, Type::Int)]);
    // Its argument, its own hidden one, and that of the other.
    assert!(made.unit.functions.iter().all(|one| one.params == [Type::Int; 3]), "{:?}", made.unit);
    // What no exit has, the interpreter reads itself.
    let exits = made.unit.functions.iter().flat_map(|one| &one.exits).flat_map(|exit| &exit.live);
    assert!(exits.map(|live| &live.name).all(|name| name == "n" || name.starts_with(".pin")), "{:?}", made.unit);
}

#[test]
fn a_function_calls_itself() {
    let module = Module::new(&["def fib(n):\n    if n < 2:\n        return n\n    return fib(n - 1) + fib(n - 2)\n"]);
    let unit = module.unit(&[Type::Int]).unit;
    let [fib] = unit.functions.as_slice() else { panic!("one function") };
    assert_eq!(fib.result, Type::Int.into(), "{}", print::print(fib));
    assert_eq!(calls(fib), [0, 0]);
    let called = fib.called.as_ref().expect("called");
    assert!(called.is_recursive && called.gives == Type::Int.into());
    // The second call leaves with what the first has given, and the addition with both.
    let pending = fib.exits.iter().filter_map(|exit| exit.pending.as_deref()).collect::<Vec<_>>();
    assert_eq!(pending, [".pin4:11-4:21", ".pin4:24-4:34"]);
    let live = |at: usize| fib.exits[at].live.iter().map(|live| live.name.as_str()).collect::<Vec<_>>();
    let second = fib.exits.iter().position(|exit| exit.pending.as_deref() == Some(".pin4:24-4:34")).expect("an exit");
    assert_eq!(live(second), ["n", ".pin4:11-4:21"]);
}

#[test]
fn functions_call_each_other() {
    let module = Module::new(&[
        "def even(n):\n    return True if n == 0 else odd(n - 1)\n",
        "def odd(n):\n    return False if n == 0 else even(n - 1)\n",
    ]);
    let unit = module.unit(&[Type::Int]).unit;
    assert_eq!(unit.functions.len(), 2);
    assert!(unit.functions.iter().all(|function| function.result == Type::Bool.into()));
    assert!(unit.functions.iter().all(|function| function.called.as_ref().is_some_and(|called| called.is_recursive)));
}

#[test]
fn one_function_for_each_combination_of_types() {
    let module = Module::new(&[
        "def f(a, b):\n    return g(a, y=b), g(b, a), g(a, a)\n",
        "def g(x, y):\n    return x + y if x else None\n",
    ]);
    let made = module.unit(&[Type::Int, Type::Float]);
    let names = made.unit.functions.iter().map(|one| (one.name.as_str(), one.params.clone()));
    let names = names.collect::<Vec<_>>();
    let (int, float) = (Type::Int, Type::Float);
    assert_eq!(
        names,
        [("f", vec![int, float]), ("g", vec![int, float]), ("g", vec![float, int]), ("g", vec![int, int])]
    );
    let gives = made.unit.functions[1].called.as_ref().expect("called").gives;
    assert_eq!(gives.python(), "None | float");
    assert_eq!(made.members, [Some(FunctionKey(0)), Some(FunctionKey(1)), Some(FunctionKey(1)), Some(FunctionKey(1))]);
}

#[test]
fn tuples_come_back() {
    let module = Module::new(&[
        "def f(n):\n    total = 0\n    for i in range(n):\n        q, (r, s) = g(i, 3)\n        total += q * r + s\n    return total\n",
        "def g(a, b):\n    return a // b, (a % b, 1 if a else 0.5)\n",
    ]);
    let unit = module.unit(&[Type::Int]).unit;
    let gives = unit.functions[1].called.as_ref().expect("called").gives;
    assert_eq!(gives.python(), "tuple[int, tuple[int, int | float]]");
}

#[test]
fn what_a_call_cannot_be_done_with_leaves() {
    // Of a wrong number of arguments nothing comes back: CPython raises.
    let module = Module::new(&["def f(n):\n    return g(n, 1)\n", "def g(a):\n    return a\n"]);
    let unit = module.unit(&[Type::Int]).unit;
    assert!(calls(&unit.functions[0]).is_empty());
    assert!(unit.functions[0].result.is_empty());
}

#[test]
fn what_the_statement_reads_is_there_behind_a_call() {
    let text = "def f(a, n):\n    x = n + 1\n    y = (a[0] + x) * g(n) if n else g(x) + h(x)\n    return y\n";
    let module = Module::new(&[text, "def g(n):\n    return n\n", "def h(n):\n    return n + 1\n"]);
    let array = Type::from_python("float64[::1]").expect("a type");
    let unit = module.unit(&[array, Type::Int]).unit;
    let f = &unit.functions[0];
    let of = |pending: &str| {
        let exits = f.exits.iter().filter(|exit| exit.pending.as_deref() == Some(pending));
        exits.map(|exit| exit.live.iter().map(|live| live.name.as_str()).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    let text = print::print(f);
    assert_eq!(of(".pin3:21-3:25"), [["a", "n", "x", ".pin3:9-3:13"]], "{text}");
    assert_eq!(of(".pin3:43-3:47"), [["a", "n", "x", ".pin3:36-3:40"]], "{text}");
    verify::verify_unit(&unit).expect("a unit that holds");
}

#[test]
fn what_a_call_gives_back_is_the_argument() {
    let module =
        Module::new(&["def f(a, b, c):\n    return g(a, y=b)\n", "def g(x, y):\n    return y if x else x + 1\n"]);
    let unit = module.unit(&[Type::Int; 3]).unit;
    assert_eq!(unit.functions[0].returned, [Origin { parameter: 1, is_whole: true, is_part: false, is_holder: false }]);
}

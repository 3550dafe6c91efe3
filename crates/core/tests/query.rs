//! What the editor asks: the same answers after an edit as from a file read afresh, and the right ones.

use std::fmt::Write as _;
use std::sync::Arc;

use brrr_core::query::calls::Foreign;
use brrr_core::query::function::Origin;
use brrr_core::query::hints::HintKind;
use brrr_core::query::modules::Alone;
use brrr_core::query::{Cells, Located, Snapshot};
use brrr_core::source::SourceFile;

const HEAD: &str = "from brrr import brrr\n\n@brrr\n";

fn snapshot(text: &str) -> Snapshot {
    Snapshot::new(None, SourceFile::new("a.py", text), &[])
}

/// Everything that a snapshot says, as text.
fn all(snapshot: &Snapshot) -> String {
    let mut said = String::new();
    for one in snapshot.diagnostics() {
        writeln!(said, "{one:?}").unwrap();
    }
    for located in snapshot.functions() {
        let function = located.function;
        writeln!(said, "{} {:?} {:?}", function.name(), located.span(), function.options()).unwrap();
        let calls = snapshot.calls().map(|(call, _)| call).filter(|call| call.name == function.name());
        for candidate in function.candidates(calls) {
            writeln!(said, "{candidate:?}").unwrap();
            let typed = function.typed(&candidate.signature);
            for hint in function.hints(&typed) {
                writeln!(
                    said,
                    "{:?} {}",
                    located.place(brrr_core::source::Span::new(hint.offset, hint.offset)),
                    hint.text
                )
                .unwrap();
            }
        }
    }
    said
}

/// A small generator that gives the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

const SAMPLE: &str = "\
import math
from brrr import brrr
import numpy as np

SCALE = 3
OFFSET = SCALE * 0.5

@brrr
def f(n: int, x=0.5):
    total = 0
    for i in range(n):
        total += i * x * SCALE
    return total

def plain(v):
    return half(v) if v else 1

def half(v):
    return v / 2 + SCALE

class A:
    @staticmethod
    @brrr
    def g(a):
        if plain(a) > OFFSET:
            return math.sqrt(a)
        return a << 1

def outer(k):
    @brrr(overflow=\"wrap\")
    def h(b: float):
        with b:
            pass
        return b
    return h

f(3)
f(10, x=2)
A.g(2.5)
";

const PIECES: &[&str] = &[
    "(",
    ")",
    "\"\"\"",
    "'",
    "\n",
    "    ",
    "@brrr\n",
    "def ",
    "SCALE = 4\n",
    "SCALE",
    "import brrr as b\n",
    "x",
    "0.5",
    ":",
    "🙂",
    "#",
    "from brrr import brrr as jit\n",
    "\\\n",
    "return total\n",
    "class B:\n",
    "f(2.5)\n",
    "é",
];

#[test]
fn an_edited_file_is_known_as_well_as_a_fresh_one() {
    let mut random = Random(7);
    let mut text = SAMPLE.to_owned();
    let mut known = snapshot(&text);
    for round in 0..3_000 {
        if round % 150 == 149 {
            text = SAMPLE.to_owned();
        }
        let boundary = |mut at: usize| {
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = boundary(random.below(text.len() + 1));
        let end = boundary((start + random.below(12)).min(text.len())).max(start);
        let piece = if random.below(3) == 0 { "" } else { PIECES[random.below(PIECES.len())] };
        text.replace_range(start..end, piece);
        known = Snapshot::new(Some(&known), SourceFile::new("a.py", text.as_str()), &[]);
        assert_eq!(all(&known), all(&snapshot(&text)), "round {round}:\n{text}");
    }
}

#[test]
fn only_what_changed_is_looked_at_again() {
    let before = snapshot(SAMPLE);
    let edited = SAMPLE.replace("return a << 1", "return a << 2");
    let after = Snapshot::new(Some(&before), SourceFile::new("a.py", edited.as_str()), &[]);
    let same = |name: &str| {
        let of = |snapshot: &Snapshot| snapshot.function_named(name).map(|located| located.function.clone()).unwrap();
        Arc::ptr_eq(&of(&before), &of(&after))
    };
    assert!(same("f") && same("h") && !same("g"));
    // `f` reads what changes, `h` does not.
    let edited = SAMPLE.replace("SCALE = 3", "SCALE = 3.5");
    let after = Snapshot::new(Some(&before), SourceFile::new("a.py", edited.as_str()), &[]);
    let same = |name: &str| {
        let of = |snapshot: &Snapshot| snapshot.function_named(name).map(|located| located.function.clone()).unwrap();
        Arc::ptr_eq(&of(&before), &of(&after))
    };
    assert!(same("h") && !same("f"));
}

#[test]
fn the_cells_of_a_notebook_share_their_names() {
    let first = snapshot("from brrr import brrr as jit\nN = 4\n");
    let text = "@jit\ndef f(a: int):\n    return a * N\n";
    let cell = Snapshot::new(None, SourceFile::new("cell", text), &[Arc::new(first)]);
    assert_eq!(cell.functions().count(), 1);
    assert!(cell.diagnostics().is_empty(), "{:?}", cell.diagnostics());
    assert_eq!(snapshot(text).functions().count(), 0);
}

/// A cell behind others, and in front of others.
fn cell(name: &str, text: &str, before: &[&Arc<Snapshot>], after: &[&Arc<Snapshot>]) -> Arc<Snapshot> {
    let all = |cells: &[&Arc<Snapshot>]| cells.iter().map(|&one| one.clone()).collect::<Vec<_>>();
    let (before, after) = (all(before), all(after));
    let cells = Cells { before: &before, after: &after };
    Arc::new(Snapshot::among(None, SourceFile::new(name, text), cells, &Alone))
}

#[test]
fn the_functions_of_other_cells_are_followed() {
    let first = cell("one", "from brrr import brrr\n@brrr\ndef g(x):\n    return x / 2\n", &[], &[]);
    let second = cell("two", "def plain(x):\n    return g(x) + 1\n", &[&first], &[]);
    let text = "@brrr\ndef f(x: int):\n    return plain(x)\n";
    assert_eq!(returns(&cell("three", text, &[&first, &second], &[]), "f"), "float");
    assert_eq!(returns(&cell("three", text, &[&first], &[&second]), "f"), "float", "a later cell runs before the call");
    // The last one of a name is meant, in the order of the cells.
    let again = cell("four", "@brrr\ndef g(x):\n    return x\n", &[&first], &[]);
    let call = "@brrr\ndef f(x: int):\n    return g(x)\n";
    assert_eq!(returns(&cell("three", call, &[&first, &again], &[]), "f"), "int");
    assert_eq!(returns(&cell("three", call, &[&again, &first], &[]), "f"), "float");
    let own = format!("{call}@brrr\ndef g(x):\n    return x > 0\n");
    assert_eq!(returns(&cell("three", &own, &[&first], &[&again]), "f"), "int");
    assert_eq!(returns(&cell("three", &own, &[&first, &again], &[]), "f"), "bool");
    // What is wrong with it, a brrr function of another cell says itself.
    let wrong = cell("one", "from brrr import brrr\n@brrr\ndef g(x):\n    print(x)\n", &[], &[]);
    let caller = cell("three", call, &[&wrong], &[]);
    assert!(wrong.diagnostics().len() == 1 && caller.diagnostics().is_empty(), "{:?}", caller.diagnostics());
}

#[test]
fn plain_functions_are_followed_as_a_run_compiles_them() {
    let text = "def half(x):\n    return x / 2\n\ndef twice(x):\n    return half(x) * 4\n\n\
        @brrr\ndef f(x: int):\n    return twice(x)\n";
    let text = format!("from brrr import brrr\n{text}");
    let before = snapshot(&text);
    assert_eq!(returns(&before, "f"), "float");
    assert_eq!(before.functions().count(), 1, "nothing is said about plain ones");
    let unit =
        before.functions().next().unwrap().function.unit(before.functions().next().unwrap().function.annotated());
    assert_eq!(unit.unwrap().functions.len(), 3);
    let edited = text.replace("x / 2", "x // 2");
    let after = Snapshot::new(Some(&before), SourceFile::new("a.py", edited.as_str()), &[]);
    assert_eq!(returns(&after, "f"), "int");
    // What is wrong in one is said at the call, wherever both stand.
    let wrong = text.replace("x / 2", "x.y");
    let after = Snapshot::new(Some(&after), SourceFile::new("a.py", wrong.as_str()), &[]);
    assert_eq!(all(&after), all(&snapshot(&wrong)));
    let [said] = after.diagnostics() else { panic!("{:?}", after.diagnostics()) };
    assert_eq!(said.code.text(), "BRRR301");
    assert_eq!(after.file().slice(said.span()), "twice(x)");
    let moved = format!("# a line\n{wrong}");
    let after = Snapshot::new(Some(&after), SourceFile::new("a.py", moved.as_str()), &[]);
    assert_eq!(all(&after), all(&snapshot(&moved)));
    // A function within another one is not the one of the module.
    let hidden = "from brrr import brrr\ndef g(x):\n    return x / 2\ndef outer():\n    def g(x):\n        return x\n    \
        @brrr\n    def f(x: int):\n        return g(x)\n";
    assert_ne!(returns(&snapshot(hidden), "f"), "float");
}

#[test]
fn a_call_tells_what_it_is_compiled_for() {
    let text = "from brrr import brrr\n@brrr\ndef g(a, b=2):\n    return a * b\n\n@brrr\ndef f(x: float):\n    return g(x, b=3)\n";
    let snapshot = snapshot(text);
    let located = snapshot.function_named("f").unwrap();
    let typed = located.function.typed(located.function.annotated());
    let at = text.find("g(x").unwrap() as u32 - located.start;
    let call = located.function.call_at(&typed, at).unwrap();
    assert_eq!(call.text(), "g(float, b=int) -> float");
    // And the function that is called for what is shown of it: annotations tell what is passed.
    let g = snapshot.function_named("g").unwrap().function;
    let candidates = g.candidates(snapshot.calls().map(|(call, _)| call).filter(|call| call.name == "g"));
    assert_eq!(candidates[0].signature.python(g.typed(&candidates[0].signature).result), "(float, int) -> float");
}

/// The first signature of the last function, and its origins.
fn signature(text: &str) -> (String, Vec<Origin>) {
    let snapshot = snapshot(&format!("import numpy as np\n{HEAD}{text}"));
    let Located { function, .. } = snapshot.functions().last().unwrap();
    let calls = snapshot.calls().map(|(call, _)| call).filter(|call| call.name == function.name());
    let candidate = function.candidates(calls).remove(0);
    let typed = function.typed(&candidate.signature);
    (candidate.signature.python(typed.result), candidate.origins)
}

#[test]
fn signatures_come_from_annotations_defaults_and_calls() {
    use Origin::{Annotation, Assumed, Call, Default};
    let check = |text: &str, expected: &str, origins: &[Origin]| {
        assert_eq!(signature(text), (expected.to_owned(), origins.to_vec()), "{text}");
    };
    check(
        "def f(a: float, b=True, c=1):\n    return a\n",
        "(float, bool, int) -> float",
        &[Annotation, Default, Default],
    );
    check("def f(a, b):\n    return a + b\n", "(int, int) -> int", &[Assumed, Assumed]);
    check("def f(a, b):\n    return a + b\nf(2.5, b=1)\n", "(float, int) -> float", &[Call, Call]);
    check("def f(a):\n    return a[0]\nx = np.zeros(10)\nf(x)\n", "(float64[::1]) -> float64", &[Call]);
    check("def f(a):\n    return a[0, 0]\nf(np.ones((3, 4), dtype=np.int32))\n", "(int32[:, ::1]) -> int32", &[Call]);
    check("def f(a):\n    return a\ndef main():\n    n = -2.5 * 2\n    f(n)\n", "(float) -> float", &[Call]);
    check("def f(a: int):\n    return a\nf(2.5)\n", "(int) -> int", &[Annotation]);
    check("def f(a):\n    return a\nf(1, 2, 3)\nf(*x)\nf(unknown)\n", "(int) -> int", &[Assumed]);
}

/// What hover says at `$`: type, what is known, the lines that decided, the operation.
fn hover(text: &str) -> String {
    let offset = HEAD.len() + text.find('$').unwrap();
    let snapshot = snapshot(&format!("{HEAD}{}", text.replace('$', "")));
    let located = snapshot.function_at(offset as u32).unwrap();
    let calls = snapshot.calls().map(|(call, _)| call).filter(|call| call.name == located.function.name());
    let signature = located.function.candidates(calls).remove(0).signature;
    let typed = located.function.typed(&signature);
    let Some(answer) = located.function.hover(&typed, offset as u32 - located.start) else {
        return "nothing".to_owned();
    };
    let mut said = answer.text;
    if let Some(types) = answer.types {
        write!(said, ": {}", types.machine()).unwrap();
    }
    if let Some(known) = answer.known {
        write!(said, "; {known}").unwrap();
    }
    for reason in answer.reasons {
        let line = snapshot.file().line(located.place(reason.span).start) - 3;
        let how = if reason.is_parameter { " as a parameter" } else { "" };
        write!(said, "; {}{how} on line {line}", reason.types.machine()).unwrap();
    }
    if let Some(operation) = answer.operation {
        let rows = operation.rows.iter().map(|row| row.doc).collect::<Vec<_>>();
        write!(said, "; `{}`: {}", operation.name, rows.join(" ")).unwrap();
    }
    said
}

#[test]
fn hover_tells_types_reasons_values_and_operations() {
    let check = |text: &str, expected: &str| assert_eq!(hover(text), expected, "{text}");
    check("def f($n: int):\n    return n\n", "n: i64; i64 as a parameter on line 1");
    check("def f(n: int):\n    x = n * 2.5\n    return $x\n", "x: f64; f64 on line 2");
    check(
        "def f(n: int):\n    total = 0\n    for i in range(n):\n        total += 0.5\n    return $total\n",
        "total: i64 | f64; i64 on line 2; f64 on line 4",
    );
    check(
        "def f(n: int):\n    for i in range(2, n):\n        n = $i\n    return n\n",
        "i: i64; 2 <= i < n; i64 on line 2",
    );
    check("def f(n: int):\n    for $i in range(n):\n        pass\n    return n\n", "i: i64; 0 <= i < n");
    check("def f(n: int):\n    size = 7\n    return $size + n\n", "size: i64; size = 7; i64 on line 2");
    check("def f(n: int):\n    low = n & 255\n    return $low\n", "low: i64; 0 <= low <= 255; i64 on line 2");
    check("def f(n: int):\n    return n $// 2\n", "n // 2: i64; `//`: Quotient rounded down.");
    check("def f(n: float):\n    return $abs(n)\n", "abs(n): f64; `abs`: Absolute value.");
    check("def f(n: int):\n    if $n:\n        return 1\n    return 2\n", "n: i64; i64 as a parameter on line 1");
    check("def f(n: int):\n    n += 1\n    return $n\n", "n: i64; i64 on line 2");
    check("def f(n: int):\n    g = lambda n: $n + 1\n    return g(0.5) + n\n", "n: f64; f64 as a parameter on line 2");
    let deep = "def f(n: int):\n    def g(x):\n        h = lambda y, z=$x: @y + x + n\n        return h(0.5)\n    return g(n)\n";
    check(&deep.replace('@', ""), "x: i64; i64 as a parameter on line 2");
    check(&deep.replace('$', "").replace('@', "$"), "y: f64; f64 as a parameter on line 3");
    check(&deep.replace('$', "").replace("@y + x", "y + $x"), "x: i64; i64 as a parameter on line 2");
    check("def f(n: int):\n    $return n\n", "nothing");
}

#[test]
fn what_is_refused_has_no_hint() {
    let text = format!(
        "{HEAD}@brrr\ndef f(n: int):\n    found = [i for i in range(n)]\n    other = n + 1\n    return other\n"
    );
    let snapshot = Snapshot::new(None, SourceFile::new("t.py", &*text), &[]);
    let located = snapshot.functions().next().expect("a function");
    let typed = located.function.typed(located.function.annotated());
    let hints = located.function.hints(&typed);
    let bound = hints.iter().filter(|hint| hint.kind == HintKind::Binding).map(|hint| (&*hint.name, &*hint.text));
    assert_eq!(bound.collect::<Vec<_>>(), [("other", ": i64")]);
}

#[test]
fn hints_show_what_the_source_does_not_say() {
    let text = "def f(n, x: float = 0.5):\n    total = 0\n    total += n * x\n    return total\n";
    let snapshot = snapshot(&format!("{HEAD}{text}"));
    let located = snapshot.functions().next().unwrap();
    let typed = located.function.typed(located.function.annotated());
    let hints = located.function.hints(&typed);
    let shown = hints.iter().map(|hint| {
        let at = hint.offset as usize + located.start as usize - HEAD.len();
        (&text[at - 1..at], hint.text.as_str(), hint.kind)
    });
    assert_eq!(
        shown.collect::<Vec<_>>(),
        [
            ("n", ": i64", HintKind::Parameter),
            (")", " -> f64", HintKind::Return),
            ("l", ": i64", HintKind::Binding),
            ("l", ": f64", HintKind::Change),
            ("l", " as f64", HintKind::Conversion),
            ("n", " as f64", HintKind::Conversion),
        ]
    );
}

#[test]
fn the_bracket_of_the_parameters_is_found() {
    let texts = [
        "def f(a=(1), b=(2, 3))$:\n    return a\n",
        "def f(\n    a,  # )\n    b,\n)$ :\n    return a\n",
        "def f()$:\n    return 1\n",
        "def f(a=(1))$ -> int:\n    return (a)\n",
    ];
    for text in texts {
        let wanted = HEAD.len() + text.find('$').unwrap();
        let snapshot = snapshot(&format!("{HEAD}{}", text.replace('$', "")));
        let located = snapshot.functions().next().unwrap();
        assert_eq!((located.function.header_end() + located.start) as usize, wanted, "{text}");
    }
}

#[test]
fn other_files_tell_which_types_they_pass() {
    let text = "import kernels\nimport pkg.kernels as k\nfrom .kernels import f as g, h\nfrom pkg import kernels as q\n\
        n = 2.5\nkernels.f(1)\nk.f(n)\ng(True)\nq.f(None)\nh(1, 2)\nother(3)\n";
    let foreign = Foreign::read(&SourceFile::new("main.py", text));
    let of = |wanted: &dyn Fn(u32, &str) -> bool| {
        let calls = foreign.calls_of(wanted).into_iter();
        calls
            .map(|call| format!("{}{:?}", call.name, call.args.iter().flatten().collect::<Vec<_>>()))
            .collect::<Vec<_>>()
    };
    assert_eq!(of(&|level, module| level == 0 && module == "kernels"), ["f[Int]"]);
    assert_eq!(of(&|level, module| level == 0 && module == "pkg.kernels"), ["f[Float]", "f[None]"]);
    assert_eq!(of(&|level, module| level == 1 && module == "kernels"), ["f[Bool]", "h[Int, Int]"]);
}

const CALLING: &str = "\
from brrr import brrr

@brrr
def inner(a: float):
    return a * 2

@brrr
def outer(n: int):
    total = inner(n)
    return total

@brrr
def most(n: int):
    value = outer(n)
    return value

@brrr
def apart(n: int):
    return n

@brrr
def again(n: int):
    if n < 2:
        return n
    return again(n - 1) + again(n - 2)
";

/// What a function returns for its annotations.
fn returns(snapshot: &Snapshot, name: &str) -> String {
    let function = snapshot.function_named(name).unwrap().function;
    function.typed(function.annotated()).result.python()
}

#[test]
fn callees_are_followed_and_their_callers_with_them() {
    let before = snapshot(CALLING);
    assert!(before.diagnostics().is_empty(), "{:?}", before.diagnostics());
    assert_eq!(["inner", "outer", "most", "again"].map(|name| returns(&before, name)), ["float", "int", "int", "int"]);
    let edited = CALLING.replace("a * 2", "a * 0.5");
    let after = Snapshot::new(Some(&before), SourceFile::new("a.py", edited.as_str()), &[]);
    assert_eq!(["inner", "outer", "most"].map(|name| returns(&after, name)), ["float", "float", "float"]);
    assert_eq!(all(&after), all(&snapshot(&edited)));
    let same = |name: &str| {
        let of = |snapshot: &Snapshot| snapshot.function_named(name).map(|located| located.function.clone()).unwrap();
        Arc::ptr_eq(&of(&before), &of(&after))
    };
    assert!(same("apart") && same("again") && !same("outer") && !same("most"));
    let unit = after.function_named("most").map(|one| one.function.unit(one.function.annotated())).unwrap().unwrap();
    assert_eq!(unit.functions.len(), 3);
    // Without the function, the interpreter does the call.
    let gone = CALLING.replace("def inner", "def other");
    let after = Snapshot::new(Some(&after), SourceFile::new("a.py", gone.as_str()), &[]);
    assert_eq!(all(&after), all(&snapshot(&gone)));
}

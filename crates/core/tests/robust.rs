//! Whatever the text, `analyze` neither panics nor overflows the stack, and the IR it leads to is valid.
//!
//! The texts are mutated cases and examples, and the functions of Python's standard library; each function is made typed IR for several signatures, with and without probes. A few
//! seconds by default; `BRRR_ROBUST_SECONDS` for longer ones, `BRRR_ROBUST_SEED` for another sequence.

#[expect(dead_code, reason = "the static statements are for cases.rs")]
mod markdown;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use brrr_core::compile::{Nobody, Prepared, analyze, hints};
use brrr_core::diagnostic::{Code, Diagnostic};
use brrr_core::outside::FunctionKey;
use brrr_core::report::Style;
use brrr_core::source::SourceFile;
use brrr_core::types::{Signature, Type};
use brrr_core::{ir, report, syntax};

/// Threads get less stack than the main one; the editor and Python call from such threads.
const STACK: usize = 2 << 20;

/// Types of parameters, as annotations name them.
const TYPES: &[&str] = &[
    "int",
    "float",
    "bool",
    "None",
    "complex",
    "float64[::1]",
    "float64[:, ::1]",
    "int8[:, :, :]",
    "const uint64[::1, :]",
    "complex64[()]",
    "bool[:]",
    "bool_",
    "int16",
    "uint64",
    "float32",
    "tuple[float64[:], int]",
];

/// So many of them are tried for all parameters.
const UNIFORM: usize = 6;

/// A xorshift generator: the texts are the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// Everything a file goes through before it reaches LLVM.
fn run(text: &str) {
    analysis(text);
    syntax::with_stack(|| preparation(text));
}

fn analysis(text: &str) {
    let file = SourceFile::new("robust.py", text);
    let mut said = analyze(&file).diagnostics;
    said.extend(hints(&file));
    for one in &said {
        for label in &one.labels {
            assert!(label.span.start <= label.span.end && label.span.end as usize <= text.len(), "{label:?}");
        }
        let _ = (file.position(one.span().start), file.utf16(one.span().start));
        for fix in &one.fixes {
            assert!(fix.apply(text).is_some(), "{fix:?}");
        }
    }
    for style in [Style::PLAIN, Style::PLAIN.width(60).color(true), Style::PLAIN.concise()] {
        let _ = report::draw(&file, &said, style);
    }
}

fn preparation(text: &str) {
    let file = SourceFile::new("robust.py", text);
    let module = syntax::parse(&file);
    let types = TYPES.iter().filter_map(|text| Type::from_python(text)).collect::<Vec<_>>();
    for (at, function) in module.functions.into_iter().enumerate() {
        let env = function.env.clone();
        let probes = (text.len() + at) % 2 == 1;
        let Ok(prepared) = Prepared::new(file.clone(), function, &env, probes) else { continue };
        let parameters = prepared.parameters().len() + prepared.hidden().len();
        // Some of the types for all parameters, and the types in turn.
        let uniform = types.iter().take(UNIFORM).map(|&one| vec![one; parameters]);
        let mixed = |from: usize| (0..parameters).map(|at| types[(at + from) % types.len()]).collect();
        for params in uniform.chain([mixed(text.len()), mixed(text.len() / 2)]) {
            let signature = Signature { params };
            let Some(function) = valid(prepared.typed(&signature)) else { continue };
            if let Err(error) = ir::verify::verify(&function) {
                panic!("invalid IR: {error:?}\n{}", ir::print::print(&function));
            }
            let bytes = function.encode().expect("IR can be encoded");
            let decoded = ir::Function::decode(&bytes).expect("encoded IR can be decoded");
            assert_eq!(decoded.encode().expect("IR can be encoded"), bytes);
            let _ = prepared.types_text(FunctionKey(0), &signature, &Nobody);
        }
        entered_again(&prepared);
    }
    let mut lines = text.split_inclusive('\n').map(str::to_owned);
    let _ = syntax::read_function("robust.py", 1, &mut || lines.next());
}

/// The IR, unless the types are refused, of arrays, of what is asked whether it is one object, or of what would be a float16. Any other refusal says that the IR was not valid.
fn valid(made: Result<ir::Function, Vec<Diagnostic>>) -> Option<ir::Function> {
    let refused = |one: &Diagnostic| matches!(one.code, Code::WholeArray | Code::Identity | Code::Half);
    match made {
        Ok(function) => Some(function),
        Err(diagnostics) if diagnostics.iter().all(refused) => None,
        Err(diagnostics) => panic!("invalid IR: {diagnostics:?}"),
    }
}

/// From the headers of some loops on, with all names bound and with some.
fn entered_again(prepared: &Prepared) {
    let headers = (0..40).filter_map(|statement| Some((statement, prepared.header_names(statement)?)));
    for (statement, names) in headers.take(5) {
        for (one, skipped) in [(Type::Int, usize::MAX), (Type::Float, usize::MAX), (Type::Int, 0), (Type::Bool, 1)] {
            let is_iterator = |name: &str| name.starts_with('.');
            let bound = names.iter().enumerate().filter(|&(at, name)| at != skipped || is_iterator(name));
            let bound = bound.map(|(_, &name)| (name, if is_iterator(name) { Type::Int } else { one }));
            let hidden = vec![one; prepared.hidden().len()];
            let made = prepared.unit_at(statement, &bound.collect::<Vec<_>>(), &hidden, &Nobody);
            let made = made.expect("a loop and its names");
            let made = made.map(|made| made.unit.functions.into_iter().next().expect("a function"));
            valid(made);
        }
    }
}

/// Runs each text on a thread of its own stack size; gives the first that panics.
fn check(texts: impl Iterator<Item = String> + Send + 'static) -> usize {
    let work = move || {
        let mut count = 0;
        for text in texts {
            if std::env::var_os("BRRR_ROBUST_SHOW").is_some() {
                // A stack overflow ends the process; the last text shown is the culprit.
                eprintln!("---\n{text}");
            }
            if catch_unwind(AssertUnwindSafe(|| run(&text))).is_err() {
                panic!("this text does it:\n{text}\nas a string: {text:?}");
            }
            count += 1;
        }
        count
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work).expect("a thread");
    thread.join().unwrap_or_else(|error| std::panic::resume_unwind(error))
}

fn corpus() -> Vec<String> {
    let cases = markdown::load().into_iter().map(|case| case.text().0);
    let examples = Code::ALL.iter().flat_map(|code| [code.fails(), code.passes()]);
    let examples = examples.flatten().map(|example| example.text.to_owned());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut files =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect::<Vec<_>>();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "py"));
    files.sort();
    assert!(!files.is_empty());
    let files = files.into_iter().map(|file| fs::read_to_string(file).expect("a readable file"));
    cases.chain(examples).chain(files).filter(|text| !text.is_empty()).collect()
}

/// Words, numbers, runs of white space, and single characters.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut before = None;
    for character in text.chars() {
        let class = if character.is_alphanumeric() || character == '_' {
            1
        } else if character == ' ' {
            2
        } else {
            0
        };
        match tokens.last_mut() {
            Some(last) if before == Some(class) && class != 0 => last.push(character),
            _ => tokens.push(character.to_string()),
        }
        before = Some(class);
    }
    tokens
}

const PIECES: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    ":",
    ",",
    "\n",
    "    ",
    "\t",
    "\r\n",
    "\r",
    "\0",
    "\u{feff}",
    "\u{c}",
    "\\\n",
    "#",
    "\"",
    "'''",
    "🙂",
    "é",
    "ﬁ",
    "\u{202e}",
    "\u{3000}",
    ";",
    "if ",
    "else",
    "elif",
    "while ",
    "for ",
    "in ",
    "range",
    "def ",
    "return",
    "break",
    "continue",
    "pass",
    "lambda: ",
    "yield ",
    "await ",
    "async ",
    "not ",
    "and ",
    "or ",
    "is ",
    "None",
    "True",
    "**",
    "//",
    ">>",
    "<<=",
    ":=",
    "->",
    "...",
    "@brrr\n",
    "@",
    "1e999",
    "0x",
    "0b1",
    "1_0",
    "9223372036854775808",
    "99999999999999999999999999999999",
    "1j",
    "0.5",
    "f\"{a}\"",
    "match a:",
    "case _:",
    "type X = int",
    "global a",
    "nonlocal a",
    "del a",
    "import a",
    "a",
    "b",
    "x",
    "=",
    "+=",
    "==",
    "*",
    "-",
    "~",
    "!",
    "$",
    "?",
    "`",
    "from brrr import brrr",
    "class A:",
    "self",
    "print(",
    "-9223372036854775808",
    "1 if a else ",
    "(a := ",
    "(b := a)",
    "case (a, b):",
    "case int():",
    "case float(a):",
    "case a if a > 1:",
    "case 1 | -2:",
    "case None:",
    "assert a, ",
    "raise ValueError(f'{a!r}')",
    "raise ValueError",
    "from None",
    "in (1, 2.5, a)",
    "not in ",
    "is not None",
    "(a, b)",
    "(a, (b, 1.5))",
    "()",
    "[0]",
    "[-1]",
    "a, b = ",
    "math.sqrt(",
    "math.pi",
    ".bit_length()",
    ".real",
    "max(",
    "round(a, 2)",
    "abs(",
    "% 2**64",
    "& 0xFFFFFFFFFFFFFFFF",
    "18446744073709551615",
    "N = 7\n",
    "import math\n",
    "from math import sqrt as s\n",
    "*, ",
    "/, ",
    "=None",
    "else:\n        ",
    "while True:\n        ",
    "for a in range(b, a, -1):\n        ",
];

fn mutate(random: &mut Random, corpus: &[String]) -> String {
    let mut parts = tokens(random.pick(corpus).as_str());
    for _ in 0..=random.below(4) {
        let at = random.below(parts.len());
        match random.below(9) {
            0 | 1 if !parts.is_empty() => drop(parts.remove(at)),
            2 if !parts.is_empty() => parts.insert(at, parts[at].clone()),
            3 if !parts.is_empty() => {
                let other = random.below(parts.len());
                parts.swap(at, other);
            }
            4 => parts.insert(at, (*random.pick(PIECES)).to_owned()),
            5 if !parts.is_empty() => parts[at] = (*random.pick(PIECES)).to_owned(),
            6 if !parts.is_empty() => parts.truncate(at),
            7 => {
                let other = tokens(random.pick(corpus).as_str());
                let start = random.below(other.len());
                let length = random.below(12);
                parts.splice(at..at, other.into_iter().skip(start).take(length));
            }
            _ => {
                let end = (at + random.below(8)).min(parts.len());
                let run = parts[at.min(end)..end].to_vec();
                for _ in 0..random.below(5) {
                    parts.splice(at..at, run.iter().cloned());
                }
            }
        }
    }
    let text = parts.concat();
    match random.below(24) {
        0 => text.replace('\n', "\r\n"),
        1 => text.replace('\n', "\r"),
        2 => text.replace("    ", "\t"),
        3 => text.trim_end().to_owned(),
        4 => format!("\u{feff}{text}"),
        5 => text.replace("    ", "   "),
        _ => text,
    }
}

#[test]
fn mutated_texts() {
    let seconds = std::env::var("BRRR_ROBUST_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    let seed = std::env::var("BRRR_ROBUST_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_260_101_u64);
    let corpus = corpus();
    assert!(corpus.len() > 150);
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let mut random = Random(seed | 1);
    let texts = std::iter::from_fn(move || (Instant::now() < deadline).then(|| mutate(&mut random, &corpus)));
    let count = check(texts);
    eprintln!("{count} texts");
    assert!(count > 100, "only {count} texts in {seconds} s");
}

/// The functions of Python's standard library, each under the decorator, as texts of their own.
fn library() -> Vec<String> {
    let folder = ["python3", "python"].into_iter().find_map(|python| {
        let print = "import os; print(os.path.dirname(os.__file__))";
        let run = std::process::Command::new(python).args(["-c", print]).output().ok()?;
        Some(String::from_utf8(run.stdout).ok()?.trim().to_owned()).filter(|folder| !folder.is_empty())
    });
    let folder = folder.expect("a Python with its standard library");
    let files = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut files = files.filter(|file| file.extension().is_some_and(|one| one == "py")).collect::<Vec<_>>();
    files.sort();
    files.iter().filter_map(|file| fs::read_to_string(file).ok()).flat_map(|text| decorated(&text)).collect()
}

/// Each `def` of a file, up to the next line that is not indented more, under the decorator.
fn decorated(text: &str) -> Vec<String> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let lines = text.lines().collect::<Vec<_>>();
    let mut functions = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.trim_start().starts_with("def ")) {
        let depth = indent(line);
        let inside = |line: &&&str| line.trim().is_empty() || indent(line) > depth;
        let body = lines[at + 1..].iter().take_while(inside);
        let own = std::iter::once(line).chain(body).map(|line| line.get(depth..).unwrap_or_default());
        functions
            .push(format!("import math\nfrom brrr import brrr\n\n@brrr\n{}\n", own.collect::<Vec<_>>().join("\n")));
    }
    functions
}

#[test]
fn the_standard_library() {
    let seconds = std::env::var("BRRR_ROBUST_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    let seed = std::env::var("BRRR_ROBUST_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_260_102_u64);
    let functions = library();
    assert!(functions.len() > 3_000, "only {} functions", functions.len());
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let mut random = Random(seed | 1);
    // As they are, and mutated.
    let texts = std::iter::from_fn(move || {
        let text = || {
            Some(if random.below(2) == 0 { random.pick(&functions).clone() } else { mutate(&mut random, &functions) })
        };
        (Instant::now() < deadline).then(text).flatten()
    });
    let count = check(texts);
    eprintln!("{count} texts");
    assert!(count > 100, "only {count} texts in {seconds} s");
}

#[test]
fn the_corpus_itself() {
    let texts = corpus();
    let expected = texts.len();
    assert_eq!(check(texts.into_iter()), expected);
}

fn function(body: &str) -> String {
    format!("from brrr import brrr\n\n@brrr\ndef f(a, b):\n{body}\n")
}

fn nested(depth: usize, open: impl Fn(usize) -> String, last: &str) -> String {
    let lines = (0..depth).map(|at| format!("{}{}\n", "    ".repeat(at + 1), open(at))).collect::<String>();
    function(&format!("{lines}{}{last}", "    ".repeat(depth + 1)))
}

#[test]
fn deep_and_large_texts() {
    let expressions = |depth: usize| {
        vec![
            format!("    return {}a{}", "(".repeat(depth), ")".repeat(depth)),
            format!("    return {}a", "-".repeat(depth)),
            format!("    return {}a", "~".repeat(depth)),
            format!("    return {}a", "not ".repeat(depth)),
            format!("    return a{}", " + a".repeat(depth)),
            format!("    return a{}", " ** a".repeat(depth)),
            format!("    return a{}", " < a".repeat(depth)),
            format!("    return a{}", " and b".repeat(depth)),
            format!("    return {}a", "a if b else ".repeat(depth)),
            format!("    return {}a{}", "(a, ".repeat(depth), ")".repeat(depth)),
            format!("    return {}a{}", "a[".repeat(depth), "]".repeat(depth)),
            format!("    return {}a{}", "[".repeat(depth), "]".repeat(depth)),
            format!("    return {}a{}", "f(".repeat(depth), ")".repeat(depth)),
            format!("    return a{}", ".b".repeat(depth)),
            format!("    return {}a", "lambda: ".repeat(depth)),
            format!("    return {}a{}", "(lambda: ".repeat(depth), ")()".repeat(depth)),
            format!("    {}1", "a = ".repeat(depth)),
            format!("    {}a{} = 1", "(".repeat(depth), ")".repeat(depth)),
            format!("    return {}", "(".repeat(depth)),
            format!("    return {}", "9".repeat(depth)),
            format!("    return 0x{}", "f".repeat(depth)),
            format!("    return 0.{}1", "0".repeat(depth)),
            format!("    {}", "a; ".repeat(depth)),
            "    a = a + 1\n".repeat(depth),
            format!("    if a:\n        b = 1\n{}    return b", "    elif b:\n        b = 2\n".repeat(depth)),
            format!("    return {}", "x".repeat(depth)),
        ]
    };
    let mut texts = Vec::new();
    for depth in [20, 100, 500, 3_000, 20_000] {
        texts.extend(expressions(depth).iter().map(|body| function(body)));
    }
    for depth in [10, 60, 99, 300] {
        texts.push(nested(depth, |_| "if a:".to_owned(), "return b"));
        texts.push(nested(depth, |_| "while a:".to_owned(), "return b"));
        texts.push(nested(depth, |at| format!("for i{at} in range(a):"), "a = b"));
        texts.push(nested(depth, |_| "def g():".to_owned(), "return b"));
        texts.push(nested(depth, |_| "class A:".to_owned(), "pass"));
        texts.push(nested(depth, |_| "try:".to_owned(), "return b"));
    }
    texts.push((0..2_000).map(|at| format!("    x{at} = a + {at}\n")).collect::<String>());
    let names =
        (0..200).map(|at| format!("    if a > {at}:\n        x{at} = {at}.5\n    else:\n        x{at} = {at}\n"));
    texts.push(function(&names.collect::<String>()));
    let joins =
        (0..40).map(|at| format!("        if a > {at}:\n            x{at} = x{at} + 0.5\n")).collect::<String>();
    let starts = (0..40).map(|at| format!("    x{at} = 0\n")).collect::<String>();
    texts.push(function(&format!("{starts}    while a:\n{joins}        a -= 1\n    return x0")));
    let expected = texts.len();
    assert_eq!(check(texts.into_iter()), expected);
}

#[test]
fn strange_texts() {
    let texts = [
        "",
        "\0",
        "\u{feff}",
        "@brrr",
        // Statements that are none, with no room in front of a function that is indented.
        "from brrr import brrr\nclass A:\n:\n:\n    @brrr\n    def f(self):\n        return a\n",
        "@brrr\n",
        "@brrr\ndef",
        "@brrr\ndef f",
        "@brrr\ndef f(",
        "@brrr\ndef f():",
        "@brrr\ndef f():\n",
        "def f():\n\t return 1\n        return 2",
        "from brrr import brrr as ü\n@ü\ndef f():\n    return 1",
        "from brrr import brrr\n@brrr\ndef f(a, a):\n    return a",
        "from brrr import brrr\n@brrr\ndef f(a):\n  return a\n\0",
        "from brrr import brrr\n@brrr\n\n\n# comment\n@brrr\ndef f(a):\n  return a",
        "from brrr import *\n@brrr\ndef f(a):\n  return a",
        "import brrr.brrr\n@brrr.brrr\ndef f(a):\n  return a",
        "\\\n\\\n",
        "if 1:\n  @brrr\n  def f(a): return a\n \treturn 1",
        "@brrr()\ndef f(a): return a",
        "@brrr(overflow=)\ndef f(a): return a",
        "@brrr(*a, **b)\ndef f(a): return a",
        "# -*- coding: latin-1 -*-\nfrom brrr import brrr\n@brrr\ndef f(a): return a",
        "\u{2028}@brrr\u{2029}def f(): pass",
        "from brrr import brrr\r@brrr\rdef f(a):\r    return a\r",
        "from brrr import brrr\n@brrr\ndef f[T](a: T) -> T:\n    return a\n",
        "from brrr import brrr\n@brrr\ndef f(a):\n    'doc\n    return a",
        "from brrr import brrr\n@brrr\ndef f(a):\n    '''doc\n    return a",
    ];
    assert_eq!(check(texts.into_iter().map(str::to_owned)), texts.len());
}

//! Drawings are as they were looked at: `drawn/*.txt`, one for each case. `BRRR_BLESS=1` writes them anew, to be looked at again.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use brrr_core::compile::analyze;
use brrr_core::diagnostic::{Code, Diagnostic, Fix};
use brrr_core::report::{self, Style};
use brrr_core::source::{SourceFile, Span};

/// The first place of a text in a file.
fn place(file: &SourceFile, text: &str) -> Span {
    let at = file.text().find(text).expect("the text is there");
    Span::new(at as u32, (at + text.len()) as u32)
}

fn said(file: &SourceFile, text: &str) -> Diagnostic {
    Diagnostic::new(Code::List, "a list cannot be compiled", place(file, text), "compiled code has no lists")
}

fn cases() -> Vec<(&'static str, SourceFile, Vec<Diagnostic>, Style)> {
    let file = |text: &str| SourceFile::new("a.py", text);
    let mut cases = Vec::new();
    let mut add = |name, text: &str, marked: &str, style| {
        let file = file(text);
        let one = said(&file, marked);
        cases.push((name, file, vec![one], style));
    };
    add("tabs", "def f():\n\tif x:\n\t\ty\t= [1, 2]\n", "[1, 2]", Style::PLAIN);
    add("wide", "def f():\n    '宽字符'; x = [宽, 1]  # 宽\n", "[宽, 1]", Style::PLAIN);
    add("emoji", "def f():\n    '🙂🙂'; x = ['🙂']\n", "['🙂']", Style::PLAIN);
    add("combining", "def f():\n    'e\u{301}e\u{301}'; x = [e\u{301}, 1]\n", "[e\u{301}, 1]", Style::PLAIN);
    add("controls", "def f():\n    'a\u{1b}[31m\u{202e}b'; x = [1]\n", "[1]", Style::PLAIN);
    add("carriage_returns", "def f():\r\n    x = [1]\r\n    y = 2\r\n", "[1]", Style::PLAIN);
    add("no_last_newline", "def f():\n    x = [1]", "[1]", Style::PLAIN);
    add(
        "several_lines",
        "def f():\n    x = [\n        1,\n        2,\n        3,\n    ]\n    return x\n",
        "[\n        1,\n        2,\n        3,\n    ]",
        Style::PLAIN,
    );
    let long = format!("    x = {} + [1, 2] + {}\n", "aaaa + ".repeat(40), "bbbb + ".repeat(40));
    add("long_line", &format!("def f():\n{long}"), "[1, 2]", Style::PLAIN.width(80));
    let long = format!("    x = [{}]\n", "12345, ".repeat(40));
    add("long_mark", &format!("def f():\n{long}"), long.trim().strip_prefix("x = ").unwrap(), Style::PLAIN.width(80));
    let wide = format!("    x = '{}', [1, 2]\n", "宽".repeat(60));
    add("long_wide", &format!("def f():\n{wide}"), "[1, 2]", Style::PLAIN.width(60));
    add("colours", "def f():\n    x = [1]\n", "[1]", Style::PLAIN.color(true));

    let ends = file("def f(a):\n    return a +\n\n");
    let at_end = Span::new(ends.text().len() as u32, ends.text().len() as u32);
    let one = Diagnostic::new(Code::Syntax, "invalid syntax: unexpected end of file", at_end, "here");
    cases.push(("at_the_end", ends, vec![one], Style::PLAIN));

    let empty = file("");
    let one = Diagnostic::new(Code::Syntax, "invalid syntax: nothing here", Span::new(0, 0), "here");
    cases.push(("empty", empty, vec![one], Style::PLAIN));

    let user = file("from brrr import brrr\nfrom lib import g\n\n@brrr\ndef f(x):\n    return g(x)\n");
    let library = Arc::new(SourceFile::fragment("lib.py", "def g(y):\n    return [y]\n", 120));
    let other = Arc::new(SourceFile::fragment("deep.py", "def h(z):\n    return z\n", 7));
    let one = Diagnostic::new(Code::Call, "the call of `g` cannot be compiled", place(&user, "g(x)"), "called here")
        .label_in(library.clone(), place(&library, "[y]"), "a list cannot be compiled")
        .label_in(other.clone(), place(&other, "z)"), "which comes from here")
        .help("write a tuple");
    cases.push(("callees", user, vec![one], Style::PLAIN));

    let fixed = file("def f(n):\n    x = 1\n    xs = [i for i in range(n)]\n    return xs[0]\n");
    let edit = "xs = np.empty(n)\n    for i in range(n):\n        xs[i] = i";
    let one = Diagnostic::new(Code::Comprehension, "a list comprehension cannot be compiled", place(&fixed, "[i for i in range(n)]"), "makes a list")
        .label(place(&fixed, "def f(n)"), "in this function")
        .note("an array holds numbers of one type, side by side in memory, and is read and written as fast as in C, which a list of objects is not")
        .help("make an array, `np.empty(n)`, and fill it in a loop")
        .fix(Fix::new("fill an array in a loop", place(&fixed, "xs = [i for i in range(n)]"), edit));
    cases.push(("help_and_fix", fixed.clone(), vec![one.clone()], Style::PLAIN.width(80)));
    cases.push(("help_and_fix_colours", fixed.clone(), vec![one.clone()], Style::PLAIN.width(80).color(true)));
    cases.push(("concise", fixed, vec![one.clone(), one], Style::PLAIN.concise()));

    let clash =
        file("from brrr import brrr\n\n@brrr\ndef f(a: int, n: int):\n    half = a / 2\n    return half << n\n");
    let found = analyze(&clash).diagnostics;
    cases.push(("clash", clash, found, Style::PLAIN));
    let clash =
        file("from brrr import brrr\n\n@brrr\ndef f(a: \"float64[:]\", n: int):\n    b = a[1:]\n    return b * n\n");
    let found = analyze(&clash).diagnostics;
    cases.push(("whole_array", clash, found, Style::PLAIN));
    cases
}

#[test]
fn drawings_are_as_they_were_looked_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/drawn");
    let bless = std::env::var_os("BRRR_BLESS").is_some();
    let mut wrong = Vec::new();
    for (name, file, diagnostics, style) in cases() {
        assert!(!diagnostics.is_empty(), "{name}");
        let drawn = report::draw(&file, &diagnostics, style) + "\n";
        let path = folder.join(format!("{name}.txt"));
        if bless {
            fs::write(&path, &drawn).expect("the folder can be written");
        }
        if fs::read_to_string(&path).ok().as_deref() != Some(drawn.as_str()) {
            wrong.push(format!("{name}:\n{drawn}"));
        }
        let lines = drawn.lines().filter(|line| style.width > 0 && !line.contains('│') && !line.contains('\u{1b}'));
        for line in lines {
            assert!(line.chars().count() <= style.width, "{name}: {line}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whatever the places are, something is drawn, and nothing panics.
#[test]
fn any_place_can_be_drawn() {
    let texts = ["", "\n", "a", "a\nb", "\u{301}\n🙂\r\r\n\u{2028}\t宽\n", "\u{feff}def f():\n\treturn 1\n\n\n"];
    for text in texts {
        let file = SourceFile::fragment("a.py", text, 3);
        for start in 0..=text.len() as u32 + 2 {
            for end in 0..=text.len() as u32 + 2 {
                let span = Span::new(start, end);
                let one = Diagnostic::new(Code::List, "m", span, "l").label(Span::new(end, start), "other");
                for style in [Style::PLAIN, Style::PLAIN.width(30).color(true), Style::PLAIN.concise()] {
                    let drawn = report::draw(&file, std::slice::from_ref(&one), style);
                    assert!(drawn.contains("BRRR220"), "{text:?} {span:?} {drawn}");
                }
            }
        }
    }
}

//! What LLVM says about loops and calls, in the user's words: asked for here in this process.
#![cfg(feature = "llvm")]

use brrr_core::diagnostic::{Code, Diagnostic, Severity};
use brrr_core::emit;
use brrr_core::query::Snapshot;
use brrr_core::source::SourceFile;

const HEAD: &str = "import math\nfrom brrr import brrr\n\n";

/// The hints about a file, after the optimiser was heard.
fn hints(text: &str) -> Vec<Diagnostic> {
    let snapshot = Snapshot::new(None, SourceFile::new("a.py", format!("{HEAD}{text}")), &[]);
    for located in snapshot.functions() {
        let signature = snapshot.hinted(located);
        assert!(!located.function.has_heard(&signature));
        let Some(asked) = located.function.ask_optimiser(&signature) else { continue };
        let answer = emit::run(&asked.request).expect("an answer");
        located.function.hear(&signature, Some((&asked, &answer))).expect("remarks");
        assert!(located.function.has_heard(&signature));
    }
    let hints = snapshot.hints();
    assert!(hints.iter().all(|one| one.severity() == Severity::Hint), "{hints:?}");
    hints
}

/// The codes, and what stands at the places.
fn about(text: &str) -> Vec<(Code, String)> {
    let whole = format!("{HEAD}{text}");
    let written = |one: &Diagnostic| whole[one.span().start as usize..one.span().end as usize].to_owned();
    hints(text).iter().map(|one| (one.code, written(one))).collect()
}

fn said(code: Code, place: &str) -> (Code, String) {
    (code, place.to_owned())
}

/// A function over an array, with this in its loop.
fn turn(statement: &str) -> String {
    format!("@brrr\ndef f(a: \"float64[::1]\", b: \"int64[::1]\"):\n    for i in range(len(a)):\n        {statement}\n")
}

#[test]
fn a_loop_that_is_vectorised() {
    let text = turn("a[i] = a[i] * 2.0");
    assert_eq!(about(&text), [said(Code::Vectorised, "i")]);
    assert_eq!(hints(&text)[0].labels[0].text, "vectorised");
    let turns = hints(&text)[0].message.strip_prefix("this loop computes ").map(str::to_owned).expect("turns");
    assert!(turns.split(' ').next().and_then(|turns| turns.parse::<u32>().ok()).is_some_and(|turns| turns >= 2));
}

#[test]
fn a_loop_that_is_not_has_one_reason() {
    let text = turn("a[i] = a[i - 1] * 0.5");
    let all = hints(&text);
    let reasons = all.iter().filter(|one| one.code == Code::NotVectorised).collect::<Vec<_>>();
    assert_eq!(reasons.len(), 1, "{all:?}");
    assert_eq!(reasons[0].labels[0].text, "this was written by a turn before");
    assert_eq!(reasons[0].labels[1].text, "this loop");
}

#[test]
fn what_is_known_from_the_source_is_not_said_twice() {
    let sum = "@brrr\ndef f(a: \"float64[::1]\"):\n    s = 0.0\n    for x in a:\n        s += x\n    return s\n";
    let all = hints(sum);
    assert_eq!(all.iter().map(|one| one.code).collect::<Vec<_>>(), [Code::NotVectorised]);
    assert!(all[0].labels[0].text.contains("needed by the next"), "{all:?}");
    let all = hints(&turn("a[i] = math.sin(a[i])"));
    assert_eq!(all.iter().filter(|one| one.code == Code::NotVectorised).count(), 1, "{all:?}");
}

#[test]
fn a_formula() {
    let text = "@brrr\ndef f(n: int):\n    s = 0\n    for i in range(n):\n        s += i\n    return s\n";
    assert_eq!(about(text), [said(Code::Formula, "i")]);
}

#[test]
fn checks_that_stay_and_what_they_check() {
    let text = turn("a[i] = a[b[i]]");
    let all = hints(&text);
    let check = all.iter().find(|one| one.code == Code::Checked).expect("a check");
    assert!(check.labels[0].text.contains("index out of bounds"), "{check:?}");
    assert!(about(&text).contains(&said(Code::Checked, "a[b[i]]")));
    let product = "@brrr\ndef f(n: int):\n    r = 1\n    for i in range(1, n):\n        r = r * i\n    return r\n";
    // Whether the turn can be done without checks is tested at its start.
    assert!(about(product).contains(&said(Code::Checked, "i")), "{:?}", about(product));
    // The check is the reason, and said once.
    assert!(!about(product).iter().any(|(code, _)| *code == Code::NotVectorised));
}

#[test]
fn calls_that_are_written_out() {
    let text =
        "@brrr\ndef square(x: float):\n    return x * x\n\n@brrr\ndef f(x: float):\n    return square(x) + 1.0\n";
    assert_eq!(about(text), [said(Code::Inlined, "square(x)")]);
    let within = text.replace("def f(x: float)", "def f(a: \"float64[::1]\")");
    let within = within.replace("return square(x) + 1.0", "for i in range(len(a)):\n        a[i] = square(a[i])");
    let found = about(&within);
    assert!(found.contains(&said(Code::Inlined, "square(a[i])")), "{found:?}");
    assert!(found.contains(&said(Code::Vectorised, "i")), "{found:?}");
}

#[test]
fn functions_that_call_themselves_are_not_news() {
    let text = "@brrr\ndef f(n: int):\n    if n < 2:\n        return n\n    return f(n - 1) + f(n - 2)\n";
    assert_eq!(about(text), []);
}

#[test]
fn calls_in_the_file_tell_the_types() {
    let text = "import numpy as np\n@brrr\ndef f(a):\n    for i in range(len(a)):\n        a[i] = a[i] * 2.0\n\nf(np.zeros(9))\n";
    assert_eq!(about(text), [said(Code::Vectorised, "i")]);
}

#[test]
fn what_was_heard_is_kept_through_edits_elsewhere() {
    let text = format!("{HEAD}{}", turn("a[i] = a[i] * 2.0"));
    let first = Snapshot::new(None, SourceFile::new("a.py", text.as_str()), &[]);
    let located = first.functions().next().expect("a function");
    let signature = first.hinted(located);
    let asked = located.function.ask_optimiser(&signature).expect("a loop");
    let answer = emit::run(&asked.request).expect("an answer");
    located.function.hear(&signature, Some((&asked, &answer))).expect("remarks");
    let moved = Snapshot::new(Some(&first), SourceFile::new("a.py", format!("# a comment\n{text}")), &[]);
    assert_eq!(moved.hints()[0].code, Code::Vectorised);
    assert_eq!(moved.hints()[0].span().start, first.hints()[0].span().start + 12);
    let edited = text.replace("2.0", "3.0");
    let edited = Snapshot::new(Some(&moved), SourceFile::new("a.py", edited), &[]);
    assert_eq!(edited.hints(), []);
}

#[test]
fn bytes_that_are_no_answer() {
    let text = format!("{HEAD}{}", turn("a[i] = 2.0"));
    let snapshot = Snapshot::new(None, SourceFile::new("a.py", text), &[]);
    let located = snapshot.functions().next().expect("a function");
    let signature = snapshot.hinted(located);
    let asked = located.function.ask_optimiser(&signature).expect("a loop");
    assert!(located.function.hear(&signature, Some((&asked, &[0xff, 0xff, 0xff]))).is_err());
    assert!(!located.function.has_heard(&signature));
    located.function.hear(&signature, None).expect("nothing can be wrong");
    assert!(located.function.has_heard(&signature));
}

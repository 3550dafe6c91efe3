//! Every code of the table of diagnostics is raised by its failing example and by nothing in its passing one.

use brrr_core::compile::{analyze, hints};
use brrr_core::diagnostic::{Code, Diagnostic, Severity};
use brrr_core::report::{self, Style};
use brrr_core::source::SourceFile;

/// What is said about a file; hints only about the example of one.
fn diagnostics(code: Code, text: &str) -> Vec<Diagnostic> {
    let file = SourceFile::new("example.py", text);
    let mut found = analyze(&file).diagnostics;
    if code.severity() == Severity::Hint {
        found.extend(hints(&file).into_iter().filter(|one| one.code == code));
    }
    found
}

/// The example of every code that checking finds.
fn checked() -> impl Iterator<Item = (Code, &'static str)> {
    let fails = Code::ALL.iter().filter_map(|&code| Some((code, code.fails()?)));
    fails.filter(|(_, example)| !example.runs).map(|(code, example)| (code, example.text))
}

#[test]
fn failing_examples_fail() {
    for (code, text) in checked() {
        let found = diagnostics(code, text);
        assert!(found.iter().any(|one| one.code == code), "{}: {found:?}", code.text());
        assert!(found.iter().all(|one| one.code == code), "{}: more than its own: {found:?}", code.text());
    }
}

#[test]
fn passing_examples_pass() {
    let passes = Code::ALL.iter().filter_map(|&code| Some((code, code.passes()?)));
    for (code, example) in passes {
        let found = diagnostics(code, example.text);
        assert!(found.is_empty(), "{}: {found:?}", code.text());
    }
}

/// Every fix of an example, be it only offered, gives a file of which there is nothing to say.
#[test]
fn fixed_examples_pass() {
    for (code, text) in checked() {
        let found = diagnostics(code, text);
        for fix in found.iter().flat_map(|one| &one.fixes) {
            let fixed = fix.apply(text).expect("edits within the text");
            let found = diagnostics(code, &fixed);
            assert!(found.is_empty(), "{}: {fixed}\n{found:?}", code.text());
        }
    }
}

#[test]
fn codes_without_example_are_those_of_running_programs() {
    let without = Code::ALL.iter().filter(|code| code.fails().is_none_or(|example| example.runs));
    let slugs = without.map(|code| code.slug()).collect::<Vec<_>>();
    // `tests/api/test_codes.py` raises each of these, and `tests/cli` that of a configuration and those of which LLVM tells.
    let of_newer_pythons = ["unsupported-statement", "unsupported-expression"];
    let slugs = slugs.into_iter().filter(|slug| !of_newer_pythons.contains(slug)).collect::<Vec<_>>();
    let of_llvm = ["vectorised", "loop-formula", "checked-turns", "inlined-call", "not-inlined", "left-compiled-code"];
    let slugs = slugs.into_iter().filter(|slug| !of_llvm.contains(slug)).collect::<Vec<_>>();
    assert_eq!(slugs, ["no-source", "source-changed", "too-large", "argument-type", "configuration", "backend"]);
}

/// The texts keep their style, and every diagnostic can be drawn.
#[test]
fn diagnostics_are_well_formed() {
    for (code, text) in checked() {
        let file = SourceFile::new("example.py", text);
        for one in diagnostics(code, text) {
            well_formed(&file, &one);
            let line = file.line(one.span().start);
            let drawn = report::draw(&file, std::slice::from_ref(&one), Style::PLAIN);
            assert!(drawn.contains(&code.text()) && drawn.contains(&one.message), "{drawn}");
            assert!(drawn.contains(&format!("example.py:{line}")), "{drawn}");
            assert!(!drawn.contains('\u{1b}'), "{drawn}");
            assert!(report::draw(&file, std::slice::from_ref(&one), Style::PLAIN.color(true)).contains('\u{1b}'));
        }
    }
}

fn well_formed(file: &SourceFile, one: &Diagnostic) {
    let text = one.code.text();
    let fixes = one.fixes.iter().map(|fix| fix.message.as_str());
    let notes = one.notes.iter().map(String::as_str);
    for said in [one.message.as_str()].into_iter().chain(one.help.as_deref()).chain(notes).chain(fixes) {
        assert!(!said.is_empty() && !said.ends_with('.'), "{text}: {said}");
        assert!(said.matches('`').count() % 2 == 0, "{text}: {said}");
        let first = said.split(' ').next().unwrap_or_default();
        let is_name = first.chars().skip(1).any(char::is_uppercase);
        assert!(is_name || first.chars().next().is_some_and(|first| !first.is_uppercase()), "{text}: {said}");
    }
    for label in &one.labels {
        let span = label.span;
        assert!(span.start <= span.end && span.end as usize <= file.text().len(), "{text}: {span:?}");
    }
}

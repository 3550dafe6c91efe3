//! Every code of the table of diagnostics is raised by its failing example and by nothing in its passing one.

use brrr_core::compile::analyze;
use brrr_core::diagnostic::{Code, Diagnostic};
use brrr_core::report;
use brrr_core::source::SourceFile;

fn diagnostics(text: &str) -> Vec<Diagnostic> {
    analyze(&SourceFile::new("example.py", text)).diagnostics
}

#[test]
fn failing_examples_fail() {
    for &code in Code::ALL.iter().filter(|code| !code.fails().is_empty()) {
        let found = diagnostics(code.fails());
        assert!(found.iter().any(|one| one.code == code), "{}: {found:?}", code.text());
        assert!(found.iter().all(|one| one.code == code), "{}: more than its own: {found:?}", code.text());
    }
}

#[test]
fn passing_examples_pass() {
    for &code in Code::ALL.iter().filter(|code| !code.passes().is_empty()) {
        let found = diagnostics(code.passes());
        assert!(found.is_empty(), "{}: {found:?}", code.text());
    }
}

#[test]
fn codes_without_example_are_those_of_running_programs() {
    let without = Code::ALL.iter().filter(|code| code.fails().is_empty());
    let slugs = without.map(|code| code.slug()).collect::<Vec<_>>();
    // `tests/api/test_codes.py` raises each of these.
    assert_eq!(slugs, ["no-source", "source-changed", "too-large", "argument-type", "backend"]);
}

/// The texts keep their style, and every diagnostic can be drawn.
#[test]
fn diagnostics_are_well_formed() {
    for &code in Code::ALL.iter().filter(|code| !code.fails().is_empty()) {
        let file = SourceFile::new("example.py", code.fails());
        for one in analyze(&file).diagnostics {
            let text = &one.message;
            assert!(!text.is_empty() && !text.ends_with('.'), "{}: {text}", code.text());
            assert!(text.matches('`').count() % 2 == 0, "{}: {text}", code.text());
            assert!(text.chars().next().is_some_and(|first| !first.is_uppercase()), "{}: {text}", code.text());
            for label in &one.labels {
                let span = label.span;
                assert!(span.start <= span.end && span.end as usize <= file.text().len(), "{}: {span:?}", code.text());
            }
            let line = file.line(one.span().start);
            let drawn = report::draw(&file, std::slice::from_ref(&one), false);
            assert!(drawn.contains(&code.text()) && drawn.contains(text), "{drawn}");
            assert!(drawn.contains(&format!("example.py:{line}")), "{drawn}");
            assert!(!drawn.contains('\u{1b}'), "{drawn}");
            assert!(report::draw(&file, std::slice::from_ref(&one), true).contains('\u{1b}'), "{drawn}");
        }
    }
}

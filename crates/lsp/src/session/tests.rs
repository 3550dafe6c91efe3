//! The session, turn by turn, without a transport.

use super::*;
use crate::library::Naming;

const HEAD: &str = "from brrr import brrr\n";

/// A file with so many functions that have an error.
fn text(errors: usize) -> String {
    let functions = (0..errors).map(|at| format!("@brrr\ndef f{at}(**x):\n    return 0\n")).collect::<String>();
    format!("{HEAD}@brrr\ndef f():\n    return 1\n{functions}")
}

/// One job from start to end; what it says is (name, version, number of diagnostics).
fn turn(session: &mut Session) -> Option<(String, i32, usize)> {
    let job = session.next_job().expect("a job");
    let outcome = job.run(&mut Library::new(Naming::Address), &[]);
    let report = session.finish(job, outcome)?;
    let version = report.version.unwrap();
    Some((report.name, version.number, version.snapshot.diagnostics().len()))
}

fn said(name: &str, version: i32, diagnostics: usize) -> Option<(String, i32, usize)> {
    Some((name.to_owned(), version, diagnostics))
}

fn opened(name: &str, number: i32, text: String) -> Session {
    let mut session = Session::default();
    session.open(name, number, text, None);
    session
}

#[test]
fn an_error_is_shown_and_cleared() {
    let mut session = opened("a", 1, text(1));
    assert_eq!(turn(&mut session), said("a", 1, 1));
    session.change("a", 2, |_| text(0)).unwrap();
    assert_eq!(turn(&mut session), said("a", 2, 0));
    assert!(session.next_job().is_none());
}

#[test]
fn a_file_without_functions_is_silent() {
    let mut session = opened("a", 1, "x".to_owned());
    assert_eq!(turn(&mut session), None);
    assert!(session.close("a").is_none());
}

#[test]
fn a_function_that_is_gone_leaves_nothing_shown() {
    let mut session = opened("a", 1, text(1));
    turn(&mut session);
    session.change("a", 2, |_| String::new()).unwrap();
    assert_eq!(turn(&mut session), said("a", 2, 0));
    session.change("a", 3, |_| "x".to_owned()).unwrap();
    assert_eq!(turn(&mut session), None);
}

#[test]
fn edits_apply_to_the_text_before_them() {
    let mut session = opened("a", 1, text(0));
    for version in 2..=51 {
        let more = format!("@brrr\ndef g{version}(**x):\n    return 0\n");
        session.change("a", version, |text| format!("{text}{more}")).unwrap();
    }
    assert_eq!(turn(&mut session), said("a", 51, 50));
    assert!(session.next_job().is_none(), "fifty edits are one analysis");
}

#[test]
fn old_versions_and_unknown_documents_are_refused() {
    let mut session = opened("a", 5, text(0));
    let outdated = Err(Refusal::Outdated { current: 5 });
    assert_eq!(session.change("a", 5, |_| text(1)), outdated);
    assert_eq!(session.change("a", 4, |_| text(1)), outdated);
    assert_eq!(session.change("b", 1, |_| text(1)), Err(Refusal::NotOpen));
    assert_eq!(turn(&mut session), said("a", 5, 0));
}

#[test]
fn a_result_for_old_text_is_dropped() {
    let mut session = opened("a", 1, text(1));
    let job = session.next_job().unwrap();
    let outcome = job.run(&mut Library::new(Naming::Address), &[]);
    session.change("a", 2, |_| text(0)).unwrap();
    assert!(session.finish(job, outcome).is_none());
    assert_eq!(turn(&mut session), said("a", 2, 0));
}

#[test]
fn a_result_for_a_closed_document_is_dropped_even_if_it_is_open_again() {
    let mut session = opened("a", 1, text(1));
    let job = session.next_job().unwrap();
    let outcome = job.run(&mut Library::new(Naming::Address), &[]);
    session.close("a");
    session.open("a", 1, text(0), None);
    assert!(session.finish(job, outcome).is_none());
    assert_eq!(turn(&mut session), said("a", 1, 0));
}

#[test]
fn closing_clears_what_is_shown() {
    let mut session = opened("a", 1, text(1));
    turn(&mut session);
    assert!(session.close("a").unwrap().version.is_none());
    assert!(session.close("a").is_none());
}

#[test]
fn opening_again_without_closing_still_clears() {
    let mut session = opened("a", 1, text(1));
    turn(&mut session);
    session.open("a", 1, "x".to_owned(), None);
    assert_eq!(turn(&mut session), said("a", 1, 0));
}

#[test]
fn the_document_edited_last_comes_first() {
    let mut session = opened("a", 1, text(0));
    session.open("b", 1, text(0), None);
    session.change("a", 2, str::to_owned).unwrap();
    assert_eq!(turn(&mut session), said("a", 2, 0));
    assert_eq!(turn(&mut session), said("b", 1, 0));
}

#[test]
fn a_panic_costs_one_job() {
    let mut session = opened("a", 1, text(1));
    turn(&mut session);
    session.change("a", 2, |_| text(2)).unwrap();
    let job = session.next_job().unwrap();
    let outcome = contained(|| panic!("no rule for `{}`", 7));
    assert!(!is_contained());
    let report = session.finish(job, outcome).unwrap();
    assert_eq!(report.failure.as_deref(), Some("no rule for `7`"));
    assert!(report.version.unwrap().snapshot.diagnostics().is_empty(), "stale places are not left behind");
    session.change("a", 3, |_| text(3)).unwrap();
    assert_eq!(turn(&mut session), said("a", 3, 3));
}

#[test]
fn who_waits_for_a_text_gets_it_or_hears_that_it_is_gone() {
    let mut session = opened("a", 1, text(0));
    let Newest::Awaited(mut first) = session.newest("a") else { panic!("nothing is analysed yet") };
    session.change("a", 2, |_| text(1)).unwrap();
    assert!(matches!(first.try_recv(), Err(oneshot::error::TryRecvError::Closed)));
    let Newest::Awaited(mut second) = session.newest("a") else { panic!("the new text is not analysed yet") };
    turn(&mut session);
    assert_eq!(second.try_recv().unwrap().number, 2);
    assert!(matches!(session.newest("a"), Newest::Known(version) if version.number == 2));
    assert!(matches!(session.newest("b"), Newest::NotOpen));
}

#[test]
fn cells_of_a_notebook_know_each_other() {
    let mut session = Session::default();
    let open = |session: &mut Session, name: &str, text: &str| {
        session.open(name, 1, text.to_owned(), Some("book".to_owned()));
    };
    open(&mut session, "one", "from brrr import brrr as jit\n");
    open(&mut session, "two", "@jit\ndef f(**x):\n    return 0\n");
    open(&mut session, "other", "x = 1\n");
    let settle = |session: &mut Session| {
        let mut shown = 0;
        for _ in 0..20 {
            let Some(job) = session.next_job() else { return shown };
            let outcome = job.run(&mut Library::new(Naming::Address), &[]);
            let report = session.finish(job, outcome).filter(|report| report.name == "two");
            shown = report.map_or(shown, |report| report.version.unwrap().snapshot.diagnostics().len());
        }
        panic!("the cells never settle");
    };
    assert_eq!(settle(&mut session), 1);
    session.change("one", 2, |_| "from brrr import brrr\n".to_owned()).unwrap();
    assert_eq!(settle(&mut session), 0, "the decorator is not what it was");
}

#[test]
fn picks_are_kept_until_their_document_is_closed() {
    let mut session = opened("a", 1, text(0));
    let signature = Signature { params: Vec::new() };
    session.pick("a", "f", Some(signature.clone()));
    assert_eq!(session.picks("a").get("f"), Some(&signature));
    session.pick("a", "f", None);
    assert_eq!(session.picks("a").get("f"), None);
    session.pick("a", "f", Some(signature));
    session.close("a");
    assert_eq!(session.picks("a").get("f"), None);
}

//! The static half of the Markdown cases: types of names and results, diagnostics, IR.

mod markdown;

use brrr_core::compile::{Analysis, Prepared, analyze};
use brrr_core::ir;
use brrr_core::source::SourceFile;
use brrr_core::syntax;
use markdown::Case;

fn source(case: &Case) -> SourceFile {
    let (text, first_line) = case.text();
    SourceFile::fragment(case.name.clone(), text, first_line)
}

/// What is wrong with a case, in words.
fn check(case: &Case) -> Vec<String> {
    let file = source(case);
    let analysis = analyze(&file);
    let mut found = diagnostics(case, &file, &analysis);
    found.extend(revealed(case, &file, &analysis));
    found.extend(syntax::with_stack(|| typed(case, &file)));
    found
}

fn diagnostics(case: &Case, file: &SourceFile, analysis: &Analysis) -> Vec<String> {
    let place = |one: &brrr_core::diagnostic::Diagnostic| {
        (file.line(one.span().start), one.code.severity().text().to_owned(), one.code.slug().to_owned())
    };
    let mut got = analysis.diagnostics.iter().map(place).collect::<Vec<_>>();
    got.sort();
    got.dedup();
    if got == case.diagnostics {
        return Vec::new();
    }
    vec![format!("diagnostics: stated {:?}, got {got:?}", case.diagnostics)]
}

fn revealed(case: &Case, file: &SourceFile, analysis: &Analysis) -> Vec<String> {
    let mut found = Vec::new();
    let bindings = analysis.functions.iter().flat_map(|function| &function.bindings).collect::<Vec<_>>();
    for (line, name, types) in &case.revealed {
        let here = bindings.iter().filter(|one| file.line(one.span.start) == *line);
        let named = here.filter(|one| name.is_empty() || one.name == *name);
        let got = named.map(|one| one.types.python()).collect::<Vec<_>>();
        if got.len() != 1 || got[0] != *types {
            found.push(format!("line {line}: `{name}` stated {types}, got {got:?}"));
        }
    }
    found
}

/// The IR of every function that can be compiled is valid and survives its encoding; the first is as stated.
fn typed(case: &Case, file: &SourceFile) -> Vec<String> {
    let mut found = Vec::new();
    let mut first = None;
    let module = syntax::parse(file);
    for function in module.functions {
        let name = function.name.clone();
        let env = function.env.clone();
        let Ok(prepared) = Prepared::new(file.clone(), function, &env, false) else { continue };
        let Ok(signature) = prepared.annotated() else { continue };
        let Ok(function) = prepared.typed(&signature) else { continue };
        if let Err(error) = ir::verify::verify(&function) {
            found.push(format!("{name}: {error:?}"));
        }
        let bytes = function.encode().expect("IR can be encoded");
        let decoded = ir::Function::decode(&bytes).expect("encoded IR can be decoded");
        if decoded.encode().expect("IR can be encoded") != bytes {
            found.push(format!("{name}: encoding loses something"));
        }
        first.get_or_insert_with(|| ir::print::print(&function));
    }
    if let (Some(stated), Some(got)) = (&case.ir, &first)
        && stated.trim_end() != got.trim_end()
    {
        found.push(format!("ir: stated\n{stated}\ngot\n{got}"));
    }
    if case.ir.is_some() && first.is_none() {
        found.push("ir: stated, but there is none".to_owned());
    }
    found
}

#[test]
fn cases_hold() {
    let cases = markdown::load();
    assert!(cases.len() >= 150, "only {} cases were found", cases.len());
    let mut failed = 0;
    for case in &cases {
        let found = check(case);
        if !found.is_empty() {
            failed += 1;
            eprintln!("{}\n  {}\n", case.name, found.join("\n  "));
        }
    }
    assert_eq!(failed, 0, "of {} cases", cases.len());
}

#[test]
fn a_wrong_statement_is_noticed() {
    let mut case = Case { source: "@brrr\ndef f(a: int):\n    return a + 1\n".to_owned(), ..Case::default() };
    assert_eq!(check(&case), Vec::<String>::new());
    case.revealed = vec![(3, String::new(), "float".to_owned())];
    assert_eq!(check(&case).len(), 1);
    case.revealed = vec![(3, String::new(), "int".to_owned())];
    case.diagnostics = vec![(3, "error".to_owned(), "unsupported-call".to_owned())];
    assert_eq!(check(&case).len(), 1);
    case.diagnostics.clear();
    case.ir = Some("nothing like it".to_owned());
    assert_eq!(check(&case).len(), 1);
}

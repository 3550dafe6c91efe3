//! From text to typed IR, and what finds code that was kept: all that needs no LLVM. `make bench-rust` runs it.

mod programs;

use brrr_core::backend::{Options, Output, Request};
use brrr_core::cache::Key;
use brrr_core::compile::{Prepared, analyze};
use brrr_core::outside::Env;
use brrr_core::source::SourceFile;
use divan::{Bencher, black_box};
use programs::{PROGRAMS, Program, parsed, prepared, unit};

fn main() {
    divan::main();
}

/// The lines of a function to its syntax tree.
#[divan::bench(args = PROGRAMS)]
fn parse(bencher: Bencher<'_, '_>, program: Program) {
    let text = program.text();
    bencher.bench_local(|| parsed(black_box(&text)));
}

/// The tree to a flow graph: names are bound, what cannot be compiled is refused.
#[divan::bench(args = PROGRAMS)]
fn bind(bencher: Bencher<'_, '_>, program: Program) {
    let text = program.text();
    let bound =
        |(file, function)| Prepared::new(file, function, &Env::default(), false).expect("a function that compiles");
    bencher.with_inputs(|| parsed(&text)).bench_local_values(bound);
}

/// The flow graph and the types of a call to verified IR.
#[divan::bench(args = PROGRAMS)]
fn check(bencher: Bencher<'_, '_>, program: Program) {
    let (prepared, signature) = (prepared(program), program.signature());
    bencher.bench_local(|| prepared.typed(black_box(&signature)));
}

/// A whole file, as the command line and the editor look at it.
#[divan::bench(args = PROGRAMS)]
fn analyze_file(bencher: Bencher<'_, '_>, program: Program) {
    let text = format!("from brrr import brrr\n\n@brrr\n{}", program.text());
    bencher.with_inputs(|| SourceFile::new("benchmark.py", text.clone())).bench_local_refs(|file| analyze(file));
}

/// The key under which machine code is kept.
#[divan::bench(args = PROGRAMS)]
fn key(bencher: Bencher<'_, '_>, program: Program) {
    let unit = unit(program);
    let key = |unit| {
        let request = Request::new(unit, Options::default(), Output::Object).encode().expect("memory");
        Key::of([request.as_slice()])
    };
    bencher.with_inputs(|| unit.clone()).bench_local_values(key);
}

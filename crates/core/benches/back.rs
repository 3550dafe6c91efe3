//! From typed IR to machine code that runs. `make bench-rust` runs it.

mod programs;

use std::ffi::c_void;

use brrr_core::abi::{Activation, PENDING, Services, frame_words};
use brrr_core::backend::{Options, Output, Request, Tier};
use brrr_core::load::Code;
use brrr_core::{emit, ir};
use divan::{Bencher, black_box};
use programs::{PROGRAMS, Program, unit};

fn main() {
    divan::main();
}

/// IR to LLVM's, as text: what stands before LLVM's passes.
#[divan::bench(args = PROGRAMS)]
fn lower(bencher: Bencher<'_, '_>, program: Program) {
    emitted(bencher, program, Output::Llvm, Tier::Full);
}

/// IR to object code: the first call.
#[divan::bench(args = PROGRAMS)]
fn emit_quick(bencher: Bencher<'_, '_>, program: Program) {
    emitted(bencher, program, Output::Object, Tier::Quick);
}

/// IR to object code: what is hot.
#[divan::bench(args = PROGRAMS)]
fn emit_full(bencher: Bencher<'_, '_>, program: Program) {
    emitted(bencher, program, Output::Object, Tier::Full);
}

fn emitted(bencher: Bencher<'_, '_>, program: Program, output: Output, tier: Tier) {
    let request = Request::new(unit(program), Options::default(), output).of_tier(tier);
    // LLVM is set up once in a process.
    emit::run(&request).expect("code");
    bencher.bench_local(|| emit::run(black_box(&request)));
}

fn object(unit: &ir::Unit) -> Vec<u8> {
    emit::run(&Request::new(unit.clone(), Options::default(), Output::Object)).expect("object code")
}

/// Object code to an entry.
#[divan::bench(args = PROGRAMS)]
fn load(bencher: Bencher<'_, '_>, program: Program) {
    let object = object(&unit(program));
    bencher.bench_local(|| Code::load(black_box(&object)));
}

/// What remains of a call when its arguments are in the frame: the entry of `a + b`.
#[divan::bench]
fn enter(bencher: Bencher<'_, '_>) {
    let unit = unit(PROGRAMS[0]);
    let code = Code::load(&object(&unit)).expect("code");
    let mut frame = vec![0; frame_words(&unit.functions[0])];
    let entry = code.entry();
    bencher.bench_local(|| {
        frame[..2].copy_from_slice(&[2, 3]);
        let mut activation = Activation::new(&raw const SERVICES);
        // SAFETY: the frame has as many words as the function needs, and `code` lives.
        let status = unsafe { entry(black_box(frame.as_mut_ptr()), &raw mut activation) };
        (status, frame[0])
    });
}

/// A world in which nothing happens.
static SERVICES: Services = Services { poll, host, create, leave, deeper, mark, settle, sweep, probe };

extern "C" fn poll(_: *mut Activation, _: u64) -> i64 {
    1 << 14
}

extern "C" fn create(_: *mut Activation, _: u64, _: *const u64, _: u64) -> *mut c_void {
    std::ptr::null_mut()
}

extern "C" fn host(_: *mut Activation, _: u64, _: *const u64, _: *mut u64) -> u8 {
    1
}

extern "C" fn leave(_: *mut Activation, _: u64, _: u64) -> u64 {
    PENDING
}

extern "C" fn deeper(_: *mut Activation) -> u8 {
    0
}

extern "C" fn mark(_: *mut Activation) -> u64 {
    0
}

extern "C" fn settle(_: *mut Activation, _: u64, _: *const u64, _: u64) {}

extern "C" fn sweep(_: *mut Activation, _: *const u64, _: u64) {}

extern "C" fn probe(_: *mut Activation) -> u8 {
    0
}

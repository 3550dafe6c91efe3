//! LLVM behind a border of bytes.
//!
//! Enters: an encoded [`Request`]. Leaves: the bytes that were asked for, or a message. Nothing unwinds across the border.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod memory;

#[cfg(target_os = "linux")]
use std::ffi::c_int;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

use brrr_core::backend::{Answer, BUILD, Request};
use brrr_core::{emit, ir};

/// The encoding of requests that this library understands.
#[unsafe(no_mangle)]
pub static BRRR_LLVM_BUILD: [u8; 8] = BUILD;

/// Does one piece of work.
///
/// # Safety
/// `request` points to `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn brrr_llvm_run(request: *const u8, length: usize) -> Answer {
    // SAFETY: the caller's promise.
    let bytes = unsafe { std::slice::from_raw_parts(request, length) };
    let answer = catch_unwind(AssertUnwindSafe(|| answer(bytes)));
    let (failed, bytes) = match answer {
        Ok(Ok(bytes)) => (0, bytes),
        Ok(Err(message)) => (1, message.into_bytes()),
        Err(_) => (1, b"the code generator panicked".to_vec()),
    };
    let bytes = bytes.into_boxed_slice();
    let length = bytes.len();
    Answer { failed, data: Box::into_raw(bytes).cast(), length }
}

fn answer(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let request = postcard::from_bytes::<Request>(bytes).map_err(|error| error.to_string())?;
    ir::verify::verify_unit(&request.unit)?;
    emit::run(&request)
}

/// Takes an answer back.
///
/// # Safety
/// `answer` came from [`brrr_llvm_run`] and is given back once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn brrr_llvm_release(answer: Answer) {
    // SAFETY: the caller's promise; the bytes were made by `Box::into_raw` above.
    drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(answer.data, answer.length)) });
}

/// Stands for `__cxa_atexit` in this library: nothing of it is destroyed when the process ends, for a thread may be compiling then, and
/// the end of the process does not wait for it. Memory goes with the process.
#[cfg(target_os = "linux")]
#[unsafe(no_mangle)]
pub extern "C" fn __wrap___cxa_atexit(_: *const c_void, _: *const c_void, _: *const c_void) -> c_int {
    0
}

/// The beginning of an `llvm::cl::Option` of LLVM 19.
#[cfg(target_os = "linux")]
#[repr(C)]
#[derive(Debug)]
pub struct CommandLineOption {
    virtual_functions: *const c_void,
    occurrences: [u16; 4],
    name: *const u8,
    length: usize,
}

#[cfg(target_os = "linux")]
unsafe extern "C" {
    #[link_name = "__real__ZN4llvm2cl6Option11addArgumentEv"]
    fn register(option: *mut CommandLineOption);
}

/// Stands for `llvm::cl::Option::addArgument`, by which each of LLVM's 1 600 options says its name when the library is opened, so that it can be
/// set. The others have what they begin with, which is all that is asked of them.
///
/// # Safety
/// `option` is an option of LLVM's, of which the name is known.
#[cfg(target_os = "linux")]
#[unsafe(export_name = "__wrap__ZN4llvm2cl6Option11addArgumentEv")]
pub unsafe extern "C" fn register_if_set(option: *mut CommandLineOption) {
    // SAFETY: the caller's promise, and the beginning is the one of LLVM 19, which is linked. A name without bytes may be none.
    unsafe {
        let (name, length) = ((*option).name, (*option).length);
        if !name.is_null() && emit::sets_option(std::slice::from_raw_parts(name, length)) {
            register(option);
        }
    }
}

/// Stands for `llvm::X86Subtarget::enableMachineScheduler`, which is true: in the quick tier instructions stay in the order of their choice, which
/// processors have no trouble with, for to change it is a twelfth of the time of a compilation.
#[unsafe(export_name = "_ZNK4llvm12X86Subtarget22enableMachineSchedulerEv")]
pub extern "C" fn schedules(_: *const c_void) -> bool {
    emit::schedules()
}

/// Stands for LLVM's name of the analyses of loops, of which nothing but the address matters. The first archive that defines it, too, is
/// Polly's, which would be linked for that alone; its passes and options would be set up whenever the library is opened.
#[unsafe(export_name = "_ZN4llvm13AllAnalysesOnINS_4LoopEE6SetKeyE")]
pub static LOOP_ANALYSES: u64 = 0;

//! Stack for walks that go deep.
//!
//! Enters: a walk, the stack that it may need. Leaves: what it gives, from the stack of the thread if that has as much, else from one made for it.

use std::ffi::c_void;
use std::sync::OnceLock;

/// More of the first thread's stack is not relied on: so much the kernel keeps free of mappings, whatever the limit was when the process began.
const RESERVED: usize = 64 << 20;

/// Runs a walk with `needed` bytes of stack; where there are fewer, on a stack of `size` bytes.
pub fn with<R>(needed: usize, size: usize, walk: impl FnOnce() -> R) -> R {
    if first_thread_has(needed) { walk() } else { stacker::maybe_grow(needed, size, walk) }
}

/// True if this runs on the stack of the first thread, and so many bytes of it are left.
///
/// The C library finds the end of that stack by reading all of `/proc/self/maps`, which takes a tenth of a millisecond, as long as reading and
/// checking a function. That the kernel began it at a known place, and how long it may become, says enough.
fn first_thread_has(needed: usize) -> bool {
    let Some(end) = first_stack() else { return false };
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the place for the answer is a local.
    if unsafe { libc::getrlimit(libc::RLIMIT_STACK, &raw mut limit) } != 0 {
        return false;
    }
    let most = usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX).min(RESERVED);
    // Arguments and environment stand behind that end, and may take a fourth of the limit.
    let last = end.saturating_sub(most / 4 * 3);
    let here = (&raw const limit).addr();
    last < here && here < end && here - last >= needed
}

/// Where the first thread's stack began, if the C library says it.
fn first_stack() -> Option<usize> {
    static END: OnceLock<Option<usize>> = OnceLock::new();
    *END.get_or_init(|| {
        // SAFETY: the name ends with a zero byte; what is found is a pointer variable of the loader's, which does not change.
        unsafe {
            let found = libc::dlsym(libc::RTLD_DEFAULT, c"__libc_stack_end".as_ptr()).cast::<*const c_void>();
            found.as_ref().map(|end| end.addr())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_thread_is_not_the_first() {
        let found = std::thread::spawn(|| first_thread_has(1)).join();
        assert!(matches!(found, Ok(false)));
    }

    #[test]
    fn walks_have_what_they_need() {
        fn depth(left: usize) -> usize {
            let page = std::hint::black_box([1_u8; 4096]);
            if left == 0 { 0 } else { depth(left - 1) + page[left % page.len()] as usize }
        }
        let small = std::thread::Builder::new().stack_size(1 << 18);
        let found = small.spawn(|| with(8 << 20, 16 << 20, || depth(1000))).map(std::thread::JoinHandle::join);
        assert!(matches!(found, Ok(Ok(1000))));
    }
}

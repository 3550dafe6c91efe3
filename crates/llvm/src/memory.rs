//! Memory for LLVM, from one large page.
//!
//! Stands for the C library's `malloc` and its kin in this library. To open it and to compile a first function takes some 400 pages of
//! memory, each of which costs a page fault of more than a microsecond; the kernel gives one page of 2 MB in the time of sixty of these. So the
//! thread that opens the library has such a page for what it asks for, for as long as there is room in it. Other threads, what is left, and a
//! kernel without large pages have what the C library, or the kernel, gives them.
//!
//! Invariants: blocks of the page are taken and put back by that thread alone, so that nothing is locked; what another thread gives back of them
//! is not used again. Blocks are whole multiples of 16 bytes, aligned to 16, behind their size; those of one size form a list when they are free.

use std::arch::asm;
use std::cell::UnsafeCell;
use std::ffi::{c_int, c_long, c_void};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

unsafe extern "C" {
    #[link_name = "__real_malloc"]
    fn other_malloc(size: usize) -> *mut c_void;
    #[link_name = "__real_calloc"]
    fn other_calloc(count: usize, size: usize) -> *mut c_void;
    #[link_name = "__real_realloc"]
    fn other_realloc(block: *mut c_void, size: usize) -> *mut c_void;
    #[link_name = "__real_aligned_alloc"]
    fn other_aligned_alloc(alignment: usize, size: usize) -> *mut c_void;
    #[link_name = "__real_free"]
    fn other_free(block: *mut c_void);
    fn mmap(at: *mut c_void, size: usize, access: c_int, flags: c_int, file: c_int, offset: c_long) -> *mut c_void;
    fn munmap(at: *mut c_void, size: usize) -> c_int;
    fn madvise(at: *mut c_void, size: usize, advice: c_int) -> c_int;
}

const PROT_READ_WRITE: c_int = 3;
const MAP_PRIVATE_ANONYMOUS: c_int = 0x22;
const MADV_HUGEPAGE: c_int = 14;

/// A large page.
const PAGE: usize = 2 << 20;
/// Alignment of blocks.
const UNIT: usize = 16;
/// The size of a block stands in front of it.
const HEAD: usize = 8;
/// Longer blocks are not taken from the page.
const MOST: usize = (256 << 10) - HEAD;
/// Up to here there are blocks of every multiple of a unit, beyond it eight sizes to each doubling.
const FINE: usize = 1024;
const SIZES: usize = FINE / UNIT + 8 * 8 + 1;

/// The address of the page; 0 before there is one, and if there is none.
static START: AtomicUsize = AtomicUsize::new(0);
/// The thread that the page is for, as the processor knows it; 0 before somebody asks for memory.
static OWNER: AtomicUsize = AtomicUsize::new(0);
static PAGE_OF_OWNER: Page = Page(UnsafeCell::new(Blocks { next: 0, end: 0, free: [ptr::null_mut(); SIZES] }));

struct Page(UnsafeCell<Blocks>);

// SAFETY: only the owner touches what is in it.
unsafe impl Sync for Page {}

struct Blocks {
    /// Where the page has not been used yet, and where it ends. Without a page, nothing is left of it.
    next: usize,
    end: usize,
    /// For each size the first free block.
    free: [*mut Free; SIZES],
}

/// A free block.
struct Free {
    next: *mut Free,
}

/// What tells the running thread from all others that are alive: the address that its register `fs` has.
fn this_thread() -> usize {
    let thread: usize;
    // SAFETY: on x86-64 the first word of what `fs` points to is its own address, as the System V ABI has it.
    unsafe { asm!("mov {}, fs:0", out(reg) thread, options(nostack, pure, readonly, preserves_flags)) };
    thread
}

/// The number of a size and the size of its blocks, heads included.
const fn size_of_block(wanted: usize) -> (usize, usize) {
    let size = (wanted + HEAD).next_multiple_of(UNIT);
    if size <= FINE {
        return (size / UNIT, size);
    }
    let power = (size - 1).ilog2();
    let step = 1 << (power - 3);
    let size = size.next_multiple_of(step);
    let doubling = (power - FINE.ilog2()) as usize;
    (FINE / UNIT + 8 * doubling + (size - (1 << power)) / step, size)
}

impl Blocks {
    /// A block; null if there is no room.
    fn take(&mut self, wanted: usize) -> *mut c_void {
        let (number, size) = size_of_block(wanted);
        let free = self.free[number];
        if !free.is_null() {
            // SAFETY: blocks in the list are free ones of the page, whose first word is the next one.
            self.free[number] = unsafe { (*free).next };
            return free.cast();
        }
        if self.end - self.next < size {
            return ptr::null_mut();
        }
        let head = ptr::with_exposed_provenance_mut::<usize>(self.next);
        self.next += size;
        // SAFETY: the block is within the page and nobody's.
        unsafe {
            head.write(number);
            head.add(1).cast()
        }
    }

    /// Takes a block back.
    ///
    /// # Safety
    /// It was taken from here, and nobody uses it.
    unsafe fn put_back(&mut self, block: *mut c_void) {
        // SAFETY: the number of its size stands in front of the block; as the block is free, its first word is ours.
        unsafe {
            let number = block.cast::<usize>().sub(1).read();
            block.cast::<Free>().write(Free { next: self.free[number] });
            self.free[number] = block.cast();
        }
    }
}

/// Does something with the page if this is its thread.
fn as_owner<T>(work: impl FnOnce(&mut Blocks) -> T) -> Option<T> {
    // SAFETY: no other thread that is alive has this address, and nothing within `work` comes here again.
    (OWNER.load(Ordering::Relaxed) == this_thread()).then(|| work(unsafe { &mut *PAGE_OF_OWNER.0.get() }))
}

/// Gets the page, for this thread. The first thing that this library does when it is opened is to ask for memory, and no other thread can be in it then.
#[cold]
fn begin() {
    OWNER.store(this_thread(), Ordering::Relaxed);
    // SAFETY: the kernel is asked for new memory, of which what stands around an aligned page is given back.
    let start = unsafe {
        let found = mmap(ptr::null_mut(), 2 * PAGE, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
        let address = found.expose_provenance();
        if address == usize::MAX {
            return;
        }
        let start = address.next_multiple_of(PAGE);
        if start > address {
            munmap(found, start - address);
        }
        munmap(ptr::with_exposed_provenance_mut(start + PAGE), address + PAGE - start);
        // Without large pages it is memory like any other.
        madvise(ptr::with_exposed_provenance_mut(start), PAGE, MADV_HUGEPAGE);
        start
    };
    as_owner(|blocks| (blocks.next, blocks.end) = (start + UNIT - HEAD, start + PAGE));
    START.store(start, Ordering::Relaxed);
}

/// True for blocks of the page.
fn is_ours(block: *mut c_void) -> bool {
    let start = START.load(Ordering::Relaxed);
    start != 0 && block.addr().wrapping_sub(start) < PAGE
}

/// A block of the page; null if it has none for this thread.
fn taken(size: usize) -> *mut c_void {
    if OWNER.load(Ordering::Relaxed) == 0 {
        begin();
    }
    if size > MOST {
        return ptr::null_mut();
    }
    as_owner(|blocks| blocks.take(size)).unwrap_or(ptr::null_mut())
}

/// `malloc` of this library.
#[unsafe(no_mangle)]
pub extern "C" fn __wrap_malloc(size: usize) -> *mut c_void {
    let block = taken(size);
    // SAFETY: as C has it.
    if block.is_null() { unsafe { other_malloc(size) } } else { block }
}

/// `calloc` of this library.
#[unsafe(no_mangle)]
pub extern "C" fn __wrap_calloc(count: usize, size: usize) -> *mut c_void {
    let block = count.checked_mul(size).map_or(ptr::null_mut(), taken);
    if block.is_null() {
        // SAFETY: as C has it; it looks after products that are too large.
        return unsafe { other_calloc(count, size) };
    }
    // SAFETY: the block has as many bytes.
    unsafe { block.cast::<u8>().write_bytes(0, count * size) };
    block
}

/// `aligned_alloc` of this library.
#[unsafe(no_mangle)]
pub extern "C" fn __wrap_aligned_alloc(alignment: usize, size: usize) -> *mut c_void {
    let block = if alignment <= UNIT { taken(size) } else { ptr::null_mut() };
    // SAFETY: as C has it.
    if block.is_null() { unsafe { other_aligned_alloc(alignment, size) } } else { block }
}

/// `realloc` of this library.
///
/// # Safety
/// As C has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __wrap_realloc(block: *mut c_void, size: usize) -> *mut c_void {
    if block.is_null() {
        return __wrap_malloc(size);
    }
    if !is_ours(block) {
        // SAFETY: the caller's promise; the C library made it.
        return unsafe { other_realloc(block, size) };
    }
    // SAFETY: the number of its size stands in front of it.
    let has = room(unsafe { block.cast::<usize>().sub(1).read() });
    if size <= has {
        return block;
    }
    let new = __wrap_malloc(size);
    if !new.is_null() {
        // SAFETY: both have as many bytes, and are not the same; the caller's promise for the old one.
        unsafe {
            new.cast::<u8>().copy_from_nonoverlapping(block.cast(), has);
            __wrap_free(block);
        }
    }
    new
}

/// `free` of this library.
///
/// # Safety
/// As C has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __wrap_free(block: *mut c_void) {
    if is_ours(block) {
        // SAFETY: the caller's promise. Another thread's is lost.
        as_owner(|blocks| unsafe { blocks.put_back(block) });
    } else {
        // SAFETY: the caller's promise; the C library made it.
        unsafe { other_free(block) };
    }
}

/// The bytes in a block of the size with this number.
const fn room(number: usize) -> usize {
    if number <= FINE / UNIT {
        return number * UNIT - HEAD;
    }
    let (doubling, steps) = ((number - FINE / UNIT - 1) / 8, (number - FINE / UNIT - 1) % 8 + 1);
    let base = FINE << doubling;
    base + base / 8 * steps - HEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_apart_and_used_again() {
        let mut page = vec![0_u128; 1 << 14];
        let start = page.as_mut_ptr().expose_provenance();
        let end = start + page.len() * UNIT;
        let mut blocks = Blocks { next: start + UNIT - HEAD, end, free: [ptr::null_mut(); SIZES] };
        let mut held: Vec<(*mut u8, usize, u8)> = Vec::new();
        let (mut seed, mut taken, mut full) = (1_u64, 0, 0);
        for turn in 0..100_000_u32 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let chosen = (seed >> 33) as usize;
            if chosen % 5 < 3 {
                // Mostly small ones, now and then one of several pages.
                let size = if chosen.is_multiple_of(7) { chosen / 35 % 20_000 } else { chosen / 35 % 300 };
                let block = blocks.take(size).cast::<u8>();
                if block.is_null() {
                    full += 1;
                    continue;
                }
                taken += 1;
                assert!(block.addr() % UNIT == 0 && block.addr() > start && block.addr() + size <= end);
                // SAFETY: the block has so many bytes.
                unsafe { block.write_bytes(turn as u8, size) };
                held.push((block, size, turn as u8));
            } else if !held.is_empty() {
                let (block, size, byte) = held.swap_remove(chosen / 5 % held.len());
                // SAFETY: it was taken, has so many bytes, and is given back once.
                unsafe {
                    assert!(std::slice::from_raw_parts(block, size).iter().all(|&one| one == byte));
                    blocks.put_back(block.cast());
                }
            }
        }
        assert!(taken > 10_000 && full > 100, "{taken} {full}");
    }

    #[test]
    fn every_size_has_room() {
        for wanted in 0..=MOST {
            let (number, size) = size_of_block(wanted);
            assert!(number < SIZES && room(number) == size - HEAD && room(number) >= wanted, "{wanted}");
            // At most an eighth is left over, and a unit.
            assert!(size <= (wanted + HEAD) / 8 * 9 + 2 * UNIT, "{wanted}: {size}");
        }
    }
}

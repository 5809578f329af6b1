//! Memory of dead instances of Python classes, kept for the next instance of the same size.
//!
//! Blocks of up to [`LARGEST`] bytes are kept by size, in steps of [`STEP`] bytes: [`rounded`] is what has to be allocated for an
//! instance whose block may come here. A block that waits holds the address of the next one in its first word.
//!
//! Everything here needs the GIL.

use core::cell::Cell;

use super::alloc::{mem_alloc, mem_free};

/// Blocks differ by so many bytes.
const STEP: usize = 16;
/// Larger blocks are not kept.
const LARGEST: usize = 256;
/// So many blocks are allocated at once.
const BATCH: usize = 8;
/// How many blocks of a size are kept.
const MOST: usize = if cfg!(feature = "poison") { 0 } else { 512 };

struct List {
    head: Cell<*mut u8>,
    len: Cell<usize>,
}

/// The blocks that wait.
struct Pool {
    lists: [List; LARGEST / STEP + 1],
    most: Cell<usize>,
}

// SAFETY: touched under the GIL only.
unsafe impl Sync for Pool {}

static POOL: Pool = Pool {
    lists: [const { List { head: Cell::new(core::ptr::null_mut()), len: Cell::new(0) } }; LARGEST / STEP + 1],
    most: Cell::new(MOST),
};

#[inline(always)]
fn list(size: usize) -> Option<&'static List> {
    POOL.lists.get(size.div_ceil(STEP))
}

/// The size of the block for an instance of `size` bytes, what lies in front included.
#[inline(always)]
pub fn rounded(size: usize) -> usize {
    if size <= LARGEST { size.next_multiple_of(STEP) } else { size }
}

/// A block of [`rounded`] size, not cleared; null if none waits.
#[inline(always)]
pub fn take(size: usize) -> *mut u8 {
    let Some(list) = list(size) else { return core::ptr::null_mut() };
    let block = list.head.get();
    if !block.is_null() {
        // SAFETY: a block that waits holds the next one's address.
        list.head.set(unsafe { block.cast::<*mut u8>().read() });
        list.len.set(list.len.get() - 1);
    }
    block
}

/// As [`take`] where none waits: a new block; null when memory is exhausted. Who makes one instance makes more, as a rule: some other
/// blocks wait then, side by side.
#[cold]
#[inline(never)]
pub fn fresh(size: usize) -> *mut u8 {
    let size = rounded(size);
    let first = mem_alloc(size);
    let Some(list) = list(size).filter(|_| !first.is_null()) else { return first };
    let mut others = [core::ptr::null_mut(); BATCH - 1];
    let count = others.len().min(POOL.most.get().saturating_sub(list.len.get()));
    others[..count].fill_with(|| mem_alloc(size));
    // They are taken in the order in which they were allocated: memory is walked through forwards.
    for &block in others[..count].iter().rev().filter(|block| !block.is_null()) {
        // SAFETY: a block of this size that nobody has.
        unsafe { give(block, size) };
    }
    first
}

/// The words of the list that blocks of a size wait on: the address of the first one, and how many there are. `None` for sizes of which none
/// are kept. A block holds the address of the next one in its first word.
pub fn words(size: usize) -> Option<(*const *mut u8, *const usize)> {
    list(size).map(|list| (list.head.as_ptr().cast_const(), list.len.as_ptr().cast_const()))
}

/// Keeps a block, or frees it.
///
/// # Safety
/// It was allocated with `mem_alloc` or `mem_calloc` in [`rounded`] size, and is not used any more.
#[inline(always)]
pub unsafe fn give(block: *mut u8, size: usize) {
    match list(size) {
        Some(list) if list.len.get() < POOL.most.get() => {
            // SAFETY: the caller's promise.
            unsafe { block.cast::<*mut u8>().write(list.head.get()) };
            list.head.set(block);
            list.len.set(list.len.get() + 1);
        }
        // SAFETY: the caller's promise.
        _ => unsafe { mem_free(block) },
    }
}

/// Frees all blocks that wait.
pub fn clear() {
    for list in &POOL.lists {
        let mut block = list.head.replace(core::ptr::null_mut());
        list.len.set(0);
        while !block.is_null() {
            // SAFETY: see `take`; it is the list's alone.
            unsafe {
                let next = block.cast::<*mut u8>().read();
                mem_free(block);
                block = next;
            }
        }
    }
}

/// Whether blocks are kept.
pub fn keep_dead(enabled: bool) {
    POOL.most.set(if enabled { MOST } else { 0 });
}

//! What is kept back for the moment when memory runs out.
//!
//! Most allocations can fail with `MemoryError`. Those that cannot (small objects, and what Rust's collections need) get
//! memory from a reserve, and the thread is told to raise `MemoryError` at its next safe point instead.

use core::ffi::c_void;
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::runtime::thread::{self, breaker};

/// Size of the reserve. Nobody touches it, so that it costs address space only.
const SIZE: usize = 16 << 20;
/// Larger requests fail: whoever makes them can raise `MemoryError` itself.
const LARGEST: usize = 1 << 20;

static RESERVE: AtomicPtr<c_void> = AtomicPtr::new(core::ptr::null_mut());

/// Sets memory aside, unless that is done already. Called at start-up, and when there should be memory again.
pub fn fill() {
    if !RESERVE.load(Ordering::Relaxed).is_null() {
        return;
    }
    // SAFETY: plain allocation; a block that lost a race is freed again.
    unsafe {
        let block = libmimalloc_sys::mi_malloc(SIZE);
        let empty = core::ptr::null_mut();
        if RESERVE.compare_exchange(empty, block, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            libmimalloc_sys::mi_free(block);
        }
    }
}

/// Gives the reserve back to the allocator, and has `MemoryError` raised. False if it was used up already.
#[cold]
#[inline(never)]
pub fn release() -> bool {
    let block = RESERVE.swap(core::ptr::null_mut(), Ordering::AcqRel);
    if block.is_null() {
        return false;
    }
    // SAFETY: the block came from `fill`, and was taken out by this thread alone.
    unsafe { libmimalloc_sys::mi_free(block) };
    if let Some(state) = thread::try_current() {
        state.eval_breaker.fetch_or(breaker::OUT_OF_MEMORY, Ordering::Release);
    }
    true
}

/// Is a request small enough to be served out of the reserve?
pub fn may_serve(size: usize) -> bool {
    size <= LARGEST
}

/// A second attempt at an allocation that failed. Null if that fails too.
#[cold]
#[inline(never)]
pub fn retry(size: usize, zeroed: bool) -> *mut u8 {
    if !may_serve(size) || !release() {
        return core::ptr::null_mut();
    }
    // SAFETY: plain allocation.
    unsafe {
        let size = size.max(1);
        (if zeroed { libmimalloc_sys::mi_zalloc(size) } else { libmimalloc_sys::mi_malloc(size) }) as *mut u8
    }
}

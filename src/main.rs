//! The `rpy` command.

#![no_main]

use std::alloc::{GlobalAlloc, Layout};

use rpy_vm::object::{arena, limit, reserve};
use rpy_vm::runtime::tracemalloc;

/// The allocator of Rust's collections: the one of objects, with a second attempt out of the reserve. `tracemalloc` hears of
/// what it does.
struct Allocator(mimalloc::MiMalloc);

#[global_allocator]
static ALLOCATOR: Allocator = Allocator(mimalloc::MiMalloc);

/// Calls, unless the request is refused, and again after a failure, if the request is small and there is a reserve.
#[inline(always)]
fn attempt(refused: bool, size: usize, call: impl Fn() -> *mut u8) -> *mut u8 {
    if refused {
        return std::ptr::null_mut();
    }
    let block = call();
    if block.is_null() && reserve::may_serve(size) && reserve::release() { call() } else { block }
}

/// Tells `tracemalloc` of an allocation.
#[inline(always)]
fn traced(block: *mut u8, size: usize) -> *mut u8 {
    if tracemalloc::is_tracing() {
        tracemalloc::allocated(block, size);
    }
    block
}

// SAFETY: everything is passed on to an allocator that keeps the rules.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise, here and below.
        let call = || unsafe { self.0.alloc(layout) };
        traced(attempt(limit::refuses(layout.size()), layout.size(), call), layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        let call = || unsafe { self.0.alloc_zeroed(layout) };
        traced(attempt(limit::refuses(layout.size()), layout.size(), call), layout.size())
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above; a failed call leaves the block as it is.
        let call = || unsafe { self.0.realloc(block, layout, size) };
        let new = attempt(limit::refuses_growth(size), size, call);
        if tracemalloc::is_tracing() {
            tracemalloc::resized(block, new, size);
        }
        new
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if tracemalloc::is_tracing() {
            tracemalloc::released(block);
        }
        // SAFETY: as above.
        unsafe { self.0.dealloc(block, layout) }
    }
}

/// C's `main`: Rust's own would open /dev/null in the place of closed standard streams, which a Python program may look at.
/// The arguments are read through `std::env`.
#[unsafe(no_mangle)]
pub extern "C" fn main(_argc: i32, _argv: *const *const core::ffi::c_char) -> i32 {
    arena::reserve();
    rpy_capi::install();
    rpy_jit::install();
    std::process::exit(rpy_vm::startup::main(rpy_stdlib::MODULES));
}

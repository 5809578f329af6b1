//! Requests for more memory than the machine has.
//!
//! mimalloc maps memory with `MAP_NORESERVE`, for which Linux grants any size; the process would be killed when it writes to
//! the pages. So the rule by which the kernel refuses other mappings is applied here (`vm.overcommit_memory` in the kernel's
//! documentation, mode 0): nothing larger than the main memory and the swap space together.

use core::sync::atomic::{AtomicUsize, Ordering};

/// Smaller requests are not worth the question. Bytes.
const ALWAYS_TRIED: usize = 1 << 30;

/// The largest request that is passed on, in bytes; 0 before the first question.
static LARGEST: AtomicUsize = AtomicUsize::new(0);

/// Has a request for `size` bytes to fail?
#[inline(always)]
pub fn refuses(size: usize) -> bool {
    size > ALWAYS_TRIED && exceeds_machine(size)
}

/// The same for a block that grows to `size` bytes. Vectors grow to twice the size that they need, and leave the rest untouched.
#[inline(always)]
pub fn refuses_growth(size: usize) -> bool {
    refuses(size / 2)
}

#[cold]
#[inline(never)]
fn exceeds_machine(size: usize) -> bool {
    let mut largest = LARGEST.load(Ordering::Relaxed);
    if largest == 0 {
        largest = largest_request();
        LARGEST.store(largest, Ordering::Relaxed);
    }
    size > largest
}

/// What the kernel would grant. In its mode 1 that is everything; in mode 2 it takes no notice of `MAP_NORESERVE`, and
/// refuses by itself.
fn largest_request() -> usize {
    let mode = std::fs::read("/proc/sys/vm/overcommit_memory");
    if mode.is_ok_and(|mode| mode.starts_with(b"1")) {
        return usize::MAX;
    }
    // SAFETY: a structure of integers; the call fills it in.
    let (info, result) = unsafe {
        let mut info: libc::sysinfo = core::mem::zeroed();
        let result = libc::sysinfo(&mut info);
        (info, result)
    };
    if result != 0 {
        return usize::MAX;
    }
    let units = (info.totalram as usize).saturating_add(info.totalswap as usize);
    units.saturating_mul(info.mem_unit as usize)
}

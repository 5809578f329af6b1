//! The build that finds uses of freed memory (feature `poison`): what is freed is overwritten, its type pointer with it, and
//! kept in quarantine for a while, so that whoever still uses it sees nonsense at once instead of a new object's data.
//!
//!     cargo build --features poison --target-dir target/poison --ignore-rust-version
//!
//! Free lists are switched off in that build, and every count that is taken or given back is checked first.

use core::ffi::c_void;
use std::collections::VecDeque;
use std::sync::Mutex;

use super::header::PyObject;

/// What freed bytes are overwritten with. As a pointer it is not canonical: using it is a fault.
const PATTERN: u8 = 0xdb;
const PATTERN_WORD: usize = 0xdbdb_dbdb_dbdb_dbdb;
/// Bytes kept in quarantine.
const QUARANTINE: usize = 64 << 20;

/// Blocks in the order in which they were freed, by address and size; and the sum of the sizes.
static WAITING: Mutex<(VecDeque<(usize, usize)>, usize)> = Mutex::new((VecDeque::new(), 0));

/// Overwrites a block and frees it later.
///
/// # Safety
/// As for [`super::alloc::mem_free`].
pub unsafe fn free(ptr: *mut u8) {
    if ptr.is_null() {
        return;
    }
    // SAFETY: a live block of the allocator, of that size.
    let size = unsafe {
        let size = libmimalloc_sys::mi_usable_size(ptr as *const c_void);
        core::ptr::write_bytes(ptr, PATTERN, size);
        size
    };
    let mut waiting = WAITING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    waiting.0.push_back((ptr as usize, size));
    waiting.1 += size;
    while waiting.1 > QUARANTINE {
        let Some((block, size)) = waiting.0.pop_front() else { break };
        waiting.1 -= size;
        // SAFETY: freed by its owner a while ago; a write since then is found here.
        unsafe {
            let bytes = core::slice::from_raw_parts(block as *const u8, size);
            if let Some(at) = bytes.iter().position(|&b| b != PATTERN) {
                report(&format!("freed block {block:#x} of {size} bytes was written to at offset {at}"));
            }
            libmimalloc_sys::mi_free(block as *mut c_void);
        }
    }
}

/// Resizes by moving, always, so that no old address stays good by chance.
///
/// # Safety
/// As for [`super::alloc::mem_realloc`].
pub unsafe fn realloc(ptr: *mut u8, size: usize) -> *mut u8 {
    let new = super::alloc::mem_alloc(size);
    if !new.is_null() && !ptr.is_null() {
        // SAFETY: both blocks are live and at least as large as what is copied.
        unsafe {
            let old_size = libmimalloc_sys::mi_usable_size(ptr as *const c_void);
            core::ptr::copy_nonoverlapping(ptr, new, old_size.min(size.max(1)));
            free(ptr);
        }
    }
    new
}

/// Is this object alive, as far as can be seen? Ends the process with a report if not.
#[inline(always)]
pub fn check(object: &PyObject) {
    if object.ob_type.get() as usize == PATTERN_WORD {
        report(&format!("object {object:p} is used after it was freed"));
    }
}

#[cold]
#[inline(never)]
fn report(what: &str) {
    eprintln!("rpy: {what}\n{}", std::backtrace::Backtrace::force_capture());
    if crate::runtime::thread::try_current().is_some() {
        use crate::sysmodule::frames;
        let frames = std::iter::successors(frames::nth(0), |frame| frames::caller_of(frame));
        for frame in frames.take(20) {
            // SAFETY: a complete frame of this thread, which stands still.
            eprintln!("  in {}", unsafe { frame.code() }.co_qualname.to_string_lossy());
        }
    }
    std::process::abort();
}

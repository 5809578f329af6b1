//! The first piece of address space that objects come from.
//!
//! The allocator asks the kernel to back what it reserves by huge pages (2 MB). A program that only starts and ends touches a few
//! kilobytes in each of a dozen of them, and would pay, in memory and in the time it takes to clear them, for all. So the allocator
//! gets its first arena from here: with small pages in the beginning, and huge ones where only larger programs get to.

use core::ffi::{c_int, c_void};

/// As much as the allocator reserves at a time itself.
const SIZE: usize = 1 << 30;
/// What has small pages. Programs whose objects fit in gain nothing measurable from huge ones.
const SMALL_PAGES: usize = 32 << 20;
/// Huge pages have addresses that are multiples of this.
const ALIGNMENT: usize = 2 << 20;

unsafe extern "C" {
    fn mi_manage_os_memory(
        start: *mut c_void,
        size: usize,
        is_committed: bool,
        is_pinned: bool,
        is_zero: bool,
        numa_node: c_int,
    ) -> bool;
}

/// Gives the allocator its first arena. Called before anything is allocated; where there is not enough address space, the allocator
/// has to find its own.
pub fn reserve() {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: new memory at an address of the kernel's choice, which from then on belongs to the allocator alone. The advice is about
    // parts of it, and changes nothing in what it holds.
    unsafe {
        let block = libc::mmap(core::ptr::null_mut(), SIZE + ALIGNMENT, protection, flags, -1, 0);
        if block == libc::MAP_FAILED {
            return;
        }
        let start = block.byte_add((block as usize).next_multiple_of(ALIGNMENT) - block as usize);
        libc::madvise(start, SMALL_PAGES, libc::MADV_NOHUGEPAGE);
        libc::madvise(start.byte_add(SMALL_PAGES), SIZE - SMALL_PAGES, libc::MADV_HUGEPAGE);
        mi_manage_os_memory(start, SIZE, true, false, true, -1);
    }
}

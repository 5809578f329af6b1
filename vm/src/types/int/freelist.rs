//! Free lists of small fixed-size objects (one- and two-digit ints, floats).
//!
//! A dead object keeps its header: only the word behind it is used as the link, so taking one back writes the count and
//! nothing else. All lists belong to the thread that holds the GIL.

use core::cell::Cell;

use crate::object::header::PyObject;

/// A stack of dead objects of one exact type and size.
pub struct FreeList {
    pub(crate) head: Cell<*mut PyObject>,
    pub(crate) len: Cell<usize>,
    pub(crate) limit: usize,
}

// SAFETY: only touched under the GIL.
unsafe impl Sync for FreeList {}

impl FreeList {
    /// An empty list that keeps at most `limit` objects.
    pub const fn new(limit: usize) -> FreeList {
        // The build that poisons freed memory wants every block back.
        let limit = if cfg!(feature = "poison") { 0 } else { limit };
        FreeList { head: Cell::new(core::ptr::null_mut()), len: Cell::new(0), limit }
    }

    /// Takes an object: its type word is intact, its count is 1, everything behind the header is garbage.
    #[inline(always)]
    pub fn pop(&self) -> *mut PyObject {
        let object = self.head.get();
        if !object.is_null() {
            // SAFETY: objects on the list are 24 bytes or more, the third word is the link.
            unsafe {
                self.head.set(*(object as *const *mut PyObject).add(2));
                (*object).ob_refcnt.set(1);
            }
            self.len.set(self.len.get() - 1);
        }
        object
    }

    /// Puts a dead object on the list; `false` when the list is full and the caller has to free it.
    ///
    /// # Safety
    /// `object` is dead, of this list's exact type, and its block is at least as large as the type's usual one.
    #[inline(always)]
    pub unsafe fn push(&self, object: *mut PyObject) -> bool {
        if self.len.get() >= self.limit {
            return false;
        }
        // SAFETY: the caller's promise: the object is ours to write to.
        unsafe { *(object as *mut *mut PyObject).add(2) = self.head.get() };
        self.head.set(object);
        self.len.set(self.len.get() + 1);
        true
    }

    /// Whether dead objects are kept. The list is empty. One that keeps nothing counts as full, which costs nobody a test.
    pub fn set_enabled(&self, enabled: bool) {
        self.len.set(if enabled { 0 } else { self.limit });
    }

    /// Frees everything on the list (full collections do so) and tells how many objects that were.
    pub fn clear(&self) -> usize {
        let mut freed = 0;
        loop {
            let object = self.pop();
            if object.is_null() {
                return freed;
            }
            // SAFETY: objects on the list are dead blocks of the object allocator without anything in front of them.
            unsafe { crate::object::alloc::mem_free(object as *mut u8) };
            freed += 1;
        }
    }
}

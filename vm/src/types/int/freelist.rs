//! Free lists of small fixed-size objects (one- and two-digit ints, floats, iterators).
//!
//! A dead object keeps its header: only the word behind it is used as the link, so taking one back writes the count and
//! nothing else. All lists belong to the thread that holds the GIL.

use core::cell::Cell;

use crate::object::alloc;
use crate::object::header::PyObject;
use crate::object::typeobj::PyTypeObject;

/// So many objects are made at once.
const BATCH: usize = 16;

/// A stack of dead objects of one exact type and size.
pub struct FreeList {
    pub(crate) head: Cell<*mut PyObject>,
    pub(crate) len: Cell<usize>,
    pub(crate) limit: usize,
    /// Bytes in front of the objects.
    before: usize,
}

// SAFETY: only touched under the GIL.
unsafe impl Sync for FreeList {}

impl FreeList {
    /// An empty list that keeps at most `limit` objects.
    pub const fn new(limit: usize) -> FreeList {
        FreeList::behind(0, limit)
    }

    /// The same, of objects with the collector's head in front, which is an untracked object's.
    pub const fn of_collectable(limit: usize) -> FreeList {
        FreeList::behind(alloc::GC_HEAD_SIZE, limit)
    }

    const fn behind(before: usize, limit: usize) -> FreeList {
        // The build that poisons freed memory wants every block back.
        let limit = if cfg!(feature = "poison") { 0 } else { limit };
        FreeList { head: Cell::new(core::ptr::null_mut()), len: Cell::new(0), limit, before }
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

    /// An object as [`FreeList::pop`] gives it, where none waits. Who makes one makes more, as a rule: some others are put on the list with it,
    /// and so lie side by side. The process ends if there is no memory.
    #[cold]
    #[inline(never)]
    pub fn fresh(&self, ty: &PyTypeObject, size: usize) -> *mut PyObject {
        let make = || {
            let block = alloc::mem_alloc(size) as *mut PyObject;
            if !block.is_null() {
                // SAFETY: fresh memory of sufficient size.
                unsafe { alloc::init_header(block, ty) };
            }
            block
        };
        let object = make();
        if object.is_null() {
            std::alloc::handle_alloc_error(core::alloc::Layout::new::<PyObject>());
        }
        let mut others = [core::ptr::null_mut(); BATCH - 1];
        let count = others.len().min(self.limit.saturating_sub(self.len.get()));
        others[..count].fill_with(make);
        // They are taken in the order in which they were allocated: memory is walked through forwards.
        for &other in others[..count].iter().rev().filter(|other| !other.is_null()) {
            // SAFETY: an object that nobody has; there is room.
            unsafe { self.push(other) };
        }
        object
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
            // SAFETY: objects on the list are dead blocks of the object allocator, with so much in front of them.
            unsafe { alloc::mem_free((object as *mut u8).sub(self.before)) };
            freed += 1;
        }
    }
}

//! References on the operand stack and in local variables.
//!
//! A word: the object's address, with bit 0 set when the slot does not own a reference. `LOAD_FAST_BORROW` pushes such
//! words for values that a local variable keeps alive until they are consumed; the compiler proves that. The word 1 is
//! "nothing" (an unbound local, the missing `self` of a call), so that closing it needs no test of its own.

use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, Ref};

const BORROWED: usize = 1;

/// A possibly owned, possibly absent reference. Copying the word copies no ownership: whoever moves it on says who owns it.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct StackRef(usize);

impl StackRef {
    /// No object.
    pub const NULL: StackRef = StackRef(BORROWED);

    /// Takes over an owned reference.
    #[inline(always)]
    pub fn owned(object: ObjRef) -> StackRef {
        StackRef(object.into_raw() as usize)
    }

    /// Takes over an owned reference of any layout.
    #[inline(always)]
    pub fn owned_from<T: crate::object::refs::PyStruct>(object: Ref<T>) -> StackRef {
        StackRef(object.into_raw() as usize)
    }

    /// A reference that somebody else keeps alive for as long as this word is used.
    #[inline(always)]
    pub fn borrowed(object: &PyObject) -> StackRef {
        StackRef(object as *const PyObject as usize | BORROWED)
    }

    /// A new owned reference.
    #[inline(always)]
    pub fn new(object: &PyObject) -> StackRef {
        object.incref();
        StackRef(object as *const PyObject as usize)
    }

    #[inline(always)]
    pub fn is_null(self) -> bool {
        self.0 == BORROWED
    }

    #[inline(always)]
    pub fn is_borrowed(self) -> bool {
        self.0 & BORROWED != 0
    }

    /// The raw word, tag included.
    #[inline(always)]
    pub fn bits(self) -> usize {
        self.0
    }

    /// The object's address; null for `NULL`.
    #[inline(always)]
    pub fn as_ptr(self) -> *mut PyObject {
        (self.0 & !BORROWED) as *mut PyObject
    }

    /// The object.
    ///
    /// # Safety
    /// Not `NULL`, and the referent outlives the use (the slot or its lender keeps it alive).
    #[inline(always)]
    pub unsafe fn get<'a>(self) -> &'a PyObject {
        // SAFETY: the caller's promise. Said twice, as the compiler forgets it when it sees the tag masked.
        unsafe {
            core::hint::assert_unchecked(!self.as_ptr().is_null());
            &*self.as_ptr()
        }
    }

    /// The object, or `None` for `NULL`.
    ///
    /// # Safety
    /// As for [`StackRef::get`].
    #[inline(always)]
    pub unsafe fn opt<'a>(self) -> Option<&'a PyObject> {
        // SAFETY: the caller's promise.
        unsafe { self.as_ptr().as_ref() }
    }

    /// Turns the word into an owned reference: the slot's own, or a new one if the slot only borrowed.
    ///
    /// # Safety
    /// Not `NULL`; the word is not used again.
    #[inline(always)]
    pub unsafe fn into_owned(self) -> ObjRef {
        // SAFETY: the caller's promise.
        unsafe {
            if self.is_borrowed() { (*self.as_ptr()).new_ref() } else { Ref::from_owned_ptr(self.0 as *mut PyObject) }
        }
    }

    /// An owned word for the same object, consuming this one.
    ///
    /// # Safety
    /// Not `NULL`; the word is not used again.
    #[inline(always)]
    pub unsafe fn make_owned(self) -> StackRef {
        if self.is_borrowed() {
            // SAFETY: the caller's promise.
            unsafe { (*self.as_ptr()).incref() };
        }
        StackRef(self.0 & !BORROWED)
    }

    /// A copy that may live as long as this one: owned words gain a count, borrowed ones stay borrowed.
    ///
    /// # Safety
    /// The referent is alive (or the word is `NULL`).
    #[inline(always)]
    pub unsafe fn dup(self) -> StackRef {
        if !self.is_borrowed() {
            // SAFETY: owned words point to live objects.
            unsafe { (*self.as_ptr()).incref() };
        }
        self
    }

    /// Gives back what the word owns.
    ///
    /// # Safety
    /// The word is not used again.
    #[inline(always)]
    pub unsafe fn close(self) {
        if !self.is_borrowed() {
            // SAFETY: an owned word owns one reference.
            unsafe { super::reclaim::decref(self.0 as *mut PyObject) };
        }
    }
}

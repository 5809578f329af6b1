//! Destruction: the single entry point for "the count reached zero", bounded in depth, and the default `tp_dealloc`.

use core::cell::{Cell, RefCell};
use core::ffi::c_void;

use super::header::PyObject;
use super::refs::PyStruct;
use super::typeobj::flags;
use crate::runtime::gc;
use crate::types::type_::instance::finalize_from_dealloc;

/// Nested destructions before the rest is put off: deep enough for ordinary structures, far below any thread's stack.
const MAX_DEPTH: u32 = 100;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static LATER: RefCell<Vec<*mut PyObject>> = const { RefCell::new(Vec::new()) };
}

/// `_Py_Dealloc`: destroys an object whose count has reached zero.
///
/// Destroying a long chain (a linked list, nested tuples) would recurse once per link; past [`MAX_DEPTH`] objects wait in a
/// per-thread list, which the outermost destruction works off.
///
/// # Safety
/// The object's count is zero and nobody else refers to it.
#[cold]
#[inline(never)]
pub unsafe fn dealloc(object: *mut PyObject) {
    // SAFETY: the object is still intact.
    let ty = unsafe { (*object).ty() };
    let Some(tp_dealloc) = ty.tp_dealloc.get() else {
        return;
    };
    if !ty.has_flag(flags::HAVE_GC) {
        // Leaves of the object graph cannot recurse deeply.
        // SAFETY: the slot takes over the dead object.
        unsafe { tp_dealloc(object) };
        return;
    }
    let depth = DEPTH.get();
    if depth >= MAX_DEPTH {
        // SAFETY: a collectable object; the collector must not meet it with a count of zero.
        unsafe { gc::untrack(&*object) };
        LATER.with(|later| later.borrow_mut().push(object));
        return;
    }
    DEPTH.set(depth + 1);
    // SAFETY: the slot takes over the dead object.
    unsafe { tp_dealloc(object) };
    if depth == 0 {
        loop {
            let next = LATER.with(|later| later.borrow_mut().pop());
            let Some(next) = next else { break };
            // SAFETY: put off above; still dead and intact.
            unsafe {
                if let Some(tp_dealloc) = (*next).ty().tp_dealloc.get() {
                    tp_dealloc(next);
                }
            }
        }
    }
    DEPTH.set(depth);
}

/// The default `tp_dealloc` of types defined in Rust: leaves the collector, runs the finalizer, clears weak references, drops the struct's
/// fields, and frees the memory through the (possibly derived) type's `tp_free`.
///
/// # Safety
/// `object` is dead and of layout `T`.
pub unsafe extern "C-unwind" fn dealloc_rust<T: PyStruct>(object: *mut PyObject) {
    // SAFETY: the caller's promise; the type is read before the fields go.
    unsafe {
        let ty = &*(*object).ob_type.get();
        if ty.has_flag(flags::HAVE_GC) {
            gc::untrack(&*object);
        }
        // Python classes have run their finalizer before they come here.
        if ty.tp_finalize.get().is_some() && !ty.has_flag(flags::HEAPTYPE) && finalize_from_dealloc(&*object) {
            if ty.has_flag(flags::HAVE_GC) {
                gc::track(&*object);
            }
            return;
        }
        if ty.tp_weaklistoffset.get() > 0 && !ty.has_flag(flags::HEAPTYPE) {
            crate::types::weakref::clear_weakrefs(&*object);
        }
        core::ptr::drop_in_place(object as *mut T);
        free_instance(object);
    }
}

/// The last step of a `tp_dealloc`: frees the memory through `tp_free`. The type reference of heap types is dropped by
/// their own `subtype_dealloc`, not here.
///
/// # Safety
/// `object` is dead, its fields are already dropped.
#[inline]
pub unsafe fn free_instance(object: *mut PyObject) {
    // SAFETY: the header is intact.
    unsafe {
        let ty = &*(*object).ob_type.get();
        match ty.tp_free.get() {
            Some(tp_free) => tp_free(object as *mut c_void),
            None => super::alloc::generic_free(object as *mut c_void),
        }
    }
}

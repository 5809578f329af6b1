//! `objimpl.h` and `pymem.h`: memory, allocation of objects, the collector.
//!
//! All families of allocation functions use one allocator. What lies in front of an object is the business of
//! [`rpy_vm::object::alloc`].

use core::ffi::{c_int, c_void};

use rpy_vm::object::alloc;
use rpy_vm::object::header::PyVarObject;
use rpy_vm::runtime::{gc, tracemalloc};
use rpy_vm::{PyObject, PyTypeObject, exc};

use crate::border::{Obj, Out};

/// `gcvisitobjects_t`.
type GcVisitor = unsafe extern "C-unwind" fn(*mut PyObject, *mut c_void) -> c_int;

/// What the functions for `tracemalloc` answer while it does not trace.
const NOT_TRACING: c_int = -2;

/// Declares the four functions of an allocation domain.
macro_rules! domain {
    ($($malloc:ident $calloc:ident $realloc:ident $free:ident;)*) => {
        exports! {
            $(
                /// Allocates; NULL when memory is exhausted.
                fn $malloc(size: usize) -> *mut c_void {
                    alloc::mem_alloc(size) as *mut c_void
                }
                /// Allocates zeroed memory.
                fn $calloc(count: usize, size: usize) -> *mut c_void {
                    match count.checked_mul(size) {
                        Some(total) => alloc::mem_calloc(total) as *mut c_void,
                        None => core::ptr::null_mut(),
                    }
                }
                /// Resizes.
                fn $realloc(block: *mut c_void, size: usize) -> *mut c_void {
                    alloc::mem_realloc(block as *mut u8, size) as *mut c_void
                }
                /// Frees; NULL is allowed.
                fn $free(block: *mut c_void) {
                    alloc::mem_free(block as *mut u8);
                }
            )*

            /// An object of a type without the collector's head, in fresh memory: count one.
            fn _PyObject_New(ty: &PyTypeObject) -> Out = *mut PyObject {
                alloc::alloc_var(ty, 0)
            }
            /// As `_PyObject_New`, with room for items.
            fn _PyObject_NewVar(ty: &PyTypeObject, items: isize) -> Out = *mut PyObject {
                new_var(ty, items)
            }
            /// An object with the collector's head, not tracked yet.
            fn _PyObject_GC_New(ty: &PyTypeObject) -> Out = *mut PyObject {
                alloc::alloc_var(ty, 0)
            }
            /// As `_PyObject_GC_New`, with room for items.
            fn _PyObject_GC_NewVar(ty: &PyTypeObject, items: isize) -> Out = *mut PyObject {
                new_var(ty, items)
            }
            /// As `PyObject_GC_New`, with extra bytes behind the object.
            fn PyUnstable_Object_GC_NewWithExtraData(ty: &PyTypeObject, extra: usize) -> Out = *mut PyObject {
                alloc::alloc_with_extra(ty, extra)
            }
            /// Writes the header of an object in memory that the caller allocated.
            fn PyObject_Init(object: *mut PyObject, ty: &PyTypeObject) -> Out {
                if object.is_null() {
                    return exc::memory_error().restore_null();
                }
                alloc::init_header(object, ty);
                object
            }
            /// As `PyObject_Init`, with the size of a variable-sized object.
            fn PyObject_InitVar(object: *mut PyVarObject, ty: &PyTypeObject, size: isize) -> Out {
                if object.is_null() {
                    return exc::memory_error().restore_null();
                }
                alloc::init_header(object as *mut PyObject, ty);
                (*object).ob_size.set(size);
                object as *mut PyObject
            }
            /// Frees an object with the collector's head.
            fn PyObject_GC_Del(object: *mut c_void) {
                alloc::generic_free(object);
            }
            /// Puts an object on the collector's list.
            fn PyObject_GC_Track(object: Obj<'_>) {
                gc::track(object);
            }
            /// Takes an object off the collector's list.
            fn PyObject_GC_UnTrack(object: Obj<'_>) {
                gc::untrack(object);
            }
            /// Is it a collectable object?
            fn PyObject_IS_GC(object: Obj<'_>) -> c_int {
                c_int::from(gc::is_gc(object))
            }
            /// Runs a full collection, unless automatic collection is off; the number of unreachable objects.
            fn PyGC_Collect() -> isize {
                if gc::STATE.enabled.get() { crate::gc_collect() as isize } else { 0 }
            }
            /// Calls a function with every object that the collector knows, until it answers 0.
            fn PyUnstable_GC_VisitObjects(visit: GcVisitor, argument: *mut c_void) {
                for object in gc::collector::objects(None) {
                    if visit(object.as_ptr(), argument) == 0 {
                        break;
                    }
                }
            }
            /// Switches automatic collection on; the old state.
            fn PyGC_Enable() -> c_int {
                c_int::from(gc::STATE.enabled.replace(true))
            }
            /// Switches automatic collection off; the old state.
            fn PyGC_Disable() -> c_int {
                c_int::from(gc::STATE.enabled.replace(false))
            }
            /// Is automatic collection on?
            fn PyGC_IsEnabled() -> c_int {
                c_int::from(gc::STATE.enabled.get())
            }
            /// The allocator of arenas, which greenlet frees data stack chunks with.
            fn PyObject_GetArenaAllocator(allocator: *mut ArenaAllocator) {
                allocator.write(ArenaAllocator { ctx: core::ptr::null_mut(), alloc: arena_alloc, free: arena_free });
            }
            /// Notes an allocation for `tracemalloc`; -2 while that does not trace.
            fn PyTraceMalloc_Track(domain: u32, address: usize, size: usize) -> c_int {
                if tracemalloc::track(domain, address, size) { 0 } else { NOT_TRACING }
            }
            /// Notes for `tracemalloc` that memory was freed; -2 while that does not trace.
            fn PyTraceMalloc_Untrack(domain: u32, address: usize) -> c_int {
                if tracemalloc::untrack(domain, address) { 0 } else { NOT_TRACING }
            }
        }
    };
}

domain! {
    PyMem_RawMalloc PyMem_RawCalloc PyMem_RawRealloc PyMem_RawFree;
    PyMem_Malloc PyMem_Calloc PyMem_Realloc PyMem_Free;
    PyObject_Malloc PyObject_Calloc PyObject_Realloc PyObject_Free;
}

fn new_var(ty: &PyTypeObject, items: isize) -> rpy_vm::PyResult<*mut PyObject> {
    let object = alloc::alloc_var(ty, items.max(0) as usize)?;
    // SAFETY: an object of a type with items, as the caller says.
    unsafe { (*(object as *mut PyVarObject)).ob_size.set(items) };
    Ok(object)
}

/// `PyObjectArenaAllocator`.
#[repr(C)]
pub struct ArenaAllocator {
    ctx: *mut c_void,
    alloc: unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void, *mut c_void, usize),
}

unsafe extern "C" fn arena_alloc(_ctx: *mut c_void, size: usize) -> *mut c_void {
    alloc::mem_alloc(size) as *mut c_void
}

unsafe extern "C" fn arena_free(_ctx: *mut c_void, block: *mut c_void, _size: usize) {
    // SAFETY: a block of `arena_alloc`, or a chunk of a data stack, which comes from the same allocator.
    unsafe { alloc::mem_free(block as *mut u8) }
}

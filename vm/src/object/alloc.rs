//! Allocation of objects and of the buffers that belong to them.
//!
//! Memory comes from mimalloc directly, because the C API frees blocks without telling their size.
//!
//! What lies in front of an object depends on its type:
//!
//! ```text
//!   -32  weaklist head of its weak references            \ types with MANAGED_DICT or MANAGED_WEAKREF
//!   -24  attrs    its shape (tagged) or its __dict__     / (see `object::shape`)
//!   -16  gc next  \ types with HAVE_GC
//!    -8  gc prev  /
//!     0  PyObject
//!    basicsize    value slots of the instance, for types with INLINE_VALUES
//! ```

use core::ffi::c_void;
use core::mem::{ManuallyDrop, size_of};

use super::header::{PyObject, PyVarObject};
use super::limit;
use super::pool;
use super::refs::{PyClass, PyStruct, Ref};
use super::typeobj::{PyTypeObject, flags};
use crate::err::PyResult;
use crate::runtime::{gc, tracemalloc};

/// Bytes of the collector's head in front of GC objects (`PyGC_Head`).
pub const GC_HEAD_SIZE: usize = 16;
/// Bytes in front of the collector's head for the managed dict (or shape) and weak references.
pub const MANAGED_SIZE: usize = 16;

/// Allocates `size` bytes (at least one), or null when memory is exhausted.
#[inline]
pub fn mem_alloc(size: usize) -> *mut u8 {
    if size > isize::MAX as usize || limit::refuses(size) {
        return core::ptr::null_mut();
    }
    // SAFETY: plain allocation; any size is allowed.
    let block = unsafe { libmimalloc_sys::mi_malloc(size.max(1)) as *mut u8 };
    let block = if block.is_null() { super::reserve::retry(size, false) } else { block };
    if tracemalloc::is_tracing() {
        tracemalloc::allocated(block, size);
    }
    block
}

/// Like [`mem_alloc`], zeroed.
#[inline]
pub fn mem_calloc(size: usize) -> *mut u8 {
    if size > isize::MAX as usize || limit::refuses(size) {
        return core::ptr::null_mut();
    }
    // SAFETY: plain allocation; any size is allowed.
    let block = unsafe { libmimalloc_sys::mi_zalloc(size.max(1)) as *mut u8 };
    let block = if block.is_null() { super::reserve::retry(size, true) } else { block };
    if tracemalloc::is_tracing() {
        tracemalloc::allocated(block, size);
    }
    block
}

/// A vector of `len` zeros, for lengths that a program gives.
///
/// # Errors
/// `MemoryError`.
pub fn zeroed_vec(len: usize) -> PyResult<Vec<u8>> {
    if len == 0 {
        return Ok(Vec::new());
    }
    let layout = core::alloc::Layout::array::<u8>(len).map_err(|_| crate::exc::memory_error())?;
    // SAFETY: the layout has a size; the vector gets the block with the layout it was allocated with, and it is zeroed.
    unsafe {
        let block = std::alloc::alloc_zeroed(layout);
        if block.is_null() { Err(crate::exc::memory_error()) } else { Ok(Vec::from_raw_parts(block, len, len)) }
    }
}

/// Asks for memory that collections are about to take for what a program gave the size of, where they have no way to
/// report that there is none. Small sizes are not worth asking.
///
/// # Errors
/// `MemoryError`.
pub fn ensure_available(size: usize) -> PyResult<()> {
    const WORTH_ASKING: usize = 1 << 16;
    if size < WORTH_ASKING {
        return Ok(());
    }
    Vec::<u8>::new().try_reserve_exact(size).map_err(|_| crate::exc::memory_error())
}

/// Appends to a vector that may become large.
///
/// # Errors
/// `MemoryError`.
#[inline]
pub fn push<T>(items: &mut Vec<T>, item: T) -> PyResult<()> {
    if items.len() == items.capacity() {
        items.try_reserve(1).map_err(|_| crate::exc::memory_error())?;
    }
    items.push(item);
    Ok(())
}

/// Resizes a block from [`mem_alloc`]; null (and the block unchanged) when memory is exhausted.
///
/// # Safety
/// `ptr` is null or a live block of this allocator.
#[inline]
pub unsafe fn mem_realloc(ptr: *mut u8, size: usize) -> *mut u8 {
    if size > isize::MAX as usize || limit::refuses_growth(size) {
        return core::ptr::null_mut();
    }
    #[cfg(feature = "poison")]
    // SAFETY: the caller's promise.
    return unsafe { super::poison::realloc(ptr, size) };
    #[cfg(not(feature = "poison"))]
    // SAFETY: the caller's promise.
    unsafe {
        let block = libmimalloc_sys::mi_realloc(ptr as *mut c_void, size.max(1)) as *mut u8;
        if tracemalloc::is_tracing() {
            tracemalloc::resized(ptr, block, size);
        }
        block
    }
}

/// Frees a block from [`mem_alloc`]; null is allowed.
///
/// # Safety
/// `ptr` is null or a live block of this allocator, not used afterwards.
#[inline]
pub unsafe fn mem_free(ptr: *mut u8) {
    if tracemalloc::is_tracing() {
        tracemalloc::released(ptr);
    }
    #[cfg(feature = "poison")]
    // SAFETY: the caller's promise.
    unsafe {
        super::poison::free(ptr);
    }
    #[cfg(not(feature = "poison"))]
    // SAFETY: the caller's promise.
    unsafe {
        libmimalloc_sys::mi_free(ptr as *mut c_void)
    }
}

/// Number of blocks that are in use.
pub fn used_blocks() -> usize {
    unsafe extern "C" fn add(
        _heap: *const libmimalloc_sys::mi_heap_t,
        area: *const libmimalloc_sys::mi_heap_area_t,
        block: *mut c_void,
        _size: usize,
        sum: *mut c_void,
    ) -> bool {
        if block.is_null() {
            // SAFETY: the area is live, and `sum` is the variable below.
            unsafe { *(sum as *mut usize) += (*area).used };
        }
        true
    }
    unsafe extern "C" {
        /// The heap that all threads share. The crate does not declare it.
        fn mi_heap_main() -> *mut libmimalloc_sys::mi_heap_t;
    }
    let mut sum = 0usize;
    // SAFETY: the heap lives as long as the process; the visitor only reads.
    unsafe {
        libmimalloc_sys::mi_heap_visit_blocks(mi_heap_main(), false, Some(add), (&raw mut sum).cast());
    }
    sum
}

/// Bytes in front of instances of `ty`.
#[inline]
pub fn preheader_size(ty: &PyTypeObject) -> usize {
    let f = ty.tp_flags.get();
    (if f & flags::HAVE_GC != 0 { GC_HEAD_SIZE } else { 0 })
        + (if f & flags::PREHEADER != 0 { MANAGED_SIZE } else { 0 })
}

/// Allocates a zeroed instance of `ty` with room for `nitems` items: header set, count 1, a heap type's reference taken,
/// `ob_size` set for types with items (but `int`). Not tracked by the collector.
///
/// # Errors
/// `MemoryError`.
pub fn alloc_var(ty: &PyTypeObject, nitems: usize) -> PyResult<*mut PyObject> {
    let basic = ty.tp_basicsize.get() as usize;
    let itemsize = ty.tp_itemsize.get() as usize;
    let size = itemsize
        .checked_mul(nitems)
        .and_then(|n| n.checked_add(basic))
        .and_then(|n| n.checked_add(7))
        .map(|n| (n & !7) + super::shape::inline_bytes(ty))
        .ok_or_else(crate::exc::memory_error)?;
    let pre = preheader_size(ty);
    let total = size.checked_add(pre).ok_or_else(crate::exc::memory_error)?;
    let block = if ty.has_flag(flags::HEAPTYPE) { instance_block(total) } else { mem_calloc(total) };
    if block.is_null() {
        return Err(crate::exc::memory_error());
    }
    // SAFETY: the block is `pre + size` bytes and `size` covers at least a header.
    let object = unsafe { block.add(pre) as *mut PyObject };
    // SAFETY: fresh memory of sufficient size.
    unsafe {
        init_header(object, ty);
        if itemsize != 0 && !ty.has_flag(flags::LONG_SUBCLASS) {
            (*(object as *mut PyVarObject)).ob_size.set(nitems as isize);
        }
    }
    gc::count_allocation(ty);
    Ok(object)
}

/// A zeroed block for an instance of a heap type, which may end in the pool; null when memory is exhausted.
#[inline(always)]
fn instance_block(size: usize) -> *mut u8 {
    let block = pool::take(size);
    let block = if block.is_null() { pool::fresh(size) } else { block };
    if !block.is_null() {
        // SAFETY: the block is at least as large.
        unsafe { block.write_bytes(0, size) };
    }
    block
}

/// What a new instance of a class is made of, which [`instance`] makes.
#[derive(Clone, Copy, Debug)]
pub struct InstancePlan {
    /// Bytes in front of the object.
    pub before: usize,
    /// All bytes.
    pub size: usize,
    /// The attrs word; 0 where there is none.
    pub attrs: usize,
}

impl InstancePlan {
    /// For instances of `ty` whose attrs word is `attrs` (0 where they have none); `None` where it takes more to make one.
    ///
    /// # Safety
    /// The class is a ready one; `attrs` is 0, or the attrs word that new instances of it have had.
    #[inline]
    pub unsafe fn of(ty: &PyTypeObject, attrs: usize) -> Option<InstancePlan> {
        let generic = ty.tp_alloc.get().is_some_and(|alloc| alloc as usize == generic_alloc as *const () as usize);
        let fits = generic && ty.has_flag(flags::HEAPTYPE) && ty.has_flag(flags::HAVE_GC) && ty.tp_itemsize.get() == 0;
        let before = preheader_size(ty);
        let end = match attrs {
            0 if ty.has_flag(flags::INLINE_VALUES) => return None,
            0 => (ty.tp_basicsize.get() as usize + 7) & !7,
            // SAFETY: the caller's promise. Instances that are made later have no less room for attributes.
            word => unsafe { (*((word & !super::shape::SHAPE_TAG) as *const super::shape::Shape)).end() },
        };
        fits.then_some(InstancePlan { before, size: before + end, attrs })
    }
}

/// A new instance of a class, tracked by the collector, all of whose slots are empty; null when memory is exhausted.
///
/// # Safety
/// The plan is the class's.
#[inline(always)]
pub unsafe fn instance(ty: &PyTypeObject, plan: InstancePlan) -> *mut PyObject {
    let block = instance_block(plan.size);
    if block.is_null() {
        return core::ptr::null_mut();
    }
    // SAFETY: the block has room for what lies in front, the object and its slots.
    unsafe {
        let object = block.add(plan.before) as *mut PyObject;
        init_header(object, ty);
        if plan.attrs != 0 {
            object.byte_offset(super::shape::ATTRS_WORD_OFFSET).cast::<usize>().write(plan.attrs);
        }
        gc::count_allocation(ty);
        gc::track(&*object);
        object
    }
}

/// Gives back the memory of a dead instance that [`alloc_var`] or [`instance`] made, `size` bytes without what lies in front.
///
/// # Safety
/// As for [`free_object`]; the class is a heap type.
#[inline(always)]
pub unsafe fn free_sized_instance(object: *mut PyObject, ty: &PyTypeObject, size: usize) {
    let pre = preheader_size(ty);
    // SAFETY: the caller's promise.
    unsafe { pool::give((object as *mut u8).sub(pre), pre + size) }
}

/// As [`alloc_var`] without items, with `extra` zeroed bytes behind the object.
///
/// # Errors
/// `MemoryError`.
pub fn alloc_with_extra(ty: &PyTypeObject, extra: usize) -> PyResult<*mut PyObject> {
    let pre = preheader_size(ty);
    let size = ((ty.tp_basicsize.get() as usize) + 7) & !7;
    let total = size.checked_add(pre).and_then(|n| n.checked_add(extra)).ok_or_else(crate::exc::memory_error)?;
    let block = mem_calloc(total);
    if block.is_null() {
        return Err(crate::exc::memory_error());
    }
    // SAFETY: fresh memory that covers what lies in front, the object and the extra bytes.
    let object = unsafe {
        let object = block.add(pre) as *mut PyObject;
        init_header(object, ty);
        object
    };
    gc::count_allocation(ty);
    Ok(object)
}

/// Writes a fresh header: count 1, type `ty` (taking a reference when it is a heap type).
///
/// # Safety
/// `object` points to writable memory of at least 16 bytes.
#[inline(always)]
pub unsafe fn init_header(object: *mut PyObject, ty: &PyTypeObject) {
    // SAFETY: the caller's promise.
    unsafe {
        object.write(PyObject {
            ob_refcnt: core::cell::Cell::new(1),
            ob_overflow: core::cell::Cell::new(0),
            ob_flags: core::cell::Cell::new(0),
            ob_type: core::cell::Cell::new(ty),
        });
    }
    if ty.has_flag(flags::HEAPTYPE) {
        ty.as_object().incref();
    }
}

/// Gives an object's memory back, whatever lies in front of it. The type reference is the caller's business.
///
/// # Safety
/// `object` was allocated by this module for type `ty`, is dead, and not used afterwards.
#[inline]
pub unsafe fn free_object(object: *mut PyObject, ty: &PyTypeObject) {
    // SAFETY: the block starts `preheader_size` before the object.
    unsafe { mem_free((object as *mut u8).sub(preheader_size(ty))) }
}

/// A new instance of exactly `T`'s type. Tracked by the collector if the type is collectable.
/// Aborts the process only if not even a small fixed-size block can be had.
#[inline]
pub fn new_exact<T: PyClass>(value: T) -> Ref<T> {
    let ty = T::type_object();
    debug_assert!(!ty.has_flag(flags::HEAPTYPE | flags::PREHEADER));
    let is_gc = ty.has_flag(flags::HAVE_GC);
    let pre = if is_gc { GC_HEAD_SIZE } else { 0 };
    let block = mem_alloc(size_of::<T>() + pre);
    if block.is_null() {
        std::alloc::handle_alloc_error(core::alloc::Layout::new::<T>());
    }
    // SAFETY: the block has room for the head and the value.
    unsafe {
        if is_gc {
            (block as *mut [usize; 2]).write([0, 0]);
        }
        let object = block.add(pre) as *mut T;
        object.write(value);
        let header = &*(object as *const PyObject);
        header.ob_refcnt.set(1);
        header.ob_overflow.set(0);
        header.ob_flags.set(0);
        header.ob_type.set(ty);
        if is_gc {
            gc::count_allocation(ty);
            gc::track(header);
        }
        Ref::from_owned_ptr(object)
    }
}

/// As [`new_exact`], of a type outside the collector whose objects come and go: their memory waits for the next one ([`free_pooled`]).
#[inline]
pub fn new_pooled<T: PyClass>(value: T) -> Ref<T> {
    let ty = T::type_object();
    debug_assert!(!ty.has_flag(flags::HEAPTYPE | flags::PREHEADER | flags::HAVE_GC));
    let size = pool::rounded(size_of::<T>());
    let block = pool::take(size);
    let block = if block.is_null() { pool::fresh(size) } else { block };
    if block.is_null() {
        std::alloc::handle_alloc_error(core::alloc::Layout::new::<T>());
    }
    // SAFETY: the block has room for the value.
    unsafe {
        let object = block as *mut T;
        object.write(value);
        let header = &*(object as *const PyObject);
        header.ob_refcnt.set(1);
        header.ob_overflow.set(0);
        header.ob_flags.set(0);
        header.ob_type.set(ty);
        Ref::from_owned_ptr(object)
    }
}

/// Drops the fields of a dead object that [`new_pooled`] made, and gives its memory back.
///
/// # Safety
/// It is one, and not used afterwards.
#[inline]
pub unsafe fn free_pooled<T: PyClass>(object: *mut T) {
    // SAFETY: the caller's promise.
    unsafe {
        core::ptr::drop_in_place(object);
        pool::give(object as *mut u8, pool::rounded(size_of::<T>()));
    }
}

/// A new instance of `cls`, which is `T`'s type or a subtype: allocated by `cls.tp_alloc`, with `T`'s fields moved in
/// behind the header (a `PyVarObject` part keeps the size `tp_alloc` gave it only if `T` starts with a plain header).
///
/// # Errors
/// What `tp_alloc` raises, as a rule `MemoryError`.
pub fn new_in<T: PyClass>(cls: &PyTypeObject, value: T) -> PyResult<Ref<T>> {
    if core::ptr::eq(cls, T::type_object()) && !cls.has_flag(flags::PREHEADER) && cls.tp_itemsize.get() == 0 {
        return Ok(new_exact(value));
    }
    let object = match cls.tp_alloc.get() {
        // SAFETY: calling a slot of a ready type as the C API prescribes.
        Some(tp_alloc) => unsafe {
            let ptr = tp_alloc(cls as *const _ as *mut _, 0);
            if ptr.is_null() {
                return Err(crate::err::PyErr::fetch_or_system_error());
            }
            ptr
        },
        None => alloc_var(cls, 0)?,
    };
    let value = ManuallyDrop::new(value);
    // SAFETY: the instance is at least as large as T; the bytes behind the header are moved in, and the source is forgotten.
    unsafe {
        let header = size_of::<PyObject>();
        core::ptr::copy_nonoverlapping(
            (&raw const *value as *const u8).add(header),
            (object as *mut u8).add(header),
            size_of::<T>() - header,
        );
        Ok(Ref::from_owned_ptr(object as *mut T))
    }
}

/// `PyType_GenericAlloc`: the `tp_alloc` of nearly all types. Tracks collectable objects.
///
/// # Safety
/// As the C API: `ty` is a ready type.
pub unsafe extern "C-unwind" fn generic_alloc(ty: *mut PyTypeObject, nitems: isize) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let ty = unsafe { &*ty };
    // CPython leaves room for one item more than asked for.
    let room = if ty.tp_itemsize.get() != 0 { nitems.max(0) as usize + 1 } else { 0 };
    match alloc_var(ty, room) {
        Ok(object) => {
            // SAFETY: just allocated.
            unsafe {
                if ty.tp_itemsize.get() != 0 && !ty.has_flag(flags::LONG_SUBCLASS) {
                    (*(object as *mut PyVarObject)).ob_size.set(nitems);
                }
                if ty.has_flag(flags::INLINE_VALUES) {
                    super::shape::init_instance(object, ty);
                }
                if ty.has_flag(flags::HAVE_GC) {
                    gc::track(&*object);
                }
            }
            object
        }
        Err(e) => e.restore_null(),
    }
}

/// `PyObject_Free`/`PyObject_GC_Del`: the `tp_free` of all types that use this module's allocation.
///
/// # Safety
/// `object` is dead, its `ob_type` still valid, and its memory came from this module.
pub unsafe extern "C-unwind" fn generic_free(object: *mut c_void) {
    let object = object as *mut PyObject;
    // SAFETY: the caller's promise.
    unsafe {
        let ty = (*object).ob_type.get();
        if (*ty).has_flag(flags::HAVE_GC) {
            gc::untrack(&*object);
            gc::count_free();
        }
        free_object(object, &*ty);
    }
}

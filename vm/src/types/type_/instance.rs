//! Life of the instances of heap types: destruction, and what the collector asks of them.
//!
//! A Python class inherits its base's C struct and adds to it: `__slots__` members, a managed dict, a list of weak
//! references, a finalizer. The functions here deal with what the class added and hand the rest to the nearest base
//! that has functions of its own.

use core::ffi::{c_int, c_void};

use super::glue::arg;
use crate::err::PyErr;
use crate::exc;
use crate::interp::reclaim::decref;
use crate::object::defs::member;
use crate::object::slots::{destructor, inquiry, traverseproc, visitproc};
use crate::object::{PyMemberDef, PyObject, PyStruct, PyTypeObject, alloc, flags, shape};
use crate::runtime::gc;
use crate::types::object::PyBaseObject_Type;

/// `tp_hash` of unhashable types (`PyObject_HashNotImplemented`).
pub(crate) unsafe extern "C-unwind" fn hash_not_implemented(this: *mut PyObject) -> isize {
    // SAFETY: C passes a live object.
    unhashable(unsafe { arg(this) }).restore_int() as isize
}

/// `unhashable type: 'X'`.
#[cold]
pub fn unhashable(object: &PyObject) -> PyErr {
    exc::type_error(format!("unhashable type: '{}'", object.ty().full_name()))
}

/// `tp_iternext` of classes without `__next__` (`_PyObject_NextNotImplemented`).
pub unsafe extern "C-unwind" fn next_not_implemented(this: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes a live object.
    let this = unsafe { arg(this) };
    exc::type_error(format!("'{}' object is not iterable", this.ty().full_name())).restore_null()
}

/// The member records behind a heap type's struct: its `__slots__` (and the members of `PyType_FromSpec`).
#[inline]
pub(crate) fn heap_members(ty: &PyTypeObject) -> &[PyMemberDef] {
    let count = ty.ob_base.ob_size.get();
    if count <= 0 || !ty.has_flag(flags::HEAPTYPE) {
        return &[];
    }
    // SAFETY: a heap type is allocated with room for `ob_size` records behind the struct its metatype describes.
    unsafe {
        let start = (ty as *const PyTypeObject as *const u8).add(ty.as_object().ty().tp_basicsize.get() as usize);
        core::slice::from_raw_parts(start as *const PyMemberDef, count as usize)
    }
}

/// The writable object cell of a `__slots__` member.
///
/// # Safety
/// The record belongs to a type of `object`.
#[inline(always)]
unsafe fn member_cell<'a>(object: &'a PyObject, def: &PyMemberDef) -> Option<&'a core::cell::Cell<*mut PyObject>> {
    if def.type_code != member::OBJECT_EX || def.flags & member::READONLY != 0 {
        return None;
    }
    // SAFETY: the record says that an object pointer is there.
    Some(unsafe {
        &*((object as *const PyObject as *const u8).offset(def.offset) as *const core::cell::Cell<*mut PyObject>)
    })
}

#[inline]
unsafe fn clear_members(ty: &PyTypeObject, object: &PyObject) {
    for def in heap_members(ty) {
        // SAFETY: the type is one of the object's types.
        if let Some(cell) = unsafe { member_cell(object, def) } {
            let old = cell.replace(core::ptr::null_mut());
            if !old.is_null() {
                // SAFETY: the member owned its value.
                unsafe { decref(old) };
            }
        }
    }
}

#[inline(always)]
fn is_subtype_dealloc(ty: &PyTypeObject) -> bool {
    ty.tp_dealloc.get().is_some_and(|f| f as usize == subtype_dealloc as *const () as usize)
}

/// Is it the `tp_clear` of Python classes?
pub(crate) fn is_subtype_clear(f: Option<inquiry>) -> bool {
    f.is_some_and(|f| f as usize == subtype_clear as *const () as usize)
}

/// Runs `tp_finalize` on an object whose count has reached zero (`PyObject_CallFinalizerFromDealloc`).
/// True: the finalizer resurrected it.
///
/// # Safety
/// The object's count is zero and it is intact.
pub unsafe fn finalize_from_dealloc(object: &PyObject) -> bool {
    let ty = object.ty();
    let Some(finalize) = ty.tp_finalize.get() else { return false };
    let collectable = gc::is_gc(object);
    if collectable {
        // SAFETY: a collectable object has a head.
        let head = unsafe { gc::head_of(object) };
        if head.prev.get() & gc::PREV_FINALIZED != 0 {
            return false;
        }
        head.prev.set(head.prev.get() | gc::PREV_FINALIZED);
    }
    object.ob_refcnt.set(1);
    // SAFETY: the slot is the type's; the object is alive for its length.
    unsafe { call_finalizer(finalize, object) };
    let count = object.ob_refcnt.get() - 1;
    object.ob_refcnt.set(count);
    count != 0
}

/// Runs the finalizer of an object the collector found unreachable, once.
pub fn finalize_once(object: &PyObject) {
    let Some(finalize) = object.ty().tp_finalize.get() else { return };
    if gc::is_gc(object) {
        // SAFETY: a collectable object has a head.
        let head = unsafe { gc::head_of(object) };
        if head.prev.get() & gc::PREV_FINALIZED != 0 {
            return;
        }
        head.prev.set(head.prev.get() | gc::PREV_FINALIZED);
    }
    // SAFETY: the slot is the type's.
    unsafe { call_finalizer(finalize, object) };
}

/// Finalizers run at any time, also while C code is about to report an exception: they find none pending, and leave it as it was.
///
/// # Safety
/// `finalize` is the `tp_finalize` of the object's type.
unsafe fn call_finalizer(finalize: destructor, object: &PyObject) {
    let pending = PyErr::fetch();
    // SAFETY: calling the slot as C would.
    unsafe { finalize(object.as_ptr()) };
    if let Some(pending) = pending {
        pending.restore();
    }
}

/// The head of an object's list of weak references, if its type has one.
fn weaklist_is_empty(object: &PyObject, ty: &PyTypeObject) -> bool {
    let offset = ty.tp_weaklistoffset.get();
    // SAFETY: the type says that a pointer is there.
    offset == 0
        || unsafe { *((object as *const PyObject as *const u8).offset(offset) as *const *mut PyObject) }.is_null()
}

/// Has an instance of `ty`, whose first base that is no Python class is `base`, nothing of its own but attributes and `__slots__`, in
/// memory that this crate has allocated?
#[inline(always)]
fn ends_plainly(ty: &PyTypeObject, base: &PyTypeObject) -> bool {
    core::ptr::eq(base, &PyBaseObject_Type)
        && ty.has_flag(flags::HAVE_GC)
        && ty.tp_itemsize.get() == 0
        && ty.tp_dictoffset.get() <= 0
        && ty.tp_free.get().is_some_and(|f| f as usize == alloc::generic_free as *const () as usize)
        && ty.tp_alloc.get().is_some_and(|f| f as usize == alloc::generic_alloc as *const () as usize)
}

/// `tp_dealloc` of Python classes.
pub unsafe extern "C-unwind" fn subtype_dealloc(this: *mut PyObject) {
    // SAFETY: the object is dead but intact.
    let object = unsafe { &*this };
    let mut ty: &PyTypeObject = object.ty();
    let collectable = ty.has_flag(flags::HAVE_GC);
    if collectable {
        // SAFETY: it has a head.
        unsafe { gc::untrack(object) };
    }
    if ty.tp_finalize.get().is_some() {
        // SAFETY: the count is zero.
        if unsafe { finalize_from_dealloc(object) } {
            if collectable {
                // SAFETY: it has a head, and is alive again.
                unsafe { gc::track(object) };
            }
            return;
        }
        // The finalizer may have changed the class.
        ty = object.ty();
    }
    if let Some(del) = ty.tp_del.get() {
        object.ob_refcnt.set(1);
        // SAFETY: calling the slot as C would.
        unsafe { del(this) };
        let count = object.ob_refcnt.get() - 1;
        object.ob_refcnt.set(count);
        if count != 0 {
            if collectable {
                // SAFETY: it has a head, and is alive again.
                unsafe { gc::track(object) };
            }
            return;
        }
        ty = object.ty();
    }
    if !weaklist_is_empty(object, ty) {
        crate::types::weakref::clear_weakrefs(object);
    }
    let mut base = ty;
    while is_subtype_dealloc(base) {
        if base.ob_base.ob_size.get() != 0 {
            // SAFETY: `base` is one of the object's types.
            unsafe { clear_members(base, object) };
        }
        match base.base() {
            Some(next) => base = next,
            None => break,
        }
    }
    // The size of an instance that is nothing but attributes and `__slots__`.
    let plain = ends_plainly(ty, base);
    let mut size = if plain { ty.tp_basicsize.get() as usize } else { 0 };
    if ty.has_flag(flags::MANAGED_DICT) {
        // SAFETY: checked.
        unsafe {
            size = if plain { shape::shape_of(object).as_ref().map_or(0, shape::Shape::end) } else { 0 };
            shape::clear_attrs(object);
        }
    } else if ty.tp_dictoffset.get() > 0 && base.tp_dictoffset.get() == 0 {
        // SAFETY: the type says that a dict pointer is there, and it is not the base's.
        unsafe {
            let cell = (this as *mut u8).offset(ty.tp_dictoffset.get()) as *mut *mut PyObject;
            let dict = core::mem::replace(&mut *cell, core::ptr::null_mut());
            if !dict.is_null() {
                PyObject::decref(dict);
            }
        }
    }
    // Heap types made by extensions drop the type reference in their own tp_dealloc.
    let drop_type = ty.has_flag(flags::HEAPTYPE) && !base.has_flag(flags::HEAPTYPE);
    let ty: *const PyTypeObject = ty;
    // SAFETY: the base's slot takes over what is left; then the instance's reference to its type goes.
    unsafe {
        match base.tp_dealloc.get() {
            _ if size != 0 => {
                // As `object` would do it, where the size need not be found out.
                gc::count_free();
                alloc::free_sized_instance(this, &*ty, size);
            }
            Some(dealloc) => dealloc(this),
            None => crate::object::dealloc::free_instance(this),
        }
        if drop_type {
            PyObject::decref(ty as *const PyObject);
        }
    }
}

/// Is it the `tp_traverse` of Python classes?
#[inline(always)]
pub(crate) fn is_subtype_traverse(f: traverseproc) -> bool {
    f as usize == subtype_traverse as *const () as usize
}

/// `tp_traverse` of Python classes.
pub(crate) unsafe extern "C-unwind" fn subtype_traverse(
    this: *mut PyObject,
    visit: visitproc,
    visit_arg: *mut c_void,
) -> c_int {
    // SAFETY: passed on.
    unsafe { traverse_instance(this, visit, visit_arg) }
}

/// The same, for the collector, which has its visitors in place.
///
/// # Safety
/// A live instance of a Python class, and a visitor with its argument.
#[inline(always)]
pub(crate) unsafe fn traverse_instance(this: *mut PyObject, visit: visitproc, visit_arg: *mut c_void) -> c_int {
    // SAFETY: the caller's promise.
    let object = unsafe { &*this };
    let ty = object.ty();
    let mut base = ty;
    while base.tp_traverse.get().is_some_and(is_subtype_traverse) {
        for def in heap_members(base) {
            // SAFETY: `base` is one of the object's types.
            if let Some(cell) = unsafe { member_cell(object, def) }
                && !cell.get().is_null()
            {
                // SAFETY: the collector's visitor.
                let result = unsafe { visit(cell.get(), visit_arg) };
                if result != 0 {
                    return result;
                }
            }
        }
        match base.base() {
            Some(next) => base = next,
            None => break,
        }
    }
    if ty.has_flag(flags::MANAGED_DICT) {
        // SAFETY: checked.
        let result = unsafe { shape::visit_attrs(object, visit, visit_arg) };
        if result != 0 {
            return result;
        }
    } else if ty.tp_dictoffset.get() > 0 && ty.tp_dictoffset.get() != base.tp_dictoffset.get() {
        // SAFETY: the type says that a dict pointer is there.
        unsafe {
            let dict = *((this as *const u8).offset(ty.tp_dictoffset.get()) as *const *mut PyObject);
            if !dict.is_null() {
                let result = visit(dict, visit_arg);
                if result != 0 {
                    return result;
                }
            }
        }
    }
    let base_traverse = base.tp_traverse.get().filter(|&f| !is_subtype_traverse(f));
    if ty.has_flag(flags::HEAPTYPE) && (base_traverse.is_none() || !base.has_flag(flags::HEAPTYPE)) {
        // SAFETY: the collector's visitor.
        let result = unsafe { visit(ty.as_object().as_ptr(), visit_arg) };
        if result != 0 {
            return result;
        }
    }
    match base_traverse {
        // SAFETY: the object has the base's layout.
        Some(traverse) => unsafe { traverse(this, visit, visit_arg) },
        None => 0,
    }
}

/// `tp_clear` of Python classes.
pub(crate) unsafe extern "C-unwind" fn subtype_clear(this: *mut PyObject) -> c_int {
    // SAFETY: the collector passes a live object.
    let object = unsafe { &*this };
    let ty = object.ty();
    let mut base = ty;
    while is_subtype_clear(base.tp_clear.get()) {
        if base.ob_base.ob_size.get() != 0 {
            // SAFETY: `base` is one of the object's types.
            unsafe { clear_members(base, object) };
        }
        match base.base() {
            Some(next) => base = next,
            None => break,
        }
    }
    if ty.has_flag(flags::MANAGED_DICT) {
        // SAFETY: checked.
        unsafe { shape::clear_attrs(object) };
    } else if ty.tp_dictoffset.get() > 0 && ty.tp_dictoffset.get() != base.tp_dictoffset.get() {
        // SAFETY: the type says that a dict pointer is there.
        unsafe {
            let cell = (this as *mut u8).offset(ty.tp_dictoffset.get()) as *mut *mut PyObject;
            let dict = core::mem::replace(&mut *cell, core::ptr::null_mut());
            if !dict.is_null() {
                PyObject::decref(dict);
            }
        }
    }
    match base.tp_clear.get() {
        // SAFETY: the object has the base's layout.
        Some(clear) if !is_subtype_clear(Some(clear)) => unsafe { clear(this) },
        Some(_) | None => 0,
    }
}

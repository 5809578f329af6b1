//! Sets, with elements that are hashed and compared without Python code.

use rpy_vm::object::header::PyObject;
use rpy_vm::runtime::thread;
use rpy_vm::types::set::PySet;

use super::{UNSURE, done};

/// Is a plain key in the set? 0, 1, or [`UNSURE`].
///
/// # Safety
/// A live set or frozenset, and a live object.
pub unsafe extern "C" fn set_contains(set: *const PyObject, key: *const PyObject) -> u64 {
    // SAFETY: the caller's promise; both types have one layout.
    let (set, key): (&PySet, &PyObject) = unsafe { ((*set).cast_unchecked_ref(), &*key) };
    set.contains_plain(key).map_or(UNSURE, u64::from)
}

/// Adds a plain key: 1, or 0 where that could run Python code, and nothing was done.
///
/// # Safety
/// A live exact set, and a live object.
pub unsafe extern "C" fn set_add(set: *const PyObject, key: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    let (set, key): (&PySet, &PyObject) = unsafe { ((*set).cast_unchecked_ref(), &*key) };
    set.add_plain(key).is_some() as u64
}

/// Removes a plain key: 1 if it was there, 0 if not, or [`UNSURE`], and nothing was done.
///
/// # Safety
/// A live exact set, and a live object.
pub unsafe extern "C" fn set_discard(set: *const PyObject, key: *const PyObject) -> u64 {
    // SAFETY: the caller's promise. What is equal to a plain key, and was compared natively, is plain: its end runs nothing.
    let (set, key): (&PySet, &PyObject) = unsafe { ((*set).cast_unchecked_ref(), &*key) };
    set.take_plain(key).map_or(UNSURE, |taken| taken.is_some() as u64)
}

/// An empty set (owned).
pub extern "C" fn new_set() -> *mut PyObject {
    PySet::new().into_obj().into_raw()
}

/// Adds an element to a new set, whose elements are plain. Where memory is short, `MemoryError` becomes due at the next safe point.
///
/// # Safety
/// A live exact set and a live object.
pub unsafe extern "C" fn set_fill(set: *const PyObject, key: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    let (set, key): (&PySet, &PyObject) = unsafe { ((*set).cast_unchecked_ref(), &*key) };
    if set.add(key).is_err() {
        thread::set_eval_breaker(thread::breaker::OUT_OF_MEMORY);
    }
    1
}

/// `set.update(iterable)` of plain elements: 1, or 0 with the thread's exception set.
///
/// # Safety
/// A live exact set and a live object.
pub unsafe extern "C" fn set_update(set: *const PyObject, iterable: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    let (set, iterable): (&PySet, &PyObject) = unsafe { ((*set).cast_unchecked_ref(), &*iterable) };
    done(set.update_from(iterable))
}

//! Sets, with elements that are hashed and compared without Python code.

use rpy_vm::object::header::PyObject;
use rpy_vm::runtime::thread;
use rpy_vm::types::set::{PySet, PySetIterator, SetOperator};

use super::plain::comparison;
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

/// `a <op> b` of two sets, by number: 0, 1, or [`UNSURE`].
///
/// # Safety
/// Live sets or frozensets, and the number of a comparison.
pub unsafe extern "C" fn set_compare(a: *const PyObject, b: *const PyObject, op: u64) -> u64 {
    // SAFETY: the caller's promise; both types have one layout.
    let (a, b): (&PySet, &PySet) = unsafe { ((*a).cast_unchecked_ref(), (*b).cast_unchecked_ref()) };
    a.compare_plain(b, comparison(op)).map_or(UNSURE, u64::from)
}

/// Have two sets no element in common? 0, 1, or [`UNSURE`].
///
/// # Safety
/// Live sets or frozensets.
pub unsafe extern "C" fn set_disjoint(a: *const PyObject, b: *const PyObject) -> u64 {
    // SAFETY: the caller's promise; both types have one layout.
    let (a, b): (&PySet, &PySet) = unsafe { ((*a).cast_unchecked_ref(), (*b).cast_unchecked_ref()) };
    a.is_disjoint_plain(b).map_or(UNSURE, u64::from)
}

macro_rules! operators {
    ($($(#[$doc:meta])* $name:ident = $operator:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Safety
            /// Live sets or frozensets.
            pub unsafe extern "C" fn $name(a: *const PyObject, b: *const PyObject) -> *mut PyObject {
                // SAFETY: the caller's promise; both types have one layout.
                let (a, b): (&PySet, &PySet) = unsafe { ((*a).cast_unchecked_ref(), (*b).cast_unchecked_ref()) };
                let result = a.combine_plain(SetOperator::$operator, b);
                result.map_or(core::ptr::null_mut(), |set| set.into_obj().into_raw())
            }
        )*
    };
}

operators! {
    /// `a | b` (owned), or null where that takes Python code or memory that there is not.
    set_union = Union;
    /// `a & b`, likewise.
    set_intersection = Intersection;
    /// `a - b`, likewise.
    set_difference = Difference;
    /// `a ^ b`, likewise.
    set_symmetric_difference = SymmetricDifference;
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

/// The next element of a set's iterator, borrowed from the set; null at the end, and where the set has changed: nothing has happened.
///
/// # Safety
/// A live iterator of a set.
pub unsafe extern "C" fn set_next(iterator: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let iterator: &PySetIterator = unsafe { (*iterator).cast_unchecked_ref() };
    iterator.next_borrowed().map_or(core::ptr::null_mut(), PyObject::as_ptr)
}

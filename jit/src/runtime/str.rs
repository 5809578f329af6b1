//! Strings.

use super::UNSURE;
use rpy_vm::object::header::PyObject;
use rpy_vm::protocol::sequence;
use rpy_vm::types::str::PyStr;

/// Are two exact strings equal? 0 or 1.
///
/// # Safety
/// Both are live exact strings.
pub unsafe extern "C" fn str_eq(a: *const PyObject, b: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { (a == b || PyStr::str_eq((*a).cast_unchecked_ref(), (*b).cast_unchecked_ref())) as u64 }
}

/// The character at `index`, which is in range (owned).
///
/// # Safety
/// A live exact string.
pub unsafe extern "C" fn str_item(string: *const PyObject, index: usize) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let string: &PyStr = unsafe { (*string).cast_unchecked_ref() };
    PyStr::from_char(string.char_at(index)).into_obj().into_raw()
}

/// The code point of a string of length one.
///
/// # Safety
/// A live exact string of that length.
pub unsafe extern "C" fn str_ord(string: *const PyObject) -> i64 {
    // SAFETY: the caller's promise.
    let string: &PyStr = unsafe { (*string).cast_unchecked_ref() };
    string.char_at(0) as i64
}

/// Is one string in another? 0 or 1.
///
/// # Safety
/// Live exact strings.
pub unsafe extern "C" fn str_contains(text: *const PyObject, part: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    match sequence::contains(unsafe { &*text }, unsafe { &*part }) {
        Ok(found) => found as u64,
        Err(_) => UNSURE,
    }
}

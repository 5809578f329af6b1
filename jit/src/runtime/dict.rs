//! Dicts, with keys that are hashed and compared without Python code.

use super::UNSURE;
use rpy_vm::object::header::PyObject;
use rpy_vm::types::dict::PyDict;

/// The value of a plain key (borrowed); null if there is none or finding it could run Python code.
///
/// # Safety
/// A live exact dict and a live object.
pub unsafe extern "C" fn dict_get(dict: *const PyObject, key: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let (dict, key): (&PyDict, &PyObject) = unsafe { ((*dict).cast_unchecked_ref(), &*key) };
    match dict.find_plain(key) {
        Ok(Some(index)) => dict.value_at(index).map_or(core::ptr::null_mut(), PyObject::as_ptr),
        _ => core::ptr::null_mut(),
    }
}

/// Is a plain key in the dict? 0, 1, or [`UNSURE`].
///
/// # Safety
/// A live exact dict and a live object.
pub unsafe extern "C" fn dict_contains(dict: *const PyObject, key: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    let (dict, key): (&PyDict, &PyObject) = unsafe { ((*dict).cast_unchecked_ref(), &*key) };
    dict.find_plain(key).map_or(UNSURE, |found| found.is_some() as u64)
}

/// Sets the value of a plain key: 1, or 0 where that could run Python code, and nothing was done.
///
/// # Safety
/// A live exact dict and live objects.
pub unsafe extern "C" fn dict_set(dict: *const PyObject, key: *const PyObject, value: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    let (dict, key, value): (&PyDict, &PyObject, &PyObject) = unsafe { ((*dict).cast_unchecked_ref(), &*key, &*value) };
    dict.set_plain(key, value).is_ok() as u64
}

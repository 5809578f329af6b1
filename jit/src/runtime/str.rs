//! Strings.

use super::{UNSURE, attempted, raising};
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::Ref;
use rpy_vm::protocol::{object, sequence};
use rpy_vm::types::str::{PyStr, StrBuilder};

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

/// `a + b`: `a` itself, longer, if nobody else has it. Owned; null with the thread's exception set.
///
/// # Safety
/// Live exact strings, of which the first is owned.
pub unsafe extern "C" fn str_append(a: *mut PyObject, b: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let result = unsafe { PyStr::append_in_place(Ref::from_owned_ptr(a.cast()), (*b).cast_unchecked_ref()) };
    raising(result.map(Ref::into_obj))
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

/// `str(x)`, or null.
///
/// # Safety
/// A live object whose text is made without Python code.
pub unsafe extern "C" fn to_str(object: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    attempted(object::str(unsafe { &*object }).map(|text| text.into_obj()))
}

/// `repr(x)`, or null.
///
/// # Safety
/// A live object whose text is made without Python code.
pub unsafe extern "C" fn repr(object: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    attempted(object::repr(unsafe { &*object }).map(|text| text.into_obj()))
}

/// `format(x, spec)`, or null.
///
/// # Safety
/// A live object that is formatted without Python code, and a live exact string.
pub unsafe extern "C" fn format(object: *const PyObject, spec: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    attempted(unsafe { object::format(&*object, (*spec).cast_unchecked_ref()) }.map(|text| text.into_obj()))
}

/// Two to six strings joined, or null; nulls are left out.
///
/// # Safety
/// Live exact strings, or nulls.
pub unsafe extern "C" fn join(
    a: *const PyObject,
    b: *const PyObject,
    c: *const PyObject,
    d: *const PyObject,
    e: *const PyObject,
    f: *const PyObject,
) -> *mut PyObject {
    let mut text = StrBuilder::new();
    for part in [a, b, c, d, e, f] {
        if part.is_null() {
            break;
        }
        // SAFETY: the caller's promise.
        text.push_py(unsafe { (*part).cast_unchecked_ref::<PyStr>() });
    }
    attempted(text.try_finish().map(|text| text.into_obj()))
}

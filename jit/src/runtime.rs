//! What compiled code calls: small functions with C's calling convention. None of them unwinds.

use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::ObjRef;
use rpy_vm::object::typeobj::PyTypeObject;
use rpy_vm::runtime::thread;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::float::ops;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::list::iter::PyListIterator;
use rpy_vm::types::range::PyRange;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTupleIterator;

/// `x % y` of floats; `y` is not zero.
pub extern "C" fn float_mod(x: f64, y: f64) -> f64 {
    ops::float_mod(x, y).unwrap_or(f64::NAN)
}

/// `x // y` of floats; `y` is not zero.
pub extern "C" fn float_floordiv(x: f64, y: f64) -> f64 {
    ops::float_floordiv(x, y).unwrap_or(f64::NAN)
}

/// `x ** y`, or NaN where the result is not a finite double: an exception, a complex number, an infinity.
pub extern "C" fn float_pow(x: f64, y: f64) -> f64 {
    match ops::float_pow_real(x, y) {
        Ok(Some(value)) if value.is_finite() => value,
        _ => f64::NAN,
    }
}

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

/// The value of a string key (borrowed); null if there is none or the dict has other keys than strings.
///
/// # Safety
/// A live exact dict and a live exact string.
pub unsafe extern "C" fn dict_get_str(dict: *const PyObject, key: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let (dict, key): (&PyDict, &PyStr) = unsafe { ((*dict).cast_unchecked_ref(), (*key).cast_unchecked_ref()) };
    match dict.lookup_index(key).and_then(|index| dict.value_at(index)) {
        Some(value) => value.as_ptr(),
        None => core::ptr::null_mut(),
    }
}

/// An iterator over a list (owned).
///
/// # Safety
/// A live exact list.
pub unsafe extern "C" fn list_iter(list: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    PyListIterator::new(unsafe { (*list).cast_unchecked_ref() }).into_obj().into_raw()
}

/// An iterator over a tuple (owned).
///
/// # Safety
/// A live exact tuple.
pub unsafe extern "C" fn tuple_iter(tuple: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    PyTupleIterator::new(unsafe { (*tuple).cast_unchecked_ref() }).into_obj().into_raw()
}

/// An iterator over a range (owned), of machine integers or of big ones.
///
/// # Safety
/// A live exact range.
pub unsafe extern "C" fn range_iter(range: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let range: &PyRange = unsafe { (*range).cast_unchecked_ref() };
    range.iterator().into_raw()
}

/// `range(start, stop)` with step 1 (owned).
pub extern "C" fn new_range(start: i64, stop: i64) -> *mut PyObject {
    match PyRange::new(PyInt::from_i64(start), PyInt::from_i64(stop), PyInt::one()) {
        Ok(range) => range.into_obj().into_raw(),
        // Only a step of zero is refused.
        Err(_) => core::ptr::null_mut(),
    }
}

/// A new instance of a class with plain instances (owned); null with the thread's exception set.
///
/// # Safety
/// A live, ready type.
pub unsafe extern "C" fn new_instance(ty: *mut PyTypeObject) -> *mut PyObject {
    // SAFETY: the caller's promise; allocation as object.__new__ does it.
    unsafe {
        match (*ty).tp_alloc.get() {
            Some(alloc) => alloc(ty, 0),
            None => core::ptr::null_mut(),
        }
    }
}

/// Appends to a list, which takes over the reference. Where memory is short, `MemoryError` becomes due at the next safe point.
///
/// # Safety
/// A live exact list, and an owned object.
pub unsafe extern "C" fn list_append(list: *const PyObject, value: *mut PyObject) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        let list: &PyList = (*list).cast_unchecked_ref();
        if list.append(ObjRef::from_owned_ptr(value)).is_err() {
            thread::set_eval_breaker(thread::breaker::OUT_OF_MEMORY);
        }
    }
    1
}

//! Dicts, with keys that are hashed and compared without Python code (`is_key`).

use super::UNSURE;
use super::plain::{has_native_keys, is_plain};
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{ObjRef, PyStruct};
use rpy_vm::object::typeobj::PyTypeObject;
use rpy_vm::protocol::object;
use rpy_vm::runtime::thread;
use rpy_vm::types::dict::{PyDict, PyDictKeys};
use rpy_vm::types::str::PyStr;

/// The value of a key (borrowed); null if there is none or finding it could run Python code.
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

/// Is a key in the dict? 0, 1, or [`UNSURE`].
///
/// # Safety
/// A live exact dict and a live object.
pub unsafe extern "C" fn dict_contains(dict: *const PyObject, key: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    let (dict, key): (&PyDict, &PyObject) = unsafe { ((*dict).cast_unchecked_ref(), &*key) };
    dict.find_plain(key).map_or(UNSURE, |found| found.is_some() as u64)
}

/// Sets the value of a key: 1, or 0 where that could run Python code, and nothing was done.
///
/// # Safety
/// A live exact dict and live objects.
pub unsafe extern "C" fn dict_set(dict: *const PyObject, key: *const PyObject, value: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    let (dict, key, value): (&PyDict, &PyObject, &PyObject) = unsafe { ((*dict).cast_unchecked_ref(), &*key, &*value) };
    dict.set_plain(key, value).is_ok() as u64
}

/// As [`dict_set`]; whatever the dict held under the key is let go.
///
/// # Safety
/// A live exact dict and live objects.
pub unsafe extern "C" fn dict_store(dict: *const PyObject, key: *const PyObject, value: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    let (dict, key, value): (&PyDict, &PyObject, &PyObject) = unsafe { ((*dict).cast_unchecked_ref(), &*key, &*value) };
    match dict.find_plain(key) {
        Ok(Some(index)) if !dict.is_watched() => dict.set_value_at(index, value.new_ref()) as u64,
        Ok(None) => dict.set_plain(key, value).is_ok() as u64,
        _ => 0,
    }
}

/// The value of a key, or the default (both borrowed); null where finding it could run Python code.
///
/// # Safety
/// A live dict and live objects.
pub unsafe extern "C" fn dict_get_or(
    dict: *const PyObject,
    key: *const PyObject,
    default: *const PyObject,
) -> *const PyObject {
    // SAFETY: the caller's promise.
    let (dict, key): (&PyDict, &PyObject) = unsafe { ((*dict).cast_unchecked_ref(), &*key) };
    match dict.find_plain(key) {
        Ok(Some(index)) => dict.value_at(index).map_or(core::ptr::null(), |value| value.as_ptr().cast_const()),
        Ok(None) => default,
        Err(()) => core::ptr::null(),
    }
}

/// As [`dict_get_or`], with a reference.
///
/// # Safety
/// A live dict and live objects.
pub unsafe extern "C" fn dict_get_or_new(
    dict: *const PyObject,
    key: *const PyObject,
    default: *const PyObject,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { dict_get_or(dict, key, default).as_ref() }
        .map_or(core::ptr::null_mut(), |found| found.new_ref().into_raw())
}

/// `dict.setdefault(key, default)` of a key (owned); null where that could run Python code, and nothing was done.
///
/// # Safety
/// A live exact dict and live objects.
pub unsafe extern "C" fn dict_setdefault(
    dict: *const PyObject,
    key: *const PyObject,
    default: *const PyObject,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let (dict, key, default): (&PyDict, &PyObject, &PyObject) =
        unsafe { ((*dict).cast_unchecked_ref(), &*key, &*default) };
    match dict.find_plain(key) {
        Ok(Some(index)) => dict.value_at(index).map_or(core::ptr::null_mut(), |value| value.new_ref().into_raw()),
        Ok(None) if dict.set_plain(key, default).is_ok() => default.new_ref().into_raw(),
        _ => core::ptr::null_mut(),
    }
}

/// `dict.pop(key, default)` of a key (owned), which runs no Python code at its end; null where that could run Python code or
/// raises, and nothing was done.
///
/// # Safety
/// A live exact dict and live objects; the default may be null.
pub unsafe extern "C" fn dict_pop(
    dict: *const PyObject,
    key: *const PyObject,
    default: *const PyObject,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let (dict, key): (&PyDict, &PyObject) = unsafe { ((*dict).cast_unchecked_ref(), &*key) };
    match dict.find_plain(key) {
        // The key in the dict goes.
        Ok(Some(index)) if !dict.is_watched() && dict.key_at(index).is_some_and(is_plain) => {
            match dict.pop_item_key(key) {
                Ok(Some(value)) => value.into_raw(),
                _ => core::ptr::null_mut(),
            }
        }
        // SAFETY: as above.
        Ok(None) => unsafe { default.as_ref() }.map_or(core::ptr::null_mut(), |default| default.new_ref().into_raw()),
        _ => core::ptr::null_mut(),
    }
}

/// The value of a key of a `defaultdict` (borrowed), made by its factory if that is one of the built-in types; null
/// where the interpreter has to do it.
///
/// # Safety
/// A live exact `defaultdict` and a live object.
pub unsafe extern "C" fn defaultdict_get(mapping: *const PyObject, key: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise; a defaultdict begins with its dict.
    let (object, key) = unsafe { (&*mapping, &*key) };
    // SAFETY: as above.
    let dict: &PyDict = unsafe { object.cast_unchecked_ref() };
    let Ok(found) = dict.find_plain(key) else { return core::ptr::null_mut() };
    let index = match found {
        Some(index) => Some(index),
        None if !dict.is_watched() && makes_natively(object) => {
            if object::get_item(object, key).is_err() {
                return core::ptr::null_mut();
            }
            dict.find_plain(key).ok().flatten()
        }
        None => None,
    };
    index.and_then(|index| dict.value_at(index)).map_or(core::ptr::null_mut(), PyObject::as_ptr)
}

/// Is the factory of a `defaultdict` a type whose empty instance is made without Python code?
pub fn makes_natively(mapping: &PyObject) -> bool {
    let Ok(factory) = object::getattr(mapping, rpy_vm::intern!("default_factory")) else { return false };
    let Some(factory) = factory.downcast_ref::<PyTypeObject>() else { return false };
    !factory.has_flag(rpy_vm::object::flags::HEAPTYPE)
        && ["int", "list", "dict", "set", "float", "str", "tuple", "bool"].contains(&factory.full_name())
}

/// An empty dict (owned).
pub extern "C" fn new_dict() -> *mut PyObject {
    PyDict::new().into_obj().into_raw()
}

/// Sets an entry of a new dict, with such keys. Where memory is short, `MemoryError` becomes due at the next safe point.
///
/// # Safety
/// A live exact dict and live objects.
pub unsafe extern "C" fn dict_fill(dict: *const PyObject, key: *const PyObject, value: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    let (dict, key, value): (&PyDict, &PyObject, &PyObject) = unsafe { ((*dict).cast_unchecked_ref(), &*key, &*value) };
    if dict.set_item(key, value).is_err() {
        thread::set_eval_breaker(thread::breaker::OUT_OF_MEMORY);
    }
    1
}

/// `dict.update(other)`, of dicts with such keys: 1, or 0 where that could run Python code, and nothing was done.
///
/// # Safety
/// Live exact dicts.
pub unsafe extern "C" fn dict_update(dict: *const PyObject, other: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    let (dict, other): (&PyDict, &PyObject) = unsafe { ((*dict).cast_unchecked_ref(), &*other) };
    // SAFETY: as above.
    let other_dict: &PyDict = unsafe { other.cast_unchecked_ref() };
    if dict.is_watched() || !has_native_keys(dict) || !has_native_keys(other_dict) {
        return 0;
    }
    dict.update(other).is_ok() as u64
}

/// Adds the entries of `other`, whose keys are strings that `dict` does not have: 1, or 0 where that is not so, and nothing was done.
///
/// # Safety
/// Live exact dicts.
pub unsafe extern "C" fn dict_merge(dict: *const PyObject, other: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    let (dict, other): (&PyDict, &PyDict) = unsafe { ((*dict).cast_unchecked_ref(), (*other).cast_unchecked_ref()) };
    if dict.is_watched() || !dict.has_only_str_keys() || !other.has_only_str_keys() {
        return 0;
    }
    let mut position = 0;
    while let Some((key, _)) = other.iter_index(&mut position) {
        if !matches!(dict.find_plain(&key), Ok(None)) {
            return 0;
        }
    }
    dict.update(other.as_object()).is_ok() as u64
}

/// Deletes a key: 1, or 0 where that could run Python code or raises, and nothing was done. The value is destroyed.
///
/// # Safety
/// A live exact dict and a live object.
pub unsafe extern "C" fn dict_delete(dict: *const PyObject, key: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    let (dict, key): (&PyDict, &PyObject) = unsafe { ((*dict).cast_unchecked_ref(), &*key) };
    match dict.find_plain(key) {
        Ok(Some(_)) if !dict.is_watched() => {
            let taken: Option<ObjRef> = dict.pop_item_key(key).ok().flatten();
            taken.is_some() as u64
        }
        _ => 0,
    }
}

/// Is a key in the dict of a view of keys? 0, 1, or [`UNSURE`].
///
/// # Safety
/// A live exact view of keys and a live object.
pub unsafe extern "C" fn view_contains(view: *const PyObject, key: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    let (view, key): (&PyDictKeys, &PyObject) = unsafe { ((*view).cast_unchecked_ref(), &*key) };
    view.mapping_ref().find_plain(key).map_or(UNSURE, |found| found.is_some() as u64)
}

/// Adds a keyword argument, whose value the dict takes over. Where memory is short, `MemoryError` becomes due at the next safe point.
///
/// # Safety
/// A live exact dict that nobody else knows, a live exact string, and an owned object.
pub unsafe extern "C" fn set_keyword(dict: *const PyObject, name: *const PyObject, value: *mut PyObject) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        let (dict, name): (&PyDict, &PyStr) = ((*dict).cast_unchecked_ref(), (*name).cast_unchecked_ref());
        let value = ObjRef::from_owned_ptr(value);
        if dict.set_str(name, &value).is_err() {
            thread::set_eval_breaker(thread::breaker::OUT_OF_MEMORY);
        }
    }
    1
}

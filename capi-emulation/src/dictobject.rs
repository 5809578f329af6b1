//! `dictobject.h`: dicts and mapping proxies.

use core::ffi::{c_char, c_int};

use rpy_vm::types::descr::mappingproxy::PyMappingProxy;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::dict::merge::Merge;
use rpy_vm::types::dict::watch;
use rpy_vm::types::list::PyList;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyStruct, Ref, exc};

use crate::border::{Borrowed, Obj, OptObj, Out, bad_call, c_name, c_str, expect, store, store_optional};

exports! {
    /// An empty dict.
    fn PyDict_New() -> Out {
        PyDict::new().into_raw() as Out
    }
    /// An empty dict with room.
    fn _PyDict_NewPresized(entries: isize) -> Out = Ref<PyDict> {
        PyDict::with_capacity(entries.max(0) as usize)
    }
    /// The number of items.
    fn PyDict_Size(dict: Obj<'_>) -> isize = usize {
        Ok(this(dict)?.len())
    }
    /// The value of a key, borrowed; NULL if it is not there. Errors are reported as unraisable.
    fn PyDict_GetItem(dict: Obj<'_>, key: Obj<'_>) -> Borrowed {
        let Some(dict) = dict.downcast_ref::<PyDict>() else { return core::ptr::null_mut() };
        // An exception that is pending stays so.
        let pending = PyErr::fetch();
        let found = match dict.get_item(key) {
            Ok(found) => borrowed(found),
            Err(error) => {
                report(error, "PyDict_GetItem(); consider using PyDict_GetItemRef() or PyDict_GetItemWithError()");
                core::ptr::null_mut()
            }
        };
        if let Some(pending) = pending {
            pending.restore();
        }
        found
    }
    /// The value of a key, borrowed; NULL if it is not there, or with an exception.
    fn PyDict_GetItemWithError(dict: Obj<'_>, key: Obj<'_>) -> Borrowed = Borrowed {
        this(dict)?.get_item(key).map(borrowed)
    }
    /// As `PyDict_GetItemWithError`, for a key whose hash is known.
    fn _PyDict_GetItem_KnownHash(dict: Obj<'_>, key: Obj<'_>, hash: isize) -> Borrowed = Borrowed {
        this(dict)?.get_item_hash(key, hash).map(borrowed)
    }
    /// The value of a key, borrowed. Errors are reported as unraisable.
    fn PyDict_GetItemString(dict: Obj<'_>, key: *const c_char) -> Borrowed {
        let Some(dict) = dict.downcast_ref::<PyDict>() else { return core::ptr::null_mut() };
        let pending = PyErr::fetch();
        let found = match c_str(key).and_then(|key| dict.get_str_checked(&key)) {
            Ok(found) => borrowed(found),
            Err(error) => {
                report(error, "PyDict_GetItemString(); consider using PyDict_GetItemRefString()");
                core::ptr::null_mut()
            }
        };
        if let Some(pending) = pending {
            pending.restore();
        }
        found
    }
    /// The value of a key: 1 with a new reference, 0 with NULL, -1.
    fn PyDict_GetItemRef(dict: Obj<'_>, key: Obj<'_>, result: *mut *mut PyObject) -> c_int = c_int {
        store_optional(result, this(dict).and_then(|dict| dict.get_item(key)))
    }
    /// As `PyDict_GetItemRef`.
    fn PyDict_GetItemStringRef(dict: Obj<'_>, key: *const c_char, result: *mut *mut PyObject) -> c_int = c_int {
        store_optional(result, this(dict).and_then(|dict| dict.get_str_checked(&*c_str(key)?)))
    }
    /// Sets an item.
    fn PyDict_SetItem(dict: Obj<'_>, key: Obj<'_>, value: Obj<'_>) -> c_int = () {
        this(dict)?.set_item(key, value)
    }
    /// Sets an item whose key's hash is known.
    fn _PyDict_SetItem_KnownHash(dict: Obj<'_>, key: Obj<'_>, value: Obj<'_>, hash: isize) -> c_int = () {
        this(dict)?.set_item_hash(key, hash, value.new_ref())
    }
    /// Sets an item whose key's hash is known.
    fn _PyDict_SetItem_KnownHash_LockHeld(dict: Obj<'_>, key: Obj<'_>, value: Obj<'_>, hash: isize) -> c_int = () {
        this(dict)?.set_item_hash(key, hash, value.new_ref())
    }
    /// Sets an item.
    fn PyDict_SetItemString(dict: Obj<'_>, key: *const c_char, value: Obj<'_>) -> c_int = () {
        this(dict)?.set_item(c_name(key)?.as_object(), value)
    }
    /// Deletes an item; `KeyError` if it is not there.
    fn PyDict_DelItem(dict: Obj<'_>, key: Obj<'_>) -> c_int = () {
        if this(dict)?.del_item(key)? { Ok(()) } else { Err(exc::key_error(key)) }
    }
    /// Deletes an item.
    fn PyDict_DelItemString(dict: Obj<'_>, key: *const c_char) -> c_int = () {
        let key = c_str(key)?;
        if this(dict)?.del_item(key.as_object())? { Ok(()) } else { Err(exc::key_error(key.as_object())) }
    }
    /// Takes an item out: 1 with its value, 0 with NULL, -1.
    fn PyDict_Pop(dict: Obj<'_>, key: Obj<'_>, result: *mut *mut PyObject) -> c_int = c_int {
        store_optional(result, this(dict).and_then(|dict| dict.pop_item_key(key)))
    }
    /// As `PyDict_Pop`.
    fn PyDict_PopString(dict: Obj<'_>, key: *const c_char, result: *mut *mut PyObject) -> c_int = c_int {
        store_optional(result, this(dict).and_then(|dict| dict.pop_item_key(c_str(key)?.as_object())))
    }
    /// `dict.pop(key, default)`; without a default `KeyError`.
    fn _PyDict_Pop(dict: Obj<'_>, key: Obj<'_>, default: OptObj<'_>) -> Out = ObjRef {
        match (this(dict)?.pop_item_key(key)?, default) {
            (Some(value), _) => Ok(value),
            (None, Some(default)) => Ok(default.new_ref()),
            (None, None) => Err(exc::key_error(key)),
        }
    }
    /// `key in dict`.
    fn PyDict_Contains(dict: Obj<'_>, key: Obj<'_>) -> c_int = bool {
        this(dict)?.contains(key)
    }
    /// `key in dict`, for a key whose hash is known.
    fn _PyDict_Contains_KnownHash(dict: Obj<'_>, key: Obj<'_>, hash: isize) -> c_int = bool {
        Ok(this(dict)?.get_item_hash(key, hash)?.is_some())
    }
    /// `key in dict`.
    fn PyDict_ContainsString(dict: Obj<'_>, key: *const c_char) -> c_int = bool {
        this(dict)?.contains(c_str(key)?.as_object())
    }
    /// `dict.setdefault(key, default)`, borrowed.
    fn PyDict_SetDefault(dict: Obj<'_>, key: Obj<'_>, default: Obj<'_>) -> Borrowed = Borrowed {
        Ok(borrowed(Some(this(dict)?.setdefault(key, default)?.0)))
    }
    /// `dict.setdefault(key, default)`: 1 if it was there, 0 if it was set.
    fn PyDict_SetDefaultRef(dict: Obj<'_>, key: Obj<'_>, default: Obj<'_>, result: *mut *mut PyObject) -> c_int = bool {
        store(result, core::ptr::null_mut());
        let (value, present) = this(dict)?.setdefault(key, default)?;
        if !result.is_null() {
            result.write(value.into_raw());
        }
        Ok(present)
    }
    /// Walks a dict: the next key and value (borrowed) from a position on, which starts at 0.
    fn PyDict_Next(dict: Obj<'_>, position: *mut isize, key: *mut *mut PyObject, value: *mut *mut PyObject) -> c_int {
        let Some(dict) = dict.downcast_ref::<PyDict>() else { return 0 };
        let mut at = (*position).max(0) as usize;
        let found = dict.iter_index(&mut at);
        position.write(at as isize);
        match found {
            Some((found_key, found_value)) => {
                store(key, found_key.as_raw());
                store(value, found_value.as_raw());
                1
            }
            None => 0,
        }
    }
    /// Adds a function that is told of changes before they happen; its number, for `PyDict_Watch`.
    fn PyDict_AddWatcher(watcher: watch::Watcher) -> c_int = c_int {
        watch::add_watcher(watcher)
    }
    /// Takes a function away that was added.
    fn PyDict_ClearWatcher(id: c_int) -> c_int = () {
        watch::clear_watcher(id)
    }
    /// Has a function told of changes of a dict.
    fn PyDict_Watch(id: c_int, dict: Obj<'_>) -> c_int = () {
        watchable(dict)?.watch(id)
    }
    /// Ends `PyDict_Watch`.
    fn PyDict_Unwatch(id: c_int, dict: Obj<'_>) -> c_int = () {
        watchable(dict)?.unwatch(id)
    }
    /// Empties a dict.
    fn PyDict_Clear(dict: Obj<'_>) {
        if let Some(dict) = dict.downcast_ref::<PyDict>() {
            dict.clear();
        }
    }
    /// A shallow copy.
    fn PyDict_Copy(dict: OptObj<'_>) -> Out = Ref<PyDict> {
        this(dict.ok_or_else(bad_call)?)?.copy()
    }
    /// A list of the keys.
    fn PyDict_Keys(dict: OptObj<'_>) -> Out = Ref<PyList> {
        Ok(PyList::new(this(dict.ok_or_else(bad_call)?)?.keys_vec()))
    }
    /// A list of the values.
    fn PyDict_Values(dict: OptObj<'_>) -> Out = Ref<PyList> {
        Ok(PyList::new(this(dict.ok_or_else(bad_call)?)?.values_vec()))
    }
    /// A list of the pairs.
    fn PyDict_Items(dict: OptObj<'_>) -> Out = Ref<PyList> {
        let pairs = this(dict.ok_or_else(bad_call)?)?.items_vec();
        Ok(PyList::new(pairs.into_iter().map(|(key, value)| PyTuple::from_array([key, value]).into_obj()).collect()))
    }
    /// `dict.update(mapping)`.
    fn PyDict_Update(dict: Obj<'_>, other: OptObj<'_>) -> c_int = () {
        this(dict)?.merge(other.ok_or_else(bad_call)?, Merge::Override)
    }
    /// Adds the items of a mapping; those that are there already are replaced if `replace`.
    fn PyDict_Merge(dict: Obj<'_>, other: OptObj<'_>, replace: c_int) -> c_int = () {
        this(dict)?.merge(other.ok_or_else(bad_call)?, replace != 0)
    }
    /// Adds pairs.
    fn PyDict_MergeFromSeq2(dict: Obj<'_>, pairs: Obj<'_>, replace: c_int) -> c_int = () {
        this(dict)?.update_from_pairs(pairs, replace != 0)
    }
    /// A read-only view of a mapping.
    fn PyDictProxy_New(mapping: Obj<'_>) -> Out = Ref<PyMappingProxy> {
        PyMappingProxy::new(mapping)
    }
}

fn watchable(object: &PyObject) -> PyResult<&PyDict> {
    object.downcast_ref().ok_or_else(|| exc::value_error("Cannot watch non-dictionary"))
}

#[inline(always)]
fn this(object: &PyObject) -> PyResult<&PyDict> {
    expect(object)
}

/// The pointer of a value that a dict holds: the dict's own reference keeps it alive.
fn borrowed(found: Option<ObjRef>) -> Borrowed {
    found.map_or(core::ptr::null_mut(), |value| value.as_raw())
}

#[cold]
fn report(error: PyErr, what: &str) {
    rpy_vm::runtime::unraisable::write_unraisable(error, Some(&format!("Exception ignored in {what}")), None);
}

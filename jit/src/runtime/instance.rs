//! Instances of classes.

use super::dict::dict_get;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyStruct;
use rpy_vm::object::shape;
use rpy_vm::object::typeobj::PyTypeObject;

/// The value that an instance in dictionary mode has under a name (borrowed); null if there is none, or the instance is in
/// another mode.
///
/// # Safety
/// A live instance of a type with MANAGED_DICT, and a live exact string.
pub unsafe extern "C" fn instance_get(instance: *const PyObject, name: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe {
        match shape::dict_of(&*instance) {
            Some(dict) => dict_get((*dict).as_object(), name),
            None => core::ptr::null_mut(),
        }
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

//! Instances of classes.

use super::dict::{dict_get, dict_set};
use super::raising;
use rpy_vm::layout;
use rpy_vm::object::alloc::{self, InstancePlan};
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{ObjRef, PyStruct, Ref};
use rpy_vm::object::shape;
use rpy_vm::object::typeobj::PyTypeObject;
use rpy_vm::types::cell::PyCell;
use rpy_vm::types::code::PyCode;
use rpy_vm::types::function::PyFunction;
use rpy_vm::types::method::PyMethod;

/// The value that an instance, in whatever mode, has under a name (borrowed). Null says nothing: there is none, or finding it could
/// run Python code.
///
/// # Safety
/// A live instance of a type with MANAGED_DICT, and a live exact string.
pub unsafe extern "C" fn instance_get(instance: *const PyObject, name: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe {
        let instance = &*instance;
        match (shape::shape_of(instance).as_ref(), shape::dict_of(instance)) {
            (Some(shape), _) => match shape.lookup((*name).cast_unchecked_ref()) {
                Some(slot) => shape::slot_at(instance, shape.slot_offset(slot)).get(),
                None => core::ptr::null_mut(),
            },
            (None, Some(dict)) => dict_get((*dict).as_object(), name),
            (None, None) => core::ptr::null_mut(),
        }
    }
}

/// As [`instance_get`]; in most instances the name is at the position `near`.
///
/// # Safety
/// As for [`instance_get`].
pub unsafe extern "C" fn instance_get_near(
    instance: *const PyObject,
    name: *const PyObject,
    near: u64,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe {
        let (object, near) = (&*instance, near as usize);
        if let Some(shape) = shape::shape_of(object).as_ref() {
            if shape.has_at(near, (*name).cast_unchecked_ref()) {
                return shape::slot_at(object, shape.slot_offset(near)).get();
            }
        } else if let Some(value) = shape::dict_of(object).and_then(|dict| dict.value_of(&*name, near)) {
            return value.as_ptr();
        }
        instance_get(instance, name)
    }
}

/// Has an instance, in whatever mode, surely no attribute of its own of that name? Not if finding out could run Python code.
///
/// # Safety
/// As for [`instance_get`].
pub unsafe extern "C" fn instance_lacks(instance: *const PyObject, name: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        let (instance, name) = (&*instance, &*name);
        let lacks = match (shape::shape_of(instance).as_ref(), shape::dict_of(instance)) {
            (Some(shape), _) => shape.lookup((*name).cast_unchecked_ref()).is_none(),
            (None, Some(dict)) => matches!(dict.find_plain(name), Ok(None)),
            (None, None) => true,
        };
        lacks.into()
    }
}

/// A new instance of a class with plain instances (owned), whose attrs word is `attrs`, if that is not 0; null with the thread's
/// exception set.
///
/// # Safety
/// A live, ready type, and an attrs word that its instances had.
pub unsafe extern "C" fn new_instance(ty: *mut PyTypeObject, attrs: usize) -> *mut PyObject {
    // SAFETY: the caller's promise; allocation as object.__new__ does it.
    unsafe {
        if let Some(plan) = InstancePlan::of(&*ty, attrs) {
            let object = alloc::instance(&*ty, plan);
            if !object.is_null() {
                return object;
            }
        }
        let Some(alloc) = (*ty).tp_alloc.get() else { return core::ptr::null_mut() };
        let object = alloc(ty, 0);
        if attrs != 0 && !object.is_null() {
            object.byte_offset(layout::ATTRS_WORD).cast::<usize>().write(attrs);
        }
        object
    }
}

/// The same, where nobody could raise an exception: as with numbers, the process ends if not even a small block can be had.
///
/// # Safety
/// As for [`new_instance`].
pub unsafe extern "C" fn sure_instance(ty: *mut PyTypeObject, attrs: usize) -> *mut PyObject {
    // SAFETY: passed on.
    unsafe {
        let object = new_instance(ty, attrs);
        if object.is_null() {
            std::alloc::handle_alloc_error(core::alloc::Layout::new::<PyObject>());
        }
        object
    }
}

/// Sets an attribute of an instance in dictionary mode: 1, or 0 if it was not done.
///
/// # Safety
/// A live instance of a type with MANAGED_DICT, a live exact string and a live object.
pub unsafe extern "C" fn instance_set(instance: *const PyObject, name: *const PyObject, value: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        match shape::dict_of(&*instance) {
            Some(dict) => dict_set((*dict).as_object(), name, value),
            None => 0,
        }
    }
}

/// Sets an attribute of an instance, in whatever mode: 1, or 0 if it was not done. The old value may be destroyed.
///
/// # Safety
/// As for [`instance_set`].
pub unsafe extern "C" fn instance_store(
    instance: *const PyObject,
    name: *const PyObject,
    value: *const PyObject,
) -> u64 {
    // SAFETY: the caller's promise. In shape mode only names are compared, which are exact strings.
    unsafe {
        if shape::shape_of(&*instance).is_null() {
            return instance_set(instance, name, value);
        }
        shape::set_attr(&*instance, (*name).cast_unchecked_ref(), Some(&*value)).is_ok().into()
    }
}

/// The `__dict__` of an instance, to which its attributes move if they are not there yet (owned); null with the thread's exception set.
///
/// # Safety
/// A live instance of a type with MANAGED_DICT.
pub unsafe extern "C" fn instance_dict(instance: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { raising(shape::materialize(&*instance).map(Ref::into_obj)) }
}

/// An attribute, looked for in the general way (owned); null with the thread's exception set.
///
/// # Safety
/// A live object, and a live exact string.
pub unsafe extern "C" fn get_attribute(object: *const PyObject, name: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { raising(rpy_vm::protocol::object::getattr(&*object, (*name).cast_unchecked_ref())) }
}

/// A descriptor of a method, bound to an object (owned); null with the thread's exception set.
///
/// # Safety
/// A live descriptor of a built-in type that binds natively, and a live object of its type.
pub unsafe extern "C" fn bind(descriptor: *mut PyObject, object: *mut PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe {
        match (*descriptor).ty().tp_descr_get.get() {
            Some(get) => get(descriptor, object, (*object).ty().as_object().as_ptr()),
            None => (*descriptor).new_ref().into_raw(),
        }
    }
}

/// A function bound to an object (owned).
///
/// # Safety
/// Live objects.
pub unsafe extern "C" fn new_method(function: *const PyObject, this: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { PyMethod::new(&*function, &*this).into_obj().into_raw() }
}

/// A cell with this content, which it takes over, or none (owned).
///
/// # Safety
/// An owned object, or null.
pub unsafe extern "C" fn new_cell(content: *mut PyObject) -> *mut PyObject {
    let content = if content.is_null() {
        None
    } else {
        // SAFETY: the caller's promise.
        Some(unsafe { ObjRef::from_owned_ptr(content) })
    };
    PyCell::new(content).into_obj().into_raw()
}

/// A function (owned).
///
/// # Safety
/// A live code object, and live globals.
pub unsafe extern "C" fn new_function(code: *const PyObject, globals: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe {
        let code: &PyCode = (*code).cast_unchecked_ref();
        PyFunction::new(code, &*globals, None).into_obj().into_raw()
    }
}

//! Objects of any class: what an instruction that meets many of them asks in place of guards (the recorder's `many`).
//!
//! Nothing here runs Python code. Where that would be needed, or the answer is not worth a way of its own, the functions say so.

use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{ObjRef, PyClass, PyStruct};
use rpy_vm::object::shape;
use rpy_vm::object::typeobj::{PyTypeObject, flags};
use rpy_vm::protocol::object::generic_getattr_slot;
use rpy_vm::types::descr::method::PyMethodDescr;
use rpy_vm::types::function::PyFunction;
use rpy_vm::types::method::PyMethod;
use rpy_vm::types::object::PyBaseObject_Type;
use rpy_vm::types::object::reduce::plain_reduce;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::types::type_::PyType_Type;
use rpy_vm::types::type_::lookup::lookup;
use rpy_vm::types::type_::new::is_managed_dict;

use super::UNSURE;
use super::instance::bind;

/// Are attributes of instances of the class found as `object.__getattribute__` finds them?
pub fn has_plain_lookup(ty: &PyTypeObject) -> bool {
    ty.tp_getattro.get().map(|f| f as usize) == Some(generic_getattr_slot as *const () as usize)
}

/// What an instance itself has under a name (borrowed); `Err` where finding out could run Python code.
fn find_own<'a>(object: &'a PyObject, name: &PyStr) -> Result<Option<&'a PyObject>, ()> {
    if !object.ty().has_flag(flags::MANAGED_DICT) {
        return if object.ty().tp_dictoffset.get() == 0 { Ok(None) } else { Err(()) };
    }
    // SAFETY: just checked; slots of a shape hold live objects.
    unsafe {
        match (shape::shape_of(object).as_ref(), shape::dict_of(object)) {
            (Some(shape), _) => {
                Ok(shape.lookup(name).and_then(|i| shape::slot_at(object, shape.slot_offset(i)).get().as_ref()))
            }
            (None, Some(dict)) => Ok(dict.find_plain(name.as_object())?.and_then(|i| dict.value_at(i))),
            (None, None) => Ok(None),
        }
    }
}

/// The attribute of an object, if it has one; `Err` where finding out could run Python code, or is not done here.
pub fn find_attribute(object: &PyObject, name: &PyStr) -> Result<Option<ObjRef>, ()> {
    let ty = object.ty();
    let found = lookup(ty, name);
    if !has_plain_lookup(ty) || found.is_some_and(|found| found.ty().tp_descr_set.get().is_some()) {
        return Err(());
    }
    if let Some(own) = find_own(object, name)? {
        return Ok(Some(own.new_ref()));
    }
    let Some(found) = found else { return Ok(None) };
    if PyFunction::check_exact(found) {
        return Ok(Some(PyMethod::new(found, object).into_obj()));
    }
    if PyMethodDescr::check_exact(found) {
        // SAFETY: a descriptor of the object's type, which binds natively; the reference is new.
        return unsafe { ObjRef::from_c_result(bind(found.as_ptr(), object.as_ptr())) }.map(Some).map_err(drop_pending);
    }
    if found.ty().tp_descr_get.get().is_some() { Err(()) } else { Ok(Some(found.new_ref())) }
}

/// The exception does not count: the interpreter does the same again.
fn drop_pending(_error: rpy_vm::PyErr) {}

/// The Python function that a call of `object.name(...)` calls with the object (borrowed), if that is what it does.
pub fn find_method<'a>(object: &'a PyObject, name: &PyStr) -> Option<&'a PyObject> {
    let found = lookup(object.ty(), name).filter(|found| PyFunction::check_exact(found))?;
    let is_method = has_plain_lookup(object.ty()) && matches!(find_own(object, name), Ok(None));
    is_method.then_some(found)
}

/// The same, or null.
///
/// # Safety
/// A live object, and a live exact string.
pub unsafe extern "C" fn method_of(object: *const PyObject, name: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let found = unsafe { find_method(&*object, (*name).cast_unchecked_ref()) };
    found.map_or(core::ptr::null_mut(), PyObject::as_ptr)
}

/// `getattr(object, name, default)` (owned), or null where finding out could run Python code.
///
/// # Safety
/// Live objects; the name is an exact string.
pub unsafe extern "C" fn attribute_or(
    object: *const PyObject,
    name: *const PyObject,
    default: *const PyObject,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe {
        match find_attribute(&*object, (*name).cast_unchecked_ref()) {
            Ok(found) => found.unwrap_or_else(|| (*default).new_ref()).into_raw(),
            Err(()) => core::ptr::null_mut(),
        }
    }
}

/// `hasattr(object, name)`, or [`UNSURE`].
///
/// # Safety
/// A live object, and a live exact string.
pub unsafe extern "C" fn has_attribute(object: *const PyObject, name: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    let found = unsafe { find_attribute(&*object, (*name).cast_unchecked_ref()) };
    found.map_or(UNSURE, |found| found.is_some().into())
}

/// The `__dict__` of an object (owned), or null where it is not that of instances of classes written in Python.
///
/// # Safety
/// A live object.
pub unsafe extern "C" fn dict_of(object: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let object = unsafe { &*object };
    let ty = object.ty();
    let found = lookup(ty, rpy_vm::intern!("__dict__"));
    if !has_plain_lookup(ty) || !found.is_some_and(|found| is_managed_dict(ty, found)) {
        return core::ptr::null_mut();
    }
    // SAFETY: its type has the flag.
    match unsafe { shape::materialize(object) } {
        Ok(dict) => dict.into_obj().into_raw(),
        Err(_) => core::ptr::null_mut(),
    }
}

/// The function with which the class of an object overrides `object.__reduce__` (borrowed), or null.
///
/// # Safety
/// A live object.
pub unsafe extern "C" fn reduce_of(object: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    plain_reduce(unsafe { &*object }).map_or(core::ptr::null_mut(), |function| function.as_object().as_ptr())
}

/// `type(object)` (owned).
///
/// # Safety
/// A live object.
pub unsafe extern "C" fn type_of(object: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { (*object).ty().to_obj().into_raw() }
}

/// A class, or a tuple of classes.
fn any_class(named: &PyObject, is_it: impl Fn(&PyTypeObject) -> bool) -> Option<bool> {
    match named.downcast_exact::<PyTuple>() {
        Some(tuple) => tuple.items().iter().try_fold(false, |found, class| Some(found || is_it(class.downcast_ref()?))),
        None => Some(is_it(named.downcast_ref()?)),
    }
}

/// Is `__class__` of instances of the class their type, without asking anything in Python?
pub fn is_what_it_says(ty: &PyTypeObject) -> bool {
    let of = |ty, name| lookup(ty, name).map(PyObject::as_ptr);
    let (class, get) = (rpy_vm::intern!("__class__"), rpy_vm::intern!("__getattribute__"));
    of(ty, class) == of(&PyBaseObject_Type, class)
        && [&PyBaseObject_Type, &PyType_Type].into_iter().any(|plain| of(ty, get) == of(plain, get))
}

/// `isinstance(object, classes)`, where no metaclass has a say in it; or [`UNSURE`].
///
/// # Safety
/// Live objects.
pub unsafe extern "C" fn is_instance(object: *const PyObject, classes: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    let (object, classes) = unsafe { (&*object, &*classes) };
    match any_class(classes, |class| object.ty().is_subtype(class)) {
        Some(true) => 1,
        // `__class__` is asked, too: that of `object` says the type.
        Some(false) if is_what_it_says(object.ty()) => 0,
        _ => UNSURE,
    }
}

/// `issubclass(class, classes)`, where no metaclass has a say in it; or [`UNSURE`].
///
/// # Safety
/// Live objects.
pub unsafe extern "C" fn is_subclass(class: *const PyObject, classes: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    let (class, classes) = unsafe { (&*class, &*classes) };
    let Some(class) = class.downcast_ref::<PyTypeObject>() else { return UNSURE };
    any_class(classes, |base| class.is_subtype(base)).map_or(UNSURE, u64::from)
}

//! Small helpers for functions in C slots: pointers in, results out.

use core::ffi::c_int;

use crate::err::{PyErr, PyResult};
use crate::object::{ObjRef, PyObject, PyTypeObject};
use crate::types::dict::PyDict;
use crate::types::tuple::PyTuple;

/// An argument that C promises to be a live object.
///
/// # Safety
/// Non-null and alive for as long as the result is used.
#[inline(always)]
pub(crate) unsafe fn arg<'a>(object: *mut PyObject) -> &'a PyObject {
    // SAFETY: the caller's promise.
    unsafe { &*object }
}

/// An argument that may be NULL.
///
/// # Safety
/// Null, or alive for as long as the result is used.
#[inline(always)]
pub(crate) unsafe fn opt_arg<'a>(object: *mut PyObject) -> Option<&'a PyObject> {
    // SAFETY: the caller's promise.
    unsafe { object.as_ref() }
}

/// A type argument.
///
/// # Safety
/// A live type.
#[inline(always)]
pub(crate) unsafe fn type_arg<'a>(ty: *mut PyObject) -> &'a PyTypeObject {
    // SAFETY: the caller's promise.
    unsafe { &*(ty as *const PyTypeObject) }
}

/// The positional arguments that C passes as a tuple.
///
/// # Safety
/// A live tuple.
#[inline(always)]
pub(crate) unsafe fn tuple_arg<'a>(args: *mut PyObject) -> &'a PyTuple {
    // SAFETY: the caller's promise.
    unsafe { &*(args as *const PyTuple) }
}

/// The keyword arguments that C passes as a dict or NULL.
///
/// # Safety
/// Null or a live dict.
#[inline(always)]
pub(crate) unsafe fn dict_arg<'a>(kwargs: *mut PyObject) -> Option<&'a PyDict> {
    // SAFETY: the caller's promise.
    unsafe { (kwargs as *const PyDict).as_ref() }
}

/// A result as C wants it: an owned reference, or NULL with the exception set.
#[inline(always)]
pub(crate) fn ret(result: PyResult) -> *mut PyObject {
    match result {
        Ok(object) => object.into_raw(),
        Err(e) => e.restore_null(),
    }
}

/// 0, or -1 with the exception set.
#[inline(always)]
pub(crate) fn ret_unit(result: PyResult<()>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(e) => e.restore_int(),
    }
}

/// 1 or 0, or -1 with the exception set.
#[inline(always)]
pub(crate) fn ret_bool(result: PyResult<bool>) -> c_int {
    match result {
        Ok(value) => c_int::from(value),
        Err(e) => e.restore_int(),
    }
}

/// The number, or -1 with the exception set.
#[inline(always)]
pub(crate) fn ret_size(result: PyResult<isize>) -> isize {
    match result {
        Ok(value) => value,
        Err(e) => e.restore_int() as isize,
    }
}

/// From what a C function returning an int status gave: negative means that an exception is set.
#[inline(always)]
pub(crate) fn check_status(status: c_int) -> PyResult<()> {
    if status < 0 { Err(PyErr::fetch_or_system_error()) } else { Ok(()) }
}

/// From what a C predicate gave: negative means that an exception is set.
#[inline(always)]
pub(crate) fn check_bool(status: c_int) -> PyResult<bool> {
    if status < 0 { Err(PyErr::fetch_or_system_error()) } else { Ok(status != 0) }
}

/// From what a C length function gave.
#[inline(always)]
pub(crate) fn check_size(size: isize) -> PyResult<isize> {
    // -1 may also be a value in disguise only for hashes, which never are -1.
    if size < 0 { Err(PyErr::fetch_or_system_error()) } else { Ok(size) }
}

/// A pointer or NULL, for C parameters.
#[inline(always)]
pub(crate) fn raw(object: Option<&PyObject>) -> *mut PyObject {
    object.map_or(core::ptr::null_mut(), PyObject::as_ptr)
}

/// `True` or `False` as a Rust value; `None` for anything else.
#[inline(always)]
pub(crate) fn as_bool(object: &PyObject) -> Option<bool> {
    use crate::types::bool_;
    if bool_::is_true(object) {
        Some(true)
    } else if bool_::is_false(object) {
        Some(false)
    } else {
        None
    }
}

/// Calls `tp_descr_get` of `attr`'s type if it has one, else gives `attr` itself.
#[inline]
pub(crate) fn bind(attr: ObjRef, object: Option<&PyObject>, owner: &PyTypeObject) -> PyResult {
    match attr.ty().tp_descr_get.get() {
        // SAFETY: calling the slot as C would; `attr` stays alive meanwhile.
        Some(get) => unsafe {
            ObjRef::from_c_result(get(attr.as_raw(), raw(object), crate::object::PyStruct::as_object(owner).as_ptr()))
        },
        None => Ok(attr),
    }
}

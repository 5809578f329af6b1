//! Calls of any callable.

use rpy_vm::object::header::PyObject;
use rpy_vm::types::tuple::PyTuple;

use super::raising;

/// A call with arguments as an array. Null with the thread's exception set.
unsafe fn call_vector(callable: *const PyObject, args: &[*const PyObject]) -> *mut PyObject {
    // SAFETY: passed on.
    unsafe { call_named(callable, core::ptr::null(), args) }
}

/// The same, where the last arguments have names.
unsafe fn call_named(callable: *const PyObject, names: *const PyObject, args: &[*const PyObject]) -> *mut PyObject {
    // SAFETY: a live tuple, or null.
    let named = unsafe { names.as_ref() }.map_or(0, |names| names.downcast_exact::<PyTuple>().map_or(0, PyTuple::len));
    // The vectorcall convention lets the callee use the word in front.
    let mut words = [core::ptr::null_mut::<PyObject>(); 6];
    for (word, &arg) in words[1..].iter_mut().zip(args) {
        *word = arg as *mut PyObject;
    }
    // SAFETY: live objects, and a spare word in front.
    let result = unsafe {
        rpy_vm::protocol::call::vectorcall(
            &*callable,
            words.as_ptr().add(1),
            (args.len() - named) | 1 << 63,
            names as *mut PyObject,
        )
    };
    raising(result)
}

/// `f()`.
///
/// # Safety
/// A live object.
pub unsafe extern "C" fn call0(f: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { call_vector(f, &[]) }
}

/// `f(a)`.
///
/// # Safety
/// Live objects.
pub unsafe extern "C" fn call1(f: *const PyObject, a: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { call_vector(f, &[a]) }
}

/// `f(a, b)`.
///
/// # Safety
/// Live objects.
pub unsafe extern "C" fn call2(f: *const PyObject, a: *const PyObject, b: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { call_vector(f, &[a, b]) }
}

/// `f(a, b, c)`.
///
/// # Safety
/// Live objects.
pub unsafe extern "C" fn call3(
    f: *const PyObject,
    a: *const PyObject,
    b: *const PyObject,
    c: *const PyObject,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { call_vector(f, &[a, b, c]) }
}

/// `f(a, b, c, d)`.
///
/// # Safety
/// Live objects.
pub unsafe extern "C" fn call4(
    f: *const PyObject,
    a: *const PyObject,
    b: *const PyObject,
    c: *const PyObject,
    d: *const PyObject,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { call_vector(f, &[a, b, c, d]) }
}

/// `f(a, b, c, d, e)`.
///
/// # Safety
/// Live objects.
pub unsafe extern "C" fn call5(
    f: *const PyObject,
    a: *const PyObject,
    b: *const PyObject,
    c: *const PyObject,
    d: *const PyObject,
    e: *const PyObject,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { call_vector(f, &[a, b, c, d, e]) }
}

/// `f(name=a)`.
///
/// # Safety
/// Live objects; a tuple of no more names than there are arguments.
pub unsafe extern "C" fn call_named1(f: *const PyObject, names: *const PyObject, a: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { call_named(f, names, &[a]) }
}

/// `f(a, b)`, of which the last have names.
///
/// # Safety
/// As for [`call_named1`].
pub unsafe extern "C" fn call_named2(
    f: *const PyObject,
    names: *const PyObject,
    a: *const PyObject,
    b: *const PyObject,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { call_named(f, names, &[a, b]) }
}

/// `f(a, b, c)`, of which the last have names.
///
/// # Safety
/// As for [`call_named1`].
pub unsafe extern "C" fn call_named3(
    f: *const PyObject,
    names: *const PyObject,
    a: *const PyObject,
    b: *const PyObject,
    c: *const PyObject,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { call_named(f, names, &[a, b, c]) }
}

/// `f(a, b, c, d)`, of which the last have names.
///
/// # Safety
/// As for [`call_named1`].
pub unsafe extern "C" fn call_named4(
    f: *const PyObject,
    names: *const PyObject,
    a: *const PyObject,
    b: *const PyObject,
    c: *const PyObject,
    d: *const PyObject,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { call_named(f, names, &[a, b, c, d]) }
}

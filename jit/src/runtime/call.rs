//! Calls of any callable.

use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::ObjRef;
use rpy_vm::runtime::thread;

/// A call with arguments as an array. Null with the thread's exception set.
unsafe fn call_vector(callable: *const PyObject, args: &[*const PyObject]) -> *mut PyObject {
    // The vectorcall convention lets the callee use the word in front.
    let mut words = [core::ptr::null_mut::<PyObject>(); 5];
    for (word, &arg) in words[1..].iter_mut().zip(args) {
        *word = arg as *mut PyObject;
    }
    // SAFETY: live objects, and a spare word in front.
    let result = unsafe {
        rpy_vm::protocol::call::vectorcall(
            &*callable,
            words.as_ptr().add(1),
            args.len() | 1 << 63,
            core::ptr::null_mut(),
        )
    };
    match result {
        Ok(value) => value.into_raw(),
        Err(error) => {
            // SAFETY: the exception moves to the thread state.
            thread::current().current_exception.set(Some(unsafe { ObjRef::from_owned_ptr(error.into_raw()) }));
            core::ptr::null_mut()
        }
    }
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

//! Generators that are resumed in a trace.

use rpy_vm::interp::frame::InterpreterFrame;
use rpy_vm::interp::ops::generators::into_generator;
use rpy_vm::interp::stackref::StackRef;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::ObjRef;
use rpy_vm::runtime::thread;
use rpy_vm::types::generator::{PyGenerator, of_frame};

/// See [`PyGenerator::enter`]: 1 if it was done.
///
/// # Safety
/// As there.
pub unsafe extern "C" fn enter(
    generator: *const PyObject,
    previous: *mut InterpreterFrame,
    call: *mut u16,
    offset: u64,
) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        let generator: &PyGenerator = (*generator).cast_unchecked_ref();
        u64::from(generator.enter(thread::current(), previous, call, offset as u16))
    }
}

/// See [`PyGenerator::suspend`]; by the generator's frame.
///
/// # Safety
/// As there.
pub unsafe extern "C" fn suspend(frame: *mut InterpreterFrame, next: *mut u16, sp: *mut StackRef) {
    // SAFETY: the caller's promise.
    unsafe { of_frame(frame).suspend(thread::current(), next, sp) }
}

/// See [`PyGenerator::finish`]; by the generator's frame.
///
/// # Safety
/// As there.
pub unsafe extern "C" fn finish(frame: *mut InterpreterFrame) {
    // SAFETY: the caller's promise.
    unsafe { of_frame(frame).finish(thread::current()) }
}

/// The generator of a frame whose variables are in its memory: owned, or null and an exception. See
/// [`into_generator`](rpy_vm::interp::ops::generators::into_generator).
///
/// # Safety
/// As there.
pub unsafe extern "C" fn make(frame: *mut InterpreterFrame, resume_at: *mut u16) -> *mut PyObject {
    let ts = thread::current();
    // SAFETY: the caller's promise.
    match unsafe { into_generator(ts, frame, resume_at) } {
        Ok(generator) => generator.into_obj().into_raw(),
        Err(error) => {
            // SAFETY: the exception moves to the thread state.
            ts.current_exception.set(Some(unsafe { ObjRef::from_owned_ptr(error.into_raw()) }));
            core::ptr::null_mut()
        }
    }
}

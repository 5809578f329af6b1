//! Generators that are resumed in a trace.

use rpy_vm::interp::frame::InterpreterFrame;
use rpy_vm::interp::ops::generators::into_generator;
use rpy_vm::interp::stackref::StackRef;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::Ref;
use rpy_vm::runtime::thread;
use rpy_vm::types::generator::{PyGenerator, of_frame};

use super::raising;
use crate::runs;

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
    runs::call_returned();
}

/// The generator of a frame whose variables are in its memory: owned, or null and an exception. See
/// [`into_generator`](rpy_vm::interp::ops::generators::into_generator).
///
/// # Safety
/// As there.
pub unsafe extern "C" fn make(frame: *mut InterpreterFrame, resume_at: *mut u16) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let generator = unsafe { into_generator(thread::current(), frame, resume_at) };
    raising(generator.map(Ref::into_obj))
}

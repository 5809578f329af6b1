//! Frames of inlined calls that exist after all, and instructions that the interpreter executes.

use rpy_vm::interp::awaited;
use rpy_vm::interp::frame::{self, InterpreterFrame};
use rpy_vm::interp::single::{Ended, execute_one};
use rpy_vm::interp::stackref::StackRef;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{PyStruct, Ref};
use rpy_vm::runtime::thread::{self, PyThreadState};
use rpy_vm::types::code::PyCode;
use rpy_vm::types::function::PyFunction;

use crate::runs;

/// Makes the frame of a call on top of `previous`, whose call instruction is `call`, and makes it the current one. Its locals are empty. Null,
/// and nothing was done, if there is no room for it.
///
/// # Safety
/// `previous` is the current frame; a live function and a code object that outlives the frame.
pub unsafe extern "C" fn push_frame(
    previous: *mut InterpreterFrame,
    call: *mut u16,
    function: *const PyObject,
    code: *const PyObject,
) -> *mut InterpreterFrame {
    // SAFETY: passed on.
    unsafe {
        push(previous, call, function, code, |ts, func, code| frame::push_frame(ts, func, None, code, 0, previous))
    }
}

/// As [`push_frame`], of the frame of a coroutine that is awaited: `call` is a `SEND`.
///
/// # Safety
/// As there.
pub unsafe extern "C" fn push_awaited(
    previous: *mut InterpreterFrame,
    call: *mut u16,
    function: *const PyObject,
    code: *const PyObject,
) -> *mut InterpreterFrame {
    // SAFETY: passed on.
    unsafe { push(previous, call, function, code, |ts, func, code| awaited::push_frame(ts, func, code, 0, previous)) }
}

/// Makes a frame the current one, which `make` makes.
///
/// # Safety
/// As for [`push_frame`].
#[inline(always)]
unsafe fn push(
    previous: *mut InterpreterFrame,
    call: *mut u16,
    function: *const PyObject,
    code: *const PyObject,
    make: impl FnOnce(&PyThreadState, Ref<PyFunction>, &PyCode) -> *mut InterpreterFrame,
) -> *mut InterpreterFrame {
    let ts = thread::current();
    if ts.py_recursion_remaining.get() <= 0 {
        return core::ptr::null_mut();
    }
    // SAFETY: the caller's promise.
    unsafe {
        let function: &PyFunction = (*function).cast_unchecked_ref();
        let code: &PyCode = (*code).cast_unchecked_ref();
        let frame = make(ts, function.to_ref(), code);
        if !frame.is_null() {
            (*previous).instr_ptr.set(call);
            ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() - 1);
            ts.current_frame.set(frame);
        }
        frame
    }
}

/// Ends a frame that [`push_frame`] made, which has no frame object.
///
/// # Safety
/// It is the current frame, and the topmost of the data stack.
pub unsafe extern "C" fn pop_frame(frame: *mut InterpreterFrame) {
    let ts = thread::current();
    // SAFETY: the caller's promise. What the locals own are boxes of numbers; the rest is the trace's.
    // Of the operand stack nothing is there any more, whatever an instruction has saved last.
    unsafe {
        (*frame).stackpointer.set((*frame).stack_base());
        ts.current_frame.set((*frame).previous.get());
        ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() + 1);
        frame::clear_frame(ts, frame);
    }
}

/// Ends a frame that [`push_frame`] made. Its variables and its operand stack of this depth are in memory.
///
/// # Safety
/// It is the current frame, and the topmost of the data stack.
pub unsafe extern "C" fn end_frame(frame: *mut InterpreterFrame, depth: u64) {
    let ts = thread::current();
    // SAFETY: the caller's promise.
    unsafe {
        (*frame).stackpointer.set((*frame).stack_base().add(depth as usize));
        ts.current_frame.set((*frame).previous.get());
        ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() + 1);
        frame::clear_frame(ts, frame);
    }
}

/// Executes the instruction at `ip`, which is `op` in its general form with this argument: 0; 1 if it jumps; 2 if it raised what the
/// thread has pending, and the operands are gone.
///
/// # Safety
/// As for [`execute_one`].
pub unsafe extern "C" fn execute(
    frame: *mut InterpreterFrame,
    ip: *mut u16,
    sp: *mut StackRef,
    op: u64,
    arg: u64,
) -> u64 {
    // SAFETY: the caller's promise.
    let result = unsafe { execute_one(thread::current(), frame, ip, sp, op as u8, arg as usize) };
    runs::call_returned();
    match result {
        Ok(Ended::Next) => 0,
        Ok(Ended::Jumped) => 1,
        Err(error) => {
            error.restore();
            2
        }
    }
}

//! Exceptions that are raised and caught within a trace.
//!
//! Between an instruction that raises and the handler the exception is pending in the thread state, as it is for C. What the
//! interpreter's unwinding does with a frame (the VM's `interp::unwind`) is done here by one call for each. The handled exception
//! (`sys.exception()`) is always where the interpreter has it.

use rpy_vm::err::PyErr;
use rpy_vm::interp::frame::InterpreterFrame;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::ObjRef;
use rpy_vm::runtime::thread;
use rpy_vm::types::traceback;

use super::frames::end_frame;

/// The pending exception passes through a frame at this instruction, and its traceback grows.
///
/// # Safety
/// A live frame of this thread, which has an exception pending.
pub unsafe extern "C" fn note(frame: *mut InterpreterFrame, ip: *mut u16) {
    // SAFETY: the caller's promise.
    unsafe {
        (*frame).instr_ptr.set(ip);
        if !(*frame).is_incomplete() {
            let error = PyErr::fetch_or_system_error();
            traceback::add_frame(&error, frame);
            error.restore();
        }
    }
}

/// The pending exception leaves a frame, which ends. Its variables and its operand stack of this depth are in memory. `again`: its
/// traceback has the frame already.
///
/// # Safety
/// It is the current frame, and the topmost of the data stack; the thread has an exception pending.
pub unsafe extern "C" fn leave(frame: *mut InterpreterFrame, ip: *mut u16, depth: u64, again: u64) {
    // SAFETY: the caller's promise.
    unsafe {
        if again == 0 {
            note(frame, ip);
        }
        (*frame).instr_ptr.set(ip);
        // Finalizers are not to find an exception that is none of theirs.
        let error = PyErr::fetch_or_system_error();
        end_frame(frame, depth);
        error.restore();
    }
}

/// The pending exception, which is pending no more (owned).
pub extern "C" fn take() -> *mut PyObject {
    PyErr::fetch_or_system_error().into_object().into_raw()
}

/// Makes an exception the pending one.
///
/// # Safety
/// An owned reference to an exception.
pub unsafe extern "C" fn put(exception: *mut PyObject) {
    // SAFETY: the caller's promise.
    PyErr::from_instance(unsafe { ObjRef::from_owned_ptr(exception) }).restore();
}

/// The exception being handled (borrowed), or null.
pub extern "C" fn handled() -> *const PyObject {
    thread::handled_exception().map_or(core::ptr::null(), |exception| exception.as_ptr())
}

/// The exception (borrowed) becomes the one being handled. The one that was handled so far (owned), or `None`.
///
/// # Safety
/// A live exception.
pub unsafe extern "C" fn push_handled(exception: *const PyObject) -> *mut PyObject {
    // SAFETY: the chain's top is never null.
    unsafe {
        let item = &*thread::current().exc_info.get();
        item.exc_value.replace(Some((*exception).new_ref())).unwrap_or_else(rpy_vm::none).into_raw()
    }
}

/// Goes back to the exception that was being handled before, or `None`.
///
/// # Safety
/// An owned reference.
pub unsafe extern "C" fn pop_handled(previous: *mut PyObject) {
    // SAFETY: the caller's promise; the chain's top is never null.
    unsafe {
        let previous = ObjRef::from_owned_ptr(previous);
        let item = &*thread::current().exc_info.get();
        item.exc_value.set(Some(previous).filter(|previous| !rpy_vm::is_none(previous)));
    }
}

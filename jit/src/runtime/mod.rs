//! What compiled code calls: small functions with C's calling convention. None of them unwinds.
//!
//! They run no Python code and look at no frames: they may be called while inlined frames do not exist. What cannot be done so
//! has no effect, and they say it ([`UNSURE`], a null, 0), so that the trace can leave before the instruction. [`table`] describes
//! each to the recorder and the optimizer.

use crate::numpy::arrays;
use rpy_vm::err::{PyErr, PyResult};
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::ObjRef;
use rpy_vm::runtime::thread;

pub mod call;
pub mod dict;
pub mod float;
pub mod frames;
pub mod generator;
pub mod instance;
pub mod iter;
pub mod plain;
pub mod sequence;
pub mod set;
pub mod str;
pub mod table;

/// "The interpreter has to decide."
pub const UNSURE: u64 = 2;

/// Owned, or null: the interpreter has to do it (and raise).
fn attempted(result: PyResult<ObjRef>) -> *mut PyObject {
    result.map_or(core::ptr::null_mut(), ObjRef::into_raw)
}

/// Leaves an exception with the thread, for the guard that raises it.
fn raise(error: PyErr) {
    // SAFETY: the exception moves to the thread state.
    thread::current().current_exception.set(Some(unsafe { ObjRef::from_owned_ptr(error.into_raw()) }));
}

/// Owned, or null with the thread's exception set.
fn raising(result: PyResult<ObjRef>) -> *mut PyObject {
    match result {
        Ok(value) => value.into_raw(),
        Err(error) => {
            raise(error);
            core::ptr::null_mut()
        }
    }
}

/// 1, or 0 with the thread's exception set.
fn done(result: PyResult<()>) -> u64 {
    match result {
        Ok(()) => 1,
        Err(error) => {
            raise(error);
            0
        }
    }
}

//! What compiled code calls: small functions with C's calling convention. None of them unwinds.
//!
//! They run no Python code and look at no frames: they may be called while inlined frames do not exist. What cannot be done so
//! has no effect, and they say it ([`UNSURE`], a null, 0), so that the trace can leave before the instruction. [`table`] describes
//! each to the recorder and the optimizer.

use crate::numpy::arrays;
use crate::numpy::fuse::run;
use rpy_vm::err::{PyErr, PyResult};
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::ObjRef;

pub mod any;
pub mod call;
pub mod dict;
pub mod float;
pub mod frames;
pub mod function;
pub mod generator;
pub mod instance;
pub mod iter;
pub mod plain;
pub mod raise;
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

/// Owned, or null with the thread's exception set.
fn raising(result: PyResult<ObjRef>) -> *mut PyObject {
    result.map_or_else(PyErr::restore_null, ObjRef::into_raw)
}

/// 1, or 0 with the thread's exception set.
fn done(result: PyResult<()>) -> u64 {
    match result {
        Ok(()) => 1,
        Err(error) => {
            error.restore();
            0
        }
    }
}

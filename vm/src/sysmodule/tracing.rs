//! `sys.settrace` and `sys.setprofile`: audited fronts of the eval loop's instrumentation.

use crate::err::PyResult;
use crate::interp::instrument;
use crate::object::{ObjRef, PyObject};

/// Which of the two functions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Trace,
    Profile,
}

/// Sets (or with `None` removes) this thread's trace or profile function.
pub fn set(kind: Kind, function: Option<&PyObject>) -> PyResult<()> {
    match kind {
        Kind::Trace => {
            crate::runtime::audit::audit("sys.settrace", &[])?;
            instrument::set_trace(function)
        }
        Kind::Profile => {
            crate::runtime::audit::audit("sys.setprofile", &[])?;
            instrument::set_profile(function)
        }
    }
}

/// As [`set`], on every thread.
pub fn set_all(kind: Kind, function: Option<&PyObject>) -> PyResult<()> {
    match kind {
        Kind::Trace => instrument::set_trace_all_threads(function),
        Kind::Profile => instrument::set_profile_all_threads(function),
    }
}

/// The present function, or None.
pub fn get(kind: Kind) -> ObjRef {
    match kind {
        Kind::Trace => instrument::get_trace(),
        Kind::Profile => instrument::get_profile(),
    }
}

/// Tells every thread's eval loop to look at its instrumentation.
pub fn changed() {
    instrument::changed();
}

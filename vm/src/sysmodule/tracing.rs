//! `sys.settrace` and `sys.setprofile`: audited fronts of the eval loop's instrumentation.

use crate::err::PyResult;
use crate::interp::instrument;
use crate::object::PyObject;
use crate::runtime::audit;
use crate::runtime::unraisable::write_unraisable;

pub use instrument::legacy::{CTraceFunction, Kind, Threads, get};

fn ask_hooks(kind: Kind) -> PyResult<()> {
    let event = match kind {
        Kind::Trace => "sys.settrace",
        Kind::Profile => "sys.setprofile",
    };
    audit::audit(event, &[])
}

/// Sets (or with NULL removes) this thread's trace or profile function, and what it is called with first.
///
/// # Errors
/// What an audit hook raises.
pub fn set(kind: Kind, function: Option<CTraceFunction>, argument: Option<&PyObject>) -> PyResult<()> {
    ask_hooks(kind)?;
    instrument::legacy::set(Threads::Current, kind, function, argument);
    Ok(())
}

/// As [`set`], on every thread. What an audit hook raises cannot be raised here, and is reported.
pub fn set_all(kind: Kind, function: Option<CTraceFunction>, argument: Option<&PyObject>) {
    // An event for each thread. All are told of before any is set: hooks may let other threads run, and end.
    for _ in instrument::all_threads() {
        if let Err(error) = ask_hooks(kind) {
            let function = match kind {
                Kind::Trace => "PyEval_SetTraceAllThreads",
                Kind::Profile => "PyEval_SetProfileAllThreads",
            };
            return write_unraisable(error, Some(&format!("Exception ignored in {function}")), None);
        }
    }
    instrument::legacy::set(Threads::All, kind, function, argument);
}

/// Tells every thread's eval loop to look at its instrumentation.
pub fn changed() {
    instrument::changed();
}

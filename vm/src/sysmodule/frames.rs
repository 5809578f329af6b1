//! Walking the frames of running threads, for `sys._getframe`, warnings and the like.

use crate::interp::frame::InterpreterFrame;
use crate::object::{ObjRef, PyStruct};
use crate::runtime::thread::{self, PyThreadState};
use crate::types::frame::PyFrame;

/// The frame `depth` calls out from the running Python code; 0 is the innermost.
pub fn nth(depth: usize) -> Option<&'static InterpreterFrame> {
    nth_of(thread::current(), depth)
}

/// As [`nth`], for another thread. The GIL keeps its frames still.
pub fn nth_of(state: &PyThreadState, depth: usize) -> Option<&'static InterpreterFrame> {
    let mut frame = InterpreterFrame::first_complete(state.current_frame.get());
    for _ in 0..depth {
        // SAFETY: the chain of frames is live while its thread is in them, and the thread waits for the GIL.
        let f = unsafe { frame.as_ref() }?;
        frame = InterpreterFrame::first_complete(f.previous.get());
    }
    // SAFETY: as above; callers let go of it before Python code runs on.
    unsafe { frame.as_ref() }
}

/// The caller of a frame.
pub fn caller_of(frame: &InterpreterFrame) -> Option<&'static InterpreterFrame> {
    let previous = InterpreterFrame::first_complete(frame.previous.get());
    // SAFETY: as in `nth_of`.
    unsafe { previous.as_ref() }
}

/// The frame object of a frame, made if need be.
pub fn object_of(frame: &InterpreterFrame) -> ObjRef {
    PyFrame::of(frame).into_obj()
}

/// The globals of the innermost Python frame.
pub fn current_globals() -> Option<ObjRef> {
    nth(0).map(|frame| frame.globals().to_obj())
}

/// The builtins of the running code (as `__builtins__` of new globals), or the module's dict when none runs.
pub fn current_builtins() -> crate::PyResult<ObjRef> {
    match nth(0) {
        Some(frame) => Ok(frame.builtins().to_obj()),
        None => Ok(crate::runtime::sys_state::builtins_dict()?.to_obj()),
    }
}

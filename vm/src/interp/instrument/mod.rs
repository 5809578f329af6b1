//! Tracing, profiling and monitoring: `sys.settrace`, `sys.setprofile`, `sys.monitoring` (PEP 669).
//!
//! Code that nobody watches is never touched. When a tool asks for events, the instructions where they happen are replaced
//! in place by `INSTRUMENTED_*` forms ([`code_data`]); those come to [`execute`], which tells the tools and says what to run.
//! The tools, their callbacks and the events they want stand in `sysmodule::monitoring::STATE`; the functions of `settrace`
//! and `setprofile` are two more tools ([`legacy`]).
//!
//! Code learns of a change lazily: each change gives [`STATE`] a new version and sets a bit in every thread's
//! `eval_breaker`. While any tool is active the bit stays set, so that every function entry compares versions ([`update`]).
//! When no tool is left the bit goes, and code that is still instrumented notices at its next instrumented instruction.

use core::ffi::c_int;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::err::{PyErr, PyResult};
use crate::interp::frame::InterpreterFrame;
use crate::interp::opcode::*;
use crate::object::{ObjRef, PyObject};
use crate::runtime::thread::{self, PyThreadState, breaker};
use crate::sysmodule::monitoring::{STATE, TOOL_COUNT, event};
use crate::types::code::PyCode;
use crate::types::frame::PyFrame;

pub mod code_data;
mod fire;
pub mod legacy;
mod ops;

pub use legacy::watch_opcodes;

/// What [`execute`] gives instead of an opcode when the frame's instruction and stack pointers have changed: they are to be
/// loaded anew.
pub const RELOAD: u8 = CACHE;
/// What [`execute`] gives when it has executed the instruction: as [`RELOAD`], but the frame was at the old instruction last.
pub const DONE: u8 = RESERVED;

/// Is the opcode an instrumented form?
#[inline(always)]
pub const fn is_instrumented(op: u8) -> bool {
    op >= INSTRUMENTED_END_FOR && op <= INSTRUMENTED_LINE
}

/// Does any tool want anything?
pub fn active() -> bool {
    STATE.tools.iter().any(|tool| tool.events.get() != 0) || STATE.has_local_events()
}

/// Whether [`active`] when the events were last changed.
static WATCHED: AtomicBool = AtomicBool::new(false);

/// As [`active`], in less time.
#[inline(always)]
pub fn watched() -> bool {
    WATCHED.load(Ordering::Relaxed)
}

/// What a new thread's `eval_breaker` starts with.
pub fn initial_breaker() -> usize {
    if active() { breaker::INSTRUMENTATION_CHANGED } else { 0 }
}

/// The tools that want `event` from all code: one bit each.
#[inline]
fn global_tools(event: usize) -> u8 {
    let mut tools = 0;
    for (i, tool) in STATE.tools.iter().enumerate() {
        if tool.events.get() & 1 << event != 0 {
            tools |= 1 << i;
        }
    }
    tools
}

/// The tools that want `event` from this code.
fn tools_for(code: &PyCode, event: usize) -> u8 {
    let mut tools = global_tools(event);
    if STATE.has_local_events() {
        for tool in 0..TOOL_COUNT {
            if STATE.local_events(code, tool) & 1 << event != 0 {
                tools |= 1 << tool;
            }
        }
    }
    tools
}

/// The instruction at unit `index` as it was before instrumentation (it may be specialized).
#[inline]
pub fn original_opcode(code: &PyCode, index: usize, op: u8) -> u8 {
    if is_instrumented(op) { code_data::hidden_opcode(code, index, op) } else { op }
}

/// At a safe point of the running frame: brings the code of the thread's frames up to date.
#[cold]
pub fn update(ts: &PyThreadState) {
    thread_local! {
        static SEEN: core::cell::Cell<u32> = const { core::cell::Cell::new(0) };
    }
    if active() {
        ts.eval_breaker.fetch_or(breaker::INSTRUMENTATION_CHANGED, core::sync::atomic::Ordering::Relaxed);
    }
    let version = STATE.version.get();
    let all = SEEN.replace(version) != version;
    let mut frame = ts.current_frame.get();
    // SAFETY: the running thread's frames are live.
    while let Some(f) = unsafe { frame.as_ref() } {
        if f.is_python() {
            // SAFETY: a Python frame.
            code_data::ensure(unsafe { f.code() });
            if !all {
                break;
            }
        }
        frame = f.previous.get();
    }
}

/// Events have changed: all threads' running code is brought up to date at once, and other code when it is entered.
pub fn changed() {
    WATCHED.store(active(), Ordering::Relaxed);
    thread::set_eval_breaker_all(breaker::INSTRUMENTATION_CHANGED);
    for state in all_threads() {
        let mut frame = state.current_frame.get();
        // SAFETY: threads that wait for the GIL keep their frames.
        while let Some(f) = unsafe { frame.as_ref() } {
            if f.is_python() {
                // SAFETY: a Python frame.
                code_data::ensure(unsafe { f.code() });
            }
            frame = f.previous.get();
        }
    }
}

/// Runs the events of an instrumented instruction; gives the opcode to dispatch, or [`RELOAD`]. The frame's instruction and
/// stack pointers are saved; `previous` is the instruction that the frame executed before.
///
/// # Errors
/// What a tool raises.
#[cold]
#[inline(never)]
pub fn execute(
    ts: &PyThreadState,
    frame: *mut InterpreterFrame,
    op: u8,
    arg: usize,
    previous: *mut u16,
) -> PyResult<u8> {
    // SAFETY: the running frame.
    let f = unsafe { &*frame };
    // SAFETY: a Python frame; its code outlives the instruction.
    let code = unsafe { f.code() };
    let at = f.instr_ptr.get();
    let unit = f.lasti() as usize;
    let _ = op;
    code_data::ensure(code);
    let mut current = code_data::opcode_at(code, unit);
    if current == INSTRUMENTED_LINE {
        if ts.tracing.get() == 0 {
            fire::line(ts, f, code, unit, previous)?;
            if f.instr_ptr.get() != at {
                return Ok(RELOAD);
            }
        }
        current = code_data::below_line(code, unit);
    }
    if current == INSTRUMENTED_INSTRUCTION {
        if ts.tracing.get() == 0 {
            fire::instruction(ts, f, code, unit)?;
            if f.instr_ptr.get() != at {
                return Ok(RELOAD);
            }
        }
        current = code_data::below_instruction(code, unit);
    }
    if is_instrumented(current) {
        let result = ops::execute(ts, f, code, unit, current, arg)?;
        if result == DONE {
            return Ok(DONE);
        }
        if f.instr_ptr.get() != at {
            return Ok(RELOAD);
        }
    }
    let base = BASE[current as usize];
    if base == RESUME {
        // Its work is to look for what waits, which INSTRUMENTED_RESUME has done.
        return Ok(NOP);
    }
    code_data::pause_counter(at, base);
    Ok(base)
}

/// Tools for events that cannot be told apart by place.
#[inline]
fn exception_tools(ts: &PyThreadState, event: usize) -> u8 {
    if ts.tracing.get() != 0 { 0 } else { global_tools(event) }
}

/// An exception passes through `frame`. What a tool raises takes its place.
#[inline]
pub fn raised(ts: &PyThreadState, frame: *mut InterpreterFrame, error: PyErr) -> PyErr {
    exception_event(ts, frame, error, event::RAISE)
}

/// An exception is raised again in `frame`.
#[inline]
pub fn reraised(ts: &PyThreadState, frame: *mut InterpreterFrame, error: PyErr) -> PyErr {
    exception_event(ts, frame, error, event::RERAISE)
}

/// An exception is thrown into `frame`, a generator's.
#[inline]
pub fn thrown(ts: &PyThreadState, frame: *mut InterpreterFrame, error: PyErr) -> PyErr {
    exception_event(ts, frame, error, event::PY_THROW)
}

/// Does a tool want to hear of frames that end by an exception?
#[inline]
pub fn wants_unwinding() -> bool {
    global_tools(event::PY_UNWIND) != 0
}

/// `frame` ends by an exception.
#[inline]
pub fn unwound(ts: &PyThreadState, frame: *mut InterpreterFrame, error: PyErr) -> PyErr {
    exception_event(ts, frame, error, event::PY_UNWIND)
}

/// A handler in `frame` takes over. What a tool raises is given back.
#[inline]
pub fn handled(ts: &PyThreadState, frame: *mut InterpreterFrame, error: &PyErr) -> Option<PyErr> {
    let tools = exception_tools(ts, event::EXCEPTION_HANDLED);
    if tools == 0 { None } else { fire::exception(ts, frame, error, event::EXCEPTION_HANDLED, tools).err() }
}

#[inline]
fn exception_event(ts: &PyThreadState, frame: *mut InterpreterFrame, error: PyErr, event: usize) -> PyErr {
    let tools = exception_tools(ts, event);
    if tools == 0 {
        return error;
    }
    match fire::exception(ts, frame, &error, event, tools) {
        Ok(()) => error,
        Err(e) => e,
    }
}

/// Frees a dying code object's instrumentation data.
#[inline]
pub fn free_data(code: &PyCode) {
    if !code.co_monitoring.get().is_null() {
        code_data::free(code);
    }
}

/// The frame object of a frame, for callbacks.
fn frame_object(frame: &InterpreterFrame) -> crate::Ref<PyFrame> {
    PyFrame::of(frame)
}

/// A C function's answer.
fn c_result(result: c_int) -> PyResult<()> {
    if result == 0 { Ok(()) } else { Err(PyErr::fetch_or_system_error()) }
}

/// An offset as tools see it.
fn offset(unit: usize) -> ObjRef {
    crate::types::int::PyInt::from_usize(unit * 2).into_obj()
}

/// All threads' states.
pub(crate) fn all_threads() -> Vec<&'static PyThreadState> {
    let mut states = Vec::new();
    thread::for_each(|state| states.push(state));
    states
}

/// The object itself, or None's.
fn or_none(object: Option<&PyObject>) -> &PyObject {
    object.unwrap_or(crate::none_ref())
}

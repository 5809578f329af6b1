//! `sys.settrace` and `sys.setprofile` as two tools beside those of `sys.monitoring`.
//!
//! The thread state holds a C function and its argument for each, as C code sets them; for functions set from Python, the C
//! functions are trampolines of this file.

use core::ffi::{c_int, c_void};

use super::fire::Event;
use super::{all_threads, c_result, frame_object};
use crate::err::{PyErr, PyResult};
use crate::interp::frame::InterpreterFrame;
use crate::object::{ObjRef, OptRef, PyObject, PyStruct};
use crate::protocol::call;
use crate::runtime::thread::{self, PyThreadState};
use crate::sysmodule::monitoring::{self, STATE, SYS_PROFILE_ID, SYS_TRACE_ID, event};
use crate::types::builtin_function::PyCFunction;
use crate::types::code::PyCode;
use crate::types::descr::method::PyMethodDescr;
use crate::types::frame::PyFrame;
use crate::types::int::PyInt;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// `Py_tracefunc`.
pub type CTraceFunction = unsafe extern "C-unwind" fn(*mut PyObject, *mut PyFrame, c_int, *mut PyObject) -> c_int;

/// `PyTrace_*`.
mod what {
    pub const CALL: i32 = 0;
    pub const EXCEPTION: i32 = 1;
    pub const LINE: i32 = 2;
    pub const RETURN: i32 = 3;
    pub const C_CALL: i32 = 4;
    pub const C_EXCEPTION: i32 = 5;
    pub const C_RETURN: i32 = 6;
    pub const OPCODE: i32 = 7;
}

/// The names under which Python functions get the kinds of events.
const NAMES: [&str; 8] = ["call", "exception", "line", "return", "c_call", "c_exception", "c_return", "opcode"];

const FRAME_EVENTS: u32 = 1 << event::PY_START
    | 1 << event::PY_RESUME
    | 1 << event::PY_RETURN
    | 1 << event::PY_YIELD
    | 1 << event::PY_UNWIND
    | 1 << event::PY_THROW;
const TRACE_EVENTS: u32 =
    FRAME_EVENTS | 1 << event::RAISE | 1 << event::STOP_ITERATION | 1 << event::LINE | 1 << event::JUMP;
const PROFILE_EVENTS: u32 = FRAME_EVENTS | 1 << event::CALL;

/// Has any frame asked for opcode events?
struct OpcodesWanted(core::cell::Cell<bool>);
// SAFETY: touched under the GIL.
unsafe impl Sync for OpcodesWanted {}
static OPCODES_WANTED: OpcodesWanted = OpcodesWanted(core::cell::Cell::new(false));

/// One of the two interfaces.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `sys.settrace`.
    Trace,
    /// `sys.setprofile`.
    Profile,
}

impl Kind {
    /// The C function that calls a Python one, its argument; nothing for None.
    pub fn calling(self, function: Option<&PyObject>) -> (Option<CTraceFunction>, Option<&PyObject>) {
        let function = function.filter(|f| !crate::is_none(f));
        let trampoline: CTraceFunction = match self {
            Kind::Trace => trace_trampoline,
            Kind::Profile => profile_trampoline,
        };
        (function.map(|_| trampoline), function)
    }
}

/// Whose function is set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Threads {
    /// That of the running thread.
    Current,
    /// Those of all threads.
    All,
}

fn slots(ts: &PyThreadState, kind: Kind) -> (&core::cell::Cell<*const c_void>, &OptRef) {
    match kind {
        Kind::Trace => (&ts.c_tracefunc, &ts.c_traceobj),
        Kind::Profile => (&ts.c_profilefunc, &ts.c_profileobj),
    }
}

/// Sets a thread's function, without telling the code.
fn set_in(ts: &PyThreadState, kind: Kind, function: Option<CTraceFunction>, argument: Option<&PyObject>) {
    let (func, object) = slots(ts, kind);
    let old = object.replace(argument.map(PyObject::new_ref));
    func.set(function.map_or(core::ptr::null(), |f| f as *const c_void));
    // Last: this may run code, which may set another function.
    drop(old);
    // A frame that is traced with opcodes already keeps that.
    if kind == Kind::Trace
        && function.is_some()
        && let Some(frame) = crate::sysmodule::frames::nth_of(ts, 0)
        && frame.frame_obj.peek().is_some_and(|f| f.f_trace_opcodes.get())
    {
        OPCODES_WANTED.0.set(true);
    }
}

/// Makes the two tools want what their functions need.
fn refresh() {
    let states = all_threads();
    let mut changed = false;
    for (kind, tool, events) in
        [(Kind::Trace, SYS_TRACE_ID, TRACE_EVENTS), (Kind::Profile, SYS_PROFILE_ID, PROFILE_EVENTS)]
    {
        let used = states.iter().any(|ts| !slots(ts, kind).0.get().is_null());
        let mut events = if used { events } else { 0 };
        if kind == Kind::Trace {
            if !used {
                OPCODES_WANTED.0.set(false);
            } else if OPCODES_WANTED.0.get() {
                events |= 1 << event::INSTRUCTION;
            }
        }
        changed |= STATE.tools[tool].events.replace(events) != events;
    }
    if changed {
        STATE.bump();
    }
}

/// Sets (or with NULL removes) the function of threads, and what it is called with first. No audit hook is asked.
pub fn set(threads: Threads, kind: Kind, function: Option<CTraceFunction>, argument: Option<&PyObject>) {
    match threads {
        Threads::Current => set_in(thread::current(), kind, function, argument),
        Threads::All => all_threads().iter().for_each(|ts| set_in(ts, kind, function, argument)),
    }
    refresh();
}

/// What this thread's function is called with first: for functions set from Python, that function. None if there is none.
pub fn get(kind: Kind) -> ObjRef {
    slots(thread::current(), kind).1.get().unwrap_or_else(crate::none)
}

/// `f_trace_opcodes` was switched on for a frame with a trace function.
pub fn watch_opcodes(_frame: &PyFrame) {
    if !OPCODES_WANTED.0.replace(true) {
        refresh();
    }
}

/// Calls the function of `settrace` or `setprofile`.
fn call_function(ts: &PyThreadState, kind: Kind, frame: &PyFrame, what: i32, arg: &PyObject) -> PyResult<()> {
    let (func, object) = slots(ts, kind);
    if func.get().is_null() {
        return Ok(());
    }
    let argument = object.get();
    let argument_ptr = argument.as_ref().map_or(core::ptr::null_mut(), |o| o.as_raw());
    // SAFETY: the slot holds a function of this type; all arguments are live.
    unsafe {
        let function: CTraceFunction = core::mem::transmute(func.get());
        c_result(function(argument_ptr, frame as *const PyFrame as *mut PyFrame, what, arg.as_ptr()))
    }
}

/// Tells the trace function of a line.
fn trace_line(ts: &PyThreadState, frame: &PyFrame, line: i32) -> PyResult<()> {
    if frame.f_trace.is_null() && ts.c_tracefunc.get() == trace_trampoline as *const c_void
        || !frame.f_trace_lines.get()
    {
        return Ok(());
    }
    frame.f_lineno.set(line);
    let result = call_function(ts, Kind::Trace, frame, what::LINE, crate::none_ref());
    frame.f_lineno.set(0);
    result
}

/// An event for one of the two tools. True: not interested in the place any more.
pub fn notify(
    ts: &PyThreadState,
    frame: &InterpreterFrame,
    code: &PyCode,
    tool: usize,
    e: &Event<'_>,
) -> PyResult<bool> {
    let kind = if tool == SYS_TRACE_ID { Kind::Trace } else { Kind::Profile };
    if slots(ts, kind).0.get().is_null() {
        return Ok(false);
    }
    let object = frame_object(frame);
    let send = |what: i32, arg: &PyObject| call_function(ts, kind, &object, what, arg).map(|()| false);
    match e.event {
        event::PY_START | event::PY_RESUME | event::PY_THROW => send(what::CALL, crate::none_ref()),
        event::PY_RETURN | event::PY_YIELD => send(what::RETURN, e.args[1]),
        event::PY_UNWIND => send(what::RETURN, crate::none_ref()),
        event::RAISE | event::STOP_ITERATION if kind == Kind::Trace => {
            let value = e.args[1];
            let traceback = value
                .downcast_ref::<crate::types::exceptions::PyBaseException>()
                .and_then(|v| v.traceback())
                .unwrap_or_else(crate::none);
            let info = PyTuple::from_slice(&[value.ty().as_object(), value, &traceback]);
            send(what::EXCEPTION, info.as_object())
        }
        event::LINE if kind == Kind::Trace => {
            let line = e.args[0].downcast_ref::<PyInt>().and_then(PyInt::as_i32).unwrap_or(0);
            trace_line(ts, &object, line).map(|()| false)
        }
        event::INSTRUCTION if kind == Kind::Trace => {
            if object.f_trace_opcodes.get() {
                send(what::OPCODE, crate::none_ref())
            } else {
                Ok(false)
            }
        }
        event::JUMP if kind == Kind::Trace => {
            // A jump back to the same line is a new visit to it; others are seen where they land.
            let target = e.args[1].downcast_ref::<PyInt>().and_then(PyInt::as_usize).unwrap_or(0) / 2;
            if target >= e.unit {
                return Ok(true);
            }
            match (code.line_of(e.unit as isize), code.line_of(target as isize)) {
                (Some(from), Some(to)) if from == to => trace_line(ts, &object, to).map(|()| false),
                _ => Ok(true),
            }
        }
        event::CALL | event::C_RETURN | event::C_RAISE if kind == Kind::Profile => {
            let what = match e.event {
                event::CALL => what::C_CALL,
                event::C_RETURN => what::C_RETURN,
                _ => what::C_EXCEPTION,
            };
            let callable = e.args[1];
            if callable.downcast_ref::<PyCFunction>().is_some() {
                return send(what, callable);
            }
            if callable.downcast_exact::<PyMethodDescr>().is_some() {
                // Shown as the built-in method it is for its receiver.
                let this = e.args[2];
                if this.is(&monitoring::missing()) {
                    return Ok(false);
                }
                if let Some(descr_get) = callable.ty().tp_descr_get.get() {
                    // SAFETY: calling the slot as C would.
                    let method = unsafe {
                        ObjRef::from_c_result(descr_get(
                            callable.as_ptr(),
                            this.as_ptr(),
                            this.ty().as_object().as_ptr(),
                        ))?
                    };
                    return send(what, &method);
                }
            }
            Ok(false)
        }
        _ => Ok(false),
    }
}

/// Calls a Python function with frame, event name and argument.
fn call_python(function: &PyObject, frame: &PyFrame, what: c_int, arg: &PyObject) -> PyResult<ObjRef> {
    let name = PyStr::interned(NAMES.get(what as usize).copied().unwrap_or("?"));
    call::call(function, &[frame.as_object(), name.as_object(), arg])
}

/// The C function behind Python trace functions.
unsafe extern "C-unwind" fn trace_trampoline(
    function: *mut PyObject,
    frame: *mut PyFrame,
    what: c_int,
    arg: *mut PyObject,
) -> c_int {
    // SAFETY: the contract of trace functions: live objects, `arg` may be null.
    unsafe {
        let frame = &*frame;
        // A new frame is announced to the thread's function; whatever that returns hears of the rest.
        let callback = if what == what::CALL { function.as_ref().map(PyObject::new_ref) } else { frame.f_trace.get() };
        let Some(callback) = callback else { return 0 };
        let arg = super::or_none(arg.as_ref());
        match call_python(&callback, frame, what, arg) {
            Ok(result) => {
                if !crate::is_none(&result) {
                    frame.f_trace.set(Some(result));
                }
                0
            }
            Err(e) => {
                set(Threads::Current, Kind::Trace, None, None);
                frame.f_trace.take();
                fail(e)
            }
        }
    }
}

/// The C function behind Python profile functions.
unsafe extern "C-unwind" fn profile_trampoline(
    function: *mut PyObject,
    frame: *mut PyFrame,
    what: c_int,
    arg: *mut PyObject,
) -> c_int {
    // SAFETY: as above.
    unsafe {
        let Some(callback) = function.as_ref().map(PyObject::new_ref) else { return 0 };
        match call_python(&callback, &*frame, what, super::or_none(arg.as_ref())) {
            Ok(_) => 0,
            Err(e) => {
                set(Threads::Current, Kind::Profile, None, None);
                fail(e)
            }
        }
    }
}

fn fail(e: PyErr) -> c_int {
    e.restore_int()
}

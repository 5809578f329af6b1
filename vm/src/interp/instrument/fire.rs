//! Telling tools about events.

use super::code_data::{self, Layer};
use super::{legacy, offset};
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::interp::frame::InterpreterFrame;
use crate::interp::opcode::*;
use crate::object::{ObjRef, PyObject, PyStruct};
use crate::protocol::call;
use crate::runtime::thread::PyThreadState;
use crate::sysmodule::monitoring::{self, EVENTS, LOCAL_EVENTS, STATE, SYS_PROFILE_ID, SYS_TRACE_ID, event};
use crate::types::code::PyCode;
use crate::types::int::PyInt;

/// Restores the thread's tracing state.
struct Tracing<'a> {
    ts: &'a PyThreadState,
    what: core::ffi::c_int,
}

impl<'a> Tracing<'a> {
    /// A tool is about to run: no events meanwhile.
    fn enter(ts: &'a PyThreadState, event: usize) -> Tracing<'a> {
        let what = ts.what_event.replace(event as core::ffi::c_int);
        ts.tracing.set(ts.tracing.get() + 1);
        Tracing { ts, what }
    }
}

impl Drop for Tracing<'_> {
    fn drop(&mut self) {
        self.ts.tracing.set(self.ts.tracing.get() - 1);
        self.ts.what_event.set(self.what);
    }
}

/// An event and what the old interface needs to know of it.
pub struct Event<'a> {
    pub event: usize,
    pub unit: usize,
    /// The callback's arguments behind the code object.
    pub args: &'a [&'a PyObject],
}

/// Tells `tools`. A tool may ask to hear no more of a place in the code.
pub fn fire(
    ts: &PyThreadState,
    frame: &InterpreterFrame,
    code: &PyCode,
    tools: u8,
    layer: Layer,
    what: &Event<'_>,
) -> PyResult<()> {
    if tools == 0 || ts.tracing.get() != 0 {
        return Ok(());
    }
    for tool in 0..8usize {
        if tools & 1 << tool == 0 {
            continue;
        }
        let disable = match tool {
            SYS_TRACE_ID | SYS_PROFILE_ID => {
                let _tracing = Tracing::enter(ts, what.event);
                legacy::notify(ts, frame, code, tool, what)?
            }
            _ => {
                let Some(callback) = STATE.callback(tool, what.event) else { continue };
                let mut args: Vec<&PyObject> = Vec::with_capacity(1 + what.args.len());
                args.push(code.as_object());
                args.extend(what.args);
                let _tracing = Tracing::enter(ts, what.event);
                let result = call::call(&callback, &args)?;
                monitoring::disable().is_some_and(|disable| result.is(disable))
            }
        };
        if disable {
            let event = if matches!(what.event, event::C_RETURN | event::C_RAISE) { event::CALL } else { what.event };
            if event < LOCAL_EVENTS {
                code_data::disable(code, what.unit, layer, tool);
            } else {
                STATE.tools[tool].callbacks[what.event].take();
                let name = EVENTS.iter().find(|(_, id)| *id == what.event).map_or("?", |(name, _)| name);
                return Err(exc::value_error(format!("Cannot disable {name} events. Callback removed.")));
            }
        }
    }
    Ok(())
}

/// A new line begins, unless the frame has just been on it.
pub fn line(
    ts: &PyThreadState,
    frame: &InterpreterFrame,
    code: &PyCode,
    unit: usize,
    previous: *mut u16,
) -> PyResult<()> {
    // SAFETY: compared with the bounds below; both pointers lie in the frame's code as a rule.
    let before = unsafe { previous.offset_from(code.code_ptr()) };
    let before = usize::try_from(before).unwrap_or(usize::MAX);
    let Some((line, line_before)) = code_data::line_start(code, unit, before) else { return Ok(()) };
    if line == line_before {
        // A body on the line of its RESUME begins right behind it; anything further on was reached on the same line. Behind
        // a YIELD_VALUE comes what handles an exception that was thrown into the suspended frame.
        match code.original_unit(before).0 {
            RESUME if unit == before + 1 => {}
            YIELD_VALUE => {}
            _ => return Ok(()),
        }
    }
    let tools = code_data::tools_at(code, unit, Layer::Line);
    let number = PyInt::from_i64(i64::from(line));
    fire(ts, frame, code, tools, Layer::Line, &Event { event: event::LINE, unit, args: &[number.as_object()] })
}

/// An instruction is about to be executed.
pub fn instruction(ts: &PyThreadState, frame: &InterpreterFrame, code: &PyCode, unit: usize) -> PyResult<()> {
    let tools = code_data::tools_at(code, unit, Layer::Instruction);
    let at = offset(unit);
    fire(ts, frame, code, tools, Layer::Instruction, &Event { event: event::INSTRUCTION, unit, args: &[&at] })
}

/// An event of an instruction's innermost layer: code, offset and one or two more arguments.
pub fn main(
    ts: &PyThreadState,
    frame: &InterpreterFrame,
    code: &PyCode,
    unit: usize,
    event: usize,
    rest: &[&PyObject],
) -> PyResult<()> {
    main_from(ts, frame, code, unit, unit, event, rest)
}

/// As [`main`], with another offset shown than the instruction's own.
pub fn main_from(
    ts: &PyThreadState,
    frame: &InterpreterFrame,
    code: &PyCode,
    unit: usize,
    shown: usize,
    event: usize,
    rest: &[&PyObject],
) -> PyResult<()> {
    let tools = code_data::tools_at(code, unit, Layer::Main);
    let at: ObjRef = offset(shown);
    let mut args: Vec<&PyObject> = vec![&at];
    args.extend(rest);
    fire(ts, frame, code, tools, Layer::Main, &Event { event, unit, args: &args })
}

/// An exception event: code, offset, exception.
pub fn exception(
    ts: &PyThreadState,
    frame: *mut InterpreterFrame,
    error: &PyErr,
    event: usize,
    tools: u8,
) -> PyResult<()> {
    // SAFETY: a live Python frame.
    let f = unsafe { &*frame };
    // SAFETY: as above.
    let code = unsafe { f.code() };
    let unit = f.lasti().max(0) as usize;
    let at = offset(unit);
    fire(ts, f, code, tools, Layer::Main, &Event { event, unit, args: &[&at, error.object()] })
}

//! The innermost layer of instrumentation: the events of particular instructions.

use super::code_data::{self, Layer};
use super::fire::{self, Event};
use super::offset;
use super::{DONE, RELOAD};
use crate::err::{PyErr, PyResult};
use crate::interp::frame::InterpreterFrame;
use crate::interp::opcode::*;
use crate::interp::pending;
use crate::interp::stackref::StackRef;
use crate::object::{ObjRef, PyObject, PyStruct};
use crate::protocol::{call, object as po, sequence};
use crate::runtime::thread::PyThreadState;
use crate::sysmodule::monitoring::{self, event};
use crate::types::bool_;
use crate::types::code::PyCode;
use crate::types::dict::PyDict;
use crate::types::function::PyFunction;
use crate::types::generator::{as_generator_or_coroutine, stop_with};
use crate::types::method::PyMethod;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// The word `n` below the top of the saved stack.
///
/// # Safety
/// The frame's stack has that many words.
unsafe fn peek(frame: &InterpreterFrame, n: usize) -> StackRef {
    // SAFETY: the caller's promise.
    unsafe { *frame.stackpointer.get().sub(n) }
}

/// # Safety
/// As for [`peek`]; the word is not `NULL`.
unsafe fn peek_obj<'a>(frame: &InterpreterFrame, n: usize) -> &'a PyObject {
    // SAFETY: the caller's promise.
    unsafe { peek(frame, n).get() }
}

/// Replaces the top `n` words by a value, and goes on `units` behind the current instruction.
///
/// # Safety
/// The frame's stack has that many words.
unsafe fn finish(frame: &InterpreterFrame, n: usize, value: ObjRef, units: usize) {
    // SAFETY: the caller's promise; each word is closed once, after it has left the stack.
    unsafe {
        let mut closing = Vec::with_capacity(n);
        for i in 1..=n {
            closing.push(peek(frame, i));
        }
        let sp = frame.stackpointer.get().sub(n);
        *sp = StackRef::owned(value);
        frame.stackpointer.set(sp.add(1));
        frame.instr_ptr.set(frame.instr_ptr.get().add(units));
        for word in closing {
            word.close();
        }
    }
}

/// Runs the events of instruction `op`; [`DONE`] if it has been executed, [`RELOAD`] if a tool has jumped away.
pub fn execute(
    ts: &PyThreadState,
    frame: &InterpreterFrame,
    code: &PyCode,
    unit: usize,
    op: u8,
    arg: usize,
) -> PyResult<u8> {
    let next = unit + 1 + CACHES[op as usize] as usize;
    let tell = |event: usize, rest: &[&PyObject]| fire::main(ts, frame, code, unit, event, rest);
    let jump = |event: usize, shown: usize, target: usize| {
        fire::main_from(ts, frame, code, unit, shown, event, &[&offset(target)])
    };
    // SAFETY: the compiler balances the stack: each instruction finds its operands.
    unsafe {
        match op {
            INSTRUMENTED_RESUME => {
                if arg & 3 < 2 && ts.eval_breaker.load(core::sync::atomic::Ordering::Relaxed) != 0 {
                    pending::handle(ts)?;
                }
                tell(if arg & 3 == 0 { event::PY_START } else { event::PY_RESUME }, &[])?;
            }
            INSTRUMENTED_RETURN_VALUE => tell(event::PY_RETURN, &[peek_obj(frame, 1)])?,
            INSTRUMENTED_YIELD_VALUE => tell(event::PY_YIELD, &[peek_obj(frame, 1)])?,
            INSTRUMENTED_JUMP_FORWARD => jump(event::JUMP, unit, next + arg)?,
            INSTRUMENTED_JUMP_BACKWARD => jump(event::JUMP, unit, next.saturating_sub(arg))?,
            INSTRUMENTED_POP_JUMP_IF_TRUE
            | INSTRUMENTED_POP_JUMP_IF_FALSE
            | INSTRUMENTED_POP_JUMP_IF_NONE
            | INSTRUMENTED_POP_JUMP_IF_NOT_NONE => {
                let value = peek_obj(frame, 1);
                let taken = match op {
                    INSTRUMENTED_POP_JUMP_IF_TRUE => bool_::is_true(value),
                    INSTRUMENTED_POP_JUMP_IF_FALSE => bool_::is_false(value),
                    INSTRUMENTED_POP_JUMP_IF_NONE => crate::is_none(value),
                    _ => !crate::is_none(value),
                };
                if taken {
                    jump(event::BRANCH_RIGHT, unit, next + arg)?;
                }
            }
            INSTRUMENTED_NOT_TAKEN => {
                // It follows a conditional jump with its cache, or the END_SEND of an `async for`.
                let after_jump = unit >= 2
                    && matches!(
                        code.original_unit(unit - 2).0,
                        POP_JUMP_IF_TRUE | POP_JUMP_IF_FALSE | POP_JUMP_IF_NONE | POP_JUMP_IF_NOT_NONE
                    );
                jump(event::BRANCH_LEFT, unit.saturating_sub(if after_jump { 2 } else { 1 }), next)?;
            }
            INSTRUMENTED_FOR_ITER => {
                match po::iter_next(peek_obj(frame, 1))? {
                    Some(value) => {
                        // The tool sees the stack as it was before the instruction.
                        let at = frame.instr_ptr.get();
                        jump(event::BRANCH_LEFT, unit, next)?;
                        if frame.instr_ptr.get() != at {
                            return Ok(RELOAD);
                        }
                        finish(frame, 0, value, next - unit);
                    }
                    // Over END_FOR, to POP_ITER.
                    None => frame.instr_ptr.set(code.code_ptr().add(next + arg + 1)),
                }
                return Ok(DONE);
            }
            INSTRUMENTED_POP_ITER => {
                // The loop's end, but not a `break`.
                if let Some(source) = loop_of(code, unit) {
                    jump(event::BRANCH_RIGHT, source, next)?;
                }
            }
            INSTRUMENTED_END_ASYNC_FOR => {
                if peek_obj(frame, 1).ty().is_subtype(crate::exc::StopAsyncIteration()) {
                    jump(event::BRANCH_RIGHT, next.saturating_sub(arg), next)?;
                }
            }
            INSTRUMENTED_END_FOR | INSTRUMENTED_END_SEND => {
                if as_generator_or_coroutine(peek_obj(frame, 2)).is_some() {
                    let error = stop_with(peek_obj(frame, 1).new_ref());
                    tell(event::STOP_ITERATION, &[error.object()])?;
                }
            }
            INSTRUMENTED_CALL => return plain_call(ts, frame, code, unit, arg, false),
            INSTRUMENTED_CALL_KW => return plain_call(ts, frame, code, unit, arg, true),
            INSTRUMENTED_CALL_FUNCTION_EX => return call_function_ex(ts, frame, code, unit),
            INSTRUMENTED_LOAD_SUPER_ATTR => return load_super_attr(ts, frame, code, unit, arg),
            _ => {}
        }
    }
    Ok(BASE[op as usize])
}

/// The FOR_ITER whose loop ends at the POP_ITER at `unit`.
fn loop_of(code: &PyCode, unit: usize) -> Option<usize> {
    let mut at = 0;
    let mut high = 0usize;
    while at < unit {
        let (op, arg) = code.original_unit(at);
        let arg = high << 8 | arg as usize;
        let next = at + 1 + CACHES[op as usize] as usize;
        if op == FOR_ITER && next + arg + 1 == unit {
            return Some(at);
        }
        high = if op == EXTENDED_ARG { arg } else { 0 };
        at = next;
    }
    None
}

/// Is it called by entering its frame in the loop, so that the end of the call is no event of the caller?
fn is_python_function(callable: &PyObject) -> bool {
    match callable.downcast_exact::<PyMethod>() {
        Some(method) => method.im_func.downcast_exact::<PyFunction>().is_some(),
        None => callable.downcast_exact::<PyFunction>().is_some(),
    }
}

/// The events of a call's end.
fn call_ended(
    ts: &PyThreadState,
    frame: &InterpreterFrame,
    code: &PyCode,
    unit: usize,
    callable: &PyObject,
    first: &PyObject,
    result: PyResult<ObjRef>,
) -> PyResult<ObjRef> {
    let tools = code_data::tools_at(code, unit, Layer::Main);
    let at = offset(unit);
    let event = if result.is_ok() { event::C_RETURN } else { event::C_RAISE };
    let told = fire::fire(ts, frame, code, tools, Layer::Main, &Event { event, unit, args: &[&at, callable, first] });
    told.and(result)
}

/// `CALL` and `CALL_KW`: callable, self or NULL, arguments (and names).
///
/// # Safety
/// The operands are on the frame's stack.
unsafe fn plain_call(
    ts: &PyThreadState,
    frame: &InterpreterFrame,
    code: &PyCode,
    unit: usize,
    argc: usize,
    with_names: bool,
) -> PyResult<u8> {
    // SAFETY: the caller's promise; own references are taken before anything runs.
    unsafe {
        let above = with_names as usize;
        let callable = peek_obj(frame, argc + 2 + above).new_ref();
        let this = peek(frame, argc + 1 + above).opt().map(PyObject::new_ref);
        let mut args: Vec<ObjRef> = this.into_iter().collect();
        for i in 0..argc {
            args.push(peek_obj(frame, argc + above - i).new_ref());
        }
        let missing = monitoring::missing();
        let bound = callable.downcast_exact::<PyMethod>().filter(|_| args.len() == argc);
        let (function, first) = match bound {
            Some(method) => (method.im_func.clone(), method.im_self.clone()),
            None => (callable.clone(), args.first().unwrap_or(&missing).clone()),
        };
        let at = frame.instr_ptr.get();
        fire::main(ts, frame, code, unit, event::CALL, &[&function, &first])?;
        let base = if with_names { CALL_KW } else { CALL };
        if frame.instr_ptr.get() != at {
            return Ok(RELOAD);
        }
        if is_python_function(&callable) {
            return Ok(base);
        }
        let names = if with_names { Some(peek_obj(frame, 1).new_ref()) } else { None };
        let names = names.as_ref().and_then(|n| n.downcast_ref::<PyTuple>());
        let refs: Vec<&PyObject> = args.iter().map(|a| &**a).collect();
        let result = call::call_kw(&callable, &refs, names);
        let value = call_ended(ts, frame, code, unit, &function, &first, result)?;
        finish(frame, argc + 2 + above, value, 1 + CACHES[base as usize] as usize);
        Ok(DONE)
    }
}

/// `f(*args, **kwargs)`: callable, NULL, arguments, keywords or NULL.
///
/// # Safety
/// The operands are on the frame's stack.
unsafe fn call_function_ex(ts: &PyThreadState, frame: &InterpreterFrame, code: &PyCode, unit: usize) -> PyResult<u8> {
    // SAFETY: the caller's promise; own references are taken before anything runs.
    unsafe {
        let callable = peek_obj(frame, 4).new_ref();
        let given = peek_obj(frame, 2).new_ref();
        let kwargs = peek(frame, 1).opt().map(PyObject::new_ref);
        let args = match given.downcast_exact::<PyTuple>() {
            Some(tuple) => tuple.to_ref(),
            None => match sequence::to_tuple(&given) {
                Ok(tuple) => tuple,
                // The instruction itself words the error.
                Err(e) if given.ty().tp_iter.get().is_none() => {
                    drop::<PyErr>(e);
                    return Ok(CALL_FUNCTION_EX);
                }
                Err(e) => return Err(e),
            },
        };
        if !core::ptr::eq(args.as_object(), &*given) {
            // The iterable is used up: the tuple takes its place.
            let slot = frame.stackpointer.get().sub(2);
            let old = *slot;
            *slot = StackRef::new(args.as_object());
            old.close();
        }
        let first = args.get(0).map_or_else(monitoring::missing, PyObject::new_ref);
        let at = frame.instr_ptr.get();
        fire::main(ts, frame, code, unit, event::CALL, &[&callable, &first])?;
        if frame.instr_ptr.get() != at {
            return Ok(RELOAD);
        }
        if is_python_function(&callable) {
            return Ok(CALL_FUNCTION_EX);
        }
        let kwargs = kwargs.as_ref().and_then(|k| k.downcast_ref::<PyDict>());
        let result = call::call_tuple(&callable, &args, kwargs);
        let value = call_ended(ts, frame, code, unit, &callable, &first, result)?;
        finish(frame, 4, value, 1);
        Ok(DONE)
    }
}

/// `LOAD_SUPER_ATTR`: what is called `super`, class, object. The events are those of the call that it stands for.
///
/// # Safety
/// The operands are on the frame's stack.
unsafe fn load_super_attr(
    ts: &PyThreadState,
    frame: &InterpreterFrame,
    code: &PyCode,
    unit: usize,
    arg: usize,
) -> PyResult<u8> {
    // SAFETY: the caller's promise; own references are taken before anything runs.
    unsafe {
        let callable = peek_obj(frame, 3).new_ref();
        let class = peek_obj(frame, 2).new_ref();
        let this = peek_obj(frame, 1).new_ref();
        let two_args = arg & 2 != 0;
        let first = if two_args { class.clone() } else { monitoring::missing() };
        let at = frame.instr_ptr.get();
        fire::main(ts, frame, code, unit, event::CALL, &[&callable, &first])?;
        if frame.instr_ptr.get() != at {
            return Ok(RELOAD);
        }
        let result = if two_args { call::call(&callable, &[&class, &this]) } else { call::call_noargs(&callable) };
        let made = call_ended(ts, frame, code, unit, &callable, &first, result)?;
        let name = code.co_names.get(arg >> 2).and_then(|name| name.downcast_ref::<PyStr>());
        let value =
            po::getattr(&made, name.ok_or_else(|| crate::exc::system_error("LOAD_SUPER_ATTR without a name"))?)?;
        finish(frame, 3, value, 1 + CACHES[LOAD_SUPER_ATTR as usize] as usize);
        if arg & 1 != 0 {
            let sp = frame.stackpointer.get();
            *sp = StackRef::NULL;
            frame.stackpointer.set(sp.add(1));
        }
        Ok(DONE)
    }
}

//! Calls from compiled code to compiled functions.

use core::sync::atomic::Ordering;

use rpy_vm::err::PyResult;
use rpy_vm::interp::call::function_vectorcall;
use rpy_vm::interp::dispatch::eval_above;
use rpy_vm::interp::frame::{self, InterpreterFrame};
use rpy_vm::interp::stackref::StackRef;
use rpy_vm::jit_hooks::{LoopAction, Registers, compiled_entry};
use rpy_vm::object::refs::{ObjRef, PyStruct};
use rpy_vm::runtime::recursion::stack_low;
use rpy_vm::runtime::thread::{self, PyThreadState};
use rpy_vm::types::code::co_flags;
use rpy_vm::types::function::PyFunction;
use rpy_vm::types::method::PyMethod;

use super::frames::execute;
use crate::backend::SaveArea;
use crate::executor::Executor;
use crate::hooks::JIT;
use crate::runs;

/// Units of `CALL`, its cache included.
const CALL_UNITS: u16 = 4;

/// As [`execute`], of a `CALL`. A function whose entry is compiled is entered at once; anything else is left to the interpreter.
///
/// # Safety
/// As for [`execute`].
pub unsafe extern "C" fn call_function(
    frame: *mut InterpreterFrame,
    ip: *mut u16,
    sp: *mut StackRef,
    op: u64,
    argc: u64,
) -> u64 {
    let ts = thread::current();
    // SAFETY: the caller's promise: the words of the callable and of its arguments lie below `sp`.
    unsafe {
        let low = sp.sub(argc as usize + 2);
        let Some(callee) = push_callee(ts, frame, ip, low, argc as usize) else {
            return execute(frame, ip, sp, op, argc);
        };
        let result = run(ts, callee);
        runs::call_returned();
        match result {
            Ok(value) => {
                *low = StackRef::owned(value);
                0
            }
            Err(error) => {
                ts.current_exception.set(Some(ObjRef::from_owned_ptr(error.into_raw())));
                2
            }
        }
    }
}

/// Pushes the frame for a call whose words begin at `low`, and consumes them; `None`, and nothing was done, if the callable is not a compiled
/// function that matches the arguments plainly, or the interpreter should be asked for another reason.
unsafe fn push_callee(
    ts: &PyThreadState,
    frame: *mut InterpreterFrame,
    ip: *mut u16,
    low: *mut StackRef,
    argc: usize,
) -> Option<*mut InterpreterFrame> {
    // SAFETY: live words.
    unsafe {
        let callable = *low;
        let this = *low.add(1);
        let bound = if this.is_null() { callable.get().downcast_exact::<PyMethod>() } else { None };
        let object = bound.map_or(callable.get(), |method| &*method.im_func);
        let function = object.downcast_exact::<PyFunction>()?;
        let code = function.code();
        let has_self = bound.is_some() || !this.is_null();
        let (given, wanted) = (argc + has_self as usize, code.co_argcount as usize);
        let plain = !compiled_entry(code).is_null()
            && function.vectorcall.get().map(|f| f as usize) == Some(function_vectorcall as *const () as usize)
            && code.co_flags & (co_flags::VARARGS | co_flags::VARKEYWORDS) == 0
            && code.co_kwonlyargcount == 0
            // Cells are made before the `RESUME`.
            && code.co_firsttraceable.get() == 0
            && given <= wanted;
        let free = ts.eval_breaker.load(Ordering::Relaxed) == 0
            && ts.py_recursion_remaining.get() > 0
            && frame::has_slots(ts, code.co_framesize as usize)
            && !stack_low(ts);
        if !plain || !free {
            return None;
        }
        let defaults = if given < wanted { function.func_defaults.get() } else { None };
        let count = defaults.as_ref().map_or(0, |d| d.len());
        if given + count < wanted {
            return None;
        }
        let callee = frame::push_frame_in_room(ts, function.to_ref(), code, wanted, frame);
        let first = if let Some(method) = bound {
            *(*callee).local(0) = StackRef::new(&method.im_self);
            low.add(2)
        } else {
            low.add(2 - has_self as usize)
        };
        let start = bound.is_some() as usize;
        for i in start..given {
            *(*callee).local(i) = *first.add(i - start);
        }
        if let Some(defaults) = &defaults {
            for i in given..wanted {
                *(*callee).local(i) = StackRef::new(defaults.items()[i + count - wanted]);
            }
        }
        (*frame).instr_ptr.set(ip);
        (*frame).stackpointer.set(low);
        (*frame).return_offset.set(CALL_UNITS);
        ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() - 1);
        ts.current_frame.set(callee);
        // The callee's frame has references of its own.
        callable.close();
        Some(callee)
    }
}

/// Runs a frame that [`push_callee`] has pushed to its end.
unsafe fn run(ts: &PyThreadState, callee: *mut InterpreterFrame) -> PyResult<ObjRef> {
    // SAFETY: a frame at its function's beginning, whose code is compiled.
    unsafe {
        let code = (*callee).code();
        let executor = compiled_entry(code).cast::<Executor>();
        let at = Registers { thread: ts, frame: callee, instr: code.code_ptr(), sp: (*callee).stack_base() };
        let mut save = SaveArea::new();
        let exit = Executor::run(executor, at, &mut save);
        match JIT.ended(exit, at, &save) {
            LoopAction::Return(value) => {
                ts.current_frame.set((*callee).previous.get());
                ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() + 1);
                (*callee).stackpointer.set((*callee).stack_base());
                frame::clear_frame(ts, callee);
                Ok(value)
            }
            LoopAction::Raise(error) => eval_above(ts, callee, Some(error), false),
            LoopAction::ResumeRecording => eval_above(ts, callee, None, true),
            _ => eval_above(ts, callee, None, false),
        }
    }
}

//! Calls from compiled code to compiled functions.

use core::sync::atomic::Ordering;

use rpy_vm::err::PyResult;
use rpy_vm::interp::awaited;
use rpy_vm::interp::call::function_vectorcall;
use rpy_vm::interp::dispatch::eval_above;
use rpy_vm::interp::frame::{self, InterpreterFrame, few_rounds};
use rpy_vm::interp::opcode::CALL;
use rpy_vm::interp::stackref::StackRef;
use rpy_vm::jit_hooks::{LoopAction, Registers, compiled_entry};
use rpy_vm::object::refs::Ref;
use rpy_vm::runtime::recursion::stack_low;
use rpy_vm::runtime::thread::{self, PyThreadState};
use rpy_vm::types::code::{PyCode, co_flags};
use rpy_vm::types::function::PyFunction;
use rpy_vm::types::method::PyMethod;
use rpy_vm::types::tuple::PyTuple;

use super::frames::execute;
use crate::backend::{RETURNED, SaveArea};
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
    // SAFETY: the caller's promise: the words of the callable and of its arguments lie below `sp`.
    unsafe {
        let low = sp.sub(argc as usize + 2);
        let object = (*low).get();
        let bound = if (*low.add(1)).is_null() { object.downcast_exact::<PyMethod>() } else { None };
        let Some(function) = bound.map_or(object, |method| &*method.im_func).downcast_exact::<PyFunction>() else {
            return execute(frame, ip, sp, op, argc);
        };
        let plain = function.vectorcall.get().map(|f| f as usize) == Some(function_vectorcall as *const () as usize);
        if !plain || !takes_plainly(function.code()) || compiled_entry(function.code()).is_null() {
            return execute(frame, ip, sp, op, argc);
        }
        if let Some(method) = bound {
            // As the interpreter does: the words of a function and its first argument.
            let (function, this) = (StackRef::new(&method.im_func), StackRef::new(&method.im_self));
            *low.add(1) = this;
            core::mem::replace(&mut *low, function).close();
        }
        call_direct(frame, ip, sp, op, argc)
    }
}

/// Are arguments for functions with this code copied into their places one by one?
pub fn takes_plainly(code: &PyCode) -> bool {
    code.co_flags & (co_flags::VARARGS | co_flags::VARKEYWORDS) == 0
        && code.co_kwonlyargcount == 0
        // Cells are made before the `RESUME`, and so are generators.
        && code.co_firsttraceable.get() == 0
}

/// Is that so of a coroutine function? Then its code begins with `RETURN_GENERATOR`, `POP_TOP`, `RESUME`.
pub fn awaits_plainly(code: &PyCode) -> bool {
    code.co_flags & (co_flags::VARARGS | co_flags::VARKEYWORDS) == 0
        && code.co_kwonlyargcount == 0
        && code.has_flag(co_flags::COROUTINE)
        && code.co_firsttraceable.get() == 2
}

/// How many parameters get their defaults, where so many arguments are given. `None`: they do not match.
pub fn defaults_wanted(function: &PyFunction, given: usize) -> Option<usize> {
    let wanted = function.code().co_argcount as usize;
    let missing = wanted.checked_sub(given)?;
    let known = if missing == 0 { 0 } else { function.func_defaults.get().map_or(0, |defaults| defaults.len()) };
    (known >= missing).then_some(missing)
}

/// Moves `given` arguments into a new frame's first variables; the other parameters, `wanted` with these, get their defaults.
///
/// # Safety
/// `first` are as many words, which the frame owns from now on; it has room for all of them, and its variables are empty.
#[inline(always)]
unsafe fn place_arguments(
    callee: *mut InterpreterFrame,
    first: *mut StackRef,
    given: usize,
    wanted: usize,
    defaults: Option<&PyTuple>,
) {
    // SAFETY: the caller's promise.
    unsafe {
        for i in 0..given {
            *(*callee).local(i) = *first.add(i);
            few_rounds();
        }
        if let Some(defaults) = defaults {
            for i in given..wanted {
                *(*callee).local(i) = StackRef::new(defaults.items()[i + defaults.len() - wanted]);
            }
        }
    }
}

/// As [`call_function`], where it is known that the callable is a Python function that [`takes_plainly`].
///
/// # Safety
/// As for [`execute`].
pub unsafe extern "C" fn call_direct(
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
        let function: &PyFunction = (*low).get().cast_unchecked_ref();
        let code = function.code();
        let executor = compiled_entry(code).cast::<Executor>();
        let first = low.add((*low.add(1)).is_null() as usize + 1);
        let (given, wanted) = (sp.offset_from(first) as usize, code.co_argcount as usize);
        let defaults = if given < wanted { function.func_defaults.get() } else { None };
        let known = given + defaults.as_ref().map_or(0, |d| d.len());
        let free = !executor.is_null()
            && given <= wanted
            && known >= wanted
            && ts.eval_breaker.load(Ordering::Relaxed) == 0
            && ts.py_recursion_remaining.get() > 0
            && frame::has_slots(ts, code.co_framesize as usize)
            && !stack_low(ts);
        if !free {
            return execute(frame, ip, sp, op, argc);
        }
        let function: Ref<PyFunction> = (*low).into_owned().cast_unchecked();
        let callee = frame::push_frame_in_room(ts, function, code, wanted, frame);
        place_arguments(callee, first, given, wanted, defaults.as_deref());
        (*frame).instr_ptr.set(ip);
        (*frame).stackpointer.set(low);
        (*frame).return_offset.set(CALL_UNITS);
        ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() - 1);
        ts.current_frame.set(callee);
        let result = run(ts, callee, code, executor);
        runs::call_returned();
        match result {
            Ok(value) => {
                *low = value;
                0
            }
            Err(error) => {
                error.restore();
                2
            }
        }
    }
}

/// `await f(...)`: calls a coroutine function which [`awaits_plainly`] and takes so many arguments, for a frame that awaits it at `send`, at
/// once. 0: it has returned; the operand stack ends with `None` (in the coroutine's place) and the result. 1: it has yielded; the stack
/// ends with the coroutine and the value. 2: it has raised what the thread has pending, at `send`, and the coroutine's place is empty. 3: the
/// call has raised.
///
/// # Safety
/// As for [`execute`], of a `CALL`.
pub unsafe extern "C" fn call_awaited(
    frame: *mut InterpreterFrame,
    ip: *mut u16,
    sp: *mut StackRef,
    send: *mut u16,
    argc: u64,
) -> u64 {
    let ts = thread::current();
    // SAFETY: the caller's promise: the words of the callable and of its arguments lie below `sp`.
    unsafe {
        let low = sp.sub(argc as usize + 2);
        let function: &PyFunction = (*low).get().cast_unchecked_ref();
        let code = function.code();
        let executor = compiled_entry(code).cast::<Executor>();
        let first = low.add((*low.add(1)).is_null() as usize + 1);
        let (given, wanted) = (sp.offset_from(first) as usize, code.co_argcount as usize);
        let missing = defaults_wanted(function, given).filter(|_| ts.py_recursion_remaining.get() > 0);
        let Some(missing) = missing else {
            if execute(frame, ip, sp, CALL.into(), argc) != 2 {
                rpy_vm::exc::system_error("a call that should have raised").restore();
            }
            return 3;
        };
        let defaults = if missing > 0 { function.func_defaults.get() } else { None };
        (*frame).instr_ptr.set(ip);
        let function: Ref<PyFunction> = (*low).into_owned().cast_unchecked();
        let callee = awaited::push_frame(ts, function, code, wanted, frame);
        if callee.is_null() {
            for i in 0..given {
                (*first.add(i)).close();
            }
            rpy_vm::exc::memory_error().restore();
            return 3;
        }
        place_arguments(callee, first, given, wanted, defaults.as_deref());
        (*frame).stackpointer.set(low);
        awaited::wait(&*frame, send);
        let entry = code.code_ptr().add(code.co_firsttraceable.get() as usize);
        (*callee).instr_ptr.set(entry);
        ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() - 1);
        ts.current_frame.set(callee);
        let compiled = !executor.is_null() && ts.eval_breaker.load(Ordering::Relaxed) == 0 && !stack_low(ts);
        let result = match compiled {
            true => run(ts, callee, code, executor),
            false => eval_above(ts, callee, None, false).map(StackRef::owned),
        };
        runs::call_returned();
        match result {
            Ok(value) => {
                let yielded = !(*low).is_borrowed();
                if !yielded {
                    *low = StackRef::new(rpy_vm::none_ref());
                }
                *low.add(1) = value;
                yielded.into()
            }
            Err(error) => {
                error.restore();
                2
            }
        }
    }
}

/// Runs a frame at its function's entry, which is compiled, to its end.
#[inline(always)]
unsafe fn run(
    ts: &PyThreadState,
    callee: *mut InterpreterFrame,
    code: &PyCode,
    executor: *mut Executor,
) -> PyResult<StackRef> {
    // SAFETY: the frame owns its code object.
    unsafe {
        let instr = code.code_ptr().add(code.co_firsttraceable.get() as usize);
        let at = Registers { thread: ts, frame: callee, instr, sp: (*callee).stack_base() };
        let mut save = SaveArea::new();
        let exit = Executor::run_function(executor, at, &mut save);
        if exit != RETURNED {
            return finish(executor, exit, at, &save);
        }
        let value = *at.sp;
        ts.current_frame.set((*callee).previous.get());
        ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() + 1);
        (*callee).stackpointer.set(at.sp);
        frame::clear_frame(ts, callee);
        Ok(value)
    }
}

/// Goes on where a function's compiled code was left.
#[cold]
#[inline(never)]
unsafe fn finish(executor: *mut Executor, exit: u64, at: Registers<'_>, save: &SaveArea) -> PyResult<StackRef> {
    // SAFETY: it has just been left.
    let result = unsafe {
        JIT.function_left(executor, at);
        match JIT.ended(exit, at, save) {
            LoopAction::Raise(error) => eval_above(at.thread, at.frame, Some(error), false),
            LoopAction::RaiseRecording(error) => eval_above(at.thread, at.frame, Some(error), true),
            LoopAction::ResumeRecording => eval_above(at.thread, at.frame, None, true),
            _ => eval_above(at.thread, at.frame, None, false),
        }
    };
    result.map(StackRef::owned)
}

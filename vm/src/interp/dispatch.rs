//! The eval loop.
//!
//! `run` executes frames until the entry frame it was given returns, yields or raises. A call of a Python function pushes
//! a frame and goes on in the same loop; below the first frame lies an *entry frame* on the machine stack whose only
//! instruction leaves the loop, so that returning needs no test for "was that the last one".

use super::frame::{self, InterpreterFrame, owner};
use super::machine::Machine;
use super::opcode::*;
use super::ops;
use super::stackref::StackRef;
use super::unwind::{self, Unwound};
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, Ref};
use crate::runtime::thread::{self, PyThreadState};
use crate::types::code::PyCode;
use crate::types::function::PyFunction;
use crate::types::singletons;

const fn unit(op: u8, arg: u8) -> u16 {
    op as u16 | (arg as u16) << 8
}

/// What entry frames execute: reached at 1 by a return, at 3 by a yield.
static TRAMPOLINE: [u16; 6] = [
    unit(NOP, 0),
    unit(INTERPRETER_EXIT, 0),
    unit(NOP, 0),
    unit(INTERPRETER_EXIT, 0),
    unit(RESUME, 4),
    unit(INTERPRETER_EXIT, 0),
];

/// Distance that a yield skips in the frame it yields to: `SEND` or `FOR_ITER` with its cache.
pub const YIELD_RETURN_OFFSET: usize = 2;

/// An entry frame with room for the one value that comes back.
#[repr(C)]
struct EntryFrame {
    frame: InterpreterFrame,
    stack: [StackRef; 2],
}

/// Executes `frame` until it returns or yields. With `thrown`, the exception is raised at the frame's current instruction.
///
/// # Errors
/// The exception that left the frame; also `RecursionError` and `SystemError` (a fault of the interpreter).
///
/// # Safety
/// `frame` is initialised and owned by the caller's arrangement (data stack or generator); it is consumed.
pub unsafe fn eval_frame(ts: &PyThreadState, frame: *mut InterpreterFrame, thrown: Option<PyErr>) -> PyResult<ObjRef> {
    let mut entry = EntryFrame {
        frame: InterpreterFrame::entry(ts.current_frame.get(), TRAMPOLINE.as_ptr() as *mut u16),
        stack: [StackRef::NULL; 2],
    };
    let entry_ptr = &raw mut entry;
    // SAFETY: the entry frame outlives the run; the frame is the caller's.
    unsafe {
        (*entry_ptr).frame.instr_ptr.set((TRAMPOLINE.as_ptr() as *mut u16).add(1));
        (*entry_ptr).frame.stackpointer.set((&raw mut (*entry_ptr).stack) as *mut StackRef);
        (*frame).previous.set(entry_ptr as *mut InterpreterFrame);
    }
    let mut start_error = thrown;
    let remaining = ts.py_recursion_remaining.get();
    ts.py_recursion_remaining.set(remaining - 1);
    if remaining <= 0 && start_error.is_none() {
        start_error = Some(recursion_error(ts));
    }
    if crate::runtime::recursion::stack_exhausted() && start_error.is_none() {
        start_error = crate::runtime::recursion::check("").err();
    }
    ts.current_frame.set(frame);
    if let Some(error) = start_error.take() {
        start_error = Some(super::instrument::thrown(ts, frame, error));
    }
    let mut machine_frame = frame;
    let result = loop {
        // A Rust panic is a fault of ours: it must not end the process, nor skip the program's own handlers.
        let outcome =
            std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| run(ts, machine_frame, start_error.take())));
        match outcome {
            Ok(result) => break result,
            Err(payload) => {
                let what = payload
                    .downcast_ref::<String>()
                    .map(String::as_str)
                    .or_else(|| payload.downcast_ref::<&str>().copied())
                    .unwrap_or("unknown");
                machine_frame = ts.current_frame.get();
                // The operand stack's state is unknown: what lies above the handler's depth is leaked, never freed twice.
                // SAFETY: the current frame is a live Python frame.
                unsafe { (*machine_frame).stackpointer.set((*machine_frame).stack_base()) };
                start_error = Some(exc::system_error(format!("internal error in the interpreter: {what}")));
            }
        }
    };
    ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() + 1);
    ts.current_frame.set(entry.frame.previous.get());
    result
}

/// `RecursionError` for Python frames. While one is being handled, a little headroom lets handlers run.
#[cold]
#[inline(never)]
pub fn recursion_error(_ts: &PyThreadState) -> PyErr {
    exc::recursion_error("maximum recursion depth exceeded")
}

/// Runs a code object with the given namespaces, as `exec` and `import` do.
///
/// # Errors
/// What the code raises.
pub fn eval_code(code: &PyCode, globals: &PyObject, locals: Option<ObjRef>) -> PyResult<ObjRef> {
    let function = PyFunction::new(code, globals, None);
    eval_code_as(function, code, locals)
}

/// As [`eval_code`], with the function object (closure, builtins) given.
pub fn eval_code_as(function: Ref<PyFunction>, code: &PyCode, locals: Option<ObjRef>) -> PyResult<ObjRef> {
    let ts = thread::current();
    // SAFETY: the frame is pushed here and consumed by eval_frame.
    unsafe {
        let frame = frame::push_frame(ts, function, locals, code, 0, core::ptr::null_mut());
        if frame.is_null() {
            return Err(exc::memory_error());
        }
        eval_frame(ts, frame, None)
    }
}

impl InterpreterFrame {
    /// The frame below the first frame of a run.
    fn entry(previous: *mut InterpreterFrame, code: *mut u16) -> InterpreterFrame {
        // SAFETY: all-zero words are valid for every field; the ones that matter are set right after.
        let frame: InterpreterFrame = unsafe { core::mem::zeroed() };
        frame.f_executable.set(StackRef::NULL);
        frame.f_funcobj.set(StackRef::NULL);
        frame.previous.set(previous);
        frame.instr_ptr.set(code);
        frame.owner.set(owner::INTERPRETER);
        frame
    }
}

/// Executes from `frame` on until an entry frame's `INTERPRETER_EXIT`.
fn run(ts: &PyThreadState, frame: *mut InterpreterFrame, start_error: Option<PyErr>) -> PyResult<ObjRef> {
    // SAFETY: a live frame.
    let mut machine =
        Machine { ts, frame, ip: unsafe { (*frame).instr_ptr.get() }, sp: unsafe { (*frame).stackpointer.get() } };
    let m = &mut machine;
    let mut pending = start_error;
    // Whether `pending` is being re-raised: its traceback knows this frame already.
    let mut reraise = false;

    macro_rules! tri {
        ($e:expr, $l:lifetime) => {
            match $e {
                Ok(value) => value,
                Err(e) => break $l e,
            }
        };
    }

    loop {
        let error: PyErr = 'run: {
            if let Some(e) = pending.take() {
                break 'run e;
            }
            'next: loop {
                // SAFETY: ip points into the running code's units.
                let word = unsafe { *m.ip };
                m.skip(1);
                let mut op = word as u8;
                let mut arg = (word >> 8) as usize;
                'dispatch: loop {
                    match op {
                        // ---- constants, locals, stack ----
                        LOAD_FAST => {
                            // SAFETY: locals hold live references; the compiler proved this one bound.
                            let value = unsafe { m.local(arg).dup() };
                            m.push(value);
                            continue 'next;
                        }
                        LOAD_FAST_BORROW => {
                            // SAFETY: the compiler proved that the local outlives this use.
                            let value = StackRef::borrowed(unsafe { m.local(arg).get() });
                            m.push(value);
                            continue 'next;
                        }
                        LOAD_FAST_BORROW_LOAD_FAST_BORROW => {
                            // SAFETY: as above.
                            let (a, b) = unsafe { (m.local(arg >> 4).get(), m.local(arg & 15).get()) };
                            m.push(StackRef::borrowed(a));
                            m.push(StackRef::borrowed(b));
                            continue 'next;
                        }
                        LOAD_FAST_LOAD_FAST => {
                            // SAFETY: as for LOAD_FAST.
                            let (a, b) = unsafe { (m.local(arg >> 4).dup(), m.local(arg & 15).dup()) };
                            m.push(a);
                            m.push(b);
                            continue 'next;
                        }
                        LOAD_FAST_CHECK => {
                            let value = m.local(arg);
                            if value.is_null() {
                                m.save_ip();
                                break 'run ops::names::unbound_local(m.code(), arg);
                            }
                            // SAFETY: a bound local.
                            m.push(unsafe { value.dup() });
                            continue 'next;
                        }
                        LOAD_FAST_AND_CLEAR => {
                            let value = m.swap_local(arg, StackRef::NULL);
                            m.push(value);
                            continue 'next;
                        }
                        LOAD_CONST | LOAD_CONST_IMMORTAL | LOAD_CONST_MORTAL => {
                            // The code object outlives its frames, and whatever leaves a frame is made owned: borrow.
                            // SAFETY: the index comes from the code itself.
                            let value = unsafe { m.code().constant(arg) };
                            m.push(StackRef::borrowed(value));
                            continue 'next;
                        }
                        LOAD_SMALL_INT => {
                            m.push(StackRef::borrowed(crate::types::int::small_int(arg as isize)));
                            continue 'next;
                        }
                        STORE_FAST => {
                            let value = m.pop();
                            m.save_ip();
                            m.set_local(arg, value);
                            continue 'next;
                        }
                        STORE_FAST_LOAD_FAST => {
                            let value = m.pop();
                            m.save_ip();
                            m.set_local(arg >> 4, value);
                            // SAFETY: the compiler proved the local bound.
                            let value = unsafe { m.local(arg & 15).dup() };
                            m.push(value);
                            continue 'next;
                        }
                        STORE_FAST_STORE_FAST => {
                            m.save_ip();
                            let first = m.pop();
                            m.set_local(arg >> 4, first);
                            let second = m.pop();
                            m.set_local(arg & 15, second);
                            continue 'next;
                        }
                        DELETE_FAST => {
                            m.save_ip();
                            if m.local(arg).is_null() {
                                break 'run ops::names::unbound_local(m.code(), arg);
                            }
                            m.set_local(arg, StackRef::NULL);
                            continue 'next;
                        }
                        POP_TOP | POP_ITER | END_FOR => {
                            m.save_ip();
                            m.drop_top();
                            continue 'next;
                        }
                        END_SEND => {
                            m.save_ip();
                            let value = m.pop();
                            m.drop_top();
                            m.push(value);
                            continue 'next;
                        }
                        PUSH_NULL => {
                            m.push(StackRef::NULL);
                            continue 'next;
                        }
                        COPY => {
                            // SAFETY: stack slots hold live references.
                            let value = unsafe { m.peek(arg).dup() };
                            m.push(value);
                            continue 'next;
                        }
                        SWAP => {
                            let (top, other) = (m.peek(1), m.peek(arg));
                            m.set_peek(1, other);
                            m.set_peek(arg, top);
                            continue 'next;
                        }
                        NOP | NOT_TAKEN | CACHE | RESERVED => continue 'next,
                        EXTENDED_ARG => {
                            // SAFETY: an instruction always follows.
                            let word = unsafe { *m.ip };
                            m.skip(1);
                            op = word as u8;
                            arg = arg << 8 | (word >> 8) as usize;
                            continue 'dispatch;
                        }

                        // ---- jumps ----
                        JUMP_FORWARD => {
                            m.skip(arg);
                            continue 'next;
                        }
                        JUMP_BACKWARD | JUMP_BACKWARD_NO_JIT => {
                            if ts.eval_breaker.load(core::sync::atomic::Ordering::Relaxed) != 0 {
                                m.save_ip();
                                m.save_sp();
                                tri!(super::pending::handle(ts), 'run);
                            }
                            m.skip(1);
                            m.back(arg);
                            continue 'next;
                        }
                        JUMP_BACKWARD_NO_INTERRUPT => {
                            m.back(arg);
                            continue 'next;
                        }
                        POP_JUMP_IF_FALSE => {
                            let condition = m.pop();
                            m.skip(1);
                            if condition.as_ptr() as *const PyObject
                                == &raw const crate::types::bool_::FALSE as *const PyObject
                            {
                                m.skip(arg);
                            }
                            continue 'next;
                        }
                        POP_JUMP_IF_TRUE => {
                            let condition = m.pop();
                            m.skip(1);
                            if condition.as_ptr() as *const PyObject
                                == &raw const crate::types::bool_::TRUE as *const PyObject
                            {
                                m.skip(arg);
                            }
                            continue 'next;
                        }
                        POP_JUMP_IF_NONE => {
                            let value = m.pop();
                            let none = value.as_ptr() as *const PyObject == &raw const singletons::NONE;
                            m.save_ip();
                            // SAFETY: popped.
                            unsafe { value.close() };
                            m.skip(1);
                            if none {
                                m.skip(arg);
                            }
                            continue 'next;
                        }
                        POP_JUMP_IF_NOT_NONE => {
                            let value = m.pop();
                            let none = value.as_ptr() as *const PyObject == &raw const singletons::NONE;
                            m.save_ip();
                            // SAFETY: popped.
                            unsafe { value.close() };
                            m.skip(1);
                            if !none {
                                m.skip(arg);
                            }
                            continue 'next;
                        }

                        // ---- arithmetic, comparison, truth ----
                        BINARY_OP => {
                            m.save_ip();
                            if super::specialize::counter_triggers(m.ip) {
                                super::specialize::binary_op(m.this(), m.peek_obj(2), m.peek_obj(1), arg);
                                op = super::specialize::opcode_at(m.this());
                                if op != BINARY_OP {
                                    continue 'dispatch;
                                }
                            }
                            tri!(ops::arith::binary_op(m, arg), 'run);
                            continue 'next;
                        }
                        BINARY_OP_ADD_INT | BINARY_OP_SUBTRACT_INT | BINARY_OP_MULTIPLY_INT => {
                            if !ops::arith::int_op(m, op) {
                                op = super::specialize::deopt(m.this(), BINARY_OP);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        BINARY_OP_ADD_FLOAT | BINARY_OP_SUBTRACT_FLOAT | BINARY_OP_MULTIPLY_FLOAT => {
                            if !ops::arith::float_op(m, op) {
                                op = super::specialize::deopt(m.this(), BINARY_OP);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        BINARY_OP_EXTEND => {
                            m.save_ip();
                            if !ops::arith::extend(m, arg) {
                                op = super::specialize::deopt(m.this(), BINARY_OP);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        BINARY_OP_ADD_UNICODE => {
                            m.save_ip();
                            match ops::arith::add_unicode(m) {
                                Some(result) => tri!(result, 'run),
                                None => {
                                    op = super::specialize::deopt(m.this(), BINARY_OP);
                                    continue 'dispatch;
                                }
                            }
                            continue 'next;
                        }
                        BINARY_OP_INPLACE_ADD_UNICODE => {
                            m.save_ip();
                            match ops::arith::inplace_add_unicode(m) {
                                Some(result) => tri!(result, 'run),
                                None => {
                                    op = super::specialize::deopt(m.this(), BINARY_OP);
                                    continue 'dispatch;
                                }
                            }
                            continue 'next;
                        }
                        BINARY_OP_SUBSCR_LIST_INT => {
                            if !ops::subscr::list_int(m) {
                                op = super::specialize::deopt(m.this(), BINARY_OP);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        BINARY_OP_SUBSCR_TUPLE_INT => {
                            if !ops::subscr::tuple_int(m) {
                                op = super::specialize::deopt(m.this(), BINARY_OP);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        BINARY_OP_SUBSCR_STR_INT => {
                            if !ops::subscr::str_int(m) {
                                op = super::specialize::deopt(m.this(), BINARY_OP);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        BINARY_OP_SUBSCR_DICT => {
                            m.save_ip();
                            match ops::subscr::dict(m) {
                                Some(result) => tri!(result, 'run),
                                None => {
                                    op = super::specialize::deopt(m.this(), BINARY_OP);
                                    continue 'dispatch;
                                }
                            }
                            continue 'next;
                        }
                        BINARY_OP_SUBSCR_GETITEM => {
                            m.save_ip();
                            match ops::subscr::getitem(m) {
                                Some(result) => tri!(result, 'run),
                                None => {
                                    op = super::specialize::deopt(m.this(), BINARY_OP);
                                    continue 'dispatch;
                                }
                            }
                            continue 'next;
                        }
                        COMPARE_OP => {
                            m.save_ip();
                            if super::specialize::counter_triggers(m.ip) {
                                super::specialize::compare_op(m.this(), m.peek_obj(2), m.peek_obj(1), arg);
                                op = super::specialize::opcode_at(m.this());
                                if op != COMPARE_OP {
                                    continue 'dispatch;
                                }
                            }
                            tri!(ops::arith::compare_op(m, arg), 'run);
                            continue 'next;
                        }
                        COMPARE_OP_INT => {
                            if !ops::arith::compare_int(m, arg) {
                                op = super::specialize::deopt(m.this(), COMPARE_OP);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        COMPARE_OP_FLOAT => {
                            if !ops::arith::compare_float(m, arg) {
                                op = super::specialize::deopt(m.this(), COMPARE_OP);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        COMPARE_OP_STR => {
                            if !ops::arith::compare_str(m, arg) {
                                op = super::specialize::deopt(m.this(), COMPARE_OP);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        IS_OP => {
                            m.save_ip();
                            let right = m.pop();
                            let left = m.pop();
                            let same = left.as_ptr() == right.as_ptr();
                            // SAFETY: popped.
                            unsafe {
                                left.close();
                                right.close();
                            }
                            m.push(ops::arith::bool_ref(same != (arg != 0)));
                            continue 'next;
                        }
                        CONTAINS_OP | CONTAINS_OP_DICT | CONTAINS_OP_SET => {
                            m.save_ip();
                            tri!(ops::arith::contains_op(m, arg), 'run);
                            continue 'next;
                        }
                        TO_BOOL => {
                            m.save_ip();
                            if super::specialize::counter_triggers(m.ip) {
                                super::specialize::to_bool(m.this(), m.peek_obj(1));
                                op = super::specialize::opcode_at(m.this());
                                if op != TO_BOOL {
                                    continue 'dispatch;
                                }
                            }
                            tri!(ops::arith::to_bool(m), 'run);
                            continue 'next;
                        }
                        TO_BOOL_BOOL => {
                            if !crate::types::bool_::is_bool(m.peek_obj(1)) {
                                op = super::specialize::deopt(m.this(), TO_BOOL);
                                continue 'dispatch;
                            }
                            m.skip(3);
                            continue 'next;
                        }
                        TO_BOOL_INT | TO_BOOL_LIST | TO_BOOL_NONE | TO_BOOL_STR | TO_BOOL_ALWAYS_TRUE => {
                            m.save_ip();
                            if !ops::arith::to_bool_special(m, op) {
                                op = super::specialize::deopt(m.this(), TO_BOOL);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        UNARY_NOT => {
                            // The compiler puts TO_BOOL in front: the operand is a bool.
                            let value = m.pop();
                            m.push(ops::arith::bool_ref(
                                value.as_ptr() as *const PyObject
                                    == &raw const crate::types::bool_::FALSE as *const PyObject,
                            ));
                            continue 'next;
                        }
                        UNARY_NEGATIVE => {
                            m.save_ip();
                            tri!(ops::arith::unary(m, crate::protocol::number::negative), 'run);
                            continue 'next;
                        }
                        UNARY_INVERT => {
                            m.save_ip();
                            tri!(ops::arith::unary(m, crate::protocol::number::invert), 'run);
                            continue 'next;
                        }

                        // ---- subscripts ----
                        BINARY_SLICE => {
                            m.save_ip();
                            tri!(ops::subscr::binary_slice(m), 'run);
                            continue 'next;
                        }
                        STORE_SLICE => {
                            m.save_ip();
                            tri!(ops::subscr::store_slice(m), 'run);
                            continue 'next;
                        }
                        STORE_SUBSCR => {
                            m.save_ip();
                            if super::specialize::counter_triggers(m.ip) {
                                super::specialize::store_subscr(m.this(), m.peek_obj(2), m.peek_obj(1));
                                op = super::specialize::opcode_at(m.this());
                                if op != STORE_SUBSCR {
                                    continue 'dispatch;
                                }
                            }
                            tri!(ops::subscr::store_subscr(m), 'run);
                            continue 'next;
                        }
                        STORE_SUBSCR_LIST_INT => {
                            m.save_ip();
                            if !ops::subscr::store_list_int(m) {
                                op = super::specialize::deopt(m.this(), STORE_SUBSCR);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        STORE_SUBSCR_DICT => {
                            m.save_ip();
                            match ops::subscr::store_dict(m) {
                                Some(result) => tri!(result, 'run),
                                None => {
                                    op = super::specialize::deopt(m.this(), STORE_SUBSCR);
                                    continue 'dispatch;
                                }
                            }
                            continue 'next;
                        }
                        DELETE_SUBSCR => {
                            m.save_ip();
                            tri!(ops::subscr::delete_subscr(m), 'run);
                            continue 'next;
                        }

                        // ---- names ----
                        LOAD_GLOBAL => {
                            m.save_ip();
                            if super::specialize::counter_triggers(m.ip) {
                                super::specialize::load_global(m.this(), m.frame(), arg);
                                op = super::specialize::opcode_at(m.this());
                                if op != LOAD_GLOBAL {
                                    continue 'dispatch;
                                }
                            }
                            tri!(ops::names::load_global(m, arg), 'run);
                            continue 'next;
                        }
                        LOAD_GLOBAL_MODULE => {
                            if !ops::names::load_global_module(m, arg) {
                                op = super::specialize::deopt(m.this(), LOAD_GLOBAL);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        LOAD_GLOBAL_BUILTIN => {
                            if !ops::names::load_global_builtin(m, arg) {
                                op = super::specialize::deopt(m.this(), LOAD_GLOBAL);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        LOAD_NAME => {
                            m.save_ip();
                            let value = tri!(ops::names::load_name(m.frame(), arg), 'run);
                            m.push_owned(value);
                            continue 'next;
                        }
                        STORE_NAME => {
                            m.save_ip();
                            let value = m.pop_owned();
                            tri!(ops::names::store_name(m.frame(), arg, value), 'run);
                            continue 'next;
                        }
                        DELETE_NAME => {
                            m.save_ip();
                            tri!(ops::names::delete_name(m.frame(), arg), 'run);
                            continue 'next;
                        }
                        STORE_GLOBAL => {
                            m.save_ip();
                            let value = m.pop_owned();
                            tri!(ops::names::store_global(m.frame(), arg, value), 'run);
                            continue 'next;
                        }
                        DELETE_GLOBAL => {
                            m.save_ip();
                            tri!(ops::names::delete_global(m.frame(), arg), 'run);
                            continue 'next;
                        }
                        LOAD_FROM_DICT_OR_GLOBALS => {
                            m.save_ip();
                            let mapping = m.pop_owned();
                            let value = tri!(ops::names::load_from_dict_or_globals(m.frame(), &mapping, arg), 'run);
                            m.push_owned(value);
                            continue 'next;
                        }
                        LOAD_FROM_DICT_OR_DEREF => {
                            m.save_ip();
                            let mapping = m.pop_owned();
                            let value = tri!(ops::names::load_from_dict_or_deref(m.frame(), &mapping, arg), 'run);
                            m.push_owned(value);
                            continue 'next;
                        }
                        LOAD_LOCALS => {
                            m.save_ip();
                            let value = tri!(ops::names::load_locals(m.frame()), 'run);
                            m.push_owned(value);
                            continue 'next;
                        }
                        LOAD_BUILD_CLASS => {
                            m.save_ip();
                            let value = tri!(ops::names::load_build_class(m.frame()), 'run);
                            m.push_owned(value);
                            continue 'next;
                        }
                        SETUP_ANNOTATIONS => {
                            m.save_ip();
                            tri!(ops::names::setup_annotations(m.frame()), 'run);
                            continue 'next;
                        }
                        LOAD_COMMON_CONSTANT => {
                            m.save_ip();
                            let value = tri!(ops::names::common_constant(arg), 'run);
                            m.push_owned(value);
                            continue 'next;
                        }
                        MAKE_CELL => {
                            let initial = m.swap_local(arg, StackRef::NULL);
                            let cell = ops::names::make_cell(initial);
                            m.swap_local(arg, StackRef::owned(cell));
                            continue 'next;
                        }
                        COPY_FREE_VARS => {
                            ops::names::copy_free_vars(m.frame(), arg);
                            continue 'next;
                        }
                        LOAD_DEREF => {
                            match ops::names::cell_at(m.local(arg)).get() {
                                Some(value) => m.push_owned(value),
                                None => {
                                    m.save_ip();
                                    break 'run ops::names::unbound_deref(m.code(), arg);
                                }
                            }
                            continue 'next;
                        }
                        STORE_DEREF => {
                            m.save_ip();
                            let value = m.pop_owned();
                            ops::names::cell_at(m.local(arg)).set(Some(value));
                            continue 'next;
                        }
                        DELETE_DEREF => {
                            m.save_ip();
                            let cell = ops::names::cell_at(m.local(arg));
                            if cell.get().is_none() {
                                break 'run ops::names::unbound_deref(m.code(), arg);
                            }
                            cell.set(None);
                            continue 'next;
                        }

                        // ---- attributes ----
                        LOAD_ATTR => {
                            m.save_ip();
                            if super::specialize::counter_triggers(m.ip) {
                                super::specialize::attr::load_attr(m.this(), m.code(), m.peek_obj(1), arg);
                                op = super::specialize::opcode_at(m.this());
                                if op != LOAD_ATTR {
                                    continue 'dispatch;
                                }
                            }
                            tri!(ops::attr::load_attr(m, arg), 'run);
                            continue 'next;
                        }
                        LOAD_ATTR_INSTANCE_VALUE => {
                            if !ops::attr::instance_value(m, arg) {
                                op = super::specialize::deopt(m.this(), LOAD_ATTR);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        LOAD_ATTR_MODULE => {
                            if !ops::attr::module_value(m, arg) {
                                op = super::specialize::deopt(m.this(), LOAD_ATTR);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        LOAD_ATTR_SLOT => {
                            if !ops::attr::slot_value(m, arg) {
                                op = super::specialize::deopt(m.this(), LOAD_ATTR);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        LOAD_ATTR_CLASS | LOAD_ATTR_CLASS_WITH_METACLASS_CHECK => {
                            if !ops::attr::class_value(m, arg) {
                                op = super::specialize::deopt(m.this(), LOAD_ATTR);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        LOAD_ATTR_METHOD_NO_DICT | LOAD_ATTR_METHOD_LAZY_DICT | LOAD_ATTR_METHOD_WITH_VALUES => {
                            if !ops::attr::method(m, op) {
                                op = super::specialize::deopt(m.this(), LOAD_ATTR);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        LOAD_ATTR_NONDESCRIPTOR_NO_DICT | LOAD_ATTR_NONDESCRIPTOR_WITH_VALUES => {
                            if !ops::attr::nondescriptor(m, op) {
                                op = super::specialize::deopt(m.this(), LOAD_ATTR);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        LOAD_ATTR_WITH_HINT => {
                            if !ops::attr::with_hint(m, arg) {
                                op = super::specialize::deopt(m.this(), LOAD_ATTR);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        LOAD_ATTR_PROPERTY => {
                            m.save_ip();
                            match ops::attr::property(m) {
                                Some(result) => tri!(result, 'run),
                                None => {
                                    op = super::specialize::deopt(m.this(), LOAD_ATTR);
                                    continue 'dispatch;
                                }
                            }
                            continue 'next;
                        }
                        STORE_ATTR => {
                            m.save_ip();
                            if super::specialize::counter_triggers(m.ip) {
                                super::specialize::attr::store_attr(m.this(), m.code(), m.peek_obj(1), arg);
                                op = super::specialize::opcode_at(m.this());
                                if op != STORE_ATTR {
                                    continue 'dispatch;
                                }
                            }
                            tri!(ops::attr::store_attr(m, arg), 'run);
                            continue 'next;
                        }
                        STORE_ATTR_INSTANCE_VALUE => {
                            m.save_ip();
                            if !ops::attr::store_instance_value(m) {
                                op = super::specialize::deopt(m.this(), STORE_ATTR);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        STORE_ATTR_WITH_HINT => {
                            m.save_ip();
                            if !ops::attr::store_new_value(m, arg) {
                                op = super::specialize::deopt(m.this(), STORE_ATTR);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        STORE_ATTR_SLOT => {
                            m.save_ip();
                            if !ops::attr::store_slot(m) {
                                op = super::specialize::deopt(m.this(), STORE_ATTR);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        DELETE_ATTR => {
                            m.save_ip();
                            tri!(ops::attr::delete_attr(m, arg), 'run);
                            continue 'next;
                        }
                        LOAD_SUPER_ATTR | LOAD_SUPER_ATTR_ATTR | LOAD_SUPER_ATTR_METHOD => {
                            m.save_ip();
                            tri!(ops::attr::load_super_attr(m, arg), 'run);
                            continue 'next;
                        }
                        LOAD_SPECIAL => {
                            m.save_ip();
                            tri!(ops::attr::load_special(m, arg), 'run);
                            continue 'next;
                        }

                        // ---- building ----
                        BUILD_TUPLE => {
                            m.save_ip();
                            tri!(ops::build::tuple(m, arg), 'run);
                            continue 'next;
                        }
                        BUILD_LIST => {
                            m.save_ip();
                            tri!(ops::build::list(m, arg), 'run);
                            continue 'next;
                        }
                        BUILD_SET => {
                            m.save_ip();
                            tri!(ops::build::set(m, arg), 'run);
                            continue 'next;
                        }
                        BUILD_MAP => {
                            m.save_ip();
                            tri!(ops::build::map(m, arg), 'run);
                            continue 'next;
                        }
                        BUILD_STRING => {
                            m.save_ip();
                            tri!(ops::build::string(m, arg), 'run);
                            continue 'next;
                        }
                        BUILD_SLICE => {
                            m.save_ip();
                            ops::build::slice(m, arg);
                            continue 'next;
                        }
                        BUILD_INTERPOLATION => {
                            m.save_ip();
                            tri!(ops::build::interpolation(m, arg), 'run);
                            continue 'next;
                        }
                        BUILD_TEMPLATE => {
                            m.save_ip();
                            tri!(ops::build::template(m), 'run);
                            continue 'next;
                        }
                        FORMAT_SIMPLE => {
                            m.save_ip();
                            tri!(ops::build::format_simple(m), 'run);
                            continue 'next;
                        }
                        FORMAT_WITH_SPEC => {
                            m.save_ip();
                            tri!(ops::build::format_with_spec(m), 'run);
                            continue 'next;
                        }
                        CONVERT_VALUE => {
                            m.save_ip();
                            tri!(ops::build::convert_value(m, arg), 'run);
                            continue 'next;
                        }
                        LIST_APPEND => {
                            m.save_ip();
                            let value = m.pop_owned();
                            tri!(ops::build::list_append(m.peek_obj(arg), value), 'run);
                            continue 'next;
                        }
                        SET_ADD => {
                            m.save_ip();
                            let value = m.pop_owned();
                            tri!(ops::build::set_add(m.peek_obj(arg), value), 'run);
                            continue 'next;
                        }
                        MAP_ADD => {
                            m.save_ip();
                            let value = m.pop_owned();
                            let key = m.pop_owned();
                            tri!(ops::build::map_add(m.peek_obj(arg), key, value), 'run);
                            continue 'next;
                        }
                        LIST_EXTEND => {
                            m.save_ip();
                            let iterable = m.pop_owned();
                            tri!(ops::build::list_extend(m.peek_obj(arg), &iterable), 'run);
                            continue 'next;
                        }
                        SET_UPDATE => {
                            m.save_ip();
                            let iterable = m.pop_owned();
                            tri!(ops::build::set_update(m.peek_obj(arg), &iterable), 'run);
                            continue 'next;
                        }
                        DICT_UPDATE => {
                            m.save_ip();
                            let update = m.pop_owned();
                            tri!(ops::build::dict_update(m.peek_obj(arg), &update), 'run);
                            continue 'next;
                        }
                        DICT_MERGE => {
                            m.save_ip();
                            let update = m.pop_owned();
                            tri!(ops::build::dict_merge(m.peek_obj(arg), &update, m.peek_obj(arg + 3)), 'run);
                            continue 'next;
                        }

                        // ---- unpacking, iteration ----
                        UNPACK_SEQUENCE | UNPACK_SEQUENCE_LIST | UNPACK_SEQUENCE_TUPLE | UNPACK_SEQUENCE_TWO_TUPLE => {
                            m.save_ip();
                            tri!(ops::iter::unpack_sequence(m, arg), 'run);
                            continue 'next;
                        }
                        UNPACK_EX => {
                            m.save_ip();
                            tri!(ops::iter::unpack_ex(m, arg), 'run);
                            continue 'next;
                        }
                        GET_ITER => {
                            m.save_ip();
                            tri!(ops::iter::get_iter(m), 'run);
                            continue 'next;
                        }
                        GET_YIELD_FROM_ITER => {
                            m.save_ip();
                            tri!(ops::generators::get_yield_from_iter(m), 'run);
                            continue 'next;
                        }
                        FOR_ITER => {
                            m.save_ip();
                            if super::specialize::counter_triggers(m.ip) {
                                super::specialize::for_iter(m.this(), m.peek_obj(1));
                                op = super::specialize::opcode_at(m.this());
                                if op != FOR_ITER {
                                    continue 'dispatch;
                                }
                            }
                            tri!(ops::iter::for_iter(m, arg), 'run);
                            continue 'next;
                        }
                        FOR_ITER_RANGE => {
                            if !ops::iter::for_iter_range(m, arg) {
                                op = super::specialize::deopt(m.this(), FOR_ITER);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        FOR_ITER_LIST => {
                            m.save_ip();
                            if !ops::iter::for_iter_list(m, arg) {
                                op = super::specialize::deopt(m.this(), FOR_ITER);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        FOR_ITER_TUPLE => {
                            m.save_ip();
                            if !ops::iter::for_iter_tuple(m, arg) {
                                op = super::specialize::deopt(m.this(), FOR_ITER);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        FOR_ITER_GEN => {
                            m.save_ip();
                            if !ops::generators::for_iter_gen(m, arg) {
                                op = super::specialize::deopt(m.this(), FOR_ITER);
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        GET_LEN => {
                            m.save_ip();
                            let length = tri!(crate::protocol::object::size(m.peek_obj(1)), 'run);
                            m.push_ref(crate::types::int::PyInt::from_usize(length));
                            continue 'next;
                        }

                        // ---- calls ----
                        CALL => {
                            m.save_ip();
                            if super::specialize::counter_triggers(m.ip) {
                                super::specialize::call::call(m.this(), m.peek(arg + 2), m.peek(arg + 1), arg);
                                op = super::specialize::opcode_at(m.this());
                                if op != CALL {
                                    continue 'dispatch;
                                }
                            }
                            tri!(ops::calls::call(m, arg), 'run);
                            continue 'next;
                        }
                        CALL_PY_EXACT_ARGS | CALL_BOUND_METHOD_EXACT_ARGS => {
                            m.save_ip();
                            match ops::calls::call_py_exact(m, op, arg) {
                                Some(result) => tri!(result, 'run),
                                None => {
                                    op = super::specialize::deopt(m.this(), CALL);
                                    continue 'dispatch;
                                }
                            }
                            continue 'next;
                        }
                        CALL_PY_GENERAL | CALL_BOUND_METHOD_GENERAL | CALL_NON_PY_GENERAL => {
                            m.save_ip();
                            tri!(ops::calls::call(m, arg), 'run);
                            continue 'next;
                        }
                        CALL_ALLOC_AND_ENTER_INIT => {
                            m.save_ip();
                            match ops::calls::alloc_and_enter_init(m, arg) {
                                Some(result) => tri!(result, 'run),
                                None => {
                                    op = super::specialize::deopt(m.this(), CALL);
                                    continue 'dispatch;
                                }
                            }
                            continue 'next;
                        }
                        CALL_TYPE_1 | CALL_STR_1 | CALL_TUPLE_1 | CALL_LEN | CALL_ISINSTANCE | CALL_LIST_APPEND => {
                            m.save_ip();
                            match ops::calls::call_known(m, op, arg) {
                                Some(result) => tri!(result, 'run),
                                None => {
                                    op = super::specialize::deopt(m.this(), CALL);
                                    continue 'dispatch;
                                }
                            }
                            continue 'next;
                        }
                        CALL_BUILTIN_O
                        | CALL_BUILTIN_FAST
                        | CALL_BUILTIN_FAST_WITH_KEYWORDS
                        | CALL_METHOD_DESCRIPTOR_NOARGS
                        | CALL_METHOD_DESCRIPTOR_O
                        | CALL_METHOD_DESCRIPTOR_FAST
                        | CALL_METHOD_DESCRIPTOR_FAST_WITH_KEYWORDS
                        | CALL_BUILTIN_CLASS => {
                            m.save_ip();
                            match ops::calls::call_builtin(m, op, arg) {
                                Some(result) => tri!(result, 'run),
                                None => {
                                    op = super::specialize::deopt(m.this(), CALL);
                                    continue 'dispatch;
                                }
                            }
                            continue 'next;
                        }
                        CALL_KW | CALL_KW_PY | CALL_KW_BOUND_METHOD | CALL_KW_NON_PY => {
                            m.save_ip();
                            tri!(ops::calls::call_kw(m, arg), 'run);
                            continue 'next;
                        }
                        CALL_FUNCTION_EX => {
                            m.save_ip();
                            tri!(ops::calls::call_function_ex(m), 'run);
                            continue 'next;
                        }
                        EXIT_INIT_CHECK => {
                            m.save_ip();
                            tri!(ops::calls::exit_init_check(m), 'run);
                            continue 'next;
                        }
                        MAKE_FUNCTION => {
                            m.save_ip();
                            let code = m.pop_owned();
                            m.push_owned(ops::calls::make_function(m.frame(), &code));
                            continue 'next;
                        }
                        SET_FUNCTION_ATTRIBUTE => {
                            m.save_ip();
                            let function = m.pop();
                            let value = m.pop_owned();
                            ops::calls::set_function_attribute(function, value, arg);
                            m.push(function);
                            continue 'next;
                        }
                        RETURN_VALUE => {
                            // The frame's object, if there is one, goes on to show where it ended.
                            m.save_ip();
                            let value = m.pop();
                            // SAFETY: popped; whatever leaves the frame owns its reference.
                            let value = unsafe { value.make_owned() };
                            ops::calls::leave_frame(m);
                            m.push(value);
                            continue 'next;
                        }
                        INTERPRETER_EXIT => {
                            // SAFETY: the value that came back from the frame above.
                            return Ok(unsafe { m.pop().into_owned() });
                        }

                        // ---- generators, coroutines ----
                        RETURN_GENERATOR => {
                            m.save_ip();
                            tri!(ops::generators::return_generator(m), 'run);
                            continue 'next;
                        }
                        YIELD_VALUE => {
                            ops::generators::yield_value(m, arg);
                            continue 'next;
                        }
                        SEND | SEND_GEN => {
                            m.save_ip();
                            tri!(ops::generators::send(m, arg), 'run);
                            continue 'next;
                        }
                        GET_AWAITABLE => {
                            m.save_ip();
                            tri!(ops::generators::get_awaitable(m, arg), 'run);
                            continue 'next;
                        }
                        GET_AITER => {
                            m.save_ip();
                            tri!(ops::generators::get_aiter(m), 'run);
                            continue 'next;
                        }
                        GET_ANEXT => {
                            m.save_ip();
                            let awaitable = tri!(ops::generators::get_anext(m.peek_obj(1)), 'run);
                            m.push_owned(awaitable);
                            continue 'next;
                        }
                        END_ASYNC_FOR => {
                            m.save_ip();
                            if let Some(e) = ops::generators::end_async_for(m) {
                                reraise = true;
                                break 'run e;
                            }
                            continue 'next;
                        }
                        CLEANUP_THROW => {
                            m.save_ip();
                            if let Some(e) = ops::generators::cleanup_throw(m) {
                                reraise = true;
                                break 'run e;
                            }
                            continue 'next;
                        }

                        // ---- exceptions ----
                        RAISE_VARARGS => {
                            m.save_ip();
                            let (e, again) = ops::exceptions::raise_varargs(m, arg);
                            reraise = again;
                            break 'run e;
                        }
                        RERAISE => {
                            m.save_ip();
                            let e = ops::exceptions::reraise(m, arg);
                            reraise = true;
                            break 'run e;
                        }
                        PUSH_EXC_INFO => {
                            ops::exceptions::push_exc_info(m);
                            continue 'next;
                        }
                        POP_EXCEPT => {
                            m.save_ip();
                            ops::exceptions::pop_except(m);
                            continue 'next;
                        }
                        CHECK_EXC_MATCH => {
                            m.save_ip();
                            tri!(ops::exceptions::check_exc_match(m), 'run);
                            continue 'next;
                        }
                        CHECK_EG_MATCH => {
                            m.save_ip();
                            tri!(ops::exceptions::check_eg_match(m), 'run);
                            continue 'next;
                        }
                        WITH_EXCEPT_START => {
                            m.save_ip();
                            let result = tri!(ops::exceptions::with_except_start(m), 'run);
                            m.push_owned(result);
                            continue 'next;
                        }

                        // ---- import, patterns, intrinsics ----
                        IMPORT_NAME => {
                            m.save_ip();
                            let fromlist = m.pop_owned();
                            let level = m.pop_owned();
                            let module = tri!(ops::names::import_name(m.frame(), arg, &fromlist, &level), 'run);
                            m.push_owned(module);
                            continue 'next;
                        }
                        IMPORT_FROM => {
                            m.save_ip();
                            let value = tri!(ops::names::import_from(m.frame(), m.peek_obj(1), arg), 'run);
                            m.push_owned(value);
                            continue 'next;
                        }
                        MATCH_CLASS => {
                            m.save_ip();
                            tri!(ops::pattern::match_class(m, arg), 'run);
                            continue 'next;
                        }
                        MATCH_MAPPING => {
                            let yes = m.peek_obj(1).ty().has_flag(crate::object::flags::MAPPING);
                            m.push(ops::arith::bool_ref(yes));
                            continue 'next;
                        }
                        MATCH_SEQUENCE => {
                            let yes = m.peek_obj(1).ty().has_flag(crate::object::flags::SEQUENCE);
                            m.push(ops::arith::bool_ref(yes));
                            continue 'next;
                        }
                        MATCH_KEYS => {
                            m.save_ip();
                            let values = tri!(ops::pattern::match_keys(m.peek_obj(2), m.peek_obj(1)), 'run);
                            m.push_owned(values);
                            continue 'next;
                        }
                        CALL_INTRINSIC_1 => {
                            m.save_ip();
                            let value = m.pop_owned();
                            let result = tri!(ops::intrinsics::intrinsic1(m.frame(), arg, value), 'run);
                            m.push_owned(result);
                            continue 'next;
                        }
                        CALL_INTRINSIC_2 => {
                            m.save_ip();
                            let second = m.pop_owned();
                            let first = m.pop_owned();
                            let result = tri!(ops::intrinsics::intrinsic2(arg, first, second), 'run);
                            m.push_owned(result);
                            continue 'next;
                        }

                        // ---- start of blocks ----
                        RESUME_CHECK => {
                            if ts.eval_breaker.load(core::sync::atomic::Ordering::Relaxed) != 0 {
                                op = RESUME;
                                continue 'dispatch;
                            }
                            continue 'next;
                        }
                        RESUME => {
                            m.save_ip();
                            if ts.eval_breaker.load(core::sync::atomic::Ordering::Relaxed) == 0 {
                                super::specialize::set_opcode(m.this(), RESUME_CHECK);
                                continue 'next;
                            }
                            m.save_sp();
                            tri!(super::pending::handle_resume(ts, arg), 'run);
                            // Tools may have asked for events meanwhile.
                            op = super::specialize::opcode_at(m.this());
                            if super::instrument::is_instrumented(op) {
                                continue 'dispatch;
                            }
                            continue 'next;
                        }

                        // ---- instrumentation ----
                        INSTRUMENTED_LINE..=254 | INSTRUMENTED_END_FOR..INSTRUMENTED_LINE => {
                            let before = m.frame().instr_ptr.get();
                            m.save_ip();
                            m.save_sp();
                            match super::instrument::execute(ts, m.frame, op, arg, before) {
                                Ok(super::instrument::RELOAD) => {
                                    m.enter(m.frame);
                                    continue 'next;
                                }
                                Ok(super::instrument::DONE) => {
                                    let at = m.this();
                                    m.enter(m.frame);
                                    m.frame().instr_ptr.set(at);
                                    continue 'next;
                                }
                                Ok(next) => {
                                    op = next;
                                    continue 'dispatch;
                                }
                                Err(e) => break 'run e,
                            }
                        }

                        _ => {
                            m.save_ip();
                            break 'run unknown_opcode(op);
                        }
                    }
                }
            }
        };
        // An exception leaves the current instruction.
        m.save_sp();
        let again = core::mem::replace(&mut reraise, false);
        match unwind::unwind(ts, m.frame, error, again.then(|| m.this())) {
            Unwound::Handler(frame, handler) => {
                m.frame = frame;
                m.ip = handler;
                // SAFETY: unwinding left a live frame, whose stack is what the handler expects.
                m.sp = unsafe { (*frame).stackpointer.get() };
            }
            Unwound::Escaped(e) => return Err(e),
        }
    }
}

#[cold]
#[inline(never)]
fn unknown_opcode(op: u8) -> PyErr {
    exc::system_error(format!("unknown opcode {op} ({})", NAMES[op as usize]))
}

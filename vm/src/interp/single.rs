//! Instructions executed one at a time: what compiled code does with an instruction that it has no better way for.
//!
//! The frame exists, and the instruction finds its operands on its operand stack, as ever. Calls of Python functions, which
//! the eval loop would go on in, run to their end in a loop of their own.

use super::dispatch::eval_frames;
use super::frame::InterpreterFrame;
use super::instructions::{Flow, execute};
use super::machine::Machine;
use super::opcode::*;
use super::stackref::StackRef;
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::runtime::thread::PyThreadState;

/// How many words an instruction takes from the operand stack and leaves there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effect {
    pub takes: usize,
    /// Words below those that it looks at, and leaves as they are.
    pub peeks: usize,
    /// Words in the place of those taken. Where the instruction jumps, it leaves one less.
    pub gives: usize,
}

const fn effect(takes: usize, gives: usize) -> Option<Effect> {
    Some(Effect { takes, peeks: 0, gives })
}

const fn peeking(takes: usize, peeks: usize, gives: usize) -> Option<Effect> {
    Some(Effect { takes, peeks, gives })
}

/// The instructions that [`execute_one`] knows, in their general form.
pub fn effect_of(op: u8, arg: usize) -> Option<Effect> {
    match op {
        BINARY_OP | COMPARE_OP | CONTAINS_OP => effect(2, 1),
        TO_BOOL | UNARY_NEGATIVE | UNARY_INVERT | GET_ITER | FORMAT_SIMPLE | CONVERT_VALUE | MAKE_FUNCTION => {
            effect(1, 1)
        }
        BINARY_SLICE => effect(3, 1),
        STORE_SLICE => effect(4, 0),
        STORE_SUBSCR => effect(3, 0),
        DELETE_SUBSCR | STORE_ATTR => effect(2, 0),
        DELETE_ATTR => effect(1, 0),
        // Without the bit that asks for a method: what it gives is one word.
        LOAD_ATTR => effect(1, 1),
        LOAD_SUPER_ATTR => effect(3, 1),
        FORMAT_WITH_SPEC | SET_FUNCTION_ATTRIBUTE | CALL_INTRINSIC_2 | IMPORT_NAME => effect(2, 1),
        BUILD_TUPLE | BUILD_LIST | BUILD_SET | BUILD_STRING | BUILD_SLICE => effect(arg, 1),
        BUILD_MAP => effect(2 * arg, 1),
        SET_ADD | LIST_EXTEND | SET_UPDATE | DICT_UPDATE => peeking(1, arg, 0),
        LIST_APPEND => peeking(1, arg, 0),
        MAP_ADD => peeking(2, arg, 0),
        DICT_MERGE => peeking(1, arg + 3, 0),
        UNPACK_SEQUENCE => effect(1, arg),
        UNPACK_EX => effect(1, (arg & 255) + 1 + (arg >> 8)),
        FOR_ITER | GET_LEN | IMPORT_FROM => peeking(0, 1, 1),
        CALL => effect(arg + 2, 1),
        CALL_KW => effect(arg + 3, 1),
        CALL_FUNCTION_EX => effect(4, 1),
        CALL_INTRINSIC_1 => effect(1, 1),
        // It gives nothing, since it never ends but with an exception. (Without an operand it raises again what has a traceback.)
        RAISE_VARARGS if arg > 0 => effect(arg, 0),
        WITH_EXCEPT_START => peeking(0, 5, 1),
        LOAD_COMMON_CONSTANT | LOAD_BUILD_CLASS | LOAD_GLOBAL => effect(0, 1),
        _ => None,
    }
}

/// How an instruction ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    Next,
    /// An iterator that is exhausted.
    Jumped,
}

macro_rules! general_forms {
    ($m:ident, $op:ident, $arg:ident: $($name:ident)*) => {
        match $op {
            $($name => execute::<$name, false>($m, $arg),)*
            _ => Flow::Raise(exc::system_error("an instruction that is not executed alone")),
        }
    };
}

#[inline(never)]
fn dispatch(m: &mut Machine<'_>, op: u8, arg: usize) -> Flow {
    general_forms!(m, op, arg:
        BINARY_OP COMPARE_OP CONTAINS_OP TO_BOOL UNARY_NEGATIVE UNARY_INVERT GET_ITER FORMAT_SIMPLE CONVERT_VALUE MAKE_FUNCTION
        BINARY_SLICE STORE_SLICE STORE_SUBSCR DELETE_SUBSCR STORE_ATTR DELETE_ATTR LOAD_ATTR LOAD_SUPER_ATTR FORMAT_WITH_SPEC
        SET_FUNCTION_ATTRIBUTE CALL_INTRINSIC_2 IMPORT_NAME BUILD_TUPLE BUILD_LIST BUILD_SET BUILD_STRING BUILD_SLICE BUILD_MAP
        SET_ADD LIST_EXTEND SET_UPDATE DICT_UPDATE LIST_APPEND MAP_ADD DICT_MERGE UNPACK_SEQUENCE UNPACK_EX FOR_ITER GET_LEN
        IMPORT_FROM CALL CALL_KW CALL_FUNCTION_EX CALL_INTRINSIC_1 LOAD_COMMON_CONSTANT LOAD_BUILD_CLASS LOAD_GLOBAL
        RAISE_VARARGS WITH_EXCEPT_START)
}

/// Executes the instruction at `ip` of a frame, whose operand stack ends at `sp`. What it leaves owns its objects. If it raises, the
/// words that it takes are gone.
///
/// # Errors
/// What the instruction raises.
///
/// # Safety
/// `frame` is the thread's current frame, a Python frame; `ip` is the unit of an instruction of its code, which is `op` in its general
/// form with this argument, and one that [`effect_of`] knows; the words that it takes and looks at lie below `sp`.
pub unsafe fn execute_one(
    ts: &PyThreadState,
    frame: *mut InterpreterFrame,
    ip: *mut u16,
    sp: *mut StackRef,
    op: u8,
    arg: usize,
) -> PyResult<Ended> {
    let takes = effect_of(op, arg).map_or(0, |e| e.takes);
    // SAFETY: the caller's promise.
    unsafe {
        let low = sp.sub(takes);
        let mut m = Machine { ts, frame, ip: ip.add(1), sp };
        let mut ended = Ended::Next;
        let result = match dispatch(&mut m, op, arg) {
            Flow::Next if m.frame == frame => {
                if op == FOR_ITER && m.ip != ip.add(2) {
                    ended = Ended::Jumped;
                }
                Ok(())
            }
            Flow::Next => {
                // A Python function was entered. The new loop counts its first frame itself.
                ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() + 1);
                let callee = m.frame;
                // Of a class, with a small frame below it.
                let mut outermost = callee;
                while (*outermost).previous.get() != frame {
                    outermost = (*outermost).previous.get();
                }
                m.frame = frame;
                m.sp = (*frame).stackpointer.get();
                ts.current_frame.set(frame);
                eval_frames(ts, outermost, callee, None).map(|value| m.push_owned(value))
            }
            Flow::Raise(error) | Flow::Reraise(error) => Err(error),
            Flow::Again(..) | Flow::Deoptimize(_) | Flow::Exit(_) | Flow::Hot => {
                Err(exc::system_error("an instruction that is not executed alone"))
            }
        };
        settle(low, m.sp, result)?;
        Ok(ended)
    }
}

/// Makes the words from `low` on own what they hold; or drops them, after an error.
unsafe fn settle(low: *mut StackRef, end: *mut StackRef, result: PyResult<()>) -> Result<(), PyErr> {
    let mut at = low;
    // SAFETY: live words, each visited once.
    unsafe {
        while at < end {
            match &result {
                Ok(()) if (*at).is_null() => {}
                Ok(()) => *at = (*at).make_owned(),
                Err(_) => (*at).close(),
            }
            at = at.add(1);
        }
    }
    result
}

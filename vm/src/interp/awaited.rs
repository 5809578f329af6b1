//! Coroutines that are awaited as they are made (`await f()`), and generators that are delegated to at once (`yield from g()`): they
//! run as calls.
//!
//! Nobody but the frame that waits for it has such a coroutine, on top of its operand stack, and it takes no notice. So it need not exist:
//! the frame of the call goes on where it lies, on the data stack, owned by [`owner::AWAITED`], and what stands in the coroutine's
//! place is `None`. If it returns, or raises, there never was one. When it yields ([`exist`]), or is asked for its coroutine
//! ([`generator_of`]), that is made.
//!
//! ```text
//!   caller      instr_ptr: SEND          stack: ..., None        (in the coroutine's place)
//!   frame       header | locals | operand stack | exceptions handled | the coroutine, once somebody has asked for it
//!                                                 `Extra`
//! ```
//!
//! Where tools watch, or where the origin of coroutines is to be noted, they are made at once.

use super::frame::{self, InterpreterFrame, owner};
use super::instrument::{self, is_instrumented};
use super::opcode::{self, GET_AWAITABLE, GET_YIELD_FROM_ITER, LOAD_CONST, SEND, YIELD_VALUE};
use super::stackref::StackRef;
use crate::err::PyResult;
use crate::exc;
use crate::object::refs::{OptRef, Ref};
use crate::runtime::thread::{ExcStackItem, PyThreadState};
use crate::types::code::{PyCode, co_flags};
use crate::types::coroutine::origin;
use crate::types::function::PyFunction;
use crate::types::generator::{self, PyGenerator};

/// Units of `SEND`, its cache included.
const SEND_UNITS: usize = 2;

/// What lies behind such a frame's operand stack.
#[repr(C)]
struct Extra {
    /// The exception that its code is handling; linked into the thread's chain.
    handled: ExcStackItem,
    /// The coroutine, if somebody has asked for it.
    generator: OptRef<PyGenerator>,
}

/// Words of [`Extra`].
pub const EXTRA_SLOTS: usize = size_of::<Extra>() / 8;

/// # Safety
/// A live frame with room for it behind.
#[inline(always)]
unsafe fn extra<'a>(frame: *mut InterpreterFrame) -> &'a Extra {
    // SAFETY: the caller's promise.
    unsafe { &*((frame as *mut StackRef).add((*frame).code().co_framesize as usize) as *const Extra) }
}

/// The `SEND` by which a caller, which goes on at this instruction, takes a coroutine or generator that a call of a function with this code
/// makes. `None`: it does something else with it.
///
/// # Safety
/// An instruction of the caller's code.
#[inline(always)]
pub unsafe fn send_behind(code: &PyCode, next: *mut u16) -> Option<*mut u16> {
    const PLAIN: i32 = co_flags::GENERATOR | co_flags::COROUTINE | co_flags::ITERABLE_COROUTINE;
    let wanted = match code.co_flags & PLAIN {
        co_flags::COROUTINE => GET_AWAITABLE,
        co_flags::GENERATOR => GET_YIELD_FROM_ITER,
        _ => return None,
    };
    // SAFETY: the compiler puts these instructions behind the first of them, and a function's end behind all.
    unsafe {
        let unit = |n: usize| (*next.add(n)).to_le_bytes();
        let is = |n: usize, op: u8| opcode::BASE[unit(n)[0] as usize] == op && !is_instrumented(unit(n)[0]);
        let waits = is(0, wanted) && is(1, LOAD_CONST) && is(2, SEND) && unit(2 + SEND_UNITS) == [YIELD_VALUE, 1];
        waits.then(|| next.add(2))
    }
}

/// The `SEND` at which the caller of a frame, which is about to become a coroutine or generator, waits for it at once. `None`: it is to be
/// made.
///
/// # Safety
/// A live frame at its `RETURN_GENERATOR`, called by a live frame.
#[inline(always)]
pub unsafe fn waiting_send(ts: &PyThreadState, frame: *mut InterpreterFrame) -> Option<*mut u16> {
    // SAFETY: the caller's promise.
    unsafe {
        let caller = &*(*frame).previous.get();
        if !matches!(caller.owner.get(), owner::GENERATOR | owner::AWAITED) {
            return None;
        }
        let send = send_behind((*frame).code(), caller.instr_ptr.get().add(caller.return_offset.get() as usize))?;
        let quiet = !instrument::watched() && ts.coroutine_origin_tracking_depth.get() == 0;
        (quiet && frame::has_slots(ts, EXTRA_SLOTS)).then_some(send)
    }
}

/// How far behind a `SEND` its frame goes on when what it waits for returns.
///
/// # Safety
/// A `SEND` without a prefix.
#[inline(always)]
pub unsafe fn distance(send: *mut u16) -> usize {
    // SAFETY: the caller's promise.
    SEND_UNITS + unsafe { *send >> 8 } as usize
}

/// The frame goes on as that of a coroutine for which its caller waits at `send`. What its code expects to be sent is the caller's to give.
///
/// # Safety
/// As for [`waiting_send`], which has said so. The caller's stack pointer is saved.
#[inline(always)]
pub unsafe fn begin(ts: &PyThreadState, frame: *mut InterpreterFrame, send: *mut u16) {
    // SAFETY: the caller's promise: there is room behind the frame.
    unsafe {
        wait(&*(*frame).previous.get(), send);
        let slots = ts.datastack_top.get() as *mut StackRef;
        ts.datastack_top.set(slots.add(EXTRA_SLOTS) as *mut _);
        link(ts, frame);
    }
}

/// A frame begins to wait at `send` for the one that it has called.
///
/// # Safety
/// A live frame whose stack pointer is saved. There is room on its stack, where the callable was.
#[inline(always)]
pub unsafe fn wait(caller: &InterpreterFrame, send: *mut u16) {
    // SAFETY: the caller's promise.
    unsafe {
        let sp = caller.stackpointer.get();
        *sp = StackRef::borrowed(crate::none_ref());
        caller.stackpointer.set(sp.add(1));
        caller.instr_ptr.set(send);
        caller.return_offset.set(distance(send) as u16);
    }
}

/// The frame, behind which there is room, becomes one that is awaited.
///
/// # Safety
/// The topmost frame of the data stack.
#[inline(always)]
unsafe fn link(ts: &PyThreadState, frame: *mut InterpreterFrame) {
    // SAFETY: the caller's promise.
    unsafe {
        let extra: *const Extra = extra(frame);
        (&raw const (*extra).handled.exc_value as *mut OptRef).write(OptRef::NULL);
        (&raw const (*extra).generator as *mut OptRef<PyGenerator>).write(OptRef::NULL);
        (*extra).handled.previous_item.set(ts.exc_info.get());
        ts.exc_info.set(&raw const (*extra).handled as *mut ExcStackItem);
        (*frame).owner.set(owner::AWAITED);
    }
}

/// Is the frame of a call, whose code stands at this instruction, one that is awaited: behind its `RETURN_GENERATOR`?
///
/// # Safety
/// An instruction of the code.
pub unsafe fn is_behind_beginning(code: &PyCode, instr: *mut u16) -> bool {
    const KINDS: i32 = co_flags::GENERATOR | co_flags::COROUTINE | co_flags::ASYNC_GENERATOR;
    // The `RESUME` comes third: what was sent is dropped before.
    // SAFETY: the caller's promise.
    code.co_flags & KINDS != 0
        && unsafe { instr.offset_from(code.code_ptr()) } >= code.co_firsttraceable.get() as isize - 1
}

/// As [`frame::push_frame`], of a frame that is awaited.
///
/// # Safety
/// As there; the caller stands in its `SEND`.
pub unsafe fn push_frame(
    ts: &PyThreadState,
    func: Ref<PyFunction>,
    code: &PyCode,
    nlocals_set: usize,
    previous: *mut InterpreterFrame,
) -> *mut InterpreterFrame {
    let at = frame::push_slots(ts, code.co_framesize as usize + EXTRA_SLOTS) as *mut InterpreterFrame;
    if !at.is_null() {
        // SAFETY: the slots were reserved.
        unsafe {
            frame::init_frame(at, func, None, code, nlocals_set, previous);
            link(ts, at);
        }
    }
    at
}

/// Is there nothing to be done at the frame's end but to unlink it? Then that is done.
///
/// # Safety
/// An awaited frame that ends.
#[inline(always)]
pub unsafe fn unlink_plainly(ts: &PyThreadState, frame: *mut InterpreterFrame) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let extra = extra(frame);
        let plain = extra.handled.exc_value.is_null() && extra.generator.is_null();
        if plain {
            ts.exc_info.set(extra.handled.previous_item.get());
        }
        plain
    }
}

/// Ends a frame that has returned or raised: see [`frame::clear_frame`].
///
/// # Safety
/// As there.
#[inline(never)]
pub unsafe fn clear_frame(ts: &PyThreadState, frame: *mut InterpreterFrame) {
    // SAFETY: the caller's promise.
    unsafe {
        let extra = extra(frame);
        ts.exc_info.set(extra.handled.previous_item.get());
        if let Some(promised) = extra.generator.take() {
            promised.forget_frame();
        }
        // As with a generator's: a frame object that goes on does not hold those that ran last.
        (*frame).previous.set(core::ptr::null_mut());
        frame::leave_to_object_or_clear(frame);
        extra.handled.exc_value.take();
        frame::pop_slots(ts, frame as *mut StackRef);
    }
}

/// The coroutine or generator of a running frame comes into being, for the frame is about to yield: it moves there, and is the thread's
/// current one. It comes onto the operand stack of the frame that waits for it.
///
/// # Errors
/// `MemoryError`, and nothing was done.
///
/// # Safety
/// The thread's current frame, the topmost of its data stack, and awaited. Its instruction and stack pointers are saved.
#[cold]
#[inline(never)]
pub unsafe fn exist(ts: &PyThreadState, frame: *mut InterpreterFrame) -> PyResult<()> {
    // SAFETY: the caller's promise; everything that the frame owned moves.
    unsafe {
        let extra = extra(frame);
        let generator = match extra.generator.take() {
            Some(promised) => {
                promised.fulfil(frame);
                promised
            }
            None => {
                let made = generator::from_frame(frame, (*frame).instr_ptr.get());
                if made.is_null() {
                    return Err(exc::memory_error());
                }
                Ref::from_owned_ptr(made)
            }
        };
        let depth = ts.coroutine_origin_tracking_depth.get();
        if depth > 0 && generator.is_coroutine() {
            generator.gi_origin_or_finalizer.set(Some(origin(depth as usize, (*frame).previous.get())));
        }
        generator.gi_frame_state.set(generator::state::EXECUTING);
        generator.gi_exc_state.exc_value.set(extra.handled.exc_value.take());
        generator.gi_exc_state.previous_item.set(extra.handled.previous_item.get());
        ts.exc_info.set(&raw const generator.gi_exc_state as *mut ExcStackItem);
        let caller = (*frame).previous.get();
        generator.gi_iframe.previous.set(caller);
        ts.current_frame.set(generator.iframe());
        frame::pop_slots(ts, frame as *mut StackRef);
        *(*caller).stackpointer.get().sub(1) = StackRef::owned_from(generator);
        Ok(())
    }
}

/// The coroutine or generator of a running frame, for somebody who asks for it. Its frame object is that of the frame.
///
/// # Errors
/// `MemoryError`.
///
/// # Safety
/// A live frame that is awaited, and has a frame object.
pub unsafe fn generator_of(frame: *mut InterpreterFrame) -> PyResult<Ref<PyGenerator>> {
    // SAFETY: the caller's promise.
    unsafe {
        let extra = extra(frame);
        if extra.generator.is_null() {
            let promised = generator::promise(frame);
            if promised.is_null() {
                return Err(exc::memory_error());
            }
            extra.generator.set(Some(Ref::from_owned_ptr(promised)));
        }
        extra.generator.get().ok_or_else(exc::memory_error)
    }
}

//! Chains of generators (and coroutines), each of which waits for the next one in a `yield from` or `await`.
//!
//! What the innermost one yields passes through all the others, and so does what is sent back; they only hand it on. A chain
//! therefore stays as it is when its innermost generator yields: the others' frames still stand in their `SEND`, linked to each
//! other, and the outermost one remembers the innermost, which is where the chain is resumed. Neither takes an instruction of those
//! between.
//!
//! ```text
//!   suspended   outermost: CHAINED, its `gi_exc_state.previous_item` is the innermost one's exception state
//!               others:    LINKED, `previous` and `previous_item` lead one step outwards; the innermost one's `return_offset`
//!                          says how many others there are
//!   running     outermost: EXECUTING, linked to whoever resumed it
//!               between:   LINKED or EXECUTING, which mean the same as long as the outermost one runs
//!               innermost: EXECUTING
//! ```
//!
//! Whoever wants to know or change the state of one of them calls [`settle`] first, which takes a suspended chain apart: then each is as
//! if it had yielded by itself. Where tools watch, there are no chains: each generator tells of each resumption and yield.

use super::frame::{InterpreterFrame, owner};
use super::instrument;
use super::opcode::{self, JUMP_BACKWARD_NO_INTERRUPT, SEND, YIELD_VALUE};
use super::stackref::StackRef;
use crate::runtime::thread::{ExcStackItem, PyThreadState};
use crate::types::generator::{PyGenerator, of_exc_state, of_frame, state};

/// Units of `SEND`, its cache included; the `YIELD_VALUE` that hands on what it gives follows.
const SEND_UNITS: usize = 2;
/// Generators that a chain may have.
const LONGEST: i32 = 10_000;

/// Does the frame, which another one runs on top of, stand in a `SEND` and hand on what that gives?
///
/// # Safety
/// A live frame.
unsafe fn delegates(frame: *mut InterpreterFrame) -> bool {
    // SAFETY: the frame's instruction pointer lies in its code. What a `SEND` may be followed by is there.
    unsafe {
        if (*frame).owner.get() != owner::GENERATOR {
            return false;
        }
        let ip = (*frame).instr_ptr.get();
        let unit = |n: usize| (*ip.add(n)).to_le_bytes();
        opcode::BASE[unit(0)[0] as usize] == SEND
            && !instrument::is_instrumented(unit(0)[0])
            && unit(SEND_UNITS) == [YIELD_VALUE, 1]
            && unit(SEND_UNITS + 2)[0] == JUMP_BACKWARD_NO_INTERRUPT
    }
}

/// The generator yields to one that hands it on: suspends all up to the outermost of them. Gives the frame that this one was resumed by;
/// null, and nothing was done, if there is no such chain, or it must not stay.
///
/// # Safety
/// The generator runs as the thread's current frame. Its own instruction and stack pointers are saved.
#[inline(never)]
pub unsafe fn suspend(ts: &PyThreadState, innermost: &PyGenerator) -> *mut InterpreterFrame {
    // SAFETY: the frames of a running thread are live.
    unsafe {
        let mut outer = innermost.gi_iframe.previous.get();
        if !delegates(outer) || instrument::watched() {
            return core::ptr::null_mut();
        }
        let mut count = 1;
        loop {
            let generator = of_frame(outer);
            let next = generator.gi_iframe.previous.get();
            // A linked one has been found to delegate before.
            let linked = generator.gi_frame_state.get() == state::LINKED;
            if count == LONGEST || !(linked || delegates(next)) {
                break;
            }
            generator.gi_frame_state.set(state::LINKED);
            outer = next;
            count += 1;
        }
        let outermost = of_frame(outer);
        innermost.gi_frame_state.set(state::LINKED);
        innermost.gi_iframe.return_offset.set(count as u16);
        outermost.gi_frame_state.set(state::CHAINED);
        let innermost_state = &raw const innermost.gi_exc_state as *mut ExcStackItem;
        ts.exc_info.set(outermost.gi_exc_state.previous_item.replace(innermost_state));
        ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() + count);
        outermost.gi_iframe.previous.replace(core::ptr::null_mut())
    }
}

/// Resumes a suspended chain with a value; the generator to go on in. `None`: not now, and it has been taken apart. Who runs the outermost
/// generator is the caller's to set, and to count.
///
/// # Safety
/// The generator is CHAINED. The word is consumed if the chain is resumed.
#[inline(never)]
pub unsafe fn resume<'a>(ts: &PyThreadState, outermost: &'a PyGenerator, value: StackRef) -> Option<&'a PyGenerator> {
    // SAFETY: the outermost generator keeps the others alive, each by its operand stack.
    unsafe {
        let innermost = of_exc_state(outermost.gi_exc_state.previous_item.get());
        let count = i32::from(innermost.gi_iframe.return_offset.get());
        if ts.py_recursion_remaining.get() <= count + 1 || instrument::watched() {
            settle(outermost);
            return None;
        }
        let sp = innermost.gi_iframe.stackpointer.get();
        *sp = value;
        innermost.gi_iframe.stackpointer.set(sp.add(1));
        innermost.gi_frame_state.set(state::EXECUTING);
        outermost.gi_frame_state.set(state::EXECUTING);
        outermost.gi_exc_state.previous_item.set(ts.exc_info.get());
        ts.exc_info.set(&raw const innermost.gi_exc_state as *mut ExcStackItem);
        ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() - count);
        Some(innermost)
    }
}

/// What runs on top of this frame has come to its end, or hands it a value: it runs again.
///
/// # Safety
/// A live frame.
#[inline(always)]
pub unsafe fn goes_on(frame: *mut InterpreterFrame) {
    // SAFETY: the caller's promise.
    unsafe {
        if (*frame).owner.get() == owner::GENERATOR {
            of_frame(frame).gi_frame_state.set(state::EXECUTING);
        }
    }
}

/// Gives a generator of a chain a state of its own.
#[inline]
pub fn settle(generator: &PyGenerator) {
    if matches!(generator.gi_frame_state.get(), state::LINKED | state::CHAINED) {
        take_apart(generator);
    }
}

#[cold]
#[inline(never)]
fn take_apart(generator: &PyGenerator) {
    // SAFETY: the links between generators of a chain are live; each frame is suspended in the state that its generator is given.
    unsafe {
        let mut outermost = generator;
        while outermost.gi_frame_state.get() == state::LINKED {
            outermost = of_frame(outermost.gi_iframe.previous.get());
        }
        if outermost.gi_frame_state.get() != state::CHAINED {
            generator.gi_frame_state.set(state::EXECUTING);
            return;
        }
        let innermost = of_exc_state(outermost.gi_exc_state.previous_item.get());
        // It stands behind the instruction by which it yielded.
        let [_, delegated] = (*innermost.gi_iframe.instr_ptr.get().sub(1)).to_le_bytes();
        innermost.gi_frame_state.set(state::SUSPENDED + delegated as i8);
        innermost.gi_iframe.return_offset.set(0);
        innermost.gi_exc_state.previous_item.set(core::ptr::null_mut());
        let mut frame = innermost.gi_iframe.previous.replace(core::ptr::null_mut());
        while !frame.is_null() {
            let outer = of_frame(frame);
            outer.gi_frame_state.set(state::SUSPENDED_YIELD_FROM);
            outer.gi_exc_state.previous_item.set(core::ptr::null_mut());
            (*frame).instr_ptr.set((*frame).instr_ptr.get().add(SEND_UNITS + 1));
            frame = (*frame).previous.replace(core::ptr::null_mut());
        }
    }
}

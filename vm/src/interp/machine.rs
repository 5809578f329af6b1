//! The registers of the eval loop, and how instructions reach stack, locals, caches and code.
//!
//! `Machine` lives in a local variable of the loop and is never passed to a function that is not inlined, so that its
//! fields stay in machine registers. Slow paths receive values instead.

use super::frame::InterpreterFrame;
use super::stackref::StackRef;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyStruct, Ref};
use crate::runtime::thread::PyThreadState;
use crate::types::code::PyCode;

/// Instruction pointer, stack pointer, frame, thread.
pub struct Machine<'t> {
    pub ts: &'t PyThreadState,
    pub frame: *mut InterpreterFrame,
    /// The unit after the current instruction's opcode: its first cache, or the next instruction.
    pub ip: *mut u16,
    /// One past the top of the operand stack.
    pub sp: *mut StackRef,
}

// The methods are `unsafe`-free to call inside the loop only because bytecode is trusted: the compiler balances the
// stack, and `co_stacksize` bounds it. That is the one argument for all of the following.
#[expect(clippy::undocumented_unsafe_blocks, reason = "see the comment above")]
impl<'t> Machine<'t> {
    #[inline(always)]
    pub fn frame(&self) -> &'t InterpreterFrame {
        unsafe { &*self.frame }
    }

    #[inline(always)]
    pub fn code(&self) -> &'t PyCode {
        unsafe { (*self.frame).code() }
    }

    #[inline(always)]
    pub fn push(&mut self, value: StackRef) {
        unsafe {
            *self.sp = value;
            self.sp = self.sp.add(1);
        }
    }

    #[inline(always)]
    pub fn push_owned(&mut self, value: ObjRef) {
        self.push(StackRef::owned(value));
    }

    #[inline(always)]
    pub fn push_ref<T: PyStruct>(&mut self, value: Ref<T>) {
        self.push(StackRef::owned_from(value));
    }

    #[inline(always)]
    pub fn pop(&mut self) -> StackRef {
        unsafe {
            self.sp = self.sp.sub(1);
            *self.sp
        }
    }

    /// Pops as an owned reference.
    #[inline(always)]
    pub fn pop_owned(&mut self) -> ObjRef {
        unsafe { self.pop().into_owned() }
    }

    /// Pops and closes.
    #[inline(always)]
    pub fn drop_top(&mut self) {
        unsafe { self.pop().close() }
    }

    /// Forgets `n` slots whose contents have been moved out.
    #[inline(always)]
    pub fn shrink(&mut self, n: usize) {
        unsafe { self.sp = self.sp.sub(n) }
    }

    /// Closes and removes the top `n` slots, topmost first.
    #[inline(always)]
    pub fn drop_n(&mut self, n: usize) {
        for _ in 0..n {
            self.drop_top();
        }
    }

    /// The word `n` below the top (1 is the top itself).
    #[inline(always)]
    pub fn peek(&self, n: usize) -> StackRef {
        unsafe { *self.sp.sub(n) }
    }

    /// The object `n` below the top.
    #[inline(always)]
    pub fn peek_obj(&self, n: usize) -> &'t PyObject {
        unsafe { self.peek(n).get() }
    }

    #[inline(always)]
    pub fn set_peek(&mut self, n: usize, value: StackRef) {
        unsafe { *self.sp.sub(n) = value }
    }

    /// The top `n` words.
    #[inline(always)]
    pub fn top_n(&self, n: usize) -> *mut StackRef {
        unsafe { self.sp.sub(n) }
    }

    #[inline(always)]
    pub fn local(&self, index: usize) -> StackRef {
        unsafe { *(*self.frame).local(index) }
    }

    #[inline(always)]
    pub fn set_local(&mut self, index: usize, value: StackRef) {
        unsafe {
            let slot = (*self.frame).local(index);
            let old = *slot;
            *slot = value;
            old.close();
        }
    }

    /// Replaces local `index` without closing the old word, which is returned.
    #[inline(always)]
    pub fn swap_local(&mut self, index: usize, value: StackRef) -> StackRef {
        unsafe {
            let slot = (*self.frame).local(index);
            let old = *slot;
            *slot = value;
            old
        }
    }

    /// Cache unit `n` of the current instruction.
    #[inline(always)]
    pub fn cache(&self, n: usize) -> u16 {
        unsafe { *self.ip.add(n) }
    }

    #[inline(always)]
    pub fn set_cache(&mut self, n: usize, value: u16) {
        unsafe { *self.ip.add(n) = value }
    }

    /// Cache units `n` and `n + 1` as one number.
    #[inline(always)]
    pub fn cache32(&self, n: usize) -> u32 {
        unsafe { (self.ip.add(n) as *const u32).read_unaligned() }
    }

    /// Cache units `n` to `n + 3` as a pointer.
    #[inline(always)]
    pub fn cache_ptr<T>(&self, n: usize) -> *mut T {
        unsafe { (self.ip.add(n) as *const *mut T).read_unaligned() }
    }

    /// Moves on by `n` units (over caches, or a forward jump).
    #[inline(always)]
    pub fn skip(&mut self, n: usize) {
        unsafe { self.ip = self.ip.add(n) }
    }

    /// Moves back by `n` units.
    #[inline(always)]
    pub fn back(&mut self, n: usize) {
        unsafe { self.ip = self.ip.sub(n) }
    }

    /// The current instruction's own unit.
    #[inline(always)]
    pub fn this(&self) -> *mut u16 {
        unsafe { self.ip.sub(1) }
    }

    /// Records the current instruction in the frame: for tracebacks, line numbers, and returning from calls.
    #[inline(always)]
    pub fn save_ip(&self) {
        unsafe { (*self.frame).instr_ptr.set(self.ip.sub(1)) }
    }

    /// Records the stack pointer in the frame, before other frames run on top.
    #[inline(always)]
    pub fn save_sp(&self) {
        unsafe { (*self.frame).stackpointer.set(self.sp) }
    }

    /// Goes on in `frame`, `offset` units after its current instruction.
    #[inline(always)]
    pub fn resume_in(&mut self, frame: *mut InterpreterFrame, offset: usize) {
        unsafe {
            self.frame = frame;
            self.ts.current_frame.set(frame);
            self.ip = (*frame).instr_ptr.get().add(offset);
            self.sp = (*frame).stackpointer.get();
        }
    }

    /// Starts `frame` from its `instr_ptr`.
    #[inline(always)]
    pub fn enter(&mut self, frame: *mut InterpreterFrame) {
        self.resume_in(frame, 0);
    }
}

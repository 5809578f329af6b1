//! Frames of the interpreter and the data stack they lie on.
//!
//! The layout is CPython 3.14's `_PyInterpreterFrame`, because greenlet walks and splices these frames:
//!
//! ```text
//!   header (80 bytes) | locals, cells, free variables | operand stack
//!                       `localsplus`
//! ```
//!
//! Frames of ordinary calls lie one behind the other in chunks of memory that belong to the thread. A generator's frame is
//! embedded in the generator; the frame of a finished call whose frame *object* lives on is copied into that object.

use core::cell::Cell;
use core::ffi::c_void;

use super::stackref::StackRef;
use crate::object::alloc::{mem_alloc, mem_free};
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, OptRef, PyStruct, Ref};
use crate::runtime::thread::PyThreadState;
use crate::types::code::PyCode;
use crate::types::dict::PyDict;
use crate::types::frame::PyFrame;
use crate::types::function::PyFunction;

/// Who owns a frame's memory.
pub mod owner {
    /// As `THREAD`, of a coroutine that does not exist: see [`crate::interp::awaited`].
    pub const AWAITED: i8 = -1;
    pub const THREAD: i8 = 0;
    pub const GENERATOR: i8 = 1;
    pub const FRAME_OBJECT: i8 = 2;
    pub const INTERPRETER: i8 = 3;
    pub const CSTACK: i8 = 4;
}

/// A frame under execution or suspended (`_PyInterpreterFrame`).
#[repr(C)]
pub struct InterpreterFrame {
    /// The code object (None for the interpreter's entry frames).
    pub f_executable: Cell<StackRef>,
    pub previous: Cell<*mut InterpreterFrame>,
    /// The function object; owned.
    pub f_funcobj: Cell<StackRef>,
    /// Borrowed from the function.
    pub f_globals: Cell<*mut PyObject>,
    /// Borrowed from the function.
    pub f_builtins: Cell<*mut PyObject>,
    /// The mapping of local names, for class bodies and module code; null in functions.
    pub f_locals: OptRef,
    /// The frame object, once somebody asked for it.
    pub frame_obj: OptRef<PyFrame>,
    /// The instruction being executed; when suspended in a call, the call itself.
    pub instr_ptr: Cell<*mut u16>,
    /// Top of the operand stack; valid when the frame is not executing.
    pub stackpointer: Cell<*mut StackRef>,
    /// How many units after `instr_ptr` execution goes on when a callee returns.
    pub return_offset: Cell<u16>,
    pub owner: Cell<i8>,
    pub visited: Cell<u8>,
    localsplus: [StackRef; 0],
}

/// Size of the header in slots.
pub const FRAME_HEADER_SLOTS: usize = 10;
const _: () = assert!(core::mem::size_of::<InterpreterFrame>() == FRAME_HEADER_SLOTS * 8);
const _: () = assert!(core::mem::offset_of!(InterpreterFrame, instr_ptr) == 56);
const _: () = assert!(core::mem::offset_of!(InterpreterFrame, owner) == 74);

impl InterpreterFrame {
    /// The code object.
    ///
    /// # Safety
    /// The frame is a Python frame (not an interpreter entry frame).
    #[inline(always)]
    pub unsafe fn code(&self) -> &PyCode {
        // SAFETY: Python frames own a reference to their code object.
        unsafe { self.f_executable.get().get().cast_unchecked_ref() }
    }

    /// The function object.
    ///
    /// # Safety
    /// The frame is a Python frame.
    #[inline(always)]
    pub unsafe fn func(&self) -> &PyFunction {
        // SAFETY: Python frames own a reference to their function.
        unsafe { self.f_funcobj.get().get().cast_unchecked_ref() }
    }

    /// The address of local variable `index` (locals, cells and free variables in one row).
    ///
    /// # Safety
    /// `index` lies within the frame.
    #[inline(always)]
    pub unsafe fn local(&self, index: usize) -> *mut StackRef {
        // SAFETY: the slots follow the header.
        unsafe { (self.localsplus.as_ptr() as *mut StackRef).add(index) }
    }

    /// Where the operand stack begins.
    ///
    /// # Safety
    /// The frame is a Python frame.
    #[inline(always)]
    pub unsafe fn stack_base(&self) -> *mut StackRef {
        // SAFETY: the stack follows the locals.
        unsafe { self.local(self.code().co_nlocalsplus as usize) }
    }

    /// Index of the instruction being executed, in code units; negative before the first.
    pub fn lasti(&self) -> isize {
        // SAFETY: instr_ptr points into the code's instruction array or one before it.
        unsafe { self.instr_ptr.get().offset_from(self.code().code_ptr()) }
    }

    /// The globals dict.
    #[inline(always)]
    pub fn globals(&self) -> &PyObject {
        // SAFETY: borrowed from the function, which the frame owns.
        unsafe { &*self.f_globals.get() }
    }

    /// The globals as a dict, if they are one exactly or derived.
    #[inline(always)]
    pub fn globals_dict(&self) -> &PyDict {
        // SAFETY: functions and `exec` accept only dicts as globals.
        unsafe { self.globals().cast_unchecked_ref() }
    }

    /// The builtins: a dict as a rule, any mapping if `__builtins__` was set to one.
    #[inline(always)]
    pub fn builtins(&self) -> &PyObject {
        // SAFETY: borrowed from the function.
        unsafe { &*self.f_builtins.get() }
    }

    /// Is this a frame of Python code (and not an entry frame of the interpreter)?
    #[inline(always)]
    pub fn is_python(&self) -> bool {
        self.owner.get() < owner::INTERPRETER
    }

    /// Is the frame still being set up (before its first `RESUME`)? Such frames are invisible to introspection.
    pub fn is_incomplete(&self) -> bool {
        if !self.is_python() {
            return true;
        }
        if self.owner.get() == owner::GENERATOR {
            return false;
        }
        // SAFETY: a Python frame.
        let code = unsafe { self.code() };
        self.lasti() < code.co_firsttraceable.get() as isize
    }

    /// The present line, or `None` where the code has no line.
    pub fn line(&self) -> Option<i32> {
        // SAFETY: asked of Python frames only.
        unsafe { self.code() }.line_of(self.lasti())
    }

    /// Drops locals, operand stack and the header's references. The frame's memory is the caller's business.
    ///
    /// # Safety
    /// `stackpointer` is valid; the frame is not used afterwards.
    pub unsafe fn clear_contents(&self) {
        // SAFETY: every slot below the stack pointer holds a word that is closed once.
        unsafe {
            let mut slot = self.local(0);
            let end = self.stackpointer.get();
            while slot < end {
                let value = *slot;
                *slot = StackRef::NULL;
                value.close();
                slot = slot.add(1);
            }
            self.stackpointer.set(self.local(0));
            self.f_locals.take();
            let func = self.f_funcobj.replace(StackRef::NULL);
            func.close();
        }
    }

    /// The nearest complete Python frame from `frame` outwards.
    pub fn first_complete(frame: *mut InterpreterFrame) -> *mut InterpreterFrame {
        let mut frame = frame;
        // SAFETY: the chain of frames is live while its thread runs.
        while let Some(f) = unsafe { frame.as_ref() } {
            if !f.is_incomplete() {
                break;
            }
            frame = f.previous.get();
        }
        frame
    }
}

/// A chunk of a thread's data stack (`_PyStackChunk`).
#[repr(C)]
struct StackChunk {
    previous: *mut StackChunk,
    size: usize,
    top: usize,
}

const CHUNK_SIZE: usize = 64 * 1024;
const CHUNK_HEADER_SLOTS: usize = 3;

/// Reserves `slots` words on the data stack; null when memory is exhausted.
#[inline(always)]
pub fn push_slots(ts: &PyThreadState, slots: usize) -> *mut StackRef {
    let top = ts.datastack_top.get() as *mut StackRef;
    let limit = ts.datastack_limit.get() as *mut StackRef;
    if !top.is_null() && (limit as usize - top as usize) / 8 > slots {
        // SAFETY: inside the chunk.
        ts.datastack_top.set(unsafe { top.add(slots) } as *mut *mut PyObject);
        return top;
    }
    push_chunk(ts, slots)
}

/// Is there room for `slots` words without a new chunk?
#[inline(always)]
pub fn has_slots(ts: &PyThreadState, slots: usize) -> bool {
    let (top, limit) = (ts.datastack_top.get() as usize, ts.datastack_limit.get() as usize);
    // Without any chunk both are null.
    (limit - top) / 8 > slots
}

/// Does giving back the reservation at `base` leave its chunk in use?
#[inline(always)]
pub fn pops_within_chunk(ts: &PyThreadState, base: *mut StackRef) -> bool {
    let chunk = ts.datastack_chunk.get() as *mut StackRef;
    // SAFETY: within the chunk that holds the frame.
    base != unsafe { chunk.add(CHUNK_HEADER_SLOTS) }
}

/// Keeps the compiler from unrolling or vectorizing the loop it stands in, which would cost more than the few rounds that
/// loops over locals have.
#[inline(always)]
pub fn few_rounds() {
    // SAFETY: no instruction at all.
    unsafe { core::arch::asm!("", options(nomem, nostack, preserves_flags)) }
}

#[cold]
#[inline(never)]
fn push_chunk(ts: &PyThreadState, slots: usize) -> *mut StackRef {
    let mut size = CHUNK_SIZE;
    while size < (slots + CHUNK_HEADER_SLOTS + 2) * 8 {
        size *= 2;
    }
    let block = mem_alloc(size) as *mut StackChunk;
    if block.is_null() {
        return core::ptr::null_mut();
    }
    let current = ts.datastack_chunk.get() as *mut StackChunk;
    // SAFETY: fresh memory; the current chunk, if any, is live.
    unsafe {
        if !current.is_null() {
            (*current).top = ts.datastack_top.get() as usize;
        }
        block.write(StackChunk { previous: current, size, top: 0 });
        let data = (block as *mut StackRef).add(CHUNK_HEADER_SLOTS);
        ts.datastack_chunk.set(block as *mut c_void);
        ts.datastack_limit.set((block as *mut u8).add(size) as *mut *mut PyObject);
        ts.datastack_top.set(data.add(slots) as *mut *mut PyObject);
        data
    }
}

/// Gives back the topmost reservation, which began at `base`.
///
/// # Safety
/// `base` is what the latest live [`push_slots`] of this thread returned.
#[inline(always)]
pub unsafe fn pop_slots(ts: &PyThreadState, base: *mut StackRef) {
    let chunk = ts.datastack_chunk.get() as *mut StackChunk;
    // SAFETY: a chunk exists while slots are reserved.
    unsafe {
        let data = (chunk as *mut StackRef).add(CHUNK_HEADER_SLOTS);
        if base == data && !(*chunk).previous.is_null() {
            let previous = (*chunk).previous;
            ts.datastack_chunk.set(previous as *mut c_void);
            ts.datastack_top.set((*previous).top as *mut *mut PyObject);
            ts.datastack_limit.set((previous as *mut u8).add((*previous).size) as *mut *mut PyObject);
            mem_free(chunk as *mut u8);
        } else {
            ts.datastack_top.set(base as *mut *mut PyObject);
        }
    }
}

/// Frees a finished thread's data stack.
pub fn free_data_stack(ts: &PyThreadState) {
    let mut chunk = ts.datastack_chunk.replace(core::ptr::null_mut()) as *mut StackChunk;
    ts.datastack_top.set(core::ptr::null_mut());
    ts.datastack_limit.set(core::ptr::null_mut());
    while !chunk.is_null() {
        // SAFETY: chunks are linked and owned by the thread.
        unsafe {
            let previous = (*chunk).previous;
            mem_free(chunk as *mut u8);
            chunk = previous;
        }
    }
}

/// Initialises a frame at `at` for a call of `func` running `code`. Locals from `nlocals_set` on become unbound.
///
/// # Safety
/// `at` has room for the code's frame; the first `nlocals_set` locals are written by the caller (before or after).
#[inline(always)]
pub unsafe fn init_frame(
    at: *mut InterpreterFrame,
    func: Ref<PyFunction>,
    locals: Option<ObjRef>,
    code: &PyCode,
    nlocals_set: usize,
    previous: *mut InterpreterFrame,
) {
    // SAFETY: the caller's promise about room.
    unsafe {
        let frame = &*at;
        frame.previous.set(previous);
        frame.f_globals.set(func.func_globals.as_raw());
        frame.f_builtins.set(func.func_builtins.as_raw());
        // The code object is kept alive by the function unless `__code__` is assigned meanwhile: own it.
        frame.f_executable.set(StackRef::new(code.as_object()));
        frame.f_funcobj.set(StackRef::owned_from(func));
        (&raw const frame.f_locals as *mut OptRef).write(OptRef::new(locals));
        (&raw const frame.frame_obj as *mut OptRef<PyFrame>).write(OptRef::NULL);
        frame.instr_ptr.set(code.code_ptr());
        frame.return_offset.set(0);
        frame.owner.set(owner::THREAD);
        frame.visited.set(0);
        let nlocalsplus = code.co_nlocalsplus as usize;
        for i in nlocals_set..nlocalsplus {
            *frame.local(i) = StackRef::NULL;
            few_rounds();
        }
        frame.stackpointer.set(frame.local(nlocalsplus));
    }
}

/// Reserves and initialises a frame on the data stack; null when memory is exhausted (the references are dropped).
///
/// # Safety
/// As for [`init_frame`]; arguments are stored by the caller before the frame runs.
#[inline(always)]
pub unsafe fn push_frame(
    ts: &PyThreadState,
    func: Ref<PyFunction>,
    locals: Option<ObjRef>,
    code: &PyCode,
    nlocals_set: usize,
    previous: *mut InterpreterFrame,
) -> *mut InterpreterFrame {
    let at = push_slots(ts, code.co_framesize as usize) as *mut InterpreterFrame;
    if !at.is_null() {
        // SAFETY: `co_framesize` slots were reserved.
        unsafe { init_frame(at, func, locals, code, nlocals_set, previous) };
    }
    at
}

/// As [`push_frame`] for a function call without a namespace of its own, where [`has_slots`] has said that there is room.
///
/// # Safety
/// As for [`push_frame`].
#[inline(always)]
pub unsafe fn push_frame_in_room(
    ts: &PyThreadState,
    func: Ref<PyFunction>,
    code: &PyCode,
    nlocals_set: usize,
    previous: *mut InterpreterFrame,
) -> *mut InterpreterFrame {
    let at = ts.datastack_top.get() as *mut InterpreterFrame;
    // SAFETY: the caller's promise.
    unsafe {
        ts.datastack_top.set((at as *mut StackRef).add(code.co_framesize as usize) as *mut *mut PyObject);
        init_frame(at, func, None, code, nlocals_set, previous);
    }
    at
}

/// Ends a frame: its object (if any) takes over the contents, else they are dropped; the memory goes back to the data stack.
///
/// # Safety
/// The frame is the thread's topmost data-stack frame, or owned by a generator; it is unlinked from `current_frame` already.
#[inline]
pub unsafe fn clear_frame(ts: &PyThreadState, frame: *mut InterpreterFrame) {
    // SAFETY: the caller's promise.
    unsafe {
        match (*frame).owner.get() {
            owner::THREAD => {
                leave_to_object_or_clear(frame);
                pop_slots(ts, frame as *mut StackRef);
            }
            owner::AWAITED => super::awaited::clear_frame(ts, frame),
            _ => crate::types::generator::clear_finished_frame(frame),
        }
    }
}

/// The contents go to the frame object, if somebody else still holds it; else they are dropped.
///
/// # Safety
/// As for [`clear_frame`].
#[inline]
pub unsafe fn leave_to_object_or_clear(frame: *mut InterpreterFrame) {
    // SAFETY: the caller's promise.
    unsafe {
        let f = &*frame;
        if let Some(object) = f.frame_obj.take() {
            if object.as_object().refcount() > 1 {
                crate::types::frame::take_ownership(object, frame);
                return;
            }
            // Nobody else has it: it must not reach into the dying frame.
            object.f_frame.set(core::ptr::null_mut());
            drop(object);
        }
        f.clear_contents();
        let code = f.f_executable.replace(StackRef::NULL);
        code.close();
    }
}

//! `generator`, and the machinery that coroutines and asynchronous generators share with it.
//!
//! A generator embeds the frame of its function:
//!
//! ```text
//!   header, name, exception state (72 bytes) | frame header (80 bytes) | locals | operand stack
//!                                              gi_iframe
//! ```
//!
//! While suspended, the frame's `instr_ptr` is the instruction to go on with and its `stackpointer` is valid; every local is
//! owned. While it runs, the eval loop has both in registers, and nobody else looks into the frame.

use core::cell::Cell;

use rpy_derive::{pyclass, pymethods};

use crate::args::check_positional;
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::interp::delegation;
use crate::interp::dispatch::{eval_frame, eval_frames};
use crate::interp::frame::{self, FRAME_HEADER_SLOTS, InterpreterFrame, owner};
use crate::interp::opcode;
use crate::interp::stackref::StackRef;
use crate::object::alloc::{GC_HEAD_SIZE, init_header, mem_alloc};
use crate::object::{ObjRef, OptRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref, SendResult, flags};
use crate::protocol::{call, object as po};
use crate::runtime::gc::{self, Traverse, Visit};
use crate::runtime::thread::{self, ExcStackItem, PyThreadState};
use crate::types::code::{PyCode, co_flags};
use crate::types::exceptions::simple::PyStopIteration;
use crate::types::exceptions::{PyBaseException, is_exception_class};
use crate::types::frame::PyFrame;
use crate::types::str::PyStr;
use crate::types::traceback::PyTraceback;

/// Values of `gi_frame_state`.
pub mod state {
    /// Not started.
    pub const CREATED: i8 = -3;
    /// At a `yield`.
    pub const SUSPENDED: i8 = -2;
    /// At a `yield from` or `await`: the operand on top of the stack is what is being iterated.
    pub const SUSPENDED_YIELD_FROM: i8 = -1;
    pub const EXECUTING: i8 = 0;
    pub const COMPLETED: i8 = 1;
    /// Finished, and the frame's contents are gone.
    pub const CLEARED: i8 = 4;
    /// Inside of a chain (see [`crate::interp::delegation`]): as its outermost generator says.
    pub const LINKED: i8 = 5;
    /// The outermost generator of a chain that is suspended.
    pub const CHAINED: i8 = 6;
}

/// Bits of the argument of `RESUME`.
mod resume {
    /// The resumed place lies in one exception handler only, the implicit one around the whole body.
    pub const DEPTH1: u8 = 4;
}

/// A generator, coroutine or asynchronous generator (`PyGenObject`; 152 bytes, then locals and stack).
#[pyclass(
    name = "generator", symbol = "PyGen_Type", itemsize = 8, weaklist = gi_weakreflist, dealloc = dealloc,
    flags(HAVE_GC), no_new
)]
#[repr(C)]
pub struct PyGenerator {
    pub ob_base: PyObject,
    pub gi_weakreflist: Cell<*mut PyObject>,
    pub gi_name: OptRef<PyStr>,
    pub gi_qualname: OptRef<PyStr>,
    /// The exception that the generator's code is handling; linked into the thread's chain while it runs.
    pub gi_exc_state: ExcStackItem,
    /// Coroutines: where it was created. Asynchronous generators: the finalizer hook.
    pub gi_origin_or_finalizer: OptRef,
    pub gi_hooks_inited: Cell<bool>,
    pub gi_closed: Cell<bool>,
    pub gi_running_async: Cell<bool>,
    /// See [`state`].
    pub gi_frame_state: Cell<i8>,
    pub gi_iframe: InterpreterFrame,
}

const _: () = assert!(core::mem::size_of::<PyGenerator>() == 152);
const _: () = assert!(core::mem::offset_of!(PyGenerator, gi_iframe) == 72);
const _: () = assert!(core::mem::offset_of!(PyGenerator, gi_frame_state) == 67);

/// Is it a generator, coroutine or asynchronous generator?
#[inline(always)]
pub fn as_any_generator(object: &PyObject) -> Option<&PyGenerator> {
    let ty = object.ty() as *const PyTypeObject;
    let known = ty == &raw const PyGen_Type
        || ty == &raw const crate::types::coroutine::PyCoro_Type
        || ty == &raw const crate::types::asyncgen::PyAsyncGen_Type;
    // SAFETY: the three types share the layout.
    known.then(|| unsafe { object.cast_unchecked_ref() })
}

/// Is it a generator or a coroutine: something `SEND` can enter by itself?
#[inline(always)]
pub fn as_generator_or_coroutine(object: &PyObject) -> Option<&PyGenerator> {
    let ty = object.ty() as *const PyTypeObject;
    let known = ty == &raw const PyGen_Type || ty == &raw const crate::types::coroutine::PyCoro_Type;
    // SAFETY: the types share the layout.
    known.then(|| unsafe { object.cast_unchecked_ref() })
}

/// The generator that a frame is embedded in.
///
/// # Safety
/// The frame is owned by a generator.
#[inline(always)]
pub unsafe fn of_frame<'a>(frame: *mut InterpreterFrame) -> &'a PyGenerator {
    // SAFETY: the frame lies at `gi_iframe`.
    unsafe { &*((frame as *mut u8).sub(core::mem::offset_of!(PyGenerator, gi_iframe)) as *const PyGenerator) }
}

/// The generator that an item of the chain of handled exceptions belongs to.
///
/// # Safety
/// It is the `gi_exc_state` of a generator.
#[inline(always)]
pub unsafe fn of_exc_state<'a>(item: *mut ExcStackItem) -> &'a PyGenerator {
    // SAFETY: the caller's promise.
    unsafe { &*((item as *mut u8).sub(core::mem::offset_of!(PyGenerator, gi_exc_state)) as *const PyGenerator) }
}

/// Turns the running frame of a generator function into a generator (or coroutine, ...) that will go on at `resume_at`.
/// What the frame holds becomes owned. The old frame's memory is the caller's to give back; nothing in it is owned any more.
/// Null: out of memory, and the frame is as before.
///
/// # Safety
/// `from` is a live Python frame, whose stack pointer is saved.
pub unsafe fn from_frame(from: *mut InterpreterFrame, resume_at: *mut u16) -> *mut PyGenerator {
    // SAFETY: the frame is live; the fresh object is written completely before the collector learns of it.
    unsafe {
        let this = allocate(from);
        if let Some(this) = this.as_ref() {
            this.adopt(from, resume_at);
            gc::track(this.as_object());
        }
        this
    }
}

/// The generator (or coroutine, ...) of a frame that goes on running where it is, and has a frame object; `forget_frame` or `fulfil` ends
/// that. Null: out of memory.
///
/// # Safety
/// `from` is a live Python frame.
pub unsafe fn promise(from: *mut InterpreterFrame) -> *mut PyGenerator {
    // SAFETY: as in `from_frame`. The frame inside holds no variables, but references of its own to code, function and frame object.
    unsafe {
        let this = allocate(from);
        if !this.is_null() {
            let to = &raw mut (*this).gi_iframe;
            core::ptr::copy_nonoverlapping(from, to, 1);
            let (frame, from) = (&*to, &*from);
            frame.f_executable.set(StackRef::new(from.code().as_object()));
            frame.f_funcobj.set(StackRef::new(from.func().as_object()));
            (&raw const frame.frame_obj as *mut OptRef<PyFrame>).write(OptRef::new(from.frame_obj.get()));
            frame.previous.set(core::ptr::null_mut());
            frame.stackpointer.set(frame.local(0));
            frame.owner.set(owner::GENERATOR);
            (*this).gi_frame_state.set(state::EXECUTING);
            gc::track((*this).as_object());
        }
        this
    }
}

/// A new generator (or coroutine, ...) for the function of a frame; its own frame is not written yet. Null: out of memory.
///
/// # Safety
/// A live Python frame.
unsafe fn allocate(from: *mut InterpreterFrame) -> *mut PyGenerator {
    // SAFETY: the object has room for header, locals and stack.
    unsafe {
        let code = (*from).code();
        let slots = code.co_framesize as usize - FRAME_HEADER_SLOTS;
        let block = mem_alloc(GC_HEAD_SIZE + size_of::<PyGenerator>() + slots * 8);
        if block.is_null() {
            return core::ptr::null_mut();
        }
        (block as *mut [usize; 2]).write([0, 0]);
        let this = block.add(GC_HEAD_SIZE) as *mut PyGenerator;
        let kind = code.co_flags & (co_flags::GENERATOR | co_flags::COROUTINE | co_flags::ASYNC_GENERATOR);
        let ty: &'static PyTypeObject = match kind {
            co_flags::GENERATOR => &PyGen_Type,
            co_flags::COROUTINE => &crate::types::coroutine::PyCoro_Type,
            _ => &crate::types::asyncgen::PyAsyncGen_Type,
        };
        init_header(this as *mut PyObject, ty);
        let func = (*from).func();
        (&raw mut (*this).gi_weakreflist).write(Cell::new(core::ptr::null_mut()));
        (&raw mut (*this).gi_name).write(OptRef::new(func.func_name.get()));
        (&raw mut (*this).gi_qualname).write(OptRef::new(func.func_qualname.get()));
        (&raw mut (*this).gi_exc_state)
            .write(ExcStackItem { exc_value: OptRef::NULL, previous_item: Cell::new(core::ptr::null_mut()) });
        (&raw mut (*this).gi_origin_or_finalizer).write(OptRef::NULL);
        (&raw mut (*this).gi_hooks_inited).write(Cell::new(false));
        (&raw mut (*this).gi_closed).write(Cell::new(false));
        (&raw mut (*this).gi_running_async).write(Cell::new(false));
        (&raw mut (*this).gi_frame_state).write(Cell::new(state::CREATED));
        gc::count_allocation(ty);
        this
    }
}

/// The frame of a generator has returned or raised: the contents go, the generator is finished.
///
/// # Safety
/// The frame is owned by a generator that was running, and is unlinked from `current_frame`.
pub unsafe fn clear_finished_frame(frame: *mut InterpreterFrame) {
    // SAFETY: the caller's promise; whoever runs a generator holds a reference to it.
    unsafe {
        let this = of_frame(frame);
        let caller = (*frame).previous.get();
        if this.is_async_generator() && (*caller).is_python() {
            crate::types::asyncgen::left(this, caller);
        }
        delegation::goes_on(caller);
        this.gi_frame_state.set(state::CLEARED);
        let previous = this.gi_exc_state.previous_item.replace(core::ptr::null_mut());
        if !previous.is_null() {
            thread::current().exc_info.set(previous);
        }
        // A frame object that goes on does not hold those that happened to run the generator last.
        (*frame).previous.set(core::ptr::null_mut());
        clear_keeping_code(frame);
        this.gi_exc_state.exc_value.take();
    }
}

/// Drops a generator frame's contents (or leaves them to the frame object) but for the code, which `gi_code` still shows.
///
/// # Safety
/// The frame does not run, and its contents have not been dropped yet.
unsafe fn clear_keeping_code(frame: *mut InterpreterFrame) {
    // SAFETY: the code gets a reference of its own before the frame's goes.
    unsafe {
        let code = (*frame).f_executable.get().get().new_ref();
        frame::leave_to_object_or_clear(frame);
        (*frame).f_executable.set(StackRef::owned(code));
    }
}

/// `tp_dealloc` of the three types.
///
/// # Safety
/// A dead generator.
pub unsafe extern "C-unwind" fn dealloc(object: *mut PyObject) {
    // SAFETY: a dead generator; each part is dropped once.
    unsafe {
        let this = &*(object as *const PyGenerator);
        delegation::settle(this);
        gc::untrack(this.as_object());
        if !this.gi_weakreflist.get().is_null() {
            crate::types::weakref::clear_weakrefs(this.as_object());
        }
        if !this.is_finished() {
            // The finalizer meets a tracked object, as it may resurrect it.
            gc::track(this.as_object());
            if crate::types::type_::instance::finalize_from_dealloc(this.as_object()) {
                return;
            }
            gc::untrack(this.as_object());
        }
        this.gi_origin_or_finalizer.take();
        if this.gi_frame_state.get() != state::CLEARED {
            this.gi_frame_state.set(state::CLEARED);
            this.gi_iframe.previous.set(core::ptr::null_mut());
            clear_keeping_code(this.iframe());
        }
        this.gi_exc_state.exc_value.take();
        this.gi_iframe.f_executable.replace(StackRef::NULL).close();
        this.gi_name.take();
        this.gi_qualname.take();
        crate::object::dealloc::free_instance(object);
    }
}

/// What a generator's kind is called in messages.
fn kind_text(this: &PyGenerator) -> &'static str {
    let ty = this.as_object().ty() as *const PyTypeObject;
    if ty == &raw const crate::types::coroutine::PyCoro_Type {
        "coroutine"
    } else if ty == &raw const crate::types::asyncgen::PyAsyncGen_Type {
        "async generator"
    } else {
        "generator"
    }
}

impl PyGenerator {
    /// Moves the contents of a frame into its own, which holds nothing.
    ///
    /// # Safety
    /// A live Python frame of the same code, whose stack pointer is saved, and which is not used afterwards.
    #[inline(always)]
    unsafe fn adopt(&self, from: *mut InterpreterFrame, resume_at: *mut u16) {
        // SAFETY: the caller's promise; each word moves once.
        unsafe {
            let to = self.iframe();
            core::ptr::copy_nonoverlapping(from, to, 1);
            let words = (*from).stackpointer.get().offset_from((*from).local(0)) as usize;
            for i in 0..words {
                let word = *(*from).local(i);
                *(*to).local(i) = if word.is_null() { word } else { word.make_owned() };
            }
            let frame = &*to;
            frame.previous.set(core::ptr::null_mut());
            frame.instr_ptr.set(resume_at);
            frame.stackpointer.set(frame.local(words));
            frame.return_offset.set(0);
            frame.owner.set(owner::GENERATOR);
            if let Some(object) = frame.frame_obj.peek() {
                object.f_frame.set(to);
            }
        }
    }

    /// The frame that runs in its name, as [`promise`] has said, becomes its own.
    ///
    /// # Safety
    /// As for [`from_frame`].
    pub unsafe fn fulfil(&self, from: *mut InterpreterFrame) {
        self.forget_frame();
        // SAFETY: the caller's promise.
        unsafe {
            self.gi_iframe.f_executable.replace(StackRef::NULL).close();
            self.adopt(from, (*from).instr_ptr.get());
        }
    }

    /// The frame that runs in its name, as [`promise`] has said, ends. Only the code stays.
    pub fn forget_frame(&self) {
        self.gi_frame_state.set(state::CLEARED);
        self.gi_iframe.frame_obj.take();
        // SAFETY: the word is its own, and closed once.
        unsafe { self.gi_iframe.f_funcobj.replace(StackRef::NULL).close() };
    }

    /// The embedded frame.
    #[inline(always)]
    pub fn iframe(&self) -> *mut InterpreterFrame {
        &raw const self.gi_iframe as *mut InterpreterFrame
    }

    #[inline(always)]
    pub fn is_finished(&self) -> bool {
        matches!(self.gi_frame_state.get(), state::COMPLETED..=state::CLEARED)
    }

    /// Neither running nor finished, nor part of a chain.
    #[inline(always)]
    pub fn is_resumable(&self) -> bool {
        self.gi_frame_state.get() < state::EXECUTING
    }

    /// Does it run?
    pub fn is_running(&self) -> bool {
        delegation::settle(self);
        self.gi_frame_state.get() == state::EXECUTING
    }

    /// At a `yield` or `await`.
    pub fn is_suspended(&self) -> bool {
        delegation::settle(self);
        matches!(self.gi_frame_state.get(), state::SUSPENDED | state::SUSPENDED_YIELD_FROM)
    }

    pub fn is_coroutine(&self) -> bool {
        core::ptr::eq(self.as_object().ty(), &raw const crate::types::coroutine::PyCoro_Type)
    }

    pub fn is_async_generator(&self) -> bool {
        core::ptr::eq(self.as_object().ty(), &raw const crate::types::asyncgen::PyAsyncGen_Type)
    }

    /// The code object.
    pub fn code(&self) -> &PyCode {
        // SAFETY: the frame keeps its code until the generator dies.
        unsafe { self.gi_iframe.code() }
    }

    /// What it iterates in a `yield from` or `await`, if it is suspended there.
    pub fn yield_from(&self) -> Option<ObjRef> {
        delegation::settle(self);
        if self.gi_frame_state.get() != state::SUSPENDED_YIELD_FROM {
            return None;
        }
        // SAFETY: suspended in `SEND`: the receiver is on top of the stack.
        unsafe { Some((*self.gi_iframe.stackpointer.get().sub(1)).get().new_ref()) }
    }

    /// Prepares a suspended generator for running: pushes what the `yield` gives, and links its exception state.
    ///
    /// # Safety
    /// [`PyGenerator::is_resumable`]; the word is consumed.
    #[inline(always)]
    pub unsafe fn start(&self, ts: &PyThreadState, value: StackRef) {
        // SAFETY: the stack of a suspended frame is valid and has room for the value its RESUME expects.
        unsafe {
            let frame = &self.gi_iframe;
            let sp = frame.stackpointer.get();
            *sp = value;
            frame.stackpointer.set(sp.add(1));
        }
        self.gi_frame_state.set(state::EXECUTING);
        self.gi_exc_state.previous_item.set(ts.exc_info.get());
        ts.exc_info.set(&raw const self.gi_exc_state as *mut ExcStackItem);
    }

    /// Begins to run it on top of `previous`, where it is resumed by the instruction at `call`, which goes on `offset` units later when the
    /// generator returns. The value that its code expects on its operand stack is the caller's to put there. False: the recursion
    /// limit is reached, and nothing was done.
    ///
    /// # Safety
    /// [`PyGenerator::is_resumable`]; `previous` is the current frame, and keeps the generator alive.
    pub unsafe fn enter(
        &self,
        ts: &PyThreadState,
        previous: *mut InterpreterFrame,
        call: *mut u16,
        offset: u16,
    ) -> bool {
        if ts.py_recursion_remaining.get() <= 0 {
            return false;
        }
        ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() - 1);
        self.gi_frame_state.set(state::EXECUTING);
        self.gi_exc_state.previous_item.set(ts.exc_info.get());
        ts.exc_info.set(&raw const self.gi_exc_state as *mut ExcStackItem);
        // SAFETY: live frames.
        unsafe {
            (*previous).instr_ptr.set(call);
            (*previous).return_offset.set(offset);
        }
        let frame = self.iframe();
        self.gi_iframe.previous.set(previous);
        ts.current_frame.set(frame);
        true
    }

    /// Suspends it at a `yield`: it goes on at `next`, with an operand stack that ends at `sp`.
    ///
    /// # Safety
    /// It runs as the thread's current frame, was entered by [`PyGenerator::enter`] or as that does it, and its frame is in that state.
    pub unsafe fn suspend(&self, ts: &PyThreadState, next: *mut u16, sp: *mut StackRef) {
        let frame = &self.gi_iframe;
        frame.instr_ptr.set(next);
        frame.stackpointer.set(sp);
        self.gi_frame_state.set(state::SUSPENDED);
        ts.exc_info.set(self.gi_exc_state.previous_item.replace(core::ptr::null_mut()));
        ts.current_frame.set(frame.previous.replace(core::ptr::null_mut()));
        ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() + 1);
    }

    /// Ends it: it has returned.
    ///
    /// # Safety
    /// As for [`PyGenerator::suspend`]; of the operand stack nothing is in memory.
    pub unsafe fn finish(&self, ts: &PyThreadState) {
        let frame = self.iframe();
        // SAFETY: the frame has returned, and is unlinked.
        unsafe {
            (*frame).stackpointer.set((*frame).stack_base());
            ts.current_frame.set((*frame).previous.get());
            ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() + 1);
            clear_finished_frame(frame);
        }
    }

    /// The reason why it cannot run now, if there is one. `from_next`: no value was given, as `next()` does it.
    #[cold]
    #[inline(never)]
    fn refuse(&self, value: Option<&PyObject>, thrown: Option<PyErr>, closing: bool) -> PyResult<SendResult> {
        let frame_state = self.gi_frame_state.get();
        if frame_state == state::EXECUTING {
            return Err(exc::value_error(format!("{} already executing", kind_text(self))));
        }
        if frame_state == state::CREATED {
            return Err(exc::type_error(format!("can't send non-None value to a just-started {}", kind_text(self))));
        }
        // Finished.
        if self.is_coroutine() && !closing {
            return Err(exc::runtime_error("cannot reuse already awaited coroutine"));
        }
        match thrown {
            Some(error) => Err(error),
            None if value.is_some() => Ok(SendResult::Return(crate::none())),
            // `next()` on an exhausted generator: the caller makes StopIteration of it.
            None => Ok(SendResult::Return(crate::none())),
        }
    }

    /// Runs the generator until it yields, returns or raises. With `thrown`, the exception is raised where it is suspended.
    ///
    /// # Errors
    /// What the code raises; `ValueError` if it is running already, `TypeError` for a value that nobody waits for,
    /// `RuntimeError` for a finished coroutine.
    pub fn resume(&self, value: Option<&PyObject>, thrown: Option<PyErr>, closing: bool) -> PyResult<SendResult> {
        if self.gi_frame_state.get() == state::CHAINED && thrown.is_none() {
            // SAFETY: the frames live as long as the generator, which the caller keeps alive.
            unsafe {
                let ts = thread::current();
                if let Some(innermost) = delegation::resume(ts, self, word(value)) {
                    return self.outcome(eval_frames(ts, self.iframe(), innermost.iframe(), None));
                }
            }
        }
        delegation::settle(self);
        let frame_state = self.gi_frame_state.get();
        if frame_state >= state::EXECUTING
            || (frame_state == state::CREATED && value.is_some_and(|v| !crate::is_none(v)) && thrown.is_none())
        {
            return self.refuse(value, thrown, closing);
        }
        let ts = thread::current();
        let frame = self.iframe();
        // SAFETY: resumable; the frame lives as long as the generator, which the caller keeps alive.
        let result = unsafe {
            self.start(ts, word(value));
            let thrown = match thrown {
                Some(error) => {
                    // The exception belongs to the instruction that suspended the frame, which is one unit back.
                    (*frame).instr_ptr.set((*frame).instr_ptr.get().sub(1));
                    // Only what the generator itself was handling becomes the context, not what its caller handles.
                    let handling = self.gi_exc_state.exc_value.peek().is_some_and(|handled| !crate::is_none(handled));
                    Some(if handling { PyErr::raise(error.into_value()) } else { error })
                }
                None => None,
            };
            eval_frame(ts, frame, thrown)
        };
        self.outcome(result)
    }

    /// What a run of its frame has come to.
    #[inline]
    fn outcome(&self, result: PyResult<ObjRef>) -> PyResult<SendResult> {
        let value = result?;
        Ok(if self.is_finished() { SendResult::Return(value) } else { SendResult::Next(value) })
    }

    /// `next(generator)`: `None` at the end without a value.
    #[inline]
    pub fn next_value(&self) -> PyResult<Option<ObjRef>> {
        match self.resume(None, None, false)? {
            SendResult::Next(value) => Ok(Some(value)),
            SendResult::Return(value) => end_of_iteration(value),
        }
    }

    /// `generator.send(value)`.
    pub fn send_method(&self, value: &PyObject) -> PyResult<ObjRef> {
        match self.resume(Some(value), None, false)? {
            SendResult::Next(value) => Ok(value),
            SendResult::Return(value) => Err(self.stop(value)),
        }
    }

    /// The exception by which a finished generator hands out its result.
    fn stop(&self, value: ObjRef) -> PyErr {
        if self.is_async_generator() { exc::stop_async_iteration() } else { stop_with(value) }
    }

    /// Raises in the generator, as `throw` and `close` do.
    fn resume_with(&self, error: PyErr, closing: bool) -> PyResult<ObjRef> {
        match self.resume(Some(crate::none_ref()), Some(error), closing)? {
            SendResult::Next(value) => Ok(value),
            SendResult::Return(value) => Err(self.stop(value)),
        }
    }

    /// `generator.throw(...)`. With `close_on_exit`, a `GeneratorExit` closes what is being iterated first; asynchronous
    /// generators want to go on instead.
    pub fn throw(&self, close_on_exit: bool, what: &Thrown<'_>) -> PyResult<ObjRef> {
        let Some(inner) = self.yield_from() else {
            return self.resume_with(what.to_error()?, false);
        };
        let frame_state = self.gi_frame_state.get();
        if close_on_exit && what.is_generator_exit() {
            self.gi_frame_state.set(state::EXECUTING);
            let closed = close_iterator(&inner);
            self.gi_frame_state.set(frame_state);
            drop(inner);
            let error = match closed {
                Ok(()) => what.to_error()?,
                Err(e) => e,
            };
            return self.resume_with(error, false);
        }
        let result = if let Some(generator) = as_generator_or_coroutine(&inner) {
            self.linked(|| generator.throw(close_on_exit, what))
        } else {
            let Some(throw) = po::getattr_opt(&inner, crate::intern!("throw"))? else {
                return self.resume_with(what.to_error()?, false);
            };
            self.linked(|| call::call(&throw, &what.args()))
        };
        drop(inner);
        match result {
            Ok(value) => Ok(value),
            Err(e) => self.resume_with(e, false),
        }
    }

    /// Runs `f` with the suspended frame linked into the thread's stack, so that tracebacks and stack walks see it.
    fn linked<T>(&self, f: impl FnOnce() -> T) -> T {
        let ts = thread::current();
        let frame = self.iframe();
        let previous = ts.current_frame.get();
        let frame_state = self.gi_frame_state.get();
        self.gi_iframe.previous.set(previous);
        ts.current_frame.set(frame);
        self.gi_frame_state.set(state::EXECUTING);
        let result = f();
        self.gi_frame_state.set(frame_state);
        ts.current_frame.set(previous);
        self.gi_iframe.previous.set(core::ptr::null_mut());
        result
    }

    /// `generator.close()`: the value it returned while closing, or None.
    pub fn close(&self) -> PyResult<ObjRef> {
        delegation::settle(self);
        let frame_state = self.gi_frame_state.get();
        if frame_state == state::CREATED {
            self.gi_frame_state.set(state::CLEARED);
            // SAFETY: it never ran; the contents are dropped once, as the state says from now on.
            unsafe { clear_keeping_code(self.iframe()) };
            return Ok(crate::none());
        }
        if self.is_finished() {
            return Ok(crate::none());
        }
        let mut error = None;
        if let Some(inner) = self.yield_from() {
            self.gi_frame_state.set(state::EXECUTING);
            error = close_iterator(&inner).err();
            self.gi_frame_state.set(frame_state);
        }
        if error.is_none() && self.is_suspended() && self.only_implicit_handler() {
            // No handler of the program's own would see the GeneratorExit: there is nothing to run.
            self.gi_frame_state.set(state::CLEARED);
            // SAFETY: suspended; the contents are dropped once, as the state says from now on.
            unsafe { clear_keeping_code(self.iframe()) };
            self.gi_exc_state.exc_value.take();
            return Ok(crate::none());
        }
        let error = error.unwrap_or_else(exc::generator_exit);
        match self.resume(Some(crate::none_ref()), Some(error), true) {
            Ok(SendResult::Next(_)) => Err(exc::runtime_error(format!("{} ignored GeneratorExit", kind_text(self)))),
            Ok(SendResult::Return(value)) => Ok(value),
            Err(e) if e.matches(exc::GeneratorExit()) => Ok(crate::none()),
            Err(e) => stop_iteration_value(e),
        }
    }

    /// Is it suspended where only the compiler's own handler around the whole body is active, and does nobody watch?
    fn only_implicit_handler(&self) -> bool {
        // SAFETY: a suspended frame's instruction pointer lies in its code.
        let [op, arg] = unsafe { *self.gi_iframe.instr_ptr.get() }.to_le_bytes();
        matches!(op, opcode::RESUME | opcode::RESUME_CHECK)
            && arg & resume::DEPTH1 != 0
            && !crate::interp::instrument::wants_unwinding()
    }

    /// Shows the references of the object, and of its frame unless that is running.
    pub fn traverse_all(&self, v: &mut Visit<'_>) {
        self.gi_name.traverse(v);
        self.gi_qualname.traverse(v);
        self.gi_origin_or_finalizer.traverse(v);
        self.gi_exc_state.exc_value.traverse(v);
        let frame_state = self.gi_frame_state.get();
        // A running frame's references count as held from outside: whoever runs it holds the generator.
        if frame_state != state::EXECUTING && frame_state != state::CLEARED {
            // SAFETY: not running, so its stack pointer is valid.
            unsafe { crate::types::frame::traverse_frame(&self.gi_iframe, v) };
        }
        // The code cannot be part of a cycle, but it is a reference all the same.
        let code = self.gi_iframe.f_executable.get();
        if !code.is_borrowed() {
            // SAFETY: an owned word.
            v.visit(unsafe { code.get() });
        }
    }

    /// The body of `tp_finalize`: closes what is suspended, and warns about coroutines that never ran.
    pub fn finalize(&self) {
        delegation::settle(self);
        if self.is_finished() {
            return;
        }
        if self.is_async_generator()
            && !self.gi_closed.get()
            && let Some(finalizer) = self.gi_origin_or_finalizer.get()
        {
            if let Err(e) = call::call_one(&finalizer, self.as_object()) {
                unraisable(e, "finalizing", self.as_object());
            }
        } else if self.code().has_flag(co_flags::COROUTINE) && self.gi_frame_state.get() == state::CREATED {
            crate::types::coroutine::warn_never_awaited(self);
        } else if let Err(e) = self.close() {
            unraisable(e, "closing", self.as_object());
        }
    }

    /// `<generator object name at 0x…>`.
    pub fn repr_as(&self, kind: &str) -> String {
        let qualname = self.gi_qualname.get();
        let qualname = qualname.as_ref().map_or("?".into(), |q| q.to_string_lossy());
        format!("<{kind} object {qualname} at {:#x}>", self as *const PyGenerator as usize)
    }

    /// `gi_frame` and its relatives.
    pub fn frame_attribute(&self, name: &str) -> PyResult<ObjRef> {
        if crate::runtime::audit::active() {
            crate::runtime::audit::audit("object.__getattr__", &[self.as_object(), PyStr::new(name).as_object()])?;
        }
        delegation::settle(self);
        if self.is_finished() { Ok(crate::none()) } else { Ok(PyFrame::of(&self.gi_iframe).into_obj()) }
    }

    /// `gi_code` and its relatives.
    pub fn code_attribute(&self, name: &str) -> PyResult<ObjRef> {
        if crate::runtime::audit::active() {
            crate::runtime::audit::audit("object.__getattr__", &[self.as_object(), PyStr::new(name).as_object()])?;
        }
        Ok(self.code().to_obj())
    }

    /// `__sizeof__`.
    pub fn memory(&self) -> usize {
        core::mem::offset_of!(PyGenerator, gi_iframe) + self.code().co_framesize as usize * 8
    }

    /// Sets `__name__` or `__qualname__`.
    pub fn set_text(field: &OptRef<PyStr>, value: Option<&PyObject>, what: &str) -> PyResult<()> {
        match value.and_then(|v| v.downcast_ref::<PyStr>()) {
            Some(text) => {
                field.set(Some(text.to_ref()));
                Ok(())
            }
            None => Err(exc::type_error(format!("{what} must be set to a string object"))),
        }
    }
}

/// What is sent, as a word of the operand stack.
#[inline]
fn word(value: Option<&PyObject>) -> StackRef {
    value.map_or_else(|| StackRef::borrowed(crate::none_ref()), StackRef::new)
}

fn unraisable(error: PyErr, doing: &str, object: &PyObject) {
    let text =
        po::repr(object).map_or_else(|_| "<object repr() failed>".to_owned(), |r| r.to_string_lossy().into_owned());
    let message = format!("Exception ignored while {doing} generator {text}");
    crate::runtime::unraisable::write_unraisable(error, Some(&message), None);
}

/// `StopIteration` that carries a generator's result.
#[cold]
pub fn stop_with(value: ObjRef) -> PyErr {
    exc::stop_iteration(if crate::is_none(&value) { None } else { Some(value) })
}

/// The end of an iteration that gave `value`.
#[inline]
fn end_of_iteration(value: ObjRef) -> PyResult<Option<ObjRef>> {
    if crate::is_none(&value) { Ok(None) } else { Err(stop_with(value)) }
}

/// The value that a `StopIteration` carries; any other exception stays one (`_PyGen_FetchStopIterationValue`).
///
/// # Errors
/// The exception itself, if it is no `StopIteration`.
pub fn stop_iteration_value(error: PyErr) -> PyResult<ObjRef> {
    match error.object().downcast_ref::<PyStopIteration>() {
        Some(stop) => Ok(stop.value.get().unwrap_or_else(crate::none)),
        None => Err(error),
    }
}

/// Closes what a `yield from` iterates.
fn close_iterator(iterator: &PyObject) -> PyResult<()> {
    if let Some(generator) = as_generator_or_coroutine(iterator) {
        return generator.close().map(drop);
    }
    match po::getattr_opt(iterator, crate::intern!("close")) {
        Ok(Some(close)) => call::call_noargs(&close).map(drop),
        Ok(None) => Ok(()),
        Err(e) => {
            unraisable(e, "closing", iterator);
            Ok(())
        }
    }
}

/// The arguments of `throw()`.
pub struct Thrown<'a> {
    /// An exception class or instance.
    pub ty: &'a PyObject,
    pub value: Option<&'a PyObject>,
    pub traceback: Option<&'a PyObject>,
}

impl<'a> Thrown<'a> {
    /// From positional arguments; more than one is deprecated.
    ///
    /// # Errors
    /// `TypeError` for a wrong number; what the warning raises.
    pub fn from_args(args: &'a [&'a PyObject]) -> PyResult<Thrown<'a>> {
        check_positional("throw", args.len(), 1, 3)?;
        if args.len() > 1 {
            crate::runtime::warnings::warn(
                exc::DeprecationWarning(),
                "the (type, exc, tb) signature of throw() is deprecated, use the single-arg signature instead.",
                1,
            )?;
        }
        Ok(Thrown { ty: args[0], value: args.get(1).copied(), traceback: args.get(2).copied() })
    }

    /// One exception instance or class.
    pub fn one(ty: &'a PyObject) -> Thrown<'a> {
        Thrown { ty, value: None, traceback: None }
    }

    /// The arguments again, for a delegated call.
    fn args(&self) -> Vec<&'a PyObject> {
        let mut args = vec![self.ty];
        if self.value.is_some() || self.traceback.is_some() {
            args.push(self.value.unwrap_or(crate::none_ref()));
        }
        args.extend(self.traceback);
        args
    }

    fn is_generator_exit(&self) -> bool {
        crate::types::exceptions::given_exception_matches(self.ty, exc::GeneratorExit().as_object())
    }

    /// The exception to raise.
    ///
    /// # Errors
    /// `TypeError` when the arguments do not make an exception.
    pub fn to_error(&self) -> PyResult<PyErr> {
        let traceback = match self.traceback {
            Some(tb) if crate::is_none(tb) => None,
            Some(tb) if PyTraceback::check(tb) => Some(tb),
            Some(_) => return Err(exc::type_error("throw() third argument must be a traceback object")),
            None => None,
        };
        let value = self.value.filter(|v| !crate::is_none(v));
        let error = if is_exception_class(self.ty) {
            // SAFETY: an exception class is a type.
            let class: &PyTypeObject = unsafe { self.ty.cast_unchecked_ref() };
            // What the constructor raises is raised in its stead.
            normalize(class, value).unwrap_or_else(|e| e)
        } else if self.ty.ty().has_flag(flags::BASE_EXC_SUBCLASS) {
            if value.is_some() {
                return Err(exc::type_error("instance exception may not have a separate value"));
            }
            PyErr::from_instance(self.ty.new_ref())
        } else {
            return Err(exc::type_error(format!(
                "exceptions must be classes or instances deriving from BaseException, not {}",
                self.ty.ty().name()
            )));
        };
        if let Some(tb) = traceback {
            error.value().set_traceback(Some(tb.new_ref()));
        }
        Ok(error)
    }
}

/// An instance of `class` made of the value given beside it, as `PyErr_NormalizeException` does.
pub fn normalize(class: &PyTypeObject, value: Option<&PyObject>) -> PyResult<PyErr> {
    use crate::types::tuple::PyTuple;
    let made = match value {
        Some(v) if v.ty().has_flag(flags::BASE_EXC_SUBCLASS) && v.ty().is_subtype(class) => v.new_ref(),
        Some(v) => match v.downcast_ref::<PyTuple>() {
            Some(args) => call::call_tuple(class.as_object(), args, None)?,
            None => call::call_one(class.as_object(), v)?,
        },
        None => call::call_noargs(class.as_object())?,
    };
    if made.ty().has_flag(flags::BASE_EXC_SUBCLASS) {
        // SAFETY: the flag says it is an exception.
        Ok(PyErr::from_exception(unsafe { made.cast_unchecked::<PyBaseException>() }))
    } else {
        Err(exc::type_error(format!(
            "calling {} should have returned an instance of BaseException, not {}",
            po::repr(class.as_object())?.to_string_lossy(),
            made.ty().name()
        )))
    }
}

#[pymethods]
impl PyGenerator {
    /// Send value into generator, return next yielded value or raise StopIteration.
    #[pymethod(sig = "($self, value, /)")]
    fn send(&self, value: &PyObject) -> PyResult<ObjRef> {
        self.send_method(value)
    }

    /// throw(value)
    /// throw(type[,value[,tb]])
    ///
    /// Raise exception in generator, return next yielded value or raise
    /// StopIteration.
    /// the (type, val, tb) signature is deprecated,
    /// and may be removed in a future version of Python.
    #[pymethod(name = "throw", sig = "($self, *args)")]
    fn throw_method(&self, args: &[&PyObject]) -> PyResult<ObjRef> {
        self.throw(true, &Thrown::from_args(args)?)
    }

    /// Raise GeneratorExit inside generator.
    #[pymethod(name = "close")]
    fn close_method(&self) -> PyResult<ObjRef> {
        self.close()
    }

    #[pymethod]
    fn __sizeof__(&self) -> usize {
        self.memory()
    }

    /// See PEP 585
    #[pyclassmethod]
    fn __class_getitem__(cls: &PyTypeObject, item: &PyObject) -> PyResult<ObjRef> {
        crate::types::list::class_getitem(cls, item)
    }

    /// name of the generator
    #[pygetset(name = "__name__")]
    fn name(&self) -> Option<Ref<PyStr>> {
        self.gi_name.get()
    }
    #[pygetset(setter, name = "__name__")]
    fn set_name(&self, value: Option<&PyObject>) -> PyResult<()> {
        PyGenerator::set_text(&self.gi_name, value, "__name__")
    }

    /// qualified name of the generator
    #[pygetset(name = "__qualname__")]
    fn qualname(&self) -> Option<Ref<PyStr>> {
        self.gi_qualname.get()
    }
    #[pygetset(setter, name = "__qualname__")]
    fn set_qualname(&self, value: Option<&PyObject>) -> PyResult<()> {
        PyGenerator::set_text(&self.gi_qualname, value, "__qualname__")
    }

    /// object being iterated by yield from, or None
    #[pygetset]
    fn gi_yieldfrom(&self) -> Option<ObjRef> {
        self.yield_from()
    }

    #[pygetset]
    fn gi_running(&self) -> bool {
        self.is_running()
    }

    #[pygetset]
    fn gi_suspended(&self) -> bool {
        self.is_suspended()
    }

    #[pygetset]
    fn gi_frame(&self) -> PyResult<ObjRef> {
        self.frame_attribute("gi_frame")
    }

    #[pygetset]
    fn gi_code(&self) -> PyResult<ObjRef> {
        self.code_attribute("gi_code")
    }

    #[slot]
    fn tp_repr(&self) -> String {
        self.repr_as("generator")
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        self.next_value()
    }

    #[slot]
    fn am_send(&self, value: &PyObject) -> PyResult<SendResult> {
        self.resume(Some(value), None, false)
    }

    #[slot]
    fn tp_finalize(&self) {
        self.finalize();
    }

    #[slot]
    fn tp_traverse(&self, v: &mut Visit<'_>) {
        self.traverse_all(v);
    }
}

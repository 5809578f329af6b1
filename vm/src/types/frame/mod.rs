//! `frame`: the object that shows a frame of the interpreter to Python code.
//!
//! Frame objects are made on demand ([`PyFrame::of`]). While the call runs, the object points at the interpreter's frame,
//! which owns a reference to the object. When the call ends and somebody else still has the object, the contents move into
//! the object's own storage ([`take_ownership`]):
//!
//! ```text
//!   header, attributes (72 bytes) | frame header (80 bytes) | locals | operand stack
//!                                   _f_frame_data
//! ```

use core::cell::Cell;

use rpy_derive::{pyclass, pymethods};

use crate::err::PyResult;
use crate::exc;
use crate::interp::awaited;
use crate::interp::frame::{self, FRAME_HEADER_SLOTS, InterpreterFrame, owner};
use crate::interp::stackref::StackRef;
use crate::object::alloc::{GC_HEAD_SIZE, init_header, mem_alloc};
use crate::object::{ObjRef, OptRef, PyObject, PyStruct, Ref};
use crate::protocol::object as po;
use crate::runtime::gc::{self, Traverse, Visit};
use crate::types::cell::PyCell;
use crate::types::code::{PyCode, co_flags, kind};
use crate::types::dict::PyDict;
use crate::types::function::PyFunction;
use crate::types::generator;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::str::PyStr;

mod jump;
pub mod locals;

pub use locals::PyFrameLocalsProxy;

/// A frame object (`PyFrameObject`).
#[pyclass(
    name = "frame", symbol = "PyFrame_Type", basicsize = 152, itemsize = 8, dealloc = dealloc, flags(HAVE_GC), no_new
)]
#[repr(C)]
pub struct PyFrame {
    pub ob_base: PyObject,
    /// The caller's object, once the frame has ended. Cython replaces it.
    pub f_back: OptRef<PyFrame>,
    pub f_frame: Cell<*mut InterpreterFrame>,
    pub f_trace: OptRef,
    /// The line, where it is not that of the current instruction; else 0. Cython writes it.
    pub f_lineno: Cell<i32>,
    pub f_trace_lines: Cell<bool>,
    pub f_trace_opcodes: Cell<bool>,
    /// Variables added through `f_locals` that the code does not know.
    pub f_extra_locals: OptRef<PyDict>,
    pub f_locals_cache: OptRef,
    /// Values that were replaced through `f_locals` while the frame's stack may still borrow them.
    pub f_overwritten_fast_locals: OptRef<PyList>,
    frame_data: [Cell<usize>; 1],
}

const _: () = assert!(core::mem::size_of::<PyFrame>() == 80);
const _: () = assert!(core::mem::offset_of!(PyFrame, f_lineno) == 40);
const _: () = assert!(core::mem::offset_of!(PyFrame, frame_data) == 72);

impl PyFrame {
    /// The object of a frame, made if need be.
    pub fn of(frame: &InterpreterFrame) -> Ref<PyFrame> {
        if let Some(object) = frame.frame_obj.get() {
            return object;
        }
        // SAFETY: asked of Python frames only.
        let object = PyFrame::allocate(unsafe { frame.code() });
        object.f_frame.set(frame as *const InterpreterFrame as *mut InterpreterFrame);
        frame.frame_obj.set(Some(object.clone()));
        object
    }

    /// An object with room for a frame of `code`, not tracked, and without a frame.
    fn allocate(code: &PyCode) -> Ref<PyFrame> {
        let slots = code.co_framesize as usize - FRAME_HEADER_SLOTS;
        let size =
            GC_HEAD_SIZE + core::mem::offset_of!(PyFrame, frame_data) + size_of::<InterpreterFrame>() + slots * 8;
        let block = mem_alloc(size);
        if block.is_null() {
            std::alloc::handle_alloc_error(core::alloc::Layout::new::<PyFrame>());
        }
        // SAFETY: fresh memory of sufficient size; every field is written.
        unsafe {
            (block as *mut [usize; 2]).write([0, 0]);
            let this = block.add(GC_HEAD_SIZE) as *mut PyFrame;
            this.write(PyFrame {
                ob_base: PyObject::placeholder(),
                f_back: OptRef::NULL,
                f_frame: Cell::new(core::ptr::null_mut()),
                f_trace: OptRef::NULL,
                f_lineno: Cell::new(0),
                f_trace_lines: Cell::new(true),
                f_trace_opcodes: Cell::new(false),
                f_extra_locals: OptRef::NULL,
                f_locals_cache: OptRef::NULL,
                f_overwritten_fast_locals: OptRef::NULL,
                frame_data: [Cell::new(0)],
            });
            init_header(this as *mut PyObject, &PyFrame_Type);
            gc::count_allocation(&PyFrame_Type);
            Ref::from_owned_ptr(this)
        }
    }

    /// A frame object that belongs to no call, as C code makes it for tracebacks (`PyFrame_New`).
    pub fn new_detached(code: &PyCode, globals: &PyObject, locals: Option<ObjRef>) -> Ref<PyFrame> {
        let function = PyFunction::new(code, globals, None);
        let object = PyFrame::allocate(code);
        let own = object.own_frame();
        // SAFETY: the object has room for the code's frame.
        unsafe {
            frame::init_frame(own, function, locals, code, 0, core::ptr::null_mut());
            (*own).owner.set(owner::FRAME_OBJECT);
            // Frames before their first RESUME are invisible: pretend that it ran.
            (*own).instr_ptr.set(code.code_ptr().add(code.co_firsttraceable.get() as usize + 1));
            object.f_frame.set(own);
            gc::track(object.as_object());
        }
        object
    }

    /// The storage inside the object.
    fn own_frame(&self) -> *mut InterpreterFrame {
        (&raw const self.frame_data) as *mut InterpreterFrame
    }

    /// The frame it shows.
    #[inline]
    pub fn frame(&self) -> &InterpreterFrame {
        // SAFETY: the interpreter's frame lives until it hands over to the object; only a dying object has none.
        let frame = unsafe { &*self.f_frame.get() };
        if frame.owner.get() == owner::GENERATOR {
            // SAFETY: the owner is a generator.
            crate::interp::delegation::settle(unsafe { generator::of_frame(self.f_frame.get()) });
        }
        frame
    }

    /// The code object.
    pub fn code(&self) -> &PyCode {
        // SAFETY: frame objects show Python frames.
        unsafe { self.frame().code() }
    }

    /// The present line.
    pub fn line(&self) -> Option<i32> {
        if self.f_lineno.get() > 0 { Some(self.f_lineno.get()) } else { self.frame().line() }
    }

    /// The caller's frame object.
    pub fn back(&self) -> Option<Ref<PyFrame>> {
        if let Some(back) = self.f_back.get() {
            return Some(back);
        }
        let previous = InterpreterFrame::first_complete(self.frame().previous.get());
        // SAFETY: the chain of a running frame is live.
        unsafe { previous.as_ref() }.map(PyFrame::of)
    }

    /// Does the object own its frame's contents?
    fn owns_frame(&self) -> bool {
        core::ptr::eq(self.f_frame.get(), self.own_frame())
    }

    /// Drops what an ended frame still holds.
    fn clear_owned(&self) {
        self.f_trace.take();
        self.f_extra_locals.take();
        self.f_locals_cache.take();
        self.f_overwritten_fast_locals.take();
        if self.owns_frame() {
            let frame = self.frame();
            // SAFETY: the frame has ended; each word is closed once.
            unsafe {
                close_words(frame, frame.local(0));
            }
            frame.f_locals.take();
        }
    }
}

/// Closes the words of a frame from `from` up to its stack pointer, which becomes `from`.
///
/// # Safety
/// The frame does not run, and its stack pointer is valid.
unsafe fn close_words(frame: &InterpreterFrame, from: *mut StackRef) {
    // SAFETY: the caller's promise. The slot is emptied before its word is closed, as that may run code.
    unsafe {
        let mut slot = from;
        let end = frame.stackpointer.get();
        while slot < end {
            let word = *slot;
            *slot = StackRef::NULL;
            word.close();
            slot = slot.add(1);
        }
    }
}

/// The frame object of a frame, made if need be.
pub fn frame_object_of(frame: &InterpreterFrame) -> Ref<PyFrame> {
    PyFrame::of(frame)
}

/// A frame ends while its object lives on: the contents move into the object.
///
/// # Safety
/// The frame does not run any more; `object` is its object, which it has let go of. Nothing in it is owned afterwards.
pub unsafe fn take_ownership(object: Ref<PyFrame>, frame: *mut InterpreterFrame) {
    // SAFETY: the caller's promise; the object has room for the frame, and each word moves once.
    unsafe {
        let from = &*frame;
        let nlocalsplus = from.code().co_nlocalsplus as usize;
        let stack = from.local(nlocalsplus);
        // The operand stack is of no interest any more.
        close_words(from, stack);
        from.stackpointer.set(stack);
        let to = object.own_frame();
        core::ptr::copy_nonoverlapping(frame, to, 1);
        for i in 0..nlocalsplus {
            let word = *from.local(i);
            *(*to).local(i) = if word.is_null() { word } else { word.make_owned() };
            *from.local(i) = StackRef::NULL;
        }
        from.f_executable.set(StackRef::NULL);
        from.f_funcobj.set(StackRef::NULL);
        (&raw const from.f_locals as *mut OptRef).write(OptRef::NULL);
        let own = &*to;
        if own.f_executable.get().is_borrowed() {
            own.f_executable.set(own.f_executable.get().make_owned());
        }
        own.previous.set(core::ptr::null_mut());
        own.owner.set(owner::FRAME_OBJECT);
        own.stackpointer.set(own.local(nlocalsplus));
        own.visited.set(0);
        object.f_frame.set(to);
        if object.f_back.is_null()
            && let Some(previous) = InterpreterFrame::first_complete(from.previous.get()).as_ref()
        {
            object.f_back.set(Some(PyFrame::of(previous)));
        }
        gc::track(object.as_object());
    }
}

/// Shows what a frame owns, but for its code.
///
/// # Safety
/// The frame does not run: its stack pointer is valid.
pub unsafe fn traverse_frame(frame: &InterpreterFrame, v: &mut Visit<'_>) {
    frame.frame_obj.traverse(v);
    frame.f_locals.traverse(v);
    // SAFETY: words below the stack pointer are live.
    unsafe {
        let func = frame.f_funcobj.get();
        if !func.is_borrowed() {
            v.visit(func.get());
        }
        let mut slot = frame.local(0);
        let end = frame.stackpointer.get();
        while slot < end {
            let word = *slot;
            if !word.is_borrowed() {
                v.visit(word.get());
            }
            slot = slot.add(1);
        }
    }
}

unsafe extern "C-unwind" fn dealloc(object: *mut PyObject) {
    // SAFETY: a dead frame object; each part is dropped once.
    unsafe {
        let this = &*(object as *const PyFrame);
        gc::untrack(this.as_object());
        this.clear_owned();
        if this.owns_frame() {
            let frame = this.frame();
            frame.f_executable.replace(StackRef::NULL).close();
            frame.f_funcobj.replace(StackRef::NULL).close();
        }
        this.f_back.take();
        crate::object::dealloc::free_instance(object);
    }
}

/// The value of local variable `index`, looking into cells; `None` if it is unbound.
///
/// # Safety
/// The frame is a complete Python frame, and the index lies within its locals.
pub unsafe fn local_value(frame: &InterpreterFrame, index: usize) -> Option<ObjRef> {
    crate::jit_hooks::show_locals(frame);
    // SAFETY: the caller's promise.
    unsafe {
        let value = (*frame.local(index)).opt()?;
        let kinds = frame.code().co_localspluskinds.as_bytes();
        if kinds[index] & (kind::CELL | kind::FREE) != 0
            && let Some(cell) = value.downcast_exact::<PyCell>()
        {
            return cell.get();
        }
        Some(value.new_ref())
    }
}

/// Are variables of a comprehension that was compiled into a module or class body in use?
fn has_hidden_locals(frame: &InterpreterFrame) -> bool {
    // SAFETY: asked of complete Python frames.
    unsafe {
        let kinds = frame.code().co_localspluskinds.as_bytes();
        (0..kinds.len()).any(|i| kinds[i] & kind::HIDDEN != 0 && local_value(frame, i).is_some())
    }
}

/// Has the frame its variables in slots, rather than in a namespace?
fn uses_slots(frame: &InterpreterFrame) -> bool {
    // SAFETY: asked of complete Python frames.
    unsafe { frame.code() }.has_flag(co_flags::OPTIMIZED) || has_hidden_locals(frame)
}

/// The namespace of code that has one.
fn namespace(frame: &InterpreterFrame) -> ObjRef {
    match frame.f_locals.get() {
        Some(locals) => locals,
        None => {
            let dict = PyDict::new().into_obj();
            frame.f_locals.set(Some(dict.clone()));
            dict
        }
    }
}

/// What `locals()` gives in a frame: its namespace, or for functions a new dict with a snapshot.
///
/// # Errors
/// What filling the dict raises.
pub fn locals_of(frame: &InterpreterFrame) -> PyResult<ObjRef> {
    if uses_slots(frame) { Ok(locals::snapshot(&PyFrame::of(frame))?.into_obj()) } else { Ok(namespace(frame)) }
}

#[pymethods]
impl PyFrame {
    #[pygetset]
    fn f_back(&self) -> Option<Ref<PyFrame>> {
        self.back()
    }

    /// Return the mapping used by the frame to look up local variables.
    #[pygetset]
    fn f_locals(&self) -> ObjRef {
        let frame = self.frame();
        if uses_slots(frame) { PyFrameLocalsProxy::new(self) } else { namespace(frame) }
    }

    /// Return the global variables in the frame.
    #[pygetset]
    fn f_globals(&self) -> ObjRef {
        self.frame().globals().new_ref()
    }

    /// Return the built-in variables in the frame.
    #[pygetset]
    fn f_builtins(&self) -> ObjRef {
        self.frame().builtins().new_ref()
    }

    /// Return the code object being executed in this frame.
    #[pygetset]
    fn f_code(&self) -> PyResult<ObjRef> {
        if crate::runtime::audit::active() {
            crate::runtime::audit::audit("object.__getattr__", &[self.as_object(), PyStr::new("f_code").as_object()])?;
        }
        Ok(self.code().to_obj())
    }

    /// Return the index of the last attempted instruction in the frame.
    #[pygetset]
    fn f_lasti(&self) -> i64 {
        let lasti = self.frame().lasti();
        if lasti < 0 { -1 } else { lasti as i64 * 2 }
    }

    /// Return the current line number in the frame.
    #[pygetset]
    fn f_lineno(&self) -> Option<i32> {
        self.line()
    }
    #[pygetset(setter)]
    fn set_f_lineno(&self, value: Option<&PyObject>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(exc::attribute_error_msg("cannot delete attribute"));
        };
        let Some(line) = value.downcast_exact::<PyInt>() else {
            return Err(exc::value_error("lineno must be an integer"));
        };
        jump::jump_to_line(self, line)
    }

    /// Return the trace function for this frame, or None if no trace function is set.
    #[pygetset]
    fn f_trace(&self) -> Option<ObjRef> {
        self.f_trace.get()
    }
    #[pygetset(setter)]
    fn set_f_trace(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.f_trace.set(value.filter(|v| !crate::is_none(v)).map(PyObject::new_ref));
        if !self.f_trace.is_null() && self.f_trace_opcodes.get() {
            crate::interp::instrument::watch_opcodes(self);
        }
        Ok(())
    }

    #[pygetset]
    fn f_trace_lines(&self) -> bool {
        self.f_trace_lines.get()
    }
    #[pygetset(setter)]
    fn set_f_trace_lines(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.f_trace_lines.set(exact_bool(value)?);
        Ok(())
    }

    /// Return True if opcode tracing is enabled, False otherwise.
    #[pygetset]
    fn f_trace_opcodes(&self) -> bool {
        self.f_trace_opcodes.get()
    }
    #[pygetset(setter)]
    fn set_f_trace_opcodes(&self, value: Option<&PyObject>) -> PyResult<()> {
        let on = exact_bool(value)?;
        self.f_trace_opcodes.set(on);
        if on {
            crate::interp::instrument::watch_opcodes(self);
        }
        Ok(())
    }

    /// Return the generator or coroutine associated with this frame, or None.
    #[pygetset]
    fn f_generator(&self) -> PyResult<Option<ObjRef>> {
        let frame = self.f_frame.get();
        Ok(match self.frame().owner.get() {
            // SAFETY: the owner is a generator.
            owner::GENERATOR => Some(unsafe { generator::of_frame(frame) }.to_obj()),
            // SAFETY: a running frame, whose object this is.
            owner::AWAITED => Some(unsafe { awaited::generator_of(frame)? }.into_obj()),
            _ => None,
        })
    }

    /// Clear all references held by the frame.
    #[pymethod]
    fn clear(&self) -> PyResult<()> {
        match self.frame().owner.get() {
            owner::GENERATOR => {
                // SAFETY: the owner is a generator. It is kept alive while it is being closed.
                let this = unsafe { generator::of_frame(self.f_frame.get()) }.to_ref();
                if this.is_running() {
                    return Err(exc::runtime_error("cannot clear an executing frame"));
                }
                if this.is_suspended() {
                    return Err(exc::runtime_error("cannot clear a suspended frame"));
                }
                this.finalize();
                Ok(())
            }
            owner::FRAME_OBJECT => {
                self.clear_owned();
                Ok(())
            }
            _ => Err(exc::runtime_error("cannot clear an executing frame")),
        }
    }

    /// Return the size of the frame in memory, in bytes.
    #[pymethod]
    fn __sizeof__(&self) -> usize {
        core::mem::offset_of!(PyFrame, frame_data) + self.code().co_framesize as usize * 8
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<String> {
        let code = self.code();
        let filename = code.co_filename.get().unwrap_or_else(crate::none);
        let filename = po::repr(&filename)?;
        let line = self.line().map_or_else(|| "None".to_owned(), |line| line.to_string());
        Ok(format!(
            "<frame at {:#x}, file {}, line {line}, code {}>",
            self as *const PyFrame as usize,
            filename.to_string_lossy(),
            code.co_name.to_string_lossy()
        ))
    }

    #[slot]
    fn tp_traverse(&self, v: &mut Visit<'_>) {
        self.f_back.traverse(v);
        self.f_trace.traverse(v);
        self.f_extra_locals.traverse(v);
        self.f_locals_cache.traverse(v);
        self.f_overwritten_fast_locals.traverse(v);
        if self.owns_frame() {
            let frame = self.frame();
            // SAFETY: the frame has ended.
            unsafe { traverse_frame(frame, v) };
            let code = frame.f_executable.get();
            if !code.is_borrowed() {
                // SAFETY: an owned word.
                v.visit(unsafe { code.get() });
            }
        }
    }

    #[slot]
    fn tp_clear(&self) {
        self.clear_owned();
    }
}

fn exact_bool(value: Option<&PyObject>) -> PyResult<bool> {
    match value {
        None => Err(exc::type_error("cannot delete numeric/char attribute")),
        Some(v) if v.is(&crate::py_bool(true)) => Ok(true),
        Some(v) if v.is(&crate::py_bool(false)) => Ok(false),
        Some(_) => Err(exc::type_error("attribute value type must be bool")),
    }
}

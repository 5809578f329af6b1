//! The buffer protocol of Python classes (PEP 688): `__buffer__` and `__release_buffer__`.
//!
//! `__buffer__` returns a memoryview; the buffer that C gets is that memoryview's, owned by a small wrapper object, which
//! on release gives the memoryview back and calls `__release_buffer__`.

use core::ffi::{c_int, c_void};
use core::mem::transmute;

use super::glue::{arg, ret, tuple_arg};
use super::slot_functions::{Method, call_dunder};
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::alloc::new_exact;
use crate::object::slots::{getbufferproc, releasebufferproc};
use crate::object::{OptRef, PyBufferView, PyObject, PyStruct, PyTypeObject};
use crate::protocol;
use crate::types::int::PyInt;
use crate::types::memoryview::PyMemoryView;
use crate::{pyclass, pymethods};

/// Owns a buffer that came from a Python `__buffer__`.
#[pyclass(name = "_buffer_wrapper", gc, no_new)]
#[repr(C)]
pub struct PyBufferWrapper {
    pub ob_base: PyObject,
    /// What `__buffer__` returned.
    pub view: OptRef,
    /// Whose `__buffer__` it was.
    pub exporter: OptRef,
}

#[pymethods]
impl PyBufferWrapper {
    #[slot]
    unsafe fn bf_releasebuffer(this: *mut PyObject, buffer: *mut PyBufferView) {
        // SAFETY: the slot is called with a live wrapper and the buffer it owns.
        unsafe {
            let this: &PyBufferWrapper = (*this).cast_unchecked_ref();
            let (Some(view), Some(exporter)) = (this.view.take(), this.exporter.take()) else { return };
            if let Some(release) = view.ty().as_buffer().and_then(|b| b.bf_releasebuffer.get()) {
                release(view.as_raw(), buffer);
            }
            // A view of the exporter's own memory, from a base's `__buffer__`, calls it when it goes.
            let own = view
                .downcast_ref::<PyMemoryView>()
                .and_then(PyMemoryView::owner)
                .is_some_and(|owner| owner.is(&exporter));
            if !own && releases_in_python(exporter.ty()) {
                call_release(&exporter, &view);
            }
        }
    }
}

fn releases_in_python(ty: &PyTypeObject) -> bool {
    ty.as_buffer()
        .and_then(|b| b.bf_releasebuffer.get())
        .is_some_and(|f| f as usize == slot_bf_releasebuffer as *const () as usize)
}

/// `exporter.__release_buffer__(view)`; failures cannot be raised.
fn call_release(exporter: &PyObject, view: &PyObject) {
    let pending = PyErr::fetch();
    let result = match Method::find(exporter, crate::intern!("__release_buffer__")) {
        Ok(Some(method)) => method.call(exporter, &[view]).map(drop),
        Ok(None) => Ok(()),
        Err(e) => Err(e),
    };
    if let Err(e) = result {
        e.write_unraisable(Some(exporter));
    }
    if let Some(pending) = pending {
        pending.restore();
    }
}

/// `bf_getbuffer` of Python classes.
pub(super) unsafe extern "C-unwind" fn slot_bf_getbuffer(
    this: *mut PyObject,
    buffer: *mut PyBufferView,
    flags: c_int,
) -> c_int {
    // SAFETY: C passes a live object and a buffer to fill.
    match unsafe { get_buffer(arg(this), buffer, flags) } {
        Ok(()) => 0,
        Err(e) => {
            // SAFETY: as above.
            unsafe { (*buffer).obj = core::ptr::null_mut() };
            e.restore_int()
        }
    }
}

unsafe fn get_buffer(this: &PyObject, buffer: *mut PyBufferView, flags: c_int) -> PyResult<()> {
    let wanted = PyInt::from_i64(i64::from(flags));
    let view = call_dunder(this, crate::intern!("__buffer__"), &[wanted.as_object()])?;
    if view.downcast_ref::<PyMemoryView>().is_none() {
        return Err(exc::type_error("__buffer__ returned non-memoryview object"));
    }
    let Some(get) = view.ty().as_buffer().and_then(|b| b.bf_getbuffer.get()) else {
        return Err(exc::type_error("__buffer__ returned non-memoryview object"));
    };
    // SAFETY: calling the slot as C would; the reference it puts into `obj` is replaced by the wrapper's.
    unsafe {
        super::glue::check_status(get(view.as_raw(), buffer, flags))?;
        super::ensure_ready(<PyBufferWrapper as crate::PyClass>::type_object())?;
        let wrapper = new_exact(PyBufferWrapper {
            ob_base: PyObject::placeholder(),
            view: OptRef::some(view),
            exporter: OptRef::some(this.new_ref()),
        });
        let old = core::mem::replace(&mut (*buffer).obj, wrapper.into_obj().into_raw());
        if !old.is_null() {
            PyObject::decref(old);
        }
    }
    Ok(())
}

/// `bf_releasebuffer` of Python classes: for buffers that a base written in C gave out. Besides `__release_buffer__`, the
/// base's own function must run, whatever the Python method does.
pub(super) unsafe extern "C-unwind" fn slot_bf_releasebuffer(this: *mut PyObject, buffer: *mut PyBufferView) {
    // SAFETY: C passes a live object and its buffer.
    let this = unsafe { arg(this) };
    // The view may only be looked at: the memory goes when the method returns.
    // SAFETY: the buffer is alive for the length of this call.
    match unsafe { PyMemoryView::from_view(&*buffer) } {
        Ok(view) => {
            view.restrict();
            call_release(this, view.as_object());
            if let Err(e) = protocol::call::call_method(view.as_object(), crate::intern!("release"), &[]) {
                e.write_unraisable(Some(this));
            }
        }
        Err(e) => e.write_unraisable(Some(this)),
    }
    let mut at = Some(this.ty());
    while let Some(ty) = at {
        let release = ty.as_buffer().and_then(|b| b.bf_releasebuffer.get());
        if let Some(release) = release
            && release as usize != slot_bf_releasebuffer as *const () as usize
        {
            // SAFETY: the buffer came from this base's getbuffer.
            unsafe { release(this.as_ptr(), buffer) };
            return;
        }
        at = ty.base();
    }
}

/// `x.__buffer__(flags)` on a type with a C buffer.
pub(super) unsafe extern "C-unwind" fn wrap_buffer(
    this: *mut PyObject,
    args: *mut PyObject,
    wrapped: *mut c_void,
) -> *mut PyObject {
    // SAFETY: the table pairs this wrapper with slots of this type.
    let get: getbufferproc = unsafe { transmute(wrapped) };
    let body = || -> PyResult {
        // SAFETY: wrappers are called with a live object and a tuple.
        let (this, args) = unsafe { (arg(this), tuple_arg(args)) };
        let &[flags] = args.items() else {
            return Err(exc::type_error(format!("expected 1 argument, got {}", args.len())));
        };
        let flags = protocol::number::as_isize(flags, Some(exc::OverflowError()))?;
        let Ok(flags) = c_int::try_from(flags) else {
            return Err(exc::overflow_error("buffer flags out of range"));
        };
        // SAFETY: the function is the receiver's type's own.
        unsafe { PyMemoryView::from_buffer_proc(this, flags, get) }.map(crate::Ref::into_obj)
    };
    ret(body())
}

/// `x.__release_buffer__(view)` on a type with a C buffer: releases the memoryview.
pub(super) unsafe extern "C-unwind" fn wrap_releasebuffer(
    this: *mut PyObject,
    args: *mut PyObject,
    wrapped: *mut c_void,
) -> *mut PyObject {
    // SAFETY: the table pairs this wrapper with slots of this type; the slot itself is not called.
    let _release: releasebufferproc = unsafe { transmute(wrapped) };
    let body = || -> PyResult {
        // SAFETY: wrappers are called with a live object and a tuple.
        let (this, args) = unsafe { (arg(this), tuple_arg(args)) };
        let &[view] = args.items() else {
            return Err(exc::type_error(format!("expected 1 argument, got {}", args.len())));
        };
        let Some(memory) = view.downcast_ref::<PyMemoryView>() else {
            return Err(exc::type_error("expected a memoryview object"));
        };
        let Some(owner) = memory.owner() else {
            // Released already.
            return Ok(crate::none());
        };
        if !owner.is(this) {
            return Err(exc::value_error("memoryview's buffer is not this object"));
        }
        if memory.is_released() {
            return Err(exc::value_error("memoryview's buffer has already been released"));
        }
        protocol::call::call_method(view, crate::intern!("release"), &[])
    };
    ret(body())
}

//! `PickleBuffer`: a buffer that may travel outside of the pickle (PEP 574).

use core::cell::{Cell, UnsafeCell};
use core::ffi::c_int;

use rpy_vm::gc::Visit;
use rpy_vm::object::PyBufferView;
use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::buffer::{self, flags};
use rpy_vm::types::memoryview::PyMemoryView;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, exc, pyclass, pymethods};

/// Wrapper for potentially out-of-band buffers
#[pyclass(name = "PickleBuffer", module = "pickle", symbol = "PyPickleBuffer_Type", weaklist = weakreflist, gc)]
#[repr(C)]
pub struct PyPickleBuffer {
    ob_base: PyObject,
    /// The view this object holds; `obj` is null once it is released.
    #[pytraverse(skip)]
    view: UnsafeCell<PyBufferView>,
    #[pytraverse(skip)]
    weakreflist: Cell<*mut PyObject>,
}

fn released() -> PyErr {
    exc::value_error("operation forbidden on released PickleBuffer object")
}

impl PyPickleBuffer {
    /// The object whose memory it is.
    fn owner(&self) -> PyResult<ObjRef> {
        // SAFETY: null or owned by the view; the reference is counted before anything can release the view.
        unsafe { (*self.view.get()).obj.as_ref() }.map(PyObject::new_ref).ok_or_else(released)
    }

    fn release_view(&self) {
        // The view is emptied first: releasing may run code that comes back here.
        let mut view = Box::new(PyBufferView::EMPTY);
        // SAFETY: plain data; from here on the box is the only one that owns the view. A simple exporter's `shape` points
        // into the view it filled in, which nobody reads when releasing.
        unsafe { core::ptr::swap(self.view.get(), &raw mut *view) };
        buffer::release_buffer(&mut view);
    }
}

#[pymethods]
impl PyPickleBuffer {
    #[pynew(sig = "(object, /)")]
    fn py_new(cls: &PyTypeObject, object: &PyObject) -> PyResult<ObjRef> {
        let this = new_in(
            cls,
            PyPickleBuffer {
                ob_base: PyObject::placeholder(),
                view: UnsafeCell::new(PyBufferView::EMPTY),
                weakreflist: Cell::new(core::ptr::null_mut()),
            },
        )?;
        // SAFETY: nobody else has seen the object; the view stays at its place as long as it is held.
        let view = unsafe { &mut *this.view.get() };
        if let Err(e) = buffer::get_buffer(object, view, flags::FULL_RO) {
            view.obj = core::ptr::null_mut();
            return Err(e);
        }
        Ok(this.into_obj())
    }

    /// Return a memoryview of the raw memory underlying this buffer.
    ///
    /// Will raise BufferError is the buffer isn't contiguous.
    #[pymethod]
    fn raw(&self) -> PyResult<ObjRef> {
        self.owner()?;
        // SAFETY: the view is held, as was just checked, and nothing runs meanwhile.
        let view = unsafe { &*self.view.get() };
        if !view.suboffsets.is_null() || !view.is_contiguous(b'A') {
            return Err(exc::buffer_error("cannot extract raw buffer from non-contiguous buffer"));
        }
        Ok(PyMemoryView::raw_bytes(self.as_object())?.into_obj())
    }

    /// Release the underlying buffer controlled by the PickleBuffer object.
    #[pymethod]
    fn release(&self) {
        self.release_view();
    }

    #[slot]
    unsafe fn bf_getbuffer(object: *mut PyObject, view: *mut PyBufferView, wanted: c_int) -> c_int {
        // SAFETY: called for instances with a valid view, as the protocol says.
        unsafe {
            let this: &PyPickleBuffer = (*object).cast_unchecked_ref();
            let result = this.owner().and_then(|owner| buffer::get_buffer(&owner, &mut *view, wanted));
            buffer::finish_getbuffer(view, result)
        }
    }

    #[slot]
    fn tp_traverse(&self, visit: &mut Visit<'_>) {
        // SAFETY: null or owned by the view.
        unsafe { visit.visit_raw((*self.view.get()).obj) };
    }

    #[slot]
    fn tp_clear(&self) {
        self.release_view();
    }
}

impl Drop for PyPickleBuffer {
    fn drop(&mut self) {
        self.release_view();
    }
}

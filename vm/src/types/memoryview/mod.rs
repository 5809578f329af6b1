//! `memoryview`, and the managed buffer behind it.
//!
//! Several views share one underlying buffer: slices, casts and read-only copies of a view all refer to the same [`PyManagedBuffer`], which
//! holds the exporter's view and releases it when the last memoryview is released.
//!
//! ```text
//! PyMemoryView                          PyManagedBuffer
//!  24 mbuf      ──────────────────────▶  16 flags    1 released, 2 format to be freed
//!  32 hash                               24 exports  memoryviews that are not released
//!  40 flags     see `mv`                 32 master   what the exporter gave
//!  48 exports   buffers handed on
//!  56 view      this view's own description of the memory (its obj is borrowed from master)
//! 136 weakreflist
//! 144 ob_array  shape, strides, suboffsets
//! ```

use core::cell::{Cell, UnsafeCell};
use core::ffi::{c_char, c_int};
use core::mem::{offset_of, size_of};
use core::ptr;

use crate::err::PyResult;
use crate::exc;
use crate::object::alloc::{self, mem_free};
use crate::object::dealloc::free_instance;
use crate::object::{ObjRef, OptRef, PyBufferView, PyObject, PyStruct, PyVarObject, Ref};
use crate::protocol::buffer::{self, flags as buf};
use crate::runtime::gc::{self, Visit};
use crate::types::bytes::PyBytes;
use rpy_derive::{pyclass, pymethods};

mod compare;
pub mod items;
mod iter;
mod methods;
mod subscript;

pub use iter::PyMemoryIterator;

/// Flags of a memoryview.
pub mod mv {
    use core::ffi::c_int;
    pub const RELEASED: c_int = 1;
    pub const C: c_int = 2;
    pub const FORTRAN: c_int = 4;
    pub const SCALAR: c_int = 8;
    pub const PIL: c_int = 16;
    pub const RESTRICTED: c_int = 32;
}

const MBUF_RELEASED: c_int = 1;
const MBUF_FREE_FORMAT: c_int = 2;

/// Holds an exporter's buffer for all views of it.
#[pyclass(name = "_buffer", symbol = "_PyManagedBuffer_Type", no_new, gc)]
#[repr(C)]
pub struct PyManagedBuffer {
    pub(crate) ob_base: PyObject,
    #[pytraverse(skip)]
    pub(crate) flags: Cell<c_int>,
    #[pytraverse(skip)]
    pub(crate) exports: Cell<isize>,
    #[pytraverse(skip)]
    pub(crate) master: UnsafeCell<PyBufferView>,
}

const _: () = assert!(size_of::<PyManagedBuffer>() == 112);

impl PyManagedBuffer {
    fn blank() -> Ref<PyManagedBuffer> {
        alloc::new_exact(PyManagedBuffer {
            ob_base: PyObject::placeholder(),
            flags: Cell::new(0),
            exports: Cell::new(0),
            master: UnsafeCell::new(PyBufferView::EMPTY),
        })
    }

    fn from_object(object: &PyObject, wanted: c_int) -> PyResult<Ref<PyManagedBuffer>> {
        let this = PyManagedBuffer::blank();
        // SAFETY: nobody else has seen the object; a failed export leaves the view empty.
        let result = buffer::get_buffer(object, unsafe { &mut *this.master.get() }, wanted);
        if let Err(e) = result {
            // SAFETY: as above.
            unsafe { (*this.master.get()).obj = ptr::null_mut() };
            return Err(e);
        }
        Ok(this)
    }

    /// Gives the master a format of its own.
    fn set_format(&self, text: &[u8]) -> PyResult<()> {
        let copy = alloc::mem_alloc(text.len() + 1);
        // SAFETY: nobody else has seen the buffer; the copy has room for the text and its end.
        unsafe {
            (*self.master.get()).format = copy as *mut c_char;
            if copy.is_null() {
                return Err(exc::memory_error());
            }
            ptr::copy_nonoverlapping(text.as_ptr(), copy, text.len());
            *copy.add(text.len()) = 0;
        }
        self.flags.set(self.flags.get() | MBUF_FREE_FORMAT);
        Ok(())
    }

    fn release(&self) {
        if self.flags.get() & MBUF_RELEASED != 0 {
            return;
        }
        self.flags.set(self.flags.get() | MBUF_RELEASED);
        // SAFETY: the master is released once; its format, if ours, was allocated by `set_format`.
        unsafe {
            gc::untrack(self.as_object());
            if self.flags.get() & MBUF_FREE_FORMAT != 0 {
                let master = self.master.get();
                mem_free((*master).format as *mut u8);
                (*master).format = ptr::null_mut();
            }
            buffer::release_buffer(&mut *self.master.get());
        }
    }
}

#[pymethods]
impl PyManagedBuffer {
    #[slot]
    fn tp_traverse(&self, visit: &mut Visit<'_>) {
        // SAFETY: null or owned by the master view.
        unsafe { visit.visit_raw((*self.master.get()).obj) };
    }

    #[slot]
    fn tp_clear(&self) -> PyResult<()> {
        self.release();
        Ok(())
    }

    #[slot]
    unsafe fn tp_dealloc(object: *mut PyObject) {
        // SAFETY: a dead managed buffer.
        unsafe {
            (*(object as *mut PyManagedBuffer)).release();
            gc::untrack(&*object);
            free_instance(object);
        }
    }
}

/// Create a new memoryview object which references the given object.
#[pyclass(name = "memoryview", symbol = "PyMemoryView_Type", flags(SEQUENCE), itemsize = 8, basicsize = 144, weaklist = weakreflist, gc)]
#[repr(C)]
pub struct PyMemoryView {
    pub(crate) ob_base: PyVarObject,
    pub(crate) mbuf: OptRef<PyManagedBuffer>,
    #[pytraverse(skip)]
    pub(crate) hash: Cell<isize>,
    #[pytraverse(skip)]
    pub(crate) flags: Cell<c_int>,
    #[pytraverse(skip)]
    pub(crate) exports: Cell<isize>,
    #[pytraverse(skip)]
    pub(crate) view: UnsafeCell<PyBufferView>,
    #[pytraverse(skip)]
    pub(crate) weakreflist: Cell<*mut PyObject>,
    #[pytraverse(skip)]
    pub(crate) ob_array: [Cell<isize>; 0],
}

const _: () = assert!(offset_of!(PyMemoryView, view) == 56 && offset_of!(PyMemoryView, ob_array) == 144);

impl PyMemoryView {
    /// This view's description of the memory.
    #[inline]
    pub fn view(&self) -> &PyBufferView {
        // SAFETY: changed only while the view is being made, before anybody sees it.
        unsafe { &*self.view.get() }
    }

    #[inline]
    pub fn ndim(&self) -> usize {
        self.view().dimensions()
    }

    #[inline]
    pub fn is_released(&self) -> bool {
        self.flags.get() & mv::RELEASED != 0
            || self.mbuf.peek().is_none_or(|mbuf| mbuf.flags.get() & MBUF_RELEASED != 0)
    }

    #[inline]
    fn check_released(&self) -> PyResult<()> {
        if self.is_released() {
            Err(exc::value_error("operation forbidden on released memoryview object"))
        } else {
            Ok(())
        }
    }

    fn check_restricted(&self) -> PyResult<()> {
        if self.flags.get() & mv::RESTRICTED != 0 {
            return Err(exc::value_error("cannot create new view on restricted memoryview"));
        }
        Ok(())
    }

    fn has(&self, flags: c_int) -> bool {
        self.flags.get() & flags != 0
    }

    /// A view object with room for `ndim` dimensions whose arrays hang in place; the rest of the fields is zero.
    fn allocate(ndim: usize) -> PyResult<Ref<PyMemoryView>> {
        let object = alloc::alloc_var(&PyMemoryView_Type, 3 * ndim)? as *mut PyMemoryView;
        // SAFETY: a fresh zeroed object; its arrays lie behind the fixed part.
        unsafe {
            let array = (object as *mut u8).add(offset_of!(PyMemoryView, ob_array)) as *mut isize;
            (*object).hash.set(-1);
            let view = (*object).view.get();
            (*view).ndim = ndim as c_int;
            (*view).shape = array;
            (*view).strides = array.add(ndim);
            (*view).suboffsets = array.add(2 * ndim);
            gc::track((*object).as_object());
            Ok(Ref::from_owned_ptr(object))
        }
    }

    /// A new view of a managed buffer that describes the memory as `src` does.
    pub(crate) fn add_view(mbuf: &PyManagedBuffer, src: &PyBufferView) -> PyResult<Ref<PyMemoryView>> {
        let ndim = src.dimensions();
        if ndim > buf::MAX_NDIM {
            return Err(exc::value_error("memoryview: number of dimensions must not exceed 64"));
        }
        let this = PyMemoryView::allocate(ndim)?;
        // SAFETY: nobody else has seen the new view; its arrays have `ndim` elements each.
        unsafe {
            let dest = &mut *this.view.get();
            copy_values(dest, src);
            for i in 0..ndim {
                let shape = if src.shape.is_null() { src.len / src.itemsize.max(1) } else { *src.shape.add(i) };
                *dest.shape.add(i) = shape;
            }
            if src.strides.is_null() {
                fill_strides(dest, b'C');
            } else {
                ptr::copy_nonoverlapping(src.strides, dest.strides, ndim);
            }
            if src.suboffsets.is_null() {
                dest.suboffsets = ptr::null_mut();
            } else {
                ptr::copy_nonoverlapping(src.suboffsets, dest.suboffsets, ndim);
            }
        }
        this.attach(mbuf);
        this.update_flags();
        Ok(this)
    }

    /// A new view of a managed buffer with `ndim` dimensions still to be described.
    fn add_incomplete_view(mbuf: &PyManagedBuffer, src: &PyBufferView, ndim: usize) -> PyResult<Ref<PyMemoryView>> {
        let this = PyMemoryView::allocate(ndim)?;
        // SAFETY: nobody else has seen the new view.
        unsafe { copy_values(&mut *this.view.get(), src) };
        this.attach(mbuf);
        Ok(this)
    }

    fn attach(&self, mbuf: &PyManagedBuffer) {
        mbuf.exports.set(mbuf.exports.get() + 1);
        self.mbuf.set(Some(mbuf.to_ref()));
    }

    /// Works out the contiguity flags.
    fn update_flags(&self) {
        let view = self.view();
        let mut flags = 0;
        match view.ndim {
            0 => flags |= mv::SCALAR | mv::C | mv::FORTRAN,
            1 => {
                if view.shape_slice()[0] == 1 || view.strides_slice()[0] == view.itemsize {
                    flags |= mv::C | mv::FORTRAN;
                }
            }
            _ => {
                if view.is_c_contiguous() {
                    flags |= mv::C;
                }
                if view.is_f_contiguous() {
                    flags |= mv::FORTRAN;
                }
            }
        }
        if !view.suboffsets.is_null() {
            flags = (flags | mv::PIL) & !(mv::C | mv::FORTRAN);
        }
        let kept = self.flags.get() & (mv::RELEASED | mv::RESTRICTED);
        self.flags.set(kept | flags);
    }

    /// A view of an object's memory (`PyMemoryView_FromObject`).
    pub fn from_object(object: &PyObject) -> PyResult<Ref<PyMemoryView>> {
        PyMemoryView::from_object_flags(object, buf::FULL_RO)
    }

    /// As [`PyMemoryView::from_object`], asking the exporter for a certain kind of buffer.
    pub fn from_object_flags(object: &PyObject, wanted: c_int) -> PyResult<Ref<PyMemoryView>> {
        if let Some(other) = object.downcast_ref::<PyMemoryView>() {
            other.check_released()?;
            other.check_restricted()?;
            let mbuf = other.mbuf.get().ok_or_else(|| exc::system_error("memoryview without buffer"))?;
            return PyMemoryView::add_view(&mbuf, other.view());
        }
        if buffer::Buffer::check(object) {
            let mbuf = PyManagedBuffer::from_object(object, wanted)?;
            // SAFETY: the master is filled in.
            return PyMemoryView::add_view(&mbuf, unsafe { &*mbuf.master.get() });
        }
        Err(exc::type_error(format!("memoryview: a bytes-like object is required, not '{}'", object.ty().name())))
    }

    /// A view of an object's contiguous memory as plain bytes in one dimension, whatever its shape and format are.
    ///
    /// # Errors
    /// As [`PyMemoryView::from_object`].
    pub fn raw_bytes(object: &PyObject) -> PyResult<Ref<PyMemoryView>> {
        let mbuf = PyManagedBuffer::from_object(object, buf::FULL_RO)?;
        let this = PyMemoryView::allocate(1)?;
        // SAFETY: the master is filled in, and nobody else has seen the new view, whose arrays have one element each.
        unsafe {
            let dest = &mut *this.view.get();
            copy_values(dest, &*mbuf.master.get());
            dest.itemsize = 1;
            dest.format = c"B".as_ptr() as *mut c_char;
            *dest.shape = dest.len;
            *dest.strides = 1;
            dest.suboffsets = ptr::null_mut();
        }
        this.attach(&mbuf);
        this.update_flags();
        Ok(this)
    }

    /// A view of a copy of the memory, which is contiguous: columns first in order `F`, else rows first. Shape and format are this view's.
    ///
    /// # Errors
    /// `ValueError` if this view was released.
    pub fn contiguous_copy(&self, order: u8) -> PyResult<Ref<PyMemoryView>> {
        let copy = PyBytes::try_from_vec(self.to_vec(order)?)?;
        let mbuf = PyManagedBuffer::from_object(copy.as_object(), buf::FULL_RO)?;
        mbuf.set_format(self.view().format_bytes())?;
        let this = PyMemoryView::add_view(&mbuf, self.view())?;
        // SAFETY: nobody else has seen the buffer and its view, whose arrays have an element for each dimension.
        unsafe {
            let (view, master) = (&mut *this.view.get(), &*mbuf.master.get());
            (view.obj, view.buf, view.format, view.internal) = (master.obj, master.buf, master.format, master.internal);
            view.readonly = master.readonly;
            view.suboffsets = ptr::null_mut();
            fill_strides(view, order);
        }
        this.update_flags();
        Ok(this)
    }

    /// A read-only view of the same memory (`memoryview.toreadonly`).
    ///
    /// # Errors
    /// `ValueError` if this view was released.
    pub fn to_readonly(&self) -> PyResult<Ref<PyMemoryView>> {
        let view = PyMemoryView::from_object(self.as_object())?;
        // SAFETY: nobody else has seen the new view.
        unsafe { (*view.view.get()).readonly = 1 };
        Ok(view)
    }

    /// May the memory not be written through this view?
    pub fn is_readonly(&self) -> bool {
        self.view().readonly != 0
    }

    /// A view of the buffer that one certain `bf_getbuffer` gives (`_PyMemoryView_FromBufferProc`).
    ///
    /// # Safety
    /// `get` is a buffer function that fits `object`.
    pub(crate) unsafe fn from_buffer_proc(
        object: &PyObject,
        wanted: c_int,
        get: crate::object::slots::getbufferproc,
    ) -> PyResult<Ref<PyMemoryView>> {
        let mbuf = PyManagedBuffer::blank();
        // SAFETY: nobody else has seen the buffer; a failed export leaves the view empty.
        unsafe {
            if get(object.as_ptr(), mbuf.master.get(), wanted) < 0 {
                (*mbuf.master.get()).obj = ptr::null_mut();
                return Err(crate::PyErr::fetch_or_system_error());
            }
            PyMemoryView::add_view(&mbuf, &*mbuf.master.get())
        }
    }

    /// Forbids making further views of this one.
    pub(crate) fn restrict(&self) {
        self.flags.set(self.flags.get() | mv::RESTRICTED);
    }

    /// A view of memory that belongs to nobody in particular (`PyMemoryView_FromMemory`).
    ///
    /// # Safety
    /// The memory outlives the view.
    pub unsafe fn from_memory(memory: *mut u8, len: usize, readonly: bool) -> PyResult<Ref<PyMemoryView>> {
        let mbuf = PyManagedBuffer::blank();
        // SAFETY: nobody else has seen the buffer; the master's arrays point into itself.
        unsafe {
            buffer::fill_info(mbuf.master.get(), None, memory, len, readonly, buf::FULL_RO)?;
            PyMemoryView::add_view(&mbuf, &*mbuf.master.get())
        }
    }

    /// A view that takes over the description in `info` without owning its memory (`PyMemoryView_FromBuffer`).
    ///
    /// # Safety
    /// The memory outlives the view.
    pub unsafe fn from_view(info: &PyBufferView) -> PyResult<Ref<PyMemoryView>> {
        if info.buf.is_null() {
            return Err(exc::value_error("PyMemoryView_FromBuffer(): info->buf must not be NULL"));
        }
        let mbuf = PyManagedBuffer::blank();
        // SAFETY: the fields are plain data; the reference to the owner is not taken over.
        unsafe {
            ptr::copy_nonoverlapping(info, mbuf.master.get(), 1);
            (*mbuf.master.get()).obj = ptr::null_mut();
            if !info.format.is_null() {
                mbuf.set_format(info.format_bytes())?;
            }
            PyMemoryView::add_view(&mbuf, &*mbuf.master.get())
        }
    }

    /// Releases the view; fails while buffers were handed on.
    pub fn release_view(&self) -> PyResult<()> {
        if self.flags.get() & mv::RELEASED != 0 {
            return Ok(());
        }
        let exports = self.exports.get();
        if exports > 0 {
            let plural = if exports == 1 { "" } else { "s" };
            return Err(exc::buffer_error(format!("memoryview has {exports} exported buffer{plural}")));
        }
        self.flags.set(self.flags.get() | mv::RELEASED);
        if let Some(mbuf) = self.mbuf.get() {
            mbuf.exports.set(mbuf.exports.get() - 1);
            if mbuf.exports.get() == 0 {
                mbuf.release();
            }
        }
        Ok(())
    }

    /// The native format's code.
    ///
    /// # Errors
    /// `NotImplementedError` for any other format.
    fn native_code(&self) -> PyResult<u8> {
        let format = self.view().format_bytes();
        match items::native_format(format) {
            Some((code, _)) => Ok(code),
            None => Err(exc::not_implemented_error(format!(
                "memoryview: unsupported format {}",
                String::from_utf8_lossy(format)
            ))),
        }
    }

    /// Address of an element of a one-dimensional view.
    fn item_pointer_1d(&self, index: isize, dimension: usize, base: *mut u8) -> PyResult<*mut u8> {
        let view = self.view();
        let len = view.shape_slice()[dimension];
        let at = if index < 0 { index + len } else { index };
        if at < 0 || at >= len {
            return Err(exc::index_error(format!("index out of bounds on dimension {}", dimension + 1)));
        }
        // SAFETY: the index is in range of the dimension.
        unsafe {
            let mut pointer = base.offset(view.strides_slice()[dimension] * at);
            if let Some(&offset) = view.suboffsets_slice().get(dimension)
                && offset >= 0
            {
                pointer = (*(pointer as *mut *mut u8)).offset(offset);
            }
            Ok(pointer)
        }
    }
}

/// Copies what all views of one memory have in common. The owner is borrowed from the managed buffer.
fn copy_values(dest: &mut PyBufferView, src: &PyBufferView) {
    dest.obj = src.obj;
    dest.buf = src.buf;
    dest.len = src.len;
    dest.itemsize = src.itemsize;
    dest.readonly = src.readonly;
    dest.format = if src.format.is_null() { c"B".as_ptr() as *mut c_char } else { src.format };
    dest.internal = src.internal;
}

/// Strides of memory that is contiguous in an order, for the view's shape.
///
/// # Safety
/// Shape and strides have `ndim` elements.
unsafe fn fill_strides(view: &mut PyBufferView, order: u8) {
    // SAFETY: the caller's promise.
    unsafe { buffer::fill_strides(view.dimensions(), view.shape, view.strides, view.itemsize, order) };
}

impl PyMemoryView {
    /// `bf_getbuffer`.
    fn export(&self, view: &mut PyBufferView, wanted: c_int) -> PyResult<()> {
        self.check_released()?;
        self.check_restricted()?;
        let asks = |flag: c_int| wanted & flag == flag;
        let base = self.view();
        // SAFETY: the fields are plain data.
        unsafe { ptr::copy_nonoverlapping(base, view, 1) };
        view.obj = ptr::null_mut();
        if asks(buf::WRITABLE) && base.readonly != 0 {
            return Err(exc::buffer_error("memoryview: underlying buffer is not writable"));
        }
        if !asks(buf::FORMAT) {
            view.format = ptr::null_mut();
        }
        if asks(buf::C_CONTIGUOUS) && !self.has(mv::C) {
            return Err(exc::buffer_error("memoryview: underlying buffer is not C-contiguous"));
        }
        if asks(buf::F_CONTIGUOUS) && !self.has(mv::FORTRAN) {
            return Err(exc::buffer_error("memoryview: underlying buffer is not Fortran contiguous"));
        }
        if asks(buf::ANY_CONTIGUOUS) && !self.has(mv::C | mv::FORTRAN) {
            return Err(exc::buffer_error("memoryview: underlying buffer is not contiguous"));
        }
        if !asks(buf::INDIRECT) && self.has(mv::PIL) {
            return Err(exc::buffer_error("memoryview: underlying buffer requires suboffsets"));
        }
        if !asks(buf::STRIDES) {
            if !self.has(mv::C) {
                return Err(exc::buffer_error("memoryview: underlying buffer is not C-contiguous"));
            }
            view.strides = ptr::null_mut();
        }
        if !asks(buf::ND) {
            if !view.format.is_null() {
                return Err(exc::buffer_error(
                    "memoryview: cannot cast to unsigned bytes if the format flag is present",
                ));
            }
            view.ndim = 1;
            view.shape = ptr::null_mut();
        }
        view.obj = self.to_obj().into_raw();
        self.exports.set(self.exports.get() + 1);
        Ok(())
    }

    /// The elements as one run of bytes.
    pub fn to_vec(&self, order: u8) -> PyResult<Vec<u8>> {
        self.check_released()?;
        buffer::copy_to_vec(self.view(), order)
    }

    /// `obj`: the object the memory belongs to.
    pub fn owner(&self) -> Option<ObjRef> {
        // SAFETY: null or alive while the managed buffer holds it.
        unsafe { self.view().obj.as_ref() }.map(PyObject::new_ref)
    }
}

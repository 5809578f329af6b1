//! `pybuffer.h` and `memoryobject.h`: memory that objects share.

use core::ffi::{c_char, c_int, c_void};

use rpy_vm::import::statement::import_module;
use rpy_vm::object::slots::PyBufferView;
use rpy_vm::protocol::{buffer, call, number, object as po};
use rpy_vm::types::memoryview::PyMemoryView;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, Ref, exc};

use crate::border::{Obj, OptObj, Out, Void};

exports! {
    /// Asks an object for a view of its memory; `wanted` is `PyBUF_*`.
    fn PyObject_GetBuffer(object: Obj<'_>, view: *mut PyBufferView, wanted: c_int) -> c_int {
        buffer::finish_getbuffer(view, buffer::get_buffer(object, &mut *view, wanted))
    }
    /// Gives a view back.
    fn PyBuffer_Release(view: &mut PyBufferView) {
        buffer::release_buffer(view);
    }
    /// The memory of an object, without a view that keeps it: of the old buffer interface, for which libraries still ask.
    fn PyObject_AsReadBuffer(object: Obj<'_>, memory: *mut *const c_void, len: *mut isize) -> c_int = () {
        let view = buffer::Buffer::get(object, buffer::flags::SIMPLE)?;
        memory.write(view.bytes().as_ptr().cast());
        len.write(view.bytes().len() as isize);
        Ok(())
    }
    /// As `PyObject_AsReadBuffer`.
    fn PyObject_AsCharBuffer(object: Obj<'_>, memory: *mut *const c_char, len: *mut isize) -> c_int {
        PyObject_AsReadBuffer(object, memory.cast(), len)
    }
    /// As `PyObject_AsReadBuffer`, for memory to write to.
    fn PyObject_AsWriteBuffer(object: Obj<'_>, memory: *mut *mut c_void, len: *mut isize) -> c_int = () {
        let view = buffer::Buffer::get(object, buffer::flags::WRITABLE)
            .map_err(|_| exc::type_error("expected a writable bytes-like object"))?;
        memory.write(view.view().buf.cast());
        len.write(view.view().len);
        Ok(())
    }
    /// Could `PyObject_AsReadBuffer` succeed? Never fails.
    fn PyObject_CheckReadBuffer(object: Obj<'_>) -> c_int {
        c_int::from(buffer::Buffer::get(object, buffer::flags::SIMPLE).is_ok())
    }
    /// Copies the items of one object with a buffer to the memory of another, which has room for them.
    fn PyObject_CopyData(target: Obj<'_>, source: Obj<'_>) -> c_int = () {
        if !buffer::Buffer::check(target) || !buffer::Buffer::check(source) {
            return Err(exc::type_error("both destination and source must be bytes-like objects"));
        }
        let target = buffer::Buffer::get(target, buffer::flags::FULL)?;
        let source = buffer::Buffer::get(source, buffer::flags::FULL_RO)?;
        if target.view().len < source.view().len {
            return Err(exc::buffer_error("destination is too small to receive data from source"));
        }
        // A copy first: the two may share memory.
        let data = source.to_vec(b'C')?;
        PyBuffer_FromContiguous(target.view(), data.as_ptr().cast(), data.len() as isize, b'C' as c_char);
        Ok(())
    }
    /// Has the object a buffer?
    fn PyObject_CheckBuffer(object: Obj<'_>) -> c_int {
        c_int::from(buffer::Buffer::check(object))
    }
    /// Fills a view of plain bytes, for exporters.
    fn PyBuffer_FillInfo(view: *mut PyBufferView, owner: OptObj<'_>, memory: *mut c_void, len: isize, readonly: c_int, wanted: c_int) -> c_int = () {
        buffer::fill_info(view, owner, memory as *mut u8, len.max(0) as usize, readonly != 0, wanted)
    }
    /// Is the memory contiguous in order `C`, `F` or either (`A`)?
    fn PyBuffer_IsContiguous(view: &PyBufferView, order: c_char) -> c_int {
        c_int::from(view.is_contiguous(order as u8))
    }
    /// The address of an item.
    fn PyBuffer_GetPointer(view: &PyBufferView, indices: *const isize) -> Void {
        buffer::item_pointer(view, core::slice::from_raw_parts(indices, view.dimensions())) as Void
    }
    /// Strides of a contiguous array.
    fn PyBuffer_FillContiguousStrides(ndim: c_int, shape: *const isize, strides: *mut isize, itemsize: c_int, order: c_char) {
        buffer::fill_strides(ndim.max(0) as usize, shape, strides, itemsize as isize, order as u8);
    }
    /// The size of an item of a format, as `struct.calcsize` says.
    fn PyBuffer_SizeFromFormat(format: *const c_char) -> isize = isize {
        let module = import_module("struct")?;
        let text = crate::border::c_str(format)?;
        let size = call::call_method(&module, &PyStr::new("calcsize"), &[text.as_object()])?;
        number::as_isize(&size, None)
    }
    /// Copies the memory of a view into a contiguous block.
    fn PyBuffer_ToContiguous(block: *mut c_void, view: &PyBufferView, len: isize, order: c_char) -> c_int = () {
        if len != view.len {
            return Err(exc::value_error("PyBuffer_ToContiguous: len != view->len"));
        }
        let copy = buffer::copy_to_vec(view, order as u8)?;
        core::ptr::copy_nonoverlapping(copy.as_ptr(), block as *mut u8, copy.len());
        Ok(())
    }
    /// Copies a contiguous block into the memory of a view.
    fn PyBuffer_FromContiguous(view: &PyBufferView, block: *const c_void, len: isize, order: c_char) -> c_int = () {
        let len = len.min(view.len).max(0) as usize;
        if view.is_contiguous(order as u8) {
            core::ptr::copy_nonoverlapping(block as *const u8, view.buf as *mut u8, len);
            return Ok(());
        }
        let size = view.itemsize.max(1) as usize;
        let count = len / size;
        let mut done = 0;
        buffer::for_each_item(view, order as u8 == b'F', |item| {
            if done < count {
                core::ptr::copy_nonoverlapping((block as *const u8).add(done * size), item, size);
                done += 1;
            }
        });
        Ok(())
    }
    /// `pickle.PickleBuffer(o)`.
    fn PyPickleBuffer_FromObject(object: Obj<'_>) -> Out = ObjRef {
        call::call_one(&*pickle_buffer_type()?, object)
    }
    /// The view that a pickle buffer holds and keeps.
    fn PyPickleBuffer_GetBuffer(object: Obj<'_>) -> *const PyBufferView = *const PyBufferView {
        let held = pickle_buffer(object)?.as_ptr().cast::<PickleBuffer>();
        if (*held).view.obj.is_null() {
            return Err(exc::value_error("operation forbidden on released PickleBuffer object"));
        }
        Ok(&raw const (*held).view)
    }
    /// Gives the view of a pickle buffer back.
    fn PyPickleBuffer_Release(object: Obj<'_>) -> c_int = () {
        let release = PyStr::new("release");
        call::call_method(pickle_buffer(object)?, &release, &[]).map(drop)
    }
    /// `memoryview(o)`.
    fn PyMemoryView_FromObject(object: Obj<'_>) -> Out = Ref<PyMemoryView> {
        PyMemoryView::from_object(object)
    }
    /// A memoryview of memory that outlives it.
    fn PyMemoryView_FromMemory(memory: *mut c_char, len: isize, flags: c_int) -> Out = Ref<PyMemoryView> {
        PyMemoryView::from_memory(memory as *mut u8, len.max(0) as usize, flags & buffer::flags::WRITE == 0)
    }
    /// A memoryview of what a view describes.
    fn PyMemoryView_FromBuffer(view: &PyBufferView) -> Out = Ref<PyMemoryView> {
        PyMemoryView::from_view(view)
    }
    /// A memoryview of contiguous memory: the object's own, or a copy.
    fn PyMemoryView_GetContiguous(object: Obj<'_>, kind: c_int, order: c_char) -> Out = Ref<PyMemoryView> {
        contiguous(object, kind, order as u8)
    }
}

/// `PyPickleBuffer` of the library's `_pickle` module.
#[repr(C)]
struct PickleBuffer {
    head: PyObject,
    view: PyBufferView,
}

fn pickle_buffer_type() -> PyResult<ObjRef> {
    let module = import_module("_pickle")?;
    po::getattr(&module, &PyStr::new("PickleBuffer"))
}

fn pickle_buffer(object: &PyObject) -> PyResult<&PyObject> {
    if core::ptr::eq(object.ty().as_object(), &*pickle_buffer_type()?) {
        Ok(object)
    } else {
        Err(exc::type_error(format!("expected PickleBuffer, {} found", object.ty().full_name())))
    }
}

fn contiguous(object: &PyObject, kind: c_int, order: u8) -> PyResult<Ref<PyMemoryView>> {
    let view = PyMemoryView::from_object(object)?;
    let writable = kind == buffer::flags::WRITE;
    if writable && view.view().readonly != 0 {
        return Err(exc::buffer_error("underlying buffer is not writable"));
    }
    if view.view().is_contiguous(order) {
        return Ok(view);
    }
    if writable {
        return Err(exc::buffer_error("writable contiguous buffer requested for a non-contiguous object."));
    }
    view.contiguous_copy(order)
}

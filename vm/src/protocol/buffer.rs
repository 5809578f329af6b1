//! The buffer protocol: borrowing an object's memory.
//!
//! [`Buffer`] holds a view and releases it when dropped. While it is held the exporter keeps the memory where it is (a `bytearray` refuses to be
//! resized), so the slices it gives are valid as long as it lives; other code may still *change* a writable buffer's bytes,
//! as in any implementation.
//!
//! The view lives in a box, because exporters let `shape` point at the view's own `len`.

use core::ffi::{c_char, c_int};
use core::mem::size_of;
use core::ptr;

use crate::convert::{ArgCtx, FromArg};
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::{ObjRef, PyBufferView, PyObject};
use crate::types::bytes::PyBytes;

/// `PyBUF_*`: what a consumer asks for.
pub mod flags {
    use core::ffi::c_int;
    pub const SIMPLE: c_int = 0;
    pub const WRITABLE: c_int = 0x1;
    pub const FORMAT: c_int = 0x4;
    pub const ND: c_int = 0x8;
    pub const STRIDES: c_int = 0x10 | ND;
    pub const C_CONTIGUOUS: c_int = 0x20 | STRIDES;
    pub const F_CONTIGUOUS: c_int = 0x40 | STRIDES;
    pub const ANY_CONTIGUOUS: c_int = 0x80 | STRIDES;
    pub const INDIRECT: c_int = 0x100 | STRIDES;
    pub const CONTIG: c_int = ND | WRITABLE;
    pub const CONTIG_RO: c_int = ND;
    pub const STRIDED: c_int = STRIDES | WRITABLE;
    pub const STRIDED_RO: c_int = STRIDES;
    pub const RECORDS: c_int = STRIDES | WRITABLE | FORMAT;
    pub const RECORDS_RO: c_int = STRIDES | FORMAT;
    pub const FULL: c_int = INDIRECT | WRITABLE | FORMAT;
    pub const FULL_RO: c_int = INDIRECT | FORMAT;
    pub const READ: c_int = 0x100;
    pub const WRITE: c_int = 0x200;
    pub const MAX_NDIM: usize = 64;
}

impl PyBufferView {
    /// No view.
    pub const EMPTY: PyBufferView = PyBufferView {
        buf: ptr::null_mut(),
        obj: ptr::null_mut(),
        len: 0,
        itemsize: 0,
        readonly: 0,
        ndim: 0,
        format: ptr::null_mut(),
        shape: ptr::null_mut(),
        strides: ptr::null_mut(),
        suboffsets: ptr::null_mut(),
        internal: ptr::null_mut(),
    };

    /// Number of dimensions.
    #[inline]
    pub fn dimensions(&self) -> usize {
        self.ndim.max(0) as usize
    }

    /// One of the per-dimension arrays; empty when absent.
    ///
    /// # Safety
    /// The view is filled in.
    unsafe fn array(&self, array: *const isize) -> &[isize] {
        if array.is_null() || self.ndim <= 0 {
            &[]
        } else {
            // SAFETY: the protocol promises `ndim` elements.
            unsafe { core::slice::from_raw_parts(array, self.ndim as usize) }
        }
    }

    /// The shape; empty when absent.
    pub fn shape_slice(&self) -> &[isize] {
        // SAFETY: views are filled in by exporters before anybody sees them.
        unsafe { self.array(self.shape) }
    }

    /// The strides; empty when absent.
    pub fn strides_slice(&self) -> &[isize] {
        // SAFETY: as above.
        unsafe { self.array(self.strides) }
    }

    /// The suboffsets; empty when absent.
    pub fn suboffsets_slice(&self) -> &[isize] {
        // SAFETY: as above.
        unsafe { self.array(self.suboffsets) }
    }

    /// The format, `"B"` when absent.
    pub fn format_bytes(&self) -> &[u8] {
        if self.format.is_null() {
            b"B"
        } else {
            // SAFETY: a NUL-terminated string.
            unsafe { core::ffi::CStr::from_ptr(self.format) }.to_bytes()
        }
    }

    /// Row after row without gaps?
    pub fn is_c_contiguous(&self) -> bool {
        self.is_contiguous_in(false)
    }

    /// Column after column without gaps?
    pub fn is_f_contiguous(&self) -> bool {
        self.is_contiguous_in(true)
    }

    /// Contiguous in the given order: `C`, `F`, or `A` for either.
    pub fn is_contiguous(&self, order: u8) -> bool {
        if !self.suboffsets.is_null() {
            return false;
        }
        match order {
            b'C' => self.is_c_contiguous(),
            b'F' => self.is_f_contiguous(),
            _ => self.is_c_contiguous() || self.is_f_contiguous(),
        }
    }

    fn is_contiguous_in(&self, fortran: bool) -> bool {
        if !self.suboffsets.is_null() {
            return false;
        }
        if self.len == 0 || self.strides.is_null() {
            // Without strides it is C-contiguous by definition, and then Fortran-contiguous only in effect one dimension.
            if !fortran || self.len == 0 || self.ndim <= 1 {
                return true;
            }
            return self.shape_slice().iter().filter(|&&n| n > 1).count() <= 1;
        }
        let shape = self.shape_slice();
        let strides = self.strides_slice();
        let mut expected = self.itemsize;
        let mut check = |i: usize| {
            let n = shape.get(i).copied().unwrap_or(1);
            if n > 1 && strides[i] != expected {
                return false;
            }
            expected = expected.wrapping_mul(n);
            true
        };
        if fortran { (0..strides.len()).all(check) } else { (0..strides.len()).rev().all(&mut check) }
    }
}

/// A held view of an object's memory.
pub struct Buffer(Box<PyBufferView>);

impl Buffer {
    /// Asks an object for its memory (`PyObject_GetBuffer`).
    ///
    /// # Errors
    /// `TypeError` if it has no buffers, `BufferError` if not of the kind asked for.
    pub fn get(object: &PyObject, wanted: c_int) -> PyResult<Buffer> {
        let mut view = Box::new(PyBufferView::EMPTY);
        get_buffer(object, &mut view, wanted)?;
        Ok(Buffer(view))
    }

    /// Contiguous bytes to read.
    pub fn simple(object: &PyObject) -> PyResult<Buffer> {
        Buffer::get(object, flags::SIMPLE)
    }

    /// Contiguous bytes to write.
    pub fn writable(object: &PyObject) -> PyResult<Buffer> {
        Buffer::get(object, flags::WRITABLE)
    }

    /// Contiguous bytes to write, for the argument of a function: what does not fit is a `TypeError` that names the function.
    pub fn writable_for(function: &str, object: &PyObject) -> PyResult<Buffer> {
        match Buffer::writable(object) {
            Ok(buffer) => Ok(buffer),
            Err(_) => Err(exc::type_error(format!(
                "{function}() argument must be read-write bytes-like object, not {}",
                object.ty().name()
            ))),
        }
    }

    /// Does the object export buffers at all?
    #[inline]
    pub fn check(object: &PyObject) -> bool {
        object.ty().as_buffer().is_some_and(|procs| procs.bf_getbuffer.get().is_some())
    }

    /// The bytes of a contiguous view.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        if self.0.len <= 0 {
            return &[];
        }
        // SAFETY: the exporter keeps `len` bytes at `buf` while the view is held.
        unsafe { core::slice::from_raw_parts(self.0.buf as *const u8, self.0.len as usize) }
    }

    /// The bytes of a contiguous writable view.
    #[inline]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        if self.0.len <= 0 || self.0.readonly != 0 {
            return &mut [];
        }
        // SAFETY: as for `bytes`; the view is writable.
        unsafe { core::slice::from_raw_parts_mut(self.0.buf as *mut u8, self.0.len as usize) }
    }

    /// Number of bytes.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.len.max(0) as usize
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The whole view.
    #[inline]
    pub fn view(&self) -> &PyBufferView {
        &self.0
    }

    /// The object the memory belongs to, as the exporter names it.
    pub fn owner(&self) -> Option<&PyObject> {
        // SAFETY: null, or owned by the view.
        unsafe { self.0.obj.as_ref() }
    }

    /// The bytes in the given order (`C`, `F`, `A`) whether contiguous or not: a copy if not.
    pub fn to_vec(&self, order: u8) -> PyResult<Vec<u8>> {
        copy_to_vec(&self.0, order)
    }

    /// Gives the view away, still held: whoever takes it has to release it.
    pub fn into_view(self) -> Box<PyBufferView> {
        let this = core::mem::ManuallyDrop::new(self);
        // SAFETY: the box is moved out exactly once; `this` is not dropped.
        unsafe { ptr::read(&this.0) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        release_buffer(&mut self.0);
    }
}

/// `PyObject_GetBuffer`.
pub fn get_buffer(object: &PyObject, view: &mut PyBufferView, wanted: c_int) -> PyResult<()> {
    if wanted != flags::SIMPLE && (wanted == flags::READ || wanted == flags::WRITE) {
        return Err(exc::system_error("bad argument to internal function"));
    }
    let Some(getbuffer) = object.ty().as_buffer().and_then(|procs| procs.bf_getbuffer.get()) else {
        return Err(exc::type_error(format!("a bytes-like object is required, not '{}'", object.ty().name())));
    };
    // SAFETY: calling the slot as C would; on success the view is filled in and owns what it needs.
    if unsafe { getbuffer(object.as_ptr(), view, wanted) } < 0 {
        return Err(PyErr::fetch_or_system_error());
    }
    Ok(())
}

/// `PyBuffer_Release`. Does nothing for a view already released.
pub fn release_buffer(view: &mut PyBufferView) {
    let object = view.obj;
    if object.is_null() {
        return;
    }
    // SAFETY: the view owns the reference; it is given back after the exporter has been told.
    unsafe {
        if let Some(release) = (*object).ty().as_buffer().and_then(|procs| procs.bf_releasebuffer.get()) {
            release(object, view);
        }
        view.obj = ptr::null_mut();
        drop(ObjRef::from_owned_ptr(object));
    }
}

/// `PyBuffer_FillInfo`: fills a view of `len` plain bytes at `buf`, for exporters.
///
/// # Safety
/// The memory stays valid while the view is held.
pub unsafe fn fill_info(
    view: *mut PyBufferView,
    owner: Option<&PyObject>,
    buf: *mut u8,
    len: usize,
    readonly: bool,
    wanted: c_int,
) -> PyResult<()> {
    if view.is_null() {
        return Err(exc::buffer_error("PyBuffer_FillInfo: view==NULL argument is obsolete"));
    }
    if wanted != flags::SIMPLE {
        if wanted == flags::READ || wanted == flags::WRITE {
            return Err(exc::system_error("bad argument to internal function"));
        }
        if wanted & flags::WRITABLE != 0 && readonly {
            return Err(exc::buffer_error("Object is not writable."));
        }
    }
    // SAFETY: the view is writable; arrays point at the view's own fields, which do not move while it is held.
    unsafe {
        let v = &mut *view;
        v.obj = owner.map_or(ptr::null_mut(), |owner| owner.new_ref().into_raw());
        v.buf = buf as *mut _;
        v.len = len as isize;
        v.readonly = c_int::from(readonly);
        v.itemsize = 1;
        v.format = if wanted & flags::FORMAT != 0 { c"B".as_ptr() as *mut c_char } else { ptr::null_mut() };
        v.ndim = 1;
        v.shape = if wanted & flags::ND == flags::ND { &raw mut (*view).len } else { ptr::null_mut() };
        v.strides = if wanted & flags::STRIDES == flags::STRIDES { &raw mut (*view).itemsize } else { ptr::null_mut() };
        v.suboffsets = ptr::null_mut();
        v.internal = ptr::null_mut();
    }
    Ok(())
}

/// What `bf_getbuffer` returns for a result: 0, or -1 with the view marked empty.
///
/// # Safety
/// `view` is null or writable.
pub unsafe fn finish_getbuffer(view: *mut PyBufferView, result: PyResult<()>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(e) => {
            if !view.is_null() {
                // SAFETY: the caller's promise.
                unsafe { (*view).obj = ptr::null_mut() };
            }
            e.restore_int()
        }
    }
}

/// Address of the element with the given indices (`PyBuffer_GetPointer`).
///
/// # Safety
/// The view has as many dimensions as there are indices, has strides, and the indices are in range.
pub unsafe fn item_pointer(view: &PyBufferView, indices: &[isize]) -> *mut u8 {
    let mut at = view.buf as *mut u8;
    let strides = view.strides_slice();
    let suboffsets = view.suboffsets_slice();
    for (i, &index) in indices.iter().enumerate() {
        // SAFETY: the caller's promise.
        unsafe {
            at = at.offset(strides[i] * index);
            if let Some(&offset) = suboffsets.get(i)
                && offset >= 0
            {
                at = (*(at as *mut *mut u8)).offset(offset);
            }
        }
    }
    at
}

/// Calls a function with the address of every element, rows first (`C`) or columns first (`F`).
///
/// # Safety
/// The view is held and filled in.
pub unsafe fn for_each_item(view: &PyBufferView, fortran: bool, mut f: impl FnMut(*mut u8)) {
    let shape: Vec<isize> = view.shape_slice().to_vec();
    let ndim = view.dimensions();
    if ndim == 0 {
        f(view.buf as *mut u8);
        return;
    }
    if shape.is_empty() || view.strides.is_null() {
        // Plain memory.
        let step = view.itemsize.max(1) as usize;
        for at in (0..view.len.max(0) as usize).step_by(step) {
            // SAFETY: within the view's length.
            f(unsafe { (view.buf as *mut u8).add(at) });
        }
        return;
    }
    if shape.contains(&0) {
        return;
    }
    let mut indices = vec![0isize; ndim];
    loop {
        // SAFETY: the indices stay below the shape.
        f(unsafe { item_pointer(view, &indices) });
        let mut order: Box<dyn Iterator<Item = usize>> =
            if fortran { Box::new(0..ndim) } else { Box::new((0..ndim).rev()) };
        let carried = order.all(|i| {
            indices[i] += 1;
            if indices[i] == shape[i] {
                indices[i] = 0;
                true
            } else {
                false
            }
        });
        if carried {
            return;
        }
    }
}

/// Writes the strides of contiguous memory: columns first in order `F`, else rows first (`PyBuffer_FillContiguousStrides`).
///
/// # Safety
/// Shape and strides have `ndim` elements.
pub unsafe fn fill_strides(ndim: usize, shape: *const isize, strides: *mut isize, itemsize: isize, order: u8) {
    let mut step = itemsize;
    for i in 0..ndim {
        let axis = if order == b'F' { i } else { ndim - 1 - i };
        // SAFETY: the caller's promise.
        unsafe {
            strides.add(axis).write(step);
            step = step.wrapping_mul(*shape.add(axis));
        }
    }
}

/// The elements of a view in the given order (`C`, `F`, `A`), as one run of bytes.
pub fn copy_to_vec(view: &PyBufferView, order: u8) -> PyResult<Vec<u8>> {
    let mut out = Vec::new();
    let len = view.len.max(0) as usize;
    out.try_reserve_exact(len).map_err(|_| exc::memory_error())?;
    if view.is_contiguous(order) || len == 0 {
        if len > 0 {
            // SAFETY: a contiguous held view has `len` bytes.
            out.extend_from_slice(unsafe { core::slice::from_raw_parts(view.buf as *const u8, len) });
        }
        return Ok(out);
    }
    let itemsize = view.itemsize.max(1) as usize;
    let fortran = order == b'F';
    // SAFETY: the view is held; each element has `itemsize` bytes.
    unsafe {
        for_each_item(view, fortran, |item| {
            out.extend_from_slice(core::slice::from_raw_parts(item, itemsize));
        });
    }
    Ok(out)
}

/// A `bytes`-like argument (`y*`): anything with a contiguous buffer.
pub enum ArgBytes<'a> {
    /// An exact `bytes` object: no view is needed.
    Bytes(&'a PyBytes),
    /// Anything else.
    Buffer(Buffer),
}

impl ArgBytes<'_> {
    /// The bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            ArgBytes::Bytes(bytes) => bytes.as_bytes(),
            ArgBytes::Buffer(buffer) => buffer.bytes(),
        }
    }

    /// From an object outside of argument binding.
    #[inline]
    pub fn from_object(object: &PyObject) -> PyResult<ArgBytes<'_>> {
        match object.downcast_exact::<PyBytes>() {
            Some(bytes) => Ok(ArgBytes::Bytes(bytes)),
            None => {
                let buffer = Buffer::simple(object)?;
                if !buffer.view().is_contiguous(b'C') {
                    return Err(exc::buffer_error("contiguous buffer required"));
                }
                Ok(ArgBytes::Buffer(buffer))
            }
        }
    }
}

impl core::ops::Deref for ArgBytes<'_> {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl<'a> FromArg<'a> for ArgBytes<'a> {
    #[inline]
    fn from_arg(object: &'a PyObject, _ctx: &ArgCtx) -> PyResult<Self> {
        ArgBytes::from_object(object)
    }
}

/// A `str` (as UTF-8) or `bytes`-like argument (`s*`).
pub enum ArgStrOrBytes<'a> {
    Str(&'a str),
    Bytes(ArgBytes<'a>),
}

impl ArgStrOrBytes<'_> {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            ArgStrOrBytes::Str(text) => text.as_bytes(),
            ArgStrOrBytes::Bytes(bytes) => bytes.as_bytes(),
        }
    }
}

impl<'a> FromArg<'a> for ArgStrOrBytes<'a> {
    fn from_arg(object: &'a PyObject, ctx: &ArgCtx) -> PyResult<Self> {
        match object.downcast_ref::<crate::types::str::PyStr>() {
            Some(text) => Ok(ArgStrOrBytes::Str(text.as_utf8()?)),
            None => ArgBytes::from_arg(object, ctx).map(ArgStrOrBytes::Bytes),
        }
    }
}

/// A writable `bytes`-like argument (`w*`).
pub struct ArgBytesMut(Buffer);

impl ArgBytesMut {
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.bytes()
    }

    #[inline]
    pub fn as_bytes_mut(&mut self) -> &mut [u8] {
        self.0.bytes_mut()
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The buffer.
    pub fn buffer(&self) -> &Buffer {
        &self.0
    }
}

impl<'a> FromArg<'a> for ArgBytesMut {
    fn from_arg(object: &'a PyObject, ctx: &ArgCtx) -> PyResult<Self> {
        match Buffer::writable(object) {
            Ok(buffer) if buffer.view().is_contiguous(b'C') => Ok(ArgBytesMut(buffer)),
            Ok(_) => Err(exc::type_error(format!(
                "{}() {} must be contiguous buffer, not {}",
                ctx.func,
                ctx.arg,
                object.ty().name()
            ))),
            Err(_) => Err(ctx.bad_type("read-write bytes-like object", object)),
        }
    }
}

const _: () = assert!(size_of::<PyBufferView>() == 80);

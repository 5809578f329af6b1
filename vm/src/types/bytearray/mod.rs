//! `bytearray`: mutable byte strings, with CPython's layout.
//!
//! ```text
//! offset 0   PyVarObject   ob_size is the number of bytes
//!        24  ob_alloc      bytes allocated
//!        32  ob_bytes      the block, or NULL
//!        40  ob_start      the first byte of the contents, inside the block
//!        48  ob_exports    views that are held
//! ```
//!
//! The contents begin at `ob_start`, so that bytes can be taken from the front without moving the rest. One NUL follows
//! them. While a view is held (`ob_exports` is not 0) the length cannot change: `BufferError`. Views and slices of the
//! contents that Rust code takes are used only while no Python code runs.

use core::cell::Cell;
use core::ptr::null_mut;

use rpy_derive::pyclass;

use super::bytes_common::{ByteString, Hold};
use crate::object::alloc::{mem_alloc, mem_free, mem_realloc, new_exact, new_in};
use crate::object::{ObjRef, PyObject, PyStruct, PyTypeObject, PyVarObject, Ref};
use crate::{PyResult, exc};

mod edit;
mod iter;
mod methods;

pub use iter::PyByteArrayIterator;

/// bytearray(iterable_of_ints) -> bytearray
/// bytearray(string, encoding[, errors]) -> bytearray
/// bytearray(bytes_or_buffer) -> mutable copy of bytes_or_buffer
/// bytearray(int) -> bytes array of size given by the parameter initialized with null bytes
/// bytearray() -> empty bytes array
///
/// Construct a mutable bytearray object from:
///   - an iterable yielding integers in range(256)
///   - a text string encoded using the specified encoding
///   - a bytes or a buffer object
///   - any object implementing the buffer API.
///   - an integer
#[pyclass(name = "bytearray", module = "builtins", symbol = "PyByteArray_Type", flags(BASETYPE, MATCH_SELF))]
#[repr(C)]
pub struct PyByteArray {
    ob_base: PyVarObject,
    ob_alloc: Cell<isize>,
    ob_bytes: Cell<*mut u8>,
    ob_start: Cell<*mut u8>,
    ob_exports: Cell<isize>,
}

/// What C code sees as the contents of an empty bytearray.
#[unsafe(export_name = "_PyByteArray_empty_string")]
pub static EMPTY_STRING: [u8; 1] = [0];

impl Drop for PyByteArray {
    fn drop(&mut self) {
        if self.ob_exports.get() > 0 {
            // A view outlives its owner: an exporter's reference count was mishandled somewhere.
            exc::system_error("deallocated bytearray object has exported buffers").write_unraisable(None);
        }
        // SAFETY: the block is ours, or null.
        unsafe { mem_free(self.ob_bytes.replace(null_mut())) }
    }
}

impl PyByteArray {
    /// Where compiled code finds the address of the data, in bytes from the start.
    pub const START_OFFSET: usize = core::mem::offset_of!(PyByteArray, ob_start);

    /// The fields of an empty one.
    fn blank() -> PyByteArray {
        PyByteArray {
            ob_base: PyVarObject::placeholder(0),
            ob_alloc: Cell::new(0),
            ob_bytes: Cell::new(null_mut()),
            ob_start: Cell::new(null_mut()),
            ob_exports: Cell::new(0),
        }
    }

    /// A copy of some bytes.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn try_new(bytes: &[u8]) -> PyResult<Ref<PyByteArray>> {
        let this = new_exact(PyByteArray::blank());
        this.set_contents(bytes)?;
        Ok(this)
    }

    /// A copy of some bytes. Ends the process if they cannot be stored once more.
    pub fn new(bytes: &[u8]) -> Ref<PyByteArray> {
        match PyByteArray::try_new(bytes) {
            Ok(object) => object,
            Err(_) => std::alloc::handle_alloc_error(core::alloc::Layout::new::<[u8; 64]>()),
        }
    }

    /// `len` zero bytes.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn zeroed(len: usize) -> PyResult<Ref<PyByteArray>> {
        let this = new_exact(PyByteArray::blank());
        this.resize(len)?;
        // SAFETY: nobody else has seen the object.
        unsafe { this.as_bytes_mut() }.fill(0);
        Ok(this)
    }

    /// With the contents of a vector.
    pub fn with_vec(bytes: Vec<u8>) -> Ref<PyByteArray> {
        PyByteArray::new(&bytes)
    }

    /// An empty instance of the type or a subclass.
    ///
    /// # Errors
    /// What `tp_alloc` raises.
    pub fn new_empty_in(cls: &PyTypeObject) -> PyResult<Ref<PyByteArray>> {
        let this = new_in(cls, PyByteArray::blank())?;
        this.ob_base.ob_size.set(0);
        Ok(this)
    }

    /// Number of bytes.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.ob_base.ob_size.get() as usize
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The address of the first byte, or of an empty C string.
    #[inline(always)]
    pub fn data_ptr(&self) -> *mut u8 {
        if self.is_empty() { (&raw const EMPTY_STRING) as *mut u8 } else { self.ob_start.get() }
    }

    /// The contents. The slice is valid until the object is resized or written to.
    #[inline(always)]
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: `len` bytes stand there.
        unsafe { core::slice::from_raw_parts(self.data_ptr(), self.len()) }
    }

    /// The contents, to be changed in place.
    ///
    /// # Safety
    /// No other slice of the contents is in use.
    #[expect(clippy::mut_from_ref, reason = "the caller promises that no other slice is in use")]
    pub unsafe fn as_bytes_mut(&self) -> &mut [u8] {
        // SAFETY: the caller's promise.
        unsafe { core::slice::from_raw_parts_mut(self.data_ptr(), self.len()) }
    }

    /// How many views are held.
    #[inline]
    pub fn exports(&self) -> isize {
        self.ob_exports.get()
    }

    /// Complains if the length may not change now.
    fn check_resizable(&self) -> PyResult<()> {
        if self.ob_exports.get() > 0 {
            return Err(exc::buffer_error("Existing exports of data: object cannot be re-sized"));
        }
        Ok(())
    }

    /// `PyByteArray_Resize`: new bytes are not initialised by us but whatever the block holds.
    ///
    /// # Errors
    /// `BufferError` while a view is held, `MemoryError`.
    pub fn resize(&self, len: usize) -> PyResult<()> {
        let old_len = self.len();
        if len == old_len {
            return Ok(());
        }
        self.check_resizable()?;
        if len >= isize::MAX as usize {
            return Err(exc::memory_error());
        }
        let alloc = self.ob_alloc.get() as usize;
        let block = self.ob_bytes.get();
        let offset = if block.is_null() { 0 } else { self.ob_start.get() as usize - block as usize };
        let fits = !block.is_null() && len + offset < alloc;
        let new_alloc = if fits {
            if len >= alloc / 2 {
                // Small changes stay in the block.
                // SAFETY: the block has room for the contents and a NUL.
                unsafe { self.ob_start.get().add(len).write(0) };
                self.ob_base.ob_size.set(len as isize);
                return Ok(());
            }
            len + 1
        } else if len <= alloc + (alloc >> 3) {
            // A moderate growth gets some room for the next one.
            len + (len >> 3) + if len < 9 { 3 } else { 6 }
        } else {
            len + 1
        };
        // SAFETY: the block is ours; contents are moved to its start.
        unsafe {
            let new_block = if offset > 0 {
                let new_block = mem_alloc(new_alloc);
                if !new_block.is_null() {
                    core::ptr::copy_nonoverlapping(self.ob_start.get(), new_block, old_len.min(len));
                    mem_free(block);
                }
                new_block
            } else {
                mem_realloc(block, new_alloc)
            };
            if new_block.is_null() {
                return Err(exc::memory_error());
            }
            self.ob_bytes.set(new_block);
            self.ob_start.set(new_block);
            self.ob_alloc.set(new_alloc as isize);
            self.ob_base.ob_size.set(len as isize);
            new_block.add(len).write(0);
        }
        Ok(())
    }

    /// Replaces all contents.
    ///
    /// # Errors
    /// `BufferError` while a view is held, `MemoryError`.
    pub fn set_contents(&self, bytes: &[u8]) -> PyResult<()> {
        self.resize(bytes.len())?;
        // SAFETY: just resized; the source is no slice of the contents, whose block may have moved.
        unsafe { self.as_bytes_mut() }.copy_from_slice(bytes);
        Ok(())
    }
}

impl ByteString for PyByteArray {
    const TYPE_NAME: &'static str = "bytearray";

    #[inline]
    fn contents(&self) -> &[u8] {
        self.as_bytes()
    }

    #[inline]
    fn make(bytes: &[u8]) -> PyResult<ObjRef> {
        PyByteArray::try_new(bytes).map(Ref::into_obj)
    }

    #[inline]
    fn unchanged(&self) -> PyResult<ObjRef> {
        PyByteArray::make(self.as_bytes())
    }

    fn hold(&self) -> Hold<'_> {
        self.ob_exports.set(self.ob_exports.get() + 1);
        Hold(Some(&self.ob_exports))
    }

    fn adopt(_argument: &PyObject, bytes: &[u8]) -> PyResult<ObjRef> {
        PyByteArray::make(bytes)
    }
}

/// The layout is read by C code.
const _: () = assert!(core::mem::size_of::<PyByteArray>() == 56);

/// A bytearray seen through its header.
pub fn as_object(array: &PyByteArray) -> &PyObject {
    array.as_object()
}

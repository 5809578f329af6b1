//! `bytes`: immutable byte strings, with CPython's layout.
//!
//! ```text
//! offset 0   PyVarObject   ob_size is the number of bytes
//!        24  ob_shash      cached hash, -1 while unknown
//!        32  ob_sval       the bytes, in place, and a NUL behind them
//! ```
//!
//! The empty byte string and the 256 of length one are static and immortal.

use core::cell::Cell;
use core::mem::MaybeUninit;

use rpy_derive::pyclass;

use super::bytes_common::ByteString;
use super::str::StrBuilder;
use super::str::hash_buffer;
use crate::object::alloc::{init_header, mem_alloc, mem_free, mem_realloc};
use crate::object::dealloc::free_instance;
use crate::object::{ObjRef, PyObject, PyStruct, PyTypeObject, PyVarObject, Ref};
use crate::{PyClass, PyErr, PyResult, exc};

mod iter;
mod methods;

pub use iter::PyBytesIterator;

/// Bytes in front of the contents.
const HEADER: usize = 32;

/// bytes(iterable_of_ints) -> bytes
/// bytes(string, encoding[, errors]) -> bytes
/// bytes(bytes_or_buffer) -> immutable copy of bytes_or_buffer
/// bytes(int) -> bytes object of size given by the parameter initialized with null bytes
/// bytes() -> empty bytes object
///
/// Construct an immutable array of bytes from:
///   - an iterable yielding integers in range(256)
///   - a text string encoded using the specified encoding
///   - any object implementing the buffer API.
///   - an integer
#[pyclass(
    name = "bytes",
    module = "builtins",
    symbol = "PyBytes_Type",
    basicsize = 33,
    itemsize = 1,
    flags(BASETYPE, BYTES_SUBCLASS, MATCH_SELF),
    dealloc = dealloc
)]
#[repr(C)]
pub struct PyBytes {
    ob_base: PyVarObject,
    ob_shash: Cell<isize>,
    ob_sval: [Cell<u8>; 1],
}

/// One of the static byte strings.
#[repr(C)]
struct StaticBytes {
    ob_base: PyVarObject,
    ob_shash: Cell<isize>,
    ob_sval: [u8; 8],
}

// SAFETY: as for all objects.
unsafe impl Sync for StaticBytes {}

const fn static_bytes(len: isize, byte: u8) -> StaticBytes {
    StaticBytes {
        ob_base: PyVarObject::new_static(&raw const PyBytes_Type, len),
        ob_shash: Cell::new(-1),
        ob_sval: [byte, 0, 0, 0, 0, 0, 0, 0],
    }
}

static EMPTY: StaticBytes = static_bytes(0, 0);
static SINGLE: [StaticBytes; 256] = {
    let mut all = [const { MaybeUninit::<StaticBytes>::uninit() }; 256];
    let mut i = 0;
    while i < 256 {
        all[i] = MaybeUninit::new(static_bytes(1, i as u8));
        i += 1;
    }
    // SAFETY: every element was written.
    unsafe { core::mem::transmute(all) }
};

/// `PyBytes_Type.tp_dealloc`.
///
/// # Safety
/// The object is dead.
unsafe extern "C-unwind" fn dealloc(object: *mut PyObject) {
    // SAFETY: the caller's promise; there are no fields to drop.
    unsafe {
        if (*object).is_exact_type(&PyBytes_Type) {
            mem_free(object as *mut u8);
        } else {
            free_instance(object);
        }
    }
}

/// Bytes of an object with `len` bytes of contents.
fn object_size(len: usize) -> Option<usize> {
    len.checked_add(HEADER + 1).filter(|&n| n <= isize::MAX as usize)
}

impl PyBytes {
    /// Where compiled code finds the data, in bytes from the start.
    pub const DATA_OFFSET: usize = core::mem::offset_of!(PyBytes, ob_sval);

    /// The empty byte string.
    #[inline]
    pub fn empty() -> Ref<PyBytes> {
        // SAFETY: a static object of the same layout.
        unsafe { &*(&raw const EMPTY as *const PyBytes) }.to_ref()
    }

    /// The byte string of one byte.
    #[inline]
    pub fn single(byte: u8) -> Ref<PyBytes> {
        // SAFETY: a static object of the same layout.
        unsafe { &*(&raw const SINGLE[byte as usize] as *const PyBytes) }.to_ref()
    }

    /// A byte string whose contents are not written yet; never one of the shared ones.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn alloc(len: usize) -> PyResult<Ref<PyBytes>> {
        let size = object_size(len).ok_or_else(exc::memory_error)?;
        let block = mem_alloc(size);
        if block.is_null() {
            return Err(exc::memory_error());
        }
        // SAFETY: the block has room for header, contents and NUL.
        unsafe {
            init_header(block as *mut PyObject, &PyBytes_Type);
            (block.add(16) as *mut isize).write(len as isize);
            (block.add(24) as *mut isize).write(-1);
            block.add(HEADER + len).write(0);
            Ok(Ref::from_owned_ptr(block as *mut PyBytes))
        }
    }

    /// A copy of some bytes. Ends the process if they cannot be stored once more.
    pub fn new(bytes: &[u8]) -> Ref<PyBytes> {
        match PyBytes::try_new(bytes) {
            Ok(object) => object,
            Err(_) => std::alloc::handle_alloc_error(core::alloc::Layout::new::<[u8; 64]>()),
        }
    }

    /// A copy of some bytes.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn try_new(bytes: &[u8]) -> PyResult<Ref<PyBytes>> {
        match bytes {
            [] => Ok(PyBytes::empty()),
            [byte] => Ok(PyBytes::single(*byte)),
            _ => {
                let object = PyBytes::alloc(bytes.len())?;
                // SAFETY: fresh, of that length.
                unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), object.data_ptr(), bytes.len()) };
                Ok(object)
            }
        }
    }

    /// From a vector.
    pub fn from_vec(bytes: Vec<u8>) -> Ref<PyBytes> {
        PyBytes::new(&bytes)
    }

    /// From a vector.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn try_from_vec(bytes: Vec<u8>) -> PyResult<Ref<PyBytes>> {
        PyBytes::try_new(&bytes)
    }

    /// An instance of a subclass.
    ///
    /// # Errors
    /// What `tp_alloc` raises.
    pub fn new_subclass(cls: &PyTypeObject, bytes: &[u8]) -> PyResult<Ref<PyBytes>> {
        let object = match cls.tp_alloc.get() {
            // SAFETY: calling a slot of a ready type as the C API prescribes.
            Some(tp_alloc) => unsafe {
                let ptr = tp_alloc(cls as *const PyTypeObject as *mut PyTypeObject, bytes.len() as isize);
                if ptr.is_null() {
                    return Err(PyErr::fetch_or_system_error());
                }
                ptr
            },
            None => crate::object::alloc::alloc_var(cls, bytes.len() + 1)?,
        };
        // SAFETY: an instance has room for the items it was allocated with, and a NUL.
        unsafe {
            let this: Ref<PyBytes> = Ref::from_owned_ptr(object as *mut PyBytes);
            this.ob_base.ob_size.set(bytes.len() as isize);
            this.ob_shash.set(-1);
            core::ptr::copy_nonoverlapping(bytes.as_ptr(), this.data_ptr(), bytes.len());
            this.data_ptr().add(bytes.len()).write(0);
            Ok(this)
        }
    }

    /// `_PyBytes_Resize`: changes the length of an object that nobody else refers to.
    ///
    /// # Errors
    /// `MemoryError`, `SystemError` if the object is shared.
    pub fn resize(this: Ref<PyBytes>, len: usize) -> PyResult<Ref<PyBytes>> {
        if len == this.len() {
            return Ok(this);
        }
        if len == 0 {
            return Ok(PyBytes::empty());
        }
        let object = this.as_object();
        if object.is_immortal() || this.is_empty() {
            // One of the static ones: a copy takes its place.
            let copy = PyBytes::alloc(len)?;
            let kept = this.len().min(len);
            // SAFETY: fresh, of that length; bytes past the old ones are the caller's to write.
            unsafe {
                core::ptr::write_bytes(copy.data_ptr(), 0, len);
                core::ptr::copy_nonoverlapping(this.data_ptr(), copy.data_ptr(), kept);
            }
            return Ok(copy);
        }
        if object.refcount() != 1 || !PyBytes::check_exact(object) {
            return Err(exc::system_error("bad argument to internal function"));
        }
        let size = object_size(len).ok_or_else(exc::memory_error)?;
        let ptr = this.into_raw();
        // SAFETY: the only reference was given to us; on failure it is dropped.
        unsafe {
            let block = mem_realloc(ptr as *mut u8, size);
            if block.is_null() {
                drop(Ref::from_owned_ptr(ptr));
                return Err(exc::memory_error());
            }
            let this: Ref<PyBytes> = Ref::from_owned_ptr(block as *mut PyBytes);
            this.ob_base.ob_size.set(len as isize);
            this.ob_shash.set(-1);
            this.data_ptr().add(len).write(0);
            Ok(this)
        }
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

    /// The address of the first byte.
    #[inline(always)]
    pub fn data_ptr(&self) -> *mut u8 {
        // SAFETY: the contents stand behind the header.
        unsafe { (self as *const PyBytes as *mut u8).add(HEADER) }
    }

    /// The contents.
    #[inline(always)]
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: `len` bytes stand there; a finished byte string never changes.
        unsafe { core::slice::from_raw_parts(self.data_ptr(), self.len()) }
    }

    /// `hash(self)`, cached.
    #[inline]
    pub fn hash(&self) -> isize {
        let cached = self.ob_shash.get();
        if cached != -1 {
            return cached;
        }
        let hash = hash_buffer(self.as_bytes());
        self.ob_shash.set(hash);
        hash
    }

    /// `repr(self)`.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn quoted(&self) -> PyResult<Ref<super::str::PyStr>> {
        let mut out = StrBuilder::with_capacity(self.len() + 3);
        super::bytes_common::repr::push_repr(&mut out, self.as_bytes(), false);
        out.try_finish()
    }
}

impl ByteString for PyBytes {
    const TYPE_NAME: &'static str = "bytes";

    #[inline]
    fn contents(&self) -> &[u8] {
        self.as_bytes()
    }

    #[inline]
    fn make(bytes: &[u8]) -> PyResult<ObjRef> {
        PyBytes::try_new(bytes).map(Ref::into_obj)
    }

    #[inline]
    fn unchanged(&self) -> PyResult<ObjRef> {
        if PyBytes::check_exact(self.as_object()) { Ok(self.to_obj()) } else { PyBytes::make(self.as_bytes()) }
    }

    fn adopt(argument: &PyObject, _bytes: &[u8]) -> PyResult<ObjRef> {
        Ok(argument.new_ref())
    }
}

//! `_ssl.MemoryBIO`.

use core::cell::Cell;
use core::ffi::{c_int, c_long};

use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::buffer::ArgBytes;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::{ObjRef, PyObject, PyResult, PyTypeObject, exc, pyclass, pymethods};

use super::certificate::MemoryStream;
use super::constants::bio;
use super::errors;
use crate::openssl::ffi;

#[pyclass(name = "MemoryBIO", module = "_ssl")]
#[repr(C)]
pub struct PyMemoryBio {
    ob_base: PyObject,
    stream: MemoryStream,
    eof_written: Cell<bool>,
}

impl PyMemoryBio {
    /// For OpenSSL's functions.
    pub fn as_ptr(&self) -> *mut ffi::BIO {
        self.stream.0
    }

    fn eof_result(&self, value: c_long) {
        // SAFETY: a live stream.
        unsafe { ffi::BIO_ctrl(self.as_ptr(), bio::SET_MEM_EOF_RETURN, value, core::ptr::null_mut()) };
    }
}

#[pymethods]
impl PyMemoryBio {
    #[pynew(sig = "()")]
    fn py_new(cls: &PyTypeObject) -> PyResult<ObjRef> {
        let this = new_in(
            cls,
            PyMemoryBio {
                ob_base: PyObject::placeholder(),
                stream: MemoryStream::new()?,
                eof_written: Cell::new(false),
            },
        )?;
        // An empty stream means that more may come, not that there is no more.
        // SAFETY: a live stream.
        unsafe { ffi::BIO_set_flags(this.as_ptr(), bio::FLAG_READ | bio::FLAG_SHOULD_RETRY) };
        this.eof_result(-1);
        Ok(this.into_obj())
    }

    /// Read up to size bytes from the memory BIO.
    ///
    /// If size is not specified, read the entire buffer.
    /// If the return value is an empty bytes instance, this means either
    /// EOF or that no data is available. Use the "eof" property to
    /// distinguish between the two.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn read(&self, size: i32) -> PyResult<ObjRef> {
        let available = self.pending().min(i32::MAX as usize) as c_int;
        let size = if size < 0 || size > available { available } else { size };
        let bytes = PyBytes::alloc(size as usize)?;
        if size == 0 {
            return Ok(bytes.into_obj());
        }
        // SAFETY: a live stream, and room for so many bytes.
        let n = unsafe { ffi::BIO_read(self.as_ptr(), bytes.data_ptr().cast(), size) };
        if n < 0 {
            return Err(errors::last());
        }
        Ok(PyBytes::resize(bytes, n as usize)?.into_obj())
    }
    /// Writes the bytes b into the memory BIO.
    ///
    /// Returns the number of bytes written.
    #[pymethod(sig = "($self, b, /)")]
    fn write(&self, b: ArgBytes<'_>) -> PyResult<i32> {
        let Ok(len) = c_int::try_from(b.len()) else {
            return Err(exc::overflow_error(format!("string longer than {} bytes", i32::MAX)));
        };
        if self.eof_written.get() {
            return Err(errors::plain("cannot write() after write_eof()"));
        }
        // SAFETY: a live stream, pointer and length of the bytes.
        let n = unsafe { ffi::BIO_write(self.as_ptr(), b.as_ptr().cast(), len) };
        if n < 0 { Err(errors::last()) } else { Ok(n) }
    }
    /// Write an EOF marker to the memory BIO.
    ///
    /// When all data has been read, the "eof" property will be True.
    #[pymethod]
    fn write_eof(&self) {
        self.eof_written.set(true);
        // SAFETY: a live stream.
        unsafe { ffi::BIO_clear_flags(self.as_ptr(), bio::FLAGS_DIRECTION | bio::FLAG_SHOULD_RETRY) };
        self.eof_result(0);
    }
    /// The number of bytes pending in the memory BIO.
    #[pygetset]
    fn pending(&self) -> usize {
        // SAFETY: a live stream.
        unsafe { ffi::BIO_ctrl_pending(self.as_ptr()) }
    }
    /// Whether the memory BIO is at EOF.
    #[pygetset]
    fn eof(&self) -> bool {
        self.pending() == 0 && self.eof_written.get()
    }
}

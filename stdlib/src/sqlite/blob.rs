//! `Blob`: reading and writing a value of a row in place.

use core::cell::{Cell, RefCell};
use core::ffi::c_int;
use std::rc::Rc;

use libsqlite3_sys as ffi;
use rpy_vm::object::alloc::new_exact;
use rpy_vm::protocol::buffer::ArgBytes;
use rpy_vm::protocol::number;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::slice::PySlice;
use rpy_vm::{ObjRef, OptRef, PyErr, PyObject, PyResult, PyStruct, Ref, exc, pyclass, pymethods};

use super::connection::{Database, PyConnection};
use super::errors;
use super::threads::unlocked;

/// SQLite's blob. As with its connection, whoever uses it has a share in it.
struct Raw {
    blob: *mut ffi::sqlite3_blob,
    database: Rc<Database>,
}

impl Drop for Raw {
    fn drop(&mut self) {
        let blob = self.blob;
        // SAFETY: ours, of a connection that is still there.
        unlocked(|| unsafe { ffi::sqlite3_blob_close(blob) });
    }
}

#[pyclass(name = "Blob", module = "sqlite3", no_new, gc, weaklist = weakrefs)]
#[repr(C)]
pub struct PyBlob {
    ob_base: PyObject,
    connection: OptRef<PyConnection>,
    /// `None` when closed.
    #[pytraverse(skip)]
    raw: RefCell<Option<Rc<Raw>>>,
    /// Where the next read or write begins.
    offset: Cell<c_int>,
    #[pytraverse(skip)]
    weakrefs: Cell<*mut PyObject>,
}

const SEEK_SET: c_int = 0;
const SEEK_CUR: c_int = 1;
const SEEK_END: c_int = 2;

fn out_of_range() -> PyErr {
    exc::index_error("Blob index out of range")
}

impl PyBlob {
    /// The object for a blob that was opened.
    pub fn new(connection: &PyConnection, database: Rc<Database>, blob: *mut ffi::sqlite3_blob) -> Ref<PyBlob> {
        new_exact(PyBlob {
            ob_base: PyObject::placeholder(),
            connection: OptRef::some(connection.to_ref()),
            raw: RefCell::new(Some(Rc::new(Raw { blob, database }))),
            offset: Cell::new(0),
            weakrefs: Cell::new(core::ptr::null_mut()),
        })
    }

    /// Closes it, if it is open.
    pub fn release(&self) {
        drop(self.raw.take());
    }

    fn check(&self) -> PyResult<Rc<Raw>> {
        if let Some(connection) = self.connection.get() {
            connection.check_thread()?;
            connection.check_open()?;
        }
        let raw = self.raw.borrow().clone();
        raw.ok_or_else(|| errors::programming("Cannot operate on a closed blob."))
    }

    fn len(&self) -> PyResult<c_int> {
        // SAFETY: an open blob.
        Ok(unsafe { ffi::sqlite3_blob_bytes(self.check()?.blob) })
    }

    fn read_at(&self, offset: c_int, len: c_int) -> PyResult<Ref<PyBytes>> {
        let raw = self.check()?;
        let bytes = PyBytes::alloc(len as usize)?;
        let target = bytes.data_ptr();
        // SAFETY: an open blob; fresh bytes of that length.
        let code = unlocked(|| unsafe { ffi::sqlite3_blob_read(raw.blob, target.cast(), len, offset) });
        raw.database.check(code)?;
        Ok(bytes)
    }

    fn write_at(&self, offset: c_int, data: &[u8]) -> PyResult<()> {
        let raw = self.check()?;
        let room = (self.len()? - offset).max(0) as usize;
        if data.len() > room {
            return Err(exc::value_error("data longer than blob length"));
        }
        // SAFETY: an open blob; so many bytes.
        let code = unlocked(|| unsafe {
            ffi::sqlite3_blob_write(raw.blob, data.as_ptr().cast(), data.len() as c_int, offset)
        });
        raw.database.check(code)
    }

    fn index(&self, key: &PyObject) -> PyResult<c_int> {
        let index = number::as_isize(key, Some(exc::IndexError()))?;
        let len = self.len()? as isize;
        let index = if index < 0 { index + len } else { index };
        if (0..len).contains(&index) { Ok(index as c_int) } else { Err(out_of_range()) }
    }
}

#[pymethods]
impl PyBlob {
    /// Close the blob.
    #[pymethod]
    fn close(&self) -> PyResult<()> {
        if let Some(connection) = self.connection.get() {
            connection.check_thread()?;
            connection.check_open()?;
        }
        self.release();
        Ok(())
    }

    /// Read data at the current offset position.
    ///
    ///   length
    ///     Read length in bytes.
    ///
    /// If the end of the blob is reached, the data up to end of file will be returned.
    /// When length is not specified, or is negative, Blob.read() will read until the
    /// end of the blob.
    #[pymethod(sig = "($self, length=-1, /)")]
    fn read(&self, length: i32) -> PyResult<ObjRef> {
        let rest = self.len()? - self.offset.get();
        let length = if length < 0 || length > rest { rest } else { length };
        if length <= 0 {
            return Ok(PyBytes::empty().into_obj());
        }
        let bytes = self.read_at(self.offset.get(), length)?;
        self.offset.set(self.offset.get() + length);
        Ok(bytes.into_obj())
    }

    /// Write data at the current offset.
    ///
    /// This function cannot change the blob length.  Writing beyond the end of the
    /// blob will result in an exception being raised.
    #[pymethod(sig = "($self, data, /)")]
    fn write(&self, data: ArgBytes<'_>) -> PyResult<()> {
        self.check()?;
        self.write_at(self.offset.get(), &data)?;
        self.offset.set(self.offset.get() + data.len() as c_int);
        Ok(())
    }

    /// Set the current access position to offset.
    ///
    /// The origin argument defaults to os.SEEK_SET (absolute blob positioning).
    /// Other values for origin are os.SEEK_CUR (seek relative to the current position)
    /// and os.SEEK_END (seek relative to the blob's end).
    #[pymethod(sig = "($self, offset, origin=0, /)")]
    fn seek(&self, offset: i32, origin: i32) -> PyResult<()> {
        let len = self.len()?;
        let base = match origin {
            SEEK_SET => 0,
            SEEK_CUR => self.offset.get(),
            SEEK_END => len,
            _ => return Err(exc::value_error("'origin' should be os.SEEK_SET, os.SEEK_CUR, or os.SEEK_END")),
        };
        let Some(offset) = base.checked_add(offset) else {
            return Err(exc::overflow_error("seek offset results in overflow"));
        };
        if !(0..=len).contains(&offset) {
            return Err(exc::value_error("offset out of blob range"));
        }
        self.offset.set(offset);
        Ok(())
    }

    /// Return the current access position for the blob.
    #[pymethod]
    fn tell(&self) -> PyResult<i32> {
        self.check()?;
        Ok(self.offset.get())
    }

    /// Blob context manager enter.
    #[pymethod(name = "__enter__")]
    fn enter(&self) -> PyResult<ObjRef> {
        self.check()?;
        Ok(self.to_obj())
    }

    /// Blob context manager exit.
    #[pymethod(name = "__exit__", sig = "($self, type, val, tb, /)")]
    fn exit(&self, _type: &PyObject, _val: &PyObject, _tb: &PyObject) -> PyResult<bool> {
        self.check()?;
        self.release();
        Ok(false)
    }

    #[slot]
    fn mp_length(&self) -> PyResult<usize> {
        Ok(self.len()? as usize)
    }

    #[slot]
    fn mp_subscript(&self, key: &PyObject) -> PyResult<ObjRef> {
        self.check()?;
        if number::is_index(key) {
            let byte = self.read_at(self.index(key)?, 1)?;
            return Ok(PyInt::from_i64(byte.as_bytes().first().copied().unwrap_or(0).into()).into_obj());
        }
        let Some(slice) = key.downcast_ref::<PySlice>() else {
            return Err(exc::type_error("Blob indices must be integers"));
        };
        let (start, _, step, n) = slice.indices(self.len()? as usize)?;
        if n == 0 {
            return Ok(PyBytes::empty().into_obj());
        }
        if step == 1 {
            return Ok(self.read_at(start as c_int, n as c_int)?.into_obj());
        }
        let (low, high) = span(start, step, n);
        let whole = self.read_at(low as c_int, (high - low) as c_int)?;
        let picked = (0..n as isize).map(|i| whole.as_bytes()[(start + i * step - low) as usize]).collect();
        Ok(PyBytes::try_from_vec(picked)?.into_obj())
    }

    #[slot]
    fn mp_ass_subscript(&self, key: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        self.check()?;
        if number::is_index(key) {
            let Some(value) = value else { return Err(exc::type_error("Blob doesn't support item deletion")) };
            let index = self.index(key)?;
            let Some(number) = value.downcast_ref::<PyInt>() else {
                return Err(exc::type_error(format!(
                    "'{}' object cannot be interpreted as an integer",
                    value.ty().name()
                )));
            };
            let Some(byte) = number.as_i64().and_then(|n| u8::try_from(n).ok()) else {
                return Err(exc::value_error("byte must be in range(0, 256)"));
            };
            return self.write_at(index, &[byte]);
        }
        let Some(slice) = key.downcast_ref::<PySlice>() else {
            return Err(exc::type_error("Blob indices must be integers"));
        };
        let Some(value) = value else { return Err(exc::type_error("Blob doesn't support slice deletion")) };
        let (start, _, step, n) = slice.indices(self.len()? as usize)?;
        let data = ArgBytes::from_object(value)?;
        if data.len() != n {
            return Err(exc::index_error("Blob slice assignment is wrong size"));
        }
        if n == 0 {
            return Ok(());
        }
        if step == 1 {
            return self.write_at(start as c_int, &data);
        }
        let (low, high) = span(start, step, n);
        let mut whole = self.read_at(low as c_int, (high - low) as c_int)?.as_bytes().to_vec();
        for (i, byte) in data.iter().enumerate() {
            whole[(start + i as isize * step - low) as usize] = *byte;
        }
        self.write_at(low as c_int, &whole)
    }
}

/// The bytes that a slice of at least one element touches: the first, and the one behind the last.
fn span(start: isize, step: isize, n: usize) -> (isize, isize) {
    let last = start + (n as isize - 1) * step;
    (start.min(last), start.max(last) + 1)
}

//! `BytesIO`: bytes in memory.

use core::cell::{Cell, RefCell};

use rpy_vm::object::{PyBufferView, PyTypeObject};
use rpy_vm::protocol::buffer::{self, ArgBytes, Buffer};
use rpy_vm::protocol::{call, number, object as protocol};
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::memoryview::PyMemoryView;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyClass, PyObject, PyResult, PyStruct, Ref, exc, intern, pyclass, pymethods};

use super::base::{PyBufferedIOBase, PyIOBase, closed_error, memchr_newline, size_arg};

/// Buffered I/O implementation using an in-memory bytes buffer.
#[pyclass(name = "BytesIO", module = "_io", base = PyBufferedIOBase, flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyBytesIO {
    pub ob_base: PyIOBase,
    #[pytraverse(skip)]
    data: RefCell<Vec<u8>>,
    position: Cell<usize>,
    closed: Cell<bool>,
    /// Views of the buffer that are alive: its size may not change.
    exports: Cell<usize>,
}

/// What `getbuffer()` gives a view of: keeps the stream alive and counts.
#[pyclass(name = "_BytesIOBuffer", module = "_io", gc, no_new)]
#[repr(C)]
pub struct PyBytesIOBuffer {
    pub ob_base: PyObject,
    source: OptRef<PyBytesIO>,
}

#[pymethods]
impl PyBytesIOBuffer {
    #[slot]
    unsafe fn bf_getbuffer(
        object: *mut PyObject,
        view: *mut PyBufferView,
        flags: core::ffi::c_int,
    ) -> core::ffi::c_int {
        // SAFETY: called for instances with a valid view, as the protocol says.
        unsafe {
            let this: &PyBytesIOBuffer = (*object).cast_unchecked_ref();
            let Some(source) = this.source.peek() else {
                return exc::buffer_error("no source").restore_int();
            };
            let mut data = source.data.borrow_mut();
            match buffer::fill_info(&mut *view, Some(&*object), data.as_mut_ptr(), data.len(), false, flags) {
                Ok(()) => {
                    source.exports.set(source.exports.get() + 1);
                    0
                }
                Err(e) => e.restore_int(),
            }
        }
    }
    #[slot]
    unsafe fn bf_releasebuffer(object: *mut PyObject, _view: *mut PyBufferView) {
        // SAFETY: as above.
        let this: &PyBytesIOBuffer = unsafe { (*object).cast_unchecked_ref() };
        if let Some(source) = this.source.peek() {
            source.exports.set(source.exports.get().saturating_sub(1));
        }
    }
}

impl PyBytesIO {
    fn check_open(&self) -> PyResult<()> {
        if self.closed.get() { Err(closed_error()) } else { Ok(()) }
    }

    fn check_resizable(&self) -> PyResult<()> {
        if self.exports.get() > 0 {
            Err(exc::buffer_error("Existing exports of data: object cannot be re-sized"))
        } else {
            Ok(())
        }
    }

    /// Takes up to `size` bytes (all if negative) from the position on.
    fn take<T>(&self, size: isize, made_of: impl FnOnce(&[u8]) -> T) -> T {
        let data = self.data.borrow();
        let start = self.position.get().min(data.len());
        let end = if size < 0 { data.len() } else { (start.saturating_add(size as usize)).min(data.len()) };
        if end > start || self.position.get() <= data.len() {
            self.position.set(end);
        }
        made_of(&data[start..end])
    }

    fn take_line(&self, limit: isize) -> PyResult<Ref<PyBytes>> {
        let length = {
            let data = self.data.borrow();
            let rest = &data[self.position.get().min(data.len())..];
            memchr_newline(rest).map_or(rest.len(), |i| i + 1)
        };
        let length = if limit >= 0 { length.min(limit as usize) } else { length };
        self.take(length as isize, PyBytes::try_new)
    }

    fn put(&self, bytes: &[u8]) -> PyResult<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let position = self.position.get();
        let end = position.checked_add(bytes.len()).ok_or_else(|| exc::overflow_error("new position too large"))?;
        let mut data = self.data.borrow_mut();
        if end > data.len() {
            let extra = end - data.len();
            data.try_reserve(extra).map_err(|_| exc::memory_error())?;
            data.resize(end, 0);
        }
        data[position..end].copy_from_slice(bytes);
        self.position.set(end);
        Ok(())
    }
}

#[pymethods]
impl PyBytesIO {
    #[pynew(sig = "(*args, **kwargs)", unsigned)]
    fn py_new(cls: &PyTypeObject, _args: &[&PyObject], _kwargs: rpy_vm::args::KwArgs<'_>) -> PyResult<ObjRef> {
        let this = rpy_vm::object::alloc::new_in(
            cls,
            PyBytesIO {
                ob_base: PyIOBase::fresh(),
                data: RefCell::new(Vec::new()),
                position: Cell::new(0),
                closed: Cell::new(false),
                exports: Cell::new(0),
            },
        )?;
        Ok(this.into_obj())
    }

    #[pyinit(sig = "(initial_bytes=b'')")]
    fn py_init(&self, initial_bytes: Option<&PyObject>) -> PyResult<()> {
        self.check_resizable()?;
        let data = match initial_bytes {
            Some(b) if !rpy_vm::is_none(b) => Buffer::simple(b)?.bytes().to_vec(),
            _ => Vec::new(),
        };
        *self.data.borrow_mut() = data;
        self.position.set(0);
        self.closed.set(false);
        Ok(())
    }

    /// Returns True if the IO object can be read.
    #[pymethod]
    fn readable(&self) -> PyResult<bool> {
        self.check_open()?;
        Ok(true)
    }
    /// Returns True if the IO object can be written.
    #[pymethod]
    fn writable(&self) -> PyResult<bool> {
        self.check_open()?;
        Ok(true)
    }
    /// Returns True if the IO object can be seeked.
    #[pymethod]
    fn seekable(&self) -> PyResult<bool> {
        self.check_open()?;
        Ok(true)
    }
    /// Does nothing.
    #[pymethod]
    fn flush(&self) -> PyResult<()> {
        self.check_open()
    }
    /// Always returns False.
    #[pymethod]
    fn isatty(&self) -> PyResult<bool> {
        self.check_open()?;
        Ok(false)
    }
    /// Current file position, an integer.
    #[pymethod]
    fn tell(&self) -> PyResult<usize> {
        self.check_open()?;
        Ok(self.position.get())
    }
    /// Retrieve the entire contents of the BytesIO object.
    #[pymethod]
    fn getvalue(&self) -> PyResult<ObjRef> {
        self.check_open()?;
        Ok(PyBytes::try_new(&self.data.borrow())?.into_obj())
    }
    /// Get a read-write view over the contents of the BytesIO object.
    #[pymethod]
    fn getbuffer(&self) -> PyResult<ObjRef> {
        self.check_open()?;
        rpy_vm::types::type_::type_ready(PyBytesIOBuffer::type_object())?;
        let owner = rpy_vm::object::alloc::new_exact(PyBytesIOBuffer {
            ob_base: PyObject::placeholder(),
            source: OptRef::some(self.to_ref()),
        });
        call::call_one(PyMemoryView::type_object().as_object(), owner.as_object())
    }

    /// Read at most size bytes, returned as a bytes object.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn read(&self, size: Option<&PyObject>) -> PyResult<Ref<PyBytes>> {
        self.check_open()?;
        self.take(size_arg(size)?, PyBytes::try_new)
    }
    /// Read at most size bytes, returned as a bytes object.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn read1(&self, size: Option<&PyObject>) -> PyResult<Ref<PyBytes>> {
        self.read(size)
    }
    /// Next line from the file, as a bytes object.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn readline(&self, size: Option<&PyObject>) -> PyResult<Ref<PyBytes>> {
        self.check_open()?;
        self.take_line(size_arg(size)?)
    }
    /// List of bytes objects, each a line from the file.
    #[pymethod(sig = "($self, size=None, /)")]
    fn readlines(&self, size: Option<&PyObject>) -> PyResult<ObjRef> {
        self.check_open()?;
        let limit = size_arg(size)?;
        let mut lines: Vec<ObjRef> = Vec::new();
        let mut total = 0;
        loop {
            let line = self.take_line(-1)?;
            if line.as_bytes().is_empty() {
                break;
            }
            total += line.as_bytes().len() as isize;
            lines.push(line.into_obj());
            if limit > 0 && total >= limit {
                break;
            }
        }
        Ok(rpy_vm::types::list::PyList::new(lines).into_obj())
    }
    /// Read bytes into buffer.
    #[pymethod(sig = "($self, buffer, /)")]
    fn readinto(&self, buffer: &PyObject) -> PyResult<usize> {
        self.check_open()?;
        let mut target = Buffer::writable_for("readinto", buffer)?;
        // A copy, since the target may be a view of these very bytes.
        let data = self.take(target.len() as isize, <[u8]>::to_vec);
        target.bytes_mut()[..data.len()].copy_from_slice(&data);
        Ok(data.len())
    }

    /// Write bytes to file.
    #[pymethod(sig = "($self, b, /)")]
    fn write(&self, b: ArgBytes<'_>) -> PyResult<usize> {
        self.check_open()?;
        self.check_resizable()?;
        let bytes = b.as_bytes();
        self.put(bytes)?;
        Ok(bytes.len())
    }
    /// Write lines to the file.
    #[pymethod(sig = "($self, lines, /)")]
    fn writelines(&self, lines: &PyObject) -> PyResult<()> {
        self.check_open()?;
        let iterator = protocol::get_iter(lines)?;
        while let Some(line) = protocol::iter_next(&iterator)? {
            self.check_resizable()?;
            let bytes = Buffer::simple(&line)?;
            self.put(bytes.bytes())?;
        }
        Ok(())
    }

    /// Change stream position.
    #[pymethod(sig = "($self, pos, whence=0, /)")]
    fn seek(&self, pos: &PyObject, whence: Option<i64>) -> PyResult<usize> {
        self.check_open()?;
        let pos = number::as_isize(pos, Some(exc::OverflowError()))?;
        let base = match whence.unwrap_or(0) {
            0 if pos < 0 => return Err(exc::value_error(format!("negative seek value {pos}"))),
            0 => 0,
            1 => self.position.get() as isize,
            2 => self.data.borrow().len() as isize,
            other => return Err(exc::value_error(format!("invalid whence ({other}, should be 0, 1 or 2)"))),
        };
        let target =
            base.checked_add(pos).ok_or_else(|| exc::overflow_error("new position too large"))?.max(0) as usize;
        self.position.set(target);
        Ok(target)
    }

    /// Truncate the file to at most size bytes.
    #[pymethod(sig = "($self, size=None, /)")]
    fn truncate(&self, size: Option<&PyObject>) -> PyResult<usize> {
        self.check_open()?;
        self.check_resizable()?;
        let size = match size {
            None => self.position.get(),
            Some(s) => {
                let n = number::as_isize(s, Some(exc::OverflowError()))?;
                if n < 0 {
                    return Err(exc::value_error(format!("negative size value {n}")));
                }
                n as usize
            }
        };
        self.data.borrow_mut().truncate(size);
        Ok(size)
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        self.check_open()?;
        let line = self.take_line(-1)?;
        Ok(if line.as_bytes().is_empty() { None } else { Some(line.into_obj()) })
    }

    /// Disable all I/O operations.
    #[pymethod]
    fn close(&self) -> PyResult<()> {
        self.check_resizable()?;
        self.closed.set(true);
        *self.data.borrow_mut() = Vec::new();
        Ok(())
    }
    #[pygetset]
    fn closed(&self) -> bool {
        self.closed.get()
    }

    #[pymethod(name = "__getstate__")]
    fn getstate(&self) -> PyResult<ObjRef> {
        let value = self.getvalue()?;
        let position = PyInt::from_usize(self.position.get()).into_obj();
        let dict = match self.ob_base.dict.peek() {
            Some(d) => match d.downcast_ref::<PyDict>() {
                Some(d) => d.copy()?.into_obj(),
                None => rpy_vm::none(),
            },
            None => rpy_vm::none(),
        };
        Ok(PyTuple::new(vec![value, position, dict]).into_obj())
    }
    #[pymethod(name = "__setstate__", sig = "($self, state, /)")]
    fn setstate(&self, state: &PyObject) -> PyResult<()> {
        let Some(state) = state.downcast_ref::<PyTuple>().filter(|t| t.len() >= 3) else {
            return Err(exc::type_error(format!(
                "{}.__setstate__ argument should be 3-tuple, got {}",
                self.as_object().ty().name(),
                state.ty().name()
            )));
        };
        let items: Vec<ObjRef> = state.items().iter().map(|i| i.new_ref()).collect();
        self.py_init(Some(&items[0]))?;
        if !PyInt::check(&items[1]) {
            return Err(exc::type_error(format!(
                "second item of state must be an integer, not {}",
                items[1].ty().name()
            )));
        }
        let position = number::as_isize(&items[1], Some(exc::OverflowError()))?;
        if position < 0 {
            return Err(exc::value_error("position value cannot be negative"));
        }
        self.position.set(position as usize);
        if let Some(d) = items[2].downcast_ref::<PyDict>() {
            let own = protocol::getattr(self.as_object(), intern!("__dict__"))?;
            if let Some(own) = own.downcast_ref::<PyDict>() {
                own.update(d.as_object())?;
            }
        } else if !rpy_vm::is_none(&items[2]) {
            return Err(exc::type_error(format!(
                "third item of state should be a dict, got a {}",
                items[2].ty().name()
            )));
        }
        Ok(())
    }
}

/// A stream with the given contents, for use from Rust.
pub fn new(data: Vec<u8>) -> Ref<PyBytesIO> {
    rpy_vm::object::alloc::new_exact(PyBytesIO {
        ob_base: PyIOBase::fresh(),
        data: RefCell::new(data),
        position: Cell::new(0),
        closed: Cell::new(false),
        exports: Cell::new(0),
    })
}

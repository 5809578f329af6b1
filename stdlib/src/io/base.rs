//! The abstract base classes, which give every stream its defaults.

use core::cell::Cell;

use rpy_vm::object::PyTypeObject;
use rpy_vm::protocol::{call, number, object as protocol, sequence};
use rpy_vm::types::bytearray::PyByteArray;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, OptRef, PyErr, PyObject, PyResult, PyStruct, exc, intern, pyclass, pymethods};

use super::unsupported;

/// What streams have in common: a dict and weak references.
///
/// The abstract base class for all I/O classes.
#[pyclass(name = "_IOBase", module = "_io", flags(BASETYPE), dict = dict, weaklist = weakreflist, gc)]
#[repr(C)]
pub struct PyIOBase {
    pub ob_base: PyObject,
    pub dict: OptRef,
    #[pytraverse(skip)]
    pub weakreflist: Cell<*mut PyObject>,
}

impl PyIOBase {
    /// The part for a new instance.
    pub fn fresh() -> PyIOBase {
        PyIOBase { ob_base: PyObject::placeholder(), dict: OptRef::NULL, weakreflist: Cell::new(core::ptr::null_mut()) }
    }
}

/// Is the stream closed, by its own `closed` attribute?
pub fn is_closed(stream: &PyObject) -> PyResult<bool> {
    let closed = protocol::getattr(stream, intern!("closed"))?;
    protocol::is_true(&closed)
}

/// `ValueError` if the stream is closed.
pub fn check_closed(stream: &PyObject) -> PyResult<()> {
    if is_closed(stream)? { Err(closed_error()) } else { Ok(()) }
}

/// The error of operations on closed files.
pub fn closed_error() -> PyErr {
    exc::value_error("I/O operation on closed file.")
}

/// The same from files and `StringIO`, which leave the full stop out.
pub fn closed_error_plain() -> PyErr {
    exc::value_error("I/O operation on closed file")
}

fn check_capability(stream: &PyObject, method: &'static PyStr, message: &str) -> PyResult<ObjRef> {
    let answer = call::call_method(stream, method, &[])?;
    if answer.is(rpy_vm::types::bool_::as_object(true)) { Ok(answer) } else { Err(unsupported(message)) }
}

/// `io.UnsupportedOperation` unless `seekable()` is true.
pub fn check_seekable(stream: &PyObject) -> PyResult<ObjRef> {
    check_capability(stream, intern!("seekable"), "File or stream is not seekable.")
}

/// `io.UnsupportedOperation` unless `readable()` is true.
pub fn check_readable(stream: &PyObject) -> PyResult<ObjRef> {
    check_capability(stream, intern!("readable"), "File or stream is not readable.")
}

/// `io.UnsupportedOperation` unless `writable()` is true.
pub fn check_writable(stream: &PyObject) -> PyResult<ObjRef> {
    check_capability(stream, intern!("writable"), "File or stream is not writable.")
}

/// The finalizer of streams: closes what is still open, reporting failures only where nobody can be told otherwise.
pub fn finalize(stream: &PyObject) {
    // A stream that cannot tell is not touched.
    let closed = protocol::getattr(stream, intern!("closed")).and_then(|c| protocol::is_true(&c)).unwrap_or(true);
    if closed {
        return;
    }
    // Lets FileIO warn about the unclosed file.
    let _ = protocol::setattr(stream, intern!("_finalizing"), Some(rpy_vm::types::bool_::as_object(true)));
    if let Err(error) = call::call_method(stream, intern!("close"), &[]) {
        error.write_unraisable(Some(stream));
    }
}

/// Parses a size argument: None and negative mean "all".
pub fn size_arg(size: Option<&PyObject>) -> PyResult<isize> {
    match size {
        None => Ok(-1),
        Some(s) if rpy_vm::is_none(s) => Ok(-1),
        Some(s) if number::is_index(s) => number::as_isize(s, Some(exc::OverflowError())),
        Some(s) => Err(exc::type_error(format!("argument should be integer or None, not '{}'", s.ty().name()))),
    }
}

#[pymethods]
impl PyIOBase {
    #[pynew(sig = "(*args, **kwargs)")]
    fn py_new(cls: &PyTypeObject, _args: &[&PyObject], _kwargs: rpy_vm::args::KwArgs<'_>) -> PyResult<ObjRef> {
        Ok(rpy_vm::object::alloc::new_in(cls, PyIOBase::fresh())?.into_obj())
    }

    /// Change the stream position to the given byte offset.
    #[pymethod(sig = "($self, offset, whence=0, /)")]
    fn seek(&self, _offset: &PyObject, _whence: Option<&PyObject>) -> PyResult<ObjRef> {
        Err(unsupported("seek"))
    }

    /// Return current stream position.
    #[pymethod]
    fn tell(&self) -> PyResult<ObjRef> {
        let (zero, one) = (PyInt::from_i64(0), PyInt::from_i64(1));
        call::call_method(self.as_object(), intern!("seek"), &[zero.as_object(), one.as_object()])
    }

    /// Truncate file to size bytes.
    #[pymethod(sig = "($self, size=None, /)")]
    fn truncate(&self, _size: Option<&PyObject>) -> PyResult<ObjRef> {
        Err(unsupported("truncate"))
    }

    /// Flush write buffers, if applicable.
    #[pymethod]
    fn flush(&self) -> PyResult<()> {
        if self.closed_flag() { Err(closed_error()) } else { Ok(()) }
    }

    /// Flush and close the IO object.
    #[pymethod]
    fn close(&self) -> PyResult<()> {
        if self.closed_flag() {
            return Ok(());
        }
        let flushed = call::call_method(self.as_object(), intern!("flush"), &[]);
        let marked = protocol::setattr(
            self.as_object(),
            intern!("__IOBase_closed"),
            Some(rpy_vm::types::bool_::as_object(true)),
        );
        flushed?;
        marked
    }

    #[pygetset(name = "__dict__")]
    fn dict(&self) -> PyResult<ObjRef> {
        Ok(protocol::generic_get_dict(self.as_object())?.into_obj())
    }

    #[pygetset]
    fn closed(&self) -> bool {
        self.closed_flag()
    }

    /// Return whether object supports random access.
    #[pymethod]
    fn seekable(&self) -> bool {
        false
    }

    /// Return whether object was opened for reading.
    #[pymethod]
    fn readable(&self) -> bool {
        false
    }

    /// Return whether object was opened for writing.
    #[pymethod]
    fn writable(&self) -> bool {
        false
    }

    #[pymethod(name = "_checkClosed", sig = "($self, msg=None)")]
    fn check_closed(&self, _msg: Option<&PyObject>) -> PyResult<()> {
        check_closed(self.as_object())
    }
    #[pymethod(name = "_checkSeekable")]
    fn check_seekable(&self) -> PyResult<ObjRef> {
        check_seekable(self.as_object())
    }
    #[pymethod(name = "_checkReadable")]
    fn check_readable(&self) -> PyResult<ObjRef> {
        check_readable(self.as_object())
    }
    #[pymethod(name = "_checkWritable")]
    fn check_writable(&self) -> PyResult<ObjRef> {
        check_writable(self.as_object())
    }

    /// Return underlying file descriptor if one exists.
    #[pymethod]
    fn fileno(&self) -> PyResult<ObjRef> {
        Err(unsupported("fileno"))
    }

    /// Return whether this is an 'interactive' stream.
    #[pymethod]
    fn isatty(&self) -> PyResult<bool> {
        check_closed(self.as_object())?;
        Ok(false)
    }

    #[pymethod(name = "__enter__")]
    fn enter(&self) -> PyResult<ObjRef> {
        check_closed(self.as_object())?;
        Ok(self.to_obj())
    }

    #[pymethod(name = "__exit__", sig = "($self, /, *args)")]
    fn exit(&self, _args: &[&PyObject]) -> PyResult<ObjRef> {
        call::call_method(self.as_object(), intern!("close"), &[])
    }

    #[slot]
    fn tp_iter(&self) -> PyResult<ObjRef> {
        check_closed(self.as_object())?;
        Ok(self.to_obj())
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let line = call::call_method(self.as_object(), intern!("readline"), &[])?;
        Ok(if protocol::size(&line)? == 0 { None } else { Some(line) })
    }

    /// Read and return a line from the stream.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn readline(&self, size: Option<&PyObject>) -> PyResult<ObjRef> {
        let limit = size_arg(size)?;
        let stream = self.as_object();
        let peek = protocol::getattr_opt(stream, intern!("peek"))?;
        let mut line: Vec<u8> = Vec::new();
        while limit < 0 || (line.len() as isize) < limit {
            let mut wanted = 1usize;
            if let Some(peek) = &peek {
                let ahead = call::call_one(peek, PyInt::from_i64(1).as_object())?;
                let Some(ahead) = ahead.downcast_ref::<PyBytes>() else {
                    return Err(exc::os_error(format!(
                        "peek() should have returned a bytes object, not '{}'",
                        ahead.ty().name()
                    )));
                };
                let data = ahead.as_bytes();
                if !data.is_empty() {
                    wanted = memchr_newline(data).map_or(data.len(), |i| i + 1);
                    if limit >= 0 {
                        wanted = wanted.min(limit as usize - line.len());
                    }
                }
            }
            let chunk = call::call_method(stream, intern!("read"), &[PyInt::from_usize(wanted).as_object()])?;
            let Some(chunk) = chunk.downcast_ref::<PyBytes>() else {
                return Err(exc::os_error(format!(
                    "read() should have returned a bytes object, not '{}'",
                    chunk.ty().name()
                )));
            };
            if chunk.is_empty() {
                break;
            }
            line.extend_from_slice(chunk.as_bytes());
            if line.last() == Some(&b'\n') {
                break;
            }
        }
        Ok(PyBytes::from_vec(line).into_obj())
    }

    /// Return a list of lines from the stream.
    #[pymethod(sig = "($self, hint=-1, /)")]
    fn readlines(&self, hint: Option<&PyObject>) -> PyResult<ObjRef> {
        let hint = size_arg(hint)?;
        if hint <= 0 {
            return Ok(sequence::to_list(self.as_object())?.into_obj());
        }
        let lines = PyList::empty();
        let iterator = protocol::get_iter(self.as_object())?;
        let mut total = 0;
        while let Some(line) = protocol::iter_next(&iterator)? {
            total += protocol::size(&line)? as isize;
            lines.append(line)?;
            if total > hint {
                break;
            }
        }
        Ok(lines.into_obj())
    }

    /// Write a list of lines to stream.
    #[pymethod(sig = "($self, lines, /)")]
    fn writelines(&self, lines: &PyObject) -> PyResult<()> {
        check_closed(self.as_object())?;
        let iterator = protocol::get_iter(lines)?;
        while let Some(line) = protocol::iter_next(&iterator)? {
            call::call_method(self.as_object(), intern!("write"), &[&line])?;
        }
        Ok(())
    }

    #[slot]
    fn tp_finalize(&self) {
        finalize(self.as_object());
    }
}

impl PyIOBase {
    /// Has `_IOBase.close` run?
    fn closed_flag(&self) -> bool {
        matches!(protocol::getattr_opt(self.as_object(), intern!("__IOBase_closed")), Ok(Some(_)))
    }
}

/// Position of the first line feed.
pub fn memchr_newline(data: &[u8]) -> Option<usize> {
    data.iter().position(|&b| b == b'\n')
}

/// Base class for raw binary I/O.
#[pyclass(layout = PyIOBase, base = PyIOBase, name = "_RawIOBase", module = "_io", flags(BASETYPE, HAVE_GC))]
pub struct PyRawIOBase;

#[pymethods]
impl PyRawIOBase {
    #[pymethod(sig = "($self, size=-1, /)")]
    fn read(this: &PyObject, size: Option<isize>) -> PyResult<ObjRef> {
        let size = size.unwrap_or(-1);
        if size < 0 {
            return call::call_method(this, intern!("readall"), &[]);
        }
        let buffer = PyByteArray::zeroed(size as usize)?;
        let got = call::call_method(this, intern!("readinto"), &[buffer.as_object()])?;
        if rpy_vm::is_none(&got) {
            return Ok(got);
        }
        let n = number::as_isize(&got, Some(exc::ValueError()))?;
        if n < 0 || n > size {
            return Err(exc::value_error(format!("readinto returned {n} outside buffer size {size}")));
        }
        Ok(PyBytes::new(&buffer.as_bytes()[..n as usize]).into_obj())
    }

    /// Read until EOF, using multiple read() call.
    #[pymethod]
    fn readall(this: &PyObject) -> PyResult<ObjRef> {
        let mut all = Vec::new();
        let size = PyInt::from_usize(super::DEFAULT_BUFFER_SIZE);
        loop {
            let chunk = call::call_method(this, intern!("read"), &[size.as_object()])?;
            if rpy_vm::is_none(&chunk) {
                if all.is_empty() {
                    return Ok(chunk);
                }
                break;
            }
            let Some(bytes) = chunk.downcast_ref::<PyBytes>() else {
                return Err(exc::type_error("read() should return bytes"));
            };
            if bytes.is_empty() {
                break;
            }
            all.extend_from_slice(bytes.as_bytes());
        }
        Ok(PyBytes::from_vec(all).into_obj())
    }

    #[pymethod(sig = "($self, buffer, /)")]
    fn readinto(_this: &PyObject, _buffer: &PyObject) -> PyResult<ObjRef> {
        Err(unsupported("readinto"))
    }
    #[pymethod(sig = "($self, b, /)")]
    fn write(_this: &PyObject, _b: &PyObject) -> PyResult<ObjRef> {
        Err(unsupported("write"))
    }
}

/// Base class for buffered IO objects.
#[pyclass(layout = PyIOBase, base = PyIOBase, name = "_BufferedIOBase", module = "_io", flags(BASETYPE, HAVE_GC))]
pub struct PyBufferedIOBase;

fn readinto_by(this: &PyObject, buffer: &PyObject, method: &'static PyStr) -> PyResult<usize> {
    let mut target = rpy_vm::protocol::buffer::Buffer::writable_for("readinto", buffer)?;
    let length = PyInt::from_usize(target.len());
    let data = call::call_method(this, method, &[length.as_object()])?;
    let Some(data) = data.downcast_ref::<PyBytes>() else {
        return Err(exc::type_error("read() should return bytes"));
    };
    if data.len() > target.len() {
        return Err(exc::value_error(format!(
            "read() returned too much data: {} bytes requested, {} returned",
            target.len(),
            data.len()
        )));
    }
    target.bytes_mut()[..data.len()].copy_from_slice(data.as_bytes());
    Ok(data.len())
}

#[pymethods]
impl PyBufferedIOBase {
    /// Read and return up to n bytes.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn read(_this: &PyObject, _size: Option<&PyObject>) -> PyResult<ObjRef> {
        Err(unsupported("read"))
    }
    /// Read and return up to size bytes, with at most one read() call to the underlying raw stream.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn read1(_this: &PyObject, _size: Option<&PyObject>) -> PyResult<ObjRef> {
        Err(unsupported("read1"))
    }
    #[pymethod(sig = "($self, buffer, /)")]
    fn readinto(this: &PyObject, buffer: &PyObject) -> PyResult<usize> {
        readinto_by(this, buffer, intern!("read"))
    }
    #[pymethod(sig = "($self, buffer, /)")]
    fn readinto1(this: &PyObject, buffer: &PyObject) -> PyResult<usize> {
        readinto_by(this, buffer, intern!("read1"))
    }
    /// Write buffer b to the IO stream.
    #[pymethod(sig = "($self, b, /)")]
    fn write(_this: &PyObject, _b: &PyObject) -> PyResult<ObjRef> {
        Err(unsupported("write"))
    }
    /// Disconnect this buffer from its underlying raw stream and return it.
    #[pymethod]
    fn detach(_this: &PyObject) -> PyResult<ObjRef> {
        Err(unsupported("detach"))
    }
}

/// Base class for text I/O.
#[pyclass(layout = PyIOBase, base = PyIOBase, name = "_TextIOBase", module = "_io", flags(BASETYPE, HAVE_GC))]
pub struct PyTextIOBase;

#[pymethods]
impl PyTextIOBase {
    /// Read at most size characters from stream.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn read(_this: &PyObject, _size: Option<&PyObject>) -> PyResult<ObjRef> {
        Err(unsupported("read"))
    }
    /// Read until newline or EOF.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn readline(_this: &PyObject, _size: Option<&PyObject>) -> PyResult<ObjRef> {
        Err(unsupported("readline"))
    }
    /// Write string s to stream.
    #[pymethod(sig = "($self, s, /)")]
    fn write(_this: &PyObject, _s: &PyObject) -> PyResult<ObjRef> {
        Err(unsupported("write"))
    }
    /// Separate the underlying buffer from the TextIOBase and return it.
    #[pymethod]
    fn detach(_this: &PyObject) -> PyResult<ObjRef> {
        Err(unsupported("detach"))
    }
    /// Encoding of the text stream.
    #[pygetset]
    fn encoding(_this: &PyObject) -> ObjRef {
        rpy_vm::none()
    }
    /// Line endings translated so far.
    #[pygetset]
    fn newlines(_this: &PyObject) -> ObjRef {
        rpy_vm::none()
    }
    /// The error setting of the decoder or encoder.
    #[pygetset]
    fn errors(_this: &PyObject) -> ObjRef {
        rpy_vm::none()
    }
}

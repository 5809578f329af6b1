//! `BufferedRWPair`: a reader and a writer on two raw streams.

use rpy_vm::object::PyTypeObject;
use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, exc, intern, pyclass, pymethods};

use super::super::DEFAULT_BUFFER_SIZE;
use super::super::base::{self, PyBufferedIOBase, PyIOBase};
use super::{PyBufferedReader, PyBufferedWriter};

/// A buffered reader and writer object together.
#[pyclass(name = "BufferedRWPair", module = "_io", base = PyBufferedIOBase, flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyBufferedRWPair {
    pub ob_base: PyIOBase,
    reader: OptRef,
    writer: OptRef,
}

impl PyBufferedRWPair {
    fn side(&self, side: &OptRef) -> PyResult<ObjRef> {
        side.get().ok_or_else(|| exc::value_error("I/O operation on uninitialized object"))
    }
    fn forward(&self, side: &OptRef, name: &'static PyStr, args: &[&PyObject]) -> PyResult<ObjRef> {
        call::call_method(&*self.side(side)?, name, args)
    }
}

#[pymethods]
impl PyBufferedRWPair {
    #[pynew(sig = "(*args, **kwargs)", unsigned)]
    fn py_new(cls: &PyTypeObject, _args: &[&PyObject], _kwargs: rpy_vm::args::KwArgs<'_>) -> PyResult<ObjRef> {
        let pair = PyBufferedRWPair { ob_base: PyIOBase::fresh(), reader: OptRef::NULL, writer: OptRef::NULL };
        Ok(rpy_vm::object::alloc::new_in(cls, pair)?.into_obj())
    }
    #[pyinit(sig = "(reader, writer, buffer_size=DEFAULT_BUFFER_SIZE, /)")]
    fn py_init(&self, reader: &PyObject, writer: &PyObject, buffer_size: Option<isize>) -> PyResult<()> {
        base::check_readable(reader)?;
        base::check_writable(writer)?;
        let size = PyInt::from_isize(buffer_size.unwrap_or(DEFAULT_BUFFER_SIZE as isize));
        let reader = call::call(PyBufferedReader::type_object().as_object(), &[reader, size.as_object()])?;
        let writer = call::call(PyBufferedWriter::type_object().as_object(), &[writer, size.as_object()])?;
        self.reader.set(Some(reader));
        self.writer.set(Some(writer));
        Ok(())
    }
    #[pymethod(sig = "($self, size=-1, /)", unsigned)]
    fn read(&self, size: Option<&PyObject>) -> PyResult<ObjRef> {
        let none = rpy_vm::none();
        self.forward(&self.reader, intern!("read"), &[size.unwrap_or(&none)])
    }
    #[pymethod(sig = "($self, size=-1, /)", unsigned)]
    fn read1(&self, size: Option<isize>) -> PyResult<ObjRef> {
        self.forward(&self.reader, intern!("read1"), &[PyInt::from_isize(size.unwrap_or(-1)).as_object()])
    }
    #[pymethod(sig = "($self, size=0, /)", unsigned)]
    fn peek(&self, size: Option<isize>) -> PyResult<ObjRef> {
        self.forward(&self.reader, intern!("peek"), &[PyInt::from_isize(size.unwrap_or(0)).as_object()])
    }
    #[pymethod(sig = "($self, buffer, /)", unsigned)]
    fn readinto(&self, buffer: &PyObject) -> PyResult<ObjRef> {
        self.forward(&self.reader, intern!("readinto"), &[buffer])
    }
    #[pymethod(sig = "($self, buffer, /)", unsigned)]
    fn readinto1(&self, buffer: &PyObject) -> PyResult<ObjRef> {
        self.forward(&self.reader, intern!("readinto1"), &[buffer])
    }
    #[pymethod(sig = "($self, b, /)", unsigned)]
    fn write(&self, b: &PyObject) -> PyResult<ObjRef> {
        self.forward(&self.writer, intern!("write"), &[b])
    }
    #[pymethod]
    fn flush(&self) -> PyResult<ObjRef> {
        self.forward(&self.writer, intern!("flush"), &[])
    }
    #[pymethod]
    fn readable(&self) -> PyResult<ObjRef> {
        self.forward(&self.reader, intern!("readable"), &[])
    }
    #[pymethod]
    fn writable(&self) -> PyResult<ObjRef> {
        self.forward(&self.writer, intern!("writable"), &[])
    }
    #[pymethod]
    fn close(&self) -> PyResult<()> {
        let written = self.forward(&self.writer, intern!("close"), &[]);
        let read = self.forward(&self.reader, intern!("close"), &[]);
        match (written, read) {
            (Err(first), Err(second)) => {
                second.value().set_context(Some(first.into_object()));
                Err(second)
            }
            (Err(e), _) | (_, Err(e)) => Err(e),
            _ => Ok(()),
        }
    }
    #[pymethod]
    fn isatty(&self) -> PyResult<ObjRef> {
        let answer = self.forward(&self.writer, intern!("isatty"), &[])?;
        if protocol::is_true(&answer)? { Ok(answer) } else { self.forward(&self.reader, intern!("isatty"), &[]) }
    }
    #[pygetset]
    fn closed(&self) -> PyResult<ObjRef> {
        match self.writer.get() {
            Some(writer) => protocol::getattr(&writer, intern!("closed")),
            None => Err(exc::runtime_error("the BufferedRWPair object is being garbage-collected")),
        }
    }
}

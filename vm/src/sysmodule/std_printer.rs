//! `sys.stderr` until the real one is there: a file object that can write, and little else.

use crate::err::PyResult;
use crate::object::header::PyObject;
use crate::object::refs::Ref;
use crate::types::str::PyStr;
use rpy_derive::{pyclass, pymethods};

/// Writes to a file descriptor, without buffer or codec.
#[pyclass(name = "stderrprinter", symbol = "PyStdPrinter_Type", no_new)]
#[repr(C)]
pub struct PyStdPrinter {
    ob_base: PyObject,
    fd: i32,
}

impl PyStdPrinter {
    /// A file object for a descriptor.
    pub fn new(fd: i32) -> Ref<PyStdPrinter> {
        crate::object::alloc::new_exact(PyStdPrinter { ob_base: PyObject::placeholder(), fd })
    }
}

#[pymethods]
impl PyStdPrinter {
    #[pymethod]
    fn write(&self, text: &PyStr) -> usize {
        let shown = text.to_string_lossy();
        // SAFETY: the text is as long as stated. There is nobody to tell that it failed.
        unsafe { libc::write(self.fd, shown.as_ptr().cast(), shown.len()) };
        text.len()
    }

    #[pymethod]
    fn flush(&self) {}

    #[pymethod]
    fn close(&self) {}

    #[pymethod]
    fn fileno(&self) -> i32 {
        self.fd
    }

    #[pymethod]
    fn isatty(&self) -> bool {
        // SAFETY: asking about a descriptor.
        unsafe { libc::isatty(self.fd) == 1 }
    }

    #[pygetset]
    fn encoding(&self) -> PyResult<Option<i32>> {
        Ok(None)
    }

    #[pygetset]
    fn mode(&self) -> PyResult<&'static str> {
        Ok("w")
    }

    #[pygetset]
    fn closed(&self) -> PyResult<bool> {
        Ok(false)
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<String> {
        Ok(format!("<stderrprinter(fd={}) object at {:#x}>", self.fd, self as *const PyStdPrinter as usize))
    }
}

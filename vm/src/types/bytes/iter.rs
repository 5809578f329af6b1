//! The iterator over bytes.

use core::cell::Cell;

use rpy_derive::{pyclass, pymethods};

use super::PyBytes;
use crate::object::alloc::new_exact;
use crate::object::{ObjRef, OptRef, PyObject, PyStruct, Ref};
use crate::protocol::number;
use crate::types::int::PyInt;
use crate::types::list::builtin;
use crate::types::tuple::PyTuple;
use crate::{PyResult, exc};

/// Iterator over a byte string.
#[pyclass(name = "bytes_iterator", symbol = "PyBytesIter_Type", no_new, gc)]
#[repr(C)]
pub struct PyBytesIterator {
    ob_base: PyObject,
    #[pytraverse(skip)]
    index: Cell<usize>,
    bytes: OptRef<PyBytes>,
}

impl PyBytesIterator {
    pub fn new(bytes: &PyBytes) -> Ref<PyBytesIterator> {
        new_exact(PyBytesIterator {
            ob_base: PyObject::placeholder(),
            index: Cell::new(0),
            bytes: OptRef::some(bytes.to_ref()),
        })
    }

    /// The next byte, for the eval loop.
    #[inline]
    pub fn next_item(&self) -> Option<Ref<PyInt>> {
        let bytes = self.bytes.peek()?;
        let index = self.index.get();
        if let Some(&byte) = bytes.as_bytes().get(index) {
            self.index.set(index + 1);
            return Some(PyInt::from_i64(byte as i64));
        }
        self.bytes.take();
        None
    }

    /// Bytes still to come.
    pub fn left(&self) -> usize {
        self.bytes.peek().map_or(0, |bytes| bytes.len().saturating_sub(self.index.get()))
    }
}

#[pymethods]
impl PyBytesIterator {
    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<Ref<PyInt>>> {
        Ok(self.next_item())
    }

    /// Private method returning an estimate of len(list(it)).
    #[pymethod(name = "__length_hint__")]
    fn length_hint(&self) -> usize {
        self.left()
    }

    /// Return state information for pickling.
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult {
        let iter = builtin(crate::intern!("iter"))?;
        let tuple = match self.bytes.get() {
            Some(bytes) => PyTuple::from_array([
                iter,
                PyTuple::from_array([bytes.into_obj()]).into_obj(),
                PyInt::from_usize(self.index.get()).into_obj(),
            ]),
            None => PyTuple::from_array([iter, PyTuple::from_array([PyTuple::empty().into_obj()]).into_obj()]),
        };
        Ok(tuple.into_obj())
    }

    /// Set state information for unpickling.
    #[pymethod(name = "__setstate__", sig = "($self, state, /)")]
    fn setstate(&self, state: &PyObject) -> PyResult<()> {
        let position = number::as_isize(state, Some(exc::OverflowError()))?;
        if let Some(bytes) = self.bytes.peek() {
            self.index.set((position.max(0) as usize).min(bytes.len()));
        }
        Ok(())
    }
}

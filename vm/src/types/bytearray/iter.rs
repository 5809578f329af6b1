//! The iterator over a bytearray.

use core::cell::Cell;

use rpy_derive::{pyclass, pymethods};

use super::PyByteArray;
use crate::object::alloc::new_exact;
use crate::object::{ObjRef, OptRef, PyObject, PyStruct, Ref};
use crate::protocol::number;
use crate::types::int::PyInt;
use crate::types::list::builtin;
use crate::types::tuple::PyTuple;
use crate::{PyResult, exc};

/// Iterator over a bytearray.
#[pyclass(name = "bytearray_iterator", symbol = "PyByteArrayIter_Type", no_new, gc)]
#[repr(C)]
pub struct PyByteArrayIterator {
    ob_base: PyObject,
    #[pytraverse(skip)]
    index: Cell<usize>,
    array: OptRef<PyByteArray>,
}

impl PyByteArrayIterator {
    pub fn new(array: &PyByteArray) -> Ref<PyByteArrayIterator> {
        new_exact(PyByteArrayIterator {
            ob_base: PyObject::placeholder(),
            index: Cell::new(0),
            array: OptRef::some(array.to_ref()),
        })
    }

    /// The next byte, for the eval loop.
    pub fn next_item(&self) -> Option<Ref<PyInt>> {
        let array = self.array.peek()?;
        let index = self.index.get();
        if let Some(&byte) = array.as_bytes().get(index) {
            self.index.set(index + 1);
            return Some(PyInt::from_i64(byte as i64));
        }
        self.array.take();
        None
    }

    /// Bytes still to come.
    pub fn left(&self) -> usize {
        self.array.peek().map_or(0, |array| array.len().saturating_sub(self.index.get()))
    }
}

#[pymethods]
impl PyByteArrayIterator {
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
        let tuple = match self.array.get() {
            Some(array) => PyTuple::from_array([
                iter,
                PyTuple::from_array([array.into_obj()]).into_obj(),
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
        if let Some(array) = self.array.peek() {
            self.index.set((position.max(0) as usize).min(array.len()));
        }
        Ok(())
    }
}

//! Iterator over an array.

use core::cell::Cell;

use super::object::PyArray;
use rpy_vm::object::{OptRef, PyStruct, Ref, alloc};
use rpy_vm::protocol::number;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::{PyList, builtin};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, exc, intern, pyclass, pymethods};

/// Iterator over an array.
#[pyclass(name = "arrayiterator", module = "array", no_new, gc)]
#[repr(C)]
pub struct PyArrayIterator {
    pub ob_base: PyObject,
    #[pytraverse(skip)]
    index: Cell<usize>,
    /// The array; empty when exhausted.
    array: OptRef<PyArray>,
}

impl PyArrayIterator {
    pub fn start(array: &PyArray) -> Ref<PyArrayIterator> {
        alloc::new_exact(PyArrayIterator {
            ob_base: PyObject::placeholder(),
            index: Cell::new(0),
            array: OptRef::some(array.to_ref()),
        })
    }
}

#[pymethods]
impl PyArrayIterator {
    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let Some(array) = self.array.get() else { return Ok(None) };
        let index = self.index.get();
        if index < array.len() {
            self.index.set(index + 1);
            return array.get(index).map(Some);
        }
        self.array.take();
        Ok(None)
    }

    /// Return state information for pickling.
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult {
        let iter = builtin(intern!("iter"))?;
        Ok(match self.array.get() {
            Some(array) => PyTuple::from_array([
                iter,
                PyTuple::from_array([array.into_obj()]).into_obj(),
                PyInt::from_usize(self.index.get()).into_obj(),
            ]),
            None => PyTuple::from_array([iter, PyTuple::from_array([PyList::empty().into_obj()]).into_obj()]),
        }
        .into_obj())
    }

    /// Set state information for unpickling.
    #[pymethod(name = "__setstate__", sig = "($self, state, /)")]
    fn setstate(&self, state: &PyObject) -> PyResult<()> {
        let index = number::as_isize(state, Some(exc::OverflowError()))?;
        if let Some(array) = self.array.peek() {
            self.index.set((index.max(0) as usize).min(array.len()));
        }
        Ok(())
    }
}

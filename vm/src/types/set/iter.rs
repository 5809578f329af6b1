//! `set_iterator`.

use core::cell::Cell;

use super::PySet;
use crate::err::PyResult;
use crate::exc;
use crate::object::alloc;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, OptRef, PyStruct, Ref};
use crate::types::list::{PyList, builtin};
use crate::types::tuple::PyTuple;
use rpy_derive::{pyclass, pymethods};

/// Walks a set's slots; notices when the number of elements changes.
#[pyclass(name = "set_iterator", symbol = "PySetIter_Type", gc, no_new)]
#[repr(C)]
pub struct PySetIterator {
    ob_base: PyObject,
    /// The set; `None` at the end.
    set: OptRef<PySet>,
    /// The set's size at the start; -1 (as usize) once it was seen to change.
    #[pytraverse(skip)]
    used: Cell<usize>,
    #[pytraverse(skip)]
    at: Cell<usize>,
    #[pytraverse(skip)]
    left: Cell<usize>,
}

impl PySetIterator {
    /// `iter(set)`.
    pub fn new(set: &PySet) -> Ref<PySetIterator> {
        alloc::new_exact(PySetIterator {
            ob_base: PyObject::placeholder(),
            set: OptRef::some(set.to_ref()),
            used: Cell::new(set.len()),
            at: Cell::new(0),
            left: Cell::new(set.len()),
        })
    }

    /// The next element.
    ///
    /// # Errors
    /// `RuntimeError` when the set has changed.
    #[inline]
    pub fn next_item(&self) -> PyResult<Option<ObjRef>> {
        if let Some(item) = self.next_borrowed() {
            return Ok(Some(item.new_ref()));
        }
        let Some(set) = self.set.peek() else {
            return Ok(None);
        };
        if self.used.get() != set.len() {
            // Stays so.
            self.used.set(usize::MAX);
            return Err(exc::runtime_error("Set changed size during iteration"));
        }
        self.set.set(None);
        Ok(None)
    }

    /// The next element, which the set keeps as long as it stays as it is. `None`, and nothing has happened, at the end, and where the set has
    /// changed.
    #[inline]
    pub fn next_borrowed(&self) -> Option<&PyObject> {
        let set = self.set.peek()?;
        if self.used.get() != set.len() {
            return None;
        }
        let mut at = self.at.get();
        let item = set.next_element(&mut at)?;
        self.at.set(at);
        self.left.set(self.left.get().saturating_sub(1));
        Some(item)
    }

    /// Items still to come, if the set stays as it is; none from a set whose size has changed.
    pub fn left(&self) -> usize {
        match self.set.peek() {
            Some(set) if set.len() == self.used.get() => self.left.get(),
            _ => 0,
        }
    }
}

#[pymethods]
impl PySetIterator {
    #[slot]
    fn tp_iter(&self) -> PyResult<ObjRef> {
        Ok(self.to_obj())
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        self.next_item()
    }

    /// Private method returning an estimate of len(list(it)).
    #[pymethod]
    fn __length_hint__(&self) -> usize {
        self.left()
    }

    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(&self) -> PyResult<Ref<PyTuple>> {
        // The rest as a list, without moving this iterator.
        let mut rest = Vec::new();
        if let Some(set) = self.set.get() {
            if self.used.get() != set.len() {
                return Err(exc::runtime_error("Set changed size during iteration"));
            }
            let mut at = self.at.get();
            while let Some(item) = set.iter_index(&mut at) {
                rest.push(item);
            }
        }
        let args = PyTuple::from_array([PyList::new(rest).into_obj()]);
        Ok(PyTuple::from_array([builtin(crate::intern!("iter"))?, args.into_obj()]))
    }
}

//! Iterators over text: one for ASCII, which needs no look at the kind, one for the rest.

use core::cell::Cell;

use rpy_derive::{pyclass, pymethods};

use super::PyStr;
use crate::object::alloc::new_exact;
use crate::object::{ObjRef, OptRef, PyObject, PyStruct, Ref};
use crate::protocol::number;
use crate::types::int::PyInt;
use crate::types::list::builtin;
use crate::types::tuple::PyTuple;
use crate::{PyResult, exc};

/// Iterator over ASCII text.
#[pyclass(name = "str_ascii_iterator", symbol = "_PyUnicodeASCIIIter_Type", no_new, gc)]
#[repr(C)]
pub struct PyStrAsciiIterator {
    ob_base: PyObject,
    #[pytraverse(skip)]
    index: Cell<usize>,
    text: OptRef<PyStr>,
}

/// Iterator over text.
#[pyclass(name = "str_iterator", symbol = "PyUnicodeIter_Type", no_new, gc)]
#[repr(C)]
pub struct PyStrIterator {
    ob_base: PyObject,
    #[pytraverse(skip)]
    index: Cell<usize>,
    text: OptRef<PyStr>,
}

/// `iter(text)`.
pub fn new_iterator(text: &PyStr) -> ObjRef {
    let ob_base = PyObject::placeholder();
    let index = Cell::new(0);
    let is_ascii = text.is_ascii();
    let text = OptRef::some(text.to_ref());
    if is_ascii {
        new_exact(PyStrAsciiIterator { ob_base, index, text }).into_obj()
    } else {
        new_exact(PyStrIterator { ob_base, index, text }).into_obj()
    }
}

fn length_hint(text: &OptRef<PyStr>, index: &Cell<usize>) -> usize {
    text.peek().map_or(0, |text| text.len().saturating_sub(index.get()))
}

fn reduce(text: &OptRef<PyStr>, index: &Cell<usize>) -> PyResult {
    let iter = builtin(crate::intern!("iter"))?;
    let tuple = match text.get() {
        Some(text) => PyTuple::from_array([
            iter,
            PyTuple::from_array([text.into_obj()]).into_obj(),
            PyInt::from_usize(index.get()).into_obj(),
        ]),
        None => PyTuple::from_array([iter, PyTuple::from_array([PyStr::empty().into_obj()]).into_obj()]),
    };
    Ok(tuple.into_obj())
}

fn setstate(text: &OptRef<PyStr>, index: &Cell<usize>, state: &PyObject) -> PyResult<()> {
    let position = number::as_isize(state, Some(exc::OverflowError()))?;
    if let Some(text) = text.peek() {
        index.set((position.max(0) as usize).min(text.len()));
    }
    Ok(())
}

impl PyStrAsciiIterator {
    /// The next character, for the eval loop.
    #[inline(always)]
    pub fn next_item(&self) -> Option<Ref<PyStr>> {
        let text = self.text.peek()?;
        let index = self.index.get();
        if index < text.len() {
            self.index.set(index + 1);
            // SAFETY: the index is in range, and ASCII text has one byte a character.
            return Some(PyStr::latin1_char(unsafe { *text.data_ptr().add(index) }));
        }
        self.text.take();
        None
    }

    /// Characters still to come.
    pub fn left(&self) -> usize {
        length_hint(&self.text, &self.index)
    }
}

impl PyStrIterator {
    /// The next character, for the eval loop.
    #[inline]
    pub fn next_item(&self) -> Option<Ref<PyStr>> {
        let text = self.text.peek()?;
        let index = self.index.get();
        if index < text.len() {
            self.index.set(index + 1);
            return Some(text.item(index));
        }
        self.text.take();
        None
    }

    /// Characters still to come.
    pub fn left(&self) -> usize {
        length_hint(&self.text, &self.index)
    }
}

#[pymethods]
impl PyStrAsciiIterator {
    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<Ref<PyStr>>> {
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
        reduce(&self.text, &self.index)
    }

    /// Set state information for unpickling.
    #[pymethod(name = "__setstate__", sig = "($self, object, /)")]
    fn setstate(&self, state: &PyObject) -> PyResult<()> {
        setstate(&self.text, &self.index, state)
    }
}

#[pymethods]
impl PyStrIterator {
    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<Ref<PyStr>>> {
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
        reduce(&self.text, &self.index)
    }

    /// Set state information for unpickling.
    #[pymethod(name = "__setstate__", sig = "($self, object, /)")]
    fn setstate(&self, state: &PyObject) -> PyResult<()> {
        setstate(&self.text, &self.index, state)
    }
}

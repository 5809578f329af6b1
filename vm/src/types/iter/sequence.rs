//! `iterator` (by index) and `callable_iterator` (until a sentinel).

use core::cell::Cell;

use super::reduce_exhausted;
use crate::err::PyResult;
use crate::exc;
use crate::object::alloc;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, OptRef, PyStruct, Ref};
use crate::object::slots::CompareOp;
use crate::protocol::{call, number, object as po, sequence};
use crate::types::int::PyInt;
use crate::types::list::builtin;
use crate::types::tuple::PyTuple;
use rpy_derive::{pyclass, pymethods};

/// Asks a sequence for item 0, 1, 2, ... until it raises `IndexError`.
#[pyclass(name = "iterator", symbol = "PySeqIter_Type", gc, no_new)]
#[repr(C)]
pub struct PySequenceIterator {
    ob_base: PyObject,
    #[pytraverse(skip)]
    pub index: Cell<isize>,
    /// The sequence; empty once exhausted.
    pub seq: OptRef,
}

impl PySequenceIterator {
    pub fn new(seq: &PyObject) -> Ref<PySequenceIterator> {
        alloc::new_exact(PySequenceIterator {
            ob_base: PyObject::placeholder(),
            index: Cell::new(0),
            seq: OptRef::some(seq.new_ref()),
        })
    }
}

#[pymethods]
impl PySequenceIterator {
    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let Some(seq) = self.seq.get() else {
            return Ok(None);
        };
        let index = self.index.get();
        if index == isize::MAX {
            return Err(exc::overflow_error("iter index too large"));
        }
        match sequence::get_item_index(&seq, index) {
            Ok(item) => {
                self.index.set(index + 1);
                Ok(Some(item))
            }
            Err(e) if e.matches(exc::IndexError()) || e.matches(exc::StopIteration()) => {
                self.seq.set(None);
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }

    /// Private method returning an estimate of len(list(it)).
    #[pymethod(name = "__length_hint__")]
    fn length_hint(&self) -> PyResult<ObjRef> {
        let Some(seq) = self.seq.get() else {
            return Ok(PyInt::zero().into_obj());
        };
        let ty = seq.ty();
        let has_len = ty.as_sequence().is_some_and(|s| s.sq_length.get().is_some())
            || ty.as_mapping().is_some_and(|m| m.mp_length.get().is_some());
        if !has_len {
            return Ok(crate::not_implemented());
        }
        let left = po::size(&seq)? as isize - self.index.get();
        Ok(PyInt::from_isize(left.max(0)).into_obj())
    }

    /// Return state information for pickling.
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult<Ref<PyTuple>> {
        // Fetching the built-in may run code that ends the iteration.
        let iter = builtin(crate::intern!("iter"))?;
        match self.seq.get() {
            None => reduce_exhausted(),
            Some(seq) => {
                let args = PyTuple::from_array([seq]).into_obj();
                Ok(PyTuple::from_array([iter, args, PyInt::from_isize(self.index.get()).into_obj()]))
            }
        }
    }

    /// Set state information for unpickling.
    #[pymethod(name = "__setstate__", sig = "($self, object, /)")]
    fn setstate(&self, object: &PyObject) -> PyResult<()> {
        let index = number::as_isize(object, Some(exc::OverflowError()))?;
        if !self.seq.is_null() {
            self.index.set(index.max(0));
        }
        Ok(())
    }
}

/// Calls a callable until it gives the sentinel.
#[pyclass(name = "callable_iterator", symbol = "PyCallIter_Type", gc, no_new)]
#[repr(C)]
pub struct PyCallableIterator {
    ob_base: PyObject,
    /// Both empty once exhausted.
    callable: OptRef,
    sentinel: OptRef,
}

impl PyCallableIterator {
    pub fn new(callable: &PyObject, sentinel: &PyObject) -> Ref<PyCallableIterator> {
        alloc::new_exact(PyCallableIterator {
            ob_base: PyObject::placeholder(),
            callable: OptRef::some(callable.new_ref()),
            sentinel: OptRef::some(sentinel.new_ref()),
        })
    }

    fn end(&self) {
        self.callable.set(None);
        self.sentinel.set(None);
    }
}

#[pymethods]
impl PyCallableIterator {
    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let Some(callable) = self.callable.get() else {
            return Ok(None);
        };
        match call::call_noargs(&callable) {
            Ok(value) => {
                // The call may have exhausted this very iterator.
                let Some(sentinel) = self.sentinel.get() else {
                    return Ok(None);
                };
                if po::rich_compare_bool(&sentinel, &value, CompareOp::Eq)? {
                    self.end();
                    return Ok(None);
                }
                Ok(Some(value))
            }
            Err(e) if e.matches(exc::StopIteration()) => {
                self.end();
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }

    /// Return state information for pickling.
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult<Ref<PyTuple>> {
        let iter = builtin(crate::intern!("iter"))?;
        match (self.callable.get(), self.sentinel.get()) {
            (Some(callable), Some(sentinel)) => {
                Ok(PyTuple::from_array([iter, PyTuple::from_array([callable, sentinel]).into_obj()]))
            }
            _ => reduce_exhausted(),
        }
    }
}

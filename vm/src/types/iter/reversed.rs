//! `reversed`.

use core::cell::Cell;

use crate::err::PyResult;
use crate::exc;
use crate::object::alloc;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, OptRef, PyClass, PyStruct, Ref};
use crate::object::typeobj::PyTypeObject;
use crate::protocol::{call, number, object as po, sequence};
use crate::types::dict::PyDict;
use crate::types::int::PyInt;
use crate::types::tuple::PyTuple;
use rpy_derive::{pyclass, pymethods};

/// reversed(object, /)
/// --
///
/// Return a reverse iterator over the values of the given sequence.
#[pyclass(name = "reversed", symbol = "PyReversed_Type", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyReversed {
    ob_base: PyObject,
    /// Index of the next item; -1 at the end.
    #[pytraverse(skip)]
    index: Cell<isize>,
    /// The sequence; empty once exhausted.
    seq: OptRef,
}

/// `reversed(object)`: what `__reversed__` gives, or a new iterator.
fn construct(cls: &PyTypeObject, object: &PyObject) -> PyResult<ObjRef> {
    let not_reversible = || exc::type_error(format!("'{}' object is not reversible", object.ty().name()));
    if let Some(method) = po::lookup_special(object, crate::intern!("__reversed__"))? {
        if crate::is_none(&method) {
            return Err(not_reversible());
        }
        return call::call_noargs(&method);
    }
    if !sequence::check(object) {
        return Err(not_reversible());
    }
    let len = po::size(object)? as isize;
    let value =
        PyReversed { ob_base: PyObject::placeholder(), index: Cell::new(len - 1), seq: OptRef::some(object.new_ref()) };
    Ok(alloc::new_in(cls, value)?.into_obj())
}

#[pymethods]
impl PyReversed {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        let address = |ty: &PyTypeObject| ty.tp_init.get().map_or(0, |f| f as usize);
        // A subtype with its own __init__ may take keywords.
        if address(cls) == address(PyReversed::type_object()) && kwargs.is_some_and(|k| k.len() > 0) {
            return Err(exc::type_error("reversed() takes no keyword arguments"));
        }
        match args.items() {
            [object] => construct(cls, object),
            items => Err(exc::type_error(format!("reversed expected 1 argument, got {}", items.len()))),
        }
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let index = self.index.get();
        let Some(seq) = self.seq.get() else {
            return Ok(None);
        };
        if index >= 0 {
            match sequence::get_item_index(&seq, index) {
                Ok(item) => {
                    self.index.set(index - 1);
                    return Ok(Some(item));
                }
                Err(e) if e.matches(exc::IndexError()) || e.matches(exc::StopIteration()) => {}
                Err(e) => return Err(e),
            }
        }
        self.index.set(-1);
        self.seq.set(None);
        Ok(None)
    }

    /// Private method returning an estimate of len(list(it)).
    #[pymethod(name = "__length_hint__")]
    fn length_hint(&self) -> PyResult<isize> {
        let Some(seq) = self.seq.get() else {
            return Ok(0);
        };
        let len = po::size(&seq)? as isize;
        let left = self.index.get() + 1;
        Ok(if len < left { 0 } else { left })
    }

    /// Return state information for pickling.
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> Ref<PyTuple> {
        let ty = self.ob_base.ty().to_obj();
        match self.seq.get() {
            Some(seq) => {
                let args = PyTuple::from_array([seq]).into_obj();
                PyTuple::from_array([ty, args, PyInt::from_isize(self.index.get()).into_obj()])
            }
            None => PyTuple::from_array([ty, PyTuple::from_array([PyTuple::empty().into_obj()]).into_obj()]),
        }
    }

    /// Set state information for unpickling.
    #[pymethod(name = "__setstate__", sig = "($self, object, /)")]
    fn setstate(&self, object: &PyObject) -> PyResult<()> {
        let index = number::as_isize(object, Some(exc::OverflowError()))?;
        if let Some(seq) = self.seq.get() {
            let len = po::size(&seq)? as isize;
            self.index.set(index.clamp(-1, len - 1));
        }
        Ok(())
    }
}

//! `enumerate`.

use core::cell::Cell;

use super::reuse_pair;
use crate::err::PyResult;
use crate::object::alloc;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, OptRef, PyStruct, Ref};
use crate::object::typeobj::PyTypeObject;
use crate::protocol::{number, object as po};
use crate::types::int::{self, PyInt};
use crate::types::list::class_getitem;
use crate::types::tuple::PyTuple;
use rpy_derive::{pyclass, pymethods};

/// Return an enumerate object.
///
///   iterable
///     an object supporting iteration
///
/// The enumerate object yields pairs containing a count (from start, which
/// defaults to zero) and a value yielded by the iterable argument.
///
/// enumerate is useful for obtaining an indexed list:
///     (0, seq[0]), (1, seq[1]), (2, seq[2]), ...
#[pyclass(name = "enumerate", symbol = "PyEnum_Type", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyEnumerate {
    ob_base: PyObject,
    /// The next count, while it is a machine integer.
    #[pytraverse(skip)]
    count: Cell<i64>,
    iterator: OptRef,
    /// The next count, when it is larger.
    #[pytraverse(skip)]
    large: OptRef<PyInt>,
    /// The pair handed out last.
    last: OptRef<PyTuple>,
}

impl PyEnumerate {
    /// Where the iterator that is enumerated is kept, in bytes from the start.
    pub const INNER_OFFSET: usize = core::mem::offset_of!(PyEnumerate, iterator);

    /// The iterator that is enumerated.
    pub fn inner(&self) -> Option<&PyObject> {
        self.iterator.peek()
    }

    fn next_count(&self) -> Ref<PyInt> {
        match self.large.get() {
            Some(large) => large,
            None => PyInt::from_i64(self.count.get()),
        }
    }

    fn advance(&self) {
        match self.large.get() {
            None if self.count.get() < i64::MAX => self.count.set(self.count.get() + 1),
            large => {
                let value = large.unwrap_or_else(|| PyInt::from_i64(self.count.get()));
                // SAFETY: the sum of ints is an int.
                self.large.set(Some(unsafe { int::int_add(&value, PyInt::small_ref(1)).cast_unchecked() }));
            }
        }
    }
}

#[pymethods]
impl PyEnumerate {
    #[pynew(sig = "(iterable, start=0)", vectorcall)]
    fn py_new(cls: &PyTypeObject, iterable: &PyObject, start: Option<&PyObject>) -> PyResult<ObjRef> {
        let (count, large) = match start {
            None => (0, None),
            Some(start) => {
                let start = number::index_exact(start)?;
                match start.as_i64() {
                    Some(count) => (count, None),
                    None => (0, Some(start)),
                }
            }
        };
        let iterator = po::get_iter(iterable)?;
        let value = PyEnumerate {
            ob_base: PyObject::placeholder(),
            count: Cell::new(count),
            iterator: OptRef::some(iterator),
            large: OptRef::new(large),
            last: OptRef::NULL,
        };
        Ok(alloc::new_in(cls, value)?.into_obj())
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let Some(iterator) = self.iterator.peek() else {
            return Ok(None);
        };
        // The iterator field only changes when the collector clears this object, which then is unreachable.
        let Some(item) = po::iter_next(iterator)? else {
            return Ok(None);
        };
        let count = self.next_count();
        self.advance();
        Ok(Some(reuse_pair(&self.last, count.into_obj(), item)))
    }

    /// Return state information for pickling.
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> Ref<PyTuple> {
        let iterator = self.iterator.get().unwrap_or_else(crate::none);
        let args = PyTuple::from_array([iterator, self.next_count().into_obj()]);
        PyTuple::from_array([self.ob_base.ty().to_obj(), args.into_obj()])
    }

    /// See PEP 585
    #[pyclassmethod(sig = "($type, object, /)")]
    fn __class_getitem__(cls: &PyTypeObject, object: &PyObject) -> PyResult<ObjRef> {
        class_getitem(cls, object)
    }
}

//! `range_iterator` (machine integers) and `longrange_iterator` (any size).

use core::cell::Cell;

use super::{PyRange, add, as_int, mul, reduce_iterator, sub};
use crate::err::PyResult;
use crate::object::alloc;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, OptRef, PyClass, PyStruct, Ref};
use crate::protocol;
use crate::types::int::freelist::FreeList;
use crate::types::int::{self, PyInt};
use crate::types::tuple::PyTuple;
use rpy_derive::{pyclass, pymethods};

/// The iterator of ranges whose numbers (the stop included) are machine integers. The eval loop advances it inline.
#[pyclass(name = "range_iterator", symbol = "PyRangeIter_Type", no_new)]
#[repr(C)]
pub struct PyRangeIterator {
    pub(crate) ob_base: PyObject,
    /// The next number.
    pub(crate) next: Cell<i64>,
    pub(crate) step: Cell<i64>,
    /// How many are left.
    pub(crate) left: Cell<i64>,
}

pub(crate) static FREE: FreeList = FreeList::new(16);

impl PyRangeIterator {
    /// `length` numbers from `start` on; the one behind the last has to be representable.
    pub fn new(start: i64, step: i64, length: i64) -> Ref<PyRangeIterator> {
        let object = FREE.pop() as *mut PyRangeIterator;
        if !object.is_null() {
            // SAFETY: a dead iterator with its header restored, ours alone.
            unsafe {
                (*object).next.set(start);
                (*object).step.set(step);
                (*object).left.set(length);
                return Ref::from_owned_ptr(object);
            }
        }
        alloc::new_exact(PyRangeIterator {
            ob_base: PyObject::placeholder(),
            next: Cell::new(start),
            step: Cell::new(step),
            left: Cell::new(length),
        })
    }

    /// The next number.
    #[inline(always)]
    pub fn next_i64(&self) -> Option<i64> {
        let value = self.peek_i64()?;
        self.advance();
        Some(value)
    }

    /// The value that comes next.
    #[inline(always)]
    pub fn peek_i64(&self) -> Option<i64> {
        if self.left.get() <= 0 { None } else { Some(self.next.get()) }
    }

    /// Moves on; there is a next value.
    #[inline(always)]
    pub fn advance(&self) {
        self.left.set(self.left.get() - 1);
        self.next.set(self.next.get().wrapping_add(self.step.get()));
    }
}

#[pymethods]
impl PyRangeIterator {
    #[slot]
    unsafe extern "C-unwind" fn tp_dealloc(object: *mut PyObject) {
        // SAFETY: the type cannot be subclassed, and its fields own nothing.
        unsafe {
            if !FREE.push(object) {
                alloc::mem_free(object as *mut u8);
            }
        }
    }

    #[slot]
    fn tp_iter(&self) -> PyResult<ObjRef> {
        Ok(self.to_obj())
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        Ok(self.next_i64().map(|value| PyInt::from_i64(value).into_obj()))
    }

    /// Private method returning an estimate of len(list(it)).
    #[pymethod]
    fn __length_hint__(&self) -> i64 {
        self.left.get()
    }

    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(&self) -> PyResult<Ref<PyTuple>> {
        let (start, step, left) = (self.next.get(), self.step.get(), self.left.get());
        let stop = start as i128 + step as i128 * left as i128;
        reduce_iterator(PyRange::new(PyInt::from_i64(start), PyInt::from_i128(stop), PyInt::from_i64(step))?)
    }

    /// Set state information for unpickling.
    #[pymethod(sig = "($self, object, /)")]
    fn __setstate__(&self, object: &PyObject) -> PyResult<()> {
        let state = protocol::number::index(object)?;
        let at = match state.as_i64() {
            Some(at) => at.clamp(0, self.left.get()),
            None if state.is_negative() => 0,
            None => self.left.get(),
        };
        self.next.set(self.next.get().wrapping_add(at.wrapping_mul(self.step.get())));
        self.left.set(self.left.get() - at);
        Ok(())
    }
}

/// The iterator of ranges with larger numbers.
#[pyclass(name = "longrange_iterator", symbol = "PyLongRangeIter_Type", no_new)]
#[repr(C)]
pub struct PyLongRangeIterator {
    ob_base: PyObject,
    start: OptRef<PyInt>,
    step: OptRef<PyInt>,
    length: OptRef<PyInt>,
}

impl PyLongRangeIterator {
    /// `length` numbers from `start` on.
    pub fn new(start: Ref<PyInt>, step: Ref<PyInt>, length: Ref<PyInt>) -> Ref<PyLongRangeIterator> {
        alloc::new_exact(PyLongRangeIterator {
            ob_base: PyObject::placeholder(),
            start: OptRef::some(start),
            step: OptRef::some(step),
            length: OptRef::some(length),
        })
    }

    fn parts(&self) -> (Ref<PyInt>, Ref<PyInt>, Ref<PyInt>) {
        let part = |field: &OptRef<PyInt>| field.get().unwrap_or_else(PyInt::zero);
        (part(&self.start), part(&self.step), part(&self.length))
    }
}

#[pymethods]
impl PyLongRangeIterator {
    #[slot]
    fn tp_iter(&self) -> PyResult<ObjRef> {
        Ok(self.to_obj())
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let (start, step, length) = self.parts();
        if length.sign() <= 0 {
            return Ok(None);
        }
        self.length.set(Some(sub(&length, PyInt::small_ref(1))));
        self.start.set(Some(add(&start, &step)));
        Ok(Some(start.into_obj()))
    }

    /// Private method returning an estimate of len(list(it)).
    #[pymethod]
    fn __length_hint__(&self) -> Ref<PyInt> {
        self.parts().2
    }

    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(&self) -> PyResult<Ref<PyTuple>> {
        let (start, step, length) = self.parts();
        let stop = add(&start, &mul(&length, &step));
        reduce_iterator(PyRange::new(start, stop, step)?)
    }

    /// Set state information for unpickling.
    #[pymethod(sig = "($self, object, /)")]
    fn __setstate__(&self, object: &PyObject) -> PyResult<()> {
        if !PyInt::check(object) {
            return Err(crate::exc::type_error(format!("state must be an int, not {}", object.ty().name())));
        }
        let state = protocol::number::index_exact(object)?;
        let (start, step, length) = self.parts();
        let at = if state.is_negative() {
            PyInt::zero()
        } else if int::int_cmp(&state, &length).is_gt() {
            length.clone()
        } else {
            state
        };
        self.start.set(Some(add(&start, &mul(&at, &step))));
        self.length.set(Some(as_int(int::int_sub(&length, &at))));
        Ok(())
    }
}

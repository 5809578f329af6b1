//! `slice`: three objects, and the arithmetic of what they select.

use crate::err::PyResult;
use crate::exc;
use crate::object::alloc;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, OptRef, PyClass, PyStruct, Ref};
use crate::object::slots::CompareOp;
use crate::object::typeobj::PyTypeObject;
use crate::protocol;
use crate::runtime::recursion;
use crate::types::int::{self, PyInt};
use crate::types::list::indices::adjust_indices;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::PyTuple;
use rpy_derive::{pyclass, pymethods};

/// slice(stop)
/// slice(start, stop[, step])
///
/// Create a slice object.  This is used for extended slicing (e.g. a[0:10:2]).
#[pyclass(name = "slice", symbol = "PySlice_Type", gc)]
#[repr(C)]
pub struct PySlice {
    ob_base: PyObject,
    #[pymember(readonly, object)]
    start: OptRef,
    #[pymember(readonly, object)]
    stop: OptRef,
    #[pymember(readonly, object)]
    step: OptRef,
}

impl PySlice {
    /// `slice(start, stop, step)`; an absent part is None.
    pub fn new(start: Option<ObjRef>, stop: Option<ObjRef>, step: Option<ObjRef>) -> Ref<PySlice> {
        let part = |value: Option<ObjRef>| OptRef::some(value.unwrap_or_else(crate::none));
        alloc::new_exact(PySlice {
            ob_base: PyObject::placeholder(),
            start: part(start),
            stop: part(stop),
            step: part(step),
        })
    }

    /// `slice(start, stop, None)` of machine integers.
    pub fn from_indices(start: isize, stop: isize) -> Ref<PySlice> {
        PySlice::new(Some(PyInt::from_isize(start).into_obj()), Some(PyInt::from_isize(stop).into_obj()), None)
    }

    /// The start as given (borrowed).
    pub fn start(&self) -> &PyObject {
        self.start.peek().unwrap_or(crate::none_ref())
    }

    /// The stop as given (borrowed).
    pub fn stop(&self) -> &PyObject {
        self.stop.peek().unwrap_or(crate::none_ref())
    }

    /// The step as given (borrowed).
    pub fn step(&self) -> &PyObject {
        self.step.peek().unwrap_or(crate::none_ref())
    }

    fn parts(&self) -> [ObjRef; 3] {
        [self.start().new_ref(), self.stop().new_ref(), self.step().new_ref()]
    }

    /// `PySlice_Unpack`: start, stop and step as machine integers, clipped, with the defaults for None filled in.
    ///
    /// # Errors
    /// `ValueError` for a zero step, `TypeError` for parts that are no indices.
    pub fn unpack(&self) -> PyResult<(isize, isize, isize)> {
        let step = match eval_index(self.step())? {
            None => 1,
            Some(0) => return Err(exc::value_error("slice step cannot be zero")),
            // -step must not overflow.
            Some(step) => step.max(-isize::MAX),
        };
        let start = match eval_index(self.start())? {
            None => {
                if step < 0 {
                    isize::MAX
                } else {
                    0
                }
            }
            Some(start) => start,
        };
        let stop = match eval_index(self.stop())? {
            None => {
                if step < 0 {
                    isize::MIN
                } else {
                    isize::MAX
                }
            }
            Some(stop) => stop,
        };
        Ok((start, stop, step))
    }

    /// `(start, stop, step, length)` for a sequence of `len` items.
    ///
    /// # Errors
    /// As [`PySlice::unpack`].
    pub fn indices(&self, len: usize) -> PyResult<(isize, isize, isize, usize)> {
        let (start, stop, step) = self.unpack()?;
        let (start, stop, count) = adjust_indices(len, start, stop, step);
        Ok((start, stop, step, count))
    }

    /// `(start, stop, step)` for a sequence of any length, as ints (`_PySlice_GetLongIndices`).
    pub fn long_indices(&self, length: &PyInt) -> PyResult<(Ref<PyInt>, Ref<PyInt>, Ref<PyInt>)> {
        let step = match long_index(self.step())? {
            None => PyInt::one(),
            Some(step) if step.is_zero() => return Err(exc::value_error("slice step cannot be zero")),
            Some(step) => step,
        };
        let backward = step.is_negative();
        // Bounds of start and stop: what is clipped to.
        let (lower, upper) = if backward {
            (PyInt::small(-1), sum(length, PyInt::small_ref(-1)))
        } else {
            (PyInt::zero(), length.to_exact())
        };
        let clip = |value: Ref<PyInt>| -> Ref<PyInt> {
            if value.is_negative() {
                let value = sum(&value, length);
                if int::int_cmp(&value, &lower).is_lt() { lower.clone() } else { value }
            } else if int::int_cmp(&value, &upper).is_gt() {
                upper.clone()
            } else {
                value
            }
        };
        let start = match long_index(self.start())? {
            None => {
                if backward {
                    upper.clone()
                } else {
                    lower.clone()
                }
            }
            Some(start) => clip(start),
        };
        let stop = match long_index(self.stop())? {
            None => {
                if backward {
                    lower.clone()
                } else {
                    upper.clone()
                }
            }
            Some(stop) => clip(stop),
        };
        Ok((start, stop, step))
    }
}

fn sum(a: &PyInt, b: &PyInt) -> Ref<PyInt> {
    // SAFETY: the sum of ints is an int.
    unsafe { int::int_add(a, b).cast_unchecked() }
}

#[cold]
fn not_an_index() -> crate::err::PyErr {
    exc::type_error("slice indices must be integers or None or have an __index__ method")
}

/// `_PyEval_SliceIndex`: None is `None`, ints are clipped.
#[inline]
pub fn eval_index(object: &PyObject) -> PyResult<Option<isize>> {
    if let Some(int) = object.downcast_exact::<PyInt>()
        && int.is_compact()
    {
        return Ok(Some(int.compact_value()));
    }
    if crate::is_none(object) {
        return Ok(None);
    }
    if !protocol::number::is_index(object) {
        return Err(not_an_index());
    }
    protocol::number::as_isize(object, None).map(Some)
}

fn long_index(object: &PyObject) -> PyResult<Option<Ref<PyInt>>> {
    if crate::is_none(object) {
        return Ok(None);
    }
    if !protocol::number::is_index(object) {
        return Err(not_an_index());
    }
    protocol::number::index(object).map(|i| Some(i.to_exact()))
}

#[pymethods]
impl PySlice {
    #[slot]
    fn tp_new(_cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&crate::types::dict::PyDict>) -> PyResult<ObjRef> {
        if kwargs.is_some_and(|k| k.len() != 0) {
            return Err(exc::type_error("slice() takes no keyword arguments"));
        }
        let part = |i: usize| args.get(i).map(PyObject::new_ref);
        let slice = match args.len() {
            0 => return Err(exc::type_error("slice expected at least 1 argument, got 0")),
            1 => PySlice::new(None, part(0), None),
            2 | 3 => PySlice::new(part(0), part(1), part(2)),
            n => return Err(exc::type_error(format!("slice expected at most 3 arguments, got {n}"))),
        };
        Ok(slice.into_obj())
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        let mut out = StrBuilder::new();
        out.push_str("slice(");
        for (i, part) in self.parts().iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            out.push_py(&*protocol::object::repr(part)?);
        }
        out.push_str(")");
        Ok(out.finish())
    }

    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        recursion::check("")?;
        let parts = self.parts();
        PyTuple::combine_hashes(parts.iter().map(|part| protocol::object::hash(part)))
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult<ObjRef> {
        let Some(other) = other.downcast_exact::<PySlice>() else {
            return Ok(crate::not_implemented());
        };
        if core::ptr::eq(self, other) {
            return Ok(crate::py_bool(matches!(op, CompareOp::Eq | CompareOp::Le | CompareOp::Ge)));
        }
        let a = PyTuple::from_array(self.parts());
        let b = PyTuple::from_array(other.parts());
        protocol::object::rich_compare(a.as_object(), b.as_object(), op)
    }

    /// S.indices(len) -> (start, stop, stride)
    ///
    /// Assuming a sequence of length len, calculate the start and stop
    /// indices, and the stride length of the extended slice described by
    /// S. Out of bounds indices are clipped in a manner consistent with the
    /// handling of normal slices.
    #[pymethod(name = "indices", sig = "($self, object, /)")]
    fn py_indices(&self, object: &PyObject) -> PyResult<Ref<PyTuple>> {
        let length = protocol::number::index(object)?;
        if length.is_negative() {
            return Err(exc::value_error("length should not be negative"));
        }
        let (start, stop, step) = self.long_indices(&length)?;
        Ok(PyTuple::from_array([start.into_obj(), stop.into_obj(), step.into_obj()]))
    }

    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(&self) -> Ref<PyTuple> {
        PyTuple::from_array([PySlice::type_object().to_obj(), PyTuple::from_array(self.parts()).into_obj()])
    }
}

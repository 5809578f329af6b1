//! `range` and its iterators.
//!
//! A range holds four ints: start, stop, step and the length that follows from them. Iterating one whose numbers fit machine
//! integers goes through [`PyRangeIterator`], which the eval loop also steps inline; others through [`PyLongRangeIterator`].

use crate::err::PyResult;
use crate::exc;
use crate::object::alloc;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, OptRef, PyClass, PyStruct, Ref};
use crate::object::slots::CompareOp;
use crate::object::typeobj::PyTypeObject;
use crate::protocol;
use crate::types::dict::PyDict;
use crate::types::int::{self, PyInt};
use crate::types::list::builtin;
use crate::types::slice::PySlice;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;
use rpy_derive::{pyclass, pymethods};

pub mod iterator;
#[doc(hidden)]
pub use iterator::{PyLongRangeIter_Type, PyRangeIter_Type};
pub use iterator::{PyLongRangeIterator, PyRangeIterator};

/// range(stop) -> range object
/// range(start, stop[, step]) -> range object
///
/// Return an object that produces a sequence of integers from start (inclusive)
/// to stop (exclusive) by step.  range(i, j) produces i, i+1, i+2, ..., j-1.
/// start defaults to 0, and stop is omitted!  range(4) produces 0, 1, 2, 3.
/// These are exactly the valid indices for a list of 4 elements.
/// When step is given, it specifies the increment (or decrement).
#[pyclass(name = "range", symbol = "PyRange_Type", flags(SEQUENCE))]
#[repr(C)]
pub struct PyRange {
    ob_base: PyObject,
    #[pymember(readonly, object_ex)]
    start: OptRef<PyInt>,
    #[pymember(readonly, object_ex)]
    stop: OptRef<PyInt>,
    #[pymember(readonly, object_ex)]
    step: OptRef<PyInt>,
    length: OptRef<PyInt>,
}

/// `a <op> b` as an int, for the helpers of this module.
pub(super) fn as_int(object: ObjRef) -> Ref<PyInt> {
    // SAFETY: only called with results of int arithmetic.
    unsafe { object.cast_unchecked() }
}

pub(super) fn add(a: &PyInt, b: &PyInt) -> Ref<PyInt> {
    as_int(int::int_add(a, b))
}

pub(super) fn sub(a: &PyInt, b: &PyInt) -> Ref<PyInt> {
    as_int(int::int_sub(a, b))
}

pub(super) fn mul(a: &PyInt, b: &PyInt) -> Ref<PyInt> {
    as_int(int::int_mul(a, b))
}

/// How many numbers there are; `step` is not zero.
fn range_length(start: &PyInt, stop: &PyInt, step: &PyInt) -> PyResult<Ref<PyInt>> {
    if let (Some(start), Some(stop), Some(step)) = (start.as_i64(), stop.as_i64(), step.as_i64()) {
        let (low, high) = if step > 0 { (start, stop) } else { (stop, start) };
        if low >= high {
            return Ok(PyInt::zero());
        }
        let distance = high.wrapping_sub(low) as u64;
        return Ok(PyInt::from_u128((distance as u128 - 1) / step.unsigned_abs() as u128 + 1));
    }
    let (low, high) = if step.is_negative() { (stop, start) } else { (start, stop) };
    if int::int_cmp(low, high).is_ge() {
        return Ok(PyInt::zero());
    }
    let distance = sub(&sub(high, low), PyInt::small_ref(1));
    let count = int::int_floordiv(&distance, &as_int(int::int_abs(step)))?;
    Ok(add(&as_int(count), PyInt::small_ref(1)))
}

impl PyRange {
    /// `range(start, stop, step)`.
    ///
    /// # Errors
    /// `ValueError` for a zero step.
    pub fn new(start: Ref<PyInt>, stop: Ref<PyInt>, step: Ref<PyInt>) -> PyResult<Ref<PyRange>> {
        if step.is_zero() {
            return Err(exc::value_error("range() arg 3 must not be zero"));
        }
        let length = range_length(&start, &stop, &step)?;
        Ok(PyRange::assemble(start, stop, step, length))
    }

    fn assemble(start: Ref<PyInt>, stop: Ref<PyInt>, step: Ref<PyInt>, length: Ref<PyInt>) -> Ref<PyRange> {
        alloc::new_exact(PyRange {
            ob_base: PyObject::placeholder(),
            start: OptRef::some(start),
            stop: OptRef::some(stop),
            step: OptRef::some(step),
            length: OptRef::some(length),
        })
    }

    // The fields are set once and never change.

    /// The first number (if any).
    pub fn start(&self) -> &PyInt {
        self.start.peek().unwrap_or(PyInt::small_ref(0))
    }

    pub fn stop(&self) -> &PyInt {
        self.stop.peek().unwrap_or(PyInt::small_ref(0))
    }

    pub fn step(&self) -> &PyInt {
        self.step.peek().unwrap_or(PyInt::small_ref(1))
    }

    pub fn length(&self) -> &PyInt {
        self.length.peek().unwrap_or(PyInt::small_ref(0))
    }

    /// The number at a valid index.
    fn compute(&self, index: &PyInt) -> Ref<PyInt> {
        if self.step().eq_small(1) { add(self.start(), index) } else { add(self.start(), &mul(index, self.step())) }
    }

    /// `self[index]` for any int.
    fn item(&self, index: &PyInt) -> PyResult<Ref<PyInt>> {
        let index = if index.is_negative() { add(index, self.length()) } else { index.to_exact() };
        if index.is_negative() || int::int_cmp(&index, self.length()).is_ge() {
            return Err(exc::index_error("range object index out of range"));
        }
        Ok(self.compute(&index))
    }

    fn sub_range(&self, slice: &PySlice) -> PyResult<Ref<PyRange>> {
        let (start, stop, step) = slice.long_indices(self.length())?;
        PyRange::new(self.compute(&start), self.compute(&stop), mul(self.step(), &step))
    }

    /// Is the int one of the numbers?
    fn contains_int(&self, value: &PyInt) -> PyResult<bool> {
        let (start, stop, step) = (self.start(), self.stop(), self.step());
        let inside = if step.is_negative() {
            int::int_cmp(value, start).is_le() && int::int_cmp(value, stop).is_gt()
        } else {
            int::int_cmp(value, start).is_ge() && int::int_cmp(value, stop).is_lt()
        };
        Ok(inside && as_int(int::int_mod(&sub(value, start), step)?).is_zero())
    }

    /// Start, step and length as machine integers, if the end is one too.
    fn machine_parts(&self) -> Option<(i64, i64, i64)> {
        let (start, step, length) = (self.start().as_i64()?, self.step().as_i64()?, self.length().as_i64()?);
        start.checked_add(step.checked_mul(length)?)?;
        Some((start, step, length))
    }

    /// `iter(self)`.
    #[inline]
    pub fn iterator(&self) -> ObjRef {
        match self.machine_parts() {
            Some((start, step, length)) => PyRangeIterator::new(start, step, length).into_obj(),
            None => {
                PyLongRangeIterator::new(self.start().to_ref(), self.step().to_ref(), self.length().to_ref()).into_obj()
            }
        }
    }
}

/// `range(*args)`.
fn construct(args: &[&PyObject]) -> PyResult<ObjRef> {
    let number = |object: &PyObject| protocol::number::index_exact(object);
    let range = match args {
        [stop] => PyRange::new(PyInt::zero(), number(stop)?, PyInt::one()),
        [start, stop] => PyRange::new(number(start)?, number(stop)?, PyInt::one()),
        [start, stop, step] => PyRange::new(number(start)?, number(stop)?, number(step)?),
        [] => return Err(exc::type_error("range expected at least 1 argument, got 0")),
        _ => return Err(exc::type_error(format!("range expected at most 3 arguments, got {}", args.len()))),
    };
    Ok(range?.into_obj())
}

#[pymethods]
impl PyRange {
    #[slot]
    fn tp_new(_cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        crate::types::list::no_keywords("range", kwargs)?;
        construct(args.items())
    }

    #[slot]
    unsafe extern "C-unwind" fn tp_vectorcall(
        _cls: *mut PyObject,
        args: *const *mut PyObject,
        nargsf: usize,
        kwnames: *mut PyObject,
    ) -> *mut PyObject {
        let count = nargsf & (isize::MAX as usize);
        // SAFETY: a call vector holds that many borrowed arguments, and the keyword names are null or a tuple.
        let (args, keywords) = unsafe {
            (core::slice::from_raw_parts(args as *const &PyObject, count), (kwnames as *const PyTuple).as_ref())
        };
        let result = if keywords.is_some_and(|k| !k.is_empty()) {
            Err(exc::type_error("range() takes no keyword arguments"))
        } else {
            construct(args)
        };
        match result {
            Ok(range) => range.into_raw(),
            Err(e) => e.restore_null(),
        }
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        let (start, stop) = (self.start().to_decimal_string()?, self.stop().to_decimal_string()?);
        Ok(PyStr::from_string(if self.step().eq_small(1) {
            format!("range({start}, {stop})")
        } else {
            format!("range({start}, {stop}, {})", self.step().to_decimal_string()?)
        }))
    }

    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        // Equal ranges hash alike: the length, the start unless empty, the step if there are two numbers or more.
        let length = self.length();
        let start = if length.is_zero() { crate::none() } else { self.start().to_obj() };
        let step = if length.is_zero() || length.eq_small(1) { crate::none() } else { self.step().to_obj() };
        let key = PyTuple::from_array([length.to_obj(), start, step]);
        protocol::object::hash(key.as_object())
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult<ObjRef> {
        let Some(other) = other.downcast_ref::<PyRange>() else {
            return Ok(crate::not_implemented());
        };
        let negate = match op {
            CompareOp::Eq => false,
            CompareOp::Ne => true,
            _ => return Ok(crate::not_implemented()),
        };
        let length = self.length();
        let equal = core::ptr::eq(self, other)
            || (int::int_eq(length, other.length())
                && (length.is_zero()
                    || (int::int_eq(self.start(), other.start())
                        && (length.eq_small(1) || int::int_eq(self.step(), other.step())))));
        Ok(crate::py_bool(equal != negate))
    }

    #[slot]
    fn nb_bool(&self) -> PyResult<bool> {
        Ok(!self.length().is_zero())
    }

    #[slot]
    fn sq_length(&self) -> PyResult<usize> {
        match self.length().as_i64() {
            Some(length) => Ok(length as usize),
            None => Err(exc::overflow_error("Python int too large to convert to C ssize_t")),
        }
    }

    #[slot]
    fn mp_length(&self) -> PyResult<usize> {
        self.sq_length()
    }

    #[slot]
    fn sq_item(&self, index: isize) -> PyResult<ObjRef> {
        // Negative indices were resolved by the caller, as for any sequence.
        if index < 0 {
            return Err(exc::index_error("range object index out of range"));
        }
        Ok(self.item(&PyInt::from_isize(index))?.into_obj())
    }

    #[slot]
    fn mp_subscript(&self, key: &PyObject) -> PyResult<ObjRef> {
        if protocol::number::is_index(key) {
            let index = protocol::number::index(key)?;
            return Ok(self.item(&index)?.into_obj());
        }
        match key.downcast_ref::<PySlice>() {
            Some(slice) => Ok(self.sub_range(slice)?.into_obj()),
            None => Err(exc::type_error(format!("range indices must be integers or slices, not {}", key.ty().name()))),
        }
    }

    #[slot]
    fn sq_contains(&self, value: &PyObject) -> PyResult<bool> {
        if let Some(int) = plain_int(value) {
            return self.contains_int(int);
        }
        let iterator = self.iterator();
        while let Some(item) = protocol::object::iter_next(&iterator)? {
            if protocol::object::eq(&item, value)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    #[slot]
    fn tp_iter(&self) -> PyResult<ObjRef> {
        Ok(self.iterator())
    }

    /// Return a reverse iterator.
    #[pymethod]
    fn __reversed__(&self) -> PyResult<ObjRef> {
        // The same numbers from the last to the first.
        if let Some((start, step, length)) = self.machine_parts()
            && let Some(backward) = step.checked_neg()
        {
            return Ok(
                PyRangeIterator::new(start.wrapping_add(step.wrapping_mul(length - 1)), backward, length).into_obj()
            );
        }
        let last = add(self.start(), &mul(&sub(self.length(), PyInt::small_ref(1)), self.step()));
        Ok(PyLongRangeIterator::new(last, as_int(int::int_neg(self.step())), self.length().to_ref()).into_obj())
    }

    #[pymethod]
    fn __reduce__(&self) -> Ref<PyTuple> {
        let args = PyTuple::from_array([self.start().to_obj(), self.stop().to_obj(), self.step().to_obj()]);
        PyTuple::from_array([PyRange::type_object().to_obj(), args.into_obj()])
    }

    /// rangeobject.count(value) -> integer -- return number of occurrences of value
    #[pymethod(sig = "($self, object, /)")]
    fn count(&self, object: &PyObject) -> PyResult<usize> {
        if let Some(int) = plain_int(object) {
            return Ok(self.contains_int(int)? as usize);
        }
        let iterator = self.iterator();
        let mut count = 0;
        while let Some(item) = protocol::object::iter_next(&iterator)? {
            count += protocol::object::eq(&item, object)? as usize;
        }
        Ok(count)
    }

    /// rangeobject.index(value) -> integer -- return index of value.
    /// Raise ValueError if the value is not present.
    #[pymethod(sig = "($self, object, /)")]
    fn index(&self, object: &PyObject) -> PyResult<Ref<PyInt>> {
        if let Some(int) = plain_int(object) {
            if !self.contains_int(int)? {
                let text = protocol::object::repr(object)?;
                return Err(exc::value_error(format!("{} is not in range", text.to_string_lossy())));
            }
            let distance = sub(int, self.start());
            return int::int_floordiv(&distance, self.step()).map(as_int);
        }
        let iterator = self.iterator();
        let mut at = 0_usize;
        while let Some(item) = protocol::object::iter_next(&iterator)? {
            if protocol::object::eq(&item, object)? {
                return Ok(PyInt::from_usize(at));
            }
            at += 1;
        }
        Err(exc::value_error("sequence.index(x): x not in sequence"))
    }
}

/// An int whose equality is not overridden.
fn plain_int(object: &PyObject) -> Option<&PyInt> {
    object.downcast_exact::<PyInt>().or_else(|| {
        // SAFETY: bools have the layout of ints.
        crate::types::bool_::is_bool(object).then(|| unsafe { object.cast_unchecked_ref() })
    })
}

/// What both iterators pickle as: `iter(range(start, stop, step))`.
pub(super) fn reduce_iterator(range: Ref<PyRange>) -> PyResult<Ref<PyTuple>> {
    Ok(PyTuple::from_array([
        builtin(crate::intern!("iter"))?,
        PyTuple::from_array([range.into_obj()]).into_obj(),
        crate::none(),
    ]))
}

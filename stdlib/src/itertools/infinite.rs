//! `count`, `cycle`, `repeat`.

use core::cell::Cell;

use super::common::{exactly, positional};
use rpy_derive::{pyclass, pymethods};
use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::{number, object as po};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc};

/// Return a count object whose .__next__() method returns consecutive values.
///
/// Equivalent to:
///     def count(firstval=0, step=1):
///         x = firstval
///         while 1:
///             yield x
///             x += step
#[pyclass(name = "count", module = "itertools", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyCount {
    ob_base: PyObject,
    /// The next value, while `next` is empty: an int counted up by one.
    #[pytraverse(skip)]
    fast: Cell<i64>,
    next: OptRef,
    step: OptRef,
}

impl PyCount {
    fn step_object(&self) -> ObjRef {
        self.step.get().unwrap_or_else(|| PyInt::one().into_obj())
    }

    fn next_object(&self) -> ObjRef {
        self.next.get().unwrap_or_else(|| PyInt::from_i64(self.fast.get()).into_obj())
    }
}

#[pymethods]
impl PyCount {
    #[pynew(sig = "(start=0, step=1)", vectorcall)]
    fn py_new(cls: &PyTypeObject, start: Option<&PyObject>, step: Option<&PyObject>) -> PyResult<ObjRef> {
        for value in [start, step].into_iter().flatten() {
            if !number::check(value) {
                return Err(exc::type_error("a number is required"));
            }
        }
        let step_is_one = step.is_none_or(|s| s.downcast_exact::<PyInt>().is_some_and(|s| s.eq_small(1)));
        let fast = match start {
            None => Some(0),
            Some(start) => start.downcast_exact::<PyInt>().and_then(PyInt::as_i64).filter(|&v| v < i64::MAX),
        }
        .filter(|_| step_is_one);
        let next = match (fast, start) {
            (Some(_), _) => None,
            (None, Some(start)) => Some(start.new_ref()),
            (None, None) => Some(PyInt::zero().into_obj()),
        };
        let value = PyCount {
            ob_base: PyObject::placeholder(),
            fast: Cell::new(fast.unwrap_or(0)),
            next: OptRef::new(next),
            step: OptRef::new(step.map(PyObject::new_ref)),
        };
        Ok(new_in(cls, value)?.into_obj())
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        if self.next.is_null() {
            let value = self.fast.get();
            if value < i64::MAX {
                self.fast.set(value + 1);
                return Ok(Some(PyInt::from_i64(value).into_obj()));
            }
        }
        let value = self.next_object();
        self.next.set(Some(number::add(&value, &self.step_object())?));
        Ok(Some(value))
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        let name = self.ob_base.ty().name();
        let value = po::repr(&self.next_object())?;
        let step = self.step_object();
        if step.downcast_ref::<PyInt>().is_some_and(|s| s.eq_small(1)) {
            return Ok(PyStr::from_string(format!("{name}({})", value.to_string_lossy())));
        }
        let step = po::repr(&step)?;
        Ok(PyStr::from_string(format!("{name}({}, {})", value.to_string_lossy(), step.to_string_lossy())))
    }
}

/// cycle(iterable, /)
/// --
///
/// Return elements from the iterable until it is exhausted. Then repeat the sequence indefinitely.
#[pyclass(name = "cycle", module = "itertools", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyCycle {
    ob_base: PyObject,
    /// Empty once exhausted.
    iterator: OptRef,
    saved: OptRef<PyList>,
    #[pytraverse(skip)]
    index: Cell<usize>,
}

#[pymethods]
impl PyCycle {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        let [iterable] = exactly("cycle", positional::<PyCycle>(cls, args, kwargs)?)?;
        let iterator = po::get_iter(iterable)?;
        let value = PyCycle {
            ob_base: PyObject::placeholder(),
            iterator: OptRef::some(iterator),
            saved: OptRef::some(PyList::new(Vec::new())),
            index: Cell::new(0),
        };
        Ok(new_in(cls, value)?.into_obj())
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let Some(saved) = self.saved.get() else {
            return Ok(None);
        };
        if let Some(iterator) = self.iterator.get() {
            if let Some(item) = po::iter_next(&iterator)? {
                saved.append(item.clone())?;
                return Ok(Some(item));
            }
            self.iterator.set(None);
        }
        let index = self.index.get();
        let Some(item) = saved.get(index) else {
            return Ok(None);
        };
        self.index.set(if index + 1 >= saved.len() { 0 } else { index + 1 });
        Ok(Some(item))
    }
}

/// repeat(object [,times]) -> create an iterator which returns the object
/// for the specified number of times.  If not specified, returns the object
/// endlessly.
#[pyclass(name = "repeat", module = "itertools", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyRepeat {
    ob_base: PyObject,
    object: OptRef,
    /// How often still; -1 for ever.
    #[pytraverse(skip)]
    left: Cell<isize>,
}

#[pymethods]
impl PyRepeat {
    #[pynew(sig = "(object, times=<unrepresentable>)", vectorcall, unsigned)]
    fn py_new(cls: &PyTypeObject, object: &PyObject, times: Option<isize>) -> PyResult<ObjRef> {
        let value = PyRepeat {
            ob_base: PyObject::placeholder(),
            object: OptRef::some(object.new_ref()),
            left: Cell::new(times.map_or(-1, |times| times.max(0))),
        };
        Ok(new_in(cls, value)?.into_obj())
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let left = self.left.get();
        if left == 0 {
            return Ok(None);
        }
        if left > 0 {
            self.left.set(left - 1);
        }
        Ok(self.object.get())
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        let name = self.ob_base.ty().name();
        let object = self.object.get().unwrap_or_else(rpy_vm::none);
        let object = po::repr(&object)?;
        Ok(PyStr::from_string(match self.left.get() {
            -1 => format!("{name}({})", object.to_string_lossy()),
            left => format!("{name}({}, {left})", object.to_string_lossy()),
        }))
    }

    /// Private method returning an estimate of len(list(it)).
    #[pymethod(name = "__length_hint__")]
    fn length_hint(&self) -> PyResult<isize> {
        match self.left.get() {
            -1 => Err(exc::type_error("len() of unsized object")),
            left => Ok(left),
        }
    }
}

//! Iterators that pass on some of the items: `compress`, `dropwhile`, `takewhile`, `filterfalse`, `islice`.

use core::cell::Cell;

use super::common::{exactly, positional};
use rpy_derive::{pyclass, pymethods};
use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::{call, number, object as po};
use rpy_vm::types::bool_::PyBool;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyClass, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, exc};

/// Return data elements corresponding to true selector elements.
///
/// Forms a shorter iterator from selected data elements using the selectors to
/// choose the data elements.
#[pyclass(name = "compress", module = "itertools", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyCompress {
    ob_base: PyObject,
    data: OptRef,
    selectors: OptRef,
}

#[pymethods]
impl PyCompress {
    #[pynew(sig = "(data, selectors)")]
    fn py_new(cls: &PyTypeObject, data: &PyObject, selectors: &PyObject) -> PyResult<ObjRef> {
        let value = PyCompress {
            ob_base: PyObject::placeholder(),
            data: OptRef::some(po::get_iter(data)?),
            selectors: OptRef::some(po::get_iter(selectors)?),
        };
        Ok(new_in(cls, value)?.into_obj())
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let (Some(data), Some(selectors)) = (self.data.get(), self.selectors.get()) else {
            return Ok(None);
        };
        // Data before selectors: when one ends, the other has been asked accordingly.
        loop {
            let Some(item) = po::iter_next(&data)? else {
                return Ok(None);
            };
            let Some(selector) = po::iter_next(&selectors)? else {
                return Ok(None);
            };
            if po::is_true(&selector)? {
                return Ok(Some(item));
            }
        }
    }
}

/// dropwhile(predicate, iterable, /)
/// --
///
/// Drop items from the iterable while predicate(item) is true.
///
/// Afterwards, return every element until the iterable is exhausted.
#[pyclass(name = "dropwhile", module = "itertools", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyDropWhile {
    ob_base: PyObject,
    predicate: OptRef,
    iterator: OptRef,
    /// Have items been let through?
    #[pytraverse(skip)]
    started: Cell<bool>,
}

#[pymethods]
impl PyDropWhile {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        let [predicate, iterable] = exactly("dropwhile", positional::<PyDropWhile>(cls, args, kwargs)?)?;
        let value = PyDropWhile {
            ob_base: PyObject::placeholder(),
            predicate: OptRef::some(predicate.new_ref()),
            iterator: OptRef::some(po::get_iter(iterable)?),
            started: Cell::new(false),
        };
        Ok(new_in(cls, value)?.into_obj())
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let (Some(iterator), Some(predicate)) = (self.iterator.get(), self.predicate.get()) else {
            return Ok(None);
        };
        while let Some(item) = po::iter_next(&iterator)? {
            if self.started.get() {
                return Ok(Some(item));
            }
            if !po::is_true(&*call::call_one(&predicate, &item)?)? {
                self.started.set(true);
                return Ok(Some(item));
            }
        }
        Ok(None)
    }
}

/// takewhile(predicate, iterable, /)
/// --
///
/// Return successive entries from an iterable as long as the predicate evaluates to true for each entry.
#[pyclass(name = "takewhile", module = "itertools", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyTakeWhile {
    ob_base: PyObject,
    predicate: OptRef,
    iterator: OptRef,
    #[pytraverse(skip)]
    stopped: Cell<bool>,
}

#[pymethods]
impl PyTakeWhile {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        let [predicate, iterable] = exactly("takewhile", positional::<PyTakeWhile>(cls, args, kwargs)?)?;
        let value = PyTakeWhile {
            ob_base: PyObject::placeholder(),
            predicate: OptRef::some(predicate.new_ref()),
            iterator: OptRef::some(po::get_iter(iterable)?),
            stopped: Cell::new(false),
        };
        Ok(new_in(cls, value)?.into_obj())
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let (Some(iterator), Some(predicate)) = (self.iterator.get(), self.predicate.get()) else {
            return Ok(None);
        };
        if self.stopped.get() {
            return Ok(None);
        }
        let Some(item) = po::iter_next(&iterator)? else {
            return Ok(None);
        };
        if po::is_true(&*call::call_one(&predicate, &item)?)? {
            return Ok(Some(item));
        }
        self.stopped.set(true);
        Ok(None)
    }
}

/// filterfalse(function, iterable, /)
/// --
///
/// Return those items of iterable for which function(item) is false.
///
/// If function is None, return the items that are false.
#[pyclass(name = "filterfalse", module = "itertools", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyFilterFalse {
    ob_base: PyObject,
    function: OptRef,
    iterator: OptRef,
}

#[pymethods]
impl PyFilterFalse {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        let [function, iterable] = exactly("filterfalse", positional::<PyFilterFalse>(cls, args, kwargs)?)?;
        let value = PyFilterFalse {
            ob_base: PyObject::placeholder(),
            function: OptRef::some(function.new_ref()),
            iterator: OptRef::some(po::get_iter(iterable)?),
        };
        Ok(new_in(cls, value)?.into_obj())
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let (Some(iterator), Some(function)) = (self.iterator.get(), self.function.get()) else {
            return Ok(None);
        };
        let plain = rpy_vm::is_none(&function) || function.is(PyBool::type_object().as_object());
        while let Some(item) = po::iter_next(&iterator)? {
            let truth = if plain { po::is_true(&item)? } else { po::is_true(&*call::call_one(&function, &item)?)? };
            if !truth {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }
}

/// islice(iterable, stop) --> islice object
/// islice(iterable, start, stop[, step]) --> islice object
///
/// Return an iterator whose next() method returns selected values from an
/// iterable.  If start is specified, will skip all preceding elements;
/// otherwise, start defaults to zero.  Step defaults to one.  If
/// specified as another value, step determines how many values are
/// skipped between successive calls.  Works like a slice() on a list
/// but returns an iterator.
#[pyclass(name = "islice", module = "itertools", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyISlice {
    ob_base: PyObject,
    /// Empty once exhausted.
    iterator: OptRef,
    /// Index of the next item to pass on.
    #[pytraverse(skip)]
    next: Cell<isize>,
    /// -1: no end.
    #[pytraverse(skip)]
    stop: Cell<isize>,
    #[pytraverse(skip)]
    step: Cell<isize>,
    /// How many items have been taken from the iterator.
    #[pytraverse(skip)]
    count: Cell<isize>,
}

/// A non-negative index, or `default` for None.
fn slice_index(object: &PyObject, default: isize, bad: fn() -> PyErr) -> PyResult<isize> {
    if rpy_vm::is_none(object) {
        return Ok(default);
    }
    match number::as_isize(object, Some(exc::OverflowError())) {
        Ok(value) if value >= 0 => Ok(value),
        _ => Err(bad()),
    }
}

fn bad_stop() -> PyErr {
    exc::value_error("Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.")
}

fn bad_index() -> PyErr {
    exc::value_error("Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.")
}

fn bad_step() -> PyErr {
    exc::value_error("Step for islice() must be a positive integer or None.")
}

#[pymethods]
impl PyISlice {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        let args = positional::<PyISlice>(cls, args, kwargs)?;
        let (iterable, start, stop, step) = match *args {
            [iterable, stop] => (iterable, 0, slice_index(stop, -1, bad_stop)?, None),
            [iterable, start, stop] => {
                (iterable, slice_index(start, 0, bad_index)?, slice_index(stop, -1, bad_stop)?, None)
            }
            [iterable, start, stop, step] => {
                (iterable, slice_index(start, 0, bad_index)?, slice_index(stop, -1, bad_stop)?, Some(step))
            }
            _ if args.len() < 2 => {
                return Err(exc::type_error(format!("islice expected at least 2 arguments, got {}", args.len())));
            }
            _ => return Err(exc::type_error(format!("islice expected at most 4 arguments, got {}", args.len()))),
        };
        let step = match step {
            None => 1,
            Some(step) => match slice_index(step, 1, bad_step)? {
                0 => return Err(bad_step()),
                step => step,
            },
        };
        let value = PyISlice {
            ob_base: PyObject::placeholder(),
            iterator: OptRef::some(po::get_iter(iterable)?),
            next: Cell::new(start),
            stop: Cell::new(stop),
            step: Cell::new(step),
            count: Cell::new(0),
        };
        Ok(new_in(cls, value)?.into_obj())
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let Some(iterator) = self.iterator.get() else {
            return Ok(None);
        };
        let stop = self.stop.get();
        while self.count.get() < self.next.get() {
            if po::iter_next(&iterator)?.is_none() {
                self.iterator.set(None);
                return Ok(None);
            }
            self.count.set(self.count.get() + 1);
        }
        if stop != -1 && self.count.get() >= stop {
            self.iterator.set(None);
            return Ok(None);
        }
        let Some(item) = po::iter_next(&iterator)? else {
            self.iterator.set(None);
            return Ok(None);
        };
        self.count.set(self.count.get() + 1);
        // The end may lie before the next step.
        let limit = if stop == -1 { isize::MAX } else { stop };
        self.next.set(self.next.get().saturating_add(self.step.get()).min(limit));
        Ok(Some(item))
    }
}

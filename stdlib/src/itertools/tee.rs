//! `tee`: independent iterators over one source.
//!
//! What has been read lies in a linked list of blocks; each iterator holds the block it is in, so that blocks which all have
//! passed go away by themselves.

use core::cell::{Cell, RefCell};

use rpy_derive::{pyclass, pymethods};
use rpy_vm::object::alloc::new_exact;
use rpy_vm::protocol::{call, object as po};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, gc, intern};

/// Items in a block.
const BLOCK: usize = 57;

/// Items read so far.
struct Values(RefCell<Vec<ObjRef>>);

impl gc::Traverse for Values {
    fn traverse(&self, visit: &mut gc::Visit<'_>) {
        // A borrow is only held while no other code runs.
        for value in self.0.borrow().iter() {
            visit.visit(value);
        }
    }
    fn clear(&self) {
        drop(self.0.take());
    }
}

/// Data container common to multiple tee objects.
#[pyclass(name = "_tee_dataobject", module = "itertools", gc, no_new)]
#[repr(C)]
pub struct PyTeeData {
    ob_base: PyObject,
    source: OptRef,
    values: Values,
    next: OptRef<PyTeeData>,
    #[pytraverse(skip)]
    reading: Cell<bool>,
}

impl PyTeeData {
    fn new(source: ObjRef) -> Ref<PyTeeData> {
        new_exact(PyTeeData {
            ob_base: PyObject::placeholder(),
            source: OptRef::some(source),
            values: Values(RefCell::new(Vec::new())),
            next: OptRef::NULL,
            reading: Cell::new(false),
        })
    }

    /// The item at an index up to the number of those read.
    fn item(&self, index: usize) -> PyResult<Option<ObjRef>> {
        if let Some(value) = self.values.0.borrow().get(index) {
            return Ok(Some(value.clone()));
        }
        if self.reading.get() {
            return Err(exc::runtime_error("cannot re-enter the tee iterator"));
        }
        let Some(source) = self.source.get() else {
            return Ok(None);
        };
        self.reading.set(true);
        let item = po::iter_next(&source);
        self.reading.set(false);
        let item = item?;
        if let Some(item) = &item {
            self.values.0.borrow_mut().push(item.clone());
        }
        Ok(item)
    }

    /// The block behind this one.
    fn following(&self) -> Option<Ref<PyTeeData>> {
        if self.next.is_null() {
            self.next.set(Some(PyTeeData::new(self.source.get()?)));
        }
        self.next.get()
    }
}

#[pymethods]
impl PyTeeData {}

/// Iterator wrapped to make it copyable.
#[pyclass(name = "_tee", module = "itertools", weaklist = weaklist, gc)]
#[repr(C)]
pub struct PyTee {
    ob_base: PyObject,
    data: OptRef<PyTeeData>,
    #[pytraverse(skip)]
    index: Cell<usize>,
    #[pytraverse(skip)]
    weaklist: Cell<*mut PyObject>,
}

impl PyTee {
    fn make(data: Ref<PyTeeData>, index: usize) -> Ref<PyTee> {
        new_exact(PyTee {
            ob_base: PyObject::placeholder(),
            data: OptRef::some(data),
            index: Cell::new(index),
            weaklist: Cell::new(core::ptr::null_mut()),
        })
    }

    /// Over any iterable; copies share what a `_tee` has read.
    fn from_iterable(iterable: &PyObject) -> PyResult<Ref<PyTee>> {
        let iterator = po::get_iter(iterable)?;
        if let Some(tee) = iterator.downcast_ref::<PyTee>() {
            return Ok(tee.duplicate());
        }
        Ok(PyTee::make(PyTeeData::new(iterator), 0))
    }

    fn duplicate(&self) -> Ref<PyTee> {
        match self.data.get() {
            Some(data) => PyTee::make(data, self.index.get()),
            None => PyTee::make(PyTeeData::new(PyTuple::empty().into_obj()), 0),
        }
    }
}

#[pymethods]
impl PyTee {
    #[pynew(sig = "(iterable, /)")]
    fn py_new(_cls: &PyTypeObject, iterable: &PyObject) -> PyResult<ObjRef> {
        Ok(PyTee::from_iterable(iterable)?.into_obj())
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let Some(mut data) = self.data.get() else {
            return Ok(None);
        };
        if self.index.get() >= BLOCK {
            let Some(next) = data.following() else {
                return Ok(None);
            };
            self.data.set(Some(next.clone()));
            self.index.set(0);
            data = next;
        }
        let item = data.item(self.index.get())?;
        if item.is_some() {
            self.index.set(self.index.get() + 1);
        }
        Ok(item)
    }

    /// Returns an independent iterator.
    #[pymethod]
    fn __copy__(&self) -> Ref<PyTee> {
        self.duplicate()
    }
}

/// `tee(iterable, n)`.
pub fn tee(iterable: &PyObject, n: isize) -> PyResult<Ref<PyTuple>> {
    if n < 0 {
        return Err(exc::value_error("n must be >= 0"));
    }
    if n == 0 {
        return Ok(PyTuple::empty());
    }
    let iterator = po::get_iter(iterable)?;
    let mut results = Vec::new();
    results.try_reserve_exact(n as usize).map_err(|_| exc::memory_error())?;
    let copy = match po::getattr_opt(&iterator, intern!("__copy__"))? {
        Some(copy) => copy,
        None => {
            let first = PyTee::from_iterable(&iterator)?;
            let copy = po::getattr(first.as_object(), intern!("__copy__"))?;
            results.push(first.into_obj());
            copy
        }
    };
    while results.len() < n as usize {
        results.push(call::call_noargs(&copy)?);
    }
    Ok(PyTuple::new(results))
}

//! Iterators that combine items: `chain`, `starmap`, `accumulate`, `batched`, `pairwise`, `zip_longest`.

use core::cell::{Cell, RefCell};

use super::common::{Results, exactly, only_keyword, positional};
use rpy_derive::{pyclass, pymethods};
use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::{call, number, object as po, sequence};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::list::class_getitem;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, exc, gc};

/// chain(*iterables)
/// --
///
/// Return a chain object whose .__next__() method returns elements from the
/// first iterable until it is exhausted, then elements from the next
/// iterable, until all of the iterables are exhausted.
#[pyclass(name = "chain", module = "itertools", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyChain {
    ob_base: PyObject,
    /// Iterator over the iterables; empty at the end.
    source: OptRef,
    /// The one being walked.
    active: OptRef,
}

impl PyChain {
    fn make(cls: &PyTypeObject, source: ObjRef) -> PyResult<ObjRef> {
        let value = PyChain { ob_base: PyObject::placeholder(), source: OptRef::some(source), active: OptRef::NULL };
        Ok(new_in(cls, value)?.into_obj())
    }
}

#[pymethods]
impl PyChain {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        positional::<PyChain>(cls, args, kwargs)?;
        PyChain::make(cls, po::get_iter(args.as_object())?)
    }

    /// Alternative chain() constructor taking a single iterable argument that evaluates lazily.
    #[pyclassmethod(sig = "($type, iterable, /)")]
    fn from_iterable(cls: &PyTypeObject, iterable: &PyObject) -> PyResult<ObjRef> {
        PyChain::make(cls, po::get_iter(iterable)?)
    }

    /// See PEP 585
    #[pyclassmethod(sig = "($type, object, /)")]
    fn __class_getitem__(cls: &PyTypeObject, object: &PyObject) -> PyResult<ObjRef> {
        class_getitem(cls, object)
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        loop {
            let Some(source) = self.source.get() else {
                return Ok(None);
            };
            if self.active.is_null() {
                match po::iter_next(&source).and_then(|next| next.map(|iterable| po::get_iter(&iterable)).transpose()) {
                    Ok(Some(iterator)) => self.active.set(Some(iterator)),
                    Ok(None) => {
                        self.source.set(None);
                        return Ok(None);
                    }
                    Err(e) => {
                        self.source.set(None);
                        return Err(e);
                    }
                }
            }
            let Some(active) = self.active.get() else {
                return Ok(None);
            };
            if let Some(item) = po::iter_next(&active)? {
                return Ok(Some(item));
            }
            self.active.set(None);
        }
    }
}

/// starmap(function, iterable, /)
/// --
///
/// Return an iterator whose values are returned from the function evaluated with an argument tuple taken from the given sequence.
#[pyclass(name = "starmap", module = "itertools", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyStarMap {
    ob_base: PyObject,
    function: OptRef,
    iterator: OptRef,
}

#[pymethods]
impl PyStarMap {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        let [function, iterable] = exactly("starmap", positional::<PyStarMap>(cls, args, kwargs)?)?;
        let value = PyStarMap {
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
        let Some(args) = po::iter_next(&iterator)? else {
            return Ok(None);
        };
        let args = match args.downcast_exact::<PyTuple>() {
            Some(args) => args.to_ref(),
            None => sequence::to_tuple(&args)?,
        };
        call::call_tuple(&function, &args, None).map(Some)
    }
}

/// Return series of accumulated sums (or other binary function results).
#[pyclass(name = "accumulate", module = "itertools", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyAccumulate {
    ob_base: PyObject,
    total: OptRef,
    iterator: OptRef,
    /// Empty: addition.
    function: OptRef,
    initial: OptRef,
}

#[pymethods]
impl PyAccumulate {
    #[pynew(sig = "(iterable, func=None, *, initial=None)")]
    fn py_new(
        cls: &PyTypeObject,
        iterable: &PyObject,
        func: Option<&PyObject>,
        initial: Option<&PyObject>,
    ) -> PyResult<ObjRef> {
        let value = PyAccumulate {
            ob_base: PyObject::placeholder(),
            total: OptRef::NULL,
            iterator: OptRef::some(po::get_iter(iterable)?),
            function: OptRef::new(func.map(PyObject::new_ref)),
            initial: OptRef::new(initial.map(PyObject::new_ref)),
        };
        Ok(new_in(cls, value)?.into_obj())
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        if let Some(initial) = self.initial.take() {
            self.total.set(Some(initial.clone()));
            return Ok(Some(initial));
        }
        let Some(iterator) = self.iterator.get() else {
            return Ok(None);
        };
        let Some(value) = po::iter_next(&iterator)? else {
            return Ok(None);
        };
        let total = match self.total.get() {
            None => value,
            Some(total) => match self.function.get() {
                None => number::add(&total, &value)?,
                Some(function) => call::call(&function, &[&total, &value])?,
            },
        };
        self.total.set(Some(total.clone()));
        Ok(Some(total))
    }
}

/// Batch data into tuples of length n. The last batch may be shorter than n.
///
/// Loops over the input iterable and accumulates data into tuples
/// up to size n.  The input is consumed lazily, just enough to
/// fill a batch.  The result is yielded as soon as a batch is full
/// or when the input iterable is exhausted.
///
///     >>> for batch in batched('ABCDEFG', 3):
///     ...     print(batch)
///     ...
///     ('A', 'B', 'C')
///     ('D', 'E', 'F')
///     ('G',)
///
/// If "strict" is True, raises a ValueError if the final batch is shorter
/// than n.
#[pyclass(name = "batched", module = "itertools", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyBatched {
    ob_base: PyObject,
    /// Empty once exhausted.
    iterator: OptRef,
    #[pytraverse(skip)]
    size: usize,
    #[pytraverse(skip)]
    strict: bool,
}

#[pymethods]
impl PyBatched {
    #[pynew(sig = "(iterable, n, *, strict=False)")]
    fn py_new(cls: &PyTypeObject, iterable: &PyObject, n: isize, strict: bool) -> PyResult<ObjRef> {
        if n < 1 {
            return Err(exc::value_error("n must be at least one"));
        }
        let value = PyBatched {
            ob_base: PyObject::placeholder(),
            iterator: OptRef::some(po::get_iter(iterable)?),
            size: n as usize,
            strict,
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
        let mut items = Vec::with_capacity(self.size.min(64));
        while items.len() < self.size {
            match po::iter_next(&iterator) {
                Ok(Some(item)) => items.push(item),
                Ok(None) => break,
                Err(e) => {
                    self.iterator.set(None);
                    return Err(e);
                }
            }
        }
        if items.len() < self.size {
            self.iterator.set(None);
            if items.is_empty() {
                return Ok(None);
            }
            if self.strict {
                return Err(exc::value_error("batched(): incomplete batch"));
            }
        }
        Ok(Some(PyTuple::new(items).into_obj()))
    }
}

/// pairwise(iterable, /)
/// --
///
/// Return an iterator of overlapping pairs taken from the input iterator.
///
///     s -> (s0,s1), (s1,s2), (s2, s3), ...
#[pyclass(name = "pairwise", module = "itertools", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyPairwise {
    ob_base: PyObject,
    /// Empty once exhausted.
    iterator: OptRef,
    previous: OptRef,
    last: Results,
}

#[pymethods]
impl PyPairwise {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        let [iterable] = exactly("pairwise", positional::<PyPairwise>(cls, args, kwargs)?)?;
        let value = PyPairwise {
            ob_base: PyObject::placeholder(),
            iterator: OptRef::some(po::get_iter(iterable)?),
            previous: OptRef::NULL,
            last: Results::new_pair(),
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
        let previous = match self.previous.get() {
            Some(previous) => previous,
            None => {
                let Some(first) = po::iter_next(&iterator)? else {
                    self.iterator.set(None);
                    return Ok(None);
                };
                self.previous.set(Some(first.clone()));
                // Fetching may have exhausted this iterator, if it is its own source.
                if self.iterator.is_null() {
                    self.previous.set(None);
                    return Ok(None);
                }
                first
            }
        };
        let Some(next) = po::iter_next(&iterator)? else {
            self.iterator.set(None);
            self.previous.set(None);
            return Ok(None);
        };
        self.previous.set(Some(next.clone()));
        Ok(Some(self.last.pair(previous, next)))
    }
}

/// Iterators of which those at their end are `None`.
struct Sources(RefCell<Vec<Option<ObjRef>>>);

impl gc::Traverse for Sources {
    fn traverse(&self, visit: &mut gc::Visit<'_>) {
        // A borrow is only held while no other code runs.
        for iterator in self.0.borrow().iter().flatten() {
            visit.visit(iterator);
        }
    }
    fn clear(&self) {
        drop(self.0.take());
    }
}

/// zip_longest(*iterables, fillvalue=None)
/// --
///
/// Return a zip_longest object whose .__next__() method returns a tuple where
/// the i-th element comes from the i-th iterable argument.  The .__next__()
/// method continues until the longest iterable in the argument sequence
/// is exhausted and then it raises StopIteration.  When the shorter iterables
/// are exhausted, the fillvalue is substituted in their place.  The fillvalue
/// defaults to None or can be specified by a keyword argument.
#[pyclass(name = "zip_longest", module = "itertools", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyZipLongest {
    ob_base: PyObject,
    sources: Sources,
    fill: OptRef,
    #[pytraverse(skip)]
    active: Cell<usize>,
    last: Results,
}

impl PyZipLongest {
    /// The next item of one source.
    fn step(&self, index: usize) -> Result<Option<ObjRef>, PyErr> {
        let source = self.sources.0.borrow().get(index).cloned().flatten();
        let fill = || self.fill.get().unwrap_or_else(rpy_vm::none);
        let Some(source) = source else {
            return Ok(Some(fill()));
        };
        match po::iter_next(&source) {
            Ok(Some(item)) => Ok(Some(item)),
            Ok(None) => {
                let active = self.active.get().saturating_sub(1);
                self.active.set(active);
                if active == 0 {
                    return Ok(None);
                }
                let old = self.sources.0.borrow_mut().get_mut(index).and_then(Option::take);
                drop(old);
                Ok(Some(fill()))
            }
            Err(e) => {
                self.active.set(0);
                Err(e)
            }
        }
    }
}

#[pymethods]
impl PyZipLongest {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        let fill = only_keyword("zip_longest", "fillvalue", kwargs)?;
        let mut sources = Vec::with_capacity(args.len());
        for iterable in args.items() {
            sources.push(Some(po::get_iter(iterable)?));
        }
        let value = PyZipLongest {
            ob_base: PyObject::placeholder(),
            active: Cell::new(sources.len()),
            sources: Sources(RefCell::new(sources)),
            fill: OptRef::new(fill),
            last: Results::NONE,
        };
        Ok(new_in(cls, value)?.into_obj())
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let count = self.sources.0.borrow().len();
        if count == 0 || self.active.get() == 0 {
            return Ok(None);
        }
        if let Some(tuple) = self.last.0.take()
            && tuple.as_object().refcount() == 1
        {
            self.last.0.set(Some(tuple));
            let Some(tuple) = self.last.reuse() else {
                return Ok(None);
            };
            for i in 0..count {
                let Some(item) = self.step(i)? else {
                    return Ok(None);
                };
                // SAFETY: the tuple has `count` items, and while it is taken out nobody else has it.
                unsafe { tuple.set_item_unchecked(i, item) };
            }
            return Ok(Some(self.last.hand_out(tuple)));
        }
        let mut items = Vec::with_capacity(count);
        for i in 0..count {
            match self.step(i)? {
                Some(item) => items.push(item),
                None => return Ok(None),
            }
        }
        Ok(Some(self.last.hand_out(PyTuple::new(items))))
    }
}

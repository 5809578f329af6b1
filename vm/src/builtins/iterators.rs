//! The iterator types `map`, `filter` and `zip`.

use core::cell::Cell;

use rpy_derive::{pyclass, pymethods};

use crate::args::check_positional;
use crate::err::PyResult;
use crate::exc;
use crate::object::alloc::new_in;
use crate::object::{ObjRef, OptRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref};
use crate::protocol::{call, object as po};
use crate::types::bool_::PyBool;
use crate::types::dict::PyDict;
use crate::types::str::PyStr;
use crate::types::tuple::{PyTuple, TupleBuilder};

/// The keyword `strict`, the only one that `map` and `zip` know.
fn strict_keyword(name: &str, kwargs: Option<&PyDict>) -> PyResult<bool> {
    let Some(kwargs) = kwargs else { return Ok(false) };
    if kwargs.len() > 1 {
        return Err(exc::type_error(format!("{name}() takes at most 1 keyword argument ({} given)", kwargs.len())));
    }
    let mut strict = false;
    let mut pos = 0;
    while let Some((key, value)) = kwargs.iter_index(&mut pos) {
        match key.downcast_ref::<PyStr>() {
            Some(key) if key.eq_str("strict") => strict = po::is_true(&value)?,
            Some(key) => {
                return Err(exc::type_error(format!(
                    "{name}() got an unexpected keyword argument '{}'",
                    key.to_string_lossy()
                )));
            }
            None => return Err(exc::type_error("keywords must be strings")),
        }
    }
    Ok(strict)
}

/// With `strict`, the iterators have to end together. `ended` is the position of the first that did; this one is asked for
/// nothing more, those after it must have nothing either if it was the first of all.
fn check_strict(name: &str, iterators: &PyTuple, ended: usize) -> PyResult<()> {
    let plural = |i: usize| if i == 1 { "argument 1".to_owned() } else { format!("arguments 1-{i}") };
    if ended > 0 {
        return Err(exc::value_error(format!("{name}() argument {} is shorter than {}", ended + 1, plural(ended))));
    }
    for (i, it) in iterators.items().iter().enumerate().skip(1) {
        if po::iter_next(it)?.is_some() {
            return Err(exc::value_error(format!("{name}() argument {} is longer than {}", i + 1, plural(i))));
        }
    }
    Ok(())
}

/// Make an iterator that computes the function using arguments from
/// each of the iterables.  Stops when the shortest iterable is exhausted.
///
/// If strict is true and one of the arguments is exhausted before the others,
/// raise a ValueError.
#[pyclass(name = "map", symbol = "PyMap_Type", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyMap {
    pub ob_base: PyObject,
    iterators: Ref<PyTuple>,
    function: ObjRef,
    #[pytraverse(skip)]
    strict: Cell<bool>,
}

/// Iterators over each of the arguments from the second on.
fn iterators_of(iterables: &[&PyObject]) -> PyResult<Ref<PyTuple>> {
    let mut iterators = Vec::with_capacity(iterables.len());
    for iterable in iterables {
        iterators.push(po::get_iter(iterable)?);
    }
    Ok(PyTuple::new(iterators))
}

/// State for pickling: the class, what it is called with, and `True` if it was strict.
fn reduce_with_strict(object: &PyObject, args: Ref<PyTuple>, strict: bool) -> ObjRef {
    let mut items = vec![object.ty().to_obj(), args.into_obj()];
    if strict {
        items.push(crate::py_bool(true));
    }
    PyTuple::new(items).into_obj()
}

#[pymethods(signature = "(function, iterable, /, *iterables, strict=False)")]
impl PyMap {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        let own = core::ptr::eq(cls, PyMap::type_object());
        let kwargs = if own || is_own_init::<PyMap>(cls) { kwargs } else { None };
        let strict = strict_keyword("map", kwargs)?;
        if args.len() < 2 {
            return Err(exc::type_error("map() must have at least two arguments."));
        }
        let iterators = iterators_of(&args.items()[1..])?;
        let function = args.items()[0].new_ref();
        let value = PyMap { ob_base: PyObject::placeholder(), iterators, function, strict: Cell::new(strict) };
        new_in(cls, value).map(Ref::into_obj)
    }

    #[slot]
    fn tp_iter(zelf: &Self) -> ObjRef {
        zelf.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let iterators = self.iterators.items();
        if let [only] = iterators {
            return match po::iter_next(only)? {
                Some(item) => call::call_one(&self.function, &item).map(Some),
                None => Ok(None),
            };
        }
        let mut args: Vec<ObjRef> = Vec::with_capacity(iterators.len());
        for (i, it) in iterators.iter().enumerate() {
            match po::iter_next(it)? {
                Some(item) => args.push(item),
                None => {
                    drop(args);
                    if self.strict.get() {
                        check_strict("map", &self.iterators, i)?;
                    }
                    return Ok(None);
                }
            }
        }
        let borrowed: Vec<&PyObject> = args.iter().map(|arg| &**arg).collect();
        call::call(&self.function, &borrowed).map(Some)
    }

    /// Return state information for pickling.
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> ObjRef {
        let mut args = vec![self.function.clone()];
        args.extend(self.iterators.items().iter().map(|it| it.new_ref()));
        reduce_with_strict(self.as_object(), PyTuple::new(args), self.strict.get())
    }

    /// Set state information for unpickling.
    #[pymethod(name = "__setstate__", sig = "($self, state, /)")]
    fn setstate(&self, state: &PyObject) -> PyResult<()> {
        self.strict.set(po::is_true(state)?);
        Ok(())
    }
}

/// Does the class keep our `__init__` (that is, `object`'s)? Only then are unknown keywords refused in `__new__`.
fn is_own_init<T: PyClass>(cls: &PyTypeObject) -> bool {
    let address = |ty: &PyTypeObject| ty.tp_init.get().map_or(0, |f| f as usize);
    address(cls) == address(T::type_object())
}

/// Return an iterator yielding those items of iterable for which function(item)
/// is true. If function is None, return the items that are true.
#[pyclass(name = "filter", symbol = "PyFilter_Type", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyFilter {
    pub ob_base: PyObject,
    function: ObjRef,
    iterator: ObjRef,
}

#[pymethods(signature = "(function, iterable, /)")]
impl PyFilter {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        let own = core::ptr::eq(cls, PyFilter::type_object()) || is_own_init::<PyFilter>(cls);
        if own && kwargs.is_some_and(|kwargs| kwargs.len() > 0) {
            return Err(exc::type_error("filter() takes no keyword arguments"));
        }
        check_positional("filter", args.len(), 2, 2)?;
        let iterator = po::get_iter(args.items()[1])?;
        let function = args.items()[0].new_ref();
        new_in(cls, PyFilter { ob_base: PyObject::placeholder(), function, iterator }).map(Ref::into_obj)
    }

    #[slot]
    fn tp_iter(zelf: &Self) -> ObjRef {
        zelf.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let truth = crate::is_none(&self.function) || self.function.is(PyBool::type_object().as_object());
        while let Some(item) = po::iter_next(&self.iterator)? {
            let keep = if truth { po::is_true(&item)? } else { po::is_true(&*call::call_one(&self.function, &item)?)? };
            if keep {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }

    /// Return state information for pickling.
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> ObjRef {
        let args = PyTuple::new(vec![self.function.clone(), self.iterator.clone()]);
        PyTuple::new(vec![self.as_object().ty().to_obj(), args.into_obj()]).into_obj()
    }
}

/// The zip object yields n-length tuples, where n is the number of iterables
/// passed as positional arguments to zip().  The i-th element in every tuple
/// comes from the i-th iterable argument to zip().  This continues until the
/// shortest argument is exhausted.
///
/// If strict is true and one of the arguments is exhausted before the others,
/// raise a ValueError.
///
///    >>> list(zip('abcdefg', range(3), range(4)))
///    [('a', 0, 0), ('b', 1, 1), ('c', 2, 2)]
#[pyclass(name = "zip", symbol = "PyZip_Type", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyZip {
    pub ob_base: PyObject,
    iterators: Ref<PyTuple>,
    /// The tuple given out last; filled anew if nobody kept it.
    result: OptRef<PyTuple>,
    #[pytraverse(skip)]
    strict: Cell<bool>,
}

impl PyZip {
    /// Where the tuple of the iterators is kept, in bytes from the start.
    pub const INNER_OFFSET: usize = core::mem::offset_of!(PyZip, iterators);

    /// The iterators.
    pub fn inner(&self) -> &PyTuple {
        &self.iterators
    }

    /// Does it insist on iterators of one length?
    pub fn is_strict(&self) -> bool {
        self.strict.get()
    }
}

#[pymethods(signature = "(*iterables, strict=False)")]
impl PyZip {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        let own = core::ptr::eq(cls, PyZip::type_object()) || is_own_init::<PyZip>(cls);
        let strict = strict_keyword("zip", if own { kwargs } else { None })?;
        let iterators = iterators_of(args.items())?;
        let value =
            PyZip { ob_base: PyObject::placeholder(), iterators, result: OptRef::NULL, strict: Cell::new(strict) };
        new_in(cls, value).map(Ref::into_obj)
    }

    #[slot]
    fn tp_iter(zelf: &Self) -> ObjRef {
        zelf.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let iterators = self.iterators.items();
        if iterators.is_empty() {
            return Ok(None);
        }
        // While it is being filled the tuple is ours alone: a nested call makes another one.
        let reused = match self.result.take() {
            Some(result) if result.as_object().refcount() == 1 => Some(result),
            _ => None,
        };
        let mut items = match reused {
            Some(_) => None,
            None => Some(TupleBuilder::new(iterators.len())?),
        };
        for (i, it) in iterators.iter().enumerate() {
            let Some(item) = po::iter_next(it)? else {
                if self.strict.get() {
                    check_strict("zip", &self.iterators, i)?;
                }
                return Ok(None);
            };
            // SAFETY: the index is within the tuple, which nobody else sees; the builder has room for as many items as there are iterators.
            unsafe {
                match (&reused, &mut items) {
                    (Some(result), _) => result.set_item_unchecked(i, item),
                    (None, Some(items)) => items.push_unchecked(item),
                    (None, None) => {}
                }
            }
        }
        let result = match (reused, items) {
            (Some(result), _) => {
                result.ob_hash.set(-1);
                // The collector may have stopped tracking it for its former contents.
                // SAFETY: tuples are collectable and this one is complete.
                unsafe { crate::runtime::gc::track(result.as_object()) };
                result
            }
            (None, items) => items.map_or_else(PyTuple::empty, TupleBuilder::finish),
        };
        self.result.set(Some(result.clone()));
        Ok(Some(result.into_obj()))
    }

    /// Return state information for pickling.
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> ObjRef {
        reduce_with_strict(self.as_object(), self.iterators.clone(), self.strict.get())
    }

    /// Set state information for unpickling.
    #[pymethod(name = "__setstate__", sig = "($self, state, /)")]
    fn setstate(&self, state: &PyObject) -> PyResult<()> {
        self.strict.set(po::is_true(state)?);
        Ok(())
    }
}

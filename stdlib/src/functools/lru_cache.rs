//! The wrapper that `functools.lru_cache` makes.
//!
//! Three modes by `maxsize`: 0 counts calls only; unbounded keeps everything in a dict; bounded keeps the order of use in the cache dict
//! itself: a hit moves its key to the end, a full cache drops the first key. The wrapped function runs without any of that held, and may call the wrapper
//! again or clear it.

use core::cell::Cell;

use rpy_vm::args::KwArgs;
use rpy_vm::object::{OptRef, PyClass, PyStruct, Ref, alloc};
use rpy_vm::protocol::{call, number, object as protocol};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::method::PyMethod;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, PyTypeObject, exc, intern, pyclass, pymethods};

/// Create a cached callable that wraps another function.
///
/// user_function:      the function being cached
///
/// maxsize:  0         for no caching
///           None      for unlimited cache size
///           n         for a bounded cache
///
/// typed:    False     cache f(3) and f(3.0) as identical calls
///           True      cache f(3) and f(3.0) as distinct calls
///
/// cache_info_type:    namedtuple class with the fields:
///                         hits misses currsize maxsize
#[pyclass(
    name = "_lru_cache_wrapper", module = "functools", flags(BASETYPE, METHOD_DESCRIPTOR), dict = dict,
    weaklist = weakreflist, gc
)]
#[repr(C)]
pub struct PyLruCacheWrapper {
    pub ob_base: PyObject,
    func: OptRef,
    cache: OptRef<PyDict>,
    cache_info_type: OptRef,
    /// Separates positional from keyword arguments in keys.
    kwd_mark: OptRef,
    dict: OptRef<PyDict>,
    #[pytraverse(skip)]
    weakreflist: Cell<*mut PyObject>,
    /// -1 without bound.
    #[pytraverse(skip)]
    maxsize: Cell<isize>,
    #[pytraverse(skip)]
    typed: Cell<bool>,
    #[pytraverse(skip)]
    hits: Cell<isize>,
    #[pytraverse(skip)]
    misses: Cell<isize>,
}

impl PyLruCacheWrapper {
    /// The key of a call, as `functools._make_key` makes it; a lone argument of a type with a simple hash is its own key.
    fn make_key(&self, args: &[&PyObject], kwargs: &KwArgs<'_>) -> PyResult<ObjRef> {
        if !self.typed.get() && kwargs.is_empty() {
            if let [arg] = args
                && (PyStr::check_exact(arg) || PyInt::check_exact(arg))
            {
                return Ok(arg.new_ref());
            }
            return Ok(PyTuple::from_slice(args).into_obj());
        }
        let mut items: Vec<ObjRef> = args.iter().map(|arg| arg.new_ref()).collect();
        if !kwargs.is_empty() {
            items.push(self.kwd_mark.get().unwrap_or_else(rpy_vm::none));
            for (name, value) in kwargs.iter() {
                items.push(name.to_obj());
                items.push(value.new_ref());
            }
        }
        if self.typed.get() {
            for arg in args {
                items.push(arg.ty().to_obj());
            }
            for (_, value) in kwargs.iter() {
                items.push(value.ty().to_obj());
            }
        }
        Ok(PyTuple::new(items).into_obj())
    }

    fn call_function(&self, args: &[&PyObject], kwargs: &KwArgs<'_>) -> PyResult {
        let func = self.func.get().ok_or_else(|| exc::system_error("cache without function"))?;
        if kwargs.is_empty() {
            return call::call(&func, args);
        }
        let names = PyTuple::new(kwargs.iter().map(|(name, _)| name.to_obj()).collect());
        let mut all = args.to_vec();
        all.extend(kwargs.iter().map(|(_, value)| value));
        call::call_kw(&func, &all, Some(&names))
    }

    fn cache(&self) -> PyResult<Ref<PyDict>> {
        self.cache.get().ok_or_else(|| exc::system_error("cache wrapper is not initialised"))
    }

    fn hit(&self) {
        self.hits.set(self.hits.get() + 1);
    }

    fn miss(&self) {
        self.misses.set(self.misses.get() + 1);
    }

    fn call_unbounded(&self, args: &[&PyObject], kwargs: &KwArgs<'_>) -> PyResult {
        let key = self.make_key(args, kwargs)?;
        let hash = protocol::hash(&key)?;
        let cache = self.cache()?;
        if let Some(result) = cache.get_item_hash(&key, hash)? {
            self.hit();
            return Ok(result);
        }
        self.miss();
        let result = self.call_function(args, kwargs)?;
        cache.set_item_hash(&key, hash, result.clone())?;
        Ok(result)
    }

    fn call_bounded(&self, args: &[&PyObject], kwargs: &KwArgs<'_>, bound: usize) -> PyResult {
        let key = self.make_key(args, kwargs)?;
        let hash = protocol::hash(&key)?;
        let cache = self.cache()?;
        if let Some(result) = cache.get_item_hash(&key, hash)? {
            cache.move_to_end(&key, hash)?;
            self.hit();
            return Ok(result);
        }
        self.miss();
        let result = self.call_function(args, kwargs)?;
        // The call may have put the same key into the cache: then that entry is as good and as recent.
        let (_, known) = cache.setdefault_hash(&key, hash, &result)?;
        if !known && cache.len() > bound {
            drop(cache.pop_first());
        }
        Ok(result)
    }
}

#[pymethods]
impl PyLruCacheWrapper {
    #[pynew(sig = "(user_function, maxsize, typed, cache_info_type)")]
    fn py_new(
        cls: &PyTypeObject,
        user_function: &PyObject,
        maxsize: &PyObject,
        typed: &PyObject,
        cache_info_type: &PyObject,
    ) -> PyResult {
        if !protocol::callable(user_function) {
            return Err(exc::type_error("the first argument must be callable"));
        }
        let bound = if rpy_vm::is_none(maxsize) {
            -1
        } else if number::is_index(maxsize) {
            number::as_isize(maxsize, Some(exc::OverflowError()))?.max(0)
        } else {
            return Err(exc::type_error("maxsize should be integer or None"));
        };
        let typed = protocol::is_true(typed)?;
        Ok(alloc::new_in(
            cls,
            PyLruCacheWrapper {
                ob_base: PyObject::placeholder(),
                func: OptRef::some(user_function.new_ref()),
                cache: OptRef::some(PyDict::new()),
                cache_info_type: OptRef::some(cache_info_type.new_ref()),
                kwd_mark: OptRef::some(call::call_noargs(PyObject::type_object().as_object())?),
                dict: OptRef::NULL,
                weakreflist: Cell::new(core::ptr::null_mut()),
                maxsize: Cell::new(bound),
                typed: Cell::new(typed),
                hits: Cell::new(0),
                misses: Cell::new(0),
            },
        )?
        .into_obj())
    }

    #[pycall(sig = "($self, /, *args, **kwargs)")]
    fn py_call(&self, args: &[&PyObject], kwargs: KwArgs<'_>) -> PyResult {
        match self.maxsize.get() {
            -1 => self.call_unbounded(args, &kwargs),
            0 => {
                self.miss();
                self.call_function(args, &kwargs)
            }
            bound => self.call_bounded(args, &kwargs, bound as usize),
        }
    }

    #[slot]
    fn tp_descr_get(&self, object: Option<&PyObject>, _cls: Option<&PyObject>) -> PyResult {
        match object {
            Some(object) if !rpy_vm::is_none(object) => Ok(PyMethod::new(self.as_object(), object).into_obj()),
            _ => Ok(self.to_obj()),
        }
    }

    /// Report cache statistics
    #[pymethod]
    fn cache_info(&self) -> PyResult {
        let class = self.cache_info_type.get().ok_or_else(|| exc::system_error("cache wrapper is not initialised"))?;
        let int = |n: isize| PyInt::from_isize(n).into_obj();
        let maxsize = if self.maxsize.get() < 0 { rpy_vm::none() } else { int(self.maxsize.get()) };
        call::call(
            &class,
            &[&int(self.hits.get()), &int(self.misses.get()), &maxsize, &int(self.cache()?.len() as isize)],
        )
    }

    /// Clear the cache and cache statistics
    #[pymethod]
    fn cache_clear(&self) -> PyResult<()> {
        self.hits.set(0);
        self.misses.set(0);
        self.cache()?.clear();
        Ok(())
    }

    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult {
        protocol::getattr(self.as_object(), intern!("__qualname__"))
    }

    #[pymethod(name = "__copy__")]
    fn copy(&self) -> ObjRef {
        self.to_obj()
    }

    #[pymethod(name = "__deepcopy__", sig = "($self, memo, /)")]
    fn deepcopy(&self, _memo: &PyObject) -> ObjRef {
        self.to_obj()
    }

    #[pygetset(name = "__dict__")]
    fn dunder_dict(&self) -> ObjRef {
        match self.dict.get() {
            Some(dict) => dict.into_obj(),
            None => {
                let dict = PyDict::new();
                self.dict.set(Some(dict.clone()));
                dict.into_obj()
            }
        }
    }

    #[pygetset(setter, name = "__dict__")]
    fn set_dunder_dict(&self, value: Option<&PyObject>) -> PyResult<()> {
        match value.and_then(PyObject::downcast_ref::<PyDict>) {
            Some(dict) => {
                self.dict.set(Some(dict.to_ref()));
                Ok(())
            }
            None => Err(exc::type_error("__dict__ must be set to a dictionary")),
        }
    }
}

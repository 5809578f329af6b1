//! `attrgetter`, `itemgetter`, `methodcaller`.

use core::cell::Cell;

use rpy_derive::{pyclass, pymethods};
use rpy_vm::object::alloc::new_exact;
use rpy_vm::object::slots::vectorcallfunc;
use rpy_vm::protocol::{call, object as po};
use rpy_vm::types::builtin_function::vectorcall_nargs;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyClass, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, intern};

/// Refuses keywords.
fn no_keywords(name: &str, kwargs: Option<&PyDict>) -> PyResult<()> {
    if kwargs.is_some_and(|k| k.len() > 0) {
        return Err(exc::type_error(format!("{name}() takes no keyword arguments")));
    }
    Ok(())
}

/// The single operand of a call.
fn one_argument<'a>(name: &str, args: &'a [&'a PyObject]) -> PyResult<&'a PyObject> {
    match args {
        [object] => Ok(object),
        _ => Err(exc::type_error(format!("{name} expected 1 argument, got {}", args.len()))),
    }
}

/// The operand of a vectorcall without keywords.
///
/// # Safety
/// The parameters are those of a vectorcall.
unsafe fn vector_operand<'a>(
    name: &str,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> PyResult<&'a PyObject> {
    // SAFETY: the caller's promise.
    unsafe {
        if (kwnames as *const PyTuple).as_ref().is_some_and(|names| !names.is_empty()) {
            return Err(exc::type_error(format!("{name}() takes no keyword arguments")));
        }
        let count = vectorcall_nargs(nargsf);
        if count != 1 {
            return Err(exc::type_error(format!("{name} expected 1 argument, got {count}")));
        }
        Ok(&**args)
    }
}

fn into_raw(result: PyResult<ObjRef>) -> *mut PyObject {
    match result {
        Ok(value) => value.into_raw(),
        Err(e) => e.restore_null(),
    }
}

/// `operator.name(item, item, …)`.
fn repr_call(this: &PyObject, items: &[ObjRef]) -> PyResult<Ref<PyStr>> {
    let Some(_guard) = rpy_vm::runtime::repr_guard::ReprGuard::enter(this) else {
        return Ok(PyStr::from_string(format!("{}(...)", this.ty().full_name())));
    };
    let mut parts = Vec::with_capacity(items.len());
    for item in items {
        parts.push(po::repr(item)?.to_string_lossy().into_owned());
    }
    Ok(PyStr::from_string(format!("{}({})", this.ty().full_name(), parts.join(", "))))
}

fn reduce_call(this: &PyObject, args: Ref<PyTuple>) -> Ref<PyTuple> {
    PyTuple::from_array([this.ty().to_obj(), args.into_obj()])
}

/// attrgetter(attr, /, *attrs)
/// --
///
/// Return a callable object that fetches the given attribute(s) from its operand.
/// After f = attrgetter('name'), the call f(r) returns r.name.
/// After g = attrgetter('name', 'date'), the call g(r) returns (r.name, r.date).
/// After h = attrgetter('name.first', 'name.last'), the call h(r) returns
/// (r.name.first, r.name.last).
#[pyclass(name = "attrgetter", module = "operator", vectorcall = vectorcall, gc)]
#[repr(C)]
pub struct PyAttrGetter {
    ob_base: PyObject,
    /// As given.
    names: Ref<PyTuple>,
    /// For each name the interned parts between its dots.
    #[pytraverse(skip)]
    paths: Vec<Vec<Ref<PyStr>>>,
    #[pytraverse(skip)]
    vectorcall: Cell<Option<vectorcallfunc>>,
}

impl PyAttrGetter {
    fn fetch(path: &[Ref<PyStr>], object: &PyObject) -> PyResult<ObjRef> {
        let Some((first, rest)) = path.split_first() else {
            return Ok(object.new_ref());
        };
        let mut value = po::getattr(object, first)?;
        for name in rest {
            value = po::getattr(&value, name)?;
        }
        Ok(value)
    }

    fn apply(&self, object: &PyObject) -> PyResult<ObjRef> {
        if let [path] = self.paths.as_slice() {
            return PyAttrGetter::fetch(path, object);
        }
        let mut values = Vec::with_capacity(self.paths.len());
        for path in &self.paths {
            values.push(PyAttrGetter::fetch(path, object)?);
        }
        Ok(PyTuple::new(values).into_obj())
    }

    unsafe extern "C-unwind" fn vector(
        this: *mut PyObject,
        args: *const *mut PyObject,
        nargsf: usize,
        kwnames: *mut PyObject,
    ) -> *mut PyObject {
        // SAFETY: the vectorcall protocol, on an object of this type.
        let (this, object) = unsafe {
            ((*this).cast_unchecked_ref::<PyAttrGetter>(), vector_operand("attrgetter", args, nargsf, kwnames))
        };
        into_raw(object.and_then(|object| this.apply(object)))
    }
}

/// What an instance is called with.
const CALL_SIGNATURE: &str = "(obj, /)";

#[pymethods]
impl PyAttrGetter {
    #[pygetset]
    fn __text_signature__(&self) -> &'static str {
        CALL_SIGNATURE
    }

    #[slot]
    fn tp_new(_cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        no_keywords("attrgetter", kwargs)?;
        if args.is_empty() {
            return Err(exc::type_error("attrgetter expected 1 argument, got 0"));
        }
        let mut paths = Vec::with_capacity(args.len());
        for name in args.items() {
            let Some(name) = name.downcast_ref::<PyStr>() else {
                return Err(exc::type_error("attribute name must be a string"));
            };
            let dot = PyStr::new(".");
            let parts = call::call_method(name.as_object(), intern!("split"), &[dot.as_object()])?;
            let parts = parts.downcast::<PyList>().map_err(|_| exc::type_error("attribute name must be a string"))?;
            let mut path = Vec::with_capacity(parts.len());
            for part in parts.items_snapshot() {
                if let Ok(part) = part.downcast::<PyStr>() {
                    path.push(PyStr::intern(part));
                }
            }
            paths.push(path);
        }
        Ok(new_exact(PyAttrGetter {
            ob_base: PyObject::placeholder(),
            names: args.to_ref(),
            paths,
            vectorcall: Cell::new(Some(PyAttrGetter::vector)),
        })
        .into_obj())
    }

    #[slot]
    fn tp_call(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        no_keywords("attrgetter", kwargs)?;
        self.apply(one_argument("attrgetter", args.items())?)
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        let names: Vec<ObjRef> = self.names.items().iter().map(|name| name.new_ref()).collect();
        repr_call(self.as_object(), &names)
    }

    /// Return state information for pickling
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> Ref<PyTuple> {
        reduce_call(self.as_object(), self.names.clone())
    }
}

/// itemgetter(item, /, *items)
/// --
///
/// Return a callable object that fetches the given item(s) from its operand.
/// After f = itemgetter(2), the call f(r) returns r[2].
/// After g = itemgetter(2, 5, 3), the call g(r) returns (r[2], r[5], r[3])
#[pyclass(name = "itemgetter", module = "operator", vectorcall = vectorcall, gc)]
#[repr(C)]
pub struct PyItemGetter {
    ob_base: PyObject,
    items: Ref<PyTuple>,
    /// The only item, if it is a small non-negative index; -1 otherwise.
    #[pytraverse(skip)]
    index: isize,
    #[pytraverse(skip)]
    vectorcall: Cell<Option<vectorcallfunc>>,
}

impl PyItemGetter {
    #[inline]
    fn apply(&self, object: &PyObject) -> PyResult<ObjRef> {
        if self.index >= 0 {
            if let Some(tuple) = object.downcast_exact::<PyTuple>() {
                if let Some(item) = tuple.get(self.index as usize) {
                    return Ok(item.new_ref());
                }
            } else if let Some(list) = object.downcast_exact::<PyList>()
                && let Some(item) = list.get(self.index as usize)
            {
                return Ok(item);
            }
        }
        if let [item] = self.items.items() {
            return po::get_item(object, item);
        }
        let mut values = Vec::with_capacity(self.items.len());
        for item in self.items.items() {
            values.push(po::get_item(object, item)?);
        }
        Ok(PyTuple::new(values).into_obj())
    }

    unsafe extern "C-unwind" fn vector(
        this: *mut PyObject,
        args: *const *mut PyObject,
        nargsf: usize,
        kwnames: *mut PyObject,
    ) -> *mut PyObject {
        // SAFETY: the vectorcall protocol, on an object of this type.
        let (this, object) = unsafe {
            ((*this).cast_unchecked_ref::<PyItemGetter>(), vector_operand("itemgetter", args, nargsf, kwnames))
        };
        into_raw(object.and_then(|object| this.apply(object)))
    }
}

#[pymethods]
impl PyItemGetter {
    #[pygetset]
    fn __text_signature__(&self) -> &'static str {
        CALL_SIGNATURE
    }

    #[slot]
    fn tp_new(_cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        no_keywords("itemgetter", kwargs)?;
        let index = match args.items() {
            [] => return Err(exc::type_error("itemgetter expected 1 argument, got 0")),
            [item] => item.downcast_exact::<PyInt>().filter(|i| i.is_compact()).map_or(-1, PyInt::compact_value),
            _ => -1,
        };
        Ok(new_exact(PyItemGetter {
            ob_base: PyObject::placeholder(),
            items: args.to_ref(),
            index,
            vectorcall: Cell::new(Some(PyItemGetter::vector)),
        })
        .into_obj())
    }

    #[slot]
    fn tp_call(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        no_keywords("itemgetter", kwargs)?;
        self.apply(one_argument("itemgetter", args.items())?)
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        let items: Vec<ObjRef> = self.items.items().iter().map(|item| item.new_ref()).collect();
        repr_call(self.as_object(), &items)
    }

    /// Return state information for pickling
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> Ref<PyTuple> {
        reduce_call(self.as_object(), self.items.clone())
    }
}

/// methodcaller(name, /, *args, **kwargs)
/// --
///
/// Return a callable object that calls the given method on its operand.
/// After f = methodcaller('name'), the call f(r) returns r.name().
/// After g = methodcaller('name', 'date', foo=1), the call g(r) returns
/// r.name('date', foo=1).
#[pyclass(name = "methodcaller", module = "operator", vectorcall = vectorcall, gc)]
#[repr(C)]
pub struct PyMethodCaller {
    ob_base: PyObject,
    name: Ref<PyStr>,
    args: Ref<PyTuple>,
    kwargs: Option<Ref<PyDict>>,
    #[pytraverse(skip)]
    vectorcall: Cell<Option<vectorcallfunc>>,
}

impl PyMethodCaller {
    fn apply(&self, object: &PyObject) -> PyResult<ObjRef> {
        match &self.kwargs {
            None => call::call_method(object, &self.name, self.args.items()),
            Some(kwargs) => {
                let method = po::getattr(object, &self.name)?;
                call::call_tuple(&method, &self.args, Some(kwargs))
            }
        }
    }

    unsafe extern "C-unwind" fn vector(
        this: *mut PyObject,
        args: *const *mut PyObject,
        nargsf: usize,
        kwnames: *mut PyObject,
    ) -> *mut PyObject {
        // SAFETY: the vectorcall protocol, on an object of this type.
        let (this, object) = unsafe {
            ((*this).cast_unchecked_ref::<PyMethodCaller>(), vector_operand("methodcaller", args, nargsf, kwnames))
        };
        into_raw(object.and_then(|object| this.apply(object)))
    }
}

#[pymethods]
impl PyMethodCaller {
    #[pygetset]
    fn __text_signature__(&self) -> &'static str {
        CALL_SIGNATURE
    }

    #[slot]
    fn tp_new(_cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        let Some((name, rest)) = args.items().split_first() else {
            return Err(exc::type_error("methodcaller needs at least one argument, the method name"));
        };
        let Some(name) = name.downcast_ref::<PyStr>() else {
            return Err(exc::type_error("method name must be a string"));
        };
        let kwargs = match kwargs {
            Some(kwargs) if kwargs.len() > 0 => Some(kwargs.copy()?),
            _ => None,
        };
        Ok(new_exact(PyMethodCaller {
            ob_base: PyObject::placeholder(),
            name: PyStr::intern(name.to_ref()),
            args: PyTuple::from_slice(rest),
            kwargs,
            vectorcall: Cell::new(Some(PyMethodCaller::vector)),
        })
        .into_obj())
    }

    #[slot]
    fn tp_call(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        no_keywords("methodcaller", kwargs)?;
        self.apply(one_argument("methodcaller", args.items())?)
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        let this = self.as_object();
        let Some(_guard) = rpy_vm::runtime::repr_guard::ReprGuard::enter(this) else {
            return Ok(PyStr::from_string(format!("{}(...)", this.ty().full_name())));
        };
        let mut parts = vec![po::repr(self.name.as_object())?.to_string_lossy().into_owned()];
        for arg in self.args.items() {
            parts.push(po::repr(arg)?.to_string_lossy().into_owned());
        }
        if let Some(kwargs) = &self.kwargs {
            let mut at = 0;
            while let Some((key, value)) = kwargs.iter_index(&mut at) {
                let (key, value) = (po::str(&key)?, po::repr(&value)?);
                parts.push(format!("{}={}", key.to_string_lossy(), value.to_string_lossy()));
            }
        }
        Ok(PyStr::from_string(format!("{}({})", this.ty().full_name(), parts.join(", "))))
    }

    /// Return state information for pickling
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> Result<Ref<PyTuple>, PyErr> {
        let class = PyMethodCaller::type_object().as_object();
        let name = self.name.as_object();
        let Some(kwargs) = &self.kwargs else {
            let mut args = vec![name.new_ref()];
            args.extend(self.args.items().iter().map(|arg| arg.new_ref()));
            return Ok(reduce_call(self.as_object(), PyTuple::new(args)));
        };
        // A partial object carries the keywords.
        let partial = po::getattr(&*rpy_vm::import::import_module("functools")?, intern!("partial"))?;
        let constructor = call::call_tuple(&partial, &*PyTuple::from_slice(&[class, name]), Some(kwargs))?;
        Ok(PyTuple::from_array([constructor, self.args.to_obj()]))
    }
}

//! `functools.partial`, with placeholders.
//!
//! Positional arguments may be `Placeholder`, to be filled by the call's positional arguments from the left. The number of placeholders is counted
//! when the object is made, so that calls without any pay nothing.

use core::cell::Cell;

use rpy_vm::args::KwArgs;
use rpy_vm::object::slots::vectorcallfunc;
use rpy_vm::object::{OptRef, PyClass, PyStruct, alloc};
use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::runtime::recursion;
use rpy_vm::runtime::repr_guard::ReprGuard;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::list::class_getitem;
use rpy_vm::types::method::PyMethod;
use rpy_vm::types::str::{PyStr, StrBuilder};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, PyTypeObject, exc, pyclass, pymethods};

/// The type of the Placeholder singleton.
///
/// Used as a placeholder for partial arguments.
#[pyclass(name = "_PlaceholderType", module = "functools")]
#[repr(C)]
pub struct PyPlaceholder {
    pub ob_base: PyObject,
}

#[pymethods]
impl PyPlaceholder {
    #[pynew(sig = "()")]
    fn py_new(_cls: &PyTypeObject) -> ObjRef {
        placeholder()
    }

    #[slot]
    fn tp_repr(&self) -> &'static str {
        "Placeholder"
    }

    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> &'static str {
        "Placeholder"
    }
}

static PLACEHOLDER: OptRef = OptRef::NULL;

/// `functools.Placeholder`.
pub fn placeholder() -> ObjRef {
    match PLACEHOLDER.get() {
        Some(object) => object,
        None => {
            let object = alloc::new_exact(PyPlaceholder { ob_base: PyObject::placeholder() }).into_obj();
            object.make_immortal();
            PLACEHOLDER.set(Some(object.clone()));
            object
        }
    }
}

fn is_placeholder(object: &PyObject) -> bool {
    object.as_ptr() == PLACEHOLDER.as_raw()
}

/// Create a new function with partial application of the given arguments and keywords.
#[pyclass(
    name = "partial", module = "functools", flags(BASETYPE, HAVE_VECTORCALL), dict = dict, weaklist = weakreflist,
    vectorcall = vectorcall, gc
)]
#[repr(C)]
pub struct PyPartial {
    pub ob_base: PyObject,
    /// function object to use in future partial calls
    #[pymember(readonly, name = "func", object)]
    func: OptRef,
    /// tuple of arguments to future partial calls
    #[pymember(readonly, name = "args", object)]
    args: OptRef<PyTuple>,
    /// dictionary of keyword arguments to future partial calls
    #[pymember(readonly, name = "keywords", object)]
    keywords: OptRef<PyDict>,
    dict: OptRef<PyDict>,
    #[pytraverse(skip)]
    weakreflist: Cell<*mut PyObject>,
    #[pytraverse(skip)]
    vectorcall: Cell<Option<vectorcallfunc>>,
    #[pytraverse(skip)]
    placeholders: Cell<usize>,
}

fn count_placeholders(args: &PyTuple) -> usize {
    args.items().iter().filter(|item| is_placeholder(item)).count()
}

/// The positional arguments of a call: placeholders filled from the left, the rest behind.
fn merge_args<'a>(stored: &[&'a PyObject], placeholders: usize, given: &[&'a PyObject]) -> PyResult<Vec<&'a PyObject>> {
    if given.len() < placeholders {
        return Err(exc::type_error(format!(
            "missing positional arguments in 'partial' call; expected at least {placeholders}, got {}",
            given.len()
        )));
    }
    let (fill, rest) = given.split_at(placeholders);
    let mut fill = fill.iter();
    let mut all = Vec::with_capacity(stored.len() + rest.len());
    for item in stored {
        all.push(if placeholders > 0 && is_placeholder(item) { fill.next().copied().unwrap_or(item) } else { *item });
    }
    all.extend_from_slice(rest);
    Ok(all)
}

impl PyPartial {
    fn parts(&self) -> PyResult<(ObjRef, rpy_vm::Ref<PyTuple>, rpy_vm::Ref<PyDict>)> {
        match (self.func.get(), self.args.get(), self.keywords.get()) {
            (Some(func), Some(args), Some(keywords)) => Ok((func, args, keywords)),
            _ => Err(exc::system_error("partial object is not initialised")),
        }
    }

    /// Calls with a vector of arguments: `given` positional ones, then the values of `names`.
    fn call_vector(&self, given: &[&PyObject], values: &[&PyObject], names: Option<&PyTuple>) -> PyResult {
        // What is called may be another of these, or this one.
        recursion::check(" while calling a Python object")?;
        let (func, stored, keywords) = self.parts()?;
        let mut all = merge_args(stored.items(), self.placeholders.get(), given)?;
        let name_count = names.map_or(0, PyTuple::len);
        if keywords.is_empty() {
            all.extend_from_slice(values);
            return call::call_kw(&func, &all, names.filter(|names| !names.is_empty()));
        }
        if name_count == 0 {
            let items = keywords.items_vec();
            let names = PyTuple::new(items.iter().map(|(name, _)| name.clone()).collect());
            all.extend(items.iter().map(|(_, value)| &**value));
            return call::call_kw(&func, &all, Some(&names));
        }
        // The call's keywords override the stored ones, whose order stays.
        let merged = keywords.copy()?;
        for (name, value) in names.map_or(&[][..], PyTuple::items).iter().zip(values) {
            merged.set_item(name, value)?;
        }
        let items = merged.items_vec();
        let names = PyTuple::new(items.iter().map(|(name, _)| name.clone()).collect());
        all.extend(items.iter().map(|(_, value)| &**value));
        call::call_kw(&func, &all, Some(&names))
    }
}

unsafe extern "C-unwind" fn partial_vectorcall(
    this: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    names: *mut PyObject,
) -> *mut PyObject {
    let nargs = nargsf & !(1 << 63);
    // SAFETY: the vectorcall convention.
    let result = unsafe {
        let names = (names as *const PyTuple).as_ref();
        let nkw = names.map_or(0, PyTuple::len);
        let all: &[&PyObject] =
            if nargs + nkw == 0 { &[] } else { core::slice::from_raw_parts(args as *const &PyObject, nargs + nkw) };
        (*(this as *const PyPartial)).call_vector(&all[..nargs], &all[nargs..], names)
    };
    match result {
        Ok(value) => value.into_raw(),
        Err(e) => e.restore_null(),
    }
}

#[pymethods]
impl PyPartial {
    #[pynew(sig = "(func, /, *args, **keywords)")]
    fn py_new(cls: &PyTypeObject, func: &PyObject, args: &[&PyObject], keywords: KwArgs<'_>) -> PyResult {
        if !protocol::callable(func) {
            return Err(exc::type_error("the first argument must be callable"));
        }
        if args.last().is_some_and(|last| is_placeholder(last)) {
            return Err(exc::type_error("trailing Placeholders are not allowed"));
        }
        if keywords.iter().any(|(_, value)| is_placeholder(value)) {
            return Err(exc::type_error("Placeholder cannot be passed as a keyword argument"));
        }
        let mut func = func.new_ref();
        let mut stored = PyTuple::from_slice(args);
        let mut merged = keywords.to_dict()?.unwrap_or_else(PyDict::new);
        // A partial of a partial (without attributes of its own) becomes one.
        if let Some(inner) = func.downcast_ref::<PyPartial>()
            && inner.dict.is_null()
            && inner.as_object().ty().tp_call.get().map(|f| f as usize)
                == PyPartial::type_object().tp_call.get().map(|f| f as usize)
        {
            let (inner_func, inner_args, inner_keywords) = inner.parts()?;
            let placeholders = inner.placeholders.get();
            if args.is_empty() {
                stored = inner_args;
            } else {
                // Placeholders of the inner one that the outer arguments do not reach stay.
                let hole = placeholder();
                let mut given: Vec<&PyObject> = args.to_vec();
                while given.len() < placeholders {
                    given.push(&hole);
                }
                let all = merge_args(inner_args.items(), placeholders, &given)?;
                stored = PyTuple::from_slice(&all);
            }
            if !inner_keywords.is_empty() {
                let both = inner_keywords.copy()?;
                both.update(merged.as_object())?;
                merged = both;
            }
            func = inner_func;
        }
        let placeholders = count_placeholders(&stored);
        Ok(alloc::new_in(
            cls,
            PyPartial {
                ob_base: PyObject::placeholder(),
                func: OptRef::some(func),
                args: OptRef::some(stored),
                keywords: OptRef::some(merged),
                dict: OptRef::NULL,
                weakreflist: Cell::new(core::ptr::null_mut()),
                vectorcall: Cell::new(Some(partial_vectorcall)),
                placeholders: Cell::new(placeholders),
            },
        )?
        .into_obj())
    }

    #[slot]
    fn tp_call(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        let (func, stored, keywords) = self.parts()?;
        let all = PyTuple::from_slice(&merge_args(stored.items(), self.placeholders.get(), args.items())?);
        // The function gets a dict of its own.
        let merged = keywords.copy()?;
        if let Some(kwargs) = kwargs {
            merged.merge(kwargs.as_object(), true)?;
        }
        call::call_tuple(&func, &all, if merged.is_empty() { None } else { Some(&merged) })
    }

    #[slot]
    fn tp_repr(&self) -> PyResult {
        let Some(_guard) = ReprGuard::enter(self.as_object()) else {
            return Ok(PyStr::new("...").into_obj());
        };
        let (func, args, keywords) = self.parts()?;
        let mut out = StrBuilder::new();
        let name = rpy_vm::types::dict::qualified_type_name(self.as_object());
        out.push_str(&name);
        out.push_str("(");
        let text = protocol::repr(&func)?;
        out.push_py(&text);
        for item in args.items() {
            out.push_str(", ");
            let text = protocol::repr(item)?;
            out.push_py(&text);
        }
        for (key, value) in keywords.items_vec() {
            out.push_str(", ");
            let text = protocol::str(&key)?;
            out.push_py(&text);
            out.push_str("=");
            let text = protocol::repr(&value)?;
            out.push_py(&text);
        }
        out.push_str(")");
        Ok(out.finish().into_obj())
    }

    #[slot]
    fn tp_descr_get(&self, object: Option<&PyObject>, _cls: Option<&PyObject>) -> PyResult {
        match object {
            Some(object) if !rpy_vm::is_none(object) => Ok(PyMethod::new(self.as_object(), object).into_obj()),
            _ => Ok(self.to_obj()),
        }
    }

    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult {
        let (func, args, keywords) = self.parts()?;
        let dict = self.dict.get().map_or_else(rpy_vm::none, rpy_vm::Ref::into_obj);
        let make = PyTuple::from_array([func.clone()]);
        let state = PyTuple::from_array([func, args.into_obj(), keywords.into_obj(), dict]);
        Ok(PyTuple::from_array([self.as_object().ty().to_obj(), make.into_obj(), state.into_obj()]).into_obj())
    }

    #[pymethod(name = "__setstate__", sig = "($self, state, /)")]
    fn setstate(&self, state: &PyObject) -> PyResult<()> {
        let invalid = || exc::type_error("invalid partial state");
        let Some([func, args, keywords, dict]) = state.downcast_ref::<PyTuple>().map(PyTuple::items) else {
            return Err(invalid());
        };
        let args = args.downcast_ref::<PyTuple>().ok_or_else(invalid)?;
        let keywords = match keywords.downcast_ref::<PyDict>() {
            Some(keywords) => Some(keywords),
            None if rpy_vm::is_none(keywords) => None,
            None => return Err(invalid()),
        };
        if !protocol::callable(func) {
            return Err(invalid());
        }
        let args = PyTuple::from_iterable(args.as_object())?;
        let args = if PyTuple::check_exact(args.as_object()) { args } else { PyTuple::from_slice(args.items()) };
        if args.items().last().is_some_and(|last| is_placeholder(last)) {
            return Err(exc::type_error("trailing Placeholders are not allowed"));
        }
        let keywords = match keywords {
            None => PyDict::new(),
            Some(keywords) if PyDict::check_exact(keywords.as_object()) => keywords.to_ref(),
            Some(keywords) => keywords.copy()?,
        };
        let dict = match dict.downcast_ref::<PyDict>() {
            Some(dict) => Some(dict.to_ref()),
            None if rpy_vm::is_none(dict) => None,
            None => return Err(invalid()),
        };
        self.placeholders.set(count_placeholders(&args));
        self.func.set(Some(func.new_ref()));
        self.args.set(Some(args));
        self.keywords.set(Some(keywords));
        self.dict.set(dict);
        Ok(())
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

    /// See PEP 585
    #[pyclassmethod(name = "__class_getitem__", sig = "(object, /)")]
    fn py_class_getitem(cls: &PyTypeObject, item: &PyObject) -> PyResult {
        class_getitem(cls, item)
    }
}

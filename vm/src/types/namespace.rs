//! `types.SimpleNamespace`: attributes from keywords; also what `sys.implementation` is.

use crate::PyResult;
use crate::args::KwArgs;
use crate::exc;
use crate::object::alloc::new_in;
use crate::object::{CompareOp, ObjRef, OptRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref, flags};
use crate::protocol::{call, object};
use crate::runtime::repr_guard::ReprGuard;
use crate::types::descr::fully_qualified_name;
use crate::types::dict::PyDict;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::PyTuple;
use rpy_derive::{pyclass, pymethods};

/// A simple attribute-based namespace.
#[pyclass(name = "SimpleNamespace", module = "types", symbol = "_PyNamespace_Type", dict = ns_dict, gc, flags(BASETYPE))]
#[repr(C)]
pub struct PyNamespace {
    pub ob_base: PyObject,
    #[pymember(readonly, name = "__dict__", object)]
    pub ns_dict: OptRef<PyDict>,
}

impl PyNamespace {
    /// A namespace over `dict`, which it takes over.
    pub fn new(dict: Ref<PyDict>) -> Ref<PyNamespace> {
        crate::object::alloc::new_exact(PyNamespace { ob_base: PyObject::placeholder(), ns_dict: OptRef::some(dict) })
    }

    /// The attributes.
    pub fn dict(&self) -> Ref<PyDict> {
        self.ns_dict.get().unwrap_or_else(|| {
            let dict = PyDict::new();
            self.ns_dict.set(Some(dict.clone()));
            dict
        })
    }
}

/// Fails on a key that is no string.
fn check_keys(dict: &PyDict) -> PyResult<()> {
    match dict.keys_vec().iter().find(|key| !key.ty().has_flag(flags::UNICODE_SUBCLASS)) {
        None => Ok(()),
        Some(_) => Err(exc::type_error("keywords must be strings")),
    }
}

#[pymethods(signature = "(mapping_or_iterable=(), /, **kwargs)")]
impl PyNamespace {
    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult {
        let value = PyNamespace { ob_base: PyObject::placeholder(), ns_dict: OptRef::some(PyDict::new()) };
        Ok(new_in(cls, value)?.into_obj())
    }

    #[slot]
    fn tp_init(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        let dict = self.dict();
        match args.items() {
            [] => {}
            [mapping] => {
                let fresh;
                let attributes = match mapping.downcast_ref::<PyDict>() {
                    Some(exact) if PyDict::check_exact(mapping) => exact,
                    _ => {
                        fresh = call::call_one(PyDict::type_object().as_object(), mapping)?;
                        fresh.downcast_ref::<PyDict>().ok_or_else(|| exc::system_error("dict() gave something else"))?
                    }
                };
                check_keys(attributes)?;
                dict.update(attributes.as_object())?;
            }
            more => {
                return Err(exc::type_error(format!(
                    "{} expected at most 1 argument, got {}",
                    self.as_object().ty().name(),
                    more.len()
                )));
            }
        }
        if let Some(kwargs) = kwargs {
            check_keys(kwargs)?;
            dict.update(kwargs.as_object())?;
        }
        Ok(())
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        let ty = self.as_object().ty();
        let name = if core::ptr::eq(ty, PyNamespace::type_object()) { "namespace" } else { ty.name() };
        let mut text = StrBuilder::new();
        text.push_str(name);
        let Some(_guard) = ReprGuard::enter(self.as_object()) else {
            text.push_str("(...)");
            return Ok(text.finish());
        };
        text.push_str("(");
        let dict = self.dict();
        let mut first = true;
        for key in dict.keys_vec() {
            let Some(name) = key.downcast_ref::<PyStr>().filter(|name| name.len() > 0) else { continue };
            let Some(value) = dict.get_item(&key)? else { continue };
            if !first {
                text.push_str(", ");
            }
            first = false;
            text.push_py(name);
            text.push_str("=");
            text.push_py(&*object::repr(&value)?);
        }
        text.push_str(")");
        Ok(text.finish())
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
        match other.downcast_ref::<PyNamespace>() {
            Some(other) => object::rich_compare(self.dict().as_object(), other.dict().as_object(), op),
            None => Ok(crate::not_implemented()),
        }
    }

    /// Return state information for pickling
    #[pymethod]
    fn __reduce__(&self) -> PyResult {
        let ty = self.as_object().ty().to_obj();
        Ok(PyTuple::new(vec![ty, PyTuple::empty().into_obj(), self.dict().into_obj()]).into_obj())
    }

    /// Return a copy of the namespace object with new values for the specified attributes.
    #[pymethod(sig = "($self, /, **changes)")]
    fn __replace__(&self, changes: KwArgs<'_>) -> PyResult {
        let copy = call::call_noargs(self.as_object().ty().as_object())?;
        let Some(namespace) = copy.downcast_ref::<PyNamespace>() else {
            return Err(exc::type_error(format!(
                "expect types.SimpleNamespace type, but {}() returned '{}' object",
                fully_qualified_name(self.as_object().ty()),
                fully_qualified_name(copy.ty())
            )));
        };
        let dict = namespace.dict();
        dict.update(self.dict().as_object())?;
        for (name, value) in changes.iter() {
            dict.set_item(name.as_object(), value)?;
        }
        Ok(copy)
    }
}

/// As an object, for callers that build namespaces from pairs.
pub fn from_pairs(pairs: Vec<(&str, ObjRef)>) -> Ref<PyNamespace> {
    let dict = PyDict::new();
    for (name, value) in pairs {
        dict.set_name(name, value);
    }
    PyNamespace::new(dict)
}

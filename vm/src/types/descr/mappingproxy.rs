//! `mappingproxy`: a read-only view of a mapping; what `type.__dict__` gives.

use crate::PyResult;
use crate::exc;
use crate::object::alloc::new_exact;
use crate::object::{CompareOp, ObjRef, PyObject, PyStruct, PyTypeObject, Ref, flags};
use crate::protocol::{call, mapping, number, object, sequence};
use crate::runtime::recursion;
use crate::types::dict::PyDict;
use crate::types::str::{PyStr, StrBuilder};
use rpy_derive::{pyclass, pymethods};

/// Read-only proxy of a mapping.
#[pyclass(name = "mappingproxy", symbol = "PyDictProxy_Type", gc, flags(MAPPING))]
#[repr(C)]
pub struct PyMappingProxy {
    pub ob_base: PyObject,
    pub mapping: Ref<PyObject>,
}

impl PyMappingProxy {
    /// `PyDictProxy_New`: a view of `mapping`.
    pub fn new(mapping: &PyObject) -> PyResult<Ref<PyMappingProxy>> {
        let ty = mapping.ty();
        if !mapping::check(mapping) || ty.has_flag(flags::LIST_SUBCLASS | flags::TUPLE_SUBCLASS) {
            return Err(exc::type_error(format!("mappingproxy() argument must be a mapping, not {}", ty.full_name())));
        }
        Ok(PyMappingProxy::new_unchecked(mapping.new_ref()))
    }

    /// A view of what is known to be a mapping.
    pub fn new_unchecked(mapping: ObjRef) -> Ref<PyMappingProxy> {
        new_exact(PyMappingProxy { ob_base: PyObject::placeholder(), mapping })
    }

    /// Calls a method of the mapping, which may be a proxy itself.
    fn ask(&self, method: &PyStr, args: &[&PyObject]) -> PyResult {
        recursion::check("")?;
        call::call_method(&self.mapping, method, args)
    }

    /// The mapping behind an operand that may be a proxy.
    fn unwrap(operand: &PyObject) -> ObjRef {
        match operand.downcast_ref::<PyMappingProxy>() {
            Some(proxy) => proxy.mapping.clone(),
            None => operand.new_ref(),
        }
    }
}

#[pymethods]
impl PyMappingProxy {
    #[pynew(sig = "(mapping)")]
    fn py_new(_cls: &PyTypeObject, mapping: &PyObject) -> PyResult {
        Ok(PyMappingProxy::new(mapping)?.into_obj())
    }

    #[slot]
    fn mp_length(&self) -> PyResult<usize> {
        recursion::check("")?;
        object::size(&self.mapping)
    }

    #[slot]
    fn mp_subscript(&self, key: &PyObject) -> PyResult {
        recursion::check("")?;
        object::get_item(&self.mapping, key)
    }

    #[slot]
    fn sq_contains(&self, key: &PyObject) -> PyResult<bool> {
        match self.mapping.downcast_exact::<PyDict>() {
            Some(dict) => dict.contains(key),
            None => {
                recursion::check("")?;
                sequence::contains(&self.mapping, key)
            }
        }
    }

    #[slot]
    fn nb_or(a: &PyObject, b: &PyObject) -> PyResult {
        recursion::check("")?;
        number::or(&PyMappingProxy::unwrap(a), &PyMappingProxy::unwrap(b))
    }

    #[slot]
    fn nb_inplace_or(&self, _other: &PyObject) -> PyResult {
        Err(exc::type_error(format!("'|=' is not supported by {}; use '|' instead", self.as_object().ty().full_name())))
    }

    #[slot]
    fn tp_iter(&self) -> PyResult {
        recursion::check("")?;
        object::get_iter(&self.mapping)
    }

    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        recursion::check("")?;
        object::hash(&self.mapping)
    }

    #[slot]
    fn tp_str(&self) -> PyResult<Ref<PyStr>> {
        object::str(&self.mapping)
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        let mut text = StrBuilder::new();
        text.push_str("mappingproxy(");
        text.push_py(&*object::repr(&self.mapping)?);
        text.push_str(")");
        Ok(text.finish())
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
        object::rich_compare(&self.mapping, other, op)
    }

    /// Return the value for key if key is in the mapping, else default.
    #[pymethod(sig = "(key, default=None, /)")]
    fn get(&self, key: &PyObject, default: Option<&PyObject>) -> PyResult {
        let default = default.unwrap_or(crate::none_ref());
        self.ask(intern!("get"), &[key, default])
    }

    /// a set-like object providing a view on D's keys
    #[pymethod]
    fn keys(&self) -> PyResult {
        self.ask(intern!("keys"), &[])
    }

    /// an object providing a view on D's values
    #[pymethod]
    fn values(&self) -> PyResult {
        self.ask(intern!("values"), &[])
    }

    /// a set-like object providing a view on D's items
    #[pymethod]
    fn items(&self) -> PyResult {
        self.ask(intern!("items"), &[])
    }

    /// a shallow copy of D
    #[pymethod]
    fn copy(&self) -> PyResult {
        self.ask(intern!("copy"), &[])
    }

    /// See PEP 585
    #[pyclassmethod]
    fn __class_getitem__(cls: &PyTypeObject, item: &PyObject) -> PyResult {
        crate::types::generic_alias::class_getitem(cls, item)
    }

    /// D.__reversed__() -> reverse iterator
    #[pymethod]
    fn __reversed__(&self) -> PyResult {
        self.ask(intern!("__reversed__"), &[])
    }
}

/// A `mappingproxy` of a type's dict.
pub fn of_type_dict(ty: &PyTypeObject) -> ObjRef {
    match ty.tp_dict.get() {
        Some(dict) => PyMappingProxy::new_unchecked(dict.into_obj()).into_obj(),
        None => crate::none(),
    }
}

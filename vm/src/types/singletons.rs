//! `None`, `Ellipsis` and `NotImplemented`: bare objects at exported addresses, compared by address.

use crate::err::PyResult;
use crate::object::header::PyObject;
use crate::object::refs::ObjRef;
use crate::object::refs::PyStruct;
use crate::object::typeobj::PyTypeObject;
use rpy_derive::{pyclass, pymethods};

/// The type of `None`.
#[pyclass(name = "NoneType", symbol = "_PyNone_Type")]
#[repr(C)]
pub struct PyNone {
    pub ob_base: PyObject,
}

#[pymethods]
impl PyNone {
    #[slot]
    fn tp_repr(&self) -> PyResult<ObjRef> {
        Ok(crate::intern!("None").to_obj())
    }
    #[slot]
    fn nb_bool(&self) -> PyResult<bool> {
        Ok(false)
    }
    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        Ok(0xfca86420)
    }
    #[pynew(sig = "()")]
    fn py_new(_cls: &PyTypeObject) -> PyResult<ObjRef> {
        Ok(crate::none())
    }
}

/// The type of `...`.
#[pyclass(name = "ellipsis", symbol = "PyEllipsis_Type")]
#[repr(C)]
pub struct PyEllipsis {
    pub ob_base: PyObject,
}

#[pymethods]
impl PyEllipsis {
    #[slot]
    fn tp_repr(&self) -> PyResult<ObjRef> {
        Ok(crate::intern!("Ellipsis").to_obj())
    }
    #[pynew(sig = "()")]
    fn py_new(_cls: &PyTypeObject) -> PyResult<ObjRef> {
        Ok(crate::ellipsis())
    }
    #[pymethod]
    fn __reduce__(&self) -> PyResult<ObjRef> {
        Ok(crate::intern!("Ellipsis").to_obj())
    }
}

/// The type of `NotImplemented`.
#[pyclass(name = "NotImplementedType", symbol = "_PyNotImplemented_Type")]
#[repr(C)]
pub struct PyNotImplemented {
    pub ob_base: PyObject,
}

#[pymethods]
impl PyNotImplemented {
    #[slot]
    fn tp_repr(&self) -> PyResult<ObjRef> {
        Ok(crate::intern!("NotImplemented").to_obj())
    }
    #[slot]
    fn nb_bool(&self) -> PyResult<bool> {
        Err(crate::exc::type_error("NotImplemented should not be used in a boolean context"))
    }
    #[pynew(sig = "()")]
    fn py_new(_cls: &PyTypeObject) -> PyResult<ObjRef> {
        Ok(crate::not_implemented())
    }
    #[pymethod]
    fn __reduce__(&self) -> PyResult<ObjRef> {
        Ok(crate::intern!("NotImplemented").to_obj())
    }
}

/// `None`.
#[unsafe(export_name = "_Py_NoneStruct")]
pub static NONE: PyObject = PyObject::new_static(&raw const _PyNone_Type);
/// `...`.
#[unsafe(export_name = "_Py_EllipsisObject")]
pub static ELLIPSIS: PyObject = PyObject::new_static(&raw const PyEllipsis_Type);
/// `NotImplemented`.
#[unsafe(export_name = "_Py_NotImplementedStruct")]
pub static NOT_IMPLEMENTED: PyObject = PyObject::new_static(&raw const _PyNotImplemented_Type);

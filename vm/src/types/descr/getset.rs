//! `getset_descriptor`: attributes computed by C functions.

use core::cell::Cell;

use crate::PyResult;
use crate::exc;
use crate::object::alloc::new_exact;
use crate::object::defs::PyGetSetDef;
use crate::object::{ObjRef, OptRef, PyObject, PyStruct, PyTypeObject, Ref};
use crate::types::str::PyStr;
use rpy_derive::{pyclass, pymethods};

use super::PyDescr;
use super::doc::{c_text, doc_of, text_or_none};

/// A computed attribute of a built-in type.
#[pyclass(name = "getset_descriptor", symbol = "PyGetSetDescr_Type", gc, no_new)]
#[repr(C)]
pub struct PyGetSetDescr {
    pub ob_base: PyObject,
    #[pymember(readonly, name = "__objclass__", object)]
    pub d_type: Ref<PyTypeObject>,
    #[pymember(readonly, name = "__name__", object)]
    pub d_name: Ref<PyStr>,
    pub d_qualname: OptRef,
    #[pytraverse(skip)]
    pub d_getset: Cell<*const PyGetSetDef>,
}

/// `PyDescr_NewGetSet`.
///
/// # Safety
/// `def` outlives the type.
pub unsafe fn new_getset(ty: &PyTypeObject, def: *const PyGetSetDef) -> PyResult {
    // SAFETY: the caller's promise.
    let name = unsafe { c_text((*def).name).unwrap_or("?") };
    Ok(new_exact(PyGetSetDescr {
        ob_base: PyObject::placeholder(),
        d_type: ty.to_ref(),
        d_name: PyStr::intern(PyStr::new(name)),
        d_qualname: OptRef::NULL,
        d_getset: Cell::new(def),
    })
    .into_obj())
}

impl PyGetSetDescr {
    fn common(&self) -> &PyDescr {
        // SAFETY: the same first fields.
        unsafe { self.as_object().cast_unchecked_ref() }
    }

    /// The definition.
    pub fn def(&self) -> &PyGetSetDef {
        // SAFETY: definitions outlive their types.
        unsafe { &*self.d_getset.get() }
    }
}

#[pymethods]
impl PyGetSetDescr {
    #[slot]
    fn tp_repr(&self) -> Ref<PyStr> {
        self.common().repr("attribute")
    }

    #[slot]
    fn tp_descr_get(&self, obj: Option<&PyObject>, _cls: Option<&PyObject>) -> PyResult {
        let Some(obj) = obj else {
            return Ok(self.to_obj());
        };
        self.common().check(obj)?;
        let def = self.def();
        match def.get {
            // SAFETY: the getter of a type that `obj` is an instance of.
            Some(get) => unsafe { ObjRef::from_c_result(get(obj.as_ptr(), def.closure)) },
            None => Err(exc::attribute_error_msg(format!(
                "attribute '{}' of '{}' objects is not readable",
                self.common().name(),
                self.d_type.full_name()
            ))),
        }
    }

    #[slot]
    fn tp_descr_set(&self, obj: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        self.common().check(obj)?;
        let def = self.def();
        let Some(set) = def.set else {
            return Err(exc::attribute_error_msg(format!(
                "attribute '{}' of '{}' objects is not writable",
                self.common().name(),
                self.d_type.full_name()
            )));
        };
        let value = value.map_or(core::ptr::null_mut(), PyObject::as_ptr);
        // SAFETY: the setter of a type that `obj` is an instance of.
        if unsafe { set(obj.as_ptr(), value, def.closure) } == 0 {
            Ok(())
        } else {
            Err(crate::err::PyErr::fetch_or_system_error())
        }
    }

    #[pygetset]
    fn __doc__(&self) -> ObjRef {
        // SAFETY: the texts of a definition live as long as it.
        unsafe {
            let name = c_text(self.def().name).unwrap_or("");
            text_or_none(c_text(self.def().doc.get()).and_then(|doc| doc_of(name, doc)))
        }
    }

    #[pygetset]
    fn __qualname__(&self) -> PyResult {
        self.common().qualname()
    }
}

//! The descriptors that `namedtuple` classes have for their fields.

use rpy_vm::object::{OptRef, PyClass, PyStruct};
use rpy_vm::protocol::object as protocol;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, PyTypeObject, exc, pyclass, pymethods};

/// Reads one item of a tuple as an attribute.
#[pyclass(name = "_tuplegetter", module = "collections", gc)]
#[repr(C)]
pub struct PyTupleGetter {
    pub ob_base: PyObject,
    #[pytraverse(skip)]
    index: isize,
    #[pymember(name = "__doc__", object)]
    doc: OptRef,
}

#[pymethods]
impl PyTupleGetter {
    #[pynew(sig = "(index, doc, /)")]
    fn py_new(cls: &PyTypeObject, index: isize, doc: &PyObject) -> PyResult {
        let this = PyTupleGetter { ob_base: PyObject::placeholder(), index, doc: OptRef::some(doc.new_ref()) };
        Ok(rpy_vm::object::alloc::new_in(cls, this)?.into_obj())
    }

    #[slot]
    fn tp_descr_get(&self, object: Option<&PyObject>, _cls: Option<&PyObject>) -> PyResult {
        let Some(object) = object.filter(|object| !rpy_vm::is_none(object)) else {
            return Ok(self.to_obj());
        };
        let Some(tuple) = object.downcast_ref::<PyTuple>() else {
            return Err(exc::type_error(format!(
                "descriptor for index '{}' for tuple subclasses doesn't apply to '{}' object",
                self.index,
                object.ty().name()
            )));
        };
        match usize::try_from(self.index).ok().and_then(|index| tuple.get(index)) {
            Some(item) => Ok(item.new_ref()),
            None => Err(exc::index_error("tuple index out of range")),
        }
    }

    #[slot]
    fn tp_descr_set(&self, _object: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        Err(exc::attribute_error_msg(if value.is_some() { "can't set attribute" } else { "can't delete attribute" }))
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<String> {
        let doc = self.doc.get().unwrap_or_else(rpy_vm::none);
        Ok(format!("_tuplegetter({}, {})", self.index, protocol::repr(&doc)?.to_string_lossy()))
    }

    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> ObjRef {
        let args = PyTuple::from_array([
            PyInt::from_isize(self.index).into_obj(),
            self.doc.get().unwrap_or_else(rpy_vm::none),
        ]);
        PyTuple::from_array([PyTupleGetter::type_object().to_obj(), args.into_obj()]).into_obj()
    }
}

//! The key objects of `functools.cmp_to_key`.

use rpy_vm::object::slots::CompareOp;
use rpy_vm::object::{OptRef, PyStruct, Ref, alloc};
use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::types::int::PyInt;
use rpy_vm::{PyObject, PyResult, exc, pyclass, pymethods};

/// Wraps an object so that it is compared by a function; without an object, makes such wrappers.
#[pyclass(name = "KeyWrapper", module = "functools", no_new, gc)]
#[repr(C)]
pub struct PyKeyWrapper {
    pub ob_base: PyObject,
    cmp: OptRef,
    /// Value wrapped by a key function.
    #[pymember(name = "obj", object)]
    object: OptRef,
}

impl PyKeyWrapper {
    pub fn of_function(cmp: &PyObject) -> Ref<PyKeyWrapper> {
        alloc::new_exact(PyKeyWrapper {
            ob_base: PyObject::placeholder(),
            cmp: OptRef::some(cmp.new_ref()),
            object: OptRef::NULL,
        })
    }
}

#[pymethods]
impl PyKeyWrapper {
    #[pygetset]
    fn __text_signature__(&self) -> &'static str {
        "(obj)"
    }

    #[pycall(sig = "($self, /, obj)")]
    fn py_call(&self, obj: &PyObject) -> PyResult {
        Ok(alloc::new_exact(PyKeyWrapper {
            ob_base: PyObject::placeholder(),
            cmp: OptRef::new(self.cmp.get()),
            object: OptRef::some(obj.new_ref()),
        })
        .into_obj())
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
        let Some(other) = other.downcast_exact::<PyKeyWrapper>() else {
            return Err(exc::type_error("other argument must be K instance"));
        };
        let (Some(x), Some(y), Some(cmp)) = (self.object.get(), other.object.get(), self.cmp.get()) else {
            return Err(exc::attribute_error_msg("object"));
        };
        let order = call::call(&cmp, &[&x, &y])?;
        protocol::rich_compare(&order, PyInt::zero().as_object(), op)
    }
}

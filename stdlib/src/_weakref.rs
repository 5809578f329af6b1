//! `_weakref`: weak references and proxies. The types are `rpy_vm::types::weakref`.

use rpy_derive::pymodule;

/// Weak-reference support module.
#[pymodule(name = "_weakref")]
pub mod _weakref {
    use rpy_vm::types::dict::PyDict;
    use rpy_vm::types::weakref::{self, PyCallableProxy, PyProxy, PyWeakRef};
    use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct};

    #[pyattr(name = "ref")]
    fn ref_() -> ObjRef {
        PyWeakRef::type_object().to_obj()
    }

    #[pyattr(name = "ReferenceType")]
    fn reference_type() -> ObjRef {
        PyWeakRef::type_object().to_obj()
    }

    #[pyattr(name = "ProxyType")]
    fn proxy_type() -> ObjRef {
        PyProxy::type_object().to_obj()
    }

    #[pyattr(name = "CallableProxyType")]
    fn callable_proxy_type() -> ObjRef {
        PyCallableProxy::type_object().to_obj()
    }

    /// Return the number of weak references to 'object'.
    #[pyfunction(sig = "(object, /)")]
    fn getweakrefcount(object: &PyObject) -> usize {
        weakref::weakref_count(object)
    }

    /// Return a list of all weak reference objects pointing to 'object'.
    #[pyfunction(sig = "(object, /)")]
    fn getweakrefs(object: &PyObject) -> Vec<ObjRef> {
        weakref::weakrefs_of(object)
    }

    /// Create a proxy object that weakly references 'object'.
    ///
    /// 'callback', if given, is called with a reference to the
    /// proxy when 'object' is about to be finalized.
    #[pyfunction(sig = "(object, callback=None, /)")]
    fn proxy(object: &PyObject, callback: Option<&PyObject>) -> PyResult<ObjRef> {
        weakref::new_proxy(object, callback)
    }

    /// Atomically remove key from dict if it points to a dead weakref.
    #[pyfunction(sig = "(dct, key, /)")]
    fn _remove_dead_weakref(dct: &PyDict, key: &PyObject) -> PyResult<()> {
        weakref::remove_dead_weakref(dct, key)
    }
}

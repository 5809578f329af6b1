//! `_contextvars`: the types live in the VM, because each thread has a context.

/// Context Variables
#[rpy_derive::pymodule(name = "_contextvars")]
pub mod contextvars_ {
    use rpy_vm::object::PyStruct;
    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::runtime::context::{self, PyContext, PyContextToken, PyContextVar, PyTokenMissing};
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::type_::ready::ensure_ready;
    use rpy_vm::{ObjRef, PyClass, PyResult, exc, intern};

    #[pyfunction]
    fn copy_context() -> ObjRef {
        context::copy_current().into_obj()
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        add_class::<PyContext>(module)?;
        add_class::<PyContextVar>(module)?;
        add_class::<PyContextToken>(module)?;
        ensure_ready(PyTokenMissing::type_object())?;
        let token = PyContextToken::type_object();
        match token.tp_dict.get() {
            Some(dict) => dict.set_item(intern!("MISSING").as_object(), &context::token_missing())?,
            None => return Err(exc::system_error("type without dict")),
        }
        token.modified();
        Ok(())
    }
}

pub use contextvars_::MODULE;

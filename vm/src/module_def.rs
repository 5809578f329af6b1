//! Built-in modules: what the `#[pymodule]` macro makes, and how a module object is made from it.

use core::ffi::CStr;

use crate::err::PyResult;
use crate::object::defs::PyMethodDef;
use crate::object::{PyStruct, Ref};
use crate::types::builtin_function::new_cfunction;
use crate::types::module::PyModule;
use crate::types::str::PyStr;

/// A module written in Rust.
pub struct BuiltinModule {
    /// The dotted name.
    pub name: &'static CStr,
    /// `__doc__`; empty for none.
    pub doc: &'static CStr,
    /// Functions, ended by [`PyMethodDef::END`].
    pub functions: &'static [PyMethodDef],
    /// Adds attributes and classes.
    pub exec: fn(&PyModule) -> PyResult<()>,
}

impl BuiltinModule {
    /// The name as text.
    pub fn name(&self) -> &'static str {
        self.name.to_str().unwrap_or("?")
    }

    /// A module object with its functions, before `exec`.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn create(&self) -> PyResult<Ref<PyModule>> {
        let module = PyModule::new(self.name());
        if !self.doc.is_empty() {
            module.dict().set_name("__doc__", PyStr::new(&self.doc.to_string_lossy()).into_obj());
        }
        self.add_functions(&module)?;
        Ok(module)
    }

    /// Adds the functions to a module.
    pub fn add_functions(&self, module: &PyModule) -> PyResult<()> {
        add_functions(module, self.functions)
    }
}

/// Adds the functions of a table that ends with [`PyMethodDef::END`].
pub fn add_functions(module: &PyModule, functions: &'static [PyMethodDef]) -> PyResult<()> {
    let module_name = module.dict().get_name("__name__");
    for def in functions {
        if def.ml_name.is_null() {
            break;
        }
        // SAFETY: method names are NUL-terminated constants.
        let name = unsafe { CStr::from_ptr(def.ml_name) };
        let name = PyStr::intern(PyStr::new(&name.to_string_lossy()));
        let function = new_cfunction(def, Some(module.as_object()), module_name.as_deref())?;
        module.dict().set_str(&name, &function)?;
    }
    Ok(())
}

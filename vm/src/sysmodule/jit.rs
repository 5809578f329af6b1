//! `sys._jit`: what the program may ask about the JIT.

use rpy_derive::pymodule;

use crate::err::PyResult;
use crate::object::ObjRef;

/// Makes the namespace.
pub fn create() -> PyResult<ObjRef> {
    let module = jit::MODULE.create()?;
    (jit::MODULE.exec)(&module)?;
    Ok(module.into_obj())
}

/// CPython's just-in-time compiler interface; answered for this interpreter's own compiler.
#[pymodule(name = "sys._jit")]
pub mod jit {
    /// Return True if the current Python executable supports JIT compilation,
    /// and False otherwise.
    #[pyfunction]
    fn is_available() -> bool {
        crate::jit_hooks::is_installed()
    }

    /// Return True if JIT compilation is enabled for the current Python process
    /// (implies sys._jit.is_available()), and False otherwise.
    #[pyfunction]
    fn is_enabled() -> bool {
        crate::jit_hooks::is_enabled()
    }

    /// Return True if the topmost Python frame is currently executing JIT code
    /// (implies sys._jit.is_enabled()), and False otherwise.
    #[pyfunction]
    fn is_active() -> bool {
        false
    }
}

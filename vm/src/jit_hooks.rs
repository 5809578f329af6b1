//! All that the VM knows of a JIT.
//!
//! The JIT crate installs an implementation of [`Jit`] at start-up. Without one, every hook is a test of a null pointer
//! on a cold path; the eval loop's ordinary instantiation calls none of them.

use std::sync::OnceLock;

use crate::types::code::PyCode;
use crate::types::function::PyFunction;

/// What a JIT is told.
pub trait Jit: Sync {
    /// A code object is going away: traces of it must go, too.
    fn code_destroyed(&self, code: &PyCode);
    /// A function's code, defaults or closure changed.
    fn function_changed(&self, function: &PyFunction);
}

static JIT: OnceLock<&'static dyn Jit> = OnceLock::new();

/// Installs the JIT; the first one stays.
pub fn install(jit: &'static dyn Jit) {
    // A second installation has no effect, by definition of the function.
    let _ = JIT.set(jit);
}

/// See [`Jit::code_destroyed`]. Only code that the JIT has marked is reported.
#[inline]
pub fn code_destroyed(code: &PyCode) {
    if !code.co_executors.get().is_null()
        && let Some(jit) = JIT.get()
    {
        jit.code_destroyed(code);
    }
}

/// See [`Jit::function_changed`].
#[inline]
pub fn function_changed(function: &PyFunction) {
    if let Some(jit) = JIT.get() {
        jit.function_changed(function);
    }
}

/// Is there a JIT?
pub fn is_installed() -> bool {
    JIT.get().is_some()
}

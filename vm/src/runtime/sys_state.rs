//! The interpreter's own references to `sys`, `builtins` and `sys.modules`, valid whatever Python code does to the names.

use crate::err::PyResult;
use crate::exc;
use crate::object::{ObjRef, OptRef, PyObject, PyStruct};
use crate::types::dict::PyDict;
use crate::types::module::PyModule;

static SYS: OptRef<PyModule> = OptRef::NULL;
static BUILTINS: OptRef<PyModule> = OptRef::NULL;
static MODULES: OptRef<PyDict> = OptRef::NULL;

/// Remembers the modules; called once at start-up.
pub fn install(sys: &PyModule, builtins: &PyModule, modules: &PyDict) {
    SYS.set(Some(sys.to_ref()));
    BUILTINS.set(Some(builtins.to_ref()));
    MODULES.set(Some(modules.to_ref()));
}

/// The `sys` module, once it exists.
pub fn sys_module() -> Option<&'static PyModule> {
    // The static owns a reference for the life of the process (`finalize` only clears the dict).
    SYS.peek()
}

/// The `builtins` module, once it exists.
pub fn builtins_module() -> Option<&'static PyModule> {
    BUILTINS.peek()
}

/// The dict of the `builtins` module.
///
/// # Errors
/// `SystemError` before start-up.
pub fn builtins_dict() -> PyResult<&'static PyDict> {
    match BUILTINS.peek() {
        Some(module) => Ok(module.dict()),
        None => Err(exc::system_error("builtins is not there yet")),
    }
}

/// `sys.modules` as the import system uses it.
pub fn modules() -> PyResult<&'static PyDict> {
    match MODULES.peek() {
        Some(modules) => Ok(modules),
        None => Err(exc::system_error("unable to get sys.modules")),
    }
}

/// `sys.<name>`, if it is set.
pub fn get(name: &str) -> Option<ObjRef> {
    SYS.peek()?.dict().get_name(name)
}

/// Sets `sys.<name>`.
pub fn set(name: &str, value: ObjRef) {
    if let Some(sys) = SYS.peek() {
        sys.dict().set_name(name, value);
    }
}

/// Removes `sys.<name>`.
pub fn del(name: &str) {
    if let Some(sys) = SYS.peek() {
        sys.dict().del_str(&crate::types::str::PyStr::new(name));
    }
}

/// `sys.<name>`, unless it is missing or None.
pub fn get_not_none(name: &str) -> Option<ObjRef> {
    get(name).filter(|value| !crate::is_none(value))
}

/// Is the object one of the interpreter's own modules?
pub fn is_sys(object: &PyObject) -> bool {
    SYS.peek().is_some_and(|sys| sys.as_object().is(object))
}

/// Writes a Python string to `sys.stderr` as it is, for reports that must not raise. False if that failed.
pub fn write_stderr_object(text: &PyObject) -> bool {
    let Some(file) = get_not_none("stderr") else { return false };
    crate::protocol::call::call_method(&file, crate::intern!("write"), &[text]).is_ok()
}

/// Writes text to `sys.stderr`, or to the process's error output if that fails. For reports that must not raise.
pub fn write_stderr(text: &str) {
    if let Some(file) = get_not_none("stderr") {
        let text = crate::types::str::PyStr::new(text);
        if crate::protocol::call::call_method(&file, crate::intern!("write"), &[text.as_object()]).is_ok() {
            return;
        }
    }
    use std::io::Write;
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Flushes `sys.stdout` and `sys.stderr`; gives false if that failed.
pub fn flush_std_files() -> bool {
    let mut ok = true;
    for name in ["stdout", "stderr"] {
        let Some(file) = get_not_none(name) else { continue };
        let closed = match crate::protocol::object::getattr_opt(&file, crate::intern!("closed")) {
            Ok(Some(closed)) => crate::protocol::object::is_true(&closed).unwrap_or(false),
            _ => false,
        };
        if closed {
            continue;
        }
        if let Err(e) = crate::protocol::call::call_method(&file, crate::intern!("flush"), &[]) {
            if name == "stdout" {
                let message = Some("Exception ignored while flushing sys.stdout");
                crate::runtime::unraisable::write_unraisable(e, message, None);
            }
            ok = false;
        }
    }
    ok
}

//! Audit events (PEP 578): hooks of C code, and those that `sys.addaudithook` adds.

use core::cell::RefCell;
use core::ffi::{c_char, c_int, c_void};
use std::ffi::CString;

use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::{ObjRef, PyObject, PyStruct, PyTypeObject};
use crate::runtime::thread;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// `Py_AuditHookFunction`: the name of the event, the tuple of arguments, the hook's own data. Negative: an exception is set.
pub type CHook = unsafe extern "C-unwind" fn(*const c_char, *mut PyObject, *mut c_void) -> c_int;

#[derive(Clone)]
enum Hook {
    C(CHook, *mut c_void),
    Python(ObjRef),
}

struct Hooks(RefCell<Vec<Hook>>);
// SAFETY: touched under the GIL only.
unsafe impl Sync for Hooks {}

/// Those of C code first, each kind in the order in which the hooks were added.
static HOOKS: Hooks = Hooks(RefCell::new(Vec::new()));

/// Is anybody listening? Callers whose arguments are costly to make ask first.
#[inline]
pub fn active() -> bool {
    !HOOKS.0.borrow().is_empty()
}

/// Asks the hooks already there about a new one: false if one refuses, with an exception of the class `silent`.
///
/// # Errors
/// Other exceptions.
fn is_welcome(silent: &PyTypeObject) -> PyResult<bool> {
    match audit("sys.addaudithook", &[]) {
        Ok(()) => Ok(true),
        Err(e) if e.matches(silent) => Ok(false),
        Err(e) => Err(e),
    }
}

/// `PySys_AddAuditHook`. A `RuntimeError` from one of the hooks already there refuses the new one silently.
///
/// # Errors
/// Other exceptions.
pub fn add_c_hook(hook: CHook, data: *mut c_void) -> PyResult<()> {
    if is_welcome(exc::RuntimeError())? {
        let mut hooks = HOOKS.0.borrow_mut();
        let place = hooks.iter().position(|hook| matches!(hook, Hook::Python(_))).unwrap_or(hooks.len());
        hooks.insert(place, Hook::C(hook, data));
    }
    Ok(())
}

/// `sys.addaudithook`. An `Exception` from one of the hooks already there refuses the new one silently.
///
/// # Errors
/// Exceptions that are no `Exception`.
pub fn add_hook(hook: &PyObject) -> PyResult<()> {
    if is_welcome(exc::Exception())? {
        HOOKS.0.borrow_mut().push(Hook::Python(hook.new_ref()));
    }
    Ok(())
}

/// Raises an audit event.
///
/// # Errors
/// What a hook raises.
pub fn audit(event: &str, args: &[&PyObject]) -> PyResult<()> {
    if !active() {
        return Ok(());
    }
    audit_tuple(&PyStr::new(event), &PyTuple::from_slice(args))
}

/// As [`audit`], with Python objects for the event name and the tuple of arguments. An exception that C code left pending survives hooks
/// that agree.
pub fn audit_tuple(event: &PyStr, args: &PyTuple) -> PyResult<()> {
    let pending = PyErr::fetch();
    let hooks = HOOKS.0.borrow().clone();
    for hook in &hooks {
        match hook {
            Hook::C(hook, data) => call_c_hook(*hook, *data, event, args)?,
            Hook::Python(hook) => call_hook(hook, event, args)?,
        }
    }
    if let Some(pending) = pending {
        pending.restore();
    }
    Ok(())
}

fn call_c_hook(hook: CHook, data: *mut c_void, event: &PyStr, args: &PyTuple) -> PyResult<()> {
    let name = CString::new(event.as_utf8()?).map_err(|_| exc::value_error("embedded null character"))?;
    // SAFETY: a function of this type, as its owner promised; the arguments are live.
    if unsafe { hook(name.as_ptr(), args.as_object().as_ptr(), data) } < 0 {
        let unsaid = || exc::system_error("audit hook failed without setting an exception");
        return Err(PyErr::fetch().unwrap_or_else(unsaid));
    }
    Ok(())
}

fn call_hook(hook: &PyObject, event: &PyStr, args: &PyTuple) -> PyResult<()> {
    let state = thread::current();
    // Tracing is off inside hooks unless they ask for it.
    let can_trace = match crate::protocol::object::getattr_opt(hook, crate::intern!("__cantrace__"))? {
        Some(flag) => crate::protocol::object::is_true(&flag)?,
        None => false,
    };
    if !can_trace {
        state.tracing.set(state.tracing.get() + 1);
    }
    let result = crate::protocol::call::call(hook, &[event.as_object(), args.as_object()]);
    if !can_trace {
        state.tracing.set(state.tracing.get() - 1);
    }
    result.map(drop)
}

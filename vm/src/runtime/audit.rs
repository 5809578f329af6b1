//! Audit events (PEP 578): the hooks added by `sys.addaudithook`, called in the order they were added.

use core::cell::RefCell;
use core::ffi::{c_char, c_int, c_void};
use std::ffi::CString;

use crate::err::{PyErr, PyResult};
use crate::object::{ObjRef, PyObject, PyStruct};
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

struct Hooks(RefCell<Vec<ObjRef>>);
// SAFETY: touched under the GIL only.
unsafe impl Sync for Hooks {}

static HOOKS: Hooks = Hooks(RefCell::new(Vec::new()));

/// `Py_AuditHookFunction`: the name of the event, the tuple of arguments, the hook's own data. Not 0: an exception is set.
pub type CHook = unsafe extern "C-unwind" fn(*const c_char, *mut PyObject, *mut c_void) -> c_int;

struct CHooks(RefCell<Vec<(CHook, *mut c_void)>>);
// SAFETY: touched under the GIL only.
unsafe impl Sync for CHooks {}

/// The hooks of C code, which hear of events before all others.
static C_HOOKS: CHooks = CHooks(RefCell::new(Vec::new()));

/// Is anybody listening? Callers whose arguments are costly to make ask first.
#[inline]
pub fn active() -> bool {
    !HOOKS.0.borrow().is_empty() || !C_HOOKS.0.borrow().is_empty()
}

/// `PySys_AddAuditHook`. A `RuntimeError` from one of the hooks already there refuses the new one silently.
///
/// # Errors
/// Other exceptions.
pub fn add_c_hook(hook: CHook, data: *mut c_void) -> PyResult<()> {
    match audit("sys.addaudithook", &[]) {
        Ok(()) => {}
        Err(e) if e.matches(crate::exc::RuntimeError()) => return Ok(()),
        Err(e) => return Err(e),
    }
    C_HOOKS.0.borrow_mut().push((hook, data));
    Ok(())
}

fn call_c_hooks(event: &PyObject, args: &PyObject) -> PyResult<()> {
    let hooks = C_HOOKS.0.borrow().clone();
    if hooks.is_empty() {
        return Ok(());
    }
    let Some(event) = event.downcast_ref::<PyStr>() else { return Ok(()) };
    let Ok(name) = CString::new(event.as_utf8()?) else {
        return Err(crate::exc::value_error("embedded null character"));
    };
    for (hook, data) in hooks {
        // SAFETY: a function of this type, as its owner promised; the arguments are live.
        if unsafe { hook(name.as_ptr(), args.as_ptr(), data) } != 0 {
            return Err(PyErr::fetch()
                .unwrap_or_else(|| crate::exc::system_error("audit hook failed without setting an exception")));
        }
    }
    Ok(())
}

/// Adds a hook, after asking those already there. An `Exception` from one of them refuses the new hook silently.
///
/// # Errors
/// Exceptions that are no `Exception`.
pub fn add_hook(hook: &PyObject) -> PyResult<()> {
    match audit("sys.addaudithook", &[]) {
        Ok(()) => {}
        Err(e) if e.matches(crate::exc::Exception()) => return Ok(()),
        Err(e) => return Err(e),
    }
    HOOKS.0.borrow_mut().push(hook.new_ref());
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
    audit_tuple(PyStr::new(event).as_object(), PyTuple::from_slice(args).as_object())
}

/// As [`audit`], with Python objects for the event name and the tuple of arguments.
pub fn audit_tuple(event: &PyObject, args: &PyObject) -> PyResult<()> {
    call_c_hooks(event, args)?;
    let hooks: Vec<ObjRef> = HOOKS.0.borrow().clone();
    for hook in hooks {
        let state = crate::runtime::thread::current();
        // Tracing is off inside hooks unless they ask for it.
        let can_trace = match crate::protocol::object::getattr_opt(&hook, crate::intern!("__cantrace__"))? {
            Some(flag) => crate::protocol::object::is_true(&flag)?,
            None => false,
        };
        if !can_trace {
            state.tracing.set(state.tracing.get() + 1);
        }
        let result = crate::protocol::call::call(&hook, &[event, args]);
        if !can_trace {
            state.tracing.set(state.tracing.get() - 1);
        }
        result?;
    }
    Ok(())
}

/// Drops all hooks at the end of the interpreter.
pub fn clear() {
    let hooks = core::mem::take(&mut *HOOKS.0.borrow_mut());
    drop(hooks);
    C_HOOKS.0.borrow_mut().clear();
}

//! Audit events (PEP 578): the hooks added by `sys.addaudithook`, called in the order they were added.

use core::cell::RefCell;

use crate::err::PyResult;
use crate::object::{ObjRef, PyObject, PyStruct};
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

struct Hooks(RefCell<Vec<ObjRef>>);
// SAFETY: touched under the GIL only.
unsafe impl Sync for Hooks {}

static HOOKS: Hooks = Hooks(RefCell::new(Vec::new()));

/// Is anybody listening? Callers whose arguments are costly to make ask first.
#[inline]
pub fn active() -> bool {
    !HOOKS.0.borrow().is_empty()
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
}

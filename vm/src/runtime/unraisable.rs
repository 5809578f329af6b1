//! Exceptions that nobody can catch: raised in finalizers, callbacks, at the end of threads. They go to
//! `sys.unraisablehook`.

use crate::err::PyErr;
use crate::object::{ObjRef, PyObject, PyStruct};
use crate::protocol::call;
use crate::runtime::{audit, sys_state};
use crate::sysmodule::{hooks, structs};
use crate::types::str::PyStr;

/// Reports an exception. `message` says what was being done; `object` is what it happened in.
pub fn write_unraisable(error: PyErr, message: Option<&str>, object: Option<&PyObject>) {
    let Some(hook) = sys_state::get("unraisablehook") else {
        return fallback(&error, message);
    };
    let Ok(arguments) = arguments(&error, message, object) else {
        return fallback(&error, message);
    };
    let result = audit::audit("sys.unraisablehook", &[&hook, &arguments]).and_then(|()| {
        if crate::is_none(&hook) {
            hooks::unraisablehook(&arguments)
        } else {
            call::call_one(&hook, &arguments).map(drop)
        }
    });
    if let Err(second) = result
        && let Ok(arguments) = self::arguments(&second, Some("Exception ignored in sys.unraisablehook"), Some(&hook))
        && hooks::unraisablehook(&arguments).is_err()
    {
        fallback(&second, None);
    }
}

/// Reports an exception with a message that ends in the repr of an object: `text <function f at …>`.
pub fn write_about(error: PyErr, text: &str, object: &PyObject) {
    match crate::protocol::object::repr(object) {
        Ok(shown) => write_unraisable(error, Some(&format!("{text} {}", shown.to_string_lossy())), None),
        Err(_) => write_unraisable(error, Some(text), Some(object)),
    }
}

/// The hook's argument.
fn arguments(error: &PyErr, message: Option<&str>, object: Option<&PyObject>) -> crate::PyResult<ObjRef> {
    let value = error.value();
    if value.traceback().is_none() {
        value.set_traceback(crate::types::traceback::here());
    }
    structs::UNRAISABLE_ARGS.build(vec![
        error.object().ty().to_obj(),
        value.to_obj(),
        value.traceback().unwrap_or_else(crate::none),
        message.map_or_else(crate::none, |text| PyStr::new(text).into_obj()),
        object.map_or_else(crate::none, PyObject::new_ref),
    ])
}

/// The least that can be said, straight to the process's error output.
fn fallback(error: &PyErr, message: Option<&str>) {
    eprintln!("{}: {}", message.unwrap_or("Exception ignored"), error.object().ty().name());
}

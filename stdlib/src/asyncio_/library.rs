//! What this module needs of `asyncio`'s Python files. The modules import each other while `asyncio` is being imported, so
//! everything is looked up when first needed.

use rpy_vm::object::OptRef;
use rpy_vm::protocol::{call, object as po};
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyStruct, PyTypeObject};

/// A name of a Python module.
pub struct LibraryName {
    module: &'static str,
    name: &'static str,
    value: OptRef,
}

impl LibraryName {
    const fn new(module: &'static str, name: &'static str) -> LibraryName {
        LibraryName { module, name, value: OptRef::NULL }
    }

    /// The object.
    ///
    /// # Errors
    /// What the import raises.
    pub fn get(&self) -> PyResult<ObjRef> {
        if let Some(value) = self.value.get() {
            return Ok(value);
        }
        let module = rpy_vm::import::import_module(self.module)?;
        let value = po::getattr(&module, &PyStr::interned(self.name))?;
        self.value.set(Some(value.clone()));
        Ok(value)
    }
}

pub static CANCELLED_ERROR: LibraryName = LibraryName::new("asyncio.exceptions", "CancelledError");
pub static INVALID_STATE_ERROR: LibraryName = LibraryName::new("asyncio.exceptions", "InvalidStateError");
pub static FUTURE_REPR: LibraryName = LibraryName::new("asyncio.base_futures", "_future_repr");
pub static TASK_REPR: LibraryName = LibraryName::new("asyncio.base_tasks", "_task_repr");
pub static TASK_GET_STACK: LibraryName = LibraryName::new("asyncio.base_tasks", "_task_get_stack");
pub static TASK_PRINT_STACK: LibraryName = LibraryName::new("asyncio.base_tasks", "_task_print_stack");
pub static IS_COROUTINE: LibraryName = LibraryName::new("asyncio.coroutines", "iscoroutine");
pub static EVENT_LOOP_POLICY: LibraryName = LibraryName::new("asyncio.events", "_get_event_loop_policy");
pub static EXTRACT_STACK: LibraryName = LibraryName::new("traceback", "extract_stack");

/// `InvalidStateError(message)`.
#[cold]
pub fn invalid_state(message: String) -> PyErr {
    match INVALID_STATE_ERROR.get().and_then(|class| call::call_one(&class, PyStr::from_string(message).as_object())) {
        Ok(error) => PyErr::from_instance(error),
        Err(e) => e,
    }
}

/// `CancelledError()` or `CancelledError(message)`.
///
/// # Errors
/// What the import or the constructor raises.
pub fn cancelled_error(message: Option<&PyObject>) -> PyResult<ObjRef> {
    let class = CANCELLED_ERROR.get()?;
    match message.filter(|m| !rpy_vm::is_none(m)) {
        Some(message) => call::call_one(&class, message),
        None => call::call_noargs(&class),
    }
}

/// Is it a `CancelledError`?
pub fn is_cancelled_error(object: &PyObject) -> bool {
    CANCELLED_ERROR
        .get()
        .ok()
        .and_then(|class| class.downcast::<PyTypeObject>().ok())
        .is_some_and(|class| object.ty().is_subtype(&class))
}

/// The object's repr for messages.
pub fn repr_text(object: &PyObject) -> PyResult<String> {
    Ok(po::repr(object)?.to_string_lossy().into_owned())
}

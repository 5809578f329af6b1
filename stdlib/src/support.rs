//! Small things several modules share.

use rpy_vm::convert::{ArgCtx, FromArg};
use rpy_vm::protocol::{call, number};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::module::PyModule;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyClass, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, exc, intern};

/// A new exception class `module.name` (`PyErr_NewException`).
///
/// # Errors
/// What making the class raises.
pub fn exception_class(module: &str, name: &str, base: &PyTypeObject) -> PyResult<ObjRef> {
    let bases = PyTuple::from_array([base.to_obj()]);
    let namespace = PyDict::new();
    namespace.set_name("__module__", PyStr::interned(module).into_obj());
    call::call(
        PyTypeObject::type_object().as_object(),
        &[PyStr::interned(name).as_object(), bases.as_object(), namespace.as_object()],
    )
}

/// An exception of a class kept in a static that its module fills in.
pub fn error_of(class: &OptRef, fallback: &PyTypeObject, message: impl Into<String>) -> PyErr {
    match class.peek().and_then(|c| c.downcast_ref::<PyTypeObject>()) {
        Some(class) => PyErr::new(class, message),
        None => PyErr::new(fallback, message),
    }
}

/// As [`error_of`], with any arguments.
pub fn error_with(class: &OptRef, fallback: &PyTypeObject, args: Vec<ObjRef>) -> PyErr {
    match class.peek().and_then(|c| c.downcast_ref::<PyTypeObject>()) {
        Some(class) => PyErr::with_args(class, args),
        None => PyErr::with_args(fallback, args),
    }
}

/// Adds a note to an exception under way (`_PyErr_FormatNote`).
#[cold]
pub fn note(error: PyErr, text: String) -> PyErr {
    let text = PyStr::from_string(text);
    match call::call_method(error.object(), intern!("add_note"), &[text.as_object()]) {
        Ok(_) => error,
        Err(e) => e,
    }
}

/// An `int`.
pub fn int(value: i64) -> ObjRef {
    PyInt::from_i64(value).into_obj()
}

/// A C int as the new argument parser reads it; the words of the error differ.
pub struct CInt(pub i32);

impl<'a> FromArg<'a> for CInt {
    fn from_arg(object: &'a PyObject, _ctx: &ArgCtx) -> PyResult<Self> {
        let value = number::index(object)?;
        value.as_i32().map(CInt).ok_or_else(|| exc::overflow_error("Python int too large to convert to C int"))
    }
}

/// Adds a table of numbers to a module.
///
/// # Errors
/// `MemoryError`.
pub fn add_numbers(module: &PyModule, numbers: &[(&str, i64)]) -> PyResult<()> {
    for &(name, value) in numbers {
        module.add(name, value)?;
    }
    Ok(())
}

/// `[("NAME", libc::NAME as i64), ...]`.
#[macro_export]
macro_rules! libc_numbers {
    ($($name:ident),* $(,)?) => { &[$((stringify!($name), libc::$name as i64)),*] };
}

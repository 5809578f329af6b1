//! Making exceptions: `exc::type_error("…")` for each class, `exc::TypeError()` for the class itself.

use crate::err::PyErr;
use crate::object::{ObjRef, PyObject, PyStruct, PyTypeObject};
use crate::types::exceptions::simple::{PyAttributeError, PyImportError, PyNameError};
use crate::types::int::PyInt;
use crate::types::str::PyStr;

pub use crate::types::exceptions::accessors::*;

macro_rules! constructors {
    ($($fn:ident => $class:ident),* $(,)?) => { $(
        #[doc = concat!("A `", stringify!($class), "` with a message.")]
        #[cold]
        pub fn $fn(msg: impl Into<String>) -> PyErr {
            PyErr::new($class(), msg)
        }
    )* };
}

constructors! {
    base_exception => BaseException, exception => Exception, type_error => TypeError, value_error => ValueError,
    index_error => IndexError, lookup_error => LookupError, overflow_error => OverflowError,
    zero_division_error => ZeroDivisionError, arithmetic_error => ArithmeticError,
    floating_point_error => FloatingPointError, attribute_error_msg => AttributeError, runtime_error => RuntimeError,
    system_error => SystemError, recursion_error => RecursionError, not_implemented_error => NotImplementedError,
    import_error => ImportError, module_not_found_error => ModuleNotFoundError, name_error_msg => NameError,
    unbound_local_error_msg => UnboundLocalError, assertion_error => AssertionError, buffer_error => BufferError,
    eof_error => EOFError, reference_error => ReferenceError, unicode_error => UnicodeError, syntax_error => SyntaxError,
    indentation_error => IndentationError, tab_error => TabError, incomplete_input_error => _IncompleteInputError,
    os_error => OSError, timeout_error => TimeoutError,
    python_finalization_error => PythonFinalizationError, stop_async_iteration_msg => StopAsyncIteration,
    memory_error_msg => MemoryError, key_error_msg => KeyError, generator_exit_msg => GeneratorExit,
    deprecation_warning => DeprecationWarning, user_warning => UserWarning, runtime_warning => RuntimeWarning,
}

/// A `MemoryError` without arguments.
#[cold]
pub fn memory_error() -> PyErr {
    // If only this request was too large, there is memory for a new reserve.
    crate::object::reserve::fill();
    PyErr::with_args(MemoryError(), Vec::new())
}

/// `StopIteration`, carrying a value if there is one.
#[cold]
pub fn stop_iteration(value: Option<ObjRef>) -> PyErr {
    match crate::types::exceptions::new_stop_iteration(value) {
        // SAFETY: StopIteration's layout starts with BaseException's.
        Ok(exception) => PyErr::from_exception(unsafe { exception.cast_unchecked() }),
        Err(e) => e,
    }
}

/// `StopAsyncIteration` without arguments.
#[cold]
pub fn stop_async_iteration() -> PyErr {
    PyErr::with_args(StopAsyncIteration(), Vec::new())
}

/// `GeneratorExit` without arguments.
#[cold]
pub fn generator_exit() -> PyErr {
    PyErr::with_args(GeneratorExit(), Vec::new())
}

/// `KeyboardInterrupt` without arguments.
#[cold]
pub fn keyboard_interrupt() -> PyErr {
    PyErr::with_args(KeyboardInterrupt(), Vec::new())
}

/// `SystemExit(code)`.
#[cold]
pub fn system_exit(code: Option<ObjRef>) -> PyErr {
    PyErr::with_args(SystemExit(), code.into_iter().collect())
}

/// `KeyError(key)`. A tuple as key stays one argument.
#[cold]
pub fn key_error(key: &PyObject) -> PyErr {
    PyErr::with_args(KeyError(), vec![key.new_ref()])
}

/// `AttributeError(msg, name=name, obj=obj)`.
#[cold]
pub fn attribute_error(msg: impl Into<String>, obj: &PyObject, name: &PyObject) -> PyErr {
    let error = attribute_error_msg(msg);
    add_attribute_context(&error, obj, name);
    error
}

/// Fills `obj` and `name` of an `AttributeError` that has neither (for suggestions in tracebacks).
#[cold]
pub fn add_attribute_context(error: &PyErr, obj: &PyObject, name: &PyObject) {
    if let Some(e) = error.object().downcast_ref::<PyAttributeError>()
        && e.obj.is_null()
        && e.name.is_null()
    {
        e.obj.set(Some(obj.new_ref()));
        e.name.set(Some(name.new_ref()));
    }
}

/// `NameError(msg, name=name)`.
#[cold]
pub fn name_error(msg: impl Into<String>, name: &PyObject) -> PyErr {
    name_error_in(NameError(), msg, name)
}

/// `UnboundLocalError(msg)`. The name is no misspelling, so nothing is kept for suggestions.
#[cold]
pub fn unbound_local_error(msg: impl Into<String>, _name: &PyObject) -> PyErr {
    PyErr::new(UnboundLocalError(), msg)
}

fn name_error_in(ty: &PyTypeObject, msg: impl Into<String>, name: &PyObject) -> PyErr {
    let error = PyErr::new(ty, msg);
    if let Some(e) = error.object().downcast_ref::<PyNameError>() {
        e.name.set(Some(name.new_ref()));
    }
    error
}

/// An `ImportError` of class `ty` with its fields.
#[cold]
pub fn import_error_with(
    ty: &PyTypeObject,
    msg: impl Into<String>,
    name: Option<&PyObject>,
    path: Option<&PyObject>,
    name_from: Option<&PyObject>,
) -> PyErr {
    let error = PyErr::new(ty, msg);
    if let Some(e) = error.object().downcast_ref::<PyImportError>() {
        e.name.set(name.map(PyObject::new_ref));
        e.path.set(path.map(PyObject::new_ref));
        e.name_from.set(name_from.map(PyObject::new_ref));
    }
    error
}

/// The C library's text for an error number.
pub fn strerror(errno: i32) -> String {
    let mut buffer = [0 as core::ffi::c_char; 256];
    // SAFETY: the buffer has the stated size; the XSI function writes a NUL-terminated string into it.
    unsafe {
        if libc::strerror_r(errno, buffer.as_mut_ptr(), buffer.len()) != 0 {
            return format!("Unknown error {errno}");
        }
        core::ffi::CStr::from_ptr(buffer.as_ptr()).to_string_lossy().into_owned()
    }
}

/// The calling thread's `errno`.
pub fn last_errno() -> i32 {
    // SAFETY: errno is the thread's own.
    unsafe { *libc::__errno_location() }
}

/// `OSError(errno, strerror)`, or with a file name; the class follows the number.
#[cold]
pub fn os_error_errno(errno: i32, filename: Option<&PyObject>) -> PyErr {
    os_error_errno2(errno, filename, None)
}

/// As [`os_error_errno`], with two file names.
#[cold]
pub fn os_error_errno2(errno: i32, filename: Option<&PyObject>, filename2: Option<&PyObject>) -> PyErr {
    let mut args = vec![PyInt::from_i64(i64::from(errno)).into_obj(), PyStr::from_string(strerror(errno)).into_obj()];
    if let Some(filename) = filename {
        args.push(filename.new_ref());
        if let Some(filename2) = filename2 {
            args.push(crate::none());
            args.push(filename2.new_ref());
        }
    }
    PyErr::with_args(OSError(), args)
}

/// `OSError` for the calling thread's `errno`.
#[cold]
pub fn os_error_last(filename: Option<&PyObject>) -> PyErr {
    os_error_errno(last_errno(), filename)
}

/// `OSError` for a Rust I/O error.
#[cold]
pub fn os_error_io(error: &std::io::Error, filename: Option<&PyObject>) -> PyErr {
    match error.raw_os_error() {
        Some(errno) => os_error_errno(errno, filename),
        None => os_error(error.to_string()),
    }
}

pub use crate::types::exceptions::unicode::{
    decode_error as unicode_decode_error, encode_error as unicode_encode_error,
    translate_error as unicode_translate_error,
};

/// Raises `NotImplementedError`-like `TypeError` texts shared by several places: "'X' object is not …".
#[cold]
pub fn type_error_about(object: &PyObject, what: &str) -> PyErr {
    type_error(format!("'{}' object {what}", object.ty().name()))
}

/// The class of an exception instance (borrowed).
pub fn class_of(error: &PyErr) -> &PyTypeObject {
    error.object().ty()
}

/// A new reference to the instance in an error.
pub fn instance(error: &PyErr) -> ObjRef {
    error.value().to_obj()
}

//! Parameters of statements.

use core::ffi::c_int;

use libsqlite3_sys as ffi;
use rpy_vm::protocol::buffer::Buffer;
use rpy_vm::protocol::{mapping, object as protocol, sequence};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::exceptions::base::chain;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyStruct, exc};

use super::adapt::adapt_parameter;
use super::errors;
use super::statement::PyStatement;
use super::threads::text_bytes;

/// An int as one of SQLite's.
///
/// # Errors
/// `OverflowError`.
pub fn integer(value: &PyInt) -> PyResult<i64> {
    value.as_i64().ok_or_else(|| exc::overflow_error("Python int too large to convert to SQLite INTEGER"))
}

/// A length for SQLite.
fn length(len: usize, what: &str) -> PyResult<c_int> {
    c_int::try_from(len).map_err(|_| exc::overflow_error(format!("{what} longer than INT_MAX bytes")))
}

/// An object's value as SQLite knows it. Borrows from the object.
pub enum Value<'a> {
    Null,
    Integer(i64),
    Float(f64),
    Text(&'a str),
    Blob(Buffer),
    /// Of a type that SQLite does not know.
    Other,
}

impl Value<'_> {
    /// # Errors
    /// `OverflowError`, `UnicodeEncodeError`, `BufferError`.
    pub fn of(object: &PyObject) -> PyResult<Value<'_>> {
        if rpy_vm::is_none(object) {
            Ok(Value::Null)
        } else if let Some(value) = object.downcast_ref::<PyInt>() {
            Ok(Value::Integer(integer(value)?))
        } else if let Some(value) = object.downcast_ref::<PyFloat>() {
            Ok(Value::Float(value.value()))
        } else if let Some(value) = object.downcast_ref::<PyStr>() {
            Ok(Value::Text(value.as_utf8()?))
        } else if Buffer::check(object) {
            Ok(Value::Blob(Buffer::simple(object)?))
        } else {
            Ok(Value::Other)
        }
    }
}

/// Binds one parameter; positions count from one.
fn bind_one(statement: &PyStatement, position: c_int, parameter: &PyObject) -> PyResult<()> {
    let raw = statement.as_ptr();
    let value = Value::of(parameter)?;
    // SAFETY: a live statement; texts and blobs are copied during the call.
    let code = unsafe {
        match value {
            Value::Null => ffi::sqlite3_bind_null(raw, position),
            Value::Integer(value) => ffi::sqlite3_bind_int64(raw, position, value),
            Value::Float(value) => ffi::sqlite3_bind_double(raw, position, value),
            Value::Text(text) => {
                let len = length(text.len(), "string")?;
                ffi::sqlite3_bind_text(raw, position, text.as_ptr().cast(), len, ffi::SQLITE_TRANSIENT())
            }
            Value::Blob(buffer) => {
                let bytes = buffer.bytes();
                let len = length(bytes.len(), "BLOB")?;
                // A null pointer would bind NULL; a slice has none.
                ffi::sqlite3_bind_blob(raw, position, bytes.as_ptr().cast(), len, ffi::SQLITE_TRANSIENT())
            }
            Value::Other => {
                return Err(errors::programming(format!(
                    "Error binding parameter {position}: type '{}' is not supported",
                    parameter.ty().full_name()
                )));
            }
        }
    };
    statement.database().check(code)
}

/// What went wrong with a parameter: if SQLite has something to say of its connection as well, that comes first.
#[cold]
fn with_failure(statement: &PyStatement, error: PyErr) -> PyErr {
    match errors::of_connection(statement.database().raw()) {
        Some(failure) => chain(error, failure),
        None => error,
    }
}

fn bind_adapted(statement: &PyStatement, position: c_int, parameter: &PyObject) -> PyResult<()> {
    let adapted = adapt_parameter(parameter)?;
    bind_one(statement, position, &adapted).map_err(|e| with_failure(statement, e))
}

/// A parameter's name with its first character; `None` for those without one.
fn name_of(statement: &PyStatement, position: c_int) -> Option<&[u8]> {
    // SAFETY: a live statement, which keeps the names of its parameters.
    unsafe { text_bytes(ffi::sqlite3_bind_parameter_name(statement.as_ptr(), position)) }
}

enum Given<'a> {
    Tuple(&'a PyTuple),
    List(&'a PyList),
    Sequence(&'a PyObject),
}

impl Given<'_> {
    fn len(&self) -> PyResult<usize> {
        match self {
            Given::Tuple(tuple) => Ok(tuple.len()),
            Given::List(list) => Ok(list.len()),
            Given::Sequence(object) => protocol::size(object),
        }
    }

    fn item(&self, index: usize) -> PyResult<ObjRef> {
        let item = match self {
            Given::Tuple(tuple) => tuple.get(index).map(PyStruct::to_ref),
            Given::List(list) => list.get(index),
            Given::Sequence(object) => return sequence::get_item_index(object, index as isize),
        };
        // An adapter may have shortened the list.
        item.ok_or_else(|| exc::index_error("list index out of range"))
    }
}

fn bind_sequence(statement: &PyStatement, given: &Given<'_>, needed: c_int) -> PyResult<()> {
    let count = given.len()?;
    if count != needed as usize {
        return Err(errors::programming(format!(
            "Incorrect number of bindings supplied. The current statement uses {needed}, and there are {count} supplied."
        )));
    }
    for position in 1..=needed {
        if let Some(name) = name_of(statement, position)
            && name.first() != Some(&b'?')
        {
            return Err(errors::programming(format!(
                "Binding {position} ('{}') is a named parameter, but you supplied a sequence which requires nominal \
                 (qmark) placeholders.",
                String::from_utf8_lossy(name)
            )));
        }
        bind_adapted(statement, position, &*given.item(position as usize - 1)?)?;
    }
    Ok(())
}

fn bind_mapping(statement: &PyStatement, given: &PyObject, needed: c_int) -> PyResult<()> {
    for position in 1..=needed {
        let Some(name) = name_of(statement, position) else {
            return Err(errors::programming(format!(
                "Binding {position} has no name, but you supplied a dictionary (which has only names)."
            )));
        };
        let name = rpy_vm::runtime::codecs::utf8::decode(name.get(1..).unwrap_or_default(), None, true)?.0;
        let found = match given.downcast_exact::<PyDict>() {
            Some(dict) => dict.get_item(name.as_object())?,
            None => match protocol::get_item(given, name.as_object()) {
                Ok(value) => Some(value),
                Err(e) if e.matches(exc::LookupError()) => None,
                Err(e) => return Err(e),
            },
        };
        let Some(parameter) = found else {
            return Err(errors::programming(format!(
                "You did not supply a value for binding parameter :{}.",
                name.to_string_lossy()
            )));
        };
        bind_adapted(statement, position, &parameter)?;
    }
    Ok(())
}

/// Binds all parameters of a statement, from a sequence or a mapping.
///
/// # Errors
/// `ProgrammingError`, and what adapters raise.
pub fn bind(statement: &PyStatement, parameters: &PyObject) -> PyResult<()> {
    // SAFETY: a live statement, or null, which has none.
    let needed = unsafe { ffi::sqlite3_bind_parameter_count(statement.as_ptr()) };
    if let Some(tuple) = parameters.downcast_exact::<PyTuple>() {
        bind_sequence(statement, &Given::Tuple(tuple), needed)
    } else if let Some(list) = parameters.downcast_exact::<PyList>() {
        bind_sequence(statement, &Given::List(list), needed)
    } else if parameters.downcast_ref::<PyDict>().is_none() && sequence::check(parameters) {
        bind_sequence(statement, &Given::Sequence(parameters), needed)
    } else if mapping::check(parameters) {
        bind_mapping(statement, parameters, needed)
    } else {
        Err(errors::programming("parameters are of unsupported type"))
    }
}

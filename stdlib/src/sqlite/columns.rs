//! The columns of a result: their names, their converters, and the values of a row.

use core::ffi::c_int;

use libsqlite3_sys as ffi;
use rpy_vm::protocol::call;
use rpy_vm::runtime::codecs::{self, utf8};
use rpy_vm::types::bytearray::PyByteArray;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyClass, PyErr, PyResult, PyStruct, Ref, exc};

use super::adapt::converter;
use super::connection::PyConnection;
use super::errors;
use super::statement::PyStatement;
use super::threads::{counted, text_bytes};

/// Converters are found by the declared types of columns.
pub const PARSE_DECLTYPES: i32 = 1;
/// Converters are found by a type in brackets behind the names of columns.
pub const PARSE_COLNAMES: i32 = 2;

fn name_of(statement: &PyStatement, column: c_int) -> PyResult<&[u8]> {
    // SAFETY: a live statement and one of its columns. The name stays until the statement is run again.
    unsafe { text_bytes(ffi::sqlite3_column_name(statement.as_ptr(), column)) }.ok_or_else(exc::memory_error)
}

/// How many columns the result of a statement has.
pub fn count(statement: &PyStatement) -> c_int {
    // SAFETY: a live statement, or null, which has none.
    unsafe { ffi::sqlite3_column_count(statement.as_ptr()) }
}

/// `Cursor.description` for a statement that has columns.
///
/// # Errors
/// `MemoryError`, `UnicodeDecodeError`.
pub fn description(statement: &PyStatement, detect_types: i32) -> PyResult<ObjRef> {
    let describe = |column| {
        let mut name = name_of(statement, column)?;
        if detect_types & PARSE_COLNAMES != 0
            && let Some(bracket) = memchr::memchr(b'[', name)
        {
            name = &name[..bracket];
            name = name.strip_suffix(b" ").unwrap_or(name);
        }
        let mut parts = vec![utf8::decode(name, None, true)?.0.into_obj()];
        parts.resize_with(7, rpy_vm::none);
        Ok(PyTuple::new(parts).into_obj())
    };
    let columns = (0..count(statement)).map(describe).collect::<PyResult<Vec<_>>>()?;
    Ok(PyTuple::new(columns).into_obj())
}

/// The type's name in brackets in a column's name.
fn bracketed(name: &[u8]) -> Option<&[u8]> {
    let end = name.iter().enumerate().position(|(i, c)| *c == b']' && name[..i].contains(&b'['))?;
    let start = memchr::memrchr(b'[', &name[..end])?;
    Some(&name[start + 1..end])
}

/// The converters of the columns, None for those without one; `None` if types are not looked at.
///
/// # Errors
/// `OperationalError` with the reason.
pub fn converters(statement: &PyStatement, detect_types: i32) -> PyResult<Option<Ref<PyTuple>>> {
    if detect_types == 0 {
        return Ok(None);
    }
    let find = |column| {
        let mut found = None;
        if detect_types & PARSE_COLNAMES != 0
            && let Some(name) = bracketed(name_of(statement, column)?)
        {
            found = converter(name)?;
        }
        if found.is_none() && detect_types & PARSE_DECLTYPES != 0 {
            // SAFETY: a live statement and one of its columns.
            let declared = unsafe { text_bytes(ffi::sqlite3_column_decltype(statement.as_ptr(), column)) };
            if let Some(declared) = declared {
                let word = declared.split(|c| matches!(c, b' ' | b'(')).next().unwrap_or_default();
                found = converter(word)?;
            }
        }
        Ok(found.unwrap_or_else(rpy_vm::none))
    };
    match (0..count(statement)).map(find).collect::<PyResult<Vec<_>>>() {
        Ok(found) => Ok(Some(PyTuple::new(found))),
        Err(reason) => {
            let error = errors::operational("Error while building row_cast_map");
            error.value().set_cause(Some(reason.clone().into_object()));
            error.value().set_context(Some(reason.into_object()));
            Err(error)
        }
    }
}

/// `OperationalError` for text that is no UTF-8.
#[cold]
fn undecodable(statement: &PyStatement, column: c_int, text: &[u8]) -> PyErr {
    let text = text.split(|c| *c == 0).next().unwrap_or_default();
    let mut message = b"Could not decode to UTF-8 column '".to_vec();
    message.extend_from_slice(name_of(statement, column).unwrap_or_default());
    message.extend_from_slice(b"' with text '");
    message.extend_from_slice(text);
    message.push(b'\'');
    match codecs::decode_bytes(&message, Some("ascii"), Some("replace")) {
        Ok(message) => errors::operational(message.to_string_lossy()),
        Err(e) => e,
    }
}

/// A text through the connection's `text_factory`.
fn text(connection: &PyConnection, statement: &PyStatement, column: c_int, text: &[u8]) -> PyResult<ObjRef> {
    let Some(factory) = connection.text_factory.get() else { return Ok(rpy_vm::none()) };
    if factory.is(PyStr::type_object().as_object()) {
        return match utf8::decode(text, None, true) {
            Ok((text, _)) => Ok(text.into_obj()),
            Err(e) if e.matches(exc::UnicodeDecodeError()) => Err(undecodable(statement, column, text)),
            Err(e) => Err(e),
        };
    }
    let bytes = PyBytes::try_new(text)?;
    if factory.is(PyBytes::type_object().as_object()) {
        return Ok(bytes.into_obj());
    }
    if factory.is(PyByteArray::type_object().as_object()) {
        return call::call_one(PyByteArray::type_object().as_object(), bytes.as_object());
    }
    call::call_one(&factory, bytes.as_object())
}

/// Tells an empty value from a lack of memory.
fn check_memory(statement: &PyStatement, data: *const u8) -> PyResult<()> {
    // SAFETY: a connection that is still there.
    let failed = || unsafe { ffi::sqlite3_errcode(statement.database().raw()) == ffi::SQLITE_NOMEM };
    if data.is_null() && failed() { Err(exc::memory_error()) } else { Ok(()) }
}

fn value(
    connection: &PyConnection,
    statement: &PyStatement,
    column: c_int,
    converter: Option<&rpy_vm::PyObject>,
) -> PyResult<ObjRef> {
    let raw = statement.as_ptr();
    // SAFETY: a live statement and a column of its row. The length is asked for after the bytes, which are copied before
    // anything else happens to the statement.
    unsafe {
        if let Some(converter) = converter {
            let data = ffi::sqlite3_column_blob(raw, column).cast::<u8>();
            if data.is_null() {
                check_memory(statement, data)?;
                return Ok(rpy_vm::none());
            }
            let bytes = PyBytes::try_new(counted(data, ffi::sqlite3_column_bytes(raw, column)))?;
            return call::call_one(converter, bytes.as_object());
        }
        match ffi::sqlite3_column_type(raw, column) {
            ffi::SQLITE_NULL => Ok(rpy_vm::none()),
            ffi::SQLITE_INTEGER => Ok(PyInt::from_i64(ffi::sqlite3_column_int64(raw, column)).into_obj()),
            ffi::SQLITE_FLOAT => Ok(PyFloat::new(ffi::sqlite3_column_double(raw, column)).into_obj()),
            ffi::SQLITE_TEXT => {
                let data = ffi::sqlite3_column_text(raw, column);
                check_memory(statement, data)?;
                text(connection, statement, column, counted(data, ffi::sqlite3_column_bytes(raw, column)))
            }
            _ => {
                let data = ffi::sqlite3_column_blob(raw, column).cast::<u8>();
                check_memory(statement, data)?;
                Ok(PyBytes::try_new(counted(data, ffi::sqlite3_column_bytes(raw, column)))?.into_obj())
            }
        }
    }
}

/// The values of the row that a statement has come to.
///
/// # Errors
/// What converters and the connection's `text_factory` raise.
pub fn row(connection: &PyConnection, statement: &PyStatement, converters: Option<&PyTuple>) -> PyResult<Ref<PyTuple>> {
    // SAFETY: a live statement.
    let count = unsafe { ffi::sqlite3_data_count(statement.as_ptr()) };
    let mut values = Vec::with_capacity(count.max(0) as usize);
    for column in 0..count {
        let converter = converters.and_then(|c| c.get(column as usize)).filter(|c| !rpy_vm::is_none(c));
        values.push(value(connection, statement, column, converter)?);
    }
    Ok(PyTuple::new(values))
}

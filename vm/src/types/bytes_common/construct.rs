//! The bytes that `bytes(...)` and `bytearray(...)` are made of.

use super::bytes_of;
use crate::object::{ObjRef, PyObject};
use crate::protocol::buffer::Buffer;
use crate::protocol::{number, object};
use crate::types::bytes::PyBytes;
use crate::types::list::PyList;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;
use crate::{PyResult, exc};

/// Encoding and errors are for text only.
///
/// # Errors
/// `TypeError`.
pub fn check_text_arguments(source: Option<&PyObject>, encoding: Option<&str>, errors: Option<&str>) -> PyResult<()> {
    use crate::PyClass;
    if source.is_some_and(PyStr::check) {
        if encoding.is_none() {
            return Err(exc::type_error("string argument without an encoding"));
        }
    } else if encoding.is_some() {
        return Err(exc::type_error("encoding without a string argument"));
    } else if errors.is_some() {
        return Err(exc::type_error("errors without a string argument"));
    }
    Ok(())
}

/// The object that `__bytes__` returns, if there is such a method.
///
/// # Errors
/// `TypeError` if it is not a `bytes`, and what the method raises.
pub fn special_bytes(source: &PyObject) -> PyResult<Option<ObjRef>> {
    let Some(method) = object::lookup_special(source, crate::intern!("__bytes__"))? else {
        return Ok(None);
    };
    let result = crate::protocol::call::call_noargs(&method)?;
    if result.downcast_ref::<PyBytes>().is_none() {
        return Err(exc::type_error(format!("__bytes__ returned non-bytes (type {})", result.ty().name())));
    }
    Ok(Some(result))
}

/// A count given as an integer: `None` if the source is something else.
///
/// # Errors
/// `ValueError` if it is negative, `OverflowError` if it is too large.
pub fn count(source: &PyObject) -> PyResult<Option<usize>> {
    if !number::is_index(source) {
        return Ok(None);
    }
    match number::as_isize(source, Some(exc::OverflowError())) {
        Ok(count) => usize::try_from(count).map(Some).map_err(|_| exc::value_error("negative count")),
        // An `__index__` that fails does not rule out that the object can be iterated.
        Err(err) if err.matches(exc::TypeError()) => Ok(None),
        Err(err) => Err(err),
    }
}

/// The bytes of a buffer or an iterable of integers.
///
/// # Errors
/// `TypeError`, `ValueError`, `MemoryError`, and what iteration raises.
pub fn from_buffer_or_iterable(source: &PyObject, type_name: &str, out_of_range: &str) -> PyResult<Vec<u8>> {
    if Buffer::check(source) {
        let buffer = Buffer::get(source, crate::protocol::buffer::flags::FULL_RO)?;
        return buffer.to_vec(b'C');
    }
    let cannot = || exc::type_error(format!("cannot convert '{}' object to {type_name}", source.ty().name()));
    use crate::PyClass;
    if PyStr::check(source) {
        return Err(cannot());
    }
    let mut out = Vec::new();
    let mut push = |item: &PyObject| -> PyResult<()> {
        let value = number::as_isize(item, None)?;
        let byte = u8::try_from(value).map_err(|_| exc::value_error(out_of_range))?;
        out.try_reserve(1).map_err(|_| exc::memory_error())?;
        out.push(byte);
        Ok(())
    };
    if let Some(list) = source.downcast_exact::<PyList>() {
        let mut i = 0;
        // Converting an item may change the list.
        while let Some(item) = list.get(i) {
            push(&item)?;
            i += 1;
        }
        return Ok(out);
    }
    if let Some(tuple) = source.downcast_exact::<PyTuple>() {
        for item in tuple.items() {
            push(item)?;
        }
        return Ok(out);
    }
    let iter = match object::get_iter(source) {
        Ok(iter) => iter,
        Err(err) if err.matches(exc::TypeError()) => return Err(cannot()),
        Err(err) => return Err(err),
    };
    object::length_hint(source, 64)?;
    while let Some(item) = object::iter_next(&iter)? {
        push(&item)?;
    }
    Ok(out)
}

/// A copy of a bytes-like object.
///
/// # Errors
/// `TypeError`, `MemoryError`.
pub fn copy_of(source: &PyObject) -> PyResult<Vec<u8>> {
    let bytes = bytes_of(source)?;
    let mut out = super::editing::vec_with_capacity(bytes.len())?;
    out.extend_from_slice(&bytes);
    Ok(out)
}

//! `_md5`, `_sha1`, `_sha2`, `_sha3`, `_blake2`: hash objects over the digest crates.

pub mod blake2;
pub mod plain;
pub mod sha3;

use rpy_vm::protocol::buffer::Buffer;
use rpy_vm::types::str::PyStr;
use rpy_vm::{PyObject, PyResult, exc};

/// Data longer than this is worth letting other threads run, says CPython, and exports the number.
pub const GIL_MINSIZE: usize = 2048;

/// The bytes to be hashed.
///
/// # Errors
/// `TypeError` for text and for objects without buffers.
pub fn data(object: &PyObject) -> PyResult<Buffer> {
    if object.downcast_ref::<PyStr>().is_some() {
        return Err(exc::type_error("Strings must be encoded before hashing"));
    }
    if !Buffer::check(object) {
        return Err(exc::type_error("object supporting the buffer API required"));
    }
    let buffer = Buffer::simple(object)?;
    if buffer.view().dimensions() > 1 {
        return Err(exc::buffer_error("Buffer must be single dimension"));
    }
    Ok(buffer)
}

/// The data argument: positional or as `data`, or `string` in older code.
pub fn initial(data: Option<&PyObject>, string: Option<&PyObject>) -> PyResult<Option<Buffer>> {
    match (data, string) {
        (Some(_), Some(_)) => Err(exc::type_error(
            "'data' and 'string' are mutually exclusive and support for 'string' keyword parameter is slated for removal in a future version.",
        )),
        (Some(object), None) | (None, Some(object)) => self::data(object).map(Some),
        (None, None) => Ok(None),
    }
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for b in bytes {
        text.push(char::from(b"0123456789abcdef"[usize::from(b >> 4)]));
        text.push(char::from(b"0123456789abcdef"[usize::from(b & 15)]));
    }
    text
}

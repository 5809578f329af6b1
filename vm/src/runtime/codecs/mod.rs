//! Codecs: between text and bytes natively, everything else through the registry.
//!
//! [`encode_str`] and [`decode_bytes`] are what `str.encode`, `bytes.decode` and `str(b, encoding)` do. [`errors`] has the
//! error handling that all native codecs share, [`registry`] what Python code registers, [`handlers`] the built-in error
//! handlers as Python functions.

use crate::object::{ObjRef, PyObject, PyStruct, Ref};
use crate::protocol::buffer::ArgBytes;
use crate::types::bytearray::PyByteArray;
use crate::types::bytes::PyBytes;
use crate::types::str::PyStr;
use crate::{PyClass, PyErr, PyResult, exc};

pub mod charmap;
pub mod charsets;
pub mod errors;
pub mod escape;
pub mod handlers;
pub mod registry;
pub mod utf16;
pub mod utf7;
pub mod utf8;

pub use registry::{Direction, load_encodings, lookup, lookup_error, register, register_error, unregister};

use utf16::ByteOrder;

/// Encodings that need no lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Utf8,
    Utf16,
    Utf32,
    Ascii,
    Latin1,
}

/// Recognises the usual spellings.
fn known(encoding: &str) -> Option<Known> {
    match encoding {
        "utf-8" | "utf8" | "UTF-8" => return Some(Known::Utf8),
        "ascii" => return Some(Known::Ascii),
        "latin-1" => return Some(Known::Latin1),
        _ => {}
    }
    if encoding.len() > 16 {
        return None;
    }
    match registry::normalize(encoding).as_str() {
        "utf_8" | "utf8" => Some(Known::Utf8),
        "utf_16" | "utf16" => Some(Known::Utf16),
        "utf_32" | "utf32" => Some(Known::Utf32),
        "ascii" | "us_ascii" => Some(Known::Ascii),
        "latin1" | "latin_1" | "iso_8859_1" | "iso8859_1" => Some(Known::Latin1),
        _ => None,
    }
}

/// The name of an encoding or error handler, from an argument: no NUL characters, please.
///
/// # Errors
/// `ValueError`, `UnicodeEncodeError`.
pub fn name_arg(name: Option<&PyStr>) -> PyResult<Option<&str>> {
    match name {
        None => Ok(None),
        Some(name) => {
            let text = name.as_utf8()?;
            if text.contains('\0') {
                return Err(exc::value_error("embedded null character"));
            }
            Ok(Some(text))
        }
    }
}

/// In development mode, unknown names are errors even where nothing has to be encoded or handled.
fn check_names(encoding: Option<&str>, errors: Option<&str>) -> PyResult<()> {
    if !crate::sysmodule::config::get().dev_mode || !registry::is_loaded() {
        return Ok(());
    }
    if let Some(encoding) = encoding
        && known(encoding).is_none()
    {
        lookup(encoding)?;
    }
    if let Some(errors) = errors
        && errors::Scheme::from_name(Some(errors)) == errors::Scheme::Registered
    {
        lookup_error(errors)?;
    }
    Ok(())
}

/// `text.encode(encoding, errors)`.
///
/// # Errors
/// `UnicodeEncodeError`, `LookupError`, `TypeError`, `MemoryError`, and what codecs raise.
pub fn encode_str(text: &PyStr, encoding: Option<&str>, errors: Option<&str>) -> PyResult<ObjRef> {
    check_names(encoding, errors)?;
    let encoding = encoding.unwrap_or("utf-8");
    let bytes = match known(encoding) {
        Some(Known::Utf8 | Known::Ascii | Known::Latin1) if text.is_ascii() => {
            return Ok(PyBytes::try_new(text.data_bytes())?.into_obj());
        }
        Some(Known::Utf8) => utf8::encode(text, errors)?,
        Some(Known::Utf16) => utf16::encode_utf16(text, errors, ByteOrder::Native)?,
        Some(Known::Utf32) => utf16::encode_utf32(text, errors, ByteOrder::Native)?,
        Some(Known::Ascii) => charsets::encode_ascii(text, errors)?,
        Some(Known::Latin1) => charsets::encode_latin1(text, errors)?,
        None => {
            let result = registry::transform_text(text.as_object(), Direction::Encode, encoding, errors)?;
            if PyBytes::check(&result) {
                return Ok(result);
            }
            if let Some(array) = result.downcast_ref::<PyByteArray>() {
                crate::runtime::warnings::warn(
                    exc::RuntimeWarning(),
                    &*format!(
                        "encoder {encoding} returned bytearray instead of bytes; use codecs.encode() to encode to \
                         arbitrary types"
                    ),
                    1,
                )?;
                return Ok(PyBytes::try_new(array.as_bytes())?.into_obj());
            }
            return Err(exc::type_error(format!(
                "'{encoding}' encoder returned '{}' instead of 'bytes'; use codecs.encode() to encode to arbitrary types",
                result.ty().name()
            )));
        }
    };
    Ok(PyBytes::try_from_vec(bytes)?.into_obj())
}

/// Decodes with one of the native codecs, if the encoding is one of theirs.
fn decode_known(data: &[u8], encoding: &str, errors: Option<&str>) -> Option<PyResult<Ref<PyStr>>> {
    Some(match known(encoding)? {
        Known::Utf8 => utf8::decode(data, errors, true).map(|done| done.0),
        Known::Utf16 => utf16::decode_utf16(data, errors, ByteOrder::Native, true).map(|done| done.0),
        Known::Utf32 => utf16::decode_utf32(data, errors, ByteOrder::Native, true).map(|done| done.0),
        Known::Ascii => charsets::decode_ascii(data, errors),
        Known::Latin1 => PyStr::try_from_latin1(data),
    })
}

/// `data.decode(encoding, errors)`.
///
/// # Errors
/// `UnicodeDecodeError`, `LookupError`, `TypeError`, `MemoryError`, and what codecs raise.
pub fn decode_bytes(data: &[u8], encoding: Option<&str>, errors: Option<&str>) -> PyResult<Ref<PyStr>> {
    check_names(encoding, errors)?;
    let encoding = encoding.unwrap_or("utf-8");
    if let Some(result) = decode_known(data, encoding, errors) {
        return result;
    }
    let object = PyBytes::try_new(data)?;
    let result = registry::transform_text(object.as_object(), Direction::Decode, encoding, errors)?;
    result.downcast::<PyStr>().map_err(|result| wrong_result(encoding, &result))
}

#[cold]
fn wrong_result(encoding: &str, result: &PyObject) -> PyErr {
    exc::type_error(format!(
        "'{encoding}' decoder returned '{}' instead of 'str'; use codecs.decode() to decode to arbitrary types",
        result.ty().name()
    ))
}

/// `str(object, encoding, errors)`.
///
/// # Errors
/// `TypeError` for what has no buffer, and as [`decode_bytes`].
pub fn decode_object(object: &PyObject, encoding: Option<&str>, errors: Option<&str>) -> PyResult<Ref<PyStr>> {
    if PyStr::check(object) {
        return Err(exc::type_error("decoding str is not supported"));
    }
    for name in [encoding, errors].into_iter().flatten() {
        if name.contains('\0') {
            return Err(exc::value_error("embedded null character"));
        }
    }
    let Ok(data) = ArgBytes::from_object(object) else {
        return Err(exc::type_error(format!(
            "decoding to str: need a bytes-like object, {} found",
            object.ty().name()
        )));
    };
    decode_bytes(&data, encoding, errors)
}

/// `codecs.encode(object, encoding, errors)`: any codec.
///
/// # Errors
/// What looking the codec up and calling it raise.
pub fn encode(object: &PyObject, encoding: &str, errors: &str) -> PyResult {
    registry::transform(object, Direction::Encode, encoding, Some(errors))
}

/// `codecs.decode(object, encoding, errors)`: any codec.
///
/// # Errors
/// What looking the codec up and calling it raise.
pub fn decode(object: &PyObject, encoding: &str, errors: &str) -> PyResult {
    registry::transform(object, Direction::Decode, encoding, Some(errors))
}

/// Text from the operating system: UTF-8, with undecodable bytes kept as surrogates.
pub fn fs_decode(data: &[u8]) -> Ref<PyStr> {
    match utf8::decode(data, Some("surrogateescape"), true) {
        Ok((text, _)) => text,
        // `surrogateescape` accepts every byte; only memory can be missing.
        Err(_) => PyStr::from_latin1(data),
    }
}

/// Text for the operating system: the inverse of [`fs_decode`].
///
/// # Errors
/// `UnicodeEncodeError` for other surrogates.
pub fn fs_encode(text: &PyStr) -> PyResult<Vec<u8>> {
    utf8::encode(text, Some("surrogateescape"))
}

//! The parts of `unicodeobject.h` that are about text of the operating system and the C library: names of files, the locale.

use core::ffi::{CStr, c_char, c_int};

use rpy_vm::runtime::{codecs, paths};
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::str::PyStr;
use rpy_vm::{PyObject, PyResult, PyStruct, Ref, exc};

use crate::border::{Obj, OptObj, Out, expect, opt_text};
use crate::unicodeobject::{bytes, text_arg};

/// `Py_CLEANUP_SUPPORTED`: what a converter answers that can be called with NULL to take its result back.
const CLEANUP_SUPPORTED: c_int = 0x20000;

exports! {
    /// Encodes for the operating system.
    fn PyUnicode_EncodeFSDefault(object: Obj<'_>) -> Out = Ref<PyBytes> {
        PyBytes::try_from_vec(codecs::fs_encode(text_arg(object)?)?)
    }
    /// Decodes what the operating system gave.
    fn PyUnicode_DecodeFSDefault(text: *const c_char) -> Out = Ref<PyStr> {
        Ok(codecs::fs_decode(CStr::from_ptr(text).to_bytes()))
    }
    /// Decodes what the operating system gave.
    fn PyUnicode_DecodeFSDefaultAndSize(text: *const c_char, len: isize) -> Out = Ref<PyStr> {
        Ok(codecs::fs_decode(bytes(text, len)))
    }
    /// Encodes for the C library's functions that depend on the locale, whose encoding is UTF-8. `errors` is `strict` (or NULL) or
    /// `surrogateescape`.
    fn PyUnicode_EncodeLocale(object: Obj<'_>, errors: *const c_char) -> Out = Ref<PyBytes> {
        encode_locale(text_arg(object)?, escapes(errors)?)
    }
    /// Decodes what such functions gave.
    fn PyUnicode_DecodeLocale(text: *const c_char, errors: *const c_char) -> Out = Ref<PyStr> {
        decode_locale(CStr::from_ptr(text).to_bytes(), escapes(errors)?)
    }
    /// As `PyUnicode_DecodeLocale`, of a given length, behind which there is a NUL.
    fn PyUnicode_DecodeLocaleAndSize(text: *const c_char, len: isize, errors: *const c_char) -> Out = Ref<PyStr> {
        let data = bytes(text, len);
        if data.contains(&0) || *text.offset(len) != 0 {
            return Err(exc::value_error("embedded null byte"));
        }
        decode_locale(data, escapes(errors)?)
    }
    /// An `O&` converter: a path as bytes for the operating system. Without an object it takes its result back.
    fn PyUnicode_FSConverter(object: OptObj<'_>, place: *mut *mut PyObject) -> c_int {
        convert(object.map(fs_path_bytes), place)
    }
    /// An `O&` converter: a path as `str`. Without an object it takes its result back.
    fn PyUnicode_FSDecoder(object: OptObj<'_>, place: *mut *mut PyObject) -> c_int {
        convert(object.map(fs_path_str), place)
    }
}

/// The answer of a converter: not 0 unless an exception is set.
///
/// # Safety
/// The place is writable; for no result it holds an owned reference or NULL.
unsafe fn convert<T: PyStruct>(result: Option<PyResult<Ref<T>>>, place: *mut *mut PyObject) -> c_int {
    match result {
        None => {
            // SAFETY: the caller's promise.
            let old = unsafe { place.replace(core::ptr::null_mut()) };
            if !old.is_null() {
                // SAFETY: the reference that the converter stored.
                drop(unsafe { Ref::<PyObject>::from_owned_ptr(old) });
            }
            1
        }
        Some(Ok(path)) => {
            // SAFETY: the caller's promise.
            unsafe { place.write(path.into_raw() as *mut PyObject) };
            CLEANUP_SUPPORTED
        }
        Some(Err(error)) => {
            error.restore();
            0
        }
    }
}

/// A path-like object as bytes without NUL.
fn fs_path_bytes(object: &PyObject) -> PyResult<Ref<PyBytes>> {
    let path = paths::fspath(object)?;
    let bytes = match path.downcast_ref::<PyBytes>() {
        Some(bytes) => bytes.to_ref(),
        None => PyBytes::try_from_vec(codecs::fs_encode(expect(&path)?)?)?,
    };
    if bytes.as_bytes().contains(&0) {
        return Err(exc::value_error("embedded null byte"));
    }
    Ok(bytes)
}

/// A path-like object as text without NUL. Text stays as it is, also where no file could have such a name.
fn fs_path_str(object: &PyObject) -> PyResult<Ref<PyStr>> {
    let path = paths::fspath(object)?;
    let text = match path.downcast_ref::<PyStr>() {
        Some(text) => text.to_ref(),
        None => codecs::fs_decode(expect::<PyBytes>(&path)?.as_bytes()),
    };
    if text.data().iter().any(|c| c == 0) {
        return Err(exc::value_error("embedded null character"));
    }
    Ok(text)
}

/// Does an error handler that the locale's codec knows keep bytes that are no text as surrogates?
///
/// # Safety
/// Null or NUL-terminated.
unsafe fn escapes(errors: *const c_char) -> PyResult<bool> {
    // SAFETY: the caller's promise.
    match unsafe { opt_text(errors) } {
        None | Some("strict") => Ok(false),
        Some("surrogateescape") => Ok(true),
        Some(_) => Err(exc::value_error("unsupported error handler")),
    }
}

fn decode_locale(data: &[u8], escapes: bool) -> PyResult<Ref<PyStr>> {
    match core::str::from_utf8(data) {
        Ok(text) => PyStr::try_new(text),
        Err(_) if escapes => codecs::decode_bytes(data, Some("utf-8"), Some("surrogateescape")),
        Err(error) => {
            let at = error.valid_up_to();
            Err(exc::unicode_decode_error("locale", data, at, at + 1, "decoding error"))
        }
    }
}

fn encode_locale(text: &PyStr, escapes: bool) -> PyResult<Ref<PyBytes>> {
    let is_escape = |c: u32| escapes && (0xdc80..=0xdcff).contains(&c);
    for (at, c) in text.data().iter().enumerate() {
        if c == 0 {
            return Err(exc::value_error("embedded null character"));
        }
        if char::from_u32(c).is_none() && !is_escape(c) {
            return Err(exc::unicode_encode_error("locale", text.as_object(), at, at + 1, "encoding error"));
        }
    }
    let encoded = codecs::encode_str(text, Some("utf-8"), Some("surrogateescape"))?;
    Ok(expect::<PyBytes>(&encoded)?.to_ref())
}

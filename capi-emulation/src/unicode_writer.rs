//! `PyUnicodeWriter`: a string built piece by piece.

use core::ffi::{CStr, c_char, c_int};

use rpy_vm::protocol::object as po;
use rpy_vm::types::str::{PyStr, StrBuilder};
use rpy_vm::{PyResult, Ref, exc};

use crate::border::{Obj, Out, expect};
use crate::unicodeobject::bytes;
use crate::va_list::VaList;

/// `PyUnicodeWriter`.
pub struct Writer(StrBuilder);

exports! {
    /// A new writer with room for `length` characters.
    fn PyUnicodeWriter_Create(length: isize) -> *mut Writer = *mut Writer {
        if length < 0 {
            return Err(exc::value_error("length must be positive"));
        }
        Ok(Box::into_raw(Box::new(Writer(StrBuilder::with_capacity(length as usize)))))
    }
    /// Gives a writer up.
    fn PyUnicodeWriter_Discard(writer: *mut Writer) {
        if !writer.is_null() {
            drop(Box::from_raw(writer));
        }
    }
    /// The finished string; the writer is gone.
    fn PyUnicodeWriter_Finish(writer: *mut Writer) -> Out = Ref<PyStr> {
        Box::from_raw(writer).0.try_finish()
    }
    /// Adds a character.
    fn PyUnicodeWriter_WriteChar(writer: &mut Writer, c: u32) -> c_int = () {
        if c > 0x10_ffff {
            return Err(exc::value_error("character must be in range(0x110000)"));
        }
        writer.0.push_char(c);
        done(writer)
    }
    /// Adds UTF-8; a negative length: up to the NUL.
    fn PyUnicodeWriter_WriteUTF8(writer: &mut Writer, text: *const c_char, len: isize) -> c_int = () {
        let text = if len < 0 { CStr::from_ptr(text).to_bytes() } else { bytes(text, len) };
        match core::str::from_utf8(text) {
            Ok(text) => writer.0.push_str(text),
            Err(_) => writer.0.push_py(&*rpy_vm::runtime::codecs::decode_bytes(text, Some("utf-8"), None)?),
        }
        done(writer)
    }
    /// Adds ASCII; a negative length: up to the NUL.
    fn PyUnicodeWriter_WriteASCII(writer: &mut Writer, text: *const c_char, len: isize) -> c_int = () {
        let text = if len < 0 { CStr::from_ptr(text).to_bytes() } else { bytes(text, len) };
        writer.0.push_ascii(text);
        done(writer)
    }
    /// Adds `str(o)`.
    fn PyUnicodeWriter_WriteStr(writer: &mut Writer, object: Obj<'_>) -> c_int = () {
        writer.0.push_py(&*po::str(object)?);
        done(writer)
    }
    /// Adds `repr(o)`; `<NULL>` for NULL.
    fn PyUnicodeWriter_WriteRepr(writer: &mut Writer, object: crate::border::OptObj<'_>) -> c_int = () {
        match object {
            None => writer.0.push_str("<NULL>"),
            Some(object) => writer.0.push_py(&*po::repr(object)?),
        }
        done(writer)
    }
    /// Adds UCS-4 characters.
    fn PyUnicodeWriter_WriteUCS4(writer: &mut Writer, text: *const u32, len: isize) -> c_int = () {
        if len < 0 {
            return Err(exc::value_error("size must be positive"));
        }
        let characters = (0..len as usize).map(|i| *text.add(i));
        if characters.clone().any(|c| c > 0x10_ffff) {
            return Err(exc::system_error("invalid maximum character passed to PyUnicode_New"));
        }
        for c in characters {
            writer.0.push_char(c);
        }
        done(writer)
    }
    /// Adds `text[start:end]`.
    fn PyUnicodeWriter_WriteSubstring(writer: &mut Writer, object: Obj<'_>, start: isize, end: isize) -> c_int = () {
        let text: &PyStr = expect(object)?;
        if start < 0 || end < start || end as usize > text.len() {
            return Err(exc::value_error("invalid bounds"));
        }
        writer.0.push_data(text.data().slice(start as usize, end as usize));
        done(writer)
    }
    /// Adds formatted text, as `PyUnicode_FromFormat` makes it.
    fn va_PyUnicodeWriter_Format(writer: &mut Writer, format: *const c_char, va: &mut VaList) -> c_int = () {
        writer.0.push_py(&*crate::format::from_format(format, va)?);
        done(writer)
    }
}

/// Failures of memory show at the end of each call.
fn done(writer: &Writer) -> PyResult<()> {
    if writer.0.failed() { Err(exc::memory_error()) } else { Ok(()) }
}

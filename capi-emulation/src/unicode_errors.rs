//! The parts of `pyerrors.h` about `UnicodeError` and `SyntaxError`: their fields.

use core::ffi::{c_char, c_int};
use std::os::unix::ffi::OsStrExt;

use rpy_vm::protocol::{number, object as po};
use rpy_vm::runtime::codecs;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyStruct, Ref};

use crate::border::{Obj, OptObj, Out, c_str};

/// Declares the functions of the three classes.
macro_rules! fields {
    ([$($get_encoding:ident)*] $($object:ident $start:ident $end:ident $reason:ident $set_start:ident $set_end:ident
        $set_reason:ident;)*) => {
        exports! {
            $(
                /// What was converted.
                fn $object(error: Obj<'_>) -> Out = ObjRef {
                    po::getattr(error, rpy_vm::intern!("object"))
                }
                /// Where the trouble begins: 0 or the index of an item.
                fn $start(error: Obj<'_>, place: *mut isize) -> c_int = () {
                    place.write(start_of(error)?);
                    Ok(())
                }
                /// Where the trouble ends: behind an item, or 0 if there is none.
                fn $end(error: Obj<'_>, place: *mut isize) -> c_int = () {
                    place.write(end_of(error)?);
                    Ok(())
                }
                /// Why.
                fn $reason(error: Obj<'_>) -> Out = ObjRef {
                    po::getattr(error, rpy_vm::intern!("reason"))
                }
                /// Sets where the trouble begins.
                fn $set_start(error: Obj<'_>, value: isize) -> c_int = () {
                    set(error, "start", PyInt::from_isize(value).as_object())
                }
                /// Sets where the trouble ends.
                fn $set_end(error: Obj<'_>, value: isize) -> c_int = () {
                    set(error, "end", PyInt::from_isize(value).as_object())
                }
                /// Sets why.
                fn $set_reason(error: Obj<'_>, reason: *const c_char) -> c_int = () {
                    set(error, "reason", c_str(reason)?.as_object())
                }
            )*
            $(
                /// The encoding.
                fn $get_encoding(error: Obj<'_>) -> Out = ObjRef {
                    po::getattr(error, rpy_vm::intern!("encoding"))
                }
            )*
            /// Fills in where a pending `SyntaxError` is.
            fn PyErr_SyntaxLocationObject(filename: OptObj<'_>, line: c_int, column: c_int) {
                syntax_location(filename, (line, column), (line, -1));
            }
            /// As `PyErr_SyntaxLocationObject`, with an end.
            fn PyErr_RangedSyntaxLocationObject(filename: OptObj<'_>, line: c_int, column: c_int, end_line: c_int, end_column: c_int) {
                syntax_location(filename, (line, column), (end_line, end_column));
            }
            /// A line of a source file; NULL without an exception if there is none.
            fn PyErr_ProgramTextObject(filename: Obj<'_>, line: c_int) -> Out {
                program_text(filename, line).map_or(core::ptr::null_mut(), |text| text.into_raw() as Out)
            }
            /// As `PyErr_ProgramTextObject`.
            fn PyErr_ProgramText(filename: *const c_char, line: c_int) -> Out {
                let filename = codecs::fs_decode(core::ffi::CStr::from_ptr(filename).to_bytes());
                program_text(filename.as_object(), line).map_or(core::ptr::null_mut(), |text| text.into_raw() as Out)
            }
            /// As `PyErr_SyntaxLocationObject`.
            fn PyErr_SyntaxLocationEx(filename: *const c_char, line: c_int, column: c_int) {
                let filename = if filename.is_null() { None } else { c_str(filename).ok() };
                syntax_location(filename.as_ref().map(|name| name.as_object()), (line, column), (line, -1));
            }
            /// As `PyErr_SyntaxLocationEx`, without a column.
            fn PyErr_SyntaxLocation(filename: *const c_char, line: c_int) {
                PyErr_SyntaxLocationEx(filename, line, -1);
            }
        }
    };
}

fields! {
    [PyUnicodeEncodeError_GetEncoding PyUnicodeDecodeError_GetEncoding]
    PyUnicodeEncodeError_GetObject PyUnicodeEncodeError_GetStart PyUnicodeEncodeError_GetEnd PyUnicodeEncodeError_GetReason
        PyUnicodeEncodeError_SetStart PyUnicodeEncodeError_SetEnd PyUnicodeEncodeError_SetReason;
    PyUnicodeDecodeError_GetObject PyUnicodeDecodeError_GetStart PyUnicodeDecodeError_GetEnd PyUnicodeDecodeError_GetReason
        PyUnicodeDecodeError_SetStart PyUnicodeDecodeError_SetEnd PyUnicodeDecodeError_SetReason;
    PyUnicodeTranslateError_GetObject PyUnicodeTranslateError_GetStart PyUnicodeTranslateError_GetEnd
        PyUnicodeTranslateError_GetReason PyUnicodeTranslateError_SetStart PyUnicodeTranslateError_SetEnd
        PyUnicodeTranslateError_SetReason;
}

fn position(error: &PyObject, name: &str) -> PyResult<isize> {
    number::as_isize(&*po::getattr(error, &PyStr::new(name))?, None)
}

/// The number of items of what was converted. Programs may put any position into an exception; C is told one that fits.
fn object_len(error: &PyObject) -> PyResult<isize> {
    Ok(po::size(&*po::getattr(error, rpy_vm::intern!("object"))?)? as isize)
}

fn start_of(error: &PyObject) -> PyResult<isize> {
    Ok(position(error, "start")?.min(object_len(error)? - 1).max(0))
}

fn end_of(error: &PyObject) -> PyResult<isize> {
    let len = object_len(error)?;
    Ok(position(error, "end")?.max(1).min(len))
}

fn set(error: &PyObject, name: &str, value: &PyObject) -> PyResult<()> {
    po::setattr(error, &PyStr::new(name), Some(value))
}

/// A place in a source file for the pending `SyntaxError`: lines and columns as the exception has them; -1 for a column that is not
/// known.
fn syntax_location(filename: Option<&PyObject>, start: (c_int, c_int), end: (c_int, c_int)) {
    let Some(pending) = PyErr::fetch() else { return };
    let error = pending.object();
    let column = |column: c_int| {
        if column >= 0 { PyInt::from_i64(i64::from(column)).into_obj() } else { rpy_vm::none() }
    };
    let fill = || -> PyResult<()> {
        set(error, "lineno", PyInt::from_i64(i64::from(start.0)).as_object())?;
        set(error, "offset", &column(start.1))?;
        set(error, "end_lineno", PyInt::from_i64(i64::from(end.0)).as_object())?;
        set(error, "end_offset", &column(end.1))?;
        if let Some(filename) = filename {
            set(error, "filename", filename)?;
            if let Some(text) = program_text(filename, start.0) {
                set(error, "text", text.as_object())?;
            }
        }
        Ok(())
    };
    // What is missing in the message does not replace it.
    drop(fill());
    pending.restore();
}

/// A line of a source file in UTF-8, with its end.
fn program_text(filename: &PyObject, line: c_int) -> Option<Ref<PyStr>> {
    let index = usize::try_from(line).ok()?.checked_sub(1)?;
    let path = codecs::fs_encode(filename.downcast_ref()?).ok()?;
    let source = std::fs::read(std::ffi::OsStr::from_bytes(&path)).ok()?;
    let text = String::from_utf8_lossy(&source).replace("\r\n", "\n").replace('\r', "\n");
    text.split_inclusive('\n').nth(index).map(PyStr::new)
}

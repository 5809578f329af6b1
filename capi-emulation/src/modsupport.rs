//! `Py_BuildValue`: Python objects from C variables, by a format.

use core::ffi::{CStr, c_char};

use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::complex::PyComplex;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, Ref, exc};

use crate::border::Out;
use crate::floatobject::Complex;
use crate::unicodeobject::bytes;
use crate::va_list::VaList;

exports! {
    /// None, an object or a tuple of objects.
    fn va_Py_BuildValue(format: *const c_char, va: &mut VaList) -> Out = ObjRef {
        build_value(format, va)
    }
    /// As `Py_BuildValue`.
    fn Py_VaBuildValue(format: *const c_char, va: &mut VaList) -> Out = ObjRef {
        build_value(format, va)
    }
    /// As `Py_VaBuildValue`, under the name it had where lengths are `Py_ssize_t`.
    fn _Py_VaBuildValue_SizeT(format: *const c_char, va: &mut VaList) -> Out = ObjRef {
        build_value(format, va)
    }
}

/// `Py_VaBuildValue`.
///
/// # Errors
/// `SystemError` for an invalid format; what converting raises.
///
/// # Safety
/// `format` is NUL-terminated, and the arguments are what it asks for.
pub unsafe fn build_value(format: *const c_char, va: &mut VaList) -> PyResult<ObjRef> {
    // SAFETY: the caller's promise.
    let mut rest = unsafe { CStr::from_ptr(format) }.to_bytes();
    // SAFETY: the caller's promise about the arguments.
    let mut items = unsafe { sequence(&mut rest, va, None)? };
    Ok(match items.len() {
        0 => rpy_vm::none(),
        1 => items.remove(0),
        _ => PyTuple::new(items).into_obj(),
    })
}

/// The objects up to `end` (or the end of the format). All C arguments are read even after an error, since references for `N` must not
/// be lost.
unsafe fn sequence(format: &mut &[u8], va: &mut VaList, end: Option<u8>) -> PyResult<Vec<ObjRef>> {
    let mut items = Vec::new();
    let mut failed: Option<PyErr> = None;
    loop {
        while let Some((b',' | b':' | b' ' | b'\t', rest)) = format.split_first() {
            *format = rest;
        }
        match (format.first().copied(), end) {
            (None, None) => break,
            (None, Some(_)) => return Err(exc::system_error("unmatched paren in format")),
            (Some(c), Some(end)) if c == end => {
                *format = &format[1..];
                break;
            }
            _ => {}
        }
        // SAFETY: the caller's promise about the arguments.
        match unsafe { item(format, va) } {
            Ok(item) => items.push(item),
            Err(error) if format.is_empty() && end.is_some() => return Err(error),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    match failed {
        Some(error) => Err(error),
        None => Ok(items),
    }
}

/// One object.
unsafe fn item(format: &mut &[u8], va: &mut VaList) -> PyResult<ObjRef> {
    let Some((&code, rest)) = format.split_first() else { return Err(exc::system_error("unexpected end of format")) };
    *format = rest;
    // SAFETY: the caller's promise about the arguments.
    unsafe {
        Ok(match code {
            b'(' => PyTuple::new(sequence(format, va, Some(b')'))?).into_obj(),
            b'[' => PyList::new(sequence(format, va, Some(b']'))?).into_obj(),
            b'{' => {
                let items = sequence(format, va, Some(b'}'))?;
                if items.len() % 2 != 0 {
                    return Err(exc::system_error("Bad dict format"));
                }
                let dict = PyDict::new();
                for pair in items.chunks_exact(2) {
                    dict.set_item(&pair[0], &pair[1])?;
                }
                dict.into_obj()
            }
            b'b' | b'B' | b'h' | b'i' => PyInt::from_i64(i64::from(va.int())).into_obj(),
            b'H' => PyInt::from_i64(i64::from(va.int() as u32)).into_obj(),
            b'I' => PyInt::from_i64(i64::from(va.int() as u32)).into_obj(),
            b'n' | b'l' | b'L' => PyInt::from_i64(va.long()).into_obj(),
            b'k' | b'K' => PyInt::from_u64(va.word()).into_obj(),
            b'p' => rpy_vm::py_bool(va.int() != 0),
            b'f' | b'd' => PyFloat::new(va.double()).into_obj(),
            b'D' => {
                let value = *va.pointer::<Complex>();
                PyComplex::new(value.real, value.imag).into_obj()
            }
            b'c' => PyBytes::single(va.int() as u8).into_obj(),
            b'C' => {
                let c = va.int();
                if !(0..=0x10_ffff).contains(&c) {
                    return Err(exc::value_error("chr() arg not in range(0x110000)"));
                }
                PyStr::from_char(c as u32).into_obj()
            }
            b's' | b'z' | b'U' | b'y' => {
                let text = va.text();
                let len = take_length(format, va);
                if text.is_null() {
                    return Ok(rpy_vm::none());
                }
                let data = bytes(text, len.unwrap_or_else(|| libc::strlen(text) as isize));
                if code == b'y' {
                    PyBytes::try_new(data)?.into_obj()
                } else {
                    rpy_vm::runtime::codecs::decode_bytes(data, Some("utf-8"), None)?.into_obj()
                }
            }
            b'u' => {
                let text = va.pointer::<u32>();
                let len = take_length(format, va);
                if text.is_null() {
                    return Ok(rpy_vm::none());
                }
                let len = len.map_or_else(|| libc::wcslen(text as *const libc::wchar_t), |len| len as usize);
                PyStr::try_from_ucs4(core::slice::from_raw_parts(text, len))?.into_obj()
            }
            b'O' if format.first() == Some(&b'&') => {
                *format = &format[1..];
                type Make = unsafe extern "C-unwind" fn(*mut core::ffi::c_void) -> *mut PyObject;
                let make: Make = core::mem::transmute(va.void());
                let argument = va.void();
                ObjRef::from_c_result(make(argument))?
            }
            b'O' | b'S' | b'N' => {
                let object = va.pointer::<PyObject>();
                if object.is_null() {
                    return Err(PyErr::fetch()
                        .unwrap_or_else(|| exc::system_error("NULL object passed to Py_BuildValue")));
                }
                // `N` gives its reference away.
                if code == b'N' { Ref::from_owned_ptr(object) } else { (*object).new_ref() }
            }
            _ => {
                *format = &[];
                return Err(exc::system_error("bad format char passed to Py_BuildValue"));
            }
        })
    }
}

/// The length that follows text with `#`; a negative one is as none: the text ends with NUL.
unsafe fn take_length(format: &mut &[u8], va: &mut VaList) -> Option<isize> {
    if format.first() == Some(&b'#') {
        *format = &format[1..];
        // SAFETY: the caller's promise about the arguments.
        return Some(unsafe { va.long() } as isize).filter(|&len| len >= 0);
    }
    None
}

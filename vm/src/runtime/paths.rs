//! File names as Python gives them: `os.fspath`, and conversion to what the system takes.

use std::ffi::CString;

use crate::err::PyResult;
use crate::exc;
use crate::object::{ObjRef, PyObject};
use crate::protocol::{call, object as po};
use crate::types::bytes::PyBytes;
use crate::types::str::PyStr;

/// `os.fspath(path)`: a `str` or `bytes` as it is, or what `__fspath__` gives.
///
/// # Errors
/// `TypeError` for anything else.
pub fn fspath(path: &PyObject) -> PyResult<ObjRef> {
    if path.downcast_ref::<PyStr>().is_some() || path.downcast_ref::<PyBytes>().is_some() {
        return Ok(path.new_ref());
    }
    let method = po::lookup_special(path, crate::intern!("__fspath__"))?;
    let Some(method) = method.filter(|method| !crate::is_none(method)) else {
        return Err(exc::type_error(format!("expected str, bytes or os.PathLike object, not {}", path.ty().name())));
    };
    let result = call::call_noargs(&method)?;
    if result.downcast_ref::<PyStr>().is_some() || result.downcast_ref::<PyBytes>().is_some() {
        return Ok(result);
    }
    Err(exc::type_error(format!(
        "expected {}.__fspath__() to return str or bytes, not {}",
        path.ty().name(),
        result.ty().name()
    )))
}

/// A path (text, bytes or path object) as the bytes of a file name.
///
/// # Errors
/// As [`fspath`]; `UnicodeEncodeError`.
pub fn path_bytes(path: &PyObject) -> PyResult<Vec<u8>> {
    let path = fspath(path)?;
    if let Some(text) = path.downcast_ref::<PyStr>() {
        return crate::sysmodule::fs_encode(text);
    }
    match path.downcast_ref::<PyBytes>() {
        Some(bytes) => Ok(bytes.as_bytes().to_vec()),
        None => Ok(Vec::new()),
    }
}

/// A path as a C string.
///
/// # Errors
/// As [`path_bytes`]; `ValueError` for NUL bytes.
pub fn path_c_string(path: &PyObject) -> PyResult<CString> {
    CString::new(path_bytes(path)?).map_err(|_| exc::value_error("embedded null byte"))
}

//! Shared libraries: opening and closing them, finding what is in them.

use core::ffi::{CStr, c_char, c_void};
use std::ffi::CString;

use rpy_vm::protocol::object;
use rpy_vm::runtime::{audit, codecs, paths};
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::{PyErr, PyObject, PyResult, PyTypeObject, exc, intern};

use super::metatype::{address_int, address_of};

/// The text of the last failure of `dlopen` and its kin.
fn dl_error() -> Option<String> {
    // SAFETY: null or a string of the C library's, valid until the next call.
    unsafe {
        let text: *mut c_char = libc::dlerror();
        (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
    }
}

/// Finds a symbol. `Err`: the loader's words, if it has any.
fn find_symbol(handle: *mut c_void, name: &CStr) -> Result<*mut c_void, Option<String>> {
    dl_error();
    // SAFETY: the handle is Python's responsibility, as in C.
    let address = unsafe { libc::dlsym(handle, name.as_ptr()) };
    if address.is_null() { Err(dl_error()) } else { Ok(address) }
}

/// The address of a symbol in a library object of `ctypes`, which has a `_handle`.
///
/// # Errors
/// Of class `class` if there is none: in the loader's words, or else in those of `otherwise`.
pub fn symbol_in(
    library: &PyObject,
    name: &CStr,
    class: &PyTypeObject,
    otherwise: impl FnOnce(&str) -> String,
) -> PyResult<*mut c_void> {
    let handle = object::getattr(library, intern!("_handle"))?;
    let Some(handle) = handle.downcast_ref::<PyInt>() else {
        return Err(exc::type_error("the _handle attribute of the second argument must be an integer"));
    };
    let handle =
        address_of(handle).map_err(|_| exc::value_error("could not convert the _handle attribute to a pointer"))?;
    find_symbol(handle.cast(), name)
        .map_err(|words| PyErr::new(class, words.unwrap_or_else(|| otherwise(&name.to_string_lossy()))))
}

/// An int argument that is an address.
fn handle(object: &PyObject) -> PyResult<*mut c_void> {
    match object.downcast_ref::<PyInt>() {
        Some(int) => Ok(address_of(int)?.cast()),
        None => Err(exc::type_error("an integer is required")),
    }
}

/// `dlopen(name, mode)`; without a name it is the program itself.
///
/// # Errors
/// `OSError` in the loader's words.
pub fn open(name: Option<&PyObject>, mode: i32) -> PyResult {
    let path = match name {
        Some(name) => {
            let path = paths::fspath(name)?;
            let bytes = match path.downcast_ref::<PyBytes>() {
                Some(bytes) => bytes.as_bytes().to_vec(),
                None => match path.downcast_ref::<PyStr>() {
                    Some(text) => codecs::fs_encode(text)?,
                    None => return Err(exc::type_error("a path is required")),
                },
            };
            Some(CString::new(bytes).map_err(|_| exc::value_error("embedded null byte"))?)
        }
        None => None,
    };
    let shown = match &path {
        Some(path) => codecs::fs_decode(path.as_bytes()).into_obj(),
        None => rpy_vm::none(),
    };
    audit::audit("ctypes.dlopen", &[&shown])?;
    // SAFETY: a path or NULL. What the library's initialisers do is its own responsibility.
    let handle =
        unsafe { libc::dlopen(path.as_ref().map_or(core::ptr::null(), |p| p.as_ptr()), mode | libc::RTLD_NOW) };
    if handle.is_null() {
        return Err(exc::os_error(dl_error().unwrap_or_else(|| "dlopen() error".to_owned())));
    }
    Ok(address_int(handle.cast()))
}

/// `dlclose(handle)`.
///
/// # Errors
/// `OSError` in the loader's words.
pub fn close(library: &PyObject) -> PyResult<()> {
    let handle = handle(library)?;
    // SAFETY: a handle is Python's responsibility, as in C.
    if unsafe { libc::dlclose(handle) } != 0 {
        return Err(exc::os_error(dl_error().unwrap_or_else(|| "dlclose() error".to_owned())));
    }
    Ok(())
}

/// `dlsym(handle, name)`.
///
/// # Errors
/// `OSError` in the loader's words.
pub fn symbol(library: &PyObject, name: &str) -> PyResult {
    let c_name = CString::new(name).map_err(|_| exc::value_error("embedded null character"))?;
    let shown = [library.new_ref(), PyStr::new(name).into_obj()];
    let handle = handle(library)?;
    audit::audit("ctypes.dlsym/handle", &[&shown[0], &shown[1]])?;
    match find_symbol(handle, &c_name) {
        Ok(address) => Ok(address_int(address.cast())),
        Err(words) => Err(exc::os_error(words.unwrap_or_else(|| format!("symbol '{name}' not found")))),
    }
}

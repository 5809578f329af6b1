//! C functions that `ctypes` calls by their addresses: `cast`, `string_at` and their kin.

use core::ffi::{CStr, c_char, c_int, c_void};

use rpy_vm::protocol::call;
use rpy_vm::runtime::audit;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::memoryview::PyMemoryView;
use rpy_vm::types::module::PyModule;
use rpy_vm::{ObjRef, PyObject, PyResult, PyTypeObject, exc};

use super::codes::{wide_chars, wide_chars_to_nul, wide_text};
use super::data::{self, CData};
use super::funcptr::FuncPtrType;
use super::info;
use super::metatype::{self, address_int};
use super::pointer::PointerType;
use crate::support::int;

fn returned(result: PyResult) -> *mut PyObject {
    match result {
        Ok(object) => object.into_raw(),
        Err(e) => e.restore_null(),
    }
}

/// The bytes at an address, up to a NUL if the size is -1.
unsafe extern "C-unwind" fn string_at(address: *const u8, size: c_int) -> *mut PyObject {
    returned((|| {
        audit::audit("ctypes.string_at", &[&address_int(address), &int(size.into())])?;
        // SAFETY: the program's responsibility, as in C.
        let bytes = unsafe {
            match usize::try_from(size) {
                Ok(size) => core::slice::from_raw_parts(address, size),
                Err(_) if size == -1 => CStr::from_ptr(address.cast::<c_char>()).to_bytes(),
                Err(_) => return Err(exc::system_error("Negative size passed to PyBytes_FromStringAndSize")),
            }
        };
        Ok(PyBytes::try_new(bytes)?.into_obj())
    })())
}

/// The `wchar_t`s at an address, up to a 0 if the size is -1.
unsafe extern "C-unwind" fn wstring_at(address: *const u8, size: c_int) -> *mut PyObject {
    returned((|| {
        audit::audit("ctypes.wstring_at", &[&address_int(address), &int(size.into())])?;
        // SAFETY: as above.
        let chars = unsafe {
            match usize::try_from(size) {
                Ok(size) => wide_chars(address, size)?,
                Err(_) if size == -1 => wide_chars_to_nul(address),
                Err(_) => return Err(exc::system_error("Negative size passed to PyUnicode_New")),
            }
        };
        Ok(wide_text(&chars)?.into_obj())
    })())
}

/// A memoryview of the memory at an address.
unsafe extern "C-unwind" fn memoryview_at(address: *mut u8, size: isize, readonly: c_int) -> *mut PyObject {
    returned((|| {
        let numbers = [address_int(address), int(size as i64), int(readonly.into())];
        audit::audit("ctypes.memoryview_at", &[&numbers[0], &numbers[1], &numbers[2]])?;
        let Ok(size) = usize::try_from(size) else {
            return Err(exc::value_error(format!("memoryview_at: size is negative (or overflowed): {size}")));
        };
        // SAFETY: that the memory lives as long as the view is the program's responsibility.
        Ok(unsafe { PyMemoryView::from_memory(address, size, readonly != 0) }?.into_obj())
    })())
}

/// `cast(source, class)`, with the address that the source is as a `void *`.
unsafe extern "C-unwind" fn cast(address: *mut u8, source: *mut PyObject, class: *mut PyObject) -> *mut PyObject {
    // SAFETY: called by ctypes with live objects.
    let (source, class) = unsafe { (&*source, &*class) };
    returned(cast_to(address, source, class))
}

fn is_pointer_type(class: &PyObject) -> bool {
    metatype::is::<PointerType>(class)
        || metatype::is::<FuncPtrType>(class)
        || info::of_type(class)
            .and_then(|info| info.codec.get())
            .is_some_and(|codec| b"sPzUZXO".contains(&codec.code.letter))
}

fn cast_to(address: *mut u8, source: &PyObject, class: &PyObject) -> PyResult {
    if !class.ty().is_subtype(metatype::base()) {
        return Err(exc::type_error("cast() argument 2 must be a pointer type"));
    }
    if !is_pointer_type(class) {
        let name = class.downcast_ref::<PyTypeObject>().map_or_else(|| class.ty().full_name(), |c| c.full_name());
        return Err(exc::type_error(format!("cast() argument 2 must be a pointer type, not {name}")));
    }
    let made = call::call_noargs(class)?;
    let Some(result) = made.downcast_ref::<CData>() else { return Err(info::abstract_class()) };
    if let Some(source_data) = source.downcast_ref::<CData>() {
        // The new pointer shares what is kept for the old one, and keeps that itself.
        data::container(source_data);
        if source_data.b_objects.peek().is_some_and(rpy_vm::is_none) {
            source_data.b_objects.set(Some(PyDict::new().into_obj()));
        }
        let shared = source_data.b_objects.get();
        result.b_objects.set(shared.clone());
        if let Some(dict) = shared.as_ref().and_then(|shared| shared.downcast_exact::<PyDict>()) {
            dict.set_item(&address_int(source.as_ptr() as *const u8), source)?;
        }
    }
    result.set_pointee(address);
    Ok(made)
}

/// Adds the addresses to the module.
///
/// # Errors
/// `MemoryError`.
pub fn add_to(module: &PyModule) -> PyResult<()> {
    let addresses: [(&str, *const c_void); 6] = [
        ("_memmove_addr", libc::memmove as *const c_void),
        ("_memset_addr", libc::memset as *const c_void),
        ("_string_at_addr", string_at as *const c_void),
        ("_wstring_at_addr", wstring_at as *const c_void),
        ("_memoryview_at_addr", memoryview_at as *const c_void),
        ("_cast_addr", cast as *const c_void),
    ];
    for (name, address) in addresses {
        let address: ObjRef = address_int(address.cast());
        module.add(name, address)?;
    }
    Ok(())
}

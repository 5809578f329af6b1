//! The GIL around SQLite's functions, and inside the callbacks that they make.
//!
//! SQLite's lock on a connection is held while a callback runs, and the callback waits for the GIL. Whoever has the GIL must
//! therefore not wait for that lock: all functions that may run for long are called without it.

use core::ffi::{CStr, c_char};
use std::ffi::CString;

use rpy_vm::runtime::{gil, gilstate};
use rpy_vm::{PyResult, exc};

/// Runs `f`, which calls SQLite, without the GIL.
pub fn unlocked<T>(f: impl FnOnce() -> T) -> T {
    gil::allow_threads(f)
}

/// Runs `f`, which touches Python objects, from a callback: with the GIL, on whatever thread SQLite has chosen.
pub fn locked<T>(f: impl FnOnce() -> T) -> T {
    let taken = gilstate::enter();
    let result = f();
    gilstate::leave(taken);
    result
}

/// A text for SQLite.
///
/// # Errors
/// `ValueError` for null characters.
pub fn c_text(text: &str) -> PyResult<CString> {
    CString::new(text).map_err(|_| exc::value_error("embedded null character"))
}

/// The bytes of a text from SQLite; `None` for null.
///
/// # Safety
/// Null, or NUL-terminated and alive while the result is used.
pub unsafe fn text_bytes<'a>(text: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: the caller's promise.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_bytes())
}

/// `len` bytes from SQLite; none for null.
///
/// # Safety
/// Null, or so many bytes that live while the result is used.
pub unsafe fn counted<'a>(data: *const u8, len: i32) -> &'a [u8] {
    if data.is_null() || len <= 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { core::slice::from_raw_parts(data, len as usize) }
}

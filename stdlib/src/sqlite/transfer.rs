//! Whole databases: copies of them, their bytes, and extensions that are loaded into them.

use core::ffi::{CStr, c_char, c_int};

use libsqlite3_sys as ffi;
use rpy_vm::protocol::call;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::{PyObject, PyResult, Ref, exc};

use super::errors;
use super::threads::{text_bytes, unlocked};
use crate::support::int;

/// Copies a database, `pages` at a time.
///
/// # Errors
/// SQLite's, and what `progress` raises.
pub fn backup(
    source: *mut ffi::sqlite3,
    target: *mut ffi::sqlite3,
    pages: c_int,
    progress: Option<&PyObject>,
    name: &CStr,
    sleep: f64,
) -> PyResult<()> {
    let from = name.as_ptr();
    // SAFETY: two open connections and names of their databases.
    let copy = unlocked(|| unsafe { ffi::sqlite3_backup_init(target, c"main".as_ptr(), source, from) });
    if copy.is_null() {
        return Err(errors::failure(target, ffi::SQLITE_ERROR));
    }
    let milliseconds = (sleep * 1000.0) as c_int;
    let mut raised = None;
    loop {
        // SAFETY: a copy under way keeps both databases, even when their connections are closed.
        let code = unlocked(|| unsafe { ffi::sqlite3_backup_step(copy, pages) });
        if let Some(progress) = progress {
            // SAFETY: as above.
            let numbers = unsafe { [code, ffi::sqlite3_backup_remaining(copy), ffi::sqlite3_backup_pagecount(copy)] };
            let numbers = numbers.map(|number| int(number.into()));
            if let Err(e) = call::call(progress, &[&numbers[0], &numbers[1], &numbers[2]]) {
                raised = Some(e);
                break;
            }
        }
        match code {
            ffi::SQLITE_OK => {}
            // SAFETY: waits, nothing else.
            ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => {
                unlocked(|| unsafe { ffi::sqlite3_sleep(milliseconds) });
            }
            _ => break,
        }
    }
    // SAFETY: ended once.
    let code = unlocked(|| unsafe { ffi::sqlite3_backup_finish(copy) });
    match raised {
        Some(e) => Err(e),
        None if code == ffi::SQLITE_OK => Ok(()),
        None => Err(errors::of_code(code)),
    }
}

/// The bytes of a database.
///
/// # Errors
/// `OperationalError`.
pub fn serialize(db: *mut ffi::sqlite3, name: &str, schema: &CStr) -> PyResult<Ref<PyBytes>> {
    let schema = schema.as_ptr();
    let mut size = 0;
    // SAFETY: an open connection; the bytes are copied. Those that SQLite made for us are freed.
    unsafe {
        let kept = unlocked(|| ffi::sqlite3_serialize(db, schema, &mut size, ffi::SQLITE_SERIALIZE_NOCOPY));
        if !kept.is_null() {
            return PyBytes::try_new(core::slice::from_raw_parts(kept, size as usize));
        }
        let made = unlocked(|| ffi::sqlite3_serialize(db, schema, &mut size, 0));
        if made.is_null() {
            return Err(errors::operational(format!("unable to serialize '{name}'")));
        }
        let bytes = PyBytes::try_new(core::slice::from_raw_parts(made, size as usize));
        ffi::sqlite3_free(made.cast());
        bytes
    }
}

/// Puts a database of these bytes in the place of one.
///
/// # Errors
/// SQLite's, `MemoryError`.
pub fn deserialize(db: *mut ffi::sqlite3, data: &[u8], schema: &CStr) -> PyResult<()> {
    let schema = schema.as_ptr();
    // SAFETY: an open connection, which owns the copy from here, even if the call fails.
    unsafe {
        let copy = ffi::sqlite3_malloc64(data.len() as u64).cast::<u8>();
        if copy.is_null() {
            return Err(exc::memory_error());
        }
        core::ptr::copy_nonoverlapping(data.as_ptr(), copy, data.len());
        let flags = ffi::SQLITE_DESERIALIZE_FREEONCLOSE | ffi::SQLITE_DESERIALIZE_RESIZEABLE;
        let len = data.len() as i64;
        let code = unlocked(|| ffi::sqlite3_deserialize(db, schema, copy, len, len, flags));
        errors::check(db, code)
    }
}

/// Loads a shared library that extends SQLite.
///
/// # Errors
/// `OperationalError`.
pub fn load_extension(db: *mut ffi::sqlite3, name: &CStr, entrypoint: Option<&CStr>) -> PyResult<()> {
    let entrypoint = entrypoint.map_or(core::ptr::null(), CStr::as_ptr);
    let name = name.as_ptr();
    let mut message: *mut c_char = core::ptr::null_mut();
    // SAFETY: an open connection and NUL-terminated names; the message is freed.
    unsafe {
        let code = unlocked(|| ffi::sqlite3_load_extension(db, name, entrypoint, &mut message));
        if code == ffi::SQLITE_OK {
            return Ok(());
        }
        let Some(text) = text_bytes(message) else { return Err(errors::failure(db, code)) };
        let error = errors::operational(String::from_utf8_lossy(text));
        ffi::sqlite3_free(message.cast());
        Err(error)
    }
}

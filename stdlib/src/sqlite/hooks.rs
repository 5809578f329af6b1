//! What SQLite calls on behalf of a connection: for leave to act, with each statement, and now and then.
//!
//! The functions get the connection object, and look up there what to call: so nothing is left dangling when a callback takes
//! itself away. They are removed before the database is closed.

use core::ffi::{c_char, c_int, c_uint, c_void};

use libsqlite3_sys as ffi;
use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::runtime::codecs::utf8;
use rpy_vm::types::int::PyInt;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, exc};

use super::connection::PyConnection;
use super::errors;
use super::functions::report;
use super::threads::{locked, text_bytes, unlocked};
use crate::support::int;

/// The connection object behind a callback's data.
///
/// # Safety
/// What was given to SQLite together with a callback: a connection object, which lives while a statement of it is at work.
unsafe fn connection<'a>(data: *mut c_void) -> &'a PyConnection {
    // SAFETY: the caller's promise.
    unsafe { &*data.cast::<PyConnection>() }
}

fn data_of(connection: &PyConnection) -> *mut c_void {
    (connection as *const PyConnection).cast_mut().cast()
}

/// A text from SQLite, or None.
///
/// # Safety
/// Null or NUL-terminated.
unsafe fn text_or_none(text: *const c_char) -> PyResult<ObjRef> {
    // SAFETY: the caller's promise.
    match unsafe { text_bytes(text) } {
        Some(text) => Ok(utf8::decode(text, None, true)?.0.into_obj()),
        None => Ok(rpy_vm::none()),
    }
}

unsafe extern "C" fn authorize(
    data: *mut c_void,
    action: c_int,
    first: *const c_char,
    second: *const c_char,
    database: *const c_char,
    source: *const c_char,
) -> c_int {
    locked(|| {
        // SAFETY: called by SQLite with what was registered, and texts.
        let (connection, texts) = unsafe {
            let texts = [first, second, database, source].map(|text| text_or_none(text));
            (connection(data), texts)
        };
        let Some(callback) = connection.authorizer.get() else { return ffi::SQLITE_OK };
        let ask = || -> PyResult<c_int> {
            let [first, second, database, source] = texts;
            let (first, second, database, source) = (first?, second?, database?, source?);
            let answer = call::call(&callback, &[&int(action.into()), &first, &second, &database, &source])?;
            match answer.downcast_ref::<PyInt>() {
                Some(number) => {
                    number.as_i32().ok_or_else(|| exc::overflow_error("Python int too large to convert to C int"))
                }
                None => Ok(ffi::SQLITE_DENY),
            }
        };
        ask().unwrap_or_else(|e| {
            report(e, &callback);
            ffi::SQLITE_DENY
        })
    })
}

unsafe extern "C" fn progress(data: *mut c_void) -> c_int {
    locked(|| {
        // SAFETY: called by SQLite with what was registered.
        let Some(callback) = unsafe { connection(data) }.progress.get() else { return 0 };
        match call::call_noargs(&callback).and_then(|answer| protocol::is_true(&answer)) {
            Ok(stop) => stop.into(),
            Err(e) => {
                report(e, &callback);
                1
            }
        }
    })
}

unsafe extern "C" fn trace(kind: c_uint, data: *mut c_void, statement: *mut c_void, sql: *mut c_void) -> c_int {
    if kind != ffi::SQLITE_TRACE_STMT {
        return 0;
    }
    locked(|| {
        // SAFETY: called by SQLite with what was registered, a statement, and its text.
        unsafe {
            let Some(callback) = connection(data).tracer.get() else { return };
            let statement = statement.cast::<ffi::sqlite3_stmt>();
            let expanded = ffi::sqlite3_expanded_sql(statement);
            let text = if expanded.is_null() {
                if ffi::sqlite3_errcode(ffi::sqlite3_db_handle(statement)) == ffi::SQLITE_NOMEM {
                    return report(exc::memory_error(), &callback);
                }
                report(errors::data("Expanded SQL string exceeds the maximum string length"), &callback);
                text_or_none(sql.cast())
            } else {
                let text = text_or_none(expanded);
                ffi::sqlite3_free(expanded.cast());
                text
            };
            if let Err(e) = text.and_then(|text| call::call_one(&callback, &text)) {
                report(e, &callback);
            }
        }
    });
    0
}

/// Sets what is asked for leave.
///
/// # Errors
/// `OperationalError`.
pub fn set_authorizer(connection: &PyConnection, db: *mut ffi::sqlite3, callback: Option<&PyObject>) -> PyResult<()> {
    let function = callback.map(|_| authorize as unsafe extern "C" fn(_, _, _, _, _, _) -> _);
    let data = data_of(connection);
    let before = connection.authorizer.replace(callback.map(PyStruct::to_ref));
    // SAFETY: an open connection; `remove` takes the function away.
    let code = unlocked(|| unsafe { ffi::sqlite3_set_authorizer(db, function, data) });
    drop(before);
    if code != ffi::SQLITE_OK {
        connection.authorizer.take();
        return Err(errors::operational("Error setting authorizer callback"));
    }
    Ok(())
}

/// Sets what is called every `n` instructions.
pub fn set_progress(connection: &PyConnection, db: *mut ffi::sqlite3, callback: Option<&PyObject>, n: c_int) {
    let function = callback.map(|_| progress as unsafe extern "C" fn(_) -> _);
    let data = data_of(connection);
    let before = connection.progress.replace(callback.map(PyStruct::to_ref));
    // SAFETY: as above.
    unlocked(|| unsafe { ffi::sqlite3_progress_handler(db, n, function, data) });
    drop(before);
}

/// Sets what is told of statements.
pub fn set_trace(connection: &PyConnection, db: *mut ffi::sqlite3, callback: Option<&PyObject>) {
    let function = callback.map(|_| trace as unsafe extern "C" fn(_, _, _, _) -> _);
    let mask = if callback.is_some() { ffi::SQLITE_TRACE_STMT } else { 0 };
    let data = data_of(connection);
    let before = connection.tracer.replace(callback.map(PyStruct::to_ref));
    // SAFETY: as above.
    unlocked(|| unsafe { ffi::sqlite3_trace_v2(db, mask, function, data) });
    drop(before);
}

/// Takes all functions away, because the connection object is about to go, or its database is.
pub fn remove(db: *mut ffi::sqlite3) {
    // SAFETY: an open connection.
    unlocked(|| unsafe {
        ffi::sqlite3_set_authorizer(db, None, core::ptr::null_mut());
        ffi::sqlite3_progress_handler(db, 0, None, core::ptr::null_mut());
        ffi::sqlite3_trace_v2(db, 0, None, core::ptr::null_mut());
    });
}

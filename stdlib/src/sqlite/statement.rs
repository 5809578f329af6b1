//! Prepared statements.

use core::cell::Cell;
use std::ffi::CString;
use std::rc::Rc;

use libsqlite3_sys as ffi;
use rpy_vm::object::alloc::new_exact;
use rpy_vm::types::str::PyStr;
use rpy_vm::{PyObject, PyResult, Ref, pyclass};

use super::connection::Database;
use super::errors;
use super::threads::unlocked;

/// A prepared statement. Cursors share it through the cache of their connection.
#[pyclass(name = "Statement", module = "sqlite3", no_new, no_methods)]
#[repr(C)]
pub struct PyStatement {
    ob_base: PyObject,
    /// Null for a text without a statement in it.
    raw: *mut ffi::sqlite3_stmt,
    /// Its connection, which goes after it.
    database: Rc<Database>,
    /// Does a cursor work with it? No other one may then: not even if a callback or another thread finds it in the cache.
    claimed: Cell<bool>,
    /// Does it insert, update, delete or replace rows?
    pub changes_rows: bool,
}

impl Drop for PyStatement {
    fn drop(&mut self) {
        let raw = self.raw;
        if !raw.is_null() {
            // SAFETY: ours, of a connection that is still there.
            unlocked(|| unsafe { ffi::sqlite3_finalize(raw) });
        }
    }
}

/// The text from its first word on, without blanks and comments; `None` if there is nothing else. A comment that does not
/// end is one.
fn skip_blanks(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    loop {
        rest = match rest {
            [b' ' | b'\t' | b'\x0c' | b'\n' | b'\r', rest @ ..] => rest,
            [b'-', b'-', ..] => &rest[memchr::memchr(b'\n', rest)? + 1..],
            [b'/', b'*', comment @ ..] => &comment[memchr::memmem::find(comment, b"*/")? + 2..],
            [] => return None,
            _ => return Some(rest),
        };
    }
}

fn changes_rows(sql: &[u8]) -> bool {
    let Some(sql) = skip_blanks(sql) else { return false };
    [&b"insert"[..], b"update", b"delete", b"replace"]
        .iter()
        .any(|word| sql.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)))
}

impl PyStatement {
    /// Prepares a statement for a connection.
    ///
    /// # Errors
    /// `DataError` for long texts, `ProgrammingError` for more than one statement, and SQLite's.
    pub fn prepare(database: &Rc<Database>, sql: &PyStr) -> PyResult<Ref<PyStatement>> {
        let text = sql.as_utf8()?;
        let db = database.raw();
        // SAFETY: a live connection; a negative number asks for the limit.
        let limit = unsafe { ffi::sqlite3_limit(db, ffi::SQLITE_LIMIT_SQL_LENGTH, -1) };
        if text.len() > limit.max(0) as usize {
            return Err(errors::data("query string is too large"));
        }
        let Ok(terminated) = CString::new(text) else {
            return Err(errors::programming("the query contains a null character"));
        };
        let mut raw = core::ptr::null_mut();
        let mut tail = core::ptr::null();
        // SAFETY: a live connection, a NUL-terminated text, and room for both answers.
        let (code, used) = unlocked(|| unsafe {
            let len = text.len() as i32 + 1;
            let code = ffi::sqlite3_prepare_v2(db, terminated.as_ptr(), len, &mut raw, &mut tail);
            (code, if tail.is_null() { text.len() } else { tail.offset_from(terminated.as_ptr()) as usize })
        });
        database.check(code)?;
        let statement = new_exact(PyStatement {
            ob_base: PyObject::placeholder(),
            raw,
            database: database.clone(),
            claimed: Cell::new(false),
            changes_rows: changes_rows(text.as_bytes()),
        });
        if text.as_bytes().get(used..).and_then(skip_blanks).is_some() {
            return Err(errors::programming("You can only execute one statement at a time."));
        }
        Ok(statement)
    }

    /// SQLite's statement; null for a text without one.
    pub fn as_ptr(&self) -> *mut ffi::sqlite3_stmt {
        self.raw
    }

    /// The connection it belongs to.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Makes it the caller's alone. False if it is somebody else's.
    pub fn claim(&self) -> bool {
        !self.claimed.replace(true)
    }

    /// Gives it back, ready to be run again.
    pub fn release(&self) {
        self.reset();
        self.claimed.set(false);
    }

    /// Runs it to its next row or its end: the result code.
    pub fn step(&self) -> i32 {
        // SAFETY: a live statement.
        unlocked(|| unsafe { ffi::sqlite3_step(self.raw) })
    }

    /// Makes it ready to be run again.
    pub fn reset(&self) {
        if !self.raw.is_null() {
            // SAFETY: a live statement.
            unlocked(|| unsafe { ffi::sqlite3_reset(self.raw) });
        }
    }

    /// Is it in the midst of its rows?
    pub fn is_busy(&self) -> bool {
        // SAFETY: a live statement, or null, which is not busy.
        unsafe { ffi::sqlite3_stmt_busy(self.raw) != 0 }
    }

    /// Does it leave the database as it is?
    pub fn is_readonly(&self) -> bool {
        // SAFETY: a live statement, or null, which is.
        unsafe { ffi::sqlite3_stmt_readonly(self.raw) != 0 }
    }
}

//! The exceptions of the database interface, and how SQLite's result codes become them.

use core::ffi::CStr;

use libsqlite3_sys as ffi;
use rpy_vm::protocol::object as protocol;
use rpy_vm::types::module::PyModule;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, OptRef, PyErr, PyResult, PyStruct, PyTypeObject, exc, intern};

use super::constants::code_name;
use crate::support::{exception_class, int};

/// A class of exceptions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Warning,
    Error,
    Interface,
    Database,
    Data,
    Operational,
    Integrity,
    Internal,
    Programming,
    NotSupported,
}

/// The classes, bases first.
pub const KINDS: &[(Kind, &str, Option<Kind>)] = &[
    (Kind::Warning, "Warning", None),
    (Kind::Error, "Error", None),
    (Kind::Interface, "InterfaceError", Some(Kind::Error)),
    (Kind::Database, "DatabaseError", Some(Kind::Error)),
    (Kind::Data, "DataError", Some(Kind::Database)),
    (Kind::Operational, "OperationalError", Some(Kind::Database)),
    (Kind::Integrity, "IntegrityError", Some(Kind::Database)),
    (Kind::Internal, "InternalError", Some(Kind::Database)),
    (Kind::Programming, "ProgrammingError", Some(Kind::Database)),
    (Kind::NotSupported, "NotSupportedError", Some(Kind::Database)),
];

static CLASSES: [OptRef; KINDS.len()] = [const { OptRef::NULL }; KINDS.len()];

impl Kind {
    /// The class.
    pub fn class(self) -> ObjRef {
        CLASSES[self as usize].get().unwrap_or_else(|| exc::Exception().to_obj())
    }

    /// An exception of the class.
    #[cold]
    pub fn error(self, message: impl Into<String>) -> PyErr {
        match self.class().downcast_ref::<PyTypeObject>() {
            Some(class) => PyErr::new(class, message),
            None => exc::exception(message),
        }
    }

    /// What a result code means; `None` for success and for lack of memory.
    fn of_code(code: i32) -> Option<Kind> {
        // The lower byte is the primary code.
        match code & 0xff {
            ffi::SQLITE_OK | ffi::SQLITE_NOMEM => None,
            ffi::SQLITE_INTERNAL | ffi::SQLITE_NOTFOUND => Some(Kind::Internal),
            ffi::SQLITE_ERROR
            | ffi::SQLITE_PERM
            | ffi::SQLITE_ABORT
            | ffi::SQLITE_BUSY
            | ffi::SQLITE_LOCKED
            | ffi::SQLITE_READONLY
            | ffi::SQLITE_INTERRUPT
            | ffi::SQLITE_IOERR
            | ffi::SQLITE_FULL
            | ffi::SQLITE_CANTOPEN
            | ffi::SQLITE_PROTOCOL
            | ffi::SQLITE_EMPTY
            | ffi::SQLITE_SCHEMA => Some(Kind::Operational),
            ffi::SQLITE_TOOBIG => Some(Kind::Data),
            ffi::SQLITE_CONSTRAINT | ffi::SQLITE_MISMATCH => Some(Kind::Integrity),
            ffi::SQLITE_MISUSE | ffi::SQLITE_RANGE => Some(Kind::Interface),
            _ => Some(Kind::Database),
        }
    }
}

/// `ProgrammingError`.
#[cold]
pub fn programming(message: impl Into<String>) -> PyErr {
    Kind::Programming.error(message)
}

/// `OperationalError`.
#[cold]
pub fn operational(message: impl Into<String>) -> PyErr {
    Kind::Operational.error(message)
}

/// `DataError`.
#[cold]
pub fn data(message: impl Into<String>) -> PyErr {
    Kind::Data.error(message)
}

/// The exception for a result code: its number and name are attributes. A number that is no failure is reported, too.
#[cold]
fn with_code(code: i32, message: &CStr) -> PyErr {
    if code & 0xff == ffi::SQLITE_NOMEM {
        return exc::memory_error();
    }
    let error = Kind::of_code(code).unwrap_or(Kind::Database).error(message.to_string_lossy());
    let attributes = [
        (intern!("sqlite_errorcode"), int(code.into())),
        (intern!("sqlite_errorname"), PyStr::interned(code_name(code)).into_obj()),
    ];
    for (name, value) in attributes {
        if let Err(e) = protocol::setattr(error.object(), name, Some(&value)) {
            return e;
        }
    }
    error
}

/// The exception for what last failed on a connection; `None` if nothing did.
#[cold]
pub fn of_connection(db: *mut ffi::sqlite3) -> Option<PyErr> {
    // SAFETY: a live connection, or null after a failure to allocate one.
    unsafe {
        if ffi::sqlite3_errcode(db) & 0xff == ffi::SQLITE_OK {
            return None;
        }
        Some(with_code(ffi::sqlite3_extended_errcode(db), CStr::from_ptr(ffi::sqlite3_errmsg(db))))
    }
}

/// The exception for a failure on a connection, which returned `code`.
#[cold]
pub fn failure(db: *mut ffi::sqlite3, code: i32) -> PyErr {
    of_connection(db).unwrap_or_else(|| of_code(code))
}

/// The exception for a result code alone.
#[cold]
pub fn of_code(code: i32) -> PyErr {
    // SAFETY: a constant text for every number.
    with_code(code, unsafe { CStr::from_ptr(ffi::sqlite3_errstr(code)) })
}

/// Success, or the exception for a failure on a connection.
pub fn check(db: *mut ffi::sqlite3, code: i32) -> PyResult<()> {
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(failure(db, code)) }
}

/// Makes the classes and adds them to the module.
pub fn add_classes(module: &PyModule) -> PyResult<()> {
    for (kind, name, base) in KINDS {
        let kept = &CLASSES[*kind as usize];
        if kept.is_null() {
            let base = base.map_or_else(|| exc::Exception().to_obj(), Kind::class);
            if let Some(base) = base.downcast_ref::<PyTypeObject>() {
                kept.set(Some(exception_class("sqlite3", name, base)?));
            }
        }
        module.add(name, kind.class())?;
    }
    Ok(())
}

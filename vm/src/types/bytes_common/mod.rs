//! What `bytes` and `bytearray` share: all algorithms over byte strings, and the handling of their arguments.
//!
//! The methods are generic over [`ByteString`]; `bytes/methods.rs` and `bytearray/methods.rs` only bind them. A `bytearray`
//! may be resized by any Python code that runs, so a method reads its contents only after all arguments are converted.

pub mod args;
pub mod ascii;
pub mod construct;
pub mod editing;
pub mod hex;
pub mod percent;
pub mod repr;
pub mod searching;
pub mod splitting;

use core::cell::Cell;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::object::ObjRef;
use crate::protocol::buffer::ArgBytes;
use crate::{PyClass, PyObject, PyResult};

/// `bytes` or `bytearray`.
pub trait ByteString: PyClass {
    /// The type's name in messages.
    const TYPE_NAME: &'static str;
    /// The contents; not to be held while Python code may run.
    fn contents(&self) -> &[u8];
    /// A new object of the exact type.
    ///
    /// # Errors
    /// `MemoryError`.
    fn make(bytes: &[u8]) -> PyResult<ObjRef>;
    /// A new object of the exact type.
    ///
    /// # Errors
    /// `MemoryError`.
    fn make_vec(bytes: Vec<u8>) -> PyResult<ObjRef> {
        Self::make(&bytes)
    }
    /// A result equal to the object: itself if it is immutable and of the exact type, else a copy.
    ///
    /// # Errors
    /// `MemoryError`.
    fn unchanged(&self) -> PyResult<ObjRef>;
    /// Keeps the contents where they are while the guard lives: code that runs meanwhile cannot change the length.
    fn hold(&self) -> Hold<'_> {
        Hold(None)
    }
    /// A result that contains an argument as it was found (the separator of `partition`).
    ///
    /// # Errors
    /// `MemoryError`.
    fn adopt(argument: &PyObject, bytes: &[u8]) -> PyResult<ObjRef>;
}

/// Counts as a view of a `bytearray`; see [`ByteString::hold`].
pub struct Hold<'a>(pub(crate) Option<&'a Cell<isize>>);

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        if let Some(exports) = self.0 {
            exports.set(exports.get() - 1);
        }
    }
}

/// The memory of a bytes-like object, held until dropped.
///
/// # Errors
/// `TypeError`: "a bytes-like object is required, not 'int'".
#[inline]
pub fn bytes_of(object: &PyObject) -> PyResult<ArgBytes<'_>> {
    ArgBytes::from_object(object)
}

static BYTES_WARNING: AtomicBool = AtomicBool::new(false);

/// Switches `-b` on.
pub fn set_bytes_warning(on: bool) {
    BYTES_WARNING.store(on, Ordering::Relaxed);
}

/// Was `-b` given?
#[inline]
pub fn bytes_warning() -> bool {
    BYTES_WARNING.load(Ordering::Relaxed)
}

/// Under `-b`: warns about a comparison that can never be true.
///
/// # Errors
/// The warning, if a filter (`-bb`) turns it into an exception.
#[cold]
pub fn warn_comparison(other: &PyObject, type_name: &str, ints_too: bool) -> PyResult<()> {
    use crate::types::int::PyInt;
    use crate::types::str::PyStr;
    let what = if PyStr::check(other) {
        "string"
    } else if ints_too && PyInt::check(other) {
        "int"
    } else {
        return Ok(());
    };
    crate::runtime::warnings::warn(
        crate::exc::BytesWarning(),
        &*format!("Comparison between {type_name} and {what}"),
        1,
    )
}

//! What compiled code calls in the VM.

use rpy_vm::PyObject;
use rpy_vm::object::dealloc;
use rpy_vm::types::bool_;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::range::PyRangeIterator;

/// Destroys an object whose last reference is gone.
///
/// # Safety
/// The object's count is zero and nobody else refers to it.
pub unsafe extern "sysv64" fn dealloc(object: *mut PyObject) {
    // SAFETY: the caller's promise.
    unsafe { dealloc::dealloc(object) }
}

/// 1 if the word of a slot owns nothing, or an object whose end nobody notices; else 0.
///
/// # Safety
/// The word is that of a slot.
pub unsafe extern "sysv64" fn is_inert(word: u64) -> u64 {
    // SAFETY: without its mark, the word is the address of a live object.
    (word & 1 != 0 || crate::recorder::is_inert(unsafe { &*(word as *const PyObject) }.ty())) as u64
}

/// A new reference to an int.
pub extern "sysv64" fn box_int(value: i64) -> *mut PyObject {
    PyInt::from_i64(value).into_obj().into_raw()
}

/// A new float, from its representation.
pub extern "sysv64" fn box_float(bits: u64) -> *mut PyObject {
    PyFloat::new(f64::from_bits(bits)).into_obj().into_raw()
}

/// A new iterator of a range, of no numbers yet.
pub extern "sysv64" fn range_iter(_: u64) -> *mut PyObject {
    PyRangeIterator::new(0, 1, 0).into_obj().into_raw()
}

/// The addresses of `False` and `True`.
pub fn bools() -> (usize, usize) {
    let address = |b: bool| bool_::as_object(b).as_ptr() as usize;
    (address(false), address(true))
}

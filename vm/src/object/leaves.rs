//! Leaves: objects whose end runs no code and frees no other object. Whoever drops the last reference to one has nothing to prepare for.

use core::cell::Cell;
use core::ptr;

use super::refs::PyClass;
use super::typeobj::PyTypeObject;
use crate::types::bytes::PyBytes;
use crate::types::complex::PyComplex;
use crate::types::float::PyFloat;
use crate::types::int::PyInt;
use crate::types::str::PyStr;

/// Types of other modules' leaves.
struct Others([Cell<*const PyTypeObject>; 4]);

// SAFETY: touched under the GIL only.
unsafe impl Sync for Others {}

static OTHERS: Others = Others([const { Cell::new(ptr::null()) }; 4]);

/// From now on, objects of exactly this type are leaves. There is room for a few types, which live for ever.
pub fn add(ty: &'static PyTypeObject) {
    if !is_leaf(ty)
        && let Some(free) = OTHERS.0.iter().find(|other| other.get().is_null())
    {
        free.set(ty);
    }
}

/// Are the objects of exactly this type leaves?
pub fn is_leaf(ty: &PyTypeObject) -> bool {
    let of = |other: &PyTypeObject| ptr::eq(ty, other);
    of(PyInt::type_object())
        || of(PyFloat::type_object())
        || of(PyStr::type_object())
        || of(PyBytes::type_object())
        || of(PyComplex::type_object())
        || of(crate::types::bool_::as_object(true).ty())
        || of(crate::none_ref().ty())
        || OTHERS.0.iter().any(|other| ptr::eq(other.get(), ty))
}

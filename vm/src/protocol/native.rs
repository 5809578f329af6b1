//! Equality, order and hashes of objects of the built-in types, without a call of their slots: what containers try first.
//!
//! No Python code runs, no reference is counted and nothing is raised. `None` is the answer where the types have to be asked: of
//! derived classes, of objects of different types, and of what is nested deeply.

use core::ptr;

use crate::object::PyObject;
use crate::object::slots::CompareOp;
use crate::types::bytes::PyBytes;
use crate::types::dict::PyDict;
use crate::types::float::PyFloat;
use crate::types::float::ops::{hash_double_of, hash_pointer};
use crate::types::int::PyInt;
use crate::types::int::arith::{int_compare, int_eq};
use crate::types::list::PyList;
use crate::types::object::PyBaseObject_Type;
use crate::types::set::any_set_exact;
use crate::types::str::PyStr;
use crate::types::str::compare::str_cmp;
use crate::types::tuple::PyTuple;

/// How deep tuples may lie in each other. Where the answer is none, what was found out is found out again by the slots, level by level.
const MOST_DEPTH: u32 = 3;

/// Are two objects equal, as containers see it: are they one object, or do they say so?
#[inline]
pub fn eq(a: &PyObject, b: &PyObject) -> Option<bool> {
    eq_within(a, b, MOST_DEPTH)
}

#[inline(always)]
fn eq_within(a: &PyObject, b: &PyObject, depth: u32) -> Option<bool> {
    if a.is(b) {
        return Some(true);
    }
    if !ptr::eq(a.ty(), b.ty()) {
        return None;
    }
    if let (Some(a), Some(b)) = (a.downcast_exact::<PyStr>(), b.downcast_exact::<PyStr>()) {
        return Some(PyStr::str_eq(a, b));
    }
    if let (Some(a), Some(b)) = (a.downcast_exact::<PyInt>(), b.downcast_exact::<PyInt>()) {
        return Some(int_eq(a, b));
    }
    eq_others(a, b, depth)
}

/// Of types that are not asked about as often. The two are of one type.
#[inline(never)]
fn eq_others(a: &PyObject, b: &PyObject, depth: u32) -> Option<bool> {
    if let (Some(a), Some(b)) = (a.downcast_exact::<PyTuple>(), b.downcast_exact::<PyTuple>()) {
        let depth = depth.checked_sub(1)?;
        for (x, y) in a.items().iter().zip(b.items()) {
            if !eq_within(x, y, depth)? {
                return Some(false);
            }
        }
        return Some(a.len() == b.len());
    }
    if let (Some(a), Some(b)) = (a.downcast_exact::<PyBytes>(), b.downcast_exact::<PyBytes>()) {
        return Some(a.as_bytes() == b.as_bytes());
    }
    if let (Some(a), Some(b)) = (a.downcast_exact::<PyFloat>(), b.downcast_exact::<PyFloat>()) {
        return Some(a.value() == b.value());
    }
    // Both decline: they are two objects.
    let plain = PyBaseObject_Type.tp_richcompare.get().map(|f| f as usize);
    (a.ty().tp_richcompare.get().map(|f| f as usize) == plain).then_some(false)
}

/// The truth of `a <op> b`, of two strings, ints or floats. They are asked even if they are one object.
#[inline]
pub fn compare(a: &PyObject, b: &PyObject, op: CompareOp) -> Option<bool> {
    if !ptr::eq(a.ty(), b.ty()) {
        return None;
    }
    if let (Some(a), Some(b)) = (a.downcast_exact::<PyInt>(), b.downcast_exact::<PyInt>()) {
        return Some(int_compare(a, b, op));
    }
    if let (Some(a), Some(b)) = (a.downcast_exact::<PyFloat>(), b.downcast_exact::<PyFloat>()) {
        let (a, b) = (a.value(), b.value());
        return Some(match op {
            CompareOp::Lt => a < b,
            CompareOp::Le => a <= b,
            CompareOp::Eq => a == b,
            CompareOp::Ne => a != b,
            CompareOp::Gt => a > b,
            CompareOp::Ge => a >= b,
        });
    }
    if let (Some(a), Some(b)) = (a.downcast_exact::<PyStr>(), b.downcast_exact::<PyStr>()) {
        return Some(match op {
            CompareOp::Eq => PyStr::str_eq(a, b),
            CompareOp::Ne => !PyStr::str_eq(a, b),
            CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => op.matches(str_cmp(a, b)),
        });
    }
    None
}

/// Calls a function with each item of a list, tuple, set or dict (of which these are the keys), in the order of iteration, until it
/// says `None`. `None` is also the answer for all other objects.
///
/// # Safety
/// The function does nothing that could change the container.
#[inline]
pub unsafe fn for_each_item<'a>(container: &'a PyObject, mut f: impl FnMut(&'a PyObject) -> Option<()>) -> Option<()> {
    // SAFETY: the caller's promise.
    unsafe {
        if let Some(list) = container.downcast_exact::<PyList>() {
            return list.items().iter().try_for_each(|item| f(item));
        }
        if let Some(set) = any_set_exact(container) {
            return set.try_for_each(f);
        }
        if let Some(dict) = container.downcast_exact::<PyDict>() {
            return dict.try_for_each(|key, _| f(key));
        }
    }
    container.downcast_exact::<PyTuple>()?.items().iter().try_for_each(|item| f(item))
}

/// `hash(object)`.
#[inline]
pub fn hash(object: &PyObject) -> Option<isize> {
    hash_within(object, MOST_DEPTH)
}

#[inline(always)]
fn hash_within(object: &PyObject, depth: u32) -> Option<isize> {
    if let Some(text) = object.downcast_exact::<PyStr>() {
        return Some(text.hash());
    }
    if let Some(int) = object.downcast_exact::<PyInt>() {
        return Some(int.hash());
    }
    hash_others(object, depth)
}

#[inline(never)]
fn hash_others(object: &PyObject, depth: u32) -> Option<isize> {
    if let Some(tuple) = object.downcast_exact::<PyTuple>() {
        let depth = depth.checked_sub(1)?;
        return tuple.hash_by(|item| hash_within(item, depth).ok_or(())).ok();
    }
    if let Some(bytes) = object.downcast_exact::<PyBytes>() {
        return Some(bytes.hash());
    }
    if let Some(float) = object.downcast_exact::<PyFloat>() {
        return Some(hash_double_of(object, float.value()));
    }
    // Classes, functions, instances of most classes.
    let plain = PyBaseObject_Type.tp_hash.get().map(|f| f as usize);
    (object.ty().tp_hash.get().map(|f| f as usize) == plain).then(|| hash_pointer(object.as_ptr() as usize))
}

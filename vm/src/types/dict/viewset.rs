//! Set operations on key and item views.

use super::views::{PyDictItems, PyDictKeys};
use crate::err::PyResult;
use crate::object::slots::CompareOp;
use crate::object::{ObjRef, PyClass, PyObject, PyStruct, Ref};
use crate::protocol::{object as protocol, sequence};
use crate::types::set::{PyFrozenSet, PySet};

fn is_view(object: &PyObject) -> bool {
    PyDictKeys::check(object) || PyDictItems::check(object)
}

fn is_set_like(object: &PyObject) -> bool {
    PySet::check(object) || PyFrozenSet::check(object) || PyDictKeys::check(object) || PyDictItems::check(object)
}

/// Is everything that the first iterates in the second?
fn all_in(items: &PyObject, container: &PyObject) -> PyResult<bool> {
    let iter = protocol::get_iter(items)?;
    while let Some(item) = protocol::iter_next(&iter)? {
        if !sequence::contains(container, &item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Comparison as sets.
pub fn compare(view: &PyObject, other: &PyObject, op: CompareOp) -> PyResult {
    if !is_set_like(other) {
        return Ok(crate::not_implemented());
    }
    let (ours, theirs) = (protocol::size(view)?, protocol::size(other)?);
    let answer = match op {
        CompareOp::Eq | CompareOp::Ne => {
            let equal = ours == theirs && all_in(view, other)?;
            equal == (op == CompareOp::Eq)
        }
        CompareOp::Lt => ours < theirs && all_in(view, other)?,
        CompareOp::Le => ours <= theirs && all_in(view, other)?,
        CompareOp::Gt => ours > theirs && all_in(other, view)?,
        CompareOp::Ge => ours >= theirs && all_in(other, view)?,
    };
    Ok(crate::py_bool(answer))
}

/// A set of what an object iterates.
fn to_set(object: &PyObject) -> PyResult<Ref<PySet>> {
    let set = PySet::new();
    let iter = protocol::get_iter(object)?;
    while let Some(item) = protocol::iter_next(&iter)? {
        set.add(&item)?;
    }
    Ok(set)
}

pub fn difference(a: &PyObject, b: &PyObject) -> PyResult {
    let set = to_set(a)?;
    let iter = protocol::get_iter(b)?;
    while let Some(item) = protocol::iter_next(&iter)? {
        set.discard(&item)?;
    }
    Ok(set.into_obj())
}

pub fn intersection(a: &PyObject, b: &PyObject) -> PyResult {
    // Whichever side the view is on; the longer of two views is the one to look things up in.
    let (mut view, mut other) = if is_view(a) { (a, b) } else { (b, a) };
    let len = protocol::size(view)?;
    if is_view(other) && protocol::size(other)? > len {
        core::mem::swap(&mut view, &mut other);
    }
    if PySet::check_exact(other) && len <= protocol::size(other)? {
        core::mem::swap(&mut view, &mut other);
    }
    let result = PySet::new();
    let iter = protocol::get_iter(other)?;
    while let Some(item) = protocol::iter_next(&iter)? {
        if sequence::contains(view, &item)? {
            result.add(&item)?;
        }
    }
    Ok(result.into_obj())
}

pub fn union(a: &PyObject, b: &PyObject) -> PyResult {
    let set = to_set(a)?;
    let iter = protocol::get_iter(b)?;
    while let Some(item) = protocol::iter_next(&iter)? {
        set.add(&item)?;
    }
    Ok(set.into_obj())
}

pub fn symmetric_difference(a: &PyObject, b: &PyObject) -> PyResult {
    let result = to_set(a)?;
    let other = to_set(b)?;
    let items: Vec<ObjRef> = sequence::fast(other.as_object())?;
    for item in items {
        if !result.discard(&item)? {
            result.add(&item)?;
        }
    }
    Ok(result.into_obj())
}

pub fn is_disjoint(view: &PyObject, other: &PyObject) -> PyResult<bool> {
    if view.is(other) {
        return Ok(protocol::size(view)? == 0);
    }
    let (mut container, mut items) = (view, other);
    if is_set_like(other) && protocol::size(other)? > protocol::size(view)? {
        core::mem::swap(&mut container, &mut items);
    }
    let iter = protocol::get_iter(items)?;
    while let Some(item) = protocol::iter_next(&iter)? {
        if sequence::contains(container, &item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

//! Sequences: indexing by C integers, membership, concatenation, and turning anything iterable into lists and tuples.

use crate::PyResult;
use crate::err::PyErr;
use crate::exc;
use crate::object::{ObjRef, PyClass, PyObject, PyStruct, Ref, flags};
use crate::protocol::object;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::slice::PySlice;
use crate::types::tuple::PyTuple;

use super::number;

/// Does it behave as a sequence (`PySequence_Check`)?
pub fn check(o: &PyObject) -> bool {
    !o.ty().has_flag(flags::DICT_SUBCLASS) && o.ty().as_sequence().is_some_and(|s| s.sq_item.get().is_some())
}

/// `a + b` for sequences (`PySequence_Concat`).
pub fn concat(a: &PyObject, b: &PyObject) -> PyResult {
    if let Some(function) = a.ty().as_sequence().and_then(|s| s.sq_concat.get()) {
        // SAFETY: a slot of the operand's type.
        return unsafe { ObjRef::from_c_result(function(a.as_ptr(), b.as_ptr())) };
    }
    // Classes written in Python fill only the number slot.
    if check(a) && check(b) {
        let result = number::binary_slots(a, b, |n| &n.nb_add)?;
        if !crate::is_not_implemented(&result) {
            return Ok(result);
        }
    }
    Err(exc::type_error(format!("'{}' object can't be concatenated", a.ty().full_name())))
}

/// `a += b` for sequences.
pub fn inplace_concat(a: &PyObject, b: &PyObject) -> PyResult {
    if let Some(function) = a.ty().as_sequence().and_then(|s| s.sq_inplace_concat.get().or(s.sq_concat.get())) {
        // SAFETY: a slot of the operand's type.
        return unsafe { ObjRef::from_c_result(function(a.as_ptr(), b.as_ptr())) };
    }
    if check(a) && check(b) {
        let result = number::inplace_slots(a, b, |n| &n.nb_inplace_add, |n| &n.nb_add)?;
        if !crate::is_not_implemented(&result) {
            return Ok(result);
        }
    }
    Err(exc::type_error(format!("'{}' object can't be concatenated", a.ty().full_name())))
}

/// `o * count` for sequences (`PySequence_Repeat`).
pub fn repeat(o: &PyObject, count: isize) -> PyResult {
    if let Some(function) = o.ty().as_sequence().and_then(|s| s.sq_repeat.get()) {
        // SAFETY: a slot of the operand's type.
        return unsafe { ObjRef::from_c_result(function(o.as_ptr(), count)) };
    }
    if check(o) {
        let count = PyInt::from_isize(count);
        let result = number::binary_slots(o, count.as_object(), |n| &n.nb_multiply)?;
        if !crate::is_not_implemented(&result) {
            return Ok(result);
        }
    }
    Err(exc::type_error(format!("'{}' object can't be repeated", o.ty().full_name())))
}

/// `o *= count` for sequences.
pub fn inplace_repeat(o: &PyObject, count: isize) -> PyResult {
    if let Some(function) = o.ty().as_sequence().and_then(|s| s.sq_inplace_repeat.get().or(s.sq_repeat.get())) {
        // SAFETY: a slot of the operand's type.
        return unsafe { ObjRef::from_c_result(function(o.as_ptr(), count)) };
    }
    if check(o) {
        let count = PyInt::from_isize(count);
        let result = number::inplace_slots(o, count.as_object(), |n| &n.nb_inplace_multiply, |n| &n.nb_multiply)?;
        if !crate::is_not_implemented(&result) {
            return Ok(result);
        }
    }
    Err(exc::type_error(format!("'{}' object can't be repeated", o.ty().full_name())))
}

/// A negative index counts from the end, where the length is known.
fn adjust(o: &PyObject, index: isize) -> PyResult<isize> {
    if index >= 0 {
        return Ok(index);
    }
    match o.ty().as_sequence().and_then(|s| s.sq_length.get()) {
        Some(length) => {
            // SAFETY: a slot of the operand's type.
            let length = unsafe { length(o.as_ptr()) };
            if length < 0 { Err(PyErr::fetch_or_system_error()) } else { Ok(index.saturating_add(length)) }
        }
        None => Ok(index),
    }
}

/// Says what `o` cannot do, or that it is a mere mapping.
#[cold]
fn unsupported(o: &PyObject, is_mapping: bool, what: &str) -> PyErr {
    if is_mapping {
        return exc::type_error(format!("{} is not a sequence", o.ty().full_name()));
    }
    exc::type_error(format!("'{}' object {what}", o.ty().full_name()))
}

/// `o[index]` (`PySequence_GetItem`).
pub fn get_item_index(o: &PyObject, index: isize) -> PyResult {
    match o.ty().as_sequence().and_then(|s| s.sq_item.get()) {
        Some(item) => {
            let index = adjust(o, index)?;
            // SAFETY: a slot of the operand's type.
            unsafe { ObjRef::from_c_result(item(o.as_ptr(), index)) }
        }
        None => {
            let is_mapping = o.ty().as_mapping().is_some_and(|m| m.mp_subscript.get().is_some());
            Err(unsupported(o, is_mapping, "does not support indexing"))
        }
    }
}

/// `o[index] = value`, or `del o[index]` (`PySequence_SetItem`, `PySequence_DelItem`).
pub fn set_item_index(o: &PyObject, index: isize, value: Option<&PyObject>) -> PyResult<()> {
    match o.ty().as_sequence().and_then(|s| s.sq_ass_item.get()) {
        Some(assign) => {
            let index = adjust(o, index)?;
            let value = value.map_or(core::ptr::null_mut(), PyObject::as_ptr);
            // SAFETY: a slot of the operand's type.
            if unsafe { assign(o.as_ptr(), index, value) } < 0 { Err(PyErr::fetch_or_system_error()) } else { Ok(()) }
        }
        None => {
            let is_mapping = o.ty().as_mapping().is_some_and(|m| m.mp_ass_subscript.get().is_some());
            let what =
                if value.is_some() { "does not support item assignment" } else { "doesn't support item deletion" };
            Err(unsupported(o, is_mapping, what))
        }
    }
}

/// The slice object `start:stop`.
fn slice_of(start: isize, stop: isize) -> ObjRef {
    let int = |value| Some(PyInt::from_isize(value).into_obj());
    PySlice::new(int(start), int(stop), None).into_obj()
}

/// `o[start:stop]` (`PySequence_GetSlice`).
pub fn slice(o: &PyObject, start: isize, stop: isize) -> PyResult {
    if o.ty().as_mapping().is_some_and(|m| m.mp_subscript.get().is_some()) {
        return object::get_item(o, &slice_of(start, stop));
    }
    Err(exc::type_error(format!("'{}' object is unsliceable", o.ty().full_name())))
}

/// `o[start:stop] = value`, or `del o[start:stop]`.
pub fn set_slice(o: &PyObject, start: isize, stop: isize, value: Option<&PyObject>) -> PyResult<()> {
    if o.ty().as_mapping().is_none_or(|m| m.mp_ass_subscript.get().is_none()) {
        let what = if value.is_some() { "assignment" } else { "deletion" };
        return Err(exc::type_error(format!("'{}' object doesn't support slice {what}", o.ty().full_name())));
    }
    match value {
        Some(value) => object::set_item(o, &slice_of(start, stop), value),
        None => object::del_item(o, &slice_of(start, stop)),
    }
}

/// `x in o` (`PySequence_Contains`).
pub fn contains(o: &PyObject, x: &PyObject) -> PyResult<bool> {
    if let Some(function) = o.ty().as_sequence().and_then(|s| s.sq_contains.get()) {
        // SAFETY: a slot of the operand's type.
        return match unsafe { function(o.as_ptr(), x.as_ptr()) } {
            0 => Ok(false),
            result if result > 0 => Ok(true),
            _ => Err(PyErr::fetch_or_system_error()),
        };
    }
    let iterator = match object::get_iter(o) {
        Ok(iterator) => iterator,
        Err(e) if e.matches(exc::TypeError()) => {
            return Err(exc::type_error(format!(
                "argument of type '{}' is not a container or iterable",
                o.ty().full_name()
            )));
        }
        Err(e) => return Err(e),
    };
    while let Some(item) = object::iter_next(&iterator)? {
        if object::eq(&item, x)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// An iterator of `o`, with this module's message if there is none.
fn search_iter(o: &PyObject) -> PyResult {
    object::get_iter(o).map_err(|e| {
        if e.matches(exc::TypeError()) {
            exc::type_error(format!("argument of type '{}' is not iterable", o.ty().full_name()))
        } else {
            e
        }
    })
}

/// How often `x` occurs in `o`.
pub fn count(o: &PyObject, x: &PyObject) -> PyResult<usize> {
    let iterator = search_iter(o)?;
    let mut count = 0_usize;
    while let Some(item) = object::iter_next(&iterator)? {
        if object::eq(&item, x)? {
            count += 1;
        }
    }
    Ok(count)
}

/// The position of the first `x` in `o`.
pub fn index_of(o: &PyObject, x: &PyObject) -> PyResult<usize> {
    let iterator = search_iter(o)?;
    let mut position = 0_usize;
    while let Some(item) = object::iter_next(&iterator)? {
        if object::eq(&item, x)? {
            return Ok(position);
        }
        position += 1;
    }
    Err(exc::value_error("sequence.index(x): x not in sequence"))
}

/// A new list of the items.
pub fn to_list(o: &PyObject) -> PyResult<Ref<PyList>> {
    let list = PyList::new(Vec::new());
    list.extend_from_iterable(o)?;
    Ok(list)
}

/// A tuple of the items; an exact tuple gives itself.
pub fn to_tuple(o: &PyObject) -> PyResult<Ref<PyTuple>> {
    if let Some(tuple) = o.downcast_exact::<PyTuple>() {
        return Ok(tuple.to_ref());
    }
    Ok(PyTuple::new(fast(o)?))
}

/// The items of anything iterable, as owned references.
pub fn fast(o: &PyObject) -> PyResult<Vec<ObjRef>> {
    if let Some(tuple) = o.downcast_exact::<PyTuple>() {
        return Ok(tuple.items().iter().map(|item| item.new_ref()).collect());
    }
    if let Some(list) = o.downcast_exact::<PyList>() {
        return Ok(list.items_snapshot());
    }
    let iterator = object::get_iter(o)?;
    let mut items = Vec::new();
    items.try_reserve_exact(object::length_hint(o, 8)?).map_err(|_| exc::memory_error())?;
    while let Some(item) = object::iter_next(&iterator)? {
        if items.len() == items.capacity() && items.try_reserve(items.len().max(8)).is_err() {
            return Err(exc::memory_error());
        }
        items.push(item);
    }
    Ok(items)
}

/// As [`fast`], with a message of the caller's if `o` is not iterable (`PySequence_Fast`).
pub fn fast_or(o: &PyObject, message: &str) -> PyResult<Vec<ObjRef>> {
    if PyTuple::check_exact(o) || PyList::check_exact(o) {
        return fast(o);
    }
    match object::get_iter(o) {
        Ok(iterator) => fast(&iterator),
        Err(e) if e.matches(exc::TypeError()) => Err(exc::type_error(message)),
        Err(e) => Err(e),
    }
}

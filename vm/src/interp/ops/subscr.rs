//! Subscripts and slices.

use crate::err::PyResult;
use crate::exc;
use crate::interp::machine::Machine;
use crate::interp::stackref::StackRef;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyStruct};
use crate::protocol::object as protocol;
use crate::types::bytes::PyBytes;
use crate::types::dict::PyDict;
use crate::types::function::PyFunction;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::slice::PySlice;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

use super::arith::BINARY_CACHE;

/// The index operand as a machine number, if it is an exact compact int.
#[inline(always)]
fn compact_index(object: &PyObject) -> Option<isize> {
    let i = object.downcast_exact::<PyInt>()?;
    if i.is_compact() { Some(i.compact_value()) } else { None }
}

/// Replaces container and index by an item.
#[inline(always)]
fn finish(m: &mut Machine<'_>, item: &PyObject) {
    let value = StackRef::new(item);
    let index = m.pop();
    let container = m.pop();
    m.push(value);
    // SAFETY: popped; the item has its own reference.
    unsafe {
        index.close();
        container.close();
    }
    m.skip(BINARY_CACHE);
}

#[inline(always)]
pub fn list_int(m: &mut Machine<'_>) -> bool {
    let Some(list) = m.peek_obj(2).downcast_exact::<PyList>() else { return false };
    let Some(index) = compact_index(m.peek_obj(1)) else { return false };
    let length = list.len();
    let index = if index < 0 { index.wrapping_add(length as isize) } else { index } as usize;
    if index >= length {
        return false;
    }
    // SAFETY: the index was checked; nothing runs before the item has its reference.
    let item = unsafe { list.items()[index] };
    finish(m, item);
    true
}

#[inline(always)]
pub fn tuple_int(m: &mut Machine<'_>) -> bool {
    let Some(tuple) = m.peek_obj(2).downcast_exact::<PyTuple>() else { return false };
    let Some(index) = compact_index(m.peek_obj(1)) else { return false };
    let items = tuple.items();
    let index = if index < 0 { index.wrapping_add(items.len() as isize) } else { index } as usize;
    if index >= items.len() {
        return false;
    }
    finish(m, items[index]);
    true
}

#[inline(always)]
pub fn str_int(m: &mut Machine<'_>) -> bool {
    let Some(string) = m.peek_obj(2).downcast_exact::<PyStr>() else { return false };
    let Some(index) = compact_index(m.peek_obj(1)) else { return false };
    let length = string.len();
    let index = if index < 0 { index.wrapping_add(length as isize) } else { index } as usize;
    if index >= length {
        return false;
    }
    let ch = PyStr::from_char(string.char_at(index));
    finish(m, ch.as_object());
    true
}

/// `d[key]` on an exact dict.
#[inline(always)]
pub fn dict(m: &mut Machine<'_>) -> Option<PyResult<()>> {
    let dict = m.peek_obj(2).downcast_exact::<PyDict>()?;
    let key = m.peek_obj(1);
    Some(match dict.get_item(key) {
        Ok(Some(value)) => {
            finish(m, &value);
            Ok(())
        }
        Ok(None) => Err(exc::key_error(key)),
        Err(e) => Err(e),
    })
}

/// `obj[i]` where the class defines a Python `__getitem__` of two plain parameters: enters it in the same loop.
/// Cache: counter, type version (2 units), function version (2 units).
#[inline(always)]
pub fn getitem(m: &mut Machine<'_>) -> Option<PyResult<()>> {
    let container = m.peek_obj(2);
    let ty = container.ty();
    let version = m.cache32(1);
    if version == 0 || ty.tp_version_tag.get() != version {
        return None;
    }
    let heap = ty.as_heap()?;
    let getitem = heap.spec_cache_getitem.get();
    if getitem.is_null() || heap.spec_cache_getitem_version.get() != version {
        return None;
    }
    // SAFETY: the type's dict keeps the function alive while the type's version stands.
    let function: &PyFunction = unsafe { (*getitem).cast_unchecked_ref() };
    if function.version() != m.cache32(3) {
        return None;
    }
    let args = m.top_n(2);
    Some(super::calls::enter_exact(m, function.to_ref(), args, 2, 2, 1 + BINARY_CACHE))
}

#[inline(never)]
fn slice_object(start: &PyObject, stop: &PyObject) -> ObjRef {
    PySlice::new(Some(start.new_ref()), Some(stop.new_ref()), None).into_obj()
}

/// The bounds of a slice as machine integers, where they are plain ones.
#[inline(always)]
fn plain_bounds(start: &PyObject, stop: &PyObject) -> Option<(isize, isize)> {
    let bound = |object: &PyObject, absent| if crate::is_none(object) { Some(absent) } else { compact_index(object) };
    Some((bound(start, 0)?, bound(stop, isize::MAX)?))
}

#[inline(never)]
fn get_slice(container: &PyObject, start: &PyObject, stop: &PyObject) -> PyResult<ObjRef> {
    // The sequences of every day need no slice object.
    if let Some((start, stop)) = plain_bounds(start, stop) {
        if let Some(list) = container.downcast_exact::<PyList>() {
            return Ok(list.range(start, stop)?.into_obj());
        }
        if let Some(text) = container.downcast_exact::<PyStr>() {
            return Ok(text.range(start, stop)?.into_obj());
        }
        if let Some(tuple) = container.downcast_exact::<PyTuple>() {
            return Ok(tuple.range(start, stop).into_obj());
        }
        if let Some(bytes) = container.downcast_exact::<PyBytes>() {
            return bytes.range(start, stop);
        }
    }
    protocol::get_item(container, &slice_object(start, stop))
}

/// `container[start:stop]`.
#[inline(always)]
pub fn binary_slice(m: &mut Machine<'_>) -> PyResult<()> {
    let value = get_slice(m.peek_obj(3), m.peek_obj(2), m.peek_obj(1))?;
    m.drop_n(3);
    m.push_owned(value);
    Ok(())
}

#[inline(never)]
fn set_slice(container: &PyObject, start: &PyObject, stop: &PyObject, value: &PyObject) -> PyResult<()> {
    if let Some((start, stop)) = plain_bounds(start, stop)
        && let Some(list) = container.downcast_exact::<PyList>()
    {
        return list.assign_range(start, stop, value);
    }
    protocol::set_item(container, &slice_object(start, stop), value)
}

/// `container[start:stop] = value`.
#[inline(always)]
pub fn store_slice(m: &mut Machine<'_>) -> PyResult<()> {
    set_slice(m.peek_obj(3), m.peek_obj(2), m.peek_obj(1), m.peek_obj(4))?;
    m.drop_n(4);
    Ok(())
}

/// `container[key] = value`.
#[inline(always)]
pub fn store_subscr(m: &mut Machine<'_>) -> PyResult<()> {
    protocol::set_item(m.peek_obj(2), m.peek_obj(1), m.peek_obj(3))?;
    m.drop_n(3);
    m.skip(1);
    Ok(())
}

#[inline(always)]
pub fn store_list_int(m: &mut Machine<'_>) -> bool {
    let Some(list) = m.peek_obj(2).downcast_exact::<PyList>() else { return false };
    let Some(index) = compact_index(m.peek_obj(1)) else { return false };
    if index < 0 || index as usize >= list.len() {
        return false;
    }
    let key = m.pop();
    let container = m.pop();
    let value = m.pop_owned();
    list.set(index as usize, value);
    // SAFETY: popped.
    unsafe {
        key.close();
        container.close();
    }
    m.skip(1);
    true
}

#[inline(always)]
pub fn store_dict(m: &mut Machine<'_>) -> Option<PyResult<()>> {
    let dict = m.peek_obj(2).downcast_exact::<PyDict>()?;
    Some(match dict.set_item(m.peek_obj(1), m.peek_obj(3)) {
        Ok(()) => {
            m.drop_n(3);
            m.skip(1);
            Ok(())
        }
        Err(e) => Err(e),
    })
}

/// `del container[key]`.
#[inline(always)]
pub fn delete_subscr(m: &mut Machine<'_>) -> PyResult<()> {
    protocol::del_item(m.peek_obj(2), m.peek_obj(1))?;
    m.drop_n(2);
    Ok(())
}

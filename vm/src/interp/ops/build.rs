//! Building containers, strings and templates.

use crate::err::PyResult;
use crate::exc;
use crate::interp::machine::Machine;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyClass};
use crate::protocol::object as protocol;
use crate::types::dict::PyDict;
use crate::types::list::PyList;
use crate::types::set::PySet;
use crate::types::slice::PySlice;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::TupleBuilder;

/// Moves the top `n` words off the stack, as owned references, first pushed first.
#[inline(always)]
pub fn take_n(m: &mut Machine<'_>, n: usize) -> Vec<ObjRef> {
    let start = m.top_n(n);
    let mut items = Vec::with_capacity(n);
    for i in 0..n {
        // SAFETY: the words are on the stack and moved out once.
        items.push(unsafe { (*start.add(i)).into_owned() });
    }
    m.shrink(n);
    items
}

#[inline(always)]
pub fn tuple(m: &mut Machine<'_>, n: usize) -> PyResult<()> {
    let start = m.top_n(n);
    let mut tuple = TupleBuilder::new(n)?;
    for i in 0..n {
        // SAFETY: the words are on the stack and moved out once, into the tuple.
        unsafe { tuple.push_unchecked((*start.add(i)).into_owned()) };
    }
    m.shrink(n);
    m.push_ref(tuple.finish());
    Ok(())
}

#[inline(always)]
pub fn list(m: &mut Machine<'_>, n: usize) -> PyResult<()> {
    let start = m.top_n(n);
    // SAFETY: the words are on the stack; made owned, they are plain pointers, which move into the list.
    let list = unsafe {
        for i in 0..n {
            *start.add(i) = (*start.add(i)).make_owned();
        }
        PyList::from_owned_array(start as *const *mut PyObject, n)?
    };
    m.shrink(n);
    m.push_ref(list);
    Ok(())
}

#[inline(never)]
fn build_set(items: Vec<ObjRef>) -> PyResult<ObjRef> {
    let set = PySet::new();
    for item in &items {
        set.add(item)?;
    }
    Ok(set.into_obj())
}

#[inline(always)]
pub fn set(m: &mut Machine<'_>, n: usize) -> PyResult<()> {
    let items = take_n(m, n);
    let set = build_set(items)?;
    m.push_owned(set);
    Ok(())
}

#[inline(never)]
fn build_map(items: Vec<ObjRef>) -> PyResult<ObjRef> {
    let dict = PyDict::new();
    for pair in items.chunks_exact(2) {
        dict.set_item(&pair[0], &pair[1])?;
    }
    Ok(dict.into_obj())
}

#[inline(always)]
pub fn map(m: &mut Machine<'_>, n: usize) -> PyResult<()> {
    if n == 0 {
        m.push_ref(PyDict::new());
        return Ok(());
    }
    let items = take_n(m, n * 2);
    let dict = build_map(items)?;
    m.push_owned(dict);
    Ok(())
}

/// Joins `n` strings: the end of an f-string.
#[inline(always)]
pub fn string(m: &mut Machine<'_>, n: usize) -> PyResult<()> {
    let start = m.top_n(n);
    // SAFETY: `n` words on the stack, strings by construction; they stay there while being joined.
    let value = {
        let piece = |i: usize| -> &PyStr { unsafe { (*start.add(i)).get().cast_unchecked_ref() } };
        let mut text = StrBuilder::with_capacity((0..n).map(|i| piece(i).len()).sum());
        for i in 0..n {
            text.push_py(piece(i));
        }
        text.try_finish()?
    };
    m.drop_n(n);
    m.push_ref(value);
    Ok(())
}

#[inline(always)]
pub fn slice(m: &mut Machine<'_>, n: usize) {
    let step = if n == 3 { Some(m.pop_owned()) } else { None };
    let stop = m.pop_owned();
    let start = m.pop_owned();
    m.push_ref(PySlice::new(Some(start), Some(stop), step));
}

/// `FORMAT_SIMPLE`: what an f-string does with `{value}`.
#[inline(always)]
pub fn format_simple(m: &mut Machine<'_>) -> PyResult<()> {
    let value = m.peek_obj(1);
    if PyStr::check_exact(value) {
        return Ok(());
    }
    let text = format_value(value)?;
    let old = m.pop();
    m.push_owned(text);
    // SAFETY: popped.
    unsafe { old.close() };
    Ok(())
}

#[inline(never)]
fn format_value(value: &PyObject) -> PyResult<ObjRef> {
    if crate::types::int::PyInt::check_exact(value) || crate::types::float::PyFloat::check_exact(value) {
        return protocol::str(value).map(|s| s.into_obj());
    }
    protocol::format(value, PyStr::empty_ref()).map(|s| s.into_obj())
}

#[inline(always)]
pub fn format_with_spec(m: &mut Machine<'_>) -> PyResult<()> {
    let text = format_spec(m.peek_obj(2), m.peek_obj(1))?;
    m.drop_n(2);
    m.push_owned(text);
    Ok(())
}

#[inline(never)]
fn format_spec(value: &PyObject, spec: &PyObject) -> PyResult<ObjRef> {
    let spec = spec.downcast_ref::<PyStr>().ok_or_else(|| exc::system_error("format spec is not a string"))?;
    protocol::format(value, spec).map(|s| s.into_obj())
}

/// `!s`, `!r`, `!a`.
#[inline(never)]
fn convert(value: &PyObject, kind: usize) -> PyResult<ObjRef> {
    Ok(match kind {
        1 => protocol::str(value)?.into_obj(),
        2 => protocol::repr(value)?.into_obj(),
        3 => protocol::ascii(value)?.into_obj(),
        _ => return Err(exc::system_error(format!("unexpected conversion {kind}"))),
    })
}

#[inline(always)]
pub fn convert_value(m: &mut Machine<'_>, kind: usize) -> PyResult<()> {
    let text = convert(m.peek_obj(1), kind)?;
    let old = m.pop();
    m.push_owned(text);
    // SAFETY: popped.
    unsafe { old.close() };
    Ok(())
}

/// `BUILD_INTERPOLATION`: value, expression text and, if bit 0 is set, a format spec; bits 2 and up are the conversion.
#[inline(always)]
pub fn interpolation(m: &mut Machine<'_>, arg: usize) -> PyResult<()> {
    let spec = if arg & 1 != 0 { m.pop_owned() } else { PyStr::empty().into_obj() };
    let text = m.pop_owned();
    let value = m.pop_owned();
    let conversion = match arg >> 2 {
        0 => None,
        1 => Some('s'),
        2 => Some('r'),
        3 => Some('a'),
        other => return Err(exc::system_error(format!("unexpected interpolation conversion {other}"))),
    };
    let result = crate::types::template::new_interpolation(value, text, conversion, spec)?;
    m.push_owned(result);
    Ok(())
}

/// `BUILD_TEMPLATE`: a tuple of strings and a tuple of interpolations.
#[inline(always)]
pub fn template(m: &mut Machine<'_>) -> PyResult<()> {
    let interpolations = m.pop_owned();
    let strings = m.pop_owned();
    let result = crate::types::template::new_template(strings, interpolations)?;
    m.push_owned(result);
    Ok(())
}

/// The list below; comprehensions append to exact lists.
#[inline(always)]
pub fn list_append(list: &PyObject, value: ObjRef) -> PyResult<()> {
    // SAFETY: the compiler made it by BUILD_LIST.
    let list: &PyList = unsafe { list.cast_unchecked_ref() };
    list.append(value)
}

#[inline(always)]
pub fn set_add(set: &PyObject, value: ObjRef) -> PyResult<()> {
    // SAFETY: the compiler made it by BUILD_SET.
    let set: &PySet = unsafe { set.cast_unchecked_ref() };
    set.add(&value)
}

#[inline(always)]
pub fn map_add(dict: &PyObject, key: ObjRef, value: ObjRef) -> PyResult<()> {
    // SAFETY: the compiler made it by BUILD_MAP.
    let dict: &PyDict = unsafe { dict.cast_unchecked_ref() };
    dict.set_item(&key, &value)
}

/// `[*iterable]`.
#[inline(never)]
pub fn list_extend(list: &PyObject, iterable: &PyObject) -> PyResult<()> {
    // SAFETY: as for list_append.
    let list: &PyList = unsafe { list.cast_unchecked_ref() };
    list.extend_from_iterable(iterable).map_err(|e| {
        let ty = iterable.ty();
        if e.matches(exc::TypeError())
            && ty.tp_iter.get().is_none()
            && ty.as_sequence().is_none_or(|s| s.sq_item.get().is_none())
        {
            exc::type_error(format!("Value after * must be an iterable, not {}", ty.name()))
        } else {
            e
        }
    })
}

#[inline(never)]
pub fn set_update(set: &PyObject, iterable: &PyObject) -> PyResult<()> {
    // SAFETY: as for set_add.
    let set: &PySet = unsafe { set.cast_unchecked_ref() };
    set.update_from(iterable)
}

/// `{**mapping}`.
#[inline(never)]
pub fn dict_update(dict: &PyObject, update: &PyObject) -> PyResult<()> {
    // SAFETY: as for map_add.
    let dict: &PyDict = unsafe { dict.cast_unchecked_ref() };
    if update.downcast_ref::<PyDict>().is_none() && protocol::getattr_opt(update, crate::intern!("keys"))?.is_none() {
        return Err(exc::type_error(format!("'{}' object is not a mapping", update.ty().name())));
    }
    dict.update(update)
}

/// `f(**mapping)`: keys must be strings and may not repeat.
#[inline(never)]
pub fn dict_merge(dict: &PyObject, update: &PyObject, callable: &PyObject) -> PyResult<()> {
    // SAFETY: as for map_add.
    let dict: &PyDict = unsafe { dict.cast_unchecked_ref() };
    if update.downcast_ref::<PyDict>().is_none() && protocol::getattr_opt(update, crate::intern!("keys"))?.is_none() {
        return Err(exc::type_error(format!(
            "{} argument after ** must be a mapping, not {}",
            crate::interp::call::function_text(callable),
            update.ty().name()
        )));
    }
    let pairs: Vec<(ObjRef, ObjRef)> = match update.downcast_exact::<PyDict>() {
        Some(source) => {
            let mut position = 0;
            let mut pairs = Vec::with_capacity(source.len());
            while let Some(pair) = source.iter_index(&mut position) {
                pairs.push(pair);
            }
            pairs
        }
        None => {
            let keys = protocol::getattr(update, crate::intern!("keys"))?;
            let keys = crate::protocol::call::call_noargs(&keys)?;
            let iterator = protocol::get_iter(&keys)?;
            let mut pairs = Vec::new();
            while let Some(key) = protocol::iter_next(&iterator)? {
                let value = protocol::get_item(update, &key)?;
                pairs.push((key, value));
            }
            pairs
        }
    };
    for (key, value) in pairs {
        if dict.contains(&key)? {
            return Err(exc::type_error(format!(
                "{} got multiple values for keyword argument '{}'",
                crate::interp::call::function_text(callable),
                protocol::str(&key)?.to_string_lossy()
            )));
        }
        dict.set_item(&key, &value)?;
    }
    Ok(())
}

//! Iteration and unpacking.

use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::interp::frame::InterpreterFrame;
use crate::interp::instructions::Fast;
use crate::interp::machine::Machine;
use crate::interp::stackref::StackRef;
use crate::object::header::PyObject;
use crate::object::refs::ObjRef;
use crate::protocol::{object as protocol, sequence};
use crate::runtime::thread::PyThreadState;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::list::iter::PyListIterator;
use crate::types::range::iterator::PyRangeIterator;
use crate::types::tuple::{PyTuple, PyTupleIterator};

#[inline(always)]
pub fn get_iter(m: &mut Machine<'_>) -> PyResult<()> {
    let iterator = protocol::get_iter(m.peek_obj(1))?;
    let old = m.pop();
    m.push_owned(iterator);
    // SAFETY: popped.
    unsafe { old.close() };
    Ok(())
}

/// Calls `tp_iternext`; `None` at the end.
#[inline(always)]
fn next(m: &Machine<'_>, iterator: &PyObject) -> PyResult<Option<ObjRef>> {
    if let Some(tp_iternext) = iterator.ty().tp_iternext.get() {
        // SAFETY: calling the slot as C would: NULL without an exception, or with StopIteration, means exhausted.
        let item = unsafe { tp_iternext(iterator.as_ptr()) };
        if !item.is_null() {
            // SAFETY: a new reference.
            return Ok(Some(unsafe { ObjRef::from_owned_ptr(item) }));
        }
        return ended(m.ts, m.frame);
    }
    protocol::iter_next(iterator)
}

/// The iterator gave nothing. Tools see the `StopIteration`, if there is one.
#[cold]
#[inline(never)]
fn ended(ts: &PyThreadState, frame: *mut InterpreterFrame) -> PyResult<Option<ObjRef>> {
    match PyErr::fetch() {
        None => Ok(None),
        Some(e) if e.matches(exc::StopIteration()) => {
            let e = crate::interp::instrument::raised(ts, frame, e);
            if e.matches(exc::StopIteration()) { Ok(None) } else { Err(e) }
        }
        Some(e) => Err(e),
    }
}

/// Pushes the next item, or jumps behind the loop's `END_FOR`, leaving the iterator for `POP_ITER`.
#[inline(always)]
pub fn for_iter(m: &mut Machine<'_>, arg: usize) -> PyResult<()> {
    match next(m, m.peek_obj(1))? {
        Some(value) => {
            m.push_owned(value);
            m.skip(1);
        }
        None => m.skip(1 + arg + 1),
    }
    Ok(())
}

#[inline(always)]
pub fn for_iter_range(m: &mut Machine<'_>, arg: usize) -> Fast {
    let Some(iterator) = m.peek_obj(1).downcast_exact::<PyRangeIterator>() else { return Fast::Miss };
    match iterator.peek_i64() {
        Some(value) => {
            if value.unsigned_abs() >> 60 != 0 {
                return Fast::Rare;
            }
            let Some(value) = PyInt::recycled(value) else { return Fast::Rare };
            iterator.advance();
            m.push_ref(value);
            m.skip(1);
        }
        None => m.skip(1 + arg + 1),
    }
    Fast::Done
}

#[inline(always)]
pub fn for_iter_list(m: &mut Machine<'_>, arg: usize) -> bool {
    let Some(iterator) = m.peek_obj(1).downcast_exact::<PyListIterator>() else { return false };
    match iterator.next_item() {
        Some(value) => {
            m.push_owned(value);
            m.skip(1);
        }
        None => m.skip(1 + arg + 1),
    }
    true
}

#[inline(always)]
pub fn for_iter_tuple(m: &mut Machine<'_>, arg: usize) -> bool {
    let Some(iterator) = m.peek_obj(1).downcast_exact::<PyTupleIterator>() else { return false };
    match iterator.next_item() {
        Some(value) => {
            m.push_owned(value);
            m.skip(1);
        }
        None => m.skip(1 + arg + 1),
    }
    true
}

/// `a, b = sequence`: the items, last one deepest.
#[inline(always)]
pub fn unpack_sequence(m: &mut Machine<'_>, count: usize) -> PyResult<()> {
    let sequence = m.peek_obj(1);
    if let Some(tuple) = sequence.downcast_exact::<PyTuple>() {
        let items = tuple.items();
        if items.len() == count {
            let word = m.pop();
            for item in items.iter().rev() {
                m.push(StackRef::new(item));
            }
            // SAFETY: popped; the items have their own references.
            unsafe { word.close() };
            m.skip(1);
            return Ok(());
        }
    }
    let items = unpack(sequence, count)?;
    let word = m.pop();
    for item in items.into_iter().rev() {
        m.push_owned(item);
    }
    // SAFETY: popped.
    unsafe { word.close() };
    m.skip(1);
    Ok(())
}

#[cold]
#[inline(never)]
fn not_iterable(sequence: &PyObject) -> crate::PyErr {
    exc::type_error(format!("cannot unpack non-iterable {} object", sequence.ty().name()))
}

fn iterator_for_unpack(sequence: &PyObject) -> PyResult<ObjRef> {
    protocol::get_iter(sequence).map_err(|e| {
        let ty = sequence.ty();
        let indexable = ty.as_sequence().is_some_and(|s| s.sq_item.get().is_some());
        if e.matches(exc::TypeError()) && ty.tp_iter.get().is_none() && !indexable { not_iterable(sequence) } else { e }
    })
}

fn too_many(count: usize, got: Option<usize>) -> crate::PyErr {
    match got {
        Some(got) => exc::value_error(format!("too many values to unpack (expected {count}, got {got})")),
        None => exc::value_error(format!("too many values to unpack (expected {count})")),
    }
}

/// Exactly `count` items of an iterable.
#[inline(never)]
fn unpack(sequence: &PyObject, count: usize) -> PyResult<Vec<ObjRef>> {
    if let Some(list) = sequence.downcast_exact::<PyList>() {
        let items = list.items_snapshot();
        return check_count(items, count);
    }
    if let Some(tuple) = sequence.downcast_exact::<PyTuple>() {
        return check_count(tuple.items().iter().map(|i| i.new_ref()).collect(), count);
    }
    let iterator = iterator_for_unpack(sequence)?;
    let mut items = Vec::with_capacity(count);
    while items.len() < count {
        match protocol::iter_next(&iterator)? {
            Some(item) => items.push(item),
            None => {
                return Err(exc::value_error(format!(
                    "not enough values to unpack (expected {count}, got {})",
                    items.len()
                )));
            }
        }
    }
    if protocol::iter_next(&iterator)?.is_some() {
        // Sized containers tell how many there were.
        let got = if sequence.downcast_ref::<crate::types::dict::PyDict>().is_some() {
            protocol::size(sequence).ok()
        } else {
            None
        };
        return Err(too_many(count, got));
    }
    Ok(items)
}

fn check_count(items: Vec<ObjRef>, count: usize) -> PyResult<Vec<ObjRef>> {
    if items.len() < count {
        Err(exc::value_error(format!("not enough values to unpack (expected {count}, got {})", items.len())))
    } else if items.len() > count {
        Err(too_many(count, Some(items.len())))
    } else {
        Ok(items)
    }
}

#[inline(never)]
fn unpack_starred(sequence: &PyObject, before: usize, after: usize) -> PyResult<Vec<ObjRef>> {
    let iterator = iterator_for_unpack(sequence)?;
    let mut items = Vec::with_capacity(before + after + 1);
    while items.len() < before {
        match protocol::iter_next(&iterator)? {
            Some(item) => items.push(item),
            None => {
                return Err(exc::value_error(format!(
                    "not enough values to unpack (expected at least {}, got {})",
                    before + after,
                    items.len()
                )));
            }
        }
    }
    let mut rest = sequence::to_list(&iterator)?.items_snapshot();
    if rest.len() < after {
        return Err(exc::value_error(format!(
            "not enough values to unpack (expected at least {}, got {})",
            before + after,
            before + rest.len()
        )));
    }
    let tail = rest.split_off(rest.len() - after);
    items.push(PyList::new(rest).into_obj());
    items.extend(tail);
    Ok(items)
}

/// `a, *b, c = sequence`.
#[inline(always)]
pub fn unpack_ex(m: &mut Machine<'_>, arg: usize) -> PyResult<()> {
    let items = unpack_starred(m.peek_obj(1), arg & 0xff, arg >> 8)?;
    let word = m.pop();
    for item in items.into_iter().rev() {
        m.push_owned(item);
    }
    // SAFETY: popped.
    unsafe { word.close() };
    Ok(())
}

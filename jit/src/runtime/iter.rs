//! Iterators and ranges.

use super::{attempted, done};
use rpy_vm::builtins::iterators::PyZip;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{ObjRef, PyClass, PyStruct, Ref};
use rpy_vm::protocol::object;
use rpy_vm::types::bytearray::PyByteArrayIterator;
use rpy_vm::types::bytes::PyBytesIterator;
use rpy_vm::types::dict::iter::{PyDictReverseItemIterator, PyDictReverseKeyIterator, PyDictReverseValueIterator};
use rpy_vm::types::dict::{PyDictItemIterator, PyDictKeyIterator, PyDictValueIterator};
use rpy_vm::types::int::PyInt;
use rpy_vm::types::iter::enumerate::PyEnumerate;
use rpy_vm::types::list::iter::{PyListIterator, PyListReverseIterator};
use rpy_vm::types::range::PyRange;
use rpy_vm::types::range::iterator::PyRangeIterator;
use rpy_vm::types::set::PySetIterator;
use rpy_vm::types::str::iter::{PyStrAsciiIterator, PyStrIterator};
use rpy_vm::types::tuple::PyTupleIterator;

/// The next item of an iterator that runs no Python code; null if there is none or an exception would be raised. One that [`tells`] is as
/// it was then; others may have let go of what they iterate over.
///
/// # Safety
/// A live iterator.
pub unsafe extern "C" fn next(iterator: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let iterator = unsafe { &*iterator };
    if is_empty(iterator) == Some(true) {
        return core::ptr::null_mut();
    }
    match object::iter_next(iterator) {
        Ok(Some(item)) => item.into_raw(),
        _ => core::ptr::null_mut(),
    }
}

macro_rules! steps {
    ($($name:ident = $ty:ty, $next:expr;)*) => {
        $(
            /// [`next`] of the iterators of one type.
            ///
            /// # Safety
            /// A live iterator of this exact type.
            pub unsafe extern "C" fn $name(iterator: *const PyObject) -> *mut PyObject {
                // SAFETY: the caller's promise.
                let iterator: &$ty = unsafe { (*iterator).cast_unchecked_ref() };
                if iterator.left() == 0 {
                    return core::ptr::null_mut();
                }
                let item: Option<ObjRef> = ($next)(iterator);
                item.map_or(core::ptr::null_mut(), ObjRef::into_raw)
            }
        )*
    };
}

steps! {
    next_key = PyDictKeyIterator, |keys: &PyDictKeyIterator| keys.next_item().ok().flatten();
    next_value = PyDictValueIterator, |values: &PyDictValueIterator| values.next_item().ok().flatten();
    next_item = PyDictItemIterator, |items: &PyDictItemIterator| items.next_item().ok().flatten();
    next_character = PyStrAsciiIterator, |text: &PyStrAsciiIterator| text.next_item().map(Ref::into_obj);
    next_reversed = PyListReverseIterator, |list: &PyListReverseIterator| object::iter_next(list.as_object()).ok().flatten();
}

/// `iter(x)`.
///
/// # Safety
/// A live object whose iterator is made without Python code.
pub unsafe extern "C" fn iter(iterable: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    attempted(object::get_iter(unsafe { &*iterable }))
}

/// An iterator over a list (owned).
///
/// # Safety
/// A live exact list.
pub unsafe extern "C" fn list_iter(list: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    PyListIterator::new(unsafe { (*list).cast_unchecked_ref() }).into_obj().into_raw()
}

/// An iterator over a tuple (owned).
///
/// # Safety
/// A live exact tuple.
pub unsafe extern "C" fn tuple_iter(tuple: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    PyTupleIterator::new(unsafe { (*tuple).cast_unchecked_ref() }).into_obj().into_raw()
}

/// An iterator over a range (owned), of machine integers or of big ones.
///
/// # Safety
/// A live exact range.
pub unsafe extern "C" fn range_iter(range: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let range: &PyRange = unsafe { (*range).cast_unchecked_ref() };
    range.iterator().into_raw()
}

/// `range(start, stop)` with step 1 (owned).
pub extern "C" fn new_range(start: i64, stop: i64) -> *mut PyObject {
    match PyRange::new(PyInt::from_i64(start), PyInt::from_i64(stop), PyInt::one()) {
        Ok(range) => range.into_obj().into_raw(),
        // Only a step of zero is refused.
        Err(_) => core::ptr::null_mut(),
    }
}

/// The answer of [`has_none`], of iterators that give it at once and of those that take from several.
fn is_empty(iterator: &PyObject) -> Option<bool> {
    macro_rules! left {
        ($($ty:ty)*) => {
            $(if let Some(iterator) = iterator.downcast_exact::<$ty>() {
                return Some(iterator.left() == 0);
            })*
        };
    }
    if let Some(enumerate) = iterator.downcast_exact::<PyEnumerate>() {
        return enumerate.inner().map_or(Some(true), is_empty);
    }
    if let Some(zip) = iterator.downcast_exact::<PyZip>() {
        return Some(zip.inner().is_empty() || zip.inner().items().iter().any(|inner| has_none(inner)));
    }
    if let Some(list) = iterator.downcast_exact::<PyListIterator>() {
        return Some(list.seq.peek().is_none_or(|seq| list.index.get() >= seq.len()));
    }
    if let Some(tuple) = iterator.downcast_exact::<PyTupleIterator>() {
        return Some(tuple.seq.peek().is_none_or(|seq| tuple.index.get() >= seq.len()));
    }
    if let Some(range) = iterator.downcast_exact::<PyRangeIterator>() {
        return Some(range.peek_i64().is_none());
    }
    left! {
        PyDictItemIterator PyDictKeyIterator PyDictValueIterator
        PyStrAsciiIterator PyStrIterator PySetIterator PyBytesIterator PyByteArrayIterator PyListReverseIterator
        PyDictReverseItemIterator PyDictReverseKeyIterator PyDictReverseValueIterator
    }
    None
}

/// Has an iterator no further item? It may be one whose container has changed: it raises an exception instead. One that cannot tell is
/// not said to be at its end.
pub fn has_none(iterator: &PyObject) -> bool {
    match iterator.downcast_exact::<PyEnumerate>() {
        Some(enumerate) => enumerate.inner().is_none_or(has_none),
        None => is_empty(iterator).unwrap_or_else(|| matches!(object::length_hint(iterator, 1), Ok(0))),
    }
}

/// Is an iterator that has no further item as it was, once [`next`] has said so? It depends on its type, and on those within. One within a
/// `zip` is `asked`, also if it takes time to answer.
pub fn tells(iterator: &PyObject, asked: bool) -> bool {
    if let Some(enumerate) = iterator.downcast_exact::<PyEnumerate>() {
        return enumerate.inner().is_none_or(|inner| tells(inner, asked));
    }
    if let Some(zip) = iterator.downcast_exact::<PyZip>() {
        return zip.inner().items().iter().all(|inner| tells(inner, true));
    }
    let is_answer = |hint| !matches!(hint, Ok(usize::MAX));
    is_empty(iterator).is_some() || (asked && is_answer(object::length_hint(iterator, usize::MAX)))
}

/// Takes it from several iterators at a time, so that it has moved some of them on when another one has no item?
fn takes_from_several(iterator: &PyObject) -> bool {
    match iterator.downcast_exact::<PyEnumerate>() {
        Some(enumerate) => enumerate.inner().is_some_and(takes_from_several),
        None => iterator.downcast_exact::<PyZip>().is_some(),
    }
}

/// Is an iterator at its end, so that [`finish`] can tell it? The end of those that take from several is left to the interpreter, unless
/// nothing is raised that others would not be as they were for.
pub fn is_at_end(iterator: &PyObject) -> bool {
    (ends_quietly(iterator) || !takes_from_several(iterator)) && has_none(iterator)
}

/// Is nothing raised at the end of an iterator, whatever has happened to its containers?
fn ends_quietly(iterator: &PyObject) -> bool {
    if let Some(enumerate) = iterator.downcast_exact::<PyEnumerate>() {
        return enumerate.inner().is_some_and(ends_quietly);
    }
    if let Some(zip) = iterator.downcast_exact::<PyZip>() {
        return !zip.is_strict() && zip.inner().items().iter().all(|inner| ends_quietly(inner));
    }
    PyListIterator::check_exact(iterator)
        || PyTupleIterator::check_exact(iterator)
        || PyRangeIterator::check_exact(iterator)
}

/// [`is_at_end`] for compiled code.
///
/// # Safety
/// A live iterator that runs no Python code.
pub unsafe extern "C" fn at_end(iterator: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    is_at_end(unsafe { &*iterator }) as u64
}

/// Tells an iterator that is at its end so: it lets go of what it iterates over. False, and an exception, if it raises one.
///
/// # Safety
/// A live iterator at its end.
pub unsafe extern "C" fn finish(iterator: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    done(object::iter_next(unsafe { &*iterator }).map(drop))
}

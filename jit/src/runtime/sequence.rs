//! Lists, tuples, and what sequences have in common.

use super::plain::is_key;
use super::{UNSURE, attempted, done, raising};
use rpy_vm::builtins::arithmetic::native_extreme;
use rpy_vm::object::CompareOp;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{ObjRef, PyStruct};
use rpy_vm::object::slots::binaryfunc;
use rpy_vm::protocol::number::BinaryOp;
use rpy_vm::protocol::{number, object};
use rpy_vm::runtime::thread;
use rpy_vm::types::dict::lookup::plain_eq;
use rpy_vm::types::list::PyList;
use rpy_vm::types::list::indices::adjust_indices;
use rpy_vm::types::slice::PySlice;
use rpy_vm::types::tuple::PyTuple;

/// Is an object equal to an item of a list or tuple? 0, 1, or [`UNSURE`] where finding out could run Python code.
///
/// # Safety
/// A live exact list or tuple and a live object.
pub unsafe extern "C" fn sequence_contains(container: *const PyObject, wanted: *const PyObject) -> u64 {
    // SAFETY: the caller's promise; comparing plain objects runs no code that could change the container.
    unsafe {
        let (container, wanted) = (&*container, &*wanted);
        let items: &[&PyObject] = match container.downcast_exact::<PyList>() {
            Some(list) => list.items(),
            None => container.cast_unchecked_ref::<PyTuple>().items(),
        };
        if !is_key(wanted) {
            return UNSURE;
        }
        for item in items {
            match plain_eq(item, wanted) {
                Some(true) => return 1,
                Some(false) => {}
                None => return UNSURE,
            }
        }
        0
    }
}

/// `container[start:stop]`.
///
/// # Safety
/// A live exact list, tuple, string or bytes, and plain bounds.
pub unsafe extern "C" fn get_slice(
    container: *const PyObject,
    start: *const PyObject,
    stop: *const PyObject,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let (container, start, stop) = unsafe { (&*container, (*start).new_ref(), (*stop).new_ref()) };
    let slice = PySlice::new(Some(start), Some(stop), None);
    attempted(object::get_item(container, slice.as_object()))
}

/// `a op b` of objects whose operator runs no Python code; null with the thread's exception set.
///
/// # Safety
/// Live objects, and the argument of a `BINARY_OP`.
pub unsafe extern "C" fn operator(op: u64, a: *const PyObject, b: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let (a, b) = unsafe { (&*a, &*b) };
    match BinaryOp::from_oparg(op as u32) {
        Some(op) => raising(number::binary_op(op, a, b)),
        None => core::ptr::null_mut(),
    }
}

/// [`operator`], which `slot` of the left operand's type does, unless it declines.
///
/// # Safety
/// As for [`operator`]; the slot goes first.
pub unsafe extern "C" fn operator_by(
    slot: binaryfunc,
    op: u64,
    a: *const PyObject,
    b: *const PyObject,
) -> *mut PyObject {
    // SAFETY: a slot of the left operand's type, called with live operands.
    unsafe {
        let result = slot(a as *mut PyObject, b as *mut PyObject);
        // `NotImplemented` is immortal.
        if result.as_ref().is_some_and(rpy_vm::is_not_implemented) { operator(op, a, b) } else { result }
    }
}

/// `-x`, `+x` (1) and `~x` (2) of an exact number; null where it raises.
///
/// # Safety
/// A live exact number.
pub unsafe extern "C" fn unary(op: u64, x: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let x = unsafe { &*x };
    attempted(match op {
        0 => number::negative(x),
        1 => number::positive(x),
        _ => number::invert(x),
    })
}

/// `container[start:stop:step]` with a slice object, or another subscript of a built-in container by a plain key: null where it raises.
///
/// # Safety
/// Live objects, whose subscript runs no Python code.
pub unsafe extern "C" fn get_item(container: *const PyObject, key: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    attempted(unsafe { object::get_item(&*container, &*key) })
}

/// `container[key] = value`, and `del container[key]` for a null: 1, or 0 with the thread's exception set.
///
/// # Safety
/// Live objects.
pub unsafe extern "C" fn set_item(container: *const PyObject, key: *const PyObject, value: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    let (container, key) = unsafe { (&*container, &*key) };
    // SAFETY: as above.
    done(match unsafe { value.as_ref() } {
        Some(value) => object::set_item(container, key, value),
        None => object::del_item(container, key),
    })
}

/// `container[start:stop] = value`, and the deletion for a null: 1, or 0 with the thread's exception set.
///
/// # Safety
/// Live objects, the bounds plain.
pub unsafe extern "C" fn set_slice(
    container: *const PyObject,
    start: *const PyObject,
    stop: *const PyObject,
    value: *const PyObject,
) -> u64 {
    // SAFETY: the caller's promise.
    let (container, start, stop) = unsafe { (&*container, (*start).new_ref(), (*stop).new_ref()) };
    let slice = PySlice::new(Some(start), Some(stop), None);
    // SAFETY: as above.
    done(match unsafe { value.as_ref() } {
        Some(value) => object::set_item(container, slice.as_object(), value),
        None => object::del_item(container, slice.as_object()),
    })
}

/// `list[start:stop:step]` (owned), or null: nothing was done. The step is not 0; an absent bound is the farthest number on its side.
///
/// # Safety
/// A live exact list.
pub unsafe extern "C" fn list_slice(list: *const PyObject, start: i64, stop: i64, step: i64) -> *mut PyObject {
    // SAFETY: the caller's promise; copying references runs no code.
    let list: &PyList = unsafe { (*list).cast_unchecked_ref() };
    let (start, _, count) = adjust_indices(list.len(), start as isize, stop as isize, step as isize);
    if step == 1 || count == 0 {
        return attempted(list.slice(start as usize, start as usize + count).map(|part| part.into_obj()));
    }
    attempted(list.slice_step(start, step as isize, count).map(|part| part.into_obj()))
}

/// As [`list_set_slice`], where the list of values is given up next: if nobody else has it, it gets the items that were there.
///
/// # Safety
/// Two live exact lists, the second one of which is used no more but to be given up.
pub unsafe extern "C" fn list_exchange_slice(
    list: *const PyObject,
    start: i64,
    stop: i64,
    values: *const PyObject,
) -> u64 {
    // SAFETY: the caller's promise; the lists differ, if there is but one reference to one of them.
    unsafe {
        if core::ptr::eq(list, values) || (*values).refcount() != 1 {
            return list_set_slice(list, start, stop, values);
        }
        let (list, values): (&PyList, &PyList) = ((*list).cast_unchecked_ref(), (*values).cast_unchecked_ref());
        let (start, stop, _) = adjust_indices(list.len(), start as isize, stop as isize, 1);
        done(list.exchange_range(start as usize, stop.max(start) as usize, values))
    }
}

/// `a + b` of lists (owned), or null and an exception. Bits of `given` say which of them are given up next: the first one may become the
/// result, and the items of the second one may move.
///
/// # Safety
/// Live exact lists; those that are given up are used no more but for that.
pub unsafe extern "C" fn list_concat(given: u64, a: *const PyObject, b: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe {
        let only = |list: *const PyObject, bit: u64| given & bit != 0 && (*list).refcount() == 1;
        let (left, right): (&PyList, &PyList) = ((*a).cast_unchecked_ref(), (*b).cast_unchecked_ref());
        if core::ptr::eq(a, b) || !only(a, 1) {
            let joined = PyList::with_capacity(left.len().saturating_add(right.len())).and_then(|joined| {
                joined.join(left, false)?;
                joined.join(right, !core::ptr::eq(a, b) && only(b, 2))?;
                Ok(joined.into_obj())
            });
            return raising(joined);
        }
        raising(left.join(right, only(b, 2)).map(|()| (*a).new_ref()))
    }
}

/// `list.insert(index, x)`, which takes over the reference. Where memory is short, as [`list_append`].
///
/// # Safety
/// A live exact list, and an owned object.
pub unsafe extern "C" fn list_insert(list: *const PyObject, index: i64, value: *mut PyObject) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        let list: &PyList = (*list).cast_unchecked_ref();
        if list.insert(index as isize, ObjRef::from_owned_ptr(value)).is_err() {
            thread::set_eval_breaker(thread::breaker::OUT_OF_MEMORY);
        }
    }
    1
}

/// `list.pop(index)` (owned); null if there is no such item.
///
/// # Safety
/// A live exact list.
pub unsafe extern "C" fn list_pop_at(list: *const PyObject, index: i64) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let list: &PyList = unsafe { (*list).cast_unchecked_ref() };
    let index = if index < 0 { index.saturating_add(list.len() as i64) } else { index };
    match usize::try_from(index) {
        Ok(index) if index < list.len() => list.remove_at(index).into_raw(),
        _ => core::ptr::null_mut(),
    }
}

/// `list[start:stop] = values`: 1, or 0 with the thread's exception set. Absent bounds as for [`list_slice`].
///
/// # Safety
/// Live exact lists.
pub unsafe extern "C" fn list_set_slice(list: *const PyObject, start: i64, stop: i64, values: *const PyObject) -> u64 {
    /// Items of which no copy is made.
    const FEW: usize = 16;
    // SAFETY: the caller's promise.
    let (list, values): (&PyList, &PyList) = unsafe { ((*list).cast_unchecked_ref(), (*values).cast_unchecked_ref()) };
    let (start, stop, count) = adjust_indices(list.len(), start as isize, stop as isize, 1);
    if count != values.len() || count > FEW || core::ptr::eq(list, values) {
        let (start, stop) = (start as usize, stop.max(start) as usize);
        return done(list.replace_range(start, stop, values.items_snapshot()));
    }
    let mut old = [core::ptr::null_mut::<PyObject>(); FEW];
    // SAFETY: the places lie in both lists. The old references move out and new ones in; nothing is dropped before that is done.
    unsafe {
        let places = list.items_ptr().add(start as usize);
        for (i, item) in values.items().iter().enumerate() {
            old[i] = places.add(i).replace(item.new_ref().into_raw());
        }
        // From the last one on, as the interpreter does.
        for &item in old[..count].iter().rev() {
            drop(ObjRef::from_owned_ptr(item));
        }
    }
    1
}

/// A slice object (owned) of plain parts.
///
/// # Safety
/// Live objects; a null step stands for none.
pub unsafe extern "C" fn new_slice(
    start: *const PyObject,
    stop: *const PyObject,
    step: *const PyObject,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe {
        let step = step.as_ref().map(PyObject::new_ref);
        PySlice::new(Some((*start).new_ref()), Some((*stop).new_ref()), step).into_obj().into_raw()
    }
}

/// `len(x)` of a built-in type, or -1.
///
/// # Safety
/// A live object whose length takes no Python code.
pub unsafe extern "C" fn size(object: *const PyObject) -> i64 {
    // SAFETY: the caller's promise.
    object::size(unsafe { &*object }).map_or(-1, |size| size as i64)
}

/// The last item of a list, which loses it (owned); null if there is none.
///
/// # Safety
/// A live exact list.
pub unsafe extern "C" fn list_pop(list: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let list: &PyList = unsafe { (*list).cast_unchecked_ref() };
    list.pop_last().map_or(core::ptr::null_mut(), ObjRef::into_raw)
}

/// `list.extend(iterable)`: 1, or 0 with the thread's exception set.
///
/// # Safety
/// A live exact list, and an iterable that runs no Python code.
pub unsafe extern "C" fn list_extend(list: *const PyObject, iterable: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    let (list, iterable): (&PyList, &PyObject) = unsafe { ((*list).cast_unchecked_ref(), &*iterable) };
    done(list.extend_from_iterable(iterable))
}

/// A tuple (owned) of the items of a list, which it takes over.
///
/// # Safety
/// An owned exact list.
pub unsafe extern "C" fn list_into_tuple(list: *mut PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise; the list is not changed meanwhile.
    unsafe {
        let list = ObjRef::from_owned_ptr(list);
        let list: &PyList = list.cast_unchecked_ref();
        PyTuple::new(list.items_snapshot()).into_obj().into_raw()
    }
}

/// Is an int or byte string in bytes, a range or an array? 0, 1, or [`UNSURE`] where it raises.
///
/// # Safety
/// Live objects of such types.
pub unsafe extern "C" fn contains(container: *const PyObject, item: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    object_contains(unsafe { &*container }, unsafe { &*item })
}

fn object_contains(container: &PyObject, item: &PyObject) -> u64 {
    rpy_vm::protocol::sequence::contains(container, item).map_or(UNSURE, u64::from)
}

/// New tuples and lists of owned items.
macro_rules! displays {
    ($($tuple:ident, $list:ident ($($item:ident),*);)*) => {
        $(
            /// A tuple of these items, which it takes over (owned).
            ///
            /// # Safety
            /// Owned objects.
            pub unsafe extern "C" fn $tuple($($item: *mut PyObject),*) -> *mut PyObject {
                // SAFETY: the caller's promise.
                unsafe { PyTuple::from_array([$(ObjRef::from_owned_ptr($item)),*]).into_obj().into_raw() }
            }

            /// A list of these items, which it takes over (owned).
            ///
            /// # Safety
            /// Owned objects.
            pub unsafe extern "C" fn $list($($item: *mut PyObject),*) -> *mut PyObject {
                // SAFETY: the caller's promise.
                unsafe { new_list(&[$($item),*]) }
            }
        )*
    };
}

displays! {
    new_tuple1, new_list1 (a);
    new_tuple2, new_list2 (a, b);
    new_tuple3, new_list3 (a, b, c);
    new_tuple4, new_list4 (a, b, c, d);
    new_tuple5, new_list5 (a, b, c, d, e);
    new_tuple6, new_list6 (a, b, c, d, e, f);
}

/// A list of owned items. The process ends if there is no memory.
///
/// # Safety
/// Owned objects, which are given up.
unsafe fn new_list(items: &[*mut PyObject]) -> *mut PyObject {
    // SAFETY: the caller's promise.
    match unsafe { PyList::from_owned_array(items.as_ptr(), items.len()) } {
        Ok(list) => list.into_obj().into_raw(),
        Err(_) => std::alloc::handle_alloc_error(core::alloc::Layout::new::<PyList>()),
    }
}

/// An empty list (owned).
pub extern "C" fn new_list0() -> *mut PyObject {
    PyList::empty().into_obj().into_raw()
}

/// Appends to a list, which takes over the reference. Where memory is short, `MemoryError` becomes due at the next safe point.
///
/// # Safety
/// A live exact list, and an owned object.
pub unsafe extern "C" fn list_append(list: *const PyObject, value: *mut PyObject) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        let list: &PyList = (*list).cast_unchecked_ref();
        if list.append(ObjRef::from_owned_ptr(value)).is_err() {
            thread::set_eval_breaker(thread::breaker::OUT_OF_MEMORY);
        }
    }
    1
}

/// `min(items)` (owned), or null where items are to be asked, and of what is empty.
///
/// # Safety
/// A live object.
pub unsafe extern "C" fn min(items: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    native_extreme(unsafe { &*items }, CompareOp::Lt).map_or(core::ptr::null_mut(), ObjRef::into_raw)
}

/// `max(items)`, likewise.
///
/// # Safety
/// A live object.
pub unsafe extern "C" fn max(items: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    native_extreme(unsafe { &*items }, CompareOp::Gt).map_or(core::ptr::null_mut(), ObjRef::into_raw)
}

/// Is a tuple equal to one of these items? 0, 1, or [`UNSURE`].
fn has_items<const N: usize>(tuple: &PyTuple, wanted: [&PyObject; N]) -> u64 {
    for (item, wanted) in tuple.items().iter().zip(wanted) {
        match plain_eq(item, wanted) {
            None => return UNSURE,
            Some(false) => return 0,
            Some(true) => {}
        }
    }
    (tuple.len() == N) as u64
}

macro_rules! tuple_has {
    ($($name:ident($($item:ident),*);)*) => {
        $(
            /// Is a tuple equal to one of these items? 0, 1, or [`UNSURE`].
            ///
            /// # Safety
            /// A live exact tuple and live objects.
            pub unsafe extern "C" fn $name(tuple: *const PyObject, $($item: *const PyObject),*) -> u64 {
                // SAFETY: the caller's promise.
                unsafe { has_items((*tuple).cast_unchecked_ref(), [$(&*$item),*]) }
            }
        )*
    };
}

tuple_has! {
    tuple_has1(a);
    tuple_has2(a, b);
    tuple_has3(a, b, c);
}

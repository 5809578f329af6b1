//! Lists, tuples, and what sequences have in common.

use super::{UNSURE, attempted};
use rpy_vm::object::CompareOp;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{ObjRef, PyStruct};
use rpy_vm::protocol::object::rich_compare_bool;
use rpy_vm::protocol::{number, object};
use rpy_vm::runtime::thread;
use rpy_vm::types::dict::lookup::is_plain;
use rpy_vm::types::list::PyList;
use rpy_vm::types::slice::PySlice;
use rpy_vm::types::tuple::PyTuple;

/// Is a plain object equal to an item of a list or tuple? 0, 1, or [`UNSURE`] where an item is not plain.
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
        if !is_plain(wanted) {
            return UNSURE;
        }
        for item in items {
            if item.is(wanted) {
                return 1;
            }
            if !is_plain(item) {
                return UNSURE;
            }
            match rich_compare_bool(item, wanted, CompareOp::Eq) {
                Ok(true) => return 1,
                Ok(false) => {}
                Err(_) => return UNSURE,
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

/// `a + b`.
///
/// # Safety
/// Live exact sequences of one type.
pub unsafe extern "C" fn add(a: *const PyObject, b: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    attempted(unsafe { number::add(&*a, &*b) })
}

/// `a * n`.
///
/// # Safety
/// A live exact sequence and an exact int.
pub unsafe extern "C" fn multiply(a: *const PyObject, n: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    attempted(unsafe { number::multiply(&*a, &*n) })
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
                unsafe { PyTuple::new(vec![$(ObjRef::from_owned_ptr($item)),*]).into_obj().into_raw() }
            }

            /// A list of these items, which it takes over (owned).
            ///
            /// # Safety
            /// Owned objects.
            pub unsafe extern "C" fn $list($($item: *mut PyObject),*) -> *mut PyObject {
                // SAFETY: the caller's promise.
                unsafe { PyList::new(vec![$(ObjRef::from_owned_ptr($item)),*]).into_obj().into_raw() }
            }
        )*
    };
}

displays! {
    new_tuple1, new_list1 (a);
    new_tuple2, new_list2 (a, b);
    new_tuple3, new_list3 (a, b, c);
    new_tuple4, new_list4 (a, b, c, d);
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

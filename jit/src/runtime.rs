//! What compiled code calls: small functions with C's calling convention. None of them unwinds.

use rpy_vm::err::PyResult;
use rpy_vm::object::CompareOp;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{ObjRef, PyStruct};
use rpy_vm::object::shape;
use rpy_vm::object::typeobj::PyTypeObject;
use rpy_vm::protocol::object::rich_compare_bool;
use rpy_vm::protocol::{number, object, sequence};
use rpy_vm::runtime::thread;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::dict::lookup::is_plain;
use rpy_vm::types::float::ops;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::list::iter::PyListIterator;
use rpy_vm::types::range::PyRange;
use rpy_vm::types::slice::PySlice;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::{PyTuple, PyTupleIterator};

/// `x % y` of floats; `y` is not zero.
pub extern "C" fn float_mod(x: f64, y: f64) -> f64 {
    ops::float_mod(x, y).unwrap_or(f64::NAN)
}

/// `x // y` of floats; `y` is not zero.
pub extern "C" fn float_floordiv(x: f64, y: f64) -> f64 {
    ops::float_floordiv(x, y).unwrap_or(f64::NAN)
}

/// `x ** y`, or NaN where the result is not a finite double: an exception, a complex number, an infinity.
pub extern "C" fn float_pow(x: f64, y: f64) -> f64 {
    match ops::float_pow_real(x, y) {
        Ok(Some(value)) if value.is_finite() => value,
        _ => f64::NAN,
    }
}

/// Are two exact strings equal? 0 or 1.
///
/// # Safety
/// Both are live exact strings.
pub unsafe extern "C" fn str_eq(a: *const PyObject, b: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { (a == b || PyStr::str_eq((*a).cast_unchecked_ref(), (*b).cast_unchecked_ref())) as u64 }
}

/// The character at `index`, which is in range (owned).
///
/// # Safety
/// A live exact string.
pub unsafe extern "C" fn str_item(string: *const PyObject, index: usize) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let string: &PyStr = unsafe { (*string).cast_unchecked_ref() };
    PyStr::from_char(string.char_at(index)).into_obj().into_raw()
}

/// The code point of a string of length one.
///
/// # Safety
/// A live exact string of that length.
pub unsafe extern "C" fn str_ord(string: *const PyObject) -> i64 {
    // SAFETY: the caller's promise.
    let string: &PyStr = unsafe { (*string).cast_unchecked_ref() };
    string.char_at(0) as i64
}

/// The value of a plain key (borrowed); null if there is none or finding it could run Python code.
///
/// # Safety
/// A live exact dict and a live object.
pub unsafe extern "C" fn dict_get(dict: *const PyObject, key: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let (dict, key): (&PyDict, &PyObject) = unsafe { ((*dict).cast_unchecked_ref(), &*key) };
    match dict.find_plain(key) {
        Ok(Some(index)) => dict.value_at(index).map_or(core::ptr::null_mut(), PyObject::as_ptr),
        _ => core::ptr::null_mut(),
    }
}

/// The value that an instance in dictionary mode has under a name (borrowed); null if there is none, or the instance is in
/// another mode.
///
/// # Safety
/// A live instance of a type with MANAGED_DICT, and a live exact string.
pub unsafe extern "C" fn instance_get(instance: *const PyObject, name: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe {
        match shape::dict_of(&*instance) {
            Some(dict) => dict_get((*dict).as_object(), name),
            None => core::ptr::null_mut(),
        }
    }
}

/// Is a plain key in the dict? 0, 1, or [`UNSURE`].
///
/// # Safety
/// A live exact dict and a live object.
pub unsafe extern "C" fn dict_contains(dict: *const PyObject, key: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    let (dict, key): (&PyDict, &PyObject) = unsafe { ((*dict).cast_unchecked_ref(), &*key) };
    dict.find_plain(key).map_or(UNSURE, |found| found.is_some() as u64)
}

/// "The interpreter has to decide."
pub const UNSURE: u64 = 2;

/// Sets the value of a plain key: 1, or 0 where that could run Python code, and nothing was done.
///
/// # Safety
/// A live exact dict and live objects.
pub unsafe extern "C" fn dict_set(dict: *const PyObject, key: *const PyObject, value: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    let (dict, key, value): (&PyDict, &PyObject, &PyObject) = unsafe { ((*dict).cast_unchecked_ref(), &*key, &*value) };
    dict.set_plain(key, value).is_ok() as u64
}

/// Is one string in another? 0 or 1.
///
/// # Safety
/// Live exact strings.
pub unsafe extern "C" fn str_contains(text: *const PyObject, part: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    match sequence::contains(unsafe { &*text }, unsafe { &*part }) {
        Ok(found) => found as u64,
        Err(_) => UNSURE,
    }
}

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

/// Owned, or null: the interpreter has to do it (and raise).
fn attempted(result: PyResult<ObjRef>) -> *mut PyObject {
    result.map_or(core::ptr::null_mut(), ObjRef::into_raw)
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

/// The next item of an iterator that runs no Python code; null at its end.
///
/// # Safety
/// A live iterator.
pub unsafe extern "C" fn next(iterator: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    match object::iter_next(unsafe { &*iterator }) {
        Ok(Some(item)) => item.into_raw(),
        _ => core::ptr::null_mut(),
    }
}

/// `iter(x)`.
///
/// # Safety
/// A live object whose iterator is made without Python code.
pub unsafe extern "C" fn iter(iterable: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    attempted(object::get_iter(unsafe { &*iterable }))
}

/// A call with arguments as an array. Null with the thread's exception set.
unsafe fn call_vector(callable: *const PyObject, args: &[*const PyObject]) -> *mut PyObject {
    // The vectorcall convention lets the callee use the word in front.
    let mut words = [core::ptr::null_mut::<PyObject>(); 5];
    for (word, &arg) in words[1..].iter_mut().zip(args) {
        *word = arg as *mut PyObject;
    }
    // SAFETY: live objects, and a spare word in front.
    let result = unsafe {
        rpy_vm::protocol::call::vectorcall(
            &*callable,
            words.as_ptr().add(1),
            args.len() | 1 << 63,
            core::ptr::null_mut(),
        )
    };
    match result {
        Ok(value) => value.into_raw(),
        Err(error) => {
            // SAFETY: the exception moves to the thread state.
            thread::current().current_exception.set(Some(unsafe { ObjRef::from_owned_ptr(error.into_raw()) }));
            core::ptr::null_mut()
        }
    }
}

/// `f(a)`.
///
/// # Safety
/// Live objects.
pub unsafe extern "C" fn call1(f: *const PyObject, a: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { call_vector(f, &[a]) }
}

/// `f(a, b)`.
///
/// # Safety
/// Live objects.
pub unsafe extern "C" fn call2(f: *const PyObject, a: *const PyObject, b: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { call_vector(f, &[a, b]) }
}

/// `f(a, b, c)`.
///
/// # Safety
/// Live objects.
pub unsafe extern "C" fn call3(
    f: *const PyObject,
    a: *const PyObject,
    b: *const PyObject,
    c: *const PyObject,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { call_vector(f, &[a, b, c]) }
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

/// A new instance of a class with plain instances (owned); null with the thread's exception set.
///
/// # Safety
/// A live, ready type.
pub unsafe extern "C" fn new_instance(ty: *mut PyTypeObject) -> *mut PyObject {
    // SAFETY: the caller's promise; allocation as object.__new__ does it.
    unsafe {
        match (*ty).tp_alloc.get() {
            Some(alloc) => alloc(ty, 0),
            None => core::ptr::null_mut(),
        }
    }
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

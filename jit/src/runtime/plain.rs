//! Which objects run no Python code when they are hashed, compared, converted or looked through: the questions that guards ask.

use rpy_vm::object::CompareOp;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyClass;
use rpy_vm::protocol::native;
use rpy_vm::types::bytearray::PyByteArray;
pub use rpy_vm::types::dict::lookup::{is_key, is_plain};
use rpy_vm::types::dict::{PyDict, PyDictItems, PyDictKeys, PyDictValues};
use rpy_vm::types::list::PyList;
use rpy_vm::types::range::PyRange;
use rpy_vm::types::set::any_set_exact;
use rpy_vm::types::slice::PySlice;
use rpy_vm::types::tuple::PyTuple;

use super::UNSURE;

/// How many items are looked at before the question is given up.
const MOST_ITEMS: usize = 1_000;
/// How deep containers may lie in each other.
const MOST_DEPTH: usize = 6;

/// The items of an exact list or tuple.
///
/// # Safety
/// Valid until the list changes.
pub unsafe fn items_of(object: &PyObject) -> Option<&[&PyObject]> {
    if let Some(list) = object.downcast_exact::<PyList>() {
        // SAFETY: the caller's promise.
        return Some(unsafe { list.items() });
    }
    object.downcast_exact::<PyTuple>().map(PyTuple::items)
}

/// Is it a key of which that is found out quickly? Of others, the interpreter asks for the hash as it is.
pub fn is_handy_key(object: &PyObject) -> bool {
    const MOST_PARTS: usize = 16;
    fn parts(object: &PyObject) -> usize {
        object
            .downcast_ref::<PyTuple>()
            .map_or(1, |tuple| 1 + tuple.items().iter().map(|item| parts(item)).sum::<usize>())
    }
    is_key(object) && parts(object) <= MOST_PARTS
}

/// Are the keys of a dict plain?
pub fn has_plain_keys(dict: &PyDict) -> bool {
    has_keys_that(dict, is_plain)
}

/// Do hash and equality of the keys of a dict run no Python code?
pub fn has_native_keys(dict: &PyDict) -> bool {
    has_keys_that(dict, is_key)
}

fn has_keys_that(dict: &PyDict, fits: impl Fn(&PyObject) -> bool) -> bool {
    if dict.has_only_str_keys() {
        return true;
    }
    let mut position = 0;
    while let Some((key, _)) = dict.iter_index(&mut position) {
        if !fits(&key) {
            return false;
        }
    }
    true
}

/// Are the values of a dict plain?
fn has_plain_values(dict: &PyDict) -> bool {
    let mut position = 0;
    while let Some((_, value)) = dict.iter_index(&mut position) {
        if !is_plain(&value) {
            return false;
        }
    }
    true
}

/// Are the items of a container (for dicts: the keys) plain? Strings, bytes and ranges contain nothing else. Anything that is
/// no such container is said not to be.
pub fn has_plain_items(object: &PyObject) -> bool {
    // SAFETY: no Python code runs in between.
    if let Some(items) = unsafe { items_of(object) } {
        return items.iter().all(|item| is_plain(item));
    }
    if let Some(set) = any_set_exact(object) {
        return set.is_all_plain();
    }
    if let Some(dict) = object.downcast_exact::<PyDict>() {
        return has_plain_keys(dict);
    }
    if let Some(keys) = object.downcast_exact::<PyDictKeys>() {
        return has_plain_keys(keys.mapping_ref());
    }
    if let Some(values) = object.downcast_exact::<PyDictValues>() {
        return has_plain_values(values.mapping_ref());
    }
    if let Some(items) = object.downcast_exact::<PyDictItems>() {
        return has_plain_keys(items.mapping_ref()) && has_plain_values(items.mapping_ref());
    }
    is_plain(object) || PyRange::check_exact(object) || PyByteArray::check_exact(object)
}

/// Is it plain, or a container of such objects, all the way down?
fn is_deeply_plain(object: &PyObject, depth: usize, left: &mut usize) -> bool {
    if is_plain(object) {
        return true;
    }
    if depth == 0 {
        return false;
    }
    // SAFETY: no Python code runs in between.
    if let Some(items) = unsafe { items_of(object) } {
        if items.len() > *left {
            return false;
        }
        *left -= items.len();
        return items.iter().all(|item| is_deeply_plain(item, depth - 1, left));
    }
    if let Some(set) = any_set_exact(object) {
        return set.is_all_plain();
    }
    if let Some(dict) = object.downcast_exact::<PyDict>() {
        if dict.len() > *left || !has_plain_keys(dict) {
            return false;
        }
        *left -= dict.len();
        let mut position = 0;
        while let Some((_, value)) = dict.iter_index(&mut position) {
            if !is_deeply_plain(&value, depth - 1, left) {
                return false;
            }
        }
        return true;
    }
    PyByteArray::check_exact(object) || PyRange::check_exact(object)
}

/// Is it plain, or a container of plain objects or such containers?
pub fn is_deep(object: &PyObject) -> bool {
    is_deeply_plain(object, MOST_DEPTH, &mut MOST_ITEMS.clone())
}

/// Is it a container that takes long to look through? Finding out whether its items are plain would cost more than what is saved by knowing.
pub fn is_long(object: &PyObject) -> bool {
    const LONG: usize = 12;
    // SAFETY: only the length is looked at.
    let length = match unsafe { items_of(object) } {
        Some(items) => items.len(),
        None => {
            any_set_exact(object).map_or_else(|| object.downcast_exact::<PyDict>().map_or(0, PyDict::len), |s| s.len())
        }
    };
    length > LONG
}

/// Is it a slice object with plain bounds?
pub fn is_plain_slice(key: &PyObject) -> bool {
    key.downcast_exact::<PySlice>().is_some_and(|s| [s.start(), s.stop(), s.step()].into_iter().all(is_plain))
}

/// [`is_plain_slice`] for compiled code.
///
/// # Safety
/// A live object.
pub unsafe extern "C" fn plain_slice(object: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    is_plain_slice(unsafe { &*object }) as u64
}

/// [`is_plain`] for compiled code.
///
/// # Safety
/// A live object.
pub unsafe extern "C" fn plain(object: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    is_plain(unsafe { &*object }) as u64
}

/// [`is_same`](rpy_vm::protocol::object::is_same) for compiled code.
///
/// # Safety
/// Live objects.
pub unsafe extern "C" fn same(a: *const PyObject, b: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    rpy_vm::protocol::object::is_same(unsafe { &*a }, unsafe { &*b }) as u64
}

/// [`is_key`] for compiled code.
///
/// # Safety
/// A live object.
pub unsafe extern "C" fn key(object: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    is_key(unsafe { &*object }) as u64
}

/// [`has_plain_items`] for compiled code.
///
/// # Safety
/// A live object.
pub unsafe extern "C" fn plain_items(object: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    has_plain_items(unsafe { &*object }) as u64
}

/// [`is_deep`] for compiled code.
///
/// # Safety
/// A live object.
pub unsafe extern "C" fn deep(object: *const PyObject) -> u64 {
    // SAFETY: the caller's promise.
    is_deep(unsafe { &*object }) as u64
}

/// The comparison with this number.
pub fn comparison(number: u64) -> CompareOp {
    match number {
        0 => CompareOp::Lt,
        1 => CompareOp::Le,
        2 => CompareOp::Eq,
        3 => CompareOp::Ne,
        4 => CompareOp::Gt,
        _ => CompareOp::Ge,
    }
}

/// `id(object)`.
///
/// # Safety
/// None is needed.
pub unsafe extern "C" fn address(object: *const PyObject) -> u64 {
    object as u64
}

/// Acquires a lock that is free: true (owned). Null, and nothing done, if it is not.
///
/// # Safety
/// A live lock of the `_thread` module.
pub unsafe extern "C" fn lock_enter(lock: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let lock = unsafe { &*lock };
    let at_once = rpy_vm::types::bool_::as_object(false);
    match rpy_vm::protocol::call::call_method(lock, rpy_vm::intern!("acquire"), &[at_once]) {
        Ok(taken) if taken.is(rpy_vm::types::bool_::as_object(true)) => taken.into_raw(),
        _ => core::ptr::null_mut(),
    }
}

/// The comparison of two objects, if no Python code runs for it; [`UNSURE`] otherwise, and where it raises.
///
/// # Safety
/// Live objects, and the number of a comparison.
pub unsafe extern "C" fn compare(a: *const PyObject, b: *const PyObject, op: u64) -> u64 {
    // SAFETY: the caller's promise.
    let (a, b) = unsafe { (&*a, &*b) };
    let op = comparison(op);
    let is_equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
    // Something may differ from itself.
    if is_equality
        && !a.is(b)
        && let Some(equal) = native::eq(a, b)
    {
        return (equal == (op == CompareOp::Eq)) as u64;
    }
    let fits = |object| is_deep(object) || (is_equality && is_key(object));
    if !fits(a) || !fits(b) {
        return UNSURE;
    }
    // The operators of these types answer with bools, and floats that are not numbers differ from themselves.
    match rpy_vm::protocol::object::rich_compare(a, b, op) {
        Ok(answer) if answer.is(rpy_vm::types::bool_::as_object(true)) => 1,
        Ok(answer) if answer.is(rpy_vm::types::bool_::as_object(false)) => 0,
        _ => UNSURE,
    }
}

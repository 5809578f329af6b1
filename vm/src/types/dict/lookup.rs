//! Finding keys.
//!
//! Three grades: an exact string in a table of exact strings compares pointers, hashes and characters and can neither fail nor run code. Other keys
//! of exact built-in types compare natively (`protocol::native`). Only what is left calls `__eq__`, which may change the dict: after each such call the
//! table is compared with what it was, and the search starts over if it is not the same.

use super::PyDict;
use super::table::DictKeys;
use crate::err::PyResult;
use crate::object::slots::CompareOp;
use crate::object::typeobj::PyTypeObject;
use crate::object::{ObjRef, PyClass, PyObject, PyStruct};
use crate::protocol::native;
use crate::protocol::object as protocol;
use crate::types::bytes::PyBytes;
use crate::types::float::PyFloat;
use crate::types::int::PyInt;
use crate::types::object::PyBaseObject_Type;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// Is the object of an exact built-in type whose hash and equality run no Python code? (Tuples: of such objects.)
pub fn is_plain(object: &PyObject) -> bool {
    if let Some(tuple) = object.downcast_exact::<PyTuple>() {
        return tuple.len() <= 8 && tuple.items().iter().all(|item| !PyTuple::check_exact(item) && is_plain(item));
    }
    PyStr::check_exact(object)
        || PyInt::check_exact(object)
        || PyFloat::check_exact(object)
        || PyBytes::check_exact(object)
        || crate::types::bool_::is_bool(object)
        || crate::is_none(object)
}

/// How many items of tuples [`is_key`] looks at.
const MOST_PARTS: usize = 64;

/// Do hash and equality of the object run no Python code? Those of objects that are equal only to themselves do not, nor those of
/// strings, numbers and bytes, also of classes derived from these that leave both as they are, nor of tuples of such objects.
pub fn is_key(object: &PyObject) -> bool {
    is_key_within(object, &mut MOST_PARTS.clone())
}

fn is_key_within(object: &PyObject, left: &mut usize) -> bool {
    if PyStr::check_exact(object) || PyInt::check_exact(object) {
        return true;
    }
    let ty = object.ty();
    let like = |base: &PyTypeObject| {
        let slots =
            |ty: &PyTypeObject| (ty.tp_hash.get().map(|f| f as usize), ty.tp_richcompare.get().map(|f| f as usize));
        core::ptr::eq(ty, base) || slots(ty) == slots(base)
    };
    if let Some(tuple) = object.downcast_ref::<PyTuple>()
        && like(PyTuple::type_object())
    {
        let Some(rest) = left.checked_sub(tuple.len()) else { return false };
        *left = rest;
        return tuple.items().iter().all(|item| is_key_within(item, left));
    }
    like(&PyBaseObject_Type)
        || like(PyFloat::type_object())
        || like(PyStr::type_object())
        || like(PyInt::type_object())
        || like(PyBytes::type_object())
        || crate::is_none(object)
}

/// The hash of a key, if no Python code runs for it.
#[inline]
pub fn plain_hash(key: &PyObject) -> Option<isize> {
    match native::hash(key) {
        Some(hash) => Some(hash),
        None if is_key(key) => protocol::hash(key).ok(),
        None => None,
    }
}

/// Are two keys equal? `None` where Python code would run to find out.
#[inline]
pub fn plain_eq(a: &PyObject, b: &PyObject) -> Option<bool> {
    match native::eq(a, b) {
        Some(answer) => Some(answer),
        None if is_key(a) && is_key(b) => protocol::rich_compare_bool(a, b, CompareOp::Eq).ok(),
        None => None,
    }
}

impl PyDict {
    /// The position of a key, for [`PyDict::value_at`], found without running Python code; `Err` where that is not possible.
    pub fn find_plain(&self, key: &PyObject) -> Result<Option<usize>, ()> {
        self.find_plain_hashed(key, plain_hash(key).ok_or(())?)
    }

    /// As [`PyDict::find_plain`], of a key whose hash is known.
    fn find_plain_hashed(&self, key: &PyObject, hash: isize) -> Result<Option<usize>, ()> {
        // SAFETY: no code runs during the search.
        let keys = unsafe { self.table() };
        if keys.only_str()
            && let Some(key) = key.downcast_exact::<PyStr>()
        {
            return Ok(keys.find_str(key, hash));
        }
        keys.find_simple(key, hash, |other| plain_eq(other, key))
    }

    /// Sets the value of a key without running Python code; `Err` where that is not possible: a key that has to be asked, a
    /// watched dict, an old value that would be destroyed and is not a plain object, memory that is short.
    pub fn set_plain(&self, key: &PyObject, value: &PyObject) -> Result<(), ()> {
        let hash = plain_hash(key).ok_or(())?;
        let found = self.find_plain_hashed(key, hash)?;
        if self.is_watched() {
            return Err(());
        }
        match found {
            Some(at) => {
                let old = self.value_at(at).ok_or(())?;
                if old.refcount() == 1 && !is_plain(old) {
                    return Err(());
                }
                if self.set_value_at(at, value.new_ref()) { Ok(()) } else { Err(()) }
            }
            None => self.insert_new(key.new_ref(), hash, value.new_ref()).map_err(drop),
        }
    }

    /// The table, borrowed.
    ///
    /// # Safety
    /// Valid until the dict changes.
    #[inline(always)]
    pub(super) unsafe fn table(&self) -> &DictKeys {
        // SAFETY: every dict has a table; the caller does not keep the borrow over a change.
        unsafe { &*self.ma_keys.get() }
    }

    /// Position of an exact string key, if the table holds only exact strings; no code runs and nothing fails.
    /// `Err` when the table holds other keys too.
    #[inline(always)]
    pub(super) fn find_str_fast(&self, key: &PyStr) -> Result<Option<usize>, ()> {
        // SAFETY: no code runs during the search.
        let keys = unsafe { self.table() };
        if keys.only_str() { Ok(keys.find_str(key, key.hash())) } else { Err(()) }
    }

    /// Position of a key with a known hash.
    #[inline]
    pub(super) fn find(&self, key: &PyObject, hash: isize) -> PyResult<Option<usize>> {
        // SAFETY: no code runs during the quick searches.
        let keys = unsafe { self.table() };
        if keys.only_str()
            && let Some(key) = key.downcast_exact::<PyStr>()
        {
            return Ok(keys.find_str(key, hash));
        }
        match keys.find_simple(key, hash, |other| native::eq(other, key)) {
            Ok(found) => Ok(found),
            Err(()) => self.find_general(key, hash),
        }
    }

    /// The search with `__eq__`.
    #[cold]
    #[inline(never)]
    fn find_general(&self, key: &PyObject, hash: isize) -> PyResult<Option<usize>> {
        'restart: loop {
            let table = self.ma_keys.get();
            // SAFETY: the borrow is renewed after every comparison, and used only if the dict still has this table.
            let log2_size = unsafe { self.table() }.log2_size();
            let mut nth = 0;
            loop {
                // SAFETY: the table is unchanged here.
                let keys = unsafe { self.table() };
                let Some(at) = keys.nth_with_hash(hash, nth) else { return Ok(None) };
                // SAFETY: `at` is a living entry.
                let candidate: ObjRef = unsafe { (*(*keys.entry(at)).key).new_ref() };
                if candidate.is(key) {
                    return Ok(Some(at));
                }
                let equal = protocol::eq(&candidate, key)?;
                // SAFETY: the dict's present table, whatever it is; `at` is checked against it before use.
                let keys = unsafe { self.table() };
                let same = self.ma_keys.get() == table
                    && keys.log2_size() == log2_size
                    && at < keys.nentries.get()
                    && unsafe { (*keys.entry(at)).key } == candidate.as_raw();
                if !same {
                    continue 'restart;
                }
                if equal {
                    return Ok(Some(at));
                }
                nth += 1;
            }
        }
    }

    /// The hash of a key; a `TypeError` of an unhashable one says what it was wanted for.
    #[inline(always)]
    pub(super) fn hash_key(key: &PyObject) -> PyResult<isize> {
        match protocol::hash(key) {
            Ok(hash) => Ok(hash),
            Err(e) => Err(unhashable(key, e)),
        }
    }

    /// The value at a position, as a new reference.
    ///
    /// # Safety
    /// `at` was just found.
    #[inline(always)]
    pub(super) unsafe fn value_ref(&self, at: usize) -> ObjRef {
        // SAFETY: the caller's promise.
        unsafe { (*(*self.table().entry(at)).value).new_ref() }
    }
}

#[cold]
fn unhashable(key: &PyObject, error: crate::PyErr) -> crate::PyErr {
    if !error.object().is_exact_type(crate::exc::TypeError()) {
        return error;
    }
    match protocol::str(error.value().as_object()) {
        Ok(text) => crate::exc::type_error(format!(
            "cannot use '{}' as a dict key ({})",
            super::qualified_type_name(key),
            text.to_string_lossy()
        )),
        Err(e) => e,
    }
}

//! The Python face of `set` and `frozenset`.

use super::ops::{both, object};
use super::search::Asking;
use super::{PyFrozenSet, PyFrozenSet_Type, PySet, PySet_Type, PySetIterator, any_set};
use crate::err::PyResult;
use crate::exc;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyClass, PyStruct, Ref};
use crate::object::slots::CompareOp;
use crate::object::typeobj::PyTypeObject;
use crate::protocol;
use crate::runtime::repr_guard::ReprGuard;
use crate::types::dict::PyDict;
use crate::types::list::{class_getitem, no_keywords};
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::PyTuple;
use rpy_derive::pymethods;

/// At most one positional argument, no keywords.
fn one_iterable<'a>(name: &str, args: &'a [&'a PyObject]) -> PyResult<Option<&'a PyObject>> {
    match args {
        [] => Ok(None),
        [iterable] => Ok(Some(iterable)),
        _ => Err(exc::type_error(format!("{name} expected at most 1 argument, got {}", args.len()))),
    }
}

/// `frozenset(iterable)` for a class without own constructor.
pub fn construct_frozenset(cls: &PyTypeObject, iterable: Option<&PyObject>) -> PyResult<ObjRef> {
    if let Some(iterable) = iterable
        && core::ptr::eq(cls, &raw const PyFrozenSet_Type)
        && PyFrozenSet::check_exact(iterable)
    {
        return Ok(iterable.new_ref());
    }
    let set = PySet::new_in_type(cls)?;
    if let Some(iterable) = iterable {
        set.update_from(iterable)?;
    }
    object(set)
}

/// The arguments of a vectorcall, with keywords refused.
///
/// # Safety
/// The parameters are those of a vectorcall.
unsafe fn vector_args<'a>(
    name: &str,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> PyResult<&'a [&'a PyObject]> {
    // SAFETY: the caller's promise: borrowed arguments, and null or a tuple of names.
    unsafe {
        if (kwnames as *const PyTuple).as_ref().is_some_and(|names| !names.is_empty()) {
            return Err(exc::type_error(format!("{name}() takes no keyword arguments")));
        }
        let count = nargsf & (isize::MAX as usize);
        if count == 0 {
            return Ok(&[]);
        }
        Ok(core::slice::from_raw_parts(args as *const &PyObject, count))
    }
}

fn into_raw(result: PyResult<ObjRef>) -> *mut PyObject {
    match result {
        Ok(value) => value.into_raw(),
        Err(e) => e.restore_null(),
    }
}

fn set_repr(set: &PySet) -> PyResult<Ref<PyStr>> {
    let name = set.ob_base.ty().name();
    if set.is_empty() {
        return Ok(PyStr::from_string(format!("{name}()")));
    }
    let Some(_guard) = ReprGuard::enter(set.as_object()) else {
        return Ok(PyStr::from_string(format!("{name}(...)")));
    };
    let plain = set.ob_base.is_exact_type(&PySet_Type);
    let mut out = StrBuilder::new();
    if !plain {
        out.push_str(name);
        out.push_str("(");
    }
    out.push_str("{");
    for (i, item) in set.to_vec().iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        out.push_py(&*protocol::object::repr(item)?);
    }
    out.push_str(if plain { "}" } else { "})" });
    Ok(out.finish())
}

fn set_compare(set: &PySet, other: &PyObject, op: CompareOp) -> PyResult<ObjRef> {
    match any_set(other) {
        Some(other) => Ok(crate::py_bool(set.compare::<Asking>(other, op)?)),
        None => Ok(crate::not_implemented()),
    }
}

fn set_contains(set: &PySet, key: &PyObject) -> PyResult<bool> {
    set.with_set_as_key(key, |key, hash| set.contains_hashed(key, hash))
}

fn set_union(set: &PySet, others: &[&PyObject]) -> PyResult<ObjRef> {
    let result = set.copy_plain::<Asking>()?;
    for other in others {
        if !set.as_object().is(other) {
            result.update_from(other)?;
        }
    }
    object(result)
}

fn set_intersection(set: &PySet, others: &[&PyObject]) -> PyResult<Ref<PySet>> {
    let Some((first, rest)) = others.split_first() else {
        return set.copy_plain::<Asking>();
    };
    let mut result = set.intersection_with(first)?;
    for other in rest {
        result = result.intersection_with(other)?;
    }
    Ok(result)
}

fn set_difference(set: &PySet, others: &[&PyObject]) -> PyResult<ObjRef> {
    let Some((first, rest)) = others.split_first() else {
        return object(set.copy_plain::<Asking>()?);
    };
    let result = set.difference_with(first)?;
    for other in rest {
        result.difference_update_with(other)?;
    }
    object(result)
}

fn set_symmetric_difference(set: &PySet, other: &PyObject) -> PyResult<ObjRef> {
    if let Some(other) = any_set(other) {
        return object(set.symmetric_difference_of::<Asking>(other)?);
    }
    let result = set.empty_like();
    result.update_from(other)?;
    result.symmetric_difference_update_with(set.as_object())?;
    object(result)
}

fn set_issubset(set: &PySet, other: &PyObject) -> PyResult<bool> {
    match any_set(other) {
        Some(other) => set.is_subset_of::<Asking>(other),
        None => {
            // Only elements in common count: if all of ours are among them, we are a subset.
            let common = set.intersection_with(other)?;
            Ok(common.len() == set.len())
        }
    }
}

fn set_issuperset(set: &PySet, other: &PyObject) -> PyResult<bool> {
    if let Some(other) = any_set(other) {
        return other.is_subset_of::<Asking>(set);
    }
    let iterator = protocol::object::get_iter(other)?;
    while let Some(key) = protocol::object::iter_next(&iterator)? {
        if !set.contains(&key)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn set_reduce(set: &PySet) -> PyResult<Ref<PyTuple>> {
    let args = PyTuple::from_array([set.elements().into_obj()]);
    let state = protocol::call::call_method(set.as_object(), crate::intern!("__getstate__"), &[])?;
    Ok(PyTuple::from_array([set.ob_base.ty().to_obj(), args.into_obj(), state]))
}

fn set_sizeof(set: &PySet) -> usize {
    set.ob_base.ty().tp_basicsize.get() as usize + set.table_bytes()
}

/// Binary operators: both operands have to be sets.
macro_rules! operator {
    ($a:expr, $b:expr, |$x:ident, $y:ident| $body:expr) => {
        match both($a, $b) {
            Some(($x, $y)) => $body,
            None => Ok(crate::not_implemented()),
        }
    };
}

#[pymethods]
impl PySet {
    // ---- construction ----

    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        object(PySet::new_in_type(cls)?)
    }

    #[slot]
    fn tp_init(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        let name = self.ob_base.ty().name();
        no_keywords(name, kwargs)?;
        let iterable = one_iterable(name, args.items())?;
        self.clear();
        match iterable {
            Some(iterable) => self.update_from(iterable),
            None => Ok(()),
        }
    }

    #[slot]
    unsafe extern "C-unwind" fn tp_vectorcall(
        cls: *mut PyObject,
        args: *const *mut PyObject,
        nargsf: usize,
        kwnames: *mut PyObject,
    ) -> *mut PyObject {
        // SAFETY: a vectorcall of the type.
        let (cls, args) = unsafe { (&*(cls as *const PyTypeObject), vector_args("set", args, nargsf, kwnames)) };
        into_raw((|| {
            let iterable = one_iterable("set", args?)?;
            let set = PySet::new_in_type(cls)?;
            if let Some(iterable) = iterable {
                set.update_from(iterable)?;
            }
            object(set)
        })())
    }

    // ---- slots ----

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        set_repr(self)
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult<ObjRef> {
        set_compare(self, other, op)
    }

    #[slot]
    fn tp_iter(&self) -> PyResult<ObjRef> {
        Ok(PySetIterator::new(self).into_obj())
    }

    #[slot]
    fn sq_length(&self) -> PyResult<usize> {
        Ok(self.len())
    }

    #[slot]
    fn sq_contains(&self, key: &PyObject) -> PyResult<bool> {
        set_contains(self, key)
    }

    #[slot]
    fn nb_subtract(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        operator!(a, b, |x, y| object(x.difference_of::<Asking>(y)?))
    }

    #[slot]
    fn nb_and(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        operator!(a, b, |x, y| object(x.common_with::<Asking>(y)?))
    }

    #[slot]
    fn nb_xor(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        operator!(a, b, |x, y| object(x.symmetric_difference_of::<Asking>(y)?))
    }

    #[slot]
    fn nb_or(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        operator!(a, b, |x, y| object(x.union_of::<Asking>(y)?))
    }

    #[slot]
    fn nb_inplace_subtract(&self, other: &PyObject) -> PyResult<ObjRef> {
        if any_set(other).is_none() {
            return Ok(crate::not_implemented());
        }
        self.difference_update_with(other)?;
        Ok(self.to_obj())
    }

    #[slot]
    fn nb_inplace_and(&self, other: &PyObject) -> PyResult<ObjRef> {
        if any_set(other).is_none() {
            return Ok(crate::not_implemented());
        }
        let result = self.intersection_with(other)?;
        self.swap_bodies(&result);
        Ok(self.to_obj())
    }

    #[slot]
    fn nb_inplace_xor(&self, other: &PyObject) -> PyResult<ObjRef> {
        if any_set(other).is_none() {
            return Ok(crate::not_implemented());
        }
        self.symmetric_difference_update_with(other)?;
        Ok(self.to_obj())
    }

    #[slot]
    fn nb_inplace_or(&self, other: &PyObject) -> PyResult<ObjRef> {
        let Some(other) = any_set(other) else {
            return Ok(crate::not_implemented());
        };
        self.merge::<Asking>(other)?;
        Ok(self.to_obj())
    }

    // ---- methods ----

    /// x.__contains__(y) <==> y in x.
    #[pymethod(coexist, sig = "($self, object, /)")]
    fn __contains__(&self, object: &PyObject) -> PyResult<bool> {
        set_contains(self, object)
    }

    /// Add an element to a set.
    ///
    /// This has no effect if the element is already present.
    #[pymethod(name = "add", sig = "($self, object, /)")]
    fn py_add(&self, object: &PyObject) -> PyResult<()> {
        self.add(object)
    }

    /// Remove all elements from this set.
    #[pymethod(name = "clear")]
    fn py_clear(&self) {
        self.clear();
    }

    /// Return a shallow copy of a set.
    #[pymethod]
    fn copy(&self) -> PyResult<ObjRef> {
        object(self.copy_plain::<Asking>()?)
    }

    /// Remove an element from a set if it is a member.
    ///
    /// Unlike set.remove(), the discard() method does not raise
    /// an exception when an element is missing from the set.
    #[pymethod(name = "discard", sig = "($self, object, /)")]
    fn py_discard(&self, object: &PyObject) -> PyResult<()> {
        drop(self.with_set_as_key(object, |key, hash| self.body.remove_hashed(key, hash))?);
        Ok(())
    }

    /// Return a new set with elements in the set that are not in the others.
    #[pymethod(sig = "($self, /, *others)")]
    fn difference(&self, others: &[&PyObject]) -> PyResult<ObjRef> {
        set_difference(self, others)
    }

    /// Update the set, removing elements found in others.
    #[pymethod(sig = "($self, /, *others)")]
    fn difference_update(&self, others: &[&PyObject]) -> PyResult<()> {
        for other in others {
            self.difference_update_with(other)?;
        }
        Ok(())
    }

    /// Return a new set with elements common to the set and all others.
    #[pymethod(sig = "($self, /, *others)")]
    fn intersection(&self, others: &[&PyObject]) -> PyResult<ObjRef> {
        object(set_intersection(self, others)?)
    }

    /// Update the set, keeping only elements found in it and all others.
    #[pymethod(sig = "($self, /, *others)")]
    fn intersection_update(&self, others: &[&PyObject]) -> PyResult<()> {
        let result = set_intersection(self, others)?;
        self.swap_bodies(&result);
        Ok(())
    }

    /// Return True if two sets have a null intersection.
    #[pymethod(sig = "($self, other, /)")]
    fn isdisjoint(&self, other: &PyObject) -> PyResult<bool> {
        self.is_disjoint(other)
    }

    /// Report whether another set contains this set.
    #[pymethod(sig = "($self, other, /)")]
    fn issubset(&self, other: &PyObject) -> PyResult<bool> {
        set_issubset(self, other)
    }

    /// Report whether this set contains another set.
    #[pymethod(sig = "($self, other, /)")]
    fn issuperset(&self, other: &PyObject) -> PyResult<bool> {
        set_issuperset(self, other)
    }

    /// Remove and return an arbitrary set element.
    ///
    /// Raises KeyError if the set is empty.
    #[pymethod]
    fn pop(&self) -> PyResult<ObjRef> {
        self.pop_any().ok_or_else(|| exc::key_error_msg("pop from an empty set"))
    }

    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(&self) -> PyResult<Ref<PyTuple>> {
        set_reduce(self)
    }

    /// Remove an element from a set; it must be a member.
    ///
    /// If the element is not a member, raise a KeyError.
    #[pymethod(sig = "($self, object, /)")]
    fn remove(&self, object: &PyObject) -> PyResult<()> {
        match self.with_set_as_key(object, |key, hash| self.body.remove_hashed(key, hash))? {
            Some(_) => Ok(()),
            None => Err(exc::key_error(object)),
        }
    }

    /// S.__sizeof__() -> size of S in memory, in bytes.
    #[pymethod]
    fn __sizeof__(&self) -> usize {
        set_sizeof(self)
    }

    /// Return a new set with elements in either the set or other but not both.
    #[pymethod(sig = "($self, other, /)")]
    fn symmetric_difference(&self, other: &PyObject) -> PyResult<ObjRef> {
        set_symmetric_difference(self, other)
    }

    /// Update the set, keeping only elements found in either set, but not in both.
    #[pymethod(sig = "($self, other, /)")]
    fn symmetric_difference_update(&self, other: &PyObject) -> PyResult<()> {
        self.symmetric_difference_update_with(other)
    }

    /// Return a new set with elements from the set and all others.
    #[pymethod(sig = "($self, /, *others)")]
    fn union(&self, others: &[&PyObject]) -> PyResult<ObjRef> {
        set_union(self, others)
    }

    /// Update the set, adding elements from all others.
    #[pymethod(sig = "($self, /, *others)")]
    fn update(&self, others: &[&PyObject]) -> PyResult<()> {
        for other in others {
            self.update_from(other)?;
        }
        Ok(())
    }

    /// See PEP 585
    #[pyclassmethod(sig = "($type, object, /)")]
    fn __class_getitem__(cls: &PyTypeObject, object: &PyObject) -> PyResult<ObjRef> {
        class_getitem(cls, object)
    }
}

#[pymethods]
impl PyFrozenSet {
    // ---- construction ----

    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        // A subtype with its own __init__ may take keywords.
        let own_init = cls.tp_init.get().map(|f| f as usize) != PyFrozenSet_Type.tp_init.get().map(|f| f as usize);
        if core::ptr::eq(cls, &raw const PyFrozenSet_Type) || !own_init {
            no_keywords("frozenset", kwargs)?;
        }
        construct_frozenset(cls, one_iterable(cls.name(), args.items())?)
    }

    #[slot]
    unsafe extern "C-unwind" fn tp_vectorcall(
        cls: *mut PyObject,
        args: *const *mut PyObject,
        nargsf: usize,
        kwnames: *mut PyObject,
    ) -> *mut PyObject {
        // SAFETY: a vectorcall of the type.
        let (cls, args) = unsafe { (&*(cls as *const PyTypeObject), vector_args("frozenset", args, nargsf, kwnames)) };
        into_raw((|| construct_frozenset(cls, one_iterable("frozenset", args?)?))())
    }

    // ---- slots ----

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        set_repr(self.as_set())
    }

    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        Ok(self.as_set().frozen_hash())
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult<ObjRef> {
        set_compare(self.as_set(), other, op)
    }

    #[slot]
    fn tp_iter(&self) -> PyResult<ObjRef> {
        Ok(PySetIterator::new(self.as_set()).into_obj())
    }

    #[slot]
    fn sq_length(&self) -> PyResult<usize> {
        Ok(self.len())
    }

    #[slot]
    fn sq_contains(&self, key: &PyObject) -> PyResult<bool> {
        set_contains(self.as_set(), key)
    }

    #[slot]
    fn nb_subtract(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        operator!(a, b, |x, y| object(x.difference_of::<Asking>(y)?))
    }

    #[slot]
    fn nb_and(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        operator!(a, b, |x, y| object(x.common_with::<Asking>(y)?))
    }

    #[slot]
    fn nb_xor(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        operator!(a, b, |x, y| object(x.symmetric_difference_of::<Asking>(y)?))
    }

    #[slot]
    fn nb_or(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        operator!(a, b, |x, y| object(x.union_of::<Asking>(y)?))
    }

    // ---- methods ----

    /// x.__contains__(y) <==> y in x.
    #[pymethod(coexist, sig = "($self, object, /)")]
    fn __contains__(&self, object: &PyObject) -> PyResult<bool> {
        set_contains(self.as_set(), object)
    }

    /// Return a shallow copy of a set.
    #[pymethod]
    fn copy(&self) -> PyResult<ObjRef> {
        if PyFrozenSet::check_exact(self.as_object()) {
            return Ok(self.to_obj());
        }
        object(self.as_set().copy_plain::<Asking>()?)
    }

    /// Return a new set with elements in the set that are not in the others.
    #[pymethod(sig = "($self, /, *others)")]
    fn difference(&self, others: &[&PyObject]) -> PyResult<ObjRef> {
        set_difference(self.as_set(), others)
    }

    /// Return a new set with elements common to the set and all others.
    #[pymethod(sig = "($self, /, *others)")]
    fn intersection(&self, others: &[&PyObject]) -> PyResult<ObjRef> {
        object(set_intersection(self.as_set(), others)?)
    }

    /// Return True if two sets have a null intersection.
    #[pymethod(sig = "($self, other, /)")]
    fn isdisjoint(&self, other: &PyObject) -> PyResult<bool> {
        self.as_set().is_disjoint(other)
    }

    /// Report whether another set contains this set.
    #[pymethod(sig = "($self, other, /)")]
    fn issubset(&self, other: &PyObject) -> PyResult<bool> {
        set_issubset(self.as_set(), other)
    }

    /// Report whether this set contains another set.
    #[pymethod(sig = "($self, other, /)")]
    fn issuperset(&self, other: &PyObject) -> PyResult<bool> {
        set_issuperset(self.as_set(), other)
    }

    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(&self) -> PyResult<Ref<PyTuple>> {
        set_reduce(self.as_set())
    }

    /// S.__sizeof__() -> size of S in memory, in bytes.
    #[pymethod]
    fn __sizeof__(&self) -> usize {
        set_sizeof(self.as_set())
    }

    /// Return a new set with elements in either the set or other but not both.
    #[pymethod(sig = "($self, other, /)")]
    fn symmetric_difference(&self, other: &PyObject) -> PyResult<ObjRef> {
        set_symmetric_difference(self.as_set(), other)
    }

    /// Return a new set with elements from the set and all others.
    #[pymethod(sig = "($self, /, *others)")]
    fn union(&self, others: &[&PyObject]) -> PyResult<ObjRef> {
        set_union(self.as_set(), others)
    }

    /// See PEP 585
    #[pyclassmethod(sig = "($type, object, /)")]
    fn __class_getitem__(cls: &PyTypeObject, object: &PyObject) -> PyResult<ObjRef> {
        class_getitem(cls, object)
    }
}

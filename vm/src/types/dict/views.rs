//! `dict.table()`, `dict.values()`, `dict.items()`.

use super::PyDict;
use super::iter::{
    PyDictItemIterator, PyDictKeyIterator, PyDictReverseItemIterator, PyDictReverseKeyIterator,
    PyDictReverseValueIterator, PyDictValueIterator,
};
use super::viewset;
use crate::err::PyResult;
use crate::object::slots::CompareOp;
use crate::object::{ObjRef, PyObject, PyStruct, Ref, alloc};
use crate::protocol::{object as protocol, sequence};
use crate::runtime::repr_guard::ReprGuard;
use crate::types::descr::mappingproxy::PyMappingProxy;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::PyTuple;
use rpy_derive::{pyclass, pymethods};

/// `dict_keys([...])`.
fn repr(view: &PyObject) -> PyResult {
    let Some(_guard) = ReprGuard::enter(view) else {
        return Ok(PyStr::new("...").into_obj());
    };
    let list = sequence::to_list(view)?;
    let mut out = StrBuilder::new();
    out.push_str(view.ty().name());
    out.push_str("(");
    out.push_py(&*protocol::repr(list.as_object())?);
    out.push_str(")");
    Ok(out.finish().into_obj())
}

macro_rules! view {
    ($(#[$meta:meta])* $ty:ident, $name:tt, $symbol:tt) => {
        $(#[$meta])*
        #[pyclass(name = $name, symbol = $symbol, no_new, gc)]
        #[repr(C)]
        pub struct $ty {
            pub(crate) ob_base: PyObject,
            pub(crate) dict: Ref<PyDict>,
        }

        impl $ty {
            /// A view of a dict or an instance of a subclass.
            pub fn new(dict: &PyObject) -> Ref<$ty> {
                // SAFETY: callers are methods of dict, so it is one.
                let dict = unsafe { dict.cast_unchecked_ref::<PyDict>() }.to_ref();
                alloc::new_exact($ty::with_dict(dict))
            }

            /// The fields of a view, for subtypes written in Rust.
            pub fn with_dict(dict: Ref<PyDict>) -> $ty {
                $ty { ob_base: PyObject::placeholder(), dict }
            }

            /// The dict it shows.
            pub fn mapping_ref(&self) -> &PyDict {
                &self.dict
            }
        }
    };
}

view!(
    /// A view of a dict's keys.
    PyDictKeys, "dict_keys", "PyDictKeys_Type"
);
view!(
    /// A view of a dict's values.
    PyDictValues, "dict_values", "PyDictValues_Type"
);
view!(
    /// A view of a dict's items.
    PyDictItems, "dict_items", "PyDictItems_Type"
);

#[pymethods]
impl PyDictKeys {
    #[slot]
    fn tp_repr(&self) -> PyResult {
        repr(self.as_object())
    }
    #[slot]
    fn tp_iter(&self) -> ObjRef {
        PyDictKeyIterator::new(&self.dict).into_obj()
    }
    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
        viewset::compare(self.as_object(), other, op)
    }
    #[slot]
    fn sq_length(&self) -> PyResult<usize> {
        Ok(self.dict.len())
    }
    #[slot]
    fn sq_contains(&self, key: &PyObject) -> PyResult<bool> {
        self.dict.contains(key)
    }
    #[slot]
    fn nb_subtract(a: &PyObject, b: &PyObject) -> PyResult {
        viewset::difference(a, b)
    }
    #[slot]
    fn nb_and(a: &PyObject, b: &PyObject) -> PyResult {
        viewset::intersection(a, b)
    }
    #[slot]
    fn nb_xor(a: &PyObject, b: &PyObject) -> PyResult {
        viewset::symmetric_difference(a, b)
    }
    #[slot]
    fn nb_or(a: &PyObject, b: &PyObject) -> PyResult {
        viewset::union(a, b)
    }
    /// Return True if the view and the given iterable have a null intersection.
    #[pymethod(sig = "($self, other, /)")]
    fn isdisjoint(zelf: &PyObject, other: &PyObject) -> PyResult<bool> {
        viewset::is_disjoint(zelf, other)
    }
    /// Return a reverse iterator over the dict keys.
    #[pymethod(name = "__reversed__")]
    fn reversed(&self) -> ObjRef {
        PyDictReverseKeyIterator::new(&self.dict).into_obj()
    }
    /// dictionary that this view refers to
    #[pygetset]
    fn mapping(&self) -> ObjRef {
        PyMappingProxy::new_unchecked(self.dict.to_obj()).into_obj()
    }
}

#[pymethods]
impl PyDictItems {
    #[slot]
    fn tp_repr(&self) -> PyResult {
        repr(self.as_object())
    }
    #[slot]
    fn tp_iter(&self) -> ObjRef {
        PyDictItemIterator::new(&self.dict).into_obj()
    }
    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
        viewset::compare(self.as_object(), other, op)
    }
    #[slot]
    fn sq_length(&self) -> PyResult<usize> {
        Ok(self.dict.len())
    }
    #[slot]
    fn sq_contains(&self, item: &PyObject) -> PyResult<bool> {
        let Some([key, value]) = item.downcast_ref::<PyTuple>().map(PyTuple::items) else {
            return Ok(false);
        };
        match self.dict.get_item(key)? {
            Some(found) => protocol::eq(&found, value),
            None => Ok(false),
        }
    }
    #[slot]
    fn nb_subtract(a: &PyObject, b: &PyObject) -> PyResult {
        viewset::difference(a, b)
    }
    #[slot]
    fn nb_and(a: &PyObject, b: &PyObject) -> PyResult {
        viewset::intersection(a, b)
    }
    #[slot]
    fn nb_xor(a: &PyObject, b: &PyObject) -> PyResult {
        viewset::symmetric_difference(a, b)
    }
    #[slot]
    fn nb_or(a: &PyObject, b: &PyObject) -> PyResult {
        viewset::union(a, b)
    }
    /// Return True if the view and the given iterable have a null intersection.
    #[pymethod(sig = "($self, other, /)")]
    fn isdisjoint(zelf: &PyObject, other: &PyObject) -> PyResult<bool> {
        viewset::is_disjoint(zelf, other)
    }
    /// Return a reverse iterator over the dict items.
    #[pymethod(name = "__reversed__")]
    fn reversed(&self) -> ObjRef {
        PyDictReverseItemIterator::new(&self.dict).into_obj()
    }
    /// dictionary that this view refers to
    #[pygetset]
    fn mapping(&self) -> ObjRef {
        PyMappingProxy::new_unchecked(self.dict.to_obj()).into_obj()
    }
}

#[pymethods]
impl PyDictValues {
    #[slot]
    fn tp_repr(&self) -> PyResult {
        repr(self.as_object())
    }
    #[slot]
    fn tp_iter(&self) -> ObjRef {
        PyDictValueIterator::new(&self.dict).into_obj()
    }
    #[slot]
    fn sq_length(&self) -> PyResult<usize> {
        Ok(self.dict.len())
    }
    /// Return a reverse iterator over the dict values.
    #[pymethod(name = "__reversed__")]
    fn reversed(&self) -> ObjRef {
        PyDictReverseValueIterator::new(&self.dict).into_obj()
    }
    /// dictionary that this view refers to
    #[pygetset]
    fn mapping(&self) -> ObjRef {
        PyMappingProxy::new_unchecked(self.dict.to_obj()).into_obj()
    }
}

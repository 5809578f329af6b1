//! The slots and methods of `dict`.

use core::ptr;

use super::iter::{PyDictKeyIterator, PyDictReverseKeyIterator};
use super::views::{PyDictItems, PyDictKeys, PyDictValues};
use super::{DictEvent, PyDict, PyDict_Type, drop_table, empty_keys, missing_key};
use crate::args::KwArgs;
use crate::err::PyResult;
use crate::exc;
use crate::object::dealloc::free_instance;
use crate::object::slots::CompareOp;
use crate::object::{ObjRef, PyClass, PyObject, PyStruct, PyTypeObject, alloc};
use crate::protocol::{call, object as protocol};
use crate::runtime::gc::{self, Visit};
use crate::runtime::repr_guard::ReprGuard;
use crate::types::list::class_getitem;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::PyTuple;
use rpy_derive::pymethods;

impl PyDict {
    /// What a subclass's `__missing__` says about a key; `None` if there is no such method.
    fn missing(&self, key: &PyObject) -> PyResult<Option<ObjRef>> {
        if PyDict::check_exact(self.as_object()) {
            return Ok(None);
        }
        match protocol::lookup_special(self.as_object(), intern!("__missing__"))? {
            Some(method) => Ok(Some(call::call_one(&method, key)?)),
            None => Ok(None),
        }
    }

    /// `dict[key]`.
    #[inline]
    pub fn subscript(&self, key: &PyObject) -> PyResult {
        match self.get_item(key)? {
            Some(value) => Ok(value),
            None => self.subscript_missing(key),
        }
    }

    #[cold]
    fn subscript_missing(&self, key: &PyObject) -> PyResult {
        match self.missing(key)? {
            Some(value) => Ok(value),
            None => Err(missing_key(key)),
        }
    }
}

#[pymethods]
impl PyDict {
    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult {
        if ptr::eq(cls, &PyDict_Type) {
            return Ok(PyDict::new().into_obj());
        }
        Ok(alloc::new_in(cls, PyDict::blank())?.into_obj())
    }

    #[slot]
    fn tp_init(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        self.update_from_args("dict", args.items(), kwargs)
    }

    #[slot]
    unsafe fn tp_vectorcall(
        cls: *mut PyObject,
        args: *const *mut PyObject,
        nargsf: usize,
        kwnames: *mut PyObject,
    ) -> *mut PyObject {
        let nargs = nargsf & !(1 << 63);
        // SAFETY: the vectorcall convention: `nargs` borrowed arguments, values of keywords behind them, and a tuple of names or NULL.
        let result = unsafe {
            (|| {
                if nargs > 1 {
                    return Err(exc::type_error(format!("dict expected at most 1 argument, got {nargs}")));
                }
                let object = PyDict::tp_new(&*(cls as *const PyTypeObject), PyTuple::empty_ref(), None)?;
                let dict = object.cast_unchecked_ref::<PyDict>();
                if nargs == 1 {
                    dict.update(&**args)?;
                }
                if let Some(names) = (kwnames as *const PyTuple).as_ref() {
                    for (i, name) in names.items().iter().enumerate() {
                        dict.set_item(name, &**args.add(nargs + i))?;
                    }
                }
                Ok(object)
            })()
        };
        match result {
            Ok(object) => object.into_raw(),
            Err(e) => e.restore_null(),
        }
    }

    #[slot]
    unsafe fn tp_dealloc(object: *mut PyObject) {
        // SAFETY: the object is a dead dict that owns its table.
        unsafe {
            let dict = object as *mut PyDict;
            if (*dict).is_watched() {
                (*object).ob_refcnt.set(1);
                (*dict).notify(DictEvent::Deallocated, None, None);
                let count = (*object).ob_refcnt.get() - 1;
                (*object).ob_refcnt.set(count);
                if count > 0 {
                    // A watcher keeps it.
                    return;
                }
            }
            gc::untrack(&*object);
            drop_table((*dict).ma_keys.replace(empty_keys()));
            if !PyDict::keep_header(dict) {
                free_instance(object);
            }
        }
    }

    #[slot]
    fn tp_traverse(&self, visit: &mut Visit<'_>) {
        // SAFETY: visiting changes no dict.
        unsafe {
            self.for_each(|key, value| {
                visit.visit(value);
                visit.visit(key);
            });
        }
    }

    #[slot]
    fn tp_clear(&self) -> PyResult<()> {
        self.clear();
        Ok(())
    }

    #[slot]
    fn tp_repr(&self) -> PyResult {
        let Some(_guard) = ReprGuard::enter(self.as_object()) else {
            return Ok(PyStr::new("{...}").into_obj());
        };
        if self.is_empty() {
            return Ok(PyStr::new("{}").into_obj());
        }
        let mut out = StrBuilder::new();
        out.push_str("{");
        let mut position = 0;
        let mut first = true;
        while let Some((key, value)) = self.iter_index(&mut position) {
            if !first {
                out.push_str(", ");
            }
            first = false;
            out.push_py(&*protocol::repr(&key)?);
            out.push_str(": ");
            out.push_py(&*protocol::repr(&value)?);
        }
        out.push_str("}");
        Ok(out.finish().into_obj())
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
        let (Some(other), CompareOp::Eq | CompareOp::Ne) = (other.downcast_ref::<PyDict>(), op) else {
            return Ok(crate::not_implemented());
        };
        let equal = self.equal(other)?;
        Ok(crate::py_bool(equal == (op == CompareOp::Eq)))
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        PyDictKeyIterator::new(self).into_obj()
    }

    #[slot]
    fn sq_contains(&self, key: &PyObject) -> PyResult<bool> {
        self.contains(key)
    }

    #[slot]
    fn mp_length(&self) -> PyResult<usize> {
        Ok(self.len())
    }

    #[slot]
    fn mp_subscript(&self, key: &PyObject) -> PyResult {
        self.subscript(key)
    }

    #[slot]
    fn mp_ass_subscript(&self, key: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        match value {
            Some(value) => self.set_item(key, value),
            None if self.del_item(key)? => Ok(()),
            None => Err(missing_key(key)),
        }
    }

    #[slot]
    fn nb_or(a: &PyObject, b: &PyObject) -> PyResult {
        let (Some(left), true) = (a.downcast_ref::<PyDict>(), PyDict::check(b)) else {
            return Ok(crate::not_implemented());
        };
        let result = left.copy()?;
        result.update(b)?;
        Ok(result.into_obj())
    }

    #[slot]
    fn nb_inplace_or(&self, other: &PyObject) -> PyResult {
        self.update(other)?;
        Ok(self.to_obj())
    }

    /// True if the dictionary has the specified key, else False.
    #[pymethod(name = "__contains__", sig = "($self, key, /)", coexist)]
    fn py_contains(&self, key: &PyObject) -> PyResult<bool> {
        self.contains(key)
    }

    /// Return self[key].
    #[pymethod(name = "__getitem__", sig = "($self, key, /)", coexist)]
    fn getitem(&self, key: &PyObject) -> PyResult {
        self.subscript(key)
    }

    /// Return the size of the dict in memory.
    #[pymethod(name = "__sizeof__")]
    fn sizeof(&self) -> usize {
        self.memory()
    }

    /// Return the value for key if key is in the dictionary, else default.
    #[pymethod(sig = "($self, key, default=None, /)")]
    fn get(&self, key: &PyObject, default: Option<&PyObject>) -> PyResult {
        match self.get_item(key)? {
            Some(value) => Ok(value),
            None => Ok(default.unwrap_or(crate::none_ref()).new_ref()),
        }
    }

    /// Insert key with a value of default if key is not in the dictionary.
    ///
    /// Return the value for key if key is in the dictionary, else default.
    #[pymethod(name = "setdefault", sig = "($self, key, default=None, /)")]
    fn py_setdefault(&self, key: &PyObject, default: Option<&PyObject>) -> PyResult {
        Ok(self.setdefault(key, default.unwrap_or(crate::none_ref()))?.0)
    }

    /// D.pop(k[,d]) -> v, remove specified key and return the corresponding value.
    ///
    /// If the key is not found, return the default if given; otherwise,
    /// raise a KeyError.
    #[pymethod(sig = "($self, key, default=<unrepresentable>, /)")]
    fn pop(&self, key: &PyObject, default: Option<&PyObject>) -> PyResult {
        match (self.pop_item_key(key)?, default) {
            (Some(value), _) => Ok(value),
            (None, Some(default)) => Ok(default.new_ref()),
            (None, None) => Err(missing_key(key)),
        }
    }

    /// Remove and return a (key, value) pair as a 2-tuple.
    ///
    /// Pairs are returned in LIFO (last-in, first-out) order.
    /// Raises KeyError if the dict is empty.
    #[pymethod]
    fn popitem(&self) -> PyResult {
        match self.pop_last() {
            Some((key, value)) => Ok(PyTuple::from_array([key, value]).into_obj()),
            None => Err(exc::key_error_msg("popitem(): dictionary is empty")),
        }
    }

    /// Return a set-like object providing a view on the dict's keys.
    #[pymethod]
    fn keys(zelf: &PyObject) -> ObjRef {
        PyDictKeys::new(zelf).into_obj()
    }

    /// Return a set-like object providing a view on the dict's items.
    #[pymethod]
    fn items(zelf: &PyObject) -> ObjRef {
        PyDictItems::new(zelf).into_obj()
    }

    /// Return an object providing a view on the dict's values.
    #[pymethod]
    fn values(zelf: &PyObject) -> ObjRef {
        PyDictValues::new(zelf).into_obj()
    }

    /// D.update([E, ]**F) -> None.  Update D from mapping/iterable E and F.
    /// If E is present and has a .keys() method, then does:  for k in E.keys(): D[k] = E[k]
    /// If E is present and lacks a .keys() method, then does:  for k, v in E: D[k] = v
    /// In either case, this is followed by: for k in F:  D[k] = F[k]
    #[pymethod(name = "update", sig = "($self, /, *args, **kwargs)")]
    fn py_update(&self, args: &[&PyObject], kwargs: KwArgs<'_>) -> PyResult<()> {
        let kwargs = kwargs.to_dict()?;
        self.update_from_args("update", args, kwargs.as_deref())
    }

    /// Create a new dictionary with keys from iterable and values set to value.
    #[pyclassmethod(sig = "(iterable, value=None, /)")]
    fn fromkeys(cls: &PyTypeObject, iterable: &PyObject, value: Option<&PyObject>) -> PyResult {
        PyDict::from_keys(cls, iterable, value.unwrap_or(crate::none_ref()))
    }

    /// Remove all items from the dict.
    #[pymethod(name = "clear")]
    fn py_clear(&self) {
        self.clear();
    }

    /// Return a shallow copy of the dict.
    #[pymethod(name = "copy")]
    fn py_copy(&self) -> PyResult {
        Ok(self.copy()?.into_obj())
    }

    /// Return a reverse iterator over the dict keys.
    #[pymethod(name = "__reversed__")]
    fn reversed(&self) -> ObjRef {
        PyDictReverseKeyIterator::new(self).into_obj()
    }

    /// See PEP 585
    #[pyclassmethod(name = "__class_getitem__", sig = "(object, /)")]
    fn py_class_getitem(cls: &PyTypeObject, item: &PyObject) -> PyResult {
        class_getitem(cls, item)
    }
}

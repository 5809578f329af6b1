//! `collections.OrderedDict`.
//!
//! Our dict keeps its insertion order and can move a key to either end, so an ordered dict needs no order of its own; what it
//! adds is that order counts in comparisons, `popitem` works at both ends, and methods of subclasses are called where CPython's C version
//! calls them.

use core::cell::Cell;

use super::ordered_views::{OrderedIterKind, PyOrderedDictIterator, PyOrderedItems, PyOrderedKeys, PyOrderedValues};
use rpy_vm::args::KwArgs;
use rpy_vm::object::dealloc::free_instance;
use rpy_vm::object::slots::CompareOp;
use rpy_vm::object::{OptRef, PyClass, PyStruct};
use rpy_vm::protocol::{call, mapping, object as protocol, sequence};
use rpy_vm::runtime::gc;
use rpy_vm::runtime::repr_guard::ReprGuard;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::str::StrBuilder;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, PyTypeObject, exc, intern, pyclass, pymethods};

/// Dictionary that remembers insertion order
#[pyclass(
    name = "OrderedDict", module = "collections", symbol = "PyODict_Type", base = PyDict, flags(BASETYPE, MAPPING),
    dict = od_inst_dict, weaklist = od_weakreflist, gc
)]
#[repr(C)]
pub struct PyOrderedDict {
    pub ob_base: PyDict,
    od_inst_dict: OptRef<PyDict>,
    #[pytraverse(skip)]
    od_weakreflist: Cell<*mut PyObject>,
}

impl PyOrderedDict {
    pub(super) fn as_dict(&self) -> &PyDict {
        &self.ob_base
    }

    fn is_exact(&self) -> bool {
        PyOrderedDict::check_exact(self.as_object())
    }
}

/// `MutableMapping.update`: every item is set through `__setitem__`.
fn update_mapping(target: &PyObject, args: &[&PyObject], kwargs: Option<&PyDict>) -> PyResult<()> {
    if args.len() > 1 {
        return Err(exc::type_error(format!("update() takes at most 1 positional argument ({} given)", args.len())));
    }
    if let Some(other) = args.first() {
        update_from(target, other)?;
    }
    if let Some(kwargs) = kwargs {
        for (key, value) in kwargs.items_vec() {
            protocol::set_item(target, &key, &value)?;
        }
    }
    Ok(())
}

fn add_pairs(target: &PyObject, pairs: &PyObject) -> PyResult<()> {
    let iter = protocol::get_iter(pairs)?;
    while let Some(pair) = protocol::iter_next(&iter)? {
        let parts = protocol::get_iter(&pair)?;
        let next = || protocol::iter_next(&parts);
        let (Some(key), Some(value)) = (next()?, next()?) else {
            return Err(exc::value_error("need more than 1 value to unpack"));
        };
        if next()?.is_some() {
            return Err(exc::value_error("too many values to unpack (expected 2)"));
        }
        protocol::set_item(target, &key, &value)?;
    }
    Ok(())
}

fn update_from(target: &PyObject, other: &PyObject) -> PyResult<()> {
    if PyDict::check_exact(other) {
        let items = mapping::items(other)?;
        return add_pairs(target, items.as_object());
    }
    if let Some(keys) = protocol::getattr_opt(other, intern!("keys"))? {
        let keys = call::call_noargs(&keys)?;
        let iter = protocol::get_iter(&keys)?;
        while let Some(key) = protocol::iter_next(&iter)? {
            let value = protocol::get_item(other, &key)?;
            protocol::set_item(target, &key, &value)?;
        }
        return Ok(());
    }
    if let Some(items) = protocol::getattr_opt(other, intern!("items"))? {
        let items = call::call_noargs(&items)?;
        return add_pairs(target, &items);
    }
    add_pairs(target, other)
}

#[pymethods]
impl PyOrderedDict {
    #[pyinit(sig = "($self, /, *args, **kwargs)")]
    fn py_init(&self, args: &[&PyObject], kwargs: KwArgs<'_>) -> PyResult<()> {
        if args.len() > 1 {
            return Err(exc::type_error(format!("expected at most 1 arguments, got {}", args.len())));
        }
        let kwargs = kwargs.to_dict()?;
        update_mapping(self.as_object(), args, kwargs.as_deref())
    }

    #[slot]
    unsafe fn tp_dealloc(object: *mut PyObject) {
        // SAFETY: a dead ordered dict; the base type's slot does the rest.
        unsafe {
            gc::untrack(&*object);
            let this = &*(object as *const PyOrderedDict);
            this.od_inst_dict.take();
            if !this.od_weakreflist.get().is_null() {
                rpy_vm::types::weakref::clear_weakrefs(&*object);
            }
            match PyDict::type_object().tp_dealloc.get() {
                Some(dealloc) => dealloc(object),
                None => free_instance(object),
            }
        }
    }

    #[slot]
    fn tp_repr(&self) -> PyResult {
        let name = self.as_object().ty().name().to_owned();
        if self.as_dict().is_empty() {
            return rpy_vm::convert::IntoPy::into_py(format!("{name}()"));
        }
        let Some(_guard) = ReprGuard::enter(self.as_object()) else {
            return rpy_vm::convert::IntoPy::into_py("...");
        };
        let copy = if self.is_exact() {
            self.as_dict().copy()?.into_obj()
        } else {
            call::call_one(PyDict::type_object().as_object(), self.as_object())?
        };
        let contents = protocol::repr(&copy)?;
        let mut out = StrBuilder::new();
        out.push_str(&name);
        out.push_str("(");
        out.push_py(&contents);
        out.push_str(")");
        Ok(out.finish().into_obj())
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
        let (Some(dict), CompareOp::Eq | CompareOp::Ne) = (other.downcast_ref::<PyDict>(), op) else {
            return Ok(rpy_vm::not_implemented());
        };
        let mut equal = self.as_dict().equal(dict)?;
        if equal && PyOrderedDict::check(other) {
            // The same items: do they come in the same order?
            let (version_a, version_b) = (self.as_dict().keys_version(), dict.keys_version());
            let (mut a, mut b) = (0, 0);
            loop {
                let (x, y) = match (self.as_dict().next_entry(&mut a), dict.next_entry(&mut b)) {
                    (Some((x, _, _)), Some((y, _, _))) => (x, y),
                    (None, None) => break,
                    _ => {
                        // The comparison of the items changed one of them.
                        equal = false;
                        break;
                    }
                };
                if !protocol::eq(&x, &y)? {
                    equal = false;
                    break;
                }
                if self.as_dict().known_keys_version() != version_a || dict.known_keys_version() != version_b {
                    return Err(exc::runtime_error("OrderedDict mutated during iteration"));
                }
            }
        }
        Ok(rpy_vm::py_bool(equal == (op == CompareOp::Eq)))
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        PyOrderedDictIterator::start(self, OrderedIterKind::Keys, false).into_obj()
    }

    #[slot]
    fn nb_or(a: &PyObject, b: &PyObject) -> PyResult {
        let (left, right) = (a.downcast_ref::<PyOrderedDict>(), b.downcast_ref::<PyOrderedDict>());
        let Some(this) = left.or(right) else {
            return Ok(rpy_vm::not_implemented());
        };
        if !PyDict::check(a) || !PyDict::check(b) {
            return Ok(rpy_vm::not_implemented());
        }
        let new = call::call_one(this.as_object().ty().as_object(), a)?;
        update_from(&new, b)?;
        Ok(new)
    }

    #[slot]
    fn nb_inplace_or(&self, other: &PyObject) -> PyResult {
        update_from(self.as_object(), other)?;
        Ok(self.to_obj())
    }

    #[slot]
    fn mp_ass_subscript(&self, key: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        match value {
            Some(value) => self.as_dict().set_item(key, value),
            None if self.as_dict().del_item(key)? => Ok(()),
            None => Err(exc::key_error(key)),
        }
    }

    /// Create a new ordered dictionary with keys from iterable and values set to value.
    #[pyclassmethod(sig = "(iterable, value=None)")]
    fn fromkeys(cls: &PyTypeObject, iterable: &PyObject, value: Option<&PyObject>) -> PyResult {
        let new = call::call_noargs(cls.as_object())?;
        let value = value.unwrap_or(rpy_vm::none_ref());
        let iter = protocol::get_iter(iterable)?;
        while let Some(key) = protocol::iter_next(&iter)? {
            protocol::set_item(&new, &key, value)?;
        }
        Ok(new)
    }

    /// Insert key with a value of default if key is not in the dictionary.
    ///
    /// Return the value for key if key is in the dictionary, else default.
    #[pymethod(sig = "($self, /, key, default=None)")]
    fn setdefault(&self, key: &PyObject, default: Option<&PyObject>) -> PyResult {
        let default = default.unwrap_or(rpy_vm::none_ref());
        if self.is_exact() {
            return Ok(self.as_dict().setdefault(key, default)?.0);
        }
        if sequence::contains(self.as_object(), key)? {
            return protocol::get_item(self.as_object(), key);
        }
        protocol::set_item(self.as_object(), key, default)?;
        Ok(default.new_ref())
    }

    /// od.pop(key[,default]) -> v, remove specified key and return the corresponding value.
    ///
    /// If the key is not found, return the default if given; otherwise,
    /// raise a KeyError.
    #[pymethod(sig = "($self, /, key, default=<unrepresentable>)")]
    fn pop(&self, key: &PyObject, default: Option<&PyObject>) -> PyResult {
        match (self.as_dict().pop_item_key(key)?, default) {
            (Some(value), _) => Ok(value),
            (None, Some(default)) => Ok(default.new_ref()),
            (None, None) => Err(exc::key_error(key)),
        }
    }

    /// Remove and return a (key, value) pair from the dictionary.
    ///
    /// Pairs are returned in LIFO order if last is true or FIFO order if false.
    #[pymethod(sig = "($self, /, last=True)")]
    fn popitem(&self, last: Option<bool>) -> PyResult {
        let pair = if last.unwrap_or(true) { self.as_dict().pop_last() } else { self.as_dict().pop_first() };
        match pair {
            Some((key, value)) => Ok(PyTuple::from_array([key, value]).into_obj()),
            None => Err(exc::key_error_msg("dictionary is empty")),
        }
    }

    /// Move an existing element to the end (or beginning if last is false).
    ///
    /// Raise KeyError if the element does not exist.
    #[pymethod(sig = "($self, /, key, last=True)")]
    fn move_to_end(&self, key: &PyObject, last: Option<bool>) -> PyResult<()> {
        let hash = protocol::hash(key)?;
        let moved = if last.unwrap_or(true) {
            self.as_dict().move_to_end(key, hash)?
        } else {
            self.as_dict().move_to_front(key, hash)?
        };
        if moved { Ok(()) } else { Err(exc::key_error(key)) }
    }

    #[pymethod(sig = "($self, /, *args, **kwargs)")]
    fn update(&self, args: &[&PyObject], kwargs: KwArgs<'_>) -> PyResult<()> {
        let kwargs = kwargs.to_dict()?;
        update_mapping(self.as_object(), args, kwargs.as_deref())
    }

    /// od.clear() -> None.  Remove all items from od.
    #[pymethod]
    fn clear(&self) {
        self.as_dict().clear();
    }

    /// od.copy() -> a shallow copy of od
    #[pymethod]
    fn copy(&self) -> PyResult {
        let new = call::call_noargs(self.as_object().ty().as_object())?;
        let exact = self.is_exact();
        let mut position = 0;
        let version = self.as_dict().keys_version();
        while let Some((key, value, hash)) = self.as_dict().next_entry(&mut position) {
            match new.downcast_exact::<PyOrderedDict>() {
                Some(target) if exact => target.as_dict().set_item_hash(&key, hash, value)?,
                _ => {
                    let value = protocol::get_item(self.as_object(), &key)?;
                    protocol::set_item(&new, &key, &value)?;
                }
            }
            if self.as_dict().known_keys_version() != version {
                return Err(exc::runtime_error("OrderedDict mutated during iteration"));
            }
        }
        Ok(new)
    }

    /// od.keys() -> a set-like object providing a view on od's keys
    #[pymethod]
    fn keys(&self) -> ObjRef {
        PyOrderedKeys::of(self).into_obj()
    }

    /// od.values() -> an object providing a view on od's values
    #[pymethod]
    fn values(&self) -> ObjRef {
        PyOrderedValues::of(self).into_obj()
    }

    /// od.items() -> a set-like object providing a view on od's items
    #[pymethod]
    fn items(&self) -> ObjRef {
        PyOrderedItems::of(self).into_obj()
    }

    /// od.__reversed__() <==> reversed(od)
    #[pymethod(name = "__reversed__")]
    fn reversed(&self) -> ObjRef {
        PyOrderedDictIterator::start(self, OrderedIterKind::Keys, true).into_obj()
    }

    #[pygetset(name = "__dict__")]
    fn dunder_dict(zelf: &PyObject) -> PyResult {
        Ok(protocol::generic_get_dict(zelf)?.into_obj())
    }

    #[pygetset(setter, name = "__dict__")]
    fn set_dunder_dict(zelf: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        protocol::generic_set_dict(zelf, value)
    }

    #[pymethod(name = "__sizeof__")]
    fn sizeof(&self) -> usize {
        self.as_dict().memory()
    }

    /// Return state information for pickling
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult {
        let state = call::call_method(self.as_object(), intern!("__getstate__"), &[])?;
        let items = call::call_method(self.as_object(), intern!("items"), &[])?;
        let iter = protocol::get_iter(&items)?;
        Ok(PyTuple::from_array([
            self.as_object().ty().to_obj(),
            PyTuple::empty().into_obj(),
            state,
            rpy_vm::none(),
            iter,
        ])
        .into_obj())
    }
}

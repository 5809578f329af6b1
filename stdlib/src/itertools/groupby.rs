//! `groupby` and the iterators over its groups.

use core::cell::Cell;

use rpy_derive::{pyclass, pymethods};
use rpy_vm::object::alloc::{new_exact, new_in};
use rpy_vm::object::slots::CompareOp;
use rpy_vm::protocol::{call, object as po};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, PyTypeObject, Ref};

/// make an iterator that returns consecutive keys and groups from the iterable
///
///   iterable
///     Elements to divide into groups according to the key function.
///   key
///     A function for computing the group category for each element.
///     If the key function is not specified or is None, the element itself
///     is used for grouping.
#[pyclass(name = "groupby", module = "itertools", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyGroupBy {
    ob_base: PyObject,
    iterator: OptRef,
    /// Empty: the items are their own keys.
    key_function: OptRef,
    /// Key of the group handed out last.
    target_key: OptRef,
    /// The item read ahead, and its key.
    current_key: OptRef,
    current_value: OptRef,
    /// Identity of the group that may still read.
    #[pytraverse(skip)]
    current_group: Cell<*const PyGrouper>,
}

impl PyGroupBy {
    /// Reads the next item; false at the end.
    fn step(&self) -> PyResult<bool> {
        let Some(iterator) = self.iterator.get() else {
            return Ok(false);
        };
        let Some(value) = po::iter_next(&iterator)? else {
            return Ok(false);
        };
        let key = match self.key_function.get() {
            None => value.clone(),
            Some(function) => call::call_one(&function, &value)?,
        };
        self.current_value.set(Some(value));
        self.current_key.set(Some(key));
        Ok(true)
    }
}

#[pymethods]
impl PyGroupBy {
    #[pynew(sig = "(iterable, key=None)")]
    fn py_new(cls: &PyTypeObject, iterable: &PyObject, key: Option<&PyObject>) -> PyResult<ObjRef> {
        let value = PyGroupBy {
            ob_base: PyObject::placeholder(),
            iterator: OptRef::some(po::get_iter(iterable)?),
            key_function: OptRef::new(key.map(PyObject::new_ref)),
            target_key: OptRef::NULL,
            current_key: OptRef::NULL,
            current_value: OptRef::NULL,
            current_group: Cell::new(core::ptr::null()),
        };
        Ok(new_in(cls, value)?.into_obj())
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        self.current_group.set(core::ptr::null());
        // Skip what is left of the present group.
        loop {
            if let Some(current) = self.current_key.get() {
                let Some(target) = self.target_key.get() else {
                    break;
                };
                if !po::rich_compare_bool(&target, &current, CompareOp::Eq)? {
                    break;
                }
            }
            if !self.step()? {
                return Ok(None);
            }
        }
        let Some(key) = self.current_key.get() else {
            return Ok(None);
        };
        self.target_key.set(Some(key.clone()));
        let group = PyGrouper::create(self, key.clone());
        Ok(Some(PyTuple::from_array([key, group.into_obj()]).into_obj()))
    }
}

/// The items of one group; valid until the next group is asked for.
#[pyclass(name = "_grouper", module = "itertools", gc)]
#[repr(C)]
pub struct PyGrouper {
    ob_base: PyObject,
    parent: OptRef<PyGroupBy>,
    target_key: OptRef,
}

impl PyGrouper {
    fn create(parent: &PyGroupBy, key: ObjRef) -> Ref<PyGrouper> {
        let group = new_exact(PyGrouper {
            ob_base: PyObject::placeholder(),
            parent: OptRef::some(parent.to_ref()),
            target_key: OptRef::some(key),
        });
        parent.current_group.set(&*group);
        group
    }
}

#[pymethods]
impl PyGrouper {
    #[pynew(sig = "(parent, tgtkey, /)")]
    fn py_new(_cls: &PyTypeObject, parent: &PyGroupBy, tgtkey: &PyObject) -> PyResult<ObjRef> {
        Ok(PyGrouper::create(parent, tgtkey.new_ref()).into_obj())
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let Some(parent) = self.parent.get() else {
            return Ok(None);
        };
        if !core::ptr::eq(parent.current_group.get(), self) {
            return Ok(None);
        }
        if parent.current_value.is_null() && !parent.step()? {
            return Ok(None);
        }
        let (Some(target), Some(current)) = (self.target_key.get(), parent.current_key.get()) else {
            return Ok(None);
        };
        if !po::rich_compare_bool(&target, &current, CompareOp::Eq)? {
            // The item belongs to the next group.
            return Ok(None);
        }
        parent.current_key.set(None);
        Ok(parent.current_value.take())
    }
}

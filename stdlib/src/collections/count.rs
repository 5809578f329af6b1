//! Counting elements for `collections.Counter`.

use rpy_vm::object::{PyClass, PyObject, PyStruct};
use rpy_vm::protocol::{call, number, object as protocol};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::{PyResult, intern};

/// Does the type use dict's own methods for looking up and storing?
fn uses_dict_methods(mapping: &PyObject) -> bool {
    if !PyDict::check(mapping) {
        return false;
    }
    let same = |name| match (mapping.ty().lookup(name), PyDict::type_object().lookup(name)) {
        (Some(a), Some(b)) => a.is(b),
        _ => false,
    };
    same(intern!("get")) && same(intern!("__setitem__"))
}

/// `mapping[elem] = mapping.get(elem, 0) + 1` for everything in `iterable`.
pub fn count_elements(mapping: &PyObject, iterable: &PyObject) -> PyResult<()> {
    let iter = protocol::get_iter(iterable)?;
    let one = PyInt::one();
    if uses_dict_methods(mapping)
        && let Some(dict) = mapping.downcast_ref::<PyDict>()
    {
        while let Some(key) = protocol::iter_next(&iter)? {
            let hash = protocol::hash(&key)?;
            match dict.get_item_hash(&key, hash)? {
                None => dict.set_item_hash(&key, hash, one.to_obj())?,
                Some(count) => {
                    let count = number::add(&count, one.as_object())?;
                    dict.set_item_hash(&key, hash, count)?;
                }
            }
        }
        return Ok(());
    }
    let get = protocol::getattr(mapping, intern!("get"))?;
    let zero = PyInt::zero();
    while let Some(key) = protocol::iter_next(&iter)? {
        let old = call::call(&get, &[&key, zero.as_object()])?;
        let count = number::add(&old, one.as_object())?;
        protocol::set_item(mapping, &key, &count)?;
    }
    Ok(())
}

//! Mappings: keys, values and items of anything that has them, and look-ups that may miss.

use crate::PyResult;
use crate::exc;
use crate::object::{ObjRef, PyObject, PyStruct, Ref};
use crate::protocol::{call, object, sequence};
use crate::types::dict::PyDict;
use crate::types::list::PyList;
use crate::types::str::PyStr;

/// Does it support subscripts (`PyMapping_Check`)?
pub fn check(o: &PyObject) -> bool {
    o.ty().as_mapping().is_some_and(|m| m.mp_subscript.get().is_some())
}

/// A list of what a method's result iterates over.
fn method_as_list(o: &PyObject, name: &'static PyStr) -> PyResult<Ref<PyList>> {
    let result = call::call_method(o, name, &[])?;
    if let Some(list) = result.downcast_exact::<PyList>() {
        return Ok(list.to_ref());
    }
    let iterator = match object::get_iter(&result) {
        Ok(iterator) => iterator,
        Err(e) if e.matches(exc::TypeError()) => {
            return Err(exc::type_error(format!(
                "{}.{}() returned a non-iterable (type {})",
                o.ty().full_name(),
                name.to_string_lossy(),
                result.ty().full_name()
            )));
        }
        Err(e) => return Err(e),
    };
    sequence::to_list(&iterator)
}

/// A list of the keys (`PyMapping_Keys`).
pub fn keys(o: &PyObject) -> PyResult<Ref<PyList>> {
    match o.downcast_exact::<PyDict>() {
        Some(dict) => Ok(PyList::new(dict.keys_vec())),
        None => method_as_list(o, intern!("keys")),
    }
}

/// A list of the values.
pub fn values(o: &PyObject) -> PyResult<Ref<PyList>> {
    method_as_list(o, intern!("values"))
}

/// A list of `(key, value)` tuples.
pub fn items(o: &PyObject) -> PyResult<Ref<PyList>> {
    method_as_list(o, intern!("items"))
}

/// `o[key]`, or `None` for a `KeyError` (`PyMapping_GetOptionalItem`).
pub fn get_opt(o: &PyObject, key: &PyObject) -> PyResult<Option<ObjRef>> {
    if let Some(dict) = o.downcast_exact::<PyDict>() {
        return dict.get_item(key);
    }
    match object::get_item(o, key) {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.matches(exc::KeyError()) => Ok(None),
        Err(e) => Err(e),
    }
}

/// As [`get_opt`] with a name as the key.
pub fn get_opt_str(o: &PyObject, key: &PyStr) -> PyResult<Option<ObjRef>> {
    get_opt(o, key.as_object())
}

//! `Row`: a row whose values can also be found by the names of their columns.

use rpy_vm::object::alloc::new_in;
use rpy_vm::object::slots::CompareOp;
use rpy_vm::protocol::{number, object as protocol};
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::slice::PySlice;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, pyclass, pymethods};

use super::cursor::PyCursor;

#[pyclass(name = "Row", module = "sqlite3", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyRow {
    ob_base: PyObject,
    data: OptRef<PyTuple>,
    /// The cursor's description: a tuple for each column, with its name first. Or None.
    description: OptRef,
}

/// Are two names of columns the same? The case of ASCII letters does not count.
fn same_name(a: &PyStr, b: &PyStr) -> bool {
    match (a.as_ascii(), b.as_ascii()) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        _ => PyStr::str_eq(a, b),
    }
}

/// `Row() argument 1 must be sqlite3.Cursor, not int`.
fn wrong_argument(function: &str, argument: &str, wanted: &str, got: &PyObject) -> PyErr {
    let got = if rpy_vm::is_none(got) { "None" } else { got.ty().name() };
    exc::type_error(format!("{function}() argument {argument} must be {wanted}, not {got}"))
}

impl PyRow {
    fn values(&self) -> Ref<PyTuple> {
        self.data.get().unwrap_or_else(PyTuple::empty)
    }

    /// The names of the columns, in order.
    fn names(&self) -> Vec<ObjRef> {
        let description = self.description.get();
        let Some(columns) = description.as_ref().and_then(|d| d.downcast_ref::<PyTuple>()) else { return Vec::new() };
        let name = |column: &&PyObject| column.downcast_ref::<PyTuple>().and_then(|c| c.get(0)).map(PyStruct::to_ref);
        columns.items().iter().filter_map(name).collect()
    }
}

#[pymethods]
impl PyRow {
    #[pynew(sig = "(cursor, data, /)", unsigned)]
    fn py_new(cls: &PyTypeObject, cursor: &PyObject, data: &PyObject) -> PyResult<ObjRef> {
        let Some(cursor) = cursor.downcast_ref::<PyCursor>() else {
            return Err(wrong_argument("Row", "1", "sqlite3.Cursor", cursor));
        };
        let Some(data) = data.downcast_ref::<PyTuple>() else {
            return Err(wrong_argument("Row", "2", "tuple", data));
        };
        let row = PyRow {
            ob_base: PyObject::placeholder(),
            data: OptRef::some(data.to_ref()),
            description: OptRef::new(cursor.description.get()),
        };
        Ok(new_in(cls, row)?.into_obj())
    }

    /// Returns the keys of the row.
    #[pymethod]
    fn keys(&self) -> PyResult<ObjRef> {
        Ok(PyList::try_new(self.names())?.into_obj())
    }

    #[slot]
    fn mp_length(&self) -> usize {
        self.values().len()
    }

    #[slot]
    fn sq_length(&self) -> usize {
        self.mp_length()
    }

    #[slot]
    fn sq_item(&self, index: isize) -> PyResult<ObjRef> {
        match usize::try_from(index).ok().and_then(|i| self.values().get(i).map(PyStruct::to_ref)) {
            Some(value) => Ok(value),
            None => Err(exc::index_error("tuple index out of range")),
        }
    }

    #[slot]
    fn mp_subscript(&self, key: &PyObject) -> PyResult<ObjRef> {
        if key.downcast_ref::<PyInt>().is_some() {
            let index = number::as_isize(key, Some(exc::IndexError()))?;
            return self.sq_item(if index < 0 { index + self.values().len() as isize } else { index });
        }
        if let Some(key) = key.downcast_ref::<PyStr>() {
            if self.description.get().is_none_or(|d| rpy_vm::is_none(&d)) {
                let key = protocol::repr(key.as_object())?;
                return Err(exc::index_error(format!("No item with key {}", key.to_string_lossy())));
            }
            let position =
                self.names().iter().position(|n| n.downcast_ref::<PyStr>().is_some_and(|n| same_name(n, key)));
            return match position.and_then(|at| self.values().get(at).map(PyStruct::to_ref)) {
                Some(value) => Ok(value),
                None => Err(exc::index_error("No item with that key")),
            };
        }
        if key.downcast_ref::<PySlice>().is_some() {
            return protocol::get_item(self.values().as_object(), key);
        }
        Err(exc::index_error("Index must be int or string"))
    }

    #[slot]
    fn tp_iter(&self) -> PyResult<ObjRef> {
        protocol::get_iter(self.values().as_object())
    }

    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        let description = self.description.get().unwrap_or_else(rpy_vm::none);
        Ok(protocol::hash(&description)? ^ protocol::hash(self.values().as_object())?)
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult<ObjRef> {
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(rpy_vm::not_implemented());
        }
        let Some(other) = other.downcast_ref::<PyRow>() else { return Ok(rpy_vm::not_implemented()) };
        let description = |row: &PyRow| row.description.get().unwrap_or_else(rpy_vm::none);
        if !protocol::eq(&description(self), &description(other))? {
            return Ok(rpy_vm::py_bool(op == CompareOp::Ne));
        }
        protocol::rich_compare(self.values().as_object(), other.values().as_object(), op)
    }
}

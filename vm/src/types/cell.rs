//! `cell`: a variable shared between a function and those inside it.

use crate::PyResult;
use crate::exc;
use crate::object::alloc::new_exact;
use crate::object::{CompareOp, ObjRef, OptRef, PyObject, PyTypeObject, Ref};
use crate::protocol::object;
use crate::types::str::PyStr;
use rpy_derive::{pyclass, pymethods};

/// Create a new cell object.
///
///   contents
///     the contents of the cell. If not specified, the cell will be empty,
///     and
///  further attempts to access its cell_contents attribute will
///     raise a ValueError.
#[pyclass(name = "cell", symbol = "PyCell_Type", gc)]
#[repr(C)]
pub struct PyCell {
    pub ob_base: PyObject,
    /// NULL while the variable has no value.
    pub ob_ref: OptRef,
}

impl PyCell {
    /// `PyCell_New`.
    #[inline]
    pub fn new(contents: Option<ObjRef>) -> Ref<PyCell> {
        new_exact(PyCell { ob_base: PyObject::placeholder(), ob_ref: OptRef::new(contents) })
    }

    /// The content (new reference).
    #[inline]
    pub fn get(&self) -> Option<ObjRef> {
        self.ob_ref.get()
    }

    /// Replaces the content.
    #[inline]
    pub fn set(&self, contents: Option<ObjRef>) {
        self.ob_ref.set(contents);
    }
}

#[pymethods]
impl PyCell {
    #[pynew(sig = "(contents=<unrepresentable>, /)")]
    fn py_new(_cls: &PyTypeObject, contents: Option<&PyObject>) -> PyResult {
        Ok(PyCell::new(contents.map(PyObject::new_ref)).into_obj())
    }

    #[slot]
    fn tp_repr(&self) -> Ref<PyStr> {
        let this = self as *const PyCell;
        PyStr::from_string(match self.get() {
            None => format!("<cell at {this:p}: empty>"),
            Some(contents) => {
                format!("<cell at {this:p}: {} object at {:p}>", contents.ty().full_name(), contents.as_raw())
            }
        })
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
        let Some(other) = other.downcast_ref::<PyCell>() else {
            return Ok(crate::not_implemented());
        };
        match (self.get(), other.get()) {
            (Some(a), Some(b)) => object::rich_compare(&a, &b, op),
            // Empty cells are less than full ones.
            (a, b) => Ok(crate::py_bool(op.matches(a.is_some().cmp(&b.is_some())))),
        }
    }

    #[pygetset]
    fn cell_contents(&self) -> PyResult {
        self.get().ok_or_else(|| exc::value_error("Cell is empty"))
    }

    #[pygetset(setter)]
    fn set_cell_contents(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.set(value.map(PyObject::new_ref));
        Ok(())
    }
}

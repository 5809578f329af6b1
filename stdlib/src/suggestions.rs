//! `_suggestions`: the VM's "did you mean" for the library's tracebacks.

/// Return the most similar item of a list of names.
#[rpy_derive::pymodule(name = "_suggestions")]
pub mod suggestions_ {
    use rpy_vm::types::list::PyList;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::{ObjRef, PyObject, PyResult, exc};

    /// Returns the candidate in candidates that's most similar to item
    #[pyfunction(sig = "(candidates, item, /)")]
    fn _generate_suggestions(candidates: &PyObject, item: &PyStr) -> PyResult<Option<ObjRef>> {
        // A subclass could change while it is looked at.
        let Some(list) = candidates.downcast_exact::<PyList>() else {
            return Err(exc::type_error("candidates must be a list"));
        };
        let mut names = Vec::new();
        for candidate in list.items_snapshot() {
            match candidate.downcast_ref::<PyStr>() {
                Some(name) => names.push(name.to_string_lossy().into_owned()),
                None => return Err(exc::type_error("all elements in 'candidates' must be strings")),
            }
        }
        let found = rpy_vm::runtime::suggestions::closest(&item.to_string_lossy(), names.iter().map(String::as_str));
        Ok(found.map(|name| PyStr::from_string(name).into_obj()))
    }
}

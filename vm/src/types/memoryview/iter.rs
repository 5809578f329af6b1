//! Iterator over a one-dimensional memoryview.

use core::cell::Cell;

use super::{PyMemoryView, items};
use crate::err::PyResult;
use crate::exc;
use crate::object::{ObjRef, OptRef, PyObject, PyStruct, Ref, alloc};
use rpy_derive::{pyclass, pymethods};

/// Iterator over a memoryview.
#[pyclass(name = "memory_iterator", symbol = "_PyMemoryIter_Type", no_new, gc)]
#[repr(C)]
pub struct PyMemoryIterator {
    pub(crate) ob_base: PyObject,
    #[pytraverse(skip)]
    index: Cell<isize>,
    /// The view; empty when exhausted.
    seq: OptRef<PyMemoryView>,
    #[pytraverse(skip)]
    len: Cell<isize>,
    #[pytraverse(skip)]
    code: Cell<u8>,
}

impl PyMemoryIterator {
    pub fn new(view: &PyMemoryView) -> PyResult<Ref<PyMemoryIterator>> {
        view.check_released()?;
        match view.ndim() {
            0 => return Err(exc::type_error("invalid indexing of 0-dim memory")),
            1 => {}
            _ => return Err(exc::not_implemented_error("multi-dimensional sub-views are not implemented")),
        }
        let code = view.native_code()?;
        Ok(alloc::new_exact(PyMemoryIterator {
            ob_base: PyObject::placeholder(),
            index: Cell::new(0),
            seq: OptRef::some(view.to_ref()),
            len: Cell::new(view.view().shape_slice()[0]),
            code: Cell::new(code),
        }))
    }
}

#[pymethods]
impl PyMemoryIterator {
    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let Some(view) = self.seq.get() else { return Ok(None) };
        let index = self.index.get();
        if index < self.len.get() {
            view.check_released()?;
            self.index.set(index + 1);
            let at = view.item_pointer_1d(index, 0, view.view().buf as *mut u8)?;
            // SAFETY: the address of an element of the view's format.
            return unsafe { items::unpack(at, self.code.get()) }.map(Some);
        }
        self.seq.take();
        Ok(None)
    }
}

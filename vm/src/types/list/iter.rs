//! Iterators over lists, forwards and backwards.

use core::cell::Cell;

use super::{PyList, builtin};
use crate::err::PyResult;
use crate::exc;
use crate::object::dealloc::free_instance;
use crate::object::{ObjRef, OptRef, PyObject, PyStruct, Ref, alloc};
use crate::protocol::number;
use crate::runtime::gc;
use crate::types::int::PyInt;
use crate::types::int::freelist::FreeList;
use crate::types::tuple::PyTuple;
use rpy_derive::{pyclass, pymethods};

/// Dead iterators: loops over lists come and go.
pub(crate) static FREE: FreeList = FreeList::of_collectable(32);

/// Iterator over a list.
#[pyclass(name = "list_iterator", symbol = "PyListIter_Type", no_new, gc)]
#[repr(C)]
pub struct PyListIterator {
    pub(crate) ob_base: PyObject,
    /// Position of the next item.
    #[pytraverse(skip)]
    pub index: Cell<usize>,
    /// The list; empty when exhausted.
    pub seq: OptRef<PyList>,
}

impl PyListIterator {
    /// An iterator at the start of a list.
    #[inline]
    pub fn new(list: &PyList) -> Ref<PyListIterator> {
        let kept = FREE.pop() as *mut PyListIterator;
        if !kept.is_null() {
            // SAFETY: a dead, untracked iterator whose header is set, and which is ours; its fields are garbage.
            unsafe {
                (&raw mut (*kept).index).write(Cell::new(0));
                (&raw mut (*kept).seq).write(OptRef::some(list.to_ref()));
                gc::track((*kept).as_object());
                return Ref::from_owned_ptr(kept);
            }
        }
        alloc::new_exact(PyListIterator {
            ob_base: PyObject::placeholder(),
            index: Cell::new(0),
            seq: OptRef::some(list.to_ref()),
        })
    }

    /// The next item, for the eval loop.
    #[inline(always)]
    pub fn next_item(&self) -> Option<ObjRef> {
        let list = self.seq.peek()?;
        let index = self.index.get();
        match list.get(index) {
            Some(item) => {
                self.index.set(index + 1);
                Some(item)
            }
            None => {
                self.seq.take();
                None
            }
        }
    }
}

#[pymethods]
impl PyListIterator {
    #[slot]
    unsafe fn tp_dealloc(object: *mut PyObject) {
        // SAFETY: a dead iterator; the type has no subtypes.
        unsafe {
            gc::untrack(&*object);
            (*(object as *mut PyListIterator)).seq.take();
            if !FREE.push(object) {
                free_instance(object);
            }
        }
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        Ok(self.next_item())
    }

    /// Private method returning an estimate of len(list(it)).
    #[pymethod(name = "__length_hint__")]
    fn length_hint(&self) -> usize {
        self.seq.peek().map_or(0, |list| list.len().saturating_sub(self.index.get()))
    }

    /// Return state information for pickling.
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult {
        let iter = builtin(intern!("iter"))?;
        Ok(match self.seq.get() {
            Some(list) => PyTuple::from_array([
                iter,
                PyTuple::from_array([list.into_obj()]).into_obj(),
                PyInt::from_usize(self.index.get()).into_obj(),
            ]),
            None => PyTuple::from_array([iter, PyTuple::from_array([PyList::empty().into_obj()]).into_obj()]),
        }
        .into_obj())
    }

    /// Set state information for unpickling.
    #[pymethod(name = "__setstate__", sig = "($self, state, /)")]
    fn setstate(&self, state: &PyObject) -> PyResult<()> {
        let index = number::as_isize(state, Some(exc::OverflowError()))?;
        if let Some(list) = self.seq.peek() {
            self.index.set((index.max(0) as usize).min(list.len()));
        }
        Ok(())
    }
}

/// Iterator over a list from its end.
#[pyclass(name = "list_reverseiterator", symbol = "PyListRevIter_Type", no_new, gc)]
#[repr(C)]
pub struct PyListReverseIterator {
    pub(crate) ob_base: PyObject,
    /// Position of the next item; -1 when exhausted.
    #[pytraverse(skip)]
    pub(crate) index: Cell<isize>,
    pub seq: OptRef<PyList>,
}

impl PyListReverseIterator {
    /// An iterator at the end of a list.
    pub fn new(list: &PyList) -> Ref<PyListReverseIterator> {
        alloc::new_exact(PyListReverseIterator {
            ob_base: PyObject::placeholder(),
            index: Cell::new(list.len() as isize - 1),
            seq: OptRef::some(list.to_ref()),
        })
    }

    /// Items still to come.
    pub fn left(&self) -> usize {
        let left = (self.index.get() + 1).max(0) as usize;
        match self.seq.peek() {
            Some(list) if left <= list.len() => left,
            _ => 0,
        }
    }
}

#[pymethods]
impl PyListReverseIterator {
    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let Some(list) = self.seq.peek() else { return Ok(None) };
        let index = self.index.get();
        if index >= 0
            && let Some(item) = list.get(index as usize)
        {
            self.index.set(index - 1);
            return Ok(Some(item));
        }
        self.index.set(-1);
        self.seq.take();
        Ok(None)
    }

    /// Private method returning an estimate of len(list(it)).
    #[pymethod(name = "__length_hint__")]
    fn length_hint(&self) -> usize {
        self.left()
    }

    /// Return state information for pickling.
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult {
        // Fetching the built-in may run code that ends the iteration.
        let reversed = builtin(intern!("reversed"))?;
        Ok(match self.seq.get() {
            Some(list) => PyTuple::from_array([
                reversed,
                PyTuple::from_array([list.into_obj()]).into_obj(),
                PyInt::from_isize(self.index.get()).into_obj(),
            ]),
            None => PyTuple::from_array([reversed, PyTuple::from_array([PyList::empty().into_obj()]).into_obj()]),
        }
        .into_obj())
    }

    /// Set state information for unpickling.
    #[pymethod(name = "__setstate__", sig = "($self, state, /)")]
    fn setstate(&self, state: &PyObject) -> PyResult<()> {
        let index = number::as_isize(state, Some(exc::OverflowError()))?;
        if let Some(list) = self.seq.peek() {
            self.index.set(index.clamp(-1, list.len() as isize - 1));
        }
        Ok(())
    }
}

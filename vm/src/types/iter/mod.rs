//! Iterators that belong to no container: over sequences by index, over calls until a sentinel, `enumerate` and `reversed`.

use crate::err::PyResult;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyStruct, Ref};
use crate::types::list::builtin;
use crate::types::tuple::PyTuple;

pub mod enumerate;
mod reversed;
mod sequence;

pub use crate::types::asyncgen::new_anext_awaitable;
pub use enumerate::{PyEnum_Type, PyEnumerate};
pub use reversed::{PyReversed, PyReversed_Type};
pub use sequence::{PyCallIter_Type, PyCallableIterator, PySeqIter_Type, PySequenceIterator};

/// `iter(sequence)` for objects that only know `__getitem__`.
pub fn new_sequence_iterator(sequence: &PyObject) -> ObjRef {
    PySequenceIterator::new(sequence).into_obj()
}

/// `iter(callable, sentinel)`.
pub fn new_callable_iterator(callable: &PyObject, sentinel: &PyObject) -> ObjRef {
    PyCallableIterator::new(callable, sentinel).into_obj()
}

/// What an exhausted iterator pickles as: `iter(())`.
pub(crate) fn reduce_exhausted() -> PyResult<Ref<PyTuple>> {
    let args = PyTuple::from_array([PyTuple::empty().into_obj()]);
    Ok(PyTuple::from_array([builtin(crate::intern!("iter"))?, args.into_obj()]))
}

/// A pair in the tuple that was handed out last, if nobody kept that, or in a new one.
#[inline]
pub(crate) fn reuse_pair(last: &crate::object::refs::OptRef<PyTuple>, a: ObjRef, b: ObjRef) -> ObjRef {
    if let Some(pair) = last.peek()
        && pair.as_object().refcount() == 1
    {
        let pair = pair.to_ref();
        // SAFETY: two items; only the iterator and this function refer to the tuple.
        unsafe {
            pair.set_item_unchecked(0, a);
            pair.set_item_unchecked(1, b);
            pair.ob_hash.set(-1);
            crate::runtime::gc::track(pair.as_object());
        }
        return pair.into_obj();
    }
    let pair = PyTuple::from_array([a, b]);
    last.set(Some(pair.clone()));
    pair.into_obj()
}

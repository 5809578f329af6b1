//! Index arithmetic that all sequences share: clamping, negative indices, slices.

use crate::err::PyResult;
use crate::exc;
use crate::object::PyObject;
use crate::protocol::number;
use crate::types::slice::PySlice;

/// `PySlice_AdjustIndices`: brings `start` and `stop` inside a sequence of `len` items and says how many the slice takes.
#[inline]
pub fn adjust_indices(len: usize, start: isize, stop: isize, step: isize) -> (isize, isize, usize) {
    let len = len as isize;
    let clamp = |index: isize| {
        if index < 0 {
            let index = index + len;
            if index < 0 { if step < 0 { -1 } else { 0 } } else { index }
        } else if index >= len {
            if step < 0 { len - 1 } else { len }
        } else {
            index
        }
    };
    let start = clamp(start);
    let stop = clamp(stop);
    let count = if step < 0 {
        if stop < start { (start - stop - 1) / -step + 1 } else { 0 }
    } else if start < stop {
        (stop - start - 1) / step + 1
    } else {
        0
    };
    (start, stop, count as usize)
}

/// A slice resolved against a sequence whose length is read only after the slice's `__index__` methods have run.
pub fn resolve_slice(slice: &PySlice, len: impl FnOnce() -> usize) -> PyResult<(isize, isize, isize, usize)> {
    let (start, stop, step) = slice.unpack()?;
    let (start, stop, count) = adjust_indices(len(), start, stop, step);
    Ok((start, stop, step, count))
}

/// An argument such as `index()`'s `start`: anything with `__index__`, clamped to the machine's range.
pub fn slice_index(object: &PyObject) -> PyResult<isize> {
    if number::is_index(object) {
        number::as_isize(object, None)
    } else {
        Err(exc::type_error("slice indices must be integers or have an __index__ method"))
    }
}

/// The pair `start, stop` of `index()`, resolved against `len` items.
pub fn index_bounds(
    start: Option<&PyObject>,
    stop: Option<&PyObject>,
    len: impl Fn() -> usize,
) -> PyResult<(isize, isize)> {
    let mut start = match start {
        Some(object) => slice_index(object)?,
        None => 0,
    };
    let mut stop = match stop {
        Some(object) => slice_index(object)?,
        None => isize::MAX,
    };
    let len = len() as isize;
    if start < 0 {
        start = (start + len).max(0);
    }
    if stop < 0 {
        stop = (stop + len).max(0);
    }
    Ok((start, stop))
}

/// A subscript as a machine integer; `IndexError` when it does not fit one.
#[inline]
pub fn subscript_index(object: &PyObject) -> PyResult<isize> {
    number::as_isize(object, Some(exc::IndexError()))
}

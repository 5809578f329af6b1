//! Arguments that text and byte-string methods have in common: search ranges, counts, fill characters.

use crate::object::PyObject;
use crate::protocol::number;
use crate::{PyResult, exc};

/// A slice bound: absent and None give `default`, other things have `__index__`; what is too large is clipped.
pub fn slice_bound(object: Option<&PyObject>, default: isize) -> PyResult<isize> {
    match object {
        None => Ok(default),
        Some(object) if crate::is_none(object) => Ok(default),
        Some(object) if number::is_index(object) => number::as_isize(object, None),
        Some(_) => Err(exc::type_error("slice indices must be integers or None or have an __index__ method")),
    }
}

/// The bounds of `find(sub, start, end)` and its like as given; see [`clamp_range`].
pub fn raw_range(start: Option<&PyObject>, end: Option<&PyObject>) -> PyResult<(isize, isize)> {
    Ok((slice_bound(start, 0)?, slice_bound(end, isize::MAX)?))
}

/// Brings bounds inside `len` items; `None` when nothing, not even an empty needle, can be found there.
pub fn clamp_range(len: usize, start: isize, end: isize) -> Option<(usize, usize)> {
    let len = len as isize;
    let end = if end > len {
        len
    } else if end < 0 {
        (end + len).max(0)
    } else {
        end
    };
    let start = if start < 0 { (start + len).max(0) } else { start };
    (start <= end).then_some((start as usize, end as usize))
}

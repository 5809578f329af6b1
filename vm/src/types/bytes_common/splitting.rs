//! split, rsplit, splitlines, partition, strip.

use super::{ByteString, bytes_of};
use crate::object::{ObjRef, PyObject, Ref};
use crate::types::list::PyList;
use crate::types::str::search::{find_units, rfind_units};
use crate::types::str::split::{
    Side, max_splits, rsplit_on, rsplit_words, split_lines, split_on, split_words, strip_bounds,
};
use crate::types::tuple::PyTuple;
use crate::{PyErr, PyResult, exc};

/// The white space of bytes (`Py_ISSPACE`).
#[inline]
pub fn is_space(c: u8) -> bool {
    matches!(c, b' ' | 9..=13)
}

/// Collects parts as objects; the first failure is kept.
struct Parts<T: ByteString> {
    out: Vec<ObjRef>,
    error: Option<PyErr>,
    _type: core::marker::PhantomData<T>,
}

impl<T: ByteString> Parts<T> {
    fn new() -> Self {
        Parts { out: Vec::new(), error: None, _type: core::marker::PhantomData }
    }

    fn push(&mut self, part: &[u8]) {
        if self.error.is_none() {
            match T::make(part) {
                Ok(part) => self.out.push(part),
                Err(err) => self.error = Some(err),
            }
        }
    }

    fn finish(mut self, reverse: bool) -> PyResult<Ref<PyList>> {
        if let Some(err) = self.error {
            return Err(err);
        }
        if reverse {
            self.out.reverse();
        }
        PyList::try_new(self.out)
    }
}

/// `split` and `rsplit`.
///
/// # Errors
/// `TypeError`, `ValueError`, `MemoryError`.
pub fn split<T: ByteString>(
    this: &T,
    separator: Option<&PyObject>,
    max: isize,
    from_end: bool,
) -> PyResult<Ref<PyList>> {
    let max = max_splits(max);
    let mut parts = Parts::<T>::new();
    match separator {
        None => {
            let contents = this.contents();
            let visit = |start: usize, end: usize| {
                if start == 0 && end == contents.len() {
                    match this.unchanged() {
                        Ok(whole) => parts.out.push(whole),
                        Err(err) => parts.error = Some(err),
                    }
                } else {
                    parts.push(&contents[start..end]);
                }
            };
            if from_end {
                rsplit_words(contents, max, is_space, visit);
            } else {
                split_words(contents, max, is_space, visit);
            }
        }
        Some(separator) => {
            let _hold = this.hold();
            let separator = bytes_of(separator)?;
            if separator.is_empty() {
                return Err(exc::value_error("empty separator"));
            }
            let contents = this.contents();
            let visit = |start: usize, end: usize| {
                if start == 0 && end == contents.len() {
                    match this.unchanged() {
                        Ok(whole) => parts.out.push(whole),
                        Err(err) => parts.error = Some(err),
                    }
                } else {
                    parts.push(&contents[start..end]);
                }
            };
            if from_end {
                rsplit_on(contents, &separator, max, visit);
            } else {
                split_on(contents, &separator, max, visit);
            }
        }
    }
    parts.finish(from_end)
}

/// `splitlines`: only `\n`, `\r` and `\r\n` end lines.
///
/// # Errors
/// `MemoryError`.
pub fn lines<T: ByteString>(this: &T, keep_ends: bool) -> PyResult<Ref<PyList>> {
    let mut parts = Parts::<T>::new();
    let contents = this.contents();
    split_lines(
        contents,
        |c| c == b'\n' || c == b'\r',
        |c| c == b'\r',
        |c| c == b'\n',
        |start, end, next| parts.push(&contents[start..if keep_ends { next } else { end }]),
    );
    parts.finish(false)
}

/// `partition` and `rpartition`.
///
/// # Errors
/// `TypeError`, `ValueError`, `MemoryError`.
pub fn partition<T: ByteString>(this: &T, separator: &PyObject, from_end: bool) -> PyResult<Ref<PyTuple>> {
    let _hold = this.hold();
    let bytes = bytes_of(separator)?;
    if bytes.is_empty() {
        return Err(exc::value_error("empty separator"));
    }
    let contents = this.contents();
    let found = if from_end { rfind_units(contents, &bytes) } else { find_units(contents, &bytes) };
    let parts = match found {
        Some(at) => [T::make(&contents[..at])?, T::adopt(separator, &bytes)?, T::make(&contents[at + bytes.len()..])?],
        None if from_end => [T::make(&[])?, T::make(&[])?, this.unchanged()?],
        None => [this.unchanged()?, T::make(&[])?, T::make(&[])?],
    };
    Ok(PyTuple::from_array(parts))
}

/// `strip` and its one-sided variants.
///
/// # Errors
/// `TypeError`, `MemoryError`.
pub fn strip<T: ByteString>(this: &T, chars: Option<&PyObject>, side: Side) -> PyResult<ObjRef> {
    let (start, end) = match chars {
        None => strip_bounds(this.contents(), side, is_space),
        Some(chars) => {
            let _hold = this.hold();
            let chars = bytes_of(chars)?;
            strip_bounds(this.contents(), side, |c| memchr::memchr(c, &chars).is_some())
        }
    };
    let contents = this.contents();
    if start == 0 && end == contents.len() { this.unchanged() } else { T::make(&contents[start..end]) }
}

//! find, index, count, contains, startswith, endswith.

use super::args::{clamp_range, raw_range};
use super::{ByteString, bytes_of};
use crate::object::PyObject;
use crate::protocol::buffer::{ArgBytes, Buffer};
use crate::protocol::number;
use crate::types::str::search::{count_units, find_units, rfind_units};
use crate::types::tuple::PyTuple;
use crate::{PyResult, exc};

/// What is looked for: one byte given as an integer, or several.
pub enum Needle<'a> {
    Byte([u8; 1]),
    Bytes(ArgBytes<'a>),
}

impl Needle<'_> {
    /// # Errors
    /// `TypeError`, `ValueError`.
    pub fn from_object(object: &PyObject) -> PyResult<Needle<'_>> {
        if Buffer::check(object) {
            return Ok(Needle::Bytes(bytes_of(object)?));
        }
        if !number::is_index(object) {
            return Err(exc::type_error(format!(
                "argument should be integer or bytes-like object, not '{}'",
                object.ty().name()
            )));
        }
        Ok(Needle::Byte([byte_value(number::as_isize(object, None)?)?]))
    }

    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Needle::Byte(byte) => byte,
            Needle::Bytes(bytes) => bytes.as_bytes(),
        }
    }
}

/// An integer as a byte.
///
/// # Errors
/// `ValueError`.
pub fn byte_value(value: isize) -> PyResult<u8> {
    u8::try_from(value).map_err(|_| exc::value_error("byte must be in range(0, 256)"))
}

/// An integer object as a byte (`_getbytevalue`).
///
/// # Errors
/// `TypeError`, `ValueError`.
pub fn byte_arg(object: &PyObject) -> PyResult<u8> {
    byte_value(number::as_isize(object, None)?)
}

/// Which end to search from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum From {
    Start,
    End,
}

/// The position of `sub` in `self[start:end]`.
///
/// # Errors
/// Those of the arguments.
pub fn find<T: ByteString>(
    this: &T,
    sub: &PyObject,
    start: Option<&PyObject>,
    end: Option<&PyObject>,
    from: From,
) -> PyResult<Option<usize>> {
    let (start, end) = raw_range(start, end)?;
    let _hold = this.hold();
    let needle = Needle::from_object(sub)?;
    let contents = this.contents();
    Ok(clamp_range(contents.len(), start, end).and_then(|(start, end)| {
        let part = &contents[start..end];
        let found = match from {
            From::Start => find_units(part, needle.as_bytes()),
            From::End => rfind_units(part, needle.as_bytes()),
        };
        found.map(|at| at + start)
    }))
}

/// As [`find`], with a `ValueError` when there is none.
///
/// # Errors
/// `ValueError`, and those of the arguments.
pub fn index<T: ByteString>(
    this: &T,
    sub: &PyObject,
    start: Option<&PyObject>,
    end: Option<&PyObject>,
    from: From,
) -> PyResult<usize> {
    find(this, sub, start, end, from)?.ok_or_else(|| exc::value_error("subsection not found"))
}

/// The number of non-overlapping occurrences of `sub` in `self[start:end]`.
///
/// # Errors
/// Those of the arguments.
pub fn count<T: ByteString>(
    this: &T,
    sub: &PyObject,
    start: Option<&PyObject>,
    end: Option<&PyObject>,
) -> PyResult<usize> {
    let (start, end) = raw_range(start, end)?;
    let _hold = this.hold();
    let needle = Needle::from_object(sub)?;
    let contents = this.contents();
    Ok(clamp_range(contents.len(), start, end)
        .map_or(0, |(start, end)| count_units(&contents[start..end], needle.as_bytes(), usize::MAX)))
}

/// `item in self`.
///
/// # Errors
/// `TypeError`, `ValueError`.
pub fn contains<T: ByteString>(this: &T, item: &PyObject) -> PyResult<bool> {
    let _hold = this.hold();
    if number::is_index(item) {
        let byte = byte_value(number::as_isize(item, None)?)?;
        return Ok(memchr::memchr(byte, this.contents()).is_some());
    }
    let needle = bytes_of(item)?;
    Ok(find_units(this.contents(), needle.as_bytes()).is_some())
}

/// `startswith` and `endswith`.
///
/// # Errors
/// `TypeError`.
pub fn tail_match<T: ByteString>(
    this: &T,
    affix: &PyObject,
    start: Option<&PyObject>,
    end: Option<&PyObject>,
    from: From,
) -> PyResult<bool> {
    let (start, end) = raw_range(start, end)?;
    let _hold = this.hold();
    let matches = |affix: &[u8]| {
        let contents = this.contents();
        clamp_range(contents.len(), start, end).is_some_and(|(start, end)| {
            let part = &contents[start..end];
            if from == From::End { part.ends_with(affix) } else { part.starts_with(affix) }
        })
    };
    if let Some(affixes) = affix.downcast_ref::<PyTuple>() {
        for item in affixes.items() {
            if matches(&bytes_of(item)?) {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    match bytes_of(affix) {
        Ok(affix) => Ok(matches(&affix)),
        Err(err) if err.matches(exc::TypeError()) => {
            let name = if from == From::End { "endswith" } else { "startswith" };
            Err(exc::type_error(format!(
                "{name} first arg must be bytes or a tuple of bytes, not {}",
                affix.ty().name()
            )))
        }
        Err(err) => Err(err),
    }
}

//! join, replace, translate, padding, repetition, slices.

use super::{ByteString, bytes_of};
use crate::object::{ObjRef, PyObject};
use crate::protocol::buffer::ArgBytes;
use crate::protocol::{self, object};
use crate::types::bytearray::PyByteArray;
use crate::types::bytes::PyBytes;
use crate::types::list::PyList;
use crate::types::str::search::{Occurrences, count_units};
use crate::types::tuple::PyTuple;
use crate::{PyClass, PyResult, exc};

/// A vector with room for `len` bytes.
///
/// # Errors
/// `MemoryError`.
pub fn vec_with_capacity(len: usize) -> PyResult<Vec<u8>> {
    let mut out = Vec::new();
    out.try_reserve_exact(len).map_err(|_| exc::memory_error())?;
    Ok(out)
}

/// The sum of lengths.
fn checked_len(len: Option<usize>, complaint: &str) -> PyResult<usize> {
    match len {
        Some(len) if len <= isize::MAX as usize => Ok(len),
        _ => Err(exc::overflow_error(complaint)),
    }
}

/// `separator.join(iterable)`.
///
/// # Errors
/// `TypeError`, `MemoryError`.
pub fn join<T: ByteString>(this: &T, iterable: &PyObject) -> PyResult<ObjRef> {
    let _hold = this.hold();
    let items: Vec<ObjRef> = if let Some(list) = iterable.downcast_exact::<PyList>() {
        list.items_snapshot()
    } else if let Some(tuple) = iterable.downcast_exact::<PyTuple>() {
        tuple.items().iter().map(|item| item.new_ref()).collect()
    } else {
        match object::get_iter(iterable) {
            Ok(iter) => protocol::sequence::fast(&iter)?,
            Err(err) if err.matches(exc::TypeError()) => return Err(exc::type_error("can only join an iterable")),
            Err(err) => return Err(err),
        }
    };
    if let [only] = items.as_slice()
        && let Some(bytes) = only.downcast_exact::<PyBytes>()
    {
        return T::adopt(only, bytes.as_bytes());
    }
    // Getting the items' buffers may run code that would change a bytearray.
    let separator = this.contents();
    let mut buffers: Vec<ArgBytes<'_>> = Vec::with_capacity(items.len());
    let mut len = separator.len().checked_mul(items.len().saturating_sub(1));
    for (i, item) in items.iter().enumerate() {
        let buffer = match bytes_of(item) {
            Ok(buffer) => buffer,
            Err(err) if err.matches(exc::TypeError()) => {
                return Err(exc::type_error(format!(
                    "sequence item {i}: expected a bytes-like object, {} found",
                    item.ty().name()
                )));
            }
            Err(err) => return Err(err),
        };
        len = len.and_then(|len| len.checked_add(buffer.len()));
        buffers.push(buffer);
    }
    let mut out = vec_with_capacity(checked_len(len, "join() result is too long")?)?;
    for (i, buffer) in buffers.iter().enumerate() {
        if i != 0 {
            out.extend_from_slice(separator);
        }
        out.extend_from_slice(buffer);
    }
    T::make_vec(out)
}

/// `replace`.
///
/// # Errors
/// `TypeError`, `OverflowError`, `MemoryError`.
pub fn replace<T: ByteString>(this: &T, old: &PyObject, new: &PyObject, count: isize) -> PyResult<ObjRef> {
    let _hold = this.hold();
    let old = bytes_of(old)?;
    let new = bytes_of(new)?;
    let (old, new) = (old.as_bytes(), new.as_bytes());
    let max = usize::try_from(count).unwrap_or(usize::MAX);
    let contents = this.contents();
    if max == 0 || old.len() > contents.len() || (old.is_empty() && new.is_empty()) {
        return this.unchanged();
    }
    let found = count_units(contents, old, max);
    if found == 0 {
        return this.unchanged();
    }
    let len = new.len().checked_mul(found).and_then(|added| (contents.len() - found * old.len()).checked_add(added));
    let mut out = vec_with_capacity(checked_len(len, "replace bytes is too long")?)?;
    if old.is_empty() {
        for (i, &byte) in contents.iter().enumerate() {
            if i < found {
                out.extend_from_slice(new);
            }
            out.push(byte);
        }
        if found > contents.len() {
            out.extend_from_slice(new);
        }
    } else {
        let mut done = 0;
        for at in Occurrences::new(contents, old).take(found) {
            out.extend_from_slice(&contents[done..at]);
            out.extend_from_slice(new);
            done = at + old.len();
        }
        out.extend_from_slice(&contents[done..]);
    }
    T::make_vec(out)
}

/// `translate`.
///
/// # Errors
/// `TypeError`, `ValueError`, `MemoryError`.
pub fn translate<T: ByteString>(this: &T, table: &PyObject, delete: Option<&PyObject>) -> PyResult<ObjRef> {
    let table = if crate::is_none(table) { None } else { Some(bytes_of(table)?) };
    if table.as_ref().is_some_and(|table| table.len() != 256) {
        return Err(exc::value_error("translation table must be 256 characters long"));
    }
    let delete = delete.map(bytes_of).transpose()?;
    let mut deleted = [false; 256];
    for &byte in delete.iter().flat_map(|delete| delete.iter()) {
        deleted[byte as usize] = true;
    }
    let contents = this.contents();
    let mut out = vec_with_capacity(contents.len())?;
    out.extend(
        contents
            .iter()
            .filter(|&&byte| !deleted[byte as usize])
            .map(|&byte| table.as_ref().map_or(byte, |table| table[byte as usize])),
    );
    if out == contents { this.unchanged() } else { T::make_vec(out) }
}

/// `bytes.maketrans`.
///
/// # Errors
/// `TypeError`, `ValueError`.
pub fn maketrans(from: &PyObject, to: &PyObject) -> PyResult<ObjRef> {
    use crate::object::Ref;
    let from = bytes_of(from)?;
    let to = bytes_of(to)?;
    if from.len() != to.len() {
        return Err(exc::value_error("maketrans arguments must have same length"));
    }
    let mut table: [u8; 256] = core::array::from_fn(|i| i as u8);
    for (&from, &to) in from.iter().zip(to.iter()) {
        table[from as usize] = to;
    }
    PyBytes::try_new(&table).map(Ref::into_obj)
}

/// Where padding goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pad {
    Left,
    Right,
    Both,
}

/// `ljust`, `rjust` and `center`.
///
/// # Errors
/// `TypeError`, `MemoryError`.
pub fn justify<T: ByteString>(
    this: &T,
    width: isize,
    fill: Option<&PyObject>,
    pad: Pad,
    method: &str,
) -> PyResult<ObjRef> {
    let fill = match fill {
        None => b' ',
        Some(fill) => {
            let bytes = match (fill.downcast_ref::<PyBytes>(), fill.downcast_ref::<PyByteArray>()) {
                (Some(bytes), _) => Some(bytes.as_bytes()),
                (_, Some(bytes)) => Some(bytes.as_bytes()),
                _ => None,
            };
            match bytes {
                Some(&[byte]) => byte,
                Some(bytes) => {
                    return Err(exc::type_error(format!(
                        "{method}(): argument 2 must be a byte string of length 1, not a {} object of length {}",
                        fill.ty().name(),
                        bytes.len()
                    )));
                }
                None => {
                    return Err(exc::type_error(format!(
                        "{method}() argument 2 must be a byte string of length 1, not {}",
                        fill.ty().name()
                    )));
                }
            }
        }
    };
    let contents = this.contents();
    let missing = usize::try_from(width).unwrap_or(0).saturating_sub(contents.len());
    if missing == 0 {
        return this.unchanged();
    }
    let left = match pad {
        Pad::Left => missing,
        Pad::Right => 0,
        Pad::Both => missing / 2 + (missing & width as usize & 1),
    };
    let mut out = vec_with_capacity(contents.len() + missing)?;
    out.resize(left, fill);
    out.extend_from_slice(contents);
    out.resize(contents.len() + missing, fill);
    T::make_vec(out)
}

/// `zfill`.
///
/// # Errors
/// `MemoryError`.
pub fn zfill<T: ByteString>(this: &T, width: isize) -> PyResult<ObjRef> {
    let contents = this.contents();
    let missing = usize::try_from(width).unwrap_or(0).saturating_sub(contents.len());
    if missing == 0 {
        return this.unchanged();
    }
    let mut out = vec_with_capacity(contents.len() + missing)?;
    let (sign, digits) = match contents {
        [sign @ (b'+' | b'-'), digits @ ..] => (Some(*sign), digits),
        digits => (None, digits),
    };
    out.extend(sign);
    out.resize(out.len() + missing, b'0');
    out.extend_from_slice(digits);
    T::make_vec(out)
}

/// `expandtabs`.
///
/// # Errors
/// `OverflowError`, `MemoryError`.
pub fn expand_tabs<T: ByteString>(this: &T, size: i32) -> PyResult<ObjRef> {
    let size = size.max(0) as usize;
    let contents = this.contents();
    let mut out = vec_with_capacity(contents.len())?;
    let mut column = 0usize;
    for &byte in contents {
        if byte == b'\t' {
            if size > 0 {
                let spaces = size - column % size;
                column += spaces;
                out.try_reserve(spaces).map_err(|_| exc::memory_error())?;
                out.resize(out.len() + spaces, b' ');
            }
        } else {
            column = if byte == b'\n' || byte == b'\r' { 0 } else { column + 1 };
            out.push(byte);
        }
    }
    T::make_vec(out)
}

/// The bytes repeated.
///
/// # Errors
/// `MemoryError`.
pub fn repeated(contents: &[u8], count: isize) -> PyResult<Vec<u8>> {
    let count = usize::try_from(count).unwrap_or(0);
    let len =
        contents.len().checked_mul(count).filter(|&len| len <= isize::MAX as usize).ok_or_else(exc::memory_error)?;
    let mut out = vec_with_capacity(len)?;
    if let &[byte] = contents {
        out.resize(len, byte);
    } else {
        for _ in 0..count {
            out.extend_from_slice(contents);
        }
    }
    Ok(out)
}

/// `removeprefix` and `removesuffix`.
///
/// # Errors
/// `TypeError`, `MemoryError`.
pub fn remove_affix<T: ByteString>(this: &T, affix: &PyObject, at_end: bool) -> PyResult<ObjRef> {
    let _hold = this.hold();
    let affix = bytes_of(affix)?;
    let contents = this.contents();
    let rest = if at_end { contents.strip_suffix(affix.as_bytes()) } else { contents.strip_prefix(affix.as_bytes()) };
    match rest {
        Some(rest) if !affix.is_empty() => T::make(rest),
        _ => this.unchanged(),
    }
}

/// The bytes that an extended slice selects.
pub fn slice_bytes(contents: &[u8], start: isize, step: isize, count: usize) -> Vec<u8> {
    let mut at = start;
    let mut out = Vec::with_capacity(count);
    for _ in 0..count {
        out.push(contents[at as usize]);
        at = at.wrapping_add(step);
    }
    out
}

/// Is it a `bytes` or `bytearray`?
pub fn is_byte_string(object: &PyObject) -> bool {
    PyBytes::check(object) || PyByteArray::check(object)
}

//! Bytes as hexadecimal digits and back.

use super::bytes_of;
use crate::object::{PyObject, Ref};
use crate::protocol::buffer::Buffer;
use crate::types::bytes::PyBytes;
use crate::types::str::PyStr;
use crate::{PyResult, exc, protocol};

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// `data.hex(sep, bytes_per_sep)`; a group size of 0 means no separators.
///
/// # Errors
/// `TypeError`, `ValueError`, `MemoryError`.
pub fn to_hex(data: &[u8], sep: Option<&PyObject>, bytes_per_sep: i32) -> PyResult<Ref<PyStr>> {
    let separator = sep.map(separator).transpose()?;
    let len = data.len();
    let group = bytes_per_sep.unsigned_abs() as usize;
    let separator = separator.filter(|_| group != 0 && len > group);
    let extra = if separator.is_some() { (len - 1) / group } else { 0 };
    let size = len.checked_mul(2).and_then(|n| n.checked_add(extra)).filter(|&n| n <= isize::MAX as usize);
    let mut out = super::editing::vec_with_capacity(size.ok_or_else(exc::memory_error)?)?;
    for (i, &byte) in data.iter().enumerate() {
        if let Some(separator) = separator
            && i != 0
        {
            // Positive sizes count groups from the right, negative ones from the left.
            let at_border = if bytes_per_sep > 0 { (len - i) % group == 0 } else { i % group == 0 };
            if at_border {
                out.push(separator);
            }
        }
        out.push(DIGITS[(byte >> 4) as usize]);
        out.push(DIGITS[(byte & 15) as usize]);
    }
    // SAFETY: hexadecimal digits and an ASCII separator.
    unsafe { PyStr::from_ascii_unchecked(&out) }
}

/// The separator: one ASCII character or byte.
fn separator(sep: &PyObject) -> PyResult<u8> {
    if protocol::object::size(sep)? != 1 {
        return Err(exc::value_error("sep must be length 1."));
    }
    let byte = if let Some(text) = sep.downcast_ref::<PyStr>() {
        text.char_at(0)
    } else if let Some(bytes) = sep.downcast_ref::<PyBytes>() {
        bytes.as_bytes()[0] as u32
    } else {
        return Err(exc::type_error("sep must be str or bytes."));
    };
    match u8::try_from(byte) {
        Ok(byte) if byte < 128 => Ok(byte),
        _ => Err(exc::value_error("sep must be ASCII.")),
    }
}

fn digit(c: u32) -> Option<u8> {
    char::from_u32(c).and_then(|c| c.to_digit(16)).map(|d| d as u8)
}

/// What `fromhex` is given: text, or digits as bytes.
///
/// # Errors
/// `TypeError`, `ValueError`.
pub fn from_hex(source: &PyObject) -> PyResult<Vec<u8>> {
    if let Some(text) = source.downcast_ref::<PyStr>() {
        let data = text.data();
        return parse(data.len(), |i| data.at(i));
    }
    if Buffer::check(source) {
        let bytes = bytes_of(source)?;
        return parse(bytes.len(), |i| bytes[i] as u32);
    }
    Err(exc::type_error(format!(
        "fromhex() argument must be str or bytes-like, not {}",
        crate::types::str::percent::qualified_type_name(source)
    )))
}

fn parse(len: usize, at: impl Fn(usize) -> u32) -> PyResult<Vec<u8>> {
    let bad = |position: usize| {
        exc::value_error(format!("non-hexadecimal number found in fromhex() arg at position {position}"))
    };
    let mut out = super::editing::vec_with_capacity(len / 2)?;
    let mut i = 0;
    while i < len {
        let c = at(i);
        if matches!(c, 9..=13 | 32) {
            i += 1;
            continue;
        }
        let Some(high) = digit(c) else {
            return Err(bad(i));
        };
        i += 1;
        if i == len {
            return Err(exc::value_error("fromhex() arg must contain an even number of hexadecimal digits"));
        }
        let Some(low) = digit(at(i)) else {
            return Err(bad(i));
        };
        i += 1;
        out.push(high << 4 | low);
    }
    Ok(out)
}

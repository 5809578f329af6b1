//! Text to ints: literals in any base, and `int(x)` of any object.

use std::borrow::Cow;

use num_bigint::BigUint;

use super::PyInt;
use super::text::{STR_DIGITS_CHECK_THRESHOLD, max_str_digits};
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::header::PyObject;
use crate::object::refs::{PyStruct, Ref};
use crate::protocol;
use crate::types::bytearray::PyByteArray;
use crate::types::bytes::PyBytes;
use crate::types::str::PyStr;

/// Why a text is not an int.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IntParseError {
    /// Not a literal of that base.
    Invalid,
    /// The base is neither 0 nor from 2 to 36.
    BadBase,
    /// More digits than `sys.set_int_max_str_digits` allows; how many.
    TooLong(usize),
}

/// The value of a digit in bases up to 36; 37 for anything else.
#[inline(always)]
fn digit_value(byte: u8) -> u32 {
    match byte {
        b'0'..=b'9' => (byte - b'0') as u32,
        b'a'..=b'z' => (byte - b'a') as u32 + 10,
        b'A'..=b'Z' => (byte - b'A') as u32 + 10,
        _ => 37,
    }
}

/// C's `isspace` in the C locale.
#[inline(always)]
pub(crate) fn is_c_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

/// Without C white space at both ends.
pub(crate) fn trim_c_space(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_c_space(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_c_space(*last)
    {
        text = rest;
    }
    text
}

/// Parses an int literal with optional white space, sign, prefix and underscores, as `int(text, base)` does.
///
/// # Errors
/// What is wrong with the text or the base.
pub fn parse_int(text: &[u8], base: u32) -> Result<Ref<PyInt>, IntParseError> {
    if base == 1 || base > 36 {
        return Err(IntParseError::BadBase);
    }
    let mut text = trim_c_space(text);
    let mut negative = false;
    if let [sign @ (b'+' | b'-'), rest @ ..] = text {
        negative = *sign == b'-';
        text = rest;
    }
    let prefix_base = match text {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', b'o' | b'O', ..] => 8,
        [b'0', b'b' | b'B', ..] => 2,
        _ => 0,
    };
    let mut only_zero = false;
    let base = match base {
        0 if prefix_base != 0 => prefix_base,
        0 => {
            // What looks like an old octal literal may only be zero.
            only_zero = text.first() == Some(&b'0');
            10
        }
        other => other,
    };
    if prefix_base == base {
        text = &text[2..];
        // One underscore may follow the prefix.
        if let [b'_', rest @ ..] = text {
            text = rest;
        }
    }
    if text.is_empty() {
        return Err(IntParseError::Invalid);
    }
    // One pass: accumulate while the value is small, check the form.
    let mut value = 0_u64;
    let mut small = true;
    let mut count = 0_usize;
    let mut after_digit = false;
    let ceiling = (u64::MAX - 36) / base as u64;
    for &byte in text {
        if byte == b'_' {
            if !after_digit {
                return Err(IntParseError::Invalid);
            }
            after_digit = false;
            continue;
        }
        let digit = digit_value(byte);
        if digit >= base {
            return Err(IntParseError::Invalid);
        }
        after_digit = true;
        count += 1;
        if value > ceiling {
            small = false;
        } else {
            value = value * base as u64 + digit as u64;
        }
    }
    if !after_digit {
        return Err(IntParseError::Invalid);
    }
    if only_zero && (!small || value != 0) {
        return Err(IntParseError::Invalid);
    }
    if !base.is_power_of_two() && count > STR_DIGITS_CHECK_THRESHOLD {
        let limit = max_str_digits();
        if limit != 0 && count > limit {
            return Err(IntParseError::TooLong(count));
        }
    }
    if small {
        return Ok(PyInt::from_i128(if negative { -(value as i128) } else { value as i128 }));
    }
    let digits: Vec<u8> = text.iter().filter(|&&b| b != b'_').map(|&b| digit_value(b) as u8).collect();
    match BigUint::from_radix_be(&digits, base) {
        Some(magnitude) => Ok(PyInt::from_biguint(negative, &magnitude)),
        None => Err(IntParseError::Invalid),
    }
}

impl IntParseError {
    /// The exception; `source` is what was to be converted.
    #[cold]
    pub fn into_err(self, base: i64, source: &PyObject) -> PyErr {
        match self {
            IntParseError::BadBase => exc::value_error("int() base must be >= 2 and <= 36, or 0"),
            IntParseError::TooLong(count) => exc::value_error(format!(
                "Exceeds the limit ({} digits) for integer string conversion: value has {count} digits; use sys.set_int_max_str_digits() to increase the limit",
                max_str_digits()
            )),
            IntParseError::Invalid => match protocol::object::repr(source) {
                Ok(text) => {
                    let text: String = text.to_string_lossy().chars().take(200).collect();
                    exc::value_error(format!("invalid literal for int() with base {base}: {text}"))
                }
                Err(e) => e,
            },
        }
    }
}

fn check_base(base: i64) -> u32 {
    u32::try_from(base).ok().filter(|&b| b <= 36).unwrap_or(1)
}

/// Unicode digits and spaces of a text as their ASCII equals, anything else beyond ASCII as `?`. ASCII text comes back as it is.
pub(crate) fn to_ascii_digits(text: &PyStr) -> Cow<'_, [u8]> {
    match text.as_ascii() {
        Some(ascii) => Cow::Borrowed(ascii.as_bytes()),
        None => Cow::Owned(crate::types::str::unicode::to_ascii_number(text).into_bytes()),
    }
}

impl PyInt {
    /// `int(text, base)` of a string.
    pub fn from_str(text: &PyStr, base: i64) -> PyResult<Ref<PyInt>> {
        parse_int(&to_ascii_digits(text), check_base(base)).map_err(|e| e.into_err(base, text.as_object()))
    }

    /// `int(text, base)` of bytes; `source` is shown in messages.
    pub fn from_text_bytes(text: &[u8], base: i64, source: &PyObject) -> PyResult<Ref<PyInt>> {
        parse_int(text, check_base(base)).map_err(|e| e.into_err(base, source))
    }

    /// `int(object)`: numbers through `__int__` and `__index__`, then strings and buffers. Exactly an `int`.
    #[inline]
    pub fn from_object(object: &PyObject) -> PyResult<Ref<PyInt>> {
        protocol::number::long(object)
    }
}

/// The last part of `int(object)`: text and buffers. Anything else is a `TypeError`.
pub fn parse_int_object(object: &PyObject, base: i64) -> PyResult<Ref<PyInt>> {
    if let Some(text) = object.downcast_ref::<PyStr>() {
        return PyInt::from_str(text, base);
    }
    if let Some(bytes) = object.downcast_ref::<PyBytes>() {
        return PyInt::from_text_bytes(bytes.as_bytes(), base, object);
    }
    if let Some(bytes) = object.downcast_ref::<PyByteArray>() {
        let copy = PyBytes::new(bytes.as_bytes());
        return PyInt::from_text_bytes(copy.as_bytes(), base, object);
    }
    if object.ty().as_buffer().is_some_and(|b| b.bf_getbuffer.get().is_some()) {
        let buffer = protocol::buffer::Buffer::get(object, 0)?;
        let copy = PyBytes::new(buffer.bytes());
        drop(buffer);
        return PyInt::from_text_bytes(copy.as_bytes(), base, copy.as_object());
    }
    Err(exc::type_error(format!(
        "int() argument must be a string, a bytes-like object or a real number, not '{}'",
        object.ty().name()
    )))
}

/// `repr(value)`.
#[inline]
pub fn int_repr(value: &PyInt) -> PyResult<Ref<PyStr>> {
    value.to_str()
}

/// `str(value)`.
#[inline]
pub fn to_decimal(value: &PyInt) -> PyResult<Ref<PyStr>> {
    value.to_str()
}

#[cfg(test)]
mod tests {
    use super::{is_c_space, trim_c_space};

    #[test]
    fn white_space_is_c() {
        assert_eq!(trim_c_space(b" \t\x0b12 \r\n"), b"12");
        assert_eq!(trim_c_space(b"   "), b"");
        assert!(!is_c_space(0x1c) && !is_c_space(0));
    }
}

//! Floats as text: shortest decimal representation, parsing, hexadecimal.

use super::PyFloat;
use crate::err::PyResult;
use crate::exc;
use crate::object::header::PyObject;
use crate::object::refs::{PyStruct, Ref};
use crate::protocol;
use crate::types::bytearray::PyByteArray;
use crate::types::bytes::PyBytes;
use crate::types::int::parse::{to_ascii_digits, trim_c_space};
use crate::types::str::PyStr;

/// The fewest significant digits that read back as the same number (nearest such, ties to even), and where the decimal point
/// lies relative to the first of them.
pub struct ShortestDigits {
    digits: [u8; 17],
    len: usize,
    /// `0.digits * 10^point`.
    pub point: i32,
}

impl ShortestDigits {
    /// The ASCII digits, without trailing zeros (but one zero for zero).
    pub fn digits(&self) -> &[u8] {
        &self.digits[..self.len]
    }
}

/// Shortest digits of a finite number's magnitude.
pub fn shortest_digits(value: f64) -> ShortestDigits {
    let mut out = ShortestDigits { digits: [b'0'; 17], len: 0, point: 0 };
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(value.abs()).as_bytes();
    let mut exponent = 0_i32;
    let mut seen_point = false;
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'.' => seen_point = true,
            b'e' => {
                let rest = bytes.as_slice();
                let (negative, rest) = match rest {
                    [b'-', rest @ ..] => (true, rest),
                    rest => (false, rest),
                };
                let magnitude = rest.iter().fold(0_i32, |acc, &d| acc * 10 + (d - b'0') as i32);
                exponent = if negative { -magnitude } else { magnitude };
                break;
            }
            digit => {
                if out.len == 0 && digit == b'0' {
                    // Leading zeros only move the point.
                    out.point -= seen_point as i32;
                    continue;
                }
                if out.len < 17 {
                    out.digits[out.len] = digit;
                    out.len += 1;
                }
                out.point += !seen_point as i32;
            }
        }
    }
    out.point += exponent;
    while out.len > 1 && out.digits[out.len - 1] == b'0' {
        out.len -= 1;
    }
    if out.len == 0 {
        out.len = 1;
        out.point = 1;
    }
    out
}

/// A small text buffer on the stack.
struct Text {
    bytes: [u8; 32],
    len: usize,
}

impl Text {
    fn push(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }
    fn extend(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.push(byte);
        }
    }
    fn zeros(&mut self, count: i32) {
        for _ in 0..count {
            self.push(b'0');
        }
    }
}

/// Writes `repr(value)`; `dot_zero` adds `.0` to what would look like an integer (complex numbers do without).
fn write_repr(value: f64, dot_zero: bool) -> Text {
    let mut out = Text { bytes: [0; 32], len: 0 };
    if value.is_nan() {
        out.extend(b"nan");
        return out;
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    if value.is_infinite() {
        out.extend(b"inf");
        return out;
    }
    let shortest = shortest_digits(value);
    let (digits, point) = (shortest.digits(), shortest.point);
    let count = digits.len() as i32;
    if point <= -4 || point > 16 {
        out.push(digits[0]);
        if count > 1 {
            out.push(b'.');
            out.extend(&digits[1..]);
        }
        out.push(b'e');
        let exponent = point - 1;
        out.push(if exponent < 0 { b'-' } else { b'+' });
        let exponent = exponent.unsigned_abs();
        if exponent >= 100 {
            out.push(b'0' + (exponent / 100) as u8);
        }
        out.push(b'0' + (exponent / 10 % 10) as u8);
        out.push(b'0' + (exponent % 10) as u8);
    } else if point <= 0 {
        out.extend(b"0.");
        out.zeros(-point);
        out.extend(digits);
    } else if point >= count {
        out.extend(digits);
        out.zeros(point - count);
        if dot_zero {
            out.extend(b".0");
        }
    } else {
        out.extend(&digits[..point as usize]);
        out.push(b'.');
        out.extend(&digits[point as usize..]);
    }
    out
}

/// `repr(value)` as a Rust string.
pub fn float_repr_string(value: f64) -> String {
    let text = write_repr(value, true);
    String::from_utf8_lossy(&text.bytes[..text.len]).into_owned()
}

/// `repr(value)`.
pub fn float_repr(value: f64) -> Ref<PyStr> {
    let text = write_repr(value, true);
    PyStr::from_latin1(&text.bytes[..text.len])
}

/// A part of a complex number's repr: no `.0` behind integers.
pub fn complex_part_repr(value: f64) -> String {
    let text = write_repr(value, false);
    String::from_utf8_lossy(&text.bytes[..text.len]).into_owned()
}

/// How many bytes of `text` are digits, with single underscores between digits if `underscores`.
fn scan_digits(text: &[u8]) -> usize {
    text.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// The longest prefix of `text` that is a float without underscores (optional sign, `inf`, `nan`, decimal), and its value.
pub fn parse_float_prefix(text: &[u8]) -> Option<(f64, usize)> {
    let sign = matches!(text.first(), Some(b'+' | b'-')) as usize;
    let negative = text.first() == Some(&b'-');
    let rest = &text[sign..];
    let starts = |word: &[u8]| rest.len() >= word.len() && rest[..word.len()].eq_ignore_ascii_case(word);
    let special = if starts(b"infinity") {
        Some((f64::INFINITY, 8))
    } else if starts(b"inf") {
        Some((f64::INFINITY, 3))
    } else if starts(b"nan") {
        Some((f64::NAN, 3))
    } else {
        None
    };
    if let Some((value, len)) = special {
        return Some((if negative { -value } else { value }, sign + len));
    }
    let whole = scan_digits(rest);
    let mut end = whole;
    let mut fraction = 0;
    if rest.get(end) == Some(&b'.') {
        fraction = scan_digits(&rest[end + 1..]);
        if whole + fraction > 0 {
            end += 1 + fraction;
        }
    }
    if whole + fraction == 0 {
        return None;
    }
    if matches!(rest.get(end), Some(b'e' | b'E')) {
        let signed = matches!(rest.get(end + 1), Some(b'+' | b'-')) as usize;
        let digits = scan_digits(&rest[end + 1 + signed..]);
        if digits > 0 {
            end += 1 + signed + digits;
        }
    }
    // Rust's parser knows this grammar, and rounds correctly.
    let literal = core::str::from_utf8(&text[..sign + end]).ok()?;
    Some((literal.parse().ok()?, sign + end))
}

/// Drops underscores that stand between digits; `None` if one stands elsewhere.
pub(crate) fn strip_underscores(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut previous = 0;
    for &byte in text {
        if byte == b'_' {
            if !u8::is_ascii_digit(&previous) {
                return None;
            }
        } else {
            if previous == b'_' && !byte.is_ascii_digit() {
                return None;
            }
            out.push(byte);
        }
        previous = byte;
    }
    (previous != b'_').then_some(out)
}

/// Parses what `float(text)` accepts: white space around a float literal, with underscores.
pub fn parse_float(text: &[u8]) -> Option<f64> {
    let text = trim_c_space(text);
    let exact = |text: &[u8]| match parse_float_prefix(text) {
        Some((value, len)) if len == text.len() => Some(value),
        _ => None,
    };
    if memchr::memchr(b'_', text).is_some() { exact(&strip_underscores(text)?) } else { exact(text) }
}

#[cold]
fn not_a_float(source: &PyObject) -> crate::err::PyErr {
    match protocol::object::repr(source) {
        Ok(text) => exc::value_error(format!("could not convert string to float: {}", text.to_string_lossy())),
        Err(e) => e,
    }
}

/// The last part of `float(object)`: text and buffers. Anything else is a `TypeError`.
pub fn parse_float_object(object: &PyObject) -> PyResult<f64> {
    if let Some(text) = object.downcast_ref::<PyStr>() {
        return parse_float(&to_ascii_digits(text)).ok_or_else(|| not_a_float(object));
    }
    if let Some(bytes) = object.downcast_ref::<PyBytes>() {
        return parse_float(bytes.as_bytes()).ok_or_else(|| not_a_float(object));
    }
    if let Some(bytes) = object.downcast_ref::<PyByteArray>() {
        return parse_float(bytes.as_bytes()).ok_or_else(|| not_a_float(object));
    }
    if object.ty().as_buffer().is_some_and(|b| b.bf_getbuffer.get().is_some()) {
        let buffer = protocol::buffer::Buffer::get(object, 0)?;
        let value = parse_float(buffer.bytes());
        drop(buffer);
        return value.ok_or_else(|| not_a_float(object));
    }
    Err(exc::type_error(format!("float() argument must be a string or a real number, not '{}'", object.ty().name())))
}

impl PyFloat {
    /// `float(text)` of a string.
    pub fn parse(text: &PyStr) -> PyResult<f64> {
        parse_float_object(text.as_object())
    }
}

/// `value.hex()`.
pub fn float_hex(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value.is_infinite() {
        return format!("{sign}inf");
    }
    if value == 0.0 {
        return format!("{sign}0x0.0p+0");
    }
    let bits = value.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    if exponent == 0 {
        format!("{sign}0x0.{fraction:013x}p-1022")
    } else {
        format!("{sign}0x1.{fraction:013x}p{:+}", exponent - 1023)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortest_representation() {
        for (value, want) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (123_456_789.125, "123456789.125"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e300, "1.5e+300"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
            (2.0_f64.powi(-25), "2.9802322387695312e-08"),
            (1e22, "1e+22"),
        ] {
            assert_eq!(float_repr_string(value), want);
        }
        assert_eq!(complex_part_repr(1.0), "1");
        assert_eq!(complex_part_repr(1e16), "1e+16");
    }

    #[test]
    fn literals() {
        assert_eq!(parse_float(b" 1.5\n"), Some(1.5));
        assert_eq!(parse_float(b"1_0.0_1e1_0"), Some(10.01e10));
        assert_eq!(parse_float(b".5"), Some(0.5));
        assert_eq!(parse_float(b"5."), Some(5.0));
        assert_eq!(parse_float(b"-iNf"), Some(f64::NEG_INFINITY));
        assert_eq!(parse_float(b"1e999"), Some(f64::INFINITY));
        for bad in [
            &b""[..],
            b".",
            b"1_",
            b"_1",
            b"1__0",
            b"1_.0",
            b"1._0",
            b"1e",
            b"1e+",
            b"e5",
            b"+-1",
            b"1 2",
            b"in",
            b"0x1",
        ] {
            assert_eq!(parse_float(bad), None, "{}", String::from_utf8_lossy(bad));
        }
    }

    #[test]
    fn hexadecimal() {
        assert_eq!(float_hex(-0.1), "-0x1.999999999999ap-4");
        assert_eq!(float_hex(2.5), "0x1.4000000000000p+1");
        assert_eq!(float_hex(5e-324), "0x0.0000000000001p-1022");
    }
}

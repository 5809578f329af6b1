//! Backslash escapes: the `unicode_escape` and `raw_unicode_escape` codecs, and escapes in bytes.

use super::errors::Decoder;
use crate::object::Ref;
use crate::types::str::PyStr;
use crate::{PyResult, exc};

/// The first escape of a text that means nothing: its character, or the value of an octal escape above 0o377.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidEscape(pub u32);

/// Warns about an invalid escape.
///
/// # Errors
/// The warning, if a filter turns it into an exception.
fn warn_invalid(escape: Option<InvalidEscape>) -> PyResult<()> {
    let Some(InvalidEscape(c)) = escape else {
        return Ok(());
    };
    let message = if c > 0xff {
        format!("\"\\{c:o}\" is an invalid octal escape sequence. Such sequences will not work in the future. ")
    } else {
        let shown = char::from_u32(c).unwrap_or('?');
        format!("\"\\{shown}\" is an invalid escape sequence. Such sequences will not work in the future. ")
    };
    crate::runtime::warnings::warn(exc::DeprecationWarning(), &*message, 1)
}

/// Reads up to `count` hexadecimal digits: the value, and how many there were.
fn hex_digits(input: &[u8], at: usize, count: usize) -> (u64, usize) {
    let mut value = 0u64;
    let mut seen = 0;
    while seen < count
        && let Some(digit) = input.get(at + seen).and_then(|&c| (c as char).to_digit(16))
    {
        value = (value << 4) | digit as u64;
        seen += 1;
    }
    (value, seen)
}

/// Decodes `unicode_escape`. With `last` false, an incomplete escape at the end is left alone.
///
/// # Errors
/// `UnicodeDecodeError`, `MemoryError`, or what a registered handler raises.
pub fn decode_unicode_escape(data: &[u8], errors: Option<&str>, last: bool) -> PyResult<(Ref<PyStr>, usize)> {
    let (text, read, invalid) = decode_escapes(data, errors, last)?;
    warn_invalid(invalid)?;
    Ok((text, read))
}

/// As [`decode_unicode_escape`], leaving the warning to the caller.
///
/// # Errors
/// As there.
pub fn decode_escapes(
    data: &[u8],
    errors: Option<&str>,
    last: bool,
) -> PyResult<(Ref<PyStr>, usize, Option<InvalidEscape>)> {
    let mut decoder = Decoder::new("unicodeescape", errors, data);
    let mut invalid = None;
    let mut at = 0;
    while at < decoder.input.len() {
        let c = decoder.input[at];
        if c != b'\\' {
            decoder.out.push_char(c as u32);
            at += 1;
            continue;
        }
        let start = at;
        let input = &decoder.input;
        let len = input.len();
        at += 1;
        // `at` is where the next character stands; a failure reports from `start` to there.
        let Some(&code) = input.get(at) else {
            if !last {
                at = start;
                break;
            }
            at = decoder.error(start, at, "\\ at end of string")?;
            continue;
        };
        at += 1;
        let literal = match code {
            b'\n' => continue,
            b'\\' | b'\'' | b'"' => code,
            b'a' => 7,
            b'b' => 8,
            b't' => 9,
            b'n' => 10,
            b'v' => 11,
            b'f' => 12,
            b'r' => 13,
            b'0'..=b'7' => {
                let mut value = (code - b'0') as u32;
                for _ in 0..2 {
                    match input.get(at) {
                        Some(&digit @ b'0'..=b'7') => {
                            value = value * 8 + (digit - b'0') as u32;
                            at += 1;
                        }
                        _ => break,
                    }
                }
                if value > 0o377 {
                    invalid.get_or_insert(InvalidEscape(value));
                }
                decoder.out.push_char(value);
                continue;
            }
            b'x' | b'u' | b'U' => {
                let (count, truncated) = match code {
                    b'x' => (2, "truncated \\xXX escape"),
                    b'u' => (4, "truncated \\uXXXX escape"),
                    _ => (8, "truncated \\UXXXXXXXX escape"),
                };
                let (value, seen) = hex_digits(input, at, count);
                at += seen;
                if seen < count {
                    if at >= len && !last {
                        at = start;
                        break;
                    }
                    at = decoder.error(start, at, truncated)?;
                } else if value > 0x10ffff {
                    at = decoder.error(start, at, "illegal Unicode character")?;
                } else {
                    decoder.out.push_char(value as u32);
                }
                continue;
            }
            b'N' => {
                let mut reason = "malformed \\N character escape";
                let mut incomplete = at >= len;
                if input.get(at) == Some(&b'{') {
                    let name_start = at + 1;
                    match memchr::memchr(b'}', &input[name_start..]) {
                        None => {
                            at = len;
                            incomplete = true;
                        }
                        Some(0) => at = name_start,
                        Some(name_len) => {
                            at = name_start + name_len + 1;
                            let name = core::str::from_utf8(&input[name_start..name_start + name_len]).ok();
                            if let Some(found) = name.and_then(rustpython_unicode::lookup_character) {
                                decoder.out.push_char(found as u32);
                                continue;
                            }
                            reason = "unknown Unicode character name";
                        }
                    }
                }
                if incomplete && !last {
                    at = start;
                    break;
                }
                at = decoder.error(start, at, reason)?;
                continue;
            }
            _ => {
                invalid.get_or_insert(InvalidEscape(code as u32));
                decoder.out.push_char(b'\\' as u32);
                code
            }
        };
        decoder.out.push_char(literal as u32);
    }
    Ok((decoder.finish()?, at, invalid))
}

/// Decodes `raw_unicode_escape`: only `\uXXXX` and `\UXXXXXXXX` mean something.
///
/// # Errors
/// `UnicodeDecodeError`, `MemoryError`, or what a registered handler raises.
pub fn decode_raw_unicode_escape(data: &[u8], errors: Option<&str>, last: bool) -> PyResult<(Ref<PyStr>, usize)> {
    let mut decoder = Decoder::new("rawunicodeescape", errors, data);
    let mut at = 0;
    while at < decoder.input.len() {
        let input = &decoder.input;
        let len = input.len();
        let c = input[at];
        if c != b'\\' || (at + 1 >= len && last) {
            decoder.out.push_char(c as u32);
            at += 1;
            continue;
        }
        let start = at;
        let Some(&code) = input.get(at + 1) else {
            break;
        };
        at += 2;
        let (count, truncated) = match code {
            b'u' => (4, "truncated \\uXXXX escape"),
            b'U' => (8, "truncated \\UXXXXXXXX escape"),
            _ => {
                decoder.out.push_char(b'\\' as u32);
                decoder.out.push_char(code as u32);
                continue;
            }
        };
        let (value, seen) = hex_digits(input, at, count);
        at += seen;
        if seen < count {
            if at >= len && !last {
                at = start;
                break;
            }
            at = decoder.error(start, at, truncated)?;
        } else if value > 0x10ffff {
            at = decoder.error(start, at, "\\Uxxxxxxxx out of range")?;
        } else {
            decoder.out.push_char(value as u32);
        }
    }
    Ok((decoder.finish()?, at))
}

fn push_wide_escape(out: &mut Vec<u8>, c: u32) {
    let text = if c < 0x10000 { format!("\\u{c:04x}") } else { format!("\\U{c:08x}") };
    out.extend_from_slice(text.as_bytes());
}

/// Encodes `unicode_escape`.
pub fn encode_unicode_escape(text: &PyStr) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.data().iter() {
        match c {
            9 => out.extend_from_slice(b"\\t"),
            10 => out.extend_from_slice(b"\\n"),
            13 => out.extend_from_slice(b"\\r"),
            0x5c => out.extend_from_slice(b"\\\\"),
            32..=126 => out.push(c as u8),
            0..=255 => out.extend_from_slice(format!("\\x{c:02x}").as_bytes()),
            _ => push_wide_escape(&mut out, c),
        }
    }
    out
}

/// Encodes `raw_unicode_escape`.
pub fn encode_raw_unicode_escape(text: &PyStr) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.data().iter() {
        if c < 256 { out.push(c as u8) } else { push_wide_escape(&mut out, c) }
    }
    out
}

/// Decodes escapes in bytes (`codecs.escape_decode`).
///
/// # Errors
/// `ValueError`.
pub fn decode_bytes_escape(data: &[u8], errors: Option<&str>) -> PyResult<Vec<u8>> {
    let mut out = Vec::with_capacity(data.len());
    let mut invalid = None;
    let mut at = 0;
    while at < data.len() {
        let c = data[at];
        at += 1;
        if c != b'\\' {
            out.push(c);
            continue;
        }
        let Some(&code) = data.get(at) else {
            return Err(exc::value_error("Trailing \\ in string"));
        };
        at += 1;
        match code {
            b'\n' => {}
            b'\\' | b'\'' | b'"' => out.push(code),
            b'a' => out.push(7),
            b'b' => out.push(8),
            b't' => out.push(9),
            b'n' => out.push(10),
            b'v' => out.push(11),
            b'f' => out.push(12),
            b'r' => out.push(13),
            b'0'..=b'7' => {
                let mut value = (code - b'0') as u32;
                for _ in 0..2 {
                    match data.get(at) {
                        Some(&digit @ b'0'..=b'7') => {
                            value = value * 8 + (digit - b'0') as u32;
                            at += 1;
                        }
                        _ => break,
                    }
                }
                if value > 0o377 {
                    invalid.get_or_insert(InvalidEscape(value));
                }
                out.push(value as u8);
            }
            b'x' => {
                let (value, seen) = hex_digits(data, at, 2);
                if seen == 2 {
                    out.push(value as u8);
                    at += 2;
                    continue;
                }
                match errors {
                    None | Some("strict") => {
                        return Err(exc::value_error(format!("invalid \\x escape at position {}", at - 2)));
                    }
                    Some("replace") => out.push(b'?'),
                    Some("ignore") => {}
                    Some(other) => {
                        return Err(exc::value_error(format!("decoding error; unknown error handling code: {other}")));
                    }
                }
                at += seen;
            }
            _ => {
                invalid.get_or_insert(InvalidEscape(code as u32));
                out.push(b'\\');
                out.push(code);
            }
        }
    }
    warn_invalid(invalid)?;
    Ok(out)
}

/// Escapes bytes (`codecs.escape_encode`).
pub fn encode_bytes_escape(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    for &c in data {
        match c {
            b'\'' | b'\\' => out.extend_from_slice(&[b'\\', c]),
            9 => out.extend_from_slice(b"\\t"),
            10 => out.extend_from_slice(b"\\n"),
            13 => out.extend_from_slice(b"\\r"),
            32..=126 => out.push(c),
            _ => out.extend_from_slice(format!("\\x{c:02x}").as_bytes()),
        }
    }
    out
}

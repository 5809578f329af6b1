//! `repr()` of bytes.

use crate::types::str::StrBuilder;

/// Appends `b'...'`. A `bytearray` escapes single quotes in any case.
pub fn push_repr(out: &mut StrBuilder, data: &[u8], escape_single: bool) {
    let quote =
        if memchr::memchr(b'\'', data).is_some() && memchr::memchr(b'"', data).is_none() { b'"' } else { b'\'' };
    out.push_ascii(&[b'b', quote]);
    for &c in data {
        match c {
            b'\\' => out.push_ascii(b"\\\\"),
            b'\t' => out.push_ascii(b"\\t"),
            b'\n' => out.push_ascii(b"\\n"),
            b'\r' => out.push_ascii(b"\\r"),
            _ if c == quote || (escape_single && c == b'\'') => out.push_ascii(&[b'\\', c]),
            32..=126 => out.push_ascii(&[c]),
            _ => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.push_ascii(&[b'\\', b'x', HEX[(c >> 4) as usize], HEX[(c & 15) as usize]]);
            }
        }
    }
    out.push_ascii(&[quote]);
}

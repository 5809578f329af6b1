//! UTF-16 and UTF-32, in both byte orders and with byte order marks.

use super::errors::{Decoder, Encoder, Replacement};
use crate::object::Ref;
use crate::types::str::PyStr;
use crate::types::str::unicode::is_surrogate;
use crate::{PyResult, exc};

/// The order of bytes: as C's numbers, -1 little, 1 big, 0 native with a byte order mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    Little,
    Native,
    Big,
}

impl ByteOrder {
    pub fn from_number(number: i32) -> ByteOrder {
        match number {
            0 => ByteOrder::Native,
            n if n < 0 => ByteOrder::Little,
            _ => ByteOrder::Big,
        }
    }

    pub fn number(self) -> i32 {
        match self {
            ByteOrder::Little => -1,
            ByteOrder::Native => 0,
            ByteOrder::Big => 1,
        }
    }

    fn is_big(self) -> bool {
        match self {
            ByteOrder::Little => false,
            ByteOrder::Native => cfg!(target_endian = "big"),
            ByteOrder::Big => true,
        }
    }
}

/// Text, bytes read, and the byte order that was found.
pub type Decoded = (Ref<PyStr>, usize, ByteOrder);

/// Decodes UTF-16. With `last` false, an incomplete sequence at the end is left alone.
///
/// # Errors
/// `UnicodeDecodeError`, `MemoryError`, or what a registered handler raises.
pub fn decode_utf16(data: &[u8], errors: Option<&str>, mut order: ByteOrder, last: bool) -> PyResult<Decoded> {
    let mut at = 0;
    if order == ByteOrder::Native {
        match data {
            [0xff, 0xfe, ..] => (order, at) = (ByteOrder::Little, 2),
            [0xfe, 0xff, ..] => (order, at) = (ByteOrder::Big, 2),
            _ => {}
        }
    }
    let big = order.is_big();
    let mut decoder = Decoder::new(if big { "utf-16-be" } else { "utf-16-le" }, errors, data);
    decoder.out.reserve(data.len() / 2);
    let unit = |input: &[u8], at: usize| {
        let pair = [input[at], input[at + 1]];
        (if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }) as u32
    };
    while at < decoder.input.len() {
        let len = decoder.input.len();
        if len - at < 2 {
            if !last {
                break;
            }
            at = decoder.error(at, len, "truncated data")?;
            continue;
        }
        let first = unit(&decoder.input, at);
        match first {
            0xd800..=0xdbff => {
                if len - at < 4 {
                    if !last {
                        break;
                    }
                    at = decoder.error(at, len, "unexpected end of data")?;
                    continue;
                }
                let second = unit(&decoder.input, at + 2);
                if (0xdc00..=0xdfff).contains(&second) {
                    decoder.out.push_char(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
                    at += 4;
                } else {
                    at = decoder.error(at, at + 2, "illegal UTF-16 surrogate")?;
                }
            }
            0xdc00..=0xdfff => at = decoder.error(at, at + 2, "illegal encoding")?,
            c => {
                decoder.out.push_char(c);
                at += 2;
            }
        }
    }
    Ok((decoder.finish()?, at, order))
}

/// Decodes UTF-32. With `last` false, an incomplete sequence at the end is left alone.
///
/// # Errors
/// `UnicodeDecodeError`, `MemoryError`, or what a registered handler raises.
pub fn decode_utf32(data: &[u8], errors: Option<&str>, mut order: ByteOrder, last: bool) -> PyResult<Decoded> {
    let mut at = 0;
    if order == ByteOrder::Native {
        match data {
            [0xff, 0xfe, 0, 0, ..] => (order, at) = (ByteOrder::Little, 4),
            [0, 0, 0xfe, 0xff, ..] => (order, at) = (ByteOrder::Big, 4),
            _ => {}
        }
    }
    let big = order.is_big();
    let mut decoder = Decoder::new(if big { "utf-32-be" } else { "utf-32-le" }, errors, data);
    decoder.out.reserve(data.len() / 4);
    while at < decoder.input.len() {
        let len = decoder.input.len();
        if len - at < 4 {
            if !last {
                break;
            }
            at = decoder.error(at, len, "truncated data")?;
            continue;
        }
        let input = &decoder.input;
        let bytes = [input[at], input[at + 1], input[at + 2], input[at + 3]];
        let c = if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        if is_surrogate(c) {
            at = decoder.error(at, at + 4, "code point in surrogate code point range(0xd800, 0xe000)")?;
        } else if c > 0x10ffff {
            at = decoder.error(at, at + 4, "code point not in range(0x110000)")?;
        } else {
            decoder.out.push_char(c);
            at += 4;
        }
    }
    Ok((decoder.finish()?, at, order))
}

/// Encodes in units of `WIDTH` bytes.
fn encode<const WIDTH: usize>(
    text: &PyStr,
    errors: Option<&str>,
    order: ByteOrder,
    names: [&str; 3],
) -> PyResult<Vec<u8>> {
    let name = names[(order.number() + 1) as usize];
    let big = order.is_big();
    let mut out = Vec::new();
    let data = text.data();
    let room = (data.len() + 1).checked_mul(4).ok_or_else(exc::memory_error)?;
    out.try_reserve(room).map_err(|_| exc::memory_error())?;
    let push_unit = |out: &mut Vec<u8>, unit: u32| match (WIDTH, big) {
        (2, false) => out.extend_from_slice(&(unit as u16).to_le_bytes()),
        (2, true) => out.extend_from_slice(&(unit as u16).to_be_bytes()),
        (_, false) => out.extend_from_slice(&unit.to_le_bytes()),
        (_, true) => out.extend_from_slice(&unit.to_be_bytes()),
    };
    let push = |out: &mut Vec<u8>, c: u32| {
        if WIDTH == 2 && c > 0xffff {
            push_unit(out, 0xd800 + ((c - 0x10000) >> 10));
            push_unit(out, 0xdc00 + ((c - 0x10000) & 0x3ff));
        } else {
            push_unit(out, c);
        }
    };
    if order == ByteOrder::Native {
        push(&mut out, 0xfeff);
    }
    let mut encoder = Encoder::new(name, errors, text);
    let mut at = 0;
    while at < data.len() {
        let c = data.at(at);
        if !is_surrogate(c) {
            push(&mut out, c);
            at += 1;
            continue;
        }
        const REASON: &str = "surrogates not allowed";
        let (replacement, position) = encoder.error(at, at + 1, REASON)?;
        match replacement {
            Replacement::Bytes(bytes) if bytes.len() % WIDTH == 0 => out.extend_from_slice(&bytes),
            Replacement::Text(text) if text.is_ascii() => {
                for c in text.data().iter() {
                    push(&mut out, c);
                }
            }
            _ => return Err(encoder.strict(at, at + 1, REASON)),
        }
        at = position;
    }
    Ok(out)
}

/// Encodes UTF-16.
///
/// # Errors
/// `UnicodeEncodeError`, `MemoryError`, or what a registered handler raises.
pub fn encode_utf16(text: &PyStr, errors: Option<&str>, order: ByteOrder) -> PyResult<Vec<u8>> {
    encode::<2>(text, errors, order, ["utf-16-le", "utf-16", "utf-16-be"])
}

/// Encodes UTF-32.
///
/// # Errors
/// `UnicodeEncodeError`, `MemoryError`, or what a registered handler raises.
pub fn encode_utf32(text: &PyStr, errors: Option<&str>, order: ByteOrder) -> PyResult<Vec<u8>> {
    encode::<4>(text, errors, order, ["utf-32-le", "utf-32", "utf-32-be"])
}

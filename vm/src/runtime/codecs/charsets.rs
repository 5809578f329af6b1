//! ASCII and Latin-1.

use super::errors::{Decoder, Encoder, Replacement};
use crate::object::Ref;
use crate::types::str::{PyStr, StrData};
use crate::{PyResult, exc};

/// Decodes ASCII.
///
/// # Errors
/// `UnicodeDecodeError`, `MemoryError`, or what a registered handler raises.
pub fn decode_ascii(data: &[u8], errors: Option<&str>) -> PyResult<Ref<PyStr>> {
    if data.is_ascii() {
        // SAFETY: just checked.
        return unsafe { PyStr::from_ascii_unchecked(data) };
    }
    let mut decoder = Decoder::new("ascii", errors, data);
    let mut at = 0;
    while at < decoder.input.len() {
        let rest = &decoder.input[at..];
        let good = rest.iter().position(|&c| c >= 128).unwrap_or(rest.len());
        decoder.out.push_ascii(&rest[..good]);
        at += good;
        if at < decoder.input.len() {
            at = decoder.error(at, at + 1, "ordinal not in range(128)")?;
        }
    }
    decoder.finish()
}

/// Encodes characters below `limit`, one byte each.
fn encode_below(text: &PyStr, errors: Option<&str>, limit: u32, name: &str) -> PyResult<Vec<u8>> {
    let mut out = Vec::new();
    out.try_reserve(text.len()).map_err(|_| exc::memory_error())?;
    match text.data() {
        StrData::Latin1(s) if limit == 256 || text.is_ascii() => {
            out.extend_from_slice(s);
            return Ok(out);
        }
        _ => {}
    }
    let reason = if limit == 256 { "ordinal not in range(256)" } else { "ordinal not in range(128)" };
    let mut encoder = Encoder::new(name, errors, text);
    let data = text.data();
    let mut at = 0;
    while at < data.len() {
        let c = data.at(at);
        if c < limit {
            out.push(c as u8);
            at += 1;
            continue;
        }
        let mut end = at + 1;
        while end < data.len() && data.at(end) >= limit {
            end += 1;
        }
        let (replacement, position) = encoder.error(at, end, reason)?;
        match replacement {
            Replacement::Bytes(bytes) => out.extend_from_slice(&bytes),
            Replacement::Text(replacement) => {
                for c in replacement.data().iter() {
                    if c >= limit {
                        return Err(encoder.strict(at, end, reason));
                    }
                    out.push(c as u8);
                }
            }
        }
        at = position;
    }
    Ok(out)
}

/// Encodes ASCII.
///
/// # Errors
/// `UnicodeEncodeError`, `MemoryError`, or what a registered handler raises.
pub fn encode_ascii(text: &PyStr, errors: Option<&str>) -> PyResult<Vec<u8>> {
    encode_below(text, errors, 128, "ascii")
}

/// Encodes Latin-1.
///
/// # Errors
/// `UnicodeEncodeError`, `MemoryError`, or what a registered handler raises.
pub fn encode_latin1(text: &PyStr, errors: Option<&str>) -> PyResult<Vec<u8>> {
    encode_below(text, errors, 256, "latin-1")
}

//! UTF-8.

use super::errors::{Decoder, Encoder, Replacement};
use crate::object::Ref;
use crate::types::str::unicode::is_surrogate;
use crate::types::str::{PyStr, StrData};
use crate::{PyResult, exc};

/// Decodes. With `last` false, an incomplete sequence at the end is left alone; the second result tells how much was read.
///
/// # Errors
/// `UnicodeDecodeError`, `MemoryError`, or what a registered handler raises.
pub fn decode(data: &[u8], errors: Option<&str>, last: bool) -> PyResult<(Ref<PyStr>, usize)> {
    if let Ok(text) = core::str::from_utf8(data) {
        return Ok((PyStr::try_new(text)?, data.len()));
    }
    let mut decoder = Decoder::new("utf-8", errors, data);
    let mut at = 0;
    while at < decoder.input.len() {
        let (valid, problem) = match core::str::from_utf8(&decoder.input[at..]) {
            Ok(_) => (decoder.input.len() - at, None),
            Err(err) => (err.valid_up_to(), Some(err.error_len())),
        };
        if valid > 0 {
            // SAFETY: just validated.
            decoder.out.push_str(unsafe { core::str::from_utf8_unchecked(&decoder.input[at..at + valid]) });
            at += valid;
        }
        let Some(bad) = problem else { break };
        let rest = &decoder.input[at..];
        let (len, reason) = match bad {
            None if !last => break,
            None => (rest.len(), "unexpected end of data"),
            // The start of a surrogate may be completed by the next piece of data.
            Some(_) if !last && rest.len() == 2 && rest[0] == 0xed && (0xa0..=0xbf).contains(&rest[1]) => break,
            Some(len) if (0xc2..=0xf4).contains(&rest[0]) => (len, "invalid continuation byte"),
            Some(len) => (len, "invalid start byte"),
        };
        at = decoder.error(at, at + len, reason)?;
    }
    Ok((decoder.finish()?, at))
}

/// Encodes.
///
/// # Errors
/// `UnicodeEncodeError` for surrogates, `MemoryError`, or what a registered handler raises.
pub fn encode(text: &PyStr, errors: Option<&str>) -> PyResult<Vec<u8>> {
    let mut out = Vec::new();
    let data = text.data();
    let room = match data {
        StrData::Latin1(s) if text.is_ascii() => s.len(),
        StrData::Latin1(s) => s.len() + s.len() / 2,
        StrData::Ucs2(s) => s.len().saturating_mul(3),
        StrData::Ucs4(s) => s.len().saturating_mul(4),
    };
    out.try_reserve(room).map_err(|_| exc::memory_error())?;
    if text.is_ascii() {
        out.extend_from_slice(text.data_bytes());
        return Ok(out);
    }
    let mut encoder = Encoder::new("utf-8", errors, text);
    let mut at = 0;
    while at < data.len() {
        if let Some(c) = char::from_u32(data.at(at)) {
            crate::types::str::create::push_utf8(&mut out, c);
            at += 1;
            continue;
        }
        let mut end = at + 1;
        while end < data.len() && is_surrogate(data.at(end)) {
            end += 1;
        }
        const REASON: &str = "surrogates not allowed";
        let (replacement, position) = encoder.error(at, end, REASON)?;
        match replacement {
            Replacement::Bytes(bytes) => out.extend_from_slice(&bytes),
            Replacement::Text(text) => match text.as_ascii() {
                Some(ascii) => out.extend_from_slice(ascii.as_bytes()),
                None => return Err(encoder.strict(at, end, REASON)),
            },
        }
        at = position;
    }
    Ok(out)
}

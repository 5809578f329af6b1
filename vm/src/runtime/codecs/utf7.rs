//! UTF-7 (RFC 2152): ASCII with runs of UTF-16 in base 64 between `+` and `-`.

use super::errors::Decoder;
use crate::PyResult;
use crate::object::Ref;
use crate::types::str::PyStr;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn from_base64(c: u8) -> Option<u32> {
    match c {
        b'A'..=b'Z' => Some((c - b'A') as u32),
        b'a'..=b'z' => Some((c - b'a') as u32 + 26),
        b'0'..=b'9' => Some((c - b'0') as u32 + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// Characters that the encoder leaves alone.
fn is_direct(c: u32) -> bool {
    match u8::try_from(c) {
        Ok(b'+' | b'\\' | b'~' | 0) => false,
        Ok(b'\t' | b'\n' | b'\r' | 32..=126) => true,
        _ => false,
    }
}

/// A run of base 64 while it is read.
struct Run {
    /// Where its `+` stands in the input, and how long the output was before.
    start: usize,
    out_len: usize,
    buffer: u32,
    bits: u32,
    /// A high surrogate that waits for its partner.
    surrogate: Option<u32>,
}

/// Decodes. With `last` false, an open run at the end is left alone.
///
/// # Errors
/// `UnicodeDecodeError`, `MemoryError`, or what a registered handler raises.
pub fn decode(data: &[u8], errors: Option<&str>, last: bool) -> PyResult<(Ref<PyStr>, usize)> {
    let mut decoder = Decoder::new("utf7", errors, data);
    let mut run: Option<Run> = None;
    let mut at = 0;
    loop {
        while at < decoder.input.len() {
            let c = decoder.input[at];
            if let Some(open) = &mut run {
                if let Some(value) = from_base64(c) {
                    at += 1;
                    open.buffer = (open.buffer << 6) | value;
                    open.bits += 6;
                    if open.bits >= 16 {
                        let unit = (open.buffer >> (open.bits - 16)) & 0xffff;
                        open.bits -= 16;
                        open.buffer &= (1 << open.bits) - 1;
                        if let Some(high) = open.surrogate.take() {
                            if (0xdc00..=0xdfff).contains(&unit) {
                                decoder.out.push_char(0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
                                continue;
                            }
                            decoder.out.push_char(high);
                        }
                        if (0xd800..=0xdbff).contains(&unit) {
                            open.surrogate = Some(unit);
                        } else {
                            decoder.out.push_char(unit);
                        }
                    }
                    continue;
                }
                let Run { start, buffer, bits, surrogate, .. } = *open;
                run = None;
                let problem = if bits >= 6 {
                    Some("partial character in shift sequence")
                } else if bits > 0 && buffer != 0 {
                    Some("non-zero padding bits in shift sequence")
                } else {
                    None
                };
                if let Some(reason) = problem {
                    at = decoder.error(start, at + 1, reason)?;
                    continue;
                }
                if let Some(high) = surrogate
                    && c < 128
                    && c != b'+'
                {
                    decoder.out.push_char(high);
                }
                if c == b'-' {
                    at += 1;
                }
            } else if c == b'+' {
                let start = at;
                at += 1;
                match decoder.input.get(at) {
                    Some(b'-') => {
                        at += 1;
                        decoder.out.push_char(b'+' as u32);
                    }
                    Some(&next) if from_base64(next).is_none() => {
                        at = decoder.error(start, at + 1, "ill-formed sequence")?;
                    }
                    _ => {
                        let out_len = decoder.out.len();
                        run = Some(Run { start, out_len, buffer: 0, bits: 0, surrogate: None });
                    }
                }
            } else if c < 128 {
                decoder.out.push_char(c as u32);
                at += 1;
            } else {
                at = decoder.error(at, at + 1, "unexpected special character")?;
            }
        }
        match &run {
            Some(open) if last => {
                let incomplete = open.surrogate.is_some() || open.bits >= 6 || (open.bits > 0 && open.buffer != 0);
                let start = open.start;
                run = None;
                if incomplete {
                    at = decoder.error(start, decoder.input.len(), "unterminated shift sequence")?;
                    if at < decoder.input.len() {
                        continue;
                    }
                }
            }
            Some(open) => {
                at = open.start;
                decoder.out.truncate(open.out_len);
            }
            None => {}
        }
        break;
    }
    Ok((decoder.finish()?, at))
}

/// Encodes. Every character, surrogates included, has a form.
pub fn encode(text: &PyStr) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut in_run = false;
    let mut buffer = 0u64;
    let mut bits = 0u32;
    for c in text.data().iter() {
        if in_run && is_direct(c) {
            if bits > 0 {
                out.push(BASE64[((buffer << (6 - bits)) & 0x3f) as usize]);
                buffer = 0;
                bits = 0;
            }
            in_run = false;
            let c = c as u8;
            // Other characters end the run by themselves.
            if from_base64(c).is_some() || c == b'-' {
                out.push(b'-');
            }
            out.push(c);
            continue;
        }
        if !in_run {
            if c == b'+' as u32 {
                out.extend_from_slice(b"+-");
                continue;
            }
            if is_direct(c) {
                out.push(c as u8);
                continue;
            }
            out.push(b'+');
            in_run = true;
        }
        let mut units = [c, 0];
        let mut count = 1;
        if c >= 0x10000 {
            units = [0xd800 + ((c - 0x10000) >> 10), 0xdc00 + ((c - 0x10000) & 0x3ff)];
            count = 2;
        }
        for &unit in &units[..count] {
            buffer = (buffer << 16) | unit as u64;
            bits += 16;
            while bits >= 6 {
                bits -= 6;
                out.push(BASE64[((buffer >> bits) & 0x3f) as usize]);
            }
            buffer &= (1 << bits) - 1;
        }
    }
    if in_run {
        if bits > 0 {
            out.push(BASE64[((buffer << (6 - bits)) & 0x3f) as usize]);
        }
        out.push(b'-');
    }
    out
}

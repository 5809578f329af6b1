//! Codecs of single and double bytes without a state.

use std::sync::LazyLock;

use rpy_vm::types::str::StrBuilder;

use super::codec::{Codec, Fail, State, push_code};
use super::hangul;
use super::tables::{self, Table};

/// The two bytes that the input starts with.
///
/// # Errors
/// `TooFew`.
pub fn pair(input: &[u8]) -> Result<(u8, u8), Fail> {
    match *input {
        [lead, trail, ..] => Ok((lead, trail)),
        _ => Err(Fail::TooFew),
    }
}

/// Half-width katakana of a byte.
fn kana(byte: u8) -> Option<u32> {
    matches!(byte, 0xa1..=0xdf).then(|| 0xfec0 + byte as u32)
}

/// The byte of half-width katakana.
fn kana_byte(c: u32) -> Option<u8> {
    matches!(c, 0xff61..=0xff9f).then(|| (c - 0xfec0) as u8)
}

/// ASCII and one table.
pub struct Plain(pub &'static LazyLock<Table>);

impl Codec for Plain {
    fn decode(&self, _state: &mut State, input: &[u8], out: &mut StrBuilder) -> Result<usize, Fail> {
        if input[0] < 0x80 {
            out.push_char(input[0] as u32);
            return Ok(1);
        }
        let (lead, trail) = pair(input)?;
        out.push_char(self.0.decode(lead, trail).ok_or(Fail::Illegal(1))?);
        Ok(2)
    }

    fn encode(
        &self,
        _state: &mut State,
        c: u32,
        _next: Option<u32>,
        _flush: bool,
        out: &mut Vec<u8>,
    ) -> Result<usize, Fail> {
        if c < 0x80 {
            out.push(c as u8);
        } else {
            push_code(out, self.0.encode(c).ok_or(Fail::Illegal(1))?);
        }
        Ok(1)
    }
}

/// Big5 with Hong Kong's characters, four of which are two of Unicode's.
pub struct Hkscs;

/// A letter, what may follow it, the code of both, and the code of the letter alone.
const HKSCS_PAIRS: [(u32, u32, u16, u16); 4] = [
    (0xca, 0x304, 0x8862, 0x8866),
    (0xca, 0x30c, 0x8864, 0x8866),
    (0xea, 0x304, 0x88a3, 0x88a7),
    (0xea, 0x30c, 0x88a5, 0x88a7),
];

impl Codec for Hkscs {
    fn decode(&self, state: &mut State, input: &[u8], out: &mut StrBuilder) -> Result<usize, Fail> {
        if let [lead @ 0x88, trail, ..] = *input
            && let Some(found) = HKSCS_PAIRS.iter().find(|found| found.2 == u16::from_be_bytes([lead, trail]))
        {
            out.push_char(found.0);
            out.push_char(found.1);
            return Ok(2);
        }
        Plain(&tables::BIG5HKSCS).decode(state, input, out)
    }

    fn encode(
        &self,
        state: &mut State,
        c: u32,
        next: Option<u32>,
        flush: bool,
        out: &mut Vec<u8>,
    ) -> Result<usize, Fail> {
        if matches!(c, 0xca | 0xea) {
            if next.is_none() && !flush {
                return Err(Fail::TooFew);
            }
            if let Some(found) = HKSCS_PAIRS.iter().find(|found| found.0 == c && Some(found.1) == next) {
                push_code(out, found.2);
                return Ok(2);
            }
        }
        Plain(&tables::BIG5HKSCS).encode(state, c, next, flush, out)
    }
}

/// EUC-KR, which spells syllables that KS X 1001 lacks with eight bytes.
pub struct EucKr;

impl Codec for EucKr {
    fn decode(&self, _state: &mut State, input: &[u8], out: &mut StrBuilder) -> Result<usize, Fail> {
        if input[0] < 0x80 {
            out.push_char(input[0] as u32);
            return Ok(1);
        }
        let (lead, trail) = pair(input)?;
        if (lead, trail) == (0xa4, 0xd4) {
            let Some(spelled) = input.get(..8) else { return Err(Fail::TooFew) };
            out.push_char(hangul::read_spelled(spelled).ok_or(Fail::Illegal(1))?);
            return Ok(8);
        }
        let c = if trail >= 0xa1 && lead >= 0xa1 { tables::CP949.decode(lead, trail) } else { None };
        out.push_char(c.ok_or(Fail::Illegal(1))?);
        Ok(2)
    }

    fn encode(
        &self,
        _state: &mut State,
        c: u32,
        _next: Option<u32>,
        _flush: bool,
        out: &mut Vec<u8>,
    ) -> Result<usize, Fail> {
        if c < 0x80 {
            out.push(c as u8);
            return Ok(1);
        }
        let code = tables::CP949.encode(c).ok_or(Fail::Illegal(1))?;
        if code >= 0xa1a1 && code & 0xff >= 0xa1 {
            push_code(out, code);
        } else {
            out.extend_from_slice(&hangul::spell(c));
        }
        Ok(1)
    }
}

/// KS X 1001 within both ranges of `CP949`.
pub fn ksx1001(c: u32) -> Option<u16> {
    tables::CP949.encode(c).filter(|code| *code >= 0xa1a1 && code & 0xff >= 0xa1)
}

/// Shift JIS of a row, counted from 0, and a column, 8-bit.
pub fn to_shift(row: u16, column: u16) -> u16 {
    let place = column - 0xa1 + if row & 1 == 1 { 94 } else { 0 };
    let lead = if row < 62 { 0x81 + row / 2 } else { 0xc1 + row / 2 };
    lead << 8 | (0x40 + place + (place >= 63) as u16)
}

/// The row, counted from 0, and the column, 8-bit, of Shift JIS; there are 120 rows.
pub fn from_shift(lead: u8, trail: u8) -> Option<(u16, u8)> {
    let row = match lead {
        0x81..=0x9f => (lead as u16 - 0x81) * 2,
        0xe0..=0xfc => (lead as u16 - 0xc1) * 2,
        _ => return None,
    };
    let place = match trail {
        0x40..=0x7e => trail - 0x40,
        0x80..=0xfc => trail - 0x41,
        _ => return None,
    };
    Some((row + (place >= 94) as u16, place % 94 + 0xa1))
}

/// Shift JIS: JIS X 0201 and JIS X 0208.
pub struct ShiftJis;

impl Codec for ShiftJis {
    fn decode(&self, _state: &mut State, input: &[u8], out: &mut StrBuilder) -> Result<usize, Fail> {
        let byte = input[0];
        if let Some(c) = kana(byte).or((byte < 0x80).then_some(byte as u32)) {
            out.push_char(c);
            return Ok(1);
        }
        // What begins with a later byte is in none of the 94 rows.
        if !matches!(byte, 0x81..=0x9f | 0xe0..=0xea) {
            return Err(Fail::Illegal(1));
        }
        let (lead, trail) = pair(input)?;
        let c = from_shift(lead, trail)
            .filter(|&(row, _)| row < 94)
            .and_then(|(row, column)| tables::JISX0208.decode(row as u8 + 0xa1, column));
        out.push_char(c.ok_or(Fail::Illegal(1))?);
        Ok(2)
    }

    fn encode(
        &self,
        _state: &mut State,
        c: u32,
        _next: Option<u32>,
        _flush: bool,
        out: &mut Vec<u8>,
    ) -> Result<usize, Fail> {
        match c {
            0..=0x7f => out.push(c as u8),
            0xa5 => out.push(0x5c),
            0x203e => out.push(0x7e),
            _ => match kana_byte(c) {
                Some(byte) => out.push(byte),
                None => {
                    let code = tables::JISX0208.encode(c).ok_or(Fail::Illegal(1))?;
                    push_code(out, to_shift((code >> 8) - 0xa1, code & 0xff));
                }
            },
        }
        Ok(1)
    }
}

/// Code page 932.
pub struct Cp932;

impl Codec for Cp932 {
    fn decode(&self, _state: &mut State, input: &[u8], out: &mut StrBuilder) -> Result<usize, Fail> {
        let byte = input[0];
        let single = match byte {
            0..=0x80 => byte as u32,
            0xa0 => 0xf8f0,
            0xa1..=0xdf => 0xfec0 + byte as u32,
            0xfd..=0xff => 0xf8f1 + (byte - 0xfd) as u32,
            _ => {
                let (lead, trail) = pair(input)?;
                out.push_char(tables::CP932.decode(lead, trail).ok_or(Fail::Illegal(1))?);
                return Ok(2);
            }
        };
        out.push_char(single);
        Ok(1)
    }

    fn encode(
        &self,
        _state: &mut State,
        c: u32,
        _next: Option<u32>,
        _flush: bool,
        out: &mut Vec<u8>,
    ) -> Result<usize, Fail> {
        match c {
            0..=0x80 => out.push(c as u8),
            0xf8f0 => out.push(0xa0),
            0xf8f1..=0xf8f3 => out.push((c - 0xf8f1) as u8 + 0xfd),
            _ => match kana_byte(c) {
                Some(byte) => out.push(byte),
                None => push_code(out, tables::CP932.encode(c).ok_or(Fail::Illegal(1))?),
            },
        }
        Ok(1)
    }
}

/// EUC-JP: ASCII, half-width katakana behind 0x8e, JIS X 0208, JIS X 0212 behind 0x8f.
pub struct EucJp;

/// Half-width katakana as EUC has it.
///
/// # Errors
/// As steps do.
pub fn euc_kana(input: &[u8], out: &mut StrBuilder) -> Result<usize, Fail> {
    let (_, trail) = pair(input)?;
    out.push_char(kana(trail).ok_or(Fail::Illegal(1))?);
    Ok(2)
}

/// Appends half-width katakana as EUC has it, if it is that.
pub fn push_euc_kana(c: u32, out: &mut Vec<u8>) -> bool {
    match kana_byte(c) {
        Some(byte) => {
            out.extend_from_slice(&[0x8e, byte]);
            true
        }
        None => false,
    }
}

impl Codec for EucJp {
    fn decode(&self, _state: &mut State, input: &[u8], out: &mut StrBuilder) -> Result<usize, Fail> {
        let (c, taken) = match input[0] {
            byte @ 0..=0x7f => (Some(byte as u32), 1),
            0x8e => return euc_kana(input, out),
            0x8f => match *input {
                [_, lead, trail, ..] if lead >= 0x80 && trail >= 0x80 => (tables::JISX0212.decode(lead, trail), 3),
                [_, _, _, ..] => return Err(Fail::Illegal(1)),
                _ => return Err(Fail::TooFew),
            },
            _ => {
                let (lead, trail) = pair(input)?;
                (if trail >= 0x80 { tables::JISX0208.decode(lead, trail) } else { None }, 2)
            }
        };
        out.push_char(c.ok_or(Fail::Illegal(1))?);
        Ok(taken)
    }

    fn encode(
        &self,
        _state: &mut State,
        c: u32,
        _next: Option<u32>,
        _flush: bool,
        out: &mut Vec<u8>,
    ) -> Result<usize, Fail> {
        match c {
            0..=0x7f => out.push(c as u8),
            0xa5 => out.push(0x5c),
            0x203e => out.push(0x7e),
            _ if push_euc_kana(c, out) => {}
            _ => {
                if let Some(code) = tables::JISX0208.encode(c) {
                    push_code(out, code);
                } else {
                    let code = tables::JISX0212.encode(c).ok_or(Fail::Illegal(1))?;
                    out.push(0x8f);
                    push_code(out, code);
                }
            }
        }
        Ok(1)
    }
}

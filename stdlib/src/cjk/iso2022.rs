//! ISO 2022: escape sequences choose which set of characters the bytes are of.
//!
//! The first three bytes of the state are the sets in G0, G1 and G2, by their marks: the last byte of the escape sequence, with the
//! upper bit set for sets of two bytes. The fifth byte holds flags.

use rpy_vm::types::str::StrBuilder;

use super::codec::{Codec, Fail, State, push_code};
use super::double::ksx1001;
use super::jisx0213::{Edition, Meaning};
use super::tables;

const ESC: u8 = 0x1b;
const SO: u8 = 0x0e;
const SI: u8 = 0x0f;
/// G1 is in use.
const SHIFTED: u8 = 1;
/// An escape sequence of some other sort is copied.
const COPYING: u8 = 2;
const FLAGS: usize = 4;
const ASCII: u8 = b'B';
/// Of marks: the set has two bytes.
const DOUBLE: u8 = 0x80;
/// Escape sequences are shorter than this.
const MAX_ESCAPE: usize = 16;

/// A set of characters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    /// JIS X 0201, the Roman half.
    Roman,
    /// JIS X 0201, the katakana half.
    Katakana,
    Jisx0208,
    /// The same under the mark of its first edition.
    OldJisx0208,
    Jisx0212,
    /// The codes of two characters in the first plane of JIS X 0213, which go before JIS X 0208 when encoding.
    Jisx0213Pairs(Edition),
    Jisx0213(Edition),
    Jisx0213Second(Edition),
    /// KS X 1001, in G0 or G1.
    Ksx1001 {
        plane: usize,
    },
    Gb2312,
    /// The upper halves of ISO 8859, in G2: only for decoding.
    Latin1,
    Greek,
}

impl Set {
    fn mark(self) -> u8 {
        match self {
            Set::Roman => b'J',
            Set::Katakana => b'I',
            Set::Jisx0208 => b'B' | DOUBLE,
            Set::OldJisx0208 => b'@' | DOUBLE,
            Set::Jisx0212 => b'D' | DOUBLE,
            Set::Jisx0213(Edition::Of2000) | Set::Jisx0213Pairs(Edition::Of2000) => b'O' | DOUBLE,
            Set::Jisx0213(Edition::Of2004) | Set::Jisx0213Pairs(Edition::Of2004) => b'Q' | DOUBLE,
            Set::Jisx0213Second(_) => b'P' | DOUBLE,
            Set::Ksx1001 { .. } => b'C' | DOUBLE,
            Set::Gb2312 => b'A' | DOUBLE,
            Set::Latin1 => b'A',
            Set::Greek => b'F',
        }
    }

    fn width(self) -> usize {
        if self.mark() & DOUBLE != 0 { 2 } else { 1 }
    }

    fn plane(self) -> usize {
        match self {
            Set::Ksx1001 { plane } => plane,
            Set::Latin1 | Set::Greek => 2,
            _ => 0,
        }
    }

    /// What a code of as many bytes as the set's width means.
    fn decode(self, bytes: &[u8]) -> Option<Meaning> {
        let lead = bytes[0] | 0x80;
        let trail = match bytes.get(1) {
            Some(trail) if *trail >= 0x80 => return None,
            Some(trail) => trail | 0x80,
            None => 0,
        };
        let c = match self {
            Set::Roman => Some(match bytes[0] {
                0x5c => 0xa5,
                0x7e => 0x203e,
                byte => byte as u32,
            }),
            Set::Katakana => matches!(lead, 0xa1..=0xdf).then(|| 0xfec0 + lead as u32),
            Set::Jisx0208 | Set::OldJisx0208 => tables::JISX0208.decode(lead, trail),
            Set::Jisx0212 => tables::JISX0212.decode(lead, trail),
            Set::Jisx0213(_) | Set::Jisx0213Pairs(_) if (lead, trail) == (0xa2, 0xb2) => Some(0x7e),
            Set::Jisx0213(edition) | Set::Jisx0213Pairs(edition) => return edition.decode_first(lead, trail),
            Set::Jisx0213Second(_) => Edition::Of2004.decode_second(lead, trail),
            Set::Ksx1001 { .. } => tables::CP949.decode(lead, trail).filter(|_| lead >= 0xa1 && trail >= 0xa1),
            Set::Gb2312 => tables::GB2312.decode(lead, trail),
            Set::Latin1 | Set::Greek => None,
        };
        c.map(Meaning::One)
    }

    /// The code of a character, in seven bits, and of how many characters it is.
    fn encode(self, c: u32, next: Option<u32>, flush: bool) -> Result<Option<(u16, usize)>, Fail> {
        let code = match self {
            Set::Roman => match c {
                0xa5 => Some(0x5c),
                0x203e => Some(0x7e),
                _ => None,
            },
            Set::Katakana => matches!(c, 0xff61..=0xff9f).then(|| (c - 0xff40) as u16),
            Set::Jisx0208 | Set::OldJisx0208 => tables::JISX0208.encode(c),
            Set::Jisx0212 => tables::JISX0212.encode(c),
            Set::Jisx0213Pairs(edition) => {
                return Ok(edition.encode_pair(c, next, flush)?.map(|code| (code & 0x7f7f, 2)));
            }
            Set::Jisx0213(_) if c == 0xff5e => None,
            Set::Jisx0213(edition) => edition.encode_one(c).filter(|found| !found.1).map(|found| found.0),
            Set::Jisx0213Second(edition) => edition.encode_one(c).filter(|found| found.1).map(|found| found.0),
            Set::Ksx1001 { .. } => ksx1001(c),
            Set::Gb2312 => tables::GB2312.encode(c),
            Set::Latin1 | Set::Greek => None,
        };
        Ok(code.map(|code| (code & 0x7f7f, 1)))
    }
}

/// The upper half of ISO 8859-7 of 1987.
fn greek(byte: u8) -> Option<u32> {
    if matches!(byte, 0xa4 | 0xa5 | 0xaa) {
        return None;
    }
    let bytes = [byte];
    let text = encoding_rs::ISO_8859_7.decode_without_bom_handling_and_without_replacement(&bytes)?;
    text.chars().next().map(u32::from)
}

/// An encoding: its sets in the order in which encoding tries them.
pub struct Iso2022 {
    sets: &'static [Set],
    /// Are SO and SI characters like others?
    no_shift: bool,
    /// Is a set in G2 used?
    has_g2: bool,
    /// Is there the escape sequence that announces the second edition of JIS X 0208?
    has_announcer: bool,
}

const JP: Iso2022 = Iso2022 { sets: &[], no_shift: true, has_g2: false, has_announcer: true };

pub static ISO2022_KR: Iso2022 =
    Iso2022 { sets: &[Set::Ksx1001 { plane: 1 }], no_shift: false, has_g2: false, has_announcer: false };
pub static ISO2022_JP: Iso2022 = Iso2022 { sets: &[Set::Jisx0208, Set::Roman, Set::OldJisx0208], ..JP };
pub static ISO2022_JP_1: Iso2022 =
    Iso2022 { sets: &[Set::Jisx0208, Set::Jisx0212, Set::Roman, Set::OldJisx0208], ..JP };
pub static ISO2022_JP_2: Iso2022 = Iso2022 {
    sets: &[
        Set::Jisx0208,
        Set::Jisx0212,
        Set::Ksx1001 { plane: 0 },
        Set::Gb2312,
        Set::Roman,
        Set::OldJisx0208,
        Set::Latin1,
        Set::Greek,
    ],
    has_g2: true,
    ..JP
};
pub static ISO2022_JP_2004: Iso2022 = Iso2022 {
    sets: &[
        Set::Jisx0213Pairs(Edition::Of2004),
        Set::Jisx0208,
        Set::Jisx0213(Edition::Of2004),
        Set::Jisx0213Second(Edition::Of2004),
    ],
    ..JP
};
pub static ISO2022_JP_3: Iso2022 = Iso2022 {
    sets: &[
        Set::Jisx0213Pairs(Edition::Of2000),
        Set::Jisx0208,
        Set::Jisx0213(Edition::Of2000),
        Set::Jisx0213Second(Edition::Of2000),
    ],
    ..JP
};
pub static ISO2022_JP_EXT: Iso2022 =
    Iso2022 { sets: &[Set::Jisx0208, Set::Jisx0212, Set::Roman, Set::Katakana, Set::OldJisx0208], ..JP };

fn ends_escape(byte: u8) -> bool {
    matches!(byte, b'@'..=b'Z')
}

impl Iso2022 {
    /// Carries out an escape sequence.
    fn escape(&self, state: &mut State, input: &[u8]) -> Result<usize, Fail> {
        let mut at = 1;
        let len = loop {
            if at >= MAX_ESCAPE {
                return Err(Fail::Illegal(1));
            }
            let Some(&byte) = input.get(at) else { return Err(Fail::TooFew) };
            if ends_escape(byte) {
                break at + 1;
            }
            // The announcer is followed by a sequence that belongs to it.
            let announces = self.has_announcer && byte == b'&' && input.get(at + 1) == Some(&b'@');
            at += if announces { 3 } else { 1 };
        };
        let bad = Fail::Illegal(len);
        let (mark, plane) = match input[1..len] {
            [b'$', mark] => (mark | DOUBLE, 0),
            [b'(', mark] => (mark, 0),
            [b')', mark] => (mark, 1),
            [b'.', mark] if self.has_g2 => (mark, 2),
            [b'$', b'(', mark] => (mark | DOUBLE, 0),
            [b'$', b')', mark] => (mark | DOUBLE, 1),
            [b'&', b'@', ESC, b'$', b'B'] if self.has_announcer => (Set::Jisx0208.mark(), 0),
            _ => return Err(bad),
        };
        if mark != ASCII && self.sets.iter().all(|set| set.mark() != mark) {
            return Err(bad);
        }
        state[plane] = mark;
        Ok(len)
    }

    /// A single character of the set in G2.
    fn single_shift(&self, state: &State, input: &[u8], out: &mut StrBuilder) -> Result<usize, Fail> {
        let Some(&byte) = input.get(2) else { return Err(Fail::TooFew) };
        let bad = Fail::Illegal(3);
        if byte >= 0x80 {
            return Err(bad);
        }
        let c = match state[2] {
            mark if mark == Set::Latin1.mark() => Some(byte as u32 | 0x80),
            mark if mark == Set::Greek.mark() => greek(byte | 0x80),
            // 0: nothing has been put there yet.
            ASCII | 0 => Some(byte as u32),
            _ => None,
        };
        out.push_char(c.ok_or(bad)?);
        Ok(3)
    }
}

impl Codec for Iso2022 {
    fn init(&self, state: &mut State) {
        *state = [0; 8];
        state[0] = ASCII;
        state[1] = ASCII;
    }

    fn reset(&self, state: &mut State) {
        state[0] = ASCII;
        state[FLAGS] &= !SHIFTED;
    }

    fn decode(&self, state: &mut State, input: &[u8], out: &mut StrBuilder) -> Result<usize, Fail> {
        let byte = input[0];
        if state[FLAGS] & COPYING != 0 {
            out.push_char(byte as u32);
            if ends_escape(byte) {
                state[FLAGS] &= !COPYING;
            }
            return Ok(1);
        }
        match byte {
            ESC => {
                let Some(&second) = input.get(1) else { return Err(Fail::TooFew) };
                if matches!(second, b'(' | b')' | b'$' | b'.' | b'&') {
                    return self.escape(state, input);
                }
                if self.has_g2 && second == b'N' {
                    return self.single_shift(state, input, out);
                }
                out.push_char(ESC as u32);
                state[FLAGS] |= COPYING;
                return Ok(1);
            }
            SI if !self.no_shift => {
                state[FLAGS] &= !SHIFTED;
                return Ok(1);
            }
            SO if !self.no_shift => {
                state[FLAGS] |= SHIFTED;
                return Ok(1);
            }
            b'\n' => state[FLAGS] &= !SHIFTED,
            0x80.. => return Err(Fail::Illegal(1)),
            _ => {}
        }
        let mark = state[(state[FLAGS] & SHIFTED != 0) as usize];
        if byte < 0x20 || mark == ASCII {
            out.push_char(byte as u32);
            return Ok(1);
        }
        let Some(set) = self.sets.iter().find(|set| set.mark() == mark) else { return Err(Fail::Illegal(1)) };
        let Some(code) = input.get(..set.width()) else { return Err(Fail::TooFew) };
        set.decode(code).ok_or(Fail::Illegal(code.len()))?.push(out);
        Ok(code.len())
    }

    fn encode(
        &self,
        state: &mut State,
        c: u32,
        next: Option<u32>,
        flush: bool,
        out: &mut Vec<u8>,
    ) -> Result<usize, Fail> {
        if c < 0x80 {
            self.finish(state, out);
            out.push(c as u8);
            return Ok(1);
        }
        for &set in self.sets {
            let Some((code, taken)) = set.encode(c, next, flush)? else { continue };
            let is_shifted = state[FLAGS] & SHIFTED != 0;
            let (plane, mark) = (set.plane(), set.mark());
            if plane == 0 && is_shifted {
                out.push(SI);
                state[FLAGS] &= !SHIFTED;
            }
            if state[plane] != mark {
                let sequence: &[u8] = match (set, plane) {
                    (Set::Jisx0208, _) => b"\x1b$",
                    (_, 0) if set.width() == 1 => b"\x1b(",
                    (_, 0) => b"\x1b$(",
                    _ => b"\x1b$)",
                };
                out.extend_from_slice(sequence);
                out.push(mark & 0x7f);
                state[plane] = mark;
            }
            if plane == 1 && !is_shifted {
                out.push(SO);
                state[FLAGS] |= SHIFTED;
            }
            if set.width() == 1 {
                out.push(code as u8);
            } else {
                push_code(out, code);
            }
            return Ok(taken);
        }
        Err(Fail::Illegal(1))
    }

    /// Back to G0 with ASCII in it.
    fn finish(&self, state: &mut State, out: &mut Vec<u8>) {
        if state[FLAGS] & SHIFTED != 0 {
            out.push(SI);
            state[FLAGS] &= !SHIFTED;
        }
        if state[0] != ASCII {
            out.extend_from_slice(b"\x1b(B");
            state[0] = ASCII;
        }
    }
}

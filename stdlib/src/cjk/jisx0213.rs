//! JIS X 0213 and its two encodings. The table is the C library's, read through `iconv` when it is first needed; some C libraries
//! come without it.

use core::ffi::{c_char, c_void};
use std::sync::LazyLock;

use rpy_vm::types::str::StrBuilder;

use super::codec::{Codec, Fail, State, push_code};
use super::double::{euc_kana, from_shift, pair, push_euc_kana, to_shift};
use super::tables::{self, Prefer, Table};

/// The two planes, with 8-bit codes, and codes of the first one that are two characters.
pub struct Planes {
    pub first: Table,
    pub second: Table,
    pub pairs: Vec<(u32, u32, u16)>,
}

/// The edition of 2004; `None` if the C library does not have it.
pub static PLANES: LazyLock<Option<Planes>> = LazyLock::new(|| {
    let converter = Converter::open()?;
    let mut first = Vec::new();
    let mut second = Vec::new();
    let mut pairs = Vec::new();
    for code in (0xa1a1..=0xfefeu16).filter(|code| code & 0xff >= 0xa1 && code & 0xff <= 0xfe) {
        let [lead, trail] = code.to_be_bytes();
        match converter.convert(&[lead, trail])[..] {
            [c] => first.push((code, c)),
            [c, next] => pairs.push((c, next, code)),
            _ => {}
        }
        if let [c] = converter.convert(&[0x8f, lead, trail])[..] {
            second.push((code, c));
        }
    }
    // Where the library and CPython differ.
    for (code, c) in &mut first {
        match code {
            0xa1bd => *c = 0x2015,
            0xa2d6 => *c = 0x2985,
            0xa2d7 => *c = 0x2986,
            _ => {}
        }
    }
    Some(Planes { first: Table::new(first, Prefer::First), second: Table::new(second, Prefer::First), pairs })
});

/// `iconv` from EUC-JISX0213 to UTF-32.
struct Converter(*mut c_void);

impl Converter {
    fn open() -> Option<Converter> {
        // SAFETY: plain C strings.
        let handle = unsafe { libc::iconv_open(c"UTF-32LE".as_ptr(), c"EUC-JISX0213".as_ptr()) };
        (handle as isize != -1).then_some(Converter(handle))
    }

    /// The characters of a code; none if it is not one.
    fn convert(&self, bytes: &[u8]) -> Vec<u32> {
        let mut out = [0u8; 32];
        let (mut input, mut left) = (bytes.as_ptr() as *mut c_char, bytes.len());
        let (mut end, mut room) = (out.as_mut_ptr() as *mut c_char, out.len());
        let null = core::ptr::null_mut();
        // SAFETY: the buffers are as long as is said; the input is only read. The last call writes what was kept back.
        let failed = unsafe {
            libc::iconv(self.0, null, core::ptr::null_mut(), null, core::ptr::null_mut());
            libc::iconv(self.0, &mut input, &mut left, &mut end, &mut room) == usize::MAX
                || libc::iconv(self.0, null, core::ptr::null_mut(), &mut end, &mut room) == usize::MAX
        };
        if failed || left != 0 {
            return Vec::new();
        }
        let written = out.len() - room;
        out[..written].chunks_exact(4).map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]])).collect()
    }
}

impl Drop for Converter {
    fn drop(&mut self) {
        // SAFETY: opened by `open`.
        unsafe { libc::iconv_close(self.0) };
    }
}

/// Which edition.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Edition {
    Of2000,
    Of2004,
}

/// Codes of the first plane that the edition of 2004 added.
const ADDED: [u16; 10] = [0xaea1, 0xaffe, 0xcfd4, 0xcffe, 0xf4a7, 0xfefa, 0xfefb, 0xfefc, 0xfefd, 0xfefe];
/// A code of the second plane, with its character in the first edition.
const CHANGED: (u16, u32) = (0xfdbb, 0x9b1d);

/// What a code of the first plane means.
pub enum Meaning {
    One(u32),
    Two(u32, u32),
}

impl Meaning {
    pub fn push(self, out: &mut StrBuilder) {
        match self {
            Meaning::One(c) => out.push_char(c),
            Meaning::Two(c, next) => {
                out.push_char(c);
                out.push_char(next);
            }
        }
    }
}

/// A code that was found, and of how many characters.
pub struct Found {
    pub code: u16,
    pub in_second: bool,
    pub taken: usize,
}

impl Edition {
    pub fn decode_first(self, lead: u8, trail: u8) -> Option<Meaning> {
        let planes = PLANES.as_ref()?;
        let code = u16::from_be_bytes([lead, trail]);
        if self == Edition::Of2000 && ADDED.contains(&code) {
            return None;
        }
        if let Some(c) = planes.first.decode(lead, trail) {
            return Some(Meaning::One(c));
        }
        planes.pairs.iter().find(|pair| pair.2 == code).map(|&(c, next, _)| Meaning::Two(c, next))
    }

    /// How a code of the first plane fails that means nothing: one byte is wrong, but both of a code that came later.
    fn unknown(self, lead: u8, trail: u8) -> Fail {
        let is_later = self == Edition::Of2000 && ADDED.contains(&u16::from_be_bytes([lead, trail]));
        Fail::Illegal(if is_later { 2 } else { 1 })
    }

    pub fn decode_second(self, lead: u8, trail: u8) -> Option<u32> {
        if self == Edition::Of2000 && (lead, trail) == (0xfd, 0xbb) {
            return Some(CHANGED.1);
        }
        PLANES.as_ref()?.second.decode(lead, trail)
    }

    /// A code of two characters.
    ///
    /// # Errors
    /// `TooFew` if it is not known yet whether it is one.
    pub fn encode_pair(self, c: u32, next: Option<u32>, flush: bool) -> Result<Option<u16>, Fail> {
        let Some(planes) = PLANES.as_ref() else { return Ok(None) };
        if !planes.pairs.iter().any(|pair| pair.0 == c) {
            return Ok(None);
        }
        if next.is_none() && !flush {
            return Err(Fail::TooFew);
        }
        Ok(planes.pairs.iter().find(|pair| pair.0 == c && Some(pair.1) == next).map(|pair| pair.2))
    }

    /// The code of a character, and whether it is in the second plane.
    pub fn encode_one(self, c: u32) -> Option<(u16, bool)> {
        let planes = PLANES.as_ref()?;
        if let Some(code) = planes.first.encode(c) {
            return (self == Edition::Of2004 || !ADDED.contains(&code)).then_some((code, false));
        }
        if self == Edition::Of2000 {
            if c == CHANGED.1 {
                return Some((CHANGED.0, true));
            }
            return planes.second.encode(c).filter(|&code| code != CHANGED.0).map(|code| (code, true));
        }
        planes.second.encode(c).map(|code| (code, true))
    }

    fn encode(self, c: u32, next: Option<u32>, flush: bool) -> Result<Found, Fail> {
        if let Some(code) = self.encode_pair(c, next, flush)? {
            return Ok(Found { code, in_second: false, taken: 2 });
        }
        let (code, in_second) = self.encode_one(c).ok_or(Fail::Illegal(1))?;
        Ok(Found { code, in_second, taken: 1 })
    }
}

/// EUC with both planes, and with what only JIS X 0212 has.
pub struct EucJis(pub Edition);

impl Codec for EucJis {
    fn decode(&self, _state: &mut State, input: &[u8], out: &mut StrBuilder) -> Result<usize, Fail> {
        match input[0] {
            byte @ 0..=0x7f => {
                out.push_char(byte as u32);
                Ok(1)
            }
            0x8e => euc_kana(input, out),
            0x8f => {
                let [_, lead, trail, ..] = *input else { return Err(Fail::TooFew) };
                if lead < 0x80 || trail < 0x80 {
                    return Err(Fail::Illegal(1));
                }
                let c = self.0.decode_second(lead, trail).or_else(|| tables::JISX0212.decode(lead, trail));
                out.push_char(c.ok_or(Fail::Illegal(1))?);
                Ok(3)
            }
            _ => {
                let (lead, trail) = pair(input)?;
                if trail < 0x80 {
                    return Err(Fail::Illegal(1));
                }
                self.0.decode_first(lead, trail).ok_or(self.0.unknown(lead, trail))?.push(out);
                Ok(2)
            }
        }
    }

    fn encode(
        &self,
        _state: &mut State,
        c: u32,
        next: Option<u32>,
        flush: bool,
        out: &mut Vec<u8>,
    ) -> Result<usize, Fail> {
        if c < 0x80 {
            out.push(c as u8);
            return Ok(1);
        }
        if push_euc_kana(c, out) {
            return Ok(1);
        }
        let found = match self.0.encode(c, next, flush) {
            // Not characters that came later: those are nowhere.
            Err(Fail::Illegal(_)) if Edition::Of2004.encode_one(c).is_none() => {
                let code = tables::JISX0212.encode(c).ok_or(Fail::Illegal(1))?;
                Found { code, in_second: true, taken: 1 }
            }
            found => found?,
        };
        if found.in_second {
            out.push(0x8f);
        }
        push_code(out, found.code);
        Ok(found.taken)
    }
}

/// Shift JIS with both planes: the second one's rows follow those of the first.
pub struct ShiftJis(pub Edition);

/// Codes of what ASCII has, full-width in EUC: in Shift JIS they are the ASCII characters, in whose places others are.
const BACKSLASH: u16 = 0xa1c0;
const TILDE: u16 = 0xa2b2;

/// Rows of the second plane, in the order in which Shift JIS has them.
const SECOND_ROWS: [u8; 26] = [
    0xa1, 0xa8, 0xa3, 0xa4, 0xa5, 0xac, 0xad, 0xae, 0xaf, 0xee, 0xef, 0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7,
    0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe,
];

impl Codec for ShiftJis {
    fn decode(&self, _state: &mut State, input: &[u8], out: &mut StrBuilder) -> Result<usize, Fail> {
        let single = match input[0] {
            0x5c => 0xa5,
            0x7e => 0x203e,
            byte @ 0..=0x7f => byte as u32,
            byte @ 0xa1..=0xdf => 0xfec0 + byte as u32,
            0x81..=0x9f | 0xe0..=0xfc => {
                let (lead, trail) = pair(input)?;
                let (row, column) = from_shift(lead, trail).ok_or(Fail::Illegal(1))?;
                let mut fail = Fail::Illegal(1);
                let meaning = match row {
                    0 if column == BACKSLASH.to_be_bytes()[1] => Some(Meaning::One(0x5c)),
                    1 if column == TILDE.to_be_bytes()[1] => Some(Meaning::One(0x7e)),
                    0..94 => {
                        fail = self.0.unknown(row as u8 + 0xa1, column);
                        self.0.decode_first(row as u8 + 0xa1, column)
                    }
                    _ => SECOND_ROWS
                        .get(row as usize - 94)
                        .and_then(|&row| self.0.decode_second(row, column))
                        .map(Meaning::One),
                };
                meaning.ok_or(fail)?.push(out);
                return Ok(2);
            }
            _ => return Err(Fail::Illegal(1)),
        };
        out.push_char(single);
        Ok(1)
    }

    fn encode(
        &self,
        _state: &mut State,
        c: u32,
        next: Option<u32>,
        flush: bool,
        out: &mut Vec<u8>,
    ) -> Result<usize, Fail> {
        let single = match c {
            0x5c | 0x7e => None,
            0..=0x7f => Some(c as u8),
            0xa5 => Some(0x5c),
            0x203e => Some(0x7e),
            0xff61..=0xff9f => Some((c - 0xfec0) as u8),
            _ => None,
        };
        if let Some(byte) = single {
            out.push(byte);
            return Ok(1);
        }
        let found = match c {
            0x5c => Found { code: BACKSLASH, in_second: false, taken: 1 },
            0x7e => Found { code: TILDE, in_second: false, taken: 1 },
            0xff3c | 0xff5e => return Err(Fail::Illegal(1)),
            _ => self.0.encode(c, next, flush)?,
        };
        let row = if found.in_second {
            94 + SECOND_ROWS.iter().position(|&row| row as u16 == found.code >> 8).ok_or(Fail::Illegal(1))? as u16
        } else {
            (found.code >> 8) - 0xa1
        };
        push_code(out, to_shift(row, found.code & 0xff));
        Ok(found.taken)
    }
}

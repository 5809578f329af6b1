//! Korean syllables by their letters: Johab, and what EUC-KR does with syllables that it has no code for.

use rpy_vm::types::str::StrBuilder;

use super::codec::{Codec, Fail, State, push_code};
use super::double::{ksx1001, pair};
use super::tables;

/// The first of the syllables, which are numbered by their letters.
const FIRST: u32 = 0xac00;
/// Vowels of a syllable.
const VOWELS: u32 = 21;
/// Last consonants of a syllable, with none.
const LASTS: u32 = 28;
/// The first of the letters on their own.
const LETTER: u32 = 0x3131;
/// The first vowel among them.
const VOWEL: u32 = 0x314f;

/// First consonants, as letters, counted from [`LETTER`].
const FIRST_LETTERS: [u8; 19] = [0, 1, 3, 6, 7, 8, 16, 17, 18, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29];
/// Last consonants, as letters, counted from [`LETTER`].
const LAST_LETTERS: [u8; 27] =
    [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23, 25, 26, 27, 28, 29];

fn syllable(first: u32, vowel: u32, last: u32) -> u32 {
    FIRST + (first * VOWELS + vowel) * LASTS + last
}

/// The numbers of a syllable's letters.
fn letters(c: u32) -> (u32, u32, u32) {
    let n = c - FIRST;
    (n / LASTS / VOWELS, n / LASTS % VOWELS, n % LASTS)
}

fn position(letters: &[u8], letter: u8) -> Option<u32> {
    letters.iter().position(|&l| l == letter).map(|at| at as u32)
}

/// The syllable that eight bytes spell: a filler, the first consonant, the vowel, and the last consonant or a filler.
pub fn read_spelled(bytes: &[u8]) -> Option<u32> {
    let &[_, _, 0xa4, first, 0xa4, vowel, 0xa4, last] = bytes else { return None };
    let first = position(&FIRST_LETTERS, first.checked_sub(0xa1)?)?;
    let vowel = vowel.checked_sub(0xbf).filter(|&vowel| (vowel as u32) < VOWELS)? as u32;
    let last = if last == 0xd4 { 0 } else { position(&LAST_LETTERS, last.checked_sub(0xa1)?)? + 1 };
    Some(syllable(first, vowel, last))
}

/// The eight bytes that spell a syllable.
pub fn spell(c: u32) -> [u8; 8] {
    let (first, vowel, last) = letters(c);
    let last = if last == 0 { 0xd4 } else { 0xa1 + LAST_LETTERS[last as usize - 1] };
    [0xa4, 0xd4, 0xa4, 0xa1 + FIRST_LETTERS[first as usize], 0xa4, 0xbf + vowel as u8, 0xa4, last]
}

/// Johab: five bits for each letter of a syllable, and the rest of KS X 1001.
pub struct Johab;

/// Codes of "no letter".
const NO_FIRST: u16 = 1;
const NO_VOWEL: u16 = 2;
const NO_LAST: u16 = 1;

/// The code of a vowel: four groups, of five, six, six and four.
fn vowel_code(vowel: u32) -> u16 {
    let vowel = vowel as u16;
    match vowel {
        0..=4 => vowel + 3,
        5..=10 => vowel + 5,
        11..=16 => vowel + 7,
        _ => vowel + 9,
    }
}

/// The code of a last consonant, counted from one: 18 is left out.
fn last_code(last: u32) -> u16 {
    let last = last as u16;
    if last <= 16 { last + 1 } else { last + 2 }
}

fn johab(first: u16, vowel: u16, last: u16) -> u16 {
    0x8000 | first << 10 | vowel << 5 | last
}

/// The syllable or letter of a code, all fields of which may say "no letter".
fn johab_char(code: u16) -> Option<u32> {
    let (first, vowel, last) = (code >> 10 & 31, code >> 5 & 31, code & 31);
    let first = match first {
        NO_FIRST => None,
        2..=20 => Some(first as u32 - 2),
        _ => return None,
    };
    let vowel = match vowel {
        NO_VOWEL => None,
        _ => Some((0..VOWELS).find(|&v| vowel_code(v) == vowel)?),
    };
    let last = match last {
        NO_LAST => None,
        _ => Some((1..LASTS).find(|&l| last_code(l) == last)?),
    };
    match (first, vowel, last) {
        (Some(first), Some(vowel), last) => Some(syllable(first, vowel, last.unwrap_or(0))),
        (Some(first), None, None) => Some(LETTER + FIRST_LETTERS[first as usize] as u32),
        (None, Some(vowel), None) => Some(VOWEL + vowel),
        (None, None, Some(last)) => Some(LETTER + LAST_LETTERS[last as usize - 1] as u32),
        (None, None, None) => Some(0x3000),
        _ => None,
    }
}

impl Codec for Johab {
    fn decode(&self, _state: &mut State, input: &[u8], out: &mut StrBuilder) -> Result<usize, Fail> {
        if input[0] < 0x80 {
            out.push_char(input[0] as u32);
            return Ok(1);
        }
        let (lead, trail) = pair(input)?;
        let c = match lead {
            0..=0xd7 => johab_char(u16::from_be_bytes([lead, trail])),
            0xd9..=0xde | 0xe0..=0xf9 if matches!(trail, 0x31..=0x7e | 0x91..=0xfe) => {
                let row = if lead < 0xe0 { (lead as u16 - 0xd9) * 2 } else { lead as u16 * 2 - 0x197 };
                let place = if trail < 0x91 { trail - 0x31 } else { trail - 0x43 } as u16;
                let (row, column) = ((row + place / 94) as u8 + 0xa1, (place % 94) as u8 + 0xa1);
                // The letters have codes of their own.
                if row == 0xa4 && column <= 0xd3 { None } else { tables::CP949.decode(row, column) }
            }
            _ => None,
        };
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
        let code = match c {
            0..0x80 => {
                out.push(c as u8);
                return Ok(1);
            }
            FIRST..=0xd7a3 => {
                let (first, vowel, last) = letters(c);
                johab(first as u16 + 2, vowel_code(vowel), if last == 0 { NO_LAST } else { last_code(last) })
            }
            VOWEL..=0x3163 => johab(NO_FIRST, vowel_code(c - VOWEL), NO_LAST),
            LETTER..VOWEL => {
                let letter = (c - LETTER) as u8;
                match (position(&FIRST_LETTERS, letter), position(&LAST_LETTERS, letter)) {
                    (Some(first), _) => johab(first as u16 + 2, NO_VOWEL, NO_LAST),
                    (None, Some(last)) => johab(NO_FIRST, NO_VOWEL, last_code(last + 1)),
                    (None, None) => return Err(Fail::Illegal(1)),
                }
            }
            _ => {
                let code = ksx1001(c).ok_or(Fail::Illegal(1))?;
                let (row, column) = ((code >> 8) - 0xa1, (code & 0xff) - 0xa1);
                let row = match row {
                    0..=0x0b => row + 0x1b2,
                    0x29..=0x5c => row + 0x197,
                    _ => return Err(Fail::Illegal(1)),
                };
                let place = column + if row & 1 == 1 { 94 } else { 0 };
                row >> 1 << 8 | (place + if place < 0x4e { 0x31 } else { 0x43 })
            }
        };
        push_code(out, code);
        Ok(1)
    }
}

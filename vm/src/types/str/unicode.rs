//! Properties of single code points, with tables for ASCII and the crate's data beyond. Surrogates have none.

use rustpython_unicode::{case, classify, identifier};

/// One bit per property of the ASCII table.
mod bit {
    pub const LOWER: u8 = 1;
    pub const UPPER: u8 = 2;
    pub const DIGIT: u8 = 4;
    pub const SPACE: u8 = 8;
    pub const PRINT: u8 = 16;
    pub const UNDERSCORE: u8 = 32;
    pub const LINE_BREAK: u8 = 64;
}

static ASCII: [u8; 128] = {
    let mut table = [0u8; 128];
    let mut c = 0;
    while c < 128 {
        let ch = c as u8;
        let mut bits = 0;
        if ch.is_ascii_lowercase() {
            bits |= bit::LOWER;
        }
        if ch.is_ascii_uppercase() {
            bits |= bit::UPPER;
        }
        if ch.is_ascii_digit() {
            bits |= bit::DIGIT;
        }
        if matches!(ch, 9..=13 | 28..=32) {
            bits |= bit::SPACE;
        }
        if matches!(ch, 32..=126) {
            bits |= bit::PRINT;
        }
        if ch == b'_' {
            bits |= bit::UNDERSCORE;
        }
        if matches!(ch, 10..=13 | 28..=30) {
            bits |= bit::LINE_BREAK;
        }
        table[c] = bits;
        c += 1;
    }
    table
};

/// Defines a predicate: table bits for ASCII, a function for other characters.
macro_rules! predicate {
    ($(#[$meta:meta])* $name:ident, $bits:expr, $other:expr) => {
        $(#[$meta])*
        #[inline]
        pub fn $name(c: u32) -> bool {
            if c < 128 {
                ASCII[c as usize] & ($bits) != 0
            } else {
                char::from_u32(c).is_some_and($other)
            }
        }
    };
}

predicate!(/** Letters (`str.isalpha`). */ is_alpha, bit::LOWER | bit::UPPER, classify::is_alpha);
predicate!(/** Decimal digits (`str.isdecimal`). */ is_decimal, bit::DIGIT, classify::is_decimal);
predicate!(/** Digits (`str.isdigit`). */ is_digit, bit::DIGIT, classify::is_digit);
predicate!(/** Numbers of any sort (`str.isnumeric`). */ is_numeric, bit::DIGIT, classify::is_numeric);
predicate!(/** Letters and numbers (`str.isalnum`). */ is_alnum, bit::LOWER | bit::UPPER | bit::DIGIT, is_alnum_wide);
predicate!(/** Lowercase characters. */ is_lower, bit::LOWER, case::is_lowercase);
predicate!(/** Uppercase characters. */ is_upper, bit::UPPER, case::is_uppercase);
predicate!(/** Titlecase letters. */ is_title, 0, case::is_titlecase);
predicate!(/** What `repr` shows as it is. */ is_printable, bit::PRINT, classify::is_printable);
predicate!(/** What an identifier may start with. */ is_id_start, bit::LOWER | bit::UPPER | bit::UNDERSCORE, identifier::is_xid_start);
predicate!(
    /** What an identifier may go on with. */
    is_id_continue, bit::LOWER | bit::UPPER | bit::UNDERSCORE | bit::DIGIT, identifier::is_xid_continue
);

fn is_alnum_wide(c: char) -> bool {
    classify::is_alpha(c) || classify::is_numeric(c) || classify::is_decimal(c)
}

/// White space as `str.isspace` and `str.split` see it.
#[inline]
pub fn is_space(c: u32) -> bool {
    if c < 128 {
        ASCII[c as usize] & bit::SPACE != 0
    } else {
        matches!(c, 0x85 | 0xa0 | 0x1680 | 0x2000..=0x200a | 0x2028 | 0x2029 | 0x202f | 0x205f | 0x3000)
    }
}

/// The characters at which `str.splitlines` breaks.
#[inline]
pub fn is_line_break(c: u32) -> bool {
    if c < 128 { ASCII[c as usize] & bit::LINE_BREAK != 0 } else { matches!(c, 0x85 | 0x2028 | 0x2029) }
}

/// The value of a decimal digit in any script.
#[inline]
pub fn to_decimal(c: u32) -> Option<u8> {
    if c < 128 {
        return (ASCII[c as usize] & bit::DIGIT != 0).then(|| c as u8 - b'0');
    }
    let ch = char::from_u32(c)?;
    if !classify::is_decimal(ch) {
        return None;
    }
    let point = rustpython_wtf8::CodePoint::from_u32(c)?;
    rustpython_unicode::Ucd::new(true).decimal(point).map(|value| value as u8)
}

/// Lowercase, one to one (`Py_UNICODE_TOLOWER`): where the whole mapping has several characters, the first of them.
#[inline]
pub fn simple_lower(c: u32) -> u32 {
    if c < 128 {
        (c as u8).to_ascii_lowercase() as u32
    } else {
        char::from_u32(c).and_then(|ch| ch.to_lowercase().next()).map_or(c, u32::from)
    }
}

/// Uppercase, one to one (`Py_UNICODE_TOUPPER`): where the whole mapping has several characters, the first of them.
#[inline]
pub fn simple_upper(c: u32) -> u32 {
    if c < 128 {
        (c as u8).to_ascii_uppercase() as u32
    } else {
        char::from_u32(c).and_then(|ch| ch.to_uppercase().next()).map_or(c, u32::from)
    }
}

/// Is it half of a UTF-16 pair?
#[inline]
pub const fn is_surrogate(c: u32) -> bool {
    matches!(c, 0xd800..=0xdfff)
}

/// Appends the text of a number with decimal digits of any script turned into ASCII digits, white space into spaces and
/// everything else that is not ASCII into `?`: what `int()`, `float()` and `complex()` parse.
pub fn to_ascii_number(text: &super::PyStr) -> String {
    match text.as_ascii() {
        Some(ascii) => ascii.to_owned(),
        None => text
            .data()
            .iter()
            .map(|c| match c {
                0..=0x7f => c as u8 as char,
                _ if is_space(c) => ' ',
                _ => to_decimal(c).map_or('?', |d| (b'0' + d) as char),
            })
            .collect(),
    }
}

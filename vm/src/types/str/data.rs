//! Typed views of a string's characters, and the dispatch from the three kinds to generic code.

use std::borrow::Cow;

/// Bytes per character, with C's numbers (`PyUnicode_1BYTE_KIND`...).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum StrKind {
    Latin1 = 1,
    Ucs2 = 2,
    Ucs4 = 4,
}

/// The four ways compact text is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StrRepr {
    Ascii,
    Latin1,
    Ucs2,
    Ucs4,
}

impl StrRepr {
    /// The smallest one that holds `max_char`.
    #[inline]
    pub const fn for_max_char(max_char: u32) -> StrRepr {
        match max_char {
            0..=0x7f => StrRepr::Ascii,
            0x80..=0xff => StrRepr::Latin1,
            0x100..=0xffff => StrRepr::Ucs2,
            _ => StrRepr::Ucs4,
        }
    }

    #[inline]
    pub const fn kind(self) -> StrKind {
        match self {
            StrRepr::Ascii | StrRepr::Latin1 => StrKind::Latin1,
            StrRepr::Ucs2 => StrKind::Ucs2,
            StrRepr::Ucs4 => StrKind::Ucs4,
        }
    }

    /// Bytes in front of the characters.
    #[inline]
    pub const fn header(self) -> usize {
        match self {
            StrRepr::Ascii => super::ASCII_HEADER,
            _ => super::COMPACT_HEADER,
        }
    }

    /// The largest code point it can hold.
    #[inline]
    pub const fn max_char(self) -> u32 {
        match self {
            StrRepr::Ascii => 0x7f,
            StrRepr::Latin1 => 0xff,
            StrRepr::Ucs2 => 0xffff,
            StrRepr::Ucs4 => 0x10ffff,
        }
    }
}

/// The characters of a string.
#[derive(Clone, Copy, Debug)]
pub enum StrData<'a> {
    Latin1(&'a [u8]),
    Ucs2(&'a [u16]),
    Ucs4(&'a [u32]),
}

/// Runs the same code for whichever kind the characters have.
macro_rules! for_data {
    ($data:expr, $s:ident => $body:expr) => {
        match $data {
            $crate::types::str::StrData::Latin1($s) => $body,
            $crate::types::str::StrData::Ucs2($s) => $body,
            $crate::types::str::StrData::Ucs4($s) => $body,
        }
    };
}
pub(crate) use for_data;

impl<'a> StrData<'a> {
    #[inline]
    pub fn len(self) -> usize {
        for_data!(self, s => s.len())
    }

    #[inline]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The code point at `index`.
    #[inline(always)]
    pub fn at(self, index: usize) -> u32 {
        for_data!(self, s => s[index].to_u32())
    }

    /// A part of it.
    #[inline]
    pub fn slice(self, start: usize, end: usize) -> StrData<'a> {
        match self {
            StrData::Latin1(s) => StrData::Latin1(&s[start..end]),
            StrData::Ucs2(s) => StrData::Ucs2(&s[start..end]),
            StrData::Ucs4(s) => StrData::Ucs4(&s[start..end]),
        }
    }

    #[inline]
    pub fn kind(self) -> StrKind {
        match self {
            StrData::Latin1(_) => StrKind::Latin1,
            StrData::Ucs2(_) => StrKind::Ucs2,
            StrData::Ucs4(_) => StrKind::Ucs4,
        }
    }

    /// An upper bound of the code points that tells the smallest storage (not the largest character itself).
    pub fn max_char(self) -> u32 {
        match self {
            StrData::Latin1(s) => {
                if s.is_ascii() {
                    0x7f
                } else {
                    0xff
                }
            }
            StrData::Ucs2(s) => u16::max_char(s),
            StrData::Ucs4(s) => u32::max_char(s),
        }
    }

    /// The code points in order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = u32> + ExactSizeIterator + 'a {
        (0..self.len()).map(move |i| self.at(i))
    }

    /// The characters as units of `T`, which is at least as wide; borrowed when the kind is the same.
    pub fn widened<T: CharUnit>(self) -> Cow<'a, [T]> {
        if self.kind() == T::KIND {
            // SAFETY: the same kind means the same element type.
            return Cow::Borrowed(unsafe {
                for_data!(self, s => core::slice::from_raw_parts(s.as_ptr() as *const T, s.len()))
            });
        }
        Cow::Owned(for_data!(self, s => s.iter().map(|c| T::from_u32(c.to_u32())).collect()))
    }
}

/// One stored character: `u8`, `u16` or `u32`.
pub trait CharUnit: Copy + Ord + 'static {
    const KIND: StrKind;
    fn to_u32(self) -> u32;
    /// Cuts off what does not fit; callers have checked that nothing is lost.
    fn from_u32(c: u32) -> Self;
    /// The first position of `c`.
    fn position(s: &[Self], c: Self) -> Option<usize>;
    /// The last position of `c`.
    fn rposition(s: &[Self], c: Self) -> Option<usize>;
    /// An upper bound of the characters that tells the smallest storage.
    fn max_char(s: &[Self]) -> u32;
    /// The memory of the characters.
    #[inline]
    fn bytes(s: &[Self]) -> &[u8] {
        // SAFETY: plain integers without padding.
        unsafe { core::slice::from_raw_parts(s.as_ptr() as *const u8, core::mem::size_of_val(s)) }
    }
    fn view(s: &[Self]) -> StrData<'_>;
}

impl CharUnit for u8 {
    const KIND: StrKind = StrKind::Latin1;
    #[inline(always)]
    fn to_u32(self) -> u32 {
        self as u32
    }
    #[inline(always)]
    fn from_u32(c: u32) -> u8 {
        c as u8
    }
    #[inline]
    fn position(s: &[u8], c: u8) -> Option<usize> {
        memchr::memchr(c, s)
    }
    #[inline]
    fn rposition(s: &[u8], c: u8) -> Option<usize> {
        memchr::memrchr(c, s)
    }
    fn max_char(s: &[u8]) -> u32 {
        if s.is_ascii() { 0x7f } else { 0xff }
    }
    fn view(s: &[u8]) -> StrData<'_> {
        StrData::Latin1(s)
    }
}

/// The or of all units, in blocks so that the loop becomes vector code but stops early once the widest class is seen.
macro_rules! wide_unit {
    ($ty:ty, $kind:ident, $stop:expr) => {
        impl CharUnit for $ty {
            const KIND: StrKind = StrKind::$kind;
            #[inline(always)]
            fn to_u32(self) -> u32 {
                self as u32
            }
            #[inline(always)]
            fn from_u32(c: u32) -> $ty {
                c as $ty
            }
            fn position(s: &[$ty], c: $ty) -> Option<usize> {
                s.iter().position(|&x| x == c)
            }
            fn rposition(s: &[$ty], c: $ty) -> Option<usize> {
                s.iter().rposition(|&x| x == c)
            }
            fn max_char(s: &[$ty]) -> u32 {
                let mut all: $ty = 0;
                for block in s.chunks(64) {
                    for &c in block {
                        all |= c;
                    }
                    if all > $stop {
                        break;
                    }
                }
                // The or of code points may exceed the largest one, but never leaves its class of storage.
                (all as u32).min(0x10ffff)
            }
            fn view(s: &[$ty]) -> StrData<'_> {
                StrData::$kind(s)
            }
        }
    };
}
wide_unit!(u16, Ucs2, 0xff);
wide_unit!(u32, Ucs4, 0xffff);

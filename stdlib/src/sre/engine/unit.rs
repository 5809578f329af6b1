//! Characters as they are stored: one, two or four bytes.

/// A stored character.
pub trait Unit: Copy + Eq + 'static {
    /// Can it be 256 or more?
    const IS_WIDE: bool;

    fn code(self) -> u32;

    /// The unit of a character, if it fits.
    fn from_code(c: u32) -> Option<Self>;

    /// The first place of a unit.
    fn find(self, text: &[Self]) -> Option<usize> {
        text.iter().position(|&unit| unit == self)
    }

    /// The first place of either unit.
    fn find2(self, other: Self, text: &[Self]) -> Option<usize> {
        text.iter().position(|&unit| unit == self || unit == other)
    }

    /// The last place of a unit.
    fn rfind(self, text: &[Self]) -> Option<usize> {
        text.iter().rposition(|&unit| unit == self)
    }

    /// The bytes of a text whose units are bytes.
    fn as_bytes(text: &[Self]) -> Option<&[u8]>;
}

impl Unit for u8 {
    const IS_WIDE: bool = false;

    #[inline(always)]
    fn code(self) -> u32 {
        self as u32
    }
    #[inline(always)]
    fn from_code(c: u32) -> Option<u8> {
        u8::try_from(c).ok()
    }
    #[inline]
    fn find(self, text: &[u8]) -> Option<usize> {
        memchr::memchr(self, text)
    }
    #[inline]
    fn find2(self, other: u8, text: &[u8]) -> Option<usize> {
        memchr::memchr2(self, other, text)
    }
    #[inline]
    fn rfind(self, text: &[u8]) -> Option<usize> {
        memchr::memrchr(self, text)
    }
    #[inline(always)]
    fn as_bytes(text: &[u8]) -> Option<&[u8]> {
        Some(text)
    }
}

impl Unit for u16 {
    const IS_WIDE: bool = true;

    #[inline(always)]
    fn code(self) -> u32 {
        self as u32
    }
    #[inline(always)]
    fn from_code(c: u32) -> Option<u16> {
        u16::try_from(c).ok()
    }
    #[inline(always)]
    fn as_bytes(_text: &[u16]) -> Option<&[u8]> {
        None
    }
}

impl Unit for u32 {
    const IS_WIDE: bool = true;

    #[inline(always)]
    fn code(self) -> u32 {
        self
    }
    #[inline(always)]
    fn from_code(c: u32) -> Option<u32> {
        Some(c)
    }
    #[inline(always)]
    fn as_bytes(_text: &[u32]) -> Option<&[u8]> {
        None
    }
}

/// Where a character first occurs from `at` on, or the end. The first few places are looked at one by one.
#[inline]
pub fn find_from<T: Unit>(text: &[T], at: usize, c: u32) -> usize {
    let Some(unit) = T::from_code(c) else { return text.len() };
    let near = text.len().min(at + 8);
    for i in at..near {
        if text[i] == unit {
            return i;
        }
    }
    match unit.find(&text[near..]) {
        Some(found) => near + found,
        None => text.len(),
    }
}

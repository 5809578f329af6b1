//! Finding text in text.
//!
//! Latin-1 text is searched by `memchr`'s vector code. Wider text is searched as bytes by the same code; a hit that is not
//! aligned to a character is skipped.

use memchr::memmem;

use super::PyStr;
use super::data::{CharUnit, StrData, for_data};

/// The first position of `needle` in `hay`.
pub fn find_units<T: CharUnit>(hay: &[T], needle: &[T]) -> Option<usize> {
    match needle {
        [] => return Some(0),
        [c] => return T::position(hay, *c),
        _ if needle.len() > hay.len() => return None,
        _ => {}
    }
    let width = core::mem::size_of::<T>();
    let (bytes, pattern) = (T::bytes(hay), T::bytes(needle));
    if width == 1 {
        return memmem::find(bytes, pattern);
    }
    let finder = memmem::Finder::new(pattern);
    let mut start = 0;
    while let Some(hit) = finder.find(&bytes[start..]) {
        let at = start + hit;
        if at.is_multiple_of(width) {
            return Some(at / width);
        }
        start = at + 1;
    }
    None
}

/// The last position of `needle` in `hay`.
pub fn rfind_units<T: CharUnit>(hay: &[T], needle: &[T]) -> Option<usize> {
    match needle {
        [] => return Some(hay.len()),
        [c] => return T::rposition(hay, *c),
        _ if needle.len() > hay.len() => return None,
        _ => {}
    }
    let width = core::mem::size_of::<T>();
    let (bytes, pattern) = (T::bytes(hay), T::bytes(needle));
    let finder = memmem::FinderRev::new(pattern);
    let mut end = bytes.len();
    while let Some(at) = finder.rfind(&bytes[..end]) {
        if at.is_multiple_of(width) {
            return Some(at / width);
        }
        end = at + pattern.len() - 1;
    }
    None
}

/// The positions of non-overlapping occurrences of a needle, which is not empty.
pub struct Occurrences<'h, 'n, T: CharUnit> {
    hay: &'h [T],
    needle: &'n [T],
    finder: memmem::Finder<'n>,
    at: usize,
}

impl<'h, 'n, T: CharUnit> Occurrences<'h, 'n, T> {
    pub fn new(hay: &'h [T], needle: &'n [T]) -> Self {
        Occurrences { hay, needle, finder: memmem::Finder::new(T::bytes(needle)), at: 0 }
    }
}

impl<T: CharUnit> Iterator for Occurrences<'_, '_, T> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let rest = self.hay.get(self.at..)?;
        let found = match self.needle {
            [c] => T::position(rest, *c)?,
            _ => {
                let width = core::mem::size_of::<T>();
                let bytes = T::bytes(rest);
                let mut start = 0;
                loop {
                    let at = start + self.finder.find(&bytes[start..])?;
                    if at.is_multiple_of(width) {
                        break at / width;
                    }
                    start = at + 1;
                }
            }
        };
        let at = self.at + found;
        self.at = at + self.needle.len();
        Some(at)
    }
}

/// The number of non-overlapping occurrences, at most `max`.
pub fn count_units<T: CharUnit>(hay: &[T], needle: &[T], max: usize) -> usize {
    match needle {
        [] => (hay.len() + 1).min(max),
        [c] if max == usize::MAX && core::mem::size_of::<T>() == 1 => {
            memchr::memchr_iter(c.to_u32() as u8, T::bytes(hay)).count()
        }
        _ => Occurrences::new(hay, needle).take(max).count(),
    }
}

/// Can text of `hay`'s storage contain `needle` at all?
#[inline]
fn may_contain(hay: StrData<'_>, needle: StrData<'_>) -> bool {
    needle.kind() <= hay.kind() && needle.len() <= hay.len()
}

/// The first position of `needle`.
pub fn find(hay: StrData<'_>, needle: StrData<'_>) -> Option<usize> {
    if !may_contain(hay, needle) {
        return None;
    }
    for_data!(hay, s => find_units(s, &needle.widened()))
}

/// The last position of `needle`.
pub fn rfind(hay: StrData<'_>, needle: StrData<'_>) -> Option<usize> {
    if !may_contain(hay, needle) {
        return None;
    }
    for_data!(hay, s => rfind_units(s, &needle.widened()))
}

/// The number of non-overlapping occurrences.
pub fn count(hay: StrData<'_>, needle: StrData<'_>) -> usize {
    if !may_contain(hay, needle) {
        return 0;
    }
    for_data!(hay, s => count_units(s, &needle.widened(), usize::MAX))
}

/// The first position of a code point.
pub fn find_char(hay: StrData<'_>, c: u32) -> Option<usize> {
    match hay {
        StrData::Latin1(s) => u8::try_from(c).ok().and_then(|c| memchr::memchr(c, s)),
        StrData::Ucs2(s) => u16::try_from(c).ok().and_then(|c| u16::position(s, c)),
        StrData::Ucs4(s) => u32::position(s, c),
    }
}

/// Do the characters of `hay` from `at` on start with `needle`?
pub fn matches_at(hay: StrData<'_>, at: usize, needle: StrData<'_>) -> bool {
    if at > hay.len() || needle.len() > hay.len() - at || needle.kind() > hay.kind() {
        return false;
    }
    let part = hay.slice(at, at + needle.len());
    match (part, needle) {
        (StrData::Latin1(a), StrData::Latin1(b)) => a == b,
        (StrData::Ucs2(a), StrData::Ucs2(b)) => a == b,
        (StrData::Ucs4(a), StrData::Ucs4(b)) => a == b,
        (a, b) => a.iter().eq(b.iter()),
    }
}

impl PyStr {
    /// Does `needle` occur?
    pub fn contains_str(&self, needle: &PyStr) -> bool {
        find(self.data(), needle.data()).is_some()
    }

    /// Starts with?
    pub fn starts_with(&self, prefix: &PyStr) -> bool {
        matches_at(self.data(), 0, prefix.data())
    }

    /// Ends with?
    pub fn ends_with(&self, suffix: &PyStr) -> bool {
        self.len() >= suffix.len() && matches_at(self.data(), self.len() - suffix.len(), suffix.data())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_hits_are_aligned() {
        let hay: Vec<u16> = vec![0x0101, 0x0102, 0x0201, 0x0102];
        assert_eq!(find_units(&hay, &[0x0201u16, 0x0102]), Some(2));
        assert_eq!(find_units(&hay, &[0x0201u16, 0x0201]), None);
        assert_eq!(rfind_units(&hay, &[0x0101u16, 0x0102]), Some(0));
        assert_eq!(count_units(&[1u32, 1, 1, 1, 1], &[1, 1], usize::MAX), 2);
        assert_eq!(count_units(b"aaa", b"", usize::MAX), 4);
    }
}

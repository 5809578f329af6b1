//! Making strings from Rust text, code points and raw units, and the way back. Every result is canonical.

use std::borrow::Cow;

use rustpython_wtf8::{CodePoint, Wtf8, Wtf8Buf};

use super::PyStr;
use super::data::{CharUnit, StrData, StrRepr, for_data};
use crate::object::{PyStruct, Ref};
use crate::{PyErr, PyResult, exc};

/// Unwraps where running out of memory cannot be reported: the text already exists once in memory.
#[inline]
fn must(result: PyResult<Ref<PyStr>>) -> Ref<PyStr> {
    match result {
        Ok(text) => text,
        Err(_) => std::alloc::handle_alloc_error(core::alloc::Layout::new::<[u8; 64]>()),
    }
}

/// UTF-8 of text without surrogates.
pub(super) fn encode_utf8_strict(data: StrData<'_>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    // Latin-1 text grows by at most one byte a character; the others are counted roughly.
    out.try_reserve(data.len().checked_mul(match data {
        StrData::Latin1(_) => 2,
        StrData::Ucs2(_) => 3,
        StrData::Ucs4(_) => 4,
    })?)
    .ok()?;
    for_data!(data, s => for &c in s {
        let ch = char::from_u32(c.to_u32())?;
        push_utf8(&mut out, ch);
    });
    Some(out)
}

/// Appends the UTF-8 form of a character.
#[inline]
pub(crate) fn push_utf8(out: &mut Vec<u8>, ch: char) {
    if ch.is_ascii() {
        out.push(ch as u8);
    } else {
        let mut buffer = [0u8; 4];
        out.extend_from_slice(ch.encode_utf8(&mut buffer).as_bytes());
    }
}

impl PyStr {
    /// From Rust text.
    #[inline]
    pub fn new(text: &str) -> Ref<PyStr> {
        must(PyStr::try_new(text))
    }

    /// From Rust text.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn try_new(text: &str) -> PyResult<Ref<PyStr>> {
        if text.is_ascii() {
            // SAFETY: just checked.
            return unsafe { PyStr::from_ascii_unchecked(text.as_bytes()) };
        }
        // Counting is a vector loop; so is finding the largest lead byte, which tells the storage.
        let len = text.chars().count();
        let lead = text.bytes().max().unwrap_or(0);
        let repr = match lead {
            0..=0xc3 => StrRepr::Latin1,
            0xc4..=0xef => StrRepr::Ucs2,
            _ => StrRepr::Ucs4,
        };
        if len == 1 && repr == StrRepr::Latin1 {
            return Ok(PyStr::latin1_char(text.chars().next().map_or(0, |c| c as u8)));
        }
        let result = PyStr::alloc(len, repr)?;
        // SAFETY: fresh, and `len` characters of that class are written.
        unsafe {
            let dst = result.data_ptr();
            match repr {
                StrRepr::Ascii | StrRepr::Latin1 => {
                    for (i, c) in text.chars().enumerate() {
                        dst.add(i).write(c as u8);
                    }
                }
                StrRepr::Ucs2 => {
                    let dst = dst as *mut u16;
                    for (i, c) in text.chars().enumerate() {
                        dst.add(i).write(c as u16);
                    }
                }
                StrRepr::Ucs4 => {
                    let dst = dst as *mut u32;
                    for (i, c) in text.chars().enumerate() {
                        dst.add(i).write(c as u32);
                    }
                }
            }
        }
        Ok(result)
    }

    /// From owned Rust text.
    #[inline]
    pub fn from_string(text: String) -> Ref<PyStr> {
        PyStr::new(&text)
    }

    /// From bytes that are all below 128.
    ///
    /// # Errors
    /// `MemoryError`.
    ///
    /// # Safety
    /// All bytes are ASCII.
    #[inline]
    pub unsafe fn from_ascii_unchecked(text: &[u8]) -> PyResult<Ref<PyStr>> {
        debug_assert!(text.is_ascii());
        match text {
            [] => Ok(PyStr::empty()),
            [c] => Ok(PyStr::latin1_char(*c)),
            _ => {
                let result = PyStr::alloc(text.len(), StrRepr::Ascii)?;
                // SAFETY: fresh, of that length.
                unsafe { core::ptr::copy_nonoverlapping(text.as_ptr(), result.data_ptr(), text.len()) };
                Ok(result)
            }
        }
    }

    /// From Latin-1 bytes.
    pub fn from_latin1(text: &[u8]) -> Ref<PyStr> {
        must(PyStr::try_from_latin1(text))
    }

    /// From Latin-1 bytes.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn try_from_latin1(text: &[u8]) -> PyResult<Ref<PyStr>> {
        match text {
            [] => Ok(PyStr::empty()),
            [c] => Ok(PyStr::latin1_char(*c)),
            _ => {
                let repr = if text.is_ascii() { StrRepr::Ascii } else { StrRepr::Latin1 };
                let result = PyStr::alloc(text.len(), repr)?;
                // SAFETY: fresh, of that length.
                unsafe { core::ptr::copy_nonoverlapping(text.as_ptr(), result.data_ptr(), text.len()) };
                Ok(result)
            }
        }
    }

    /// From UCS-2 units, each a code point (surrogates stay what they are).
    pub fn from_ucs2(text: &[u16]) -> Ref<PyStr> {
        must(PyStr::from_units(text, false))
    }

    /// From code points; those above 0x10ffff become U+FFFD.
    pub fn from_ucs4(text: &[u32]) -> Ref<PyStr> {
        must(PyStr::try_from_ucs4(text))
    }

    /// From code points; those above 0x10ffff become U+FFFD.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn try_from_ucs4(text: &[u32]) -> PyResult<Ref<PyStr>> {
        if text.iter().any(|&c| c > 0x10ffff) {
            let repaired: Vec<u32> = text.iter().map(|&c| if c > 0x10ffff { 0xfffd } else { c }).collect();
            return PyStr::from_units(&repaired, false);
        }
        PyStr::from_units(text, false)
    }

    /// From code points.
    pub fn from_code_points(points: impl IntoIterator<Item = u32>) -> Ref<PyStr> {
        let points: Vec<u32> = points.into_iter().collect();
        PyStr::from_ucs4(&points)
    }

    /// The string of one code point (at most 0x10ffff).
    #[inline]
    pub fn from_char(c: u32) -> Ref<PyStr> {
        if c < 0x100 {
            return PyStr::latin1_char(c as u8);
        }
        debug_assert!(c <= 0x10ffff);
        let result = must(PyStr::alloc(1, StrRepr::for_max_char(c)));
        // SAFETY: fresh, of one character.
        unsafe { result.write_char(0, c) };
        result
    }

    /// From units of any kind, stored as small as they allow. `ascii` says that they are known to be ASCII.
    ///
    /// # Errors
    /// `MemoryError`.
    #[inline]
    pub(crate) fn from_units<T: CharUnit>(text: &[T], ascii: bool) -> PyResult<Ref<PyStr>> {
        match text {
            [] => return Ok(PyStr::empty()),
            [c] if c.to_u32() < 0x100 => return Ok(PyStr::latin1_char(c.to_u32() as u8)),
            _ => {}
        }
        let repr = if ascii { StrRepr::Ascii } else { StrRepr::for_max_char(T::max_char(text)) };
        let result = PyStr::alloc(text.len(), repr)?;
        // SAFETY: fresh, of that length and class.
        unsafe { result.write_at(0, T::view(text)) };
        Ok(result)
    }

    /// From a typed view.
    ///
    /// # Errors
    /// `MemoryError`.
    pub(crate) fn from_data(data: StrData<'_>) -> PyResult<Ref<PyStr>> {
        for_data!(data, s => PyStr::from_units(s, false))
    }

    /// From WTF-8: UTF-8 in which surrogates may occur.
    pub fn from_wtf8(text: &Wtf8) -> Ref<PyStr> {
        match text.as_str() {
            Ok(text) => PyStr::new(text),
            Err(_) => PyStr::from_code_points(text.code_points().map(CodePoint::to_u32)),
        }
    }

    /// An exact `str` with this text: itself unless it is an instance of a subclass.
    ///
    /// # Errors
    /// `MemoryError`.
    #[inline]
    pub fn to_exact(&self) -> PyResult<Ref<PyStr>> {
        if self.as_object().is_exact_type(&super::PyUnicode_Type) {
            Ok(self.to_ref())
        } else {
            PyStr::from_data(self.data())
        }
    }

    /// The text as UTF-8, cached in the string.
    ///
    /// # Errors
    /// `UnicodeEncodeError` if it contains surrogates, `MemoryError`.
    #[inline]
    pub fn as_utf8(&self) -> PyResult<&str> {
        match self.cached_utf8() {
            // SAFETY: encoded by us from code points without surrogates.
            Some(bytes) => Ok(unsafe { core::str::from_utf8_unchecked(bytes) }),
            None => Err(self.utf8_error()),
        }
    }

    /// The text as UTF-8, or `None` if it contains surrogates.
    #[inline]
    pub fn as_str(&self) -> Option<&str> {
        // SAFETY: as in `as_utf8`.
        self.cached_utf8().map(|bytes| unsafe { core::str::from_utf8_unchecked(bytes) })
    }

    #[cold]
    fn utf8_error(&self) -> PyErr {
        match crate::runtime::codecs::utf8::encode(self, None) {
            Ok(_) => exc::memory_error(),
            Err(err) => err,
        }
    }

    /// The text as WTF-8.
    pub fn as_wtf8(&self) -> Cow<'_, Wtf8> {
        match self.as_str() {
            Some(text) => Cow::Borrowed(Wtf8::new(text)),
            None => Cow::Owned(self.data().iter().filter_map(CodePoint::from_u32).collect::<Wtf8Buf>()),
        }
    }

    /// The text with surrogates replaced by U+FFFD.
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        match self.as_str() {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(self.data().iter().map(|c| char::from_u32(c).unwrap_or('\u{fffd}')).collect()),
        }
    }

    /// As [`PyStr::to_string_lossy`].
    pub fn as_str_lossy(&self) -> Cow<'_, str> {
        self.to_string_lossy()
    }

    /// Does a NUL character occur?
    pub fn contains_nul(&self) -> bool {
        for_data!(self.data(), s => CharUnit::position(s, CharUnit::from_u32(0)).is_some())
    }
}

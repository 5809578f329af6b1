//! Changing case, with full mappings: one character may become several, and a final sigma has its own form.

use rustpython_unicode::case;

use super::data::StrData;
use super::{PyStr, StrBuilder};
use crate::PyResult;
use crate::object::Ref;

/// The lowercase of a Latin-1 character.
#[inline]
fn latin1_lower(c: u8) -> u8 {
    match c {
        b'A'..=b'Z' | 0xc0..=0xd6 | 0xd8..=0xde => c + 32,
        _ => c,
    }
}

/// The uppercase of a Latin-1 character, when that is one Latin-1 character too.
#[inline]
fn latin1_upper(c: u8) -> Option<u8> {
    match c {
        b'a'..=b'z' | 0xe0..=0xf6 | 0xf8..=0xfe => Some(c - 32),
        0xb5 | 0xdf | 0xff => None,
        _ => Some(c),
    }
}

impl PyStr {
    /// A Latin-1 result of the same length, character by character.
    fn map_latin1(&self, text: &[u8], map: impl Fn(usize, u8) -> u8) -> PyResult<Ref<PyStr>> {
        if text.len() <= 1 {
            return Ok(text.first().map_or_else(PyStr::empty, |&c| PyStr::latin1_char(map(0, c))));
        }
        let result = PyStr::alloc(text.len(), self.repr_class())?;
        // SAFETY: fresh, of that length; case mappings stay on their side of 128.
        unsafe {
            let dst = result.data_ptr();
            for (i, &c) in text.iter().enumerate() {
                dst.add(i).write(map(i, c));
            }
        }
        Ok(result)
    }

    /// `self.lower()`.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn lower(&self) -> PyResult<Ref<PyStr>> {
        match self.data() {
            StrData::Latin1(text) => self.map_latin1(text, |_, c| latin1_lower(c)),
            data => {
                let mut out = StrBuilder::with_capacity(data.len());
                for i in 0..data.len() {
                    push_lower(&mut out, data, i);
                }
                out.try_finish()
            }
        }
    }

    /// `self.upper()`.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn upper(&self) -> PyResult<Ref<PyStr>> {
        match self.data() {
            StrData::Latin1(text) if self.is_ascii() => self.map_latin1(text, |_, c| c.to_ascii_uppercase()),
            StrData::Latin1(text) if text.iter().all(|&c| latin1_upper(c).is_some()) => {
                self.map_latin1(text, |_, c| latin1_upper(c).unwrap_or(c))
            }
            data => {
                let mut out = StrBuilder::with_capacity(data.len());
                for c in data.iter() {
                    push_upper(&mut out, c);
                }
                out.try_finish()
            }
        }
    }

    /// `self.swapcase()`.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn swapcase(&self) -> PyResult<Ref<PyStr>> {
        if let Some(text) = self.as_ascii() {
            return self.map_latin1(text.as_bytes(), |_, c| {
                if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
            });
        }
        let data = self.data();
        let mut out = StrBuilder::with_capacity(data.len());
        for (i, c) in data.iter().enumerate() {
            if super::unicode::is_upper(c) {
                push_lower(&mut out, data, i);
            } else if super::unicode::is_lower(c) {
                push_upper(&mut out, c);
            } else {
                out.push_char(c);
            }
        }
        out.try_finish()
    }

    /// `self.capitalize()`.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn capitalize(&self) -> PyResult<Ref<PyStr>> {
        if let Some(text) = self.as_ascii() {
            return self.map_latin1(text.as_bytes(), |i, c| {
                if i == 0 { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
            });
        }
        let data = self.data();
        let mut out = StrBuilder::with_capacity(data.len());
        for (i, c) in data.iter().enumerate() {
            if i == 0 {
                push_title(&mut out, c);
            } else {
                push_lower(&mut out, data, i);
            }
        }
        out.try_finish()
    }

    /// `self.title()`.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn title(&self) -> PyResult<Ref<PyStr>> {
        if let Some(text) = self.as_ascii() {
            let text = text.as_bytes();
            return self.map_latin1(text, |i, c| {
                if i > 0 && text[i - 1].is_ascii_alphabetic() { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() }
            });
        }
        let data = self.data();
        let mut out = StrBuilder::with_capacity(data.len());
        let mut previous_cased = false;
        for (i, c) in data.iter().enumerate() {
            if previous_cased {
                push_lower(&mut out, data, i);
            } else {
                push_title(&mut out, c);
            }
            previous_cased = is_cased(c);
        }
        out.try_finish()
    }

    /// `self.casefold()`.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn casefold(&self) -> PyResult<Ref<PyStr>> {
        if let Some(text) = self.as_ascii() {
            return self.map_latin1(text.as_bytes(), |_, c| c.to_ascii_lowercase());
        }
        Ok(PyStr::from_wtf8(&case::casefold_wtf8(&self.as_wtf8())))
    }
}

fn is_cased(c: u32) -> bool {
    char::from_u32(c).is_some_and(case::is_cased)
}

fn is_case_ignorable(c: u32) -> bool {
    char::from_u32(c).is_some_and(case::is_case_ignorable)
}

/// Appends the lowercase of the character at `index`, which for a capital sigma depends on its neighbours.
fn push_lower(out: &mut StrBuilder, text: StrData<'_>, index: usize) {
    const CAPITAL_SIGMA: u32 = 0x3a3;
    match text.at(index) {
        c @ 0..=0xff => out.push_char(latin1_lower(c as u8) as u32),
        CAPITAL_SIGMA => {
            let before = (0..index).rev().map(|i| text.at(i)).find(|&c| !is_case_ignorable(c)).is_some_and(is_cased);
            let after =
                (index + 1..text.len()).map(|i| text.at(i)).find(|&c| !is_case_ignorable(c)).is_some_and(is_cased);
            out.push_char(if before && !after { 0x3c2 } else { 0x3c3 });
        }
        c => match char::from_u32(c) {
            Some(ch) => out.extend(ch.to_lowercase().map(u32::from)),
            None => out.push_char(c),
        },
    }
}

fn push_upper(out: &mut StrBuilder, c: u32) {
    match char::from_u32(c) {
        Some(ch) if ch.is_ascii() => out.push_char(ch.to_ascii_uppercase() as u32),
        Some(ch) => out.extend(ch.to_uppercase().map(u32::from)),
        None => out.push_char(c),
    }
}

fn push_title(out: &mut StrBuilder, c: u32) {
    match char::from_u32(c) {
        Some(ch) if ch.is_ascii() => out.push_char(ch.to_ascii_uppercase() as u32),
        Some(ch) => {
            let mut buffer = [0u8; 4];
            out.push_str(&case::title_str(ch.encode_utf8(&mut buffer)));
        }
        None => out.push_char(c),
    }
}

//! Cutting text: split, splitlines, partition, strip.

use super::PyStr;
use super::data::{CharUnit, StrData, for_data};
use super::search::{Occurrences, find_units, rfind_units};
use super::unicode::{is_line_break, is_space};
use crate::object::{ObjRef, PyStruct, Ref};
use crate::{PyResult, exc};

/// From which ends `strip` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
    Both,
}

impl Side {
    #[inline]
    pub fn left(self) -> bool {
        self != Side::Right
    }
    #[inline]
    pub fn right(self) -> bool {
        self != Side::Left
    }
}

/// The bounds of what remains when units matching `drop` are taken from the ends.
#[inline]
pub fn strip_bounds<T: Copy>(units: &[T], side: Side, drop: impl Fn(T) -> bool) -> (usize, usize) {
    let mut start = 0;
    let mut end = units.len();
    if side.left() {
        while start < end && drop(units[start]) {
            start += 1;
        }
    }
    if side.right() {
        while end > start && drop(units[end - 1]) {
            end -= 1;
        }
    }
    (start, end)
}

/// The bounds of the words of a text, at most `max` cuts; `space` tells white space.
pub fn split_words<T: Copy>(text: &[T], max: usize, space: impl Fn(T) -> bool, mut visit: impl FnMut(usize, usize)) {
    let mut at = 0;
    let mut left = max;
    loop {
        while at < text.len() && space(text[at]) {
            at += 1;
        }
        if at == text.len() {
            return;
        }
        let start = at;
        if left == 0 {
            // White space at the end belongs to the rest.
            visit(start, text.len());
            return;
        }
        left -= 1;
        while at < text.len() && !space(text[at]) {
            at += 1;
        }
        visit(start, at);
    }
}

/// As [`split_words`], cutting from the end; words come last first.
pub fn rsplit_words<T: Copy>(text: &[T], max: usize, space: impl Fn(T) -> bool, mut visit: impl FnMut(usize, usize)) {
    let mut at = text.len();
    let mut left = max;
    loop {
        while at > 0 && space(text[at - 1]) {
            at -= 1;
        }
        if at == 0 {
            return;
        }
        let end = at;
        if left == 0 {
            visit(0, end);
            return;
        }
        left -= 1;
        while at > 0 && !space(text[at - 1]) {
            at -= 1;
        }
        visit(at, end);
    }
}

/// The bounds of the pieces between occurrences of a separator, at most `max` cuts.
pub fn split_on<T: CharUnit>(text: &[T], separator: &[T], max: usize, mut visit: impl FnMut(usize, usize)) {
    let mut done = 0;
    for at in Occurrences::new(text, separator).take(max) {
        visit(done, at);
        done = at + separator.len();
    }
    visit(done, text.len());
}

/// As [`split_on`], cutting from the end; pieces come last first.
pub fn rsplit_on<T: CharUnit>(text: &[T], separator: &[T], max: usize, mut visit: impl FnMut(usize, usize)) {
    let mut end = text.len();
    let mut left = max;
    while left > 0
        && let Some(at) = rfind_units(&text[..end], separator)
    {
        visit(at + separator.len(), end);
        end = at;
        left -= 1;
    }
    visit(0, end);
}

/// The bounds of lines: start, end without the break, end with it.
pub fn split_lines<T: Copy>(
    text: &[T],
    is_break: impl Fn(T) -> bool,
    is_cr: impl Fn(T) -> bool,
    is_lf: impl Fn(T) -> bool,
    mut visit: impl FnMut(usize, usize, usize),
) {
    let mut at = 0;
    while at < text.len() {
        let start = at;
        while at < text.len() && !is_break(text[at]) {
            at += 1;
        }
        let end = at;
        if at < text.len() {
            at += if is_cr(text[at]) && at + 1 < text.len() && is_lf(text[at + 1]) { 2 } else { 1 };
        }
        visit(start, end, at);
    }
}

/// A limit as Python counts it: negative means none.
#[inline]
pub fn max_splits(max: isize) -> usize {
    usize::try_from(max).unwrap_or(usize::MAX)
}

/// Collects substrings; the first failure is kept.
struct Pieces<'a> {
    source: &'a PyStr,
    out: Vec<ObjRef>,
    error: Option<crate::PyErr>,
}

impl<'a> Pieces<'a> {
    fn new(source: &'a PyStr) -> Self {
        Pieces { source, out: Vec::new(), error: None }
    }

    #[inline]
    fn push<T: CharUnit>(&mut self, text: &[T], start: usize, end: usize) {
        if self.error.is_some() {
            return;
        }
        let piece = if start == 0 && end == text.len() {
            self.source.to_exact()
        } else {
            PyStr::from_units(&text[start..end], self.source.is_ascii())
        };
        match piece {
            Ok(piece) => self.out.push(piece.into_obj()),
            Err(err) => self.error = Some(err),
        }
    }

    fn finish(self, reverse: bool) -> PyResult<Vec<ObjRef>> {
        if let Some(err) = self.error {
            return Err(err);
        }
        let mut out = self.out;
        if reverse {
            out.reverse();
        }
        Ok(out)
    }
}

impl PyStr {
    /// `self.split(separator, max)`.
    ///
    /// # Errors
    /// `ValueError` for an empty separator, `MemoryError`.
    pub fn split(&self, separator: Option<&PyStr>, max: isize) -> PyResult<Vec<ObjRef>> {
        let max = max_splits(max);
        let mut pieces = Pieces::new(self);
        match separator {
            None => {
                for_data!(self.data(), s => split_words(s, max, |c| is_space(c.to_u32()), |a, b| pieces.push(s, a, b)))
            }
            Some(separator) => {
                if separator.is_empty() {
                    return Err(exc::value_error("empty separator"));
                }
                if separator.kind() > self.kind() {
                    return Ok(vec![self.to_exact()?.into_obj()]);
                }
                for_data!(self.data(), s => {
                    split_on(s, &separator.data().widened(), max, |a, b| pieces.push(s, a, b));
                });
            }
        }
        pieces.finish(false)
    }

    /// `self.rsplit(separator, max)`.
    ///
    /// # Errors
    /// `ValueError` for an empty separator, `MemoryError`.
    pub fn rsplit(&self, separator: Option<&PyStr>, max: isize) -> PyResult<Vec<ObjRef>> {
        let max = max_splits(max);
        let mut pieces = Pieces::new(self);
        match separator {
            None => {
                for_data!(self.data(), s => rsplit_words(s, max, |c| is_space(c.to_u32()), |a, b| pieces.push(s, a, b)))
            }
            Some(separator) => {
                if separator.is_empty() {
                    return Err(exc::value_error("empty separator"));
                }
                if separator.kind() > self.kind() {
                    return Ok(vec![self.to_exact()?.into_obj()]);
                }
                for_data!(self.data(), s => {
                    rsplit_on(s, &separator.data().widened(), max, |a, b| pieces.push(s, a, b));
                });
            }
        }
        pieces.finish(true)
    }

    /// `self.splitlines(keepends)`.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn split_lines(&self, keep_ends: bool) -> PyResult<Vec<ObjRef>> {
        let mut pieces = Pieces::new(self);
        for_data!(self.data(), s => split_lines(
            s,
            |c| is_line_break(c.to_u32()),
            |c| c.to_u32() == 13,
            |c| c.to_u32() == 10,
            |start, end, next| pieces.push(s, start, if keep_ends { next } else { end }),
        ));
        pieces.finish(false)
    }

    /// `self.partition(separator)`.
    ///
    /// # Errors
    /// `ValueError` for an empty separator, `MemoryError`.
    pub fn partition(&self, separator: &PyStr) -> PyResult<[Ref<PyStr>; 3]> {
        if separator.is_empty() {
            return Err(exc::value_error("empty separator"));
        }
        let found = if separator.kind() > self.kind() {
            None
        } else {
            for_data!(self.data(), s => find_units(s, &separator.data().widened()))
        };
        match found {
            Some(at) => Ok([
                self.try_substring(0, at)?,
                separator.to_ref(),
                self.try_substring(at + separator.len(), self.len())?,
            ]),
            None => Ok([self.to_exact()?, PyStr::empty(), PyStr::empty()]),
        }
    }

    /// `self.rpartition(separator)`.
    ///
    /// # Errors
    /// `ValueError` for an empty separator, `MemoryError`.
    pub fn rpartition(&self, separator: &PyStr) -> PyResult<[Ref<PyStr>; 3]> {
        if separator.is_empty() {
            return Err(exc::value_error("empty separator"));
        }
        let found = if separator.kind() > self.kind() {
            None
        } else {
            for_data!(self.data(), s => rfind_units(s, &separator.data().widened()))
        };
        match found {
            Some(at) => Ok([
                self.try_substring(0, at)?,
                separator.to_ref(),
                self.try_substring(at + separator.len(), self.len())?,
            ]),
            None => Ok([PyStr::empty(), PyStr::empty(), self.to_exact()?]),
        }
    }

    /// `self.strip(chars)` and its one-sided variants.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn strip(&self, chars: Option<&PyStr>, side: Side) -> PyResult<Ref<PyStr>> {
        let (start, end) = match chars {
            None => for_data!(self.data(), s => strip_bounds(s, side, |c| is_space(c.to_u32()))),
            Some(chars) => {
                let set = chars.data();
                match set {
                    // The usual case: few Latin-1 characters become a table of bits.
                    StrData::Latin1(chars) => {
                        let mut bits = [0u64; 4];
                        for &c in chars {
                            bits[c as usize / 64] |= 1 << (c % 64);
                        }
                        for_data!(self.data(), s => strip_bounds(s, side, |c| {
                            let c = c.to_u32();
                            c < 256 && bits[c as usize / 64] & (1 << (c % 64)) != 0
                        }))
                    }
                    _ => for_data!(self.data(), s => strip_bounds(s, side, |c| {
                        super::search::find_char(set, c.to_u32()).is_some()
                    })),
                }
            }
        };
        self.try_substring(start, end)
    }
}

//! Filling text up: ljust, rjust, center, zfill, expandtabs.

use super::data::{StrRepr, for_data};
use super::{CharUnit, PyStr};
use crate::object::Ref;
use crate::{PyResult, exc};

impl PyStr {
    /// The text with `left` and `right` fill characters around it.
    ///
    /// # Errors
    /// `OverflowError`, `MemoryError`.
    pub(super) fn padded(&self, left: usize, right: usize, fill: u32) -> PyResult<Ref<PyStr>> {
        if left == 0 && right == 0 {
            return self.to_exact();
        }
        let len = match left.checked_add(right).and_then(|n| n.checked_add(self.len())) {
            Some(len) if len <= isize::MAX as usize => len,
            _ => return Err(exc::overflow_error("padded string is too long")),
        };
        if len == 1 {
            return Ok(PyStr::from_char(fill));
        }
        let result = PyStr::alloc(len, self.repr_class().max(StrRepr::for_max_char(fill)))?;
        // SAFETY: fresh, and the three parts fill it.
        unsafe {
            result.fill(0, left, fill);
            result.write_at(left, self.data());
            result.fill(left + self.len(), right, fill);
        }
        Ok(result)
    }

    /// How much is missing to `width`.
    #[inline]
    fn missing(&self, width: isize) -> usize {
        usize::try_from(width).unwrap_or(0).saturating_sub(self.len())
    }

    /// `self.ljust(width, fill)`.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn ljust(&self, width: isize, fill: u32) -> PyResult<Ref<PyStr>> {
        self.padded(0, self.missing(width), fill)
    }

    /// `self.rjust(width, fill)`.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn rjust(&self, width: isize, fill: u32) -> PyResult<Ref<PyStr>> {
        self.padded(self.missing(width), 0, fill)
    }

    /// `self.center(width, fill)`; of an odd gap, the larger half goes left when the width is odd.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn center(&self, width: isize, fill: u32) -> PyResult<Ref<PyStr>> {
        let missing = self.missing(width);
        let left = missing / 2 + (missing & width as usize & 1);
        self.padded(left, missing - left, fill)
    }

    /// `self.zfill(width)`: a sign stays in front.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn zfill(&self, width: isize) -> PyResult<Ref<PyStr>> {
        let missing = self.missing(width);
        if missing == 0 {
            return self.to_exact();
        }
        let result = self.padded(missing, 0, b'0' as u32)?;
        if !self.is_empty() {
            let first = self.char_at(0);
            if (first == b'+' as u32 || first == b'-' as u32) && result.len() > 1 {
                // SAFETY: nobody else has seen the result yet.
                unsafe {
                    result.write_char(0, first);
                    result.write_char(missing, b'0' as u32);
                }
            }
        }
        Ok(result)
    }

    /// `self.expandtabs(size)`.
    ///
    /// # Errors
    /// `OverflowError`, `MemoryError`.
    pub fn expand_tabs(&self, size: usize) -> PyResult<Ref<PyStr>> {
        for_data!(self.data(), s => {
            if CharUnit::position(s, CharUnit::from_u32(9)).is_none() {
                return self.to_exact();
            }
            let mut builder = super::StrBuilder::with_capacity(s.len());
            let mut column = 0usize;
            for &c in s {
                match c.to_u32() {
                    9 => {
                        if size > 0 {
                            let spaces = size - column % size;
                            builder.push_repeated(b' ' as u32, spaces);
                            column += spaces;
                        }
                    }
                    c => {
                        builder.push_char(c);
                        column = if c == 10 || c == 13 { 0 } else { column + 1 };
                    }
                }
            }
            builder.try_finish()
        })
    }
}

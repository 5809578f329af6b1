//! New strings from old ones: concatenation, repetition, slices, join, replace.

use super::data::{CharUnit, StrData, StrRepr, for_data};
use super::search::{Occurrences, count_units};
use super::{PyStr, PyUnicode_Type};
use crate::object::{ObjRef, PyObject, PyStruct, Ref};
use crate::types::list::PyList;
use crate::types::tuple::PyTuple;
use crate::{PyClass, PyResult, exc, protocol};

/// `MemoryError`, for sizes nobody can have.
#[inline]
fn checked_len(len: Option<usize>) -> PyResult<usize> {
    match len {
        Some(len) if len <= isize::MAX as usize => Ok(len),
        _ => Err(exc::overflow_error("strings are too large to concat")),
    }
}

impl PyStr {
    /// `a + b`.
    ///
    /// # Errors
    /// `MemoryError`, `OverflowError`.
    pub fn concat(a: &PyStr, b: &PyStr) -> PyResult<Ref<PyStr>> {
        if a.is_empty() {
            return b.to_exact();
        }
        if b.is_empty() {
            return a.to_exact();
        }
        let len = checked_len(a.len().checked_add(b.len()))?;
        let result = PyStr::alloc(len, a.repr_class().max(b.repr_class()))?;
        // SAFETY: fresh, and wide enough for both.
        unsafe {
            result.write_at(0, a.data());
            result.write_at(a.len(), b.data());
        }
        Ok(result)
    }

    /// The concatenation of all parts: `f"..."`.
    ///
    /// # Errors
    /// `MemoryError`, `OverflowError`.
    pub fn concat_many(parts: &[&PyStr]) -> PyResult<Ref<PyStr>> {
        PyStr::join_parts(StrData::Latin1(&[]), StrRepr::Ascii, parts)
    }

    /// `a += b` where the caller gives up its reference to `a`: appends in place when nobody else has one.
    ///
    /// # Errors
    /// `MemoryError`, `OverflowError`.
    pub fn append_in_place(a: Ref<PyStr>, b: &PyStr) -> PyResult<Ref<PyStr>> {
        if b.is_empty() && a.as_object().is_exact_type(&PyUnicode_Type) {
            return Ok(a);
        }
        // A string whose cached UTF-8 form was asked for may be in use by C code that holds a pointer into it, but then it is
        // also referenced elsewhere.
        if a.is_modifiable() && a.repr_class() >= b.repr_class() && !a.is_empty() && !core::ptr::eq(&*a, b) {
            let old_len = a.len();
            let len = checked_len(old_len.checked_add(b.len()))?;
            // SAFETY: checked to be ours alone; the new characters are written at once.
            unsafe {
                let result = PyStr::resize(a, len)?;
                result.write_at(old_len, b.data());
                return Ok(result);
            }
        }
        PyStr::concat(&a, b)
    }

    /// `self * count`.
    ///
    /// # Errors
    /// `MemoryError`, `OverflowError`.
    pub fn repeat(&self, count: isize) -> PyResult<Ref<PyStr>> {
        if count <= 0 || self.is_empty() {
            return Ok(PyStr::empty());
        }
        if count == 1 {
            return self.to_exact();
        }
        let count = count as usize;
        let len = match self.len().checked_mul(count) {
            Some(len) if len <= isize::MAX as usize => len,
            _ => return Err(exc::overflow_error("repeated string is too long")),
        };
        let result = PyStr::alloc(len, self.repr_class())?;
        // SAFETY: fresh; doubling copies only what is already written.
        unsafe {
            if self.len() == 1 {
                result.fill(0, count, self.char_at(0));
            } else {
                let unit = self.kind() as usize;
                let total = len * unit;
                let dst = result.data_ptr();
                let mut done = self.len() * unit;
                core::ptr::copy_nonoverlapping(self.data_ptr(), dst, done);
                while done < total {
                    let n = done.min(total - done);
                    core::ptr::copy_nonoverlapping(dst, dst.add(done), n);
                    done += n;
                }
            }
        }
        Ok(result)
    }

    /// The characters from `start` to `end` (both within the string), in the smallest storage.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn try_substring(&self, start: usize, end: usize) -> PyResult<Ref<PyStr>> {
        if start == 0 && end == self.len() {
            return self.to_exact();
        }
        let ascii = self.is_ascii();
        for_data!(self.data(), s => PyStr::from_units(&s[start..end], ascii))
    }

    /// As [`PyStr::try_substring`], for parts so small that memory cannot run out.
    pub fn substring(&self, start: usize, end: usize) -> Ref<PyStr> {
        match self.try_substring(start, end) {
            Ok(text) => text,
            Err(_) => std::alloc::handle_alloc_error(core::alloc::Layout::new::<[u8; 64]>()),
        }
    }

    /// `self[index]` for an index that is in range.
    #[inline]
    pub fn item(&self, index: usize) -> Ref<PyStr> {
        PyStr::from_char(self.char_at(index))
    }

    /// `self[start::step]` of `count` characters.
    pub(super) fn extended_slice(&self, start: isize, step: isize, count: usize) -> PyResult<Ref<PyStr>> {
        let ascii = self.is_ascii();
        for_data!(self.data(), s => {
            let mut units = Vec::with_capacity(count);
            let mut at = start;
            for _ in 0..count {
                units.push(s[at as usize]);
                at = at.wrapping_add(step);
            }
            PyStr::from_units(&units, ascii)
        })
    }

    /// Concatenation with a separator.
    fn join_parts(separator: StrData<'_>, separator_repr: StrRepr, parts: &[&PyStr]) -> PyResult<Ref<PyStr>> {
        match parts {
            [] => return Ok(PyStr::empty()),
            [only] if only.as_object().is_exact_type(&PyUnicode_Type) => return Ok(only.to_ref()),
            _ => {}
        }
        let mut len = separator.len().checked_mul(parts.len() - 1);
        let mut repr = if parts.len() > 1 && !separator.is_empty() { separator_repr } else { StrRepr::Ascii };
        for part in parts {
            len = len.and_then(|len| len.checked_add(part.len()));
            if !part.is_empty() {
                repr = repr.max(part.repr_class());
            }
        }
        let Some(len) = len.filter(|&len| len <= isize::MAX as usize) else {
            return Err(exc::overflow_error("join() result is too long for a Python string"));
        };
        if len <= 1 {
            let mut builder = super::StrBuilder::new();
            for (i, part) in parts.iter().enumerate() {
                if i != 0 {
                    builder.push_data(separator);
                }
                builder.push_py(part);
            }
            return builder.try_finish();
        }
        let result = PyStr::alloc(len, repr)?;
        let mut at = 0;
        // SAFETY: fresh, as long as all parts together and wide enough for the widest.
        unsafe {
            for (i, part) in parts.iter().enumerate() {
                if i != 0 && !separator.is_empty() {
                    result.write_at(at, separator);
                    at += separator.len();
                }
                result.write_at(at, part.data());
                at += part.len();
            }
        }
        Ok(result)
    }

    /// `separator.join(iterable)`.
    ///
    /// # Errors
    /// `TypeError` for what cannot be iterated or contains other things than strings, `MemoryError`.
    pub fn join(&self, iterable: &PyObject) -> PyResult<Ref<PyStr>> {
        if let Some(list) = iterable.downcast_exact::<PyList>() {
            // SAFETY: nothing below runs Python code or changes the list.
            return self.join_items(unsafe { list.items() });
        }
        if let Some(tuple) = iterable.downcast_exact::<PyTuple>() {
            return self.join_items(tuple.items());
        }
        let iter = match protocol::object::get_iter(iterable) {
            Ok(iter) => iter,
            Err(err) if err.matches(exc::TypeError()) => return Err(exc::type_error("can only join an iterable")),
            Err(err) => return Err(err),
        };
        let items: Vec<ObjRef> = protocol::sequence::fast(&iter)?;
        let borrowed: Vec<&PyObject> = items.iter().map(|item| &**item).collect();
        self.join_items(&borrowed)
    }

    fn join_items(&self, items: &[&PyObject]) -> PyResult<Ref<PyStr>> {
        let mut parts: Vec<&PyStr> = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            match item.downcast_ref::<PyStr>() {
                Some(part) => parts.push(part),
                None => {
                    let found = item.ty().name();
                    return Err(exc::type_error(format!("sequence item {i}: expected str instance, {found} found")));
                }
            }
        }
        PyStr::join_parts(self.data(), self.repr_class(), &parts)
    }

    /// `self.replace(old, new, count)`; a negative count replaces all.
    ///
    /// # Errors
    /// `MemoryError`, `OverflowError`.
    pub fn replace(&self, old: &PyStr, new: &PyStr, count: isize) -> PyResult<Ref<PyStr>> {
        let max = usize::try_from(count).unwrap_or(usize::MAX);
        if max == 0 || old.len() > self.len() || super::compare::same_text(old, new) || old.kind() > self.kind() {
            return self.to_exact();
        }
        if self.is_empty() {
            // Only an empty pattern gets here; without a limit or with any, it is replaced once.
            return new.to_exact();
        }
        for_data!(self.data(), s => self.replace_units(s, &old.data().widened(), new, max))
    }

    fn replace_units<T: CharUnit>(&self, text: &[T], old: &[T], new: &PyStr, max: usize) -> PyResult<Ref<PyStr>> {
        let count = count_units(text, old, max);
        if count == 0 {
            return self.to_exact();
        }
        let len = new.len().checked_mul(count).and_then(|added| (text.len() - count * old.len()).checked_add(added));
        let len = match len {
            Some(len) if len <= isize::MAX as usize => len,
            _ => return Err(exc::overflow_error("replace string is too long")),
        };
        let repr = self.repr_class().max(new.repr_class());
        // Replacing the widest characters may leave text that fits a smaller storage; then it is copied once more.
        let shrinks =
            repr != StrRepr::Ascii && new.repr_class() < repr && StrRepr::for_max_char(T::max_char(old)) == repr;
        if len <= 1 || shrinks {
            let mut builder = super::StrBuilder::new();
            each_piece(text, old, max, |piece| match piece {
                Piece::Kept(units) => builder.push_units(units),
                Piece::Replaced => builder.push_py(new),
            });
            return builder.try_finish();
        }
        let result = PyStr::alloc(len, repr)?;
        let mut at = 0;
        each_piece(text, old, max, |piece| {
            let data = match piece {
                Piece::Kept(units) => T::view(units),
                Piece::Replaced => new.data(),
            };
            // SAFETY: fresh, and the pieces add up to its length.
            unsafe { result.write_at(at, data) };
            at += data.len();
        });
        debug_assert_eq!(at, len);
        Ok(result)
    }
}

/// What a replacement consists of.
enum Piece<'a, T> {
    Kept(&'a [T]),
    Replaced,
}

/// Calls `visit` for the kept and replaced pieces in order.
fn each_piece<T: CharUnit>(text: &[T], old: &[T], max: usize, mut visit: impl FnMut(Piece<'_, T>)) {
    if old.is_empty() {
        // The pattern occurs before every character and at the end.
        let mut left = max;
        for (i, _) in text.iter().enumerate() {
            if left == 0 {
                visit(Piece::Kept(&text[i..]));
                return;
            }
            visit(Piece::Replaced);
            visit(Piece::Kept(&text[i..i + 1]));
            left -= 1;
        }
        if left > 0 {
            visit(Piece::Replaced);
        }
        return;
    }
    let mut done = 0;
    for at in Occurrences::new(text, old).take(max) {
        if at > done {
            visit(Piece::Kept(&text[done..at]));
        }
        visit(Piece::Replaced);
        done = at + old.len();
    }
    if done < text.len() {
        visit(Piece::Kept(&text[done..]));
    }
}

/// Is `object` exactly a `str`?
#[inline]
pub(crate) fn is_exact_str(object: &PyObject) -> bool {
    PyStr::check_exact(object)
}

//! `StrBuilder`: text put together piece by piece, straight in the memory of the string it becomes.
//!
//! The storage starts as ASCII and widens when a character needs it. Running out of memory is remembered and reported at
//! the end, so that pushing stays infallible.

use super::data::{CharUnit, StrData, StrRepr, for_data};
use super::layout::{compact_size, init_compact, write_chars};
use super::{PyStr, StrKind};
use crate::object::Ref;
use crate::object::alloc::{mem_alloc, mem_free, mem_realloc};
use crate::{PyResult, exc};

/// Copies bytes, few as a rule.
///
/// # Safety
/// There is room for them, which does not overlap them.
#[inline(always)]
unsafe fn copy_bytes(from: &[u8], to: *mut u8) {
    let (start, len) = (from.as_ptr(), from.len());
    // SAFETY: the caller's promise; reads and writes stay within the bytes, some of which are copied twice.
    unsafe {
        match len {
            0 => {}
            1 => to.write(*start),
            2..4 => {
                let (head, tail) =
                    (start.cast::<u16>().read_unaligned(), start.add(len - 2).cast::<u16>().read_unaligned());
                to.cast::<u16>().write_unaligned(head);
                to.add(len - 2).cast::<u16>().write_unaligned(tail);
            }
            4..8 => {
                let (head, tail) =
                    (start.cast::<u32>().read_unaligned(), start.add(len - 4).cast::<u32>().read_unaligned());
                to.cast::<u32>().write_unaligned(head);
                to.add(len - 4).cast::<u32>().write_unaligned(tail);
            }
            8..17 => {
                let (head, tail) =
                    (start.cast::<u64>().read_unaligned(), start.add(len - 8).cast::<u64>().read_unaligned());
                to.cast::<u64>().write_unaligned(head);
                to.add(len - 8).cast::<u64>().write_unaligned(tail);
            }
            _ => core::ptr::copy_nonoverlapping(start, to, len),
        }
    }
}

/// Builds a string. Its characters lie behind the (not yet written) object header.
pub struct StrBuilder {
    block: *mut u8,
    len: usize,
    capacity: usize,
    repr: StrRepr,
    failed: bool,
}

impl StrBuilder {
    /// Nothing is allocated yet.
    #[inline]
    pub const fn new() -> StrBuilder {
        StrBuilder { block: core::ptr::null_mut(), len: 0, capacity: 0, repr: StrRepr::Ascii, failed: false }
    }

    /// With room for `capacity` ASCII characters.
    pub fn with_capacity(capacity: usize) -> StrBuilder {
        let mut builder = StrBuilder::new();
        builder.reserve_exact(capacity, StrRepr::Ascii);
        builder
    }

    /// Characters so far.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Did memory run out?
    #[inline]
    pub fn failed(&self) -> bool {
        self.failed
    }

    #[inline]
    fn chars(&self) -> *mut u8 {
        // SAFETY: the block starts with the header.
        unsafe { self.block.add(self.repr.header()) }
    }

    /// What has been built so far.
    pub fn data(&self) -> StrData<'_> {
        if self.block.is_null() {
            return StrData::Latin1(&[]);
        }
        // SAFETY: `len` characters of the kind have been written.
        unsafe {
            match self.repr.kind() {
                StrKind::Latin1 => StrData::Latin1(core::slice::from_raw_parts(self.chars(), self.len)),
                StrKind::Ucs2 => StrData::Ucs2(core::slice::from_raw_parts(self.chars() as *const u16, self.len)),
                StrKind::Ucs4 => StrData::Ucs4(core::slice::from_raw_parts(self.chars() as *const u32, self.len)),
            }
        }
    }

    /// Makes room for `extra` characters that `repr` can hold. False when memory has run out.
    #[inline]
    fn prepare(&mut self, extra: usize, repr: StrRepr) -> bool {
        let repr = repr.max(self.repr);
        if repr == self.repr && extra <= self.capacity - self.len && !self.block.is_null() {
            return true;
        }
        self.grow(extra, repr)
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, extra: usize, repr: StrRepr) -> bool {
        let Some(needed) = self.len.checked_add(extra) else {
            self.failed = true;
            return false;
        };
        let capacity = if needed <= self.capacity {
            self.capacity
        } else if needed < 1 << 20 {
            needed.max(self.capacity.saturating_mul(2)).max(24)
        } else {
            needed.max(self.capacity.saturating_add(self.capacity / 4))
        };
        self.reserve_exact(capacity, repr)
    }

    fn reserve_exact(&mut self, capacity: usize, repr: StrRepr) -> bool {
        if self.failed {
            return false;
        }
        let repr = repr.max(self.repr);
        let Some(size) = compact_size(capacity, repr) else {
            self.failed = true;
            return false;
        };
        // SAFETY: the old block is ours; characters are copied into a block that has room for them.
        unsafe {
            let block = if repr == self.repr {
                mem_realloc(self.block, size)
            } else {
                let block = mem_alloc(size);
                if !block.is_null() {
                    write_chars(block.add(repr.header()), repr, 0, self.data());
                    mem_free(self.block);
                }
                block
            };
            if block.is_null() {
                self.failed = true;
                return false;
            }
            self.block = block;
        }
        self.capacity = capacity;
        self.repr = repr;
        true
    }

    /// Makes room for `extra` more ASCII characters.
    pub fn reserve(&mut self, extra: usize) {
        self.prepare(extra, StrRepr::Ascii);
    }

    /// Appends a code point.
    #[inline]
    pub fn push_char(&mut self, c: u32) {
        if self.prepare(1, StrRepr::for_max_char(c)) {
            // SAFETY: room was made, and the storage holds the character.
            unsafe {
                let chars = self.chars();
                match self.repr.kind() {
                    StrKind::Latin1 => chars.add(self.len).write(c as u8),
                    StrKind::Ucs2 => (chars as *mut u16).add(self.len).write(c as u16),
                    StrKind::Ucs4 => (chars as *mut u32).add(self.len).write(c),
                }
            }
            self.len += 1;
        }
    }

    /// Appends the same code point several times.
    pub fn push_repeated(&mut self, c: u32, count: usize) {
        if count != 0 && self.prepare(count, StrRepr::for_max_char(c)) {
            // SAFETY: room was made, and the storage holds the character.
            unsafe {
                let chars = self.chars();
                match self.repr.kind() {
                    StrKind::Latin1 => core::ptr::write_bytes(chars.add(self.len), c as u8, count),
                    StrKind::Ucs2 => {
                        for i in 0..count {
                            (chars as *mut u16).add(self.len + i).write(c as u16);
                        }
                    }
                    StrKind::Ucs4 => {
                        for i in 0..count {
                            (chars as *mut u32).add(self.len + i).write(c);
                        }
                    }
                }
            }
            self.len += count;
        }
    }

    /// Appends bytes that are all ASCII.
    #[inline]
    pub fn push_ascii(&mut self, text: &[u8]) {
        debug_assert!(text.is_ascii());
        self.push_known(StrData::Latin1(text), StrRepr::Ascii);
    }

    /// Appends several pieces that are all ASCII.
    #[inline]
    pub fn push_ascii_parts<const N: usize>(&mut self, parts: [&[u8]; N]) {
        debug_assert!(parts.iter().all(|part| part.is_ascii()));
        let count = parts.iter().map(|part| part.len()).sum();
        if !self.prepare(count, StrRepr::Ascii) {
            return;
        }
        if self.repr.kind() != StrKind::Latin1 {
            return parts.iter().for_each(|part| self.push_ascii(part));
        }
        // SAFETY: room was made for all of them, a byte for each character.
        unsafe {
            let mut to = self.chars().add(self.len);
            for part in parts {
                copy_bytes(part, to);
                to = to.add(part.len());
            }
        }
        self.len += count;
    }

    /// Appends Rust text.
    pub fn push_str(&mut self, text: &str) {
        if text.is_ascii() {
            self.push_ascii(text.as_bytes());
        } else {
            for c in text.chars() {
                self.push_char(c as u32);
            }
        }
    }

    /// Appends a string.
    #[inline]
    pub fn push_py(&mut self, text: &PyStr) {
        self.push_known(text.data(), text.repr_class());
    }

    /// Appends a part of some string.
    pub fn push_data(&mut self, data: StrData<'_>) {
        let repr = match data {
            StrData::Latin1(s) if s.is_ascii() => StrRepr::Ascii,
            // ASCII is the only smaller class that Latin-1 storage does not cover.
            StrData::Latin1(_) => StrRepr::Latin1,
            _ if self.repr >= StrRepr::Ucs2 && data.kind() as u8 <= self.repr.kind() as u8 => self.repr,
            _ => StrRepr::for_max_char(data.max_char()),
        };
        self.push_known(data, repr);
    }

    #[inline]
    fn push_known(&mut self, data: StrData<'_>, repr: StrRepr) {
        let count = data.len();
        if count != 0 && self.prepare(count, repr) {
            // SAFETY: room was made, and the storage holds the characters.
            unsafe { write_chars(self.chars(), self.repr, self.len, data) };
            self.len += count;
        }
    }

    /// Cuts back to `len` characters.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// The string. Only a failure to allocate, which callers of this form cannot report, ends the process.
    pub fn finish(self) -> Ref<PyStr> {
        match self.try_finish() {
            Ok(text) => text,
            Err(_) => std::alloc::handle_alloc_error(core::alloc::Layout::new::<[u8; 64]>()),
        }
    }

    /// The string.
    ///
    /// # Errors
    /// `MemoryError` if memory ran out at any time.
    pub fn try_finish(mut self) -> PyResult<Ref<PyStr>> {
        if self.failed {
            return Err(exc::memory_error());
        }
        if self.len <= 1 {
            return PyStr::from_data(self.data());
        }
        // After `truncate` the widest character may be gone; `Ascii` and a single growth are exact.
        let exact = match self.repr {
            StrRepr::Ascii => true,
            repr => StrRepr::for_max_char(self.data().max_char()) == repr,
        };
        if !exact {
            return for_data!(self.data(), s => PyStr::from_units(s, false));
        }
        let Some(size) = compact_size(self.len, self.repr) else {
            return Err(exc::memory_error());
        };
        // SAFETY: shrinking our own block; on success it becomes the object.
        unsafe {
            let block = if self.capacity - self.len > 16 { mem_realloc(self.block, size) } else { self.block };
            if block.is_null() {
                return Err(exc::memory_error());
            }
            self.block = core::ptr::null_mut();
            Ok(Ref::from_owned_ptr(init_compact(block, self.len, self.repr)))
        }
    }
}

impl Default for StrBuilder {
    fn default() -> Self {
        StrBuilder::new()
    }
}

impl Drop for StrBuilder {
    fn drop(&mut self) {
        // SAFETY: the block is ours, or null.
        unsafe { mem_free(self.block) }
    }
}

impl core::fmt::Write for StrBuilder {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.push_str(text);
        Ok(())
    }
}

impl Extend<u32> for StrBuilder {
    fn extend<I: IntoIterator<Item = u32>>(&mut self, points: I) {
        for c in points {
            self.push_char(c);
        }
    }
}

/// Units of one kind appended in bulk are used by code generic over the kind.
impl StrBuilder {
    /// Appends units.
    #[inline]
    pub(crate) fn push_units<T: CharUnit>(&mut self, text: &[T]) {
        self.push_data(T::view(text));
    }
}

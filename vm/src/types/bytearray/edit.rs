//! Changing a bytearray: items, slices, insertion and removal.

use super::PyByteArray;
use crate::object::{PyObject, PyStruct};
use crate::protocol::number;
use crate::types::bytes_common::bytes_of;
use crate::types::bytes_common::construct::from_buffer_or_iterable;
use crate::types::bytes_common::searching::byte_arg;
use crate::types::list::indices::{adjust_indices, subscript_index};
use crate::types::slice::PySlice;
use crate::types::str::PyStr;
use crate::{PyClass, PyResult, exc};

impl PyByteArray {
    /// Replaces the bytes `low..high` by others.
    ///
    /// # Errors
    /// `BufferError` while a view is held and the length changes, `MemoryError`.
    pub fn splice(&self, low: usize, high: usize, new: &[u8]) -> PyResult<()> {
        let len = self.len();
        let removed = high - low;
        let new_len = len - removed + new.len();
        if new_len < len {
            self.check_resizable()?;
            let shrink = len - new_len;
            // SAFETY: moves inside the contents; views are not held.
            unsafe {
                let start = self.ob_start.get();
                if low == 0 {
                    // Taking from the front moves only the start.
                    self.ob_start.set(start.add(shrink));
                    self.ob_base.ob_size.set(new_len as isize);
                    if new_len == 0 {
                        self.ob_start.set(self.ob_bytes.get());
                    }
                    if !self.ob_start.get().is_null() {
                        self.ob_start.get().add(new_len).write(0);
                    }
                } else {
                    core::ptr::copy(start.add(high), start.add(low + new.len()), len - high);
                }
            }
            if low != 0 {
                self.resize(new_len)?;
            } else if (self.ob_alloc.get() as usize) / 2 > new_len + 64 {
                // A block that is mostly empty is given back.
                let copy = self.as_bytes().to_vec();
                // SAFETY: the block is ours, and no view is held.
                unsafe { self.release_block() };
                self.set_contents(&copy)?;
            }
        } else if new_len > len {
            self.resize(new_len)?;
            // SAFETY: moves inside the contents.
            unsafe {
                let start = self.ob_start.get();
                core::ptr::copy(start.add(high), start.add(low + new.len()), len - high);
            }
        }
        // SAFETY: the source is not a part of the contents: callers copy when it could be.
        unsafe { self.as_bytes_mut()[low..low + new.len()].copy_from_slice(new) };
        Ok(())
    }

    /// Gives the block back and leaves the array empty.
    ///
    /// # Safety
    /// No view is held.
    unsafe fn release_block(&self) {
        // SAFETY: the caller's promise; the block is ours.
        unsafe { crate::object::alloc::mem_free(self.ob_bytes.replace(core::ptr::null_mut())) };
        self.ob_start.set(core::ptr::null_mut());
        self.ob_alloc.set(0);
        self.ob_base.ob_size.set(0);
    }

    /// Appends bytes that are no part of this array.
    ///
    /// # Errors
    /// `BufferError`, `MemoryError`.
    pub fn extend_from_slice(&self, new: &[u8]) -> PyResult<()> {
        let len = self.len();
        let total = len.checked_add(new.len()).ok_or_else(exc::memory_error)?;
        self.resize(total)?;
        // SAFETY: just resized.
        unsafe { self.as_bytes_mut()[len..].copy_from_slice(new) };
        Ok(())
    }

    /// Appends a byte.
    ///
    /// # Errors
    /// `BufferError`, `MemoryError`.
    pub fn push(&self, byte: u8) -> PyResult<()> {
        let len = self.len();
        if len == isize::MAX as usize {
            return Err(exc::overflow_error("cannot add more objects to bytearray"));
        }
        self.resize(len + 1)?;
        // SAFETY: just resized.
        unsafe { self.ob_start.get().add(len).write(byte) };
        Ok(())
    }

    /// The position of an item; negative ones count from the end.
    fn position(&self, index: isize) -> PyResult<usize> {
        let len = self.len() as isize;
        let at = if index < 0 { index + len } else { index };
        if at < 0 || at >= len {
            return Err(exc::index_error("bytearray index out of range"));
        }
        Ok(at as usize)
    }

    /// `self[index]`.
    ///
    /// # Errors
    /// `IndexError`.
    pub fn item_at(&self, index: isize) -> PyResult<u8> {
        let at = self.position(index)?;
        Ok(self.as_bytes()[at])
    }

    /// `self[index] = value` or `del self[index]`.
    ///
    /// # Errors
    /// `IndexError`, `TypeError`, `ValueError`, `BufferError`.
    pub fn assign_item(&self, index: isize, value: Option<&PyObject>) -> PyResult<()> {
        // Converting the value may change the array, so the position is found afterwards.
        let byte = match value {
            Some(value) => {
                self.position(index)?;
                Some(byte_arg(value)?)
            }
            None => None,
        };
        let at = self.position(index)?;
        match byte {
            Some(byte) => {
                // SAFETY: the position is in range.
                unsafe { self.ob_start.get().add(at).write(byte) };
                Ok(())
            }
            None => self.splice(at, at + 1, &[]),
        }
    }

    /// `self[key] = value` or `del self[key]`.
    ///
    /// # Errors
    /// `IndexError`, `TypeError`, `ValueError`, `BufferError`, `MemoryError`.
    pub fn assign_subscript(&self, key: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        if number::is_index(key) {
            return self.assign_item(subscript_index(key)?, value);
        }
        let Some(slice) = key.downcast_exact::<PySlice>() else {
            return Err(exc::type_error(format!(
                "bytearray indices must be integers or slices, not {}",
                key.ty().name()
            )));
        };
        let (start, stop, step) = slice.unpack()?;
        let new: Vec<u8> = match value {
            None => Vec::new(),
            Some(value) => match value.downcast_ref::<PyByteArray>() {
                Some(array) => array.as_bytes().to_vec(),
                None => {
                    if number::is_index(value) || PyStr::check(value) {
                        return Err(exc::type_error(
                            "can assign only bytes, buffers, or iterables of ints in range(0, 256)",
                        ));
                    }
                    from_buffer_or_iterable(value, "bytearray", "byte must be in range(0, 256)")?
                }
            },
        };
        // Only now is the length known: unpacking and converting may have run any code.
        let (start, stop, count) = adjust_indices(self.len(), start, stop, step);
        if step == 1 {
            let low = start as usize;
            let high = (stop.max(start)) as usize;
            return self.splice(low, high, &new);
        }
        // Nothing assigned is the same as deletion, also for extended slices.
        if new.is_empty() {
            return self.delete_extended(start, step, count);
        }
        if new.len() != count {
            return Err(exc::value_error(format!(
                "attempt to assign bytes of size {} to extended slice of size {count}",
                new.len()
            )));
        }
        // SAFETY: no other slice of the contents is in use.
        let contents = unsafe { self.as_bytes_mut() };
        let mut at = start;
        for byte in new {
            contents[at as usize] = byte;
            at = at.wrapping_add(step);
        }
        Ok(())
    }

    fn delete_extended(&self, start: isize, step: isize, count: usize) -> PyResult<()> {
        self.check_resizable()?;
        if count == 0 {
            return Ok(());
        }
        let (first, stride) = if step < 0 {
            ((start + step * (count as isize - 1)) as usize, step.unsigned_abs())
        } else {
            (start as usize, step as usize)
        };
        let last = first + stride * (count - 1);
        let kept: Vec<u8> = self
            .as_bytes()
            .iter()
            .enumerate()
            .filter(|&(i, _)| i < first || i > last || (i - first) % stride != 0)
            .map(|(_, &byte)| byte)
            .collect();
        self.set_contents(&kept)
    }

    /// `self += other`.
    ///
    /// # Errors
    /// `TypeError`, `BufferError`, `MemoryError`.
    pub fn extend_from_buffer(&self, other: &PyObject) -> PyResult<()> {
        if other.is(self.as_object()) {
            let copy = self.as_bytes().to_vec();
            return self.extend_from_slice(&copy);
        }
        match bytes_of(other) {
            Ok(bytes) => self.extend_from_slice(&bytes),
            Err(err) if err.matches(exc::TypeError()) => {
                Err(exc::type_error(format!("can't concat {} to {}", other.ty().name(), self.as_object().ty().name())))
            }
            Err(err) => Err(err),
        }
    }
}

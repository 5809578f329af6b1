//! Subscripts of lists: indices, slices, slice assignment and deletion.

use core::ptr;

use super::indices::{adjust_indices, resolve_slice, subscript_index};
use super::{PyList, collect};
use crate::err::PyResult;
use crate::exc;
use crate::object::{ObjRef, PyObject, Ref};
use crate::protocol::{number, object as protocol};
use crate::types::slice::PySlice;
use crate::types::tuple::PyTuple;

impl PyList {
    /// `list[key]`.
    pub fn subscript(&self, key: &PyObject) -> PyResult {
        if let Some(slice) = key.downcast_exact::<PySlice>() {
            let (start, _, step, count) = resolve_slice(slice, || self.len())?;
            return Ok(self.slice_step(start, step, count)?.into_obj());
        }
        if !number::is_index(key) {
            return Err(exc::type_error(format!("list indices must be integers or slices, not {}", key.ty().name())));
        }
        let index = subscript_index(key)?;
        let at = if index < 0 { index + self.len() as isize } else { index };
        if at >= 0
            && let Some(item) = self.get(at as usize)
        {
            return Ok(item);
        }
        Err(exc::index_error("list index out of range"))
    }

    /// The items from `low` to `high`, both clamped to the length.
    pub fn slice(&self, low: usize, high: usize) -> PyResult<Ref<PyList>> {
        let high = high.min(self.len());
        let low = low.min(high);
        // SAFETY: copying pointers and counting references up runs no Python code.
        PyList::from_slice(unsafe { &self.items()[low..high] })
    }

    /// `list[start:stop]`.
    pub fn range(&self, start: isize, stop: isize) -> PyResult<Ref<PyList>> {
        let (start, _, count) = adjust_indices(self.len(), start, stop, 1);
        self.slice_step(start, 1, count)
    }

    /// So many items, from one on in steps.
    pub fn slice_step(&self, start: isize, step: isize, count: usize) -> PyResult<Ref<PyList>> {
        if count == 0 {
            return Ok(PyList::empty());
        }
        if step == 1 {
            return self.slice(start as usize, start as usize + count);
        }
        let list = PyList::with_capacity(count)?;
        for i in 0..count {
            // SAFETY: a resolved slice stays inside the list, and nothing in this loop changes it.
            unsafe {
                let item = self.get_unchecked((start + i as isize * step) as usize).new_ref();
                list.ob_item.get().add(i).write(item.into_raw());
            }
        }
        list.ob_base.ob_size.set(count as isize);
        Ok(list)
    }

    /// `list[slice] = values`, or `del list[slice]` without values.
    pub(super) fn assign_slice(&self, slice: &PySlice, values: Option<&PyObject>) -> PyResult<()> {
        let (start, stop, step) = slice.unpack()?;
        let Some(values) = values else {
            let (start, _, count) = adjust_indices(self.len(), start, stop, step);
            return self.delete_slice(start, step, count);
        };
        if step == 1 {
            return self.assign_range(start, stop, values);
        }
        let values = self.values_of(values)?;
        let (start, _, count) = adjust_indices(self.len(), start, stop, step);
        if values.len() != count {
            return Err(exc::value_error(format!(
                "attempt to assign sequence of size {} to extended slice of size {count}",
                values.len()
            )));
        }
        let mut old: Vec<ObjRef> = Vec::new();
        old.try_reserve_exact(count).map_err(|_| exc::memory_error())?;
        for (i, value) in values.into_iter().enumerate() {
            // SAFETY: a resolved slice stays inside the list; nothing is dropped inside the loop.
            unsafe {
                let slot = self.ob_item.get().add((start + i as isize * step) as usize);
                old.push(ObjRef::from_owned_ptr(slot.replace(value.into_raw())));
            }
        }
        drop(old);
        Ok(())
    }

    /// `list[start:stop] = values`.
    pub fn assign_range(&self, start: isize, stop: isize, values: &PyObject) -> PyResult<()> {
        if let Some(list) = values.downcast_exact::<PyList>()
            && self.overwrite(start, stop, list)
        {
            return Ok(());
        }
        let values = self.values_of(values)?;
        let (start, stop, _) = adjust_indices(self.len(), start, stop, 1);
        self.replace_range(start as usize, stop.max(start) as usize, values)
    }

    /// `list[start:stop] = values`, where few items take the place of as many. False: nothing was done.
    fn overwrite(&self, start: isize, stop: isize, values: &PyList) -> bool {
        const FEW: usize = 16;
        let (start, stop, _) = adjust_indices(self.len(), start, stop, 1);
        let count = values.len();
        if ptr::eq(self, values) || count > FEW || stop.max(start) - start != count as isize {
            return false;
        }
        let mut old = [ptr::null_mut::<PyObject>(); FEW];
        // SAFETY: resolved indices lie in the list. Each slot's old reference moves out and a new one in; nothing runs in between.
        unsafe {
            let slots = self.ob_item.get().add(start as usize);
            for (i, old) in old.iter_mut().enumerate().take(count) {
                let item = values.get_unchecked(i).new_ref();
                *old = slots.add(i).replace(item.into_raw());
            }
            // From the last one on, as CPython does.
            for old in old[..count].iter().rev() {
                drop(ObjRef::from_owned_ptr(*old));
            }
        }
        true
    }

    /// What is assigned to a slice, as new references.
    fn values_of(&self, values: &PyObject) -> PyResult<Vec<ObjRef>> {
        if let Some(list) = values.downcast_ref::<PyList>() {
            return Ok(list.items_snapshot());
        }
        if let Some(tuple) = values.downcast_ref::<PyTuple>() {
            return Ok(tuple.items().iter().map(|item| item.new_ref()).collect());
        }
        match protocol::get_iter(values) {
            Ok(iter) => collect(&iter),
            Err(e) if e.matches(exc::TypeError()) => Err(exc::type_error("must assign iterable to extended slice")),
            Err(e) => Err(e),
        }
    }

    /// Replaces the items from `low` to `high` (`low <= high <= len`) by other ones.
    pub fn replace_range(&self, low: usize, high: usize, values: Vec<ObjRef>) -> PyResult<()> {
        let len = self.len();
        let added = values.len();
        let removed = high - low;
        let mut old: Vec<ObjRef> = Vec::new();
        old.try_reserve_exact(removed).map_err(|_| exc::memory_error())?;
        let new_len = (len - removed).checked_add(added).ok_or_else(exc::memory_error)?;
        if added > removed {
            self.resize(new_len)?;
        }
        // SAFETY: the array has max(len, new_len) slots. The old items move into `old`, the tail to its new place, and the new items
        // into the gap; nothing is dropped in between.
        unsafe {
            let items = self.ob_item.get();
            for i in low..high {
                old.push(ObjRef::from_owned_ptr(*items.add(i)));
            }
            if added != removed {
                ptr::copy(items.add(high), items.add(low + added), len - high);
            }
            for (i, value) in values.into_iter().enumerate() {
                items.add(low + i).write(value.into_raw());
            }
        }
        if added < removed {
            self.shrink_to(new_len);
        }
        // From the last one on, as CPython does.
        while old.pop().is_some() {}
        Ok(())
    }

    /// Replaces the items from `low` to `high` (`low <= high <= len`) by those of a list that nobody else has. It gets those that
    /// were there, or none, in exchange.
    ///
    /// # Errors
    /// `MemoryError`; nothing was done then.
    pub fn exchange_range(&self, low: usize, high: usize, other: &PyList) -> PyResult<()> {
        debug_assert!(!ptr::eq(self, other) && other.ob_base.ob_base.refcount() == 1);
        let count = other.len();
        if low == 0 && high == self.len() {
            self.ob_item.swap(&other.ob_item);
            self.allocated.swap(&other.allocated);
            self.ob_base.ob_size.swap(&other.ob_base.ob_size);
            return Ok(());
        }
        if count == high - low {
            if count > 0 {
                // SAFETY: both lists have so many items there, in arrays of their own.
                unsafe { ptr::swap_nonoverlapping(self.ob_item.get().add(low), other.ob_item.get(), count) };
            }
            return Ok(());
        }
        let mut values = Vec::new();
        values.try_reserve_exact(count).map_err(|_| exc::memory_error())?;
        if count > high - low {
            // What could fail comes first.
            self.reserve_exact(self.len() + count - (high - low))?;
        }
        // SAFETY: the references move, and the list has none of them any more.
        unsafe {
            for i in 0..count {
                values.push(ObjRef::from_owned_ptr(*other.ob_item.get().add(i)));
            }
        }
        other.ob_base.ob_size.set(0);
        self.replace_range(low, high, values)
    }

    /// Appends the items of a list; those of one that nobody else has move (`moves`).
    ///
    /// # Errors
    /// `MemoryError`; nothing was done then.
    pub fn join(&self, other: &PyList, moves: bool) -> PyResult<()> {
        let (len, count) = (self.len(), other.len());
        self.reserve_exact(len.checked_add(count).ok_or_else(exc::memory_error)?)?;
        if count == 0 {
            return Ok(());
        }
        // SAFETY: there is room for them behind the items that there are, in an array of its own.
        unsafe {
            ptr::copy_nonoverlapping(other.ob_item.get(), self.ob_item.get().add(len), count);
            if moves {
                other.ob_base.ob_size.set(0);
            } else {
                other.items().iter().for_each(|item| item.incref());
            }
        }
        self.ob_base.ob_size.set((len + count) as isize);
        Ok(())
    }

    fn delete_slice(&self, start: isize, step: isize, count: usize) -> PyResult<()> {
        if count == 0 {
            return Ok(());
        }
        if step == 1 {
            return self.replace_range(start as usize, start as usize + count, Vec::new());
        }
        // Walk upwards whatever the slice's direction.
        let (first, stride) =
            if step < 0 { (start + step * (count as isize - 1), step.unsigned_abs()) } else { (start, step as usize) };
        let mut old: Vec<ObjRef> = Vec::new();
        old.try_reserve_exact(count).map_err(|_| exc::memory_error())?;
        let len = self.len();
        let mut write = first as usize;
        let mut next = first as usize;
        let mut left = count;
        // SAFETY: every slot below `len` is read once, and written at or below where it was; removed items move into `old`.
        unsafe {
            let items = self.ob_item.get();
            for read in first as usize..len {
                let item = *items.add(read);
                if left > 0 && read == next {
                    old.push(ObjRef::from_owned_ptr(item));
                    left -= 1;
                    next = next.saturating_add(stride);
                } else {
                    items.add(write).write(item);
                    write += 1;
                }
            }
        }
        self.shrink_to(len - count);
        drop(old);
        Ok(())
    }
}

//! Indexing and assignment of memoryviews.

use super::{PyMemoryView, items};
use crate::err::PyResult;
use crate::exc;
use crate::object::{PyBufferView, PyClass, PyObject, PyStruct};
use crate::protocol::buffer::{self, Buffer, flags as buf};
use crate::protocol::number;
use crate::types::list::indices::{resolve_slice, subscript_index};
use crate::types::slice::PySlice;
use crate::types::tuple::PyTuple;

/// A tuple of indices only (one at least).
fn is_multi_index(key: &PyObject) -> Option<&PyTuple> {
    key.downcast_ref::<PyTuple>().filter(|tuple| tuple.items().iter().all(|item| number::is_index(item)))
}

/// A tuple of slices only (one at least).
fn is_multi_slice(key: &PyObject) -> bool {
    key.downcast_ref::<PyTuple>()
        .is_some_and(|tuple| !tuple.is_empty() && tuple.items().iter().all(|item| PySlice::check(item)))
}

fn is_scalar_key(key: &PyObject) -> bool {
    key.downcast_ref::<PyTuple>().is_some_and(PyTuple::is_empty) || key.is(&crate::ellipsis())
}

impl PyMemoryView {
    /// The element at an index of a one-dimensional view.
    pub(super) fn item(&self, index: isize) -> PyResult {
        self.check_released()?;
        let code = self.native_code()?;
        match self.ndim() {
            0 => Err(exc::type_error("invalid indexing of 0-dim memory")),
            1 => {
                let at = self.item_pointer_1d(index, 0, self.view().buf as *mut u8)?;
                // SAFETY: the address of an element of this format.
                unsafe { items::unpack(at, code) }
            }
            _ => Err(exc::not_implemented_error("multi-dimensional sub-views are not implemented")),
        }
    }

    /// Address of the element with one index a dimension. `__index__` may run code, so the view is checked again by the caller.
    fn pointer_of(&self, indices: &PyTuple) -> PyResult<*mut u8> {
        let ndim = self.ndim();
        if indices.len() > ndim {
            return Err(exc::type_error(format!(
                "cannot index {ndim}-dimension view with {}-element tuple",
                indices.len()
            )));
        }
        let mut resolved = Vec::with_capacity(indices.len());
        for index in indices.items() {
            resolved.push(subscript_index(index)?);
        }
        self.check_released()?;
        let mut at = self.view().buf as *mut u8;
        for (dimension, &index) in resolved.iter().enumerate() {
            at = self.item_pointer_1d(index, dimension, at)?;
        }
        Ok(at)
    }

    /// `view[key]`.
    pub(super) fn subscript(&self, key: &PyObject) -> PyResult {
        self.check_released()?;
        if self.ndim() == 0 {
            if key.downcast_ref::<PyTuple>().is_some_and(PyTuple::is_empty) {
                let code = self.native_code()?;
                // SAFETY: the address of the only element.
                return unsafe { items::unpack(self.view().buf as *const u8, code) };
            }
            if is_scalar_key(key) {
                return Ok(self.to_obj());
            }
            return Err(exc::type_error("invalid indexing of 0-dim memory"));
        }
        if number::is_index(key) {
            let index = subscript_index(key)?;
            return self.item(index);
        }
        if let Some(slice) = key.downcast_exact::<PySlice>() {
            self.check_restricted()?;
            let new = self.duplicate()?;
            // SAFETY: the view is new.
            unsafe { slice_first_dimension(&mut *new.view.get(), slice)? };
            new.update_flags();
            return Ok(new.into_obj());
        }
        if let Some(indices) = is_multi_index(key) {
            let code = self.native_code()?;
            if indices.len() < self.ndim() {
                return Err(exc::not_implemented_error("sub-views are not implemented"));
            }
            let at = self.pointer_of(indices)?;
            // SAFETY: the address of an element of this format.
            return unsafe { items::unpack(at, code) };
        }
        if is_multi_slice(key) {
            return Err(exc::not_implemented_error("multi-dimensional slicing is not implemented"));
        }
        Err(exc::type_error("memoryview: invalid slice key"))
    }

    /// `view[key] = value`.
    pub(super) fn assign_subscript(&self, key: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        self.check_released()?;
        let code = self.native_code()?;
        if self.view().readonly != 0 {
            return Err(exc::type_error("cannot modify read-only memory"));
        }
        let Some(value) = value else {
            return Err(exc::type_error("cannot delete memory"));
        };
        if self.ndim() == 0 {
            if is_scalar_key(key) {
                return self.store(self.view().buf as *mut u8, code, value);
            }
            return Err(exc::type_error("invalid indexing of 0-dim memory"));
        }
        if number::is_index(key) {
            if self.ndim() > 1 {
                return Err(exc::not_implemented_error("sub-views are not implemented"));
            }
            let index = subscript_index(key)?;
            self.check_released()?;
            let at = self.item_pointer_1d(index, 0, self.view().buf as *mut u8)?;
            return self.store(at, code, value);
        }
        if let Some(slice) = key.downcast_exact::<PySlice>()
            && self.ndim() == 1
        {
            return self.assign_slice(slice, value);
        }
        if let Some(indices) = is_multi_index(key) {
            if indices.len() < self.ndim() {
                return Err(exc::not_implemented_error("sub-views are not implemented"));
            }
            let at = self.pointer_of(indices)?;
            return self.store(at, code, value);
        }
        if PySlice::check(key) || is_multi_slice(key) {
            return Err(exc::not_implemented_error(
                "memoryview slice assignments are currently restricted to ndim = 1",
            ));
        }
        Err(exc::type_error("memoryview: invalid slice key"))
    }

    /// Writes one element. Converting the value may run code, which must not release the view under our hands.
    fn store(&self, at: *mut u8, code: u8, value: &PyObject) -> PyResult<()> {
        let mut element = [0u8; 8];
        let size = items::native_size(code).unwrap_or(1);
        // SAFETY: the local element is large enough for any native format.
        unsafe { items::pack(element.as_mut_ptr(), code, value)? };
        self.check_released()?;
        // SAFETY: the view is still held, so the address still belongs to it.
        unsafe { core::ptr::copy_nonoverlapping(element.as_ptr(), at, size) };
        Ok(())
    }

    fn assign_slice(&self, slice: &PySlice, value: &PyObject) -> PyResult<()> {
        let source = Buffer::get(value, buf::FULL_RO)?;
        let target = self.duplicate()?;
        // SAFETY: the view is new.
        unsafe { slice_first_dimension(&mut *target.view.get(), slice)? };
        target.update_flags();
        self.check_released()?;
        copy_1d(target.view(), source.view())
    }
}

/// Narrows a view's first dimension to a slice.
///
/// # Safety
/// The view is not seen by anybody else and has a dimension.
unsafe fn slice_first_dimension(view: &mut PyBufferView, slice: &PySlice) -> PyResult<()> {
    // SAFETY: the caller's promise.
    unsafe {
        let (start, _, step, count) = resolve_slice(slice, || *view.shape as usize)?;
        let offset = *view.strides * start;
        if view.suboffsets.is_null() || *view.suboffsets < 0 {
            view.buf = (view.buf as *mut u8).wrapping_offset(offset) as *mut _;
        } else {
            *view.suboffsets += offset;
        }
        *view.shape = count as isize;
        *view.strides = (*view.strides).wrapping_mul(step);
    }
    view.len = view.shape_slice().iter().product::<isize>() * view.itemsize;
    Ok(())
}

/// Do two formats describe the same elements?
fn same_format(a: &PyBufferView, b: &PyBufferView) -> bool {
    let strip = |format: &[u8]| format.strip_prefix(b"@").unwrap_or(format).to_vec();
    a.itemsize == b.itemsize && strip(a.format_bytes()) == strip(b.format_bytes())
}

/// Copies a one-dimensional view into another of the same structure.
fn copy_1d(dest: &PyBufferView, source: &PyBufferView) -> PyResult<()> {
    let source_shape = source.shape_slice();
    if !same_format(dest, source) || source.ndim != 1 || source_shape != dest.shape_slice() {
        return Err(exc::value_error("memoryview assignment: lvalue and rvalue have different structures"));
    }
    // The memory may overlap: gather first, then scatter.
    let bytes = buffer::copy_to_vec(source, b'C')?;
    let itemsize = dest.itemsize as usize;
    let mut chunks = bytes.chunks_exact(itemsize.max(1));
    // SAFETY: both views are held and have as many elements of the same size.
    unsafe {
        buffer::for_each_item(dest, false, |item| {
            if let Some(chunk) = chunks.next() {
                core::ptr::copy_nonoverlapping(chunk.as_ptr(), item, itemsize);
            }
        });
    }
    Ok(())
}

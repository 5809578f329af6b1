//! The slots, methods and attributes of `memoryview`.

use core::cell::Cell;
use core::ffi::{c_char, c_int};
use core::ptr;

use super::iter::PyMemoryIterator;
use super::{PyMemoryView, fill_strides, items, mv};
use crate::args::KwArgs;
use crate::err::PyResult;
use crate::exc;
use crate::object::dealloc::free_instance;
use crate::object::slots::CompareOp;
use crate::object::{ObjRef, PyBufferView, PyObject, PyStruct, PyTypeObject, Ref};
use crate::protocol::{buffer, call, number, object as protocol};
use crate::runtime::gc;
use crate::types::bytes::PyBytes;
use crate::types::int::PyInt;
use crate::types::list::{PyList, class_getitem, indices::index_bounds};
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;
use rpy_derive::pymethods;

/// Native formats as the text that views point to.
fn static_format(code: u8, at: bool) -> *mut c_char {
    macro_rules! table {
        ($($code:literal => $plain:literal, $native:literal;)*) => {
            match code {
                $($code => if at { $native.as_ptr() } else { $plain.as_ptr() },)*
                _ => c"B".as_ptr(),
            }
        };
    }
    table! {
        b'c' => c"c", c"@c"; b'b' => c"b", c"@b"; b'B' => c"B", c"@B"; b'?' => c"?", c"@?"; b'h' => c"h", c"@h";
        b'H' => c"H", c"@H"; b'e' => c"e", c"@e"; b'i' => c"i", c"@i"; b'I' => c"I", c"@I"; b'f' => c"f", c"@f";
        b'l' => c"l", c"@l"; b'L' => c"L", c"@L"; b'q' => c"q", c"@q"; b'Q' => c"Q", c"@Q"; b'n' => c"n", c"@n";
        b'N' => c"N", c"@N"; b'P' => c"P", c"@P"; b'd' => c"d", c"@d";
    }
    .cast_mut()
}

fn is_byte_format(code: u8) -> bool {
    matches!(code, b'b' | b'B' | b'c')
}

fn int_tuple(values: &[isize]) -> ObjRef {
    PyTuple::new(values.iter().map(|&n| PyInt::from_isize(n).into_obj()).collect()).into_obj()
}

impl PyMemoryView {
    /// A fresh view like this one.
    pub(super) fn duplicate(&self) -> PyResult<Ref<PyMemoryView>> {
        let mbuf = self.mbuf.get().ok_or_else(|| exc::system_error("memoryview without buffer"))?;
        PyMemoryView::add_view(&mbuf, self.view())
    }

    /// Describes the view as one dimension of another format.
    fn cast_to_1d(&self, format: &PyStr) -> PyResult<()> {
        let source = items::native_format(self.view().format_bytes());
        if !format.is_ascii() {
            // The codec's own error.
            call::call_method(format.as_object(), intern!("encode"), &[intern!("ascii").as_object()])?;
        }
        let text = format.to_string_lossy();
        let Some((code, itemsize)) = items::native_format(text.as_bytes()) else {
            return Err(exc::value_error(
                "memoryview: destination format must be a native single character format prefixed with an optional '@'",
            ));
        };
        if !source.is_some_and(|(code, _)| is_byte_format(code)) && !is_byte_format(code) {
            return Err(exc::type_error("memoryview: cannot cast between two non-byte formats"));
        }
        if self.view().len % itemsize as isize != 0 {
            return Err(exc::type_error("memoryview: length is not a multiple of itemsize"));
        }
        // SAFETY: the view is new: nobody else has seen it. It has room for at least one dimension.
        unsafe {
            let view = &mut *self.view.get();
            view.format = static_format(code, text.len() == 2);
            view.itemsize = itemsize as isize;
            view.ndim = 1;
            *view.shape = view.len / view.itemsize;
            *view.strides = view.itemsize;
            view.suboffsets = ptr::null_mut();
        }
        self.update_flags();
        Ok(())
    }

    /// Describes the view with a shape.
    fn cast_to_shape(&self, dims: &[ObjRef]) -> PyResult<()> {
        let mut shape = Vec::with_capacity(dims.len());
        let mut product = self.view().itemsize;
        for dim in dims {
            let Some(int) = dim.downcast_ref::<PyInt>() else {
                return Err(exc::type_error("memoryview.cast(): elements of shape must be integers"));
            };
            let n = number::as_isize(int.as_object(), Some(exc::OverflowError()))?;
            if n <= 0 {
                return Err(exc::value_error("memoryview.cast(): elements of shape must be integers > 0"));
            }
            product = product
                .checked_mul(n)
                .ok_or_else(|| exc::value_error("memoryview.cast(): product(shape) > SSIZE_MAX"))?;
            shape.push(n);
        }
        // SAFETY: the view is new, and was made with room for the dimensions.
        unsafe {
            let view = &mut *self.view.get();
            view.ndim = shape.len() as c_int;
            if shape.is_empty() {
                view.shape = ptr::null_mut();
                view.strides = ptr::null_mut();
            } else {
                for (i, &n) in shape.iter().enumerate() {
                    *view.shape.add(i) = n;
                }
                fill_strides(view, b'C');
            }
            if view.len != product {
                return Err(exc::type_error("memoryview: product(shape) * itemsize != buffer size"));
            }
        }
        self.update_flags();
        Ok(())
    }

    /// Nested lists of the elements from a dimension on.
    fn list_from(&self, code: u8, base: *mut u8, dimension: usize) -> PyResult<ObjRef> {
        let view = self.view();
        let len = view.shape_slice()[dimension];
        let last = dimension + 1 == view.dimensions();
        let list = PyList::with_capacity(len.max(0) as usize)?;
        for i in 0..len {
            let at = self.item_pointer_1d(i, dimension, base)?;
            list.append(if last {
                // SAFETY: the address of an element of this format.
                unsafe { items::unpack(at, code)? }
            } else {
                self.list_from(code, at, dimension + 1)?
            })?;
        }
        Ok(list.into_obj())
    }

    /// The hash of the bytes.
    fn compute_hash(&self) -> PyResult<isize> {
        let view = self.view();
        if view.readonly == 0 {
            return Err(exc::value_error("cannot hash writable memoryview object"));
        }
        if !items::native_format(view.format_bytes()).is_some_and(|(code, _)| is_byte_format(code)) {
            return Err(exc::value_error("memoryview: hashing is restricted to formats 'B', 'b' or 'c'"));
        }
        if let Some(owner) = self.owner() {
            // The owner has to be hashable, or the hash would not stand for its contents.
            self.exports.set(self.exports.get() + 1);
            let result = protocol::hash(&owner);
            self.exports.set(self.exports.get() - 1);
            result?;
        }
        Ok(crate::types::str::hash::hash_buffer(&buffer::copy_to_vec(view, b'C')?))
    }
}

#[pymethods]
impl PyMemoryView {
    #[pynew(sig = "(object)")]
    fn py_new(_cls: &PyTypeObject, object: &PyObject) -> PyResult {
        Ok(PyMemoryView::from_object(object)?.into_obj())
    }

    #[slot]
    unsafe fn tp_dealloc(object: *mut PyObject) {
        // SAFETY: a dead memoryview; exports hold references, so there are none.
        unsafe {
            let this = &*(object as *const PyMemoryView);
            gc::untrack(&*object);
            if let Err(e) = this.release_view() {
                e.write_unraisable(None);
            }
            this.mbuf.take();
            if !this.weakreflist.get().is_null() {
                crate::types::weakref::clear_weakrefs(&*object);
            }
            free_instance(object);
        }
    }

    #[slot]
    fn tp_clear(&self) -> PyResult<()> {
        if self.exports.get() == 0 {
            self.release_view()?;
            self.mbuf.take();
        }
        Ok(())
    }

    #[slot]
    unsafe fn bf_getbuffer(object: *mut PyObject, view: *mut PyBufferView, wanted: c_int) -> c_int {
        // SAFETY: the slot's contract.
        unsafe {
            let this = &*(object as *const PyMemoryView);
            let result = this.export(&mut *view, wanted);
            buffer::finish_getbuffer(view, result)
        }
    }

    #[slot]
    unsafe fn bf_releasebuffer(object: *mut PyObject, _view: *mut PyBufferView) {
        // SAFETY: the slot's contract.
        let exports: &Cell<isize> = unsafe { &(*(object as *const PyMemoryView)).exports };
        exports.set(exports.get() - 1);
    }

    #[slot]
    fn tp_repr(&self) -> ObjRef {
        let what = if self.has(mv::RELEASED) { "released memory" } else { "memory" };
        PyStr::from_string(format!("<{what} at {:p}>", self.as_object())).into_obj()
    }

    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        if self.hash.get() == -1 {
            self.check_released()?;
            let hash = self.compute_hash()?;
            self.hash.set(hash);
        }
        Ok(self.hash.get())
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
        super::compare::rich_compare(self, other, op)
    }

    #[slot]
    fn tp_iter(&self) -> PyResult {
        Ok(PyMemoryIterator::new(self)?.into_obj())
    }

    #[slot]
    fn sq_length(&self) -> PyResult<usize> {
        self.check_released()?;
        match self.view().shape_slice() {
            [] => Err(exc::type_error("0-dim memory has no length")),
            shape => Ok(shape[0] as usize),
        }
    }

    #[slot]
    fn sq_item(&self, index: isize) -> PyResult {
        self.item(index)
    }

    #[slot]
    fn mp_length(&self) -> PyResult<usize> {
        self.sq_length()
    }

    #[slot]
    fn mp_subscript(zelf: &PyObject, key: &PyObject) -> PyResult {
        // SAFETY: the slot's owner.
        unsafe { zelf.cast_unchecked_ref::<PyMemoryView>() }.subscript(key)
    }

    #[slot]
    fn mp_ass_subscript(&self, key: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        self.assign_subscript(key, value)
    }

    /// Release the underlying buffer exposed by the memoryview object.
    #[pymethod]
    fn release(&self) -> PyResult<()> {
        self.release_view()
    }

    #[pymethod(name = "__enter__")]
    fn enter(&self) -> PyResult {
        self.check_released()?;
        Ok(self.to_obj())
    }

    /// Release the underlying buffer exposed by the memoryview object.
    #[pymethod(name = "__exit__", sig = "($self, /, *exc_info)")]
    fn exit(&self, _exc_info: &[&PyObject]) -> PyResult<()> {
        self.release_view()
    }

    /// Cast a memoryview to a new format or shape.
    #[pymethod(sig = "($self, /, format, shape=<unrepresentable>)")]
    fn cast(&self, format: &PyStr, shape: Option<&PyObject>) -> PyResult {
        self.check_released()?;
        self.check_restricted()?;
        if !self.has(mv::C) {
            return Err(exc::type_error("memoryview: casts are restricted to C-contiguous views"));
        }
        let own_ndim = self.ndim();
        if (shape.is_some() || own_ndim != 1) && self.view().shape_slice().contains(&0) {
            return Err(exc::type_error("memoryview: cannot cast view with zeros in shape or strides"));
        }
        let dims: Option<Vec<ObjRef>> = match shape {
            None => None,
            Some(shape) => Some(if let Some(list) = shape.downcast_ref::<PyList>() {
                list.items_snapshot()
            } else if let Some(tuple) = shape.downcast_ref::<PyTuple>() {
                tuple.items().iter().map(|item| item.new_ref()).collect()
            } else {
                return Err(exc::type_error("shape must be a list or a tuple"));
            }),
        };
        let mut ndim = 1;
        if let Some(dims) = &dims {
            if dims.len() > buffer::flags::MAX_NDIM {
                return Err(exc::value_error("memoryview: number of dimensions must not exceed 64"));
            }
            if own_ndim != 1 && dims.len() != 1 {
                return Err(exc::type_error("memoryview: cast must be 1D -> ND or ND -> 1D"));
            }
            ndim = dims.len().max(1);
        }
        let mbuf = self.mbuf.get().ok_or_else(|| exc::system_error("memoryview without buffer"))?;
        let new = PyMemoryView::add_incomplete_view(&mbuf, self.view(), ndim)?;
        new.cast_to_1d(format)?;
        if let Some(dims) = &dims {
            new.cast_to_shape(dims)?;
        }
        Ok(new.into_obj())
    }

    /// Return a readonly version of the memoryview.
    #[pymethod]
    fn toreadonly(&self) -> PyResult {
        self.check_released()?;
        self.check_restricted()?;
        let new = self.duplicate()?;
        // SAFETY: the view is new.
        unsafe { (*new.view.get()).readonly = 1 };
        Ok(new.into_obj())
    }

    /// Return the data in the buffer as a byte string.
    ///
    /// Order can be {'C', 'F', 'A'}. When order is 'C' or 'F', the data of the
    /// original array is converted to C or Fortran order. For contiguous views,
    /// 'A' returns an exact copy of the physical memory. In particular, in-memory
    /// Fortran order is preserved. For non-contiguous views, the data is converted
    /// to C first. order=None is the same as order='C'.
    #[pymethod(sig = "($self, /, order='C')")]
    fn tobytes(&self, order: Option<Option<&PyStr>>) -> PyResult {
        self.check_released()?;
        let order = match order.flatten() {
            None => b'C',
            Some(order) if order.eq_str("C") => b'C',
            Some(order) if order.eq_str("F") => b'F',
            Some(order) if order.eq_str("A") => b'A',
            Some(_) => return Err(exc::value_error("order must be 'C', 'F' or 'A'")),
        };
        Ok(PyBytes::from_vec(self.to_vec(order)?).into_obj())
    }

    /// Return the data in the buffer as a str of hexadecimal numbers.
    ///
    ///   sep
    ///     An optional single character or byte to separate hex bytes.
    ///   bytes_per_sep
    ///     How many bytes between separators.  Positive values count from the
    ///     right, negative values count from the left.
    ///
    /// Example:
    /// >>> value = memoryview(b'\xb9\x01\xef')
    /// >>> value.hex()
    /// 'b901ef'
    /// >>> value.hex(':')
    /// 'b9:01:ef'
    /// >>> value.hex(':', 2)
    /// 'b9:01ef'
    /// >>> value.hex(':', -2)
    /// 'b901:ef'
    #[pymethod(sig = "($self, /, *args, **kwargs)")]
    fn hex(&self, args: &[&PyObject], kwargs: KwArgs<'_>) -> PyResult {
        self.check_released()?;
        let bytes = PyBytes::from_vec(self.to_vec(b'C')?);
        let method = protocol::getattr(bytes.as_object(), intern!("hex"))?;
        // A separator's conversion may run code; the view must not be released meanwhile.
        self.exports.set(self.exports.get() + 1);
        let kwargs = kwargs.to_dict()?;
        let result = call::call_tuple(&method, &PyTuple::from_slice(args), kwargs.as_deref());
        self.exports.set(self.exports.get() - 1);
        result
    }

    /// Return the data in the buffer as a list of elements.
    #[pymethod]
    fn tolist(&self) -> PyResult {
        self.check_released()?;
        let code = self.native_code()?;
        let base = self.view().buf as *mut u8;
        if self.ndim() == 0 {
            // SAFETY: the address of the only element.
            return unsafe { items::unpack(base, code) };
        }
        self.list_from(code, base, 0)
    }

    /// Count the number of occurrences of a value.
    #[pymethod(sig = "($self, value, /)")]
    fn count(&self, value: &PyObject) -> PyResult<usize> {
        let iter = protocol::get_iter(self.as_object())?;
        let mut count = 0;
        while let Some(item) = protocol::iter_next(&iter)? {
            if protocol::eq(&item, value)? {
                count += 1;
            }
        }
        Ok(count)
    }

    /// Return the index of the first occurrence of a value.
    ///
    /// Raises ValueError if the value is not present.
    #[pymethod(sig = "($self, value, start=0, stop=sys.maxsize, /)")]
    fn index(&self, value: &PyObject, start: Option<&PyObject>, stop: Option<&PyObject>) -> PyResult<isize> {
        self.check_released()?;
        match self.ndim() {
            0 => return Err(exc::type_error("invalid lookup on 0-dim memory")),
            1 => {}
            _ => return Err(exc::not_implemented_error("multi-dimensional lookup is not implemented")),
        }
        let len = self.view().shape_slice()[0] as usize;
        let (start, stop) = index_bounds(start, stop, || len)?;
        for i in start..stop.min(len as isize) {
            let item = self.item(i)?;
            if item.is(value) || protocol::eq(&item, value)? {
                return Ok(i);
            }
        }
        Err(exc::value_error("memoryview.index(x): x not found"))
    }

    #[pyclassmethod(name = "_from_flags", sig = "(object, flags)")]
    fn from_flags(_cls: &PyTypeObject, object: &PyObject, flags: i32) -> PyResult {
        Ok(PyMemoryView::from_object_flags(object, flags)?.into_obj())
    }

    /// See PEP 585
    #[pyclassmethod(name = "__class_getitem__", sig = "(object, /)")]
    fn py_class_getitem(cls: &PyTypeObject, item: &PyObject) -> PyResult {
        class_getitem(cls, item)
    }

    /// The underlying object of the memoryview.
    #[pygetset]
    fn obj(&self) -> PyResult {
        self.check_released()?;
        Ok(self.owner().unwrap_or_else(crate::none))
    }

    /// The amount of space in bytes that the array would use in
    ///  a contiguous representation.
    #[pygetset]
    fn nbytes(&self) -> PyResult<isize> {
        self.check_released()?;
        Ok(self.view().len)
    }

    /// A bool indicating whether the memory is read only.
    #[pygetset]
    fn readonly(&self) -> PyResult<bool> {
        self.check_released()?;
        Ok(self.view().readonly != 0)
    }

    /// The size in bytes of each element of the memoryview.
    #[pygetset]
    fn itemsize(&self) -> PyResult<isize> {
        self.check_released()?;
        Ok(self.view().itemsize)
    }

    /// A string containing the format (in struct module style)
    ///  for each element in the view.
    #[pygetset]
    fn format(&self) -> PyResult {
        self.check_released()?;
        Ok(PyStr::new(&String::from_utf8_lossy(self.view().format_bytes())).into_obj())
    }

    /// An integer indicating how many dimensions of a multi-dimensional
    ///  array the memory represents.
    #[pygetset(name = "ndim")]
    fn py_ndim(&self) -> PyResult<usize> {
        self.check_released()?;
        Ok(self.ndim())
    }

    /// A tuple of ndim integers giving the shape of the memory
    ///  as an N-dimensional array.
    #[pygetset]
    fn shape(&self) -> PyResult {
        self.check_released()?;
        Ok(int_tuple(self.view().shape_slice()))
    }

    /// A tuple of ndim integers giving the size in bytes to access
    ///  each element for each dimension of the array.
    #[pygetset]
    fn strides(&self) -> PyResult {
        self.check_released()?;
        Ok(int_tuple(self.view().strides_slice()))
    }

    /// A tuple of integers used internally for PIL-style arrays.
    #[pygetset]
    fn suboffsets(&self) -> PyResult {
        self.check_released()?;
        Ok(int_tuple(self.view().suboffsets_slice()))
    }

    /// A bool indicating whether the memory is C contiguous.
    #[pygetset]
    fn c_contiguous(&self) -> PyResult<bool> {
        self.check_released()?;
        Ok(self.has(mv::C))
    }

    /// A bool indicating whether the memory is Fortran contiguous.
    #[pygetset]
    fn f_contiguous(&self) -> PyResult<bool> {
        self.check_released()?;
        Ok(self.has(mv::FORTRAN))
    }

    /// A bool indicating whether the memory is contiguous.
    #[pygetset]
    fn contiguous(&self) -> PyResult<bool> {
        self.check_released()?;
        Ok(self.has(mv::C | mv::FORTRAN))
    }
}

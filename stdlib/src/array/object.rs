//! `array.array`: the object, its memory, slots and methods.
//!
//! ```text
//! offset 0   PyVarObject   ob_size is the number of items
//!        24  ob_item       the data, or NULL
//!        32  allocated     room, in items
//!        40  ob_descr      the element type's record
//!        48  weakreflist
//!        56  ob_exports    buffers handed out: while there are any, the size is fixed
//! ```

use core::cell::Cell;
use core::ffi::{c_char, c_int};
use core::mem::size_of;
use core::ptr;

use super::codec::{self, ArrayDescr, Bits};
use super::iter::PyArrayIterator;
use rpy_vm::object::alloc::{mem_free, mem_realloc, new_in};
use rpy_vm::object::dealloc::free_instance;
use rpy_vm::object::slots::CompareOp;
use rpy_vm::object::{PyBufferView, PyClass, PyStruct, PyVarObject, Ref};
use rpy_vm::protocol::buffer::{ArgBytes, finish_getbuffer, flags as buf};
use rpy_vm::protocol::{call, number, object as protocol};
use rpy_vm::types::bytearray::PyByteArray;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::indices::{adjust_indices, index_bounds, resolve_slice, subscript_index};
use rpy_vm::types::list::{PyList, class_getitem, no_keywords};
use rpy_vm::types::slice::PySlice;
use rpy_vm::types::str::{PyStr, StrBuilder};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, PyTypeObject, exc, intern, pyclass, pymethods};

/// array(typecode [, initializer]) -> array
///
/// Return a new array whose items are restricted by typecode, and
/// initialized from the optional initializer value, which must be a list,
/// string or iterable over elements of the appropriate type.
///
/// Arrays represent basic values and behave very much like lists, except
/// the type of objects stored in them is constrained. The type is specified
/// at object creation time by using a type code, which is a single character.
/// The following type codes are defined:
///
///     Type code   C Type             Minimum size in bytes
///     'b'         signed integer     1
///     'B'         unsigned integer   1
///     'u'         Unicode character  2 (see note)
///     'h'         signed integer     2
///     'H'         unsigned integer   2
///     'i'         signed integer     2
///     'I'         unsigned integer   2
///     'l'         signed integer     4
///     'L'         unsigned integer   4
///     'q'         signed integer     8 (see note)
///     'Q'         unsigned integer   8 (see note)
///     'f'         floating-point     4
///     'd'         floating-point     8
#[pyclass(name = "array", module = "array", flags(BASETYPE, SEQUENCE), weaklist = weakreflist)]
#[repr(C)]
pub struct PyArray {
    pub ob_base: PyVarObject,
    ob_item: Cell<*mut u8>,
    allocated: Cell<isize>,
    ob_descr: Cell<*const ArrayDescr>,
    weakreflist: Cell<*mut PyObject>,
    ob_exports: Cell<isize>,
}

const _: () = assert!(size_of::<PyArray>() == 64);

impl PyArray {
    /// A new array of `len` zero items.
    pub fn create(cls: &PyTypeObject, descr: &'static ArrayDescr, len: usize) -> PyResult<Ref<PyArray>> {
        let array = new_in(
            cls,
            PyArray {
                ob_base: PyVarObject::placeholder(0),
                ob_item: Cell::new(ptr::null_mut()),
                allocated: Cell::new(0),
                ob_descr: Cell::new(descr),
                weakreflist: Cell::new(ptr::null_mut()),
                ob_exports: Cell::new(0),
            },
        )?;
        if len > 0 {
            array.set_room(len)?;
            array.ob_base.ob_size.set(len as isize);
            // SAFETY: the room was just made.
            unsafe { ptr::write_bytes(array.ob_item.get(), 0, len * descr.size()) };
        }
        Ok(array)
    }

    /// An exact array of the same element type.
    fn similar(&self, len: usize) -> PyResult<Ref<PyArray>> {
        PyArray::create(PyArray::type_object(), self.descr(), len)
    }

    #[inline]
    pub fn descr(&self) -> &'static ArrayDescr {
        // SAFETY: set at creation to one of the static records.
        unsafe { &*self.ob_descr.get() }
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.ob_base.ob_size.get() as usize
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    fn code(&self) -> u8 {
        self.descr().code()
    }

    #[inline]
    fn itemsize(&self) -> usize {
        self.descr().size()
    }

    /// The data.
    ///
    /// # Safety
    /// Valid until the array changes.
    unsafe fn bytes(&self) -> &[u8] {
        if self.is_empty() {
            return &[];
        }
        // SAFETY: `len` items lie there.
        unsafe { core::slice::from_raw_parts(self.ob_item.get(), self.len() * self.itemsize()) }
    }

    /// # Safety
    /// `index` is in range.
    unsafe fn address(&self, index: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { self.ob_item.get().add(index * self.itemsize()) }
    }

    /// An item as an object.
    pub fn get(&self, index: usize) -> PyResult {
        if index >= self.len() {
            return Err(exc::index_error("array index out of range"));
        }
        // SAFETY: in range.
        unsafe { codec::decode(self.code(), self.address(index)) }
    }

    /// Writes an encoded item.
    pub fn store(&self, index: usize, bits: Bits) -> PyResult<()> {
        if index >= self.len() {
            return Err(exc::index_error("array assignment index out of range"));
        }
        let raw = bits.to_le_bytes();
        // SAFETY: in range; an item is at most eight bytes.
        unsafe { ptr::copy_nonoverlapping(raw.as_ptr(), self.address(index), self.itemsize()) };
        Ok(())
    }

    fn set_room(&self, room: usize) -> PyResult<()> {
        if room == 0 {
            // SAFETY: the data is ours and no longer used.
            unsafe { mem_free(self.ob_item.replace(ptr::null_mut())) };
            self.allocated.set(0);
            return Ok(());
        }
        let bytes = room.checked_mul(self.itemsize()).ok_or_else(exc::memory_error)?;
        // SAFETY: the data is ours or NULL.
        let new = unsafe { mem_realloc(self.ob_item.get(), bytes) };
        if new.is_null() {
            return Err(exc::memory_error());
        }
        self.ob_item.set(new);
        self.allocated.set(room as isize);
        Ok(())
    }

    /// Changes the number of items; new ones are uninitialised and must be written at once.
    fn resize(&self, len: usize) -> PyResult<()> {
        let old = self.len();
        if self.ob_exports.get() > 0 && len != old {
            return Err(exc::buffer_error("cannot resize an array that is exporting buffers"));
        }
        if self.allocated.get() >= len as isize && old < len + 16 && !self.ob_item.get().is_null() {
            self.ob_base.ob_size.set(len as isize);
            return Ok(());
        }
        let room = if len == 0 {
            0
        } else {
            (len >> 4)
                .checked_add(if old < 8 { 3 } else { 7 })
                .and_then(|n| n.checked_add(len))
                .ok_or_else(exc::memory_error)?
        };
        self.set_room(room)?;
        self.ob_base.ob_size.set(len as isize);
        Ok(())
    }

    /// Appends items given as bytes (a whole number of items).
    pub fn append_bytes(&self, data: &[u8]) -> PyResult<()> {
        let (len, count) = (self.len(), data.len() / self.itemsize());
        if count == 0 {
            return Ok(());
        }
        self.resize(len.checked_add(count).ok_or_else(exc::memory_error)?)?;
        // SAFETY: `count` items were added behind the first `len`.
        unsafe { ptr::copy_nonoverlapping(data.as_ptr(), self.address(len), count * self.itemsize()) };
        Ok(())
    }

    pub fn append_object(&self, value: &PyObject) -> PyResult<()> {
        let bits = codec::encode(self.code(), value)?;
        let len = self.len();
        self.resize(len + 1)?;
        self.store(len, bits)
    }

    /// Replaces the items from `low` to `high` by data of the same type.
    fn replace_range(&self, low: usize, high: usize, data: &[u8]) -> PyResult<()> {
        let size = self.itemsize();
        let (len, added, removed) = (self.len(), data.len() / size, high - low);
        let new_len = (len - removed).checked_add(added).ok_or_else(exc::memory_error)?;
        if new_len != len && self.ob_exports.get() > 0 {
            return Err(exc::buffer_error("cannot resize an array that is exporting buffers"));
        }
        if added > removed {
            self.resize(new_len)?;
        }
        // SAFETY: the data has room for the longer of both lengths; the tail moves, then the gap is filled.
        unsafe {
            let base = self.ob_item.get();
            if added != removed && len > high {
                ptr::copy(base.add(high * size), base.add((low + added) * size), (len - high) * size);
            }
            if added > 0 {
                ptr::copy_nonoverlapping(data.as_ptr(), base.add(low * size), data.len());
            }
        }
        if added < removed {
            self.resize(new_len)?;
        }
        Ok(())
    }

    /// The other operand, if it is an array of the same type.
    fn same_kind<'a>(&self, other: &'a PyObject, not_array: &str) -> PyResult<&'a PyArray> {
        match other.downcast_ref::<PyArray>() {
            None => Err(exc::type_error(not_array)),
            Some(other) if !ptr::eq(other.descr(), self.descr()) => {
                Err(exc::type_error("bad argument type for built-in operation"))
            }
            Some(other) => Ok(other),
        }
    }

    fn extend_from(&self, other: &PyObject) -> PyResult<()> {
        if let Some(array) = other.downcast_ref::<PyArray>() {
            if !ptr::eq(array.descr(), self.descr()) {
                return Err(exc::type_error("can only extend with array of same kind"));
            }
            // The data is copied first: it may be our own.
            // SAFETY: copied before anything changes.
            let data = unsafe { array.bytes() }.to_vec();
            return self.append_bytes(&data);
        }
        let iter = protocol::get_iter(other)?;
        while let Some(item) = protocol::iter_next(&iter)? {
            self.append_object(&item)?;
        }
        Ok(())
    }

    fn take_bytes(&self, data: &[u8]) -> PyResult<()> {
        if data.len() % self.itemsize() != 0 {
            return Err(exc::value_error("bytes length not a multiple of item size"));
        }
        self.append_bytes(data)
    }

    fn append_text(&self, text: &PyStr) -> PyResult<()> {
        let data: Vec<u8> = text.data().iter().flat_map(u32::to_le_bytes).collect();
        self.append_bytes(&data)
    }

    fn is_text(&self) -> bool {
        matches!(self.code(), b'u' | b'w')
    }

    fn text(&self) -> PyResult<Ref<PyStr>> {
        // SAFETY: nothing changes while the characters are read.
        let data = unsafe { self.bytes() };
        let mut points = Vec::with_capacity(self.len());
        for chunk in data.chunks_exact(4) {
            let c = u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]);
            if c > 0x10_ffff {
                return Err(exc::value_error(format!("character U+{c:x} is not in range [U+0000; U+10ffff]")));
            }
            points.push(c);
        }
        PyStr::try_from_ucs4(&points)
    }

    fn list(&self) -> PyResult<Ref<PyList>> {
        let list = PyList::with_capacity(self.len())?;
        for i in 0..self.len() {
            list.append(self.get(i)?)?;
        }
        Ok(list)
    }

    fn find(&self, value: &PyObject, start: usize, stop: usize) -> PyResult<Option<usize>> {
        let mut i = start;
        while i < stop.min(self.len()) {
            let item = self.get(i)?;
            if protocol::eq(&item, value)? {
                return Ok(Some(i));
            }
            i += 1;
        }
        Ok(None)
    }

    fn typecode_str(&self) -> ObjRef {
        PyStr::from_char(u32::from(self.code())).into_obj()
    }

    fn repeat_bytes(&self, count: isize) -> PyResult<Vec<u8>> {
        let count = count.max(0) as usize;
        // SAFETY: nothing changes while the data is copied.
        let data = unsafe { self.bytes() };
        let total =
            data.len().checked_mul(count).filter(|&n| n <= isize::MAX as usize).ok_or_else(exc::memory_error)?;
        let mut out = Vec::new();
        out.try_reserve_exact(total).map_err(|_| exc::memory_error())?;
        for _ in 0..count {
            out.extend_from_slice(data);
        }
        Ok(out)
    }
}

#[pymethods]
impl PyArray {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        if cls.tp_init.get().map(|f| f as usize) == PyArray::type_object().tp_init.get().map(|f| f as usize) {
            no_keywords("array.array", kwargs)?;
        }
        let (typecode, initial) = match args.items() {
            [] => return Err(exc::type_error("array() takes at least 1 argument (0 given)")),
            [typecode] => (*typecode, None),
            [typecode, initial] => (*typecode, Some(*initial)),
            more => {
                return Err(exc::type_error(format!("array() takes at most 2 arguments ({} given)", more.len())));
            }
        };
        let code = match typecode.downcast_ref::<PyStr>() {
            Some(text) if text.len() == 1 => text.char_at(0),
            Some(text) => {
                return Err(exc::type_error(format!(
                    "array() argument 1 must be a unicode character, not a string of length {}",
                    text.len()
                )));
            }
            None => {
                return Err(exc::type_error(format!(
                    "array() argument 1 must be a unicode character, not {}",
                    typecode.ty().name()
                )));
            }
        };
        if code == u32::from(b'u') {
            rpy_vm::runtime::warnings::warn(
                exc::DeprecationWarning(),
                "The 'u' type code is deprecated and will be removed in Python 3.16",
                1,
            )?;
        }
        let is_text_code = code == u32::from(b'u') || code == u32::from(b'w');
        let shown = char::from_u32(code).unwrap_or('?');
        if let Some(initial) = initial
            && !is_text_code
        {
            if PyStr::check(initial) {
                return Err(exc::type_error(format!(
                    "cannot use a str to initialize an array with typecode '{shown}'"
                )));
            }
            if initial.downcast_ref::<PyArray>().is_some_and(PyArray::is_text) {
                return Err(exc::type_error(format!(
                    "cannot use a unicode array to initialize an array with typecode '{shown}'"
                )));
            }
        }
        let Some(descr) = u8::try_from(code).ok().and_then(ArrayDescr::find) else {
            return Err(exc::value_error("bad typecode (must be b, B, u, w, h, H, i, I, l, L, q, Q, f or d)"));
        };
        let array = PyArray::create(cls, descr, 0)?;
        if let Some(initial) = initial {
            if let Some(text) = initial.downcast_ref::<PyStr>() {
                array.append_text(text)?;
            } else if PyBytes::check(initial) || PyByteArray::check(initial) {
                let data = ArgBytes::from_object(initial)?;
                array.take_bytes(&data)?;
            } else if let Some(other) = initial.downcast_ref::<PyArray>()
                && ptr::eq(other.descr(), descr)
            {
                array.extend_from(initial)?;
            } else {
                let iter = protocol::get_iter(initial)?;
                while let Some(item) = protocol::iter_next(&iter)? {
                    array.append_object(&item)?;
                }
            }
        }
        Ok(array.into_obj())
    }

    #[slot]
    unsafe fn tp_dealloc(object: *mut PyObject) {
        // SAFETY: a dead array.
        unsafe {
            let this = &*(object as *const PyArray);
            if !this.weakreflist.get().is_null() {
                rpy_vm::types::weakref::clear_weakrefs(&*object);
            }
            mem_free(this.ob_item.get());
            free_instance(object);
        }
    }

    #[slot]
    unsafe fn bf_getbuffer(object: *mut PyObject, view: *mut PyBufferView, wanted: c_int) -> c_int {
        static NOTHING: [u8; 1] = [0];
        if view.is_null() {
            // SAFETY: the result is an error.
            return unsafe {
                finish_getbuffer(view, Err(exc::buffer_error("array_buffer_getbuf: view==NULL argument is obsolete")))
            };
        }
        // SAFETY: the slot's contract; the arrays point at fields that stay while the buffer is held.
        unsafe {
            let this = &*(object as *const PyArray);
            let v = &mut *view;
            v.buf =
                if this.ob_item.get().is_null() { NOTHING.as_ptr() as *mut _ } else { this.ob_item.get() as *mut _ };
            v.itemsize = this.itemsize() as isize;
            v.len = (this.len() * this.itemsize()) as isize;
            v.readonly = 0;
            v.ndim = 1;
            v.suboffsets = ptr::null_mut();
            v.shape = if wanted & buf::ND == buf::ND { this.ob_base.ob_size.as_ptr() } else { ptr::null_mut() };
            v.strides = if wanted & buf::STRIDES == buf::STRIDES { &raw mut (*view).itemsize } else { ptr::null_mut() };
            v.internal = ptr::null_mut();
            v.format = if wanted & buf::FORMAT == 0 {
                ptr::null_mut()
            } else if this.code() == b'u' {
                c"w".as_ptr() as *mut c_char
            } else {
                this.descr().formats as *mut c_char
            };
            v.obj = (*object).new_ref().into_raw();
            this.ob_exports.set(this.ob_exports.get() + 1);
        }
        0
    }

    #[slot]
    unsafe fn bf_releasebuffer(object: *mut PyObject, _view: *mut PyBufferView) {
        // SAFETY: the slot's contract.
        let exports = unsafe { &(*(object as *const PyArray)).ob_exports };
        exports.set(exports.get() - 1);
    }

    #[slot]
    fn tp_repr(&self) -> PyResult {
        let mut out = StrBuilder::new();
        out.push_str(self.as_object().ty().name());
        out.push_str("('");
        out.push_char(u32::from(self.code()));
        out.push_str("'");
        if !self.is_empty() {
            let contents = if self.is_text() { self.text()?.into_obj() } else { self.list()?.into_obj() };
            let contents = protocol::repr(&contents)?;
            out.push_str(", ");
            out.push_py(&contents);
        }
        out.push_str(")");
        Ok(out.finish().into_obj())
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
        let Some(other) = other.downcast_ref::<PyArray>() else {
            return Ok(rpy_vm::not_implemented());
        };
        let (a, b) = (self.len(), other.len());
        if a != b && matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(rpy_vm::py_bool(op == CompareOp::Ne));
        }
        if ptr::eq(self.descr(), other.descr()) && !matches!(self.code(), b'f' | b'd') {
            for i in 0..a.min(b) {
                // SAFETY: in range of both.
                let order = unsafe { codec::compare(self.code(), self.address(i), other.address(i)) };
                if order.is_ne() {
                    return Ok(rpy_vm::py_bool(op.matches(order)));
                }
            }
            return Ok(rpy_vm::py_bool(op.matches(a.cmp(&b))));
        }
        let mut i = 0;
        while i < self.len() && i < other.len() {
            let (x, y) = (self.get(i)?, other.get(i)?);
            if !protocol::rich_compare_bool(&x, &y, CompareOp::Eq)? {
                return match op {
                    CompareOp::Eq => Ok(rpy_vm::py_bool(false)),
                    CompareOp::Ne => Ok(rpy_vm::py_bool(true)),
                    _ => protocol::rich_compare(&x, &y, op),
                };
            }
            i += 1;
        }
        Ok(rpy_vm::py_bool(op.matches(self.len().cmp(&other.len()))))
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        PyArrayIterator::start(self).into_obj()
    }

    #[slot]
    fn sq_length(&self) -> PyResult<usize> {
        Ok(self.len())
    }

    #[slot]
    fn sq_concat(&self, other: &PyObject) -> PyResult {
        let other =
            self.same_kind(other, &format!("can only append array (not \"{}\") to array", other.ty().name()))?;
        let result = self.similar(0)?;
        // SAFETY: the result is another array; nothing changes while data is copied.
        unsafe {
            result.append_bytes(self.bytes())?;
            result.append_bytes(other.bytes())?;
        }
        Ok(result.into_obj())
    }

    #[slot]
    fn sq_repeat(&self, count: isize) -> PyResult {
        let result = self.similar(0)?;
        result.append_bytes(&self.repeat_bytes(count)?)?;
        Ok(result.into_obj())
    }

    #[slot]
    fn sq_item(&self, index: isize) -> PyResult {
        self.get(index as usize)
    }

    #[slot]
    fn sq_ass_item(&self, index: isize, value: Option<&PyObject>) -> PyResult<()> {
        let Some(index) = usize::try_from(index).ok().filter(|&index| index < self.len()) else {
            return Err(exc::index_error("array assignment index out of range"));
        };
        match value {
            None => self.replace_range(index, index + 1, &[]),
            Some(value) => {
                let bits = codec::encode(self.code(), value)?;
                self.store(index, bits)
            }
        }
    }

    #[slot]
    fn sq_contains(&self, value: &PyObject) -> PyResult<bool> {
        Ok(self.find(value, 0, usize::MAX)?.is_some())
    }

    #[slot]
    fn sq_inplace_concat(&self, other: &PyObject) -> PyResult {
        if !PyArray::check(other) {
            return Err(exc::type_error(format!("can only extend with array (not \"{}\")", other.ty().name())));
        }
        self.extend_from(other)?;
        Ok(self.to_obj())
    }

    #[slot]
    fn sq_inplace_repeat(&self, count: isize) -> PyResult {
        let data = self.repeat_bytes(count)?;
        let len = self.len();
        if len > 0 && count != 1 {
            self.replace_range(0, len, &data)?;
        }
        Ok(self.to_obj())
    }

    #[slot]
    fn mp_length(&self) -> PyResult<usize> {
        Ok(self.len())
    }

    #[slot]
    fn mp_subscript(&self, key: &PyObject) -> PyResult {
        if number::is_index(key) {
            let index = subscript_index(key)?;
            return self.get(if index < 0 { index + self.len() as isize } else { index } as usize);
        }
        let Some(slice) = key.downcast_exact::<PySlice>() else {
            return Err(exc::type_error("array indices must be integers"));
        };
        let (start, _, step, count) = resolve_slice(slice, || self.len())?;
        let result = self.similar(count)?;
        let size = self.itemsize();
        for i in 0..count {
            // SAFETY: a resolved slice stays inside the array; the result has `count` items.
            unsafe {
                let from = self.address((start + i as isize * step) as usize);
                ptr::copy_nonoverlapping(from, result.address(i), size);
            }
        }
        Ok(result.into_obj())
    }

    #[slot]
    fn mp_ass_subscript(&self, key: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        if number::is_index(key) {
            let index = subscript_index(key)?;
            return self.sq_ass_item(if index < 0 { index + self.len() as isize } else { index }, value);
        }
        let Some(slice) = key.downcast_exact::<PySlice>() else {
            return Err(exc::type_error("array indices must be integers"));
        };
        let (start, stop, step) = slice.unpack()?;
        let (start, stop, count) = adjust_indices(self.len(), start, stop, step);
        let data = match value {
            None => None,
            Some(value) => {
                let message = format!("can only assign array (not \"{}\") to array slice", value.ty().name());
                let other = self.same_kind(value, &message)?;
                // SAFETY: copied before anything changes; it may be our own data.
                Some(unsafe { other.bytes() }.to_vec())
            }
        };
        let size = self.itemsize();
        if step == 1 {
            let (low, high) = (start as usize, stop.max(start) as usize);
            return self.replace_range(low, high, data.as_deref().unwrap_or(&[]));
        }
        match data {
            None => {
                if count == 0 {
                    return Ok(());
                }
                if self.ob_exports.get() > 0 {
                    return Err(exc::buffer_error("cannot resize an array that is exporting buffers"));
                }
                let mut doomed: Vec<usize> = (0..count as isize).map(|i| (start + i * step) as usize).collect();
                doomed.sort_unstable();
                let mut kept = Vec::new();
                kept.try_reserve_exact((self.len() - count) * size).map_err(|_| exc::memory_error())?;
                let mut next = doomed.into_iter().peekable();
                // SAFETY: nothing changes while data is copied.
                for (i, item) in unsafe { self.bytes() }.chunks_exact(size).enumerate() {
                    if next.peek() == Some(&i) {
                        next.next();
                    } else {
                        kept.extend_from_slice(item);
                    }
                }
                self.replace_range(0, self.len(), &kept)
            }
            Some(data) => {
                if data.len() / size != count {
                    return Err(exc::value_error(format!(
                        "attempt to assign array of size {} to extended slice of size {count}",
                        data.len() / size
                    )));
                }
                for (i, item) in data.chunks_exact(size).enumerate() {
                    // SAFETY: a resolved slice stays inside the array.
                    unsafe {
                        let at = self.address((start + i as isize * step) as usize);
                        ptr::copy_nonoverlapping(item.as_ptr(), at, size);
                    }
                }
                Ok(())
            }
        }
    }

    /// Append new value v to the end of the array.
    #[pymethod(sig = "($self, v, /)")]
    fn append(&self, v: &PyObject) -> PyResult<()> {
        self.append_object(v)
    }

    /// Return a tuple (address, length) giving the current memory address and the length in items of the buffer used to hold array's contents.
    ///
    /// The length should be multiplied by the itemsize attribute to calculate
    /// the buffer length in bytes.
    #[pymethod]
    fn buffer_info(&self) -> (usize, usize) {
        (self.ob_item.get() as usize, self.len())
    }

    /// Byteswap all items of the array.
    ///
    /// If the items in the array are not 1, 2, 4, or 8 bytes in size, RuntimeError is
    /// raised.
    #[pymethod]
    fn byteswap(&self) {
        let size = self.itemsize();
        if size > 1 && !self.is_empty() {
            // SAFETY: the whole data; nothing else runs.
            let data = unsafe { core::slice::from_raw_parts_mut(self.ob_item.get(), self.len() * size) };
            data.chunks_exact_mut(size).for_each(<[u8]>::reverse);
        }
    }

    /// Remove all items from the array.
    #[pymethod]
    fn clear(&self) -> PyResult<()> {
        self.resize(0)
    }

    /// Return number of occurrences of v in the array.
    #[pymethod(sig = "($self, v, /)")]
    fn count(&self, v: &PyObject) -> PyResult<usize> {
        let (mut count, mut i) = (0, 0);
        while i < self.len() {
            let item = self.get(i)?;
            count += usize::from(protocol::eq(&item, v)?);
            i += 1;
        }
        Ok(count)
    }

    /// Append items to the end of the array.
    #[pymethod(sig = "($self, bb, /)")]
    fn extend(&self, bb: &PyObject) -> PyResult<()> {
        self.extend_from(bb)
    }

    /// Appends items from the string, interpreting it as an array of machine values, as if it had been read from a file using the fromfile() method.
    #[pymethod(sig = "($self, buffer, /)")]
    fn frombytes(&self, buffer: ArgBytes<'_>) -> PyResult<()> {
        // A view of this very array counts as an export, so the data cannot move under the copy.
        let data = buffer.as_bytes().to_vec();
        drop(buffer);
        self.take_bytes(&data)
    }

    /// Read n objects from the file object f and append them to the end of the array.
    #[pymethod(sig = "($self, f, n, /)")]
    fn fromfile(&self, f: &PyObject, n: isize) -> PyResult<()> {
        if n < 0 {
            return Err(exc::value_error("negative count"));
        }
        let wanted = (n as usize).checked_mul(self.itemsize()).ok_or_else(exc::memory_error)?;
        let size = PyInt::from_usize(wanted);
        let data = call::call_method(f, intern!("read"), &[size.as_object()])?;
        let Some(data) = data.downcast_ref::<PyBytes>() else {
            return Err(exc::type_error("read() didn't return bytes"));
        };
        let short = data.as_bytes().len() != wanted;
        self.take_bytes(data.as_bytes())?;
        if short {
            return Err(exc::eof_error("read() didn't return enough bytes"));
        }
        Ok(())
    }

    /// Append items to array from list.
    #[pymethod(sig = "($self, list, /)")]
    fn fromlist(&self, list: &PyObject) -> PyResult<()> {
        let Some(list) = list.downcast_ref::<PyList>() else {
            return Err(exc::type_error("arg must be list"));
        };
        let old = self.len();
        let count = list.len();
        for i in 0..count {
            let Some(item) = list.get(i) else { break };
            let added = self.append_object(&item);
            let changed = list.len() != count;
            if added.is_err() || changed {
                // The item's methods may have taken items away; those do not come back.
                self.resize(old.min(self.len()))?;
                added?;
                return Err(exc::runtime_error("list changed size during iteration"));
            }
        }
        Ok(())
    }

    /// Extends this array with data from the unicode string ustr.
    ///
    /// The array must be a unicode type array; otherwise a ValueError is raised.
    /// Use array.frombytes(ustr.encode(...)) to append Unicode data to an array of
    /// some other type.
    #[pymethod(sig = "($self, ustr, /)")]
    fn fromunicode(&self, ustr: &PyStr) -> PyResult<()> {
        if !self.is_text() {
            return Err(exc::value_error("fromunicode() may only be called on unicode type arrays ('u' or 'w')"));
        }
        self.append_text(ustr)
    }

    /// Return index of first occurrence of v in the array.
    ///
    /// Raise ValueError if the value is not present.
    #[pymethod(sig = "($self, v, start=0, stop=sys.maxsize, /)")]
    fn index(&self, v: &PyObject, start: Option<&PyObject>, stop: Option<&PyObject>) -> PyResult<usize> {
        let (start, stop) = index_bounds(start, stop, || self.len())?;
        match self.find(v, start as usize, stop as usize)? {
            Some(index) => Ok(index),
            None => Err(exc::value_error("array.index(x): x not in array")),
        }
    }

    /// Insert a new item v into the array before position i.
    #[pymethod(sig = "($self, i, v, /)")]
    fn insert(&self, i: isize, v: &PyObject) -> PyResult<()> {
        let bits = codec::encode(self.code(), v)?;
        let len = self.len();
        let at = if i < 0 { (i + len as isize).max(0) as usize } else { (i as usize).min(len) };
        let raw = bits.to_le_bytes();
        self.replace_range(at, at, &raw[..self.itemsize()])
    }

    /// Return the i-th element and delete it from the array.
    ///
    /// i defaults to -1.
    #[pymethod(sig = "($self, i=-1, /)")]
    fn pop(&self, i: Option<isize>) -> PyResult {
        let len = self.len();
        if len == 0 {
            return Err(exc::index_error("pop from empty array"));
        }
        let i = i.unwrap_or(-1);
        let at = if i < 0 { i + len as isize } else { i };
        if at < 0 || at as usize >= len {
            return Err(exc::index_error("pop index out of range"));
        }
        let item = self.get(at as usize)?;
        self.replace_range(at as usize, at as usize + 1, &[])?;
        Ok(item)
    }

    /// Remove the first occurrence of v in the array.
    #[pymethod(sig = "($self, v, /)")]
    fn remove(&self, v: &PyObject) -> PyResult<()> {
        match self.find(v, 0, usize::MAX)? {
            Some(index) if index < self.len() => self.replace_range(index, index + 1, &[]),
            Some(_) => Ok(()),
            None => Err(exc::value_error("array.remove(x): x not in array")),
        }
    }

    /// Reverse the order of the items in the array.
    #[pymethod]
    fn reverse(&self) {
        let size = self.itemsize();
        let len = self.len();
        for i in 0..len / 2 {
            // SAFETY: two different items in range.
            unsafe { ptr::swap_nonoverlapping(self.address(i), self.address(len - 1 - i), size) };
        }
    }

    /// Convert the array to an array of machine values and return the bytes representation.
    #[pymethod]
    fn tobytes(&self) -> ObjRef {
        // SAFETY: nothing changes while the data is copied.
        PyBytes::new(unsafe { self.bytes() }).into_obj()
    }

    /// Write all items (as machine values) to the file object f.
    #[pymethod(sig = "($self, f, /)")]
    fn tofile(&self, f: &PyObject) -> PyResult<()> {
        const BLOCK: usize = 64 * 1024;
        let mut at = 0;
        loop {
            // SAFETY: copied before `write` runs; the length is read again each time.
            let block = unsafe { self.bytes() }.get(at..).map(|rest| rest[..rest.len().min(BLOCK)].to_vec());
            let Some(block) = block.filter(|block| !block.is_empty()) else { return Ok(()) };
            at += block.len();
            let bytes = PyBytes::from_vec(block);
            call::call_method(f, intern!("write"), &[bytes.as_object()])?;
        }
    }

    /// Convert array to an ordinary list with the same items.
    #[pymethod]
    fn tolist(&self) -> PyResult {
        Ok(self.list()?.into_obj())
    }

    /// Extends this array with data from the unicode string ustr.
    ///
    /// Convert the array to a unicode string.  The array must be a unicode type array;
    /// otherwise a ValueError is raised.  Use array.tobytes().decode() to obtain a
    /// unicode string from an array of some other type.
    #[pymethod]
    fn tounicode(&self) -> PyResult {
        if !self.is_text() {
            return Err(exc::value_error("tounicode() may only be called on unicode type arrays ('u' or 'w')"));
        }
        Ok(self.text()?.into_obj())
    }

    /// Return a copy of the array.
    #[pymethod(name = "__copy__")]
    fn copy(&self) -> PyResult {
        let result = self.similar(0)?;
        // SAFETY: the result is another array.
        result.append_bytes(unsafe { self.bytes() })?;
        Ok(result.into_obj())
    }

    /// Return a copy of the array.
    #[pymethod(name = "__deepcopy__", sig = "($self, unused, /)")]
    fn deepcopy(&self, _unused: &PyObject) -> PyResult {
        self.copy()
    }

    /// Return state information for pickling.
    #[pymethod(name = "__reduce_ex__", sig = "($self, value, /)")]
    fn reduce_ex(&self, value: &PyObject) -> PyResult {
        if !PyInt::check(value) {
            return Err(exc::type_error(format!(
                "__reduce_ex__ argument should be an integer, not {}",
                value.ty().name()
            )));
        }
        let version = number::index(value)?.as_i64().unwrap_or(0);
        let dict = protocol::getattr_opt(self.as_object(), intern!("__dict__"))?.unwrap_or_else(rpy_vm::none);
        let cls = self.as_object().ty().to_obj();
        if version < 3 {
            let args = PyTuple::from_array([self.typecode_str(), self.list()?.into_obj()]);
            return Ok(PyTuple::from_array([cls, args.into_obj(), dict]).into_obj());
        }
        let module = rpy_vm::import::import_module("array")?;
        let make = protocol::getattr(&module, intern!("_array_reconstructor"))?;
        let format = PyInt::from_i64(super::pickle::machine_code(self.descr())).into_obj();
        let args = PyTuple::from_array([cls, self.typecode_str(), format, self.tobytes()]);
        Ok(PyTuple::from_array([make, args.into_obj(), dict]).into_obj())
    }

    /// Size of the array in memory, in bytes.
    #[pymethod(name = "__sizeof__")]
    fn sizeof(&self) -> usize {
        self.as_object().ty().tp_basicsize.get() as usize + self.allocated.get() as usize * self.itemsize()
    }

    /// the typecode character used to create the array
    #[pygetset]
    fn typecode(&self) -> ObjRef {
        self.typecode_str()
    }

    /// the size, in bytes, of one array item
    #[pygetset(name = "itemsize")]
    fn py_itemsize(&self) -> usize {
        self.itemsize()
    }

    /// See PEP 585
    #[pyclassmethod(name = "__class_getitem__", sig = "(object, /)")]
    fn py_class_getitem(cls: &PyTypeObject, item: &PyObject) -> PyResult {
        class_getitem(cls, item)
    }
}

//! The binding of `bytearray`: slots and methods with CPython's signatures, documentation and messages.

use core::ffi::c_int;

use rpy_derive::pymethods;

use super::{PyByteArray, PyByteArrayIterator};
use crate::object::{CompareOp, ObjRef, PyBufferView, PyObject, PyStruct, PyTypeObject, Ref};
use crate::protocol::buffer::Buffer;
use crate::protocol::{self, buffer, number};
use crate::runtime::codecs;
use crate::types::bytes::PyBytes;
use crate::types::bytes_common::editing::{self, Pad};
use crate::types::bytes_common::searching::{self, From, byte_arg};
use crate::types::bytes_common::{ByteString, ascii, bytes_of, construct, hex, percent, splitting};
use crate::types::dict::PyDict;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::list::indices::{resolve_slice, subscript_index};
use crate::types::slice::PySlice;
use crate::types::str::split::Side;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::PyTuple;
use crate::{PyClass, PyResult, exc};

impl PyByteArray {
    /// The reduction for pickling: contents as text in old protocols.
    fn reduction(&self, protocol: i32) -> PyResult<ObjRef> {
        let state = protocol::call::call_method(self.as_object(), crate::intern!("__getstate__"), &[])?;
        let args = if self.is_empty() {
            PyTuple::empty()
        } else if protocol < 3 {
            PyTuple::from_array([PyStr::try_from_latin1(self.as_bytes())?.into_obj(), PyStr::new("latin-1").into_obj()])
        } else {
            PyTuple::from_array([PyBytes::try_new(self.as_bytes())?.into_obj()])
        };
        Ok(PyTuple::from_array([self.as_object().ty().as_object().new_ref(), args.into_obj(), state]).into_obj())
    }
}

#[pymethods]
impl PyByteArray {
    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<Ref<PyByteArray>> {
        PyByteArray::new_empty_in(cls)
    }

    #[pyinit(sig = "(source=b'', encoding='utf-8', errors='strict')")]
    fn py_init(&self, source: Option<&PyObject>, encoding: Option<&str>, errors: Option<&str>) -> PyResult<()> {
        if !self.is_empty() {
            self.resize(0)?;
        }
        construct::check_text_arguments(source, encoding, errors)?;
        let Some(source) = source else {
            return Ok(());
        };
        if let Some(text) = source.downcast_ref::<PyStr>() {
            let encoded = codecs::encode_str(text, encoding, errors)?;
            return self.set_contents(&bytes_of(&encoded)?);
        }
        if let Some(count) = construct::count(source)? {
            self.resize(count)?;
            // SAFETY: just resized.
            unsafe { self.as_bytes_mut() }.fill(0);
            return Ok(());
        }
        let bytes = construct::from_buffer_or_iterable(source, "bytearray", "byte must be in range(0, 256)")?;
        self.set_contents(&bytes)
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        let mut out = StrBuilder::with_capacity(self.len() + 16);
        out.push_str(self.as_object().ty().name());
        out.push_ascii(b"(");
        crate::types::bytes_common::repr::push_repr(&mut out, self.as_bytes(), true);
        out.push_ascii(b")");
        out.try_finish()
    }

    #[slot]
    fn tp_str(&self) -> PyResult<Ref<PyStr>> {
        if crate::types::bytes_common::bytes_warning() {
            crate::runtime::warnings::warn(exc::BytesWarning(), "str() on a bytearray instance", 1)?;
        }
        self.tp_repr()
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult<ObjRef> {
        if !Buffer::check(other) {
            if crate::types::bytes_common::bytes_warning() && matches!(op, CompareOp::Eq | CompareOp::Ne) {
                crate::types::bytes_common::warn_comparison(other, "bytearray", false)?;
            }
            return Ok(crate::not_implemented());
        }
        // What has no plain bytes is not equal to any.
        let Ok(bytes) = bytes_of(other) else {
            return Ok(crate::not_implemented());
        };
        let (a, b) = (self.as_bytes(), bytes.as_bytes());
        let result = match op {
            CompareOp::Eq => a == b,
            CompareOp::Ne => a != b,
            _ => op.matches(a.cmp(b)),
        };
        Ok(crate::py_bool(result))
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        PyByteArrayIterator::new(self).into_obj()
    }

    #[slot]
    fn nb_remainder(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        match a.downcast_ref::<PyByteArray>() {
            Some(format) => {
                // What is formatted may run code, which must not change the format meanwhile.
                let _hold = format.hold();
                PyByteArray::make_vec(percent::format(format.as_bytes(), b)?)
            }
            None => Ok(crate::not_implemented()),
        }
    }

    #[slot]
    fn sq_length(&self) -> usize {
        self.len()
    }

    #[slot]
    fn mp_length(&self) -> usize {
        self.len()
    }

    #[slot]
    fn sq_concat(&self, other: &PyObject) -> PyResult<ObjRef> {
        let bytes = match bytes_of(other) {
            Ok(bytes) => bytes,
            Err(err) if err.matches(exc::TypeError()) => {
                return Err(exc::type_error(format!(
                    "can't concat {} to {}",
                    other.ty().name(),
                    self.as_object().ty().name()
                )));
            }
            Err(err) => return Err(err),
        };
        let len = self.len().checked_add(bytes.len()).ok_or_else(exc::memory_error)?;
        let mut out = editing::vec_with_capacity(len)?;
        out.extend_from_slice(self.as_bytes());
        out.extend_from_slice(&bytes);
        PyByteArray::make_vec(out)
    }

    #[slot]
    fn sq_inplace_concat(&self, other: &PyObject) -> PyResult<ObjRef> {
        self.extend_from_buffer(other)?;
        Ok(self.to_obj())
    }

    #[slot]
    fn sq_repeat(&self, count: isize) -> PyResult<ObjRef> {
        PyByteArray::make_vec(editing::repeated(self.as_bytes(), count)?)
    }

    #[slot]
    fn sq_inplace_repeat(&self, count: isize) -> PyResult<ObjRef> {
        if count != 1 {
            let repeated = editing::repeated(self.as_bytes(), count)?;
            self.set_contents(&repeated)?;
        }
        Ok(self.to_obj())
    }

    #[slot]
    fn sq_item(&self, index: isize) -> PyResult<ObjRef> {
        if index < 0 {
            return Err(exc::index_error("bytearray index out of range"));
        }
        Ok(PyInt::from_i64(self.item_at(index)? as i64).into_obj())
    }

    #[slot]
    fn sq_ass_item(&self, index: isize, value: Option<&PyObject>) -> PyResult<()> {
        if index < 0 {
            return Err(exc::index_error("bytearray index out of range"));
        }
        self.assign_item(index, value)
    }

    #[slot]
    fn sq_contains(&self, item: &PyObject) -> PyResult<bool> {
        searching::contains(self, item)
    }

    #[slot]
    fn mp_subscript(&self, key: &PyObject) -> PyResult<ObjRef> {
        if number::is_index(key) {
            let index = subscript_index(key)?;
            return Ok(PyInt::from_i64(self.item_at(index)? as i64).into_obj());
        }
        let Some(slice) = key.downcast_exact::<PySlice>() else {
            return Err(exc::type_error(format!(
                "bytearray indices must be integers or slices, not {}",
                key.ty().name()
            )));
        };
        let (start, _, step, count) = resolve_slice(slice, || self.len())?;
        match (count, step) {
            (0, _) => PyByteArray::make(&[]),
            (_, 1) => PyByteArray::make(&self.as_bytes()[start as usize..start as usize + count]),
            _ => PyByteArray::make_vec(editing::slice_bytes(self.as_bytes(), start, step, count)),
        }
    }

    #[slot]
    fn mp_ass_subscript(&self, key: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        self.assign_subscript(key, value)
    }

    #[slot]
    unsafe fn bf_getbuffer(object: *mut PyObject, view: *mut PyBufferView, flags: c_int) -> c_int {
        // SAFETY: the slot's contract; contents do not move while exports are counted.
        unsafe {
            let this = &*(object as *const PyByteArray);
            let filled = buffer::fill_info(view, Some(this.as_object()), this.data_ptr(), this.len(), false, flags);
            if filled.is_ok() {
                this.ob_exports.set(this.ob_exports.get() + 1);
            }
            buffer::finish_getbuffer(view, filled)
        }
    }

    #[slot]
    unsafe fn bf_releasebuffer(object: *mut PyObject, _view: *mut PyBufferView) {
        // SAFETY: the slot's contract.
        let this = unsafe { &*(object as *const PyByteArray) };
        this.ob_exports.set(this.ob_exports.get() - 1);
    }

    /// B.__alloc__() -> int
    ///
    /// Return the number of bytes actually allocated.
    #[pymethod(name = "__alloc__")]
    fn m_alloc(&self) -> isize {
        self.ob_alloc.get()
    }

    /// Return state information for pickling.
    #[pymethod(name = "__reduce__")]
    fn m_reduce(&self) -> PyResult<ObjRef> {
        self.reduction(2)
    }

    /// Return state information for pickling.
    #[pymethod(name = "__reduce_ex__", sig = "($self, proto=0, /)")]
    fn m_reduce_ex(&self, proto: i32) -> PyResult<ObjRef> {
        self.reduction(proto)
    }

    /// Returns the size of the bytearray object in memory, in bytes.
    #[pymethod(name = "__sizeof__")]
    fn m_sizeof(&self) -> isize {
        self.as_object().ty().tp_basicsize.get() + self.ob_alloc.get()
    }

    /// Append a single item to the end of the bytearray.
    ///
    ///   item
    ///     The item to be appended.
    #[pymethod(name = "append", sig = "($self, item, /)")]
    fn m_append(&self, item: &PyObject) -> PyResult<()> {
        self.push(byte_arg(item)?)
    }

    /// Remove all items from the bytearray.
    #[pymethod(name = "clear")]
    fn m_clear(&self) -> PyResult<()> {
        self.resize(0)
    }

    /// Return a copy of B.
    #[pymethod(name = "copy")]
    fn m_copy(&self) -> PyResult<ObjRef> {
        PyByteArray::make(self.as_bytes())
    }

    /// Append all the items from the iterator or sequence to the end of the bytearray.
    ///
    ///   iterable_of_ints
    ///     The iterable of items to append.
    #[pymethod(name = "extend", sig = "($self, iterable_of_ints, /)")]
    fn m_extend(&self, iterable_of_ints: &PyObject) -> PyResult<()> {
        if Buffer::check(iterable_of_ints) {
            return self.extend_from_buffer(iterable_of_ints);
        }
        if PyStr::check(iterable_of_ints) {
            return Err(exc::type_error(format!(
                "expected iterable of integers; got: '{}'",
                iterable_of_ints.ty().name()
            )));
        }
        if let Err(err) = protocol::object::get_iter(iterable_of_ints) {
            return Err(if err.matches(exc::TypeError()) {
                exc::type_error(format!("can't extend bytearray with {}", iterable_of_ints.ty().name()))
            } else {
                err
            });
        }
        let bytes = construct::from_buffer_or_iterable(iterable_of_ints, "bytearray", "byte must be in range(0, 256)")?;
        self.extend_from_slice(&bytes)
    }

    /// Insert a single item into the bytearray before the given index.
    ///
    ///   index
    ///     The index where the value is to be inserted.
    ///   item
    ///     The item to be inserted.
    #[pymethod(name = "insert", sig = "($self, index, item, /)")]
    fn m_insert(&self, index: isize, item: &PyObject) -> PyResult<()> {
        let byte = byte_arg(item)?;
        let len = self.len() as isize;
        let at = if index < 0 { (index + len).max(0) } else { index.min(len) } as usize;
        self.splice(at, at, &[byte])
    }

    /// Remove and return a single item from B.
    ///
    ///   index
    ///     The index from where to remove the item.
    ///     -1 (the default value) means remove the last item.
    ///
    /// If no index argument is given, will pop the last item.
    #[pymethod(name = "pop", sig = "($self, index=-1, /)")]
    fn m_pop(&self, index: isize) -> PyResult<u8> {
        let len = self.len() as isize;
        if len == 0 {
            return Err(exc::index_error("pop from empty bytearray"));
        }
        let at = if index < 0 { index + len } else { index };
        if at < 0 || at >= len {
            return Err(exc::index_error("pop index out of range"));
        }
        let byte = self.as_bytes()[at as usize];
        self.splice(at as usize, at as usize + 1, &[])?;
        Ok(byte)
    }

    /// Remove the first occurrence of a value in the bytearray.
    ///
    ///   value
    ///     The value to remove.
    #[pymethod(name = "remove", sig = "($self, value, /)")]
    fn m_remove(&self, value: &PyObject) -> PyResult<()> {
        let byte = byte_arg(value)?;
        match memchr::memchr(byte, self.as_bytes()) {
            Some(at) => self.splice(at, at + 1, &[]),
            None => Err(exc::value_error("value not found in bytearray")),
        }
    }

    /// Resize the internal buffer of bytearray to len.
    ///
    ///   size
    ///     New size to resize to..
    #[pymethod(name = "resize", sig = "($self, size, /)")]
    fn m_resize(&self, size: isize) -> PyResult<()> {
        let Ok(size) = usize::try_from(size) else {
            return Err(exc::value_error(format!("Can only resize to positive sizes, got {size}")));
        };
        let old = self.len();
        self.resize(size)?;
        if size > old {
            // SAFETY: just resized.
            unsafe { self.as_bytes_mut()[old..].fill(0) };
        }
        Ok(())
    }

    /// Reverse the order of the values in B in place.
    #[pymethod(name = "reverse")]
    fn m_reverse(&self) {
        // SAFETY: no other slice of the contents is in use.
        unsafe { self.as_bytes_mut() }.reverse();
    }

    /// B.capitalize() -> copy of B
    ///
    /// Return a copy of B with only its first character capitalized (ASCII)
    /// and the rest lower-cased.
    #[pymethod(name = "capitalize")]
    fn m_capitalize(&self) -> PyResult<ObjRef> {
        ascii::capitalize(self)
    }

    /// Return a centered string of length width.
    ///
    /// Padding is done using the specified fill character.
    #[pymethod(name = "center", sig = "($self, width, fillchar=b' ', /)")]
    fn m_center(&self, width: isize, fillchar: Option<&PyObject>) -> PyResult<ObjRef> {
        editing::justify(self, width, fillchar, Pad::Both, "center")
    }

    /// Return the number of non-overlapping occurrences of subsection 'sub' in bytes B[start:end].
    ///
    ///   start
    ///     Optional start position. Default: start of the bytes.
    ///   end
    ///     Optional stop position. Default: end of the bytes.
    #[pymethod(name = "count", sig = "($self, sub, start=None, end=None, /)")]
    fn m_count(&self, sub: &PyObject, start: Option<&PyObject>, end: Option<&PyObject>) -> PyResult<usize> {
        searching::count(self, sub, start, end)
    }

    /// Decode the bytearray using the codec registered for encoding.
    ///
    ///   encoding
    ///     The encoding with which to decode the bytearray.
    ///   errors
    ///     The error handling scheme to use for the handling of decoding errors.
    ///     The default is 'strict' meaning that decoding errors raise a
    ///     UnicodeDecodeError. Other possible values are 'ignore' and 'replace'
    ///     as well as any other name registered with codecs.register_error that
    ///     can handle UnicodeDecodeErrors.
    #[pymethod(name = "decode", sig = "($self, /, encoding='utf-8', errors='strict')")]
    fn m_decode(&self, encoding: Option<&PyStr>, errors: Option<&PyStr>) -> PyResult<Ref<PyStr>> {
        // A codec may run any code, so it gets a copy.
        let contents = self.contents().to_vec();
        codecs::decode_bytes(&contents, codecs::name_arg(encoding)?, codecs::name_arg(errors)?)
    }

    /// Return True if the bytearray ends with the specified suffix, False otherwise.
    ///
    ///   suffix
    ///     A bytes or a tuple of bytes to try.
    ///   start
    ///     Optional start position. Default: start of the bytearray.
    ///   end
    ///     Optional stop position. Default: end of the bytearray.
    #[pymethod(name = "endswith", sig = "($self, suffix, start=None, end=None, /)")]
    fn m_endswith(&self, suffix: &PyObject, start: Option<&PyObject>, end: Option<&PyObject>) -> PyResult<bool> {
        searching::tail_match(self, suffix, start, end, From::End)
    }

    /// Return a copy where all tab characters are expanded using spaces.
    ///
    /// If tabsize is not given, a tab size of 8 characters is assumed.
    #[pymethod(name = "expandtabs", sig = "($self, /, tabsize=8)")]
    fn m_expandtabs(&self, tabsize: i32) -> PyResult<ObjRef> {
        editing::expand_tabs(self, tabsize)
    }

    /// Return the lowest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start:end].
    ///
    ///   start
    ///     Optional start position. Default: start of the bytes.
    ///   end
    ///     Optional stop position. Default: end of the bytes.
    ///
    /// Return -1 on failure.
    #[pymethod(name = "find", sig = "($self, sub, start=None, end=None, /)")]
    fn m_find(&self, sub: &PyObject, start: Option<&PyObject>, end: Option<&PyObject>) -> PyResult<isize> {
        Ok(searching::find(self, sub, start, end, From::Start)?.map_or(-1, |at| at as isize))
    }

    /// Create a bytearray object from a string of hexadecimal numbers.
    ///
    /// Spaces between two numbers are accepted.
    /// Example: bytearray.fromhex('B9 01EF') -> bytearray(b'\\xb9\\x01\\xef')
    #[pyclassmethod(name = "fromhex", sig = "($type, string, /)")]
    fn m_fromhex(cls: &PyTypeObject, string: &PyObject) -> PyResult<ObjRef> {
        let bytes = hex::from_hex(string)?;
        if core::ptr::eq(cls, PyByteArray::type_object()) {
            return PyByteArray::make_vec(bytes);
        }
        let bytes = PyBytes::try_from_vec(bytes)?;
        protocol::call::call_one(cls.as_object(), bytes.as_object())
    }

    /// Create a string of hexadecimal numbers from a bytearray object.
    ///
    ///   sep
    ///     An optional single character or byte to separate hex bytes.
    ///   bytes_per_sep
    ///     How many bytes between separators.  Positive values count from the
    ///     right, negative values count from the left.
    ///
    /// Example:
    /// >>> value = bytearray([0xb9, 0x01, 0xef])
    /// >>> value.hex()
    /// 'b901ef'
    /// >>> value.hex(':')
    /// 'b9:01:ef'
    /// >>> value.hex(':', 2)
    /// 'b9:01ef'
    /// >>> value.hex(':', -2)
    /// 'b901:ef'
    #[pymethod(name = "hex", sig = "($self, /, sep=<unrepresentable>, bytes_per_sep=1)")]
    fn m_hex(&self, sep: Option<&PyObject>, bytes_per_sep: i32) -> PyResult<Ref<PyStr>> {
        let _hold = self.hold();
        hex::to_hex(self.contents(), sep, bytes_per_sep)
    }

    /// Return the lowest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start:end].
    ///
    ///   start
    ///     Optional start position. Default: start of the bytes.
    ///   end
    ///     Optional stop position. Default: end of the bytes.
    ///
    /// Raise ValueError if the subsection is not found.
    #[pymethod(name = "index", sig = "($self, sub, start=None, end=None, /)")]
    fn m_index(&self, sub: &PyObject, start: Option<&PyObject>, end: Option<&PyObject>) -> PyResult<usize> {
        searching::index(self, sub, start, end, From::Start)
    }

    /// B.isalnum() -> bool
    ///
    /// Return True if all characters in B are alphanumeric
    /// and there is at least one character in B, False otherwise.
    #[pymethod(name = "isalnum")]
    fn m_isalnum(&self) -> bool {
        ascii::is_alnum(self.contents())
    }

    /// B.isalpha() -> bool
    ///
    /// Return True if all characters in B are alphabetic
    /// and there is at least one character in B, False otherwise.
    #[pymethod(name = "isalpha")]
    fn m_isalpha(&self) -> bool {
        ascii::is_alpha(self.contents())
    }

    /// B.isascii() -> bool
    ///
    /// Return True if B is empty or all characters in B are ASCII,
    /// False otherwise.
    #[pymethod(name = "isascii")]
    fn m_isascii(&self) -> bool {
        self.contents().is_ascii()
    }

    /// B.isdigit() -> bool
    ///
    /// Return True if all characters in B are digits
    /// and there is at least one character in B, False otherwise.
    #[pymethod(name = "isdigit")]
    fn m_isdigit(&self) -> bool {
        ascii::is_digit(self.contents())
    }

    /// B.islower() -> bool
    ///
    /// Return True if all cased characters in B are lowercase and there is
    /// at least one cased character in B, False otherwise.
    #[pymethod(name = "islower")]
    fn m_islower(&self) -> bool {
        ascii::is_lower(self.contents())
    }

    /// B.isspace() -> bool
    ///
    /// Return True if all characters in B are whitespace
    /// and there is at least one character in B, False otherwise.
    #[pymethod(name = "isspace")]
    fn m_isspace(&self) -> bool {
        ascii::is_all_space(self.contents())
    }

    /// B.istitle() -> bool
    ///
    /// Return True if B is a titlecased string and there is at least one
    /// character in B, i.e. uppercase characters may only follow uncased
    /// characters and lowercase characters only cased ones. Return False
    /// otherwise.
    #[pymethod(name = "istitle")]
    fn m_istitle(&self) -> bool {
        ascii::is_title(self.contents())
    }

    /// B.isupper() -> bool
    ///
    /// Return True if all cased characters in B are uppercase and there is
    /// at least one cased character in B, False otherwise.
    #[pymethod(name = "isupper")]
    fn m_isupper(&self) -> bool {
        ascii::is_upper(self.contents())
    }

    /// Concatenate any number of bytes/bytearray objects.
    ///
    /// The bytearray whose method is called is inserted in between each pair.
    ///
    /// The result is returned as a new bytearray object.
    #[pymethod(name = "join", sig = "($self, iterable_of_bytes, /)")]
    fn m_join(&self, iterable_of_bytes: &PyObject) -> PyResult<ObjRef> {
        editing::join(self, iterable_of_bytes)
    }

    /// Return a left-justified string of length width.
    ///
    /// Padding is done using the specified fill character.
    #[pymethod(name = "ljust", sig = "($self, width, fillchar=b' ', /)")]
    fn m_ljust(&self, width: isize, fillchar: Option<&PyObject>) -> PyResult<ObjRef> {
        editing::justify(self, width, fillchar, Pad::Right, "ljust")
    }

    /// B.lower() -> copy of B
    ///
    /// Return a copy of B with all ASCII characters converted to lowercase.
    #[pymethod(name = "lower")]
    fn m_lower(&self) -> PyResult<ObjRef> {
        ascii::lower(self)
    }

    /// Strip leading bytes contained in the argument.
    ///
    /// If the argument is omitted or None, strip leading ASCII whitespace.
    #[pymethod(name = "lstrip", sig = "($self, bytes=None, /)")]
    fn m_lstrip(&self, bytes: Option<&PyObject>) -> PyResult<ObjRef> {
        splitting::strip(self, bytes, Side::Left)
    }

    /// Return a translation table usable for the bytes or bytearray translate method.
    ///
    /// The returned table will be one where each byte in frm is mapped to the byte at
    /// the same position in to.
    ///
    /// The bytes objects frm and to must be of the same length.
    #[pystaticmethod(name = "maketrans", sig = "(frm, to, /)")]
    fn m_maketrans(frm: &PyObject, to: &PyObject) -> PyResult<ObjRef> {
        editing::maketrans(frm, to)
    }

    /// Partition the bytearray into three parts using the given separator.
    ///
    /// This will search for the separator sep in the bytearray. If the separator is
    /// found, returns a 3-tuple containing the part before the separator, the
    /// separator itself, and the part after it as new bytearray objects.
    ///
    /// If the separator is not found, returns a 3-tuple containing the copy of the
    /// original bytearray object and two empty bytearray objects.
    #[pymethod(name = "partition", sig = "($self, sep, /)")]
    fn m_partition(&self, sep: &PyObject) -> PyResult<Ref<PyTuple>> {
        splitting::partition(self, sep, false)
    }

    /// Return a copy with all occurrences of substring old replaced by new.
    ///
    ///   count
    ///     Maximum number of occurrences to replace.
    ///     -1 (the default value) means replace all occurrences.
    ///
    /// If the optional argument count is given, only the first count occurrences are
    /// replaced.
    #[pymethod(name = "replace", sig = "($self, old, new, count=-1, /)")]
    fn m_replace(&self, old: &PyObject, new: &PyObject, count: isize) -> PyResult<ObjRef> {
        editing::replace(self, old, new, count)
    }

    /// Return a bytearray with the given prefix string removed if present.
    ///
    /// If the bytearray starts with the prefix string, return
    /// bytearray[len(prefix):].  Otherwise, return a copy of the original
    /// bytearray.
    #[pymethod(name = "removeprefix", sig = "($self, prefix, /)")]
    fn m_removeprefix(&self, prefix: &PyObject) -> PyResult<ObjRef> {
        editing::remove_affix(self, prefix, false)
    }

    /// Return a bytearray with the given suffix string removed if present.
    ///
    /// If the bytearray ends with the suffix string and that suffix is not
    /// empty, return bytearray[:-len(suffix)].  Otherwise, return a copy of
    /// the original bytearray.
    #[pymethod(name = "removesuffix", sig = "($self, suffix, /)")]
    fn m_removesuffix(&self, suffix: &PyObject) -> PyResult<ObjRef> {
        editing::remove_affix(self, suffix, true)
    }

    /// Return the highest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start:end].
    ///
    ///   start
    ///     Optional start position. Default: start of the bytes.
    ///   end
    ///     Optional stop position. Default: end of the bytes.
    ///
    /// Return -1 on failure.
    #[pymethod(name = "rfind", sig = "($self, sub, start=None, end=None, /)")]
    fn m_rfind(&self, sub: &PyObject, start: Option<&PyObject>, end: Option<&PyObject>) -> PyResult<isize> {
        Ok(searching::find(self, sub, start, end, From::End)?.map_or(-1, |at| at as isize))
    }

    /// Return the highest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start:end].
    ///
    ///   start
    ///     Optional start position. Default: start of the bytes.
    ///   end
    ///     Optional stop position. Default: end of the bytes.
    ///
    /// Raise ValueError if the subsection is not found.
    #[pymethod(name = "rindex", sig = "($self, sub, start=None, end=None, /)")]
    fn m_rindex(&self, sub: &PyObject, start: Option<&PyObject>, end: Option<&PyObject>) -> PyResult<usize> {
        searching::index(self, sub, start, end, From::End)
    }

    /// Return a right-justified string of length width.
    ///
    /// Padding is done using the specified fill character.
    #[pymethod(name = "rjust", sig = "($self, width, fillchar=b' ', /)")]
    fn m_rjust(&self, width: isize, fillchar: Option<&PyObject>) -> PyResult<ObjRef> {
        editing::justify(self, width, fillchar, Pad::Left, "rjust")
    }

    /// Partition the bytearray into three parts using the given separator.
    ///
    /// This will search for the separator sep in the bytearray, starting at the end.
    /// If the separator is found, returns a 3-tuple containing the part before the
    /// separator, the separator itself, and the part after it as new bytearray
    /// objects.
    ///
    /// If the separator is not found, returns a 3-tuple containing two empty bytearray
    /// objects and the copy of the original bytearray object.
    #[pymethod(name = "rpartition", sig = "($self, sep, /)")]
    fn m_rpartition(&self, sep: &PyObject) -> PyResult<Ref<PyTuple>> {
        splitting::partition(self, sep, true)
    }

    /// Return a list of the sections in the bytearray, using sep as the delimiter.
    ///
    ///   sep
    ///     The delimiter according which to split the bytearray.
    ///     None (the default value) means split on ASCII whitespace characters
    ///     (space, tab, return, newline, formfeed, vertical tab).
    ///   maxsplit
    ///     Maximum number of splits to do.
    ///     -1 (the default value) means no limit.
    ///
    /// Splitting is done starting at the end of the bytearray and working to the front.
    #[pymethod(name = "rsplit", sig = "($self, /, sep=None, maxsplit=-1)")]
    fn m_rsplit(&self, sep: Option<&PyObject>, maxsplit: isize) -> PyResult<Ref<PyList>> {
        splitting::split(self, sep, maxsplit, true)
    }

    /// Strip trailing bytes contained in the argument.
    ///
    /// If the argument is omitted or None, strip trailing ASCII whitespace.
    #[pymethod(name = "rstrip", sig = "($self, bytes=None, /)")]
    fn m_rstrip(&self, bytes: Option<&PyObject>) -> PyResult<ObjRef> {
        splitting::strip(self, bytes, Side::Right)
    }

    /// Return a list of the sections in the bytearray, using sep as the delimiter.
    ///
    ///   sep
    ///     The delimiter according which to split the bytearray.
    ///     None (the default value) means split on ASCII whitespace characters
    ///     (space, tab, return, newline, formfeed, vertical tab).
    ///   maxsplit
    ///     Maximum number of splits to do.
    ///     -1 (the default value) means no limit.
    #[pymethod(name = "split", sig = "($self, /, sep=None, maxsplit=-1)")]
    fn m_split(&self, sep: Option<&PyObject>, maxsplit: isize) -> PyResult<Ref<PyList>> {
        splitting::split(self, sep, maxsplit, false)
    }

    /// Return a list of the lines in the bytearray, breaking at line boundaries.
    ///
    /// Line breaks are not included in the resulting list unless keepends is given and
    /// true.
    #[pymethod(name = "splitlines", sig = "($self, /, keepends=False)")]
    fn m_splitlines(&self, keepends: bool) -> PyResult<Ref<PyList>> {
        splitting::lines(self, keepends)
    }

    /// Return True if the bytearray starts with the specified prefix, False otherwise.
    ///
    ///   prefix
    ///     A bytes or a tuple of bytes to try.
    ///   start
    ///     Optional start position. Default: start of the bytearray.
    ///   end
    ///     Optional stop position. Default: end of the bytearray.
    #[pymethod(name = "startswith", sig = "($self, prefix, start=None, end=None, /)")]
    fn m_startswith(&self, prefix: &PyObject, start: Option<&PyObject>, end: Option<&PyObject>) -> PyResult<bool> {
        searching::tail_match(self, prefix, start, end, From::Start)
    }

    /// Strip leading and trailing bytes contained in the argument.
    ///
    /// If the argument is omitted or None, strip leading and trailing ASCII whitespace.
    #[pymethod(name = "strip", sig = "($self, bytes=None, /)")]
    fn m_strip(&self, bytes: Option<&PyObject>) -> PyResult<ObjRef> {
        splitting::strip(self, bytes, Side::Both)
    }

    /// B.swapcase() -> copy of B
    ///
    /// Return a copy of B with uppercase ASCII characters converted
    /// to lowercase ASCII and vice versa.
    #[pymethod(name = "swapcase")]
    fn m_swapcase(&self) -> PyResult<ObjRef> {
        ascii::swapcase(self)
    }

    /// B.title() -> copy of B
    ///
    /// Return a titlecased version of B, i.e. ASCII words start with uppercase
    /// characters, all remaining cased characters have lowercase.
    #[pymethod(name = "title")]
    fn m_title(&self) -> PyResult<ObjRef> {
        ascii::title(self)
    }

    /// Return a copy with each character mapped by the given translation table.
    ///
    ///   table
    ///     Translation table, which must be a bytes object of length 256.
    ///
    /// All characters occurring in the optional argument delete are removed.
    /// The remaining characters are mapped through the given translation table.
    #[pymethod(name = "translate", sig = "($self, table, /, delete=b'')")]
    fn m_translate(&self, table: &PyObject, delete: Option<&PyObject>) -> PyResult<ObjRef> {
        editing::translate(self, table, delete)
    }

    /// B.upper() -> copy of B
    ///
    /// Return a copy of B with all ASCII characters converted to uppercase.
    #[pymethod(name = "upper")]
    fn m_upper(&self) -> PyResult<ObjRef> {
        ascii::upper(self)
    }

    /// Pad a numeric string with zeros on the left, to fill a field of the given width.
    ///
    /// The original string is never truncated.
    #[pymethod(name = "zfill", sig = "($self, width, /)")]
    fn m_zfill(&self, width: isize) -> PyResult<ObjRef> {
        editing::zfill(self, width)
    }
}

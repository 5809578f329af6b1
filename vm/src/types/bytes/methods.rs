//! The binding of `bytes`: slots and methods with CPython's signatures, documentation and messages.

use core::ffi::c_int;

use rpy_derive::pymethods;

use super::{PyBytes, PyBytesIterator};
use crate::object::{CompareOp, ObjRef, PyBufferView, PyObject, PyStruct, PyTypeObject, Ref};
use crate::protocol::{self, buffer, number};
use crate::runtime::codecs;
use crate::types::bytes_common::editing::{self, Pad};
use crate::types::bytes_common::searching::{self, From};
use crate::types::bytes_common::{ByteString, ascii, bytes_of, construct, hex, percent, splitting};
use crate::types::list::PyList;
use crate::types::list::indices::{adjust_indices, resolve_slice, subscript_index};
use crate::types::slice::PySlice;
use crate::types::str::PyStr;
use crate::types::str::split::Side;
use crate::types::tuple::PyTuple;
use crate::{PyClass, PyResult, exc};

impl PyBytes {
    /// The object that `bytes(source, encoding, errors)` gives.
    fn construct(source: Option<&PyObject>, encoding: Option<&str>, errors: Option<&str>) -> PyResult<Ref<PyBytes>> {
        if let Some(source) = source
            && encoding.is_none()
            && errors.is_none()
            && !PyStr::check_exact(source)
        {
            if let Some(bytes) = source.downcast_exact::<PyBytes>() {
                return Ok(bytes.to_ref());
            }
            if let Some(object) = construct::special_bytes(source)?
                && let Ok(bytes) = object.downcast::<PyBytes>()
            {
                return Ok(bytes);
            }
        }
        construct::check_text_arguments(source, encoding, errors)?;
        let Some(source) = source else {
            return Ok(PyBytes::empty());
        };
        if let Some(text) = source.downcast_ref::<PyStr>() {
            let encoded = codecs::encode_str(text, encoding, errors)?;
            return encoded.downcast::<PyBytes>().map_err(|_| exc::type_error("encoder did not return a bytes object"));
        }
        if let Some(count) = construct::count(source)? {
            if count <= 1 {
                return PyBytes::try_new(&[0][..count]);
            }
            let bytes = PyBytes::alloc(count)?;
            // SAFETY: fresh, of that length.
            unsafe { core::ptr::write_bytes(bytes.data_ptr(), 0, count) };
            return Ok(bytes);
        }
        PyBytes::from_object(source)
    }

    /// `PyBytes_FromObject`: from a buffer or an iterable of integers.
    ///
    /// # Errors
    /// `TypeError`, `ValueError`, `MemoryError`, and what iteration raises.
    pub fn from_object(source: &PyObject) -> PyResult<Ref<PyBytes>> {
        if let Some(bytes) = source.downcast_exact::<PyBytes>() {
            return Ok(bytes.to_ref());
        }
        PyBytes::try_from_vec(construct::from_buffer_or_iterable(source, "bytes", "bytes must be in range(0, 256)")?)
    }

    /// `self[key]`.
    ///
    /// # Errors
    /// `IndexError`, `TypeError`, `MemoryError`.
    pub fn subscript(&self, key: &PyObject) -> PyResult<ObjRef> {
        if number::is_index(key) {
            return self.item_at(subscript_index(key)?, true);
        }
        let Some(slice) = key.downcast_exact::<PySlice>() else {
            return Err(exc::type_error(format!("byte indices must be integers or slices, not {}", key.ty().name())));
        };
        let (start, _, step, count) = resolve_slice(slice, || self.len())?;
        match (count, step) {
            (0, _) => Ok(PyBytes::empty().into_obj()),
            (_, 1) => self.part(start as usize, count),
            _ => PyBytes::make_vec(editing::slice_bytes(self.as_bytes(), start, step, count)),
        }
    }

    /// `self[start:stop]`.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn range(&self, start: isize, stop: isize) -> PyResult<ObjRef> {
        match adjust_indices(self.len(), start, stop, 1) {
            (_, _, 0) => Ok(PyBytes::empty().into_obj()),
            (start, _, count) => self.part(start as usize, count),
        }
    }

    /// So many bytes, one at least, from one on.
    fn part(&self, start: usize, count: usize) -> PyResult<ObjRef> {
        if count == self.len() { self.unchanged() } else { PyBytes::make(&self.as_bytes()[start..start + count]) }
    }

    fn item_at(&self, index: isize, wrap: bool) -> PyResult<ObjRef> {
        let at = if index < 0 && wrap { index + self.len() as isize } else { index };
        match usize::try_from(at).ok().and_then(|at| self.as_bytes().get(at)) {
            Some(&byte) => Ok(crate::types::int::PyInt::from_i64(byte as i64).into_obj()),
            None => Err(exc::index_error("index out of range")),
        }
    }
}

#[pymethods]
impl PyBytes {
    #[pynew(sig = "(source=b'', encoding='utf-8', errors='strict')", vectorcall)]
    fn py_new(
        cls: &PyTypeObject,
        source: Option<&PyObject>,
        encoding: Option<&str>,
        errors: Option<&str>,
    ) -> PyResult<ObjRef> {
        let bytes = PyBytes::construct(source, encoding, errors)?;
        if core::ptr::eq(cls, PyBytes::type_object()) {
            Ok(bytes.into_obj())
        } else {
            Ok(PyBytes::new_subclass(cls, bytes.as_bytes())?.into_obj())
        }
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        self.quoted()
    }

    #[slot]
    fn tp_str(&self) -> PyResult<Ref<PyStr>> {
        if crate::types::bytes_common::bytes_warning() {
            crate::runtime::warnings::warn(exc::BytesWarning(), "str() on a bytes instance", 1)?;
        }
        self.quoted()
    }

    #[slot]
    fn tp_hash(&self) -> isize {
        self.hash()
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult<ObjRef> {
        let Some(other) = other.downcast_ref::<PyBytes>() else {
            if crate::types::bytes_common::bytes_warning() && matches!(op, CompareOp::Eq | CompareOp::Ne) {
                crate::types::bytes_common::warn_comparison(other, "bytes", true)?;
            }
            return Ok(crate::not_implemented());
        };
        let (a, b) = (self.as_bytes(), other.as_bytes());
        let result = match op {
            CompareOp::Eq => core::ptr::eq(self, other) || a == b,
            CompareOp::Ne => !core::ptr::eq(self, other) && a != b,
            _ => op.matches(a.cmp(b)),
        };
        Ok(crate::py_bool(result))
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        PyBytesIterator::new(self).into_obj()
    }

    #[slot]
    fn nb_remainder(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        match a.downcast_ref::<PyBytes>() {
            Some(format) => PyBytes::make_vec(percent::format(format.as_bytes(), b)?),
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
        if self.is_empty() && PyBytes::check_exact(other) {
            return Ok(other.new_ref());
        }
        if bytes.is_empty() && PyBytes::check_exact(self.as_object()) {
            return Ok(self.to_obj());
        }
        let len = self.len().checked_add(bytes.len()).ok_or_else(exc::memory_error)?;
        if len <= 1 {
            return PyBytes::make(if self.is_empty() { &bytes } else { self.as_bytes() });
        }
        let result = PyBytes::alloc(len)?;
        // SAFETY: fresh, and as long as both parts.
        unsafe {
            core::ptr::copy_nonoverlapping(self.data_ptr(), result.data_ptr(), self.len());
            core::ptr::copy_nonoverlapping(bytes.as_ptr(), result.data_ptr().add(self.len()), bytes.len());
        }
        Ok(result.into_obj())
    }

    #[slot]
    fn sq_repeat(&self, count: isize) -> PyResult<ObjRef> {
        let count = usize::try_from(count).unwrap_or(0);
        let len = self.len().checked_mul(count).filter(|&len| len <= isize::MAX as usize - size_of::<PyBytes>());
        let len = len.ok_or_else(|| exc::overflow_error("repeated bytes are too long"))?;
        if len == self.len() {
            return self.unchanged();
        }
        let result = PyBytes::alloc(len)?;
        // SAFETY: fresh, of that length, which is `count` times this one's.
        unsafe {
            if let &[byte] = self.as_bytes() {
                result.data_ptr().write_bytes(byte, len);
            } else {
                for i in 0..count {
                    let at = result.data_ptr().add(i * self.len());
                    core::ptr::copy_nonoverlapping(self.data_ptr(), at, self.len());
                }
            }
        }
        Ok(result.into_obj())
    }

    #[slot]
    fn sq_item(&self, index: isize) -> PyResult<ObjRef> {
        self.item_at(index, false)
    }

    #[slot]
    fn sq_contains(&self, item: &PyObject) -> PyResult<bool> {
        searching::contains(self, item)
    }

    #[slot]
    fn mp_subscript(&self, key: &PyObject) -> PyResult<ObjRef> {
        self.subscript(key)
    }

    #[slot]
    unsafe fn bf_getbuffer(object: *mut PyObject, view: *mut PyBufferView, flags: c_int) -> c_int {
        // SAFETY: the slot's contract; contents never move.
        unsafe {
            let this = &*(object as *const PyBytes);
            let filled = buffer::fill_info(view, Some(this.as_object()), this.data_ptr(), this.len(), true, flags);
            buffer::finish_getbuffer(view, filled)
        }
    }

    #[pymethod(name = "__getnewargs__")]
    fn m_getnewargs(&self) -> PyResult<Ref<PyTuple>> {
        Ok(PyTuple::from_array([PyBytes::make(self.as_bytes())?]))
    }

    /// Convert this value to exact type bytes.
    #[pymethod(name = "__bytes__")]
    fn m_bytes(&self) -> PyResult<ObjRef> {
        self.unchanged()
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

    /// Decode the bytes using the codec registered for encoding.
    ///
    ///   encoding
    ///     The encoding with which to decode the bytes.
    ///   errors
    ///     The error handling scheme to use for the handling of decoding errors.
    ///     The default is 'strict' meaning that decoding errors raise a
    ///     UnicodeDecodeError. Other possible values are 'ignore' and 'replace'
    ///     as well as any other name registered with codecs.register_error that
    ///     can handle UnicodeDecodeErrors.
    #[pymethod(name = "decode", sig = "($self, /, encoding='utf-8', errors='strict')")]
    fn m_decode(&self, encoding: Option<&PyStr>, errors: Option<&PyStr>) -> PyResult<Ref<PyStr>> {
        codecs::decode_bytes(self.contents(), codecs::name_arg(encoding)?, codecs::name_arg(errors)?)
    }

    /// Return True if the bytes ends with the specified suffix, False otherwise.
    ///
    ///   suffix
    ///     A bytes or a tuple of bytes to try.
    ///   start
    ///     Optional start position. Default: start of the bytes.
    ///   end
    ///     Optional stop position. Default: end of the bytes.
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

    /// Return the lowest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
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

    /// Create a bytes object from a string of hexadecimal numbers.
    ///
    /// Spaces between two numbers are accepted.
    /// Example: bytes.fromhex('B9 01EF') -> b'\\xb9\\x01\\xef'.
    #[pyclassmethod(name = "fromhex", sig = "($type, string, /)")]
    fn m_fromhex(cls: &PyTypeObject, string: &PyObject) -> PyResult<ObjRef> {
        let bytes = hex::from_hex(string)?;
        if core::ptr::eq(cls, PyBytes::type_object()) {
            return PyBytes::make_vec(bytes);
        }
        let bytes = PyBytes::try_from_vec(bytes)?;
        protocol::call::call_one(cls.as_object(), bytes.as_object())
    }

    /// Create a string of hexadecimal numbers from a bytes object.
    ///
    ///   sep
    ///     An optional single character or byte to separate hex bytes.
    ///   bytes_per_sep
    ///     How many bytes between separators.  Positive values count from the
    ///     right, negative values count from the left.
    ///
    /// Example:
    /// >>> value = b'\xb9\x01\xef'
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
        hex::to_hex(self.contents(), sep, bytes_per_sep)
    }

    /// Return the lowest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
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

    /// Concatenate any number of bytes objects.
    ///
    /// The bytes whose method is called is inserted in between each pair.
    ///
    /// The result is returned as a new bytes object.
    ///
    /// Example: b'.'.join([b'ab', b'pq', b'rs']) -> b'ab.pq.rs'.
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
    /// If the argument is omitted or None, strip leading  ASCII whitespace.
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

    /// Partition the bytes into three parts using the given separator.
    ///
    /// This will search for the separator sep in the bytes. If the separator is found,
    /// returns a 3-tuple containing the part before the separator, the separator
    /// itself, and the part after it.
    ///
    /// If the separator is not found, returns a 3-tuple containing the original bytes
    /// object and two empty bytes objects.
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

    /// Return a bytes object with the given prefix string removed if present.
    ///
    /// If the bytes starts with the prefix string, return bytes[len(prefix):].
    /// Otherwise, return a copy of the original bytes.
    #[pymethod(name = "removeprefix", sig = "($self, prefix, /)")]
    fn m_removeprefix(&self, prefix: &PyObject) -> PyResult<ObjRef> {
        editing::remove_affix(self, prefix, false)
    }

    /// Return a bytes object with the given suffix string removed if present.
    ///
    /// If the bytes ends with the suffix string and that suffix is not empty,
    /// return bytes[:-len(prefix)].  Otherwise, return a copy of the original
    /// bytes.
    #[pymethod(name = "removesuffix", sig = "($self, suffix, /)")]
    fn m_removesuffix(&self, suffix: &PyObject) -> PyResult<ObjRef> {
        editing::remove_affix(self, suffix, true)
    }

    /// Return the highest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
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

    /// Return the highest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].
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

    /// Partition the bytes into three parts using the given separator.
    ///
    /// This will search for the separator sep in the bytes, starting at the end. If
    /// the separator is found, returns a 3-tuple containing the part before the
    /// separator, the separator itself, and the part after it.
    ///
    /// If the separator is not found, returns a 3-tuple containing two empty bytes
    /// objects and the original bytes object.
    #[pymethod(name = "rpartition", sig = "($self, sep, /)")]
    fn m_rpartition(&self, sep: &PyObject) -> PyResult<Ref<PyTuple>> {
        splitting::partition(self, sep, true)
    }

    /// Return a list of the sections in the bytes, using sep as the delimiter.
    ///
    ///   sep
    ///     The delimiter according which to split the bytes.
    ///     None (the default value) means split on ASCII whitespace characters
    ///     (space, tab, return, newline, formfeed, vertical tab).
    ///   maxsplit
    ///     Maximum number of splits to do.
    ///     -1 (the default value) means no limit.
    ///
    /// Splitting is done starting at the end of the bytes and working to the front.
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

    /// Return a list of the sections in the bytes, using sep as the delimiter.
    ///
    ///   sep
    ///     The delimiter according which to split the bytes.
    ///     None (the default value) means split on ASCII whitespace characters
    ///     (space, tab, return, newline, formfeed, vertical tab).
    ///   maxsplit
    ///     Maximum number of splits to do.
    ///     -1 (the default value) means no limit.
    #[pymethod(name = "split", sig = "($self, /, sep=None, maxsplit=-1)")]
    fn m_split(&self, sep: Option<&PyObject>, maxsplit: isize) -> PyResult<Ref<PyList>> {
        splitting::split(self, sep, maxsplit, false)
    }

    /// Return a list of the lines in the bytes, breaking at line boundaries.
    ///
    /// Line breaks are not included in the resulting list unless keepends is given and
    /// true.
    #[pymethod(name = "splitlines", sig = "($self, /, keepends=False)")]
    fn m_splitlines(&self, keepends: bool) -> PyResult<Ref<PyList>> {
        splitting::lines(self, keepends)
    }

    /// Return True if the bytes starts with the specified prefix, False otherwise.
    ///
    ///   prefix
    ///     A bytes or a tuple of bytes to try.
    ///   start
    ///     Optional start position. Default: start of the bytes.
    ///   end
    ///     Optional stop position. Default: end of the bytes.
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

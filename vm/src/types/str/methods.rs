//! The binding of `str`: slots and methods with CPython's signatures, documentation and messages.

use rpy_derive::pymethods;

use super::data::for_data;
use super::split::Side;
use super::{CharUnit, PyStr, PyUnicode_Type, StrData, compare, format_method, iter, percent, search};
use crate::args::KwArgs;
use crate::object::{CompareOp, ObjRef, PyObject, PyStruct, PyTypeObject, Ref};
use crate::protocol::{self, number};
use crate::runtime::codecs;
use crate::types::bytes_common::args::{clamp_range, raw_range};
use crate::types::dict::PyDict;
use crate::types::list::PyList;
use crate::types::list::indices::{adjust_indices, resolve_slice, subscript_index};
use crate::types::slice::PySlice;
use crate::types::tuple::PyTuple;
use crate::{PyClass, PyResult, exc};

/// The fill character of `center` and its like.
fn fill_char(fill: Option<&PyObject>) -> PyResult<u32> {
    let Some(fill) = fill else {
        return Ok(b' ' as u32);
    };
    let Some(text) = fill.downcast_ref::<PyStr>() else {
        return Err(exc::type_error(format!(
            "The fill character must be a unicode character, not {}",
            fill.ty().name()
        )));
    };
    if text.len() != 1 {
        return Err(exc::type_error("The fill character must be exactly one character long"));
    }
    Ok(text.char_at(0))
}

/// A required string argument of a method that complains as `must be str, not int`.
fn must_be_str(object: &PyObject) -> PyResult<&PyStr> {
    object.downcast_ref::<PyStr>().ok_or_else(|| exc::type_error(format!("must be str, not {}", object.ty().name())))
}

/// The separator of `split`.
fn separator(object: Option<&PyObject>) -> PyResult<Option<&PyStr>> {
    match object {
        None => Ok(None),
        Some(object) => match object.downcast_ref::<PyStr>() {
            Some(text) => Ok(Some(text)),
            None => Err(exc::type_error(format!("must be str or None, not {}", object.ty().name()))),
        },
    }
}

/// The characters of `strip`.
fn strip_chars<'a>(object: Option<&'a PyObject>, method: &str) -> PyResult<Option<&'a PyStr>> {
    match object {
        None => Ok(None),
        Some(object) => match object.downcast_ref::<PyStr>() {
            Some(text) => Ok(Some(text)),
            None => Err(exc::type_error(format!("{method} arg must be None or str"))),
        },
    }
}

impl PyStr {
    /// Position of `sub` between two bounds.
    fn find_between(
        &self,
        sub: &PyStr,
        start: Option<&PyObject>,
        end: Option<&PyObject>,
        find: impl Fn(StrData<'_>, StrData<'_>) -> Option<usize>,
    ) -> PyResult<Option<usize>> {
        let (start, end) = raw_range(start, end)?;
        Ok(clamp_range(self.len(), start, end)
            .and_then(|(start, end)| find(self.data().slice(start, end), sub.data()).map(|at| at + start)))
    }

    /// `startswith` and `endswith`.
    fn tail_match(
        &self,
        affix: &PyObject,
        start: Option<&PyObject>,
        end: Option<&PyObject>,
        at_end: bool,
    ) -> PyResult<bool> {
        let (start, end) = raw_range(start, end)?;
        let range = clamp_range(self.len(), start, end);
        let matches = |affix: &PyStr| {
            range.is_some_and(|(start, end)| {
                let part = self.data().slice(start, end);
                affix.len() <= part.len()
                    && search::matches_at(part, if at_end { part.len() - affix.len() } else { 0 }, affix.data())
            })
        };
        let name = if at_end { "endswith" } else { "startswith" };
        if let Some(affixes) = affix.downcast_ref::<PyTuple>() {
            for item in affixes.items() {
                let Some(item) = item.downcast_ref::<PyStr>() else {
                    return Err(exc::type_error(format!(
                        "tuple for {name} must only contain str, not {}",
                        item.ty().name()
                    )));
                };
                if matches(item) {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        match affix.downcast_ref::<PyStr>() {
            Some(affix) => Ok(matches(affix)),
            None => Err(exc::type_error(format!(
                "{name} first arg must be str or a tuple of str, not {}",
                affix.ty().name()
            ))),
        }
    }

    /// `self[key]`.
    pub fn subscript(&self, key: &PyObject) -> PyResult<Ref<PyStr>> {
        if number::is_index(key) {
            return self.item_at(subscript_index(key)?, true);
        }
        if let Some(slice) = key.downcast_exact::<PySlice>() {
            let (start, _, step, count) = resolve_slice(slice, || self.len())?;
            return match (count, step) {
                (0, _) => Ok(PyStr::empty()),
                (_, 1) => self.try_substring(start as usize, start as usize + count),
                _ => self.extended_slice(start, step, count),
            };
        }
        Err(exc::type_error(format!("string indices must be integers, not '{}'", key.ty().name())))
    }

    /// `self[start:stop]`.
    pub fn range(&self, start: isize, stop: isize) -> PyResult<Ref<PyStr>> {
        match adjust_indices(self.len(), start, stop, 1) {
            (_, _, 0) => Ok(PyStr::empty()),
            (start, _, count) => self.try_substring(start as usize, start as usize + count),
        }
    }

    /// The character at an index.
    #[inline]
    fn item_at(&self, index: isize, wrap: bool) -> PyResult<Ref<PyStr>> {
        let len = self.len() as isize;
        let at = if index < 0 && wrap { index + len } else { index };
        if at < 0 || at >= len {
            return Err(exc::index_error("string index out of range"));
        }
        Ok(self.item(at as usize))
    }

    /// `str(object)` of an exact type or subclass.
    fn construct(cls: &PyTypeObject, text: Ref<PyStr>) -> PyResult<ObjRef> {
        if core::ptr::eq(cls, &PyUnicode_Type) {
            Ok(text.into_obj())
        } else {
            Ok(PyStr::new_subclass(cls, &text)?.into_obj())
        }
    }
}

#[pymethods]
impl PyStr {
    #[pynew(sig = "(object='', encoding='utf-8', errors='strict')")]
    fn py_new(
        cls: &PyTypeObject,
        object: Option<&PyObject>,
        encoding: Option<&str>,
        errors: Option<&str>,
    ) -> PyResult<ObjRef> {
        let text = match object {
            None => PyStr::empty(),
            Some(object) if encoding.is_none() && errors.is_none() => protocol::object::str(object)?,
            Some(object) => codecs::decode_object(object, encoding, errors)?,
        };
        PyStr::construct(cls, text)
    }

    /// `str(...)`: without keywords the arguments are taken from the vector.
    #[slot]
    unsafe fn tp_vectorcall(
        cls: *mut PyObject,
        args: *const *mut PyObject,
        nargsf: usize,
        kwnames: *mut PyObject,
    ) -> *mut PyObject {
        let nargs = nargsf & !(1 << (usize::BITS - 1));
        // SAFETY: the slot's contract.
        let (cls, kwnames, all) = unsafe {
            let kwnames = kwnames.as_ref().and_then(|names| names.downcast_ref::<PyTuple>());
            let count = nargs + kwnames.map_or(0, PyTuple::len);
            (&*(cls as *const PyTypeObject), kwnames, crate::args::vector(args, count))
        };
        match vector_new(cls, &all[..nargs], &all[nargs..], kwnames) {
            Ok(object) => object.into_raw(),
            Err(err) => err.restore_null(),
        }
    }

    #[slot]
    unsafe fn tp_dealloc(object: *mut PyObject) {
        // SAFETY: the slot's contract.
        unsafe { super::layout::dealloc(object) }
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        self.quoted()
    }

    #[slot]
    fn tp_str(&self) -> PyResult<Ref<PyStr>> {
        self.to_exact()
    }

    #[slot]
    fn tp_hash(&self) -> isize {
        self.hash()
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult<ObjRef> {
        let Some(other) = other.downcast_ref::<PyStr>() else {
            return Ok(crate::not_implemented());
        };
        let result = match op {
            CompareOp::Eq => compare::str_eq(self, other),
            CompareOp::Ne => !compare::str_eq(self, other),
            _ => op.matches(compare::str_cmp(self, other)),
        };
        Ok(crate::py_bool(result))
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        iter::new_iterator(self)
    }

    #[slot]
    fn nb_remainder(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        match a.downcast_ref::<PyStr>() {
            Some(format) => Ok(percent::format(format, b)?.into_obj()),
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
    fn sq_concat(&self, other: &PyObject) -> PyResult<Ref<PyStr>> {
        match other.downcast_ref::<PyStr>() {
            Some(other) => PyStr::concat(self, other),
            None => {
                Err(exc::type_error(format!("can only concatenate str (not \"{}\") to str", other.ty().full_name())))
            }
        }
    }

    #[slot]
    fn sq_repeat(&self, count: isize) -> PyResult<Ref<PyStr>> {
        self.repeat(count)
    }

    #[slot]
    fn sq_item(&self, index: isize) -> PyResult<Ref<PyStr>> {
        self.item_at(index, false)
    }

    #[slot]
    fn sq_contains(&self, item: &PyObject) -> PyResult<bool> {
        match item.downcast_ref::<PyStr>() {
            Some(item) => Ok(self.contains_str(item)),
            None => {
                Err(exc::type_error(format!("'in <string>' requires string as left operand, not {}", item.ty().name())))
            }
        }
    }

    #[slot]
    fn mp_subscript(&self, key: &PyObject) -> PyResult<Ref<PyStr>> {
        self.subscript(key)
    }

    /// Encode the string using the codec registered for encoding.
    ///
    ///   encoding
    ///     The encoding in which to encode the string.
    ///   errors
    ///     The error handling scheme to use for encoding errors.
    ///     The default is 'strict' meaning that encoding errors raise a
    ///     UnicodeEncodeError.  Other possible values are 'ignore', 'replace' and
    ///     'xmlcharrefreplace' as well as any other name registered with
    ///     codecs.register_error that can handle UnicodeEncodeErrors.
    #[pymethod(name = "encode", sig = "($self, /, encoding='utf-8', errors='strict')")]
    fn m_encode(&self, encoding: Option<&PyStr>, errors: Option<&PyStr>) -> PyResult<ObjRef> {
        codecs::encode_str(self, codecs::name_arg(encoding)?, codecs::name_arg(errors)?)
    }

    /// Return a copy with all occurrences of substring old replaced by new.
    ///
    ///   count
    ///     Maximum number of occurrences to replace.
    ///     -1 (the default value) means replace all occurrences.
    ///
    /// If the optional argument count is given, only the first count occurrences are
    /// replaced.
    #[pymethod(name = "replace", sig = "($self, old, new, /, count=-1)")]
    fn m_replace(&self, old: &PyStr, new: &PyStr, count: isize) -> PyResult<Ref<PyStr>> {
        self.replace(old, new, count)
    }

    /// Return a list of the substrings in the string, using sep as the separator string.
    ///
    ///   sep
    ///     The separator used to split the string.
    ///
    ///     When set to None (the default value), will split on any whitespace
    ///     character (including \n \r \t \f and spaces) and will discard
    ///     empty strings from the result.
    ///   maxsplit
    ///     Maximum number of splits.
    ///     -1 (the default value) means no limit.
    ///
    /// Splitting starts at the front of the string and works to the end.
    ///
    /// Note, str.split() is mainly useful for data that has been intentionally
    /// delimited.  With natural text that includes punctuation, consider using
    /// the regular expression module.
    #[pymethod(name = "split", sig = "($self, /, sep=None, maxsplit=-1)")]
    fn m_split(&self, sep: Option<&PyObject>, maxsplit: isize) -> PyResult<Ref<PyList>> {
        PyList::try_new(self.split(separator(sep)?, maxsplit)?)
    }

    /// Return a list of the substrings in the string, using sep as the separator string.
    ///
    ///   sep
    ///     The separator used to split the string.
    ///
    ///     When set to None (the default value), will split on any whitespace
    ///     character (including \n \r \t \f and spaces) and will discard
    ///     empty strings from the result.
    ///   maxsplit
    ///     Maximum number of splits.
    ///     -1 (the default value) means no limit.
    ///
    /// Splitting starts at the end of the string and works to the front.
    #[pymethod(name = "rsplit", sig = "($self, /, sep=None, maxsplit=-1)")]
    fn m_rsplit(&self, sep: Option<&PyObject>, maxsplit: isize) -> PyResult<Ref<PyList>> {
        PyList::try_new(self.rsplit(separator(sep)?, maxsplit)?)
    }

    /// Concatenate any number of strings.
    ///
    /// The string whose method is called is inserted in between each given string.
    /// The result is returned as a new string.
    ///
    /// Example: '.'.join(['ab', 'pq', 'rs']) -> 'ab.pq.rs'
    #[pymethod(name = "join", sig = "($self, iterable, /)")]
    fn m_join(&self, iterable: &PyObject) -> PyResult<Ref<PyStr>> {
        self.join(iterable)
    }

    /// Return a capitalized version of the string.
    ///
    /// More specifically, make the first character have upper case and the rest lower
    /// case.
    #[pymethod(name = "capitalize")]
    fn m_capitalize(&self) -> PyResult<Ref<PyStr>> {
        self.capitalize()
    }

    /// Return a version of the string suitable for caseless comparisons.
    #[pymethod(name = "casefold")]
    fn m_casefold(&self) -> PyResult<Ref<PyStr>> {
        self.casefold()
    }

    /// Return a version of the string where each word is titlecased.
    ///
    /// More specifically, words start with uppercased characters and all remaining
    /// cased characters have lower case.
    #[pymethod(name = "title")]
    fn m_title(&self) -> PyResult<Ref<PyStr>> {
        self.title()
    }

    /// Return a centered string of length width.
    ///
    /// Padding is done using the specified fill character (default is a space).
    #[pymethod(name = "center", sig = "($self, width, fillchar=' ', /)")]
    fn m_center(&self, width: isize, fillchar: Option<&PyObject>) -> PyResult<Ref<PyStr>> {
        self.center(width, fill_char(fillchar)?)
    }

    /// Return the number of non-overlapping occurrences of substring sub in string S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice notation.
    #[pymethod(name = "count", sig = "($self, sub, start=None, end=None, /)")]
    fn m_count(&self, sub: &PyStr, start: Option<&PyObject>, end: Option<&PyObject>) -> PyResult<usize> {
        let (start, end) = raw_range(start, end)?;
        Ok(clamp_range(self.len(), start, end)
            .map_or(0, |(start, end)| search::count(self.data().slice(start, end), sub.data())))
    }

    /// Return a copy where all tab characters are expanded using spaces.
    ///
    /// If tabsize is not given, a tab size of 8 characters is assumed.
    #[pymethod(name = "expandtabs", sig = "($self, /, tabsize=8)")]
    fn m_expandtabs(&self, tabsize: i32) -> PyResult<Ref<PyStr>> {
        self.expand_tabs(tabsize.max(0) as usize)
    }

    /// Return the lowest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice notation.
    /// Return -1 on failure.
    #[pymethod(name = "find", sig = "($self, sub, start=None, end=None, /)")]
    fn m_find(&self, sub: &PyStr, start: Option<&PyObject>, end: Option<&PyObject>) -> PyResult<isize> {
        Ok(self.find_between(sub, start, end, search::find)?.map_or(-1, |at| at as isize))
    }

    /// Partition the string into three parts using the given separator.
    ///
    /// This will search for the separator in the string.  If the separator is found,
    /// returns a 3-tuple containing the part before the separator, the separator
    /// itself, and the part after it.
    ///
    /// If the separator is not found, returns a 3-tuple containing the original string
    /// and two empty strings.
    #[pymethod(name = "partition", sig = "($self, sep, /)")]
    fn m_partition(&self, sep: &PyObject) -> PyResult<Ref<PyTuple>> {
        Ok(PyTuple::from_array(self.partition(must_be_str(sep)?)?.map(Ref::into_obj)))
    }

    /// Return the lowest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice notation.
    /// Raises ValueError when the substring is not found.
    #[pymethod(name = "index", sig = "($self, sub, start=None, end=None, /)")]
    fn m_index(&self, sub: &PyStr, start: Option<&PyObject>, end: Option<&PyObject>) -> PyResult<usize> {
        self.find_between(sub, start, end, search::find)?.ok_or_else(|| exc::value_error("substring not found"))
    }

    /// Return a left-justified string of length width.
    ///
    /// Padding is done using the specified fill character (default is a space).
    #[pymethod(name = "ljust", sig = "($self, width, fillchar=' ', /)")]
    fn m_ljust(&self, width: isize, fillchar: Option<&PyObject>) -> PyResult<Ref<PyStr>> {
        self.ljust(width, fill_char(fillchar)?)
    }

    /// Return a copy of the string converted to lowercase.
    #[pymethod(name = "lower")]
    fn m_lower(&self) -> PyResult<Ref<PyStr>> {
        self.lower()
    }

    /// Return a copy of the string with leading whitespace removed.
    ///
    /// If chars is given and not None, remove characters in chars instead.
    #[pymethod(name = "lstrip", sig = "($self, chars=None, /)")]
    fn m_lstrip(&self, chars: Option<&PyObject>) -> PyResult<Ref<PyStr>> {
        self.strip(strip_chars(chars, "lstrip")?, Side::Left)
    }

    /// Return the highest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice notation.
    /// Return -1 on failure.
    #[pymethod(name = "rfind", sig = "($self, sub, start=None, end=None, /)")]
    fn m_rfind(&self, sub: &PyStr, start: Option<&PyObject>, end: Option<&PyObject>) -> PyResult<isize> {
        Ok(self.find_between(sub, start, end, search::rfind)?.map_or(-1, |at| at as isize))
    }

    /// Return the highest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice notation.
    /// Raises ValueError when the substring is not found.
    #[pymethod(name = "rindex", sig = "($self, sub, start=None, end=None, /)")]
    fn m_rindex(&self, sub: &PyStr, start: Option<&PyObject>, end: Option<&PyObject>) -> PyResult<usize> {
        self.find_between(sub, start, end, search::rfind)?.ok_or_else(|| exc::value_error("substring not found"))
    }

    /// Return a right-justified string of length width.
    ///
    /// Padding is done using the specified fill character (default is a space).
    #[pymethod(name = "rjust", sig = "($self, width, fillchar=' ', /)")]
    fn m_rjust(&self, width: isize, fillchar: Option<&PyObject>) -> PyResult<Ref<PyStr>> {
        self.rjust(width, fill_char(fillchar)?)
    }

    /// Return a copy of the string with trailing whitespace removed.
    ///
    /// If chars is given and not None, remove characters in chars instead.
    #[pymethod(name = "rstrip", sig = "($self, chars=None, /)")]
    fn m_rstrip(&self, chars: Option<&PyObject>) -> PyResult<Ref<PyStr>> {
        self.strip(strip_chars(chars, "rstrip")?, Side::Right)
    }

    /// Partition the string into three parts using the given separator.
    ///
    /// This will search for the separator in the string, starting at the end. If
    /// the separator is found, returns a 3-tuple containing the part before the
    /// separator, the separator itself, and the part after it.
    ///
    /// If the separator is not found, returns a 3-tuple containing two empty strings
    /// and the original string.
    #[pymethod(name = "rpartition", sig = "($self, sep, /)")]
    fn m_rpartition(&self, sep: &PyObject) -> PyResult<Ref<PyTuple>> {
        Ok(PyTuple::from_array(self.rpartition(must_be_str(sep)?)?.map(Ref::into_obj)))
    }

    /// Return a list of the lines in the string, breaking at line boundaries.
    ///
    /// Line breaks are not included in the resulting list unless keepends is given and
    /// true.
    #[pymethod(name = "splitlines", sig = "($self, /, keepends=False)")]
    fn m_splitlines(&self, keepends: bool) -> PyResult<Ref<PyList>> {
        PyList::try_new(self.split_lines(keepends)?)
    }

    /// Return a copy of the string with leading and trailing whitespace removed.
    ///
    /// If chars is given and not None, remove characters in chars instead.
    #[pymethod(name = "strip", sig = "($self, chars=None, /)")]
    fn m_strip(&self, chars: Option<&PyObject>) -> PyResult<Ref<PyStr>> {
        self.strip(strip_chars(chars, "strip")?, Side::Both)
    }

    /// Convert uppercase characters to lowercase and lowercase characters to uppercase.
    #[pymethod(name = "swapcase")]
    fn m_swapcase(&self) -> PyResult<Ref<PyStr>> {
        self.swapcase()
    }

    /// Replace each character in the string using the given translation table.
    ///
    ///   table
    ///     Translation table, which must be a mapping of Unicode ordinals to
    ///     Unicode ordinals, strings, or None.
    ///
    /// The table must implement lookup/indexing via __getitem__, for instance a
    /// dictionary or list.  If this operation raises LookupError, the character is
    /// left untouched.  Characters mapped to None are deleted.
    #[pymethod(name = "translate", sig = "($self, table, /)")]
    fn m_translate(&self, table: &PyObject) -> PyResult<Ref<PyStr>> {
        self.translate(table)
    }

    /// Return a copy of the string converted to uppercase.
    #[pymethod(name = "upper")]
    fn m_upper(&self) -> PyResult<Ref<PyStr>> {
        self.upper()
    }

    /// Return True if the string starts with the specified prefix, False otherwise.
    ///
    ///   prefix
    ///     A string or a tuple of strings to try.
    ///   start
    ///     Optional start position. Default: start of the string.
    ///   end
    ///     Optional stop position. Default: end of the string.
    #[pymethod(name = "startswith", sig = "($self, prefix, start=None, end=None, /)")]
    fn m_startswith(&self, prefix: &PyObject, start: Option<&PyObject>, end: Option<&PyObject>) -> PyResult<bool> {
        self.tail_match(prefix, start, end, false)
    }

    /// Return True if the string ends with the specified suffix, False otherwise.
    ///
    ///   suffix
    ///     A string or a tuple of strings to try.
    ///   start
    ///     Optional start position. Default: start of the string.
    ///   end
    ///     Optional stop position. Default: end of the string.
    #[pymethod(name = "endswith", sig = "($self, suffix, start=None, end=None, /)")]
    fn m_endswith(&self, suffix: &PyObject, start: Option<&PyObject>, end: Option<&PyObject>) -> PyResult<bool> {
        self.tail_match(suffix, start, end, true)
    }

    /// Return a str with the given prefix string removed if present.
    ///
    /// If the string starts with the prefix string, return string[len(prefix):].
    /// Otherwise, return a copy of the original string.
    #[pymethod(name = "removeprefix", sig = "($self, prefix, /)")]
    fn m_removeprefix(&self, prefix: &PyStr) -> PyResult<Ref<PyStr>> {
        let start = if self.starts_with(prefix) { prefix.len() } else { 0 };
        self.try_substring(start, self.len())
    }

    /// Return a str with the given suffix string removed if present.
    ///
    /// If the string ends with the suffix string and that suffix is not empty,
    /// return string[:-len(suffix)]. Otherwise, return a copy of the original
    /// string.
    #[pymethod(name = "removesuffix", sig = "($self, suffix, /)")]
    fn m_removesuffix(&self, suffix: &PyStr) -> PyResult<Ref<PyStr>> {
        let end = if self.ends_with(suffix) { self.len() - suffix.len() } else { self.len() };
        self.try_substring(0, end)
    }

    /// Return True if all characters in the string are ASCII, False otherwise.
    ///
    /// ASCII characters have code points in the range U+0000-U+007F.
    /// Empty string is ASCII too.
    #[pymethod(name = "isascii")]
    fn m_isascii(&self) -> bool {
        self.is_ascii()
    }

    /// Return True if the string is a lowercase string, False otherwise.
    ///
    /// A string is lowercase if all cased characters in the string are lowercase and
    /// there is at least one cased character in the string.
    #[pymethod(name = "islower")]
    fn m_islower(&self) -> bool {
        self.is_lower()
    }

    /// Return True if the string is an uppercase string, False otherwise.
    ///
    /// A string is uppercase if all cased characters in the string are uppercase and
    /// there is at least one cased character in the string.
    #[pymethod(name = "isupper")]
    fn m_isupper(&self) -> bool {
        self.is_upper()
    }

    /// Return True if the string is a title-cased string, False otherwise.
    ///
    /// In a title-cased string, upper- and title-case characters may only
    /// follow uncased characters and lowercase characters only cased ones.
    #[pymethod(name = "istitle")]
    fn m_istitle(&self) -> bool {
        self.is_title()
    }

    /// Return True if the string is a whitespace string, False otherwise.
    ///
    /// A string is whitespace if all characters in the string are whitespace and there
    /// is at least one character in the string.
    #[pymethod(name = "isspace")]
    fn m_isspace(&self) -> bool {
        self.is_space()
    }

    /// Return True if the string is a decimal string, False otherwise.
    ///
    /// A string is a decimal string if all characters in the string are decimal and
    /// there is at least one character in the string.
    #[pymethod(name = "isdecimal")]
    fn m_isdecimal(&self) -> bool {
        self.is_decimal()
    }

    /// Return True if the string is a digit string, False otherwise.
    ///
    /// A string is a digit string if all characters in the string are digits and there
    /// is at least one character in the string.
    #[pymethod(name = "isdigit")]
    fn m_isdigit(&self) -> bool {
        self.is_digit()
    }

    /// Return True if the string is a numeric string, False otherwise.
    ///
    /// A string is numeric if all characters in the string are numeric and there is at
    /// least one character in the string.
    #[pymethod(name = "isnumeric")]
    fn m_isnumeric(&self) -> bool {
        self.is_numeric()
    }

    /// Return True if the string is an alphabetic string, False otherwise.
    ///
    /// A string is alphabetic if all characters in the string are alphabetic and there
    /// is at least one character in the string.
    #[pymethod(name = "isalpha")]
    fn m_isalpha(&self) -> bool {
        self.is_alpha()
    }

    /// Return True if the string is an alpha-numeric string, False otherwise.
    ///
    /// A string is alpha-numeric if all characters in the string are alpha-numeric and
    /// there is at least one character in the string.
    #[pymethod(name = "isalnum")]
    fn m_isalnum(&self) -> bool {
        self.is_alnum()
    }

    /// Return True if the string is a valid Python identifier, False otherwise.
    ///
    /// Call keyword.iskeyword(s) to test whether string s is a reserved identifier,
    /// such as "def" or "class".
    #[pymethod(name = "isidentifier")]
    fn m_isidentifier(&self) -> bool {
        self.is_identifier()
    }

    /// Return True if all characters in the string are printable, False otherwise.
    ///
    /// A character is printable if repr() may use it in its output.
    #[pymethod(name = "isprintable")]
    fn m_isprintable(&self) -> bool {
        self.is_printable()
    }

    /// Pad a numeric string with zeros on the left, to fill a field of the given width.
    ///
    /// The string is never truncated.
    #[pymethod(name = "zfill", sig = "($self, width, /)")]
    fn m_zfill(&self, width: isize) -> PyResult<Ref<PyStr>> {
        self.zfill(width)
    }

    /// Return a formatted version of the string, using substitutions from args and kwargs.
    ///
    /// The substitutions are identified by braces ('{' and '}').
    #[pymethod(name = "format", sig = "($self, /, *args, **kwargs)")]
    fn m_format(&self, args: &[&PyObject], kwargs: KwArgs<'_>) -> PyResult<Ref<PyStr>> {
        let kwargs = kwargs.to_dict()?;
        format_method::format(self, format_method::Values::Arguments(args, kwargs.as_deref()))
    }

    /// Return a formatted version of the string, using substitutions from mapping.
    ///
    /// The substitutions are identified by braces ('{' and '}').
    #[pymethod(name = "format_map", sig = "($self, mapping, /)")]
    fn m_format_map(&self, mapping: &PyObject) -> PyResult<Ref<PyStr>> {
        format_method::format(self, format_method::Values::Mapping(mapping))
    }

    /// Return a formatted version of the string as described by format_spec.
    #[pymethod(name = "__format__", sig = "($self, format_spec, /)")]
    fn m_format_spec(&self, format_spec: &PyStr) -> PyResult<Ref<PyStr>> {
        if format_spec.is_empty() && !PyStr::check_exact(self.as_object()) {
            return protocol::object::str(self.as_object());
        }
        super::format_spec::format_str(self, format_spec)
    }

    /// Return a translation table usable for str.translate().
    ///
    /// If there is only one argument, it must be a dictionary mapping Unicode
    /// ordinals (integers) or characters to Unicode ordinals, strings or None.
    /// Character keys will be then converted to ordinals.
    /// If there are two arguments, they must be strings of equal length, and
    /// in the resulting dictionary, each character in x will be mapped to the
    /// character at the same position in y. If there is a third argument, it
    /// must be a string, whose characters will be mapped to None in the result.
    #[pystaticmethod(name = "maketrans", sig = "(x, y=<unrepresentable>, z=<unrepresentable>, /)")]
    fn m_maketrans(x: &PyObject, y: Option<&PyStr>, z: Option<&PyStr>) -> PyResult<Ref<PyDict>> {
        PyStr::maketrans(x, y, z)
    }

    /// Return the size of the string in memory, in bytes.
    #[pymethod(name = "__sizeof__")]
    fn m_sizeof(&self) -> usize {
        let header = match (self.is_compact(), self.is_ascii()) {
            (true, true) => super::ASCII_HEADER,
            (true, false) => super::COMPACT_HEADER,
            (false, _) => self.as_object().ty().tp_basicsize.get() as usize,
        };
        header + (self.len() + 1) * self.kind() as usize + self.utf8_memory()
    }

    #[pymethod(name = "__getnewargs__")]
    fn m_getnewargs(&self) -> PyResult<Ref<PyTuple>> {
        Ok(PyTuple::from_array([for_data!(self.data(), s => copy_of(self, s))?.into_obj()]))
    }
}

/// The body of `tp_vectorcall`.
fn vector_new(
    cls: &PyTypeObject,
    args: &[&PyObject],
    values: &[&PyObject],
    kwnames: Option<&PyTuple>,
) -> PyResult<ObjRef> {
    if let Some(names) = kwnames.filter(|names| !names.is_empty()) {
        let args = PyTuple::from_slice(args);
        let kwargs = PyDict::new();
        for (name, value) in names.items().iter().zip(values) {
            kwargs.set_item(name, value)?;
        }
        let Some(tp_new) = PyUnicode_Type.tp_new.get() else {
            return Err(exc::system_error("str is not ready"));
        };
        // SAFETY: calling a slot of a ready type as the C API prescribes.
        return unsafe {
            ObjRef::from_c_result(tp_new(
                cls as *const PyTypeObject as *mut PyTypeObject,
                args.as_object().as_ptr(),
                kwargs.as_object().as_ptr(),
            ))
        };
    }
    if let [object] = args {
        return PyStr::construct(cls, protocol::object::str(object)?);
    }
    crate::args::check_positional("str", args.len(), 0, 3)?;
    let text = |index: usize, name: &str| match args.get(index) {
        None => Ok(None),
        Some(object) => match object.downcast_ref::<PyStr>() {
            Some(text) => text.as_utf8().map(Some),
            None => Err(exc::type_error(format!(
                "str() argument '{name}' must be str, not {}",
                percent::qualified_type_name(object)
            ))),
        },
    };
    PyStr::py_new(cls, args.first().copied(), text(1, "encoding")?, text(2, "errors")?)
}

/// A new exact string with the same text.
fn copy_of<T: CharUnit>(text: &PyStr, units: &[T]) -> PyResult<Ref<PyStr>> {
    PyStr::from_units(units, text.is_ascii())
}

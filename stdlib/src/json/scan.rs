//! Parsing JSON text.
//!
//! The parser is generic over the width of the text's characters, so that each step is a plain array access.

use core::cell::Cell;

use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::runtime::recursion::enter_recursive_call;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::{PyStr, StrBuilder, StrData};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{
    ObjRef, OptRef, PyClass, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, intern, pyclass, pymethods,
};

/// One character of a text.
pub(super) trait Unit: Copy + 'static {
    fn code(self) -> u32;
    fn data(units: &[Self]) -> StrData<'_>;
    fn make(units: &[Self]) -> Ref<PyStr>;
}
impl Unit for u8 {
    #[inline(always)]
    fn code(self) -> u32 {
        self.into()
    }
    fn data(units: &[u8]) -> StrData<'_> {
        StrData::Latin1(units)
    }
    #[inline]
    fn make(units: &[u8]) -> Ref<PyStr> {
        PyStr::from_latin1(units)
    }
}
impl Unit for u16 {
    #[inline(always)]
    fn code(self) -> u32 {
        self.into()
    }
    fn data(units: &[u16]) -> StrData<'_> {
        StrData::Ucs2(units)
    }
    fn make(units: &[u16]) -> Ref<PyStr> {
        PyStr::from_ucs2(units)
    }
}
impl Unit for u32 {
    #[inline(always)]
    fn code(self) -> u32 {
        self
    }
    fn data(units: &[u32]) -> StrData<'_> {
        StrData::Ucs4(units)
    }
    fn make(units: &[u32]) -> Ref<PyStr> {
        PyStr::from_ucs4(units)
    }
}

const QUOTE: u32 = '"' as u32;
const BACKSLASH: u32 = '\\' as u32;

/// `json.JSONDecodeError(msg, doc, pos)`.
#[cold]
fn decode_error(message: &str, document: &PyStr, position: usize) -> PyErr {
    let make = || -> PyResult<ObjRef> {
        let decoder = rpy_vm::import::import_module("json.decoder")?;
        let class = protocol::getattr(&decoder, intern!("JSONDecodeError"))?;
        let position = PyInt::from_usize(position);
        call::call(&class, &[PyStr::new(message).as_object(), document.as_object(), position.as_object()])
    };
    match make() {
        Ok(instance) => PyErr::from_instance(instance),
        Err(e) => e,
    }
}

#[cold]
fn no_value(position: usize) -> PyErr {
    exc::stop_iteration(Some(PyInt::from_usize(position).into_obj()))
}

/// Four hexadecimal digits.
fn hex4<T: Unit>(units: &[T]) -> Option<u32> {
    let mut value = 0;
    for unit in units.get(..4)? {
        value = value << 4 | char::from_u32(unit.code())?.to_digit(16)?;
    }
    Some(value)
}

/// A string from behind its opening quote; gives the place behind the closing one.
fn string<T: Unit>(document: &PyStr, text: &[T], start: usize, strict: bool) -> PyResult<(Ref<PyStr>, usize)> {
    let unterminated = || decode_error("Unterminated string starting at", document, start.saturating_sub(1));
    let mut builder: Option<StrBuilder> = None;
    let mut end = start;
    loop {
        let begin = end;
        let mut next = begin;
        let c = loop {
            let Some(unit) = text.get(next) else { return Err(unterminated()) };
            let c = unit.code();
            if c == QUOTE || c == BACKSLASH {
                break c;
            }
            if c <= 0x1f && strict {
                return Err(decode_error("Invalid control character at", document, next));
            }
            next += 1;
        };
        if c == QUOTE {
            let rest = &text[begin..next];
            let value = match builder {
                None => T::make(rest),
                Some(mut builder) => {
                    builder.push_data(T::data(rest));
                    builder.try_finish()?
                }
            };
            return Ok((value, next + 1));
        }
        let out = builder.get_or_insert_with(StrBuilder::new);
        out.push_data(T::data(&text[begin..next]));
        next += 1;
        let Some(unit) = text.get(next) else { return Err(unterminated()) };
        let c = match unit.code() {
            QUOTE => QUOTE,
            BACKSLASH => BACKSLASH,
            0x2f => 0x2f,
            0x62 => 8,
            0x66 => 12,
            0x6e => 10,
            0x72 => 13,
            0x74 => 9,
            0x75 => {
                let digits = next + 1;
                end = digits + 4;
                let invalid = || decode_error("Invalid \\uXXXX escape", document, digits - 1);
                if end >= text.len() {
                    return Err(invalid());
                }
                let mut c = hex4(&text[digits..]).ok_or_else(invalid)?;
                if (0xd800..0xdc00).contains(&c)
                    && end + 6 < text.len()
                    && text[end].code() == BACKSLASH
                    && text[end + 1].code() == 0x75
                {
                    let low = hex4(&text[end + 2..])
                        .ok_or_else(|| decode_error("Invalid \\uXXXX escape", document, end + 1))?;
                    if (0xdc00..0xe000).contains(&low) {
                        c = 0x10000 + ((c - 0xd800) << 10 | (low - 0xdc00));
                        end += 6;
                    }
                }
                out.push_char(c);
                continue;
            }
            _ => return Err(decode_error("Invalid \\escape", document, next - 1)),
        };
        out.push_char(c);
        end = next + 1;
    }
}

/// See [`string`].
pub fn scan_string(text: &PyStr, end: usize, strict: bool) -> PyResult<(Ref<PyStr>, usize)> {
    match text.data() {
        StrData::Latin1(units) => string(text, units, end, strict),
        StrData::Ucs2(units) => string(text, units, end, strict),
        StrData::Ucs4(units) => string(text, units, end, strict),
    }
}

/// JSON scanner object
#[pyclass(name = "Scanner", module = "_json", gc)]
#[repr(C)]
pub struct PyScanner {
    ob_base: PyObject,
    #[pytraverse(skip)]
    strict: Cell<bool>,
    /// object_hook
    #[pymember(readonly, object)]
    object_hook: OptRef,
    #[pymember(readonly, object)]
    object_pairs_hook: OptRef,
    /// parse_float
    #[pymember(readonly, object)]
    parse_float: OptRef,
    /// parse_int
    #[pymember(readonly, object)]
    parse_int: OptRef,
    /// parse_constant
    #[pymember(readonly, object)]
    parse_constant: OptRef,
}

/// One run of a scanner.
struct Parser<'a, T> {
    document: &'a PyStr,
    text: &'a [T],
    strict: bool,
    object_hook: Option<ObjRef>,
    pairs_hook: Option<ObjRef>,
    /// `None`: the built-in type.
    parse_float: Option<ObjRef>,
    parse_int: Option<ObjRef>,
    parse_constant: ObjRef,
    /// Keys seen, so that equal ones are one object.
    keys: Ref<PyDict>,
}

impl<T: Unit> Parser<'_, T> {
    #[inline(always)]
    fn at(&self, i: usize) -> u32 {
        self.text.get(i).map_or(u32::MAX, |u| u.code())
    }

    #[inline(always)]
    fn skip_space(&self, mut i: usize) -> usize {
        while matches!(self.at(i), 0x20 | 0x09 | 0x0a | 0x0d) {
            i += 1;
        }
        i
    }

    fn starts_with(&self, i: usize, word: &[u8]) -> bool {
        self.text.get(i..i + word.len()).is_some_and(|t| t.iter().zip(word).all(|(a, b)| a.code() == u32::from(*b)))
    }

    fn value(&self, i: usize) -> PyResult<(ObjRef, usize)> {
        let Some(unit) = self.text.get(i) else { return Err(no_value(i)) };
        match unit.code() {
            QUOTE => {
                let (value, end) = string(self.document, self.text, i + 1, self.strict)?;
                return Ok((value.into_obj(), end));
            }
            0x7b => {
                let _guard = enter_recursive_call(" while decoding a JSON object from a unicode string")?;
                return self.object(i + 1);
            }
            0x5b => {
                let _guard = enter_recursive_call(" while decoding a JSON array from a unicode string")?;
                return self.array(i + 1);
            }
            0x6e if self.starts_with(i, b"null") => return Ok((rpy_vm::none(), i + 4)),
            0x74 if self.starts_with(i, b"true") => return Ok((rpy_vm::py_bool(true), i + 4)),
            0x66 if self.starts_with(i, b"false") => return Ok((rpy_vm::py_bool(false), i + 5)),
            0x4e if self.starts_with(i, b"NaN") => return self.constant("NaN", i),
            0x49 if self.starts_with(i, b"Infinity") => return self.constant("Infinity", i),
            0x2d if self.starts_with(i, b"-Infinity") => return self.constant("-Infinity", i),
            _ => {}
        }
        self.number(i)
    }

    #[cold]
    fn constant(&self, name: &str, i: usize) -> PyResult<(ObjRef, usize)> {
        let value = call::call_one(&self.parse_constant, PyStr::new(name).as_object())?;
        Ok((value, i + name.len()))
    }

    fn number(&self, start: usize) -> PyResult<(ObjRef, usize)> {
        let digit = |i: usize| self.at(i).wrapping_sub(0x30) <= 9;
        let mut i = start;
        let negative = self.at(i) == 0x2d;
        i += usize::from(negative);
        // A leading zero stands alone.
        if self.at(i) == 0x30 {
            i += 1;
        } else if digit(i) {
            while digit(i) {
                i += 1;
            }
        } else {
            return Err(no_value(start));
        }
        let mut is_float = false;
        if self.at(i) == 0x2e && digit(i + 1) {
            is_float = true;
            i += 2;
            while digit(i) {
                i += 1;
            }
        }
        if matches!(self.at(i), 0x65 | 0x45) {
            let mut j = i + 1;
            if matches!(self.at(j), 0x2b | 0x2d) {
                j += 1;
            }
            if digit(j) {
                while digit(j) {
                    j += 1;
                }
                is_float = true;
                i = j;
            }
        }
        let text = &self.text[start..i];
        let custom = if is_float { &self.parse_float } else { &self.parse_int };
        if let Some(function) = custom {
            let text = T::make(text);
            return Ok((call::call_one(function, text.as_object())?, i));
        }
        if !is_float && text.len() <= 18 {
            let digits = &text[usize::from(negative)..];
            let n = digits.iter().fold(0i64, |n, d| n * 10 + i64::from(d.code() - 0x30));
            return Ok((PyInt::from_i64(if negative { -n } else { n }).into_obj(), i));
        }
        // Digits, signs and points only: ASCII.
        let bytes: Vec<u8> = text.iter().map(|u| u.code() as u8).collect();
        let value = if is_float {
            let parsed = core::str::from_utf8(&bytes).ok().and_then(|t| t.parse::<f64>().ok());
            PyFloat::new(parsed.ok_or_else(|| no_value(start))?).into_obj()
        } else {
            let source = PyStr::from_latin1(&bytes);
            PyInt::from_str(&source, 10)?.into_obj()
        };
        Ok((value, i))
    }

    fn array(&self, start: usize) -> PyResult<(ObjRef, usize)> {
        let mut items = Vec::new();
        let mut i = self.skip_space(start);
        if self.at(i) != 0x5d {
            loop {
                let (value, next) = self.value(i)?;
                items.push(value);
                i = self.skip_space(next);
                match self.at(i) {
                    0x5d => break,
                    0x2c => {
                        let comma = i;
                        i = self.skip_space(i + 1);
                        if self.at(i) == 0x5d {
                            return Err(decode_error(
                                "Illegal trailing comma before end of array",
                                self.document,
                                comma,
                            ));
                        }
                    }
                    _ => return Err(decode_error("Expecting ',' delimiter", self.document, i)),
                }
            }
        }
        Ok((PyList::try_new(items)?.into_obj(), i + 1))
    }

    fn object(&self, start: usize) -> PyResult<(ObjRef, usize)> {
        let dict = if self.pairs_hook.is_none() { Some(PyDict::new()) } else { None };
        let mut pairs = Vec::new();
        let mut i = self.skip_space(start);
        if self.at(i) != 0x7d {
            loop {
                if self.at(i) != QUOTE {
                    return Err(decode_error("Expecting property name enclosed in double quotes", self.document, i));
                }
                let (key, next) = string(self.document, self.text, i + 1, self.strict)?;
                let key = self.keys.setdefault(key.as_object(), key.as_object())?.0;
                i = self.skip_space(next);
                if self.at(i) != 0x3a {
                    return Err(decode_error("Expecting ':' delimiter", self.document, i));
                }
                i = self.skip_space(i + 1);
                let (value, next) = self.value(i)?;
                match &dict {
                    Some(dict) => dict.set_item(&key, &value)?,
                    None => pairs.push(PyTuple::from_array([key, value]).into_obj()),
                }
                i = self.skip_space(next);
                match self.at(i) {
                    0x7d => break,
                    0x2c => {
                        let comma = i;
                        i = self.skip_space(i + 1);
                        if self.at(i) == 0x7d {
                            return Err(decode_error(
                                "Illegal trailing comma before end of object",
                                self.document,
                                comma,
                            ));
                        }
                    }
                    _ => return Err(decode_error("Expecting ',' delimiter", self.document, i)),
                }
            }
        }
        i += 1;
        if let Some(hook) = &self.pairs_hook {
            let pairs = PyList::try_new(pairs)?;
            return Ok((call::call_one(hook, pairs.as_object())?, i));
        }
        let dict = dict.map_or_else(rpy_vm::none, Ref::into_obj);
        match &self.object_hook {
            Some(hook) => Ok((call::call_one(hook, &dict)?, i)),
            None => Ok((dict, i)),
        }
    }
}

impl PyScanner {
    fn run<T: Unit>(&self, document: &PyStr, text: &[T], start: usize) -> PyResult<(ObjRef, usize)> {
        let hook = |slot: &OptRef| slot.get().filter(|h| !rpy_vm::is_none(h));
        let custom = |slot: &OptRef, ty: &PyTypeObject| slot.get().filter(|h| !h.is(ty.as_object()));
        Parser {
            document,
            text,
            strict: self.strict.get(),
            object_hook: hook(&self.object_hook),
            pairs_hook: hook(&self.object_pairs_hook),
            parse_float: custom(&self.parse_float, PyFloat::type_object()),
            parse_int: custom(&self.parse_int, PyInt::type_object()),
            parse_constant: self.parse_constant.get().unwrap_or_else(rpy_vm::none),
            keys: PyDict::new(),
        }
        .value(start)
    }
}

#[pymethods]
impl PyScanner {
    #[pynew(sig = "(context)")]
    fn py_new(cls: &PyTypeObject, context: &PyObject) -> PyResult<ObjRef> {
        let get = |name: &'static PyStr| protocol::getattr(context, name).map(OptRef::some);
        let strict = protocol::getattr(context, intern!("strict"))?;
        let this = PyScanner {
            ob_base: PyObject::placeholder(),
            strict: Cell::new(protocol::is_true(&strict)?),
            object_hook: get(intern!("object_hook"))?,
            object_pairs_hook: get(intern!("object_pairs_hook"))?,
            parse_float: get(intern!("parse_float"))?,
            parse_int: get(intern!("parse_int"))?,
            parse_constant: get(intern!("parse_constant"))?,
        };
        Ok(new_in(cls, this)?.into_obj())
    }

    #[pycall(sig = "($self, string, idx)")]
    fn py_call(&self, string: &PyObject, idx: isize) -> PyResult<ObjRef> {
        let Some(document) = string.downcast_ref::<PyStr>() else {
            return Err(exc::type_error(format!("first argument must be a string, not {}", string.ty().name())));
        };
        let Ok(start) = usize::try_from(idx) else {
            return Err(exc::value_error("idx cannot be negative"));
        };
        let (value, end) = match document.data() {
            StrData::Latin1(text) => self.run(document, text, start)?,
            StrData::Ucs2(text) => self.run(document, text, start)?,
            StrData::Ucs4(text) => self.run(document, text, start)?,
        };
        Ok(PyTuple::from_array([value, PyInt::from_usize(end).into_obj()]).into_obj())
    }

    /// strict
    #[pygetset]
    fn strict(&self) -> bool {
        self.strict.get()
    }
}

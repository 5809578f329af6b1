//! Reading marshal data.

use super::{FLAG_REF, MAX_DEPTH, tag};
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::{ObjRef, PyObject, PyStruct, Ref};
use crate::protocol::call;
use crate::types::bytearray::PyByteArray;
use crate::types::bytes::PyBytes;
use crate::types::code::{CodeParts, PyCode};
use crate::types::complex::PyComplex;
use crate::types::dict::PyDict;
use crate::types::float::PyFloat;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::set::{PyFrozenSet, PySet};
use crate::types::slice::PySlice;
use crate::types::str::PyStr;
use crate::types::tuple::{PyTuple, TupleBuilder};

/// Where bytes come from.
enum Source<'a> {
    Bytes(&'a [u8]),
    /// A file object with `readinto`.
    File(&'a PyObject),
}

/// The state of one reading.
pub struct Reader<'a> {
    source: Source<'a>,
    position: usize,
    depth: u32,
    /// Objects entered by [`FLAG_REF`]; `None` while an object that cannot be referred to yet is being read.
    refs: Vec<Option<ObjRef>>,
    allow_code: bool,
}

fn bad(what: &str) -> PyErr {
    exc::value_error(format!("bad marshal data ({what})"))
}

/// Reads one object from the start of `data`; what follows it is ignored.
///
/// # Errors
/// `EOFError`, `ValueError` or `TypeError` for bad data.
pub fn loads(data: &[u8]) -> PyResult<ObjRef> {
    loads_with(data, true)
}

/// As [`loads`]; with `allow_code` false, code objects are refused.
pub fn loads_with(data: &[u8], allow_code: bool) -> PyResult<ObjRef> {
    Reader::new(Source::Bytes(data), allow_code).read_top()
}

/// Reads one object from a file, and not a byte more.
pub fn load_from_file(file: &PyObject, allow_code: bool) -> PyResult<ObjRef> {
    Reader::new(Source::File(file), allow_code).read_top()
}

/// Fixed-size data, in line, or what a file gave.
enum Chunk<'a> {
    Borrowed(&'a [u8]),
    Owned(Vec<u8>),
}

impl core::ops::Deref for Chunk<'_> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Chunk::Borrowed(bytes) => bytes,
            Chunk::Owned(bytes) => bytes,
        }
    }
}

impl<'a> Reader<'a> {
    fn new(source: Source<'a>, allow_code: bool) -> Reader<'a> {
        Reader { source, position: 0, depth: 0, refs: Vec::new(), allow_code }
    }

    fn read_top(mut self) -> PyResult<ObjRef> {
        match self.object()? {
            Some(object) => Ok(object),
            None => Err(exc::type_error("NULL object in marshal data for object")),
        }
    }

    /// Exactly `n` bytes.
    fn take(&mut self, n: usize) -> PyResult<Chunk<'a>> {
        match &self.source {
            Source::Bytes(data) => {
                let data: &'a [u8] = data;
                match self.position.checked_add(n).and_then(|end| data.get(self.position..end)) {
                    Some(chunk) => {
                        self.position += n;
                        Ok(Chunk::Borrowed(chunk))
                    }
                    None => Err(exc::eof_error("marshal data too short")),
                }
            }
            Source::File(file) => {
                let buffer = PyByteArray::zeroed(n)?;
                let got = call::call_method(file, crate::intern!("readinto"), &[buffer.as_object()])?;
                let got = crate::protocol::number::as_isize(&got, Some(exc::ValueError()))?;
                if got == n as isize {
                    return Ok(Chunk::Owned(buffer.as_bytes().to_vec()));
                }
                if got > n as isize {
                    return Err(exc::value_error(format!(
                        "read() returned too much data: {n} bytes requested, {got} returned"
                    )));
                }
                Err(exc::eof_error("EOF read where not expected"))
            }
        }
    }

    fn byte(&mut self) -> PyResult<u8> {
        if let Source::Bytes(data) = &self.source {
            return match data.get(self.position) {
                Some(&byte) => {
                    self.position += 1;
                    Ok(byte)
                }
                None => Err(exc::eof_error("marshal data too short")),
            };
        }
        Ok(self.take(1)?[0])
    }

    fn array<const N: usize>(&mut self) -> PyResult<[u8; N]> {
        let chunk = self.take(N)?;
        let mut out = [0; N];
        out.copy_from_slice(&chunk);
        Ok(out)
    }

    fn long(&mut self) -> PyResult<i32> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    /// A non-negative length.
    fn size(&mut self, what: &str) -> PyResult<usize> {
        usize::try_from(self.long()?).map_err(|_| bad(&format!("{what} size out of range")))
    }

    fn double(&mut self) -> PyResult<f64> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    /// A float as text, with a one-byte length.
    fn double_text(&mut self) -> PyResult<f64> {
        let n = self.byte()? as usize;
        let text = self.take(n)?;
        core::str::from_utf8(&text)
            .ok()
            .and_then(|text| text.parse::<f64>().ok())
            .ok_or_else(|| exc::value_error("could not convert string to float"))
    }

    /// Enters an object if its type byte said so.
    fn remember(&mut self, flag: bool, object: &PyObject) {
        if flag {
            self.refs.push(Some(object.new_ref()));
        }
    }

    /// Keeps a place for an object that is complete only after its parts.
    fn reserve(&mut self, flag: bool) -> Option<usize> {
        flag.then(|| {
            self.refs.push(None);
            self.refs.len() - 1
        })
    }

    fn fill(&mut self, place: Option<usize>, object: &PyObject) {
        if let Some(place) = place {
            self.refs[place] = Some(object.new_ref());
        }
    }

    /// An object that must be there.
    fn part(&mut self, of: &str) -> PyResult<ObjRef> {
        match self.object()? {
            Some(object) => Ok(object),
            None => Err(exc::type_error(format!("NULL object in marshal data for {of}"))),
        }
    }

    /// The next object; `None` is the NULL that ends a dict.
    fn object(&mut self) -> PyResult<Option<ObjRef>> {
        let code = match self.byte() {
            Ok(code) => code,
            Err(e) if e.matches(exc::EOFError()) => return Err(exc::eof_error("EOF read where object expected")),
            Err(e) => return Err(e),
        };
        self.depth += 1;
        if self.depth > MAX_DEPTH || crate::runtime::recursion::stack_exhausted() {
            self.depth -= 1;
            return Err(exc::value_error("recursion limit exceeded"));
        }
        let result = self.body(code & !FLAG_REF, code & FLAG_REF != 0);
        self.depth -= 1;
        result
    }

    fn body(&mut self, kind: u8, flag: bool) -> PyResult<Option<ObjRef>> {
        let simple: ObjRef = match kind {
            tag::NULL => return Ok(None),
            tag::NONE => crate::none(),
            tag::STOPITER => exc::StopIteration().to_obj(),
            tag::ELLIPSIS => crate::ellipsis(),
            tag::FALSE => crate::py_bool(false),
            tag::TRUE => crate::py_bool(true),
            tag::REF => {
                let n = self.long()?;
                let found = usize::try_from(n).ok().and_then(|n| self.refs.get(n));
                return match found {
                    Some(Some(object)) => Ok(Some(object.clone())),
                    _ => Err(bad("invalid reference")),
                };
            }
            tag::INT => {
                let value = PyInt::from_i64(i64::from(self.long()?)).into_obj();
                self.remember(flag, &value);
                value
            }
            tag::INT64 => {
                let value = PyInt::from_i64(i64::from_le_bytes(self.array()?)).into_obj();
                self.remember(flag, &value);
                value
            }
            tag::LONG => {
                let value = self.big_int()?;
                self.remember(flag, &value);
                value
            }
            tag::FLOAT => {
                let value = PyFloat::new(self.double_text()?).into_obj();
                self.remember(flag, &value);
                value
            }
            tag::BINARY_FLOAT => {
                let value = PyFloat::new(self.double()?).into_obj();
                self.remember(flag, &value);
                value
            }
            tag::COMPLEX => {
                let (re, im) = (self.double_text()?, self.double_text()?);
                let value = PyComplex::new(re, im).into_obj();
                self.remember(flag, &value);
                value
            }
            tag::BINARY_COMPLEX => {
                let (re, im) = (self.double()?, self.double()?);
                let value = PyComplex::new(re, im).into_obj();
                self.remember(flag, &value);
                value
            }
            tag::STRING => {
                let n = self.size("bytes object")?;
                let value = PyBytes::new(&self.take(n)?).into_obj();
                self.remember(flag, &value);
                value
            }
            tag::ASCII_INTERNED | tag::ASCII | tag::SHORT_ASCII_INTERNED | tag::SHORT_ASCII => {
                let n = match kind {
                    tag::ASCII_INTERNED | tag::ASCII => self.size("string")?,
                    _ => self.byte()? as usize,
                };
                // Bytes above 127 are taken as Latin-1, as CPython does.
                let text = PyStr::from_latin1(&self.take(n)?);
                let interned = matches!(kind, tag::ASCII_INTERNED | tag::SHORT_ASCII_INTERNED);
                let value = if interned { PyStr::intern(text) } else { text }.into_obj();
                self.remember(flag, &value);
                value
            }
            tag::INTERNED | tag::UNICODE => {
                let n = self.size("string")?;
                let text = decode_surrogatepass(&self.take(n)?)?;
                let value = if kind == tag::INTERNED { PyStr::intern(text) } else { text }.into_obj();
                self.remember(flag, &value);
                value
            }
            tag::SMALL_TUPLE | tag::TUPLE => {
                let n = if kind == tag::TUPLE { self.size("tuple")? } else { self.byte()? as usize };
                self.tuple(n, flag)?
            }
            tag::LIST => {
                let n = self.size("list")?;
                let list = PyList::new(Vec::new());
                self.remember(flag, list.as_object());
                for _ in 0..n {
                    list.append(self.part("list")?)?;
                }
                list.into_obj()
            }
            tag::DICT => {
                let dict = PyDict::new();
                self.remember(flag, dict.as_object());
                while let Some(key) = self.object()? {
                    let Some(value) = self.object()? else { break };
                    dict.set_item(&key, &value)?;
                }
                dict.into_obj()
            }
            tag::SET => {
                let n = self.size("set")?;
                let set = PySet::new();
                self.remember(flag, set.as_object());
                for _ in 0..n {
                    set.add(&*self.part("set")?)?;
                }
                set.into_obj()
            }
            tag::FROZENSET => {
                let n = self.size("set")?;
                let place = self.reserve(flag);
                let mut items = Vec::new();
                for _ in 0..n {
                    items.push(self.part("set")?);
                }
                let set = PyFrozenSet::from_items(&items)?.into_obj();
                self.fill(place, &set);
                set
            }
            tag::SLICE => {
                let place = self.reserve(flag);
                let (start, stop, step) = (self.part("slice")?, self.part("slice")?, self.part("slice")?);
                let slice = PySlice::new(Some(start), Some(stop), Some(step)).into_obj();
                self.fill(place, &slice);
                slice
            }
            tag::CODE => {
                if !self.allow_code {
                    return Err(exc::value_error("unmarshalling code objects is disallowed"));
                }
                let place = self.reserve(flag);
                let code = self.code()?;
                self.fill(place, &code);
                code
            }
            _ => return Err(bad("unknown type code")),
        };
        Ok(Some(simple))
    }

    fn tuple(&mut self, n: usize, flag: bool) -> PyResult<ObjRef> {
        // A lie about the size is found out before memory is spent on it: every item takes a byte at least.
        if let Source::Bytes(data) = &self.source
            && n > data.len() - self.position
        {
            return Err(exc::eof_error("marshal data too short"));
        }
        if n == 0 || !flag {
            let mut items = Vec::with_capacity(n.min(1 << 16));
            for _ in 0..n {
                items.push(self.part("tuple")?);
            }
            let tuple = PyTuple::new(items).into_obj();
            self.remember(flag, &tuple);
            return Ok(tuple);
        }
        // Items may refer to the tuple they are in, so it is there first, filled with None.
        let mut tuple = TupleBuilder::new(n)?;
        for _ in 0..n {
            // SAFETY: n items for a tuple of n.
            unsafe { tuple.push_unchecked(crate::none()) };
        }
        let tuple = tuple.finish();
        self.remember(true, tuple.as_object());
        for i in 0..n {
            let item = self.part("tuple")?;
            // SAFETY: the index is within the tuple. Others may refer to it already, but nobody has looked inside yet but
            // for its hash, which is forgotten below.
            unsafe { tuple.set_item_unchecked(i, item) };
        }
        tuple.ob_hash.set(-1);
        Ok(tuple.into_obj())
    }

    /// An int in 15-bit digits.
    fn big_int(&mut self) -> PyResult<ObjRef> {
        let n = self.long()?;
        if n == 0 {
            return Ok(PyInt::from_i64(0).into_obj());
        }
        let count = n.unsigned_abs() as usize;
        if n == i32::MIN {
            return Err(bad("long size out of range"));
        }
        let raw = self.take(count.checked_mul(2).ok_or_else(exc::memory_error)?)?;
        let mut digits: Vec<u32> = Vec::with_capacity(count / 2 + 1);
        for (i, pair) in raw.chunks_exact(2).enumerate() {
            let short = u16::from_le_bytes([pair[0], pair[1]]);
            if short >= 1 << 15 {
                return Err(bad("digit out of range in long"));
            }
            if i + 1 == count && short == 0 {
                return Err(bad("unnormalized long data"));
            }
            if i % 2 == 0 {
                digits.push(u32::from(short));
            } else if let Some(last) = digits.last_mut() {
                *last |= u32::from(short) << 15;
            }
        }
        Ok(PyInt::from_digits(n < 0, &digits).into_obj())
    }

    fn typed<T: crate::object::PyClass>(&mut self, what: &str) -> PyResult<Ref<T>> {
        self.part("code object")?.downcast::<T>().map_err(|_| bad(&format!("code object: {what}")))
    }

    fn code(&mut self) -> PyResult<ObjRef> {
        let argcount = self.long()?;
        let posonlyargcount = self.long()?;
        let kwonlyargcount = self.long()?;
        let stacksize = self.long()?;
        let flags = self.long()?;
        let code: Ref<PyBytes> = self.typed("code")?;
        let consts: Ref<PyTuple> = self.typed("consts")?;
        let names: Ref<PyTuple> = self.typed("names")?;
        let localsplusnames: Ref<PyTuple> = self.typed("localsplusnames")?;
        let localspluskinds: Ref<PyBytes> = self.typed("localspluskinds")?;
        let filename: Ref<PyStr> = self.typed("filename")?;
        let name: Ref<PyStr> = self.typed("name")?;
        let qualname: Ref<PyStr> = self.typed("qualname")?;
        let firstlineno = self.long()?;
        let linetable: Ref<PyBytes> = self.typed("linetable")?;
        let exceptiontable: Ref<PyBytes> = self.typed("exceptiontable")?;
        for tuple in [&names, &localsplusnames] {
            if tuple.items().iter().any(|item| item.downcast_ref::<PyStr>().is_none()) {
                return Err(bad("code object: names"));
            }
        }
        let parts = CodeParts {
            argcount,
            posonlyargcount,
            kwonlyargcount,
            stacksize,
            flags,
            code: code.as_bytes().to_vec(),
            consts,
            names,
            localsplusnames,
            localspluskinds,
            filename: PyStr::intern(filename).into_obj(),
            name,
            qualname,
            firstlineno,
            linetable,
            exceptiontable,
        };
        Ok(PyCode::new(parts)?.into_obj())
    }
}

/// UTF-8 in which surrogates may be encoded like other characters.
fn decode_surrogatepass(bytes: &[u8]) -> PyResult<Ref<PyStr>> {
    if let Ok(text) = core::str::from_utf8(bytes) {
        return PyStr::try_new(text);
    }
    let mut points = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(&first) = rest.first() {
        if let [0xed, second @ 0xa0..=0xbf, third @ 0x80..=0xbf, ..] = *rest {
            points.push(0xd000 | (u32::from(second) & 0x3f) << 6 | (u32::from(third) & 0x3f));
            rest = &rest[3..];
            continue;
        }
        let len = match first {
            0..=0x7f => 1,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 0,
        };
        match rest.get(..len).filter(|_| len > 0).and_then(|part| core::str::from_utf8(part).ok()) {
            Some(text) => points.extend(text.chars().map(u32::from)),
            None => {
                let at = bytes.len() - rest.len();
                return Err(exc::unicode_decode_error("utf-8", bytes, at, at + 1, "invalid continuation byte"));
            }
        }
        rest = &rest[len..];
    }
    PyStr::try_from_ucs4(&points)
}

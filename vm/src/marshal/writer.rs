//! Writing marshal data.

use std::collections::{HashMap, HashSet};

use super::{FLAG_REF, MAX_DEPTH, VERSION, tag};
use crate::err::PyResult;
use crate::exc;
use crate::object::{ObjRef, PyObject, PyStruct};
use crate::protocol::buffer::Buffer;
use crate::types::bytes::PyBytes;
use crate::types::code::PyCode;
use crate::types::complex::PyComplex;
use crate::types::dict::PyDict;
use crate::types::float::PyFloat;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::set::{PyFrozenSet, PySet};
use crate::types::slice::PySlice;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// The state of one writing.
struct Writer {
    out: Vec<u8>,
    depth: u32,
    version: i32,
    allow_code: bool,
    /// Position in the reference table by address. The objects are kept alive, so addresses stay theirs.
    refs: HashMap<usize, i32>,
    kept: Vec<ObjRef>,
    /// Addresses of objects under way that cannot refer to themselves: a reader has them only after their parts.
    unfinished: HashSet<usize>,
}

/// Why an object cannot be written.
enum Failure {
    Unmarshallable,
    TooDeep,
    CodeDisallowed,
    Raised(crate::PyErr),
}

impl From<crate::PyErr> for Failure {
    fn from(e: crate::PyErr) -> Failure {
        Failure::Raised(e)
    }
}

type WriteResult = Result<(), Failure>;

/// The object as marshal data of the current version.
///
/// # Errors
/// `ValueError` for objects that the format has no place for.
pub fn dumps(object: &PyObject) -> PyResult<Vec<u8>> {
    dumps_with(object, VERSION, true)
}

/// As [`dumps`], in the given version; with `allow_code` false, code objects are refused.
pub fn dumps_with(object: &PyObject, version: i32, allow_code: bool) -> PyResult<Vec<u8>> {
    let mut writer = Writer {
        out: Vec::new(),
        depth: 0,
        version,
        allow_code,
        refs: HashMap::new(),
        kept: Vec::new(),
        unfinished: HashSet::new(),
    };
    match writer.object(object) {
        Ok(()) => Ok(writer.out),
        Err(Failure::Unmarshallable) => Err(exc::value_error("unmarshallable object")),
        Err(Failure::TooDeep) => Err(exc::value_error("object too deeply nested to marshal")),
        Err(Failure::CodeDisallowed) => Err(exc::value_error("marshalling code objects is disallowed")),
        Err(Failure::Raised(e)) => Err(e),
    }
}

impl Writer {
    fn long(&mut self, value: i32) {
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    fn size(&mut self, n: usize) -> WriteResult {
        let n = i32::try_from(n).map_err(|_| Failure::Unmarshallable)?;
        self.long(n);
        Ok(())
    }

    fn sized(&mut self, bytes: &[u8]) -> WriteResult {
        self.size(bytes.len())?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    /// A float as text, with a one-byte length (old versions).
    fn double_text(&mut self, value: f64) {
        let mut buffer = [0u8; 40];
        // SAFETY: seventeen digits, sign, point and exponent fit the buffer.
        let n = unsafe { libc::snprintf(buffer.as_mut_ptr().cast(), buffer.len(), c"%.17g".as_ptr(), value) };
        let text = &buffer[..(n.max(0) as usize).min(buffer.len())];
        self.out.push(text.len() as u8);
        self.out.extend_from_slice(text);
    }

    /// Writes a reference if the object was written before; otherwise gives the flag for its type byte.
    fn reference(&mut self, object: &PyObject) -> Result<Option<u8>, Failure> {
        if self.version < 3 {
            return Ok(Some(0));
        }
        let interned = object.downcast_exact::<PyStr>().is_some_and(PyStr::is_interned);
        if object.refcount() == 1 && !interned {
            return Ok(Some(0));
        }
        let address = object as *const PyObject as usize;
        if let Some(&position) = self.refs.get(&address) {
            if self.unfinished.contains(&address) {
                return Err(Failure::Unmarshallable);
            }
            self.out.push(tag::REF);
            self.long(position);
            return Ok(None);
        }
        let position = self.refs.len() as i32;
        self.refs.insert(address, position);
        self.kept.push(object.new_ref());
        Ok(Some(FLAG_REF))
    }

    fn object(&mut self, object: &PyObject) -> WriteResult {
        self.depth += 1;
        if self.depth > MAX_DEPTH || crate::runtime::recursion::stack_exhausted() {
            return Err(Failure::TooDeep);
        }
        let constant = if crate::is_none(object) {
            Some(tag::NONE)
        } else if object.is(exc::StopIteration().as_object()) {
            Some(tag::STOPITER)
        } else if object.is(&crate::ellipsis()) {
            Some(tag::ELLIPSIS)
        } else if object.is(&crate::py_bool(false)) {
            Some(tag::FALSE)
        } else if object.is(&crate::py_bool(true)) {
            Some(tag::TRUE)
        } else {
            None
        };
        if let Some(constant) = constant {
            self.out.push(constant);
        } else if let Some(flag) = self.reference(object)? {
            let closed = object.downcast_exact::<PyCode>().is_some()
                || object.downcast_exact::<PySlice>().is_some()
                || object.downcast_exact::<PyFrozenSet>().is_some();
            let address = object as *const PyObject as usize;
            if closed {
                self.unfinished.insert(address);
            }
            self.complex_object(object, flag)?;
            if closed {
                self.unfinished.remove(&address);
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn complex_object(&mut self, object: &PyObject, flag: u8) -> WriteResult {
        if let Some(value) = object.downcast_exact::<PyInt>() {
            self.int(value, flag);
        } else if let Some(value) = object.downcast_exact::<PyFloat>() {
            if self.version > 1 {
                self.out.push(tag::BINARY_FLOAT | flag);
                self.out.extend_from_slice(&value.value().to_le_bytes());
            } else {
                self.out.push(tag::FLOAT | flag);
                self.double_text(value.value());
            }
        } else if let Some(value) = object.downcast_exact::<PyComplex>() {
            let (re, im) = (value.re(), value.im());
            if self.version > 1 {
                self.out.push(tag::BINARY_COMPLEX | flag);
                self.out.extend_from_slice(&re.to_le_bytes());
                self.out.extend_from_slice(&im.to_le_bytes());
            } else {
                self.out.push(tag::COMPLEX | flag);
                self.double_text(re);
                self.double_text(im);
            }
        } else if let Some(value) = object.downcast_exact::<PyBytes>() {
            self.out.push(tag::STRING | flag);
            self.sized(value.as_bytes())?;
        } else if let Some(value) = object.downcast_exact::<PyStr>() {
            self.string(value, flag)?;
        } else if let Some(value) = object.downcast_exact::<PyTuple>() {
            if self.version >= 4 && value.len() < 256 {
                self.out.push(tag::SMALL_TUPLE | flag);
                self.out.push(value.len() as u8);
            } else {
                self.out.push(tag::TUPLE | flag);
                self.size(value.len())?;
            }
            for item in value.items() {
                self.object(item)?;
            }
        } else if let Some(value) = object.downcast_exact::<PyList>() {
            self.out.push(tag::LIST | flag);
            let items = value.items_snapshot();
            self.size(items.len())?;
            // The snapshot's own reference would make every item look shared.
            for (i, item) in items.into_iter().enumerate() {
                drop(item);
                let Some(item) = value.get(i) else { return Err(Failure::Unmarshallable) };
                let borrowed: *const PyObject = &*item;
                drop(item);
                // SAFETY: the list owns the item, and writing exact built-in objects runs no code that could change it.
                self.object(unsafe { &*borrowed })?;
            }
        } else if let Some(value) = object.downcast_exact::<PyDict>() {
            self.out.push(tag::DICT | flag);
            let mut pos = 0;
            while let Some((key, item)) = value.iter_index(&mut pos) {
                let (k, v): (*const PyObject, *const PyObject) = (&*key, &*item);
                drop((key, item));
                // SAFETY: as for lists: the dict owns both.
                unsafe {
                    self.object(&*k)?;
                    self.object(&*v)?;
                }
            }
            self.out.push(tag::NULL);
        } else if let Some(value) = object.downcast_exact::<PySet>() {
            self.out.push(tag::SET | flag);
            self.set_items(value.to_vec())?;
        } else if let Some(value) = object.downcast_exact::<PyFrozenSet>() {
            self.out.push(tag::FROZENSET | flag);
            self.set_items(value.to_vec())?;
        } else if let Some(code) = object.downcast_exact::<PyCode>() {
            if !self.allow_code {
                return Err(Failure::CodeDisallowed);
            }
            self.code(code, flag)?;
        } else if let Some(slice) = object.downcast_exact::<PySlice>() {
            if self.version < 5 {
                return Err(Failure::Unmarshallable);
            }
            self.out.push(tag::SLICE | flag);
            for part in [slice.start(), slice.stop(), slice.step()] {
                self.object(part)?;
            }
        } else if object.ty().as_buffer().is_some_and(|procs| procs.bf_getbuffer.get().is_some()) {
            let buffer = Buffer::get(object, 0).map_err(|_| Failure::Unmarshallable)?;
            self.out.push(tag::STRING | flag);
            self.sized(buffer.bytes())?;
        } else {
            return Err(Failure::Unmarshallable);
        }
        Ok(())
    }

    fn int(&mut self, value: &PyInt, flag: u8) {
        if let Some(small) = value.as_i64().and_then(|v| i32::try_from(v).ok()) {
            self.out.push(tag::INT | flag);
            self.long(small);
            return;
        }
        self.out.push(tag::LONG | flag);
        let digits = value.digits();
        let mut shorts: Vec<u16> = Vec::with_capacity(digits.len() * 2);
        for digit in digits {
            shorts.push((digit & 0x7fff) as u16);
            shorts.push((digit >> 15) as u16);
        }
        while shorts.last() == Some(&0) {
            shorts.pop();
        }
        let n = shorts.len() as i32;
        self.long(if value.is_negative() { -n } else { n });
        for short in shorts {
            self.out.extend_from_slice(&short.to_le_bytes());
        }
    }

    fn string(&mut self, value: &PyStr, flag: u8) -> WriteResult {
        let interned = value.is_interned();
        if self.version >= 4
            && let Some(text) = value.as_ascii()
        {
            if text.len() < 256 {
                self.out.push(if interned { tag::SHORT_ASCII_INTERNED } else { tag::SHORT_ASCII } | flag);
                self.out.push(text.len() as u8);
                self.out.extend_from_slice(text.as_bytes());
            } else {
                self.out.push(if interned { tag::ASCII_INTERNED } else { tag::ASCII } | flag);
                self.sized(text.as_bytes())?;
            }
            return Ok(());
        }
        let kind = if self.version >= 3 && interned { tag::INTERNED } else { tag::UNICODE };
        self.out.push(kind | flag);
        let mut bytes = Vec::with_capacity(value.len());
        for c in value.data().iter() {
            match char::from_u32(c) {
                Some(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                // A lone surrogate, encoded like any other character.
                None => bytes.extend_from_slice(&[
                    0xe0 | (c >> 12) as u8,
                    0x80 | (c >> 6 & 0x3f) as u8,
                    0x80 | (c & 0x3f) as u8,
                ]),
            }
        }
        self.sized(&bytes)
    }

    /// Items are sorted by what they are written as, so that equal sets give equal data.
    fn set_items(&mut self, items: Vec<ObjRef>) -> WriteResult {
        self.size(items.len())?;
        let mut keyed = Vec::with_capacity(items.len());
        for item in items {
            let key = match dumps_with(&item, self.version, self.allow_code) {
                Ok(key) => key,
                Err(e) if e.matches(exc::ValueError()) => return Err(Failure::Unmarshallable),
                Err(e) => return Err(e.into()),
            };
            keyed.push((key, item));
        }
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
        for (_, item) in &keyed {
            self.object(item)?;
        }
        Ok(())
    }

    fn code(&mut self, code: &PyCode, flag: u8) -> WriteResult {
        self.out.push(tag::CODE | flag);
        for value in
            [code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_stacksize, code.co_flags]
        {
            self.long(value);
        }
        // Shared with nothing: written without entering it in the table.
        self.out.push(tag::STRING);
        let instructions = code.original_code();
        self.sized(&instructions)?;
        self.object(code.co_consts.as_object())?;
        self.object(code.co_names.as_object())?;
        self.object(code.co_localsplusnames.as_object())?;
        self.object(code.co_localspluskinds.as_object())?;
        self.object(&code.co_filename.get().unwrap_or_else(crate::none))?;
        self.object(code.co_name.as_object())?;
        self.object(code.co_qualname.as_object())?;
        self.long(code.co_firstlineno);
        self.object(code.co_linetable.as_object())?;
        self.object(code.co_exceptiontable.as_object())
    }
}

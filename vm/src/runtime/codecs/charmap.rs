//! Character maps: one byte a character, through a table in Python. Nearly all codecs of the library are made of it.

use core::cell::Cell;

use rpy_derive::{pyclass, pymethods};

use super::errors::{Decoder, Encoder, Replacement, Scheme};
use crate::object::alloc::new_exact;
use crate::object::{ObjRef, PyObject, PyStruct, Ref};
use crate::protocol;
use crate::types::bytes::PyBytes;
use crate::types::dict::PyDict;
use crate::types::int::PyInt;
use crate::types::str::PyStr;
use crate::{PyResult, exc};

const UNDEFINED: &str = "character maps to <undefined>";

/// The inverse of a decoding table, as `codecs.charmap_build` makes it.
#[pyclass(name = "EncodingMap", symbol = "_PyEncodingMap_Type", no_new)]
#[repr(C)]
pub struct PyEncodingMap {
    ob_base: PyObject,
    table: Box<EncodingTable>,
    entries: Cell<usize>,
}

/// Latin-1 characters by index, the others sorted.
struct EncodingTable {
    latin1: [Option<u8>; 256],
    wide: Vec<(u32, u8)>,
}

impl EncodingTable {
    fn get(&self, c: u32) -> Option<u8> {
        match self.latin1.get(c as usize) {
            Some(&byte) => byte,
            None => self.wide.binary_search_by_key(&c, |entry| entry.0).ok().map(|i| self.wide[i].1),
        }
    }
}

#[pymethods]
impl PyEncodingMap {
    /// Return the size (in bytes) of this object.
    #[pymethod]
    fn size(&self) -> usize {
        core::mem::size_of::<EncodingTable>() + self.table.wide.len() * core::mem::size_of::<(u32, u8)>()
    }
}

/// `codecs.charmap_build(map)`: the inverse of a decoding table of up to 256 characters.
///
/// # Errors
/// What making a dict raises.
pub fn build(map: &PyStr) -> PyResult<ObjRef> {
    let data = map.data();
    let len = data.len().min(256);
    // Tables that are not like those of the library become a dict.
    let regular = len == 256 && data.at(0) == 0 && (1..len).all(|i| data.at(i) != 0 && data.at(i) <= 0xffff);
    if !regular {
        let dict = PyDict::new();
        for i in 0..len {
            dict.set_item(PyInt::from_i64(data.at(i) as i64).as_object(), PyInt::from_usize(i).as_object())?;
        }
        return Ok(dict.into_obj());
    }
    let mut table = Box::new(EncodingTable { latin1: [None; 256], wide: Vec::new() });
    for i in 0..len {
        match data.at(i) {
            0xfffe => {}
            c @ 0..=255 => table.latin1[c as usize] = Some(i as u8),
            c => table.wide.push((c, i as u8)),
        }
    }
    table.wide.sort_by_key(|entry| entry.0);
    // Of characters that occur twice, the last position counts.
    table.wide.reverse();
    table.wide.dedup_by_key(|entry| entry.0);
    table.wide.reverse();
    Ok(new_exact(PyEncodingMap { ob_base: PyObject::placeholder(), table, entries: Cell::new(len) }).into_obj())
}

/// Decodes with a table: a string, or a mapping from bytes to characters.
///
/// # Errors
/// `UnicodeDecodeError`, `TypeError` for what the mapping may not give, `MemoryError`, what handlers and mapping raise.
pub fn decode(data: &[u8], errors: Option<&str>, mapping: Option<&PyObject>) -> PyResult<Ref<PyStr>> {
    let Some(mapping) = mapping else {
        return PyStr::try_from_latin1(data);
    };
    let mut decoder = Decoder::new("charmap", errors, data);
    decoder.out.reserve(data.len());
    let table = mapping.downcast_exact::<PyStr>().map(PyStr::data);
    let mut at = 0;
    while at < decoder.input.len() {
        let byte = decoder.input[at];
        let known = match table {
            Some(table) => match (byte as usize) < table.len() {
                true if table.at(byte as usize) != 0xfffe => {
                    decoder.out.push_char(table.at(byte as usize));
                    true
                }
                _ => false,
            },
            None => decode_byte(&mut decoder, mapping, byte)?,
        };
        at = if known { at + 1 } else { decoder.error(at, at + 1, UNDEFINED)? };
    }
    decoder.finish()
}

/// One byte through a mapping; false when it is undefined.
fn decode_byte(decoder: &mut Decoder<'_>, mapping: &PyObject, byte: u8) -> PyResult<bool> {
    let key = PyInt::from_i64(byte as i64);
    let found = match protocol::object::get_item(mapping, key.as_object()) {
        Ok(found) => found,
        Err(err) if err.matches(exc::LookupError()) => return Ok(false),
        Err(err) => return Err(err),
    };
    if crate::is_none(&found) {
        return Ok(false);
    }
    if let Some(number) = found.downcast_ref::<PyInt>() {
        return match number.as_i64() {
            Some(0xfffe) => Ok(false),
            Some(c @ 0..=0x10ffff) => {
                decoder.out.push_char(c as u32);
                Ok(true)
            }
            _ => Err(exc::type_error("character mapping must be in range(0x110000)")),
        };
    }
    match found.downcast_ref::<PyStr>() {
        Some(text) if text.len() == 1 && text.char_at(0) == 0xfffe => Ok(false),
        Some(text) => {
            decoder.out.push_py(text);
            Ok(true)
        }
        None => Err(exc::type_error("character mapping must return integer, None or str")),
    }
}

/// What an encoding table says about a character.
enum Encoded {
    Byte(u8),
    Bytes(Ref<PyBytes>),
    Undefined,
}

fn encode_char(mapping: &PyObject, c: u32) -> PyResult<Encoded> {
    if let Some(map) = mapping.downcast_ref::<PyEncodingMap>() {
        return Ok(map.table.get(c).map_or(Encoded::Undefined, Encoded::Byte));
    }
    let key = PyInt::from_i64(c as i64);
    let found = match protocol::object::get_item(mapping, key.as_object()) {
        Ok(found) => found,
        Err(err) if err.matches(exc::LookupError()) => return Ok(Encoded::Undefined),
        Err(err) => return Err(err),
    };
    if crate::is_none(&found) {
        return Ok(Encoded::Undefined);
    }
    if let Some(number) = found.downcast_ref::<PyInt>() {
        return match number.as_i64().and_then(|value| u8::try_from(value).ok()) {
            Some(byte) => Ok(Encoded::Byte(byte)),
            None => Err(exc::type_error("character mapping must be in range(256)")),
        };
    }
    found.downcast::<PyBytes>().map(Encoded::Bytes).map_err(|found| {
        exc::type_error(format!("character mapping must return integer, bytes or None, not {}", found.ty().name()))
    })
}

fn push_encoded(out: &mut Vec<u8>, encoded: Encoded) -> bool {
    match encoded {
        Encoded::Byte(byte) => out.push(byte),
        Encoded::Bytes(bytes) => out.extend_from_slice(bytes.as_bytes()),
        Encoded::Undefined => return false,
    }
    true
}

/// Encodes with a table: an `EncodingMap`, or a mapping from characters to bytes.
///
/// # Errors
/// `UnicodeEncodeError`, `TypeError` for what the mapping may not give, `MemoryError`, what handlers and mapping raise.
pub fn encode(text: &PyStr, errors: Option<&str>, mapping: Option<&PyObject>) -> PyResult<Vec<u8>> {
    let Some(mapping) = mapping else {
        return super::charsets::encode_latin1(text, errors);
    };
    let mut out = Vec::new();
    out.try_reserve(text.len()).map_err(|_| exc::memory_error())?;
    let mut encoder = Encoder::new("charmap", errors, text);
    let data = text.data();
    let mut at = 0;
    while at < data.len() {
        if push_encoded(&mut out, encode_char(mapping, data.at(at))?) {
            at += 1;
            continue;
        }
        let mut end = at + 1;
        while end < data.len() && matches!(encode_char(mapping, data.at(end))?, Encoded::Undefined) {
            end += 1;
        }
        if encoder.scheme == Scheme::SurrogatePass {
            return Err(encoder.strict(at, end, UNDEFINED));
        }
        let (replacement, position) = encoder.error(at, end, UNDEFINED)?;
        match replacement {
            Replacement::Bytes(bytes) => out.extend_from_slice(&bytes),
            Replacement::Text(replacement) => {
                for c in replacement.data().iter() {
                    if !push_encoded(&mut out, encode_char(mapping, c)?) {
                        return Err(encoder.strict(at, end, UNDEFINED));
                    }
                }
            }
        }
        at = position;
    }
    Ok(out)
}

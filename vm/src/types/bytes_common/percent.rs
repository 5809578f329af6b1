//! `format % arguments` for bytes.

use super::bytes_of;
use super::construct::special_bytes;
use crate::object::{ObjRef, PyObject, Ref};
use crate::protocol::buffer::Buffer;
use crate::protocol::{self, number};
use crate::types::bytearray::PyByteArray;
use crate::types::bytes::PyBytes;
use crate::types::float::PyFloat;
use crate::types::str::percent::{
    Arguments, Sink, Source, Spec, float_text, int_text, parse_spec, qualified_type_name, unsupported_code,
    write_number,
};
use crate::{PyResult, exc};

impl Source for [u8] {
    fn len(&self) -> usize {
        <[u8]>::len(self)
    }
    fn at(&self, index: usize) -> u32 {
        self[index] as u32
    }
    fn key(&self, start: usize, end: usize) -> PyResult<ObjRef> {
        PyBytes::try_new(&self[start..end]).map(Ref::into_obj)
    }
}

/// Room for more; no more than that, if there is not enough memory for growth in advance.
fn reserve(out: &mut Vec<u8>, more: usize) -> PyResult<()> {
    out.try_reserve(more).or_else(|_| out.try_reserve_exact(more)).map_err(|_| exc::memory_error())
}

/// Appends bytes.
fn push(out: &mut Vec<u8>, bytes: &[u8]) -> PyResult<()> {
    reserve(out, bytes.len())?;
    out.extend_from_slice(bytes);
    Ok(())
}

impl Sink for Vec<u8> {
    fn ascii(&mut self, text: &str) -> PyResult<()> {
        push(self, text.as_bytes())
    }
    fn repeat(&mut self, c: u8, count: usize) -> PyResult<()> {
        reserve(self, count)?;
        self.resize(self.len() + count, c);
        Ok(())
    }
}

/// The byte for `%c`.
fn to_byte(value: &PyObject) -> PyResult<u8> {
    let bytes = match (value.downcast_ref::<PyBytes>(), value.downcast_ref::<PyByteArray>()) {
        (Some(bytes), _) => Some(bytes.as_bytes()),
        (_, Some(bytes)) => Some(bytes.as_bytes()),
        _ => None,
    };
    match bytes {
        Some(&[byte]) => return Ok(byte),
        Some(bytes) => {
            return Err(exc::type_error(format!(
                "%c requires an integer in range(256) or a single byte, not a {} object of length {}",
                value.ty().name(),
                bytes.len()
            )));
        }
        None => {}
    }
    if !number::is_index(value) {
        return Err(exc::type_error(format!(
            "%c requires an integer in range(256) or a single byte, not {}",
            qualified_type_name(value)
        )));
    }
    let number = number::index(value)?;
    number
        .as_i64()
        .and_then(|value| u8::try_from(value).ok())
        .ok_or_else(|| exc::overflow_error("%c arg not in range(256)"))
}

/// The bytes for `%b` and `%s`.
fn to_bytes(value: &PyObject) -> PyResult<Vec<u8>> {
    if let Some(bytes) = value.downcast_exact::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    if let Some(object) = special_bytes(value)? {
        return Ok(bytes_of(&object)?.to_vec());
    }
    if Buffer::check(value) {
        return Buffer::get(value, protocol::buffer::flags::FULL_RO)?.to_vec(b'C');
    }
    Err(exc::type_error(format!(
        "%b requires a bytes-like object, or an object that implements __bytes__, not '{}'",
        value.ty().name()
    )))
}

/// Writes bytes cut to the precision and padded to the width.
fn write_bytes(out: &mut Vec<u8>, bytes: &[u8], spec: &Spec) -> PyResult<()> {
    let bytes = &bytes[..spec.precision.unwrap_or(usize::MAX).min(bytes.len())];
    let padding = spec.padding(bytes.len());
    if !spec.left {
        out.repeat(b' ', padding)?;
    }
    push(out, bytes)?;
    if spec.left {
        out.repeat(b' ', padding)?;
    }
    Ok(())
}

/// `format % args`.
///
/// # Errors
/// `TypeError`, `ValueError`, `OverflowError`, `MemoryError`, and what conversions of the arguments raise.
pub fn format(format: &[u8], args: &PyObject) -> PyResult<Vec<u8>> {
    let mut arguments = Arguments::new(args, true);
    let mut out = Vec::new();
    let len = format.len();
    let mut at = 0;
    while at < len {
        let literal_end = memchr::memchr(b'%', &format[at..]).map_or(len, |found| at + found);
        push(&mut out, &format[at..literal_end])?;
        at = literal_end;
        if at >= len {
            break;
        }
        at += 1;
        if format.get(at) == Some(&b'%') {
            out.push(b'%');
            at += 1;
            continue;
        }
        let (spec, behind) = parse_spec(format, at, &mut arguments)?;
        at = behind;
        let value = arguments.next()?;
        match spec.code as u8 {
            b'r' | b'a' => {
                let text = protocol::object::ascii(&value)?;
                write_bytes(&mut out, text.data_bytes(), &spec)?;
            }
            b's' | b'b' => write_bytes(&mut out, &to_bytes(&value)?, &spec)?,
            b'd' | b'i' | b'u' | b'o' | b'x' | b'X' => write_number(&mut out, &int_text(&value, &spec)?, &spec)?,
            b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
                let number = match value.downcast_exact::<PyFloat>() {
                    Some(number) => number.value(),
                    None => number::float(&value).map_err(|err| {
                        if err.matches(exc::TypeError()) {
                            exc::type_error(format!("float argument required, not {}", value.ty().name()))
                        } else {
                            err
                        }
                    })?,
                };
                write_number(&mut out, &float_text(number, &spec)?, &spec)?;
            }
            b'c' => {
                let byte = to_byte(&value)?;
                write_bytes(&mut out, &[byte], &Spec { precision: None, ..spec })?;
            }
            _ => return Err(unsupported_code(spec.code, at - 1)),
        }
    }
    arguments.finish("bytes")?;
    Ok(out)
}

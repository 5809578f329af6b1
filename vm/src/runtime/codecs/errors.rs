//! Error handling of encoders and decoders.
//!
//! The built-in schemes are carried out natively; any other name is looked up in the registry and called with an exception
//! instance, as `codecs.register_error` describes.

use std::borrow::Cow;

use crate::object::{ObjRef, PyObject, PyStruct, Ref};
use crate::protocol;
use crate::types::bytes::PyBytes;
use crate::types::int::PyInt;
use crate::types::str::unicode::is_surrogate;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::PyTuple;
use crate::{PyErr, PyResult, exc};

/// How errors are handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Strict,
    Ignore,
    Replace,
    BackslashReplace,
    XmlCharRefReplace,
    NameReplace,
    SurrogateEscape,
    SurrogatePass,
    Registered,
}

impl Scheme {
    /// From a name; none means `strict`.
    pub fn from_name(name: Option<&str>) -> Scheme {
        match name {
            None | Some("strict") => Scheme::Strict,
            Some("ignore") => Scheme::Ignore,
            Some("replace") => Scheme::Replace,
            Some("backslashreplace") => Scheme::BackslashReplace,
            Some("xmlcharrefreplace") => Scheme::XmlCharRefReplace,
            Some("namereplace") => Scheme::NameReplace,
            Some("surrogateescape") => Scheme::SurrogateEscape,
            Some("surrogatepass") => Scheme::SurrogatePass,
            Some(_) => Scheme::Registered,
        }
    }
}

/// The encodings that `surrogatepass` knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UtfForm {
    Utf8,
    Utf16 { big: bool },
    Utf32 { big: bool },
}

impl UtfForm {
    /// From an encoding's name, in CPython's spellings.
    pub fn from_name(name: &str) -> Option<UtfForm> {
        let lower = name.to_ascii_lowercase();
        let rest = lower.strip_prefix("utf")?;
        let rest = rest.strip_prefix(['-', '_']).unwrap_or(rest);
        if rest == "8" {
            return Some(UtfForm::Utf8);
        }
        let (width, order) = rest.split_at_checked(2)?;
        let big = match order.strip_prefix(['-', '_']).unwrap_or(order) {
            "" => cfg!(target_endian = "big"),
            "le" => false,
            "be" => true,
            _ => return None,
        };
        match width {
            "16" => Some(UtfForm::Utf16 { big }),
            "32" => Some(UtfForm::Utf32 { big }),
            _ => None,
        }
    }

    /// Bytes of a surrogate.
    fn width(self) -> usize {
        match self {
            UtfForm::Utf8 => 3,
            UtfForm::Utf16 { .. } => 2,
            UtfForm::Utf32 { .. } => 4,
        }
    }

    /// Appends a surrogate in this form.
    pub fn push_surrogate(self, out: &mut Vec<u8>, c: u32) {
        match self {
            UtfForm::Utf8 => {
                out.extend_from_slice(&[
                    0xe0 | (c >> 12) as u8,
                    0x80 | ((c >> 6) & 0x3f) as u8,
                    0x80 | (c & 0x3f) as u8,
                ]);
            }
            UtfForm::Utf16 { big: true } => out.extend_from_slice(&(c as u16).to_be_bytes()),
            UtfForm::Utf16 { big: false } => out.extend_from_slice(&(c as u16).to_le_bytes()),
            UtfForm::Utf32 { big: true } => out.extend_from_slice(&c.to_be_bytes()),
            UtfForm::Utf32 { big: false } => out.extend_from_slice(&c.to_le_bytes()),
        }
    }

    /// The surrogate that some bytes start with, if they do, and its length.
    pub fn read_surrogate(self, bytes: &[u8]) -> Option<(u32, usize)> {
        let bytes = bytes.get(..self.width())?;
        let c = match (self, bytes) {
            (UtfForm::Utf8, &[a, b, c]) => {
                if a & 0xf0 != 0xe0 || b & 0xc0 != 0x80 || c & 0xc0 != 0x80 {
                    return None;
                }
                ((a as u32 & 0x0f) << 12) | ((b as u32 & 0x3f) << 6) | (c as u32 & 0x3f)
            }
            (UtfForm::Utf16 { big: true }, &[a, b]) => u16::from_be_bytes([a, b]) as u32,
            (UtfForm::Utf16 { big: false }, &[a, b]) => u16::from_le_bytes([a, b]) as u32,
            (UtfForm::Utf32 { big: true }, &[a, b, c, d]) => u32::from_be_bytes([a, b, c, d]),
            (UtfForm::Utf32 { big: false }, &[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
            _ => return None,
        };
        is_surrogate(c).then_some((c, self.width()))
    }
}

/// A position that a handler returned, relative to `len` items.
fn check_position(position: &PyInt, len: usize) -> PyResult<usize> {
    let given = position.as_i64();
    let resolved = given.map(|at| if at < 0 { at.saturating_add(len as i64) } else { at });
    match resolved {
        Some(at) if at >= 0 && at as usize <= len => Ok(at as usize),
        _ => Err(exc::index_error(format!("position {} from error handler out of bounds", given.unwrap_or(i64::MAX)))),
    }
}

/// The pair that a handler returned.
fn result_pair<'a>(result: &'a PyObject, complaint: &str) -> PyResult<(&'a PyObject, &'a PyInt)> {
    if let Some(tuple) = result.downcast_ref::<PyTuple>()
        && let &[replacement, position] = tuple.items()
        && let Some(position) = position.downcast_ref::<PyInt>()
    {
        return Ok((replacement, position));
    }
    Err(exc::type_error(complaint))
}

/// A decoder's input, output and error handling.
pub struct Decoder<'a> {
    pub encoding: &'a str,
    errors: &'a str,
    scheme: Scheme,
    /// A handler may replace it.
    pub input: Cow<'a, [u8]>,
    pub out: StrBuilder,
    handler: Option<ObjRef>,
}

impl<'a> Decoder<'a> {
    pub fn new(encoding: &'a str, errors: Option<&'a str>, input: &'a [u8]) -> Decoder<'a> {
        Decoder {
            encoding,
            errors: errors.unwrap_or("strict"),
            scheme: Scheme::from_name(errors),
            input: Cow::Borrowed(input),
            out: StrBuilder::new(),
            handler: None,
        }
    }

    /// Deals with the bytes `start..end`, and tells where to go on.
    ///
    /// # Errors
    /// `UnicodeDecodeError`, or what a registered handler raises.
    #[cold]
    pub fn error(&mut self, start: usize, end: usize, reason: &str) -> PyResult<usize> {
        match self.scheme {
            Scheme::Strict => Err(self.strict(start, end, reason)),
            Scheme::Ignore => Ok(end),
            Scheme::Replace => {
                self.out.push_char(0xfffd);
                Ok(end)
            }
            Scheme::BackslashReplace => {
                for &byte in &self.input[start..end] {
                    self.out.push_str(&format!("\\x{byte:02x}"));
                }
                Ok(end)
            }
            Scheme::SurrogateEscape => {
                let escaped = self.input[start..end].iter().take(4).take_while(|&&byte| byte >= 0x80).count();
                if escaped == 0 {
                    return Err(self.strict(start, end, reason));
                }
                for i in start..start + escaped {
                    self.out.push_char(0xdc00 + self.input[i] as u32);
                }
                Ok(start + escaped)
            }
            Scheme::SurrogatePass => {
                match UtfForm::from_name(self.encoding).and_then(|form| form.read_surrogate(&self.input[start..])) {
                    Some((c, width)) => {
                        self.out.push_char(c);
                        Ok(start + width)
                    }
                    None => Err(self.strict(start, end, reason)),
                }
            }
            Scheme::XmlCharRefReplace | Scheme::NameReplace => {
                Err(exc::type_error("don't know how to handle UnicodeDecodeError in error callback"))
            }
            Scheme::Registered => self.call_handler(start, end, reason),
        }
    }

    /// The exception for the bytes `start..end`.
    pub fn strict(&self, start: usize, end: usize, reason: &str) -> PyErr {
        exc::unicode_decode_error(self.encoding, &self.input, start, end, reason)
    }

    fn call_handler(&mut self, start: usize, end: usize, reason: &str) -> PyResult<usize> {
        let handler = match &self.handler {
            Some(handler) => handler.clone(),
            None => {
                let handler = super::lookup_error(self.errors)?;
                self.handler = Some(handler.clone());
                handler
            }
        };
        let exception = self.strict(start, end, reason).into_object();
        let result = protocol::call::call_one(&handler, &exception)?;
        let (replacement, position) = result_pair(&result, "decoding error handler must return (str, int) tuple")?;
        let Some(replacement) = replacement.downcast_ref::<PyStr>() else {
            return Err(exc::type_error("decoding error handler must return (str, int) tuple"));
        };
        // The handler may have put other bytes into the exception.
        let object = protocol::object::getattr(&exception, crate::intern!("object"))?;
        let Some(bytes) = object.downcast_ref::<PyBytes>() else {
            return Err(exc::type_error("object attribute must be bytes"));
        };
        if bytes.as_bytes() != &*self.input {
            self.input = Cow::Owned(bytes.as_bytes().to_vec());
        }
        let position = check_position(position, self.input.len())?;
        self.out.push_py(replacement);
        Ok(position)
    }

    /// The text.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn finish(self) -> PyResult<Ref<PyStr>> {
        self.out.try_finish()
    }
}

/// What takes the place of characters that cannot be encoded.
pub enum Replacement {
    /// Text, to be encoded itself.
    Text(Ref<PyStr>),
    /// Bytes that go to the output as they are.
    Bytes(Vec<u8>),
}

/// An encoder's error handling.
pub struct Encoder<'a> {
    pub encoding: &'a str,
    errors: &'a str,
    pub scheme: Scheme,
    pub text: &'a PyStr,
    handler: Option<ObjRef>,
}

impl<'a> Encoder<'a> {
    pub fn new(encoding: &'a str, errors: Option<&'a str>, text: &'a PyStr) -> Encoder<'a> {
        Encoder { encoding, errors: errors.unwrap_or("strict"), scheme: Scheme::from_name(errors), text, handler: None }
    }

    /// The exception for the characters `start..end`.
    pub fn strict(&self, start: usize, end: usize, reason: &str) -> PyErr {
        exc::unicode_encode_error(self.encoding, self.text.as_object(), start, end, reason)
    }

    /// Deals with the characters `start..end`: what replaces them, and where to go on.
    ///
    /// # Errors
    /// `UnicodeEncodeError`, or what a registered handler raises.
    #[cold]
    pub fn error(&mut self, start: usize, end: usize, reason: &str) -> PyResult<(Replacement, usize)> {
        let text = |text: Ref<PyStr>| Ok((Replacement::Text(text), end));
        match self.scheme {
            Scheme::Strict => Err(self.strict(start, end, reason)),
            Scheme::Ignore => text(PyStr::empty()),
            Scheme::Replace => text(PyStr::latin1_char(b'?').repeat((end - start) as isize)?),
            Scheme::BackslashReplace => text(backslash_replacement(self.text, start, end)?),
            Scheme::XmlCharRefReplace => text(xml_replacement(self.text, start, end)?),
            Scheme::NameReplace => text(name_replacement(self.text, start, end)?),
            Scheme::SurrogateEscape => {
                let mut bytes = Vec::with_capacity(end - start);
                for at in start..end {
                    match self.text.char_at(at) {
                        c @ 0xdc80..=0xdcff => bytes.push((c - 0xdc00) as u8),
                        _ => return Err(self.strict(at, end, reason)),
                    }
                }
                Ok((Replacement::Bytes(bytes), end))
            }
            Scheme::SurrogatePass => {
                let Some(form) = UtfForm::from_name(self.encoding) else {
                    return Err(self.strict(start, end, reason));
                };
                let mut bytes = Vec::new();
                for at in start..end {
                    let c = self.text.char_at(at);
                    if !is_surrogate(c) {
                        return Err(self.strict(start, end, reason));
                    }
                    form.push_surrogate(&mut bytes, c);
                }
                Ok((Replacement::Bytes(bytes), end))
            }
            Scheme::Registered => self.call_handler(start, end, reason),
        }
    }

    fn call_handler(&mut self, start: usize, end: usize, reason: &str) -> PyResult<(Replacement, usize)> {
        const COMPLAINT: &str = "encoding error handler must return (str/bytes, int) tuple";
        let handler = match &self.handler {
            Some(handler) => handler.clone(),
            None => {
                let handler = super::lookup_error(self.errors)?;
                self.handler = Some(handler.clone());
                handler
            }
        };
        let exception = self.strict(start, end, reason).into_object();
        let result = protocol::call::call_one(&handler, &exception)?;
        let (replacement, position) = result_pair(&result, COMPLAINT)?;
        let replacement = if let Some(text) = replacement.downcast_ref::<PyStr>() {
            Replacement::Text(text.to_ref())
        } else if let Some(bytes) = replacement.downcast_ref::<PyBytes>() {
            Replacement::Bytes(bytes.as_bytes().to_vec())
        } else {
            return Err(exc::type_error(COMPLAINT));
        };
        Ok((replacement, check_position(position, self.text.len())?))
    }
}

/// `\xhh`, `\uhhhh`, `\Uhhhhhhhh` for characters of a text.
pub fn backslash_replacement(text: &PyStr, start: usize, end: usize) -> PyResult<Ref<PyStr>> {
    let mut out = StrBuilder::new();
    for c in text.data().slice(start, end).iter() {
        crate::types::str::repr::push_escape(&mut out, c);
    }
    out.try_finish()
}

/// `&#ddd;` for characters of a text.
pub fn xml_replacement(text: &PyStr, start: usize, end: usize) -> PyResult<Ref<PyStr>> {
    let mut out = StrBuilder::new();
    for c in text.data().slice(start, end).iter() {
        out.push_str(&format!("&#{c};"));
    }
    out.try_finish()
}

/// `\N{...}` for characters of a text that have a name, escapes for others.
pub fn name_replacement(text: &PyStr, start: usize, end: usize) -> PyResult<Ref<PyStr>> {
    let mut out = StrBuilder::new();
    for c in text.data().slice(start, end).iter() {
        match char::from_u32(c).and_then(rustpython_unicode::character_name) {
            Some(name) => {
                out.push_ascii(b"\\N{");
                out.push_str(&name);
                out.push_ascii(b"}");
            }
            None => crate::types::str::repr::push_escape(&mut out, c),
        }
    }
    out.try_finish()
}

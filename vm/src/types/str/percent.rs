//! `format % arguments`, for text here and for bytes in `bytes_common::percent`, which shares the parser, the handling of
//! arguments and the formatting of numbers.

use super::format_spec::int_digits;
use super::number_format::{FloatFlags, double_to_string};
use super::{PyStr, StrBuilder, StrData};
use crate::object::{ObjRef, PyObject, PyStruct, Ref};
use crate::protocol;
use crate::types::bytearray::PyByteArray;
use crate::types::bytes::PyBytes;
use crate::types::complex::PyComplex;
use crate::types::float::PyFloat;
use crate::types::int::PyInt;
use crate::types::tuple::PyTuple;
use crate::{PyClass, PyResult, exc};

/// A format string: text or bytes.
pub trait Source {
    fn len(&self) -> usize;
    fn at(&self, index: usize) -> u32;
    /// The key between parentheses, as an object of the same sort.
    fn key(&self, start: usize, end: usize) -> PyResult<ObjRef>;
}

impl Source for PyStr {
    fn len(&self) -> usize {
        PyStr::len(self)
    }
    fn at(&self, index: usize) -> u32 {
        self.char_at(index)
    }
    fn key(&self, start: usize, end: usize) -> PyResult<ObjRef> {
        Ok(self.try_substring(start, end)?.into_obj())
    }
}

/// Where the text goes.
pub trait Sink {
    fn ascii(&mut self, text: &str) -> PyResult<()>;
    fn repeat(&mut self, c: u8, count: usize) -> PyResult<()>;
}

impl Sink for StrBuilder {
    fn ascii(&mut self, text: &str) -> PyResult<()> {
        self.push_ascii(text.as_bytes());
        if self.failed() { Err(exc::memory_error()) } else { Ok(()) }
    }
    fn repeat(&mut self, c: u8, count: usize) -> PyResult<()> {
        self.push_repeated(c as u32, count);
        if self.failed() { Err(exc::memory_error()) } else { Ok(()) }
    }
}

/// One conversion specification.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spec {
    pub left: bool,
    pub plus: bool,
    pub space: bool,
    pub alternate: bool,
    pub zero: bool,
    pub width: Option<usize>,
    pub precision: Option<usize>,
    pub code: u32,
}

impl Spec {
    /// Neither width nor precision.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.width.is_none() && self.precision.is_none()
    }

    /// Padding for `len` characters.
    #[inline]
    pub fn padding(&self, len: usize) -> usize {
        self.width.unwrap_or(0).saturating_sub(len)
    }
}

/// What stands right of the `%`, and how much of it is used up.
pub struct Arguments {
    root: ObjRef,
    current: ObjRef,
    /// -1: a single value instead of a tuple.
    len: isize,
    next: isize,
    is_mapping: bool,
}

impl Arguments {
    /// `for_bytes`: bytes-likes are single values too, then.
    pub fn new(args: &PyObject, for_bytes: bool) -> Arguments {
        let is_tuple = PyTuple::check(args);
        let len = match args.downcast_ref::<PyTuple>() {
            Some(tuple) => tuple.len() as isize,
            None => -1,
        };
        let is_mapping = !is_tuple
            && args.ty().as_mapping().is_some_and(|suite| suite.mp_subscript.get().is_some())
            && !PyStr::check(args)
            && !(for_bytes && (PyBytes::check(args) || PyByteArray::check(args)));
        Arguments { root: args.new_ref(), current: args.new_ref(), len, next: if len < 0 { -2 } else { 0 }, is_mapping }
    }

    /// The next value.
    pub fn next(&mut self) -> PyResult<ObjRef> {
        if self.next < self.len {
            let index = self.next;
            self.next += 1;
            if self.len < 0 {
                return Ok(self.current.clone());
            }
            if let Some(item) = self.current.downcast_ref::<PyTuple>().and_then(|tuple| tuple.get(index as usize)) {
                return Ok(item.new_ref());
            }
        }
        Err(exc::type_error("not enough arguments for format string"))
    }

    /// Complains if values are left over.
    pub fn finish(&self, what: &str) -> PyResult<()> {
        if self.next < self.len && !self.is_mapping {
            return Err(exc::type_error(format!("not all arguments converted during {what} formatting")));
        }
        Ok(())
    }

    fn select(&mut self, key: ObjRef) -> PyResult<()> {
        self.current = protocol::object::get_item(&self.root, &key)?;
        self.len = -1;
        self.next = -2;
        Ok(())
    }
}

/// Parses what follows a `%` at `at`, up to and including the conversion code. Gives the position behind.
pub fn parse_spec<S: Source + ?Sized>(source: &S, mut at: usize, args: &mut Arguments) -> PyResult<(Spec, usize)> {
    let len = source.len();
    let incomplete = || exc::value_error("incomplete format");
    let mut spec = Spec::default();
    if at < len && source.at(at) == b'(' as u32 {
        if !args.is_mapping {
            return Err(exc::type_error("format requires a mapping"));
        }
        let start = at + 1;
        let mut depth = 1;
        at = start;
        loop {
            if at >= len {
                return Err(exc::value_error("incomplete format key"));
            }
            match source.at(at) {
                0x28 => depth += 1,
                0x29 => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            at += 1;
        }
        args.select(source.key(start, at)?)?;
        at += 1;
    }
    loop {
        if at >= len {
            return Err(incomplete());
        }
        match u8::try_from(source.at(at)) {
            Ok(b'-') => spec.left = true,
            Ok(b'+') => spec.plus = true,
            Ok(b' ') => spec.space = true,
            Ok(b'#') => spec.alternate = true,
            Ok(b'0') => spec.zero = true,
            _ => break,
        }
        at += 1;
    }
    if source.at(at) == b'*' as u32 {
        let value = args.next()?;
        let Some(number) = value.downcast_ref::<PyInt>() else {
            return Err(exc::type_error("* wants int"));
        };
        let width =
            number.as_i64().ok_or_else(|| exc::overflow_error("Python int too large to convert to C ssize_t"))?;
        if width < 0 {
            spec.left = true;
        }
        spec.width = Some(width.unsigned_abs() as usize);
        at += 1;
    } else {
        (spec.width, at) = parse_digits(source, at, isize::MAX as usize, "width too big")?;
    }
    if at < len && source.at(at) == b'.' as u32 {
        at += 1;
        if at < len && source.at(at) == b'*' as u32 {
            let value = args.next()?;
            let Some(number) = value.downcast_ref::<PyInt>() else {
                return Err(exc::type_error("* wants int"));
            };
            let precision = number
                .as_i64()
                .and_then(|v| i32::try_from(v).ok())
                .ok_or_else(|| exc::overflow_error("Python int too large to convert to C int"))?;
            spec.precision = Some(precision.max(0) as usize);
            at += 1;
        } else {
            let (precision, behind) = parse_digits(source, at, i32::MAX as usize, "precision too big")?;
            spec.precision = Some(precision.unwrap_or(0));
            at = behind;
        }
    }
    if at < len && matches!(u8::try_from(source.at(at)), Ok(b'h' | b'l' | b'L')) {
        at += 1;
    }
    if at >= len {
        return Err(incomplete());
    }
    spec.code = source.at(at);
    Ok((spec, at + 1))
}

fn parse_digits<S: Source + ?Sized>(
    source: &S,
    mut at: usize,
    limit: usize,
    too_big: &str,
) -> PyResult<(Option<usize>, usize)> {
    let mut value = None;
    while at < source.len() {
        let c = source.at(at);
        if !(0x30..=0x39).contains(&c) {
            break;
        }
        let digit = (c - 0x30) as usize;
        let so_far = value.unwrap_or(0usize);
        if so_far > (limit - digit) / 10 {
            return Err(exc::value_error(too_big));
        }
        value = Some(so_far * 10 + digit);
        at += 1;
    }
    Ok((value, at))
}

/// `ValueError` for an unknown conversion code at `index`.
#[cold]
pub fn unsupported_code(code: u32, index: usize) -> crate::PyErr {
    let shown = if (32..127).contains(&code) { code as u8 as char } else { '?' };
    exc::value_error(format!("unsupported format character '{shown}' (0x{code:x}) at index {index}"))
}

/// `PyNumber_Check`.
fn is_number(value: &PyObject) -> bool {
    value.ty().as_number().is_some_and(|suite| {
        suite.nb_index.get().is_some() || suite.nb_int.get().is_some() || suite.nb_float.get().is_some()
    }) || PyComplex::check(value)
}

/// The integer for `%d %i %u %o %x %X`.
fn to_int(value: &PyObject, code: u8) -> PyResult<Ref<PyInt>> {
    if let Some(number) = value.downcast_ref::<PyInt>() {
        return Ok(number.to_ref());
    }
    let index_only = matches!(code, b'o' | b'x' | b'X');
    if is_number(value) {
        let converted = if index_only { protocol::number::index(value) } else { protocol::number::long(value) };
        match converted {
            Err(err) if err.matches(exc::TypeError()) => {}
            other => return other,
        }
    }
    let wanted = if index_only { "an integer" } else { "a real number" };
    Err(exc::type_error(format!("%{} format: {wanted} is required, not {}", code as char, value.ty().name())))
}

/// A number as text: sign, prefix and digits.
pub struct NumberText {
    negative: bool,
    prefix: &'static str,
    body: String,
}

/// Formats for an integer conversion.
pub fn int_text(value: &PyObject, spec: &Spec) -> PyResult<NumberText> {
    let code = spec.code as u8;
    let number = to_int(value, code)?;
    let (radix, upper, prefix) = match code {
        b'o' => (8, false, "0o"),
        b'x' => (16, false, "0x"),
        b'X' => (16, true, "0X"),
        _ => (10, false, ""),
    };
    let (negative, mut body) = int_digits(&number, radix, upper)?;
    if let Some(precision) = spec.precision
        && precision > body.len()
    {
        if precision > i32::MAX as usize - 3 {
            return Err(exc::overflow_error("precision too large"));
        }
        let mut padded = String::new();
        padded.try_reserve(precision).map_err(|_| exc::memory_error())?;
        padded.extend(core::iter::repeat_n('0', precision - body.len()));
        padded.push_str(&body);
        body = padded;
    }
    Ok(NumberText { negative, prefix: if spec.alternate { prefix } else { "" }, body })
}

/// Formats for a float conversion.
///
/// # Errors
/// `MemoryError`.
pub fn float_text(value: f64, spec: &Spec) -> PyResult<NumberText> {
    let flags = FloatFlags { alternate: spec.alternate, ..FloatFlags::default() };
    let mut body = double_to_string(value, spec.code as u8, spec.precision.unwrap_or(6), flags)?;
    let negative = body.starts_with('-');
    if negative {
        body.remove(0);
    }
    Ok(NumberText { negative, prefix: "", body })
}

/// Writes a number with sign and padding.
pub fn write_number(out: &mut impl Sink, text: &NumberText, spec: &Spec) -> PyResult<()> {
    let sign = match (text.negative, spec.plus, spec.space) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    };
    let padding = spec.padding(sign.len() + text.prefix.len() + text.body.len());
    if !spec.left && !spec.zero {
        out.repeat(b' ', padding)?;
    }
    out.ascii(sign)?;
    out.ascii(text.prefix)?;
    if !spec.left && spec.zero {
        out.repeat(b'0', padding)?;
    }
    out.ascii(&text.body)?;
    if spec.left {
        out.repeat(b' ', padding)?;
    }
    Ok(())
}

/// The class of a value as `%T` shows it: with its module, unless that is `builtins` or `__main__`.
pub fn qualified_type_name(value: &PyObject) -> String {
    let ty = value.ty();
    let attribute = |name: &'static PyStr| {
        protocol::object::getattr(ty.as_object(), name)
            .ok()
            .and_then(|found| found.downcast_ref::<PyStr>().map(|text| text.to_string_lossy().into_owned()))
    };
    let name = attribute(crate::intern!("__qualname__")).unwrap_or_else(|| ty.name().to_owned());
    match attribute(crate::intern!("__module__")) {
        Some(module) if module != "builtins" && module != "__main__" => format!("{module}.{name}"),
        _ => name,
    }
}

/// The character for `%c`.
fn to_char(value: &PyObject) -> PyResult<u32> {
    if let Some(text) = value.downcast_ref::<PyStr>() {
        if text.len() == 1 {
            return Ok(text.char_at(0));
        }
        return Err(exc::type_error(format!(
            "%c requires an int or a unicode character, not a string of length {}",
            text.len()
        )));
    }
    let number = match protocol::number::index(value) {
        Ok(number) => number,
        Err(err) if err.matches(exc::TypeError()) => {
            return Err(exc::type_error(format!(
                "%c requires an int or a unicode character, not {}",
                qualified_type_name(value)
            )));
        }
        Err(err) => return Err(err),
    };
    match number.as_i64() {
        Some(c @ 0..=0x10ffff) => Ok(c as u32),
        _ => Err(exc::overflow_error("%c arg not in range(0x110000)")),
    }
}

/// Writes text cut to the precision and padded to the width.
fn write_text(out: &mut StrBuilder, text: &PyStr, spec: &Spec) -> PyResult<()> {
    let len = spec.precision.unwrap_or(usize::MAX).min(text.len());
    let padding = spec.padding(len);
    if !spec.left {
        out.repeat(b' ', padding)?;
    }
    if len == text.len() {
        out.push_py(text);
    } else {
        out.push_data(text.data().slice(0, len));
    }
    if spec.left {
        out.repeat(b' ', padding)?;
    }
    Ok(())
}

/// `format % args`.
///
/// # Errors
/// `TypeError`, `ValueError`, `OverflowError`, `MemoryError`, and what conversions of the arguments raise.
pub fn format(format: &PyStr, args: &PyObject) -> PyResult<Ref<PyStr>> {
    let mut arguments = Arguments::new(args, false);
    let data = format.data();
    let len = data.len();
    let mut out = StrBuilder::new();
    let mut at = 0;
    while at < len {
        let literal_end = match super::search::find_char(data.slice(at, len), b'%' as u32) {
            Some(found) => at + found,
            None => len,
        };
        if literal_end > at {
            if at == 0 && literal_end == len {
                arguments.finish("string")?;
                return format.to_exact();
            }
            push_literal(&mut out, format, data, at, literal_end);
        }
        at = literal_end;
        if at >= len {
            break;
        }
        at += 1;
        if at < len && data.at(at) == b'%' as u32 {
            out.push_char(b'%' as u32);
            at += 1;
            continue;
        }
        let (spec, behind) = parse_spec(format, at, &mut arguments)?;
        at = behind;
        let value = arguments.next()?;
        match u8::try_from(spec.code) {
            Ok(b's' | b'r' | b'a') => {
                let text = match spec.code as u8 {
                    b's' => match value.downcast_exact::<PyStr>() {
                        Some(text) => text.to_ref(),
                        None => protocol::object::str(&value)?,
                    },
                    b'r' => protocol::object::repr(&value)?,
                    _ => protocol::object::ascii(&value)?,
                };
                let fits = spec.width.unwrap_or(0) <= text.len() && spec.precision.is_none_or(|p| p >= text.len());
                if at == len && out.is_empty() && fits {
                    arguments.finish("string")?;
                    return text.to_exact();
                }
                write_text(&mut out, &text, &spec)?;
            }
            Ok(b'd' | b'i' | b'u' | b'o' | b'x' | b'X') => {
                let text = int_text(&value, &spec)?;
                write_number(&mut out, &text, &spec)?;
            }
            Ok(b'e' | b'E' | b'f' | b'F' | b'g' | b'G') => {
                let number = match value.downcast_exact::<PyFloat>() {
                    Some(number) => number.value(),
                    None => protocol::number::float(&value)?,
                };
                write_number(&mut out, &float_text(number, &spec)?, &spec)?;
            }
            Ok(b'c') => {
                let c = to_char(&value)?;
                let padding = spec.padding(1);
                if !spec.left {
                    out.repeat(b' ', padding)?;
                }
                out.push_char(c);
                if spec.left {
                    out.repeat(b' ', padding)?;
                }
            }
            _ => return Err(unsupported_code(spec.code, at - 1)),
        }
    }
    arguments.finish("string")?;
    out.try_finish()
}

fn push_literal(out: &mut StrBuilder, format: &PyStr, data: StrData<'_>, start: usize, end: usize) {
    match data {
        StrData::Latin1(text) if format.is_ascii() => out.push_ascii(&text[start..end]),
        _ => out.push_data(data.slice(start, end)),
    }
}

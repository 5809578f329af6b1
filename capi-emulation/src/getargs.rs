//! `PyArg_ParseTuple` and its relatives: C variables from Python arguments, by a format.
//!
//! A format unit reads one Python object and one or more C pointers. What a unit allocated (buffers, encoded text, results of
//! converters with `Py_CLEANUP_SUPPORTED`) is undone if a later unit fails.

use core::ffi::{CStr, c_char, c_int, c_void};

use rpy_vm::object::alloc::{mem_alloc, mem_free};
use rpy_vm::object::slots::PyBufferView;
use rpy_vm::protocol::{buffer, number, object as po, sequence};
use rpy_vm::runtime::{codecs, suggestions};
use rpy_vm::types::bytearray::PyByteArray;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::complex::PyComplex;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{PyClass, PyErr, PyObject, PyResult, PyTypeObject, exc};

use crate::border::{Obj, OptObj, bad_call, lossy};
use crate::floatobject::Complex;
use crate::va_list::VaList;

/// The converter of an `O&` unit.
type Converter = unsafe extern "C-unwind" fn(*mut PyObject, *mut c_void) -> c_int;
/// What a converter answers when it wants to be called again with NULL to undo its work.
const CLEANUP_SUPPORTED: c_int = 0x20000;

exports! {
    /// Positional arguments; 1, or 0 with an exception.
    fn va_PyArg_ParseTuple(args: Obj<'_>, format: *const c_char, va: &mut VaList) -> c_int {
        truth(parse_tuple(args, format, va))
    }
    /// As `PyArg_ParseTuple`.
    fn PyArg_VaParse(args: Obj<'_>, format: *const c_char, va: &mut VaList) -> c_int {
        truth(parse_tuple(args, format, va))
    }
    /// As `PyArg_VaParse`, under the name it had where lengths are `Py_ssize_t`.
    fn _PyArg_VaParse_SizeT(args: Obj<'_>, format: *const c_char, va: &mut VaList) -> c_int {
        truth(parse_tuple(args, format, va))
    }
    /// One object, not a tuple of arguments (unless the format has several units).
    fn va_PyArg_Parse(object: OptObj<'_>, format: *const c_char, va: &mut VaList) -> c_int {
        truth(parse_one(object, format, va))
    }
    /// Positional and keyword arguments.
    fn va_PyArg_ParseTupleAndKeywords(args: Obj<'_>, kwargs: OptObj<'_>, format: *const c_char, names: *const *const c_char, va: &mut VaList) -> c_int {
        truth(parse_keywords(args, kwargs, format, names, va))
    }
    /// As `PyArg_ParseTupleAndKeywords`.
    fn PyArg_VaParseTupleAndKeywords(args: Obj<'_>, kwargs: OptObj<'_>, format: *const c_char, names: *const *const c_char, va: &mut VaList) -> c_int {
        truth(parse_keywords(args, kwargs, format, names, va))
    }
    /// As `PyArg_VaParseTupleAndKeywords`, under the name it had where lengths are `Py_ssize_t`.
    fn _PyArg_VaParseTupleAndKeywords_SizeT(args: Obj<'_>, kwargs: OptObj<'_>, format: *const c_char, names: *const *const c_char, va: &mut VaList) -> c_int {
        truth(parse_keywords(args, kwargs, format, names, va))
    }
    /// Are all keywords strings?
    fn PyArg_ValidateKeywordArguments(kwargs: Obj<'_>) -> c_int {
        truth(match kwargs.downcast_ref::<PyDict>() {
            None => Err(bad_call()),
            Some(dict) if dict.has_only_str_keys() => Ok(()),
            Some(_) => Err(exc::type_error("keywords must be strings")),
        })
    }
    /// Between `min` and `max` objects of a tuple, borrowed.
    fn va_PyArg_UnpackTuple(args: Obj<'_>, name: *const c_char, min: isize, max: isize, va: &mut VaList) -> c_int {
        truth(unpack(args, name, min, max, va))
    }
}

fn truth(result: PyResult<()>) -> c_int {
    match result {
        Ok(()) => 1,
        Err(error) => {
            error.restore();
            0
        }
    }
}

/// Why a unit could not be converted.
enum Fail {
    /// An exception that says all.
    Raised(PyErr),
    /// "must be str, not int", and through which nested items (numbered from 1) the way led. What is in parentheses is no fault of the
    /// argument, but of the format or a converter.
    Mismatch(String, Vec<usize>),
}

impl From<PyErr> for Fail {
    fn from(error: PyErr) -> Fail {
        Fail::Raised(error)
    }
}

fn shown_type(object: &PyObject) -> &str {
    if rpy_vm::is_none(object) { "None" } else { object.ty().full_name() }
}

fn mismatch<T>(expected: &str, got: &PyObject) -> Result<T, Fail> {
    Err(Fail::Mismatch(format!("must be {expected}, not {}", shown_type(got)), Vec::new()))
}

/// What has to be undone if a later unit fails.
enum Undo {
    Buffer(*mut PyBufferView),
    Memory(*mut *mut c_char),
    Converter(Converter, *mut c_void),
}

struct Parser<'a> {
    va: &'a mut VaList,
    undo: Vec<Undo>,
}

impl Parser<'_> {
    fn fail(&mut self) {
        for undo in self.undo.drain(..) {
            // SAFETY: each entry describes what a unit has just filled in.
            unsafe {
                match undo {
                    Undo::Buffer(view) => buffer::release_buffer(&mut *view),
                    Undo::Memory(place) => {
                        mem_free(*place as *mut u8);
                        place.write(core::ptr::null_mut());
                    }
                    Undo::Converter(convert, place) => {
                        convert(core::ptr::null_mut(), place);
                    }
                }
            }
        }
    }

    /// Converts one argument: a unit, or a parenthesised group of them. Gives what is left of the format.
    unsafe fn item<'f>(&mut self, arg: &PyObject, format: &'f [u8]) -> Result<&'f [u8], Fail> {
        // SAFETY: the caller's promise about the format and the C arguments.
        unsafe {
            match format.first() {
                Some(b'(') => self.group(arg, &format[1..]),
                _ => self.unit(arg, format),
            }
        }
    }

    unsafe fn group<'f>(&mut self, arg: &PyObject, mut format: &'f [u8]) -> Result<&'f [u8], Fail> {
        let count = count_units(format);
        if !sequence::check(arg) || PyBytes::check(arg) || PyStr::check(arg) {
            return mismatch(&format!("{count}-item sequence"), arg);
        }
        let items = sequence::fast(arg)?;
        if items.len() != count {
            let message = format!("must be sequence of length {count}, not {}", items.len());
            return Err(Fail::Mismatch(message, Vec::new()));
        }
        for (i, item) in items.iter().enumerate() {
            // SAFETY: the caller's promise. Borrowed results stay alive in the sequence.
            format = match unsafe { self.item(item, format) } {
                Ok(rest) => rest,
                Err(Fail::Mismatch(message, mut path)) => {
                    path.insert(0, i + 1);
                    return Err(Fail::Mismatch(message, path));
                }
                Err(raised) => return Err(raised),
            };
        }
        match format.split_first() {
            Some((b')', rest)) => Ok(rest),
            _ => Err(exc::system_error("bad format string: unbalanced parenthesis").into()),
        }
    }

    /// An integer of a range.
    fn integer(arg: &PyObject, low: i64, high: i64, name: &str) -> PyResult<i64> {
        let value = long(arg)?;
        if value < low {
            return Err(exc::overflow_error(format!("{name} is less than minimum")));
        }
        if value > high {
            return Err(exc::overflow_error(format!("{name} is greater than maximum")));
        }
        Ok(value)
    }

    /// Converts one unit.
    unsafe fn unit<'f>(&mut self, arg: &PyObject, format: &'f [u8]) -> Result<&'f [u8], Fail> {
        let Some((&code, mut rest)) = format.split_first() else {
            return Err(exc::system_error("bad format string").into());
        };
        let next = rest.first().copied().unwrap_or(0);
        // SAFETY: the C arguments are places for what the unit gives.
        unsafe {
            match code {
                b'b' => put(self.va, Self::integer(arg, 0, 255, "unsigned byte integer")? as u8),
                b'B' => put(self.va, number::index(arg)?.wrapping_u64() as u8),
                b'h' => put(
                    self.va,
                    Self::integer(arg, i64::from(i16::MIN), i64::from(i16::MAX), "signed short integer")? as i16,
                ),
                b'H' => put(self.va, number::index(arg)?.wrapping_u64() as u16),
                b'i' => {
                    put(self.va, Self::integer(arg, i64::from(i32::MIN), i64::from(i32::MAX), "signed integer")? as i32);
                }
                b'I' => put(self.va, number::index(arg)?.wrapping_u64() as u32),
                b'l' => put(self.va, long(arg)?),
                b'L' => {
                    let value = number::index(arg)?;
                    put(self.va, value.as_i64().ok_or_else(|| exc::overflow_error("int too big to convert"))?);
                }
                b'n' => {
                    let value = number::index(arg)?;
                    let value = value
                        .as_isize()
                        .ok_or_else(|| exc::overflow_error("Python int too large to convert to C ssize_t"))?;
                    put(self.va, value);
                }
                b'k' | b'K' => {
                    if !number::is_index(arg) {
                        return mismatch("int", arg);
                    }
                    put(self.va, number::index(arg)?.wrapping_u64());
                }
                b'f' => put(self.va, number::as_f64(arg)? as f32),
                b'd' => put(self.va, number::as_f64(arg)?),
                b'D' => {
                    let (real, imag) = PyComplex::parts_of(arg)?;
                    put(self.va, Complex { real, imag });
                }
                b'p' => put(self.va, c_int::from(po::is_true(arg)?)),
                b'c' => {
                    let byte = match (arg.downcast_ref::<PyBytes>(), arg.downcast_ref::<PyByteArray>()) {
                        (Some(bytes), _) if bytes.len() == 1 => bytes.as_bytes()[0],
                        (_, Some(bytes)) if bytes.len() == 1 => bytes.as_bytes()[0],
                        (Some(bytes), _) => return wrong_length("byte string of length 1", "bytes object", bytes.len()),
                        (_, Some(bytes)) => return wrong_length("byte string of length 1", "bytearray object", bytes.len()),
                        (None, None) => return mismatch("a byte string of length 1", arg),
                    };
                    put(self.va, byte);
                }
                b'C' => match arg.downcast_ref::<PyStr>() {
                    Some(text) if text.len() == 1 => put(self.va, text.char_at(0) as c_int),
                    Some(text) => return wrong_length("unicode character", "string", text.len()),
                    None => return mismatch("a unicode character", arg),
                },
                b's' | b'z' if next == b'*' => {
                    rest = &rest[1..];
                    let view = self.va.pointer::<PyBufferView>();
                    if code == b'z' && rpy_vm::is_none(arg) {
                        buffer::fill_info(view, None, core::ptr::null_mut(), 0, true, 0)?;
                    } else if let Some(text) = arg.downcast_ref::<PyStr>() {
                        let text = text.as_utf8()?;
                        buffer::fill_info(view, Some(arg), text.as_ptr().cast_mut(), text.len(), true, 0)?;
                        self.undo.push(Undo::Buffer(view));
                    } else {
                        self.contiguous(arg, view, 0, "str or bytes-like object")?;
                    }
                }
                b's' | b'z' => {
                    let with_length = next == b'#';
                    let place = self.va.pointer::<*const c_char>();
                    let (data, len) = if code == b'z' && rpy_vm::is_none(arg) {
                        (core::ptr::null(), 0)
                    } else if let Some(text) = arg.downcast_ref::<PyStr>() {
                        let text = text.as_utf8()?;
                        if !with_length && text.contains('\0') {
                            return Err(exc::value_error("embedded null character").into());
                        }
                        (text.as_ptr() as *const c_char, text.len())
                    } else if with_length && let Some(bytes) = stable_bytes(arg) {
                        (bytes.as_ptr() as *const c_char, bytes.len())
                    } else if with_length {
                        return not_stable(arg);
                    } else {
                        return mismatch(if code == b'z' { "str or None" } else { "str" }, arg);
                    };
                    place.write(data);
                    if with_length {
                        rest = &rest[1..];
                        put(self.va, len as isize);
                    }
                }
                b'y' if next == b'*' => {
                    rest = &rest[1..];
                    let view = self.va.pointer::<PyBufferView>();
                    self.contiguous(arg, view, 0, "bytes-like object")?;
                }
                b'y' => {
                    let place = self.va.pointer::<*const c_char>();
                    let Some(bytes) = stable_bytes(arg) else { return not_stable(arg) };
                    place.write(bytes.as_ptr() as *const c_char);
                    if next == b'#' {
                        rest = &rest[1..];
                        put(self.va, bytes.len() as isize);
                    } else if bytes.contains(&0) {
                        return Err(exc::value_error("embedded null byte").into());
                    }
                }
                b'w' if next == b'*' => {
                    rest = &rest[1..];
                    let view = self.va.pointer::<PyBufferView>();
                    self.contiguous(arg, view, buffer::flags::WRITABLE, "read-write bytes-like object")?;
                }
                b'e' => rest = self.encoded(arg, rest)?,
                b'S' => match PyBytes::check(arg) {
                    true => put(self.va, arg.as_ptr()),
                    false => return mismatch("bytes", arg),
                },
                b'Y' => match PyByteArray::check(arg) {
                    true => put(self.va, arg.as_ptr()),
                    false => return mismatch("bytearray", arg),
                },
                b'U' => match PyStr::check(arg) {
                    true => put(self.va, arg.as_ptr()),
                    false => return mismatch("str", arg),
                },
                b'O' if next == b'!' => {
                    rest = &rest[1..];
                    let class = &*self.va.pointer::<PyTypeObject>();
                    let place = self.va.pointer::<*mut PyObject>();
                    if !arg.ty().is_subtype(class) {
                        return mismatch(class.full_name(), arg);
                    }
                    place.write(arg.as_ptr());
                }
                b'O' if next == b'&' => {
                    rest = &rest[1..];
                    let convert: Converter = core::mem::transmute(self.va.void());
                    let place = self.va.void();
                    match convert(arg.as_ptr(), place) {
                        0 => return Err(converter_failed()),
                        CLEANUP_SUPPORTED => self.undo.push(Undo::Converter(convert, place)),
                        _ => {}
                    }
                }
                b'O' => put(self.va, arg.as_ptr()),
                _ => return Err(Fail::Mismatch("(impossible<bad format char>)".to_owned(), Vec::new())),
            }
        }
        Ok(rest)
    }

    /// A view of contiguous memory that stays exported until the caller releases it.
    unsafe fn contiguous(
        &mut self,
        arg: &PyObject,
        view: *mut PyBufferView,
        wanted: c_int,
        expected: &str,
    ) -> Result<(), Fail> {
        // SAFETY: the unit's C argument is a place for a view.
        unsafe {
            if let Err(error) = buffer::get_buffer(arg, &mut *view, wanted) {
                if wanted & buffer::flags::WRITABLE != 0 {
                    return mismatch(expected, arg);
                }
                return Err(Fail::Raised(error));
            }
            if !(*view).is_contiguous(b'C') {
                buffer::release_buffer(&mut *view);
                return mismatch("contiguous buffer", arg);
            }
        }
        self.undo.push(Undo::Buffer(view));
        Ok(())
    }

    /// `es`, `et`, `es#`, `et#`: text encoded into memory for `PyMem_Free` (or into the caller's buffer).
    unsafe fn encoded<'f>(&mut self, arg: &PyObject, format: &'f [u8]) -> Result<&'f [u8], Fail> {
        let (keep_bytes, mut rest) = match format.split_first() {
            Some((b's', rest)) => (false, rest),
            Some((b't', rest)) => (true, rest),
            _ => return Err(exc::system_error("bad format string: unknown parser marker combination").into()),
        };
        // SAFETY: the C arguments are an encoding (or NULL), a place for a pointer, and for `#` a place for the length.
        unsafe {
            let encoding = crate::border::opt_text(self.va.text());
            let place = self.va.pointer::<*mut c_char>();
            let owned;
            let data: &[u8] = match (arg.downcast_ref::<PyStr>(), bytes_or_bytearray(arg)) {
                (None, Some(bytes)) if keep_bytes => bytes,
                (Some(text), _) => {
                    owned = codecs::encode_str(text, encoding, None)?;
                    owned.downcast_ref::<PyBytes>().ok_or_else(bad_call)?.as_bytes()
                }
                (None, _) => return mismatch(if keep_bytes { "str, bytes or bytearray" } else { "str" }, arg),
            };
            if let Some((b'#', tail)) = rest.split_first() {
                rest = tail;
                let length = self.va.pointer::<isize>();
                if !(*place).is_null() {
                    if data.len() as isize + 1 > *length {
                        let message = format!("encoded string too long ({}, maximum length {})", data.len(), *length - 1);
                        return Err(exc::value_error(message).into());
                    }
                    fill(*place, data);
                    length.write(data.len() as isize);
                    return Ok(rest);
                }
                length.write(data.len() as isize);
            } else if data.contains(&0) {
                return mismatch("encoded string without null bytes", arg);
            }
            let block = mem_alloc(data.len() + 1) as *mut c_char;
            if block.is_null() {
                return Err(exc::memory_error().into());
            }
            fill(block, data);
            place.write(block);
            self.undo.push(Undo::Memory(place));
        }
        Ok(rest)
    }
}

unsafe fn fill(place: *mut c_char, data: &[u8]) {
    // SAFETY: the caller has checked the room.
    unsafe {
        core::ptr::copy_nonoverlapping(data.as_ptr() as *const c_char, place, data.len());
        place.add(data.len()).write(0);
    }
}

/// Writes through the next C argument.
unsafe fn put<T>(va: &mut VaList, value: T) {
    // SAFETY: the caller's promise: it is a place for a `T`.
    unsafe { va.pointer::<T>().write(value) }
}

fn long(arg: &PyObject) -> PyResult<i64> {
    number::index(arg)?.as_i64().ok_or_else(|| exc::overflow_error("Python int too large to convert to C long"))
}

#[cold]
fn wrong_length<T>(wanted: &str, got: &str, len: usize) -> Result<T, Fail> {
    Err(Fail::Mismatch(format!("must be a {wanted}, not a {got} of length {len}"), Vec::new()))
}

#[cold]
fn converter_failed() -> Fail {
    match PyErr::fetch() {
        Some(error) => Fail::Raised(error),
        None => Fail::Mismatch("(unspecified)".to_owned(), Vec::new()),
    }
}

/// The contents of an object whose memory stays where it is without an export: bytes, and read-only buffers that need no release.
fn stable_bytes(arg: &PyObject) -> Option<&[u8]> {
    if let Some(bytes) = arg.downcast_ref::<PyBytes>() {
        return Some(bytes.as_bytes());
    }
    let procs = arg.ty().as_buffer()?;
    if procs.bf_getbuffer.get().is_none() || procs.bf_releasebuffer.get().is_some() {
        return None;
    }
    let view = buffer::Buffer::simple(arg).ok()?;
    if view.view().readonly == 0 {
        return None;
    }
    // SAFETY: exporters without a release function promise that the memory stays as long as the object.
    Some(unsafe { core::slice::from_raw_parts(view.view().buf as *const u8, view.len()) })
}

/// The contents of bytes or a bytearray.
fn bytes_or_bytearray(arg: &PyObject) -> Option<&[u8]> {
    match (arg.downcast_ref::<PyBytes>(), arg.downcast_ref::<PyByteArray>()) {
        (Some(bytes), _) => Some(bytes.as_bytes()),
        (_, Some(bytes)) => Some(bytes.as_bytes()),
        (None, None) => None,
    }
}

/// Why [`stable_bytes`] gave nothing.
#[cold]
fn not_stable<T>(arg: &PyObject) -> Result<T, Fail> {
    let needs_release = arg.ty().as_buffer().is_some_and(|procs| procs.bf_releasebuffer.get().is_some());
    match if needs_release { None } else { buffer::Buffer::simple(arg).err() } {
        Some(error) => Err(Fail::Raised(error)),
        None => mismatch("read-only bytes-like object", arg),
    }
}

/// How many arguments the units up to the closing parenthesis (or the end) convert.
fn count_units(format: &[u8]) -> usize {
    let mut count = 0;
    let mut level = 0;
    for &c in format {
        match c {
            b'(' => {
                if level == 0 {
                    count += 1;
                }
                level += 1;
            }
            b')' if level == 0 => break,
            b')' => level -= 1,
            b':' | b';' if level == 0 => break,
            b'e' => {}
            c if c.is_ascii_alphabetic() && level == 0 => count += 1,
            _ => {}
        }
    }
    // `es` and `et` are one unit: `e` itself was not counted.
    count
}

/// Passes over a unit (or group) whose argument is missing, and its C arguments.
unsafe fn skip<'f>(format: &'f [u8], va: &mut VaList) -> &'f [u8] {
    let Some((&code, mut rest)) = format.split_first() else { return format };
    if code == b'(' {
        while rest.first().is_some_and(|&c| c != b')') {
            // SAFETY: the caller's promise.
            rest = unsafe { skip(rest, va) };
        }
        return rest.get(1..).unwrap_or(&[]);
    }
    let mut pointers = 1;
    if code == b'e' {
        pointers += 1;
        rest = rest.get(1..).unwrap_or(&[]);
    }
    match rest.first() {
        Some(b'#' | b'!' | b'&') => {
            pointers += 1;
            rest = &rest[1..];
        }
        Some(b'*') => rest = &rest[1..],
        _ => {}
    }
    for _ in 0..pointers {
        // SAFETY: the caller's promise.
        unsafe { va.void() };
    }
    rest
}

/// A format taken apart.
struct Format<'f> {
    units: &'f [u8],
    min: usize,
    max: usize,
    /// From where on arguments are keyword-only.
    keyword_only: Option<usize>,
    function: Option<&'f [u8]>,
    message: Option<&'f [u8]>,
}

impl<'f> Format<'f> {
    fn new(text: &'f [u8]) -> Format<'f> {
        let mut level = 0;
        let mut end = text.len();
        let (mut function, mut message) = (None, None);
        for (i, &c) in text.iter().enumerate() {
            match c {
                b'(' => level += 1,
                b')' => level -= 1,
                b':' if level == 0 => {
                    function = Some(&text[i + 1..]);
                    end = i;
                    break;
                }
                b';' if level == 0 => {
                    message = Some(&text[i + 1..]);
                    end = i;
                    break;
                }
                _ => {}
            }
        }
        let units = &text[..end];
        let max = count_units(units);
        let before = |mark: u8| units.iter().position(|&c| c == mark).map(|at| count_units(&units[..at]));
        Format { units, min: before(b'|').unwrap_or(max), max, keyword_only: before(b'$'), function, message }
    }

    fn function(&self) -> (String, &'static str) {
        match self.function {
            Some(name) => (String::from_utf8_lossy(name).into_owned(), "()"),
            None => ("function".to_owned(), ""),
        }
    }

    /// The exception for a unit that did not fit.
    fn error(&self, argument: usize, fail: Fail) -> PyErr {
        let (text, path) = match fail {
            Fail::Raised(error) => return error,
            Fail::Mismatch(text, path) => (text, path),
        };
        let is_type_error = !text.starts_with('(');
        let error = |text: String| if is_type_error { exc::type_error(text) } else { exc::system_error(text) };
        if let Some(message) = self.message {
            return error(String::from_utf8_lossy(message).into_owned());
        }
        let mut shown = match self.function {
            Some(name) => format!("{}() ", String::from_utf8_lossy(name)),
            None => String::new(),
        };
        shown.push_str("argument");
        if argument != 0 {
            shown.push_str(&format!(" {argument}"));
            for item in path {
                shown.push_str(&format!(", item {}", item - 1));
            }
        }
        error(format!("{shown} {text}"))
    }
}

/// Passes over the marks between units.
fn marks(mut format: &[u8]) -> &[u8] {
    while let Some((b'|' | b'$', rest)) = format.split_first() {
        format = rest;
    }
    format
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

unsafe fn parse_tuple(args: &PyObject, format: *const c_char, va: &mut VaList) -> PyResult<()> {
    // SAFETY: the caller's promise.
    let format = Format::new(unsafe { CStr::from_ptr(format) }.to_bytes());
    let Some(tuple) = args.downcast_ref::<PyTuple>() else {
        return Err(exc::system_error("new style getargs format but argument is not a tuple"));
    };
    let given = tuple.len();
    if given < format.min || given > format.max {
        if let Some(message) = format.message {
            return Err(exc::type_error(String::from_utf8_lossy(message)));
        }
        let (name, parens) = format.function();
        let how = if format.min == format.max {
            "exactly"
        } else if given < format.min {
            "at least"
        } else {
            "at most"
        };
        let wanted = if given < format.min { format.min } else { format.max };
        return Err(exc::type_error(format!(
            "{name}{parens} takes {how} {wanted} argument{} ({given} given)",
            plural(wanted)
        )));
    }
    let mut parser = Parser { va, undo: Vec::new() };
    let mut rest = format.units;
    for (i, &arg) in tuple.items().iter().enumerate() {
        // SAFETY: the caller's promise about the C arguments.
        match unsafe { parser.item(arg, marks(rest)) } {
            Ok(tail) => rest = tail,
            Err(fail) => {
                parser.fail();
                return Err(format.error(i + 1, fail));
            }
        }
    }
    Ok(())
}

unsafe fn parse_one(object: Option<&PyObject>, format: *const c_char, va: &mut VaList) -> PyResult<()> {
    // SAFETY: the caller's promise.
    let format = Format::new(unsafe { CStr::from_ptr(format) }.to_bytes());
    let (name, parens) = format.function();
    if format.max == 0 {
        return match object {
            None => Ok(()),
            Some(_) => Err(exc::type_error(format!("{name}{parens} takes no arguments"))),
        };
    }
    let Some(object) = object else {
        return Err(exc::type_error(format!("{name}{parens} takes at least one argument")));
    };
    if format.min != 1 || format.max != 1 {
        return Err(exc::system_error("old style getargs format uses new features"));
    }
    let mut parser = Parser { va, undo: Vec::new() };
    // SAFETY: the caller's promise about the C arguments.
    match unsafe { parser.item(object, format.units) } {
        Ok(_) => Ok(()),
        Err(fail) => {
            parser.fail();
            Err(format.error(0, fail))
        }
    }
}

unsafe fn parse_keywords(
    args: &PyObject,
    kwargs: Option<&PyObject>,
    format: *const c_char,
    names: *const *const c_char,
    va: &mut VaList,
) -> PyResult<()> {
    // SAFETY: the caller's promise.
    let format = Format::new(unsafe { CStr::from_ptr(format) }.to_bytes());
    let args: &PyTuple = crate::border::expect(args)?;
    let kwargs: Option<&PyDict> = kwargs.map(crate::border::expect).transpose()?;
    let mut keywords: Vec<&CStr> = Vec::new();
    // SAFETY: the caller's promise: an array of C strings that NULL ends.
    unsafe {
        while !(*names.add(keywords.len())).is_null() {
            keywords.push(CStr::from_ptr(*names.add(keywords.len())));
        }
    }
    // Names that are empty are positional-only.
    let positional_only = keywords.iter().take_while(|name| name.is_empty()).count();
    let total = keywords.len();
    let (name, parens) = format.function();
    let (nargs, nkwargs) = (args.len(), kwargs.map_or(0, PyDict::len));
    if nargs + nkwargs > total {
        return Err(exc::type_error(format!(
            "{name}{parens} takes at most {total} {}argument{} ({} given)",
            if nargs == 0 { "keyword " } else { "" },
            plural(total),
            nargs + nkwargs
        )));
    }
    let most_positional = format.keyword_only.unwrap_or(total).min(total);
    if nargs > most_positional {
        let message = if most_positional == 0 {
            format!("{name}{parens} takes no positional arguments")
        } else {
            let how = if format.min < i32::MAX as usize && format.min < most_positional { "at most" } else { "exactly" };
            format!(
                "{name}{parens} takes {how} {most_positional} positional argument{} ({nargs} given)",
                plural(most_positional)
            )
        };
        return Err(exc::type_error(message));
    }
    let mut parser = Parser { va, undo: Vec::new() };
    let mut rest = format.units;
    let mut used = 0;
    let mut run = || -> PyResult<()> {
        for (i, keyword) in keywords.iter().enumerate() {
            rest = marks(rest);
            if rest.is_empty() {
                return Err(exc::system_error(format!("More keyword list entries ({total}) than format specifiers ({i})")));
            }
            let by_name = match kwargs {
                Some(kwargs) if i >= nargs.max(positional_only) && used < nkwargs => {
                    kwargs.get_str_checked(&PyStr::new(&keyword.to_string_lossy()))?
                }
                Some(_) | None => None,
            };
            used += usize::from(by_name.is_some());
            match args.get(i).or(by_name.as_deref()) {
                // SAFETY: the caller's promise about the C arguments. The dict keeps keyword arguments alive.
                Some(arg) => match unsafe { parser.item(arg, rest) } {
                    Ok(tail) => rest = tail,
                    Err(fail) => return Err(format.error(i + 1, fail)),
                },
                None if i < format.min => {
                    if i < positional_only {
                        let least = positional_only.min(format.min);
                        let how = if least < total { "at least" } else { "exactly" };
                        return Err(exc::type_error(format!(
                            "{name}{parens} takes {how} {least} positional argument{} ({nargs} given)",
                            plural(least)
                        )));
                    }
                    return Err(exc::type_error(format!(
                        "{name}{parens} missing required argument '{}' (pos {})",
                        keyword.to_string_lossy(),
                        i + 1
                    )));
                }
                // There is nothing more to convert.
                None if used == nkwargs => return Ok(()),
                // SAFETY: the caller's promise about the C arguments.
                None => rest = unsafe { skip(rest, parser.va) },
            }
        }
        rest = marks(rest);
        if !rest.is_empty() {
            return Err(exc::system_error(format!(
                "more argument specifiers than keyword list entries (remaining format:'{}')",
                String::from_utf8_lossy(rest)
            )));
        }
        match kwargs {
            Some(kwargs) if used < nkwargs => Err(superfluous(kwargs, &keywords, positional_only, nargs, &format)?),
            Some(_) | None => Ok(()),
        }
    };
    let result = run();
    if result.is_err() {
        parser.fail();
    }
    result
}

/// The error for keyword arguments that were not used: one that is given by position too, or has no such name.
fn superfluous(kwargs: &PyDict, keywords: &[&CStr], positional_only: usize, nargs: usize, format: &Format<'_>) -> PyResult<PyErr> {
    let (name, parens) = format.function();
    let names = || keywords[positional_only..].iter().map(|keyword| keyword.to_string_lossy());
    for (keyword, position) in names().zip(positional_only + 1..=nargs) {
        if kwargs.get_str_checked(&PyStr::new(&keyword))?.is_some() {
            return Ok(exc::type_error(format!("argument for {name}{parens} given by name ('{keyword}') and position ({position})")));
        }
    }
    for key in kwargs.keys_vec() {
        let Some(key) = key.downcast_ref::<PyStr>() else { return Ok(exc::type_error("keywords must be strings")) };
        if names().any(|keyword| key.eq_str(&keyword)) {
            continue;
        }
        let key = key.to_string_lossy();
        let candidates: Vec<_> = names().collect();
        let hint = suggestions::closest(&key, candidates.iter().map(|candidate| &**candidate))
            .map_or_else(String::new, |candidate| format!(". Did you mean '{candidate}'?"));
        let name = if format.function.is_some() { name } else { "this function".to_owned() };
        return Ok(exc::type_error(format!("{name}{parens} got an unexpected keyword argument '{key}'{hint}")));
    }
    Ok(exc::system_error("a keyword argument was not used"))
}

unsafe fn unpack(args: &PyObject, name: *const c_char, min: isize, max: isize, va: &mut VaList) -> PyResult<()> {
    let Some(tuple) = args.downcast_ref::<PyTuple>() else {
        return Err(exc::system_error("PyArg_UnpackTuple() argument list is not a tuple"));
    };
    let given = tuple.len() as isize;
    if given < min || given > max {
        let how = if min == max {
            ""
        } else if given < min {
            "at least "
        } else {
            "at most "
        };
        let wanted = if given < min { min } else { max };
        let s = plural(wanted as usize);
        // SAFETY: the caller's promise.
        return Err(exc::type_error(if name.is_null() {
            format!("unpacked tuple should have {how}{wanted} element{s}, but has {given}")
        } else {
            format!("{} expected {how}{wanted} argument{s}, got {given}", unsafe { lossy(name) })
        }));
    }
    for &item in tuple.items() {
        // SAFETY: the caller's promise: a place for each object.
        unsafe { put(va, item.as_ptr()) };
    }
    Ok(())
}

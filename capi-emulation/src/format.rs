//! `PyUnicode_FromFormat` and `PyOS_snprintf`: C's formatted text.
//!
//! A directive is `%[flags][width][.precision][length]conversion`. Numbers go through the same rules as C's `printf`; `A R S U V T N` and
//! `p` are Python's own.

use core::ffi::{CStr, c_char, c_int};

use rpy_vm::object::flags;
use rpy_vm::protocol::object as po;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::descr::fully_qualified_name;
use rpy_vm::types::str::{PyStr, StrBuilder};
use rpy_vm::{PyObject, PyResult, PyTypeObject, Ref, exc};

use crate::border::{Out, expect, lossy};
use crate::va_list::VaList;

unsafe extern "C" {
    fn vsnprintf(buffer: *mut c_char, size: usize, format: *const c_char, va: *mut VaList) -> c_int;
}

exports! {
    /// Formatted text.
    fn PyUnicode_FromFormatV(format: *const c_char, va: &mut VaList) -> Out = Ref<PyStr> {
        from_format(format, va)
    }
    /// Formatted bytes.
    fn PyBytes_FromFormatV(format: *const c_char, va: &mut VaList) -> Out = Ref<PyBytes> {
        bytes_from_format(format, va)
    }
    /// As C's `vsnprintf`; the buffer always ends in NUL.
    fn PyOS_vsnprintf(buffer: *mut c_char, size: usize, format: *const c_char, va: *mut VaList) -> c_int {
        let len = vsnprintf(buffer, size, format, va);
        if size > 0 {
            buffer.add(size - 1).write(0);
        }
        len
    }
    /// Formatted text to `sys.stdout`.
    fn va_PySys_WriteStdout(format: *const c_char, va: &mut VaList) {
        write_to("stdout", format, va);
    }
    /// Formatted text to `sys.stderr`.
    fn va_PySys_WriteStderr(format: *const c_char, va: &mut VaList) {
        write_to("stderr", format, va);
    }
    /// Formatted text, with Python's directives, to `sys.stdout`.
    fn va_PySys_FormatStdout(format: *const c_char, va: &mut VaList) {
        if let Ok(text) = from_format(format, va) {
            write_text("stdout", &text);
        }
    }
    /// Formatted text, with Python's directives, to `sys.stderr`.
    fn va_PySys_FormatStderr(format: *const c_char, va: &mut VaList) {
        if let Ok(text) = from_format(format, va) {
            write_text("stderr", &text);
        }
    }
}

unsafe fn write_to(stream: &str, format: *const c_char, va: *mut VaList) {
    let mut buffer = [0 as c_char; 1001];
    // SAFETY: the buffer's size is told; the arguments fit the format by the caller's promise.
    let text = unsafe {
        vsnprintf(buffer.as_mut_ptr(), buffer.len(), format, va);
        lossy(buffer.as_ptr())
    };
    write_text(stream, &PyStr::new(&text));
}

fn write_text(stream: &str, text: &PyStr) {
    let pending = rpy_vm::PyErr::fetch();
    if let Some(file) = rpy_vm::runtime::sys_state::get_not_none(stream) {
        let text: &PyObject = rpy_vm::PyStruct::as_object(text);
        drop(rpy_vm::protocol::call::call_method(&file, rpy_vm::intern!("write"), &[text]));
    }
    if let Some(pending) = pending {
        pending.restore();
    }
}

/// A parsed directive, up to the conversion.
#[derive(Default)]
struct Directive {
    left: bool,
    zero: bool,
    alternate: bool,
    width: Option<usize>,
    precision: Option<usize>,
    /// Size of the argument.
    length: Length,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Length {
    #[default]
    Int,
    /// `l`, `ll`, `z`, `t`, `j`: eight bytes on this platform.
    Long,
}

impl Directive {
    /// Parses what stands behind the `%`; gives what is left of the format.
    ///
    /// # Errors
    /// `ValueError` for numbers that no machine word holds.
    unsafe fn parse<'f>(mut rest: &'f [u8], va: &mut VaList) -> PyResult<(Directive, &'f [u8])> {
        let mut this = Directive::default();
        while let Some((&c, tail)) = rest.split_first() {
            match c {
                b'-' => this.left = true,
                b'0' => this.zero = true,
                b'#' => this.alternate = true,
                _ => break,
            }
            rest = tail;
        }
        // SAFETY: the caller's promise about the arguments.
        unsafe {
            if let Some((b'*', tail)) = rest.split_first() {
                let width = va.int();
                this.left |= width < 0;
                this.width = Some(width.unsigned_abs() as usize);
                rest = tail;
            } else {
                (this.width, rest) = number(rest, "width")?;
            }
            if let Some((b'.', tail)) = rest.split_first() {
                if let Some((b'*', tail)) = tail.split_first() {
                    this.precision = Some(va.int().max(0) as usize);
                    rest = tail;
                } else {
                    let (precision, tail) = number(tail, "precision")?;
                    this.precision = Some(precision.unwrap_or(0));
                    rest = tail;
                }
            }
        }
        while let Some((&c, tail)) = rest.split_first() {
            if !matches!(c, b'l' | b'z' | b't' | b'j') {
                break;
            }
            this.length = Length::Long;
            rest = tail;
        }
        Ok((this, rest))
    }

    /// Does the conversion stand right behind the `%`?
    fn is_plain(&self) -> bool {
        let has_flags = self.left || self.zero || self.alternate;
        !has_flags && self.width.is_none() && self.precision.is_none() && self.length == Length::Int
    }

    /// Does the conversion take arguments of this size?
    fn fits(&self, conversion: u8) -> bool {
        match conversion {
            b'd' | b'i' | b'u' | b'o' | b'x' | b'X' | b's' | b'V' => true,
            b'%' | b'c' => self.is_plain(),
            _ => self.length == Length::Int,
        }
    }

    /// Adds text: cut to the precision, padded to the width.
    fn push_text(&self, out: &mut StrBuilder, text: &PyStr) {
        let len = self.precision.map_or(text.len(), |precision| precision.min(text.len()));
        let padding = self.width.unwrap_or(0).saturating_sub(len);
        if !self.left {
            out.push_repeated(u32::from(b' '), padding);
        }
        out.push_data(text.data().slice(0, len));
        if self.left {
            out.push_repeated(u32::from(b' '), padding);
        }
    }

    /// Adds a number given by sign and digits.
    fn push_number(&self, out: &mut StrBuilder, sign: &str, digits: &str) {
        let zeros = self.precision.map_or(0, |precision| precision.saturating_sub(digits.len()));
        let len = sign.len() + zeros + digits.len();
        let padding = self.width.unwrap_or(0).saturating_sub(len);
        let zero_fill = self.zero && !self.left;
        if !self.left && !zero_fill {
            out.push_repeated(u32::from(b' '), padding);
        }
        out.push_str(sign);
        if zero_fill {
            out.push_repeated(u32::from(b'0'), padding);
        }
        out.push_repeated(u32::from(b'0'), zeros);
        out.push_str(digits);
        if self.left {
            out.push_repeated(u32::from(b' '), padding);
        }
    }

    unsafe fn signed(&self, va: &mut VaList) -> i64 {
        // SAFETY: the caller's promise.
        unsafe { if self.length == Length::Long { va.long() } else { i64::from(va.int()) } }
    }

    unsafe fn unsigned(&self, va: &mut VaList) -> u64 {
        // SAFETY: the caller's promise.
        unsafe { if self.length == Length::Long { va.word() } else { u64::from(va.int() as u32) } }
    }
}

/// The number at the beginning of a text, if there is one.
fn number<'f>(text: &'f [u8], what: &str) -> PyResult<(Option<usize>, &'f [u8])> {
    let end = text.iter().position(|c| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() {
        return Ok((None, rest));
    }
    let value = core::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<isize>().ok());
    let value = value.ok_or_else(|| exc::value_error(format!("{what} too big")))?;
    Ok((Some(value as usize), rest))
}

/// `PyUnicode_FromFormatV`.
///
/// # Errors
/// `SystemError` for an invalid format; what `str` and `repr` of arguments raise.
///
/// # Safety
/// `format` is NUL-terminated, and the arguments are what it asks for.
pub unsafe fn from_format(format: *const c_char, va: &mut VaList) -> PyResult<Ref<PyStr>> {
    // SAFETY: the caller's promise.
    let mut rest = unsafe { CStr::from_ptr(format) }.to_bytes();
    let mut out = StrBuilder::new();
    loop {
        let plain = rest.iter().position(|&c| c == b'%').unwrap_or(rest.len());
        let (text, tail) = rest.split_at(plain);
        if let Some(byte) = text.iter().find(|byte| !byte.is_ascii()) {
            return Err(exc::value_error(format!(
                "PyUnicode_FromFormatV() expects an ASCII-encoded format string, got a non-ASCII byte: {byte:#04x}"
            )));
        }
        out.push_ascii(text);
        let Some((_, behind)) = tail.split_first() else { return out.try_finish() };
        // SAFETY: the caller's promise about the arguments.
        let left = unsafe {
            let (directive, behind) = Directive::parse(behind, va)?;
            convert(&directive, behind, va, &mut out)?
        };
        let invalid = || exc::system_error(format!("invalid format string: {}", String::from_utf8_lossy(tail)));
        rest = left.ok_or_else(invalid)?;
    }
}

/// The directives of [`from_format`]: adds one argument and gives what is left of the format; `None` if there is no such directive.
unsafe fn convert<'a>(
    directive: &Directive,
    format: &'a [u8],
    va: &mut VaList,
    out: &mut StrBuilder,
) -> PyResult<Option<&'a [u8]>> {
    let Some((&conversion, rest)) = format.split_first().filter(|(conversion, _)| directive.fits(**conversion)) else {
        return Ok(None);
    };
    let object = |object: *mut PyObject| -> PyResult<&'static PyObject> {
        // SAFETY: null, or a live object by the caller's promise; used only during this call.
        unsafe { object.as_ref() }.ok_or_else(crate::border::null_argument)
    };
    // SAFETY: the caller's promise about the arguments.
    unsafe {
        match conversion {
            b'%' => out.push_char(u32::from(b'%')),
            b'c' => {
                let c = va.int();
                if !(0..=0x10_ffff).contains(&c) {
                    return Err(exc::overflow_error("character argument not in range(0x110000)"));
                }
                out.push_char(c as u32);
            }
            b'd' | b'i' => {
                let value = directive.signed(va);
                let sign = if value < 0 { "-" } else { "" };
                directive.push_number(out, sign, &value.unsigned_abs().to_string());
            }
            b'u' => directive.push_number(out, "", &directive.unsigned(va).to_string()),
            b'o' => directive.push_number(out, "", &format!("{:o}", directive.unsigned(va))),
            b'x' => directive.push_number(out, "", &format!("{:x}", directive.unsigned(va))),
            b'X' => directive.push_number(out, "", &format!("{:X}", directive.unsigned(va))),
            b'p' => {
                let text = PyStr::from_string(format!("{:#x}", va.word()));
                directive.push_text(out, &text);
            }
            b's' if directive.length == Length::Long => {
                let wide = va.pointer::<libc::wchar_t>();
                let limit = directive.precision.unwrap_or(usize::MAX);
                let len = (0..limit).take_while(|&i| *wide.add(i) != 0).count();
                let text = PyStr::try_from_ucs4(core::slice::from_raw_parts(wide as *const u32, len))?;
                directive.push_text(out, &text);
            }
            b's' => directive.push_text(out, &*c_text(va.text(), directive.precision)?),
            b'U' => directive.push_text(out, expect::<PyStr>(object(va.pointer())?)?),
            b'V' => {
                let text = va.pointer::<PyObject>();
                let fallback = va.text();
                match text.as_ref() {
                    Some(text) => directive.push_text(out, expect::<PyStr>(text)?),
                    None if fallback.is_null() => return Err(crate::border::null_argument()),
                    None => directive.push_text(out, &*c_text(fallback, directive.precision)?),
                }
            }
            b'S' | b'R' | b'A' => {
                let text = match va.pointer::<PyObject>().as_ref() {
                    None => PyStr::new("<NULL>"),
                    Some(object) if conversion == b'S' => po::str(object)?,
                    Some(object) if conversion == b'R' => po::repr(object)?,
                    Some(object) => po::ascii(object)?,
                };
                directive.push_text(out, &text);
            }
            b'T' => {
                let name = type_name(object(va.pointer())?.ty(), directive.alternate);
                directive.push_text(out, &PyStr::from_string(name));
            }
            b'N' => {
                let class: &PyTypeObject = expect(object(va.pointer())?)
                    .map_err(|_| exc::type_error("%N argument must be a type"))?;
                directive.push_text(out, &PyStr::from_string(type_name(class, directive.alternate)));
            }
            _ => return Ok(None),
        }
    }
    Ok(Some(rest))
}

/// The fully qualified name; with a colon between module and name for `#`.
fn type_name(class: &PyTypeObject, colon: bool) -> String {
    let full = fully_qualified_name(class);
    // Static types have no two parts.
    if !colon || !class.has_flag(flags::HEAPTYPE) {
        return full;
    }
    match rpy_vm::types::type_::attrs::qualname_of(class) {
        Ok(qualname) => {
            let qualname = qualname.to_string_lossy().into_owned();
            match full.strip_suffix(&qualname).and_then(|module| module.strip_suffix('.')) {
                Some(module) => format!("{module}:{qualname}"),
                None => full,
            }
        }
        Err(_) => full,
    }
}

/// A C string of at most `limit` bytes; what is no UTF-8 is replaced.
unsafe fn c_text(text: *const c_char, limit: Option<usize>) -> PyResult<Ref<PyStr>> {
    if text.is_null() {
        return Err(crate::border::null_argument());
    }
    // SAFETY: the caller's promise: NUL-terminated, or `limit` bytes long.
    let bytes = unsafe {
        let len = match limit {
            Some(limit) => (0..limit).take_while(|&i| *text.add(i) != 0).count(),
            None => libc::strlen(text),
        };
        core::slice::from_raw_parts(text as *const u8, len)
    };
    match core::str::from_utf8(bytes) {
        Ok(text) => PyStr::try_new(text),
        Err(_) => rpy_vm::runtime::codecs::decode_bytes(bytes, Some("utf-8"), Some("replace")),
    }
}

/// `PyBytes_FromFormatV`: the directives `c d u ld lu zd zu i x s p %`.
///
/// # Errors
/// `MemoryError`.
///
/// # Safety
/// As for [`from_format`].
pub unsafe fn bytes_from_format(format: *const c_char, va: &mut VaList) -> PyResult<Ref<PyBytes>> {
    // SAFETY: the caller's promise.
    let mut rest = unsafe { CStr::from_ptr(format) }.to_bytes();
    let mut out: Vec<u8> = Vec::new();
    while let Some((&c, tail)) = rest.split_first() {
        rest = tail;
        if c != b'%' {
            out.push(c);
            continue;
        }
        // SAFETY: the caller's promise about the arguments.
        unsafe {
            let (directive, tail) = Directive::parse(rest, va)?;
            // A format that ends is as one that goes on in an unknown way.
            let (conversion, tail) = tail.split_first().map_or((0, tail), |(&conversion, tail)| (conversion, tail));
            match conversion {
                b'%' => out.push(b'%'),
                b'c' => {
                    let value = va.int();
                    match u8::try_from(value) {
                        Ok(byte) => out.push(byte),
                        Err(_) => {
                            return Err(exc::overflow_error(
                                "PyBytes_FromFormatV(): %c format expects an integer in range [0; 255]",
                            ));
                        }
                    }
                }
                b'd' | b'i' => out.extend_from_slice(directive.signed(va).to_string().as_bytes()),
                b'u' => out.extend_from_slice(directive.unsigned(va).to_string().as_bytes()),
                b'x' => out.extend_from_slice(format!("{:x}", directive.unsigned(va)).as_bytes()),
                b'p' => out.extend_from_slice(format!("{:#x}", va.word()).as_bytes()),
                b's' => {
                    let text = va.text();
                    let limit = directive.precision.unwrap_or(usize::MAX);
                    let len = (0..limit).take_while(|&i| *text.add(i) != 0).count();
                    out.extend_from_slice(core::slice::from_raw_parts(text as *const u8, len));
                }
                _ => {
                    // The rest of the format as it is.
                    out.push(b'%');
                    out.extend_from_slice(rest);
                    break;
                }
            }
            rest = tail;
        }
    }
    PyBytes::try_from_vec(out)
}

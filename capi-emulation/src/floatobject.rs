//! `floatobject.h`, `complexobject.h` and `pystrtod.h`: floating-point numbers and their text.

use core::ffi::{CStr, c_char, c_int, c_void};

use rpy_vm::object::alloc::mem_alloc;
use rpy_vm::protocol::number;
use rpy_vm::types::complex::PyComplex;
use rpy_vm::types::float::{PyFloat, ops, text};
use rpy_vm::types::str::number_format::{FloatFlags, double_to_string};
use rpy_vm::{PyObject, PyResult, Ref, exc};

use crate::border::{Obj, OptObj, Out, bad_call, store};

/// `Py_complex`: two doubles, passed in vector registers.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Complex {
    /// Real part.
    pub real: f64,
    /// Imaginary part.
    pub imag: f64,
}

impl crate::border::CReturn for Complex {
    const FAILED: Complex = Complex { real: -1.0, imag: 0.0 };
}
impl crate::border::IntoC<Complex> for (f64, f64) {
    fn into_c(self) -> Complex {
        Complex { real: self.0, imag: self.1 }
    }
}

exports! {
    /// From a `double`.
    fn PyFloat_FromDouble(value: f64) -> Out {
        PyFloat::new(value).into_raw() as Out
    }
    /// From a `str`, bytes or buffer.
    fn PyFloat_FromString(object: Obj<'_>) -> Out = Ref<PyFloat> {
        text::parse_float_object(object).map(PyFloat::new)
    }
    /// The value, by `__float__` or `__index__` if need be.
    fn PyFloat_AsDouble(object: OptObj<'_>) -> f64 = f64 {
        match object {
            Some(object) => number::as_f64(object),
            None => Err(exc::type_error("bad argument type for built-in operation")),
        }
    }
    /// The largest finite value.
    fn PyFloat_GetMax() -> f64 {
        f64::MAX
    }
    /// The smallest positive normal value.
    fn PyFloat_GetMin() -> f64 {
        f64::MIN_POSITIVE
    }
    /// Writes a half.
    fn PyFloat_Pack2(value: f64, place: *mut u8, little_endian: c_int) -> c_int = () {
        let half = to_half(value).ok_or_else(|| exc::overflow_error("float too large to pack with e format"))?;
        put(place, &half.to_le_bytes(), little_endian);
        Ok(())
    }
    /// Writes a single.
    fn PyFloat_Pack4(value: f64, place: *mut u8, little_endian: c_int) -> c_int = () {
        let single = value as f32;
        if single.is_infinite() && !value.is_infinite() {
            return Err(exc::overflow_error("float too large to pack with f format"));
        }
        put(place, &single.to_le_bytes(), little_endian);
        Ok(())
    }
    /// Writes a double.
    fn PyFloat_Pack8(value: f64, place: *mut u8, little_endian: c_int) -> c_int = () {
        put(place, &value.to_le_bytes(), little_endian);
        Ok(())
    }
    /// Reads a half.
    fn PyFloat_Unpack2(place: *const u8, little_endian: c_int) -> f64 {
        from_half(u16::from_le_bytes(take(place, little_endian)))
    }
    /// Reads a single.
    fn PyFloat_Unpack4(place: *const u8, little_endian: c_int) -> f64 {
        f64::from(f32::from_le_bytes(take(place, little_endian)))
    }
    /// Reads a double.
    fn PyFloat_Unpack8(place: *const u8, little_endian: c_int) -> f64 {
        f64::from_le_bytes(take(place, little_endian))
    }
    /// The hash of a float, for an object whose identity stands in for the hash of a NaN.
    fn _Py_HashDouble(object: Obj<'_>, value: f64) -> isize {
        ops::hash_double_of(object, value)
    }

    /// From a `Py_complex`.
    fn PyComplex_FromCComplex(value: Complex) -> Out {
        PyComplex::new(value.real, value.imag).into_raw() as Out
    }
    /// From its parts.
    fn PyComplex_FromDoubles(real: f64, imag: f64) -> Out {
        PyComplex::new(real, imag).into_raw() as Out
    }
    /// The real part, by `__complex__` or `__float__` if need be.
    fn PyComplex_RealAsDouble(object: Obj<'_>) -> f64 = f64 {
        PyComplex::parts_of(object).map(|(real, _)| real)
    }
    /// The imaginary part; 0 for what is not complex.
    fn PyComplex_ImagAsDouble(object: Obj<'_>) -> f64 = f64 {
        PyComplex::parts_of(object).map(|(_, imag)| imag)
    }
    /// The value, by `__complex__`, `__float__` or `__index__` if need be.
    fn PyComplex_AsCComplex(object: Obj<'_>) -> Complex = (f64, f64) {
        PyComplex::parts_of(object)
    }
    /// The sum.
    fn _Py_c_sum(a: Complex, b: Complex) -> Complex {
        Complex { real: a.real + b.real, imag: a.imag + b.imag }
    }
    /// The difference.
    fn _Py_c_diff(a: Complex, b: Complex) -> Complex {
        Complex { real: a.real - b.real, imag: a.imag - b.imag }
    }
    /// The negative.
    fn _Py_c_neg(a: Complex) -> Complex {
        Complex { real: -a.real, imag: -a.imag }
    }
    /// The product.
    fn _Py_c_prod(a: Complex, b: Complex) -> Complex {
        let (real, imag) = rpy_vm::types::complex::complex_mul((a.real, a.imag), (b.real, b.imag));
        Complex { real, imag }
    }
    /// The quotient; `errno` tells of a zero divisor.
    fn _Py_c_quot(a: Complex, b: Complex) -> Complex {
        match rpy_vm::types::complex::complex_div((a.real, a.imag), (b.real, b.imag)) {
            Some((real, imag)) => Complex { real, imag },
            None => {
                *libc::__errno_location() = libc::EDOM;
                Complex { real: 0.0, imag: 0.0 }
            }
        }
    }
    /// The power; `errno` tells of zero to a negative or complex power.
    fn _Py_c_pow(a: Complex, b: Complex) -> Complex {
        match rpy_vm::types::complex::complex_pow((a.real, a.imag), (b.real, b.imag)) {
            Ok((real, imag)) => Complex { real, imag },
            Err(error) => {
                let overflow = error.matches(exc::OverflowError());
                *libc::__errno_location() = if overflow { libc::ERANGE } else { libc::EDOM };
                Complex { real: 0.0, imag: 0.0 }
            }
        }
    }
    /// The absolute value; `errno` tells of an overflow.
    fn _Py_c_abs(a: Complex) -> f64 {
        let value = a.real.hypot(a.imag);
        let overflow = value.is_infinite() && a.real.is_finite() && a.imag.is_finite();
        *libc::__errno_location() = if overflow { libc::ERANGE } else { 0 };
        value
    }

    /// The number at the start of a text. `end` is told where it ends; without it all text must be the number. `overflow` is the
    /// exception for values that are too large; NULL: they are infinite.
    fn PyOS_string_to_double(source: *const c_char, end: *mut *mut c_char, overflow: OptObj<'_>) -> f64 = f64 {
        let bytes = core::ffi::CStr::from_ptr(source).to_bytes();
        store(end, source.cast_mut());
        let parsed = text::parse_float_prefix(bytes).filter(|&(_, used)| used > 0 && (!end.is_null() || used == bytes.len()));
        let Some((value, used)) = parsed else {
            let shown = String::from_utf8_lossy(bytes);
            return Err(exc::value_error(format!("could not convert string to float: '{shown}'")));
        };
        store(end, source.add(used).cast_mut());
        if value.is_infinite() && bytes[..used].iter().any(u8::is_ascii_digit)
            && let Some(class) = overflow.and_then(crate::border::as_type)
        {
            let shown = String::from_utf8_lossy(&bytes[..used]);
            return Err(rpy_vm::PyErr::new(class, format!("value too large to convert to float: '{shown}'")));
        }
        Ok(value)
    }
    /// The text of a `double`, to be freed with `PyMem_Free`. `kind` becomes `Py_DTST_*`.
    fn PyOS_double_to_string(value: f64, code: c_char, precision: c_int, flags: c_int, kind: *mut c_int) -> *mut c_char = *mut c_char {
        let shown = double_text(value, code as u8, precision, flags)?;
        store(kind, if value.is_nan() { 2 } else if value.is_infinite() { 1 } else { 0 });
        let block = mem_alloc(shown.len() + 1);
        if block.is_null() {
            return Err(exc::memory_error());
        }
        core::ptr::copy_nonoverlapping(shown.as_ptr(), block, shown.len());
        block.add(shown.len()).write(0);
        Ok(block as *mut c_char)
    }
    /// `strtol` as Python means it.
    fn PyOS_strtol(text: *const c_char, end: *mut *mut c_char, base: c_int) -> i64 {
        let bytes = CStr::from_ptr(text).to_bytes();
        let blank = spaces(bytes);
        let sign = bytes.get(blank).copied().filter(|byte| matches!(byte, b'+' | b'-'));
        let skipped = blank + usize::from(sign.is_some());
        let (magnitude, len) = read_unsigned(&bytes[skipped..], base);
        store(end, text.add(skipped + len).cast_mut());
        let magnitude = i128::from(magnitude.unwrap_or(u64::MAX));
        i64::try_from(if sign == Some(b'-') { -magnitude } else { magnitude }).unwrap_or_else(|_| {
            *libc::__errno_location() = libc::ERANGE;
            i64::MAX
        })
    }
    /// `strtoul` as Python means it.
    fn PyOS_strtoul(text: *const c_char, end: *mut *mut c_char, base: c_int) -> u64 {
        let (value, len) = read_unsigned(CStr::from_ptr(text).to_bytes(), base);
        store(end, text.add(len).cast_mut());
        value.unwrap_or_else(|| {
            *libc::__errno_location() = libc::ERANGE;
            u64::MAX
        })
    }
    /// Compares without regard to case.
    fn PyOS_mystricmp(a: *const c_char, b: *const c_char) -> c_int {
        libc::strcasecmp(a, b)
    }
    /// Compares at most `n` bytes without regard to case.
    fn PyOS_mystrnicmp(a: *const c_char, b: *const c_char, n: isize) -> c_int {
        libc::strncasecmp(a, b, n.max(0) as usize)
    }
    /// The hash of an address.
    fn Py_HashPointer(pointer: *const c_void) -> isize {
        ops::hash_pointer(pointer as usize)
    }
    /// The hash of bytes, as `hash(bytes)` gives it.
    fn Py_HashBuffer(bytes: *const c_void, len: isize) -> isize {
        if len <= 0 {
            return 0;
        }
        rpy_vm::types::str::hash_buffer(core::slice::from_raw_parts(bytes as *const u8, len as usize))
    }
    /// As `Py_HashPointer`, for `tp_hash`.
    fn PyObject_GenericHash(object: Obj<'_>) -> isize {
        ops::hash_pointer(object as *const PyObject as usize)
    }
}

/// `Py_DTSF_*`: sign 1, add `.0` 2, alternate form 4, no negative zero 8.
fn double_text(value: f64, code: u8, precision: c_int, flags: c_int) -> PyResult<String> {
    let bad = || bad_call();
    let (code, precision) = match code {
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => (code, precision.max(0) as usize),
        b'r' if precision == 0 => (b'r', 0),
        _ => return Err(bad()),
    };
    let mut shown = double_to_string(
        value,
        code,
        precision,
        FloatFlags { alternate: flags & 4 != 0, add_dot_0: flags & 2 != 0, no_negative_zero: flags & 8 != 0 },
    )?;
    if flags & 1 != 0 && !shown.starts_with('-') {
        shown.insert(0, '+');
    }
    Ok(shown)
}

unsafe fn put<const N: usize>(place: *mut u8, little: &[u8; N], little_endian: c_int) {
    for (i, &byte) in little.iter().enumerate() {
        let at = if little_endian != 0 { i } else { N - 1 - i };
        // SAFETY: the caller's promise.
        unsafe { place.add(at).write(byte) };
    }
}

unsafe fn take<const N: usize>(place: *const u8, little_endian: c_int) -> [u8; N] {
    let mut bytes = [0; N];
    for (i, byte) in bytes.iter_mut().enumerate() {
        let at = if little_endian != 0 { i } else { N - 1 - i };
        // SAFETY: the caller's promise.
        *byte = unsafe { place.add(at).read() };
    }
    bytes
}

/// The nearest half, ties to even; `None` if a finite value becomes infinite.
fn to_half(value: f64) -> Option<u16> {
    let bits = value.to_bits();
    let sign = ((bits >> 48) & 0x8000) as u16;
    if value.is_nan() {
        return Some(sign | 0x7e00);
    }
    if value.is_infinite() {
        return Some(sign | 0x7c00);
    }
    let magnitude = value.abs();
    if magnitude >= 65520.0 {
        return None;
    }
    // Below the normal range the unit is 2^-24; above, it follows the exponent.
    let exponent = (((bits >> 52) & 0x7ff) as i32 - 1023).max(-14);
    let unit = 2f64.powi(exponent - 10);
    let scaled = ops::round_half_even(magnitude / unit) as u32;
    let biased = ((exponent + 14) as u32) << 10;
    Some(sign | (biased + scaled) as u16)
}

/// The value of a half.
fn from_half(half: u16) -> f64 {
    let sign = if half & 0x8000 != 0 { -1.0 } else { 1.0 };
    let exponent = i32::from((half >> 10) & 0x1f);
    let fraction = f64::from(half & 0x3ff);
    sign * match exponent {
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        0 => fraction * 2f64.powi(-24),
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    }
}

/// How many spaces a text begins with.
fn spaces(text: &[u8]) -> usize {
    text.iter().take_while(|byte| matches!(byte, b' ' | b'\t'..=b'\r')).count()
}

/// The number without a sign at the beginning of a text (`None`: it is too large), and where it ends. For a base of 0 the number says its
/// base itself, as in Python: `0b`, `0o`, `0x`.
fn read_unsigned(text: &[u8], base: c_int) -> (Option<u64>, usize) {
    let mut at = spaces(text);
    let digit = |at: usize, base: u32| text.get(at).and_then(|&byte| char::from(byte).to_digit(base));
    let prefixed = match text.get(at..at + 2) {
        Some([b'0', b'b' | b'B']) => 2,
        Some([b'0', b'o' | b'O']) => 8,
        Some([b'0', b'x' | b'X']) => 16,
        _ => 0,
    };
    let base = match u32::try_from(base).unwrap_or(u32::MAX) {
        0 if prefixed != 0 => prefixed,
        // Zeros in front are for zero only.
        0 if text.get(at) == Some(&b'0') => {
            at += text[at..].iter().take_while(|&&byte| byte == b'0').count();
            return (Some(0), at + spaces(&text[at..]));
        }
        0 => 10,
        base @ 2..=36 => base,
        _ => return (Some(0), at),
    };
    if prefixed == base {
        if digit(at + 2, base).is_none() {
            return (Some(0), at + 1);
        }
        at += 2;
    }
    let mut value = Some(0u64);
    while let Some(digit) = digit(at, base) {
        value = value.and_then(|value| value.checked_mul(u64::from(base))?.checked_add(u64::from(digit)));
        at += 1;
    }
    (value, at)
}

//! `longobject.h` and `boolobject.h`: integers.

use core::ffi::{c_char, c_int, c_long, c_longlong, c_ulong, c_void};

use rpy_vm::protocol::number;
use rpy_vm::types::bool_;
use rpy_vm::types::int::convert::{ByteOrder, int_from_bytes, int_to_bytes};
use rpy_vm::types::int::{DigitsMut, PyInt, parse};
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyStruct, Ref, exc};

use crate::border::{Obj, OptObj, Out, Void, bad_call, expect, null_argument, store};

exports! {
    /// `True` or `False`.
    fn PyBool_FromLong(value: c_long) -> Out {
        bool_::as_object(value != 0).as_ptr()
    }
    /// From a `long`.
    fn PyLong_FromLong(value: c_long) -> Out {
        PyInt::from_i64(value).into_obj().into_raw()
    }
    /// From an `unsigned long`.
    fn PyLong_FromUnsignedLong(value: c_ulong) -> Out {
        PyInt::from_u64(value).into_obj().into_raw()
    }
    /// From a `long long`.
    fn PyLong_FromLongLong(value: c_longlong) -> Out {
        PyInt::from_i64(value).into_obj().into_raw()
    }
    /// From an `unsigned long long`.
    fn PyLong_FromUnsignedLongLong(value: u64) -> Out {
        PyInt::from_u64(value).into_obj().into_raw()
    }
    /// From a `Py_ssize_t`.
    fn PyLong_FromSsize_t(value: isize) -> Out {
        PyInt::from_isize(value).into_obj().into_raw()
    }
    /// From a `size_t`.
    fn PyLong_FromSize_t(value: usize) -> Out {
        PyInt::from_usize(value).into_obj().into_raw()
    }
    /// From an `int32_t`.
    fn PyLong_FromInt32(value: i32) -> Out {
        PyInt::from_i64(i64::from(value)).into_obj().into_raw()
    }
    /// From a `uint32_t`.
    fn PyLong_FromUInt32(value: u32) -> Out {
        PyInt::from_i64(i64::from(value)).into_obj().into_raw()
    }
    /// From an `int64_t`.
    fn PyLong_FromInt64(value: i64) -> Out {
        PyInt::from_i64(value).into_obj().into_raw()
    }
    /// From a `uint64_t`.
    fn PyLong_FromUInt64(value: u64) -> Out {
        PyInt::from_u64(value).into_obj().into_raw()
    }
    /// The integral part of a `double`.
    fn PyLong_FromDouble(value: f64) -> Out = Ref<PyInt> {
        PyInt::from_f64_trunc(value)
    }
    /// A pointer as an integer.
    fn PyLong_FromVoidPtr(pointer: *const c_void) -> Out {
        PyInt::from_usize(pointer as usize).into_obj().into_raw()
    }
    /// From text in a base (0: by its prefix), all of which must be the number. `end` is told where the text ends, or where what is
    /// wrong begins.
    fn PyLong_FromString(text: *const c_char, end: *mut *mut c_char, base: c_int) -> Out = Ref<PyInt> {
        let bytes = core::ffi::CStr::from_ptr(text).to_bytes();
        if base != 0 && !(2..=36).contains(&base) {
            return Err(exc::value_error("int() arg 2 must be >= 2 and <= 36"));
        }
        match parse::parse_int(bytes, base as u32) {
            Ok(value) => {
                store(end, text.add(bytes.len()).cast_mut());
                Ok(value)
            }
            Err(error) => {
                store(end, text.add(number_prefix(bytes, base as u32)).cast_mut());
                Err(error.into_err(i64::from(base), PyStr::new(&String::from_utf8_lossy(bytes)).as_object()))
            }
        }
    }
    /// From a `str` in a base.
    fn PyLong_FromUnicodeObject(text: Obj<'_>, base: c_int) -> Out = Ref<PyInt> {
        PyInt::from_str(expect(text)?, i64::from(base))
    }

    /// As a `long`; -1 with `OverflowError` if it does not fit.
    fn PyLong_AsLong(object: OptObj<'_>) -> c_long = i64 {
        indexed(object)?.as_i64().ok_or_else(|| too_large("long"))
    }
    /// As an `int`.
    fn PyLong_AsInt(object: OptObj<'_>) -> c_int = c_int {
        indexed(object)?.as_i32().ok_or_else(|| too_large("int"))
    }
    /// As a `long`; where it does not fit, `overflow` is the sign and there is no exception.
    fn PyLong_AsLongAndOverflow(object: OptObj<'_>, overflow: *mut c_int) -> c_long = i64 {
        with_overflow(object, overflow)
    }
    /// As a `long long`.
    fn PyLong_AsLongLong(object: OptObj<'_>) -> c_longlong = i64 {
        indexed(object)?.as_i64().ok_or_else(|| exc::overflow_error("int too big to convert"))
    }
    /// As `PyLong_AsLongAndOverflow`.
    fn PyLong_AsLongLongAndOverflow(object: OptObj<'_>, overflow: *mut c_int) -> c_longlong = i64 {
        with_overflow(object, overflow)
    }
    /// As a `Py_ssize_t`; no `__index__`.
    fn PyLong_AsSsize_t(object: OptObj<'_>) -> isize = isize {
        integer(object)?.as_isize().ok_or_else(|| too_large("ssize_t"))
    }
    /// As a `size_t`; no `__index__`.
    fn PyLong_AsSize_t(object: OptObj<'_>) -> usize = usize {
        let value = integer(object)?;
        if value.is_negative() {
            return Err(exc::overflow_error("can't convert negative value to size_t"));
        }
        value.as_usize().ok_or_else(|| too_large("size_t"))
    }
    /// As an `unsigned long`; no `__index__`.
    fn PyLong_AsUnsignedLong(object: OptObj<'_>) -> c_ulong = u64 {
        let value = integer(object)?;
        if value.is_negative() {
            return Err(exc::overflow_error("can't convert negative value to unsigned int"));
        }
        value.as_u64().ok_or_else(|| too_large("unsigned long"))
    }
    /// As an `unsigned long long`; no `__index__`.
    fn PyLong_AsUnsignedLongLong(object: OptObj<'_>) -> u64 = u64 {
        let value = integer(object)?;
        if value.is_negative() {
            return Err(exc::overflow_error("can't convert negative int to unsigned"));
        }
        value.as_u64().ok_or_else(|| exc::overflow_error("int too big to convert"))
    }
    /// Modulo 2^64.
    fn PyLong_AsUnsignedLongMask(object: OptObj<'_>) -> c_ulong = u64 {
        Ok(indexed(object)?.wrapping_u64())
    }
    /// Modulo 2^64.
    fn PyLong_AsUnsignedLongLongMask(object: OptObj<'_>) -> u64 = u64 {
        Ok(indexed(object)?.wrapping_u64())
    }
    /// As an `int32_t`.
    fn PyLong_AsInt32(object: OptObj<'_>, result: *mut i32) -> c_int = () {
        result.write(indexed(object)?.as_i32().ok_or_else(|| too_large("int32_t"))?);
        Ok(())
    }
    /// As a `uint32_t`.
    fn PyLong_AsUInt32(object: OptObj<'_>, result: *mut u32) -> c_int = () {
        let value = indexed(object)?;
        if value.is_negative() {
            return Err(exc::value_error("Cannot convert negative int"));
        }
        result.write(value.as_u32().ok_or_else(|| too_large("uint32_t"))?);
        Ok(())
    }
    /// As an `int64_t`.
    fn PyLong_AsInt64(object: OptObj<'_>, result: *mut i64) -> c_int = () {
        result.write(indexed(object)?.as_i64().ok_or_else(|| too_large("int64_t"))?);
        Ok(())
    }
    /// As a `uint64_t`.
    fn PyLong_AsUInt64(object: OptObj<'_>, result: *mut u64) -> c_int = () {
        let value = indexed(object)?;
        if value.is_negative() {
            return Err(exc::value_error("Cannot convert negative int"));
        }
        result.write(value.as_u64().ok_or_else(|| too_large("uint64_t"))?);
        Ok(())
    }
    /// The nearest `double`.
    fn PyLong_AsDouble(object: OptObj<'_>) -> f64 = f64 {
        integer(object)?.to_f64()
    }
    /// The pointer that `PyLong_FromVoidPtr` was given.
    fn PyLong_AsVoidPtr(object: OptObj<'_>) -> Void = Void {
        let value = integer(object)?;
        match value.as_i64().map(|v| v as u64).or_else(|| value.as_u64()) {
            Some(address) => Ok(address as usize as Void),
            None => Err(too_large(if value.is_negative() { "long" } else { "unsigned long" })),
        }
    }
    /// -1, 0 or 1.
    fn _PyLong_Sign(object: Obj<'_>) -> c_int {
        expect::<PyInt>(object).map_or(0, PyInt::sign)
    }
    /// The sign, through a pointer.
    fn PyLong_GetSign(object: Obj<'_>, sign: *mut c_int) -> c_int = () {
        sign.write(expect_int(object)?.sign());
        Ok(())
    }
    /// Is it positive?
    fn PyLong_IsPositive(object: Obj<'_>) -> c_int = bool {
        Ok(expect_int(object)?.sign() > 0)
    }
    /// Is it negative?
    fn PyLong_IsNegative(object: Obj<'_>) -> c_int = bool {
        Ok(expect_int(object)?.sign() < 0)
    }
    /// Is it zero?
    fn PyLong_IsZero(object: Obj<'_>) -> c_int = bool {
        Ok(expect_int(object)?.is_zero())
    }
    /// Is it one digit?
    fn PyUnstable_Long_IsCompact(object: &PyInt) -> c_int {
        c_int::from(object.is_compact())
    }
    /// The value of a one-digit integer.
    fn PyUnstable_Long_CompactValue(object: &PyInt) -> isize {
        object.compact_value()
    }
    /// A copy that is nobody else's, unless it is a small integer.
    fn _PyLong_Copy(object: &PyInt) -> Out {
        object.copy().into_obj().into_raw()
    }
    /// The number of bits of the magnitude.
    fn _PyLong_NumBits(object: &PyInt) -> i64 {
        object.bit_length() as i64
    }
    /// Writes the integer into `n` bytes, in two's complement if `is_signed`.
    fn _PyLong_AsByteArray(object: &PyInt, bytes: *mut u8, n: usize, little_endian: c_int, is_signed: c_int, with_exceptions: c_int) -> c_int {
        let out = core::slice::from_raw_parts_mut(bytes, n);
        if is_signed == 0 && object.is_negative() {
            if with_exceptions != 0 {
                exc::overflow_error("can't convert negative int to unsigned").restore();
            }
            return -1;
        }
        match int_to_bytes(object, out, order(little_endian), is_signed != 0) {
            Ok(()) => 0,
            Err(_) => {
                if with_exceptions != 0 {
                    exc::overflow_error("int too big to convert").restore();
                }
                -1
            }
        }
    }
    /// From `n` bytes, in two's complement if `is_signed`.
    fn _PyLong_FromByteArray(bytes: *const u8, n: usize, little_endian: c_int, is_signed: c_int) -> Out = Ref<PyInt> {
        int_from_bytes(slice(bytes, n), order(little_endian), is_signed != 0)
    }
    /// The integer in `n` bytes; the number of bytes it would need.
    fn PyLong_AsNativeBytes(object: Obj<'_>, buffer: *mut c_void, n: isize, flags: c_int) -> isize = isize {
        as_native_bytes(object, buffer as *mut u8, n, flags)
    }
    /// From bytes, signed.
    fn PyLong_FromNativeBytes(buffer: *const c_void, n: usize, flags: c_int) -> Out = Ref<PyInt> {
        let unsigned = flags != -1 && flags & 4 != 0;
        int_from_bytes(slice(buffer as *const u8, n), native_order(flags), !unsigned)
    }
    /// From bytes, unsigned.
    fn PyLong_FromUnsignedNativeBytes(buffer: *const c_void, n: usize, flags: c_int) -> Out = Ref<PyInt> {
        int_from_bytes(slice(buffer as *const u8, n), native_order(flags), false)
    }
    /// What digits are like: see `Layout`.
    fn PyLong_GetNativeLayout() -> *const Layout {
        &raw const LAYOUT
    }
    /// Shows the digits.
    fn PyLong_Export(object: Obj<'_>, export: *mut Exported) -> c_int = () {
        let Some(value) = object.downcast_ref::<PyInt>() else {
            export.write(Exported::EMPTY);
            return Err(exc::type_error(format!("expected int, got {}", object.ty().full_name())));
        };
        export.write(match value.as_i64() {
            Some(small) => Exported { value: small, ..Exported::EMPTY },
            None => Exported {
                value: 0,
                negative: u8::from(value.is_negative()),
                ndigits: value.digit_count() as isize,
                digits: value.digits().as_ptr(),
                // The reference that keeps the digits alive.
                owner: object.new_ref().into_raw(),
            },
        });
        Ok(())
    }
    /// Ends what `PyLong_Export` began.
    fn PyLong_FreeExport(export: *mut Exported) {
        let owner = core::mem::replace(&mut (*export).owner, core::ptr::null_mut());
        if !owner.is_null() {
            PyObject::decref(owner);
        }
    }
    /// Begins an integer of `ndigits` digits, which the caller writes to `*digits`.
    fn PyLongWriter_Create(negative: c_int, ndigits: isize, digits: *mut *mut c_void) -> *mut Writer = *mut Writer {
        if ndigits <= 0 {
            return Err(exc::value_error("ndigits must be positive"));
        }
        let mut writer = Box::new(Writer { digits: DigitsMut::new(ndigits as usize)?, negative: negative != 0 });
        digits.write(writer.digits.as_mut_ptr() as *mut c_void);
        Ok(Box::into_raw(writer))
    }
    /// The finished integer; the writer is gone.
    fn PyLongWriter_Finish(writer: *mut Writer) -> Out {
        let writer = Box::from_raw(writer);
        writer.digits.finish(writer.negative).into_obj().into_raw()
    }
    /// Gives a writer up.
    fn PyLongWriter_Discard(writer: *mut Writer) {
        if !writer.is_null() {
            drop(Box::from_raw(writer));
        }
    }
    /// `int.__divmod__` rounding half to even.
    fn _PyLong_DivmodNear(a: &PyInt, b: &PyInt) -> Out = ObjRef {
        let (quotient, rest) = rpy_vm::types::int::arith::int_divmod_near(a, b)?;
        Ok(rpy_vm::types::tuple::PyTuple::new(vec![quotient.into_obj(), rest.into_obj()]).into_obj())
    }
    /// The integer's text in a base.
    fn _PyLong_Format(object: &PyInt, base: c_int) -> Out = Ref<PyStr> {
        number::to_base(object.as_object(), base as u32)
    }
    /// Accounts for an `O&` converter that wants an `int` in a C `int`'s range.
    fn _PyLong_Size_t_Converter(object: Obj<'_>, place: *mut usize) -> c_int {
        match integer(Some(object)).and_then(|v| v.as_usize().ok_or_else(|| too_large("size_t"))) {
            Ok(value) => {
                store(place, value);
                1
            }
            Err(error) => {
                error.restore();
                0
            }
        }
    }
}

/// An integer under construction (`PyLongWriter`).
pub struct Writer {
    digits: DigitsMut,
    negative: bool,
}

/// `PyLongLayout`.
#[repr(C)]
pub struct Layout {
    bits_per_digit: u8,
    digit_size: u8,
    digits_order: i8,
    digit_endianness: i8,
}

static LAYOUT: Layout = Layout { bits_per_digit: 30, digit_size: 4, digits_order: -1, digit_endianness: -1 };

/// `PyLongExport`.
#[repr(C)]
pub struct Exported {
    value: i64,
    negative: u8,
    ndigits: isize,
    digits: *const u32,
    owner: *mut PyObject,
}

impl Exported {
    const EMPTY: Exported =
        Exported { value: 0, negative: 0, ndigits: 0, digits: core::ptr::null(), owner: core::ptr::null_mut() };
}

#[cold]
fn too_large(c_type: &str) -> PyErr {
    exc::overflow_error(format!("Python int too large to convert to C {c_type}"))
}

/// The integer behind an object, by `__index__` if need be.
#[inline(always)]
fn indexed(object: Option<&PyObject>) -> PyResult<Ref<PyInt>> {
    number::index(object.ok_or_else(bad_call)?)
}

/// An `int`, and nothing else.
#[inline(always)]
fn integer(object: Option<&PyObject>) -> PyResult<&PyInt> {
    let object = object.ok_or_else(bad_call)?;
    object.downcast_ref().ok_or_else(|| exc::type_error("an integer is required"))
}

fn expect_int(object: &PyObject) -> PyResult<&PyInt> {
    object.downcast_ref().ok_or_else(|| exc::type_error(format!("expected int, got {}", object.ty().full_name())))
}

unsafe fn with_overflow(object: Option<&PyObject>, overflow: *mut c_int) -> PyResult<i64> {
    // SAFETY: the caller's promise.
    unsafe { overflow.write(0) };
    let value = indexed(Some(object.ok_or_else(null_argument)?))?;
    Ok(match value.as_i64() {
        Some(fits) => fits,
        None => {
            // SAFETY: the caller's promise.
            unsafe { overflow.write(value.sign()) };
            -1
        }
    })
}

fn order(little_endian: c_int) -> ByteOrder {
    if little_endian != 0 { ByteOrder::Little } else { ByteOrder::Big }
}

/// The order that `Py_ASNATIVEBYTES_*` flags ask for.
fn native_order(flags: c_int) -> ByteOrder {
    order(if flags == -1 || flags & 2 != 0 { 1 } else { flags & 1 })
}

unsafe fn slice<'a>(bytes: *const u8, n: usize) -> &'a [u8] {
    if n == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { core::slice::from_raw_parts(bytes, n) }
}

unsafe fn as_native_bytes(object: &PyObject, buffer: *mut u8, n: isize, flags: c_int) -> PyResult<isize> {
    if n < 0 {
        return Err(bad_call());
    }
    let owned;
    let value: &PyInt = if flags != -1 && flags & 16 != 0 {
        owned = number::index(object)?;
        &owned
    } else {
        object
            .downcast_ref()
            .ok_or_else(|| exc::type_error(format!("expect int, got {}", object.ty().full_name())))?
    };
    if flags != -1 && flags & 8 != 0 && value.is_negative() {
        return Err(exc::value_error("Cannot convert negative int"));
    }
    // Two's complement: one bit for the sign, which an unsigned buffer does not need. The default (-1, which has all bits) is as
    // lenient as a cast in C.
    let unsigned = flags & 4 != 0;
    let magnitude_bits = value.bit_length();
    let is_power_of_two = value.is_negative() && {
        let digits = value.digits();
        digits[digits.len() - 1].is_power_of_two() && digits[..digits.len() - 1].iter().all(|&d| d == 0)
    };
    let mut bits = magnitude_bits + 1 - u64::from(is_power_of_two);
    if unsigned && !value.is_negative() {
        bits = magnitude_bits;
    }
    let needed = (bits.div_ceil(8)).max(1) as usize;
    if n > 0 {
        // SAFETY: the caller's promise.
        let out = unsafe { core::slice::from_raw_parts_mut(buffer, n as usize) };
        let mut full = vec![0u8; needed.max(n as usize) + 1];
        if int_to_bytes(value, &mut full, ByteOrder::Little, true).is_err() {
            return Err(exc::overflow_error("int too big to convert"));
        }
        match native_order(flags) {
            ByteOrder::Little => out.copy_from_slice(&full[..n as usize]),
            ByteOrder::Big => {
                out.copy_from_slice(&full[..n as usize]);
                out.reverse();
            }
        }
    }
    Ok(needed as isize)
}

/// How many bytes at the start of `text` are a number in `base` (with spaces around it, sign and prefix).
fn number_prefix(text: &[u8], base: u32) -> usize {
    let mut longest = 0;
    let limit = text.len();
    let mut at = text.iter().take_while(|c| c.is_ascii_whitespace()).count();
    if at < limit && matches!(text[at], b'+' | b'-') {
        at += 1;
    }
    let mut radix = if base == 0 { 10 } else { base };
    if at + 1 < limit && text[at] == b'0' {
        let prefixed = match text[at + 1] | 0x20 {
            b'x' => 16,
            b'o' => 8,
            b'b' => 2,
            _ => 0,
        };
        if prefixed != 0 && (base == 0 || base == prefixed) {
            radix = prefixed;
            at += 2;
        }
    }
    while at < limit && (text[at] == b'_' || (text[at] as char).is_digit(radix)) {
        at += 1;
        // An underscore belongs to the number only in front of a digit.
        if text[at - 1] != b'_' {
            longest = at;
        }
    }
    longest + text[longest..].iter().take_while(|c| c.is_ascii_whitespace()).count()
}

const _: () = assert!(size_of::<Exported>() == 40 && size_of::<Layout>() == 4);

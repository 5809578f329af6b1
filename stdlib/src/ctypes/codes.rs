//! The one-letter codes of simple C types: how a value is read from memory and written to it.
//!
//! [`CODES`] is the only list of them. Integers come in both byte orders and as bit fields; `s` and `U` are the contents of
//! character arrays in structures, which have no type of their own.

use core::ffi::CStr;

use libffi_sys as ffi;
use rpy_vm::protocol::{number, object};
use rpy_vm::types::bytearray::PyByteArray;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::capsule::PyCapsule;
use rpy_vm::types::complex::PyComplex;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, Ref, exc};

use super::abi::{Class, Scalar, TypePtr};

/// Where in memory a value is: its size in bytes; for a bit field also its lowest bit and how many there are.
#[derive(Clone, Copy)]
pub struct Extent {
    pub size: usize,
    pub low: u8,
    pub bits: u8,
}

impl Extent {
    /// All of `size` bytes.
    pub fn whole(size: usize) -> Extent {
        Extent { size, low: 0, bits: 0 }
    }
}

/// Reads a value. The memory has the extent, or the size of the type.
pub type Get = unsafe fn(*const u8, Extent) -> PyResult;
/// Writes a value; gives what has to be kept alive as long as the memory is used.
pub type Set = unsafe fn(*mut u8, &PyObject, Extent) -> PyResult<Option<ObjRef>>;

/// A code.
pub struct Code {
    pub letter: u8,
    /// What libffi calls the type.
    pub ffi: TypePtr,
    /// Its parts, where it is part of a structure.
    pub scalars: &'static [Scalar],
    /// The letter in formats of buffers.
    pub format: u8,
    pub get: Get,
    pub set: Set,
    /// In the other byte order.
    pub swapped: Option<(Get, Set)>,
}

/// How values of a type are read and written.
#[derive(Clone, Copy)]
pub struct Codec {
    pub code: &'static Code,
    pub swapped: bool,
}

impl Codec {
    /// Is it the code with this letter, in the machine's byte order?
    pub fn is(self, letter: u8) -> bool {
        self.code.letter == letter
    }

    /// Reads a value.
    ///
    /// # Errors
    /// `ValueError` for what is no value.
    ///
    /// # Safety
    /// The memory may be read, and pointers in it are null or valid.
    pub unsafe fn get(self, memory: *const u8, extent: Extent) -> PyResult {
        let get = match self.code.swapped {
            Some((get, _)) if self.swapped => get,
            _ => self.code.get,
        };
        // SAFETY: the caller's promise.
        unsafe { get(memory, extent) }
    }

    /// Writes a value.
    ///
    /// # Errors
    /// `TypeError` for objects that are no such value.
    ///
    /// # Safety
    /// The memory may be written.
    pub unsafe fn set(self, memory: *mut u8, value: &PyObject, extent: Extent) -> PyResult<Option<ObjRef>> {
        let set = match self.code.swapped {
            Some((_, set)) if self.swapped => set,
            _ => self.code.set,
        };
        // SAFETY: the caller's promise.
        unsafe { set(memory, value, extent) }
    }
}

/// The code of a letter.
pub fn find(letter: u8) -> Option<&'static Code> {
    CODES.iter().find(|code| code.letter == letter)
}

/// The letters that `_type_` of a simple type may be.
pub fn simple_letters() -> String {
    CODES.iter().map(|code| char::from(code.letter)).filter(|c| !"sU".contains(*c)).collect()
}

const fn part(offset: usize, size: usize, class: Class) -> Scalar {
    Scalar { offset, size, class, unaligned: false }
}

const INT1: &[Scalar] = &[part(0, 1, Class::Integer)];
const INT2: &[Scalar] = &[part(0, 2, Class::Integer)];
const INT4: &[Scalar] = &[part(0, 4, Class::Integer)];
/// Also of pointers.
pub const INT8: &[Scalar] = &[part(0, 8, Class::Integer)];
const F32: &[Scalar] = &[part(0, 4, Class::Sse)];
const F64: &[Scalar] = &[part(0, 8, Class::Sse)];
const F80: &[Scalar] = &[part(0, 16, Class::X87)];
const F32X2: &[Scalar] = &[part(0, 4, Class::Sse), part(4, 4, Class::Sse)];
const F64X2: &[Scalar] = &[part(0, 8, Class::Sse), part(8, 8, Class::Sse)];

macro_rules! codes {
    (@swapped int $int:ty) => { Some((int_get::<$int, true>, int_set::<$int, true>)) };
    (@swapped $get:ident $set:ident) => { Some(($get, $set)) };
    (@swapped) => { None };
    (@plain int $int:ty) => { (int_get::<$int, false>, int_set::<$int, false>) };
    (@plain $get:ident $set:ident) => { ($get, $set) };
    ($($letter:literal $format:literal $ffi:ident $scalars:ident ($($plain:tt)*) ($($swapped:tt)*);)*) => {
        /// Every code, in the order in which CPython names them.
        pub static CODES: &[Code] = &[$({
            const PLAIN: (Get, Set) = codes!(@plain $($plain)*);
            Code {
                letter: $letter,
                ffi: TypePtr(&raw mut ffi::$ffi),
                scalars: $scalars,
                format: $format,
                get: PLAIN.0,
                set: PLAIN.1,
                swapped: codes!(@swapped $($swapped)*),
            }
        }),*];
    };
}

codes! {
    // letter, in formats, libffi's type, parts, (reading and writing), (the same in the other byte order)
    b'c' b'c' ffi_type_sint8 INT1 (char_get char_set) ();
    b'b' b'b' ffi_type_sint8 INT1 (int i8) (int i8);
    b'B' b'B' ffi_type_uint8 INT1 (int u8) (int u8);
    b'h' b'h' ffi_type_sint16 INT2 (int i16) (int i16);
    b'H' b'H' ffi_type_uint16 INT2 (int u16) (int u16);
    b'i' b'i' ffi_type_sint32 INT4 (int i32) (int i32);
    b'I' b'I' ffi_type_uint32 INT4 (int u32) (int u32);
    b'l' b'q' ffi_type_sint64 INT8 (int i64) (int i64);
    b'L' b'Q' ffi_type_uint64 INT8 (int u64) (int u64);
    b'd' b'd' ffi_type_double F64 (double_get double_set) (double_get_swapped double_set_swapped);
    b'D' b'D' ffi_type_complex_double F64X2 (complex_get complex_set) (complex_get_swapped complex_set_swapped);
    b'F' b'F' ffi_type_complex_float F32X2 (complex_float_get complex_float_set) (complex_float_get_swapped complex_float_set_swapped);
    b'G' b'G' ffi_type_complex_longdouble F80 (complex_long_get complex_long_set) ();
    b'f' b'f' ffi_type_float F32 (float_get float_set) (float_get_swapped float_set_swapped);
    b'u' b'u' ffi_type_sint32 INT4 (wchar_get wchar_set) ();
    b'z' b'z' ffi_type_pointer INT8 (bytes_pointer_get bytes_pointer_set) ();
    b'Z' b'Z' ffi_type_pointer INT8 (text_pointer_get text_pointer_set) ();
    b'q' b'q' ffi_type_sint64 INT8 (int i64) (int i64);
    b'Q' b'Q' ffi_type_uint64 INT8 (int u64) (int u64);
    b'P' b'P' ffi_type_pointer INT8 (pointer_get pointer_set) ();
    b'O' b'O' ffi_type_pointer INT8 (object_get object_set) ();
    b'v' b'v' ffi_type_sint16 INT2 (variant_bool_get variant_bool_set) ();
    b'?' b'?' ffi_type_uint8 INT1 (bool_get bool_set) ();
    b'g' b'g' ffi_type_longdouble F80 (long_double_get long_double_set) ();
    b's' b's' ffi_type_pointer INT8 (chars_get chars_set) ();
    b'U' b'U' ffi_type_pointer INT8 (wchars_get wchars_set) ();
}

// ---------------------------------------------------------------------------------------------------------------------
// Integers

/// A C integer type.
trait Integer: Copy + Into<i128> {
    fn wrap(value: u64) -> Self;
    fn swap(self) -> Self;
    fn bits(self) -> u64;
    /// The low `bits` bits of `value >> low`, with the sign of the type.
    fn extract(self, low: u32, bits: u32) -> Self;
}

macro_rules! integers {
    ($($ty:ty)*) => { $(
        impl Integer for $ty {
            fn wrap(value: u64) -> Self {
                value as Self
            }
            fn swap(self) -> Self {
                self.swap_bytes()
            }
            fn bits(self) -> u64 {
                self as u64
            }
            fn extract(self, low: u32, bits: u32) -> Self {
                (self << (Self::BITS - low - bits)) >> (Self::BITS - bits)
            }
        }
    )* };
}
integers!(i8 u8 i16 u16 i32 u32 i64 u64);

/// The value as two's complement, cut to 64 bits.
fn wrapped(value: &PyObject) -> PyResult<u64> {
    match value.downcast_ref::<PyInt>() {
        Some(int) => Ok(int.wrapping_u64()),
        None => Ok(number::index(value)?.wrapping_u64()),
    }
}

unsafe fn read<T: Copy>(memory: *const u8) -> T {
    // SAFETY: the callers' promise; C's alignment is not asked for.
    unsafe { memory.cast::<T>().read_unaligned() }
}

unsafe fn write<T>(memory: *mut u8, value: T) {
    // SAFETY: as above.
    unsafe { memory.cast::<T>().write_unaligned(value) }
}

unsafe fn int_get<T: Integer, const SWAPPED: bool>(memory: *const u8, extent: Extent) -> PyResult {
    // SAFETY: the caller's promise.
    let raw: T = unsafe { read(memory) };
    let mut value = if SWAPPED { raw.swap() } else { raw };
    if extent.bits != 0 {
        value = value.extract(extent.low.into(), extent.bits.into());
    }
    let value: i128 = value.into();
    Ok(match i64::try_from(value) {
        Ok(value) => PyInt::from_i64(value).into_obj(),
        Err(_) => PyInt::from_i128(value).into_obj(),
    })
}

unsafe fn int_set<T: Integer, const SWAPPED: bool>(
    memory: *mut u8,
    value: &PyObject,
    extent: Extent,
) -> PyResult<Option<ObjRef>> {
    let mut new = wrapped(value)?;
    if extent.bits != 0 {
        // SAFETY: the caller's promise.
        let raw: T = unsafe { read(memory) };
        let old = if SWAPPED { raw.swap() } else { raw }.bits();
        let mask = (u64::MAX >> (64 - u32::from(extent.bits))) << extent.low;
        new = (old & !mask) | ((new << extent.low) & mask);
    }
    let new = T::wrap(new);
    // SAFETY: the caller's promise.
    unsafe { write(memory, if SWAPPED { new.swap() } else { new }) };
    Ok(None)
}

unsafe fn bool_get(memory: *const u8, _: Extent) -> PyResult {
    // SAFETY: the caller's promise.
    Ok(rpy_vm::py_bool(unsafe { read::<u8>(memory) } != 0))
}

unsafe fn bool_set(memory: *mut u8, value: &PyObject, _: Extent) -> PyResult<Option<ObjRef>> {
    let value = object::is_true(value)?;
    // SAFETY: the caller's promise.
    unsafe { write(memory, u8::from(value)) };
    Ok(None)
}

/// `VARIANT_BOOL`: all bits set is true.
unsafe fn variant_bool_get(memory: *const u8, _: Extent) -> PyResult {
    // SAFETY: the caller's promise.
    Ok(rpy_vm::py_bool(unsafe { read::<i16>(memory) } != 0))
}

unsafe fn variant_bool_set(memory: *mut u8, value: &PyObject, _: Extent) -> PyResult<Option<ObjRef>> {
    let value = object::is_true(value)?;
    // SAFETY: the caller's promise.
    unsafe { write::<i16>(memory, if value { -1 } else { 0 }) };
    Ok(None)
}

// ---------------------------------------------------------------------------------------------------------------------
// Floating point

fn float(value: f64) -> PyResult {
    Ok(PyFloat::new(value).into_obj())
}

macro_rules! floats {
    ($($get:ident $set:ident $ty:ty, $from:ident $to:ident;)*) => { $(
        unsafe fn $get(memory: *const u8, _: Extent) -> PyResult {
            // SAFETY: the caller's promise.
            float(<$ty>::$from(unsafe { read(memory) }).into())
        }
        unsafe fn $set(memory: *mut u8, value: &PyObject, _: Extent) -> PyResult<Option<ObjRef>> {
            let value = number::as_f64(value)? as $ty;
            // SAFETY: the caller's promise.
            unsafe { write(memory, value.$to()) };
            Ok(None)
        }
    )* };
}
floats! {
    double_get double_set f64, from_ne_bytes to_ne_bytes;
    double_get_swapped double_set_swapped f64, from_be_bytes to_be_bytes;
    float_get float_set f32, from_ne_bytes to_ne_bytes;
    float_get_swapped float_set_swapped f32, from_be_bytes to_be_bytes;
}

/// A `long double`, rounded.
///
/// # Safety
/// 10 bytes may be read.
pub unsafe fn read_long_double(memory: *const u8) -> f64 {
    let mut value = 0.0f64;
    // SAFETY: loads one number and stores it; the register stack is left as it was.
    unsafe {
        core::arch::asm!(
            "fld tbyte ptr [{source}]", "fstp qword ptr [{target}]",
            source = in(reg) memory, target = in(reg) &raw mut value,
            out("st(0)") _, out("st(1)") _, out("st(2)") _, out("st(3)") _,
            out("st(4)") _, out("st(5)") _, out("st(6)") _, out("st(7)") _,
            options(nostack),
        );
    }
    value
}

/// Writes a `long double`.
///
/// # Safety
/// 10 bytes may be written.
pub unsafe fn write_long_double(memory: *mut u8, value: f64) {
    // SAFETY: as above.
    unsafe {
        core::arch::asm!(
            "fld qword ptr [{source}]", "fstp tbyte ptr [{target}]",
            source = in(reg) &raw const value, target = in(reg) memory,
            out("st(0)") _, out("st(1)") _, out("st(2)") _, out("st(3)") _,
            out("st(4)") _, out("st(5)") _, out("st(6)") _, out("st(7)") _,
            options(nostack),
        );
    }
}

unsafe fn long_double_get(memory: *const u8, _: Extent) -> PyResult {
    // SAFETY: the caller's promise.
    float(unsafe { read_long_double(memory) })
}

unsafe fn long_double_set(memory: *mut u8, value: &PyObject, _: Extent) -> PyResult<Option<ObjRef>> {
    let value = number::as_f64(value)?;
    // SAFETY: the caller's promise.
    unsafe { write_long_double(memory, value) };
    Ok(None)
}

fn complex(real: f64, imag: f64) -> PyResult {
    Ok(PyComplex::new(real, imag).into_obj())
}

macro_rules! complexes {
    ($($get:ident $set:ident $ty:ty, $from:ident $to:ident;)*) => { $(
        unsafe fn $get(memory: *const u8, _: Extent) -> PyResult {
            // SAFETY: the caller's promise: two numbers.
            let [real, imag] = unsafe { [read(memory), read(memory.add(size_of::<$ty>()))] };
            complex(<$ty>::$from(real).into(), <$ty>::$from(imag).into())
        }
        unsafe fn $set(memory: *mut u8, value: &PyObject, _: Extent) -> PyResult<Option<ObjRef>> {
            let (real, imag) = PyComplex::parts_of(value)?;
            // SAFETY: as above.
            unsafe {
                write(memory, (real as $ty).$to());
                write(memory.add(size_of::<$ty>()), (imag as $ty).$to());
            }
            Ok(None)
        }
    )* };
}
complexes! {
    complex_get complex_set f64, from_ne_bytes to_ne_bytes;
    complex_get_swapped complex_set_swapped f64, from_be_bytes to_be_bytes;
    complex_float_get complex_float_set f32, from_ne_bytes to_ne_bytes;
    complex_float_get_swapped complex_float_set_swapped f32, from_be_bytes to_be_bytes;
}

unsafe fn complex_long_get(memory: *const u8, _: Extent) -> PyResult {
    // SAFETY: as above.
    unsafe { complex(read_long_double(memory), read_long_double(memory.add(16))) }
}

unsafe fn complex_long_set(memory: *mut u8, value: &PyObject, _: Extent) -> PyResult<Option<ObjRef>> {
    let (real, imag) = PyComplex::parts_of(value)?;
    // SAFETY: as above.
    unsafe {
        write_long_double(memory, real);
        write_long_double(memory.add(16), imag);
    }
    Ok(None)
}

// ---------------------------------------------------------------------------------------------------------------------
// Characters and strings

fn expected_text(value: &PyObject) -> PyErr {
    exc::type_error(format!("unicode string expected instead of {} instance", value.ty().full_name()))
}

unsafe fn char_get(memory: *const u8, _: Extent) -> PyResult {
    // SAFETY: the caller's promise.
    Ok(PyBytes::single(unsafe { read(memory) }).into_obj())
}

unsafe fn char_set(memory: *mut u8, value: &PyObject, _: Extent) -> PyResult<Option<ObjRef>> {
    let wrong = |got: String| {
        exc::type_error(format!("one character bytes, bytearray, or an integer in range(256) expected, not {got}"))
    };
    let byte = if let Some(bytes) = value.downcast_ref::<PyBytes>() {
        match bytes.as_bytes() {
            [byte] => *byte,
            other => return Err(wrong(format!("bytes of length {}", other.len()))),
        }
    } else if let Some(bytes) = value.downcast_ref::<PyByteArray>() {
        match bytes.as_bytes() {
            [byte] => *byte,
            other => return Err(wrong(format!("bytearray of length {}", other.len()))),
        }
    } else if let Some(int) = value.downcast_ref::<PyInt>() {
        let byte = int.as_i64().and_then(|value| u8::try_from(value).ok());
        byte.ok_or_else(|| exc::type_error("integer not in range(256)"))?
    } else {
        return Err(wrong(super::type_name(value)));
    };
    // SAFETY: the caller's promise.
    unsafe { write(memory, byte) };
    Ok(None)
}

/// A string of `wchar_t`s.
///
/// # Errors
/// `ValueError` for what is no character.
pub fn wide_text(chars: &[u32]) -> PyResult<Ref<PyStr>> {
    if let Some(wrong) = chars.iter().find(|c| **c > 0x10_ffff) {
        return Err(exc::value_error(format!("character U+{wrong:x} is not in range [U+0000; U+10ffff]")));
    }
    PyStr::try_from_ucs4(chars)
}

/// An empty vector with room for `count` items: a number from a program, which may be any.
///
/// # Errors
/// `MemoryError`.
pub fn room_for<T>(count: usize) -> PyResult<Vec<T>> {
    let mut room = Vec::new();
    room.try_reserve_exact(count).map_err(|_| exc::memory_error())?;
    Ok(room)
}

/// `wchar_t`s at an address that need not be aligned.
///
/// # Errors
/// `MemoryError`.
///
/// # Safety
/// `count` of them may be read.
pub unsafe fn wide_chars(memory: *const u8, count: usize) -> PyResult<Vec<u32>> {
    let mut chars = room_for(count)?;
    // SAFETY: the caller's promise.
    chars.extend((0..count).map(|index| unsafe { read::<u32>(memory.add(4 * index)) }));
    Ok(chars)
}

/// The `wchar_t`s up to the first that is 0.
///
/// # Safety
/// The memory up to there may be read.
pub unsafe fn wide_chars_to_nul(memory: *const u8) -> Vec<u32> {
    let mut chars = Vec::new();
    loop {
        // SAFETY: the caller's promise.
        match unsafe { read(memory.add(4 * chars.len())) } {
            0 => return chars,
            char => chars.push(char),
        }
    }
}

/// Writes `wchar_t`s.
///
/// # Safety
/// There is room for them.
pub unsafe fn write_wide_chars(memory: *mut u8, chars: impl Iterator<Item = u32>) {
    for (index, char) in chars.enumerate() {
        // SAFETY: the caller's promise.
        unsafe { write(memory.add(4 * index), char) };
    }
}

unsafe fn wchar_get(memory: *const u8, _: Extent) -> PyResult {
    // SAFETY: the caller's promise.
    Ok(wide_text(&[unsafe { read(memory) }])?.into_obj())
}

unsafe fn wchar_set(memory: *mut u8, value: &PyObject, _: Extent) -> PyResult<Option<ObjRef>> {
    let Some(text) = value.downcast_ref::<PyStr>() else {
        let name = super::type_name(value);
        return Err(exc::type_error(format!("a unicode character expected, not instance of {name}")));
    };
    if text.len() != 1 {
        let len = text.len();
        return Err(exc::type_error(format!("a unicode character expected, not a string of length {len}")));
    }
    // SAFETY: the caller's promise.
    unsafe { write(memory, text.char_at(0)) };
    Ok(None)
}

unsafe fn chars_get(memory: *const u8, extent: Extent) -> PyResult {
    // SAFETY: the caller's promise.
    let bytes = unsafe { core::slice::from_raw_parts(memory, extent.size) };
    let len = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    Ok(PyBytes::try_new(&bytes[..len])?.into_obj())
}

unsafe fn chars_set(memory: *mut u8, value: &PyObject, extent: Extent) -> PyResult<Option<ObjRef>> {
    let Some(bytes) = value.downcast_ref::<PyBytes>() else {
        return Err(exc::type_error(format!("expected bytes, {} found", value.ty().full_name())));
    };
    let bytes = bytes.as_bytes();
    let len = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    let room = extent.size;
    if len > room {
        return Err(exc::value_error(format!("bytes too long ({len}, maximum length {room})")));
    }
    // SAFETY: the caller's promise, and the line above.
    unsafe {
        core::ptr::copy_nonoverlapping(bytes.as_ptr(), memory, len);
        if len < room {
            write(memory.add(len), 0u8);
        }
    }
    Ok(None)
}

unsafe fn wchars_get(memory: *const u8, extent: Extent) -> PyResult {
    // SAFETY: the caller's promise.
    let chars = unsafe { wide_chars(memory, extent.size / 4) }?;
    let len = chars.iter().position(|c| *c == 0).unwrap_or(chars.len());
    Ok(wide_text(&chars[..len])?.into_obj())
}

unsafe fn wchars_set(memory: *mut u8, value: &PyObject, extent: Extent) -> PyResult<Option<ObjRef>> {
    let Some(text) = value.downcast_ref::<PyStr>() else { return Err(expected_text(value)) };
    let (len, room) = (text.len(), extent.size / 4);
    if len > room {
        return Err(exc::value_error(format!("string too long ({len}, maximum length {room})")));
    }
    // SAFETY: the caller's promise, and the lines above.
    unsafe { write_wide_chars(memory, text.data().iter().chain(core::iter::once(0)).take(room)) };
    Ok(Some(value.new_ref()))
}

// ---------------------------------------------------------------------------------------------------------------------
// Pointers

unsafe fn pointer_get(memory: *const u8, _: Extent) -> PyResult {
    // SAFETY: the caller's promise.
    Ok(match unsafe { read::<u64>(memory) } {
        0 => rpy_vm::none(),
        address => PyInt::from_u64(address).into_obj(),
    })
}

unsafe fn pointer_set(memory: *mut u8, value: &PyObject, _: Extent) -> PyResult<Option<ObjRef>> {
    let address = if rpy_vm::is_none(value) {
        0
    } else {
        let int = value.downcast_ref::<PyInt>();
        int.ok_or_else(|| exc::type_error("cannot be converted to pointer"))?.wrapping_u64()
    };
    // SAFETY: the caller's promise.
    unsafe { write(memory, address) };
    Ok(None)
}

unsafe fn bytes_pointer_get(memory: *const u8, _: Extent) -> PyResult {
    // SAFETY: the caller's promise.
    unsafe {
        let pointer: *const core::ffi::c_char = read(memory);
        if pointer.is_null() {
            return Ok(rpy_vm::none());
        }
        Ok(PyBytes::try_new(CStr::from_ptr(pointer).to_bytes())?.into_obj())
    }
}

unsafe fn bytes_pointer_set(memory: *mut u8, value: &PyObject, _: Extent) -> PyResult<Option<ObjRef>> {
    let (address, keep) = if rpy_vm::is_none(value) {
        (0, None)
    } else if let Some(bytes) = value.downcast_ref::<PyBytes>() {
        (bytes.data_ptr() as u64, Some(value.new_ref()))
    } else if let Some(int) = value.downcast_ref::<PyInt>() {
        (int.wrapping_u64(), None)
    } else {
        let name = value.ty().full_name();
        return Err(exc::type_error(format!("bytes or integer address expected instead of {name} instance")));
    };
    // SAFETY: the caller's promise.
    unsafe { write(memory, address) };
    Ok(keep)
}

unsafe fn text_pointer_get(memory: *const u8, _: Extent) -> PyResult {
    // SAFETY: the caller's promise.
    unsafe {
        let pointer: *const u8 = read(memory);
        if pointer.is_null() {
            return Ok(rpy_vm::none());
        }
        Ok(wide_text(&wide_chars_to_nul(pointer))?.into_obj())
    }
}

unsafe fn text_pointer_set(memory: *mut u8, value: &PyObject, _: Extent) -> PyResult<Option<ObjRef>> {
    let (address, keep) = if rpy_vm::is_none(value) {
        (0, None)
    } else if let Some(int) = value.downcast_ref::<PyInt>() {
        (int.wrapping_u64(), None)
    } else if let Some(text) = value.downcast_ref::<PyStr>() {
        let (address, keep) = wide_copy(text)?;
        (address as u64, Some(keep))
    } else {
        let name = value.ty().full_name();
        return Err(exc::type_error(format!("unicode string or integer address expected instead of {name} instance")));
    };
    // SAFETY: the caller's promise.
    unsafe { write(memory, address) };
    Ok(keep)
}

const COPY_NAME: &CStr = c"_ctypes/cfield.c pymem";

/// A copy of a string as `wchar_t`s with a 0 at the end, and the object that keeps it.
///
/// # Errors
/// `MemoryError`.
pub fn wide_copy(text: &PyStr) -> PyResult<(*mut u8, ObjRef)> {
    unsafe extern "C-unwind" fn free(capsule: *mut PyObject) {
        // SAFETY: called for the capsules made below.
        unsafe { rpy_vm::object::alloc::mem_free((*capsule.cast::<PyCapsule>()).pointer.get().cast()) }
    }
    let block = rpy_vm::object::alloc::mem_alloc(4 * (text.len() + 1));
    if block.is_null() {
        return Err(exc::memory_error());
    }
    // SAFETY: the block has the room.
    unsafe { write_wide_chars(block, text.data().iter().chain(core::iter::once(0))) };
    Ok((block, PyCapsule::new(block.cast(), COPY_NAME.as_ptr(), Some(free))?.into_obj()))
}

unsafe fn object_get(memory: *const u8, _: Extent) -> PyResult {
    // SAFETY: the caller's promise.
    match unsafe { read::<*const PyObject>(memory).as_ref() } {
        Some(object) => Ok(object.new_ref()),
        None => Err(null_object()),
    }
}

/// Where an object was expected there is none.
#[cold]
pub fn null_object() -> PyErr {
    PyErr::fetch().unwrap_or_else(|| exc::value_error("PyObject is NULL"))
}

unsafe fn object_set(memory: *mut u8, value: &PyObject, _: Extent) -> PyResult<Option<ObjRef>> {
    // SAFETY: the caller's promise.
    unsafe { write(memory, value.as_ptr()) };
    Ok(Some(value.new_ref()))
}

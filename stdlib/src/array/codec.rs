//! The element types of arrays.
//!
//! Each has a descriptor record; an array points to its record, and compiled extensions read the type code and size from there.

use core::ffi::{c_char, c_int};

use rpy_vm::protocol::number;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyObject, PyResult, exc};

/// Reads an element: the array object and an index.
type GetItem = unsafe extern "C-unwind" fn(*mut PyObject, isize) -> *mut PyObject;
/// Writes an element; the index -1 only checks the value.
type SetItem = unsafe extern "C-unwind" fn(*mut PyObject, isize, *mut PyObject) -> c_int;

/// What an array's `ob_descr` points to.
#[repr(C)]
pub struct ArrayDescr {
    pub typecode: c_char,
    pub itemsize: c_int,
    pub getitem: GetItem,
    pub setitem: SetItem,
    pub formats: *const c_char,
    pub is_integer: c_int,
    pub is_signed: c_int,
}
// SAFETY: constant.
unsafe impl Sync for ArrayDescr {}

impl ArrayDescr {
    #[inline]
    pub fn code(&self) -> u8 {
        self.typecode as u8
    }

    #[inline]
    pub fn size(&self) -> usize {
        self.itemsize as usize
    }

    /// The record of a type code.
    pub fn find(code: u8) -> Option<&'static ArrayDescr> {
        DESCRS.iter().find(|descr| descr.code() == code)
    }
}

unsafe extern "C-unwind" fn get_item(array: *mut PyObject, index: isize) -> *mut PyObject {
    // SAFETY: called with an array and an index in range.
    let array = unsafe { (*array).cast_unchecked_ref::<super::object::PyArray>() };
    match array.get(index as usize) {
        Ok(item) => item.into_raw(),
        Err(e) => e.restore_null(),
    }
}

unsafe extern "C-unwind" fn set_item(array: *mut PyObject, index: isize, value: *mut PyObject) -> c_int {
    // SAFETY: called with an array, an index in range or -1, and a value.
    let (array, value) = unsafe { ((*array).cast_unchecked_ref::<super::object::PyArray>(), &*value) };
    let result = encode(array.descr().code(), value)
        .and_then(|bits| if index >= 0 { array.store(index as usize, bits) } else { Ok(()) });
    match result {
        Ok(()) => 0,
        Err(e) => e.restore_int(),
    }
}

macro_rules! descrs {
    ($($code:literal $size:literal $format:literal $integer:literal $signed:literal;)*) => {
        &[$(ArrayDescr {
            typecode: $code as c_char,
            itemsize: $size,
            getitem: get_item,
            setitem: set_item,
            formats: $format.as_ptr(),
            is_integer: $integer,
            is_signed: $signed,
        }),*]
    };
}

/// All element types.
static DESCRS: &[ArrayDescr] = descrs! {
    b'b' 1 c"b" 1 1;
    b'B' 1 c"B" 1 0;
    b'u' 4 c"u" 0 0;
    b'w' 4 c"w" 0 0;
    b'h' 2 c"h" 1 1;
    b'H' 2 c"H" 1 0;
    b'i' 4 c"i" 1 1;
    b'I' 4 c"I" 1 0;
    b'l' 8 c"l" 1 1;
    b'L' 8 c"L" 1 0;
    b'q' 8 c"q" 1 1;
    b'Q' 8 c"Q" 1 0;
    b'f' 4 c"f" 0 0;
    b'd' 8 c"d" 0 0;
};

/// An element's bytes, in this machine's order, as the low bytes of a number.
pub type Bits = u64;

/// A number in the range of the C `long` that the parser reads it as.
fn long_in(value: &PyObject, low: i64, high: i64, what: &str) -> PyResult<i64> {
    let int = number::index(value)?;
    let Some(v) = int.as_i64() else {
        return Err(exc::overflow_error("Python int too large to convert to C long"));
    };
    // Short types are read as a wider one first, whose message comes first.
    if v < low {
        return Err(exc::overflow_error(format!("{what} is less than minimum")));
    }
    if v > high {
        return Err(exc::overflow_error(format!("{what} is greater than maximum")));
    }
    Ok(v)
}

/// What an element of the type is for a value.
///
/// # Errors
/// `TypeError`, `OverflowError`; Python code may run.
pub fn encode(code: u8, value: &PyObject) -> PyResult<Bits> {
    const SHORT: (i64, i64) = (i16::MIN as i64, i16::MAX as i64);
    const INT: (i64, i64) = (i32::MIN as i64, i32::MAX as i64);
    Ok(match code {
        b'b' => {
            let v = long_in(value, SHORT.0, SHORT.1, "signed short integer")?;
            if v < i64::from(i8::MIN) {
                return Err(exc::overflow_error("signed char is less than minimum"));
            }
            if v > i64::from(i8::MAX) {
                return Err(exc::overflow_error("signed char is greater than maximum"));
            }
            v as Bits
        }
        b'B' => long_in(value, 0, 255, "unsigned byte integer")? as Bits,
        b'h' => long_in(value, SHORT.0, SHORT.1, "signed short integer")? as Bits,
        b'H' => {
            let v = long_in(value, INT.0, INT.1, "signed integer")?;
            if v < 0 {
                return Err(exc::overflow_error("unsigned short is less than minimum"));
            }
            if v > i64::from(u16::MAX) {
                return Err(exc::overflow_error("unsigned short is greater than maximum"));
            }
            v as Bits
        }
        b'i' => long_in(value, INT.0, INT.1, "signed integer")? as Bits,
        b'l' => long_in(value, i64::MIN, i64::MAX, "signed integer")? as Bits,
        b'q' => {
            let int = number::index(value)?;
            int.as_i64().ok_or_else(|| exc::overflow_error("int too big to convert"))? as Bits
        }
        b'I' | b'L' => {
            let int = number::index(value)?;
            if int.is_negative() {
                return Err(exc::overflow_error("can't convert negative value to unsigned int"));
            }
            let v = int
                .as_u64()
                .ok_or_else(|| exc::overflow_error("Python int too large to convert to C unsigned long"))?;
            if code == b'I' && v > u64::from(u32::MAX) {
                return Err(exc::overflow_error("unsigned int is greater than maximum"));
            }
            v
        }
        b'Q' => {
            let int = number::index(value)?;
            if int.is_negative() {
                return Err(exc::overflow_error("can't convert negative int to unsigned"));
            }
            int.as_u64().ok_or_else(|| exc::overflow_error("int too big to convert"))?
        }
        b'f' => Bits::from((number::as_f64(value)? as f32).to_bits()),
        b'd' => number::as_f64(value)?.to_bits(),
        _ => {
            let Some(text) = value.downcast_ref::<PyStr>() else {
                return Err(exc::type_error(format!(
                    "array item must be a unicode character, not {}",
                    rpy_vm::types::dict::qualified_type_name(value)
                )));
            };
            if text.len() != 1 {
                return Err(exc::type_error(format!(
                    "array item must be a string of length 1, not a string of length {}",
                    text.len()
                )));
            }
            Bits::from(text.char_at(0))
        }
    })
}

/// The element at an address as an object.
///
/// # Safety
/// `at` points to an element of the type.
pub unsafe fn decode(code: u8, at: *const u8) -> PyResult<ObjRef> {
    if code == b'u' || code == b'w' {
        // SAFETY: the caller's promise.
        let c = unsafe { (at as *const u32).read_unaligned() };
        if c > 0x10_ffff {
            return Err(exc::value_error(format!("character U+{c:x} is not in range [U+0000; U+10ffff]")));
        }
        return Ok(PyStr::from_char(c).into_obj());
    }
    // SAFETY: the caller's promise; the codes are native formats.
    unsafe { rpy_vm::types::memoryview::items::unpack(at, code) }
}

/// Compares two elements of the same type.
///
/// # Safety
/// Both point to elements of the type.
pub unsafe fn compare(code: u8, a: *const u8, b: *const u8) -> core::cmp::Ordering {
    macro_rules! by {
        ($ty:ty) => {
            // SAFETY: the caller's promise.
            unsafe { (a as *const $ty).read_unaligned().cmp(&(b as *const $ty).read_unaligned()) }
        };
    }
    match code {
        b'b' => by!(i8),
        b'B' => by!(u8),
        b'h' => by!(i16),
        b'H' => by!(u16),
        b'i' => by!(i32),
        b'I' | b'u' | b'w' => by!(u32),
        b'l' | b'q' => by!(i64),
        _ => by!(u64),
    }
}

//! Elements of native formats: reading them as objects, writing objects into them. Shared with `array` and `struct`.

use core::ffi::c_void;
use core::ptr;

use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::PyObject;
use crate::protocol::{number, object as protocol};
use crate::types::bytes::PyBytes;
use crate::types::float::PyFloat;
use crate::types::int::PyInt;

/// The code and size of a native single-character format (`"i"`, `"@i"`).
pub fn native_format(format: &[u8]) -> Option<(u8, usize)> {
    let code = match format {
        [b'@', code] => *code,
        [code] => *code,
        _ => return None,
    };
    Some((code, native_size(code)?))
}

/// Bytes of one native element.
pub fn native_size(code: u8) -> Option<usize> {
    Some(match code {
        b'c' | b'b' | b'B' | b'?' => 1,
        b'h' | b'H' | b'e' => 2,
        b'i' | b'I' | b'f' => 4,
        b'l' | b'L' | b'q' | b'Q' | b'n' | b'N' | b'P' | b'd' => 8,
        _ => return None,
    })
}

/// A half-precision number's value.
pub fn f16_to_f64(bits: u16) -> f64 {
    let sign = if bits & 0x8000 != 0 { -1.0 } else { 1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f64::from(bits & 0x3ff);
    match exponent {
        0x1f if bits & 0x3ff == 0 => sign * f64::INFINITY,
        0x1f => {
            // Keeps the payload's bits in place.
            let bits64 = (u64::from(bits & 0x8000) << 48) | (0x7ff_u64 << 52) | (u64::from(bits & 0x3ff) << 42);
            f64::from_bits(bits64)
        }
        0 => sign * fraction * (2.0f64).powi(-24),
        _ => sign * (1.0 + fraction / 1024.0) * (2.0f64).powi(exponent - 15),
    }
}

/// The nearest half-precision number, ties to even.
///
/// # Errors
/// `OverflowError` when it would be infinite.
pub fn f64_to_f16(value: f64) -> PyResult<u16> {
    let bits64 = value.to_bits();
    let sign = ((bits64 >> 48) & 0x8000) as u16;
    if value.is_nan() {
        let payload = ((bits64 >> 42) & 0x3ff) as u16;
        return Ok(sign | 0x7c00 | if payload == 0 { 0x200 } else { payload });
    }
    if value.is_infinite() {
        return Ok(sign | 0x7c00);
    }
    let magnitude = value.abs();
    // Half the distance beyond the largest finite number rounds up to infinity.
    if magnitude >= 65520.0 {
        return Err(exc::overflow_error("float too large to pack with e format"));
    }
    if magnitude < (2.0f64).powi(-14) {
        // Subnormal: a multiple of 2^-24. The product is exact.
        let scaled = magnitude * (2.0f64).powi(24);
        return Ok(sign | scaled.round_ties_even() as u16);
    }
    let exponent = ((bits64 >> 52) & 0x7ff) as i32 - 1023;
    let scaled = magnitude * (2.0f64).powi(10 - exponent);
    let rounded = scaled.round_ties_even() as u32;
    // A fraction rounded up to 2048 carries into the exponent by itself.
    Ok(sign | (((exponent + 15) as u32 * 1024) + (rounded - 1024)) as u16)
}

/// The element at an address as an object.
///
/// # Safety
/// `at` points to an element of the native format `code` (alignment does not matter).
pub unsafe fn unpack(at: *const u8, code: u8) -> PyResult {
    macro_rules! read {
        ($ty:ty) => {
            // SAFETY: the caller's promise.
            unsafe { (at as *const $ty).read_unaligned() }
        };
    }
    Ok(match code {
        b'B' => PyInt::from_i64(i64::from(read!(u8))).into_obj(),
        b'b' => PyInt::from_i64(i64::from(read!(i8))).into_obj(),
        b'h' => PyInt::from_i64(i64::from(read!(i16))).into_obj(),
        b'H' => PyInt::from_i64(i64::from(read!(u16))).into_obj(),
        b'i' => PyInt::from_i64(i64::from(read!(i32))).into_obj(),
        b'I' => PyInt::from_i64(i64::from(read!(u32))).into_obj(),
        b'l' | b'q' | b'n' => PyInt::from_i64(read!(i64)).into_obj(),
        b'L' | b'Q' | b'N' | b'P' => PyInt::from_u64(read!(u64)).into_obj(),
        b'f' => PyFloat::new(f64::from(read!(f32))).into_obj(),
        b'd' => PyFloat::new(read!(f64)).into_obj(),
        b'e' => PyFloat::new(f16_to_f64(read!(u16))).into_obj(),
        b'?' => crate::py_bool(read!(u8) != 0),
        b'c' => PyBytes::new(&[read!(u8)]).into_obj(),
        _ => {
            return Err(exc::not_implemented_error(format!("memoryview: format {} not supported", code as char)));
        }
    })
}

#[cold]
fn type_error(code: u8) -> PyErr {
    exc::type_error(format!("memoryview: invalid type for format '{}'", code as char))
}

#[cold]
fn value_error(code: u8) -> PyErr {
    exc::value_error(format!("memoryview: invalid value for format '{}'", code as char))
}

/// Errors of conversions, as memoryview words them.
#[cold]
fn reword(error: PyErr, code: u8) -> PyErr {
    if error.matches(exc::TypeError()) {
        type_error(code)
    } else if error.matches(exc::OverflowError()) || error.matches(exc::ValueError()) {
        value_error(code)
    } else {
        error
    }
}

/// Writes an object as the element at an address.
///
/// # Safety
/// `at` points to a writable element of the native format `code`. Python code may run before the write.
pub unsafe fn pack(at: *mut u8, code: u8, item: &PyObject) -> PyResult<()> {
    macro_rules! write {
        ($value:expr) => {{
            let value = $value;
            // SAFETY: the caller's promise.
            unsafe { ptr::write_unaligned(at as *mut _, value) }
        }};
    }
    let int = || number::index(item).map_err(|e| reword(e, code));
    let float = || number::as_f64(item).map_err(|e| reword(e, code));
    macro_rules! signed {
        ($ty:ty) => {{
            let value: $ty = int()?.as_i64().and_then(|v| <$ty>::try_from(v).ok()).ok_or_else(|| value_error(code))?;
            write!(value)
        }};
    }
    macro_rules! unsigned {
        ($ty:ty) => {{
            let value: $ty = int()?.as_u64().and_then(|v| <$ty>::try_from(v).ok()).ok_or_else(|| value_error(code))?;
            write!(value)
        }};
    }
    match code {
        b'B' => unsigned!(u8),
        b'b' => signed!(i8),
        b'h' => signed!(i16),
        b'H' => unsigned!(u16),
        b'i' => signed!(i32),
        b'I' => unsigned!(u32),
        b'l' | b'q' | b'n' => signed!(i64),
        b'L' | b'Q' | b'N' => unsigned!(u64),
        b'P' => {
            let value = int()?;
            let bits = value.as_u64().or_else(|| value.as_i64().map(|v| v as u64)).ok_or_else(|| value_error(code))?;
            write!(bits as *mut c_void)
        }
        b'f' => write!(float()? as f32),
        b'd' => write!(float()?),
        b'e' => write!(f64_to_f16(float()?).map_err(|e| reword(e, code))?),
        b'?' => write!(u8::from(protocol::is_true(item)?)),
        b'c' => {
            let Some(bytes) = item.downcast_ref::<PyBytes>() else { return Err(type_error(code)) };
            let &[byte] = bytes.as_bytes() else { return Err(value_error(code)) };
            write!(byte)
        }
        _ => {
            return Err(exc::not_implemented_error(format!("memoryview: format {} not supported", code as char)));
        }
    }
    Ok(())
}

/// Are two elements of the same native format equal, as `==` says of their values?
///
/// # Safety
/// Both point to elements of the format.
pub unsafe fn equal(a: *const u8, b: *const u8, code: u8) -> bool {
    macro_rules! same {
        ($ty:ty) => {
            // SAFETY: the caller's promise.
            unsafe { (a as *const $ty).read_unaligned() == (b as *const $ty).read_unaligned() }
        };
    }
    match code {
        b'B' | b'b' | b'c' => same!(u8),
        b'h' | b'H' => same!(u16),
        b'i' | b'I' => same!(u32),
        b'f' => same!(f32),
        b'd' => same!(f64),
        // SAFETY: the caller's promise.
        b'e' => unsafe {
            f16_to_f64((a as *const u16).read_unaligned()) == f16_to_f64((b as *const u16).read_unaligned())
        },
        // SAFETY: the caller's promise.
        b'?' => unsafe { (*a != 0) == (*b != 0) },
        _ => same!(u64),
    }
}

#[cfg(test)]
mod tests {
    use super::{f16_to_f64, f64_to_f16};

    #[test]
    fn half_floats_round_trip() {
        for bits in 0..=u16::MAX {
            let value = f16_to_f64(bits);
            if value.is_nan() {
                continue;
            }
            assert_eq!(f64_to_f16(value).ok(), Some(bits), "{bits:#x} = {value}");
        }
    }
}

//! Format strings, and the conversion of single values.

use super::struct_error;
use rpy_vm::object::PyClass;
use rpy_vm::protocol::{number, object as protocol};
use rpy_vm::types::bytearray::PyByteArray;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::complex::PyComplex;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::memoryview::items::{f16_to_f64, f64_to_f16};
use rpy_vm::{ObjRef, PyObject, PyResult, exc};

/// One run of equal items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The format character.
    pub code: u8,
    /// Where the first item starts.
    pub offset: usize,
    /// Bytes of one item (`s` and `p`: of the whole string).
    pub size: usize,
    /// How many items.
    pub repeat: usize,
}

/// A parsed format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    pub fields: Vec<Field>,
    /// Bytes of the whole struct.
    pub size: usize,
    /// Values it holds.
    pub count: usize,
    pub big_endian: bool,
    /// Native sizes: `f` overflows to infinity, ...
    pub native: bool,
}

/// Size and alignment of an item.
fn item_size(code: u8, native: bool) -> Option<(usize, usize)> {
    let size = match code {
        b'x' | b'b' | b'B' | b'c' | b's' | b'p' | b'?' => return Some((1, 1)),
        b'h' | b'H' | b'e' => 2,
        b'i' | b'I' | b'f' => 4,
        b'l' | b'L' => {
            if native {
                8
            } else {
                4
            }
        }
        b'q' | b'Q' | b'd' => 8,
        b'n' | b'N' | b'P' if native => 8,
        b'F' => return Some((8, if native { 4 } else { 1 })),
        b'D' => return Some((16, if native { 8 } else { 1 })),
        _ => return None,
    };
    Some((size, if native { size } else { 1 }))
}

impl Layout {
    /// Parses a format.
    ///
    /// # Errors
    /// `struct.error`.
    pub fn parse(format: &[u8]) -> PyResult<Layout> {
        let (native, big_endian, rest) = match format.first() {
            Some(b'@') => (true, false, &format[1..]),
            Some(b'=' | b'<') => (false, false, &format[1..]),
            Some(b'>' | b'!') => (false, true, &format[1..]),
            _ => (true, false, format),
        };
        let too_long = || struct_error("total struct size too long");
        let mut layout = Layout { fields: Vec::new(), size: 0, count: 0, big_endian, native };
        let mut chars = rest.iter().copied();
        while let Some(c) = chars.next() {
            if c.is_ascii_whitespace() || c == 0x0b {
                continue;
            }
            let (mut code, mut repeat) = (c, 1usize);
            if c.is_ascii_digit() {
                repeat = usize::from(c - b'0');
                loop {
                    match chars.next() {
                        Some(digit) if digit.is_ascii_digit() => {
                            repeat = repeat
                                .checked_mul(10)
                                .and_then(|n| n.checked_add(usize::from(digit - b'0')))
                                .filter(|&n| n <= isize::MAX as usize)
                                .ok_or_else(too_long)?;
                        }
                        Some(other) => {
                            code = other;
                            break;
                        }
                        None => return Err(struct_error("repeat count given without format specifier")),
                    }
                }
            }
            let (size, align) = item_size(code, native).ok_or_else(|| struct_error("bad char in struct format"))?;
            // Padding comes before an item, never behind the last one.
            let offset = layout.size.checked_next_multiple_of(align).ok_or_else(too_long)?;
            let bytes = size.checked_mul(repeat).ok_or_else(too_long)?;
            let end = offset.checked_add(bytes).filter(|&n| n <= isize::MAX as usize).ok_or_else(too_long)?;
            match code {
                b'x' => {}
                b's' | b'p' => {
                    layout.fields.push(Field { code, offset, size: repeat, repeat: 1 });
                    layout.count += 1;
                }
                _ => {
                    if repeat > 0 {
                        layout.fields.push(Field { code, offset, size, repeat });
                        layout.count = layout.count.checked_add(repeat).ok_or_else(too_long)?;
                    }
                }
            }
            layout.size = end;
        }
        Ok(layout)
    }

    /// The item's bytes as a number in this machine's order.
    fn read_int(&self, bytes: &[u8]) -> u64 {
        if let Ok(all) = <[u8; 8]>::try_from(bytes) {
            return if self.big_endian { u64::from_be_bytes(all) } else { u64::from_le_bytes(all) };
        }
        let mut value = 0u64;
        if self.big_endian {
            for &byte in bytes {
                value = value << 8 | u64::from(byte);
            }
        } else {
            for &byte in bytes.iter().rev() {
                value = value << 8 | u64::from(byte);
            }
        }
        value
    }

    fn write_int(&self, bytes: &mut [u8], value: u64) {
        let len = bytes.len();
        if self.big_endian {
            bytes.copy_from_slice(&value.to_be_bytes()[8 - len..]);
        } else {
            bytes.copy_from_slice(&value.to_le_bytes()[..len]);
        }
    }

    fn read_float(&self, bytes: &[u8]) -> f64 {
        let bits = self.read_int(bytes);
        match bytes.len() {
            2 => f16_to_f64(bits as u16),
            4 => f64::from(f32::from_bits(bits as u32)),
            _ => f64::from_bits(bits),
        }
    }

    fn write_float(&self, bytes: &mut [u8], value: f64, code: u8) -> PyResult<()> {
        let bits = match bytes.len() {
            2 => u64::from(f64_to_f16(value)?),
            4 => {
                let narrow = value as f32;
                // In the machine's own format, too (CPython 3.13 still packed infinities there).
                if narrow.is_infinite() && value.is_finite() {
                    return Err(exc::overflow_error(format!(
                        "float too large to pack with {} format",
                        if code == b'F' { 'F' } else { 'f' }
                    )));
                }
                u64::from(narrow.to_bits())
            }
            _ => value.to_bits(),
        };
        self.write_int(bytes, bits);
        Ok(())
    }

    /// Reads one item.
    pub fn unpack_item(&self, code: u8, bytes: &[u8]) -> PyResult<ObjRef> {
        Ok(match code {
            b'b' | b'h' | b'i' | b'l' | b'q' | b'n' => {
                let shift = 64 - 8 * bytes.len() as u32;
                PyInt::from_i64(((self.read_int(bytes) << shift) as i64) >> shift).into_obj()
            }
            b'B' | b'H' | b'I' | b'L' | b'Q' | b'N' | b'P' => PyInt::from_u64(self.read_int(bytes)).into_obj(),
            b'?' => rpy_vm::py_bool(bytes[0] != 0),
            b'e' | b'f' | b'd' => PyFloat::new(self.read_float(bytes)).into_obj(),
            b'F' | b'D' => {
                let (re, im) = bytes.split_at(bytes.len() / 2);
                PyComplex::new(self.read_float(re), self.read_float(im)).into_obj()
            }
            b'p' => match bytes.split_first() {
                Some((&len, text)) => PyBytes::new(&text[..usize::from(len).min(text.len())]).into_obj(),
                None => PyBytes::new(b"").into_obj(),
            },
            _ => PyBytes::new(bytes).into_obj(),
        })
    }

    /// Writes one item.
    pub fn pack_item(&self, code: u8, bytes: &mut [u8], value: &PyObject) -> PyResult<()> {
        match code {
            b'b' | b'h' | b'i' | b'l' | b'q' | b'n' => {
                let int = as_int(value)?;
                let bits = 8 * bytes.len() as u32;
                let fits = int.as_i64().filter(|&v| bits == 64 || (v >= -(1 << (bits - 1)) && v < 1 << (bits - 1)));
                match fits {
                    Some(v) => self.write_int(bytes, v as u64),
                    None => {
                        let (low, high) = (i64::MIN >> (64 - bits), i64::MAX >> (64 - bits));
                        return Err(struct_error(format!(
                            "'{}' format requires {low} <= number <= {high}",
                            code as char
                        )));
                    }
                }
            }
            b'B' | b'H' | b'I' | b'L' | b'Q' | b'N' => {
                let int = as_int(value)?;
                let bits = 8 * bytes.len() as u32;
                let high = u64::MAX >> (64 - bits);
                match int.as_u64().filter(|&v| v <= high) {
                    Some(v) => self.write_int(bytes, v),
                    None => {
                        return Err(struct_error(format!("'{}' format requires 0 <= number <= {high}", code as char)));
                    }
                }
            }
            b'P' => {
                let int = as_int(value)?;
                match int.as_u64().or_else(|| int.as_i64().map(|v| v as u64)) {
                    Some(v) => self.write_int(bytes, v),
                    None => return Err(struct_error("int too large to convert")),
                }
            }
            b'?' => bytes[0] = u8::from(protocol::is_true(value)?),
            b'c' => match value.downcast_ref::<PyBytes>().map(PyBytes::as_bytes) {
                Some(&[byte]) => bytes[0] = byte,
                _ => return Err(struct_error("char format requires a bytes object of length 1")),
            },
            b'e' | b'f' | b'd' => {
                let value = as_float(value)?;
                self.write_float(bytes, value, code)?;
            }
            b'F' | b'D' => {
                let (re, im) = as_complex(value)?;
                let half = bytes.len() / 2;
                let (low, high) = bytes.split_at_mut(half);
                self.write_float(low, re, code)?;
                self.write_float(high, im, code)?;
            }
            b's' | b'p' => {
                let copied;
                let text: &[u8] = if let Some(text) = value.downcast_ref::<PyBytes>() {
                    text.as_bytes()
                } else if PyByteArray::check(value) {
                    copied = rpy_vm::protocol::buffer::Buffer::simple(value)?;
                    copied.bytes()
                } else {
                    return Err(struct_error(format!("argument for '{}' must be a bytes object", code as char)));
                };
                let target = if code == b'p' {
                    match bytes.split_first_mut() {
                        Some((len, target)) => {
                            let n = text.len().min(target.len());
                            *len = n.min(255) as u8;
                            target
                        }
                        None => return Ok(()),
                    }
                } else {
                    bytes
                };
                let n = text.len().min(target.len());
                target[..n].copy_from_slice(&text[..n]);
            }
            _ => {}
        }
        Ok(())
    }
}

fn as_int(value: &PyObject) -> PyResult<rpy_vm::Ref<PyInt>> {
    if !number::is_index(value) {
        return Err(struct_error("required argument is not an integer"));
    }
    number::index(value)
}

// Whatever is wrong with a value is told in the same words, as CPython does it.

fn as_float(value: &PyObject) -> PyResult<f64> {
    number::as_f64(value).map_err(|_| struct_error("required argument is not a float"))
}

fn as_complex(value: &PyObject) -> PyResult<(f64, f64)> {
    complex_parts(value).map_err(|_| struct_error("required argument is not a complex"))
}

fn complex_parts(value: &PyObject) -> PyResult<(f64, f64)> {
    if let Some(value) = value.downcast_ref::<PyComplex>() {
        return Ok((value.re(), value.im()));
    }
    if let Some(method) = protocol::lookup_special(value, rpy_vm::intern!("__complex__"))? {
        let result = rpy_vm::protocol::call::call_noargs(&method)?;
        if let Some(value) = result.downcast_ref::<PyComplex>() {
            return Ok((value.re(), value.im()));
        }
    }
    Ok((number::as_f64(value)?, 0.0))
}

//! Pickling of arrays: a description of the machine's number format travels with the bytes.

use super::codec::ArrayDescr;
use super::object::PyArray;
use rpy_vm::object::{PyClass, PyStruct};
use rpy_vm::protocol::{call, number};
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::{ByteOrder, PyInt, int_from_bytes};
use rpy_vm::types::str::PyStr;
use rpy_vm::{PyObject, PyResult, PyTypeObject, exc, intern};

/// Size, signedness and byte order of each machine format code; sizes 4 and 8 of floats and the encodings come last.
struct Machine {
    size: usize,
    signed: bool,
    big: bool,
}

const fn int(size: usize, signed: bool, big: bool) -> Machine {
    Machine { size, signed, big }
}

const INTS: [Machine; 14] = [
    int(1, false, false),
    int(1, true, false),
    int(2, false, false),
    int(2, false, true),
    int(2, true, false),
    int(2, true, true),
    int(4, false, false),
    int(4, false, true),
    int(4, true, false),
    int(4, true, true),
    int(8, false, false),
    int(8, false, true),
    int(8, true, false),
    int(8, true, true),
];
const FLOAT_LE: i64 = 14;
const FLOAT_BE: i64 = 15;
const DOUBLE_LE: i64 = 16;
const DOUBLE_BE: i64 = 17;
const UTF16_LE: i64 = 18;
const UTF32_LE: i64 = 20;
const LAST: i64 = 21;

/// The code of an element type on this machine.
pub fn machine_code(descr: &ArrayDescr) -> i64 {
    match descr.code() {
        b'f' => FLOAT_LE,
        b'd' => DOUBLE_LE,
        b'u' | b'w' => UTF32_LE,
        _ => {
            let signed = descr.is_signed != 0;
            INTS.iter().position(|m| m.size == descr.size() && m.signed == signed && !m.big).unwrap_or(0) as i64
        }
    }
}

/// Makes an array from pickled bytes.
pub fn reconstruct(cls: &PyTypeObject, typecode: &PyStr, format: &PyObject, items: &PyObject) -> PyResult {
    if typecode.len() != 1 {
        return Err(exc::type_error(format!(
            "_array_reconstructor() argument 2 must be a unicode character, not {}",
            if typecode.is_empty() { "an empty string" } else { "str" }
        )));
    }
    let format = number::index(format)?
        .as_i64()
        .ok_or_else(|| exc::overflow_error("Python int too large to convert to C int"))?;
    if !cls.is_subtype(PyArray::type_object()) {
        return Err(exc::type_error(format!("{} is not a subtype of array.array", cls.name())));
    }
    let Some(descr) = u8::try_from(typecode.char_at(0)).ok().and_then(ArrayDescr::find) else {
        return Err(exc::value_error("second argument must be a valid type code"));
    };
    if !(0..=LAST).contains(&format) {
        return Err(exc::value_error("third argument must be a valid machine format code."));
    }
    let Some(bytes) = items.downcast_ref::<PyBytes>() else {
        return Err(exc::type_error(format!("fourth argument should be bytes, not {}", items.ty().name())));
    };
    let data = bytes.as_bytes();
    let multiple = |size: usize| {
        if data.len() % size != 0 {
            return Err(exc::value_error("bytes length not a multiple of item size"));
        }
        Ok(())
    };
    if format == machine_code(descr) {
        let array = PyArray::create(cls, descr, 0)?;
        multiple(descr.size())?;
        array.append_bytes(data)?;
        return Ok(array.into_obj());
    }
    let array;
    match format {
        FLOAT_LE..=DOUBLE_BE => {
            array = PyArray::create(cls, descr, 0)?;
            let size = if format <= FLOAT_BE { 4 } else { 8 };
            let big = format == FLOAT_BE || format == DOUBLE_BE;
            multiple(size)?;
            for chunk in data.chunks_exact(size) {
                let mut raw = [0u8; 8];
                raw[..size].copy_from_slice(chunk);
                if big {
                    raw[..size].reverse();
                }
                let bits = u64::from_le_bytes(raw);
                let value = if size == 4 { f64::from(f32::from_bits(bits as u32)) } else { f64::from_bits(bits) };
                array.append_object(PyFloat::new(value).as_object())?;
            }
        }
        UTF16_LE..=LAST => {
            multiple(if format < UTF32_LE { 2 } else { 4 })?;
            let name = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"][(format - UTF16_LE) as usize];
            let name = PyStr::new(name);
            let text = call::call_method(items, intern!("decode"), &[name.as_object()])?;
            let Some(text) = text.downcast_ref::<PyStr>() else {
                return Err(exc::type_error("decoding did not give a str"));
            };
            if !matches!(descr.code(), b'u' | b'w') {
                let code = char::from(descr.code());
                return Err(exc::type_error(format!("cannot use a str to initialize an array with typecode '{code}'")));
            }
            array = PyArray::create(cls, descr, 0)?;
            for c in text.data().iter() {
                array.append_object(PyStr::from_char(c).as_object())?;
            }
        }
        code => {
            let machine = &INTS[code as usize];
            // The type code of this machine that fits the numbers best, whichever the array had; of several the last.
            let fitting = b"bBhHiIlLqQ"
                .iter()
                .rev()
                .filter_map(|&code| ArrayDescr::find(code))
                .find(|d| d.size() == machine.size && (d.is_signed != 0) == machine.signed);
            array = PyArray::create(cls, fitting.unwrap_or(descr), 0)?;
            multiple(machine.size)?;
            let order = if machine.big { ByteOrder::Big } else { ByteOrder::Little };
            for chunk in data.chunks_exact(machine.size) {
                let value: rpy_vm::Ref<PyInt> = int_from_bytes(chunk, order, machine.signed)?;
                array.append_object(value.as_object())?;
            }
        }
    }
    Ok(array.into_obj())
}

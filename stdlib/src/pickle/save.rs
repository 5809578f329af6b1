//! One `dump`: which way an object is written, and how plain values are.

use std::collections::HashSet;

use rpy_vm::protocol::buffer::{Buffer, flags};
use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::runtime::recursion;
use rpy_vm::types::bool_;
use rpy_vm::types::bytearray::PyByteArray;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::dict::{PyDict, qualified_type_name};
use rpy_vm::types::float::{PyFloat, text::float_repr_string};
use rpy_vm::types::function::PyFunction;
use rpy_vm::types::int::{ByteOrder, PyInt, int_to_bytes};
use rpy_vm::types::list::PyList;
use rpy_vm::types::set::{PyFrozenSet, PySet};
use rpy_vm::types::str::{PyStr, StrData};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyClass, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, exc, intern};

use super::buffer::PyPickleBuffer;
use super::library;
use super::opcode::Op;
use super::output::Output;
use super::pickler::PyPickler;
use super::pickling_error;
use crate::support::note;

/// Containers nested deeper than this are watched for cycles in fast mode, which has no memo to find them with.
const FAST_NESTING_LIMIT: usize = 50;

/// The state of one `dump`.
pub struct Saver<'a> {
    pub pickler: &'a PyPickler,
    pub out: Output,
    pub protocol: u8,
    persistent_id: Option<ObjRef>,
    reducer_override: Option<ObjRef>,
    /// Room for text that has to be encoded.
    scratch: Vec<u8>,
    /// Containers being written in fast mode: how many, and the addresses of the deep ones.
    fast_nesting: usize,
    fast_seen: HashSet<usize>,
}

/// Adds the note "when serializing X `what`" to an error.
#[cold]
pub fn serializing(error: PyErr, object: &PyObject, what: &str) -> PyErr {
    note(error, format!("when serializing {} {what}", qualified_type_name(object)))
}

impl<'a> Saver<'a> {
    /// For one `dump` of a pickler.
    pub fn new(
        pickler: &'a PyPickler,
        out: Output,
        persistent_id: Option<ObjRef>,
        reducer_override: Option<ObjRef>,
    ) -> Saver<'a> {
        Saver {
            pickler,
            out,
            protocol: pickler.protocol.get(),
            persistent_id,
            reducer_override,
            scratch: Vec::new(),
            fast_nesting: 0,
            fast_seen: HashSet::new(),
        }
    }

    /// Writes a whole pickle. Gives the bytes, if they did not go to a file.
    pub fn dump(mut self, object: &PyObject) -> PyResult<Vec<u8>> {
        if self.protocol >= 2 {
            self.out.op_with(Op::Proto, [self.protocol]);
            if self.protocol >= 4 {
                self.out.start_framing();
            }
        }
        self.save(object)?;
        self.out.op(Op::Stop);
        self.out.finish()
    }

    /// Are binary instructions to be used (protocol 1 and up)?
    #[inline]
    pub fn bin(&self) -> bool {
        self.pickler.bin.get() != 0
    }

    // ------------------------------------------------------------------------------------------------------------ memo

    /// Writes a reference to an object that was written before; false if it was not.
    #[inline]
    pub fn memo_get(&mut self, object: &PyObject) -> PyResult<bool> {
        let index = self.pickler.memo.0.borrow().get(object);
        match index {
            None => Ok(false),
            Some(index) => self.get(index).map(|()| true),
        }
    }

    fn get(&mut self, index: usize) -> PyResult<()> {
        if !self.bin() {
            self.out.op(Op::Get);
            self.out.write(format!("{index}\n").as_bytes());
        } else if index < 256 {
            self.out.op_with(Op::BinGet, [index as u8]);
        } else {
            let index = u32::try_from(index).map_err(|_| pickling_error("memo id too large for LONG_BINGET"))?;
            self.out.op_with(Op::LongBinGet, index.to_le_bytes());
        }
        Ok(())
    }

    /// Was the object written before?
    pub fn in_memo(&self, object: &PyObject) -> bool {
        self.pickler.memo.0.borrow().get(object).is_some()
    }

    /// Remembers an object that was just written.
    #[inline]
    pub fn memo_put(&mut self, object: &PyObject) -> PyResult<()> {
        if self.pickler.fast.get() != 0 {
            return Ok(());
        }
        let index = {
            let mut memo = self.pickler.memo.0.borrow_mut();
            let index = memo.len();
            memo.set(object, index);
            index
        };
        if self.protocol >= 4 {
            self.out.op(Op::Memoize);
        } else if !self.bin() {
            self.out.op(Op::Put);
            self.out.write(format!("{index}\n").as_bytes());
        } else if index < 256 {
            self.out.op_with(Op::BinPut, [index as u8]);
        } else {
            let index = u32::try_from(index).map_err(|_| pickling_error("memo id too large for LONG_BINPUT"))?;
            self.out.op_with(Op::LongBinPut, index.to_le_bytes());
        }
        Ok(())
    }

    /// Runs `body` for a container, looking out for cycles in fast mode.
    pub fn in_container(&mut self, object: &PyObject, body: impl FnOnce(&mut Self) -> PyResult<()>) -> PyResult<()> {
        if self.pickler.fast.get() == 0 {
            return body(self);
        }
        let address = object.as_ptr() as usize;
        self.fast_nesting += 1;
        let watched = self.fast_nesting >= FAST_NESTING_LIMIT;
        if watched && !self.fast_seen.insert(address) {
            return Err(exc::value_error(format!(
                "fast mode: can't pickle cyclic objects including object type {} at {address:#x}",
                object.ty().full_name()
            )));
        }
        let result = body(self);
        self.fast_nesting -= 1;
        if watched {
            self.fast_seen.remove(&address);
        }
        result
    }

    // -------------------------------------------------------------------------------------------------------- dispatch

    /// Writes an object.
    #[inline]
    pub fn save(&mut self, object: &PyObject) -> PyResult<()> {
        self.out.boundary()?;
        if self.persistent_id.is_some() && self.save_persistent(object)? {
            return Ok(());
        }
        self.save_value(object)
    }

    fn save_value(&mut self, object: &PyObject) -> PyResult<()> {
        // Atoms, which are not remembered.
        if let Some(text) = object.downcast_exact::<PyStr>() {
            return if self.memo_get(object)? { Ok(()) } else { self.save_str(text) };
        }
        if let Some(value) = object.downcast_exact::<PyInt>() {
            return self.save_int(value);
        }
        if rpy_vm::is_none(object) {
            self.out.op(Op::None);
            return Ok(());
        }
        if bool_::is_bool(object) {
            self.save_bool(bool_::is_true(object));
            return Ok(());
        }
        if let Some(value) = object.downcast_exact::<PyFloat>() {
            self.save_float(value.value());
            return Ok(());
        }
        if self.memo_get(object)? {
            return Ok(());
        }
        if let Some(bytes) = object.downcast_exact::<PyBytes>() {
            return self.save_bytes(bytes);
        }
        recursion::check(" while pickling an object")?;
        if let Some(dict) = object.downcast_exact::<PyDict>() {
            self.in_container(object, |this| this.save_dict(dict))
        } else if let Some(set) = object.downcast_exact::<PySet>() {
            self.in_container(object, |this| this.save_set(set))
        } else if let Some(set) = object.downcast_exact::<PyFrozenSet>() {
            self.in_container(object, |this| this.save_frozenset(set))
        } else if let Some(list) = object.downcast_exact::<PyList>() {
            self.in_container(object, |this| this.save_list(list))
        } else if let Some(tuple) = object.downcast_exact::<PyTuple>() {
            self.in_container(object, |this| this.save_tuple(tuple))
        } else if let Some(array) = object.downcast_exact::<PyByteArray>() {
            self.save_bytearray(array)
        } else if object.downcast_exact::<PyPickleBuffer>().is_some() {
            self.save_picklebuffer(object)
        } else {
            self.save_by_reduction(object)
        }
    }

    /// Everything that has no instruction of its own: by name, or by what its reduction function says.
    fn save_by_reduction(&mut self, object: &PyObject) -> PyResult<()> {
        if let Some(hook) = &self.reducer_override {
            let value = call::call_one(&hook.clone(), object)?;
            if !rpy_vm::is_not_implemented(&value) {
                return self.save_reduction(object, &value);
            }
        }
        let ty = object.ty();
        if PyTypeObject::check_exact(object) {
            return self.save_type(object);
        }
        if PyFunction::check_exact(object) {
            return self.save_global(object, None);
        }
        let reducer = match self.pickler.dispatch_table.get() {
            None => library::lookup(&library::DISPATCH_TABLE, ty.as_object())?,
            Some(table) => rpy_vm::protocol::mapping::get_opt(&table, ty.as_object())?,
        };
        let value = if let Some(reducer) = reducer {
            call::call_one(&reducer, object)?
        } else if ty.is_subtype(PyTypeObject::type_object()) {
            return self.save_global(object, None);
        } else if let Some(reduce_ex) = protocol::getattr_opt(object, intern!("__reduce_ex__"))? {
            call::call_one(&reduce_ex, PyInt::small(i64::from(self.protocol)).as_object())?
        } else if let Some(reduce) = protocol::getattr_opt(object, intern!("__reduce__"))? {
            call::call_noargs(&reduce)?
        } else {
            return Err(pickling_error(format!("Can't pickle {} object", qualified_type_name(object))));
        };
        self.save_reduction(object, &value)
    }

    fn save_reduction(&mut self, object: &PyObject, value: &PyObject) -> PyResult<()> {
        if let Some(name) = value.downcast_ref::<PyStr>() {
            return self.save_global(object, Some(name));
        }
        let result = match value.downcast_ref::<PyTuple>() {
            Some(value) => self.save_reduce(value, object),
            None => Err(pickling_error(format!(
                "__reduce__ must return a string or tuple, not {}",
                qualified_type_name(value)
            ))),
        };
        result.map_err(|e| serializing(e, object, "object"))
    }

    /// Asks the `persistent_id` hook. True if it named the object.
    #[cold]
    fn save_persistent(&mut self, object: &PyObject) -> PyResult<bool> {
        let Some(hook) = self.persistent_id.clone() else { return Ok(false) };
        let id = call::call_one(&hook, object)?;
        if rpy_vm::is_none(&id) {
            return Ok(false);
        }
        if self.bin() {
            self.out.boundary()?;
            self.save_value(&id)?;
            self.out.op(Op::BinPersId);
            return Ok(true);
        }
        let text = protocol::str(&id)?;
        let Some(text) = text.as_ascii() else {
            return Err(pickling_error("persistent IDs in protocol 0 must be ASCII strings"));
        };
        self.out.op(Op::PersId);
        self.out.write(text.as_bytes());
        self.out.write(b"\n");
        Ok(true)
    }

    // ---------------------------------------------------------------------------------------------------- plain values

    fn save_bool(&mut self, value: bool) {
        match (self.protocol >= 2, value) {
            (true, true) => self.out.op(Op::NewTrue),
            (true, false) => self.out.op(Op::NewFalse),
            // Readers that know no bools take these for the numbers.
            (false, true) => self.out.write(b"I01\n"),
            (false, false) => self.out.write(b"I00\n"),
        }
    }

    fn save_int(&mut self, value: &PyInt) -> PyResult<()> {
        if let Some(small) = value.as_i64().and_then(|n| i32::try_from(n).ok()) {
            if !self.bin() {
                self.out.write(format!("I{small}\n").as_bytes());
            } else if let Ok(n) = u8::try_from(small) {
                self.out.op_with(Op::BinInt1, [n]);
            } else if let Ok(n) = u16::try_from(small) {
                self.out.op_with(Op::BinInt2, n.to_le_bytes());
            } else {
                self.out.op_with(Op::BinInt, small.to_le_bytes());
            }
            return Ok(());
        }
        if self.protocol < 2 {
            let text = protocol::repr(value.as_object())?;
            self.out.op(Op::Long);
            self.out.write(text.to_string_lossy().as_bytes());
            self.out.write(b"L\n");
            return Ok(());
        }
        let len = (value.bit_length() / 8 + 1) as usize;
        let too_large = || exc::overflow_error("int too large to pickle");
        let count = i32::try_from(len).map_err(|_| too_large())?;
        let mut bytes = vec![0; len];
        int_to_bytes(value, &mut bytes, ByteOrder::Little, true).map_err(|_| too_large())?;
        // Negative numbers may not need the last byte.
        let spare = value.is_negative() && len > 1 && bytes[len - 1] == 0xff && bytes[len - 2] & 0x80 != 0;
        let count = count - i32::from(spare);
        match u8::try_from(count) {
            Ok(count) => self.out.op_with(Op::Long1, [count]),
            Err(_) => self.out.op_with(Op::Long4, count.to_le_bytes()),
        }
        self.out.write(&bytes[..count as usize]);
        Ok(())
    }

    fn save_float(&mut self, value: f64) {
        if self.bin() {
            self.out.op_with(Op::BinFloat, value.to_be_bytes());
        } else {
            self.out.op(Op::Float);
            self.out.write(float_repr_string(value).as_bytes());
            self.out.write(b"\n");
        }
    }

    fn save_str(&mut self, text: &PyStr) -> PyResult<()> {
        if !self.bin() {
            let mut escaped = core::mem::take(&mut self.scratch);
            escaped.clear();
            for c in text.data().iter() {
                push_raw_escaped(&mut escaped, c);
            }
            self.out.op(Op::Unicode);
            self.out.write(&escaped);
            self.out.write(b"\n");
            self.scratch = escaped;
        } else if let Some(ascii) = text.as_ascii() {
            self.write_text(ascii.as_bytes())?;
        } else {
            let mut utf8 = core::mem::take(&mut self.scratch);
            utf8.clear();
            let written = push_utf8(&mut utf8, text).and_then(|()| self.write_text(&utf8));
            self.scratch = utf8;
            written?;
        }
        self.memo_put(text.as_object())
    }

    fn write_text(&mut self, utf8: &[u8]) -> PyResult<()> {
        let len = utf8.len();
        if len <= 0xff && self.protocol >= 4 {
            self.out.payload(&[Op::ShortBinUnicode as u8, len as u8], utf8, None)
        } else if let Ok(len) = u32::try_from(len) {
            self.out.payload(&counted(Op::BinUnicode, len), utf8, None)
        } else if self.protocol >= 4 {
            self.out.payload(&counted8(Op::BinUnicode8, len), utf8, None)
        } else {
            Err(exc::overflow_error("serializing a string larger than 4 GiB requires pickle protocol 4 or higher"))
        }
    }

    fn save_bytes(&mut self, bytes: &PyBytes) -> PyResult<()> {
        if self.protocol >= 3 {
            self.write_bytes(bytes.as_bytes(), Some(bytes.as_object()))?;
            return self.memo_put(bytes.as_object());
        }
        // Python 2 reads this as a str, Python 3 as bytes.
        let reduction = if bytes.is_empty() {
            (PyBytes::type_object().to_obj(), PyTuple::empty())
        } else {
            let text = PyStr::try_from_latin1(bytes.as_bytes())?;
            let function = library::CODECS_ENCODE.get().unwrap_or_else(rpy_vm::none);
            (function, PyTuple::from_slice(&[text.as_object(), intern!("latin1").as_object()]))
        };
        let reduction = PyTuple::from_array([reduction.0, reduction.1.into_obj()]);
        self.save_reduce(&reduction, bytes.as_object())
    }

    fn write_bytes(&mut self, data: &[u8], object: Option<&PyObject>) -> PyResult<()> {
        let len = data.len();
        if let Ok(len) = u8::try_from(len) {
            self.out.payload(&[Op::ShortBinBytes as u8, len], data, object)
        } else if let Ok(len) = u32::try_from(len) {
            self.out.payload(&counted(Op::BinBytes, len), data, object)
        } else if self.protocol >= 4 {
            self.out.payload(&counted8(Op::BinBytes8, len), data, object)
        } else {
            Err(exc::overflow_error(
                "serializing a bytes object larger than 4 GiB requires pickle protocol 4 or higher",
            ))
        }
    }

    fn save_bytearray(&mut self, array: &PyByteArray) -> PyResult<()> {
        if self.protocol >= 5 {
            // The buffer keeps the array from being resized by what the file's `write` may do.
            let buffer = Buffer::simple(array.as_object())?;
            self.write_bytearray(buffer.bytes(), Some(array.as_object()))?;
            return self.memo_put(array.as_object());
        }
        let args = if array.is_empty() {
            PyTuple::empty()
        } else {
            PyTuple::from_array([PyBytes::try_new(array.as_bytes())?.into_obj()])
        };
        let reduction = PyTuple::from_array([PyByteArray::type_object().to_obj(), args.into_obj()]);
        self.save_reduce(&reduction, array.as_object())
    }

    fn write_bytearray(&mut self, data: &[u8], object: Option<&PyObject>) -> PyResult<()> {
        self.out.payload(&counted8(Op::ByteArray8, data.len()), data, object)
    }

    fn save_picklebuffer(&mut self, object: &PyObject) -> PyResult<()> {
        if self.protocol < 5 {
            return Err(pickling_error("PickleBuffer can only be pickled with protocol >= 5"));
        }
        // A view of our own stays valid if the callback releases the object's.
        let buffer = Buffer::get(object, flags::FULL_RO)?;
        let view = buffer.view();
        if !view.suboffsets.is_null() || !view.is_contiguous(b'A') {
            return Err(pickling_error("PickleBuffer can not be pickled when pointing to a non-contiguous buffer"));
        }
        let readonly = view.readonly != 0;
        if let Some(callback) = self.pickler.buffer_callback.get() {
            let answer = call::call_one(&callback, object)?;
            if !protocol::is_true(&answer)? {
                self.out.op(Op::NextBuffer);
                if readonly {
                    self.out.op(Op::ReadonlyBuffer);
                }
                return Ok(());
            }
        }
        if readonly {
            self.write_bytes(buffer.bytes(), Some(object))?;
        } else {
            self.write_bytearray(buffer.bytes(), Some(object))?;
        }
        self.memo_put(object)
    }
}

/// An instruction with a four-byte count.
fn counted(op: Op, count: u32) -> [u8; 5] {
    let [a, b, c, d] = count.to_le_bytes();
    [op as u8, a, b, c, d]
}

/// An instruction with an eight-byte count.
fn counted8(op: Op, count: usize) -> [u8; 9] {
    let mut header = [op as u8; 9];
    header[1..].copy_from_slice(&(count as u64).to_le_bytes());
    header
}

/// Appends a character as `raw-unicode-escape` does, also escaping what would end or confuse a line.
fn push_raw_escaped(out: &mut Vec<u8>, c: u32) {
    match c {
        0 | 0x0a | 0x0d | 0x1a | 0x5c | 0x100..=0xffff => out.extend_from_slice(format!("\\u{c:04x}").as_bytes()),
        0x10000.. => out.extend_from_slice(format!("\\U{c:08x}").as_bytes()),
        _ => out.push(c as u8),
    }
}

/// Appends text as UTF-8 in which surrogates pass.
fn push_utf8(out: &mut Vec<u8>, text: &PyStr) -> PyResult<()> {
    fn run(out: &mut Vec<u8>, points: impl Iterator<Item = u32>) {
        for c in points {
            match c {
                0..0x80 => out.push(c as u8),
                0x80..0x800 => out.extend_from_slice(&[0xc0 | (c >> 6) as u8, 0x80 | (c & 63) as u8]),
                0x800..0x10000 => {
                    out.extend_from_slice(&[0xe0 | (c >> 12) as u8, 0x80 | (c >> 6 & 63) as u8, 0x80 | (c & 63) as u8]);
                }
                _ => out.extend_from_slice(&[
                    0xf0 | (c >> 18) as u8,
                    0x80 | (c >> 12 & 63) as u8,
                    0x80 | (c >> 6 & 63) as u8,
                    0x80 | (c & 63) as u8,
                ]),
            }
        }
    }
    let data = text.data();
    let widest = match data {
        StrData::Latin1(_) => 2,
        StrData::Ucs2(_) => 3,
        StrData::Ucs4(_) => 4,
    };
    out.try_reserve(data.len().saturating_mul(widest)).map_err(|_| exc::memory_error())?;
    match data {
        StrData::Latin1(units) => run(out, units.iter().map(|c| u32::from(*c))),
        StrData::Ucs2(units) => run(out, units.iter().map(|c| u32::from(*c))),
        StrData::Ucs4(units) => run(out, units.iter().copied()),
    }
    Ok(())
}

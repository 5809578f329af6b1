//! One `load`: the loop over a pickle's instructions, the stack they work on, and those that push plain values.

use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::runtime::codecs::{charsets, escape, utf8};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::float::{PyFloat, text::parse_float_prefix};
use rpy_vm::types::int::{ByteOrder, PyInt, int_from_bytes, parse::parse_int};
use rpy_vm::types::list::PyList;
use rpy_vm::types::memoryview::PyMemoryView;
use rpy_vm::types::set::PySet;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::{PyTuple, TupleBuilder};
use rpy_vm::{ObjRef, PyErr, PyResult, PyStruct, Ref, exc};

use super::input::Input;
use super::opcode::{HIGHEST_PROTOCOL, Op};
use super::unpickler::{PyUnpickler, no_persistent_load};
use super::unpickling_error;

/// The state of one `load`. No Python code ever sees the stack, so it may be borrowed while such code runs.
pub struct Loader<'a> {
    pub unpickler: &'a PyUnpickler,
    input: Input,
    pub stack: Vec<ObjRef>,
    /// Heights of the stack at which marks stand.
    marks: Vec<usize>,
    /// The topmost mark: what lies below is not to be touched.
    fence: usize,
    /// The `persistent_load` hook.
    persistent_load: Option<ObjRef>,
}

impl<'a> Loader<'a> {
    pub fn new(unpickler: &'a PyUnpickler, input: Input) -> Loader<'a> {
        Loader { unpickler, input, stack: Vec::new(), marks: Vec::new(), fence: 0, persistent_load: None }
    }

    /// Gives the input back.
    pub fn finish(self) -> Input {
        self.input
    }

    // ----------------------------------------------------------------------------------------------------------- stack

    #[cold]
    pub fn underflow(&self) -> PyErr {
        let reason = if self.marks.is_empty() { "unpickling stack underflow" } else { "unexpected MARK found" };
        unpickling_error(reason)
    }

    /// Below this height the stack is out of bounds.
    #[inline]
    pub fn fence(&self) -> usize {
        self.fence
    }

    #[inline]
    pub fn push(&mut self, object: ObjRef) {
        self.stack.push(object);
    }

    #[inline]
    pub fn pop(&mut self) -> PyResult<ObjRef> {
        match self.stack.pop() {
            Some(object) if self.stack.len() >= self.fence => Ok(object),
            Some(object) => {
                self.stack.push(object);
                Err(self.underflow())
            }
            None => Err(self.underflow()),
        }
    }

    /// The topmost object.
    #[inline]
    pub fn top(&self) -> PyResult<&ObjRef> {
        match self.stack.last() {
            Some(object) if self.stack.len() > self.fence => Ok(object),
            _ => Err(self.underflow()),
        }
    }

    fn mark(&mut self) {
        self.fence = self.stack.len();
        self.marks.push(self.fence);
    }

    /// Takes the topmost mark away; the objects from its height on are the items it marked.
    pub fn pop_mark(&mut self) -> PyResult<usize> {
        let Some(mark) = self.marks.pop() else { return Err(unpickling_error("could not find MARK")) };
        self.fence = self.marks.last().copied().unwrap_or(0);
        Ok(mark)
    }

    /// The objects from a height on, as a tuple.
    pub fn pop_tuple(&mut self, from: usize) -> PyResult<Ref<PyTuple>> {
        if from < self.fence || from > self.stack.len() {
            return Err(self.underflow());
        }
        let mut tuple = TupleBuilder::new(self.stack.len() - from)?;
        for item in self.stack.drain(from..) {
            // SAFETY: the tuple has room for exactly these items.
            unsafe { tuple.push_unchecked(item) };
        }
        Ok(tuple.finish())
    }

    fn counted_tuple(&mut self, len: usize) -> PyResult<()> {
        let Some(from) = self.stack.len().checked_sub(len) else { return Err(self.underflow()) };
        let tuple = self.pop_tuple(from)?;
        self.push(tuple.into_obj());
        Ok(())
    }

    fn pop_list(&mut self, from: usize) -> PyResult<Ref<PyList>> {
        let items: Vec<ObjRef> = self.stack.drain(from..).collect();
        PyList::try_new(items)
    }

    fn discard(&mut self) -> PyResult<()> {
        if self.marks.last() == Some(&self.stack.len()) { self.pop_mark().map(drop) } else { self.pop().map(drop) }
    }

    // ------------------------------------------------------------------------------------------------------------ memo

    fn get(&mut self, index: usize) -> PyResult<()> {
        let object = self.unpickler.memo.0.borrow().get(index).cloned();
        match object {
            Some(object) => {
                self.push(object);
                Ok(())
            }
            None => Err(no_memo(index as isize)),
        }
    }

    /// Remembers the topmost object.
    fn put(&mut self, index: usize) -> PyResult<()> {
        let object = self.top()?.clone();
        let old = self.unpickler.memo.0.borrow_mut().put(index, object);
        drop(old);
        Ok(())
    }

    fn memoize(&mut self) -> PyResult<()> {
        let index = self.unpickler.memo.0.borrow().len();
        self.put(index)
    }

    /// A memo number in a line of text.
    fn index(line: &[u8]) -> PyResult<isize> {
        let number = decimal(line, &[line, b"\n"].concat())?;
        number.as_isize().ok_or_else(|| exc::overflow_error("Python int too large to convert to C ssize_t"))
    }

    fn get_line(&mut self) -> PyResult<()> {
        let index = Self::index(self.filled_line()?)?;
        self.get(usize::try_from(index).map_err(|_| no_memo(index))?)
    }

    fn put_line(&mut self) -> PyResult<()> {
        let line = self.filled_line()?.to_vec();
        self.top()?;
        let index = Self::index(&line)?;
        self.put(usize::try_from(index).map_err(|_| exc::value_error("negative PUT argument"))?)
    }

    // ----------------------------------------------------------------------------------------------------------- input

    /// A line that is not empty.
    fn filled_line(&mut self) -> PyResult<&[u8]> {
        match self.input.line()? {
            [] => Err(unpickling_error("pickle data was truncated")),
            line => Ok(line),
        }
    }

    fn count1(&mut self) -> PyResult<usize> {
        Ok(usize::from(self.input.array::<1>()?[0]))
    }

    fn count4(&mut self) -> PyResult<usize> {
        Ok(u32::from_le_bytes(self.input.array()?) as usize)
    }

    /// A count that is signed in the format, for whatever reason.
    fn signed_count4(&mut self, what: &str) -> PyResult<usize> {
        let count = i32::from_le_bytes(self.input.array()?);
        usize::try_from(count).map_err(|_| unpickling_error(format!("{what} pickle has negative byte count")))
    }

    fn count8(&mut self, what: &str) -> PyResult<usize> {
        let count = u64::from_le_bytes(self.input.array()?);
        match usize::try_from(count) {
            Ok(count) if count <= isize::MAX as usize => Ok(count),
            _ => {
                let of = if what == "FRAME length" { "maximum" } else { "maximum size" };
                let max = isize::MAX;
                Err(exc::overflow_error(format!("{what} exceeds system's {of} of {max} bytes")))
            }
        }
    }

    // ---------------------------------------------------------------------------------------------------- plain values

    fn int_line(&mut self) -> PyResult<()> {
        let line = self.filled_line()?;
        let value = match line {
            b"00" => rpy_vm::py_bool(false),
            b"01" => rpy_vm::py_bool(true),
            _ => parse_int(line, 10).map_err(|_| exc::value_error("could not convert string to int"))?.into_obj(),
        };
        self.push(value);
        Ok(())
    }

    fn long_line(&mut self) -> PyResult<()> {
        let line = self.filled_line()?;
        let value = match line.strip_suffix(b"L") {
            Some(digits) => decimal(digits, digits)?,
            None => decimal(line, &[line, b"\n"].concat())?,
        };
        self.push(value.into_obj());
        Ok(())
    }

    fn long_bytes(&mut self, count: usize) -> PyResult<()> {
        let value = int_from_bytes(self.input.read(count)?, ByteOrder::Little, true)?;
        self.push(value.into_obj());
        Ok(())
    }

    fn float_line(&mut self) -> PyResult<()> {
        let line = self.filled_line()?;
        let value = match parse_float_prefix(line) {
            Some((value, len)) if len == line.len() => value,
            Some(_) => return Err(exc::value_error("could not convert string to float")),
            None => {
                let shown = String::from_utf8_lossy(line);
                return Err(exc::value_error(format!("could not convert string to float: '{shown}\n'")));
            }
        };
        if value.is_infinite() && line.iter().any(u8::is_ascii_digit) {
            let shown = String::from_utf8_lossy(line).into_owned();
            return Err(exc::overflow_error(format!("value too large to convert to float: {shown}")));
        }
        self.push(PyFloat::new(value).into_obj());
        Ok(())
    }

    /// A `str` of Python 2, which is bytes.
    fn push_old_string(&mut self, bytes: Vec<u8>) -> PyResult<()> {
        let object = if self.unpickler.keeps_bytes() {
            rpy_vm::types::bytes::PyBytes::try_from_vec(bytes)?.into_obj()
        } else {
            self.unpickler.decode(&bytes)?
        };
        self.push(object);
        Ok(())
    }

    fn string_line(&mut self) -> PyResult<()> {
        let bytes = match self.input.line()? {
            [open @ (b'\'' | b'"'), text @ .., close] if open == close => escape::decode_bytes_escape(text, None)?,
            _ => return Err(unpickling_error("the STRING opcode argument must be quoted")),
        };
        self.push_old_string(bytes)
    }

    fn old_string(&mut self, count: usize) -> PyResult<()> {
        let bytes = self.input.read(count)?.to_vec();
        self.push_old_string(bytes)
    }

    fn unicode_line(&mut self) -> PyResult<()> {
        let (text, _) = escape::decode_raw_unicode_escape(self.input.line()?, None, true)?;
        self.push(text.into_obj());
        Ok(())
    }

    fn text(&mut self, count: usize) -> PyResult<()> {
        let (text, _) = utf8::decode(self.input.read(count)?, Some("surrogatepass"), true)?;
        self.push(text.into_obj());
        Ok(())
    }

    fn bytes(&mut self, count: usize) -> PyResult<()> {
        let bytes = self.input.read_bytes(count)?;
        self.push(bytes.into_obj());
        Ok(())
    }

    fn bytearray(&mut self) -> PyResult<()> {
        let count = self.count8("BYTEARRAY8")?;
        let array = self.input.read_bytearray(count)?;
        self.push(array.into_obj());
        Ok(())
    }

    fn next_buffer(&mut self) -> PyResult<()> {
        let Some(buffers) = self.unpickler.buffers.get() else {
            return Err(unpickling_error(
                "pickle stream refers to out-of-band data but no *buffers* argument was given",
            ));
        };
        match protocol::iter_next(&buffers)? {
            Some(buffer) => {
                self.push(buffer);
                Ok(())
            }
            None => Err(unpickling_error("not enough out-of-band buffers")),
        }
    }

    fn readonly_buffer(&mut self) -> PyResult<()> {
        let view = PyMemoryView::from_object(self.top()?)?;
        if !view.is_readonly() {
            let readonly = view.to_readonly()?;
            self.pop()?;
            self.push(readonly.into_obj());
        }
        Ok(())
    }

    fn list(&mut self) -> PyResult<()> {
        let mark = self.pop_mark()?;
        let list = self.pop_list(mark)?;
        self.push(list.into_obj());
        Ok(())
    }

    fn dict(&mut self) -> PyResult<()> {
        let mark = self.pop_mark()?;
        let items = &self.stack[mark..];
        if items.len() % 2 != 0 {
            return Err(unpickling_error("odd number of items for DICT"));
        }
        let dict = PyDict::new();
        for pair in items.chunks_exact(2) {
            dict.set_item(&pair[0], &pair[1])?;
        }
        self.stack.truncate(mark);
        self.push(dict.into_obj());
        Ok(())
    }

    // ----------------------------------------------------------------------------------------------------------- names

    /// Two lines: a module, and a name in it.
    pub fn global_lines(&mut self, ascii: bool) -> PyResult<ObjRef> {
        let decode = |line: &[u8]| match ascii {
            true => charsets::decode_ascii(line, None),
            false => utf8::decode(line, None, true).map(|(text, _)| text),
        };
        let module = decode(self.filled_line()?)?;
        let name = decode(self.filled_line()?)?;
        self.unpickler.find_class_hook(&module, &name)
    }

    fn stack_global(&mut self) -> PyResult<()> {
        let (name, module) = (self.pop()?, self.pop()?);
        let (Some(module), Some(name)) = (module.downcast_exact::<PyStr>(), name.downcast_exact::<PyStr>()) else {
            return Err(unpickling_error("STACK_GLOBAL requires str"));
        };
        let object = self.unpickler.find_class_hook(module, name)?;
        self.push(object);
        Ok(())
    }

    fn persistent(&mut self, id: ObjRef) -> PyResult<()> {
        let Some(hook) = self.persistent_load.clone() else { return Err(no_persistent_load()) };
        let object = call::call_one(&hook, &id)?;
        self.push(object);
        Ok(())
    }

    fn persistent_line(&mut self) -> PyResult<()> {
        let id = charsets::decode_ascii(self.input.line()?, None).map_err(|e| {
            match e.matches(exc::UnicodeDecodeError()) {
                true => unpickling_error("persistent IDs in protocol 0 must be ASCII strings"),
                false => e,
            }
        })?;
        self.persistent(id.into_obj())
    }

    // ------------------------------------------------------------------------------------------------------------ loop

    /// Reads one pickle.
    pub fn run(&mut self) -> PyResult<ObjRef> {
        self.persistent_load = self.unpickler.persistent_load_hook()?;
        loop {
            let byte = self.input.opcode()?;
            let Some(op) = Op::from_byte(byte) else { return Err(invalid_key(byte)) };
            if op == Op::Stop {
                break;
            }
            self.step(op)?;
        }
        self.input.skip_consumed()?;
        self.pop()
    }

    #[inline]
    fn step(&mut self, op: Op) -> PyResult<()> {
        match op {
            Op::None => self.push(rpy_vm::none()),
            Op::NewTrue => self.push(rpy_vm::py_bool(true)),
            Op::NewFalse => self.push(rpy_vm::py_bool(false)),
            Op::BinInt => {
                let value = i32::from_le_bytes(self.input.array()?);
                self.push(PyInt::from_i64(i64::from(value)).into_obj());
            }
            Op::BinInt1 => {
                let value = self.count1()?;
                self.push(PyInt::small(value as i64).into_obj());
            }
            Op::BinInt2 => {
                let value = u16::from_le_bytes(self.input.array()?);
                self.push(PyInt::from_i64(i64::from(value)).into_obj());
            }
            Op::Int => return self.int_line(),
            Op::Long => return self.long_line(),
            Op::Long1 => {
                let count = self.count1()?;
                return self.long_bytes(count);
            }
            Op::Long4 => {
                let count = self.signed_count4("LONG")?;
                return self.long_bytes(count);
            }
            Op::Float => return self.float_line(),
            Op::BinFloat => {
                let value = f64::from_be_bytes(self.input.array()?);
                self.push(PyFloat::new(value).into_obj());
            }
            Op::ShortBinBytes => {
                let count = self.count1()?;
                return self.bytes(count);
            }
            Op::BinBytes => {
                let count = self.count4()?;
                return self.bytes(count);
            }
            Op::BinBytes8 => {
                let count = self.count8("BINBYTES")?;
                return self.bytes(count);
            }
            Op::ByteArray8 => return self.bytearray(),
            Op::NextBuffer => return self.next_buffer(),
            Op::ReadonlyBuffer => return self.readonly_buffer(),
            Op::String => return self.string_line(),
            Op::ShortBinString => {
                let count = self.count1()?;
                return self.old_string(count);
            }
            Op::BinString => {
                let count = self.signed_count4("BINSTRING")?;
                return self.old_string(count);
            }
            Op::Unicode => return self.unicode_line(),
            Op::ShortBinUnicode => {
                let count = self.count1()?;
                return self.text(count);
            }
            Op::BinUnicode => {
                let count = self.count4()?;
                return self.text(count);
            }
            Op::BinUnicode8 => {
                let count = self.count8("BINUNICODE")?;
                return self.text(count);
            }
            Op::EmptyTuple => self.push(PyTuple::empty().into_obj()),
            Op::Tuple1 => return self.counted_tuple(1),
            Op::Tuple2 => return self.counted_tuple(2),
            Op::Tuple3 => return self.counted_tuple(3),
            Op::Tuple => {
                let mark = self.pop_mark()?;
                return self.counted_tuple(self.stack.len() - mark);
            }
            Op::EmptyList => self.push(PyList::empty().into_obj()),
            Op::List => return self.list(),
            Op::EmptyDict => self.push(PyDict::new().into_obj()),
            Op::Dict => return self.dict(),
            Op::EmptySet => self.push(PySet::new().into_obj()),
            Op::FrozenSet => return self.frozenset(),
            Op::Append => {
                let Some(from) = self.stack.len().checked_sub(1) else { return Err(self.underflow()) };
                return self.append(from);
            }
            Op::Appends => {
                let mark = self.pop_mark()?;
                return self.append(mark);
            }
            Op::SetItem => {
                let Some(from) = self.stack.len().checked_sub(2) else { return Err(self.underflow()) };
                return self.set_items(from);
            }
            Op::SetItems => {
                let mark = self.pop_mark()?;
                return self.set_items(mark);
            }
            Op::AddItems => {
                let mark = self.pop_mark()?;
                return self.add_items(mark);
            }
            Op::Obj => return self.obj(),
            Op::Inst => return self.inst(),
            Op::NewObj => return self.newobj(false),
            Op::NewObjEx => return self.newobj(true),
            Op::Reduce => return self.reduce(),
            Op::Build => return self.build(),
            Op::Global => {
                let object = self.global_lines(false)?;
                self.push(object);
            }
            Op::StackGlobal => return self.stack_global(),
            Op::Ext1 => {
                let code = self.count1()?;
                return self.extension(code as i32);
            }
            Op::Ext2 => {
                let code = u16::from_le_bytes(self.input.array()?);
                return self.extension(i32::from(code));
            }
            Op::Ext4 => {
                let code = i32::from_le_bytes(self.input.array()?);
                return self.extension(code);
            }
            Op::PersId => return self.persistent_line(),
            Op::BinPersId => {
                let id = self.pop()?;
                return self.persistent(id);
            }
            Op::Mark => self.mark(),
            Op::Pop => return self.discard(),
            Op::PopMark => {
                let mark = self.pop_mark()?;
                self.stack.truncate(mark);
            }
            Op::Dup => {
                let object = self.top()?.clone();
                self.push(object);
            }
            Op::Get => return self.get_line(),
            Op::BinGet => {
                let index = self.count1()?;
                return self.get(index);
            }
            Op::LongBinGet => {
                let index = self.count4()?;
                return self.get(index);
            }
            Op::Put => return self.put_line(),
            Op::BinPut => {
                let index = self.count1()?;
                return self.put(index);
            }
            Op::LongBinPut => {
                let index = self.count4()?;
                return self.put(index);
            }
            Op::Memoize => return self.memoize(),
            Op::Proto => {
                let protocol = self.count1()? as u8;
                if protocol > HIGHEST_PROTOCOL {
                    return Err(exc::value_error(format!("unsupported pickle protocol: {protocol}")));
                }
                self.unpickler.protocol.set(protocol);
            }
            Op::Frame => {
                let count = self.count8("FRAME length")?;
                return self.input.frame(count);
            }
            Op::Stop => {}
        }
        Ok(())
    }
}

#[cold]
fn no_memo(index: isize) -> PyErr {
    unpickling_error(format!("Memo value not found at index {index}"))
}

#[cold]
fn invalid_key(byte: u8) -> PyErr {
    unpickling_error(match byte {
        b'\'' | b'\\' => format!("invalid load key, '\\x{byte:02x}'."),
        0x20..=0x7e => format!("invalid load key, '{}'.", byte as char),
        _ => format!("invalid load key, '\\x{byte:02x}'."),
    })
}

/// An `int` written in decimal. Errors show `shown` up to a NUL.
fn decimal(text: &[u8], shown: &[u8]) -> PyResult<Ref<PyInt>> {
    parse_int(text, 10).map_err(|e| {
        let end = memchr::memchr(0, shown).unwrap_or(shown.len()).min(200);
        match utf8::decode(&shown[..end], None, true) {
            Ok((shown, _)) => e.into_err(10, shown.as_object()),
            Err(e) => e,
        }
    })
}

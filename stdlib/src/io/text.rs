//! `TextIOWrapper`: text over a buffered binary stream.
//!
//! Reading decodes chunks; `decoded[used..]` is what has not been handed out. `snapshot` is the decoder's state before the
//! present chunk and the chunk itself, from which `tell` works out a position in the middle of it. Writing collects
//! encoded bytes in `pending` until there are enough.

use core::cell::{Cell, RefCell};

use num_bigint::{BigInt, BigUint, Sign};
use rpy_vm::object::PyTypeObject;
use rpy_vm::protocol::{call, number, object as protocol};
use rpy_vm::runtime::codecs;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::{PyStr, StrBuilder};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyClass, PyObject, PyResult, PyStruct, Ref, exc, intern, pyclass, pymethods};

use super::base::{self, PyIOBase, PyTextIOBase, closed_error, size_arg};
use super::buffered::{PyBufferedRandom, PyBufferedReader, PyBufferedWriter};
use super::newline::PyIncrementalNewlineDecoder;
use super::unsupported;

const DEFAULT_CHUNK: usize = 8192;

/// How lines end when reading.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    /// `newline=None`: all kinds, translated to `\n`.
    Translated,
    /// `newline=''`: all kinds, untouched.
    Universal,
    /// Exactly this one.
    Exact(&'static str),
}

/// Checks and reads a `newline` argument.
pub fn parse_newline(newline: Option<&PyObject>) -> PyResult<LineEnd> {
    let Some(newline) = newline.filter(|n| !rpy_vm::is_none(n)) else { return Ok(LineEnd::Translated) };
    let Some(text) = newline.downcast_ref::<PyStr>() else {
        return Err(exc::type_error(format!("newline must be str or None, not {}", newline.ty().name())));
    };
    match &*text.to_string_lossy() {
        "" => Ok(LineEnd::Universal),
        "\n" => Ok(LineEnd::Exact("\n")),
        "\r" => Ok(LineEnd::Exact("\r")),
        "\r\n" => Ok(LineEnd::Exact("\r\n")),
        _ => {
            let shown = protocol::repr(newline)?;
            Err(exc::value_error(format!("illegal newline value: {}", shown.to_string_lossy())))
        }
    }
}

/// The end of the first line of `text` from `from` on: one past its terminator, or `None`.
pub fn find_line_end(text: &PyStr, from: usize, ending: LineEnd) -> Option<usize> {
    let length = text.len();
    let is = |i: usize, c: char| text.char_at(i) == c as u32;
    match ending {
        LineEnd::Translated | LineEnd::Exact("\n") => match text.as_ascii() {
            Some(ascii) => base::memchr_newline(&ascii.as_bytes()[from..]).map(|i| from + i + 1),
            None => (from..length).find(|&i| is(i, '\n')).map(|i| i + 1),
        },
        LineEnd::Universal => (from..length).find_map(|i| {
            if is(i, '\n') {
                Some(i + 1)
            } else if is(i, '\r') {
                Some(if i + 1 < length && is(i + 1, '\n') { i + 2 } else { i + 1 })
            } else {
                None
            }
        }),
        LineEnd::Exact("\r") => (from..length).find(|&i| is(i, '\r')).map(|i| i + 1),
        LineEnd::Exact(_) => (from + 1..length).find(|&i| is(i - 1, '\r') && is(i, '\n')).map(|i| i + 1),
    }
}

/// Character and line based layer over a BufferedIOBase object, buffer.
#[pyclass(name = "TextIOWrapper", module = "_io", base = PyTextIOBase, flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyTextIOWrapper {
    pub ob_base: PyIOBase,
    buffer: OptRef,
    encoding: OptRef<PyStr>,
    errors: OptRef<PyStr>,
    encoder: OptRef,
    decoder: OptRef,
    decoded: OptRef<PyStr>,
    used: Cell<usize>,
    snapshot: OptRef<PyTuple>,
    #[pytraverse(skip)]
    pending: RefCell<Vec<u8>>,
    #[pytraverse(skip)]
    line_end: Cell<LineEnd>,
    /// What `\n` becomes when written; empty: nothing to do.
    #[pytraverse(skip)]
    write_newline: Cell<&'static str>,
    line_buffering: Cell<bool>,
    write_through: Cell<bool>,
    seekable: Cell<bool>,
    telling: Cell<bool>,
    has_read1: Cell<bool>,
    utf8: Cell<bool>,
    initialized: Cell<bool>,
    finalizing: Cell<bool>,
    chunk_size: Cell<usize>,
}

impl PyTextIOWrapper {
    fn check_initialized(&self) -> PyResult<()> {
        if self.initialized.get() { Ok(()) } else { Err(exc::value_error("I/O operation on uninitialized object")) }
    }

    /// The binary stream.
    ///
    /// # Errors
    /// `ValueError` before `__init__` and after `detach`.
    fn buffer(&self) -> PyResult<ObjRef> {
        self.check_initialized()?;
        self.buffer.get().ok_or_else(|| exc::value_error("underlying buffer has been detached"))
    }

    fn is_closed(&self) -> PyResult<bool> {
        base::is_closed(&*self.buffer()?)
    }

    fn open_buffer(&self) -> PyResult<ObjRef> {
        let buffer = self.buffer()?;
        if base::is_closed(&buffer)? { Err(closed_error()) } else { Ok(buffer) }
    }

    /// Makes decoder and encoder for an encoding, which becomes the stream's.
    fn set_codecs(&self, encoding: Ref<PyStr>, errors: Ref<PyStr>) -> PyResult<()> {
        let buffer = self.buffer.get().ok_or_else(closed_error)?;
        let name = encoding.as_utf8()?.to_owned();
        let info = codecs::registry::lookup(&name)?;
        let info = info.as_object();
        if let Some(flag) = protocol::getattr_opt(info, intern!("_is_text_encoding"))?
            && !protocol::is_true(&flag)?
        {
            return Err(exc::lookup_error(format!(
                "'{name}' is not a text encoding; use codecs.open() to handle arbitrary codecs"
            )));
        }
        let yes = |method: &'static PyStr| -> PyResult<bool> {
            let answer = call::call_method(&buffer, method, &[])?;
            protocol::is_true(&answer)
        };
        self.decoder.take();
        self.encoder.take();
        self.utf8.set(false);
        if yes(intern!("readable"))? {
            let factory = protocol::getattr(info, intern!("incrementaldecoder"))?;
            let decoder = call::call_one(&factory, errors.as_object())?;
            let decoder = match self.line_end.get() {
                LineEnd::Translated => PyIncrementalNewlineDecoder::make(Some(decoder), true).into_obj(),
                LineEnd::Universal => PyIncrementalNewlineDecoder::make(Some(decoder), false).into_obj(),
                LineEnd::Exact(_) => decoder,
            };
            self.decoder.set(Some(decoder));
        }
        if yes(intern!("writable"))? {
            let factory = protocol::getattr(info, intern!("incrementalencoder"))?;
            self.encoder.set(Some(call::call_one(&factory, errors.as_object())?));
            let normalized = protocol::getattr_opt(info, intern!("name"))?;
            self.utf8
                .set(normalized.as_ref().and_then(|n| n.downcast_ref::<PyStr>()).is_some_and(|n| n.eq_str("utf-8")));
        }
        self.encoding.set(Some(encoding));
        self.errors.set(Some(errors));
        Ok(())
    }

    /// At a position other than the start, encoders must not write a byte order mark.
    fn fix_encoder_state(&self) -> PyResult<()> {
        if let (Some(encoder), true) = (self.encoder.get(), self.seekable.get()) {
            let buffer = self.buffer()?;
            let position = call::call_method(&buffer, intern!("tell"), &[])?;
            let zero = PyInt::from_i64(0);
            if !protocol::eq(&position, zero.as_object())? {
                call::call_method(&encoder, intern!("setstate"), &[zero.as_object()])?;
            }
        }
        Ok(())
    }

    fn set_line_end(&self, ending: LineEnd) {
        self.line_end.set(ending);
        self.write_newline.set(match ending {
            LineEnd::Exact(s) if s != "\n" => s,
            _ => "",
        });
    }

    fn set_decoded(&self, text: Option<Ref<PyStr>>) {
        self.decoded.set(text);
        self.used.set(0);
    }

    /// Hands out up to `n` decoded characters (all if negative).
    fn take_decoded(&self, n: isize) -> Ref<PyStr> {
        let Some(text) = self.decoded.get() else { return PyStr::empty() };
        let start = self.used.get();
        let available = text.len() - start;
        let n = if n < 0 { available } else { available.min(n as usize) };
        self.used.set(start + n);
        if start == 0 && n == text.len() { text } else { text.substring(start, start + n) }
    }

    fn flush_pending(&self) -> PyResult<()> {
        let data = core::mem::take(&mut *self.pending.borrow_mut());
        if data.is_empty() {
            return Ok(());
        }
        let buffer = self.buffer()?;
        let bytes = PyBytes::from_vec(data);
        call::call_method(&buffer, intern!("write"), &[bytes.as_object()]).map(drop)
    }

    fn decoder(&self) -> PyResult<ObjRef> {
        self.decoder.get().ok_or_else(|| unsupported("not readable"))
    }

    fn decode(&self, decoder: &PyObject, input: &PyObject, eof: bool) -> PyResult<Ref<PyStr>> {
        if let Some(newline) = decoder.downcast_exact::<PyIncrementalNewlineDecoder>() {
            return newline.decode_piece(input, eof);
        }
        let flag = rpy_vm::py_bool(eof);
        let text = call::call_method(decoder, intern!("decode"), &[input, &flag])?;
        text.downcast::<PyStr>().map_err(|other| {
            exc::type_error(format!("decoder should return a string result, not '{}'", other.ty().name()))
        })
    }

    /// Reads and decodes one chunk. False at the end.
    fn read_chunk(&self, hint: usize) -> PyResult<bool> {
        let decoder = self.decoder()?;
        let buffer = self.buffer()?;
        let before = if self.telling.get() {
            let state = call::call_method(&decoder, intern!("getstate"), &[])?;
            match state.downcast_ref::<PyTuple>() {
                Some(t) if t.len() == 2 => match t.items()[0].new_ref().downcast::<PyBytes>() {
                    Ok(leftover) => Some((leftover, t.items()[1].new_ref())),
                    Err(other) => {
                        return Err(exc::type_error(format!(
                            "illegal decoder state: the first item should be a bytes object, not '{}'",
                            other.ty().name()
                        )));
                    }
                },
                _ => return Err(exc::type_error("illegal decoder state")),
            }
        } else {
            None
        };
        let size = PyInt::from_usize(self.chunk_size.get().max(hint));
        let method = if self.has_read1.get() { intern!("read1") } else { intern!("read") };
        let chunk = call::call_method(&buffer, method, &[size.as_object()])?;
        let view = rpy_vm::protocol::buffer::Buffer::simple(&chunk).map_err(|_| {
            exc::type_error(format!(
                "underlying {}() should have returned a bytes-like object, not '{}'",
                if self.has_read1.get() { "read1" } else { "read" },
                chunk.ty().name()
            ))
        })?;
        let eof = view.is_empty();
        let text = self.decode(&decoder, &chunk, eof)?;
        let empty = text.len() == 0;
        self.set_decoded(Some(text));
        if let Some((leftover, flags)) = before {
            let mut input = leftover.as_bytes().to_vec();
            input.extend_from_slice(view.bytes());
            self.snapshot.set(Some(PyTuple::new(vec![flags, PyBytes::from_vec(input).into_obj()])));
        }
        Ok(!(eof && empty))
    }

    fn read_text(&self, n: isize) -> PyResult<Ref<PyStr>> {
        self.flush_pending()?;
        let decoder = self.decoder()?;
        if n < 0 {
            let buffer = self.buffer()?;
            let rest = call::call_method(&buffer, intern!("read"), &[])?;
            if rpy_vm::is_none(&rest) {
                return Err(rpy_vm::PyErr::new(exc::BlockingIOError(), "Read returned None."));
            }
            let head = self.take_decoded(-1);
            let tail = self.decode(&decoder, &rest, true)?;
            self.set_decoded(None);
            self.snapshot.take();
            return PyStr::concat(&head, &tail);
        }
        let mut out = StrBuilder::with_capacity((n as usize).min(1 << 16));
        loop {
            let piece = self.take_decoded(n - out.len() as isize);
            out.push_py(&piece);
            if out.len() as isize >= n || !self.read_chunk((n as usize - out.len()).min(1 << 20))? {
                return out.try_finish();
            }
        }
    }

    fn read_line(&self, limit: isize) -> PyResult<Ref<PyStr>> {
        self.flush_pending()?;
        let mut head: Option<StrBuilder> = None;
        loop {
            let ending = self.line_end.get();
            let text = match self.decoded.get() {
                Some(text) if self.used.get() < text.len() => text,
                _ => {
                    if self.read_chunk(0)? {
                        continue;
                    }
                    self.set_decoded(None);
                    self.snapshot.take();
                    return match head {
                        Some(head) => head.try_finish(),
                        None => Ok(PyStr::empty()),
                    };
                }
            };
            let start = self.used.get();
            // A two-character terminator may be split between chunks: the carriage return then heads the search.
            if let (Some(h), LineEnd::Exact("\r\n")) = (&mut head, ending)
                && text.char_at(start) == '\n' as u32
                && last_is_cr(h)
            {
                h.push_char('\n' as u32);
                self.used.set(start + 1);
                return head.map_or_else(|| Ok(PyStr::empty()), StrBuilder::try_finish);
            }
            let so_far = head.as_ref().map_or(0, StrBuilder::len);
            let end = find_line_end(&text, start, ending);
            let mut stop = end.unwrap_or(text.len());
            let mut done = end.is_some();
            // With universal newlines untranslated, a final carriage return may be half of a pair: the decoder holds it back.
            if limit >= 0 && so_far + (stop - start) >= limit as usize {
                stop = start + (limit as usize - so_far);
                done = true;
            }
            self.used.set(stop);
            if done && head.is_none() {
                return Ok(if start == 0 && stop == text.len() { text } else { text.substring(start, stop) });
            }
            let builder = head.get_or_insert_with(|| StrBuilder::with_capacity(stop - start));
            builder.push_py(&text.substring(start, stop));
            if done {
                return head.map_or_else(|| Ok(PyStr::empty()), StrBuilder::try_finish);
            }
        }
    }

    /// Puts encoded text behind what is pending. A large piece does not wait with it: that is written first.
    fn append(&self, data: &[u8]) -> PyResult<()> {
        if data.len() >= self.chunk_size.get() {
            // Writing may add to what is pending.
            while !self.pending.borrow().is_empty() {
                self.flush_pending()?;
            }
        }
        self.pending.borrow_mut().extend_from_slice(data);
        Ok(())
    }

    fn encode(&self, text: &Ref<PyStr>) -> PyResult<()> {
        if self.utf8.get()
            && let Some(utf8) = text.as_str()
        {
            return self.append(utf8.as_bytes());
        }
        let encoder = self.encoder.get().ok_or_else(|| unsupported("not writable"))?;
        let bytes = call::call_method(&encoder, intern!("encode"), &[text.as_object()])?;
        let Some(bytes) = bytes.downcast_ref::<PyBytes>() else {
            return Err(exc::type_error(format!("encoder should return a bytes object, not '{}'", bytes.ty().name())));
        };
        self.append(bytes.as_bytes())
    }
}

/// A flag that may be None; by its number, as the C API would read it.
fn optional_flag(value: Option<&PyObject>) -> PyResult<Option<bool>> {
    match value {
        None => Ok(None),
        Some(v) if rpy_vm::is_none(v) => Ok(None),
        Some(v) => match number::index(v)?.as_i64() {
            Some(n) => Ok(Some(n != 0)),
            None => Err(exc::overflow_error("Python int too large to convert to C long")),
        },
    }
}

/// What `encoding=None` and `encoding='locale'` mean.
fn resolve_encoding(encoding: Option<Ref<PyStr>>) -> Ref<PyStr> {
    match encoding {
        None if rpy_vm::sysmodule::config::get().utf8_mode => PyStr::interned("utf-8"),
        Some(name) if !name.eq_str("locale") => name,
        _ => PyStr::from_string(crate::locale::encoding()),
    }
}

fn last_is_cr(text: &StrBuilder) -> bool {
    let n = text.len();
    use rpy_vm::types::str::StrData;
    n > 0
        && match text.data() {
            StrData::Latin1(d) => u32::from(d[n - 1]) == '\r' as u32,
            StrData::Ucs2(d) => u32::from(d[n - 1]) == '\r' as u32,
            StrData::Ucs4(d) => d[n - 1] == '\r' as u32,
        }
}

/// A text position: where to seek, and what to feed the decoder from there.
struct Cookie {
    start: i64,
    flags: i64,
    feed: i64,
    skip: i64,
    need_eof: bool,
}

impl Cookie {
    fn pack(&self) -> ObjRef {
        if self.flags == 0 && self.feed == 0 && self.skip == 0 && !self.need_eof {
            return PyInt::from_i64(self.start).into_obj();
        }
        let part = |n: i64, shift: u32| BigInt::from(n) << shift;
        let all = BigInt::from(self.start)
            | part(self.flags, 64)
            | part(self.feed, 128)
            | part(self.skip, 192)
            | part(self.need_eof as i64, 256);
        PyInt::from_bigint(&all).into_obj()
    }

    fn unpack(cookie: &PyObject) -> PyResult<Cookie> {
        let number = number::index(cookie)?.to_bigint();
        if number.sign() == Sign::Minus {
            let shown = protocol::repr(cookie)?;
            return Err(exc::value_error(format!("negative seek position {}", shown.to_string_lossy())));
        }
        let magnitude: BigUint = number.magnitude().clone();
        let mask = BigUint::from(u64::MAX);
        let part = |shift: u32| -> i64 { u64::try_from((&magnitude >> shift) & &mask).unwrap_or(0) as i64 };
        Ok(Cookie { start: part(0), flags: part(64), feed: part(128), skip: part(192), need_eof: part(256) != 0 })
    }
}

fn decoder_flags(decoder: &PyObject) -> PyResult<(ObjRef, i64)> {
    let state = call::call_method(decoder, intern!("getstate"), &[])?;
    match state.downcast_ref::<PyTuple>() {
        Some(t) if t.len() == 2 => {
            let flags = t.items()[1].downcast_ref::<PyInt>().and_then(PyInt::as_i64).unwrap_or(0);
            Ok((t.items()[0].new_ref(), flags))
        }
        _ => Err(exc::type_error("illegal decoder state")),
    }
}

fn set_decoder(decoder: &PyObject, flags: i64) -> PyResult<()> {
    let state = PyTuple::new(vec![PyBytes::empty().into_obj(), PyInt::from_i64(flags).into_obj()]);
    call::call_method(decoder, intern!("setstate"), &[state.as_object()]).map(drop)
}

#[pymethods]
impl PyTextIOWrapper {
    #[pynew(sig = "(*args, **kwargs)", unsigned)]
    fn py_new(cls: &PyTypeObject, _args: &[&PyObject], _kwargs: rpy_vm::args::KwArgs<'_>) -> PyResult<ObjRef> {
        let this = PyTextIOWrapper {
            ob_base: PyIOBase::fresh(),
            buffer: OptRef::NULL,
            encoding: OptRef::NULL,
            errors: OptRef::NULL,
            encoder: OptRef::NULL,
            decoder: OptRef::NULL,
            decoded: OptRef::NULL,
            used: Cell::new(0),
            snapshot: OptRef::NULL,
            pending: RefCell::new(Vec::new()),
            line_end: Cell::new(LineEnd::Translated),
            write_newline: Cell::new(""),
            line_buffering: Cell::new(false),
            write_through: Cell::new(false),
            seekable: Cell::new(false),
            telling: Cell::new(false),
            has_read1: Cell::new(false),
            utf8: Cell::new(false),
            initialized: Cell::new(false),
            finalizing: Cell::new(false),
            chunk_size: Cell::new(DEFAULT_CHUNK),
        };
        Ok(rpy_vm::object::alloc::new_in(cls, this)?.into_obj())
    }

    #[pyinit(sig = "(buffer, encoding=None, errors=None, newline=None, line_buffering=False, write_through=False)")]
    fn py_init(
        &self,
        buffer: &PyObject,
        encoding: Option<&PyObject>,
        errors: Option<&PyObject>,
        newline: Option<&PyObject>,
        line_buffering: Option<bool>,
        write_through: Option<bool>,
    ) -> PyResult<()> {
        self.initialized.set(false);
        let text_arg = |value: Option<&PyObject>, what: &str| -> PyResult<Option<Ref<PyStr>>> {
            match value {
                None => Ok(None),
                Some(v) => match v.downcast_ref::<PyStr>() {
                    Some(s) if s.as_utf8()?.contains('\0') => Err(exc::value_error("embedded null character")),
                    Some(s) => Ok(Some(s.to_ref())),
                    None => Err(exc::type_error(format!(
                        "TextIOWrapper() argument '{what}' must be str or None, not {}",
                        v.ty().name()
                    ))),
                },
            }
        };
        if encoding.is_none() && rpy_vm::sysmodule::config::get().warn_default_encoding {
            rpy_vm::runtime::warnings::warn(exc::EncodingWarning(), "'encoding' argument not specified", 1)?;
        }
        let encoding = resolve_encoding(text_arg(encoding, "encoding")?);
        let errors = text_arg(errors, "errors")?;
        if let Some(errors) = &errors
            && rpy_vm::sysmodule::config::get().dev_mode
        {
            codecs::lookup_error(errors.as_utf8()?)?;
        }
        let errors = errors.unwrap_or_else(|| PyStr::interned("strict"));
        self.set_line_end(parse_newline(newline)?);
        self.buffer.set(Some(buffer.new_ref()));
        self.line_buffering.set(line_buffering.unwrap_or(false));
        self.write_through.set(write_through.unwrap_or(false));
        self.set_decoded(None);
        self.snapshot.take();
        self.pending.borrow_mut().clear();
        self.set_codecs(encoding, errors)?;
        let native = buffer.is_exact_type(PyBufferedReader::type_object())
            || buffer.is_exact_type(PyBufferedRandom::type_object())
            || buffer.is_exact_type(PyBufferedWriter::type_object());
        self.has_read1.set(native || protocol::getattr_opt(buffer, intern!("read1"))?.is_some());
        let seekable = call::call_method(buffer, intern!("seekable"), &[])?;
        let seekable = protocol::is_true(&seekable)?;
        self.seekable.set(seekable);
        self.telling.set(seekable);
        self.initialized.set(true);
        self.fix_encoder_state()
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<ObjRef> {
        self.check_initialized()?;
        let class = self.as_object().ty().full_name().to_owned();
        let Some(_guard) = rpy_vm::runtime::repr_guard::ReprGuard::enter(self.as_object()) else {
            return Err(exc::runtime_error(format!("reentrant call inside {class}.__repr__")));
        };
        let mut text = format!("<{class}");
        for name in ["name", "mode"] {
            match protocol::getattr_opt(self.as_object(), &PyStr::interned(name)) {
                Ok(Some(value)) => {
                    let shown = protocol::repr(&value)?;
                    text.push_str(&format!(" {name}={}", shown.to_string_lossy()));
                }
                Ok(None) => {}
                Err(e) if e.matches(exc::ValueError()) => {}
                Err(e) => return Err(e),
            }
        }
        let encoding = self.encoding.get().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
        text.push_str(&format!(" encoding='{encoding}'>"));
        Ok(PyStr::from_string(text).into_obj())
    }

    /// Reconfigure the text stream with new parameters.
    #[pymethod(
        sig = "($self, *, encoding=None, errors=None, newline=<unrepresentable>, line_buffering=None, write_through=None)"
    )]
    fn reconfigure(
        &self,
        encoding: Option<&PyStr>,
        errors: Option<&PyStr>,
        newline: Option<&PyObject>,
        line_buffering: Option<&PyObject>,
        write_through: Option<&PyObject>,
    ) -> PyResult<()> {
        let changes = encoding.is_some() || errors.is_some() || newline.is_some();
        if changes && (!self.decoded.is_null() || !self.snapshot.is_null()) {
            return Err(unsupported(
                "It is not possible to set the encoding or newline of stream after the first read",
            ));
        }
        let newline = match newline {
            Some(n) => Some(parse_newline(Some(n))?),
            None => None,
        };
        for name in [encoding, errors].into_iter().flatten() {
            name.as_utf8()?;
        }
        let line_buffering = optional_flag(line_buffering)?;
        let write_through = optional_flag(write_through)?;
        call::call_method(self.as_object(), intern!("flush"), &[])?;
        if let Some(newline) = newline {
            self.set_line_end(newline);
        }
        if changes {
            let errors = match (errors, encoding) {
                (Some(errors), _) => Some(errors.to_ref()),
                // A new encoding starts with the default.
                (None, Some(_)) => None,
                (None, None) => self.errors.get(),
            };
            let encoding = match encoding {
                Some(encoding) => resolve_encoding(Some(encoding.to_ref())),
                None => resolve_encoding(self.encoding.get()),
            };
            self.set_codecs(encoding, errors.unwrap_or_else(|| PyStr::interned("strict")))?;
            self.fix_encoder_state()?;
        }
        if let Some(on) = line_buffering {
            self.line_buffering.set(on);
        }
        if let Some(on) = write_through {
            self.write_through.set(on);
        }
        Ok(())
    }

    #[pymethod]
    fn detach(&self) -> PyResult<ObjRef> {
        let buffer = self.buffer()?;
        call::call_method(self.as_object(), intern!("flush"), &[])?;
        self.buffer.take();
        Ok(buffer)
    }

    #[pymethod(sig = "($self, text, /)")]
    fn write(&self, text: &PyStr) -> PyResult<usize> {
        let buffer = self.open_buffer()?;
        if self.encoder.is_null() {
            return Err(unsupported("not writable"));
        }
        let count = text.len();
        let has_newline = (self.line_buffering.get() || !self.write_newline.get().is_empty())
            && find_line_end(text, 0, LineEnd::Exact("\n")).is_some();
        let mut out = text.to_ref();
        if has_newline && !self.write_newline.get().is_empty() {
            let (from, to) = (PyStr::interned("\n"), PyStr::interned(self.write_newline.get()));
            let replaced =
                call::call_method(text.as_object(), intern!("replace"), &[from.as_object(), to.as_object()])?;
            if let Ok(replaced) = replaced.downcast::<PyStr>() {
                out = replaced;
            }
        }
        let flush = self.line_buffering.get() && (has_newline || (0..count).any(|i| text.char_at(i) == '\r' as u32));
        self.encode(&out)?;
        if self.pending.borrow().len() >= self.chunk_size.get() || flush || self.write_through.get() {
            self.flush_pending()?;
        }
        if flush {
            call::call_method(&buffer, intern!("flush"), &[])?;
        }
        if self.snapshot.take().is_some() {
            self.set_decoded(None);
        }
        if let Some(decoder) = self.decoder.get() {
            call::call_method(&decoder, intern!("reset"), &[])?;
        }
        Ok(count)
    }

    #[pymethod(sig = "($self, size=-1, /)")]
    fn read(&self, size: Option<&PyObject>) -> PyResult<Ref<PyStr>> {
        self.open_buffer()?;
        self.read_text(size_arg(size)?)
    }

    #[pymethod(sig = "($self, size=-1, /)")]
    fn readline(&self, size: Option<isize>) -> PyResult<Ref<PyStr>> {
        self.open_buffer()?;
        self.read_line(size.unwrap_or(-1))
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        self.buffer()?;
        self.telling.set(false);
        let line = if self.as_object().is_exact_type(PyTextIOWrapper::type_object()) {
            self.open_buffer()?;
            self.read_line(-1)?
        } else {
            let line = call::call_method(self.as_object(), intern!("readline"), &[])?;
            match line.downcast::<PyStr>() {
                Ok(line) => line,
                Err(other) => {
                    return Err(exc::os_error(format!(
                        "readline() should have returned a str object, not '{}'",
                        other.ty().name()
                    )));
                }
            }
        };
        if line.len() == 0 {
            self.snapshot.take();
            self.telling.set(self.seekable.get());
            return Ok(None);
        }
        Ok(Some(line.into_obj()))
    }

    #[pymethod]
    fn flush(&self) -> PyResult<ObjRef> {
        let buffer = self.open_buffer()?;
        self.telling.set(self.seekable.get());
        self.flush_pending()?;
        call::call_method(&buffer, intern!("flush"), &[])
    }

    #[pymethod]
    fn close(&self) -> PyResult<ObjRef> {
        let buffer = self.buffer()?;
        // Asking may have detached the buffer.
        if base::is_closed(&buffer)? || self.buffer.is_null() {
            return Ok(rpy_vm::none());
        }
        if self.finalizing.get() {
            let _ = call::call_method(&buffer, intern!("_dealloc_warn"), &[self.as_object()]);
        }
        let flushed = call::call_method(self.as_object(), intern!("flush"), &[]);
        let closed = call::call_method(&buffer, intern!("close"), &[]);
        match (flushed, closed) {
            (Ok(_), result) => result,
            (Err(e), Ok(_)) => Err(e),
            (Err(first), Err(second)) => {
                second.value().set_context(Some(first.into_object()));
                Err(second)
            }
        }
    }

    #[pymethod]
    fn tell(&self) -> PyResult<ObjRef> {
        let buffer = self.open_buffer()?;
        if !self.seekable.get() {
            return Err(unsupported("underlying stream is not seekable"));
        }
        if !self.telling.get() {
            return Err(exc::os_error("telling position disabled by next() call"));
        }
        self.flush_pending()?;
        call::call_method(self.as_object(), intern!("flush"), &[])?;
        let position = call::call_method(&buffer, intern!("tell"), &[])?;
        let (Some(decoder), Some(snapshot)) = (self.decoder.get(), self.snapshot.get()) else {
            return Ok(position);
        };
        let position = number::as_isize(&position, None)? as i64;
        let flags = snapshot.items()[0].downcast_ref::<PyInt>().and_then(PyInt::as_i64).unwrap_or(0);
        let input = snapshot.items()[1].downcast_ref::<PyBytes>().map(|b| b.as_bytes().to_vec()).unwrap_or_default();
        let mut cookie = Cookie { start: position - input.len() as i64, flags, feed: 0, skip: 0, need_eof: false };
        let mut to_skip = self.used.get() as i64;
        if to_skip == 0 || self.decoded.is_null() {
            return Ok(cookie.pack());
        }
        let saved = call::call_method(&decoder, intern!("getstate"), &[])?;
        let result = (|| {
            set_decoder(&decoder, flags)?;
            let mut decoded = 0i64;
            let mut complete = false;
            for byte in &input {
                let piece = PyBytes::new(core::slice::from_ref(byte));
                cookie.feed += 1;
                decoded += self.decode(&decoder, piece.as_object(), false)?.len() as i64;
                let (leftover, flags) = decoder_flags(&decoder)?;
                if protocol::size(&leftover)? == 0 && decoded <= to_skip {
                    // A place where decoding can start afresh.
                    cookie.start += cookie.feed;
                    to_skip -= decoded;
                    cookie.flags = flags;
                    cookie.feed = 0;
                    decoded = 0;
                }
                if decoded >= to_skip {
                    complete = true;
                    break;
                }
            }
            if !complete {
                let empty = PyBytes::empty();
                decoded += self.decode(&decoder, empty.as_object(), true)?.len() as i64;
                cookie.need_eof = true;
                if decoded < to_skip {
                    return Err(exc::os_error("can't reconstruct logical file position"));
                }
            }
            cookie.skip = to_skip;
            Ok(cookie.pack())
        })();
        call::call_method(&decoder, intern!("setstate"), &[&saved])?;
        result
    }

    #[pymethod(sig = "($self, cookie, whence=0, /)")]
    fn seek(&self, cookie: &PyObject, whence: Option<i32>) -> PyResult<ObjRef> {
        let buffer = self.open_buffer()?;
        if !self.seekable.get() {
            return Err(unsupported("underlying stream is not seekable"));
        }
        let zero = PyInt::from_i64(0);
        let target = match whence.unwrap_or(0) {
            0 => cookie.new_ref(),
            1 => {
                if !protocol::eq(cookie, zero.as_object())? {
                    return Err(unsupported("can't do nonzero cur-relative seeks"));
                }
                call::call_method(self.as_object(), intern!("tell"), &[])?
            }
            2 => {
                if !protocol::eq(cookie, zero.as_object())? {
                    return Err(unsupported("can't do nonzero end-relative seeks"));
                }
                call::call_method(self.as_object(), intern!("flush"), &[])?;
                self.set_decoded(None);
                self.snapshot.take();
                if let Some(decoder) = self.decoder.get() {
                    call::call_method(&decoder, intern!("reset"), &[])?;
                }
                let end = PyInt::from_i64(2);
                let position = call::call_method(&buffer, intern!("seek"), &[zero.as_object(), end.as_object()])?;
                self.reset_encoder(&position)?;
                return Ok(position);
            }
            other => {
                return Err(exc::value_error(format!("invalid whence ({other}, should be 0, 1 or 2)")));
            }
        };
        let where_to = Cookie::unpack(&target)?;
        call::call_method(self.as_object(), intern!("flush"), &[])?;
        let start = PyInt::from_i64(where_to.start);
        call::call_method(&buffer, intern!("seek"), &[start.as_object()])?;
        self.set_decoded(None);
        self.snapshot.take();
        if let Some(decoder) = self.decoder.get() {
            if where_to.start == 0 && where_to.flags == 0 {
                call::call_method(&decoder, intern!("reset"), &[])?;
            } else {
                set_decoder(&decoder, where_to.flags)?;
            }
            if where_to.skip > 0 || where_to.feed > 0 {
                let feed = PyInt::from_i64(where_to.feed);
                let input = call::call_method(&buffer, intern!("read"), &[feed.as_object()])?;
                let text = self.decode(&decoder, &input, where_to.need_eof)?;
                self.snapshot.set(Some(PyTuple::new(vec![PyInt::from_i64(where_to.flags).into_obj(), input])));
                let enough = text.len() as i64 >= where_to.skip;
                self.set_decoded(Some(text));
                if !enough {
                    return Err(exc::os_error("can't restore logical file position"));
                }
                self.used.set(where_to.skip as usize);
            } else {
                let flags = PyInt::from_i64(where_to.flags).into_obj();
                self.snapshot.set(Some(PyTuple::new(vec![flags, PyBytes::empty().into_obj()])));
            }
        }
        self.reset_encoder(&target)?;
        Ok(target)
    }

    #[pymethod(sig = "($self, pos=None, /)")]
    fn truncate(&self, pos: Option<&PyObject>) -> PyResult<ObjRef> {
        let buffer = self.open_buffer()?;
        call::call_method(self.as_object(), intern!("flush"), &[])?;
        match pos {
            Some(pos) => call::call_method(&buffer, intern!("truncate"), &[pos]),
            None => call::call_method(&buffer, intern!("truncate"), &[]),
        }
    }

    #[pymethod]
    fn fileno(&self) -> PyResult<ObjRef> {
        call::call_method(&*self.buffer()?, intern!("fileno"), &[])
    }
    #[pymethod]
    fn seekable(&self) -> PyResult<ObjRef> {
        call::call_method(&*self.buffer()?, intern!("seekable"), &[])
    }
    #[pymethod]
    fn readable(&self) -> PyResult<ObjRef> {
        call::call_method(&*self.buffer()?, intern!("readable"), &[])
    }
    #[pymethod]
    fn writable(&self) -> PyResult<ObjRef> {
        call::call_method(&*self.buffer()?, intern!("writable"), &[])
    }
    #[pymethod]
    fn isatty(&self) -> PyResult<ObjRef> {
        call::call_method(&*self.buffer()?, intern!("isatty"), &[])
    }

    #[pygetset(name = "buffer")]
    fn get_buffer(&self) -> Option<ObjRef> {
        self.buffer.get()
    }
    #[pygetset]
    fn encoding(&self) -> Option<Ref<PyStr>> {
        self.encoding.get()
    }
    #[pygetset]
    fn errors(&self) -> PyResult<Option<Ref<PyStr>>> {
        self.check_initialized()?;
        Ok(self.errors.get())
    }
    #[pygetset]
    fn closed(&self) -> PyResult<bool> {
        self.is_closed()
    }
    #[pygetset]
    fn name(&self) -> PyResult<ObjRef> {
        protocol::getattr(&*self.buffer()?, intern!("name"))
    }
    #[pygetset]
    fn line_buffering(&self) -> bool {
        self.line_buffering.get()
    }
    #[pygetset]
    fn write_through(&self) -> bool {
        self.write_through.get()
    }
    #[pygetset]
    fn newlines(&self) -> PyResult<ObjRef> {
        match self.decoder.get() {
            Some(decoder) => Ok(protocol::getattr_opt(&decoder, intern!("newlines"))?.unwrap_or_else(rpy_vm::none)),
            None => Ok(rpy_vm::none()),
        }
    }
    #[pygetset(name = "_CHUNK_SIZE")]
    fn chunk_size(&self) -> usize {
        self.chunk_size.get()
    }
    #[pygetset(setter, name = "_CHUNK_SIZE")]
    fn set_chunk_size(&self, value: Option<&PyObject>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(exc::attribute_error_msg("cannot delete attribute"));
        };
        let n = number::as_isize(value, Some(exc::ValueError()))?;
        if n <= 0 {
            return Err(exc::value_error("a strictly positive integer is required"));
        }
        self.chunk_size.set(n as usize);
        Ok(())
    }
    #[pygetset(name = "_finalizing")]
    fn finalizing(&self) -> bool {
        self.finalizing.get()
    }
    #[pygetset(setter, name = "_finalizing")]
    fn set_finalizing(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.finalizing.set(match value {
            Some(v) => protocol::is_true(v)?,
            None => false,
        });
        Ok(())
    }
    #[pymethod(name = "__getstate__")]
    fn getstate(&self) -> PyResult<ObjRef> {
        Err(exc::type_error(format!("cannot pickle '{}' instances", self.as_object().ty().full_name())))
    }
}

impl PyTextIOWrapper {
    fn reset_encoder(&self, position: &PyObject) -> PyResult<()> {
        let Some(encoder) = self.encoder.get() else { return Ok(()) };
        let zero = PyInt::from_i64(0);
        if protocol::eq(position, zero.as_object())? {
            call::call_method(&encoder, intern!("reset"), &[]).map(drop)
        } else {
            call::call_method(&encoder, intern!("setstate"), &[zero.as_object()]).map(drop)
        }
    }
}

//! `_multibytecodec`: the codec objects, and the incremental and stream classes that `encodings` derives its own from.

use core::cell::Cell;

use rpy_vm::object::alloc::{new_exact, new_in};
use rpy_vm::protocol::buffer::ArgBytes;
use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::runtime::codecs::name_arg;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::int::convert::{ByteOrder, int_from_bytes, int_to_bytes};
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, intern, pyclass, pymethods};

use super::codec::{Named, State};

/// More characters an encoder never keeps back.
const MAX_PENDING_CHARS: usize = 2;
/// More bytes a decoder never keeps back.
const MAX_PENDING_BYTES: usize = 8;

/// A codec, of which `encodings` makes the methods of its own.
#[pyclass(name = "MultibyteCodec", module = "_multibytecodec", no_new)]
#[repr(C)]
pub struct PyMultibyteCodec {
    pub ob_base: PyObject,
    codec: Named,
}

/// The object of a codec.
pub fn new_codec(codec: Named) -> Ref<PyMultibyteCodec> {
    new_exact(PyMultibyteCodec { ob_base: PyObject::placeholder(), codec })
}

/// Text as it is, anything else as `str()` shows it.
fn text_of(input: &PyObject) -> PyResult<Ref<PyStr>> {
    match input.downcast_ref::<PyStr>() {
        Some(text) => Ok(text.to_ref()),
        None => protocol::str(input),
    }
}

#[pymethods]
impl PyMultibyteCodec {
    /// Return an encoded string version of `input'.
    ///
    /// 'errors' may be given to set a different error handling scheme. Default is
    /// 'strict' meaning that encoding errors raise a UnicodeEncodeError. Other possible
    /// values are 'ignore', 'replace' and 'xmlcharrefreplace' as well as any other name
    /// registered with codecs.register_error that can handle UnicodeEncodeErrors.
    #[pymethod(sig = "($self, /, input, errors=None)")]
    fn encode(&self, input: &PyObject, errors: Option<&PyStr>) -> PyResult<(ObjRef, usize)> {
        let text = text_of(input)?;
        let mut state = State::default();
        self.codec.codec.init(&mut state);
        let (bytes, _) = self.codec.encode(&mut state, &text, name_arg(errors)?, true, true)?;
        Ok((PyBytes::try_from_vec(bytes)?.into_obj(), text.len()))
    }

    /// Decodes 'input'.
    ///
    /// 'errors' may be given to set a different error handling scheme. Default is
    /// 'strict' meaning that encoding errors raise a UnicodeDecodeError. Other possible
    /// values are 'ignore' and 'replace' as well as any other name registered with
    /// codecs.register_error that is able to handle UnicodeDecodeErrors.
    #[pymethod(sig = "($self, /, input, errors=None)")]
    fn decode(&self, input: ArgBytes<'_>, errors: Option<&PyStr>) -> PyResult<(ObjRef, usize)> {
        let mut state = State::default();
        self.codec.codec.init(&mut state);
        let bytes = input.as_bytes();
        let (text, _) = self.codec.decode(&mut state, bytes, name_arg(errors)?, true)?;
        Ok((text.into_obj(), bytes.len()))
    }
}

/// What incremental coders and streams have in common: the codec of their class, and how errors are handled.
struct Part {
    codec: Named,
    state: Cell<State>,
    errors: OptRef<PyStr>,
}

impl Part {
    fn new(cls: &PyTypeObject, errors: Option<&PyStr>) -> PyResult<Part> {
        let codec = protocol::getattr(cls.as_object(), intern!("codec"))?;
        let Some(codec) = codec.downcast_ref::<PyMultibyteCodec>() else {
            return Err(exc::type_error("codec is unexpected type"));
        };
        let part = Part { codec: codec.codec, state: Cell::default(), errors: OptRef::NULL };
        let mut state = State::default();
        part.codec.codec.init(&mut state);
        part.state.set(state);
        part.errors.set(Some(errors.map_or_else(|| PyStr::new("strict"), PyStr::to_ref)));
        Ok(part)
    }

    fn errors(&self) -> ObjRef {
        self.errors.get().map_or_else(rpy_vm::none, Ref::into_obj)
    }

    fn set_errors(&self, value: Option<&PyObject>) -> PyResult<()> {
        let Some(value) = value else { return Err(exc::attribute_error_msg("cannot delete attribute")) };
        let Some(errors) = value.downcast_ref::<PyStr>() else {
            return Err(exc::type_error("errors must be a string"));
        };
        self.errors.set(Some(errors.to_ref()));
        Ok(())
    }

    /// Runs `f` on the state and the name of the error handler.
    fn with<T>(&self, f: impl FnOnce(Named, &mut State, Option<&str>) -> PyResult<T>) -> PyResult<T> {
        let errors = self.errors.get();
        let mut state = self.state.get();
        let result = f(self.codec, &mut state, name_arg(errors.as_deref())?);
        self.state.set(state);
        result
    }

    fn reset(&self) {
        let mut state = self.state.get();
        self.codec.codec.reset(&mut state);
        self.state.set(state);
    }

    /// Ends what has been encoded, without a trace.
    fn reset_encoder(&self) {
        let mut state = self.state.get();
        self.codec.codec.finish(&mut state, &mut Vec::new());
        self.state.set(state);
    }
}

/// The text behind what was kept back.
fn joined(pending: Option<&PyStr>, text: &PyStr) -> PyResult<Ref<PyStr>> {
    match pending {
        Some(pending) if !pending.is_empty() => {
            let mut both = rpy_vm::types::str::StrBuilder::new();
            both.push_py(pending);
            both.push_py(text);
            both.try_finish()
        }
        _ => Ok(text.to_ref()),
    }
}

/// Encodes what was kept back and more text. When it fails, the same is still kept back.
fn encode_more(part: &Part, pending: &OptRef<PyStr>, text: &PyStr, last: bool) -> PyResult<ObjRef> {
    let text = joined(pending.get().as_deref(), text)?;
    let (bytes, taken) = part.with(|codec, state, errors| codec.encode(state, &text, errors, last, last))?;
    if text.len() - taken > MAX_PENDING_CHARS {
        return Err(part.codec.overflow(&text, taken));
    }
    pending.set(if taken < text.len() { Some(text.try_substring(taken, text.len())?) } else { None });
    Ok(PyBytes::try_from_vec(bytes)?.into_obj())
}

/// An encoder that is given text bit by bit.
#[pyclass(name = "MultibyteIncrementalEncoder", module = "_multibytecodec", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyIncrementalEncoder {
    pub ob_base: PyObject,
    #[pytraverse(skip)]
    part: Part,
    #[pytraverse(skip)]
    pending: OptRef<PyStr>,
}

#[pymethods]
impl PyIncrementalEncoder {
    /// `__new__` has done it all. Without this, the initializer of a Python class further on would be found.
    #[slot]
    fn tp_init(&self, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<()> {
        Ok(())
    }

    #[pynew(sig = "(errors='strict')")]
    fn py_new(cls: &PyTypeObject, errors: Option<&PyStr>) -> PyResult<ObjRef> {
        let part = Part::new(cls, errors)?;
        Ok(new_in(cls, PyIncrementalEncoder { ob_base: PyObject::placeholder(), part, pending: OptRef::NULL })?
            .into_obj())
    }

    #[pymethod(sig = "($self, /, input, final=False)")]
    fn encode(&self, input: &PyObject, last: Option<bool>) -> PyResult<ObjRef> {
        encode_more(&self.part, &self.pending, &*text_of(input)?, last.unwrap_or(false))
    }

    #[pymethod]
    fn getstate(&self) -> PyResult<ObjRef> {
        let pending = self.pending.get();
        let pending = match &pending {
            Some(text) => text.as_utf8()?.as_bytes(),
            None => &[],
        };
        let mut bytes = vec![pending.len() as u8];
        bytes.extend_from_slice(pending);
        bytes.extend_from_slice(&self.part.state.get());
        Ok(int_from_bytes(&bytes, ByteOrder::Little, false)?.into_obj())
    }

    #[pymethod(sig = "($self, state, /)")]
    fn setstate(&self, state: &PyInt) -> PyResult<()> {
        let mut bytes = [0u8; 1 + 4 * MAX_PENDING_CHARS + 8];
        if int_to_bytes(state, &mut bytes, ByteOrder::Little, false).is_err() {
            return Err(exc::overflow_error("int too big to convert"));
        }
        let len = bytes[0] as usize;
        if len > 4 * MAX_PENDING_CHARS {
            return Err(exc::unicode_error("pending buffer too large"));
        }
        let (pending, rest) = bytes[1..].split_at(len);
        let pending = rpy_vm::runtime::codecs::decode_bytes(pending, Some("utf-8"), None)?;
        let mut state = State::default();
        state.copy_from_slice(&rest[..8]);
        self.pending.set(Some(pending));
        self.part.state.set(state);
        Ok(())
    }

    #[pymethod]
    fn reset(&self) {
        self.part.reset_encoder();
        self.pending.set(None);
    }

    /// how to treat errors
    #[pygetset]
    fn errors(&self) -> ObjRef {
        self.part.errors()
    }
    #[pygetset(setter)]
    fn set_errors(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.part.set_errors(value)
    }
}

/// A decoder's bytes that are not a whole character yet.
#[derive(Default)]
struct Pending(Cell<([u8; MAX_PENDING_BYTES], usize)>);

impl Pending {
    fn bytes(&self) -> Vec<u8> {
        let (bytes, len) = self.0.get();
        bytes[..len].to_vec()
    }

    fn set(&self, rest: &[u8], codec: Named) -> PyResult<()> {
        let mut bytes = [0; MAX_PENDING_BYTES];
        let Some(room) = bytes.get_mut(..rest.len()) else {
            return Err(exc::unicode_decode_error(codec.name, rest, 0, rest.len(), "pending buffer overflow"));
        };
        room.copy_from_slice(rest);
        self.0.set((bytes, rest.len()));
        Ok(())
    }
}

/// Decodes what was kept back and more. When it fails, the same is still kept back.
fn decode_more(part: &Part, pending: &Pending, more: &[u8], last: bool) -> PyResult<Ref<PyStr>> {
    let mut bytes = pending.bytes();
    bytes.extend_from_slice(more);
    let (text, taken) = part.with(|codec, state, errors| codec.decode(state, &bytes, errors, last))?;
    pending.set(bytes.get(taken..).unwrap_or(&[]), part.codec)?;
    Ok(text)
}

/// A decoder that is given bytes bit by bit.
#[pyclass(name = "MultibyteIncrementalDecoder", module = "_multibytecodec", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyIncrementalDecoder {
    pub ob_base: PyObject,
    #[pytraverse(skip)]
    part: Part,
    #[pytraverse(skip)]
    pending: Pending,
}

#[pymethods]
impl PyIncrementalDecoder {
    /// `__new__` has done it all. Without this, the initializer of a Python class further on would be found.
    #[slot]
    fn tp_init(&self, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<()> {
        Ok(())
    }

    #[pynew(sig = "(errors='strict')")]
    fn py_new(cls: &PyTypeObject, errors: Option<&PyStr>) -> PyResult<ObjRef> {
        let part = Part::new(cls, errors)?;
        let decoder = PyIncrementalDecoder { ob_base: PyObject::placeholder(), part, pending: Pending::default() };
        Ok(new_in(cls, decoder)?.into_obj())
    }

    #[pymethod(sig = "($self, /, input, final=False)")]
    fn decode(&self, input: ArgBytes<'_>, last: Option<bool>) -> PyResult<ObjRef> {
        Ok(decode_more(&self.part, &self.pending, input.as_bytes(), last.unwrap_or(false))?.into_obj())
    }

    #[pymethod]
    fn getstate(&self) -> PyResult<ObjRef> {
        let pending = PyBytes::new(&self.pending.bytes()).into_obj();
        let state = PyInt::from_u64(u64::from_le_bytes(self.part.state.get())).into_obj();
        Ok(PyTuple::from_array([pending, state]).into_obj())
    }

    #[pymethod(sig = "($self, state, /)")]
    fn setstate(&self, state: &PyTuple) -> PyResult<()> {
        let parts = match state.items() {
            &[pending, state] => pending.downcast_ref::<PyBytes>().zip(state.downcast_ref::<PyInt>()),
            _ => None,
        };
        let Some((pending, state)) = parts else {
            return Err(exc::type_error("setstate(): illegal state argument"));
        };
        let mut bytes = State::default();
        if int_to_bytes(state, &mut bytes, ByteOrder::Little, false).is_err() {
            return Err(exc::overflow_error("int too big to convert"));
        }
        let pending = pending.as_bytes();
        if pending.len() > MAX_PENDING_BYTES {
            let reason = "pending buffer too large";
            return Err(exc::unicode_decode_error(self.part.codec.name, pending, 0, pending.len(), reason));
        }
        self.pending.set(pending, self.part.codec)?;
        self.part.state.set(bytes);
        Ok(())
    }

    #[pymethod]
    fn reset(&self) -> PyResult<()> {
        self.part.reset();
        self.pending.set(&[], self.part.codec)
    }

    /// how to treat errors
    #[pygetset]
    fn errors(&self) -> ObjRef {
        self.part.errors()
    }
    #[pygetset(setter)]
    fn set_errors(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.part.set_errors(value)
    }
}

/// A reader of encoded text.
#[pyclass(name = "MultibyteStreamReader", module = "_multibytecodec", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyStreamReader {
    pub ob_base: PyObject,
    #[pymember(readonly, name = "stream", object)]
    stream: OptRef,
    #[pytraverse(skip)]
    part: Part,
    #[pytraverse(skip)]
    pending: Pending,
}

impl PyStreamReader {
    /// Reads by a method of the stream until there is at least one character or no more.
    fn read_by(&self, method: &PyStr, size: Option<&PyObject>) -> PyResult<Ref<PyStr>> {
        let mut size = match size {
            None => -1,
            Some(size) if rpy_vm::is_none(size) => -1,
            Some(size) => match size.downcast_ref::<PyInt>() {
                Some(size) => rpy_vm::protocol::number::as_isize(size.as_object(), None)?,
                None => return Err(exc::type_error("arg 1 must be an integer")),
            },
        };
        let stream = self.stream.get().unwrap_or_else(rpy_vm::none);
        loop {
            let data = if size < 0 {
                call::call_method(&stream, method, &[])?
            } else {
                call::call_method(&stream, method, &[PyInt::from_isize(size).as_object()])?
            };
            let Some(data) = data.downcast_ref::<PyBytes>() else {
                return Err(exc::type_error(format!(
                    "stream function returned a non-bytes object ({})",
                    data.ty().name()
                )));
            };
            let is_end = size < 0 || data.is_empty();
            let text = decode_more(&self.part, &self.pending, data.as_bytes(), is_end)?;
            if is_end || !text.is_empty() {
                return Ok(text);
            }
            // A part of a character: one byte more may complete it.
            size = 1;
        }
    }
}

#[pymethods]
impl PyStreamReader {
    /// `__new__` has done it all. Without this, the initializer of a Python class further on would be found.
    #[slot]
    fn tp_init(&self, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<()> {
        Ok(())
    }

    #[pynew(sig = "(stream, errors='strict')")]
    fn py_new(cls: &PyTypeObject, stream: &PyObject, errors: Option<&PyStr>) -> PyResult<ObjRef> {
        let reader = PyStreamReader {
            ob_base: PyObject::placeholder(),
            stream: OptRef::some(stream.new_ref()),
            part: Part::new(cls, errors)?,
            pending: Pending::default(),
        };
        Ok(new_in(cls, reader)?.into_obj())
    }

    #[pymethod(sig = "($self, sizeobj=None, /)")]
    fn read(&self, size: Option<&PyObject>) -> PyResult<ObjRef> {
        Ok(self.read_by(intern!("read"), size)?.into_obj())
    }

    #[pymethod(sig = "($self, sizeobj=None, /)")]
    fn readline(&self, size: Option<&PyObject>) -> PyResult<ObjRef> {
        Ok(self.read_by(intern!("readline"), size)?.into_obj())
    }

    #[pymethod(sig = "($self, sizehintobj=None, /)")]
    fn readlines(&self, size: Option<&PyObject>) -> PyResult<ObjRef> {
        let text = self.read_by(intern!("read"), size)?;
        call::call_method(text.as_object(), intern!("splitlines"), &[&rpy_vm::py_bool(true)])
    }

    #[pymethod]
    fn reset(&self) -> PyResult<()> {
        self.part.reset();
        self.pending.set(&[], self.part.codec)
    }

    /// how to treat errors
    #[pygetset]
    fn errors(&self) -> ObjRef {
        self.part.errors()
    }
    #[pygetset(setter)]
    fn set_errors(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.part.set_errors(value)
    }
}

/// A writer of encoded text.
#[pyclass(name = "MultibyteStreamWriter", module = "_multibytecodec", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyStreamWriter {
    pub ob_base: PyObject,
    #[pymember(readonly, name = "stream", object)]
    stream: OptRef,
    #[pytraverse(skip)]
    part: Part,
    #[pytraverse(skip)]
    pending: OptRef<PyStr>,
}

impl PyStreamWriter {
    fn write_text(&self, text: &PyObject) -> PyResult<()> {
        let bytes = encode_more(&self.part, &self.pending, &*text_of(text)?, false)?;
        self.write_bytes(&bytes)
    }

    fn write_bytes(&self, bytes: &PyObject) -> PyResult<()> {
        let stream = self.stream.get().unwrap_or_else(rpy_vm::none);
        call::call_method(&stream, intern!("write"), &[bytes])?;
        Ok(())
    }
}

#[pymethods]
impl PyStreamWriter {
    /// `__new__` has done it all. Without this, the initializer of a Python class further on would be found.
    #[slot]
    fn tp_init(&self, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<()> {
        Ok(())
    }

    #[pynew(sig = "(stream, errors='strict')")]
    fn py_new(cls: &PyTypeObject, stream: &PyObject, errors: Option<&PyStr>) -> PyResult<ObjRef> {
        let writer = PyStreamWriter {
            ob_base: PyObject::placeholder(),
            stream: OptRef::some(stream.new_ref()),
            part: Part::new(cls, errors)?,
            pending: OptRef::NULL,
        };
        Ok(new_in(cls, writer)?.into_obj())
    }

    #[pymethod(sig = "($self, strobj, /)")]
    fn write(&self, text: &PyObject) -> PyResult<()> {
        self.write_text(text)
    }

    #[pymethod(sig = "($self, lines, /)")]
    fn writelines(&self, lines: &PyObject) -> PyResult<()> {
        if !rpy_vm::protocol::sequence::check(lines) {
            return Err(exc::type_error("arg must be a sequence object"));
        }
        for line in PyTuple::from_iterable(lines)?.items() {
            self.write_text(line)?;
        }
        Ok(())
    }

    #[pymethod]
    fn reset(&self) -> PyResult<()> {
        let text = self.pending.get().unwrap_or_else(PyStr::empty);
        self.pending.set(None);
        let (bytes, _) = self.part.with(|codec, state, errors| codec.encode(state, &text, errors, true, true))?;
        if bytes.is_empty() { Ok(()) } else { self.write_bytes(PyBytes::try_from_vec(bytes)?.as_object()) }
    }

    /// how to treat errors
    #[pygetset]
    fn errors(&self) -> ObjRef {
        self.part.errors()
    }
    #[pygetset(setter)]
    fn set_errors(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.part.set_errors(value)
    }
}

/// Incremental and stream codecs of several bytes a character.
#[rpy_vm::pymodule(name = "_multibytecodec")]
pub mod multibytecodec {
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::type_::ready::ensure_ready;
    use rpy_vm::{PyClass, PyResult, PyStruct};

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        ensure_ready(super::PyMultibyteCodec::type_object())?;
        for ty in [
            super::PyIncrementalEncoder::type_object(),
            super::PyIncrementalDecoder::type_object(),
            super::PyStreamReader::type_object(),
            super::PyStreamWriter::type_object(),
        ] {
            ensure_ready(ty)?;
            module.add(ty.name(), ty.as_object().new_ref())?;
        }
        Ok(())
    }
}

//! `compressobj()` and the decompressors.

use core::cell::{Cell, RefCell};

use rpy_vm::object::alloc::{new_exact, new_in};
use rpy_vm::protocol::buffer::ArgBytes;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyTypeObject, Ref, exc, pyclass, pymethods};

use super::stream::{
    Stream, Z_BUF_ERROR, Z_FINISH, Z_MEM_ERROR, Z_NEED_DICT, Z_NO_FLUSH, Z_OK, Z_STREAM_END, Z_STREAM_ERROR,
    Z_SYNC_FLUSH, error_text,
};

const STEP: usize = 16 * 1024;

fn copy_error(answer: i32) -> PyErr {
    match answer {
        Z_MEM_ERROR => exc::memory_error(),
        Z_STREAM_ERROR => exc::value_error("Inconsistent stream state"),
        answer => error_text(answer, "while copying compression object", None),
    }
}

fn init_error(answer: i32, what: &str) -> PyErr {
    match answer {
        Z_MEM_ERROR => exc::memory_error_msg(format!("Can't allocate memory for {what} object")),
        Z_STREAM_ERROR => exc::value_error("Invalid initialization option"),
        answer => error_text(answer, &format!("while creating {what} object"), None),
    }
}

/// A compressing stream.
#[pyclass(name = "Compress", module = "zlib", no_new)]
#[repr(C)]
pub struct PyCompress {
    ob_base: PyObject,
    stream: RefCell<Stream>,
}

/// `zlib.compressobj`.
pub fn compressobj(
    level: i32,
    method: i32,
    wbits: i32,
    mem_level: i32,
    strategy: i32,
    zdict: Option<&[u8]>,
) -> PyResult<Ref<PyCompress>> {
    let mut stream =
        Stream::deflate(level, method, wbits, mem_level, strategy).map_err(|e| init_error(e, "compression"))?;
    if let Some(zdict) = zdict {
        if zdict.len() > u32::MAX as usize {
            return Err(exc::overflow_error("zdict length does not fit in an unsigned int"));
        }
        match stream.set_dictionary(zdict) {
            Z_OK => {}
            Z_STREAM_ERROR => return Err(exc::value_error("Invalid dictionary")),
            _ => return Err(exc::value_error("deflateSetDictionary()")),
        }
    }
    Ok(new_exact(PyCompress { ob_base: PyObject::placeholder(), stream: RefCell::new(stream) }))
}

#[pymethods]
impl PyCompress {
    /// Returns a bytes object containing compressed data.
    ///
    ///   data
    ///     Binary data to be compressed.
    ///
    /// After calling this function, some of the input data may still
    /// be stored in internal buffers for later processing.
    /// Call the flush() method to clear these buffers.
    #[pymethod(sig = "($self, data, /)")]
    fn compress(&self, data: ArgBytes<'_>) -> PyResult<Vec<u8>> {
        let mut out = Vec::new();
        let mut stream = self.stream.borrow_mut();
        let (answer, _) = stream.run(&data, Z_NO_FLUSH, None, STEP, &mut out);
        if answer == Z_STREAM_ERROR { Err(stream.error(answer, "while compressing data")) } else { Ok(out) }
    }

    /// Return a bytes object containing any remaining compressed data.
    ///
    ///   mode
    ///     One of the constants Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_FINISH.
    ///     If mode == Z_FINISH, the compressor object can no longer be
    ///     used after calling the flush() method.  Otherwise, more data
    ///     can still be compressed.
    #[pymethod(sig = "($self, mode=zlib.Z_FINISH, /)")]
    fn flush(&self, mode: Option<i32>) -> PyResult<Vec<u8>> {
        let mode = mode.unwrap_or(Z_FINISH);
        let mut out = Vec::new();
        if mode == Z_NO_FLUSH {
            return Ok(out);
        }
        let mut stream = self.stream.borrow_mut();
        let (answer, _) = stream.run(&[], mode, None, STEP, &mut out);
        match answer {
            Z_STREAM_END if mode == Z_FINISH => match stream.end() {
                Z_OK => Ok(out),
                answer => Err(stream.error(answer, "while finishing compression")),
            },
            Z_OK | Z_BUF_ERROR => Ok(out),
            answer => Err(stream.error(answer, "while flushing")),
        }
    }

    /// Return a copy of the compression object.
    #[pymethod]
    fn copy(&self) -> PyResult<ObjRef> {
        let stream = self.stream.borrow().copy().map_err(copy_error)?;
        Ok(new_exact(PyCompress { ob_base: PyObject::placeholder(), stream: RefCell::new(stream) }).into_obj())
    }
    #[pymethod(name = "__copy__")]
    fn copy_(&self) -> PyResult<ObjRef> {
        self.copy()
    }
    #[pymethod(name = "__deepcopy__", sig = "($self, memo, /)")]
    fn deepcopy(&self, _memo: &PyObject) -> PyResult<ObjRef> {
        self.copy()
    }
}

/// A decompressing stream.
#[pyclass(name = "Decompress", module = "zlib", no_new)]
#[repr(C)]
pub struct PyDecompress {
    ob_base: PyObject,
    stream: RefCell<Stream>,
    /// The preset dictionary, for when the stream asks for it.
    zdict: Option<Box<[u8]>>,
    unused: RefCell<Vec<u8>>,
    tail: RefCell<Vec<u8>>,
    eof: Cell<bool>,
}

/// The preset dictionary of a decompressor. A raw stream gets it at once: it will not ask.
fn prepare_dictionary(stream: &mut Stream, wbits: i32, zdict: Option<&[u8]>) -> PyResult<Option<Box<[u8]>>> {
    let Some(zdict) = zdict else { return Ok(None) };
    if zdict.len() > u32::MAX as usize {
        return Err(exc::overflow_error("zdict length does not fit in an unsigned int"));
    }
    if wbits < 0 {
        let answer = stream.set_dictionary(zdict);
        if answer != Z_OK {
            return Err(stream.error(answer, "while setting zdict"));
        }
    }
    Ok(Some(zdict.into()))
}

/// Runs a decompressor, giving it the dictionary when it asks.
fn inflate(
    stream: &mut Stream,
    zdict: Option<&[u8]>,
    data: &[u8],
    flush: i32,
    limit: Option<usize>,
    out: &mut Vec<u8>,
) -> PyResult<(i32, usize)> {
    let mut used = 0;
    loop {
        let rest = limit.map(|limit| limit - out.len());
        let (answer, n) = stream.run(&data[used..], flush, rest, STEP, out);
        used += n;
        match (answer, zdict) {
            (Z_NEED_DICT, Some(zdict)) => {
                let answer = stream.set_dictionary(zdict);
                if answer != Z_OK {
                    return Err(stream.error(answer, "while setting zdict"));
                }
            }
            _ => return Ok((answer, used)),
        }
    }
}

/// `zlib.decompressobj`.
pub fn decompressobj(wbits: i32, zdict: Option<&[u8]>) -> PyResult<Ref<PyDecompress>> {
    let mut stream = Stream::inflate(wbits).map_err(|e| init_error(e, "decompression"))?;
    let zdict = prepare_dictionary(&mut stream, wbits, zdict)?;
    Ok(new_exact(PyDecompress {
        ob_base: PyObject::placeholder(),
        stream: RefCell::new(stream),
        zdict,
        unused: RefCell::default(),
        tail: RefCell::default(),
        eof: Cell::new(false),
    }))
}

impl PyDecompress {
    /// Keeps what was not used: behind the end of the stream, or for the next call.
    fn save_rest(&self, rest: &[u8], answer: i32) {
        if answer == Z_STREAM_END {
            self.unused.borrow_mut().extend_from_slice(rest);
            self.tail.borrow_mut().clear();
        } else {
            *self.tail.borrow_mut() = rest.to_vec();
        }
    }
}

#[pymethods]
impl PyDecompress {
    /// Return a bytes object containing the decompressed version of the data.
    ///
    ///   data
    ///     The binary data to decompress.
    ///   max_length
    ///     The maximum allowable length of the decompressed data.
    ///     Unconsumed input data will be stored in
    ///     the unconsumed_tail attribute.
    ///
    /// After calling this function, some of the input data may still be stored in
    /// internal buffers for later processing.
    /// Call the flush() method to clear these buffers.
    #[pymethod(sig = "($self, data, /, max_length=0)")]
    fn decompress(&self, data: ArgBytes<'_>, max_length: isize) -> PyResult<Vec<u8>> {
        if max_length < 0 {
            return Err(exc::value_error("max_length must be non-negative"));
        }
        let limit = (max_length > 0).then_some(max_length as usize);
        let mut out = Vec::new();
        let mut stream = self.stream.borrow_mut();
        if self.eof.get() {
            self.save_rest(&data, Z_STREAM_END);
            return Ok(out);
        }
        let (answer, used) = inflate(&mut stream, self.zdict.as_deref(), &data, Z_SYNC_FLUSH, limit, &mut out)?;
        self.save_rest(&data[used..], answer);
        match answer {
            Z_STREAM_END => self.eof.set(true),
            Z_OK | Z_BUF_ERROR => {}
            answer => return Err(stream.error(answer, "while decompressing data")),
        }
        Ok(out)
    }

    /// Return a bytes object containing any remaining decompressed data.
    ///
    ///   length
    ///     the initial size of the output buffer.
    #[pymethod(sig = "($self, length=zlib.DEF_BUF_SIZE, /)")]
    fn flush(&self, length: Option<isize>) -> PyResult<Vec<u8>> {
        if length.unwrap_or(STEP as isize) <= 0 {
            return Err(exc::value_error("length must be greater than zero"));
        }
        let mut out = Vec::new();
        if self.eof.get() {
            self.stream.borrow_mut().end();
            return Ok(out);
        }
        let data = self.tail.take();
        let mut stream = self.stream.borrow_mut();
        let (answer, used) = inflate(&mut stream, self.zdict.as_deref(), &data, Z_FINISH, None, &mut out)?;
        self.save_rest(&data[used..], answer);
        if answer == Z_STREAM_END {
            self.eof.set(true);
            stream.end();
        }
        Ok(out)
    }

    /// Return a copy of the decompression object.
    #[pymethod]
    fn copy(&self) -> PyResult<ObjRef> {
        let stream = self.stream.borrow().copy().map_err(copy_error)?;
        Ok(new_exact(PyDecompress {
            ob_base: PyObject::placeholder(),
            stream: RefCell::new(stream),
            zdict: self.zdict.clone(),
            unused: RefCell::new(self.unused.borrow().clone()),
            tail: RefCell::new(self.tail.borrow().clone()),
            eof: Cell::new(self.eof.get()),
        })
        .into_obj())
    }
    #[pymethod(name = "__copy__")]
    fn copy_(&self) -> PyResult<ObjRef> {
        self.copy()
    }
    #[pymethod(name = "__deepcopy__", sig = "($self, memo, /)")]
    fn deepcopy(&self, _memo: &PyObject) -> PyResult<ObjRef> {
        self.copy()
    }

    #[pygetset]
    fn unused_data(&self) -> ObjRef {
        PyBytes::new(&self.unused.borrow()).into_obj()
    }
    #[pygetset]
    fn unconsumed_tail(&self) -> ObjRef {
        PyBytes::new(&self.tail.borrow()).into_obj()
    }
    #[pygetset]
    fn eof(&self) -> bool {
        self.eof.get()
    }
}

/// Create a decompressor object for decompressing data incrementally.
#[pyclass(name = "_ZlibDecompressor", module = "zlib")]
#[repr(C)]
pub struct PyZlibDecompressor {
    ob_base: PyObject,
    stream: RefCell<Stream>,
    zdict: Option<Box<[u8]>>,
    /// Input given but not used yet.
    pending: RefCell<Vec<u8>>,
    unused: RefCell<Vec<u8>>,
    eof: Cell<bool>,
    needs_input: Cell<bool>,
}

#[pymethods]
impl PyZlibDecompressor {
    #[pynew(sig = "(wbits=15, zdict=b'')")]
    fn py_new(cls: &PyTypeObject, wbits: i32, zdict: Option<ArgBytes<'_>>) -> PyResult<ObjRef> {
        let mut stream = Stream::inflate(wbits).map_err(|e| init_error(e, "decompression"))?;
        let zdict = prepare_dictionary(&mut stream, wbits, zdict.as_deref())?;
        let this = PyZlibDecompressor {
            ob_base: PyObject::placeholder(),
            stream: RefCell::new(stream),
            zdict,
            pending: RefCell::default(),
            unused: RefCell::default(),
            eof: Cell::new(false),
            needs_input: Cell::new(true),
        };
        Ok(new_in(cls, this)?.into_obj())
    }

    /// Decompress *data*, returning uncompressed data as bytes.
    ///
    /// If *max_length* is nonnegative, returns at most *max_length* bytes of
    /// decompressed data. If this limit is reached and further output can be
    /// produced, *self.needs_input* will be set to ``False``. In this case, the next
    /// call to *decompress()* may provide *data* as b'' to obtain more of the output.
    ///
    /// If all of the input data was decompressed and returned (either because this
    /// was less than *max_length* bytes, or because *max_length* was negative),
    /// *self.needs_input* will be set to True.
    ///
    /// Attempting to decompress data after the end of stream is reached raises an
    /// EOFError.  Any data found after the end of the stream is ignored and saved in
    /// the unused_data attribute.
    #[pymethod(sig = "($self, /, data, max_length=-1)")]
    fn decompress(&self, data: ArgBytes<'_>, max_length: isize) -> PyResult<Vec<u8>> {
        if self.eof.get() {
            return Err(exc::eof_error("End of stream already reached"));
        }
        let limit = usize::try_from(max_length).ok();
        let pending = self.pending.take();
        let joined;
        let data: &[u8] = if pending.is_empty() {
            &data
        } else {
            joined = [&pending[..], &data].concat();
            &joined
        };
        let mut out = Vec::new();
        let mut stream = self.stream.borrow_mut();
        let (answer, used) = inflate(&mut stream, self.zdict.as_deref(), data, Z_SYNC_FLUSH, limit, &mut out)?;
        let rest = &data[used..];
        match answer {
            Z_STREAM_END => {
                self.eof.set(true);
                self.needs_input.set(false);
                *self.unused.borrow_mut() = rest.to_vec();
            }
            Z_OK | Z_BUF_ERROR => {
                let full = limit.is_some_and(|limit| out.len() >= limit);
                self.needs_input.set(rest.is_empty() && !full);
                *self.pending.borrow_mut() = rest.to_vec();
            }
            answer => return Err(stream.error(answer, "while decompressing data")),
        }
        Ok(out)
    }

    /// True if the end-of-stream marker has been reached.
    #[pygetset]
    fn eof(&self) -> bool {
        self.eof.get()
    }
    /// Data found after the end of the compressed stream.
    #[pygetset]
    fn unused_data(&self) -> ObjRef {
        PyBytes::new(&self.unused.borrow()).into_obj()
    }
    /// True if more input is needed before more decompressed data can be produced.
    #[pygetset]
    fn needs_input(&self) -> bool {
        self.needs_input.get()
    }
}

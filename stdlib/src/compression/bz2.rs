//! `_bz2`: bzip2.

use core::cell::RefCell;
use core::mem::MaybeUninit;

use libbz2_rs_sys as bz;
use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::buffer::ArgBytes;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyTypeObject, exc, pyclass, pymethods};

use super::{Coder, Decoder, Step, compress};

/// Which direction a stream works in.
enum Kind {
    Compress,
    Decompress,
}

/// What a compressor does with its input.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Run,
    Finish,
}

/// A bzip2 stream. Boxed, because the state knows its address.
struct Stream {
    raw: Box<bz::bz_stream>,
    kind: Kind,
}

impl Stream {
    fn compressor(level: i32) -> PyResult<Stream> {
        let mut raw = Box::new(bz::bz_stream::zeroed());
        // SAFETY: a fresh stream.
        match unsafe { bz::BZ2_bzCompressInit(&mut *raw, level, 0, 0) } {
            bz::BZ_OK => Ok(Stream { raw, kind: Kind::Compress }),
            code => Err(error(code)),
        }
    }

    fn decompressor() -> PyResult<Stream> {
        let mut raw = Box::new(bz::bz_stream::zeroed());
        // SAFETY: a fresh stream.
        match unsafe { bz::BZ2_bzDecompressInit(&mut *raw, 0, 0) } {
            bz::BZ_OK => Ok(Stream { raw, kind: Kind::Decompress }),
            code => Err(error(code)),
        }
    }
}

impl Coder for Stream {
    type Error = i32;
    type Action = Action;

    fn step(&mut self, input: &[u8], output: &mut [MaybeUninit<u8>], action: Action) -> Result<Step, i32> {
        let given = input.len().min(u32::MAX as usize) as u32;
        let space = output.len().min(u32::MAX as usize) as u32;
        let raw = &mut *self.raw;
        raw.next_in = input.as_ptr().cast();
        raw.avail_in = given;
        raw.next_out = output.as_mut_ptr().cast();
        raw.avail_out = space;
        // SAFETY: a live stream of its kind, with pointers to as many bytes as it says.
        let code = unsafe {
            match self.kind {
                Kind::Compress if action == Action::Run => bz::BZ2_bzCompress(raw, bz::BZ_RUN),
                Kind::Compress => bz::BZ2_bzCompress(raw, bz::BZ_FINISH),
                Kind::Decompress => bz::BZ2_bzDecompress(raw),
            }
        };
        let step = Step {
            read: (given - raw.avail_in) as usize,
            written: (space - raw.avail_out) as usize,
            done: code == bz::BZ_STREAM_END,
        };
        raw.next_in = core::ptr::null();
        raw.next_out = core::ptr::null_mut();
        if code < 0 { Err(code) } else { Ok(step) }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: a live stream of its kind, ended once.
        unsafe {
            match self.kind {
                Kind::Compress => bz::BZ2_bzCompressEnd(&mut *self.raw),
                Kind::Decompress => bz::BZ2_bzDecompressEnd(&mut *self.raw),
            };
        }
    }
}

fn error(code: i32) -> PyErr {
    match code {
        bz::BZ_CONFIG_ERROR => exc::system_error("libbzip2 was not compiled correctly"),
        bz::BZ_PARAM_ERROR => exc::value_error("Internal error - invalid parameters passed to libbzip2"),
        bz::BZ_MEM_ERROR => exc::memory_error(),
        bz::BZ_DATA_ERROR | bz::BZ_DATA_ERROR_MAGIC => exc::os_error("Invalid data stream"),
        bz::BZ_IO_ERROR => exc::os_error("Unknown I/O error"),
        bz::BZ_UNEXPECTED_EOF => exc::eof_error("Compressed file ended before the logical end-of-stream was detected"),
        bz::BZ_SEQUENCE_ERROR => exc::runtime_error("Internal error - Invalid sequence of commands sent to libbzip2"),
        code => exc::os_error(format!("Unrecognized error from libbzip2: {code}")),
    }
}

fn cannot_pickle(object: &PyObject) -> PyErr {
    exc::type_error(format!("cannot pickle '{}' object", object.ty().full_name()))
}

/// Create a compressor object for compressing data incrementally.
///
///   compresslevel
///     Compression level, as a number between 1 and 9.
///
/// For one-shot compression, use the compress() function instead.
#[pyclass(name = "BZ2Compressor", module = "_bz2")]
#[repr(C)]
pub struct PyBz2Compressor {
    ob_base: PyObject,
    /// `None` after `flush`.
    stream: RefCell<Option<Stream>>,
}

#[pymethods]
impl PyBz2Compressor {
    #[pynew(sig = "(compresslevel=9, /)")]
    fn py_new(cls: &PyTypeObject, compresslevel: i32) -> PyResult<ObjRef> {
        if !(1..=9).contains(&compresslevel) {
            return Err(exc::value_error("compresslevel must be between 1 and 9"));
        }
        let stream = RefCell::new(Some(Stream::compressor(compresslevel)?));
        Ok(new_in(cls, PyBz2Compressor { ob_base: PyObject::placeholder(), stream })?.into_obj())
    }

    /// Provide data to the compressor object.
    ///
    /// Returns a chunk of compressed data if possible, or b'' otherwise.
    ///
    /// When you have finished providing data to the compressor, call the
    /// flush() method to finish the compression process.
    #[pymethod(sig = "($self, data, /)")]
    fn compress(&self, data: ArgBytes<'_>) -> PyResult<Vec<u8>> {
        match &mut *self.stream.borrow_mut() {
            // The library takes nothing for a mistake.
            Some(_) if data.is_empty() => Ok(Vec::new()),
            Some(stream) => compress(stream, &data, Action::Run, false).map_err(error),
            None => Err(exc::value_error("Compressor has been flushed")),
        }
    }

    /// Finish the compression process.
    ///
    /// Returns the compressed data left in internal buffers.
    ///
    /// The compressor object may not be used after this method is called.
    #[pymethod]
    fn flush(&self) -> PyResult<Vec<u8>> {
        match self.stream.take() {
            Some(mut stream) => compress(&mut stream, &[], Action::Finish, true).map_err(error),
            None => Err(exc::value_error("Repeated call to flush()")),
        }
    }

    #[pymethod(name = "__reduce__")]
    fn reduce(zelf: &PyObject) -> PyResult<ObjRef> {
        Err(cannot_pickle(zelf))
    }
}

/// Create a decompressor object for decompressing data incrementally.
///
/// For one-shot decompression, use the decompress() function instead.
#[pyclass(name = "BZ2Decompressor", module = "_bz2")]
#[repr(C)]
pub struct PyBz2Decompressor {
    ob_base: PyObject,
    decoder: RefCell<Decoder<Stream>>,
}

#[pymethods]
impl PyBz2Decompressor {
    #[pynew(sig = "()")]
    fn py_new(cls: &PyTypeObject) -> PyResult<ObjRef> {
        let decoder = RefCell::new(Decoder::new(Stream::decompressor()?));
        Ok(new_in(cls, PyBz2Decompressor { ob_base: PyObject::placeholder(), decoder })?.into_obj())
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
        let mut decoder = self.decoder.borrow_mut();
        if decoder.eof {
            return Err(exc::eof_error("End of stream already reached"));
        }
        if decoder.failed {
            return Err(exc::value_error("Decompressor is unusable after a previous error"));
        }
        decoder.decompress(&data, Action::Run, usize::try_from(max_length).ok()).map_err(error)
    }

    #[pymethod(name = "__reduce__")]
    fn reduce(zelf: &PyObject) -> PyResult<ObjRef> {
        Err(cannot_pickle(zelf))
    }

    /// True if the end-of-stream marker has been reached.
    #[pygetset]
    fn eof(&self) -> bool {
        self.decoder.borrow().eof
    }

    /// Data found after the end of the compressed stream.
    #[pygetset]
    fn unused_data(&self) -> ObjRef {
        PyBytes::new(&self.decoder.borrow().unused).into_obj()
    }

    /// True if more input is needed before more decompressed data can be produced.
    #[pygetset]
    fn needs_input(&self) -> bool {
        self.decoder.borrow().needs_input
    }
}

#[rpy_derive::pymodule(name = "_bz2")]
pub mod bz2_ {
    use rpy_vm::PyResult;
    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::types::module::PyModule;

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        add_class::<super::PyBz2Compressor>(module)?;
        add_class::<super::PyBz2Decompressor>(module)
    }
}

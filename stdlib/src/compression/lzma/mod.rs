//! `_lzma`: the formats of xz.

mod filters;
mod stream;

use core::cell::RefCell;

use liblzma_sys as lz;
use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::buffer::ArgBytes;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::{ObjRef, PyObject, PyResult, PyTypeObject, exc, pyclass, pymethods};

use super::{Decoder, compress};
use filters::{FilterChain, unsigned, unsigned_long_long};
use stream::{Stream, error};

/// Numbers of the container formats.
const FORMAT_AUTO: i32 = 0;
const FORMAT_XZ: i32 = 1;
const FORMAT_ALONE: i32 = 2;
const FORMAT_RAW: i32 = 3;

/// The greatest number that an integrity check may have.
const CHECK_ID_MAX: u32 = 15;
/// What a decompressor says before it has seen the stream's header.
const CHECK_UNKNOWN: u32 = CHECK_ID_MAX + 1;

fn invalid_format(format: i32) -> rpy_vm::PyErr {
    exc::value_error(format!("Invalid container format: {format}"))
}

/// LZMACompressor(format=FORMAT_XZ, check=-1, preset=None, filters=None)
///
/// Create a compressor object for compressing data incrementally.
///
/// format specifies the container format to use for the output. This can
/// be FORMAT_XZ (default), FORMAT_ALONE, or FORMAT_RAW.
///
/// check specifies the integrity check to use. For FORMAT_XZ, the default
/// is CHECK_CRC64. FORMAT_ALONE and FORMAT_RAW do not support integrity
/// checks; for these formats, check must be omitted, or be CHECK_NONE.
///
/// The settings used by the compressor can be specified either as a
/// preset compression level (with the 'preset' argument), or in detail
/// as a custom filter chain (with the 'filters' argument). For FORMAT_XZ
/// and FORMAT_ALONE, the default is to use the PRESET_DEFAULT preset
/// level. For FORMAT_RAW, the caller must always specify a filter chain;
/// the raw compressor does not support preset compression levels.
///
/// preset (if provided) should be an integer in the range 0-9, optionally
/// OR-ed with the constant PRESET_EXTREME.
///
/// filters (if provided) should be a sequence of dicts. Each dict should
/// have an entry for "id" indicating the ID of the filter, plus
/// additional entries for options to the filter.
///
/// For one-shot compression, use the compress() function instead.
#[pyclass(name = "LZMACompressor", module = "_lzma")]
#[repr(C)]
pub struct PyLzmaCompressor {
    ob_base: PyObject,
    /// `None` after `flush`.
    stream: RefCell<Option<Stream>>,
}

#[pymethods]
impl PyLzmaCompressor {
    #[pynew(sig = "(format=1, check=-1, preset=None, filters=None)")]
    fn py_new(
        cls: &PyTypeObject,
        format: i32,
        check: i32,
        preset: Option<&PyObject>,
        filters: Option<&PyObject>,
    ) -> PyResult<ObjRef> {
        if format != FORMAT_XZ && check != -1 && check != lz::LZMA_CHECK_NONE as i32 {
            return Err(exc::value_error("Integrity checks are only supported by FORMAT_XZ"));
        }
        if preset.is_some() && filters.is_some() {
            return Err(exc::value_error("Cannot specify both preset and filter chain"));
        }
        let preset = preset.map_or(Ok(lz::LZMA_PRESET_DEFAULT), |preset| unsigned::<u32>(preset, "uint32_t"))?;
        let stream = match format {
            FORMAT_XZ => {
                let check = if check == -1 { lz::LZMA_CHECK_CRC64 } else { check as u32 };
                let filters = filters.map(FilterChain::parse).transpose()?;
                Stream::xz_encoder(check, preset, filters.as_ref())?
            }
            FORMAT_ALONE => {
                let filters = filters.map(FilterChain::parse).transpose()?;
                Stream::alone_encoder(preset, filters.as_ref())?
            }
            FORMAT_RAW => match filters {
                Some(filters) => Stream::raw_encoder(&FilterChain::parse(filters)?)?,
                None => return Err(exc::value_error("Must specify filters for FORMAT_RAW")),
            },
            format => return Err(invalid_format(format)),
        };
        let stream = RefCell::new(Some(stream));
        Ok(new_in(cls, PyLzmaCompressor { ob_base: PyObject::placeholder(), stream })?.into_obj())
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
            Some(stream) => compress(stream, &data, lz::LZMA_RUN, false).map_err(error),
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
            Some(mut stream) => compress(&mut stream, &[], lz::LZMA_FINISH, true).map_err(error),
            None => Err(exc::value_error("Repeated call to flush()")),
        }
    }
}

/// Create a decompressor object for decompressing data incrementally.
///
///   format
///     Specifies the container format of the input stream.  If this is
///     FORMAT_AUTO (the default), the decompressor will automatically detect
///     whether the input is FORMAT_XZ or FORMAT_ALONE.  Streams created with
///     FORMAT_RAW cannot be autodetected.
///   memlimit
///     Limit the amount of memory used by the decompressor.  This will cause
///     decompression to fail if the input cannot be decompressed within the
///     given limit.
///   filters
///     A custom filter chain.  This argument is required for FORMAT_RAW, and
///     not accepted with any other format.  When provided, this should be a
///     sequence of dicts, each indicating the ID and options for a single
///     filter.
///
/// For one-shot decompression, use the decompress() function instead.
#[pyclass(name = "LZMADecompressor", module = "_lzma")]
#[repr(C)]
pub struct PyLzmaDecompressor {
    ob_base: PyObject,
    decoder: RefCell<Decoder<Stream>>,
}

#[pymethods]
impl PyLzmaDecompressor {
    #[pynew(sig = "(format=0, memlimit=None, filters=None)")]
    fn py_new(
        cls: &PyTypeObject,
        format: i32,
        memlimit: Option<&PyObject>,
        filters: Option<&PyObject>,
    ) -> PyResult<ObjRef> {
        if memlimit.is_some() && format == FORMAT_RAW {
            return Err(exc::value_error("Cannot specify memory limit with FORMAT_RAW"));
        }
        let memory = memlimit.map_or(Ok(u64::MAX), unsigned_long_long)?;
        if format != FORMAT_RAW && filters.is_some() {
            return Err(exc::value_error("Cannot specify filters except with FORMAT_RAW"));
        }
        let stream = match format {
            FORMAT_AUTO => Stream::auto_decoder(memory)?,
            FORMAT_XZ => Stream::xz_decoder(memory)?,
            FORMAT_ALONE => Stream::alone_decoder(memory)?,
            FORMAT_RAW => match filters {
                Some(filters) => Stream::raw_decoder(&FilterChain::parse(filters)?)?,
                None => return Err(exc::value_error("Must specify filters for FORMAT_RAW")),
            },
            format => return Err(invalid_format(format)),
        };
        let decoder = RefCell::new(Decoder::new(stream));
        Ok(new_in(cls, PyLzmaDecompressor { ob_base: PyObject::placeholder(), decoder })?.into_obj())
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
            return Err(exc::eof_error("Already at end of stream"));
        }
        decoder.decompress(&data, lz::LZMA_RUN, usize::try_from(max_length).ok()).map_err(error)
    }

    #[pymethod(name = "__reduce__")]
    fn reduce(zelf: &PyObject) -> PyResult<ObjRef> {
        Err(exc::type_error(format!("cannot pickle '{}' object", zelf.ty().full_name())))
    }

    /// ID of the integrity check used by the input stream.
    #[pygetset]
    fn check(&self) -> u32 {
        self.decoder.borrow().coder.check.unwrap_or(CHECK_UNKNOWN)
    }

    /// True if the end-of-stream marker has been reached.
    #[pygetset]
    fn eof(&self) -> bool {
        self.decoder.borrow().eof
    }

    /// True if more input is needed before more decompressed data can be produced.
    #[pygetset]
    fn needs_input(&self) -> bool {
        self.decoder.borrow().needs_input
    }

    /// Data found after the end of the compressed stream.
    #[pygetset]
    fn unused_data(&self) -> ObjRef {
        PyBytes::new(&self.decoder.borrow().unused).into_obj()
    }
}

#[rpy_derive::pymodule(name = "_lzma")]
pub mod lzma_ {
    use super::{FORMAT_ALONE, FORMAT_AUTO, FORMAT_RAW, FORMAT_XZ, filters, lz, stream};
    use crate::support::{add_numbers, exception_class};
    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::protocol::buffer::ArgBytes;
    use rpy_vm::types::dict::PyDict;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::{PyObject, PyResult, Ref, exc};

    /// Test whether the given integrity check is supported.
    ///
    /// Always returns True for CHECK_NONE and CHECK_CRC32.
    #[pyfunction]
    fn is_check_supported(check_id: &PyObject) -> PyResult<bool> {
        let check = filters::check_id(check_id)?;
        // SAFETY: a pure function of any number.
        Ok(unsafe { lz::lzma_check_is_supported(check) } != 0)
    }

    /// Return a bytes object encoding the options (properties) of the filter specified by *filter* (a dict).
    ///
    /// The result does not include the filter ID itself, only the options.
    #[pyfunction(name = "_encode_filter_properties")]
    fn encode_filter_properties(filter: &PyObject) -> PyResult<Vec<u8>> {
        filters::encode_properties(filter)
    }

    /// Return a bytes object encoding the options (properties) of the filter specified by *filter* (a dict).
    ///
    /// The result does not include the filter ID itself, only the options.
    #[pyfunction(name = "_decode_filter_properties")]
    fn decode_filter_properties(filter_id: &PyObject, encoded_props: ArgBytes<'_>) -> PyResult<Ref<PyDict>> {
        filters::decode_properties(filters::unsigned_long_long(filter_id)?, &encoded_props)
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        add_numbers(
            module,
            &[
                ("FORMAT_AUTO", FORMAT_AUTO.into()),
                ("FORMAT_XZ", FORMAT_XZ.into()),
                ("FORMAT_ALONE", FORMAT_ALONE.into()),
                ("FORMAT_RAW", FORMAT_RAW.into()),
                ("CHECK_NONE", lz::LZMA_CHECK_NONE.into()),
                ("CHECK_CRC32", lz::LZMA_CHECK_CRC32.into()),
                ("CHECK_CRC64", lz::LZMA_CHECK_CRC64.into()),
                ("CHECK_SHA256", lz::LZMA_CHECK_SHA256.into()),
                ("CHECK_ID_MAX", super::CHECK_ID_MAX.into()),
                ("CHECK_UNKNOWN", super::CHECK_UNKNOWN.into()),
                ("FILTER_LZMA1", lz::LZMA_FILTER_LZMA1 as i64),
                ("FILTER_LZMA2", lz::LZMA_FILTER_LZMA2 as i64),
                ("FILTER_DELTA", lz::LZMA_FILTER_DELTA as i64),
                ("FILTER_X86", lz::LZMA_FILTER_X86 as i64),
                ("FILTER_IA64", lz::LZMA_FILTER_IA64 as i64),
                ("FILTER_ARM", lz::LZMA_FILTER_ARM as i64),
                ("FILTER_ARMTHUMB", lz::LZMA_FILTER_ARMTHUMB as i64),
                ("FILTER_SPARC", lz::LZMA_FILTER_SPARC as i64),
                ("FILTER_POWERPC", lz::LZMA_FILTER_POWERPC as i64),
                ("MF_HC3", lz::LZMA_MF_HC3.into()),
                ("MF_HC4", lz::LZMA_MF_HC4.into()),
                ("MF_BT2", lz::LZMA_MF_BT2.into()),
                ("MF_BT3", lz::LZMA_MF_BT3.into()),
                ("MF_BT4", lz::LZMA_MF_BT4.into()),
                ("MODE_FAST", lz::LZMA_MODE_FAST.into()),
                ("MODE_NORMAL", lz::LZMA_MODE_NORMAL.into()),
                ("PRESET_DEFAULT", lz::LZMA_PRESET_DEFAULT.into()),
                ("PRESET_EXTREME", lz::LZMA_PRESET_EXTREME.into()),
            ],
        )?;
        let error = exception_class("_lzma", "LZMAError", exc::Exception())?;
        stream::ERROR.set(Some(error.clone()));
        module.add("LZMAError", error)?;
        add_class::<super::PyLzmaCompressor>(module)?;
        add_class::<super::PyLzmaDecompressor>(module)
    }
}

//! `compression.zstd.ZstdCompressor`.

use core::cell::{Cell, RefCell};

use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::buffer::ArgBytes;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::{PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, pyclass, pymethods};
use zstd_sys as z;

use super::dict::{self, PyZstdDict};
use super::library::{CompressContext, DictUse, Mode, check, levels};
use super::{DECOMPRESSION_PARAMETER, c_int, c_int_of, is_instance_of};
use crate::compression::compress;

/// Create a compressor object for compressing data incrementally.
///
///   level
///     The compression level to use. Defaults to COMPRESSION_LEVEL_DEFAULT.
///   options
///     A dict object that contains advanced compression parameters.
///   zstd_dict
///     A ZstdDict object, a pre-trained Zstandard dictionary.
///
/// Thread-safe at method level. For one-shot compression, use the compress()
/// function instead.
#[pyclass(name = "ZstdCompressor", module = "compression.zstd")]
#[repr(C)]
pub struct PyZstdCompressor {
    ob_base: PyObject,
    /// The last mode used to this compressor object, its value can be .CONTINUE,
    /// .FLUSH_BLOCK, .FLUSH_FRAME. Initialized to .FLUSH_FRAME.
    ///
    /// It can be used to get the current state of a compressor, such as, data
    /// flushed, or a frame ended.
    #[pymember(int, readonly)]
    last_mode: Cell<i32>,
    /// Compresses in threads of the library, which may keep output back.
    multithreaded: bool,
    context: RefCell<CompressContext>,
    /// Kept alive for the context, which points into it. Dropped after it.
    _dict: Option<Ref<PyZstdDict>>,
}

/// What is set while a compressor is being made.
struct Settings {
    context: CompressContext,
    level: i32,
    multithreaded: bool,
}

impl Settings {
    fn set_level(&mut self, level: i32) -> PyResult<()> {
        let (low, high) = levels();
        if !(low..=high).contains(&level) {
            return Err(exc::value_error(format!(
                "illegal compression level {level}; the valid range is [{low}, {high}]"
            )));
        }
        self.level = level;
        self.context.set_parameter(z::ZSTD_cParameter::ZSTD_c_compressionLevel as i32, level)
    }

    fn set_level_object(&mut self, level: &PyObject) -> PyResult<()> {
        let Some(level) = level.downcast_ref::<PyInt>() else {
            return Err(exc::type_error("invalid type for level, expected int"));
        };
        let level = c_int(level).map_err(|_| {
            let (low, high) = levels();
            exc::value_error(format!("illegal compression level; the valid range is [{low}, {high}]"))
        })?;
        self.set_level(level)
    }

    fn set_options(&mut self, options: &PyObject) -> PyResult<()> {
        let Some(options) = options.downcast_ref::<PyDict>() else {
            return Err(exc::type_error(format!(
                "ZstdCompressor() argument 'options' must be dict, not {}",
                options.ty().name()
            )));
        };
        for (key, value) in options.items_vec() {
            if is_instance_of(&key, &DECOMPRESSION_PARAMETER) {
                return Err(exc::type_error(
                    "compression options dictionary key must not be a DecompressionParameter attribute",
                ));
            }
            let (key, value) = (c_int_of(&key)?, c_int_of(&value)?);
            if key == z::ZSTD_cParameter::ZSTD_c_compressionLevel as i32 {
                self.set_level(value)?;
                continue;
            }
            if key == z::ZSTD_cParameter::ZSTD_c_nbWorkers as i32 && value != 0 {
                self.multithreaded = true;
            }
            self.context.set_parameter(key, value)?;
        }
        Ok(())
    }
}

impl PyZstdCompressor {
    fn run(&self, data: &[u8], mode: Mode) -> PyResult<Vec<u8>> {
        let mut context = self.context.borrow_mut();
        let until_done = !(self.multithreaded && mode == Mode::Continue);
        match compress(&mut *context, data, mode, until_done) {
            Ok(out) => {
                self.last_mode.set(mode as i32);
                Ok(out)
            }
            Err(code) => {
                self.last_mode.set(Mode::FlushFrame as i32);
                context.reset();
                Err(match check(code, "Unable to compress Zstandard data") {
                    Err(error) => error,
                    Ok(_) => exc::system_error("the zstd library reported an error that is none"),
                })
            }
        }
    }
}

#[pymethods]
impl PyZstdCompressor {
    #[pynew(sig = "(level=None, options=None, zstd_dict=None)")]
    fn py_new(
        cls: &PyTypeObject,
        level: Option<&PyObject>,
        options: Option<&PyObject>,
        zstd_dict: Option<&PyObject>,
    ) -> PyResult<Ref<PyZstdCompressor>> {
        // SAFETY: a constant of the library.
        let default_level = unsafe { z::ZSTD_defaultCLevel() };
        let mut settings = Settings { context: CompressContext::new()?, level: default_level, multithreaded: false };
        if level.is_some() && options.is_some() {
            return Err(exc::type_error("Only one of level or options should be used."));
        }
        if let Some(level) = level {
            settings.set_level_object(level)?;
        }
        if let Some(options) = options {
            settings.set_options(options)?;
        }
        let mut kept = None;
        if let Some(zstd_dict) = zstd_dict {
            let (dict, how) = dict::parse(zstd_dict, DictUse::Undigested)?;
            dict.load_for_compression(&settings.context, how, settings.level)?;
            kept = Some(dict.to_ref());
        }
        let value = PyZstdCompressor {
            ob_base: PyObject::placeholder(),
            last_mode: Cell::new(Mode::FlushFrame as i32),
            multithreaded: settings.multithreaded,
            context: RefCell::new(settings.context),
            _dict: kept,
        };
        new_in(cls, value)
    }

    /// Provide data to the compressor object.
    ///
    ///   mode
    ///     Can be these 3 values ZstdCompressor.CONTINUE,
    ///     ZstdCompressor.FLUSH_BLOCK, ZstdCompressor.FLUSH_FRAME
    ///
    /// Return a chunk of compressed data if possible, or b'' otherwise. When you have
    /// finished providing data to the compressor, call the flush() method to finish
    /// the compression process.
    #[pymethod(sig = "($self, /, data, mode=ZstdCompressor.CONTINUE)")]
    fn compress(&self, data: ArgBytes<'_>, mode: Option<i32>) -> PyResult<Vec<u8>> {
        let mode = match mode {
            None | Some(0) => Mode::Continue,
            Some(1) => Mode::FlushBlock,
            Some(2) => Mode::FlushFrame,
            Some(_) => {
                return Err(exc::value_error(
                    "mode argument wrong value, it should be one of ZstdCompressor.CONTINUE, \
                     ZstdCompressor.FLUSH_BLOCK, ZstdCompressor.FLUSH_FRAME.",
                ));
            }
        };
        self.run(&data, mode)
    }

    /// Finish the compression process.
    ///
    ///   mode
    ///     Can be these 2 values ZstdCompressor.FLUSH_FRAME,
    ///     ZstdCompressor.FLUSH_BLOCK
    ///
    /// Flush any remaining data left in internal buffers. Since Zstandard data
    /// consists of one or more independent frames, the compressor object can still
    /// be used after this method is called.
    #[pymethod(sig = "($self, /, mode=ZstdCompressor.FLUSH_FRAME)")]
    fn flush(&self, mode: Option<i32>) -> PyResult<Vec<u8>> {
        let mode = match mode {
            None | Some(2) => Mode::FlushFrame,
            Some(1) => Mode::FlushBlock,
            Some(_) => {
                return Err(exc::value_error(
                    "mode argument wrong value, it should be ZstdCompressor.FLUSH_FRAME or \
                     ZstdCompressor.FLUSH_BLOCK.",
                ));
            }
        };
        self.run(&[], mode)
    }

    /// Set the uncompressed content size to be written into the frame header.
    ///
    ///   size
    ///     The size of the uncompressed data to be provided to the compressor.
    ///
    /// This method can be used to ensure the header of the frame about to be written
    /// includes the size of the data, unless the CompressionParameter.content_size_flag
    /// is set to False. If last_mode != FLUSH_FRAME, then a RuntimeError is raised.
    ///
    /// It is important to ensure that the pledged data size matches the actual data
    /// size. If they do not match the compressed output data may be corrupted and the
    /// final chunk written may be lost.
    #[pymethod(sig = "($self, size, /)")]
    fn set_pledged_input_size(&self, size: Option<&PyObject>) -> PyResult<()> {
        // The two greatest numbers mean "unknown" and "error".
        const ERROR: u64 = u64::MAX - 1;
        let size = match size {
            None => u64::MAX,
            Some(size) => {
                let Some(size) = size.downcast_ref::<PyInt>() else {
                    return Err(exc::type_error("an integer is required"));
                };
                size.as_u64().filter(|size| *size < ERROR).ok_or_else(|| {
                    exc::value_error(format!("size argument should be a positive int less than {ERROR}"))
                })?
            }
        };
        if self.last_mode.get() != Mode::FlushFrame as i32 {
            return Err(exc::value_error(
                "set_pledged_input_size() method must be called when last_mode == FLUSH_FRAME",
            ));
        }
        self.context.borrow().set_pledged_size(size)
    }
}

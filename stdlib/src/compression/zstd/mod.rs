//! `_zstd`: Zstandard.

mod compressor;
mod decompressor;
mod dict;
mod library;

use rpy_vm::protocol::number;
use rpy_vm::types::int::PyInt;
use rpy_vm::{OptRef, PyObject, PyResult, PyTypeObject, exc};

/// `CompressionParameter`, which the library's Python part defines.
static COMPRESSION_PARAMETER: OptRef<PyTypeObject> = OptRef::NULL;
/// `DecompressionParameter`, likewise.
static DECOMPRESSION_PARAMETER: OptRef<PyTypeObject> = OptRef::NULL;

fn is_instance_of(object: &PyObject, class: &OptRef<PyTypeObject>) -> bool {
    class.peek().is_some_and(|class| object.is_exact_type(class))
}

/// # Errors
/// `OverflowError`.
fn c_int(value: &PyInt) -> PyResult<i32> {
    value.as_i32().ok_or_else(|| exc::overflow_error("Python int too large to convert to C int"))
}

/// # Errors
/// `TypeError`, `OverflowError`.
fn c_int_of(value: &PyObject) -> PyResult<i32> {
    c_int(&*number::index(value)?)
}

/// Implementation module for Zstandard compression.
#[rpy_derive::pymodule(name = "_zstd")]
pub mod zstd_ {
    use core::ffi::CStr;

    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::protocol::buffer::ArgBytes;
    use rpy_vm::types::bytes::PyBytes;
    use rpy_vm::types::int::PyInt;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::tuple::PyTuple;
    use rpy_vm::{PyClass, PyResult, PyStruct, PyTypeObject, exc};
    use zstd_sys as z;

    use super::compressor::PyZstdCompressor;
    use super::decompressor::PyZstdDecompressor;
    use super::dict::PyZstdDict;
    use super::library::{self, Direction, Mode, check, error_name, is_error, zstd_error};
    use super::{COMPRESSION_PARAMETER, DECOMPRESSION_PARAMETER};
    use crate::support::{add_numbers, exception_class, int};

    /// The sizes of samples that lie one behind the other.
    fn sample_sizes(samples: &PyBytes, sizes: &PyTuple) -> PyResult<Vec<usize>> {
        let mismatch = || exc::value_error("The samples size tuple doesn't match the concatenation's size.");
        if u32::try_from(sizes.len()).is_err() {
            return Err(exc::value_error(format!("The number of samples should be <= {}.", u32::MAX)));
        }
        let mut rest = samples.len();
        let mut out = Vec::with_capacity(sizes.len());
        for size in sizes.items() {
            let Some(size) = size.downcast_ref::<PyInt>() else {
                return Err(exc::type_error("an integer is required"));
            };
            let size = size.as_usize().ok_or_else(mismatch)?;
            rest = rest.checked_sub(size).ok_or_else(mismatch)?;
            out.push(size);
        }
        if rest == 0 { Ok(out) } else { Err(mismatch()) }
    }

    fn dict_buffer(size: isize) -> PyResult<Vec<u8>> {
        match usize::try_from(size) {
            Ok(size) if size > 0 => {
                let mut buffer = Vec::new();
                buffer.try_reserve_exact(size).map_err(|_| exc::memory_error())?;
                buffer.resize(size, 0);
                Ok(buffer)
            }
            _ => Err(exc::value_error("dict_size argument should be positive number.")),
        }
    }

    /// Train a Zstandard dictionary on sample data.
    ///
    ///   samples_bytes
    ///     Concatenation of samples.
    ///   samples_sizes
    ///     Tuple of samples' sizes.
    ///   dict_size
    ///     The size of the dictionary.
    #[pyfunction(sig = "($module, samples_bytes, samples_sizes, dict_size, /)")]
    fn train_dict(samples_bytes: &PyBytes, samples_sizes: &PyTuple, dict_size: isize) -> PyResult<Vec<u8>> {
        let mut buffer = dict_buffer(dict_size)?;
        let sizes = sample_sizes(samples_bytes, samples_sizes)?;
        // SAFETY: the sizes add up to the samples' length; the buffer has the stated size.
        let code = unsafe {
            z::ZDICT_trainFromBuffer(
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                samples_bytes.as_bytes().as_ptr().cast(),
                sizes.as_ptr(),
                sizes.len() as u32,
            )
        };
        buffer.truncate(check(code, "Unable to train the Zstandard dictionary")?);
        Ok(buffer)
    }

    /// Finalize a Zstandard dictionary.
    ///
    ///   custom_dict_bytes
    ///     Custom dictionary content.
    ///   samples_bytes
    ///     Concatenation of samples.
    ///   samples_sizes
    ///     Tuple of samples' sizes.
    ///   dict_size
    ///     The size of the dictionary.
    ///   compression_level
    ///     Optimize for a specific Zstandard compression level, 0 means default.
    #[pyfunction(sig = "($module, custom_dict_bytes, samples_bytes, samples_sizes, dict_size, compression_level, /)")]
    fn finalize_dict(
        custom_dict_bytes: &PyBytes,
        samples_bytes: &PyBytes,
        samples_sizes: &PyTuple,
        dict_size: isize,
        compression_level: i32,
    ) -> PyResult<Vec<u8>> {
        let mut buffer = dict_buffer(dict_size)?;
        let sizes = sample_sizes(samples_bytes, samples_sizes)?;
        let content = custom_dict_bytes.as_bytes();
        let parameters = z::ZDICT_params_t { compressionLevel: compression_level, notificationLevel: 0, dictID: 0 };
        // SAFETY: as above.
        let code = unsafe {
            z::ZDICT_finalizeDictionary(
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                content.as_ptr().cast(),
                content.len(),
                samples_bytes.as_bytes().as_ptr().cast(),
                sizes.as_ptr(),
                sizes.len() as u32,
                parameters,
            )
        };
        buffer.truncate(check(code, "Unable to finalize the Zstandard dictionary")?);
        Ok(buffer)
    }

    /// Get CompressionParameter/DecompressionParameter bounds.
    ///
    ///   parameter
    ///     The parameter to get bounds.
    ///   is_compress
    ///     True for CompressionParameter, False for DecompressionParameter.
    #[pyfunction(sig = "($module, /, parameter, is_compress)")]
    fn get_param_bounds(parameter: i32, is_compress: bool) -> PyResult<(i32, i32)> {
        let (direction, kind) = if is_compress {
            (Direction::Compression, "compression")
        } else {
            (Direction::Decompression, "decompression")
        };
        library::bounds(direction, parameter)
            .map_err(|code| zstd_error(format!("Unable to get zstd {kind} parameter bounds: {}", error_name(code))))
    }

    /// Get the size of a Zstandard frame, including the header and optional checksum.
    ///
    ///   frame_buffer
    ///     A bytes-like object, it should start from the beginning of a frame,
    ///     and contains at least one complete frame.
    #[pyfunction(sig = "($module, /, frame_buffer)")]
    fn get_frame_size(frame_buffer: ArgBytes<'_>) -> PyResult<usize> {
        // SAFETY: reads the buffer.
        let size = unsafe { z::ZSTD_findFrameCompressedSize(frame_buffer.as_ptr().cast(), frame_buffer.len()) };
        if is_error(size) {
            return Err(zstd_error(format!(
                "Error when finding the compressed size of a Zstandard frame. Ensure the frame_buffer argument starts \
                 from the beginning of a frame, and its length is not less than this complete frame. Zstd error \
                 message: {}.",
                error_name(size)
            )));
        }
        Ok(size)
    }

    /// Get Zstandard frame infomation from a frame header.
    ///
    ///   frame_buffer
    ///     A bytes-like object, containing the header of a Zstandard frame.
    #[pyfunction(sig = "($module, /, frame_buffer)")]
    fn get_frame_info(frame_buffer: ArgBytes<'_>) -> PyResult<(Option<u64>, u32)> {
        const UNKNOWN: u64 = u64::MAX;
        const ERROR: u64 = u64::MAX - 1;
        let (data, len) = (frame_buffer.as_ptr().cast(), frame_buffer.len());
        // SAFETY: both read the buffer.
        let (size, id) = unsafe { (z::ZSTD_getFrameContentSize(data, len), z::ZSTD_getDictID_fromFrame(data, len)) };
        match size {
            ERROR => Err(zstd_error(
                "Error when getting information from the header of a Zstandard frame. Ensure the frame_buffer argument \
                 starts from the beginning of a frame, and its length is not less than the frame header (6~18 bytes).",
            )),
            UNKNOWN => Ok((None, id)),
            size => Ok((Some(size), id)),
        }
    }

    /// Set CompressionParameter and DecompressionParameter types for validity check.
    ///
    ///   c_parameter_type
    ///     CompressionParameter IntEnum type object
    ///   d_parameter_type
    ///     DecompressionParameter IntEnum type object
    #[pyfunction(sig = "($module, /, c_parameter_type, d_parameter_type)")]
    fn set_parameter_types(c_parameter_type: &PyTypeObject, d_parameter_type: &PyTypeObject) {
        COMPRESSION_PARAMETER.set(Some(c_parameter_type.to_ref()));
        DECOMPRESSION_PARAMETER.set(Some(d_parameter_type.to_ref()));
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        let error = exception_class("compression.zstd", "ZstdError", exc::Exception())?;
        library::ERROR.set(Some(error.clone()));
        module.add("ZstdError", error)?;
        // SAFETY: constants of the library.
        let (version, number, level, size) = unsafe {
            (
                CStr::from_ptr(z::ZSTD_versionString()).to_string_lossy().into_owned(),
                z::ZSTD_versionNumber(),
                z::ZSTD_defaultCLevel(),
                z::ZSTD_DStreamOutSize(),
            )
        };
        module.add("zstd_version", version)?;
        module.add("zstd_version_number", number)?;
        module.add("ZSTD_CLEVEL_DEFAULT", level)?;
        module.add("ZSTD_DStreamOutSize", size)?;
        for (name, _, value) in library::COMPRESSION.iter().chain(library::DECOMPRESSION) {
            module.add(name, *value)?;
        }
        add_numbers(module, library::STRATEGIES)?;
        add_class::<PyZstdDict>(module)?;
        add_class::<PyZstdCompressor>(module)?;
        add_class::<PyZstdDecompressor>(module)?;
        if let Some(dict) = PyZstdCompressor::type_object().tp_dict.peek() {
            // The class outlives the module.
            if dict.get_str(rpy_vm::intern!("CONTINUE")).is_none() {
                dict.set_name("CONTINUE", int(Mode::Continue as i64));
                dict.set_name("FLUSH_BLOCK", int(Mode::FlushBlock as i64));
                dict.set_name("FLUSH_FRAME", int(Mode::FlushFrame as i64));
            }
        }
        Ok(())
    }
}

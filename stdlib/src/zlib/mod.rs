//! `zlib`: compression compatible with gzip, over zlib-rs.
//!
//! | File | What |
//! |---|---|
//! | `stream` | streams, and compression in one go |
//! | `objects` | `compressobj`, `decompressobj`, `_ZlibDecompressor` |

pub mod objects;
pub mod stream;

const NUMBERS: &[(&str, i64)] = &[
    ("MAX_WBITS", 15),
    ("DEFLATED", 8),
    ("DEF_MEM_LEVEL", 8),
    ("DEF_BUF_SIZE", 16384),
    ("Z_NO_COMPRESSION", 0),
    ("Z_BEST_SPEED", 1),
    ("Z_BEST_COMPRESSION", 9),
    ("Z_DEFAULT_COMPRESSION", -1),
    ("Z_FILTERED", 1),
    ("Z_HUFFMAN_ONLY", 2),
    ("Z_RLE", 3),
    ("Z_FIXED", 4),
    ("Z_DEFAULT_STRATEGY", 0),
    ("Z_NO_FLUSH", 0),
    ("Z_PARTIAL_FLUSH", 1),
    ("Z_SYNC_FLUSH", 2),
    ("Z_FULL_FLUSH", 3),
    ("Z_FINISH", 4),
    ("Z_BLOCK", 5),
    ("Z_TREES", 6),
];

/// The functions in this module allow compression and decompression using the
/// zlib library, which is based on GNU zip.
///
/// adler32(string[, start]) -- Compute an Adler-32 checksum.
/// compress(data[, level]) -- Compress data, with compression level 0-9 or -1.
/// compressobj([level[, ...]]) -- Return a compressor object.
/// crc32(string[, start]) -- Compute a CRC-32 checksum.
/// decompress(string,[wbits],[bufsize]) -- Decompresses a compressed string.
/// decompressobj([wbits[, zdict]]) -- Return a decompressor object.
///
/// 'wbits' is window buffer size and container format.
/// Compressor objects support compress() and flush() methods; decompressor
/// objects support decompress() and flush().
#[rpy_vm::pymodule(name = "zlib")]
pub mod zlib_ {
    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::protocol::buffer::{ArgBytes, Buffer};
    use rpy_vm::protocol::number;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::type_::ready::ensure_ready;
    use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, exc};

    use super::{objects, stream};

    #[pyattr(name = "__version__")]
    fn version() -> &'static str {
        "1.0"
    }
    #[pyattr(name = "ZLIB_VERSION")]
    fn zlib_version() -> String {
        // SAFETY: a static text.
        unsafe { core::ffi::CStr::from_ptr(libz_rs_sys::zlibVersion()) }.to_string_lossy().into_owned()
    }
    #[pyattr(name = "ZLIB_RUNTIME_VERSION")]
    fn zlib_runtime_version() -> String {
        zlib_version()
    }

    /// Returns a bytes object containing compressed data.
    ///
    ///   data
    ///     Binary data to be compressed.
    ///   level
    ///     Compression level, in 0-9 or -1.
    ///   wbits
    ///     The window buffer size and container format.
    #[pyfunction(sig = "(data, /, level=Z_DEFAULT_COMPRESSION, wbits=MAX_WBITS)")]
    fn compress(data: ArgBytes<'_>, level: Option<i32>, wbits: Option<i32>) -> PyResult<Vec<u8>> {
        stream::compress(&data, level.unwrap_or(-1), wbits.unwrap_or(15))
    }

    /// Returns a bytes object containing the uncompressed data.
    ///
    ///   data
    ///     Compressed data.
    ///   wbits
    ///     The window buffer size and container format.
    ///   bufsize
    ///     The initial output buffer size.
    #[pyfunction(sig = "(data, /, wbits=MAX_WBITS, bufsize=DEF_BUF_SIZE)")]
    fn decompress(data: ArgBytes<'_>, wbits: Option<i32>, bufsize: Option<isize>) -> PyResult<Vec<u8>> {
        let size =
            usize::try_from(bufsize.unwrap_or(16384)).map_err(|_| exc::value_error("bufsize must be non-negative"))?;
        stream::decompress(&data, wbits.unwrap_or(15), size.min(1 << 26))
    }

    fn dictionary(zdict: Option<&PyObject>) -> PyResult<Option<Buffer>> {
        match zdict {
            None => Ok(None),
            Some(object) if Buffer::check(object) => Buffer::simple(object).map(Some),
            Some(_) => Err(exc::type_error("zdict argument must support the buffer protocol")),
        }
    }

    /// Return a compressor object.
    ///
    ///   level
    ///     The compression level (an integer in the range 0-9 or -1; default is
    ///     currently equivalent to 6).  Higher compression levels are slower,
    ///     but produce smaller results.
    ///   method
    ///     The compression algorithm.  If given, this must be DEFLATED.
    ///   wbits
    ///     +9 to +15: The base-two logarithm of the window size.  Include a zlib
    ///     container.
    ///     -9 to -15: Generate a raw stream.
    ///     +25 to +31: Include a gzip container.
    ///   memLevel
    ///     Controls the amount of memory used for internal compression state.
    ///     Valid values range from 1 to 9.  Higher values result in higher memory
    ///     usage, faster compression, and smaller output.
    ///   strategy
    ///     Used to tune the compression algorithm.  Possible values are
    ///     Z_DEFAULT_STRATEGY, Z_FILTERED, and Z_HUFFMAN_ONLY.
    ///   zdict
    ///     The predefined compression dictionary - a sequence of bytes
    ///     containing subsequences that are likely to occur in the input data.
    #[pyfunction(
        sig = "(level=Z_DEFAULT_COMPRESSION, method=DEFLATED, wbits=MAX_WBITS, memLevel=DEF_MEM_LEVEL, strategy=Z_DEFAULT_STRATEGY, zdict=None)"
    )]
    fn compressobj(
        level: Option<i32>,
        method: Option<i32>,
        wbits: Option<i32>,
        mem_level: Option<i32>,
        strategy: Option<i32>,
        zdict: Option<&PyObject>,
    ) -> PyResult<ObjRef> {
        let zdict = dictionary(zdict)?;
        Ok(objects::compressobj(
            level.unwrap_or(-1),
            method.unwrap_or(8),
            wbits.unwrap_or(15),
            mem_level.unwrap_or(8),
            strategy.unwrap_or(0),
            zdict.as_ref().map(Buffer::bytes),
        )?
        .into_obj())
    }

    /// Return a decompressor object.
    ///
    ///   wbits
    ///     The window buffer size and container format.
    ///   zdict
    ///     The predefined compression dictionary.  This must be the same
    ///     dictionary as used by the compressor that produced the input data.
    #[pyfunction(sig = "(wbits=MAX_WBITS, zdict=b'')")]
    fn decompressobj(wbits: Option<i32>, zdict: Option<&PyObject>) -> PyResult<ObjRef> {
        let zdict = dictionary(zdict)?;
        Ok(objects::decompressobj(wbits.unwrap_or(15), zdict.as_ref().map(Buffer::bytes))?.into_obj())
    }

    fn start(value: Option<&PyObject>, default: u32) -> PyResult<u32> {
        value.map_or(Ok(default), |v| number::index(v).map(|n| n.wrapping_u64() as u32))
    }

    /// Compute an Adler-32 checksum of data.
    ///
    ///   value
    ///     Starting value of the checksum.
    ///
    /// The returned checksum is an integer.
    #[pyfunction(sig = "(data, value=1, /)")]
    fn adler32(data: ArgBytes<'_>, value: Option<&PyObject>) -> PyResult<u32> {
        let value = start(value, 1)?;
        // SAFETY: pointer and length of a slice.
        Ok(unsafe { libz_rs_sys::adler32_z(value.into(), data.as_bytes().as_ptr(), data.len()) } as u32)
    }
    /// Compute a CRC-32 checksum of data.
    ///
    ///   value
    ///     Starting value of the checksum.
    ///
    /// The returned checksum is an integer.
    #[pyfunction(sig = "(data, value=0, /)")]
    fn crc32(data: ArgBytes<'_>, value: Option<&PyObject>) -> PyResult<u32> {
        let value = start(value, 0)?;
        // SAFETY: pointer and length of a slice.
        Ok(unsafe { libz_rs_sys::crc32_z(value.into(), data.as_bytes().as_ptr(), data.len()) } as u32)
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        crate::support::add_numbers(module, super::NUMBERS)?;
        let class = crate::support::exception_class("zlib", "error", exc::Exception())?;
        stream::ERROR.set(Some(class.clone()));
        module.add("error", class)?;
        ensure_ready(objects::PyCompress::type_object())?;
        ensure_ready(objects::PyDecompress::type_object())?;
        add_class::<objects::PyZlibDecompressor>(module)
    }
}

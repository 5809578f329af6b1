//! liblzma's streams.

use core::mem::MaybeUninit;

use liblzma_sys as lz;
use rpy_vm::{OptRef, PyErr, PyResult, exc};

use super::filters::{FilterChain, preset_options};
use crate::compression::{Coder, Step};

/// `lzma.LZMAError`.
pub static ERROR: OptRef = OptRef::NULL;

/// `LZMAError` with a message.
pub fn lzma_error(message: impl Into<String>) -> PyErr {
    crate::support::error_of(&ERROR, exc::Exception(), message)
}

/// The exception for one of liblzma's answers.
pub fn error(code: lz::lzma_ret) -> PyErr {
    lzma_error(match code {
        lz::LZMA_UNSUPPORTED_CHECK => "Unsupported integrity check".to_owned(),
        lz::LZMA_MEM_ERROR => return exc::memory_error(),
        lz::LZMA_MEMLIMIT_ERROR => "Memory usage limit exceeded".to_owned(),
        lz::LZMA_FORMAT_ERROR => "Input format not supported by decoder".to_owned(),
        lz::LZMA_OPTIONS_ERROR => "Invalid or unsupported options".to_owned(),
        lz::LZMA_DATA_ERROR => "Corrupt input data".to_owned(),
        lz::LZMA_BUF_ERROR => "Insufficient buffer space".to_owned(),
        lz::LZMA_PROG_ERROR => "Internal error".to_owned(),
        code => format!("Unrecognized error from liblzma: {code}"),
    })
}

/// # Errors
/// Those of [`error`], if it is an error.
pub fn check_code(code: lz::lzma_ret) -> PyResult<()> {
    if is_fine(code) { Ok(()) } else { Err(error(code)) }
}

fn is_fine(code: lz::lzma_ret) -> bool {
    matches!(code, lz::LZMA_OK | lz::LZMA_STREAM_END | lz::LZMA_NO_CHECK | lz::LZMA_GET_CHECK)
}

/// A stream in either direction. Boxed, because the library may know its address.
pub struct Stream {
    raw: Box<lz::lzma_stream>,
    /// The number of the integrity check that the stream announces, once it has.
    pub check: Option<u32>,
}

impl Stream {
    /// A stream that `start` initialises.
    fn new(start: impl FnOnce(*mut lz::lzma_stream) -> lz::lzma_ret) -> PyResult<Stream> {
        // SAFETY: all-zero is the library's own initial value.
        let raw = Box::new(unsafe { MaybeUninit::<lz::lzma_stream>::zeroed().assume_init() });
        let mut stream = Stream { raw, check: None };
        check_code(start(&mut *stream.raw))?;
        Ok(stream)
    }

    /// Compresses to `.xz`.
    ///
    /// # Errors
    /// `LZMAError`.
    pub fn xz_encoder(check: u32, preset: u32, filters: Option<&FilterChain>) -> PyResult<Stream> {
        // SAFETY: a fresh stream; filters are copied by the library.
        Stream::new(|raw| unsafe {
            match filters {
                None => lz::lzma_easy_encoder(raw, preset, check),
                Some(filters) => lz::lzma_stream_encoder(raw, filters.as_ptr(), check),
            }
        })
    }

    /// Compresses to the older `.lzma`.
    ///
    /// # Errors
    /// `LZMAError`; `ValueError` if the filters are not one LZMA1 filter.
    pub fn alone_encoder(preset: u32, filters: Option<&FilterChain>) -> PyResult<Stream> {
        let preset_options;
        let options = match filters {
            None => {
                preset_options = self::preset_options(preset)?;
                &raw const *preset_options
            }
            Some(filters) => filters.single_lzma1().ok_or_else(|| {
                exc::value_error("Invalid filter chain for FORMAT_ALONE - must be a single LZMA1 filter")
            })?,
        };
        // SAFETY: a fresh stream; options are copied by the library.
        Stream::new(|raw| unsafe { lz::lzma_alone_encoder(raw, options) })
    }

    /// Compresses without a container.
    ///
    /// # Errors
    /// `LZMAError`.
    pub fn raw_encoder(filters: &FilterChain) -> PyResult<Stream> {
        // SAFETY: as above.
        Stream::new(|raw| unsafe { lz::lzma_raw_encoder(raw, filters.as_ptr()) })
    }

    /// Decompresses either container.
    ///
    /// # Errors
    /// `LZMAError`.
    pub fn auto_decoder(memory: u64) -> PyResult<Stream> {
        // SAFETY: a fresh stream.
        Stream::new(|raw| unsafe { lz::lzma_auto_decoder(raw, memory, TELL) })
    }

    /// Decompresses `.xz`.
    ///
    /// # Errors
    /// `LZMAError`.
    pub fn xz_decoder(memory: u64) -> PyResult<Stream> {
        // SAFETY: a fresh stream.
        Stream::new(|raw| unsafe { lz::lzma_stream_decoder(raw, memory, TELL) })
    }

    /// Decompresses `.lzma`.
    ///
    /// # Errors
    /// `LZMAError`.
    pub fn alone_decoder(memory: u64) -> PyResult<Stream> {
        // SAFETY: a fresh stream.
        let mut stream = Stream::new(|raw| unsafe { lz::lzma_alone_decoder(raw, memory) })?;
        stream.check = Some(lz::LZMA_CHECK_NONE);
        Ok(stream)
    }

    /// Decompresses what has no container.
    ///
    /// # Errors
    /// `LZMAError`.
    pub fn raw_decoder(filters: &FilterChain) -> PyResult<Stream> {
        // SAFETY: a fresh stream; filters are copied by the library.
        let mut stream = Stream::new(|raw| unsafe { lz::lzma_raw_decoder(raw, filters.as_ptr()) })?;
        stream.check = Some(lz::LZMA_CHECK_NONE);
        Ok(stream)
    }
}

/// Decoders report which check a stream has, or that it has none.
const TELL: u32 = lz::LZMA_TELL_ANY_CHECK | lz::LZMA_TELL_NO_CHECK;

impl Coder for Stream {
    type Error = lz::lzma_ret;
    type Action = lz::lzma_action;

    fn step(
        &mut self,
        input: &[u8],
        output: &mut [MaybeUninit<u8>],
        action: lz::lzma_action,
    ) -> Result<Step, lz::lzma_ret> {
        let raw = &mut *self.raw;
        raw.next_in = input.as_ptr();
        raw.avail_in = input.len();
        raw.next_out = output.as_mut_ptr().cast();
        raw.avail_out = output.len();
        // SAFETY: a live stream, with pointers to as many bytes as it says.
        let code = unsafe { lz::lzma_code(raw, action) };
        let step = Step {
            read: input.len() - raw.avail_in,
            written: output.len() - raw.avail_out,
            done: code == lz::LZMA_STREAM_END,
        };
        // No progress for want of input or of room is no error.
        let starved = code == lz::LZMA_BUF_ERROR && (raw.avail_in == 0 || raw.avail_out == 0);
        raw.next_in = core::ptr::null();
        raw.avail_in = 0;
        raw.next_out = core::ptr::null_mut();
        raw.avail_out = 0;
        if matches!(code, lz::LZMA_GET_CHECK | lz::LZMA_NO_CHECK) {
            // SAFETY: a live stream.
            self.check = Some(unsafe { lz::lzma_get_check(raw) });
        }
        if is_fine(code) || starved { Ok(step) } else { Err(code) }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: a live stream, or one whose initialisation failed, which is allowed.
        unsafe { lz::lzma_end(&mut *self.raw) };
    }
}

//! zlib streams with owned state.

use libz_rs_sys::{self as z, z_stream};
use rpy_vm::{OptRef, PyErr, PyResult, exc};

/// `zlib.error`.
pub static ERROR: OptRef = OptRef::NULL;

pub const Z_OK: i32 = 0;
pub const Z_STREAM_END: i32 = 1;
pub const Z_NEED_DICT: i32 = 2;
pub const Z_STREAM_ERROR: i32 = -2;
pub const Z_DATA_ERROR: i32 = -3;
pub const Z_MEM_ERROR: i32 = -4;
pub const Z_BUF_ERROR: i32 = -5;
pub const Z_VERSION_ERROR: i32 = -6;

pub const Z_NO_FLUSH: i32 = 0;
pub const Z_SYNC_FLUSH: i32 = 2;
pub const Z_FINISH: i32 = 4;

/// `zlib.error` with a message.
pub fn error(message: impl Into<String>) -> PyErr {
    crate::support::error_of(&ERROR, exc::Exception(), message)
}

/// Which direction a stream works in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Deflate,
    Inflate,
}

/// A stream. Boxed, because the state knows its address.
pub struct Stream {
    z: Box<z_stream>,
    kind: Kind,
    live: bool,
}

impl Stream {
    /// A compressing stream, or zlib's error number.
    pub fn deflate(level: i32, method: i32, wbits: i32, mem_level: i32, strategy: i32) -> Result<Stream, i32> {
        let mut z = Box::new(z_stream::default());
        // SAFETY: a fresh stream; version and size are the library's own.
        let result = unsafe {
            z::deflateInit2_(
                &mut *z,
                level,
                method,
                wbits,
                mem_level,
                strategy,
                z::zlibVersion(),
                size_of::<z_stream>() as i32,
            )
        };
        if result == Z_OK { Ok(Stream { z, kind: Kind::Deflate, live: true }) } else { Err(result) }
    }

    /// A decompressing stream, or zlib's error number.
    pub fn inflate(wbits: i32) -> Result<Stream, i32> {
        let mut z = Box::new(z_stream::default());
        // SAFETY: as above.
        let result = unsafe { z::inflateInit2_(&mut *z, wbits, z::zlibVersion(), size_of::<z_stream>() as i32) };
        if result == Z_OK { Ok(Stream { z, kind: Kind::Inflate, live: true }) } else { Err(result) }
    }

    /// Ends the stream; later calls fail with `Z_STREAM_ERROR`.
    pub fn end(&mut self) -> i32 {
        if !core::mem::replace(&mut self.live, false) {
            return Z_OK;
        }
        // SAFETY: a live stream of its kind.
        unsafe {
            match self.kind {
                Kind::Deflate => z::deflateEnd(&mut *self.z),
                Kind::Inflate => z::inflateEnd(&mut *self.z),
            }
        }
    }

    /// A stream in the same state.
    pub fn copy(&self) -> Result<Stream, i32> {
        if !self.live {
            return Err(Z_STREAM_ERROR);
        }
        let mut z = Box::new(z_stream::default());
        let source = &raw const *self.z;
        // SAFETY: both are streams of this kind; the target is fresh.
        let result = unsafe {
            match self.kind {
                Kind::Deflate => z::deflateCopy(&mut *z, source.cast_mut()),
                Kind::Inflate => z::inflateCopy(&mut *z, source),
            }
        };
        if result == Z_OK { Ok(Stream { z, kind: self.kind, live: true }) } else { Err(result) }
    }

    /// Sets the preset dictionary.
    pub fn set_dictionary(&mut self, dictionary: &[u8]) -> i32 {
        if !self.live {
            return Z_STREAM_ERROR;
        }
        // SAFETY: the dictionary is copied.
        unsafe {
            match self.kind {
                Kind::Deflate => z::deflateSetDictionary(&mut *self.z, dictionary.as_ptr(), dictionary.len() as u32),
                Kind::Inflate => z::inflateSetDictionary(&mut *self.z, dictionary.as_ptr(), dictionary.len() as u32),
            }
        }
    }

    /// Feeds `input`, appending to `out` until the input is used up (and flushed), the stream ends, `limit` bytes were
    /// made, or something is wrong. Gives zlib's last answer and how much input was used.
    pub fn run(
        &mut self,
        input: &[u8],
        flush: i32,
        limit: Option<usize>,
        first: usize,
        out: &mut Vec<u8>,
    ) -> (i32, usize) {
        if !self.live {
            return (Z_STREAM_ERROR, 0);
        }
        let begin = out.len();
        let mut used = 0;
        let mut step = first.max(1);
        loop {
            let made = out.len() - begin;
            let room = match limit {
                Some(limit) if made >= limit => return (Z_OK, used),
                Some(limit) => step.min(limit - made),
                None => step,
            }
            .min(1 << 30);
            let chunk = &input[used..];
            let avail = chunk.len().min(u32::MAX as usize);
            let last = avail == chunk.len();
            out.reserve(room);
            let answer;
            // SAFETY: input and the reserved output stay in place during the call; `set_len` covers what was written.
            unsafe {
                self.z.next_in = chunk.as_ptr();
                self.z.avail_in = avail as u32;
                self.z.next_out = out.as_mut_ptr().add(out.len());
                self.z.avail_out = room as u32;
                let mode = if last { flush } else { Z_NO_FLUSH };
                answer = match self.kind {
                    Kind::Deflate => z::deflate(&mut *self.z, mode),
                    Kind::Inflate => z::inflate(&mut *self.z, mode),
                };
                out.set_len(out.len() + room - self.z.avail_out as usize);
            }
            used += avail - self.z.avail_in as usize;
            let full = self.z.avail_out == 0;
            self.z.next_in = core::ptr::null();
            self.z.avail_in = 0;
            match answer {
                Z_OK if full || used < input.len() => {}
                Z_BUF_ERROR if full => {}
                other => return (other, used),
            }
            step = (step * 2).min(1 << 26);
        }
    }

    /// `zlib.error` for an answer: `Error -3 while decompressing data: incorrect header check`.
    pub fn error(&self, answer: i32, doing: &str) -> PyErr {
        if answer == Z_MEM_ERROR {
            return exc::memory_error();
        }
        let own = if answer == Z_VERSION_ERROR || self.z.msg.is_null() || !self.live {
            None
        } else {
            // SAFETY: a static text of the library.
            unsafe { core::ffi::CStr::from_ptr(self.z.msg) }.to_str().ok()
        };
        error_text(answer, doing, own)
    }
}

/// `zlib.error` with the standard words.
pub fn error_text(answer: i32, doing: &str, text: Option<&str>) -> PyErr {
    let text = text.or(match answer {
        Z_BUF_ERROR => Some("incomplete or truncated stream"),
        Z_STREAM_ERROR => Some("inconsistent stream state"),
        Z_DATA_ERROR => Some("invalid input data"),
        Z_VERSION_ERROR => Some("library version mismatch"),
        _ => None,
    });
    error(match text {
        Some(text) => format!("Error {answer} {doing}: {text}"),
        None => format!("Error {answer} {doing}"),
    })
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.end();
    }
}

/// Compresses in one go.
///
/// # Errors
/// `zlib.error`.
pub fn compress(data: &[u8], level: i32, wbits: i32) -> PyResult<Vec<u8>> {
    let mut stream = Stream::deflate(level, 8, wbits, 8, 0).map_err(|e| match e {
        Z_MEM_ERROR => exc::memory_error_msg("Out of memory while compressing data"),
        Z_STREAM_ERROR => error("Bad compression level"),
        e => error_text(e, "while compressing data", None),
    })?;
    let mut out = Vec::new();
    let (answer, _) = rpy_vm::runtime::gil::allow_threads(|| {
        stream.run(data, Z_FINISH, None, (data.len() / 2).clamp(64, 1 << 24), &mut out)
    });
    if answer == Z_STREAM_END { Ok(out) } else { Err(stream.error(answer, "while compressing data")) }
}

/// Decompresses in one go.
///
/// # Errors
/// `zlib.error`.
pub fn decompress(data: &[u8], wbits: i32, size: usize) -> PyResult<Vec<u8>> {
    let mut stream = Stream::inflate(wbits).map_err(|e| match e {
        Z_MEM_ERROR => exc::memory_error_msg("Out of memory while decompressing data"),
        e => error_text(e, "while preparing to decompress data", None),
    })?;
    let mut out = Vec::new();
    let (answer, _) = rpy_vm::runtime::gil::allow_threads(|| stream.run(data, Z_SYNC_FLUSH, None, size, &mut out));
    match answer {
        Z_STREAM_END => Ok(out),
        Z_OK => Err(stream.error(Z_BUF_ERROR, "while decompressing data")),
        answer => Err(stream.error(answer, "while decompressing data")),
    }
}

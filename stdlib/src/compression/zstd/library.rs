//! The zstd library: owned contexts, parameters, errors.

use core::ffi::{CStr, c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use rpy_vm::{OptRef, PyErr, PyResult, exc};
use zstd_sys as z;

use crate::compression::{Coder, Step};

/// `ZstdError`.
pub static ERROR: OptRef = OptRef::NULL;

// The bindings declare parameters as enumerations, into which a number from a program may not be put unchecked.
unsafe extern "C" {
    fn ZSTD_CCtx_setParameter(context: *mut z::ZSTD_CCtx, parameter: c_int, value: c_int) -> usize;
    fn ZSTD_DCtx_setParameter(context: *mut z::ZSTD_DCtx, parameter: c_int, value: c_int) -> usize;
    fn ZSTD_cParam_getBounds(parameter: c_int) -> z::ZSTD_bounds;
    fn ZSTD_dParam_getBounds(parameter: c_int) -> z::ZSTD_bounds;
}

/// `ZstdError` with a message.
pub fn zstd_error(message: impl Into<String>) -> PyErr {
    crate::support::error_of(&ERROR, exc::Exception(), message)
}

/// The library's name of an error.
pub fn error_name(code: usize) -> String {
    // SAFETY: a static text for every number.
    unsafe { CStr::from_ptr(z::ZSTD_getErrorName(code)) }.to_string_lossy().into_owned()
}

/// Is it an error, and no size?
pub fn is_error(code: usize) -> bool {
    // SAFETY: a pure function of any number.
    unsafe { z::ZSTD_isError(code) != 0 }
}

/// `ZstdError`: `what`, colon, the library's words.
///
/// # Errors
/// If `code` is an error.
pub fn check(code: usize, what: &str) -> PyResult<usize> {
    if is_error(code) { Err(zstd_error(format!("{what}: {}", error_name(code)))) } else { Ok(code) }
}

/// The two directions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Compression,
    Decompression,
}

macro_rules! parameters {
    ($($(#[$meta:meta])* $table:ident { $($c_name:literal $python_name:literal $number:expr;)* })*) => { $(
        $(#[$meta])*
        pub const $table: &[(&str, &str, i32)] = &[$(($c_name, $python_name, $number as i32)),*];
    )* };
}

parameters! {
    /// Parameters of compression: name in C, name in Python, number.
    COMPRESSION {
        "ZSTD_c_compressionLevel" "compression_level" z::ZSTD_cParameter::ZSTD_c_compressionLevel;
        "ZSTD_c_windowLog" "window_log" z::ZSTD_cParameter::ZSTD_c_windowLog;
        "ZSTD_c_hashLog" "hash_log" z::ZSTD_cParameter::ZSTD_c_hashLog;
        "ZSTD_c_chainLog" "chain_log" z::ZSTD_cParameter::ZSTD_c_chainLog;
        "ZSTD_c_searchLog" "search_log" z::ZSTD_cParameter::ZSTD_c_searchLog;
        "ZSTD_c_minMatch" "min_match" z::ZSTD_cParameter::ZSTD_c_minMatch;
        "ZSTD_c_targetLength" "target_length" z::ZSTD_cParameter::ZSTD_c_targetLength;
        "ZSTD_c_strategy" "strategy" z::ZSTD_cParameter::ZSTD_c_strategy;
        "ZSTD_c_enableLongDistanceMatching" "enable_long_distance_matching"
            z::ZSTD_cParameter::ZSTD_c_enableLongDistanceMatching;
        "ZSTD_c_ldmHashLog" "ldm_hash_log" z::ZSTD_cParameter::ZSTD_c_ldmHashLog;
        "ZSTD_c_ldmMinMatch" "ldm_min_match" z::ZSTD_cParameter::ZSTD_c_ldmMinMatch;
        "ZSTD_c_ldmBucketSizeLog" "ldm_bucket_size_log" z::ZSTD_cParameter::ZSTD_c_ldmBucketSizeLog;
        "ZSTD_c_ldmHashRateLog" "ldm_hash_rate_log" z::ZSTD_cParameter::ZSTD_c_ldmHashRateLog;
        "ZSTD_c_contentSizeFlag" "content_size_flag" z::ZSTD_cParameter::ZSTD_c_contentSizeFlag;
        "ZSTD_c_checksumFlag" "checksum_flag" z::ZSTD_cParameter::ZSTD_c_checksumFlag;
        "ZSTD_c_dictIDFlag" "dict_id_flag" z::ZSTD_cParameter::ZSTD_c_dictIDFlag;
        "ZSTD_c_nbWorkers" "nb_workers" z::ZSTD_cParameter::ZSTD_c_nbWorkers;
        "ZSTD_c_jobSize" "job_size" z::ZSTD_cParameter::ZSTD_c_jobSize;
        "ZSTD_c_overlapLog" "overlap_log" z::ZSTD_cParameter::ZSTD_c_overlapLog;
    }
    /// Parameters of decompression.
    DECOMPRESSION {
        "ZSTD_d_windowLogMax" "window_log_max" z::ZSTD_dParameter::ZSTD_d_windowLogMax;
    }
}

/// Strategies of compression.
pub const STRATEGIES: &[(&str, i64)] = &[
    ("ZSTD_fast", z::ZSTD_strategy::ZSTD_fast as i64),
    ("ZSTD_dfast", z::ZSTD_strategy::ZSTD_dfast as i64),
    ("ZSTD_greedy", z::ZSTD_strategy::ZSTD_greedy as i64),
    ("ZSTD_lazy", z::ZSTD_strategy::ZSTD_lazy as i64),
    ("ZSTD_lazy2", z::ZSTD_strategy::ZSTD_lazy2 as i64),
    ("ZSTD_btlazy2", z::ZSTD_strategy::ZSTD_btlazy2 as i64),
    ("ZSTD_btopt", z::ZSTD_strategy::ZSTD_btopt as i64),
    ("ZSTD_btultra", z::ZSTD_strategy::ZSTD_btultra as i64),
    ("ZSTD_btultra2", z::ZSTD_strategy::ZSTD_btultra2 as i64),
];

/// The least and the greatest value of a parameter, or the library's error.
pub fn bounds(direction: Direction, parameter: i32) -> Result<(i32, i32), usize> {
    // SAFETY: pure functions of any number.
    let bounds = unsafe {
        match direction {
            Direction::Compression => ZSTD_cParam_getBounds(parameter),
            Direction::Decompression => ZSTD_dParam_getBounds(parameter),
        }
    };
    if is_error(bounds.error) { Err(bounds.error) } else { Ok((bounds.lowerBound, bounds.upperBound)) }
}

/// The range of compression levels.
pub fn levels() -> (i32, i32) {
    // SAFETY: constants of the library.
    unsafe { (z::ZSTD_minCLevel(), z::ZSTD_maxCLevel()) }
}

/// Why a parameter could not be set.
fn parameter_error(direction: Direction, parameter: i32, value: i32) -> PyErr {
    let (kind, table) = match direction {
        Direction::Compression => ("compression", COMPRESSION),
        Direction::Decompression => ("decompression", DECOMPRESSION),
    };
    let name = match table.iter().find(|(_, _, number)| *number == parameter) {
        Some((_, name, _)) => (*name).to_owned(),
        None => format!("unknown parameter (key {parameter})"),
    };
    exc::value_error(match bounds(direction, parameter) {
        Err(_) => format!("invalid {kind} parameter '{name}'"),
        Ok((low, high)) => {
            format!("{kind} parameter '{name}' received an illegal value {value}; the valid range is [{low}, {high}]")
        }
    })
}

/// How a dictionary is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum DictUse {
    Digested,
    Undigested,
    Prefix,
}

/// An owned pointer to one of the library's structs.
macro_rules! owned {
    ($($(#[$meta:meta])* $name:ident: $raw:ty, $free:path;)*) => { $(
        $(#[$meta])*
        pub struct $name(NonNull<$raw>);

        impl $name {
            /// The pointer.
            pub fn as_ptr(&self) -> *mut $raw {
                self.0.as_ptr()
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                // SAFETY: owned, and freed once.
                unsafe { $free(self.0.as_ptr()) };
            }
        }
    )* };
}

owned! {
    /// A dictionary prepared for a level of compression.
    CompressDict: z::ZSTD_CDict, z::ZSTD_freeCDict;
    /// A dictionary prepared for decompression.
    DecompressDict: z::ZSTD_DDict, z::ZSTD_freeDDict;
    /// A compressing context.
    CompressContext: z::ZSTD_CCtx, z::ZSTD_freeCCtx;
    /// A decompressing context.
    DecompressContext: z::ZSTD_DCtx, z::ZSTD_freeDCtx;
}

impl CompressDict {
    /// `None` if the content is no dictionary.
    pub fn new(content: &[u8], level: i32) -> Option<CompressDict> {
        // SAFETY: the content is copied.
        NonNull::new(unsafe { z::ZSTD_createCDict(content.as_ptr().cast(), content.len(), level) }).map(CompressDict)
    }
}

impl DecompressDict {
    /// `None` if the content is no dictionary.
    pub fn new(content: &[u8]) -> Option<DecompressDict> {
        // SAFETY: the content is copied.
        NonNull::new(unsafe { z::ZSTD_createDDict(content.as_ptr().cast(), content.len()) }).map(DecompressDict)
    }
}

/// What a compressor does with its input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Continue = 0,
    FlushBlock = 1,
    FlushFrame = 2,
}

impl Mode {
    fn directive(self) -> z::ZSTD_EndDirective {
        match self {
            Mode::Continue => z::ZSTD_EndDirective::ZSTD_e_continue,
            Mode::FlushBlock => z::ZSTD_EndDirective::ZSTD_e_flush,
            Mode::FlushFrame => z::ZSTD_EndDirective::ZSTD_e_end,
        }
    }
}

impl CompressContext {
    /// # Errors
    /// `ZstdError`.
    pub fn new() -> PyResult<CompressContext> {
        // SAFETY: a constructor.
        NonNull::new(unsafe { z::ZSTD_createCCtx() })
            .map(CompressContext)
            .ok_or_else(|| zstd_error("Unable to create ZSTD_CCtx instance."))
    }

    /// # Errors
    /// `ValueError`.
    pub fn set_parameter(&self, parameter: i32, value: i32) -> PyResult<()> {
        // SAFETY: a live context; any numbers.
        let code = unsafe { ZSTD_CCtx_setParameter(self.as_ptr(), parameter, value) };
        if is_error(code) { Err(parameter_error(Direction::Compression, parameter, value)) } else { Ok(()) }
    }

    /// # Errors
    /// `ZstdError`.
    pub fn set_pledged_size(&self, size: u64) -> PyResult<()> {
        // SAFETY: a live context; any number.
        let code = unsafe { z::ZSTD_CCtx_setPledgedSrcSize(self.as_ptr(), size) };
        check(code, "Unable to set pledged uncompressed content size").map(|_| ())
    }

    /// Forgets the frame that was begun.
    pub fn reset(&self) {
        // SAFETY: a live context; resetting a session cannot fail.
        unsafe { z::ZSTD_CCtx_reset(self.as_ptr(), z::ZSTD_ResetDirective::ZSTD_reset_session_only) };
    }
}

impl DecompressContext {
    /// # Errors
    /// `ZstdError`.
    pub fn new() -> PyResult<DecompressContext> {
        // SAFETY: a constructor.
        NonNull::new(unsafe { z::ZSTD_createDCtx() })
            .map(DecompressContext)
            .ok_or_else(|| zstd_error("Unable to create ZSTD_DCtx instance."))
    }

    /// # Errors
    /// `ValueError`.
    pub fn set_parameter(&self, parameter: i32, value: i32) -> PyResult<()> {
        // SAFETY: a live context; any numbers.
        let code = unsafe { ZSTD_DCtx_setParameter(self.as_ptr(), parameter, value) };
        if is_error(code) { Err(parameter_error(Direction::Decompression, parameter, value)) } else { Ok(()) }
    }

    /// Forgets the frame that was begun.
    pub fn reset(&self) {
        // SAFETY: a live context; resetting a session cannot fail.
        unsafe { z::ZSTD_DCtx_reset(self.as_ptr(), z::ZSTD_ResetDirective::ZSTD_reset_session_only) };
    }
}

/// The library's view of both buffers.
fn buffers(input: &[u8], output: &mut [MaybeUninit<u8>]) -> (z::ZSTD_inBuffer, z::ZSTD_outBuffer) {
    let input = z::ZSTD_inBuffer { src: input.as_ptr().cast::<c_void>(), size: input.len(), pos: 0 };
    (input, z::ZSTD_outBuffer { dst: output.as_mut_ptr().cast::<c_void>(), size: output.len(), pos: 0 })
}

impl Coder for CompressContext {
    type Error = usize;
    type Action = Mode;

    fn step(&mut self, input: &[u8], output: &mut [MaybeUninit<u8>], mode: Mode) -> Result<Step, usize> {
        let (mut from, mut to) = buffers(input, output);
        // SAFETY: a live context, and buffers of the sizes given.
        let code = unsafe { z::ZSTD_compressStream2(self.as_ptr(), &mut to, &mut from, mode.directive()) };
        if is_error(code) { Err(code) } else { Ok(Step { read: from.pos, written: to.pos, done: code == 0 }) }
    }
}

impl Coder for DecompressContext {
    type Error = usize;
    type Action = ();

    fn step(&mut self, input: &[u8], output: &mut [MaybeUninit<u8>], _action: ()) -> Result<Step, usize> {
        let (mut from, mut to) = buffers(input, output);
        // SAFETY: a live context, and buffers of the sizes given.
        let code = unsafe { z::ZSTD_decompressStream(self.as_ptr(), &mut to, &mut from) };
        if is_error(code) { Err(code) } else { Ok(Step { read: from.pos, written: to.pos, done: code == 0 }) }
    }
}

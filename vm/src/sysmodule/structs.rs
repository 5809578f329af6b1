//! The struct sequences of `sys`.

use crate::err::PyResult;
use crate::object::ObjRef;
use crate::structseq;
use crate::types::int::PyInt;
use crate::types::str::PyStr;

use super::{config::Config, float};

fn int(n: i64) -> ObjRef {
    PyInt::from_i64(n).into_obj()
}

fn text(text: &str) -> ObjRef {
    PyStr::new(text).into_obj()
}

structseq! {
    /// `sys.version_info`.
    pub static VERSION_INFO = c"sys.version_info", Some(c"sys.version_info\n\nVersion information as a named tuple."), 5, false, [
        (c"major", c"Major release number"),
        (c"minor", c"Minor release number"),
        (c"micro", c"Patch release number"),
        (c"releaselevel", c"'alpha', 'beta', 'candidate', or 'final'"),
        (c"serial", c"Serial release number"),
    ]
}

/// `sys.version_info`.
pub fn version_info() -> PyResult<ObjRef> {
    let (major, minor, micro) = super::VERSION;
    VERSION_INFO.build(vec![int(major.into()), int(minor.into()), int(micro.into()), text("final"), int(0)])
}

structseq! {
    /// `sys.float_info`.
    pub static FLOAT_INFO = c"sys.float_info", Some(c"sys.float_info\n\nA named tuple holding information about the float type. It contains low level\ninformation about the precision and internal representation. Please study\nyour system's :file:`float.h` for more information."), 11, true, [
        (c"max", c"DBL_MAX -- maximum representable finite float"),
        (c"max_exp", c"DBL_MAX_EXP -- maximum int e such that radix**(e-1) is representable"),
        (c"max_10_exp", c"DBL_MAX_10_EXP -- maximum int e such that 10**e is representable"),
        (c"min", c"DBL_MIN -- Minimum positive normalized float"),
        (c"min_exp", c"DBL_MIN_EXP -- minimum int e such that radix**(e-1) is a normalized float"),
        (c"min_10_exp", c"DBL_MIN_10_EXP -- minimum int e such that 10**e is a normalized float"),
        (c"dig", c"DBL_DIG -- maximum number of decimal digits that can be faithfully represented in a float"),
        (c"mant_dig", c"DBL_MANT_DIG -- mantissa digits"),
        (c"epsilon", c"DBL_EPSILON -- Difference between 1 and the next representable float"),
        (c"radix", c"FLT_RADIX -- radix of exponent"),
        (c"rounds", c"FLT_ROUNDS -- rounding mode used for arithmetic operations"),
    ]
}

/// `sys.float_info`.
pub fn float_info() -> PyResult<ObjRef> {
    FLOAT_INFO.build(vec![
        float(f64::MAX),
        int(f64::MAX_EXP.into()),
        int(f64::MAX_10_EXP.into()),
        float(f64::MIN_POSITIVE),
        int(f64::MIN_EXP.into()),
        int(f64::MIN_10_EXP.into()),
        int(f64::DIGITS.into()),
        int(f64::MANTISSA_DIGITS.into()),
        float(f64::EPSILON),
        int(f64::RADIX.into()),
        int(1),
    ])
}

structseq! {
    /// `sys.int_info`.
    pub static INT_INFO = c"sys.int_info", Some(c"sys.int_info\n\nA named tuple that holds information about Python's\ninternal representation of integers.  The attributes are read only."), 4, true, [
        (c"bits_per_digit", c"size of a digit in bits"),
        (c"sizeof_digit", c"size in bytes of the C type used to represent a digit"),
        (c"default_max_str_digits", c"maximum string conversion digits limitation"),
        (c"str_digits_check_threshold", c"minimum positive value for int_max_str_digits"),
    ]
}

/// `sys.int_info`.
pub fn int_info() -> PyResult<ObjRef> {
    INT_INFO.build(vec![int(30), int(4), int(4300), int(640)])
}

structseq! {
    /// `sys.hash_info`.
    pub static HASH_INFO = c"sys.hash_info", Some(c"hash_info\n\nA named tuple providing parameters used for computing hashes. The attributes are read only."), 9, true, [
        (c"width", c"width of the type used for hashing, in bits"),
        (c"modulus", c"prime number giving the modulus on which the hash function is based"),
        (c"inf", c"value to be used for hash of a positive infinity"),
        (c"nan", c"value to be used for hash of a nan"),
        (c"imag", c"multiplier used for the imaginary part of a complex number"),
        (c"algorithm", c"name of the algorithm for hashing of str, bytes and memoryviews"),
        (c"hash_bits", c"internal output size of hash algorithm"),
        (c"seed_bits", c"seed size of hash algorithm"),
        (c"cutoff", c"small string optimization cutoff"),
    ]
}

/// `sys.hash_info`.
pub fn hash_info() -> PyResult<ObjRef> {
    HASH_INFO.build(vec![
        int(64),
        int((1 << 61) - 1),
        int(314_159),
        int(0),
        int(1_000_003),
        text("siphash13"),
        int(64),
        int(128),
        int(0),
    ])
}

structseq! {
    /// `sys.thread_info`.
    pub static THREAD_INFO = c"sys.thread_info", Some(c"sys.thread_info\n\nA named tuple holding information about the thread implementation."), 3, true, [
        (c"name", c"name of the thread implementation"),
        (c"lock", c"name of the lock implementation"),
        (c"version", c"name and version of the thread library"),
    ]
}

/// `sys.thread_info`.
pub fn thread_info() -> PyResult<ObjRef> {
    THREAD_INFO.build(vec![text("pthread"), text("semaphore"), thread_library().map_or_else(crate::none, |v| text(&v))])
}

/// The C library's name for its threads: `NPTL 2.36`.
fn thread_library() -> Option<String> {
    let mut buffer = [0u8; 64];
    // SAFETY: the buffer has the stated size.
    let n = unsafe { libc::confstr(libc::_CS_GNU_LIBPTHREAD_VERSION, buffer.as_mut_ptr() as *mut _, buffer.len()) };
    let end = n.checked_sub(1)?;
    Some(String::from_utf8_lossy(buffer.get(..end)?).into_owned())
}

structseq! {
    /// `sys.flags`. Fields from the 19th on are hidden, as they came after the tuple's length was fixed.
    pub static FLAGS = c"sys.flags", Some(c"sys.flags\n\nFlags provided through command line arguments or environment vars."), 18, false, [
        (c"debug", c"-d"),
        (c"inspect", c"-i"),
        (c"interactive", c"-i"),
        (c"optimize", c"-O or -OO"),
        (c"dont_write_bytecode", c"-B"),
        (c"no_user_site", c"-s"),
        (c"no_site", c"-S"),
        (c"ignore_environment", c"-E"),
        (c"verbose", c"-v"),
        (c"bytes_warning", c"-b"),
        (c"quiet", c"-q"),
        (c"hash_randomization", c"-R"),
        (c"isolated", c"-I"),
        (c"dev_mode", c"-X dev"),
        (c"utf8_mode", c"-X utf8"),
        (c"warn_default_encoding", c"-X warn_default_encoding"),
        (c"safe_path", c"-P"),
        (c"int_max_str_digits", c"-X int_max_str_digits"),
        (c"gil", c"-X gil"),
        (c"thread_inherit_context", c"-X thread_inherit_context"),
        (c"context_aware_warnings", c"-X context_aware_warnings"),
    ]
}

/// `sys.flags`.
pub fn flags(config: &Config) -> PyResult<ObjRef> {
    let flag = |on: bool| int(on.into());
    FLAGS.build(vec![
        flag(config.debug > 0),
        int(config.inspect.get().into()),
        int(config.interactive.into()),
        int(config.optimize.into()),
        flag(config.dont_write_bytecode),
        flag(config.no_user_site),
        flag(config.no_site),
        flag(config.ignore_environment),
        int(config.verbose.into()),
        int(config.bytes_warning.into()),
        flag(config.quiet),
        flag(config.hash_randomization),
        flag(config.isolated),
        crate::py_bool(config.dev_mode),
        flag(config.utf8_mode),
        flag(config.warn_default_encoding),
        crate::py_bool(config.safe_path),
        int(crate::types::int::text::max_str_digits() as i64),
        int(1),
        flag(config.thread_inherit_context),
        flag(config.context_aware_warnings),
    ])
}

structseq! {
    /// What `sys.get_asyncgen_hooks` returns.
    pub static ASYNCGEN_HOOKS = c"asyncgen_hooks", None, 2, true, [
        (c"firstiter", c""),
        (c"finalizer", c""),
    ]
}

structseq! {
    /// The argument of `sys.unraisablehook`.
    pub static UNRAISABLE_ARGS = c"UnraisableHookArgs", Some(c"UnraisableHookArgs\n\nType used to pass arguments to sys.unraisablehook."), 5, true, [
        (c"exc_type", c"Exception type"),
        (c"exc_value", c"Exception value"),
        (c"exc_traceback", c"Exception traceback"),
        (c"err_msg", c"Error message"),
        (c"object", c"Object causing the exception"),
    ]
}

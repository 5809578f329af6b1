//! `sys.float_info` and `sys.int_info`.

use crate::err::PyResult;
use crate::object::refs::ObjRef;
use crate::types::float::PyFloat;
use crate::types::int::{DEFAULT_MAX_STR_DIGITS, PyInt, SHIFT, STR_DIGITS_CHECK_THRESHOLD};

crate::structseq! {
    /// The type of `sys.float_info`.
    pub static FLOAT_INFO = c"sys.float_info",
        Some(c"sys.float_info\n\nA named tuple holding information about the float type. It contains low level\ninformation about the precision and internal representation. Please study\nyour system's :file:`float.h` for more information."),
        11, false, [
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

crate::structseq! {
    /// The type of `sys.int_info`.
    pub static INT_INFO = c"sys.int_info",
        Some(c"A named tuple that holds information about Python's\ninternal representation of integers.  The attributes are read only."),
        4, false, [
            (c"bits_per_digit", c"size of a digit in bits"),
            (c"sizeof_digit", c"size in bytes of the C type used to represent a digit"),
            (c"default_max_str_digits", c"maximum string conversion digits limitation"),
            (c"str_digits_check_threshold", c"minimum positive value for int_max_str_digits"),
        ]
}

/// The value of `sys.float_info`.
///
/// # Errors
/// `MemoryError`.
pub fn float_info() -> PyResult<ObjRef> {
    let float = |value: f64| PyFloat::new(value).into_obj();
    let int = |value: i64| PyInt::from_i64(value).into_obj();
    FLOAT_INFO.build(vec![
        float(f64::MAX),
        int(f64::MAX_EXP as i64),
        int(f64::MAX_10_EXP as i64),
        float(f64::MIN_POSITIVE),
        int(f64::MIN_EXP as i64),
        int(f64::MIN_10_EXP as i64),
        int(f64::DIGITS as i64),
        int(f64::MANTISSA_DIGITS as i64),
        float(f64::EPSILON),
        int(f64::RADIX as i64),
        int(1),
    ])
}

/// The value of `sys.int_info`.
///
/// # Errors
/// `MemoryError`.
pub fn int_info() -> PyResult<ObjRef> {
    let int = |value: i64| PyInt::from_i64(value).into_obj();
    INT_INFO.build(vec![
        int(SHIFT as i64),
        int(4),
        int(DEFAULT_MAX_STR_DIGITS as i64),
        int(STR_DIGITS_CHECK_THRESHOLD as i64),
    ])
}

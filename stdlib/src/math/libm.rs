//! The C library's functions that Rust's standard library does not offer under stable names.

use core::ffi::c_int;

mod c {
    use core::ffi::c_int;
    #[link(name = "m")]
    unsafe extern "C" {
        pub safe fn tgamma(x: f64) -> f64;
        pub safe fn erf(x: f64) -> f64;
        pub safe fn erfc(x: f64) -> f64;
        pub safe fn remainder(x: f64, y: f64) -> f64;
        pub safe fn ldexp(x: f64, n: c_int) -> f64;
        pub safe fn log1p(x: f64) -> f64;
        pub safe fn asinh(x: f64) -> f64;
        pub safe fn acosh(x: f64) -> f64;
        pub safe fn atanh(x: f64) -> f64;
        pub fn lgamma_r(x: f64, sign: *mut c_int) -> f64;
        pub fn frexp(x: f64, exponent: *mut c_int) -> f64;
    }
}

pub use c::{acosh, asinh, atanh, erf, erfc, ldexp, log1p, remainder, tgamma};

/// Logarithm of the gamma function's magnitude.
pub fn lgamma(x: f64) -> f64 {
    let mut sign: c_int = 0;
    // SAFETY: the pointer is to a local.
    unsafe { c::lgamma_r(x, &mut sign) }
}

/// `x == fraction * 2^exponent`, the fraction at least 0.5 and below 1 in magnitude (or zero).
pub fn frexp(x: f64) -> (f64, i32) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let mut exponent: c_int = 0;
    // SAFETY: the pointer is to a local.
    let fraction = unsafe { c::frexp(x, &mut exponent) };
    (fraction, exponent)
}

//! Arithmetic of floats.

use rpy_vm::types::float::ops;

/// `x % y` of floats; `y` is not zero.
pub extern "C" fn float_mod(x: f64, y: f64) -> f64 {
    ops::float_mod(x, y).unwrap_or(f64::NAN)
}

/// `x // y` of floats; `y` is not zero.
pub extern "C" fn float_floordiv(x: f64, y: f64) -> f64 {
    ops::float_floordiv(x, y).unwrap_or(f64::NAN)
}

/// `x ** y`, or NaN where the result is not a finite double: an exception, a complex number, an infinity.
pub extern "C" fn float_pow(x: f64, y: f64) -> f64 {
    if x > 0.0 && x.is_finite() && y.is_finite() {
        let value = pow(x, y);
        return if value.is_finite() { value } else { f64::NAN };
    }
    match ops::float_pow_real(x, y) {
        Ok(Some(value)) if value.is_finite() => value,
        _ => f64::NAN,
    }
}

// The C library's, which do not fail.
unsafe extern "C" {
    pub safe fn sin(x: f64) -> f64;
    pub safe fn cos(x: f64) -> f64;
    pub safe fn tan(x: f64) -> f64;
    pub safe fn atan(x: f64) -> f64;
    pub safe fn exp(x: f64) -> f64;
    pub safe fn fabs(x: f64) -> f64;
    pub safe fn pow(x: f64, y: f64) -> f64;
}

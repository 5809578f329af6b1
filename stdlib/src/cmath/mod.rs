//! `cmath`: complex functions with Python's errors.

mod functions;

/// This module provides access to mathematical functions for complex
/// numbers.
#[expect(non_upper_case_globals, reason = "Python names")]
#[rpy_vm::pymodule(name = "cmath")]
pub mod cmath {
    use super::functions::{self, C, MathError};
    use rpy_vm::convert::{ArgCtx, FromArg};
    use rpy_vm::types::complex::{PyComplex, complex_abs, complex_div};
    use rpy_vm::{PyErr, PyObject, PyResult, Ref, exc};

    #[pyattr]
    const pi: f64 = core::f64::consts::PI;
    #[pyattr]
    const e: f64 = core::f64::consts::E;
    #[pyattr]
    const tau: f64 = core::f64::consts::TAU;
    #[pyattr]
    const inf: f64 = f64::INFINITY;
    #[pyattr]
    const nan: f64 = f64::NAN;

    #[pyattr]
    fn infj() -> Ref<PyComplex> {
        PyComplex::new(0.0, f64::INFINITY)
    }

    #[pyattr]
    fn nanj() -> Ref<PyComplex> {
        PyComplex::new(0.0, f64::NAN)
    }

    /// An argument that is or becomes a complex number.
    struct Z(C);

    impl<'a> FromArg<'a> for Z {
        fn from_arg(object: &'a PyObject, _ctx: &ArgCtx) -> PyResult<Self> {
            let (re, im) = PyComplex::parts_of(object)?;
            Ok(Z(C { re, im }))
        }
    }

    #[cold]
    fn raise(error: MathError) -> PyErr {
        match error {
            MathError::Domain => exc::value_error("math domain error"),
            MathError::Range => exc::overflow_error("math range error"),
        }
    }

    fn answer(result: Result<C, MathError>) -> PyResult<Ref<PyComplex>> {
        result.map(|z| PyComplex::new(z.re, z.im)).map_err(raise)
    }

    /// Return the arc cosine of z.
    #[pyfunction]
    fn acos(z: Z) -> PyResult<Ref<PyComplex>> {
        answer(functions::acos(z.0))
    }

    /// Return the inverse hyperbolic cosine of z.
    #[pyfunction]
    fn acosh(z: Z) -> PyResult<Ref<PyComplex>> {
        answer(functions::acosh(z.0))
    }

    /// Return the arc sine of z.
    #[pyfunction]
    fn asin(z: Z) -> PyResult<Ref<PyComplex>> {
        answer(functions::asin(z.0))
    }

    /// Return the inverse hyperbolic sine of z.
    #[pyfunction]
    fn asinh(z: Z) -> PyResult<Ref<PyComplex>> {
        answer(functions::asinh(z.0))
    }

    /// Return the arc tangent of z.
    #[pyfunction]
    fn atan(z: Z) -> PyResult<Ref<PyComplex>> {
        answer(functions::atan(z.0))
    }

    /// Return the inverse hyperbolic tangent of z.
    #[pyfunction]
    fn atanh(z: Z) -> PyResult<Ref<PyComplex>> {
        answer(functions::atanh(z.0))
    }

    /// Return the cosine of z.
    #[pyfunction]
    fn cos(z: Z) -> PyResult<Ref<PyComplex>> {
        answer(functions::cos(z.0))
    }

    /// Return the hyperbolic cosine of z.
    #[pyfunction]
    fn cosh(z: Z) -> PyResult<Ref<PyComplex>> {
        answer(functions::cosh(z.0))
    }

    /// Return the exponential value e**z.
    #[pyfunction]
    fn exp(z: Z) -> PyResult<Ref<PyComplex>> {
        answer(functions::exp(z.0))
    }

    /// log(z[, base]) -> the logarithm of z to the given base.
    ///
    /// If the base is not specified, returns the natural logarithm (base e) of z.
    #[pyfunction(sig = "(z, base=<unrepresentable>, /)")]
    fn log(z: Z, base: Option<Z>) -> PyResult<Ref<PyComplex>> {
        let numerator = functions::log(z.0).map_err(raise)?;
        let Some(base) = base else {
            return answer(Ok(numerator));
        };
        let denominator = functions::log(base.0).map_err(raise)?;
        let quotient = complex_div((numerator.re, numerator.im), (denominator.re, denominator.im));
        answer(quotient.map(|(re, im)| C { re, im }).ok_or(MathError::Domain))
    }

    /// Return the base-10 logarithm of z.
    #[pyfunction]
    fn log10(z: Z) -> PyResult<Ref<PyComplex>> {
        answer(functions::log10(z.0))
    }

    /// Return the sine of z.
    #[pyfunction]
    fn sin(z: Z) -> PyResult<Ref<PyComplex>> {
        answer(functions::sin(z.0))
    }

    /// Return the hyperbolic sine of z.
    #[pyfunction]
    fn sinh(z: Z) -> PyResult<Ref<PyComplex>> {
        answer(functions::sinh(z.0))
    }

    /// Return the square root of z.
    #[pyfunction]
    fn sqrt(z: Z) -> PyResult<Ref<PyComplex>> {
        answer(functions::sqrt(z.0))
    }

    /// Return the tangent of z.
    #[pyfunction]
    fn tan(z: Z) -> PyResult<Ref<PyComplex>> {
        answer(functions::tan(z.0))
    }

    /// Return the hyperbolic tangent of z.
    #[pyfunction]
    fn tanh(z: Z) -> PyResult<Ref<PyComplex>> {
        answer(functions::tanh(z.0))
    }

    /// Return argument, also known as the phase angle, of a complex.
    #[pyfunction]
    fn phase(z: Z) -> f64 {
        z.0.im.atan2(z.0.re)
    }

    /// Convert a complex from rectangular coordinates to polar coordinates.
    ///
    /// r is the distance from 0 and phi the phase angle.
    #[pyfunction]
    fn polar(z: Z) -> PyResult<(f64, f64)> {
        let Z(z) = z;
        let r = complex_abs((z.re, z.im)).map_err(|_| raise(MathError::Range))?;
        Ok((r, z.im.atan2(z.re)))
    }

    /// Convert from polar coordinates to rectangular coordinates.
    #[pyfunction]
    fn rect(r: f64, phi: f64) -> PyResult<Ref<PyComplex>> {
        answer(functions::rect(r, phi))
    }

    /// Return True if both the real and imaginary parts of z are finite, else False.
    #[pyfunction]
    fn isfinite(z: Z) -> bool {
        z.0.re.is_finite() && z.0.im.is_finite()
    }

    /// Checks if the real or imaginary part of z not a number (NaN).
    #[pyfunction]
    fn isnan(z: Z) -> bool {
        z.0.re.is_nan() || z.0.im.is_nan()
    }

    /// Checks if the real or imaginary part of z is infinite.
    #[pyfunction]
    fn isinf(z: Z) -> bool {
        z.0.re.is_infinite() || z.0.im.is_infinite()
    }

    /// Determine whether two complex numbers are close in value.
    ///
    ///   rel_tol
    ///     maximum difference for being considered "close", relative to the
    ///     magnitude of the input values
    ///   abs_tol
    ///     maximum difference for being considered "close", regardless of the
    ///     magnitude of the input values
    ///
    /// Return True if a is close in value to b, and False otherwise.
    ///
    /// For the values to be considered close, the difference between them must be
    /// smaller than at least one of the tolerances.
    ///
    /// -inf, inf and NaN behave similarly to the IEEE 754 Standard. That is, NaN is
    /// not close to anything, even itself. inf and -inf are only close to themselves.
    #[pyfunction(sig = "(a, b, *, rel_tol=1e-09, abs_tol=0.0)")]
    fn isclose(a: Z, b: Z, rel_tol: f64, abs_tol: f64) -> PyResult<bool> {
        if rel_tol < 0.0 || abs_tol < 0.0 {
            return Err(exc::value_error("tolerances must be non-negative"));
        }
        let (Z(a), Z(b)) = (a, b);
        if a == b {
            return Ok(true);
        }
        if a.re.is_infinite() || a.im.is_infinite() || b.re.is_infinite() || b.im.is_infinite() {
            return Ok(false);
        }
        let abs = |z: C| z.re.hypot(z.im);
        let difference = abs(C { re: a.re - b.re, im: a.im - b.im });
        Ok(difference <= rel_tol * abs(b) || difference <= rel_tol * abs(a) || difference <= abs_tol)
    }
}

//! `math`: real functions with Python's errors, and integer functions.

mod accurate;
pub(crate) mod libm;
mod number_theory;

/// This module provides access to the mathematical functions
/// defined by the C standard.
#[expect(non_upper_case_globals, reason = "Python names")]
#[rpy_vm::pymodule(name = "math")]
pub mod math {
    use super::{accurate, libm, number_theory};
    use rpy_vm::protocol::{call, number, object as po};
    use rpy_vm::types::float::{PyFloat, float_repr_string};
    use rpy_vm::types::int::{PyInt, int_frexp};
    use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, Ref, exc};

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

    #[cold]
    fn domain_error() -> PyErr {
        exc::value_error("math domain error")
    }

    #[cold]
    fn range_error() -> PyErr {
        exc::overflow_error("math range error")
    }

    /// "expected …, got x".
    #[cold]
    fn expected(what: &str, x: f64) -> PyErr {
        exc::value_error(format!("expected {what}, got {}", float_repr_string(x)))
    }

    /// The result of a function of one argument: a NaN that was not put in is a domain error, an infinity an overflow.
    #[inline]
    fn checked(x: f64, result: f64) -> PyResult<f64> {
        if result.is_nan() && !x.is_nan() {
            return Err(domain_error());
        }
        if result.is_infinite() && x.is_finite() {
            return Err(range_error());
        }
        Ok(result)
    }

    /// As [`checked`], for a function with poles: infinities are domain errors too, and the message says what was expected.
    #[inline]
    fn checked_domain(x: f64, result: f64, what: &str) -> PyResult<f64> {
        if (result.is_nan() && !x.is_nan()) || (result.is_infinite() && x.is_finite()) {
            return Err(expected(what, x));
        }
        Ok(result)
    }

    // ---- one argument ----

    /// Return the arc cosine (measured in radians) of x.
    ///
    /// The result is between 0 and pi.
    #[pyfunction]
    fn acos(x: f64) -> PyResult<f64> {
        checked_domain(x, x.acos(), "a number in range from -1 up to 1")
    }

    /// Return the inverse hyperbolic cosine of x.
    #[pyfunction]
    fn acosh(x: f64) -> PyResult<f64> {
        checked_domain(x, libm::acosh(x), "argument value not less than 1")
    }

    /// Return the arc sine (measured in radians) of x.
    ///
    /// The result is between -pi/2 and pi/2.
    #[pyfunction]
    fn asin(x: f64) -> PyResult<f64> {
        checked_domain(x, x.asin(), "a number in range from -1 up to 1")
    }

    /// Return the inverse hyperbolic sine of x.
    #[pyfunction]
    fn asinh(x: f64) -> PyResult<f64> {
        checked(x, libm::asinh(x))
    }

    /// Return the arc tangent (measured in radians) of x.
    ///
    /// The result is between -pi/2 and pi/2.
    #[pyfunction]
    fn atan(x: f64) -> PyResult<f64> {
        checked(x, x.atan())
    }

    /// Return the inverse hyperbolic tangent of x.
    #[pyfunction]
    fn atanh(x: f64) -> PyResult<f64> {
        checked_domain(x, libm::atanh(x), "a number between -1 and 1")
    }

    /// Return the cube root of x.
    #[pyfunction]
    fn cbrt(x: f64) -> PyResult<f64> {
        checked(x, x.cbrt())
    }

    /// Return the cosine of x (measured in radians).
    #[pyfunction]
    fn cos(x: f64) -> PyResult<f64> {
        checked_domain(x, x.cos(), "a finite input")
    }

    /// Return the hyperbolic cosine of x.
    #[pyfunction]
    fn cosh(x: f64) -> PyResult<f64> {
        checked(x, x.cosh())
    }

    /// Error function at x.
    #[pyfunction]
    fn erf(x: f64) -> f64 {
        libm::erf(x)
    }

    /// Complementary error function at x.
    #[pyfunction]
    fn erfc(x: f64) -> f64 {
        libm::erfc(x)
    }

    /// Return e raised to the power of x.
    #[pyfunction]
    fn exp(x: f64) -> PyResult<f64> {
        checked(x, x.exp())
    }

    /// Return 2 raised to the power of x.
    #[pyfunction]
    fn exp2(x: f64) -> PyResult<f64> {
        checked(x, x.exp2())
    }

    /// Return exp(x)-1.
    ///
    /// This function avoids the loss of precision involved in the direct evaluation of exp(x)-1 for small x.
    #[pyfunction]
    fn expm1(x: f64) -> PyResult<f64> {
        checked(x, x.exp_m1())
    }

    /// Return the absolute value of the float x.
    #[pyfunction]
    fn fabs(x: f64) -> f64 {
        x.abs()
    }

    /// Gamma function at x.
    #[pyfunction]
    fn gamma(x: f64) -> PyResult<f64> {
        if x.is_nan() || x == f64::INFINITY {
            return Ok(x);
        }
        if x == f64::NEG_INFINITY || x == 0.0 || (x < 0.0 && x == x.floor()) {
            return Err(expected("a noninteger or positive integer", x));
        }
        if x == x.floor() && x <= 23.0 {
            // Factorials that doubles hold exactly.
            return Ok((1..x as u64).fold(1.0, |product, factor| product * factor as f64));
        }
        if x.abs() < 1e-20 {
            return checked(x, 1.0 / x);
        }
        if x < -200.0 {
            // Underflow; the sign alternates between the poles.
            let odd = x.floor().rem_euclid(2.0) == 1.0;
            return Ok(if odd { -0.0 } else { 0.0 });
        }
        checked(x, libm::tgamma(x))
    }

    /// Natural logarithm of absolute value of Gamma function at x.
    #[pyfunction]
    fn lgamma(x: f64) -> PyResult<f64> {
        if x.is_infinite() {
            return Ok(f64::INFINITY);
        }
        if x == x.floor() && x <= 2.0 {
            if x <= 0.0 {
                return Err(expected("a noninteger or positive integer", x));
            }
            return Ok(0.0);
        }
        checked(x, libm::lgamma(x))
    }

    /// Return the natural logarithm of 1+x (base e).
    ///
    /// The result is computed in a way which is accurate for x near zero.
    #[pyfunction]
    fn log1p(x: f64) -> PyResult<f64> {
        checked_domain(x, libm::log1p(x), "argument value > -1")
    }

    /// Return the sine of x (measured in radians).
    #[pyfunction]
    fn sin(x: f64) -> PyResult<f64> {
        checked_domain(x, x.sin(), "a finite input")
    }

    /// Return the hyperbolic sine of x.
    #[pyfunction]
    fn sinh(x: f64) -> PyResult<f64> {
        checked(x, x.sinh())
    }

    /// Return the square root of x.
    #[pyfunction]
    fn sqrt(x: f64) -> PyResult<f64> {
        checked_domain(x, x.sqrt(), "a nonnegative input")
    }

    /// Return the tangent of x (measured in radians).
    #[pyfunction]
    fn tan(x: f64) -> PyResult<f64> {
        checked_domain(x, x.tan(), "a finite input")
    }

    /// Return the hyperbolic tangent of x.
    #[pyfunction]
    fn tanh(x: f64) -> PyResult<f64> {
        checked(x, x.tanh())
    }

    /// Convert angle x from radians to degrees.
    #[pyfunction]
    fn degrees(x: f64) -> f64 {
        x * (180.0 / core::f64::consts::PI)
    }

    /// Convert angle x from degrees to radians.
    #[pyfunction]
    fn radians(x: f64) -> f64 {
        x * (core::f64::consts::PI / 180.0)
    }

    /// Return True if x is neither an infinity nor a NaN, and False otherwise.
    #[pyfunction]
    fn isfinite(x: f64) -> bool {
        x.is_finite()
    }

    /// Return True if x is a positive or negative infinity, and False otherwise.
    #[pyfunction]
    fn isinf(x: f64) -> bool {
        x.is_infinite()
    }

    /// Return True if x is a NaN (not a number), and False otherwise.
    #[pyfunction]
    fn isnan(x: f64) -> bool {
        x.is_nan()
    }

    /// Return the value of the least significant bit of the float x.
    #[pyfunction]
    fn ulp(x: f64) -> f64 {
        if x.is_nan() {
            return x;
        }
        let x = x.abs();
        if x.is_infinite() {
            return x;
        }
        let next = x.next_up();
        if next.is_infinite() { x - x.next_down() } else { next - x }
    }

    /// Return the mantissa and exponent of x, as pair (m, e).
    ///
    /// m is a float and e is an int, such that x = m * 2.**e.
    /// If x is 0, m and e are both 0.  Else 0.5 <= abs(m) < 1.0.
    #[pyfunction]
    fn frexp(x: f64) -> (f64, i32) {
        libm::frexp(x)
    }

    /// Return the fractional and integer parts of x.
    ///
    /// Both results carry the sign of x and are floats.
    #[pyfunction]
    fn modf(x: f64) -> (f64, f64) {
        if x.is_infinite() {
            return (0.0_f64.copysign(x), x);
        }
        if x.is_nan() {
            return (x, x);
        }
        let whole = x.trunc();
        ((x - whole).copysign(x), whole)
    }

    // ---- to integers ----

    /// What a rounding function gives: floats directly, others by their special method.
    fn rounded(x: &PyObject, round: fn(f64) -> f64, name: &'static rpy_vm::types::str::PyStr) -> PyResult<ObjRef> {
        if let Some(float) = x.downcast_exact::<PyFloat>() {
            return Ok(PyInt::from_f64_trunc(round(float.value()))?.into_obj());
        }
        if let Some(method) = po::lookup_special(x, name)? {
            return call::call_noargs(&method);
        }
        Ok(PyInt::from_f64_trunc(round(number::float(x)?))?.into_obj())
    }

    /// Return the ceiling of x as an Integral.
    ///
    /// This is the smallest integer >= x.
    #[pyfunction]
    fn ceil(x: &PyObject) -> PyResult<ObjRef> {
        rounded(x, f64::ceil, rpy_vm::intern!("__ceil__"))
    }

    /// Return the floor of x as an Integral.
    ///
    /// This is the largest integer <= x.
    #[pyfunction]
    fn floor(x: &PyObject) -> PyResult<ObjRef> {
        rounded(x, f64::floor, rpy_vm::intern!("__floor__"))
    }

    /// Truncates the Real x to the nearest Integral toward 0.
    ///
    /// Uses the __trunc__ magic method.
    #[pyfunction]
    fn trunc(x: &PyObject) -> PyResult<ObjRef> {
        if let Some(float) = x.downcast_exact::<PyFloat>() {
            return Ok(PyInt::from_f64_trunc(float.value())?.into_obj());
        }
        match po::lookup_special(x, rpy_vm::intern!("__trunc__"))? {
            Some(method) => call::call_noargs(&method),
            None => Err(exc::type_error(format!("type {} doesn't define __trunc__ method", x.ty().name()))),
        }
    }

    // ---- logarithms ----

    /// A logarithm of a float or of an int of any size; `of` computes it, `two` is the logarithm of 2.
    fn logarithm(x: &PyObject, of: fn(f64) -> f64, two: f64) -> PyResult<f64> {
        if let Some(int) = x.downcast_ref::<PyInt>() {
            if int.sign() <= 0 {
                return Err(exc::value_error("expected a positive input"));
            }
            return Ok(match int.to_f64_opt() {
                Some(value) => of(value),
                None => {
                    let (fraction, exponent) = int_frexp(int);
                    of(fraction) + two * exponent as f64
                }
            });
        }
        let value = number::as_f64(x)?;
        if value <= 0.0 { Err(expected("a positive input", value)) } else { Ok(of(value)) }
    }

    fn natural(x: &PyObject) -> PyResult<f64> {
        logarithm(x, f64::ln, core::f64::consts::LN_2)
    }

    /// log(x, [base=math.e])
    /// Return the logarithm of x to the given base.
    ///
    /// If the base is not specified, returns the natural logarithm (base e) of x.
    #[pyfunction(sig = "(x, base=<unrepresentable>, /)")]
    fn log(x: &PyObject, base: Option<&PyObject>) -> PyResult<f64> {
        let numerator = natural(x)?;
        match base {
            None => Ok(numerator),
            Some(base) => rpy_vm::types::float::float_div(numerator, natural(base)?),
        }
    }

    /// Return the base 10 logarithm of x.
    #[pyfunction]
    fn log10(x: &PyObject) -> PyResult<f64> {
        logarithm(x, f64::log10, core::f64::consts::LOG10_2)
    }

    /// Return the base 2 logarithm of x.
    #[pyfunction]
    fn log2(x: &PyObject) -> PyResult<f64> {
        logarithm(x, f64::log2, 1.0)
    }

    // ---- two and three arguments ----

    /// Return the arc tangent (measured in radians) of y/x.
    ///
    /// Unlike atan(y/x), the signs of both x and y are considered.
    #[pyfunction]
    fn atan2(y: f64, x: f64) -> f64 {
        y.atan2(x)
    }

    /// Return a float with the magnitude (absolute value) of x but the sign of y.
    ///
    /// On platforms that support signed zeros, copysign(1.0, -0.0)
    /// returns -1.0.
    #[pyfunction]
    fn copysign(x: f64, y: f64) -> f64 {
        x.copysign(y)
    }

    /// Return fmod(x, y), according to platform C.
    ///
    /// x % y may differ.
    #[pyfunction]
    fn fmod(x: f64, y: f64) -> PyResult<f64> {
        if y.is_infinite() && x.is_finite() {
            return Ok(x);
        }
        let result = x % y;
        if result.is_nan() && !x.is_nan() && !y.is_nan() { Err(domain_error()) } else { Ok(result) }
    }

    /// Difference between x and the closest integer multiple of y.
    ///
    /// Return x - n*y where n*y is the closest integer multiple of y.
    /// In the case where x is exactly halfway between two multiples of
    /// y, the nearest even value of n is used. The result is always exact.
    #[pyfunction]
    fn remainder(x: f64, y: f64) -> PyResult<f64> {
        let result = libm::remainder(x, y);
        if result.is_nan() && !x.is_nan() && !y.is_nan() { Err(domain_error()) } else { Ok(result) }
    }

    /// Return x**y (x to the power of y).
    #[pyfunction]
    fn pow(x: f64, y: f64) -> PyResult<f64> {
        let result = x.powf(y);
        if x.is_finite() && y.is_finite() {
            if result.is_nan() {
                return Err(domain_error());
            }
            if result.is_infinite() {
                return Err(if x == 0.0 { domain_error() } else { range_error() });
            }
        }
        Ok(result)
    }

    /// Fused multiply-add operation.
    ///
    /// Compute (x * y) + z with a single round.
    #[pyfunction]
    fn fma(x: f64, y: f64, z: f64) -> PyResult<f64> {
        let result = x.mul_add(y, z);
        if result.is_nan() {
            if !x.is_nan() && !y.is_nan() && !z.is_nan() {
                return Err(exc::value_error("invalid operation in fma"));
            }
        } else if result.is_infinite() && x.is_finite() && y.is_finite() && z.is_finite() {
            return Err(exc::overflow_error("overflow in fma"));
        }
        Ok(result)
    }

    /// Return x * (2**i).
    ///
    /// This is essentially the inverse of frexp().
    #[pyfunction]
    fn ldexp(x: f64, i: &PyObject) -> PyResult<f64> {
        let Some(exponent) = i.downcast_ref::<PyInt>() else {
            return Err(exc::type_error("Expected an int as second argument to ldexp."));
        };
        if x == 0.0 || !x.is_finite() {
            return Ok(x);
        }
        let limit = i32::MAX as i64;
        let exponent = match exponent.as_i64() {
            Some(value) => value.clamp(-limit, limit),
            None => limit * exponent.sign() as i64,
        };
        let result = libm::ldexp(x, exponent as i32);
        if result.is_infinite() { Err(range_error()) } else { Ok(result) }
    }

    /// Determine whether two floating-point numbers are close in value.
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
    /// For the values to be considered close, the difference between them
    /// must be smaller than at least one of the tolerances.
    ///
    /// -inf, inf and NaN behave similarly to the IEEE 754 Standard.  That
    /// is, NaN is not close to anything, even itself.  inf and -inf are
    /// only close to themselves.
    #[pyfunction(sig = "(a, b, *, rel_tol=1e-09, abs_tol=0.0)")]
    fn isclose(a: f64, b: f64, rel_tol: f64, abs_tol: f64) -> PyResult<bool> {
        if rel_tol < 0.0 || abs_tol < 0.0 {
            return Err(exc::value_error("tolerances must be non-negative"));
        }
        if a == b {
            return Ok(true);
        }
        if a.is_infinite() || b.is_infinite() {
            return Ok(false);
        }
        let difference = (b - a).abs();
        Ok(difference <= (rel_tol * b).abs() || difference <= (rel_tol * a).abs() || difference <= abs_tol)
    }

    /// Return the floating-point value the given number of steps after x towards y.
    ///
    /// If steps is not specified or is None, it defaults to 1.
    ///
    /// Raises a TypeError, if x or y is not a double, or if steps is not an integer.
    /// Raises ValueError if steps is negative.
    #[pyfunction(sig = "(x, y, /, *, steps=None)")]
    fn nextafter(x: f64, y: f64, steps: Option<&PyObject>) -> PyResult<f64> {
        let steps = match steps {
            None => {
                let next = steps_after(x, y, 1);
                // Zero is reached from x's side.
                return Ok(if next == 0.0 && x != 0.0 { next.copysign(x) } else { next });
            }
            Some(steps) => {
                let steps = number::index(steps)?;
                if steps.is_negative() {
                    return Err(exc::value_error("steps must be a non-negative integer"));
                }
                steps.as_u64().unwrap_or(u64::MAX)
            }
        };
        Ok(steps_after(x, y, steps))
    }

    /// Walks along the doubles, which are ordered as their bits (with the sign taken apart).
    fn steps_after(x: f64, y: f64, steps: u64) -> f64 {
        if x.is_nan() {
            return x;
        }
        if y.is_nan() {
            return y;
        }
        if steps == 0 {
            return x;
        }
        if x == y {
            return y;
        }
        const SIGN: u64 = 1 << 63;
        let position = |v: f64| {
            let bits = v.to_bits();
            if bits & SIGN == 0 { bits as i64 } else { -((bits & !SIGN) as i64) }
        };
        let (from, to) = (position(x), position(y));
        let distance = from.abs_diff(to);
        if steps >= distance {
            return y;
        }
        let at = if to > from { from.wrapping_add(steps as i64) } else { from.wrapping_sub(steps as i64) };
        let magnitude = f64::from_bits(at.unsigned_abs());
        // A zero reached from below is negative.
        if at < 0 || (at == 0 && from < 0) { -magnitude } else { magnitude }
    }

    // ---- many arguments ----

    /// hypot(*coordinates) -> value
    ///
    /// Multidimensional Euclidean distance from the origin to a point.
    ///
    /// Roughly equivalent to:
    ///     sqrt(sum(x**2 for x in coordinates))
    ///
    /// For a two dimensional point (x, y), gives the hypotenuse
    /// using the Pythagorean theorem:  sqrt(x*x + y*y).
    ///
    /// For example, the hypotenuse of a 3/4/5 right triangle is:
    ///
    ///     >>> hypot(3.0, 4.0)
    ///     5.0
    #[pyfunction(sig = "(*coordinates)")]
    fn hypot(coordinates: &[&PyObject]) -> PyResult<f64> {
        accurate::hypot(coordinates)
    }

    /// Return the Euclidean distance between two points p and q.
    ///
    /// The points should be specified as sequences (or iterables) of
    /// coordinates.  Both inputs must have the same dimension.
    ///
    /// Roughly equivalent to:
    ///     sqrt(sum((px - qx) ** 2.0 for px, qx in zip(p, q)))
    #[pyfunction]
    fn dist(p: &PyObject, q: &PyObject) -> PyResult<f64> {
        accurate::dist(p, q)
    }

    /// Return an accurate floating-point sum of values in the iterable seq.
    ///
    /// Assumes IEEE-754 floating-point arithmetic.
    #[pyfunction]
    fn fsum(seq: &PyObject) -> PyResult<f64> {
        accurate::fsum(seq)
    }

    /// Return the sum of products of values from two iterables p and q.
    ///
    /// Roughly equivalent to:
    ///
    ///     sum(map(operator.mul, p, q, strict=True))
    ///
    /// For float and mixed int/float inputs, the intermediate products
    /// and sums are computed with extended precision.
    #[pyfunction]
    fn sumprod(p: &PyObject, q: &PyObject) -> PyResult<ObjRef> {
        accurate::sumprod(p, q)
    }

    /// Calculate the product of all the elements in the input iterable.
    ///
    /// The default start value for the product is 1.
    ///
    /// When the iterable is empty, return the start value.  This function is
    /// intended specifically for use with numeric values and may reject
    /// non-numeric types.
    #[pyfunction(sig = "(iterable, /, *, start=1)")]
    fn prod(iterable: &PyObject, start: Option<&PyObject>) -> PyResult<ObjRef> {
        let iterator = po::get_iter(iterable)?;
        let mut result = match start {
            Some(start) => start.new_ref(),
            None => PyInt::one().into_obj(),
        };
        // Machine integers and floats are multiplied without making objects.
        let mut pending = None;
        if let Some(mut product) = result.downcast_exact::<PyInt>().and_then(PyInt::as_i64) {
            loop {
                let Some(item) = po::iter_next(&iterator)? else {
                    return Ok(PyInt::from_i64(product).into_obj());
                };
                match item
                    .downcast_exact::<PyInt>()
                    .and_then(PyInt::as_i64)
                    .and_then(|value| product.checked_mul(value))
                {
                    Some(next) => product = next,
                    None => {
                        pending = Some(number::multiply(&PyInt::from_i64(product).into_obj(), &item)?);
                        break;
                    }
                }
            }
        }
        if let Some(value) = pending {
            result = value;
        }
        if let Some(mut product) = result.downcast_exact::<PyFloat>().map(PyFloat::value) {
            loop {
                let Some(item) = po::iter_next(&iterator)? else {
                    return Ok(PyFloat::new(product).into_obj());
                };
                if let Some(value) = item.downcast_exact::<PyFloat>() {
                    product *= value.value();
                } else if let Some(value) = item.downcast_exact::<PyInt>().and_then(PyInt::as_i64) {
                    product *= value as f64;
                } else {
                    result = number::multiply(&PyFloat::new(product).into_obj(), &item)?;
                    break;
                }
            }
        }
        while let Some(item) = po::iter_next(&iterator)? {
            result = number::multiply(&result, &item)?;
        }
        Ok(result)
    }

    // ---- integers ----

    /// Find n!.
    ///
    /// Raise a ValueError if x is negative or non-integral.
    #[pyfunction]
    fn factorial(n: &PyObject) -> PyResult<Ref<PyInt>> {
        number_theory::factorial(n)
    }

    /// Number of ways to choose k items from n items without repetition and without order.
    ///
    /// Evaluates to n! / (k! * (n - k)!) when k <= n and evaluates
    /// to zero when k > n.
    ///
    /// Also called the binomial coefficient because it is equivalent
    /// to the coefficient of k-th term in polynomial expansion of the
    /// expression (1 + x)**n.
    ///
    /// Raises TypeError if either of the arguments are not integers.
    /// Raises ValueError if either of the arguments are negative.
    #[pyfunction]
    fn comb(n: &PyObject, k: &PyObject) -> PyResult<Ref<PyInt>> {
        number_theory::comb(n, k)
    }

    /// Number of ways to choose k items from n items without repetition and with order.
    ///
    /// Evaluates to n! / (n - k)! when k <= n and evaluates
    /// to zero when k > n.
    ///
    /// If k is not specified or is None, then k defaults to n
    /// and the function returns n!.
    ///
    /// Raises TypeError if either of the arguments are not integers.
    /// Raises ValueError if either of the arguments are negative.
    #[pyfunction(sig = "(n, k=None, /)")]
    fn perm(n: &PyObject, k: Option<&PyObject>) -> PyResult<Ref<PyInt>> {
        number_theory::perm(n, k)
    }

    /// Return the integer part of the square root of the input.
    #[pyfunction]
    fn isqrt(n: &PyObject) -> PyResult<Ref<PyInt>> {
        number_theory::isqrt(n)
    }

    /// Greatest Common Divisor.
    #[pyfunction(sig = "(*integers)")]
    fn gcd(integers: &[&PyObject]) -> PyResult<Ref<PyInt>> {
        number_theory::gcd(integers)
    }

    /// Least Common Multiple.
    #[pyfunction(sig = "(*integers)")]
    fn lcm(integers: &[&PyObject]) -> PyResult<Ref<PyInt>> {
        number_theory::lcm(integers)
    }
}

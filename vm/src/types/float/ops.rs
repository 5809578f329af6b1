//! Float arithmetic with Python's rules for signs, zeros and infinities; exact comparison with ints; hashing.

use core::cmp::Ordering;

use super::PyFloat;
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyClass};
use crate::object::slots::CompareOp;
use crate::types::int::{HASH_MODULUS, PyInt, int_cmp};
use crate::types::str::PyStr;

/// Hash of the infinities.
pub const HASH_INF: isize = 314_159;

/// A float or an int as a double; `None` for anything else.
///
/// # Errors
/// `OverflowError` for an int that is too large.
#[inline(always)]
pub fn as_operand(object: &PyObject) -> PyResult<Option<f64>> {
    if let Some(float) = object.downcast_ref::<PyFloat>() {
        return Ok(Some(float.value()));
    }
    match object.downcast_ref::<PyInt>() {
        Some(int) => int.to_f64().map(Some),
        None => Ok(None),
    }
}

#[cold]
#[inline(never)]
fn zero_division() -> PyErr {
    exc::zero_division_error("division by zero")
}

/// `OverflowError(34, 'Numerical result out of range')`.
#[cold]
#[inline(never)]
pub fn range_error() -> PyErr {
    PyErr::with_args(
        exc::OverflowError(),
        vec![PyInt::from_i64(34).into_obj(), PyStr::new("Numerical result out of range").into_obj()],
    )
}

/// `x / y`.
#[inline(always)]
pub fn float_div(x: f64, y: f64) -> PyResult<f64> {
    if y == 0.0 { Err(zero_division()) } else { Ok(x / y) }
}

/// `x % y`: has the sign of `y`.
#[inline]
pub fn float_mod(x: f64, y: f64) -> PyResult<f64> {
    if y == 0.0 {
        return Err(zero_division());
    }
    let rest = x % y;
    Ok(if rest == 0.0 {
        // The sign of zero follows the divisor.
        0.0_f64.copysign(y)
    } else if (y < 0.0) != (rest < 0.0) {
        rest + y
    } else {
        rest
    })
}

/// `divmod(x, y)`.
#[inline]
pub fn float_divmod(x: f64, y: f64) -> PyResult<(f64, f64)> {
    if y == 0.0 {
        return Err(zero_division());
    }
    let mut rest = x % y;
    let mut quotient = (x - rest) / y;
    if rest == 0.0 {
        rest = 0.0_f64.copysign(y);
    } else if (y < 0.0) != (rest < 0.0) {
        rest += y;
        quotient -= 1.0;
    }
    // The quotient is an integer up to rounding: snap it.
    let floor = if quotient == 0.0 {
        0.0_f64.copysign(x / y)
    } else {
        let floor = quotient.floor();
        if quotient - floor > 0.5 { floor + 1.0 } else { floor }
    };
    Ok((floor, rest))
}

/// `x // y`.
#[inline]
pub fn float_floordiv(x: f64, y: f64) -> PyResult<f64> {
    float_divmod(x, y).map(|(quotient, _)| quotient)
}

/// `x ** y` as a float, or `None` where the result is complex (negative base, fractional exponent).
pub fn float_pow_real(x: f64, y: f64) -> PyResult<Option<f64>> {
    if y == 0.0 {
        return Ok(Some(1.0));
    }
    if x.is_nan() {
        return Ok(Some(x));
    }
    if y.is_nan() {
        return Ok(Some(if x == 1.0 { 1.0 } else { y }));
    }
    if y.is_infinite() {
        let magnitude = x.abs();
        return Ok(Some(if magnitude == 1.0 {
            1.0
        } else if (y > 0.0) == (magnitude > 1.0) {
            y.abs()
        } else {
            0.0
        }));
    }
    let y_is_odd = y.abs() % 2.0 == 1.0;
    if x.is_infinite() {
        return Ok(Some(if y > 0.0 {
            if y_is_odd { x } else { x.abs() }
        } else if y_is_odd {
            0.0_f64.copysign(x)
        } else {
            0.0
        }));
    }
    if x == 0.0 {
        if y < 0.0 {
            return Err(exc::zero_division_error("zero to a negative power"));
        }
        return Ok(Some(if y_is_odd { x } else { 0.0 }));
    }
    let mut base = x;
    let mut negate = false;
    if x < 0.0 {
        if y != y.floor() {
            return Ok(None);
        }
        negate = y_is_odd;
        base = -x;
    }
    if base == 1.0 {
        return Ok(Some(if negate { -1.0 } else { 1.0 }));
    }
    let result = base.powf(y);
    if result.is_infinite() {
        return Err(range_error());
    }
    Ok(Some(if negate { -result } else { result }))
}

/// `x ** y`: a float or a complex number.
pub fn float_pow(x: f64, y: f64) -> PyResult<ObjRef> {
    match float_pow_real(x, y)? {
        Some(value) => Ok(PyFloat::new(value).into_obj()),
        None => {
            let (re, im) = crate::types::complex::complex_pow((x, 0.0), (y, 0.0))?;
            Ok(crate::types::complex::PyComplex::new(re, im).into_obj())
        }
    }
}

/// Exact comparison of a float with an int; `None` when the float is not a number.
pub fn float_cmp_int(x: f64, i: &PyInt) -> Option<Ordering> {
    if i.is_compact() {
        return x.partial_cmp(&(i.compact_value() as f64));
    }
    if x.is_nan() {
        return None;
    }
    if x.is_infinite() {
        return Some(if x > 0.0 { Ordering::Greater } else { Ordering::Less });
    }
    let whole = x.trunc();
    let order = int_cmp(&PyInt::from_f64_finite(whole), i);
    Some(match order {
        // Equal in the integer part: what is behind the point decides.
        Ordering::Equal => x.partial_cmp(&whole)?,
        other => other,
    })
}

/// `x <op> other`, or `None` when `other` is neither float nor int.
#[inline]
pub fn float_compare(x: f64, other: &PyObject, op: CompareOp) -> Option<bool> {
    let order = match other.downcast_ref::<PyFloat>() {
        Some(other) => x.partial_cmp(&other.value()),
        None => float_cmp_int(x, other.downcast_ref::<PyInt>()?),
    };
    Some(match order {
        Some(order) => op.matches(order),
        None => op == CompareOp::Ne,
    })
}

/// The hash of a number that is not a NaN (0 for that): equal to the hash of an equal int.
pub fn hash_double(value: f64) -> isize {
    if !value.is_finite() {
        return if value.is_nan() {
            0
        } else if value > 0.0 {
            HASH_INF
        } else {
            -HASH_INF
        };
    }
    // Whole numbers of moderate size are their own hash.
    let whole = value as i64;
    if whole as f64 == value && whole.unsigned_abs() < 1 << 53 {
        return if whole == -1 { -2 } else { whole as isize };
    }
    let bits = value.to_bits();
    let exponent_bits = (bits >> 52 & 0x7ff) as i64;
    let fraction = bits & ((1 << 52) - 1);
    // value == mantissa * 2^exponent
    let (mantissa, exponent) =
        if exponent_bits == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent_bits - 1075) };
    // Multiplication by a power of two is a rotation of the 61 bits.
    let turn = exponent.rem_euclid(61) as u32;
    let hash = (mantissa << turn & HASH_MODULUS) | if turn == 0 { 0 } else { mantissa >> (61 - turn) };
    let hash = if hash == HASH_MODULUS { 0 } else { hash as isize };
    let hash = if value < 0.0 { -hash } else { hash };
    if hash == -1 { -2 } else { hash }
}

/// The hash of an address, as NaNs have it.
pub fn hash_pointer(address: usize) -> isize {
    let hash = address.rotate_right(4) as isize;
    if hash == -1 { -2 } else { hash }
}

/// `hash(float)`: NaNs hash by identity.
pub fn hash_double_of(object: &PyObject, value: f64) -> isize {
    if value.is_nan() { hash_pointer(object.as_ptr() as usize) } else { hash_double(value) }
}

/// `round(x)` to the nearest integer, ties to even.
#[inline]
pub fn round_half_even(x: f64) -> f64 {
    x.round_ties_even()
}

const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// `round(x, ndigits)`, correctly rounded in decimal.
///
/// # Errors
/// `OverflowError` when the rounded number is too large.
pub fn float_round(x: f64, ndigits: i64) -> PyResult<f64> {
    if !x.is_finite() {
        return Ok(x);
    }
    if let Some(&power) = usize::try_from(ndigits).ok().and_then(|n| POWERS_OF_TEN.get(n)) {
        // Scaling errs by less than an ulp: unless that could carry the number over the midpoint, the scaled integer is
        // right, and dividing two exact doubles gives the nearest one.
        let scaled = x * power;
        if scaled.abs() < 4_503_599_627_370_496.0 {
            let nearest = scaled.round_ties_even();
            let distance = (scaled - nearest).abs();
            if (distance - 0.5).abs() > scaled.abs() * f64::EPSILON {
                let rounded = nearest / power;
                return Ok(if rounded == 0.0 { 0.0_f64.copysign(x) } else { rounded });
            }
        }
    }
    let ndigits = ndigits.clamp(-1_000_000, 1_000_000) as i32;
    rustpython_common::float_ops::round_float_digits(x, ndigits)
        .ok_or_else(|| exc::overflow_error("rounded value too large to represent"))
}

/// `numerator, denominator` in lowest terms of a finite number, the numerator with the sign.
pub fn float_ratio(value: f64) -> (crate::object::refs::Ref<PyInt>, crate::object::refs::Ref<PyInt>) {
    if value == 0.0 {
        return (PyInt::zero(), PyInt::one());
    }
    let bits = value.to_bits();
    let exponent_bits = (bits >> 52 & 0x7ff) as i64;
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) =
        if exponent_bits == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent_bits - 1075) };
    let twos = mantissa.trailing_zeros() as i64;
    let exponent = exponent + twos;
    let mantissa = (mantissa >> twos) as i64;
    let numerator = PyInt::from_i64(if value < 0.0 { -mantissa } else { mantissa });
    let shift = |int: &PyInt, bits: i64| match crate::types::int::int_shl_bits(int, bits.unsigned_abs()) {
        Ok(shifted) => shifted,
        // At most 1,074 bits.
        Err(_) => PyInt::zero(),
    };
    if exponent >= 0 {
        (shift(&numerator, exponent), PyInt::one())
    } else {
        (numerator, shift(PyInt::small_ref(1), exponent))
    }
}

/// Is it a float or a subtype?
#[inline]
pub fn is_float(object: &PyObject) -> bool {
    PyFloat::check(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_agree_with_reduction() {
        // 2^61 is 1 modulo 2^61 - 1.
        assert_eq!(hash_double((1_u64 << 61) as f64), 1);
        assert_eq!(hash_double(0.5), 1 << 60);
        assert_eq!(hash_double(-1.0), -2);
        assert_eq!(hash_double(1.5), (1 << 60) + 1);
        assert_eq!(hash_double(f64::INFINITY), HASH_INF);
    }

    #[test]
    fn rounding_in_decimal() {
        for (x, n, want) in [
            (2.675, 2, 2.67),
            (1.005, 2, 1.0),
            (0.5, 0, 0.0),
            (1.5, 0, 2.0),
            (2.5, 0, 2.0),
            (0.285, 2, 0.28),
            (1234.5678, -2, 1200.0),
            (150.0, -2, 200.0),
            (250.0, -2, 200.0),
            (5e15, -1, 5e15),
            (-0.04, 1, -0.0),
            (1e300, 5, 1e300),
        ] {
            let got = float_round(x, n).map(f64::to_bits).ok();
            assert_eq!(got, Some(f64::to_bits(want)), "round({x}, {n})");
        }
    }
}

//! `pow` on ints: plain, modular, and with negative exponents.

use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer;
use num_traits::{One, Zero};

use super::arith::{int_mul, int_shl_bits, zero_division};
use super::{PyInt, convert};
use crate::err::PyResult;
use crate::exc;
use crate::object::refs::ObjRef;

/// `pow(base, exponent, modulus)`.
pub fn int_pow(base: &PyInt, exponent: &PyInt, modulus: Option<&PyInt>) -> PyResult {
    if let Some(modulus) = modulus {
        return pow_mod(base, exponent, modulus);
    }
    if exponent.is_negative() {
        // A float result: 0 ** -1 is an error there.
        let x = convert::int_to_f64(base)?;
        let y = convert::int_to_f64(exponent)?;
        return crate::types::float::float_pow(x, y);
    }
    pow_positive(base, exponent)
}

fn pow_positive(base: &PyInt, exponent: &PyInt) -> PyResult {
    if exponent.is_zero() {
        return Ok(PyInt::one().into_obj());
    }
    if let Some(b) = base.medium_value() {
        match b {
            0 | 1 => return Ok(PyInt::from_i64(b).into_obj()),
            -1 => return Ok(PyInt::from_i64(if exponent.is_odd() { -1 } else { 1 }).into_obj()),
            _ => {}
        }
    }
    let Some(e) = exponent.as_u64() else {
        return Err(exc::overflow_error("too many digits in integer"));
    };
    // Results below 2^127 without any big number.
    if let Some(b) = base.medium_value()
        && e <= 127
        && let Some(value) = (b as i128).checked_pow(e as u32)
    {
        return Ok(PyInt::from_i128(value).into_obj());
    }
    if e == 2 {
        return Ok(int_mul(base, base));
    }
    let bits = base.bit_length() as u128 * e as u128;
    reserve(bits)?;
    // Powers of two are shifts.
    let twos = trailing_zeros(base);
    let negative = base.is_negative() && e & 1 == 1;
    if twos + 1 == base.bit_length() {
        let shift = twos as u128 * e as u128;
        let shift = u64::try_from(shift).map_err(|_| exc::memory_error())?;
        return Ok(int_shl_bits(PyInt::small_ref(if negative { -1 } else { 1 }), shift)?.into_obj());
    }
    let power = num_traits::Pow::pow(base.to_biguint(), e);
    Ok(PyInt::from_biguint(negative, &power).into_obj())
}

/// Number of zero bits at the low end; the value is not zero.
fn trailing_zeros(value: &PyInt) -> u64 {
    let digits = value.digits();
    let words = digits.iter().take_while(|&&d| d == 0).count();
    words as u64 * super::SHIFT as u64 + digits.get(words).map_or(0, |d| d.trailing_zeros() as u64)
}

/// Sees whether memory for a number of so many bits can be had at all.
fn reserve(bits: u128) -> PyResult<()> {
    // Small results need no test.
    if bits < 1 << 27 {
        return Ok(());
    }
    let bytes =
        usize::try_from(bits / 8 + 8).ok().filter(|&n| n < isize::MAX as usize / 4).ok_or_else(exc::memory_error)?;
    let probe = crate::object::alloc::mem_alloc(bytes * 2);
    if probe.is_null() {
        return Err(exc::memory_error());
    }
    // SAFETY: just allocated.
    unsafe { crate::object::alloc::mem_free(probe) };
    Ok(())
}

fn pow_mod(base: &PyInt, exponent: &PyInt, modulus: &PyInt) -> PyResult {
    if modulus.is_zero() {
        return Err(exc::value_error("pow() 3rd argument cannot be 0"));
    }
    if let (Some(b), Some(e), Some(m)) = (base.medium_value(), exponent.medium_value(), modulus.medium_value())
        && e >= 0
    {
        return Ok(PyInt::from_i64(pow_mod_small(b, e as u64, m)).into_obj());
    }
    let m = modulus.to_biguint();
    if m.is_one() {
        return Ok(PyInt::zero().into_obj());
    }
    let mut b = base.to_bigint().mod_floor(&BigInt::from_biguint(Sign::Plus, m.clone())).into_parts().1;
    if exponent.is_negative() {
        b = invert(&b, &m)?;
    }
    let result = b.modpow(&exponent.to_biguint(), &m);
    Ok(with_modulus_sign(result, &m, modulus.is_negative()))
}

/// The residue with the sign of the modulus.
fn with_modulus_sign(residue: BigUint, modulus: &BigUint, negative: bool) -> ObjRef {
    if negative && !residue.is_zero() {
        PyInt::from_biguint(true, &(modulus - residue)).into_obj()
    } else {
        PyInt::from_biguint(false, &residue).into_obj()
    }
}

fn pow_mod_small(base: i64, mut exponent: u64, modulus: i64) -> i64 {
    let m = modulus.unsigned_abs() as u128;
    let mut b = (base as i128).rem_euclid(m as i128) as u128;
    let mut result = 1 % m;
    while exponent != 0 {
        if exponent & 1 == 1 {
            result = result * b % m;
        }
        exponent >>= 1;
        if exponent != 0 {
            b = b * b % m;
        }
    }
    let result = result as i64;
    if modulus < 0 && result != 0 { result + modulus } else { result }
}

/// The inverse of `value` modulo `modulus`.
fn invert(value: &BigUint, modulus: &BigUint) -> PyResult<BigUint> {
    if modulus.is_zero() {
        return Err(zero_division());
    }
    value.modinv(modulus).ok_or_else(|| exc::value_error("base is not invertible for the given modulus"))
}

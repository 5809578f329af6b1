//! Ints to and from floats and bytes, correctly rounded.

use super::digits;
use super::{DigitsMut, MASK, PyInt, SHIFT};
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::refs::Ref;

/// The float nearest to `mantissa * 2^exponent` (plus a bit less than one unit more if `sticky`), ties to even; `None` when
/// that is too large. The mantissa has at least 55 bits whenever `sticky` is set.
pub fn round_to_f64(mantissa: u64, sticky: bool, exponent: i64) -> Option<f64> {
    if mantissa == 0 {
        return Some(0.0);
    }
    let bits = 64 - mantissa.leading_zeros() as i64;
    // The exponent of the result's last place: 53 bits, fewer for subnormals.
    let last = (bits + exponent - 53).max(-1074);
    let drop = last - exponent;
    let rounded = if drop <= 0 {
        mantissa << -drop
    } else if drop > 64 {
        0
    } else {
        let wide = (mantissa as u128) << 1 | sticky as u128;
        let kept = (wide >> (drop + 1)) as u64;
        let rest = wide & ((1_u128 << (drop + 1)) - 1);
        let half = 1_u128 << drop;
        kept + (rest > half || (rest == half && kept & 1 == 1)) as u64
    };
    // `rounded` has at most 54 bits (a power of two then), so its conversion is exact.
    let value = rounded as f64;
    let result = if last >= -1022 {
        if last > 1023 - 52 + 1 {
            return None;
        }
        // 2^last in two steps, which stay exact.
        let half = last / 2;
        value * exp2(half) * exp2(last - half)
    } else {
        value * exp2(-1022) * exp2(last + 1022)
    };
    result.is_finite().then_some(result)
}

/// `2^n` for normal results.
fn exp2(n: i64) -> f64 {
    if (-1022..=1023).contains(&n) {
        f64::from_bits(((n + 1023) as u64) << 52)
    } else {
        f64::from_bits(1 << (n + 1074))
    }
}

#[cold]
fn too_large() -> PyErr {
    exc::overflow_error("int too large to convert to float")
}

/// The nearest float, ties to even.
///
/// # Errors
/// `OverflowError`.
#[inline(always)]
pub fn int_to_f64(value: &PyInt) -> PyResult<f64> {
    if value.is_compact() { Ok(value.compact_value() as f64) } else { to_f64_slow(value).ok_or_else(too_large) }
}

#[inline(never)]
fn to_f64_slow(value: &PyInt) -> Option<f64> {
    if let Some(small) = value.medium_value() {
        return Some(small as f64);
    }
    let magnitude = magnitude_to_f64(value.digits())?;
    Some(if value.is_negative() { -magnitude } else { magnitude })
}

/// The nearest float of a magnitude.
pub fn magnitude_to_f64(x: &[u32]) -> Option<f64> {
    let bits = digits::bit_length(x);
    if bits > 1024 {
        return None;
    }
    let low = bits.saturating_sub(64);
    round_to_f64(digits::extract_bits(x, low, 64), digits::any_low_bits(x, low), low as i64)
}

/// The fraction and exponent with `value = fraction * 2^exponent`, `0.5 <= |fraction| < 1`, for any size (`log` uses it).
pub fn int_frexp(value: &PyInt) -> (f64, i64) {
    if value.is_zero() {
        return (0.0, 0);
    }
    let x = value.digits();
    let bits = digits::bit_length(x);
    let low = bits.saturating_sub(64);
    let top = digits::extract_bits(x, low, 64);
    let top_bits = 64 - top.leading_zeros() as i64;
    let fraction = round_to_f64(top, digits::any_low_bits(x, low), -top_bits).unwrap_or(0.5);
    let (fraction, exponent) = if fraction >= 1.0 { (0.5, bits as i64 + 1) } else { (fraction, bits as i64) };
    (if value.is_negative() { -fraction } else { fraction }, exponent)
}

impl PyInt {
    /// The nearest float; `OverflowError` when there is none.
    #[inline]
    pub fn to_f64(&self) -> PyResult<f64> {
        int_to_f64(self)
    }

    /// The nearest float, or `None` when it is too large.
    #[inline]
    pub fn to_f64_opt(&self) -> Option<f64> {
        if self.is_compact() { Some(self.compact_value() as f64) } else { to_f64_slow(self) }
    }

    /// The integer part of a finite float.
    pub fn from_f64_finite(value: f64) -> Ref<PyInt> {
        debug_assert!(value.is_finite());
        if value.abs() < 9.2e18 {
            return PyInt::from_i64(value as i64);
        }
        let bits = value.to_bits();
        let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
        let shift = ((bits >> 52) & 0x7ff) as u32 - 1075;
        let mut buffer = [0_u32; 36];
        let (word, bit) = ((shift / SHIFT) as usize, shift % SHIFT);
        let mut wide = (mantissa as u128) << bit;
        let mut i = word;
        while wide != 0 {
            buffer[i] = wide as u32 & MASK;
            wide >>= SHIFT;
            i += 1;
        }
        PyInt::from_digits(value < 0.0, &buffer[..i])
    }

    /// `int(value)`: rounds towards zero.
    ///
    /// # Errors
    /// `OverflowError` for infinities, `ValueError` for NaN.
    pub fn from_f64_trunc(value: f64) -> PyResult<Ref<PyInt>> {
        if value.is_finite() {
            Ok(PyInt::from_f64_finite(value))
        } else if value.is_nan() {
            Err(exc::value_error("cannot convert float NaN to integer"))
        } else {
            Err(exc::overflow_error("cannot convert float infinity to integer"))
        }
    }
}

/// `a / b`, correctly rounded.
///
/// # Errors
/// `ZeroDivisionError`; `OverflowError` when the quotient is too large.
#[inline(always)]
pub fn int_true_div(a: &PyInt, b: &PyInt) -> PyResult<f64> {
    if PyInt::both_compact(a, b) && !b.is_zero() {
        return Ok(a.compact_value() as f64 / b.compact_value() as f64);
    }
    true_div_slow(a, b)
}

#[inline(never)]
fn true_div_slow(a: &PyInt, b: &PyInt) -> PyResult<f64> {
    if b.is_zero() {
        return Err(exc::zero_division_error("division by zero"));
    }
    let negative = a.is_negative() != b.is_negative();
    if a.is_zero() {
        return Ok(if negative { -0.0 } else { 0.0 });
    }
    let exact = 1 << 53;
    if let (Some(x), Some(y)) = (a.magnitude_u64(), b.magnitude_u64())
        && x <= exact
        && y <= exact
    {
        let q = x as f64 / y as f64;
        return Ok(if negative { -q } else { q });
    }
    let overflow = || exc::overflow_error("integer division result too large for a float");
    // Scale so that the integer quotient has 62 or 63 bits.
    let (a_bits, b_bits) = (a.bit_length() as i64, b.bit_length() as i64);
    let difference = a_bits - b_bits;
    if difference > 1025 {
        return Err(overflow());
    }
    if difference < -1080 {
        return Ok(if negative { -0.0 } else { 0.0 });
    }
    let shift = 62 - difference;
    let (mut x, mut y) = (a.to_biguint(), b.to_biguint());
    if shift >= 0 {
        x <<= shift as u64;
    } else {
        y <<= shift.unsigned_abs();
    }
    let (q, r) = num_integer::Integer::div_rem(&x, &y);
    let mantissa = q.iter_u64_digits().next().unwrap_or(0);
    let sticky = !num_traits::Zero::is_zero(&r);
    let value = round_to_f64(mantissa, sticky, -shift).ok_or_else(overflow)?;
    Ok(if negative { -value } else { value })
}

/// Which byte comes first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ByteOrder {
    Big,
    Little,
}

/// From a byte string (`int.from_bytes`, `_PyLong_FromByteArray`).
pub fn int_from_bytes(bytes: &[u8], order: ByteOrder, signed: bool) -> PyResult<Ref<PyInt>> {
    let n = bytes.len();
    let at = |i: usize| match order {
        ByteOrder::Little => bytes[i],
        ByteOrder::Big => bytes[n - 1 - i],
    };
    let negative = signed && n > 0 && at(n - 1) & 0x80 != 0;
    if n <= 8 {
        let mut value = if negative { u64::MAX } else { 0 };
        for i in (0..n).rev() {
            value = value << 8 | at(i) as u64;
        }
        return Ok(if negative { PyInt::from_i64(value as i64) } else { PyInt::from_u64(value) });
    }
    let mut out = DigitsMut::new((n * 8).div_ceil(SHIFT as usize) + 1)?;
    let mut acc = 0_u64;
    let mut have = 0;
    let mut len = 0;
    let mut carry = 1_u32;
    for i in 0..n {
        let mut byte = at(i) as u32;
        if negative {
            carry += byte ^ 0xff;
            byte = carry & 0xff;
            carry >>= 8;
        }
        acc |= (byte as u64) << have;
        have += 8;
        if have >= SHIFT {
            out[len] = acc as u32 & MASK;
            len += 1;
            acc >>= SHIFT;
            have -= SHIFT;
        }
    }
    acc |= (if negative { carry as u64 } else { 0 }) << have;
    out[len] = acc as u32 & MASK;
    Ok(out.finish(negative))
}

/// Why a number does not fit a byte string.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ToBytesError {
    /// A negative number, unsigned.
    Negative,
    /// Too many bits.
    TooBig,
}

/// Writes the value as two's complement (`int.to_bytes`, `_PyLong_AsByteArray`). On `TooBig` the low bytes are written.
pub fn int_to_bytes(value: &PyInt, out: &mut [u8], order: ByteOrder, signed: bool) -> Result<(), ToBytesError> {
    let negative = value.is_negative();
    if negative && !signed {
        return Err(ToBytesError::Negative);
    }
    let n = out.len();
    let mut acc = 0_u64;
    let mut have = 0;
    let mut digits = value.digits().iter();
    let mut carry = 1_u32;
    for i in 0..n {
        if have < 8
            && let Some(&digit) = digits.next()
        {
            acc |= (digit as u64) << have;
            have += SHIFT;
        }
        let mut byte = acc as u32 & 0xff;
        acc >>= 8;
        have = have.saturating_sub(8);
        if negative {
            carry += byte ^ 0xff;
            byte = carry & 0xff;
            carry >>= 8;
        }
        match order {
            ByteOrder::Little => out[i] = byte as u8,
            ByteOrder::Big => out[n - 1 - i] = byte as u8,
        }
    }
    let bits = value.bit_length();
    let room = n as u64 * 8;
    let fits = if signed {
        // -2^(room-1) fits although its magnitude needs `room` bits.
        bits < room || bits == 0 || (negative && bits == room && is_power_of_two(value))
    } else {
        bits <= room
    };
    if fits { Ok(()) } else { Err(ToBytesError::TooBig) }
}

fn is_power_of_two(value: &PyInt) -> bool {
    match value.digits().split_last() {
        Some((top, rest)) => top.is_power_of_two() && rest.iter().all(|&d| d == 0),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::round_to_f64;

    #[test]
    fn rounding_is_to_nearest_even() {
        for x in
            [1_u64, 3, (1 << 53) - 1, 1 << 53, (1 << 53) + 1, (1 << 53) + 2, (1 << 54) + 2, (1 << 54) + 6, u64::MAX]
        {
            assert_eq!(round_to_f64(x, false, 0), Some(x as f64), "{x}");
        }
        assert_eq!(round_to_f64((1 << 62) + (1 << 9), true, 0), Some(((1_u64 << 62) + (1 << 10)) as f64));
        assert_eq!(round_to_f64(1, false, -1074), Some(f64::from_bits(1)));
        assert_eq!(round_to_f64(1, false, -1075), Some(0.0));
        assert_eq!(round_to_f64(3, false, -1075), Some(f64::from_bits(2)));
        assert_eq!(
            round_to_f64(1, false, 1023),
            Some(f64::MAX / 2.0 + f64::MAX / 2.0 * 2f64.powi(-53)).map(|_| 2f64.powi(1023))
        );
        assert_eq!(round_to_f64(1, false, 1024), None);
        assert_eq!(round_to_f64(u64::MAX, false, 960), None);
        assert_eq!(round_to_f64(((1 << 53) - 1) << 11, false, 960), Some(f64::MAX));
    }
}

//! Algorithms on digit arrays: magnitudes as slices of 30-bit digits, least significant first, without leading zeros.
//!
//! Schoolbook methods serve the sizes programs usually have; past the thresholds below the work goes to `num-bigint`, whose
//! 64-bit digits and sub-quadratic multiplication pay for the conversion.

use core::cmp::Ordering;

use num_bigint::BigUint;

use super::{MASK, SHIFT};

/// Smaller operand's digits from which multiplication goes to `num-bigint`.
pub const MUL_THRESHOLD: usize = 40;
/// Divisor's and quotient's digits from which division goes to `num-bigint`.
pub const DIV_THRESHOLD: usize = 24;

/// Without leading zeros.
#[inline]
pub fn trim(digits: &[u32]) -> &[u32] {
    let mut len = digits.len();
    while len > 0 && digits[len - 1] == 0 {
        len -= 1;
    }
    &digits[..len]
}

/// Number of bits of a normalised magnitude.
#[inline]
pub fn bit_length(digits: &[u32]) -> u64 {
    match digits.last() {
        None => 0,
        Some(&top) => (digits.len() as u64 - 1) * SHIFT as u64 + (32 - top.leading_zeros()) as u64,
    }
}

/// Compares normalised magnitudes.
pub fn compare(a: &[u32], b: &[u32]) -> Ordering {
    match a.len().cmp(&b.len()) {
        Ordering::Equal => a.iter().rev().cmp(b.iter().rev()),
        other => other,
    }
}

/// `out = a + b`; `a` is at least as long as `b`, `out` one longer than `a`.
pub fn add(a: &[u32], b: &[u32], out: &mut [u32]) {
    debug_assert!(a.len() >= b.len() && out.len() == a.len() + 1);
    let mut carry = 0_u32;
    let (low, high) = a.split_at(b.len());
    let (out_low, out_high) = out.split_at_mut(b.len());
    for ((&x, &y), o) in low.iter().zip(b).zip(out_low) {
        carry += x + y;
        *o = carry & MASK;
        carry >>= SHIFT;
    }
    let top = out_high.len() - 1;
    for (&x, o) in high.iter().zip(&mut out_high[..top]) {
        carry += x;
        *o = carry & MASK;
        carry >>= SHIFT;
    }
    out_high[top] = carry;
}

/// `out = a - b`; `a >= b`, `out` as long as `a`.
pub fn sub(a: &[u32], b: &[u32], out: &mut [u32]) {
    debug_assert!(a.len() >= b.len() && out.len() == a.len());
    let mut borrow = 0_u32;
    for (i, o) in out.iter_mut().enumerate() {
        let y = b.get(i).copied().unwrap_or(0);
        // Wraps below zero: the bits above the digit are then all ones.
        borrow = a[i].wrapping_sub(y).wrapping_sub(borrow);
        *o = borrow & MASK;
        borrow = (borrow >> SHIFT) & 1;
    }
}

/// `out = a * b`, schoolbook; `out` is zeroed and `a.len() + b.len()` long.
pub fn mul(a: &[u32], b: &[u32], out: &mut [u32]) {
    debug_assert!(out.len() == a.len() + b.len());
    let (a, b) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    for (i, &y) in b.iter().enumerate() {
        let y = y as u64;
        let mut carry = 0_u64;
        let row = &mut out[i..];
        for (o, &x) in row.iter_mut().zip(a) {
            carry += *o as u64 + x as u64 * y;
            *o = carry as u32 & MASK;
            carry >>= SHIFT;
        }
        row[a.len()] = carry as u32;
    }
}

/// `out = a / divisor`, gives the remainder; `out` as long as `a`.
pub fn div_small(a: &[u32], divisor: u32, out: &mut [u32]) -> u32 {
    let divisor = divisor as u64;
    let mut rest = 0_u64;
    for (i, &digit) in a.iter().enumerate().rev() {
        rest = rest << SHIFT | digit as u64;
        let q = rest / divisor;
        out[i] = q as u32;
        rest -= q * divisor;
    }
    rest as u32
}

/// `a % divisor`.
pub fn rem_small(a: &[u32], divisor: u32) -> u32 {
    let divisor = divisor as u64;
    let mut rest = 0_u64;
    for &digit in a.iter().rev() {
        rest = (rest << SHIFT | digit as u64) % divisor;
    }
    rest as u32
}

/// Knuth's algorithm D. `quotient` is `a.len() - b.len() + 1` long, `rest` as long as `b`; `a.len() >= b.len() >= 2`.
pub fn div_rem(a: &[u32], b: &[u32], quotient: &mut [u32], rest: &mut [u32]) {
    let n = b.len();
    let m = a.len();
    debug_assert!(n >= 2 && m >= n && quotient.len() == m - n + 1 && rest.len() == n);
    // Normalise so that the divisor's top digit has its highest bit set.
    let shift = b[n - 1].leading_zeros() - (32 - SHIFT);
    let mut w = vec![0_u32; n];
    shift_left_into(b, shift, &mut w);
    let mut v = vec![0_u32; m + 1];
    shift_left_into(a, shift, &mut v);
    let top = w[n - 1] as u64;
    let second = w[n - 2] as u64;
    for j in (0..=m - n).rev() {
        let high = (v[j + n] as u64) << SHIFT | v[j + n - 1] as u64;
        let mut q = high / top;
        let mut r = high - q * top;
        while q > MASK as u64 || q * second > (r << SHIFT | v[j + n - 2] as u64) {
            q -= 1;
            r += top;
            if r > MASK as u64 {
                break;
            }
        }
        // Subtract q * w; the estimate is at most one too large.
        let mut borrow = 0_i64;
        let mut carry = 0_u64;
        for i in 0..n {
            carry += q * w[i] as u64;
            let t = v[i + j] as i64 - borrow - (carry as u32 & MASK) as i64;
            carry >>= SHIFT;
            v[i + j] = t as u32 & MASK;
            borrow = (t < 0) as i64;
        }
        let t = v[j + n] as i64 - borrow - carry as i64;
        v[j + n] = t as u32 & MASK;
        if t < 0 {
            q -= 1;
            let mut carry = 0_u32;
            for i in 0..n {
                carry += v[i + j] + w[i];
                v[i + j] = carry & MASK;
                carry >>= SHIFT;
            }
            v[j + n] = (v[j + n] + carry) & MASK;
        }
        quotient[j] = q as u32;
    }
    for i in 0..n {
        let low = v[i] >> shift;
        let high = if shift == 0 { 0 } else { v[i + 1] << (SHIFT - shift) & MASK };
        rest[i] = low | high;
    }
}

/// `out = a << bits`, with fewer bits than a digit has; `out` may be longer than `a`.
fn shift_left_into(a: &[u32], bits: u32, out: &mut [u32]) {
    let mut carry = 0_u32;
    for (o, &x) in out.iter_mut().zip(a) {
        let t = (x as u64) << bits | carry as u64;
        *o = t as u32 & MASK;
        carry = (t >> SHIFT) as u32;
    }
    if out.len() > a.len() {
        out[a.len()] = carry;
    }
}

/// `out = a << (words * 30 + bits)`; `out` is zeroed and `a.len() + words + 1` long.
pub fn shift_left(a: &[u32], words: usize, bits: u32, out: &mut [u32]) {
    shift_left_into(a, bits, &mut out[words..]);
}

/// `out = a >> (words * 30 + bits)`, rounding towards zero; `out` is `a.len() - words` long.
pub fn shift_right(a: &[u32], words: usize, bits: u32, out: &mut [u32]) {
    let a = &a[words..];
    let mut acc = (a[0] >> bits) as u64;
    let have = SHIFT - bits;
    for i in 0..a.len() {
        if let Some(&next) = a.get(i + 1) {
            acc |= (next as u64) << have;
        }
        out[i] = acc as u32 & MASK;
        acc >>= SHIFT;
    }
}

/// Is any of the lowest `bits` bits set?
pub fn any_low_bits(a: &[u32], bits: u64) -> bool {
    let words = (bits / SHIFT as u64) as usize;
    if words >= a.len() {
        return a.iter().any(|&d| d != 0);
    }
    a[..words].iter().any(|&d| d != 0) || a[words] & ((1 << (bits % SHIFT as u64)) - 1) != 0
}

/// The `count` (at most 64) bits above the lowest `low` bits.
pub fn extract_bits(a: &[u32], low: u64, count: u32) -> u64 {
    debug_assert!(count <= 64);
    let word = (low / SHIFT as u64) as usize;
    let bit = (low % SHIFT as u64) as u32;
    let mut acc = 0_u128;
    for i in 0..4 {
        if let Some(&digit) = a.get(word + i) {
            acc |= (digit as u128) << (SHIFT as usize * i);
        }
    }
    let value = (acc >> bit) as u64;
    if count == 64 { value } else { value & ((1 << count) - 1) }
}

/// The magnitude as a `num-bigint` number.
pub fn to_biguint(digits: &[u32]) -> BigUint {
    if digits.len() <= 2 {
        let value = digits.iter().rev().fold(0_u64, |acc, &d| acc << SHIFT | d as u64);
        return BigUint::from(value);
    }
    let mut words = Vec::with_capacity(digits.len());
    let mut acc = 0_u64;
    let mut have = 0;
    for &digit in digits {
        acc |= (digit as u64) << have;
        have += SHIFT;
        if have >= 32 {
            words.push(acc as u32);
            acc >>= 32;
            have -= 32;
        }
    }
    if acc != 0 {
        words.push(acc as u32);
    }
    BigUint::new(words)
}

/// Writes a `num-bigint` number as digits; `out` is zeroed and long enough.
pub fn from_biguint(value: &BigUint, out: &mut [u32]) {
    let mut acc = 0_u128;
    let mut have = 0;
    let mut i = 0;
    for word in value.iter_u64_digits() {
        acc |= (word as u128) << have;
        have += 64;
        while have >= SHIFT {
            if i < out.len() {
                out[i] = acc as u32 & MASK;
            }
            i += 1;
            acc >>= SHIFT;
            have -= SHIFT;
        }
    }
    if acc != 0 && i < out.len() {
        out[i] = acc as u32;
    }
}

/// Replaces a magnitude by its two's complement within its own length.
pub fn negate_in_place(digits: &mut [u32]) {
    let mut carry = 1_u32;
    for digit in digits {
        carry += *digit ^ MASK;
        *digit = carry & MASK;
        carry >>= SHIFT;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits_of(mut value: u128) -> Vec<u32> {
        let mut out = Vec::new();
        while value != 0 {
            out.push(value as u32 & MASK);
            value >>= SHIFT;
        }
        out
    }

    fn value_of(digits: &[u32]) -> u128 {
        digits.iter().rev().fold(0, |acc, &d| acc << SHIFT | d as u128)
    }

    /// A few awkward magnitudes: powers of the base, all ones, and neighbours.
    fn samples() -> Vec<u128> {
        let mut out = vec![1, 2, 3, 10, 0x3fff_ffff, 0x4000_0000, 0x1234_5678_9abc_def0];
        for bits in [31, 59, 60, 61, 89, 90, 91, 119, 120, 126] {
            let p = 1_u128 << bits;
            out.extend([p - 1, p, p + 1, p + (p >> 1), p - (p >> 3)]);
        }
        out
    }

    #[test]
    fn arithmetic_agrees_with_u128() {
        for &x in &samples() {
            for &y in &samples() {
                let (a, b) = (digits_of(x), digits_of(y));
                assert_eq!(compare(&a, &b), x.cmp(&y));
                if x >= y {
                    let mut out = vec![0; a.len() + 1];
                    add(&a, &b, &mut out);
                    assert_eq!(value_of(trim(&out)), x + y);
                    let mut out = vec![0; a.len()];
                    sub(&a, &b, &mut out);
                    assert_eq!(value_of(&out), x - y);
                    if b.len() >= 2 {
                        let mut q = vec![0; a.len() - b.len() + 1];
                        let mut r = vec![0; b.len()];
                        div_rem(&a, &b, &mut q, &mut r);
                        assert_eq!((value_of(&q), value_of(&r)), (x / y, x % y), "{x} / {y}");
                    }
                }
                if let Some(product) = x.checked_mul(y) {
                    let mut out = vec![0; a.len() + b.len()];
                    mul(&a, &b, &mut out);
                    assert_eq!(value_of(trim(&out)), product);
                }
            }
        }
    }

    #[test]
    fn bits_and_conversions() {
        for &x in &samples() {
            let a = digits_of(x);
            assert_eq!(bit_length(&a), (128 - x.leading_zeros()) as u64);
            let big = to_biguint(&a);
            assert_eq!(big, BigUint::from(x));
            let mut back = vec![0; a.len()];
            from_biguint(&big, &mut back);
            assert_eq!(back, a);
            for shift in [0_u32, 1, 29, 30, 31, 60, 100] {
                let (words, bits) = ((shift / SHIFT) as usize, shift % SHIFT);
                if words < a.len() {
                    let mut out = vec![0; a.len() - words];
                    shift_right(&a, words, bits, &mut out);
                    assert_eq!(value_of(&out), x >> shift);
                    let mut out = vec![0; a.len() - words];
                    let _ = &mut out;
                }
                assert_eq!(any_low_bits(&a, shift as u64), x & ((1_u128 << shift) - 1) != 0);
                assert_eq!(extract_bits(&a, shift as u64, 64), (x >> shift) as u64);
            }
        }
    }
}

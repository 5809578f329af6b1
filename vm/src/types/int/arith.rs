//! Arithmetic on ints: inline fast paths for compact operands, out-of-line code for the rest.
//!
//! The functions take any `&PyInt` (bools and subtypes included) and make plain ints. Those whose result can only fail for
//! want of memory return it directly; the eval loop calls them with nothing to unwrap.

use core::cmp::Ordering;

use super::digits;
use super::{DigitsMut, MASK, PyInt, SHIFT};
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::refs::{ObjRef, Ref};
use crate::object::slots::CompareOp;

/// The modulus of numeric hashes, 2^61 - 1.
pub const HASH_MODULUS: u64 = (1 << 61) - 1;

/// Digits for a result that is about as large as operands that exist already: running out of memory here is a fault that
/// surfaces as `SystemError`.
fn buffer(len: usize) -> DigitsMut {
    match DigitsMut::new(len) {
        Ok(out) => out,
        Err(_) => panic!("out of memory for an integer of {len} digits"),
    }
}

/// The error of every division by zero.
#[cold]
#[inline(never)]
pub fn zero_division() -> PyErr {
    exc::zero_division_error("division by zero")
}

impl PyInt {
    /// From a value of less than 2^60 in magnitude: what one operation on compact ints gives.
    #[inline(always)]
    pub fn from_medium(value: i64) -> Ref<PyInt> {
        debug_assert!(value.unsigned_abs() < 1 << (2 * SHIFT));
        if (value.wrapping_sub(super::SMALL_MIN) as u64) < super::SMALL_COUNT as u64 {
            return PyInt::small(value);
        }
        PyInt::new_medium(value.unsigned_abs(), value < 0)
    }

    /// As [`PyInt::from_medium`] where that needs no allocation; `None` otherwise.
    #[inline(always)]
    pub fn recycled(value: i64) -> Option<Ref<PyInt>> {
        debug_assert!(value.unsigned_abs() < 1 << (2 * SHIFT));
        if (value.wrapping_sub(super::SMALL_MIN) as u64) < super::SMALL_COUNT as u64 {
            return Some(PyInt::small(value));
        }
        let object = super::FREE.pop();
        if object.is_null() {
            return None;
        }
        // SAFETY: blocks on the free list have room for two digits; this one is ours.
        Some(unsafe { PyInt::write_medium(object as *mut PyInt, value.unsigned_abs(), value < 0) })
    }
}

// ---- addition ----

/// `a + b`.
#[inline(always)]
pub fn int_add(a: &PyInt, b: &PyInt) -> ObjRef {
    if PyInt::both_compact(a, b) {
        return PyInt::from_medium((a.compact_value() + b.compact_value()) as i64).into_obj();
    }
    add_slow(a, b).into_obj()
}

/// `a - b`.
#[inline(always)]
pub fn int_sub(a: &PyInt, b: &PyInt) -> ObjRef {
    if PyInt::both_compact(a, b) {
        return PyInt::from_medium((a.compact_value() - b.compact_value()) as i64).into_obj();
    }
    sub_slow(a, b).into_obj()
}

#[inline(never)]
fn add_slow(a: &PyInt, b: &PyInt) -> Ref<PyInt> {
    if let (Some(x), Some(y)) = (a.medium_value(), b.medium_value()) {
        return PyInt::from_i64(x + y);
    }
    add_signed(a.digits(), a.is_negative(), b.digits(), b.is_negative())
}

#[inline(never)]
fn sub_slow(a: &PyInt, b: &PyInt) -> Ref<PyInt> {
    if let (Some(x), Some(y)) = (a.medium_value(), b.medium_value()) {
        return PyInt::from_i64(x - y);
    }
    add_signed(a.digits(), a.is_negative(), b.digits(), !b.is_negative())
}

/// Sum of two signed magnitudes.
fn add_signed(a: &[u32], a_negative: bool, b: &[u32], b_negative: bool) -> Ref<PyInt> {
    let ((a, a_negative), (b, b_negative)) = match digits::compare(a, b) {
        Ordering::Less => ((b, b_negative), (a, a_negative)),
        Ordering::Equal if a_negative != b_negative => return PyInt::zero(),
        _ => ((a, a_negative), (b, b_negative)),
    };
    if a_negative == b_negative {
        let mut out = buffer(a.len() + 1);
        digits::add(a, b, &mut out);
        out.finish(a_negative)
    } else {
        let mut out = buffer(a.len());
        digits::sub(a, b, &mut out);
        out.finish(a_negative)
    }
}

/// `-a`.
#[inline]
pub fn int_neg(a: &PyInt) -> ObjRef {
    match a.medium_value() {
        Some(value) => PyInt::from_medium(-value).into_obj(),
        None => PyInt::from_digits(!a.is_negative(), a.digits()).into_obj(),
    }
}

/// `abs(a)`.
#[inline]
pub fn int_abs(a: &PyInt) -> ObjRef {
    if a.is_negative() { int_neg(a) } else { a.to_exact().into_obj() }
}

/// `~a`.
#[inline]
pub fn int_invert(a: &PyInt) -> ObjRef {
    match a.medium_value() {
        Some(value) => PyInt::from_i64(!value).into_obj(),
        // ~a == -1 - a
        None => add_signed(&[1], true, a.digits(), !a.is_negative()).into_obj(),
    }
}

// ---- multiplication ----

/// `a * b`.
#[inline(always)]
pub fn int_mul(a: &PyInt, b: &PyInt) -> ObjRef {
    if PyInt::both_compact(a, b) {
        return PyInt::from_medium((a.compact_value() * b.compact_value()) as i64).into_obj();
    }
    mul_slow(a, b).into_obj()
}

#[inline(never)]
fn mul_slow(a: &PyInt, b: &PyInt) -> Ref<PyInt> {
    if let (Some(x), Some(y)) = (a.medium_value(), b.medium_value()) {
        return PyInt::from_i128(x as i128 * y as i128);
    }
    if a.is_zero() || b.is_zero() {
        return PyInt::zero();
    }
    let negative = a.is_negative() != b.is_negative();
    let (x, y) = (a.digits(), b.digits());
    if x.len().min(y.len()) >= digits::MUL_THRESHOLD {
        let product = if core::ptr::eq(a, b) {
            let n = a.to_biguint();
            &n * &n
        } else {
            a.to_biguint() * b.to_biguint()
        };
        return PyInt::from_biguint(negative, &product);
    }
    let mut out = buffer(x.len() + y.len());
    digits::mul(x, y, &mut out);
    out.finish(negative)
}

// ---- division ----

/// Floor division and modulo of machine integers; `y` is not zero and the quotient fits.
#[inline(always)]
pub fn floor_div_rem_i64(x: i64, y: i64) -> (i64, i64) {
    let (q, r) = (x / y, x % y);
    if r != 0 && (r ^ y) < 0 { (q - 1, r + y) } else { (q, r) }
}

/// `a // b`.
#[inline(always)]
pub fn int_floordiv(a: &PyInt, b: &PyInt) -> PyResult {
    if PyInt::both_compact(a, b) && !b.is_zero() {
        let (x, y) = (a.compact_value() as i32, b.compact_value() as i32);
        let (mut q, r) = (x / y, x % y);
        if r != 0 && (r ^ y) < 0 {
            q -= 1;
        }
        return Ok(PyInt::from_medium(q as i64).into_obj());
    }
    floordiv_slow(a, b)
}

/// `a % b`.
#[inline(always)]
pub fn int_mod(a: &PyInt, b: &PyInt) -> PyResult {
    if PyInt::both_compact(a, b) && !b.is_zero() {
        let (x, y) = (a.compact_value() as i32, b.compact_value() as i32);
        let mut r = x % y;
        if r != 0 && (r ^ y) < 0 {
            r += y;
        }
        return Ok(PyInt::from_medium(r as i64).into_obj());
    }
    mod_slow(a, b)
}

#[inline(never)]
fn floordiv_slow(a: &PyInt, b: &PyInt) -> PyResult {
    if b.is_zero() {
        return Err(zero_division());
    }
    if let (Some(x), Some(y)) = (a.medium_value(), b.medium_value()) {
        return Ok(PyInt::from_i64(floor_div_rem_i64(x, y).0).into_obj());
    }
    Ok(div_mod(a, b, true, false)?.0.into_obj())
}

#[inline(never)]
fn mod_slow(a: &PyInt, b: &PyInt) -> PyResult {
    if b.is_zero() {
        return Err(zero_division());
    }
    if let (Some(x), Some(y)) = (a.medium_value(), b.medium_value()) {
        return Ok(PyInt::from_i64(floor_div_rem_i64(x, y).1).into_obj());
    }
    Ok(div_mod(a, b, false, true)?.1.into_obj())
}

/// `divmod(a, b)` as two ints.
pub fn int_divmod(a: &PyInt, b: &PyInt) -> PyResult<(Ref<PyInt>, Ref<PyInt>)> {
    if b.is_zero() {
        return Err(zero_division());
    }
    if let (Some(x), Some(y)) = (a.medium_value(), b.medium_value()) {
        let (q, r) = floor_div_rem_i64(x, y);
        return Ok((PyInt::from_i64(q), PyInt::from_i64(r)));
    }
    div_mod(a, b, true, true)
}

/// Floor division of larger operands; what is not wanted comes back as zero. `b` is not zero.
fn div_mod(a: &PyInt, b: &PyInt, want_q: bool, want_r: bool) -> PyResult<(Ref<PyInt>, Ref<PyInt>)> {
    let negative = a.is_negative() != b.is_negative();
    let (q, r) = trunc_div_rem(a, b)?;
    // Truncation and flooring differ when the signs do and something is left over.
    if negative && !r.is_zero() {
        let q = if want_q { add_signed(q.digits(), q.is_negative(), &[1], true) } else { PyInt::zero() };
        let r =
            if want_r { add_signed(r.digits(), r.is_negative(), b.digits(), b.is_negative()) } else { PyInt::zero() };
        return Ok((q, r));
    }
    Ok((q, r))
}

/// Quotient rounded towards zero, and the remainder with the sign of `a`. `b` is not zero.
pub fn trunc_div_rem(a: &PyInt, b: &PyInt) -> PyResult<(Ref<PyInt>, Ref<PyInt>)> {
    let (x, y) = (a.digits(), b.digits());
    let q_negative = a.is_negative() != b.is_negative();
    let r_negative = a.is_negative();
    if digits::compare(x, y) == Ordering::Less {
        return Ok((PyInt::zero(), a.to_exact()));
    }
    if y.len() == 1 {
        let mut q = DigitsMut::new(x.len())?;
        let r = digits::div_small(x, y[0], &mut q) as i64;
        return Ok((q.finish(q_negative), PyInt::from_medium(if r_negative { -r } else { r })));
    }
    if y.len() >= digits::DIV_THRESHOLD && x.len() - y.len() >= digits::DIV_THRESHOLD {
        let (q, r) = num_integer::Integer::div_rem(&a.to_biguint(), &b.to_biguint());
        return Ok((PyInt::from_biguint(q_negative, &q), PyInt::from_biguint(r_negative, &r)));
    }
    let mut q = DigitsMut::new(x.len() - y.len() + 1)?;
    let mut r = DigitsMut::new(y.len())?;
    digits::div_rem(x, y, &mut q, &mut r);
    Ok((q.finish(q_negative), r.finish(r_negative)))
}

/// Division rounded to the nearest integer, ties to even: quotient and `a - quotient * b`. For `round` and `datetime`.
pub fn int_divmod_near(a: &PyInt, b: &PyInt) -> PyResult<(Ref<PyInt>, Ref<PyInt>)> {
    let (q, r) = int_divmod(a, b)?;
    // The floor remainder has b's sign: round up when twice of it exceeds b, or equals it and q is odd.
    let twice = add_signed(r.digits(), r.is_negative(), r.digits(), r.is_negative());
    let order = digits::compare(twice.digits(), b.digits());
    if order == Ordering::Greater || (order == Ordering::Equal && q.is_odd()) {
        let q = add_signed(q.digits(), q.is_negative(), &[1], false);
        let r = add_signed(r.digits(), r.is_negative(), b.digits(), !b.is_negative());
        return Ok((q, r));
    }
    Ok((q, r))
}

// ---- shifts ----

/// `a << b`.
#[inline(always)]
pub fn int_lshift(a: &PyInt, b: &PyInt) -> PyResult {
    if PyInt::both_compact(a, b) {
        let n = b.compact_value();
        if (0..30).contains(&n) {
            return Ok(PyInt::from_medium((a.compact_value() << n) as i64).into_obj());
        }
    }
    lshift_slow(a, b)
}

/// `a >> b`.
#[inline(always)]
pub fn int_rshift(a: &PyInt, b: &PyInt) -> PyResult {
    if PyInt::both_compact(a, b) {
        let n = b.compact_value();
        if n >= 0 {
            return Ok(PyInt::from_medium((a.compact_value() >> n.min(63)) as i64).into_obj());
        }
    }
    rshift_slow(a, b)
}

#[cold]
fn negative_shift() -> PyErr {
    exc::value_error("negative shift count")
}

#[inline(never)]
fn lshift_slow(a: &PyInt, b: &PyInt) -> PyResult {
    if b.is_negative() {
        return Err(negative_shift());
    }
    if a.is_zero() {
        return Ok(PyInt::zero().into_obj());
    }
    match b.as_u64() {
        Some(bits) => Ok(int_shl_bits(a, bits)?.into_obj()),
        None => Err(exc::overflow_error("too many digits in integer")),
    }
}

/// `a << bits`.
pub fn int_shl_bits(a: &PyInt, bits: u64) -> PyResult<Ref<PyInt>> {
    if a.is_zero() || bits == 0 {
        return Ok(a.to_exact());
    }
    if let Some(value) = a.medium_value()
        && bits < 64
    {
        return Ok(PyInt::from_i128((value as i128) << bits));
    }
    let words = (bits / SHIFT as u64) as usize;
    let x = a.digits();
    let len = words.saturating_add(x.len() + 1);
    let mut out = DigitsMut::new(len)?;
    digits::shift_left(x, words, (bits % SHIFT as u64) as u32, &mut out);
    Ok(out.finish(a.is_negative()))
}

#[inline(never)]
fn rshift_slow(a: &PyInt, b: &PyInt) -> PyResult {
    if b.is_negative() {
        return Err(negative_shift());
    }
    Ok(int_shr_bits(a, b.as_u64().unwrap_or(u64::MAX)).into_obj())
}

/// `a >> bits` (rounding down).
pub fn int_shr_bits(a: &PyInt, bits: u64) -> Ref<PyInt> {
    if let Some(value) = a.medium_value() {
        return PyInt::from_medium(value >> bits.min(63));
    }
    let x = a.digits();
    let words = usize::try_from(bits / SHIFT as u64).unwrap_or(usize::MAX);
    if words >= x.len() {
        return PyInt::small(if a.is_negative() { -1 } else { 0 });
    }
    let mut out = buffer(x.len() - words + 1);
    let top = out.len() - 1;
    digits::shift_right(x, words, (bits % SHIFT as u64) as u32, &mut out[..top]);
    if a.is_negative() && digits::any_low_bits(x, bits) {
        for digit in out.iter_mut() {
            *digit = (*digit + 1) & MASK;
            if *digit != 0 {
                break;
            }
        }
    }
    out.finish(a.is_negative())
}

// ---- bits ----

/// A bitwise operation on two's complements.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BitOp {
    And,
    Or,
    Xor,
}

/// `a & b`.
#[inline(always)]
pub fn int_and(a: &PyInt, b: &PyInt) -> ObjRef {
    if PyInt::both_compact(a, b) {
        return PyInt::from_medium((a.compact_value() & b.compact_value()) as i64).into_obj();
    }
    bit_slow(a, b, BitOp::And)
}

/// `a | b`.
#[inline(always)]
pub fn int_or(a: &PyInt, b: &PyInt) -> ObjRef {
    if PyInt::both_compact(a, b) {
        return PyInt::from_medium((a.compact_value() | b.compact_value()) as i64).into_obj();
    }
    bit_slow(a, b, BitOp::Or)
}

/// `a ^ b`.
#[inline(always)]
pub fn int_xor(a: &PyInt, b: &PyInt) -> ObjRef {
    if PyInt::both_compact(a, b) {
        return PyInt::from_medium((a.compact_value() ^ b.compact_value()) as i64).into_obj();
    }
    bit_slow(a, b, BitOp::Xor)
}

/// The value of an int that is not negative and has at most four digits.
#[inline]
fn few_digits(int: &PyInt) -> Option<u128> {
    let digits = int.digits();
    let value = || digits.iter().rev().fold(0, |value, &digit| value << SHIFT | u128::from(digit));
    (!int.is_negative() && digits.len() <= 4).then(value)
}

#[inline(never)]
fn bit_slow(a: &PyInt, b: &PyInt, op: BitOp) -> ObjRef {
    if let (Some(x), Some(y)) = (a.medium_value(), b.medium_value()) {
        let value = match op {
            BitOp::And => x & y,
            BitOp::Or => x | y,
            BitOp::Xor => x ^ y,
        };
        return PyInt::from_i64(value).into_obj();
    }
    // Hashes and masks of a machine word and a little more.
    if let (Some(x), Some(y)) = (few_digits(a), few_digits(b)) {
        let value = match op {
            BitOp::And => x & y,
            BitOp::Or => x | y,
            BitOp::Xor => x ^ y,
        };
        return PyInt::from_magnitude_u128(value, false).into_obj();
    }
    // The longer operand first; one digit more than needed holds the sign.
    let (a, b) = if a.digit_count() >= b.digit_count() { (a, b) } else { (b, a) };
    let (a_negative, b_negative) = (a.is_negative(), b.is_negative());
    let len = if op == BitOp::And && !b_negative { b.digit_count() } else { a.digit_count() } + 1;
    let mut out = buffer(len);
    let count = a.digit_count().min(len);
    out[..count].copy_from_slice(&a.digits()[..count]);
    if a_negative {
        digits::negate_in_place(&mut out);
    }
    let mut carry = 1_u32;
    let fill = if b_negative { MASK } else { 0 };
    let b_digits = b.digits();
    for (i, o) in out.iter_mut().enumerate() {
        let y = match b_digits.get(i) {
            Some(&d) if b_negative => {
                carry += d ^ MASK;
                let y = carry & MASK;
                carry >>= SHIFT;
                y
            }
            Some(&d) => d,
            None => fill,
        };
        *o = match op {
            BitOp::And => *o & y,
            BitOp::Or => *o | y,
            BitOp::Xor => *o ^ y,
        };
    }
    let negative = match op {
        BitOp::And => a_negative && b_negative,
        BitOp::Or => a_negative || b_negative,
        BitOp::Xor => a_negative != b_negative,
    };
    if negative {
        digits::negate_in_place(&mut out);
    }
    out.finish(negative).into_obj()
}

// ---- comparison and hash ----

/// Which of the two is larger?
#[inline(always)]
pub fn int_cmp(a: &PyInt, b: &PyInt) -> Ordering {
    if PyInt::both_compact(a, b) {
        return a.compact_value().cmp(&b.compact_value());
    }
    cmp_slow(a, b)
}

#[inline(never)]
fn cmp_slow(a: &PyInt, b: &PyInt) -> Ordering {
    match a.sign().cmp(&b.sign()) {
        Ordering::Equal if a.is_negative() => digits::compare(b.digits(), a.digits()),
        Ordering::Equal => digits::compare(a.digits(), b.digits()),
        other => other,
    }
}

/// `a == b`.
#[inline(always)]
pub fn int_eq(a: &PyInt, b: &PyInt) -> bool {
    if PyInt::both_compact(a, b) { a.compact_value() == b.compact_value() } else { cmp_slow(a, b).is_eq() }
}

/// `a <op> b`.
#[inline(always)]
pub fn int_compare(a: &PyInt, b: &PyInt, op: CompareOp) -> bool {
    op.matches(int_cmp(a, b))
}

/// `hash(a)`: the value modulo 2^61 - 1, with the sign, and -2 for -1.
#[inline(always)]
pub fn int_hash(a: &PyInt) -> isize {
    if a.is_compact() {
        let value = a.compact_value();
        return if value == -1 { -2 } else { value };
    }
    hash_slow(a)
}

#[inline(never)]
fn hash_slow(a: &PyInt) -> isize {
    let mut acc = 0_u64;
    for &digit in a.digits().iter().rev() {
        // A rotation of the 61-bit number by one digit is multiplication by 2^30 modulo 2^61 - 1.
        acc = (acc << SHIFT & HASH_MODULUS) | acc >> (61 - SHIFT);
        acc += digit as u64;
        if acc >= HASH_MODULUS {
            acc -= HASH_MODULUS;
        }
    }
    let value = if a.is_negative() { -(acc as isize) } else { acc as isize };
    if value == -1 { -2 } else { value }
}

impl PyInt {
    /// `hash(self)`.
    #[inline]
    pub fn hash(&self) -> isize {
        int_hash(self)
    }
}

/// Greatest common divisor, not negative.
pub fn int_gcd(a: &PyInt, b: &PyInt) -> Ref<PyInt> {
    if let (Some(x), Some(y)) = (a.magnitude_u64(), b.magnitude_u64()) {
        return PyInt::from_u64(num_integer::gcd(x, y));
    }
    let (mut large, mut small) = (a.to_biguint(), b.to_biguint());
    if large < small {
        core::mem::swap(&mut large, &mut small);
    }
    // The crate subtracts and shifts, which takes forever where the lengths differ much: a division brings them together.
    if small.bits() > 0 && large.bits() - small.bits() > 32 {
        (large, small) = (small.clone(), large % small);
    }
    if let (Ok(x), Ok(y)) = (u64::try_from(&large), u64::try_from(&small)) {
        return PyInt::from_u64(num_integer::gcd(x, y));
    }
    PyInt::from_biguint(false, &num_integer::Integer::gcd(&large, &small))
}

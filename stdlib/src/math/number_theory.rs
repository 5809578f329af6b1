//! Integer functions: `factorial`, `comb`, `perm`, `isqrt`, `gcd`, `lcm`.

use num_bigint::BigUint;
use num_traits::One;
use rpy_vm::protocol::number;
use rpy_vm::types::int::{self, PyInt};
use rpy_vm::{PyObject, PyResult, Ref, exc};

/// `low * (low + 1) * … * (high - 1)` by halving, so that the factors stay of similar size.
fn product_range(low: u64, high: u64) -> BigUint {
    if high - low <= 16 {
        let mut product = BigUint::one();
        let mut acc = 1_u64;
        for factor in low..high {
            match acc.checked_mul(factor) {
                Some(next) => acc = next,
                None => {
                    product *= acc;
                    acc = factor;
                }
            }
        }
        return product * acc;
    }
    let middle = low + (high - low) / 2;
    product_range(low, middle) * product_range(middle, high)
}

/// `n!`.
pub fn factorial(n: &PyObject) -> PyResult<Ref<PyInt>> {
    let n = number::index(n)?;
    if n.is_negative() {
        return Err(exc::value_error("factorial() not defined for negative values"));
    }
    let Some(n) = n.as_i64() else {
        return Err(exc::overflow_error(format!("factorial() argument should not exceed {}", i64::MAX)));
    };
    if n <= 20 {
        return Ok(PyInt::from_u64((1..=n as u64).product()));
    }
    // The odd part by ranges, the twos by a shift.
    let n = n as u64;
    let mut odd = BigUint::one();
    let mut inner = BigUint::one();
    let bits = 64 - n.leading_zeros();
    let mut low = 3_u64;
    for i in (0..bits.saturating_sub(1)).rev() {
        let high = (n >> i) + 1 | 1;
        if high > low {
            inner *= odd_product(low, high);
            low = high;
        }
        odd *= &inner;
    }
    let twos = n - n.count_ones() as u64;
    Ok(PyInt::from_biguint(false, &(odd << twos)))
}

/// Product of the odd numbers from `low` (odd) to below `high` (odd).
fn odd_product(low: u64, high: u64) -> BigUint {
    let count = (high - low) / 2;
    if count <= 16 {
        let mut product = BigUint::one();
        let mut acc = 1_u64;
        for i in 0..count {
            let factor = low + 2 * i;
            match acc.checked_mul(factor) {
                Some(next) => acc = next,
                None => {
                    product *= acc;
                    acc = factor;
                }
            }
        }
        return product * acc;
    }
    let middle = low + count / 2 * 2;
    odd_product(low, middle) * odd_product(middle, high)
}

/// A count for `comb` and `perm`.
fn non_negative(value: &PyObject, name: &str) -> PyResult<Ref<PyInt>> {
    let value = number::index_exact(value)?;
    if value.is_negative() {
        Err(exc::value_error(format!("{name} must be a non-negative integer")))
    } else {
        Ok(value)
    }
}

/// Falling factorial `n * (n - 1) * … * (n - k + 1)` of a big `n`.
fn falling_big(n: &BigUint, low: u64, count: u64) -> BigUint {
    if count == 1 {
        return n - low;
    }
    let half = count / 2;
    falling_big(n, low, half) * falling_big(n, low + half, count - half)
}

/// Number of ordered choices of `k` from `n`.
pub fn perm(n: &PyObject, k: Option<&PyObject>) -> PyResult<Ref<PyInt>> {
    let Some(k) = k else {
        return factorial(n);
    };
    let n = number::index_exact(n)?;
    let k = number::index_exact(k)?;
    if n.is_negative() {
        return Err(exc::value_error("n must be a non-negative integer"));
    }
    if k.is_negative() {
        return Err(exc::value_error("k must be a non-negative integer"));
    }
    if int::int_cmp(&n, &k).is_lt() {
        return Ok(PyInt::zero());
    }
    let Some(k) = k.as_i64() else {
        return Err(exc::overflow_error(format!("k must not exceed {}", i64::MAX)));
    };
    let k = k as u64;
    if k == 0 {
        return Ok(PyInt::one());
    }
    Ok(PyInt::from_biguint(
        false,
        &match n.as_u64() {
            Some(n) if n < u64::MAX => product_range(n - k + 1, n + 1),
            _ => falling_big(&n.to_biguint(), 0, k),
        },
    ))
}

/// Number of unordered choices of `k` from `n`.
pub fn comb(n: &PyObject, k: &PyObject) -> PyResult<Ref<PyInt>> {
    let n = non_negative(n, "n")?;
    let k = non_negative(k, "k")?;
    if int::int_cmp(&n, &k).is_lt() {
        return Ok(PyInt::zero());
    }
    // SAFETY: the difference of ints is an int.
    let rest: Ref<PyInt> = unsafe { int::int_sub(&n, &k).cast_unchecked() };
    let k = if int::int_cmp(&rest, &k).is_lt() { rest } else { k };
    let Some(k) = k.as_i64() else {
        return Err(exc::overflow_error(format!("min(n - k, k) must not exceed {}", i64::MAX)));
    };
    let k = k as u64;
    if k == 0 {
        return Ok(PyInt::one());
    }
    if let Some(n) = n.as_u64() {
        if let Some(small) = comb_u128(n, k) {
            return Ok(PyInt::from_u128(small));
        }
        if n < u64::MAX {
            return Ok(PyInt::from_biguint(false, &comb_big(&BigUint::from(n), k)));
        }
    }
    Ok(PyInt::from_biguint(false, &comb_big(&n.to_biguint(), k)))
}

/// The result by stepwise multiplication and exact division, if it stays in 128 bits.
fn comb_u128(n: u64, k: u64) -> Option<u128> {
    if k > 64 {
        return None;
    }
    let mut result = 1_u128;
    for i in 0..k {
        result = result.checked_mul((n - i) as u128)? / (i as u128 + 1);
    }
    Some(result)
}

/// C(n, k) = C(n, j) * C(n - j, k - j) / C(k, j), with `j` half of `k`.
fn comb_big(n: &BigUint, k: u64) -> BigUint {
    if k == 0 {
        return BigUint::one();
    }
    if k == 1 {
        return n.clone();
    }
    if let Some(small) = n.iter_u64_digits().next().filter(|_| n.bits() <= 64).and_then(|n| comb_u128(n, k)) {
        return BigUint::from(small);
    }
    let j = k / 2;
    comb_big(n, j) * comb_big(&(n - j), k - j) / comb_big(&BigUint::from(k), j)
}

/// Integer square root.
pub fn isqrt(n: &PyObject) -> PyResult<Ref<PyInt>> {
    let n = number::index(n)?;
    if n.is_negative() {
        return Err(exc::value_error("isqrt() argument must be nonnegative"));
    }
    Ok(match n.as_u64() {
        Some(small) => PyInt::from_u64(small.isqrt()),
        None => PyInt::from_biguint(false, &n.to_biguint().sqrt()),
    })
}

/// Greatest common divisor of any number of ints.
pub fn gcd(integers: &[&PyObject]) -> PyResult<Ref<PyInt>> {
    let mut result = PyInt::zero();
    for integer in integers {
        let integer = number::index(integer)?;
        result = int::int_gcd(&result, &integer);
    }
    Ok(result)
}

/// Least common multiple of any number of ints.
pub fn lcm(integers: &[&PyObject]) -> PyResult<Ref<PyInt>> {
    let mut result = PyInt::one();
    for integer in integers {
        let integer = number::index(integer)?;
        if result.is_zero() || integer.is_zero() {
            result = PyInt::zero();
            continue;
        }
        let gcd = int::int_gcd(&result, &integer);
        let quotient = int::int_floordiv(&result, &gcd)?;
        // SAFETY: quotients and products of ints are ints, and so is what abs gives.
        result = unsafe {
            let quotient: Ref<PyInt> = quotient.cast_unchecked();
            let product: Ref<PyInt> = int::int_mul(&quotient, &integer).cast_unchecked();
            int::int_abs(&product).cast_unchecked()
        };
    }
    Ok(result)
}

//! Sums and norms in extended precision: `fsum`, `hypot`, `dist`, `sumprod`.

use super::libm;
use rpy_vm::protocol::{number, object as po};
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::{ObjRef, PyObject, PyResult, exc};

/// A sum of two doubles that do not overlap: `hi + lo` is exact.
#[derive(Clone, Copy)]
struct Double {
    hi: f64,
    lo: f64,
}

/// `a + b` exactly, for `|a| >= |b|`.
fn fast_sum(a: f64, b: f64) -> Double {
    let hi = a + b;
    Double { hi, lo: b - (hi - a) }
}

/// `a + b` exactly.
fn exact_sum(a: f64, b: f64) -> Double {
    let hi = a + b;
    let z = hi - a;
    Double { hi, lo: (a - (hi - z)) + (b - z) }
}

/// `a * b` exactly.
fn exact_product(a: f64, b: f64) -> Double {
    let hi = a * b;
    Double { hi, lo: a.mul_add(b, -hi) }
}

/// An accumulator of three doubles.
#[derive(Clone, Copy, Default)]
struct Triple {
    hi: f64,
    lo: f64,
    tiny: f64,
}

impl Triple {
    /// `self + x * y`.
    fn add_product(self, x: f64, y: f64) -> Triple {
        let product = exact_product(x, y);
        let sum = exact_sum(self.hi, product.hi);
        let low = exact_sum(self.lo, product.lo);
        let carry = exact_sum(low.hi, sum.lo);
        Triple { hi: sum.hi, lo: carry.hi, tiny: self.tiny + low.lo + carry.lo }
    }

    fn value(self) -> f64 {
        let last = exact_sum(self.lo, self.tiny);
        let total = exact_sum(self.hi, last.hi);
        total.hi + (last.lo + total.lo)
    }
}

/// The Euclidean norm of values whose largest magnitude is `max`, nearly correctly rounded.
fn norm(values: &mut [f64], max: f64, found_nan: bool) -> f64 {
    if max.is_infinite() {
        return max;
    }
    if found_nan {
        return f64::NAN;
    }
    if max == 0.0 || values.len() <= 1 {
        return max;
    }
    let (_, exponent) = libm::frexp(max);
    if exponent < -1023 {
        // Subnormal all of them: scale into the normal range first.
        let smallest = f64::MIN_POSITIVE;
        for x in values.iter_mut() {
            *x /= smallest;
        }
        return smallest * norm(values, max / smallest, false);
    }
    let scale = libm::ldexp(1.0, -exponent);
    let mut sum = 1.0;
    let mut product_tail = 0.0;
    let mut sum_tail = 0.0;
    for x in values.iter() {
        let x = x * scale;
        let square = exact_product(x, x);
        let next = fast_sum(sum, square.hi);
        sum = next.hi;
        product_tail += square.lo;
        sum_tail += next.lo;
    }
    let mut root = (sum - 1.0 + (product_tail + sum_tail)).sqrt();
    // One Newton step with the exact residue.
    let square = exact_product(-root, root);
    let next = fast_sum(sum, square.hi);
    sum = next.hi;
    product_tail += square.lo;
    sum_tail += next.lo;
    let residue = sum - 1.0 + (product_tail + sum_tail);
    root += residue / (2.0 * root);
    root / scale
}

/// `hypot(*values)`.
pub fn hypot(coordinates: &[&PyObject]) -> PyResult<f64> {
    let mut values = Vec::with_capacity(coordinates.len());
    for coordinate in coordinates {
        values.push(number::as_f64(coordinate)?);
    }
    Ok(norm_of(&mut values))
}

/// The norm of any values.
fn norm_of(values: &mut [f64]) -> f64 {
    let mut max = 0.0_f64;
    let mut found_nan = false;
    for x in values.iter_mut() {
        *x = x.abs();
        found_nan |= x.is_nan();
        if *x > max {
            max = *x;
        }
    }
    norm(values, max, found_nan)
}

/// The coordinates of a point.
fn point(object: &PyObject) -> PyResult<Vec<ObjRef>> {
    rpy_vm::protocol::sequence::fast(object)
}

/// `dist(p, q)`.
pub fn dist(p: &PyObject, q: &PyObject) -> PyResult<f64> {
    let p = point(p)?;
    let q = point(q)?;
    if p.len() != q.len() {
        return Err(exc::value_error("both points must have the same number of dimensions"));
    }
    let mut differences = Vec::with_capacity(p.len());
    for (a, b) in p.iter().zip(&q) {
        differences.push(number::as_f64(a)? - number::as_f64(b)?);
    }
    Ok(norm_of(&mut differences))
}

/// `fsum(seq)`: exact partial sums that do not overlap, rounded once at the end.
pub fn fsum(seq: &PyObject) -> PyResult<f64> {
    let mut partials: Vec<f64> = Vec::new();
    let mut special_sum = 0.0;
    let mut infinity_sum = 0.0;
    let iterator = po::get_iter(seq)?;
    while let Some(item) = po::iter_next(&iterator)? {
        let original = number::as_f64(&item)?;
        let mut x = original;
        let mut kept = 0;
        for j in 0..partials.len() {
            let mut y = partials[j];
            if x.abs() < y.abs() {
                core::mem::swap(&mut x, &mut y);
            }
            let sum = fast_sum(x, y);
            if sum.lo != 0.0 {
                partials[kept] = sum.lo;
                kept += 1;
            }
            x = sum.hi;
        }
        partials.truncate(kept);
        if x == 0.0 {
            continue;
        }
        if !x.is_finite() {
            // Either the input is not finite, or the sum has overflowed.
            if original.is_finite() {
                return Err(exc::overflow_error("intermediate overflow in fsum"));
            }
            if original.is_infinite() {
                infinity_sum += original;
            }
            special_sum += original;
            partials.clear();
        } else {
            partials.push(x);
        }
    }
    if special_sum != 0.0 {
        if infinity_sum.is_nan() {
            return Err(exc::value_error("-inf + inf in fsum"));
        }
        return Ok(special_sum);
    }
    let Some(mut hi) = partials.pop() else {
        return Ok(0.0);
    };
    let mut lo = 0.0;
    while let Some(y) = partials.pop() {
        let sum = fast_sum(hi, y);
        hi = sum.hi;
        lo = sum.lo;
        if lo != 0.0 {
            break;
        }
    }
    // Half-way cases: what lies below decides the direction.
    if let Some(&below) = partials.last()
        && ((lo < 0.0 && below < 0.0) || (lo > 0.0 && below > 0.0))
    {
        let y = lo * 2.0;
        let x = hi + y;
        if y == x - hi {
            hi = x;
        }
    }
    Ok(hi)
}

/// `sumprod(p, q)`: machine integers as long as they last, then floats in extended precision, then any numbers.
pub fn sumprod(p: &PyObject, q: &PyObject) -> PyResult<ObjRef> {
    let p = po::get_iter(p)?;
    let q = po::get_iter(q)?;
    let mut total: ObjRef = PyInt::zero().into_obj();
    let mut int_path = true;
    let mut int_total = 0_i64;
    let mut float_path = true;
    let mut float_total = Triple::default();
    let mut float_used = false;
    loop {
        let (x, y) = (po::iter_next(&p)?, po::iter_next(&q)?);
        let (x, y) = match (x, y) {
            (Some(x), Some(y)) => (x, y),
            (None, None) => break,
            _ => return Err(exc::value_error("Inputs are not the same length")),
        };
        if int_path {
            let next = match (x.downcast_exact::<PyInt>(), y.downcast_exact::<PyInt>()) {
                (Some(a), Some(b)) => match (a.as_i64(), b.as_i64()) {
                    (Some(a), Some(b)) => a.checked_mul(b).and_then(|product| int_total.checked_add(product)),
                    _ => None,
                },
                _ => None,
            };
            if let Some(next) = next {
                int_total = next;
                continue;
            }
            int_path = false;
            total = number::add(&total, &PyInt::from_i64(int_total).into_obj())?;
        }
        if float_path {
            if let Some((a, b)) = float_pair(&x, &y) {
                let next = float_total.add_product(a, b);
                if next.hi.is_finite() {
                    float_total = next;
                    float_used = true;
                    continue;
                }
            }
            float_path = false;
            if float_used {
                total = number::add(&total, &PyFloat::new(float_total.value()).into_obj())?;
                float_used = false;
            }
        }
        let product = number::multiply(&x, &y)?;
        total = number::add(&total, &product)?;
    }
    if int_path {
        return Ok(PyInt::from_i64(int_total).into_obj());
    }
    if float_used {
        total = number::add(&total, &PyFloat::new(float_total.value()).into_obj())?;
    }
    Ok(total)
}

/// Two floats, or a float and an int that converts.
fn float_pair(x: &PyObject, y: &PyObject) -> Option<(f64, f64)> {
    let float = |o: &PyObject| o.downcast_exact::<PyFloat>().map(PyFloat::value);
    let int = |o: &PyObject| {
        let is_int = o.downcast_exact::<PyInt>().is_some() || rpy_vm::types::bool_::is_bool(o);
        is_int.then(|| o.downcast_ref::<PyInt>().and_then(PyInt::to_f64_opt)).flatten()
    };
    match (float(x), float(y)) {
        (Some(a), Some(b)) => Some((a, b)),
        (Some(a), None) => int(y).map(|b| (a, b)),
        (None, Some(b)) => int(x).map(|a| (a, b)),
        (None, None) => None,
    }
}

//! `exp`, `ln`, `log10` and `power`, on binary fixed-point numbers.
//!
//! Logarithms and exponentials of rational numbers are irrational but for the trivial cases, so that with enough further digits
//! it is decided which way they round: computations are repeated with more digits until it is.

use core::cell::RefCell;

use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::coefficient::{Coefficient, power_of_ten};
use super::environment::condition::*;
use super::environment::{Environment, MOST_DIGITS, Rounding};
use super::number::Number;

/// Bits for so many digits, and some more.
fn bits_for(digits: i64) -> u64 {
    (digits as f64 * core::f64::consts::LOG2_10) as u64 + 32
}

/// `e^(x / 2^w) * 2^w` for `0 <= x < 4 * 2^w`.
fn exp_fixed(x: &BigInt, w: u64) -> BigInt {
    // Halved often enough for a short series, squared as often afterwards, with bits to spare for that.
    let halvings = (w as f64).sqrt() as u64 / 2 + 4;
    let work = w + 2 * halvings + 16;
    let reduced: BigInt = (x << (work - w)) >> halvings;
    let one = BigInt::one() << work;
    let mut sum = &one + &reduced;
    let mut term = reduced.clone();
    let mut n = 2u32;
    while !term.is_zero() {
        term = ((&term * &reduced) >> work) / n;
        sum += &term;
        n += 1;
    }
    for _ in 0..halvings {
        sum = (&sum * &sum) >> work;
    }
    sum >> (work - w)
}

/// `ln(m / 2^w) * 2^w` for `1 <= m / 2^w <= 10`.
fn ln_fixed(m: &BigInt, w: u64) -> BigInt {
    let work = w + 16;
    let m: BigInt = m << 16u8;
    let guess = (&m >> (work - 53).min(work)).to_f64().unwrap_or(1.0) / (1u64 << 53) as f64;
    let mut y = BigInt::from((guess.ln() * (1u64 << 53) as f64) as i64) << (work - 53);
    if y.is_negative() {
        y = BigInt::zero();
    }
    let mut right = 45;
    // Halley's method: every step triples the bits that are right.
    while right < work {
        let e = exp_fixed(&y, work);
        y += (((&m - &e) << work) * 2) / (&m + &e);
        if y.is_negative() {
            y = BigInt::zero();
        }
        right *= 3;
    }
    y >> 16u8
}

std::thread_local! {
    /// The logarithm of ten, and its bits.
    static LN_TEN: RefCell<(u64, BigInt)> = const { RefCell::new((0, BigInt::ZERO)) };
}

/// `ln(10) * 2^w`.
fn ln_ten(w: u64) -> BigInt {
    LN_TEN.with_borrow_mut(|(bits, value)| {
        if *bits < w {
            *bits = w + w / 4;
            *value = ln_fixed(&(BigInt::from(10) << *bits), *bits);
        }
        &*value >> (*bits - w)
    })
}

/// `n * 2^w`, rounded down; `n` is finite and not too large.
fn to_fixed(n: &Number, w: u64) -> BigInt {
    let sign = if n.negative { Sign::Minus } else { Sign::Plus };
    let c = BigInt::from_biguint(sign, n.coefficient.to_big());
    let power = |e: u64| BigInt::from(power_of_ten(e));
    if n.exponent >= 0 {
        (c * power(n.exponent as u64)) << w
    } else {
        (c << w).div_floor(&power(n.exponent.unsigned_abs()))
    }
}

/// `ln(n) * 2^w` for a positive number.
fn ln_of(n: &Number, w: u64) -> BigInt {
    // n = m * 10^k with 1 <= m < 10; the factor k costs bits of ln(10).
    let k = n.adjusted();
    let m = Number::finite(false, n.coefficient.clone(), n.exponent - k);
    let work = w + 80;
    let value = ln_fixed(&to_fixed(&m, work), work) + ln_ten(work) * k;
    value >> 80u8
}

/// A fixed-point number as coefficient and exponent: `digits` places behind the point.
fn from_fixed(value: &BigInt, w: u64, digits: i64) -> BigUint {
    let scaled = value.abs() * BigInt::from(power_of_ten(digits.max(0) as u64));
    (scaled >> w).to_biguint().unwrap_or_default()
}

/// Is it certain how a coefficient with `extra` digits too many rounds, if it is wrong by one or two?
fn decides(coefficient: &BigUint, extra: i64) -> bool {
    let unit = power_of_ten(extra as u64 - 1) * 5u8;
    let rest = coefficient % &unit;
    rest > BigUint::from(4u8) && rest < unit - 4u8
}

impl Environment {
    /// Rounds half to even, whatever the context says.
    fn finish_to_even(&mut self, n: Number) -> Number {
        let rounding = core::mem::replace(&mut self.rounding, Rounding::HalfEven);
        let result = self.finish(n);
        self.rounding = rounding;
        result
    }

    pub fn exponential(&mut self, a: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a]) {
            return nan;
        }
        if a.is_infinite() {
            return if a.negative { Number::zero(false, 0) } else { a.clone() };
        }
        if a.is_zero() {
            return Number::integer(1);
        }
        if self.too_long(self.prec) {
            return Number::nan();
        }
        let (prec, adjusted) = (self.prec, a.adjusted());
        // Beyond the bounds, or so near to 1 that only the direction counts.
        let result = if adjusted >= 19 {
            Number::finite(false, Coefficient::ONE, if a.negative { self.etiny() - 1 } else { self.emax + 1 })
        } else if adjusted < -prec - 1 {
            let one = Coefficient::ONE.scaled((prec + 2) as u64);
            let near = if a.negative { one.minus(&Coefficient::ONE) } else { one.plus(&Coefficient::ONE) };
            Number::finite(false, near, -prec - 2)
        } else {
            let mut extra = 5;
            loop {
                let w = bits_for(prec + extra + adjusted.max(0) + 5);
                let (coefficient, exponent) = exp_digits(&to_fixed(a, w), w, prec + extra);
                let surplus = Coefficient::from_big(coefficient.clone()).digits() as i64 - prec;
                if surplus > 1 && decides(&coefficient, surplus) {
                    break Number::finite(false, Coefficient::from_big(coefficient), exponent);
                }
                extra += 8;
            }
        };
        self.finish_to_even(result)
    }

    pub fn natural_log(&mut self, a: &Number) -> Number {
        if let Some(early) = self.log_of_special(a) {
            return early;
        }
        if a.compare(&Number::integer(1)).is_eq() {
            return Number::zero(false, 0);
        }
        self.logarithm(a, ln_of)
    }

    pub fn log10(&mut self, a: &Number) -> Number {
        if let Some(early) = self.log_of_special(a) {
            return early;
        }
        let (rest, _) = a.coefficient.stripped(u64::MAX);
        if rest == Coefficient::ONE {
            return self.finish_to_even(Number::integer(a.adjusted()));
        }
        self.logarithm(a, |a, w| (ln_of(a, w + 8) << w).div_floor(&ln_ten(w + 8)))
    }

    fn log_of_special(&mut self, a: &Number) -> Option<Number> {
        if let Some(nan) = self.nan_of(&[a]) {
            return Some(nan);
        }
        if a.is_zero() {
            return Some(Number::infinity(true));
        }
        if a.negative {
            return Some(self.invalid(INVALID_OPERATION));
        }
        if a.is_infinite() {
            return Some(Number::infinity(false));
        }
        self.too_long(self.prec).then(Number::nan)
    }

    fn logarithm(&mut self, a: &Number, f: impl Fn(&Number, u64) -> BigInt) -> Number {
        let prec = self.prec;
        // Near 1 the logarithm is small: the difference from 1 says how small.
        let lead = distance_from_one(a).map_or(0, |d| d.adjusted().min(0));
        let mut extra = 5;
        let result = loop {
            let digits = prec + extra - lead;
            if self.too_long(digits) {
                return Number::nan();
            }
            let w = bits_for(digits + 5);
            let value = f(a, w);
            let coefficient = from_fixed(&value, w, digits);
            let surplus = Coefficient::from_big(coefficient.clone()).digits() as i64 - prec;
            if surplus > 1 && decides(&coefficient, surplus) {
                break Number::finite(value.is_negative(), Coefficient::from_big(coefficient), -digits);
            }
            extra += 8;
        };
        self.finish_to_even(result)
    }

    /// `a ** b`.
    pub fn power(&mut self, a: &Number, b: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a, b]) {
            return nan;
        }
        if b.is_zero() {
            return if a.is_zero() { self.invalid(INVALID_OPERATION) } else { Number::integer(1) };
        }
        let whole = b.is_integer();
        let odd = whole && is_odd(b);
        let negative = a.negative && odd;
        if a.negative && !a.is_zero() && !whole {
            return self.invalid(INVALID_OPERATION);
        }
        if a.is_zero() {
            return if b.negative { Number::infinity(negative) } else { Number::zero(negative, 0) };
        }
        if a.is_infinite() {
            return if b.negative { Number::zero(negative, 0) } else { Number::infinity(negative) };
        }
        let magnitude = a.clone().with_sign(false);
        let order = magnitude.compare(&Number::integer(1));
        if order.is_eq() {
            return self.power_of_one(a, b, whole, negative);
        }
        if b.is_infinite() {
            return if order.is_gt() != b.negative { Number::infinity(false) } else { Number::zero(false, 0) };
        }
        if self.too_long(self.prec) {
            return Number::nan();
        }
        // The size of the result decides whether there is anything to compute.
        let log = approximate_log10(&magnitude) * approximate(b);
        if log.abs() > 3e18 || (log > 1e9 && log > self.emax as f64 * 1.001 + 2.0) {
            let exponent = if log > 0.0 { self.emax + 1 } else { self.etiny() - 1 };
            return self.finish(Number::finite(negative, Coefficient::ONE, exponent));
        }
        if let Some(n) = b.to_i64().filter(|n| whole && n.unsigned_abs() < 1 << 40) {
            return self.power_of_integer(a, n, negative);
        }
        // The logarithm of the result has its first digit not before this place.
        let place = match distance_from_one(&magnitude) {
            Some(distance) => distance.adjusted() + 1,
            None => (approximate_log10(&magnitude).abs() * 2.4).log10().ceil() as i64,
        } + b.adjusted()
            + 1;
        if place < -self.prec - 3 {
            let one = Coefficient::ONE.scaled((self.prec + 3) as u64);
            let above = order.is_gt() != b.negative;
            let near = if above { one.plus(&Coefficient::ONE) } else { one.minus(&Coefficient::ONE) };
            return self.finish(Number::finite(negative, near, -self.prec - 3));
        }
        self.power_of_real(&magnitude, b, negative)
    }

    fn power_of_one(&mut self, a: &Number, b: &Number, whole: bool, negative: bool) -> Number {
        let zeros = if whole {
            if b.negative {
                return Number::finite(negative, Coefficient::ONE, 0);
            }
            let per_factor = -(a.exponent.min(0));
            let wanted = b.to_i64().map_or(i64::MAX, |n| n.saturating_mul(per_factor));
            let wanted = if per_factor == 0 { 0 } else { wanted };
            if wanted > self.prec - 1 {
                self.status |= ROUNDED;
            }
            wanted.min(self.prec - 1)
        } else {
            self.status |= INEXACT | ROUNDED;
            self.prec - 1
        };
        if self.too_long(zeros) {
            return Number::nan();
        }
        Number::finite(negative, Coefficient::ONE.scaled(zeros as u64), -zeros)
    }

    fn power_of_integer(&mut self, a: &Number, n: i64, negative: bool) -> Number {
        let mut work = self.working(self.prec + 4 + n.unsigned_abs().to_string().len() as i64);
        let mut base = a.clone().with_sign(false);
        if n < 0 {
            base = work.divide(&Number::integer(1), &base);
        }
        let count = n.unsigned_abs();
        let mut result = base.clone();
        for bit in (0..count.ilog2()).rev() {
            result = work.multiply(&result, &result);
            if count >> bit & 1 == 1 {
                result = work.multiply(&result, &base);
            }
            if !result.is_finite() || result.is_zero() {
                break;
            }
        }
        self.status |= work.status & (INEXACT | ROUNDED | OUT_OF_MEMORY);
        // Beyond the widest bounds.
        if result.is_infinite() {
            result = Number::finite(false, Coefficient::ONE, self.emax + 1);
        } else if result.is_zero() {
            result = Number::finite(false, Coefficient::ONE, self.etiny() - 1);
        }
        self.finish(result.with_sign(negative))
    }

    fn power_of_real(&mut self, a: &Number, b: &Number, negative: bool) -> Number {
        // The product may have 20 digits in front of its point, and the logarithm loses as many as it is small.
        let digits = self.prec + 30;
        let spare = 2 * 20 + b.adjusted().abs().min(60);
        let lead = distance_from_one(a).map_or(0, |d| -d.adjusted().min(0));
        let total = digits + spare + lead;
        if self.too_long(total) {
            return Number::nan();
        }
        let w = bits_for(total);
        let c = BigInt::from_biguint(if b.negative { Sign::Minus } else { Sign::Plus }, b.coefficient.to_big());
        let log = ln_of(a, w);
        let product = if b.exponent >= 0 {
            if b.exponent > MOST_DIGITS {
                self.status |= OUT_OF_MEMORY;
                return Number::nan();
            }
            log * c * BigInt::from(power_of_ten(b.exponent as u64))
        } else {
            (log * c).div_floor(&BigInt::from(power_of_ten(b.exponent.unsigned_abs())))
        };
        let (coefficient, exponent) = exp_digits(&product, w, digits);
        // To a few digits more than wanted first: results that are exact then look it.
        let mut work = self.working(self.prec + 23);
        let rounded = work.finish(Number::finite(false, Coefficient::from_big(coefficient), exponent));
        let result = self.finish(rounded.with_sign(negative));
        // It is inexact even if no digits had to be dropped.
        if self.is_subnormal(&result) {
            self.status |= UNDERFLOW;
        }
        self.status |= INEXACT | ROUNDED;
        result
    }

    /// `a ** b % c` of whole numbers.
    pub fn power_modulo(&mut self, a: &Number, b: &Number, c: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a, b, c]) {
            return nan;
        }
        let valid = a.is_integer()
            && b.is_integer()
            && c.is_integer()
            && !c.is_zero()
            && (!b.negative || b.is_zero())
            && c.adjusted() < self.prec
            && !(a.is_zero() && b.is_zero());
        if !valid {
            return self.invalid(INVALID_OPERATION);
        }
        let negative = a.negative && is_odd(b);
        let modulus = whole(c);
        // Exponents may be far larger than numbers: c * 10^e is a power of a power.
        let reduced = |n: &Number| {
            let ten = BigUint::from(10u8).modpow(&BigUint::from(n.exponent.max(0) as u64), &modulus);
            if n.exponent >= 0 { n.coefficient.to_big() * ten % &modulus } else { whole(n) % &modulus }
        };
        let mut result = reduced(a);
        if b.exponent >= 0 {
            result = result.modpow(&b.coefficient.to_big(), &modulus);
            for _ in 0..b.exponent {
                if result.is_zero() || result.is_one() {
                    break;
                }
                result = result.modpow(&BigUint::from(10u8), &modulus);
            }
        } else {
            result = result.modpow(&whole(b), &modulus);
        }
        Number::finite(negative, Coefficient::from_big(result), 0)
    }
}

/// `e^(x / 2^w)` with so many digits, as coefficient and exponent.
fn exp_digits(x: &BigInt, w: u64, digits: i64) -> (BigUint, i64) {
    let ten = ln_ten(w + 70);
    let (k, _) = (x << 70u8).div_mod_floor(&ten);
    let rest = ((x << 70u8) - &ten * &k) >> 70u8;
    let k = k.to_i64().unwrap_or(0);
    (from_fixed(&exp_fixed(&rest, w), w, digits), k - digits)
}

/// A whole number's absolute value.
fn whole(n: &Number) -> BigUint {
    let magnitude = if n.exponent >= 0 {
        n.coefficient.scaled(n.exponent as u64)
    } else {
        n.coefficient.cut(n.exponent.unsigned_abs()).0
    };
    magnitude.to_big()
}

fn is_odd(n: &Number) -> bool {
    match n.exponent {
        0 => n.coefficient.is_odd(),
        e if e > 0 => false,
        e => n.coefficient.cut(e.unsigned_abs()).0.is_odd(),
    }
}

/// About the value, which may be far outside of what floats hold: then very large or very small.
fn approximate(n: &Number) -> f64 {
    let digits = n.coefficient.digits();
    let (lead, _) = n.coefficient.cut(digits.saturating_sub(17));
    let lead = match lead {
        Coefficient::Small(v) => v as f64,
        Coefficient::Big(_) => f64::MAX,
    };
    let exponent = n.exponent + digits.saturating_sub(17) as i64;
    let value = lead * 10f64.powi(exponent.clamp(-400, 400) as i32);
    if n.negative { -value } else { value }
}

/// `n - 1`, if `n` is near 1.
fn distance_from_one(n: &Number) -> Option<Number> {
    if !(-1..=0).contains(&n.adjusted()) {
        return None;
    }
    let difference = Environment::maximal().subtract(n, &Number::integer(1));
    difference.is_finite().then_some(difference)
}

/// About the decimal logarithm of a positive number other than 1.
fn approximate_log10(n: &Number) -> f64 {
    if let Some(near) = distance_from_one(n).filter(|near| near.adjusted() < -3) {
        return approximate(&near) / core::f64::consts::LN_10;
    }
    let adjusted = n.adjusted();
    let mantissa = Number::finite(false, n.coefficient.clone(), n.exponent - adjusted);
    adjusted as f64 + approximate(&mantissa).log10()
}

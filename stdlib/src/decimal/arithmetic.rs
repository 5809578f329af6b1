//! The operations that are exact but for the last rounding.

use core::cmp::Ordering;

use super::coefficient::{Coefficient, Tail};
use super::environment::condition::*;
use super::environment::{Environment, Rounding};
use super::number::{Kind, Number};

impl Environment {
    /// Rounded to the context.
    pub fn plus(&mut self, a: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a]) {
            return nan;
        }
        // Zero loses its sign, as in 0 + a.
        let negative = a.negative && (!a.is_zero() || self.rounding == Rounding::Floor);
        self.finish(a.clone().with_sign(negative))
    }

    /// The negation, rounded.
    pub fn minus(&mut self, a: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a]) {
            return nan;
        }
        let negative = !a.negative && (!a.is_zero() || self.rounding == Rounding::Floor);
        self.finish(a.clone().with_sign(negative))
    }

    /// The absolute value, rounded.
    pub fn absolute(&mut self, a: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a]) {
            return nan;
        }
        self.finish(a.clone().with_sign(false))
    }

    pub fn add(&mut self, a: &Number, b: &Number) -> Number {
        let sum = self.add_exactly(a, b, b.negative);
        self.finish(sum)
    }

    pub fn subtract(&mut self, a: &Number, b: &Number) -> Number {
        let sum = self.add_exactly(a, b, !b.negative);
        self.finish(sum)
    }

    /// The sum, as exact as its rounding needs it.
    fn add_exactly(&mut self, a: &Number, b: &Number, b_negative: bool) -> Number {
        if !(a.is_finite() && b.is_finite()) {
            if let Some(nan) = self.nan_of(&[a, b]) {
                return nan;
            }
            return match (a.is_infinite(), b.is_infinite()) {
                (true, true) if a.negative != b_negative => self.invalid(INVALID_OPERATION),
                (true, _) => a.clone(),
                (false, _) => b.clone().with_sign(b_negative),
            };
        }
        if a.exponent == b.exponent {
            return self.signed_sum(a.negative, &a.coefficient, b_negative, &b.coefficient, a.exponent);
        }
        let exponent = a.exponent.min(b.exponent);
        if a.is_zero() || b.is_zero() {
            let (zero, other, negative) = if a.is_zero() { (a, b, b_negative) } else { (b, a, a.negative) };
            if other.is_zero() {
                return Number::zero(self.sign_of_zero(a.negative, b_negative), exponent);
            }
            // As many zeros behind the other one as there is room for.
            let lowest = exponent.max(other.exponent - self.prec - 1).min(other.exponent.max(zero.exponent));
            let other = other.clone().with_sign(negative);
            if lowest >= other.exponent {
                return other;
            }
            return self.rescale(&other, lowest, Rounding::Down);
        }
        // The one with the larger exponent gets zeros; far away from it, the other one is as good as a single digit.
        let (mut big, mut small) = (a, b);
        let (mut big_negative, mut small_negative) = (a.negative, b_negative);
        if big.exponent < small.exponent {
            (big, small) = (small, big);
            (big_negative, small_negative) = (small_negative, big_negative);
        }
        let place = big.exponent + (big.coefficient.digits() as i64 - self.prec - 2).min(-1);
        let tiny;
        if small.adjusted() < place {
            tiny = Number::finite(small.negative, Coefficient::ONE, place);
            small = &tiny;
        }
        let distance = big.exponent - small.exponent;
        if self.too_long(distance) {
            return Number::nan();
        }
        let scaled = big.coefficient.scaled(distance as u64);
        self.signed_sum(big_negative, &scaled, small_negative, &small.coefficient, small.exponent)
    }

    fn sign_of_zero(&self, a: bool, b: bool) -> bool {
        if a == b { a } else { self.rounding == Rounding::Floor }
    }

    fn signed_sum(&self, an: bool, a: &Coefficient, bn: bool, b: &Coefficient, exponent: i64) -> Number {
        if an == bn {
            return Number::finite(an, a.plus(b), exponent);
        }
        match a.cmp(b) {
            Ordering::Equal => Number::zero(self.rounding == Rounding::Floor, exponent),
            Ordering::Greater => Number::finite(an, a.minus(b), exponent),
            Ordering::Less => Number::finite(bn, b.minus(a), exponent),
        }
    }

    fn multiply_exactly(&mut self, a: &Number, b: &Number) -> Number {
        let negative = a.negative != b.negative;
        if a.is_finite() && b.is_finite() {
            return Number::finite(negative, a.coefficient.times(&b.coefficient), a.exponent + b.exponent);
        }
        if a.is_zero() || b.is_zero() {
            return self.invalid(INVALID_OPERATION);
        }
        Number::infinity(negative)
    }

    pub fn multiply(&mut self, a: &Number, b: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a, b]) {
            return nan;
        }
        let product = self.multiply_exactly(a, b);
        self.finish(product)
    }

    /// `a * b + c` with one rounding.
    pub fn fma(&mut self, a: &Number, b: &Number, c: &Number) -> Number {
        if (a.is_nan() || b.is_nan())
            && let Some(nan) = self.nan_of(&[a, b, c])
        {
            return nan;
        }
        let product = self.multiply_exactly(a, b);
        if product.is_nan() {
            return product;
        }
        self.add(&product, c)
    }

    pub fn divide(&mut self, a: &Number, b: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a, b]) {
            return nan;
        }
        let negative = a.negative != b.negative;
        match (a.is_infinite(), b.is_infinite()) {
            (true, true) => return self.invalid(INVALID_OPERATION),
            (true, false) => return Number::infinity(negative),
            (false, true) => {
                self.status |= CLAMPED;
                return Number::zero(negative, self.etiny());
            }
            (false, false) => {}
        }
        if b.is_zero() {
            if a.is_zero() {
                return self.invalid(DIVISION_UNDEFINED);
            }
            self.status |= DIVISION_BY_ZERO;
            return Number::infinity(negative);
        }
        let ideal = a.exponent - b.exponent;
        if a.is_zero() {
            return self.finish(Number::zero(negative, ideal));
        }
        let shift = b.coefficient.digits() as i64 - a.coefficient.digits() as i64 + self.prec + 1;
        // A division that comes out even needs no long numbers, however many digits are allowed.
        if self.prec > 100_000
            && let (quotient, Coefficient::Small(0)) = a.coefficient.divided(&b.coefficient)
        {
            return self.finish(Number::finite(negative, quotient, ideal));
        }
        if self.too_long(shift.max(0)) {
            return Number::nan();
        }
        let exponent = ideal - shift;
        let (mut quotient, rest) = if shift >= 0 {
            a.coefficient.scaled(shift as u64).divided(&b.coefficient)
        } else {
            a.coefficient.divided(&b.coefficient.scaled(shift.unsigned_abs()))
        };
        if !rest.is_zero() {
            // One more in the last place keeps it from looking exact or half.
            if quotient.last_digit() % 5 == 0 {
                quotient = quotient.plus(&Coefficient::ONE);
            }
            return self.finish(Number::finite(negative, quotient, exponent));
        }
        let (quotient, dropped) = quotient.stripped((ideal - exponent).max(0) as u64);
        self.finish(Number::finite(negative, quotient, exponent + dropped as i64))
    }

    /// Quotient and remainder of finite numbers; `None` if the quotient is too long.
    fn divide_integer(&mut self, a: &Number, b: &Number) -> Option<(Number, Number)> {
        let negative = a.negative != b.negative;
        let ideal = if b.is_infinite() { a.exponent } else { a.exponent.min(b.exponent) };
        let distance = a.adjusted() - b.adjusted();
        if a.is_zero() || b.is_infinite() || distance <= -2 {
            let rounding = self.rounding;
            let rest = self.rescale(a, ideal, rounding);
            return Some((Number::zero(negative, 0), rest));
        }
        if distance <= self.prec {
            let difference = a.exponent - b.exponent;
            if self.too_long(difference.abs()) {
                return None;
            }
            let (quotient, rest) = if difference >= 0 {
                a.coefficient.scaled(difference as u64).divided(&b.coefficient)
            } else {
                a.coefficient.divided(&b.coefficient.scaled(difference.unsigned_abs()))
            };
            if quotient.digits() as i64 <= self.prec {
                return Some((Number::finite(negative, quotient, 0), Number::finite(a.negative, rest, ideal)));
            }
        }
        self.status |= DIVISION_IMPOSSIBLE;
        None
    }

    pub fn divide_to_integer(&mut self, a: &Number, b: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a, b]) {
            return nan;
        }
        let negative = a.negative != b.negative;
        if a.is_infinite() {
            return if b.is_infinite() { self.invalid(INVALID_OPERATION) } else { Number::infinity(negative) };
        }
        if b.is_zero() {
            if a.is_zero() {
                return self.invalid(DIVISION_UNDEFINED);
            }
            self.status |= DIVISION_BY_ZERO;
            return Number::infinity(negative);
        }
        match self.divide_integer(a, b) {
            Some((quotient, _)) => self.finish(quotient),
            None => Number::nan(),
        }
    }

    pub fn remainder(&mut self, a: &Number, b: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a, b]) {
            return nan;
        }
        if a.is_infinite() {
            return self.invalid(INVALID_OPERATION);
        }
        if b.is_zero() {
            return self.invalid(if a.is_zero() { DIVISION_UNDEFINED } else { INVALID_OPERATION });
        }
        match self.divide_integer(a, b) {
            Some((_, rest)) => self.finish(rest),
            None => Number::nan(),
        }
    }

    pub fn divmod(&mut self, a: &Number, b: &Number) -> (Number, Number) {
        if let Some(nan) = self.nan_of(&[a, b]) {
            return (nan.clone(), nan);
        }
        let negative = a.negative != b.negative;
        if a.is_infinite() {
            let rest = self.invalid(INVALID_OPERATION);
            return (if b.is_infinite() { Number::nan() } else { Number::infinity(negative) }, rest);
        }
        if b.is_zero() {
            if a.is_zero() {
                return (self.invalid(DIVISION_UNDEFINED), Number::nan());
            }
            self.status |= DIVISION_BY_ZERO | INVALID_OPERATION;
            return (Number::infinity(negative), Number::nan());
        }
        match self.divide_integer(a, b) {
            Some((quotient, rest)) => {
                let rest = self.finish(rest);
                (self.finish(quotient), rest)
            }
            None => (Number::nan(), Number::nan()),
        }
    }

    pub fn remainder_near(&mut self, a: &Number, b: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a, b]) {
            return nan;
        }
        if a.is_infinite() {
            return self.invalid(INVALID_OPERATION);
        }
        if b.is_zero() {
            return self.invalid(if a.is_zero() { DIVISION_UNDEFINED } else { INVALID_OPERATION });
        }
        if b.is_infinite() {
            return self.finish(a.clone());
        }
        let ideal = a.exponent.min(b.exponent);
        if a.is_zero() {
            return self.finish(Number::zero(a.negative, ideal));
        }
        let distance = a.adjusted() - b.adjusted();
        if distance > self.prec {
            return self.invalid(DIVISION_IMPOSSIBLE);
        }
        if distance <= -2 {
            let rounding = self.rounding;
            let rest = self.rescale(a, ideal, rounding);
            return self.finish(rest);
        }
        let difference = a.exponent - b.exponent;
        if self.too_long(difference.abs()) {
            return Number::nan();
        }
        let scaled = |n: &Number, by: i64| n.coefficient.scaled(by.max(0) as u64);
        let (x, y) = (scaled(a, difference), scaled(b, -difference));
        let (mut quotient, mut rest) = x.divided(&y);
        let mut negative = a.negative;
        let double = rest.plus(&rest);
        if double > y || (double == y && quotient.is_odd()) {
            rest = y.minus(&rest);
            quotient = quotient.plus(&Coefficient::ONE);
            negative = !negative;
        }
        if quotient.digits() as i64 > self.prec {
            return self.invalid(DIVISION_IMPOSSIBLE);
        }
        if rest.is_zero() {
            negative = a.negative;
        }
        self.finish(Number::finite(negative, rest, ideal))
    }

    /// `a` with the exponent of `b`.
    pub fn quantize(&mut self, a: &Number, b: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a, b]) {
            return nan;
        }
        match (a.is_infinite(), b.is_infinite()) {
            (true, true) => return a.clone(),
            (false, false) => {}
            _ => return self.invalid(INVALID_OPERATION),
        }
        let exponent = b.exponent;
        if exponent < self.etiny() || exponent > self.emax {
            return self.invalid(INVALID_OPERATION);
        }
        if a.is_zero() {
            return self.finish(Number::zero(a.negative, exponent));
        }
        if a.adjusted() > self.emax || a.adjusted() - exponent + 1 > self.prec {
            return self.invalid(INVALID_OPERATION);
        }
        let result = self.rescale(a, exponent, self.rounding);
        if result.is_nan() {
            return result;
        }
        if result.adjusted() > self.emax || result.coefficient.digits() as i64 > self.prec {
            return self.invalid(INVALID_OPERATION);
        }
        if !result.is_zero() && result.adjusted() < self.emin {
            self.status |= SUBNORMAL;
        }
        if exponent > a.exponent {
            self.status |= ROUNDED;
            if result.compare(a) != Ordering::Equal {
                self.status |= INEXACT;
            }
        }
        self.finish(result)
    }

    /// Rounded to a whole number; `flagged` if that is to raise conditions.
    pub fn to_integral(&mut self, a: &Number, flagged: bool) -> Number {
        if let Some(nan) = self.nan_of(&[a]) {
            return nan;
        }
        if a.is_infinite() || a.exponent >= 0 {
            return a.clone();
        }
        if a.is_zero() {
            return Number::zero(a.negative, 0);
        }
        let result = self.rescale(a, 0, self.rounding);
        if flagged {
            self.status |= ROUNDED;
            if result.compare(a) != Ordering::Equal {
                self.status |= INEXACT;
            }
        }
        result
    }

    /// Without trailing zeros.
    pub fn reduce(&mut self, a: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a]) {
            return nan;
        }
        let n = self.finish(a.clone());
        if !n.is_finite() {
            return n;
        }
        if n.is_zero() {
            return Number::zero(n.negative, 0);
        }
        let highest = if self.clamp { self.etop() } else { self.emax };
        let (coefficient, dropped) = n.coefficient.stripped((highest - n.exponent).max(0) as u64);
        Number::finite(n.negative, coefficient, n.exponent + dropped as i64)
    }

    /// -1, 0 or 1; quiet NaNs are signaled if asked for.
    pub fn compare(&mut self, a: &Number, b: &Number, signal: bool) -> Number {
        if let Some(nan) = self.nan_of(&[a, b]) {
            if signal {
                self.status |= INVALID_OPERATION;
            }
            return nan;
        }
        Number::integer(a.compare(b) as i64)
    }

    /// The larger or the smaller of two numbers, or of their absolute values. A number wins over a quiet NaN.
    pub fn extremum(&mut self, a: &Number, b: &Number, largest: bool, magnitudes: bool) -> Number {
        match (a.kind, b.kind) {
            (Kind::Quiet, Kind::Finite | Kind::Infinite) => return self.finish(b.clone()),
            (Kind::Finite | Kind::Infinite, Kind::Quiet) => return self.finish(a.clone()),
            _ => {}
        }
        if let Some(nan) = self.nan_of(&[a, b]) {
            return nan;
        }
        let order = if magnitudes { a.compare_magnitude(b) } else { a.compare(b) };
        let order = order.then_with(|| a.compare_total(b));
        let first = if largest { order != Ordering::Less } else { order == Ordering::Less };
        self.finish(if first { a } else { b }.clone())
    }

    /// The neighbour below or above.
    pub fn neighbour(&mut self, a: &Number, above: bool) -> Number {
        if let Some(nan) = self.nan_of(&[a]) {
            return nan;
        }
        if a.is_infinite() {
            return if a.negative == above { self.largest(a.negative) } else { a.clone() };
        }
        let mut work = self.clone();
        work.rounding = if above { Rounding::Ceiling } else { Rounding::Floor };
        let rounded = work.finish(a.clone());
        if rounded.compare(a) != Ordering::Equal {
            return rounded;
        }
        let tiny = Number::finite(!above, Coefficient::ONE, self.etiny() - 1);
        let result = work.add(a, &tiny);
        self.status |= work.status & OUT_OF_MEMORY;
        result
    }

    /// The neighbour of `a` on the way to `b`.
    pub fn next_toward(&mut self, a: &Number, b: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a, b]) {
            return nan;
        }
        let result = match a.compare(b) {
            Ordering::Equal => return a.clone().with_sign(b.negative),
            order => self.neighbour(a, order == Ordering::Less),
        };
        if result.is_infinite() {
            self.status |= OVERFLOW | INEXACT | ROUNDED;
        } else if result.adjusted() < self.emin || result.is_zero() {
            self.status |= UNDERFLOW | SUBNORMAL | INEXACT | ROUNDED;
            if result.is_zero() {
                self.status |= CLAMPED;
            }
        }
        result
    }

    /// The exponent of the first digit, as a number.
    pub fn logb(&mut self, a: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a]) {
            return nan;
        }
        if a.is_infinite() {
            return Number::infinity(false);
        }
        if a.is_zero() {
            self.status |= DIVISION_BY_ZERO;
            return Number::infinity(true);
        }
        self.finish(Number::integer(a.adjusted()))
    }

    /// `a` with its exponent moved by `b`.
    pub fn scaleb(&mut self, a: &Number, b: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a, b]) {
            return nan;
        }
        let limit = 2 * (self.emax + self.prec);
        match b.to_i64().filter(|n| b.exponent == 0 && (-limit..=limit).contains(n)) {
            None => self.invalid(INVALID_OPERATION),
            Some(_) if a.is_infinite() => a.clone(),
            Some(n) => self.finish(Number::finite(a.negative, a.coefficient.clone(), a.exponent + n)),
        }
    }

    /// How far to shift or rotate: a whole number of at most `prec` places.
    fn places(&mut self, b: &Number) -> Option<i64> {
        let n = b.to_i64().filter(|n| b.exponent == 0 && n.abs() <= self.prec);
        if n.is_none() {
            self.status |= INVALID_OPERATION;
        }
        n
    }

    pub fn shift(&mut self, a: &Number, b: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a, b]) {
            return nan;
        }
        let Some(n) = self.places(b) else { return Number::nan() };
        if a.is_infinite() {
            return a.clone();
        }
        if n > 0 && self.too_long(n) {
            return Number::nan();
        }
        let coefficient = if n < 0 {
            a.coefficient.low_digits(self.prec as u64).cut(n.unsigned_abs()).0
        } else {
            // Only the digits that stay need to be moved.
            a.coefficient.low_digits((self.prec - n) as u64).scaled(n as u64)
        };
        let coefficient = if n == self.prec { Coefficient::ZERO } else { coefficient };
        Number::finite(a.negative, coefficient, a.exponent)
    }

    pub fn rotate(&mut self, a: &Number, b: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a, b]) {
            return nan;
        }
        let Some(n) = self.places(b) else { return Number::nan() };
        if a.is_infinite() {
            return a.clone();
        }
        if self.too_long(self.prec) {
            return Number::nan();
        }
        let left = if n < 0 { self.prec + n } else { n };
        let stay = (self.prec - left) as u64;
        let digits = a.coefficient.low_digits(self.prec as u64);
        let high = digits.cut(stay).0;
        let low = if stay == 0 { Coefficient::ZERO } else { digits.low_digits(stay) };
        Number::finite(a.negative, low.scaled(left as u64).plus(&high), a.exponent)
    }

    /// The digits of a logical operand, the last one first; zeros and ones only.
    fn bits(&mut self, n: &Number) -> Option<Vec<u8>> {
        let text = n.coefficient.text();
        let valid = n.is_finite() && !n.negative && n.exponent == 0 && text.bytes().all(|b| matches!(b, b'0' | b'1'));
        if !valid {
            self.status |= INVALID_OPERATION;
            return None;
        }
        Some(text.bytes().rev().take(self.prec as usize).map(|b| b - b'0').collect())
    }

    /// A logical operation, digit by digit.
    pub fn logical(&mut self, a: &Number, b: &Number, f: impl Fn(u8, u8) -> u8) -> Number {
        let (Some(a), Some(b)) = (self.bits(a), self.bits(b)) else { return Number::nan() };
        let at = |bits: &[u8], i: usize| bits.get(i).copied().unwrap_or(0);
        let digits: Vec<u8> = (0..a.len().max(b.len())).rev().map(|i| b'0' + f(at(&a, i), at(&b, i))).collect();
        Number::finite(false, Coefficient::parse(&digits), 0)
    }

    pub fn logical_invert(&mut self, a: &Number) -> Number {
        if self.too_long(self.prec) {
            return Number::nan();
        }
        let Some(bits) = self.bits(a) else { return Number::nan() };
        let digits: Vec<u8> = (0..self.prec as usize).rev().map(|i| b'1' - bits.get(i).copied().unwrap_or(0)).collect();
        Number::finite(false, Coefficient::parse(&digits), 0)
    }

    /// Is it neither zero nor subnormal nor special?
    pub fn is_normal(&self, a: &Number) -> bool {
        a.is_finite() && !a.is_zero() && a.adjusted() >= self.emin
    }

    pub fn is_subnormal(&self, a: &Number) -> bool {
        a.is_finite() && !a.is_zero() && a.adjusted() < self.emin
    }

    /// The name of the kind of number.
    pub fn class_of(&self, a: &Number) -> &'static str {
        let pick = |negative, positive| if a.negative { negative } else { positive };
        match a.kind {
            Kind::Quiet => "NaN",
            Kind::Signaling => "sNaN",
            Kind::Infinite => pick("-Infinity", "+Infinity"),
            Kind::Finite if a.is_zero() => pick("-Zero", "+Zero"),
            Kind::Finite if self.is_subnormal(a) => pick("-Subnormal", "+Subnormal"),
            Kind::Finite => pick("-Normal", "+Normal"),
        }
    }

    pub fn square_root(&mut self, a: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a]) {
            return nan;
        }
        if a.is_infinite() && !a.negative {
            return a.clone();
        }
        if a.is_zero() {
            return self.finish(Number::zero(a.negative, a.exponent.div_euclid(2)));
        }
        if a.negative {
            return self.invalid(INVALID_OPERATION);
        }
        let prec = self.prec + 1;
        let mut exponent = a.exponent.div_euclid(2);
        let digits = a.coefficient.digits() as i64;
        let (c, half) = if a.exponent & 1 != 0 {
            (a.coefficient.scaled(1), (digits >> 1) + 1)
        } else {
            (a.coefficient.clone(), (digits + 1) >> 1)
        };
        let shift = prec - half;
        if self.too_long(2 * shift.abs()) {
            return Number::nan();
        }
        let (c, mut exact) = if shift >= 0 {
            (c.scaled(2 * shift as u64), true)
        } else {
            let (kept, tail) = c.cut(2 * shift.unsigned_abs());
            (kept, tail == Tail::Nothing)
        };
        exponent -= shift;
        let c = c.to_big();
        let root = c.sqrt();
        exact = exact && &root * &root == c;
        let mut root = Coefficient::from_big(root);
        if exact {
            root = if shift >= 0 { root.cut(shift as u64).0 } else { root.scaled(shift.unsigned_abs()) };
            exponent += shift;
        } else if root.last_digit() % 5 == 0 {
            root = root.plus(&Coefficient::ONE);
        }
        let rounding = core::mem::replace(&mut self.rounding, Rounding::HalfEven);
        let result = self.finish(Number::finite(false, root, exponent));
        self.rounding = rounding;
        result
    }
}

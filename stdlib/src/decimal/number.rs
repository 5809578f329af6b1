//! Numbers of the General Decimal Arithmetic, as text and back.

use core::cmp::Ordering;

use super::coefficient::{Coefficient, Tail};

/// What a number is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Finite,
    Infinite,
    Quiet,
    Signaling,
}

/// `(-1)^negative * coefficient * 10^exponent`, an infinity, or a NaN with the coefficient as its payload.
#[derive(Clone, Debug)]
pub struct Number {
    pub negative: bool,
    pub kind: Kind,
    pub exponent: i64,
    pub coefficient: Coefficient,
}

impl Number {
    #[inline]
    pub fn finite(negative: bool, coefficient: Coefficient, exponent: i64) -> Number {
        Number { negative, kind: Kind::Finite, exponent, coefficient }
    }

    pub fn zero(negative: bool, exponent: i64) -> Number {
        Number::finite(negative, Coefficient::ZERO, exponent)
    }

    pub fn integer(value: i64) -> Number {
        Number::finite(value < 0, Coefficient::from_u128(value.unsigned_abs().into()), 0)
    }

    pub fn infinity(negative: bool) -> Number {
        Number { negative, kind: Kind::Infinite, exponent: 0, coefficient: Coefficient::ZERO }
    }

    pub fn nan() -> Number {
        Number { negative: false, kind: Kind::Quiet, exponent: 0, coefficient: Coefficient::ZERO }
    }

    #[inline]
    pub fn is_finite(&self) -> bool {
        self.kind == Kind::Finite
    }

    pub fn is_infinite(&self) -> bool {
        self.kind == Kind::Infinite
    }

    pub fn is_nan(&self) -> bool {
        matches!(self.kind, Kind::Quiet | Kind::Signaling)
    }

    pub fn is_zero(&self) -> bool {
        self.is_finite() && self.coefficient.is_zero()
    }

    /// The exponent of the first digit.
    pub fn adjusted(&self) -> i64 {
        self.exponent + self.coefficient.digits() as i64 - 1
    }

    pub fn with_sign(mut self, negative: bool) -> Number {
        self.negative = negative;
        self
    }

    /// Is it a whole number?
    pub fn is_integer(&self) -> bool {
        self.is_finite()
            && (self.exponent >= 0
                || self.coefficient.is_zero()
                || self.coefficient.cut(self.exponent.unsigned_abs()).1 == Tail::Nothing)
    }

    /// A whole number that fits.
    pub fn to_i64(&self) -> Option<i64> {
        if !self.is_integer() {
            return None;
        }
        if self.coefficient.is_zero() {
            return Some(0);
        }
        if self.adjusted() > 18 {
            return None;
        }
        let magnitude = if self.exponent >= 0 {
            self.coefficient.scaled(self.exponent as u64)
        } else {
            self.coefficient.cut(self.exponent.unsigned_abs()).0
        };
        let Coefficient::Small(value) = magnitude else { return None };
        let value = i64::try_from(value).ok()?;
        Some(if self.negative { -value } else { value })
    }

    /// Finite numbers and infinities by their absolute values.
    pub fn compare_magnitude(&self, other: &Number) -> Ordering {
        match (self.is_infinite(), other.is_infinite()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Greater,
            (false, true) => return Ordering::Less,
            (false, false) => {}
        }
        match (self.coefficient.is_zero(), other.coefficient.is_zero()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        if self.exponent == other.exponent {
            return self.coefficient.cmp(&other.coefficient);
        }
        self.adjusted().cmp(&other.adjusted()).then_with(|| {
            let difference = self.exponent - other.exponent;
            if difference > 0 {
                self.coefficient.scaled(difference as u64).cmp(&other.coefficient)
            } else {
                self.coefficient.cmp(&other.coefficient.scaled(difference.unsigned_abs()))
            }
        })
    }

    /// Finite numbers and infinities by their values.
    pub fn compare(&self, other: &Number) -> Ordering {
        if self.is_zero() && other.is_zero() {
            return Ordering::Equal;
        }
        match (self.negative && !self.is_zero(), other.negative && !other.is_zero()) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.compare_magnitude(other),
            (true, true) => other.compare_magnitude(self),
        }
    }

    /// All numbers in one order, by representation.
    pub fn compare_total(&self, other: &Number) -> Ordering {
        if self.negative != other.negative {
            return if self.negative { Ordering::Less } else { Ordering::Greater };
        }
        let magnitude = self.compare_total_magnitude(other);
        if self.negative { magnitude.reverse() } else { magnitude }
    }

    /// All absolute values in one order, by representation.
    pub fn compare_total_magnitude(&self, other: &Number) -> Ordering {
        let rank = |n: &Number| match n.kind {
            Kind::Finite => 0,
            Kind::Infinite => 1,
            Kind::Signaling => 2,
            Kind::Quiet => 3,
        };
        rank(self).cmp(&rank(other)).then_with(|| match self.kind {
            Kind::Finite => self.compare_magnitude(other).then(self.exponent.cmp(&other.exponent)),
            Kind::Infinite => Ordering::Equal,
            _ => self.coefficient.cmp(&other.coefficient),
        })
    }

    /// The text of the number: scientific, or engineering, whose exponents are multiples of three.
    pub fn text(&self, engineering: bool, capitals: bool) -> String {
        let sign = if self.negative { "-" } else { "" };
        match self.kind {
            Kind::Infinite => return format!("{sign}Infinity"),
            Kind::Quiet | Kind::Signaling => {
                let name = if self.kind == Kind::Quiet { "NaN" } else { "sNaN" };
                let payload = if self.coefficient.is_zero() { String::new() } else { self.coefficient.text() };
                return format!("{sign}{name}{payload}");
            }
            Kind::Finite => {}
        }
        let digits = self.coefficient.text();
        let left = self.exponent + digits.len() as i64;
        let point = if self.exponent <= 0 && left > -6 {
            left
        } else if !engineering {
            1
        } else if self.coefficient.is_zero() {
            (left + 1).rem_euclid(3) - 1
        } else {
            (left - 1).rem_euclid(3) + 1
        };
        let mut out = String::with_capacity(digits.len() + 12);
        out.push_str(sign);
        let len = digits.len() as i64;
        if point <= 0 {
            out.push_str("0.");
            out.extend(core::iter::repeat_n('0', point.unsigned_abs() as usize));
            out.push_str(&digits);
        } else if point >= len {
            out.push_str(&digits);
            out.extend(core::iter::repeat_n('0', (point - len) as usize));
        } else {
            out.push_str(&digits[..point as usize]);
            out.push('.');
            out.push_str(&digits[point as usize..]);
        }
        if left != point {
            out.push(if capitals { 'E' } else { 'e' });
            out.push_str(&format!("{:+}", left - point));
        }
        out
    }
}

/// A text as a number: `None` if it is none. Exponents beyond all bounds are cut to what no context allows.
pub fn parse(text: &str) -> Option<Number> {
    let bytes = text.as_bytes();
    let (negative, rest) = match bytes.first()? {
        b'-' => (true, &bytes[1..]),
        b'+' => (false, &bytes[1..]),
        _ => (false, bytes),
    };
    if !rest.first()?.is_ascii_digit() && rest.first() != Some(&b'.') {
        let lower = rest.to_ascii_lowercase();
        if matches!(lower.as_slice(), b"inf" | b"infinity") {
            return Some(Number::infinity(negative));
        }
        let (kind, payload) = match lower.as_slice() {
            [b'n', b'a', b'n', payload @ ..] => (Kind::Quiet, payload),
            [b's', b'n', b'a', b'n', payload @ ..] => (Kind::Signaling, payload),
            _ => return None,
        };
        if !payload.iter().all(u8::is_ascii_digit) {
            return None;
        }
        return Some(Number { negative, kind, exponent: 0, coefficient: Coefficient::parse(payload) });
    }
    let mut exponent: i64 = 0;
    let mut mantissa = rest;
    if let Some(at) = rest.iter().position(|&b| b | 0x20 == b'e') {
        mantissa = &rest[..at];
        let (minus, digits) = match rest.get(at + 1)? {
            b'-' => (true, &rest[at + 2..]),
            b'+' => (false, &rest[at + 2..]),
            _ => (false, &rest[at + 1..]),
        };
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        // Beyond this, no digits before or after the point bring it back.
        const LIMIT: i64 = 4_000_000_000_000_000_000;
        let value =
            digits.iter().fold(0i64, |v, d| (v.saturating_mul(10).saturating_add((d - b'0').into())).min(LIMIT));
        exponent = if minus { -value } else { value };
    }
    let coefficient = match mantissa.iter().position(|&b| b == b'.') {
        Some(at) => {
            let fraction = &mantissa[at + 1..];
            exponent -= fraction.len() as i64;
            let digits = [&mantissa[..at], fraction].concat();
            if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
                return None;
            }
            Coefficient::parse(&digits)
        }
        None if mantissa.is_empty() || !mantissa.iter().all(u8::is_ascii_digit) => return None,
        None => Coefficient::parse(mantissa),
    };
    Some(Number::finite(negative, coefficient, exponent))
}

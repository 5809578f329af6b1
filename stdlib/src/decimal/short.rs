//! Short numbers: finite ones whose digits fit a machine word. Nearly all numbers of a program are short.
//!
//! What is here computes in words, and only where nothing is rounded to the precision or comes near the bounds of exponents. It
//! declines otherwise (`None`), with no condition raised, and `arithmetic` does the whole work.

use core::cmp::Ordering;

use super::coefficient::{Coefficient, POWERS, SMALL_DIGITS, Tail};
use super::environment::condition::*;
use super::environment::{Environment, Rounding};
use super::number::Number;

/// The most digits that fit a word, whatever they are.
const WORD_DIGITS: usize = 19;

/// The powers of ten that fit a word.
const WORD_POWERS: [u64; WORD_DIGITS + 1] = {
    let mut table = [1; WORD_DIGITS + 1];
    let mut i = 0;
    while i <= WORD_DIGITS {
        table[i] = POWERS[i] as u64;
        i += 1;
    }
    table
};

/// `(-1)^negative * coefficient * 10^exponent`.
#[derive(Clone, Copy, Debug)]
pub struct Short {
    negative: bool,
    coefficient: u64,
    exponent: i64,
}

impl Short {
    /// A number, if it is short.
    #[inline]
    pub fn of(n: &Number) -> Option<Short> {
        match n.coefficient {
            Coefficient::Small(v) if n.is_finite() => {
                Some(Short { negative: n.negative, coefficient: u64::try_from(v).ok()?, exponent: n.exponent })
            }
            _ => None,
        }
    }

    #[inline]
    pub fn integer(value: i64) -> Short {
        Short { negative: value < 0, coefficient: value.unsigned_abs(), exponent: 0 }
    }

    #[inline]
    pub fn exponent(self) -> i64 {
        self.exponent
    }

    /// The coefficient for a lower exponent. The product of two words leaves room for adding another word.
    #[inline]
    fn scaled_to(self, exponent: i64) -> Option<u128> {
        let power = *WORD_POWERS.get((self.exponent - exponent) as usize)?;
        Some(u128::from(self.coefficient) * u128::from(power))
    }

    /// The text, all of it ASCII, if it is one without an exponent; at the end of the buffer.
    pub fn text(self, buffer: &mut [u8; 32]) -> Option<&[u8]> {
        let places = usize::try_from(self.exponent.checked_neg()?).ok()?;
        // At most five zeros stand between the point and the first digit.
        let has_room = |beyond: usize| WORD_POWERS.get(beyond).is_some_and(|&power| self.coefficient >= power);
        if places > 6 && !has_room(places - 6) {
            return None;
        }
        let mut rest = self.coefficient;
        let mut at = buffer.len();
        let mut count = 0;
        let mut put = |byte: u8| {
            at -= 1;
            buffer[at] = byte;
        };
        while rest != 0 || count <= places {
            if count == places && places != 0 {
                put(b'.');
            }
            put(b'0' + (rest % 10) as u8);
            rest /= 10;
            count += 1;
        }
        if self.negative {
            put(b'-');
        }
        Some(&buffer[at..])
    }
}

impl Environment {
    /// A result, if it is left as it is: not rounded, not subnormal, not clamped.
    #[inline]
    fn fitting(&self, negative: bool, coefficient: u128, exponent: i64) -> Option<Number> {
        let limit = POWERS[self.prec.min(SMALL_DIGITS as i64) as usize];
        let fits = coefficient < limit && exponent >= self.emin && exponent <= self.etop();
        fits.then(|| Number::finite(negative, Coefficient::Small(coefficient), exponent))
    }

    // Its result goes straight into a new object.
    #[inline(always)]
    pub fn short_sum(&self, a: Short, b: Short) -> Option<Number> {
        let exponent = a.exponent.min(b.exponent);
        let (x, y) = match a.exponent == b.exponent {
            true => (a.coefficient.into(), b.coefficient.into()),
            false => (a.scaled_to(exponent)?, b.scaled_to(exponent)?),
        };
        if a.negative == b.negative {
            return self.fitting(a.negative, x + y, exponent);
        }
        let (negative, sum) = match x.cmp(&y) {
            Ordering::Greater => (a.negative, x - y),
            Ordering::Less => (b.negative, y - x),
            Ordering::Equal => (self.rounding == Rounding::Floor, 0),
        };
        self.fitting(negative, sum, exponent)
    }

    #[inline]
    pub fn short_difference(&self, a: Short, b: Short) -> Option<Number> {
        self.short_sum(a, Short { negative: !b.negative, ..b })
    }

    #[inline]
    pub fn short_product(&self, a: Short, b: Short) -> Option<Number> {
        let product = u128::from(a.coefficient) * u128::from(b.coefficient);
        self.fitting(a.negative != b.negative, product, a.exponent + b.exponent)
    }

    /// `a` with another exponent.
    #[inline]
    pub fn short_quantized(&mut self, a: Short, exponent: i64) -> Option<Number> {
        if a.exponent >= exponent {
            return self.fitting(a.negative, a.scaled_to(exponent)?, exponent);
        }
        let power = *WORD_POWERS.get((exponent - a.exponent) as usize)?;
        let (mut kept, rest) = (a.coefficient / power, a.coefficient % power);
        let tail = match rest.cmp(&(power - rest)) {
            _ if rest == 0 => Tail::Nothing,
            Ordering::Less => Tail::BelowHalf,
            Ordering::Equal => Tail::Half,
            Ordering::Greater => Tail::AboveHalf,
        };
        kept += u64::from(self.rounding.increases(a.negative, &Coefficient::Small(kept.into()), tail));
        let result = self.fitting(a.negative, kept.into(), exponent)?;
        if a.coefficient != 0 {
            self.status |= if rest == 0 { ROUNDED } else { ROUNDED | INEXACT };
        }
        Some(result)
    }
}

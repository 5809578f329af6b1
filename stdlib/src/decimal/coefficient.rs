//! Coefficients: natural numbers in decimal places, in a machine word as long as they have at most 38 digits.

use core::cmp::Ordering;

use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{One, ToPrimitive, Zero};

/// The most digits a small coefficient has.
pub const SMALL_DIGITS: usize = 38;

const fn powers() -> [u128; SMALL_DIGITS + 1] {
    let mut table = [1u128; SMALL_DIGITS + 1];
    let mut i = 1;
    while i <= SMALL_DIGITS {
        table[i] = table[i - 1] * 10;
        i += 1;
    }
    table
}

/// The powers of ten that fit.
pub const POWERS: [u128; SMALL_DIGITS + 1] = powers();

/// A natural number. `Big` is used from 10^38 on, so that equal numbers look equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coefficient {
    Small(u128),
    Big(Box<BigUint>),
}

/// How much was cut off, in comparison with half a unit of the last place kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tail {
    Nothing,
    BelowHalf,
    Half,
    AboveHalf,
}

/// Ten to a power.
pub fn power_of_ten(n: u64) -> BigUint {
    match POWERS.get(n as usize) {
        Some(&power) => BigUint::from(power),
        None => BigUint::from(10u8).pow(n as u32),
    }
}

fn small_digits(value: u128) -> u64 {
    // log10(2) is a bit more than 1233/4096.
    let guess = ((128 - value.leading_zeros()) * 1233 >> 12) as usize;
    (guess + usize::from(value >= POWERS[guess.min(SMALL_DIGITS)])) as u64
}

fn big_digits(value: &BigUint) -> u64 {
    let bits = value.bits();
    let low = (((bits - 1) as f64) * core::f64::consts::LOG10_2) as u64;
    // Within one of the truth; the leading bits decide unless they are those of the power itself.
    let high = ((bits as f64) * core::f64::consts::LOG10_2) as u64 + 1;
    if low + 1 == high {
        return high;
    }
    let mut digits = low.max(1);
    while *value >= power_of_ten(digits) {
        digits += 1;
    }
    digits
}

impl Coefficient {
    pub const ZERO: Coefficient = Coefficient::Small(0);
    pub const ONE: Coefficient = Coefficient::Small(1);

    /// From a machine word.
    #[inline]
    pub fn from_u128(value: u128) -> Coefficient {
        if value < POWERS[SMALL_DIGITS] { Coefficient::Small(value) } else { Coefficient::Big(Box::new(value.into())) }
    }

    /// From a long number.
    pub fn from_big(value: BigUint) -> Coefficient {
        match value.to_u128() {
            Some(small) => Coefficient::from_u128(small),
            None => Coefficient::Big(Box::new(value)),
        }
    }

    /// As a long number.
    pub fn to_big(&self) -> BigUint {
        match self {
            Coefficient::Small(v) => (*v).into(),
            Coefficient::Big(v) => (**v).clone(),
        }
    }

    /// `10^n - 1`.
    pub fn nines(n: u64) -> Coefficient {
        Coefficient::from_big(power_of_ten(n) - BigUint::one())
    }

    #[inline]
    pub fn is_zero(&self) -> bool {
        matches!(self, Coefficient::Small(0))
    }

    /// Is the last digit odd?
    pub fn is_odd(&self) -> bool {
        match self {
            Coefficient::Small(v) => v & 1 == 1,
            Coefficient::Big(v) => v.bit(0),
        }
    }

    /// The number of digits; 1 for zero.
    #[inline]
    pub fn digits(&self) -> u64 {
        match self {
            Coefficient::Small(0) => 1,
            Coefficient::Small(v) => small_digits(*v),
            Coefficient::Big(v) => big_digits(v),
        }
    }

    /// The last digit.
    pub fn last_digit(&self) -> u8 {
        match self {
            Coefficient::Small(v) => (v % 10) as u8,
            Coefficient::Big(v) => (&**v % 10u8).to_u8().unwrap_or(0),
        }
    }

    /// Times a power of ten.
    pub fn scaled(&self, n: u64) -> Coefficient {
        if n == 0 || self.is_zero() {
            return self.clone();
        }
        if let Coefficient::Small(v) = self
            && small_digits(*v) + n <= SMALL_DIGITS as u64
        {
            return Coefficient::Small(v * POWERS[n as usize]);
        }
        Coefficient::from_big(self.to_big() * power_of_ten(n))
    }

    /// Without its last `n` digits, and what those were worth.
    pub fn cut(&self, n: u64) -> (Coefficient, Tail) {
        if n == 0 {
            return (self.clone(), Tail::Nothing);
        }
        if self.is_zero() {
            return (Coefficient::ZERO, Tail::Nothing);
        }
        if n > self.digits() {
            return (Coefficient::ZERO, Tail::BelowHalf);
        }
        let classify = |order: Ordering, nothing: bool| match order {
            _ if nothing => Tail::Nothing,
            Ordering::Less => Tail::BelowHalf,
            Ordering::Equal => Tail::Half,
            Ordering::Greater => Tail::AboveHalf,
        };
        match self {
            Coefficient::Small(v) => {
                let power = POWERS[n as usize];
                let (quotient, rest) = if let (Ok(v), Ok(power)) = (u64::try_from(*v), u64::try_from(power)) {
                    (u128::from(v / power), u128::from(v % power))
                } else {
                    (v / power, v % power)
                };
                (Coefficient::Small(quotient), classify((rest * 2).cmp(&power), rest == 0))
            }
            Coefficient::Big(v) => {
                let power = power_of_ten(n);
                let (quotient, rest) = v.div_rem(&power);
                let nothing = rest.is_zero();
                (Coefficient::from_big(quotient), classify((rest << 1u8).cmp(&power), nothing))
            }
        }
    }

    /// The last `n` digits.
    pub fn low_digits(&self, n: u64) -> Coefficient {
        if n >= self.digits() {
            return self.clone();
        }
        match self {
            Coefficient::Small(v) => Coefficient::Small(v % POWERS[n as usize]),
            Coefficient::Big(v) => Coefficient::from_big(&**v % power_of_ten(n)),
        }
    }

    #[inline]
    pub fn plus(&self, other: &Coefficient) -> Coefficient {
        match (self, other) {
            (Coefficient::Small(a), Coefficient::Small(b)) => Coefficient::from_u128(a + b),
            _ => Coefficient::from_big(self.to_big() + other.to_big()),
        }
    }

    /// The difference; `other` is not the larger one.
    #[inline]
    pub fn minus(&self, other: &Coefficient) -> Coefficient {
        match (self, other) {
            (Coefficient::Small(a), Coefficient::Small(b)) => Coefficient::Small(a - b),
            _ => Coefficient::from_big(self.to_big() - other.to_big()),
        }
    }

    pub fn times(&self, other: &Coefficient) -> Coefficient {
        if let (Coefficient::Small(a), Coefficient::Small(b)) = (self, other)
            && let Some(product) = a.checked_mul(*b)
        {
            return Coefficient::from_u128(product);
        }
        Coefficient::from_big(self.to_big() * other.to_big())
    }

    /// Quotient and remainder; `other` is not zero.
    pub fn divided(&self, other: &Coefficient) -> (Coefficient, Coefficient) {
        match (self, other) {
            (Coefficient::Small(a), Coefficient::Small(b)) => {
                if let (Ok(a), Ok(b)) = (u64::try_from(*a), u64::try_from(*b)) {
                    return (Coefficient::Small((a / b).into()), Coefficient::Small((a % b).into()));
                }
                (Coefficient::Small(a / b), Coefficient::Small(a % b))
            }
            _ => {
                let (quotient, rest) = self.to_big().div_rem(&other.to_big());
                (Coefficient::from_big(quotient), Coefficient::from_big(rest))
            }
        }
    }

    /// Without trailing zeros, of which there are at most `limit` to be dropped, and how many were.
    pub fn stripped(&self, limit: u64) -> (Coefficient, u64) {
        if self.is_zero() {
            return (Coefficient::ZERO, 0);
        }
        let mut value = self.clone();
        let mut dropped = 0;
        // Long numbers: by halves of what may go, so that few divisions are of full length.
        let mut step = limit.min(self.digits());
        while step > 0 && matches!(value, Coefficient::Big(_)) {
            if step <= limit - dropped
                && let (shorter, Tail::Nothing) = value.cut(step)
                && !shorter.is_zero()
            {
                value = shorter;
                dropped += step;
            } else {
                step /= 2;
            }
        }
        if let Coefficient::Small(v) = &mut value {
            while dropped < limit && *v % 10 == 0 {
                *v /= 10;
                dropped += 1;
            }
        }
        (value, dropped)
    }

    /// The decimal digits.
    pub fn text(&self) -> String {
        match self {
            Coefficient::Small(v) => match u64::try_from(*v) {
                Ok(v) => v.to_string(),
                Err(_) => v.to_string(),
            },
            Coefficient::Big(v) => v.to_string(),
        }
    }

    /// From ASCII digits.
    pub fn parse(digits: &[u8]) -> Coefficient {
        let first = digits.iter().position(|&d| d != b'0').unwrap_or(digits.len());
        let digits = &digits[first..];
        if digits.len() <= SMALL_DIGITS {
            if digits.len() <= 19 {
                return Coefficient::Small(digits.iter().fold(0u64, |v, d| v * 10 + u64::from(d - b'0')).into());
            }
            return Coefficient::Small(digits.iter().fold(0, |v, d| v * 10 + u128::from(d - b'0')));
        }
        Coefficient::from_big(parse_long(digits))
    }
}

/// Long texts by halves: the multiplications are then of numbers of equal length.
fn parse_long(digits: &[u8]) -> BigUint {
    if digits.len() <= 400 {
        return BigUint::parse_bytes(digits, 10).unwrap_or_default();
    }
    let (high, low) = digits.split_at(digits.len() / 2);
    parse_long(high) * power_of_ten(low.len() as u64) + parse_long(low)
}

impl PartialOrd for Coefficient {
    fn partial_cmp(&self, other: &Coefficient) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Coefficient {
    fn cmp(&self, other: &Coefficient) -> Ordering {
        match (self, other) {
            (Coefficient::Small(a), Coefficient::Small(b)) => a.cmp(b),
            (Coefficient::Small(_), Coefficient::Big(_)) => Ordering::Less,
            (Coefficient::Big(_), Coefficient::Small(_)) => Ordering::Greater,
            (Coefficient::Big(a), Coefficient::Big(b)) => a.cmp(b),
        }
    }
}

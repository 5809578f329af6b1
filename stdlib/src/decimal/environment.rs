//! Precision, bounds, rounding, and the conditions that operations raise.

use super::coefficient::{Coefficient, Tail};
use super::number::{Kind, Number};

/// Conditions, as bits.
pub mod condition {
    pub const CLAMPED: u32 = 0x1;
    pub const CONVERSION_SYNTAX: u32 = 0x2;
    pub const DIVISION_BY_ZERO: u32 = 0x4;
    pub const DIVISION_IMPOSSIBLE: u32 = 0x8;
    pub const DIVISION_UNDEFINED: u32 = 0x10;
    pub const INEXACT: u32 = 0x40;
    pub const INVALID_CONTEXT: u32 = 0x80;
    pub const INVALID_OPERATION: u32 = 0x100;
    pub const OUT_OF_MEMORY: u32 = 0x200;
    pub const FLOAT_OPERATION: u32 = 0x400;
    pub const OVERFLOW: u32 = 0x800;
    pub const ROUNDED: u32 = 0x1000;
    pub const SUBNORMAL: u32 = 0x2000;
    pub const UNDERFLOW: u32 = 0x4000;
    /// All that are kinds of invalid operations.
    pub const ANY_INVALID: u32 = CONVERSION_SYNTAX
        | DIVISION_IMPOSSIBLE
        | DIVISION_UNDEFINED
        | INVALID_CONTEXT
        | INVALID_OPERATION
        | OUT_OF_MEMORY;
}

use condition::*;

pub const MAX_PREC: i64 = 999_999_999_999_999_999;
pub const MAX_EMAX: i64 = 999_999_999_999_999_999;
pub const MIN_EMIN: i64 = -999_999_999_999_999_999;
/// More digits than this are not tried.
pub const MOST_DIGITS: i64 = 1 << 30;

macro_rules! roundings {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// How what does not fit is dropped.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Rounding { $($variant),* }

        impl Rounding {
            /// All of them.
            pub const ALL: &[Rounding] = &[$(Rounding::$variant),*];
            /// Python's name.
            pub fn name(self) -> &'static str {
                match self { $(Rounding::$variant => $name),* }
            }
        }
    };
}

roundings! {
    Up = "ROUND_UP",
    Down = "ROUND_DOWN",
    Ceiling = "ROUND_CEILING",
    Floor = "ROUND_FLOOR",
    HalfUp = "ROUND_HALF_UP",
    HalfDown = "ROUND_HALF_DOWN",
    HalfEven = "ROUND_HALF_EVEN",
    ZeroFiveUp = "ROUND_05UP",
}

impl Rounding {
    /// Is the last place kept to be increased?
    #[inline]
    pub fn increases(self, negative: bool, kept: &Coefficient, tail: Tail) -> bool {
        if tail == Tail::Nothing {
            return false;
        }
        match self {
            Rounding::Up => true,
            Rounding::Down => false,
            Rounding::Ceiling => !negative,
            Rounding::Floor => negative,
            Rounding::HalfUp => tail != Tail::BelowHalf,
            Rounding::HalfDown => tail == Tail::AboveHalf,
            Rounding::HalfEven => tail == Tail::AboveHalf || (tail == Tail::Half && kept.is_odd()),
            Rounding::ZeroFiveUp => matches!(kept.last_digit(), 0 | 5),
        }
    }
}

/// What an operation works under, and the conditions it has raised so far.
#[derive(Clone, Debug)]
pub struct Environment {
    pub prec: i64,
    pub emax: i64,
    pub emin: i64,
    pub rounding: Rounding,
    pub clamp: bool,
    pub status: u32,
}

impl Environment {
    /// The largest one: nothing is rounded.
    pub fn maximal() -> Environment {
        Environment {
            prec: MAX_PREC,
            emax: MAX_EMAX,
            emin: MIN_EMIN,
            rounding: Rounding::HalfEven,
            clamp: false,
            status: 0,
        }
    }

    /// A working copy with so many digits, rounding half to even, and the widest bounds.
    pub fn working(&self, prec: i64) -> Environment {
        Environment { prec, ..Environment::maximal() }
    }

    /// The lowest exponent.
    pub fn etiny(&self) -> i64 {
        self.emin - (self.prec - 1)
    }

    /// The highest exponent of a number with all digits.
    pub fn etop(&self) -> i64 {
        self.emax - (self.prec - 1)
    }

    /// Raises a kind of invalid operation: the result is a NaN.
    #[cold]
    pub fn invalid(&mut self, condition: u32) -> Number {
        self.status |= condition;
        Number::nan()
    }

    /// Is that more than can be computed? Then the condition has been raised.
    pub fn too_long(&mut self, digits: i64) -> bool {
        if digits > MOST_DIGITS {
            self.status |= OUT_OF_MEMORY;
        }
        digits > MOST_DIGITS
    }

    /// The NaN that comes of operands, if one of them is a NaN.
    pub fn nan_of(&mut self, operands: &[&Number]) -> Option<Number> {
        if operands.iter().all(|n| !n.is_nan()) {
            return None;
        }
        if let Some(signaling) = operands.iter().find(|n| n.kind == Kind::Signaling) {
            self.status |= INVALID_OPERATION;
            return Some(self.quieted(signaling));
        }
        operands.iter().find(|n| n.kind == Kind::Quiet).map(|quiet| self.quieted(quiet))
    }

    fn quieted(&self, nan: &Number) -> Number {
        let mut result = self.with_short_payload(nan.clone());
        result.kind = Kind::Quiet;
        result
    }

    fn with_short_payload(&self, mut nan: Number) -> Number {
        let room = self.prec - i64::from(self.clamp);
        if nan.coefficient.digits() as i64 > room {
            nan.coefficient = nan.coefficient.low_digits(room as u64);
        }
        nan
    }

    /// Rounds to an exponent; only what is dropped counts, not the precision.
    pub fn rescale(&mut self, n: &Number, exponent: i64, rounding: Rounding) -> Number {
        if n.exponent >= exponent {
            let distance = n.exponent - exponent;
            if !n.coefficient.is_zero() && self.too_long(distance) {
                return Number::nan();
            }
            return Number::finite(n.negative, n.coefficient.scaled(distance as u64), exponent);
        }
        let (mut kept, tail) = n.coefficient.cut((exponent - n.exponent) as u64);
        if rounding.increases(n.negative, &kept, tail) {
            kept = kept.plus(&Coefficient::ONE);
        }
        Number::finite(n.negative, kept, exponent)
    }

    #[cold]
    fn overflow(&mut self, negative: bool) -> Number {
        self.status |= OVERFLOW | INEXACT | ROUNDED;
        let infinite = match self.rounding {
            Rounding::Down | Rounding::ZeroFiveUp => false,
            Rounding::Ceiling => !negative,
            Rounding::Floor => negative,
            _ => true,
        };
        if infinite { Number::infinity(negative) } else { self.largest(negative) }
    }

    /// The largest finite number.
    pub fn largest(&mut self, negative: bool) -> Number {
        if self.too_long(self.prec) {
            return Number::nan();
        }
        Number::finite(negative, Coefficient::nines(self.prec as u64), self.etop())
    }

    /// Makes a result fit.
    #[inline]
    pub fn finish(&mut self, n: Number) -> Number {
        if n.is_finite()
            && !n.coefficient.is_zero()
            && n.exponent >= self.emin
            && n.exponent <= self.etop()
            && n.coefficient.digits() as i64 <= self.prec
        {
            return n;
        }
        self.finish_slowly(n)
    }

    fn finish_slowly(&mut self, mut n: Number) -> Number {
        match n.kind {
            Kind::Infinite => return n,
            Kind::Quiet | Kind::Signaling => return self.with_short_payload(n),
            Kind::Finite => {}
        }
        let (etiny, etop) = (self.etiny(), self.etop());
        if n.coefficient.is_zero() {
            let highest = if self.clamp { etop } else { self.emax };
            let exponent = n.exponent.min(highest).max(etiny);
            if exponent != n.exponent {
                self.status |= CLAMPED;
                n.exponent = exponent;
            }
            return n;
        }
        let digits = n.coefficient.digits() as i64;
        if n.exponent + digits - 1 > self.emax {
            return self.overflow(n.negative);
        }
        let mut lowest = n.exponent + digits - self.prec;
        let subnormal = n.exponent + digits - 1 < self.emin;
        if lowest < etiny {
            lowest = etiny;
        }
        if n.exponent < lowest {
            let (mut kept, tail) = n.coefficient.cut((lowest - n.exponent) as u64);
            if self.rounding.increases(n.negative, &kept, tail) {
                kept = kept.plus(&Coefficient::ONE);
                if kept.digits() as i64 > self.prec {
                    kept = kept.cut(1).0;
                    lowest += 1;
                }
            }
            if lowest > etop {
                return self.overflow(n.negative);
            }
            if tail != Tail::Nothing {
                self.status |= INEXACT;
                if subnormal {
                    self.status |= UNDERFLOW;
                }
            }
            if subnormal {
                self.status |= SUBNORMAL;
            }
            self.status |= ROUNDED;
            if kept.is_zero() {
                self.status |= CLAMPED;
            }
            n.coefficient = kept;
            n.exponent = lowest;
            return n;
        }
        if subnormal {
            self.status |= SUBNORMAL;
        }
        if self.clamp && n.exponent > etop {
            self.status |= CLAMPED;
            n.coefficient = n.coefficient.scaled((n.exponent - etop) as u64);
            n.exponent = etop;
        }
        n
    }
}

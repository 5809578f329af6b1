//! Differences of time as plain numbers, and sums of microseconds of any size.

use rpy_vm::types::int::PyInt;
use rpy_vm::types::int::arith::{int_add, int_mul};
use rpy_vm::{ObjRef, PyResult, Ref, exc};

/// The greatest number of days of a `timedelta`.
pub const MAX_DAYS: i32 = 999_999_999;

const SECONDS_PER_DAY: i32 = 24 * 3600;
/// Microseconds in a second.
pub const MICROS_PER_SECOND: i64 = 1_000_000;
/// Microseconds in a day.
pub const MICROS_PER_DAY: i64 = SECONDS_PER_DAY as i64 * MICROS_PER_SECOND;

/// The content of a `timedelta`. Normalised: seconds and microseconds are never negative, so that the order of the fields
/// is the order of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    pub days: i32,
    pub seconds: i32,
    pub microseconds: i32,
}

impl Span {
    /// Nothing.
    pub const ZERO: Span = Span { days: 0, seconds: 0, microseconds: 0 };

    /// Brings seconds and microseconds into their ranges. Operands are sums of at most a few values in range.
    pub fn normalized(days: i32, seconds: i32, microseconds: i32) -> Span {
        let seconds = seconds + microseconds.div_euclid(MICROS_PER_SECOND as i32);
        Span {
            days: days + seconds.div_euclid(SECONDS_PER_DAY),
            seconds: seconds.rem_euclid(SECONDS_PER_DAY),
            microseconds: microseconds.rem_euclid(MICROS_PER_SECOND as i32),
        }
    }

    /// The sum; the days may be out of range.
    pub fn plus(self, other: Span) -> Span {
        Span::normalized(self.days + other.days, self.seconds + other.seconds, self.microseconds + other.microseconds)
    }

    /// The difference; the days may be out of range.
    pub fn minus(self, other: Span) -> Span {
        Span::normalized(self.days - other.days, self.seconds - other.seconds, self.microseconds - other.microseconds)
    }

    /// The negative; the days may be out of range.
    pub fn negated(self) -> Span {
        Span::ZERO.minus(self)
    }

    /// All of it in microseconds.
    pub fn total_micros(self) -> i128 {
        let seconds = i64::from(self.days) * i64::from(SECONDS_PER_DAY) + i64::from(self.seconds);
        i128::from(seconds) * i128::from(MICROS_PER_SECOND) + i128::from(self.microseconds)
    }

    /// All of it in microseconds, as a Python int.
    pub fn total_micros_int(self) -> Ref<PyInt> {
        PyInt::from_i128(self.total_micros())
    }

    /// # Errors
    /// `OverflowError` for more days than a C int holds. Fewer may still be too many.
    pub fn from_micros(micros: i128) -> PyResult<Span> {
        let days = micros.div_euclid(i128::from(MICROS_PER_DAY));
        let rest = micros.rem_euclid(i128::from(MICROS_PER_DAY)) as i64;
        Ok(Span {
            days: i32::try_from(days).map_err(|_| too_large())?,
            seconds: (rest / MICROS_PER_SECOND) as i32,
            microseconds: (rest % MICROS_PER_SECOND) as i32,
        })
    }

    /// As [`Span::from_micros`].
    ///
    /// # Errors
    /// `OverflowError`.
    pub fn from_micros_int(micros: &PyInt) -> PyResult<Span> {
        Span::from_micros(micros.as_i128().ok_or_else(too_large)?)
    }

    /// # Errors
    /// `OverflowError` for more days than are allowed.
    pub fn check(self) -> PyResult<Span> {
        if (-MAX_DAYS..=MAX_DAYS).contains(&self.days) {
            return Ok(self);
        }
        Err(exc::overflow_error(format!("days={}; must have magnitude <= {MAX_DAYS}", self.days)))
    }

    /// Less than a day in either direction, as offsets from UTC have to be?
    pub fn is_offset(self) -> bool {
        self.total_micros().unsigned_abs() < u128::from(MICROS_PER_DAY.unsigned_abs())
    }

    /// Hours, minutes and seconds of the seconds.
    pub fn clock(self) -> (i32, i32, i32) {
        (self.seconds / 3600, self.seconds / 60 % 60, self.seconds % 60)
    }
}

fn too_large() -> rpy_vm::PyErr {
    exc::overflow_error("Python int too large to convert to C int")
}

/// A sum of microseconds on its way into a `timedelta`: a machine number as long as it fits.
pub enum Micros {
    Small(i128),
    Big(Ref<PyInt>),
}

impl Micros {
    fn to_int(&self) -> Ref<PyInt> {
        match self {
            Micros::Small(value) => PyInt::from_i128(*value),
            Micros::Big(value) => value.clone(),
        }
    }

    fn from_object(value: &ObjRef) -> Micros {
        match value.downcast_ref::<PyInt>() {
            Some(int) => int.as_i128().map_or_else(|| Micros::Big(int.to_exact()), Micros::Small),
            None => Micros::Small(0),
        }
    }

    /// Adds `count` units of `factor` microseconds.
    pub fn add(&mut self, count: &PyInt, factor: i64) {
        if let Micros::Small(sum) = self
            && let Some(count) = count.as_i64()
            // The product of two 64-bit numbers has at most 127 bits.
            && let Some(new) = sum.checked_add(i128::from(count) * i128::from(factor))
        {
            *sum = new;
            return;
        }
        let product = int_mul(count, &PyInt::from_i64(factor));
        if let Some(product) = product.downcast_ref::<PyInt>() {
            *self = Micros::from_object(&int_add(&self.to_int(), product));
        }
    }

    /// Is the sum odd?
    pub fn is_odd(&self) -> bool {
        match self {
            Micros::Small(value) => value & 1 == 1,
            Micros::Big(value) => value.is_odd(),
        }
    }

    /// # Errors
    /// As for [`Span::from_micros`].
    pub fn to_span(&self) -> PyResult<Span> {
        match self {
            Micros::Small(value) => Span::from_micros(*value),
            Micros::Big(_) => Err(too_large()),
        }
    }
}

//! `datetime.datetime`: the class and its arithmetic. Methods that make or show datetimes are in `datetime_methods`.

use core::cell::Cell;
use core::cmp::Ordering;

use rpy_vm::args::Keywords;
use rpy_vm::object::slots::CompareOp;
use rpy_vm::{PyClass, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, pyclass};

use super::args;
use super::calendar::{Clock, Day};
use super::date::{self, DATE_SIZE, PyDate};
use super::span::Span;
use super::time::{self, TIME_SIZE};
use super::timedelta::PyTimeDelta;
use super::tzinfo::utc_offset;
use super::zoned::{Zoned, call_class, new_zoned, same_zone};

/// Bytes of a datetime in memory and in pickles: those of a date, then those of a time.
pub const DATETIME_SIZE: usize = DATE_SIZE + TIME_SIZE;

/// datetime(year, month, day[, hour[, minute[, second[, microsecond[,tzinfo]]]]])
///
/// The year, month and day arguments are required. tzinfo may be None, or an
/// instance of a tzinfo subclass. The remaining arguments may be ints.
#[pyclass(name = "datetime", module = "datetime", base = PyDate, flags(BASETYPE), basicsize = 48)]
#[repr(C)]
pub struct PyDateTime {
    pub ob_base: PyObject,
    /// -1 as long as it has not been asked for.
    pub hashcode: Cell<isize>,
    pub hastzinfo: u8,
    pub data: [u8; DATETIME_SIZE],
    pub fold: u8,
    // The time zone follows, see `zoned`.
}

// SAFETY: all instances are made by `new_zoned`, or by C code that knows this layout.
unsafe impl Zoned for PyDateTime {
    fn has_tzinfo(&self) -> bool {
        self.hastzinfo != 0
    }
}

args::parameters! {
    static PARAMETERS = "",
        ["year", "month", "day", "hour", "minute", "second", "microsecond", "tzinfo", "fold"],
        required 3, positional 8, keyword_only [false]
}

fn pack(day: Day, clock: Clock) -> [u8; DATETIME_SIZE] {
    let mut data = [0; DATETIME_SIZE];
    data[..DATE_SIZE].copy_from_slice(&date::pack(day));
    data[DATE_SIZE..].copy_from_slice(&time::pack(clock));
    data
}

/// Constructors of derived classes may return anything.
///
/// # Errors
/// `TypeError`.
pub fn expect_datetime(object: &PyObject) -> PyResult<&PyDateTime> {
    object.downcast_ref::<PyDateTime>().ok_or_else(|| {
        exc::type_error(format!("a datetime subclass's constructor returned '{}'", object.ty().full_name()))
    })
}

/// An instance of `cls`, which is `datetime` or derived from it, by way of its constructor.
///
/// # Errors
/// `ValueError`, and what the constructor raises.
pub fn make(cls: &PyTypeObject, day: Day, clock: Clock, zone: Option<&PyObject>, fold: i32) -> PyResult {
    if core::ptr::eq(cls, PyDateTime::type_object()) {
        return Ok(PyDateTime::new(day, clock, zone, fold)?.into_obj());
    }
    let numbers = [day.year, day.month, day.day, clock.hour, clock.minute, clock.second, clock.microsecond];
    call_class(cls, &numbers, zone, fold)
}

impl PyDateTime {
    /// A datetime.
    ///
    /// # Errors
    /// `ValueError` for parts out of range.
    pub fn new(day: Day, clock: Clock, zone: Option<&PyObject>, fold: i32) -> PyResult<Ref<PyDateTime>> {
        PyDateTime::new_in(PyDateTime::type_object(), day, clock, zone, fold)
    }

    /// As [`PyDateTime::new`], of a class derived from it, whose constructor is not called.
    ///
    /// # Errors
    /// `ValueError` for parts out of range; `MemoryError`.
    pub fn new_in(
        cls: &PyTypeObject,
        day: Day,
        clock: Clock,
        zone: Option<&PyObject>,
        fold: i32,
    ) -> PyResult<Ref<PyDateTime>> {
        day.check()?;
        clock.check(fold)?;
        PyDateTime::from_data(cls, pack(day, clock), zone, fold as u8)
    }

    fn from_data(
        cls: &PyTypeObject,
        data: [u8; DATETIME_SIZE],
        zone: Option<&PyObject>,
        fold: u8,
    ) -> PyResult<Ref<PyDateTime>> {
        let value = PyDateTime {
            ob_base: PyObject::placeholder(),
            hashcode: Cell::new(-1),
            hastzinfo: u8::from(zone.is_some()),
            data,
            fold,
        };
        new_zoned(cls, value, zone)
    }

    /// The date.
    #[inline]
    pub fn day_value(&self) -> Day {
        date::unpack(&self.data[..DATE_SIZE])
    }

    /// The time of day.
    #[inline]
    pub fn clock_value(&self) -> Clock {
        time::unpack(&self.data[DATE_SIZE..])
    }

    pub(super) fn construct(cls: &PyTypeObject, positional: &[&PyObject], keywords: Keywords<'_>) -> PyResult {
        if let [state] | [state, _] = positional
            && let Some(mut data) = args::pickled_state(state, "datetime", |byte| (1..=12).contains(&(byte(2) & 0x7f)))?
        {
            let zone = args::pickled_zone(positional.get(1).copied())?;
            let fold = data[2] >> 7;
            data[2] &= 0x7f;
            return Ok(PyDateTime::from_data(cls, data, zone, fold)?.into_obj());
        }
        let given: [_; 9] = args::bind(&PARAMETERS, positional, keywords)?;
        let mut numbers = [0; 7];
        for (number, given) in numbers.iter_mut().zip(given) {
            *number = args::int_or(given, 0)?;
        }
        let [year, month, day, hour, minute, second, microsecond] = numbers;
        let (day, clock) = (Day { year, month, day }, Clock { hour, minute, second, microsecond });
        let fold = args::int_or(given[8], 0)?;
        day.check()?;
        clock.check(fold)?;
        Ok(PyDateTime::new_in(cls, day, clock, args::zone(given[7])?, fold)?.into_obj())
    }

    /// The same moment on the clock, with another fold.
    fn with_fold(&self, fold: u8) -> PyResult<Ref<PyDateTime>> {
        PyDateTime::from_data(self.as_object().ty(), self.data, self.tzinfo(), fold)
    }

    /// `utcoffset()`.
    pub fn offset(&self) -> PyResult<Option<Span>> {
        Ok(utc_offset(self.tzinfo(), self.as_object())?.map(|offset| offset.span()))
    }

    /// The offset for the hash, which must not depend on the fold.
    pub(super) fn offset_without_fold(&self) -> PyResult<Option<Span>> {
        if self.fold == 0 { self.offset() } else { self.with_fold(0)?.offset() }
    }

    /// The time since the first day of the calendar minus one, as the clock shows it.
    pub(super) fn since_start(&self) -> Span {
        let clock = self.clock_value();
        Span::normalized(self.day_value().ordinal(), clock.seconds(), clock.microsecond)
    }

    /// Date and time `delta` later on the clock.
    ///
    /// # Errors
    /// `OverflowError`.
    pub(super) fn fields_after(&self, delta: Span) -> PyResult<(Day, Clock)> {
        let clock = self.clock_value();
        let sum = Span::normalized(delta.days, clock.seconds() + delta.seconds, clock.microsecond + delta.microseconds);
        let (hour, minute, second) = sum.clock();
        let day = self.day_value().plus_days(sum.days)?;
        Ok((day, Clock { hour, minute, second, microsecond: sum.microseconds }))
    }

    /// `self + delta`.
    ///
    /// # Errors
    /// `OverflowError`, and what the class's constructor raises.
    pub fn shifted(&self, delta: Span) -> PyResult {
        let (day, clock) = self.fields_after(delta)?;
        make(self.as_object().ty(), day, clock, self.tzinfo(), 0)
    }

    /// `self - other`.
    ///
    /// # Errors
    /// `TypeError` if only one of them has an offset; what zones raise.
    pub(super) fn difference(&self, other: &PyDateTime) -> PyResult<Span> {
        let difference = self.since_start().minus(other.since_start());
        if same_zone(self.tzinfo(), other.tzinfo()) {
            return Ok(difference);
        }
        match (self.offset()?, other.offset()?) {
            (None, None) => Ok(difference),
            (Some(a), Some(b)) => Ok(difference.minus(a.minus(b))),
            _ => Err(exc::type_error("can't subtract offset-naive and offset-aware datetimes")),
        }
    }

    /// Does the offset depend on the fold? Such datetimes are equal to none of another zone (PEP 495).
    fn is_ambiguous(&self, offset: Option<Span>) -> PyResult<bool> {
        Ok(self.with_fold(1 - self.fold.min(1))?.offset()? != offset)
    }

    pub(super) fn compare(&self, other: &PyDateTime, op: CompareOp) -> PyResult<bool> {
        if same_zone(self.tzinfo(), other.tzinfo()) {
            return Ok(op.matches(self.data.cmp(&other.data)));
        }
        let (a, b) = (self.offset()?, other.offset()?);
        let mut ordering = match (a, b) {
            (a, b) if a == b => self.data.cmp(&other.data),
            (Some(a), Some(b)) => self.since_start().minus(other.since_start()).minus(a.minus(b)).cmp(&Span::ZERO),
            _ => {
                return match op {
                    CompareOp::Eq => Ok(false),
                    CompareOp::Ne => Ok(true),
                    _ => Err(exc::type_error("can't compare offset-naive and offset-aware datetimes")),
                };
            }
        };
        if matches!(op, CompareOp::Eq | CompareOp::Ne)
            && ordering == Ordering::Equal
            && (self.is_ambiguous(a)? || other.is_ambiguous(b)?)
        {
            ordering = Ordering::Greater;
        }
        Ok(op.matches(ordering))
    }
}

/// `a + b` and `a - b`, if one of them is a datetime and the other a timedelta.
pub(super) fn shift(a: &PyObject, b: &PyObject, sign: i32) -> PyResult {
    match (a.downcast_ref::<PyDateTime>(), b.downcast_ref::<PyTimeDelta>()) {
        (Some(datetime), Some(delta)) if sign > 0 => datetime.shifted(delta.span()),
        (Some(datetime), Some(delta)) => datetime.shifted(delta.span().negated()),
        _ => Ok(rpy_vm::not_implemented()),
    }
}

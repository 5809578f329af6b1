//! The system's clock and time zone.
//!
//! Moments are seconds; "local seconds" count the wall clock's time as if it were UTC, both from the start of the year 1.

use rpy_vm::types::str::PyStr;
use rpy_vm::{PyObject, PyResult, Ref, exc};

use super::calendar::{Clock, Day, EPOCH_ORDINAL, MAX_YEAR, MIN_YEAR};
use super::span::Span;
use super::timedelta::PyTimeDelta;
use super::timezone::PyTimezone;
use crate::time::broken_down as tm;
use crate::time::convert::{Rounding, clock_ns, to_timeval};

/// From the year 1 to 1970.
const EPOCH: i64 = EPOCH_ORDINAL as i64 * 24 * 3600;

/// The longest time by which a zone's clock was ever put back is less than this.
const LONGEST_FOLD: i64 = 24 * 3600;

/// A moment: seconds since 1970, and microseconds.
#[derive(Clone, Copy)]
pub struct Moment {
    seconds: i64,
    microseconds: i32,
}

impl Moment {
    /// # Errors
    /// `TypeError`, `ValueError`, `OverflowError` for what is no moment.
    pub fn from_timestamp(timestamp: &PyObject) -> PyResult<Moment> {
        let (seconds, microseconds) = to_timeval(timestamp, Rounding::HalfEven)?;
        Ok(Moment { seconds, microseconds: microseconds as i32 })
    }

    /// # Errors
    /// `OSError`.
    pub fn now() -> PyResult<Moment> {
        let now = clock_ns(libc::CLOCK_REALTIME)?;
        Ok(Moment {
            seconds: now.div_euclid(1_000_000_000),
            microseconds: (now.rem_euclid(1_000_000_000) / 1000) as i32,
        })
    }

    /// The date and time in UTC.
    ///
    /// # Errors
    /// `OSError` when the year does not fit.
    pub fn utc(self) -> PyResult<(Day, Clock)> {
        Ok(fields(&tm::utc(self.seconds)?, self.microseconds))
    }

    /// The local date and time, and 1 if it is the second time that the clock shows them.
    ///
    /// # Errors
    /// `OSError`, `ValueError` when the year does not fit.
    pub fn local(self) -> PyResult<(Day, Clock, i32)> {
        let (day, clock) = fields(&tm::local(self.seconds)?, self.microseconds);
        let shown = wall_seconds(day, clock)?;
        let earlier = local_seconds(EPOCH + self.seconds - LONGEST_FOLD)?;
        // By how much the clock was put forward since then.
        let transition = shown - earlier - LONGEST_FOLD;
        let folded = transition < 0 && local_seconds(EPOCH + self.seconds + transition)? == shown;
        Ok((day, clock, i32::from(folded)))
    }
}

/// The local date of a timestamp.
///
/// # Errors
/// As for `time.localtime`.
pub fn date_of_timestamp(timestamp: &PyObject) -> PyResult<Day> {
    let seconds = crate::time::convert::to_time_t(timestamp, Rounding::Floor)?;
    Ok(fields(&tm::local(seconds)?, 0).0)
}

fn fields(tm: &libc::tm, microsecond: i32) -> (Day, Clock) {
    let day = Day::new(tm.tm_year.saturating_add(1900), tm.tm_mon + 1, tm.tm_mday);
    // Leap seconds are not for us.
    (day, Clock { hour: tm.tm_hour, minute: tm.tm_min, second: tm.tm_sec.min(59), microsecond })
}

/// A date and time as seconds from the year 1.
///
/// # Errors
/// `ValueError` for years out of range.
pub fn wall_seconds(day: Day, clock: Clock) -> PyResult<i64> {
    if !(MIN_YEAR..=MAX_YEAR).contains(&day.year) {
        return Err(exc::value_error(format!("year must be in {MIN_YEAR}..{MAX_YEAR}, not {}", day.year)));
    }
    Ok(i64::from(day.ordinal()) * 24 * 3600 + i64::from(clock.seconds()))
}

fn local_seconds(moment: i64) -> PyResult<i64> {
    let (day, clock) = fields(&tm::local(moment - EPOCH)?, 0);
    wall_seconds(day, clock)
}

/// The moment (seconds from the year 1) at which the local clock shows `wall`. Where it does so twice, `fold` chooses; where
/// it never does, the result is as far behind or before the gap as `wall` is inside.
///
/// # Errors
/// As for [`local_seconds`].
fn solve(wall: i64, fold: bool) -> PyResult<i64> {
    let offset = local_seconds(wall)? - wall;
    let first = wall - offset;
    let first_shown = local_seconds(first)?;
    let other_offset = if first_shown == wall {
        // A solution; there may be another on the side that `fold` asks for.
        let probe = if fold { first + LONGEST_FOLD } else { first - LONGEST_FOLD };
        let there = local_seconds(probe)? - probe;
        if there == offset {
            return Ok(first);
        }
        there
    } else {
        first_shown - first
    };
    let second = wall - other_offset;
    if local_seconds(second)? == wall {
        return Ok(second);
    }
    if first_shown == wall {
        return Ok(first);
    }
    Ok(if fold { first.min(second) } else { first.max(second) })
}

/// The timestamp of a local date and time, without its microseconds.
///
/// # Errors
/// `OSError`, `ValueError` at the ends of the calendar.
pub fn timestamp(day: Day, clock: Clock, fold: i32) -> PyResult<i64> {
    Ok(solve(wall_seconds(day, clock)?, fold != 0)? - EPOCH)
}

/// The timestamp of a date and time in UTC, without its microseconds.
pub fn utc_timestamp(day: Day, clock: Clock) -> i64 {
    i64::from(day.ordinal() - EPOCH_ORDINAL) * 24 * 3600 + i64::from(clock.seconds())
}

/// The system's time zone at a moment, as a fixed offset.
///
/// # Errors
/// `OSError`.
pub fn zone_at(timestamp: i64) -> PyResult<Ref<PyTimezone>> {
    let local = tm::local(timestamp)?;
    let offset = PyTimeDelta::new(Span::normalized(0, local.tm_gmtoff as i32, 0))?;
    PyTimezone::new(offset, Some(PyStr::from_string(tm::zone_name(&local))))
}

/// The system's time zone at a local date and time, as a fixed offset.
///
/// # Errors
/// As for [`timestamp`].
pub fn zone_at_local(day: Day, clock: Clock, fold: i32) -> PyResult<Ref<PyTimezone>> {
    let wall = wall_seconds(day, clock)?;
    let (mut seconds, other) = (solve(wall, fold != 0)?, solve(wall, fold == 0)?);
    // In a gap the two are the wrong way round.
    if other != seconds && (other > seconds) == (fold != 0) {
        seconds = other;
    }
    zone_at(seconds - EPOCH)
}

//! Reading ISO 8601, as far as CPython does, with what CPython tolerates.
//!
//! ```text
//!   date      YYYY-MM-DD | YYYYMMDD | YYYY-Www[-D] | YYYYWww[D]
//!   time      HH[:MM[:SS[(.|,)fraction]]] | the same without colons
//!   zone      Z | (+|-)time
//!   datetime  date, any one character, time[zone]
//! ```
//!
//! Text is read as bytes: a character that is not ASCII stands for itself only as the separator of a datetime.

use rpy_vm::protocol::object as protocol;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, exc};

use super::calendar::{Clock, Day, days_in_month};
use super::span::Span;
use super::timedelta::PyTimeDelta;
use super::timezone::{PyTimezone, utc};

/// Stands for every character outside of ASCII.
const OTHER: u8 = 0xff;

/// A time, and the offset of its zone in seconds and microseconds.
struct ParsedTime {
    clock: Clock,
    offset: Option<(i32, i32)>,
}

/// The text as bytes. `None` for lone surrogates, except in the one place where CPython accepts them.
fn bytes_of(text: &PyStr, separators: &[usize]) -> Option<Vec<u8>> {
    let data = text.data();
    let is_surrogate = |c: u32| (0xd800..0xe000).contains(&c);
    let tolerated = separators.iter().copied().find(|&at| at < data.len() && is_surrogate(data.at(at)));
    data.iter()
        .enumerate()
        .map(|(at, c)| match u8::try_from(c) {
            Ok(byte) if byte.is_ascii() => Some(byte),
            _ if is_surrogate(c) && tolerated != Some(at) => None,
            _ => Some(OTHER),
        })
        .collect()
}

fn invalid(text: &PyObject) -> PyErr {
    match protocol::repr(text) {
        Ok(repr) => exc::value_error(format!("Invalid isoformat string: {}", repr.to_string_lossy())),
        Err(error) => error,
    }
}

fn argument(text: &PyObject) -> PyResult<&PyStr> {
    text.downcast_ref::<PyStr>().ok_or_else(|| exc::type_error("fromisoformat: argument must be str"))
}

/// The byte at a position; 0 after the end, as in C.
fn at(text: &[u8], position: usize) -> u8 {
    text.get(position).copied().unwrap_or(0)
}

/// A number of exactly `count` digits. Advances the position.
fn digits(text: &[u8], position: &mut usize, count: usize) -> Option<i32> {
    let mut value = 0;
    for _ in 0..count {
        let digit = at(text, *position);
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i32::from(digit - b'0');
        *position += 1;
    }
    Some(value)
}

/// A date at the start of the text. `len` is where it ends, which only matters for week dates.
fn parse_date(text: &[u8], len: usize) -> Option<Day> {
    let mut p = 0;
    let year = digits(text, &mut p, 4)?;
    let separated = at(text, p) == b'-';
    let skip_separator = |p: &mut usize| {
        if !separated {
            return Some(());
        }
        *p += 1;
        (at(text, *p - 1) == b'-').then_some(())
    };
    skip_separator(&mut p)?;
    if at(text, p) == b'W' {
        p += 1;
        let week = digits(text, &mut p, 2)?;
        let mut weekday = 1;
        if p < len {
            skip_separator(&mut p)?;
            weekday = digits(text, &mut p, 1)?;
        }
        return Day::from_iso_calendar(year, week, weekday).ok();
    }
    let month = digits(text, &mut p, 2)?;
    skip_separator(&mut p)?;
    let day = digits(text, &mut p, 2)?;
    Some(Day { year, month, day })
}

/// A time of day between two positions, and whether something is left over behind it.
fn parse_clock(text: &[u8], start: usize, end: usize) -> Option<(Clock, bool)> {
    let mut p = start;
    let mut parts = [0; 3];
    let mut separated = true;
    let clock =
        |parts: [i32; 3], microsecond| Clock { hour: parts[0], minute: parts[1], second: parts[2], microsecond };
    for index in 0..3 {
        parts[index] = digits(text, &mut p, 2)?;
        let c = at(text, p);
        p += 1;
        if index == 0 {
            separated = c == b':';
        }
        if p >= end {
            if p == end && matches!(c, b'.' | b',') {
                return None;
            }
            return Some((clock(parts, 0), c != 0));
        }
        match c {
            b':' if separated && index < 2 => {}
            b':' if separated => return None,
            b'.' | b',' if index < 2 => return None,
            b'.' | b',' => break,
            _ if separated => return None,
            // Without separators that was the first digit of the next number.
            _ => p -= 1,
        }
    }
    // Digits beyond microseconds are cut off.
    let count = (end - p).min(6);
    let fraction = digits(text, &mut p, count)?;
    while at(text, p).is_ascii_digit() {
        p += 1;
    }
    let microsecond = fraction * 10_i32.pow(6 - count as u32);
    Some((clock(parts, microsecond), at(text, p) != 0))
}

/// A time of day with an optional zone.
fn parse_time(text: &[u8]) -> Option<ParsedTime> {
    let zone = text.iter().position(|c| matches!(c, b'Z' | b'+' | b'-'));
    let (clock, left_over) = parse_clock(text, 0, zone.unwrap_or(text.len()))?;
    let Some(zone) = zone else {
        return (!left_over).then_some(ParsedTime { clock, offset: None });
    };
    if text[zone] == b'Z' {
        return (at(text, zone + 1) == 0).then_some(ParsedTime { clock, offset: Some((0, 0)) });
    }
    let (offset, left_over) = parse_clock(text, zone + 1, text.len())?;
    let sign = if text[zone] == b'-' { -1 } else { 1 };
    (!left_over).then_some(ParsedTime { clock, offset: Some((sign * offset.seconds(), sign * offset.microsecond)) })
}

/// Where the separator between date and time stands. What makes this hard is that it may be any character, even a digit
/// or a hyphen behind a week date.
fn separator_position(text: &[u8]) -> Option<usize> {
    let len = text.len();
    if len == 7 {
        return Some(7);
    }
    if at(text, 4) == b'-' {
        if at(text, 5) != b'W' {
            return Some(10);
        }
        if at(text, 8) != b'-' {
            return Some(8);
        }
        // YYYY-Www-: a weekday follows, or, when two digits follow, the hour.
        return match len {
            9 => None,
            _ if at(text, 10).is_ascii_digit() => Some(8),
            _ => Some(10),
        };
    }
    if at(text, 4) != b'W' {
        return Some(8);
    }
    // Times have an even number of digits, so the first place after the digits tells whether there is a weekday.
    let end = (7..len).find(|&at| !text[at].is_ascii_digit()).unwrap_or(len);
    Some(if end < 9 {
        end
    } else if end % 2 == 0 {
        7
    } else {
        8
    })
}

/// The zone object of a parsed offset.
fn zone_of(offset: Option<(i32, i32)>) -> PyResult<Option<ObjRef>> {
    match offset {
        None => Ok(None),
        Some((0, 0)) => Ok(Some(utc()?.into_obj())),
        Some((seconds, microseconds)) => {
            let offset = PyTimeDelta::new(Span::normalized(0, seconds, microseconds))?;
            Ok(Some(PyTimezone::new(offset, None)?.into_obj()))
        }
    }
}

fn midnight(clock: Clock) -> PyResult<Clock> {
    if clock == (Clock { hour: 24, ..Clock::default() }) {
        return Ok(Clock::default());
    }
    Err(exc::value_error("minute, second, and microsecond must be 0 when hour is 24"))
}

/// `date.fromisoformat`.
///
/// # Errors
/// `TypeError`, `ValueError`. The parts may still be out of range.
pub fn date(text: &PyObject) -> PyResult<Day> {
    let bytes = bytes_of(argument(text)?, &[]).unwrap_or_default();
    match bytes.len() {
        7 | 8 | 10 => parse_date(&bytes, bytes.len()).ok_or_else(|| invalid(text)),
        _ => Err(invalid(text)),
    }
}

/// `time.fromisoformat`.
///
/// # Errors
/// `TypeError`, `ValueError`. The parts may still be out of range.
pub fn time(text: &PyObject) -> PyResult<(Clock, Option<ObjRef>)> {
    let bytes = bytes_of(argument(text)?, &[]).unwrap_or_default();
    let bytes = bytes.strip_prefix(b"T").unwrap_or(&bytes);
    let mut parsed = parse_time(bytes).ok_or_else(|| invalid(text))?;
    if parsed.clock.hour == 24 {
        parsed.clock = midnight(parsed.clock)?;
    }
    Ok((parsed.clock, zone_of(parsed.offset)?))
}

/// `datetime.fromisoformat`.
///
/// # Errors
/// `TypeError`, `ValueError`. The parts may still be out of range.
pub fn datetime(text: &PyObject) -> PyResult<(Day, Clock, Option<ObjRef>)> {
    let bytes = bytes_of(argument(text)?, &[7, 8, 10]).unwrap_or_default();
    let parsed = (bytes.len() >= 7).then(|| {
        let separator = separator_position(&bytes)?;
        let day = parse_date(&bytes, separator)?;
        match bytes.get(separator + 1..) {
            Some(time) => Some((day, parse_time(time)?)),
            // Nothing follows the date; a lone separator is no time.
            None if bytes.len() <= separator => Some((day, ParsedTime { clock: Clock::default(), offset: None })),
            None => None,
        }
    });
    let (mut day, mut time) = parsed.flatten().ok_or_else(|| invalid(text))?;
    let zone = zone_of(time.offset)?;
    if time.clock.hour == 24 && (1..=12).contains(&day.month) && day.day <= days_in_month(day.year, day.month) {
        time.clock = midnight(time.clock)?;
        day.day += 1;
        if day.day > days_in_month(day.year, day.month) {
            day = if day.month == 12 {
                Day { year: day.year + 1, month: 1, day: 1 }
            } else {
                Day { month: day.month + 1, day: 1, ..day }
            };
        }
    }
    Ok((day, time.clock, zone))
}

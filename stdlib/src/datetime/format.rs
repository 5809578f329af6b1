//! Text of dates and times: offsets, `timespec`, `ctime`, and `strftime` with what the C library does not know.

use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::{PyStr, StrBuilder};
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, Ref, exc, intern};

use super::calendar::{Clock, Day};
use super::span::Span;
use super::tzinfo::{utc_offset, zone_name};
use crate::support::int;
use crate::time::broken_down::STRUCT_TIME;

/// `+HH<sep>MM[<sep>SS[.ffffff]]`.
pub fn offset_text(offset: Span, separator: &str) -> String {
    let (sign, offset) = if offset.days < 0 { ('-', offset.negated()) } else { ('+', offset) };
    let (hours, minutes, seconds) = offset.clock();
    let mut out = format!("{sign}{hours:02}{separator}{minutes:02}");
    if seconds != 0 || offset.microseconds != 0 {
        out += &format!("{separator}{seconds:02}");
    }
    if offset.microseconds != 0 {
        out += &format!(".{:06}", offset.microseconds);
    }
    out
}

/// The text of a zone's present offset; empty if it has none.
///
/// # Errors
/// What the zone raises.
pub fn zone_offset_text(zone: Option<&PyObject>, argument: &PyObject, separator: &str) -> PyResult<String> {
    Ok(utc_offset(zone, argument)?.map_or_else(String::new, |offset| offset_text(offset.span(), separator)))
}

/// `YYYY-MM-DD`.
pub fn date_text(day: Day) -> String {
    format!("{:04}-{:02}-{:02}", day.year, day.month, day.day)
}

/// A time of day with as much detail as `timespec` says.
///
/// # Errors
/// `TypeError`, `ValueError`.
pub fn clock_text(clock: Clock, position: usize, timespec: Option<&PyObject>) -> PyResult<String> {
    let Clock { hour, minute, second, microsecond } = clock;
    let timespec = timespec.map(|spec| super::args::text("isoformat", position, spec)).transpose()?;
    let timespec = match timespec {
        None => "auto",
        Some(spec) => spec.as_utf8()?,
    };
    Ok(match timespec {
        "hours" => format!("{hour:02}"),
        "minutes" => format!("{hour:02}:{minute:02}"),
        "milliseconds" => format!("{hour:02}:{minute:02}:{second:02}.{:03}", microsecond / 1000),
        "auto" if microsecond == 0 => format!("{hour:02}:{minute:02}:{second:02}"),
        "seconds" => format!("{hour:02}:{minute:02}:{second:02}"),
        "auto" | "microseconds" => format!("{hour:02}:{minute:02}:{second:02}.{microsecond:06}"),
        _ => return Err(exc::value_error("Unknown timespec value")),
    })
}

/// `Thu Feb 29 13:05:09 2024`.
pub fn ctime(day: Day, clock: Clock) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    format!(
        "{} {} {:2} {:02}:{:02}:{:02} {:04}",
        DAYS[day.weekday() as usize % 7],
        MONTHS[(day.month - 1) as usize % 12],
        day.day,
        clock.hour,
        clock.minute,
        clock.second,
        day.year
    )
}

/// A `time.struct_time`.
///
/// # Errors
/// `MemoryError`.
pub fn struct_time(day: Day, clock: Clock, dst: i32) -> PyResult {
    let numbers =
        [day.year, day.month, day.day, clock.hour, clock.minute, clock.second, day.weekday(), day.day_of_year(), dst];
    let mut values: Vec<ObjRef> = numbers.iter().map(|&n| int(i64::from(n))).collect();
    values.extend([rpy_vm::none(), rpy_vm::none()]);
    STRUCT_TIME.build(values)
}

/// Appends `, tzinfo=...`.
///
/// # Errors
/// What the zone's `__repr__` raises.
pub fn push_zone_repr(out: &mut StrBuilder, zone: &PyObject) -> PyResult<()> {
    out.push_str(", tzinfo=");
    out.push_py(&*protocol::repr(zone)?);
    Ok(())
}

/// What `strftime` formats.
pub struct Subject<'a> {
    /// A tuple or `struct_time` for `time.strftime`.
    pub timetuple: &'a PyObject,
    pub microsecond: i32,
    pub zone: Option<&'a PyObject>,
    /// What the zone's methods are called with.
    pub argument: &'a PyObject,
}

impl Subject<'_> {
    /// `time.strftime(format, timetuple)`.
    fn c_strftime(&self, format: &PyStr) -> PyResult {
        let time = rpy_vm::import::import_module("time")?;
        let function = protocol::getattr(&time, intern!("strftime"))?;
        call::call(&function, &[format.as_object(), self.timetuple])
    }

    /// The year that `%Y`, `%F`, `%C` or `%G` shows, if the C library would not pad it with zeros.
    fn short_year(&self, code: char) -> PyResult<Option<i64>> {
        let year = rpy_vm::protocol::sequence::get_item_index(self.timetuple, 0)?;
        let year = year.downcast_ref::<PyInt>().and_then(PyInt::as_i64).unwrap_or(0);
        if year >= 1000 {
            return Ok(None);
        }
        if code != 'G' {
            return Ok(Some(year));
        }
        let text = self.c_strftime(&PyStr::new("%G"))?;
        Ok(PyInt::from_object(&text)?.as_i64())
    }

    /// What to put in the place of a code, in the format, if it is one of ours.
    fn replacement(&self, code: &str) -> PyResult<Option<Ref<PyStr>>> {
        let text = match code {
            "z" => zone_offset_text(self.zone, self.argument, "")?,
            ":z" => zone_offset_text(self.zone, self.argument, ":")?,
            "f" => format!("{:06}", self.microsecond),
            "Z" => {
                return match zone_name(self.zone, self.argument)? {
                    // The name becomes part of a format.
                    Some(name) => {
                        let doubled = call::call_method(
                            name.as_object(),
                            intern!("replace"),
                            &[intern!("%").as_object(), intern!("%%").as_object()],
                        )?;
                        doubled
                            .downcast::<PyStr>()
                            .map(Some)
                            .map_err(|_| exc::type_error("tzname.replace() did not return a string"))
                    }
                    None => Ok(Some(PyStr::new(""))),
                };
            }
            "Y" | "G" => match self.short_year(if code == "G" { 'G' } else { 'Y' })? {
                Some(year) => format!("{year:04}"),
                None => return Ok(None),
            },
            "F" => match self.short_year('F')? {
                Some(year) => format!("{year:04}-%m-%d"),
                None => return Ok(None),
            },
            "C" => match self.short_year('C')? {
                Some(year) => {
                    let mut text = format!("{year:04}");
                    text.truncate(text.len() - 2);
                    text
                }
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(Some(PyStr::from_string(text)))
    }

    /// `strftime`: our codes are replaced in the format, the C library does the rest.
    ///
    /// # Errors
    /// What the zone raises, and `time.strftime`.
    pub fn strftime(&self, format: &PyStr) -> PyResult {
        const PERCENT: u32 = '%' as u32;
        let data = format.data();
        let mut out = StrBuilder::new();
        // Each is computed once, since zones may be slow.
        let mut known: Vec<(&str, Option<Ref<PyStr>>)> = Vec::new();
        let mut at = 0;
        while at < data.len() {
            let c = data.at(at);
            at += 1;
            if c != PERCENT || at == data.len() {
                out.push_char(c);
                continue;
            }
            let code = data.at(at);
            at += 1;
            let name = match char::from_u32(code) {
                Some(':') if at < data.len() && data.at(at) == u32::from(b'z') => {
                    at += 1;
                    ":z"
                }
                Some('z') => "z",
                Some('f') => "f",
                Some('Z') => "Z",
                Some('Y') => "Y",
                Some('G') => "G",
                Some('F') => "F",
                Some('C') => "C",
                _ => "",
            };
            let replacement = match known.iter().find(|(known, _)| *known == name) {
                Some((_, replacement)) => replacement.clone(),
                None => {
                    let replacement = self.replacement(name)?;
                    known.push((name, replacement.clone()));
                    replacement
                }
            };
            match replacement {
                Some(text) => out.push_py(&text),
                None => {
                    out.push_char(PERCENT);
                    out.push_char(code);
                }
            }
        }
        self.c_strftime(&*out.finish())
    }
}

//! `struct tm` and `time.struct_time`.

use std::ffi::{CStr, CString};

use rpy_vm::structseq;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, exc};

use super::convert::{c_int, int};

structseq! {
    /// `time.struct_time`: nine visible fields, and the time zone.
    pub static STRUCT_TIME = c"time.struct_time", Some(c"The time value as returned by gmtime(), localtime(), and strptime(), and\n accepted by asctime(), mktime() and strftime().  May be considered as a\n sequence of 9 integers.\n\n Note that several fields' values are not the same as those defined by\n the C language standard for struct tm.  For example, the value of the\n field tm_year is the actual year, not year - 1900.  See individual\n fields' descriptions for details."), 9, true, [
        (c"tm_year", c"year, for example, 1993"),
        (c"tm_mon", c"month of year, range [1, 12]"),
        (c"tm_mday", c"day of month, range [1, 31]"),
        (c"tm_hour", c"hours, range [0, 23]"),
        (c"tm_min", c"minutes, range [0, 59]"),
        (c"tm_sec", c"seconds, range [0, 61])"),
        (c"tm_wday", c"day of week, range [0, 6], Monday is 0"),
        (c"tm_yday", c"day of year, range [1, 366]"),
        (c"tm_isdst", c"1 if summer time is in effect, 0 if not, and -1 if unknown"),
        (c"tm_zone", c"abbreviation of timezone name"),
        (c"tm_gmtoff", c"offset from UTC in seconds"),
    ]
}

/// A zeroed `struct tm`.
pub fn empty() -> libc::tm {
    // SAFETY: all-zero is a valid value; the zone name may be null.
    unsafe { core::mem::zeroed() }
}

/// Local time of a moment.
///
/// # Errors
/// `OSError` when the year does not fit.
pub fn local(time: libc::time_t) -> PyResult<libc::tm> {
    let mut tm = empty();
    // SAFETY: reads and writes the given values.
    if unsafe { libc::localtime_r(&time, &mut tm) }.is_null() {
        return Err(exc::os_error_last(None));
    }
    Ok(tm)
}

/// UTC of a moment.
///
/// # Errors
/// `OSError` when the year does not fit.
pub fn utc(time: libc::time_t) -> PyResult<libc::tm> {
    let mut tm = empty();
    // SAFETY: reads and writes the given values.
    if unsafe { libc::gmtime_r(&time, &mut tm) }.is_null() {
        return Err(exc::os_error_last(None));
    }
    tm.tm_gmtoff = 0;
    Ok(tm)
}

/// The zone's name in a `struct tm`.
pub fn zone_name(tm: &libc::tm) -> String {
    if tm.tm_zone.is_null() {
        return String::new();
    }
    // SAFETY: the C library's zone names are NUL-terminated and stay.
    unsafe { CStr::from_ptr(tm.tm_zone) }.to_string_lossy().into_owned()
}

/// As `time.struct_time`.
pub fn to_object(tm: &libc::tm, zone: &str) -> PyResult<ObjRef> {
    STRUCT_TIME.build(vec![
        int(i64::from(tm.tm_year) + 1900),
        int(i64::from(tm.tm_mon) + 1),
        int(i64::from(tm.tm_mday)),
        int(i64::from(tm.tm_hour)),
        int(i64::from(tm.tm_min)),
        int(i64::from(tm.tm_sec)),
        int(i64::from((tm.tm_wday + 6) % 7)),
        int(i64::from(tm.tm_yday) + 1),
        int(i64::from(tm.tm_isdst)),
        PyStr::new(zone).into_obj(),
        int(tm.tm_gmtoff),
    ])
}

/// A `struct tm` with the zone name it points to.
pub struct Parsed {
    pub tm: libc::tm,
    /// Keeps the name alive.
    #[expect(dead_code, reason = "owned for tm_zone")]
    zone: Option<CString>,
}

/// From a tuple of nine numbers or a `struct_time`. Ranges are not checked.
///
/// # Errors
/// `TypeError` for other objects, `OverflowError` for years out of range.
pub fn from_object(object: &PyObject, function: &str) -> PyResult<Parsed> {
    let Some(tuple) = object.downcast_ref::<PyTuple>() else {
        return Err(exc::type_error("Tuple or struct_time argument required"));
    };
    if tuple.len() != 9 {
        return Err(exc::type_error(format!("{function}(): illegal time tuple argument")));
    }
    let mut numbers = [0i32; 9];
    for (number, item) in numbers.iter_mut().zip(tuple.items()) {
        *number = c_int(item)?;
    }
    let [year, month, day, hour, minute, second, weekday, yearday, dst] = numbers;
    let mut tm = empty();
    tm.tm_year = year.checked_sub(1900).ok_or_else(|| exc::overflow_error("year out of range"))?;
    tm.tm_mon = month.wrapping_sub(1);
    tm.tm_mday = day;
    tm.tm_hour = hour;
    tm.tm_min = minute;
    tm.tm_sec = second;
    tm.tm_wday = weekday.wrapping_add(1) % 7;
    tm.tm_yday = yearday.wrapping_sub(1);
    tm.tm_isdst = dst;
    let mut zone = None;
    if object.is_exact_type(STRUCT_TIME.get()?) {
        // SAFETY: the type was checked; it has eleven fields.
        let (name, offset) = unsafe {
            (rpy_vm::types::structseq::get_field(object, 9), rpy_vm::types::structseq::get_field(object, 10))
        };
        if let Some(offset) = offset.filter(|offset| !rpy_vm::is_none(offset)) {
            tm.tm_gmtoff = rpy_vm::protocol::number::as_isize(&offset, None)? as libc::c_long;
        }
        if let Some(name) = &name
            && let Some(name) = name.downcast_ref::<PyStr>()
        {
            let owned = CString::new(name.to_string_lossy().as_bytes()).unwrap_or_default();
            tm.tm_zone = owned.as_ptr();
            zone = Some(owned);
        }
    }
    Ok(Parsed { tm, zone })
}

/// Puts a `struct tm` in order for the C library, which does not check.
///
/// # Errors
/// `ValueError` that names the field.
pub fn check(tm: &mut libc::tm) -> PyResult<()> {
    // Zeros are taken for "not given", as they always were.
    if tm.tm_mon == -1 {
        tm.tm_mon = 0;
    }
    if tm.tm_mday == 0 {
        tm.tm_mday = 1;
    }
    if tm.tm_yday == -1 {
        tm.tm_yday = 0;
    }
    let checks = [
        ((0..=11).contains(&tm.tm_mon), "month out of range"),
        ((1..=31).contains(&tm.tm_mday), "day of month out of range"),
        ((0..=23).contains(&tm.tm_hour), "hour out of range"),
        ((0..=59).contains(&tm.tm_min), "minute out of range"),
        ((0..=61).contains(&tm.tm_sec), "seconds out of range"),
        (tm.tm_wday >= 0, "day of week out of range"),
        ((0..=365).contains(&tm.tm_yday), "day of year out of range"),
    ];
    for (fine, message) in checks {
        if !fine {
            return Err(exc::value_error(message));
        }
    }
    Ok(())
}

/// The C library's `strftime`, for a format without NUL bytes.
///
/// # Errors
/// `MemoryError`.
pub fn strftime(format: &[u8], tm: &libc::tm) -> PyResult<Vec<u8>> {
    let Ok(c_format) = CString::new(format) else { return Ok(Vec::new()) };
    let mut size = (format.len() * 4).max(256);
    loop {
        let mut buffer: Vec<u8> = vec![0; size];
        // SAFETY: the buffer has the stated size; format and tm are valid.
        let n = unsafe { libc::strftime(buffer.as_mut_ptr().cast(), size, c_format.as_ptr(), tm) };
        // Nothing written means either "too small" or "really nothing".
        if n > 0 || size >= 256 * format.len().max(1) {
            buffer.truncate(n);
            return Ok(buffer);
        }
        size *= 2;
    }
}

/// `Sun Jun 20 23:21:05 1993`.
pub fn asctime(tm: &libc::tm) -> String {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let day = DAYS.get(tm.tm_wday as usize).unwrap_or(&"???");
    let month = MONTHS.get(tm.tm_mon as usize).unwrap_or(&"???");
    format!(
        "{day} {month}{:3} {:02}:{:02}:{:02} {}",
        tm.tm_mday,
        tm.tm_hour,
        tm.tm_min,
        tm.tm_sec,
        1900 + i64::from(tm.tm_year)
    )
}

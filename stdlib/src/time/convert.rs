//! Times given as Python numbers, in seconds: to nanoseconds and to `time_t`.

use rpy_vm::protocol::number;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::{PyObject, PyResult, exc};

/// Which way a time that is no whole number of units is rounded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    Floor,
    Ceiling,
    HalfEven,
    /// Away from zero: for time limits.
    Up,
}

fn round(value: f64, rounding: Rounding) -> f64 {
    match rounding {
        Rounding::Floor => value.floor(),
        Rounding::Ceiling => value.ceil(),
        Rounding::HalfEven => value.round_ties_even(),
        Rounding::Up => {
            if value < 0.0 {
                value.floor()
            } else {
                value.ceil()
            }
        }
    }
}

const NAN: &str = "Invalid value NaN (not a number)";

/// Seconds as nanoseconds.
///
/// # Errors
/// `ValueError` for NaN, `OverflowError`, `TypeError` for what is no number.
pub fn to_nanoseconds(seconds: &PyObject, rounding: Rounding) -> PyResult<i64> {
    const TOO_LARGE: &str = "timestamp too large to convert to C PyTime_t";
    if let Some(value) = seconds.downcast_ref::<PyFloat>() {
        let value = value.value();
        if value.is_nan() {
            return Err(exc::value_error(NAN));
        }
        let nanoseconds = round(value * 1e9, rounding);
        if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&nanoseconds) {
            return Err(out_of_range());
        }
        return Ok(nanoseconds as i64);
    }
    if !number::is_index(seconds) {
        return Err(exc::type_error(format!(
            "'{}' object cannot be interpreted as an integer or float",
            seconds.ty().name()
        )));
    }
    let value = number::index(seconds)?;
    value.as_i64().and_then(|n| n.checked_mul(1_000_000_000)).ok_or_else(|| exc::overflow_error(TOO_LARGE))
}

fn out_of_range() -> rpy_vm::PyErr {
    exc::overflow_error("timestamp out of range for platform time_t")
}

/// A time as whole seconds.
///
/// # Errors
/// As for [`to_nanoseconds`].
pub fn to_time_t(seconds: &PyObject, rounding: Rounding) -> PyResult<libc::time_t> {
    if let Some(value) = seconds.downcast_ref::<PyFloat>() {
        let value = value.value();
        if value.is_nan() {
            return Err(exc::value_error(NAN));
        }
        let value = round(value, rounding);
        if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value) {
            return Err(out_of_range());
        }
        return Ok(value as libc::time_t);
    }
    number::index(seconds)?.as_i64().ok_or_else(out_of_range)
}

/// Seconds as whole seconds and the rest in units of which a second has `units`.
fn split(seconds: &PyObject, units: f64, rounding: Rounding) -> PyResult<(i64, i64)> {
    let Some(value) = seconds.downcast_ref::<PyFloat>() else {
        return Ok((number::index(seconds)?.as_i64().ok_or_else(out_of_range)?, 0));
    };
    let value = value.value();
    if value.is_nan() {
        return Err(exc::value_error(NAN));
    }
    let mut whole = value.trunc();
    let mut rest = round((value - whole) * units, rounding);
    if rest >= units {
        rest -= units;
        whole += 1.0;
    } else if rest < 0.0 {
        rest += units;
        whole -= 1.0;
    }
    if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&whole) {
        return Err(out_of_range());
    }
    Ok((whole as i64, rest as i64))
}

/// A time as whole seconds and nanoseconds (0 to 999,999,999).
///
/// # Errors
/// As for [`to_nanoseconds`].
pub fn to_timespec(seconds: &PyObject, rounding: Rounding) -> PyResult<libc::timespec> {
    let (tv_sec, tv_nsec) = split(seconds, 1e9, rounding)?;
    Ok(libc::timespec { tv_sec, tv_nsec })
}

/// A time as whole seconds and microseconds (0 to 999,999).
///
/// # Errors
/// As for [`to_nanoseconds`].
pub fn to_timeval(seconds: &PyObject, rounding: Rounding) -> PyResult<(i64, i64)> {
    split(seconds, 1e6, rounding)
}

/// The time of a clock in nanoseconds.
///
/// # Errors
/// `OSError` for unknown clocks.
pub fn clock_ns(clock: libc::clockid_t) -> PyResult<i64> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes the given struct.
    if unsafe { libc::clock_gettime(clock, &mut time) } < 0 {
        return Err(exc::os_error_last(None));
    }
    Ok(time.tv_sec.wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec))
}

/// Nanoseconds as seconds, correctly rounded.
pub fn seconds(nanoseconds: i64) -> f64 {
    if nanoseconds % 1_000_000_000 == 0 {
        return (nanoseconds / 1_000_000_000) as f64;
    }
    nanoseconds as f64 / 1e9
}

/// An int as C `int`, for time tuples.
pub fn c_int(value: &PyObject) -> PyResult<i32> {
    let value = number::index(value)?;
    value.as_i32().ok_or_else(|| {
        if value.as_i64().is_none() {
            exc::overflow_error("Python int too large to convert to C long")
        } else if value.is_negative() {
            exc::overflow_error("signed integer is less than minimum")
        } else {
            exc::overflow_error("signed integer is greater than maximum")
        }
    })
}

/// A Python int.
pub fn int(value: i64) -> rpy_vm::ObjRef {
    PyInt::from_i64(value).into_obj()
}

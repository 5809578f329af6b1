//! `time`: clocks, and times broken down into fields.

pub mod broken_down;
pub mod convert;

use rpy_vm::pymodule;

unsafe extern "C" {
    fn tzset();
}

/// This module provides various functions to manipulate time values.
///
/// There are two standard representations of time.  One is the number
/// of seconds since the Epoch, in UTC (a.k.a. GMT).  It may be an integer
/// or a floating-point number (to represent fractions of seconds).
/// The epoch is the point where the time starts, the return value of time.gmtime(0).
/// It is January 1, 1970, 00:00:00 (UTC) on all platforms.
///
/// The other representation is a tuple of 9 integers giving local time.
/// The tuple items are:
///   year (including century, e.g. 1998)
///   month (1-12)
///   day (1-31)
///   hours (0-23)
///   minutes (0-59)
///   seconds (0-59)
///   weekday (0-6, Monday is 0)
///   Julian day (day in the year, 1-366)
///   DST (Daylight Savings Time) flag (-1, 0 or 1)
/// If the DST flag is 0, the time is given in the regular time zone;
/// if it is 1, the time is given in the DST time zone;
/// if it is -1, mktime() should guess based on the date and time.
#[pymodule(name = "time")]
pub mod time {
    use rpy_vm::protocol::{call, object as po};
    use rpy_vm::runtime::{audit, gil, signals};
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::namespace;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::types::tuple::PyTuple;
    use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, exc};

    use super::broken_down::{self as tm, STRUCT_TIME};
    use super::convert::{self, Rounding, clock_ns, int, seconds, to_time_t};

    #[pyattr]
    const CLOCK_REALTIME: i32 = libc::CLOCK_REALTIME;
    #[pyattr]
    const CLOCK_MONOTONIC: i32 = libc::CLOCK_MONOTONIC;
    #[pyattr]
    const CLOCK_PROCESS_CPUTIME_ID: i32 = libc::CLOCK_PROCESS_CPUTIME_ID;
    #[pyattr]
    const CLOCK_THREAD_CPUTIME_ID: i32 = libc::CLOCK_THREAD_CPUTIME_ID;
    #[pyattr]
    const CLOCK_MONOTONIC_RAW: i32 = libc::CLOCK_MONOTONIC_RAW;
    #[pyattr]
    const CLOCK_BOOTTIME: i32 = libc::CLOCK_BOOTTIME;
    #[pyattr]
    const CLOCK_TAI: i32 = libc::CLOCK_TAI;
    #[pyattr]
    const _STRUCT_TM_ITEMS: i32 = 11;

    #[pyattr]
    fn struct_time() -> PyResult<ObjRef> {
        Ok(STRUCT_TIME.get()?.to_obj())
    }

    /// Return the current time in seconds since the Epoch.
    ///
    /// Fractions of a second may be present if the system clock provides them.
    #[pyfunction]
    fn time() -> PyResult<f64> {
        clock_ns(libc::CLOCK_REALTIME).map(seconds)
    }

    /// Return the current time in nanoseconds since the Epoch.
    #[pyfunction]
    fn time_ns() -> PyResult<i64> {
        clock_ns(libc::CLOCK_REALTIME)
    }

    /// Monotonic clock, cannot go backward.
    #[pyfunction]
    fn monotonic() -> PyResult<f64> {
        clock_ns(libc::CLOCK_MONOTONIC).map(seconds)
    }

    /// Monotonic clock, cannot go backward, as nanoseconds.
    #[pyfunction]
    fn monotonic_ns() -> PyResult<i64> {
        clock_ns(libc::CLOCK_MONOTONIC)
    }

    /// Performance counter for benchmarking.
    #[pyfunction]
    fn perf_counter() -> PyResult<f64> {
        clock_ns(libc::CLOCK_MONOTONIC).map(seconds)
    }

    /// Performance counter for benchmarking as nanoseconds.
    #[pyfunction]
    fn perf_counter_ns() -> PyResult<i64> {
        clock_ns(libc::CLOCK_MONOTONIC)
    }

    /// Process time for profiling: sum of the kernel and user-space CPU time.
    #[pyfunction]
    fn process_time() -> PyResult<f64> {
        clock_ns(libc::CLOCK_PROCESS_CPUTIME_ID).map(seconds)
    }

    /// Process time for profiling as nanoseconds:
    /// sum of the kernel and user-space CPU time.
    #[pyfunction]
    fn process_time_ns() -> PyResult<i64> {
        clock_ns(libc::CLOCK_PROCESS_CPUTIME_ID)
    }

    /// Thread time for profiling: sum of the kernel and user-space CPU time.
    #[pyfunction]
    fn thread_time() -> PyResult<f64> {
        clock_ns(libc::CLOCK_THREAD_CPUTIME_ID).map(seconds)
    }

    /// Thread time for profiling as nanoseconds:
    /// sum of the kernel and user-space CPU time.
    #[pyfunction]
    fn thread_time_ns() -> PyResult<i64> {
        clock_ns(libc::CLOCK_THREAD_CPUTIME_ID)
    }

    /// Return the time of the specified clock clk_id as a float.
    #[pyfunction]
    fn clock_gettime(clk_id: i32) -> PyResult<f64> {
        clock_ns(clk_id).map(seconds)
    }

    /// Return the time of the specified clock clk_id as nanoseconds (int).
    #[pyfunction]
    fn clock_gettime_ns(clk_id: i32) -> PyResult<i64> {
        clock_ns(clk_id)
    }

    fn set_clock(clock: i32, time: &libc::timespec) -> PyResult<()> {
        // SAFETY: reads the given struct.
        if unsafe { libc::clock_settime(clock, time) } < 0 { Err(exc::os_error_last(None)) } else { Ok(()) }
    }

    fn timespec(nanoseconds: i64) -> libc::timespec {
        libc::timespec { tv_sec: nanoseconds.div_euclid(1_000_000_000), tv_nsec: nanoseconds.rem_euclid(1_000_000_000) }
    }

    /// clock_settime(clk_id, time)
    ///
    /// Set the time of the specified clock clk_id.
    #[pyfunction(unsigned)]
    fn clock_settime(clk_id: i32, time: &PyObject) -> PyResult<()> {
        set_clock(clk_id, &timespec(convert::to_nanoseconds(time, Rounding::Floor)?))
    }

    /// clock_settime_ns(clk_id, time)
    ///
    /// Set the time of the specified clock clk_id with nanoseconds.
    #[pyfunction(unsigned)]
    fn clock_settime_ns(clk_id: i32, time: i64) -> PyResult<()> {
        set_clock(clk_id, &timespec(time))
    }

    fn resolution(clock: i32) -> PyResult<f64> {
        let mut time = timespec(0);
        // SAFETY: writes the given struct.
        if unsafe { libc::clock_getres(clock, &mut time) } < 0 {
            return Err(exc::os_error_last(None));
        }
        Ok(time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9)
    }

    /// clock_getres(clk_id) -> floating-point number
    ///
    /// Return the resolution (precision) of the specified clock clk_id.
    #[pyfunction(unsigned)]
    fn clock_getres(clk_id: i32) -> PyResult<f64> {
        resolution(clk_id)
    }

    /// pthread_getcpuclockid(thread_id) -> int
    ///
    /// Return the clk_id of a thread's CPU time clock.
    #[pyfunction(unsigned)]
    fn pthread_getcpuclockid(thread_id: u64) -> PyResult<i32> {
        let mut clock: libc::clockid_t = 0;
        // SAFETY: writes the given number; the caller vouches for the thread, as in C.
        let errno = unsafe { libc::pthread_getcpuclockid(thread_id as libc::pthread_t, &mut clock) };
        if errno != 0 { Err(exc::os_error_errno(errno, None)) } else { Ok(clock) }
    }

    /// get_clock_info(name: str) -> dict
    ///
    /// Get information of the specified clock.
    #[pyfunction(unsigned)]
    fn get_clock_info(name: &str) -> PyResult<ObjRef> {
        let (clock, implementation, monotonic, adjustable) = match name {
            "time" => (libc::CLOCK_REALTIME, "clock_gettime(CLOCK_REALTIME)", false, true),
            "monotonic" | "perf_counter" => (libc::CLOCK_MONOTONIC, "clock_gettime(CLOCK_MONOTONIC)", true, false),
            "process_time" => (libc::CLOCK_PROCESS_CPUTIME_ID, "clock_gettime(CLOCK_PROCESS_CPUTIME_ID)", true, false),
            "thread_time" => (libc::CLOCK_THREAD_CPUTIME_ID, "clock_gettime(CLOCK_THREAD_CPUTIME_ID)", true, false),
            _ => return Err(exc::value_error("unknown clock")),
        };
        Ok(namespace::from_pairs(vec![
            ("implementation", PyStr::new(implementation).into_obj()),
            ("monotonic", rpy_vm::py_bool(monotonic)),
            ("adjustable", rpy_vm::py_bool(adjustable)),
            ("resolution", rpy_vm::types::float::PyFloat::new(resolution(clock)?).into_obj()),
        ])
        .into_obj())
    }

    /// sleep(seconds)
    ///
    /// Delay execution for a given number of seconds.  The argument may be
    /// a floating-point number for subsecond precision.
    #[pyfunction]
    fn sleep(seconds: &PyObject) -> PyResult<()> {
        audit::audit("time.sleep", &[seconds])?;
        let nanoseconds = convert::to_nanoseconds(seconds, Rounding::Up)?;
        if nanoseconds < 0 {
            return Err(exc::value_error("sleep length must be non-negative"));
        }
        let deadline = timespec(clock_ns(libc::CLOCK_MONOTONIC)?.saturating_add(nanoseconds));
        loop {
            let errno = gil::allow_threads(|| {
                // SAFETY: reads the given struct.
                unsafe {
                    libc::clock_nanosleep(libc::CLOCK_MONOTONIC, libc::TIMER_ABSTIME, &deadline, core::ptr::null_mut())
                }
            });
            match errno {
                0 => return Ok(()),
                libc::EINTR => signals::check()?,
                _ => return Err(exc::os_error_errno(errno, None)),
            }
        }
    }

    /// The moment meant by an optional argument: now, if it is absent or None.
    fn moment(when: Option<&PyObject>) -> PyResult<libc::time_t> {
        match when {
            Some(when) => to_time_t(when, Rounding::Floor),
            None => Ok(clock_ns(libc::CLOCK_REALTIME)?.div_euclid(1_000_000_000)),
        }
    }

    /// gmtime([seconds]) -> (tm_year, tm_mon, tm_mday, tm_hour, tm_min,
    ///                        tm_sec, tm_wday, tm_yday, tm_isdst)
    ///
    /// Convert seconds since the Epoch to a time tuple expressing UTC (a.k.a.
    /// GMT).  When 'seconds' is not passed in, convert the current time instead.
    ///
    /// If the platform supports the tm_gmtoff and tm_zone, they are available as
    /// attributes only.
    #[pyfunction(sig = "($module, seconds=None, /)", unsigned)]
    fn gmtime(seconds: Option<&PyObject>) -> PyResult<ObjRef> {
        let utc = tm::utc(moment(seconds)?)?;
        tm::to_object(&utc, &tm::zone_name(&utc))
    }

    /// localtime([seconds]) -> (tm_year,tm_mon,tm_mday,tm_hour,tm_min,
    ///                           tm_sec,tm_wday,tm_yday,tm_isdst)
    ///
    /// Convert seconds since the Epoch to a time tuple expressing local time.
    /// When 'seconds' is not passed in, convert the current time instead.
    #[pyfunction(sig = "($module, seconds=None, /)", unsigned)]
    fn localtime(seconds: Option<&PyObject>) -> PyResult<ObjRef> {
        let local = tm::local(moment(seconds)?)?;
        tm::to_object(&local, &tm::zone_name(&local))
    }

    fn given_or_now(when: Option<&PyObject>, function: &str) -> PyResult<tm::Parsed> {
        match when {
            Some(when) => tm::from_object(when, function),
            None => tm::from_object(&*localtime(None)?, function),
        }
    }

    /// asctime([tuple]) -> string
    ///
    /// Convert a time tuple to a string, e.g. 'Sat Jun 06 16:26:11 1998'.
    /// When the time tuple is not present, current time as returned by localtime()
    /// is used.
    #[pyfunction(sig = "($module, tuple=<unrepresentable>, /)", unsigned)]
    fn asctime(tuple: Option<&PyObject>) -> PyResult<String> {
        let mut parsed = given_or_now(tuple, "asctime")?;
        tm::check(&mut parsed.tm)?;
        Ok(tm::asctime(&parsed.tm))
    }

    /// ctime(seconds) -> string
    ///
    /// Convert a time in seconds since the Epoch to a string in local time.
    /// This is equivalent to asctime(localtime(seconds)). When the time tuple is
    /// not present, current time as returned by localtime() is used.
    #[pyfunction(sig = "($module, seconds=None, /)", unsigned)]
    fn ctime(seconds: Option<&PyObject>) -> PyResult<String> {
        Ok(tm::asctime(&tm::local(moment(seconds)?)?))
    }

    /// mktime(tuple) -> floating-point number
    ///
    /// Convert a time tuple in local time to seconds since the Epoch.
    /// Note that mktime(gmtime(0)) will not generally return zero for most
    /// time zones; instead the returned value will either be equal to that
    /// of the timezone or altzone attributes on the time module.
    #[pyfunction]
    fn mktime(tuple: &PyObject) -> PyResult<f64> {
        let mut parsed = tm::from_object(tuple, "mktime")?;
        // A weekday is always filled in, unless the time cannot be represented.
        parsed.tm.tm_wday = -1;
        // SAFETY: reads and writes the given struct.
        let time = unsafe { libc::mktime(&mut parsed.tm) };
        if time == -1 && parsed.tm.tm_wday == -1 {
            return Err(exc::overflow_error("mktime argument out of range"));
        }
        Ok(time as f64)
    }

    /// strftime(format[, tuple]) -> string
    ///
    /// Convert a time tuple to a string according to a format specification.
    /// See the library reference manual for formatting codes. When the time tuple
    /// is not present, current time as returned by localtime() is used.
    #[pyfunction(sig = "($module, format, tuple=<unrepresentable>, /)", unsigned)]
    fn strftime(format: &PyStr, tuple: Option<&PyObject>) -> PyResult<ObjRef> {
        let mut parsed = given_or_now(tuple, "strftime")?;
        tm::check(&mut parsed.tm)?;
        // The C library reads no further than isdst's sign.
        parsed.tm.tm_isdst = parsed.tm.tm_isdst.clamp(-1, 1);
        let mut out = rpy_vm::types::str::StrBuilder::new();
        // What the C library cannot take (NUL, lone surrogates) is copied; the pieces between are formatted.
        let mut piece = String::new();
        let flush = |piece: &mut String, out: &mut rpy_vm::types::str::StrBuilder| -> PyResult<()> {
            if !piece.is_empty() {
                let bytes = tm::strftime(piece.as_bytes(), &parsed.tm)?;
                use std::os::unix::ffi::OsStrExt;
                out.push_py(&rpy_vm::sysmodule::fs_decode(std::ffi::OsStr::from_bytes(&bytes)));
                piece.clear();
            }
            Ok(())
        };
        for c in format.data().iter() {
            match char::from_u32(c) {
                Some(c) if c != '\0' => piece.push(c),
                _ => {
                    flush(&mut piece, &mut out)?;
                    out.push_char(c);
                }
            }
        }
        flush(&mut piece, &mut out)?;
        Ok(out.finish().into_obj())
    }

    /// strptime(string, format) -> struct_time
    ///
    /// Parse a string to a time tuple according to a format specification.
    /// See the library reference manual for formatting codes (same as
    /// strftime()).
    #[pyfunction(sig = "($module, /, *args)", unsigned)]
    fn strptime(args: &[&PyObject]) -> PyResult<ObjRef> {
        let module = rpy_vm::import::import_module("_strptime")?;
        let function = po::getattr(&module, rpy_vm::intern!("_strptime_time"))?;
        call::call_tuple(&function, &PyTuple::from_slice(args), None)
    }

    /// Sets `timezone`, `altzone`, `daylight` and `tzname` from the system's idea of the time zone.
    fn publish_timezone(module: &PyModule) -> PyResult<()> {
        const YEAR: i64 = (365 * 24 + 6) * 3600;
        // The zone's two halves of the year, whichever of them has summer time.
        let start = clock_ns(libc::CLOCK_REALTIME)? / 1_000_000_000 / YEAR * YEAR;
        let zone = |time: i64| -> PyResult<(String, i64)> {
            let local = tm::local(time)?;
            Ok((tm::zone_name(&local), -local.tm_gmtoff))
        };
        let (winter, summer) = (zone(start)?, zone(start + YEAR / 2)?);
        // In the southern hemisphere January is summer.
        let (standard, daylight) = if winter.1 < summer.1 { (summer, winter) } else { (winter, summer) };
        let dict = module.dict();
        dict.set_name("timezone", int(standard.1));
        dict.set_name("altzone", int(daylight.1));
        dict.set_name("daylight", int(i64::from(standard.1 != daylight.1)));
        let names = [&standard.0, &daylight.0].map(|name| PyStr::new(name).into_obj());
        dict.set_name("tzname", PyTuple::new(names.into()).into_obj());
        Ok(())
    }

    /// tzset()
    ///
    /// Initialize, or reinitialize, the local timezone to the value stored in
    /// os.environ['TZ']. The TZ environment variable should be specified in
    /// standard Unix timezone format as documented in the tzset man page
    /// (eg. 'US/Eastern', 'Europe/Amsterdam'). Unknown timezones will silently
    /// fall back to UTC. If the TZ environment variable is not set, the local
    /// timezone is set to the systems best guess of wallclock time.
    /// Changing the TZ environment variable without calling tzset *may* change
    /// the local timezone used by methods such as localtime, but this behaviour
    /// should not be relied on.
    #[pyfunction]
    fn tzset(module: &PyModule) -> PyResult<()> {
        // SAFETY: reads the environment under the GIL.
        unsafe { super::tzset() };
        publish_timezone(module)
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        // SAFETY: as above.
        unsafe { super::tzset() };
        publish_timezone(module)
    }
}

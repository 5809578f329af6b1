//! `_datetime`: dates, times, and what lies between them.
//!
//! The classes have CPython's memory layout, since extension modules read them with macros; the arithmetic is done on
//! plain values ([`calendar::Day`], [`calendar::Clock`], [`span::Span`]).
//!
//! | File | What |
//! |---|---|
//! | `calendar`, `span` | plain values, no objects |
//! | `date`, `time`, `datetime`, `timedelta`, `tzinfo`, `timezone`, `isocalendar` | the classes |
//! | `zoned` | the optional time zone at the end of `time` and `datetime` |
//! | `args`, `format`, `isoformat`, `local` | arguments, text from and to, the system's clock and zone |
//! | `capi` | the table for C |

pub mod args;
pub mod calendar;
pub mod capi;
pub mod date;
pub mod datetime;
mod datetime_methods;
pub mod format;
pub mod isocalendar;
pub mod isoformat;
pub mod local;
pub mod span;
pub mod time;
pub mod timedelta;
pub mod timezone;
pub mod tzinfo;
pub mod zoned;

/// Fast implementation of the datetime module.
#[rpy_derive::pymodule(name = "_datetime")]
pub mod datetime_ {
    use rpy_vm::object::class_impl::glue::{add_class, ready_class};
    use rpy_vm::types::module::PyModule;
    use rpy_vm::{ObjRef, PyClass, PyResult, PyTypeObject, intern};

    use super::calendar::{Clock, Day, MAX_YEAR, MIN_YEAR};
    use super::date::PyDate;
    use super::datetime::PyDateTime;
    use super::isocalendar::PyIsoCalendarDate;
    use super::span::{MAX_DAYS, Span};
    use super::time::PyTime;
    use super::timedelta::PyTimeDelta;
    use super::timezone::{PyTimezone, utc};
    use super::tzinfo::PyTzInfo;

    #[pyattr]
    const MINYEAR: i32 = MIN_YEAR;
    #[pyattr]
    const MAXYEAR: i32 = MAX_YEAR;

    /// Sets constants of a class.
    fn set(cls: &PyTypeObject, constants: [(&str, ObjRef); 3]) {
        if let Some(dict) = cls.tp_dict.peek() {
            for (name, value) in constants {
                dict.set_name(name, value);
            }
        }
    }

    fn delta(days: i32, seconds: i32, microseconds: i32) -> PyResult {
        Ok(PyTimeDelta::new(Span { days, seconds, microseconds })?.into_obj())
    }

    fn class_constants() -> PyResult<()> {
        // The classes outlive the module; when it is imported again they keep what they have.
        if PyTimezone::type_object().tp_dict.peek().is_some_and(|dict| dict.get_str(intern!("utc")).is_some()) {
            return Ok(());
        }
        let (first, last) = (Day::new(MIN_YEAR, 1, 1), Day::new(MAX_YEAR, 12, 31));
        let midnight = Clock::default();
        let end = Clock { hour: 23, minute: 59, second: 59, microsecond: 999_999 };
        let zone = |minutes: i32| -> PyResult {
            let offset = PyTimeDelta::new(Span::normalized(0, minutes * 60, 0))?;
            Ok(PyTimezone::create(offset, None).into_obj())
        };
        let smallest = delta(0, 0, 1)?;
        set(
            PyTimeDelta::type_object(),
            [
                ("min", delta(-MAX_DAYS, 0, 0)?),
                ("max", delta(MAX_DAYS, 24 * 3600 - 1, 999_999)?),
                ("resolution", smallest.clone()),
            ],
        );
        set(
            PyDate::type_object(),
            [
                ("min", PyDate::new(first)?.into_obj()),
                ("max", PyDate::new(last)?.into_obj()),
                ("resolution", delta(1, 0, 0)?),
            ],
        );
        set(
            PyTime::type_object(),
            [
                ("min", PyTime::new(midnight, None, 0)?.into_obj()),
                ("max", PyTime::new(end, None, 0)?.into_obj()),
                ("resolution", smallest.clone()),
            ],
        );
        set(
            PyDateTime::type_object(),
            [
                ("min", PyDateTime::new(first, midnight, None, 0)?.into_obj()),
                ("max", PyDateTime::new(last, end, None, 0)?.into_obj()),
                ("resolution", smallest),
            ],
        );
        // The constructor accepts more than these.
        const LIMIT: i32 = 23 * 60 + 59;
        set(PyTimezone::type_object(), [("utc", utc()?.into_obj()), ("min", zone(-LIMIT)?), ("max", zone(LIMIT)?)]);
        Ok(())
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        add_class::<PyDate>(module)?;
        add_class::<PyDateTime>(module)?;
        add_class::<PyTime>(module)?;
        add_class::<PyTimeDelta>(module)?;
        add_class::<PyTzInfo>(module)?;
        add_class::<PyTimezone>(module)?;
        ready_class::<PyIsoCalendarDate>()?;
        class_constants()?;
        module.add("UTC", utc()?)?;
        module.add("datetime_CAPI", super::capi::capsule()?)
    }
}

pub use datetime_::MODULE;

/// What the macros of `datetime.h` rely on.
const _: () = {
    use core::mem::offset_of;
    assert!(offset_of!(date::PyDate, hashcode) == 16 && offset_of!(date::PyDate, hastzinfo) == 24);
    assert!(offset_of!(date::PyDate, data) == 25 && size_of::<date::PyDate>() == 32);
    assert!(offset_of!(datetime::PyDateTime, data) == 25 && offset_of!(datetime::PyDateTime, fold) == 35);
    assert!(offset_of!(time::PyTime, data) == 25 && offset_of!(time::PyTime, fold) == 31);
    // Where the pointer to the time zone follows.
    assert!(size_of::<datetime::PyDateTime>() == 40 && size_of::<time::PyTime>() == 32);
    assert!(offset_of!(timedelta::PyTimeDelta, days) == 24 && size_of::<timedelta::PyTimeDelta>() == 40);
};

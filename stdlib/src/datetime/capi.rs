//! The table that C code gets from the capsule `datetime.datetime_CAPI` (`PyDateTime_CAPI` of `datetime.h`): the classes,
//! and constructors that check their arguments as far as Python's do.

use core::cell::Cell;
use core::ffi::{CStr, c_int};

use rpy_vm::types::capsule::PyCapsule;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc};

use super::args;
use super::calendar::{Clock, Day};
use super::date::{self, PyDate};
use super::datetime::PyDateTime;
use super::local;
use super::span::Span;
use super::time::PyTime;
use super::timedelta::PyTimeDelta;
use super::timezone::{PyTimezone, utc};
use super::tzinfo::PyTzInfo;

/// The capsule's name.
pub const CAPSULE_NAME: &CStr = c"datetime.datetime_CAPI";

type FromDate = unsafe extern "C-unwind" fn(c_int, c_int, c_int, *mut PyTypeObject) -> *mut PyObject;
type FromDateAndTime = unsafe extern "C-unwind" fn(
    c_int,
    c_int,
    c_int,
    c_int,
    c_int,
    c_int,
    c_int,
    *mut PyObject,
    *mut PyTypeObject,
) -> *mut PyObject;
type FromTime =
    unsafe extern "C-unwind" fn(c_int, c_int, c_int, c_int, *mut PyObject, *mut PyTypeObject) -> *mut PyObject;
type FromDelta = unsafe extern "C-unwind" fn(c_int, c_int, c_int, c_int, *mut PyTypeObject) -> *mut PyObject;
type FromTimeZone = unsafe extern "C-unwind" fn(*mut PyObject, *mut PyObject) -> *mut PyObject;
type DateTimeFromTimestamp = unsafe extern "C-unwind" fn(*mut PyObject, *mut PyObject, *mut PyObject) -> *mut PyObject;
type DateFromTimestamp = unsafe extern "C-unwind" fn(*mut PyObject, *mut PyObject) -> *mut PyObject;
type FromDateAndTimeAndFold = unsafe extern "C-unwind" fn(
    c_int,
    c_int,
    c_int,
    c_int,
    c_int,
    c_int,
    c_int,
    *mut PyObject,
    c_int,
    *mut PyTypeObject,
) -> *mut PyObject;
type FromTimeAndFold =
    unsafe extern "C-unwind" fn(c_int, c_int, c_int, c_int, *mut PyObject, c_int, *mut PyTypeObject) -> *mut PyObject;

/// `PyDateTime_CAPI`. The order of the fields is the interface.
#[repr(C)]
pub struct PyDateTimeCapi {
    pub date_type: *const PyTypeObject,
    pub datetime_type: *const PyTypeObject,
    pub time_type: *const PyTypeObject,
    pub delta_type: *const PyTypeObject,
    pub tzinfo_type: *const PyTypeObject,
    /// Filled in when the capsule is made.
    pub timezone_utc: Cell<*mut PyObject>,
    pub date_from_date: FromDate,
    pub datetime_from_date_and_time: FromDateAndTime,
    pub time_from_time: FromTime,
    pub delta_from_delta: FromDelta,
    pub timezone_from_timezone: FromTimeZone,
    pub datetime_from_timestamp: DateTimeFromTimestamp,
    pub date_from_timestamp: DateFromTimestamp,
    pub datetime_from_date_and_time_and_fold: FromDateAndTimeAndFold,
    pub time_from_time_and_fold: FromTimeAndFold,
}

// SAFETY: written once, under the GIL.
unsafe impl Sync for PyDateTimeCapi {}

/// The table of this process.
pub static CAPI: PyDateTimeCapi = PyDateTimeCapi {
    date_type: &raw const super::date::PYDATE_TYPE,
    datetime_type: &raw const super::datetime::PYDATETIME_TYPE,
    time_type: &raw const super::time::PYTIME_TYPE,
    delta_type: &raw const super::timedelta::PYTIMEDELTA_TYPE,
    tzinfo_type: &raw const super::tzinfo::PYTZINFO_TYPE,
    timezone_utc: Cell::new(core::ptr::null_mut()),
    date_from_date,
    datetime_from_date_and_time,
    time_from_time,
    delta_from_delta,
    timezone_from_timezone,
    datetime_from_timestamp,
    date_from_timestamp,
    datetime_from_date_and_time_and_fold,
    time_from_time_and_fold,
};

/// The capsule with the table.
///
/// # Errors
/// `MemoryError`.
pub fn capsule() -> PyResult<Ref<PyCapsule>> {
    CAPI.timezone_utc.set(utc()?.into_obj().into_raw());
    PyCapsule::new((&raw const CAPI).cast_mut().cast(), CAPSULE_NAME.as_ptr(), None)
}

fn returned<T: PyStruct>(result: PyResult<Ref<T>>) -> *mut PyObject {
    match result {
        Ok(object) => object.into_obj().into_raw(),
        Err(error) => error.restore_null(),
    }
}

/// A pointer of C's as a reference.
///
/// # Safety
/// It is NULL or points to a live object of layout `T`.
unsafe fn borrowed<'a, T>(pointer: *mut T) -> PyResult<&'a T> {
    // SAFETY: the caller's promise.
    unsafe { pointer.as_ref() }.ok_or_else(|| exc::system_error("bad argument to internal function"))
}

/// A class given by C, which has to be `T`'s or derived from it.
///
/// # Safety
/// As for [`borrowed`].
unsafe fn class_of<'a, T: PyClass>(cls: *mut PyTypeObject) -> PyResult<&'a PyTypeObject> {
    // SAFETY: the caller's promise.
    let cls = unsafe { borrowed(cls)? };
    if cls.is_subtype(T::type_object()) {
        return Ok(cls);
    }
    Err(exc::type_error(format!("{} is not a subtype of {}", cls.full_name(), T::type_object().full_name())))
}

unsafe extern "C-unwind" fn date_from_date(
    year: c_int,
    month: c_int,
    day: c_int,
    cls: *mut PyTypeObject,
) -> *mut PyObject {
    // SAFETY: C passes a class.
    returned(unsafe { class_of::<PyDate>(cls) }.and_then(|cls| PyDate::new_in(cls, Day { year, month, day })))
}

unsafe extern "C-unwind" fn datetime_from_date_and_time(
    year: c_int,
    month: c_int,
    day: c_int,
    hour: c_int,
    minute: c_int,
    second: c_int,
    microsecond: c_int,
    tzinfo: *mut PyObject,
    cls: *mut PyTypeObject,
) -> *mut PyObject {
    // SAFETY: the arguments are passed on.
    unsafe { datetime_from_date_and_time_and_fold(year, month, day, hour, minute, second, microsecond, tzinfo, 0, cls) }
}

unsafe extern "C-unwind" fn datetime_from_date_and_time_and_fold(
    year: c_int,
    month: c_int,
    day: c_int,
    hour: c_int,
    minute: c_int,
    second: c_int,
    microsecond: c_int,
    tzinfo: *mut PyObject,
    fold: c_int,
    cls: *mut PyTypeObject,
) -> *mut PyObject {
    // SAFETY: C passes a class and an object.
    returned(unsafe {
        class_of::<PyDateTime>(cls).and_then(|cls| {
            let (day, clock) = (Day { year, month, day }, Clock { hour, minute, second, microsecond });
            day.check()?;
            clock.check(fold)?;
            PyDateTime::new_in(cls, day, clock, args::zone(Some(borrowed(tzinfo)?))?, fold)
        })
    })
}

unsafe extern "C-unwind" fn time_from_time(
    hour: c_int,
    minute: c_int,
    second: c_int,
    microsecond: c_int,
    tzinfo: *mut PyObject,
    cls: *mut PyTypeObject,
) -> *mut PyObject {
    // SAFETY: the arguments are passed on.
    unsafe { time_from_time_and_fold(hour, minute, second, microsecond, tzinfo, 0, cls) }
}

unsafe extern "C-unwind" fn time_from_time_and_fold(
    hour: c_int,
    minute: c_int,
    second: c_int,
    microsecond: c_int,
    tzinfo: *mut PyObject,
    fold: c_int,
    cls: *mut PyTypeObject,
) -> *mut PyObject {
    // SAFETY: C passes a class and an object.
    returned(unsafe {
        class_of::<PyTime>(cls).and_then(|cls| {
            let clock = Clock { hour, minute, second, microsecond };
            clock.check(fold)?;
            PyTime::new_in(cls, clock, args::zone(Some(borrowed(tzinfo)?))?, fold)
        })
    })
}

unsafe extern "C-unwind" fn delta_from_delta(
    days: c_int,
    seconds: c_int,
    microseconds: c_int,
    normalize: c_int,
    cls: *mut PyTypeObject,
) -> *mut PyObject {
    // Values in range stay as they are, so normalising what claims to be in range costs nothing but protects us.
    let _ = normalize;
    let micros = (i128::from(days) * 86_400 + i128::from(seconds)) * 1_000_000 + i128::from(microseconds);
    // SAFETY: C passes a class.
    returned(
        unsafe { class_of::<PyTimeDelta>(cls) }.and_then(|cls| PyTimeDelta::new_in(cls, Span::from_micros(micros)?)),
    )
}

unsafe extern "C-unwind" fn timezone_from_timezone(offset: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes objects; the name may be NULL.
    returned(unsafe {
        borrowed(offset).and_then(|offset| {
            let offset = args::instance::<PyTimeDelta>("timezone", 1, offset)?;
            let name = name.as_ref().map(|name| args::instance::<PyStr>("timezone", 2, name)).transpose()?;
            PyTimezone::new(offset.to_ref(), name.map(PyStruct::to_ref))
        })
    })
}

/// `datetime.fromtimestamp(*args, **kwargs)`.
unsafe extern "C-unwind" fn datetime_from_timestamp(
    cls: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: C passes a class, a tuple, and a dict or NULL.
    returned(unsafe {
        class_of::<PyDateTime>(cls.cast()).and_then(|cls| {
            let function = rpy_vm::protocol::object::getattr(
                PyDateTime::type_object().as_object(),
                rpy_vm::intern!("fromtimestamp"),
            )?;
            let args: &PyTuple = borrowed(args.cast())?;
            if core::ptr::eq(cls, PyDateTime::type_object()) {
                return rpy_vm::protocol::call::call_tuple(&function, args, kwargs.cast::<PyDict>().as_ref());
            }
            let zone = match kwargs.cast::<PyDict>().as_ref() {
                Some(kwargs) => kwargs.get_str(rpy_vm::intern!("tz")),
                None => None,
            };
            match args.items() {
                [timestamp] => PyDateTime::from_timestamp(cls, timestamp, zone.as_deref()),
                [timestamp, zone] => PyDateTime::from_timestamp(cls, timestamp, Some(zone)),
                items => {
                    Err(exc::type_error(format!("fromtimestamp() takes at most 2 arguments ({} given)", items.len())))
                }
            }
        })
    })
}

/// `date.fromtimestamp(*args)`.
unsafe extern "C-unwind" fn date_from_timestamp(cls: *mut PyObject, args: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes a class and a tuple.
    let result: PyResult<ObjRef> = unsafe {
        class_of::<PyDate>(cls.cast()).and_then(|cls| match borrowed(args.cast::<PyTuple>())?.items() {
            [timestamp] => date::make(cls, local::date_of_timestamp(timestamp)?),
            items => Err(exc::type_error(format!("fromtimestamp expected 1 argument, got {}", items.len()))),
        })
    };
    returned(result)
}

const _: () = assert!(size_of::<PyDateTimeCapi>() == 120 && size_of::<PyTzInfo>() == 16);

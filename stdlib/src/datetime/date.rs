//! `datetime.date`.

use core::cell::Cell;

use rpy_vm::args::Keywords;
use rpy_vm::object::alloc;
use rpy_vm::object::slots::CompareOp;
use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::str::{PyStr, hash_buffer};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, intern, pyclass, pymethods};

use super::args::{self, CInt};
use super::calendar::{Clock, Day, IsoError, MAX_YEAR, MIN_YEAR};
use super::datetime::PyDateTime;
use super::format::{self, Subject};
use super::timedelta::PyTimeDelta;
use super::{isocalendar, isoformat, local};
use crate::support::int;

/// Bytes of a date in memory and in pickles: the year's two, month, day.
pub const DATE_SIZE: usize = 4;

/// date(year, month, day) --> date object
#[pyclass(name = "date", module = "datetime", flags(BASETYPE))]
#[repr(C)]
pub struct PyDate {
    pub ob_base: PyObject,
    /// -1 as long as it has not been asked for.
    pub hashcode: Cell<isize>,
    /// Only means something in derived types; it is here since C reads all of them alike.
    pub hastzinfo: u8,
    pub data: [u8; DATE_SIZE],
}

args::parameters! {
    static PARAMETERS = "", ["year", "month", "day"], required 3, positional 3, keyword_only []
}

/// A date as bytes.
pub fn pack(day: Day) -> [u8; DATE_SIZE] {
    let [high, low] = (day.year as u16).to_be_bytes();
    [high, low, day.month as u8, day.day as u8]
}

/// The inverse of [`pack`].
pub fn unpack(data: &[u8]) -> Day {
    let byte = |index: usize| i32::from(data.get(index).copied().unwrap_or(0));
    Day { year: byte(0) << 8 | byte(1), month: byte(2), day: byte(3) }
}

impl PyDate {
    /// A date.
    ///
    /// # Errors
    /// `ValueError` for parts out of range.
    pub fn new(day: Day) -> PyResult<Ref<PyDate>> {
        PyDate::new_in(PyDate::type_object(), day)
    }

    /// As [`PyDate::new`], of a class derived from it, whose constructor is not called.
    ///
    /// # Errors
    /// `ValueError` for parts out of range; `MemoryError`.
    pub fn new_in(cls: &PyTypeObject, day: Day) -> PyResult<Ref<PyDate>> {
        day.check()?;
        PyDate::from_data(cls, pack(day))
    }

    fn from_data(cls: &PyTypeObject, data: [u8; DATE_SIZE]) -> PyResult<Ref<PyDate>> {
        alloc::new_in(cls, PyDate { ob_base: PyObject::placeholder(), hashcode: Cell::new(-1), hastzinfo: 0, data })
    }

    /// The value.
    #[inline]
    pub fn day_value(&self) -> Day {
        unpack(&self.data)
    }

    fn construct(cls: &PyTypeObject, positional: &[&PyObject], keywords: Keywords<'_>) -> PyResult {
        if let [state] = positional
            && let Some(data) = args::pickled_state(state, "date", |byte| (1..=12).contains(&byte(2)))?
        {
            return Ok(PyDate::from_data(cls, data)?.into_obj());
        }
        let [year, month, day] = args::bind(&PARAMETERS, positional, keywords)?;
        let day = Day { year: args::int_or(year, 0)?, month: args::int_or(month, 0)?, day: args::int_or(day, 0)? };
        Ok(PyDate::new_in(cls, day)?.into_obj())
    }

    fn plus(&self, delta: &PyTimeDelta, sign: i32) -> PyResult {
        make(self.as_object().ty(), self.day_value().plus_days(sign * delta.days)?)
    }
}

/// An instance of `cls`, which is `date` or derived from it, by way of its constructor.
///
/// # Errors
/// `ValueError`, and what the constructor raises.
pub fn make(cls: &PyTypeObject, day: Day) -> PyResult {
    if core::ptr::eq(cls, PyDate::type_object()) {
        return Ok(PyDate::new(day)?.into_obj());
    }
    if core::ptr::eq(cls, PyDateTime::type_object()) {
        return Ok(PyDateTime::new(day, Clock::default(), None, 0)?.into_obj());
    }
    call::call(cls.as_object(), &[&*int(day.year.into()), &*int(day.month.into()), &*int(day.day.into())])
}

/// `cls.strptime(string, format)` by way of the library.
///
/// # Errors
/// `TypeError`, `ValueError`.
pub fn strptime(cls: &PyTypeObject, function: &'static PyStr, string: &PyObject, format: &PyObject) -> PyResult {
    let string = args::text("strptime", 1, string)?;
    let format = args::text("strptime", 2, format)?;
    let module = rpy_vm::import::import_module("_strptime")?;
    call::call_method(&module, function, &[cls.as_object(), string.as_object(), format.as_object()])
}

/// `object.__format__(format)`.
///
/// # Errors
/// `TypeError`, and what `__str__` or `strftime` raises.
pub fn format_with(object: &PyObject, format: &PyObject) -> PyResult {
    let format = args::text("__format__", 1, format)?;
    if format.is_empty() {
        return Ok(protocol::str(object)?.into_obj());
    }
    call::call_method(object, intern!("strftime"), &[format.as_object()])
}

/// `(bytes,)` or `(bytes, tzinfo)`, as pickles hold it, after the class.
pub fn reduced(object: &PyObject, data: &[u8], zone: Option<&PyObject>) -> ObjRef {
    let data = PyBytes::new(data).into_obj();
    let state = match zone {
        None => PyTuple::from_array([data]),
        Some(zone) => PyTuple::from_array([data, zone.new_ref()]),
    };
    PyTuple::from_array([object.ty().to_obj(), state.into_obj()]).into_obj()
}

#[pymethods]
impl PyDate {
    #[slot]
    fn tp_new(cls: &PyTypeObject, positional: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        args::construct(cls, positional, kwargs, PyDate::construct)
    }

    #[slot]
    unsafe fn tp_vectorcall(
        cls: *mut PyObject,
        vector: *const *mut PyObject,
        nargsf: usize,
        kwnames: *mut PyObject,
    ) -> *mut PyObject {
        // SAFETY: the slot's arguments are passed on.
        unsafe { args::vectorcall(cls, vector, nargsf, kwnames, PyDate::construct) }
    }

    #[pygetset]
    fn year(&self) -> i32 {
        self.day_value().year
    }

    #[pygetset]
    fn month(&self) -> i32 {
        self.day_value().month
    }

    #[pygetset]
    fn day(&self) -> i32 {
        self.day_value().day
    }

    #[slot]
    fn tp_repr(&self) -> String {
        let Day { year, month, day } = self.day_value();
        format!("{}({year}, {month}, {day})", self.as_object().ty().full_name())
    }

    #[slot]
    fn tp_str(&self) -> PyResult {
        call::call_method(self.as_object(), intern!("isoformat"), &[])
    }

    #[slot]
    fn tp_hash(&self) -> isize {
        if self.hashcode.get() == -1 {
            self.hashcode.set(hash_buffer(&self.data));
        }
        self.hashcode.get()
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> ObjRef {
        // A datetime is a date by inheritance only.
        match other.downcast_ref::<PyDate>() {
            Some(date) if !PyDateTime::check(other) => rpy_vm::py_bool(op.matches(self.data.cmp(&date.data))),
            _ => rpy_vm::not_implemented(),
        }
    }

    #[slot]
    fn nb_add(a: &PyObject, b: &PyObject) -> PyResult {
        if PyDateTime::check(a) || PyDateTime::check(b) {
            return Ok(rpy_vm::not_implemented());
        }
        let (date, delta) = if PyDate::check(a) { (a, b) } else { (b, a) };
        match (date.downcast_ref::<PyDate>(), delta.downcast_ref::<PyTimeDelta>()) {
            (Some(date), Some(delta)) => date.plus(delta, 1),
            _ => Ok(rpy_vm::not_implemented()),
        }
    }

    #[slot]
    fn nb_subtract(a: &PyObject, b: &PyObject) -> PyResult {
        if PyDateTime::check(a) || PyDateTime::check(b) {
            return Ok(rpy_vm::not_implemented());
        }
        let Some(date) = a.downcast_ref::<PyDate>() else { return Ok(rpy_vm::not_implemented()) };
        if let Some(other) = b.downcast_ref::<PyDate>() {
            let days = date.day_value().ordinal() - other.day_value().ordinal();
            return Ok(PyTimeDelta::new(super::span::Span { days, seconds: 0, microseconds: 0 })?.into_obj());
        }
        match b.downcast_ref::<PyTimeDelta>() {
            Some(delta) => date.plus(delta, -1),
            None => Ok(rpy_vm::not_implemented()),
        }
    }

    /// Create a date from a POSIX timestamp.
    ///
    /// The timestamp is a number, e.g. created via time.time(), that is interpreted
    /// as local time.
    #[pyclassmethod(sig = "($type, timestamp, /)")]
    fn fromtimestamp(cls: &PyTypeObject, timestamp: &PyObject) -> PyResult {
        make(cls, local::date_of_timestamp(timestamp)?)
    }

    /// int -> date corresponding to a proleptic Gregorian ordinal.
    #[pyclassmethod]
    fn fromordinal(cls: &PyTypeObject, ordinal: &PyObject) -> PyResult {
        match args::int(ordinal)? {
            ordinal @ 1.. => make(cls, Day::from_ordinal(ordinal)),
            _ => Err(exc::value_error("ordinal must be >= 1")),
        }
    }

    /// str -> Construct a date from a string in ISO 8601 format.
    #[pyclassmethod]
    fn fromisoformat(cls: &PyTypeObject, string: &PyObject) -> PyResult {
        make(cls, isoformat::date(string)?)
    }

    /// int, int, int -> Construct a date from the ISO year, week number and weekday.
    ///
    /// This is the inverse of the date.isocalendar() function
    #[pyclassmethod(sig = "(year, week, day)")]
    fn fromisocalendar(cls: &PyTypeObject, year: &PyObject, week: &PyObject, day: &PyObject) -> PyResult {
        let part = |value: &PyObject| {
            args::int(value).map_err(|error| {
                if error.matches(exc::OverflowError()) {
                    exc::value_error("ISO calendar component out of range")
                } else {
                    error
                }
            })
        };
        let (year, week, weekday) = (part(year)?, part(week)?, part(day)?);
        let day = Day::from_iso_calendar(year, week, weekday).map_err(|error| {
            exc::value_error(match error {
                IsoError::Year => format!("year must be in {MIN_YEAR}..{MAX_YEAR}, not {year}"),
                IsoError::Week => format!("Invalid week: {week}"),
                IsoError::Weekday => format!("Invalid weekday: {weekday} (range is [1, 7])"),
            })
        })?;
        make(cls, day)
    }

    /// string, format -> new date parsed from a string (like time.strptime()).
    #[pyclassmethod]
    fn strptime(cls: &PyTypeObject, string: &PyObject, format: &PyObject) -> PyResult {
        strptime(cls, intern!("_strptime_datetime_date"), string, format)
    }

    /// Current date or datetime:  same as self.__class__.fromtimestamp(time.time()).
    #[pyclassmethod]
    fn today(cls: &PyTypeObject) -> PyResult {
        // Both are looked up, since programs replace them.
        let time = rpy_vm::import::import_module("time")?;
        let now = call::call_method(&time, intern!("time"), &[])?;
        call::call_method(cls.as_object(), intern!("fromtimestamp"), &[&*now])
    }

    /// Return ctime() style string.
    #[pymethod]
    fn ctime(&self) -> String {
        format::ctime(self.day_value(), Clock::default())
    }

    /// format -> strftime() style string.
    #[pymethod(sig = "($self, format)")]
    fn strftime(&self, format: &PyObject) -> PyResult {
        let format = args::text("strftime", 1, format)?;
        let this = self.as_object();
        let timetuple = call::call_method(this, intern!("timetuple"), &[])?;
        // Inherited by datetime, which has more to tell.
        let datetime = this.downcast_ref::<PyDateTime>();
        let subject = Subject {
            timetuple: &timetuple,
            microsecond: datetime.map_or(0, |dt| dt.clock_value().microsecond),
            zone: datetime.and_then(super::zoned::Zoned::tzinfo),
            argument: this,
        };
        subject.strftime(format)
    }

    /// Formats self with strftime.
    #[pymethod(name = "__format__")]
    fn format(&self, format: &PyObject) -> PyResult {
        format_with(self.as_object(), format)
    }

    /// Return time tuple, compatible with time.localtime().
    #[pymethod]
    fn timetuple(&self) -> PyResult {
        format::struct_time(self.day_value(), Clock::default(), -1)
    }

    /// Return a named tuple containing ISO year, week number, and weekday.
    #[pymethod]
    fn isocalendar(&self) -> PyResult {
        let (year, week, weekday) = self.day_value().iso_calendar();
        isocalendar::iso_calendar_date(year, week, weekday)
    }

    /// Return string in ISO 8601 format, YYYY-MM-DD.
    #[pymethod]
    fn isoformat(&self) -> String {
        format::date_text(self.day_value())
    }

    /// Return the day of the week represented by the date.
    /// Monday == 1 ... Sunday == 7
    #[pymethod]
    fn isoweekday(&self) -> i32 {
        self.day_value().weekday() + 1
    }

    /// Return proleptic Gregorian ordinal.  January 1 of year 1 is day 1.
    #[pymethod]
    fn toordinal(&self) -> i32 {
        self.day_value().ordinal()
    }

    /// Return the day of the week represented by the date.
    /// Monday == 0 ... Sunday == 6
    #[pymethod]
    fn weekday(&self) -> i32 {
        self.day_value().weekday()
    }

    /// Return date with new specified fields.
    #[pymethod(sig = "($self, /, year=unchanged, month=unchanged, day=unchanged)")]
    fn replace(&self, year: Option<CInt>, month: Option<CInt>, day: Option<CInt>) -> PyResult {
        let old = self.day_value();
        let or = |new: Option<CInt>, old: i32| new.map_or(old, |new| new.0);
        let day = Day { year: or(year, old.year), month: or(month, old.month), day: or(day, old.day) };
        make(self.as_object().ty(), day)
    }

    /// The same as replace().
    #[pymethod(name = "__replace__", sig = "($self, /, year=unchanged, month=unchanged, day=unchanged)")]
    fn dunder_replace(&self, year: Option<CInt>, month: Option<CInt>, day: Option<CInt>) -> PyResult {
        self.replace(year, month, day)
    }

    /// __reduce__() -> (cls, state)
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> ObjRef {
        reduced(self.as_object(), &self.data, None)
    }
}

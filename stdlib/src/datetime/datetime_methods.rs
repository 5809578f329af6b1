//! The methods of `datetime.datetime`.

use rpy_vm::object::slots::CompareOp;
use rpy_vm::protocol::call;
use rpy_vm::runtime::warnings;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::str::{PyStr, StrBuilder, hash_buffer};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, intern, pymethods};

use super::args::{self, CInt};
use super::calendar::{Clock, Day};
use super::date::{PyDate, reduced, strptime};
use super::datetime::{PyDateTime, expect_datetime, make, shift};
use super::local::{self, Moment};
use super::span::Span;
use super::time::PyTime;
use super::timedelta::PyTimeDelta;
use super::tzinfo::{dst_offset, utc_offset, zone_name};
use super::zoned::{self, Zoned, replace_zone};
use super::{format, isoformat};

impl PyDateTime {
    /// A moment in a zone, or on the system's clock.
    fn at(cls: &PyTypeObject, moment: Moment, zone: Option<&PyObject>) -> PyResult {
        let Some(zone) = zone else {
            let (day, clock, fold) = moment.local()?;
            return make(cls, day, clock, None, fold);
        };
        let (day, clock) = moment.utc()?;
        let utc = make(cls, day, clock, Some(zone), 0)?;
        call::call_method(zone, intern!("fromutc"), &[&*utc])
    }

    fn at_utc(cls: &PyTypeObject, moment: Moment) -> PyResult {
        let (day, clock) = moment.utc()?;
        make(cls, day, clock, None, 0)
    }

    /// `datetime.fromtimestamp`, also for C.
    ///
    /// # Errors
    /// `TypeError`, `ValueError`, `OverflowError`, `OSError`, and what zone and class raise.
    pub fn from_timestamp(cls: &PyTypeObject, timestamp: &PyObject, zone: Option<&PyObject>) -> PyResult {
        let zone = args::zone(zone)?;
        PyDateTime::at(cls, Moment::from_timestamp(timestamp)?, zone)
    }

    fn state(&self, protocol: i32) -> ObjRef {
        let mut data = self.data;
        if protocol > 3 && self.fold != 0 {
            data[2] |= 0x80;
        }
        reduced(self.as_object(), &data, self.tzinfo())
    }

    /// The offset used by `astimezone`: the zone's, or the system's where there is none.
    fn offset_or_local(&self) -> PyResult<(Option<ObjRef>, Span)> {
        if let Some(zone) = self.tzinfo()
            && let Some(offset) = utc_offset(Some(zone), self.as_object())?
        {
            return Ok((Some(zone.new_ref()), offset.span()));
        }
        let zone = local::zone_at_local(self.day_value(), self.clock_value(), i32::from(self.fold))?;
        let offset = zone.offset().span();
        Ok((Some(zone.into_obj()), offset))
    }
}

const UTCNOW: &str = "datetime.datetime.utcnow() is deprecated and scheduled for removal in a future version. Use \
                      timezone-aware objects to represent datetimes in UTC: datetime.datetime.now(datetime.UTC).";
const UTCFROMTIMESTAMP: &str = "datetime.datetime.utcfromtimestamp() is deprecated and scheduled for removal in a \
                                future version. Use timezone-aware objects to represent datetimes in UTC: \
                                datetime.datetime.fromtimestamp(timestamp, datetime.UTC).";

#[pymethods]
impl PyDateTime {
    #[slot]
    fn tp_new(cls: &PyTypeObject, positional: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        args::construct(cls, positional, kwargs, PyDateTime::construct)
    }

    #[slot]
    unsafe fn tp_vectorcall(
        cls: *mut PyObject,
        vector: *const *mut PyObject,
        nargsf: usize,
        kwnames: *mut PyObject,
    ) -> *mut PyObject {
        // SAFETY: the slot's arguments are passed on.
        unsafe { args::vectorcall(cls, vector, nargsf, kwnames, PyDateTime::construct) }
    }

    #[slot]
    unsafe fn tp_alloc(cls: *mut PyTypeObject, aware: isize) -> *mut PyObject {
        // SAFETY: the slot's arguments are passed on.
        unsafe { zoned::allocate::<PyDateTime>(cls, aware) }
    }

    #[slot]
    unsafe fn tp_dealloc(object: *mut PyObject) {
        // SAFETY: the slot's argument is passed on.
        unsafe { zoned::deallocate::<PyDateTime>(object) }
    }

    #[pygetset]
    fn hour(&self) -> i32 {
        self.clock_value().hour
    }

    #[pygetset]
    fn minute(&self) -> i32 {
        self.clock_value().minute
    }

    #[pygetset]
    fn second(&self) -> i32 {
        self.clock_value().second
    }

    #[pygetset]
    fn microsecond(&self) -> i32 {
        self.clock_value().microsecond
    }

    #[pygetset(name = "tzinfo")]
    fn get_tzinfo(&self) -> ObjRef {
        self.tzinfo_object()
    }

    #[pygetset]
    fn fold(&self) -> u8 {
        self.fold
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        let Day { year, month, day } = self.day_value();
        let Clock { hour, minute, second, microsecond } = self.clock_value();
        let mut out = StrBuilder::new();
        let name = self.as_object().ty().full_name();
        out.push_str(&format!("{name}({year}, {month}, {day}, {hour}, {minute}"));
        if second != 0 || microsecond != 0 {
            out.push_str(&format!(", {second}"));
        }
        if microsecond != 0 {
            out.push_str(&format!(", {microsecond}"));
        }
        if self.fold != 0 {
            out.push_str(&format!(", fold={}", self.fold));
        }
        if let Some(zone) = self.tzinfo() {
            format::push_zone_repr(&mut out, zone)?;
        }
        out.push_str(")");
        out.try_finish()
    }

    #[slot]
    fn tp_str(&self) -> PyResult {
        call::call_method(self.as_object(), intern!("isoformat"), &[intern!(" ").as_object()])
    }

    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        if self.hashcode.get() == -1 {
            let hash = match self.offset_without_fold()? {
                None => hash_buffer(&self.data),
                Some(offset) => PyTimeDelta::new(self.since_start().minus(offset))?.hash_of()?,
            };
            self.hashcode.set(hash);
        }
        Ok(self.hashcode.get())
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
        match other.downcast_ref::<PyDateTime>() {
            Some(other) => Ok(rpy_vm::py_bool(self.compare(other, op)?)),
            None => Ok(rpy_vm::not_implemented()),
        }
    }

    #[slot]
    fn nb_add(a: &PyObject, b: &PyObject) -> PyResult {
        if a.downcast_ref::<PyDateTime>().is_some() { shift(a, b, 1) } else { shift(b, a, 1) }
    }

    #[slot]
    fn nb_subtract(a: &PyObject, b: &PyObject) -> PyResult {
        match (a.downcast_ref::<PyDateTime>(), b.downcast_ref::<PyDateTime>()) {
            (Some(a), Some(b)) => Ok(PyTimeDelta::new(a.difference(b)?)?.into_obj()),
            _ => shift(a, b, -1),
        }
    }

    /// Returns new datetime object representing current time local to tz.
    ///
    ///   tz
    ///     Timezone object.
    ///
    /// If no tz is specified, uses local timezone.
    #[pyclassmethod(sig = "($type, /, tz=None)")]
    fn now(cls: &PyTypeObject, tz: Option<&PyObject>) -> PyResult {
        let zone = args::zone(tz)?;
        PyDateTime::at(cls, Moment::now()?, zone)
    }

    /// Return a new datetime representing UTC day and time.
    #[pyclassmethod]
    fn utcnow(cls: &PyTypeObject) -> PyResult {
        warnings::warn(exc::DeprecationWarning(), UTCNOW, 1)?;
        PyDateTime::at_utc(cls, Moment::now()?)
    }

    /// timestamp[, tz] -> tz's local time from POSIX timestamp.
    #[pyclassmethod(sig = "(timestamp, tz=None)")]
    fn fromtimestamp(cls: &PyTypeObject, timestamp: &PyObject, tz: Option<&PyObject>) -> PyResult {
        PyDateTime::from_timestamp(cls, timestamp, tz)
    }

    /// Construct a naive UTC datetime from a POSIX timestamp.
    #[pyclassmethod]
    fn utcfromtimestamp(cls: &PyTypeObject, timestamp: &PyObject) -> PyResult {
        warnings::warn(exc::DeprecationWarning(), UTCFROMTIMESTAMP, 1)?;
        PyDateTime::at_utc(cls, Moment::from_timestamp(timestamp)?)
    }

    /// string, format -> new datetime parsed from a string (like time.strptime()).
    #[pyclassmethod]
    fn strptime(cls: &PyTypeObject, string: &PyObject, format: &PyObject) -> PyResult {
        strptime(cls, intern!("_strptime_datetime_datetime"), string, format)
    }

    /// date, time -> datetime with same date and time fields
    #[pyclassmethod(sig = "(date, time, tzinfo=unchanged)")]
    fn combine(cls: &PyTypeObject, date: &PyObject, time: &PyObject, tzinfo: Option<&PyObject>) -> PyResult {
        let date = args::instance::<PyDate>("combine", 1, date)?;
        let time = args::instance::<PyTime>("combine", 2, time)?;
        let (day, clock, fold) = (date.day_value(), time.clock_value(), i32::from(time.fold));
        match tzinfo {
            None => make(cls, day, clock, time.tzinfo(), fold),
            Some(zone) => make(cls, day, clock, args::zone(Some(zone))?, fold),
        }
    }

    /// string -> datetime from a string in most ISO 8601 formats
    #[pyclassmethod]
    fn fromisoformat(cls: &PyTypeObject, string: &PyObject) -> PyResult {
        let (day, clock, zone) = isoformat::datetime(string)?;
        make(cls, day, clock, zone.as_deref(), 0)
    }

    /// Return date object with same year, month and day.
    #[pymethod]
    fn date(&self) -> PyResult<Ref<PyDate>> {
        PyDate::new(self.day_value())
    }

    /// Return time object with same time but with tzinfo=None.
    #[pymethod]
    fn time(&self) -> PyResult<Ref<PyTime>> {
        PyTime::new(self.clock_value(), None, i32::from(self.fold))
    }

    /// Return time object with same time and tzinfo.
    #[pymethod]
    fn timetz(&self) -> PyResult<Ref<PyTime>> {
        PyTime::new(self.clock_value(), self.tzinfo(), i32::from(self.fold))
    }

    /// Return ctime() style string.
    #[pymethod]
    fn ctime(&self) -> String {
        format::ctime(self.day_value(), self.clock_value())
    }

    /// Return time tuple, compatible with time.localtime().
    #[pymethod]
    fn timetuple(&self) -> PyResult {
        let dst = match dst_offset(self.tzinfo(), self.as_object())? {
            None => -1,
            Some(dst) => i32::from(dst.span() != Span::ZERO),
        };
        format::struct_time(self.day_value(), self.clock_value(), dst)
    }

    /// Return POSIX timestamp as float.
    #[pymethod]
    fn timestamp(&self) -> PyResult<f64> {
        let (day, clock) = (self.day_value(), self.clock_value());
        if self.tzinfo().is_none() {
            let seconds = local::timestamp(day, clock, i32::from(self.fold))?;
            return Ok(seconds as f64 + f64::from(clock.microsecond) / 1e6);
        }
        let Some(offset) = self.offset()? else {
            return Err(exc::type_error("can't subtract offset-naive and offset-aware datetimes"));
        };
        let seconds = i128::from(local::utc_timestamp(day, clock));
        let micros = seconds * 1_000_000 + i128::from(clock.microsecond) - offset.total_micros();
        // Exact, since the calendar has fewer microseconds than 2 to the 63rd, but more than a float holds.
        rpy_vm::types::int::convert::int_true_div(
            &rpy_vm::types::int::PyInt::from_i128(micros),
            &rpy_vm::types::int::PyInt::from_i64(1_000_000),
        )
    }

    /// Return UTC time tuple, compatible with time.localtime().
    #[pymethod]
    fn utctimetuple(&self) -> PyResult {
        let (day, clock) = match self.offset()? {
            None => (self.day_value(), self.clock_value()),
            Some(offset) => self.fields_after(offset.negated())?,
        };
        format::struct_time(day, clock, 0)
    }

    /// [sep] -> string in ISO 8601 format, YYYY-MM-DDT[HH[:MM[:SS[.mmm[uuu]]]]][+HH:MM].
    /// sep is used to separate the year from the time, and defaults to 'T'.
    /// The optional argument timespec specifies the number of additional terms
    /// of the time to include. Valid options are 'auto', 'hours', 'minutes',
    /// 'seconds', 'milliseconds' and 'microseconds'.
    #[pymethod(sig = "($self, sep='T', timespec='auto')")]
    fn isoformat(&self, sep: Option<&PyObject>, timespec: Option<&PyObject>) -> PyResult<Ref<PyStr>> {
        let separator = match sep {
            None => u32::from(b'T'),
            Some(sep) => separator(sep)?,
        };
        let mut out = StrBuilder::new();
        out.push_str(&format::date_text(self.day_value()));
        out.push_char(separator);
        out.push_str(&format::clock_text(self.clock_value(), 2, timespec)?);
        out.push_str(&format::zone_offset_text(self.tzinfo(), self.as_object(), ":")?);
        out.try_finish()
    }

    /// Return self.tzinfo.utcoffset(self).
    #[pymethod]
    fn utcoffset(&self) -> PyResult<Option<Ref<PyTimeDelta>>> {
        utc_offset(self.tzinfo(), self.as_object())
    }

    /// Return self.tzinfo.tzname(self).
    #[pymethod]
    fn tzname(&self) -> PyResult<Option<Ref<PyStr>>> {
        zone_name(self.tzinfo(), self.as_object())
    }

    /// Return self.tzinfo.dst(self).
    #[pymethod]
    fn dst(&self) -> PyResult<Option<Ref<PyTimeDelta>>> {
        dst_offset(self.tzinfo(), self.as_object())
    }

    /// Return datetime with new specified fields.
    #[pymethod(
        sig = "($self, /, year=unchanged, month=unchanged, day=unchanged, hour=unchanged, minute=unchanged, second=unchanged, microsecond=unchanged, tzinfo=unchanged, *, fold=unchanged)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are the fields")]
    fn replace(
        &self,
        year: Option<CInt>,
        month: Option<CInt>,
        day: Option<CInt>,
        hour: Option<CInt>,
        minute: Option<CInt>,
        second: Option<CInt>,
        microsecond: Option<CInt>,
        tzinfo: Option<&PyObject>,
        fold: Option<CInt>,
    ) -> PyResult {
        let (old, old_clock) = (self.day_value(), self.clock_value());
        let or = |new: Option<CInt>, old: i32| new.map_or(old, |new| new.0);
        let day = Day { year: or(year, old.year), month: or(month, old.month), day: or(day, old.day) };
        let clock = Clock {
            hour: or(hour, old_clock.hour),
            minute: or(minute, old_clock.minute),
            second: or(second, old_clock.second),
            microsecond: or(microsecond, old_clock.microsecond),
        };
        replaced(self, day, clock, tzinfo, or(fold, i32::from(self.fold)))
    }

    /// The same as replace().
    #[pymethod(
        name = "__replace__",
        sig = "($self, /, year=unchanged, month=unchanged, day=unchanged, hour=unchanged, minute=unchanged, second=unchanged, microsecond=unchanged, tzinfo=unchanged, *, fold=unchanged)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are the fields")]
    fn dunder_replace(
        &self,
        year: Option<CInt>,
        month: Option<CInt>,
        day: Option<CInt>,
        hour: Option<CInt>,
        minute: Option<CInt>,
        second: Option<CInt>,
        microsecond: Option<CInt>,
        tzinfo: Option<&PyObject>,
        fold: Option<CInt>,
    ) -> PyResult {
        self.replace(year, month, day, hour, minute, second, microsecond, tzinfo, fold)
    }

    /// tz -> convert to local time in new timezone tz
    #[pymethod(sig = "($self, tz=None)")]
    fn astimezone(&self, tz: Option<&PyObject>) -> PyResult {
        let target = args::zone(tz)?;
        // A zone without an offset counts as none, but converting to itself still does nothing.
        if let (Some(own), Some(target)) = (self.tzinfo(), target)
            && own.is(target)
        {
            return Ok(self.to_obj());
        }
        let (own, offset) = self.offset_or_local()?;
        if let (Some(own), Some(target)) = (own, target)
            && own.is(target)
        {
            return Ok(self.to_obj());
        }
        let shifted = self.shifted(offset.negated())?;
        let utc = expect_datetime(&shifted)?;
        let target = match target {
            Some(target) => target.new_ref(),
            None => local::zone_at(local::utc_timestamp(utc.day_value(), utc.clock_value()))?.into_obj(),
        };
        if utc.has_tzinfo() {
            // Made just now, by the class's constructor, whose other attributes are to stay.
            replace_zone(utc, &target);
            utc.hashcode.set(-1);
            return call::call_method(&target, intern!("fromutc"), &[&*shifted]);
        }
        let fold = i32::from(utc.fold);
        let aware =
            PyDateTime::new_in(shifted.ty(), utc.day_value(), utc.clock_value(), Some(&target), fold)?.into_obj();
        call::call_method(&target, intern!("fromutc"), &[&*aware])
    }

    /// __reduce_ex__(proto) -> (cls, state)
    #[pymethod(name = "__reduce_ex__")]
    fn reduce_ex(&self, proto: &PyObject) -> PyResult {
        Ok(self.state(args::int(proto)?))
    }

    /// __reduce__() -> (cls, state)
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> ObjRef {
        self.state(2)
    }
}

/// The one character between date and time.
fn separator(object: &PyObject) -> PyResult<u32> {
    let text = object.downcast_ref::<PyStr>().ok_or_else(|| {
        let got = if rpy_vm::is_none(object) { "None" } else { object.ty().full_name() };
        exc::type_error(format!("isoformat() argument 1 must be a unicode character, not {got}"))
    })?;
    match text.data().len() {
        1 => Ok(text.data().at(0)),
        len => Err(exc::type_error(format!(
            "isoformat(): argument 1 must be a unicode character, not a string of length {len}"
        ))),
    }
}

fn replaced(datetime: &PyDateTime, day: Day, clock: Clock, zone: Option<&PyObject>, fold: i32) -> PyResult {
    let cls = datetime.as_object().ty();
    match zone {
        None => make(cls, day, clock, datetime.tzinfo(), fold),
        // Subclasses check it themselves.
        Some(zone) if !core::ptr::eq(cls, <PyDateTime as rpy_vm::PyClass>::type_object()) => {
            make(cls, day, clock, Some(zone), fold)
        }
        Some(zone) => {
            day.check()?;
            clock.check(fold)?;
            make(cls, day, clock, args::zone(Some(zone))?, fold)
        }
    }
}

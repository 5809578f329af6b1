//! `datetime.time`.

use core::cell::Cell;

use rpy_vm::args::Keywords;
use rpy_vm::object::slots::CompareOp;
use rpy_vm::protocol::call;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::str::{PyStr, StrBuilder, hash_buffer};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, intern, pyclass, pymethods};

use super::args::{self, CInt};
use super::calendar::Clock;
use super::date::{format_with, reduced, strptime};
use super::format::{self, Subject};
use super::isoformat;
use super::span::Span;
use super::timedelta::PyTimeDelta;
use super::tzinfo::{dst_offset, utc_offset, zone_name};
use super::zoned::{self, Zoned, call_class, new_zoned, same_zone};
use crate::support::int;

/// Bytes of a time in memory and in pickles: hour, minute, second, the microsecond's three.
pub const TIME_SIZE: usize = 6;

/// time([hour[, minute[, second[, microsecond[, tzinfo]]]]]) --> a time object
///
/// All arguments are optional. tzinfo may be None, or an instance of
/// a tzinfo subclass. The remaining arguments may be ints.
#[pyclass(name = "time", module = "datetime", flags(BASETYPE), basicsize = 40)]
#[repr(C)]
pub struct PyTime {
    pub ob_base: PyObject,
    /// -1 as long as it has not been asked for.
    pub hashcode: Cell<isize>,
    pub hastzinfo: u8,
    pub data: [u8; TIME_SIZE],
    pub fold: u8,
    // The time zone follows, see `zoned`.
}

// SAFETY: all instances are made by `new_zoned`, or by C code that knows this layout.
unsafe impl Zoned for PyTime {
    fn has_tzinfo(&self) -> bool {
        self.hastzinfo != 0
    }
}

args::parameters! {
    static PARAMETERS = "", ["hour", "minute", "second", "microsecond", "tzinfo", "fold"],
        required 0, positional 5, keyword_only [false]
}

/// A time of day as bytes.
pub fn pack(clock: Clock) -> [u8; TIME_SIZE] {
    let [_, high, middle, low] = clock.microsecond.to_be_bytes();
    [clock.hour as u8, clock.minute as u8, clock.second as u8, high, middle, low]
}

/// The inverse of [`pack`].
pub fn unpack(data: &[u8]) -> Clock {
    let byte = |index: usize| i32::from(data.get(index).copied().unwrap_or(0));
    Clock { hour: byte(0), minute: byte(1), second: byte(2), microsecond: byte(3) << 16 | byte(4) << 8 | byte(5) }
}

impl PyTime {
    /// A time.
    ///
    /// # Errors
    /// `ValueError` for parts out of range.
    pub fn new(clock: Clock, zone: Option<&PyObject>, fold: i32) -> PyResult<Ref<PyTime>> {
        PyTime::new_in(PyTime::type_object(), clock, zone, fold)
    }

    /// As [`PyTime::new`], of a class derived from it, whose constructor is not called.
    ///
    /// # Errors
    /// `ValueError` for parts out of range; `MemoryError`.
    pub fn new_in(cls: &PyTypeObject, clock: Clock, zone: Option<&PyObject>, fold: i32) -> PyResult<Ref<PyTime>> {
        clock.check(fold)?;
        PyTime::from_data(cls, pack(clock), zone, fold as u8)
    }

    fn from_data(
        cls: &PyTypeObject,
        data: [u8; TIME_SIZE],
        zone: Option<&PyObject>,
        fold: u8,
    ) -> PyResult<Ref<PyTime>> {
        let value = PyTime {
            ob_base: PyObject::placeholder(),
            hashcode: Cell::new(-1),
            hastzinfo: u8::from(zone.is_some()),
            data,
            fold,
        };
        new_zoned(cls, value, zone)
    }

    /// The value.
    #[inline]
    pub fn clock_value(&self) -> Clock {
        unpack(&self.data)
    }

    fn construct(cls: &PyTypeObject, positional: &[&PyObject], keywords: Keywords<'_>) -> PyResult {
        if let [state] | [state, _] = positional
            && let Some(mut data) = args::pickled_state(state, "time", |byte| byte(0) & 0x7f < 24)?
        {
            let zone = args::pickled_zone(positional.get(1).copied())?;
            let fold = data[0] >> 7;
            data[0] &= 0x7f;
            return Ok(PyTime::from_data(cls, data, zone, fold)?.into_obj());
        }
        let [hour, minute, second, microsecond, zone, fold] = args::bind(&PARAMETERS, positional, keywords)?;
        let clock = Clock {
            hour: args::int_or(hour, 0)?,
            minute: args::int_or(minute, 0)?,
            second: args::int_or(second, 0)?,
            microsecond: args::int_or(microsecond, 0)?,
        };
        let fold = args::int_or(fold, 0)?;
        clock.check(fold)?;
        Ok(PyTime::new_in(cls, clock, args::zone(zone)?, fold)?.into_obj())
    }

    /// `utcoffset()`.
    fn offset(&self) -> PyResult<Option<Span>> {
        Ok(utc_offset(self.tzinfo(), rpy_vm::none_ref())?.map(|offset| offset.span()))
    }

    fn state(&self, protocol: i32) -> ObjRef {
        let mut data = self.data;
        if protocol > 3 && self.fold != 0 {
            data[0] |= 0x80;
        }
        reduced(self.as_object(), &data, self.tzinfo())
    }
}

/// An instance of `cls`, which is `time` or derived from it, by way of its constructor.
fn make(cls: &PyTypeObject, clock: Clock, zone: Option<&PyObject>, fold: i32) -> PyResult {
    if core::ptr::eq(cls, PyTime::type_object()) {
        return Ok(PyTime::new(clock, zone, fold)?.into_obj());
    }
    call_class(cls, &[clock.hour, clock.minute, clock.second, clock.microsecond], zone, fold)
}

#[pymethods]
impl PyTime {
    #[slot]
    fn tp_new(cls: &PyTypeObject, positional: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        args::construct(cls, positional, kwargs, PyTime::construct)
    }

    #[slot]
    unsafe fn tp_vectorcall(
        cls: *mut PyObject,
        vector: *const *mut PyObject,
        nargsf: usize,
        kwnames: *mut PyObject,
    ) -> *mut PyObject {
        // SAFETY: the slot's arguments are passed on.
        unsafe { args::vectorcall(cls, vector, nargsf, kwnames, PyTime::construct) }
    }

    #[slot]
    unsafe fn tp_alloc(cls: *mut PyTypeObject, aware: isize) -> *mut PyObject {
        // SAFETY: the slot's arguments are passed on.
        unsafe { zoned::allocate::<PyTime>(cls, aware) }
    }

    #[slot]
    unsafe fn tp_dealloc(object: *mut PyObject) {
        // SAFETY: the slot's argument is passed on.
        unsafe { zoned::deallocate::<PyTime>(object) }
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
        let Clock { hour, minute, second, microsecond } = self.clock_value();
        let mut out = StrBuilder::new();
        out.push_str(&format!("{}({hour}, {minute}", self.as_object().ty().full_name()));
        if second != 0 || microsecond != 0 {
            out.push_str(&format!(", {second}"));
        }
        if microsecond != 0 {
            out.push_str(&format!(", {microsecond}"));
        }
        if let Some(zone) = self.tzinfo() {
            format::push_zone_repr(&mut out, zone)?;
        }
        if self.fold != 0 {
            out.push_str(&format!(", fold={}", self.fold));
        }
        out.push_str(")");
        out.try_finish()
    }

    #[slot]
    fn tp_str(&self) -> PyResult {
        call::call_method(self.as_object(), intern!("isoformat"), &[])
    }

    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        if self.hashcode.get() == -1 {
            // The hash does not depend on the fold, so the offset must not either.
            let offset = if self.fold == 0 {
                self.offset()?
            } else {
                PyTime::from_data(self.as_object().ty(), self.data, self.tzinfo(), 0)?.offset()?
            };
            let hash = match offset {
                None => hash_buffer(&self.data),
                Some(offset) => {
                    let clock = self.clock_value();
                    let span = Span::normalized(0, clock.seconds(), clock.microsecond).minus(offset);
                    PyTimeDelta::new(span)?.hash_of()?
                }
            };
            self.hashcode.set(hash);
        }
        Ok(self.hashcode.get())
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
        let Some(other) = other.downcast_ref::<PyTime>() else { return Ok(rpy_vm::not_implemented()) };
        if same_zone(self.tzinfo(), other.tzinfo()) {
            return Ok(rpy_vm::py_bool(op.matches(self.data.cmp(&other.data))));
        }
        let ordering = match (self.offset()?, other.offset()?) {
            (a, b) if a == b => self.data.cmp(&other.data),
            (Some(a), Some(b)) => {
                let micros = |time: &PyTime, offset: Span| {
                    let clock = time.clock_value();
                    // Offsets in comparisons count whole seconds only.
                    let offset = i64::from(offset.days) * 86_400 + i64::from(offset.seconds);
                    (i64::from(clock.seconds()) - offset, clock.microsecond)
                };
                micros(self, a).cmp(&micros(other, b))
            }
            _ => {
                return match op {
                    CompareOp::Eq => Ok(rpy_vm::py_bool(false)),
                    CompareOp::Ne => Ok(rpy_vm::py_bool(true)),
                    _ => Err(exc::type_error("can't compare offset-naive and offset-aware times")),
                };
            }
        };
        Ok(rpy_vm::py_bool(op.matches(ordering)))
    }

    /// string, format -> new time parsed from a string (like time.strptime()).
    #[pyclassmethod]
    fn strptime(cls: &PyTypeObject, string: &PyObject, format: &PyObject) -> PyResult {
        strptime(cls, intern!("_strptime_datetime_time"), string, format)
    }

    /// string -> time from a string in ISO 8601 format
    #[pyclassmethod]
    fn fromisoformat(cls: &PyTypeObject, string: &PyObject) -> PyResult {
        let (clock, zone) = isoformat::time(string)?;
        make(cls, clock, zone.as_deref(), 0)
    }

    /// Return string in ISO 8601 format, [HH[:MM[:SS[.mmm[uuu]]]]][+HH:MM].
    ///
    /// The optional argument timespec specifies the number of additional terms
    /// of the time to include. Valid options are 'auto', 'hours', 'minutes',
    /// 'seconds', 'milliseconds' and 'microseconds'.
    #[pymethod(sig = "($self, timespec='auto')")]
    fn isoformat(&self, timespec: Option<&PyObject>) -> PyResult<String> {
        let mut out = format::clock_text(self.clock_value(), 1, timespec)?;
        out += &format::zone_offset_text(self.tzinfo(), rpy_vm::none_ref(), ":")?;
        Ok(out)
    }

    /// format -> strftime() style string.
    #[pymethod(sig = "($self, format)")]
    fn strftime(&self, format: &PyObject) -> PyResult {
        let format = args::text("strftime", 1, format)?;
        let Clock { hour, minute, second, microsecond } = self.clock_value();
        // Some year there has to be.
        let fields = [1900, 1, 1, hour, minute, second, 0, 1, -1];
        let timetuple = PyTuple::from_array(fields.map(|n| int(i64::from(n))));
        let argument = rpy_vm::none_ref();
        let subject = Subject { timetuple: timetuple.as_object(), microsecond, zone: self.tzinfo(), argument };
        subject.strftime(format)
    }

    /// Formats self with strftime.
    #[pymethod(name = "__format__")]
    fn format(&self, format: &PyObject) -> PyResult {
        format_with(self.as_object(), format)
    }

    /// Return self.tzinfo.utcoffset(self).
    #[pymethod]
    fn utcoffset(&self) -> PyResult<Option<Ref<PyTimeDelta>>> {
        utc_offset(self.tzinfo(), rpy_vm::none_ref())
    }

    /// Return self.tzinfo.tzname(self).
    #[pymethod]
    fn tzname(&self) -> PyResult<Option<Ref<PyStr>>> {
        zone_name(self.tzinfo(), rpy_vm::none_ref())
    }

    /// Return self.tzinfo.dst(self).
    #[pymethod]
    fn dst(&self) -> PyResult<Option<Ref<PyTimeDelta>>> {
        dst_offset(self.tzinfo(), rpy_vm::none_ref())
    }

    /// Return time with new specified fields.
    #[pymethod(
        sig = "($self, /, hour=unchanged, minute=unchanged, second=unchanged, microsecond=unchanged, tzinfo=unchanged, *, fold=unchanged)"
    )]
    fn replace(
        &self,
        hour: Option<CInt>,
        minute: Option<CInt>,
        second: Option<CInt>,
        microsecond: Option<CInt>,
        tzinfo: Option<&PyObject>,
        fold: Option<CInt>,
    ) -> PyResult {
        let old = self.clock_value();
        let or = |new: Option<CInt>, old: i32| new.map_or(old, |new| new.0);
        let clock = Clock {
            hour: or(hour, old.hour),
            minute: or(minute, old.minute),
            second: or(second, old.second),
            microsecond: or(microsecond, old.microsecond),
        };
        replaced(self, clock, tzinfo, or(fold, i32::from(self.fold)))
    }

    /// The same as replace().
    #[pymethod(
        name = "__replace__",
        sig = "($self, /, hour=unchanged, minute=unchanged, second=unchanged, microsecond=unchanged, tzinfo=unchanged, *, fold=unchanged)"
    )]
    fn dunder_replace(
        &self,
        hour: Option<CInt>,
        minute: Option<CInt>,
        second: Option<CInt>,
        microsecond: Option<CInt>,
        tzinfo: Option<&PyObject>,
        fold: Option<CInt>,
    ) -> PyResult {
        self.replace(hour, minute, second, microsecond, tzinfo, fold)
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

fn replaced(time: &PyTime, clock: Clock, zone: Option<&PyObject>, fold: i32) -> PyResult {
    let cls = time.as_object().ty();
    match zone {
        None => make(cls, clock, time.tzinfo(), fold),
        // Subclasses check it themselves.
        Some(zone) if !core::ptr::eq(cls, PyTime::type_object()) => make(cls, clock, Some(zone), fold),
        Some(zone) => {
            clock.check(fold)?;
            make(cls, clock, args::zone(Some(zone))?, fold)
        }
    }
}

//! `datetime.tzinfo`, the abstract base class of time zones, and how the other classes ask a zone.

use rpy_vm::object::alloc;
use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, intern, pyclass, pymethods};

use super::datetime::PyDateTime;
use super::timedelta::PyTimeDelta;
use super::timezone::PyTimezone;
use super::zoned::Zoned;

/// Abstract base class for time zone info objects.
#[pyclass(name = "tzinfo", module = "datetime", flags(BASETYPE))]
#[repr(C)]
pub struct PyTzInfo {
    pub ob_base: PyObject,
}

fn abstract_method(name: &str) -> PyErr {
    exc::not_implemented_error(format!("a tzinfo subclass must implement {name}()"))
}

/// The argument of `fromutc`, checked: a datetime in the zone `zone`.
///
/// # Errors
/// `TypeError`, `ValueError`.
pub fn fromutc_argument<'a>(zone: &PyObject, dt: &'a PyObject) -> PyResult<&'a PyDateTime> {
    let Some(dt) = dt.downcast_ref::<PyDateTime>() else {
        return Err(exc::type_error("fromutc: argument must be a datetime"));
    };
    if !dt.tzinfo().is_some_and(|own| own.is(zone)) {
        return Err(exc::value_error("fromutc: dt.tzinfo is not self"));
    }
    Ok(dt)
}

#[pymethods]
impl PyTzInfo {
    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<Ref<PyTzInfo>> {
        alloc::new_in(cls, PyTzInfo { ob_base: PyObject::placeholder() })
    }

    /// datetime -> string name of time zone.
    #[pymethod]
    fn tzname(&self, _dt: &PyObject) -> PyResult {
        Err(abstract_method("tzname"))
    }

    /// datetime -> timedelta showing offset from UTC, negative values indicating West of UTC
    #[pymethod]
    fn utcoffset(&self, _dt: &PyObject) -> PyResult {
        Err(abstract_method("utcoffset"))
    }

    /// datetime -> DST offset as timedelta positive east of UTC.
    #[pymethod]
    fn dst(&self, _dt: &PyObject) -> PyResult {
        Err(abstract_method("dst"))
    }

    /// datetime in UTC -> datetime in local time.
    #[pymethod]
    fn fromutc(&self, dt: &PyObject) -> PyResult {
        let zone = self.as_object();
        let argument = fromutc_argument(zone, dt)?;
        let Some(offset) = utc_offset(Some(zone), dt)? else {
            return Err(exc::value_error("fromutc: non-None utcoffset() result required"));
        };
        let Some(dst) = dst_offset(Some(zone), dt)? else {
            return Err(exc::value_error("fromutc: non-None dst() result required"));
        };
        // Standard time first, which does not depend on the date; there the zone can tell whether summer time applies.
        let standard = argument.shifted(offset.span().minus(dst.span()).check()?)?;
        let Some(dst) = dst_offset(Some(zone), &standard)? else {
            return Err(exc::value_error("fromutc: tz.dst() gave inconsistent results; cannot convert"));
        };
        if dst.span() == super::span::Span::ZERO {
            return Ok(standard);
        }
        super::datetime::expect_datetime(&standard)?.shifted(dst.span())
    }

    /// -> (cls, state)
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult {
        let this = self.as_object();
        let args = match protocol::getattr_opt(this, intern!("__getinitargs__"))? {
            Some(getinitargs) => call::call_noargs(&getinitargs)?,
            None => PyTuple::empty().into_obj(),
        };
        let state = call::call_method(this, intern!("__getstate__"), &[])?;
        Ok(PyTuple::from_array([this.ty().to_obj(), args, state]).into_obj())
    }
}

/// Is the result of `utcoffset` or `dst` less than a day?
///
/// # Errors
/// `ValueError`.
pub fn check_offset(offset: &PyTimeDelta) -> PyResult<()> {
    if offset.span().is_offset() {
        return Ok(());
    }
    let offset = protocol::repr(offset.as_object())?;
    Err(exc::value_error(format!(
        "offset must be a timedelta strictly between -timedelta(hours=24) and timedelta(hours=24), not {}",
        offset.to_string_lossy()
    )))
}

fn ask(zone: &PyObject, method: &'static PyStr, argument: &PyObject) -> PyResult<Option<Ref<PyTimeDelta>>> {
    let result = call::call_method(zone, method, &[argument])?;
    if rpy_vm::is_none(&result) {
        return Ok(None);
    }
    match result.downcast::<PyTimeDelta>() {
        Ok(offset) => {
            check_offset(&offset)?;
            Ok(Some(offset))
        }
        Err(other) => Err(exc::type_error(format!(
            "tzinfo.{}() must return None or timedelta, not '{}'",
            method.to_string_lossy(),
            other.ty().full_name()
        ))),
    }
}

/// `zone.utcoffset(argument)`, checked. No zone, no offset.
///
/// # Errors
/// What the zone raises; `TypeError` and `ValueError` for results that are no offsets.
pub fn utc_offset(zone: Option<&PyObject>, argument: &PyObject) -> PyResult<Option<Ref<PyTimeDelta>>> {
    let Some(zone) = zone else { return Ok(None) };
    // Fixed offsets need no call; their class cannot be derived from.
    if let Some(fixed) = zone.downcast_ref::<PyTimezone>() {
        return Ok(Some(fixed.offset().to_ref()));
    }
    ask(zone, intern!("utcoffset"), argument)
}

/// `zone.dst(argument)`, checked.
///
/// # Errors
/// As for [`utc_offset`].
pub fn dst_offset(zone: Option<&PyObject>, argument: &PyObject) -> PyResult<Option<Ref<PyTimeDelta>>> {
    match zone {
        Some(zone) if zone.downcast_ref::<PyTimezone>().is_none() => ask(zone, intern!("dst"), argument),
        _ => Ok(None),
    }
}

/// `zone.tzname(argument)`, checked.
///
/// # Errors
/// What the zone raises; `TypeError` for what is no text.
pub fn zone_name(zone: Option<&PyObject>, argument: &PyObject) -> PyResult<Option<Ref<PyStr>>> {
    let Some(zone) = zone else { return Ok(None) };
    let name: ObjRef = call::call_method(zone, intern!("tzname"), &[argument])?;
    if rpy_vm::is_none(&name) {
        return Ok(None);
    }
    name.downcast::<PyStr>().map(Some).map_err(|other| {
        exc::type_error(format!("tzinfo.tzname() must return None or a string, not '{}'", other.ty().full_name()))
    })
}

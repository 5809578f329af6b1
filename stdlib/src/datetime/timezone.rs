//! `datetime.timezone`: fixed offsets from UTC.

use rpy_vm::args::Keywords;
use rpy_vm::object::alloc::new_exact;
use rpy_vm::object::slots::CompareOp;
use rpy_vm::protocol::object as protocol;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, pyclass, pymethods};

use super::args;
use super::datetime::PyDateTime;
use super::format::offset_text;
use super::span::Span;
use super::timedelta::PyTimeDelta;
use super::tzinfo::{PyTzInfo, check_offset, fromutc_argument};

/// Fixed offset from UTC implementation of tzinfo.
#[pyclass(name = "timezone", module = "datetime", base = PyTzInfo)]
#[repr(C)]
pub struct PyTimezone {
    pub ob_base: PyObject,
    offset: Ref<PyTimeDelta>,
    name: OptRef<PyStr>,
}

static UTC: OptRef<PyTimezone> = OptRef::NULL;

/// `datetime.timezone.utc`, made at first use.
///
/// # Errors
/// `MemoryError`.
pub fn utc() -> PyResult<Ref<PyTimezone>> {
    if let Some(utc) = UTC.get() {
        return Ok(utc);
    }
    let utc = PyTimezone::create(PyTimeDelta::new(Span::ZERO)?, None);
    utc.as_object().make_immortal();
    utc.offset.as_object().make_immortal();
    UTC.set(Some(utc.clone()));
    Ok(utc)
}

args::parameters! {
    static PARAMETERS = "timezone", ["offset", "name"], required 1, positional 2, keyword_only []
}

impl PyTimezone {
    /// A new object, whatever the offset.
    pub fn create(offset: Ref<PyTimeDelta>, name: Option<Ref<PyStr>>) -> Ref<PyTimezone> {
        new_exact(PyTimezone { ob_base: PyObject::placeholder(), offset, name: OptRef::new(name) })
    }

    /// A zone, as the constructor gives it: UTC where that is meant.
    ///
    /// # Errors
    /// `ValueError` for offsets of a day and more.
    pub fn new(offset: Ref<PyTimeDelta>, name: Option<Ref<PyStr>>) -> PyResult<Ref<PyTimezone>> {
        if name.is_none() && offset.span() == Span::ZERO {
            return utc();
        }
        check_offset(&offset)?;
        Ok(PyTimezone::create(offset, name))
    }

    /// The offset from UTC.
    pub fn offset(&self) -> &PyTimeDelta {
        &self.offset
    }

    fn is_utc(&self) -> bool {
        UTC.peek().is_some_and(|utc| core::ptr::eq(utc, self))
    }

    fn text(&self) -> Ref<PyStr> {
        if let Some(name) = self.name.get() {
            return name;
        }
        match self.offset.span() {
            Span::ZERO => PyStr::new("UTC"),
            span => PyStr::from_string(format!("UTC{}", offset_text(span, ":"))),
        }
    }

    fn construct(_cls: &PyTypeObject, positional: &[&PyObject], keywords: Keywords<'_>) -> PyResult {
        let [offset, name] = args::bind(&PARAMETERS, positional, keywords)?;
        let offset = args::instance::<PyTimeDelta>("timezone", 1, offset.unwrap_or(rpy_vm::none_ref()))?;
        let name = name.map(|name| args::text("timezone", 2, name)).transpose()?;
        Ok(PyTimezone::new(offset.to_ref(), name.map(PyStruct::to_ref))?.into_obj())
    }
}

fn check_argument(dt: &PyObject, method: &str) -> PyResult<()> {
    if rpy_vm::is_none(dt) || dt.downcast_ref::<PyDateTime>().is_some() {
        return Ok(());
    }
    Err(exc::type_error(format!(
        "{method}(dt) argument must be a datetime instance or None, not {}",
        dt.ty().full_name()
    )))
}

#[pymethods]
impl PyTimezone {
    #[slot]
    fn tp_new(cls: &PyTypeObject, positional: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        args::construct(cls, positional, kwargs, PyTimezone::construct)
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<String> {
        let name = self.as_object().ty().full_name();
        if self.is_utc() {
            return Ok(format!("{name}.utc"));
        }
        let offset = protocol::repr(self.offset.as_object())?;
        let offset = offset.to_string_lossy();
        match self.name.get() {
            None => Ok(format!("{name}({offset})")),
            Some(zone) => Ok(format!("{name}({offset}, {})", protocol::repr(zone.as_object())?.to_string_lossy())),
        }
    }

    #[slot]
    fn tp_str(&self) -> Ref<PyStr> {
        self.text()
    }

    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        self.offset.hash_of()
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> ObjRef {
        match (other.downcast_ref::<PyTimezone>(), op) {
            (Some(other), CompareOp::Eq) => rpy_vm::py_bool(self.offset.span() == other.offset.span()),
            (Some(other), CompareOp::Ne) => rpy_vm::py_bool(self.offset.span() != other.offset.span()),
            _ => rpy_vm::not_implemented(),
        }
    }

    /// If name is specified when timezone is created, returns the name.  Otherwise returns offset as 'UTC(+|-)HH:MM'.
    #[pymethod]
    fn tzname(&self, dt: &PyObject) -> PyResult<Ref<PyStr>> {
        check_argument(dt, "tzname")?;
        Ok(self.text())
    }

    /// Return fixed offset.
    #[pymethod]
    fn utcoffset(&self, dt: &PyObject) -> PyResult<Ref<PyTimeDelta>> {
        check_argument(dt, "utcoffset")?;
        Ok(self.offset.clone())
    }

    /// Return None.
    #[pymethod]
    fn dst(&self, dt: &PyObject) -> PyResult<()> {
        check_argument(dt, "dst")
    }

    /// datetime in UTC -> datetime in local time.
    #[pymethod]
    fn fromutc(&self, dt: &PyObject) -> PyResult {
        fromutc_argument(self.as_object(), dt)?.shifted(self.offset.span())
    }

    /// pickle support
    #[pymethod(name = "__getinitargs__")]
    fn getinitargs(&self) -> ObjRef {
        let offset = self.offset.clone().into_obj();
        match self.name.get() {
            None => PyTuple::from_array([offset]).into_obj(),
            Some(name) => PyTuple::from_array([offset, name.into_obj()]).into_obj(),
        }
    }
}

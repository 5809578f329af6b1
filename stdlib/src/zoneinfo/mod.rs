//! `_zoneinfo`: `zoneinfo.ZoneInfo`, the time zones of the system's database.
//!
//! Finding and reading files is left to the library's Python code, which happens once for each zone.
//!
//! | File | What |
//! |---|---|
//! | `rule` | the rule for the time after the last change, as plain values |
//! | `periods` | when local time changes, and looking that up |
//! | `cache` | the zones that were asked for |

use core::cell::Cell;

use rpy_vm::args::KwArgs;
use rpy_vm::object::alloc;
use rpy_vm::protocol::{call, number, object as protocol};
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, intern, pyclass, pymethods};

use crate::datetime::calendar::{Clock, Day};
use crate::datetime::datetime::{self, PyDateTime};
use crate::datetime::timedelta::PyTimeDelta;
use crate::datetime::tzinfo::{PyTzInfo, fromutc_argument};
use crate::datetime::zoned::Zoned;
use periods::{Local, Periods};
use rule::{EPOCH_ORDINAL, SECONDS_PER_DAY};

mod cache;
mod periods;
mod rule;

/// Where a zone came from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// Made for its caller alone.
    NoCache,
    Cache,
    File,
}

/// A time zone of the IANA database.
#[pyclass(name = "ZoneInfo", module = "zoneinfo", base = PyTzInfo, flags(BASETYPE), weaklist = weakrefs)]
#[repr(C)]
pub struct PyZoneInfo {
    pub ob_base: PyObject,
    weakrefs: Cell<*mut PyObject>,
    #[pymember(readonly, object)]
    key: OptRef,
    /// What a zone read from a stream shows for it.
    file: OptRef<PyStr>,
    periods: Periods,
    source: Cell<Source>,
}

/// Something that the library has in Python.
fn library(module: &str, name: &PyStr) -> PyResult<ObjRef> {
    protocol::getattr(&*rpy_vm::import::import_module(module)?, name)
}

/// Reads a stream.
fn load(cls: &PyTypeObject, stream: &PyObject, key: Option<&PyObject>, source: Source) -> PyResult<Ref<PyZoneInfo>> {
    let data = call::call_one(&*library("zoneinfo._common", intern!("load_data"))?, stream)?;
    let periods = Periods::new(&data)?;
    let file = if source == Source::File { Some(protocol::repr(stream)?) } else { None };
    let value = PyZoneInfo {
        ob_base: PyObject::placeholder(),
        weakrefs: Cell::new(core::ptr::null_mut()),
        key: OptRef::new(key.map(PyObject::new_ref)),
        file: OptRef::new(file),
        periods,
        source: Cell::new(source),
    };
    alloc::new_in(cls, value)
}

/// A new zone from the database.
fn find(cls: &PyTypeObject, key: &PyObject) -> PyResult<Ref<PyZoneInfo>> {
    let path = call::call_one(&*library("zoneinfo._tzpath", intern!("find_tzfile"))?, key)?;
    let stream = if rpy_vm::is_none(&path) {
        call::call_one(&*library("zoneinfo._common", intern!("load_tzdata"))?, key)?
    } else {
        call::call(&*library("io", intern!("open"))?, &[&path, intern!("rb").as_object()])?
    };
    let zone = load(cls, &stream, Some(key), Source::NoCache);
    let closed = call::call_method(&stream, intern!("close"), &[]);
    // The first error is the one to tell of.
    let zone = zone?;
    closed.map(|_| zone)
}

/// A zone out of a weak cache, which a class may have replaced by anything.
fn checked(cls: &PyTypeObject, zone: ObjRef, key: &PyObject) -> PyResult<Ref<PyZoneInfo>> {
    if zone.ty().is_subtype(cls) {
        return zone.downcast::<PyZoneInfo>().map_err(|_| unexpected(cls, key, "object"));
    }
    Err(unexpected(cls, key, &zone.ty().full_name()))
}

fn unexpected(cls: &PyTypeObject, key: &PyObject, got: &str) -> PyErr {
    match protocol::repr(key) {
        Ok(key) => exc::runtime_error(format!(
            "Unexpected instance of {got} in {} weak cache for key {}",
            cls.name(),
            key.to_string_lossy()
        )),
        Err(error) => error,
    }
}

/// A datetime as a zone looks at it.
struct Moment {
    /// Seconds of its own clock since 1970.
    seconds: i64,
    year: i32,
    fold: bool,
}

impl Moment {
    fn of(day: Day, clock: Clock, fold: bool) -> Moment {
        let days = i64::from(day.ordinal()) - EPOCH_ORDINAL;
        Moment { seconds: days * SECONDS_PER_DAY + i64::from(clock.seconds()), year: day.year, fold }
    }

    /// From anything that has a datetime's attributes.
    fn from_object(dt: &PyObject) -> PyResult<Moment> {
        if let Some(dt) = dt.downcast_exact::<PyDateTime>() {
            return Ok(Moment::of(dt.day_value(), dt.clock_value(), dt.fold != 0));
        }
        let number = |object: &PyObject| Ok(number::as_isize(object, Some(exc::OverflowError()))? as i64);
        let attribute = |name: &'static PyStr| number(&*protocol::getattr(dt, name)?);
        let ordinal = number(&*call::call_method(dt, intern!("toordinal"), &[])?)?;
        let (hour, minute) = (attribute(intern!("hour"))?, attribute(intern!("minute"))?);
        let second = attribute(intern!("second"))?;
        let in_day = hour.saturating_mul(3600).saturating_add(minute.saturating_mul(60)).saturating_add(second);
        Ok(Moment {
            seconds: (ordinal - EPOCH_ORDINAL).saturating_mul(SECONDS_PER_DAY).saturating_add(in_day),
            year: attribute(intern!("year"))?.clamp(1, 9999) as i32,
            fold: attribute(intern!("fold"))? != 0,
        })
    }
}

#[pymethods]
impl PyZoneInfo {
    #[pynew(sig = "(key)")]
    fn py_new(cls: &PyTypeObject, key: &PyObject) -> PyResult<ObjRef> {
        if let Some(zone) = cache::kept(cls, key)? {
            return Ok(zone);
        }
        let weak = cache::weak(cls)?;
        let found = call::call_method(&weak, intern!("get"), &[key, rpy_vm::none_ref()])?;
        let zone = if rpy_vm::is_none(&found) {
            let new = find(cls, key)?;
            let stored = call::call_method(&weak, intern!("setdefault"), &[key, new.as_object()])?;
            let zone = checked(cls, stored, key)?;
            zone.source.set(Source::Cache);
            zone
        } else {
            checked(cls, found, key)?
        };
        cache::keep(cls, key, zone.as_object());
        Ok(zone.into_obj())
    }

    /// Get a new instance of ZoneInfo, bypassing the cache.
    #[pyclassmethod(sig = "($type, /, key)")]
    fn no_cache(cls: &PyTypeObject, key: &PyObject) -> PyResult<ObjRef> {
        Ok(find(cls, key)?.into_obj())
    }

    /// Create a ZoneInfo file from a file object.
    #[pyclassmethod(sig = "($type, file_obj, /, key=None)")]
    fn from_file(cls: &PyTypeObject, file_obj: &PyObject, key: Option<&PyObject>) -> PyResult<ObjRef> {
        Ok(load(cls, file_obj, key, Source::File)?.into_obj())
    }

    /// Clear the ZoneInfo cache.
    #[pyclassmethod(sig = "($type, /, *, only_keys=None)")]
    fn clear_cache(cls: &PyTypeObject, only_keys: Option<&PyObject>) -> PyResult<()> {
        let weak = cache::weak(cls)?;
        let Some(keys) = only_keys else {
            call::call_method(&weak, intern!("clear"), &[])?;
            cache::clear(cls);
            return Ok(());
        };
        for key in list::collect(keys)? {
            cache::eject(cls, &key)?;
            call::call_method(&weak, intern!("pop"), &[&key, rpy_vm::none_ref()])?;
        }
        Ok(())
    }

    /// Function to initialize subclasses.
    #[pyclassmethod(name = "__init_subclass__", sig = "($type, /, **kwargs)")]
    fn init_subclass(cls: &PyTypeObject, _kwargs: KwArgs<'_>) -> PyResult<()> {
        let weak = cache::new_weak()?;
        protocol::setattr(cls.as_object(), intern!("_weak_cache"), Some(&weak))
    }

    /// Private method used in unpickling.
    #[pyclassmethod(name = "_unpickle", sig = "($type, key, from_cache, /)")]
    fn unpickle(cls: &PyTypeObject, key: &PyObject, from_cache: u8) -> PyResult<ObjRef> {
        if from_cache != 0 { call::call_one(cls.as_object(), key) } else { Ok(find(cls, key)?.into_obj()) }
    }

    /// Function for serialization with the pickle protocol.
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult<ObjRef> {
        if self.source.get() == Source::File {
            let error = library("pickle", intern!("PicklingError"))?;
            let message = PyStr::new("Cannot pickle a ZoneInfo file from a file stream.");
            return Err(PyErr::from_instance(call::call_one(&error, message.as_object())?));
        }
        let constructor = protocol::getattr(self.as_object().ty().as_object(), intern!("_unpickle"))?;
        let from_cache = PyInt::from_i64(i64::from(self.source.get() == Source::Cache)).into_obj();
        let args = PyTuple::from_array([self.key.get().unwrap_or_else(rpy_vm::none), from_cache]);
        Ok(PyTuple::from_array([constructor, args.into_obj()]).into_obj())
    }

    /// What holds at a datetime, or without any date (None).
    fn local(&self, dt: &PyObject) -> PyResult<Option<&Local>> {
        if rpy_vm::is_none(dt) {
            return Ok(self.periods.always());
        }
        let moment = Moment::from_object(dt)?;
        Ok(Some(self.periods.at_local(moment.seconds, moment.year, moment.fold)))
    }

    /// Retrieve a timedelta representing the UTC offset in a zone at the given datetime.
    #[pymethod(sig = "($self, dt, /)")]
    fn utcoffset(&self, dt: &PyObject) -> PyResult<Option<Ref<PyTimeDelta>>> {
        Ok(self.local(dt)?.map(|local| local.utcoff.clone()))
    }

    /// Retrieve a timedelta representing the amount of DST applied in a zone at the given datetime.
    #[pymethod(sig = "($self, dt, /)")]
    fn dst(&self, dt: &PyObject) -> PyResult<Option<Ref<PyTimeDelta>>> {
        Ok(self.local(dt)?.map(|local| local.dstoff.clone()))
    }

    /// Retrieve a string containing the abbreviation for the time zone that applies in a zone at a given datetime.
    #[pymethod(sig = "($self, dt, /)")]
    fn tzname(&self, dt: &PyObject) -> PyResult<Option<ObjRef>> {
        Ok(self.local(dt)?.map(|local| local.tzname.clone()))
    }

    /// Given a datetime with local time in UTC, retrieve an adjusted datetime in local time.
    #[pymethod]
    fn fromutc(&self, dt: &PyObject) -> PyResult<ObjRef> {
        let argument = fromutc_argument(self.as_object(), dt)?;
        let moment = Moment::from_object(dt)?;
        let (local, again) = self.periods.at_utc(moment.seconds, moment.year);
        let shifted = argument.shifted(local.utcoff.span())?;
        if !again {
            return Ok(shifted);
        }
        if let Some(exact) = shifted.downcast_exact::<PyDateTime>() {
            let cls = exact.as_object().ty();
            return datetime::make(cls, exact.day_value(), exact.clock_value(), exact.tzinfo(), 1);
        }
        let replace = protocol::getattr(&shifted, intern!("replace"))?;
        let names = PyTuple::from_array([intern!("fold").to_obj()]);
        call::call_kw(&replace, &[PyInt::from_i64(1).as_object()], Some(&names))
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<String> {
        let name = self.as_object().ty().full_name();
        match (self.key.get(), self.file.get()) {
            (None, Some(file)) => Ok(format!("{name}.from_file({})", file.to_string_lossy())),
            (key, _) => {
                let key = protocol::repr(&key.unwrap_or_else(rpy_vm::none))?;
                Ok(format!("{name}(key={})", key.to_string_lossy()))
            }
        }
    }

    #[slot]
    fn tp_str(&self) -> PyResult<ObjRef> {
        match self.key.get() {
            Some(key) => Ok(protocol::str(&key)?.into_obj()),
            None => Ok(protocol::repr(self.as_object())?.into_obj()),
        }
    }
}

/// C implementation of the zoneinfo module
#[rpy_derive::pymodule(name = "_zoneinfo")]
pub mod zoneinfo_ {
    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::{PyResult, intern};

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        // Without the native `datetime` this type's base is none of that module's. Where this fails, `zoneinfo` is in Python too.
        super::library("datetime", intern!("datetime_CAPI"))?;
        add_class::<super::PyZoneInfo>(module)
    }
}

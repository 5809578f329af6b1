//! `datetime.IsoCalendarDate`, the named tuple that `isocalendar` gives.

use rpy_vm::protocol::object as protocol;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct, PyTypeObject, exc, pyclass, pymethods};

use super::args::CInt;
use crate::support::int;

/// The result of date.isocalendar() or datetime.isocalendar()
///
/// This object may be accessed either as a tuple of
///   ((year, week, weekday)
/// or via the object attributes as named in the above tuple.
#[pyclass(layout = PyTuple, base = PyTuple, name = "IsoCalendarDate", module = "datetime", itemsize = 8, flags(HAVE_GC))]
pub struct PyIsoCalendarDate;

/// An instance.
///
/// # Errors
/// `MemoryError`.
pub fn iso_calendar_date(year: i32, week: i32, weekday: i32) -> PyResult {
    make(&PYISOCALENDARDATE_TYPE, year, week, weekday)
}

fn make(cls: &PyTypeObject, year: i32, week: i32, weekday: i32) -> PyResult {
    let items = PyTuple::from_array([year, week, weekday].map(|n| int(i64::from(n))));
    let args = PyTuple::from_array([items.into_obj()]);
    let Some(tp_new) = PyTuple::type_object().tp_new.get() else {
        return Err(exc::system_error("tuple has no constructor"));
    };
    // SAFETY: the base class's constructor, with a ready class derived from it and an argument tuple.
    unsafe {
        ObjRef::from_c_result(tp_new(cls as *const _ as *mut _, args.as_object().as_ptr(), core::ptr::null_mut()))
    }
}

fn part(tuple: &PyTuple, index: usize) -> PyResult {
    tuple.get(index).map(PyObject::new_ref).ok_or_else(|| exc::index_error("tuple index out of range"))
}

#[pymethods]
impl PyIsoCalendarDate {
    #[pynew(sig = "(year, week, weekday)")]
    fn py_new(cls: &PyTypeObject, year: CInt, week: CInt, weekday: CInt) -> PyResult {
        make(cls, year.0, week.0, weekday.0)
    }

    #[slot]
    unsafe fn tp_dealloc(object: *mut PyObject) {
        // SAFETY: a dead tuple; the base type's slot does everything.
        unsafe {
            if let Some(dealloc) = PyTuple::type_object().tp_dealloc.get() {
                dealloc(object);
            }
        }
    }

    #[slot]
    fn tp_repr(zelf: &PyTuple) -> PyResult<String> {
        let mut parts = Vec::with_capacity(3);
        for (index, name) in ["year", "week", "weekday"].into_iter().enumerate() {
            parts.push(format!("{name}={}", protocol::str(&*part(zelf, index)?)?.to_string_lossy()));
        }
        Ok(format!("{}({})", zelf.as_object().ty().full_name(), parts.join(", ")))
    }

    #[pygetset]
    fn year(zelf: &PyTuple) -> PyResult {
        part(zelf, 0)
    }

    #[pygetset]
    fn week(zelf: &PyTuple) -> PyResult {
        part(zelf, 1)
    }

    #[pygetset]
    fn weekday(zelf: &PyTuple) -> PyResult {
        part(zelf, 2)
    }

    /// __reduce__() -> (cls, state)
    #[pymethod(name = "__reduce__")]
    fn reduce(zelf: &PyTuple) -> ObjRef {
        let args = PyTuple::from_array([PyTuple::from_slice(zelf.items()).into_obj()]);
        PyTuple::from_array([PyTuple::type_object().to_obj(), args.into_obj()]).into_obj()
    }
}

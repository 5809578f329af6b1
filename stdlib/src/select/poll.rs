//! `select.poll()` objects.

use core::cell::{Cell, RefCell};

use rpy_vm::protocol::number;
use rpy_vm::runtime::{gil, signals};
use rpy_vm::types::list::PyList;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, exc, pyclass, pymethods};

use super::{Deadline, descriptor, poll_ms};
use crate::support::int;
use crate::time::convert::{self, Rounding};

/// Descriptors to wait for.
#[pyclass(name = "poll", module = "select", no_new)]
#[repr(C)]
pub struct PyPoll {
    ob_base: PyObject,
    watched: RefCell<Vec<(i32, u16)>>,
    running: Cell<bool>,
}

impl PyPoll {
    /// One that waits for nothing yet.
    pub fn fresh() -> PyPoll {
        PyPoll { ob_base: PyObject::placeholder(), watched: RefCell::default(), running: Cell::new(false) }
    }
}

fn event_mask(object: &PyObject) -> PyResult<u16> {
    let value = number::index(object)?;
    if value.is_negative() {
        return Err(exc::value_error("value must be positive"));
    }
    value
        .as_u64()
        .and_then(|v| u16::try_from(v).ok())
        .ok_or_else(|| exc::overflow_error("Python int too large for C unsigned short"))
}

/// A timeout in milliseconds, as nanoseconds; none if negative.
fn timeout_ns(timeout: Option<&PyObject>) -> PyResult<Option<i64>> {
    let Some(timeout) = timeout else { return Ok(None) };
    let wrong = |e: rpy_vm::PyErr| {
        if e.matches(exc::TypeError()) { exc::type_error("timeout must be an integer or None") } else { e }
    };
    let ns = match timeout.downcast_ref::<rpy_vm::types::float::PyFloat>() {
        Some(ms) => {
            let seconds = rpy_vm::types::float::PyFloat::new(ms.value() / 1000.0);
            convert::to_nanoseconds(seconds.as_object(), Rounding::Up)?
        }
        None => number::index(timeout)
            .map_err(wrong)?
            .as_i64()
            .and_then(|ms| ms.checked_mul(1_000_000))
            .ok_or_else(|| exc::overflow_error("timeout is too large"))?,
    };
    Ok((ns >= 0).then_some(ns))
}

#[pymethods]
impl PyPoll {
    /// Register a file descriptor with the polling object.
    ///
    ///   fd
    ///     either an integer, or an object with a fileno() method returning an int
    ///   eventmask
    ///     an optional bitmask describing the type of events to check for
    #[pymethod(sig = "($self, fd, eventmask=select.POLLIN | select.POLLPRI | select.POLLOUT, /)")]
    fn register(&self, fd: &PyObject, eventmask: Option<&PyObject>) -> PyResult<()> {
        let fd = descriptor(fd)?;
        let mask = eventmask.map_or(Ok((libc::POLLIN | libc::POLLPRI | libc::POLLOUT) as u16), event_mask)?;
        let mut watched = self.watched.borrow_mut();
        match watched.iter_mut().find(|w| w.0 == fd) {
            Some(entry) => entry.1 = mask,
            None => watched.push((fd, mask)),
        }
        Ok(())
    }
    /// Modify an already registered file descriptor.
    ///
    ///   fd
    ///     either an integer, or an object with a fileno() method returning an int
    ///   eventmask
    ///     a bitmask describing the type of events to check for
    #[pymethod(sig = "($self, fd, eventmask, /)")]
    fn modify(&self, fd: &PyObject, eventmask: &PyObject) -> PyResult<()> {
        let fd = descriptor(fd)?;
        let mask = event_mask(eventmask)?;
        match self.watched.borrow_mut().iter_mut().find(|w| w.0 == fd) {
            Some(entry) => {
                entry.1 = mask;
                Ok(())
            }
            None => Err(exc::os_error_errno(libc::ENOENT, None)),
        }
    }
    /// Remove a file descriptor being tracked by the polling object.
    #[pymethod(sig = "($self, fd, /)")]
    fn unregister(&self, fd: &PyObject) -> PyResult<()> {
        let fd = descriptor(fd)?;
        let mut watched = self.watched.borrow_mut();
        match watched.iter().position(|w| w.0 == fd) {
            Some(at) => {
                watched.remove(at);
                Ok(())
            }
            None => Err(exc::key_error(&int(fd.into()))),
        }
    }

    /// Polls the set of registered file descriptors.
    ///
    ///   timeout
    ///     The maximum time to wait in milliseconds, or else None (or a negative
    ///     value) to wait indefinitely.
    ///
    /// Returns a list containing any descriptors that have events or errors to
    /// report, as a list of (fd, event) 2-tuples.
    #[pymethod(sig = "($self, timeout=None, /)")]
    fn poll(&self, timeout: Option<&PyObject>) -> PyResult<ObjRef> {
        let timeout = timeout_ns(timeout)?;
        let mut ms = poll_ms(timeout)?;
        if self.running.replace(true) {
            return Err(exc::runtime_error("concurrent poll() invocation"));
        }
        struct Done<'a>(&'a Cell<bool>);
        impl Drop for Done<'_> {
            fn drop(&mut self) {
                self.0.set(false);
            }
        }
        let _done = Done(&self.running);
        let mut set: Vec<libc::pollfd> = self
            .watched
            .borrow()
            .iter()
            .map(|&(fd, events)| libc::pollfd { fd, events: events as i16, revents: 0 })
            .collect();
        let deadline = Deadline::after(timeout)?;
        loop {
            // SAFETY: pointer and length of the array.
            let n = gil::allow_threads(|| unsafe { libc::poll(set.as_mut_ptr(), set.len() as _, ms) });
            if n >= 0 {
                break;
            }
            if exc::last_errno() != libc::EINTR {
                return Err(exc::os_error_last(None));
            }
            signals::run_pending()?;
            let left = deadline.left()?;
            if left == Some(0) {
                set.iter_mut().for_each(|p| p.revents = 0);
                break;
            }
            ms = poll_ms(left)?;
        }
        let ready = set
            .iter()
            .filter(|p| p.revents != 0)
            .map(|p| PyTuple::from_array([int(p.fd.into()), int((p.revents as u16).into())]).into_obj())
            .collect();
        Ok(PyList::new(ready).into_obj())
    }
}

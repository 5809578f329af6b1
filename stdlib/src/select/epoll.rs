//! `select.epoll`.

use core::cell::Cell;

use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::number;
use rpy_vm::runtime::{gil, signals};
use rpy_vm::types::list::PyList;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, exc, pyclass, pymethods};

use super::{Deadline, descriptor, poll_ms};
use crate::support::int;
use crate::time::convert::{self, Rounding};

/// Returns an epolling object.
///
///   sizehint
///     The expected number of events to be registered.  It must be positive,
///     or -1 to use the default.  It is only used on older systems where
///     epoll_create1() is not available; otherwise it has no effect (though its
///     value is still checked).
///   flags
///     Deprecated and completely ignored.  However, when supplied, its value
///     must be 0 or select.EPOLL_CLOEXEC, otherwise OSError is raised.
#[pyclass(name = "epoll", module = "select")]
#[repr(C)]
pub struct PyEpoll {
    ob_base: PyObject,
    /// -1 when closed.
    fd: Cell<i32>,
}

impl Drop for PyEpoll {
    fn drop(&mut self) {
        self.shut();
    }
}

fn closed() -> PyErr {
    exc::value_error("I/O operation on closed epoll object")
}

impl PyEpoll {
    fn shut(&self) -> i32 {
        let fd = self.fd.replace(-1);
        if fd < 0 {
            return 0;
        }
        // SAFETY: our own descriptor.
        if unsafe { libc::close(fd) } < 0 { exc::last_errno() } else { 0 }
    }

    fn open_fd(&self) -> PyResult<i32> {
        let fd = self.fd.get();
        if fd < 0 { Err(closed()) } else { Ok(fd) }
    }

    fn control(&self, operation: i32, fd: &PyObject, events: u32) -> PyResult<()> {
        let own = self.open_fd()?;
        let fd = descriptor(fd)?;
        let mut event = libc::epoll_event { events, u64: fd as u64 };
        // SAFETY: the event lives during the call.
        if gil::allow_threads(|| unsafe { libc::epoll_ctl(own, operation, fd, &mut event) }) < 0 {
            return Err(exc::os_error_last(None));
        }
        Ok(())
    }
}

#[pymethods]
impl PyEpoll {
    #[pynew(sig = "(sizehint=-1, flags=0)")]
    fn py_new(cls: &PyTypeObject, sizehint: i32, flags: i32) -> PyResult<ObjRef> {
        if sizehint <= 0 && sizehint != -1 {
            return Err(exc::value_error("sizehint must be positive or -1"));
        }
        if flags != 0 && flags != libc::EPOLL_CLOEXEC {
            return Err(exc::os_error("invalid flags"));
        }
        // SAFETY: a plain system call.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(exc::os_error_last(None));
        }
        Ok(new_in(cls, PyEpoll { ob_base: PyObject::placeholder(), fd: Cell::new(fd) })?.into_obj())
    }

    /// Create an epoll object from a given control fd.
    #[pyclassmethod(sig = "($type, fd, /)")]
    fn fromfd(cls: &PyTypeObject, fd: i32) -> PyResult<ObjRef> {
        Ok(new_in(cls, PyEpoll { ob_base: PyObject::placeholder(), fd: Cell::new(fd) })?.into_obj())
    }

    /// Close the epoll control file descriptor.
    ///
    /// Further operations on the epoll object will raise an exception.
    #[pymethod]
    fn close(&self) -> PyResult<()> {
        match self.shut() {
            0 => Ok(()),
            errno => Err(exc::os_error_errno(errno, None)),
        }
    }
    /// True if the epoll handler is closed
    #[pygetset]
    fn closed(&self) -> bool {
        self.fd.get() < 0
    }
    /// Return the epoll control file descriptor.
    #[pymethod]
    fn fileno(&self) -> PyResult<i32> {
        self.open_fd()
    }

    /// Modify event mask for a registered file descriptor.
    ///
    ///   fd
    ///     the target file descriptor of the operation
    ///   eventmask
    ///     a bit set composed of the various EPOLL constants
    #[pymethod(sig = "($self, /, fd, eventmask)")]
    fn modify(&self, fd: &PyObject, eventmask: &PyObject) -> PyResult<()> {
        self.control(libc::EPOLL_CTL_MOD, fd, number::index(eventmask)?.wrapping_u64() as u32)
    }
    /// Registers a new fd or raises an OSError if the fd is already registered.
    ///
    ///   fd
    ///     the target file descriptor of the operation
    ///   eventmask
    ///     a bit set composed of the various EPOLL constants
    ///
    /// The epoll interface supports all file descriptors that support poll.
    #[pymethod(sig = "($self, /, fd, eventmask=select.EPOLLIN | select.EPOLLPRI | select.EPOLLOUT)")]
    fn register(&self, fd: &PyObject, eventmask: Option<&PyObject>) -> PyResult<()> {
        let events = match eventmask {
            Some(mask) => number::index(mask)?.wrapping_u64() as u32,
            None => (libc::EPOLLIN | libc::EPOLLPRI | libc::EPOLLOUT) as u32,
        };
        self.control(libc::EPOLL_CTL_ADD, fd, events)
    }
    /// Remove a registered file descriptor from the epoll object.
    ///
    ///   fd
    ///     the target file descriptor of the operation
    #[pymethod(sig = "($self, /, fd)")]
    fn unregister(&self, fd: &PyObject) -> PyResult<()> {
        self.control(libc::EPOLL_CTL_DEL, fd, 0)
    }

    /// Wait for events on the epoll file descriptor.
    ///
    ///   timeout
    ///     the maximum time to wait in seconds (as float);
    ///     a timeout of None or -1 makes poll wait indefinitely
    ///   maxevents
    ///     the maximum number of events returned; -1 means no limit
    ///
    /// Returns a list containing any descriptors that have events to report,
    /// as a list of (fd, events) 2-tuples.
    #[pymethod(sig = "($self, /, timeout=None, maxevents=-1)")]
    fn poll(&self, timeout: Option<&PyObject>, maxevents: i32) -> PyResult<ObjRef> {
        let own = self.open_fd()?;
        let timeout = match timeout {
            None => None,
            Some(t) => {
                let ns = convert::to_nanoseconds(t, Rounding::Up).map_err(|e| {
                    if e.matches(exc::TypeError()) { exc::type_error("timeout must be an integer or None") } else { e }
                })?;
                (ns >= 0).then_some(ns)
            }
        };
        let mut ms = poll_ms(timeout)?;
        let max = match maxevents {
            -1 => libc::FD_SETSIZE - 1,
            n if n <= 0 => return Err(exc::value_error(format!("maxevents must be greater than 0, got {n}"))),
            n => n as usize,
        };
        let mut events: Vec<libc::epoll_event> = Vec::new();
        events.try_reserve_exact(max).map_err(|_| exc::memory_error())?;
        let deadline = Deadline::after(timeout)?;
        let ready = loop {
            // SAFETY: the array has room for so many events.
            let n = gil::allow_threads(|| unsafe { libc::epoll_wait(own, events.as_mut_ptr(), max as i32, ms) });
            if n >= 0 {
                break n as usize;
            }
            if exc::last_errno() != libc::EINTR {
                return Err(exc::os_error_last(None));
            }
            signals::run_pending()?;
            let left = deadline.left()?;
            if left == Some(0) {
                break 0;
            }
            ms = poll_ms(left)?;
        };
        // SAFETY: the call has written so many.
        unsafe { events.set_len(ready) };
        let list = events
            .iter()
            .map(|e| {
                let (fd, events) = (e.u64 as i32, e.events);
                PyTuple::from_array([int(fd.into()), int(events.into())]).into_obj()
            })
            .collect();
        Ok(PyList::new(list).into_obj())
    }

    #[pymethod(name = "__enter__")]
    fn enter(&self) -> PyResult<ObjRef> {
        self.open_fd()?;
        Ok(self.to_obj())
    }
    #[pymethod(name = "__exit__", sig = "($self, exc_type=None, exc_value=None, exc_tb=None, /)")]
    fn exit(
        &self,
        _exc_type: Option<&PyObject>,
        _exc_value: Option<&PyObject>,
        _exc_tb: Option<&PyObject>,
    ) -> PyResult<()> {
        self.close()
    }
}

//! `_multiprocessing` and `_posixshmem`: semaphores and memory shared between processes.

use core::cell::Cell;
use std::ffi::CString;

use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::number;
use rpy_vm::runtime::{gil, signals};
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, OptRef, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, exc, pyclass, pymethods};

const RECURSIVE_MUTEX: i32 = 0;
const SEMAPHORE: i32 = 1;

fn c_name(name: &str) -> PyResult<CString> {
    CString::new(name).map_err(|_| exc::value_error("embedded null character"))
}

/// A system-wide unique number of the thread.
fn thread_id() -> u64 {
    // SAFETY: a plain call.
    unsafe { libc::pthread_self() as u64 }
}

/// Semaphore/Mutex type
#[pyclass(name = "SemLock", module = "_multiprocessing", flags(BASETYPE))]
#[repr(C)]
pub struct PySemLock {
    ob_base: PyObject,
    handle: Cell<*mut libc::sem_t>,
    last_thread: Cell<u64>,
    /// How often the owner holds it.
    count: Cell<i32>,
    #[pymember(int, readonly, name = "maxvalue")]
    maxvalue: Cell<i32>,
    #[pymember(int, readonly, name = "kind")]
    kind: Cell<i32>,
    #[pymember(readonly, name = "name", object)]
    name: OptRef,
}

impl Drop for PySemLock {
    fn drop(&mut self) {
        if !self.handle.get().is_null() {
            // SAFETY: an open semaphore.
            unsafe { libc::sem_close(self.handle.get()) };
        }
    }
}

impl PySemLock {
    fn build(
        cls: &PyTypeObject,
        handle: *mut libc::sem_t,
        kind: i32,
        max: i32,
        name: Option<ObjRef>,
    ) -> PyResult<ObjRef> {
        let this = PySemLock {
            ob_base: PyObject::placeholder(),
            handle: Cell::new(handle),
            last_thread: Cell::new(0),
            count: Cell::new(0),
            maxvalue: Cell::new(max),
            kind: Cell::new(kind),
            name: OptRef::new(name),
        };
        Ok(new_in(cls, this)?.into_obj())
    }

    fn mine(&self) -> bool {
        self.count.get() > 0 && self.last_thread.get() == thread_id()
    }

    fn value(&self) -> PyResult<i32> {
        let mut value = 0;
        // SAFETY: an open semaphore.
        if unsafe { libc::sem_getvalue(self.handle.get(), &mut value) } < 0 {
            return Err(exc::os_error_last(None));
        }
        // Some systems count the waiters below zero.
        Ok(value.max(0))
    }
}

#[pymethods]
impl PySemLock {
    #[pynew(sig = "(kind, value, maxvalue, name, unlink)")]
    fn py_new(
        cls: &PyTypeObject,
        kind: i32,
        value: i32,
        maxvalue: i32,
        name: &PyStr,
        unlink: bool,
    ) -> PyResult<ObjRef> {
        if kind != RECURSIVE_MUTEX && kind != SEMAPHORE {
            return Err(exc::value_error("unrecognized kind"));
        }
        let c = c_name(name.as_utf8()?)?;
        let flags = libc::O_CREAT | libc::O_EXCL;
        // SAFETY: the variadic arguments are those of O_CREAT.
        let handle = unsafe { libc::sem_open(c.as_ptr(), flags, 0o600 as libc::c_uint, value as libc::c_uint) };
        if handle == libc::SEM_FAILED {
            return Err(exc::os_error_last(None));
        }
        if unlink {
            // SAFETY: a NUL-terminated name.
            if unsafe { libc::sem_unlink(c.as_ptr()) } < 0 {
                let error = exc::os_error_last(None);
                // SAFETY: the semaphore just opened.
                unsafe { libc::sem_close(handle) };
                return Err(error);
            }
        }
        Self::build(cls, handle, kind, maxvalue, (!unlink).then(|| name.to_obj()))
    }

    #[pyclassmethod(name = "_rebuild", sig = "($type, handle, kind, maxvalue, name, /)")]
    fn rebuild(cls: &PyTypeObject, handle: isize, kind: i32, maxvalue: i32, name: Option<&PyStr>) -> PyResult<ObjRef> {
        let handle = match name {
            Some(name) => {
                let c = c_name(name.as_utf8()?)?;
                // SAFETY: a NUL-terminated name.
                let handle = unsafe { libc::sem_open(c.as_ptr(), 0) };
                if handle == libc::SEM_FAILED {
                    return Err(exc::os_error_last(None));
                }
                handle
            }
            None => handle as *mut libc::sem_t,
        };
        Self::build(cls, handle, kind, maxvalue, name.map(PyStruct::to_obj))
    }

    /// Acquire the semaphore/lock.
    #[pymethod(sig = "($self, /, block=True, timeout=None)")]
    fn acquire(&self, block: bool, timeout: Option<&PyObject>) -> PyResult<bool> {
        if self.kind.get() == RECURSIVE_MUTEX && self.mine() {
            self.count.set(self.count.get() + 1);
            return Ok(true);
        }
        let deadline = match timeout {
            Some(timeout) => {
                let seconds = number::float(timeout)?.max(0.0);
                // SAFETY: plain data, filled in by the call.
                let mut now: libc::timespec = unsafe { core::mem::zeroed() };
                // SAFETY: the structure lives during the call.
                if unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &mut now) } < 0 {
                    return Err(exc::os_error_last(None));
                }
                let whole = seconds.min(1e12).trunc();
                now.tv_sec = now.tv_sec.saturating_add(whole as i64);
                now.tv_nsec += ((seconds.min(1e12) - whole) * 1e9 + 0.5) as i64;
                now.tv_sec += now.tv_nsec / 1_000_000_000;
                now.tv_nsec %= 1_000_000_000;
                Some(now)
            }
            None => None,
        };
        let handle = self.handle.get();
        // Often it is free: then the GIL is kept.
        // SAFETY: an open semaphore, here and below.
        let mut result = unsafe { libc::sem_trywait(handle) };
        let mut errno = if result < 0 { exc::last_errno() } else { 0 };
        if result < 0 && errno == libc::EAGAIN && block {
            loop {
                result = gil::allow_threads(|| unsafe {
                    match &deadline {
                        Some(deadline) => libc::sem_timedwait(handle, deadline),
                        None => libc::sem_wait(handle),
                    }
                });
                errno = if result < 0 { exc::last_errno() } else { 0 };
                if errno != libc::EINTR {
                    break;
                }
                signals::run_pending()?;
            }
        }
        if result < 0 {
            return match errno {
                libc::EAGAIN | libc::ETIMEDOUT => Ok(false),
                libc::EINTR => {
                    signals::run_pending()?;
                    Ok(false)
                }
                errno => Err(exc::os_error_errno(errno, None)),
            };
        }
        self.count.set(self.count.get() + 1);
        self.last_thread.set(thread_id());
        Ok(true)
    }

    /// Release the semaphore/lock.
    #[pymethod]
    fn release(&self) -> PyResult<()> {
        if self.kind.get() == RECURSIVE_MUTEX {
            if !self.mine() {
                return Err(exc::assertion_error("attempt to release recursive lock not owned by thread"));
            }
            if self.count.get() > 1 {
                self.count.set(self.count.get() - 1);
                return Ok(());
            }
        } else if self.value()? >= self.maxvalue.get() {
            return Err(exc::value_error("semaphore or lock released too many times"));
        }
        // SAFETY: an open semaphore.
        if unsafe { libc::sem_post(self.handle.get()) } < 0 {
            return Err(exc::os_error_last(None));
        }
        self.count.set(self.count.get() - 1);
        Ok(())
    }

    #[pygetset]
    fn handle(&self) -> usize {
        self.handle.get() as usize
    }
    /// Num of `acquire()`s minus num of `release()`s for this process.
    #[pymethod(name = "_count")]
    fn count_(&self) -> i32 {
        self.count.get()
    }
    /// Whether the lock is owned by this thread.
    #[pymethod(name = "_is_mine")]
    fn is_mine(&self) -> bool {
        self.mine()
    }
    /// Get the value of the semaphore.
    #[pymethod(name = "_get_value")]
    fn get_value(&self) -> PyResult<i32> {
        self.value()
    }
    /// Returns whether semaphore has value zero.
    #[pymethod(name = "_is_zero")]
    fn is_zero(&self) -> PyResult<bool> {
        Ok(self.value()? == 0)
    }
    /// Rezero the net acquisition count after fork().
    #[pymethod(name = "_after_fork")]
    fn after_fork(&self) {
        self.count.set(0);
    }
    /// Enter the semaphore/lock.
    #[pymethod(name = "__enter__")]
    fn enter(&self) -> PyResult<bool> {
        self.acquire(true, None)
    }
    /// Exit the semaphore/lock.
    #[pymethod(name = "__exit__", sig = "($self, exc_type=None, exc_value=None, exc_tb=None, /)")]
    fn exit(
        &self,
        _exc_type: Option<&PyObject>,
        _exc_value: Option<&PyObject>,
        _exc_tb: Option<&PyObject>,
    ) -> PyResult<()> {
        self.release()
    }
}

/// Semaphores for multiprocessing.
#[rpy_vm::pymodule(name = "_multiprocessing")]
pub mod multiprocessing_ {
    use super::{PySemLock, c_name};
    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::types::dict::PyDict;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::{PyClass, PyResult, exc};

    #[pyfunction(sig = "(name, /)")]
    fn sem_unlink(name: &str) -> PyResult<()> {
        let name = c_name(name)?;
        // SAFETY: a NUL-terminated name.
        if unsafe { libc::sem_unlink(name.as_ptr()) } < 0 { Err(exc::os_error_last(None)) } else { Ok(()) }
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        add_class::<PySemLock>(module)?;
        if let Some(dict) = PySemLock::type_object().tp_dict.peek() {
            dict.set_name("SEM_VALUE_MAX", crate::support::int(i32::MAX.into()));
        }
        let flags = PyDict::new();
        flags.set_name("HAVE_SEM_OPEN", crate::support::int(1));
        flags.set_name("HAVE_SEM_TIMEDWAIT", crate::support::int(1));
        module.add("flags", flags)
    }
}

fn shm_name(path: &str) -> PyResult<CString> {
    CString::new(path).map_err(|_| exc::value_error("embedded null character"))
}

fn shm_error(path: &str) -> PyErr {
    exc::os_error_last(Some(PyStr::new(path).as_object()))
}

/// POSIX shared memory module
#[rpy_vm::pymodule(name = "_posixshmem")]
pub mod posixshmem {
    use super::{gil, shm_error, shm_name, signals};
    use rpy_vm::{PyResult, exc};

    /// Open a shared memory object.  Returns a file descriptor (integer).
    #[pyfunction(sig = "(path, flags, mode=511)")]
    fn shm_open(path: &str, flags: i32, mode: i32) -> PyResult<i32> {
        let name = shm_name(path)?;
        loop {
            // SAFETY: a NUL-terminated name.
            let fd = gil::allow_threads(|| unsafe { libc::shm_open(name.as_ptr(), flags, mode as libc::mode_t) });
            if fd >= 0 {
                return Ok(fd);
            }
            if exc::last_errno() != libc::EINTR {
                return Err(shm_error(path));
            }
            signals::run_pending()?;
        }
    }

    /// Remove a shared memory object (similar to unlink()).
    ///
    /// Remove a shared memory object name, and, once all processes  have  unmapped
    /// the object, de-allocates and destroys the contents of the associated memory
    /// region.
    #[pyfunction(sig = "(path)")]
    fn shm_unlink(path: &str) -> PyResult<()> {
        let name = shm_name(path)?;
        // SAFETY: a NUL-terminated name.
        if gil::allow_threads(|| unsafe { libc::shm_unlink(name.as_ptr()) }) < 0 {
            return Err(shm_error(path));
        }
        Ok(())
    }
}

//! `_thread.lock` and `_thread.RLock`.

use core::cell::Cell;
use std::time::Duration;

use rpy_vm::object::alloc::new_in;
use rpy_vm::runtime::rawlock::{RawLock, Wait};
use rpy_vm::runtime::thread;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, pyclass, pymethods};

/// Longest time a lock can be waited for, in seconds.
pub const TIMEOUT_MAX: f64 = 9_223_372_036.0;

/// The arguments of `acquire` by their meaning.
///
/// # Errors
/// `ValueError` and `OverflowError` for times that make no sense.
pub fn wait_of(blocking: bool, timeout: Option<f64>) -> PyResult<Wait> {
    let timeout = timeout.unwrap_or(-1.0);
    if !blocking {
        return if timeout == -1.0 {
            Ok(Wait::Not)
        } else {
            Err(exc::value_error("can't specify a timeout for a non-blocking call"))
        };
    }
    if timeout == -1.0 {
        return Ok(Wait::Forever);
    }
    if timeout.is_nan() {
        return Err(exc::value_error("Invalid value NaN (not a number)"));
    }
    if timeout < 0.0 {
        return Err(exc::value_error("timeout value must be a non-negative number"));
    }
    if timeout > TIMEOUT_MAX {
        return Err(exc::overflow_error("timestamp out of range for platform time_t"));
    }
    Ok(if timeout == 0.0 { Wait::Not } else { Wait::For(Duration::from_secs_f64(timeout)) })
}

/// A lock object is a synchronization primitive.  To create a lock,
/// call threading.Lock().  Methods are:
///
/// acquire() -- lock the lock, possibly blocking until it can be obtained
/// release() -- unlock of the lock
/// locked() -- test whether the lock is currently locked
///
/// A lock is not owned by the thread that locked it; another thread may
/// unlock it.  A thread attempting to lock a lock that it has already locked
/// will block until another thread unlocks it.  Deadlocks may ensue.
#[pyclass(name = "lock", module = "_thread", weaklist = weakrefs)]
#[repr(C)]
pub struct PyLock {
    ob_base: PyObject,
    lock: RawLock,
    weakrefs: Cell<*mut PyObject>,
}

impl PyLock {
    /// A free lock object.
    pub fn new() -> Ref<PyLock> {
        rpy_vm::object::alloc::new_exact(PyLock::fresh())
    }

    fn fresh() -> PyLock {
        PyLock { ob_base: PyObject::placeholder(), lock: RawLock::new(), weakrefs: Cell::new(core::ptr::null_mut()) }
    }

    fn unlock(&self) -> PyResult<()> {
        if self.lock.release() { Ok(()) } else { Err(exc::runtime_error("release unlocked lock")) }
    }
}

#[pymethods]
impl PyLock {
    #[pynew(sig = "()")]
    fn py_new(cls: &PyTypeObject) -> PyResult<ObjRef> {
        new_in(cls, PyLock::fresh()).map(Ref::into_obj)
    }

    #[slot]
    fn tp_repr(&self) -> String {
        let state = if self.lock.is_locked() { "locked" } else { "unlocked" };
        format!("<{state} {} object at {:p}>", self.as_object().ty().full_name(), self)
    }

    /// Lock the lock.
    ///
    /// Without argument, this blocks if the lock is already
    /// locked (even by the same thread), waiting for another thread to release
    /// the lock, and return True once the lock is acquired.
    /// With an argument, this will only block if the argument is true,
    /// and the return value reflects whether the lock is acquired.
    /// The blocking operation is interruptible.
    #[pymethod(sig = "($self, /, blocking=True, timeout=-1)")]
    fn acquire(&self, blocking: Option<bool>, timeout: Option<f64>) -> PyResult<bool> {
        self.lock.acquire(wait_of(blocking.unwrap_or(true), timeout)?)
    }

    /// An obsolete synonym of acquire().
    #[pymethod(sig = "($self, /, blocking=True, timeout=-1)")]
    fn acquire_lock(&self, blocking: Option<bool>, timeout: Option<f64>) -> PyResult<bool> {
        self.acquire(blocking, timeout)
    }

    /// Release the lock.
    ///
    /// Allows another thread that is blocked waiting for
    /// the lock to acquire the lock.  The lock must be in the locked state,
    /// but it needn't be locked by the same thread that unlocks it.
    #[pymethod]
    fn release(&self) -> PyResult<()> {
        self.unlock()
    }

    /// An obsolete synonym of release().
    #[pymethod]
    fn release_lock(&self) -> PyResult<()> {
        self.unlock()
    }

    /// Return whether the lock is in the locked state.
    #[pymethod]
    fn locked(&self) -> bool {
        self.lock.is_locked()
    }

    /// An obsolete synonym of locked().
    #[pymethod]
    fn locked_lock(&self) -> bool {
        self.lock.is_locked()
    }

    /// Lock the lock.
    #[pymethod(name = "__enter__")]
    fn enter(&self) -> PyResult<bool> {
        self.lock.acquire(Wait::Forever)
    }

    /// Release the lock.
    #[pymethod(name = "__exit__", sig = "($self, /, *exc_info)")]
    fn exit(&self, _exc_info: &[&PyObject]) -> PyResult<()> {
        self.unlock()
    }

    #[pymethod(name = "_at_fork_reinit")]
    fn at_fork_reinit(&self) {
        self.lock.reset();
    }
}

#[pyclass(name = "RLock", module = "_thread", weaklist = weakrefs, flags(BASETYPE))]
#[repr(C)]
pub struct PyRLock {
    ob_base: PyObject,
    lock: RawLock,
    /// Identity of the owner, 0 while free.
    owner: Cell<u64>,
    count: Cell<u64>,
    weakrefs: Cell<*mut PyObject>,
}

fn me() -> u64 {
    thread::current().thread_id.get()
}

impl PyRLock {
    fn is_mine(&self) -> bool {
        self.count.get() > 0 && self.owner.get() == me()
    }

    fn take(&self, wait: Wait) -> PyResult<bool> {
        if self.is_mine() {
            let count = self.count.get().checked_add(1);
            self.count.set(count.ok_or_else(|| exc::overflow_error("Internal lock count overflowed"))?);
            return Ok(true);
        }
        if !self.lock.acquire(wait)? {
            return Ok(false);
        }
        self.owner.set(me());
        self.count.set(1);
        Ok(true)
    }

    fn give(&self) -> PyResult<()> {
        if !self.is_mine() {
            return Err(exc::runtime_error("cannot release un-acquired lock"));
        }
        self.count.set(self.count.get() - 1);
        if self.count.get() == 0 {
            self.owner.set(0);
            self.lock.release();
        }
        Ok(())
    }
}

#[pymethods]
impl PyRLock {
    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&rpy_vm::types::dict::PyDict>) -> PyResult<ObjRef> {
        let value = PyRLock {
            ob_base: PyObject::placeholder(),
            lock: RawLock::new(),
            owner: Cell::new(0),
            count: Cell::new(0),
            weakrefs: Cell::new(core::ptr::null_mut()),
        };
        new_in(cls, value).map(Ref::into_obj)
    }

    #[slot]
    fn tp_repr(&self) -> String {
        let state = if self.count.get() > 0 { "locked" } else { "unlocked" };
        format!(
            "<{state} {} object owner={} count={} at {:p}>",
            self.as_object().ty().full_name(),
            self.owner.get(),
            self.count.get(),
            self
        )
    }

    /// Lock the lock.
    ///
    /// `blocking` indicates whether we should wait
    /// for the lock to be available or not.  If `blocking` is False
    /// and another thread holds the lock, the method will return False
    /// immediately.  If `blocking` is True and another thread holds
    /// the lock, the method will wait for the lock to be released,
    /// take it and then return True.
    /// (note: the blocking operation is interruptible.)
    ///
    /// In all other cases, the method will return True immediately.
    /// Precisely, if the current thread already holds the lock, its
    /// internal counter is simply incremented. If nobody holds the lock,
    /// the lock is taken and its internal counter initialized to 1.
    #[pymethod(sig = "($self, /, blocking=True, timeout=-1)")]
    fn acquire(&self, blocking: Option<bool>, timeout: Option<f64>) -> PyResult<bool> {
        self.take(wait_of(blocking.unwrap_or(true), timeout)?)
    }

    /// Release the lock.
    ///
    /// Allows another thread that is blocked waiting for
    /// the lock to acquire the lock.  The lock must be in the locked state,
    /// and must be locked by the same thread that unlocks it; otherwise a
    /// `RuntimeError` is raised.
    ///
    /// Do note that if the lock was acquire()d several times in a row by the
    /// current thread, release() needs to be called as many times for the lock
    /// to be available for other threads.
    #[pymethod]
    fn release(&self) -> PyResult<()> {
        self.give()
    }

    /// Lock the lock.
    #[pymethod(name = "__enter__")]
    fn enter(&self) -> PyResult<bool> {
        self.take(Wait::Forever)
    }

    /// Release the lock.
    #[pymethod(name = "__exit__", sig = "($self, /, *exc_info)")]
    fn exit(&self, _exc_info: &[&PyObject]) -> PyResult<()> {
        self.give()
    }

    /// Return a boolean indicating whether this object is locked right now.
    #[pymethod]
    fn locked(&self) -> bool {
        self.count.get() > 0
    }

    /// For internal use by `threading.Condition`.
    #[pymethod(name = "_is_owned")]
    fn is_owned(&self) -> bool {
        self.is_mine()
    }

    /// For internal use by reentrancy checks.
    #[pymethod(name = "_recursion_count")]
    fn recursion_count(&self) -> u64 {
        if self.is_mine() { self.count.get() } else { 0 }
    }

    /// For internal use by `threading.Condition`.
    #[pymethod(name = "_release_save")]
    fn release_save(&self) -> PyResult<ObjRef> {
        if self.count.get() == 0 {
            return Err(exc::runtime_error("cannot release un-acquired lock"));
        }
        let (count, owner) = (self.count.replace(0), self.owner.replace(0));
        self.lock.release();
        Ok(PyTuple::new(vec![PyInt::from_u64(count).into_obj(), PyInt::from_u64(owner).into_obj()]).into_obj())
    }

    /// For internal use by `threading.Condition`.
    #[pymethod(name = "_acquire_restore", sig = "($self, state, /)")]
    fn acquire_restore(&self, state: &PyTuple) -> PyResult<()> {
        let number = |i: usize| state.get(i).and_then(|n| n.downcast_ref::<PyInt>()).and_then(PyInt::as_u64);
        let (Some(count), Some(owner)) = (number(0), number(1)) else {
            return Err(exc::type_error("_acquire_restore() argument 1 must be a 2-tuple of ints"));
        };
        self.lock.acquire(Wait::Forever)?;
        self.owner.set(owner);
        self.count.set(count);
        Ok(())
    }

    #[pymethod(name = "_at_fork_reinit")]
    fn at_fork_reinit(&self) {
        self.lock.reset();
        self.owner.set(0);
        self.count.set(0);
    }
}

//! Scheduling policies and priorities.

use core::cell::Cell;
use core::ffi::{c_int, c_void};

use rpy_vm::object::defs::{PyMethodDef, meth};
use rpy_vm::protocol::number;
use rpy_vm::protocol::object::getattr;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::types::type_::ready;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, PyTypeObject, exc, intern, pymodule};

use super::stat::SCHED_PARAM;

/// The module's functions of this file.
pub const FUNCTIONS: &[PyMethodDef] = functions::MODULE.functions;

/// `sched_param(sched_priority)`: one field, given by position or by name.
unsafe extern "C-unwind" fn new_param(
    _cls: *mut PyTypeObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the slot's contract: a tuple, and a dict or null.
    let (args, kwargs) = unsafe {
        let args: &PyTuple = (*args).cast_unchecked_ref();
        (args, kwargs.as_ref().map(|kwargs| -> &PyDict { kwargs.cast_unchecked_ref() }))
    };
    let make = || -> PyResult<ObjRef> {
        let named = kwargs.and_then(|kwargs| kwargs.get_name("sched_priority"));
        let total = args.len() + kwargs.map_or(0, PyDict::len);
        let priority = match (args.items(), named) {
            ([priority], None) if total == 1 => priority.new_ref(),
            ([], Some(priority)) if total == 1 => priority,
            ([], None) if total == 0 => {
                return Err(exc::type_error("sched_param() missing required argument 'sched_priority' (pos 1)"));
            }
            _ if total > 1 => {
                return Err(exc::type_error(format!("sched_param() takes at most 1 argument ({total} given)")));
            }
            _ => return Err(exc::type_error("sched_param() got an unexpected keyword argument")),
        };
        SCHED_PARAM.build(vec![priority])
    };
    match make() {
        Ok(param) => param.into_raw() as *mut PyObject,
        Err(e) => e.restore_null(),
    }
}

/// `sched_param.__reduce__`: the class, and the priority as its argument.
unsafe extern "C-unwind" fn reduce(this: *mut PyObject, _args: *mut PyObject) -> *mut PyObject {
    // SAFETY: the method's contract: a `sched_param`.
    let this = unsafe { &*this };
    let parts = getattr(this, intern!("sched_priority"))
        .map(|priority| PyTuple::from_array([this.ty().to_obj(), PyTuple::from_array([priority]).into_obj()]));
    match parts {
        Ok(parts) => parts.into_obj().into_raw() as *mut PyObject,
        Err(e) => e.restore_null(),
    }
}

static REDUCE: PyMethodDef = PyMethodDef {
    ml_name: c"__reduce__".as_ptr(),
    ml_meth: reduce as *const c_void,
    ml_flags: meth::NOARGS | meth::COEXIST,
    ml_doc: Cell::new(c"Helper for pickle.".as_ptr()),
};

/// Gives `sched_param` its constructor, and its way to be pickled.
///
/// # Errors
/// What making the type raises.
pub fn prepare() -> PyResult<()> {
    let class = SCHED_PARAM.get()?;
    class.tp_new.set(Some(new_param));
    if let Some(dict) = class.tp_dict.get() {
        // SAFETY: the definition is static.
        unsafe { ready::add_method(class, &dict, &REDUCE)? };
    }
    Ok(())
}

/// The priority in a `sched_param`.
pub fn param(object: &PyObject) -> PyResult<libc::sched_param> {
    if !object.is_exact_type(SCHED_PARAM.get()?) {
        return Err(exc::type_error("must have a sched_param object"));
    }
    let priority = getattr(object, intern!("sched_priority"))?;
    let priority = number::as_isize(&priority, Some(exc::OverflowError()))?;
    let priority = c_int::try_from(priority).map_err(|_| exc::overflow_error("sched_priority out of range"))?;
    Ok(libc::sched_param { sched_priority: priority })
}

fn checked(result: c_int) -> PyResult<c_int> {
    if result < 0 { Err(exc::os_error_last(None)) } else { Ok(result) }
}

/// See [`FUNCTIONS`].
#[pymodule(name = "posix")]
mod functions {
    use super::*;

    /// Get the maximum scheduling priority for policy.
    #[pyfunction(sig = "(policy)")]
    fn sched_get_priority_max(policy: c_int) -> PyResult<c_int> {
        // SAFETY: plain system calls, here and below where nothing else is said.
        checked(unsafe { libc::sched_get_priority_max(policy) })
    }
    /// Get the minimum scheduling priority for policy.
    #[pyfunction(sig = "(policy)")]
    fn sched_get_priority_min(policy: c_int) -> PyResult<c_int> {
        // SAFETY: a plain system call.
        checked(unsafe { libc::sched_get_priority_min(policy) })
    }
    /// Get the scheduling policy for the process identified by pid.
    ///
    /// Passing 0 for pid returns the scheduling policy for the calling process.
    #[pyfunction(sig = "(pid, /)")]
    fn sched_getscheduler(pid: i32) -> PyResult<c_int> {
        // SAFETY: a plain system call.
        checked(unsafe { libc::sched_getscheduler(pid) })
    }
    /// Set the scheduling policy for the process identified by pid.
    ///
    /// If pid is 0, the calling process is changed.
    /// param is an instance of sched_param.
    #[pyfunction(sig = "(pid, policy, param, /)")]
    fn sched_setscheduler(pid: i32, policy: c_int, param: &PyObject) -> PyResult<()> {
        let param = super::param(param)?;
        // SAFETY: the parameters live during the call.
        checked(unsafe { libc::sched_setscheduler(pid, policy, &param) }).map(drop)
    }
    /// Returns scheduling parameters for the process identified by pid.
    ///
    /// If pid is 0, returns parameters for the calling process.
    /// Return value is an instance of sched_param.
    #[pyfunction(sig = "(pid, /)")]
    fn sched_getparam(pid: i32) -> PyResult<ObjRef> {
        let mut param = libc::sched_param { sched_priority: 0 };
        // SAFETY: parameters to fill in.
        checked(unsafe { libc::sched_getparam(pid, &mut param) })?;
        SCHED_PARAM.build(vec![PyInt::from_i64(i64::from(param.sched_priority)).into_obj()])
    }
    /// Set scheduling parameters for the process identified by pid.
    ///
    /// If pid is 0, sets parameters for the calling process.
    /// param should be an instance of sched_param.
    #[pyfunction(sig = "(pid, param, /)")]
    fn sched_setparam(pid: i32, param: &PyObject) -> PyResult<()> {
        let param = super::param(param)?;
        // SAFETY: the parameters live during the call.
        checked(unsafe { libc::sched_setparam(pid, &param) }).map(drop)
    }
    /// Return the round-robin quantum for the process identified by pid, in seconds.
    ///
    /// Value returned is a float.
    #[pyfunction(sig = "(pid, /)")]
    fn sched_rr_get_interval(pid: i32) -> PyResult<f64> {
        let mut interval = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: a time to fill in.
        checked(unsafe { libc::sched_rr_get_interval(pid, &mut interval) })?;
        Ok(interval.tv_sec as f64 + 1e-9 * interval.tv_nsec as f64)
    }
    /// Set program scheduling priority.
    #[pyfunction(sig = "(which, who, priority)")]
    fn setpriority(which: i32, who: i32, priority: i32) -> PyResult<()> {
        // SAFETY: a plain system call.
        checked(unsafe { libc::setpriority(which as libc::__priority_which_t, who as libc::id_t, priority) }).map(drop)
    }
    /// Disassociate parts of a process (or thread) execution context.
    ///
    ///   flags
    ///     Namespaces to be unshared.
    #[pyfunction(sig = "(flags)")]
    fn unshare(flags: c_int) -> PyResult<()> {
        // SAFETY: a plain system call.
        checked(unsafe { libc::unshare(flags) }).map(drop)
    }
    /// Move the calling thread into different namespaces.
    ///
    ///   fd
    ///     A file descriptor to a namespace.
    ///   nstype
    ///     Type of namespace.
    #[pyfunction(sig = "(fd, nstype=0)")]
    fn setns(fd: super::super::path::Fd, nstype: c_int) -> PyResult<()> {
        // SAFETY: a plain system call.
        checked(unsafe { libc::setns(fd.0, nstype) }).map(drop)
    }
}

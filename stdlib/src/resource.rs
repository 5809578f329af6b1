//! `resource`: limits and usage of resources.

use rpy_vm::types::float::PyFloat;
use rpy_vm::{ObjRef, PyResult, structseq};

use crate::support::int;

structseq! {
    /// What `getrusage` returns.
    pub static RUSAGE = c"resource.struct_rusage", Some(c"struct_rusage: Result from getrusage.\n\nThis object may be accessed either as a tuple of\n    (utime,stime,maxrss,ixrss,idrss,isrss,minflt,majflt,\n    nswap,inblock,oublock,msgsnd,msgrcv,nsignals,nvcsw,nivcsw)\nor via the attributes ru_utime, ru_stime, ru_maxrss, and so on."), 16, true, [
        (c"ru_utime", c"user time used"),
        (c"ru_stime", c"system time used"),
        (c"ru_maxrss", c"max. resident set size"),
        (c"ru_ixrss", c"shared memory size"),
        (c"ru_idrss", c"unshared data size"),
        (c"ru_isrss", c"unshared stack size"),
        (c"ru_minflt", c"page faults not requiring I/O"),
        (c"ru_majflt", c"page faults requiring I/O"),
        (c"ru_nswap", c"number of swap outs"),
        (c"ru_inblock", c"block input operations"),
        (c"ru_oublock", c"block output operations"),
        (c"ru_msgsnd", c"IPC messages sent"),
        (c"ru_msgrcv", c"IPC messages received"),
        (c"ru_nsignals", c"signals received"),
        (c"ru_nvcsw", c"voluntary context switches"),
        (c"ru_nivcsw", c"involuntary context switches"),
    ]
}

const NUMBERS: &[(&str, i64)] = &[
    ("RLIMIT_CPU", 0),
    ("RLIMIT_FSIZE", 1),
    ("RLIMIT_DATA", 2),
    ("RLIMIT_STACK", 3),
    ("RLIMIT_CORE", 4),
    ("RLIMIT_RSS", libc::RLIMIT_RSS as i64),
    ("RLIMIT_NPROC", libc::RLIMIT_NPROC as i64),
    ("RLIMIT_NOFILE", libc::RLIMIT_NOFILE as i64),
    ("RLIMIT_OFILE", libc::RLIMIT_NOFILE as i64),
    ("RLIMIT_MEMLOCK", libc::RLIMIT_MEMLOCK as i64),
    ("RLIMIT_AS", libc::RLIMIT_AS as i64),
    ("RLIMIT_SIGPENDING", 11),
    ("RLIMIT_MSGQUEUE", 12),
    ("RLIMIT_NICE", 13),
    ("RLIMIT_RTPRIO", 14),
    ("RLIMIT_RTTIME", 15),
    ("RLIM_INFINITY", -1),
    ("RUSAGE_SELF", 0),
    ("RUSAGE_CHILDREN", -1),
    ("RUSAGE_THREAD", 1),
];

/// A `struct_rusage`.
///
/// # Errors
/// `MemoryError`.
pub fn usage_object(usage: &libc::rusage) -> PyResult<ObjRef> {
    let time = |t: libc::timeval| PyFloat::new(t.tv_sec as f64 + t.tv_usec as f64 * 1e-6).into_obj();
    let mut values = vec![time(usage.ru_utime), time(usage.ru_stime)];
    values.extend(
        [
            usage.ru_maxrss,
            usage.ru_ixrss,
            usage.ru_idrss,
            usage.ru_isrss,
            usage.ru_minflt,
            usage.ru_majflt,
            usage.ru_nswap,
            usage.ru_inblock,
            usage.ru_oublock,
            usage.ru_msgsnd,
            usage.ru_msgrcv,
            usage.ru_nsignals,
            usage.ru_nvcsw,
            usage.ru_nivcsw,
        ]
        .map(int),
    );
    RUSAGE.build(values)
}

/// Resource usage and limits.
#[rpy_vm::pymodule(name = "resource")]
pub mod resource_ {
    use core::mem::zeroed;

    use rpy_vm::protocol::{number, sequence};
    use rpy_vm::runtime::audit;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, exc};

    use super::RUSAGE;
    use crate::support::int;

    /// There are 16 resources.
    fn checked(resource: i32) -> PyResult<libc::__rlimit_resource_t> {
        if (0..16).contains(&resource) {
            Ok(resource as _)
        } else {
            Err(exc::value_error("invalid resource specified"))
        }
    }

    fn last_error() -> rpy_vm::PyErr {
        match exc::last_errno() {
            libc::EINVAL => exc::value_error("current limit exceeds maximum limit"),
            libc::EPERM => exc::value_error("not allowed to raise maximum limit"),
            errno => exc::os_error_errno(errno, None),
        }
    }

    fn limit_value(object: &PyObject) -> PyResult<libc::rlim_t> {
        let value = number::index(object)?;
        value
            .as_i64()
            .map(|n| n as libc::rlim_t)
            .or_else(|| value.as_u64())
            .ok_or_else(|| exc::overflow_error("Python int too large to convert to C rlim_t"))
    }

    fn limits(object: &PyObject) -> PyResult<libc::rlimit> {
        let pair = sequence::to_tuple(object)?;
        if pair.len() != 2 {
            return Err(exc::value_error("expected a tuple of 2 integers"));
        }
        Ok(libc::rlimit { rlim_cur: limit_value(pair.items()[0])?, rlim_max: limit_value(pair.items()[1])? })
    }

    fn pair(limits: &libc::rlimit) -> (i64, i64) {
        (limits.rlim_cur as i64, limits.rlim_max as i64)
    }

    #[pyfunction(sig = "(who, /)")]
    fn getrusage(who: i32) -> PyResult<ObjRef> {
        // SAFETY: plain data, filled in by the call.
        let mut usage: libc::rusage = unsafe { zeroed() };
        // SAFETY: the structure lives during the call.
        if unsafe { libc::getrusage(who, &mut usage) } < 0 {
            return Err(match exc::last_errno() {
                libc::EINVAL => exc::value_error("invalid who parameter"),
                errno => exc::os_error_errno(errno, None),
            });
        }
        super::usage_object(&usage)
    }

    #[pyfunction(sig = "(resource, /)")]
    fn getrlimit(resource: i32) -> PyResult<(i64, i64)> {
        let resource = checked(resource)?;
        let mut found = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: the structure lives during the call.
        if unsafe { libc::getrlimit(resource, &mut found) } < 0 {
            return Err(exc::os_error_last(None));
        }
        Ok(pair(&found))
    }

    #[pyfunction(sig = "(resource, limits, /)")]
    fn setrlimit(resource: i32, limits: &PyObject) -> PyResult<()> {
        let number = checked(resource)?;
        audit::audit("resource.setrlimit", &[&int(resource.into()), limits])?;
        let wanted = self::limits(limits)?;
        // SAFETY: the structure lives during the call.
        if unsafe { libc::setrlimit(number, &wanted) } < 0 { Err(last_error()) } else { Ok(()) }
    }

    #[pyfunction(sig = "(pid, resource, limits=None, /)")]
    fn prlimit(pid: i32, resource: i32, limits: Option<&PyObject>) -> PyResult<(i64, i64)> {
        let number = checked(resource)?;
        audit::audit(
            "resource.prlimit",
            &[&int(pid.into()), &int(resource.into()), limits.unwrap_or(rpy_vm::none_ref())],
        )?;
        let mut old = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        let wanted = limits.map(self::limits).transpose()?;
        let wanted = wanted.as_ref().map_or(core::ptr::null(), core::ptr::from_ref);
        // SAFETY: the structures live during the call.
        if unsafe { libc::prlimit(pid, number, wanted, &mut old) } < 0 {
            return Err(last_error());
        }
        Ok(pair(&old))
    }

    #[pyfunction]
    fn getpagesize() -> i64 {
        // SAFETY: a plain call.
        unsafe { libc::sysconf(libc::_SC_PAGESIZE) }
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        crate::support::add_numbers(module, super::NUMBERS)?;
        module.add("error", exc::OSError().to_obj())?;
        module.add("struct_rusage", RUSAGE.get()?.to_obj())
    }
}

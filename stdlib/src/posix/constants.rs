//! The numbers of `posix`.

use rpy_vm::protocol::number;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::module::PyModule;
use rpy_vm::types::str::PyStr;
use rpy_vm::{PyObject, PyResult, exc};

macro_rules! constants {
    ($($name:ident),* $(,)?) => { &[$((stringify!($name), libc::$name as i64)),*] };
}

const NUMBERS: &[(&str, i64)] = constants![
    CLONE_FILES,
    CLONE_FS,
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    CLONE_SIGHAND,
    CLONE_SYSVSEM,
    CLONE_THREAD,
    CLONE_VM,
    MFD_HUGETLB,
    TFD_CLOEXEC,
    TFD_NONBLOCK,
    TFD_TIMER_ABSTIME,
    F_OK,
    R_OK,
    W_OK,
    X_OK,
    O_RDONLY,
    O_WRONLY,
    O_RDWR,
    O_NDELAY,
    O_NONBLOCK,
    O_APPEND,
    O_DSYNC,
    O_RSYNC,
    O_SYNC,
    O_NOCTTY,
    O_CREAT,
    O_EXCL,
    O_TRUNC,
    O_LARGEFILE,
    O_PATH,
    O_TMPFILE,
    O_CLOEXEC,
    O_ACCMODE,
    O_ASYNC,
    O_DIRECT,
    O_DIRECTORY,
    O_NOFOLLOW,
    O_NOATIME,
    WNOHANG,
    WCONTINUED,
    WUNTRACED,
    WEXITED,
    WNOWAIT,
    WSTOPPED,
    P_PID,
    P_PGID,
    P_ALL,
    P_PIDFD,
    CLD_EXITED,
    CLD_KILLED,
    CLD_DUMPED,
    CLD_TRAPPED,
    CLD_STOPPED,
    CLD_CONTINUED,
    PRIO_PROCESS,
    PRIO_PGRP,
    PRIO_USER,
    SCHED_OTHER,
    SCHED_BATCH,
    SCHED_IDLE,
    SCHED_FIFO,
    SCHED_RR,
    SCHED_RESET_ON_FORK,
    RTLD_LAZY,
    RTLD_NOW,
    RTLD_GLOBAL,
    RTLD_LOCAL,
    RTLD_NODELETE,
    RTLD_NOLOAD,
    RTLD_DEEPBIND,
    GRND_RANDOM,
    GRND_NONBLOCK,
    F_LOCK,
    F_TLOCK,
    F_ULOCK,
    F_TEST,
    POSIX_FADV_NORMAL,
    POSIX_FADV_SEQUENTIAL,
    POSIX_FADV_RANDOM,
    POSIX_FADV_NOREUSE,
    POSIX_FADV_WILLNEED,
    POSIX_FADV_DONTNEED,
    ST_RDONLY,
    ST_NOSUID,
    ST_NODEV,
    ST_NOEXEC,
    ST_SYNCHRONOUS,
    ST_MANDLOCK,
    ST_WRITE,
    ST_APPEND,
    ST_NOATIME,
    ST_NODIRATIME,
    ST_RELATIME,
    SEEK_DATA,
    SEEK_HOLE,
    SPLICE_F_MOVE,
    SPLICE_F_NONBLOCK,
    SPLICE_F_MORE,
    EFD_CLOEXEC,
    EFD_NONBLOCK,
    EFD_SEMAPHORE,
    MFD_CLOEXEC,
    MFD_ALLOW_SEALING,
    XATTR_CREATE,
    XATTR_REPLACE,
];

/// `pathconf` names.
pub const PATHCONF: &[(&str, i64)] = &[
    ("PC_LINK_MAX", libc::_PC_LINK_MAX as i64),
    ("PC_MAX_CANON", libc::_PC_MAX_CANON as i64),
    ("PC_MAX_INPUT", libc::_PC_MAX_INPUT as i64),
    ("PC_NAME_MAX", libc::_PC_NAME_MAX as i64),
    ("PC_PATH_MAX", libc::_PC_PATH_MAX as i64),
    ("PC_PIPE_BUF", libc::_PC_PIPE_BUF as i64),
    ("PC_CHOWN_RESTRICTED", libc::_PC_CHOWN_RESTRICTED as i64),
    ("PC_NO_TRUNC", libc::_PC_NO_TRUNC as i64),
    ("PC_VDISABLE", libc::_PC_VDISABLE as i64),
];

/// `sysconf` names.
pub const SYSCONF: &[(&str, i64)] = &[
    ("SC_ARG_MAX", libc::_SC_ARG_MAX as i64),
    ("SC_CHILD_MAX", libc::_SC_CHILD_MAX as i64),
    ("SC_CLK_TCK", libc::_SC_CLK_TCK as i64),
    ("SC_NGROUPS_MAX", libc::_SC_NGROUPS_MAX as i64),
    ("SC_OPEN_MAX", libc::_SC_OPEN_MAX as i64),
    ("SC_IOV_MAX", libc::_SC_IOV_MAX as i64),
    ("SC_PAGESIZE", libc::_SC_PAGESIZE as i64),
    ("SC_PAGE_SIZE", libc::_SC_PAGE_SIZE as i64),
    ("SC_NPROCESSORS_CONF", libc::_SC_NPROCESSORS_CONF as i64),
    ("SC_NPROCESSORS_ONLN", libc::_SC_NPROCESSORS_ONLN as i64),
    ("SC_PHYS_PAGES", libc::_SC_PHYS_PAGES as i64),
    ("SC_AVPHYS_PAGES", libc::_SC_AVPHYS_PAGES as i64),
    ("SC_SEM_NSEMS_MAX", libc::_SC_SEM_NSEMS_MAX as i64),
    ("SC_SEM_VALUE_MAX", libc::_SC_SEM_VALUE_MAX as i64),
    ("SC_GETPW_R_SIZE_MAX", libc::_SC_GETPW_R_SIZE_MAX as i64),
    ("SC_VERSION", libc::_SC_VERSION as i64),
];

/// `confstr` names.
pub const CONFSTR: &[(&str, i64)] = &[("CS_PATH", 0), ("CS_GNU_LIBC_VERSION", 2), ("CS_GNU_LIBPTHREAD_VERSION", 3)];

fn names(table: &[(&str, i64)]) -> rpy_vm::Ref<PyDict> {
    let dict = PyDict::new();
    for (name, value) in table {
        dict.set_name(name, PyInt::from_i64(*value).into_obj());
    }
    dict
}

/// A configuration name: a known one as text, or any number.
pub fn conf_name(name: &PyObject, table: &[(&str, i64)], message: &str) -> PyResult<i32> {
    if let Some(text) = name.downcast_ref::<PyStr>() {
        let text = text.to_string_lossy();
        return table
            .iter()
            .find(|(n, _)| *n == text)
            .map(|(_, v)| *v as i32)
            .ok_or_else(|| exc::value_error("unrecognized configuration name"));
    }
    if !number::is_index(name) {
        return Err(exc::type_error(message));
    }
    Ok(number::as_isize(name, Some(exc::OverflowError()))? as i32)
}

/// Adds all constants to the module.
pub fn add(module: &PyModule) -> PyResult<()> {
    for (name, value) in NUMBERS {
        module.add(name, *value)?;
    }
    // <sysexits.h>
    for (name, value) in [
        ("EX_OK", 0),
        ("EX_USAGE", 64),
        ("EX_DATAERR", 65),
        ("EX_NOINPUT", 66),
        ("EX_NOUSER", 67),
        ("EX_NOHOST", 68),
        ("EX_UNAVAILABLE", 69),
        ("EX_SOFTWARE", 70),
        ("EX_OSERR", 71),
        ("EX_OSFILE", 72),
        ("EX_CANTCREAT", 73),
        ("EX_IOERR", 74),
        ("EX_TEMPFAIL", 75),
        ("EX_PROTOCOL", 76),
        ("EX_NOPERM", 77),
        ("EX_CONFIG", 78i64),
    ] {
        module.add(name, value)?;
    }
    module.add("NGROUPS_MAX", 65536i64)?;
    module.add("TMP_MAX", 238328i64)?;
    module.add("PIDFD_NONBLOCK", libc::O_NONBLOCK as i64)?;
    module.add("POSIX_SPAWN_OPEN", 0i64)?;
    module.add("POSIX_SPAWN_CLOSE", 1i64)?;
    module.add("POSIX_SPAWN_DUP2", 2i64)?;
    // Sizes of huge pages are coded as their logarithm, shifted.
    for (name, log) in [
        ("64KB", 16),
        ("512KB", 19),
        ("1MB", 20),
        ("2MB", 21),
        ("8MB", 23),
        ("16MB", 24),
        ("32MB", 25),
        ("256MB", 28),
        ("512MB", 29),
        ("1GB", 30),
        ("2GB", 31),
        ("16GB", 34i64),
    ] {
        module.add(&format!("MFD_HUGE_{name}"), log << 26)?;
    }
    module.add("MFD_HUGE_SHIFT", 26i64)?;
    module.add("MFD_HUGE_MASK", 63i64)?;
    module.add("XATTR_SIZE_MAX", 65536i64)?;
    module.add("O_FSYNC", i64::from(libc::O_SYNC))?;
    module.add("TFD_TIMER_CANCEL_ON_SET", 2i64)?;
    module.add("RWF_HIPRI", 1i64)?;
    module.add("RWF_DSYNC", 2i64)?;
    module.add("RWF_SYNC", 4i64)?;
    module.add("RWF_NOWAIT", 8i64)?;
    module.add("RWF_APPEND", 16i64)?;
    module.add("CLONE_NEWTIME", 0x80i64)?;
    module.add("SCHED_NORMAL", i64::from(libc::SCHED_OTHER))?;
    module.add("SCHED_DEADLINE", 6i64)?;
    module.add("pathconf_names", names(PATHCONF))?;
    module.add("sysconf_names", names(SYSCONF))?;
    module.add("confstr_names", names(CONFSTR))?;
    Ok(())
}

//! `stat_result`, `statvfs_result`, `terminal_size` and their like.

use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::{ObjRef, PyResult, structseq};

structseq! {
    /// `os.stat_result`.
    pub static STAT_RESULT = c"os.stat_result", Some(c"stat_result: Result from stat, fstat, or lstat."), 10, true, [
        (c"st_mode", c"protection bits"),
        (c"st_ino", c"inode"),
        (c"st_dev", c"device"),
        (c"st_nlink", c"number of hard links"),
        (c"st_uid", c"user ID of owner"),
        (c"st_gid", c"group ID of owner"),
        (c"st_size", c"total size, in bytes"),
        (c"", c"integer time of last access"),
        (c"", c"integer time of last modification"),
        (c"", c"integer time of last change"),
        (c"st_atime", c"time of last access"),
        (c"st_mtime", c"time of last modification"),
        (c"st_ctime", c"time of last change"),
        (c"st_atime_ns", c"time of last access in nanoseconds"),
        (c"st_mtime_ns", c"time of last modification in nanoseconds"),
        (c"st_ctime_ns", c"time of last change in nanoseconds"),
        (c"st_blksize", c"blocksize for filesystem I/O"),
        (c"st_blocks", c"number of blocks allocated"),
        (c"st_rdev", c"device type (if inode device)"),
    ]
}

structseq! {
    /// `os.statvfs_result`.
    pub static STATVFS_RESULT = c"os.statvfs_result", Some(c"statvfs_result: Result from statvfs or fstatvfs."), 10, true, [
        (c"f_bsize", c""), (c"f_frsize", c""), (c"f_blocks", c""), (c"f_bfree", c""), (c"f_bavail", c""), (c"f_files", c""),
        (c"f_ffree", c""), (c"f_favail", c""), (c"f_flag", c""), (c"f_namemax", c""), (c"f_fsid", c""),
    ]
}

structseq! {
    /// `os.terminal_size`.
    pub static TERMINAL_SIZE = c"os.terminal_size", Some(c"A tuple of (columns, lines) for holding terminal window size"), 2, true, [
        (c"columns", c"width of the terminal window in characters"),
        (c"lines", c"height of the terminal window in characters"),
    ]
}

structseq! {
    /// `posix.uname_result`.
    pub static UNAME_RESULT = c"posix.uname_result", Some(c"uname_result: Result from os.uname()."), 5, true, [
        (c"sysname", c"operating system name"), (c"nodename", c"name of machine on network (implementation-defined)"),
        (c"release", c"operating system release"), (c"version", c"operating system version"), (c"machine", c"hardware identifier"),
    ]
}

structseq! {
    /// `os.waitid_result`.
    pub static WAITID_RESULT = c"posix.waitid_result", Some(c"waitid_result: Result from waitid."), 5, true, [
        (c"si_pid", c""), (c"si_uid", c""), (c"si_signo", c""), (c"si_status", c""), (c"si_code", c""),
    ]
}

structseq! {
    /// `posix.times_result`.
    pub static TIMES_RESULT = c"posix.times_result", Some(c"times_result: Result from os.times()."), 5, true, [
        (c"user", c"user time"), (c"system", c"system time"), (c"children_user", c"user time of children"),
        (c"children_system", c"system time of children"), (c"elapsed", c"elapsed time since an arbitrary point in the past"),
    ]
}

structseq! {
    /// `posix.sched_param`.
    pub static SCHED_PARAM = c"posix.sched_param", Some(c"Currently has only one field: sched_priority"), 1, true, [
        (c"sched_priority", c"the scheduling priority"),
    ]
}

fn int(n: i64) -> ObjRef {
    PyInt::from_i64(n).into_obj()
}

fn uint(n: u64) -> ObjRef {
    PyInt::from_u64(n).into_obj()
}

/// A `stat_result`.
pub fn stat_result(st: &libc::stat) -> PyResult<ObjRef> {
    let times = [(st.st_atime, st.st_atime_nsec), (st.st_mtime, st.st_mtime_nsec), (st.st_ctime, st.st_ctime_nsec)];
    let mut values = vec![
        int(st.st_mode as i64),
        uint(st.st_ino),
        uint(st.st_dev),
        int(st.st_nlink as i64),
        int(st.st_uid as i64),
        int(st.st_gid as i64),
        int(st.st_size),
    ];
    values.extend(times.iter().map(|t| int(t.0)));
    values.extend(times.iter().map(|t| PyFloat::new(t.0 as f64 + t.1 as f64 * 1e-9).into_obj()));
    values.extend(times.iter().map(|t| {
        let all = i128::from(t.0) * 1_000_000_000 + i128::from(t.1);
        PyInt::from_bigint(&num_bigint::BigInt::from(all)).into_obj()
    }));
    values.extend([int(st.st_blksize), int(st.st_blocks), uint(st.st_rdev)]);
    STAT_RESULT.build(values)
}

/// A `statvfs_result`.
pub fn statvfs_result(st: &libc::statvfs) -> PyResult<ObjRef> {
    STATVFS_RESULT.build(vec![
        uint(st.f_bsize),
        uint(st.f_frsize),
        uint(st.f_blocks),
        uint(st.f_bfree),
        uint(st.f_bavail),
        uint(st.f_files),
        uint(st.f_ffree),
        uint(st.f_favail),
        uint(st.f_flag),
        uint(st.f_namemax),
        uint(st.f_fsid),
    ])
}

//! Files, directories and descriptors; also the module's definition.

use std::ffi::CString;

use rpy_vm::object::class_impl::glue::add_class;
use rpy_vm::protocol::buffer::{ArgBytes, Buffer};
use rpy_vm::protocol::number;
use rpy_vm::runtime::gil;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::module::PyModule;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, exc, pymodule};

use super::path::{Fd, Path, PathOrFd, dir_fd};
use super::stat::{stat_result, statvfs_result};

/// Runs a system call without the GIL; repeats it after signals whose handlers did not raise.
pub fn retry(f: impl Fn() -> i64) -> PyResult<Result<i64, i32>> {
    loop {
        let result = gil::allow_threads(&f);
        if result >= 0 {
            return Ok(Ok(result));
        }
        let errno = exc::last_errno();
        if errno != libc::EINTR {
            return Ok(Err(errno));
        }
        rpy_vm::runtime::signals::run_pending()?;
    }
}

/// As [`retry`]; failures are `OSError`s without a file name.
pub fn checked(f: impl Fn() -> i64) -> PyResult<i64> {
    retry(f)?.map_err(|errno| exc::os_error_errno(errno, None))
}

/// As [`retry`]; failures are `OSError`s about `path`.
pub fn checked_path(path: &Path, f: impl Fn() -> i64) -> PyResult<i64> {
    retry(f)?.map_err(|errno| exc::os_error_errno(errno, Some(&path.object)))
}

fn two_path_error(errno: i32, a: &Path, b: &Path) -> rpy_vm::PyErr {
    exc::os_error_errno2(errno, Some(&a.object), Some(&b.object))
}

/// A path's bytes for taking it apart, and whether it is text. Nothing is encoded for the system: any text will do.
fn path_text(path: &PyObject) -> (Vec<u8>, bool) {
    match path.downcast_ref::<PyStr>() {
        Some(text) => (text.as_wtf8().as_bytes().to_vec(), true),
        None => (path.downcast_ref::<PyBytes>().map(|b| b.as_bytes().to_vec()).unwrap_or_default(), false),
    }
}

/// A part of what [`path_text`] gave, cut at ASCII characters.
fn like_path(bytes: &[u8], is_text: bool) -> ObjRef {
    if !is_text {
        return PyBytes::new(bytes).into_obj();
    }
    match rustpython_wtf8::Wtf8::from_bytes(bytes) {
        Some(text) => PyStr::from_wtf8(text).into_obj(),
        None => rpy_vm::runtime::codecs::fs_decode(bytes).into_obj(),
    }
}

fn follow_flag(follow: Option<bool>) -> i32 {
    if follow.unwrap_or(true) { 0 } else { libc::AT_SYMLINK_NOFOLLOW }
}

fn do_stat(path: &PathOrFd, dir: i32, flags: i32) -> PyResult<ObjRef> {
    // SAFETY: `stat` is plain data; the calls fill it in.
    let mut st: libc::stat = unsafe { core::mem::zeroed() };
    let pointer = &raw mut st as usize;
    let result = retry(|| unsafe {
        match path {
            PathOrFd::Fd(fd) => libc::fstat(*fd, pointer as *mut libc::stat) as i64,
            PathOrFd::Path(p) => libc::fstatat(dir, p.name.as_ptr(), pointer as *mut libc::stat, flags) as i64,
        }
    })?;
    match (result, path) {
        (Ok(_), _) => stat_result(&st),
        (Err(errno), PathOrFd::Path(p)) => Err(exc::os_error_errno(errno, Some(&p.object))),
        (Err(errno), PathOrFd::Fd(_)) => Err(exc::os_error_errno(errno, None)),
    }
}

/// Seconds and nanoseconds of a time given as int or float.
fn timespec_from_seconds(value: &PyObject) -> PyResult<libc::timespec> {
    if let Some(i) = value.downcast_ref::<PyInt>() {
        let seconds = i.as_i64().ok_or_else(|| exc::overflow_error("timestamp out of range for platform time_t"))?;
        return Ok(libc::timespec { tv_sec: seconds, tv_nsec: 0 });
    }
    let t = number::float(value)?;
    if t.is_nan() {
        return Err(exc::value_error("Invalid value NaN (not a number)"));
    }
    let floor = t.floor();
    if floor.abs() > 9.2e18 {
        return Err(exc::overflow_error("timestamp out of range for platform time_t"));
    }
    Ok(libc::timespec { tv_sec: floor as i64, tv_nsec: ((t - floor) * 1e9) as i64 })
}

fn timespec_from_ns(value: &PyObject) -> PyResult<libc::timespec> {
    let ns = number::index(value)?.to_bigint();
    let billion = num_bigint::BigInt::from(1_000_000_000);
    let (seconds, rest) = num_integer::Integer::div_mod_floor(&ns, &billion);
    let too_large = || exc::overflow_error("timestamp out of range for platform time_t");
    Ok(libc::timespec {
        tv_sec: i64::try_from(seconds).map_err(|_| too_large())?,
        tv_nsec: i64::try_from(rest).map_err(|_| too_large())?,
    })
}

/// This module provides access to operating system functionality that is standardized by the C Standard and the POSIX standard.
#[pymodule(name = "posix")]
pub mod posix {
    use super::*;

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        super::super::constants::add(module)?;
        super::super::process::add(module)?;
        super::super::children::add(module)?;
        super::super::sched::prepare()?;
        add_class::<super::super::scandir::PyDirEntry>(module)?;
        add_class::<super::super::scandir::PyScandirIterator>(module)?;
        module.dict().del_str(&PyStr::new("ScandirIterator"));
        for (name, ty) in [
            ("stat_result", &super::super::stat::STAT_RESULT),
            ("statvfs_result", &super::super::stat::STATVFS_RESULT),
            ("terminal_size", &super::super::stat::TERMINAL_SIZE),
            ("uname_result", &super::super::stat::UNAME_RESULT),
            ("times_result", &super::super::stat::TIMES_RESULT),
            ("sched_param", &super::super::stat::SCHED_PARAM),
        ] {
            module.add(name, ty.get()?)?;
        }
        module.add("error", exc::OSError())?;
        let environ = PyDict::new();
        for (key, value) in std::env::vars_os() {
            use std::os::unix::ffi::OsStrExt;
            let key = PyBytes::new(key.as_bytes());
            environ.set_item(key.as_object(), PyBytes::new(value.as_bytes()).as_object())?;
        }
        module.add("environ", environ)?;
        Ok(())
    }

    #[pyattr]
    fn _have_functions() -> ObjRef {
        let names = [
            "HAVE_FACCESSAT",
            "HAVE_FCHDIR",
            "HAVE_FCHMOD",
            "HAVE_FCHMODAT",
            "HAVE_FCHOWN",
            "HAVE_FCHOWNAT",
            "HAVE_FDOPENDIR",
            "HAVE_FPATHCONF",
            "HAVE_FSTATAT",
            "HAVE_FSTATVFS",
            "HAVE_FTRUNCATE",
            "HAVE_FUTIMENS",
            "HAVE_LINKAT",
            "HAVE_LCHOWN",
            "HAVE_LSTAT",
            "HAVE_LUTIMES",
            "HAVE_MKDIRAT",
            "HAVE_MKFIFOAT",
            "HAVE_MKNODAT",
            "HAVE_OPENAT",
            "HAVE_READLINKAT",
            "HAVE_RENAMEAT",
            "HAVE_SYMLINKAT",
            "HAVE_UNLINKAT",
            "HAVE_UTIMENSAT",
        ];
        PyList::new(names.iter().map(|n| PyStr::interned(n).into_obj()).collect()).into_obj()
    }

    // ---- descriptors ----

    /// Open a file for low level IO.  Returns a file descriptor (integer).
    #[pyfunction(sig = "(path, flags, mode=511, *, dir_fd=None)")]
    fn open(path: Path, flags: i32, mode: Option<i32>, dir_fd: Option<&PyObject>) -> PyResult<i64> {
        let dir = super::dir_fd(dir_fd)?;
        let mode = mode.unwrap_or(0o777) as libc::c_uint;
        // SAFETY: a NUL-terminated path.
        checked_path(&path, || unsafe { libc::openat(dir, path.name.as_ptr(), flags | libc::O_CLOEXEC, mode) as i64 })
    }

    /// Close a file descriptor.
    #[pyfunction(sig = "(fd)")]
    fn close(fd: i32) -> PyResult<()> {
        // SAFETY: closing what the caller says is his.
        if gil::allow_threads(|| unsafe { libc::close(fd) }) < 0 && exc::last_errno() != libc::EINTR {
            return Err(exc::os_error_last(None));
        }
        Ok(())
    }

    /// Closes all file descriptors in [fd_low, fd_high), ignoring errors.
    #[pyfunction(sig = "(fd_low, fd_high, /)")]
    fn closerange(fd_low: i32, fd_high: i32) {
        for fd in fd_low.max(0)..fd_high {
            // SAFETY: as asked; errors are ignored.
            unsafe { libc::close(fd) };
        }
    }

    /// Read from a file descriptor.  Returns a bytes object.
    #[pyfunction(sig = "(fd, length, /)")]
    fn read(fd: i32, length: isize) -> PyResult<ObjRef> {
        if length < 0 {
            return Err(exc::os_error_errno(libc::EINVAL, None));
        }
        let mut data: Vec<u8> = Vec::new();
        data.try_reserve_exact(length as usize).map_err(|_| exc::memory_error())?;
        data.resize((length as usize).min(0x7fff_f000), 0);
        let (pointer, size) = (data.as_mut_ptr() as usize, data.len());
        // SAFETY: the buffer is ours during the call.
        let n = checked(|| unsafe { libc::read(fd, pointer as *mut libc::c_void, size) as i64 })?;
        data.truncate(n as usize);
        Ok(PyBytes::from_vec(data).into_obj())
    }

    /// Read into a buffer object from a file descriptor.
    #[pyfunction(sig = "(fd, buffer, /)")]
    fn readinto(fd: i32, buffer: &PyObject) -> PyResult<i64> {
        let mut target = Buffer::writable_for("readinto", buffer)?;
        let (pointer, size) = (target.bytes_mut().as_mut_ptr() as usize, target.len());
        // SAFETY: the buffer is exported during the call.
        checked(|| unsafe { libc::read(fd, pointer as *mut libc::c_void, size) as i64 })
    }

    /// Read a number of bytes from a file descriptor starting at a particular offset.
    #[pyfunction(sig = "(fd, length, offset, /)")]
    fn pread(fd: i32, length: isize, offset: i64) -> PyResult<ObjRef> {
        if length < 0 {
            return Err(exc::os_error_errno(libc::EINVAL, None));
        }
        let mut data = rpy_vm::object::alloc::zeroed_vec(length as usize)?;
        let (pointer, size) = (data.as_mut_ptr() as usize, data.len());
        // SAFETY: the buffer is ours during the call.
        let n = checked(|| unsafe { libc::pread(fd, pointer as *mut libc::c_void, size, offset) as i64 })?;
        data.truncate(n as usize);
        Ok(PyBytes::from_vec(data).into_obj())
    }

    /// Write a bytes object to a file descriptor.
    #[pyfunction(sig = "(fd, data, /)")]
    fn write(fd: i32, data: ArgBytes<'_>) -> PyResult<i64> {
        let bytes = data.as_bytes();
        let (pointer, size) = (bytes.as_ptr() as usize, bytes.len());
        // SAFETY: the data stays alive during the call.
        checked(|| unsafe { libc::write(fd, pointer as *const libc::c_void, size) as i64 })
    }

    /// Write bytes to a file descriptor starting at a particular offset.
    #[pyfunction(sig = "(fd, buffer, offset, /)")]
    fn pwrite(fd: i32, buffer: ArgBytes<'_>, offset: i64) -> PyResult<i64> {
        let bytes = buffer.as_bytes();
        let (pointer, size) = (bytes.as_ptr() as usize, bytes.len());
        // SAFETY: as above.
        checked(|| unsafe { libc::pwrite(fd, pointer as *const libc::c_void, size, offset) as i64 })
    }

    /// Set the position of a file descriptor.  Return the new position.
    #[pyfunction(sig = "(fd, position, whence, /)")]
    fn lseek(fd: i32, position: i64, whence: i32) -> PyResult<i64> {
        // SAFETY: a plain system call.
        checked(|| unsafe { libc::lseek(fd, position, whence) })
    }

    /// Return a duplicate of a file descriptor.
    #[pyfunction(sig = "(fd, /)")]
    fn dup(fd: i32) -> PyResult<i64> {
        // SAFETY: a plain system call.
        checked(|| unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) as i64 })
    }

    /// Duplicate file descriptor.
    #[pyfunction(sig = "(fd, fd2, inheritable=True)")]
    fn dup2(fd: i32, fd2: i32, inheritable: Option<bool>) -> PyResult<i32> {
        let flags = if inheritable.unwrap_or(true) { 0 } else { libc::O_CLOEXEC };
        // SAFETY: plain system calls; dup3 refuses equal descriptors, dup2 accepts them.
        checked(|| unsafe { if fd == fd2 { libc::dup2(fd, fd2) as i64 } else { libc::dup3(fd, fd2, flags) as i64 } })?;
        Ok(fd2)
    }

    /// Create a pipe.
    #[pyfunction]
    fn pipe() -> PyResult<(i32, i32)> {
        pipe2(libc::O_CLOEXEC)
    }

    /// Create a pipe with flags set atomically.
    #[pyfunction(sig = "(flags, /)")]
    fn pipe2(flags: i32) -> PyResult<(i32, i32)> {
        let mut fds = [0i32; 2];
        // SAFETY: an array of two descriptors to fill in.
        if unsafe { libc::pipe2(fds.as_mut_ptr(), flags) } < 0 {
            return Err(exc::os_error_last(None));
        }
        Ok((fds[0], fds[1]))
    }

    /// Return True if the fd is connected to a terminal.
    #[pyfunction(sig = "(fd, /)")]
    fn isatty(fd: i32) -> bool {
        // SAFETY: asking about a descriptor.
        unsafe { libc::isatty(fd) == 1 }
    }

    /// Return the name of the terminal device connected to 'fd'.
    #[pyfunction(sig = "(fd, /)")]
    fn ttyname(fd: i32) -> PyResult<ObjRef> {
        let mut name = [0u8; 256];
        // SAFETY: a buffer with its size.
        let errno = unsafe { libc::ttyname_r(fd, name.as_mut_ptr().cast(), name.len()) };
        if errno != 0 {
            return Err(exc::os_error_errno(errno, None));
        }
        let end = name.iter().position(|&b| b == 0).unwrap_or(name.len());
        Ok(rpy_vm::runtime::codecs::fs_decode(&name[..end]).into_obj())
    }

    /// Get the close-on-exe flag of the specified file descriptor.
    #[pyfunction(sig = "(fd, /)")]
    fn get_inheritable(fd: i32) -> PyResult<bool> {
        // SAFETY: a plain system call.
        Ok(checked(|| unsafe { libc::fcntl(fd, libc::F_GETFD) as i64 })? & libc::FD_CLOEXEC as i64 == 0)
    }

    /// Set the inheritable flag of the specified file descriptor.
    #[pyfunction(sig = "(fd, inheritable, /)")]
    fn set_inheritable(fd: i32, inheritable: bool) -> PyResult<()> {
        // SAFETY: plain system calls.
        let flags = checked(|| unsafe { libc::fcntl(fd, libc::F_GETFD) as i64 })? as i32;
        let flags = if inheritable { flags & !libc::FD_CLOEXEC } else { flags | libc::FD_CLOEXEC };
        checked(|| unsafe { libc::fcntl(fd, libc::F_SETFD, flags) as i64 }).map(drop)
    }

    /// Get the blocking mode of the file descriptor.
    #[pyfunction(sig = "(fd, /)")]
    fn get_blocking(fd: i32) -> PyResult<bool> {
        // SAFETY: a plain system call.
        Ok(checked(|| unsafe { libc::fcntl(fd, libc::F_GETFL) as i64 })? & libc::O_NONBLOCK as i64 == 0)
    }

    /// Set the blocking mode of the specified file descriptor.
    #[pyfunction(sig = "(fd, blocking, /)")]
    fn set_blocking(fd: i32, blocking: bool) -> PyResult<()> {
        // SAFETY: plain system calls.
        let flags = checked(|| unsafe { libc::fcntl(fd, libc::F_GETFL) as i64 })? as i32;
        let flags = if blocking { flags & !libc::O_NONBLOCK } else { flags | libc::O_NONBLOCK };
        checked(|| unsafe { libc::fcntl(fd, libc::F_SETFL, flags) as i64 }).map(drop)
    }

    /// Force write of fd to disk.
    #[pyfunction(sig = "(fd)")]
    fn fsync(fd: Fd) -> PyResult<()> {
        // SAFETY: a plain system call.
        checked(|| unsafe { libc::fsync(fd.0) as i64 }).map(drop)
    }

    /// Force write of fd to disk without forcing update of metadata.
    #[pyfunction(sig = "(fd)")]
    fn fdatasync(fd: Fd) -> PyResult<()> {
        // SAFETY: a plain system call.
        checked(|| unsafe { libc::fdatasync(fd.0) as i64 }).map(drop)
    }

    /// Force write of everything to disk.
    #[pyfunction]
    fn sync() {
        // SAFETY: a plain system call.
        gil::allow_threads(|| unsafe { libc::sync() });
    }

    /// Truncate a file, specified by file descriptor, to a specific length.
    #[pyfunction(sig = "(fd, length, /)")]
    fn ftruncate(fd: i32, length: i64) -> PyResult<()> {
        // SAFETY: a plain system call.
        checked(|| unsafe { libc::ftruncate(fd, length) as i64 }).map(drop)
    }

    /// Truncate a file, specified by path, to a specific length.
    #[pyfunction(sig = "(path, length)")]
    fn truncate(path: PathOrFd, length: i64) -> PyResult<()> {
        match &path {
            // SAFETY: plain system calls.
            PathOrFd::Fd(fd) => checked(|| unsafe { libc::ftruncate(*fd, length) as i64 }).map(drop),
            PathOrFd::Path(p) => {
                checked_path(p, || unsafe { libc::truncate(p.name.as_ptr(), length) as i64 }).map(drop)
            }
        }
    }

    /// Copy count bytes from file descriptor in_fd to file descriptor out_fd.
    #[pyfunction(sig = "(out_fd, in_fd, offset, count)")]
    fn sendfile(out_fd: i32, in_fd: i32, offset: &PyObject, count: isize) -> PyResult<i64> {
        if rpy_vm::is_none(offset) {
            // SAFETY: a plain system call.
            return checked(|| unsafe { libc::sendfile(out_fd, in_fd, core::ptr::null_mut(), count as usize) as i64 });
        }
        let offset = number::as_isize(offset, Some(exc::OverflowError()))? as i64;
        checked(|| {
            let mut offset = offset;
            // SAFETY: the offset lives during the call.
            unsafe { libc::sendfile(out_fd, in_fd, &mut offset, count as usize) as i64 }
        })
    }

    /// Copy count bytes from one file descriptor to another.
    #[pyfunction(sig = "(src, dst, count, offset_src=None, offset_dst=None)")]
    fn copy_file_range(
        src: i32,
        dst: i32,
        count: isize,
        offset_src: Option<i64>,
        offset_dst: Option<i64>,
    ) -> PyResult<i64> {
        if count < 0 {
            return Err(exc::value_error("negative value for 'count' not allowed"));
        }
        checked(|| {
            let (mut a, mut b) = (offset_src.unwrap_or(0), offset_dst.unwrap_or(0));
            let pa = if offset_src.is_some() { &raw mut a } else { core::ptr::null_mut() };
            let pb = if offset_dst.is_some() { &raw mut b } else { core::ptr::null_mut() };
            // SAFETY: the offsets live during the call.
            unsafe { libc::copy_file_range(src, pa, dst, pb, count as usize, 0) as i64 }
        })
    }

    /// Return the size of the terminal window as (columns, lines).
    #[pyfunction(sig = "(fd=1, /)")]
    fn get_terminal_size(fd: Option<i32>) -> PyResult<ObjRef> {
        let fd = fd.unwrap_or(1);
        // SAFETY: the call fills in the struct.
        let mut size: libc::winsize = unsafe { core::mem::zeroed() };
        // SAFETY: as above.
        if unsafe { libc::ioctl(fd, libc::TIOCGWINSZ, &raw mut size) } < 0 {
            return Err(exc::os_error_last(None));
        }
        super::super::stat::TERMINAL_SIZE
            .build(vec![PyInt::from_i64(size.ws_col as i64).into_obj(), PyInt::from_i64(size.ws_row as i64).into_obj()])
    }

    // ---- status ----

    /// Perform a stat system call on the given path.
    #[pyfunction(sig = "(path, *, dir_fd=None, follow_symlinks=True)")]
    fn stat(path: PathOrFd, dir_fd: Option<&PyObject>, follow_symlinks: Option<bool>) -> PyResult<ObjRef> {
        let dir = super::dir_fd(dir_fd)?;
        let follow = follow_flag(follow_symlinks);
        if matches!(path, PathOrFd::Fd(_)) {
            if dir != libc::AT_FDCWD {
                return Err(exc::value_error("stat: can't specify dir_fd without matching path"));
            }
            if follow != 0 {
                return Err(exc::value_error("stat: cannot use fd and follow_symlinks together"));
            }
        }
        do_stat(&path, dir, follow)
    }

    /// Perform a stat system call on the given path, without following symbolic links.
    #[pyfunction(sig = "(path, *, dir_fd=None)")]
    fn lstat(path: Path, dir_fd: Option<&PyObject>) -> PyResult<ObjRef> {
        do_stat(&PathOrFd::Path(path), super::dir_fd(dir_fd)?, libc::AT_SYMLINK_NOFOLLOW)
    }

    /// Perform a stat system call on the given file descriptor.
    #[pyfunction(sig = "(fd)")]
    fn fstat(fd: i32) -> PyResult<ObjRef> {
        do_stat(&PathOrFd::Fd(fd), libc::AT_FDCWD, 0)
    }

    /// Perform a statvfs system call on the given path.
    #[pyfunction(sig = "(path)")]
    fn statvfs(path: PathOrFd) -> PyResult<ObjRef> {
        // SAFETY: the call fills in the struct.
        let mut st: libc::statvfs = unsafe { core::mem::zeroed() };
        // SAFETY: as above.
        let result = unsafe {
            match &path {
                PathOrFd::Fd(fd) => libc::fstatvfs(*fd, &mut st),
                PathOrFd::Path(p) => libc::statvfs(p.name.as_ptr(), &mut st),
            }
        };
        if result < 0 { Err(path.error()) } else { statvfs_result(&st) }
    }

    /// Perform an fstatvfs system call on the given fd.
    #[pyfunction(sig = "(fd, /)")]
    fn fstatvfs(fd: i32) -> PyResult<ObjRef> {
        statvfs(PathOrFd::Fd(fd))
    }

    /// Use the real uid/gid to test for access to a path.
    #[pyfunction(sig = "(path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True)")]
    fn access(
        path: Path,
        mode: i32,
        dir_fd: Option<&PyObject>,
        effective_ids: Option<bool>,
        follow_symlinks: Option<bool>,
    ) -> PyResult<bool> {
        let dir = super::dir_fd(dir_fd)?;
        let mut flags = follow_flag(follow_symlinks);
        if effective_ids.unwrap_or(false) {
            flags |= libc::AT_EACCESS;
        }
        // SAFETY: a NUL-terminated path.
        Ok(gil::allow_threads(|| unsafe { libc::faccessat(dir, path.name.as_ptr(), mode, flags) }) == 0)
    }

    // ---- directories and names ----

    /// Return a unicode string representing the current working directory.
    #[pyfunction]
    fn getcwd() -> PyResult<ObjRef> {
        match std::env::current_dir() {
            Ok(dir) => Ok(rpy_vm::sysmodule::fs_decode(dir.as_os_str()).into_obj()),
            Err(e) => Err(exc::os_error_io(&e, None)),
        }
    }

    /// Return a bytes string representing the current working directory.
    #[pyfunction]
    fn getcwdb() -> PyResult<ObjRef> {
        use std::os::unix::ffi::OsStrExt;
        match std::env::current_dir() {
            Ok(dir) => Ok(PyBytes::new(dir.as_os_str().as_bytes()).into_obj()),
            Err(e) => Err(exc::os_error_io(&e, None)),
        }
    }

    /// Change the current working directory to the specified path.
    #[pyfunction(sig = "(path)")]
    fn chdir(path: PathOrFd) -> PyResult<()> {
        // SAFETY: plain system calls.
        let result = gil::allow_threads(|| unsafe {
            match &path {
                PathOrFd::Fd(fd) => libc::fchdir(*fd),
                PathOrFd::Path(p) => libc::chdir(p.name.as_ptr()),
            }
        });
        if result < 0 { Err(path.error()) } else { Ok(()) }
    }

    /// Change to the directory of the given file descriptor.
    #[pyfunction(sig = "(fd)")]
    fn fchdir(fd: Fd) -> PyResult<()> {
        // SAFETY: a plain system call.
        checked(|| unsafe { libc::fchdir(fd.0) as i64 }).map(drop)
    }

    /// Return a list containing the names of the files in the directory.
    #[pyfunction(sig = "(path=None)")]
    fn listdir(path: Option<PathOrFd>) -> PyResult<ObjRef> {
        let path = match path {
            Some(path) => path,
            None => PathOrFd::Path(Path { name: CString::from(c"."), object: PyStr::new(".").into_obj() }),
        };
        let entries = super::super::scandir::read_names(&path)?;
        let names = entries.iter().map(|name| match &path {
            PathOrFd::Path(p) => p.like(name),
            PathOrFd::Fd(_) => rpy_vm::runtime::codecs::fs_decode(name).into_obj(),
        });
        Ok(PyList::new(names.collect()).into_obj())
    }

    /// Return an iterator of DirEntry objects for given path.
    #[pyfunction(sig = "(path=None)")]
    fn scandir(path: Option<PathOrFd>) -> PyResult<ObjRef> {
        let path = match path {
            Some(path) => path,
            None => PathOrFd::Path(Path { name: CString::from(c"."), object: PyStr::new(".").into_obj() }),
        };
        super::super::scandir::open(path)
    }

    /// Create a directory.
    #[pyfunction(sig = "(path, mode=511, *, dir_fd=None)")]
    fn mkdir(path: Path, mode: Option<i32>, dir_fd: Option<&PyObject>) -> PyResult<()> {
        let dir = super::dir_fd(dir_fd)?;
        // SAFETY: a NUL-terminated path.
        checked_path(&path, || unsafe {
            libc::mkdirat(dir, path.name.as_ptr(), mode.unwrap_or(0o777) as libc::mode_t) as i64
        })
        .map(drop)
    }

    /// Remove a directory.
    #[pyfunction(sig = "(path, *, dir_fd=None)")]
    fn rmdir(path: Path, dir_fd: Option<&PyObject>) -> PyResult<()> {
        let dir = super::dir_fd(dir_fd)?;
        // SAFETY: a NUL-terminated path.
        checked_path(&path, || unsafe { libc::unlinkat(dir, path.name.as_ptr(), libc::AT_REMOVEDIR) as i64 }).map(drop)
    }

    /// Remove a file (same as remove()).
    #[pyfunction(sig = "(path, *, dir_fd=None)")]
    fn unlink(path: Path, dir_fd: Option<&PyObject>) -> PyResult<()> {
        let dir = super::dir_fd(dir_fd)?;
        // SAFETY: a NUL-terminated path.
        checked_path(&path, || unsafe { libc::unlinkat(dir, path.name.as_ptr(), 0) as i64 }).map(drop)
    }

    /// Remove a file (same as unlink()).
    #[pyfunction(sig = "(path, *, dir_fd=None)")]
    fn remove(path: Path, dir_fd: Option<&PyObject>) -> PyResult<()> {
        unlink(path, dir_fd)
    }

    fn do_rename(src: Path, dst: Path, src_dir: Option<&PyObject>, dst_dir: Option<&PyObject>) -> PyResult<()> {
        let (a, b) = (super::dir_fd(src_dir)?, super::dir_fd(dst_dir)?);
        // SAFETY: NUL-terminated paths.
        match retry(|| unsafe { libc::renameat(a, src.name.as_ptr(), b, dst.name.as_ptr()) as i64 })? {
            Ok(_) => Ok(()),
            Err(errno) => Err(two_path_error(errno, &src, &dst)),
        }
    }

    /// Rename a file or directory.
    #[pyfunction(sig = "(src, dst, *, src_dir_fd=None, dst_dir_fd=None)")]
    fn rename(src: Path, dst: Path, src_dir_fd: Option<&PyObject>, dst_dir_fd: Option<&PyObject>) -> PyResult<()> {
        do_rename(src, dst, src_dir_fd, dst_dir_fd)
    }

    /// Rename a file or directory, overwriting the destination.
    #[pyfunction(sig = "(src, dst, *, src_dir_fd=None, dst_dir_fd=None)")]
    fn replace(src: Path, dst: Path, src_dir_fd: Option<&PyObject>, dst_dir_fd: Option<&PyObject>) -> PyResult<()> {
        do_rename(src, dst, src_dir_fd, dst_dir_fd)
    }

    /// Create a hard link to a file.
    #[pyfunction(sig = "(src, dst, *, src_dir_fd=None, dst_dir_fd=None, follow_symlinks=True)")]
    fn link(
        src: Path,
        dst: Path,
        src_dir_fd: Option<&PyObject>,
        dst_dir_fd: Option<&PyObject>,
        follow_symlinks: Option<bool>,
    ) -> PyResult<()> {
        let (a, b) = (super::dir_fd(src_dir_fd)?, super::dir_fd(dst_dir_fd)?);
        let flags = if follow_symlinks.unwrap_or(true) { libc::AT_SYMLINK_FOLLOW } else { 0 };
        // SAFETY: NUL-terminated paths.
        match retry(|| unsafe { libc::linkat(a, src.name.as_ptr(), b, dst.name.as_ptr(), flags) as i64 })? {
            Ok(_) => Ok(()),
            Err(errno) => Err(two_path_error(errno, &src, &dst)),
        }
    }

    /// Create a symbolic link pointing to src named dst.
    #[pyfunction(sig = "(src, dst, target_is_directory=False, *, dir_fd=None)")]
    fn symlink(src: Path, dst: Path, _target_is_directory: Option<bool>, dir_fd: Option<&PyObject>) -> PyResult<()> {
        let dir = super::dir_fd(dir_fd)?;
        // SAFETY: NUL-terminated paths.
        match retry(|| unsafe { libc::symlinkat(src.name.as_ptr(), dir, dst.name.as_ptr()) as i64 })? {
            Ok(_) => Ok(()),
            Err(errno) => Err(two_path_error(errno, &src, &dst)),
        }
    }

    /// Return a string representing the path to which the symbolic link points.
    #[pyfunction(sig = "(path, *, dir_fd=None)")]
    fn readlink(path: Path, dir_fd: Option<&PyObject>) -> PyResult<ObjRef> {
        let dir = super::dir_fd(dir_fd)?;
        let mut buffer = vec![0u8; 4096];
        let (pointer, size) = (buffer.as_mut_ptr() as usize, buffer.len());
        // SAFETY: the buffer is ours during the call.
        let n = checked_path(&path, || unsafe {
            libc::readlinkat(dir, path.name.as_ptr(), pointer as *mut libc::c_char, size) as i64
        })?;
        Ok(path.like(&buffer[..n as usize]))
    }

    /// Change the access permissions of a file.
    #[pyfunction(sig = "(path, mode, *, dir_fd=None, follow_symlinks=True)")]
    fn chmod(path: PathOrFd, mode: i32, dir_fd: Option<&PyObject>, follow_symlinks: Option<bool>) -> PyResult<()> {
        let dir = super::dir_fd(dir_fd)?;
        let flags = follow_flag(follow_symlinks);
        // SAFETY: plain system calls.
        let result = gil::allow_threads(|| unsafe {
            match &path {
                PathOrFd::Fd(fd) => libc::fchmod(*fd, mode as libc::mode_t),
                PathOrFd::Path(p) => libc::fchmodat(dir, p.name.as_ptr(), mode as libc::mode_t, flags),
            }
        });
        if result < 0 {
            if flags != 0 && exc::last_errno() == libc::EOPNOTSUPP {
                return Err(exc::not_implemented_error("chmod: follow_symlinks unavailable on this platform"));
            }
            return Err(path.error());
        }
        Ok(())
    }

    /// Change the access permissions of the file given by file descriptor fd.
    #[pyfunction(sig = "(fd, mode)")]
    fn fchmod(fd: i32, mode: i32) -> PyResult<()> {
        // SAFETY: a plain system call.
        checked(|| unsafe { libc::fchmod(fd, mode as libc::mode_t) as i64 }).map(drop)
    }

    /// Change the owner and group id of path to the numeric uid and gid.
    #[pyfunction(sig = "(path, uid, gid, *, dir_fd=None, follow_symlinks=True)")]
    fn chown(
        path: PathOrFd,
        uid: i64,
        gid: i64,
        dir_fd: Option<&PyObject>,
        follow_symlinks: Option<bool>,
    ) -> PyResult<()> {
        let dir = super::dir_fd(dir_fd)?;
        let flags = follow_flag(follow_symlinks);
        // SAFETY: plain system calls; -1 means "leave".
        let result = gil::allow_threads(|| unsafe {
            match &path {
                PathOrFd::Fd(fd) => libc::fchown(*fd, uid as u32, gid as u32),
                PathOrFd::Path(p) => libc::fchownat(dir, p.name.as_ptr(), uid as u32, gid as u32, flags),
            }
        });
        if result < 0 { Err(path.error()) } else { Ok(()) }
    }

    /// Change the owner and group id of path, not following symbolic links.
    #[pyfunction(sig = "(path, uid, gid)")]
    fn lchown(path: PathOrFd, uid: i64, gid: i64) -> PyResult<()> {
        chown(path, uid, gid, None, Some(false))
    }

    /// Change the owner and group id of the file specified by file descriptor.
    #[pyfunction(sig = "(fd, uid, gid)")]
    fn fchown(fd: i32, uid: i64, gid: i64) -> PyResult<()> {
        chown(PathOrFd::Fd(fd), uid, gid, None, None)
    }

    /// Set the access and modified time of path.
    #[pyfunction(sig = "(path, times=None, *, ns=<unrepresentable>, dir_fd=None, follow_symlinks=True)")]
    fn utime(
        path: PathOrFd,
        times: Option<&PyObject>,
        ns: Option<&PyObject>,
        dir_fd: Option<&PyObject>,
        follow_symlinks: Option<bool>,
    ) -> PyResult<()> {
        let pair = |object: &PyObject, what: &str| -> PyResult<(ObjRef, ObjRef)> {
            match object.downcast_ref::<PyTuple>() {
                Some(t) if t.len() == 2 => Ok((t.items()[0].new_ref(), t.items()[1].new_ref())),
                _ => Err(exc::type_error(format!("utime: '{what}' must be either a tuple of two ints or None"))),
            }
        };
        let specs = match (times, ns) {
            (Some(_), Some(_)) => {
                return Err(exc::value_error("utime: you may specify either 'times' or 'ns' but not both"));
            }
            (Some(t), None) => {
                let (a, b) = pair(t, "times")?;
                Some([timespec_from_seconds(&a)?, timespec_from_seconds(&b)?])
            }
            (None, Some(t)) => {
                let (a, b) = pair(t, "ns")?;
                Some([timespec_from_ns(&a)?, timespec_from_ns(&b)?])
            }
            (None, None) => None,
        };
        let dir = super::dir_fd(dir_fd)?;
        let flags = follow_flag(follow_symlinks);
        let pointer = specs.as_ref().map_or(core::ptr::null(), |s| s.as_ptr());
        // SAFETY: the times live during the call.
        let result = unsafe {
            match &path {
                PathOrFd::Fd(fd) => libc::futimens(*fd, pointer),
                PathOrFd::Path(p) => libc::utimensat(dir, p.name.as_ptr(), pointer, flags),
            }
        };
        if result < 0 { Err(path.error()) } else { Ok(()) }
    }

    /// Create a "fifo" (a POSIX named pipe).
    #[pyfunction(sig = "(path, mode=438, *, dir_fd=None)")]
    fn mkfifo(path: Path, mode: Option<i32>, dir_fd: Option<&PyObject>) -> PyResult<()> {
        let dir = super::dir_fd(dir_fd)?;
        // SAFETY: a NUL-terminated path.
        checked_path(&path, || unsafe {
            libc::mkfifoat(dir, path.name.as_ptr(), mode.unwrap_or(0o666) as libc::mode_t) as i64
        })
        .map(drop)
    }

    /// Set the current numeric umask and return the previous umask.
    #[pyfunction(sig = "(mask, /)")]
    fn umask(mask: i32) -> i64 {
        // SAFETY: a plain system call.
        unsafe { libc::umask(mask as libc::mode_t) as i64 }
    }

    /// Return the file system path representation of the object.
    #[pyfunction(sig = "(path)")]
    fn fspath(path: &PyObject) -> PyResult<ObjRef> {
        rpy_vm::runtime::paths::fspath(path)
    }

    /// Return a bytes object containing size random bytes.
    #[pyfunction(sig = "(size, /)")]
    fn urandom(size: isize) -> PyResult<ObjRef> {
        if size < 0 {
            return Err(exc::value_error("negative argument not allowed"));
        }
        getrandom(size, None)
    }

    /// Obtain a series of random bytes.
    #[pyfunction(sig = "(size, flags=0)")]
    fn getrandom(size: isize, flags: Option<u32>) -> PyResult<ObjRef> {
        if size < 0 {
            return Err(exc::os_error_errno(libc::EINVAL, None));
        }
        let mut data = rpy_vm::object::alloc::zeroed_vec(size as usize)?;
        let mut filled = 0;
        while filled < data.len() {
            let (pointer, rest) = (data[filled..].as_mut_ptr() as usize, data.len() - filled);
            // SAFETY: the buffer is ours during the call.
            let n =
                checked(|| unsafe { libc::getrandom(pointer as *mut libc::c_void, rest, flags.unwrap_or(0)) as i64 })?;
            filled += n as usize;
        }
        Ok(PyBytes::from_vec(data).into_obj())
    }

    /// Change or add an environment variable.
    #[pyfunction(sig = "(name, value, /)")]
    fn putenv(name: Path, value: Path) -> PyResult<()> {
        if name.name.as_bytes().is_empty() || name.name.as_bytes().contains(&b'=') {
            return Err(exc::value_error("illegal environment variable name"));
        }
        // SAFETY: under the GIL; C code that reads the environment elsewhere is on its own, as in CPython.
        if unsafe { libc::setenv(name.name.as_ptr(), value.name.as_ptr(), 1) } < 0 {
            return Err(exc::os_error_last(None));
        }
        Ok(())
    }

    /// Delete an environment variable.
    #[pyfunction(sig = "(name, /)")]
    fn unsetenv(name: Path) -> PyResult<()> {
        // SAFETY: as above.
        if unsafe { libc::unsetenv(name.name.as_ptr()) } < 0 {
            return Err(exc::os_error_last(None));
        }
        Ok(())
    }

    #[pyfunction]
    fn _create_environ() -> PyResult<ObjRef> {
        use std::os::unix::ffi::OsStrExt;
        let environ = PyDict::new();
        for (key, value) in std::env::vars_os() {
            let key = PyBytes::new(key.as_bytes());
            environ.set_item(key.as_object(), PyBytes::new(value.as_bytes()).as_object())?;
        }
        Ok(environ.into_obj())
    }

    /// Translate an error code to a message string.
    #[pyfunction(sig = "(code, /)")]
    fn strerror(code: i32) -> String {
        exc::strerror(code)
    }

    /// Get a named configuration limit of a file or directory.
    #[pyfunction(sig = "(path, name)")]
    fn pathconf(path: PathOrFd, name: &PyObject) -> PyResult<i64> {
        let name = super::super::constants::conf_name(
            name,
            super::super::constants::PATHCONF,
            "configuration name must be a string or integer",
        )?;
        // SAFETY: errno tells "no limit" from an error.
        unsafe {
            *libc::__errno_location() = 0;
            let result = match &path {
                PathOrFd::Fd(fd) => libc::fpathconf(*fd, name),
                PathOrFd::Path(p) => libc::pathconf(p.name.as_ptr(), name),
            };
            if result < 0 && exc::last_errno() != 0 {
                return Err(path.error());
            }
            Ok(result)
        }
    }

    /// Return the parts of a path's root: (drive and root, rest).
    #[pyfunction(sig = "(path)")]
    fn _path_splitroot_ex(path: &PyObject) -> PyResult<(ObjRef, ObjRef, ObjRef)> {
        let path = rpy_vm::runtime::paths::fspath(path)?;
        let (bytes, is_text) = path_text(&path);
        let make = |b: &[u8]| like_path(b, is_text);
        let slashes = bytes.iter().take_while(|&&b| b == b'/').count();
        let root = if slashes == 2 { 2 } else { slashes.min(1) };
        Ok((make(b""), make(&bytes[..root]), make(&bytes[root..])))
    }

    /// Normalize path, eliminating double slashes, etc.
    #[pyfunction(sig = "(path)")]
    fn _path_normpath(path: &PyObject) -> PyResult<ObjRef> {
        let path = rpy_vm::runtime::paths::fspath(path)?;
        let (bytes, is_text) = path_text(&path);
        let slashes = bytes.iter().take_while(|&&b| b == b'/').count();
        let root = if slashes == 2 { 2 } else { slashes.min(1) };
        let mut parts: Vec<&[u8]> = Vec::new();
        for part in bytes[slashes..].split(|&b| b == b'/') {
            match part {
                b"" | b"." => {}
                b".." => match parts.last() {
                    Some(last) if *last != b".." => {
                        parts.pop();
                    }
                    None if root > 0 => {}
                    _ => parts.push(part),
                },
                part => parts.push(part),
            }
        }
        let mut out = bytes[..root].to_vec();
        out.extend_from_slice(&parts.join(&b'/'));
        if out.is_empty() {
            out.push(b'.');
        }
        Ok(like_path(&out, is_text))
    }

    fn mode_test(path: &PyObject, wanted: libc::mode_t, follow: bool) -> PyResult<bool> {
        let ctx = rpy_vm::convert::ArgCtx { func: "stat", arg: "argument 1" };
        let path = match <PathOrFd as rpy_vm::convert::FromArg>::from_arg(path, &ctx) {
            Ok(path) => path,
            Err(e) if e.matches(exc::ValueError()) => return Ok(false),
            Err(e) => return Err(e),
        };
        // SAFETY: the call fills in the struct.
        let mut st: libc::stat = unsafe { core::mem::zeroed() };
        let flags = if follow { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
        // SAFETY: as above.
        let result = unsafe {
            match &path {
                PathOrFd::Fd(fd) => libc::fstat(*fd, &mut st),
                PathOrFd::Path(p) => libc::fstatat(libc::AT_FDCWD, p.name.as_ptr(), &mut st, flags),
            }
        };
        Ok(result == 0 && (wanted == 0 || st.st_mode & libc::S_IFMT == wanted))
    }

    /// Test whether a path exists.  Returns False for broken symbolic links.
    #[pyfunction(sig = "(path)")]
    fn _path_exists(path: &PyObject) -> PyResult<bool> {
        mode_test(path, 0, true)
    }
    /// Test whether a path exists.  Returns True for broken symbolic links.
    #[pyfunction(sig = "(path)")]
    fn _path_lexists(path: &PyObject) -> PyResult<bool> {
        mode_test(path, 0, false)
    }
    /// Return true if the pathname refers to an existing directory.
    #[pyfunction(sig = "(s)")]
    fn _path_isdir(s: &PyObject) -> PyResult<bool> {
        mode_test(s, libc::S_IFDIR, true)
    }
    /// Test whether a path is a regular file
    #[pyfunction(sig = "(path)")]
    fn _path_isfile(path: &PyObject) -> PyResult<bool> {
        mode_test(path, libc::S_IFREG, true)
    }
    /// Test whether a path is a symbolic link
    #[pyfunction(sig = "(path)")]
    fn _path_islink(path: &PyObject) -> PyResult<bool> {
        mode_test(path, libc::S_IFLNK, false)
    }

    /// Lists of buffers: bytes read into them in turn.
    #[pyfunction(sig = "(fd, buffers, /)")]
    fn readv(fd: i32, buffers: &PyObject) -> PyResult<i64> {
        let objects = rpy_vm::protocol::sequence::fast(buffers)?;
        let mut views = objects.iter().map(|o| Buffer::writable(o)).collect::<PyResult<Vec<_>>>()?;
        let vectors: Vec<libc::iovec> = views
            .iter_mut()
            .map(|v| libc::iovec { iov_base: v.bytes_mut().as_mut_ptr().cast(), iov_len: v.len() })
            .collect();
        let (pointer, count) = (vectors.as_ptr() as usize, vectors.len() as i32);
        // SAFETY: the buffers are exported during the call.
        checked(|| unsafe { libc::readv(fd, pointer as *const libc::iovec, count) as i64 })
    }

    /// Iterate over buffers, and write the contents of each to a file descriptor.
    #[pyfunction(sig = "(fd, buffers, /)")]
    fn writev(fd: i32, buffers: &PyObject) -> PyResult<i64> {
        let objects = rpy_vm::protocol::sequence::fast(buffers)?;
        let views = objects.iter().map(|o| Buffer::simple(o)).collect::<PyResult<Vec<_>>>()?;
        let vectors: Vec<libc::iovec> = views
            .iter()
            .map(|v| libc::iovec { iov_base: v.bytes().as_ptr() as *mut libc::c_void, iov_len: v.len() })
            .collect();
        let (pointer, count) = (vectors.as_ptr() as usize, vectors.len() as i32);
        // SAFETY: the buffers are exported during the call.
        checked(|| unsafe { libc::writev(fd, pointer as *const libc::iovec, count) as i64 })
    }
}

//! What descriptors can do besides reading and writing: events, timers, locks, advice, scattered data.

use rpy_vm::object::defs::PyMethodDef;
use rpy_vm::protocol::buffer::Buffer;
use rpy_vm::protocol::{number, sequence};
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyObject, PyResult, exc, pymodule};

use super::constants;
use super::files::checked;
use super::path::Fd;

/// The module's functions of this file.
pub const FUNCTIONS: &[PyMethodDef] = functions::MODULE.functions;

const NANOS: i64 = 1_000_000_000;

/// Calls that give the error number instead of setting `errno`.
fn by_result(result: i32) -> PyResult<()> {
    if result == 0 { Ok(()) } else { Err(exc::os_error_errno(result, None)) }
}

fn from_seconds(seconds: f64) -> PyResult<libc::timespec> {
    let whole = seconds.floor();
    if whole.is_nan() || whole.abs() >= 9.2e18 {
        return Err(exc::overflow_error("timestamp out of range for platform time_t"));
    }
    let mut spec = libc::timespec { tv_sec: whole as i64, tv_nsec: ((seconds - whole) * 1e9).round() as i64 };
    if spec.tv_nsec >= NANOS {
        spec.tv_sec += 1;
        spec.tv_nsec -= NANOS;
    }
    Ok(spec)
}

/// The number of no device, which programs write as -1.
const NO_DEVICE: u64 = u64::MAX;

fn device_number(object: &PyObject) -> PyResult<u64> {
    if is_minus_one(object)? { Ok(NO_DEVICE) } else { rpy_vm::convert::unsigned_arg(object, "unsigned long long") }
}

/// A major or minor number.
fn part_number(object: &PyObject) -> PyResult<u32> {
    if is_minus_one(object)? { Ok(u32::MAX) } else { rpy_vm::convert::unsigned_arg(object, "unsigned int") }
}

fn is_minus_one(object: &PyObject) -> PyResult<bool> {
    Ok(number::index(object)?.as_i64() == Some(-1))
}

/// A part of a number as programs see it.
fn shown(part: u32) -> i64 {
    if part == u32::MAX { -1 } else { part.into() }
}

fn from_nanos(nanos: i64) -> libc::timespec {
    libc::timespec { tv_sec: nanos.div_euclid(NANOS), tv_nsec: nanos.rem_euclid(NANOS) }
}

fn seconds(spec: &libc::timespec) -> f64 {
    spec.tv_sec as f64 + spec.tv_nsec as f64 * 1e-9
}

fn nanos(spec: &libc::timespec) -> i64 {
    spec.tv_sec * NANOS + spec.tv_nsec
}

/// Sets a timer; gives its old setting.
fn set_timer(fd: i32, flags: i32, initial: libc::timespec, interval: libc::timespec) -> PyResult<libc::itimerspec> {
    let new = libc::itimerspec { it_interval: interval, it_value: initial };
    // SAFETY: plain data that the call fills in.
    let mut old: libc::itimerspec = unsafe { core::mem::zeroed() };
    // SAFETY: both live during the call.
    if unsafe { libc::timerfd_settime(fd, flags, &new, &mut old) } < 0 {
        return Err(exc::os_error_last(None));
    }
    Ok(old)
}

fn timer(fd: i32) -> PyResult<libc::itimerspec> {
    // SAFETY: plain data that the call fills in.
    let mut setting: libc::itimerspec = unsafe { core::mem::zeroed() };
    // SAFETY: it lives during the call.
    if unsafe { libc::timerfd_gettime(fd, &mut setting) } < 0 {
        return Err(exc::os_error_last(None));
    }
    Ok(setting)
}

/// The buffers of `preadv` and `pwritev`, and the array that describes them.
struct Vectors {
    buffers: Vec<Buffer>,
    vectors: Vec<libc::iovec>,
}

impl Vectors {
    fn new(function: &str, buffers: &PyObject, writable: bool) -> PyResult<Vectors> {
        if !sequence::check(buffers) {
            return Err(exc::type_error(format!("{function}() arg 2 must be a sequence")));
        }
        let mut held = Vec::new();
        let mut vectors = Vec::new();
        for item in sequence::fast(buffers)? {
            let mut buffer = if writable { Buffer::writable_for(function, &item)? } else { Buffer::simple(&item)? };
            let base = if writable { buffer.bytes_mut().as_mut_ptr() } else { buffer.bytes().as_ptr().cast_mut() };
            vectors.push(libc::iovec { iov_base: base.cast(), iov_len: buffer.len() });
            held.push(buffer);
        }
        Ok(Vectors { buffers: held, vectors })
    }

    /// The buffers, which the caller keeps during the call, and the array.
    fn into_parts(self) -> (Vec<Buffer>, Vec<libc::iovec>) {
        (self.buffers, self.vectors)
    }
}

/// See [`FUNCTIONS`].
#[pymodule(name = "posix")]
mod functions {
    use super::*;

    /// Creates and returns an event notification file descriptor.
    #[pyfunction(sig = "(initval, flags=EFD_CLOEXEC)")]
    fn eventfd(initval: u32, flags: Option<i32>) -> PyResult<i64> {
        // SAFETY: plain system calls, here and below where nothing else is said.
        checked(|| unsafe { libc::eventfd(initval, flags.unwrap_or(libc::EFD_CLOEXEC)) as i64 })
    }
    /// Read eventfd value
    #[pyfunction(sig = "(fd)")]
    fn eventfd_read(fd: Fd) -> PyResult<u64> {
        let value = core::cell::Cell::new(0u64);
        let pointer = value.as_ptr() as usize;
        // SAFETY: eight bytes to fill in.
        checked(|| unsafe { libc::read(fd.0, pointer as *mut libc::c_void, 8) as i64 })?;
        Ok(value.get())
    }
    /// Write eventfd value.
    #[pyfunction(sig = "(fd, value)")]
    fn eventfd_write(fd: Fd, value: u64) -> PyResult<()> {
        let pointer = &raw const value as usize;
        // SAFETY: eight bytes that live during the call.
        checked(|| unsafe { libc::write(fd.0, pointer as *const libc::c_void, 8) as i64 }).map(drop)
    }

    /// Create and return a timer file descriptor.
    ///
    ///   clockid
    ///     A valid clock ID constant as timer file descriptor.
    ///
    ///     time.CLOCK_REALTIME
    ///     time.CLOCK_MONOTONIC
    ///     time.CLOCK_BOOTTIME
    ///   flags
    ///     0 or a bit mask of os.TFD_NONBLOCK or os.TFD_CLOEXEC.
    #[pyfunction(sig = "(clockid, /, *, flags=TFD_CLOEXEC)")]
    fn timerfd_create(clockid: i32, flags: Option<i32>) -> PyResult<i64> {
        let flags = flags.unwrap_or(0) | libc::TFD_CLOEXEC;
        // SAFETY: a plain system call.
        checked(|| unsafe { libc::timerfd_create(clockid, flags) as i64 })
    }
    /// Alter a timer file descriptor's internal timer in seconds.
    #[pyfunction(sig = "(fd, /, *, flags=0, initial=0.0, interval=0.0)")]
    fn timerfd_settime(fd: Fd, flags: i32, initial: f64, interval: f64) -> PyResult<(f64, f64)> {
        let old = set_timer(fd.0, flags, from_seconds(initial)?, from_seconds(interval)?)?;
        Ok((seconds(&old.it_value), seconds(&old.it_interval)))
    }
    /// Alter a timer file descriptor's internal timer in nanoseconds.
    #[pyfunction(sig = "(fd, /, *, flags=0, initial=0, interval=0)")]
    fn timerfd_settime_ns(fd: Fd, flags: i32, initial: i64, interval: i64) -> PyResult<(i64, i64)> {
        let old = set_timer(fd.0, flags, from_nanos(initial), from_nanos(interval))?;
        Ok((nanos(&old.it_value), nanos(&old.it_interval)))
    }
    /// Return a tuple of a timer file descriptor's (interval, next expiration) in float seconds.
    #[pyfunction(sig = "(fd, /)")]
    fn timerfd_gettime(fd: Fd) -> PyResult<(f64, f64)> {
        let setting = timer(fd.0)?;
        Ok((seconds(&setting.it_value), seconds(&setting.it_interval)))
    }
    /// Return a tuple of a timer file descriptor's (interval, next expiration) in nanoseconds.
    #[pyfunction(sig = "(fd, /)")]
    fn timerfd_gettime_ns(fd: Fd) -> PyResult<(i64, i64)> {
        let setting = timer(fd.0)?;
        Ok((nanos(&setting.it_value), nanos(&setting.it_interval)))
    }

    /// Apply, test or remove a POSIX lock on an open file descriptor.
    ///
    ///   fd
    ///     An open file descriptor.
    ///   command
    ///     One of F_LOCK, F_TLOCK, F_ULOCK or F_TEST.
    ///   length
    ///     The number of bytes to lock, starting at the current position.
    #[pyfunction(sig = "(fd, command, length, /)")]
    fn lockf(fd: Fd, command: i32, length: i64) -> PyResult<()> {
        // SAFETY: a plain system call.
        checked(|| unsafe { libc::lockf(fd.0, command, length) as i64 }).map(drop)
    }
    /// Announce an intention to access data in a specific pattern.
    #[pyfunction(sig = "(fd, offset, length, advice, /)")]
    fn posix_fadvise(fd: i32, offset: i64, length: i64, advice: i32) -> PyResult<()> {
        // SAFETY: a plain system call.
        by_result(rpy_vm::runtime::gil::allow_threads(|| unsafe { libc::posix_fadvise(fd, offset, length, advice) }))
    }
    /// Ensure a file has allocated at least a particular number of bytes on disk.
    #[pyfunction(sig = "(fd, offset, length, /)")]
    fn posix_fallocate(fd: i32, offset: i64, length: i64) -> PyResult<()> {
        // SAFETY: a plain system call.
        by_result(rpy_vm::runtime::gil::allow_threads(|| unsafe { libc::posix_fallocate(fd, offset, length) }))
    }
    /// Reads from a file descriptor into a number of mutable bytes-like objects.
    #[pyfunction(sig = "(fd, buffers, offset, flags=0, /)")]
    fn preadv(fd: Fd, buffers: &PyObject, offset: i64, flags: i32) -> PyResult<i64> {
        let vectors = Vectors::new("preadv2", buffers, true)?.into_parts();
        let (pointer, count) = (vectors.1.as_ptr() as usize, vectors.1.len() as i32);
        // SAFETY: the buffers are held during the call.
        checked(|| unsafe { libc::preadv2(fd.0, pointer as *const libc::iovec, count, offset, flags) as i64 })
    }
    /// Writes the contents of bytes-like objects to a file descriptor at a given offset.
    #[pyfunction(sig = "(fd, buffers, offset, flags=0, /)")]
    fn pwritev(fd: Fd, buffers: &PyObject, offset: i64, flags: i32) -> PyResult<i64> {
        let vectors = Vectors::new("pwritev2", buffers, false)?.into_parts();
        let (pointer, count) = (vectors.1.as_ptr() as usize, vectors.1.len() as i32);
        // SAFETY: the buffers are held during the call.
        checked(|| unsafe { libc::pwritev2(fd.0, pointer as *const libc::iovec, count, offset, flags) as i64 })
    }
    /// Transfer count bytes from one pipe to a descriptor or vice versa.
    #[pyfunction(sig = "(src, dst, count, offset_src=None, offset_dst=None, flags=0)")]
    fn splice(
        src: Fd,
        dst: Fd,
        count: isize,
        offset_src: Option<&PyObject>,
        offset_dst: Option<&PyObject>,
        flags: u32,
    ) -> PyResult<i64> {
        if count < 0 {
            return Err(exc::value_error("negative value for 'count' not allowed"));
        }
        let offset = |object: Option<&PyObject>| -> PyResult<Option<i64>> {
            object.map(|o| number::as_isize(o, Some(exc::OverflowError())).map(|n| n as i64)).transpose()
        };
        let (from, to) = (core::cell::Cell::new(offset(offset_src)?), core::cell::Cell::new(offset(offset_dst)?));
        checked(|| {
            let (mut from, mut to) = (from.get(), to.get());
            let pointer = |place: &mut Option<i64>| place.as_mut().map_or(core::ptr::null_mut(), core::ptr::from_mut);
            // SAFETY: the offsets live during the call.
            unsafe { libc::splice(src.0, pointer(&mut from), dst.0, pointer(&mut to), count as usize, flags) as i64 }
        })
    }
    /// Return the configuration limit name for the file descriptor fd.
    ///
    /// If there is no limit, return -1.
    #[pyfunction(sig = "(fd, name, /)")]
    fn fpathconf(fd: Fd, name: &PyObject) -> PyResult<i64> {
        let name = constants::conf_name(name, constants::PATHCONF, "configuration names must be strings or integers")?;
        // SAFETY: errno tells "no limit" from an error.
        unsafe {
            *libc::__errno_location() = 0;
            let limit = libc::fpathconf(fd.0, name);
            if limit == -1 && exc::last_errno() != 0 { Err(exc::os_error_last(None)) } else { Ok(limit) }
        }
    }
    /// Return a string describing the encoding of a terminal's file descriptor.
    ///
    /// The file descriptor must be attached to a terminal.
    /// If the device is not a terminal, return None.
    #[pyfunction(sig = "(fd)")]
    fn device_encoding(fd: i32) -> ObjRef {
        // SAFETY: asking about a descriptor.
        if unsafe { libc::isatty(fd) } != 1 {
            return rpy_vm::none();
        }
        let utf8 = rpy_vm::sysmodule::config::get().utf8_mode;
        PyStr::from_string(if utf8 { "utf-8".to_owned() } else { crate::locale::encoding() }).into_obj()
    }
    /// Create a node in the file system.
    ///
    /// Create a node in the file system (file, device special file or named pipe)
    /// at path.  mode specifies both the permissions to use and the
    /// type of node to be created, being combined (bitwise OR) with one of
    /// S_IFREG, S_IFCHR, S_IFBLK, and S_IFIFO.
    #[pyfunction(sig = "(path, mode=0o600, device=0, *, dir_fd=None)")]
    fn mknod(
        path: super::super::path::Path,
        mode: Option<u32>,
        device: u64,
        dir_fd: Option<&PyObject>,
    ) -> PyResult<()> {
        let dir = super::super::path::dir_fd(dir_fd)?;
        super::super::files::checked_path(&path, || {
            // SAFETY: a NUL-terminated path.
            unsafe { libc::mknodat(dir, path.name.as_ptr(), mode.unwrap_or(0o600), device) as i64 }
        })
        .map(drop)
    }
    /// Extracts a device major number from a raw device number.
    #[pyfunction(sig = "(device, /)")]
    fn major(device: &PyObject) -> PyResult<ObjRef> {
        Ok(PyInt::from_i64(shown(libc::major(device_number(device)?))).into_obj())
    }
    /// Extracts a device minor number from a raw device number.
    #[pyfunction(sig = "(device, /)")]
    fn minor(device: &PyObject) -> PyResult<ObjRef> {
        Ok(PyInt::from_i64(shown(libc::minor(device_number(device)?))).into_obj())
    }
    /// Composes a raw device number from the major and minor device numbers.
    #[pyfunction(sig = "(major, minor, /)")]
    fn makedev(major: &PyObject, minor: &PyObject) -> PyResult<ObjRef> {
        let device = libc::makedev(part_number(major)?, part_number(minor)?);
        Ok(if device == NO_DEVICE { PyInt::from_i64(-1) } else { PyInt::from_u64(device) }.into_obj())
    }
    /// Change root directory to path.
    #[pyfunction(sig = "(path)")]
    fn chroot(path: super::super::path::Path) -> PyResult<()> {
        // SAFETY: a NUL-terminated path.
        super::super::files::checked_path(&path, || unsafe { libc::chroot(path.name.as_ptr()) as i64 }).map(drop)
    }
}

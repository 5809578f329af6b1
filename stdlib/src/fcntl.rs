//! `fcntl`: control of descriptors and locks on files.

const NUMBERS: &[(&str, i64)] = &[
    ("LOCK_SH", libc::LOCK_SH as i64),
    ("LOCK_EX", libc::LOCK_EX as i64),
    ("LOCK_NB", libc::LOCK_NB as i64),
    ("LOCK_UN", libc::LOCK_UN as i64),
    ("LOCK_MAND", 32),
    ("LOCK_READ", 64),
    ("LOCK_WRITE", 128),
    ("LOCK_RW", 192),
    ("F_DUPFD", libc::F_DUPFD as i64),
    ("F_DUPFD_CLOEXEC", libc::F_DUPFD_CLOEXEC as i64),
    ("F_GETFD", libc::F_GETFD as i64),
    ("F_SETFD", libc::F_SETFD as i64),
    ("F_GETFL", libc::F_GETFL as i64),
    ("F_SETFL", libc::F_SETFL as i64),
    ("F_GETLK", libc::F_GETLK as i64),
    ("F_SETLK", libc::F_SETLK as i64),
    ("F_SETLKW", libc::F_SETLKW as i64),
    ("F_GETLK64", libc::F_GETLK as i64),
    ("F_SETLK64", libc::F_SETLK as i64),
    ("F_SETLKW64", libc::F_SETLKW as i64),
    ("F_OFD_GETLK", libc::F_OFD_GETLK as i64),
    ("F_OFD_SETLK", libc::F_OFD_SETLK as i64),
    ("F_OFD_SETLKW", libc::F_OFD_SETLKW as i64),
    ("F_GETOWN", libc::F_GETOWN as i64),
    ("F_SETOWN", libc::F_SETOWN as i64),
    ("F_GETOWN_EX", 16),
    ("F_SETOWN_EX", 15),
    ("F_OWNER_TID", 0),
    ("F_OWNER_PID", 1),
    ("F_OWNER_PGRP", 2),
    ("F_GETSIG", 11),
    ("F_SETSIG", 10),
    ("F_RDLCK", libc::F_RDLCK as i64),
    ("F_WRLCK", libc::F_WRLCK as i64),
    ("F_UNLCK", libc::F_UNLCK as i64),
    ("F_EXLCK", 4),
    ("F_SHLCK", 8),
    ("F_GETLEASE", libc::F_GETLEASE as i64),
    ("F_SETLEASE", libc::F_SETLEASE as i64),
    ("F_NOTIFY", libc::F_NOTIFY as i64),
    ("F_GETPIPE_SZ", libc::F_GETPIPE_SZ as i64),
    ("F_SETPIPE_SZ", libc::F_SETPIPE_SZ as i64),
    ("F_GET_RW_HINT", 1035),
    ("F_SET_RW_HINT", 1036),
    ("F_GET_FILE_RW_HINT", 1037),
    ("F_SET_FILE_RW_HINT", 1038),
    ("RWH_WRITE_LIFE_NOT_SET", 0),
    ("RWH_WRITE_LIFE_NONE", 1),
    ("RWH_WRITE_LIFE_SHORT", 2),
    ("RWH_WRITE_LIFE_MEDIUM", 3),
    ("RWH_WRITE_LIFE_LONG", 4),
    ("RWH_WRITE_LIFE_EXTREME", 5),
    ("F_ADD_SEALS", libc::F_ADD_SEALS as i64),
    ("F_GET_SEALS", libc::F_GET_SEALS as i64),
    ("F_SEAL_SEAL", libc::F_SEAL_SEAL as i64),
    ("F_SEAL_SHRINK", libc::F_SEAL_SHRINK as i64),
    ("F_SEAL_GROW", libc::F_SEAL_GROW as i64),
    ("F_SEAL_WRITE", libc::F_SEAL_WRITE as i64),
    ("F_SEAL_FUTURE_WRITE", 16),
    ("FD_CLOEXEC", libc::FD_CLOEXEC as i64),
    ("FASYNC", libc::O_ASYNC as i64),
    ("DN_ACCESS", 1),
    ("DN_MODIFY", 2),
    ("DN_CREATE", 4),
    ("DN_DELETE", 8),
    ("DN_RENAME", 16),
    ("DN_ATTRIB", 32),
    ("DN_MULTISHOT", 0x8000_0000),
    ("FICLONE", 0x4004_9409),
    ("FICLONERANGE", 0x4020_940d),
];

/// This module performs file control and I/O control on file
/// descriptors.  It is an interface to the fcntl() and ioctl() Unix
/// routines.  File descriptors can be obtained with the fileno() method of
/// a file or socket object.
#[rpy_vm::pymodule(name = "fcntl")]
pub mod fcntl_ {
    use rpy_vm::protocol::buffer::{ArgBytes, Buffer};
    use rpy_vm::protocol::number;
    use rpy_vm::runtime::audit;
    use rpy_vm::types::bytes::PyBytes;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::{ObjRef, PyObject, PyResult, exc};

    use crate::posix::files::checked;
    use crate::posix::path::Fd;
    use crate::support::int;

    const ROOM: usize = 1024;
    /// Written behind the buffer, to see whether the kernel wrote too much.
    const GUARD: [u8; 8] = [0x00, 0xfa, 0x69, 0xc4, 0x67, 0xa3, 0x6c, 0x58];

    /// A number as the kernel's `unsigned int` or `long`, whatever its sign.
    fn mask(object: &PyObject) -> PyResult<i64> {
        let value = number::index(object)?;
        if value.as_i64().is_none() && value.as_u64().is_none() {
            return Err(exc::overflow_error("Python int too large to convert to C unsigned long"));
        }
        Ok(value.wrapping_u64() as i64)
    }

    /// The bytes of a text or buffer argument.
    fn bytes_of(object: &PyObject) -> PyResult<Option<Vec<u8>>> {
        if let Some(text) = object.downcast_ref::<PyStr>() {
            return Ok(Some(text.as_utf8()?.as_bytes().to_vec()));
        }
        if Buffer::check(object) {
            return Ok(Some(ArgBytes::from_object(object)?.as_bytes().to_vec()));
        }
        Ok(None)
    }

    /// Calls with a copy of the bytes; gives what the kernel left in it.
    fn with_copy(bytes: &[u8], call: impl Fn(*mut u8) -> i64) -> PyResult<(i64, Vec<u8>)> {
        let len = bytes.len();
        let mut room = vec![0u8; len.max(ROOM) + GUARD.len()];
        room[..len].copy_from_slice(bytes);
        room[len..len + GUARD.len()].copy_from_slice(&GUARD);
        let address = room.as_mut_ptr() as usize;
        let result = checked(|| call(address as *mut u8))?;
        if room[len..len + GUARD.len()] != GUARD {
            return Err(exc::system_error("buffer overflow"));
        }
        room.truncate(len);
        Ok((result, room))
    }

    /// Perform the operation `cmd` on file descriptor fd.
    ///
    /// The values used for `cmd` are operating system dependent, and are available
    /// as constants in the fcntl module, using the same names as used in
    /// the relevant C header files.  The argument arg is optional, and
    /// defaults to 0; it may be an int or a string.  If arg is given as a string,
    /// the return value of fcntl is a string of that length, containing the
    /// resulting value put in the arg buffer by the operating system.  The length
    /// of the arg string is not allowed to exceed 1024 bytes.  If the arg given
    /// is an integer or if none is specified, the result value is an integer
    /// corresponding to the return value of the fcntl call in the C code.
    #[pyfunction(sig = "(fd, cmd, arg=0, /)")]
    fn fcntl(fd: Fd, cmd: i32, arg: Option<&PyObject>) -> PyResult<ObjRef> {
        let fd = fd.0;
        audit::audit("fcntl.fcntl", &[&int(fd.into()), &int(cmd.into()), arg.unwrap_or(&int(0))])?;
        match arg {
            Some(object) if !number::is_index(object) => match bytes_of(object)? {
                // SAFETY: the copy has room for what the operation writes.
                Some(bytes) => {
                    Ok(PyBytes::from_vec(with_copy(&bytes, |p| unsafe { libc::fcntl(fd, cmd, p) as i64 })?.1)
                        .into_obj())
                }
                None => Err(exc::type_error(format!(
                    "fcntl() argument 3 must be int, bytes-like object or str, not {}",
                    object.ty().name()
                ))),
            },
            arg => {
                let arg = arg.map_or(Ok(0), mask)?;
                // SAFETY: a plain system call.
                checked(|| unsafe { libc::fcntl(fd, cmd, arg) as i64 }).map(int)
            }
        }
    }

    /// Perform the operation request on file descriptor fd.
    ///
    /// The values used for request are operating system dependent, and are available
    /// as constants in the fcntl or termios library modules, using the same names as
    /// used in the relevant C header files.
    ///
    /// The argument `arg` is optional, and defaults to 0; it may be an int or a
    /// buffer containing character data (most likely a string or an array).
    ///
    /// If the argument is a mutable buffer (such as an array) and if the
    /// mutate_flag argument (which is only allowed in this case) is true then the
    /// buffer is (in effect) passed to the operating system and changes made by
    /// the OS will be reflected in the contents of the buffer after the call has
    /// returned.  The return value is the integer returned by the ioctl system
    /// call.
    #[pyfunction(sig = "(fd, request, arg=0, mutate_flag=True, /)")]
    fn ioctl(fd: Fd, request: &PyObject, arg: Option<&PyObject>, mutate_flag: bool) -> PyResult<ObjRef> {
        let fd = fd.0;
        let request = mask(request)? as libc::Ioctl;
        audit::audit("fcntl.ioctl", &[&int(fd.into()), &int(request as i64), arg.unwrap_or(&int(0))])?;
        let object = match arg {
            Some(object) if !number::is_index(object) => object,
            arg => {
                let arg = arg.map_or(Ok(0), mask)?;
                // SAFETY: a plain system call.
                return checked(|| unsafe { libc::ioctl(fd, request, arg) as i64 }).map(int);
            }
        };
        if object.downcast_ref::<PyStr>().is_none()
            && Buffer::check(object)
            && let Ok(mut buffer) = Buffer::writable(object)
        {
            // SAFETY: the copy has room for what the operation writes.
            let (result, bytes) = with_copy(buffer.bytes(), |p| unsafe { libc::ioctl(fd, request, p) as i64 })?;
            if mutate_flag {
                buffer.bytes_mut().copy_from_slice(&bytes);
                return Ok(int(result));
            }
            return Ok(PyBytes::from_vec(bytes).into_obj());
        }
        match bytes_of(object)? {
            // SAFETY: as above.
            Some(bytes) => {
                Ok(PyBytes::from_vec(with_copy(&bytes, |p| unsafe { libc::ioctl(fd, request, p) as i64 })?.1)
                    .into_obj())
            }
            None => Err(exc::type_error(format!(
                "ioctl() argument 3 must be int, bytes-like object or str, not {}",
                object.ty().name()
            ))),
        }
    }

    /// Perform the lock operation `operation` on file descriptor `fd`.
    ///
    /// See the Unix manual page for flock(2) for details (On some systems, this
    /// function is emulated using fcntl()).
    #[pyfunction(sig = "(fd, operation, /)")]
    fn flock(fd: Fd, operation: i32) -> PyResult<()> {
        audit::audit("fcntl.flock", &[&int(fd.0.into()), &int(operation.into())])?;
        // SAFETY: a plain system call.
        checked(|| unsafe { libc::flock(fd.0, operation) as i64 }).map(drop)
    }

    fn offset(object: Option<&PyObject>) -> PyResult<i64> {
        object.map_or(Ok(0), |o| {
            number::index(o)?.as_i64().ok_or_else(|| exc::overflow_error("Python int too large to convert to C long"))
        })
    }

    /// A wrapper around the fcntl() locking calls.
    ///
    /// `fd` is the file descriptor of the file to lock or unlock, and operation is one
    /// of the following values:
    ///
    ///     LOCK_UN - unlock
    ///     LOCK_SH - acquire a shared lock
    ///     LOCK_EX - acquire an exclusive lock
    ///
    /// When operation is LOCK_SH or LOCK_EX, it can also be bitwise ORed with
    /// LOCK_NB to avoid blocking on lock acquisition.  If LOCK_NB is used and the
    /// lock cannot be acquired, an OSError will be raised and the exception will
    /// have an errno attribute set to EACCES or EAGAIN (depending on the operating
    /// system -- for portability, check for either value).
    ///
    /// `len` is the number of bytes to lock, with the default meaning to lock to
    /// EOF.  `start` is the byte offset, relative to `whence`, to that the lock
    /// starts.  `whence` is as with fileobj.seek(), specifically:
    ///
    ///     0 - relative to the start of the file (SEEK_SET)
    ///     1 - relative to the current buffer position (SEEK_CUR)
    ///     2 - relative to the end of the file (SEEK_END)
    #[pyfunction(sig = "(fd, cmd, len=0, start=0, whence=0, /)")]
    fn lockf(fd: Fd, cmd: i32, len: Option<&PyObject>, start: Option<&PyObject>, whence: i32) -> PyResult<()> {
        audit::audit(
            "fcntl.lockf",
            &[
                &int(fd.0.into()),
                &int(cmd.into()),
                len.unwrap_or(&int(0)),
                start.unwrap_or(&int(0)),
                &int(whence.into()),
            ],
        )?;
        // SAFETY: plain data.
        let mut lock: libc::flock = unsafe { core::mem::zeroed() };
        lock.l_type = if cmd == libc::LOCK_UN {
            libc::F_UNLCK as _
        } else if cmd & libc::LOCK_SH != 0 {
            libc::F_RDLCK as _
        } else if cmd & libc::LOCK_EX != 0 {
            libc::F_WRLCK as _
        } else {
            return Err(exc::value_error("unrecognized lockf argument"));
        };
        lock.l_start = offset(start)?;
        lock.l_len = offset(len)?;
        lock.l_whence = whence as _;
        let operation = if cmd & libc::LOCK_NB != 0 { libc::F_SETLK } else { libc::F_SETLKW };
        // SAFETY: the lock lives during the call.
        checked(|| unsafe { libc::fcntl(fd.0, operation, &lock) as i64 }).map(drop)
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        crate::support::add_numbers(module, super::NUMBERS)
    }
}

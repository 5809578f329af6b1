//! Pseudo-terminals.

use rpy_vm::object::defs::PyMethodDef;
use rpy_vm::{ObjRef, PyResult, exc, pymodule};

use super::files::checked;
use super::path::Fd;

/// The module's functions of this file.
pub const FUNCTIONS: &[PyMethodDef] = functions::MODULE.functions;

/// See [`FUNCTIONS`].
#[pymodule(name = "posix")]
mod functions {
    use super::*;

    /// Open and return a file descriptor for a master pseudo-terminal device.
    ///
    /// Performs a posix_openpt() C function call. The oflag argument is used to
    /// set file status flags and file access modes as specified in the manual page
    /// of posix_openpt() of your system.
    #[pyfunction(sig = "(oflag, /)")]
    fn posix_openpt(oflag: i32) -> PyResult<i64> {
        // SAFETY: plain system calls, here and below where nothing else is said.
        let fd = checked(|| unsafe { libc::posix_openpt(oflag) as i64 })?;
        // SAFETY: making the new descriptor close on exec.
        unsafe { libc::fcntl(fd as i32, libc::F_SETFD, libc::FD_CLOEXEC) };
        Ok(fd)
    }
    /// Grant access to the slave pseudo-terminal device.
    #[pyfunction(sig = "(fd, /)")]
    fn grantpt(fd: Fd) -> PyResult<()> {
        // SAFETY: a plain library call.
        if unsafe { libc::grantpt(fd.0) } < 0 { Err(exc::os_error_last(None)) } else { Ok(()) }
    }
    /// Unlock a pseudo-terminal master/slave pair.
    #[pyfunction(sig = "(fd, /)")]
    fn unlockpt(fd: Fd) -> PyResult<()> {
        // SAFETY: a plain library call.
        if unsafe { libc::unlockpt(fd.0) } < 0 { Err(exc::os_error_last(None)) } else { Ok(()) }
    }
    /// Return the name of the slave pseudo-terminal device.
    #[pyfunction(sig = "(fd, /)")]
    fn ptsname(fd: Fd) -> PyResult<ObjRef> {
        let mut buffer = [0u8; 256];
        // SAFETY: a buffer with its size; a NUL-terminated name on success.
        unsafe {
            match libc::ptsname_r(fd.0, buffer.as_mut_ptr().cast(), buffer.len()) {
                0 => {
                    let name = core::ffi::CStr::from_ptr(buffer.as_ptr().cast());
                    Ok(rpy_vm::runtime::codecs::fs_decode(name.to_bytes()).into_obj())
                }
                errno => Err(exc::os_error_errno(errno, None)),
            }
        }
    }
    /// Set the process group associated with the terminal specified by fd.
    #[pyfunction(sig = "(fd, pgid, /)")]
    fn tcsetpgrp(fd: i32, pgid: i32) -> PyResult<()> {
        // SAFETY: a plain system call.
        checked(|| unsafe { libc::tcsetpgrp(fd, pgid) as i64 }).map(drop)
    }
}

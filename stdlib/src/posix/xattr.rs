//! Extended attributes of files.

use rpy_vm::object::defs::PyMethodDef;
use rpy_vm::protocol::buffer::ArgBytes;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyErr, PyResult, exc, pymodule};

use super::files::retry;
use super::path::{Path, PathOrFd};

/// The module's functions of this file.
pub const FUNCTIONS: &[PyMethodDef] = functions::MODULE.functions;

/// Sizes of results that are tried: most are short, and the system has a limit.
const ROOM: [usize; 2] = [128, 65536];

/// A descriptor has no link to follow.
fn check(function: &str, path: &PathOrFd, follow: bool) -> PyResult<()> {
    match path {
        PathOrFd::Fd(_) if !follow => {
            Err(exc::value_error(format!("{function}: cannot use fd and follow_symlinks together")))
        }
        _ => Ok(()),
    }
}

fn failed(path: &PathOrFd, errno: i32) -> PyErr {
    match path {
        PathOrFd::Path(path) => exc::os_error_errno(errno, Some(&path.object)),
        PathOrFd::Fd(_) => exc::os_error_errno(errno, None),
    }
}

/// Runs a call that fills in a buffer, with as much room as it wants.
fn fill(path: &PathOrFd, call: impl Fn(*mut u8, usize) -> isize) -> PyResult<Vec<u8>> {
    for room in ROOM {
        let mut buffer = vec![0u8; room];
        let pointer = buffer.as_mut_ptr() as usize;
        match retry(|| call(pointer as *mut u8, room) as i64)? {
            Ok(length) => {
                buffer.truncate(length as usize);
                return Ok(buffer);
            }
            Err(libc::ERANGE) => {}
            Err(errno) => return Err(failed(path, errno)),
        }
    }
    Err(failed(path, libc::ERANGE))
}

/// See [`FUNCTIONS`].
#[pymodule(name = "posix")]
mod functions {
    use super::*;

    /// Return the value of extended attribute attribute on path.
    ///
    /// path may be either a string, a path-like object, or an open file descriptor.
    /// If follow_symlinks is False, and the last element of the path is a symbolic
    /// link, getxattr will examine the symbolic link itself instead of the file
    /// the link points to.
    #[pyfunction(sig = "(path, attribute, *, follow_symlinks=True)")]
    fn getxattr(path: PathOrFd, attribute: Path, follow_symlinks: bool) -> PyResult<ObjRef> {
        check("getxattr", &path, follow_symlinks)?;
        let name = attribute.name.as_ptr();
        let value = fill(&path, |buffer, room| {
            // SAFETY: NUL-terminated names, and a buffer with its size.
            unsafe {
                match &path {
                    PathOrFd::Fd(fd) => libc::fgetxattr(*fd, name, buffer.cast(), room),
                    PathOrFd::Path(p) if follow_symlinks => libc::getxattr(p.name.as_ptr(), name, buffer.cast(), room),
                    PathOrFd::Path(p) => libc::lgetxattr(p.name.as_ptr(), name, buffer.cast(), room),
                }
            }
        })?;
        Ok(PyBytes::from_vec(value).into_obj())
    }

    /// Set extended attribute attribute on path to value.
    ///
    /// path may be either a string, a path-like object,  or an open file descriptor.
    /// If follow_symlinks is False, and the last element of the path is a symbolic
    /// link, setxattr will modify the symbolic link itself instead of the file
    /// the link points to.
    #[pyfunction(sig = "(path, attribute, value, flags=0, *, follow_symlinks=True)")]
    fn setxattr(
        path: PathOrFd,
        attribute: Path,
        value: ArgBytes<'_>,
        flags: i32,
        follow_symlinks: bool,
    ) -> PyResult<()> {
        check("setxattr", &path, follow_symlinks)?;
        let name = attribute.name.as_ptr();
        let (data, size) = (value.as_bytes().as_ptr(), value.as_bytes().len());
        let result = retry(|| {
            // SAFETY: NUL-terminated names, and a buffer with its size.
            unsafe {
                let result = match &path {
                    PathOrFd::Fd(fd) => libc::fsetxattr(*fd, name, data.cast(), size, flags),
                    PathOrFd::Path(p) if follow_symlinks => {
                        libc::setxattr(p.name.as_ptr(), name, data.cast(), size, flags)
                    }
                    PathOrFd::Path(p) => libc::lsetxattr(p.name.as_ptr(), name, data.cast(), size, flags),
                };
                i64::from(result)
            }
        })?;
        result.map(drop).map_err(|errno| failed(&path, errno))
    }

    /// Remove extended attribute attribute on path.
    ///
    /// path may be either a string, a path-like object, or an open file descriptor.
    /// If follow_symlinks is False, and the last element of the path is a symbolic
    /// link, removexattr will modify the symbolic link itself instead of the file
    /// the link points to.
    #[pyfunction(sig = "(path, attribute, *, follow_symlinks=True)")]
    fn removexattr(path: PathOrFd, attribute: Path, follow_symlinks: bool) -> PyResult<()> {
        check("removexattr", &path, follow_symlinks)?;
        let name = attribute.name.as_ptr();
        let result = retry(|| {
            // SAFETY: NUL-terminated names.
            unsafe {
                let result = match &path {
                    PathOrFd::Fd(fd) => libc::fremovexattr(*fd, name),
                    PathOrFd::Path(p) if follow_symlinks => libc::removexattr(p.name.as_ptr(), name),
                    PathOrFd::Path(p) => libc::lremovexattr(p.name.as_ptr(), name),
                };
                i64::from(result)
            }
        })?;
        result.map(drop).map_err(|errno| failed(&path, errno))
    }

    /// Return a list of extended attributes on path.
    ///
    /// path may be either None, a string, a path-like object, or an open file descriptor.
    /// if path is None, listxattr will examine the current directory.
    /// If follow_symlinks is False, and the last element of the path is a symbolic
    /// link, listxattr will examine the symbolic link itself instead of the file
    /// the link points to.
    #[pyfunction(sig = "(path=None, *, follow_symlinks=True)")]
    fn listxattr(path: Option<PathOrFd>, follow_symlinks: bool) -> PyResult<ObjRef> {
        let path = path.unwrap_or_else(|| {
            PathOrFd::Path(Path { name: std::ffi::CString::from(c"."), object: PyStr::new(".").into_obj() })
        });
        check("listxattr", &path, follow_symlinks)?;
        let names = fill(&path, |buffer, room| {
            // SAFETY: a NUL-terminated name, and a buffer with its size.
            unsafe {
                match &path {
                    PathOrFd::Fd(fd) => libc::flistxattr(*fd, buffer.cast(), room),
                    PathOrFd::Path(p) if follow_symlinks => libc::listxattr(p.name.as_ptr(), buffer.cast(), room),
                    PathOrFd::Path(p) => libc::llistxattr(p.name.as_ptr(), buffer.cast(), room),
                }
            }
        })?;
        let names = names.split(|&b| b == 0).filter(|name| !name.is_empty());
        Ok(PyList::new(names.map(|name| rpy_vm::runtime::codecs::fs_decode(name).into_obj()).collect()).into_obj())
    }
}

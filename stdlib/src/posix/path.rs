//! Path arguments: names as text, bytes or path objects, or open descriptors where the call allows them.

use std::ffi::CString;

use rpy_vm::convert::{ArgCtx, FromArg};
use rpy_vm::protocol::number;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, exc};

/// A file name, and the object it came from (for error messages and for choosing between text and bytes results).
pub struct Path {
    pub name: CString,
    pub object: ObjRef,
}

impl Path {
    /// Were bytes given? Then results are bytes, too.
    pub fn is_bytes(&self) -> bool {
        match self.object.downcast_ref::<PyStr>() {
            Some(_) => false,
            None => rpy_vm::runtime::paths::fspath(&self.object).is_ok_and(|p| p.downcast_ref::<PyBytes>().is_some()),
        }
    }

    /// A file name of the same kind as this path.
    pub fn like(&self, name: &[u8]) -> ObjRef {
        if self.is_bytes() {
            PyBytes::new(name).into_obj()
        } else {
            rpy_vm::runtime::codecs::fs_decode(name).into_obj()
        }
    }

    /// The error of the last system call, about this path.
    pub fn error(&self) -> PyErr {
        exc::os_error_last(Some(&self.object))
    }
}

impl<'a> FromArg<'a> for Path {
    fn from_arg(object: &'a PyObject, ctx: &ArgCtx) -> PyResult<Path> {
        if !is_path(object)? {
            return Err(exc::type_error(format!(
                "{}: path should be string, bytes or os.PathLike, not {}",
                ctx.func,
                object.ty().name()
            )));
        }
        match rpy_vm::runtime::paths::path_bytes(object) {
            Ok(bytes) => Ok(Path {
                name: CString::new(bytes)
                    .map_err(|_| exc::value_error(format!("{}: embedded null character in path", ctx.func)))?,
                object: object.new_ref(),
            }),
            Err(e) => Err(e),
        }
    }
}

/// Is it text, bytes, or an object that says how it is a path?
fn is_path(object: &PyObject) -> PyResult<bool> {
    if object.downcast_ref::<PyStr>().is_some() || object.downcast_ref::<PyBytes>().is_some() {
        return Ok(true);
    }
    let method = rpy_vm::protocol::object::lookup_special(object, rpy_vm::intern!("__fspath__"))?;
    Ok(method.is_some_and(|method| !rpy_vm::is_none(&method)))
}

/// A file name or an open descriptor.
pub enum PathOrFd {
    Path(Path),
    Fd(i32),
}

impl PathOrFd {
    pub fn error(&self) -> PyErr {
        match self {
            PathOrFd::Path(path) => path.error(),
            PathOrFd::Fd(_) => exc::os_error_last(None),
        }
    }
}

impl<'a> FromArg<'a> for PathOrFd {
    fn from_arg(object: &'a PyObject, ctx: &ArgCtx) -> PyResult<PathOrFd> {
        if is_path(object)? {
            return Path::from_arg(object, ctx).map(PathOrFd::Path);
        }
        if !number::is_index(object) {
            return Err(exc::type_error(format!(
                "{}: path should be string, bytes, os.PathLike or integer, not {}",
                ctx.func,
                object.ty().name()
            )));
        }
        warn_if_bool(object)?;
        let number = number::index(object)?;
        match number.as_i64().map(i32::try_from) {
            Some(Ok(fd)) => Ok(PathOrFd::Fd(fd)),
            _ if number.is_negative() => Err(exc::overflow_error("fd is less than minimum")),
            _ => Err(exc::overflow_error("fd is greater than maximum")),
        }
    }
}

/// A descriptor: an int, or an object with `fileno()`.
pub struct Fd(pub i32);

impl<'a> FromArg<'a> for Fd {
    fn from_arg(object: &'a PyObject, _ctx: &ArgCtx) -> PyResult<Fd> {
        let number = if number::is_index(object) {
            warn_if_bool(object)?;
            number::as_isize(object, Some(exc::OverflowError()))?
        } else {
            let result = rpy_vm::protocol::call::call_method(object, rpy_vm::intern!("fileno"), &[]).map_err(|e| {
                if e.matches(exc::AttributeError()) {
                    exc::type_error("argument must be an int, or have a fileno() method.")
                } else {
                    e
                }
            })?;
            number::as_isize(&result, Some(exc::OverflowError()))?
        };
        match i32::try_from(number) {
            Ok(fd) if fd < 0 => Err(exc::value_error(format!("file descriptor cannot be a negative integer ({fd})"))),
            Ok(fd) => Ok(Fd(fd)),
            Err(_) => Err(exc::overflow_error("Python int too large to convert to C int")),
        }
    }
}

fn warn_if_bool(object: &PyObject) -> PyResult<()> {
    if rpy_vm::types::bool_::is_bool(object) {
        rpy_vm::runtime::warnings::warn(exc::RuntimeWarning(), "bool is used as a file descriptor", 1)?;
    }
    Ok(())
}

/// `dir_fd`: a descriptor, or the current directory for None.
pub fn dir_fd(object: Option<&PyObject>) -> PyResult<i32> {
    match object {
        None => Ok(libc::AT_FDCWD),
        Some(o) if rpy_vm::is_none(o) => Ok(libc::AT_FDCWD),
        Some(o) if number::is_index(o) => {
            warn_if_bool(o)?;
            let n = number::as_isize(o, Some(exc::OverflowError()))?;
            i32::try_from(n).map_err(|_| exc::overflow_error("fd is greater than maximum"))
        }
        Some(o) => Err(exc::type_error(format!("argument should be integer or None, not {}", o.ty().name()))),
    }
}

//! Users and groups of the process.

use rpy_vm::convert::{ArgCtx, FromArg};
use rpy_vm::object::defs::PyMethodDef;
use rpy_vm::protocol::{number, sequence};
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::{ObjRef, PyObject, PyResult, exc, pymodule};

use super::path::Path;

/// The module's functions of this file.
pub const FUNCTIONS: &[PyMethodDef] = functions::MODULE.functions;

/// A user's or group's number; -1 stands for "leave as it is".
fn id(object: &PyObject, what: &str) -> PyResult<u32> {
    if !number::is_index(object) {
        return Err(exc::type_error(format!("{what} should be integer, not {}", object.ty().name())));
    }
    let value = number::index(object)?;
    match value.as_i64() {
        Some(-1) => Ok(u32::MAX),
        Some(n) if n < 0 => Err(exc::overflow_error(format!("{what} is less than minimum"))),
        Some(n) => u32::try_from(n).map_err(|_| exc::overflow_error(format!("{what} is greater than maximum"))),
        None if value.is_negative() => Err(exc::overflow_error(format!("{what} is less than minimum"))),
        None => Err(exc::overflow_error(format!("{what} is greater than maximum"))),
    }
}

/// A user's number.
struct Uid(u32);

impl<'a> FromArg<'a> for Uid {
    fn from_arg(object: &'a PyObject, _ctx: &ArgCtx) -> PyResult<Uid> {
        id(object, "uid").map(Uid)
    }
}

/// A group's number.
struct Gid(u32);

impl<'a> FromArg<'a> for Gid {
    fn from_arg(object: &'a PyObject, _ctx: &ArgCtx) -> PyResult<Gid> {
        id(object, "gid").map(Gid)
    }
}

/// What a system call says: -1 is the error in `errno`.
fn done(result: libc::c_int) -> PyResult<()> {
    if result < 0 { Err(exc::os_error_last(None)) } else { Ok(()) }
}

/// See [`FUNCTIONS`].
#[pymodule(name = "posix")]
mod functions {
    use super::*;

    /// Set the current process's user id.
    #[pyfunction(sig = "(uid, /)")]
    fn setuid(uid: Uid) -> PyResult<()> {
        // SAFETY: plain system calls, here and below where nothing else is said.
        done(unsafe { libc::setuid(uid.0) })
    }
    /// Set the current process's effective user id.
    #[pyfunction(sig = "(euid, /)")]
    fn seteuid(euid: Uid) -> PyResult<()> {
        // SAFETY: a plain system call.
        done(unsafe { libc::seteuid(euid.0) })
    }
    /// Set the current process's real and effective user ids.
    #[pyfunction(sig = "(ruid, euid, /)")]
    fn setreuid(ruid: Uid, euid: Uid) -> PyResult<()> {
        // SAFETY: a plain system call.
        done(unsafe { libc::setreuid(ruid.0, euid.0) })
    }
    /// Set the current process's real, effective, and saved user ids.
    #[pyfunction(sig = "(ruid, euid, suid, /)")]
    fn setresuid(ruid: Uid, euid: Uid, suid: Uid) -> PyResult<()> {
        // SAFETY: a plain system call.
        done(unsafe { libc::setresuid(ruid.0, euid.0, suid.0) })
    }
    /// Return a tuple of the current process's real, effective, and saved user ids.
    #[pyfunction]
    fn getresuid() -> PyResult<(i64, i64, i64)> {
        let (mut r, mut e, mut s) = (0, 0, 0);
        // SAFETY: three numbers to fill in.
        done(unsafe { libc::getresuid(&mut r, &mut e, &mut s) })?;
        Ok((r.into(), e.into(), s.into()))
    }
    /// Set the current process's group id.
    #[pyfunction(sig = "(gid, /)")]
    fn setgid(gid: Gid) -> PyResult<()> {
        // SAFETY: a plain system call.
        done(unsafe { libc::setgid(gid.0) })
    }
    /// Set the current process's effective group id.
    #[pyfunction(sig = "(egid, /)")]
    fn setegid(egid: Gid) -> PyResult<()> {
        // SAFETY: a plain system call.
        done(unsafe { libc::setegid(egid.0) })
    }
    /// Set the current process's real and effective group ids.
    #[pyfunction(sig = "(rgid, egid, /)")]
    fn setregid(rgid: Gid, egid: Gid) -> PyResult<()> {
        // SAFETY: a plain system call.
        done(unsafe { libc::setregid(rgid.0, egid.0) })
    }
    /// Set the current process's real, effective, and saved group ids.
    #[pyfunction(sig = "(rgid, egid, sgid, /)")]
    fn setresgid(rgid: Gid, egid: Gid, sgid: Gid) -> PyResult<()> {
        // SAFETY: a plain system call.
        done(unsafe { libc::setresgid(rgid.0, egid.0, sgid.0) })
    }
    /// Return a tuple of the current process's real, effective, and saved group ids.
    #[pyfunction]
    fn getresgid() -> PyResult<(i64, i64, i64)> {
        let (mut r, mut e, mut s) = (0, 0, 0);
        // SAFETY: three numbers to fill in.
        done(unsafe { libc::getresgid(&mut r, &mut e, &mut s) })?;
        Ok((r.into(), e.into(), s.into()))
    }
    /// Set the groups of the current process to list.
    #[pyfunction(sig = "(groups, /)")]
    fn setgroups(groups: &PyObject) -> PyResult<()> {
        if !rpy_vm::protocol::sequence::check(groups) {
            return Err(exc::type_error("setgroups argument must be a sequence"));
        }
        let groups = sequence::fast(groups)?;
        if groups.len() > 65536 {
            return Err(exc::value_error("too many groups"));
        }
        let mut ids = Vec::with_capacity(groups.len());
        for group in &groups {
            if group.downcast_ref::<PyInt>().is_some() {
                ids.push(id(group, "gid")?);
            } else {
                return Err(exc::type_error("groups must be integers"));
            }
        }
        // SAFETY: an array with its length.
        done(unsafe { libc::setgroups(ids.len(), ids.as_ptr()) })
    }
    /// Initialize the group access list.
    ///
    /// Call the system initgroups() to initialize the group access list with all of
    /// the groups of which the specified username is a member, plus the specified
    /// group id.
    #[pyfunction(sig = "(username, gid, /)")]
    fn initgroups(username: Path, gid: Gid) -> PyResult<()> {
        // SAFETY: a NUL-terminated name.
        done(unsafe { libc::initgroups(username.name.as_ptr(), gid.0) })
    }
    /// Returns a list of groups to which a user belongs.
    #[pyfunction(sig = "(user, group, /)")]
    fn getgrouplist(user: &str, group: Gid) -> PyResult<ObjRef> {
        let user = std::ffi::CString::new(user).map_err(|_| exc::value_error("embedded null character"))?;
        let mut room: libc::c_int = 65536;
        let mut groups: Vec<libc::gid_t> = vec![0; room as usize];
        // SAFETY: an array with its length; the call says how many it filled in.
        if unsafe { libc::getgrouplist(user.as_ptr(), group.0, groups.as_mut_ptr(), &mut room) } < 0 {
            return Err(exc::os_error_last(None));
        }
        groups.truncate(room as usize);
        let all = groups.iter().map(|&gid| PyInt::from_i64(i64::from(gid)).into_obj()).collect();
        Ok(PyList::new(all).into_obj())
    }
    /// Make the current process the leader of its process group.
    #[pyfunction]
    fn setpgrp() -> PyResult<()> {
        // SAFETY: a plain system call.
        done(unsafe { libc::setpgid(0, 0) })
    }
}

//! `pwd` and `grp`: the databases of users and groups.

use std::ffi::{CStr, CString};

use rpy_vm::protocol::number;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyStruct, exc, structseq};

use crate::support::int;

structseq! {
    /// A user.
    pub static PASSWD = c"pwd.struct_passwd", Some(c"pwd.struct_passwd: Results from getpw*() routines.\n\nThis object may be accessed either as a tuple of\n  (pw_name,pw_passwd,pw_uid,pw_gid,pw_gecos,pw_dir,pw_shell)\nor via the object attributes as named in the above tuple."), 7, true, [
        (c"pw_name", c"user name"),
        (c"pw_passwd", c"password"),
        (c"pw_uid", c"user id"),
        (c"pw_gid", c"group id"),
        (c"pw_gecos", c"real name"),
        (c"pw_dir", c"home directory"),
        (c"pw_shell", c"shell program"),
    ]
}

structseq! {
    /// A group.
    pub static GROUP = c"grp.struct_group", Some(c"grp.struct_group: Results from getgr*() routines.\n\nThis object may be accessed either as a tuple of\n  (gr_name,gr_passwd,gr_gid,gr_mem)\nor via the object attributes as named in the above tuple.\n"), 4, true, [
        (c"gr_name", c"group name"),
        (c"gr_passwd", c"password"),
        (c"gr_gid", c"group id"),
        (c"gr_mem", c"group members"),
    ]
}

fn text(pointer: *const libc::c_char) -> ObjRef {
    if pointer.is_null() {
        return rpy_vm::none();
    }
    // SAFETY: a NUL-terminated string of the C library, copied at once.
    rpy_vm::runtime::codecs::fs_decode(unsafe { CStr::from_ptr(pointer) }.to_bytes()).into_obj()
}

/// An id; -1 stands for the largest.
fn id_object(id: u32) -> ObjRef {
    int(if id == u32::MAX { -1 } else { id.into() })
}

fn passwd(entry: &libc::passwd) -> PyResult<ObjRef> {
    PASSWD.build(vec![
        text(entry.pw_name),
        text(entry.pw_passwd),
        id_object(entry.pw_uid),
        id_object(entry.pw_gid),
        text(entry.pw_gecos),
        text(entry.pw_dir),
        text(entry.pw_shell),
    ])
}

fn group(entry: &libc::group) -> PyResult<ObjRef> {
    let mut members = Vec::new();
    let mut at = entry.gr_mem;
    // SAFETY: a null-terminated array of strings.
    unsafe {
        while !at.is_null() && !(*at).is_null() {
            members.push(text(*at));
            at = at.add(1);
        }
    }
    GROUP.build(vec![
        text(entry.gr_name),
        text(entry.gr_passwd),
        id_object(entry.gr_gid),
        PyList::new(members).into_obj(),
    ])
}

/// An id from an argument; `None` if no id can be that number.
fn id_arg(object: &PyObject, what: &str) -> PyResult<Option<u32>> {
    if !number::is_index(object) {
        return Err(exc::type_error(format!("{what} should be integer, not {}", object.ty().name())));
    }
    Ok(match number::index(object)?.as_i64() {
        Some(-1) => Some(u32::MAX),
        Some(n) => u32::try_from(n).ok(),
        None => None,
    })
}

fn name_arg(name: &PyStr) -> PyResult<CString> {
    CString::new(rpy_vm::runtime::codecs::fs_encode(name)?).map_err(|_| exc::value_error("embedded null byte"))
}

fn not_found(message: String) -> PyErr {
    exc::key_error(PyStr::from_string(message).as_object())
}

/// Calls a `get*_r` function with buffers of growing size, without the GIL. `make` gets the entry, if there is one.
fn look_up<T>(
    call: impl Fn(*mut T, *mut libc::c_char, usize, *mut *mut T) -> i32,
    make: impl FnOnce(&T) -> PyResult<ObjRef>,
) -> PyResult<Option<ObjRef>> {
    let mut size = 1024;
    loop {
        let mut buffer: Vec<libc::c_char> = vec![0; size];
        let mut entry = core::mem::MaybeUninit::<T>::zeroed();
        let mut found: *mut T = core::ptr::null_mut();
        let status =
            rpy_vm::runtime::gil::allow_threads(|| call(entry.as_mut_ptr(), buffer.as_mut_ptr(), size, &mut found));
        if status == libc::ERANGE && size < 1 << 24 {
            size *= 2;
            continue;
        }
        if found.is_null() {
            return if status == libc::ENOMEM { Err(exc::memory_error()) } else { Ok(None) };
        }
        // SAFETY: the call says that it filled the entry in.
        return make(unsafe { &*found }).map(Some);
    }
}

/// This module provides access to the Unix password database.
/// It is available on all Unix versions.
///
/// Password database entries are reported as 7-tuples containing the following
/// items from the password database (see `<pwd.h>'), in order:
/// pw_name, pw_passwd, pw_uid, pw_gid, pw_gecos, pw_dir, pw_shell.
/// The uid and gid items are integers, all others are strings. An
/// exception is raised if the entry asked for cannot be found.
#[rpy_vm::pymodule(name = "pwd")]
pub mod pwd {
    use super::*;
    use rpy_vm::types::module::PyModule;

    /// Return the password database entry for the given numeric user ID.
    ///
    /// See `help(pwd)` for more on password database entries.
    #[pyfunction(sig = "(uidobj, /)")]
    fn getpwuid(uidobj: &PyObject) -> PyResult<ObjRef> {
        let Some(uid) = id_arg(uidobj, "uid")? else {
            return Err(not_found("getpwuid(): uid not found".to_owned()));
        };
        // SAFETY: the buffers live during the call.
        look_up(|e, b, n, f| unsafe { libc::getpwuid_r(uid, e, b, n, f) }, passwd)?
            .ok_or_else(|| not_found(format!("getpwuid(): uid not found: {uid}")))
    }

    /// Return the password database entry for the given user name.
    ///
    /// See `help(pwd)` for more on password database entries.
    #[pyfunction(sig = "(name, /)")]
    fn getpwnam(name: &PyStr) -> PyResult<ObjRef> {
        let c_name = name_arg(name)?;
        // SAFETY: the buffers live during the call.
        match look_up(|e, b, n, f| unsafe { libc::getpwnam_r(c_name.as_ptr(), e, b, n, f) }, passwd)? {
            Some(entry) => Ok(entry),
            None => Err(not_found(format!("getpwnam(): name not found: {}", name.quoted()?.to_string_lossy()))),
        }
    }

    /// Return a list of all available password database entries, in arbitrary order.
    ///
    /// See help(pwd) for more on password database entries.
    #[pyfunction]
    fn getpwall() -> PyResult<ObjRef> {
        let mut all = Vec::new();
        // SAFETY: the database's iteration; the GIL is held throughout.
        unsafe {
            libc::setpwent();
            while let Some(entry) = libc::getpwent().as_ref() {
                all.push(passwd(entry)?);
            }
            libc::endpwent();
        }
        Ok(PyList::new(all).into_obj())
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        module.add("struct_passwd", PASSWD.get()?.to_obj())
    }
}

/// Access to the Unix group database.
///
/// Group entries are reported as 4-tuples containing the following fields
/// from the group database, in order:
///
///   name   - name of the group
///   passwd - group password (encrypted); often empty
///   gid    - numeric ID of the group
///   mem    - list of members
///
/// The gid is an integer, name and password are strings.  (Note that most
/// users are not explicitly listed as members of the groups they are in
/// according to the password database.  Check both databases to get
/// complete membership information.)
#[rpy_vm::pymodule(name = "grp")]
pub mod grp {
    use super::*;
    use rpy_vm::types::module::PyModule;

    /// Return the group database entry for the given numeric group ID.
    ///
    /// If id is not valid, raise KeyError.
    #[pyfunction(sig = "(id)")]
    fn getgrgid(id: &PyObject) -> PyResult<ObjRef> {
        let Some(gid) = id_arg(id, "gid")? else {
            return Err(not_found("getgrgid(): gid not found".to_owned()));
        };
        // SAFETY: the buffers live during the call.
        look_up(|e, b, n, f| unsafe { libc::getgrgid_r(gid, e, b, n, f) }, group)?
            .ok_or_else(|| not_found(format!("getgrgid(): gid not found: {gid}")))
    }

    /// Return the group database entry for the given group name.
    ///
    /// If name is not valid, raise KeyError.
    #[pyfunction(sig = "(name)")]
    fn getgrnam(name: &PyStr) -> PyResult<ObjRef> {
        let c_name = name_arg(name)?;
        // SAFETY: the buffers live during the call.
        match look_up(|e, b, n, f| unsafe { libc::getgrnam_r(c_name.as_ptr(), e, b, n, f) }, group)? {
            Some(entry) => Ok(entry),
            None => Err(not_found(format!("getgrnam(): name not found: {}", name.quoted()?.to_string_lossy()))),
        }
    }

    /// Return a list of all available group entries, in arbitrary order.
    ///
    /// An entry whose name starts with '+' or '-' represents an instruction
    /// to use YP/NIS and may not be accessible via getgrnam or getgrgid.
    #[pyfunction]
    fn getgrall() -> PyResult<ObjRef> {
        let mut all = Vec::new();
        // SAFETY: the database's iteration; the GIL is held throughout.
        unsafe {
            libc::setgrent();
            while let Some(entry) = libc::getgrent().as_ref() {
                all.push(group(entry)?);
            }
            libc::endgrent();
        }
        Ok(PyList::new(all).into_obj())
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        module.add("struct_group", GROUP.get()?.to_obj())
    }
}

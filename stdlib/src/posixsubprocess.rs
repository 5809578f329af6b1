//! `_posixsubprocess`: the fork and exec behind `subprocess`.
//!
//! Everything the child needs is prepared before the fork. Between fork and exec it makes system calls only: no allocation, no locks, because
//! other threads may have held any of them. The exception is a `preexec_fn`, which runs Python code in the child, as its documentation warns.

use std::ffi::CString;

use libc::c_int;
use rpy_vm::protocol::{call, number, sequence};
use rpy_vm::runtime::gil;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, exc};

use crate::posix::process;

/// What the child is to do.
struct Plan {
    candidates: Vec<CString>,
    argv: Vec<CString>,
    env: Option<Vec<CString>>,
    keep: Vec<c_int>,
    cwd: Option<CString>,
    /// Parent's and child's ends: stdin, stdout, stderr, error pipe.
    p2cread: c_int,
    p2cwrite: c_int,
    c2pread: c_int,
    c2pwrite: c_int,
    errread: c_int,
    errwrite: c_int,
    errpipe_read: c_int,
    errpipe_write: c_int,
    close_fds: bool,
    restore_signals: bool,
    setsid: bool,
    pgid: libc::pid_t,
    gid: Option<libc::gid_t>,
    groups: Option<Vec<libc::gid_t>>,
    uid: Option<libc::uid_t>,
    umask: c_int,
    preexec: Option<ObjRef>,
}

/// Why the child failed.
enum Failure {
    /// `errno`, with words.
    System(&'static [u8]),
    Preexec,
}

fn set_inheritable(fd: c_int) -> bool {
    // SAFETY: plain system calls.
    unsafe {
        let flags = libc::fcntl(fd, libc::F_GETFD);
        flags >= 0 && libc::fcntl(fd, libc::F_SETFD, flags & !libc::FD_CLOEXEC) >= 0
    }
}

/// Closes all descriptors from 3 on but those in the sorted list.
fn close_others(keep: &[c_int]) {
    let mut low = 3;
    let close = |low: c_int, high: c_int| {
        if low > high {
            return;
        }
        // SAFETY: closing descriptors of a process about to exec.
        unsafe {
            if libc::syscall(libc::SYS_close_range, low as libc::c_uint, high as libc::c_uint, 0) == 0 {
                return;
            }
            let end = if high == c_int::MAX {
                let limit = libc::sysconf(libc::_SC_OPEN_MAX);
                if limit > 0 { (limit - 1).min(1 << 20) as c_int } else { 255 }
            } else {
                high
            };
            for fd in low..=end {
                libc::close(fd);
            }
        }
    };
    for &fd in keep {
        if fd < low {
            continue;
        }
        close(low, fd - 1);
        low = fd + 1;
    }
    close(low, c_int::MAX);
}

impl Plan {
    /// Runs in the child. Comes back only on failure, with `errno` set.
    ///
    /// # Safety
    /// After `fork`, in the child.
    unsafe fn child(&self, argv: &[*const libc::c_char], env: Option<&[*const libc::c_char]>) -> Failure {
        const FAILED: Failure = Failure::System(b"");
        const NOEXEC: Failure = Failure::System(b"noexec");
        macro_rules! check {
            ($e:expr) => {
                if $e < 0 {
                    return NOEXEC;
                }
            };
        }
        // SAFETY: system calls on this process's own descriptors and prepared memory.
        unsafe {
            for &fd in &self.keep {
                if fd != self.errpipe_write && !set_inheritable(fd) {
                    return NOEXEC;
                }
            }
            for end in [self.p2cwrite, self.c2pread, self.errread] {
                if end != -1 {
                    check!(libc::close(end));
                }
            }
            libc::close(self.errpipe_read);
            let (mut c2pwrite, mut errwrite) = (self.c2pwrite, self.errwrite);
            // A descriptor that is itself one of 0 to 2 must not be overwritten before its turn.
            if c2pwrite == 0 {
                c2pwrite = libc::dup(c2pwrite);
                check!(c2pwrite);
            }
            while errwrite == 0 || errwrite == 1 {
                errwrite = libc::dup(errwrite);
                check!(errwrite);
            }
            for (from, to) in [(self.p2cread, 0), (c2pwrite, 1), (errwrite, 2)] {
                if from == to {
                    if !set_inheritable(from) {
                        return NOEXEC;
                    }
                } else if from != -1 {
                    check!(libc::dup2(from, to));
                }
            }
            if let Some(cwd) = &self.cwd
                && libc::chdir(cwd.as_ptr()) < 0
            {
                return Failure::System(b"noexec:chdir");
            }
            if self.umask >= 0 {
                libc::umask(self.umask as libc::mode_t);
            }
            if self.restore_signals {
                libc::signal(libc::SIGPIPE, libc::SIG_DFL);
                libc::signal(libc::SIGXFSZ, libc::SIG_DFL);
            }
            if self.setsid {
                check!(libc::setsid());
            }
            if self.pgid >= 0 {
                check!(libc::setpgid(0, self.pgid));
            }
            if let Some(groups) = &self.groups {
                check!(libc::setgroups(groups.len(), groups.as_ptr()));
            }
            if let Some(gid) = self.gid {
                check!(libc::setregid(gid, gid));
            }
            if let Some(uid) = self.uid {
                check!(libc::setreuid(uid, uid));
            }
            if let Some(preexec) = &self.preexec
                && call::call_noargs(preexec).is_err()
            {
                return Failure::Preexec;
            }
            if self.close_fds {
                close_others(&self.keep);
            }
            let mut saved = 0;
            for candidate in &self.candidates {
                match env {
                    Some(env) => libc::execve(candidate.as_ptr(), argv.as_ptr(), env.as_ptr()),
                    None => libc::execv(candidate.as_ptr(), argv.as_ptr()),
                };
                let errno = *libc::__errno_location();
                if errno != libc::ENOENT && errno != libc::ENOTDIR && saved == 0 {
                    saved = errno;
                }
            }
            if saved != 0 {
                *libc::__errno_location() = saved;
            }
            FAILED
        }
    }

    /// Tells the parent, and ends the child.
    ///
    /// # Safety
    /// In the child.
    unsafe fn report(&self, failure: Failure) -> ! {
        // SAFETY: writes of static text, and `_exit`.
        unsafe {
            let errno = *libc::__errno_location();
            let write = |text: &[u8]| {
                libc::write(self.errpipe_write, text.as_ptr().cast(), text.len());
            };
            match failure {
                Failure::System(words) => {
                    write(b"OSError:");
                    let mut digits = [0u8; 8];
                    let mut at = digits.len();
                    let mut rest = errno as u32;
                    while rest != 0 || at == digits.len() {
                        at -= 1;
                        digits[at] = b"0123456789ABCDEF"[(rest & 15) as usize];
                        rest >>= 4;
                    }
                    write(&digits[at..]);
                    write(b":");
                    write(words);
                }
                Failure::Preexec => write(b"SubprocessError:0:Exception occurred in preexec_fn."),
            }
            libc::_exit(255)
        }
    }
}

fn strings(object: &PyObject, message: &str) -> PyResult<Vec<CString>> {
    sequence::fast_or(object, message)?.iter().map(|item| rpy_vm::runtime::paths::path_c_string(item)).collect()
}

fn id(object: &PyObject, what: &str) -> PyResult<Option<u32>> {
    if rpy_vm::is_none(object) {
        return Ok(None);
    }
    if !number::is_index(object) {
        return Err(exc::type_error(format!("{what} should be integer, not {}", object.ty().name())));
    }
    let value = number::index(object)?;
    match value.as_i64() {
        Some(-1) => Ok(Some(u32::MAX)),
        Some(v) if v < 0 => Err(exc::overflow_error(format!("{what} is less than minimum"))),
        Some(v) => {
            u32::try_from(v).map(Some).map_err(|_| exc::overflow_error(format!("{what} is greater than maximum")))
        }
        None => Err(exc::overflow_error(format!("{what} is greater than maximum"))),
    }
}

/// A POSIX helper for the subprocess module.
#[rpy_vm::pymodule(name = "_posixsubprocess")]
pub mod posixsubprocess {
    use super::*;

    /// Spawn a fresh new child process.
    ///
    /// Fork a child process, close parent file descriptors as appropriate in the
    /// child and duplicate the few that are needed before calling exec() in the
    /// child process.
    ///
    /// If close_fds is True, close file descriptors 3 and higher, except those listed
    /// in the sorted tuple pass_fds.
    ///
    /// The preexec_fn, if supplied, will be called immediately before closing file
    /// descriptors and exec.
    ///
    /// WARNING: preexec_fn is NOT SAFE if your application uses threads.
    ///          It may trigger infrequent, difficult to debug deadlocks.
    ///
    /// If an error occurs in the child process before the exec, it is
    /// serialized and written to the errpipe_write fd per subprocess.py.
    ///
    /// Returns: the child process's PID.
    ///
    /// Raises: Only on an error in the parent process.
    #[pyfunction(
        sig = "(args, executable_list, close_fds, pass_fds, cwd, env, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, errpipe_read, errpipe_write, restore_signals, call_setsid, pgid_to_set, gid, extra_groups, uid, child_umask, preexec_fn, /)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are CPython's")]
    fn fork_exec(
        args: &PyObject,
        executable_list: &PyObject,
        close_fds: bool,
        pass_fds: &PyTuple,
        cwd: &PyObject,
        env: &PyObject,
        p2cread: i32,
        p2cwrite: i32,
        c2pread: i32,
        c2pwrite: i32,
        errread: i32,
        errwrite: i32,
        errpipe_read: i32,
        errpipe_write: i32,
        restore_signals: bool,
        call_setsid: bool,
        pgid_to_set: i32,
        gid: &PyObject,
        extra_groups: &PyObject,
        uid: &PyObject,
        child_umask: i32,
        preexec_fn: &PyObject,
    ) -> PyResult<i32> {
        if !rpy_vm::is_none(preexec_fn) && rpy_vm::sysmodule::functions::is_finalizing() {
            return Err(exc::python_finalization_error("preexec_fn not supported at interpreter shutdown"));
        }
        if close_fds && errpipe_write < 3 {
            return Err(exc::value_error("errpipe_write must be >= 3"));
        }
        let mut keep: Vec<c_int> = Vec::with_capacity(pass_fds.len());
        for item in pass_fds.items() {
            let fd = item.downcast_ref::<PyInt>().and_then(PyInt::as_i32);
            match fd {
                Some(fd) if fd >= 0 && keep.last().is_none_or(|last| *last < fd) => keep.push(fd),
                _ => return Err(exc::value_error("bad value(s) in fds_to_keep")),
            }
        }
        let candidates = sequence::fast_or(executable_list, "executable_list must be a tuple or list")?;
        let candidates = candidates
            .iter()
            .map(|item| match item.downcast_ref::<PyBytes>() {
                Some(bytes) => CString::new(bytes.as_bytes()).map_err(|_| exc::value_error("embedded null byte")),
                None => {
                    Err(exc::type_error(format!("executable_list must contain only bytes, not {}", item.ty().name())))
                }
            })
            .collect::<PyResult<Vec<_>>>()?;
        let groups = if rpy_vm::is_none(extra_groups) {
            None
        } else {
            let all = sequence::fast_or(extra_groups, "setgroups argument must be a sequence")?;
            if all.len() > 65536 {
                return Err(exc::value_error("too many extra_groups"));
            }
            let mut groups = Vec::with_capacity(all.len());
            for group in &all {
                match super::id(group, "gid") {
                    Ok(Some(group)) => groups.push(group),
                    Err(e) if e.matches(exc::TypeError()) => return Err(e),
                    _ => return Err(exc::value_error("invalid group id")),
                }
            }
            Some(groups)
        };
        let plan = Plan {
            candidates,
            argv: if rpy_vm::is_none(args) { Vec::new() } else { strings(args, "argv must be a tuple")? },
            env: if rpy_vm::is_none(env) { None } else { Some(strings(env, "env must be a sequence")?) },
            keep,
            cwd: if rpy_vm::is_none(cwd) { None } else { Some(rpy_vm::runtime::paths::path_c_string(cwd)?) },
            p2cread,
            p2cwrite,
            c2pread,
            c2pwrite,
            errread,
            errwrite,
            errpipe_read,
            errpipe_write,
            close_fds,
            restore_signals,
            setsid: call_setsid,
            pgid: pgid_to_set,
            gid: super::id(gid, "gid")?,
            groups,
            uid: super::id(uid, "uid")?,
            umask: child_umask,
            preexec: (!rpy_vm::is_none(preexec_fn)).then(|| preexec_fn.new_ref()),
        };
        let argv = process::pointers(&plan.argv);
        let env = plan.env.as_deref().map(process::pointers);
        let pid = if plan.preexec.is_some() {
            process::fork_process()?
        } else {
            // SAFETY: the child makes system calls only until it execs or exits.
            gil::with_lock_for_fork(|| unsafe { libc::fork() })
        };
        if pid == 0 {
            // SAFETY: this is the child.
            unsafe {
                let failure = plan.child(&argv, env.as_deref());
                plan.report(failure)
            }
        }
        if pid < 0 { Err(exc::os_error_last(None)) } else { Ok(pid) }
    }
}

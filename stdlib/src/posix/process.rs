//! Processes, users, signals, scheduling, configuration.

use std::ffi::CString;

use rpy_vm::import::imp_module;
use rpy_vm::module_def::add_functions;
use rpy_vm::object::PyMethodDef;
use rpy_vm::protocol::{call, mapping, number, sequence};
use rpy_vm::runtime::fork as around;
use rpy_vm::runtime::gil;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::module::PyModule;
use rpy_vm::types::set::PySet;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, exc, pymodule};

use super::constants;
use super::files::checked;
use super::path::Path;

/// Adds the functions of this file and of those beside it to the `posix` module.
pub fn add(module: &PyModule) -> PyResult<()> {
    around::set_hooks(&FORK_HOOKS);
    let all: [&'static [PyMethodDef]; 6] = [
        process_functions::MODULE.functions,
        super::identity::FUNCTIONS,
        super::sched::FUNCTIONS,
        super::descriptors::FUNCTIONS,
        super::terminals::FUNCTIONS,
        super::xattr::FUNCTIONS,
    ];
    all.into_iter().try_for_each(|functions| add_functions(module, functions))
}

/// Functions registered by `os.register_at_fork`.
static AT_FORK_BEFORE: rpy_vm::OptRef<PyList> = rpy_vm::OptRef::NULL;
static AT_FORK_PARENT: rpy_vm::OptRef<PyList> = rpy_vm::OptRef::NULL;
static AT_FORK_CHILD: rpy_vm::OptRef<PyList> = rpy_vm::OptRef::NULL;

fn run_hooks(list: &rpy_vm::OptRef<PyList>, reverse: bool) {
    let Some(list) = list.get() else { return };
    let mut hooks = list.items_snapshot();
    if reverse {
        hooks.reverse();
    }
    for hook in hooks {
        if let Err(error) = call::call_noargs(&hook) {
            error.write_unraisable(Some(&hook));
        }
    }
}

/// What this library does around a fork.
static FORK_HOOKS: around::Hooks = around::Hooks { before, after_in_parent, after_in_child };

fn before() {
    run_hooks(&AT_FORK_BEFORE, true);
    // No other thread is amid an import, so that the child finds no half-made module.
    imp_module::acquire_lock();
}

fn after_in_parent() {
    imp_module::release_lock();
    run_hooks(&AT_FORK_PARENT, false);
}

fn after_in_child() {
    crate::thread::after_fork_child();
    crate::asyncio_::state::after_fork_child();
    imp_module::release_lock();
    run_hooks(&AT_FORK_CHILD, false);
}

/// Forks with all the bookkeeping around it. 0 in the child.
///
/// # Errors
/// What the system says, `PythonFinalizationError` at the end of the interpreter, and the warning about other threads, if
/// it is made an exception.
pub fn fork_process() -> PyResult<i32> {
    // SAFETY: a plain system call; what the child needs is done by the caller.
    fork_with("fork", || unsafe { libc::fork() })
}

/// [`fork_process`] with another system call: one that gives 0 in the child, and a negative number on failure.
pub fn fork_with(function: &str, fork: impl FnOnce() -> libc::pid_t) -> PyResult<i32> {
    if rpy_vm::sysmodule::functions::is_finalizing() {
        return Err(exc::python_finalization_error("can't fork at interpreter shutdown"));
    }
    around::before();
    let pid = fork();
    if pid == 0 {
        around::after_in_child();
        return Ok(0);
    }
    let failed = (pid < 0).then(|| exc::os_error_last(None));
    around::after_in_parent();
    match failed {
        Some(error) => Err(error),
        None => warn_about_threads(function).map(|()| pid),
    }
}

/// Threads of the process, as the system counts them.
fn count_threads() -> usize {
    let Ok(status) = std::fs::read_to_string("/proc/self/stat") else { return 0 };
    // The command's name is in parentheses, and may contain anything. The number of threads is the 18th field after it.
    let fields = status.rsplit_once(')').map_or("", |(_, rest)| rest);
    fields.split_ascii_whitespace().nth(17).and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// Warns in the parent when the child may have inherited locks of threads that it does not have.
fn warn_about_threads(function: &str) -> PyResult<()> {
    if count_threads() <= 1 {
        return Ok(());
    }
    let message = format!(
        "This process (pid={}) is multi-threaded, use of {function}() may lead to deadlocks in the child.",
        std::process::id()
    );
    rpy_vm::runtime::warnings::warn(exc::DeprecationWarning(), &message, 1)
}

fn text(bytes: *const libc::c_char) -> ObjRef {
    // SAFETY: a NUL-terminated string of the C library.
    let bytes = unsafe { core::ffi::CStr::from_ptr(bytes) }.to_bytes();
    rpy_vm::runtime::codecs::fs_decode(bytes).into_obj()
}

/// A sequence of strings as C strings, with the null-terminated array of pointers to them.
pub fn string_array(items: &PyObject, what: &str) -> PyResult<Vec<CString>> {
    if items.downcast_ref::<PyList>().is_none() && items.downcast_ref::<PyTuple>().is_none() {
        return Err(exc::type_error(format!("{what} must be a tuple or list")));
    }
    sequence::fast(items)?.iter().map(|item| rpy_vm::runtime::paths::path_c_string(item)).collect()
}

/// `env` as `KEY=VALUE` strings.
pub fn environment_array(env: &PyObject) -> PyResult<Vec<CString>> {
    let mut all = Vec::new();
    let keys = mapping::keys(env)?.items_snapshot();
    let values = mapping::values(env)?.items_snapshot();
    for (key, value) in keys.into_iter().zip(values) {
        let mut entry = rpy_vm::runtime::paths::path_bytes(&key)?;
        if entry.is_empty() || entry[1..].contains(&b'=') {
            return Err(exc::value_error("illegal environment variable name"));
        }
        entry.push(b'=');
        entry.extend(rpy_vm::runtime::paths::path_bytes(&value)?);
        all.push(CString::new(entry).map_err(|_| exc::value_error("embedded null byte"))?);
    }
    Ok(all)
}

/// Pointers to the strings, with a null at the end.
pub fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|s| s.as_ptr()).chain([core::ptr::null()]).collect()
}

/// See [`add`].
#[pymodule(name = "posix")]
pub mod process_functions {
    use super::*;

    /// Return the current process id.
    #[pyfunction]
    fn getpid() -> i64 {
        std::process::id() as i64
    }
    /// Return the parent's process id.
    #[pyfunction]
    fn getppid() -> i64 {
        // SAFETY: plain system calls, here and below where nothing else is said.
        unsafe { libc::getppid() as i64 }
    }
    /// Return the current process's user id.
    #[pyfunction]
    fn getuid() -> i64 {
        // SAFETY: a plain system call.
        unsafe { libc::getuid() as i64 }
    }
    /// Return the current process's effective user id.
    #[pyfunction]
    fn geteuid() -> i64 {
        // SAFETY: a plain system call.
        unsafe { libc::geteuid() as i64 }
    }
    /// Return the current process's group id.
    #[pyfunction]
    fn getgid() -> i64 {
        // SAFETY: a plain system call.
        unsafe { libc::getgid() as i64 }
    }
    /// Return the current process's effective group id.
    #[pyfunction]
    fn getegid() -> i64 {
        // SAFETY: a plain system call.
        unsafe { libc::getegid() as i64 }
    }
    /// Return the current process group id.
    #[pyfunction]
    fn getpgrp() -> i64 {
        // SAFETY: a plain system call.
        unsafe { libc::getpgrp() as i64 }
    }
    /// Call the system call getpgid(), and return the result.
    #[pyfunction(sig = "(pid)")]
    fn getpgid(pid: i32) -> PyResult<i64> {
        // SAFETY: a plain system call.
        checked(|| unsafe { libc::getpgid(pid) as i64 })
    }
    /// Call the system call setpgid(pid, pgrp).
    #[pyfunction(sig = "(pid, pgrp, /)")]
    fn setpgid(pid: i32, pgrp: i32) -> PyResult<()> {
        // SAFETY: a plain system call.
        checked(|| unsafe { libc::setpgid(pid, pgrp) as i64 }).map(drop)
    }
    /// Call the system call setsid().
    #[pyfunction]
    fn setsid() -> PyResult<()> {
        // SAFETY: a plain system call.
        checked(|| unsafe { libc::setsid() as i64 }).map(drop)
    }
    /// Call the system call getsid(pid) and return the result.
    #[pyfunction(sig = "(pid, /)")]
    fn getsid(pid: i32) -> PyResult<i64> {
        // SAFETY: a plain system call.
        checked(|| unsafe { libc::getsid(pid) as i64 })
    }
    /// Return list of supplemental group IDs for the process.
    #[pyfunction]
    fn getgroups() -> PyResult<ObjRef> {
        // SAFETY: the first call asks for the number, the second fills the array.
        unsafe {
            let n = libc::getgroups(0, core::ptr::null_mut());
            let mut groups = vec![0 as libc::gid_t; n.max(0) as usize];
            let n = libc::getgroups(n.max(0), groups.as_mut_ptr());
            if n < 0 {
                return Err(exc::os_error_last(None));
            }
            groups.truncate(n as usize);
            Ok(PyList::new(groups.iter().map(|&g| PyInt::from_i64(g as i64).into_obj()).collect()).into_obj())
        }
    }
    /// Return the actual login name.
    #[pyfunction]
    fn getlogin() -> PyResult<ObjRef> {
        // SAFETY: a static string of the C library, copied at once.
        unsafe {
            let name = libc::getlogin();
            if name.is_null() { Err(exc::os_error_last(None)) } else { Ok(text(name)) }
        }
    }
    /// Kill a process with a signal.
    #[pyfunction(sig = "(pid, signal, /)")]
    fn kill(pid: i32, signal: i32) -> PyResult<()> {
        // SAFETY: a plain system call.
        if unsafe { libc::kill(pid, signal) } < 0 {
            return Err(exc::os_error_last(None));
        }
        rpy_vm::runtime::signals::run_pending()
    }
    /// Kill a process group with a signal.
    #[pyfunction(sig = "(pgid, signal, /)")]
    fn killpg(pgid: i32, signal: i32) -> PyResult<()> {
        // SAFETY: a plain system call.
        if unsafe { libc::killpg(pgid, signal) } < 0 {
            return Err(exc::os_error_last(None));
        }
        rpy_vm::runtime::signals::run_pending()
    }
    /// Abort the interpreter immediately.
    #[pyfunction]
    fn abort() {
        std::process::abort();
    }
    /// Exit to the system with specified status, without normal exit processing.
    #[pyfunction(sig = "(status)")]
    fn _exit(status: i32) {
        // SAFETY: ends the process at once, as asked.
        unsafe { libc::_exit(status) };
    }
    /// Fork a child process.
    #[pyfunction]
    fn fork() -> PyResult<i32> {
        fork_process()
    }
    /// Register callables to be called when forking a new process.
    #[pyfunction(
        sig = "(*, before=<unrepresentable>, after_in_child=<unrepresentable>, after_in_parent=<unrepresentable>)"
    )]
    fn register_at_fork(
        before: Option<&PyObject>,
        after_in_child: Option<&PyObject>,
        after_in_parent: Option<&PyObject>,
    ) -> PyResult<()> {
        if before.is_none() && after_in_child.is_none() && after_in_parent.is_none() {
            return Err(exc::type_error("At least one argument is required."));
        }
        for (hook, list) in
            [(before, &AT_FORK_BEFORE), (after_in_child, &AT_FORK_CHILD), (after_in_parent, &AT_FORK_PARENT)]
        {
            let Some(hook) = hook else { continue };
            if !rpy_vm::protocol::object::callable(hook) {
                return Err(exc::type_error(format!("'{}' object is not callable", hook.ty().name())));
            }
            if list.is_null() {
                list.set(Some(PyList::empty()));
            }
            if let Some(list) = list.get() {
                list.append(hook.new_ref())?;
            }
        }
        Ok(())
    }
    /// Execute an executable path with arguments, replacing current process.
    #[pyfunction(sig = "(path, argv, /)")]
    fn execv(path: Path, argv: &PyObject) -> PyResult<()> {
        let argv = string_array(argv, "execv() arg 2")?;
        match argv.first() {
            None => return Err(exc::value_error("execv() arg 2 must not be empty")),
            Some(first) if first.is_empty() => {
                return Err(exc::value_error("execv() arg 2 first element cannot be empty"));
            }
            Some(_) => {}
        }
        let argv = pointers(&argv);
        // SAFETY: null-terminated array of NUL-terminated strings; comes back only on failure.
        unsafe { libc::execv(path.name.as_ptr(), argv.as_ptr()) };
        Err(path.error())
    }
    /// Execute an executable path with arguments and environment, replacing current process.
    #[pyfunction(sig = "(path, argv, env)")]
    fn execve(path: Path, argv: &PyObject, env: &PyObject) -> PyResult<()> {
        let argv = string_array(argv, "execve: argv")?;
        match argv.first() {
            None => return Err(exc::value_error("execve: argv must not be empty")),
            Some(first) if first.is_empty() => {
                return Err(exc::value_error("execve: argv first element cannot be empty"));
            }
            Some(_) => {}
        }
        let env = environment_array(env)?;
        let (argv, env) = (pointers(&argv), pointers(&env));
        // SAFETY: as for execv.
        unsafe { libc::execve(path.name.as_ptr(), argv.as_ptr(), env.as_ptr()) };
        Err(path.error())
    }
    /// Wait for completion of a given child process.
    #[pyfunction(sig = "(pid, options, /)")]
    fn waitpid(pid: i32, options: i32) -> PyResult<(i64, i32)> {
        let status = core::cell::Cell::new(0i32);
        let pointer = status.as_ptr() as usize;
        // SAFETY: the status lives during the call.
        let pid = checked(|| unsafe { libc::waitpid(pid, pointer as *mut i32, options) as i64 })?;
        Ok((pid, status.get()))
    }
    /// Wait for completion of a child process.
    #[pyfunction]
    fn wait() -> PyResult<(i64, i32)> {
        waitpid(-1, 0)
    }
    /// Convert a wait status to an exit code.
    #[pyfunction(sig = "(status)")]
    fn waitstatus_to_exitcode(status: i32) -> PyResult<i32> {
        if libc::WIFEXITED(status) {
            Ok(libc::WEXITSTATUS(status))
        } else if libc::WIFSIGNALED(status) {
            Ok(-libc::WTERMSIG(status))
        } else if libc::WIFSTOPPED(status) {
            Err(exc::value_error(format!("process stopped by delivery of signal {}", libc::WSTOPSIG(status))))
        } else {
            Err(exc::value_error(format!("invalid wait status: {status}")))
        }
    }
    #[pyfunction(name = "WIFEXITED", sig = "(status)")]
    fn wifexited(status: i32) -> bool {
        libc::WIFEXITED(status)
    }
    #[pyfunction(name = "WEXITSTATUS", sig = "(status)")]
    fn wexitstatus(status: i32) -> i32 {
        libc::WEXITSTATUS(status)
    }
    #[pyfunction(name = "WIFSIGNALED", sig = "(status)")]
    fn wifsignaled(status: i32) -> bool {
        libc::WIFSIGNALED(status)
    }
    #[pyfunction(name = "WTERMSIG", sig = "(status)")]
    fn wtermsig(status: i32) -> i32 {
        libc::WTERMSIG(status)
    }
    #[pyfunction(name = "WIFSTOPPED", sig = "(status)")]
    fn wifstopped(status: i32) -> bool {
        libc::WIFSTOPPED(status)
    }
    #[pyfunction(name = "WSTOPSIG", sig = "(status)")]
    fn wstopsig(status: i32) -> i32 {
        libc::WSTOPSIG(status)
    }
    #[pyfunction(name = "WIFCONTINUED", sig = "(status)")]
    fn wifcontinued(status: i32) -> bool {
        libc::WIFCONTINUED(status)
    }
    #[pyfunction(name = "WCOREDUMP", sig = "(status, /)")]
    fn wcoredump(status: i32) -> bool {
        libc::WCOREDUMP(status)
    }
    /// Execute the command in a subshell.
    #[pyfunction(sig = "(command)")]
    fn system(command: Path) -> i32 {
        // SAFETY: a NUL-terminated command.
        gil::allow_threads(|| unsafe { libc::system(command.name.as_ptr()) })
    }
    /// Return an object identifying the current operating system.
    #[pyfunction]
    fn uname() -> PyResult<ObjRef> {
        // SAFETY: the call fills in the struct.
        unsafe {
            let mut u: libc::utsname = core::mem::zeroed();
            if libc::uname(&mut u) < 0 {
                return Err(exc::os_error_last(None));
            }
            super::super::stat::UNAME_RESULT.build(vec![
                text(u.sysname.as_ptr()),
                text(u.nodename.as_ptr()),
                text(u.release.as_ptr()),
                text(u.version.as_ptr()),
                text(u.machine.as_ptr()),
            ])
        }
    }
    /// Return a collection containing process timing information.
    #[pyfunction]
    fn times() -> PyResult<ObjRef> {
        // SAFETY: the call fills in the struct.
        unsafe {
            let mut t: libc::tms = core::mem::zeroed();
            let elapsed = libc::times(&mut t);
            let ticks = libc::sysconf(libc::_SC_CLK_TCK) as f64;
            let all = [t.tms_utime, t.tms_stime, t.tms_cutime, t.tms_cstime, elapsed];
            super::super::stat::TIMES_RESULT
                .build(all.iter().map(|&n| PyFloat::new(n as f64 / ticks).into_obj()).collect())
        }
    }
    /// Return average recent system load information.
    #[pyfunction]
    fn getloadavg() -> PyResult<(f64, f64, f64)> {
        let mut load = [0f64; 3];
        // SAFETY: an array of three to fill in.
        if unsafe { libc::getloadavg(load.as_mut_ptr(), 3) } != 3 {
            return Err(exc::os_error("Load averages are unobtainable"));
        }
        Ok((load[0], load[1], load[2]))
    }
    /// Checks if PyOS_InputHook is set.
    #[pyfunction]
    fn _is_inputhook_installed() -> bool {
        false
    }

    /// Return the number of logical CPUs in the system.
    #[pyfunction]
    fn cpu_count() -> ObjRef {
        let configured = rpy_vm::sysmodule::config::get().cpu_count;
        if configured > 0 {
            return PyInt::from_i64(configured as i64).into_obj();
        }
        // SAFETY: a plain library call.
        let n = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
        if n > 0 { PyInt::from_i64(n).into_obj() } else { rpy_vm::none() }
    }
    /// Return the set of CPUs the process identified by PID is restricted to.
    #[pyfunction(sig = "(pid, /)")]
    fn sched_getaffinity(pid: i32) -> PyResult<ObjRef> {
        // SAFETY: the call fills in the set.
        unsafe {
            let mut set: libc::cpu_set_t = core::mem::zeroed();
            if libc::sched_getaffinity(pid, core::mem::size_of::<libc::cpu_set_t>(), &mut set) < 0 {
                return Err(exc::os_error_last(None));
            }
            let result = PySet::new();
            for cpu in 0..libc::CPU_SETSIZE as usize {
                if libc::CPU_ISSET(cpu, &set) {
                    result.add(PyInt::from_usize(cpu).as_object())?;
                }
            }
            Ok(result.into_obj())
        }
    }
    /// Set the CPU affinity of the process identified by pid to mask.
    #[pyfunction(sig = "(pid, mask, /)")]
    fn sched_setaffinity(pid: i32, mask: &PyObject) -> PyResult<()> {
        let cpus = sequence::fast(mask)?;
        // SAFETY: the set is initialised to zero and lives during the call.
        unsafe {
            let mut set: libc::cpu_set_t = core::mem::zeroed();
            for cpu in cpus {
                let n = number::as_isize(&cpu, Some(exc::OverflowError()))?;
                if n < 0 {
                    return Err(exc::value_error("negative CPU number"));
                }
                if n as usize >= libc::CPU_SETSIZE as usize {
                    return Err(exc::overflow_error("CPU number too large"));
                }
                libc::CPU_SET(n as usize, &mut set);
            }
            if libc::sched_setaffinity(pid, core::mem::size_of::<libc::cpu_set_t>(), &set) < 0 {
                return Err(exc::os_error_last(None));
            }
        }
        Ok(())
    }
    /// Voluntarily relinquish the CPU.
    #[pyfunction]
    fn sched_yield() {
        // SAFETY: a plain system call.
        gil::allow_threads(|| unsafe { libc::sched_yield() });
    }
    /// Add increment to the priority of process and return the new priority.
    #[pyfunction(sig = "(increment, /)")]
    fn nice(increment: i32) -> PyResult<i32> {
        // SAFETY: errno tells an error from priority -1.
        unsafe {
            *libc::__errno_location() = 0;
            let value = libc::nice(increment);
            if value == -1 && exc::last_errno() != 0 {
                return Err(exc::os_error_last(None));
            }
            Ok(value)
        }
    }
    /// Return program scheduling priority.
    #[pyfunction(sig = "(which, who)")]
    fn getpriority(which: i32, who: i32) -> PyResult<i32> {
        // SAFETY: as above.
        unsafe {
            *libc::__errno_location() = 0;
            let value = libc::getpriority(which as libc::__priority_which_t, who as libc::id_t);
            if exc::last_errno() != 0 {
                return Err(exc::os_error_last(None));
            }
            Ok(value)
        }
    }
    /// Return an integer-valued system configuration variable.
    #[pyfunction(sig = "(name, /)")]
    fn sysconf(name: &PyObject) -> PyResult<i64> {
        let name = constants::conf_name(name, constants::SYSCONF, "configuration names must be strings or integers")?;
        // SAFETY: errno tells "no limit" from an error.
        unsafe {
            *libc::__errno_location() = 0;
            let value = libc::sysconf(name);
            if value == -1 && exc::last_errno() != 0 {
                return Err(exc::os_error_last(None));
            }
            Ok(value)
        }
    }
    /// Return a string-valued system configuration variable.
    #[pyfunction(sig = "(name, /)")]
    fn confstr(name: &PyObject) -> PyResult<Option<String>> {
        let name = constants::conf_name(name, constants::CONFSTR, "configuration names must be strings or integers")?;
        let mut buffer = vec![0u8; 1024];
        // SAFETY: a buffer with its size.
        let n = unsafe { libc::confstr(name, buffer.as_mut_ptr().cast(), buffer.len()) };
        if n == 0 {
            return Ok(None);
        }
        buffer.truncate(n.min(1024).saturating_sub(1));
        Ok(Some(String::from_utf8_lossy(&buffer).into_owned()))
    }
    /// Return the name of the controlling terminal for this process.
    #[pyfunction]
    fn ctermid() -> ObjRef {
        PyStr::new("/dev/tty").into_obj()
    }
    /// Return the process group associated with the terminal specified by fd.
    #[pyfunction(sig = "(fd, /)")]
    fn tcgetpgrp(fd: i32) -> PyResult<i64> {
        // SAFETY: a plain system call.
        checked(|| unsafe { libc::tcgetpgrp(fd) as i64 })
    }
    /// Open a pseudo-terminal.
    #[pyfunction]
    fn openpty() -> PyResult<(i32, i32)> {
        let (mut a, mut b) = (0, 0);
        // SAFETY: descriptors to fill in; no name, no settings.
        let r = unsafe {
            libc::openpty(&mut a, &mut b, core::ptr::null_mut(), core::ptr::null_mut(), core::ptr::null_mut())
        };
        if r < 0 {
            return Err(exc::os_error_last(None));
        }
        // SAFETY: making the descriptors close on exec.
        unsafe {
            libc::fcntl(a, libc::F_SETFD, libc::FD_CLOEXEC);
            libc::fcntl(b, libc::F_SETFD, libc::FD_CLOEXEC);
        }
        Ok((a, b))
    }
    /// Create an anonymous file in memory.
    #[pyfunction(sig = "(name, flags=1)")]
    fn memfd_create(name: Path, flags: Option<u32>) -> PyResult<i64> {
        // SAFETY: a NUL-terminated name.
        checked(|| unsafe { libc::memfd_create(name.name.as_ptr(), flags.unwrap_or(libc::MFD_CLOEXEC)) as i64 })
    }
    /// Return a file descriptor referring to the process *pid*.
    #[pyfunction(sig = "(pid, flags=0)")]
    fn pidfd_open(pid: i32, flags: Option<u32>) -> PyResult<i64> {
        // SAFETY: a plain system call.
        checked(|| unsafe { libc::syscall(libc::SYS_pidfd_open, pid, flags.unwrap_or(0)) })
    }
}

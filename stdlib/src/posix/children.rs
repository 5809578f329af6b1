//! Child processes: other ways to start them than `fork`, and other ways to wait for them than `waitpid`.

use std::ffi::CString;

use rpy_vm::module_def::add_functions;
use rpy_vm::object::PyMethodDef;
use rpy_vm::protocol::{mapping, number, sequence};
use rpy_vm::types::module::PyModule;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, exc, pymodule};

use super::files::checked;
use super::path::Path;
use super::process::{environment_array, fork_with, pointers, string_array};
use super::stat::WAITID_RESULT;
use crate::support::int;

/// Adds this file's functions and numbers to the `posix` module.
pub fn add(module: &PyModule) -> PyResult<()> {
    let functions: &'static [PyMethodDef] = children::MODULE.functions;
    add_functions(module, functions)?;
    module.add("waitid_result", WAITID_RESULT.get()?.to_obj())?;
    module.add("POSIX_SPAWN_CLOSEFROM", i64::from(CLOSE_FROM))
}

const OPEN: i32 = 0;
const CLOSE: i32 = 1;
const DUP2: i32 = 2;
const CLOSE_FROM: i32 = 3;

/// The `posix_spawn` functions give the error's number.
fn spawn_result(errno: i32) -> PyResult<()> {
    if errno == 0 { Ok(()) } else { Err(exc::os_error_errno(errno, None)) }
}

/// What a spawned child does with its files. Keeps the names alive that the actions point to.
struct Actions {
    actions: libc::posix_spawn_file_actions_t,
    names: Vec<CString>,
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`.
        unsafe { libc::posix_spawn_file_actions_destroy(&mut self.actions) };
    }
}

fn c_int(object: &PyObject) -> PyResult<i32> {
    number::index(object)?.as_i32().ok_or_else(|| exc::overflow_error("Python int too large to convert to C int"))
}

impl Actions {
    fn new() -> PyResult<Actions> {
        let mut actions = core::mem::MaybeUninit::uninit();
        // SAFETY: initialises the actions.
        spawn_result(unsafe { libc::posix_spawn_file_actions_init(actions.as_mut_ptr()) })?;
        // SAFETY: just initialised.
        Ok(Actions { actions: unsafe { actions.assume_init() }, names: Vec::new() })
    }

    fn parse(object: &PyObject) -> PyResult<Actions> {
        let mut all = Actions::new()?;
        for item in sequence::fast_or(object, "file_actions must be a sequence or None")? {
            let Some(tuple) = item.downcast_ref::<PyTuple>().filter(|t| !t.is_empty()) else {
                return Err(exc::type_error("Each file_actions element must be a non-empty tuple"));
            };
            all.add(tuple)?;
        }
        Ok(all)
    }

    fn add(&mut self, action: &PyTuple) -> PyResult<()> {
        let items = action.items();
        let wrong =
            |what: &str, n: usize| exc::type_error(format!("A {what} file_action tuple must have {n} elements"));
        // SAFETY: the actions are initialised; names live as long as they do.
        let errno = unsafe {
            match (c_int(items[0])?, items) {
                (OPEN, &[_, fd, path, flags, mode]) => {
                    let (fd, flags) = (c_int(fd)?, c_int(flags)?);
                    let mode: u32 = rpy_vm::convert::unsigned_arg(mode, "unsigned long")?;
                    self.names.push(rpy_vm::runtime::paths::path_c_string(path)?);
                    let name = self.names.last().map_or(core::ptr::null(), |n| n.as_ptr());
                    libc::posix_spawn_file_actions_addopen(&mut self.actions, fd, name, flags, mode)
                }
                (OPEN, _) => return Err(wrong("open", 5)),
                (CLOSE, &[_, fd]) => libc::posix_spawn_file_actions_addclose(&mut self.actions, c_int(fd)?),
                (CLOSE, _) => return Err(wrong("close", 2)),
                (DUP2, &[_, from, to]) => {
                    libc::posix_spawn_file_actions_adddup2(&mut self.actions, c_int(from)?, c_int(to)?)
                }
                (DUP2, _) => return Err(wrong("dup2", 3)),
                (CLOSE_FROM, &[_, fd]) => posix_spawn_file_actions_addclosefrom_np(&mut self.actions, c_int(fd)?),
                (CLOSE_FROM, _) => return Err(wrong("closefrom", 2)),
                _ => return Err(exc::type_error("Unknown file_actions identifier")),
            }
        };
        spawn_result(errno)
    }
}

unsafe extern "C" {
    fn posix_spawn_file_actions_addclosefrom_np(
        actions: *mut libc::posix_spawn_file_actions_t,
        from: libc::c_int,
    ) -> libc::c_int;
    fn posix_spawnattr_setschedpolicy(attributes: *mut libc::posix_spawnattr_t, policy: libc::c_int) -> libc::c_int;
    fn posix_spawnattr_setschedparam(
        attributes: *mut libc::posix_spawnattr_t,
        param: *const libc::sched_param,
    ) -> libc::c_int;
    fn login_tty(fd: libc::c_int) -> libc::c_int;
}

/// What else is different in a spawned child.
struct Attributes(libc::posix_spawnattr_t);

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`.
        unsafe { libc::posix_spawnattr_destroy(&mut self.0) };
    }
}

/// The arguments of `posix_spawn` and `posix_spawnp`.
struct Spawn<'a> {
    function: &'a str,
    path: Path,
    argv: &'a PyObject,
    env: &'a PyObject,
    file_actions: Option<&'a PyObject>,
    setpgroup: Option<&'a PyObject>,
    resetids: bool,
    setsid: bool,
    setsigmask: Option<&'a PyObject>,
    setsigdef: Option<&'a PyObject>,
    scheduler: Option<&'a PyObject>,
}

impl Spawn<'_> {
    fn attributes(&self) -> PyResult<Attributes> {
        let mut attributes = core::mem::MaybeUninit::uninit();
        // SAFETY: initialises the attributes.
        spawn_result(unsafe { libc::posix_spawnattr_init(attributes.as_mut_ptr()) })?;
        // SAFETY: just initialised.
        let mut attributes = Attributes(unsafe { attributes.assume_init() });
        let mut flags = 0;
        // SAFETY: initialised attributes, here and below.
        unsafe {
            if let Some(group) = self.setpgroup.filter(|o| !rpy_vm::is_none(o)) {
                spawn_result(libc::posix_spawnattr_setpgroup(&mut attributes.0, c_int(group)?))?;
                flags |= libc::POSIX_SPAWN_SETPGROUP;
            }
            if self.resetids {
                flags |= libc::POSIX_SPAWN_RESETIDS;
            }
            if self.setsid {
                const SETSID: libc::c_int = 0x80;
                flags |= SETSID;
            }
            if let Some(mask) = self.setsigmask {
                let set = crate::signal::signal::sigset(mask)?;
                spawn_result(libc::posix_spawnattr_setsigmask(&mut attributes.0, &set))?;
                flags |= libc::POSIX_SPAWN_SETSIGMASK;
            }
            if let Some(signals) = self.setsigdef {
                let set = crate::signal::signal::sigset(signals)?;
                spawn_result(libc::posix_spawnattr_setsigdefault(&mut attributes.0, &set))?;
                flags |= libc::POSIX_SPAWN_SETSIGDEF;
            }
            if let Some(scheduler) = self.scheduler.filter(|o| !rpy_vm::is_none(o)) {
                let Some(pair) = scheduler.downcast_ref::<PyTuple>() else {
                    return Err(exc::type_error(format!("{}: scheduler must be a tuple or None", self.function)));
                };
                let &[policy, param] = pair.items() else {
                    return Err(exc::type_error("A scheduler tuple must have two elements"));
                };
                if !rpy_vm::is_none(policy) {
                    spawn_result(posix_spawnattr_setschedpolicy(&mut attributes.0, c_int(policy)?))?;
                    flags |= libc::POSIX_SPAWN_SETSCHEDULER;
                }
                spawn_result(posix_spawnattr_setschedparam(&mut attributes.0, &super::sched::param(param)?))?;
                flags |= libc::POSIX_SPAWN_SETSCHEDPARAM;
            }
            spawn_result(libc::posix_spawnattr_setflags(&mut attributes.0, flags as libc::c_short))?;
        }
        Ok(attributes)
    }

    fn run(&self, search: bool) -> PyResult<i32> {
        let argv = string_array(self.argv, &format!("{}: argv", self.function))?;
        match argv.first() {
            None => return Err(exc::value_error(format!("{}: argv must not be empty", self.function))),
            Some(first) if first.is_empty() => {
                return Err(exc::value_error(format!("{}: argv first element cannot be empty", self.function)));
            }
            Some(_) => {}
        }
        let env = if rpy_vm::is_none(self.env) {
            None
        } else if mapping::check(self.env) {
            Some(environment_array(self.env)?)
        } else {
            return Err(exc::type_error(format!("{}: environment must be a mapping object or None", self.function)));
        };
        let actions = self.file_actions.map(Actions::parse).transpose()?;
        let attributes = self.attributes()?;
        let argv = pointers(&argv);
        let env_pointers = env.as_deref().map(pointers);
        let environment = match &env_pointers {
            Some(env) => env.as_ptr().cast::<*mut libc::c_char>(),
            // SAFETY: the process's environment; it changes under the GIL only.
            None => unsafe { environ.cast_const() },
        };
        let spawn = if search { libc::posix_spawnp } else { libc::posix_spawn };
        let mut pid = 0;
        // SAFETY: everything pointed to lives during the call. The GIL is kept: the environment may not change.
        let errno = unsafe {
            spawn(
                &mut pid,
                self.path.name.as_ptr(),
                actions.as_ref().map_or(core::ptr::null(), |a| &raw const a.actions),
                &attributes.0,
                argv.as_ptr().cast(),
                environment,
            )
        };
        if errno == 0 { Ok(pid) } else { Err(exc::os_error_errno(errno, Some(&self.path.object))) }
    }
}

unsafe extern "C" {
    static environ: *mut *mut libc::c_char;
}

fn wait_with_usage(pid: i32, options: i32) -> PyResult<ObjRef> {
    let status = core::cell::Cell::new(0i32);
    // SAFETY: plain data, filled in by the call.
    let usage = core::cell::Cell::new(unsafe { core::mem::zeroed::<libc::rusage>() });
    let (status_at, usage_at) = (status.as_ptr() as usize, usage.as_ptr() as usize);
    // SAFETY: both live during the call.
    let pid =
        checked(|| unsafe { libc::wait4(pid, status_at as *mut i32, options, usage_at as *mut libc::rusage) as i64 })?;
    let usage = crate::resource::usage_object(&usage.get())?;
    Ok(PyTuple::from_array([int(pid), int(status.get().into()), usage]).into_obj())
}

/// See [`add`].
#[pymodule(name = "posix")]
pub mod children {
    use super::*;

    /// Wait for completion of a child process.
    ///
    /// Returns a tuple of information about the child process:
    ///   (pid, status, rusage)
    #[pyfunction(sig = "(options)")]
    fn wait3(options: i32) -> PyResult<ObjRef> {
        wait_with_usage(-1, options)
    }

    /// Wait for completion of a specific child process.
    ///
    /// Returns a tuple of information about the child process:
    ///   (pid, status, rusage)
    #[pyfunction(sig = "(pid, options)")]
    fn wait4(pid: i32, options: i32) -> PyResult<ObjRef> {
        wait_with_usage(pid, options)
    }

    /// Returns the result of waiting for a process or processes.
    ///
    ///   idtype
    ///     Must be one of be P_PID, P_PGID or P_ALL.
    ///   id
    ///     The id to wait on.
    ///   options
    ///     Constructed from the ORing of one or more of WEXITED, WSTOPPED
    ///     or WCONTINUED and additionally may be ORed with WNOHANG or WNOWAIT.
    ///
    /// Returns either waitid_result or None if WNOHANG is specified and there are
    /// no children in a waitable state.
    #[pyfunction(sig = "(idtype, id, options, /)")]
    fn waitid(idtype: i32, id: i32, options: i32) -> PyResult<Option<ObjRef>> {
        // SAFETY: plain data, filled in by the call.
        let info = core::cell::Cell::new(unsafe { core::mem::zeroed::<libc::siginfo_t>() });
        let at = info.as_ptr() as usize;
        // SAFETY: the struct lives during the call.
        checked(|| unsafe {
            libc::waitid(idtype as libc::idtype_t, id as libc::id_t, at as *mut libc::siginfo_t, options) as i64
        })?;
        let info = info.get();
        // SAFETY: `waitid` fills these members in, or leaves them 0.
        unsafe {
            if info.si_pid() == 0 {
                return Ok(None);
            }
            let values = [
                info.si_pid().into(),
                info.si_uid().into(),
                info.si_signo.into(),
                info.si_status().into(),
                info.si_code.into(),
            ];
            WAITID_RESULT.build(values.map(int).to_vec()).map(Some)
        }
    }

    /// Execute the program specified by path in a new process.
    ///
    ///   path
    ///     Pathname of executable file.
    ///   argv
    ///     Tuple or list of strings.
    ///   env
    ///     Dictionary of strings mapping to strings.
    ///   file_actions
    ///     A sequence of file action tuples.
    ///   setpgroup
    ///     The pgroup to use with the POSIX_SPAWN_SETPGROUP flag.
    ///   resetids
    ///     If the value is `true` the POSIX_SPAWN_RESETIDS will be activated.
    ///   setsid
    ///     If the value is `true` the POSIX_SPAWN_SETSID or POSIX_SPAWN_SETSID_NP
    ///     will be activated.
    ///   setsigmask
    ///     The sigmask to use with the POSIX_SPAWN_SETSIGMASK flag.
    ///   setsigdef
    ///     The sigmask to use with the POSIX_SPAWN_SETSIGDEF flag.
    ///   scheduler
    ///     A tuple with the scheduler policy (optional) and parameters.
    #[pyfunction(
        sig = "(path, argv, env, /, *, file_actions=(), setpgroup=None, resetids=False, setsid=False, setsigmask=(), setsigdef=(), scheduler=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are CPython's")]
    fn posix_spawn(
        path: Path,
        argv: &PyObject,
        env: &PyObject,
        file_actions: Option<&PyObject>,
        setpgroup: Option<&PyObject>,
        resetids: bool,
        setsid: bool,
        setsigmask: Option<&PyObject>,
        setsigdef: Option<&PyObject>,
        scheduler: Option<&PyObject>,
    ) -> PyResult<i32> {
        let file_actions = file_actions.filter(|o| !rpy_vm::is_none(o));
        let function = "posix_spawn";
        Spawn { function, path, argv, env, file_actions, setpgroup, resetids, setsid, setsigmask, setsigdef, scheduler }
            .run(false)
    }

    /// Execute the program specified by path in a new process, which is looked for along PATH.
    ///
    /// The arguments are those of posix_spawn().
    #[pyfunction(
        sig = "(path, argv, env, /, *, file_actions=(), setpgroup=None, resetids=False, setsid=False, setsigmask=(), setsigdef=(), scheduler=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are CPython's")]
    fn posix_spawnp(
        path: Path,
        argv: &PyObject,
        env: &PyObject,
        file_actions: Option<&PyObject>,
        setpgroup: Option<&PyObject>,
        resetids: bool,
        setsid: bool,
        setsigmask: Option<&PyObject>,
        setsigdef: Option<&PyObject>,
        scheduler: Option<&PyObject>,
    ) -> PyResult<i32> {
        let file_actions = file_actions.filter(|o| !rpy_vm::is_none(o));
        let function = "posix_spawnp";
        Spawn { function, path, argv, env, file_actions, setpgroup, resetids, setsid, setsigmask, setsigdef, scheduler }
            .run(true)
    }

    /// Fork a new process with a new pseudo-terminal as controlling tty.
    ///
    /// Returns a tuple of (pid, master_fd).
    /// Like fork(), return pid of 0 to the child process,
    /// and pid of child to the parent process.
    /// To both, return fd of newly opened pseudo-terminal.
    #[pyfunction]
    fn forkpty() -> PyResult<(i32, i32)> {
        let mut fd = -1;
        let null = core::ptr::null_mut();
        // SAFETY: a descriptor to fill in; no name, no settings. The bookkeeping of the fork is done by `fork_with`.
        let pid = fork_with("forkpty", || unsafe { libc::forkpty(&mut fd, null, null.cast(), null.cast()) })?;
        Ok((pid, fd))
    }

    /// Prepare the tty of which fd is a file descriptor for a new login session.
    ///
    /// Make the calling process a session leader; make the tty the
    /// controlling tty, the stdin, the stdout, and the stderr of the
    /// calling process; close fd.
    #[pyfunction(name = "login_tty", sig = "(fd, /)")]
    fn login_terminal(fd: i32) -> PyResult<()> {
        // SAFETY: a plain library call.
        if unsafe { login_tty(fd) } < 0 { Err(exc::os_error_last(None)) } else { Ok(()) }
    }
}

//! `_signal`: the front of `rpy_vm::runtime::signals`, and the system calls about signals.

use rpy_vm::pymodule;

macro_rules! signal_names {
    ($($name:ident),* $(,)?) => {
        /// Names and numbers of the signals.
        static SIGNALS: &[(&str, i32)] = &[ $( (stringify!($name), libc::$name) ),* ];
    };
}
signal_names! {
    SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGIOT, SIGFPE, SIGKILL, SIGBUS, SIGSEGV, SIGSYS, SIGPIPE, SIGALRM,
    SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD, SIGPWR, SIGIO, SIGURG, SIGWINCH, SIGPOLL, SIGSTOP, SIGTSTP, SIGCONT, SIGTTIN,
    SIGTTOU, SIGVTALRM, SIGPROF, SIGXCPU, SIGXFSZ, SIGSTKFLT,
}

unsafe extern "C" {
    fn sigwaitinfo(set: *const libc::sigset_t, info: *mut libc::siginfo_t) -> libc::c_int;
    fn siginterrupt(signal: libc::c_int, flag: libc::c_int) -> libc::c_int;
}

/// This module provides mechanisms to use signal handlers in Python.
///
/// Functions:
///
/// alarm() -- cause SIGALRM after a specified time [Unix only]
/// setitimer() -- cause a signal (described below) after a specified
///                float time and the timer may restart then [Unix only]
/// getitimer() -- get current value of timer [Unix only]
/// signal() -- set the action for a given signal
/// getsignal() -- get the signal action for a given signal
/// pause() -- wait until a signal arrives [Unix only]
/// default_int_handler() -- default SIGINT handler
///
/// signal constants:
/// SIG_DFL -- used to refer to the system default handler
/// SIG_IGN -- used to ignore the signal
/// NSIG -- number of defined signals
/// SIGINT, SIGTERM, etc. -- signal numbers
///
/// itimer constants:
/// ITIMER_REAL -- decrements in real time, and delivers SIGALRM upon
///                expiration
/// ITIMER_VIRTUAL -- decrements only when the process is executing,
///                and delivers SIGVTALRM upon expiration
/// ITIMER_PROF -- decrements both when the process is executing and
///                when the system is executing on behalf of the process.
///                Coupled with ITIMER_VIRTUAL, this timer is usually
///                used to profile the time spent by the application
///                in user and kernel space. SIGPROF is delivered upon
///                expiration.
///
///
/// *** IMPORTANT NOTICE ***
/// A signal handler function is called with two arguments:
/// the first is the signal number, the second is the interrupted stack frame.
#[pymodule(name = "_signal")]
pub mod signal {
    use core::mem::zeroed;

    use rpy_vm::object::OptRef;
    use rpy_vm::protocol::{call, number, object as po};
    use rpy_vm::runtime::{audit, gil, signals, thread};
    use rpy_vm::structseq;
    use rpy_vm::types::int::PyInt;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::set::PySet;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::types::tuple::PyTuple;
    use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyStruct, exc};

    use super::SIGNALS;
    use crate::time::convert::{self, Rounding};

    #[pyattr]
    const SIG_DFL: i32 = libc::SIG_DFL as i32;
    #[pyattr]
    const SIG_IGN: i32 = libc::SIG_IGN as i32;
    #[pyattr]
    const SIG_BLOCK: i32 = libc::SIG_BLOCK;
    #[pyattr]
    const SIG_UNBLOCK: i32 = libc::SIG_UNBLOCK;
    #[pyattr]
    const SIG_SETMASK: i32 = libc::SIG_SETMASK;
    #[pyattr]
    const NSIG: usize = signals::NSIG;
    #[pyattr]
    const ITIMER_REAL: i32 = 0;
    #[pyattr]
    const ITIMER_VIRTUAL: i32 = 1;
    #[pyattr]
    const ITIMER_PROF: i32 = 2;
    #[pyattr(name = "SIGCLD")]
    const SIGCLD: i32 = libc::SIGCHLD;
    #[pyattr(name = "SIGRTMIN")]
    fn sigrtmin() -> i32 {
        libc::SIGRTMIN()
    }
    #[pyattr(name = "SIGRTMAX")]
    fn sigrtmax() -> i32 {
        libc::SIGRTMAX()
    }

    structseq! {
        /// What `sigwaitinfo` returns.
        static SIGINFO = c"signal.struct_siginfo", Some(c"struct_siginfo: Result from sigwaitinfo or sigtimedwait.\n\nThis object may be accessed either as a tuple of\n(si_signo, si_code, si_errno, si_pid, si_uid, si_status, si_band),\nor via the attributes si_signo, si_code, and so on."), 7, true, [
            (c"si_signo", c"signal number"),
            (c"si_code", c"signal code"),
            (c"si_errno", c"errno associated with this signal"),
            (c"si_pid", c"sending process ID"),
            (c"si_uid", c"real user ID of sending process"),
            (c"si_status", c"exit value or signal"),
            (c"si_band", c"band event for SIGPOLL"),
        ]
    }

    /// `signal.itimer_error`, made with the module.
    static ITIMER_ERROR: OptRef = OptRef::NULL;

    fn int(value: i64) -> ObjRef {
        PyInt::from_i64(value).into_obj()
    }

    fn check_number(signalnum: i32) -> PyResult<usize> {
        match usize::try_from(signalnum) {
            Ok(n) if n >= 1 && n < signals::NSIG => Ok(n),
            _ => Err(exc::value_error("signal number out of range")),
        }
    }

    fn c_result(result: i32) -> PyResult<()> {
        if result < 0 { Err(exc::os_error_last(None)) } else { Ok(()) }
    }

    /// The default handler for SIGINT installed by Python.
    ///
    /// It raises KeyboardInterrupt.
    #[pyfunction(sig = "($module, signalnum, frame, /)")]
    fn default_int_handler(_signalnum: i32, _frame: &PyObject) -> PyResult<()> {
        signals::default_int_handler()
    }

    /// Set the action for the given signal.
    ///
    /// The action can be SIG_DFL, SIG_IGN, or a callable Python object.
    /// The previous action is returned.  See getsignal() for possible return values.
    ///
    /// *** IMPORTANT NOTICE ***
    /// A signal handler function is called with two arguments:
    /// the first is the signal number, the second is the interrupted stack frame.
    #[pyfunction]
    fn signal(signalnum: i32, handler: &PyObject) -> PyResult<ObjRef> {
        if !thread::is_main() {
            return Err(exc::value_error("signal only works in main thread of the main interpreter"));
        }
        let number = check_number(signalnum)?;
        let as_number =
            if po::callable(handler) { None } else { handler.downcast_ref::<PyInt>().and_then(PyInt::as_i64) };
        let action = match as_number {
            _ if po::callable(handler) => signals::c_handler as *const () as libc::sighandler_t,
            Some(0) => libc::SIG_DFL,
            Some(1) => libc::SIG_IGN,
            _ => {
                return Err(exc::type_error(
                    "signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object",
                ));
            }
        };
        // Signals that are already noted belong to the old handler.
        signals::check()?;
        if signals::install_c_handler(signalnum, action) == libc::SIG_ERR {
            return Err(exc::os_error_last(None));
        }
        Ok(signals::set_handler(number, Some(handler.new_ref())).unwrap_or_else(rpy_vm::none))
    }

    /// Return the current action for the given signal.
    ///
    /// The return value can be:
    ///   SIG_IGN -- if the signal is being ignored
    ///   SIG_DFL -- if the default action for the signal is in effect
    ///   None    -- if an unknown handler is in effect
    ///   anything else -- the callable Python object used as a handler
    #[pyfunction]
    fn getsignal(signalnum: i32) -> PyResult<ObjRef> {
        Ok(signals::handler_of(check_number(signalnum)?).unwrap_or_else(rpy_vm::none))
    }

    /// Send a signal to the executing process.
    #[pyfunction]
    fn raise_signal(signalnum: i32) -> PyResult<()> {
        // SAFETY: plain system call.
        c_result(gil::allow_threads(|| unsafe { libc::raise(signalnum) }))?;
        // The handler is to run before anything else.
        signals::check()
    }

    /// Arrange for SIGALRM to arrive after the given number of seconds.
    #[pyfunction]
    fn alarm(seconds: i32) -> u32 {
        // SAFETY: plain system call.
        unsafe { libc::alarm(seconds as u32) }
    }

    /// Wait until a signal arrives.
    #[pyfunction]
    fn pause() -> PyResult<()> {
        // SAFETY: plain system call.
        gil::allow_threads(|| unsafe { libc::pause() });
        signals::check()
    }

    fn timeval(value: &PyObject) -> PyResult<libc::timeval> {
        let nanoseconds = convert::to_nanoseconds(value, Rounding::Ceiling)?;
        let microseconds = nanoseconds.div_euclid(1000) + i64::from(nanoseconds.rem_euclid(1000) > 0);
        Ok(libc::timeval { tv_sec: microseconds.div_euclid(1_000_000), tv_usec: microseconds.rem_euclid(1_000_000) })
    }

    fn itimer_tuple(timer: &libc::itimerval) -> ObjRef {
        let seconds = |time: &libc::timeval| {
            rpy_vm::types::float::PyFloat::new(time.tv_sec as f64 + time.tv_usec as f64 / 1e6).into_obj()
        };
        PyTuple::new(vec![seconds(&timer.it_value), seconds(&timer.it_interval)]).into_obj()
    }

    fn itimer_error() -> PyErr {
        let errno = exc::last_errno();
        let args = vec![int(i64::from(errno)), PyStr::from_string(exc::strerror(errno)).into_obj()];
        match ITIMER_ERROR.get().and_then(|class| class.downcast::<rpy_vm::PyTypeObject>().ok()) {
            Some(class) => PyErr::with_args(&class, args),
            None => exc::os_error_errno(errno, None),
        }
    }

    /// Sets given itimer (one of ITIMER_REAL, ITIMER_VIRTUAL or ITIMER_PROF).
    ///
    /// The timer will fire after value seconds and after that every interval seconds.
    /// The itimer can be cleared by setting seconds to zero.
    ///
    /// Returns old values as a tuple: (delay, interval).
    #[pyfunction(sig = "($module, which, seconds, interval=0.0, /)")]
    fn setitimer(which: i32, seconds: &PyObject, interval: Option<&PyObject>) -> PyResult<ObjRef> {
        let zero = libc::timeval { tv_sec: 0, tv_usec: 0 };
        let interval = match interval {
            Some(interval) => timeval(interval)?,
            None => zero,
        };
        let new = libc::itimerval { it_value: timeval(seconds)?, it_interval: interval };
        let mut old = libc::itimerval { it_value: zero, it_interval: zero };
        // SAFETY: reads and writes the given structs.
        let failed = unsafe { libc::syscall(libc::SYS_setitimer, which, &raw const new, &raw mut old) } < 0;
        if failed { Err(itimer_error()) } else { Ok(itimer_tuple(&old)) }
    }

    /// Returns current value of given itimer.
    #[pyfunction]
    fn getitimer(which: i32) -> PyResult<ObjRef> {
        let zero = libc::timeval { tv_sec: 0, tv_usec: 0 };
        let mut old = libc::itimerval { it_value: zero, it_interval: zero };
        // SAFETY: writes the given struct.
        let failed = unsafe { libc::syscall(libc::SYS_getitimer, which, &raw mut old) } < 0;
        if failed { Err(itimer_error()) } else { Ok(itimer_tuple(&old)) }
    }

    /// Change system call restart behaviour.
    ///
    /// If flag is False, system calls will be restarted when interrupted by
    /// signal sig, else system calls will be interrupted.
    #[pyfunction]
    fn siginterrupt(signalnum: i32, flag: i32) -> PyResult<()> {
        check_number(signalnum)?;
        // SAFETY: plain library call.
        c_result(unsafe { super::siginterrupt(signalnum, flag) })
    }

    /// Sets the fd to be written to (with the signal number) when a signal comes in.
    ///
    /// A library can use this to wakeup select or poll.
    /// The previous fd or -1 is returned.
    ///
    /// The fd must be non-blocking.
    #[pyfunction(sig = "($module, fd, /, *, warn_on_full_buffer=True)")]
    fn set_wakeup_fd(fd: i32, warn_on_full_buffer: bool) -> PyResult<i32> {
        if !thread::is_main() {
            return Err(exc::value_error("set_wakeup_fd only works in main thread of the main interpreter"));
        }
        if fd != -1 {
            // SAFETY: asks about a file descriptor.
            unsafe {
                let mut status: libc::stat = zeroed();
                c_result(libc::fstat(fd, &mut status))?;
                let flags = libc::fcntl(fd, libc::F_GETFL);
                c_result(flags)?;
                if flags & libc::O_NONBLOCK == 0 {
                    return Err(exc::value_error(format!("the fd {fd} must be in non-blocking mode")));
                }
            }
        }
        Ok(signals::set_wakeup_fd(fd, warn_on_full_buffer))
    }

    /// Return the system description of the given signal.
    ///
    /// Returns the description of signal *signalnum*, such as "Interrupt"
    /// for :const:`SIGINT`. Returns :const:`None` if *signalnum* has no
    /// description. Raises :exc:`ValueError` if *signalnum* is invalid.
    #[pyfunction]
    fn strsignal(signalnum: i32) -> PyResult<Option<String>> {
        check_number(signalnum)?;
        // SAFETY: the library gives NULL or a NUL-terminated text that is read at once.
        let text = unsafe {
            let text = libc::strsignal(signalnum);
            if text.is_null() {
                return Ok(None);
            }
            std::ffi::CStr::from_ptr(text).to_string_lossy().into_owned()
        };
        Ok(Some(text).filter(|text| !text.contains("Unknown signal")))
    }

    /// A set of signals from an iterable of numbers.
    pub fn sigset(mask: &PyObject) -> PyResult<libc::sigset_t> {
        // SAFETY: the set is initialised before use.
        let mut set: libc::sigset_t = unsafe {
            let mut set = zeroed();
            libc::sigemptyset(&mut set);
            set
        };
        let it = po::get_iter(mask)?;
        while let Some(item) = po::iter_next(&it)? {
            let number = number::index(&item)?;
            let valid = number.as_i32().filter(|&n| n > 0 && (n as usize) < signals::NSIG);
            let Some(n) = valid else {
                return Err(exc::value_error(format!(
                    "signal number {} out of range [1; {}]",
                    number.to_decimal_string()?,
                    signals::NSIG - 1
                )));
            };
            // SAFETY: the set is initialised. Signals the C library keeps for itself are refused, which is fine.
            unsafe { libc::sigaddset(&mut set, n) };
        }
        Ok(set)
    }

    fn sigset_object(set: &libc::sigset_t) -> PyResult<ObjRef> {
        let result = PySet::new();
        for n in 1..signals::NSIG as i32 {
            // SAFETY: the set is initialised.
            if unsafe { libc::sigismember(set, n) } == 1 {
                result.add(&int(i64::from(n)))?;
            }
        }
        Ok(result.into_obj())
    }

    /// Fetch and/or change the signal mask of the calling thread.
    #[pyfunction]
    fn pthread_sigmask(how: i32, mask: &PyObject) -> PyResult<ObjRef> {
        let new = sigset(mask)?;
        // SAFETY: reads and writes the given sets.
        let old = unsafe {
            let mut old: libc::sigset_t = zeroed();
            let errno = libc::pthread_sigmask(how, &new, &mut old);
            if errno != 0 {
                return Err(exc::os_error_errno(errno, None));
            }
            old
        };
        // Unblocking may have let a signal through.
        signals::check()?;
        sigset_object(&old)
    }

    /// Examine pending signals.
    ///
    /// Returns a set of signal numbers that are pending for delivery to
    /// the calling thread.
    #[pyfunction]
    fn sigpending() -> PyResult<ObjRef> {
        // SAFETY: writes the given set.
        let set = unsafe {
            let mut set: libc::sigset_t = zeroed();
            c_result(libc::sigpending(&mut set))?;
            set
        };
        sigset_object(&set)
    }

    /// Wait for a signal.
    ///
    /// Suspend execution of the calling thread until the delivery of one of the
    /// signals specified in the signal set sigset.  The function accepts the signal
    /// and returns the signal number.
    #[pyfunction]
    fn sigwait(sigset: &PyObject) -> PyResult<i32> {
        let set = self::sigset(sigset)?;
        let mut number = 0;
        // SAFETY: reads the set and writes the number.
        let errno = gil::allow_threads(|| unsafe { libc::sigwait(&set, &mut number) });
        if errno != 0 { Err(exc::os_error_errno(errno, None)) } else { Ok(number) }
    }

    fn siginfo_object(info: &libc::siginfo_t) -> PyResult<ObjRef> {
        // SAFETY: the union's parts are plain numbers whatever the signal was.
        let (pid, uid, status) = unsafe { (info.si_pid(), info.si_uid(), info.si_status()) };
        SIGINFO.build(vec![
            int(i64::from(info.si_signo)),
            int(i64::from(info.si_code)),
            int(i64::from(info.si_errno)),
            int(i64::from(pid)),
            int(i64::from(uid)),
            int(i64::from(status)),
            int(0),
        ])
    }

    /// Wait synchronously until one of the signals in *sigset* is delivered.
    ///
    /// Returns a struct_siginfo containing information about the signal.
    #[pyfunction]
    fn sigwaitinfo(sigset: &PyObject) -> PyResult<ObjRef> {
        let set = self::sigset(sigset)?;
        // SAFETY: plain data.
        let mut info: libc::siginfo_t = unsafe { zeroed() };
        // SAFETY: reads the set and writes the struct.
        let result = signals::retry(|| unsafe { super::sigwaitinfo(&set, &mut info) })?;
        c_result(result)?;
        siginfo_object(&info)
    }

    /// Like sigwaitinfo(), but with a timeout.
    ///
    /// The timeout is specified in seconds, with floating-point numbers allowed.
    #[pyfunction]
    fn sigtimedwait(sigset: &PyObject, timeout: &PyObject) -> PyResult<ObjRef> {
        let nanoseconds = convert::to_nanoseconds(timeout, Rounding::Ceiling)?;
        if nanoseconds < 0 {
            return Err(exc::value_error("timeout must be non-negative"));
        }
        let set = self::sigset(sigset)?;
        let deadline = convert::clock_ns(libc::CLOCK_MONOTONIC)?.saturating_add(nanoseconds);
        // SAFETY: plain data.
        let mut info: libc::siginfo_t = unsafe { zeroed() };
        loop {
            let left = (deadline - convert::clock_ns(libc::CLOCK_MONOTONIC)?).max(0);
            let limit = libc::timespec { tv_sec: left / 1_000_000_000, tv_nsec: left % 1_000_000_000 };
            // SAFETY: reads set and limit, writes the struct.
            let result = gil::allow_threads(|| unsafe { libc::sigtimedwait(&set, &mut info, &limit) });
            if result >= 0 {
                return siginfo_object(&info);
            }
            match exc::last_errno() {
                libc::EAGAIN => return Ok(rpy_vm::none()),
                libc::EINTR => signals::check()?,
                errno => return Err(exc::os_error_errno(errno, None)),
            }
        }
    }

    /// Send a signal to a thread.
    #[pyfunction]
    fn pthread_kill(thread_id: u64, signalnum: i32) -> PyResult<()> {
        let (thread_object, number_object) = (PyInt::from_u64(thread_id), int(i64::from(signalnum)));
        audit::audit("signal.pthread_kill", &[thread_object.as_object(), &number_object])?;
        // SAFETY: the caller vouches for the thread, as in C.
        let errno = unsafe { libc::pthread_kill(thread_id as libc::pthread_t, signalnum) };
        if errno != 0 {
            return Err(exc::os_error_errno(errno, None));
        }
        signals::check()
    }

    /// Send a signal to a process referred to by a pid file descriptor.
    #[pyfunction(sig = "($module, pidfd, signalnum, siginfo=None, flags=0, /)")]
    fn pidfd_send_signal(pidfd: i32, signalnum: i32, siginfo: Option<&PyObject>, flags: i32) -> PyResult<()> {
        if siginfo.is_some() {
            return Err(exc::type_error("siginfo must be None"));
        }
        // SAFETY: plain system call.
        let result = unsafe {
            libc::syscall(libc::SYS_pidfd_send_signal, pidfd, signalnum, core::ptr::null::<libc::siginfo_t>(), flags)
        };
        c_result(result as i32)?;
        signals::check()
    }

    /// Return a set of valid signal numbers on this platform.
    ///
    /// The signal numbers returned by this function can be safely passed to
    /// functions like `pthread_sigmask`.
    #[pyfunction]
    fn valid_signals() -> PyResult<ObjRef> {
        // SAFETY: the set is initialised by the call.
        let set = unsafe {
            let mut set: libc::sigset_t = zeroed();
            c_result(libc::sigfillset(&mut set))?;
            set
        };
        sigset_object(&set)
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        let dict = module.dict();
        for &(name, number) in SIGNALS {
            dict.set_name(name, int(i64::from(number)));
        }
        if ITIMER_ERROR.is_null() {
            let bases = PyTuple::new(vec![exc::OSError().to_obj()]).into_obj();
            let namespace = rpy_vm::types::dict::PyDict::new();
            namespace.set_name("__module__", PyStr::new("signal").into_obj());
            let name = PyStr::new("itimer_error");
            let class = call::call(
                rpy_vm::types::type_::PyType_Type.as_object(),
                &[name.as_object(), &bases, namespace.as_object()],
            )?;
            ITIMER_ERROR.set(Some(class));
        }
        dict.set_name("ItimerError", ITIMER_ERROR.get().unwrap_or_else(rpy_vm::none));
        dict.set_name("struct_siginfo", SIGINFO.get()?.to_obj());
        // What is in force now; a handler of C code is shown as None.
        for n in 1..signals::NSIG {
            if signals::handler_of(n).is_some() {
                continue;
            }
            let handler = match signals::current_c_handler(n as i32) {
                libc::SIG_DFL => int(0),
                libc::SIG_IGN => int(1),
                _ => rpy_vm::none(),
            };
            signals::set_handler(n, Some(handler));
        }
        Ok(())
    }
}

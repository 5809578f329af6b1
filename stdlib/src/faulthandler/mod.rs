//! `faulthandler`: tracebacks when the process crashes, takes too long, or is asked by a signal.
//!
//! | File | What |
//! |---|---|
//! | `dump` | writes tracebacks, relying on nothing |
//! | `fatal` | the signals that end a process |
//! | `later` | the watchdog thread |
//! | `user` | signals of the user's choice |

mod dump;
mod fatal;
mod later;
mod user;

/// faulthandler module.
#[rpy_vm::pymodule(name = "faulthandler")]
pub mod faulthandler_ {
    use core::ffi::c_int;
    use std::time::Duration;

    use rpy_vm::protocol::call;
    use rpy_vm::runtime::{gil, signals, sys_state, thread};
    use rpy_vm::types::int::PyInt;
    use rpy_vm::{ObjRef, PyObject, PyResult, exc, intern};

    use super::dump::{self, Out};
    use super::{fatal, later, user};
    use crate::time::convert::{self, Rounding};

    /// The descriptor to write to, and the file it belongs to.
    fn target(file: Option<&PyObject>) -> PyResult<(Option<ObjRef>, c_int)> {
        let file = match file.filter(|file| !rpy_vm::is_none(file)) {
            Some(file) => file.new_ref(),
            None => match sys_state::get("stderr") {
                None => return Err(exc::runtime_error("unable to get sys.stderr")),
                Some(stderr) if rpy_vm::is_none(&stderr) => return Err(exc::runtime_error("sys.stderr is None")),
                Some(stderr) => stderr,
            },
        };
        let valid = |fd: Option<i32>| fd.filter(|fd| *fd >= 0);
        if let Some(number) = file.downcast_ref::<PyInt>() {
            let fd = valid(number.as_i32()).ok_or_else(|| exc::value_error("file is not a valid file descriptor"))?;
            return Ok((None, fd));
        }
        let result = call::call_method(&file, intern!("fileno"), &[])?;
        let fd = valid(result.downcast_ref::<PyInt>().and_then(PyInt::as_i32))
            .ok_or_else(|| exc::runtime_error("file.fileno() is not a valid file descriptor"))?;
        // What was written before comes first; if that fails, the traceback matters more.
        drop(call::call_method(&file, intern!("flush"), &[]));
        Ok((Some(file), fd))
    }

    /// Dump the traceback of the current thread, or of all threads
    /// if all_threads is True, into file.
    #[pyfunction(sig = "(file=sys.stderr, all_threads=True)")]
    fn dump_traceback(file: Option<&PyObject>, all_threads: bool) -> PyResult<()> {
        // The file lives until it has been written to.
        let (_file, fd) = target(file)?;
        if all_threads {
            dump::all_threads(Out(fd), Some(thread::current()));
        } else {
            dump::one_thread(Out(fd), thread::current());
        }
        signals::check()
    }

    /// Dump the C stack of the current thread.
    #[pyfunction(sig = "(file=sys.stderr)")]
    fn dump_c_stack(file: Option<&PyObject>) -> PyResult<()> {
        let (_file, fd) = target(file)?;
        dump::native_stack(Out(fd));
        signals::check()
    }

    /// Enable the fault handler.
    #[pyfunction(sig = "(file=sys.stderr, all_threads=True, c_stack=True)")]
    fn enable(file: Option<&PyObject>, all_threads: bool, c_stack: bool) -> PyResult<()> {
        let (file, fd) = target(file)?;
        fatal::enable(file, fd, all_threads, c_stack)
    }

    /// Disable the fault handler.
    #[pyfunction]
    fn disable() -> bool {
        fatal::disable()
    }

    /// Check if the handler is enabled.
    #[pyfunction]
    fn is_enabled() -> bool {
        fatal::is_enabled()
    }

    /// The first line of the watchdog: the time as hours, minutes and seconds.
    fn header(microseconds: u64) -> String {
        let (seconds, micro) = (microseconds / 1_000_000, microseconds % 1_000_000);
        let (minutes, second) = (seconds / 60, seconds % 60);
        let (hours, minute) = (minutes / 60, minutes % 60);
        let fraction = if micro > 0 { format!(".{micro:06}") } else { String::new() };
        format!("Timeout ({hours}:{minute:02}:{second:02}{fraction})!\n")
    }

    /// Dump the traceback of all threads in timeout seconds,
    /// or each timeout seconds if repeat is True. If exit is True,
    /// call _exit(1) which is not safe.
    #[pyfunction(sig = "(timeout, repeat=False, file=sys.stderr, exit=False)")]
    fn dump_traceback_later(timeout: &PyObject, repeat: bool, file: Option<&PyObject>, exit: bool) -> PyResult<()> {
        let nanoseconds = convert::to_nanoseconds(timeout, Rounding::Up)?;
        let microseconds = nanoseconds.div_euclid(1000) + i64::from(nanoseconds.rem_euclid(1000) > 0);
        if microseconds <= 0 {
            return Err(exc::value_error("timeout must be greater than 0"));
        }
        let (file, fd) = target(file)?;
        let timeout = Duration::from_micros(microseconds as u64);
        later::start(later::Order { fd, timeout, repeat, exit, header: header(microseconds as u64) }, file)
    }

    /// Cancel the previous call to dump_traceback_later().
    #[pyfunction]
    fn cancel_dump_traceback_later() {
        later::cancel();
    }

    fn check_signal(signal: c_int) -> PyResult<()> {
        if fatal::is_fatal(signal) {
            return Err(exc::runtime_error(format!("signal {signal} cannot be registered, use enable() instead")));
        }
        if signal < 1 || signal as usize >= signals::NSIG {
            return Err(exc::value_error("signal number out of range"));
        }
        Ok(())
    }

    /// Register a handler for the signal 'signum': dump the
    /// traceback of the current thread, or of all threads if
    /// all_threads is True, into file.
    #[pyfunction(sig = "(signum, file=sys.stderr, all_threads=True, chain=False)")]
    fn register(signum: i32, file: Option<&PyObject>, all_threads: bool, chain: bool) -> PyResult<()> {
        check_signal(signum)?;
        let (file, fd) = target(file)?;
        user::register(signum, file, fd, all_threads, chain)
    }

    /// Unregister the handler of the signal 'signum' registered by register().
    #[pyfunction(sig = "(signum, /)")]
    fn unregister(signum: i32) -> PyResult<bool> {
        check_signal(signum)?;
        Ok(user::unregister(signum))
    }

    /// The crashes below are wanted: they leave no core file.
    fn no_core_file() {
        // SAFETY: plain system calls on a struct that lives during them.
        unsafe {
            let mut limit: libc::rlimit = core::mem::zeroed();
            if libc::getrlimit(libc::RLIMIT_CORE, &mut limit) == 0 {
                limit.rlim_cur = 0;
                libc::setrlimit(libc::RLIMIT_CORE, &limit);
            }
        }
    }

    fn crash(signal: c_int) {
        no_core_file();
        // SAFETY: the signal is the purpose.
        unsafe { libc::raise(signal) };
    }

    /// Read from NULL, raise a SIGSEGV or SIGBUS signal depending on the platform.
    #[pyfunction]
    fn _read_null() -> i32 {
        no_core_file();
        let address = core::hint::black_box(core::ptr::null());
        // SAFETY: none; the crash is the purpose, and the page of address 0 is never mapped.
        unsafe { libc::strlen(address) as i32 }
    }

    /// Raise a SIGSEGV signal.
    #[pyfunction(sig = "(release_gil=False, /)")]
    fn _sigsegv(release_gil: bool) {
        if release_gil {
            gil::allow_threads(|| crash(libc::SIGSEGV));
        } else {
            crash(libc::SIGSEGV);
        }
    }

    /// Raise a SIGABRT signal.
    #[pyfunction]
    fn _sigabrt() {
        no_core_file();
        std::process::abort();
    }

    /// Raise a SIGFPE signal.
    #[pyfunction]
    fn _sigfpe() {
        crash(libc::SIGFPE);
    }

    /// Call Py_FatalError() in a new C thread.
    #[pyfunction]
    fn _fatal_error_c_thread() -> PyResult<()> {
        no_core_file();
        let thread = std::thread::spawn(|| {
            fatal::disable_handlers();
            let out = Out(2);
            out.text("Fatal Python error: faulthandler_fatal_error_thread: in new thread\n");
            out.text("Python runtime state: initialized\n\n");
            dump::all_threads(out, None);
            std::process::abort();
        });
        gil::allow_threads(|| drop(thread.join()));
        Ok(())
    }

    /// Uses stack until `limit` is passed or the stack ends.
    fn overflow(start: usize, depth: &mut usize) -> usize {
        const LIMIT: usize = 100 << 20;
        let room = core::hint::black_box([1u8; 4096]);
        let here = room.as_ptr() as usize;
        *depth += 1;
        if start.abs_diff(here) > LIMIT {
            return here;
        }
        let end = overflow(start, depth);
        // Keeps the room, and the call from being the last thing done.
        core::hint::black_box(&room);
        end
    }

    /// Recursive call to raise a stack overflow.
    #[pyfunction]
    fn _stack_overflow() -> PyResult<()> {
        no_core_file();
        let mut depth = 0;
        let here = core::hint::black_box(0u8);
        let start = &raw const here as usize;
        let size = start.abs_diff(overflow(start, &mut depth));
        Err(exc::runtime_error(format!(
            "unable to raise a stack overflow (allocated {size} bytes on the stack, {depth} recursive calls)"
        )))
    }
}

//! Signals: the C handler only takes note; the main thread calls the Python handlers at its next safe point.

use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::collections::VecDeque;
use std::sync::Mutex;

use crate::err::PyResult;
use crate::object::{ObjRef, OptRef, PyObject, PyStruct};
use crate::protocol::call;
use crate::runtime::thread::{self, breaker};
use crate::types::int::PyInt;

/// One more than the highest signal number.
pub const NSIG: usize = 65;

static TRIPPED: [AtomicBool; NSIG] = [const { AtomicBool::new(false) }; NSIG];
static ANY_TRIPPED: AtomicBool = AtomicBool::new(false);
static WAKEUP_FD: AtomicI32 = AtomicI32::new(-1);
static WARN_ON_FULL: AtomicBool = AtomicBool::new(true);
/// Why writing to the file descriptor failed last; 0: it did not.
static WAKEUP_ERROR: AtomicI32 = AtomicI32::new(0);

/// The Python handlers: None (not Python's), an int (`SIG_DFL`, `SIG_IGN`), or a callable. Touched under the GIL.
static HANDLERS: [OptRef; NSIG] = [const { OptRef::NULL }; NSIG];

/// The handler known for a signal.
pub fn handler_of(signal: usize) -> Option<ObjRef> {
    HANDLERS.get(signal)?.get()
}

/// Replaces the handler known for a signal.
pub fn set_handler(signal: usize, handler: Option<ObjRef>) -> Option<ObjRef> {
    HANDLERS.get(signal)?.replace(handler)
}

/// Takes note of a signal. Async-signal-safe.
pub fn trip(signal: c_int) {
    if let Some(flag) = TRIPPED.get(signal as usize) {
        flag.store(true, Ordering::Release);
    }
    let fd = WAKEUP_FD.load(Ordering::Acquire);
    if fd >= 0 {
        let byte = signal as u8;
        // SAFETY: write is async-signal-safe.
        let written = unsafe { libc::write(fd, (&raw const byte).cast(), 1) };
        if written < 0 {
            let errno = crate::exc::last_errno();
            if errno != libc::EAGAIN || WARN_ON_FULL.load(Ordering::Relaxed) {
                // Told at the safe point where the handler runs.
                WAKEUP_ERROR.store(errno, Ordering::Release);
            }
        }
    }
    ANY_TRIPPED.store(true, Ordering::Release);
    if let Some(main) = thread::main() {
        main.eval_breaker.fetch_or(breaker::SIGNALS_PENDING, Ordering::Release);
    }
}

/// The C handler of all signals that Python handles.
pub extern "C" fn c_handler(signal: c_int) {
    // SAFETY: errno is the thread's own, and must be what the interrupted code left.
    unsafe {
        let errno = *libc::__errno_location();
        trip(signal);
        *libc::__errno_location() = errno;
    }
}

/// Installs a C handler (`SIG_DFL`, `SIG_IGN` or [`c_handler`]); gives the old one. `SIG_ERR` on failure.
pub fn install_c_handler(signal: c_int, handler: libc::sighandler_t) -> libc::sighandler_t {
    // SAFETY: a zeroed sigaction is valid; the calls get proper pointers.
    unsafe {
        let mut new: libc::sigaction = core::mem::zeroed();
        let mut old: libc::sigaction = core::mem::zeroed();
        new.sa_sigaction = handler;
        // With an alternate stack (faulthandler) a handler can run after a stack overflow.
        new.sa_flags = libc::SA_ONSTACK;
        libc::sigemptyset(&mut new.sa_mask);
        if libc::sigaction(signal, &new, &mut old) < 0 { libc::SIG_ERR } else { old.sa_sigaction }
    }
}

/// The C handler in force.
pub fn current_c_handler(signal: c_int) -> libc::sighandler_t {
    // SAFETY: as above.
    unsafe {
        let mut old: libc::sigaction = core::mem::zeroed();
        if libc::sigaction(signal, core::ptr::null(), &mut old) < 0 { libc::SIG_ERR } else { old.sa_sigaction }
    }
}

/// Sets the file descriptor that gets a byte for each signal; gives the old one (-1: none).
pub fn set_wakeup_fd(fd: c_int, warn_on_full: bool) -> c_int {
    WARN_ON_FULL.store(warn_on_full, Ordering::Relaxed);
    WAKEUP_FD.swap(fd, Ordering::AcqRel)
}

/// Calls the Python handlers of the signals that arrived. Does nothing on other threads than the main one.
///
/// # Errors
/// What a handler raises; signals not handled yet stay noted.
pub fn run_pending() -> PyResult<()> {
    if !thread::is_main() || !ANY_TRIPPED.swap(false, Ordering::AcqRel) {
        return Ok(());
    }
    let errno = WAKEUP_ERROR.swap(0, Ordering::AcqRel);
    if errno != 0 {
        let message = "Exception ignored while trying to write to the signal wakeup fd";
        let error = crate::exc::os_error_errno(errno, None);
        crate::runtime::unraisable::write_unraisable(error, Some(message), None);
    }
    for signal in 1..NSIG {
        if !TRIPPED[signal].swap(false, Ordering::AcqRel) {
            continue;
        }
        let handler = HANDLERS[signal].get().filter(|h| !crate::is_none(h) && !is_number(h));
        let Some(handler) = handler else {
            // The handler was taken away in the meantime.
            let error = crate::exc::os_error(format!("Signal {signal} ignored due to race condition"));
            crate::runtime::unraisable::write_unraisable(error, None, Some(crate::none_ref()));
            continue;
        };
        let frame = crate::sysmodule::frames::nth(0).map_or_else(crate::none, crate::sysmodule::frames::object_of);
        let number = PyInt::from_usize(signal);
        if let Err(e) = call::call(&handler, &[number.as_object(), &frame]) {
            if TRIPPED.iter().any(|flag| flag.load(Ordering::Acquire)) {
                ANY_TRIPPED.store(true, Ordering::Release);
                thread::set_eval_breaker(breaker::SIGNALS_PENDING);
            }
            return Err(e);
        }
    }
    Ok(())
}

/// `PyErr_CheckSignals`: for loops in Rust that take long, and after system calls that were interrupted.
///
/// # Errors
/// What a handler raises.
#[inline]
pub fn check() -> PyResult<()> {
    if ANY_TRIPPED.load(Ordering::Acquire) { run_pending() } else { Ok(()) }
}

/// Has a signal arrived whose Python handler has not run yet?
pub fn is_pending() -> bool {
    ANY_TRIPPED.load(Ordering::Acquire)
}

/// Takes the note of a pending SIGINT away; tells whether there was one (`PyOS_InterruptOccurred`).
pub fn take_interrupt() -> bool {
    thread::is_main() && TRIPPED[libc::SIGINT as usize].swap(false, Ordering::AcqRel)
}

/// Repeats a system call that is interrupted, running Python handlers in between. `call` gives a negative number and sets
/// `errno` on failure. The GIL is released around each attempt.
///
/// # Errors
/// What a handler raises. Failures of the call itself are its result, with `errno` as it left it.
pub fn retry<T: Copy + PartialOrd + Default>(mut call: impl FnMut() -> T) -> PyResult<T> {
    loop {
        let result = crate::runtime::gil::allow_threads(&mut call);
        if result >= T::default() || crate::exc::last_errno() != libc::EINTR {
            return Ok(result);
        }
        check()?;
    }
}

/// Waits without the GIL until there is something to read from descriptor `fd` (or until reading would fail), or a signal comes in:
/// true in the first case. A signal that arrives just before the wait is not missed: signals are held back until `ppoll` lets them
/// through and waits in one step.
///
/// # Errors
/// What a signal's handler raises.
pub fn wait_readable(fd: c_int) -> PyResult<bool> {
    // SAFETY: the masks and the record are plain data on the stack, filled in by the calls; the mask is put back.
    let ready = unsafe {
        let mut all: libc::sigset_t = core::mem::zeroed();
        let mut before: libc::sigset_t = core::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
        let mut input = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        let mut wait = || libc::ppoll(&mut input, 1, core::ptr::null(), &before);
        // What waits for the main thread's attention is no business of others. Any failure but an interruption is the read's to report.
        let ready = !(thread::is_main() && is_pending())
            && (crate::runtime::gil::allow_threads(&mut wait) >= 0 || crate::exc::last_errno() != libc::EINTR);
        libc::pthread_sigmask(libc::SIG_SETMASK, &before, core::ptr::null_mut());
        ready
    };
    check()?;
    Ok(ready)
}

/// A call that C code wants made on the main thread.
struct PendingCall {
    function: unsafe extern "C-unwind" fn(*mut c_void) -> c_int,
    argument: *mut c_void,
}
// SAFETY: the argument is handed to the function on the main thread and not touched before.
unsafe impl Send for PendingCall {}

static PENDING: Mutex<VecDeque<PendingCall>> = Mutex::new(VecDeque::new());
/// As many as CPython queues.
const MAX_PENDING: usize = 300;

/// `Py_AddPendingCall`: callable from any thread, without the GIL. False when the queue is full.
pub fn add_pending_call(function: unsafe extern "C-unwind" fn(*mut c_void) -> c_int, argument: *mut c_void) -> bool {
    let mut queue = PENDING.lock().unwrap_or_else(|e| e.into_inner());
    if queue.len() >= MAX_PENDING {
        return false;
    }
    queue.push_back(PendingCall { function, argument });
    drop(queue);
    if let Some(main) = thread::main() {
        main.eval_breaker.fetch_or(breaker::CALLS_TO_DO, Ordering::Release);
    }
    true
}

/// Makes the calls that wait. Does nothing on other threads than the main one.
///
/// # Errors
/// What a call raises; the rest stays queued.
pub fn run_pending_calls() -> PyResult<()> {
    if !thread::is_main() {
        return Ok(());
    }
    loop {
        let next = PENDING.lock().unwrap_or_else(|e| e.into_inner()).pop_front();
        let Some(next) = next else { return Ok(()) };
        // SAFETY: whoever queued the call promised that it may be made once on the main thread.
        if unsafe { (next.function)(next.argument) } != 0 {
            if !PENDING.lock().unwrap_or_else(|e| e.into_inner()).is_empty() {
                thread::set_eval_breaker(breaker::CALLS_TO_DO);
            }
            return Err(crate::err::PyErr::fetch_or_system_error());
        }
    }
}

/// `signal.default_int_handler`: raises `KeyboardInterrupt`.
pub fn default_int_handler() -> PyResult<()> {
    Err(crate::exc::keyboard_interrupt())
}

/// After `fork` in the child: signals of the parent are not the child's.
pub fn after_fork_child() {
    ANY_TRIPPED.store(false, Ordering::Release);
    WAKEUP_ERROR.store(0, Ordering::Release);
    for flag in &TRIPPED {
        flag.store(false, Ordering::Release);
    }
}

/// Drops the Python handlers at the end of the interpreter, and gives the signals their default meaning again.
pub fn finalize() {
    for signal in 1..NSIG {
        let old = HANDLERS[signal].take();
        let ours = old.as_ref().is_some_and(|handler| !crate::is_none(handler) && !is_number(handler));
        if ours {
            install_c_handler(signal as c_int, libc::SIG_DFL);
        }
    }
}

fn is_number(object: &PyObject) -> bool {
    object.downcast_ref::<PyInt>().is_some()
}

/// The signals Python handles from the start: an interrupt raises `KeyboardInterrupt`; writing to a closed pipe, or beyond
/// the allowed file size, is an error of the call and does not end the process.
///
/// # Errors
/// What importing `_signal` raises.
pub fn install_default_handlers() -> PyResult<()> {
    for ignored in [libc::SIGPIPE, libc::SIGXFSZ] {
        install_c_handler(ignored, libc::SIG_IGN);
    }
    let module = crate::import::import_module("_signal")?;
    let interrupt = libc::SIGINT as usize;
    let is_default = handler_of(interrupt)
        .is_some_and(|handler| handler.downcast_ref::<PyInt>().and_then(PyInt::as_i64) == Some(libc::SIG_DFL as i64));
    if is_default {
        let handler = crate::protocol::object::getattr(&module, crate::intern!("default_int_handler"))?;
        set_handler(interrupt, Some(handler));
        install_c_handler(libc::SIGINT, c_handler as *const () as libc::sighandler_t);
    }
    Ok(())
}

//! Handlers of the signals that end a process: they write a traceback, then let the signal do what it would have done.

use core::cell::UnsafeCell;
use core::ffi::c_int;
use core::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use rpy_vm::{ObjRef, OptRef, PyResult, exc};

use super::dump::{self, Out};

/// The signals, and how they are called.
const SIGNALS: [(c_int, &str); 5] = [
    (libc::SIGBUS, "Bus error"),
    (libc::SIGILL, "Illegal instruction"),
    (libc::SIGFPE, "Floating-point exception"),
    (libc::SIGABRT, "Aborted"),
    (libc::SIGSEGV, "Segmentation fault"),
];

static ENABLED: AtomicBool = AtomicBool::new(false);
static FD: AtomicI32 = AtomicI32::new(-1);
static ALL_THREADS: AtomicBool = AtomicBool::new(true);
static NATIVE_STACK: AtomicBool = AtomicBool::new(true);
/// Keeps the file open that `FD` belongs to.
static FILE: OptRef = OptRef::NULL;

/// What the signals did before.
struct Previous(UnsafeCell<[Option<libc::sigaction>; SIGNALS.len()]>);
// SAFETY: written under the GIL before a handler is installed, read by the handlers.
unsafe impl Sync for Previous {}
static PREVIOUS: Previous = Previous(UnsafeCell::new([None; SIGNALS.len()]));

/// Is it one of the signals that `enable` is for?
pub fn is_fatal(signal: c_int) -> bool {
    SIGNALS.iter().any(|s| s.0 == signal)
}

/// Are the handlers installed?
pub fn is_enabled() -> bool {
    ENABLED.load(Ordering::Relaxed)
}

extern "C" fn handler(signal: c_int) {
    let errno = exc::last_errno();
    if ENABLED.load(Ordering::Relaxed) {
        let name = SIGNALS.iter().find(|s| s.0 == signal).map_or("Unknown signal", |s| s.1);
        // What goes wrong from here on must not come back here.
        restore(signal);
        let out = Out(FD.load(Ordering::Relaxed));
        out.text("Fatal Python error: ");
        out.text(name);
        out.text("\n\n");
        match dump::own_state() {
            Some(state) if !ALL_THREADS.load(Ordering::Relaxed) => dump::one_thread(out, state),
            state => dump::all_threads(out, state),
        }
        if NATIVE_STACK.load(Ordering::Relaxed) {
            out.text("\n");
            dump::native_stack(out);
        }
        dump::extension_modules(out);
    }
    // SAFETY: errno is this thread's; raising a signal is a plain call.
    unsafe {
        *libc::__errno_location() = errno;
        libc::raise(signal);
    }
}

/// Gives one signal its previous meaning back.
fn restore(signal: c_int) {
    let Some(index) = SIGNALS.iter().position(|s| s.0 == signal) else { return };
    // SAFETY: see `Previous`; a valid sigaction for this signal.
    unsafe {
        if let Some(previous) = &(*PREVIOUS.0.get())[index] {
            libc::sigaction(signal, previous, core::ptr::null_mut());
        }
    }
}

/// A stack of its own for handlers of the calling thread, which may have none left.
fn use_alternate_stack() {
    const SIZE: usize = 256 << 10;
    static DONE: AtomicBool = AtomicBool::new(false);
    if DONE.swap(true, Ordering::Relaxed) {
        return;
    }
    let memory: &'static mut [u8] = Box::leak(vec![0u8; SIZE].into_boxed_slice());
    let stack = libc::stack_t { ss_sp: memory.as_mut_ptr().cast(), ss_flags: 0, ss_size: SIZE };
    // SAFETY: memory that is never freed.
    unsafe { libc::sigaltstack(&stack, core::ptr::null_mut()) };
}

/// Installs the handlers.
///
/// # Errors
/// `RuntimeError` when the system refuses.
pub fn enable(file: Option<ObjRef>, fd: c_int, all_threads: bool, native_stack: bool) -> PyResult<()> {
    FILE.set(file);
    FD.store(fd, Ordering::Relaxed);
    ALL_THREADS.store(all_threads, Ordering::Relaxed);
    NATIVE_STACK.store(native_stack, Ordering::Relaxed);
    if ENABLED.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    use_alternate_stack();
    if native_stack {
        // The first use loads a library, which no handler should do.
        let mut one = [core::ptr::null_mut()];
        // SAFETY: an array of one.
        unsafe { libc::backtrace(one.as_mut_ptr(), 1) };
    }
    for (index, &(signal, _)) in SIGNALS.iter().enumerate() {
        // SAFETY: zeroed structs are valid; see `Previous`.
        unsafe {
            let mut action: libc::sigaction = core::mem::zeroed();
            let mut previous: libc::sigaction = core::mem::zeroed();
            action.sa_sigaction = handler as extern "C" fn(c_int) as libc::sighandler_t;
            libc::sigemptyset(&mut action.sa_mask);
            // A crash inside the handler is to be seen as well.
            action.sa_flags = libc::SA_NODEFER | libc::SA_ONSTACK;
            if libc::sigaction(signal, &action, &mut previous) < 0 {
                return Err(exc::runtime_error("unable to install the fault handler"));
            }
            (*PREVIOUS.0.get())[index] = Some(previous);
        }
    }
    Ok(())
}

/// Takes the handlers away; tells whether there were any.
pub fn disable() -> bool {
    let was = disable_handlers();
    FILE.take();
    was
}

/// As [`disable`], callable from any thread: the file stays open.
pub fn disable_handlers() -> bool {
    let was = ENABLED.swap(false, Ordering::Relaxed);
    if was {
        for (signal, _) in SIGNALS {
            restore(signal);
        }
    }
    was
}

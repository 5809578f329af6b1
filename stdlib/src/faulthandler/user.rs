//! Tracebacks on signals of the user's choice.

use core::cell::UnsafeCell;
use core::ffi::c_int;

use rpy_vm::runtime::signals::NSIG;
use rpy_vm::{ObjRef, OptRef, PyResult, exc};

use super::dump::{self, Out};

#[derive(Clone, Copy)]
struct Registered {
    fd: c_int,
    all_threads: bool,
    chain: bool,
    previous: libc::sigaction,
}

struct Table(UnsafeCell<[Option<Registered>; NSIG]>);
// SAFETY: an entry is written under the GIL while its signal has another handler, and read by its handler.
unsafe impl Sync for Table {}
static TABLE: Table = Table(UnsafeCell::new([None; NSIG]));
/// Keep the files open.
static FILES: [OptRef; NSIG] = [const { OptRef::NULL }; NSIG];

fn entry(signal: c_int) -> Option<Registered> {
    // SAFETY: see `Table`.
    unsafe { (&*TABLE.0.get()).get(usize::try_from(signal).ok()?).copied().flatten() }
}

fn install(signal: c_int, chain: bool) -> Result<libc::sigaction, ()> {
    // SAFETY: zeroed structs are valid, and live during the call.
    unsafe {
        let mut action: libc::sigaction = core::mem::zeroed();
        let mut previous: libc::sigaction = core::mem::zeroed();
        action.sa_sigaction = handler as extern "C" fn(c_int) as libc::sighandler_t;
        libc::sigemptyset(&mut action.sa_mask);
        // System calls go on, unless the previous handler is to decide that.
        action.sa_flags = libc::SA_ONSTACK | if chain { libc::SA_NODEFER } else { libc::SA_RESTART };
        if libc::sigaction(signal, &action, &mut previous) < 0 { Err(()) } else { Ok(previous) }
    }
}

extern "C" fn handler(signal: c_int) {
    let errno = exc::last_errno();
    let Some(registered) = entry(signal) else { return };
    let out = Out(registered.fd);
    match dump::own_state() {
        Some(state) if !registered.all_threads => dump::one_thread(out, state),
        state => dump::all_threads(out, state),
    }
    // SAFETY: errno is this thread's; the previous action is valid.
    unsafe {
        if registered.chain {
            libc::sigaction(signal, &registered.previous, core::ptr::null_mut());
            *libc::__errno_location() = errno;
            // The previous handler runs now.
            libc::raise(signal);
            let _ = install(signal, true);
        }
        *libc::__errno_location() = errno;
    }
}

/// Installs the handler for a signal, or changes what it does.
///
/// # Errors
/// What the system says.
pub fn register(signal: c_int, file: Option<ObjRef>, fd: c_int, all_threads: bool, chain: bool) -> PyResult<()> {
    let known = entry(signal);
    let previous = match known {
        Some(known) => known.previous,
        None => install(signal, chain).map_err(|()| exc::os_error_last(None))?,
    };
    FILES[signal as usize].set(file);
    // SAFETY: see `Table`.
    unsafe { (*TABLE.0.get())[signal as usize] = Some(Registered { fd, all_threads, chain, previous }) };
    Ok(())
}

/// Takes the handler away; tells whether there was one.
pub fn unregister(signal: c_int) -> bool {
    let Some(known) = entry(signal) else { return false };
    // SAFETY: the action that was in force before; see `Table`.
    unsafe {
        libc::sigaction(signal, &known.previous, core::ptr::null_mut());
        (*TABLE.0.get())[signal as usize] = None;
    }
    FILES[signal as usize].take();
    true
}

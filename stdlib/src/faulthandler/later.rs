//! The watchdog: a thread that writes tracebacks when the program takes too long.

use core::ffi::c_int;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rpy_vm::runtime::gil;
use rpy_vm::{ObjRef, OptRef, PyResult, exc};

use super::dump::{self, Out};

/// What the watchdog is to do.
pub struct Order {
    pub fd: c_int,
    pub timeout: Duration,
    pub repeat: bool,
    pub exit: bool,
    /// The first line.
    pub header: String,
}

#[derive(Default)]
struct Cancel {
    cancelled: Mutex<bool>,
    changed: Condvar,
}

impl Cancel {
    /// Waits for the time; true if it was cancelled.
    fn wait(&self, until: Instant) -> bool {
        let mut cancelled = self.cancelled.lock().unwrap_or_else(|e| e.into_inner());
        while !*cancelled {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            cancelled = self.changed.wait_timeout(cancelled, left).unwrap_or_else(|e| e.into_inner()).0;
        }
        true
    }
}

struct Running {
    cancel: Arc<Cancel>,
    thread: JoinHandle<()>,
    /// The process it runs in: a forked child has no such thread.
    process: u32,
}

static RUNNING: Mutex<Option<Running>> = Mutex::new(None);
/// Keeps the file open.
static FILE: OptRef = OptRef::NULL;

fn watch(order: &Order, cancel: &Cancel) {
    // Signals are for the other threads.
    // SAFETY: a full set of signals for this thread.
    unsafe {
        let mut all: libc::sigset_t = core::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, core::ptr::null_mut());
    }
    loop {
        if cancel.wait(Instant::now() + order.timeout) {
            return;
        }
        let out = Out(order.fd);
        out.text(&order.header);
        dump::all_threads(out, None);
        if order.exit {
            // SAFETY: ends the process at once, as asked for.
            unsafe { libc::_exit(1) };
        }
        if !order.repeat {
            return;
        }
    }
}

/// Starts the watchdog, in place of one that may be running.
///
/// # Errors
/// `RuntimeError` when the system has no more threads.
pub fn start(order: Order, file: Option<ObjRef>) -> PyResult<()> {
    cancel();
    FILE.set(file);
    let cancel = Arc::new(Cancel::default());
    let shared = cancel.clone();
    let thread = std::thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(move || watch(&order, &shared))
        .map_err(|_| exc::runtime_error("unable to start watchdog thread"))?;
    let running = Running { cancel, thread, process: std::process::id() };
    *RUNNING.lock().unwrap_or_else(|e| e.into_inner()) = Some(running);
    Ok(())
}

/// Stops the watchdog, if there is one.
pub fn cancel() {
    let running = RUNNING.lock().unwrap_or_else(|e| e.into_inner()).take();
    if let Some(running) = running {
        if running.process == std::process::id() {
            *running.cancel.cancelled.lock().unwrap_or_else(|e| e.into_inner()) = true;
            running.cancel.changed.notify_all();
            gil::allow_threads(|| drop(running.thread.join()));
        } else {
            // Neither the thread nor what it may have held exists here.
            core::mem::forget(running);
        }
    }
    FILE.take();
}

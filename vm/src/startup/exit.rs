//! The end of a program: what an exception means for the exit status, and the order in which things go.

use core::sync::atomic::{AtomicBool, Ordering};

use crate::err::PyErr;
use crate::exc;
use crate::object::refs::PyStruct;
use crate::protocol::{call, object as protocol};
use crate::runtime::sys_state;
use crate::sysmodule::config;
use crate::types::int::PyInt;

/// The program ended by a KeyboardInterrupt that nobody caught.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The exit status for an exception that ended the program; prints it unless it is `SystemExit`. With `-i`, `SystemExit` is
/// an exception like any other.
pub fn handle_exit(error: PyErr) -> i32 {
    if error.matches(exc::SystemExit()) && config::get().inspect.get() == 0 {
        // What has no usable `code` is shown as it is.
        let code = protocol::getattr(error.object(), crate::intern!("code")).unwrap_or_else(|_| error.value().to_obj());
        return exit_status(&code);
    }
    if error.matches(exc::KeyboardInterrupt()) {
        INTERRUPTED.store(true, Ordering::Relaxed);
    }
    crate::runtime::traceback_print::print_with_hook(error, true);
    1
}

fn exit_status(code: &crate::PyObject) -> i32 {
    if crate::is_none(code) {
        return 0;
    }
    if let Some(number) = code.downcast_ref::<PyInt>() {
        return number.as_i64().map_or(-1, |n| n as i32) & 0xff;
    }
    sys_state::flush_std_files();
    if let Ok(text) = protocol::str(code)
        && !sys_state::write_stderr_object(text.as_object())
    {
        sys_state::write_stderr(&text.to_string_lossy());
    }
    sys_state::write_stderr("\n");
    1
}

/// A REPL took over after the program: what ended that one no longer counts.
pub fn forget_interrupt() {
    INTERRUPTED.store(false, Ordering::Relaxed);
}

/// Waits for threads, runs `atexit` functions, flushes, and gives the final status.
pub fn finalize(status: i32) -> i32 {
    if let Ok(modules) = sys_state::modules()
        && let Some(threading) = modules.get_name("threading")
        && let Ok(shutdown) = protocol::getattr(&threading, crate::intern!("_shutdown"))
        && let Err(error) = call::call_noargs(&shutdown)
    {
        error.write_unraisable(Some(&threading));
    }
    crate::runtime::atexit::run();
    crate::sysmodule::functions::set_finalizing();
    crate::runtime::gil::keep_for_finalization();
    let flushed = sys_state::flush_std_files();
    crate::runtime::signals::finalize();
    crate::runtime::finalize::finalize_modules();
    let flushed_again = sys_state::flush_std_files();
    if INTERRUPTED.load(Ordering::Relaxed) {
        die_of_interrupt();
    }
    if status == 0 && !(flushed && flushed_again) { 120 } else { status }
}

/// Ends the process from wherever it is, as [`finalize`] does at the end of the program.
pub fn end(status: i32) -> ! {
    // The program's frames still hold its names: a module that lives is emptied, and files that are open in it are flushed.
    let _program = sys_state::modules().ok().and_then(|modules| modules.get_name("__main__"));
    std::process::exit(finalize(status))
}

/// Ends the process by SIGINT, so that a shell sees that the user wanted an end. Returns where the signal is blocked.
fn die_of_interrupt() {
    // SAFETY: plain system calls about the own process.
    unsafe {
        if libc::signal(libc::SIGINT, libc::SIG_DFL) != libc::SIG_ERR {
            libc::kill(libc::getpid(), libc::SIGINT);
        }
    }
}
